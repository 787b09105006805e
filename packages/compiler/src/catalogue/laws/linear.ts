/** Steps that are affine in the state, or fractions of affine forms of it (C.9 to C.11, B.15 to B.17). */
import { isOne, type LinearStep, linearStep, type StateTerm } from "../../algebra/linear";
import { type Recurrence, stateRead } from "../../algebra/recurrence";
import { AC, ACmod, DET, L, NL, TC } from "../../classes/classes";
import type { Reading } from "../../classes/verdict";
import { someExpr } from "../../equations/build";
import { rewriteExpr } from "../../equations/expressions";
import { changesWith } from "../../equations/mentions";
import { printExpr } from "../../equations/print";
import type { Expr } from "../../equations/system";
import { varies, variesInCondition, variesWith } from "./change";
import { type Component, constantDimension, type Law, linearConclusion, timeOf } from "./law";

interface Linear {
  readonly step: LinearStep;
  readonly readings: readonly Reading[];
  /** What every step is reduced by. */
  readonly modulus?: Expr | undefined;
}

/** A step that is linear in the state, with the loosest reading that the ring asks for. */
function linear(c: Component): Linear | undefined {
  if (c.recurrence === undefined) return undefined;
  const step = linearStep(c.system, c.recurrence);
  if (step === undefined) return linearModulo(c, c.recurrence);
  const tropical = step.ring.name === "max-plus" || step.ring.name === "min-plus";
  if (step.ring.type.kind === "real") return { step, readings: ["up-to-rounding"] };
  // Maxima alone wrap nothing; sums under a maximum might.
  const adds = step.equations.some((e) => e.terms.some((t) => !isOne(step.ring, t.coefficient)));
  return { step, readings: tropical && adds ? ["without-overflow"] : [] };
}

/** `(a·x + b) mod m` at every step, m the same throughout: the same sums and products of whole numbers, reduced once. */
function linearModulo(c: Component, r: Recurrence): Linear | undefined {
  const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && r.families.includes(x.family));
  let modulus: Expr | undefined;
  let failed = r.steps === undefined;
  const unreduced = (e: Expr): Expr =>
    rewriteExpr(e, (x) => (isReduced(x) && inside(x) ? unreduced(x.args[0]!) : undefined));
  const isReduced = (e: Expr): e is Expr & { kind: "apply" } => {
    if (e.kind !== "apply" || e.op !== "mod" || e.type.kind === "real") return false;
    modulus ??= e.args[1]!;
    return printExpr(e.args[1]!) === printExpr(modulus);
  };
  const steps = (r.steps ?? []).map((s) => {
    if (s.role !== "step") return s;
    if (!isReduced(s.value) || changesWith(modulus!, timeOf(c, r, s.family)) || inside(modulus!))
      failed = true;
    return failed ? s : { ...s, value: unreduced(s.value) };
  });
  if (failed || modulus === undefined) return undefined;
  const step = linearStep(c.system, { ...r, steps });
  if (step?.ring.name !== "int") return undefined;
  // What wraps modulo 2^32 keeps its remainder by a power of two.
  const { value } = modulus.kind === "constant" ? modulus : { value: 0 };
  const wraps = value > 0 && Number.isInteger(Math.log2(value));
  return { step, readings: wraps ? [] : ["without-overflow"], modulus };
}

/** No coefficient, nor which equation holds, changes but constantly often or in turn: powers of a few matrices. */
function repeats(c: Component, { step }: Linear): boolean {
  return step.equations.every((e) => {
    if (e.role === "start") return true;
    const time = timeOf(c, c.recurrence!, e.family);
    const literal = (t: StateTerm) => t.dims.every((d) => d.lo.kind === "integer" && d.hi.kind === "integer");
    return (
      !variesInCondition(e.guard, time, true) &&
      e.terms.every(
        (t) =>
          !varies(t.coefficient, time, undefined, literal(t)) &&
          !variesInCondition(t.filter, time, literal(t)) &&
          !t.dims.some((d) => variesWith(d.lo, time) || variesWith(d.hi, time)) &&
          !t.state.cell.some((s) =>
            s.kind === "static" ? variesWith(s.value, time) : varies(s.value, time, undefined, false),
          ),
      )
    );
  });
}

const isTropical = ({ ring }: LinearStep): boolean => ring.name === "max-plus" || ring.name === "min-plus";
const ringText = ({ step: { ring }, modulus }: Linear): string =>
  ring.name === "int"
    ? modulus === undefined
      ? "integers modulo 2^32"
      : "integers, modulo one number"
    : ring.name === "real"
      ? "reals"
      : ring.name === "gf2"
        ? "GF(2)"
        : `(${ring.name === "max-plus" ? "max" : "min"}, +)`;

export const affineScalar: Law = {
  entry: "C.9",
  title: "affine in one number",
  source: "Hesse, Allender and Barrington, 2002; Merrill, Petty and Sabharwal, 2024",
  notClaimed: "the same bits on reals: re-associated sums and products round otherwise (H.7)",
  test: (c) => {
    const l = linear(c);
    if (l === undefined) return undefined;
    if (l.step.shape !== "scalar") return "the state is more than one number";
    const text = `an affine step in one number over ${ringText(l)}, coefficients from outside`;
    if (!isTropical(l.step))
      return linearConclusion(c, l.step.ring.name === "gf2" ? ACmod(2) : TC(0), l.readings, text);
    // A running maximum adds nothing up.
    const adds = l.step.equations.some((e) => e.terms.some((t) => !isOne(l.step.ring, t.coefficient)));
    return linearConclusion(
      c,
      adds ? TC(0) : AC(0),
      adds ? l.readings : [],
      adds ? text : "a running extremum",
    );
  },
};

