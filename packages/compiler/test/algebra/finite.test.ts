import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FiniteStep, finiteStep } from "../../src/algebra/finite";
import { findRecurrences } from "../../src/algebra/recurrence";
import {
  composeMaps,
  groupName,
  identityMap,
  printCycles,
  type Transformation,
  transitionMonoid,
} from "../../src/algebra/transition-monoid";
import { systemOf } from "./systems";

const automata = resolve(import.meta.dirname, "../../../../../shared/data/automata");
const data = existsSync(automata);
if (!data) console.warn(`${automata} is absent: tests that need it are skipped`);

/** Recurrence over `state`, whose value is made of `s` (the state before) and inputs `x: input` at the step. */
const scalar = (state: string, input: string, start: string, step: string): string =>
  `task A(n: size) where n >= 1 {\n input x[i: 0..n]: ${input}\n node a[i: 0..=n]: ${state} = if i == 0 { ${start} } else {\n let s = a[i-1]\n ${step}\n }\n output o = a[n]\n}\n`;
function stepOf(text: string): FiniteStep {
  const system = systemOf(text);
  const found = finiteStep(system, findRecurrences(system)[0]!);
  if (!found.ok) throw new Error(found.why);
  return found.step;
}
const whyNot = (text: string): string => {
  const system = systemOf(text);
  const found = finiteStep(system, findRecurrences(system)[0]!);
  return found.ok ? "" : found.why;
};
const classify = (text: string) => {
  const step = stepOf(text);
  return transitionMonoid(
    step.states,
    step.letters.map((l) => l.map),
  );
};

test("a set-reset latch is aperiodic, parity has the group of two, a counter modulo six those of its primes", () => {
  const latch = classify(
    scalar(
      "bit",
      "index(3)",
      "x[0] == 0",
      "if x[i-1] == 0 { true } else if x[i-1] == 1 { false } else { s }",
    ),
  );
  expect([latch.kind, latch.size]).toEqual(["aperiodic", 3]);
  const parity = classify(scalar("bit", "bit", "false", "s xor x[i-1]"));
  expect([parity.kind, parity.size, parity.primes]).toEqual(["solvable", 2, [2]]);
  const six = classify(scalar("index(6)", "index(6)", "0", "(s + x[i-1]) mod 6"));
  expect([six.kind, six.size, six.primes]).toEqual(["solvable", 6, [2, 3]]);
  expect(six.groups.map(groupName)).toEqual(["C6 on 6 states"]);
});

test("the letters of a step are its inputs, free where each step has its own", () => {
  const free = stepOf(scalar("index(3)", "index(3)", "0", "(s + x[i-1]) mod 3"));
  expect(free.letters.map((l) => l.map.join(""))).toEqual(["012", "120", "201"]);
  expect(free.letters[1]!.given).toEqual([{ what: "x[i - 1]", value: 1 }]);
  expect([free.free, free.starts]).toEqual([true, [0]]);
  // One input for all steps, two neighbours of one input, and a number that depends on the step: supersets only.
  expect(stepOf(scalar("index(3)", "index(3)", "0", "(s + x[0]) mod 3")).free).toBe(false);
  expect(stepOf(scalar("bit", "bit", "false", "s xor (x[i-1] and x[max(i-2, 0)])")).free).toBe(false);
  expect(stepOf(scalar("index(3)", "index(3)", "0", "(s + (i mod 2) + x[i-1]) mod 3")).free).toBe(false);
  // What does not know the state is some value of its type.
  const hidden = stepOf(scalar("bit", "int", "false", "s or (x[i-1] * x[i-1] == 4)"));
  expect([hidden.letters.length, hidden.free]).toEqual([2, false]);
});

test("states that are not finite, letters that are too many and mixed numbers are said", () => {
  expect(whyNot(scalar("int", "int", "0", "s + x[i-1]"))).toContain("a holds int");
  expect(whyNot(scalar("index(7)", "int", "0", "(s + x[i-1]) mod 7"))).toContain(
    "mixes the state with an int",
  );
  expect(whyNot(scalar("index(2000)", "bit", "0", "if x[i-1] { 0 } else { s }"))).toContain("2000 states");
  const row =
    "task A(n: size, T: size) where n >= 1 {\n input x[i: 0..n]: bit\n node c[t: 0..=T, i: 0..n]: bit = if t == 0 { x[i] } else { c[t-1, i] xor c[t-1, (i+1) mod n] }\n output o = c[T, 0]\n}\n";
  expect(whyNot(row)).toContain("a number that grows");
});

test("a step that can leave its type has a state for the run that has ended", () => {
  const step = stepOf(scalar("index(3)", "bit", "0", "if x[i-1] { int(x[i-1]) + s } else { s }"));
  expect([step.states, step.faults, step.letters.map((l) => l.map.join(""))]).toEqual([
    4,
    true,
    ["0123", "1233"],
  ]);
});

