/**
 * Depth against width: what k levels depend on can be looked up in one table. The dependency cone of an instance, k levels
 * down, ends in c(k) bits; a table of 2^c(k) rows gives its value in one step, so a graph of depth D becomes one of depth
 * ceil(D / k) (G.3). Counted on the task's own graph at given sizes: an upper bound on what shallow forms cost, nothing on
 * what they must cost.
 */
import { ceilLog2 } from "../equations/build";
import { evaluateIndex, pointAt } from "../equations/evaluate-index";
import type { Family, System } from "../equations/system";
import { componentsOf } from "../equations/values";
import { sourcesOf } from "./instance-graph";
import type { Unrolled } from "./unroll";

export interface FrontierPoint {
  /** Levels looked up at once. */
  readonly steps: number;
  /** ceil(D / k) */
  readonly depth: number;
  /** Bits at the end of the largest cone met: a table has 2^bits rows. */
  readonly bits: number;
  /** Whether a table of so many rows is smaller than the square of the graph. */
  readonly practical: boolean;
}

export interface Frontier {
  readonly depth: number;
  readonly points: readonly FrontierPoint[];
  /** Instances whose cones were followed, and whether these are all that are deep enough. */
  readonly cones: number;
  readonly all: boolean;
}

/** Reads followed before the search for larger cones ends. */
const BUDGET = 400_000;

/** A word counts as 32 bits. */
function bitsOf(family: Family, unrolled: Unrolled, indices: readonly number[]): number {
  const { type } = family;
  switch (type.kind) {
    case "bit":
      return 1;
    case "enum":
      return ceilLog2(type.cases.length);
    case "index": {
      const lookup = (n: string) =>
        unrolled.sizes[n] ?? indices[family.dims.findIndex((d) => d.index === n)] ?? 0;
      return ceilLog2(Math.max(1, evaluateIndex(type.bound, lookup)));
    }
    default:
      return 32 * componentsOf(type);
  }
}

/** The curve for k = 1, 2, 4, … up to the whole depth. `unrolled` in the model `steps`. */
export function frontierOf(system: System, unrolled: Unrolled): Frontier {
  const byName = new Map(system.families.map((f) => [f.name, f]));
  const deep: { family: Family; indices: readonly number[]; level: number }[] = [];
  for (const family of system.families) {
    const { levels, box } = unrolled.families.get(family.name)!;
    levels?.forEach((level, offset) => {
      if (level > 0) deep.push({ family, indices: pointAt(box, offset), level });
    });
  }
  // The deepest first: whatever the budget, they are looked at.
  deep.sort((a, b) => b.level - a.level);
  const known = new Map<string, ReturnType<typeof sourcesOf>>();
  const sources = (family: string, indices: readonly number[]) => {
    const key = `${family} ${indices.join(" ")}`;
    const found = known.get(key) ?? sourcesOf(system, unrolled, byName.get(family)!, indices);
    known.set(key, found);
    return found;
  };
  const size = deep.length;
  const points: FrontierPoint[] = [];
  let [cones, all] = [0, true];
  for (let k = 1; ; k = Math.min(k * 2, unrolled.depth)) {
    let [most, spent] = [0, 0];
    const candidates = deep.filter((i) => i.level >= k);
    for (const top of candidates) {
      if (spent > BUDGET) {
        all = false;
        break;
      }
      cones++;
      const floor = top.level - k;
      const seen = new Set<string>();
      let bits = 0;
      const open = [{ family: top.family.name, indices: top.indices }];
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        for (const s of sources(at.family, at.indices)) {
          spent++;
          const key = `${s.family} ${s.indices.join(" ")}`;
          if (seen.has(key)) continue;
          seen.add(key);
          if (s.level <= floor || s.level === 0) bits += bitsOf(byName.get(s.family)!, unrolled, s.indices);
          else open.push(s);
        }
      }
      most = Math.max(most, bits);
    }
    const depth = Math.ceil(unrolled.depth / k);
    points.push({ steps: k, depth, bits: most, practical: most <= 2 * Math.log2(Math.max(2, size)) });
    if (k >= unrolled.depth) break;
  }
  return { depth: unrolled.depth, points, cones, all };
}

/** Lower bounds that may stand beside such a curve, with their sources. */
export const knownLimits: readonly {
  readonly entry: string;
  readonly text: string;
  readonly source: string;
}[] = [
  {
    entry: "G.9",
    text: "for an explicit function in P no depth beyond (3 − o(1)) log2 n with and, or, not of two inputs is proved",
    source: "Håstad, 1998; Tal, 2014",
  },
  {
    entry: "G.10",
    text: "if TC ≠ P, a P-complete task has no polylog depth at polynomial width; polynomial speed-ups are not excluded",
    source: "Condon, 1994; Vitter, Simons, 1986",
  },
  {
    entry: "G.4",
    text: "parity in depth d with and, or, not needs 2^Ω(n^(1/(d−1))) gates, unconditionally; so does what parity reduces to",
    source: "Håstad, 1986",
  },
];
