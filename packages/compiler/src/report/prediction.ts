/**
 * How long a task takes on a machine of which a few figures are known. With p operations at a time, work W and depth D take
 * at most (W − D) / p + D steps: what is off the longest path shares the lanes, what is on it waits (R. P. Brent, "The parallel
 * evaluation of general arithmetic expressions", J. ACM 21, 1974, lemma 2; the paper is cited in the catalogue under Spira). Here
 * operations have a rate, a step of the longest path a latency, and launches their price.
 */

import { launchesGpu } from "../emit/wgsl/launches";
import { type GpuLayout, layoutGpu } from "../emit/wgsl/layout";
import type { GpuProgram } from "../emit/wgsl/program";
import { familyBox } from "../equations/evaluate-index";
import type { ElementType, Sizes, System } from "../equations/system";
import { componentsOf } from "../equations/values";
import { type Figure, provedForm } from "../symbolic/standing";
import { unroll } from "../unroll/unroll";
import { formsOf } from "./forms";
import { countAt } from "./numbers";

/** Kinds of operations whose rates differ most: bits lie many a word. */
type Rate = "bit" | "int" | "real";

/** Figures of one back end on one machine. What is not known is left out, and then costs nothing: the prediction is a lower bound. */
export interface TargetProfile {
  /** Before the first operation of a run. */
  readonly startSeconds?: number | undefined;
  /** An operation that waits for the one before. */
  readonly latencySeconds?: number | undefined;
  /** With all lanes busy. */
  readonly operationsPerSecond: Readonly<Partial<Record<Rate, number>>>;
  /** Inputs to where it computes, and outputs back. */
  readonly bytesPerSecond?: number | undefined;
  /** A launch that waits for the one before. GPU only. */
  readonly dispatchSeconds?: number | undefined;
  /** All lanes of a workgroup meeting once. GPU only. */
  readonly meetingSeconds?: number | undefined;
  /** The device is the processor itself: the plan for it differs. GPU only. */
  readonly software?: boolean | undefined;
}

export const PROFILE_SCHEMA = "fathom-profile/1";

/** A machine, measured here or taken from what its maker or others publish. Plain JSON. */
export interface MachineProfile {
  readonly schema: typeof PROFILE_SCHEMA;
  readonly name: string;
  /** When it was measured or looked up: YYYY-MM-DD. */
  readonly date: string;
  readonly standing: "measured" | "cited";
  /** The command, or the publications with the figures taken from each. */
  readonly sources: readonly string[];
  readonly targets: Readonly<Partial<Record<"js" | "wasm" | "gpu", TargetProfile>>>;
}

/** What a run asks of a machine. */
interface Demand {
  /** In the ops model. */
  readonly depth: number;
  readonly work: Readonly<Record<Rate, number>>;
  /** Of inputs and outputs. */
  readonly bytes: number;
  readonly dispatches: number;
  readonly meetings: number;
}

const rateOf = (type: ElementType): Rate =>
  type.kind === "bit" || type.kind === "enum"
    ? "bit"
    : type.kind === "real" || type.kind === "vector"
      ? "real"
      : "int";

export interface FiguresAt {
  /** In the steps model. */
  readonly depth: number;
  readonly work: number;
  readonly ops: { readonly depth: number; readonly work: Readonly<Record<Rate, number>> };
}

/** Depth and work at given sizes: counted up to `limit` instances, beyond that from proved forms; undefined where neither goes. */
export function figuresAt(system: System, sizes: Sizes, limit: number): FiguresAt | undefined {
  const rates = new Map(system.families.map((f) => [f.name, rateOf(f.type)]));
  const byRate = (families: Iterable<readonly [string, number]>): Record<Rate, number> => {
    const work = { bit: 0, int: 0, real: 0 };
    for (const [name, amount] of families) work[rates.get(name)!] += amount;
    return work;
  };
  const steps = unroll(system, sizes, { model: "steps", limit });
  const ops = steps.ok ? unroll(system, sizes, { model: "ops", limit }) : steps;
  if (steps.ok && ops.ok) {
    const { depth, work } = steps.result;
    const families = [...ops.result.families].map(([name, f]) => [name, f.work] as const);
    return { depth, work, ops: { depth: ops.result.depth, work: byRate(families) } };
  }
  const forms = formsOf(system);
  // A prediction needs no more digits than a double has.
  const about = (f: Figure): number | undefined => {
    const count = countAt(provedForm(f), sizes);
    return count === undefined ? undefined : Number(count);
  };
  const [depth, work, opsDepth] = [forms.steps.depth, forms.steps.work, forms.ops.depth].map((f) => about(f));
  const families = forms.ops.families.map((f) => [f.name, about(f.work)] as const);
  if (depth === undefined || work === undefined || opsDepth === undefined) return undefined;
  const known = families.flatMap(([name, w]) => (w === undefined ? [] : [[name, w] as const]));
  if (known.length < families.length) return undefined;
  return { depth, work, ops: { depth: opsDepth, work: byRate(known) } };
}

