/**
 * Recurrences as shallow equations. Each rewriting is a law of the catalogue that a machine can run: a reduction, a scan of
 * the maps of the steps, or powers of one map by repeated squaring. The result is again a system of equations, so it prints, is
 * interpreted and compiled, and its depth is proved like any other.
 *
 * Scans are those of Kogge and Stone (1973): level r holds, at place i, the composition of the last 2^r steps up to i. They
 * take log2 levels in both cost models.
 */
import * as build from "../equations/build";
import { and, mapCondition, type Substitution, substituteIndex } from "../equations/conditions";
import { guardedReads } from "../equations/reads";
import type {
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Piece,
  ReduceOp,
  Subscript,
  System,
} from "../equations/system";
import { combine, toAffine } from "../symbolic/affine";
import { boundIndices, readsOf, rewriteExpr, substitute } from "./expressions";
import { finiteStep } from "./finite";
import { isOne, type LinearEquation, type LinearStep, linearStep, mentions, mentionsIndex } from "./linear";
import { extentOf, findRecurrences, type Recurrence, type StepEquation, stateRead } from "./recurrence";

/** One recurrence, rewritten. */
export interface Applied {
  /** The catalogue entry: `C.9`. */
  readonly law: string;
  /** What now stands there: `a scan of affine maps`. */
  readonly name: string;
  readonly families: readonly string[];
  /** What keeps it from being the same function: rounding of reals in another order, or ints beyond 32 bits. */
  readonly upTo: readonly ("rounding" | "overflow")[];
  readonly note: string;
}

export interface Rewrite {
  readonly law: string;
  readonly system: System;
  /** The same function, bit for bit. */
  readonly exact: boolean;
  readonly note: string;
  readonly applied: readonly Applied[];
}

/**
 * Shallower systems that compute the same, each with every recurrence rewritten that a law covers: first with the shallowest forms
 * (reductions of unbounded fan-in), then, where that differs, with scans only, which do less work. Empty where no law applies.
 */
export function rewrites(system: System): readonly Rewrite[] {
  const found = [rewriteAll(system, shallowest), rewriteAll(system, scansOnly)];
  const different = found.filter(
    (r, k) =>
      r !== undefined &&
      (k === 0 || r.applied.map((a) => a.name).join() !== found[0]?.applied.map((a) => a.name).join()),
  );
  return different as Rewrite[];
}

type Law = (c: Context) => Rewritten | undefined;

interface Rewritten {
  /** Stands for the families that it names; the others are added. */
  readonly families: readonly Family[];
  readonly law: string;
  readonly name: string;
  readonly upTo: readonly ("rounding" | "overflow")[];
  readonly note: string;
}

/** Recurrences that are rewritten at most: a system may hold many. */
const MOST = 32;

function rewriteAll(system: System, laws: readonly Law[]): Rewrite | undefined {
  let current = system;
  const applied: Applied[] = [];
  const done = new Set<string>();
  for (let k = 0; k < MOST; k++) {
    const next = findRecurrences(current)
      .filter((r) => !r.families.some((f) => done.has(f)) && !isShort(current, r.length))
      .flatMap((r) => {
        const context = contextOf(current, r);
        const found = context && laws.map((law) => law(context)).find((x) => x !== undefined);
        return found === undefined ? [] : [{ r, found }];
      })[0];
    if (next === undefined) break;
    const { r, found } = next;
    for (const f of [...r.families, ...found.families.map((x) => x.name)]) done.add(f);
    const made = new Map(found.families.map((f) => [f.name, f]));
    const first = current.families.findIndex((f) => made.has(f.name));
    const kept = (fs: readonly Family[]) => fs.filter((f) => !made.has(f.name));
    current = {
      ...current,
      families: [
        ...kept(current.families.slice(0, first)),
        ...found.families,
        ...kept(current.families.slice(first)),
      ],
    };
    applied.push({
      law: found.law,
      name: found.name,
      families: r.state.map((s) => s.family),
      upTo: found.upTo,
      note: found.note,
    });
  }
  if (applied.length === 0) return undefined;
  const laws_ = [...new Set(applied.map((a) => a.law))];
  return {
    law: laws_.join(", "),
    system: withoutUnused(current, readByOthers(system)),
    exact: applied.every((a) => a.upTo.length === 0),
    note: applied
      .map((a) => `${a.families.join(", ")}: ${a.name}${a.note === "" ? "" : `; ${a.note}`}`)
      .join(". "),
    applied,
  };
}

const readByOthers = (system: System): Set<string> =>
  new Set(guardedReads(system).flatMap((r) => (r.reader.name === r.source.name ? [] : [r.source.name])));

/** Leaves out nodes that were read and no longer are: helpers of a step that is gone. */
function withoutUnused(system: System, before: ReadonlySet<string>): System {
  const read = readByOthers(system);
  const families = system.families.filter(
    (f) => f.role !== "node" || read.has(f.name) || !before.has(f.name),
  );
  return families.length === system.families.length ? system : withoutUnused({ ...system, families }, before);
}

/** A length that grows at most like a logarithm: every size that grows stands inside a log2. */
function isShort(system: System, length: IndexExpr): boolean {
  switch (length.kind) {
    case "integer":
    case "log2":
      return true;
    case "size":
      return system.sizes.find((s) => s.name === length.name)?.kind === "const";
    case "index":
    case "pow2":
      return false;
    default:
      return isShort(system, length.left) && isShort(system, length.right);
  }
}

// What every law needs

