import { expect, test } from "vitest";
import { type LinearStep, linearStep } from "../../src/algebra/linear";
import { findRecurrences } from "../../src/algebra/recurrence";
import { printExpr } from "../../src/equations/print";
import { systemOf } from "./systems";

const linear = (text: string): LinearStep | undefined => {
  const system = systemOf(text);
  return linearStep(system, findRecurrences(system)[0]!);
};
const scalar = (type: string, step: string, more = ""): string =>
  `task A(n: size) where n >= 2 {\n input x[i: 0..n]: ${type}\n input c: ${type}\n${more} node a[i: 0..n]: ${type} = if i == 0 { x[0] } else {\n let s = a[i-1]\n ${step}\n }\n output o = a[n-1]\n}\n`;
const shown = (text: string) => {
  const found = linear(text);
  if (found === undefined) return undefined;
  const step = found.equations.find((e) => e.role === "step")!;
  return [
    found.ring.name,
    found.shape,
    found.timeInvariant ? "time-invariant" : "varying",
    step.terms.map((t) => printExpr(t.coefficient)).join(" | "),
    step.constant === undefined ? "" : printExpr(step.constant),
  ];
};

test("affine steps of ints: coefficients are what does not read the state", () => {
  expect(shown(scalar("int", "s + x[i]"))).toEqual(["int", "scalar", "time-invariant", "1:int", "x[i]:int"]);
  expect(shown(scalar("int", "x[i] * (s - c) + 2 * s"))).toEqual([
    "int",
    "scalar",
    "varying",
    "add(x[i]:int, 2:int)",
    "mul(x[i]:int, mul(-1:int, c[]:int))",
  ]);
  expect(shown(scalar("int", "if x[i] > 0 { c * s } else { x[i] }"))).toEqual([
    "int",
    "scalar",
    "varying",
    "select(lt(0:int, x[i]:int), c[]:int, 0:int)",
    "select(lt(0:int, x[i]:int), 0:int, x[i]:int)",
  ]);
});

test("nearly affine steps are not affine", () => {
  for (const step of [
    "s * s",
    "s * x[i] + s div 2",
    "if s > 0 { s } else { x[i] }",
    "abs(s) + x[i]",
    "(s + x[i]) mod 7",
    "x[i] * min(s, s + 1) * s",
  ])
    expect(shown(scalar("int", step)), step).toBeUndefined();
  // A coefficient that itself depends on the state, by way of a subscript.
  expect(shown(scalar("int", "x[clamp(s, 0, n - 1)] * 2")), "subscript").toBeUndefined();
  for (const step of ["tanh(s)", "s * s + x[i]", "x[i] / s"])
    expect(shown(scalar("real", step)), step).toBeUndefined();
});

test("exclusive or, and with an input, and tables of linear rules are linear over GF(2)", () => {
  expect(shown(scalar("bit", "s xor x[i]"))?.slice(0, 3)).toEqual(["gf2", "scalar", "time-invariant"]);
  expect(shown(scalar("bit", "(s and x[i]) == c"))).toEqual([
    "gf2",
    "scalar",
    "varying",
    "x[i]:bit",
    "xor(c[]:bit, 1:bit)",
  ]);
  expect(shown(scalar("bit", "s or x[i]"))).toEqual([
    "gf2",
    "scalar",
    "varying",
    "not(x[i]:bit)",
    "x[i]:bit",
  ]);
  expect(shown(scalar("bit", "if s { x[i] } else { c }"))).toEqual([
    "gf2",
    "scalar",
    "varying",
    "xor(x[i]:bit, c[]:bit)",
    "c[]:bit",
  ]);
  const ring = (table: string) =>
    `task R(n: size, T: size) where n >= 3 {\n input x[i: 0..n]: bit\n node c[t: 0..=T, i: 0..n]: bit = if t == 0 { x[i] } else { table(c[t-1, (i-1) mod n], c[t-1, i], c[t-1, (i+1) mod n]) "${table}" }\n output o[i: 0..n] = c[T, i]\n}\n`;
  const rule90 = linear(ring("01011010"))!;
  expect([rule90.dimension, rule90.shape, rule90.timeInvariant, rule90.homogeneous]).toEqual([
    "sizes",
    "dense",
    true,
    true,
  ]);
  expect(rule90.equations[1]!.terms.length).toBe(2);
  expect(linear(ring("10100101"))!.homogeneous).toBe(false);
  expect(linear(ring("01110110"))).toBeUndefined();
});

