/**
 * Recurrences of a system: families that depend on themselves along one index. What a law needs to know stands in one
 * record: the live state, the step as expressions over the state before it and the inputs at it, and how far back it
 * reads.
 */
import {
  add,
  apply,
  choose,
  constant,
  index,
  indexOperators,
  int,
  integer,
  log2,
  mul,
  sub,
  typeOf,
} from "../equations/build";
import { and, isAlways, mapCondition, substitute, substituteIndex } from "../equations/conditions";
import { boundIndices, freshReductions, readsOf, rewriteExpr, sizeOf } from "../equations/expressions";
import { conditionMentions, indicesOf, mentionsIndex } from "../equations/mentions";
import { printCondition } from "../equations/print";
import type {
  Comparison,
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Origin,
  Piece,
  Read,
  Subscript,
  System,
} from "../equations/system";
import { affine, combine, factsOf, least, toAffine } from "../symbolic/affine";
import { type GuardedRead, guardedReads } from "../symbolic/reads";

export interface Recurrence {
  /** The strongly connected families, in the order of the system. */
  readonly families: readonly string[];
  /** The index of the first state family that the recurrence runs along, and its place there. */
  readonly along: string;
  /** Where the running index stands among the dimensions of each family. */
  readonly axis: ReadonlyMap<string, number>;
  readonly direction: 1 | -1;
  /** The constant distances that are read, ascending; 0 is a read inside the step. */
  readonly lags: readonly number[];
  /**
   * What else it reads: nothing; `history`, steps any distance back (`sum[k: 0..i]`); `wires`, a step that data
   * chooses. In both the live state is everything so far.
   */
  readonly reach: "lags" | "history" | "wires";
  /** The step reads itself: what it computes at one place waits for another place of the same step (edit distance). */
  readonly within: boolean;
  /** Steps: the extent of the running index. */
  readonly length: IndexExpr;
  /** Dimensions of the first state family whose instances never touch: one recurrence for each of their points. */
  readonly copies: readonly Dim[];
  /** Where those dimensions stand in each family, in the order of `copies`. */
  readonly copyAxes: ReadonlyMap<string, readonly number[]>;
  /**
   * Of a recurrence within one step of another: where the index of that other stands in each family. Reads of its earlier steps are inputs
   * here.
   */
  readonly outer?: ReadonlyMap<string, number> | undefined;
  /** What passes from step to step, for one copy. */
  readonly state: readonly StateFamily[];
  /** Live state of one copy: bits of finite types, and `int` and `real` numbers, which are words of O(log n) bits. An upper bound where rows vary. */
  readonly live: { readonly bits: IndexExpr; readonly words: IndexExpr } | undefined;
  /** States of one copy, where that is a number. */
  readonly finiteStates?: number | undefined;
  /**
   * Equations of the state families, with reads inside the step written out: reads of state families that remain are of earlier steps
   * (`stateRead` says which). Undefined where `within`, or where writing out is not possible.
   */
  readonly steps: readonly StepEquation[] | undefined;
  /** How many first steps the starts cover, where that is one number for all state families. */
  readonly startSteps?: number | undefined;
  /** Families outside that the step reads. */
  readonly inputs: readonly string[];
  readonly origin?: Origin | undefined;
}

interface StateFamily {
  readonly family: string;
  readonly type: ElementType;
  /** Dimensions that are neither the running index nor copies: the cells of one copy at one step. */
  readonly cells: readonly Dim[];
  /** How many cells, an upper bound where rows vary. Undefined where no bound is found. */
  readonly count: IndexExpr | undefined;
  /** Steps that stay alive: the largest constant lag it is read at. */
  readonly depth: number;
}

export interface StepEquation {
  readonly family: string;
  readonly guard: Condition;
  readonly value: Expr;
  /** `start` and `reset` read no state; a start holds at the first steps only, so no step comes before it. */
  readonly role: "start" | "reset" | "step";
}

/** A read of the state: how many steps back, and which cell (subscripts without running index and copies). */
export interface StateRead {
  readonly family: string;
  readonly lag: number;
  readonly cell: readonly Subscript[];
}

type Axes = Pick<Recurrence, "axis" | "copyAxes" | "direction" | "outer">;

/** A read of one of the families at another step of the recurrence around this one. */
export function isOutside(r: Axes, read: Read): boolean {
  const at = read.at[r.outer?.get(read.family) ?? -1];
  return at !== undefined && (at.kind !== "static" || at.value.kind !== "index");
}