interface Context {
  readonly system: System;
  readonly r: Recurrence;
  /** The first state family, and its running index. */
  readonly family: Family;
  readonly time: Dim;
  readonly steps: readonly StepEquation[];
  readonly linear: LinearStep | undefined;
  readonly fresh: (name: string) => string;
  readonly freshFamily: (name: string) => string;
}

function contextOf(system: System, r: Recurrence): Context | undefined {
  if (r.steps === undefined) return undefined;
  const family = system.families.find((f) => f.name === r.state[0]!.family)!;
  const axis = r.axis.get(family.name)!;
  const time = family.dims[axis]!;
  // Rows that vary with time would leave places without a step before them.
  const varies = r.state.some((s) => {
    const f = system.families.find((x) => x.name === s.family)!;
    const own = f.dims[r.axis.get(s.family)!]!;
    return f.dims.some(
      (d) => d !== own && (mentionsIndex(d.lo, own.index) || mentionsIndex(d.hi, own.index)),
    );
  });
  if (varies || r.startSteps === undefined) return undefined;
  // Equations of several families are brought to the indices of the first: its names must be free in them.
  const bound = r.steps.flatMap((s) => [...boundIndices(s.value)]);
  if (r.state.length > 1 && family.dims.some((d) => bound.includes(d.index))) return undefined;
  const names = new Set(system.sizes.map((s) => s.name));
  for (const f of system.families) {
    for (const d of f.dims) names.add(d.index);
    for (const p of f.pieces) for (const n of boundIndices(p.value)) names.add(n);
  }
  for (const s of r.steps) for (const n of boundIndices(s.value)) names.add(n);
  const families = new Set(system.families.map((f) => f.name));
  const unused = (name: string, taken: Set<string>): string => {
    let candidate = name;
    for (let k = 1; taken.has(candidate); k++) candidate = `${name}'${k}`;
    taken.add(candidate);
    return candidate;
  };
  return {
    system,
    r,
    family,
    time,
    steps: r.steps,
    linear: linearStep(system, r),
    fresh: (name) => unused(name, names),
    freshFamily: (name) => unused(name, families),
  };
}

const fixed = (value: IndexExpr): Subscript => ({ kind: "static", value });
const one = build.integer(1);
const zero = build.integer(0);
const is = (left: IndexExpr, right: IndexExpr): Condition => [[build.compare("==", left, right)]];

/** The first place that time visits, moved on by `steps`. */
const placeAt = ({ r, time }: Context, steps: number): IndexExpr =>
  r.direction === 1 ? build.add(time.lo, build.integer(steps)) : build.sub(time.hi, build.integer(steps + 1));

/** What the starts give at a place, in the indices of its family. */
function startAt(c: Context, family: string, place: IndexExpr): Expr {
  const own = c.system.families.find((f) => f.name === family)!;
  const by = new Map([[own.dims[c.r.axis.get(family)!]!.index, place]]);
  const cases: { guard: Condition; value: Expr }[] = [];
  for (const s of c.steps) {
    if (s.family !== family || s.role !== "start") continue;
    const guard = mapCondition(s.guard, (e) => substituteIndex(e, by));
    if (guard.length === 0) continue;
    cases.push({ guard, value: substitute(s.value, by) });
    if (guard.some((all) => all.length === 0)) break;
  }
  return cases.length === 1 ? cases[0]!.value : build.choose(cases, own.type);
}

/** All equations after the starts, where starts come first and there is one number of them; else undefined. */
function afterStarts(c: Context, family: string): readonly StepEquation[] | undefined {
  const own = c.steps.filter((s) => s.family === family);
  const first = own.findIndex((s) => s.role !== "start");
  const later = own.slice(first);
  return first < 0 || later.some((s) => s.role === "start") ? undefined : later;
}

const isReal = (c: Context): boolean => c.family.type.kind === "real";
const rounding = (c: Context): readonly "rounding"[] => (isReal(c) ? ["rounding"] : []);

// Scans

/** One number of what is scanned; `own` dimensions come after time and copies. */
interface Part {
  readonly name: string;
  readonly type: ElementType;
  readonly own: readonly Dim[];
  /** At level 0, in order; the last holds elsewhere. */
  readonly element: readonly Piece[];
  /** The composition of what lies before (`earlier`) and what lies after. */
  readonly combine: (earlier: PartRead, later: PartRead) => Expr;
  /** The same at all places: the level is its power. */
  readonly timeless?: boolean;
}
type PartRead = (part: number, own?: readonly Subscript[]) => Expr;

/**
 * The families of a scan over places `from` (a place that time visits) and later, and how to read the last level at a place in the
 * indices of the recurrence.
 */
