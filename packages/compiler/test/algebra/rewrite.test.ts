import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { randomInputs } from "@fathom/compiler";
import { expect, test } from "vitest";
import { type Rewrite, rewrites } from "../../src/algebra/rewrite/rewrites";
import { sizeProblems } from "../../src/checks/sizes";
import { interpret } from "../../src/equations/interpret";
import { printSystem } from "../../src/equations/print";
import { readSystem } from "../../src/equations/read";
import type { Sizes, System } from "../../src/equations/system";
import { verifySystem } from "../../src/equations/verify";
import { unroll } from "../../src/unroll/unroll";
import { systemOf } from "./systems";

const automata = resolve(import.meta.dirname, "../../../../../shared/data/automata");
const data = existsSync(automata);
if (!data) console.warn(`${automata} is absent: tests that need it are skipped`);

/** Every output of the rewritten system against the original's: bit for bit, or within a relative bound where it rounds. */
function agrees(original: System, rewritten: Rewrite, sizes: Sizes, seed: number): void {
  const inputs = randomInputs(original, sizes, seed);
  const wanted = interpret(original, { sizes, inputs, seed });
  expect(wanted.diagnostics).toEqual([]);
  const found = interpret(rewritten.system, { sizes, inputs, seed });
  expect(found.diagnostics, printSystem(rewritten.system)).toEqual([]);
  for (const f of original.families) {
    if (f.role !== "output") continue;
    const [a, b] = [wanted.values.get(f.name)!.data, found.values.get(f.name)!.data];
    expect(b.length).toBe(a.length);
    for (let k = 0; k < a.length; k++) {
      const close = rewritten.exact
        ? Object.is(a[k], b[k])
        : Math.abs(a[k]! - b[k]!) <= 1e-4 * Math.max(1, Math.abs(a[k]!));
      expect(
        close,
        `${f.name}[${k}] at ${JSON.stringify(sizes)}: ${a[k]} and ${b[k]}\n${printSystem(rewritten.system)}`,
      ).toBe(true);
    }
  }
}

const depth = (system: System, sizes: Sizes): number => {
  const found = unroll(system, sizes, { model: "steps" });
  if (!found.ok) throw new Error(JSON.stringify(found.diagnostics));
  return found.result.depth;
};

/** Rewritings of a text: each prints and reads back, verifies, agrees at several sizes, and is shallower at the last. */
function rewritten(text: string, sizes: readonly Sizes[]): readonly Rewrite[] {
  const system = systemOf(text);
  const found = rewrites(system);
  for (const r of found) {
    expect(verifySystem(r.system)).toEqual([]);
    const printed = printSystem(r.system);
    expect(printSystem(readSystem(printed))).toBe(printed);
    for (const [seed, at] of sizes.entries()) {
      expect(sizeProblems(system, at)).toEqual([]);
      agrees(system, r, at, seed);
    }
    const last = sizes[sizes.length - 1]!;
    expect(depth(r.system, last), printed).toBeLessThan(depth(system, last));
  }
  return found;
}
const names = (found: readonly Rewrite[]): string[] =>
  found.map((r) => r.applied.map((a) => `${a.law} ${a.name}`).join("; "));

const along: readonly Sizes[] = [1, 2, 3, 7, 8, 9, 33].map((n) => ({ n }));
const chain = (type: string, step: string, more = "", start = "x[0]"): string =>
  `task A(n: size) where n >= 1 {\n input x[i: 0..n]: ${type}\n${more} node s[i: 0..n]: ${type} = if i == 0 { ${start} } else { ${step} }\n output all[i: 0..n] = s[i]\n output last = s[n-1]\n}\n`;

test("running sums, products, extremes and parities are one reduction, or a scan", () => {
  expect(names(rewritten(chain("int", "s[i-1] + x[i]"), along))).toEqual([
    "B.9 one sum over everything up to there",
    "C.2 a scan of sum",
  ]);
  expect(names(rewritten(chain("int", "x[i] * s[i-1]"), along))).toEqual([
    "B.10 one product over everything up to there",
    "C.2 a scan of product",
  ]);
  for (const step of ["max(s[i-1], x[i])", "min(x[i], s[i-1])", "s[i-1] - x[i]", "s[i-1] + i * x[i]"])
    expect(rewritten(chain("int", step), along)).toHaveLength(2);
  for (const step of ["s[i-1] xor x[i]", "s[i-1] and x[i]", "not x[i] or s[i-1]"])
    expect(rewritten(chain("bit", step), along)).toHaveLength(2);
  const floats = rewritten(chain("real", "s[i-1] + x[i]"), along);
  expect(floats.map((r) => [r.exact, r.applied[0]!.upTo])).toEqual([
    [false, ["rounding"]],
    [false, ["rounding"]],
  ]);
  // The largest of reals is the same in any order.
  expect(rewritten(chain("real", "max(s[i-1], x[i])"), along).map((r) => r.exact)).toEqual([true, true]);
});

