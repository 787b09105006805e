/**
 * Width for all sizes: most instances of positive cost on one level.
 *
 * Families fall into *parts*: a region of the index space and one polynomial for the level there. Parts that never share a
 * level are counted apart. Where an equal level means an equal index (as the outer index of a serial nest), that index becomes
 * a parameter and the parts are looked at within one value of it. What is left is counted at a level `t`: a sum over the points
 * of an affine slice (Pugh 1994; Ehrhart 1962), whose greatest value over all `t` is proved. Each step is a proof; where one
 * fails, a part counts with all its instances from above, and with those of one corner from below.
 */

import type { LevelPiece } from "../../certificate-checker/obligations";
import type { CostModel } from "../equations/cost";
import type { Family, System } from "../equations/system";
import {
  add,
  allAtoms,
  atomOf,
  constantOf,
  dependsOn,
  floorOfQuotient,
  fromIndex,
  index,
  indexKey,
  number,
  pow2,
  scale,
  single,
  substitute,
  subtract,
} from "../symbolic/atoms";
import { disjointCells, withoutFloor } from "../symbolic/cells";
import { sameClosedForm } from "../symbolic/closed-form";
import { type Maximum, maximumOver } from "../symbolic/maximum";
import { type Polynomial, polynomialKey, variable } from "../symbolic/polynomial";
import { absolute, gcd, rational, signOf } from "../symbolic/rational";
import {
  atLeastZero,
  atMost,
  below,
  equalsZero,
  type Fact,
  factsOfDims,
  implies,
  isEmpty,
  straightened,
  substituteFact,
} from "../symbolic/region";
import {
  Budget,
  LONGEST_PERIOD,
  logarithmic,
  NotSummable,
  periodOf,
  sumAway,
  type Weighted,
} from "../symbolic/sum";
import { valueAt } from "../symbolic/witness";
import { attempt, type Found, regionsOfLevels } from "./levels";
import { contextOf, weightsOf } from "./work";

interface Part {
  readonly dims: readonly Index[];
  readonly facts: readonly Fact[];
  readonly level: Polynomial;
}
/** An index that is not settled yet, and the ends of its range. */
interface Index {
  readonly key: string;
  readonly first: Polynomial;
  readonly last: Polynomial;
}

/** Counts by cells of sizes, parameters and `t`: the width is the largest of all. */
interface Counted {
  readonly exact: readonly Weighted[];
  /** Of parts for which no exact count was found. */
  readonly upper: readonly Weighted[];
  readonly lower: readonly Weighted[];
  readonly ends: readonly Polynomial[];
  readonly why?: string | undefined;
}
const nothingCounted: Counted = { exact: [], upper: [], lower: [], ends: [] };

/** Counts of parts that share no level: each stands for itself. */
const allOf = (counts: readonly Counted[]): Counted =>
  counts.reduce(
    (a, b) => ({
      exact: [...a.exact, ...b.exact],
      upper: [...a.upper, ...b.upper],
      lower: [...a.lower, ...b.lower],
      ends: [...a.ends, ...b.ends],
      why: a.why ?? b.why,
    }),
    nothingCounted,
  );

/** Most parts that are compared two by two. */
const MOST_PARTS = 48;
/** Questions to the prover for one width, and what they may cost (`symbolic/effort.ts`); and of these for one sum. */
const ALL_QUESTIONS = 1200;
const ALL_COST = 14_000_000;
const QUESTIONS = 600;
const COST = 6_000_000;
/** Questions for what is only bounded. */
const FEWER_QUESTIONS = 300;
/** The level, less what all share, as an index that no program can name. */
const LEVEL = "level of instances";
const T = indexKey(LEVEL);
/** Turns of a loop, under names that no program has. */
const [TURN, BETWEEN, LATER] = ["a turn", "a turn between", "a later turn"] as const;
/** Parts whose turns are compared two by two. */
const FEW_PARTS = 4;

