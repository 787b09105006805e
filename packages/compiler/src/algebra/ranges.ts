/**
 * Whole numbers that stay within a fixed range are a finite type, however they are declared: `(s + x) mod 7` of an int is
 * one of seven values. Ranges are found by intervals, joined over all equations until nothing changes.
 */
import { always, apply, constant, indexType, int, integer, read, typeOf } from "../equations/build";
import { isAlways } from "../equations/conditions";
import { rewriteExpr } from "../equations/expressions";
import type { Dim, ElementType, Expr, Family, System } from "../equations/system";

/** Both ends included; undefined: nothing yet. */
type Range = readonly [number, number];
const anything: Range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const bits: Range = [0, 1];

/** Most values of a number that is taken for a finite type. */
const FEW = 64;
/** After so many rounds what still grows is taken to grow for ever. */
const ROUNDS = 80;

/**
 * The same system, ints in a small range declared as what they are. One that may be negative is counted from its least value: it holds
 * `e - lo`, and is read as `… + lo`. `only`: of these families.
 */
export function withFiniteInts(system: System, only: (f: Family) => boolean = () => true): System {
  const wanted = system.families.filter((f) => f.type.kind === "int" && f.pieces.length > 0 && only(f));
  if (wanted.length === 0) return system;
  const ranges = rangesOf(system);
  const few = new Map<string, { readonly type: ElementType; readonly lo: number }>();
  for (const f of wanted) {
    const [lo, hi] = ranges.get(f.name) ?? anything;
    if (lo >= 0 && hi < FEW) few.set(f.name, { type: indexType(integer(hi + 1)), lo: 0 });
    // What is delivered is delivered as it is.
    else if (f.role === "node" && hi - lo < FEW)
      few.set(f.name, { type: indexType(integer(hi - lo + 1)), lo });
  }
  if (few.size === 0) return system;
  const retyped = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      const found = x.kind === "read" ? few.get(x.family) : undefined;
      if (x.kind !== "read" || found === undefined) return undefined;
      const at = x.at.map((s) => (s.kind === "static" ? s : { ...s, value: retyped(s.value) }));
      const value = read(x.family, at, found.type, x.origin);
      return found.lo === 0 ? value : apply("add", [value, constant(int, found.lo)], int);
    });
  const counted = (e: Expr, lo: number): Expr => (lo === 0 ? e : apply("sub", [e, constant(int, lo)], int));
  return {
    ...system,
    families: system.families.map((f): Family => {
      const { type, lo } = few.get(f.name) ?? { type: f.type, lo: 0 };
      return { ...f, type, pieces: f.pieces.map((p) => ({ ...p, value: counted(retyped(p.value), lo) })) };
    }),
  };
}

/** Least and greatest value of a family, where its equations are these; infinite where they are not found. */
export function rangeOfFamily(system: System, family: string, values: readonly Expr[]): Range {
  const families = system.families.map((f) =>
    f.name === family ? { ...f, pieces: values.map((value) => ({ guard: always, value })) } : f,
  );
  return rangesOf({ ...system, families }).get(family) ?? anything;
}

function rangesOf(system: System): ReadonlyMap<string, Range> {
  const ranges = new Map<string, Range>();
  for (const f of system.families) if (f.pieces.length === 0) ranges.set(f.name, ofType(f.type));
  for (let round = 0, changed = true; changed; round++) {
    changed = false;
    for (const f of system.families) {
      if (f.pieces.length === 0) continue;
      const before = ranges.get(f.name);
      let after = before;
      for (const p of f.pieces) {
        const own = rangeOf(p.value, ranges);
        after = own === undefined ? after : after === undefined ? own : join(after, own);
      }
      if (after === undefined || (before !== undefined && before[0] === after[0] && before[1] === after[1]))
        continue;
      ranges.set(f.name, round < ROUNDS ? after : anything);
      changed = true;
    }
  }
  return ranges;
}

const join = (a: Range, b: Range): Range => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];

