/**
 * Depth with proof: levels are guessed from small sizes, family by family in the order of their dependence, and then proved
 * for all sizes to satisfy the Bellman equations. What is proved goes into a certificate that
 * `certificate-checker/check.ts` can check by itself.
 */
import { Inexpressible, sameTerms, type Term } from "../../certificate-checker/bellman";
import type { Certificate } from "../../certificate-checker/check";
import {
  Claims,
  DEPTH,
  type LevelClaim,
  type LevelPiece,
  lowerPieces,
  type Obligation,
} from "../../certificate-checker/obligations";
import { factOf, type Proof, Rejected } from "../../certificate-checker/sequent";
import type { CostModel } from "../equations/cost";
import { printCondition, printSystem } from "../equations/print";
import type { Comparison, Dim, IndexExpr, Sizes, System } from "../equations/system";
import {
  atLeastForm,
  atMostForm,
  checkedAt,
  type Derivation,
  exactly,
  type Figure,
  proved,
  type Standing,
} from "../report/standing";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  monomialsOf,
  NotClosed,
  printClosedForm,
  substituteClosedForm,
} from "../symbolic/closed-form";
import { rational } from "../symbolic/rational";
import { Alike } from "./alike";
import { type BoundHints, lowerGuesses, upperGuesses } from "./bounds";
import { type FitHints, fitLevels, guessLevels } from "./fit";
import { latestOfReads } from "./from-reads";
import {
  depthSamples,
  farDepths,
  type LevelPoint,
  type LevelSamples,
  levelSamples,
  samplesNear,
} from "./level-samples";
import { evaluator, formOfPieces } from "./pieces";
import { AtomPools, atomsIn, onlyOver } from "./pools";
import { Budget, Search } from "./refute";
import { candidatesOf, proveTight, thinned } from "./tight";

export interface ProveOptions {
  /** Sizes that the system can take, apart from its own `where`: those of what it uses. Default: all. */
  readonly valid?: ((sizes: Sizes) => boolean) | undefined;
  /** Steps of the search; a few thousand an obligation is much. */
  readonly budget?: number | undefined;
  /** True when time is up. The compiler has no clock of its own. */
  readonly expired?: (() => boolean) | undefined;
}

export interface FamilyLevel {
  readonly level: Figure;
  /** The level by cases, where it is proved. */
  readonly pieces: readonly LevelPiece[];
  /** Which reads are tight, and why. */
  readonly derivation: Derivation;
}

export interface DepthProof {
  readonly depth: Figure;
  readonly families: ReadonlyMap<string, FamilyLevel>;
  /** An instance that attains the depth, where one form gives it for all sizes. */
  readonly witness?: { readonly family: string; readonly at: readonly ClosedForm[] } | undefined;
  readonly certificate?: Certificate | undefined;
  readonly derivation: Derivation;
}

/** Steps of the search for one task and model. */
const BUDGET = 24_000;
/** More for each group of families of which only a bound is sought. */
const BOUND_BUDGET = 6_000;
const GRANTS = 40;

const LONGEST_PERIOD = 8;
/** Sizes at which the whole graph must fit, or components are sampled apart. */
const FEWEST = 8;

const memo = new Map<string, DepthProof>();
const REMEMBERED = 400;

/** The same for every system with the same text; remembered. */
export function proveDepth(system: System, model: CostModel, options: ProveOptions = {}): DepthProof {
  const text = printSystem(system);
  const key = `${model}\n${text}`;
  const known = memo.get(key);
  if (known !== undefined) return known;
  const other = memo.get(`${model === "ops" ? "steps" : "ops"}\n${text}`);
  const made =
    other !== undefined && sameLevels(system)
      ? inModel(other, model)
      : new Proving(system, model, options).run();
  if (options.expired?.() !== true) {
    if (memo.size >= REMEMBERED) memo.delete(memo.keys().next().value!);
    memo.set(key, made);
  }
  return made;
}

const compared = new WeakMap<System, boolean>();
/** Whether the Bellman equations are the same in both models, as where every instance is one operation: what proves one proves the other. */
export function sameLevels(system: System): boolean {
  let same = compared.get(system);
  if (same === undefined) {
    const [steps, ops] = (["steps", "ops"] as const).map((m) => new Claims(system, m, new Map()));
    try {
      same = system.families.every(
        (f) => f.pieces.length === 0 || sameTerms(steps!.termsOf(f.name), ops!.termsOf(f.name)),
      );
    } catch (error) {
      if (!(error instanceof Inexpressible || error instanceof NotClosed || error instanceof Rejected))
        throw error;
      same = false;
    }
    compared.set(system, same);
  }
  return same;
}

