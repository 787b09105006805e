/** Steps `s = s op x` by an associative operator: one reduction over everything up to the place, or a scan. */
import * as build from "../../equations/build";
import { substitute } from "../../equations/conditions";
import { readsOf } from "../../equations/expressions";
import type { Dim, Expr, IndexExpr, ReduceOp } from "../../equations/system";
import { isOne } from "../linear";
import { type StepEquation, stateRead } from "../recurrence";
import { coefficientOf, isScalar } from "./affine";
import {
  afterStarts,
  type Context,
  is,
  isReal,
  type Law,
  one,
  placeAt,
  type Rewritten,
  startAt,
} from "./context";
import { scan } from "./scan";

const folds: Readonly<Partial<Record<string, ReduceOp>>> = {
  add: "sum",
  mul: "product",
  min: "min",
  max: "max",
  and: "all",
  or: "any",
  xor: "parity",
};

interface Folded {
  readonly op: ReduceOp;
  /** The operator and whether it subtracts. */
  readonly apply: (a: Expr, b: Expr) => Expr;
  /** What is combined at the place, in its indices. */
  readonly operand: Expr;
  readonly start: Expr;
  /** Ints in (max,+) that the step shifts: a sum that wraps is no shift any more. */
  readonly mayWrap?: boolean;
}

/** A step that combines the state with something else by one associative and commutative operator, after one start. */
function folded(c: Context): Folded | undefined {
  const { r, family, time } = c;
  if (r.state.length !== 1 || r.state[0]!.depth !== 1 || r.state[0]!.cells.length > 0 || r.startSteps !== 1)
    return undefined;
  const later = afterStarts(c, family.name);
  if (later?.length !== 1) return undefined;
  const step = later[0]!.value;
  if (step.kind !== "apply") return byLinearForm(c);
  const isState = (e: Expr): boolean => e.kind === "read" && stateRead(r, time.index, e) !== undefined;
  const reads = (e: Expr): boolean => readsOf(e).some(isState);
  const [a, b] = step.args as [Expr, Expr];
  const type = family.type.kind === "index" ? build.int : family.type;
  const start = startAt(c, family.name, placeAt(c, 0));
  const combined = (op: "add" | "mul" | "min" | "max" | "and" | "or" | "xor", operand: Expr): Folded => ({
    op: folds[op]!,
    apply: (x, y) => build.apply(op, [x, y], type),
    operand,
    start,
  });
  if (step.op === "sub" && isState(a) && !reads(b)) return combined("add", build.apply("neg", [b], type));
  const op = step.op as "add";
  // Vectors have sums only.
  if (type.kind === "vector" && op !== "add") return undefined;
  if (folds[op] !== undefined && isState(a) && !reads(b)) return combined(op, b);
  if (folds[op] !== undefined && isState(b) && !reads(a)) return combined(op, a);
  return byLinearForm(c);
}

/** Affine steps with coefficient one or without a constant, however they are written. */
function byLinearForm(c: Context): Folded | undefined {
  const { linear, family } = c;
  if (linear === undefined || linear.modulus !== undefined || !isScalar(c)) return undefined;
  const [step, ...more] = linear.equations.filter((e) => e.role === "step");
  const coefficient = step && more.length === 0 ? coefficientOf(linear, step) : undefined;
  if (step === undefined || coefficient === undefined) return undefined;
  const { ring } = linear;
  const start = startAt(c, family.name, placeAt(c, 0));
  const mayWrap =
    ring.type.kind === "int" && ring.name.endsWith("-plus") && c.steps.some((s) => shiftsState(c, s));
  if (isOne(ring, coefficient)) {
    const operand = step.constant ?? ring.zero;
    return operand && { op: ring.sum, apply: ring.plus, operand, start, mayWrap };
  }
  if (step.constant !== undefined) return undefined;
  const op = ring.name === "gf2" ? "all" : ring.name === "int" || ring.name === "real" ? "product" : "sum";
  return { op, apply: ring.times, operand: coefficient, start, mayWrap };
}

const shiftsState = ({ r, time }: Context, { value }: StepEquation): boolean =>
  build.someExpr(
    value,
    (e) =>
      e.kind === "apply" &&
      ["add", "sub", "neg"].includes(e.op) &&
      readsOf(e).some((x) => stateRead(r, time.index, x) !== undefined),
  );

/** Minimum and maximum of reals, and everything of bits and ints, combine in any order. */
const foldRounding = (c: Context, f: Folded): Rewritten["upTo"] =>
  f.mayWrap === true ? ["overflow"] : isReal(c) && f.op !== "min" && f.op !== "max" ? ["rounding"] : [];

/** One reduction over everything up to the place: constant depth, quadratic work where every place is wanted. */
export const asReduction: Law = (c) => {
  const f = folded(c);
  if (f === undefined) return undefined;
  const { family, time, r } = c;
  const k = c.fresh("k");
  const operand = elementOf(c, f, build.index(k));
  const here = build.index(time.index);
  const dim: Dim =
    r.direction === 1
      ? { index: k, lo: time.lo, hi: build.add(here, one) }
      : { index: k, lo: here, hi: time.hi };
  const type = family.type.kind === "index" ? build.int : family.type;
  const value = build.reduce(f.op, [dim], operand, type, { origin: family.origin });
  return {
    families: [{ ...family, pieces: [{ guard: build.always, value, origin: family.origin }] }],
    law: f.op === "parity" ? "B.8" : f.op === "product" ? "B.10" : f.op === "sum" ? "B.9" : "B.7",
    name: `one ${f.op} over everything up to there`,
    upTo: foldRounding(c, f),
    note: "constant depth; work grows with the square of the length where every place is wanted",
  };
};

/** The operand at a place: the start at the first. */
function elementOf(c: Context, f: Folded, place: IndexExpr): Expr {
  const operand = substitute(f.operand, new Map([[c.time.index, place]]));
  const first = placeAt(c, 0);
  if (substitute(f.operand, new Map([[c.time.index, first]])) === f.start) return operand;
  return build.choose(
    [
      { guard: is(place, first), value: f.start },
      { guard: build.always, value: operand },
    ],
    build.typeOf(operand),
  );
}

export const asFoldScan: Law = (c) => {
  const f = folded(c);
  if (f === undefined) return undefined;
  const { family, time } = c;
  const type = family.type.kind === "index" ? build.int : family.type;
  const { families, last } = scan(c, placeAt(c, 0), [
    {
      name: c.freshFamily(`${family.name}.scan`),
      type,
      own: [],
      element: [{ guard: build.always, value: elementOf(c, f, build.index(time.index)) }],
      combine: (earlier, later) => f.apply(earlier(0), later(0)),
    },
  ]);
  return {
    families: [...families, { ...family, pieces: [{ guard: build.always, value: last(0) }] }],
    law: "C.2",
    name: `a scan of ${f.op}`,
    upTo: foldRounding(c, f),
    note: "",
  };
};
