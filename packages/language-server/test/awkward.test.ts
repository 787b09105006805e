/** Questions at awkward places, in awkward files: whole answers. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import type {
  CodeAction,
  Diagnostic,
  Hover,
  InlayHint,
  Position,
  TextEdit,
} from "vscode-languageserver-types";
import { Client, marked } from "./client";

let client: Client;
let count = 0;
beforeAll(async () => {
  client = await Client.start({
    files: {
      "lib.fathom": "fn same(a: int): int = a + 1\n",
      "other.fathom": "fn same(a: int): int = a + 2\n\nfn mine(a: int): int = same(a)\n",
      "gone.fathom": "fn there(a: int): int = a\n",
      "loop1.fathom": 'import { b } from "./loop2"\nfn a(x: int): int = x\n',
      "loop2.fathom": 'import { a } from "./loop1"\nfn b(x: int): int = a(x)\n',
    },
  });
});
afterAll(async () => {
  expect(await client.stop()).toBe(0);
  expect(client.errors).toEqual([]);
});

const open = async (source: string, name = `awkward${++count}.fathom`) => {
  const m = marked(source);
  return { ...m, uri: await client.open(m.text, name) };
};
/** A document under a URI of any kind. */
const openAt = async (uri: string, source: string) => {
  const m = marked(source);
  await client.connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "fathom", version: 1, text: m.text },
  });
  return { ...m, uri };
};
const diagnostics = async (uri: string) =>
  (await client.ask<{ items: Diagnostic[] }>("textDocument/diagnostic", uri)).items;
const at = (uri: string, method: string, position: Position) =>
  client.ask<unknown>(`textDocument/${method}`, uri, { position, context: { includeDeclaration: true } });
const labels = async (uri: string, position: Position) =>
  ((await at(uri, "completion", position)) as { label: string }[]).map((i) => i.label);
const applied = (text: string, edits: readonly TextEdit[]): string =>
  TextDocument.applyEdits(TextDocument.create("", "", 0, text), [...edits]);

const top = ["task", "fn", "const", "enum", "monoid", "example", "import", "reduction"];

describe("inside comments and texts", () => {
  test("nothing is meant by words there", async () => {
    const { uri, cursors } = await open(
      '// task ‸A uses sum\ntask A() {\n  // no‸de y: int\n  output y = 1  // tr‸ue\n}\n\nexample A "a ta‸sk 😀" { y == 1 }\n',
    );
    for (const position of cursors) {
      expect(await at(uri, "hover", position)).toBeNull();
      expect(await at(uri, "definition", position)).toBeNull();
      expect(await at(uri, "references", position)).toBeNull();
      expect(await at(uri, "prepareRename", position)).toBeNull();
      expect(await at(uri, "signatureHelp", position)).toBeNull();
      expect(await labels(uri, position)).toEqual([]);
    }
  });
});

describe("at the ends of files", () => {
  test.each([["‸"], ["  \n\t‸\n"], ["task A() {\n  output y = 1\n}‸"]])("%j", async (source) => {
    const { uri, cursors } = await open(source);
    expect(await diagnostics(uri)).toEqual([]);
    expect(await at(uri, "hover", cursors[0]!)).toBeNull();
    expect(await at(uri, "definition", cursors[0]!)).toBeNull();
    expect(await labels(uri, cursors[0]!)).toEqual(top);
  });

  test("an empty file has nothing to show", async () => {
    const { uri } = await open("");
    const range = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
    expect(await client.ask("textDocument/documentSymbol", uri)).toEqual([]);
    expect(await client.ask("textDocument/foldingRange", uri)).toEqual([]);
    expect(await client.ask("textDocument/codeLens", uri)).toEqual([]);
    expect(await client.ask("textDocument/inlayHint", uri, { range })).toEqual([]);
    expect(
      await client.ask("textDocument/formatting", uri, { options: { tabSize: 2, insertSpaces: true } }),
    ).toEqual([]);
    expect(await client.ask("textDocument/semanticTokens/full", uri)).toMatchObject({ data: [] });
  });
});

