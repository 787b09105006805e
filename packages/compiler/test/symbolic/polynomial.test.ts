import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addPolynomials,
  atomsOf,
  constantPolynomial,
  degree,
  evaluatePolynomial,
  multiplyPolynomials,
  type Polynomial,
  powerOfPolynomial,
  printPolynomial,
  samePolynomial,
  scalePolynomial,
  substitutePolynomial,
  subtractPolynomials,
  variable,
} from "../../src/symbolic/polynomial";
import {
  ceilingOf,
  floorOf,
  minus,
  over,
  plus,
  printRational,
  rational,
  times,
} from "../../src/symbolic/rational";

const [n, m] = [variable("n"), variable("m")];
const number = (k: number) => constantPolynomial(k);

describe("rationals", () => {
  test("are kept in lowest terms and round towards the right end", () => {
    expect(rational(6, -4)).toEqual({ numerator: -3n, denominator: 2n });
    expect([floorOf(rational(-3, 2)), ceilingOf(rational(-3, 2))]).toEqual([-2n, -1n]);
    expect([floorOf(rational(3, 2)), ceilingOf(rational(3, 2)), floorOf(rational(4))]).toEqual([1n, 2n, 4n]);
    expect(printRational(minus(rational(1, 2), rational(1, 3)))).toBe("1/6");
    expect(printRational(over(rational(1, 2), rational(-1, 4)))).toBe("-2");
    expect(() => rational(1, 0)).toThrow(RangeError);
  });
});

describe("polynomials", () => {
  test("print as a person would write them", () => {
    const half = scalePolynomial(multiplyPolynomials(n, addPolynomials(n, number(1))), rational(1, 2));
    expect(printPolynomial(half)).toBe("n^2/2 + n/2");
    const other = subtractPolynomials(number(1), multiplyPolynomials(number(3), multiplyPolynomials(n, m)));
    expect(printPolynomial(other)).toBe("-3*m*n + 1");
    expect(printPolynomial(subtractPolynomials(n, n))).toBe("0");
    expect([degree(half), degree(number(0)), atomsOf(other)]).toEqual([2, 0, ["m", "n"]]);
  });

  test("substitute all at once", () => {
    const swapped = substitutePolynomial(
      addPolynomials(powerOfPolynomial(n, 2), m),
      new Map([
        ["n", m],
        ["m", n],
      ]),
    );
    expect(printPolynomial(swapped)).toBe("m^2 + n");
  });

  const polynomial: fc.Arbitrary<Polynomial> = fc
    .array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.nat(2), fc.nat(2), fc.integer({ min: 1, max: 4 })), {
      maxLength: 4,
    })
    .map((terms) =>
      terms.reduce(
        (sum, [c, a, b, d]) =>
          addPolynomials(
            sum,
            scalePolynomial(
              multiplyPolynomials(powerOfPolynomial(n, a), powerOfPolynomial(m, b)),
              rational(c, d),
            ),
          ),
        number(0),
      ),
    );

  test("calculate like their values", () => {
    const values = new Map([
      ["n", rational(3, 2)],
      ["m", rational(-7, 3)],
    ]);
    const at = (p: Polynomial) => evaluatePolynomial(p, values);
    fc.assert(
      fc.property(polynomial, polynomial, polynomial, (a, b, c) => {
        expect(at(addPolynomials(a, b))).toEqual(plus(at(a), at(b)));
        expect(at(multiplyPolynomials(a, b))).toEqual(times(at(a), at(b)));
        const left = multiplyPolynomials(a, addPolynomials(b, c));
        const right = addPolynomials(multiplyPolynomials(c, a), multiplyPolynomials(b, a));
        expect(samePolynomial(left, right)).toBe(true);
        const inner = evaluatePolynomial(a, new Map([...values, ["n", at(b)]]));
        expect(at(substitutePolynomial(a, new Map([["n", b]])))).toEqual(inner);
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  test("a value that is missing is an error of the caller", () => {
    expect(() => evaluatePolynomial(n, new Map())).toThrow("no value for n");
  });
});
