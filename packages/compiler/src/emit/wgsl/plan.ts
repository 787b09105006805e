/**
 * A system as data that a GPU runtime follows: WGSL kernels, and for given sizes where every family lies and which launches
 * compute it. Pure: no device is needed to make, read or test a plan.
 */
import { familyBox, forEachPoint, isBox } from "../../equations/evaluate-index";
import { runPasses, runPipeline } from "../../equations/pass";
import { guardedReads } from "../../equations/reads";
import type { Dim, Expr, Family, IndexExpr, Sizes, System } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { type Choice, type Packed, packing } from "../../schedule/packing";
import { splitReductions } from "../../schedule/split-reductions";
import {
  isColumns,
  type Stencil,
  stencilOf,
  type Tile,
  tileOf,
  timesFit,
  WORKGROUP_WORDS,
} from "../../schedule/stencil";
import { type Time, type Wavefronts, type WaveStep, wavefronts } from "../../schedule/wavefront";
import { visitWord } from "../../schedule/words";
import { FUSED_WIDTH, Module, override, type Placement, type Site } from "./print";

/** Instances of a bit family in a word. */
export const LANES = 32;

export interface GpuKernel {
  readonly label: string;
  readonly wgsl: string;
  /** Names of constants that the host sets when it builds the pipeline: see `GpuLayout.overrides`. */
  readonly overrides: readonly string[];
  /** Which banks of memory it is bound to: bank b is binding 2 + b. */
  readonly banks: readonly number[];
}

export interface GpuPlan {
  /** What it was made from, to make it again with other banks. */
  readonly lowered: System;
  readonly options: GpuOptions;
  /** What is computed, after passes. */
  readonly system: System;
  readonly waves: Wavefronts;
  readonly kernels: readonly GpuKernel[];
  /** The kernel of each family. */
  readonly kernelOf: ReadonlyMap<string, number>;
  /** The kernel that runs a whole loop inside one workgroup, for loops that allow it. */
  readonly fusedOf: ReadonlyMap<WaveStep, number>;
  /** The kernel that computes several times of a tile, for loops with neighbours only. */
  readonly tilesOf: ReadonlyMap<WaveStep, Tiles>;
  /** The kernel that runs columns through all times. */
  readonly columnsOf: ReadonlyMap<WaveStep, number>;
  readonly placementOf: ReadonlyMap<string, Placement>;
  /** Bit families of 32 instances a word. */
  readonly packed: ReadonlyMap<string, Packed>;
  readonly sites: readonly Site[];
  /** Contents of finite functions, which lie in bank 0. */
  readonly tables: readonly (readonly number[])[];
  /** Outputs and the families kept. */
  readonly results: readonly Family[];
  readonly bankOf: (family: string) => number;
}

export interface Tiles {
  readonly kernel: number;
  readonly stencil: Stencil;
  readonly tile: Tile;
  /** Tells loops apart in the names of overrides. */
  readonly number: number;
}

export interface GpuOptions {
  /** Families besides the outputs whose values are wanted. */
  readonly keep?: readonly string[] | undefined;
  /** Static reads that are not proved to stay inside: checked when it runs. */
  readonly unproved?: ReadonlySet<Expr> | undefined;
  /** Which bank (storage buffer) a family lies in, where one cannot hold all: 0 without. */
  readonly banks?: ReadonlyMap<string, number> | undefined;
  /** Operands of a block, a power of two; 64 without. */
  readonly block?: number | undefined;
  /** Words of workgroup memory that a kernel may use; what every device has without. */
  readonly workgroupWords?: number | undefined;
  /** Forms of code; each is chosen by itself where nothing is said. */
  readonly forms?: GpuForms | undefined;
}

export interface GpuForms {
  /** 32 bits a word. */
  readonly packed?: Choice | undefined;
  /** Whole loops inside one workgroup. */
  readonly oneGroup?: Choice | undefined;
  /** Several times of a tile with its halo in workgroup memory. */
  readonly tiles?: Choice | undefined;
  /** Columns that read nothing from the side, all times at once. */
  readonly columns?: Choice | undefined;
  /** Reductions in blocks. */
  readonly blocks?: Choice | undefined;
}

