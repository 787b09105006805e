/** Random recurrences: what a law rewrites must agree with the chain, on the interpreter and as emitted JavaScript. */
import {
  compileTask,
  emitJs,
  type FamilyValues,
  interpret,
  printSystem,
  randomValues,
  readSystem,
  rewrites,
  verifySystem,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fuzzRuns, fuzzSeed } from "../src/index";

const RUNS = fuzzRuns(150);
const SEED = fuzzSeed(20_261_125);

type Kind = "bit" | "int" | "real" | "index(3)" | "index(5)" | "index(7)";

interface Shape {
  readonly kind: Kind;
  readonly copies: boolean;
  readonly cells: 1 | 2;
  readonly two: boolean;
  readonly down: boolean;
  /** `mixed`: one start, and defaults for what would stand before it. */
  readonly start: "first" | "default" | "two" | "mixed";
  readonly lags: 1 | 2 | 3;
  /** `0..=n`, from n = 0 on. */
  readonly closed: boolean;
  /** Ints from the whole range: what wraps must wrap alike. */
  readonly wide: boolean;
}

const pick = <T>(...xs: T[]): fc.Arbitrary<T> => fc.constantFrom(...xs);

/** An expression that does not read the state. */
const given = (kind: Kind): fc.Arbitrary<string> => {
  switch (kind) {
    case "bit":
      return pick("x[i]", "y", "not x[i]", "(x[i] xor y)", "(i mod 3 == 0)", "true", "false");
    case "int":
      return pick(
        "x[i]",
        "y",
        "2",
        "-1",
        "0",
        "1",
        "i",
        "(x[i] * y)",
        "max(x[i], 3)",
        "(if x[i] > 0 { 1 } else { -2 })",
      );
    case "real":
      return pick("x[i]", "0.5", "-0.25", "0", "1", "(x[i] * y)");
    default:
      return pick("x[i]", "y", "1", "0", "2");
  }
};

