import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { compileTask } from "../../src/checks/compile";
import { frontierOf, knownLimits } from "../../src/report/frontier";
import { unroll } from "../../src/unroll/unroll";
import { judgementOf } from "../../src/verdict/program";

const curve = (text: string, sizes: Record<string, number>) => {
  const program = check("f.fathom", text);
  const { system } = compileTask(program, program.tasks[0]!);
  const unrolled = unroll(system, sizes, { model: "steps" });
  if (!unrolled.ok) throw new Error("it does not unroll");
  return frontierOf(system, unrolled.result);
};

test("a chain of bits: k steps see one bit of state and k of input", () => {
  const text = `task A(n: size) { input x[i: 0..n]: bit
    node p[i: 0..=n]: bit = if i == 0 { false } else { p[i-1] xor x[i-1] }  output y = p[n] }`;
  const { points, all } = curve(text, { n: 8 });
  expect(all).toBe(true);
  // The last look-up reaches the start, which is a constant but still a place.
  expect(points.map((p) => [p.steps, p.depth, p.bits])).toEqual([
    [1, 8, 2],
    [2, 4, 3],
    [4, 2, 5],
    [8, 1, 9],
  ]);
});

test("a cell sees 2k + 1 cells k steps back, until the ring is closed", () => {
  const text = `task A(n: size, T: size) where n >= 3 { input x[i: 0..n]: bit
    node c[t: 0..=T, i: 0..n]: bit = if t == 0 { x[i] } else { table(c[t-1, (i-1) mod n], c[t-1, i], c[t-1, (i+1) mod n]) "01110110" }
    output y = c[T, 0] }`;
  expect(curve(text, { n: 9, T: 8 }).points.map((p) => p.bits)).toEqual([3, 5, 9, 9]);
});

test("how a cone grows is read off, and whether it would with the sizes", () => {
  const chain = (
    n: string,
  ) => `task A(n: size, m: size) where n >= 1, m >= 1 { input x[i: 0..n]: ${n === "m" ? "bit" : n}
    input w[j: 0..m]: bit
    node p[i: 0..=n]: ${n === "m" ? "bit" : n} = if i == 0 { x[0] } else { ${
      n === "m"
        ? "p[i-1] xor (parity[j: 0..m] w[j])"
        : n === "int"
          ? "p[i-1] * 3 + x[i-1]"
          : "p[i-1] xor x[i-1]"
    } }  output y = p[n] }`;
  const form = (type: string) => {
    const { cone, grows, words } = curve(chain(type), { n: 12, m: 3 });
    return { ...cone, grows, words };
  };
  expect(form("bit")).toEqual({ form: "k + 1", degree: 1, upTo: 8, grows: false, words: false });
  expect(form("int")).toEqual({ form: "32*k + 32", degree: 1, upTo: 8, grows: false, words: true });
  expect(form("m")).toEqual({ form: "4", degree: 0, upTo: 8, grows: true, words: false });
});

test("maps of a state are composed: polynomial where it is small, exponential where it grows", () => {
  const cell = (where: string) => `task A(n: size, T: size) where n >= 3${where} { input x[i: 0..n]: bit
    node c[t: 0..=T, i: 0..n]: bit = if t == 0 { x[i] } else { table(c[t-1, (i-1) mod n], c[t-1, i], c[t-1, (i+1) mod n]) "01110110" }
    output y[i: 0..n] = c[T, i] }`;
  const [wide] = curve(cell(""), { n: 9, T: 7 }).states;
  expect(wide).toMatchObject({ families: ["c"], live: "n", bits: 9, length: 8, exponential: true });
  // 8 steps: 2 log2 8 levels of tables of 2^(9 · 3) rows, or 2 of 2^(9 · 9).
  expect(wide!.points.map((p) => [p.steps, p.depth, p.bits])).toEqual([
    [2, 6, 27],
    [4, 4, 45],
    [8, 2, 81],
  ]);
  expect(curve(cell(", n <= log2(T) + 3"), { n: 5, T: 7 }).states[0]).toMatchObject({ exponential: false });
});

test("limits are those of the task's own class", () => {
  const entries = (text: string): string[] => {
    const program = check("f.fathom", text);
    return knownLimits(judgementOf(compileTask(program, program.tasks[0]!))).map((l) => l.entry);
  };
  expect(entries("task A(n: size) { input x[i: 0..n]: bit  output y = any[i: 0..n] x[i] }")).toEqual(["G.1"]);
  expect(entries("task A(n: size) { input x[i: 0..n]: bit  output y = majority[i: 0..n] x[i] }")).toEqual([
    "G.4",
    "G.6",
  ]);
});