describe("lines and characters", () => {
  const crlf = marked(
    "/// doc\r\ntask A(n: size) where n >= 1 {\r\n\tinput x[i: 0..n]: int\r\n\tnode s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + ‸x[i] }\r\n\toutput y = s[n-1]\r\n}\r\n",
  );
  test("a file of CRLF keeps them: formatting, an expect, a rewriting", async () => {
    const uri = await client.open(crlf.text, "crlf.fathom");
    await client.analysed(uri);
    const formatting = await client.ask<TextEdit[]>("textDocument/formatting", uri, {
      options: { tabSize: 2, insertSpaces: true },
    });
    expect(applied(crlf.text, formatting)).toBe(crlf.text.replaceAll("\t", "  "));
    const position = crlf.cursors[0]!;
    const ask = () =>
      client.ask<CodeAction[]>("textDocument/codeAction", uri, {
        range: { start: position, end: position },
        context: { diagnostics: [], only: ["refactor"] },
      });
    await ask();
    await client.connection.sendRequest("fathom/certify", { uri, task: "A" });
    const actions = await ask();
    expect(actions.map((a) => a.title)).toEqual([
      "Insert `expect depth == n - 1` (proved)",
      "Insert `expect work == n - 1` (proved)",
      "Rewrite s as one sum over everything up to there",
      "Rewrite s as a scan of sum",
    ]);
    for (const { edit } of actions) {
      const text = applied(crlf.text, edit!.changes![uri]!);
      expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    }
    expect(applied(crlf.text, actions[0]!.edit!.changes![uri]!)).toBe(
      crlf.text.replace("\r\n}", "\r\n\r\n  expect depth == n - 1\r\n}"),
    );
  });

  test("a mark at the beginning, a surrogate pair before the name, a tab before both", async () => {
    const { uri, cursors, ranges } = await open(
      '\uFEFF/// doc 😀\ntask A(n: size) {\n\toutput y = ⟦n⟧\n}\n\nexample A "😀😀" { n = 3, ⟦‸y⟧ == 3 }\n',
    );
    expect(await diagnostics(uri)).toEqual([]);
    expect(await at(uri, "hover", cursors[0]!)).toEqual({
      contents: { kind: "markdown", value: "```fathom\noutput y: int\n```" },
      range: ranges[1],
    });
    expect(await at(uri, "documentHighlight", cursors[0]!)).toEqual([
      { range: { start: { line: 2, character: 8 }, end: { line: 2, character: 9 } }, kind: 3 },
      { range: ranges[1], kind: 2 },
    ]);
    const task = (await at(uri, "hover", { line: 1, character: 5 })) as Hover;
    expect(task.contents).toMatchObject({ value: expect.stringContaining("doc 😀") });
  });

  test("a line of ten thousand characters", async () => {
    const { uri, cursors } = await open(
      `task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output y = x[0]${" + x[0]".repeat(900)} + ‸x[0]\n}\n`,
    );
    expect(await diagnostics(uri)).toEqual([]);
    expect(await at(uri, "definition", cursors[0]!)).toEqual({
      uri,
      range: { start: { line: 1, character: 8 }, end: { line: 1, character: 9 } },
    });
  });

  test("positions past the ends of lines and of the file", async () => {
    const { uri } = await open("task A() {\n  output y = 1\n}\n");
    for (const position of [
      { line: 1, character: 999 },
      { line: 999, character: 0 },
      { line: 0, character: 2 ** 31 - 1 },
    ]) {
      expect(await at(uri, "definition", position)).toBeNull();
      expect(await at(uri, "prepareRename", position)).toBeNull();
    }
  });
});

describe("text that is broken", () => {
  test("what is whole is still answered", async () => {
    const { uri, cursors, ranges } = await open(
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = ‸⟦x⟧[\n  output z = ⟦y⟧[0] +⟦ ⟧\n}\n\nfn half(a: real): real = ⟦b⟧ / 2.0\n",
    );
    expect((await diagnostics(uri)).map((d) => [d.code, d.range])).toEqual([
      ["unexpected-token", { start: { line: 2, character: 26 }, end: { line: 2, character: 27 } }],
      ["unexpected-token", { start: { line: 3, character: 18 }, end: { line: 3, character: 19 } }],
      ["unknown-name", ranges[3]],
    ]);
    expect(await at(uri, "hover", { line: 2, character: 7 })).toMatchObject({
      contents: { value: "```fathom\nnode y[i: 0..n]: int\n```" },
    });
    // Within the broken equation there is no tree; words complete all the same.
    expect(await labels(uri, cursors[0]!)).toEqual(expect.arrayContaining(["x", "y", "n", "sum", "max"]));
    expect(
      await client.ask("textDocument/formatting", uri, { options: { tabSize: 2, insertSpaces: true } }),
    ).toEqual([]);
  });
});

test.each([
  ["#task{\n"],
  ["task A() {\n  output y = 1\n}\n#\n\ntask{\n"],
  ["fn f(\ntask A() { output y = f(1) } fn"],
])("%j: what hides behind another mistake is broken too, and never analysed", async (text) => {
  const { uri } = await open(text);
  await client.analysed(uri);
  const tasks = await client.connection.sendRequest<{ task: string; broken: boolean }[]>("fathom/tasks", {
    uri,
  });
  expect(tasks.at(-1)).toMatchObject({ broken: true });
  expect(client.errors).toEqual([]);
});

