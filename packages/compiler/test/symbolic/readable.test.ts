import { describe, expect, test } from "vitest";
import { check } from "../../../lang/src/index";
import { compileTask, formsOf, printFigure } from "../../src/index";

/** The depth of a chain as long as a form says. */
function depthOf(sizes: string, where: string, length: string): string {
  const text = `task X(${sizes}) where ${where} {
  input x: int
  node a[i: 0..${length}]: int = if i == 0 { x + 1 } else { a[i-1] + 1 }
  output y[i: 0..${length}] = a[i]
}
`;
  const program = check("x", text);
  expect(program.diagnostics).toEqual([]);
  return printFigure(formsOf(compileTask(program, program.tasks[0]!).system).steps.depth);
}

describe("forms as people read them", () => {
  test.each([
    ["T: size, s: size", "T >= 1, s >= 1", "T + min(s - 1, 1)", "if s <= 1 { T } else { T + 1 }"],
    ["n: size, m: size", "n >= 1, m >= 1", "min(n, m)", "min(m, n)"],
    ["n: size", "n >= 1", "max(n - 1, 1)", "max(n - 1, 1)"],
    ["n: size", "n >= 5", "(n - (n - 5) mod 2 + 1) div 2", "floor((n + 1) / 2)"],
  ])("%s where %s: %s", (sizes, where, length, depth) => {
    expect(depthOf(sizes, where, length)).toBe(`${depth} (proved)`);
  });
});
