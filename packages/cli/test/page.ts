import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** What `index.html` of a folder leaves in `globalThis.found`, served and opened in headless Chromium. */
export async function foundInPage(
  folder: string,
  executablePath: string,
  args: readonly string[],
): Promise<unknown> {
  const server = createServer((request, response) => {
    const path = join(folder, request.url === "/" ? "index.html" : request.url!);
    if (!existsSync(path)) return void response.writeHead(404).end();
    response.setHeader("content-type", types[extname(path)] ?? "text/plain");
    response.end(readFileSync(path));
  });
  await new Promise<void>((ready) => server.listen(0, "localhost", ready));
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-quic", ...args],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(300_000);
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.found !== undefined");
    return await page.evaluate("globalThis.found");
  } finally {
    await browser.close();
    server.close();
  }
}
