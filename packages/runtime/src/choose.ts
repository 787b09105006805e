/** Which back end `auto` takes. The rule is documented in docs/reference/prediction.md. */
import {
  bytesOf,
  type Compiled,
  type FiguresAt,
  figuresAt,
  type GpuProgram,
  launchCount,
  type MachineProfile,
  predict,
  type Sizes,
  WASM_SIZE_LIMIT,
} from "@fathom/compiler";

/** Plain JavaScript, WebAssembly, or a WebGPU device. */
export type Target = "js" | "wasm" | "gpu";

/** A GPU must be foretold this much faster: foretold times are good to a power of two at best, and a device has to be found first. */
const GPU_MARGIN = 2;
/** Beyond so many instances depth and work come from proved forms. */
const MOST_INSTANCES = 20_000;

/** Seconds that a profile foretells for each of its targets. */
export function foretell(
  { system }: Pick<Compiled, "system">,
  program: () => GpuProgram,
  sizes: Sizes,
  { ops }: FiguresAt,
  { targets }: MachineProfile,
): Partial<Record<Target, number>> {
  const found: Partial<Record<Target, number>> = {};
  const shared = { depth: ops.depth, work: ops.work, bytes: bytesOf(system, sizes) };
  for (const target of ["js", "wasm", "gpu"] as const) {
    const profile = targets[target];
    if (profile === undefined) continue;
    const launches =
      target === "gpu"
        ? launchCount(program(), sizes, ops.depth, profile.software === true)
        : { dispatches: 0, meetings: 0 };
    const seconds = predict(profile, { ...shared, ...launches });
    if (seconds !== undefined) found[target] = seconds;
  }
  return found;
}

/** What a choice of a target goes by. */
export interface Choice {
  readonly sizes: Sizes;
  /** What this machine does in which time; without, WebAssembly is taken wherever it goes. */
  readonly profile?: MachineProfile | undefined;
}

/** What `auto` is: the target, and the one instead of it where there is no device. */
export function chooseTarget(
  compiled: Pick<Compiled, "system">,
  program: () => GpuProgram,
  { sizes, profile }: Choice,
): { readonly target: Target; readonly otherwise: Exclude<Target, "gpu"> } {
  const fits = Object.values(sizes).every((n) => n <= WASM_SIZE_LIMIT);
  if (!fits || !("WebAssembly" in globalThis)) return { target: "js", otherwise: "js" };
  const figures = profile === undefined ? undefined : figuresAt(compiled.system, sizes, MOST_INSTANCES);
  if (profile === undefined || figures === undefined) return { target: "wasm", otherwise: "wasm" };
  const { js, wasm, gpu } = foretell(compiled, program, sizes, figures, profile);
  const otherwise = js !== undefined && wasm !== undefined && js < wasm ? "js" : "wasm";
  const cpu = otherwise === "js" ? js : wasm;
  const far = gpu !== undefined && cpu !== undefined && GPU_MARGIN * gpu < cpu;
  return { target: far ? "gpu" : otherwise, otherwise };
}
