/**
 * A system as data that a GPU runtime follows: what is computed together, in which form, and the shaders for it. Pure: no device is
 * needed to make, read or test a plan.
 */
import type { Recurrence } from "../../algebra/recurrence";
import { exactScans } from "../../algebra/rewrite/rewrites";
import * as build from "../../equations/build";
import { type Box, collectIndices, familyBox, IndexFault } from "../../equations/evaluate-index";
import { runPasses, runPipeline } from "../../equations/pass";
import type { Dim, Expr, Family, IndexExpr, Sizes, System } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { withoutCopies } from "../../schedule/copies";
import { inspectorOf } from "../../schedule/inspector";
import { type Choice, type Packed, packing } from "../../schedule/packing";
import { splitReductions } from "../../schedule/split-reductions";
import { splitScans } from "../../schedule/split-scans";
import { isColumns, stencilOf, tileOf, WORKGROUP_WORDS } from "../../schedule/stencil";
import { leastLag, type Wavefronts, type WaveStep, wavefronts } from "../../schedule/wavefront";
import { visitWord } from "../../schedule/words";
import { guardedReads } from "../../symbolic/reads";
import { Kernels } from "./kernels";
import {
  type GpuFamily,
  type GpuProgram,
  type GpuStep,
  LANES,
  type Placement,
  type Site,
  type Wanted,
} from "./program";
import { mostOf, rangesOf } from "./ranges";

export interface GpuPlan {
  /** What is computed, after passes. */
  readonly system: System;
  readonly waves: Wavefronts;
  /** Bit families of 32 instances a word. */
  readonly packed: ReadonlyMap<string, Packed>;
  /** What a runtime follows. */
  readonly program: GpuProgram;
  /** Levels of what waits for data, as outputs `levelsOf(family)`: to be computed on the processor, once for the same places read. */
  readonly inspector: System | undefined;
}

export interface GpuOptions {
  /** Families besides the outputs whose values are wanted. */
  readonly keep?: readonly string[] | undefined;
  /** Static reads that are not proved to stay inside: checked when it runs. */
  readonly unproved?: ReadonlySet<Expr> | undefined;
  /** Report the first int overflow and the first division by zero. */
  readonly checked?: boolean | undefined;
  /** Operands of a block, a power of two; 64 without. */
  readonly block?: number | undefined;
  /** Words of workgroup memory that a kernel may use; what every device has without. */
  readonly workgroupWords?: number | undefined;
  /** Sizes at which it is to be fast: what lanes there are for decides about scans and blocks. It is right at all. */
  readonly at?: Sizes | undefined;
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
  /** Single recurrences as scans in blocks, where that changes no bit. */
  readonly scans?: "auto" | "never" | undefined;
  /** The device's own quotients and roots, where it was seen to round them as the CPU does. */
  readonly device?: "auto" | "never" | undefined;
  /** Several instances a lane, where they share what they read. */
  readonly patches?: Choice | undefined;
  /** Instances that wait for data by levels, which are computed first. */
  readonly levels?: "auto" | "never" | undefined;
}

