/** What every operator and reduction means on numbers: the table behind the reference interpreter. */
import { elementary } from "./elementary";
import type { ElementType, Operator, ReduceOp } from "./system";

/** A number, or the components of a vector. */
export type Value = number | readonly number[];

/** What `--checked` reports. */
export type Fault =
  | { readonly kind: "overflow"; readonly exact: number }
  | { readonly kind: "division-by-zero" };
export type FaultReport = (fault: Fault) => void;

const f = Math.fround;
const exp = elementary.exp();
const log = elementary.log();
const tanh = elementary.tanh();
const sin = elementary.sin();
const cos = elementary.cos();

/** Wraps to 32 bits; reports when that changes the value. */
function wrap(exact: number, report: FaultReport): number {
  if (exact !== (exact | 0)) report({ kind: "overflow", exact });
  return exact | 0;
}

/** The product of two 32-bit integers may not be exact as a double: `Math.imul` is. */
function multiply(a: number, b: number, report: FaultReport): number {
  if (a * b !== Math.imul(a, b)) report({ kind: "overflow", exact: a * b });
  return Math.imul(a, b);
}

const floorDiv = (a: number, b: number, report: FaultReport): number => {
  if (b === 0) report({ kind: "division-by-zero" });
  return b === 0 ? 0 : wrap(Math.floor(a / b), report);
};
const floorMod = (a: number, b: number, report: FaultReport): number => {
  if (b === 0) report({ kind: "division-by-zero" });
  return b === 0 ? 0 : (a - b * Math.floor(a / b)) | 0;
};

/** Truncates towards zero, saturates, NaN to 0. */
const truncate = (x: number): number =>
  x !== x ? 0 : Math.max(-2147483648, Math.min(2147483647, Math.trunc(x))) | 0;

type Scalar = (args: readonly number[], report: FaultReport) => number;
const sign: Scalar = ([a]) => (a! > 0 ? 1 : a! < 0 ? -1 : 0);
// Math.min and Math.max are IEEE 754-2019 minimum and maximum: NaN wins, −0 < +0.
const extremes: Partial<Record<Operator, Scalar>> = {
  min: ([a, b]) => Math.min(a!, b!),
  max: ([a, b]) => Math.max(a!, b!),
  clamp: ([x, lo, hi]) => Math.min(Math.max(x!, lo!), hi!),
  sign,
};
const onInts: Partial<Record<Operator, Scalar>> = {
  ...extremes,
  add: ([a, b], r) => wrap(a! + b!, r),
  sub: ([a, b], r) => wrap(a! - b!, r),
  mul: ([a, b], r) => multiply(a!, b!, r),
  neg: ([a], r) => wrap(0 - a!, r),
  abs: ([a], r) => wrap(Math.abs(a!), r),
  div: ([a, b], r) => floorDiv(a!, b!, r),
  mod: ([a, b], r) => floorMod(a!, b!, r),
};
const onReals: Partial<Record<Operator, Scalar>> = {
  ...extremes,
  add: ([a, b]) => f(a! + b!),
  sub: ([a, b]) => f(a! - b!),
  mul: ([a, b]) => f(a! * b!),
  divide: ([a, b]) => f(a! / b!),
  neg: ([a]) => -a!,
  abs: ([a]) => Math.abs(a!),
  floor: ([a]) => Math.floor(a!),
  sqrt: ([a]) => f(Math.sqrt(a!)),
  exp: ([a]) => exp(a!),
  log: ([a]) => log(a!),
  tanh: ([a]) => tanh(a!),
  sin: ([a]) => sin(a!),
  cos: ([a]) => cos(a!),
};
const onAny: Partial<Record<Operator, Scalar>> = {
  eq: ([a, b]) => (a === b ? 1 : 0),
  ne: ([a, b]) => (a === b ? 0 : 1),
  lt: ([a, b]) => (a! < b! ? 1 : 0),
  le: ([a, b]) => (a! <= b! ? 1 : 0),
  and: ([a, b]) => a! & b!,
  or: ([a, b]) => a! | b!,
  xor: ([a, b]) => a! ^ b!,
  not: ([a]) => 1 - a!,
  "to-int": ([a]) => truncate(a!),
  "to-real": ([a]) => f(a!),
};

const component = (v: Value, k: number): number => (typeof v === "number" ? v : v[k]!);
const silent: FaultReport = () => {};

