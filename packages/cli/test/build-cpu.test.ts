/** What `fathom build` writes for the processor runs and type-checks in a folder with nothing of Fathom, in Node and in a page. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { main } from "../src/index";
import { foundInPage } from "./page";

const root = join(import.meta.dirname, "../../..");
const CHROMIUM = "/usr/bin/chromium";
// A developer's machine may have no browser; in CI that is a failure.
const noBrowser = !existsSync(CHROMIUM) && process.env.CI === undefined;
if (noBrowser) console.warn(`skipped: there is no ${CHROMIUM}`);

const SOURCE = `/// Every kind of input, and a chain.
enum Suit { Clubs, Hearts }
task Kinds(n: size) where n >= 1 {
  input b[i: 0..n]: bit
  input x[i: 0..n]: int
  input r[i: 0..n]: real
  input s[i: 0..n]: Suit
  input at[i: 0..n]: index(n)
  input v[i: 0..n]: vec2
  node chain[i: 0..n]: int = if i == 0 { x[at[0]] } else { chain[i-1] * 3 + x[at[i]] }
  output odd = parity[i: 0..n] b[i] and s[i] == Suit.Hearts
  output last = chain[n-1]
  output mass = sum[i: 0..n] r[i] * v[i]
}
`;

const USE = `import { FathomError, inputs, outputs, run, runAsync, sizes } from "./Kinds.js";
const good = { b: [1, 1, 0], x: Int32Array.of(5, 7, -1), r: [0.5, 2, 1], s: [1, 0, 1], at: [2, 0, 1], v: [1, 2, 3, 4, 5, 6] };
const values = (o) => Object.fromEntries(Object.entries(o).map(([k, { data }]) => [k, Array.from(data)]));
const first = values(run({ sizes: { n: 3 }, inputs: good }));
const seen = [];
const again = values(await runAsync({ sizes: { n: 3 }, inputs: good, onProgress: (done, total) => seen.push(done / total) }));
const wrong = [];
const attempt = (options) => { try { run(options); wrong.push("ran"); } catch (e) { wrong.push(e instanceof FathomError ? e.code + ": " + e.message : String(e)); } };
attempt({ sizes: {}, inputs: good });
attempt({ sizes: { n: 0 }, inputs: good });
attempt({ sizes: { n: 3 }, inputs: { ...good, x: undefined } });
attempt({ sizes: { n: 3 }, inputs: { ...good, x: [1] } });
attempt({ sizes: { n: 3 }, inputs: { ...good, x: [1, 2.5, 3] } });
attempt({ sizes: { n: 3 }, inputs: { ...good, b: [0, 1, 2] } });
attempt({ sizes: { n: 3 }, inputs: { ...good, s: [0, 1, 2] } });
attempt({ sizes: { n: 3 }, inputs: { ...good, at: Int32Array.of(0, 3, 0) } });
await runAsync({ sizes: { n: 3 }, inputs: good, signal: AbortSignal.abort(new Error("enough")) }).catch((e) => wrong.push(e.message));
export const found = { sizes, inputs, outputs, first, same: JSON.stringify(first) === JSON.stringify(again), wrong };
`;

const wanted = {
  sizes: ["n"],
  inputs: ["b", "x", "r", "s", "at", "v"],
  outputs: ["odd", "last", "mass"],
  // x[2], x[0], x[1] = -1, 5, 7: (-1 * 3 + 5) * 3 + 7; one card of Hearts with its bit set.
  first: { odd: [1], last: [13], mass: [0.5 + 6 + 5, 1 + 8 + 6] },
  same: true,
  wrong: [
    "size-missing: the size n has no value",
    "where-broken: 1 <= n does not hold",
    "input-missing: the input x has no value",
    "input-shape: x needs 3 numbers, found 1",
    "input-shape: x takes whole numbers of its type, found 2.5",
    "input-range: b[2] is 2, outside 0..2",
    "input-range: s[2] is 2, outside 0..2",
    "input-range: at[1] is 3, outside 0..3",
    "enough",
  ],
};

const TYPES = `import { FathomError, type Inputs, type Outputs, type Sizes, run, runAsync } from "./Kinds.js";
const sizes: Sizes = { n: 1 };
const inputs: Inputs = { b: [1], x: [1], r: [1], s: [0], at: [0], v: [1, 2] };
const whole: Int32Array = run({ sizes, inputs, seed: 3 }).last.data;
const later: Promise<Outputs> = runAsync({ sizes, inputs, signal: new AbortController().signal, onProgress: (done: number) => done });
const code: string = new FathomError("a", "b").code;
// @ts-expect-error: a size is missing
run({ sizes: {}, inputs });
export { whole, later, code };
`;

/** Outside the project. */
const folders = {
  js: mkdtempSync(join(tmpdir(), "fathom-js-")),
  wasm: mkdtempSync(join(tmpdir(), "fathom-wasm-")),
};
afterAll(() => Object.values(folders).map((folder) => rmSync(folder, { recursive: true })));

describe.each(["js", "wasm"] as const)("a program built for the processor (%s) needs no Fathom", (target) => {
  const folder = folders[target];

  test("in Node", async () => {
    writeFileSync(join(folder, "kinds.fathom"), SOURCE);
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const built = await main(["build", join(folder, "kinds.fathom"), "--target", target, "-o", folder]);
    vi.restoreAllMocks();
    expect(built).toBe(0);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "use.mjs"), USE);
    writeFileSync(
      join(folder, "show.mjs"),
      'import { found } from "./use.mjs"; console.log(JSON.stringify(found));',
    );
    const out = execFileSync(process.execPath, ["show.mjs"], { cwd: folder, encoding: "utf8" });
    expect(JSON.parse(out)).toEqual(wanted);
    expect(readFileSync(join(folder, "Kinds.js"), "utf8")).not.toMatch(/@fathom/);
  });

  test("its types hold", () => {
    writeFileSync(join(folder, "use.ts"), TYPES);
    const compiler = join(root, "node_modules/@typescript/native/bin/tsc");
    const flags = ["--noEmit", "--strict", "--target", "es2023", "--module", "nodenext", "--types", ""];
    execFileSync(process.execPath, [compiler, ...flags, "use.ts"], { cwd: folder, encoding: "utf8" });
  });

  test.skipIf(noBrowser)("in a page", async () => {
    writeFileSync(
      join(folder, "index.html"),
      `<script type="module">import("./use.mjs").then((m) => { globalThis.found = m.found; }, (e) => { globalThis.found = String(e.stack); });</script>`,
    );
    expect(
      await foundInPage(folder, CHROMIUM, ["--no-first-run", "--disable-background-networking"]),
    ).toEqual(wanted);
  });
});
