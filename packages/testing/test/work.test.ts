import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  compileTask,
  evaluateClosedForm,
  isWhole,
  printClosedForm,
  type Sizes,
  type System,
  smallSizes,
  unroll,
  type WorkResult,
  workOf,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fathomFiles, fuzzSeed, type Kernel, kernelToFathom, randomProgram, sharedData } from "../src/index";

const RUNS = Number(process.env.FATHOM_FUZZ_WORK ?? 80);
/** Few random programs use up the budget of an analysis; unless many were asked for, they are given up at a tenth of it. */
const RANDOM_COST = process.env.FATHOM_FUZZ_WORK === undefined ? 6_000_000 : undefined;
const SEED = fuzzSeed(20_261_125);

function systemOf(text: string): System {
  const program = check("work.fathom", text);
  expect(program.diagnostics, text).toEqual([]);
  return compileTask(program, program.tasks[0]!).system;
}

/** The symbolic work against the count of the whole graph; a bound may only be above. */
function agrees(system: System, result: WorkResult, model: "steps" | "ops", sizes: Sizes, about: string) {
  if (result.kind === "none") return;
  const unrolled = unroll(system, sizes, { model, limit: 200_000 });
  if (!unrolled.ok) return;
  const value = evaluateClosedForm(result.form, (n) => BigInt(sizes[n]!));
  const counted = BigInt(unrolled.result.work);
  const at = `${about}\n${model} at ${JSON.stringify(sizes)}: ${printClosedForm(result.form)}`;
  if (result.kind === "exact") expect(isWhole(value) && value.numerator, at).toBe(counted);
  else expect(value.numerator >= counted * value.denominator, at).toBe(true);
  for (const f of result.families) {
    const own = evaluateClosedForm(f.form, (n) => BigInt(sizes[n]!));
    const found = BigInt(unrolled.result.families.get(f.family)!.work);
    if (f.exact) expect(isWhole(own) && own.numerator, `${at} in ${f.family}`).toBe(found);
    else expect(own.numerator >= found * own.denominator, `${at} in ${f.family}`).toBe(true);
  }
}

function agreesEverywhere(
  text: string,
  far: readonly Sizes[] = [],
  cost?: number,
): { steps: WorkResult; ops: WorkResult } {
  const system = systemOf(text);
  const both = { steps: workOf(system, "steps", cost), ops: workOf(system, "ops", cost) };
  for (const sizes of [...smallSizes(system, 9, 60), ...far])
    for (const model of ["steps", "ops"] as const) agrees(system, both[model], model, sizes, text);
  return both;
}

const task = (head: string, body: string): string => `task X(${head} {\n${body}\n}\n`;
const printed = (r: WorkResult): string =>
  r.kind === "none" ? r.why : `${r.kind === "upper" ? "≤ " : ""}${printClosedForm(r.form)}`;

