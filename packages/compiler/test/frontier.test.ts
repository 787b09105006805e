import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { compileTask, frontierOf, unroll } from "../src/index";

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
