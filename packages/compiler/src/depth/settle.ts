/**
 * Finds and proves levels, family by family in the order of their dependence: guessed from samples, shown to satisfy the Bellman
 * equations for all sizes; where no guess can be shown, bounds.
 */
import { Inexpressible, type Term } from "../../certificate-checker/bellman";
import type { Level } from "../../certificate-checker/check";
import {
  Claims,
  DEPTH,
  type LevelClaim,
  type LevelPiece,
  lowerPieces,
  type Obligation,
} from "../../certificate-checker/obligations";
import { type Proof, Rejected } from "../../certificate-checker/sequent";
import type { CostModel } from "../equations/cost";
import { printCondition } from "../equations/print";
import type { Comparison, Dim, IndexExpr, Sizes, System } from "../equations/system";
import { checkSizes } from "../equations/values";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  NotClosed,
  printClosedForm,
  substituteClosedForm,
} from "../symbolic/closed-form";
import { rational } from "../symbolic/rational";
import { Alike } from "./alike";
import { type BoundHints, lowerGuesses, upperGuesses } from "./bounds";
import { components } from "./components";
import { criticalPath, levelOnPath, type Path } from "./critical-path";
import { fitLevels, guessLevels } from "./fit";
import { latestOfReads, levelOfCopy } from "./from-reads";
import { Hints } from "./hints";
import { depthSamples, type LevelPoint, type LevelSamples, levelSamples, samplesNear } from "./level-samples";
import { evaluator, formOfPieces, holdsAt } from "./pieces";
import { AtomPools, onlyOver } from "./pools";
import { Budget, Search } from "./refute";
import type { Failure } from "./size-cases";
import { candidatesOf, proveTight, thinned } from "./tight";

export interface ProveOptions {
  /** Sizes that the system can take, apart from its own `where`: those of what it uses. Default: all. */
  readonly valid?: ((sizes: Sizes) => boolean) | undefined;
  /** Steps of the search; a few thousand an obligation is much. */
  readonly budget?: number | undefined;
  /** True: no bounds are sought where a level is not known exactly. */
  readonly onlyExact?: boolean | undefined;
}

/** Steps of the search for one task and model. */
const BUDGET = 24_000;
/** More for each group of families of which only a bound is sought. */
const BOUND_BUDGET = 6_000;
const GRANTS = 40;

/** Points by which a comparison of sizes is judged. */
const PROMISE = 240;
/** Sizes at which the whole graph must fit, or components are sampled apart. */
const FEWEST = 8;

/** What became of the search for one level. */
export interface Settled {
  readonly status: "exact" | "upper" | "open";
  readonly why?: string | undefined;
  readonly proofs: Proof[];
}

/** The levels of a system, family by family in the order of their dependence, and its depth. */
export class Settling {
  readonly claims: Claims;
  private readonly search: Search;
  readonly settled = new Map<string, Settled>();
  readonly samples: LevelSamples;
  /** Levels sampled apart, where the whole graph is too large at all but a few sizes. */
  private readonly near = new Map<string, readonly LevelPoint[]>();
  private readonly valid: (sizes: Sizes) => boolean;
  readonly sizes: readonly string[];
  private readonly pools: AtomPools;
  private readonly hints: Hints;
  private readonly alike: Alike;
  /** Where the first proof failed. */
  failure: Failure | undefined;
  private stage = 0;
  private grants = GRANTS;
  private readonly onlyExact: boolean;
  private granted: number;

  constructor(
    private readonly system: System,
    private readonly model: CostModel,
    options: ProveOptions,
  ) {
    this.claims = new Claims(system, model, new Map());
    this.pools = new AtomPools(this.claims);
    this.hints = new Hints(this.claims, this.pools);
    this.onlyExact = options.onlyExact === true;
    this.granted = options.budget ?? BUDGET;
    this.search = new Search(new Budget(this.granted));
    this.alike = new Alike(this.claims);
    const { valid } = options;
    this.valid = (sizes) => checkSizes(system, sizes).length === 0 && valid?.(sizes) !== false;
    this.samples = levelSamples(system, model, this.valid);
    this.sizes = system.sizes.map((s) => s.name);
  }

  run(): Outcome {
    const defined = this.system.families.filter((f) => f.pieces.length > 0).map((f) => f.name);
    const groups = this.groups(defined);
    for (const group of groups) this.settle(group);
    const depth = this.depth();
    this.settled.set(DEPTH, depth);
    return { groups, depth };
  }

