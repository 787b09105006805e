/**
 * Exact sums over parametric domains, one index after another from the inside out (Pugh 1994, "Counting solutions to
 * Presburger formulas: how and why"): split where bounds cross, where ranges are empty and by residues, then sum powers
 * by Faulhaber's formula, powers of two as geometric series, and logarithms by counting what lies above each 2^t.
 */
import type { Dim } from "../equations/system";
import {
  add,
  affineIn,
  allAtoms,
  atomOf,
  constantOf,
  dependsOn,
  floorOfQuotient,
  index,
  indexKey,
  linearIn,
  log2,
  mentionsBound,
  multiply,
  nothing,
  number,
  openSum,
  pow2,
  powerOfTwo,
  scale,
  single,
  substitute,
  subtract,
} from "./atoms";
import { effort } from "./effort";
import { atomsOf, type Polynomial, powerOfPolynomial, type Term, variable } from "./polynomial";
import { absolute, gcd, isWhole, over, plus, type Rational, rational, signOf, times, zero } from "./rational";
import {
  atLeastZero,
  atMost,
  below,
  type Fact,
  factKey,
  factsOfDims,
  implies,
  isEmpty,
  substituteFact,
} from "./region";

/** `value` where all facts hold, 0 elsewhere. In a list the values add up. */
export interface Weighted {
  readonly facts: readonly Fact[];
  readonly value: Polynomial;
}

/** Why there is no closed sum, in words. Control flow inside this package: every caller catches it. */
export class NotSummable extends Error {}

/** Questions one sum may ask the prover, or pieces it may fall into, and what these may cost (`effort.ts`). */
export class Budget {
  private readonly end: number;
  constructor(
    private left: number = 3000,
    cost = 20_000_000,
  ) {
    this.end = effort.spent + cost;
  }
  spend(what: string): void {
    if (--this.left < 0 || effort.spent > this.end)
      throw new NotSummable(`${what} falls into too many cases`);
  }
  /** A budget for a part of the question, out of what is left of this one. */
  part(questions: number, cost: number): Budget {
    return new Budget(questions, Math.min(cost, this.end - effort.spent));
  }
}

export const LONGEST_PERIOD = 24;

/**
 * The sum of weights over all points of nested ranges, as weights over what is left. `context` holds of what is outside
 * (sizes, outer indices). Throws `NotSummable` where a range or a guard resists.
 */
export function sumOver(
  dims: readonly Dim[],
  weights: readonly Weighted[],
  context: readonly Fact[],
  budget: Budget,
): Weighted[] {
  let pieces: Weighted[] = weights.map((w) => ({ ...w, facts: [...factsOfDims(dims), ...w.facts] }));
  pieces = pieces.flatMap((p) => resolve(p, context, budget));
  for (let d = dims.length - 1; d >= 0; d--) {
    const outer = [...context, ...factsOfDims(dims.slice(0, d)).filter(isPlainFact)];
    pieces = gather(pieces.flatMap((p) => sumIndex(p, dims[d]!.index, outer, budget)));
  }
  return pieces;
}

/**
 * The same over the indices that are named, whose ranges are among the facts of the pieces. What an equality gives away without
 * rounding goes first, then the last of those left.
 */
export function sumAway(
  names: readonly string[],
  pieces: readonly Weighted[],
  context: readonly Fact[],
  budget: Budget,
): Weighted[] {
  const away = (piece: Weighted, left: readonly string[]): Weighted[] => {
    if (left.length === 0) return [piece];
    const next = left.find((n) => isGiven(piece.facts, indexKey(n))) ?? left[left.length - 1]!;
    const rest = left.filter((n) => n !== next);
    return sumIndex(piece, next, context, budget).flatMap((p) => away(p, rest));
  };
  return gather(pieces.flatMap((p) => resolve(p, context, budget)).flatMap((p) => away(p, names)));
}

const isGiven = (facts: readonly Fact[], key: string): boolean =>
  facts.some((f) => {
    const parts = f.equality ? affineIn(f.form, key) : undefined;
    return parts !== undefined && isWhole(parts.coefficient) && absolute(parts.coefficient.numerator) === 1n;
  });

