import { check } from "@fathom/lang";
import { describe, expect, it } from "vitest";
import { compileTask } from "../../src/checks/compile";
import { printClass } from "../../src/classes/classes";
import { verdictOf } from "../../src/verdict/judge";

/** Judges the only task of a program; its body is given, `task A(sizes) {` and `}` stand around it. */
function judge(sizes: string, body: string) {
  const program = check("a.fathom", `task A(${sizes} {\n${body}\n}\n`);
  expect(program.diagnostics.map((d) => d.message)).toEqual([]);
  const compiled = compileTask(program, program.tasks[0]!);
  expect(compiled.diagnostics.map((d) => d.message)).toEqual([]);
  return verdictOf(compiled.system);
}
const says = (sizes: string, body: string): string => {
  const j = judge(sizes, body);
  const bound = j.bound;
  if (bound === undefined) return j.verdict;
  return `${j.verdict} ${printClass(bound.class)}${bound.readings.map((r) => ` ${r}`).join("")}`;
};

describe("one layer of gates (section B)", () => {
  const over = (type: string, gate: string) =>
    says("n: size) where n >= 2", `input x[i: 0..n]: ${type}\noutput y = ${gate}`);
  it.each([
    ["bit", "x[0] and not x[1]", "parallel NC^0"],
    ["int", "x[0] * x[1] + 3", "parallel AC^0"],
    ["bit", "any[i: 0..n] x[i]", "parallel AC^0"],
    ["bit", "all[i: 0..n] x[i]", "parallel AC^0"],
    ["bit", "parity[i: 0..n] x[i]", "parallel AC^0[2]"],
    ["bit", "majority[i: 0..n] x[i]", "parallel TC^0"],
    ["bit", "count[i: 0..n] x[i]", "parallel TC^0"],
    ["bit", "count[i: 0..log2(n)] x[i]", "parallel AC^0"],
    ["bit", "parity[i: 0..log2(n)*log2(n) where i < n] x[min(i, n-1)]", "parallel AC^0"],
    ["bit", "int(parity[i: 0..2] x[i]) + 1", "parallel NC^0"],
    ["int", "max[i: 0..n] x[i]", "parallel AC^0"],
    ["int", "argmin[i: 0..n] x[i]", "parallel AC^0"],
    ["int", "sum[i: 0..n] x[i]", "parallel TC^0"],
    ["int", "sum[i: 0..log2(n)] x[i]", "parallel AC^0"],
    ["int", "sum[i: 0..2] x[i]", "parallel AC^0"],
    ["int", "product[i: 0..n] x[i]", "parallel TC^0"],
    ["int", "product[i: 0..log2(n)] x[i]", "parallel TC^0"],
    ["real", "sum[i: 0..n] x[i]", "parallel TC^0 up-to-rounding"],
    ["real", "max[i: 0..n] x[i]", "parallel AC^0"],
    ["real", "exp(x[0]) / tanh(x[1])", "parallel AC^0"],
  ])("%s: %s is %s", (type, gate, wanted) => {
    expect(over(type, gate)).toBe(wanted);
  });

  it("keeps the rounded sum apart from the exact one (B.20, H.6)", () => {
    const j = judge("n: size)", "input x[i: 0..n]: real\noutput y = sum[i: 0..n] x[i]");
    expect(j.sideConditions.realOrder).toBe("exact sum, rounded once");
    expect(j.others.map((o) => `${printClass(o.class)} ${o.readings.join()}`)).toEqual(["AC^1 "]);
  });

  it("finds a look-up by data: constantly many choices, or many (B.6)", () => {
    expect(says("n: size) where n >= 5", "input k: index(5)\ninput x[i: 0..n]: bit\noutput y = x[k]")).toBe(
      "parallel NC^0",
    );
    expect(says("n: size) where n >= 1", "input k: index(n)\ninput x[i: 0..n]: bit\noutput y = x[k]")).toBe(
      "parallel AC^0",
    );
  });
});

