import { compileTask, interpret, planGpu, randomInputs } from "@fathom/compiler";
import { check } from "@fathom/lang";
import { findGpu, runOnGpu } from "@fathom/runtime-gpu";
import { afterAll, describe, expect, test } from "vitest";

const gpu = findGpu();
const device = await gpu.open();
const missing = typeof device === "string" && process.env.CI === undefined;
if (missing) console.warn(`skipped: ${device}`);
afterAll(() => gpu.close());

/** Recurrences of one column, and what the scans of their steps are made of. */
const tasks = {
  sums: "input x[i: 0..n]: int\n node s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }\n output y[i: 0..n] = s[i] * 2",
  backwards:
    "input x[i: 0..n]: int\n node s[i: 0..=n]: int = if i == n { 7 } else { s[i+1] * x[i] }\n output y[i: 0..n] = s[i]",
  parity:
    "input b[i: 0..n]: bit\n node p[i: 0..n]: bit = if i == 0 { b[0] } else { p[i-1] xor b[i] }\n output y[i: 0..n] = p[i]",
  largest:
    "input x[i: 0..n]: int\n node m[i: 0..n]: int = if i == 0 { x[0] } else { max(m[i-1], x[i]) }\n output y = m[n-1]",
  affine:
    "input a[i: 0..n]: int\n input x[i: 0..n]: int\n node s[i: 0..=n]: int = if i == 0 { 5 } else { a[i-1] * s[i-1] + x[i-1] }\n output y[i: 0..=n] = s[i]",
  words:
    "input word[k: 0..n, p: 0..3]: index(3)\n node at[k: 0..=n, p: 0..3]: index(3) = if k == 0 { p } else { word[k-1, at[k-1, p]] }\n output y[k: 0..=n, p: 0..3] = at[k, p]",
  fibonacci:
    "input x[i: 0..n]: int\n node f[i: 0..=n+1]: int = if i < 2 { i } else { f[i-1] + x[i-2] * f[i-2] }\n output y[i: 0..=n+1] = f[i]",
  kogge:
    "input x[i: 0..n]: int\n node s[r: 0..=log2(n), i: 0..n]: int =\n if r == 0 { x[i] * x[i] } else if i >= 2^(r-1) { s[r-1, i - 2^(r-1)] + s[r-1, i] } else { s[r-1, i] }\n output y[i: 0..n] = s[log2(n), i]",
} as const;

const compiledFrom = (body: string) => {
  const program = check("a.fathom", `task A(n: size) where n >= 1 {\n ${body}\n}`);
  expect(program.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  const compiled = compileTask(program, program.tasks[0]!);
  expect(compiled.diagnostics).toEqual([]);
  return compiled;
};

describe.skipIf(missing)("a single recurrence is a scan in blocks, with the same bits", () => {
  test.each(Object.entries(tasks))("%s", async (_name, body) => {
    const { system, unproved } = compiledFrom(body);
    const plan = planGpu(system, { unproved, block: 4 });
    expect(plan.system.families.some((f) => f.name.endsWith(".totals"))).toBe(true);
    for (const n of [1, 3, 4, 5, 17, 700]) {
      const inputs = randomInputs(system, { n }, n);
      const wanted = interpret(system, { sizes: { n }, inputs });
      const found = await runOnGpu(plan.program, { gpu, sizes: { n }, inputs });
      expect(found.diagnostics).toEqual([]);
      expect(found.values.get("y")!.data).toEqual(wanted.values.get("y")!.data);
    }
  });

  test("of a few long rows too, at the sizes at hand", async () => {
    const program = check(
      "a.fathom",
      `task Rows(n: size, m: size) where m >= 1 { input x[i: 0..n, j: 0..m]: int
  node s[i: 0..n, j: 0..m]: int = if j == 0 { x[i, 0] } else { s[i, j-1] + x[i, j] }
  output y[i: 0..n, j: 0..m] = s[i, j] }`,
    );
    const { system, unproved } = compileTask(program, program.tasks[0]!);
    const planned = (at: { n: number; m: number }) => planGpu(system, { unproved, at });
    const isScan = (at: { n: number; m: number }) =>
      planned(at).system.families.some((f) => f.name.endsWith(".totals"));
    const sizes = { n: 3, m: 700 };
    expect([sizes, { n: 3, m: 100 }, { n: 5000, m: 700 }].map(isScan)).toEqual([true, false, false]);
    const inputs = randomInputs(system, sizes, 1);
    const found = await runOnGpu(planned(sizes).program, { gpu, sizes, inputs });
    expect(found.values.get("y")!.data).toEqual(interpret(system, { sizes, inputs }).values.get("y")!.data);
  });

  test("rounded sums keep their order: reals, and what is asked for as it stands", () => {
    const reals =
      "input x[i: 0..n]: real\n node s[i: 0..n]: real = if i == 0 { x[0] } else { s[i-1] + x[i] }\n output y = s[n-1]";
    expect(planGpu(compiledFrom(reals).system).system.families.map((f) => f.name)).toEqual(["x", "s", "y"]);
    const kogge = compiledFrom(tasks.kogge).system;
    expect(planGpu(kogge, { keep: ["s"] }).system.families.map((f) => f.name)).toEqual(["x", "s", "y"]);
  });

  test("work is in proportion to the length", () => {
    const { system } = planGpu(compiledFrom(tasks.sums).system);
    const points = system.families.filter((f) => f.role === "node").map((f) => f.name);
    expect(points).toEqual(["s.scan.local", "s.scan.totals", "s.scan.whole"]);
  });
});
