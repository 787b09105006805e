/** Layers of one operation over more and more (B.7 to B.10, B.19), or of maxima and minima (C.13): less than what their depth says. */
import { stateRead } from "../../algebra/recurrence";
import { AC, ACmod, type CircuitClass, join, layers, NC, TC } from "../../classes/classes";
import type { Reading } from "../../classes/verdict";
import { someExpr } from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import type { Condition, Dim, Expr, Family, IndexExpr, Read } from "../../equations/system";
import { type Affine, affine, combine, factsOf, toAffine } from "../../symbolic/affine";
import { offsetFrom } from "../shape";
import { depthOrder } from "./as-written";
import { type Component, type Law, linearConclusion, timeOf } from "./law";

/** What a reduction by an operation is in, and what it gives of nothing. */
const reductions: Readonly<Record<string, { readonly of: CircuitClass; readonly nothing?: number }>> = {
  add: { of: TC(0), nothing: 0 },
  mul: { of: TC(0), nothing: 1 },
  xor: { of: ACmod(2), nothing: 0 },
  or: { of: AC(0), nothing: 0 },
  and: { of: AC(0), nothing: 1 },
  // Whether a window reaches over the edge is known beforehand: any constant may stand there.
  max: { of: AC(0) },
  min: { of: AC(0) },
};

/**
 * `s[l, i] = s[l-1, i] ∘ s[l-1, i - 2^(l-1)]` holds a window of 2^l values, and `v[l, i] = v[l-1, 2i] ∘ v[l-1, 2i+1]` those below one node
 * of a complete tree: what is computed is one reduction for each place.
 */
export const oneOperation: Law = {
  entry: "B.19",
  title: "one operation over windows that double, or over complete trees",
  source: "Vollmer, 1999; the form by Hillis and Steele, 1986",
  notClaimed: "anything where operations mix, or windows overlap otherwise",
  test: (c) => {
    const r = c.recurrence;
    const [family] = c.families;
    if (c.families.length !== 1 || family === undefined || r?.steps === undefined) return undefined;
    if (r.lags.join() !== "1" || r.direction !== 1 || r.startSteps !== 1 || r.within) return undefined;
    const steps = r.steps.filter((s) => s.role !== "start");
    const axis = r.axis.get(family.name)!;
    const time = timeOf(c, r, family.name);
    const operations = new Set<string>();
    const equations = steps.map(({ guard, value }) => ({ guard, parts: partsOf(value) }));
    function partsOf(e: Expr): Expr[] {
      if (e.kind !== "apply" || e.args.length !== 2 || !(e.op in reductions)) return [e];
      operations.add(e.op);
      return e.args.flatMap(partsOf);
    }
    const [operation] = operations;
    if (operations.size !== 1 || operation === undefined) return undefined;
    const { of, nothing } = reductions[operation]!;
    const windows =
      doubles(c, family, axis, time, equations, nothing) || completeTree(c, family, axis, time, equations);
    if (!windows) return undefined;
    const rounds = ["real", "vector"].includes(family.type.kind) && ["add", "mul"].includes(operation);
    const readings: Reading[] = rounds ? ["up-to-rounding"] : [];
    return linearConclusion(c, of, readings, `one \`${operation}\` over a window for each place`);
  },
};

interface Equation {
  readonly guard: Condition;
  readonly parts: readonly Expr[];
}

/** Where a read of the layer before stands, in the one dimension that it moves along; undefined where it moves along others. */
function placeOf(c: Component, family: Family, axis: number, time: string, read: Read) {
  if (read.family !== family.name || stateRead(c.recurrence!, time, read)?.lag !== 1) return undefined;
  const moved: { readonly dim: Dim; readonly at: IndexExpr }[] = [];
  for (const [k, s] of read.at.entries()) {
    const dim = family.dims[k]!;
    if (s.kind !== "static") return undefined;
    if (k !== axis && offsetFrom(s.value, dim.index) !== 0) moved.push({ dim, at: s.value });
  }
  return moved;
}

