/** Clamps, x → min(max(x + shift, lower), upper): closed under composition, so a scan of triples. */
import * as build from "../../equations/build";
import { readsOf } from "../../equations/expressions";
import type { Condition, Expr, IndexExpr, Piece } from "../../equations/system";
import { stateRead } from "../recurrence";
import { afterStarts, type Context, is, type Law, one, placeAt, startAt, zero } from "./context";
import { magnitude } from "./magnitude";
import { type Part, scan } from "./scan";

interface Clamp {
  readonly shift: Expr;
  readonly lower: Expr | undefined;
  readonly upper: Expr | undefined;
}

/** A step that shifts the state and cuts it off below and above; undefined where it does more. */
function clampOf(c: Context, root: Expr): Clamp | undefined {
  const { r, time, family } = c;
  const type = family.type.kind === "index" ? build.int : family.type;
  const isState = (e: Expr): boolean => e.kind === "read" && stateRead(r, time.index, e) !== undefined;
  const reads = (e: Expr): boolean => readsOf(e).some(isState);
  const nothing = build.constant(type, 0);
  const op = (name: "add" | "sub" | "min" | "max", a: Expr, b: Expr) =>
    name === "add" && a === nothing ? b : build.apply(name, [a, b], type);
  const below = (m: Expr, k: Clamp): Clamp => ({
    ...k,
    lower: k.lower === undefined ? m : op("max", k.lower, m),
    upper: k.upper && op("max", k.upper, m),
  });
  const above = (m: Expr, k: Clamp): Clamp => ({
    ...k,
    lower: k.lower && op("min", k.lower, m),
    upper: k.upper === undefined ? m : op("min", k.upper, m),
  });
  const moved = (name: "add" | "sub", by: Expr, k: Clamp): Clamp => ({
    shift: op(name, k.shift, by),
    lower: k.lower && op(name, k.lower, by),
    upper: k.upper && op(name, k.upper, by),
  });
  const go = (e: Expr): Clamp | undefined => {
    if (isState(e)) return { shift: nothing, lower: undefined, upper: undefined };
    if (e.kind === "select" && !reads(e.condition)) {
      const [a, b] = [arm(e.then), arm(e.otherwise)];
      if (a === undefined || b === undefined) return undefined;
      const pick = (x: Expr | undefined, y: Expr | undefined, none: Expr | undefined) => {
        const [p, q] = [x ?? none, y ?? none];
        return x === undefined && y === undefined
          ? undefined
          : p === undefined || q === undefined
            ? null
            : p === q
              ? p
              : build.select(e.condition, p, q, type);
      };
      const lower = pick(a.lower, b.lower, noneBelow);
      const upper = pick(a.upper, b.upper, noneAbove);
      const shift = a.shift === b.shift ? a.shift : build.select(e.condition, a.shift, b.shift, type);
      return lower === null || upper === null ? undefined : { shift, lower, upper };
    }
    if (e.kind !== "apply") return undefined;
    const [a, b, hi] = e.args;
    if (e.op === "clamp" && !reads(b!) && !reads(hi!)) {
      const inner = go(a!);
      return inner && above(hi!, below(b!, inner));
    }
    if (b === undefined) return undefined;
    const [moving, still] = reads(a!) ? [a!, b] : [b, a!];
    if (reads(still)) return undefined;
    const inner = e.op === "sub" && moving === b ? undefined : go(moving);
    if (inner === undefined) return undefined;
    switch (e.op) {
      case "add":
      case "sub":
        return moved(e.op, still, inner);
      case "max":
        return below(still, inner);
      case "min":
        return above(still, inner);
      default:
        return undefined;
    }
  };
  // A branch that does not read the state sets it.
  const arm = (e: Expr): Clamp | undefined => (reads(e) ? go(e) : { shift: nothing, lower: e, upper: e });
  const bound = family.type.kind === "index" ? family.type.bound : undefined;
  const noneBelow = bound === undefined ? undefined : build.constant(type, 0);
  const noneAbove = bound === undefined ? undefined : build.indexValue(build.sub(bound, one));
  const found = arm(root);
  if (found === undefined || bound === undefined) return found;
  return { ...found, lower: found.lower ?? noneBelow!, upper: found.upper ?? noneAbove! };
}