test("maximum and sum are (max,+), minimum and sum (min,+), and both together neither", () => {
  expect(shown(scalar("int", "max(s + x[i], c)"))).toEqual([
    "max-plus",
    "scalar",
    "varying",
    "x[i]:int",
    "c[]:int",
  ]);
  expect(shown(scalar("real", "min(s - x[i], c)"))).toEqual([
    "min-plus",
    "scalar",
    "varying",
    "neg(x[i]:real)",
    "c[]:real",
  ]);
  expect(shown(scalar("int", "max(min(s + x[i], c), 0)"))).toBeUndefined();
  expect(shown(scalar("int", "max(s, 2 * s)"))).toBeUndefined();
});

test("dimensions: orders, triangles, matrices with sizes", () => {
  const fibonacci = linear(
    "task F(n: size) where n >= 2 {\n node f[i: 0..n]: int = if i < 2 { i } else { f[i-1] + f[i-2] }\n output o = f[n-1]\n}\n",
  )!;
  expect([fibonacci.dimension, fibonacci.shape, fibonacci.timeInvariant]).toEqual([2, "dense", true]);
  const sums =
    "task S(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node a[i: 0..n]: int = if i == 0 { x[i] } else { a[i-1] + x[i] }\n node b[i: 0..n]: int = if i == 0 { a[i] } else { b[i-1] + a[i] }\n output o = b[n-1]\n}\n";
  // Two recurrences, one above the other: each is scalar.
  const system = systemOf(sums);
  expect(findRecurrences(system).map((r) => linearStep(system, r)!.shape)).toEqual(["scalar", "scalar"]);
  const triangle = linear(
    "task T(n: size) where n >= 1 {\n input x[i: 0..n, k: 0..3]: real\n node h[i: 0..n, k: 0..3]: real = if i == 0 { 0 } else if k == 0 { x[i, 0] * h[i-1, k] } else { h[i-1, k-1] + x[i, k] * h[i-1, k] }\n output o = h[n-1, 2]\n}\n",
  )!;
  expect([triangle.dimension, triangle.shape]).toEqual([3, "triangular"]);
  const rotation = linear(
    "task R(n: size) where n >= 1 {\n input x[i: 0..n]: real\n node h[i: 0..n, k: 0..3]: real = if i == 0 { 0 } else { x[i] * h[i-1, (k+1) mod 3] }\n output o = h[n-1, 2]\n}\n",
  )!;
  expect([rotation.dimension, rotation.shape]).toEqual([3, "dense"]);
  const policy = linear(
    "task P(S: size, H: size) where S >= 1 {\n input move[s: 0..S, u: 0..S]: real\n input reward[s: 0..S]: real\n node v[h: 0..=H, s: 0..S]: real = if h == 0 { 0 } else { reward[s] + 0.5 * (sum[u: 0..S] move[s, u] * v[h-1, u]) }\n output o[s: 0..S] = v[H, s]\n}\n",
  )!;
  expect([policy.ring.name, policy.dimension, policy.timeInvariant, policy.homogeneous]).toEqual([
    "real",
    "sizes",
    true,
    false,
  ]);
  const ssm = linear(
    "task L(T: size, d: size) where d >= 1 {\n param a[i: 0..d]: real\n input x[t: 0..T]: real\n node h[t: 0..=T, i: 0..d]: real = if t == 0 { 0 } else { a[i] * h[t-1, i] + x[t-1] }\n output y[t: 0..T] = sum[i: 0..d] h[t+1, i]\n}\n",
  )!;
  expect([ssm.dimension, ssm.shape, ssm.timeInvariant]).toEqual([1, "scalar", true]);
});
