/** Whether a program means the same to the interpreter and on a GPU. Runs in Node and in a page. */
import {
  type Compiled,
  compileTask,
  type FamilyValues,
  type GpuForms,
  interpret,
  planGpu,
  randomInputs,
} from "@fathom/compiler";
import { check, type Diagnostic } from "@fathom/lang";
import { levelsFor } from "@fathom/runtime";
import { type Gpu, runOnGpu } from "@fathom/runtime-gpu";
import type { RandomProgram } from "./random-program";

export { findGpu } from "@fathom/runtime-gpu";

/** Ways to compile that must not matter. */
const gpuForms: readonly GpuForms[] = [
  {},
  { packed: "never", columns: "never", blocks: "always", device: "never", patches: "always" },
  { packed: "always", oneGroup: "never", columns: "never", tiles: "always" },
  {
    packed: "never",
    oneGroup: "never",
    columns: "never",
    tiles: "always",
    blocks: "never",
  },
  { packed: "always", oneGroup: "never", columns: "never", tiles: "never" },
];

/** What differs, bit for bit (NaN is NaN, and −0 is not 0); undefined where nothing does. */
export async function gpuMismatch(
  { text, sizes, seed }: RandomProgram,
  gpu: Gpu,
): Promise<string | undefined> {
  const program = check("random.fathom", text);
  const compiled = compileTask(program, program.tasks[0]!);
  const { system } = compiled;
  const inputs = randomInputs(system, sizes, seed);
  const reference = interpret(system, { sizes, inputs, seed });
  const nodes = system.families.filter((f) => f.role === "node").map((f) => f.name);
  // As a user gets it, and one other way with all families wanted.
  for (const [keep, forms] of [
    [[], gpuForms[0]!],
    [seed % 2 === 0 ? nodes : [], gpuForms[1 + (seed % (gpuForms.length - 1))]!],
  ] as const) {
    // Small tiles: a software device takes long to compile large workgroup memory.
    const options = { keep, unproved: compiled.unproved, forms, block: 2, workgroupWords: 300, at: sizes };
    const plan = planGpu(system, options);
    const levels = seed % 3 === 0 ? undefined : await levelsFor(plan, compiled, { sizes, inputs, seed });
    const found = await runOnGpu(plan.program, { gpu, sizes, inputs, seed, levels });
    if (found.diagnostics.some(isRefusal)) return undefined;
    const codes = [reference, found].map((r) => r.diagnostics.map((d) => d.code).join());
    if (codes[0] !== codes[1])
      return `${text}\ninterpreter: ${codes[0]}, GPU: ${codes[1]} ${JSON.stringify(forms)}`;
    for (const [name, { data }] of found.values) {
      const wanted = reference.values.get(name)!.data;
      if (Array.from(data).every((v, k) => Object.is(v, wanted[k]))) continue;
      if (!meetsSubnormal(reference.values))
        return `${text}\n${name} at ${JSON.stringify(sizes)}, ${JSON.stringify(forms)}, seed ${seed}: GPU ${data}, interpreter ${wanted}`;
    }
  }
  return seed % 3 === 1 ? checkedMismatch(compiled, { text, sizes, seed }, gpu, inputs) : undefined;
}

/** A device may take numbers below 2^-126 for 0 (decision 4): what a program makes of them is its own. */
const meetsSubnormal = (values: ReadonlyMap<string, FamilyValues>): boolean =>
  [...values.values()].some(({ data }) => Array.from(data).some((x) => x !== 0 && Math.abs(x) < 2 ** -126));

/** A static expression that 32 bits do not hold is refused before anything runs: a limit that is stated, not another meaning. */
const isRefusal = (d: Diagnostic): boolean =>
  d.code === "gpu-too-small" && d.message.includes("the index expression");

/** With checks and everything kept, the GPU reports a fault exactly where the interpreter does. */
async function checkedMismatch(
  { system, unproved }: Compiled,
  { text, sizes, seed }: RandomProgram,
  gpu: Gpu,
  inputs: ReadonlyMap<string, FamilyValues>,
): Promise<string | undefined> {
  const keep = system.families.filter((f) => f.role === "node").map((f) => f.name);
  const reference = interpret(system, { sizes, inputs, seed, checked: true });
  const { program } = planGpu(system, { keep, unproved, checked: true });
  const found = await runOnGpu(program, { gpu, sizes, inputs, seed });
  if (found.diagnostics.some(isRefusal)) return undefined;
  const codes = [reference, found].map((r) => r.diagnostics.map((d) => d.code).join());
  // Of several faults each may meet another first.
  if ((codes[0] === "") === (codes[1] === "")) return undefined;
  return `${text}\nchecked at ${JSON.stringify(sizes)}, seed ${seed}: interpreter ${codes[0]}, GPU ${codes[1]}`;
}
