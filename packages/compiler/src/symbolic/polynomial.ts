/**
 * Polynomials with rational coefficients over named atoms (sizes, indices, or names that stand for `log2(n)` and the
 * like). Canonical: equal polynomials have equal keys.
 */
import { effort, PER_TERM } from "./effort";
import { one, plus, printRational, type Rational, rational, signOf, times, zero } from "./rational";

/** Atoms in alphabetical order, each with a positive exponent; the empty product is 1. */
export type Powers = readonly (readonly [atom: string, exponent: number])[];
export interface Term {
  readonly powers: Powers;
  /** Never 0. */
  readonly coefficient: Rational;
}
/** Terms by the key of their powers; highest degree first, then alphabetical. */
export interface Polynomial {
  readonly terms: readonly Term[];
}

/** What is asked of products most often, made once for each list of powers. */
interface Told {
  /** Equal for equal products. */
  readonly key: string;
  readonly degree: number;
}
const told = new WeakMap<Powers, Told>();
function about(powers: Powers): Told {
  let known = told.get(powers);
  if (known === undefined) {
    known = {
      key: powers.map(([a, k]) => `${a}^${k}`).join("*"),
      degree: powers.reduce((sum, [, k]) => sum + k, 0),
    };
    told.set(powers, known);
  }
  return known;
}
/** Equal for equal products. */
export const keyOf = (powers: Powers): string => about(powers).key;
const degreeOf = (powers: Powers): number => about(powers).degree;

function canonical(terms: readonly Term[]): Polynomial {
  if (terms.length < 2) return { terms: terms.filter((t) => signOf(t.coefficient) !== 0) };
  const sums = new Map<string, Term>();
  for (const t of terms) {
    const key = keyOf(t.powers);
    const known = sums.get(key);
    sums.set(
      key,
      known === undefined ? t : { powers: known.powers, coefficient: plus(known.coefficient, t.coefficient) },
    );
  }
  const kept: Term[] = [];
  for (const t of sums.values()) if (t.coefficient.numerator !== 0n) kept.push(t);
  return { terms: kept.sort(compareTerms) };
}

export const constantPolynomial = (value: Rational | number): Polynomial =>
  canonical([{ powers: [], coefficient: typeof value === "number" ? rational(value) : value }]);
const variables = new Map<string, Polynomial>();
export function variable(atom: string): Polynomial {
  let made = variables.get(atom);
  if (made === undefined) {
    made = { terms: [{ powers: [[atom, 1]], coefficient: one }] };
    variables.set(atom, made);
  }
  return made;
}

/** Both are canonical: their terms are in order already. */
export function addPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  if (a.terms.length === 0) return b;
  if (b.terms.length === 0) return a;
  const terms: Term[] = [];
  let [i, j] = [0, 0];
  while (i < a.terms.length && j < b.terms.length) {
    const [s, t] = [a.terms[i]!, b.terms[j]!];
    const order = compareTerms(s, t);
    if (order === 0) {
      const coefficient = plus(s.coefficient, t.coefficient);
      if (coefficient.numerator !== 0n) terms.push({ powers: s.powers, coefficient });
      i++;
      j++;
    } else if (order < 0) {
      terms.push(s);
      i++;
    } else {
      terms.push(t);
      j++;
    }
  }
  for (; i < a.terms.length; i++) terms.push(a.terms[i]!);
  for (; j < b.terms.length; j++) terms.push(b.terms[j]!);
  return { terms };
}
function compareTerms(a: Term, b: Term): number {
  if (a.powers === b.powers) return 0;
  const [s, t] = [about(a.powers), about(b.powers)];
  return s.key === t.key ? 0 : t.degree - s.degree || (s.key < t.key ? -1 : 1);
}
export const scalePolynomial = (a: Polynomial, by: Rational): Polynomial =>
  signOf(by) === 0
    ? { terms: [] }
    : { terms: a.terms.map((t) => ({ powers: t.powers, coefficient: times(t.coefficient, by) })) };
export const subtractPolynomials = (a: Polynomial, b: Polynomial): Polynomial =>
  addPolynomials(a, scalePolynomial(b, rational(-1)));

