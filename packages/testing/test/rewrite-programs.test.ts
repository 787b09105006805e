/**
 * Random programs around recurrences: families that feed one another under other names, tuples, used tasks, rows within a serial loop. Every
 * rewriting, and the text that it is written as, agrees with what was written.
 */
import {
  compileTask,
  interpret,
  lower,
  randomInputs,
  rewriteAsSource,
  rewrites,
  type Sizes,
  type System,
  taskSource,
  unroll,
  verifySystem,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fuzzRuns, fuzzSeed } from "../src/index";

const RUNS = fuzzRuns(80);
const SEED = fuzzSeed(20_261_127);

const pick = <T>(...xs: T[]): fc.Arbitrary<T> => fc.constantFrom(...xs);
const join = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((x) => x.join(""));
const literal = (x: string): fc.Arbitrary<string> => fc.constant(x);

interface Program {
  readonly text: string;
  readonly sizes: Sizes;
  readonly seed: number;
}

/** A whole number from outside at a step `i`, and one that no step changes. */
const outside = pick("x[i]", "y", "1", "-2", "3", "i", "0", "(x[i] + y)");
/** A step from `s` by `+`, `max`, or both. */
const step = (s: string): fc.Arbitrary<string> =>
  fc.oneof(
    join(literal(`${s} + `), outside),
    join(literal("max("), literal(s), literal(", "), outside, literal(")")),
    join(outside, literal(` * ${s} + `), outside),
    join(literal(`(if x[i] > 2 { `), outside, literal(` } else { ${s} - `), outside, literal(" })")),
    join(literal(`clamp(${s} + `), outside, literal(", -30, 30)")),
    join(literal(`(${s} + `), outside, literal(") mod 16")),
  );

/** Three families, each a step from another or from itself, each with names and an order of indices of its own. */
const mutual = fc
  .record({
    steps: fc.tuple(step("A"), step("A"), step("A")),
    reads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)),
    lag: pick(1, 1, 2),
    copies: fc.boolean(),
    starts: fc.tuple(outside, outside, outside),
  })
  .map(({ steps, reads, lag, copies, starts }) => {
    const times = ["i", "t", "u"];
    const names = ["a", "b", "c"];
    const dims = (k: number) =>
      copies
        ? k === 1
          ? `[p: 0..2, ${times[k]}: 0..=n]`
          : `[${times[k]}: 0..=n, q: 0..2]`
        : `[${times[k]}: 0..=n]`;
    const at = (k: number, when: string, copy: string) =>
      copies ? (k === 1 ? `[${copy}, ${when}]` : `[${when}, ${copy}]`) : `[${when}]`;
    const families = names.map((name, k) => {
      const [time, copy] = [times[k]!, k === 1 ? "p" : "q"];
      const from = reads[k]!;
      const inTime = (e: string) => e.replace(/\bi\b/g, time);
      const value = inTime(steps[k]!).replaceAll("A", `${names[from]}${at(from, `${time}-${lag}`, copy)}`);
      return `  node ${name}${dims(k)}: int = if ${time} < ${lag} { ${inTime(starts[k]!)} } else { ${value} }`;
    });
    const outputs = names.map(
      (n, k) => `  output o${n}${dims(k)} = ${n}${at(k, times[k]!, k === 1 ? "p" : "q")}`,
    );
    return `task Random(n: size) where n >= 1 {\n  input x[i: 0..=n]: int\n  input y: int\n${families.join("\n")}\n${outputs.join("\n")}\n}\n`;
  });

/** A tuple whose components read one another. */
const tuple = fc
  .record({
    kind: pick("int", "bit", "index(3)"),
    width: pick(2, 3),
    reads: fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }),
    how: fc.array(fc.nat(4), { minLength: 3, maxLength: 3 }),
  })
  .map(({ kind, width, reads, how }) => {
    const forms: Record<string, readonly string[]> = {
      int: ["R + x[i]", "2 * R - S", "x[i] * R", "R", "R - i"],
      bit: ["R xor x[i]", "(R and x[i]) or S", "not R", "R", "R == S"],
      // 2 * 1431655765 wraps: as an index of a table it would be another number.
      "index(3)": [
        "(R + x[i]) mod 3",
        "if R == S { x[i] } else { R }",
        "x[i]",
        "R",
        "if R * 1431655765 > S { x[i] } else { S }",
      ],
    };
    const all = Array.from({ length: width }, (_, k) => k);
    const one = (k: number) =>
      forms[kind]![how[k]!]!.replaceAll("R", `s[i-1][${reads[k]! % width}]`).replaceAll("S", `s[i-1][${k}]`);
    const first = kind === "bit" ? "true" : "1";
    return `task Random(n: size) {\n  input x[i: 0..=n]: ${kind}\n  input y: int\n  node s[i: 0..=n]: ${kind}^${width} = if i == 0 { [${all.map(() => first).join(", ")}] } else { [${all.map(one).join(", ")}] }\n  output o[i: 0..=n]: ${kind}^${width} = s[i]\n}\n`;
  });