const inModel = (proof: DepthProof, model: CostModel): DepthProof => ({
  ...proof,
  certificate: proof.certificate === undefined ? undefined : { ...proof.certificate, model },
});

interface Settled {
  readonly status: "exact" | "upper" | "open";
  readonly why?: string | undefined;
  readonly proofs: Proof[];
}

class Proving {
  private readonly claims: Claims;
  private readonly search: Search;
  private readonly settled = new Map<string, Settled>();
  private readonly samples: LevelSamples;
  /** Levels sampled apart, where the whole graph is too large at all but a few sizes. */
  private readonly near = new Map<string, readonly LevelPoint[]>();
  private readonly valid: (sizes: Sizes) => boolean;
  private readonly sizes: readonly string[];
  private readonly pools: AtomPools;
  private readonly alike: Alike;
  private stage = 0;
  private grants = GRANTS;

  constructor(
    private readonly system: System,
    private readonly model: CostModel,
    options: ProveOptions,
  ) {
    this.claims = new Claims(system, model, new Map());
    this.pools = new AtomPools(this.claims);
    this.search = new Search(new Budget(options.budget ?? BUDGET, options.expired));
    this.alike = new Alike(this.claims, options.expired);
    this.valid = options.valid ?? (() => true);
    this.samples = levelSamples(system, model, this.valid);
    this.sizes = system.sizes.map((s) => s.name);
  }

  run(): DepthProof {
    const defined = this.system.families.filter((f) => f.pieces.length > 0).map((f) => f.name);
    for (const group of this.groups(defined)) this.settle(group);
    const depth = this.depth();
    return this.result(defined, depth);
  }

  private terms(family: string): readonly Term[] | string {
    try {
      const terms = this.claims.termsOf(family);
      // A quotient by a size (`c div V`) is no closed form: nothing is claimed where one is read.
      const dims = family === DEPTH ? [] : this.claims.dims(family);
      for (const e of indexExpressions(dims, terms)) fromIndexExpr(e);
      return terms;
    } catch (error) {
      if (error instanceof Inexpressible || error instanceof NotClosed || error instanceof Rejected)
        return error.message;
      throw error;
    }
  }

  /** Strongly connected components of families, sources first (Tarjan 1972). */
  private groups(names: readonly string[]): string[][] {
    return components(names, (n) => {
      const terms = this.terms(n);
      if (typeof terms === "string") {
        // What its equations read by name is enough for the order.
        return [];
      }
      return terms.flatMap((t) => (t.source === undefined ? [] : [t.source.family]));
    });
  }

  private settle(group: readonly string[]): void {
    const open = (why: string): void => {
      for (const f of group) {
        this.claims.levels.delete(f);
        this.settled.set(f, { status: "open", why, proofs: [] });
      }
    };
    let exact = true;
    for (const f of group) {
      const terms = this.terms(f);
      if (typeof terms === "string")
        return open(`the equations of \`${f}\` have ${terms}, which no level is derived for`);
      for (const t of terms) {
        const source = t.source?.family;
        if (source === undefined || group.includes(source)) continue;
        const status = this.settled.get(source)?.status ?? "open";
        if (status === "open") return open(`\`${f}\` reads \`${source}\`, whose level is not known`);
        if (status === "upper") exact = false;
      }
    }
    this.stage += 1000;
    const base = this.stage;
    const stages = this.stages(group, base);
    if (exact && this.replayed(group, stages)) return;
    this.sampleNear(group);
    for (let round = 0; round < Math.max(3, Math.min(group.length, 6)); round++)
      for (const f of group) this.pools.update(f, group);
    if (!exact)
      return this.bound(group, stages, `\`${group[0]}\` reads a level of which only a bound is known`);
    const guesses = group.map((f) => new Guesses(guessLevels(this.sampled(f).points, this.hints(f))));
    // What no list of functions gives may still be the latest of what is read.
    for (let again = true; again; ) {
      again = false;
      group.forEach((f, g) => {
        if (guesses[g]!.at(0) !== undefined) return;
        const form = latestOfReads(
          this.claims,
          f,
          (source) => {
            const place = group.indexOf(source);
            return place < 0 ? this.claims.levels.get(source)?.pieces : guesses[place]!.at(0);
          },
          this.sampled(f).points,
        );
        if (form === undefined) return;
        guesses[g] = new Guesses([[{ guard: [], form }]].values());
        again = true;
      });
    }
    const missing = guesses.findIndex((g) => g.at(0) === undefined);
    if (missing >= 0)
      return this.bound(
        group,
        stages,
        `no closed form gives the levels of \`${group[missing]}\` at the sizes tried`,
      );
    // First guesses together, then one family's next guess at a time.
    const tries: number[][] = [
      group.map(() => 0),
      ...[1, 2].flatMap((k) => [
        group.map(() => k),
        ...(group.length > 1 ? group.map((_, f) => group.map((_, g) => (f === g ? k : 0))) : []),
      ]),
    ];
    let failure = "";
    for (const choice of tries.slice(0, 8)) {
      if (!choice.every((k, f) => k === 0 || guesses[f]!.at(k) !== undefined)) continue;
      group.forEach((f, g) => {
        const pieces = guesses[g]!.at(choice[g]!)!;
        this.claims.levels.set(f, { pieces, exact: true, stage: stages.get(f)!, rank: closed.constant(0) });
      });
      const why = this.attempt(group);
      if (why === undefined) return this.alike.remember(group, (f) => this.settled.get(f)!.proofs);
      if (failure === "") failure = why;
    }
    this.bound(group, stages, failure);
  }

