/** The server's browser build in a real web worker: Chromium, with a page as the client. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Diagnostic, Hover, InlayHint } from "vscode-languageserver-types";

const CHROMIUM = "/usr/bin/chromium";
// A developer's machine may have no Chromium; in CI that is a failure.
const missing = !existsSync(CHROMIUM) && process.env.CI === undefined;
if (missing) console.warn(`skipped: the web worker's tests need ${CHROMIUM}`);

const script = resolve(import.meta.dirname, "../dist/worker.global.js");

/** In the page: messages of the protocol are the worker's messages; files the server asks for are in `files`. */
const CLIENT = `
const worker = new Worker("/worker.js");
const waiting = new Map();
let next = 1;
self.problems = [];
self.files = {};
worker.onerror = (e) => problems.push(e.message);
worker.onmessage = ({ data }) => {
  if (data.method === undefined) {
    const { resolve, reject } = waiting.get(data.id);
    if (data.error) reject(new Error(data.error.message)); else resolve(data.result);
  } else if (data.id !== undefined) {
    const text = data.method === "fathom/read" ? files[data.params.uri] : undefined;
    worker.postMessage({ jsonrpc: "2.0", id: data.id, result: text === undefined ? null : { text } });
  } else if (data.method === "window/logMessage") problems.push(data.params.message);
};
self.tell = (method, params) => worker.postMessage({ jsonrpc: "2.0", method, params });
self.ask = (method, params) => new Promise((resolve, reject) => {
  waiting.set(next, { resolve, reject });
  worker.postMessage({ jsonrpc: "2.0", id: next++, method, params });
});
`;

describe.skipIf(missing)("the server in a web worker", () => {
  let browser: Browser;
  let page: Page;
  let server: Server;
  const ask = <R>(method: string, params: object) =>
    page.evaluate(([m, p]) => (globalThis as never as { ask(m: string, p: object): Promise<R> }).ask(m, p), [
      method,
      params,
    ] as const);
  const tell = (method: string, params: object) =>
    page.evaluate(([m, p]) => (globalThis as never as { tell(m: string, p: object): void }).tell(m, p), [
      method,
      params,
    ] as const);

  beforeAll(async () => {
    if (!existsSync(script)) throw new Error("the server is not built: run `npm run build`");
    server = createServer(({ url }, answer) => {
      const page = url === "/";
      answer.setHeader("content-type", page ? "text/html" : "text/javascript");
      answer.end(page ? `<!doctype html><script>${CLIENT}</script>` : readFileSync(script));
    });
    await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-quic"] });
    page = await browser.newPage();
    page.setDefaultTimeout(300_000);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const uri = "memfs:/work/a.fathom";
  const textDocument = { uri };
  const SUM = `import { twice } from "./b"
import { rule90 } from "std/automata"

task Sum(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node s[i: 0..n]: int = if i == 0 { twice(x[0]) } else { s[i-1] + x[i] }
  output total = s[n-1]
  output odd = rule90(x[0] > 0, x[0] > 1, x[n-1] > 0)
}
`;
  const analysed = async () => {
    await expect
      .poll(async () => (await ask<{ state: string }[]>("fathom/tasks", { uri })).map((t) => t.state))
      .toEqual(["fresh"]);
  };

  test("answers as the one in Node: hints, diagnostics, hover, a run", async () => {
    await page.evaluate(() => {
      const { files } = globalThis as never as { files: Record<string, string> };
      files["memfs:/work/b.fathom"] = "/// Two of it.\nfn twice(a: int): int = a + a\n";
    });
    const { capabilities } = await ask<{ capabilities: object }>("initialize", {
      processId: null,
      rootUri: null,
      capabilities: { textDocument: { diagnostic: {} } },
    });
    expect(capabilities).toMatchObject({ inlayHintProvider: true, hoverProvider: true });
    await tell("initialized", {});
    await tell("textDocument/didOpen", {
      textDocument: { uri, languageId: "fathom", version: 1, text: SUM },
    });
    await analysed();
    const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
    const hints = await ask<InlayHint[]>("textDocument/inlayHint", { textDocument, range });
    expect(hints.map((h) => [h.position.line, h.label])).toEqual([
      [3, expect.stringMatching(/^depth max\(|^depth n/)],
      [5, "level i + 1"],
      [6, "level n"],
      [7, expect.stringMatching(/^level /)],
    ]);
    const report = await ask<{ items: Diagnostic[] }>("textDocument/diagnostic", { textDocument });
    expect(report.items).toEqual([]);
    const hover = await ask<Hover>("textDocument/hover", {
      textDocument,
      position: { line: 5, character: 38 },
    });
    expect(hover.contents).toMatchObject({ value: expect.stringContaining("Two of it.") });
    expect(
      await ask("fathom/run", { uri, task: "Sum", sizes: { n: 3 }, inputs: { x: [1, 2, 3] } }),
    ).toMatchObject({
      problems: [],
      outputs: [
        { name: "total", value: 7 },
        { name: "odd", value: 0 },
      ],
    });
    expect(await ask("fathom/graph", { uri, task: "Sum", sizes: { n: 2 } })).toMatchObject({
      problems: [],
      svg: expect.stringContaining("<svg"),
    });
  });

  test("an edit is answered; what is wrong is found by the worker's own worker", async () => {
    await tell("textDocument/didChange", {
      textDocument: { uri, version: 2 },
      contentChanges: [
        { text: SUM.replace("if i == 0 { twice(x[0]) } else { s[i-1] + x[i] }", "s[i-1] + x[i]") },
      ],
    });
    await analysed();
    const { items } = await ask<{ items: Diagnostic[] }>("textDocument/diagnostic", { textDocument });
    expect(items.map((d) => [d.code, d.range.start])).toEqual([["read-outside", { line: 5, character: 25 }]]);
    expect(items[0]!.message).toContain("s[-1]");
    expect(await ask("shutdown", {})).toBeNull();
    expect(await page.evaluate(() => (globalThis as never as { problems: string[] }).problems)).toEqual([]);
  });
});