test("two lags are a state of two digits", () => {
  const step = stepOf(
    "task F(n: size) where n >= 2 {\n node f[i: 0..n]: index(2) = if i < 2 { i } else { (f[i-1] + f[i-2]) mod 2 }\n output o = f[n-1]\n}\n",
  );
  expect(step.digits.map((d) => d.lag)).toEqual([1, 2]);
  const monoid = transitionMonoid(
    step.states,
    step.letters.map((l) => l.map),
  );
  // The Fibonacci numbers modulo 2 have period 3.
  expect([monoid.kind, monoid.size, monoid.primes]).toEqual(["solvable", 3, [3]]);
});

test("following a point through words of all maps of five points is not solvable; of four points it is", () => {
  const word = (k: number) =>
    `task W(n: size) where n >= 1 {\n input word[k: 0..n, p: 0..${k}]: index(${k})\n node at[k: 0..=n, p: 0..${k}]: index(${k}) = if k == 0 { p } else { word[k-1, at[k-1, p]] }\n output product[p: 0..${k}] = at[n, p]\n}\n`;
  const step = stepOf(word(5));
  expect([step.letters.length, step.free]).toEqual([3125, true]);
  const five = classify(word(5));
  expect([five.kind, five.size, five.complete]).toEqual(["non-solvable", 3125, true]);
  expect([five.witness!.order, five.witness!.derived]).toEqual([120, [120, 60]]);
  expect(groupName(five.witness!)).toBe("S5, of order 120, on 5 states");
  for (const g of five.witness!.generators) {
    const map = g.word.reduce<Transformation>((m, l) => composeMaps(m, step.letters[l]!.map), identityMap(5));
    expect(map).toEqual(g.permutation);
  }
  const four = classify(word(4));
  expect([four.kind, four.size, four.primes]).toEqual(["solvable", 256, [2, 3]]);
});

test("A5 and C60 have one order and opposite answers", () => {
  const a5 = transitionMonoid(5, [
    [1, 2, 0, 3, 4],
    [1, 2, 3, 4, 0],
  ]);
  expect([a5.kind, a5.size, a5.witness!.derived]).toEqual(["non-solvable", 60, [60]]);
  expect(a5.witness!.generators.map((g) => printCycles(g.permutation))).toEqual(["(0 1 2)", "(0 1 2 3 4)"]);
  const turn = Array.from({ length: 60 }, (_, k) => (k + 1) % 60);
  const c60 = transitionMonoid(60, [turn]);
  expect([c60.kind, c60.primes]).toEqual(["solvable", [2, 3, 5]]);
});

test("where elements are too many, order, units, or nothing decides", () => {
  const steps = Array.from({ length: 12 }, (_, k) =>
    Array.from({ length: 14 }, (_, s) => Math.min(13, s + (s >= k ? 1 : 0))),
  );
  const saturating = transitionMonoid(14, steps, 100);
  expect([saturating.complete, saturating.kind]).toEqual([false, "aperiodic"]);
  const flip = steps.map((m) => m.map((x) => 13 - x));
  expect(transitionMonoid(14, [...steps, ...flip], 100)).toMatchObject({
    complete: false,
    kind: "solvable",
    primes: [2],
  });
  const five = [
    [1, 2, 0, 3, 4, 5],
    [1, 2, 3, 4, 0, 5],
    [0, 0, 1, 2, 3, 4],
    [5, 3, 4, 3, 1, 0],
  ];
  expect(transitionMonoid(6, five, 200)).toMatchObject({ complete: false, kind: "non-solvable" });
  expect(transitionMonoid(6, five.slice(2), 5)).toMatchObject({ complete: false, kind: undefined });
});

/** By the definitions: H-classes of idempotents inside the multiplication table, and derived series of whole sets. */
function bruteForce(n: number, maps: readonly Transformation[]): string {
  const elements: Transformation[] = [identityMap(n)];
  const names = new Set([elements[0]!.join()]);
  for (let k = 0; k < elements.length; k++)
    for (const m of maps) {
      const p = composeMaps(elements[k]!, m);
      if (!names.has(p.join())) {
        names.add(p.join());
        elements.push(p);
      }
    }
  const same = (a: Transformation, b: Transformation) => a.join() === b.join();
  let kind = "aperiodic";
  for (const e of elements) {
    if (!same(composeMaps(e, e), e)) continue;
    const inside = elements.filter((m) => same(composeMaps(e, m), m) && same(composeMaps(m, e), m));
    const group = inside.filter((m) =>
      inside.some((w) => same(composeMaps(m, w), e) && same(composeMaps(w, m), e)),
    );
    if (group.length === 1) continue;
    if (kind === "aperiodic") kind = "solvable";
    let current = group;
    for (;;) {
      const inverse = (m: Transformation) => current.find((w) => same(composeMaps(m, w), e))!;
      const commutators = new Map<string, Transformation>([[e.join(), e]]);
      for (const a of current)
        for (const b of current) {
          const c = composeMaps(composeMaps(inverse(a), inverse(b)), composeMaps(a, b));
          commutators.set(c.join(), c);
        }
      const derived = [...commutators.values()];
      const gens = [...derived];
      for (let k = 0; k < derived.length; k++)
        for (const g of gens) {
          const p = composeMaps(derived[k]!, g);
          if (!commutators.has(p.join())) {
            commutators.set(p.join(), p);
            derived.push(p);
          }
        }
      if (derived.length === 1) break;
      if (derived.length === current.length) return "non-solvable";
      current = derived;
    }
  }
  return kind;
}

