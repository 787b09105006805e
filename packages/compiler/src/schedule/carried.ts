/**
 * Values that the next turns of a loop read and that are few: they stay in registers instead of going through memory (scalar
 * replacement: Callahan, Carr and Kennedy, 1990). Found per loop of the schedule; a back end keeps storing what others may read.
 */
import * as build from "../equations/build";
import type { Family, IndexExpr, Read } from "../equations/system";
import { combine, toAffine } from "../symbolic/affine";
import type { Step } from "./schedule";

export type Loop = Extract<Step, { kind: "loop" }>;

export interface Carried {
  readonly family: Family;
  /** The dimension that the loop runs over. */
  readonly dim: number;
  /** Dimensions of a few instances each, that are computed in every turn. */
  readonly open: readonly number[];
  /** Their points, in row-major order. */
  readonly points: readonly (readonly number[])[];
  /** Values of so many turns before are read. */
  readonly turns: number;
}

const MOST_POINTS = 8;
const MOST_TURNS = 4;
const MOST_VALUES = 24;

/** What the innermost of some loops, given from the outermost on, carries from turn to turn. */
export function carriedIn(
  loops: readonly Loop[],
  families: ReadonlyMap<string, Family>,
): ReadonlyMap<string, Carried> {
  const found = new Map<string, Carried>();
  const loop = loops.at(-1)!;
  const members = [...loop.members].map(([name, m]) => ({ family: families.get(name)!, ...m }));
  const range = (m: (typeof members)[number]) => m.family.dims[m.dim]!;
  const first = members[0]!;
  // All members run in every turn: what a turn leaves behind is of the turn before.
  const together = members.every(
    (m) => m.offset === first.offset && range(m).lo === range(first).lo && range(m).hi === range(first).hi,
  );
  if (!together) return found;
  for (const { family, dim } of members) {
    if (!loop.body.some((s) => s.kind === "nest" && s.family === family)) continue;
    const fixed = new Set(loops.map((l) => l.members.get(family.name)!.dim));
    const open = family.dims.map((_, d) => d).filter((d) => !fixed.has(d));
    let points: number[][] = [[]];
    for (const d of open) {
      const { lo, hi } = family.dims[d]!;
      if (lo.kind !== "integer" || hi.kind !== "integer" || hi.value - lo.value > MOST_POINTS) points = [];
      else
        points = points.flatMap((p) =>
          Array.from({ length: Math.max(0, hi.value - lo.value) }, (_, k) => [...p, lo.value + k]),
        );
    }
    if (points.length === 0 || points.length > MOST_POINTS) continue;
    const whole: Carried = { family, dim, open, points, turns: 0 };
    let turns = 0;
    for (const reader of members)
      for (const p of reader.family.pieces)
        build.someExpr(p.value, (e) => {
          const back = e.kind === "read" ? turnsBack(e, reader.family, whole, loops) : undefined;
          if (back !== undefined) turns = Math.max(turns, back);
          return false;
        });
    const width = family.type.kind === "vector" ? family.type.width : 1;
    if (turns > 0 && points.length * width * (turns + 1) <= MOST_VALUES)
      found.set(family.name, { ...whole, turns });
  }
  return found;
}

/** How many turns ago the value that a read wants was computed; undefined where it may be any. */
export function turnsBack(
  read: Read,
  reader: Family,
  { family, dim }: Pick<Carried, "family" | "dim">,
  loops: readonly Loop[],
): number | undefined {
  if (read.family !== family.name || read.at.some((s) => s.kind === "dynamic")) return undefined;
  const place = (d: number): IndexExpr => (read.at[d] as { readonly value: IndexExpr }).value;
  for (const l of loops) {
    const [own, source] = [l.members.get(reader.name), l.members.get(family.name)];
    if (own === undefined || source === undefined || own.offset !== source.offset) return undefined;
    const index = build.index(reader.dims[own.dim]!.index);
    if (l !== loops.at(-1)) {
      if (place(source.dim) !== index) return undefined;
      continue;
    }
    const { constant, terms } = combine(toAffine(index), toAffine(place(dim)), -1);
    const back = constant * l.direction;
    if (terms.size > 0 || back < 0 || back > MOST_TURNS) return undefined;
    return back;
  }
  return undefined;
}
