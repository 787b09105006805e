/**
 * Depth with proof: levels are guessed from small sizes, family by family in the order of their dependence, and then proved
 * for all sizes to satisfy the Bellman equations (`settle.ts`); where that fails, apart for sizes that a comparison tells apart
 * (`size-cases.ts`). What is proved goes into a certificate that `certificate-checker/check.ts` can check by itself.
 */
import { Inexpressible, negated, sameTerms, sizeFacts, withRange } from "../../certificate-checker/bellman";
import {
  type Bounds,
  type Certificate,
  eitherOf,
  restricted,
  type Shown,
} from "../../certificate-checker/check";
import { Claims, DEPTH, type LevelPiece, lowerPieces } from "../../certificate-checker/obligations";
import { Rejected, type Sequent } from "../../certificate-checker/sequent";
import type { CostModel } from "../equations/cost";
import { printCondition, printSystem } from "../equations/print";
import type { Comparison, Dim, System } from "../equations/system";
import { type ClosedForm, closed, NotClosed, printClosedForm } from "../symbolic/closed-form";
import { rational } from "../symbolic/rational";
import {
  atLeastForm,
  atMostForm,
  checkedAt,
  type Derivation,
  exactly,
  type Figure,
  proved,
} from "../symbolic/standing";
import { claimOf, depthDerivation, instancesIn, levelDerivation, levelName, standingOf } from "./derivation";
import { fitLevels } from "./fit";
import { farDepths, type LevelPoint } from "./level-samples";
import { evaluator, formOfPieces } from "./pieces";
import { Budget, Search } from "./refute";
import { type ProveOptions, Settling } from "./settle";
import { sizeCases } from "./size-cases";

export type { ProveOptions } from "./settle";

interface FamilyLevel {
  readonly level: Figure;
  /** The level by cases, where it is proved. */
  readonly pieces: readonly LevelPiece[];
  /** Which reads are tight, and why. */
  readonly derivation: Derivation;
}

/** What is known of a depth and of the levels it rests on, for all sizes; the certificate where the depth, or a bound of it, is proved. */
export interface DepthProof {
  readonly depth: Figure;
  readonly families: ReadonlyMap<string, FamilyLevel>;
  /** An instance that attains the depth, where one form gives it for all sizes. */
  readonly witness?: { readonly family: string; readonly at: readonly ClosedForm[] } | undefined;
  readonly certificate?: Certificate | undefined;
  readonly derivation: Derivation;
}

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
      : new Proving(model, options).proof(system);
  if (memo.size >= REMEMBERED) memo.delete(memo.keys().next().value!);
  memo.set(key, made);
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

/** What is known of one level, from samples and by proof. */
interface Known {
  readonly bounds?: Bounds | undefined;
  readonly why?: string | undefined;
  /** Over inputs: its figure is the worst case. */
  readonly worst: boolean;
  readonly points: readonly LevelPoint[];
  /** In words. */
  readonly name: string;
  readonly derivation: (figure: Figure) => Derivation;
}

/** What is known of a system at all its sizes, or at some of them. */
interface Part {
  readonly system: System;
  readonly depth: Known;
  readonly families: ReadonlyMap<string, Known>;
  readonly shown?: Shown | undefined;
  readonly witness?: DepthProof["witness"];
  /** How it was found; absent where it was put together. */
  readonly by?: Settling | undefined;
}

/** Comparisons of sizes that are tried, at most so many one inside another, and only for systems of so many families. */
const TRIED = 5;
const NESTED = 3;
const FAMILIES = 24;
/** Steps of the search for sizes that are looked at apart, and for all of them together. */
const APART = 10_000;
const ALL_APART = 40_000;
/** What the guesses for one part count for beside its proofs. */
const GUESS = 1_500;

class Proving {
  private left = ALL_APART;
  constructor(
    private readonly model: CostModel,
    private readonly options: ProveOptions,
  ) {}

  proof(system: System): DepthProof {
    const whole = this.settled(system, this.options);
    return this.result(isExact(whole) ? whole : (this.byCases(whole, NESTED) ?? whole));
  }

