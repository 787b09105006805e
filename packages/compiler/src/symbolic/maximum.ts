/**
 * The largest value of forms over parametric regions: candidates are taken at the ends of ranges, then one is proved to be
 * attained and to dominate everywhere, for all sizes or case by case. No candidate is believed.
 */
import {
  affineIn,
  allAtoms,
  atomOf,
  constantOf,
  dependsOn,
  extreme,
  floorOfQuotient,
  nothing,
  number,
  scale,
  substitute,
} from "./atoms";
import { closedSum } from "./cells";
import type { ClosedForm } from "./closed-form";
import { type Polynomial, polynomialKey, variable } from "./polynomial";
import { absolute, type Rational, signOf } from "./rational";
import { atMost, below, type Fact, implies, isEmpty, opposite, substituteFact } from "./region";
import type { Budget, Weighted } from "./sum";
import { holds, type Point, valueAt } from "./witness";

export interface Maximum {
  readonly exact?: ClosedForm | undefined;
  /** Where there is no exact form: what is proved on either side. */
  readonly upper?: ClosedForm | undefined;
  readonly lower?: ClosedForm | undefined;
  /** What is exact, or else is above, by disjoint regions. */
  readonly pieces?: readonly Weighted[] | undefined;
}

/** A value and the facts on sizes under which a point attains it. */
interface Candidate {
  readonly facts: readonly Fact[];
  readonly value: Polynomial;
}

/** A candidate that is attained in a part of a region, and what is left of the region. */
interface Parted {
  readonly value: Polynomial;
  readonly inside: readonly Fact[];
  readonly outside: readonly (readonly Fact[])[];
}

const MOST_CANDIDATES = 40;
/** Most candidates that are compared two by two. */
const MOST_COMPARED = 6;

/**
 * The greatest `value` over the points that satisfy the facts of its piece; 0 where there is no point. `keys` are the indices
 * to be taken over, outermost first; `hints` are further values to try for some of them.
 */
export function maximumOver(
  pieces: readonly Weighted[],
  keys: readonly string[],
  context: readonly Fact[],
  budget: Budget,
  hints: ReadonlyMap<string, readonly Polynomial[]> = new Map(),
): Maximum {
  const live = pieces
    .filter((p) => !isEmpty([...context, ...p.facts]))
    .map((p) => atUpperEnds(p, keys, context, budget));
  const candidates = promising(
    live.flatMap((p) => candidatesOf(p, [...keys].reverse(), context, budget, hints)),
    context,
  );
  const dominates = (value: Polynomial, region: readonly Fact[]): boolean =>
    live.every((p) => {
      budget.spend("the greatest value");
      return implies([...context, ...region, ...p.facts], atMost(p.value, value));
    });

  /** The greatest of a few that are all attained, where each piece is below one of them. */
  const together = (attained: readonly Candidate[], region: readonly Fact[]): Polynomial | undefined => {
    const known = [...context, ...region];
    const values = attained.slice(0, MOST_COMPARED).map((c) => c.value);
    if (values.length < 2) return undefined;
    const needed = new Set<Polynomial>();
    const all = live.every((p) => {
      const here = [...known, ...p.facts];
      const above = values.find((v) => {
        budget.spend("the greatest value");
        return implies(here, atMost(p.value, v));
      });
      if (above !== undefined) needed.add(above);
      return above !== undefined;
    });
    if (!all) return undefined;
    for (const v of [...needed])
      if ([...needed].some((w) => w !== v && implies(known, atMost(v, w)))) needed.delete(v);
    return needed.size === 0 ? undefined : [...needed].reduce((a, b) => extreme("max", a, b));
  };

  const settled: Weighted[] = [];
  let open = 0;
  const solve = (region: readonly Fact[], splits: number): void => {
    const known = [...context, ...region];
    const attained: Candidate[] = [];
    const partial: Parted[] = [];
    for (const c of [...candidates, { facts: [], value: nothing }]) {
      const { inside, outside } = within(region, c.facts, context, budget);
      if (inside === undefined) continue;
      if (outside.length > 0) {
        partial.push({ value: c.value, inside, outside });
        continue;
      }
      if (dominates(c.value, region)) {
        settled.push({ facts: region, value: c.value });
        return;
      }
      attained.push(c);
    }
    const most = together(attained, region);
    if (most !== undefined) {
      settled.push({ facts: region, value: most });
      return;
    }
    for (const { value, inside, outside } of partial) {
      if (!dominates(value, inside)) continue;
      settled.push({ facts: inside, value });
      for (const o of outside) solve(o, splits);
      return;
    }
    if (splits > 0) {
      // One is attained in a part of the region: where a single comparison tells, that comes first.
      const [cut] = partial;
      const apart = (): void => {
        solve(cut!.inside, splits - 1);
        for (const o of cut!.outside) solve(o, splits - 1);
      };
      if (cut !== undefined && cut.outside.length === 1) return apart();
      // None is the greatest everywhere: of two that are attained, one or the other is the greater.
      for (const [k, a] of attained.slice(0, MOST_COMPARED).entries())
        for (const b of attained.slice(k + 1, MOST_COMPARED)) {
          const less = atMost(a.value, b.value);
          if (implies(known, less)) continue;
          const [more] = opposite(less);
          if (isEmpty([...known, less])) continue;
          solve([...region, less], splits - 1);
          solve([...region, more!], splits - 1);
          return;
        }
      if (cut !== undefined) return apart();
    }
    open++;
  };
  solve([], 3);
  if (open === 0) return { exact: closedSum(settled, context, budget), pieces: settled };
  const upper = candidates.find((c) => dominates(c.value, []));
  const lower = candidates.find((c) => c.value.terms.length > 0 && c.facts.every((f) => implies(context, f)));
  const form = (c: Candidate | undefined): ClosedForm | undefined =>
    c === undefined ? undefined : closedSum([{ facts: [], value: c.value }], context, budget);
  const above = upper === undefined ? undefined : [{ facts: [], value: upper.value }];
  return { upper: form(upper), lower: form(lower), pieces: above };
}