function scan(
  c: Context,
  from: IndexExpr,
  parts: readonly Part[],
): { readonly families: readonly Family[]; readonly last: PartRead } {
  const { r, family, time } = c;
  const axis = r.axis.get(family.name)!;
  const copied = r.copyAxes.get(family.name)!;
  const here = build.index(time.index);
  const range: Dim = r.direction === 1 ? { ...time, lo: from } : { ...time, hi: build.add(from, one) };
  const others = family.dims.filter((_, k) => copied.includes(k));
  const bounded = others.some((d) => mentionsIndex(range.lo, d.index) || mentionsIndex(range.hi, d.index));
  const extent =
    extentOf(
      range,
      family.dims.map((d, k) => (k === axis ? range : d)),
    ) ?? build.sub(range.hi, range.lo);
  const levels = build.log2(extent);
  const level = c.fresh("r");
  const before = build.sub(build.index(level), one);
  const stride = build.pow2(before);
  const place = r.direction === 1 ? build.sub(here, stride) : build.add(here, stride);
  const exists: Condition =
    r.direction === 1
      ? [[build.compare("<=", build.add(from, stride), here)]]
      : [[build.compare("<=", place, from)]];
  // Copies that the elements do not tell apart share one scan. A part that reads another needs what that one needs.
  const kept = others.filter(
    (d) =>
      bounded ||
      parts.some((p) =>
        p.element.some((e) => mentions(e.value, d.index) || mentionsInGuard(e.guard, d.index)),
      ),
  );
  const dimsOf = (p: Part): Dim[] => [
    { index: level, lo: zero, hi: build.add(levels, one) },
    ...family.dims.flatMap((d, k) =>
      k === axis ? (p.timeless === true ? [] : [range]) : kept.includes(d) ? [d] : [],
    ),
    ...p.own,
  ];
  const read =
    (at: IndexExpr, when: IndexExpr): PartRead =>
    (k, own = []) => {
      const p = parts[k]!;
      const outer = dimsOf(p)
        .slice(1, dimsOf(p).length - p.own.length)
        .map((d) => fixed(d === range ? when : build.index(d.index)));
      return build.read(p.name, [fixed(at), ...outer, ...own], p.type);
    };
  const families = parts.map((p): Family => {
    const ownAt = p.own.map((d) => fixed(build.index(d.index)));
    const elements = p.element.map((e, k): Piece => {
      const at = is(build.index(level), zero);
      return { ...e, guard: k === p.element.length - 1 ? at : and(at, e.guard) };
    });
    const combined = p.combine(read(before, place), read(before, here));
    const pieces: Piece[] =
      p.timeless === true
        ? [...elements, { guard: build.always, value: combined }]
        : [
            ...elements,
            { guard: exists, value: combined },
            { guard: build.always, value: read(before, here)(parts.indexOf(p), ownAt) },
          ];
    return { name: p.name, role: "node", dims: dimsOf(p), type: p.type, pieces, origin: family.origin };
  });
  return { families, last: read(levels, here) };
}

const mentionsInGuard = (guard: Condition, name: string): boolean =>
  guard.some((all) => all.some((x) => mentionsIndex(x.left, name) || mentionsIndex(x.right, name)));

// Reductions: s = s op x

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
  if (folds[op] !== undefined && isState(a) && !reads(b)) return combined(op, b);
  if (folds[op] !== undefined && isState(b) && !reads(a)) return combined(op, a);
  return byLinearForm(c);
}

/** Affine steps with coefficient one or without a constant, however they are written. */
function byLinearForm(c: Context): Folded | undefined {
  const { linear, family } = c;
  if (linear === undefined || !isScalar(c)) return undefined;
  const [step, ...more] = linear.equations.filter((e) => e.role === "step");
  const coefficient = step && more.length === 0 ? coefficientOf(linear, step) : undefined;
  if (step === undefined || coefficient === undefined) return undefined;
  const { ring } = linear;
  const start = startAt(c, family.name, placeAt(c, 0));
  if (isOne(ring, coefficient)) {
    const operand = step.constant ?? ring.zero;
    return operand && { op: ring.sum, apply: ring.plus, operand, start };
  }
  if (step.constant !== undefined) return undefined;
  const op = ring.name === "gf2" ? "all" : ring.name === "int" || ring.name === "real" ? "product" : "sum";
  return { op, apply: ring.times, operand: coefficient, start };
}

/** Minimum and maximum of reals, and everything of bits and ints, combine in any order. */
const foldRounding = (c: Context, f: Folded): readonly "rounding"[] =>
  isReal(c) && f.op !== "min" && f.op !== "max" ? ["rounding"] : [];

