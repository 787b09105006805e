/**
 * Polynomials over atoms that have a structure: sizes, indices, floors, logarithms, powers of two, minima and maxima.
 * `polynomial.ts` knows atoms by name only; here is what each name stands for, so that a substitution reaches inside
 * and equal values have equal names.
 */
import type { IndexExpr } from "../equations/system";
import {
  addPolynomials,
  atomsOf,
  constantPolynomial,
  multiplyPolynomials,
  type Polynomial,
  printPolynomial,
  scalePolynomial,
  subtractPolynomials,
  type Term,
  variable,
} from "./polynomial";
import { absolute, floorOf, gcd, isWhole, over, type Rational, rational, signOf, times } from "./rational";

export type Atom =
  | { readonly kind: "size"; readonly name: string }
  | { readonly kind: "index"; readonly name: string }
  /** floor(of / by) */
  | { readonly kind: "floor"; readonly of: Polynomial; readonly by: Polynomial }
  /** ceil(log2 of), 0 where `of <= 1` */
  | { readonly kind: "log2"; readonly of: Polynomial }
  /** 2^of, no whole number in the exponent; at most one in a term. */
  | { readonly kind: "pow2"; readonly of: Polynomial }
  | { readonly kind: "min" | "max"; readonly of: readonly [Polynomial, Polynomial] }
  /** The sum of `body` over lo <= index <= hi; the index is bound here. */
  | {
      readonly kind: "sum";
      readonly index: string;
      readonly lo: Polynomial;
      readonly hi: Polynomial;
      readonly body: Polynomial;
    };

/** What a name stands for. Names are texts of what they stand for, so the table is the same whoever fills it. */
const table = new Map<string, Atom>();

function named(key: string, atom: Atom): Polynomial {
  if (!table.has(key)) table.set(key, atom);
  return variable(key);
}

export function atomOf(key: string): Atom {
  const atom = table.get(key);
  if (atom === undefined) throw new Error(`the atom ${key} was made without its constructor`);
  return atom;
}

export const number = (value: number | bigint | Rational): Polynomial =>
  constantPolynomial(typeof value === "object" ? value : rational(value));
export const nothing = number(0);
export const single = number(1);

export const size = (name: string): Polynomial => named(name, { kind: "size", name });
/** Indices have names of their own, whatever the sizes are called. */
export const indexKey = (name: string): string => `#${name}`;
export const index = (name: string): Polynomial => named(indexKey(name), { kind: "index", name });

export const add = addPolynomials;
export const subtract = subtractPolynomials;
export const scale = (a: Polynomial, by: number | Rational): Polynomial =>
  scalePolynomial(a, typeof by === "number" ? rational(by) : by);
/** The product, in which powers of two meet and halves are not squared. */
export const multiply = (a: Polynomial, b: Polynomial): Polynomial =>
  withoutSquares(meet(multiplyPolynomials(a, b)));

/** x where an atom is floor(x / 2). */
function halved(key: string): Polynomial | undefined {
  const atom = atomOf(key);
  return atom.kind === "floor" && constantOf(atom.by)?.numerator === 2n ? atom.of : undefined;
}

/** x mod 2 is its own square, so f = floor(x / 2) has f² = x·f − f/2 − (x² − x)/4: sums by parity get one form. */
function withoutSquares(a: Polynomial): Polynomial {
  const square = (t: Term) => t.powers.find(([key, k]) => k > 1 && halved(key) !== undefined);
  if (!a.terms.some((t) => square(t) !== undefined)) return a;
  return a.terms.reduce((sum, t) => {
    const found = square(t);
    if (found === undefined) return add(sum, { terms: [t] });
    const [key, k] = found;
    const x = halved(key)!;
    const f = variable(key);
    const powers = t.powers.flatMap(([a, j]) =>
      a !== key ? [[a, j] as const] : k > 2 ? [[a, k - 2] as const] : [],
    );
    const reduced = subtract(
      subtract(multiplyPolynomials(x, f), scale(f, rational(1, 2))),
      scale(subtract(multiply(x, x), x), rational(1, 4)),
    );
    return add(sum, multiply({ terms: [{ ...t, powers }] }, reduced));
  }, nothing);
}

