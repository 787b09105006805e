/**
 * What every law of a rewriting needs to know of a recurrence, and the small things that they build with: places, starts, guards.
 */
import * as build from "../../equations/build";
import { mapCondition, type Substitution, substitute, substituteIndex } from "../../equations/conditions";
import { boundIndices } from "../../equations/expressions";
import { mentionsIndex } from "../../equations/mentions";
import type {
  Comparison,
  Condition,
  Dim,
  Expr,
  Family,
  IndexExpr,
  Piece,
  Subscript,
  System,
} from "../../equations/system";
import { type LinearStep, linearStep } from "../linear";
import type { Recurrence, StepEquation } from "../recurrence";
import { semiringsFor } from "./completed";
import { modularStep } from "./modular";

export type Law = (c: Context) => Rewritten | undefined;

export interface Rewritten {
  /** Stands for the families that it names; the others are added. */
  readonly families: readonly Family[];
  readonly law: string;
  readonly name: string;
  readonly upTo: readonly Limit[];
  /** False where no bound of its roundings follows from how many there are. */
  readonly bounded?: boolean;
  /** Shallower and much more work: not to be chosen for speed alone. */
  readonly costly?: boolean;
  readonly note: string;
}

/**
 * What keeps a form from being the same function: reals round in another order, ints add up beyond 32 bits in another order, a NaN goes
 * where none went, or factors of reals multiply to more than a real holds.
 */
export type Limit = keyof typeof limits;
export const limits = {
  rounding: "up to rounding",
  overflow: "while no sum of steps leaves 32 bits",
  nan: "while no value is NaN",
  factors: "while no product of factors overflows",
} as const;

export interface Context {
  readonly system: System;
  readonly r: Recurrence;
  /** The first state family, and its running index. */
  readonly family: Family;
  readonly time: Dim;
  readonly steps: readonly StepEquation[];
  readonly linear: LinearStep | undefined;
  /** The step as one that is linear in a semiring with a zero: that of `linear`, or one without subtraction. */
  readonly matrices: LinearStep | undefined;
  readonly fresh: (name: string) => string;
  readonly freshFamily: (name: string) => string;
  /** A rewritten family with the rows that `narrowed` took away. */
  readonly whole: (family: Family) => Family;
}

/**
 * Without the first rows of copies that are set by an equation of their own (`if t == 0 { … }`, where the recurrence runs along another
 * index): what the others read at t − 1 is not there, so no scan may have elements for them.
 */
function narrowed(
  system: System,
  r: Recurrence,
): Pick<Context, "system" | "r" | "whole"> & { readonly steps: readonly StepEquation[] } {
  let families = r.state.map((s) => system.families.find((f) => f.name === s.family)!);
  const rows = new Map<string, Piece[]>(families.map((f) => [f.name, []]));
  let steps = r.steps ?? [];
  for (let copy = 0; copy < r.copies.length; copy++) {
    const dims = families.map((f) => f.dims[r.copyAxes.get(f.name)![copy]!]!);
    const setsFirst = (f: Family, d: Dim): boolean => {
      const [all, ...others] = f.pieces[0]!.guard;
      return others.length === 0 && all?.length === 1 && isFirst(all[0]!, d);
    };
    if (!families.every((f, k) => f.pieces.length > 1 && setsFirst(f, dims[k]!))) continue;
    families = families.map((f, k) => {
      const dim = dims[k]!;
      rows.get(f.name)!.push(f.pieces[0]!);
      steps = steps.flatMap((s) => {
        if (s.family !== f.name) return [s];
        const guard = s.guard.filter((all) => !all.some((c) => isFirst(c, dim)));
        return guard.length === 0 ? [] : [{ ...s, guard }];
      });
      const later: Dim = { ...dim, lo: build.add(dim.lo, one) };
      return { ...f, dims: f.dims.map((d) => (d === dim ? later : d)), pieces: f.pieces.slice(1) };
    });
  }
  const by = new Map(families.map((f) => [f.name, f]));
  return {
    system: { ...system, families: system.families.map((f) => by.get(f.name) ?? f) },
    r: { ...r, steps },
    steps,
    whole: (f) => {
      const first = rows.get(f.name) ?? [];
      if (first.length === 0) return f;
      const { dims } = system.families.find((x) => x.name === f.name)!;
      return { ...f, dims, pieces: [...first, ...f.pieces] };
    },
  };
}

