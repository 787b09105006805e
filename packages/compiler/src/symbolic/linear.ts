/**
 * Linear forms over numbered variables with whole coefficients, and the constraints made of them. Rational data is
 * brought here by clearing denominators first: whole numbers pivot without fractions.
 */
import { absolute, floorDivide, gcd, plus, type Rational, rational, times } from "./rational";

export interface LinearForm {
  readonly constant: bigint;
  /** Never 0. */
  readonly terms: ReadonlyMap<number, bigint>;
}

/** `form >= 0`, or `form == 0`. */
export interface Constraint {
  readonly form: LinearForm;
  readonly equality: boolean;
}

const noTerms: ReadonlyMap<number, bigint> = new Map();
export const constantForm = (value: bigint | number): LinearForm => ({
  constant: BigInt(value),
  terms: noTerms,
});
export const variableForm = (variable: number): LinearForm => ({
  constant: 0n,
  terms: new Map([[variable, 1n]]),
});

/** `a + factor · b` */
function addScaled(a: LinearForm, b: LinearForm, factor: bigint): LinearForm {
  if (factor === 0n) return a;
  const constant = a.constant + factor * b.constant;
  if (b.terms.size === 0) return { constant, terms: a.terms };
  const terms = new Map(a.terms);
  for (const [v, c] of b.terms) {
    const sum = (terms.get(v) ?? 0n) + factor * c;
    if (sum === 0n) terms.delete(v);
    else terms.set(v, sum);
  }
  return { constant, terms };
}
export const addForms = (a: LinearForm, b: LinearForm): LinearForm => addScaled(a, b, 1n);
export const subtractForms = (a: LinearForm, b: LinearForm): LinearForm => addScaled(a, b, -1n);
export const scaleForm = (a: LinearForm, factor: bigint): LinearForm =>
  addScaled(constantForm(0n), a, factor);
export const shiftForm = (a: LinearForm, by: bigint): LinearForm => ({
  constant: a.constant + by,
  terms: a.terms,
});
export const isConstantForm = (a: LinearForm): boolean => a.terms.size === 0;

/** Values of variables; a variable without one counts as 0. */
export type Point = ReadonlyMap<number, Rational>;

const nothing = rational(0);
export function evaluateForm(a: LinearForm, point: Point): Rational {
  let sum = rational(a.constant);
  for (const [v, c] of a.terms) sum = plus(sum, times(rational(c), point.get(v) ?? nothing));
  return sum;
}

export const atLeastZero = (form: LinearForm): Constraint => ({ form, equality: false });
const equalsZero = (form: LinearForm): Constraint => ({ form, equality: true });
/** `a <= b` */
export const atMost = (a: LinearForm, b: LinearForm): Constraint => atLeastZero(subtractForms(b, a));
/** `a < b` for whole numbers */
export const lessThan = (a: LinearForm, b: LinearForm): Constraint =>
  atLeastZero(shiftForm(subtractForms(b, a), -1n));
export const equalTo = (a: LinearForm, b: LinearForm): Constraint => equalsZero(subtractForms(a, b));

export function holdsAt({ form, equality }: Constraint, point: Point): boolean {
  const { numerator } = evaluateForm(form, point);
  return equality ? numerator === 0n : numerator >= 0n;
}

/**
 * The tightest constraint with the same whole solutions that differs by a division only: `2x - 1 >= 0` becomes
 * `x - 1 >= 0`. Undefined where there are no whole solutions at all, as of `2x == 1`.
 */
export function tighten(constraint: Constraint): Constraint | undefined {
  const { form, equality } = constraint;
  if (form.terms.size === 0) {
    const holds = equality ? form.constant === 0n : form.constant >= 0n;
    return holds ? constraint : undefined;
  }
  let common = 0n;
  for (const c of form.terms.values()) {
    common = common === 0n ? absolute(c) : gcd(common, c);
    if (common === 1n) return constraint;
  }
  if (equality && form.constant % common !== 0n) return undefined;
  const terms = new Map<number, bigint>();
  for (const [v, c] of form.terms) terms.set(v, c / common);
  return { form: { constant: floorDivide(form.constant, common), terms }, equality };
}
