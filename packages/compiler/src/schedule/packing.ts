/**
 * Which bit families lie packed, many instances a word, and along which dimension. A family is packed where its equations act on
 * whole words; an input, where a packed family reads it so. Widths are the back end's.
 */
import { isBox } from "../equations/evaluate-index";
import type { Expr, Family, FamilyValues, System } from "../equations/system";
import { type PackedFamilies, visitWord, type Word, wordOf } from "./words";

export interface Packed {
  readonly dim: number;
  /** How a word of instances is computed; undefined for inputs. */
  readonly word: Word | undefined;
}

/** Whether a form of code is chosen by us, forbidden, or chosen wherever it is right. */
export type Choice = "auto" | "never" | "always";

export interface PackingOptions {
  readonly choice?: Choice | undefined;
  readonly unproved: ReadonlySet<Expr>;
  /** Dimensions of a family whose instances are computed together. */
  readonly together: (family: Family) => readonly number[];
  /** Families whose instances wait for one another; words wait as wholes. */
  readonly waiting: ReadonlySet<string>;
}

export function packing(system: System, options: PackingOptions): ReadonlyMap<string, Packed> {
  const packed = new Map<string, Packed>();
  if (options.choice === "never") return packed;
  const byName = new Map(system.families.map((f) => [f.name, f]));
  for (const f of system.families) {
    if (f.type.kind !== "bit" || f.role === "random" || !isBox(f)) continue;
    const dims = f.pieces.length === 0 ? f.dims.map((_, d) => d) : options.together(f);
    const dim = dims.at(-1);
    if (dim !== undefined && f.dims[dim]!.lo.kind === "integer") packed.set(f.name, { dim, word: undefined });
  }
  const known: PackedFamilies = {
    family: (name) => byName.get(name)!,
    packedDim: (name) => packed.get(name)?.dim,
    unproved: options.unproved,
  };
  // What one family loses may be what another's words read.
  for (let settled = false; !settled; ) {
    settled = true;
    for (const [name, { dim }] of packed) {
      const family = byName.get(name)!;
      if (family.pieces.length === 0) continue;
      const word = wordOf(family, dim, known);
      if (!(options.choice === "always" || gains(word)) || !mayWait(name, word, options.waiting)) {
        packed.delete(name);
        settled = false;
      } else packed.set(name, { dim, word });
    }
  }
  const read = new Set<string>();
  for (const { word } of packed.values())
    if (word !== undefined) visitWord(word, (w) => w.kind === "cells" && read.add(w.family.name));
  for (const name of packed.keys())
    if (byName.get(name)!.pieces.length === 0 && options.choice !== "always" && !read.has(name))
      packed.delete(name);
  return packed;
}

/** Some equation reads words and needs nothing lane after lane. */
function gains(word: Word): boolean {
  if (word.kind === "branch") return gains(word.then) || gains(word.otherwise);
  let cells = false;
  let each = false;
  visitWord(word, (w) => {
    if (w.kind === "cells") cells = true;
    if (w.kind === "each") each = true;
  });
  return cells && !each;
}

/** A word may wait for others only as each of its lanes does for its own. */
function mayWait(name: string, word: Word, waiting: ReadonlySet<string>): boolean {
  if (!waiting.has(name)) return true;
  let may = true;
  visitWord(word, (w) => {
    if (w.kind === "each" || w.kind === "where") may = false;
    if (w.kind === "cells" && waiting.has(w.family.name) && (w.offset !== 0 || w.ring !== undefined))
      may = false;
  });
  return may;
}

/** Rows of bits as words of 32, the packed dimension innermost; each row starts a word. */
export function packLanes({ extent, data }: FamilyValues, dim: number): Int32Array {
  const words = new Int32Array(rowsOf(extent, dim).rows * Math.ceil(extent[dim]! / 32));
  eachBit(extent, dim, (cell, word, lane) => {
    words[word]! |= data[cell]! << lane;
  });
  return words;
}

/** The inverse, into values of the same extents. */
export function unpackLanes(words: Int32Array, { extent, data }: FamilyValues, dim: number): void {
  eachBit(extent, dim, (cell, word, lane) => {
    data[cell] = (words[word]! >>> lane) & 1;
  });
}

function rowsOf(extent: readonly number[], dim: number): { rows: number; inner: number } {
  const product = (part: readonly number[]) => part.reduce((a, b) => a * b, 1);
  const inner = product(extent.slice(dim + 1));
  return { rows: product(extent.slice(0, dim)) * inner, inner };
}

function eachBit(
  extent: readonly number[],
  dim: number,
  visit: (cell: number, word: number, lane: number) => void,
): void {
  const { rows, inner } = rowsOf(extent, dim);
  const length = extent[dim]!;
  const words = Math.ceil(length / 32);
  for (let row = 0; row < rows; row++) {
    const first = Math.floor(row / inner) * length * inner + (row % inner);
    for (let k = 0; k < length; k++) visit(first + k * inner, row * words + (k >> 5), k & 31);
  }
}
