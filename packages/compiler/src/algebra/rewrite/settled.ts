/**
 * Data that a law turned into indices: where a state is one row of a table, what was computed from it is computed from the row's index, and
 * costs nothing. Written as text it would be read so; the system says the same.
 */
import * as build from "../../equations/build";
import { and, atom, isAlways, not, or } from "../../equations/conditions";
import { rewriteExpr } from "../../equations/expressions";
import type { Condition, Dim, Expr, Family, IndexExpr, Subscript } from "../../equations/system";

/**
 * A family with all that is made of indices as such; undefined where ints would decide something that may have wrapped before: as data they
 * do, in a condition or a subscript of indices they do not.
 */
export function settled(family: Family): Family | undefined {
  try {
    const ranges = rangesOf(family.dims);
    const pieces = family.pieces.map((p) => ({ ...p, value: settledExpr(p.value, ranges) }));
    return pieces.every((p, k) => p.value === family.pieces[k]!.value) ? family : { ...family, pieces };
  } catch (error) {
    if (error instanceof Wraps) return undefined;
    throw error;
  }
}

class Wraps extends Error {}

/** Both ends included. No array has 2^31 rows, so an index from a number on ends there. */
type Range = readonly [number, number];
const anything: Range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

const rangesOf = (dims: readonly Dim[], around: Iterable<[string, Range]> = []): Map<string, Range> =>
  new Map([
    ...around,
    ...dims.map(({ index, lo, hi }): [string, Range] => [
      index,
      lo.kind === "integer" ? [lo.value, hi.kind === "integer" ? hi.value - 1 : 2 ** 31 - 1] : anything,
    ]),
  ]);

/** Bits that comparisons of indices decide; a choice that was written as one stays a value. */
const literals = (): Map<Expr, Condition> =>
  new Map([
    [build.constant(build.bit, 1), build.always],
    [build.constant(build.bit, 0), build.never],
  ]);

function settledExpr(root: Expr, ranges: ReadonlyMap<string, Range>, conditions = literals()): Expr {
  const memo = new Map<Expr, Expr>();
  const conditionOf = (e: Expr): Condition | undefined => conditions.get(e);
  const asBit = (c: Condition): Expr => {
    if (isAlways(c) || c.length === 0) return build.constant(build.bit, isAlways(c) ? 1 : 0);
    const cases = [
      { guard: c, value: build.constant(build.bit, 1) },
      { guard: build.always, value: build.constant(build.bit, 0) },
    ];
    const made = build.choose(cases, build.bit);
    conditions.set(made, c);
    return made;
  };
  const go = (e: Expr): Expr => {
    let made = memo.get(e);
    if (made === undefined) {
      made = settle(e);
      memo.set(e, made);
    }
    return made;
  };
  const exact = (e: IndexExpr): IndexExpr => {
    if (!fits(e, ranges)) throw new Wraps();
    return e;
  };
  const settle = (e: Expr): Expr => {
    switch (e.kind) {
      case "apply": {
        const args = e.args.map(go);
        const condition = decision(e.op, args, exact, conditionOf);
        if (condition !== undefined) return asBit(condition);
        const index = arithmetic(e.op, args);
        return index === undefined ? build.apply(e.op, args, e.type, e.origin) : asInt(index);
      }
      case "select": {
        const condition = conditionOf(go(e.condition));
        if (condition === undefined)
          return build.select(go(e.condition), go(e.then), go(e.otherwise), e.type);
        if (isAlways(condition)) return go(e.then);
        if (condition.length === 0) return go(e.otherwise);
        return build.choose(
          [
            { guard: condition, value: go(e.then) },
            { guard: build.always, value: go(e.otherwise) },
          ],
          e.type,
        );
      }
      case "read":
        return build.read(
          e.family,
          e.at.map((s): Subscript => {
            if (s.kind === "static") return s;
            const value = go(s.value);
            const index = indexOf(value);
            return index === undefined ? { ...s, value } : { kind: "static", value: exact(index) };
          }),
          e.type,
          e.origin,
        );
      case "reduce":
      case "fold": {
        const inside = rangesOf(e.dims, ranges);
        const within = (x: Expr): Expr => settledExpr(x, inside, conditions);
        const data = e.dataFilter === undefined ? undefined : within(e.dataFilter);
        const known = data && conditionOf(data);
        const options = {
          filter: known === undefined ? e.filter : and(e.filter, known),
          dataFilter: known === undefined ? data : undefined,
          origin: e.origin,
        };
        return e.kind === "reduce"
          ? build.reduce(e.op, e.dims, within(e.body), e.type, options)
          : build.fold(e.monoid, e.dims, e.bodies.map(within), e.position, options);
      }
      default:
        return rewriteExpr(e, (part) => (part === e ? undefined : go(part)));
    }
  };
  return go(root);
}

