/** Exact questions about equations that recognisers ask: subscripts, small values, which sizes are admissible, what is delivered. */
import { integer, typeOf } from "../equations/build";
import { mapCondition, substituteIndex } from "../equations/conditions";
import { holds } from "../equations/evaluate-index";
import { applyOperator, type Operand, reduceOperands } from "../equations/operators";
import type {
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Read,
  Reduce,
  System,
} from "../equations/system";
import { combine, toAffine } from "../symbolic/affine";

export const isData = (f: Family | undefined): boolean => f?.role === "input" || f?.role === "param";

/** c where `e` is the index and c; undefined for anything else. */
export function offsetFrom(e: IndexExpr, index: string): number | undefined {
  const { constant, terms } = toAffine(e);
  return terms.size === 1 && terms.get(index) === 1 ? constant : undefined;
}

/** The index and something that only sizes decide: different indices give different values. */
export function movesWith(e: IndexExpr, index: string): boolean {
  const { terms } = toAffine(e);
  return terms.get(index) === 1 && [...terms.keys()].every((n) => n === index || n.startsWith("size "));
}

/** Affine and equal for all sizes and indices. */
export function alwaysEqual(a: IndexExpr, b: IndexExpr): boolean {
  const { constant, terms } = combine(toAffine(a), toAffine(b), -1);
  return constant === 0 && terms.size === 0;
}

export const readKey = (r: Read): string =>
  `${r.family} ${r.at.map((s) => (s.kind === "static" ? describeIndex(s.value) : "?")).join(", ")}`;
const describeIndex = (e: IndexExpr): string => {
  const { constant, terms } = toAffine(e);
  return [...[...terms].sort().map(([n, c]) => `${c}${n}`), constant].join("+");
};

/** Values of the indices of reductions around a place. */
export type Bindings = ReadonlyMap<string, number>;

export interface SmallEnvironment {
  readonly read: (r: Read, go: (e: Expr) => number | undefined, at: Bindings) => number | undefined;
  /** A reduction as a whole; those that are undefined here and have literal ranges are written out. */
  readonly reduce?: (e: Reduce) => number | undefined;
}

/** An index expression with some indices known, as a number. */
export const bound = (e: IndexExpr, at: Bindings): IndexExpr =>
  at.size === 0 ? e : substituteIndex(e, new Map([...at].map(([n, v]) => [n, integer(v)])));

const MOST_POINTS = 64;

/**
 * The value of an expression, given the reads in it; undefined where a read, an index or a static choice is not decided.
 * A multiplexer needs only the side it takes.
 */
export function smallValue(root: Expr, env: SmallEnvironment): number | undefined {
  const memo = new Map<Expr, number | undefined>();
  const evaluate = (e: Expr, at: Bindings): number | undefined => {
    if (at.size > 0) return value(e, at);
    if (!memo.has(e)) memo.set(e, value(e, at));
    return memo.get(e);
  };
  const all = (es: readonly Expr[], at: Bindings): number[] | undefined => {
    const found: number[] = [];
    for (const e of es) {
      const v = evaluate(e, at);
      if (v === undefined) return undefined;
      found.push(v);
    }
    return found;
  };
  const decided = (c: Condition, at: Bindings): boolean | undefined => {
    const known = mapCondition(c, (e) => bound(e, at));
    if (known.some((conjunction) => conjunction.length === 0)) return true;
    if (known.length === 0) return false;
    const literal = known.every((k) =>
      k.every((x) => x.left.kind === "integer" && x.right.kind === "integer"),
    );
    return literal ? holds(known, () => 0) : undefined;
  };
  const value = (e: Expr, at: Bindings): number | undefined => {
    switch (e.kind) {
      case "constant":
        return e.value;
      case "index-value": {
        const v = bound(e.value, at);
        return v.kind === "integer" ? v.value | 0 : undefined;
      }
      case "read":
        return env.read(e, (x) => evaluate(x, at), at);
      case "apply": {
        const args = all(e.args, at);
        if (args === undefined || e.type.kind === "vector") return undefined;
        const v = applyOperator(e.op, args, typeOf(e.args[0]!));
        return typeof v === "number" ? v : undefined;
      }
      case "select": {
        const c = evaluate(e.condition, at);
        return c === undefined ? undefined : evaluate(c === 1 ? e.then : e.otherwise, at);
      }
      case "table": {
        const args = all(e.args, at);
        if (args === undefined || args.some((a, k) => a < 0 || a >= e.radix[k]!)) return undefined;
        return e.entries[args.reduce((row, a, k) => row * e.radix[k]! + a, 0)];
      }
      case "choose": {
        for (const c of e.cases) {
          const truth = e.cases.length === 1 ? true : decided(c.guard, at);
          if (truth === undefined) return undefined;
          if (truth) return evaluate(c.value, at);
        }
        return undefined;
      }
      case "reduce":
        return env.reduce?.(e) ?? writtenOut(e, at);
      default:
        return undefined;
    }
  };
  const writtenOut = (e: Reduce, at: Bindings): number | undefined => {
    let points: number[][] = [[]];
    for (const d of e.dims) {
      const [lo, hi] = [bound(d.lo, at), bound(d.hi, at)];
      if (
        lo.kind !== "integer" ||
        hi.kind !== "integer" ||
        (hi.value - lo.value) * points.length > MOST_POINTS
      )
        return undefined;
      points = points.flatMap((p) =>
        Array.from({ length: Math.max(0, hi.value - lo.value) }, (_, k) => [...p, lo.value + k]),
      );
    }
    const operands: Operand[] = [];
    for (const point of points) {
      const inner = new Map(at);
      e.dims.forEach((d, k) => inner.set(d.index, point[k]!));
      const kept = decided(e.filter, inner);
      const chosen = e.dataFilter === undefined ? 1 : evaluate(e.dataFilter, inner);
      if (kept === undefined || chosen === undefined) return undefined;
      const operand = kept && chosen === 1 ? evaluate(e.body, inner) : undefined;
      if (kept && chosen === 1 && operand === undefined) return undefined;
      operands.push({ point, value: operand });
    }
    const v = reduceOperands(e.op, operands, e.type);
    return typeof v === "number" ? v : undefined;
  };
  return evaluate(root, new Map());
}