/**
 * What a read in a step says of the state, where the reader's running index is called `time`; undefined for reads of inputs. Only for
 * steps of reach `lags`.
 */
export function stateRead(r: Axes, time: string, read: Read): StateRead | undefined {
  const axis = r.axis.get(read.family);
  if (axis === undefined || isOutside(r, read)) return undefined;
  const at = read.at[axis]!;
  if (at.kind !== "static") return undefined;
  const distance = combine(toAffine(index(time)), toAffine(at.value), -1);
  if (distance.terms.size > 0) return undefined;
  const copies = r.copyAxes.get(read.family) ?? [];
  const cell = read.at.filter((_, k) => k !== axis && !copies.includes(k));
  return { family: read.family, lag: r.direction * distance.constant, cell };
}

/** Strongly connected components of families that depend on themselves, each in the order of the system (Tarjan, 1972). */
export function recursiveComponents(system: System, reads = guardedReads(system)): string[][] {
  const sources = new Map<string, Set<string>>(system.families.map((f) => [f.name, new Set()]));
  for (const r of reads) sources.get(r.reader.name)!.add(r.source.name);
  const number = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const components: string[][] = [];
  const visit = (name: string): void => {
    number.set(name, number.size);
    low.set(name, number.get(name)!);
    stack.push(name);
    for (const next of sources.get(name)!) {
      if (!number.has(next)) visit(next);
      if (stack.includes(next)) low.set(name, Math.min(low.get(name)!, low.get(next)!));
    }
    if (low.get(name) !== number.get(name)) return;
    const component = new Set(stack.splice(stack.indexOf(name)));
    if (component.size > 1 || sources.get(name)!.has(name))
      components.push(system.families.filter((f) => component.has(f.name)).map((f) => f.name));
  };
  for (const f of system.families) if (!number.has(f.name)) visit(f.name);
  return components;
}

/** Every recurrence, in the order of the system; a component along none of whose indices time runs gives none. */
export function findRecurrences(system: System): readonly Recurrence[] {
  const reads = guardedReads(system);
  return recursiveComponents(system, reads).flatMap((component) => {
    const inside = reads.filter(
      (r) => component.includes(r.reader.name) && component.includes(r.source.name),
    );
    const best = alignments(component, inside, system)[0];
    return best === undefined ? [] : [describe(system, component, inside, best)];
  });
}

/**
 * Recurrences within one step of another, where that one's step waits for itself: `s[t, i]` of `s[t, i-1]` and of anything at `t-1`. Each has
 * the index around it among its copies.
 */
export function innerRecurrences(system: System): readonly Recurrence[] {
  const reads = guardedReads(system);
  return recursiveComponents(system, reads).flatMap((component) => {
    const inside = reads.filter(
      (r) => component.includes(r.reader.name) && component.includes(r.source.name),
    );
    return alignments(component, inside, system).flatMap((around) => {
      const all = [...around.distances.values()];
      if (!around.within || all.some((d) => d.lag === undefined)) return [];
      const now = inside.filter((r) => around.distances.get(r)!.lag === 0);
      return recursiveComponents(system, now).flatMap((inner) => {
        const own = now.filter((r) => inner.includes(r.reader.name) && inner.includes(r.source.name));
        const free = (f: Family, place: number) => around.axis.get(f.name) !== place;
        const best = alignments(inner, own, system, free)[0];
        if (best === undefined) return [];
        const found = describe(system, inner, own, best, around.axis);
        const copied = inner.every((f) => found.copyAxes.get(f)!.includes(around.axis.get(f)!));
        return copied && found.steps !== undefined ? [found] : [];
      });
    });
  });
}

/** Families that run along one index, and within a step of it along others. */
export interface Nesting {
  readonly families: readonly string[];
  /** Where the running index stands among the dimensions of each family. */
  readonly axis: ReadonlyMap<string, number>;
  readonly direction: 1 | -1;
  /** Reads within a step. */
  readonly now: readonly GuardedRead[];
  /** What waits for itself within a step. */
  readonly inner: readonly Nesting[];
}

/** How the steps of a component are nested: loops in loops. Undefined where some of it runs along no index of its own. */
export function nestingOf(
  system: System,
  component: readonly string[],
  reads = guardedReads(system),
  taken: readonly ReadonlyMap<string, number>[] = [],
): Nesting | undefined {
  const inside = reads.filter((r) => component.includes(r.reader.name) && component.includes(r.source.name));
  const free = (f: Family, place: number) => taken.every((axis) => axis.get(f.name) !== place);
  for (const { axis, direction, distances } of alignments(component, inside, system, free)) {
    const now = inside.filter((r) => distances.get(r)!.least <= 0);
    const inner = recursiveComponents(system, now).map((c) => nestingOf(system, c, now, [...taken, axis]));
    if (inner.every((n) => n !== undefined)) return { families: component, axis, direction, now, inner };
  }
  return undefined;
}