  /** Few sizes tell little: then a component is sampled with what it reads, and the depth by the levels of outputs. */
  private sampleNear(group: readonly string[]): void {
    if (this.sizes.length === 0 || this.samples.unrolled.length >= FEWEST) return;
    const read = (f: string): string[] => {
      const terms = this.terms(f);
      return typeof terms === "string" ? [] : terms.flatMap((t) => (t.source ? [t.source.family] : []));
    };
    const found = samplesNear(this.system, this.model, this.valid, group, read);
    for (const f of group) {
      const points = found?.families.get(f);
      if (points !== undefined) this.near.set(f, points);
    }
  }

  /** Bounds are sought also when the budget is used up, of so many components and no more. */
  private grant(): void {
    const { budget } = this.search;
    if (this.grants-- > 0) budget.units = Math.max(budget.units, 0) + BOUND_BUDGET;
  }

  private depthByLevels(): void {
    const delivered = this.claims.termsOf(DEPTH).map((t) => {
      const family = this.system.families.find((f) => f.name === t.source!.family)!;
      return { family, level: evaluator(this.claims.levels.get(family.name)!.pieces) };
    });
    this.near.set(DEPTH, depthSamples(this.system, this.valid, delivered));
  }

  /** A component that is like one proved before is not searched again. */
  private replayed(group: readonly string[], stages: ReadonlyMap<string, number>): boolean {
    const proofs = this.alike.replay(group, stages);
    if (proofs === undefined) return false;
    for (const [f, own] of proofs) this.settled.set(f, { status: "exact", proofs: [...own] });
    return true;
  }

  /** Proves all that is claimed of a group; the reason where something resists. */
  private attempt(group: readonly string[]): string | undefined {
    const proofs = new Map<string, Proof[]>();
    try {
      for (const f of group) {
        const upper = this.shown(this.claims.upper(f));
        if (typeof upper === "string") return upper;
        proofs.set(f, upper);
      }
      for (const f of group) {
        const tight = this.attained(f);
        if (typeof tight === "string") return tight;
        proofs.get(f)!.push(...tight);
      }
      const order = this.ordered(group);
      if (typeof order === "string") return order;
      for (const f of group)
        this.settled.set(f, {
          status: this.claims.levels.get(f)!.exact ? "exact" : "upper",
          proofs: [...proofs.get(f)!, ...order.get(f)!],
        });
      return undefined;
    } catch (error) {
      if (error instanceof Rejected || error instanceof Inexpressible || error instanceof NotClosed)
        return error.message;
      throw error;
    }
  }

  /** Proofs that levels, or lower bounds, are attained by reads. */
  private attained(family: string): Proof[] | string {
    const claim = this.claims.levels.get(family)!;
    const pieces = lowerPieces(claim);
    if (pieces === undefined) return [];
    let points = this.sampled(family).points;
    if (!claim.exact) {
      // What is to be attained is the bound.
      const value = evaluator(pieces);
      points = points.flatMap(({ env }) => (value(env) > 0 ? [{ env, level: value(env) }] : []));
    }
    const thin = thinned(points, family === DEPTH ? 60 : 90);
    const candidates = candidatesOf(this.claims, family, thin, this.sizes);
    const predicates = this.predicates(family);
    const proofs: Proof[] = [];
    for (const o of this.claims.tight(family)) {
      const p =
        this.search.quick(o.facts) ?? proveTight(this.claims, o, candidates, points, predicates, this.search);
      if (p === undefined) return this.resisting(o);
      proofs.push(p);
    }
    return proofs;
  }