describe("layers (C.1)", () => {
  const cells = (sizes: string, length: string, step: string, type = "int") =>
    says(
      sizes,
      `input x[i: 0..n]: ${type}
       node y[t: 0..=${length}, i: 0..n]: ${type} = if t == 0 { x[i] } else { ${step} }
       output z[i: 0..n] = y[${length}, i]`,
    );
  // Reaches two cells away: no elementary automaton.
  const nor = "not (y[t-1, (i-2) mod n] or y[t-1, i])";
  const mix = "max(y[t-1, (i-1) mod n] * y[t-1, i], 7)";
  it.each([
    ["n: size, L: const) where n >= 2", "L", nor, "bit", "parallel NC^0"],
    ["n: size, L: const) where n >= 2", "L", mix, "int", "parallel AC^0"],
    ["n: size) where n >= 2", "log2(n)", nor, "bit", "parallel NC^1"],
    ["n: size) where n >= 2", "log2(n)", mix, "int", "parallel AC^1"],
    ["n: size) where n >= 2", "log2(n) * log2(n)", mix, "int", "parallel AC^2"],
    ["n: size, k: size) where n >= 2, k <= log2(n)", "k", mix, "int", "parallel AC^1"],
    ["n: size, k: size) where n >= 2, k <= log2(n) * log2(n)", "k", nor, "bit", "parallel NC^2"],
    ["n: size, k: size) where n >= 2, 2^k <= n", "k", nor, "bit", "parallel NC^1"],
    ["n: size, k: size) where n >= 2, 3 * k + 1 <= log2(n)", "k", nor, "bit", "parallel NC^1"],
    ["n: size, k: size) where n >= 2, k <= n", "k", mix, "int", "serial-as-written P"],
    ["n: size, T: size) where n >= 2", "T", mix, "int", "serial-as-written P"],
  ])("%s, %s steps", (sizes, length, step, type, wanted) => {
    expect(cells(sizes, length, step, type)).toBe(wanted);
  });

  it("counts the length of the input, not the value of a size", () => {
    const doubling = `
      input x[i: 0..2^L]: int
      node y[r: 0..=L, i: 0..2^L]: int = if r == 0 { x[i] } else { max(y[r-1, i] * y[r-1, (i + 2^(r-1)) mod 2^L], 7) }
      output z[i: 0..2^L] = y[L, i]`;
    expect(says("L: size)", doubling)).toBe("parallel AC^1");
  });

  it("calls exponential what no polynomial bounds, and names the factor", () => {
    const subsets = `
      input w[i: 0..k]: int
      output best = max[s: 0..2^k] sum[i: 0..k where (s div 2^i) mod 2 == 1] w[i]`;
    const j = judge("k: size) where k >= 1", subsets);
    expect(j.verdict).toBe("exponential-size");
    expect(j.says).toContain("2^k");
    expect(says("k: size, n: size) where k >= 1, k <= log2(n)", subsets)).toBe("parallel AC^0");
  });

  it("says nothing of a finite table (H.35)", () => {
    expect(says("L: const)", "input x: int\noutput y = x + L")).toBe("finite");
  });
});

