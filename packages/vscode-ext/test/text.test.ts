import { summary, type TaskFigures, type TaskInfo } from "@fathom/language-server";
import { expect, test } from "vitest";
import { parseArguments } from "../src/arguments";
import { comparison } from "../src/figures";

const task = {
  sizes: [
    { name: "n", kind: "size" },
    { name: "T", kind: "size" },
  ],
  inputs: [{ name: "start", declaration: "start[i: 0..n]: bit" }],
} as const;

test("arguments of a run: sizes, bits, lists, random values", () => {
  expect(parseArguments(task, "n=8 T=3 start=0001")).toEqual({
    sizes: { n: 8, T: 3 },
    inputs: { start: "0001" },
  });
  expect(parseArguments(task, "n=2 T=0 start=[1, 0]")).toEqual({
    sizes: { n: 2, T: 0 },
    inputs: { start: [1, 0] },
  });
  expect(parseArguments(task, "n=2 T=0 start=random:7")).toEqual({
    sizes: { n: 2, T: 0 },
    inputs: { start: { random: 7 } },
  });
});

test.each([
  ["n=8", "give the size T, as in T=8"],
  ["n=-1 T=2", "the size n is a whole number"],
  ["n=1 T=1 m=2", "there is no size or input m; there are n, T, start"],
  ["n=1 T=1 start=[1", "start: write a number, a list as in [1,2,3], bits as in 0101, or random"],
  ["eight", "eight: write name=value, as in n=8"],
])("%s is refused in words", (text, wrong) => {
  expect(parseArguments(task, text)).toBe(wrong);
});

const figures: TaskFigures = {
  task: "Sum",
  stage: "analysed",
  diagnostics: [],
  depth: { text: "n - 1", relation: "=", standing: "proved", detail: "" },
  work: { text: "n", relation: "<=", standing: "proved", detail: "" },
  families: [],
  expects: [],
  citations: [],
};

test("a bound never reads as an exact figure, nor one that is only checked as proved", () => {
  expect(summary(figures)).toBe("depth n - 1 · work ≤ n");
  const depth = { ...figures.depth!, standing: "checked" } as const;
  expect(summary({ ...figures, depth })).toBe("depth n - 1 (checked) · work ≤ n");
  const info = { task: "Sum", figures } as unknown as TaskInfo;
  const rows = comparison([info, { ...info, task: "Other", figures: undefined }]).split("\n");
  expect(rows[0]).toMatch(/Sum +Other/);
  expect(rows[1]).toMatch(/^depth +n - 1 {2}proved +not known$/);
  expect(rows.find((r) => r.startsWith("work"))).toContain("≤ n  proved");
});