describe("work in closed form is what the whole graph costs", () => {
  const cases: Record<string, { text: string; steps: string; ops: string; far?: Sizes[] }> = {
    "a band": {
      text: task(
        "n: size, k: size) where n >= 1",
        "input x[i: 0..n]: int\nnode a[i: 0..n, j: max(0, i - k)..min(n, i + k + 1)]: int = x[i] + x[j]",
      ),
      steps: "if n + 1 <= k { n^2 } else { 2*k*n - k^2 - k + n }",
      ops: "if n + 1 <= k { n^2 } else { 2*k*n - k^2 - k + n }",
      far: [{ n: 90, k: 17 }],
    },
    "diagonals of a rectangle": {
      text: task(
        "n: size, m: size) where n >= 1, m >= 1",
        "input x[i: 0..n]: int\nnode a[t: 0..n+m-1, i: max(0, t - m + 1)..min(t + 1, n)]: int = x[i] + t",
      ),
      steps: "m*n",
      ops: "m*n",
    },
    "residues of two indices": {
      text: task(
        "n: size)",
        "input x[i: 0..n]: int\nnode a[i: 0..n, j: 0..=i]: int = if i mod 3 == 1 and j mod 2 == 0 { x[i] + x[j] } else { x[i] }",
      ),
      steps:
        "(3*floor((n + 1) / 6)^2 + 3*floor((n + 4) / 6)^2 + 3*floor((n + 1) / 6) - floor((n + 4) / 6)) / 2",
      ops: "(3*floor((n + 1) / 6)^2 + 3*floor((n + 4) / 6)^2 + 3*floor((n + 1) / 6) - floor((n + 4) / 6)) / 2",
      far: [{ n: 121 }],
    },
    "parity of a sum": {
      text: task(
        "n: size)",
        "input x: int\nnode a[i: 0..n, j: 0..n]: int = if (i + j) mod 2 == 0 { x + 1 } else { x }",
      ),
      steps: "(n^2 - 2*floor(n / 2) + n) / 2",
      ops: "(n^2 - 2*floor(n / 2) + n) / 2",
      far: [{ n: 101 }],
    },
    "a filtered triangle": {
      text: task(
        "n: size)",
        "input x[i: 0..n]: int\nnode a[i: 0..n, j: i..n, k: i..=j]: int = x[i] + x[j] + x[k]\noutput y[i: 0..n] = sum[j: i..n, k: i..=j where k != i] a[i, j, k]",
      ),
      steps: "max(n*(n + 1)*(n + 2) / 6, (n^3 + 3*n^2 + 8*n - 12) / 6)",
      ops: "if 1 <= n { (n^3 + 2*n^2 - n + 2) / 2 } else { 0 }",
    },
    "ranges of half a length": {
      text: task(
        "n: size)",
        "input x[i: 0..n]: int\nnode a[i: 0..n, j: 0..i div 2]: int = x[i] + x[j]\noutput y[i: 0..n] = sum[j: 0..i div 2] a[i, j]",
      ),
      steps: "if n <= 3 { (n^2 - 2*floor(n / 2) - n) / 4 } else { (n^2 - 2*floor(n / 2) + 3*n - 16) / 4 }",
      ops: "if n <= 1 { 0 } else { (n^2 - 2*floor(n / 2) - 3*n + 4) / 2 }",
      far: [{ n: 101 }, { n: 100 }],
    },
    "a logarithm of the index": {
      text: task(
        "n: size) where n >= 1",
        "input x[i: 0..n]: int\nnode a[i: 0..n, r: 0..=log2(i + 1)]: int = if r == 0 { x[i] } else { a[i, r-1] + x[i] }",
      ),
      steps: "n*log2(n) - 2^log2(n) + 1",
      ops: "n*log2(n) - 2^log2(n) + 1",
      far: [{ n: 1000 }, { n: 1024 }, { n: 1025 }],
    },
    "doubling widths": {
      text: task(
        "L: size)",
        "input x: int\nnode a[l: 0..=L, i: 0..2^l]: int = if l == 0 { x } else { a[l-1, i div 2] + i }",
      ),
      steps: "2*2^L - 2",
      ops: "2*2^L - 2",
    },
    "a tournament": {
      text: task(
        "L: size)",
        "input x[i: 0..2^L]: int\nnode a[l: 0..=L, i: 0..2^(L-l)]: int = if l == 0 { x[i] } else { a[l-1, 2*i] + a[l-1, 2*i+1] }",
      ),
      steps: "2^L - 1",
      ops: "2^L - 1",
    },
    "the smaller and the larger of two sizes": {
      text: task(
        "p: size, q: size) where p >= 1, q >= 1",
        "input x: int\nnode a[i: 0..min(p, q)]: int = x + 1\nnode b[i: min(p, q)..max(p, q)]: int = x + 2",
      ),
      steps: "max(p, q)",
      ops: "max(p, q)",
    },
    "what lies beyond a stride": {
      text: task(
        "n: size, k: const) where k >= 1",
        "input x[i: 0..n]: int\nnode a[i: 0..n]: int = if i < k { x[i] } else { a[i-k] + x[i] }",
      ),
      steps: "max(n - k, 0)",
      ops: "max(n - k, 0)",
    },
    "choices inside an expression": {
      text: task(
        "n: size) where n >= 1",
        "input x[i: 0..n]: int\nnode a[i: 0..n]: int = (if i < 3 { 0 } else { x[i-3] * 3 }) + (x[i-1] ?? 0) + 1",
      ),
      steps: "n",
      ops: "max(2*n, 3*n - 3)",
    },
    "two diagonals": {
      text: task(
        "n: size) where n >= 2",
        "input x: int\nnode a[i: 0..n, j: 0..n]: int = if i == j { x } else if i + j == n { x * 2 } else { x + x * 3 + 1 }",
      ),
      steps: "n^2 - n",
      ops: "3*n^2 + 4*floor(n / 2) - 7*n + 4",
    },
    "a modulus that is a size is bounded, not guessed": {
      text: task(
        "n: size, k: size) where k >= 1",
        "input x[i: 0..n]: int\nnode a[i: 0..n]: int = if i mod k == 0 { x[i] } else { a[i-1] + x[i] }",
      ),
      steps: "≤ n",
      ops: "≤ n",
    },
  };
  test.each(Object.entries(cases))("%s", (_, { text, steps, ops, far }) => {
    const found = agreesEverywhere(text, far);
    if (steps !== "") expect(printed(found.steps)).toBe(steps);
    if (ops !== "") expect(printed(found.ops)).toBe(ops);
  });
});

describe("examples", () => {
  test.each(fathomFiles("examples").map((f) => [f.path, f.text] as const))("%s", (path, text) => {
    const program = check(path, text);
    for (const t of program.tasks) {
      const { system } = compileTask(program, t);
      for (const model of ["steps", "ops"] as const) {
        const result = workOf(system, model);
        expect(result.kind, printed(result)).toBe("exact");
        for (const sizes of smallSizes(system, 6, 12)) agrees(system, result, model, sizes, path);
      }
    }
  });
});