/** Facts with a minimum or maximum in them are split elsewhere; as context they say nothing the pieces do not say. */
const isPlainFact = (f: Fact): boolean => ![...allAtoms([f.form])].some(isExtreme);
const isExtreme = (key: string): boolean => {
  const { kind } = atomOf(key);
  return kind === "min" || kind === "max";
};

/** Adds up what holds under the same facts. */
export function gather(pieces: readonly Weighted[]): Weighted[] {
  const sums = new Map<string, Weighted>();
  for (const p of pieces) {
    const key = p.facts.map(factKey).sort().join(";");
    const known = sums.get(key);
    sums.set(key, known === undefined ? p : { ...p, value: add(known.value, p.value) });
  }
  return [...sums.values()].filter((p) => p.value.terms.length > 0);
}

/** Splits until no minimum or maximum is left. */
export function resolve(piece: Weighted, context: readonly Fact[], budget: Budget): Weighted[] {
  // One that mentions the index of an open sum is another at every step of it: no case of sizes decides it.
  const key = [...allAtoms([...piece.facts.map((f) => f.form), piece.value])].find(
    (k) => isExtreme(k) && !mentionsBound(k),
  );
  if (key === undefined) return [piece];
  budget.spend("a minimum or maximum");
  const atom = atomOf(key) as Extract<ReturnType<typeof atomOf>, { kind: "min" | "max" }>;
  const [a, b] = atom.of;
  const first = { fact: atMost(a, b), value: atom.kind === "min" ? a : b };
  const second = { fact: below(b, a), value: atom.kind === "min" ? b : a };
  return [first, second].flatMap(({ fact, value }) => {
    const by = new Map([[key, value]]);
    const facts = [...piece.facts.map((f) => substituteFact(f, by)), fact];
    if (isEmpty([...context, ...facts])) return [];
    return resolve({ facts, value: substitute(piece.value, by) }, context, budget);
  });
}

interface Bounds {
  readonly lower: Polynomial[];
  readonly upper: Polynomial[];
}

