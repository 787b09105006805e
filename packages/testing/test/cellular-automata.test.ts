import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileTask, emitJs, type FamilyValues, interpret, type System } from "@fathom/compiler";
import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { fathomFiles, sharedData } from "../src/index";

const ca = sharedData("ca");

/** The reference evolution: a row a time step. */
const reference = (name: string): number[][] =>
  JSON.parse(readFileSync(join(ca!, name), "utf8").replaceAll("{", "[").replaceAll("}", "]"));

function systemOf(folder: string, name: string, task?: string): System {
  const file = fathomFiles(folder).find((f) => f.path.endsWith(name))!;
  const program = check(file.path, file.text);
  const found = program.tasks.find((t) => task === undefined || t.name.text === task)!;
  return compileTask(program, found).system;
}

/** Every cell at every time, by the emitted JavaScript. */
async function evolve(
  system: System,
  sizes: Record<string, number>,
  inputs: Record<string, ArrayLike<number>>,
): Promise<ArrayLike<number>> {
  const { js } = emitJs(system, { keep: ["cell"] });
  const module = await import(`data:text/javascript;base64,${Buffer.from(js).toString("base64")}`);
  return (module.run({ sizes, inputs }) as Record<string, FamilyValues>).cell!.data;
}

/**
 * The reference shows a window of an infinite line, the program a ring of that width: only cells that the borders
 * cannot have reached are compared.
 */
function compare(cells: ArrayLike<number>, rows: readonly (readonly number[])[], speed = 1): void {
  const n = rows[0]!.length;
  let compared = 0;
  for (let t = 0; t < rows.length; t++) {
    for (let i = speed * t; i < n - speed * t; i++) {
      expect(cells[t * n + i], `cell[${t}, ${i}]`).toBe(rows[t]![i]);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(400);
}

describe.skipIf(ca === undefined)("cellular automata agree with reference evolutions", () => {
  test.each([
    ["rule30_random_init.ca", 30],
    ["rule126_simple_init.ca", 126],
  ])("%s", async (name, rule) => {
    const rows = reference(name);
    const table = Uint8Array.from({ length: 8 }, (_, k) => (rule >> k) & 1);
    const sizes = { n: rows[0]!.length, T: rows.length - 1 };
    const system = systemOf("examples/rule110", "rule110.fathom", "Elementary");
    compare(await evolve(system, sizes, { rule: table, start: rows[0]! }), rows);
  });

  test("rule 150R looks two steps back", async () => {
    const rows = reference("rule150R_simple_init.ca");
    const sizes = { n: rows[0]!.length, T: rows.length - 2 };
    const start = [...rows[0]!, ...rows[1]!];
    compare(await evolve(systemOf("corpus", "ca-second-order.fathom"), sizes, { start }), rows);
  });

  test("a totalistic rule of three colours", async () => {
    const rows = reference("tot3_rule777_simple_init.ca");
    const sizes = { n: rows[0]!.length, T: rows.length - 1 };
    compare(await evolve(systemOf("corpus", "ca-totalistic.fathom"), sizes, { start: rows[0]! }), rows);
  });

  test("rule 90, cells updated one after another", async () => {
    // The whole line is there, borders included: nothing is left out.
    const rows = reference("rule90_sequential_simple_init.ca");
    const cells = await evolve(
      systemOf("corpus", "ca-sequential.fathom"),
      { T: rows.length - 1 },
      { start: rows[0]! },
    );
    compare(cells, rows, 0);
  });

  test("Life: the interpreter and the reference agree step by step", () => {
    const grids = reference("game_of_life.ca") as unknown as number[][][];
    const [n, m] = [grids[0]!.length, grids[0]![0]!.length];
    const system = systemOf("examples/life", "life.fathom");
    // One step at a time, so that every reference grid is a test of its own.
    for (let k = 0; k + 1 < Math.min(grids.length, 6); k++) {
      const start: FamilyValues = { lo: [0, 0], extent: [n, m], data: Uint8Array.from(grids[k]!.flat()) };
      const { values } = interpret(system, { sizes: { n, m, T: 1 }, inputs: new Map([["start", start]]) });
      expect(Array.from(values.get("final")!.data)).toEqual(grids[k + 1]!.flat());
    }
  });
});
