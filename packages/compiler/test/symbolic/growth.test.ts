import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compare, index, integer, log2, mul, pow2, size } from "../../src/equations/build";
import type { Condition, Size } from "../../src/equations/system";
import { type ClosedForm, closed, evaluateClosedForm } from "../../src/symbolic/closed-form";
import {
  compareGrowth,
  exponentialFactor,
  type Growth,
  growthOf,
  isConstant,
  polylogDegree,
  printGrowth,
} from "../../src/symbolic/growth";
import { compareRational, rational } from "../../src/symbolic/rational";

const grows = (...names: string[]): Size[] => names.map((name) => ({ name, kind: "size" }));
const always: Condition = [[]];
const [n, m, k, L] = ["n", "m", "k", "L"].map(closed.size) as [
  ClosedForm,
  ClosedForm,
  ClosedForm,
  ClosedForm,
];
const c = closed.constant;
const all = grows("n", "m", "k", "L");
const of = (f: ClosedForm, where: Condition = always, sizes = all): Growth => growthOf(f, sizes, where);
const text = (f: ClosedForm, where?: Condition, sizes?: Size[]): string => printGrowth(of(f, where, sizes));
const le = (a: ReturnType<typeof size>, b: ReturnType<typeof size>): Condition => [[compare("<=", a, b)]];

