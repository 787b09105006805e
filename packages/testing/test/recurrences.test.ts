/**
 * Recurrences of every kind that people write, `corpus/recurrences`: above each task stands what the laws make of it (`None.` where they make
 * nothing of it that runs), and that computes the same. FATHOM_UPDATE=1 writes what they make of it now.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  compileTask,
  type FamilyValues,
  interpret,
  proveDepth,
  type Rewrite,
  randomInputs,
  rewrites,
  type Sizes,
  type System,
  sizeProblems,
  taskSource,
  verifySystem,
  worthOf,
} from "@fathom/compiler";
import { check, type TaskItem } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { fathomFiles, projectRoot } from "../src/index";

const SIZES = [1, 2, 5, 11];

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const says = (r: Rewrite): string =>
  `${r.applied.map((a) => `${a.families.join(", ")}: ${a.name} [${a.law}]`).join("; ")}. ${capital(worthOf(r))}.`;

/** The outputs of both at some sizes and inputs; those of reals as near as rounding leaves them. */
function agree(written: System, made: System, exact: boolean, at: readonly number[] = SIZES): void {
  for (const n of at)
    for (const seed of [1, 2]) {
      // Of several, each further one is smaller: cubes of them would be large.
      const sizes = Object.fromEntries(
        written.sizes.map((s, k) => [s.name, written.sizes.length > 1 ? Math.min(n, 5 - k) : n]),
      );
      if (sizeProblems(written, sizes).length > 0) continue;
      const inputs = randomInputs(written, sizes, seed);
      const wanted = interpret(written, { sizes, inputs, seed });
      if (wanted.diagnostics.length > 0) continue;
      const found = interpret(made, { sizes, inputs, seed });
      expect(found.diagnostics).toEqual([]);
      for (const f of written.families) {
        if (f.role !== "output") continue;
        const [a, b] = [wanted, found].map((x) => x.values.get(f.name)!.data) as FamilyValues["data"][];
        const reals = f.type.kind === "real" || f.type.kind === "vector";
        const largest = Math.max(1, ...Array.from(a!, Math.abs));
        a!.forEach((x, k) => {
          const close = reals && !exact ? Math.abs(x - b![k]!) <= 1e-4 * largest : Object.is(x, b![k]!);
          expect(close, `${f.name}[${k}] at n = ${n}, seed ${seed}: ${x}, rewritten ${b![k]}`).toBe(true);
        });
      }
    }
}

describe("recurrences and what laws make of them", () => {
  test.each(fathomFiles("corpus/recurrences"))("$path", ({ path, text }) => {
    const program = check(path, text);
    let updated = text;
    for (const task of program.tasks) {
      const { system } = compileTask(program, task);
      const found = rewrites(system);
      const wanted = docOf(text, task);
      if (wanted.length === 0) continue;
      const now = found.length === 0 ? ["None."] : found.map(says);
      if (process.env.FATHOM_UPDATE === undefined) expect(now, task.name.text).toEqual(wanted);
      else
        updated = updated.replace(wanted.map((l) => `/// ${l}`).join("\n"), () =>
          now.map((l) => `/// ${l}`).join("\n"),
        );
      for (const r of found) {
        expect(verifySystem(r.system), task.name.text).toEqual([]);
        agree(system, r.system, r.exact);
        const again = check("again.fathom", taskSource(r.system));
        expect(again.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
        agree(r.system, compileTask(again, again.tasks[0]!).system, true, [3]);
      }
    }
    if (updated !== text) writeFileSync(join(projectRoot, path), updated);
  });
});

/** The documentation lines right above a task. */
function docOf(text: string, task: TaskItem): string[] {
  const lines = text
    .slice(0, text.indexOf(`task ${task.name.text}(`))
    .trimEnd()
    .split("\n");
  const first = lines.findLastIndex((l) => !l.startsWith("/// "));
  return lines.slice(first + 1).map((l) => l.slice(4));
}

/** Of the shallowest rewritings, how many depths are proved to a value; the others are bounded. It may only rise. */
const EXACT = 66;

test("the depth of every rewriting is proved, most of them to a value", () => {
  const unproved: string[] = [];
  let [all, exact] = [0, 0];
  for (const { path, text } of fathomFiles("corpus/recurrences")) {
    const program = check(path, text);
    for (const task of program.tasks) {
      const [first] = rewrites(compileTask(program, task).system);
      if (first === undefined || docOf(text, task).length === 0) continue;
      const valid = (sizes: Sizes) => sizeProblems(first.system, sizes).length === 0;
      const { depth } = proveDepth(first.system, "steps", { valid });
      all++;
      if (depth.exact?.standing.kind === "proved") exact++;
      else if (depth.upper?.standing.kind !== "proved") unproved.push(task.name.text);
    }
  }
  expect(unproved).toEqual([]);
  expect(exact, `of ${all}`).toBeGreaterThanOrEqual(EXACT);
});