describe("live state", () => {
  it("finite: a product of maps of a finite set (C.3)", () => {
    const j = judge(
      "n: size)",
      `input a[i: 0..n]: index(5)
       node s[i: 0..=n]: index(5) = if i == 0 { 0 } else { table(a[i-1], s[i-1]) [1,2,3,4,0, 1,0,2,3,4, 0,0,0,0,0, 4,3,2,1,0, 2,2,3,3,4] }
       output y = s[n]`,
    );
    expect(printClass(j.bound!.class)).toBe("NC^1");
    expect(j.asWritten && printClass(j.asWritten.class)).toBe("P");
  });

  it("a word: L whatever the step does (0.5), and says that the table is not practical", () => {
    const j = judge(
      "n: size)",
      "node s[i: 0..=n]: int = if i == 0 { 1 } else { (s[i-1] * s[i-1] + 1) mod 1000003 }\noutput y = s[n]",
    );
    expect(j.verdict).toBe("parallel");
    expect(printClass(j.bound!.class)).toBe("L");
    expect(JSON.stringify(j.derivation)).toContain("not practical");
  });

  it("many copies of a word stay in L; cells that read each other do not", () => {
    const row = (at: string) =>
      says(
        "n: size, T: size) where n >= 2",
        `input x[i: 0..n]: int
         node y[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { y[t-1, i] * y[t-1, ${at}] + 1 }
         output z[i: 0..n] = y[T, i]`,
      );
    expect(row("i")).toBe("parallel L");
    expect(row("(i+1) mod n")).toBe("serial-as-written P");
  });

  it("a step that waits for itself is no map of the state (a chain inside a step)", () => {
    expect(
      says(
        "n: size, T: size) where n >= 1",
        `input x[i: 0..n]: int
         node g[t: 0..T, i: 0..n]: int =
           if i == 0 { if t == 0 { x[0] } else { h[t-1] } } else { g[t, i-1] * g[t, i-1] + x[i] }
         node h[t: 0..T]: int = g[t, n-1]
         output y[t: 0..T] = h[t]`,
      ),
    ).toBe("serial-as-written P");
  });
});

describe("side conditions are fields", () => {
  it("names the weights whose fixed choice is advice, and the sizes that are counted in unary", () => {
    const j = judge(
      "n: size, L: const) where n >= 1",
      `param w[i: 0..n]: real
      input x[i: 0..n]: real
      output y = max[i: 0..n] w[i] * x[i]`,
    );
    expect(j.sideConditions.uniformity).toMatchObject({ value: "DLOGTIME", advice: ["w"] });
    expect(j.sideConditions.horizon).toEqual({ encoding: "unary", sizes: ["n"] });
  });

  it.each([
    ["x[t-1] * x[t-1] + a[t]", ["x"]],
    ["x[t-1] * a[t] + 1", []],
  ])("what %s would grow to without the word's end", (step, doubles) => {
    const j = judge(
      "T: size) where T >= 1",
      `input a[t: 0..=T]: int
      node x[t: 0..=T]: int = if t == 0 { a[0] } else { ${step} }
      output y = x[T]`,
    );
    expect(j.sideConditions.bitGrowth).toMatchObject({ kind: "wraps", doubles });
  });

  it("says nonuniform of what follows from an assumption about a sampler", () => {
    const j = judge(
      "n: size, S: size) where n >= 2, S >= 1",
      `random noise[i: 0..log2(n)]: real
      random fresh[s: 0..S, i: 0..log2(n)]: real
      node x[s: 0..=S, i: 0..log2(n)]: real =
        if s == 0 { noise[i] } else { x[s-1, i] + 0.1 * tanh(x[s-1, (i * i + 1) mod log2(n)]) + fresh[s-1, i] }
      output y[i: 0..log2(n)] = x[S, i]
      assume converges(x, s) by diffusion { intrinsic_dim = log2(n) }`,
    );
    expect(j.verdict).toBe("approximately-parallel");
    expect(j.sideConditions.uniformity.value).toBe("nonuniform");
    expect(j.assumptions[0]!.hypotheses.filter((h) => h.standing === "assumed")).toHaveLength(4);
  });
});

it("shows the group that is not solvable, and what generates it", () => {
  const j = judge(
    "n: size) where n >= 1",
    `input w[t: 0..n]: bit
    node p[t: 0..=n]: index(5) =
      if t == 0 { 0 } else { if w[t-1] { table(p[t-1]) [1,2,3,4,0] } else { table(p[t-1]) [1,0,2,3,4] } }
    output y = p[n]`,
  );
  expect(j.hardness!.found).toBe("its step maps generate S5, of order 120, on 5 states: (0 1), (0 1 2 3 4)");
});
