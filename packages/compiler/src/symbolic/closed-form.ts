/**
 * Exact closed forms in sizes and indices: what depth, work, width and levels are reported as, and what a proof is about.
 *
 * Always build them with `closed`: sums and products are kept expanded and sorted, so most equal forms are the same text
 * (`sameClosedForm`). Integer-valued forms may have fractions inside: `(n^2 + n) / 2`.
 */
import { printCondition } from "../equations/print";
import type { Comparison, Condition, IndexExpr } from "../equations/system";
import { factored } from "./factored";
import {
  absolute,
  ceilingOf,
  compareRational,
  floorOf,
  gcd,
  isWhole,
  minus,
  one,
  over,
  plus,
  printRational,
  type Rational,
  rational,
  sameRational,
  signOf,
  times,
  zero,
} from "./rational";

/** A number for each assignment of sizes (and of indices, for levels), exactly. Made by the constructors of `closed`, which simplify. */
export type ClosedForm =
  | { readonly kind: "constant"; readonly value: Rational }
  | { readonly kind: "size"; readonly name: string }
  | { readonly kind: "index"; readonly name: string }
  | { readonly kind: "add"; readonly terms: readonly ClosedForm[] }
  | { readonly kind: "mul"; readonly factors: readonly ClosedForm[] }
  | { readonly kind: "floor"; readonly of: ClosedForm }
  /** `of - by * floor(of / by)`, for `by != 0`. */
  | { readonly kind: "mod"; readonly of: ClosedForm; readonly by: ClosedForm }
  | { readonly kind: "min" | "max"; readonly of: readonly ClosedForm[] }
  /** ceil(log2 x), 0 for x <= 1. */
  | { readonly kind: "log2"; readonly of: ClosedForm }
  /** floor(log2 x), −1 for x < 1. */
  | { readonly kind: "floor-log2"; readonly of: ClosedForm }
  | { readonly kind: "pow2"; readonly of: ClosedForm }
  /** Over `lo <= index < hi`; 0 where there is none. */
  | {
      readonly kind: "sum";
      readonly index: string;
      readonly lo: ClosedForm;
      readonly hi: ClosedForm;
      readonly body: ClosedForm;
    }
  /** The first whose guard holds; the last guard always does. */
  | {
      readonly kind: "cases";
      readonly cases: readonly { readonly guard: Condition; readonly value: ClosedForm }[];
    };

// Keys: a text that decides equality and order

const keys = new WeakMap<ClosedForm, string>();
const indexKeys = new Map<string, string>();
/** The same text each time: maps then compare it by identity. */
function indexKey(name: string): string {
  let key = indexKeys.get(name);
  if (key === undefined) {
    key = `$${name}`;
    indexKeys.set(name, key);
  }
  return key;
}
/** Equal keys, equal values; most forms that are equal everywhere have equal keys. */
export function closedFormKey(f: ClosedForm): string {
  if (f.kind === "size") return f.name;
  if (f.kind === "index") return indexKey(f.name);
  let key = keys.get(f);
  if (key === undefined) {
    key = makeKey(f);
    keys.set(f, key);
  }
  return key;
}
function makeKey(f: ClosedForm): string {
  const list = (fs: readonly ClosedForm[]) => fs.map(closedFormKey).join(",");
  switch (f.kind) {
    case "constant":
      return printRational(f.value);
    case "size":
      return f.name;
    case "index":
      return indexKey(f.name);
    case "add":
      return `+(${list(f.terms)})`;
    case "mul":
      return `*(${list(f.factors)})`;
    case "mod":
      return `mod(${list([f.of, f.by])})`;
    case "min":
    case "max":
      return `${f.kind}(${list(f.of)})`;
    case "sum":
      return `sum(${f.index};${list([f.lo, f.hi, f.body])})`;
    case "cases":
      return `cases(${f.cases.map((c) => `${printCondition(c.guard)}?${closedFormKey(c.value)}`).join(";")})`;
    case "floor":
    case "log2":
    case "floor-log2":
    case "pow2":
      return `${f.kind}(${closedFormKey(f.of)})`;
  }
}
export const sameClosedForm = (a: ClosedForm, b: ClosedForm): boolean =>
  closedFormKey(a) === closedFormKey(b);

