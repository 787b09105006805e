import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { type Compiled, compileTask } from "../../src/checks/compile";
import { compare, integer, size } from "../../src/equations/build";
import { analyze, checkExpects } from "../../src/report/analyze";
import type { ExpectResult } from "../../src/report/expects";
import { FormsMemo, formsOf } from "../../src/report/forms";
import { reportJson } from "../../src/report/json";
import { reportMarkdown } from "../../src/report/markdown";
import { size as sizeForm } from "../../src/symbolic/atoms";
import { closed } from "../../src/symbolic/closed-form";
import { provesComparison } from "../../src/symbolic/compare";
import { atLeastZero } from "../../src/symbolic/region";
import { printFigure } from "../../src/symbolic/standing";

function compiled(text: string, name?: string): Compiled {
  const program = check("a.fathom", text);
  expect(program.diagnostics).toEqual([]);
  return compileTask(program, program.tasks.find((t) => name === undefined || t.name.text === name)!);
}
const grid = (expects: string): string => `task A(n: size, T: size) where n >= 1 {
  input x[i: 0..n]: int
  node y[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { y[t-1, i] + x[i] }
  output s[i: 0..n] = y[T, i]
  ${expects}
}`;
function outcomes(text: string): readonly ExpectResult[] {
  const result = analyze(compiled(text));
  if (!result.ok) throw new Error("no report");
  return result.report.expects;
}
const only = (line: string): ExpectResult => outcomes(grid(line))[0]!;

describe("expect", () => {
  test("is proved for all sizes from a proved form", () => {
    for (const line of [
      "work == n * T",
      "work <= n * T + n",
      "work < n * T + n",
      "work >= T",
      "width == min(n, n * T)",
      "work(ops) <= (n * n + T * T) div 1",
    ])
      expect(only(`expect ${line}`), line).toMatchObject({ outcome: "proved" });
  });

  test("is compared exactly where sizes are as large as they can be", () => {
    const cube = `task A(n: size) where n >= 1 {
      input x: int
      node a[i: 0..n, j: 0..n, k: 0..n]: int = x + i
      output y = sum[i: 0..n] x
      expect work >= n * n * n
      expect work < n * n * n
      expect depth(ops) <= 20
    }`;
    const [all, fewer, slow] = outcomes(cube);
    expect(all).toMatchObject({ outcome: "proved" });
    expect(fewer?.counterexample?.sizes).toEqual({ n: 1 });
    expect(slow?.counterexample).toEqual({ sizes: { n: 2 ** 20 + 1 }, found: "21", wanted: "20" });
  });

  test("is proved of sums of logarithms, and of logarithms that grow", () => {
    const folds = `task A(n: size) where n >= 2 {
      input x[i: 0..n]: int
      node f[i: 0..n]: int = sum[j: 0..i+1] (if j == i { x[i] } else { f[j] * x[j] })
      node s = sum[i: 0..n] x[i]
      output y = f[n-1]
      expect depth(ops) <= n * log2(n) + 2 * n
      expect depth(ops) <= 2 * n * log2(n)
      expect depth(ops) <= n * n
      expect depth(ops) >= n
    }`;
    for (const r of outcomes(folds)) expect(r, r.text).toMatchObject({ outcome: "proved" });
  });

  test("is refuted by the smallest sizes", () => {
    expect(only("expect work < n * T").counterexample).toEqual({
      sizes: { n: 1, T: 0 },
      found: "0",
      wanted: "0",
    });
    expect(only("expect work <= n * n + 3").counterexample?.sizes).toEqual({ n: 1, T: 5 });
    // Beyond every sample, by the proved form.
    expect(only("expect work <= 50000").counterexample).toMatchObject({ found: "50001" });
  });

  test("is undecided where nothing is proved, says where it was tried, and warns", () => {
    const text = `task B(n: size, k: size) where n >= 1, k >= 1 {
  input x[i: 0..n]: int
  node a[i: 0..n]: int = if i mod k == 0 { x[i] } else { a[i-1] + x[i] }
  output y = a[n-1]
  expect work == n - (n + k - 1) div k
}`;
    const [result] = outcomes(text) as [ExpectResult];
    expect(result.outcome).toBe("undecided");
    expect(result.detail).toMatch(/not proved for all sizes: .*it holds at all \d+ sizes tried/);
    expect(checkExpects(compiled(text))).toMatchObject([
      { code: "expect-undecided", severity: "warning", message: expect.stringContaining(result.detail) },
    ]);
  });
});

