/** What to launch, in order, at given sizes. */
import {
  evaluateIndex,
  forEachPoint,
  holds,
  IndexFault,
  isBox,
  type Lookup,
} from "../../equations/evaluate-index";
import type { IndexExpr, Sizes } from "../../equations/system";
import { timesFit } from "../../schedule/stencil";
import { callsAtOnce, callsOf, type GpuLayout } from "./layout";
import {
  FUSED_WIDTH,
  type GpuFamily,
  type GpuMember,
  type GpuPatch,
  type GpuProgram,
  type GpuStep,
  override,
  type Placement,
} from "./program";
import { operandsOf } from "./ranges";

export type Launch =
  /** One dispatch of `count` calls. */
  | {
      readonly kind: "parallel";
      readonly kernel: number;
      readonly count: number;
      /** The number of the first call; 0 without. */
      readonly first?: number;
      readonly time: number;
      readonly fixed: readonly number[];
      /** The most operands that a reduction of one instance may have. */
      readonly weight: number;
    }
  /** Times from `time` to `last`, inside one workgroup; may be cut between times. */
  | {
      readonly kind: "fused";
      readonly kernel: number;
      readonly time: number;
      readonly last: number;
      readonly weight: number;
    }
  /** All these times in each of `count` workgroups. */
  | {
      readonly kind: "tiles";
      readonly kernel: number;
      readonly count: number;
      readonly time: number;
      readonly last: number;
      /** The work of one workgroup. */
      readonly weight: number;
    }
  /** `count` lanes, each through all these times; may be cut between times. */
  | {
      readonly kind: "columns";
      readonly kernel: number;
      readonly count: number;
      readonly time: number;
      readonly last: number;
      readonly weight: number;
    }
  /** Again and again, until `instances` are computed. */
  | {
      readonly kind: "rounds";
      readonly kernels: readonly {
        readonly kernel: number;
        readonly count: number;
        readonly weight: number;
      }[];
      readonly families: readonly number[];
      readonly instances: number;
    };

/**
 * Everything to launch, in order. Memory must be visible from each to the next. `software`: the device is the processor itself, where tiles
 * save no memory traffic that counts (measured: decision 8).
 */