export function planGpu(lowered: System, options: GpuOptions = {}): GpuPlan {
  const keep = new Set(options.keep ?? []);
  const unproved = options.unproved ?? new Set<Expr>();
  const { forms = {} } = options;
  const { system, waves } = sharedOut(
    runPipeline(runPasses(keep), lowered, { verify: false }),
    keep,
    options,
  );
  const sites: Site[] = [{ code: "too-large" }, { code: "too-large" }];
  const tables: (readonly number[])[] = [];
  const bankOf = (family: string) => options.banks?.get(family) ?? 0;

  const placementOf = placements(system, waves);
  const together = (f: Family) => dimsTogether(f, placementOf.get(f.name));
  const waiting = new Set(
    waves.steps.flatMap((s) => (s.kind === "rounds" ? s.families : [])).map((f) => f.name),
  );
  const packed = packing(system, { choice: options.forms?.packed, unproved, together, waiting });
  const module = () => new Module(system, waves, packed, unproved, sites, tables, bankOf);

  const kernels: GpuKernel[] = [];
  const kernelOf = new Map<string, number>();
  for (const family of system.families) {
    const placement = placementOf.get(family.name);
    if (placement === undefined) continue;
    const m = module();
    const made = m.finish([m.compute(family, placement), m.single(family)]);
    kernelOf.set(family.name, kernels.push({ label: family.name, ...made }) - 1);
  }
  const fusedOf = new Map<WaveStep, number>();
  const tilesOf = new Map<WaveStep, Tiles>();
  const columnsOf = new Map<WaveStep, number>();
  const reads = guardedReads(system);
  for (const step of waves.steps) {
    if (step.kind !== "loop" || !isFlat(step)) continue;
    const members = membersInOrder(step).map((family) => ({
      family,
      offset: step.members.get(family.name)!.offset,
    }));
    const label = members.map(({ family }) => family.name).join(", ");
    const add = (m: Module, parts: readonly string[]) => kernels.push({ label, ...m.finish(parts) }) - 1;
    const alone = (m: Module) =>
      members.map(({ family }) => m.compute(family, placementOf.get(family.name)!));
    const stencil = stencilOf(step, reads, packed, unproved);
    if (stencil !== undefined && isColumns(stencil) && forms.columns !== "never") {
      const m = module();
      columnsOf.set(step, add(m, [...alone(m), m.columns(members)]));
      continue;
    }
    if (forms.oneGroup !== "never") {
      const m = module();
      fusedOf.set(step, add(m, [...alone(m), m.fused(members)]));
    }
    const tile =
      stencil === undefined || forms.tiles === "never"
        ? undefined
        : tileOf(stencil, {
            words: (m) => componentsOf(m.family.type),
            folded: waves.folded,
            always: forms.tiles === "always",
            memory: options.workgroupWords ?? WORKGROUP_WORDS,
          });
    if (stencil === undefined || tile === undefined) continue;
    const m = module();
    const parts = stencil.members.flatMap((x) => [
      ...(x.window > 1 ? [m.loadIntoTile(x, stencil, tile)] : []),
      m.computeInTile(x, stencil, tile),
    ]);
    const number = tilesOf.size;
    tilesOf.set(step, { kernel: add(m, [...parts, m.tiles(stencil, tile, number)]), stencil, tile, number });
  }
  const results = system.families.filter((f) => f.role === "output" || keep.has(f.name));
  return {
    lowered,
    options,
    system,
    waves,
    kernels,
    kernelOf,
    fusedOf,
    tilesOf,
    columnsOf,
    placementOf,
    packed,
    sites,
    tables,
    results,
    bankOf,
  };
}

/** Where lanes would stay idle while one of them reduces much: the reduction shared out, level by level. */
function sharedOut(
  given: System,
  keep: ReadonlySet<string>,
  options: GpuOptions,
): { readonly system: System; readonly waves: Wavefronts } {
  let [system, waves] = [given, wavefronts(given, keep)];
  const choice = options.forms?.blocks ?? "auto";
  if (choice === "never") return { system, waves };
  for (let level = 0; level < BLOCK_LEVELS; level++) {
    const placementOf = placements(system, waves);
    const narrow = (f: Family): boolean => {
      const placement = placementOf.get(f.name);
      if (placement === undefined || placement.rounds !== undefined) return false;
      // In a loop every level is one more launch a time.
      if (level > 0 && (placement.wave !== undefined || placement.fixed.length > 0)) return false;
      return choice === "always" ? level === 0 : dimsTogether(f, placement).length === 0;
    };
    const block = options.block ?? BLOCK;
    const split = splitReductions(system, { narrow, block, unproved: options.unproved ?? new Set() });
    if (split === system) break;
    const after = wavefronts(split, keep);
    if (countRounds(after.steps) > countRounds(waves.steps)) break;
    [system, waves] = [split, after];
  }
  return { system, waves };
}

