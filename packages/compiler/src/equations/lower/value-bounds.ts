/** Between what a subscript that is data can lie, as far as its expression says so. */
import * as build from "../build";
import type { Expr, IndexExpr, Operator } from "../system";

/** `lo <= value < hi`, in the reader's sizes and indices; a side that is not known is left out. */
export interface ValueBounds {
  readonly lo?: IndexExpr | undefined;
  readonly hi?: IndexExpr | undefined;
}

const one = build.integer(1);

/**
 * Interval arithmetic over static parts and what `index(e)` promises. A sum of such parts does not wrap where its
 * family can be held at all: each is below 2^31, and so are the extents of what is read.
 */
export function valueBounds(e: Expr): ValueBounds {
  switch (e.kind) {
    case "constant":
      return e.type.kind === "int" ? exactly(build.integer(e.value)) : {};
    case "index-value":
      return exactly(e.value);
    case "read":
      return e.type.kind === "index" ? { lo: build.integer(0), hi: e.type.bound } : {};
    case "select":
      return either([valueBounds(e.then), valueBounds(e.otherwise)]);
    case "choose":
      return either(e.cases.map((c) => valueBounds(c.value)));
    case "apply":
      return operations[e.op]?.(...e.args.map(valueBounds)) ?? {};
    default:
      return {};
  }
}

const exactly = (value: IndexExpr): ValueBounds => ({ lo: value, hi: build.add(value, one) });

type Side = IndexExpr | undefined;
type Binary = (a: IndexExpr, b: IndexExpr) => IndexExpr;

const both = (a: Side, b: Side, join: Binary): Side => (a && b ? join(a, b) : undefined);
/** One side is enough. */
const any = (a: Side, b: Side, join: Binary): Side => (a && b ? join(a, b) : (a ?? b));

const either = (all: readonly ValueBounds[]): ValueBounds =>
  all.reduce((a, b) => ({ lo: both(a.lo, b.lo, build.min), hi: both(a.hi, b.hi, build.max) }));

const least = (a: ValueBounds, b: ValueBounds): ValueBounds => ({
  lo: both(a.lo, b.lo, build.min),
  hi: any(a.hi, b.hi, build.min),
});
const greatest = (a: ValueBounds, b: ValueBounds): ValueBounds => ({
  lo: any(a.lo, b.lo, build.max),
  hi: both(a.hi, b.hi, build.max),
});

const operations: Partial<Record<Operator, (...args: ValueBounds[]) => ValueBounds>> = {
  min: (a, b) => least(a!, b!),
  max: (a, b) => greatest(a!, b!),
  clamp: (x, lo, hi) => least(greatest(x!, lo!), hi!),
  add: (a, b) => ({
    lo: both(a!.lo, b!.lo, build.add),
    hi: both(a!.hi, b!.hi, (x, y) => build.sub(build.add(x, y), one)),
  }),
  sub: (a, b) => ({
    lo: both(a!.lo, b!.hi, (x, y) => build.add(build.sub(x, y), one)),
    hi: both(a!.hi, b!.lo, build.sub),
  }),
};
