/** Runs a compiled task on a back end: the same outcome whatever computes. */
import {
  type Compiled,
  type FamilyValues,
  type GpuPlan,
  type MachineProfile,
  place,
  planGpu,
  type Sizes,
} from "@fathom/compiler";
import { catalogue, type Diagnostic, type DiagnosticCode } from "@fathom/lang";
import type { DeviceReport, Gpu } from "@fathom/runtime-gpu";
import { chooseTarget, type Target } from "./choose";
import { type EmittedModule, loadModule } from "./load";

/** One run: sizes, values, target, and how it is followed and stopped. */
export interface ExecuteOptions {
  readonly sizes: Sizes;
  /** A value for every input and param family: see `bindValues`. */
  readonly inputs: ReadonlyMap<string, FamilyValues>;
  /** Key of the `random` families; 0 where absent. */
  readonly seed?: number | undefined;
  /**
   * `auto` (the default): WebAssembly, or JavaScript beyond the sizes that WebAssembly takes; with a `profile`, what it foretells
   * to be the fastest, a GPU where that is faster by far and there is one.
   */
  readonly target?: Target | "auto" | undefined;
  /** What this machine does in which time: see `calibrate`. */
  readonly profile?: MachineProfile | undefined;
  /** Families to deliver besides the outputs. */
  readonly keep?: readonly string[] | undefined;
  /** Report the first int overflow and the first division by zero. */
  readonly checked?: boolean | undefined;
  /** Told how far the current step of the schedule is. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Ends the run: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** A device that the caller keeps; one is found and closed where absent. */
  readonly gpu?: Gpu | undefined;
}

/** The values of a family; of an enum, the names of what they number. */
export interface Output extends FamilyValues {
  readonly cases?: readonly string[];
}

/** Whole outputs, or what went wrong and none. */
export interface Outcome {
  /** What computed. */
  readonly target: Target;
  readonly outputs: Readonly<Record<string, Output>>;
  readonly diagnostics: readonly Diagnostic[];
  /** The GPU that computed. */
  readonly device?: DeviceReport | undefined;
}

/** Modules of compiled tasks that were loaded already, by what they were asked for. */
const loaded = new WeakMap<Compiled, Map<string, Promise<EmittedModule>>>();

function moduleOf(
  compiled: Compiled,
  target: "js" | "wasm",
  checked: boolean,
  keep: readonly string[],
): Promise<EmittedModule> {
  const known = loaded.get(compiled) ?? new Map<string, Promise<EmittedModule>>();
  loaded.set(compiled, known);
  const key = JSON.stringify([target, checked, keep]);
  const module = known.get(key) ?? loadModule(compiled, target, { checked, keep });
  known.set(key, module);
  return module;
}

const planned = new WeakMap<Compiled, Map<string, GpuPlan>>();

/** Plans are made for sizes; those of the last few are kept. */
const PLANS = 8;

function planOf(compiled: Compiled, keep: readonly string[], checked: boolean, at: Sizes): GpuPlan {
  const known = planned.get(compiled) ?? new Map<string, GpuPlan>();
  planned.set(compiled, known);
  const key = JSON.stringify([keep, checked, at]);
  const plan = known.get(key) ?? planGpu(compiled.system, { keep, checked, unproved: compiled.unproved, at });
  known.delete(key);
  known.set(key, plan);
  const [oldest] = known.keys();
  if (known.size > PLANS) known.delete(oldest!);
  return plan;
}

type Levels = Readonly<Record<string, FamilyValues>>;
interface Inspected {
  readonly key: string;
  /** Copies: the caller may write into its own. */
  readonly places: ReadonlyMap<string, FamilyValues["data"]>;
  readonly levels: Levels | undefined;
}
const inspected = new WeakMap<GpuPlan, Inspected>();

/**
 * The levels of what waits for data, in JavaScript; those of the last run where the same places are read. Undefined where there are none,
 * or where they have no value: the run itself then says why.
 */