  /** Ranks that fall along reads that cost nothing, with the proofs. */
  private ordered(group: readonly string[]): Map<string, Proof[]> | string {
    const most = Math.max(0, ...group.map((f) => this.claims.dims(f).length));
    const ranks: ((f: string) => ClosedForm)[] = [() => closed.constant(0)];
    for (let d = 0; d < most; d++)
      for (const sign of [1, -1])
        ranks.push((f) => {
          const dim = this.claims.dims(f)[d];
          return dim === undefined
            ? closed.constant(0)
            : closed.scale(closed.index(dim.index), rational(sign));
        });
    next: for (const rank of ranks) {
      for (const f of group) this.claims.levels.set(f, { ...this.claims.levels.get(f)!, rank: rank(f) });
      const proofs = new Map<string, Proof[]>(group.map((f) => [f, []]));
      for (const f of group)
        for (const o of this.claims.order(f)) {
          const p = this.search.refute(o.facts, 3);
          if (p === undefined) continue next;
          proofs.get(f)!.push(p);
        }
      return proofs;
    }
    return `no order shows that copies of \`${group[0]}\` do not read one another in a circle`;
  }

  /** Families within a group by what they read at no cost: earlier stages first. */
  private stages(group: readonly string[], base: number): Map<string, number> {
    const free = (f: string): string[] =>
      this.claims
        .termsOf(f)
        .flatMap((t) =>
          t.source !== undefined &&
          group.includes(t.source.family) &&
          !(t.delay.kind === "constant" && t.delay.value.numerator > 0n)
            ? [t.source.family]
            : [],
        );
    const stages = new Map<string, number>();
    components(group, free).forEach((part, k) => {
      for (const f of part) stages.set(f, base + k);
    });
    return stages;
  }

  /** Only bounds: one from above, and where there is one, one from below. */
  private bound(group: readonly string[], stages: ReadonlyMap<string, number>, why: string): void {
    // What was spent on exact forms is no reason to give up on a bound.
    this.grant();
    for (const f of group) this.claims.levels.delete(f);
    for (const forms of upperGuesses(this.claims, group, (f) => this.sampled(f))) {
      for (const f of group)
        this.claims.levels.set(f, {
          pieces: [{ guard: [], form: forms.get(f)! }],
          exact: false,
          stage: stages.get(f)!,
          rank: closed.constant(0),
        });
      if (this.attempt(group) !== undefined) continue;
      this.boundBelow(group);
      for (const f of group) this.settled.set(f, { ...this.settled.get(f)!, why });
      return;
    }
    for (const f of group) {
      this.claims.levels.delete(f);
      this.settled.set(f, { status: "open", why, proofs: [] });
    }
  }

  /** Adds lower bounds to claims that hold from above. */
  private boundBelow(group: readonly string[]): void {
    const above = new Map(group.map((f) => [f, this.claims.levels.get(f)!]));
    for (const forms of lowerGuesses(this.claims, group, (f) => this.sampled(f))) {
      for (const f of group)
        this.claims.levels.set(f, { ...above.get(f)!, below: [{ guard: [], form: forms.get(f)! }] });
      if (this.attempt(group) !== undefined) continue;
      // Where both bounds agree the level is known; the proofs are the same.
      if (group.every((f) => closedFormKey(forms.get(f)!) === closedFormKey(above.get(f)!.pieces[0]!.form)))
        for (const f of group) {
          this.claims.levels.set(f, { ...above.get(f)!, exact: true });
          this.settled.set(f, { ...this.settled.get(f)!, status: "exact" });
        }
      return;
    }
    for (const f of group) this.claims.levels.set(f, above.get(f)!);
    this.attempt(group);
  }

  private sampled(family: string): { readonly points: readonly LevelPoint[]; readonly hints: BoundHints } {
    const whole = family === DEPTH ? this.samples.depth : (this.samples.families.get(family) ?? []);
    const points = this.near.get(family) ?? whole;
    return { points, hints: this.boundHints(family) };
  }

  private boundHints(family: string): BoundHints {
    const indices = family === DEPTH ? [] : this.claims.dims(family).map((d) => d.index);
    return { sizes: this.sizes, indices, atoms: this.pools.of(family) };
  }

