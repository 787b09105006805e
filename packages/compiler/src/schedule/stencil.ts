/**
 * Loops whose families read each other only at bounded distances. Several times of a tile are computed from one load of it and
 * its surroundings, the halo, which shrinks with every time (overlapped temporal tiling: Krishnamoorthy et al., 2007). Where nothing is
 * read from the side, every column runs through all times on its own.
 */
import * as build from "../equations/build";
import type { Expr, Family, IndexExpr } from "../equations/system";
import { type Affine, affine, combine, least, toAffine } from "../symbolic/affine";
import type { GuardedRead } from "../symbolic/reads";
import type { Packed } from "./packing";
import type { Folded, WaveStep } from "./wavefront";
import { visitWord } from "./words";

export interface StencilMember {
  readonly family: Family;
  /** The dimension that time runs along: index = time − offset. */
  readonly time: number;
  readonly offset: number;
  /** The other dimensions, in order. */
  readonly space: readonly number[];
  /** How many times of it must be there at once, its own among them. */
  readonly window: number;
}

export interface Stencil {
  /** In the order in which one time computes them. */
  readonly members: readonly StencilMember[];
  /** Along each dimension of space: how far one instance reads towards lower and higher indices. */
  readonly reach: readonly { readonly before: number; readonly after: number }[];
  /** Along each dimension of space: its size where reads go around. */
  readonly ring: readonly (IndexExpr | undefined)[];
  /** The dimension of space that lies packed, if any. */
  readonly packed: number | undefined;
}

type Loop = Extract<WaveStep, { kind: "loop" }>;

/** The most that a stencil may read to one side. */
export const MOST_REACH = 64;

/** What a loop's reads say of it; undefined where some read goes anywhere. */
export function stencilOf(
  step: Loop,
  reads: readonly GuardedRead[],
  packed: ReadonlyMap<string, Packed>,
  unproved: ReadonlySet<Expr>,
): Stencil | undefined {
  const families = step.body.flatMap((s) => (s.kind === "nest" ? [s.family] : []));
  if (families.length < step.body.length) return undefined;
  const rank = families[0]!.dims.length - 1;
  const times = families.map((f) => {
    const { weights, offset } = step.members.get(f.name)!;
    const time = weights.findIndex((w) => w !== 0);
    const alone = weights.every((w, d) => w === (d === time ? 1 : 0));
    return f.dims.length === rank + 1 && alone ? { family: f, time, offset } : undefined;
  });
  if (times.includes(undefined)) return undefined;
  const members = times.map((m) => ({
    ...m!,
    space: m!.family.dims.map((_, d) => d).filter((d) => d !== m!.time),
    window: 1,
  }));
  const of = new Map(members.map((m) => [m.family.name, m]));
  const reach = Array.from({ length: rank }, () => ({ before: 0, after: 0 }));
  const ring: (IndexExpr | undefined)[] = Array.from({ length: rank }, () => undefined);
  for (const d of reads) {
    const [reader, source] = [of.get(d.reader.name), of.get(d.source.name)];
    if (reader === undefined || source === undefined) continue;
    if (unproved.has(d.read)) return undefined;
    const at = (dim: number): IndexExpr | undefined => {
      const s = d.read.at[dim]!;
      return s.kind === "static" ? s.value : undefined;
    };
    const back = distance(at(source.time), d, reader.time);
    if (back === undefined || back.lo !== back.hi) return undefined;
    const lag = reader.offset - source.offset - back.lo;
    source.window = Math.max(source.window, lag + 1);
    for (let k = 0; k < rank; k++) {
      const place = at(source.space[k]!);
      const around = place?.kind === "mod" ? place : undefined;
      const by = distance(around?.left ?? place, d, reader.space[k]!);
      if (by === undefined) return undefined;
      reach[k]!.before = Math.max(reach[k]!.before, -by.lo);
      reach[k]!.after = Math.max(reach[k]!.after, by.hi);
      if (around !== undefined) {
        if (ring[k] !== undefined && ring[k] !== around.right) return undefined;
        ring[k] = around.right;
      }
    }
  }
  if (reach.some((r) => r.before > MOST_REACH || r.after > MOST_REACH)) return undefined;
  for (const [k, n] of ring.entries()) {
    const whole = (m: (typeof members)[number]) => {
      const { lo, hi } = m.family.dims[m.space[k]!]!;
      return hi === n && lo === build.integer(0);
    };
    if (n !== undefined && !members.every(whole)) return undefined;
  }
  const lanes = members.map((m) => packed.get(m.family.name)?.dim);
  const along = lanes[0] === undefined ? undefined : members[0]!.space.indexOf(lanes[0]);
  if (members.some((m, k) => lanes[k] !== (along === undefined ? undefined : m.space[along])))
    return undefined;
  const found: Stencil = { members, reach, ring, packed: along };
  return along === undefined || wordsAllow(found, packed) ? found : undefined;
}

