/**
 * Depth against width, two ways. What k levels depend on can be looked up in one table: the dependency cone of an instance, k
 * levels down, ends in c(k) bits, a table of 2^c(k) rows gives its value in one step, and depth D becomes ceil(D / k). And the maps
 * of a recurrence can be composed r at a time: T steps of w bits of state become 2 ceil(log T / log r) levels of 2^(w (r + 1))
 * rows (G.3). Both are upper bounds on what shallow forms cost, and say nothing of what they must cost.
 */
import { findRecurrences } from "../algebra/recurrence";
import { type Rewrite, rewrites } from "../algebra/rewrite/rewrites";
import { AC, NC, within } from "../classes/classes";
import { type Order, ordersOf } from "../classes/order";
import type { Judgement } from "../classes/verdict";
import { sourcesOf } from "../depth/instance-graph";
import { add, ceilLog2, integer, mul, someExpr, sub } from "../equations/build";
import { evaluateIndex, pointAt } from "../equations/evaluate-index";
import { printIndex } from "../equations/print";
import type { Family, Sizes, System } from "../equations/system";
import { componentsOf } from "../equations/values";
import { type Unrolled, unroll } from "../unroll/unroll";

export interface FrontierPoint {
  /** Levels looked up, or maps composed, at once. */
  readonly steps: number;
  readonly depth: number;
  /** A table has 2^bits rows. */
  readonly bits: number;
  /** Whether a table of so many rows is smaller than the square of the graph. */
  readonly practical: boolean;
}

/** c(k) as a polynomial in k, as far as it was counted: ring and edges cut it off later. */
interface ConeForm {
  readonly form: string;
  readonly degree: 0 | 1 | 2;
  /** It holds for k = 1 up to this one, at the sizes given. */
  readonly upTo: number;
}

interface StateCurve {
  readonly families: readonly string[];
  /** Live bits of one copy for all sizes, a word as 32. */
  readonly live: string;
  readonly bits: number;
  readonly length: number;
  /** The live state is more than O(log N) bits: then tables of it are larger than every polynomial. */
  readonly exponential: boolean;
  readonly points: readonly FrontierPoint[];
}

/** What a law gives at the same sizes: no tables, or such as its note says. */
interface RewrittenPoint extends Pick<Rewrite, "law" | "exact"> {
  readonly name: string;
  readonly depth: number;
  readonly width: number;
  readonly work: number;
}

export interface Frontier {
  readonly depth: number;
  /** As written: most instances on a level, and all of them. */
  readonly width: number;
  readonly work: number;
  /** The forms that laws give, where they can be counted. */
  readonly rewritten: readonly RewrittenPoint[];
  readonly points: readonly FrontierPoint[];
  readonly cone: ConeForm | undefined;
  /** Some equation reads more values where sizes are larger: then cones are those of these sizes only. */
  readonly grows: boolean;
  /** Some value is a word, which stands for O(log N) bits. */
  readonly words: boolean;
  /** For each recurrence whose live state is bounded. */
  readonly states: readonly StateCurve[];
  /** Instances in the graph: `practical` is below the square of them. */
  readonly instances: number;
  /** Instances whose cones were followed, and whether these are all that are deep enough. */
  readonly cones: number;
  readonly all: boolean;
}

/** Reads followed for one k before the search for larger cones ends. */
const BUDGET = 60_000;
/** Cones of so many levels are counted one by one, so that their growth can be read off. */
const CONSECUTIVE = 8;

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