/** Operands that one lane reduces alone. */
const BLOCK = 64;
/** 64^4 operands are reduced in four launches. */
const BLOCK_LEVELS = 3;

const countRounds = (steps: readonly WaveStep[]): number =>
  steps.reduce((n, s) => n + (s.kind === "rounds" ? 1 : s.kind === "loop" ? countRounds(s.body) : 0), 0);

/** Dimensions of which one launch computes all instances. */
const dimsTogether = (f: Family, placement: Placement | undefined): number[] =>
  f.dims
    .map((_, d) => d)
    .filter((d) => placement?.fixed.includes(d) !== true && (placement?.wave?.weights[d] ?? 0) === 0);

function placements(system: System, waves: Wavefronts): ReadonlyMap<string, Placement> {
  const placementOf = new Map<string, Placement>();
  for (const f of system.families) if (f.role === "random") placementOf.set(f.name, { fixed: [] });
  const place = (steps: readonly WaveStep[], fixed: ReadonlyMap<string, readonly number[]>): void => {
    for (const step of steps) {
      if (step.kind === "nest")
        placementOf.set(step.family.name, { fixed: fixed.get(step.family.name) ?? [] });
      else if (step.kind === "rounds") {
        const rounds = new Set(step.families.map((f) => f.name));
        for (const f of step.families) placementOf.set(f.name, { fixed: [], rounds });
      } else if (isFlat(step)) {
        for (const [name, { weights }] of step.members) {
          const pivot = weights.findIndex((w) => Math.abs(w) === 1);
          placementOf.set(name, { fixed: fixed.get(name) ?? [], wave: { weights, pivot } });
        }
      } else {
        const more = new Map(fixed);
        for (const [name, { weights }] of step.members)
          more.set(name, [...(fixed.get(name) ?? []), weights.findIndex((w) => w !== 0)]);
        place(step.body, more);
      }
    }
  };
  place(waves.steps, new Map());
  return placementOf;
}

type Loop = Extract<WaveStep, { kind: "loop" }>;
const isFlat = (step: Loop): boolean => step.body.every((s) => s.kind === "nest");
const membersInOrder = (step: Loop): Family[] =>
  step.body.flatMap((s) => (s.kind === "nest" ? [s.family] : []));

// At given sizes

export interface FamilyPlace {
  readonly family: Family;
  readonly lo: readonly number[];
  readonly extent: readonly number[];
  /** First word in its bank, and how many. */
  readonly at: number;
  readonly words: number;
  /** For families computed in rounds: first word of the rounds in which instances were computed. */
  readonly ready: number | undefined;
}

export interface GpuLayout {
  readonly families: ReadonlyMap<string, FamilyPlace>;
  readonly overrides: ReadonlyMap<string, number>;
  /** Words of each bank. */
  readonly banks: readonly number[];
  readonly tables: readonly { readonly at: number; readonly entries: readonly number[] }[];
}

