import { check } from "@fathom/lang";
import { describe, expect, it } from "vitest";
import { compileTask } from "../../src/compile";
import { matchModel } from "../../src/verdict/match";

const system = (text: string) => {
  const program = check("a.fathom", text);
  expect(program.diagnostics.map((d) => d.message)).toEqual([]);
  return compileTask(program, program.tasks[0]!).system;
};

const word = system(`task Word(n: size) where n >= 1 {
  input a[k: 0..n]: bit
  node at[k: 0..=n]: index(5) = if k == 0 { 0 } else { table(a[k-1], at[k-1]) [1, 2, 3, 4, 0, 1, 0, 2, 3, 4] }
  output y = at[n]
}`);
const network = (op: string) =>
  system(`task Net(n: size, L: const) where n >= 1 {
    param w[i: 0..n, j: 0..n]: real
    input x[i: 0..n]: real
    node h[l: 0..=L, i: 0..n]: real = if l == 0 { x[i] } else { ${op}[j: 0..n] (w[i, j] + h[l-1, j]) }
    output y = h[L, 0]
  }`);
const sum = system(`task Sum(n: size) { input x[i: 0..n]: int
  output y = sum[i: 0..n] x[i] }`);

describe("a task beside a model", () => {
  it("is ruled out without a hypothesis only over a step that is proved strict", () => {
    const m = matchModel(word, network("max"));
    expect(m.outcome).toBe("ruled out");
    expect(m.assumption).toBeUndefined();
    expect(m.says).toContain("properly inside NC^1");
  });

  it("names the hypothesis otherwise, of nonuniform circuits where weights are advice, and the reading", () => {
    const m = matchModel(word, network("sum"));
    expect(m.outcome).toBe("ruled out under a hypothesis");
    expect(m.assumption).toBe("NC^1 is not inside nonuniform TC^0");
    expect(m.says).toContain("TC^0, up to rounding of reals");
    expect(m.missing[0]).toContain("serial steps");
  });

  it("says of a shallow task that nothing is against it, never that it will be learnt", () => {
    const m = matchModel(sum, network("sum"));
    expect(m.outcome).toBe("nothing against it");
    expect(m.needs).toContain("O(1) layers");
    expect(m.notClaimed.map((n) => n.entry)).toContain("H.19");
  });

  it("leaves open what it does not know", () => {
    expect(matchModel(sum, network("max")).outcome).toBe("open");
  });
});