/** Most instances of positive cost on one level, from the levels of all families by cases. */
export function widthOf(
  system: System,
  model: CostModel,
  levels: ReadonlyMap<string, readonly LevelPiece[]>,
): Found {
  const context = contextOf(system);
  return attempt((budget) => {
    const parts: Part[] = [];
    for (const family of system.families) {
      if (family.pieces.length === 0) continue;
      const active = activeRegions(family, model, context, budget);
      if (active.length === 0) continue;
      const own = levels.get(family.name);
      if (own === undefined) throw new NotSummable(`the levels of \`${family.name}\` are not proved`);
      for (const facts of active)
        for (const l of regionsOfLevels(family, own, context, budget, facts))
          parts.push(partOf(family, l, parts.length));
    }
    const counting = new Counting(context, budget);
    const counted = counting.settle(parts, 0);
    const found = counting.greatest(counted);
    if (counted.why === undefined) return found;
    const least = counting.greatest({ ...counted, upper: counted.lower });
    const [upper, lower] = [found.exact ?? found.upper, least.exact ?? least.lower];
    if (upper !== undefined && lower !== undefined && sameClosedForm(upper, lower)) return { exact: upper };
    return { upper, lower, why: counted.why };
  }, new Budget(ALL_QUESTIONS, ALL_COST));
}

/** Indices of different parts have different names. */
function partOf(family: Family, { facts, value }: Weighted, place: number): Part {
  const by = new Map(family.dims.map((d) => [indexKey(d.index), index(`${d.index}.${place}`)]));
  return {
    dims: family.dims.map((d) => ({
      key: indexKey(`${d.index}.${place}`),
      first: substitute(fromIndex(d.lo), by),
      last: substitute(subtract(fromIndex(d.hi), single), by),
    })),
    // Bounds without floors are affine.
    facts: facts.map((f) => {
      const moved = substituteFact(f, by);
      return moved.equality ? moved : atLeastZero(withoutFloor(moved.form));
    }),
    level: substitute(value, by),
  };
}

const put = (p: Part, by: ReadonlyMap<string, Polynomial>): Part => ({
  dims: p.dims
    .filter((d) => !by.has(d.key))
    .map((d) => ({ ...d, first: substitute(d.first, by), last: substitute(d.last, by) })),
  facts: p.facts.map((f) => substituteFact(f, by)),
  level: substitute(p.level, by),
});
const varies = (p: Part): boolean => p.dims.some((d) => dependsOn(p.level, d.key));

class Counting {
  constructor(
    private readonly context: readonly Fact[],
    private readonly budget: Budget,
    /** Indices that stand for one value of an index of each part. */
    private readonly parameters: string[] = [],
    /** How many indices tell rows apart that are added up. */
    private readonly rows = 0,
  ) {}

  /** Counts of parts, so many of whose indices have become parameters. */
  settle(parts: readonly Part[], depth: number): Counted {
    const within = parts.length > 1 ? this.serially(parts, depth, this.staged) : undefined;
    if (within !== undefined) return within;
    return allOf(this.components(parts).map((group) => this.group(group, depth)));
  }

  /** Whether no instance of one part is on the level of one of the other. */
  private apart(p: Part, q: Part): boolean {
    this.budget.spend("the width");
    return isEmpty([...this.context, ...p.facts, ...q.facts, equalsZero(subtract(p.level, q.level))]);
  }

  /** Parts that may share levels, directly or by others. */
  private components(parts: readonly Part[]): (readonly Part[])[] {
    if (parts.length > MOST_PARTS) return [parts];
    const groups: Part[][] = [];
    for (const p of parts) {
      const joined = groups.filter((g) => !g.every((q) => this.apart(p, q)));
      for (const g of joined) groups.splice(groups.indexOf(g), 1);
      groups.push([...joined.flat(), p]);
    }
    return groups;
  }

  private group(parts: readonly Part[], depth: number): Counted {
    // What all levels share is no part of the question.
    const first = parts[0]!;
    const shared: Polynomial = {
      terms: first.level.terms.filter((t) => !first.dims.some((d) => dependsOn({ terms: [t] }, d.key))),
    };
    const moved = parts.map((p) => ({ ...p, level: subtract(p.level, shared) }));
    if (moved.every((p) => p.level.terms.length === 0)) return this.together(moved);
    const strides = this.byResidues(moved);
    if (strides.length > 1) return allOf(strides.map((s) => this.settle(s, depth)));
    const [own = moved] = strides;
    return this.serially(own, depth, this.serial) ?? this.byKinds(own) ?? this.byLevels(own);
  }

