// biome-ignore-all lint/suspicious/noTemplateCurlyInString: snippets are written so
/** Every capability, asked by a real client over stdio about marked sources; answers are asserted whole. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type {
  CallHierarchyItem,
  CodeAction,
  CompletionItem,
  Diagnostic,
  DocumentDiagnosticReport,
  DocumentHighlight,
  DocumentSymbol,
  FoldingRange,
  Hover,
  LinkedEditingRanges,
  Location,
  Position,
  SelectionRange,
  SemanticTokens,
  SemanticTokensDelta,
  SignatureHelp,
  SymbolInformation,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver-protocol/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { Client, type Marked, marked } from "./client";

const root = resolve(import.meta.dirname, "../../..");
let client: Client;
let files = 0;

beforeAll(async () => {
  client = await Client.start({
    initializationOptions: { docs: "https://fathom.example/errors" },
    files: {
      "lib/sums.fathom":
        "/// All of x.\ntask Sum(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output total = sum[i: 0..n] x[i]\n}\n\n/// Twice.\nfn twice(v: int): int = 2 * v\n",
    },
  });
});
afterAll(async () => {
  expect(await client.stop()).toBe(0);
  expect(client.errors).toEqual([]);
});

async function opened(source: string, name?: string): Promise<Marked & { readonly uri: string }> {
  const m = marked(source);
  return { ...m, uri: await client.open(m.text, name ?? `f${++files}.fathom`) };
}

/** A text after edits, as an editor would apply them. */
const applied = (text: string, edits: readonly TextEdit[]): string =>
  TextDocument.applyEdits(TextDocument.create("", "", 0, text), [...edits]);

describe("diagnostics", () => {
  test("are pulled, with code, page, range and help", async () => {
    const { uri, ranges } = await opened(
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = x[i] + ⟦z⟧[i]\n  output s = ⟦xs⟧[0]\n}\n",
    );
    const report = await client.ask<DocumentDiagnosticReport>("textDocument/diagnostic", uri);
    expect(report).toEqual({
      kind: "full",
      items: [
        {
          range: ranges[0],
          severity: 1,
          code: "unknown-name",
          codeDescription: { href: "https://fathom.example/errors/unknown-name.md" },
          source: "fathom",
          message: "nothing here is called `z`\nhelp: did you mean `i`?",
        },
        {
          range: ranges[1],
          severity: 1,
          code: "unknown-name",
          codeDescription: { href: "https://fathom.example/errors/unknown-name.md" },
          source: "fathom",
          message: "nothing here is called `xs`\nhelp: did you mean `x`?",
        },
      ],
    });
  });

  test("of the checks for all sizes come with a counterexample and, for a circle, its path", async () => {
    const { uri, ranges } = await opened(
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = ⟦y[i-1]⟧ + x[i]\n  output s = y[n-1]\n}\n\ntask B(n: size) where n >= 1 {\n  node ⟦a⟧[i: 0..n]: int = b[i]\n  node b[i: 0..n]: int = a[i]\n  output s = a[0]\n}\n",
    );
    await client.analysed(uri);
    const report = await client.ask<{ items: Diagnostic[] }>("textDocument/diagnostic", uri);
    expect(report.items.map((d) => [d.code, d.range.start, d.message])).toEqual([
      [
        "read-outside",
        ranges[0]!.start,
        expect.stringMatching(/^y\[-1\] is outside `y` at n = 1: .*\nhelp: write `\?\? 0` after the read/),
      ],
      [
        "cycle",
        expect.anything(),
        expect.stringMatching(/^`a\[0\]` depends on itself at n = 1: a\[0\] → b\[0\] → a\[0\]/),
      ],
    ]);
  });

  test("are pushed to clients that do not pull, and taken back when a file closes", async () => {
    const old = await Client.start({ capabilities: {} });
    const seen: { uri: string; version?: number; diagnostics: Diagnostic[] }[] = [];
    const next = () =>
      new Promise<void>((go) => {
        const before = seen.length;
        const timer = setInterval(() => {
          if (seen.length === before) return;
          clearInterval(timer);
          go();
        }, 5);
      });
    old.connection.onNotification("textDocument/publishDiagnostics", (p: (typeof seen)[number]) => {
      seen.push(p);
    });
    let arrived = next();
    const uri = await old.open("task A(n: size) {\n  output y = z\n}\n");
    await arrived;
    expect(seen.at(-1)).toMatchObject({ uri, version: 1, diagnostics: [{ code: "unknown-name" }] });
    arrived = next();
    await old.change(uri, "task A(n: size) {\n  output y = 1\n}\n");
    await arrived;
    expect(seen.at(-1)).toEqual({ uri, version: 2, diagnostics: [] });
    arrived = next();
    await old.close(uri);
    await arrived;
    expect(seen.at(-1)).toEqual({ uri, diagnostics: [] });
    await old.stop();
  });

  test("of `expect`: a budget that does not hold is an error where it was written", async () => {
    const { uri, ranges } = await opened(
      "task A(n: size) where n >= 2 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = if i == 0 { x[0] } else { y[i-1] + x[i] }\n  output s = y[n-1]\n  ⟦expect depth <= 1⟧\n}\n",
    );
    await client.analysed(uri);
    const report = await client.ask<{ items: Diagnostic[] }>("textDocument/diagnostic", uri);
    expect(report.items.map((d) => [d.code, d.range])).toEqual([["expect-failed", ranges[0]]]);
  });
});