/** Sums one index away. */
function sumIndex(piece: Weighted, name: string, context: readonly Fact[], budget: Budget): Weighted[] {
  budget.spend(`the range of ${name}`);
  if (isEmpty([...context, ...piece.facts])) return [];
  const key = indexKey(name);
  const period = periodOf([piece], key);
  if (period > LONGEST_PERIOD) throw new NotSummable(`${name} has a period of ${period}`);
  if (period > 1) {
    const inner = `${name}'`;
    return Array.from({ length: period }, (_, r) => {
      const by = new Map([[key, add(scale(index(inner), period), number(r))]]);
      return {
        facts: piece.facts.map((f) => substituteFact(f, by)),
        value: substitute(piece.value, by),
      };
    }).flatMap((p) => sumIndex(p, inner, context, budget));
  }

  let outside = piece.facts.filter((f) => !dependsOn(f.form, key));
  let inside = piece.facts.filter((f) => dependsOn(f.form, key));
  // An equality gives the index away; one that does not is no bound either.
  for (const f of inside) {
    if (!f.equality) continue;
    const parts = linearIn(f.form, key);
    const sign = parts === undefined ? 0 : signUnder(parts.coefficient, [...context, ...piece.facts]);
    if (parts === undefined || sign === 0) continue;
    // c·i + rest = 0: i = −rest / c, where that is whole.
    const value = floorOfQuotient(scale(parts.rest, -sign), scale(parts.coefficient, sign));
    const by = new Map([[key, value]]);
    const facts = [...outside, ...inside.map((g) => substituteFact(g, by))].filter(
      (g) => constantOf(g.form) === undefined || isEmpty([g]),
    );
    if (isEmpty([...context, ...facts])) return [];
    return [{ facts, value: substitute(piece.value, by) }];
  }
  if (inside.some((f) => f.equality)) throw new NotSummable(`an equality does not give ${name} away`);
  const affine = [...context, ...piece.facts.filter((f) => affineIn(f.form, key) !== undefined)];
  for (const k of allAtoms([...piece.facts.map((f) => f.form), piece.value])) {
    const atom = atomOf(k);
    // The prover takes a power of two for a whole number.
    if (atom.kind === "pow2" && dependsOn(atom.of, key) && !implies(affine, atLeastZero(atom.of)))
      throw new NotSummable(`2^ may have a negative exponent in the range of ${name}`);
  }

  // Bounds by powers become bounds by logarithms; what follows from the rest goes.
  const all = (facts: readonly Fact[]): Fact[] => [...context, ...outside, ...facts];
  inside = inside.map((f) =>
    affineIn(f.form, key) === undefined ? (logarithmic(f, key, all(inside)) ?? f) : f,
  );
  for (let k = inside.length - 1; k >= 0; k--) {
    budget.spend(`the range of ${name}`);
    const others = inside.filter((_, j) => j !== k);
    if (others.length > 0 && implies(all(others), inside[k]!)) inside = others;
  }
  const bounds: Bounds = { lower: [], upper: [] };
  for (const f of inside) {
    const parts = linearIn(f.form, key);
    const sign = parts === undefined ? 0 : signUnder(parts.coefficient, all([]));
    if (parts === undefined || sign === 0)
      throw new NotSummable(`no bound for ${name} can be read off a guard that is not affine in it`);
    const { coefficient, rest } = parts;
    // c·i + rest >= 0: i >= ceil(−rest / c) = −floor(rest / c), or i <= floor(rest / −c).
    const bound = withoutWholeFloors(floorOfQuotient(rest, scale(coefficient, sign)), all([]));
    if (sign > 0) bounds.lower.push(scale(bound, -1));
    else bounds.upper.push(bound);
  }
  if (bounds.lower.length === 0 || bounds.upper.length === 0) throw new NotSummable(`${name} has no bound`);
  outside = withoutTrivial(outside);
  return bounds.lower.flatMap((lo, a) =>
    bounds.upper.flatMap((hi, b): Weighted[] => {
      budget.spend(`the range of ${name}`);
      // This lower bound is the greatest and this upper bound the least; of equals, the first.
      const chosen = [
        ...bounds.lower.flatMap((other, j) =>
          j === a ? [] : [j < a ? below(other, lo) : atMost(other, lo)],
        ),
        ...bounds.upper.flatMap((other, j) =>
          j === b ? [] : [j < b ? below(hi, other) : atMost(hi, other)],
        ),
      ];
      const room = atMost(lo, add(hi, single));
      const facts = [...outside];
      for (const f of [...chosen, room]) {
        if (implies([...context, ...facts], f)) continue;
        facts.push(f);
      }
      if (isEmpty([...context, ...facts])) return [];
      return [{ facts, value: sumPolynomial(piece.value, name, lo, hi) }];
    }),
  );
}

/** The sign of a form that never vanishes; 0 where that is not proved. */
function signUnder(form: Polynomial, known: readonly Fact[]): -1 | 0 | 1 {
  const value = constantOf(form);
  if (value !== undefined) return signOf(value);
  if (implies(known, atMost(single, form))) return 1;
  return implies(known, atMost(single, scale(form, -1))) ? -1 : 0;
}

const absoluteOf = (c: Rational): Rational => ({ ...c, numerator: absolute(c.numerator) });
const withoutTrivial = (facts: readonly Fact[]): Fact[] =>
  facts.filter((f) => constantOf(f.form) === undefined || isEmpty([f]));

/** Over how many steps of an index its floors repeat. */
export function periodOf(pieces: readonly Weighted[], key: string): number {
  let period = 1n;
  for (const k of allAtoms(pieces.flatMap((p) => [...p.facts.map((f) => f.form), p.value]))) {
    const atom = atomOf(k);
    if (atom.kind !== "floor" || !dependsOn(variable(k), key)) continue;
    const divisor = constantOf(atom.by);
    const parts = affineIn(atom.of, key);
    // A floor of something else has no period: bounds that need it fail, values stay open.
    if (divisor === undefined || parts === undefined) continue;
    const own = divisor.numerator / gcd(divisor.numerator, parts.coefficient.numerator);
    period = (period * own) / gcd(period, own);
  }
  return Number(period);
}