describe("growth of closed forms", () => {
  test("polynomials: the terms that no other dominates", () => {
    expect(text(c(7))).toBe("Θ(1)");
    expect(text(c(0))).toBe("Θ(0)");
    expect(text(closed.over(closed.mul(n, closed.add(n, c(1))), 2))).toBe("Θ(n^2)");
    expect(text(closed.add(closed.mul(n, n), closed.mul(n, m), m, c(-3)))).toBe("Θ(m*n + n^2)");
    expect(text(closed.add(closed.mul(n, n, n), closed.mul(c(-5), n, n)))).toBe("Θ(n^3)");
    // The difference may vanish.
    expect(text(closed.sub(n, m))).toBe("O(n)");
  });

  test("what is taken away may be as much as there is, where sizes can be equal", () => {
    const w = m;
    const [band, small] = [le(size("m"), size("n")), le(size("m"), log2(size("n")))];
    const squares = closed.sub(closed.mul(n, w), closed.mul(w, w));
    expect(text(squares, band)).toBe("O(m*n)");
    expect(text(closed.add(squares, closed.mul(n, w)), band)).toBe("Θ(m*n)");
    expect(text(closed.add(closed.sub(n, w), c(1)), band)).toBe("O(n)");
    expect(text(closed.sub(n, w), small)).toBe("Θ(n)");
    expect(text(closed.sub(n, w), le(mul(integer(2), size("m")), size("n")))).toBe("Θ(n)");
    expect(text(closed.sub(closed.mul(n, n), n))).toBe("Θ(n^2)");
  });

  test("a lower bound holds along every border of what where allows", () => {
    const wheres: readonly (readonly [Condition, (n: number) => number[]])[] = [
      [always, (n) => [1, 30, Math.round(Math.sqrt(n)), n, n * 30]],
      [le(size("m"), size("n")), (n) => [30, Math.round(Math.sqrt(n)), n - 1, n]],
      [le(mul(integer(2), size("m")), size("n")), (n) => [30, Math.round(Math.sqrt(n)), n / 2]],
      [le(size("m"), log2(size("n"))), (n) => [1, Math.log2(n)]],
    ];
    const factors = [c(1), n, m, closed.mul(n, n), closed.mul(n, m), closed.mul(m, m), closed.log2(n)];
    let tight = 0;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -2, max: 3 }), { minLength: factors.length, maxLength: factors.length }),
        fc.constantFrom(...wheres),
        (coefficients, [where, border]) => {
          const form = closed.add(...factors.map((f, k) => closed.mul(c(coefficients[k]!), f)));
          const growth = of(form, where, grows("n", "m"));
          if (!growth.tight || growth.terms.length === 0) return;
          tight++;
          // All sizes grow: 30 and log2(n) stand for what grows slowly.
          const at = 2 ** 40;
          for (const other of border(at)) {
            if (other < 30) continue;
            const value = (x: string) => ({ n: at, m: other, "log(n)": 40, "log(m)": Math.log2(other) })[x]!;
            const claimed = growth.terms
              .map((t) => [...t.powers].reduce((p, [x, k]) => p * value(x) ** Number(k.numerator), 1))
              .reduce((a, b) => a + b, 0);
            const exact = evaluateClosedForm(form, (x) => BigInt(Math.round(value(x))));
            const found = Number(exact.numerator) / Number(exact.denominator);
            expect(found / claimed, `${printGrowth(growth)} at n = ${at}, m = ${other}`).toBeGreaterThan(
              0.01,
            );
          }
        },
      ),
      { numRuns: 400, seed: 7 },
    );
    expect(tight).toBeGreaterThan(100);
  });

  test("logarithms and powers of two", () => {
    const log = closed.log2(n);
    expect(text(closed.sub(closed.mul(n, log), closed.pow2(log)))).toBe("Θ(n*log(n))");
    expect(text(closed.pow2(log))).toBe("Θ(n)");
    expect(text(closed.add(closed.mul(log, log), closed.log2(closed.mul(n, n))))).toBe("Θ(log(n)^2)");
    expect(text(closed.log2(log))).toBe("Θ(log(log(n)))");
    expect(text(closed.log2(closed.pow2(closed.mul(c(3), n))))).toBe("Θ(n)");
    expect(text(closed.add(closed.mul(L, closed.pow2(L)), closed.mul(L, L, L)))).toBe("Θ(L*2^L)");
    expect(text(closed.pow2(closed.mul(n, m)))).toBe("Θ(2^(m*n))");
    expect(text(closed.pow2(closed.mul(c(2), n)))).toBe("Θ(2^(2*n))");
    // 2^ceil(log2 n) lies between n and 2n: what is left may be almost nothing.
    expect(text(closed.sub(closed.scale(n, rational(2)), closed.pow2(log)))).toBe("O(n)");
  });

  test("floors, minima, maxima, sums", () => {
    expect(text(closed.floor(closed.over(closed.mul(n, n), 3)))).toBe("Θ(n^2)");
    expect(text(closed.sub(n, closed.floor(closed.over(n, 2))))).toBe("Θ(n)");
    expect(text(closed.max(n, closed.mul(m, m)))).toBe("Θ(m^2 + n)");
    expect(text(closed.min(n, closed.mul(n, m)))).toBe("Θ(n)");
    expect(text(closed.min(n, m))).toBe("Θ(min(m, n))");
    const sum = closed.sum("i", c(1), n, closed.log2(closed.floor(closed.over(closed.index("i"), 3))));
    expect(text(sum)).toBe("Θ(n*log(n))");
    expect(text(closed.sum("i", c(0), n, closed.pow2(closed.index("i"))))).toBe("O(n*2^n)");
  });

  test("cases that hold only while a size is small do not count", () => {
    const f = closed.cases([
      { guard: le(integer(2), size("n")), value: closed.mul(n, n) },
      { guard: always, value: closed.pow2(m) },
    ]);
    expect(text(f)).toBe("Θ(n^2)");
    const g = closed.cases([
      { guard: le(size("n"), size("k")), value: closed.mul(n, n) },
      { guard: always, value: closed.sub(closed.mul(c(2), k, n), closed.mul(k, k)) },
    ]);
    expect(text(g)).toBe("O(min(k*n, n^2))");
    const h = closed.cases([
      { guard: le(size("n"), size("k")), value: n },
      { guard: always, value: k },
    ]);
    expect(text(h)).toBe("Θ(min(k, n))");
  });

  test("const sizes and bounded sizes do not grow", () => {
    const sizes: Size[] = [
      { name: "n", kind: "size" },
      { name: "L", kind: "const" },
    ];
    expect(text(closed.mul(n, L, L), always, sizes)).toBe("Θ(n)");
    expect(isConstant(of(closed.pow2(L), always, sizes))).toBe(true);
    expect(isConstant(of(k, le(size("k"), integer(9))))).toBe(true);
    expect(isConstant(of(k))).toBe(false);
  });

  test("where says how sizes compare", () => {
    expect(text(closed.add(n, m), le(size("n"), size("m")))).toBe("Θ(m)");
    expect(text(closed.add(n, closed.pow2(k)), le(size("k"), log2(size("n"))))).toBe("Θ(n)");
    expect(
      text(closed.add(n, closed.mul(k, k, k)), le(size("k"), mul(log2(size("n")), log2(size("n"))))),
    ).toBe("Θ(n)");
    expect(text(closed.add(L, closed.log2(n)), le(size("n"), pow2(size("L"))))).toBe("Θ(L)");
  });
});