// Constructors

/** A product of atoms with a coefficient; atoms sorted by key, repeated for powers. */
export interface Monomial {
  readonly coefficient: Rational;
  readonly factors: readonly ClosedForm[];
}

const constant = (value: Rational | bigint | number): ClosedForm => ({
  kind: "constant",
  value: typeof value === "object" ? value : rational(value),
});
const isConstant = (f: ClosedForm): f is Extract<ClosedForm, { kind: "constant" }> => f.kind === "constant";

/** A form as a sum of monomials. */
export function monomialsOf(f: ClosedForm): Monomial[] {
  switch (f.kind) {
    case "constant":
      return signOf(f.value) === 0 ? [] : [{ coefficient: f.value, factors: [] }];
    case "add":
      return f.terms.flatMap(monomialsOf);
    case "mul": {
      const [first, ...rest] = f.factors;
      return first !== undefined && isConstant(first)
        ? [{ coefficient: first.value, factors: rest }]
        : [{ coefficient: one, factors: f.factors }];
    }
    default:
      return [{ coefficient: one, factors: [f] }];
  }
}

/** Sorted factors, powers of two put together: `2^n * 2^(1-n)` is 2. */
function monomial(coefficient: Rational, factors: readonly ClosedForm[]): Monomial {
  if (factors.length < 2) return { coefficient, factors };
  const powers = factors.filter((f) => f.kind === "pow2");
  // Names before functions of them.
  const rank = (f: ClosedForm) => (f.kind === "size" ? 0 : f.kind === "index" ? 1 : 2);
  const byKey = (a: ClosedForm, b: ClosedForm) =>
    rank(a) - rank(b) || (closedFormKey(a) < closedFormKey(b) ? -1 : 1);
  if (powers.length < 2) return { coefficient, factors: [...factors].sort(byKey) };
  const merged = monomialsOf(pow2(add(...powers.map((p) => (p as { of: ClosedForm }).of))))[0]!;
  return {
    coefficient: times(coefficient, merged.coefficient),
    factors: [...factors.filter((f) => f.kind !== "pow2"), ...merged.factors].sort(byKey),
  };
}

/** A text that is equal exactly for equal products. */
export const factorsKey = (factors: readonly ClosedForm[]): string =>
  factors.length === 1 ? closedFormKey(factors[0]!) : factors.map(closedFormKey).join("*");

function fromMonomials(all: readonly Monomial[]): ClosedForm {
  if (all.length === 0) return constant(0);
  const sums = new Map<string, Monomial>();
  for (const m of all) {
    const key = factorsKey(m.factors);
    const known = sums.get(key);
    sums.set(key, known === undefined ? m : { ...m, coefficient: plus(known.coefficient, m.coefficient) });
  }
  const kept: [string, Monomial][] = [];
  for (const entry of sums) if (entry[1].coefficient.numerator !== 0n) kept.push(entry);
  if (kept.length > 1)
    kept.sort(([k, a], [l, b]) => b.factors.length - a.factors.length || (k < l ? -1 : k > l ? 1 : 0));
  const terms = kept.map(([, m]): ClosedForm => {
    if (m.factors.length === 0) return constant(m.coefficient);
    const unit = sameRational(m.coefficient, one);
    if (unit && m.factors.length === 1) return m.factors[0]!;
    return { kind: "mul", factors: unit ? m.factors : [constant(m.coefficient), ...m.factors] };
  });
  return terms.length === 0 ? constant(0) : terms.length === 1 ? terms[0]! : { kind: "add", terms };
}

const add = (...terms: readonly ClosedForm[]): ClosedForm => fromMonomials(terms.flatMap(monomialsOf));
const scale = (f: ClosedForm, by: Rational): ClosedForm =>
  fromMonomials(monomialsOf(f).map((m) => ({ ...m, coefficient: times(m.coefficient, by) })));
