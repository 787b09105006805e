import { check } from "@fathom/lang";
import { describe, expect, it } from "vitest";
import { type GateFunction, gateSetOf } from "../../src/catalogue/circuits";
import { compileTask } from "../../src/checks/compile";
import { printClass } from "../../src/classes/classes";
import { verdictOf } from "../../src/verdict/judge";

function says(text: string): string {
  const program = check("a.fathom", text);
  expect(program.diagnostics.map((d) => d.message)).toEqual([]);
  const compiled = compileTask(program, program.tasks[0]!);
  expect(compiled.diagnostics.map((d) => d.message)).toEqual([]);
  const j = verdictOf(compiled.system);
  return `${j.verdict} ${j.bound === undefined ? "" : printClass(j.bound.class)}`;
}

const functions = (arity: number): GateFunction[] =>
  Array.from({ length: 2 ** (2 ** arity) }, (_, f) => ({
    arity,
    values: Array.from({ length: 2 ** arity }, (_, w) => (f >> w) & 1),
  }));

describe("gate sets (C.18)", () => {
  it("counts as the survey did: of 256 gates of three inputs, 232 are general", () => {
    const counts: Record<string, number> = {};
    for (const g of functions(3)) {
      const set = gateSetOf([g]);
      counts[set] = (counts[set] ?? 0) + 1;
    }
    // 8 AND or OR of two or three, 8 affine in two or three, 8 of at most one input.
    expect(counts).toEqual({ unary: 8, or: 4, and: 4, affine: 8, general: 232 });
  });

  it("needs one kind for all gates", () => {
    const [and, or, xor] = [8, 14, 6].map((f) => functions(2)[f]!);
    expect(gateSetOf([and!])).toBe("and");
    expect(gateSetOf([or!])).toBe("or");
    expect(gateSetOf([xor!])).toBe("affine");
    expect(gateSetOf([and!, or!])).toBe("general");
    expect(gateSetOf([and!, xor!])).toBe("general");
  });
});

describe("circuits given as data", () => {
  const circuit = (
    gate: string,
    o: { where?: string; wire?: string; more?: string; answer?: string; type?: string; start?: string } = {},
  ): string =>
    says(`task C(n: size, m: size) where n >= 1, m >= 1${o.where ?? ""} {
      input x[i: 0..n]: ${o.type ?? "bit"}
      input a[g: 0..m]: ${o.wire ?? "index(n + g)"}
      input b[g: 0..m]: ${o.wire ?? "index(n + g)"}
      ${o.more ?? ""}
      node v[k: 0..n+m]: ${o.type ?? "bit"} = if k < n { ${o.start ?? "x[k]"} } else { ${gate} }
      output answer = ${o.answer ?? "v[n+m-1]"}
    }`);
  const [l, r] = ["v[a[k-n]]", "v[b[k-n]]"];
  const hard = "inherently-serial P";

  it.each([
    [`not (${l} and ${r})`, hard],
    [`${l} and not ${r}`, hard],
    [`${l} or ${r}`, "parallel NL"],
    [`${l} and ${r}`, "parallel NL"],
    [`${l} xor ${r}`, "parallel DET"],
    [`not (${l} xor ${r})`, "parallel DET"],
    [`not ${l}`, "parallel L"],
  ])("%s", (gate, wanted) => expect(circuit(gate)).toBe(wanted));

  it("sees gates chosen for each node", () => {
    const more = "input kind[g: 0..m]: bit";
    expect(circuit(`if kind[k-n] { ${l} and ${r} } else { ${l} or ${r} }`, { more })).toBe(hard);
    expect(circuit(`if kind[k-n] { ${l} xor ${r} } else { not ${l} }`, { more })).toBe("parallel DET");
  });

  it("sees arithmetic that is Boolean on 0 and 1 (F.9)", () => {
    expect(circuit(`1 - ${l} * ${r}`, { type: "int" })).toBe(hard);
    expect(circuit(`max(0, 1 - ${l} - ${r})`, { type: "int" })).toBe(hard);
    // Sums leave 0 and 1, and a product alone is an AND: neither is a reduction. Sums are linear, whatever the wires (C.20).
    expect(circuit(`${l} + ${r}`, { type: "int" })).toBe("parallel DET");
    expect(circuit(`${l} * ${r}`, { type: "int" })).toBe("serial-as-written P");
  });

  it.each([
    ["no gates to speak of", { where: ", m <= 5" }],
    ["a first node delivered", { answer: "v[0]" }],
    ["wires to numbers that may lie ahead or not exist", { wire: "int" }],
    ["one wire family used twice", { more: "output w[g: 0..m] = a[g]" }],
    ["inputs that are not free", { start: "(k mod 2) == 0" }],
  ] as const)("claims nothing: %s", (_, o) => {
    const program = (() => {
      try {
        return circuit(`not (${l} and ${r})`, o);
      } catch {
        return "refused";
      }
    })();
    expect(program).not.toBe(hard);
  });

  it("claims nothing where a wire sees a fixed window, or is the same for both", () => {
    expect(circuit(`not (v[a[k-n]] and x[0])`)).not.toBe(hard);
  });
});

