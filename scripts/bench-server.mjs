// Part of `npm run bench`: the language server over stdio, with a script of real edits on a file of 1,000 lines.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";

const MEMORY_EDITS = Number(process.env.FATHOM_BENCH_EDITS ?? 10_000);
const root = new URL("../", import.meta.url);

/** The examples one after the other, names made different, until there are 1,000 lines. */
function program() {
  let text = "";
  for (let round = 1; text.split("\n").length < 1000; round++)
    for (const file of readdirSync(new URL("examples", root), { recursive: true })) {
      if (!file.endsWith(".fathom")) continue;
      if (text.split("\n").length >= 1000) break;
      let part = readFileSync(new URL(`examples/${file}`, root), "utf8");
      if (part.includes("import ")) continue;
      const declared = new Set(
        [...part.matchAll(/^(?:fn|task|enum|const|monoid|reduction)\s+(\w+)/gm)].map((m) => m[1]),
      );
      const stem = file.replace(/\W/g, "");
      for (const d of declared) part = part.replace(new RegExp(`\\b${d}\\b`, "g"), `${d}_${stem}${round}`);
      text += `${part}\n`;
    }
  return text;
}

const server = spawn(
  process.execPath,
  ["--inspect=127.0.0.1:0", new URL("packages/language-server/dist/server.cjs", root).pathname, "--stdio"],
  { stdio: ["pipe", "pipe", "pipe"] },
);
const inspector = await new Promise((go) => {
  server.stderr.on("data", (chunk) => {
    const url = /ws:\S+/.exec(String(chunk))?.[0];
    if (url !== undefined) go(new WebSocket(url));
    else if (!/debug|inspector/i.test(String(chunk))) process.stderr.write(chunk);
  });
});
await new Promise((go) => inspector.addEventListener("open", go));
const inspected = new Map();
inspector.addEventListener("message", ({ data }) => {
  const { id, result } = JSON.parse(data);
  inspected.get(id)?.(result);
  inspected.delete(id);
});
let asked = 0;
const inspect = (method, params = {}) =>
  new Promise((go) => {
    inspected.set(++asked, go);
    inspector.send(JSON.stringify({ id: asked, method, params }));
  });
/** What the server's own thread holds once everything that is garbage is gone, in MiB. */
async function heap() {
  await inspect("HeapProfiler.collectGarbage");
  const { result } = await inspect("Runtime.evaluate", { expression: "process.memoryUsage().heapUsed" });
  return result.value / 2 ** 20;
}
const connection = createProtocolConnection(
  new StreamMessageReader(server.stdout),
  new StreamMessageWriter(server.stdin),
);
connection.onRequest("window/workDoneProgress/create", () => null);
connection.listen();
await connection.sendRequest("initialize", {
  processId: process.pid,
  rootUri: null,
  capabilities: { textDocument: { diagnostic: {} }, window: { workDoneProgress: true } },
});
await connection.sendNotification("initialized", {});

const uri = "file:///bench.fathom";
let text = program();
let version = 1;
await connection.sendNotification("textDocument/didOpen", {
  textDocument: { uri, languageId: "fathom", version, text },
});
const all = { start: { line: 0, character: 0 }, end: { line: 1e6, character: 0 } };
const hints = () => connection.sendRequest("textDocument/inlayHint", { textDocument: { uri }, range: all });
const diagnostics = () => connection.sendRequest("textDocument/diagnostic", { textDocument: { uri } });
const tasks = () => connection.sendRequest("fathom/tasks", { uri });

async function analysed() {
  for (;;) {
    const found = await tasks();
    if (found.every((t) => t.broken || t.state === "fresh")) return found.length;
    await new Promise((go) => setTimeout(go, 50));
  }
}