  private hints(family: string): FitHints {
    const indices = family === DEPTH ? [] : this.claims.dims(family).map((d) => d.index);
    const inside = new Set(indices);
    const comparisons: Comparison[] = [];
    const seen = new Set<string>();
    const keep = (c: Comparison): void => {
      const key = printCondition([[c]]);
      if (seen.has(key) || ![c.left, c.right].every((e) => onlyOver(fromIndexExpr(e), inside))) return;
      seen.add(key);
      comparisons.push(c);
    };
    for (const t of this.claims.termsOf(family)) {
      t.conditions.forEach(keep);
      for (const p of (t.source === undefined ? undefined : this.claims.levels.get(t.source.family))
        ?.pieces ?? [])
        p.guard.forEach(keep);
    }
    const used = new Set(this.sizes);
    return {
      sizes: [...used],
      indices,
      atoms: this.pools.of(family),
      comparisons: comparisons.slice(0, 16),
      periods: this.periods(family),
    };
  }

  /** Strides and moduli from 5 to 8 in the reads of a family, and of what the family reads. */
  private periods(family: string, seen = new Set<string>()): number[] {
    if (seen.has(family) || seen.size > 8) return [];
    seen.add(family);
    const found = new Set<number>();
    const keep = (n: bigint): void => {
      const period = Number(n < 0n ? -n : n);
      if (period > 4 && period <= LONGEST_PERIOD) found.add(period);
    };
    const terms = this.terms(family);
    if (typeof terms === "string") return [];
    for (const t of terms) {
      if (t.source === undefined) continue;
      for (const e of [...t.source.at, ...t.conditions.flatMap((c) => [c.left, c.right])]) {
        const form = fromIndexExpr(e);
        const [last] = monomialsOf(form).filter((m) => m.factors.length === 0);
        if (last !== undefined) keep(last.coefficient.numerator);
        for (const a of atomsIn(form)) {
          if (a.kind === "mod" && a.by.kind === "constant") keep(a.by.value.numerator);
          if (a.kind === "floor") for (const m of monomialsOf(a.of)) keep(m.coefficient.denominator);
        }
      }
      for (const p of this.periods(t.source.family, seen)) found.add(p);
    }
    return [...found].slice(0, 2);
  }

  /** Forms whose sign may tell which read is tight. */
  private predicates(family: string): ClosedForm[] {
    const { comparisons, sizes, indices } = this.hints(family);
    const found = new Map<string, ClosedForm>();
    const add = (f: ClosedForm) => found.set(closedFormKey(f), f);
    for (const c of comparisons) if (c.op !== "!=") add(factOf(c).form);
    for (const s of sizes) for (const k of [1, 2, 3]) add(closed.sub(closed.size(s), closed.constant(k)));
    const all = [indices.map(closed.index), sizes.map(closed.size)];
    for (const list of all) for (const a of list) for (const b of list) if (a !== b) add(closed.sub(a, b));
    for (const p of this.claims.levels.get(family)?.pieces ?? [])
      for (const a of atomsIn(p.form))
        if (a.kind === "min" || a.kind === "max")
          for (const x of a.of) for (const y of a.of) if (x !== y) add(closed.sub(x, y));
    return [...found.values()].slice(0, 24);
  }

  private depth(): Settled & { readonly pieces: readonly LevelPiece[] } {
    const none = (why: string) => ({ status: "open" as const, why, proofs: [], pieces: [] });
    const terms = this.claims.termsOf(DEPTH);
    let exact = true;
    for (const t of terms) {
      const settled = this.settled.get(t.source!.family)!;
      if (settled.status === "open") return none(settled.why ?? "a level is not known");
      if (settled.status === "upper") exact = false;
    }
    const stage = this.stage + 1_000_000;
    this.pools.update(DEPTH, [DEPTH]);
    const rank = closed.constant(0);
    let why = terms.map((t) => this.settled.get(t.source!.family)!).find((s) => s.status === "upper")?.why;
    const attempt = (claim: Pick<LevelClaim, "pieces" | "exact" | "below">): Proof[] | string => {
      this.claims.levels.set(DEPTH, { ...claim, stage, rank });
      const upper = this.shown(this.claims.upper(DEPTH));
      if (typeof upper === "string") return upper;
      const tight = this.attained(DEPTH);
      return typeof tight === "string" ? tight : [...upper, ...tight];
    };
    if (exact) {
      why = undefined;
      if (this.sizes.length > 0 && this.samples.unrolled.length < FEWEST) this.depthByLevels();
      for (const pieces of guessLevels(this.sampled(DEPTH).points, this.hints(DEPTH))) {
        const proofs = attempt({ pieces, exact: true });
        if (typeof proofs !== "string") return { status: "exact", proofs, pieces };
        why ??= proofs;
      }
      why ??= "no closed form gives the depth at the sizes tried";
    }
    this.grant();
    const whole = (forms: ReadonlyMap<string, ClosedForm>) => [{ guard: [], form: forms.get(DEPTH)! }];
    for (const upper of upperGuesses(this.claims, [DEPTH], (f) => this.sampled(f))) {
      const pieces = whole(upper);
      const proofs = attempt({ pieces, exact: false });
      if (typeof proofs === "string") continue;
      for (const lower of lowerGuesses(this.claims, [DEPTH], (f) => this.sampled(f))) {
        const below = whole(lower);
        const exact = closedFormKey(below[0]!.form) === closedFormKey(pieces[0]!.form);
        const both = attempt(exact ? { pieces, exact } : { pieces, exact, below });
        if (typeof both !== "string") return { status: exact ? "exact" : "upper", why, proofs: both, pieces };
      }
      this.claims.levels.set(DEPTH, { pieces, exact: false, stage, rank });
      return { status: "upper", why, proofs, pieces };
    }
    this.claims.levels.delete(DEPTH);
    return none(why ?? "the greatest level is not found");
  }

