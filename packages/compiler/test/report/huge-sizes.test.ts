import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { compileTask } from "../../src/checks/compile";
import type { Sizes } from "../../src/equations/system";
import { type AnalyzeResult, analyze } from "../../src/report/analyze";
import { reportJson } from "../../src/report/json";

function report(text: string, sizes?: Sizes) {
  const program = check("a.fathom", text);
  expect(program.diagnostics).toEqual([]);
  const compiled = compileTask(program, program.tasks[program.tasks.length - 1]!);
  expect(compiled.diagnostics).toEqual([]);
  const result: AnalyzeResult = analyze(compiled, { sizes });
  if (!result.ok) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
  return result.report;
}

describe("an analysis costs what its text costs, whatever the sizes", () => {
  test("a triangle with 10^18 instances: the numbers come from the proved forms", () => {
    const tri = `task Tri(n: size) where n >= 1 {
  node a[i: 0..n, j: 0..=i]: int = if j == 0 { 0 } else { a[i, j-1] + 1 }
  output y[i: 0..n] = a[i, i]
}`;
    const r = report(tri, { n: 1e9 });
    expect(r.steps.at).toMatchObject({
      by: "forms",
      depth: 999_999_999,
      work: 499_999_999_500_000_000n,
      width: 999_999_999,
    });
    expect(r.criticalPath.instances).toEqual([]);
    expect(reportJson(r).steps.at.work).toBe("499999999500000000");
    // Where both can be had they agree.
    const [small, large] = [report(tri, { n: 400 }), report(tri, { n: 700 })];
    expect([small.steps.at.by, large.steps.at.by]).toEqual(["counting", "forms"]);
    expect(small.steps.at).toMatchObject({ depth: 399, work: 79_800, width: 399 });
    expect(large.steps.at).toMatchObject({ depth: 699, work: 244_650, width: 699 });
  });

  test("a use for each of 10^9 indices", () => {
    const r = report(
      `task Sum(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }
  output total = s[n-1]
}
task Rows(T: size) where T >= 1 {
  input noise[t: 0..T, i: 0..=t]: int
  use Sum(t + 1)[t: 0..T] with { x[i] = noise[t, i] } as p
  output y[t: 0..T] = p[t].total
}`,
      { T: 1e9 },
    );
    expect(r.steps.at).toMatchObject({ by: "forms", depth: 999_999_999 });
  });

  test("what is neither proved nor countable is left open", () => {
    const r = report(
      `task O(n: size, k: size) where n >= 1, k >= 1 {
  input x[i: 0..n]: int
  node a[i: 0..n]: int = if i mod k == 0 { x[i] } else { a[i-1] + x[i] }
  output y = a[n-1]
}`,
      { n: 1e9, k: 1e5 },
    );
    expect(r.steps.at.work).toBeUndefined();
    expect(r.steps.at.by).toBe("forms");
  });

  test("`where` may ask for large sizes, and for sizes that depend on one another", () => {
    const chain = (sizes: string, where: string): string => `task B(${sizes}) where ${where} {
  input x[i: 0..n]: int
  node a[i: 0..n]: int = if i == 0 { x[i] } else { a[i-1] + x[i] }
  output y = a[n-1]
}`;
    expect(report(chain("n: size", "n >= 1000")).steps.depth.exact?.standing.kind).toBe("proved");
    const three = report(chain("n: size, m: size, k: size", "n >= 2 * m, m >= 3 * k, k >= 17"));
    expect(three.steps.depth.exact?.standing.kind).toBe("proved");
    expect(three.sizes.n).toBeGreaterThanOrEqual(102);
  });
});