/** The step as an expression over `s` and `u`, two reads of the state. */
const step = (kind: Kind): fc.Arbitrary<string> => {
  const c = given(kind);
  const s = pick("s", "s", "u");
  switch (kind) {
    case "bit":
      return fc.oneof(
        fc.tuple(s, pick("xor", "and", "or", "=="), c).map(([a, op, b]) => `(${a} ${op} ${b})`),
        fc.tuple(c, s, c).map(([a, b, d]) => `((${a} and ${b}) xor ${d})`),
        fc.tuple(s, c).map(([a, b]) => `((${a} xor u) xor ${b})`),
        fc.tuple(s, s, c).map(([a, b, d]) => `((${a} and ${b}) or (${d} and not s))`),
        fc.tuple(c, s, s).map(([a, b, d]) => `(if ${a} { ${b} } else { not ${d} })`),
        fc.tuple(s, c, c).map(([a, b, d]) => `((${a} and ${b}) or (u and ${d}))`),
        fc
          .tuple(s, c, fc.array(pick("0", "1"), { minLength: 4, maxLength: 4 }))
          .map(([a, b, t]) => `table(${a}, ${b}) "${t.join("")}"`),
      );
    case "int":
      return fc.oneof(
        fc.tuple(c, s, c).map(([a, b, d]) => `(${a} * ${b} + ${d})`),
        fc.tuple(s, pick("+", "-", "*"), c).map(([a, op, b]) => `(${a} ${op} ${b})`),
        fc.tuple(c, s, c, s).map(([a, b, d, e]) => `(${a} * ${b} - ${d} * ${e})`),
        fc.tuple(pick("max", "min"), s, c, c).map(([op, a, b, d]) => `${op}(${a} + ${b}, ${d})`),
        fc.tuple(s, c).map(([a, b]) => `clamp(${a} + ${b}, -20, 30)`),
        fc.tuple(s, c, c).map(([a, b, d]) => `min(max(${a} - ${b}, ${d}), 40)`),
        fc.tuple(c, s, c).map(([a, b, d]) => `(if x[i] > 20 { ${a} } else { ${b} - ${d} })`),
        fc.tuple(s, c).map(([a, b]) => `(${a} * ${a} + ${b})`),
        fc.tuple(s, c).map(([a, b]) => `(${a} div 2 + ${b})`),
        fc.tuple(c, s, c, pick("16", "1024", "97")).map(([a, b, d, m]) => `((${a} * ${b} - ${d}) mod ${m})`),
        fc.tuple(s, c, pick("<", "<=")).map(([a, b, op]) => `(if ${a} ${op} ${b} { ${b} } else { ${a} })`),
        fc.tuple(s, c).map(([a, b]) => `clamp(${a} - clamp(${b}, -7, 9), -20, 30)`),
        fc.tuple(s, c, c).map(([a, b, d]) => `max(min(${a}, ${b}), min(max(${a}, ${b}), ${d}))`),
        fc.tuple(s, c, c).map(([a, b, d]) => `(if x[i] > 20 { ${d} } else { min(${a}, ${b}) })`),
        fc
          .tuple(s, pick("<", "<=", ">", ">="), c)
          .map(([a, op, b]) => `(if ${a} ${op} 7 { ${a} + ${b} } else { 7 + ${b} })`),
        pick("<", "<=").map(
          (op) => `(if x[i] > 5 { if s ${op} 9 { s + 1 } else { 10 } } else { max(s, 1) - 1 })`,
        ),
        fc.tuple(pick("max", "min"), s, c, c).map(([op, a, b, d]) => `${op}(${a} + ${b}, u + ${d})`),
        fc
          .tuple(s, c)
          .map(
            ([a, b]) => `(if ${a} + ${b} > 40 { 40 } else if ${a} + ${b} < -40 { -40 } else { ${a} + ${b} })`,
          ),
        fc.tuple(c, s, c).map(([a, b, d]) => `((${a} * ${b} + u + ${d}) mod 101)`),
      );
    case "real":
      return fc.oneof(
        fc.tuple(pick("0.5", "-0.25", "x[i]", "1"), s, c).map(([a, b, d]) => `(${a} * ${b} + ${d})`),
        fc.tuple(pick("max", "min"), s, c).map(([op, a, b]) => `${op}(${a}, ${b})`),
        fc.tuple(s, c).map(([a, b]) => `clamp(${a} - ${b}, -0.5, 1.5)`),
        fc
          .tuple(pick("0.5", "-0.75", "x[i]", "y"), s, c)
          .map(([a, b, d]) => `clamp(${a} * ${b} + ${d}, -0.5, 1.5)`),
        fc
          .tuple(pick("0.5", "-0.75", "x[i]"), s, c, c)
          .map(([a, b, d, e]) => `max(${a} * ${b} + ${d}, ${e})`),
        fc.tuple(s, c, c).map(([a, b, d]) => `(${b} - clamp(${a}, ${d}, 1)) * 0.5`),
        fc.tuple(s, c).map(([a, b]) => `tanh(${a} + ${b})`),
      );
    default:
      return fc.oneof(
        fc.tuple(s, c).map(([a, b]) => `(${a} + ${b}) mod ${kind.slice(6, 7)}`),
        fc.tuple(c, s, c).map(([a, b, d]) => `(${a} * ${b} + ${d}) mod ${kind.slice(6, 7)}`),
        fc
          .array(fc.nat(Number(kind.slice(6, 7)) - 1), {
            minLength: Number(kind.slice(6, 7)) ** 2,
            maxLength: Number(kind.slice(6, 7)) ** 2,
          })
          .map((t) => `table(s, x[i]) [${t.join(", ")}]`),
        fc.tuple(s, c).map(([a, b]) => `min(${a} + ${b}, ${Number(kind.slice(6, 7)) - 1})`),
        fc.tuple(s, c).map(([a, b]) => `(if x[i] > 1 { min(${a} + 1, 2) } else { max(${b} - 1, 0) })`),
        fc.tuple(s, c).map(([a, b]) => `(if ${a} == ${b} { u } else { ${b} })`),
      );
  }
};

const shape: fc.Arbitrary<Shape> = fc.record({
  kind: pick<Kind>("bit", "int", "int", "real", "index(3)", "index(5)", "index(7)"),
  copies: fc.boolean(),
  cells: pick<1 | 2>(1, 1, 2),
  two: fc.boolean(),
  down: fc.boolean(),
  start: pick<Shape["start"]>("first", "default", "two", "mixed"),
  lags: pick<1 | 2 | 3>(1, 1, 2, 3),
  closed: fc.boolean(),
  wide: fc.boolean(),
});

interface Program {
  readonly text: string;
  readonly n: number;
  readonly seed: number;
  readonly real: boolean;
  readonly wide: boolean;
}

