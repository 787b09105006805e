/** Where everything lies at given sizes: places in memory, and the constants that tell them to the shaders. */
import { familyBox } from "../../equations/evaluate-index";
import type { Sizes } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { type GpuFamily, type GpuProgram, type GpuTiles, LANES, override } from "./program";

interface FamilyPlace {
  readonly family: GpuFamily;
  readonly lo: readonly number[];
  readonly extent: readonly number[];
  /** First word in its bank, and how many. */
  readonly at: number;
  readonly words: number;
  /** For families computed in rounds: first word of the rounds in which instances were computed. */
  readonly ready: number | undefined;
  /** For those whose levels can be known before: first word of where these start in the list. */
  readonly starts: number | undefined;
}

export interface GpuLayout {
  /** In the program's order. */
  readonly places: readonly FamilyPlace[];
  readonly overrides: ReadonlyMap<string, number>;
  /** Which bank (storage buffer) each family lies in. */
  readonly bankOf: readonly number[];
  /** Words of each bank. */
  readonly banks: readonly number[];
  readonly tables: readonly { readonly at: number; readonly entries: readonly number[] }[];
}

/** Throws `IndexFault` where a bound has no value. All in one bank where none are named. */
export function layoutGpu(program: GpuProgram, sizes: Sizes, bankOf: readonly number[] = []): GpuLayout {
  const overrides = new Map<string, number>();
  const banks: number[] = [0];
  const take = (bank: number, words: number): number => {
    while (banks.length <= bank) banks.push(0);
    const at = banks[bank]!;
    banks[bank] = at + words;
    return at;
  };
  program.sizes.forEach((s, k) => overrides.set(override.size(k), sizes[s.name]!));
  const places = program.families.map((family, number): FamilyPlace => {
    const { folded, packed } = family;
    const box = familyBox(family, sizes);
    const calls = callsOf(family, box.extent);
    const stored = calls.map((x, d) => (folded?.dim === d ? Math.min(x, folded.window) : x));
    // Words of the packed dimension are neighbours.
    const inward = stored.map((_, d) => d).filter((d) => d !== packed);
    if (packed !== undefined) inward.push(packed);
    let stride = 1;
    for (const d of inward.reverse()) {
      overrides.set(override.stride(number, d), stride);
      overrides.set(override.lo(number, d), box.lo[d]!);
      // An empty family is never launched; a divisor of 0 would be rejected.
      overrides.set(override.extent(number, d), Math.max(1, calls[d]!));
      stride *= stored[d]!;
    }
    const words = stride * componentsOf(family.type);
    const bank = bankOf[number] ?? 0;
    const at = take(bank, words);
    overrides.set(override.at(number), at);
    const ready = family.placement?.rounds !== undefined ? take(bank, stride) : undefined;
    if (ready !== undefined) overrides.set(override.ready(number), ready);
    const starts = family.ordered === undefined ? undefined : take(bank, startWords(family, box.extent));
    if (starts !== undefined) overrides.set(override.starts(number), starts);
    overrides.set(override.count(number), callsAtOnce(family, box.extent));
    return { family, lo: box.lo, extent: box.extent, at, words, ready, starts };
  });
  const tables = program.tables.map((entries, k) => {
    const at = take(0, entries.length);
    overrides.set(override.table(k), at);
    return { at, entries };
  });
  for (const step of program.steps) {
    if (step.kind !== "loop" || step.tiles === undefined) continue;
    const { tile, number } = step.tiles;
    for (const [k, own] of tile.own.entries()) {
      const { lo, hi } = spaceOf(step.tiles, k, places);
      overrides.set(override.first(number, k), lo);
      overrides.set(override.tiles(number, k), Math.max(1, Math.ceil((hi - lo) / own)));
    }
  }
  return {
    places,
    overrides,
    bankOf: program.families.map((_, k) => bankOf[k] ?? 0),
    banks: banks.map((words) => Math.max(words, 1)),
    tables,
  };
}

/** The cells (words, along the packed dimension) that a loop's families cover along a dimension of space. */
function spaceOf(
  tiles: GpuTiles,
  k: number,
  places: readonly FamilyPlace[],
): { readonly lo: number; readonly hi: number } {
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const m of tiles.members) {
    const place = places[m.family]!;
    if (place.extent.includes(0)) continue;
    const d = m.space[k]!;
    const from = k === tiles.packed ? 0 : place.lo[d]!;
    lo = Math.min(lo, from);
    hi = Math.max(hi, from + (k === tiles.packed ? Math.ceil(place.extent[d]! / LANES) : place.extent[d]!));
  }
  return lo <= hi ? { lo, hi } : { lo: 0, hi: 0 };
}

/** Calls along each dimension: one an instance, or one a word of them. */
export const callsOf = ({ packed }: GpuFamily, extent: readonly number[]): number[] =>
  extent.map((x, d) => (packed === d ? Math.ceil(x / LANES) : x));

/** How many calls one launch of a family makes: the product of its free extents. */
export function callsAtOnce(family: GpuFamily, extent: readonly number[]): number {
  const { placement } = family;
  if (extent.includes(0)) return 0;
  return callsOf(family, extent).reduce(
    (n, x, d) => (placement?.fixed.includes(d) === true || placement?.wave?.pivot === d ? n : n * x),
    1,
  );
}

/** Room for how many levels there are, where each starts, and the end: no more levels than places. */
const startWords = ({ ordered }: GpuFamily, extent: readonly number[]): number =>
  ordered!.kept.reduce((n, d) => n * extent[d]!, 1) + 2;

/**
 * Shares families out over banks of at most `limit` words, first fit; undefined where one alone is larger or more than `most`
 * banks are needed. Tables stay in bank 0, after its families.
 */
export function shareBanks(layout: GpuLayout, limit: number, most: number): readonly number[] | undefined {
  const used = [layout.tables.reduce((sum, t) => sum + t.entries.length, 0)];
  const bankOf: number[] = [];
  for (const { family, extent, words, ready, starts } of layout.places) {
    const all =
      words + (ready === undefined ? 0 : words) + (starts === undefined ? 0 : startWords(family, extent));
    let bank = used.findIndex((w) => w + all <= limit);
    if (bank === -1) bank = used.push(0) - 1;
    if (all > limit || bank >= most) return undefined;
    used[bank]! += all;
    bankOf.push(bank);
  }
  return bankOf;
}