export function planGpu(lowered: System, options: GpuOptions = {}): GpuPlan {
  const keep = new Set(options.keep ?? []);
  const unproved = options.unproved ?? new Set<Expr>();
  const { forms = {}, checked = false } = options;
  const { system, waves } = sharedOut(withScans(lowered, keep, options), keep, options);
  const sites: Site[] = [{ code: "too-large" }, { code: "too-large" }];
  const tables: (readonly number[])[] = [];
  const placementOf = placements(system, waves);
  const together = (f: Family) => dimsTogether(f, placementOf.get(f.name));
  const waiting = new Set(
    waves.steps.flatMap((s) => (s.kind === "rounds" ? s.families : [])).map((f) => f.name),
  );
  const packed = packing(system, { choice: forms.packed, unproved, together, waiting });
  const kernels = new Kernels(system, waves, packed, unproved, sites, tables, checked);
  const kernelOf = new Map<string, number>();
  const patchOf = new Map<string, GpuFamily["patch"]>();
  const choicesOf = new Map<string, GpuFamily["choices"]>();
  for (const family of system.families) {
    const placement = placementOf.get(family.name);
    if (placement === undefined) continue;
    kernelOf.set(family.name, kernels.single(family, placement));
    if (forms.patches !== "never") patchOf.set(family.name, kernels.patch(family, placement));
    if (isSettledByLaunch(family, placement))
      choicesOf.set(
        family.name,
        family.pieces.map(({ guard }, k) => ({ guard, kernel: kernels.ofPiece(family, placement, k) })),
      );
  }
  const orderedOf = new Map<string, GpuFamily["ordered"]>();
  const levelsOfStep = new Map<WaveStep, number>();
  let inspector: System | undefined;
  for (const step of waves.steps) {
    if (step.kind !== "rounds" || forms.levels === "never") continue;
    const found = inspectorOf(system, step.families);
    if (found === undefined) continue;
    // A word of instances has one level.
    const split = (f: Family) => found.kept.get(f.name)!.includes(packed.get(f.name)?.dim ?? -1);
    if (step.families.some(split)) continue;
    for (const f of step.families) {
      const kept = found.kept.get(f.name)!;
      orderedOf.set(f.name, { kernel: kernels.listed(f, kept), kept });
    }
    if (forms.oneGroup !== "never")
      levelsOfStep.set(step, kernels.oneGroupOfLevels(step.families, found.kept));
    const known = new Set(inspector?.families.map((f) => f.name));
    const added = found.system.families.filter((f) => !known.has(f.name));
    inspector = { ...system, families: [...(inspector?.families ?? []), ...added] };
  }
  const reads = guardedReads(system);
  const numberOf = new Map(system.families.map((f, k) => [f.name, k]));
  let loops = 0;
  const steps = (given: readonly WaveStep[]): GpuStep[] =>
    given.map((step): GpuStep => {
      if (step.kind === "nest") return { kind: "nest", family: numberOf.get(step.family.name)! };
      if (step.kind === "rounds")
        return {
          kind: "rounds",
          families: step.families.map((f) => numberOf.get(f.name)!),
          oneGroup: levelsOfStep.get(step),
        };
      const members = [...step.members].map(([name, time]) => ({
        family: numberOf.get(name)!,
        ...time,
        wanted: waves.steps.includes(step) ? wantedOf(step, name) : undefined,
      }));
      return { kind: "loop", members, body: steps(step.body), ...formsOf(step) };
    });
  const wantedOf = (step: Loop, name: string): Wanted | undefined => {
    const family = system.families[numberOf.get(name)!]!;
    if (family.role !== "node" || keep.has(name) || kernels.mayFault.has(family)) return undefined;
    const { weights, offset } = step.members.get(name)!;
    const after: IndexExpr[] = [];
    const inside: Wanted["inside"][number][] = [];
    for (const d of reads) {
      if (d.source.name !== name) continue;
      const reader = step.members.get(d.reader.name);
      if (reader !== undefined) {
        const lag = leastLag(d, reader.weights, weights) + reader.offset - offset;
        if (lag < 0) return undefined;
        inside.push({ family: numberOf.get(d.reader.name)!, lag });
        continue;
      }
      let time: IndexExpr = build.integer(offset);
      for (const [k, s] of d.read.at.entries()) {
        if (weights[k] === 0) continue;
        if (s.kind === "dynamic") return undefined;
        time = build.add(time, build.mul(build.integer(weights[k]!), s.value));
      }
      const used = new Set<string>();
      collectIndices(time, used);
      if (used.size > 0) return undefined;
      after.push(time);
    }
    return { after, inside };
  };
  /** The forms of a loop that take many times in one launch. */
  const formsOf = (step: Loop): Partial<Extract<GpuStep, { kind: "loop" }>> => {
    if (!waves.steps.includes(step) || !isFlat(step)) return {};
    const number = loops++;
    const members = membersInOrder(step).map((family) => ({
      family,
      offset: step.members.get(family.name)!.offset,
    }));
    const stencil = stencilOf(step, reads, packed, unproved);
    if (stencil !== undefined && isColumns(stencil) && forms.columns !== "never")
      return { columns: kernels.columns(members, number) };
    const apart =
      forms.oneGroup === "never" || members.some(({ family }) => kernels.manyBranches.has(family));
    const oneGroup = apart ? undefined : kernels.oneGroup(members, number);
    const tile =
      stencil === undefined || forms.tiles === "never"
        ? undefined
        : tileOf(stencil, {
            words: (m) => componentsOf(m.family.type),
            folded: waves.folded,
            always: forms.tiles === "always",
            memory: options.workgroupWords ?? WORKGROUP_WORDS,
          });
    if (stencil === undefined || tile === undefined) return { oneGroup };
    const tiles = {
      always: forms.tiles === "always",
      kernel: kernels.tiles(stencil, tile, number),
      number,
      tile,
      members: stencil.members.map((m) => ({ family: numberOf.get(m.family.name)!, space: m.space })),
      packed: stencil.packed,
    };
    return { oneGroup, tiles };
  };
  const { name, sizes, constraints, origin } = system;
  const ordered = steps(waves.steps);
  const program: GpuProgram = {
    name,
    leastPatches: forms.patches === "always" ? 0 : LEAST_PATCHES,
    sizes,
    constraints,
    origin,
    families: system.families.map((f) => ({
      name: f.name,
      role: f.role,
      dims: f.dims,
      type: f.type,
      origin: f.origin,
      packed: packed.get(f.name)?.dim,
      folded: waves.folded.get(f.name),
      placement: placementOf.get(f.name),
      kernel: kernelOf.get(f.name),
      choices: choicesOf.get(f.name),
      patch: patchOf.get(f.name),
      ordered: orderedOf.get(f.name),
      turns: lanesInTurn(packed.get(f.name)),
      ranges: rangesOf(f),
    })),
    steps: ordered,
    ...kernels.finish(forms.device !== "never"),
    kernels: kernels.kernels,
    sites,
    tables,
    results: system.families.flatMap((f, k) => (f.role === "output" || keep.has(f.name) ? [k] : [])),
  };
  return { system, waves, packed, program, inspector };
}