const sub = (a: ClosedForm, b: ClosedForm): ClosedForm => add(a, scale(b, rational(-1)));
const mul = (...factors: readonly ClosedForm[]): ClosedForm =>
  fromMonomials(
    factors.reduce<Monomial[]>(
      (left, f) =>
        left.flatMap((a) =>
          monomialsOf(f).map((b) =>
            monomial(times(a.coefficient, b.coefficient), [...a.factors, ...b.factors]),
          ),
        ),
      [{ coefficient: one, factors: [] }],
    ),
  );

/** True where every value at whole sizes and indices is certainly whole. */
export function isWholeForm(f: ClosedForm): boolean {
  switch (f.kind) {
    case "constant":
      return isWhole(f.value);
    case "size":
    case "index":
    case "floor":
    case "log2":
    case "floor-log2":
      return true;
    case "pow2":
      return isNatural(f.of);
    case "add":
      return f.terms.every(isWholeForm);
    case "mul":
      return f.factors.every(isWholeForm);
    case "mod":
      return isWholeForm(f.of) && isWholeForm(f.by);
    case "min":
    case "max":
      return f.of.every(isWholeForm);
    case "sum":
      return isWholeForm(f.body);
    case "cases":
      return f.cases.every((c) => isWholeForm(c.value));
  }
}
/** A combination of sizes and logarithms by natural numbers: never negative. */
const isNatural = (f: ClosedForm): boolean =>
  monomialsOf(f).every(
    (m) =>
      isWhole(m.coefficient) &&
      signOf(m.coefficient) > 0 &&
      m.factors.every((x) => x.kind === "size" || x.kind === "log2"),
  );

/** The least d for which all but the constant is a whole multiple of 1/d, if that is certain. */
function stepsOf(all: readonly Monomial[]): Rational | undefined {
  let steps = 1n;
  for (const {
    coefficient: { denominator: d },
    factors,
  } of all) {
    if (factors.length === 0) continue;
    if (!factors.every(isWholeForm)) return undefined;
    steps = (steps * d) / gcd(steps, d);
  }
  return rational(steps);
}

function ceiling(f: ClosedForm): ClosedForm {
  const all = monomialsOf(f);
  const steps = stepsOf(all);
  if (steps === undefined) return scale(floor(scale(f, rational(-1))), rational(-1));
  const constantPart = all.find((m) => m.factors.length === 0)?.coefficient ?? zero;
  const whole = over(rational(ceilingOf(times(constantPart, steps))), steps);
  return floor(add(f, constant(plus(minus(whole, constantPart), minus(one, over(one, steps))))));
}

function floor(f: ClosedForm): ClosedForm {
  // What is whole comes out: floor((n + 4) / 3) is floor((n + 1) / 3) + 1.
  const inside: Monomial[] = [];
  const outside: Monomial[] = [];
  for (const m of monomialsOf(f)) {
    if (m.factors.length === 0) {
      const whole = rational(floorOf(m.coefficient));
      outside.push({ ...m, coefficient: whole });
      inside.push({ ...m, coefficient: minus(m.coefficient, whole) });
    } else if (isWhole(m.coefficient) && m.factors.every(isWholeForm)) outside.push(m);
    else inside.push(m);
  }
  // What is left beside whole multiples of 1/d: floor(n / 5 + 5/6) is floor((n + 4) / 5).
  const steps = stepsOf(inside);
  const last = inside.findIndex((m) => m.factors.length === 0);
  if (steps !== undefined && last >= 0)
    inside[last] = {
      coefficient: over(rational(floorOf(times(inside[last]!.coefficient, steps))), steps),
      factors: [],
    };
  const rest = fromMonomials(inside);
  if (isConstant(rest)) return add(constant(floorOf(rest.value)), fromMonomials(outside));
  return add({ kind: "floor", of: rest }, fromMonomials(outside));
}

function mod(of: ClosedForm, by: ClosedForm): ClosedForm {
  if (isConstant(of) && isConstant(by) && signOf(by.value) !== 0)
    return constant(minus(of.value, times(by.value, rational(floorOf(over(of.value, by.value))))));
  if (isConstant(by) && sameRational(by.value, one) && isWholeForm(of)) return constant(0);
  return { kind: "mod", of, by };
}

