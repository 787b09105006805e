import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { itemWords, lexer, memberWords, words } from "@fathom/lang";
import { expect, test } from "vitest";
import { createRegistry } from "vscode-tmgrammar-test/dist/common/index.js";

const root = join(import.meta.dirname, "../../..");
const grammarPath = join(import.meta.dirname, "../syntaxes/fathom.tmLanguage.json");
const registry = createRegistry([{ path: grammarPath, scopeName: "source.fathom" }]);
const grammar = await registry.loadGrammar("source.fathom");

/** The scopes at every character. */
function scopes(text: string): string[][] {
  let state: Parameters<NonNullable<typeof grammar>["tokenizeLine"]>[1] = null;
  return text.split("\n").flatMap((line) => {
    const result = grammar!.tokenizeLine(line, state);
    state = result.ruleStack;
    const row: string[][] = Array.from({ length: line.length + 1 }, () => []);
    for (const t of result.tokens)
      for (let k = t.startIndex; k < t.endIndex && k < row.length; k++) row[k] = t.scopes;
    return row;
  });
}

const programs = ["examples", "std", "corpus"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(".fathom"))
    .map((f) => join(folder, f)),
);

const reserved = new Set([itemWords, memberWords, words].flatMap((g) => Object.keys(g)));

/** What a token of the language must be coloured as; the grammar must agree with the lexer. */
function wanted(kind: string, image: string): RegExp {
  if (kind === "String") return /^string\./;
  if (kind === "Number") return /^constant\.numeric|^entity|^variable|^constant\.language\.class/;
  if (image === "true" || image === "false") return /^constant\.language/;
  if (reserved.has(image)) return /^keyword\.|^storage\./;
  if (/^[A-Za-z_]/.test(image)) return /^(variable|entity|support|keyword|storage|constant)\./;
  return /./;
}

test.each(programs)("%s: the grammar agrees with the lexer on every token", (path) => {
  const text = readFileSync(join(root, path), "utf8");
  const at = scopes(text);
  const { tokens, groups } = lexer.tokenize(text);
  expect(tokens.length).toBeGreaterThan(0);
  for (const t of tokens) {
    for (let k = t.startOffset; k < t.startOffset + t.image.length; k++) {
      const found = at[k]!.at(-1)!;
      expect(found, `\`${t.image}\` at ${path}:${t.startLine}:${t.startColumn}`).toMatch(
        wanted(t.tokenType.name, t.image),
      );
      expect(found).not.toMatch(/^comment/);
    }
  }
  for (const c of groups.comments ?? []) expect(at[c.startOffset]!.at(-1), c.image).toMatch(/^comment\.line/);
});

test("scopes of a small program, word by word", () => {
  const bin = join(root, "node_modules/vscode-tmgrammar-test/dist/unit.js");
  const printed = execFileSync(
    process.execPath,
    [bin, "-g", grammarPath, join(import.meta.dirname, "grammar/scopes.fathom")],
    { encoding: "utf8" },
  );
  expect(printed).toMatch(/^✓ .*scopes\.fathom/m);
});