/** Where everything lies at these sizes. Throws `IndexFault` where a bound has no value. */
export function layoutGpu(plan: GpuPlan, sizes: Sizes): GpuLayout {
  const overrides = new Map<string, number>();
  const banks: number[] = [];
  const take = (bank: number, words: number): number => {
    while (banks.length <= bank) banks.push(0);
    const at = banks[bank]!;
    banks[bank] = at + words;
    return at;
  };
  plan.system.sizes.forEach((s, k) => overrides.set(override.size(k), sizes[s.name]!));
  const families = new Map<string, FamilyPlace>();
  plan.system.families.forEach((family, number) => {
    const box = familyBox(family, sizes);
    const fold = plan.waves.folded.get(family.name);
    const lanes = plan.packed.get(family.name);
    const calls = callsOf(plan, family, box.extent);
    const stored = calls.map((x, d) => (fold?.dim === d ? Math.min(x, fold.window) : x));
    // Words of the packed dimension are neighbours.
    const inward = stored.map((_, d) => d).filter((d) => d !== lanes?.dim);
    if (lanes !== undefined) inward.push(lanes.dim);
    let stride = 1;
    for (const d of inward.reverse()) {
      overrides.set(override.stride(number, d), stride);
      overrides.set(override.lo(number, d), box.lo[d]!);
      // An empty family is never launched; a divisor of 0 would be rejected.
      overrides.set(override.extent(number, d), Math.max(1, calls[d]!));
      stride *= stored[d]!;
    }
    const words = stride * componentsOf(family.type);
    const bank = plan.bankOf(family.name);
    const at = take(bank, words);
    overrides.set(override.at(number), at);
    const rounds = plan.placementOf.get(family.name)?.rounds !== undefined;
    const ready = rounds ? take(bank, stride) : undefined;
    if (ready !== undefined) overrides.set(override.ready(number), ready);
    families.set(family.name, { family, lo: box.lo, extent: box.extent, at, words, ready });
    overrides.set(override.count(number), callsAtOnce(plan, family, box.extent));
  });
  const tables = plan.tables.map((entries, k) => {
    const at = take(0, entries.length);
    overrides.set(override.table(k), at);
    return { at, entries };
  });
  for (const tiles of plan.tilesOf.values()) {
    const { tile, number } = tiles;
    tile.own.forEach((own, k) => {
      const { lo, hi } = spaceOf(tiles, k, (name) => families.get(name)!);
      overrides.set(override.first(number, k), lo);
      overrides.set(override.tiles(number, k), Math.max(1, Math.ceil((hi - lo) / own)));
    });
  }
  if (banks.length === 0) banks.push(0);
  return { families, overrides, banks: banks.map((words) => Math.max(words, 1)), tables };
}

/** The cells (words, along the packed dimension) that a loop's families cover along a dimension of space. */
function spaceOf(
  { stencil }: Tiles,
  k: number,
  placeOf: (name: string) => Pick<FamilyPlace, "lo" | "extent">,
): { readonly lo: number; readonly hi: number } {
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const m of stencil.members) {
    const place = placeOf(m.family.name);
    if (place.extent.includes(0)) continue;
    const d = m.space[k]!;
    const from = k === stencil.packed ? 0 : place.lo[d]!;
    lo = Math.min(lo, from);
    hi = Math.max(hi, from + (k === stencil.packed ? Math.ceil(place.extent[d]! / LANES) : place.extent[d]!));
  }
  return lo <= hi ? { lo, hi } : { lo: 0, hi: 0 };
}

/** Calls along each dimension: one an instance, or one a word of them. */
const callsOf = (plan: GpuPlan, family: Family, extent: readonly number[]): number[] => {
  const lanes = plan.packed.get(family.name);
  return extent.map((x, d) => (lanes?.dim === d ? Math.ceil(x / LANES) : x));
};

/** How many calls one launch of a family makes: the product of its free extents. */
function callsAtOnce(plan: GpuPlan, family: Family, extent: readonly number[]): number {
  const placement = plan.placementOf.get(family.name);
  if (extent.includes(0)) return 0;
  return callsOf(plan, family, extent).reduce(
    (n, x, d) => (placement?.fixed.includes(d) === true || placement?.wave?.pivot === d ? n : n * x),
    1,
  );
}

export type Launch =
  /** One dispatch of `count` calls. */
  | {
      readonly kind: "parallel";
      readonly kernel: number;
      readonly count: number;
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
      readonly families: readonly Family[];
      readonly instances: number;
    };

/**
 * Everything to launch, in order. Memory must be visible from each to the next. `software`: the device is the processor itself, where tiles
 * save no memory traffic that counts (measured: decision 8).
 */
