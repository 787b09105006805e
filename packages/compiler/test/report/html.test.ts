import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { compileTask } from "../../src/checks/compile";
import { analyze } from "../../src/report/analyze";
import { curvesOf } from "../../src/report/curves";
import { formHtml, reportHtml } from "../../src/report/html";

const text = `/// <script>alert(1)</script> & "quotes"
task Grid(n: size, T: size) where n >= 1 {
  input x[i: 0..n]: int
  node y[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { y[t-1, i] + x[i] }
  output s[i: 0..n] = y[T, i]
  expect work == n * T
}`;
const program = check("grid.fathom", text);
const compiled = compileTask(program, program.tasks[0]!);
const result = analyze(compiled, { sizes: { n: 4, T: 3 } });
if (!result.ok) throw new Error("no report");
const { report } = result;
const curves = curvesOf(compiled.system, report.sizes, report);
const page = reportHtml(report, {
  source: 'a"<b>.fathom',
  about: compiled.task.doc,
  graph: { svg: '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg viewBox="0 0 1 1"></svg>', caption: "n < 3" },
  curves: [],
});

describe("the report as a page", () => {
  test("stands alone: no script, no address, nothing loaded", () => {
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)|<link|@import|url\(/);
    expect(page).toContain("default-src 'none'");
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  });

  test("texts of users are escaped", () => {
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;");
    expect(page).toContain("a&quot;&lt;b&gt;.fathom");
    expect(page).toContain('aria-label="n &lt; 3"');
  });

  test("figures carry their standing, in words as well as in colour", () => {
    expect(page).toMatch(/<th scope="row">work<\/th>.*badge proved.*✓<\/span> proved/);
    expect(page).toContain(">Expected</h2>");
    expect(page).toMatch(/<li class="proved">.*expect work == n \* T/);
    for (const id of ["figures", "verdict", "why", "graph", "path", "families"])
      expect(page).toContain(`<section id="${id}" aria-labelledby="${id}-title">`);
    expect(page).not.toContain("<?xml");
  });

  test("every element that is opened is closed", () => {
    const open: string[] = [];
    for (const [, slash, name] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
      if (["meta", "br", "path", "polygon"].includes(name!)) continue;
      if (slash === "") open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  test("curves say where their points come from", () => {
    expect(curves.map((c) => [c.size, c.fixed])).toEqual([
      ["n", { T: 3 }],
      ["T", { n: 4 }],
    ]);
    const at = curves[1]!.points.filter((p) => p.value === 5 && p.model === "steps");
    expect(at.map((p) => [p.figure, p.count])).toEqual([
      ["depth", 5],
      ["work", 20],
    ]);
  });

  test("forms are set as mathematics", () => {
    const plain = (s: string) => formHtml(s).replace(/<\/?(span|i)[^>]*>/g, "");
    expect(plain("n^2 - 3*n*2^(m + 1)")).toBe("n<sup>2</sup> − 3·n·2<sup>m + 1</sup>");
    expect(plain("floor((n + 1) / 2)^2")).toBe("⌊(n + 1) / 2⌋<sup>2</sup>");
    expect(plain("2^log2(n)")).toBe("2<sup>log<sub>2</sub>(n)</sup>");
    expect(plain("if n <= k { 1 } else { 2 }")).toBe("1 if n ≤ k, 2 otherwise");
  });
});