  /** Where the widest levels of different kinds of parts are one level, their widths add up. */
  private byKinds(parts: readonly Part[]): Counted | undefined {
    const budget = this.budget.part(FEWER_QUESTIONS, COST);
    const upper = this.apartly(budget, parts);
    if (upper === undefined) return undefined;
    const most = this.greatest({ exact: [], upper, ends: [] });
    const least = this.greatest({ exact: [], upper: this.below(budget, parts), ends: [] });
    return most.exact !== undefined && least.exact !== undefined && sameClosedForm(most.exact, least.exact)
      ? { ...nothingCounted, exact: upper }
      : undefined;
  }

  /** Levels that advance by g fall into classes: level = g·t + r. Without a common stride as they are. */
  private byResidues(parts: readonly Part[]): (readonly Part[])[] {
    let stride = 0n;
    for (const p of parts)
      for (const { coefficient, powers } of p.level.terms) {
        if (powers.length === 0) continue;
        if (coefficient.denominator !== 1n) return [parts];
        stride = gcd(stride, coefficient.numerator);
      }
    if (stride <= 1n) return [parts];
    // Products of atoms are whole as well as these are.
    const classes = new Map<string, Part[]>();
    for (const p of parts) {
      const quotient = floorOfQuotient(p.level, number(stride));
      const rest = subtract(p.level, scale(quotient, rational(stride)));
      const key = polynomialKey(rest);
      if (constantOf(rest) === undefined) return [parts];
      classes.set(key, [...(classes.get(key) ?? []), { ...p, level: quotient }]);
    }
    return [...classes.values()];
  }

  /** All on one level. */
  private together(parts: readonly Part[]): Counted {
    try {
      const counts = parts.flatMap((p) => this.all(this.budget, p));
      return { ...nothingCounted, exact: this.cells(this.budget, counts) };
    } catch (error) {
      return this.bounds(parts, error);
    }
  }

  /** With an index as parameter, where equal levels mean that it is equal. */
  private serially(
    parts: readonly Part[],
    depth: number,
    turns: (parts: readonly Part[], chosen: readonly Index[]) => readonly (readonly Part[])[] | undefined,
  ): Counted | undefined {
    const [first] = parts;
    for (const lead of first!.dims) {
      const chosen = this.matching(parts, lead);
      const groups = chosen === undefined ? undefined : turns(parts, chosen);
      if (groups === undefined) continue;
      const name = `at ${depth}`;
      if (!this.parameters.includes(indexKey(name))) this.parameters.push(indexKey(name));
      const at = new Map(parts.map((p, k) => [p, chosen![k]!.key]));
      return allOf(
        groups.map((group) =>
          this.settle(
            group.map((p) => put(p, new Map([[at.get(p)!, index(name)]]))),
            depth + 1,
          ),
        ),
      );
    }
    return undefined;
  }

  /** An index of each part by which the level rises as that of the first does, else of the same name, else at the same place. */
  private matching(parts: readonly Part[], lead: Index): readonly Index[] | undefined {
    const own = rise(parts[0]!, lead);
    if (own === "") return undefined;
    const chosen = parts.map((p) =>
      p === parts[0]
        ? lead
        : (p.dims.find((d) => rise(p, d) === own) ??
          p.dims.find((d) => nameOf(d.key) === nameOf(lead.key)) ??
          p.dims[parts[0]!.dims.indexOf(lead)]),
    );
    return chosen.every((d, k) => d !== undefined && dependsOn(parts[k]!.level, d.key))
      ? (chosen as readonly Index[])
      : undefined;
  }