// Which index time runs along

interface Alignment {
  readonly axis: ReadonlyMap<string, number>;
  readonly direction: 1 | -1;
  readonly distances: ReadonlyMap<GuardedRead, Distance>;
  readonly within: boolean;
}

/** How many steps back: exactly, or at least (and then unbounded). */
interface Distance {
  readonly lag?: number;
  readonly least: number;
  readonly wires: boolean;
}

function distanceOf(r: GuardedRead, own: number, source: number, direction: 1 | -1): Distance | undefined {
  const here = toAffine(index(r.reader.dims[own]!.index));
  const at = r.read.at[source]!;
  const ranges = [...r.reader.dims, ...r.inner];
  if (at.kind === "static") {
    const back = combine(affine(0), combine(here, toAffine(at.value), -1), direction);
    if (back.terms.size === 0)
      return back.constant < 0 ? undefined : { lag: back.constant, least: back.constant, wires: false };
    const bound = least(back, ranges, r.facts);
    return bound < 0 ? undefined : { least: bound, wires: false };
  }
  const edge = direction === 1 ? sub(at.hi, integer(1)) : at.lo;
  const bound = least(combine(affine(0), combine(here, toAffine(edge), -1), direction), ranges, r.facts);
  return bound < 0 ? undefined : { least: bound, wires: true };
}

/** The ways time may run through a component, the simplest first. */
function alignments(
  component: readonly string[],
  inside: readonly GuardedRead[],
  system: System,
  free?: (family: Family, place: number) => boolean,
): Alignment[] {
  const families = component.map((name) => system.families.find((f) => f.name === name)!);
  const found: Alignment[] = [];
  for (const direction of [1, -1] as const) {
    const axes = align(
      families,
      inside,
      (r, own, source) => distanceOf(r, own, source, direction) !== undefined,
      free,
    );
    for (const axis of axes) {
      const distances = new Map(
        inside.map((r) => [r, distanceOf(r, axis.get(r.reader.name)!, axis.get(r.source.name)!, direction)!]),
      );
      if (![...distances.values()].some((d) => d.least > 0)) continue;
      const withinReads = inside.filter((r) => distances.get(r)!.least <= 0);
      found.push({ axis, direction, distances, within: cyclic(component, withinReads) });
    }
  }
  const trouble = (a: Alignment): number =>
    (a.within ? 4 : 0) + ([...a.distances.values()].some((d) => d.lag === undefined) ? 2 : 0);
  return found.sort((a, b) => trouble(a) - trouble(b));
}

/** Assigns each family one of its dimensions so that every read between them is accepted. */
function align(
  families: readonly Family[],
  reads: readonly GuardedRead[],
  accepts: (r: GuardedRead, own: number, source: number) => boolean,
  free: (family: Family, place: number) => boolean = () => true,
): ReadonlyMap<string, number>[] {
  const found: ReadonlyMap<string, number>[] = [];
  const assign = (k: number, chosen: ReadonlyMap<string, number>): void => {
    if (found.length >= 8) return;
    const family = families[k];
    if (family === undefined) {
      found.push(chosen);
      return;
    }
    for (let place = 0; place < family.dims.length; place++) {
      if (!free(family, place)) continue;
      const next = new Map(chosen).set(family.name, place);
      const fits = reads.every((r) => {
        if (r.reader !== family && r.source !== family) return true;
        const own = next.get(r.reader.name);
        const source = next.get(r.source.name);
        return own === undefined || source === undefined || accepts(r, own, source);
      });
      if (fits) assign(k + 1, next);
    }
  };
  assign(0, new Map());
  return found;
}

function cyclic(names: readonly string[], reads: readonly GuardedRead[]): boolean {
  const next = new Map(
    names.map((n) => [n, reads.filter((r) => r.reader.name === n).map((r) => r.source.name)]),
  );
  const done = new Set<string>();
  const open = new Set<string>();
  const visit = (name: string): boolean => {
    if (open.has(name)) return true;
    if (done.has(name)) return false;
    open.add(name);
    const found = next.get(name)!.some(visit);
    open.delete(name);
    done.add(name);
    return found;
  };
  return names.some(visit);
}

