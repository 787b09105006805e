import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { compileTask } from "../../src/checks/compile";
import { proveDepth } from "../../src/depth/prove";
import type { Derivation } from "../../src/symbolic/standing";

const derivation = (text: string): Derivation => {
  const program = check("a.fathom", text);
  return proveDepth(compileTask(program, program.tasks[0]!).system, "steps").derivation;
};
const reads = (d: Derivation, family: string): string[][] =>
  d.premises
    .find((p) => p.claim.startsWith(`level of ${family}`))!
    .premises.map((p) => [p.rule, p.claim, p.detail ?? ""]);

test("the derivation says which read is tight, and when it arrives", () => {
  const d = derivation(`task A(n: size, T: size) where n >= 3, T >= 1 {
  input x[i: 0..n]: int
  node y[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { y[t-1, i] + y[t-1, (i+1) mod n] + x[0] }
  node late: int = y[T, 0] * y[0, 0]
  output s = late + y[T - 1, 1]
}`);
  expect(reads(d, "y")[0]).toEqual([
    "tight read",
    "reads y[t - 1, (i + 1) mod n] where 0 < t, 1 before its value",
    "as late as the level: y[t - 1, (i + 1) mod n] is there at t - 1, the value at t",
  ]);
  expect(reads(d, "late")).toEqual([
    [
      "tight read",
      "reads y[T, 0], 1 before its value",
      "as late as the level: y[T, 0] is there at T, the value at T + 1",
    ],
    ["read", "reads y[0, 0], 1 before its value", ""],
  ]);
  expect(reads(d, "s").map(([rule, claim]) => [rule, claim])).toEqual([
    ["tight read", "reads late, 1 before its value"],
    ["read", "reads y[T - 1, 1], 1 before its value"],
  ]);
});
