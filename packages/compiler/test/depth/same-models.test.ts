import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { verifyCertificate } from "../../certificate-checker/check";
import { printCertificate } from "../../certificate-checker/json";
import { compileTask } from "../../src/checks/compile";
import { proveDepth, sameLevels } from "../../src/depth/prove";
import { sameCosts } from "../../src/depth/work";
import { countAt } from "../../src/report/numbers";
import { effort } from "../../src/symbolic/effort";
import { unroll } from "../../src/unroll/unroll";

const systemOf = (body: string) => {
  const program = check(
    "x.fathom",
    `task X(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n${body}\n  output y = a[n-1]\n}\n`,
  );
  return compileTask(program, program.tasks[0]!).system;
};

test("where every instance is one operation, a proof of one model proves the other", () => {
  const system = systemOf("  node a[i: 0..n]: int = if i == 0 { x[0] } else { a[i-1] + x[i] }");
  expect(sameLevels(system)).toBe(true);
  expect(sameCosts(system)).toBe(true);
  const steps = proveDepth(system, "steps");
  const before = effort.spent;
  const ops = proveDepth(system, "ops");
  expect(effort.spent).toBe(before);
  expect(ops.depth).toEqual(steps.depth);
  expect(ops.certificate!.model).toBe("ops");
  expect(verifyCertificate(printCertificate(ops.certificate!), system)).toMatchObject({
    ok: true,
    model: "ops",
  });
});

test.each([
  ["two operations a step", "  node a[i: 0..n]: int = if i == 0 { x[0] } else { a[i-1] * 3 + x[i] }"],
  ["a reduction", "  node a[i: 0..n]: int = sum[j: 0..=i] x[j]"],
])("%s: each model has its own", (_, body) => {
  const system = systemOf(body);
  expect(sameCosts(system)).toBe(false);
  const [steps, ops] = (["steps", "ops"] as const).map((m) => proveDepth(system, m));
  expect(ops!.depth).not.toEqual(steps!.depth);
  for (const model of ["steps", "ops"] as const) {
    const counted = unroll(system, { n: 9 }, { model });
    if (!counted.ok) throw new Error("nine elements are few");
    const { exact } = proveDepth(system, model).depth;
    expect(exact?.standing.kind).toBe("proved");
    expect(countAt(exact!.form, { n: 9 })).toBe(counted.result.depth);
  }
});