  /**
   * Where all levels of one turn lie between what one form gives at that turn and at the next: parts that may be on the first level
   * of a turn, and those that come after it.
   */
  private readonly staged = (
    parts: readonly Part[],
    chosen: readonly Index[],
  ): readonly (readonly Part[])[] | undefined => {
    const at = (name: string) => parts.map((p, k) => put(p, new Map([[chosen[k]!.key, index(name)]])));
    const turns = at(TURN);
    const begin = earliest(turns.map(startOf), this.context);
    const key = indexKey(TURN);
    if (begin === undefined || !dependsOn(begin, key)) return undefined;
    const from = (turn: Polynomial): Polynomial => substitute(begin, new Map([[key, turn]]));
    const next = from(add(index(TURN), single));
    const follows = (facts: readonly Fact[], a: Polynomial, b: Polynomial): boolean => {
      this.budget.spend("the width");
      return implies([...this.context, ...facts], atMost(a, b));
    };
    const [first, rest]: [Part[], Part[]] = [[], []];
    for (const [k, { facts, level }] of turns.entries()) {
      const own = constantOf(subtract(level, begin));
      const after = own === undefined ? follows(facts, add(begin, single), level) : signOf(own) > 0;
      if (!after && (own === undefined ? !follows(facts, begin, level) : signOf(own) < 0)) return undefined;
      if (!follows(facts, add(level, single), next)) return undefined;
      (after ? rest : first).push(parts[k]!);
    }
    const groups = [first, rest].filter((g) => g.length > 0);
    // And that form never falls between one turn and a later one.
    const between = index(BETWEEN);
    const step = (facts: readonly Fact[]): boolean =>
      follows([...facts, atMost(index(TURN), between)], from(between), from(add(between, single)));
    if (turns.every((p) => step(p.facts))) return groups;
    if (parts.length > FEW_PARTS) return undefined;
    const later = at(LATER);
    const rises = turns.every((p) =>
      later.every((q) => step([...p.facts, ...q.facts, below(between, index(LATER))])),
    );
    return rises ? groups : undefined;
  };

  /** Where parts at different turns share no level, compared two by two. */
  private readonly serial = (
    parts: readonly Part[],
    chosen: readonly Index[],
  ): readonly (readonly Part[])[] | undefined => {
    if (parts.length > MOST_PARTS / 4) return undefined;
    const differs = (p: Part, i: Index, q: Part, j: Index): boolean => {
      this.budget.spend("the width");
      return isEmpty([
        ...this.context,
        ...p.facts,
        ...q.facts,
        below(variable(i.key), variable(j.key)),
        equalsZero(subtract(p.level, q.level)),
      ]);
    };
    const apart = parts.every((p, a) => {
      // A part against a copy of itself.
      const by = new Map(p.dims.map((d) => [d.key, index(`${d.key}'`)]));
      const copy = put({ ...p, dims: [] }, by);
      const own = chosen[a]!;
      if (!differs(p, own, copy, { ...own, key: indexKey(`${own.key}'`) })) return false;
      return parts.slice(a + 1).every((q, k) => {
        const other = chosen[a + 1 + k]!;
        return differs(p, own, q, other) && differs(q, other, p, own);
      });
    });
    return apart ? [parts] : undefined;
  };

  /** Counted at each level. */
  private byLevels(parts: readonly Part[]): Counted {
    const t = index(LEVEL);
    const budget = this.budget.part(QUESTIONS, COST);
    try {
      const counts = parts.flatMap((p) =>
        unrounded(p, t, this.context).flatMap((facts) =>
          sumAway(
            p.dims.map((d) => d.key.slice(1)),
            [{ facts, value: single }],
            this.context,
            budget,
          ),
        ),
      );
      const period = periodOf(counts, T);
      if (period > LONGEST_PERIOD) throw new NotSummable(`levels have a period of ${period}`);
      // Levels that advance in strides are told apart by their residues.
      const exact = Array.from({ length: period }, (_, r) => {
        const by = new Map([[T, add(scale(t, period), number(r))]]);
        return this.cells(
          budget,
          counts.map((c) => {
            const facts = c.facts.map((f) => substituteFact(f, by));
            // A bound by a power of two is one by a logarithm.
            const known = [...this.context, ...facts];
            return { facts: facts.map((f) => logarithmic(f, T, known) ?? f), value: substitute(c.value, by) };
          }),
        );
      }).flat();
      const ends = parts.flatMap((p) => cornersOf(p)).map((c) => floorOfQuotient(c, number(period)));
      return { ...nothingCounted, exact, ends };
    } catch (error) {
      return this.bounds(parts, error);
    }
  }

