import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { BrokenPass, emitJs, lower, type Pass, runPasses, runPipeline, type System } from "../src/index";

const system = (text: string): System => {
  const program = check("a", text);
  expect(program.diagnostics).toEqual([]);
  return lower(program, program.tasks[0]!);
};

const source =
  "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = x[i] + 1\n  node z[i: 0..n]: int = y[i] * 2\n  output s = y[0]\n}\n";

test("what no output needs is left out, unless asked for", () => {
  const names = (keep: string[]) =>
    runPipeline(runPasses(new Set(keep)), system(source), { verify: true }).families.map((f) => f.name);
  expect(names([])).toEqual(["x", "y", "s"]);
  expect(names(["z"])).toEqual(["x", "y", "z", "s"]);
  expect(emitJs(system(source)).js).not.toContain("_z");
});

test("a pass that breaks the equations is named", () => {
  const bad: Pass = { name: "forget-x", summary: "", run: (s) => ({ ...s, families: s.families.slice(1) }) };
  expect(() => runPipeline([...runPasses(new Set()), bad], system(source), { verify: true })).toThrow(
    BrokenPass,
  );
  expect(() => runPipeline([bad], system(source), { verify: true })).toThrow(
    /forget-x .*there is no family x/,
  );
});