function ofType(type: ElementType): Range {
  switch (type.kind) {
    case "bit":
      return bits;
    case "enum":
      return [0, type.cases.length - 1];
    case "index":
      return type.bound.kind === "integer" ? [0, type.bound.value - 1] : [0, Number.POSITIVE_INFINITY];
    default:
      return anything;
  }
}

/** What leaves 32 bits wraps, and may be anything. */
const kept = (r: Range): Range =>
  r.some(Number.isNaN) || r[0] < -(2 ** 31) || r[1] >= 2 ** 31 ? anything : r;

/** Undefined where it depends on what has no range yet. */
function rangeOf(e: Expr, ranges: ReadonlyMap<string, Range>): Range | undefined {
  const go = (x: Expr) => rangeOf(x, ranges);
  const either = (all: readonly (Range | undefined)[]): Range | undefined => {
    const known = all.filter((r) => r !== undefined);
    return known.length === 0 ? undefined : known.reduce(join);
  };
  switch (e.kind) {
    case "constant":
      return [e.value, e.value];
    case "index-value":
      return e.value.kind === "integer" ? [e.value.value, e.value.value] : anything;
    case "read":
      return ranges.get(e.family);
    case "select":
      return either([go(e.then), go(e.otherwise)]);
    case "choose":
      return either(e.cases.map((c) => go(c.value)));
    case "table":
      return [Math.min(...e.entries), Math.max(...e.entries)];
    case "reduce": {
      if (e.type.kind === "bit") return bits;
      const body = go(e.body);
      if (body === undefined || e.type.kind !== "int") return body && anything;
      const most = pointsOf(e.dims);
      if (e.op === "count") return [0, most];
      if (e.op === "sum" && most < Number.POSITIVE_INFINITY)
        return kept([Math.min(0, most * body[0]), Math.max(0, most * body[1])]);
      // Of nothing at all they are the ends of the type.
      const some =
        most >= 1 && most < Number.POSITIVE_INFINITY && isAlways(e.filter) && e.dataFilter === undefined;
      return (e.op === "min" || e.op === "max") && some ? body : anything;
    }
    case "apply":
      break;
    default:
      return anything;
  }
  if (e.type.kind === "bit") return bits;
  const args = e.args.map(go);
  if (args.some((a) => a === undefined)) return undefined;
  const [a, b, c] = args as Range[];
  const ends = (f: (x: number, y: number) => number): Range => {
    const all = a!.flatMap((x) => b!.map((y) => f(x, y)));
    return kept([Math.min(...all), Math.max(...all)]);
  };
  switch (e.op) {
    case "to-int":
      return typeOf(e.args[0]!).kind === "real" ? anything : a;
    case "add":
      return kept([a![0] + b![0], a![1] + b![1]]);
    case "sub":
      return kept([a![0] - b![1], a![1] - b![0]]);
    case "neg":
      return kept([-a![1], -a![0]]);
    case "mul":
      return ends((x, y) => (x === 0 || y === 0 ? 0 : x * y));
    case "min":
      return [Math.min(a![0], b![0]), Math.min(a![1], b![1])];
    case "max":
      return [Math.max(a![0], b![0]), Math.max(a![1], b![1])];
    case "clamp":
      return [Math.min(c![0], Math.max(b![0], a![0])), Math.min(c![1], Math.max(b![1], a![1]))];
    case "mod": {
      const by = b![0] === b![1] ? b![0] : Number.NaN;
      if (!(by > 0)) return anything;
      return a![0] >= 0 && a![1] < by ? a! : [0, by - 1];
    }
    case "div": {
      const by = b![0] === b![1] ? b![0] : Number.NaN;
      return by > 0 ? [Math.floor(a![0] / by), Math.floor(a![1] / by)] : anything;
    }
    case "sign":
      return [-1, 1];
    default:
      return anything;
  }
}

function pointsOf(dims: readonly Dim[]): number {
  return dims.reduce(
    (n, d) =>
      d.lo.kind === "integer" && d.hi.kind === "integer"
        ? n * Math.max(0, d.hi.value - d.lo.value)
        : Number.POSITIVE_INFINITY,
    1,
  );
}
