/**
 * The part of a built program that is the same for all: checks what is given, finds a device and runs. `npm run build` packs it with all it
 * needs into one file, and `fathom build --target gpu` writes that around the program.
 */
import { bindValues, checkSizes, type FamilyValues, type Given, type GpuProgram } from "@fathom/compiler";
import type { Diagnostic } from "@fathom/lang";
import { findGpu, type Gpu } from "./device";
import { runOnGpu } from "./run";

export interface PlayerOptions {
  readonly sizes: Readonly<Record<string, number>>;
  /** Flat values in row-major order. */
  readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly seed?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** A device that the caller keeps; one is found and closed where absent. */
  readonly device?: GPUDevice;
}

/** `code` is a diagnostic's: see `fathom explain`. */
export class FathomError extends Error {
  override name = "FathomError";
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

function stop(diagnostics: readonly Diagnostic[]): void {
  const [first] = diagnostics;
  if (first !== undefined) throw new FathomError(first.code, first.message);
}

/** The text of a file beside the module, in Node and in a page. */
export async function load(url: URL): Promise<string> {
  if (url.protocol !== "file:") return (await fetch(url)).text();
  // A name that bundlers for browsers do not follow.
  const name = "node:fs/promises";
  const { readFile } = (await import(name)) as typeof import("node:fs/promises");
  return readFile(url, "utf8");
}

/** The levels of what waits for data; throws where they have no value, and then the run says why. */
type Inspect = (
  options: Pick<PlayerOptions, "sizes" | "inputs" | "seed">,
) => Promise<Record<string, FamilyValues>>;

export function create(
  program: GpuProgram,
  inspect?: Inspect,
): {
  run(options: PlayerOptions): Promise<Record<string, FamilyValues>>;
} {
  return {
    async run({ sizes, inputs, device, ...rest }) {
      stop(checkSizes(program, sizes));
      const bound = new Map<string, FamilyValues>();
      for (const family of program.families) {
        if (family.role !== "input" && family.role !== "param") continue;
        const given = inputs[family.name];
        const flat = given === undefined || ArrayBuffer.isView(given) ? given : Float64Array.from(given);
        const { values, diagnostics } = bindValues(family, sizes, flat as Given | undefined);
        stop(diagnostics);
        bound.set(family.name, values!);
      }
      const flat = Object.fromEntries([...bound].map(([name, { data }]) => [name, data]));
      const levels = await inspect?.({ sizes, inputs: flat, seed: rest.seed ?? 0 }).catch(() => undefined);
      const gpu: Gpu = device === undefined ? findGpu() : { open: async () => device, close() {} };
      try {
        const found = await runOnGpu(program, { ...rest, gpu, sizes, inputs: bound, levels });
        stop(found.diagnostics);
        return Object.fromEntries(found.values);
      } finally {
        gpu.close();
      }
    },
  };
}