  private settled(system: System, options: ProveOptions): Part {
    const by = new Settling(system, this.model, options);
    const { groups, depth } = by.run();
    const worst = worstIn(groups, by);
    const known = (f: string, name: string, derivation: Known["derivation"]): Known => {
      const { status, why } = f === DEPTH ? depth : by.settled.get(f)!;
      const bounds = status === "open" ? undefined : by.claims.levels.get(f);
      const { points } = by.sampled(f);
      return { bounds, why, worst: worst.has(f), points, name, derivation };
    };
    const families = new Map(
      system.families
        .filter((f) => f.pieces.length > 0)
        .map(
          ({ name }) =>
            [name, known(name, levelName(by, name), (f) => levelDerivation(by, name, f))] as const,
        ),
    );
    const [first] = depth.status === "exact" ? instancesIn(depth.proofs) : [];
    return {
      system,
      depth: known(DEPTH, "depth", (figure) => depthDerivation(by, figure)),
      families,
      shown: depth.status === "open" ? undefined : { levels: by.levels() },
      witness: first && { family: by.claims.termsOf(DEPTH)[first.term]!.source!.family, at: first.at },
      by,
    };
  }

  /** Sizes told apart by comparisons, where that makes the depth exact. */
  private byCases(whole: Part, nested: number): Part | undefined {
    const { by } = whole;
    if (nested === 0 || by?.failure === undefined || whole.families.size > FAMILIES) return undefined;
    let tried = 0;
    for (const on of by.promising(sizeCases(by.claims, [...whole.families.keys()], by.failure))) {
      if (tried++ >= TRIED || this.left <= 0) break;
      const sides = [on, negated(on)].map((c) => this.apart(whole, c));
      // Worth going on where one side is done, or all its levels are and only the greatest is left.
      const further = (s: Part): boolean => s.by?.failure?.family === DEPTH && by.failure?.family !== DEPTH;
      if (!sides.some((s) => isExact(s) || further(s))) continue;
      const [holds, fails] = sides.map((s) => (isExact(s) ? s : this.byCases(s, nested - 1)));
      if (holds !== undefined && fails !== undefined) return either(whole, on, holds, fails);
    }
    return undefined;
  }

  private apart({ system }: Part, on: Comparison): Part {
    const budget = Math.min(APART, this.left);
    const made = this.settled(restricted(system, on), { ...this.options, budget, onlyExact: true });
    this.left -= made.by!.spent + GUESS;
    return made;
  }

  private result(part: Part): DepthProof {
    const families = new Map(
      [...part.families].map(([f, known]): [string, FamilyLevel] => {
        const level = figureOf(known);
        return [f, { level, pieces: known.bounds?.pieces ?? [], derivation: known.derivation(level) }];
      }),
    );
    const figure = figureOf(part.depth);
    const valid = this.options.valid ?? (() => true);
    const far = (s: System) => farDepths(s, this.model, valid);
    const depth = figure.exact === undefined ? withChecked(part, figure, far) : figure;
    const { shown, witness, system } = part;
    const certificate: Certificate | undefined = shown && {
      format: "fathom depth certificate 2",
      task: system.name,
      model: this.model,
      system: printSystem(system),
      shown,
    };
    const derivation: Derivation = {
      ...part.depth.derivation(depth),
      premises: [...families.values()].map((f) => f.derivation),
    };
    return { depth, families, witness, certificate, derivation };
  }
}

const isExact = ({ depth }: Part): boolean => depth.bounds?.exact === true;

/** Families whose levels depend on data, or on those of such. */
function worstIn(groups: readonly (readonly string[])[], { terms }: Settling): Set<string> {
  const worst = new Set<string>();
  // Sources come first in the order of components; within one all depend on each other.
  for (const group of [...groups, [DEPTH]]) {
    const dynamic = group.some((f) => {
      const all = terms(f);
      if (typeof all === "string") return true;
      return all.some(
        (t) => (f !== DEPTH && t.dynamic) || (t.source !== undefined && worst.has(t.source.family)),
      );
    });
    if (dynamic) for (const f of group) worst.add(f);
  }
  return worst;
}