test("a depth of one, and of a logarithm", () => {
  const [sum, scan] = rewritten(chain("int", "s[i-1] + x[i]"), along) as [Rewrite, Rewrite];
  expect([8, 64].map((n) => depth(sum.system, { n }))).toEqual([1, 1]);
  expect([8, 64].map((n) => depth(scan.system, { n }))).toEqual([3, 6]);
});

test("time that runs down, defaults, and starts with values of their own", () => {
  rewritten(
    "task A(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node s[i: 0..n]: int = if i == n-1 { 5 } else { s[i+1] + x[i] }\n output o[i: 0..n] = s[i]\n}\n",
    along,
  );
  rewritten(
    "task A(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node s[i: 0..n]: int = (s[i-1] ?? 3) + x[i]\n output o[i: 0..n] = s[i]\n}\n",
    along,
  );
  rewritten(
    "task A(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node s[i: 1..=n]: int = 3 * (s[i+1] ?? 2) + x[i-1]\n output o[i: 1..=n] = s[i]\n}\n",
    along,
  );
});

test("affine steps are a scan of pairs; one coefficient for all steps is scanned by its powers", () => {
  expect(names(rewritten(chain("int", "x[i] * s[i-1] + i", "", "7"), along))).toEqual([
    "C.9 a scan of affine maps, as pairs",
  ]);
  expect(names(rewritten(chain("int", "3 * s[i-1] + x[i]"), along))).toEqual([
    "C.9 a scan with powers of one coefficient",
  ]);
  expect(names(rewritten(chain("int", "if x[i] > 0 { x[i] } else { 2 * s[i-1] - x[i] }"), along))).toEqual([
    "C.9 a scan of affine maps, as pairs",
  ]);
  expect(names(rewritten(chain("bit", "if x[i] { not s[i-1] } else { s[i-1] }"), along))).toEqual([
    "B.8 one parity over everything up to there",
    "C.2 a scan of parity",
  ]);
  expect(names(rewritten(chain("int", "x[i] + (s[i-1] - i)"), along))[0]).toBe(
    "B.9 one sum over everything up to there",
  );
  expect(names(rewritten(chain("int", "-(s[i-1] * x[i])"), along))[0]).toBe(
    "B.10 one product over everything up to there",
  );
  expect(names(rewritten(chain("bit", "s[i-1] and x[i] and (i mod 3 > 0 or not x[i-1])"), along))[0]).toBe(
    "B.7 one all over everything up to there",
  );
  const ssm =
    "task L(T: size, d: size) where d >= 1 {\n param a[i: 0..d]: real\n param b[i: 0..d]: real\n input x[t: 0..T]: real\n node h[t: 0..=T, i: 0..d]: real = if t == 0 { 0 } else { a[i] * h[t-1, i] + b[i] * x[t-1] }\n output y[t: 0..T] = sum[i: 0..d] h[t+1, i]\n}\n";
  const at = [0, 1, 5, 16, 30].map((T) => ({ T, d: 2 }));
  expect(names(rewritten(ssm, at))).toEqual(["C.9 a scan with powers of one coefficient"]);
  // Resets in the middle.
  const reset = chain("int", "if i == n div 2 { x[i] } else { 2 * s[i-1] + x[i] }");
  expect(names(rewritten(reset, along))).toEqual(["C.9 a scan of affine maps, as pairs"]);
});

