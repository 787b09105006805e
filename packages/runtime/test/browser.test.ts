/** The one call in a page, headless Chromium with a software device: every target, progress, stopping, and what goes wrong. */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const CHROMIUM = "/usr/bin/chromium";
// A developer's machine may have no browser; in CI that is a failure.
const missing = !existsSync(CHROMIUM) && process.env.CI === undefined;
if (missing) console.warn(`skipped: there is no ${CHROMIUM}`);

const SOURCE = `task Ring(n: size, T: size) where n >= 3 {
  input start[i: 0..n]: int
  node x[t: 0..=T, i: 0..n]: int = if t == 0 { start[i] } else { x[t-1, (i-1) mod n] * 3 + x[t-1, i] }
  output final[i: 0..n] = x[T, i]
}`;

/** The page's own code; `compile` is the package's. */
const PAGE = `<script type="module">
import { compile } from "/runtime.js";
const program = compile(${JSON.stringify(SOURCE)});
const plain = ({ target, outputs, diagnostics }) => ({
  target,
  final: outputs.final === undefined ? null : Array.from(outputs.final.data),
  codes: diagnostics.map((d) => d.code),
});
globalThis.run = async (options) => plain(await program.run(options));
globalThis.stopped = async (target) => {
  const stop = new AbortController();
  const seen = [];
  const sizes = { n: 20000, T: 5000000 };
  const onProgress = (done, total) => { seen.push(done / total); if (seen.length === 2) stop.abort(new Error("enough")); };
  try { await program.run({ sizes, inputs: { start: new Int32Array(20000) }, target, signal: stop.signal, onProgress }); }
  catch (error) { return { message: error.message, seen }; }
};
</script>`;

let browser: Browser;
let page: Page;
const server = createServer();

describe.skipIf(missing)("in a page", () => {
  beforeAll(async () => {
    const built = await build({
      configFile: false,
      logLevel: "silent",
      resolve: { conditions: ["@fathom/source", "browser", "module", "import", "default"] },
      build: {
        write: false,
        minify: false,
        rolldownOptions: { output: { codeSplitting: false } },
        lib: { entry: join(import.meta.dirname, "../src/index.ts"), formats: ["es"], fileName: "runtime" },
      },
    });
    const [first] = Array.isArray(built) ? built : [built];
    if (first === undefined || !("output" in first)) throw new Error("the page was not built");
    const script = first.output[0].code;
    server.on("request", (request, response) => {
      const isScript = request.url === "/runtime.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : PAGE);
    });
    await new Promise<void>((ready) => server.listen(0, "localhost", ready));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        ...["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
        ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
      ],
    });
    page = await browser.newPage();
    page.setDefaultTimeout(300_000);
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.run !== undefined");
  });
  afterAll(async () => {
    await browser?.close();
    server.close();
  });

  const call = (options: object): Promise<unknown> =>
    page.evaluate(`globalThis.run(${JSON.stringify(options)})`);

  test.each(["js", "wasm", "gpu", "auto"] as const)("%s computes", async (target) => {
    // Once round: (1, 0, 0) → (1, 3, 0) → (1, 6, 9).
    const found = await call({ sizes: { n: 3, T: 2 }, inputs: { start: [1, 0, 0] }, target });
    expect(found).toEqual({ target: target === "auto" ? "wasm" : target, final: [1, 6, 9], codes: [] });
  });

  test.each(["js", "wasm", "gpu"] as const)("what is wrong is said in diagnostics (%s)", async (target) => {
    const wrong = async (options: object): Promise<unknown> =>
      ((await call({ ...options, target })) as { codes: string[] }).codes;
    expect(await wrong({ sizes: { n: 2, T: 1 }, inputs: { start: [1, 0] } })).toEqual(["where-broken"]);
    expect(await wrong({ sizes: { n: 3, T: 1 } })).toEqual(["input-missing"]);
    expect(await wrong({ sizes: { n: 3, T: 1 }, inputs: { start: [1, 0.5, 0] } })).toEqual(["input-shape"]);
  });

  test.each(["js", "wasm"] as const)("overflow is found where it is asked for (%s)", async (target) => {
    const found = await call({ sizes: { n: 3, T: 40 }, inputs: { start: [1, 1, 1] }, checked: true, target });
    expect(found).toEqual({ target, final: null, codes: ["overflow"] });
  });

  test.each(["js", "wasm"] as const)("reports progress and can be stopped (%s)", async (target) => {
    const { message, seen } = (await page.evaluate(`globalThis.stopped("${target}")`)) as {
      message: string;
      seen: number[];
    };
    expect(message).toBe("enough");
    expect(seen[1]).toBeGreaterThan(seen[0]!);
    expect(seen[1]).toBeLessThan(1);
  });
});
