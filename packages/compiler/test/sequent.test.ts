/** The rules of proofs, held against arithmetic: whatever a rule adds to facts that hold at a point holds there too. */
import { type ClosedForm, closed, evaluateClosedForm, printClosedForm, rational } from "@fathom/compiler";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AxiomName,
  applyAxiom,
  axiomNames,
  formOf,
  Rejected,
  Sequent,
} from "../certificate-checker/sequent";

const [n, m, i] = [closed.size("n"), closed.size("m"), closed.index("i")];
const number = (k: number) => closed.constant(k);
interface Point {
  readonly n: number;
  readonly m: number;
  readonly i: number;
}
const at = (f: ClosedForm, p: Point): number => {
  const { numerator, denominator } = evaluateClosedForm(f, (name) => BigInt(p[name as keyof Point]));
  return Number(numerator) / Number(denominator);
};

/** a·n + b·m + c·i + d */
const affine = fc
  .tuple(...[0, 1, 2].map(() => fc.integer({ min: -2, max: 2 })), fc.integer({ min: -3, max: 4 }))
  .map(([a, b, c, d]) =>
    closed.add(
      closed.scale(n, rational(a!)),
      closed.scale(m, rational(b!)),
      closed.scale(i, rational(c!)),
      number(d!),
    ),
  );
const one = closed.index("k");
const atoms: Record<AxiomName, fc.Arbitrary<readonly ClosedForm[]>> = {
  floor: fc.tuple(affine, fc.integer({ min: 2, max: 5 })).map(([a, k]) => [closed.floor(closed.over(a, k))]),
  bound: fc.tuple(affine, affine).map(([a, b]) => [closed.min(a, b)]),
  attained: fc.tuple(affine, affine).map(([a, b]) => [closed.max(a, b), a]),
  log2: affine.map((a) => [closed.log2(a)]),
  "log2-order": fc.tuple(affine, affine).map(([a, b]) => [closed.log2(a), closed.log2(b)]),
  "log2-power": affine.map((a) => [closed.log2(a)]),
  power: affine.map((a) => [closed.pow2(a)]),
  "power-order": fc
    .tuple(affine, affine, fc.integer({ min: -3, max: 3 }))
    .map(([a, b, c]) => [closed.pow2(a), closed.pow2(b), number(c)]),
  "sum-step": affine.map((a) => [closed.sum("k", number(0), a, closed.log2(closed.add(one, number(1))))]),
  "sum-order": fc
    .tuple(affine, affine)
    .map((ends) => ends.map((a) => closed.sum("k", number(0), a, closed.log2(closed.add(one, number(1)))))),
  mod: fc.tuple(affine, affine).map(([a, b]) => [closed.mod(a, b)]),
  "mod-shift": fc.tuple(affine, affine, affine).map(([a, b, by]) => [closed.mod(a, by), closed.mod(b, by)]),
};

test.each(axiomNames)("%s adds what is true", (name) => {
  let added = 0;
  const point = fc.record({ n: fc.nat(9), m: fc.nat(9), i: fc.nat(9) });
  // Facts about what stands in the functions, so that their conditions are often known.
  const slack = fc.array(fc.nat(3), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(atoms[name], point, slack, (on, p, loose) => {
      const parts = on.flatMap((a): ClosedForm[] => {
        switch (a.kind) {
          case "log2":
          case "pow2":
            return [a.of];
          case "mod":
            return [a.of, a.by];
          case "sum":
            return [a.hi];
          case "min":
          case "max":
            return [...a.of];
          default:
            return [];
        }
      });
      const values = parts.map((f) => at(f, p));
      if (parts.some((f, k) => on.some((a) => a.kind === "mod" && a.by === f) && values[k] === 0)) return;
      // Powers and sums that are too large to write down say nothing more.
      if (values.some((v) => Math.abs(v) > 40)) return;
      let facts: Sequent | undefined = Sequent.empty;
      const learn = (f: ClosedForm, k: number): void => {
        const low = Math.floor(at(f, p)) - loose[k % loose.length]!;
        facts = facts?.with(closed.sub(f, number(low)));
        facts = facts?.with(closed.sub(number(Math.ceil(at(f, p)) + loose[(k + 3) % loose.length]!), f));
      };
      parts.forEach(learn);
      parts.forEach((f, k) => {
        for (const g of parts.slice(k + 1)) learn(closed.sub(f, g), k + 1);
      });
      if (name === "mod-shift") {
        const [x, y] = on as [ClosedForm & { kind: "mod" }, ClosedForm & { kind: "mod" }];
        if (x.kind !== "mod" || y.kind !== "mod") return;
        const moved = closed.add(x, closed.sub(y.of, x.of));
        learn(moved, 5);
        learn(closed.sub(x.by, moved), 6);
        learn(closed.add(moved, x.by), 7);
        learn(closed.sub(moved, x.by), 2);
      }
      expect(facts).toBeDefined();
      let made: Sequent | undefined;
      try {
        made = applyAxiom(facts, name, on);
      } catch (error) {
        // A form that folded into another kind is not what the axiom speaks of.
        if (error instanceof Rejected) return;
        throw error;
      }
      const about = `${on.map(printClosedForm).join(", ")} at ${JSON.stringify(p)}`;
      expect(made, about).toBeDefined();
      if (made!.facts.length > facts.facts.length) added++;
      for (const f of made!.facts) {
        const value = at(formOf(f), p);
        if (f.equality) expect(value, `${about}: ${printClosedForm(formOf(f))}`).toBeCloseTo(0, 9);
        else expect(value, `${about}: ${printClosedForm(formOf(f))}`).toBeGreaterThanOrEqual(-1e-9);
      }
    }),
    { numRuns: 1_000, seed: 20_261_125 },
  );
  // Not by saying nothing.
  expect(added).toBeGreaterThan(5);
});

test("a fact about the larger of two says the same of both, and of no more", () => {
  const point = fc.record({ n: fc.nat(9), m: fc.nat(9), i: fc.nat(9) });
  const factor = fc.constantFrom(-3, -2, -1, 1, 2, 3);
  const extreme = fc.constantFrom("min" as const, "max" as const);
  fc.assert(
    fc.property(affine, affine, affine, factor, extreme, point, (a, b, x, by, kind, p) => {
      const form = closed.add(x, closed.scale(closed[kind](a, b), rational(by)));
      const facts = Sequent.empty.with(form);
      const holds = at(form, p) >= 0;
      const all = (facts?.facts ?? []).every((f) => at(formOf(f), p) >= -1e-9);
      // Facts that contradict one another hold nowhere.
      expect(facts !== undefined && all, `${printClosedForm(form)} at ${JSON.stringify(p)}`).toBe(holds);
      if (facts !== undefined) expect(facts.knows(form)).toBe(true);
    }),
    { numRuns: 2_000, seed: 20_261_125 },
  );
});
