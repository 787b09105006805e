/**
 * In what order to compute a system in parallel. A strongly connected component of families runs inside one time loop
 * when every member has a linear form of its indices, its time, along which no read goes forward: all instances of one time are
 * then computed together (the hyperplane method: Lamport, 1974). Reads that stay at one time order the members inside
 * it. Where one form is not enough, a single dimension becomes a serial loop around the rest (Darte and Vivien, 1997).
 * Where nothing is found the component is computed in rounds: each computes what has become ready, always right, slower.
 */

import type { Family, System } from "../equations/system";
import { type Affine, affine, combine, least, toAffine } from "../symbolic/affine";
import { type GuardedRead, guardedReads } from "../symbolic/reads";
import { components, planesOf } from "./schedule";

/** An instance's time is the sum of its indices, each times its weight, plus the offset. */
interface Time {
  readonly weights: readonly number[];
  readonly offset: number;
}

export type WaveStep =
  /** All instances at once: of the family, or of those that its enclosing loops select. */
  | { readonly kind: "nest"; readonly family: Family }
  /** Time ascends; `members` gives every family's time. */
  | { readonly kind: "loop"; readonly members: ReadonlyMap<string, Time>; readonly body: readonly WaveStep[] }
  | { readonly kind: "rounds"; readonly families: readonly Family[] };

export interface Wavefronts {
  readonly steps: readonly WaveStep[];
  readonly folded: ReadonlyMap<string, Folded>;
}

/** Only some planes along a dimension live at a time: plane = (index − lo) mod window. */
export interface Folded {
  readonly dim: number;
  readonly window: number;
  /** Planes that one time of the loop needs, its own among them. */
  readonly within: number;
  /** Planes before a time that it, or what comes after the loop, still needs. */
  readonly before: number;
}

/**
 * The least value of `reader time − source time` along one read, before offsets. A place that depends on data gives no time, though
 * its range would: in rounds a graph takes as many steps as it is deep, not as the deepest that its type allows.
 */
export function leastLag(d: GuardedRead, reader: readonly number[], source: readonly number[]): number {
  let form: Affine = affine(
    0,
    d.reader.dims.flatMap((dim, k) => (reader[k] === 0 ? [] : [[dim.index, reader[k]!] as const])),
  );
  let ordered = true;
  d.read.at.forEach((s, k) => {
    const weight = source[k]!;
    if (weight === 0) return;
    if (s.kind === "dynamic") ordered = false;
    else form = combine(form, toAffine(s.value), -weight);
  });
  if (!ordered) return Number.NEGATIVE_INFINITY;
  return least(form, [...d.reader.dims, ...d.inner], d.facts);
}

/** Weights to try: single dimensions, then diagonals. Each has a weight of ±1 to solve for. */
function candidates(rank: number, fixed: ReadonlySet<number>): number[][] {
  const found: number[][] = [];
  const build = (weights: readonly number[]): void => {
    if (weights.length === rank) {
      if (weights.some((w) => Math.abs(w) === 1)) found.push([...weights]);
      return;
    }
    const options = fixed.has(weights.length) ? [0] : [0, 1, -1, 2];
    for (const w of options) build([...weights, w]);
  };
  if (rank <= 4) build([]);
  const size = (w: readonly number[]) => w.reduce((a, b) => a + Math.abs(b) + (b < 0 ? 0.1 : 0), 0);
  return found.sort((a, b) => size(a) - size(b));
}

const MOST_CHOICES = 400;
const OFFSET_ROUNDS = 8;

