import fc from "fast-check";
import { expect, test } from "vitest";
import { cpuMismatch, fuzzRuns, fuzzSeed, type SizedProgram } from "../src/index";

const RUNS = Math.ceil(fuzzRuns(200) / 4);

/** Reductions of two families with an index in common, as products of matrices are: in rows, columns and panels of WebAssembly. */
const randomProduct: fc.Arbitrary<SizedProgram> = fc
  .record({
    reduction: fc.constantFrom("sum", "product", "min", "max"),
    type: fc.constantFrom("real", "int"),
    left: fc.constantFrom("a[i, k]", "a[k, i]"),
    right: fc.constantFrom("b[k, j]", "b[j, k]"),
    body: fc.constantFrom("L * R", "L + R", "L * (R + R * R)", "L * R + R", "if R < L { R } else { L * R }"),
    filter: fc.constantFrom("", " where k != i", " where k <= j", " where R < L", " where k + 1 < p"),
    inner: fc.constantFrom(
      "k: 0..p",
      "x: 0..2, k: 0..p",
      "k: 0..p, x: 0..=k",
      "k: 0..1, x: 0..7",
      "x: 2..5, k: 0..1, y: 0..3",
    ),
    batch: fc.boolean(),
    sizes: fc.record({
      n: fc.integer({ min: 1, max: 11 }),
      m: fc.integer({ min: 1, max: 21 }),
      p: fc.integer({ min: 1, max: 20 }),
    }),
    seed: fc.nat(1000),
  })
  .map(({ reduction, type, left, right, body, filter, inner, batch, sizes, seed }) => {
    const put = (text: string): string => text.replaceAll("L", left).replaceAll("R", right);
    const dims = (read: string): string =>
      read.replace("i", "i: 0..n").replace("k", "k: 0..p").replace("j", "j: 0..m");
    const text = `task Product(n: size, m: size, p: size) where n >= 1, m >= 1, p >= 1 {
  input ${dims(left)}: ${type}
  input ${dims(right)}: ${type}
  output c[${batch ? "t: 0..2, " : ""}i: 0..n, j: 0..m] = ${reduction}[${inner}${put(filter)}] ${put(body)}
}
`;
    return { text, sizes, seed };
  });

test("random products mean the same to the interpreter, emitted JavaScript and WebAssembly", {
  timeout: 36_000_000,
}, async () => {
  const property = fc.asyncProperty(randomProduct, async (program) => {
    expect(await cpuMismatch(program, ["js", "wasm"], "one")).toBeUndefined();
  });
  await fc.assert(property, { numRuns: RUNS, seed: fuzzSeed(20_261_125) });
});