const folder = sharedData("span");
const kernels: Kernel[] =
  folder === undefined ? [] : JSON.parse(readFileSync(join(folder, "kernels.json"), "utf8")).kernels;

describe.skipIf(folder === undefined)("systems of recurrences with known work", () => {
  test.each(kernels.map((k) => [k.id, k] as const))("%s", (_, kernel) => {
    const system = systemOf(kernelToFathom(kernel));
    const result = workOf(system, "ops");
    expect(result.kind, printed(result)).toBe("exact");
    if (result.kind !== "exact") return;
    for (const sample of kernel.samples) {
      const value = evaluateClosedForm(result.form, (n) => BigInt(sample.p[kernel.params.indexOf(n)]!));
      expect(value, `${printed(result)} at ${sample.p}`).toEqual({
        numerator: BigInt(sample.work),
        denominator: 1n,
      });
    }
    expect(workOf(system, "steps").kind).toBe("exact");
  });
});

// Random index spaces

const affine = (names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom(-1, 1, 1, 2), fc.constantFrom(...names)), { maxLength: 2 }),
      fc.integer({ min: -3, max: 4 }),
    )
    .map(([terms, c]) =>
      [...terms.map(([k, v]) => (k === 1 ? v : `(${k}) * ${v}`)), c < 0 ? `(${c})` : `${c}`].join(" + "),
    );
const bound = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: affine(names) },
    {
      weight: 1,
      arbitrary: fc.tuple(affine(names), fc.constantFrom(2, 3)).map(([a, k]) => `(${a}) div ${k}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("min", "max"), affine(names), affine(names))
        .map(([f, a, b]) => `${f}(${a}, ${b})`),
    },
    { weight: 1, arbitrary: fc.constantFrom("log2(n)", "log2(n + m)", "2^log2(m)") },
  );
const comparison = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(affine(names), fc.constantFrom("<", "<=", "==", "!=", ">"), affine(names))
        .map(([a, op, b]) => `${a} ${op} ${b}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(affine(names), fc.constantFrom(2, 3), fc.integer({ min: 0, max: 2 }))
        .map(([a, k, r]) => `(${a}) mod ${k} == ${r}`),
    },
  );
const guard = (names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(comparison(names), fc.option(fc.tuple(fc.constantFrom("and", "or"), comparison(names))))
    .map(([a, more]) => (more === null ? a : `(${a}) ${more[0]} (${more[1]})`));
const value = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom("x", "x + 1", "x * x + 1", "3"),
    guard(names).map((g) => `(if ${g} { x + 1 } else { 2 }) * x`),
    fc
      .tuple(
        bound(names),
        bound(names),
        guard([...names, "r"]),
        fc.constantFrom("x", "x * 2", "x + (if r == 1 { x + 1 } else { 3 })"),
      )
      .map(([lo, hi, g, body]) => `sum[r: ${lo}..${hi} where ${g}] (${body})`),
  );
const indexSpace: fc.Arbitrary<string> = fc
  .integer({ min: 1, max: 3 })
  .chain((rank) => {
    const names = ["n", "m", "i", "j", "k"];
    const scope = names.slice(0, 2 + rank);
    const dims = fc.tuple(
      ...Array.from({ length: rank }, (_, d) =>
        fc
          .tuple(bound(names.slice(0, 2 + d)), bound(names.slice(0, 2 + d)))
          .map(([lo, hi]) => `${names[2 + d]}: ${lo}..${hi}`),
      ),
    );
    return fc.tuple(dims, guard(scope), guard(scope), value(scope), value(scope), value(scope));
  })
  .map(
    ([dims, g, h, a, b, c]) =>
      `task X(n: size, m: size) {\ninput x: int\nnode a[${dims.join(", ")}]: int = if ${g} { ${a} } else if ${h} { ${b} } else { ${c} }\n}\n`,
  );

describe("random index spaces", () => {
  test("agree with the count", () => {
    let [exact, all] = [0, 0];
    fc.assert(
      fc.property(indexSpace, (text) => {
        const found = agreesEverywhere(text, [], RANDOM_COST);
        all += 2;
        for (const r of [found.steps, found.ops]) if (r.kind === "exact") exact++;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // Most are within reach: a form that never came out exact would not have been tested.
    expect(exact / all).toBeGreaterThan(0.6);
  });

  test("random programs agree with the count", () => {
    fc.assert(
      fc.property(randomProgram, ({ text }) => {
        const program = check("random.fathom", text);
        const { system } = compileTask(program, program.tasks[0]!);
        for (const model of ["steps", "ops"] as const) {
          const result = workOf(system, model);
          for (const sizes of smallSizes(system, 4, 6)) agrees(system, result, model, sizes, text);
        }
      }),
      { numRuns: Math.ceil(RUNS / 3), seed: SEED },
    );
  });
});