/** Products of the same lists are the same list. */
const products = new WeakMap<Powers, WeakMap<Powers, Powers>>();
function multiplyPowers(a: Powers, b: Powers): Powers {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  let by = products.get(a);
  if (by === undefined) {
    by = new WeakMap();
    products.set(a, by);
  }
  let made = by.get(b);
  if (made === undefined) {
    made = productOf(a, b);
    by.set(b, made);
  }
  return made;
}
function productOf(a: Powers, b: Powers): Powers {
  const exponents = new Map(a);
  for (const [atom, k] of b) exponents.set(atom, (exponents.get(atom) ?? 0) + k);
  return [...exponents].sort(([x], [y]) => (x < y ? -1 : 1));
}

export function multiplyPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  effort.spent += PER_TERM * a.terms.length * b.terms.length;
  return canonical(
    a.terms.flatMap((s) =>
      b.terms.map((t) => ({
        powers: multiplyPowers(s.powers, t.powers),
        coefficient: times(s.coefficient, t.coefficient),
      })),
    ),
  );
}

/** `exponent` is a natural number. */
export function powerOfPolynomial(a: Polynomial, exponent: number): Polynomial {
  let result = constantPolynomial(1);
  let square = a;
  for (let k = exponent; k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) result = multiplyPolynomials(result, square);
    if (k > 1) square = multiplyPolynomials(square, square);
  }
  return result;
}

/** Replaces atoms by polynomials, all at once; others stay. */
export function substitutePolynomial(a: Polynomial, by: ReadonlyMap<string, Polynomial>): Polynomial {
  const parts = a.terms.map((t) => {
    let product = constantPolynomial(t.coefficient);
    for (const [atom, k] of t.powers)
      product = multiplyPolynomials(product, powerOfPolynomial(by.get(atom) ?? variable(atom), k));
    return product;
  });
  return canonical(parts.flatMap((p) => p.terms));
}

/** The value; throws where an atom has none. */
export function evaluatePolynomial(a: Polynomial, values: ReadonlyMap<string, Rational>): Rational {
  let sum = zero;
  for (const t of a.terms) {
    let product = t.coefficient;
    for (const [atom, k] of t.powers) {
      const value = values.get(atom);
      if (value === undefined) throw new Error(`no value for ${atom}`);
      for (let j = 0; j < k; j++) product = times(product, value);
    }
    sum = plus(sum, product);
  }
  return sum;
}

/** The total degree; 0 for constants, also for 0. */
export const degree = (a: Polynomial): number => Math.max(0, ...a.terms.map((t) => degreeOf(t.powers)));
const atoms = new WeakMap<Polynomial, readonly string[]>();
/** The atoms that occur, in alphabetical order. */
export function atomsOf(a: Polynomial): readonly string[] {
  let found = atoms.get(a);
  if (found === undefined) {
    found = [...new Set(a.terms.flatMap((t) => t.powers.map(([atom]) => atom)))].sort();
    atoms.set(a, found);
  }
  return found;
}
/** A text that is equal exactly for equal polynomials. */
export const polynomialKey = (a: Polynomial): string =>
  a.terms.map((t) => `${printRational(t.coefficient)}:${keyOf(t.powers)}`).join("+");
export const samePolynomial = (a: Polynomial, b: Polynomial): boolean =>
  polynomialKey(a) === polynomialKey(b);

/** `n^2/2 - 3*n*m + 1`. */
export function printPolynomial(a: Polynomial): string {
  if (a.terms.length === 0) return "0";
  return a.terms
    .map(({ powers, coefficient: { numerator, denominator } }, place) => {
      const size = numerator < 0n ? -numerator : numerator;
      const factors = powers.map(([atom, k]) => (k === 1 ? atom : `${atom}^${k}`));
      if (size !== 1n || factors.length === 0) factors.unshift(`${size}`);
      const text = factors.join("*") + (denominator === 1n ? "" : `/${denominator}`);
      const sign = numerator < 0n ? "-" : "+";
      return place === 0 ? (sign === "-" ? `-${text}` : text) : ` ${sign} ${text}`;
    })
    .join("");
}