/** After passes; recurrences of which a launch would compute one instance a time become scans. */
function withScans(lowered: System, keep: ReadonlySet<string>, options: GpuOptions): System {
  const passes = (system: System) => runPipeline(runPasses(keep), system, { verify: false });
  const system = passes(lowered);
  // A read that may fault has to be told of where it was written.
  if (options.forms?.scans === "never" || options.checked === true || (options.unproved?.size ?? 0) > 0)
    return system;
  const before = new Set(system.families.map((f) => f.name));
  const few = ({ copies, length }: Recurrence): boolean => {
    const { at } = options;
    if (at === undefined) return copies.every(isFew);
    const lanes = boxAt({ dims: copies }, at)?.points ?? 0;
    const steps = boxAt({ dims: [{ index: "step", lo: build.integer(0), hi: length }] }, at)?.points ?? 0;
    return lanes <= IDLE && steps > 4 * SCAN_BLOCK;
  };
  const alone = (r: Recurrence) =>
    r.outer === undefined &&
    r.reach === "lags" &&
    few(r) &&
    // Cells that grow in number keep the lanes busy as they are; and some laws then deliver the last row only.
    r.state.every((s) => s.count?.kind === "integer" && !keep.has(s.family));
  const scanned = exactScans(system, alone)?.system ?? system;
  const associative = new Set(scanned.families.map((f) => f.name).filter((n) => !before.has(n)));
  const split = splitScans(scanned, { block: options.block ?? SCAN_BLOCK, keep, associative });
  return split === system ? system : withoutCopies(passes(split), keep);
}

/** Copies of a recurrence that leave nearly all lanes idle, whatever the sizes. */
const FEW = 8;

/** Fewer instances side by side leave lanes of a device idle. */
const IDLE = 2048;

const isFew = ({ lo, hi }: Dim): boolean => isAtMost(build.sub(hi, lo), FEW);
const isAtMost = (e: IndexExpr, most: number): boolean =>
  e.kind === "min"
    ? isAtMost(e.left, most) || isAtMost(e.right, most)
    : e.kind === "integer" && e.value <= most;

/** A family's box at these sizes; undefined where a bound has no value. */
function boxAt(family: Pick<Family, "dims">, sizes: Sizes): Box | undefined {
  try {
    return familyBox(family, sizes);
  } catch (error) {
    if (error instanceof IndexFault) return undefined;
    throw error;
  }
}

/** Places of a scan that one lane runs through. */
const SCAN_BLOCK = 64;