test("maximum and sum, and two barriers", () => {
  expect(names(rewritten(chain("int", "max(s[i-1] + x[i], i)"), along))).toEqual([
    "C.9 a scan of (max,+) affine maps, as pairs",
  ]);
  expect(names(rewritten(chain("real", "min(s[i-1] - x[i], 2)"), along))).toEqual([
    "C.9 a scan of (min,+) affine maps, as pairs",
  ]);
  expect(names(rewritten(chain("int", "clamp(s[i-1] + x[i], -50, 50)"), along))).toEqual([
    "C.12 a scan of clamps, as triples",
  ]);
  expect(
    names(
      rewritten(chain("int", "if x[i] > 0 { min(max(s[i-1] + x[i], -9), x[i]) } else { 4 }", "", "0"), along),
    ),
  ).toEqual(["C.12 a scan of clamps, as triples"]);
  const counter = (bound: string, cap: string) =>
    `task C(n: size) where n >= 1 {\n input up[i: 0..n]: bit\n node s[i: 0..=n]: index(${bound}) = if i == 0 { 0 } else if up[i-1] { min(s[i-1] + 1, ${cap}) } else { max(s[i-1] - 1, 0) }\n output o[i: 0..=n] = s[i]\n}\n`;
  const seventy = rewritten(counter("70", "69"), along);
  expect([names(seventy), seventy[0]!.exact]).toEqual([["C.12 a scan of clamps, as triples"], true]);
  const grows = rewritten(counter("n + 1", "n"), along);
  expect([names(grows), grows[0]!.exact]).toEqual([["C.12 a scan of clamps, as triples"], false]);
});

test("several numbers are a scan of matrices", () => {
  const fibonacci =
    "task F(n: size) where n >= 1 {\n node f[i: 0..n]: int = if i < 2 { i } else { f[i-1] + f[i-2] }\n output o[i: 0..n] = f[i]\n}\n";
  expect(names(rewritten(fibonacci, along))).toEqual(["B.16 a scan of 2×2 matrices, powers of one"]);
  const varying =
    "task F(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node f[i: 0..n]: int = if i == 0 { 4 } else if i == 1 { 5 } else { x[i] * f[i-1] - f[i-2] + i }\n output o[i: 0..n] = f[i]\n}\n";
  expect(names(rewritten(varying, along))).toEqual(["B.15 a scan of 2×2 matrices"]);
  const turn =
    "task R(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node h[i: 0..n, k: 0..3]: int = if i == 0 { k } else { x[i] * h[i-1, (k+1) mod 3] + k }\n output o[i: 0..n, k: 0..3] = h[i, k]\n}\n";
  expect(names(rewritten(turn, along))).toEqual(["B.15 a scan of 3×3 matrices"]);
  const full =
    "task M(n: size) where n >= 1 {\n param w[k: 0..3, l: 0..3]: bit\n input x[i: 0..n]: bit\n node h[i: 0..n, k: 0..3]: bit = if i == 0 { x[0] } else { x[i] xor (parity[l: 0..3] w[k, l] and h[i-1, l]) }\n output o[i: 0..n, k: 0..3] = h[i, k]\n}\n";
  expect(rewritten(full, along)).toHaveLength(1);
  // Two families, one feeding the other, with indices of other names.
  const pair =
    "task P(n: size, d: size) where n >= 1, d >= 1 {\n input x[i: 0..n]: int\n node a[i: 0..n, c: 0..d]: int = if i == 0 { c } else { a[i-1, c] + b[c, i-1] }\n node b[i: 0..d, t: 0..n]: int = if t == 0 { 1 } else { x[t] * a[t-1, i] }\n output o[i: 0..n, c: 0..d] = a[i, c] + b[c, i]\n}\n";
  expect(
    names(
      rewritten(
        pair,
        along.map((s) => ({ ...s, d: 3 })),
      ),
    ),
  ).toEqual(["B.15 a scan of 2×2 matrices"]);
});