describe("comparing forms", () => {
  const [n, m] = [closed.size("n"), closed.size("m")];
  const naturals = [atLeastZero(sizeForm("n")), atLeastZero(sizeForm("m"))];
  const proves = (a: Parameters<typeof provesComparison>[0], op: "<=" | "==" | "<", b: typeof a) =>
    provesComparison(a, op, b, naturals);
  const c = closed.constant;
  test("polynomials, logarithms, floors, cases", () => {
    const triangle = closed.over(closed.mul(n, closed.add(n, c(1))), 2);
    expect(proves(triangle, "<=", closed.mul(n, n))).toBe(true);
    expect(proves(closed.mul(n, n), "<=", triangle)).toBe(false);
    expect(proves(closed.log2(n), "<=", n)).toBe(true);
    expect(proves(closed.mul(n, closed.log2(n)), "<=", closed.mul(n, n))).toBe(true);
    expect(proves(closed.floor(closed.over(n, 2)), "<=", n)).toBe(true);
    expect(proves(closed.min(n, m), "<=", closed.max(n, m))).toBe(true);
    expect(proves(closed.max(n, m), "<=", closed.add(n, m))).toBe(true);
    expect(proves(closed.max(n, m), "<", closed.add(n, m))).toBe(false);
    const f = closed.cases([
      { guard: [[compare("<=", integer(2), size("n"))]], value: closed.sub(n, c(2)) },
      { guard: [[]], value: c(0) },
    ]);
    expect(proves(f, "<=", n)).toBe(true);
    expect(proves(f, "==", closed.max(closed.sub(n, c(2)), c(0)))).toBe(true);
    expect(proves(closed.pow2(closed.log2(n)), "<=", closed.add(closed.mul(c(2), n), c(1)))).toBe(true);
  });
});

describe("forms are made once for each content of a task", () => {
  const two = (body: string) => `task B(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node y[i: 0..n]: int = ${body}
  output s = y[n-1]
}
${grid("")}`;
  test("an edit of one task leaves the other's alone", () => {
    const memo = new FormsMemo();
    const both = (text: string) => ["A", "B"].map((t) => formsOf(compiled(text, t).system, memo));
    const [a] = both(two("x[i] + 1"));
    expect(memo.computed).toBe(2);
    const [again, b] = both(two("x[i] + 2"));
    expect(memo.computed).toBe(3);
    expect(printFigure(again!.steps.work)).toBe(printFigure(a!.steps.work));
    expect(printFigure(b!.steps.work)).toBe("n (proved)");
    // Text that moves without changing costs nothing.
    both(`\n\n// a note\n${two("x[i] + 2")}`);
    expect(memo.computed).toBe(3);
  });
});

describe("a file of thirty tasks", () => {
  // Every third uses the one before it.
  const task = (k: number, body: string): string => `task T${k}(n: size) where n >= 1 {
  input x[i: 0..n]: int
${k % 3 === 2 ? `  use T${k - 1}(n) with { x[i] = x[i] } as before\n` : ""}  node y[i: 0..n]: int = ${body} + ${k}${k % 3 === 2 ? " + before.s" : ""}
  output s = y[n-1]
}
`;
  const file = (edited = -1): string =>
    Array.from({ length: 30 }, (_, k) => task(k, k === edited ? "x[i] - x[0]" : "x[i] + x[0]")).join("\n");
  const names = Array.from({ length: 30 }, (_, k) => `T${k}`);

  test.each([
    ["and nothing else", 15, ["T15"]],
    ["and the task that uses it", 16, ["T16", "T17"]],
    ["and not the one it uses", 17, ["T17"]],
  ])("after an edit of one character the task is analysed again, %s", (_, edited, analysed) => {
    const memo = new FormsMemo();
    const all = (text: string): string[] =>
      names.filter((name) => {
        const before = memo.computed;
        formsOf(compiled(text, name).system, memo);
        return memo.computed > before;
      });
    expect(all(file())).toEqual(names);
    expect(all(file(edited))).toEqual(analysed);
    expect(all(file(edited))).toEqual([]);
  });
});

describe("the report as data and as Markdown", () => {
  const result = analyze(compiled(grid("expect work == n * T")), { sizes: { n: 3, T: 2 } });
  if (!result.ok) throw new Error("no report");
  test("JSON has forms as text", () => {
    const json = JSON.parse(JSON.stringify(reportJson(result.report)));
    expect(json.steps.work).toEqual({
      exact: {
        kind: "exact",
        form: "T*n",
        standing: { kind: "proved", by: "summation over all instances" },
        worstCase: false,
      },
    });
    expect(json.steps.growth.work).toBe("Θ(T*n)");
    expect(json.expects[0]).toMatchObject({ outcome: "proved" });
  });
  test("Markdown says the standing of every figure", () => {
    const text = reportMarkdown(result.report, { title: true });
    expect(text).toContain("### A");
    expect(text).toContain("| work | `T*n` | `Θ(T*n)` | proved | 6 |");
    expect(text).toMatch(/- ✓ `expect work == n \* T` — proved/);
  });
});