export const affineTriangular: Law = {
  entry: "B.15",
  title: "triangular and affine, of constant dimension",
  source: "Mereghetti and Palano, 2000",
  notClaimed:
    "anything for dimensions that grow, or for dense matrices: those are hard for NC^1 from dimension 2 (H.15)",
  test: (c) => {
    const l = linear(c);
    if (l === undefined || isTropical(l.step) || l.step.ring.name === "gf2") return undefined;
    if (!constantDimension(c)) return "the dimension of the linear step grows";
    if (l.step.shape === "dense") return "the linear step is not seen to be triangular";
    return linearConclusion(
      c,
      TC(0),
      l.readings,
      `a triangular affine step over ${ringText(l)}, of constant dimension`,
    );
  },
};

export const timeInvariantLinear: Law = {
  entry: "B.16",
  title: "powers of one matrix of constant dimension",
  source: "Mereghetti and Palano, 2000",
  notClaimed: "anything where the matrix changes with time or input, or its dimension grows",
  test: (c) => {
    const l = linear(c);
    if (l === undefined || isTropical(l.step)) return undefined;
    if (!constantDimension(c)) return "the dimension of the linear step grows";
    if (!repeats(c, l)) return "the matrix of the linear step varies";
    // Over GF(2) there are constantly many matrices, and each repeats: a new bit is one parity of bits that came in.
    return linearConclusion(
      c,
      l.step.ring.name === "gf2" ? ACmod(2) : TC(0),
      l.readings,
      `powers of one matrix of constant dimension over ${ringText(l)}`,
    );
  },
};

export const linearOfSizes: Law = {
  entry: "B.17",
  title: "affine, of a dimension that grows",
  source: "Cook, 1985; Berkowitz, 1984; over (max,+) and GF(2) as in C.10",
  notClaimed: "numerical stability, or any pivot order of an elimination: only the function",
  test: (c) => {
    const l = linear(c);
    if (l === undefined) return undefined;
    const { ring } = l.step;
    // Over GF(2): the last bits of a product of integer matrices.
    const of = !isTropical(l.step) ? DET : ring.type.kind === "int" ? NL : AC(1);
    return linearConclusion(c, of, l.readings, `a product of affine maps over ${ringText(l)}`);
  },
};

/** x ← (a x + b) / (c x + d): a product of matrices of two rows, read as a fraction. */
export const linearFraction: Law = {
  entry: "C.11",
  title: "a linear fraction of one number",
  source: "Mereghetti and Palano, 2000; derived in the catalogue",
  notClaimed: "anything where a denominator vanishes on the way, or about rounded numbers",
  test: (c) => {
    const r = c.recurrence;
    if (r?.steps === undefined || r.state.length !== 1 || r.reach !== "lags") return undefined;
    const [state] = r.state;
    if (state!.type.kind !== "real" || state!.depth !== 1) return undefined;
    if (state!.count?.kind !== "integer" || state!.count.value !== 1) return undefined;
    const time = timeOf(c, r, state!.family);
    const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && r.families.includes(x.family));
    const forms = r.steps.flatMap((s) => (s.role === "step" ? [fractionOf(s.value, inside)] : []));
    if (forms.some((f) => f === undefined || f.above > 1 || f.below > 1))
      return "its step is no quotient of affine forms of the state";
    // Without a state below the line it is affine [C.9].
    if (forms.every((f) => f!.below === 0)) return undefined;
    const fixed = r.steps.every(
      (s) =>
        s.role === "start" ||
        (!variesInCondition(s.guard, time, true) &&
          !varies(s.value, time, (read) => stateRead(r, time, read)?.cell)),
    );
    const because = fixed
      ? "powers of one matrix of two rows, read as a fraction"
      : "a product of matrices of two rows, read as a fraction";
    return linearConclusion(c, fixed ? TC(0) : L, ["up-to-rounding"], because);
  },
};

/** How often the state stands above and below the line of an expression written as one fraction. */
function fractionOf(
  e: Expr,
  inside: (e: Expr) => boolean,
): { readonly above: number; readonly below: number } | undefined {
  if (!inside(e)) return { above: 0, below: 0 };
  const all = (es: readonly Expr[]) => {
    const found = es.flatMap((x) => fractionOf(x, inside) ?? []);
    return found.length < es.length ? undefined : found;
  };
  switch (e.kind) {
    case "read":
      return e.at.some((s) => s.kind === "dynamic" && inside(s.value)) ? undefined : { above: 1, below: 0 };
    case "select":
    case "choose": {
      if (e.kind === "select" && inside(e.condition)) return undefined;
      const sides = all(e.kind === "select" ? [e.then, e.otherwise] : e.cases.map((x) => x.value));
      return (
        sides && {
          above: Math.max(...sides.map((f) => f.above)),
          below: Math.max(...sides.map((f) => f.below)),
        }
      );
    }
    case "apply": {
      const args = all(e.args);
      if (args === undefined) return undefined;
      const [a, b] = args as [{ above: number; below: number }, { above: number; below: number }];
      switch (e.op) {
        case "neg":
          return a;
        case "add":
        case "sub":
          return { above: Math.max(a.above + b.below, b.above + a.below), below: a.below + b.below };
        case "mul":
          return { above: a.above + b.above, below: a.below + b.below };
        case "divide":
          return { above: a.above + b.below, below: a.below + b.above };
        default:
          return undefined;
      }
    }
    default:
      return undefined;
  }
}