function extremum(kind: "min" | "max", of: readonly ClosedForm[]): ClosedForm {
  const parts = new Map<string, ClosedForm>();
  let bound: Rational | undefined;
  for (const f of of.flatMap((g) => (g.kind === kind ? g.of : [g]))) {
    if (!isConstant(f)) parts.set(closedFormKey(f), f);
    else if (bound === undefined || compareRational(f.value, bound) > 0 === (kind === "max")) bound = f.value;
  }
  const sorted = [...parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, f]) => f);
  // log2(n) + 1 says nothing beside log2(n).
  const told = sorted.filter(
    (f) =>
      !sorted.some((g) => {
        const gap = f === g ? f : sub(f, g);
        return isConstant(gap) && signOf(gap.value) > 0 === (kind === "min");
      }),
  );
  const all = bound === undefined ? told : [...told, constant(bound)];
  if (all.length === 0) throw new Error(`${kind} of nothing`);
  return all.length === 1 ? all[0]! : { kind, of: all };
}

const ceilingLog2 = (x: Rational): bigint => {
  const n = ceilingOf(x);
  return n <= 1n ? 0n : BigInt((n - 1n).toString(2).length);
};
const floorLog2 = (x: Rational): bigint => {
  const n = floorOf(x);
  return n < 1n ? -1n : BigInt(n.toString(2).length - 1);
};

function log2(of: ClosedForm): ClosedForm {
  if (isConstant(of)) return constant(ceilingLog2(of.value));
  return of.kind === "pow2" && isNatural(of.of) ? of.of : { kind: "log2", of };
}
const powerOfTwo = (k: bigint): Rational => (k >= 0n ? rational(1n << k) : rational(1n, 1n << -k));
function pow2(of: ClosedForm): ClosedForm {
  const parts = monomialsOf(of);
  const fixed = parts.find((m) => m.factors.length === 0 && isWhole(m.coefficient));
  if (fixed === undefined)
    return of.kind === "constant" && signOf(of.value) === 0 ? constant(1) : { kind: "pow2", of };
  const rest = fromMonomials(parts.filter((m) => m !== fixed));
  const factor = powerOfTwo(fixed.coefficient.numerator);
  if (isConstant(rest)) return constant(factor);
  return scale({ kind: "pow2", of: rest }, factor);
}

function cases(given: readonly { readonly guard: Condition; readonly value: ClosedForm }[]): ClosedForm {
  const kept: { guard: Condition; value: ClosedForm }[] = [];
  for (const c of given) {
    if (c.guard.length === 0) continue;
    kept.push(c);
    if (c.guard.some((all) => all.length === 0)) break;
  }
  while (kept.length > 1 && sameClosedForm(kept[kept.length - 1]!.value, kept[kept.length - 2]!.value))
    kept.splice(kept.length - 2, 1);
  return kept.length === 1 ? kept[0]!.value : { kind: "cases", cases: kept };
}

function sum(index: string, lo: ClosedForm, hi: ClosedForm, body: ClosedForm): ClosedForm {
  if (sameClosedForm(lo, hi) || (isConstant(body) && signOf(body.value) === 0)) return constant(0);
  if (isConstant(lo) && isConstant(hi) && compareRational(hi.value, lo.value) <= 0) return constant(0);
  return { kind: "sum", index, lo, hi, body };
}

/** The constructors. They fold and sort, and change no value. */
export const closed = {
  constant,
  size: (name: string): ClosedForm => ({ kind: "size", name }),
  index: (name: string): ClosedForm => ({ kind: "index", name }),
  add,
  sub,
  mul,
  scale,
  /** The quotient by a number that is not 0. */
  over: (f: ClosedForm, by: Rational | bigint | number): ClosedForm =>
    scale(f, over(one, typeof by === "object" ? by : rational(by))),
  floor,
  /** The least whole number that is no less. */
  ceiling,
  mod,
  min: (...of: readonly ClosedForm[]): ClosedForm => extremum("min", of),
  max: (...of: readonly ClosedForm[]): ClosedForm => extremum("max", of),
  log2,
  floorLog2: (of: ClosedForm): ClosedForm =>
    isConstant(of) ? constant(floorLog2(of.value)) : { kind: "floor-log2", of },
  pow2,
  sum,
  cases,
} as const;

