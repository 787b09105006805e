/** Semantic tokens: each word by what it means, in the protocol's relative encoding. */
import { itemWords, lexer, type Meaning, memberWords, words } from "@fathom/lang";
import type { Range, SemanticTokensLegend } from "vscode-languageserver-types";
import type { Occurrence } from "./names";
import type { Snapshot } from "./snapshot";

const types = [
  "keyword",
  "comment",
  "string",
  "number",
  "operator",
  "class",
  "function",
  "interface",
  "enum",
  "enumMember",
  "typeParameter",
  "parameter",
  "variable",
  "property",
  "type",
] as const;
const modifiers = ["declaration", "readonly", "defaultLibrary"] as const;

export const legend: SemanticTokensLegend = { tokenTypes: [...types], tokenModifiers: [...modifiers] };

type Kind = (typeof types)[number];

const flags = (...names: (typeof modifiers)[number][]): number =>
  names.reduce((sum, n) => sum | (1 << modifiers.indexOf(n)), 0);

const keywords = new Set(
  [itemWords, memberWords, words].flatMap((group) => Object.values(group).map((t) => t.name)),
);
const basicTypes = new Set(["bit", "int", "real", "index", "vec2", "vec3", "vec4"]);

function kindOf(meaning: Meaning): readonly [Kind, number] {
  switch (meaning.kind) {
    case "task":
      return ["class", 0];
    case "fn":
      return ["function", 0];
    case "builtin":
      return ["function", flags("defaultLibrary")];
    case "monoid":
      return ["interface", 0];
    case "enum":
      return ["enum", 0];
    case "enum-case":
      return ["enumMember", 0];
    case "size":
      return ["typeParameter", 0];
    case "const":
      return ["variable", flags("readonly")];
    case "binder":
    case "use-index":
    case "param":
    case "operand":
      return ["parameter", 0];
    case "family": {
      const { role } = meaning.declaration;
      if (role === "output") return ["property", 0];
      return ["variable", role === "node" ? 0 : flags("readonly")];
    }
    case "use":
    case "let":
      return ["variable", 0];
    default:
      return ["variable", 0];
  }
}

/** The protocol's flat list: five numbers a token. */
export function semanticTokens(snapshot: Snapshot, within?: Range): number[] {
  const { text } = snapshot;
  const document = snapshot.document();
  const [from, to] =
    within === undefined
      ? [0, text.length]
      : [document.offsetAt(within.start), document.offsetAt(within.end)];
  const meanings = new Map<number, Occurrence>();
  for (const o of snapshot.names.in(snapshot.uri)) meanings.set(o.name.range.start, o);
  const lexed = lexer.tokenize(text);
  const all = [...lexed.tokens, ...(lexed.groups.comments ?? [])].sort(
    (a, b) => a.startOffset - b.startOffset,
  );
  const data: number[] = [];
  let [lastLine, lastCharacter] = [0, 0];
  for (const [k, token] of all.entries()) {
    const { startOffset: start, image } = token;
    if (start + image.length <= from || start >= to) continue;
    const found = classify(token.tokenType.name, image, meanings.get(start), all[k - 1]?.image);
    if (found === undefined) continue;
    const line = (token.startLine ?? 1) - 1;
    const character = (token.startColumn ?? 1) - 1;
    data.push(
      line - lastLine,
      line === lastLine ? character - lastCharacter : character,
      image.length,
      types.indexOf(found[0]),
      found[1],
    );
    [lastLine, lastCharacter] = [line, character];
  }
  return data;
}

function classify(
  tokenType: string,
  image: string,
  occurrence: Occurrence | undefined,
  before: string | undefined,
): readonly [Kind, number] | undefined {
  if (occurrence !== undefined) {
    const [kind, more] = kindOf(occurrence.meaning);
    return [kind, more | (occurrence.declares ? flags("declaration") : 0)];
  }
  if (tokenType === "Comment") return ["comment", 0];
  if (tokenType === "String") return ["string", 0];
  if (tokenType === "Number") return ["number", 0];
  if (keywords.has(tokenType)) return ["keyword", 0];
  if (basicTypes.has(image)) return ["type", flags("defaultLibrary")];
  if (tokenType.startsWith("Word_")) return before === "." ? undefined : ["keyword", 0];
  if (tokenType === "Identifier") return before === "." ? ["property", 0] : undefined;
  return /^[=<>!?+\-*/^~]/.test(image) ? ["operator", 0] : undefined;
}

/** What turns one list into another: at most one edit, between the common ends. */
export function tokenEdits(
  before: readonly number[],
  after: readonly number[],
): { readonly start: number; readonly deleteCount: number; readonly data: number[] }[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  if (start === before.length && start === after.length) return [];
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  return [{ start, deleteCount: before.length - start - end, data: after.slice(start, after.length - end) }];
}