/** Both curves at the sizes of an unrolling in the model `steps`. */
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
  const practical = (bits: number): boolean => bits <= 2 * Math.log2(Math.max(2, deep.length));
  const { depth } = unrolled;
  let [cones, all] = [0, true];
  const coneBits = (k: number): number => {
    let [most, spent] = [0, 0];
    for (const top of deep.filter((i) => i.level >= k)) {
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
    return most;
  };
  const counted = new Map<number, number>();
  const bitsAt = (k: number): number => {
    const bits = counted.get(k) ?? coneBits(k);
    counted.set(k, bits);
    return bits;
  };
  const points: FrontierPoint[] = [];
  for (let k = 1; k <= depth; k = k === depth ? depth + 1 : Math.min(k * 2, depth)) {
    const bits = bitsAt(k);
    points.push({ steps: k, depth: Math.ceil(depth / k), bits, practical: practical(bits) });
  }
  const consecutive = Array.from({ length: Math.min(CONSECUTIVE, depth) }, (_, i) => bitsAt(i + 1));
  return {
    depth,
    width: unrolled.width,
    work: unrolled.work,
    rewritten: rewrittenPoints(system, unrolled.sizes),
    points,
    cone: coneForm(consecutive),
    ...readsOfEquations(system),
    states: stateCurves(system, unrolled, practical),
    instances: deep.length,
    cones,
    all,
  };
}

/** Instances of one rewriting that are counted. */
const COUNTED = 300_000;

const rewrittenPoints = (system: System, sizes: Sizes): RewrittenPoint[] =>
  rewrites(system).flatMap((r): RewrittenPoint[] => {
    const counted = unroll(r.system, sizes, { model: "steps", limit: COUNTED });
    if (!counted.ok) return [];
    const { depth, width, work } = counted.result;
    const name = [...new Set(r.applied.map((a) => a.name))].join("; ");
    return [{ law: r.law, exact: r.exact, name, depth, width, work }];
  });

/** The polynomial of degree at most 2 through c(1), c(2), …, where two more values than it has unknowns agree. */
function coneForm(c: readonly number[]): ConeForm | undefined {
  for (const degree of [0, 1, 2] as const) {
    const [c1, c2, c3] = c;
    if (c.length < degree + 3) return undefined;
    const second = degree === 2 ? c3! - 2 * c2! + c1! : 0;
    const first = degree >= 1 ? c2! - c1! : 0;
    const at = (k: number) => c1! + first * (k - 1) + (second * (k - 1) * (k - 2)) / 2;
    // Deeper cones that end in less are cut off by edges, not by k.
    if (first < 0 || second < 0) return undefined;
    let upTo = 0;
    while (upTo < c.length && c[upTo] === at(upTo + 1)) upTo++;
    if (upTo < degree + 3) continue;
    // In powers of k, over 2.
    const terms = [
      [second, "k^2"],
      [2 * first - 3 * second, "k"],
      [2 * (c1! - first + second), ""],
    ] as const;
    const even = terms.every(([x]) => x % 2 === 0);
    const sum = terms
      .flatMap(([x, power]) => {
        const n = even ? x / 2 : x;
        if (n === 0) return [];
        const size =
          power === "" ? String(Math.abs(n)) : Math.abs(n) === 1 ? power : `${Math.abs(n)}*${power}`;
        return [`${n < 0 ? "- " : "+ "}${size}`];
      })
      .join(" ")
      .replace(/^\+ /, "");
    return { form: even ? sum || "0" : `(${sum}) / 2`, degree, upTo };
  }
  return undefined;
}

/** Whether equations read a number of values that does not depend on sizes, and whether values are words. */
function readsOfEquations(system: System): { readonly grows: boolean; readonly words: boolean } {
  const orders = ordersOf(system);
  const constant = (o: Order): boolean => o.kind === "polylog" && o.degree === 0;
  const grows = system.families.some((f) =>
    f.pieces.some((p) =>
      someExpr(p.value, (e) => {
        if (e.kind === "reduce" || e.kind === "fold") return !constant(orders.ofPoints(e.dims, f.dims));
        if (e.kind !== "read") return false;
        return e.at.some((s) => s.kind === "dynamic" && !constant(orders.ofIndex(sub(s.hi, s.lo), f.dims)));
      }),
    ),
  );
  const words = system.families.some(
    ({ type, role }) =>
      role !== "output" &&
      (type.kind === "int" ||
        type.kind === "real" ||
        type.kind === "vector" ||
        (type.kind === "index" && type.bound.kind !== "integer")),
  );
  return { grows, words };
}