describe("navigation across files", () => {
  const main =
    'import { ‸Sum, twice } from "./lib/sums‸"\n\ntask Rows(n: size, T: size) where n >= 1 {\n  input noise[t: 0..T, i: 0..n]: int\n  use ‸Sum(n)[t: 0..T] with { x[i] = ‸noise[t, i] } as p\n  output y[‸t: 0..T] = twice(p[t].‸total)\n}\n';
  const lib = () => client.uri("lib/sums.fathom");
  let doc: Marked & { readonly uri: string };
  beforeAll(async () => {
    doc = await opened(main, "main.fathom");
  });

  test("definition: of tasks, families of used tasks, and the file of an import", async () => {
    const [importName, path, use, noise, , total] = doc.cursors;
    const go = (position: Position | undefined) =>
      client.ask<Location>("textDocument/definition", doc.uri, { position });
    const sum = { uri: lib(), range: { start: { line: 1, character: 5 }, end: { line: 1, character: 8 } } };
    expect(await go(importName)).toEqual(sum);
    expect(await go(use)).toEqual(sum);
    expect(await go(path)).toEqual({
      uri: lib(),
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
    });
    expect(await go(noise)).toEqual({
      uri: doc.uri,
      range: { start: { line: 3, character: 8 }, end: { line: 3, character: 13 } },
    });
    expect(await go(total)).toEqual({
      uri: lib(),
      range: { start: { line: 3, character: 9 }, end: { line: 3, character: 14 } },
    });
  });

  test("definition in the standard library", async () => {
    const std = await opened(
      'import { rule90 } from "std/automata"\n\ntask A(n: size) {\n  input x[i: 0..n]: bit\n  output y[i: 0..n] = ‸rule90(x[i], x[i], x[i])\n}\n',
    );
    const text = readFileSync(resolve(root, "std/automata.fathom"), "utf8");
    const line = text.split("\n").findIndex((l) => l.startsWith("fn rule90"));
    expect(await client.ask("textDocument/definition", std.uri, { position: std.cursors[0] })).toEqual({
      uri: pathToFileURL(resolve(root, "std/automata.fathom")).href,
      range: { start: { line, character: 3 }, end: { line, character: 9 } },
    });
    expect(await client.ask("textDocument/prepareRename", std.uri, { position: std.cursors[0] })).toBeNull();
  });

  test("references: in every file of the workspace, with or without the declaration", async () => {
    const ask = (includeDeclaration: boolean) =>
      client.ask<Location[]>("textDocument/references", doc.uri, {
        position: doc.cursors[2],
        context: { includeDeclaration },
      });
    const short = (l: Location) =>
      `${l.uri.replace(/.*\//, "")}:${l.range.start.line}:${l.range.start.character}`;
    expect((await ask(true)).map(short).sort()).toEqual([
      "main.fathom:0:9",
      "main.fathom:4:6",
      "sums.fathom:1:5",
    ]);
    expect((await ask(false)).map(short).sort()).toEqual(["main.fathom:0:9", "main.fathom:4:6"]);
  });

  test("highlights: declarations are written, uses read", async () => {
    const found = await client.ask<DocumentHighlight[]>("textDocument/documentHighlight", doc.uri, {
      position: doc.cursors[4],
    });
    expect(found.map((h) => [h.range.start, h.kind])).toEqual([
      [{ line: 5, character: 11 }, 3],
      [{ line: 5, character: 30 }, 2],
    ]);
  });

  test("rename: prepared, then in every file; words of the language are refused", async () => {
    const at = { position: doc.cursors[2] };
    expect(await client.ask("textDocument/prepareRename", doc.uri, at)).toEqual({
      range: { start: { line: 4, character: 6 }, end: { line: 4, character: 9 } },
      placeholder: "Sum",
    });
    const edit = await client.ask<WorkspaceEdit>("textDocument/rename", doc.uri, { ...at, newName: "Total" });
    expect(applied(doc.text, edit.changes![doc.uri]!)).toBe(doc.text.replaceAll("Sum", "Total"));
    expect(edit.changes![lib()]).toEqual([
      { range: { start: { line: 1, character: 5 }, end: { line: 1, character: 8 } }, newText: "Total" },
    ]);
    expect(Object.keys(edit.changes!)).toHaveLength(2);
    for (const newName of ["node", "1x", "a b", ""])
      await expect(client.ask("textDocument/rename", doc.uri, { ...at, newName })).rejects.toThrow(
        /is not a name|is a word/,
      );
  });

  test("call hierarchy follows `use` and functions", async () => {
    const [item] = await client.ask<CallHierarchyItem[]>("textDocument/prepareCallHierarchy", doc.uri, {
      position: doc.cursors[2],
    });
    expect(item).toMatchObject({ name: "Sum", detail: "task Sum(n: size) where n >= 1", uri: lib() });
    const incoming = await client.connection.sendRequest("callHierarchy/incomingCalls", { item });
    expect(incoming).toEqual([
      {
        from: expect.objectContaining({ name: "Rows", uri: doc.uri }),
        fromRanges: [{ start: { line: 4, character: 6 }, end: { line: 4, character: 9 } }],
      },
    ]);
    const { from } = (incoming as { from: CallHierarchyItem }[])[0]!;
    const outgoing = await client.connection.sendRequest("callHierarchy/outgoingCalls", { item: from });
    expect((outgoing as { to: CallHierarchyItem }[]).map((c) => c.to.name)).toEqual(["Sum", "twice"]);
  });

  test("an edit of an open file shows in the files that import it", async () => {
    const text = readFileSync(new URL(lib()), "utf8");
    const before = await client.ask<{ items: Diagnostic[] }>("textDocument/diagnostic", doc.uri);
    expect(before.items).toEqual([]);
    const uri = await client.open(text.replace("fn twice", "fn thrice"), "lib/sums.fathom");
    const after = await client.ask<{ items: Diagnostic[] }>("textDocument/diagnostic", doc.uri);
    expect(after.items.map((d) => [d.code, d.range.start])).toEqual([
      ["not-exported", { line: 0, character: 14 }],
    ]);
    await client.close(uri);
    expect(await client.ask("textDocument/diagnostic", doc.uri)).toEqual({ kind: "full", items: [] });
  });

  test("symbols of the workspace, by letters", async () => {
    const found = await client.connection.sendRequest<SymbolInformation[]>("workspace/symbol", {
      query: "twc",
    });
    expect(found.map((s) => [s.name, s.kind, s.location.uri])).toEqual([["twice", 12, lib()]]);
  });
});