  /** Proofs by contradiction alone; what resists where one does. */
  private shown(obligations: Iterable<Obligation>, cases = 5): Proof[] | string {
    const proofs: Proof[] = [];
    for (const o of obligations) {
      const p = this.search.refute(o.facts, cases);
      if (p === undefined) return this.resisting(o);
      proofs.push(p);
    }
    return proofs;
  }

  /** In words: what could not be shown. */
  private resisting(o: Obligation): string {
    if (this.search.budget.over) return "the budget of the search is used up";
    const piece = this.claims.levels.get(o.family)?.pieces[o.piece];
    const where =
      piece === undefined || piece.guard.length === 0 ? "" : ` where ${printCondition([piece.guard])}`;
    const form = piece === undefined ? "" : ` ${printClosedForm(piece.form)}`;
    const name = o.family === DEPTH ? "the depth" : `family \`${o.family}\``;
    if (o.kind === "tight")
      return `no read of ${name} could be shown to be as late as its level${form}${where}`;
    const source = o.term?.source;
    const read = source === undefined ? "its own operations" : `its read of \`${source.family}\``;
    const under =
      o.term === undefined || o.term.conditions.length === 0
        ? ""
        : ` under ${printCondition([o.term.conditions])}`;
    return `${read}${under} could not be shown to be in time for the level${form} of ${name}${where}`;
  }

  private result(
    defined: readonly string[],
    depth: Settled & { readonly pieces: readonly LevelPiece[] },
  ): DepthProof {
    // Sources come first in the order of components; within one all depend on each other.
    const worst = new Set<string>();
    for (const group of [...this.groups(defined), [DEPTH]]) {
      const dynamic = group.some((f) => {
        const terms = this.terms(f);
        if (typeof terms === "string") return true;
        return terms.some(
          (t) => (f !== DEPTH && t.dynamic) || (t.source !== undefined && worst.has(t.source.family)),
        );
      });
      if (dynamic) for (const f of group) worst.add(f);
    }
    const by = "levels satisfy the Bellman equations for all sizes";
    const figure = (
      f: string,
      s: Settled,
      pieces: readonly LevelPiece[],
      points: readonly LevelPoint[],
    ): Figure => {
      if (s.status === "open") return { why: s.why };
      const form = formOfPieces(pieces);
      const below = this.claims.levels.get(f)?.below;
      // A proof that samples contradict is a fault of this program: it is never reported as proved.
      const [most, least] = [evaluator(pieces), evaluator(below ?? pieces)];
      const broken = points.find(
        (p) =>
          most(p.env) < p.level - 1e-6 ||
          ((s.status === "exact" || below !== undefined) && least(p.env) > p.level + 1e-6),
      );
      if (broken !== undefined)
        return {
          why: `internal error: ${printClosedForm(form)} was proved for ${f}, but the level is ${broken.level} at ${JSON.stringify(broken.env)}`,
        };
      if (s.status === "upper") {
        // Levels are whole.
        const upper = atMostForm(closed.floor(form), proved(by));
        const least = below === undefined ? undefined : closed.ceiling(formOfPieces(below));
        const lower = least === undefined || isNothing(least) ? undefined : atLeastForm(least, proved(by));
        return { upper, lower, why: s.why };
      }
      return { exact: exactly(form, proved(by), worst.has(f)) };
    };
    const families = new Map<string, FamilyLevel>();
    for (const f of defined) {
      const settled = this.settled.get(f)!;
      const pieces = this.claims.levels.get(f)?.pieces ?? [];
      const level = figure(f, settled, pieces, this.sampled(f).points);
      families.set(f, { level, pieces, derivation: this.levelDerivation(f, level) });
    }
    let whole = figure(DEPTH, depth, depth.pieces, this.samples.depth);
    if (whole.exact === undefined) whole = this.withChecked(whole);
    const certificate = depth.status === "open" ? undefined : this.certificate(depth);
    const witness = depth.status === "exact" ? this.witness(depth.proofs) : undefined;
    return { depth: whole, families, witness, certificate, derivation: this.derivation(whole, families) };
  }