/** `x − f·2^e >= 0` and the reverse as a bound on e, affine in i, where x is positive: e <= log2(x/f + 1) − 1, e >= log2(x/f). */
export function logarithmic(f: Fact, key: string, context: readonly Fact[]): Fact | undefined {
  if (f.equality) return undefined;
  const power = atomsOf(f.form).find((k) => {
    const atom = atomOf(k);
    return atom.kind === "pow2" && affineIn(atom.of, key) !== undefined && dependsOn(atom.of, key);
  });
  if (power === undefined) return undefined;
  const parts = affineIn(f.form, power);
  if (parts === undefined || dependsOn(parts.rest, key) || signOf(parts.coefficient) === 0) return undefined;
  const up = signOf(parts.coefficient) < 0;
  const x = scale(parts.rest, up ? 1 : -1);
  const shift = powerOfTwo(absoluteOf(parts.coefficient));
  if (shift === undefined || !implies(context, atMost(single, x))) return undefined;
  // f·2^e = 2^(e + shift), and both sides are whole numbers.
  const e = (atomOf(power) as { readonly of: Polynomial }).of;
  return up
    ? atMost(add(e, number(shift + 1)), log2(add(x, single)))
    : atMost(log2(x), add(e, number(shift)));
}

/** Takes floors away from quotients of powers of two that are whole: floor(2^r / 2) for r >= 1. */
function withoutWholeFloors(a: Polynomial, known: readonly Fact[]): Polynomial {
  const by = new Map<string, Polynomial>();
  for (const key of atomsOf(a)) {
    const atom = atomOf(key);
    if (atom.kind !== "floor") continue;
    const divisor = constantOf(atom.by);
    const k = divisor === undefined ? undefined : powerOfTwo(divisor);
    if (k === undefined) continue;
    const whole = atom.of.terms.every((t) =>
      t.powers.some(([p]) => {
        const inner = atomOf(p);
        return inner.kind === "pow2" && implies(known, atMost(number(k), inner.of));
      }),
    );
    if (whole) by.set(key, scale(atom.of, rational(1n, 2n ** BigInt(k))));
  }
  return by.size === 0 ? a : substitute(a, by);
}

// Sums of one term

/** The sum of a polynomial over lo <= index <= hi, where hi >= lo − 1. */
function sumPolynomial(value: Polynomial, name: string, lo: Polynomial, hi: Polynomial): Polynomial {
  const key = indexKey(name);
  let [closed, open] = [nothing, nothing];
  for (const term of value.terms) {
    const sum = sumTerm(term, key, lo, hi);
    if (sum === undefined) open = add(open, { terms: [term] });
    else closed = add(closed, sum);
  }
  return open.terms.length === 0 ? closed : add(closed, openSum(name, lo, hi, open));
}

function sumTerm(term: Term, key: string, lo: Polynomial, hi: Polynomial): Polynomial | undefined {
  let factor = number(term.coefficient);
  let [exponent, base] = [0, 0];
  let logarithm: { readonly sign: 1 | -1; readonly shift: Polynomial } | undefined;
  for (const [k, power] of term.powers) {
    const self = variable(k);
    if (k === key) exponent = power;
    else if (!dependsOn(self, key)) factor = multiply(factor, powerOfPolynomial(self, power));
    else {
      const atom = atomOf(k);
      const parts = atom.kind === "pow2" || atom.kind === "log2" ? affineIn(atom.of, key) : undefined;
      if (parts === undefined) return undefined;
      const c = parts.coefficient;
      if (c.denominator !== 1n || absolute(c.numerator) > 8n) return undefined;
      if (atom.kind === "pow2") {
        base += power * Number(c.numerator);
        factor = multiply(factor, pow2(scale(parts.rest, power)));
      } else {
        if (power !== 1 || logarithm !== undefined || absolute(c.numerator) !== 1n) return undefined;
        logarithm = { sign: c.numerator === 1n ? 1 : -1, shift: parts.rest };
      }
    }
  }
  if (logarithm !== undefined) {
    if (base !== 0) return undefined;
    // j = ±i + shift, so i = ±(j − shift).
    const { sign, shift } = logarithm;
    const j = indexKey("logarithm");
    const body = powerOfPolynomial(scale(subtract(variable(j), shift), sign), exponent);
    const [from, to] =
      sign === 1 ? [add(lo, shift), add(hi, shift)] : [subtract(shift, hi), subtract(shift, lo)];
    const difference = body.terms.reduce((sum, t) => {
      const k = t.powers.find(([a]) => a === j)?.[1] ?? 0;
      const others: Polynomial = { terms: [{ ...t, powers: t.powers.filter(([a]) => a !== j) }] };
      const part = subtract(logarithmSum(k, to), logarithmSum(k, subtract(from, single)));
      return add(sum, multiply(others, part));
    }, nothing);
    return multiply(factor, difference);
  }
  const sum =
    base === 0
      ? subtract(faulhaber(exponent, hi), faulhaber(exponent, subtract(lo, single)))
      : subtract(geometric(exponent, base, add(hi, single)), geometric(exponent, base, lo));
  return multiply(factor, sum);
}