export function wavefronts(system: System, keep: ReadonlySet<string>): Wavefronts {
  const reads = guardedReads(system).filter((d) => d.source.pieces.length > 0);
  const defined = system.families.filter((f) => f.pieces.length > 0);

  /** Undefined where some component inside a loop has no time. */
  const plan = (
    families: readonly Family[],
    left: readonly GuardedRead[],
    fixed: ReadonlyMap<string, ReadonlySet<number>>,
  ): WaveStep[] | undefined => {
    const steps: WaveStep[] = [];
    for (const component of components(families, left)) {
      const inside = left.filter((d) => component.includes(d.reader) && component.includes(d.source));
      if (inside.length === 0) {
        steps.push(...component.map((family): WaveStep => ({ kind: "nest", family })));
        continue;
      }
      const step = loop(component, inside, fixed);
      if (step === undefined && fixed.size > 0) return undefined;
      steps.push(step ?? { kind: "rounds", families: component });
    }
    return steps;
  };

  const loop = (
    component: readonly Family[],
    inside: readonly GuardedRead[],
    fixed: ReadonlyMap<string, ReadonlySet<number>>,
  ): WaveStep | undefined => {
    const choices = component.map((f) => candidates(f.dims.length, fixed.get(f.name) ?? new Set()));
    if (choices.some((c) => c.length === 0)) return undefined;
    let outer: { members: Map<string, Time>; rest: readonly GuardedRead[] } | undefined;
    for (const weights of combinations(choices)) {
      const timed = times(component, inside, weights);
      if (timed === undefined) continue;
      const { members, rest } = timed;
      const inOrder = components(component, rest);
      if (inOrder.every((c) => c.length === 1) && rest.every((d) => d.reader !== d.source))
        return {
          kind: "loop",
          members,
          body: inOrder.flat().map((family): WaveStep => ({ kind: "nest", family })),
        };
      if (outer === undefined && rest.length < inside.length && weights.every((w) => single(w) !== undefined))
        outer = timed;
    }
    if (outer === undefined) return undefined;
    const more = new Map(fixed);
    for (const [name, { weights }] of outer.members)
      more.set(name, new Set([...(fixed.get(name) ?? []), single(weights)!]));
    const body = plan(component, outer.rest, more);
    return body === undefined ? undefined : { kind: "loop", members: outer.members, body };
  };

  const steps = plan(defined, reads, new Map()) ?? [];
  return { steps, folded: fold(steps, reads, keep) };
}

/** The only dimension that counts. */
const single = (weights: readonly number[]): number | undefined =>
  weights.filter((w) => w !== 0).length === 1 ? weights.findIndex((w) => w !== 0) : undefined;

/** Offsets by longest paths, so that every read goes back or stays; a positive cycle has none. */
function times(
  component: readonly Family[],
  inside: readonly GuardedRead[],
  weights: readonly (readonly number[])[],
): { members: Map<string, Time>; rest: readonly GuardedRead[] } | undefined {
  const of = new Map(component.map((f, k) => [f, weights[k]!]));
  const lags: number[] = [];
  for (const d of inside) {
    const found = leastLag(d, of.get(d.reader)!, of.get(d.source)!);
    if (found === Number.NEGATIVE_INFINITY) return undefined;
    lags.push(found);
  }
  const offset = new Map(component.map((f) => [f, 0]));
  for (let round = 0; ; round++) {
    if (round === OFFSET_ROUNDS) return undefined;
    let settled = true;
    inside.forEach((d, k) => {
      const needed = offset.get(d.source)! - lags[k]!;
      if (needed > offset.get(d.reader)!) {
        offset.set(d.reader, needed);
        settled = false;
      }
    });
    if (settled) break;
  }
  return {
    members: new Map(component.map((f) => [f.name, { weights: of.get(f)!, offset: offset.get(f)! }])),
    rest: inside.filter((d, k) => lags[k]! + offset.get(d.reader)! - offset.get(d.source)! <= 0),
  };
}

function fold(
  steps: readonly WaveStep[],
  reads: readonly GuardedRead[],
  keep: ReadonlySet<string>,
): Wavefronts["folded"] {
  const folded = new Map<string, Folded>();
  for (const step of steps) {
    if (step.kind !== "loop") continue;
    const members = new Map<string, { dim: number; offset: number }>();
    for (const [name, { weights, offset }] of step.members) {
      const dim = single(weights);
      if (dim !== undefined && weights[dim] === 1) members.set(name, { dim, offset });
    }
    if (members.size < step.members.size) continue;
    for (const [name, { dim, offset }] of members) {
      const sources = reads.filter((d) => d.source.name === name);
      const family = sources[0]?.source;
      if (family === undefined || family.role === "output" || keep.has(name)) continue;
      const planes = planesOf(family, dim, offset, members, sources);
      if (planes === undefined) continue;
      const { within, after } = planes;
      const before = Math.max(within - 1, after);
      // Room for planes that are written beside those that others still read.
      folded.set(name, { dim, window: Math.max(within, within - 1 + before), within, before });
    }
  }
  return folded;
}

/** One choice for each family: first the same for all, then every way; bounded. */
function* combinations(
  choices: readonly (readonly (readonly number[])[])[],
): Generator<(readonly number[])[]> {
  const keys = choices.map((c) => new Map(c.map((w) => [w.join(), w])));
  for (const w of choices[0]!) if (keys.every((k) => k.has(w.join()))) yield choices.map(() => w);
  if (choices.length === 1) return;
  const total = Math.min(
    choices.reduce((a, c) => a * c.length, 1),
    MOST_CHOICES,
  );
  for (let n = 0; n < total; n++) {
    let rest = n;
    yield choices.map((c) => {
      const pick = c[rest % c.length]!;
      rest = Math.floor(rest / c.length);
      return pick;
    });
  }
}