/** An index expression as a closed form. @throws NotClosed for a quotient by what is neither a number nor a power of two */
export function fromIndexExpr(e: IndexExpr): ClosedForm {
  switch (e.kind) {
    case "integer":
      return constant(e.value);
    case "size":
    case "index":
      return { kind: e.kind, name: e.name };
    case "log2":
      return log2(fromIndexExpr(e.operand));
    case "pow2":
      return pow2(fromIndexExpr(e.operand));
    default: {
      const [a, b] = [fromIndexExpr(e.left), fromIndexExpr(e.right)];
      switch (e.kind) {
        case "add":
          return add(a, b);
        case "sub":
          return sub(a, b);
        case "mul":
          return mul(a, b);
        case "mod":
          return mod(a, b);
        case "min":
        case "max":
          return extremum(e.kind, [a, b]);
        case "div":
          // floor(a / b) = (a − a mod b) / b needs a quotient of forms where b is not a number.
          if (isConstant(b) && signOf(b.value) !== 0) return floor(scale(a, over(one, b.value)));
          return floor(mul(a, { kind: "pow2", of: scale(exponentOf(b), rational(-1)) }));
      }
    }
  }
}

/** x of 2^x; a quotient by anything else is no closed form. */
function exponentOf(f: ClosedForm): ClosedForm {
  const [only, ...more] = monomialsOf(f);
  const power = only?.factors[0];
  if (only !== undefined && more.length === 0 && only.factors.length === 1 && power?.kind === "pow2") {
    const { numerator, denominator } = only.coefficient;
    const k = BigInt(numerator.toString(2).length - denominator.toString(2).length);
    if (sameRational(powerOfTwo(k), only.coefficient)) return add(power.of, constant(k));
  }
  throw new NotClosed(`no closed form divides by ${printClosedForm(f)}`);
}

/** What `fromIndexExpr` throws on a quotient by something that is neither a number nor a power of two. */
export class NotClosed extends Error {}

// Values

/** The exact value. Throws a RangeError where there is none: a modulus 0, 2 to a fraction, a range of more than a million. */
export function evaluateClosedForm(f: ClosedForm, lookup: (name: string) => bigint): Rational {
  const go = (g: ClosedForm): Rational => evaluateClosedForm(g, lookup);
  switch (f.kind) {
    case "constant":
      return f.value;
    case "size":
    case "index":
      return rational(lookup(f.name));
    case "add":
      return f.terms.reduce((s, t) => plus(s, go(t)), zero);
    case "mul":
      return f.factors.reduce((s, t) => times(s, go(t)), one);
    case "floor":
      return rational(floorOf(go(f.of)));
    case "mod": {
      const [a, b] = [go(f.of), go(f.by)];
      if (signOf(b) === 0) throw new RangeError("a remainder by 0");
      return minus(a, times(b, rational(floorOf(over(a, b)))));
    }
    case "min":
      return f.of.map(go).reduce((a, b) => (compareRational(a, b) <= 0 ? a : b));
    case "max":
      return f.of.map(go).reduce((a, b) => (compareRational(a, b) >= 0 ? a : b));
    case "log2":
      return rational(ceilingLog2(go(f.of)));
    case "floor-log2":
      return rational(floorLog2(go(f.of)));
    case "pow2": {
      const k = go(f.of);
      if (!isWhole(k) || absolute(k.numerator) > 100_000n)
        throw new RangeError(`2 to the power ${printRational(k)}`);
      return powerOfTwo(k.numerator);
    }
    case "sum": {
      const [lo, hi] = [ceilingOf(go(f.lo)), ceilingOf(go(f.hi))];
      if (hi - lo > 1_000_000n) throw new RangeError(`a sum of ${hi - lo} terms`);
      let total = zero;
      for (let k = lo; k < hi; k++)
        total = plus(
          total,
          evaluateClosedForm(f.body, (n) => (n === f.index ? k : lookup(n))),
        );
      return total;
    }
    case "cases": {
      const chosen = f.cases.find((c) => holdsExactly(c.guard, lookup));
      if (chosen === undefined) throw new RangeError("no case holds");
      return go(chosen.value);
    }
  }
}

