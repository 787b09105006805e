/** Equations printed as programs: every task of this project, and every rewriting of it, checks and means the same as text. */
import {
  applyEdits,
  compileTask,
  interpret,
  lower,
  randomInputs,
  rewriteAsSource,
  rewrites,
  type Sizes,
  type System,
  sizeProblems,
  taskSource,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fathomFiles, fuzzRuns, fuzzSeed, projectHost, randomProgram } from "../src/index";

const RUNS = fuzzRuns(60);
const SEED = fuzzSeed(20_261_126);

/** The system that its text means; fails on any mistake in it. */
function readBack(system: System): System {
  const text = taskSource(system);
  const program = check("rewritten.fathom", text);
  expect(
    program.diagnostics.map((d) => `${d.code}: ${d.message}`),
    text,
  ).toEqual([]);
  const compiled = compileTask(program, program.tasks[0]!);
  expect(
    compiled.diagnostics.filter((d) => d.severity === "error").map((d) => `${d.code}: ${d.message}`),
    text,
  ).toEqual([]);
  return compiled.system;
}

/** Small sizes that `where` allows. */
const smallSizesOf = (system: System): Sizes | undefined =>
  [4, 5, 3, 6, 8, 2]
    .map((n) =>
      Object.fromEntries(system.sizes.map((s) => [s.name, s.kind === "const" ? Math.min(n, 2) : n])),
    )
    .find((sizes) => sizeProblems(system, sizes).length === 0);

/** Outputs on the same random inputs are the same bits. */
function means(a: System, b: System, label: string, sizes = smallSizesOf(a), seed = 7): void {
  if (sizes === undefined) return;
  // A draw is keyed by its family's name, which differs where a task was used.
  if (a.families.some((f) => f.role === "random" && f.name.includes("."))) return;
  const inputs = randomInputs(a, sizes, seed);
  const [x, y] = [a, b].map((s) => interpret(s, { sizes, inputs, seed: 3 }));
  if (x!.diagnostics.length > 0) return;
  expect(y!.diagnostics, label).toEqual([]);
  for (const f of a.families)
    if (f.role === "output")
      expect([...y!.values.get(f.name)!.data], label).toEqual([...x!.values.get(f.name)!.data]);
}

test.each(["std", "examples", "corpus/verdicts"])(
  "every task of %s, and what rewrites it, prints as a program",
  (folder) => {
    let tasks = 0;
    for (const { path, text } of fathomFiles(folder)) {
      const program = check(path, text, projectHost);
      if (program.diagnostics.some((d) => d.severity === "error")) continue;
      for (const task of program.tasks) {
        const compiled = compileTask(program, task);
        if (compiled.diagnostics.some((d) => d.severity === "error")) continue;
        const label = `${path} ${task.name.text}`;
        for (const system of [lower(program, task), ...rewrites(compiled.system).map((r) => r.system)])
          means(system, readBack(system), label);
        tasks++;
      }
    }
    expect(tasks).toBeGreaterThan(15);
  },
  60_000,
);

test("a rewriting is an edit of the text: the edited file checks and means what the rewriting means", () => {
  let edited = 0;
  const unsaid: string[] = [];
  for (const { path, text } of ["std", "examples", "corpus/verdicts"].flatMap(fathomFiles)) {
    const program = check(path, text, projectHost);
    if (program.diagnostics.some((d) => d.severity === "error")) continue;
    for (const task of program.tasks) {
      const label = `${path} ${task.name.text}`;
      const found = rewrites(lower(program, task));
      const made = rewriteAsSource(program, task);
      if (made.length < found.length) unsaid.push(label);
      for (const r of made) {
        expect(applyEdits(text, r.edits)).toBe(r.text);
        const again = check(path, r.text, projectHost);
        expect(
          again.diagnostics.filter((d) => d.severity === "error"),
          r.text,
        ).toEqual([]);
        const compiled = compileTask(again, again.tasks.find((t) => t.name.text === task.name.text)!);
        expect(
          compiled.diagnostics.filter((d) => d.severity === "error"),
          r.text,
        ).toEqual([]);
        means(r.system, compiled.system, r.text);
        edited++;
      }
    }
  }
  expect(unsaid).toEqual([]);
  expect(edited).toBeGreaterThan(15);
});

test(`${RUNS} random programs mean the same as text`, { timeout: 36_000_000 }, () => {
  const property = fc.property(randomProgram, ({ text, sizes, seed }) => {
    const program = check("random.fathom", text);
    for (const task of program.tasks) {
      const system = lower(program, task);
      means(system, readBack(system), text, sizes, seed);
    }
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

test("a fold over tuples is written once, whatever is read of it", () => {
  const text = `monoid Line on int^2 {
  identity = [1, 0]
  combine(a, b) = [a[0] * b[0], a[1] * b[0] + b[1]]
}
task T(n: size) {
  input x[i: 0..n]: int
  node t: int^2 = reduce Line[i: 0..n] [x[i], i]
  output o = t[1]
  output z = (reduce Line[i: 0..n] [i, x[i]])[0] - (reduce Line[i: 0..n] [i, x[i]])[1]
}
`;
  const program = check("line.fathom", text);
  const system = lower(program, program.tasks[0]!);
  const again = taskSource(system);
  expect(again.match(/reduce Line/g), again).toHaveLength(2);
  means(system, readBack(system), again);
});