  /** From above what parts have apart from one another, or all of their instances; from below what certainly shares a level. */
  private bounds(parts: readonly Part[], error: unknown): Counted {
    if (!(error instanceof NotSummable)) throw error;
    const budget = this.budget.part(FEWER_QUESTIONS, COST);
    return {
      ...nothingCounted,
      upper:
        this.apartly(budget, parts) ??
        this.rowwise(budget, parts) ??
        this.cells(
          budget,
          parts.flatMap((p) => this.all(budget, p)),
        ),
      lower: this.below(budget, parts),
      why: error.message,
    };
  }

  /** What certainly shares a level: corners of parts. */
  private below(budget: Budget, parts: readonly Part[]): Weighted[] {
    const levels = new Map<string, Part[][]>();
    for (const p of parts) {
      // Corners of one part may overlap: each level has one of each part.
      const own = new Map(corners(p).map((c) => [polynomialKey(c.level), c] as const));
      for (const [key, c] of own) levels.set(key, [...(levels.get(key) ?? []), [c]]);
    }
    return [...levels.values()].flatMap((on) =>
      this.cells(
        budget,
        on.flat().flatMap((c) => this.all(budget, c)),
      ),
    );
  }

  /** No level holds more than the widest levels of different kinds of parts together. */
  private apartly(budget: Budget, parts: readonly Part[]): Weighted[] | undefined {
    const kinds = new Map<string, Part[]>();
    for (const p of parts) {
      const kind = p.dims
        .map((d) => rise(p, d))
        .filter((r) => r !== "")
        .join(";");
      kinds.set(kind, [...(kinds.get(kind) ?? []), p]);
    }
    return kinds.size < 2 ? undefined : this.added(budget, [...kinds.values()], []);
  }

