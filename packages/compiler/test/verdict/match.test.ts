import { check } from "@fathom/lang";
import { describe, expect, it } from "vitest";
import { compileTask } from "../../src/checks/compile";
import { matchModel } from "../../src/verdict/match";

const system = (text: string) => {
  const program = check("a.fathom", text);
  expect(program.diagnostics.map((d) => d.message)).toEqual([]);
  return { system: compileTask(program, program.tasks[0]!).system };
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

  it("counts the answers of a sampler by the law that its author assumes, and says so", () => {
    const sampler = system(`task S(n: size, d: const, S: size) where n >= 1, d >= 1 {
      input given[j: 0..n, i: 0..d]: real
      random noise[i: 0..d]: real
      random fresh[s: 0..S, i: 0..d]: real
      node x[s: 0..=S, i: 0..d]: real =
        if s == 0 { noise[i] } else { x[s-1, i] + 0.1 * tanh(sum[j: 0..n] given[j, i] * x[s-1, 0]) + fresh[s-1, i] }
      output y[i: 0..d] = x[S, i]
      assume converges(x, s) by diffusion { intrinsic_dim = d }
    }`);
    const m = matchModel(word, sampler);
    expect(m.outcome).toBe("ruled out under a hypothesis");
    expect(m.assumption).toContain("NC^1 is not inside nonuniform TC^0, and what the model assumes");
    expect(m.says).toContain("in the limit of many steps");
  });

  it("says how far depth has to reach, each size with its owner", () => {
    const loops = system(`task Loop(n: size, T: size) where n >= 1 {
      param w[i: 0..n]: real
      input x[i: 0..n]: real
      node h[t: 0..=T, i: 0..n]: real = if t == 0 { x[i] } else { tanh(w[i] * h[t-1, (i * i + 1) mod n]) }
      output y[i: 0..n] = h[T, i]
    }`);
    const m = matchModel(word, loops);
    expect(m.outcome).toBe("nothing against it");
    expect(m.missing.join()).toContain("Loop's T must grow with Word's n (T steps against n)");
    expect(m.missing.join()).toContain("promises: O(log N) layers");
  });

  it("leaves open what it does not know", () => {
    expect(matchModel(sum, network("max")).outcome).toBe("open");
  });
});