export function* launchesGpu(
  program: GpuProgram,
  sizes: Sizes,
  layout: GpuLayout,
  software = false,
  orders: ReadonlyMap<number, ByLevel> = new Map(),
): Generator<Launch> {
  const { families } = program;
  const { places } = layout;
  const calls = families.map((f, k) => callsAtOnce(f, places[k]!.extent));
  const weights: number[] = [];
  const weightOf = (family: number): number => {
    weights[family] ??= operandsOf(families[family]!, places[family]!, sizes) * families[family]!.turns;
    return weights[family];
  };
  /** The kernel of the piece that applies, where the launch settles it. */
  const kernelFor = (family: number, time: number, fixed: readonly number[]): number => {
    const { kernel, choices, placement, dims } = families[family]!;
    if (choices === undefined) return kernel!;
    const known = new Map<string, number>();
    placement!.fixed.forEach((d, k) => known.set(dims[d]!.index, fixed[k]!));
    const { wave } = placement!;
    if (wave !== undefined) known.set(dims[wave.pivot]!.index, wave.weights[wave.pivot]! * time);
    try {
      const found = choices.find(({ guard }) => holds(guard, (name) => known.get(name) ?? sizes[name]!));
      return found?.kernel ?? kernel!;
    } catch (error) {
      // The kernel itself tells where a guard has no value.
      if (error instanceof IndexFault) return kernel!;
      throw error;
    }
  };
  const one = (family: number, time: number, fixed: readonly number[] = []): Launch => {
    const { patch, placement } = families[family]!;
    const weight = weightOf(family);
    const patches = patch === undefined ? 0 : patchesOf(patch, placement!, places[family]!.extent);
    if (patch !== undefined && patches > 0 && patches >= program.leastPatches) {
      const all = patch.sides.reduce((a, b) => a * b, 1);
      return { kind: "parallel", kernel: patch.kernel, count: patches, time, fixed, weight: weight * all };
    }
    return {
      kind: "parallel",
      kernel: kernelFor(family, time, fixed),
      count: calls[family]!,
      time,
      fixed,
      weight,
    };
  };
  /** The times of a member, offset included; undefined where it is empty. */
  const span = ({ family, weights: w, offset }: GpuMember): readonly [number, number] | undefined => {
    const { lo, extent } = places[family]!;
    if (extent.includes(0)) return undefined;
    let [from, to] = [offset, offset];
    w.forEach((weight, d) => {
      const ends = [weight * lo[d]!, weight * (lo[d]! + extent[d]! - 1)];
      from += Math.min(...ends);
      to += Math.max(...ends);
    });
    return [from, to];
  };

  /** Forms that take many times in one launch; gives the first time that is left. */
  function* together(step: Loop, from: number, to: number): Generator<Launch, number> {
    const weight = step.members.reduce((sum, m) => sum + weightOf(m.family), 0);
    const widest = Math.max(...step.members.map((m) => calls[m.family]!));
    if (step.columns !== undefined) {
      yield { kind: "columns", kernel: step.columns, count: widest, time: from, last: to, weight };
      return to + 1;
    }
    if (step.oneGroup !== undefined && widest <= FUSED_WIDTH) {
      yield { kind: "fused", kernel: step.oneGroup, time: from, last: to, weight };
      return to + 1;
    }
    const { tiles } = step;
    if (tiles === undefined || (software && !tiles.always)) return from;
    const { tile, kernel, number } = tiles;
    const count = tile.own.reduce((n, _, k) => n * layout.overrides.get(override.tiles(number, k))!, 1);
    const area = tile.local.reduce((a, b) => a * b, 1);
    const several = (time: number, times: number): Launch => {
      const last = time + times - 1;
      return { kind: "tiles", kernel, count, time, last, weight: area * times * weight };
    };
    let first = from;
    for (; to - first + 1 >= tile.times; first += tile.times) yield several(first, tile.times);
    // What is left, if it fits: see `timesFit`.
    const rest = to - first + 1;
    if (rest <= 1 || !tiles.members.every((m) => timesFit(families[m.family]!.folded, rest))) return first;
    yield several(first, rest);
    return to + 1;
  }

  /** One launch a level and family: what it reads stands on lower ones. Narrow levels, one after another, inside one workgroup. */
  function* byLevels(some: readonly number[], oneGroup: number | undefined): Generator<Launch> {
    const levels = Math.max(0, ...some.map((f) => orders.get(f)!.starts.length - 1));
    const inners = some.map((f) =>
      callsOf(families[f]!, places[f]!.extent).reduce(
        (n, x, d) => (families[f]!.ordered!.kept.includes(d) ? n : n * x),
        1,
      ),
    );
    const isNarrow = (level: number): boolean =>
      some.every((f, k) => {
        const { starts } = orders.get(f)!;
        return ((starts[level + 1] ?? 0) - (starts[level] ?? 0)) * inners[k]! <= FUSED_WIDTH;
      });
    for (let level = 0; level < levels; level++) {
      let end = level;
      while (oneGroup !== undefined && end < levels && isNarrow(end)) end++;
      if (end > level + 1) {
        const weight = some.reduce((sum, f) => sum + weightOf(f), 0);
        yield { kind: "fused", kernel: oneGroup!, time: level, last: end - 1, weight };
        level = end - 1;
        continue;
      }
      for (const [k, f] of some.entries()) {
        const { ordered } = families[f]!;
        const { starts } = orders.get(f)!;
        const [from, to] = [starts[level] ?? 0, starts[level + 1] ?? 0];
        if (to <= from) continue;
        const inner = inners[k]!;
        const count = (to - from) * inner;
        const weight = weightOf(f);
        yield {
          kind: "parallel",
          kernel: ordered!.kernel,
          count,
          first: from * inner,
          time: 0,
          fixed: [],
          weight,
        };
      }
    }
  }

  function* walk(
    steps: readonly GpuStep[],
    fixed: ReadonlyMap<number, readonly number[]>,
    active: (family: number) => boolean,
  ): Generator<Launch> {
    for (const step of steps) {
      if (step.kind === "nest") {
        const { family } = step;
        if (active(family) && calls[family]! > 0) yield one(family, 0, fixed.get(family));
        continue;
      }
      if (step.kind === "rounds") {
        const some = step.families.filter((f) => calls[f]! > 0);
        if (some.every((f) => orders.has(f))) {
          yield* byLevels(some, some.length === step.families.length ? step.oneGroup : undefined);
          continue;
        }
        const kernels = some.map((f) => ({
          kernel: families[f]!.kernel!,
          count: calls[f]!,
          weight: weightOf(f),
        }));
        const instances = some.reduce(
          (sum, f) => sum + instancesOf(families[f]!, sizes, callsOf(families[f]!, places[f]!.extent)),
          0,
        );
        if (instances > 0) yield { kind: "rounds", kernels, families: some, instances };
        continue;
      }
      const spans = new Map(step.members.map((m) => [m.family, span(m)]));
      leaveOut(step.members, spans, sizes);
      const all = [...spans.values()].filter((s) => s !== undefined);
      if (all.length === 0) continue;
      const from = Math.min(...all.map((s) => s[0]));
      const to = Math.max(...all.map((s) => s[1]));
      const during = (family: number, time: number): boolean => {
        const s = spans.get(family);
        return s !== undefined && s[0] <= time && time <= s[1];
      };
      const memberOf = new Map(step.members.map((m) => [m.family, m]));
      const flat = step.body.every((s) => s.kind === "nest");
      const first = flat && fixed.size === 0 ? yield* together(step, from, to) : from;
      for (let time = first; time <= to; time++) {
        if (flat) {
          for (const s of step.body) {
            if (s.kind !== "nest" || !active(s.family)) continue;
            if (during(s.family, time) && calls[s.family]! > 0)
              yield one(s.family, time - memberOf.get(s.family)!.offset, fixed.get(s.family));
          }
          continue;
        }
        const more = new Map(fixed);
        for (const { family, weights: w, offset } of step.members) {
          const sign = w.find((x) => x !== 0)!;
          more.set(family, [...(fixed.get(family) ?? []), sign * (time - offset)]);
        }
        yield* walk(step.body, more, (family) => active(family) && during(family, time));
      }
    }
  }
  for (const [k, f] of families.entries()) if (f.role === "random" && calls[k]! > 0) yield one(k, 0);
  yield* walk(program.steps, new Map(), () => true);
}