const holdsExactly = (condition: Condition, lookup: (name: string) => bigint): boolean =>
  condition.some((all) => all.every((c) => comparisonHolds(c, lookup)));
function comparisonHolds(c: Comparison, lookup: (name: string) => bigint): boolean {
  const [a, b] = [c.left, c.right].map((e) => evaluateClosedForm(fromIndexExpr(e), lookup));
  const order = compareRational(a!, b!);
  return c.op === "==" ? order === 0 : c.op === "!=" ? order !== 0 : c.op === "<" ? order < 0 : order <= 0;
}

// Substitution

/** Replaces sizes and indices by forms, all at once. A guard or a summation index that is named is left alone: none may be. */
export function substituteClosedForm(f: ClosedForm, by: ReadonlyMap<string, ClosedForm>): ClosedForm {
  const go = (g: ClosedForm): ClosedForm => substituteClosedForm(g, by);
  switch (f.kind) {
    case "constant":
      return f;
    case "size":
    case "index":
      return by.get(f.name) ?? f;
    case "add":
      return add(...f.terms.map(go));
    case "mul":
      return mul(...f.factors.map(go));
    case "floor":
      return floor(go(f.of));
    case "mod":
      return mod(go(f.of), go(f.by));
    case "min":
    case "max":
      return extremum(f.kind, f.of.map(go));
    case "log2":
      return log2(go(f.of));
    case "floor-log2":
      return closed.floorLog2(go(f.of));
    case "pow2":
      return pow2(go(f.of));
    case "sum":
      return sum(f.index, go(f.lo), go(f.hi), go(f.body));
    case "cases":
      return cases(f.cases.map((c) => ({ guard: c.guard, value: go(c.value) })));
  }
}

// Text

/** `(n^2 + n) / 2`, `2*floor((n + 2) / 3)`, `sum[i: 0..n] log2(i + 1)`, `if n < 3 { n - 1 } else { n }`. */
export function printClosedForm(f: ClosedForm): string {
  return print(f, 0);
}

/** Levels: 0 anything, 1 a term of a sum, 2 a factor, 3 an exponent. */
function print(f: ClosedForm, level: number): string {
  const bracket = (text: string, own: number) => (own < level ? `(${text})` : text);
  const list = (fs: readonly ClosedForm[]) => fs.map((g) => print(g, 0)).join(", ");
  switch (f.kind) {
    case "constant":
      return bracket(printRational(f.value), isWhole(f.value) && signOf(f.value) >= 0 ? 3 : 0);
    case "size":
    case "index":
      return f.name;
    case "add":
    case "mul":
      return printSum(monomialsOf(f), level);
    case "floor":
      return `floor(${print(f.of, 0)})`;
    case "mod":
      return bracket(`${print(f.of, 2)} mod ${print(f.by, 3)}`, 1);
    case "min":
    case "max":
      return `${f.kind}(${list(f.of)})`;
    case "log2":
      return `log2(${print(f.of, 0)})`;
    case "floor-log2":
      return `floor(log2(${print(f.of, 0)}))`;
    case "pow2":
      return bracket(`2^${print(f.of, 3)}`, 2);
    case "sum":
      return bracket(`sum[${f.index}: ${print(f.lo, 1)}..${print(f.hi, 1)}] ${print(f.body, 2)}`, 0);
    case "cases": {
      const last = f.cases.length - 1;
      return f.cases
        .map((c, k) =>
          k === last
            ? `{ ${print(c.value, 0)} }`
            : `if ${printCondition(c.guard)} { ${print(c.value, 0)} } else `,
        )
        .join("");
    }
  }
}

