/** Looks for an instance at which something goes wrong, at small sizes. */
import {
  collectIndices,
  compileCondition,
  compileIndex,
  IndexFault,
  type Slots,
} from "../equations/evaluate-index";
import type { Condition, Dim, Sizes } from "../equations/system";

export interface Where {
  readonly dims: readonly Dim[];
  /** What holds, or not, wherever it may go wrong: asked in this order. */
  readonly path: readonly { readonly condition: Condition; readonly wanted: boolean }[];
}

export interface Found<T> {
  readonly what: T;
  readonly sizes: Sizes;
  /** The value of a size or an index there. */
  readonly lookup: (name: string) => number;
}

/**
 * What `ask` finds first, within so many points. A condition is asked as soon as all its indices have values: where it fails, nothing further
 * in is looked at. Sizes at which a bound or a condition has no value are left out from there on.
 */
export function search<T>(
  { dims, path }: Where,
  all: readonly Sizes[],
  budget: number,
  ask: (slot: (name: string) => number) => (slots: Slots) => T | undefined,
): Found<T> | undefined {
  const places = new Map<string, number>();
  const slot = (name: string): number => {
    const known = places.get(name) ?? places.size;
    places.set(name, known);
    return known;
  };
  for (const sizes of all.slice(0, 1)) Object.keys(sizes).forEach(slot);
  const indices = dims.map((d) => slot(d.index));
  const ranges = dims.map((d) => [compileIndex(d.lo, slot), compileIndex(d.hi, slot)] as const);
  const conditions = path.map(({ condition, wanted }) => {
    const names = new Set<string>();
    for (const every of condition)
      for (const c of every) for (const e of [c.left, c.right]) collectIndices(e, names);
    const depth = Math.max(0, ...dims.map((d, k) => (names.has(d.index) ? k + 1 : 0)));
    return { depth, holds: compileCondition(condition, slot), wanted };
  });
  const look = ask(slot);
  const slots: Slots = new Array<number>(places.size).fill(0);
  let left = budget;
  /** How many conditions are known to be as wanted; −1 where one is not. */
  const settled = (from: number, depth: number): number => {
    let k = from;
    try {
      for (; k < conditions.length && conditions[k]!.depth <= depth; k++)
        if (conditions[k]!.holds(slots) !== conditions[k]!.wanted) return -1;
    } catch (error) {
      // It is asked again where there is a point at all.
      if (!(error instanceof IndexFault) || depth === dims.length) throw error;
    }
    return k;
  };
  const walk = (d: number, before: number): T | undefined => {
    const known = settled(before, d);
    if (known < 0 || d === dims.length) left--;
    if (known < 0) return undefined;
    if (d === dims.length) return look(slots);
    const [lo, hi] = ranges[d]!;
    const to = hi(slots);
    for (let i = lo(slots); i < to && left > 0; i++) {
      slots[indices[d]!] = i;
      const found = walk(d + 1, known);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const sizes of all) {
    slots.fill(0);
    for (const [name, value] of Object.entries(sizes)) slots[slot(name)] = value;
    try {
      const what = walk(0, 0);
      if (what !== undefined) return { what, sizes, lookup: (name) => slots[slot(name)] ?? 0 };
    } catch (error) {
      if (!(error instanceof IndexFault)) throw error;
    }
    if (left <= 0) return undefined;
  }
  return undefined;
}