export function* launchesGpu(
  plan: GpuPlan,
  sizes: Sizes,
  layout: GpuLayout,
  software = false,
): Generator<Launch> {
  const lookup = (name: string) => sizes[name]!;
  const weights = new Map<string, number>();
  const weightOf = (family: Family): number => {
    const known =
      weights.get(family.name) ??
      operands(family, layout.families.get(family.name)!, lookup) * lanesInTurn(plan.packed.get(family.name));
    weights.set(family.name, known);
    return known;
  };
  const atOnce = (family: Family) => callsAtOnce(plan, family, layout.families.get(family.name)!.extent);
  const one = (family: Family, time: number, fixed: readonly number[]): Launch => ({
    kind: "parallel",
    kernel: plan.kernelOf.get(family.name)!,
    count: atOnce(family),
    time,
    fixed,
    weight: weightOf(family),
  });
  /** The times of a member, offset included; undefined where it is empty. */
  const span = (name: string, { weights: w, offset }: Time): readonly [number, number] | undefined => {
    const { lo, extent } = layout.families.get(name)!;
    if (extent.includes(0)) return undefined;
    let [from, to] = [offset, offset];
    w.forEach((weight, d) => {
      const ends = [weight * lo[d]!, weight * (lo[d]! + extent[d]! - 1)];
      from += Math.min(...ends);
      to += Math.max(...ends);
    });
    return [from, to];
  };

  function* walk(
    steps: readonly WaveStep[],
    fixed: ReadonlyMap<string, readonly number[]>,
    active: (name: string) => boolean,
  ): Generator<Launch> {
    for (const step of steps) {
      if (step.kind === "nest") {
        const { family } = step;
        if (active(family.name) && atOnce(family) > 0) yield one(family, 0, fixed.get(family.name) ?? []);
        continue;
      }
      if (step.kind === "rounds") {
        const families = step.families.filter((f) => atOnce(f) > 0);
        let instances = 0;
        for (const f of families)
          instances += instancesOf(f, sizes, callsOf(plan, f, layout.families.get(f.name)!.extent));
        const kernels = families.map((f) => ({
          kernel: plan.kernelOf.get(f.name)!,
          count: atOnce(f),
          weight: weightOf(f),
        }));
        if (instances > 0) yield { kind: "rounds", kernels, families, instances };
        continue;
      }
      const spans = new Map([...step.members].map(([name, time]) => [name, span(name, time)]));
      const all = [...spans.values()].filter((s) => s !== undefined);
      if (all.length === 0) continue;
      const from = Math.min(...all.map((s) => s[0]));
      const to = Math.max(...all.map((s) => s[1]));
      const flat = isFlat(step);
      let first = from;
      if (flat && fixed.size === 0) {
        const members = membersInOrder(step);
        const weight = members.reduce((sum, f) => sum + weightOf(f), 0);
        const columns = plan.columnsOf.get(step);
        if (columns !== undefined) {
          const count = Math.max(...members.map(atOnce));
          yield { kind: "columns", kernel: columns, count, time: from, last: to, weight };
          continue;
        }
        const kernel = plan.fusedOf.get(step);
        if (kernel !== undefined && members.every((f) => atOnce(f) <= FUSED_WIDTH)) {
          yield { kind: "fused", kernel, time: from, last: to, weight };
          continue;
        }
        const tiles = software && plan.options.forms?.tiles !== "always" ? undefined : plan.tilesOf.get(step);
        if (tiles !== undefined) {
          const { tile, number } = tiles;
          const count = tile.own.reduce((n, _, k) => n * layout.overrides.get(override.tiles(number, k))!, 1);
          const area = tile.local.reduce((a, b) => a * b, 1);
          while (to - first + 1 >= tile.times) {
            const last = first + tile.times - 1;
            const work = area * tile.times * weight;
            yield { kind: "tiles", kernel: tiles.kernel, count, time: first, last, weight: work };
            first = last + 1;
          }
          // What is left, if it fits: see `timesFit`.
          const rest = to - first + 1;
          if (
            rest > 1 &&
            tiles.stencil.members.every((m) => timesFit(plan.waves.folded.get(m.family.name), rest))
          ) {
            const work = area * rest * weight;
            yield { kind: "tiles", kernel: tiles.kernel, count, time: first, last: to, weight: work };
            continue;
          }
        }
      }
      const during = (name: string, time: number): boolean => {
        const s = spans.get(name);
        return s !== undefined && s[0] <= time && time <= s[1];
      };
      for (let time = first; time <= to; time++) {
        if (flat) {
          for (const family of membersInOrder(step))
            if (active(family.name) && during(family.name, time) && atOnce(family) > 0)
              yield one(family, time - step.members.get(family.name)!.offset, fixed.get(family.name) ?? []);
          continue;
        }
        const more = new Map(fixed);
        for (const [name, { weights: w, offset }] of step.members) {
          const sign = w.find((x) => x !== 0)!;
          more.set(name, [...(fixed.get(name) ?? []), sign * (time - offset)]);
        }
        yield* walk(step.body, more, (name) => active(name) && during(name, time));
      }
    }
  }
  for (const f of plan.system.families) if (f.role === "random" && atOnce(f) > 0) yield one(f, 0, []);
  yield* walk(plan.waves.steps, new Map(), () => true);
}