test("random automata are classified as by the definitions", () => {
  const tally = new Map<string, number>();
  const machine = fc
    .integer({ min: 1, max: 4 })
    .chain((n) =>
      fc.tuple(
        fc.constant(n),
        fc.array(fc.array(fc.nat(n - 1), { minLength: n, maxLength: n }), { minLength: 1, maxLength: 3 }),
      ),
    );
  fc.assert(
    fc.property(machine, ([n, maps]) => {
      const found = transitionMonoid(n, maps);
      expect(found.complete).toBe(true);
      expect(found.kind).toBe(bruteForce(n, maps));
      tally.set(found.kind!, (tally.get(found.kind!) ?? 0) + 1);
    }),
    { numRuns: 300, seed: 20_261_125 },
  );
  expect([...tally.keys()].sort()).toEqual(["aperiodic", "solvable"]);
  // Permutations of five points meet the non-solvable groups.
  const permutations = fc.array(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), {
    minLength: 2,
    maxLength: 2,
  });
  fc.assert(
    fc.property(permutations, (maps) => {
      const found = transitionMonoid(5, maps);
      expect(found.kind).toBe(bruteForce(5, maps));
      tally.set(found.kind!, (tally.get(found.kind!) ?? 0) + 1);
    }),
    { numRuns: 8, seed: 7 },
  );
  expect(tally.get("non-solvable")).toBeGreaterThan(0);
});

test.skipIf(!data)("the groups of the shared words are what their files say", () => {
  for (const name of ["Z2", "S3", "Z60", "S5"]) {
    const { table, order, solvable } = JSON.parse(
      readFileSync(resolve(automata, `${name}.json`), "utf8"),
    ) as {
      table: number[][];
      order: number;
      solvable: boolean;
    };
    const maps = table.map((_, letter) => table.map((row) => row[letter]!));
    const found = transitionMonoid(order, maps);
    expect([name, found.size, found.kind]).toEqual([name, order, solvable ? "solvable" : "non-solvable"]);
  }
});

test("random finite-state recurrences are classified as their maps are, worked out by hand", () => {
  // Two families that feed one another: n values and a bit, by two random tables over (value, bit, letter).
  const recurrence = fc
    .record({ n: fc.integer({ min: 1, max: 2 }), letters: fc.integer({ min: 2, max: 3 }) })
    .chain(({ n, letters }) =>
      fc.record({
        n: fc.constant(n),
        letters: fc.constant(letters),
        value: fc.array(fc.nat(n - 1), { minLength: 2 * n * letters, maxLength: 2 * n * letters }),
        flag: fc.array(fc.nat(1), { minLength: 2 * n * letters, maxLength: 2 * n * letters }),
      }),
    );
  const kinds = new Set<string>();
  fc.assert(
    fc.property(recurrence, ({ n, letters, value, flag }) => {
      const rows = (e: readonly number[]) => e.join(", ");
      const read = `table(a[i-1], b[i-1], x[i-1])`;
      const text = `task A(n: size) {\n input x[i: 0..n]: index(${letters})\n node a[i: 0..=n]: index(${n}) = if i == 0 { 0 } else { ${read} [${rows(value)}] }\n node b[i: 0..=n]: bit = if i == 0 { false } else { ${read} "${flag.join("")}" }\n output o = a[n]\n output p = b[n]\n}\n`;
      const row = (state: number, letter: number) =>
        ((state % n) * 2 + Math.floor(state / n)) * letters + letter;
      const maps = Array.from({ length: letters }, (_, letter) =>
        Array.from({ length: 2 * n }, (_, s) => value[row(s, letter)]! + n * flag[row(s, letter)]!),
      );
      const found = classify(text);
      expect(found.kind, text).toBe(bruteForce(2 * n, maps));
      kinds.add(found.kind!);
    }),
    { numRuns: 120, seed: 20_261_127 },
  );
  expect([...kinds].sort()).toEqual(["aperiodic", "solvable"]);
});