/** A chain inside a used task, one for each of some points, and a serial one beside it. */
const used = fc
  .record({ inner: step("s[i-1]"), own: step("q[i-1]"), points: fc.boolean() })
  .map(({ inner, own, points }) => {
    const [binder, at] = points ? ["[j: 0..3]", "[2]"] : ["", ""];
    return `task Chain(n: size) {\n  input x[i: 0..=n]: int\n  input y: int\n  node s[i: 0..=n]: int = if i == 0 { y } else { ${inner} }\n  output last = s[n]\n}\ntask Random(n: size) {\n  input x[i: 0..=n]: int\n  input y: int\n  use Chain(n)${binder} with { x[i] = ${points ? "x[i] + j" : "x[i]"} y = ${points ? "y * j" : "y"} } as p\n  node q[i: 0..=n]: int = if i == 0 { p${at}.last } else { ${own} }\n  output o[i: 0..=n] = q[i]\n  output r[i: 0..=n] = p${at}.s[i]\n}\n`;
  });

/** Rows that wait for themselves, within a loop that squares. */
const nested = fc
  .record({
    row: step("s[t, i-1]"),
    first: pick("q[t-1]", "s[t-1, n]", "s[t-1, 0] + 1", "y"),
    down: fc.boolean(),
    over: fc.boolean(),
  })
  .map(({ row, first, down, over }) => {
    const step = over ? row.replaceAll("x[i]", "s[t-1, i]") : row;
    const turned = down ? step.replaceAll("s[t, i-1]", "s[t, i+1]") : step;
    return `task Random(T: size, n: size) {\n  input x[i: 0..=n]: int\n  input y: int\n  node s[t: 0..=T, i: 0..=n]: int = if t == 0 { x[i] } else if i == ${down ? "n" : "0"} { ${first} } else { ${turned} }\n  node q[t: 0..=T]: int = if t == 0 { y } else { q[t-1] * q[t-1] + s[t-1, n] }\n  output o[i: 0..=n] = s[T, i]\n  output r = q[T]\n}\n`;
  });

/** A number that a cell gets from the row before, without the state itself: `S` is that row's cell. */
const coefficient = pick("1", "2", "-3", "a[i]", "(a[i] + 1)", "w[i, J]");

/** As many cells as a size says, each a sum over the row before: whole rows, parts of them, neighbours, or one that data chooses. */
const wide = fc
  .record({
    parts: fc.array(
      fc.tuple(pick("all", "part", "but", "left", "right", "here", "last", "chosen"), coefficient),
      { minLength: 1, maxLength: 3 },
    ),
    ring: pick("int", "int", "bit", "min", "max"),
    added: pick("", "a[i]", "u[t]", "5"),
    border: pick("ring", "fixed", "border"),
    down: fc.boolean(),
  })
  .map(({ parts, ring, added, border, down }) => {
    const back = down ? "t+1" : "t-1";
    const dense = ring === "min" || ring === "max";
    const wrapped = (i: string) => (border === "ring" ? `(${i}) mod n` : i);
    const part = ([which, by]: readonly [string, string], k: number): string => {
      const at = which === "left" ? "i-1" : which === "right" ? "i+1" : which === "last" ? "n-1" : "i";
      const j = `j${k}`;
      const over = { all: `${j}: 0..n`, part: `${j}: 0..=i`, but: `${j}: 0..n where ${j} != i` }[which];
      const cell = over !== undefined ? j : which === "chosen" ? "z[i]" : wrapped(at);
      const plain = by.replace("J", over === undefined ? "0" : j);
      const value = dense
        ? `(s[${back}, ${j}] + abs(${by.replace("J", j)}))`
        : ring === "bit"
          ? by.startsWith("w")
            ? `(s[${back}, ${cell}] and ${plain} > 0)`
            : `s[${back}, ${cell}]`
          : `${plain} * s[${back}, ${cell}]`;
      if (dense) return `(${ring}[${j}: 0..n] ${value})`;
      return over === undefined ? `(${value})` : `(${ring === "bit" ? "parity" : "sum"}[${over}] ${value})`;
    };
    const terms = (dense ? parts.slice(0, 1) : parts).map(part);
    const more =
      added === ""
        ? []
        : [ring === "bit" ? `(${added} > 1)` : dense && added === "a[i]" ? "abs(a[i])" : added];
    const step = dense
      ? more.length === 0
        ? terms[0]!
        : `${ring}(${terms[0]}, ${more[0]})`
      : [...terms, ...more].join(ring === "bit" ? " xor " : " + ");
    const type = ring === "bit" ? "bit" : "int";
    const first = ring === "bit" ? "a[i] > 0" : "a[i]";
    const edge =
      border === "ring"
        ? ""
        : border === "fixed"
          ? ` else if i == 0 or i == n - 1 { ${first} }`
          : ` else if i == 0 { ${ring === "bit" ? "true" : "4"} } else if i == n - 1 { s[${back}, 0] }`;
    return `task Random(T: size, n: size) where n >= 3 {\n  input a[i: 0..n]: int\n  input w[i: 0..n, j: 0..n]: int\n  input u[t: 0..=T]: int\n  input z[i: 0..n]: index(n)\n  node s[t: 0..=T, i: 0..n]: ${type} = if t == ${down ? "T" : "0"} { ${first} }${edge} else { ${step} }\n  output o[t: 0..=T, i: 0..n] = s[t, i]\n}\n`;
  });

