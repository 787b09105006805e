import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contradiction } from "../../src/symbolic/contradiction";
import { type Constraint, evaluateForm, holdsAt, type LinearForm } from "../../src/symbolic/linear";
import { compareRational, rational, sameRational, signOf } from "../../src/symbolic/rational";
import { combination, feasible, maximise, minimise, solveStandard } from "../../src/symbolic/simplex";

const form = (constant: number, ...coefficients: number[]): LinearForm => ({
  constant: BigInt(constant),
  terms: new Map(coefficients.flatMap((c, v) => (c === 0 ? [] : [[v, BigInt(c)] as const]))),
});
const atLeast = (constant: number, ...c: number[]): Constraint => ({
  form: form(constant, ...c),
  equality: false,
});
const equal = (constant: number, ...c: number[]): Constraint => ({
  form: form(constant, ...c),
  equality: true,
});

const coefficient = fc.integer({ min: -4, max: 4 });
const constraint = fc
  .tuple(fc.integer({ min: -9, max: 9 }), coefficient, coefficient, coefficient, fc.boolean())
  .map(([b, x, y, z, e]): Constraint => (e && (b + x) % 3 === 0 ? equal(b, x, y, z) : atLeast(b, x, y, z)));
const constraints = fc.array(constraint, { maxLength: 8 });
const box = [0, 1, 2].flatMap((v) => {
  const unit = [0, 0, 0].map((_, k) => (k === v ? 1 : 0));
  return [atLeast(5, ...unit), atLeast(5, ...unit.map((c) => -c))];
});

const grid = (): number[][] => {
  const points: number[][] = [];
  for (let x = -5; x <= 5; x++)
    for (let y = -5; y <= 5; y++) for (let z = -5; z <= 5; z++) points.push([x, y, z]);
  return points;
};
const points = grid().map((p) => new Map(p.map((x, v) => [v, rational(x)] as const)));

/** The combination is the constant, and inequalities have multipliers that are not negative. */
function proves(given: readonly Constraint[], multipliers: readonly ReturnType<typeof rational>[]): void {
  given.forEach((c, k) => {
    if (!c.equality) expect(signOf(multipliers[k]!)).toBeGreaterThanOrEqual(0);
  });
}

