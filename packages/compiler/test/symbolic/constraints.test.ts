import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as build from "../../src/equations/build";
import { evaluateIndex, holds, IndexFault } from "../../src/equations/evaluate-index";
import type { Comparison, Condition, IndexExpr } from "../../src/equations/system";
import { casesOf, Facts } from "../../src/symbolic/constraints";

const system = { sizes: [{ name: "n", kind: "size" as const }] };
const [n, i, j] = [build.size("n"), build.index("i"), build.index("j")];
const dims = [
  { index: "i", lo: build.integer(0), hi: n },
  { index: "j", lo: i, hi: build.add(n, build.integer(2)) },
];

/** Every point of the ranges at small sizes. */
const points = Array.from({ length: 7 }, (_, size) => size).flatMap((size) =>
  Array.from({ length: size }, (_, a) => a).flatMap((a) =>
    Array.from({ length: size + 2 - a }, (_, b) => ({ n: size, i: a, j: a + b })),
  ),
);

const { expression } = fc.letrec<{ expression: IndexExpr }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(n, i, j),
    fc.integer({ min: -3, max: 4 }).map(build.integer),
    fc
      .tuple(fc.constantFrom(...Object.values(build.indexOperators)), tie("expression"), tie("expression"))
      .map(([make, a, b]) => make(a, b)),
    fc.tuple(fc.constantFrom(build.log2, build.pow2), tie("expression")).map(([make, a]) => make(a)),
  ),
}));
const comparison: fc.Arbitrary<Comparison> = fc
  .tuple(fc.constantFrom<Comparison["op"]>("==", "!=", "<", "<="), expression, expression)
  .map(([op, left, right]) => ({ op, left, right }));
const condition: fc.Arbitrary<Condition> = fc.array(fc.array(comparison, { maxLength: 2 }), {
  minLength: 1,
  maxLength: 2,
});

test("what is proved holds at every point where the facts hold", () => {
  let proved = 0;
  fc.assert(
    fc.property(condition, fc.boolean(), expression, expression, (given, wanted, a, b) => {
      const says = casesOf([{ condition: given, wanted }]).every((all) => {
        const facts = new Facts(system);
        facts.range(dims);
        facts.assume(all);
        return facts.atMost(a, b);
      });
      if (!says) return;
      proved++;
      for (const point of points) {
        const lookup = (name: string) => point[name as "n"];
        try {
          if (holds(given, lookup) !== wanted) continue;
          expect(evaluateIndex(a, lookup)).toBeLessThanOrEqual(evaluateIndex(b, lookup));
        } catch (error) {
          // A point where an expression has no value says nothing.
          if (!(error instanceof IndexFault)) throw error;
        }
      }
    }),
    { numRuns: 3000, seed: 20_261_125 },
  );
  expect(proved).toBeGreaterThan(300);
});

describe("proves", () => {
  const facts = (...all: Comparison[]): Facts => {
    const made = new Facts(system);
    made.range(dims);
    made.assume(all);
    return made;
  };
  const two = build.integer(2);
  test.each<[string, boolean]>([
    ["a size is a natural", facts().atMost(build.integer(0), n)],
    ["halves", facts(build.compare("<=", build.integer(1), i)).lessThan(build.div(i, two), i)],
    ["wraps", facts().lessThan(build.mod(build.sub(i, build.integer(1)), n), n)],
    ["parity", facts().atMost(build.mod(build.mul(two, i), two), build.integer(0))],
    ["powers", facts().lessThan(i, build.pow2(n))],
    [
      "half a power",
      facts(build.compare("<", j, build.pow2(n))).lessThan(
        build.div(j, two),
        build.pow2(build.sub(n, build.integer(1))),
      ),
    ],
    ["the smaller of two", facts().atMost(build.min(i, j), i)],
  ])("%s", (_, proved) => {
    expect(proved).toBe(true);
  });
});
