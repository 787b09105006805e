import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { chromium } from "playwright-core";
import { build } from "vite";
import { afterAll, expect, test } from "vitest";
import { findGpu, gpuMismatch } from "../src/gpu-agreement";
import { fuzzSeed, projectRoot, randomBitProgram, randomProgram } from "../src/index";

const RUNS = Number(process.env.FATHOM_GPU_PROGRAMS ?? 36);
const SEED = fuzzSeed(20_261_124);
// As many in a page as a fifth of those in Node, where more than the fixed set is asked for.
const BROWSER_RUNS = Math.max(20, Math.floor(RUNS / 5));
const CHROMIUM = "/usr/bin/chromium";

const gpu = findGpu();
const device = await gpu.open();
// A developer's machine may have none; in CI that is a failure.
const missing = typeof device === "string" && process.env.CI === undefined;
if (missing) console.warn(`skipped: ${device}`);
afterAll(() => gpu.close());

test.skipIf(missing).each([
  ["", randomProgram, RUNS],
  [" of bits in rows of words", randomBitProgram, Math.ceil(RUNS / 3)],
] as const)(
  "random programs%s mean the same to the interpreter and on the GPU",
  {
    timeout: 7_200_000,
  },
  async (_, programs, numRuns) => {
    expect(typeof device).not.toBe("string");
    const property = fc.asyncProperty(programs, async (program) => {
      expect(await gpuMismatch(program, gpu)).toBeUndefined();
    });
    await fc.assert(property, { numRuns, seed: SEED });
  },
);

/** The comparison as modules for a page, by their names. */
async function pageModules(): Promise<ReadonlyMap<string, string>> {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@fathom/source", "browser", "module", "import", "default"] },
    build: {
      write: false,
      minify: false,
      lib: {
        entry: join(projectRoot, "packages/testing/src/gpu-agreement.ts"),
        formats: ["es"],
        fileName: "page",
      },
    },
  });
  const [first] = Array.isArray(built) ? built : [built];
  if (first === undefined || !("output" in first)) throw new Error("the page was not built");
  return new Map(first.output.flatMap((o) => (o.type === "chunk" ? [[`/${o.fileName}`, o.code]] : [])));
}

const PAGE = `<script type="module">
import { findGpu, gpuMismatch } from "/page.js";
const gpu = findGpu();
globalThis.compare = (program) => gpuMismatch(program, gpu);
</script>`;

const noBrowser = !existsSync(CHROMIUM) && process.env.CI === undefined;
if (noBrowser) console.warn(`skipped: there is no ${CHROMIUM}`);

test.skipIf(noBrowser)(
  `${BROWSER_RUNS} random programs mean the same in headless Chromium`,
  {
    timeout: 7_200_000,
  },
  async () => {
    const scripts = await pageModules();
    const server = createServer((request, response) => {
      const script = scripts.get(request.url!);
      response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
      response.end(script ?? PAGE);
    });
    await new Promise<void>((ready) => server.listen(0, "localhost", ready));
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        ...["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
        ...["--disable-component-update", "--disable-sync"],
        ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
      ],
    });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(300_000);
      await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction("globalThis.compare !== undefined");
      for (const program of fc.sample(randomProgram, { numRuns: BROWSER_RUNS, seed: SEED })) {
        const difference = await page.evaluate(`globalThis.compare(${JSON.stringify(program)})`);
        expect(difference ?? undefined).toBeUndefined();
      }
    } finally {
      await browser.close();
      server.close();
    }
  },
);