describe("the outline", () => {
  const source = `/// Two states.
/// And a comment.
enum Cell { Off, On }

task A(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node ‸y[i: 0..n]: int =
    if i == 0 { x[‸0] }
    else { y[i-1] + x[i] }
  output s = y[n-1]
}

example A "three" {
  n = 3
  x = [1, 2, 3]
  s == 6
}
`;
  test("symbols nest", async () => {
    const { uri } = await opened(source);
    const symbols = await client.ask<DocumentSymbol[]>("textDocument/documentSymbol", uri);
    const show = (s: DocumentSymbol): unknown => [s.name, s.detail ?? "", (s.children ?? []).map(show)];
    expect(symbols.map(show)).toEqual([
      [
        "Cell",
        "enum Cell { Off, On }",
        [
          ["Off", "", []],
          ["On", "", []],
        ],
      ],
      [
        "A",
        "task A(n: size) where n >= 1",
        [
          ["x", "input x[i: 0..n]: int", []],
          ["y", "node y[i: 0..n]: int", []],
          ["s", "output s: int", []],
        ],
      ],
      ['example A "three"', "", []],
    ]);
    expect(symbols[1]!.selectionRange.start).toEqual({ line: 4, character: 5 });
  });

  test("folding: items, long members, comments", async () => {
    const { uri } = await opened(source);
    const folds = await client.ask<FoldingRange[]>("textDocument/foldingRange", uri);
    expect(folds).toEqual([
      { startLine: 4, endLine: 9 },
      { startLine: 6, endLine: 8 },
      { startLine: 12, endLine: 15 },
      { startLine: 0, endLine: 1, kind: "comment" },
    ]);
  });

  test("selection grows from a number to the file", async () => {
    const { uri, cursors, text } = await opened(source);
    const [range] = await client.ask<SelectionRange[]>("textDocument/selectionRange", uri, {
      positions: [cursors[1]],
    });
    const document = TextDocument.create("", "", 0, text);
    const texts: string[] = [];
    for (let s: SelectionRange | undefined = range; s !== undefined; s = s.parent)
      texts.push(document.getText(s.range));
    expect(texts.slice(0, 4)).toEqual([
      "0",
      "x[0]",
      "{ x[0] }",
      "if i == 0 { x[0] }\n    else { y[i-1] + x[i] }",
    ]);
    expect(texts.at(-1)).toBe(text);
    for (let k = 1; k < texts.length; k++) expect(texts[k]!.length).toBeGreaterThan(texts[k - 1]!.length);
  });

  test("linked editing: an index and its uses", async () => {
    const { uri, ranges } = await opened(
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[⟦‸i⟧: 0..n]: int = x[⟦i⟧] + int(⟦i⟧)\n  output s[i: 0..n] = y[i]\n}\n",
    );
    const linked = await client.ask<LinkedEditingRanges>("textDocument/linkedEditingRange", uri, {
      position: ranges[0]!.start,
    });
    expect(linked).toEqual({ ranges, wordPattern: "[A-Za-z_][A-Za-z0-9_]*" });
    expect(
      await client.ask("textDocument/linkedEditingRange", uri, { position: { line: 2, character: 7 } }),
    ).toBeNull();
  });
});