describe("linear programming", () => {
  test("an empty triangle has a certificate", () => {
    // x >= 3, y >= 3, x + y <= 5
    const given = [atLeast(-3, 1), atLeast(-3, 0, 1), atLeast(5, -1, -1)];
    const result = feasible(given);
    expect(result.kind).toBe("empty");
    if (result.kind !== "empty") return;
    proves(given, result.multipliers);
    expect(combination(given, result.multipliers)).toEqual({ constant: rational(-1), terms: new Map() });
  });

  test("a maximum at a corner that is not whole", () => {
    // 2x + 3y <= 12, 3x + 2y <= 12
    const given = [atLeast(12, -2, -3), atLeast(12, -3, -2), atLeast(0, 1), atLeast(0, 0, 1)];
    const result = maximise(form(1, 1, 1), given);
    expect(result).toMatchObject({ kind: "bounded", value: rational(29, 5) });
    expect(minimise(form(1, 1, 1), given)).toMatchObject({ kind: "bounded", value: rational(1) });
    expect(maximise(form(0, 1), [atLeast(0, 1)])).toEqual({ kind: "unbounded" });
  });

  test("Beale's program, on which the largest coefficient rule alone cycles", () => {
    // Beale, 1955: minimise -3/4 x + 150 y - 1/50 z + 6 w; here scaled by 100.
    const given = [
      atLeast(0, -25, 6000, 4, -900),
      atLeast(0, -50, 9000, 2, -300),
      atLeast(1, 0, 0, -1),
      ...[0, 1, 2, 3].map((v) => atLeast(0, ...[0, 0, 0, 0].map((_, k) => (k === v ? 1 : 0)))),
    ];
    expect(minimise(form(0, -75, 15000, -2, 600), given)).toMatchObject({
      kind: "bounded",
      value: rational(-5),
    });
  });

  test("numbers beyond doubles are exact", () => {
    const big = 10n ** 30n;
    const given: Constraint[] = [
      { form: { constant: -big, terms: new Map([[0, 3n]]) }, equality: false },
      { form: { constant: big + 1n, terms: new Map([[0, -3n]]) }, equality: false },
    ];
    expect(minimise(form(0, 1), given)).toMatchObject({ kind: "bounded", value: rational(big, 3n) });
    expect(maximise(form(0, 1), given)).toMatchObject({ kind: "bounded", value: rational(big + 1n, 3n) });
    const mixed = [94906267n, 94906265n, 94906249n].map(
      (c, k): Constraint => ({
        form: {
          constant: c * 7n,
          terms: new Map([
            [0, -c],
            [1, -c + BigInt(k)],
            [2, 12345678n * BigInt(k + 1)],
          ]),
        },
        equality: false,
      }),
    );
    const all = [...mixed, ...box];
    const result = maximise(form(0, 94906267, 1, -3), all);
    expect(result.kind).toBe("bounded");
    if (result.kind === "bounded") {
      for (const c of all) expect(holdsAt(c, result.point)).toBe(true);
      const sum = combination(all, result.multipliers);
      expect(sum.terms.get(0)).toEqual(rational(-94906267));
      expect(sum.constant).toEqual(result.value);
    }
  });

  test("what is found satisfies everything; what is not found has a certificate", () => {
    fc.assert(
      fc.property(constraints, fc.boolean(), (some, boxed) => {
        const given = boxed ? [...some, ...box] : some;
        const result = feasible(given);
        const quick = contradiction(given, 1000);
        expect(quick !== undefined).toBe(result.kind === "empty");
        if (quick !== undefined) {
          proves(given, quick);
          const sum = combination(given, quick);
          expect([sum.terms.size, sum.constant]).toEqual([0, rational(-1)]);
        }
        if (result.kind === "point") {
          for (const c of given) expect(holdsAt(c, result.point)).toBe(true);
        } else {
          expect(result.kind).toBe("empty");
          if (result.kind !== "empty") return;
          proves(given, result.multipliers);
          const sum = combination(given, result.multipliers);
          expect(sum.terms.size).toBe(0);
          expect(sum.constant).toEqual(rational(-1));
          for (const p of points) expect(given.every((c) => holdsAt(c, p))).toBe(false);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("no point of a grid beats a maximum, and multipliers add up to it", () => {
    fc.assert(
      fc.property(constraints, fc.array(coefficient, { minLength: 3, maxLength: 3 }), (some, c) => {
        const given = [...some, ...box];
        const goal = form(2, ...c);
        const result = maximise(goal, given);
        const inside = points.filter((p) => given.every((g) => holdsAt(g, p)));
        if (result.kind === "empty") {
          expect(inside).toEqual([]);
          expect(combination(given, result.multipliers)).toEqual({
            constant: rational(-1),
            terms: new Map(),
          });
          return;
        }
        expect(result.kind).toBe("bounded");
        if (result.kind !== "bounded") return;
        for (const p of inside)
          expect(compareRational(evaluateForm(goal, p), result.value)).toBeLessThanOrEqual(0);
        for (const g of given) expect(holdsAt(g, result.point)).toBe(true);
        expect(sameRational(evaluateForm(goal, result.point), result.value)).toBe(true);
        proves(given, result.multipliers);
        const sum = combination(given, result.multipliers);
        for (const v of [0, 1, 2])
          expect(sum.terms.get(v) ?? rational(0)).toEqual(rational(-(goal.terms.get(v) ?? 0n)));
        expect(sum.constant).toEqual({
          numerator: result.value.numerator - 2n * result.value.denominator,
          denominator: result.value.denominator,
        });
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  test("the standard program says when it gives up", () => {
    const program = { matrix: [[1n, 1n]], right: [4n], cost: [1n, 2n] };
    expect(solveStandard(program)).toMatchObject({ kind: "optimal", value: rational(4) });
    expect(solveStandard(program, 0)).toEqual({ kind: "exhausted" });
  });
});
