/**
 * Whatever is proved of random systems of recurrences, held against their whole graphs at random sizes, small and far beyond those a
 * form was fitted to: depth, work, width, every family's greatest level, and levels of single instances; bounds from their own side.
 * `npm run fuzz -- --systems 5000` runs many more, and says what share is proved.
 */
import {
  type ClosedForm,
  type CostModel,
  compileTask,
  evaluateClosedForm,
  type Figure,
  formsOf,
  pointAt,
  printCertificate,
  printFigure,
  proveDepth,
  type Sizes,
  type System,
  sizeProblems,
  unroll,
  verifyCertificate,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fuzzSeed, randomRecurrence } from "../src/index";

const SYSTEMS = Number(process.env.FATHOM_FUZZ_SYSTEMS ?? 30);
const SEED = fuzzSeed(20_261_125);

type Env = Readonly<Record<string, number>>;

function holds(figure: Figure, counted: number, at: Env, about: string): void {
  const value = (form: ClosedForm): number => {
    const { numerator, denominator } = evaluateClosedForm(form, (n) => BigInt(at[n]!));
    return Number(numerator) / Number(denominator);
  };
  const { exact, upper, lower } = figure;
  const where = `${about} at ${JSON.stringify(at)}: ${printFigure(figure)}`;
  if (exact?.standing.kind === "proved") expect(value(exact.form), where).toBe(counted);
  if (upper !== undefined) expect(value(upper.form), where).toBeGreaterThanOrEqual(counted);
  if (lower !== undefined) expect(value(lower.form), where).toBeLessThanOrEqual(counted);
}

/** Holds all that is said of a system against one graph; `places` says which instances are looked at. */
function holdsAt(system: System, model: CostModel, sizes: Sizes, places: readonly number[]): void {
  const unrolled = unroll(system, sizes, { model, limit: 40_000 });
  if (!unrolled.ok) return;
  const { depth, work, width, families } = unrolled.result;
  const forms = formsOf(system)[model];
  holds(forms.depth, depth, sizes, `depth in ${model}`);
  holds(forms.work, work, sizes, `work in ${model}`);
  holds(forms.width, width, sizes, `width in ${model}`);
  for (const f of forms.families) {
    const counted = families.get(f.name)!;
    holds(f.level, counted.maxLevel, sizes, `greatest level of ${f.name} in ${model}`);
    holds(f.work, counted.work, sizes, `work of ${f.name} in ${model}`);
    const { levels } = counted;
    if (levels === undefined || levels.length === 0) continue;
    for (const p of places) {
      const offset = p % levels.length;
      if (levels[offset]! < 0) continue;
      const at: Record<string, number> = { ...sizes };
      pointAt(counted.box, offset).forEach((x, d) => {
        at[counted.family.dims[d]!.index] = x;
      });
      holds(f.levels, levels[offset]!, at, `level of ${f.name} in ${model}`);
    }
  }
}

test(`what is proved of ${SYSTEMS} random systems is true`, () => {
  const share = new Map<string, { proved: number; all: number }>();
  const count = (word: string, proved: boolean): void => {
    const known = share.get(word) ?? { proved: 0, all: 0 };
    share.set(word, { proved: known.proved + (proved ? 1 : 0), all: known.all + 1 });
  };
  const sizes = fc.array(fc.oneof(fc.nat(7), fc.nat(36)), { minLength: 3, maxLength: 3 });
  const places = fc.array(fc.nat(1_000_000), { minLength: 40, maxLength: 40 });
  const many = fc.array(fc.tuple(sizes, places), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(randomRecurrence(), many, ({ text, kind }, trials) => {
      const program = check("random.fathom", text);
      expect(program.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
      const { system } = compileTask(program, program.tasks[0]!);
      for (const model of ["steps", "ops"] as const) {
        const proof = proveDepth(system, model, { valid: (s) => sizeProblems(system, s).length === 0 });
        const proved = proof.depth.exact?.standing.kind === "proved";
        for (const word of ["all", ...kind.split(", ")]) count(`${word} in ${model}`, proved);
        if (proof.certificate !== undefined)
          expect(verifyCertificate(printCertificate(proof.certificate), system)).toMatchObject({ ok: true });
        for (const [values, where] of trials) {
          const far = system.sizes.length === 1 ? 2 : 1;
          const at = Object.fromEntries(system.sizes.map((s, k) => [s.name, values[k]! * far]));
          if (sizeProblems(system, at).length === 0) holdsAt(system, model, at, where);
        }
      }
    }),
    { numRuns: SYSTEMS, seed: SEED },
  );
  if (process.env.FATHOM_FUZZ_SYSTEMS !== undefined)
    for (const [word, { proved, all }] of [...share].sort(([, a], [, b]) => b.all - a.all))
      console.log(`${word}: depth proved of ${proved} of ${all}`);
  expect(share.get("all in steps")!.all).toBeGreaterThanOrEqual(SYSTEMS);
});