/**
 * Numbers up to this stay inside 32 bits in the sums below. With states, starts, shifts and bounds no larger, a scan of clamps is exact
 * although its total shifts may be large: they are cut off at twice this. For let a shift be cut, say above. Then x + shift is at or above the
 * upper bound for every state x, and so the map is constant; both sides of that comparison move together under later shifts, until the
 * upper bound is itself cut off and equals the lower one. So the map stays constant whatever the cut shift says. Below likewise.
 */
const SMALL = 2 ** 27;
const whole = (e: IndexExpr): Expr =>
  e.kind === "integer" ? build.constant(build.int, e.value) : build.indexValue(e);

export const asClampScan: Law = (c) => {
  const { family, r } = c;
  const scalar = r.state.length === 1 && r.state[0]!.depth === 1 && r.state[0]!.cells.length === 0;
  const kind = family.type.kind;
  if (!scalar || r.startSteps !== 1 || (kind !== "int" && kind !== "index" && kind !== "real"))
    return undefined;
  const later = afterStarts(c, family.name);
  const clamps = later?.map((s) => clampOf(c, s.value));
  if (later === undefined || clamps === undefined) return undefined;
  const all: { guard: Condition; shift: Expr; lower: Expr; upper: Expr }[] = [];
  for (const [k, clamp] of clamps.entries()) {
    if (clamp?.lower === undefined || clamp.upper === undefined) return undefined;
    all.push({ guard: later[k]!.guard, shift: clamp.shift, lower: clamp.lower, upper: clamp.upper });
  }
  const type = kind === "index" ? build.int : family.type;
  const op = (name: "add" | "min" | "max", a: Expr, b: Expr) => build.apply(name, [a, b], type);
  // States of an index type lie below its bound: shifts beyond it are all the same, and cutting them keeps sums small.
  const bound = family.type.kind === "index" ? family.type.bound : undefined;
  const start = startAt(c, family.name, placeAt(c, 0));
  const small =
    kind !== "real" &&
    [start, ...all.flatMap((e) => [e.shift, e.lower, e.upper])].every((x) => magnitude(x) <= SMALL) &&
    (bound === undefined || (bound.kind === "integer" && bound.value <= SMALL));
  const reach = bound ?? (small ? build.integer(2 * SMALL) : undefined);
  const cut = (shift: Expr): Expr =>
    reach === undefined
      ? shift
      : build.apply("clamp", [shift, whole(build.sub(zero, reach)), whole(reach)], type);
  const inside = (e: Expr): Expr =>
    bound === undefined
      ? e
      : build.apply("clamp", [e, build.constant(type, 0), build.indexValue(build.sub(bound, one))], type);
  const cutOff = (x: Expr, lower: Expr, upper: Expr) => op("min", op("max", x, lower), upper);
  const part = (name: string, of: (e: (typeof all)[number]) => Expr, combined: Part["combine"]): Part => ({
    name: c.freshFamily(`${family.name}.${name}`),
    type,
    own: [],
    element: all.map((e) => ({ guard: e.guard, value: of(e) })),
    combine: combined,
  });
  const { families, last } = scan(c, placeAt(c, 1), [
    part(
      "shift",
      (e) => cut(e.shift),
      (before, after) => cut(op("add", before(0), after(0))),
    ),
    part(
      "lower",
      (e) => inside(e.lower),
      (before, after) => cutOff(op("add", before(1), after(0)), after(1), after(2)),
    ),
    part(
      "upper",
      (e) => inside(e.upper),
      (before, after) => cutOff(op("add", before(2), after(0)), after(1), after(2)),
    ),
  ]);
  const pieces: Piece[] = [
    { guard: is(build.index(c.time.index), placeAt(c, 0)), value: start },
    { guard: build.always, value: cutOff(op("add", start, last(0)), last(1), last(2)) },
  ];
  return {
    families: [...families, { ...family, pieces }],
    law: "C.12",
    name: "a scan of clamps, as triples",
    upTo: kind === "real" ? ["rounding"] : small ? [] : ["overflow"],
    note: kind === "real" || small ? "" : "the same while no sum of steps leaves 32 bits",
  };
};