const program: fc.Arbitrary<Program> = fc
  .record({
    text: fc.oneof(mutual, tuple, used, nested, wide),
    n: fc.integer({ min: 0, max: 11 }),
    T: fc.integer({ min: 0, max: 4 }),
    seed: fc.nat(9_999),
  })
  .map(
    ({ text, n, T, seed }): Program => ({
      text,
      sizes: text.includes("n >= 3")
        ? { T: T * 2, n: 3 + (n % 4) }
        : text.includes("T: size")
          ? { T, n }
          : { n: text.includes("n >= 1") ? n + 1 : n },
      seed,
    }),
  );

const tally = new Map<string, number>();

function agree(written: System, other: System, { sizes, seed }: Program, label: string): void {
  const inputs = randomInputs(written, sizes, seed);
  const [a, b] = [written, other].map((s) => interpret(s, { sizes, inputs, seed }));
  // A step that leaves its type ends the run; what a law makes of it is not compared.
  if (a!.diagnostics.length > 0) return;
  expect(b!.diagnostics, label).toEqual([]);
  for (const f of written.families)
    if (f.role === "output")
      expect(
        [...b!.values.get(f.name)!.data],
        `${f.name} at ${JSON.stringify(sizes)}, seed ${seed}\n${label}`,
      ).toEqual([...a!.values.get(f.name)!.data]);
}

/** The last task of a text that must be free of mistakes. */
function read(text: string) {
  const checked = check("random.fathom", text);
  expect(
    checked.diagnostics.filter((d) => d.severity === "error"),
    text,
  ).toEqual([]);
  const task = checked.tasks[checked.tasks.length - 1]!;
  const compiled = compileTask(checked, task);
  expect(
    compiled.diagnostics.filter((d) => d.severity === "error"),
    text,
  ).toEqual([]);
  return { checked, task, system: compiled.system };
}

function levelsOf(system: System, sizes: Sizes): readonly number[] {
  return (["steps", "ops"] as const).flatMap((model) => {
    const counted = unroll(system, sizes, { model });
    return counted.ok ? [counted.result.depth, counted.result.work] : [];
  });
}

test(`${RUNS} random programs and their rewritings agree, as equations and as text`, {
  timeout: 36_000_000,
}, () => {
  const property = fc.property(program, (p) => {
    const { checked, task, system } = read(p.text);
    for (const r of rewrites(system)) {
      for (const a of r.applied) tally.set(a.name, (tally.get(a.name) ?? 0) + 1);
      const text = taskSource(r.system);
      expect(verifySystem(r.system), text).toEqual([]);
      agree(system, r.system, p, `${p.text}\n${text}`);
      const again = read(text).system;
      agree(system, again, p, `${p.text}\n${text}`);
      // What is reported of the equations holds of the text.
      expect(levelsOf(again, p.sizes), `${p.text}\n${text}`).toEqual(levelsOf(r.system, p.sizes));
    }
    for (const r of rewriteAsSource(checked, task)) {
      const again = check("random.fathom", r.text);
      agree(
        system,
        lower(again, again.tasks.find((t) => t.name.text === "Random")!),
        p,
        `${p.text}\n${r.text}`,
      );
    }
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
  if (process.env.FATHOM_FUZZ_SHOW !== undefined)
    console.log(
      [...tally]
        .sort()
        .map((x) => x.join(": "))
        .join("\n"),
    );
  expect(tally.size).toBeGreaterThan(8);
});
