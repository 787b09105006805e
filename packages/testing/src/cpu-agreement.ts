/** Whether a program means the same to the interpreter and to the code emitted for a CPU. Runs in Node and in a page. */
import { compileTask, type FamilyValues, interpret, randomInputs, unroll } from "@fathom/compiler";
import { check } from "@fathom/lang";
import { loadModule } from "@fathom/runtime";

/** A text with one task, its sizes, and the seed of its inputs. */
export interface SizedProgram {
  readonly text: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly seed: number;
}

/** JavaScript, WebAssembly, and WebAssembly with every form of code forced where it is right. */
export type CpuTarget = "js" | "wasm" | "wasm-forced";

/**
 * What differs, bit for bit (NaN is NaN, and −0 is not 0); undefined where nothing does. A program runs checked and unchecked, its inner
 * families kept and not: in `all` these ways, or in `one` of them, which its seed decides.
 */
export async function cpuMismatch(
  { text, sizes, seed }: SizedProgram,
  targets: readonly CpuTarget[] = ["js", "wasm", "wasm-forced"],
  ways: "all" | "one" = "all",
): Promise<string | undefined> {
  const program = check("random.fathom", text);
  const wrong = (what: string): string => `${text}\nat ${JSON.stringify(sizes)}, seed ${seed}: ${what}`;
  if (program.diagnostics.length > 0) return wrong(program.diagnostics.map((d) => d.message).join("; "));
  const compiled = compileTask(program, program.tasks[0]!);
  const refused = compiled.diagnostics.map((d) => d.code);
  // `3 mod i == 1` has no value at i = 0: the program is refused, as it should be.
  if (refused.length > 0 && refused.every((code) => code === "index-undefined")) return undefined;
  if (refused.length > 0) return wrong(refused.join());
  const { system } = compiled;
  const inputs = randomInputs(system, sizes, seed);
  const nodes = system.families.filter((f) => f.role === "node").map((f) => f.name);
  // Reals of both signs, zeros of both and what is no number, for half of the programs; all from 0 to 1 for the others.
  if (seed % 8 >= 4)
    for (const { data } of inputs.values())
      if (data instanceof Float32Array)
        data.forEach((v, k) => {
          data[k] = [v, -v, v - 0.5, -0, Number.NaN, v, Number.POSITIVE_INFINITY][(seed + k * k) % 7]!;
        });
  const given = Object.fromEntries([...inputs].map(([k, v]) => [k, v.data]));
  for (const checked of ways === "all" ? [false, true] : [seed % 2 === 1]) {
    const reference = interpret(system, { sizes, inputs, seed, checked });
    const fault = reference.diagnostics[0]?.code;
    // A static condition that divides by zero is a fault of the program, and all say so.
    if (!checked && fault !== undefined && fault !== "too-large") return wrong(`interpreter: ${fault}`);
    if (!checked) {
      const steps = unroll(system, sizes, { model: "steps" });
      if (steps.ok !== (fault === undefined)) return wrong(`unrolling: ${steps.ok}`);
    }
    // What is dropped cannot fault: with everything kept, code faults exactly where the interpreter does.
    const either = ways === "all" ? [[], nodes] : [seed % 4 < 2 ? [] : nodes];
    for (const keep of fault === undefined ? either : [nodes]) {
      for (const target of targets) {
        const forms =
          target === "wasm-forced"
            ? ({ packed: "always", lanes: "always", tiles: "always" } as const)
            : undefined;
        const language = target === "js" ? "js" : "wasm";
        const module = await loadModule(compiled, language, { keep, checked, forms });
        let found: Record<string, FamilyValues>;
        try {
          found = module.run({ sizes, inputs: given, seed });
        } catch (error) {
          if ((error as Error).name !== "FathomError") throw error;
          if (fault !== undefined) continue;
          return wrong(`${target}: ${(error as Error).message}`);
        }
        if (fault !== undefined) return wrong(`${target} runs, the interpreter says ${fault}`);
        for (const [name, { data }] of Object.entries(found)) {
          const wanted = reference.values.get(name)!.data;
          if (data.length !== wanted.length || !Array.from(data).every((v, k) => Object.is(v, wanted[k])))
            return wrong(`${name}: ${target} ${data}, interpreter ${wanted}`);
        }
      }
    }
  }
  return undefined;
}