describe("the order", () => {
  const order = (a: ClosedForm, b: ClosedForm, where = always) => compareGrowth(of(a, where), of(b, where));
  test("is partial", () => {
    expect(order(closed.log2(n), n)).toBe("less");
    expect(order(closed.mul(n, closed.log2(n)), n)).toBe("greater");
    expect(order(closed.mul(c(3), n), closed.add(n, c(9)))).toBe("equal");
    expect(order(n, m)).toBe("incomparable");
    expect(order(n, closed.min(n, m))).toBe("greater");
    expect(order(n, closed.add(n, m))).toBe("less");
    expect(order(closed.mul(n, n, n), closed.pow2(n))).toBe("less");
    expect(order(closed.pow2(n), closed.pow2(closed.scale(n, rational(3, 2))))).toBe("less");
    expect(order(n, m, le(size("n"), size("m")))).toBe("less");
  });

  const form: fc.Arbitrary<ClosedForm> = fc.letrec<{ f: ClosedForm }>((tie) => ({
    f: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom(n, m, c(1), c(3), closed.log2(n), closed.log2(m)),
      fc.tuple(tie("f"), tie("f")).map(([a, b]) => closed.add(a, b)),
      fc.tuple(tie("f"), tie("f")).map(([a, b]) => closed.mul(a, b)),
      fc.tuple(tie("f"), tie("f")).map(([a, b]) => closed.max(a, b)),
      tie("f").map((a) => closed.floor(closed.over(a, 2))),
    ),
  })).f;
  test("is reflexive, antisymmetric and transitive", () => {
    fc.assert(
      fc.property(form, form, form, (a, b, d) => {
        const [x, y, z] = [of(a), of(b), of(d)];
        expect(compareGrowth(x, x)).toBe("equal");
        const turned = { less: "greater", greater: "less", equal: "equal", incomparable: "incomparable" };
        expect(compareGrowth(y, x)).toBe(turned[compareGrowth(x, y)]);
        const under = (p: Growth, q: Growth) => ["less", "equal"].includes(compareGrowth(p, q));
        if (under(x, y) && under(y, z)) expect(under(x, z)).toBe(true);
      }),
      { numRuns: 120, seed: 7 },
    );
  });
  test("agrees with values along rays: what is equal stays within a factor", () => {
    fc.assert(
      fc.property(form, form, (a, b) => {
        const [x, y] = [of(a), of(b)];
        if (!x.tight || !y.tight || compareGrowth(x, y) !== "equal") return;
        const at = (f: ClosedForm, e: number) =>
          evaluateClosedForm(f, (s) => 2n ** BigInt(s === "n" ? e : 3 * e));
        for (const e of [40, 160]) {
          const [u, v] = [at(a, e), at(b, e)];
          const bound = rational(1_000_000n);
          if (u.numerator === 0n || v.numerator === 0n) continue;
          expect(compareRational(u, { ...v, numerator: v.numerator * bound.numerator })).toBeLessThanOrEqual(
            0,
          );
          expect(compareRational(v, { ...u, numerator: u.numerator * bound.numerator })).toBeLessThanOrEqual(
            0,
          );
        }
      }),
      { numRuns: 200, seed: 8 },
    );
  });
});

describe("in the length of the input", () => {
  const N = of(closed.mul(n, m));
  test("polylogarithmic degree", () => {
    expect(polylogDegree(of(c(4)), N)).toBe(0);
    expect(polylogDegree(of(closed.log2(n)), N)).toBe(1);
    expect(polylogDegree(of(closed.mul(closed.log2(n), closed.log2(m), closed.log2(m))), N)).toBe(3);
    expect(polylogDegree(of(closed.log2(closed.log2(n))), N)).toBe(1);
    expect(polylogDegree(of(n), N)).toBeUndefined();
    const where = le(size("k"), mul(log2(size("n")), log2(size("n"))));
    expect(polylogDegree(of(k, where), of(n, where))).toBe(2);
    // Inputs of 2^L values: L is a logarithm of their number.
    expect(polylogDegree(of(L), of(closed.pow2(L)))).toBe(1);
    expect(polylogDegree(of(L), of(n))).toBeUndefined();
  });
  test("what is exponential, with the factor", () => {
    expect(exponentialFactor(of(closed.mul(n, n, m)), N)).toBeUndefined();
    expect(exponentialFactor(of(closed.mul(n, closed.pow2(m))), N)).toBe("2^m");
    expect(exponentialFactor(of(closed.pow2(L)), of(closed.pow2(L)))).toBeUndefined();
    const where = le(size("k"), log2(size("n")));
    expect(exponentialFactor(of(closed.pow2(k), where), of(n, where))).toBeUndefined();
    expect(exponentialFactor(of(closed.pow2(closed.mul(n, closed.log2(m)))), N)).toBe("2^(log(m)*n)");
  });
  test("indices have no growth", () => {
    expect(() => of(closed.index("i"))).toThrow();
    expect(index("i").kind).toBe("index");
  });
});