/** One reduction over everything up to the place: constant depth, quadratic work where every place is wanted. */
const asReduction: Law = (c) => {
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

const asFoldScan: Law = (c) => {
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

// Affine steps of one number

const isScalar = (c: Context): boolean =>
  c.linear !== undefined && c.linear.shape === "scalar" && c.r.state[0]!.cells.length === 0;

/** The coefficient of the one number; sums over reductions around it. */
function coefficientOf(linear: LinearStep, e: LinearEquation): Expr | undefined {
  const { ring } = linear;
  const all = e.terms.map((t) =>
    t.dims.length === 0
      ? t.coefficient
      : build.reduce(ring.sum, t.dims, t.coefficient, ring.type, { filter: t.filter }),
  );
  return all.length === 0 ? ring.zero : all.reduce(ring.plus);
}

/**
 * The coefficients are the same at all steps, and have values even where there is no step: reads are of single values, or at the copy's
 * own indices.
 */
const isTimeless = (c: Context, coefficients: readonly Expr[]): boolean =>
  c.linear!.timeInvariant &&
  coefficients.every((e) =>
    readsOf(e).every((x) => x.at.every((s) => s.kind === "static" && s.value.kind === "index")),
  );

const asAffineScan: Law = (c) => {
  const { linear, family } = c;
  if (linear === undefined || !isScalar(c)) return undefined;
  const { ring } = linear;
  if (ring.zero === undefined) return asTropicalScan(c);
  const name = (part: string) => c.freshFamily(`${family.name}.${part}`);
  const element = (of: (e: LinearEquation) => Expr): Piece[] =>
    linear.equations.map((e) => ({ guard: e.guard, value: of(e) }));
  const coefficient = element((e) => coefficientOf(linear, e)!);
  const constant = element((e) => e.constant ?? ring.zero!);
  const timeless =
    c.r.startSteps === 1 &&
    afterStarts(c, family.name)?.length === 1 &&
    isTimeless(c, [coefficient[1]!.value]);
  const a: Part = {
    name: name("a"),
    type: ring.type,
    own: [],
    element: timeless ? coefficient.slice(-1) : coefficient,
    combine: (earlier, later) => ring.times(later(0), earlier(0)),
    timeless,
  };
  const b: Part = {
    name: name("b"),
    type: ring.type,
    own: [],
    element: constant,
    combine: (earlier, later) => ring.plus(ring.times(later(0), earlier(1)), later(1)),
  };
  const { families, last } = scan(c, placeAt(c, 0), [a, b]);
  return {
    families: [...families, { ...family, pieces: [{ guard: build.always, value: last(1) }] }],
    law: "C.9",
    name: timeless ? "a scan with powers of one coefficient" : "a scan of affine maps, as pairs",
    upTo: rounding(c),
    note: "",
  };
};

/** x → max(x + a, b): pairs too, from the place after the start, since there is no −∞ to be had. */
function asTropicalScan(c: Context): Rewritten | undefined {
  const { family, r } = c;
  const linear = c.linear!;
  const { ring } = linear;
  if (r.startSteps !== 1 || afterStarts(c, family.name) === undefined) return undefined;
  const later = linear.equations.filter((e) => e.role !== "start");
  if (later.some((e) => e.terms.length === 0 || e.constant === undefined)) return undefined;
  const name = (part: string) => c.freshFamily(`${family.name}.${part}`);
  const { families, last } = scan(c, placeAt(c, 1), [
    {
      name: name("a"),
      type: ring.type,
      own: [],
      element: later.map((e) => ({ guard: e.guard, value: coefficientOf(linear, e)! })),
      combine: (before, after) => ring.times(before(0), after(0)),
    },
    {
      name: name("b"),
      type: ring.type,
      own: [],
      element: later.map((e) => ({ guard: e.guard, value: e.constant! })),
      combine: (before, after) => ring.plus(ring.times(before(1), after(0)), after(1)),
    },
  ]);
  const start = startAt(c, family.name, placeAt(c, 0));
  const pieces: Piece[] = [
    { guard: is(build.index(c.time.index), placeAt(c, 0)), value: start },
    { guard: build.always, value: ring.plus(ring.times(start, last(0)), last(1)) },
  ];
  return {
    families: [...families, { ...family, pieces }],
    law: "C.9",
    name: `a scan of (${ring.name.replace("-plus", ",+")}) affine maps, as pairs`,
    upTo: isReal(c) ? ["rounding"] : ["overflow"],
    note: isReal(c) ? "" : "the same while no sum of steps leaves 32 bits",
  };
}

// Clamps: x → min(max(x + shift, lower), upper)

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

/** Sums of a few numbers as large as this stay inside 32 bits. */
const SMALL = 2 ** 27;

/** A bound of the absolute value of a whole number, by its type and operators; ∞ where none is seen. */
function magnitude(e: Expr): number {
  const most = (xs: readonly Expr[]) => Math.max(...xs.map(magnitude));
  switch (e.kind) {
    case "constant":
      return Math.abs(e.value);
    case "index-value":
      return e.value.kind === "integer" ? Math.abs(e.value.value) : Number.POSITIVE_INFINITY;
    case "select":
      return most([e.then, e.otherwise]);
    case "choose":
      return most(e.cases.map((c) => c.value));
    case "read":
      return e.type.kind === "index" && e.type.bound.kind === "integer"
        ? e.type.bound.value
        : Number.POSITIVE_INFINITY;
    case "apply":
      if (e.op === "add" || e.op === "sub") return magnitude(e.args[0]!) + magnitude(e.args[1]!);
      if (e.op === "neg" || e.op === "abs" || e.op === "min" || e.op === "max" || e.op === "clamp")
        return most(e.args);
      return e.op === "to-int" && build.typeOf(e.args[0]!).kind === "bit" ? 1 : Number.POSITIVE_INFINITY;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

const asClampScan: Law = (c) => {
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
  const cut = (shift: Expr): Expr =>
    bound === undefined
      ? shift
      : build.apply(
          "clamp",
          [shift, build.indexValue(build.sub(zero, bound)), build.indexValue(bound)],
          type,
        );
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
  const start = startAt(c, family.name, placeAt(c, 0));
  const pieces: Piece[] = [
    { guard: is(build.index(c.time.index), placeAt(c, 0)), value: start },
    { guard: build.always, value: cutOff(op("add", start, last(0)), last(1), last(2)) },
  ];
  // With few states and small shifts no sum comes near 32 bits.
  const small =
    bound?.kind === "integer" &&
    bound.value <= SMALL &&
    all.every((e) => [e.shift, e.lower, e.upper].every((x) => magnitude(x) <= SMALL));
  return {
    families: [...families, { ...family, pieces }],
    law: "C.12",
    name: "a scan of clamps, as triples",
    upTo: kind === "real" ? ["rounding"] : small ? [] : ["overflow"],
    note: kind === "real" || small ? "" : "the same while no sum of steps leaves 32 bits",
  };
};

// Linear steps of several numbers

/** Numbers in the state, as matrices of this many rows at most. */
const ROWS = 6;

const asMatrixScan: Law = (c) => {
  const { linear, r, family, system, time } = c;
  if (linear === undefined || linear.ring.zero === undefined) return undefined;
  if (typeof linear.dimension !== "number" || linear.dimension < 2 || linear.dimension > ROWS)
    return undefined;
  const starts = r.startSteps!;
  const deepest = Math.max(...r.state.map((s) => s.depth));
  if (starts > 0 && starts < deepest) return undefined;
  const { ring } = linear;
  const none = linear.ring.zero;
  // Names of the first family for all: time, then copies. The same places of time in all.
  const first = family;
  const digits: { family: string; cell: readonly number[]; lag: number; by: Substitution }[] = [];
  for (const s of r.state) {
    const f = system.families.find((x) => x.name === s.family)!;
    const own = f.dims[r.axis.get(f.name)!]!;
    if (own.lo !== time.lo || own.hi !== time.hi) return undefined;
    if (afterStarts(c, f.name) === undefined) return undefined;
    const shared = new Map<string, IndexExpr>([[own.index, build.index(time.index)]]);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      shared.set(f.dims[k]!.index, build.index(first.dims[r.copyAxes.get(first.name)![n]!]!.index));
    });
    let points: number[][] = [[]];
    for (const d of s.cells) {
      if (d.lo.kind !== "integer" || d.hi.kind !== "integer") return undefined;
      const [lo, hi] = [d.lo.value, d.hi.value];
      points = points.flatMap((p) => Array.from({ length: hi - lo }, (_, k) => [...p, lo + k]));
    }
    for (const cell of points) {
      const by = new Map(shared);
      s.cells.forEach((d, k) => by.set(d.index, build.integer(cell[k]!)));
      for (let lag = 1; lag <= s.depth; lag++) digits.push({ family: s.family, cell, lag, by });
    }
  }
  const digitOf = (name: string, cell: readonly number[], lag: number): number =>
    digits.findIndex((d) => d.family === name && d.lag === lag && d.cell.join() === cell.join());
  const guardOf = (e: LinearEquation, by: Substitution) =>
    mapCondition(e.guard, (x) => substituteIndex(x, by));
  const chosen = (values: readonly { guard: Condition; value: Expr }[]): Expr => {
    const possible = values.filter((v) => v.guard.length > 0);
    const end = possible.findIndex((v) => v.guard.some((all) => all.length === 0));
    const cases = end < 0 ? possible : possible.slice(0, end + 1);
    return cases.every((v) => v.value === cases[0]!.value) ? cases[0]!.value : build.choose(cases, ring.type);
  };
  const rows: { coefficients: Expr[]; constant: Expr; start: Expr }[] = [];
  for (const d of digits) {
    const start = starts === 0 ? none : substitute(startAt(c, d.family, placeAt(c, starts - d.lag)), d.by);
    if (d.lag > 1) {
      const from = digitOf(d.family, d.cell, d.lag - 1);
      rows.push({
        coefficients: digits.map((_, q) => (q === from ? ring.one : none)),
        constant: none,
        start,
      });
      continue;
    }
    const later = linear.equations.filter((e) => e.family === d.family && e.role !== "start");
    const table: { guard: Condition; coefficients: Expr[]; constant: Expr }[] = [];
    for (const e of later) {
      const coefficients: Expr[] = digits.map(() => none);
      for (const t of e.terms) {
        for (const inner of pointsOf(t.dims)) {
          const by = new Map([...d.by, ...inner]);
          const filter = mapCondition(t.filter, (x) => substituteIndex(x, by));
          if (filter.length === 0) continue;
          if (!filter.some((all) => all.length === 0)) return undefined;
          const cell: number[] = [];
          for (const s of t.state.cell) {
            const at = s.kind === "static" ? substituteIndex(s.value, by) : undefined;
            if (at?.kind !== "integer") return undefined;
            cell.push(at.value);
          }
          const q = digitOf(t.state.family, cell, t.state.lag);
          if (q < 0) return undefined;
          coefficients[q] = ring.plus(coefficients[q]!, substitute(t.coefficient, by));
        }
      }
      table.push({
        guard: guardOf(e, d.by),
        coefficients,
        constant: e.constant === undefined ? none : substitute(e.constant, d.by),
      });
    }
    rows.push({
      coefficients: digits.map((_, q) =>
        chosen(table.map((t) => ({ guard: t.guard, value: t.coefficients[q]! }))),
      ),
      constant: chosen(table.map((t) => ({ guard: t.guard, value: t.constant }))),
      start,
    });
  }
  const from = placeAt(c, Math.max(0, starts - 1));
  const count = build.integer(digits.length);
  const [p, q, m] = [c.fresh("p"), c.fresh("q"), c.fresh("m")];
  const dim = (index: string): Dim => ({ index, lo: zero, hi: count });
  const at = (index: string): Subscript => fixed(build.index(index));
  const sum = (body: Expr): Expr => build.reduce(ring.sum, [dim(m)], body, ring.type);
  const timeless =
    starts > 0 &&
    isTimeless(
      c,
      rows.flatMap((row) => row.coefficients),
    );
  const atStart = is(build.index(time.index), from);
  const matrix: Piece[] = rows.flatMap((row, i) =>
    row.coefficients.flatMap((value, j) =>
      value === none
        ? []
        : [{ guard: and(is(build.index(p), build.integer(i)), is(build.index(q), build.integer(j))), value }],
    ),
  );
  const constants: Piece[] = rows.flatMap((row, i) =>
    row.constant === none ? [] : [{ guard: is(build.index(p), build.integer(i)), value: row.constant }],
  );
  const firsts: Piece[] = rows.map((row, i) => ({
    guard: and(atStart, is(build.index(p), build.integer(i))),
    value: row.start,
  }));
  const { families, last } = scan(c, from, [
    {
      name: c.freshFamily(`${family.name}.matrix`),
      type: ring.type,
      own: [dim(p), dim(q)],
      element: [
        ...(timeless || starts === 0 ? [] : [{ guard: atStart, value: none }]),
        ...matrix,
        { guard: build.always, value: none },
      ],
      combine: (before, after) => sum(ring.times(after(0, [at(p), at(m)]), before(0, [at(m), at(q)]))),
      timeless,
    },
    {
      name: c.freshFamily(`${family.name}.vector`),
      type: ring.type,
      own: [dim(p)],
      element: [...(starts === 0 ? [] : firsts), ...constants, { guard: build.always, value: none }],
      combine: (before, after) =>
        ring.plus(sum(ring.times(after(0, [at(p), at(m)]), before(1, [at(m)]))), after(1, [at(p)])),
    },
  ]);
  const made = r.state.map((s): Family => {
    const f = system.families.find((x) => x.name === s.family)!;
    // The cells in row-major order, lags innermost: the digit is an index expression in them.
    const base = digitOf(
      s.family,
      s.cells.map((d) => (d.lo as { value: number }).value),
      1,
    );
    const back = new Map<string, IndexExpr>([[time.index, build.index(f.dims[r.axis.get(f.name)!]!.index)]]);
    const place = s.cells.reduce<IndexExpr>((e, d) => {
      // A cell may have the name that time has in the first family.
      const name = c.fresh(d.index);
      back.set(name, build.index(d.index));
      return build.add(build.mul(e, build.sub(d.hi, d.lo)), build.sub(build.index(name), d.lo));
    }, zero);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      back.set(first.dims[r.copyAxes.get(first.name)![n]!]!.index, build.index(f.dims[k]!.index));
    });
    const value = last(1, [fixed(build.add(build.mul(place, build.integer(s.depth)), build.integer(base)))]);
    const early = c.steps.filter((x) => x.family === s.family && x.role === "start");
    return {
      ...f,
      pieces: [
        ...(starts > 1 ? early.map((x): Piece => ({ guard: x.guard, value: x.value })) : []),
        { guard: build.always, value: renameOuter(value, back) },
      ],
    };
  });
  return {
    families: [...families, ...made],
    law: linear.timeInvariant ? "B.16" : "B.15",
    name: `a scan of ${digits.length}×${digits.length} matrices${timeless ? ", powers of one" : ""}`,
    upTo: rounding(c),
    note: "",
  };
};

