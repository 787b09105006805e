import {
  compileTask,
  emitJs,
  type FamilyValues,
  interpret,
  lower,
  printSystem,
  randomValues,
  readSystem,
  runPasses,
  runPipeline,
  unroll,
  verifySystem,
} from "@fathom/compiler";
import { check, format } from "@fathom/lang";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fathomFiles, type RandomProgram, randomProgram } from "../src/index";

const RUNS = Number(process.env.FATHOM_FUZZ_PROGRAMS ?? 300);
const SEED = process.env.FATHOM_FUZZ_SEED === undefined ? 20_261_124 : Number(process.env.FATHOM_FUZZ_SEED);

/** Interpreter and emitted JavaScript, bit for bit: NaN is NaN, and −0 is not 0. */
async function agrees({ text, sizes, seed }: RandomProgram): Promise<void> {
  const program = check("random.fathom", text);
  expect(program.diagnostics, text).toEqual([]);
  const compiled = compileTask(program, program.tasks[0]!);
  const refused = compiled.diagnostics.map((d) => d.code);
  // `3 mod i == 1` has no value at i = 0: the program is refused, as it should be.
  if (refused.length > 0 && refused.every((code) => code === "index-undefined")) return;
  expect(refused, text).toEqual([]);
  const { system } = compiled;
  const inputs = new Map<string, FamilyValues>();
  for (const f of system.families) if (f.role === "input") inputs.set(f.name, randomValues(f, sizes, seed));
  const reference = interpret(system, { sizes, inputs, seed });
  // A static condition that divides by zero is a fault of the program, and both say so.
  const fault = reference.diagnostics[0]?.code;
  expect(fault === undefined || fault === "too-large", text).toBe(true);
  for (const keep of [[], system.families.filter((f) => f.role === "node").map((f) => f.name)]) {
    const { js } = emitJs(system, { keep, unproved: compiled.unproved });
    const module = await import(`data:text/javascript;base64,${Buffer.from(js).toString("base64")}`);
    const run = (): Record<string, FamilyValues> =>
      module.run({
        sizes,
        inputs: Object.fromEntries([...inputs].map(([k, v]) => [k, v.data])),
        seed,
      });
    if (fault !== undefined) {
      expect(run, text).toThrow(/index expression/);
      continue;
    }
    const results = run();
    for (const [name, found] of Object.entries(results)) {
      const wanted = reference.values.get(name)!;
      const differs = Array.from(found.data).findIndex((v, k) => !Object.is(v, wanted.data[k]));
      expect(
        differs,
        `${text}\n${name} at ${JSON.stringify(sizes)}, seed ${seed}: js ${found.data} interpreter ${wanted.data}`,
      ).toBe(-1);
    }
  }
  // Depth of both models exists and steps never exceed ops by more than the wires they do not see.
  const steps = unroll(system, sizes, { model: "steps" });
  expect(steps.ok, text).toBe(fault === undefined);
}

test(`${RUNS} random programs mean the same to the interpreter and to the emitted JavaScript`, {
  timeout: 600_000,
}, async () => {
  await fc.assert(fc.asyncProperty(randomProgram, agrees), { numRuns: RUNS, seed: SEED });
});

test("equations of random programs and of the examples print, read back and verify", () => {
  const roundTrip = (text: string): void => {
    const program = check("a", text);
    for (const task of program.tasks) {
      const system = lower(program, task);
      expect(verifySystem(system), text).toEqual([]);
      runPipeline(runPasses(new Set()), system, { verify: true });
      const printed = printSystem(system);
      const back = readSystem(printed);
      expect(printSystem(back)).toBe(printed);
      // Interned: equal expressions are the same object.
      system.families.forEach((f, k) => {
        f.pieces.forEach((p, j) => {
          expect(back.families[k]!.pieces[j]!.value, printed).toBe(p.value);
        });
      });
    }
  };
  fc.assert(
    fc.property(randomProgram, ({ text }) => roundTrip(text)),
    { numRuns: 200, seed: SEED },
  );
  for (const { text } of fathomFiles("examples")) roundTrip(text);
});

test("the verifier finds what is wrong", () => {
  const program = check("a", "task A(n: size) { input x[i: 0..n]: int\n output s = x[0] + 1 }");
  const system = lower(program, program.tasks[0]!);
  const broken = { ...system, families: system.families.filter((f) => f.name !== "x") };
  expect(verifySystem(broken)).toEqual(["s, read: there is no family x"]);
  expect(() => readSystem("system A(")).toThrow();
});

test("formatting random programs keeps their meaning and is done once", () => {
  fc.assert(
    fc.property(randomProgram, ({ text }) => {
      const once = format(text, "a").text;
      expect(format(once, "a").text).toBe(once);
      const shape = (source: string) =>
        JSON.stringify(check("a", source).files[0]!.tree.items, (k, v) => (k === "range" ? undefined : v));
      expect(shape(once)).toBe(shape(text));
    }),
    { numRuns: 200, seed: SEED },
  );
});
