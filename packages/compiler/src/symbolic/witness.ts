/**
 * Points that satisfy facts: where there is one the facts do not contradict one another, and no proof of that need be
 * looked for. Values are whole numbers that doubles hold exactly; what leaves that range is no witness.
 */
import { allAtoms, atomOf, indexKey } from "./atoms";
import type { Polynomial } from "./polynomial";
import type { Fact } from "./region";

/** Values of atoms by their keys: sizes and indices are given, the others follow. */
export type Point = Map<string, number>;

const LARGEST = 2 ** 50;
const LONGEST_SUM = 64;
/** The last points that were of use. */
const REMEMBERED = 24;
/** Values tried for one unknown, and in one search. */
const VALUES = 4;
const TRIES = 160;

/** Points, and which facts hold there as far as was asked. */
const points: { readonly at: Point; readonly known: WeakMap<Fact, boolean> }[] = [];
export const forgetWitnesses = (): void => {
  points.length = 0;
};

/** Whether some whole numbers are known to satisfy all facts. False also where none was found. */
export function isSatisfied(facts: readonly Fact[]): boolean {
  for (let k = 0; k < points.length; k++) {
    const point = points[k]!;
    const { at, known } = point;
    const all = facts.every((f) => {
      let here = known.get(f);
      if (here === undefined) {
        here = holds(f, at);
        known.set(f, here);
      }
      return here;
    });
    if (!all) continue;
    if (k > 0) {
      points.splice(k, 1);
      points.unshift(point);
    }
    return true;
  }
  return false;
}

/** Looks for such numbers among small ones, and remembers them. */
export function findsWitness(facts: readonly Fact[]): boolean {
  const found = search(facts);
  if (found === undefined) return false;
  points.unshift({ at: found, known: new WeakMap() });
  if (points.length > REMEMBERED) points.pop();
  return true;
}

export function holds({ form, equality }: Fact, point: Point): boolean {
  const value = numerator(form, point);
  return equality ? value === 0 : value >= 0;
}

/** The value times the least common denominator; NaN where there is none that is exact. */
function numerator(form: Polynomial, point: Point): number {
  const by = denominator(form);
  let sum = 0;
  for (const { coefficient, powers } of form.terms) {
    let product = Number(coefficient.numerator) * (by === 1 ? 1 : by / Number(coefficient.denominator));
    for (const [key, k] of powers) {
      const value = atomAt(key, point);
      for (let j = 0; j < k; j++) product *= value;
    }
    sum += product;
    // Also where a value is missing.
    if (!(sum <= LARGEST && sum >= -LARGEST && product <= LARGEST && product >= -LARGEST)) return Number.NaN;
  }
  return sum;
}

/** The value of a form at a point, in doubles; NaN where they do not hold it. What the point lacks is computed into it. */
export const valueAt = (form: Polynomial, point: Point): number => numerator(form, point) / denominator(form);

function denominator(form: Polynomial): number {
  let by = 1;
  for (const { coefficient } of form.terms) {
    if (coefficient.denominator === 1n) continue;
    const d = Number(coefficient.denominator);
    let [a, b] = [by, d];
    while (b > 0) [a, b] = [b, a % b];
    by = (by / a) * d;
  }
  return by;
}

function atomAt(key: string, point: Point): number {
  let value = point.get(key);
  if (value === undefined) {
    value = compute(key, point);
    point.set(key, value);
  }
  return value;
}

function compute(key: string, point: Point): number {
  const atom = atomOf(key);
  const whole = (form: Polynomial): number => {
    const value = numerator(form, point) / denominator(form);
    return Number.isInteger(value) ? value : Number.NaN;
  };
  switch (atom.kind) {
    case "size":
    case "index":
      return Number.NaN;
    case "sum": {
      const [lo, hi] = [whole(atom.lo), whole(atom.hi)];
      if (!(hi - lo <= LONGEST_SUM)) return Number.NaN;
      let total = 0;
      for (let k = lo; k <= hi; k++) {
        const inner: Point = new Map([...point].filter(([name]) => isFree(name)));
        total += valueAt(atom.body, inner.set(indexKey(atom.index), k));
      }
      return total;
    }
    case "floor": {
      const by = whole(atom.by);
      return by > 0 ? Math.floor(numerator(atom.of, point) / (denominator(atom.of) * by)) : Number.NaN;
    }
    case "log2": {
      const of = whole(atom.of);
      return of <= 1 ? 0 : of < 2 ** 31 ? 32 - Math.clz32(of - 1) : Number.NaN;
    }
    case "pow2": {
      const of = whole(atom.of);
      return of >= 0 && of <= 50 ? 2 ** of : Number.NaN;
    }
    case "min":
      return Math.min(whole(atom.of[0]), whole(atom.of[1]));
    case "max":
      return Math.max(whole(atom.of[0]), whole(atom.of[1]));
  }
}

/** One unknown after another: what an equality says, else the smallest values that its bounds allow. */
function search(facts: readonly Fact[]): Point | undefined {
  const unknowns = [...allAtoms(facts.map((f) => f.form))].filter((k) => isFree(k));
  unknowns.sort((a, b) => Number(a.startsWith("#")) - Number(b.startsWith("#")));
  const order = new Map(unknowns.map((k, at) => [k, at]));
  // Facts are looked at as soon as all their unknowns have values.
  const due: Fact[][] = unknowns.map(() => []);
  for (const f of facts) {
    const last = Math.max(-1, ...[...allAtoms([f.form])].map((k) => order.get(k) ?? -1));
    if (last >= 0) due[last]!.push(f);
  }
  let left = TRIES;
  const values = new Map<string, number>();
  const walk = (at: number): boolean => {
    const key = unknowns[at];
    if (key === undefined) return true;
    let [from, to] = [key.startsWith("#") ? Number.NEGATIVE_INFINITY : 0, Number.POSITIVE_INFINITY];
    for (const f of due[at]!) {
      const bound = boundOf(f, key, values);
      if (bound === undefined) continue;
      if (f.equality) {
        if (!Number.isInteger(bound.at)) return false;
        [from, to] = [Math.max(from, bound.at), Math.min(to, bound.at)];
      } else if (bound.below) to = Math.min(to, Math.floor(bound.at));
      else from = Math.max(from, Math.ceil(bound.at));
    }
    if (from === Number.NEGATIVE_INFINITY) from = Math.min(0, to);
    for (let value = from; value <= to && value < from + VALUES && left-- > 0; value++) {
      values.set(key, value);
      const point: Point = new Map(values);
      if (due[at]!.every((f) => holds(f, point)) && walk(at + 1)) return true;
    }
    values.delete(key);
    return false;
  };
  return walk(0) ? new Map(values) : undefined;
}

const isFree = (key: string): boolean => {
  const { kind } = atomOf(key);
  return kind === "size" || kind === "index";
};

/** Where a fact that is affine in an unknown turns from false to true, the others known; `below`: true up to there. */
function boundOf(
  { form }: Fact,
  key: string,
  values: ReadonlyMap<string, number>,
): { readonly at: number; readonly below: boolean } | undefined {
  let [slope, rest] = [0, 0];
  for (const { coefficient, powers } of form.terms) {
    let product = Number(coefficient.numerator) / Number(coefficient.denominator);
    let own = false;
    for (const [k, e] of powers) {
      if (k === key) {
        if (e > 1) return undefined;
        own = true;
        continue;
      }
      const value = values.get(k);
      if (value === undefined) return undefined;
      product *= value ** e;
    }
    if (own) slope += product;
    else rest += product;
  }
  return slope === 0 ? undefined : { at: -rest / slope, below: slope < 0 };
}