  /** The terms of a family's equations, or why they cannot be put into words. */
  readonly terms = (family: string): readonly Term[] | string => {
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
  };

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
    const guesses = group.map((f) => {
      const copy = group.length > 1 ? undefined : levelOfCopy(this.claims, f, this.sampled(f).points);
      if (copy !== undefined && copy.length > 1) return new Guesses([copy].values());
      return new Guesses(guessLevels(this.sampled(f).points, this.hints.levels(f)));
    });
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
    if (missing >= 0) this.failure ??= { family: group[missing]! };
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
    if (this.grants-- <= 0) return;
    const before = budget.units;
    budget.units = Math.max(budget.units, 0) + BOUND_BUDGET;
    this.granted += budget.units - before;
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
    const candidates = candidatesOf(this.claims, family, thin, this.sizes, this.hints.periods(family));
    const predicates = this.hints.predicates(family);
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
    const ranks: ((f: string) => ClosedForm)[] = [() => closed.constant(0)];
    const along = (axis: (f: string) => Dim | undefined): void => {
      const position = this.positions(group, axis);
      const steps = this.freeSteps(group, axis, position);
      for (const sign of [1, -1])
        for (const place of [() => 0, ...steps])
          ranks.push((f) => {
            const by = sign * (place === steps[0] ? group.length : 1);
            const far = closed.scale(position(f), rational(by));
            return closed.add(far, closed.constant(place(f)));
          });
    };
    const dims = group.map((f) => this.claims.dims(f));
    const most = Math.max(0, ...dims.map((d) => d.length));
    for (let d = 0; d < most; d++) along((f) => this.claims.dims(f)[d]);
    // One index by name, where families have it in different places.
    const names = new Set(dims.flat().map((d) => d.index));
    for (const name of names)
      if (new Set(dims.map((all) => all.findIndex((d) => d.index === name))).size > 1)
        along((f) => this.claims.dims(f).find((d) => d.index === name));
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

  /** Places of families in an order of the reads that cost nothing and stay where they are along an axis; none where there is no such order. */
  private freeSteps(
    group: readonly string[],
    axis: (f: string) => Dim | undefined,
    position: (f: string) => ClosedForm,
  ): ((f: string) => number)[] {
    const stays = (f: string): string[] =>
      this.freeReads(group, f)
        .filter((g) => {
          const moved = g.along(axis);
          return (
            moved !== undefined && closedFormKey(moved(position(g.family))) === closedFormKey(position(f))
          );
        })
        .map((g) => g.family);
    const parts = components(group, stays);
    if (group.length < 2 || parts.some((p) => p.length > 1)) return [];
    const place = new Map(parts.map(([f], k) => [f!, k]));
    return [(f) => place.get(f)!];
  }

  /** Reads within a group that cost nothing, and where they go along an axis. */
  private freeReads(group: readonly string[], f: string) {
    return this.claims.termsOf(f).flatMap(({ source, delay }) => {
      const costs = delay.kind === "constant" && delay.value.numerator > 0n;
      if (source === undefined || costs || !group.includes(source.family)) return [];
      const { family, at } = source;
      const along = (axis: (f: string) => Dim | undefined) => {
        const there = axis(family);
        if (there === undefined) return undefined;
        const place = this.claims.dims(family).indexOf(there);
        const by = new Map([[there.index, fromIndexExpr(at[place]!)]]);
        return (form: ClosedForm) => substituteClosedForm(form, by);
      };
      return [{ family, along }];
    });
  }