// The record

function describe(
  system: System,
  component: readonly string[],
  inside: readonly GuardedRead[],
  { axis, direction, distances, within }: Alignment,
  outer?: ReadonlyMap<string, number>,
): Recurrence {
  const families = component.map((name) => system.families.find((f) => f.name === name)!);
  const carried = copyAxesOf(families, inside, axis);
  const all = [...distances.values()];
  const reach = all.some((d) => d.wires)
    ? "wires"
    : all.some((d) => d.lag === undefined)
      ? "history"
      : "lags";
  const depths = new Map<string, number>();
  for (const [r, d] of distances) {
    const depth = d.lag ?? Number.POSITIVE_INFINITY;
    if (depth > 0) depths.set(r.source.name, Math.max(depths.get(r.source.name) ?? 0, depth));
  }
  const stateFamilies = families.filter((f) => depths.has(f.name));
  const first = stateFamilies[0]!;
  const copyAxes = new Map(families.map((f) => [f.name, carried.map((c) => c.get(f.name)!)]));
  const state = stateFamilies.map((f): StateFamily => {
    const own = axis.get(f.name)!;
    const copied = copyAxes.get(f.name)!;
    const cells = f.dims.filter((_, k) => k !== own && !copied.includes(k));
    return { family: f.name, type: f.type, cells, count: countOf(cells, f.dims), depth: depths.get(f.name)! };
  });
  const running = first.dims[axis.get(first.name)!]!;
  const partial = {
    families: component,
    along: running.index,
    axis,
    direction,
    lags: [...new Set(all.flatMap((d) => (d.lag === undefined ? [] : [d.lag])))].sort((a, b) => a - b),
    reach,
    within,
    length: extentOf(running, first.dims) ?? sub(running.hi, running.lo),
    copies: copyAxes.get(first.name)!.map((k) => first.dims[k]!),
    copyAxes,
    outer,
    state,
    origin: first.origin,
  } as const;
  const inputs = new Set<string>();
  for (const r of guardedReads({ ...system, families: [...families] }))
    if (!component.includes(r.read.family)) inputs.add(r.read.family);
  return {
    ...partial,
    live: reach === "lags" ? liveOf(state, families) : undefined,
    finiteStates: reach === "lags" ? statesOf(state) : undefined,
    ...((within || reach !== "lags" ? undefined : stepsOf(families, stateFamilies, partial)) ?? {
      steps: undefined,
    }),
    inputs: system.families.filter((f) => inputs.has(f.name)).map((f) => f.name),
  };
}

/** Sets of dimensions that every read inside the component carries over unchanged. */
function copyAxesOf(
  families: readonly Family[],
  inside: readonly GuardedRead[],
  axis: ReadonlyMap<string, number>,
): ReadonlyMap<string, number>[] {
  const found: ReadonlyMap<string, number>[] = [];
  const free = (f: Family, place: number) =>
    axis.get(f.name) !== place && found.every((c) => c.get(f.name) !== place);
  const unchanged = (r: GuardedRead, own: number, source: number): boolean => {
    const at = r.read.at[source]!;
    return at.kind === "static" && at.value === index(r.reader.dims[own]!.index);
  };
  for (;;) {
    const next = align(families, inside, unchanged, free)[0];
    if (next === undefined) return found;
    found.push(next);
  }
}

/** An expression that is never below (above, for `up` false) `e` as `name` runs over `lo..hi`. */
function extreme(
  e: IndexExpr,
  name: string,
  lo: IndexExpr,
  hi: IndexExpr,
  up: boolean,
): IndexExpr | undefined {
  const go = (x: IndexExpr, top: boolean) => extreme(x, name, lo, hi, top);
  if (!mentionsIndex(e, name)) return e;
  switch (e.kind) {
    case "index":
      return up ? sub(hi, integer(1)) : lo;
    case "add":
    case "min":
    case "max":
    case "sub": {
      const [a, b] = [go(e.left, up), go(e.right, e.kind === "sub" ? !up : up)];
      if (a === undefined || b === undefined) return undefined;
      return indexOperators[e.kind](a, b);
    }
    default:
      return undefined;
  }
}