/** The value where it is a constant. */
export function constantOf(a: Polynomial): Rational | undefined {
  if (a.terms.length === 0) return rational(0);
  const [term] = a.terms;
  return a.terms.length === 1 && term!.powers.length === 0 ? term!.coefficient : undefined;
}

const isPower = (key: string): boolean => key.startsWith("2^");

/** Puts the powers of two of every term together: 2^x · 2^(1 − x) is 2. */
function meet(a: Polynomial): Polynomial {
  const apart = (t: Term): boolean =>
    t.powers.reduce((sum, [key, k]) => (isPower(key) ? sum + k : sum), 0) > 1;
  if (!a.terms.some(apart)) return a;
  return a.terms.reduce((sum, t) => {
    if (!apart(t)) return add(sum, { terms: [t] });
    let exponent = nothing;
    for (const [key, k] of t.powers) {
      const atom = atomOf(key);
      if (atom.kind === "pow2") exponent = add(exponent, scale(atom.of, k));
    }
    const rest: Polynomial = { terms: [{ ...t, powers: t.powers.filter(([key]) => !isPower(key)) }] };
    return add(sum, multiplyPolynomials(rest, pow2(exponent)));
  }, nothing);
}

/** 2^e; a whole number in the exponent comes out: 2^(n + 1) = 2·2^n. */
export function pow2(e: Polynomial): Polynomial {
  const fixed = e.terms.find((t) => t.powers.length === 0);
  const shift = fixed?.coefficient;
  const comesOut = shift !== undefined && isWhole(shift) && absolute(shift.numerator) <= 1000n;
  const of: Polynomial = comesOut ? { terms: e.terms.filter((t) => t !== fixed) } : e;
  const k = comesOut ? shift.numerator : 0n;
  const factor = k >= 0n ? rational(2n ** k) : rational(1n, 2n ** -k);
  if (of.terms.length === 0) return number(factor);
  return scale(named(`2^(${printPolynomial(of)})`, { kind: "pow2", of }), factor);
}

/** ceil(log2 x), 0 for x <= 1. */
export function log2(of: Polynomial): Polynomial {
  const value = constantOf(of);
  if (value !== undefined) {
    let k = 0;
    while (signOf(value) > 0 && 2n ** BigInt(k) * value.denominator < value.numerator) k++;
    return number(k);
  }
  const exponent = exponentOf(of);
  // ceil(log2 2^e) = e where e is a natural number, as every exponent is.
  if (exponent !== undefined) return exponent;
  const half = halfOf(of);
  if (half !== undefined) return add(log2(half), single);
  return named(`log2(${printPolynomial(of)})`, { kind: "log2", of });
}

/** x where ceil(log2 of) is 1 + ceil(log2 x) by the form: of = 2x or 2x − 1, and of >= 2 whatever the sizes. */
function halfOf(of: Polynomial): Polynomial | undefined {
  const fixed = of.terms.find((t) => t.powers.length === 0)?.coefficient;
  if (fixed === undefined || !isWhole(fixed) || fixed.numerator < 2n) return undefined;
  const even = of.terms.every(
    ({ powers, coefficient: c }) =>
      powers.length === 0 ||
      (isWhole(c) &&
        c.numerator > 0n &&
        c.numerator % 2n === 0n &&
        powers.every(([key]) => atomOf(key).kind === "size")),
  );
  return even ? scale(fixed.numerator % 2n === 0n ? of : add(of, single), rational(1, 2)) : undefined;
}

/** e where the polynomial is 2^e without factor. */
function exponentOf(of: Polynomial): Polynomial | undefined {
  const [term] = of.terms;
  if (of.terms.length !== 1 || term!.powers.length === 0) return undefined;
  let exponent = nothing;
  for (const [key, k] of term!.powers) {
    const atom = atomOf(key);
    if (atom.kind !== "pow2") return undefined;
    exponent = add(exponent, scale(atom.of, k));
  }
  const constant = powerOfTwo(term!.coefficient);
  return constant === undefined ? undefined : add(exponent, number(constant));
}