describe("elementary automata in equations (D.1-D.5)", () => {
  const rule = (table: string, o: { last?: string; where?: string; start?: string; cell?: string } = {}) =>
    says(`task E(n: size, T: size) where n >= 3${o.where ?? ""} {
      input x[i: 0..n]: bit
      node c[t: 0..=T, i: 0..n]: bit =
        if t == 0 { ${o.start ?? "x[i]"} }
        else { table(c[t-1, (i-1) mod n], c[t-1, i], c[t-1, (i+1) mod n]) "${table}" }
      output y[i: 0..n] = ${o.last ?? "c[T, i]"}
    }`);

  it.each([
    ["01110110", "inherently-serial P"],
    ["01011010", "parallel AC^0[2]"],
    ["00000001", "parallel AC^0"],
    ["00011101", "parallel TC^0"],
    ["01111000", "serial-as-written P"],
  ])("table %s", (table, wanted) => expect(rule(table)).toBe(wanted));

  it("rule 184 numbered right: its table is 00011101", () => {
    expect([..."00011101"].reduce((r, b, w) => r | (Number(b) << w), 0)).toBe(184);
    expect([..."01110110"].reduce((r, b, w) => r | (Number(b) << w), 0)).toBe(110);
  });

  it.each([
    ["few steps", { where: ", T <= log2(n)" }],
    ["a ring too short for its steps", { where: ", T >= n * n" }],
    ["no free start", { start: "(i mod 2) == 0" }],
    ["only the first row delivered", { last: "c[0, i]" }],
  ] as const)("does not call rule 110 hard with %s", (_, o) => {
    expect(rule("01110110", o)).not.toBe("inherently-serial P");
  });

  it("finds rule 110 among rules given as data", () => {
    expect(
      says(`task Any(n: size, T: size) where n >= 3 {
        input rule[k: 0..8]: bit
        input x[i: 0..n]: bit
        node c[t: 0..=T, i: 0..n]: bit =
          if t == 0 { x[i] }
          else { rule[4 * int(c[t-1, (i-1) mod n]) + 2 * int(c[t-1, i]) + int(c[t-1, (i+1) mod n])] }
        output y[i: 0..n] = c[T, i]
      }`),
    ).toBe("inherently-serial P");
  });
});

describe("word problems (C.3)", () => {
  const word = (maps: string, o: { start?: string; last?: string; letter?: string } = {}) => {
    const program = check(
      "a.fathom",
      `task W(n: size) where n >= 1 {
        input a[k: 0..n]: ${o.letter ?? "bit"}
        node at[k: 0..=n]: index(5) = if k == 0 { ${o.start ?? "0"} } else { table(a[k-1], at[k-1]) ${maps} }
        output y = ${o.last ?? "at[n]"}
      }`,
    );
    expect(program.diagnostics.map((d) => d.message)).toEqual([]);
    return verdictOf(compileTask(program, program.tasks[0]!).system).says;
  };
  const s5 = "[1, 2, 3, 4, 0, 1, 0, 2, 3, 4]";
  it("says complete only with its hypothesis", () => {
    expect(word(s5)).toContain("complete for NC^1, hence not in TC^0 unless TC^0 = NC^1 [C.3]");
  });
  it("says nothing for a solvable group, a start that does not move, or an end that is not seen", () => {
    expect(word("[1, 2, 0, 3, 4, 1, 0, 2, 3, 4]")).not.toContain("complete");
    expect(word(s5, { last: "at[0]" })).not.toContain("complete");
    expect(word("[1, 2, 3, 4, 0, 1, 2, 3, 4, 0]")).not.toContain("complete");
  });
});