/** Bytes of inputs and outputs, as they travel. */
export const bytesOf = (system: System, sizes: Sizes): number =>
  system.families
    .filter((f) => f.role === "input" || f.role === "param" || f.role === "output")
    .reduce((sum, f) => sum + 4 * componentsOf(f.type) * familyBox(f, sizes).points, 0);

/** Seconds. Undefined where the profile has no rate for operations that the task has. */
export function predict(profile: TargetProfile, demand: Demand): number | undefined {
  const { depth, work, bytes, dispatches, meetings } = demand;
  const total = work.bit + work.int + work.real;
  // The longest path takes its part of every kind of work.
  const off = total === 0 ? 0 : Math.max(0, total - depth) / total;
  let seconds = (profile.startSeconds ?? 0) + depth * (profile.latencySeconds ?? 0);
  for (const kind of ["bit", "int", "real"] as const) {
    if (work[kind] === 0) continue;
    const rate = profile.operationsPerSecond[kind];
    if (rate === undefined) return undefined;
    seconds += (work[kind] * off) / rate;
  }
  if (profile.bytesPerSecond !== undefined) seconds += bytes / profile.bytesPerSecond;
  return seconds + dispatches * (profile.dispatchSeconds ?? 0) + meetings * (profile.meetingSeconds ?? 0);
}

/** Launches of a GPU program and meetings of lanes inside them. Rounds count as one launch a level: `depth` of them. */
export function launchCount(
  program: GpuProgram,
  sizes: Sizes,
  depth: number,
  software: boolean,
): { readonly dispatches: number; readonly meetings: number } {
  const layout: GpuLayout = layoutGpu(program, sizes);
  let [dispatches, meetings] = [0, 0];
  for (const launch of launchesGpu(program, sizes, layout, software)) {
    dispatches += launch.kind === "rounds" ? depth : 1;
    if (launch.kind === "fused" || launch.kind === "tiles") meetings += launch.last - launch.time + 1;
  }
  return { dispatches, meetings };
}

/** Steps with p operations at a time: Brent's bound. */
export const brentSteps = (work: number, depth: number, lanes: number): number =>
  Math.max(0, work - depth) / lanes + depth;

/** What is wrong with a profile that was read, in a sentence; undefined where nothing is. */
export function profileProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "a profile is an object";
  const p = value as Record<string, unknown>;
  if (p.schema !== PROFILE_SCHEMA)
    return `its schema is ${JSON.stringify(p.schema)}, not "${PROFILE_SCHEMA}"`;
  for (const key of ["name", "date"]) if (typeof p[key] !== "string") return `\`${key}\` is not a text`;
  if (p.standing !== "measured" && p.standing !== "cited") return "`standing` is neither measured nor cited";
  if (!Array.isArray(p.sources) || p.sources.length === 0 || !p.sources.every((s) => typeof s === "string"))
    return "`sources` names none";
  if (typeof p.targets !== "object" || p.targets === null) return "`targets` is not an object";
  for (const [target, given] of Object.entries(p.targets)) {
    if (!["js", "wasm", "gpu"].includes(target)) return `${target} is no target: js, wasm, gpu`;
    const { operationsPerSecond: rates, software, ...figures } = given as Record<string, unknown>;
    if (software !== undefined && typeof software !== "boolean")
      return `${target}.software is not a truth value`;
    if (typeof rates !== "object" || rates === null) return `${target}.operationsPerSecond is missing`;
    for (const [key, x] of [...Object.entries(figures), ...Object.entries(rates)])
      if (!KNOWN.has(key) || typeof x !== "number" || !Number.isFinite(x) || x < 0)
        return `${target}.${key} is not a figure that a profile has`;
  }
  return undefined;
}

const KNOWN = new Set([
  "startSeconds",
  "latencySeconds",
  "bytesPerSecond",
  "dispatchSeconds",
  "meetingSeconds",
  "bit",
  "int",
  "real",
]);