/** The extent of a dimension, an upper bound where its bounds vary with the other dimensions. */
export function extentOf(dim: Dim, dims: readonly Dim[]): IndexExpr | undefined {
  let { lo, hi }: { lo: IndexExpr | undefined; hi: IndexExpr | undefined } = dim;
  for (let k = dims.indexOf(dim) - 1; k >= 0; k--) {
    const outer = dims[k]!;
    lo = lo && extreme(lo, outer.index, outer.lo, outer.hi, false);
    hi = hi && extreme(hi, outer.index, outer.lo, outer.hi, true);
  }
  return lo && hi && sub(hi, lo);
}

function countOf(cells: readonly Dim[], dims: readonly Dim[]): IndexExpr | undefined {
  let count: IndexExpr | undefined = integer(1);
  for (const d of cells) {
    const extent: IndexExpr | undefined = extentOf(d, dims);
    count = count && extent && mul(count, extent);
  }
  return count;
}

/** Values of a finite type, where that is a number. */
export function valuesOfType(type: ElementType): number | undefined {
  switch (type.kind) {
    case "bit":
      return 2;
    case "enum":
      return type.cases.length;
    case "index":
      return type.bound.kind === "integer" ? type.bound.value : undefined;
    default:
      return undefined;
  }
}

function liveOf(state: readonly StateFamily[], families: readonly Family[]): Recurrence["live"] {
  let bits: IndexExpr = integer(0);
  let words: IndexExpr = integer(0);
  for (const s of state) {
    if (s.count === undefined) return undefined;
    const cells = mul(s.count, integer(s.depth));
    switch (s.type.kind) {
      case "bit":
        bits = add(bits, cells);
        break;
      case "enum":
        bits = add(bits, mul(cells, log2(integer(s.type.cases.length))));
        break;
      case "index": {
        const dims = families.find((f) => f.name === s.family)!.dims;
        const bound = dims.reduceRight<IndexExpr | undefined>(
          (e, d) => e && extreme(e, d.index, d.lo, d.hi, true),
          s.type.bound,
        );
        if (bound === undefined) return undefined;
        bits = add(bits, mul(cells, log2(bound)));
        break;
      }
      case "int":
      case "real":
        words = add(words, cells);
        break;
      case "vector":
        words = add(words, mul(cells, integer(s.type.width)));
        break;
    }
  }
  return { bits, words };
}

function statesOf(state: readonly StateFamily[]): number | undefined {
  let product = 1;
  for (const s of state) {
    const values = valuesOfType(s.type);
    if (values === undefined || s.count?.kind !== "integer") return undefined;
    product *= values ** (s.count.value * s.depth);
  }
  return Number.isSafeInteger(product) ? product : undefined;
}

// The step

/** Written out, a step may not be larger than this. */
const STEP_LIMIT = 2_000;

function stepsOf(
  families: readonly Family[],
  stateFamilies: readonly Family[],
  r: Axes,
): Pick<Recurrence, "steps" | "startSteps"> | undefined {
  const byName = new Map(families.map((f) => [f.name, f]));
  const recurs = (time: string, e: Expr) => readsOf(e).some((x) => stateRead(r, time, x) !== undefined);
  let failed = false;
  const covers = new Map<string, number>();
  const steps = stateFamilies.flatMap((family) => {
    const running = family.dims[r.axis.get(family.name)!]!;
    const taken = new Set([
      ...family.dims.map((d) => d.index),
      ...families.flatMap((f) => f.pieces.flatMap((p) => [...boundIndices(p.value)])),
    ]);
    const writeOut = (e: Expr): Expr =>
      rewriteExpr(e, (x) => {
        if (failed || x.kind !== "read") return undefined;
        if (stateRead(r, running.index, x)?.lag !== 0) return undefined;
        const body = atPoint(byName.get(x.family)!, x, taken);
        if (body === undefined) failed = true;
        return body && writeOut(body);
      });
    const byCell = startsByCell(family, running, r);
    let covered = 0;
    /** Equations of some cells of a first step: starts where a later one covers the others of that step. */
    const some = new Map<StepEquation, number>();
    const all = family.pieces.flatMap((p): StepEquation[] => {
      const value = withCertain(family, running, r.direction, covered, withExtremes(writeOut(p.value)));
      if (!failed && sizeOf(value) > STEP_LIMIT) failed = true;
      const known = { family: family.name, guard: p.guard, value };
      if (failed) return [{ ...known, role: "step" }];
      if (recurs(running.index, value)) {
        const split = isAlways(p.guard) ? withoutDefaults(family, running, r.direction, value) : undefined;
        if (split === undefined || recurs(running.index, split.first)) return [{ ...known, role: "step" }];
        covers.set(family.name, 1);
        return [
          { family: family.name, guard: split.guard, value: split.first, role: "start" },
          { ...known, value: split.later, role: "step" },
        ];
      }
      const further = firstSteps(byCell.get(p) ?? p.guard, running, r.direction, covered);
      covered = further ?? covered;
      covers.set(family.name, covered);
      const equation: StepEquation = { ...known, role: further === undefined ? "reset" : "start" };
      if (further === undefined) {
        const times = p.guard.map((c) => c.filter((x) => indicesOf(x.left, x.right).has(running.index)));
        const end = firstSteps(times, running, r.direction, 0);
        if (times.length > 0 && end !== undefined) some.set(equation, end);
      }
      return [equation];
    });
    return startsFirst(
      all.map((e) => ((some.get(e) ?? Number.NaN) <= covered ? { ...e, role: "start" } : e)),
      running.index,
    );
  });
  if (failed) return undefined;
  const starts = new Set(stateFamilies.map((f) => covers.get(f.name) ?? 0));
  const [first] = starts;
  return { steps, startSteps: starts.size === 1 && Number.isFinite(first) ? first : undefined };
}

