/** The value of static expressions at given sizes and indices: exact integers. */
import { ceilLog2, min, sub } from "./build";
import type { Comparison, Condition, Dim, Family, IndexExpr, Sizes } from "./system";

/** A static expression has no value: division by zero, a negative power, or beyond 2^53. A fault of the program at these sizes. */
export class IndexFault extends Error {
  /** `undefined`: there is no such number; `large`: there is, but it is beyond exact integers. */
  readonly reason: "undefined" | "large";

  constructor(message: string, reason: "undefined" | "large" = "undefined") {
    // Searches over sizes meet tens of thousands: where V8 would gather a trace for each, none is asked for.
    const traces = Error as { stackTraceLimit?: number };
    const limit = traces.stackTraceLimit;
    if (limit !== undefined) traces.stackTraceLimit = 0;
    super(message);
    if (limit !== undefined) traces.stackTraceLimit = limit;
    this.reason = reason;
  }
}

export type Lookup = (name: string) => number;

const exact = (n: number): number => {
  if (!Number.isSafeInteger(n))
    throw new IndexFault(`an index expression reaches ${n}, beyond exact integers`, "large");
  return n === 0 ? 0 : n;
};

/** One of the binary operators on integers. */
function evaluateOperator(
  kind: "add" | "sub" | "mul" | "div" | "mod" | "min" | "max",
  a: number,
  b: number,
): number {
  switch (kind) {
    case "add":
      return exact(a + b);
    case "sub":
      return exact(a - b);
    case "mul":
      return exact(a * b);
    case "div":
      if (b === 0) throw new IndexFault("an index expression divides by zero");
      return exact(Math.floor(a / b));
    case "mod":
      if (b === 0) throw new IndexFault("an index expression divides by zero");
      return exact(a - b * Math.floor(a / b));
    case "min":
      return Math.min(a, b);
    case "max":
      return Math.max(a, b);
  }
}

function power(a: number): number {
  if (a < 0) throw new IndexFault(`2^${a} is not a whole number`);
  if (a > 52) throw new IndexFault(`2^${a} is too large`, "large");
  return 2 ** a;
}

/** The value of an index expression. @throws IndexFault where it has none, or one beyond 2^53 */
export function evaluateIndex(e: IndexExpr, lookup: Lookup): number {
  switch (e.kind) {
    case "integer":
      return e.value;
    case "size":
    case "index":
      return lookup(e.name);
    case "log2":
      return ceilLog2(evaluateIndex(e.operand, lookup));
    case "pow2":
      return power(evaluateIndex(e.operand, lookup));
    default:
      return evaluateOperator(e.kind, evaluateIndex(e.left, lookup), evaluateIndex(e.right, lookup));
  }
}

const compares = (op: Comparison["op"], a: number, b: number): boolean =>
  op === "==" ? a === b : op === "!=" ? a !== b : op === "<" ? a < b : a <= b;

export const holds = (condition: Condition, lookup: Lookup): boolean =>
  condition.some((all) =>
    all.every((c) => compares(c.op, evaluateIndex(c.left, lookup), evaluateIndex(c.right, lookup))),
  );

/** Values of sizes and indices by slot number. */
export type Slots = number[];
export type IndexCode<T> = (slots: Slots) => T;

/** A closure for repeated evaluation; `slot` gives the place of each size and index. */
export function compileIndex(e: IndexExpr, slot: (name: string) => number): IndexCode<number> {
  switch (e.kind) {
    case "integer": {
      const { value } = e;
      return () => value;
    }
    case "size":
    case "index": {
      const at = slot(e.name);
      return (s) => s[at]!;
    }
    case "log2": {
      const f = compileIndex(e.operand, slot);
      return (s) => ceilLog2(f(s));
    }
    case "pow2": {
      const f = compileIndex(e.operand, slot);
      return (s) => power(f(s));
    }
    default: {
      const { kind } = e;
      const f = compileIndex(e.left, slot);
      if (e.right.kind === "integer" && (kind === "add" || kind === "sub")) {
        const by = kind === "add" ? e.right.value : -e.right.value;
        return (s) => f(s) + by;
      }
      const g = compileIndex(e.right, slot);
      if (kind === "add") return (s) => exact(f(s) + g(s));
      if (kind === "sub") return (s) => exact(f(s) - g(s));
      return (s) => evaluateOperator(kind, f(s), g(s));
    }
  }
}

export function compileCondition(condition: Condition, slot: (name: string) => number): IndexCode<boolean> {
  const disjuncts = condition.map((all) =>
    all.map((c) => {
      const f = compileIndex(c.left, slot);
      const g = compileIndex(c.right, slot);
      const { op } = c;
      return (s: Slots) => compares(op, f(s), g(s));
    }),
  );
  if (disjuncts.some((d) => d.length === 0)) return () => true;
  if (disjuncts.length === 1) {
    const only = disjuncts[0]!;
    if (only.length === 1) return only[0]!;
    return (s) => only.every((c) => c(s));
  }
  return (s) => disjuncts.some((d) => d.every((c) => c(s)));
}