describe("formatting", () => {
  const messy =
    "task  A(n:size) where n>=1 {\n\n\n\ninput x[i:0..n]:int\n  output s=sum[i:0..n]   x[i]\n}\n\n\n";
  const neat =
    "task A(n: size) where n >= 1 {\n\n  input x[i: 0..n]: int\n  output s = sum[i: 0..n] x[i]\n}\n";

  test("of a document", async () => {
    const { uri, text } = await opened(messy);
    const edits = await client.ask<TextEdit[]>("textDocument/formatting", uri, {
      options: { tabSize: 2, insertSpaces: true },
    });
    expect(applied(text, edits)).toBe(neat);
    const again = await opened(neat);
    expect(await client.ask("textDocument/formatting", again.uri, { options: {} })).toEqual([]);
  });

  test("of a range changes only its lines; broken text stays", async () => {
    const { uri, text } = await opened(messy);
    const edits = await client.ask<TextEdit[]>("textDocument/rangeFormatting", uri, {
      range: { start: { line: 5, character: 0 }, end: { line: 5, character: 3 } },
      options: { tabSize: 2, insertSpaces: true },
    });
    expect(applied(text, edits)).toBe(
      messy.replace("  output s=sum[i:0..n]   x[i]", "  output s = sum[i: 0..n] x[i]"),
    );
    const broken = await opened("task  A( {\n");
    expect(await client.ask("textDocument/formatting", broken.uri, { options: {} })).toEqual([]);
  });
});

describe("hover", () => {
  test.each([
    ["task A(n: ‸size) {\n  output y = 1\n}\n", "A natural number that grows"],
    [
      "task A(‸n: size) {\n  output y = int(n)\n}\n",
      "```fathom\nn: size\n```\n\na size of A: a natural number that grows",
    ],
    [
      "/// Doubles.\nfn f(v: int): int = 2 * v\n\ntask A() {\n  output y = ‸f(1)\n}\n",
      "```fathom\nfn f(v: int): int\n```\n\nDoubles.",
    ],
    [
      "task A() {\n  output y = ‸max(1, 2)\n}\n",
      "```fathom\nmax(x, y)\n```\n\ntakes int or real, gives the same type\n\nthe largest of two or more numbers",
    ],
    ["enum C { Off, On }\n\ntask A() {\n  output y = C.‸On\n}\n", "```fathom\nC.On\n```\n\ncase 1 of 2"],
    [
      "task A(n: size) {\n  input left[i: 0..n]: index(n)\n  output y[i: 0..n] = ‸left[i]\n}\n",
      "```fathom\ninput left[i: 0..n]: index(n)\n```",
    ],
    ["task A() {\n  output y = {\n    let v = 2\n    ‸v + 1\n  }\n}\n", "```fathom\nlet v = 2\n```\n\nint"],
  ])("%s", async (source, wanted) => {
    const { uri, cursors } = await opened(source);
    const hover = await client.ask<Hover>("textDocument/hover", uri, { position: cursors[0] });
    expect((hover.contents as { value: string }).value).toContain(wanted);
  });

  test("on a family: its level, how sure that is, and the latest reads that give it", async () => {
    const { uri, cursors } = await opened(
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node ‸y[i: 0..n]: int = if i == 0 { x[0] } else { y[i-1] + x[i] }\n  output s = y[n-1]\n}\n",
    );
    await client.analysed(uri);
    const hover = await client.ask<Hover>("textDocument/hover", uri, { position: cursors[0] });
    expect((hover.contents as { value: string }).value).toMatch(
      /^```fathom\nnode y\[i: 0\.\.n\]: int\n```\n\n\*\*level\*\* `i` in steps — proved\n\n- \*\*tight read\*\*: reads y\\\[i - 1\\\] where 0 \\< i, 1 before its value/,
    );
  });
});