/**
 * Pieces that give one place of time cell by cell (`if t == 0 { [0, 1] }` is a piece for each component): what each says of time. Only where
 * every cell has one; then together they are a start.
 */
function startsByCell(family: Family, running: Dim, r: Axes): ReadonlyMap<Piece, Condition> {
  const groups = new Map<
    string,
    { readonly time: Condition; readonly cells: Map<Piece, string>; dims: string }
  >();
  for (const p of family.pieces) {
    const [all] = p.guard;
    if (p.guard.length !== 1 || all === undefined || readsOf(p.value).some((x) => r.axis.has(x.family)))
      continue;
    const time = all.filter((c) => indicesOf(c.left, c.right).has(running.index));
    const cell = all.filter((c) => !time.includes(c));
    const named = cell.flatMap(({ op, left, right }) =>
      op === "==" && left.kind === "index" && right.kind === "integer"
        ? [[left.name, right.value] as const]
        : [],
    );
    if (time.length === 0 || named.length === 0 || named.length < cell.length) continue;
    const key = time.map((c) => printCondition([[c]])).join();
    const dims = named.map(([name]) => name).join();
    const group = groups.get(key) ?? { time: [time], cells: new Map(), dims };
    groups.set(key, group);
    if (group.dims === dims) group.cells.set(p, named.map(([, value]) => value).join());
  }
  const found = new Map<Piece, Condition>();
  for (const { time, cells, dims } of groups.values()) {
    const extents = dims.split(",").map((name) => {
      const d = family.dims.find((x) => x.index === name);
      return d?.lo.kind === "integer" && d.hi.kind === "integer"
        ? d.hi.value - d.lo.value
        : Number.POSITIVE_INFINITY;
    });
    if (new Set(cells.values()).size === extents.reduce((a, b) => a * b, 1))
      for (const p of cells.keys()) found.set(p, time);
  }
  return found;
}

/** Resets of whole copies that stand before a start are starts at its places: then no start comes after another equation. */
function startsFirst(steps: readonly StepEquation[], time: string): readonly StepEquation[] {
  const last = steps.findLastIndex((s) => s.role === "start");
  const early = steps.slice(0, Math.max(last, 0)).filter((s) => s.role !== "start");
  if (early.some((s) => s.role === "step" || conditionMentions(s.guard, time))) return steps;
  const starts: StepEquation[] = [];
  const resets: StepEquation[] = [];
  for (const s of steps.slice(0, last + 1)) {
    if (s.role === "reset") resets.push(s);
    else {
      for (const r of resets) starts.push({ ...r, guard: and(r.guard, s.guard), role: "start" });
      starts.push(s);
    }
  }
  return [...starts, ...resets, ...steps.slice(last + 1)];
}

/**
 * `if a < b { a + c } else { b + c }` on ints as the minimum that it is, plus c; with `b` a number also `a <= b - 1`. The same in ints that
 * wrap. Not on reals, where it says something else of a NaN and of the two zeros.
 */