/** Visits the points of nested ranges in lexicographic order. The array handed over is reused. */
export function forEachPoint(
  dims: readonly Dim[],
  sizes: Sizes,
  visit: (point: readonly number[]) => void,
): void {
  const env = new Map<string, number>(Object.entries(sizes));
  const lookup = (name: string) => env.get(name) ?? 0;
  const point: number[] = [];
  const walk = (d: number): void => {
    const dim = dims[d];
    if (dim === undefined) {
      visit(point);
      return;
    }
    const lo = evaluateIndex(dim.lo, lookup);
    const hi = evaluateIndex(dim.hi, lookup);
    for (let i = lo; i < hi; i++) {
      env.set(dim.index, i);
      point[d] = i;
      walk(d + 1);
    }
    env.delete(dim.index);
  };
  walk(0);
}

/** The smallest box that holds all points: empty families have extents 0. */
export interface Box {
  readonly lo: readonly number[];
  readonly extent: readonly number[];
  readonly points: number;
}

/**
 * The box of a family at given sizes. Bounds that depend on earlier indices are followed over the values these take, so
 * the box is tight; cost: the product of all extents but the last of the dimensions that others depend on. No more than
 * `most` values are followed: a family that needs more has an unknown, infinite number of points.
 */
export function familyBox(family: Pick<Family, "dims">, sizes: Sizes, most = Number.POSITIVE_INFINITY): Box {
  const { dims } = family;
  const rank = dims.length;
  const lo: number[] = new Array(rank).fill(Number.POSITIVE_INFINITY);
  const hi: number[] = new Array(rank).fill(Number.NEGATIVE_INFINITY);
  const used = new Set<string>();
  for (const d of dims) for (const e of [d.lo, d.hi]) collectIndices(e, used);
  const env = new Map<string, number>(Object.entries(sizes));
  const lookup = (name: string) => env.get(name) ?? 0;
  let left = most;
  // True where at least one point exists below.
  const walk = (d: number): boolean => {
    const dim = dims[d];
    if (dim === undefined) return true;
    const from = evaluateIndex(dim.lo, lookup);
    const to = evaluateIndex(dim.hi, lookup);
    let any = false;
    let last = to;
    if (used.has(dim.index)) {
      let first = to;
      last = from;
      for (let i = from; i < to && left >= 0; i++) {
        left--;
        env.set(dim.index, i);
        if (!walk(d + 1)) continue;
        any = true;
        if (i < first) first = i;
        last = i + 1;
      }
      if (any) lo[d] = Math.min(lo[d]!, first);
    } else if (to > from) {
      any = walk(d + 1);
      if (any) lo[d] = Math.min(lo[d]!, from);
    }
    if (any) hi[d] = Math.max(hi[d]!, last);
    return any;
  };
  const some = walk(0);
  if (left < 0) return { lo: dims.map(() => 0), extent: dims.map(() => 0), points: Number.POSITIVE_INFINITY };
  if (!some) return { lo: dims.map(() => 0), extent: dims.map(() => 0), points: 0 };
  const extent = lo.map((l, d) => hi[d]! - l);
  return { lo, extent, points: extent.reduce((a, b) => a * b, 1) };
}

/**
 * The value of a static expression where it is used as an `int`: 32-bit arithmetic that wraps at every step, by zero 0, as
 * of any other int expression.
 */
export function evaluateInt(e: IndexExpr, lookup: Lookup): number {
  switch (e.kind) {
    case "integer":
      return e.value | 0;
    case "size":
    case "index":
      return lookup(e.name) | 0;
    case "log2":
      return ceilLog2(evaluateInt(e.operand, lookup));
    case "pow2":
      return power(evaluateInt(e.operand, lookup)) | 0;
    default: {
      const a = evaluateInt(e.left, lookup);
      const b = evaluateInt(e.right, lookup);
      switch (e.kind) {
        case "add":
          return (a + b) | 0;
        case "sub":
          return (a - b) | 0;
        case "mul":
          return Math.imul(a, b);
        case "div":
          return b === 0 ? 0 : Math.floor(a / b) | 0;
        case "mod":
          return b === 0 ? 0 : (a - b * Math.floor(a / b)) | 0;
        case "min":
          return Math.min(a, b);
        case "max":
          return Math.max(a, b);
      }
    }
  }
}

/** The point at an offset of a box in row-major order. */
export function pointAt(box: Pick<Box, "lo" | "extent">, offset: number): number[] {
  const point = new Array<number>(box.extent.length);
  let rest = offset;
  for (let d = box.extent.length - 1; d >= 0; d--) {
    const extent = box.extent[d]!;
    point[d] = (rest % extent) + box.lo[d]!;
    rest = Math.floor(rest / extent);
  }
  return point;
}

export function collectIndices(e: IndexExpr, into: Set<string>): void {
  switch (e.kind) {
    case "integer":
    case "size":
      return;
    case "index":
      into.add(e.name);
      return;
    case "log2":
    case "pow2":
      collectIndices(e.operand, into);
      return;
    default:
      collectIndices(e.left, into);
      collectIndices(e.right, into);
  }
}

/** Whether no bound of a family depends on its own earlier indices. */
export function isBox(family: Pick<Family, "dims">): boolean {
  const used = new Set<string>();
  for (const d of family.dims) for (const e of [d.lo, d.hi]) collectIndices(e, used);
  return used.size === 0;
}

/** How many values an index has, and by how many at most where its end is the lesser of two. */
export function lengthOf({ lo, hi }: Dim): IndexExpr {
  if (hi.kind === "min")
    return min(lengthOf({ index: "", lo, hi: hi.left }), lengthOf({ index: "", lo, hi: hi.right }));
  return hi.kind === "add" && hi.left === lo ? hi.right : sub(hi, lo);
}
