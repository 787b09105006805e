import { compileTask, type FamilyValues, interpret, planGpu, randomValues } from "@fathom/compiler";
import { check } from "@fathom/lang";
import { findGpu, runOnGpu } from "@fathom/runtime-gpu";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type RandomProgram, randomProgram } from "../src/index";

const RUNS = Number(process.env.FATHOM_GPU_PROGRAMS ?? 60);
const SEED = process.env.FATHOM_FUZZ_SEED === undefined ? 20_261_124 : Number(process.env.FATHOM_FUZZ_SEED);

const gpu = findGpu();
const device = await gpu.open();
// A developer's machine may have none; in CI that is a failure.
const missing = typeof device === "string" && process.env.CI === undefined;
if (missing) console.warn(`skipped: ${device}`);
afterAll(() => gpu.close());

/** Interpreter and WGSL on the device, bit for bit: NaN is NaN, and −0 is not 0. */
async function agrees({ text, sizes, seed }: RandomProgram): Promise<void> {
  const program = check("random.fathom", text);
  expect(program.diagnostics, text).toEqual([]);
  const compiled = compileTask(program, program.tasks[0]!);
  const { system } = compiled;
  const inputs = new Map<string, FamilyValues>();
  for (const f of system.families) if (f.role === "input") inputs.set(f.name, randomValues(f, sizes, seed));
  const reference = interpret(system, { sizes, inputs, seed });
  for (const keep of [[], system.families.filter((f) => f.role === "node").map((f) => f.name)]) {
    const plan = planGpu(system, { keep, unproved: compiled.unproved });
    const found = await runOnGpu(plan, { gpu, sizes, inputs, seed });
    expect(
      found.diagnostics.map((d) => d.code),
      text,
    ).toEqual(reference.diagnostics.map((d) => d.code));
    for (const [name, { data }] of found.values) {
      const wanted = reference.values.get(name)!.data;
      const differs = Array.from(data).findIndex((v, k) => !Object.is(v, wanted[k]));
      expect(
        differs,
        `${text}\n${name} at ${JSON.stringify(sizes)}, seed ${seed}: WGSL ${data} interpreter ${wanted}`,
      ).toBe(-1);
    }
  }
}

test.skipIf(missing)(
  `${RUNS} random programs mean the same to the interpreter and on the GPU`,
  {
    timeout: 7_200_000,
  },
  async () => {
    expect(typeof device).not.toBe("string");
    await fc.assert(fc.asyncProperty(randomProgram, agrees), { numRuns: RUNS, seed: SEED });
  },
);
