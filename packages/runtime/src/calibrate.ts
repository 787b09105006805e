/** The figures of this machine that predictions rest on, measured with small programs of known depth and work. */
import {
  compileTask,
  type GpuForms,
  planGpu,
  randomInputs,
  type Sizes,
  type TargetProfile,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import { type Gpu, isSoftware, runOnGpu } from "@fathom/runtime-gpu";
import type { Target } from "./choose";
import { execute } from "./execute";

const PROBES = `
task Start() { input x: int
  output y = x + 1 }
task Copy(n: size) { input x[i: 0..n]: int
  output y[i: 0..n] = x[i] }
task Chain(T: size) { input x: int
  node s[t: 0..=T]: int = if t == 0 { x } else { s[t-1] * 3 + 1 }
  output y = s[T] }
task Bits(n: size, T: size) { input x[i: 0..n]: bit
  node s[t: 0..=T, i: 0..n]: bit = if t == 0 { x[i] } else { s[t-1, (i+1) mod n] xor (s[t-1, i] and s[t-1, (i-1) mod n]) }
  output y[i: 0..n] = s[T, i] }
task Ints(n: size, T: size) { input x[i: 0..n]: int
  node s[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { s[t-1, i] * 3 + 1 }
  output y[i: 0..n] = s[T, i] }
task Reals(n: size, T: size) { input x[i: 0..n]: real
  node s[t: 0..=T, i: 0..n]: real = if t == 0 { x[i] } else { s[t-1, i] * 0.5 + 0.25 }
  output y[i: 0..n] = s[T, i] }
task Ring(n: size, T: size) { input x[i: 0..n]: int
  node s[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { s[t-1, (i+1) mod n] + 1 }
  output y[i: 0..n] = s[T, i] }`;

type Probe = "Start" | "Copy" | "Chain" | "Bits" | "Ints" | "Reals" | "Ring";

/** The first run compiles; the fastest of the others counts. */
const RUNS = 4;
/** Seconds that a difference of two times has to reach. */
const CLEAR = 0.01;
const MOST_STEPS = 2 ** 22;

/** Seconds, operations and bytes; a text where the back end does not run here. */
export async function calibrate(target: Target, gpu?: Gpu): Promise<TargetProfile | string> {
  const program = check("probes.fathom", PROBES);
  let missing: string | undefined;
  const seconds = async (name: Probe, sizes: Sizes, forms: GpuForms = {}): Promise<number> => {
    const compiled = compileTask(program, program.tasks.find((t) => t.name.text === name)!);
    const { system } = compiled;
    const inputs = randomInputs(system, sizes, 1);
    const plan = target === "gpu" ? planGpu(system, { forms }).program : undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let run = 0; run <= RUNS && missing === undefined; run++) {
      const started = performance.now();
      const { diagnostics } =
        plan === undefined
          ? await execute(compiled, { sizes, inputs, target })
          : await runOnGpu(plan, { gpu: gpu!, sizes, inputs });
      if (run > 0) least = Math.min(least, (performance.now() - started) / 1000);
      missing = diagnostics[0]?.message;
    }
    return least;
  };
  const start = await seconds("Start", {});
  if (missing !== undefined) return missing;
  /**
   * Seconds that one more step takes: the difference between T and 2T steps, so that what is the same in both does not count; T grows until
   * the difference stands out.
   */
  const perStep = async (name: Probe, sizes: Sizes, first: number, forms?: GpuForms): Promise<number> => {
    let before = await seconds(name, { ...sizes, T: first }, forms);
    for (let T = 2 * first; ; T *= 2) {
      const now = await seconds(name, { ...sizes, T }, forms);
      if (now - before >= CLEAR || T >= MOST_STEPS) return Math.max(now - before, 1e-7) / (T / 2);
      before = now;
    }
  };
  const cells = 2 ** 20;
  const copied = Math.max((await seconds("Copy", { n: cells })) - start, 1e-7);
  const latencySeconds = (await perStep("Chain", {}, 2 ** 12)) / 2;
  const wide = 2 ** 16;
  const operationsPerSecond = {
    int: (2 * wide) / (await perStep("Ints", { n: wide }, 4)),
    real: (2 * wide) / (await perStep("Reals", { n: wide }, 4)),
    bit: (2 * 8 * wide) / (await perStep("Bits", { n: 8 * wide }, 4)),
  };
  const shared = {
    startSeconds: start,
    latencySeconds,
    operationsPerSecond,
    bytesPerSecond: (8 * cells) / copied,
  };
  if (target !== "gpu") return shared;
  const apart = { tiles: "never" } as const;
  const device = await gpu!.open();
  return {
    ...shared,
    dispatchSeconds: await perStep("Ring", { n: 512 }, 64, { ...apart, oneGroup: "never" }),
    meetingSeconds: await perStep("Ring", { n: 64 }, 64, apart),
    software: typeof device !== "string" && isSoftware(device),
  };
}
