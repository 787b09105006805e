import fc from "fast-check";
import { expect, test } from "vitest";
import {
  add,
  floorOfQuotient,
  index,
  log2,
  multiply,
  number,
  pow2,
  scale,
  size,
} from "../../src/symbolic/atoms";
import type { Polynomial } from "../../src/symbolic/polynomial";
import { atLeastZero, equalsZero, type Fact, forgetRegions, isEmpty } from "../../src/symbolic/region";
import { findsWitness, forgetWitnesses, isSatisfied } from "../../src/symbolic/witness";

const [n, i] = [size("n"), index("i")];
const atoms: readonly (readonly [Polynomial, (n: number, i: number) => number])[] = [
  [n, (x) => x],
  [i, (_, y) => y],
  [multiply(n, i), (x, y) => x * y],
  [floorOfQuotient(add(n, i), number(3)), (x, y) => Math.floor((x + y) / 3)],
  [log2(n), (x) => (x <= 1 ? 0 : Math.ceil(Math.log2(x)))],
  [pow2(log2(n)), (x) => (x <= 1 ? 1 : 2 ** Math.ceil(Math.log2(x)))],
];
const coefficient = fc.integer({ min: -3, max: 3 });
const fact = fc
  .record({
    c: coefficient,
    by: fc.array(coefficient, { minLength: 6, maxLength: 6 }),
    equality: fc.boolean(),
  })
  .map(({ c, by, equality }) => {
    const form = by.reduce((sum, k, at) => add(sum, scale(atoms[at]![0], k)), number(c));
    const value = (x: number, y: number): number =>
      by.reduce((sum, k, at) => sum + k * atoms[at]![1](x, y), c);
    const made: Fact = equality ? equalsZero(form) : atLeastZero(form);
    return { made, holds: (x: number, y: number) => (equality ? value(x, y) === 0 : value(x, y) >= 0) };
  });

test("a witness is found only where a point of the grid satisfies all; what is proved empty has none", () => {
  fc.assert(
    fc.property(fc.array(fact, { minLength: 1, maxLength: 4 }), (all) => {
      forgetRegions();
      const facts = all.map((f) => f.made);
      const range = Array.from({ length: 61 }, (_, k) => k);
      const some = range.some((x) => range.some((y) => all.every((f) => f.holds(x, y - 30))));
      if (isEmpty(facts)) expect(some).toBe(false);
      forgetWitnesses();
      // Small numbers are tried first, so what is found lies in the grid too, or beyond it where bounds are far.
      if (findsWitness(facts)) {
        expect(isSatisfied(facts)).toBe(true);
        expect(isEmpty(facts)).toBe(false);
      }
      if (some) expect(isEmpty(facts)).toBe(false);
    }),
    { numRuns: 400, seed: 7 },
  );
});