test("linear automata on a ring jump; rule 110 does not", () => {
  const ring = (table: string, last: boolean) =>
    `task R(n: size, T: size) where n >= 3 {\n input x[i: 0..n]: bit\n node c[t: 0..=T, i: 0..n]: bit = if t == 0 { x[i] } else { table(c[t-1, (i-1) mod n], c[t-1, i], c[t-1, (i+1) mod n]) "${table}" }\n output o${last ? "[i: 0..n] = c[T, i]" : "[t: 0..=T, i: 0..n] = c[t, i]"}\n}\n`;
  const at = [
    { n: 3, T: 0 },
    { n: 4, T: 1 },
    { n: 5, T: 6 },
    { n: 7, T: 13 },
    { n: 6, T: 32 },
  ];
  let linear = 0;
  for (let rule = 0; rule < 256; rule++) {
    const table = Array.from({ length: 8 }, (_, w) => (rule >> w) & 1).join("");
    const found = rewrites(systemOf(ring(table, rule % 2 === 0)));
    if (found.length === 0 || found[0]!.applied[0]!.law !== "D.3") continue;
    linear++;
    rewritten(ring(table, rule % 2 === 0), at);
  }
  // The sixteen affine rules, less the eight that read at most one cell in place or set the cell: 0, 255, 204, 51 are no automata of a row.
  expect(linear).toBeGreaterThanOrEqual(12);
  expect(rewrites(systemOf(ring("01110110", true)))).toEqual([]);
  const [ninety] = rewritten(ring("01011010", true), at);
  expect([depth(ninety!.system, { n: 8, T: 63 }), ninety!.system.families.map((f) => f.dims.length)]).toEqual(
    [6, [1, 2, 2, 1]],
  );
});

test("finitely many states are a scan of tables", () => {
  const flip = chain("index(3)", "if s[i-1] == 2 { x[i] } else { (s[i-1] + x[i]) mod 3 }");
  expect(names(rewritten(flip, along))).toEqual(["C.3 a scan of maps of 3 states"]);
  const two =
    "task F(n: size) where n >= 1 {\n input x[i: 0..n]: bit\n node f[i: 0..n]: bit = if i < 2 { x[i] } else { (f[i-1] and x[i]) or not f[i-2] }\n output o[i: 0..n] = f[i]\n}\n";
  expect(names(rewritten(two, along))).toEqual(["C.3 a scan of maps of 4 states"]);
  const word =
    "task W(n: size) where n >= 1 {\n input word[k: 0..n, p: 0..5]: index(5)\n node at[k: 0..=n, p: 0..5]: index(5) = if k == 0 { p } else { word[k-1, at[k-1, p]] }\n output product[p: 0..5] = at[n, p]\n}\n";
  const [scan] = rewritten(word, along);
  expect(scan!.applied[0]!.name).toBe("a scan of maps of 5 states");
  // The maps are those of the steps: not one for each of the five points that are followed.
  expect(scan!.system.families.find((f) => f.name === "at.map")!.dims).toHaveLength(3);
  const lights =
    "enum Light { red, green, amber }\ntask L(n: size) where n >= 1 {\n input wait[i: 0..n]: bit\n node a[i: 0..n]: Light = if i == 0 { Light.red } else if wait[i] { a[i-1] } else if b[i-1] { Light.green } else { Light.amber }\n node b[i: 0..n]: bit = if i == 0 { wait[0] } else { a[i-1] == Light.red xor b[i-1] }\n output o[i: 0..n] = a[i]\n output p[i: 0..n] = b[i]\n}\n";
  expect(names(rewritten(lights, along))).toEqual(["C.3 a scan of maps of 6 states"]);
});

test("what no law covers, what is short already and what could fail stays", () => {
  for (const step of ["s[i-1] * s[i-1] + x[i]", "(s[i-1] + x[i]) mod 7", "abs(s[i-1]) - x[i]"])
    expect(rewrites(systemOf(chain("int", step))), step).toEqual([]);
  expect(rewrites(systemOf(chain("real", "tanh(s[i-1] + x[i])")))).toEqual([]);
  // A step that may leave its type would do so for states that never come up.
  expect(rewrites(systemOf(chain("index(3)", "s[i-1] + x[i]", "", "0")))).toSatisfy(
    (found: readonly Rewrite[]) => found.every((r) => r.applied[0]!.law !== "C.3"),
  );
  const scan =
    "task S(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node s[r: 0..=log2(n), i: 0..n]: int = if r == 0 { x[i] } else if i >= 2^(r-1) { s[r-1, i - 2^(r-1)] + s[r-1, i] } else { s[r-1, i] }\n output t = s[log2(n), n-1]\n}\n";
  expect(rewrites(systemOf(scan))).toEqual([]);
});

test("several recurrences of one system are all rewritten", () => {
  const text =
    "task S(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node a[i: 0..n]: int = if i == 0 { x[i] } else { a[i-1] + x[i] }\n node b[i: 0..n]: int = if i == 0 { a[i] } else { 2 * b[i-1] + a[i] }\n output o[i: 0..n] = b[i]\n}\n";
  expect(names(rewritten(text, along))).toEqual([
    "B.9 one sum over everything up to there; C.9 a scan with powers of one coefficient",
    "C.2 a scan of sum; C.9 a scan with powers of one coefficient",
  ]);
});