  /** Places along an axis, counted so that reads that cost nothing stay where they are if they can: `k - n` where `z[k]` is `y[k - n]`. */
  private positions(
    group: readonly string[],
    axis: (f: string) => Dim | undefined,
  ): (f: string) => ClosedForm {
    const zero = closed.constant(0);
    const here = (f: string): ClosedForm => {
      const dim = axis(f);
      return dim === undefined ? zero : closed.index(dim.index);
    };
    const offsets = new Map<string, ClosedForm>();
    for (const f of group)
      for (const g of this.freeReads(group, f)) {
        const moved = g.along(axis);
        if (moved === undefined || offsets.has(f) || g.family === f) continue;
        const by = closed.sub(moved(here(g.family)), here(f));
        if (onlyOver(by, new Set())) offsets.set(f, closed.add(by, offsets.get(g.family) ?? zero));
      }
    return (f) => closed.add(here(f), offsets.get(f) ?? zero);
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
    for (const f of group) this.claims.levels.delete(f);
    for (const forms of this.bounds(group)) {
      if (this.roundedDown(group, stages, forms)) return;
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

  /** Levels are whole: a bound that gives the samples once it is rounded down is a guess. */
  private roundedDown(
    group: readonly string[],
    stages: ReadonlyMap<string, number>,
    forms: ReadonlyMap<string, ClosedForm>,
  ): boolean {
    const rounded = new Map(group.map((f) => [f, closed.floor(forms.get(f)!)]));
    const gives = (f: string): boolean => {
      const value = evaluator([{ guard: [], form: rounded.get(f)! }]);
      return this.sampled(f).points.every((p) => value(p.env) === p.level);
    };
    if (group.every((f) => rounded.get(f) === forms.get(f)) || !group.every(gives)) return false;
    for (const [f, form] of rounded)
      this.claims.levels.set(f, {
        pieces: [{ guard: [], form }],
        exact: true,
        stage: stages.get(f)!,
        rank: closed.constant(0),
      });
    return this.attempt(group) === undefined;
  }

  /** Upper bounds, the sharpest first. */
  private *bounds(group: readonly string[]): Generator<ReadonlyMap<string, ClosedForm>> {
    if (this.onlyExact) return;
    // What was spent on exact forms is no reason to give up on a bound.
    this.grant();
    yield* this.affordable(upperGuesses(this.claims, group, (f) => this.sampled(f)));
  }

  /** Guesses one by one, each with a share of what is left to spend: one that is hard to refute is not the end of all. */
  private *affordable<T>(guesses: readonly T[]): Generator<T> {
    const { budget } = this.search;
    // The last counts steps and is simple to show.
    for (const [k, guess] of guesses.entries()) {
      const [left, rest] = [budget.units, guesses.length - k];
      budget.units = rest === 1 ? Math.max(left, BOUND_BUDGET / 2) : left / Math.min(rest, 3);
      const kept = Math.max(0, left - budget.units);
      yield guess;
      budget.units = Math.max(0, budget.units) + kept;
    }
  }

  /** Adds lower bounds to claims that hold from above. */
  private boundBelow(group: readonly string[]): void {
    const above = new Map(group.map((f) => [f, this.claims.levels.get(f)!]));
    if (this.boundOnPath(group, above)) return;
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

  /** Where the bounds are what is met on a critical path and not everywhere: lower bounds on that path. */
  private boundOnPath(group: readonly string[], above: ReadonlyMap<string, LevelClaim>): boolean {
    const most = new Map(group.map((f) => [f, evaluator(above.get(f)!.pieces)]));
    const meets = (f: string, points: readonly LevelPoint[]): boolean =>
      points.every((p) => most.get(f)!(p.env) === p.level);
    if (group.every((f) => meets(f, this.sampled(f).points))) return false;
    for (const path of this.affordable(this.paths())) {
      const met = group.filter((f) => path.has(f));
      if (met.length === 0 || !met.every((f) => meets(f, path.get(f)!))) continue;
      const below = met.map((f) => levelOnPath(this.claims, f, path.get(f)!, this.pools.of(f)));
      if (below.includes(undefined)) continue;
      met.forEach((f, k) => {
        this.claims.levels.set(f, { ...above.get(f)!, below: below[k]! });
      });
      if (this.attempt(group) === undefined) return true;
      for (const f of group) this.claims.levels.set(f, above.get(f)!);
    }
    return false;
  }

  private found: readonly Path[] | undefined;
  private paths(): readonly Path[] {
    this.found ??= [false, true].flatMap((last) => {
      try {
        return criticalPath(this.claims, this.samples.unrolled, last) ?? [];
      } catch (error) {
        if (error instanceof Inexpressible || error instanceof NotClosed) return [];
        throw error;
      }
    });
    return this.found;
  }

  /** Steps spent. */
  get spent(): number {
    return this.granted - this.search.budget.units;
  }

  /** The levels that the depth rests on, with their proofs. */
  levels(): Level[] {
    const needed = new Set([DEPTH]);
    // A set that grows is walked to its end.
    for (const f of needed)
      for (const t of this.claims.termsOf(f)) if (t.source !== undefined) needed.add(t.source.family);
    return [...needed].sort().map((family) => ({
      family,
      claim: this.claims.levels.get(family)!,
      proofs: this.settled.get(family)!.proofs,
    }));
  }

  /** Comparisons of sizes on one side of which samples suggest a guess, the simplest guess first. */
  promising(all: readonly Comparison[]): readonly Comparison[] {
    const { failure } = this;
    // A guess that failed may hold on one side; where the failing read has conditions on sizes, those of few samples.
    if (failure === undefined || failure.term !== undefined) return all;
    const points = thinned(this.sampled(failure.family).points, PROMISE);
    const hints = this.hints.levels(failure.family);
    const scored = all.flatMap((on) => {
      const holds = holdsAt([on]);
      const lengths = [true, false].flatMap((side) => {
        const own = points.filter((p) => holds(p.env) === side);
        const found = 2 * own.length < points.length ? undefined : fitLevels(own, hints);
        return found === undefined ? [] : [printClosedForm(formOfPieces(found)).length];
      });
      return lengths.length === 0 ? [] : [{ on, length: Math.min(...lengths) }];
    });
    return scored.sort((a, b) => a.length - b.length).map((s) => s.on);
  }

  sampled(family: string): { readonly points: readonly LevelPoint[]; readonly hints: BoundHints } {
    const whole = family === DEPTH ? this.samples.depth : (this.samples.families.get(family) ?? []);
    const points = this.near.get(family) ?? whole;
    return { points, hints: this.hints.bounds(family) };
  }

  /** Forms that fit the samples, and the latest of what outputs are at the ends of their ranges; the shorter first. */
  private *depthGuesses(): Generator<LevelPiece[]> {
    const { points } = this.sampled(DEPTH);
    const fitted = new Guesses(guessLevels(points, this.hints.levels(DEPTH)));
    const latest = latestOfReads(this.claims, DEPTH, (f) => this.claims.levels.get(f)?.pieces, points);
    const first = fitted.at(0);
    const length = (pieces: readonly LevelPiece[]): number => printClosedForm(formOfPieces(pieces)).length;
    const whole = latest && [{ guard: [], form: latest }];
    if (whole !== undefined && (first === undefined || length(whole) < length(first))) yield whole;
    for (let k = 0; fitted.at(k) !== undefined; k++) {
      yield fitted.at(k)!;
      if (k === 0 && whole !== undefined) yield whole;
    }
  }

  private depth(): Settled {
    const none = (why: string) => ({ status: "open" as const, why, proofs: [] });
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
      for (const pieces of this.depthGuesses()) {
        const proofs = attempt({ pieces, exact: true });
        if (typeof proofs !== "string") return { status: "exact", proofs };
        why ??= proofs;
      }
      this.failure ??= { family: DEPTH };
      why ??= "no closed form gives the depth at the sizes tried";
    }
    why ??= "the greatest level is not found";
    const whole = (forms: ReadonlyMap<string, ClosedForm>) => [{ guard: [], form: forms.get(DEPTH)! }];
    for (const upper of this.bounds([DEPTH])) {
      const pieces = whole(upper);
      const proofs = attempt({ pieces, exact: false });
      if (typeof proofs === "string") continue;
      const value = evaluator(pieces);
      if (this.sampled(DEPTH).points.every((p) => value(p.env) === p.level)) {
        const met = attempt({ pieces, exact: true });
        if (typeof met !== "string") return { status: "exact", proofs: met };
      }
      for (const lower of lowerGuesses(this.claims, [DEPTH], (f) => this.sampled(f))) {
        const below = whole(lower);
        const exact = closedFormKey(below[0]!.form) === closedFormKey(pieces[0]!.form);
        const both = attempt(exact ? { pieces, exact } : { pieces, exact, below });
        if (typeof both !== "string") return { status: exact ? "exact" : "upper", why, proofs: both };
      }
      this.claims.levels.set(DEPTH, { pieces, exact: false, stage, rank });
      return { status: "upper", why, proofs };
    }
    this.claims.levels.delete(DEPTH);
    return none(why);
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
    this.failure ??= { family: o.family, term: o.term };
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
}

/** What was settled: components of families, sources first, and the depth. */
export interface Outcome {
  readonly groups: readonly (readonly string[])[];
  readonly depth: Settled;
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

/** Everything static that the levels of a family may be made of. */
const indexExpressions = (dims: readonly Dim[], terms: readonly Term[]): IndexExpr[] => [
  ...dims.flatMap((d) => [d.lo, d.hi]),
  ...terms.flatMap((t) => [
    ...(t.source?.at ?? []),
    ...t.inner.flatMap((d) => [d.lo, d.hi]),
    ...t.conditions.flatMap((c) => [c.left, c.right]),
  ]),
];
