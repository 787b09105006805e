import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { emitJs } from "../src/emit/js/js";
import {
  always,
  apply,
  bit,
  constant,
  fold,
  index,
  indexValue,
  int,
  integer,
  read,
  size,
  vector,
} from "../src/equations/build";
import { lower } from "../src/equations/lower/lower";
import { BrokenPass, type Pass, runPasses, runPipeline } from "../src/equations/pass";
import type { Expr, Family, System } from "../src/equations/system";
import { verifySystem } from "../src/equations/verify";

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

test("the verifier says what is wrong", () => {
  const sound = system(source);
  expect(verifySystem(sound)).toEqual([]);
  const at = (name: string): Family => sound.families.find((f) => f.name === name)!;
  const faults = (change: Partial<Family>): string[] =>
    verifySystem({
      ...sound,
      families: sound.families.map((f) => (f.name === "y" ? { ...f, ...change } : f)),
    });
  const value = (e: Expr): string[] => faults({ pieces: [{ guard: always, value: e }] });
  const here = { kind: "static", value: index("i") } as const;
  const monoid = { name: "M", types: [int], identity: [constant(int, 0)], combine: [constant(int, 0)] };
  const range = { index: "k", lo: integer(0), hi: size("n") };

  expect(verifySystem({ ...sound, families: [...sound.families, at("x")] })).toContain(
    "two families have one name",
  );
  expect(faults({ dims: [{ ...range, index: "i", hi: size("m") }] })).toEqual(["y: there is no size m"]);
  expect(faults({ dims: [...at("y").dims, { ...range, index: "i" }] })).toContain(
    "y: the index i hides another",
  );
  expect(faults({ pieces: [] })).toEqual(["y: a node with 0 equations"]);
  expect(value(indexValue(index("k")))).toEqual(["y, index-value: the index k is not in scope"]);
  expect(value(read("w", [here], int))).toEqual(["y, read: there is no family w"]);
  expect(value(read("x", [here, here], int))).toEqual(["y, read: x has 1 dimensions, not 2"]);
  expect(value(read("x", [here], bit))).toEqual([
    "y, read: x is int, read as bit",
    "y: bit is stored as int",
  ]);
  expect(value(vector([constant(int, 1), constant(int, 2)]))).toEqual(["y: vector is stored as int"]);
  const both = [apply("add", [read("x", [here], int), constant(int, 1)], int), constant(int, 0)];
  expect(value(fold(monoid, [range], both, 0))).toEqual(["y, fold: M has 1 components"]);
  expect(value(fold({ ...monoid, combine: [read("x", [here], int)] }, [range], [both[1]!], 0))).toEqual([
    "y, fold: M holds a read",
  ]);
});
