import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findGpu } from "@fathom/runtime-gpu";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { main } from "../src/index";
import { foundInPage } from "./page";

const root = join(import.meta.dirname, "../../..");
const CHROMIUM = "/usr/bin/chromium";
const gpu = findGpu();
const device = await gpu.open();
gpu.close();
// A developer's machine may have no device; in CI that is a failure.
const missing = (typeof device === "string" || !existsSync(CHROMIUM)) && process.env.CI === undefined;
if (missing) console.warn(`skipped: ${typeof device === "string" ? device : `there is no ${CHROMIUM}`}`);

/** Outside the project, with nothing of Fathom in reach. */
const folder = mkdtempSync(join(tmpdir(), "fathom-built-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Imported by both: runs the module and shows what a page can show. */
const USE = `import { FathomError, inputs, outputs, run, sizes } from "./Rule110.js";
const seen = [];
const start = [0, 0, 0, 0, 0, 0, 1];
const { final } = await run({ sizes: { n: 7, T: 5 }, inputs: { start }, onProgress: (done, total) => seen.push(done / total) });
const wrong = [];
for (const options of [{ sizes: { n: 7 }, inputs: {} }, { sizes: { n: 7, T: 5 }, inputs: { start: [2] } }])
  await run(options).catch((error) => wrong.push(error instanceof FathomError ? error.code : String(error)));
const stop = AbortSignal.abort(new Error("enough"));
await run({ sizes: { n: 7, T: 5 }, inputs: { start }, signal: stop }).catch((error) => wrong.push(error.message));
export const found = { sizes, inputs, outputs, final: Array.from(final.data), progress: seen.at(-1), wrong };
`;

/** Rule 110 on a ring: the new cell is the bit of 110 that its neighbourhood numbers. */
function rule110(start: readonly number[], steps: number): number[] {
  const n = start.length;
  let cells = [...start];
  for (let t = 0; t < steps; t++)
    cells = cells.map((c, i) => (110 >> (4 * cells[(i + n - 1) % n]! + 2 * c + cells[(i + 1) % n]!)) & 1);
  return cells;
}

const wanted = {
  sizes: ["n", "T"],
  inputs: ["start"],
  outputs: ["final"],
  final: rule110([0, 0, 0, 0, 0, 0, 1], 5),
  progress: 1,
  wrong: ["size-missing", "input-shape", "enough"],
};

describe.skipIf(missing)("a program built for the GPU runs without Fathom", () => {
  beforeAll(async () => {
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const example = join(root, "examples/rule110/rule110.fathom");
    expect(await main(["build", example, "--task", "Rule110", "--target", "gpu", "-o", folder])).toBe(0);
    vi.restoreAllMocks();
    writeFileSync(join(folder, "use.mjs"), USE);
    writeFileSync(
      join(folder, "index.html"),
      `<script type="module">import("./use.mjs").then((m) => { globalThis.found = m.found; }, (e) => { globalThis.found = String(e.stack); });</script>`,
    );
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(
      join(folder, "show.mjs"),
      'import { found } from "./use.mjs"; console.log(JSON.stringify(found));',
    );
    // All that it needs in Node: the package that brings WebGPU.
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(root, "node_modules/webgpu"), join(folder, "node_modules/webgpu"));
  });

  test("in Node", () => {
    const out = execFileSync(process.execPath, ["show.mjs"], { cwd: folder, encoding: "utf8" });
    expect(JSON.parse(out)).toEqual(wanted);
  });

  test("in a page", async () => {
    expect(
      await foundInPage(folder, CHROMIUM, ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]),
    ).toEqual(wanted);
  });

  test("a run says what computed, and what it was seen to round", async () => {
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const example = join(root, "examples/n-body/n-body.fathom");
    expect(await main(["run", example, "--target", "gpu", "--fill", "n=3", "T=1"])).toBe(0);
    const text = said.mock.calls.map(([t]) => String(t)).join("");
    vi.restoreAllMocks();
    expect(text).toMatch(/^on \S.*; quotients .*, roots .*$/m);
  });

  test("levels of a circuit come from a module beside it", async () => {
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const example = join(root, "examples/circuit-value/circuit-value.fathom");
    expect(await main(["build", example, "--target", "gpu", "-o", folder])).toBe(0);
    vi.restoreAllMocks();
    writeFileSync(
      join(folder, "circuit.mjs"),
      `import { run } from "./CircuitValue.js";
const inputs = { x: [1, 0], left: [0, 0, 2, 3], right: [1, 2, 1, 4] };
const { answer } = await run({ sizes: { n: 2, m: 4 }, inputs });
const outside = await run({ sizes: { n: 2, m: 4 }, inputs: { ...inputs, left: [0, 9, 2, 3] } }).catch((e) => e.code);
console.log(JSON.stringify([answer.data[0], outside]));`,
    );
    const out = execFileSync(process.execPath, ["circuit.mjs"], { cwd: folder, encoding: "utf8" });
    expect(JSON.parse(out)).toEqual([1, "input-range"]);
    expect(existsSync(join(folder, "CircuitValue.levels.js"))).toBe(true);
  });

  test("its shaders and types stand beside it", () => {
    expect(readFileSync(join(folder, "Rule110.wgsl"), "utf8")).toMatch(
      /^\/\/ Rule110: made by Fathom\.\nstruct/,
    );
    expect(readFileSync(join(folder, "Rule110.d.ts"), "utf8")).toContain(
      "export function run(options: Options): Promise<Outputs>;",
    );
    expect(readFileSync(join(folder, "Rule110.js"), "utf8")).not.toMatch(/from "@fathom|import\("@fathom/);
  });
});
