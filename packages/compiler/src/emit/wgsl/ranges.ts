/**
 * Where static expressions stand and how large they become at given sizes: whether 32 bits hold them, and how much one instance
 * reduces. Dimensions count as their boxes, so nothing is estimated too small.
 */
import { childrenOf } from "../../equations/build";
import { lengthOf } from "../../equations/evaluate-index";
import type { Condition, Dim, Expr, Family, IndexExpr, Sizes } from "../../equations/system";
import type { GpuFamily, GpuProgram, Ranges } from "./program";

/** The static expressions of a family, nested as its reductions are. */
export function rangesOf(family: Family): Ranges {
  const scope = (dims: readonly Dim[], roots: readonly Expr[], conditions: readonly Condition[]): Ranges => {
    const expressions = new Set<IndexExpr>();
    const inner: Ranges[] = [];
    const condition = (c: Condition): void => {
      for (const all of c) for (const one of all) expressions.add(one.left).add(one.right);
    };
    for (const d of dims) expressions.add(d.lo).add(d.hi);
    conditions.forEach(condition);
    const seen = new Set<Expr>();
    const go = (e: Expr): void => {
      if (seen.has(e)) return;
      seen.add(e);
      switch (e.kind) {
        case "read":
          for (const s of e.at)
            if (s.kind === "dynamic") go(s.value);
            else expressions.add(s.value);
          return;
        case "choose":
          for (const c of e.cases) {
            condition(c.guard);
            go(c.value);
          }
          return;
        case "reduce":
        case "fold": {
          const bodies = e.kind === "fold" ? e.bodies : [e.body];
          const filters = e.dataFilter === undefined ? [] : [e.dataFilter];
          inner.push(scope(e.dims, [...bodies, ...filters], [e.filter]));
          return;
        }
        default:
          childrenOf(e).forEach(go);
      }
    };
    roots.forEach(go);
    return { dims, expressions: [...expressions], inner };
  };
  const made = scope(
    family.dims,
    family.pieces.map((p) => p.value),
    family.pieces.map((p) => p.guard),
  );
  const { type } = family;
  return type.kind === "index" ? { ...made, expressions: [...made.expressions, type.bound] } : made;
}

type Interval = readonly [number, number];
type Known = ReadonlyMap<string, Interval>;

const around = (values: readonly number[]): Interval => [Math.min(...values), Math.max(...values)];

/** Values an index expression can take while its indices are in their ranges; never too narrow. */
function interval(e: IndexExpr, ranges: Known, sizes: Sizes): Interval {
  switch (e.kind) {
    case "integer":
      return [e.value, e.value];
    case "size":
      return [sizes[e.name]!, sizes[e.name]!];
    case "index":
      return ranges.get(e.name)!;
    case "log2": {
      const [, hi] = interval(e.operand, ranges, sizes);
      return [0, Math.ceil(Math.log2(Math.max(hi, 1))) + 1];
    }
    case "pow2": {
      const [lo, hi] = interval(e.operand, ranges, sizes);
      // Powers beyond the 30th are reported by the kernel itself.
      return [2 ** Math.min(30, Math.max(lo, 0)), 2 ** Math.min(30, Math.max(hi, 0))];
    }
    default: {
      const [a, b] = interval(e.left, ranges, sizes);
      const [c, d] = interval(e.right, ranges, sizes);
      const most = Math.max(Math.abs(a), Math.abs(b));
      switch (e.kind) {
        case "add":
          return [a + c, b + d];
        case "sub":
          return [a - d, b - c];
        case "mul":
          return around([a * c, a * d, b * c, b * d]);
        case "div":
          return c > 0 ? around([a / c, a / d, b / c, b / d].map(Math.floor)) : [-most, most];
        case "mod":
          return c > 0 ? [0, d - 1] : [-Math.max(-c, d), Math.max(-c, d)];
        case "min":
          return [Math.min(a, c), Math.min(b, d)];
        case "max":
          return [Math.max(a, c), Math.max(b, d)];
      }
    }
  }
}

/** A family's indices in its box. */
const boxOf = ({ dims }: Pick<GpuFamily, "dims">, box: Box): Known =>
  new Map(dims.map((d, k) => [d.index, [box.lo[k]!, box.lo[k]! + box.extent[k]! - 1]]));

interface Box {
  readonly lo: readonly number[];
  readonly extent: readonly number[];
}

/** The most that an expression in a family's indices can be, its box at these sizes given. */
export const mostOf = (e: IndexExpr, { dims }: Pick<Family, "dims">, box: Box, sizes: Sizes): number =>
  interval(e, boxOf({ dims }, box), sizes)[1];

/** The ranges of inner indices, and how many points they span. */
function inside(dims: readonly Dim[], outer: Known, sizes: Sizes): { known: Known; points: number } {
  const known = new Map(outer);
  let points = 1;
  for (const d of dims) {
    points *= Math.max(1, interval(lengthOf(d), known, sizes)[1]);
    const [lo] = interval(d.lo, known, sizes);
    const [, hi] = interval(d.hi, known, sizes);
    known.set(d.index, [lo, Math.max(lo, hi - 1)]);
  }
  return { known, points };
}

const INT_MAX = 2 ** 31 - 1;

/** An index expression that may leave 32 bits at these sizes; undefined where all fit. The other back ends have 53 bits. */
export function indexBeyond32(
  program: GpuProgram,
  sizes: Sizes,
  boxOfFamily: (family: number) => Box,
): IndexExpr | undefined {
  const beyond = (e: IndexExpr, known: Known): IndexExpr | undefined => {
    if (e.kind === "integer" || e.kind === "size" || e.kind === "index") return leaves(e, known);
    if ("operand" in e) return beyond(e.operand, known) ?? leaves(e, known);
    return beyond(e.left, known) ?? beyond(e.right, known) ?? leaves(e, known);
  };
  const leaves = (e: IndexExpr, known: Known): IndexExpr | undefined => {
    const [lo, hi] = interval(e, known, sizes);
    return lo < -INT_MAX || hi > INT_MAX ? e : undefined;
  };
  const search = (ranges: Ranges, known: Known): IndexExpr | undefined => {
    for (const e of ranges.expressions) {
      const found = beyond(e, known);
      if (found !== undefined) return found;
    }
    for (const deeper of ranges.inner) {
      const found = search(deeper, inside(deeper.dims, known, sizes).known);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const [number, family] of program.families.entries()) {
    const box = boxOfFamily(number);
    if (box.extent.includes(0)) continue;
    const found = search(family.ranges, boxOf(family, box));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The most points that the reductions of one instance visit; at least 1. */
export function operandsOf(family: GpuFamily, box: Box, sizes: Sizes): number {
  if (box.extent.includes(0)) return 1;
  const count = (ranges: Ranges, known: Known, times: number): number => {
    let total = 0;
    for (const deeper of ranges.inner) {
      const within = inside(deeper.dims, known, sizes);
      const points = times * within.points;
      total += points + count(deeper, within.known, points);
    }
    return total;
  };
  return 1 + count(family.ranges, boxOf(family, box), 1);
}