const position = (offset) => {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length - 1, character: offset - (before.lastIndexOf("\n") + 1) };
};
function replace(offset, length, inserted) {
  const range = { start: position(offset), end: position(offset + length) };
  text = text.slice(0, offset) + inserted + text.slice(offset + length);
  return connection.sendNotification("textDocument/didChange", {
    textDocument: { uri, version: ++version },
    contentChanges: [{ range, text: inserted }],
  });
}

/** Keystrokes: a new family typed letter by letter, a comment, a number changed, all taken back. */
function* keystrokes() {
  for (let round = 0; ; round++) {
    const outputs = [...text.matchAll(/^ {2}output /gm)];
    const at = outputs[(round * 7) % outputs.length].index;
    const line =
      round % 3 === 2
        ? "  // what is typed here changes nothing\n"
        : `  node typed${round}: int = ${round} + 1\n`;
    for (let k = 0; k < line.length; k++) yield [at + k, 0, line[k]];
    for (let k = line.length - 1; k >= 0; k--) yield [at + k, 1, ""];
    const bounds = [...text.matchAll(/ >= 1\b/g)];
    const bound = bounds[(round * 5) % bounds.length].index + 4;
    yield [bound, 1, "2"];
    yield [bound, 1, "1"];
  }
}

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))];
const show = (label, values) =>
  console.log(
    `${label.padEnd(52)} median ${quantile(values, 0.5).toFixed(1).padStart(6)} ms   p95 ${quantile(values, 0.95).toFixed(1).padStart(6)} ms   (${values.length})`,
  );
const resident = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

const begin = performance.now();
const count = await analysed();
console.log(
  `language server: ${text.split("\n").length} lines, ${count} tasks analysed in ${((performance.now() - begin) / 1000).toFixed(1)} s after opening`,
);
const script = keystrokes();
const fresh = [];
const cached = [];
for (let k = 0; k < 400; k++) {
  const [offset, length, inserted] = script.next().value;
  const start = performance.now();
  await replace(offset, length, inserted);
  await Promise.all([hints(), diagnostics()]);
  fresh.push(performance.now() - start);
  const again = performance.now();
  await hints();
  cached.push(performance.now() - again);
  await new Promise((go) => setTimeout(go, 30));
}
show("a keystroke to hints and diagnostics", fresh);
show("hints again, nothing changed", cached);
await analysed();
const settled = [];
for (let k = 0; k < 12; k++) {
  const outputs = [...text.matchAll(/^ {2}output /gm)];
  const at = outputs[(k * 11) % outputs.length].index;
  const start = performance.now();
  await replace(at, 0, `  node pause${k}: int = ${k}\n`);
  await analysed();
  settled.push(performance.now() - start);
}
show("a whole edit to figures of the new text", settled);
const MARKS = 20;
const held = [[0, await heap()]];
const before = resident();
for (let k = 1; k <= MEMORY_EDITS; k++) {
  const [offset, length, inserted] = script.next().value;
  await replace(offset, length, inserted);
  if (k % 10 === 0) await Promise.all([hints(), diagnostics()]);
  if (k % Math.ceil(MEMORY_EDITS / MARKS) === 0) {
    await analysed();
    held.push([k, await heap()]);
  }
}
/** The line of least squares through what was held, the first fifth left out: code and caches warm up. */
const settledMarks = held.slice(Math.ceil(held.length / 5));
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const [x, y] = [0, 1].map((c) => mean(settledMarks.map((m) => m[c])));
const slope =
  settledMarks.reduce((sum, [k, h]) => sum + (k - x) * (h - y), 0) /
  settledMarks.reduce((sum, [k]) => sum + (k - x) ** 2, 0);
console.log(
  `${MEMORY_EDITS.toLocaleString("en-US")} edits: heap after collection ${held.map(([, h]) => h.toFixed(1)).join(", ")} MiB`,
);
console.log(
  `  slope ${(slope * 2 ** 20).toFixed(0)} bytes an edit; resident ${Math.round(before)} MiB before, ${Math.round(resident())} MiB after`,
);
inspector.close();
await connection.sendRequest("shutdown");
await connection.sendNotification("exit");