/** Applies an operator. `type` is the type of the result; comparisons and conversions do not depend on it. */
export function applyOperator(
  op: Operator,
  args: readonly Value[],
  type: ElementType,
  report: FaultReport = silent,
): Value {
  if (op === "dot" || op === "length") {
    const [a, b = a] = args as readonly (readonly number[])[];
    const dot = canonicalSum(a!.map((x, k) => f(x * b![k]!)));
    return op === "dot" ? dot : f(Math.sqrt(dot));
  }
  const known = onAny[op];
  if (known !== undefined) return known(args as readonly number[], report);
  const table = type.kind === "real" || type.kind === "vector" ? onReals : onInts;
  const meaning = table[op];
  if (meaning === undefined) throw new Error(`the operator ${op} has no meaning on ${type.kind}`);
  if (type.kind !== "vector") return meaning(args as readonly number[], report);
  return Array.from({ length: type.width }, (_, k) =>
    meaning(
      args.map((a) => component(a, k)),
      report,
    ),
  );
}

/** The value of a reduction over nothing. A majority of nothing is 0, a place in nothing −1. */
export function valueOverNothing(op: ReduceOp, real: boolean): number {
  switch (op) {
    case "product":
    case "all":
      return 1;
    case "min":
      return real ? Number.POSITIVE_INFINITY : 2 ** 31 - 1;
    case "max":
      return real ? Number.NEGATIVE_INFINITY : -(2 ** 31);
    case "argmin":
    case "argmax":
      return -1;
    default:
      return 0;
  }
}

/** The canonical order: the largest power of two below the length on the left. */
export function canonicalTree<T>(items: readonly T[], combine: (a: T, b: T) => T): T {
  const go = (from: number, to: number): T => {
    if (to - from === 1) return items[from]!;
    let left = 1;
    while (left * 2 < to - from) left *= 2;
    return combine(go(from, from + left), go(from + left, to));
  };
  return go(0, items.length);
}

/** Sum of binary32 numbers in canonical order; never −0. */
function canonicalSum(items: readonly number[]): number {
  return items.length === 0 ? 0 : f(canonicalTree(items, (a, b) => f(a + b)) + 0);
}

/** One operand of a reduction; `undefined` where a filter left it out. */
export type Operand = { readonly point: readonly number[]; readonly value: Value | undefined };

export function reduceOperands(
  op: ReduceOp,
  operands: readonly Operand[],
  type: ElementType,
  report: FaultReport = silent,
): Value {
  const present = operands.filter((o): o is Operand & { value: Value } => o.value !== undefined);
  const bits = () => present.map((o) => o.value as number);
  switch (op) {
    case "any":
      return bits().includes(1) ? 1 : 0;
    case "all":
      return bits().includes(0) ? 0 : 1;
    case "parity":
      return bits().filter((b) => b === 1).length % 2;
    case "count":
      return bits().filter((b) => b === 1).length | 0;
    case "majority":
      return 2 * bits().filter((b) => b === 1).length > present.length ? 1 : 0;
    case "argmin":
    case "argmax": {
      let best: (Operand & { value: Value }) | undefined;
      const beats = (a: number, b: number) => (op === "argmin" ? a < b : a > b) || (b !== b && a === a);
      for (const o of present)
        if (best === undefined || beats(o.value as number, best.value as number)) best = o;
      return best === undefined ? -1 : best.point[0]! | 0;
    }
    case "min":
    case "max": {
      const least = op === "min" ? Math.min : Math.max;
      return bits().reduce((a, b) => least(a, b), valueOverNothing(op, type.kind === "real"));
    }
    case "sum":
      if (type.kind === "vector") {
        return Array.from({ length: type.width }, (_, k) =>
          canonicalSum(operands.map((o) => (o.value === undefined ? -0 : component(o.value, k)))),
        );
      }
      if (type.kind === "real")
        return canonicalSum(operands.map((o) => (o.value === undefined ? -0 : (o.value as number))));
      return bits().reduce((a, b) => wrap(a + b, report), 0);
    case "product":
      if (type.kind === "real") {
        return operands.length === 0
          ? 1
          : canonicalTree(
              operands.map((o) => (o.value === undefined ? 1 : (o.value as number))),
              (a, b) => f(a * b),
            );
      }
      return bits().reduce((a, b) => multiply(a, b, report), 1);
  }
}