describe("completion", () => {
  const labels = async (source: string): Promise<string[]> => {
    const { uri, cursors } = await opened(source);
    const items = await client.ask<CompletionItem[]>("textDocument/completion", uri, {
      position: cursors[0],
    });
    expect(new Set(items.map((i) => i.label)).size).toBe(items.length);
    return items.map((i) => i.label);
  };
  const head = "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n";

  test.each([
    [
      "between items: items",
      "‸",
      ["task", "fn", "const", "enum", "monoid", "example", "import", "reduction"],
    ],
    [
      "in a task: members",
      `${head}  ‸\n}\n`,
      ["input", "node", "output", "param", "random", "use", "expect", "assume"],
    ],
    ["the kinds of a size", "task A(n: ‸", ["size", "const"]],
    [
      "types",
      "enum C { Off }\ntask A(n: size) {\n  input x[i: 0..n]: ‸",
      ["bit", "int", "real", "index", "vec2", "vec3", "vec4", "C"],
    ],
    [
      "families of a used task",
      `${head}  output s = x[0]\n}\n\ntask B(n: size) where n >= 1 {\n  use A(n) with { x[i] = 0 } as p\n  output y = p.‸\n}\n`,
      ["x", "s"],
    ],
    ["cases of an enum", "enum C { Off, On }\n\ntask A() {\n  output y = C.‸\n}\n", ["Off", "On"]],
    ["nothing in a comment", "// ta‸", []],
    ["tasks after `use`", `${head}  output s = x[0]\n}\n\ntask B(n: size) {\n  use ‸\n}\n`, ["A"]],
    [
      "inputs that are not bound yet",
      `${head}  input z: int\n  output s = x[0]\n}\n\ntask B(n: size) {\n  use A(n) with { z = 1, ‸`,
      ["x"],
    ],
    [
      "what an example can bind or compare",
      `${head}  output s = x[0]\n}\n\nexample A {\n  n = 3\n  ‸\n}\n`,
      ["x", "s", "seed"],
    ],
    ["names that an import may take", 'import { ‸ } from "./lib/sums"\n', ["Sum", "twice"]],
  ])("%s", async (_, source, wanted) => {
    expect(await labels(source)).toEqual(wanted);
  });

  test("in an expression: what is in scope, nearest first, with documentation", async () => {
    const { uri, cursors } = await opened(
      `/// Doubles.\nfn f(v: int): int = 2 * v\n\n${head}  node y[k: 0..n]: int = ‸\n}\n`,
    );
    const items = await client.ask<CompletionItem[]>("textDocument/completion", uri, {
      position: cursors[0],
    });
    const found = items.filter((i) => ["k", "x", "y", "n", "f", "tanh", "sum", "if"].includes(i.label));
    expect(found.map((i) => i.label).sort()).toEqual(["f", "if", "k", "n", "sum", "tanh", "x", "y"]);
    expect(found.find((i) => i.label === "x")).toMatchObject({
      detail: "input x[i: 0..n]: int",
      insertText: "x[${1:i}]",
    });
    expect(found.find((i) => i.label === "f")).toMatchObject({
      detail: "fn f(v: int): int",
      insertText: "f(${1:v})",
      documentation: { kind: "markdown", value: "```fathom\nfn f(v: int): int\n```\n\nDoubles." },
    });
    expect(items.find((i) => i.label === "i")).toBeUndefined();
  });

  test("in a bound: only what is known before the run", async () => {
    const found = await labels("const K = 3\ntask A(n: size) {\n  input x: int\n  node y[i: 0..‸");
    expect(found).toEqual(expect.arrayContaining(["n", "K", "log2"]));
    expect(found).not.toContain("x");
    expect(found).not.toContain("tanh");
  });

  test("files of an import", async () => {
    expect(await labels('import { Sum } from "‸')).toEqual(
      expect.arrayContaining(["./lib/sums.fathom", "std/automata", "std/circuits"]),
    );
  });

  test("after `expect`: the figures that were found", async () => {
    const { uri, cursors, text } = await opened(`${head}  output s = x[0] + 1\n  ‸\n}\n`);
    await client.analysed(uri);
    await client.change(uri, "expect ", { start: cursors[0]!, end: cursors[0]! });
    const items = await client.ask<CompletionItem[]>("textDocument/completion", uri, {
      position: { line: cursors[0]!.line, character: cursors[0]!.character + 7 },
    });
    expect(text).toContain("output");
    expect(items.slice(0, 2).map((i) => i.label)).toEqual(["depth == 1", "work == 1"]);
  });
});

describe("signature help", () => {
  test.each([
    ["fn f(a: int, b: int): int = a\n\ntask A() {\n  output y = f(1, ‸", "f(a: int, b: int)", 1],
    ["task A() {\n  output y = clamp(1, ‸2, 3)\n}\n", "clamp(x, y, z)", 1],
    [
      "task A(n: size, T: size) {\n  input c[t: 0..T, i: 0..n]: int\n  output y = c[0, ‸",
      "c[t: 0..T, i: 0..n]",
      1,
    ],
    ["task A(n: size) {\n  output y = 1\n}\n\ntask B(m: size) {\n  use A(‸", "A(n: size)", 0],
  ])("%s", async (source, label, active) => {
    const { uri, cursors } = await opened(source);
    const help = await client.ask<SignatureHelp>("textDocument/signatureHelp", uri, { position: cursors[0] });
    expect(help.signatures[0]!.label).toBe(label);
    expect(help.activeParameter).toBe(active);
    const [from, to] = help.signatures[0]!.parameters![active]!.label as [number, number];
    expect(label.slice(from, to)).toBe(label.replace(/^.*?[[(](.*)[\])]$/, "$1").split(", ")[active]);
  });
});

