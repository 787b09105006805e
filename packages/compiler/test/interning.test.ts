import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { rewrites } from "../src/algebra/rewrite/rewrites";
import { compileTask } from "../src/checks/compile";
import { planGpu } from "../src/emit/wgsl/plan";
import { constant, forgetInterned, int, integer, size } from "../src/equations/build";
import { printSystem } from "../src/equations/print";

/** Programs whose analysis meets numbers that tables of the compiler hold: zeros of rings, starts of ranges, levels of scans. */
const programs = {
  scan: "input x[i: 0..n]: int\n node s[r: 0..=log2(n), i: 0..n]: int =\n if r == 0 { x[i] } else if i >= 2^(r-1) { s[r-1, i - 2^(r-1)] + s[r-1, i] } else { s[r-1, i] }\n output y[i: 0..n] = s[log2(n), i]",
  latch:
    "input set[t: 0..n]: bit\n input reset[t: 0..n]: bit\n node q[t: 0..=n]: bit = if t == 0 { false } else { if set[t-1] { true } else { if reset[t-1] { false } else { q[t-1] } } }\n output out = q[n]",
  ring: "input x[i: 0..n]: bit\n node c[t: 0..=n, i: 0..n]: bit = if t == 0 { x[i] } else { c[t-1, (i-1) mod n] xor c[t-1, (i+1) mod n] }\n output y[i: 0..n] = c[n, i]",
} as const;

test("what is forgotten between programs changes no answer", () => {
  const answers = (body: string): string[] => {
    const program = check("a.fathom", `task A(n: size) where n >= 3 {\n ${body}\n}`);
    const { system, unproved } = compileTask(program, program.tasks[0]!);
    const gpu = planGpu(system, { unproved, block: 4 }).system;
    return [...rewrites(system).map((r) => r.system), gpu].map(printSystem);
  };
  for (const body of Object.values(programs)) {
    const before = answers(body);
    forgetInterned();
    expect(answers(body)).toEqual(before);
  }
});

test("numbers last, names do not", () => {
  const [three, zero, n] = [integer(3), constant(int, 0), size("n")];
  forgetInterned();
  expect(integer(3)).toBe(three);
  expect(constant(int, 0)).toBe(zero);
  expect(size("n")).not.toBe(n);
});
