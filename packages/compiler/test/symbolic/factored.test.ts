import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closed, evaluateClosedForm, printClosedForm } from "../../src/symbolic/closed-form";
import { factored, type Powers } from "../../src/symbolic/factored";
import { rational } from "../../src/symbolic/rational";

const { size, constant, add, sub, mul, over } = closed;
const [k, m, n, T] = ["k", "m", "n", "T"].map(size) as [
  ReturnType<typeof size>,
  ReturnType<typeof size>,
  ReturnType<typeof size>,
  ReturnType<typeof size>,
];
const one = constant(1);
const side = add(sub(n, k), one);
const inner = sub(n, constant(2));

describe("sums are printed as products where that reads better", () => {
  test.each([
    [mul(side, side), "(n - k + 1)^2"],
    [mul(T, inner, inner, inner), "T*(n - 2)^3"],
    [over(mul(n, sub(n, one), inner), 6), "n*(n - 1)*(n - 2) / 6"],
    [over(add(mul(n, n), n), 2), "(n^2 + n) / 2"],
    [mul(sub(n, one), sub(m, one)), "(m - 1)*(n - 1)"],
    [
      mul(constant(2), sub(mul(constant(2), n), one), sub(m, one), sub(T, one)),
      "2*(2*n - 1)*(T - 1)*(m - 1)",
    ],
    [add(mul(n, n), mul(n, k), one), "k*n + n^2 + 1"],
    [mul(closed.log2(n), sub(T, one), sub(n, one)), "log2(n)*(T - 1)*(n - 1)"],
    [sub(constant(0), mul(side, side)), "-(n - k + 1)^2"],
  ])("%#", (form, text) => {
    expect(printClosedForm(form)).toBe(text);
  });

  test("a product multiplies out to what it stands for", () => {
    const linear = fc.record({
      a: fc.integer({ min: -3, max: 3 }),
      b: fc.constantFrom(-1, 0, 1),
      c: fc.constantFrom(-1, 0, 1),
      d: fc.constantFrom(0, 1),
    });
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(linear, { minLength: 2, maxLength: 3 }),
        fc.integer({ min: -6, max: 6 }).filter((c) => c !== 0),
        fc.integer({ min: 1, max: 4 }),
        (factors, c, d) => {
          const form = over(
            factors.reduce(
              (product, f) =>
                mul(
                  product,
                  add(constant(f.a), mul(constant(f.b), n), mul(constant(f.c), m), mul(constant(f.d), T)),
                ),
              constant(c),
            ),
            d,
          );
          const names = ["n", "m", "T"];
          const terms = closedTerms(form, names);
          const product = factored(terms);
          if (product === undefined) return;
          found++;
          for (const point of [
            [2, 3, 5],
            [7, -4, 11],
            [-13, 17, 6],
          ]) {
            const value = (all: readonly Powers[]) =>
              all.reduce(
                (sum, t) =>
                  sum +
                  (Number(t.coefficient.numerator) / Number(t.coefficient.denominator)) *
                    t.exponents.reduce((p, e, j) => p * point[j]! ** e, 1),
                0,
              );
            const whole = product.factors.reduce(
              (p, f) => p * value(f.of) ** f.power,
              Number(product.coefficient.numerator) / Number(product.coefficient.denominator),
            );
            const exact = evaluateClosedForm(form, (name) => BigInt(point[names.indexOf(name)]!));
            expect(whole).toBeCloseTo(Number(exact.numerator) / Number(exact.denominator), 6);
          }
        },
      ),
      { seed: 5, numRuns: 400 },
    );
    expect(found).toBeGreaterThan(150);
  });
});

/** The terms of a form, found by its own text-free means: monomials in the given names. */
function closedTerms(form: Parameters<typeof printClosedForm>[0], names: readonly string[]) {
  const terms = form.kind === "add" ? form.terms : [form];
  return terms.map((t) => {
    const factors = t.kind === "mul" ? t.factors : [t];
    const number = factors.find((f) => f.kind === "constant");
    return {
      coefficient: number?.kind === "constant" ? number.value : rational(1),
      exponents: names.map((name) => factors.filter((f) => f.kind === "size" && f.name === name).length),
    };
  });
}