/** As `substitute`, but leaves an index alone that is replaced by itself: cells keep their names. */
const renameOuter = (e: Expr, by: Substitution): Expr =>
  substitute(e, new Map([...by].filter(([name, to]) => to !== build.index(name))));

function pointsOf(dims: readonly Dim[]): ReadonlyMap<string, IndexExpr>[] {
  let points: ReadonlyMap<string, IndexExpr>[] = [new Map()];
  for (const d of dims) {
    if (d.lo.kind !== "integer" || d.hi.kind !== "integer") return [];
    const [lo, hi] = [d.lo.value, d.hi.value];
    points = points.flatMap((p) =>
      Array.from(
        { length: Math.max(0, hi - lo) },
        (_, k) => new Map([...p, [d.index, build.integer(lo + k)]]),
      ),
    );
  }
  return points;
}

// Linear cellular automata on a ring

/**
 * A rule that is a sum modulo 2 of neighbours: over GF(2) the square of a sum is the sum of the squares, so 2^k steps are the same rule with
 * neighbours 2^k cells away (catalogue D.3). A row is reached by the binary digits of its time.
 */
const asJumps: Law = (c) => {
  const { linear, r, family, time } = c;
  if (linear?.ring.name !== "gf2" || !linear.timeInvariant || r.startSteps !== 1) return undefined;
  if (r.state.length !== 1 || r.state[0]!.depth !== 1 || r.state[0]!.cells.length !== 1 || r.direction !== 1)
    return undefined;
  const [cell] = r.state[0]!.cells as [Dim];
  const later = linear.equations.filter((e) => e.role !== "start");
  if (later.length !== 1 || afterStarts(c, family.name) === undefined || cell.lo !== zero) return undefined;
  const [step] = later as [LinearEquation];
  const offsets: number[] = [];
  for (const t of step.terms) {
    const [s] = t.state.cell;
    if (!isOne(linear.ring, t.coefficient) || t.dims.length > 0 || s?.kind !== "static") return undefined;
    const inner = s.value.kind === "mod" && s.value.right === cell.hi ? s.value.left : s.value;
    const offset = combine(toAffine(inner), toAffine(build.index(cell.index)), -1);
    if (offset.terms.size > 0 || (inner === s.value && offset.constant !== 0)) return undefined;
    offsets.push(offset.constant);
  }
  const constant = step.constant;
  if (constant !== undefined && !isOne(linear.ring, constant)) return undefined;
  const first = placeAt(c, 0);
  const only = onlyTime(c);
  const now = only ?? build.index(time.index);
  const elapsed = build.sub(now, first);
  const levels = build.log2(build.sub(time.hi, time.lo));
  const level = c.fresh("r");
  const before = build.sub(build.index(level), one);
  const stride = build.pow2(before);
  const name = c.freshFamily(`${family.name}.jump`);
  const axis = r.axis.get(family.name)!;
  const dims = family.dims.filter((_, k) => only === undefined || k !== axis);
  const read = (at: IndexExpr, where: IndexExpr): Expr =>
    build.read(
      name,
      [fixed(at), ...dims.map((d) => fixed(d === cell ? where : build.index(d.index)))],
      build.bit,
    );
  const here = build.index(cell.index);
  const neighbours = offsets.map((o) =>
    o === 0
      ? read(before, here)
      : read(before, build.mod(build.add(here, build.mul(build.integer(o), stride)), cell.hi)),
  );
  const digit = build.mod(build.div(elapsed, stride), build.integer(2));
  const start = startAt(c, family.name, first);
  const jump: Family = {
    name,
    role: "node",
    dims: [{ index: level, lo: zero, hi: build.add(levels, one) }, ...dims],
    type: build.bit,
    pieces: [
      { guard: is(build.index(level), zero), value: start },
      {
        guard: is(digit, one),
        value: neighbours.length === 0 ? linear.ring.zero! : neighbours.reduce(linear.ring.plus),
      },
      { guard: build.always, value: read(before, here) },
    ],
    origin: family.origin,
  };
  const reached = read(levels, here);
  const flipped = build.apply("not", [reached], build.bit);
  // The constants of the steps add up to what the rule makes of a row of ones: 1 at odd times, or always after the first step.
  const pieces: Piece[] =
    constant === undefined
      ? [{ guard: build.always, value: reached }]
      : [
          {
            guard:
              offsets.length % 2 === 1 ? is(build.mod(elapsed, build.integer(2)), zero) : is(elapsed, zero),
            value: reached,
          },
          { guard: build.always, value: flipped },
        ];
  const base = { law: "D.3", name: "jumps of 2^k steps", upTo: [], note: "" } as const;
  if (only === undefined) return { ...base, families: [jump, { ...family, pieces }] };
  // Only one row is read: the family keeps its name and that row.
  const row: Dim = { ...time, lo: only, hi: build.add(only, one) };
  return {
    ...base,
    families: [jump, { ...family, dims: family.dims.map((d, k) => (k === axis ? row : d)), pieces }],
    note: "only the row that is read is computed",
  };
};