/** As a product of linear factors where that is shorter, or no longer than two signs: `T*(n - 2)^3`, `(m - 1)*(n - 1)`. */
function printSum(all: readonly Monomial[], level: number): string {
  const expanded = printTerms(all, level);
  if (all.length < 3) return expanded;
  const product = inFactors(expanded, all, level);
  return product.length < expanded.length + (all.length > 3 ? 3 : 0) ? product : expanded;
}

/** By the text of the sum: the same ones are printed again and again. */
const products = new Map<string, string>();

function inFactors(expanded: string, all: readonly Monomial[], level: number): string {
  const key = `${level} ${expanded}`;
  let text = products.get(key);
  if (text === undefined) {
    if (products.size >= 5_000) products.clear();
    text = productText(all, level) ?? expanded;
    products.set(key, text);
  }
  return text;
}

function productText(all: readonly Monomial[], level: number): string | undefined {
  const atoms = new Map(all.flatMap(({ factors }) => factors.map((f) => [closedFormKey(f), f])));
  const keys = [...atoms.keys()];
  const product = factored(
    all.map(({ coefficient, factors }) => {
      const own = factors.map(closedFormKey);
      return { coefficient, exponents: keys.map((key) => own.filter((k) => k === key).length) };
    }),
  );
  if (product === undefined) return undefined;
  const { numerator, denominator } = product.coefficient;
  const texts = product.factors.map(({ of, power }) => {
    const terms = of.map(({ coefficient, exponents }) => {
      const each = exponents.flatMap((e, k) => Array.from({ length: e }, () => atoms.get(keys[k]!)!));
      return monomial(coefficient, each);
    });
    return `${printTerms(terms, power > 1 ? 3 : 2)}${power > 1 ? `^${power}` : ""}`;
  });
  // Names first, then sums: `T*(n + 1)*(n + 2)`.
  const parts = texts.sort((a, b) => Number(a[0] === "(") - Number(b[0] === "(") || (a < b ? -1 : 1));
  if (absolute(numerator) !== 1n) parts.unshift(`${absolute(numerator)}`);
  const text = `${numerator < 0n ? "-" : ""}${parts.join("*")}`;
  if (denominator !== 1n) return level > 1 ? `(${text} / ${denominator})` : `${text} / ${denominator}`;
  return level > (numerator < 0n ? 0 : 2) ? `(${text})` : text;
}

function printTerms(all: readonly Monomial[], level: number): string {
  const denominator = all.reduce((l, { coefficient: { denominator: d } }) => (l * d) / gcd(l, d), 1n);
  const inner = denominator === 1n || all.length === 1 ? level : 2;
  const terms = all.map(({ coefficient, factors }) => {
    const c = (coefficient.numerator * denominator) / coefficient.denominator;
    const parts: string[] = [];
    for (let k = 0; k < factors.length; ) {
      let run = k + 1;
      while (run < factors.length && closedFormKey(factors[run]!) === closedFormKey(factors[k]!)) run++;
      parts.push(run - k === 1 ? print(factors[k]!, 2) : `${print(factors[k]!, 3)}^${run - k}`);
      k = run;
    }
    const size = absolute(c);
    if (size !== 1n || parts.length === 0) parts.unshift(`${size}`);
    return { negative: c < 0n, text: parts.join("*"), product: parts.length > 1 };
  });
  // A negative first term reads badly: begin with a positive one where there is one.
  const first = terms.findIndex((t) => !t.negative);
  const ordered = first > 0 ? [terms[first]!, ...terms.filter((_, k) => k !== first)] : terms;
  const text = ordered
    .map((t, k) => (k === 0 ? `${t.negative ? "-" : ""}${t.text}` : ` ${t.negative ? "-" : "+"} ${t.text}`))
    .join("");
  const own = ordered.length > 1 || ordered[0]!.negative ? 0 : ordered[0]!.product ? 2 : 3;
  const sum = own < inner ? `(${text})` : text;
  if (denominator === 1n) return sum;
  const quotient = `${own < 2 && ordered.length > 1 ? `(${text})` : text} / ${denominator}`;
  return level > 1 ? `(${quotient})` : quotient;
}