const asInt = (e: IndexExpr): Expr =>
  e.kind === "integer" ? build.constant(build.int, e.value | 0) : build.indexValue(e);

function indexOf(e: Expr): IndexExpr | undefined {
  if (e.kind === "index-value") return e.value;
  return e.kind === "constant" && (e.type.kind === "int" || e.type.kind === "index")
    ? build.integer(e.value)
    : undefined;
}

function decision(
  op: string,
  args: readonly Expr[],
  exact: (e: IndexExpr) => IndexExpr,
  conditionOf: (e: Expr) => Condition | undefined,
): Condition | undefined {
  const indices = args.map(indexOf);
  if (indices.every((x) => x !== undefined) && ["eq", "ne", "lt", "le"].includes(op)) {
    const sign = { eq: "==", ne: "!=", lt: "<", le: "<=" } as const;
    const [a, b] = indices.map(exact) as [IndexExpr, IndexExpr];
    return atom(build.compare(sign[op as "eq"], a, b));
  }
  const conditions = args.map(conditionOf);
  if (!conditions.every((x) => x !== undefined)) return undefined;
  const [a, b] = conditions as [Condition, Condition];
  switch (op) {
    case "not":
      return not(a);
    case "and":
      return and(a, b);
    case "or":
      return or(a, b);
    case "xor":
      return or(and(a, not(b)), and(not(a), b));
    default:
      return undefined;
  }
}

function arithmetic(op: string, args: readonly Expr[]): IndexExpr | undefined {
  const indices = args.map(indexOf);
  if (!indices.every((x) => x !== undefined)) return undefined;
  const [a, b, c] = indices as [IndexExpr, IndexExpr, IndexExpr];
  const zero = build.integer(0);
  switch (op) {
    case "add":
      return build.add(a, b);
    case "sub":
      return build.sub(a, b);
    case "mul":
      return build.mul(a, b);
    case "div":
      return build.div(a, b);
    case "mod":
      return build.mod(a, b);
    case "min":
      return build.min(a, b);
    case "max":
      return build.max(a, b);
    case "neg":
      return build.sub(zero, a);
    case "abs":
      return build.max(a, build.sub(zero, a));
    case "clamp":
      return build.min(build.max(a, b), c);
    default:
      return undefined;
  }
}

/** Whether nothing in it leaves 32 bits. */
function fits(e: IndexExpr, ranges: ReadonlyMap<string, Range>): boolean {
  const inside = ([lo, hi]: Range): boolean => lo >= -(2 ** 31) && hi < 2 ** 31;
  const parts = "left" in e ? [e.left, e.right] : "operand" in e ? [e.operand] : [];
  return inside(rangeOf(e, ranges)) && parts.every((p) => fits(p, ranges));
}

function rangeOf(e: IndexExpr, ranges: ReadonlyMap<string, Range>): Range {
  switch (e.kind) {
    case "integer":
      return [e.value, e.value];
    case "index":
      return ranges.get(e.name) ?? anything;
    case "size":
      return [0, 2 ** 31 - 1];
    case "log2":
    case "pow2":
      return anything;
  }
  const [a, b] = [rangeOf(e.left, ranges), rangeOf(e.right, ranges)];
  if (![...a, ...b].every(Number.isFinite)) return anything;
  switch (e.kind) {
    case "add":
      return [a[0] + b[0], a[1] + b[1]];
    case "sub":
      return [a[0] - b[1], a[1] - b[0]];
    case "mul": {
      const ends = a.flatMap((x) => b.map((y) => x * y));
      return [Math.min(...ends), Math.max(...ends)];
    }
    case "div":
      return b[0] > 0 ? [Math.min(a[0], 0), Math.max(a[1], 0)] : anything;
    case "mod":
      return b[0] > 0 ? [0, b[1] - 1] : anything;
    case "min":
      return [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
    case "max":
      return [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  }
}