function stateCurves(system: System, unrolled: Unrolled, practical: (bits: number) => boolean): StateCurve[] {
  const orders = ordersOf(system);
  const lookup = (n: string) => unrolled.sizes[n] ?? 0;
  return findRecurrences(system).flatMap((r): StateCurve[] => {
    if (r.live === undefined || r.within || r.reach !== "lags") return [];
    const live = add(r.live.bits, mul(integer(32), r.live.words));
    const [bits, length] = [evaluateIndex(live, lookup), evaluateIndex(r.length, lookup)];
    if (length < 2) return [];
    const [b, w] = [orders.ofIndex(r.live.bits), orders.ofIndex(r.live.words)];
    const small = b.kind === "polylog" && b.degree <= 1 && w.kind === "polylog" && w.degree === 0;
    const points: FrontierPoint[] = [];
    for (let at = 2; ; at = Math.min(at * 2, length)) {
      const levels = Math.ceil(Math.log(length) / Math.log(at) - 1e-9);
      const rows = bits * (at + 1);
      // Larger tables for the same depth are no point of a frontier.
      if (2 * levels < (points.at(-1)?.depth ?? Number.POSITIVE_INFINITY))
        points.push({ steps: at, depth: 2 * levels, bits: rows, practical: practical(rows) });
      if (at >= length) break;
    }
    return [{ families: r.families, live: printIndex(live), bits, length, exponential: !small, points }];
  });
}

export interface KnownLimit {
  readonly entry: string;
  readonly text: string;
  readonly source: string;
}

/** Lower bounds that may stand beside such curves, with their sources (catalogue section G), and for which tasks. */
const limits: readonly (KnownLimit & { readonly when: (j: Judgement) => boolean })[] = [
  {
    entry: "G.10",
    text: "if TC ≠ P, it has no polylog depth at polynomial width; polynomial speed-ups are not excluded, and an exponential width does not follow",
    source: "Condon, 1994; Vitter, Simons, 1986",
    when: (j) => j.hardness?.class.family === "P",
  },
  {
    entry: "G.12",
    text: "products of permutations of five things: depth Θ(log T) of two inputs is enough; in depth d, and, or, not need 2^Ω(T^(1/(d−1))) gates",
    source: "Barrington, 1989; Håstad, 1986",
    when: (j) => j.hardness !== undefined && within(j.hardness.class, NC(1)),
  },
  {
    entry: "G.4",
    text: "parity of n bits in depth d with and, or, not needs 2^Ω(n^(1/(d−1))) gates, unconditionally; so does what parity reduces to",
    source: "Håstad, 1986",
    when: (j) => j.bound === undefined || !within(j.bound.class, AC(0)),
  },
  {
    entry: "G.6",
    text: "with threshold gates parity in depth d needs n^(1 + Ω(2.41^−d)) wires; no superpolynomial bound is known at depth 3 for anything in NP",
    source: "Impagliazzo, Paturi, Saks, 1997",
    when: (j) => j.bound === undefined || !within(j.bound.class, AC(0)),
  },
  {
    entry: "G.9",
    text: "for an explicit function in P no depth beyond (3 − o(1)) log2 n with and, or, not of two inputs is proved",
    source: "Håstad, 1998; Tal, 2014",
    when: (j) => j.bound === undefined || !within(j.bound.class, NC(1)),
  },
  {
    entry: "G.1",
    text: "constant depth is known for this task; with gates of two inputs, depth is at least log2 of the inputs that matter",
    source: "Vollmer, 1999",
    when: (j) => j.bound !== undefined && within(j.bound.class, AC(0)),
  },
];

/** What is proved, or follows from a hypothesis that is named, of tasks judged like this one. */
export const knownLimits = (judgement: Judgement): KnownLimit[] =>
  limits.filter((l) => l.when(judgement)).map(({ when: _, ...limit }) => limit);