/** k where the number is 2^k. */
export function powerOfTwo(value: Rational): number | undefined {
  if (signOf(value) <= 0) return undefined;
  const log = (n: bigint): number | undefined => {
    let k = 0;
    for (let m = n; m > 1n; m /= 2n, k++) if (m % 2n !== 0n) return undefined;
    return k;
  };
  const [up, down] = [log(value.numerator), log(value.denominator)];
  return up === undefined || down === undefined ? undefined : up - down;
}

/** Whether a monomial is a whole number by its form: it has no 2^−x. */
const isWholeMonomial = (t: Term): boolean =>
  t.powers.every(([key]) => {
    const atom = atomOf(key);
    return (
      atom.kind !== "pow2" || atom.of.terms.every((u) => signOf(u.coefficient) > 0 && isWhole(u.coefficient))
    );
  });

/** A quotient by a form: multiples of it come out, and floor((−x − 1) / d) is −1 − floor(x / d). */
function floorByForm(of: Polynomial, by: Polynomial): Polynomial {
  const [factor, ...more] = by.terms;
  let [outside, inside] = [nothing, of];
  if (more.length === 0)
    for (const t of of.terms) {
      const left = new Map(t.powers);
      const divides = factor!.powers.every(([a, k]) => (left.get(a) ?? 0) >= k);
      const ratio = over(t.coefficient, factor!.coefficient);
      if (!divides || !isWhole(ratio) || !isWholeMonomial(t)) continue;
      for (const [a, k] of factor!.powers) left.set(a, left.get(a)! - k);
      const powers = [...left].filter(([, k]) => k > 0);
      outside = addPolynomials(outside, { terms: [{ powers, coefficient: ratio }] });
      inside = subtractPolynomials(inside, { terms: [t] });
    }
  if (inside.terms.length === 0) return outside;
  const positive =
    more.length === 0 &&
    signOf(factor!.coefficient) > 0 &&
    factor!.powers.every(([a]) => atomOf(a).kind === "size" || atomOf(a).kind === "pow2");
  if (positive && inside.terms.every((t) => signOf(t.coefficient) < 0)) {
    const x = subtractPolynomials(scale(inside, -1), single);
    return subtractPolynomials(subtractPolynomials(outside, single), floorByForm(x, by));
  }
  const atom = named(`floor((${printPolynomial(inside)})/(${printPolynomial(by)}))`, {
    kind: "floor",
    of: inside,
    by,
  });
  return addPolynomials(outside, atom);
}

/** floor(of / by): whole multiples of the divisor leave the floor. */
export function floorOfQuotient(of: Polynomial, by: Polynomial): Polynomial {
  const divisor = constantOf(by);
  if (divisor === undefined) return floorByForm(of, by);
  if (signOf(divisor) === 0)
    return named(`floor((${printPolynomial(of)})/(${printPolynomial(by)}))`, { kind: "floor", of, by });
  const quotient = scale(of, over(rational(1), divisor));
  let [outside, inside] = [nothing, nothing];
  for (const t of quotient.terms) {
    const whole = isWholeMonomial(t) ? floorOf(t.coefficient) : 0n;
    const part: Polynomial = { terms: [{ ...t, coefficient: rational(whole) }] };
    if (whole !== 0n) outside = add(outside, part);
    inside = add(inside, subtract({ terms: [t] }, whole === 0n ? nothing : part));
  }
  if (inside.terms.length === 0) return outside;
  const constant = constantOf(inside);
  if (constant !== undefined) return add(outside, number(floorOf(constant)));
  const common = inside.terms.reduce(
    (l, t) => (l * t.coefficient.denominator) / gcd(l, t.coefficient.denominator),
    1n,
  );
  const numerator = scale(inside, rational(common));
  const odd = numerator.terms.find((t) => t.powers.length === 0);
  if (common === 2n && odd !== undefined && numerator.terms.every((t) => isWholeMonomial(t))) {
    // floor((x + 1) / 2) = x − floor(x / 2)
    const x = subtract(numerator, single);
    return add(outside, subtract(x, floorOfQuotient(x, number(2))));
  }
  const atom = named(`floor((${printPolynomial(numerator)})/${common})`, {
    kind: "floor",
    of: numerator,
    by: number(common),
  });
  return add(outside, atom);
}

