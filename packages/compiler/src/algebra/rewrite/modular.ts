/** Steps that are affine modulo a number, `(a * s + b) mod m`: linear in the ring of integers modulo m. */
import * as build from "../../equations/build";
import { substitute } from "../../equations/conditions";
import { indicesOf } from "../../equations/mentions";
import { printIndex } from "../../equations/print";
import type { Dim, Expr, IndexExpr, System } from "../../equations/system";
import {
  arithmetic,
  dimensionOf,
  isOne,
  isTimeInvariant,
  type LinearEquation,
  type LinearStep,
  linearForm,
  type Ring,
  type StateTerm,
} from "../linear";
import { type Recurrence, stateRead } from "../recurrence";
import { magnitude } from "./magnitude";

/** Products of two residues stay inside 32 bits; of larger ones, up to the second number, in two halves. */
const WHOLE = 46_340;
const HALF = 1_024;
const LARGEST = HALF * HALF;

const literal = (e: Expr): number | undefined =>
  e.kind === "constant"
    ? e.value
    : e.kind === "index-value" && e.value.kind === "integer"
      ? e.value.value
      : undefined;

/** What is reduced: a number, or what sizes say. */
function modulusOf(e: Expr): IndexExpr | undefined {
  const number = literal(e);
  if (number !== undefined) return number >= 2 && number <= LARGEST ? build.integer(number) : undefined;
  return e.kind === "index-value" && indicesOf(e.value).size === 0 ? e.value : undefined;
}

/** What is below m already, and not below 0. */
function isResidue(e: Expr, m: IndexExpr): boolean {
  const value = literal(e);
  if (value !== undefined) return value === 0 || (value > 0 && m.kind === "integer" && value < m.value);
  switch (e.kind) {
    case "read":
      return e.type.kind === "index" && isAtMost(e.type.bound, m);
    case "select":
      return isResidue(e.then, m) && isResidue(e.otherwise, m);
    case "choose":
      return e.cases.every((c) => isResidue(c.value, m));
    case "apply": {
      const by = e.op === "mod" ? modulusOf(e.args[1]!) : undefined;
      return by !== undefined && isAtMost(by, m);
    }
    default:
      return false;
  }
}

function residues(m: IndexExpr): Ring {
  const { int } = build;
  const by = m.kind === "integer" ? build.constant(int, m.value) : build.indexValue(m);
  const op = (name: "add" | "mul" | "mod" | "div", a: Expr, b: Expr): Expr => build.apply(name, [a, b], int);
  const reduced = (e: Expr): Expr => (isResidue(e, m) ? e : op("mod", e, by));
  const [zero, one, half] = [0, 1, HALF].map((x) => build.constant(int, x)) as [Expr, Expr, Expr];
  const product = (x: Expr, y: Expr): Expr => {
    if (m.kind === "integer" && m.value <= WHOLE) return reduced(op("mul", x, y));
    const high = reduced(op("mul", x, op("div", y, half)));
    return reduced(op("add", op("mul", high, half), op("mul", x, op("mod", y, half))));
  };
  return {
    name: "int",
    type: build.indexType(m),
    zero,
    one,
    plus: (a, b) =>
      literal(a) === 0 ? reduced(b) : literal(b) === 0 ? reduced(a) : reduced(op("add", a, b)),
    times: (a, b) => {
      if (literal(a) === 0 || literal(b) === 0) return zero;
      const [x, y] = [reduced(a), reduced(b)];
      return literal(a) === 1 ? y : literal(b) === 1 ? x : product(x, y);
    },
    sum: "sum",
    total: (dims, body, options) => reduced(build.reduce("sum", dims, reduced(body), int, options)),
  };
}

const isAtMost = (a: IndexExpr, b: IndexExpr): boolean =>
  a === b || (a.kind === "integer" && b.kind === "integer" && a.value <= b.value);