  /** What the samples suggest, where nothing exact is proved. */
  private withChecked(figure: Figure): Figure {
    const near = this.samples.depth;
    if (near.length < 4) return figure;
    const points = [...near, ...farDepths(this.system, this.model, this.valid)];
    const pieces = fitLevels(points, { sizes: this.sizes, indices: [], atoms: [], comparisons: [] });
    if (pieces === undefined) return figure;
    const range = this.sizes
      .map((s) => {
        const values = points.map((p) => p.env[s]!);
        return `${s} = ${Math.min(...values)}..${Math.max(...values)}`;
      })
      .join(", ");
    return { ...figure, exact: exactly(formOfPieces(pieces), checkedAt(range, points.length)) };
  }

  private witness(proofs: readonly Proof[]): DepthProof["witness"] {
    const [first] = instancesIn(proofs);
    if (first === undefined) return undefined;
    return { family: this.claims.termsOf(DEPTH)[first.term]!.source!.family, at: first.at };
  }

  private certificate(depth: Settled): Certificate {
    const needed = new Set([DEPTH]);
    // A set that grows is walked to its end.
    for (const f of needed)
      for (const t of this.claims.termsOf(f)) if (t.source !== undefined) needed.add(t.source.family);
    return {
      format: "fathom depth certificate 1",
      task: this.system.name,
      model: this.model,
      system: printSystem(this.system),
      levels: [...needed].sort().map((family) => ({
        family,
        claim: this.claims.levels.get(family)!,
        proofs: family === DEPTH ? depth.proofs : this.settled.get(family)!.proofs,
      })),
    };
  }

  /** What a family's equations read: first the reads that are as late as its level somewhere, with when they arrive. */
  private readsOf(name: string, terms: readonly Term[], standing: Standing): Derivation[] {
    const exact = this.settled.get(name)?.status === "exact";
    const tight = exact ? tightIn(this.settled.get(name)!.proofs) : new Set<number>();
    const reads = terms.flatMap((t, k) => (t.source === undefined ? [] : [{ t, isTight: tight.has(k) }]));
    const shown = [...reads.filter((r) => r.isTight), ...reads.filter((r) => !r.isTight)].slice(0, 12);
    return shown.map(({ t, isTight }): Derivation => {
      const { family, at } = t.source!;
      const under = t.conditions.length === 0 ? "" : ` where ${printCondition([t.conditions])}`;
      const place = at.map((e) => printClosedForm(fromIndexExpr(e))).join(", ");
      const source = `${family}${place === "" ? "" : `[${place}]`}`;
      const delay = printClosedForm(t.delay);
      return {
        rule: isTight ? "tight read" : "read",
        claim: `reads ${source}${under}, ${delay} before its value`,
        standing,
        detail: isTight ? this.arrival(name, t, source) : undefined,
        origin: t.origin,
        premises: [],
      };
    });
  }

  /** When a tight read arrives: the level of its source, and what comes after; where there are cases, only that. */
  private arrival(name: string, t: Term, source: string): string {
    const only = (f: string): ClosedForm | undefined => {
      const pieces = this.claims.levels.get(f)?.pieces ?? [];
      return pieces.length === 1 ? pieces[0]!.form : undefined;
    };
    const [own, there] = [only(name), only(t.source!.family)];
    const by = new Map(
      this.claims.dims(t.source!.family).map((d, k) => [d.index, fromIndexExpr(t.source!.at[k]!)]),
    );
    const level = there === undefined ? undefined : substituteClosedForm(there, by);
    const value = level === undefined ? undefined : closed.add(level, t.delay);
    if (own === undefined || value === undefined || closedFormKey(value) !== closedFormKey(own))
      return "in the proof one of the latest reads: of some instances, not of all";
    return `as late as the level: ${source} is there at ${printClosedForm(level!)}, the value at ${printClosedForm(value)}`;
  }

