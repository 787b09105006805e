import { check } from "@fathom/lang";
import { describe, expect, it } from "vitest";
import { compileTask } from "../../src/checks/compile";
import { verdictOf } from "../../src/verdict/judge";

/** `F.7` where the task is found hard by that entry, else the verdict. */
function hard(text: string): string {
  const program = check("a.fathom", text);
  expect(program.diagnostics.map((d) => d.message)).toEqual([]);
  const compiled = compileTask(program, program.tasks[0]!);
  expect(compiled.diagnostics.map((d) => d.message)).toEqual([]);
  const j = verdictOf(compiled.system);
  return j.verdict === "inherently-serial" ? j.hardness!.entry : j.verdict;
}

describe("networks with weights as data (F.7)", () => {
  const net = (
    step: string,
    o: { w?: string; start?: string; last?: string; where?: string; more?: string } = {},
  ) =>
    hard(`task N(n: size, T: size)${o.where ?? ""} {
      input x[i: 0..n]: real
      param w[${o.w ?? "i: 0..n, j: 0..n"}]: real
      ${o.more ?? "param c[i: 0..n]: real"}
      node h[t: 0..=T, i: 0..n]: real = if t == 0 { ${o.start ?? "x[i]"} } else { ${step} }
      output y[i: 0..n] = ${o.last ?? "h[T, i]"}
    }`);
  const sum = "(sum[j: 0..n] w[i, j] * h[t-1, j])";

  it.each([
    [`max(${sum} + c[i], 0.0)`],
    [`max(0.0, ${sum})`],
    [`clamp(${sum} + c[i], 0.0, 1.0)`],
    [`if ${sum} + c[i] > 0.5 { 1.0 } else { 0.0 }`],
    // As binary32 rounds it: far out it is 1 or −1.
    [`tanh(${sum} + c[i])`],
  ])("%s", (step) => expect(net(step)).toBe("F.7"));

  it("weights may differ from layer to layer, and a zero start with biases will do", () => {
    expect(
      net("max((sum[j: 0..n] w[t-1, i, j] * h[t-1, j]) + c[i], 0.0)", { w: "t: 0..T, i: 0..n, j: 0..n" }),
    ).toBe("F.7");
    expect(net(`max(${sum} + c[i], 0.0)`, { start: "0.0" })).toBe("F.7");
  });

  it.each([
    ["half of tanh gives neither 1 nor −1", `0.5 * tanh(${sum} + c[i])`, {}],
    ["a sine comes back", `sin(${sum} + c[i])`, {}],
    ["weights shared by all rows", "max((sum[j: 0..n] w[j] * h[t-1, j]) + c[i], 0.0)", { w: "j: 0..n" }],
    ["the weights stand elsewhere too", `max(${sum} + w[i, i], 0.0)`, {}],
    ["no way to set a cell", `max(${sum}, 0.0)`, { start: "0.0" }],
    ["the start delivered", `max(${sum} + c[i], 0.0)`, { last: "h[0, i]" }],
    ["few steps", `max(${sum} + c[i], 0.0)`, { where: " where T <= log2(n)" }],
    ["a leak", `max(${sum} + c[i] + 0.5, 0.0)`, {}],
  ] as const)("claims nothing: %s", (_, step, o) => expect(net(step, o)).not.toBe("F.7"));
});

describe("decision processes (E.4)", () => {
  const mdp = (value: string, actions = "0..A") =>
    hard(`task M(S: size, A: size, H: size) where S >= 1, A >= 1 {
      input move[s: 0..S, a: 0..A, u: 0..S]: real
      input reward[s: 0..S, a: 0..A]: real
      input gamma: real
      node v[h: 0..=H, s: 0..S]: real = if h == 0 { 0.0 } else { max[a: ${actions}] (${value}) }
      output best[s: 0..S] = v[H, s]
    }`);
  const sum = "(sum[u: 0..S] move[s, a, u] * v[h-1, u])";
  it("the best action for each state; a discount that is data may be 1, and weights make up for one that is not", () => {
    expect(mdp(`reward[s, a] + ${sum}`)).toBe("E.4");
    expect(mdp(`reward[s, a] + gamma * ${sum}`)).toBe("E.4");
    expect(mdp(`reward[s, a] + 0.99 * ${sum}`)).toBe("E.4");
  });
  it("claims nothing with one action, or a reward that is never negative under a discount", () => {
    expect(mdp(`reward[s, a] + ${sum}`, "0..1")).not.toBe("E.4");
    expect(mdp(`max(reward[s, a], 0.0) + 0.3 * ${sum}`)).not.toBe("E.4");
  });
});