describe("semantic tokens", () => {
  const legend = () =>
    (
      client.initialized.capabilities.semanticTokensProvider as {
        legend: { tokenTypes: string[]; tokenModifiers: string[] };
      }
    ).legend;
  function decode(text: string, data: readonly number[]): string[] {
    const lines = text.split("\n");
    const out: string[] = [];
    let [line, character] = [0, 0];
    for (let k = 0; k < data.length; k += 5) {
      character = data[k] === 0 ? character + data[k + 1]! : data[k + 1]!;
      line += data[k]!;
      const modifiers = legend().tokenModifiers.filter((_, b) => (data[k + 4]! >> b) & 1);
      const word = lines[line]!.slice(character, character + data[k + 2]!);
      out.push([word, legend().tokenTypes[data[k + 3]!], ...modifiers].join(" "));
    }
    return out;
  }
  const text = "// c\ntask A(n: size) {\n  input x[i: 0..n]: int\n  output y[i: 0..n] = max(x[i], 3)\n}\n";

  test("say what each word is; a range gives its part; an edit gives a delta", async () => {
    const { uri } = await opened(text);
    const full = await client.ask<SemanticTokens>("textDocument/semanticTokens/full", uri);
    expect(decode(text, full.data)).toEqual([
      "// c comment",
      "task keyword",
      "A class declaration",
      "n typeParameter declaration",
      "size keyword",
      "input keyword",
      "x variable declaration readonly",
      "i parameter declaration",
      "0 number",
      "n typeParameter",
      "int type defaultLibrary",
      "output keyword",
      "y property declaration",
      "i parameter declaration",
      "0 number",
      "n typeParameter",
      "= operator",
      "max function defaultLibrary",
      "x variable readonly",
      "i parameter",
      "3 number",
    ]);
    const part = await client.ask<SemanticTokens>("textDocument/semanticTokens/range", uri, {
      range: { start: { line: 1, character: 0 }, end: { line: 1, character: 99 } },
    });
    expect(decode(text, part.data)).toEqual([
      "task keyword",
      "A class declaration",
      "n typeParameter declaration",
      "size keyword",
    ]);
    const at = text.indexOf("max");
    expect(at).toBeGreaterThan(0);
    await client.change(uri, "min", { start: { line: 3, character: 22 }, end: { line: 3, character: 25 } });
    const same = await client.ask<SemanticTokensDelta>("textDocument/semanticTokens/full/delta", uri, {
      previousResultId: full.resultId,
    });
    expect(same.edits).toEqual([]);
    await client.change(uri, "12", { start: { line: 3, character: 32 }, end: { line: 3, character: 33 } });
    const delta = await client.ask<SemanticTokensDelta>("textDocument/semanticTokens/full/delta", uri, {
      previousResultId: same.resultId,
    });
    const data = [...full.data];
    for (const e of delta.edits) data.splice(e.start, e.deleteCount, ...(e.data ?? []));
    expect(data).toEqual((await client.ask<SemanticTokens>("textDocument/semanticTokens/full", uri)).data);
    expect(delta.edits).toHaveLength(1);
  });
});