/** The same greatest value with fewer indices: one in which the value is not affine goes where it is greatest at an end of its range. */
function atUpperEnds(
  piece: Weighted,
  keys: readonly string[],
  context: readonly Fact[],
  budget: Budget,
): Weighted {
  let { facts, value } = piece;
  // The simplest first: what is fixed by then makes the others simpler.
  const terms = (key: string): number =>
    piece.value.terms.filter((t) => dependsOn({ terms: [t] }, key)).length;
  for (const key of [...keys].sort((a, b) => terms(a) - terms(b))) {
    if (!dependsOn(value, key) || affineIn(value, key) !== undefined) continue;
    const follows = (f: Fact, ...more: readonly Fact[]): boolean => {
      budget.spend("the greatest value");
      return implies([...context, ...facts, ...more], f);
    };
    const ends = facts.flatMap((f) => {
      const parts = f.equality ? undefined : affineIn(f.form, key);
      return parts !== undefined && isMinusOne(parts.coefficient) ? [parts.rest] : [];
    });
    const end = ends.find((e) => {
      const at = new Map([[key, e]]);
      return (
        follows(atMost(value, substitute(value, at)), below(variable(key), e)) &&
        facts.every((f) => !dependsOn(f.form, key) || follows(substituteFact(f, at)))
      );
    });
    if (end === undefined) continue;
    const by = new Map([[key, end]]);
    value = substitute(value, by);
    facts = facts
      .map((f) => substituteFact(f, by))
      .filter((f) => constantOf(f.form) === undefined || isEmpty([f]));
  }
  return { facts, value };
}
const isMinusOne = ({ numerator, denominator }: Rational): boolean => numerator === -1n && denominator === 1n;

/** Of many, those that are the greatest at some of a few sizes: only these are worth a proof. Those that hold everywhere come first. */
function promising(candidates: readonly Candidate[], context: readonly Fact[]): Candidate[] {
  const key = (c: Candidate): string =>
    `${polynomialKey(c.value)};${c.facts
      .map((f) => polynomialKey(f.form))
      .sort()
      .join()}`;
  const all = [...new Map(candidates.map((c) => [key(c), c])).values()];
  all.sort((a, b) => a.facts.length - b.facts.length);
  const wins = new Map<Candidate, number>();
  for (const point of pointsOf(all, context)) {
    let best: Candidate | undefined;
    let most = 0;
    for (const c of all) {
      const value = valueAt(c.value, point);
      if (!(value > most) || !c.facts.every((f) => holds(f, point))) continue;
      [best, most] = [c, value];
    }
    if (best !== undefined) wins.set(best, (wins.get(best) ?? 0) + 1);
  }
  const kept = all.filter((c) => wins.has(c));
  return kept
    .sort((a, b) => a.facts.length - b.facts.length || (wins.get(b) ?? 0) - (wins.get(a) ?? 0))
    .slice(0, MOST_CANDIDATES);
}

