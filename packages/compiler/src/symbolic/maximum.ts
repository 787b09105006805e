/**
 * The largest value of forms over parametric regions: candidates are taken at the ends of ranges, then one is proved to be
 * attained and to dominate everywhere, for all sizes or case by case. No candidate is believed.
 */
import {
  affineIn,
  constantOf,
  dependsOn,
  floorOfQuotient,
  nothing,
  number,
  scale,
  substitute,
} from "./atoms";
import { closedSum } from "./cells";
import type { ClosedForm } from "./closed-form";
import { type Polynomial, polynomialKey } from "./polynomial";
import { absolute, signOf } from "./rational";
import { atMost, type Fact, implies, isEmpty, opposite, substituteFact } from "./region";
import type { Budget, Weighted } from "./sum";

export interface Maximum {
  readonly exact?: ClosedForm | undefined;
  /** Where there is no exact form: what is proved on either side. */
  readonly upper?: ClosedForm | undefined;
  readonly lower?: ClosedForm | undefined;
}

/** A value and the facts on sizes under which a point attains it. */
interface Candidate {
  readonly facts: readonly Fact[];
  readonly value: Polynomial;
}

const MOST_CANDIDATES = 40;

/**
 * The greatest `value` over the points that satisfy the facts of its piece; 0 where there is no point. `keys` are the indices
 * to be taken over, outermost first; `hints` are further values to try for the only one.
 */
export function maximumOver(
  pieces: readonly Weighted[],
  keys: readonly string[],
  context: readonly Fact[],
  budget: Budget,
  hints: readonly Polynomial[] = [],
): Maximum {
  const live = pieces.filter((p) => !isEmpty([...context, ...p.facts]));
  const candidates = distinct(
    live.flatMap((p) => candidatesOf(p, [...keys].reverse(), context, budget, hints)),
  );
  const dominates = (value: Polynomial, region: readonly Fact[]): boolean =>
    live.every((p) => {
      budget.spend("the greatest value");
      return implies([...context, ...region, ...p.facts], atMost(p.value, value));
    });

  let open: (readonly Fact[])[] = [[]];
  const settled: Weighted[] = [];
  for (const c of [...candidates, { facts: [], value: nothing }]) {
    const next: (readonly Fact[])[] = [];
    for (const region of open) {
      const { inside, outside } = within(region, c.facts, context, budget);
      if (inside !== undefined && dominates(c.value, inside)) {
        settled.push({ facts: inside, value: c.value });
        next.push(...outside);
      } else next.push(region);
    }
    open = next;
    if (open.length > 12) break;
  }
  if (open.length === 0) return { exact: closedSum(settled, context, budget) };
  const upper = candidates.find((c) => dominates(c.value, []));
  const lower = candidates.find((c) => c.value.terms.length > 0 && c.facts.every((f) => implies(context, f)));
  const form = (c: Candidate | undefined): ClosedForm | undefined =>
    c === undefined ? undefined : closedSum([{ facts: [], value: c.value }], context, budget);
  return { upper: form(upper), lower: form(lower) };
}

function distinct(candidates: readonly Candidate[]): Candidate[] {
  const key = (c: Candidate): string =>
    `${polynomialKey(c.value)};${c.facts
      .map((f) => polynomialKey(f.form))
      .sort()
      .join()}`;
  const all = [...new Map(candidates.map((c) => [key(c), c])).values()];
  // Those that hold everywhere come first: they settle all at once.
  return all.sort((a, b) => a.facts.length - b.facts.length).slice(0, MOST_CANDIDATES);
}

/** Values with every index at an end of its range, innermost first. */
function candidatesOf(
  piece: Weighted,
  keys: readonly string[],
  context: readonly Fact[],
  budget: Budget,
  hints: readonly Polynomial[],
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
  const found = new Map(hints.map((h) => [polynomialKey(h), h] as const));
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
  return [...found.values()].slice(0, 6 + hints.length).flatMap((at) => {
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
