import {
  emitWasm,
  forgetInterned,
  lower,
  printSystem,
  readSystem,
  runPasses,
  runPipeline,
  saveSlices,
  verifySystem,
} from "@fathom/compiler";
import { check, format } from "@fathom/lang";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CpuTarget,
  cpuMismatch,
  everyProgram,
  fathomFiles,
  fuzzRuns,
  fuzzSeed,
  type RandomProgram,
  randomProgram,
  randomShape,
} from "../src/index";

const RUNS = fuzzRuns(200);
const SEED = fuzzSeed(20_261_124);

/** Long runs go through many programs, short ones through all ways of each. */
const WAYS = RUNS > 1000 ? "one" : "all";

/** Which back ends `npm run fuzz` asks for; both, each with every form of its code, where it does not. */
const TARGETS = (process.env.FATHOM_FUZZ_TARGETS ?? "js,wasm")
  .split(",")
  .flatMap((t): CpuTarget[] => (t === "wasm" ? ["wasm", "wasm-forced"] : t === "js" ? ["js"] : []));

const judge = (program: RandomProgram) => cpuMismatch(program, TARGETS, WAYS);

test(`${RUNS} random programs mean the same to the interpreter, emitted JavaScript and WebAssembly`, {
  timeout: 36_000_000,
}, async () => {
  await everyProgram("programs", randomProgram, { numRuns: RUNS, seed: SEED }, judge);
});

test("random programs mean the same on rows of more than a word", { timeout: 36_000_000 }, async () => {
  const wide = randomProgram.map((p) => ({
    ...p,
    sizes: { n: 60 + 41 * p.sizes.n, T: Math.min(p.sizes.T, 1) },
  }));
  await everyProgram("programs with wide rows", wide, { numRuns: Math.ceil(RUNS / 10), seed: SEED }, judge);
});

test("random programs of many shapes mean the same", { timeout: 36_000_000 }, async () => {
  await everyProgram(
    "programs of many shapes",
    randomShape,
    { numRuns: Math.ceil(RUNS / 2), seed: SEED },
    judge,
  );
});

test("the same program gives the same bytes", () => {
  for (const { path, text } of fathomFiles("examples")) {
    const [first, second] = [1, 2].map(() => {
      forgetInterned();
      const program = check(path, text);
      return program.tasks.map((task) => emitWasm(lower(program, task)));
    });
    expect(second, path).toEqual(first);
  }
});

test("equations of random programs and of the examples print, read back and verify", () => {
  const roundTrip = (text: string): void => {
    const program = check("a", text);
    for (const task of program.tasks) {
      const system = lower(program, task);
      expect(verifySystem(system), text).toEqual([]);
      const none = new Set<never>();
      runPipeline([...runPasses(none), saveSlices(none, none)], system, { verify: true });
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
