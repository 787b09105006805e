import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { main } from "../src/index";
import { capture } from "./capture";

const program = resolve(import.meta.dirname, "../../../examples/prefix-sum/prefix-sum.fathom");
const said = capture();
const folder = mkdtempSync(join(tmpdir(), "fathom-"));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("two forms of one sum: another depth, equal outputs", async () => {
  expect(await main(["compare", `${program}:RunningSum`, `${program}:Scan`, "n=16"])).toBe(0);
  expect(said.out).toMatch(/^ +RunningSum +Scan\n/);
  expect(said.out).toMatch(/\ndepth +15 +4\n/);
  expect(said.out).toMatch(/\nrewritten +1 \[B\.9\] +none\n/);
  expect(said.out).toMatch(/depth b {2}log2\(n\) \(proved\)/);
  expect(said.out).toContain("total: equal");
});

test("another step is off by what it leaves out", async () => {
  const task = (name: string, f: string) =>
    `task ${name}(n: size) { input x: real  node y[i: 0..=n]: real = if i == 0 { x } else { ${f} }  output last = y[n] }\n`;
  const file = write("steps.fathom", task("Fine", "y[i-1] * 0.5") + task("Coarse", "y[i-1] * 0.25"));
  const words = [`${file}:Fine`, `${file}:Coarse`, "n=1", "x=4.0", "--json"];
  expect(await main(["compare", ...words])).toBe(0);
  expect(JSON.parse(said.out)).toMatchObject({
    sides: [{ task: "Fine", class: "TC^0" }, { task: "Coarse" }],
    distances: [{ family: "last", values: 1, different: 1, greatest: 1, relative: 0.5 }],
    apart: [],
    unlike: [],
  });
  expect(await main(["compare", ...words, "zzz=1"])).toBe(2);
  expect(await main(["compare", ...words, "c.n=1"])).toBe(2);
});

test("a coarser grid gets every k-th input, and is compared where both have points", async () => {
  const file = write(
    "grid.fathom",
    `task Walk(T: size, n: size) where T >= 1, n >= 1 {
      input step: int
      input start[i: 0..n]: int
      node x[t: 0..=T, i: 0..n]: int = if t == 0 { start[i] } else { x[t-1, i] + step }
      output path[t: 0..=T, i: 0..n] = x[t, i]
    }\n`,
  );
  const words = ["a.T=8", "b.T=4", "a.n=6", "b.n=3", "a.step=1", "b.step=2"];
  const picture = join(folder, "error.svg");
  expect(await main(["compare", file, file, ...words, "-o", picture])).toBe(0);
  // Steps of 2 in half as many steps: the same path, at every second time and from every second start.
  expect(said.out).toContain("but for step");
  expect(said.out).toContain(
    "path: all 15 values are equal (every 2 steps of t in a, every 2 steps of i in a)",
  );
  const svg = readFileSync(picture, "utf8");
  expect(svg).toMatch(/^<svg[^>]*>/);
  expect(svg).not.toContain("NaN");
  said.forget();
  // The other way round, and with an error that grows.
  expect(await main(["compare", file, file, "a.T=4", "b.T=8", "n=3", "a.step=3", "b.step=1", "--json"])).toBe(
    0,
  );
  expect(JSON.parse(said.out).distances).toMatchObject([
    {
      family: "path",
      different: 12,
      greatest: 4,
      every: [{ index: "t", of: "b", every: 2 }],
      along: { index: "t", greatest: [0, 1, 2, 3, 4] },
    },
  ]);
});

test("outputs are not compared where an input of one has no counterpart among the other's points", async () => {
  expect(await main(["compare", `${program}:Scan`, `${program}:Scan`, "a.n=8", "b.n=5"])).toBe(0);
  expect(said.out).toContain("not compared: x has no counterpart of a fitting shape");
});
