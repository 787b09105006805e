import {
  type ClosedForm,
  ceilLog2,
  closed,
  closedFormKey,
  evaluateClosedForm,
  evaluateIndex,
  fromIndexExpr,
  type IndexExpr,
  index,
  indexOperators,
  integer,
  log2,
  pow2,
  printClosedForm,
  rational,
  sameClosedForm,
  size,
  substituteClosedForm,
} from "@fathom/compiler";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const n = closed.size("n");
const m = closed.size("m");
const c = closed.constant;
const at = (f: ClosedForm, values: Record<string, number>): string => {
  const { numerator, denominator } = evaluateClosedForm(f, (name) => BigInt(values[name]!));
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`;
};

describe("closed forms", () => {
  test("print as a person would write them", () => {
    const shown = (f: ClosedForm) => printClosedForm(f);
    expect(shown(closed.over(closed.mul(n, closed.add(n, c(1))), 2))).toBe("(n^2 + n) / 2");
    expect(shown(closed.sub(closed.mul(c(2), n), c(1)))).toBe("2*n - 1");
    expect(shown(closed.sub(c(1), n))).toBe("1 - n");
    expect(shown(closed.floor(closed.over(closed.add(n, c(2)), 3)))).toBe("floor((n + 2) / 3)");
    expect(shown(closed.floor(closed.over(closed.add(n, c(4)), 3)))).toBe("floor((n + 1) / 3) + 1");
    expect(shown(closed.mul(m, closed.log2(closed.sub(n, c(1)))))).toBe("m*log2(n - 1)");
    expect(shown(closed.pow2(closed.add(n, c(1))))).toBe("2*2^n");
    expect(shown(closed.max(n, c(3), closed.max(m, c(2))))).toBe("max(m, n, 3)");
    expect(shown(closed.sum("k", c(0), n, closed.log2(closed.add(closed.index("k"), c(1)))))).toBe(
      "sum[k: 0..n] log2(k + 1)",
    );
    const three = integer(3);
    const guard = [[{ op: "<" as const, left: size("n"), right: three }]];
    expect(
      shown(
        closed.cases([
          { guard, value: closed.sub(n, c(1)) },
          { guard: [[]], value: n },
        ]),
      ),
    ).toBe("if n < 3 { n - 1 } else { n }");
  });

  test("round to whole numbers", () => {
    const fifth = closed.over(n, 5);
    expect(printClosedForm(closed.floor(closed.add(fifth, c(rational(5, 6)))))).toBe("floor((n + 4) / 5)");
    expect(printClosedForm(closed.ceiling(closed.sub(fifth, c(rational(1, 30)))))).toBe("floor((n + 4) / 5)");
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: -40, max: 40 }),
        fc.integer({ min: 1, max: 12 }),
        (k, p, q) => {
          const f = closed.add(closed.over(closed.scale(n, rational(k % 7)), q), c(rational(p, 1 + (k % 9))));
          const exact = ((k % 7) * k) / q + p / (1 + (k % 9));
          expect(at(closed.floor(f), { n: k })).toBe(String(Math.floor(exact + 1e-9)));
          expect(at(closed.ceiling(f), { n: k })).toBe(String(Math.ceil(exact - 1e-9)));
        },
      ),
    );
  });

  test("fold what cannot change a value", () => {
    expect(sameClosedForm(closed.mul(closed.pow2(n), closed.pow2(closed.sub(c(1), n))), c(2))).toBe(true);
    expect(sameClosedForm(closed.log2(closed.pow2(n)), n)).toBe(true);
    expect(sameClosedForm(closed.floor(closed.add(n, c(rational(1, 2)))), n)).toBe(true);
    expect(closedFormKey(closed.sub(closed.mul(n, m), closed.mul(m, n)))).toBe("0");
    expect(at(closed.log2(n), { n: 9 })).toBe("4");
    expect(at(closed.floorLog2(n), { n: 9 })).toBe("3");
    expect(at(closed.floorLog2(n), { n: 0 })).toBe("-1");
    expect(at(closed.sum("k", c(0), n, closed.index("k")), { n: 5 })).toBe("10");
  });

  const leaf = fc.oneof(
    fc.integer({ min: -4, max: 5 }).map(integer),
    fc.constantFrom(size("n"), size("m"), index("i")),
  );
  const { expression } = fc.letrec<{ expression: IndexExpr }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc
        .tuple(fc.constantFrom("add", "sub", "mul", "min", "max"), tie("expression"), tie("expression"))
        .map(([op, a, b]) => indexOperators[op as "add"](a, b)),
      fc
        .tuple(fc.constantFrom("div", "mod"), tie("expression"), fc.integer({ min: 1, max: 5 }))
        .map(([op, a, b]) => indexOperators[op as "div"](a, integer(b))),
      tie("expression").map(log2),
    ),
  }));
  const point = fc.record({
    n: fc.integer({ min: 0, max: 20 }),
    m: fc.integer({ min: 0, max: 20 }),
    i: fc.integer({ min: -5, max: 20 }),
  });

  test("an index expression and its closed form have the same values", () => {
    fc.assert(
      fc.property(expression, point, (e, values) => {
        const wanted = evaluateIndex(e, (name) => values[name as "n"]);
        expect(at(fromIndexExpr(e), values)).toBe(String(wanted));
      }),
      { numRuns: 2000 },
    );
  });

  test("substituting is evaluating with other values", () => {
    fc.assert(
      fc.property(expression, expression, point, (e, by, values) => {
        const inner = evaluateIndex(by, (name) => values[name as "n"]);
        const form = substituteClosedForm(fromIndexExpr(e), new Map([["i", fromIndexExpr(by)]]));
        expect(at(form, values)).toBe(at(fromIndexExpr(e), { ...values, i: inner }));
      }),
      { numRuns: 1000 },
    );
  });

  test("halving by a power of two", () => {
    const e = indexOperators.div(size("n"), pow2(index("i")));
    for (const [a, i] of [
      [13, 2],
      [0, 3],
      [64, 6],
    ] as const)
      expect(at(fromIndexExpr(e), { n: a, i })).toBe(String(Math.floor(a / 2 ** i)));
    expect(ceilLog2(9)).toBe(4);
  });
});