/** Ends each member's times with the last that anything reads. */
function leaveOut(
  members: readonly GpuMember[],
  spans: Map<number, readonly [number, number] | undefined>,
  sizes: Sizes,
): void {
  const lookup = (name: string) => sizes[name]!;
  const last = new Map<number, number>();
  for (const { family, wanted } of members) {
    const [, to] = spans.get(family) ?? [0, Number.NEGATIVE_INFINITY];
    const after = wanted?.after.map((e) => valueOr(to, e, lookup)) ?? [to];
    last.set(family, Math.min(to, Math.max(Number.NEGATIVE_INFINITY, ...after)));
  }
  // No reader is before what it reads: each round settles one member at least.
  for (let round = 0; round < members.length; round++)
    for (const { family, wanted } of members)
      for (const { family: reader, lag } of wanted?.inside ?? []) {
        const [, to] = spans.get(family) ?? [0, Number.NEGATIVE_INFINITY];
        last.set(family, Math.min(to, Math.max(last.get(family)!, last.get(reader)! - lag)));
      }
  for (const [family, own] of spans) {
    if (own === undefined) continue;
    spans.set(family, last.get(family)! < own[0] ? undefined : [own[0], last.get(family)!]);
  }
}

/** How many patches cover what one launch computes. */
function patchesOf({ dims, sides }: GpuPatch, { fixed, wave }: Placement, extent: readonly number[]): number {
  return extent.reduce((n, x, d) => {
    if (fixed.includes(d) || wave?.pivot === d) return n;
    const k = dims.indexOf(d);
    return n * (k < 0 ? x : Math.ceil(x / sides[k]!));
  }, 1);
}

function valueOr(otherwise: number, e: IndexExpr, lookup: Lookup): number {
  try {
    return evaluateIndex(e, lookup);
  } catch (error) {
    if (error instanceof IndexFault) return otherwise;
    throw error;
  }
}

/** The places of a family by levels: those of level l are `list[starts[l]]` up to `list[starts[l + 1]]`. */
export interface ByLevel {
  readonly list: Int32Array;
  readonly starts: Int32Array;
}

/** Sorts places by their levels, in time linear in both. */
export function listByLevel(levels: Int32Array): ByLevel {
  let deepest = -1;
  for (const level of levels) if (level > deepest) deepest = level;
  const starts = new Int32Array(deepest + 2);
  for (const level of levels) starts[level + 1]!++;
  for (let level = 0; level <= deepest; level++) starts[level + 1]! += starts[level]!;
  const next = starts.slice();
  const list = new Int32Array(levels.length);
  for (let place = 0; place < levels.length; place++) list[next[levels[place]!]!++] = place;
  return { list, starts };
}

type Loop = Extract<GpuStep, { kind: "loop" }>;

function instancesOf(family: GpuFamily, sizes: Sizes, extent: readonly number[]): number {
  if (isBox(family)) return extent.reduce((a, b) => a * b, 1);
  let count = 0;
  forEachPoint(family.dims, sizes, () => count++);
  return count;
}