/** A value of the type. Every type has 0. */
export const mayBe = (type: ElementType, value: number): boolean =>
  value === 0 ||
  type.kind === "real" ||
  (type.kind === "int" && Number.isInteger(value)) ||
  (type.kind === "index" && type.bound.kind === "integer"
    ? Number.isInteger(value) && value >= 0 && value < type.bound.value
    : trialValues(type)?.includes(value) === true);

/** Different ones of these reads are never of the same cell: they may be set one by one. */
export const independent = (reads: readonly Read[]): boolean =>
  reads.every((a) =>
    reads.every(
      (b) =>
        a.family !== b.family ||
        readKey(a) === readKey(b) ||
        a.at.some((s, k) => {
          const other = b.at[k]!;
          const numbers =
            s.kind === "static" &&
            other.kind === "static" &&
            s.value.kind === "integer" &&
            other.value.kind === "integer";
          return numbers && s.value !== other.value;
        }),
    ),
  );

/** The values a free input may be given in a search: all of a finite type, 0 and 1 of a number. */
export function trialValues(type: ElementType): readonly number[] | undefined {
  switch (type.kind) {
    case "bit":
    case "int":
    case "real":
      return [0, 1];
    case "enum":
      return type.cases.map((_, k) => k);
    case "index":
      return type.bound.kind === "integer" && type.bound.value <= 16
        ? Array.from({ length: type.bound.value }, (_, k) => k)
        : undefined;
    default:
      return undefined;
  }
}

/** slope · s + start, as s grows. */
export interface Ray {
  readonly slope: number;
  readonly start: number;
}

/** An index expression along sizes that grow together; undefined where it is not affine. */
export function along(e: IndexExpr, rays: ReadonlyMap<string, Ray>): Ray | undefined {
  const { constant, terms } = toAffine(e);
  let [slope, start] = [0, constant];
  for (const [name, c] of terms) {
    const ray = name.startsWith("size ") ? rays.get(name.slice(5)) : undefined;
    if (ray === undefined) return undefined;
    slope += c * ray.slope;
    start += c * ray.start;
  }
  return { slope, start };
}

/**
 * Sizes that grow together and that `where` admits from some point on: a hardness needs a family of instances, not a
 * shape. Every `size` grows like s unless `special` says otherwise; `const`s stand at a small number. Only affine
 * conditions are followed; undefined where one is not, or fails.
 */
export function admissibleRay(
  system: System,
  special: ReadonlyMap<string, Ray> = new Map(),
): ReadonlyMap<string, Ray> | undefined {
  if (system.sizes.some((s) => s.kind === "const" && special.has(s.name))) return undefined;
  for (const fixed of [1, 2, 3, 4, 8]) {
    const rays = new Map(
      system.sizes.map((s) => [
        s.name,
        special.get(s.name) ?? (s.kind === "size" ? { slope: 1, start: 0 } : { slope: 0, start: fixed }),
      ]),
    );
    const holds = system.constraints.some((conjunction) =>
      conjunction.every((c) => {
        const [a, b] = [along(c.left, rays), along(c.right, rays)];
        if (a === undefined || b === undefined) return false;
        const [slope, start] = [b.slope - a.slope, b.start - a.start];
        switch (c.op) {
          case "<=":
            return slope > 0 || (slope === 0 && start >= 0);
          case "<":
            return slope > 0 || (slope === 0 && start > 0);
          case "==":
            return slope === 0 && start === 0;
          case "!=":
            return slope !== 0 || start !== 0;
        }
      }),
    );
    if (holds) return rays;
  }
  return undefined;
}

/** Some output is, in all of its instances, a plain read of the family, and this accepts its subscripts. */
export function delivered(
  system: System,
  family: string,
  accepts: (read: Read, output: Family) => boolean,
): boolean {
  return system.families.some(
    (f) =>
      f.role === "output" &&
      f.pieces.length === 1 &&
      f.pieces[0]!.value.kind === "read" &&
      f.pieces[0]!.value.family === family &&
      accepts(f.pieces[0]!.value, f),
  );
}

/** A subscript that is the last index of a dimension, or runs over all of it. */
export function reachesLast(at: Read["at"][number], dim: Dim, output: Family): boolean {
  if (at.kind === "dynamic") return false;
  const last = combine(toAffine(dim.hi), toAffine(at.value), -1);
  if (last.terms.size === 0) return last.constant === 1;
  return output.dims.some((d) => {
    const c = offsetFrom(at.value, d.index);
    const end = combine(toAffine(dim.hi), toAffine(d.hi), -1);
    return c !== undefined && end.terms.size === 0 && end.constant === c;
  });
}

/** A subscript that runs over all of a dimension. */
export const reachesAll = (e: IndexExpr, dim: Dim, output: Family): boolean =>
  output.dims.some(
    (d) => offsetFrom(e, d.index) === 0 && alwaysEqual(d.lo, dim.lo) && alwaysEqual(d.hi, dim.hi),
  );
