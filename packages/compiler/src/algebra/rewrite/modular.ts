/** Steps that are affine modulo a number, `(a * s + b) mod m`: linear in the ring of integers modulo m. */
import * as build from "../../equations/build";
import type { Expr, System } from "../../equations/system";
import {
  arithmetic,
  isTimeInvariant,
  type LinearEquation,
  type LinearStep,
  linearForm,
  type Ring,
} from "../linear";
import { type Recurrence, stateRead } from "../recurrence";
import { magnitude } from "./magnitude";

/** Products of two residues stay inside 32 bits. */
const LARGEST = 46_340;

const literal = (e: Expr): number | undefined =>
  e.kind === "constant"
    ? e.value
    : e.kind === "index-value" && e.value.kind === "integer"
      ? e.value.value
      : undefined;

/** What is below m already, and not below 0. */
function isResidue(e: Expr, m: number): boolean {
  const value = literal(e);
  if (value !== undefined) return value >= 0 && value < m;
  switch (e.kind) {
    case "read":
      return e.type.kind === "index" && e.type.bound.kind === "integer" && e.type.bound.value <= m;
    case "select":
      return isResidue(e.then, m) && isResidue(e.otherwise, m);
    case "choose":
      return e.cases.every((c) => isResidue(c.value, m));
    case "apply": {
      const by = e.op === "mod" ? literal(e.args[1]!) : undefined;
      return by !== undefined && by > 0 && by <= m;
    }
    default:
      return false;
  }
}

function residues(m: number): Ring {
  const { int } = build;
  const reduced = (e: Expr): Expr =>
    isResidue(e, m) ? e : build.apply("mod", [e, build.constant(int, m)], int);
  const [zero, one] = [build.constant(int, 0), build.constant(int, 1)];
  return {
    name: "int",
    type: build.indexType(build.integer(m)),
    zero,
    one,
    plus: (a, b) =>
      literal(a) === 0
        ? reduced(b)
        : literal(b) === 0
          ? reduced(a)
          : reduced(build.apply("add", [a, b], int)),
    times: (a, b) => {
      if (literal(a) === 0 || literal(b) === 0) return zero;
      const [x, y] = [reduced(a), reduced(b)];
      return literal(a) === 1 ? y : literal(b) === 1 ? x : reduced(build.apply("mul", [x, y], int));
    },
    sum: "sum",
  };
}

/**
 * The step of one whole number that is affine modulo one literal m. Exact: where m is a power of two because m divides 2^32, so that what
 * wraps is the same modulo m; else only where the types of coefficients and constants show that nothing wraps before it is reduced.
 */
export function modularStep(system: System, r: Recurrence): LinearStep | undefined {
  const [s] = r.state;
  if (r.steps === undefined || r.state.length !== 1 || s!.depth !== 1 || s!.cells.length > 0)
    return undefined;
  if (s!.type.kind !== "int" && s!.type.kind !== "index") return undefined;
  const family = system.families.find((f) => f.name === s!.family)!;
  const time = family.dims[r.axis.get(family.name)!]!.index;
  const moduli = new Set(
    r.steps.flatMap(({ role, value }) =>
      role === "step"
        ? [value.kind === "apply" && value.op === "mod" ? literal(value.args[1]!) : undefined]
        : [],
    ),
  );
  const [m] = moduli;
  if (moduli.size !== 1 || m === undefined || m < 2 || m > LARGEST) return undefined;
  const integers = arithmetic("int", build.int);
  const ring = residues(m);
  const wraps = (m & (m - 1)) !== 0;
  const start = Math.max(m, ...r.steps.flatMap((x) => (x.role === "start" ? [magnitude(x.value)] : [])));
  const equations: LinearEquation[] = [];
  for (const { family: name, guard, role, value } of r.steps) {
    const known = { family: name, guard, role };
    if (role !== "step") {
      if (role === "reset" && !isResidue(value, m)) return undefined;
      equations.push({ ...known, terms: [], constant: ring.plus(value, ring.zero!) });
      continue;
    }
    const inner = (value as Extract<Expr, { kind: "apply" }>).args[0]!;
    const form = linearForm(inner, integers, (read) => stateRead(r, time, read));
    if (form === undefined || form.terms.some((t) => t.dims.length > 0)) return undefined;
    const most =
      form.terms.reduce((sum, t) => sum + magnitude(t.coefficient) * start, 0) +
      (form.constant === undefined ? 0 : magnitude(form.constant));
    if (wraps && !(most < 2 ** 31)) return undefined;
    equations.push({
      ...known,
      terms: form.terms.map((t) => ({ ...t, coefficient: ring.times(t.coefficient, ring.one) })),
      constant: form.constant && ring.plus(form.constant, ring.zero!),
    });
  }
  return {
    ring,
    equations,
    dimension: 1,
    shape: "scalar",
    timeInvariant: isTimeInvariant(equations, () => time),
    homogeneous: false,
    modulus: m,
  };
}
