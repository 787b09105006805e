import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileTask, interpret, randomInputs, unroll } from "@fathom/compiler";
import { check } from "@fathom/lang";
import { loadModule } from "@fathom/runtime";
import { describe, expect, test } from "vitest";
import { type Kernel, kernelToFathom, sharedData } from "../src/index";

const folder = sharedData("span");
const kernels: Kernel[] =
  folder === undefined ? [] : JSON.parse(readFileSync(join(folder, "kernels.json"), "utf8")).kernels;

describe.skipIf(folder === undefined)(
  "the same systems run: emitted JavaScript, WebAssembly and interpreter agree",
  () => {
    test.each(kernels.map((k) => [k.id, k] as const))("%s", async (_, kernel) => {
      const program = check("kernel.fathom", kernelToFathom(kernel));
      const compiled = compileTask(program, program.tasks[0]!);
      const { system } = compiled;
      const keep = system.families.filter((f) => f.role === "node").map((f) => f.name);
      const modules = [
        await loadModule(compiled, "js", { keep }),
        await loadModule(compiled, "wasm", { keep }),
      ];
      for (const sample of kernel.samples.slice(0, 6)) {
        const sizes = Object.fromEntries(kernel.params.map((p, k) => [p, sample.p[k]!]));
        const inputs = randomInputs(system, sizes, 5);
        const reference = interpret(system, { sizes, inputs });
        expect(reference.diagnostics).toEqual([]);
        const given = Object.fromEntries([...inputs].map(([k, v]) => [k, v.data]));
        for (const module of modules) {
          const found = module.run({ sizes, inputs: given });
          for (const name of keep)
            expect(Array.from(found[name]!.data), `${name} at ${JSON.stringify(sizes)}`).toEqual(
              Array.from(reference.values.get(name)!.data),
            );
        }
      }
    });
  },
);

describe.skipIf(folder === undefined)("systems of recurrences with known depth and work", () => {
  test("there are 42", () => expect(kernels).toHaveLength(42));

  test.each(kernels.map((k) => [k.id, k] as const))("%s", (_, kernel) => {
    const text = kernelToFathom(kernel);
    const program = check("kernel.fathom", text);
    expect(program.diagnostics, text).toEqual([]);
    const compiled = compileTask(program, program.tasks[0]!);
    expect(compiled.diagnostics, text).toEqual([]);
    for (const sample of kernel.samples) {
      const sizes = Object.fromEntries(kernel.params.map((p, k) => [p, sample.p[k]!]));
      const at = `${kernel.id} at ${JSON.stringify(sizes)}\n${text}`;
      const steps = unroll(compiled.system, sizes, { model: "steps" });
      const ops = unroll(compiled.system, sizes, { model: "ops" });
      if (!steps.ok || !ops.ok)
        throw new Error(
          `${at}: ${JSON.stringify([steps, ops].flatMap((r) => (r.ok ? [] : r.diagnostics.map((d) => d.message))))}`,
        );
      expect(steps.result.depth, at).toBe(sample.U);
      expect(ops.result.depth, at).toBe(sample.B ?? sample.U);
      // The listed work counts a fold of m operands as m − 1 operations: the ops model.
      expect(ops.result.work, at).toBe(sample.work);
      // In steps a fold is one gate: as much work as ops only where nothing is folded.
      if (kernel.equations.every((e) => e.op === "map")) expect(steps.result.work, at).toBe(sample.work);
      else expect(steps.result.work, at).toBeLessThanOrEqual(sample.work);
    }
  });
});