test.skipIf(!data)("the shared words are evaluated alike by the chain and by the scan", () => {
  for (const name of ["Z2", "S3", "Z60", "S5"]) {
    const { table, order } = JSON.parse(readFileSync(resolve(automata, `${name}.json`), "utf8")) as {
      table: number[][];
      order: number;
    };
    const entries = table.flat().join(", ");
    const text = `task W(n: size) where n >= 1 {\n input x[k: 0..n]: index(${order})\n node p[k: 0..n]: index(${order}) = if k == 0 { x[0] } else { table(p[k-1], x[k]) [${entries}] }\n output o[k: 0..n] = p[k]\n}\n`;
    const system = systemOf(text);
    const [found] = rewrites(system);
    expect([found?.applied[0]?.name, found?.exact]).toEqual([
      `a scan by its own operation, associative on ${order} values`,
      true,
    ]);
    const words = readFileSync(resolve(automata, `${name}.words.csv`), "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((l) => l.split(",") as [string, string, string]);
    // Some of every length.
    const some = words.filter((_, k) => k % Math.ceil(words.length / 40) === 0);
    for (const [length, input, target] of some) {
      const letters = Int32Array.from(input.split(" ").map(Number));
      const sizes = { n: Number(length) };
      const inputs = new Map([["x", { lo: [0], extent: [letters.length], data: letters }]]);
      for (const s of [system, found!.system]) {
        const run = interpret(s, { sizes, inputs });
        expect([...run.values.get("o")!.data].join(" "), name).toBe(target);
      }
    }
  }
});

test("an operation that is associative on its values is scanned itself; one that is not, by tables", () => {
  const quaternion = "table(s[i-1], x[i]) [0, 1, 2, 2]";
  expect(names(rewritten(chain("index(2)", quaternion.replace("2, 2]", "1, 1]")), along))[0]).toContain(
    "C.2",
  );
  expect(names(rewritten(chain("index(5)", "(s[i-1] + x[i]) mod 5"), along))).toEqual([
    "C.2 a scan by its own operation, associative on 5 values",
  ]);
  expect(names(rewritten(chain("index(5)", "(s[i-1] + 2 * x[i]) mod 5"), along))).toEqual([
    "C.9 a scan with powers of one coefficient",
  ]);
  // Rock, paper, scissors: who wins stays. Not associative.
  expect(
    names(rewritten(chain("index(3)", "table(s[i-1], x[i]) [0, 1, 0, 1, 1, 2, 0, 2, 2]"), along)),
  ).toEqual(["C.3 a scan of maps of 3 states"]);
});

test("starts that a place decides are told apart", () => {
  // Shrunk from a random program: a guard that never holds was taken for one that always does.
  rewritten(
    "task R(n: size) where n >= 2 {\n input x[i: 0..n]: bit\n node a[i: 0..n]: bit = if i < 2 { i mod 3 == 0 } else { a[i-2] xor x[i] }\n output o[i: 0..n] = a[i]\n}\n",
    [2, 3, 4, 9, 34].map((n) => ({ n })),
  );
});

test("a step is written by the rows of a table only where its ints mean the same there", () => {
  const task = (step: string) =>
    `task A(n: size) { input x[t: 0..n]: index(3) node s[t: 0..=n]: index(50) = if t == 0 { 1 } else { ${step} } output y[t: 0..=n] = s[t] }`;
  const made = (step: string) => rewrites(systemOf(task(step))).map((r) => r.applied[0]!.name);
  const decides = "if (s[t-1] * K) mod 50 < 25 { min(s[t-1] + x[t-1], 49) } else { max(s[t-1] - x[t-1], 0) }";
  expect(made(decides.replace("K", "7"))).toEqual(["a scan of maps of 50 states"]);
  // As data it wraps, as a condition of indices it would not.
  expect(made(decides.replace("K", "100000007"))).toEqual([]);
});

test("tuples whose components do the same are copies; extremes written as choices are extremes", () => {
  const word =
    "task W(n: size) where n >= 1 {\n input x[i: 0..n]: index(5)^5\n node s[i: 0..=n]: index(5)^5 = if i == 0 { [0, 1, 2, 3, 4] } else { [x[i-1][s[i-1][0]], x[i-1][s[i-1][1]], x[i-1][s[i-1][2]], x[i-1][s[i-1][3]], x[i-1][s[i-1][4]]] }\n output o[i: 0..=n]: index(5)^5 = s[i]\n}\n";
  expect(names(rewritten(word, along))).toEqual(["C.3 a scan of maps of 5 states"]);
  expect(names(rewritten(chain("int", "if x[i] < s[i-1] { x[i] } else { s[i-1] }"), along))[0]).toBe(
    "B.7 one min over everything up to there",
  );
  expect(rewrites(systemOf(chain("real", "if x[i] < s[i-1] { x[i] } else { s[i-1] }")))).toEqual([]);
});

test("clamps of small ints are exact, however far their shifts add up", () => {
  // A thousand steps of 2^27 leave 32 bits many times over; the states never do.
  const text =
    "task C(n: size) where n >= 1 {\n input up[i: 0..n]: bit\n node s[i: 0..=n]: int = if i == 0 { 5 } else { clamp(s[i-1] + (if up[i-1] { 134217728 } else { -134217727 }), -100000000, 100000000) }\n output o[i: 0..=n] = s[i]\n}\n";
  const found = rewritten(
    text,
    [1, 2, 3, 8, 33, 200].map((n) => ({ n })),
  );
  expect(found.map((r) => r.exact)).toEqual([true]);
  const free = rewrites(systemOf(chain("int", "clamp(s[i-1] + x[i], -50, 50)")));
  expect(free.map((r) => r.exact)).toEqual([false]);
});

test("what waits for itself within a step of something serial is rewritten there", () => {
  const text =
    "task N(T: size, n: size) where n >= 1 {\n input x[i: 0..n]: int\n node s[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else if i == 0 { q[t-1] } else { s[t, i-1] + x[i] }\n node q[t: 0..=T]: int = if t == 0 { 1 } else { q[t-1] * q[t-1] + s[t-1, n-1] }\n output y = q[T]\n output z[i: 0..n] = s[T, i]\n}\n";
  const at = [0, 1, 2, 5].flatMap((T) => [1, 2, 7].map((n) => ({ T, n })));
  expect(names(rewritten(text, [...at, { T: 6, n: 30 }]))).toEqual([
    "B.9 one sum over everything up to there",
    "C.2 a scan of sum",
  ]);
  // Longest common subsequence: a row is one maximum, n steps instead of n + m - 1.
  const common =
    "task L(n: size, m: size) where n >= 1, m >= 1 {\n input a[i: 0..n]: index(3)\n input b[j: 0..m]: index(3)\n node d[i: 0..=n, j: 0..=m]: int = if i == 0 { 0 } else if j == 0 { 0 } else { max(max(d[i-1, j], d[i, j-1]), d[i-1, j-1] + int(a[i-1] == b[j-1])) }\n output y = d[n, m]\n}\n";
  const sizes = [1, 2, 5].flatMap((n) => [1, 3, 8].map((m) => ({ n, m })));
  expect(names(rewritten(common, [...sizes, { n: 9, m: 20 }]))).toEqual([
    "B.7 one max over everything up to there",
  ]);
  // Scans of the rows of edit distance would be deeper than its diagonals.
  const edit = common
    .replace("int(a[i-1] == b[j-1])", "int(a[i-1] == b[j-1]) * 3")
    .replace("d[i-1, j]", "d[i-1, j] - 1");
  expect(rewrites(systemOf(edit.replace("d[i, j-1])", "d[i, j-1] - 1)")))).toEqual([]);
});

test("sums of vectors round too", () => {
  const text =
    "task V(n: size) where n >= 1 {\n input x[i: 0..n]: vec3\n node s[i: 0..n]: vec3 = if i == 0 { x[0] } else { s[i-1] + x[i] }\n output o[i: 0..n] = s[i]\n}\n";
  expect(rewrites(systemOf(text)).map((r) => r.exact)).toEqual([false, false]);
});

test("affine steps modulo a number are pairs of residues where nothing wraps first", () => {
  const index = "(x[i] * s[i-1] + x[i-1]) mod 1009";
  expect(names(rewritten(chain("index(1009)", index, "", "5"), along))).toEqual([
    "C.9 a scan of affine maps modulo 1009, as pairs",
  ]);
  // A power of two divides 2^32: what wraps is the same modulo it. A start may be larger.
  expect(names(rewritten(chain("int", "(x[i] * s[i-1] - i) mod 1024", "", "5000"), along))).toEqual([
    "C.9 a scan of affine maps modulo 1024, as pairs",
  ]);
  expect(rewrites(systemOf(chain("int", "(x[i] * s[i-1] + 1) mod 1000")))).toEqual([]);
  // Residues whose squares leave 32 bits, or may stand beside a larger reset.
  expect(rewrites(systemOf(chain("index(65521)", "(x[i] * s[i-1] + 1) mod 65521", "", "1")))).toEqual([]);
  expect(
    rewrites(
      systemOf(
        chain("int", "(3 * s[i-1] + 1) mod 1024").replace("} else {", "} else if i == 4 { x[i] } else {"),
      ),
    ),
  ).toEqual([]);
});

test("reals lie within the stated bound of the exact value, as written and as rewritten", () => {
  type Doubles = (x: readonly number[]) => number[];
  const run =
    (start: number, step: (s: readonly number[], x: number) => number): Doubles =>
    (x) => {
      const s: number[] = [];
      for (const v of x) s.push(s.length === 0 ? start : step(s, v));
      return s;
    };
  const last = (s: readonly number[], back = 1) => s[s.length - back] ?? 0;
  const cases: readonly [step: string, exact: Doubles, absolute: Doubles][] = [
    ["s[i-1] + x[i]", run(0.5, (s, x) => last(s) + x), run(0.5, (s, x) => last(s) + Math.abs(x))],
    [
      "x[i] * s[i-1] - x[i]",
      run(0.5, (s, x) => x * last(s) - x),
      run(0.5, (s, x) => Math.abs(x) * last(s) + Math.abs(x)),
    ],
    [
      "0.75 * s[i-1] + x[i] * (s[i-2] ?? 0.0)",
      run(0.5, (s, x) => 0.75 * last(s) + x * last(s, 2)),
      run(0.5, (s, x) => 0.75 * last(s) + Math.abs(x) * last(s, 2)),
    ],
    [
      "max(s[i-1] + x[i], -0.25)",
      run(0.5, (s, x) => Math.max(last(s) + x, -0.25)),
      run(0.5, (s, x) => Math.max(last(s) + Math.abs(x), 0.25)),
    ],
    [
      "clamp(s[i-1] - x[i], -0.5, 1.5)",
      run(0.5, (s, x) => Math.min(Math.max(last(s) - x, -0.5), 1.5)),
      run(2, (s, x) => last(s) + Math.abs(x)),
    ],
  ];
  let nearest = 0;
  for (const [step, exact, absolute] of cases) {
    const system = systemOf(chain("real", step, "", "0.5"));
    const found = rewrites(system);
    expect(found.length, step).toBeGreaterThan(0);
    for (const n of [2, 33, 200]) {
      const data = Float32Array.from({ length: n }, (_, k) => Math.sin(12.9898 * k + n) * 1.2);
      const inputs = new Map([["x", { lo: [0], extent: [n], data }]]);
      const [value, size] = [exact([...data]), absolute([...data])];
      for (const r of [undefined, ...found]) {
        const roundings = (r ?? found[0]!).applied[0]!.roundings!;
        const k = Number(/^(?:(\d+) \* )?\(?n( - 1)?\)?$/.exec(roundings)![1] ?? 1) * n;
        const gamma = (k * 2 ** -24) / (1 - k * 2 ** -24);
        const got = interpret((r ?? { system }).system, { sizes: { n }, inputs }).values.get("all")!.data;
        got.forEach((v, i) => {
          const error = Math.abs(v - value[i]!);
          expect(error, `${step} at ${i} of ${n}`).toBeLessThanOrEqual(gamma * size[i]!);
          nearest = Math.max(nearest, error / (gamma * size[i]!));
        });
      }
    }
  }
  // The bound is a bound, and not a wall far off.
  expect(nearest).toBeGreaterThan(0.01);
});

test("tuples start component by component, and powers of one matrix stay that", () => {
  const text =
    "task F(n: size) where n >= 1 {\n node s[i: 0..=n]: int^2 = if i == 0 { [0, 1] } else { [s[i-1][1], s[i-1][0] + s[i-1][1]] }\n output o[i: 0..=n] = s[i][0]\n}\n";
  expect(names(rewritten(text, along))).toEqual(["B.16 a scan of 2×2 matrices, powers of one"]);
});