const program: fc.Arbitrary<Program> = shape.chain((sh) =>
  fc
    .record({
      first: step(sh.kind),
      second: step(sh.kind),
      start: given(sh.kind),
      n: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 20 })),
      seed: fc.nat(9_999),
    })
    .map(({ first, second, start, n: drawn, seed }) => {
      const { kind, copies, cells, two, down, lags, closed } = sh;
      const early = sh.start === "mixed" ? 1 : lags > 1 ? lags : sh.start === "two" ? 2 : 1;
      const least = Math.max(0, early - (closed ? 1 : 0));
      const n = drawn + least;
      const last = closed ? "n" : "n - 1";
      const dims = `[i: 0..${closed ? "=n" : "n"}${copies ? ", c: 0..2" : ""}${cells === 2 ? ", k: 0..2" : ""}]`;
      const back = (d: number) => (down ? `i+${d}` : `i-${d}`);
      const read = (f: string, d: number, other: boolean) =>
        `${f}[${back(d)}${copies ? ", c" : ""}${cells === 2 ? (other ? ", 1 - k" : ", k") : ""}]`;
      const u = (f: string) =>
        two
          ? read(f === "a" ? "b" : "a", 1, false)
          : lags > 1
            ? read(f, lags, false)
            : read(f, 1, cells === 2);
      const first0 = down ? `i == ${last}` : "i == 0";
      const firstFew = down ? `i > ${last} - ${early}` : `i < ${early}`;
      const literal = kind === "bit" ? "false" : "0";
      const body = (f: string, e: string): string => {
        const defaults = sh.start === "default";
        const [s, v] = [read(f, 1, false), u(f)].map((r) =>
          defaults || sh.start === "mixed" ? `(${r} ?? ${literal})` : r,
        );
        const value = e.replace(/\bs\b/g, s!).replace(/\bu\b/g, v!);
        const when = early > 1 ? firstFew : first0;
        return defaults ? value : `if ${when} { ${start} } else { ${value} }`;
      };
      const text = [
        `task R(n: size) where n >= ${least} {`,
        `  input x[i: 0..=n]: ${kind}`,
        `  input y: ${kind}`,
        `  node a${dims}: ${kind} = ${body("a", first)}`,
        ...(two ? [`  node b${dims}: ${kind} = ${body("b", second)}`] : []),
        `  output o${dims} = a[i${copies ? ", c" : ""}${cells === 2 ? ", k" : ""}]`,
        ...(two ? [`  output p${dims} = b[i${copies ? ", c" : ""}${cells === 2 ? ", k" : ""}]`] : []),
        "}",
        "",
      ].join("\n");
      return { text, n, seed, real: kind === "real", wide: kind === "int" && sh.wide };
    }),
);

const extremes = [2 ** 31 - 1, -(2 ** 31), -1, 2 ** 30, 0, 65_536];

const tally = new Map<string, number>();

async function agrees({ text, n, seed, real, wide }: Program): Promise<void> {
  const checked = check("random.fathom", text);
  expect(
    checked.diagnostics.filter((d) => d.severity === "error"),
    text,
  ).toEqual([]);
  const { system } = compileTask(checked, checked.tasks[0]!);
  const sizes = { n };
  const inputs = new Map<string, FamilyValues>();
  for (const f of system.families)
    if (f.role === "input") {
      const values = randomValues(f, sizes, seed);
      if (wide)
        values.data.set(Int32Array.from(values.data, (v, k) => extremes[(v + k) & 7] ?? v * 8_191_357));
      inputs.set(f.name, values);
    }
  const wanted = interpret(system, { sizes, inputs, seed });
  // A step that leaves its type ends the run; what a law makes of it is not compared.
  if (wanted.diagnostics.length > 0) return;
  for (const r of rewrites(system)) {
    if (wide && !r.exact) continue;
    for (const a of r.applied) tally.set(`${a.law} ${a.name}`, (tally.get(`${a.law} ${a.name}`) ?? 0) + 1);
    const printed = printSystem(r.system);
    expect(verifySystem(r.system), `${text}\n${printed}`).toEqual([]);
    expect(printSystem(readSystem(printed))).toBe(printed);
    const found = interpret(r.system, { sizes, inputs, seed });
    expect(found.diagnostics, `${text}\n${printed}`).toEqual([]);
    const { js } = emitJs(r.system);
    const module = await import(`data:text/javascript;base64,${Buffer.from(js).toString("base64")}`);
    const emitted = module.run({
      sizes,
      inputs: Object.fromEntries([...inputs].map(([k, v]) => [k, v.data])),
      seed,
    });
    for (const f of system.families) {
      if (f.role !== "output") continue;
      const [a, b, c] = [
        wanted.values.get(f.name)!.data,
        found.values.get(f.name)!.data,
        emitted[f.name].data,
      ];
      const largest = Math.max(1, ...Array.from(a, Math.abs));
      for (let k = 0; k < a.length; k++) {
        const close = real && !r.exact ? Math.abs(a[k]! - b[k]!) <= 1e-4 * largest : Object.is(a[k], b[k]);
        expect(
          close,
          `${text}\n${f.name}[${k}] at n = ${n}, seed ${seed}: ${a[k]}, rewritten ${b[k]}\n${r.note}\n${printed}`,
        ).toBe(true);
        expect(Object.is(b[k], c[k]), `${printed}\n${f.name}[${k}]: interpreter ${b[k]}, js ${c[k]}`).toBe(
          true,
        );
      }
    }
  }
}

test(`${RUNS} random recurrences and what laws make of them agree`, { timeout: 36_000_000 }, async () => {
  await fc.assert(fc.asyncProperty(program, agrees), { numRuns: RUNS, seed: SEED });
  // The generator meets the laws: most kinds of rewriting occur.
  if (process.env.FATHOM_FUZZ_SHOW !== undefined)
    console.log(
      [...tally]
        .sort()
        .map((x) => x.join(": "))
        .join("\n"),
    );
  expect(tally.size).toBeGreaterThan(10);
});