/** of − by · floor(of / by) */
export const modulo = (of: Polynomial, by: Polynomial): Polynomial =>
  subtract(of, multiply(by, floorOfQuotient(of, by)));

export function extreme(kind: "min" | "max", a: Polynomial, b: Polynomial): Polynomial {
  const difference = constantOf(subtract(a, b));
  if (difference !== undefined) {
    const least = signOf(difference) <= 0 ? a : b;
    return kind === "min" ? least : least === a ? b : a;
  }
  return named(`${kind}(${printPolynomial(a)}, ${printPolynomial(b)})`, { kind, of: [a, b] });
}

/** The sum over lo <= index <= hi, kept as it stands. */
export function openSum(name: string, lo: Polynomial, hi: Polynomial, body: Polynomial): Polynomial {
  // The bound index gets the number of its depth for a name, so that equal sums have equal names.
  const bound = `${depthOfSums(body)}`;
  const renamed = substitute(body, new Map([[indexKey(name), index(bound)]]));
  const key = `sum(${bound}: ${printPolynomial(lo)}..=${printPolynomial(hi)}, ${printPolynomial(renamed)})`;
  return named(key, { kind: "sum", index: bound, lo, hi, body: renamed });
}

const depthOfSums = (a: Polynomial): number =>
  Math.max(
    0,
    ...atomsOf(a).map((key) => {
      const atom = atomOf(key);
      return atom.kind === "sum" ? Number(atom.index) + 1 : 0;
    }),
  );

/** Replaces sizes, indices or whole atoms by polynomials, also inside other atoms. */
export function substitute(a: Polynomial, by: ReadonlyMap<string, Polynomial>): Polynomial {
  if (!mentions(a, by)) return a;
  return a.terms.reduce((sum, t) => {
    let product = constantPolynomial(t.coefficient);
    for (const [key, k] of t.powers) {
      const value = substituteAtom(key, by);
      for (let j = 0; j < k; j++) product = multiply(product, value);
    }
    return add(sum, product);
  }, nothing);
}

function substituteAtom(key: string, by: ReadonlyMap<string, Polynomial>): Polynomial {
  const known = by.get(key);
  if (known !== undefined) return known;
  const atom = atomOf(key);
  switch (atom.kind) {
    case "size":
    case "index":
      return variable(key);
    case "floor":
      return floorOfQuotient(substitute(atom.of, by), substitute(atom.by, by));
    case "log2":
      return log2(substitute(atom.of, by));
    case "pow2":
      return pow2(substitute(atom.of, by));
    case "min":
    case "max":
      return extreme(atom.kind, substitute(atom.of[0], by), substitute(atom.of[1], by));
    case "sum":
      return openSum(atom.index, substitute(atom.lo, by), substitute(atom.hi, by), substitute(atom.body, by));
  }
}

function mentions(a: Polynomial, by: ReadonlyMap<string, unknown>): boolean {
  return a.terms.some((t) =>
    t.powers.some(([key]) => by.has(key) || partsOf(key).some((p) => mentions(p, by))),
  );
}

/** The polynomials inside an atom. */
function partsOf(key: string): readonly Polynomial[] {
  const atom = atomOf(key);
  switch (atom.kind) {
    case "size":
    case "index":
      return [];
    case "floor":
      return [atom.of, atom.by];
    case "log2":
    case "pow2":
      return [atom.of];
    case "min":
    case "max":
      return atom.of;
    case "sum":
      return [atom.lo, atom.hi, atom.body];
  }
}