function binomial(n: number, k: number): bigint {
  let c = 1n;
  for (let j = 0; j < k; j++) c = (c * BigInt(n - j)) / BigInt(j + 1);
  return c;
}

const bernoulli: Rational[] = [];
/** B⁺: 1, 1/2, 1/6, 0, −1/30 … */
function bernoulliNumber(m: number): Rational {
  for (let k = bernoulli.length; k <= m; k++) {
    let sum = rational(1);
    for (let j = 0; j < k; j++)
      sum = plus(sum, times(rational(-binomial(k, j)), over(bernoulli[j]!, rational(k - j + 1))));
    bernoulli.push(sum);
  }
  return bernoulli[m]!;
}

/** 1^k + 2^k + … + x^k as a polynomial in x (Faulhaber 1631); differences of it are right for negative x too. */
function faulhaber(k: number, x: Polynomial): Polynomial {
  let sum = nothing;
  for (let j = 0; j <= k; j++) {
    const c = over(times(rational(binomial(k + 1, j)), bernoulliNumber(j)), rational(k + 1));
    if (signOf(c) !== 0) sum = add(sum, scale(powerOfExact(x, k + 1 - j), c));
  }
  return sum;
}

function powerOfExact(x: Polynomial, k: number): Polynomial {
  let product = single;
  for (let j = 0; j < k; j++) product = multiply(product, x);
  return product;
}

/** G with G(x + 1) − G(x) = x^k · 2^(a·x): 2^(a·x) times a polynomial of degree k. */
function geometric(k: number, a: number, x: Polynomial): Polynomial {
  const ratio = a > 0 ? rational(2n ** BigInt(a)) : rational(1n, 2n ** BigInt(-a));
  const less = plus(ratio, rational(-1));
  const q: Rational[] = new Array<Rational>(k + 1).fill(zero);
  q[k] = over(rational(1), less);
  for (let j = k - 1; j >= 0; j--) {
    let sum = zero;
    for (let m = j + 1; m <= k; m++) sum = plus(sum, times(rational(binomial(m, j)), q[m]!));
    q[j] = over(times(times(rational(-1), ratio), sum), less);
  }
  const polynomial = q.reduce((sum, c, j) => add(sum, scale(powerOfExact(x, j), c)), nothing);
  return multiply(polynomial, pow2(scale(x, a)));
}

/**
 * Σ j^k · log2(j) over 1 <= j <= m, 0 for m <= 1: log2(j) counts the t >= 0 with 2^t < j, so with l = log2(m) it is
 * l·S(m) − Σ S(2^t) over t < l, S the sum of k-th powers.
 */
function logarithmSum(k: number, m: Polynomial): Polynomial {
  const l = log2(m);
  const t = index("t");
  const below = sumPolynomial(faulhaber(k, pow2(t)), "t", nothing, subtract(l, single));
  return subtract(multiply(l, faulhaber(k, m)), below);
}