describe("several files", () => {
  test("imports in a circle, and of a file that is not there", async () => {
    const circle = await open('import { b } from "./loop2"\n\nfn f(x: int): int = ‸b(x)\n');
    expect(await diagnostics(circle.uri)).toEqual([]);
    expect(await at(circle.uri, "definition", circle.cursors[0]!)).toMatchObject({
      uri: client.uri("loop2.fathom"),
    });
    const loop = await client.open('import { b } from "./loop2"\nfn a(x: int): int = x\n', "loop1.fathom");
    expect((await diagnostics(loop)).map((d) => d.code)).toEqual([]);
    const missing = await open('import { q } from ⟦"./nowhere"⟧\n\ntask A() {\n  output y = ‸q(1)\n}\n');
    expect((await diagnostics(missing.uri)).map((d) => [d.code, d.range])).toEqual([
      ["import-not-found", missing.ranges[0]],
    ]);
    expect(await at(missing.uri, "hover", missing.cursors[0]!)).toBeNull();
    expect(await at(missing.uri, "prepareRename", missing.cursors[0]!)).toBeNull();
  });

  test("the same name in two files: only what is meant is found and renamed", async () => {
    const { uri, cursors, ranges } = await open(
      'import { ⟦same⟧ } from "./lib"\n\ntask A() {\n  output y = ⟦‸same⟧(1)\n}\n',
    );
    const declared = { start: { line: 0, character: 3 }, end: { line: 0, character: 7 } };
    expect(await at(uri, "references", cursors[0]!)).toEqual([
      { uri, range: ranges[0] },
      { uri, range: ranges[1] },
      { uri: client.uri("lib.fathom"), range: declared },
    ]);
    expect(await client.ask("textDocument/rename", uri, { position: cursors[0], newName: "next" })).toEqual({
      changes: {
        [uri]: ranges.map((range) => ({ range, newText: "next" })),
        [client.uri("lib.fathom")]: [{ range: declared, newText: "next" }],
      },
    });
    await expect(
      client.ask("textDocument/rename", uri, { position: cursors[0], newName: "task" }),
    ).rejects.toThrow("task");
    await client.close(uri);
  });

  test("the standard library is not renamed; it can be gone to", async () => {
    const { uri, cursors } = await open(
      'import { rule90 } from "std/automata"\n\ntask A() {\n  output y = ‸rule90(true, false, true)\n}\n',
    );
    expect(await at(uri, "prepareRename", cursors[0]!)).toBeNull();
    await expect(
      client.ask("textDocument/rename", uri, { position: cursors[0], newName: "mine" }),
    ).rejects.toThrow("the standard library is not yours to rename");
    expect(await at(uri, "definition", cursors[0]!)).toMatchObject({
      uri: expect.stringMatching(/std\/automata\.fathom$/),
    });
  });

  test("a file that is deleted is missed, and found again when it is back", async () => {
    const { uri } = await open('import { there } from "./gone"\n\ntask A() {\n  output y = there(1)\n}\n');
    expect(await diagnostics(uri)).toEqual([]);
    const gone = client.uri("gone.fathom");
    rmSync(join(client.folder, "gone.fathom"));
    await client.connection.sendNotification("workspace/didChangeWatchedFiles", {
      changes: [{ uri: gone, type: 3 }],
    });
    expect((await diagnostics(uri)).map((d) => d.code)).toEqual(["import-not-found"]);
    // An open document counts before what is on disk.
    await client.open("fn there(a: int): int = a\n", "gone.fathom");
    expect(await diagnostics(uri)).toEqual([]);
  });
});

describe("documents that are no files", () => {
  test.each([["untitled:Untitled-1"], ["git:/x/y%20z.fathom?ref=HEAD"]])("%s", async (name) => {
    const { uri, cursors, ranges } = await openAt(
      name,
      'import { rule90 } from "std/automata‸"\n\ntask A() {\n  output ⟦‸y⟧ = rule90(true, false, true)\n}\n',
    );
    expect(await diagnostics(uri)).toEqual([]);
    // A relative path would lead nowhere from here.
    const modules = await labels(uri, cursors[0]!);
    expect(modules).toContain("std/automata");
    expect(modules.filter((m) => !m.startsWith("std/"))).toEqual([]);
    expect(await at(uri, "definition", cursors[1]!)).toEqual({ uri, range: ranges[0] });
    expect(await client.ask("textDocument/rename", uri, { position: cursors[1], newName: "z" })).toEqual({
      changes: { [uri]: [{ range: ranges[0], newText: "z" }] },
    });
    await client.analysed(uri);
    const range = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
    const hints = await client.ask<InlayHint[]>("textDocument/inlayHint", uri, { range });
    expect(hints.map((h) => h.label)).toEqual([expect.stringMatching(/^depth 0/), "level 0"]);
    await client.close(uri);
  });
});