  /** Which equations, which reads are tight, why. */
  private derivation(depth: Figure, families: ReadonlyMap<string, FamilyLevel>): Derivation {
    return {
      rule: "depth",
      claim: claimOf("depth", depth),
      standing: this.standingOf(depth),
      detail: depth.why,
      premises: [...families.values()].map((f) => f.derivation),
    };
  }

  private levelDerivation(name: string, level: Figure): Derivation {
    const family = this.system.families.find((f) => f.name === name)!;
    const dims = family.dims.length === 0 ? "" : `[${family.dims.map((d) => d.index).join(", ")}]`;
    const terms = this.terms(name);
    const standing = this.standingOf(level);
    return {
      rule: "level",
      claim: claimOf(`level of ${name}${dims}`, level),
      standing,
      detail: level.why,
      origin: family.origin,
      premises: this.readsOf(name, typeof terms === "string" ? [] : terms, standing),
    };
  }

  private standingOf({ exact, upper }: Figure): Standing {
    return (
      exact?.standing ??
      upper?.standing ?? { kind: "checked", range: "", samples: this.samples.unrolled.length }
    );
  }
}

function claimOf(name: string, { exact, upper }: Figure): string {
  if (exact !== undefined) return `${name} = ${printClosedForm(exact.form)}`;
  return upper !== undefined ? `${name} ≤ ${printClosedForm(upper.form)}` : `${name} is not known`;
}

/** The terms whose reads a proof shows to be tight. */
const tightIn = (proofs: readonly Proof[]): Set<number> => new Set(instancesIn(proofs).map((p) => p.term));

/** The steps of proofs that name an instance, in their order. */
function instancesIn(proofs: readonly Proof[]): Extract<Proof, { rule: "instance" }>[] {
  const found: Extract<Proof, { rule: "instance" }>[] = [];
  const visit = (p: Proof): void => {
    switch (p.rule) {
      case "instance":
        found.push(p);
        return visit(p.then);
      case "split":
        visit(p.holds);
        return visit(p.fails);
      case "residue":
        return p.cases.forEach(visit);
      case "substitute":
      case "axiom":
        return visit(p.then);
      case "sum":
      case "clash":
    }
  };
  proofs.forEach(visit);
  return found;
}

/** Guesses made as they are asked for. */
class Guesses {
  private readonly made: LevelPiece[][] = [];
  constructor(private readonly source: Iterator<LevelPiece[]>) {}
  at(k: number): LevelPiece[] | undefined {
    while (this.made.length <= k) {
      const next = this.source.next();
      if (next.done === true) return undefined;
      this.made.push(next.value);
    }
    return this.made[k];
  }
}

const isNothing = (f: ClosedForm): boolean => f.kind === "constant" && f.value.numerator <= 0n;

/** Strongly connected components, what is read first. */
function components(names: readonly string[], reads: (name: string) => readonly string[]): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const on = new Set<string>();
  const found: string[][] = [];
  const known = new Set(names);
  const open: { readonly name: string; readonly rest: Iterator<string> }[] = [];
  const enter = (name: string): void => {
    index.set(name, index.size);
    low.set(name, index.get(name)!);
    stack.push(name);
    on.add(name);
    open.push({ name, rest: new Set(reads(name)).values() });
  };
  const least = (n: string, other: number): void => {
    low.set(n, Math.min(low.get(n)!, other));
  };
  // Chains of thousands of families would be too deep for recursion.
  const visit = (first: string): void => {
    enter(first);
    while (open.length > 0) {
      const { name, rest } = open[open.length - 1]!;
      const next = rest.next();
      if (next.done !== true) {
        if (!known.has(next.value)) continue;
        if (!index.has(next.value)) enter(next.value);
        else if (on.has(next.value)) least(name, index.get(next.value)!);
        continue;
      }
      open.pop();
      const reader = open[open.length - 1]?.name;
      if (reader !== undefined) least(reader, low.get(name)!);
      if (low.get(name) !== index.get(name)) continue;
      const part: string[] = [];
      for (let m = stack.pop()!; ; m = stack.pop()!) {
        on.delete(m);
        part.push(m);
        if (m === name) break;
      }
      found.push(part);
    }
  };
  for (const n of names) if (!index.has(n)) visit(n);
  return found;
}

/** Everything static that the levels of a family may be made of. */
const indexExpressions = (dims: readonly Dim[], terms: readonly Term[]): IndexExpr[] => [
  ...dims.flatMap((d) => [d.lo, d.hi]),
  ...terms.flatMap((t) => [
    ...(t.source?.at ?? []),
    ...t.inner.flatMap((d) => [d.lo, d.hi]),
    ...t.conditions.flatMap((c) => [c.left, c.right]),
  ]),
];