  /** Nor more than the widest levels of all rows, where an index tells rows apart. */
  private rowwise(budget: Budget, parts: readonly Part[]): Weighted[] | undefined {
    const [first] = parts;
    const row = `row ${this.rows}`;
    for (const lead of first!.dims) {
      const name = nameOf(lead.key);
      const chosen = parts.map((p) => p.dims.find((d) => nameOf(d.key) === name));
      if (chosen.some((d) => d === undefined)) continue;
      const rows = parts.map((p, k) => put(p, new Map([[chosen[k]!.key, index(row)]])));
      const found = this.added(budget, [rows], [row]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The greatest counts of groups, added over the rows that are named. */
  private added(
    budget: Budget,
    groups: readonly (readonly Part[])[],
    rows: readonly string[],
  ): Weighted[] | undefined {
    try {
      const sums = groups.flatMap((g) => {
        const inner = new Counting(this.context, budget, [...this.parameters], this.rows + 1);
        const { pieces } = inner.greatest(inner.settle(g, this.parameters.length));
        if (pieces === undefined) throw new NotSummable("no level is proved to be the widest");
        const some = pieces.filter((c) => c.value.terms.length > 0);
        return sumAway(rows, some, this.context, budget);
      });
      return this.cells(budget, sums);
    } catch (error) {
      if (error instanceof NotSummable) return undefined;
      throw error;
    }
  }

  /** The greatest of what was counted, or of what is above it. */
  greatest({ exact, upper, ends }: Pick<Counted, "exact" | "upper" | "ends">): Maximum {
    const keys = [...this.parameters, T];
    return maximumOver([...exact, ...upper], keys, this.context, this.budget, new Map([[T, ends]]));
  }

  /** How many instances a part has. */
  private all(budget: Budget, p: Part): Weighted[] {
    return sumAway(
      p.dims.map((d) => d.key.slice(1)),
      [{ facts: p.facts, value: single }],
      this.context,
      budget,
    );
  }

  private cells(budget: Budget, counts: readonly Weighted[]): Weighted[] {
    return disjointCells(counts, this.context, budget).filter((c) => c.value.terms.length > 0);
  }
}

/** The level where all indices of a part are least. */
const startOf = (p: Part): Polynomial =>
  [...p.dims].reverse().reduce((level, d) => substitute(level, new Map([[d.key, d.first]])), p.level);

/** The least of forms at one point of the context: whether it is so everywhere is for the caller to prove. */
function earliest(forms: readonly Polynomial[], context: readonly Fact[]): Polynomial | undefined {
  const names = allAtoms([...forms, ...context.map((f) => f.form)]);
  const point = new Map([...names].filter(isFree).map((k) => [k, 5]));
  let best: Polynomial | undefined;
  for (const f of forms)
    if (best === undefined || valueAt(f, new Map(point)) < valueAt(best, new Map(point))) best = f;
  return best;
}
const isFree = (key: string): boolean => ["size", "index"].includes(atomOf(key).kind);

/** By how much the level rises with an index, as a text. */
function rise(p: Part, d: Index): string {
  const common = index("at");
  const at = (x: Polynomial) => substitute(p.level, new Map([[d.key, x]]));
  return polynomialKey(subtract(at(add(common, single)), at(common)));
}

/** Part of a part whose level is one: as few indices as may be at an end of their ranges. */
function corners(p: Part): Part[] {
  const at = (d: Index, end: "first" | "last"): Part => put(p, new Map([[d.key, d[end]]]));
  const found = p.dims.flatMap((d) => [at(d, "first"), at(d, "last")]).filter((c) => !varies(c));
  if (found.length > 0 || !varies(p)) return found.length > 0 ? found : [p];
  return (["first", "last"] as const).flatMap((end) => {
    let corner = p;
    for (const { key } of p.dims) {
      const own = corner.dims.find((d) => d.key === key)!;
      if (dependsOn(corner.level, key)) corner = put(corner, new Map([[key, own[end]]]));
    }
    return varies(corner) ? [] : [corner];
  });
}

const nameOf = (key: string): string => key.slice(1).replace(/\.\d+$/, "");

/** Levels at the first and the last corner of a part: places where a count may be looked at. */
const cornersOf = (p: Part): Polynomial[] =>
  (["first", "last"] as const).map((end) =>
    [...p.dims].reverse().reduce((value, d) => substitute(value, new Map([[d.key, d[end]]])), p.level),
  );

/** Facts that say `level = t`: a rounded form of indices by the bounds between which it is rounded so. */
function unrounded(p: Part, t: Polynomial, context: readonly Fact[]): (readonly Fact[])[] {
  const form = subtract(p.level, t);
  const inside = (a: Polynomial): boolean => p.dims.some((d) => dependsOn(a, d.key));
  const moving = form.terms.filter((term) => inside({ terms: [term] }));
  const [only, ...more] = moving;
  const [power, ...others] = only?.powers ?? [];
  const plain: (readonly Fact[])[] = [[...p.facts, equalsZero(form)]];
  if (only === undefined || more.length + others.length > 0 || power === undefined || power[1] !== 1)
    return plain;
  if (only.coefficient.denominator !== 1n || absolute(only.coefficient.numerator) !== 1n) return plain;
  const atom = atomOf(power[0]);
  // atom = e
  const rest = subtract(form, { terms: [only] });
  const e = scale(rest, only.coefficient.numerator === 1n ? -1 : 1);
  if (atom.kind === "floor" && constantOf(atom.by) !== undefined) {
    const low = scale(e, constantOf(atom.by)!);
    return [[...p.facts, atMost(low, atom.of), below(atom.of, add(low, atom.by))]];
  }
  if (atom.kind === "log2" && implies([...context, ...p.facts], atMost(single, atom.of)))
    return [
      [...p.facts, equalsZero(e), equalsZero(subtract(atom.of, single))],
      // 2^(e − 1) < x <= 2^e
      [
        ...p.facts,
        atMost(single, e),
        below(scale(pow2(e), rational(1n, 2n)), atom.of),
        atMost(atom.of, pow2(e)),
      ],
    ];
  return plain;
}

/** Disjoint regions of the instances whose cost is positive. */
function activeRegions(
  family: Family,
  model: CostModel,
  context: readonly Fact[],
  budget: Budget,
): (readonly Fact[])[] {
  const weights = weightsOf(family, model, context, budget);
  const known = [...context, ...factsOfDims(family.dims)];
  const whole = weights.find((w) => w.facts.length === 0 && (constantOf(w.value)?.numerator ?? 0n) > 0n);
  if (whole !== undefined) return [[]];
  return disjointCells(weights, known, budget).flatMap(({ facts, value }): (readonly Fact[])[] => {
    if (value.terms.length === 0) return [];
    const here = [...known, ...facts];
    const some = straightened(atLeastZero(subtract(value, number(1))), here);
    if (implies(here, some)) return [facts];
    return isEmpty([...here, some]) ? [] : [[...facts, some]];
  });
}
