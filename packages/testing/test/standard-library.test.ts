/** The standard library is complete in itself: every task is documented, promises, has an example, and can be used. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  compileTask,
  defaultSizes,
  interpret,
  judgementOf,
  printClass,
  randomInputs,
  sizeProblems,
  verdictText,
} from "@fathom/compiler";
import { type CheckedProgram, check, isGiven, type Range, type TaskItem } from "@fathom/lang";
import { loadModule } from "@fathom/runtime";
import { describe, expect, test } from "vitest";
import { fathomFiles, projectHost, projectRoot } from "../src/index";

const files = fathomFiles("std");
const programs = new Map(files.map((f) => [f.path, check(f.path, f.text, projectHost)]));
const tasks = files.flatMap(({ path, text }) =>
  programs.get(path)!.tasks.map((task) => ({ name: `${path} ${task.name.text}`, path, text, task })),
);

/** A program that hands its inputs to the task and its outputs on. */
function userOf(path: string, text: string, task: TaskItem, program: CheckedProgram): string {
  const cut = (r: Range): string => text.slice(r.start, r.end);
  const families = task.members.flatMap((m) => (m.kind === "family" ? [m] : []));
  const given = families.filter(isGiven);
  const names = [
    task.name.text,
    ...program.files
      .find((f) => f.path === path)!
      .tree.items.flatMap((i) => (i.kind === "enum" ? [i.name.text] : [])),
  ];
  const sizes = task.sizes.map((s) => s.name.text).join(", ");
  const indices = (m: (typeof families)[number]): string =>
    m.binders.length === 0 ? "" : `[${m.binders.map((b) => b.name.text).join(", ")}]`;
  return `import { ${names.join(", ")} } from "${path.replace(".fathom", "")}"
task User(${task.sizes.map((s) => cut(s.range)).join(", ")})${task.where.length === 0 ? "" : ` where ${task.where.map((w) => cut(w.range)).join(", ")}`} {
${given.map((m) => cut(m.range)).join("\n")}
use ${task.name.text}(${sizes}) with { ${given.map((m) => `${m.name.text}${indices(m)} = ${m.name.text}${indices(m)}`).join("\n")} } as it
${families
  .filter((m) => m.role === "output")
  .map(
    (m) =>
      `output ${m.name.text}${m.binders.length === 0 ? "" : `[${m.binders.map((b) => cut(b.range)).join(", ")}]`} = it.${m.name.text}${indices(m)}`,
  )
  .join("\n")}
}`;
}

describe("every task of the standard library", () => {
  test("the table of the README is true", () => {
    const rows = tasks.map(({ path, task }) => {
      const { bound, verdict } = judgementOf(compileTask(programs.get(path)!, task));
      const file = path.replace("std/", "").replace(".fathom", "");
      const least = bound === undefined ? "" : printClass(bound.class);
      return [file, task.name.text, least, verdictText[verdict]].join(" ");
    });
    const table = readFileSync(join(projectRoot, "std/README.md"), "utf8").matchAll(
      /^\| `(\S+)` \| `(\S+)` \| .+ \| (.+) \| (.+) \|$/gm,
    );
    expect([...table].map((m) => m.slice(1).join(" ")).sort()).toEqual(rows.sort());
  });

  test.each(tasks)("$name is documented, promises a verdict and has an example", ({ path, task }) => {
    expect(task.doc?.trim()).toBeTruthy();
    const claims = task.members.flatMap((m) => (m.kind === "expect" ? [m.claim] : []));
    expect(claims.some((c) => c.kind !== "figure")).toBe(true);
    if (path.includes("hardness")) return;
    expect(claims.some((c) => c.kind === "figure" && c.figure === "depth")).toBe(true);
    expect(programs.get(path)!.examples.some((e) => e.task.text === task.name.text)).toBe(true);
  });

  test.each(tasks)(
    "$name can be used from another file, and back ends agree on it",
    async ({ path, text, task }) => {
      const program = programs.get(path)!;
      const own = compileTask(program, task);
      const user = check("user.fathom", userOf(path, text, task, program), projectHost);
      expect(user.diagnostics).toEqual([]);
      const used = compileTask(user, user.tasks[0]!);
      expect(used.diagnostics).toEqual([]);
      const sizes = defaultSizes(own.system)!;
      expect(sizeProblems(own.system, sizes)).toEqual([]);
      const inputs = randomInputs(own.system, sizes, 5);
      const mine = interpret(own.system, { sizes, inputs, seed: 3 });
      expect(mine.diagnostics).toEqual([]);
      // A generator is keyed by the name of its family, which within a user is another one.
      if (!own.system.families.some((f) => f.role === "random")) {
        const theirs = interpret(used.system, { sizes, inputs, seed: 3 });
        for (const f of own.system.families)
          if (f.role === "output")
            expect(theirs.values.get(f.name)!.data).toEqual(mine.values.get(f.name)!.data);
      }
      const data = Object.fromEntries([...inputs].map(([name, v]) => [name, v.data]));
      for (const target of ["js", "wasm"] as const) {
        const found = (await loadModule(own, target)).run({ sizes, inputs: data, seed: 3 });
        for (const [name, values] of Object.entries(found))
          expect(values.data).toEqual(mine.values.get(name)!.data);
      }
    },
  );
});