const SAMPLED = [1, 2, 3, 0, 5, 8, 13, 4, 16, 31, 7, 20, 10, 17, 6, 11, 9, 12];

/** Points of the context: small sizes, equal ones, and each small beside large ones. */
function pointsOf(candidates: readonly Candidate[], context: readonly Fact[]): Point[] {
  const forms = [
    ...candidates.flatMap((c) => [c.value, ...c.facts.map((f) => f.form)]),
    ...context.map((f) => f.form),
  ];
  const sizes = [...allAtoms(forms)].filter((k) => ["size", "index"].includes(atomOf(k).kind));
  const found: Point[] = [];
  for (let round = 0; round < 5 * SAMPLED.length; round++) {
    const point: Point = new Map();
    sizes.forEach((k, j) => {
      const shift = Math.floor(round / SAMPLED.length) * (j + 1) * (2 * j + 1);
      point.set(k, SAMPLED[(round + shift) % SAMPLED.length]!);
    });
    if (context.every((f) => holds(f, point))) found.push(point);
    if (sizes.length === 0) break;
  }
  return found;
}

/** Values with every index at an end of its range, innermost first. */
function candidatesOf(
  piece: Weighted,
  keys: readonly string[],
  context: readonly Fact[],
  budget: Budget,
  hints: ReadonlyMap<string, readonly Polynomial[]>,
): Candidate[] {
  const [key, ...rest] = keys;
  if (key === undefined) {
    const facts = piece.facts.filter((f) => !implies(context, f));
    return isEmpty([...context, ...facts]) ? [] : [{ facts, value: piece.value }];
  }
  budget.spend("the greatest value");
  const known = [...context, ...piece.facts];
  const slope = affineIn(piece.value, key);
  // A value that rises with the index is largest at its upper end, one that does not change at any.
  const rises = slope === undefined ? undefined : signOf(slope.coefficient);
  // An index that a piece does not speak of may be anything.
  if (![piece.value, ...piece.facts.map((f) => f.form)].some((a) => dependsOn(a, key)))
    return candidatesOf(piece, rest, context, budget, hints);
  const own = hints.get(key) ?? [];
  const found = new Map(own.map((h) => [polynomialKey(h), h] as const));
  for (const f of piece.facts) {
    const parts = affineIn(f.form, key);
    if (parts === undefined || signOf(parts.coefficient) === 0) continue;
    const sign = signOf(parts.coefficient);
    if (!f.equality && rises !== undefined && rises !== 0 && rises === sign) continue;
    const c = { ...parts.coefficient, numerator: absolute(parts.coefficient.numerator) };
    const end = floorOfQuotient(parts.rest, number(c));
    const at = sign > 0 ? scale(end, -1) : end;
    if (!dependsOn(at, key)) found.set(polynomialKey(at), at);
  }
  // Of several ends, those that are certainly outside are no use.
  return [...found.values()].slice(0, 6 + own.length).flatMap((at) => {
    const by = new Map([[key, at]]);
    const facts = piece.facts
      .map((f) => substituteFact(f, by))
      .filter((f) => constantOf(f.form) === undefined || isEmpty([f]));
    if (isEmpty([...context, ...facts]) || isEmpty(known)) return [];
    return candidatesOf({ facts, value: substitute(piece.value, by) }, rest, context, budget, hints);
  });
}

/** A region cut by facts: the part where all hold, and the disjoint rest. */
function within(
  region: readonly Fact[],
  facts: readonly Fact[],
  context: readonly Fact[],
  budget: Budget,
): { readonly inside?: readonly Fact[]; readonly outside: readonly (readonly Fact[])[] } {
  const outside: (readonly Fact[])[] = [];
  let inside: readonly Fact[] = region;
  for (const f of facts) {
    budget.spend("the greatest value");
    const known = [...context, ...inside];
    if (implies(known, f)) continue;
    for (const g of opposite(f)) if (!isEmpty([...known, g])) outside.push([...inside, g]);
    if (isEmpty([...known, f])) return { outside: [region] };
    inside = [...inside, f];
  }
  return { inside, outside };
}