/** What the first steps hold, at each of their places. */
function startsOf(system: System, r: Recurrence): Expr[] {
  return (r.steps ?? []).flatMap(({ family, role, value }) => {
    if (role !== "start") return [];
    const dim = system.families.find((f) => f.name === family)!.dims[r.axis.get(family)!]!;
    return Array.from({ length: r.startSteps ?? 0 }, (_, k) => {
      const place =
        r.direction === 1 ? build.add(dim.lo, build.integer(k)) : build.sub(dim.hi, build.integer(k + 1));
      return substitute(value, new Map([[dim.index, place]]));
    });
  });
}

/** How many points a sum has; ∞ where no number says. */
function pointsIn(dims: readonly Dim[]): number {
  return dims.reduce(
    (n, { lo, hi }) =>
      n * (lo.kind === "integer" && hi.kind === "integer" ? hi.value - lo.value : Number.POSITIVE_INFINITY),
    1,
  );
}

/**
 * A step of whole numbers that is affine modulo one literal m. Exact: where m is a power of two because m divides 2^32, so that what
 * wraps is the same modulo m; else where the types of coefficients and constants show that nothing wraps before it is reduced. Sums over
 * as many points as a size says are the same while they stay inside 32 bits.
 */
export function modularStep(system: System, r: Recurrence): LinearStep | undefined {
  if (r.steps === undefined) return undefined;
  if (r.state.some((s) => s.type.kind !== "int" && s.type.kind !== "index")) return undefined;
  const time = (family: string): string =>
    system.families.find((f) => f.name === family)!.dims[r.axis.get(family)!]!.index;
  const moduli = new Set(
    r.steps.flatMap(({ role, value }) =>
      role === "step"
        ? [value.kind === "apply" && value.op === "mod" ? modulusOf(value.args[1]!) : undefined]
        : [],
    ),
  );
  const [m] = moduli;
  if (moduli.size !== 1 || m === undefined) return undefined;
  const number = m.kind === "integer" ? m.value : Number.POSITIVE_INFINITY;
  const cells = dimensionOf(r);
  const integers = arithmetic("int", build.int);
  const ring = residues(m);
  const wraps = m.kind !== "integer" || (number & (number - 1)) !== 0;
  // A product of matrices adds so many residues.
  if (wraps && cells !== "sizes" && m.kind === "integer" && cells * number >= 2 ** 31) return undefined;
  const start = Math.max(number, ...startsOf(system, r).map(magnitude));
  const equations: LinearEquation[] = [];
  let mayWrap = wraps && cells === "sizes";
  for (const { family, guard, role, value } of r.steps) {
    const known = { family, guard, role };
    if (role !== "step") {
      if (role === "reset" && !isResidue(value, m)) return undefined;
      equations.push({ ...known, terms: [], constant: ring.plus(value, ring.zero!) });
      continue;
    }
    const inner = (value as Extract<Expr, { kind: "apply" }>).args[0]!;
    const form = linearForm(inner, integers, (read) => stateRead(r, time(family), read));
    if (form === undefined) return undefined;
    const each = (t: StateTerm): number => magnitude(t.coefficient) * start;
    // Of a modulus that grows, sums are the same while they stay inside 32 bits; products need not.
    if (
      m.kind !== "integer" &&
      !form.terms.every((t) => isOne(integers, t.coefficient) && t.dims.length === 0)
    )
      return undefined;
    const most =
      form.terms.reduce((sum, t) => sum + each(t) * pointsIn(t.dims), 0) +
      (form.constant === undefined ? 0 : magnitude(form.constant));
    if (m.kind !== "integer") mayWrap = true;
    else if (wraps && !(most < 2 ** 31)) {
      const summed = form.terms.every((t) => each(t) < 2 ** 31) && form.terms.some((t) => t.dims.length > 0);
      if (!summed || (form.constant !== undefined && magnitude(form.constant) >= 2 ** 31)) return undefined;
      mayWrap = true;
    }
    equations.push({
      ...known,
      terms: form.terms.map((t) => ({ ...t, coefficient: ring.times(t.coefficient, ring.one) })),
      constant: form.constant && ring.plus(form.constant, ring.zero!),
    });
  }
  return {
    ring,
    equations,
    dimension: cells,
    shape: cells === 1 ? "scalar" : "dense",
    timeInvariant: isTimeInvariant(equations, time),
    homogeneous: false,
    modulus: printIndex(m),
    mayWrap,
  };
}
