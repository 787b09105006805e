import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CodeLens, Hover, InlayHint } from "vscode-languageserver-types";
import { Client, marked } from "./client";

const source = marked(`/// A running sum.
task ⟦‸Sum⟧(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node s‸[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }
  output total‸ = s[n-1]
}
`);
const [name, afterS, afterTotal] = source.cursors;

describe("figures in the text", () => {
  let client: Client;
  let uri: string;
  beforeAll(async () => {
    client = await Client.start();
    uri = await client.open(source.text);
    await client.analysed(uri);
  });
  afterAll(async () => {
    expect(await client.stop()).toBe(0);
    expect(client.errors).toEqual([]);
  });

  const everywhere = { range: { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } } };

  test("hints: a task's depth, the levels of its families; a double click inserts the depth", async () => {
    const hints = await client.ask<InlayHint[]>("textDocument/inlayHint", uri, everywhere);
    expect(hints.map((h) => [h.position, h.label])).toEqual([
      [source.ranges[0]!.end, "depth n - 1 · TC^0"],
      [afterS, "level i"],
      [afterTotal, "level n - 1"],
    ]);
    const end = { line: 4, character: 23 };
    expect(hints[0]!.textEdits).toEqual([
      { range: { start: end, end }, newText: "\n\n  expect depth == n - 1" },
    ]);
  });

  test("lenses: figures and what can be done", async () => {
    const lenses = await client.ask<CodeLens[]>("textDocument/codeLens", uri);
    expect(lenses.map((l) => [l.command!.title, l.range])).toEqual(
      ["depth n - 1 · work n - 1 · TC^0, parallel", "Run", "Graph", "Compare"].map((t) => [
        t,
        source.ranges[0],
      ]),
    );
  });

  test("hover: declaration, figures with their standing, documentation", async () => {
    const hover = await client.ask<Hover>("textDocument/hover", uri, { position: name });
    expect(hover.range).toEqual(source.ranges[0]);
    const { value } = hover.contents as { value: string };
    expect(value).toMatch(
      /^```fathom\ntask Sum\(n: size\) where n >= 1\n```\n\nA running sum\.\n\n- \*\*depth\*\* `n - 1` — proved\n/,
    );
    expect(value).toContain("\n- **work** `n - 1` — proved\n");
    // The source of the law, the steps of the proof, and what the class does not say.
    expect(value).toMatch(/\n- \*\*class\*\* TC\^0 — by .*\[C\.9: Hesse, Allender and Barrington, 2002/);
    expect(value).toContain("- **level**: level of s\\[i\\] = i *(proved)*");
    expect(value).toMatch(/\n> Not claimed \[C\.9\]: /);
  });

  test("a graph is drawn, a run computes, a curve has exact points", async () => {
    const task = { uri, task: "Sum" };
    const graph = await client.connection.sendRequest<Record<string, unknown>>("fathom/graph", {
      ...task,
      sizes: { n: 3 },
    });
    expect(graph).toMatchObject({ problems: [], sizes: { n: 3 }, depth: 2, instances: 4, truncated: false });
    expect(graph.svg).toMatch(/^<\?xml[\s\S]*<title>n0<\/title>[\s\S]*<\/svg>\s*$/);
    const run = await client.connection.sendRequest("fathom/run", {
      ...task,
      sizes: { n: 4 },
      inputs: { x: [1, 2, 3, 4] },
    });
    expect(run).toMatchObject({
      problems: [],
      outputs: [{ name: "total", type: "int", extent: [], value: 10 }],
    });
    const wrong = await client.connection.sendRequest("fathom/run", { ...task, sizes: { n: 0 } });
    expect(wrong).toMatchObject({ problems: [{ code: "where-broken" }], outputs: [] });
    const curve = await client.connection.sendRequest("fathom/curve", {
      ...task,
      size: "n",
      values: [0, 1, 4],
      fixed: {},
    });
    expect(curve).toMatchObject({
      problems: [{ code: "where-broken" }],
      points: [
        { value: 1, depth: 0, work: 0, width: 0, opsDepth: 0 },
        { value: 4, depth: 3, work: 3, width: 1, opsDepth: 3 },
      ],
    });
  });
});
