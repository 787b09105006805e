/**
 * Random edits, broken ones among them, never end the server nor make it answer otherwise than a fresh one would on the same
 * text. `npm run fuzz` makes ten thousand.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { Client } from "./client";

const EDITS = Number(process.env.FATHOM_EDITS ?? 400);
const SEED = Number(process.env.FATHOM_FUZZ_SEED ?? 1);
/** So many edits between two comparisons. */
const STRIDE = 20;

let state = SEED >>> 0;
/** Numerical Recipes' generator: the same edits for the same seed. */
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const pick = <T>(all: readonly T[]): T => all[random(all.length)]!;

const snippets = [
  "",
  " ",
  "\n",
  "\r\n",
  "\r",
  "\u2028",
  "\uFEFF",
  "x",
  "i",
  "0",
  "1",
  "3.5",
  "n",
  "{",
  "}",
  "(",
  ")",
  "[",
  "]",
  "[i-1]",
  "task ",
  "node ",
  "output ",
  "input ",
  "fn ",
  "use ",
  "example ",
  "expect ",
  'import { rule90 } from "std/automata"\n',
  "task A(n: size) where n >= 1 {\n",
  "  node z[i: 0..n]: int = z[i-1] + 1\n",
  " ?? 0",
  "if i == 0 { 1 } else { 2 }",
  " = ",
  " == ",
  "sum[j: 0..n] ",
  "// é 😀\n",
  "/// 😀",
  "😀",
  "\uD83D",
  "\uDE00",
  '"',
  '"0101"',
  "..",
  "..=",
  "..n",
  "\0",
  "\t",
  "#",
  "mod ",
  "div ",
  "let v = 1\n",
  "table(x) ",
  ";",
  ",",
  ":",
  ".",
  "^5",
  "monoid M on int { identity = 0; combine(a, b) = a + b }\n",
];

const root = resolve(import.meta.dirname, "../../..");
const examples = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".fathom"))
  .map((path) => readFileSync(join(root, "examples", path), "utf8"))
  .filter((text) => text.length < 2500);

let long: Client;
let fresh: Client;
beforeAll(async () => {
  [long, fresh] = await Promise.all([Client.start(), Client.start()]);
});
afterAll(async () => {
  for (const client of [long, fresh]) {
    expect(client.errors).toEqual([]);
    expect(await client.stop()).toBe(0);
  }
});

/** Positions as a confused client might send them: past the end of lines and files, inside surrogate pairs. */
function position(document: TextDocument): { line: number; character: number } {
  const at = document.positionAt(random(document.getText().length + 1));
  const how = random(12);
  if (how === 0) return { line: at.line, character: at.character + random(200) };
  if (how === 1) return { line: at.line + random(50), character: 0 };
  if (how === 2) return { line: 2 ** 31 - 1, character: 2 ** 31 - 1 };
  return at;
}

const questions: readonly (readonly [string, object])[] = [
  ["textDocument/documentSymbol", {}],
  ["textDocument/foldingRange", {}],
  ["textDocument/semanticTokens/full", {}],
  ["textDocument/formatting", { options: { tabSize: 2, insertSpaces: true } }],
];
const pointed = [
  "hover",
  "definition",
  "documentHighlight",
  "completion",
  "signatureHelp",
  "linkedEditingRange",
  "prepareRename",
];

/** All that is asked of a document at some places; its own name is taken out of the answers. */
async function answers(client: Client, uri: string, places: readonly object[]): Promise<string[]> {
  const asked = [
    ...questions.map(([method, params]) => client.ask<object>(method, uri, params)),
    ...places.flatMap((p) =>
      pointed.map((m) => client.ask<object>(`textDocument/${m}`, uri, { position: p })),
    ),
    ...places.map((p) => client.ask<object>("textDocument/selectionRange", uri, { positions: [p] })),
  ];
  const found = await Promise.all(asked);
  return found.map((answer, k) =>
    JSON.stringify(answer, (key, value) => (key === "resultId" ? undefined : value))
      .replaceAll(uri, "it")
      .replaceAll(/"\.\/[^"]*\.fathom"/g, '"file"')
      // What is known of a text that stood there before is shown at once; a fresh server is still at it.
      .replaceAll(/\\n\\n(?:\*stale|- \*\*(?:depth|work|width|class)|\*\*level\*\*).*?(?="\},"range")/g, "")
      .replaceAll(/\{"label":"(?:depth|work|width)[^"]* [=<]=(?:(?!"preselect").)*"preselect":\w+\},?/g, "")
      .concat(` (${k})`),
  );
}

test(`${EDITS} random edits, seed ${SEED}`, { timeout: 3_600_000 }, async () => {
  let document = TextDocument.create("", "fathom", 1, pick(examples));
  const uri = await long.open(document.getText(), "long.fathom");
  for (let k = 1; k <= EDITS; k++) {
    if (k % 100 === 0) {
      document = TextDocument.create("", "fathom", 1, pick(examples));
      await long.change(uri, document.getText());
    }
    const [a, b] = [position(document), random(3) === 0 ? position(document) : undefined];
    const range = { start: a, end: b ?? a };
    const text = pick(snippets);
    document = TextDocument.update(document, [{ range, text }], document.version + 1);
    await long.change(uri, text, range);
    // Questions in between make states that a fresh server never has.
    if (random(4) === 0) await answers(long, uri, [position(document)]);
    if (k % STRIDE !== 0) continue;
    const places = [position(document), position(document)];
    const other = await fresh.open(document.getText(), `fresh${k}.fathom`);
    const [found, wanted] = await Promise.all([answers(long, uri, places), answers(fresh, other, places)]);
    expect(found, `after edit ${k}:\n${document.getText()}`).toEqual(wanted);
    if (k % (STRIDE * 5) === 0) {
      await Promise.all([long.analysed(uri), fresh.analysed(other)]);
      const figures = async (client: Client, of: string) =>
        [
          await client.ask("textDocument/inlayHint", of, {
            range: { start: { line: 0, character: 0 }, end: { line: 1e5, character: 0 } },
          }),
          await client.ask("textDocument/diagnostic", of),
        ].map((x) => JSON.stringify(x).replaceAll(of, "it"));
      const units: { broken: boolean }[] = await long.connection.sendRequest("fathom/tasks", { uri });
      // Figures of a task that has errors now are those from before it had: a fresh server knows none.
      if (!units.some((u) => u.broken)) expect(await figures(long, uri)).toEqual(await figures(fresh, other));
    }
    await fresh.close(other);
  }
});