/** Bounds of `place − index` at a read; undefined where it depends on more than numbers. */
export function distance(
  place: IndexExpr | undefined,
  d: GuardedRead,
  dim: number,
): { readonly lo: number; readonly hi: number } | undefined {
  if (place === undefined) return undefined;
  const form: Affine = combine(toAffine(place), toAffine(build.index(d.reader.dims[dim]!.index)), -1);
  const names = new Set(d.inner.map((x) => x.index));
  if ([...form.terms.keys()].some((name) => !names.has(name))) return undefined;
  const lo = least(form, d.inner, []);
  const hi = -least(combine(affine(0), form, -1), d.inner, []);
  return Number.isFinite(lo) && Number.isFinite(hi) ? { lo, hi } : undefined;
}

/** Words at the edge of a tile hold lanes that mean nothing: nothing may fault on them, or count them from a lower end. */
function wordsAllow(stencil: Stencil, packed: ReadonlyMap<string, Packed>): boolean {
  const around = stencil.ring[stencil.packed!] !== undefined;
  const names = new Set(stencil.members.map((m) => m.family.name));
  const first = stencil.members[0]!;
  const origin = first.family.dims[first.space[stencil.packed!]!]!.lo;
  return stencil.members.every((m) => {
    if (m.family.dims[m.space[stencil.packed!]!]!.lo !== origin) return false;
    let allowed = true;
    visitWord(packed.get(m.family.name)!.word!, (w) => {
      if (w.kind === "each" || w.kind === "fold") allowed = false;
      if (w.kind === "where" && around) allowed = false;
      if (w.kind !== "cells") return;
      if (w.at.some((s) => s.kind === "dynamic")) allowed = false;
      if (around && w.ring === undefined && w.offset !== 0 && !names.has(w.family.name)) allowed = false;
    });
    return allowed;
  });
}

/** Nothing is read from the side, and all members have the same columns. */
export function isColumns(stencil: Stencil): boolean {
  const [first] = stencil.members;
  return (
    stencil.reach.every((r) => r.before === 0 && r.after === 0) &&
    stencil.members.every((m) =>
      m.space.every((d, k) => {
        const [a, b] = [m.family.dims[d]!, first!.family.dims[first!.space[k]!]!];
        return a.lo === b.lo && a.hi === b.hi;
      }),
    )
  );
}

export interface Tile {
  /** Cells (words, along the packed dimension) of a tile with its halo. */
  readonly local: readonly number[];
  /** Cells (words) on the lower side that belong to the halo. */
  readonly halo: readonly number[];
  /** Cells (words) that a tile computes. */
  readonly own: readonly number[];
  /** Times in one go. */
  readonly times: number;
}

/** Words of workgroup memory that every device has. */
export const WORKGROUP_WORDS = 4096;
const MOST_TIMES = 32;
/** Work done twice, of all work, that is still worth one load for several times. */
const MOST_OVERLAP = 1.6;

/**
 * The shape of a tile: as many times as pay. Times that a folded family keeps lie in storage that other tiles still read, so the
 * new ones must fall beside the old (`timesFit`).
 */
export function tileOf(
  stencil: Stencil,
  options: {
    readonly words: (m: StencilMember) => number;
    readonly folded: ReadonlyMap<string, Folded>;
    /** Whether it need not pay. */
    readonly always: boolean;
    /** Of workgroup memory. */
    readonly memory: number;
  },
): Tile | undefined {
  const { members, reach, packed } = stencil;
  const rank = reach.length;
  if (rank === 0 || (rank > 2 && !options.always)) return undefined;
  const area = Math.floor(options.memory / members.reduce((sum, m) => sum + m.window * options.words(m), 0));
  const local = reach.map((_, k) => {
    if (rank === 1) return area;
    if (packed === undefined) return Math.floor(area ** (1 / rank));
    const lanes = 12;
    return k === packed ? lanes : Math.floor((area / lanes) ** (1 / (rank - 1)));
  });
  const lanes = (k: number) => (k === packed ? 32 : 1);
  const shapes = Array.from({ length: MOST_TIMES - 1 }, (_, k) => MOST_TIMES - k).flatMap((times) => {
    if (!members.every((m) => timesFit(options.folded.get(m.family.name), times))) return [];
    const steps = times * members.length;
    const halo = reach.map((r, k) => Math.ceil((r.before * steps) / lanes(k)));
    const own = local.map((x, k) => x - halo[k]! - Math.ceil((reach[k]!.after * steps) / lanes(k)));
    if (own.some((x) => x < 1)) return [];
    return [{ local, halo, own, times, overlap: local.reduce((p, x, k) => p * (x / own[k]!), 1) }];
  });
  const pays = shapes.find((s) => s.overlap <= MOST_OVERLAP);
  return pays ?? (options.always ? shapes.at(-1) : undefined);
}

/** Whether the planes that so many times leave behind are none of those that other tiles still read. */
export function timesFit(folded: Folded | undefined, times: number): boolean {
  if (folded === undefined) return true;
  for (let read = 1; read < folded.within; read++)
    for (let left = 1; left <= Math.min(folded.before, times); left++)
      if ((times - left + read) % folded.window === 0) return false;
  return true;
}
