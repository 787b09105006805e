import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { main } from "../src/index";
import { capture } from "./capture";

const program = resolve(import.meta.dirname, "../../../examples/prefix-sum/prefix-sum.fathom");
const said = capture();

test("two forms of one sum: another depth, equal outputs", async () => {
  expect(
    await main(["compare", program, program, "--task-a", "RunningSum", "--task-b", "Scan", "n=16"]),
  ).toBe(0);
  expect(said.out).toMatch(/RunningSum {2}at n = 16\n {2}depth 15/);
  expect(said.out).toMatch(/Scan {2}at n = 16\n {2}depth 4/);
  expect(said.out).toContain("total: all 1 values are equal");
});

test("a coarser form is off by what it leaves out", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "fathom-")), "steps.fathom");
  const task = (name: string, f: string) =>
    `task ${name}(n: size) { input x: real  node y[i: 0..=n]: real = if i == 0 { x } else { ${f} }  output last = y[n] }\n`;
  writeFileSync(file, task("Fine", "y[i-1] * 0.5") + task("Coarse", "y[i-1] * 0.25"));
  const words = ["--task-a", "Fine", "--task-b", "Coarse", "n=1", "x=4.0", "--json"];
  expect(await main(["compare", file, file, ...words])).toBe(0);
  expect(JSON.parse(said.out)).toMatchObject({
    sides: [{ task: "Fine", class: "TC^0" }, { task: "Coarse" }],
    distances: [{ family: "last", values: 1, different: 1, greatest: 1, relative: 0.5 }],
  });
  expect(await main(["compare", file, file, ...words, "zzz=1"])).toBe(2);
});