const isFirst = (c: Comparison, d: Dim): boolean =>
  c.op === "==" &&
  ((c.left === build.index(d.index) && c.right === d.lo) ||
    (c.right === build.index(d.index) && c.left === d.lo));

export function contextOf(given: System, found: Recurrence): Context | undefined {
  if (found.steps === undefined) return undefined;
  const { system, r, steps, whole } = narrowed(given, found);
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
  const bound = steps.flatMap((s) => [...boundIndices(s.value)]);
  if (r.state.length > 1 && family.dims.some((d) => bound.includes(d.index))) return undefined;
  const names = new Set(system.sizes.map((s) => s.name));
  for (const f of system.families) {
    for (const d of f.dims) names.add(d.index);
    for (const p of f.pieces) for (const n of boundIndices(p.value)) names.add(n);
  }
  for (const s of steps) for (const n of boundIndices(s.value)) names.add(n);
  const families = new Set(system.families.map((f) => f.name));
  const unused = (name: string, taken: Set<string>): string => {
    let candidate = name;
    for (let k = 1; taken.has(candidate); k++) candidate = `${name}'${k}`;
    taken.add(candidate);
    return candidate;
  };
  const linear = linearStep(system, r) ?? modularStep(system, r);
  return {
    system,
    r,
    family,
    time,
    steps,
    whole,
    linear,
    matrices:
      linear?.ring.zero === undefined
        ? linearStep(system, r, semiringsFor(r.state.map((s) => s.type)))
        : linear,
    fresh: (name) => unused(name, names),
    freshFamily: (name) => unused(name, families),
  };
}

export const fixed = (value: IndexExpr): Subscript => ({ kind: "static", value });
export const one = build.integer(1);
export const zero = build.integer(0);
export const is = (left: IndexExpr, right: IndexExpr): Condition => [[build.compare("==", left, right)]];

/** The first place that time visits, moved on by `steps`. */
export const placeAt = ({ r, time }: Context, steps: number): IndexExpr =>
  r.direction === 1 ? build.add(time.lo, build.integer(steps)) : build.sub(time.hi, build.integer(steps + 1));

/** What the starts give at a place, in the indices of its family. */
export function startAt(c: Context, family: string, place: IndexExpr): Expr {
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
export function afterStarts(c: Context, family: string): readonly StepEquation[] | undefined {
  const own = c.steps.filter((s) => s.family === family);
  const first = own.findIndex((s) => s.role !== "start");
  const later = own.slice(first);
  return first < 0 || later.some((s) => s.role === "start") ? undefined : later;
}

/** Of reals, or vectors of them: combined in another order they round otherwise. */
export const isReal = (c: Context): boolean =>
  c.family.type.kind === "real" || c.family.type.kind === "vector";
/** What a form in a ring or semiring of these numbers may change: ints add up in another order in (max,+), and may leave 32 bits there. */
export const limitsOf = (c: Context, { ring, mayWrap }: LinearStep): Rewritten["upTo"] =>
  isReal(c) ? ["rounding"] : mayWrap === true || ring.name.endsWith("-plus") ? ["overflow"] : [];

/** Which semiring a form is in, where it is none of the rings of its numbers. */
export const overOf = ({ ring: { name }, modulus }: LinearStep): string =>
  modulus !== undefined
    ? ` modulo ${modulus}`
    : name === "boolean"
      ? " over (or, and)"
      : name.endsWith("-plus")
        ? ` over (${name.replace("-plus", ", +")})`
        : "";

export const renameOuter = (e: Expr, by: Substitution): Expr =>
  substitute(e, new Map([...by].filter(([name, to]) => to !== build.index(name))));

export function pointsOf(dims: readonly Dim[]): ReadonlyMap<string, IndexExpr>[] {
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