describe("graphs and clauses as data", () => {
  const set = (value: string) =>
    hard(
      `task G(n: size) where n >= 1 { input edge[v: 0..n, u: 0..n]: bit\n node s[v: 0..n]: bit = ${value}\n output all_of[v: 0..n] = s[v] }`,
    );
  it("the lexicographically first independent set (F.5), in three ways of writing it", () => {
    expect(set("not (any[u: 0..v] (edge[v, u] and s[u]))")).toBe("F.5");
    expect(set("all[u: 0..v where edge[v, u]] not s[u]")).toBe("F.5");
    expect(set("not (any[u: 0..v where edge[u, v]] s[u])")).toBe("F.5");
  });
  it("not reachability, which is the same without the negation", () => {
    expect(set("any[u: 0..v] (edge[v, u] and s[u])")).toBe("parallel");
    expect(set("v == 0 or (any[u: 0..v where edge[v, u]] s[u])")).not.toBe("F.5");
  });

  const game = (value: string) =>
    hard(`task W(n: size, T: size) where n >= 1 {
      input goal[v: 0..n]: bit
      input mine[v: 0..n]: bit
      input edge[v: 0..n, u: 0..n]: bit
      node win[t: 0..=T, v: 0..n]: bit = if t == 0 { goal[v] } else { win[t-1, v] or (${value}) }
      output won[v: 0..n] = win[T, v]
    }`);
  const [some, every] = [
    "any[u: 0..n where edge[v, u]] win[t-1, u]",
    "(any[u: 0..n] edge[v, u]) and (all[u: 0..n where edge[v, u]] win[t-1, u])",
  ];
  it("alternating reachability (F.9), but neither half of it", () => {
    expect(game(`if mine[v] { ${some} } else { ${every} }`)).toBe("F.9");
    expect(game(some)).toBe("parallel");
    expect(game(every)).not.toBe("F.9");
  });

  const horn = (body: string) =>
    hard(`task H(n: size, m: size) where n >= 1, m >= 1 {
      input fact[i: 0..n]: bit
      input p[c: 0..m]: index(n)
      input q[c: 0..m]: index(n)
      input head[c: 0..m]: index(n)
      node known[t: 0..=n, i: 0..n]: bit = if t == 0 { fact[i] } else { known[t-1, i] or (any[c: 0..m] (${body})) }
      output all_of[i: 0..n] = known[n, i]
    }`);
  it("unit propagation (F.4); clauses of one premise are reachability, and not hard", () => {
    expect(horn("head[c] == i and known[t-1, p[c]] and known[t-1, q[c]]")).toBe("F.4");
    expect(horn("head[c] == i and known[t-1, p[c]]")).not.toBe("F.4");
    expect(horn("head[c] == i and known[t-1, p[c]] and known[t-1, p[c]]")).not.toBe("F.4");
  });
});

describe("the Game of Life (D.8)", () => {
  const life = (rule: string, where = "n >= 3, m >= 3") =>
    hard(`task L(n: size, m: size, T: size) where ${where} {
      input x[i: 0..n, j: 0..m]: bit
      node c[t: 0..=T, i: 0..n, j: 0..m]: bit =
        if t == 0 { x[i, j] }
        else {
          let near = count[a: 0..3, b: 0..3 where a != 1 or b != 1] c[t-1, (i + a - 1) mod n, (j + b - 1) mod m]
          ${rule}
        }
      output y[i: 0..n, j: 0..m] = c[T, i, j]
    }`);
  it("is found by its rule on all neighbourhoods", () => {
    expect(life("near == 3 or (c[t-1, i, j] and near == 2)")).toBe("D.8");
    expect(life("near == 3 or (c[t-1, i, j] and near == 3)")).toBe("serial-as-written");
    expect(life("near == 3 or near == 6 or (c[t-1, i, j] and near == 2)")).toBe("serial-as-written");
  });
  it("claims nothing on a torus that its steps outrun", () => {
    expect(life("near == 3 or (c[t-1, i, j] and near == 2)", "n >= 3, m >= 3, n <= T")).not.toBe("D.8");
  });
});