/** Each place takes itself and one at a distance of q·2^l, where there is one. */
function doubles(
  c: Component,
  family: Family,
  axis: number,
  time: string,
  equations: readonly Equation[],
  nothing: number | undefined,
): boolean {
  const far = new Set<string>();
  const stays = (e: Expr | undefined) =>
    e?.kind === "read" && placeOf(c, family, axis, time, e)?.length === 0;
  /** What a read at a distance says of where it is inside; undefined where its distance does not double. */
  const inside = (e: Read): readonly Affine[] | undefined => {
    const [place, ...more] = placeOf(c, family, axis, time, e) ?? [];
    if (place === undefined || more.length > 0) return undefined;
    const { dim, at } = place;
    if ((at.kind !== "sub" && at.kind !== "add") || offsetFrom(at.left, dim.index) !== 0) return undefined;
    if (!isDoubling(at.right, time)) return undefined;
    // The same ends at every step.
    const ends = [...toAffine(dim.lo).terms.keys(), ...toAffine(dim.hi).terms.keys()];
    if (!ends.every((n) => n.startsWith("size "))) return undefined;
    far.add(`${dim.index} ${at.kind} ${[...toAffine(at.right).terms].join()} ${toAffine(at.right).constant}`);
    const here = toAffine(at);
    const low = combine(here, toAffine(dim.lo), -1);
    const high = combine(combine(toAffine(dim.hi), affine(1), -1), here, -1);
    return at.kind === "sub" ? [low, high] : [high, low];
  };
  /** The guard says that the read is inside, and nothing else. */
  const exactly = (guard: Condition, [must, may]: readonly Affine[]): boolean => {
    const facts = guard.length === 1 ? guard[0]!.map(factsOf) : [];
    const same = (a: Affine, b: Affine) => {
      const d = combine(a, b, -1);
      return d.constant === 0 && d.terms.size === 0;
    };
    return (
      facts.every((f) => f.length === 1 && (same(f[0]!, must!) || same(f[0]!, may!))) &&
      facts.some((f) => same(f[0]!, must!))
    );
  };
  const two = ({ guard, parts }: Equation): boolean => {
    const other = parts.find((p) => !stays(p));
    if (parts.length !== 2 || !parts.some(stays) || other === undefined) return false;
    if (other.kind === "read") {
      const where = inside(other);
      return where !== undefined && !isAlways(guard) && exactly(guard, where);
    }
    if (other.kind !== "choose" || other.cases.length !== 2 || !isAlways(guard)) return false;
    const [within, outside] = other.cases as [(typeof other.cases)[0], (typeof other.cases)[0]];
    if (within.value.kind !== "read" || outside.value.kind !== "constant") return false;
    if (nothing !== undefined && outside.value.value !== nothing) return false;
    const where = inside(within.value);
    return where !== undefined && exactly(within.guard, where);
  };
  const [first, second, ...rest] = equations;
  const shaped =
    first !== undefined &&
    rest.length === 0 &&
    two(first) &&
    (second === undefined
      ? isAlways(first.guard)
      : isAlways(second.guard) && second.parts.length === 1 && stays(second.parts[0]));
  return shaped && far.size === 1;
}

/** q·2^(time + a): it doubles from step to step. */
function isDoubling(e: IndexExpr, time: string): boolean {
  if (e.kind === "mul") {
    const [a, b] = e.left.kind === "integer" ? [e.left, e.right] : [e.right, e.left];
    return a.kind === "integer" && a.value >= 1 && isDoubling(b, time);
  }
  return e.kind === "pow2" && offsetFrom(e.operand, time) !== undefined;
}

/** Node i has the nodes k·i, …, k·i + k − 1 of the layer below. */
function completeTree(
  c: Component,
  family: Family,
  axis: number,
  time: string,
  [equation, ...more]: readonly Equation[],
): boolean {
  if (equation === undefined || more.length > 0 || !isAlways(equation.guard)) return false;
  const k = equation.parts.length;
  const children = equation.parts.map((p) => {
    const [place, ...others] = p.kind === "read" ? (placeOf(c, family, axis, time, p) ?? []) : [];
    if (place === undefined || others.length > 0) return undefined;
    const { constant, terms } = toAffine(place.at);
    return terms.size === 1 && terms.get(place.dim.index) === k
      ? `${place.dim.index} ${constant}`
      : undefined;
  });
  const indices = new Set(children.map((x) => x?.split(" ")[0]));
  return (
    k >= 2 &&
    !children.includes(undefined) &&
    indices.size === 1 &&
    Array.from({ length: k }, (_, m) => `${[...indices][0]} ${m}`).every((x) => children.includes(x))
  );
}

/** Comparators of words: for each value of the input the bits that say what reaches it are and, or of two. */
export const thresholds: Law = {
  entry: "C.13",
  title: "maxima and minima, one threshold at a time",
  source: "derived in the catalogue",
  notClaimed:
    "anything for polynomially many layers: as many thresholds of a monotone circuit are hard for P",
  test: (c) => {
    if (!c.families.every((f) => ["int", "index", "real"].includes(f.type.kind))) return undefined;
    const names = new Set(c.families.map((f) => f.name));
    const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && names.has(x.family));
    const extremes = (e: Expr): boolean => {
      if (!inside(e)) return true;
      switch (e.kind) {
        case "read":
          return e.at.every((s) => s.kind === "static");
        case "choose":
          return e.cases.every((x) => extremes(x.value));
        case "select":
          return !inside(e.condition) && extremes(e.then) && extremes(e.otherwise);
        case "apply":
          return (e.op === "min" || e.op === "max") && e.args.every(extremes);
        default:
          return false;
      }
    };
    if (!c.families.every((f) => f.pieces.every((p) => extremes(p.value)))) return undefined;
    const { order } = depthOrder(c);
    if (order.kind !== "polylog" || order.degree === 0) return "it is not of logarithmic depth";
    // What stands beside the comparators is given beforehand, by one layer.
    return linearConclusion(
      c,
      join(layers(NC(0), order.degree), AC(0)),
      [],
      `comparators in O(log${order.degree === 1 ? "" : `^${order.degree}`} N) layers, one threshold at a time`,
    );
  },
};
