/** Clamps, x → min(max(factor·x + shift, lower), upper): closed under composition, so a scan of four numbers, or of those that vary. */
import * as build from "../../equations/build";
import { readsOf } from "../../equations/expressions";
import { valueOverNothing } from "../../equations/operators";
import type { Condition, Expr, IndexExpr, Piece } from "../../equations/system";
import { rangeOfFamily } from "../ranges";
import { stateRead } from "../recurrence";
import {
  afterStarts,
  type Context,
  is,
  type Law,
  one,
  placeAt,
  type Rewritten,
  startAt,
  zero,
} from "./context";
import { magnitude } from "./magnitude";
import { type Part, type PartRead, scan } from "./scan";

interface Clamp {
  /** Undefined: one. */
  readonly factor: Expr | undefined;
  readonly shift: Expr;
  readonly lower: Expr | undefined;
  readonly upper: Expr | undefined;
}

/** No number that a real holds is beyond these: a bound where there is none, by which a factor may be multiplied. */
const GREATEST = Math.fround(3.4028234663852886e38);

const literal = (e: Expr): number | undefined => (e.kind === "constant" ? e.value : undefined);

/** A step that multiplies the state, shifts it and cuts it off below and above; undefined where it does more. */
function clampOf(c: Context, root: Expr): Clamp | undefined {
  const { r, time, family } = c;
  const type = family.type.kind === "index" ? build.int : family.type;
  const isState = (e: Expr): boolean => e.kind === "read" && stateRead(r, time.index, e) !== undefined;
  const reads = (e: Expr): boolean => readsOf(e).some(isState);
  const nothing = build.constant(type, 0);
  const unit = build.constant(type, 1);
  const op = (name: "add" | "sub" | "mul" | "min" | "max", a: Expr, b: Expr): Expr =>
    (name === "add" && a === nothing) || (name === "mul" && a === unit)
      ? b
      : a === b && (name === "min" || name === "max")
        ? a
        : build.apply(name, [a, b], type);
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
    ...k,
    shift: op(name, k.shift, by),
    lower: k.lower && op(name, k.lower, by),
    upper: k.upper && op(name, k.upper, by),
  });
  /** Of reals: a factor of unknown sign turns the bounds around. */
  const scaled = (by: Expr, k: Clamp): Clamp | undefined => {
    if (type.kind !== "real") return undefined;
    const sign = literal(by);
    const grown = {
      factor: op("mul", k.factor ?? unit, by),
      shift: k.shift === nothing ? nothing : op("mul", k.shift, by),
    };
    if (sign !== undefined && sign >= 0)
      return { ...grown, lower: k.lower && op("mul", k.lower, by), upper: k.upper && op("mul", k.upper, by) };
    if (k.lower === undefined && k.upper === undefined)
      return { ...grown, lower: undefined, upper: undefined };
    const least = k.lower && k.upper ? op("min", k.lower, k.upper) : k.lower;
    const [p, q] = [least ?? build.constant(type, -GREATEST), k.upper ?? build.constant(type, GREATEST)].map(
      (x) => op("mul", x, by),
    ) as [Expr, Expr];
    return { ...grown, lower: op("min", p, q), upper: op("max", p, q) };
  };
  /** The greater or less of two that move the state alike: each is a median, and so is that. */
  const between = (name: "min" | "max", a: Clamp, b: Clamp): Clamp | undefined => {
    if (a.factor !== b.factor || a.shift !== b.shift) return undefined;
    const least = (k: Clamp) => (k.lower && k.upper ? op("min", k.lower, k.upper) : k.lower);
    const [x, y] = [least(a), least(b)];
    const [u, v] = [a.upper, b.upper];
    const both = (p: Expr | undefined, q: Expr | undefined, keeps: boolean): Expr | undefined =>
      p !== undefined && q !== undefined ? op(name, p, q) : keeps ? (p ?? q) : undefined;
    return { ...a, lower: both(x, y, name === "max"), upper: both(u, v, name === "min") };
  };
  const go = (e: Expr): Clamp | undefined => {
    if (isState(e)) return { factor: undefined, shift: nothing, lower: undefined, upper: undefined };
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
      const still = a.shift === nothing && b.shift === nothing;
      const lower = pick(a.lower, b.lower, endOf("max", still));
      const upper = pick(a.upper, b.upper, endOf("min", still));
      const shift = pick(a.shift, b.shift, nothing)!;
      const factor = pick(a.factor, b.factor, unit) ?? undefined;
      return lower === null || upper === null ? undefined : { factor, shift, lower, upper };
    }
    if (e.kind !== "apply") return undefined;
    const [a, b, hi] = e.args;
    if (e.op === "clamp" && !reads(b!) && !reads(hi!)) {
      const inner = go(a!);
      return inner && above(hi!, below(b!, inner));
    }
    if (e.op === "neg") {
      const inner = go(a!);
      return inner && scaled(build.constant(type, -1), inner);
    }
    if (b === undefined) return undefined;
    if (reads(a!) && reads(b)) {
      if (e.op !== "min" && e.op !== "max") return undefined;
      const [x, y] = [go(a!), go(b)];
      return x && y && between(e.op, x, y);
    }
    const [moving, still] = reads(a!) ? [a!, b] : [b, a!];
    const inner = go(moving);
    if (inner === undefined) return undefined;
    switch (e.op) {
      case "sub": {
        if (moving === a) return moved("sub", still, inner);
        const turned = scaled(build.constant(type, -1), inner);
        return turned && moved("add", still, turned);
      }
      case "add":
        return moved(e.op, still, inner);
      case "mul":
        return scaled(still, inner);
      case "divide":
        return moving === a ? scaled(build.apply("divide", [unit, still], type), inner) : undefined;
      case "max":
        return below(still, inner);
      case "min":
        return above(still, inner);
      default:
        return undefined;
    }
  };
  // A branch that does not read the state sets it.
  const arm = (e: Expr): Clamp | undefined =>
    reads(e) ? go(e) : { factor: undefined, shift: nothing, lower: e, upper: e };
  const bound = family.type.kind === "index" ? family.type.bound : undefined;
  /** What cuts nothing off: where there are shifts of ints, nothing does for all of them. */
  const endOf = (op: "min" | "max", still: boolean): Expr | undefined =>
    bound !== undefined
      ? op === "max"
        ? nothing
        : build.indexValue(build.sub(bound, one))
      : type.kind === "real"
        ? build.constant(type, op === "max" ? -GREATEST : GREATEST)
        : still
          ? build.constant(type, valueOverNothing(op, false))
          : held(op);
  /** Of ints that are shifted: what they never go beyond. */
  const held = (op: "min" | "max"): Expr | undefined => {
    const [lo, hi] = rangeOfFamily(
      c.system,
      family.name,
      c.steps.map((s) => s.value),
    );
    return lo < -SMALL || hi > SMALL ? undefined : build.constant(type, op === "max" ? lo : hi);
  };
  const found = arm(root);
  if (found === undefined) return undefined;
  const still = found.shift === nothing;
  return { ...found, lower: found.lower ?? endOf("max", still), upper: found.upper ?? endOf("min", still) };
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
  const type = kind === "index" ? build.int : family.type;
  const [nothing, unit] = [build.constant(type, 0), build.constant(type, 1)];
  const all: { guard: Condition; factor: Expr; shift: Expr; lower: Expr; upper: Expr }[] = [];
  for (const [k, clamp] of clamps.entries()) {
    if (clamp?.lower === undefined || clamp.upper === undefined) return undefined;
    const { factor = unit, shift, lower, upper } = clamp;
    all.push({ guard: later[k]!.guard, factor, shift, lower, upper });
  }
  const grows = all.some((e) => e.factor !== unit);
  const moves = grows || all.some((e) => e.shift !== nothing);
  const op = (name: "add" | "mul" | "min" | "max", a: Expr, b: Expr) => build.apply(name, [a, b], type);
  // States of an index type lie below its bound: shifts beyond it are all the same, and cutting them keeps sums small.
  const bound = family.type.kind === "index" ? family.type.bound : undefined;
  const start = startAt(c, family.name, placeAt(c, 0));
  const small =
    kind !== "real" &&
    (!moves ||
      [start, ...all.flatMap((e) => [e.shift, e.lower, e.upper])].every((x) => magnitude(x) <= SMALL)) &&
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
  const parts: Part[] = [];
  const part = (name: string, of: (e: (typeof all)[number]) => Expr, combine: Part["combine"]): number =>
    parts.push({
      name: c.freshFamily(`${family.name}.${name}`),
      type,
      own: [],
      element: all.map((e) => ({ guard: e.guard, value: of(e) })),
      combine,
    }) - 1;
  /** What the map of some steps makes of a number, not cut off. */
  const reached = (map: PartRead, x: Expr): Expr => {
    const product = grows ? op("mul", map(FACTOR), x) : x;
    return moves ? op("add", product, map(SHIFT)) : product;
  };
  const FACTOR: number = grows
    ? part(
        "factor",
        (e) => e.factor,
        (before, after) => op("mul", before(FACTOR), after(FACTOR)),
      )
    : -1;
  const SHIFT: number = moves
    ? part(
        "shift",
        (e) => cut(e.shift),
        (before, after) => cut(reached(after, before(SHIFT))),
      )
    : -1;
  // A negative factor turns the ends around.
  const turns = all.some((e) => !(literal(e.factor)! >= 0));
  const ordered = (e: (typeof all)[number]): Expr =>
    turns && !(literal(e.lower)! <= literal(e.upper)!) ? op("min", e.lower, e.upper) : e.lower;
  const end = (which: "min" | "max", before: PartRead, after: PartRead): Expr => {
    const [l, u] = [reached(after, before(LOWER)), reached(after, before(UPPER))];
    const x = turns ? op(which, l, u) : which === "min" ? l : u;
    return cutOff(x, after(LOWER), after(UPPER));
  };
  const LOWER: number = part(
    "lower",
    (e) => inside(ordered(e)),
    (before, after) => end("min", before, after),
  );
  const UPPER: number = part(
    "upper",
    (e) => inside(e.upper),
    (before, after) => end("max", before, after),
  );
  const { families, last } = scan(c, placeAt(c, 1), parts);
  const pieces: Piece[] = [
    { guard: is(build.index(c.time.index), placeAt(c, 0)), value: start },
    { guard: build.always, value: cutOff(reached(last, start), last(LOWER), last(UPPER)) },
  ];
  const upTo = (): Rewritten["upTo"] => {
    if (kind !== "real") return small || !moves ? [] : ["overflow"];
    if (!moves) return ["nan"];
    return grows && !all.every((e) => isShrinking(e.factor)) ? ["rounding", "factors"] : ["rounding"];
  };
  return {
    families: [...families, { ...family, pieces }],
    law: moves ? "C.12" : "C.13",
    name: `a scan of clamps, as ${{ 2: "pairs", 3: "triples", 4: "quadruples" }[parts.length]}`,
    upTo: upTo(),
    bounded: !grows,
    note: "",
  };
};

/** Of absolute value one at most: no product of such factors overflows. */
const isShrinking = (e: Expr): boolean =>
  e.kind === "select"
    ? isShrinking(e.then) && isShrinking(e.otherwise)
    : e.kind === "constant" && Math.abs(e.value) <= 1;
