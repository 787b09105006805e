/**
 * Loops in which rows wait for pivots are computed several turns at a time in WebAssembly. What does not fit the blocks (few turns, few
 * rows, columns that are left over, pieces that change inside one) is computed as it is elsewhere, with the same bits.
 */
import { compileTask, emitWasm, interpret, randomInputs } from "@fathom/compiler";
import { check } from "@fathom/lang";
import { loadModule } from "@fathom/runtime";
import { describe, expect, test } from "vitest";

const step = (name: string, rest: string, type = "real") =>
  `task ${name}(n: size, m: size) {
  input x[i: 0..n, j: 0..m]: ${type}
  node a[k: 0..=min(n, m), i: 0..n, j: 0..m]: ${type} = if k == 0 { x[i, j] } ${rest}
  output o[i: 0..n, j: 0..m] = a[min(n, m), i, j]
}`;
const own = "a[k-1, i, j]";
const [inRow, inColumn, corner] = ["a[k-1, i, k-1]", "a[k-1, k-1, j]", "a[k-1, k-1, k-1]"];

const programs: readonly (readonly [name: string, text: string])[] = [
  ["shortest paths", step("Paths", `else { min(${own}, ${inRow} + ${inColumn}) }`)],
  ["paths whose greatest step is least", step("Minimax", `else { min(${own}, max(${inRow}, ${inColumn})) }`)],
  ["numbers of walks", step("Walks", `else { ${own} + ${inRow} * ${inColumn} }`, "int")],
  ["closure", step("Closure", `else { max(${own}, min(${inRow}, ${inColumn})) }`, "int")],
  [
    "elimination below and beside the pivot",
    step(
      "Lu",
      `else if i < k { ${own} } else if j < k - 1 { ${own} } else if j == k - 1 { ${inRow} / ${corner} } else { ${own} - ${inRow} / ${corner} * ${inColumn} }`,
    ),
  ],
  [
    "elimination with a condition on either",
    step("Gauss", `else if i < k or j < k { ${own} } else { ${own} - ${inRow} * (${inColumn} / ${corner}) }`),
  ],
  [
    "elimination of all rows",
    step(
      "Jordan",
      `else if i == k - 1 { ${inColumn} / ${corner} } else { ${own} - ${inRow} * (${inColumn} / ${corner}) }`,
    ),
  ],
  ["a pivot row that runs backwards", step("Back", `else { ${own} + a[k-1, n-k, j] * a[k-1, i, m-k] }`)],
  [
    "two pivots a turn, and indices as values",
    step(
      "Two",
      `else { ${own} + ${inRow} * a[k-1, n-k, j] - a[k-1, i, m-k] * real(i - j + 2*k) + ${corner} }`,
    ),
  ],
  ["a pivot column only", step("Column", `else { ${own} * 0.5 + ${inRow} }`)],
  ["a pivot row only", step("Row", `else if k < 6 { ${own} } else { ${own} * 0.5 + ${inColumn} }`)],
];

const sizes = [
  [7, 7],
  [13, 16],
  [26, 31],
  [37, 24],
] as const;

describe.each(programs)("%s", (_, text) => {
  const program = check("a", text);
  const compiled = compileTask(program, program.tasks[0]!);
  const { system, unproved } = compiled;

  test("goes in blocks of turns", () => {
    expect(compiled.diagnostics).toEqual([]);
    const { folded } = emitWasm(system, { unproved }).schedule;
    const saved = [...folded].filter(([name]) => name.includes("slice"));
    expect(saved.length).toBeGreaterThan(0);
    expect(saved.every(([, { window }]) => window === 8)).toBe(true);
  });

  test.each(["from 0 up", "of both signs", "with zeros of two signs and what is no number"])(
    "numbers %s",
    async (numbers) => {
      const module = await loadModule(compiled, "wasm");
      for (const [n, m] of sizes) {
        const inputs = randomInputs(system, { n, m }, n);
        const { data } = inputs.get("x")!;
        if (numbers !== "from 0 up")
          data.forEach((v, k) => {
            data[k] =
              numbers === "of both signs" || data instanceof Int32Array
                ? v - 0.5
                : [v, -0, 0, Number.NaN, v, -v, Number.POSITIVE_INFINITY, v][(k * k + n) % 8]!;
          });
        const found = module.run({ sizes: { n, m }, inputs: { x: data } }).o!.data;
        const wanted = interpret(system, { sizes: { n, m }, inputs, seed: 0 }).values.get("o")!.data;
        expect(wanted.findIndex((v, k) => !Object.is(v, found[k]))).toBe(-1);
      }
    },
  );
});