function instancesOf(family: Family, sizes: Sizes, extent: readonly number[]): number {
  if (isBox(family)) return extent.reduce((a, b) => a * b, 1);
  let count = 0;
  forEachPoint(family.dims, sizes, () => count++);
  return count;
}

/**
 * Shares families out over banks of at most `limit` words, first fit; undefined where one alone is larger or more than `most`
 * banks are needed. Tables stay in bank 0, after its families.
 */
export function shareBanks(
  layout: GpuLayout,
  limit: number,
  most: number,
): ReadonlyMap<string, number> | undefined {
  const used = [layout.tables.reduce((sum, t) => sum + t.entries.length, 0)];
  const banks = new Map<string, number>();
  for (const [name, { words, ready }] of layout.families) {
    const all = words + (ready === undefined ? 0 : words);
    let bank = used.findIndex((w) => w + all <= limit);
    if (bank === -1) bank = used.push(0) - 1;
    if (all > limit || bank >= most) return undefined;
    used[bank]! += all;
    banks.set(name, bank);
  }
  return banks;
}

/** How often a call evaluates expressions anew. */
function lanesInTurn(packed: Packed | undefined): number {
  let times = 1;
  if (packed?.word !== undefined)
    visitWord(packed.word, (w) => {
      if (w.kind === "each") times = LANES;
    });
  return times;
}

// Bounds of index expressions

type Interval = readonly [number, number];
type Ranges = ReadonlyMap<string, Interval>;

const around = (values: readonly number[]): Interval => [Math.min(...values), Math.max(...values)];

/** Values an index expression can take while its indices are in their ranges; never too narrow. */
function interval(e: IndexExpr, ranges: Ranges, size: (name: string) => number): Interval {
  switch (e.kind) {
    case "integer":
      return [e.value, e.value];
    case "size":
      return [size(e.name), size(e.name)];
    case "index":
      return ranges.get(e.name)!;
    case "log2": {
      const [, hi] = interval(e.operand, ranges, size);
      return [0, Math.ceil(Math.log2(Math.max(hi, 1))) + 1];
    }
    case "pow2": {
      const [lo, hi] = interval(e.operand, ranges, size);
      // Powers beyond the 30th are reported by the kernel itself.
      return [2 ** Math.min(30, Math.max(lo, 0)), 2 ** Math.min(30, Math.max(hi, 0))];
    }
    default: {
      const [a, b] = interval(e.left, ranges, size);
      const [c, d] = interval(e.right, ranges, size);
      const most = Math.max(Math.abs(a), Math.abs(b));
      switch (e.kind) {
        case "add":
          return [a + c, b + d];
        case "sub":
          return [a - d, b - c];
        case "mul":
          return around([a * c, a * d, b * c, b * d]);
        case "div":
          return c > 0 ? around([a / c, a / d, b / c, b / d].map(Math.floor)) : [-most, most];
        case "mod":
          return c > 0 ? [0, d - 1] : [-Math.max(-c, d), Math.max(-c, d)];
        case "min":
          return [Math.min(a, c), Math.min(b, d)];
        case "max":
          return [Math.max(a, c), Math.max(b, d)];
      }
    }
  }
}

const INT_MAX = 2 ** 31 - 1;

/**
 * An index expression that may leave 32 bits at these sizes; undefined where all fit. The other back ends have 53 bits.
 * Dimensions count as their boxes, so an expression guarded against large indices may be named all the same.
 */