describe("code actions", () => {
  const actions = async (source: string, only?: string[]) => {
    const doc = await opened(source);
    await client.analysed(doc.uri);
    const position = doc.cursors[0]!;
    const ask = () =>
      client.ask<CodeAction[]>("textDocument/codeAction", doc.uri, {
        range: { start: position, end: position },
        context: { diagnostics: [], ...(only === undefined ? {} : { only }) },
      });
    // Rewritings are found by a worker: what the first request does not wait for, the next one has.
    await ask();
    await client.connection.sendRequest("fathom/certify", { uri: doc.uri, task: "A" });
    const found = await ask();
    const apply = (a: CodeAction) => applied(doc.text, a.edit!.changes![doc.uri]!);
    return { doc, found, apply };
  };

  test("quick fix: a missing import", async () => {
    const { doc, found, apply } = await actions("task A() {\n  output y = ‸twice(1)\n}\n");
    expect(found.map((a) => [a.title, a.kind])).toEqual([
      ['Import the function `twice` from "./lib/sums.fathom"', "quickfix"],
    ]);
    expect(found[0]!.diagnostics![0]!.code).toBe("unknown-name");
    expect(apply(found[0]!)).toBe(`import { twice } from "./lib/sums.fathom"\n\n${doc.text}`);
  });

  test("figures are inserted as `expect`; a chain is rewritten as a reduction", async () => {
    const { found, apply } = await actions(
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node ‸y[i: 0..n]: int = if i == 0 { x[0] } else { y[i-1] + x[i] }\n  output s = y[n-1]\n}\n",
      ["refactor"],
    );
    expect(found.map((a) => a.title.replace(/\((checked|proved)\)/, "(…)"))).toEqual([
      "Insert `expect depth == n - 1` (…)",
      "Insert `expect work == n - 1` (…)",
      "Rewrite y as one sum over everything up to there",
      "Rewrite y as a scan of sum",
    ]);
    expect(apply(found[0]!)).toMatch(/output s = y\[n-1\]\n\n {2}expect depth == n - 1\n}\n$/);
  });

  /** Recurrences of several kinds, the cursor somewhere in each. */
  const recurrences = {
    "a chain, read from an imported function": [
      'import { twice } from "./lib/sums"\n\n/// 😀\ntask A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = if i == 0 { twice(x[0]) } else { ‸y[i-1] + twice(x[i]) }\n  output s = y[n-1]\n}\n',
      ["Rewrite y as one sum over everything up to there", "Rewrite y as a scan of sum"],
    ],
    "an affine map, from the task's name": [
      "task ‸A(n: size) where n >= 1 {\n  input a[i: 0..n]: int\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = if i == 0 { x[0] } else { a[i] * y[i-1] + x[i] }\n  output s = y[n-1]\n}\n",
      [expect.stringMatching(/^Rewrite y as a scan of affine maps/)],
    ],
    "a machine of three states": [
      "enum Light { Red, Green, Amber }\ntask A(n: size) where n >= 1 {\n  input go[i: 0..n]: bit\n  node ‸light[i: 0..=n]: Light = if i == 0 { Light.Red } else { if go[i-1] { table(light[i-1]) [Light.Green, Light.Amber, Light.Red] } else { light[i-1] } }\n  output s: bit = light[n] == Light.Red\n}\n",
      [expect.stringMatching(/^Rewrite light as a scan of maps of 3 states/)],
    ],
    "one of two in a task": [
      "task A(n: size) where n >= 1 {\r\n  input x[i: 0..n]: bit\r\n  node y[i: 0..n]: bit = if i == 0 { x[0] } else { y[i-1] xor x[i] }\r\n  node z[i: 0..n]: bit = if i == 0 { y[0] } else { ‸z[i-1] or y[i] }\r\n  output s = z[n-1]\r\n}\r\n",
      ["Rewrite z as one any over everything up to there", "Rewrite z as a scan of any"],
    ],
  } as const;
  test.each(Object.entries(recurrences))(
    "%s is rewritten, and computes the same",
    async (_, [source, titles]) => {
      const { doc, found, apply } = await actions(source, ["refactor.rewrite"]);
      const rewrites = found.filter((a) => a.title.startsWith("Rewrite "));
      expect(rewrites.map((a) => a.title)).toEqual(titles);
      const asked = (uri: string) =>
        client.connection.sendRequest<{ outputs: object[] }>("fathom/run", {
          uri,
          task: "A",
          sizes: { n: 13 },
          seed: 3,
        });
      const wanted = await asked(doc.uri);
      expect(wanted).toMatchObject({ problems: [], outputs: [{ name: "s" }] });
      for (const [k, rewrite] of rewrites.entries()) {
        const uri = await client.open(apply(rewrite), `rewritten${k}.fathom`);
        await client.analysed(uri);
        expect(await client.ask("textDocument/diagnostic", uri)).toEqual({ kind: "full", items: [] });
        const run = await asked(uri);
        expect(run.outputs).toEqual(wanted.outputs);
        await client.close(uri);
      }
    },
  );

  test.each([
    ["a step that reads the square of the last", "y[i-1] * y[i-1] + x[i]"],
    ["no recurrence", "x[i] + 1"],
  ])("nothing is offered for %s", async (_, step) => {
    const { found } = await actions(
      `task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node ‸y[i: 0..n]: int = if i == 0 { x[0] } else { ${step} }\n  output s = y[n-1]\n}\n`,
      ["refactor.rewrite"],
    );
    expect(found.filter((a) => a.title.startsWith("Rewrite "))).toEqual([]);
  });
});

