import { expect, test } from "vitest";
import { contraction } from "../../src/algebra/contraction";
import { findRecurrences, recursiveComponents } from "../../src/algebra/recurrence";
import { semiringForm } from "../../src/algebra/semiring";
import { printIndex } from "../../src/equations/print";
import { systemOf } from "./systems";

const form = (text: string): string | undefined => {
  const system = systemOf(text);
  const found = semiringForm(system, recursiveComponents(system)[0]!);
  if (found === undefined) return undefined;
  const { degree } = found;
  return `${found.semiring}: ${degree.kind === "linear" ? `linear, ${degree.leaves}` : [...degree.of].map(([f, d]) => `${f} ${printIndex(d)}`).join(", ")}`;
};

test("edit distance and longest common subsequence have linear products", () => {
  const table = (step: string) =>
    `task E(n: size, m: size) where n >= 1, m >= 1 {\n input a[i: 0..n]: int\n input b[j: 0..m]: int\n node d[i: 0..=n, j: 0..=m]: int = if i == 0 { j } else if j == 0 { i } else { ${step} }\n output o = d[n, m]\n}\n`;
  expect(
    form(table("min(d[i-1, j-1] + (if a[i-1] == b[j-1] { 0 } else { 1 }), min(d[i-1, j], d[i, j-1]) + 1)")),
  ).toBe("min-plus: linear, 1");
  expect(
    form(table("max(d[i-1, j-1] + (if a[i-1] == b[j-1] { 1 } else { 0 }), max(d[i-1, j], d[i, j-1]))")),
  ).toBe("max-plus: linear, 1");
  expect(form(table("d[i-1, j] + d[i, j-1]"))).toBe("int: linear, 1");
  // Maximum, minimum and sum together are no semiring.
  expect(form(table("min(max(d[i-1, j], d[i, j-1]), d[i-1, j-1] + a[i-1])"))).toBeUndefined();
});

test("interval dynamic programming multiplies two intervals: degree grows with the length", () => {
  const chain =
    "task M(n: size) where n >= 1 {\n input p[i: 0..=n]: int\n node m[i: 0..n, j: i..n]: int = if i == j { 0 } else { min[k: i..j] m[i, k] + m[k+1, j] + p[i] * p[k+1] * p[j+1] }\n output o = m[0, n-1]\n}\n";
  expect(form(chain)).toBe("min-plus: m 2 * j - 2 * i + 1");
  const catalan =
    "task C(n: size) where n >= 1 {\n node c[i: 0..n]: int = if i == 0 { 1 } else { sum[k: 0..i] c[k] * c[i-1-k] }\n output o = c[n-1]\n}\n";
  expect(form(catalan)).toBe("int: c i + 1");
});

test("repeated squaring, circuits and thresholds have no such bound", () => {
  const chain = (type: string, step: string) =>
    `task S(n: size) where n >= 1 {\n input x[i: 0..n]: ${type}\n node s[i: 0..n]: ${type} = if i == 0 { x[0] } else { ${step} }\n output o = s[n-1]\n}\n`;
  expect(form(chain("int", "s[i-1] * s[i-1] + x[i]"))).toBeUndefined();
  expect(form(chain("bit", "not (s[i-1] and s[max(i-2, 0)])"))).toBeUndefined();
  expect(form(chain("bit", "s[i-1] or (s[max(i-2, 0)] and x[i])"))).toBe("boolean: linear, 1");
  expect(form(chain("int", "if s[i-1] > 3 { s[i-1] } else { x[i] }"))).toBeUndefined();
  expect(form(chain("int", "min(max(s[i-1], x[i]), 7)"))).toBe("lattice: linear, 2");
  expect(
    form(
      "task V(n: size, m: size) where n >= 1, m >= 1 {\n input x[i: 0..n]: bit\n input l[g: 0..m]: index(n + g)\n node v[k: 0..n+m]: bit = if k < n { x[k] } else { not (v[l[k-n]] and v[k-1]) }\n output o = v[n+m-1]\n}\n",
    ),
  ).toBeUndefined();
});

const contracts = (step: string): number | undefined => {
  const system = systemOf(
    `task K(n: size) where n >= 1 {\n param w: real\n input x[i: 0..n]: real\n node h[i: 0..n, k: 0..2]: real = if i == 0 { 0 } else { ${step} }\n output o = h[n-1, 0]\n}\n`,
  );
  return contraction(system, findRecurrences(system)[0]!)?.factor;
};

test("a step contracts where literal weights say so, and only there", () => {
  expect(contracts("0.5 * h[i-1, k] + x[i]")).toBeCloseTo(0.5);
  expect(contracts("tanh(0.25 * h[i-1, 0] - 0.5 * h[i-1, 1] + x[i])")).toBeCloseTo(0.75);
  expect(contracts("0.9 * tanh(w * x[i]) * h[i-1, k]")).toBeCloseTo(0.9);
  expect(contracts("(h[i-1, 0] + h[i-1, 1]) / 4 + max(0.25 * h[i-1, 0], x[i])")).toBeCloseTo(0.75);
  for (const step of [
    "h[i-1, k] + x[i]",
    "w * h[i-1, k]",
    "0.5 * h[i-1, 0] + 0.5 * h[i-1, 1]",
    "0.5 * h[i-1, k] * h[i-1, k]",
    "if h[i-1, k] > 0 { 0.1 } else { 0.2 }",
    "x[i] * h[i-1, k]",
    "floor(0.1 * h[i-1, k])",
  ])
    expect(contracts(step), step).toBeUndefined();
});