export async function levelsFor(
  plan: GpuPlan,
  { unproved }: Pick<Compiled, "unproved">,
  { sizes, inputs, seed = 0 }: Pick<ExecuteOptions, "sizes" | "inputs" | "seed">,
): Promise<Levels | undefined> {
  const { inspector } = plan;
  if (inspector === undefined) return undefined;
  const given = inspector.families.filter((f) => f.role === "input" || f.role === "param");
  const key = JSON.stringify([sizes, seed]);
  const before = inspected.get(plan);
  const same = (name: string, data: FamilyValues["data"]) => {
    const old = before!.places.get(name)!;
    return old.length === data.length && data.every((v, k) => Object.is(v, old[k]));
  };
  if (before?.key === key && given.every((f) => same(f.name, inputs.get(f.name)!.data))) return before.levels;
  const module = await loadModule({ system: inspector, unproved }, "js");
  const flat = Object.fromEntries(given.map((f) => [f.name, inputs.get(f.name)!.data]));
  let levels: Levels | undefined;
  try {
    levels = await module.runAsync({ sizes, inputs: flat, seed });
  } catch (error) {
    if ((error as Error).name !== "FathomError") throw error;
  }
  const places = new Map(given.map((f) => [f.name, inputs.get(f.name)!.data.slice()]));
  inspected.set(plan, { key, places, levels });
  return levels;
}

/** Sizes must satisfy `where` (`sizeProblems`) and inputs be bound. Rejects only when cancelled, or through a fault of ours. */
export async function execute(compiled: Compiled, options: ExecuteOptions): Promise<Outcome> {
  const { sizes, inputs, seed = 0, keep = [], checked = false, onProgress, signal } = options;
  signal?.throwIfAborted();
  const { target: wanted = "auto", profile } = options;
  const choice =
    wanted === "auto"
      ? chooseTarget(compiled, () => planOf(compiled, keep, checked, sizes).program, { sizes, profile })
      : { target: wanted, otherwise: "wasm" as const };
  const { target } = choice;
  if (target === "gpu") {
    const { findGpu, runOnGpu } = await import("@fathom/runtime-gpu");
    const gpu = options.gpu ?? findGpu();
    try {
      if (wanted === "auto" && typeof (await gpu.open()) === "string")
        return execute(compiled, { ...options, target: choice.otherwise });
      const plan = planOf(compiled, keep, checked, sizes);
      const levels = await levelsFor(plan, compiled, { sizes, inputs, seed });
      const found = await runOnGpu(plan.program, {
        gpu,
        sizes,
        inputs,
        seed,
        levels,
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(signal === undefined ? {} : { signal }),
      });
      const { diagnostics, device } = found;
      return { target, outputs: named(compiled, Object.fromEntries(found.values)), diagnostics, device };
    } finally {
      if (options.gpu === undefined) gpu.close();
    }
  }
  const module = await moduleOf(compiled, target, checked, keep);
  try {
    const flat = Object.fromEntries([...inputs].map(([name, v]) => [name, v.data]));
    const outputs = await module.runAsync({ sizes, inputs: flat, seed, onProgress, signal });
    return { target, outputs: named(compiled, outputs), diagnostics: [] };
  } catch (error) {
    const problem = fault(compiled, error);
    if (problem === undefined) throw error;
    return { target, outputs: {}, diagnostics: [problem] };
  }
}

const named = ({ system }: Compiled, outputs: Readonly<Record<string, FamilyValues>>): Outcome["outputs"] =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, values]) => {
      const type = system.families.find((f) => f.name === name)?.type;
      return [name, type?.kind === "enum" ? { ...values, cases: type.cases } : values];
    }),
  );

/** What an emitted module threw, as the diagnostic it stands for. */
function fault(compiled: Compiled, error: unknown): Diagnostic | undefined {
  const { code, message, name } = error as Error & { code?: string };
  const at = place(compiled.system.origin);
  if (name === "FathomError" && code !== undefined && Object.hasOwn(catalogue, code))
    return { code: code as DiagnosticCode, severity: "error", message, ...at };
  // The engine has no room for an array.
  if (error instanceof RangeError)
    return { code: "too-large", severity: "error", message: `${message}: choose smaller sizes`, ...at };
  return undefined;
}