export function indexBeyond32(plan: GpuPlan, sizes: Sizes, layout: GpuLayout): IndexExpr | undefined {
  const size = (name: string) => sizes[name]!;
  let found: IndexExpr | undefined;
  const check = (e: IndexExpr, ranges: Ranges): void => {
    if (e.kind !== "integer" && e.kind !== "size" && e.kind !== "index") {
      if ("operand" in e) check(e.operand, ranges);
      else {
        check(e.left, ranges);
        check(e.right, ranges);
      }
    }
    const [lo, hi] = interval(e, ranges, size);
    if (lo < -INT_MAX || hi > INT_MAX) found ??= e;
  };
  const inner = (dims: readonly Dim[], outer: Ranges): Ranges => {
    const ranges = new Map(outer);
    for (const d of dims) {
      check(d.lo, ranges);
      check(d.hi, ranges);
      const lo = interval(d.lo, ranges, size)[0];
      ranges.set(d.index, [lo, Math.max(lo, interval(d.hi, ranges, size)[1] - 1)]);
    }
    return ranges;
  };
  for (const family of plan.system.families) {
    const { lo, extent } = layout.families.get(family.name)!;
    if (extent.includes(0)) continue;
    const ranges: Ranges = new Map(family.dims.map((d, k) => [d.index, [lo[k]!, lo[k]! + extent[k]! - 1]]));
    for (const d of family.dims) {
      check(d.lo, ranges);
      check(d.hi, ranges);
    }
    if (family.type.kind === "index") check(family.type.bound, ranges);
    const conditions = (c: Family["pieces"][number]["guard"], r: Ranges): void => {
      for (const all of c)
        for (const one of all) {
          check(one.left, r);
          check(one.right, r);
        }
    };
    for (const piece of family.pieces) {
      conditions(piece.guard, ranges);
      visit(piece.value, ranges, inner, (e, r) => {
        if (e.kind === "read") for (const s of e.at) if (s.kind === "static") check(s.value, r);
        if (e.kind === "choose") for (const c of e.cases) conditions(c.guard, r);
        if (e.kind === "reduce" || e.kind === "fold") conditions(e.filter, inner(e.dims, r));
      });
    }
  }
  return found;
}

/** Every node of an expression with the ranges of the indices in scope. */
function visit(
  root: Expr,
  outer: Ranges,
  inner: (dims: readonly Dim[], ranges: Ranges) => Ranges,
  at: (e: Expr, ranges: Ranges) => void,
): void {
  const seen = new Map<Expr, Set<Ranges>>();
  const go = (e: Expr, ranges: Ranges): void => {
    const before = seen.get(e) ?? new Set();
    if (before.has(ranges)) return;
    seen.set(e, before.add(ranges));
    at(e, ranges);
    switch (e.kind) {
      case "constant":
      case "index-value":
        return;
      case "read":
        for (const s of e.at) if (s.kind === "dynamic") go(s.value, ranges);
        return;
      case "apply":
      case "table":
        for (const a of e.args) go(a, ranges);
        return;
      case "select":
        for (const a of [e.condition, e.then, e.otherwise]) go(a, ranges);
        return;
      case "choose":
        for (const c of e.cases) go(c.value, ranges);
        return;
      case "operand":
        return;
      case "reduce":
      case "fold": {
        const deeper = inner(e.dims, ranges);
        for (const b of e.kind === "fold" ? e.bodies : [e.body]) go(b, deeper);
        if (e.dataFilter !== undefined) go(e.dataFilter, deeper);
        return;
      }
      case "vector":
        for (const c of e.components) go(c, ranges);
        return;
      case "component":
        go(e.of, ranges);
        return;
    }
  };
  go(root, outer);
}

/** The most points that the reductions of one instance visit; at least 1. */
function operands(family: Family, place: FamilyPlace, size: (name: string) => number): number {
  if (place.extent.includes(0)) return 1;
  const ranges: Ranges = new Map(
    family.dims.map((d, k) => [d.index, [place.lo[k]!, place.lo[k]! + place.extent[k]! - 1]]),
  );
  const points = new Map<Ranges, number>([[ranges, 1]]);
  let total = 1;
  const inner = (dims: readonly Dim[], outer: Ranges): Ranges => {
    const deeper = new Map(outer);
    let count = points.get(outer) ?? 1;
    for (const d of dims) {
      const lo = interval(d.lo, deeper, size)[0];
      const hi = Math.max(lo, interval(d.hi, deeper, size)[1]);
      deeper.set(d.index, [lo, Math.max(lo, hi - 1)]);
      count *= Math.max(1, hi - lo);
    }
    points.set(deeper, count);
    total += count;
    return deeper;
  };
  for (const piece of family.pieces) visit(piece.value, ranges, inner, () => {});
  return total;
}