describe("settings and life", () => {
  test("hints can be turned off, and cut", async () => {
    const text =
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = if i == 0 { x[0] } else { y[i-1] + x[i] }\n  output s = y[n-1]\n}\n";
    const own = await Client.start({
      initializationOptions: { settings: { hints: { enabled: true, maximumLength: 6 } } },
    });
    const uri = await own.open(text);
    await own.analysed(uri);
    const range = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
    const cut = await own.ask<{ label: string; tooltip: string }[]>("textDocument/inlayHint", uri, { range });
    expect(cut[0]).toMatchObject({
      label: "depth…",
      tooltip: expect.stringMatching(/^depth n - 1 · TC\^0\n/),
    });
    await own.connection.sendNotification("workspace/didChangeConfiguration", {
      settings: { fathom: { hints: { enabled: false }, lenses: { enabled: false } } },
    });
    expect(await own.ask("textDocument/inlayHint", uri, { range })).toEqual([]);
    expect(await own.ask("textDocument/codeLens", uri)).toEqual([]);
    expect(await own.stop()).toBe(0);
  });

  test("editors without commands of their own run the server's", async () => {
    const { uri } = await opened(
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output s = sum[i: 0..n] x[i]\n}\n",
    );
    const run = await client.connection.sendRequest("workspace/executeCommand", {
      command: "fathom.server.run",
      arguments: [uri, "A"],
    });
    expect(run).toMatchObject({ problems: [], outputs: [{ name: "s", type: "int" }], sizes: { n: 8 } });
    const picture = await client.connection.sendRequest<string>("workspace/executeCommand", {
      command: "fathom.server.graph",
      arguments: [uri, "A"],
    });
    expect(readFileSync(new URL(picture), "utf8")).toContain("<svg");
  });

  test("examples run on every back end of the CPU; a wrong one is blamed where it compares", async () => {
    const { uri, ranges } = await opened(
      'import { Sum } from "./lib/sums"\n\ntask A() {\n  output y = 2\n}\n\nexample A "two" { y == 2 }\n\nexample Sum "three" {\n  n = 2\n  x = [1, 2]\n  total == ⟦4⟧\n}\n',
    );
    const list = await client.connection.sendRequest<object[]>("fathom/examples", { uri });
    expect(list).toMatchObject([
      { uri, index: 0, task: "A", title: "two", range: { start: { line: 6, character: 0 } } },
      { uri, index: 1, task: "Sum", title: "three" },
    ]);
    expect(await client.connection.sendRequest("fathom/runExample", { uri, index: 0 })).toEqual({
      problems: [],
      results: ["interpreter", "js", "wasm"].map((backend) => ({ backend, diagnostics: [] })),
    });
    expect(await client.connection.sendRequest("fathom/runExample", { uri, index: 1 })).toMatchObject({
      problems: [],
      results: ["interpreter", "js", "wasm"].map((backend) => ({
        backend,
        diagnostics: [{ code: "example-failed", range: ranges[0] }],
      })),
    });
  });

  test("tasks are compared, and certified as far as they are proved", async () => {
    const own = await Client.start({
      files: {
        "lib/sums.fathom":
          "/// A sum.\ntask Sum(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output total = sum[i: 0..n] x[i]\n}\n",
      },
    });
    const uri = await own.open(
      "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = if i == 0 { x[0] } else { y[i-1] + x[i] }\n  output s = y[n-1]\n}\n\ntask B(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output s = sum[i: 0..n] x[i]\n}\n",
    );
    await own.analysed(uri);
    const rows = async (params: object) => {
      const { markdown, tasks } = await own.connection.sendRequest<{
        markdown: string;
        tasks: { state: string; broken: boolean }[];
      }>("fathom/compare", { uri, task: "A", ...params });
      expect(tasks.every((t) => t.broken || t.state === "fresh")).toBe(true);
      expect(markdown.split("\n")).toHaveLength(tasks.length + 2);
      return markdown
        .split("\n")
        .slice(2)
        .map((l) => l.split(" | ").slice(0, 2).join(" | "));
    };
    // A file that is not open is analysed for it.
    expect(await rows({})).toEqual([
      "| **A** | `n - 1` (proved)",
      "| B | `min(n - 1, 1)` (proved)",
      "| Sum (lib/sums.fathom) | `min(n - 1, 1)` (proved)",
    ]);
    const others = await own.connection.sendRequest<{ uri: string; task: string; place: string }[]>(
      "fathom/comparable",
      { uri, task: "A" },
    );
    expect(others.map((o) => `${o.task} ${o.place}`)).toEqual(
      expect.arrayContaining(["B ", "Sum lib/sums.fathom", "Rule110 std/automata"]),
    );
    expect(others.map((o) => o.task)).not.toContain("A");
    const library = others.find((o) => o.task === "Rule110" && o.place === "std/automata")!;
    expect(await rows({ with: [library] })).toEqual([
      "| **A** | `n - 1` (proved)",
      "| Rule110 (std/automata) | `T` (proved)",
    ]);
    const certified = await own.connection.sendRequest("fathom/certify", { uri, task: "A" });
    expect(certified).toMatchObject({ problems: [], summary: expect.stringMatching(/^the depth of A is /) });
    expect(await own.stop()).toBe(0);
  });

  test("the text of a file and the page of a code can be asked for", async () => {
    const page = await client.connection.sendRequest<{ markdown: string }>("fathom/explain", {
      code: "cycle",
    });
    expect(page.markdown).toBe(readFileSync(resolve(root, "docs/errors/cycle.md"), "utf8"));
    expect(await client.connection.sendRequest("fathom/explain", { code: "no-such-code" })).toBeNull();
  });

  test("a long run is stopped when it is cancelled, and the next question is answered", async () => {
    const { uri } = await opened(
      "task A(n: size, T: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { y[t-1, i] * 3 + y[t-1, (i+1) mod n] }\n  output s = y[T, 0]\n}\n",
    );
    const { CancellationTokenSource } = await import("vscode-languageserver-protocol/node");
    const source = new CancellationTokenSource();
    const long = client.connection.sendRequest(
      "fathom/run",
      { uri, task: "A", sizes: { n: 2000, T: 10_000_000 } },
      source.token,
    );
    setTimeout(() => source.cancel(), 100);
    await expect(long).rejects.toMatchObject({ code: -32800 });
    expect(
      await client.connection.sendRequest("fathom/run", {
        uri,
        task: "A",
        sizes: { n: 1, T: 1 },
        inputs: { x: [1] },
      }),
    ).toMatchObject({ outputs: [{ name: "s", value: 4 }] });
  });
});
