import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkExpects, compileTask, emitJs, type FamilyValues, interpret } from "@fathom/compiler";
import { check, format, type Host } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { fathomFiles, projectRoot, sharedData } from "../src/index";

const host: Host = {
  resolve(from, spec) {
    const path = spec.startsWith("std/") ? `${spec}.fathom` : join(dirname(from), spec);
    const full = join(projectRoot, path);
    return existsSync(full) ? { path, text: readFileSync(full, "utf8") } : undefined;
  },
};

/**
 * A corpus file says on the line below a place what must be reported there: `// ^^^ code`, the carets under the range.
 * Nothing else may be reported.
 */
function expectations(
  text: string,
): { readonly code: string; readonly start: number; readonly length: number }[] {
  const found: { code: string; start: number; length: number }[] = [];
  const lines = text.split("\n");
  let offset = 0;
  let target = 0;
  for (const line of lines) {
    const mark = /^\s*\/\/[^^]*?(\^+)\s+([a-z][a-z-]*)/.exec(line);
    if (mark === null) target = offset;
    else found.push({ code: mark[2]!, start: target + line.indexOf("^"), length: mark[1]!.length });
    offset += line.length + 1;
  }
  return found;
}

describe("corpus, standard library and examples report exactly what they say", () => {
  test.each(
    [...fathomFiles("corpus"), ...fathomFiles("std"), ...fathomFiles("examples")].map(
      (f) => [f.path, f.text] as const,
    ),
  )("%s", (path, text) => {
    const program = check(path, text, host);
    const diagnostics = [...program.diagnostics];
    if (!diagnostics.some((d) => d.severity === "error")) {
      for (const task of program.tasks) {
        const compiled = compileTask(program, task);
        diagnostics.push(
          ...compiled.diagnostics,
          ...(compiled.diagnostics.length > 0 ? [] : checkExpects(compiled)),
        );
      }
    }
    const reported = diagnostics.map((d) => ({
      code: d.code as string,
      start: d.range.start,
      length: d.range.end - d.range.start,
    }));
    const order = (a: { start: number }, b: { start: number }) => a.start - b.start;
    expect(reported.sort(order), diagnostics.map((d) => d.message).join("\n")).toEqual(
      expectations(text).sort(order),
    );
  });
});

describe("formatting", () => {
  test.each([...fathomFiles("std"), ...fathomFiles("examples")].map((f) => [f.path, f.text] as const))(
    "%s is formatted",
    (path, text) => {
      expect(format(text, path)).toEqual({ text, diagnostics: [] });
    },
  );
});

const ca = sharedData("ca");

describe.skipIf(ca === undefined)("cellular automata agree with reference evolutions", () => {
  const reference = (name: string): number[][] =>
    JSON.parse(readFileSync(join(ca!, name), "utf8").replaceAll("{", "[").replaceAll("}", "]"));
  const life = fathomFiles("examples/life")[0]!;
  const rules = fathomFiles("examples/rule110")[0]!;

  test.each([
    ["rule30_random_init.ca", 30],
    ["rule126_simple_init.ca", 126],
  ])("%s", async (name, rule) => {
    const rows = reference(name);
    const [n, T] = [rows[0]!.length, rows.length - 1];
    const program = check(rules.path, rules.text);
    const task = program.tasks.find((t) => t.name.text === "Elementary")!;
    const { system } = compileTask(program, task);
    const module = await import(
      `data:text/javascript;base64,${Buffer.from(emitJs(system, { keep: ["cell"] }).js).toString("base64")}`
    );
    const table = Uint8Array.from({ length: 8 }, (_, k) => (rule >> k) & 1);
    const { cell } = module.run({
      sizes: { n, T },
      inputs: { rule: table, start: Uint8Array.from(rows[0]!) },
    }) as Record<string, FamilyValues>;
    // The reference shows a window of an infinite line: only cells that its borders cannot have reached are compared.
    let compared = 0;
    for (let t = 0; t <= T; t++) {
      for (let i = t; i < n - t; i++) {
        expect(cell!.data[t * n + i], `cell[${t}, ${i}]`).toBe(rows[t]![i]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(500);
  });

  test("Life: the interpreter and the reference agree step by step", () => {
    const grids = reference("game_of_life.ca") as unknown as number[][][];
    const [n, m] = [grids[0]!.length, grids[0]![0]!.length];
    const program = check(life.path, life.text);
    const { system } = compileTask(program, program.tasks[0]!);
    // One step at a time, so that every reference grid is a test of its own.
    for (let k = 0; k + 1 < Math.min(grids.length, 6); k++) {
      const start: FamilyValues = { lo: [0, 0], extent: [n, m], data: Uint8Array.from(grids[k]!.flat()) };
      const { values } = interpret(system, { sizes: { n, m, T: 1 }, inputs: new Map([["start", start]]) });
      expect(Array.from(values.get("final")!.data)).toEqual(grids[k + 1]!.flat());
    }
  });
});