/** Whether an atom, known by its name, occurs, also inside other atoms. */
export const dependsOn = (a: Polynomial, key: string): boolean =>
  a.terms.some((t) => t.powers.some(([k]) => k === key || partsOf(k).some((p) => dependsOn(p, key))));

/** Whether an atom mentions the index of an open sum that stands around it. */
export function mentionsBound(key: string, inside: ReadonlySet<string> = new Set()): boolean {
  const atom = atomOf(key);
  if (atom.kind === "index") return /^\d/.test(atom.name) && !inside.has(atom.name);
  const own = atom.kind === "sum" ? new Set([...inside, atom.index]) : inside;
  return partsOf(key).some((p) => atomsOf(p).some((k) => mentionsBound(k, own)));
}

/** All atoms, also inside other atoms, innermost first. */
export function allAtoms(polynomials: readonly Polynomial[], into = new Set<string>()): Set<string> {
  for (const p of polynomials)
    for (const key of atomsOf(p)) {
      if (into.has(key)) continue;
      allAtoms(partsOf(key), into);
      into.add(key);
    }
  return into;
}

/** A static integer expression as a polynomial over atoms, exactly. */
export function fromIndex(e: IndexExpr): Polynomial {
  switch (e.kind) {
    case "integer":
      return number(e.value);
    case "size":
      return size(e.name);
    case "index":
      return index(e.name);
    case "add":
      return add(fromIndex(e.left), fromIndex(e.right));
    case "sub":
      return subtract(fromIndex(e.left), fromIndex(e.right));
    case "mul":
      return multiply(fromIndex(e.left), fromIndex(e.right));
    case "div":
      return floorOfQuotient(fromIndex(e.left), fromIndex(e.right));
    case "mod":
      return modulo(fromIndex(e.left), fromIndex(e.right));
    case "min":
    case "max":
      return extreme(e.kind, fromIndex(e.left), fromIndex(e.right));
    case "log2":
      return log2(fromIndex(e.operand));
    case "pow2":
      return pow2(fromIndex(e.operand));
  }
}

/** The coefficient of `key` where the polynomial is affine in it, and what is left; undefined where it is not. */
export function affineIn(
  a: Polynomial,
  key: string,
): { readonly coefficient: Rational; readonly rest: Polynomial } | undefined {
  let coefficient = rational(0);
  const rest: Term[] = [];
  for (const t of a.terms) {
    const [first] = t.powers;
    if (t.powers.length === 1 && first![0] === key && first![1] === 1) coefficient = t.coefficient;
    else if (dependsOn({ terms: [t] }, key)) return undefined;
    else rest.push(t);
  }
  return { coefficient, rest: { terms: rest } };
}

/** The same with a coefficient that may be a form itself. */
export function linearIn(
  a: Polynomial,
  key: string,
): { readonly coefficient: Polynomial; readonly rest: Polynomial } | undefined {
  const [inside, rest]: [Term[], Term[]] = [[], []];
  for (const t of a.terms) {
    const own = t.powers.find(([k]) => k === key);
    const others: Term = { ...t, powers: t.powers.filter(([k]) => k !== key) };
    if ((own?.[1] ?? 0) > 1 || dependsOn({ terms: [others] }, key)) return undefined;
    if (own === undefined) rest.push(t);
    else inside.push(others);
  }
  return { coefficient: { terms: inside }, rest: { terms: rest } };
}

const isUnit = ({ numerator }: Rational): boolean => numerator === 1n || numerator === -1n;

/** Whole coefficients, by a positive factor. */
export function clearDenominators(a: Polynomial): Polynomial {
  if (a.terms.every((t) => t.coefficient.denominator === 1n) && a.terms.some((t) => isUnit(t.coefficient)))
    return a;
  let [denominator, common] = [1n, 0n];
  for (const { coefficient: c } of a.terms) {
    denominator = (denominator * c.denominator) / gcd(denominator, c.denominator);
  }
  for (const { coefficient: c } of a.terms) common = gcd(common, (c.numerator * denominator) / c.denominator);
  if (common === 0n) return a;
  return denominator === common ? a : scale(a, times(rational(denominator), rational(1n, common)));
}
