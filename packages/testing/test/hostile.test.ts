import { analyze, compileTask, type Report } from "@fathom/compiler";
import { check } from "@fathom/lang";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** Programs made to take long. Each must end, within its budgets, with what is proved and nothing that is not. */

const list = <T>(n: number, make: (k: number) => T): T[] => Array.from({ length: n }, (_, k) => make(k));

const chain = (n: number): string => `task Chain(n: size) where n >= 1 {
  input x[i: 0..n]: bit
${list(n, (k) => `  node f${k}[i: 0..n]: bit = ${k === 0 ? "not x[i]" : `not f${k - 1}[i]`}`).join("\n")}
  output y[i: 0..n] = f${n - 1}[i]
}`;
/** Each reads the next, the last one the first. */
const ring = (n: number): string => `task Ring(T: size) where T >= 1 {
${list(n, (k) => `  node f${k}[t: 0..=T]: bit = if t == 0 { 0 } else { not f${(k + n - 1) % n}[t-1] }`).join("\n")}
  output y = f0[T]
}`;
const everyone = (n: number): string => `task Everyone(T: size) where T >= 1 {
${list(n, (k) => `  node f${k}[t: 0..=T]: int = if t == 0 { 0 } else { ${list(n, (j) => `f${j}[t-1]`).join(" + ")} }`).join("\n")}
  output y = f0[T]
}`;
const nest = (n: number): string => {
  const v = list(n, (k) => `i${k}`);
  const step = (d: number) => v.map((x, k) => (k === d ? `${x}-1` : x)).join(", ");
  return `task Nest(n: size) where n >= 1 {
  node a[${v.map((x) => `${x}: 0..n`).join(", ")}]: int = ${v.map((_, d) => `(a[${step(d)}] ?? 0)`).join(" + ")}
  output y = a[${v.map(() => "n-1").join(", ")}]
}`;
};
const triangles = (n: number): string => {
  const v = list(n, (k) => `i${k}`);
  const last = v.map((x, k) => (k === n - 1 ? `${x}-1` : x)).join(", ");
  return `task Triangles(n: size) where n >= 1 {
  node a[${v.map((x, k) => `${x}: 0..${k === 0 ? "n" : `i${k - 1}+1`}`).join(", ")}]: int =
    if i${n - 1} == 0 { 0 } else { a[${last}] + 1 }
  output y = a[${v.map(() => "n-1").join(", ")}]
}`;
};
const cases = (n: number): string => `task Cases(n: size) where n >= ${n + 1} {
  node a[i: 0..n]: int = ${list(n, (k) => `if i == ${k} { ${k === 0 ? "1" : `a[${k - 1}] + ${k}`} } else `).join("")}{ a[i-1] + a[i-2] }
  output y = a[n-1]
}`;
const nested = (n: number): string => `task Nested(n: size) where n >= 1 {
  node a[i: 0..n]: int = if i == 0 { 0 } else { ${list(n, (k) => `(a[i-1] + ${k} * `).join("")}1${")".repeat(n)} }
  output y = a[n-1]
}`;
const manySizes = (n: number): string => {
  const at = (d: number) => list(n, (j) => (j === d ? `i${j}-1` : `i${j}`)).join(", ");
  return `task Sizes(${list(n, (k) => `n${k}: size`).join(", ")}) where ${list(n, (k) => `n${k} >= 1`).join(", ")} {
  node a[${list(n, (k) => `i${k}: 0..n${k}`).join(", ")}]: int = ${list(n, (d) => `(a[${at(d)}] ?? 0)`).join(" + ")}
  output y = a[${list(n, (k) => `n${k}-1`).join(", ")}]
}`;
};
const tower = `task Tower(k: size) where k >= 1 {
  node a[i: 0..2^(2^k)]: int = if i == 0 { 0 } else { a[i-1] + 1 }
  output y = a[2^(2^k) - 1]
}`;
const long = `task Long(n: size) where n >= 1 {
  node a[i: 0..n * 1000000 + 1]: int = if i == 0 { 0 } else { a[i-1] + 1 }
  output y = a[n * 1000000]
}`;
const guards = (n: number): string => `task Guards(n: size, m: size) where n >= 1, m >= 1 {
  node a[i: 0..n, j: 0..m]: int = 1 + (${list(n, (k) => `if i + ${k + 1}*j <= ${k + 2}*n and j mod ${k + 2} == 0 { a[i-1, j] ?? 0 } else `).join("")}{ a[i, j-1] ?? 1 })
  output y = a[n-1, m-1]
}`;

/** Each uses the one before; the last has them all inside. */
const uses = (n: number): string =>
  list(n, (k) =>
    k === 0
      ? "task U0(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output y[i: 0..n] = x[i] + (x[i-1] ?? 0)\n}"
      : `task U${k}(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  use U${k - 1}(n) with { x[i] = x[i] * 3 } as u\n  output y[i: 0..n] = u.y[i] + ${k}\n}`,
  ).join("\n");
const literals = `task Literals(n: size) where n >= 1 {
  input x[i: 0..100000000]: int
  node a[i: 0..100000000]: int = x[i] + (x[i-1] ?? 0)
  node s: int = sum[i: 0..100000000] a[i]
  output y = s
}`;
const longSum = (n: number): string => `task LongSum(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node a[i: 0..n]: int = ${list(n, (k) => `(a[i-${k + 1}] ?? x[i])`).join(" + ")}
  output y = a[n-1]
}`;
/** Each reads some earlier and some later ones of the turn before. */
const component = (n: number): string => `task Component(T: size, n: size) where T >= 1, n >= 1 {
${list(n, (k) => `  node f${k}[t: 0..=T, i: 0..n]: int = if t == 0 { i } else { f${(k * 7 + 3) % n}[t-1, i] + (f${(k * 11 + 5) % n}[t-1, i-1] ?? 0) }`).join("\n")}
  output y = f0[T, n-1]
}`;

function report(text: string): Report {
  const program = check("hostile.fathom", text);
  expect(program.diagnostics).toEqual([]);
  const compiled = compileTask(program, program.tasks.at(-1)!);
  expect(compiled.diagnostics).toEqual([]);
  const result = analyze(compiled);
  if (!result.ok) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
  return result.report;
}
/** What is proved holds at the sizes that were counted; what is not proved says why. */
function honest(r: Report): void {
  for (const model of [r.steps, r.ops])
    for (const name of ["depth", "work", "width"] as const) {
      const figure = model[name];
      if (figure.exact?.standing.kind !== "proved") expect(figure.why ?? "").not.toBe("");
      expect(figure.why ?? "").not.toContain("internal error");
    }
}

describe("hostile programs end, with nothing claimed that is not proved", () => {
  test.each([
    ["a thousand families in a chain", chain(1000), "1000"],
    ["a thousand families in a ring", ring(1000), undefined],
    ["forty families that all read all", everyone(40), "T"],
    ["ten nested loops", nest(10), undefined],
    ["ten triangles in each other", triangles(10), "n - 1"],
    ["two hundred cases", cases(200), undefined],
    ["sixty brackets deep", nested(60), "n - 1"],
    ["ten sizes", manySizes(10), undefined],
    ["2^2^k instances", tower, undefined],
    ["a million instances at n = 1", long, undefined],
    ["thirty guards of two indices", guards(30), undefined],
    ["forty tasks, each inside the next", uses(40), "41"],
    ["a hundred million instances at any size", literals, undefined],
    ["a sum of two hundred terms", longSum(200), undefined],
    ["three hundred families in one component", component(300), undefined],
  ])("%s", (_, text, depth) => {
    const r = report(text);
    honest(r);
    if (depth !== undefined) expect(r.steps.depth.exact).toMatchObject({ standing: { kind: "proved" } });
  });

  test("of random shapes and sizes", () => {
    const small = fc.integer({ min: 1, max: 6 });
    const shape = fc.oneof(
      small.map((n) => chain(n * 20)),
      small.map((n) => ring(n * 15)),
      small.map((n) => everyone(n * 3)),
      small.map((n) => nest(n + 1)),
      small.map((n) => triangles(n + 2)),
      small.map((n) => cases(n * 9)),
      small.map((n) => manySizes(n + 1)),
      small.map((n) => guards(n * 2)),
    );
    fc.assert(
      fc.property(shape, (text) => honest(report(text))),
      { numRuns: 12, seed: 3 },
    );
  });
});