const withExtremes = (root: Expr): Expr =>
  rewriteExpr(root, (e) => {
    if (e.kind !== "select" || e.condition.kind !== "apply") return undefined;
    const { op, args } = e.condition;
    if ((op !== "lt" && op !== "le") || e.type.kind === "real" || e.type.kind === "bit") return undefined;
    if (typeOf(args[0]!).kind === "real") return undefined;
    for (const [less, greater] of comparedAs(op, args as [Expr, Expr])) {
      const [a, b, then, otherwise] = [less, greater, e.then, e.otherwise].map(sumOf) as [Sum, Sum, Sum, Sum];
      const least = isSame(minus(then, a), minus(otherwise, b));
      if (!least && !isSame(minus(then, b), minus(otherwise, a))) continue;
      const extreme = apply(least ? "min" : "max", [withExtremes(less), withExtremes(greater)], int);
      return plusSum(extreme, minus(then, least ? a : b));
    }
    return withClamp(op, args as [Expr, Expr], e.then, withExtremes(e.otherwise));
  });

/** `if a < 0 { 0 } else { min(a, 9) }`, and the same from above: both ends are numbers, in order. */
function withClamp(
  op: "lt" | "le",
  args: readonly [Expr, Expr],
  then: Expr,
  otherwise: Expr,
): Expr | undefined {
  if (otherwise.kind !== "apply" || (otherwise.op !== "min" && otherwise.op !== "max")) return undefined;
  const [k, moving] = otherwise.args[0]!.kind === "constant" ? otherwise.args : otherwise.args.toReversed();
  if (k?.kind !== "constant" || then.kind !== "constant") return undefined;
  const above = otherwise.op === "max";
  if (above ? k.value > then.value : k.value < then.value) return undefined;
  const fits = comparedAs(op, args).some(([less, greater]) =>
    above ? less === then && greater === moving : greater === then && less === moving,
  );
  return fits ? apply(above ? "min" : "max", [then, otherwise], int) : undefined;
}

/** Pairs of which a comparison of ints says that the first is at most the second, and else the second at most the first. */
function comparedAs(op: "lt" | "le", [a, b]: readonly [Expr, Expr]): readonly (readonly [Expr, Expr])[] {
  const step = op === "lt" ? 1 : -1;
  const moved = (e: Expr, by: number): Expr | undefined =>
    e.kind === "constant" && Math.abs(e.value) < 2 ** 31 - 1 ? constant(int, e.value + by) : undefined;
  const [up, down] = [moved(a, step), moved(b, -step)];
  return [[a, b] as const, ...(up ? [[up, b] as const] : []), ...(down ? [[a, down] as const] : [])];
}

/** An int as a sum of things so many times each, and a number. */
interface Sum {
  readonly terms: ReadonlyMap<Expr, number>;
  readonly constant: number;
}

function sumOf(root: Expr): Sum {
  const terms = new Map<Expr, number>();
  let number = 0;
  const visit = (e: Expr, sign: 1 | -1): void => {
    if (e.kind === "constant") number += sign * e.value;
    else if (e.kind === "apply" && (e.op === "add" || e.op === "sub")) {
      visit(e.args[0]!, sign);
      visit(e.args[1]!, e.op === "add" ? sign : (-sign as 1 | -1));
    } else if (e.kind === "apply" && e.op === "neg") visit(e.args[0]!, -sign as 1 | -1);
    else terms.set(e, (terms.get(e) ?? 0) + sign);
  };
  visit(root, 1);
  return { terms, constant: number };
}

function minus(a: Sum, b: Sum): Sum {
  const terms = new Map(a.terms);
  for (const [e, n] of b.terms) terms.set(e, (terms.get(e) ?? 0) - n);
  for (const [e, n] of terms) if (n === 0) terms.delete(e);
  return { terms, constant: a.constant - b.constant };
}

const isSame = (a: Sum, b: Sum): boolean => {
  const { terms, constant: number } = minus(a, b);
  return terms.size === 0 && number === 0;
};

function plusSum(e: Expr, { terms, constant: number }: Sum): Expr {
  let sum = number === 0 ? e : apply("add", [e, constant(int, number | 0)], int);
  for (const [t, n] of terms)
    for (let k = 0; k < Math.abs(n); k++) sum = apply(n > 0 ? "add" : "sub", [sum, t], int);
  return sum;
}