/** What is known on either side of a comparison of sizes. */
function either({ system }: Part, on: Comparison, holds: Part, fails: Part): Part {
  const where = [on, negated(on)].map((c) => `where ${printCondition([[c]])}`);
  const both = (a: Known, b: Known, dims: readonly Dim[]): Known => {
    const facts = (c: Comparison): Sequent[] =>
      sizeFacts(restricted(system, c)).flatMap((f) => withRange(f, dims) ?? []);
    const bounds =
      a.bounds === undefined || b.bounds === undefined
        ? undefined
        : (oneForBoth(b.bounds, a.bounds, facts(on)) ??
          oneForBoth(a.bounds, b.bounds, facts(negated(on))) ??
          eitherOf(on, a.bounds, b.bounds));
    return {
      bounds,
      why: a.why ?? b.why,
      worst: a.worst || b.worst,
      points: [...a.points, ...b.points],
      name: a.name,
      derivation: (figure) => {
        const sides = [a, b].map((k) => k.derivation(figureOf(k)));
        return {
          ...sides[0]!,
          claim: claimOf(a.name, figure),
          standing: standingOf(figure, a.points.length + b.points.length),
          detail: figure.why,
          premises: sides.map((s, k) => ({ ...s, rule: "case", claim: `${where[k]}: ${s.claim}` })),
        };
      },
    };
  };
  return {
    system,
    depth: both(holds.depth, fails.depth, []),
    families: new Map(
      system.families.flatMap(({ name, dims }) => {
        const [a, b] = [holds, fails].map((side) => side.families.get(name));
        return a === undefined || b === undefined ? [] : [[name, both(a, b, dims)] as const];
      }),
    ),
    shown: holds.shown && fails.shown && { on, holds: holds.shown, fails: fails.shown },
  };
}

/** What is exact on one side, where it is shown to say the same on the other. */
function oneForBoth(own: Bounds, other: Bounds, there: readonly Sequent[]): Bounds | undefined {
  const [a, b] = [own.pieces[0], other.pieces[0]];
  if (!own.exact || !other.exact || own.pieces.length > 1 || other.pieces.length > 1) return undefined;
  const search = new Search(new Budget(SAME));
  const rise = closed.sub(a!.form, b!.form);
  const never = (claim: ClosedForm): boolean =>
    there.every((facts) => search.refute(facts.withoutClaim(claim), 3) !== undefined);
  return never(rise) && never(closed.scale(rise, rational(-1))) ? own : undefined;
}
const SAME = 400;

const BY = "levels satisfy the Bellman equations for all sizes";

function figureOf({ bounds, why, worst, points, name }: Known): Figure {
  if (bounds === undefined) return { why };
  const form = formOfPieces(bounds.pieces);
  const below = lowerPieces(bounds);
  // A proof that samples contradict is a fault of this program: it is never reported as proved.
  const [most, least] = [evaluator(bounds.pieces), below === undefined ? undefined : evaluator(below)];
  const broken = points.find(
    (p) => most(p.env) < p.level - 1e-6 || (least !== undefined && least(p.env) > p.level + 1e-6),
  );
  if (broken !== undefined)
    return {
      why: `internal error: ${printClosedForm(form)} was proved for the ${name}, but it is ${broken.level} at ${JSON.stringify(broken.env)}`,
    };
  if (bounds.exact) return { exact: exactly(form, proved(BY), worst) };
  // Levels are whole.
  const upper = atMostForm(rounded(bounds.pieces, closed.floor), proved(BY));
  const lower = below === undefined ? undefined : rounded(below, closed.ceiling);
  const nothing = lower === undefined || (lower.kind === "constant" && lower.value.numerator <= 0n);
  return { upper, lower: nothing ? undefined : atLeastForm(lower, proved(BY)), why };
}

const rounded = (pieces: readonly LevelPiece[], by: (f: ClosedForm) => ClosedForm): ClosedForm =>
  formOfPieces(pieces.map((p) => ({ ...p, form: by(p.form) })));

/** What the samples suggest, where nothing exact is proved. */
function withChecked(
  { system, depth }: Part,
  figure: Figure,
  far: (system: System) => readonly LevelPoint[],
): Figure {
  const near = depth.points;
  if (near.length < 4) return figure;
  const points = [...near, ...far(system)];
  const sizes = system.sizes.map((s) => s.name);
  const pieces = fitLevels(points, { sizes, indices: [], atoms: [], comparisons: [] });
  if (pieces === undefined) return figure;
  const range = sizes
    .map((s) => {
      const values = points.map((p) => p.env[s]!);
      return `${s} = ${Math.min(...values)}..${Math.max(...values)}`;
    })
    .join(", ");
  return { ...figure, exact: exactly(formOfPieces(pieces), checkedAt(range, points.length)) };
}
