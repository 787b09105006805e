import {
  compileTask,
  interpret,
  launchesGpu,
  layoutGpu,
  listByLevel,
  planGpu,
  printSystem,
  randomInputs,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import { levelsFor } from "@fathom/runtime";
import { findGpu, runOnGpu } from "@fathom/runtime-gpu";
import { afterAll, describe, expect, test } from "vitest";

const gpu = findGpu();
const device = await gpu.open();
const missing = typeof device === "string" && process.env.CI === undefined;
if (missing) console.warn(`skipped: ${device}`);
afterAll(() => gpu.close());

const patterns = `task Patterns(n: size, m: size, P: size) where n >= 1, m >= 1, P >= 1 {
  input x[i: 0..n, p: 0..P]: bit
  input left[g: 0..m]: index(n + g)
  input right[g: 0..m]: index(n + g)
  node value[k: 0..n+m, p: 0..P]: bit =
    if k < n { x[k, p] } else { not (value[left[k-n], p] and value[right[k-n], p]) }
  output answer[p: 0..P] = value[n + m - 1, p]
}`;

const compiledFrom = (text: string) => {
  const program = check("a.fathom", text);
  expect(program.diagnostics).toEqual([]);
  return compileTask(program, program.tasks[0]!);
};

test("the inspector is the equations of levels, without the dimensions that decide nothing", () => {
  const { inspector, program } = planGpu(compiledFrom(patterns).system);
  expect(printSystem(inspector!)).toMatchSnapshot();
  expect(program.families.find((f) => f.name === "value")!.ordered!.kept).toEqual([0]);
});

/** A list of lists: what each place reads is found through another family, in two families that read each other. */
const linked = `task Linked(n: size, m: size) where n >= 1, m >= 1 {
  input back[i: 0..n]: index(i + 1)
  input x[i: 0..n, j: 0..m]: int
  node from[i: 0..n]: index(i + 1) = if i == 0 { 0 } else { back[i] }
  node y[i: 0..=n, j: 0..m]: int =
    if i == 0 { x[0, j] } else { z[from[i-1], j] * 3 + (sum[k: 0..2] y[from[i-1] * k, j]) }
  node z[i: 0..=n, j: 0..m]: int = if i mod 2 == 0 { y[i, j] + x[0, j] } else { y[i, j] }
  output last[j: 0..m] = y[n, j] + z[n, j]
}`;
/** The place read is computed by the component itself: no inspector, so rounds. */
const chased = `task Chased(n: size) where n >= 1 {
  input step[i: 0..n]: int
  node at[i: 0..=n]: int = if i == 0 { 0 } else { (at[max(0, at[i-1])] + step[i-1]) mod i }
  output last = at[n]
}`;

describe.skipIf(missing)("levels come first, then a launch a level", () => {
  test.each([
    ["patterns", patterns, { n: 3, m: 50, P: 70 }, true],
    ["levels that are narrow and wide by turns", patterns, { n: 300, m: 900, P: 40 }, true],
    ["two families, one dimension carried along", linked, { n: 40, m: 3 }, true],
    ["a place that the component computes", chased, { n: 1 }, false],
  ] as const)("%s", async (_, text, sizes, inspected) => {
    const compiled = compiledFrom(text);
    const { system } = compiled;
    const inputs = randomInputs(system, sizes, 5);
    const plan = planGpu(system);
    expect(plan.inspector !== undefined).toBe(inspected);
    const levels = await levelsFor(plan, compiled, { sizes, inputs });
    expect(levels !== undefined).toBe(inspected);
    // The same places: not computed again. Other ones: computed again, though the array is the same.
    expect(await levelsFor(plan, compiled, { sizes, inputs })).toBe(levels);
    const wanted = interpret(system, { sizes, inputs });
    const apart = planGpu(system, { forms: { oneGroup: "never" } });
    for (const [{ program }, given] of [
      [plan, levels],
      [plan, undefined],
      [apart, levels],
    ] as const) {
      const found = await runOnGpu(program, { gpu, sizes, inputs, levels: given });
      expect(found.diagnostics).toEqual(wanted.diagnostics);
      for (const [name, { data }] of found.values) expect(data).toEqual(wanted.values.get(name)!.data);
    }
  });

  test("a chain is a single launch, and its levels meet inside one workgroup", async () => {
    const compiled = compiledFrom(patterns);
    const sizes = { n: 2, m: 400, P: 33 };
    const inputs = randomInputs(compiled.system, sizes, 1);
    inputs.get("left")!.data.set(Array.from({ length: sizes.m }, (_, g) => g + 1));
    inputs.get("right")!.data.set(Array.from({ length: sizes.m }, (_, g) => g));
    const plan = planGpu(compiled.system);
    const levels = await levelsFor(plan, compiled, { sizes, inputs });
    const order = listByLevel(levels!["value.level"]!.data as Int32Array);
    expect(order.starts.length).toBeGreaterThan(sizes.m);
    const { program } = plan;
    const orders = new Map([[program.families.findIndex((f) => f.name === "value"), order]]);
    const kinds = [...launchesGpu(program, sizes, layoutGpu(program, sizes), false, orders)].map(
      (l) => l.kind,
    );
    expect(kinds).toEqual(["fused", "parallel"]);
    const found = await runOnGpu(program, { gpu, sizes, inputs, levels });
    const wanted = interpret(compiled.system, { sizes, inputs });
    expect(found.values.get("answer")!.data).toEqual(wanted.values.get("answer")!.data);
  });

  test("places that changed in the caller's own array give other levels", async () => {
    const compiled = compiledFrom(patterns);
    const sizes = { n: 2, m: 3, P: 1 };
    const inputs = randomInputs(compiled.system, sizes, 1);
    const plan = planGpu(compiled.system);
    for (const [left, wanted] of [
      [
        [0, 0, 0],
        [0, 0, 1, 1, 1],
      ],
      [
        [0, 2, 3],
        [0, 0, 1, 2, 3],
      ],
    ]) {
      inputs.get("left")!.data.set(left!);
      inputs.get("right")!.data.set([0, 0, 0]);
      const levels = await levelsFor(plan, compiled, { sizes, inputs });
      expect([...levels!["value.level"]!.data]).toEqual(wanted);
    }
  });
});
