/** Exact rational numbers: the only numbers a proof may use. */

/** In lowest terms, `denominator > 0`; so equal numbers have equal parts. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const absolute = (n: bigint): bigint => (n < 0n ? -n : n);

/** The greatest common divisor, never negative; `gcd(0, 0) = 0`. */
export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [absolute(a), absolute(b)];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** `numerator / denominator`; throws where the denominator is 0. Numbers must be whole. */
export function rational(numerator: bigint | number, denominator: bigint | number = 1n): Rational {
  const [n, d] = [BigInt(numerator), BigInt(denominator)];
  if (d === 0n) throw new RangeError("a rational number with denominator 0");
  if (d === 1n) return { numerator: n, denominator: d };
  const common = gcd(n, d) * (d < 0n ? -1n : 1n);
  return { numerator: n / common, denominator: d / common };
}

export const zero = rational(0);
export const one = rational(1);

export const plus = (a: Rational, b: Rational): Rational =>
  a.denominator === 1n && b.denominator === 1n
    ? { numerator: a.numerator + b.numerator, denominator: 1n }
    : rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
export const negate = (a: Rational): Rational => ({ numerator: -a.numerator, denominator: a.denominator });
export const minus = (a: Rational, b: Rational): Rational => plus(a, negate(b));
export const times = (a: Rational, b: Rational): Rational =>
  a.denominator === 1n && b.denominator === 1n
    ? { numerator: a.numerator * b.numerator, denominator: 1n }
    : rational(a.numerator * b.numerator, a.denominator * b.denominator);
/** Throws where b is 0. */
export const over = (a: Rational, b: Rational): Rational =>
  rational(a.numerator * b.denominator, a.denominator * b.numerator);

/** −1, 0 or 1. */
export const signOf = (a: Rational): -1 | 0 | 1 => (a.numerator < 0n ? -1 : a.numerator > 0n ? 1 : 0);
/** Negative, zero or positive as a is less than, equal to or greater than b. */
export const compareRational = (a: Rational, b: Rational): -1 | 0 | 1 => {
  const [x, y] = [a.numerator * b.denominator, b.numerator * a.denominator];
  return x < y ? -1 : x > y ? 1 : 0;
};
export const sameRational = (a: Rational, b: Rational): boolean =>
  a.numerator === b.numerator && a.denominator === b.denominator;
export const isWhole = (a: Rational): boolean => a.denominator === 1n;

/** Division of whole numbers that rounds towards −∞; `divisor` is not 0. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor !== 0n && dividend < 0n !== divisor < 0n ? quotient - 1n : quotient;
}
export const floorOf = (a: Rational): bigint => floorDivide(a.numerator, a.denominator);
export const ceilingOf = (a: Rational): bigint => -floorDivide(-a.numerator, a.denominator);

/** `-3/4`, or `2`. */
export const printRational = (a: Rational): string =>
  a.denominator === 1n ? `${a.numerator}` : `${a.numerator}/${a.denominator}`;
