/** Affine forms over sizes and indices, and the little prover that most reads need. */
import { not } from "../equations/conditions";
import type { Comparison, Condition, Dim, IndexExpr } from "../equations/system";

export interface Affine {
  readonly constant: number;
  readonly terms: ReadonlyMap<string, number>;
}

export const affine = (constant: number, terms: readonly (readonly [string, number])[] = []): Affine => ({
  constant,
  terms: new Map(terms),
});

export function combine(a: Affine, b: Affine, factor: number): Affine {
  const terms = new Map(a.terms);
  for (const [name, c] of b.terms) {
    const sum = (terms.get(name) ?? 0) + factor * c;
    if (sum === 0) terms.delete(name);
    else terms.set(name, sum);
  }
  return { constant: a.constant + factor * b.constant, terms };
}

/** Anything that is not affine counts as an unknown of its own. */
export function toAffine(e: IndexExpr): Affine {
  switch (e.kind) {
    case "integer":
      return affine(e.value);
    case "size":
      return affine(0, [[`size ${e.name}`, 1]]);
    case "index":
      return affine(0, [[e.name, 1]]);
    case "add":
      return combine(toAffine(e.left), toAffine(e.right), 1);
    case "sub":
      return combine(toAffine(e.left), toAffine(e.right), -1);
    case "mul": {
      const [a, b] = [toAffine(e.left), toAffine(e.right)];
      const [scalar, form] =
        a.terms.size === 0 ? [a.constant, b] : b.terms.size === 0 ? [b.constant, a] : [undefined, a];
      return scalar === undefined ? opaque(e) : combine(affine(0), form, scalar);
    }
    default:
      return opaque(e);
  }
}

const opaqueNames = new WeakMap<IndexExpr, string>();
let opaqueCount = 0;
function opaque(e: IndexExpr): Affine {
  let name = opaqueNames.get(e);
  if (name === undefined) {
    name = `#${opaqueCount++}`;
    opaqueNames.set(e, name);
  }
  return affine(0, [[name, 1]]);
}

/** The forms a comparison says are ≥ 0. */
export function factsOf(c: Comparison): Affine[] {
  const difference = combine(toAffine(c.right), toAffine(c.left), -1);
  if (c.op === "<=") return [difference];
  if (c.op === "<") return [{ ...difference, constant: difference.constant - 1 }];
  if (c.op === "==") return [difference, combine(affine(0), difference, -1)];
  return [];
}

/**
 * A constant that a form never falls below, by the ranges of its indices (innermost first) or by one fact; −∞ where
 * neither settles it.
 */
export function least(form: Affine, ranges: readonly Dim[], facts: readonly Affine[]): number {
  if (form.terms.size === 0) return form.constant;
  let best = Number.NEGATIVE_INFINITY;
  for (const fact of facts) {
    const rest = combine(form, fact, -1);
    if (rest.terms.size === 0) best = Math.max(best, rest.constant);
  }
  for (let k = ranges.length - 1; k >= 0; k--) {
    const dim = ranges[k]!;
    const c = form.terms.get(dim.index);
    if (c === undefined) continue;
    const bound = c > 0 ? toAffine(dim.lo) : combine(toAffine(dim.hi), affine(1), -1);
    const without = new Map(form.terms);
    without.delete(dim.index);
    return Math.max(
      best,
      least(combine({ constant: form.constant, terms: without }, bound, c), ranges.slice(0, k), facts),
    );
  }
  return best;
}

/** What a condition tells: nothing where it is a disjunction. */
export const knownFacts = (condition: Condition, ranges: readonly Dim[]): Affine[] =>
  condition.length === 1
    ? condition[0]!.flatMap((c) => (c.op === "!=" ? beyondEnd(c, ranges) : factsOf(c)))
    : [];
/** What is known where a condition does not hold. */
export const knownOtherwise = (condition: Condition, ranges: readonly Dim[]): Affine[] =>
  knownFacts(not(condition), ranges);

/** `i != lo` for an index that starts at lo says i ≥ lo + 1; likewise at the upper end. */
function beyondEnd(c: Comparison, ranges: readonly Dim[]): Affine[] {
  for (const [side, other] of [
    [c.left, c.right],
    [c.right, c.left],
  ] as const) {
    const range = side.kind === "index" ? ranges.find((d) => d.index === side.name) : undefined;
    if (range === undefined) continue;
    const index = toAffine(side);
    const above = combine(toAffine(other), toAffine(range.lo), -1);
    if (above.terms.size === 0 && above.constant === 0)
      return [
        {
          ...combine(index, toAffine(range.lo), -1),
          constant: combine(index, toAffine(range.lo), -1).constant - 1,
        },
      ];
    const below = combine(toAffine(range.hi), toAffine(other), -1);
    const room = combine(toAffine(other), index, -1);
    if (below.terms.size === 0 && below.constant === 1) return [{ ...room, constant: room.constant - 1 }];
  }
  return [];
}