/** Where lanes would stay idle while one of them reduces much: the reduction shared out, level by level. */
function sharedOut(
  given: System,
  keep: ReadonlySet<string>,
  options: GpuOptions,
): { readonly system: System; readonly waves: Wavefronts } {
  let [system, waves] = [given, wavefronts(given, keep)];
  // In another order other partial sums wrap.
  const choice = options.checked === true ? "never" : (options.forms?.blocks ?? "auto");
  const { at } = options;
  if (choice === "never") return { system, waves };
  for (let level = 0; level < BLOCK_LEVELS; level++) {
    const placementOf = placements(system, waves);
    const narrow = (f: Family): boolean => {
      const placement = placementOf.get(f.name);
      if (placement === undefined || placement.rounds !== undefined) return false;
      // In a loop every level is one more launch a time.
      if (level > 0 && (placement.wave !== undefined || placement.fixed.length > 0)) return false;
      return choice === "always"
        ? level === 0
        : at !== undefined || dimsTogether(f, placement).every((d) => isFew(f.dims[d]!));
    };
    const block = options.block ?? BLOCK;
    /** What lanes would do alone, and how many there are, at the sizes asked for. */
    const few = (f: Family, operands: IndexExpr): boolean => {
      if (isAtMost(operands, block)) return true;
      if (at === undefined || choice === "always") return false;
      const placement = placementOf.get(f.name);
      const inLoop = placement?.wave !== undefined || (placement?.fixed.length ?? 0) > 0;
      const box = boxAt(f, at);
      if (box === undefined) return true;
      const lanes = box.extent.reduce((n, x, d) => (isGivenByLaunch(placement, d) ? n : n * x), 1);
      const most = mostOf(operands, f, box, at);
      if (most > LONG_LANE) return false;
      return (
        most <= 2 * block || lanes > IDLE || lanes * most < (inLoop ? WORTH_A_LAUNCH_A_TIME : WORTH_A_LAUNCH)
      );
    };
    const split = splitReductions(system, { narrow, block, few, unproved: options.unproved ?? new Set() });
    if (split === system) break;
    const after = wavefronts(split, keep);
    if (countRounds(after.steps) > countRounds(waves.steps)) break;
    [system, waves] = [split, after];
  }
  return { system, waves };
}

/** Operands that make it worth to launch once more; in a loop that is at every time. */
const WORTH_A_LAUNCH = 2 ** 13;
const WORTH_A_LAUNCH_A_TIME = 2 ** 18;
/** More operands than this in one lane, and a device's watchdog may end the dispatch. */
const LONG_LANE = 2 ** 20;

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

const isGivenByLaunch = (placement: Placement | undefined, dim: number): boolean =>
  placement?.fixed.includes(dim) === true || placement?.wave?.pivot === dim;

/** Whether sizes and what a launch fixes, such as its time, say which of a family's few pieces applies. */
function isSettledByLaunch(family: Family, { fixed, wave, rounds }: Placement): boolean {
  if (family.pieces.length < 2 || family.pieces.length > MOST_PIECES || rounds !== undefined) return false;
  const alone = wave?.weights.every((w, d) => w === 0 || d === wave.pivot) === true;
  const known = new Set(
    family.dims.flatMap((d, k) => (fixed.includes(k) || (alone && k === wave?.pivot) ? [d.index] : [])),
  );
  const used = new Set<string>();
  for (const { guard } of family.pieces)
    for (const all of guard)
      for (const { left, right } of all) for (const e of [left, right]) collectIndices(e, used);
  return [...used].every((i) => known.has(i));
}

/** Fewer leave lanes of a device idle. */
const LEAST_PATCHES = 4096;

/** Each piece is compiled by itself. */
const MOST_PIECES = 4;

function placements(system: System, waves: Wavefronts): ReadonlyMap<string, Placement> {
  const placementOf = new Map<string, Placement>();
  for (const f of system.families) if (f.role === "random") placementOf.set(f.name, { fixed: [] });
  const place = (steps: readonly WaveStep[], fixed: ReadonlyMap<string, readonly number[]>): void => {
    for (const step of steps) {
      if (step.kind === "nest")
        placementOf.set(step.family.name, { fixed: fixed.get(step.family.name) ?? [] });
      else if (step.kind === "rounds") {
        const rounds = step.families.map((f) => f.name);
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

/** How often a call evaluates expressions anew. */
function lanesInTurn(packed: Packed | undefined): number {
  let times = 1;
  if (packed?.word !== undefined)
    visitWord(packed.word, (w) => {
      if (w.kind === "each") times = LANES;
    });
  return times;
}