/** Static choices without what always holds once the first `covered` steps have equations of their own. */
function withCertain(family: Family, running: Dim, direction: 1 | -1, covered: number, value: Expr): Expr {
  if (!Number.isFinite(covered) || covered === 0) return value;
  const later: Dim =
    direction === 1
      ? { ...running, lo: add(running.lo, integer(covered)) }
      : { ...running, hi: sub(running.hi, integer(covered)) };
  const ranges = family.dims.map((d) => (d === running ? later : d));
  const certain = (c: Comparison): boolean => {
    const facts = factsOf(c);
    return (
      indicesOf(c.left, c.right).has(running.index) &&
      facts.length > 0 &&
      facts.every((f) => least(f, ranges, []) >= 0)
    );
  };
  return rewriteExpr(value, (e) => {
    if (e.kind !== "choose") return undefined;
    const cases = e.cases.map((c) => ({
      guard: c.guard.map((all) => all.filter((x) => !certain(x))),
      value: withCertain(family, running, direction, covered, c.value),
    }));
    const end = cases.findIndex((c) => c.guard.some((all) => all.length === 0));
    const left = end < 0 ? cases : cases.slice(0, end + 1);
    return end === 0 ? left[0]!.value : choose(left, e.type);
  });
}

/**
 * An equation with defaults, `a[i-1] ?? 0`, as two: at the first step, where the defaults stand, and at later ones, where the reads do.
 * Undefined where it is not so.
 */
function withoutDefaults(
  family: Family,
  running: Dim,
  direction: 1 | -1,
  value: Expr,
): { readonly guard: Condition; readonly first: Expr; readonly later: Expr } | undefined {
  const [at, range] =
    direction === 1
      ? [running.lo, { ...running, lo: add(running.lo, integer(1)) }]
      : [sub(running.hi, integer(1)), { ...running, hi: sub(running.hi, integer(1)) }];
  const ranges = family.dims.map((d) => (d === running ? range : d));
  let open = false;
  const later = rewriteExpr(value, (e) => {
    if (e.kind !== "choose") return undefined;
    const [chosen] = e.cases;
    const certain = chosen!.guard.some((all) =>
      all.every((c) => {
        const facts = factsOf(c);
        return facts.length > 0 && facts.every((f) => least(f, ranges, []) >= 0);
      }),
    );
    if (!certain) open = true;
    return certain ? chosen!.value : undefined;
  });
  if (open || later === value) return undefined;
  const first = rewriteExpr(substitute(value, new Map([[running.index, at]])), (e) => {
    if (e.kind !== "choose") return undefined;
    const left = e.cases.filter((c) => c.guard.length > 0);
    return isAlways(left[0]!.guard) ? left[0]!.value : undefined;
  });
  return { guard: [[{ op: "==", left: index(running.index), right: at }]], first, later };
}

/**
 * How many of the first steps a guard and those before it cover, where it holds at first steps only (∞ where a size says how many); else
 * undefined.
 */
function firstSteps(
  guard: Condition,
  { index: name, lo, hi }: Dim,
  direction: 1 | -1,
  covered: number,
): number | undefined {
  const last = sub(hi, integer(1));
  const [first, step] = direction === 1 ? [lo, 1] : [last, -1];
  const here = index(name);
  const offsets: number[] = [];
  let segment = covered;
  for (const all of guard) {
    const c = all.length === 1 ? all[0]! : undefined;
    if (c === undefined || (c.left === here) === (c.right === here)) return undefined;
    const other = c.left === here ? c.right : c.left;
    if (mentionsIndex(other, name)) return undefined;
    const offset = combine(toAffine(other), toAffine(first), -1);
    if (c.op === "<" || c.op === "<=") {
      // An initial segment of time, and nothing else.
      if ((c.left === here) !== (direction === 1)) return undefined;
      const length = offset.constant * step + (c.op === "<=" ? 1 : 0);
      segment = Math.max(segment, offset.terms.size === 0 ? length : Number.POSITIVE_INFINITY);
      continue;
    }
    if (c.op !== "==" || offset.terms.size > 0) return undefined;
    offsets.push(offset.constant * step);
  }
  let end = segment;
  for (const o of offsets.sort((a, b) => a - b)) {
    if (o > end) return undefined;
    end = Math.max(end, o + 1);
  }
  return end;
}

/** The equation of the instance that is read, in the reader's indices; undefined where data says which. */
export function atPoint(source: Family, read: Read, taken: Set<string>): Expr | undefined {
  const by = new Map<string, IndexExpr>();
  for (const [k, s] of read.at.entries()) {
    if (s.kind !== "static") return undefined;
    by.set(source.dims[k]!.index, s.value);
  }
  const cases: { guard: Condition; value: Expr }[] = [];
  for (const piece of source.pieces) {
    const guard = mapCondition(piece.guard, (e) => substituteIndex(e, by));
    if (guard.length === 0) continue;
    cases.push({ guard, value: substitute(freshReductions(piece.value, taken), by) });
    if (isAlways(guard)) break;
  }
  return cases.length === 1 ? cases[0]!.value : choose(cases, source.type);
}