/** The one time at which others read the family, where sizes alone say it. */
function onlyTime({ system, r, family }: Context): IndexExpr | undefined {
  const times = new Set<IndexExpr | undefined>();
  for (const x of guardedReads(system)) {
    if (x.source !== family || x.reader === family) continue;
    const s: Subscript = x.read.at[r.axis.get(family.name)!]!;
    const names = new Set<string>();
    if (s.kind === "static")
      for (const n of [...x.reader.dims, ...x.inner]) if (mentionsIndex(s.value, n.index)) names.add(n.index);
    times.add(s.kind === "static" && names.size === 0 ? s.value : undefined);
  }
  const [only] = times;
  return family.role === "node" && times.size === 1 ? only : undefined;
}

// Finitely many states

/** States of which a table is made at each place. */
const STATES = 64;

const asTableScan: Law = (c) => {
  const { system, r, time, family } = c;
  if (r.finiteStates === undefined || r.finiteStates > STATES || r.finiteStates < 2) return undefined;
  const found = finiteStep(system, r, { evaluations: 20_000 });
  // Letters need not be enumerable for a scan; a step that may leave its type must be seen not to.
  if (found.ok ? found.step.faults : r.state.some((s) => s.type.kind === "index")) return undefined;
  // A table has a row for states that never come up: no row may look where there is nothing.
  const risky = (e: Expr): boolean =>
    build.someExpr(e, (x) => {
      if (x.kind === "table") return !found.ok;
      if (x.kind !== "read" || x.at.every((s) => s.kind === "static")) return false;
      const source = system.families.find((f) => f.name === x.family)!;
      return (
        !found.ok ||
        source.dims.some(
          (d, k) => x.at[k]!.kind === "dynamic" && (d.lo.kind !== "integer" || d.hi.kind !== "integer"),
        )
      );
    });
  if (c.steps.some((s) => risky(s.value))) return undefined;
  const states = r.finiteStates;
  const starts = r.startSteps!;
  const deepest = Math.max(...r.state.map((s) => s.depth));
  const s0 = c.fresh("s");
  const state = build.index(s0);
  interface Digit {
    readonly family: Family;
    readonly cell: readonly number[];
    readonly lag: number;
    readonly values: number;
    readonly place: number;
    readonly by: Substitution;
  }
  const digits: Digit[] = [];
  let place = 1;
  for (const s of r.state) {
    const f = system.families.find((x) => x.name === s.family)!;
    const own = f.dims[r.axis.get(f.name)!]!;
    if (own.lo !== time.lo || own.hi !== time.hi) return undefined;
    const by = new Map<string, IndexExpr>([[own.index, build.index(time.index)]]);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      by.set(f.dims[k]!.index, build.index(family.dims[r.copyAxes.get(family.name)![n]!]!.index));
    });
    const values =
      s.type.kind === "bit"
        ? 2
        : s.type.kind === "enum"
          ? s.type.cases.length
          : s.type.kind === "index" && s.type.bound.kind === "integer"
            ? s.type.bound.value
            : 0;
    const cells = pointsOf(s.cells);
    if (values === 0 || cells.length === 0) return undefined;
    for (const point of cells)
      for (let lag = 1; lag <= s.depth; lag++) {
        const cell = s.cells.map((d) => (point.get(d.index) as { value: number }).value);
        digits.push({ family: f, cell, lag, values, place, by: new Map([...by, ...point]) });
        place *= values;
      }
  }
  const asType = (value: IndexExpr, type: ElementType, values: number): Expr => {
    const number = build.indexValue(value);
    if (type.kind === "bit") return build.apply("eq", [number, build.constant(build.int, 1)], build.bit);
    if (type.kind === "enum")
      return build.lookup(
        [number],
        [values],
        Array.from({ length: values }, (_, k) => k),
        type,
      );
    return number;
  };
  const asNumber = (value: Expr, type: ElementType, values: number): Expr =>
    type.kind === "bit"
      ? build.apply("to-int", [value], build.int)
      : type.kind === "enum"
        ? build.lookup(
            [value],
            [values],
            Array.from({ length: values }, (_, k) => k),
            build.int,
          )
        : value;
  const digitValue = (d: Digit): IndexExpr =>
    build.mod(build.div(state, build.integer(d.place)), build.integer(d.values));
  let failed = false;
  /** The value with reads of the state as digits of `state`, in the shared indices. */
  const onState = (value: Expr, d: Digit): Expr =>
    rewriteExpr(substitute(value, d.by), (e) => {
      if (e.kind !== "read") return undefined;
      const back = stateRead(r, time.index, e);
      if (back === undefined) return undefined;
      const cell = back.cell.map((x) =>
        x.kind === "static" && x.value.kind === "integer" ? x.value.value : undefined,
      );
      const source = digits.find(
        (x) => x.family.name === back.family && x.lag === back.lag && x.cell.join() === cell.join(),
      );
      if (source === undefined) {
        failed = true;
        return e;
      }
      return asType(digitValue(source), source.family.type, source.values);
    });
  const weighted = (values: readonly Expr[]): Expr =>
    values
      .map((v, k) =>
        digits[k]!.place === 1
          ? v
          : build.apply("mul", [v, build.constant(build.int, digits[k]!.place)], build.int),
      )
      .reduce((a, b) => build.apply("add", [a, b], build.int));
  // One start, and steps that do not tell copies apart as starts may: the table is of the steps, applied to the start.
  const applied =
    starts === 1 && deepest === 1 && r.state.every((s) => afterStarts(c, s.family) !== undefined);
  const equationsOf = (d: Digit): readonly StepEquation[] =>
    c.steps.filter((s) => s.family === d.family.name && (!applied || s.role !== "start"));
  const image = digits.map((d, k): Expr => {
    if (d.lag > 1) return build.indexValue(digitValue(digits[k - 1]!));
    const cases = equationsOf(d)
      .map((s) => ({
        guard: mapCondition(s.guard, (e) => substituteIndex(e, d.by)),
        value: asNumber(onState(s.value, d), d.family.type, d.values),
      }))
      .filter((x) => x.guard.length > 0);
    return cases.length === 1 ? cases[0]!.value : build.choose(cases, build.int);
  });
  if (failed) return undefined;
  const type = build.indexType(build.integer(states));
  const own: Dim = { index: s0, lo: zero, hi: build.integer(states) };
  const chosen = (value: Expr): Subscript => ({
    kind: "dynamic",
    value,
    lo: zero,
    hi: build.integer(states),
  });
  const { families, last } = scan(c, placeAt(c, applied ? 1 : 0), [
    {
      name: c.freshFamily(`${family.name}.map`),
      type,
      own: [own],
      element: [{ guard: build.always, value: weighted(image) }],
      combine: (before, after) => after(0, [chosen(before(0, [fixed(state)]))]),
    },
  ]);
  const first = placeAt(c, 0);
  const from = applied
    ? chosen(
        weighted(
          digits.map((d) =>
            asNumber(substitute(startAt(c, d.family.name, first), d.by), d.family.type, d.values),
          ),
        ),
      )
    : fixed(zero);
  const reached = last(0, [from]);
  const made = r.state.map((s): Family => {
    const f = system.families.find((x) => x.name === s.family)!;
    const back = new Map<string, IndexExpr>([[time.index, build.index(f.dims[r.axis.get(f.name)!]!.index)]]);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      back.set(family.dims[r.copyAxes.get(family.name)![n]!]!.index, build.index(f.dims[k]!.index));
    });
    const mine = digits.filter((d) => d.family === f && d.lag === 1);
    const decode = (d: Digit): Expr => {
      const int = (n: number) => build.constant(build.int, n);
      const high = d.place === 1 ? reached : build.apply("div", [reached, int(d.place)], build.int);
      const number =
        d.place * d.values === states ? high : build.apply("mod", [high, int(d.values)], build.int);
      if (f.type.kind === "bit") return build.apply("eq", [number, int(1)], build.bit);
      if (f.type.kind === "enum")
        return build.lookup(
          [number],
          [d.values],
          Array.from({ length: d.values }, (_, k) => k),
          f.type,
        );
      return number;
    };
    const start: Piece[] = applied
      ? c.steps
          .filter((x) => x.family === f.name && x.role === "start")
          .map((x) => ({ guard: x.guard, value: x.value }))
      : [];
    return {
      ...f,
      pieces: [
        ...start,
        ...mine.map((d): Piece => {
          const guard = s.cells.reduce<Condition>(
            (g, dim, k) =>
              mine.length === 1 ? g : and(g, is(build.index(dim.index), build.integer(d.cell[k]!))),
            build.always,
          );
          return { guard, value: renameOuter(decode(d), back) };
        }),
      ],
    };
  });
  return {
    families: [...families, ...made],
    law: "C.3",
    name: `a scan of maps of ${states} states`,
    upTo: [],
    note: "",
  };
};

const shallowest: readonly Law[] = [
  asReduction,
  asJumps,
  asAffineScan,
  asClampScan,
  asMatrixScan,
  asTableScan,
];
const scansOnly: readonly Law[] = [asFoldScan, asJumps, asAffineScan, asClampScan, asMatrixScan, asTableScan];
