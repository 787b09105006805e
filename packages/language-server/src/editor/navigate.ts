/** Definition, references, highlights and rename: all from the names of a program. */
import { lexer, type Name } from "@fathom/lang";
import {
  type DocumentHighlight,
  DocumentHighlightKind,
  type Location,
  type Range,
  type TextEdit,
} from "vscode-languageserver-types";
import { declaredName, type Occurrence, type SymbolId } from "./names";
import type { Snapshot } from "./snapshot";

export function rangeOf(snapshot: Snapshot, path: string, range: { start: number; end: number }): Range {
  const document = snapshot.document(path);
  return { start: document.positionAt(range.start), end: document.positionAt(range.end) };
}

const location = (snapshot: Snapshot, o: Pick<Occurrence, "file" | "name">): Location => ({
  uri: o.file.path,
  range: rangeOf(snapshot, o.file.path, o.name.range),
});

/** Where the name under the cursor is declared; from the path of an import, the file. */
export function definition(snapshot: Snapshot, offset: number): Location | undefined {
  const occurrence = snapshot.names.at(snapshot.uri, offset);
  if (occurrence === undefined) return importTarget(snapshot, offset);
  const id = snapshot.names.idOf(occurrence.meaning);
  const name = declaredName(occurrence.meaning);
  if (id === undefined || name === undefined) return undefined;
  return { uri: id.path, range: rangeOf(snapshot, id.path, name.range) };
}

function importTarget(snapshot: Snapshot, offset: number): Location | undefined {
  for (const item of snapshot.file.tree.items) {
    if (item.kind !== "import") continue;
    const { range } = item.from;
    if (offset < range.start || offset > range.end) continue;
    const path = snapshot.resolved(item.from.value);
    const nowhere = { line: 0, character: 0 };
    return path === undefined ? undefined : { uri: path, range: { start: nowhere, end: nowhere } };
  }
  return undefined;
}

/** What the name under the cursor means, as something other programs can be asked about. */
export function symbolAt(
  snapshot: Snapshot,
  offset: number,
): { readonly id: SymbolId; readonly occurrence: Occurrence } | undefined {
  const occurrence = snapshot.names.at(snapshot.uri, offset);
  const id = occurrence === undefined ? undefined : snapshot.names.idOf(occurrence.meaning);
  return occurrence === undefined || id === undefined ? undefined : { id, occurrence };
}

/** The places in the snapshot's own file that mean a symbol. */
function placesOf(snapshot: Snapshot, id: SymbolId, path = snapshot.uri): readonly Occurrence[] {
  return snapshot.names.withId(id).filter((o) => o.file.path === path);
}

export function highlights(snapshot: Snapshot, offset: number): DocumentHighlight[] {
  const symbol = symbolAt(snapshot, offset);
  if (symbol === undefined) return [];
  return placesOf(snapshot, symbol.id).map((o) => ({
    range: rangeOf(snapshot, snapshot.uri, o.name.range),
    kind: o.declares ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
  }));
}

export function references(snapshot: Snapshot, id: SymbolId, declaration: boolean): Location[] {
  return placesOf(snapshot, id)
    .filter((o) => declaration || !o.declares)
    .map((o) => location(snapshot, o));
}

/** The name that a rename would change; undefined on built-ins, on words of the language and in the standard library. */
export function renameable(snapshot: Snapshot, offset: number): Name | undefined {
  return symbolAt(snapshot, offset)?.occurrence.name;
}

/** Why a new name cannot be used; undefined when it can. */
export function badName(text: string): string | undefined {
  const { tokens, errors } = lexer.tokenize(text);
  const token = tokens[0];
  if (errors.length > 0 || tokens.length !== 1 || token === undefined || token.image !== text)
    return `\`${text}\` is not a name`;
  const isName =
    token.tokenType.name === "Identifier" ||
    (token.tokenType.CATEGORIES ?? []).some((c) => c.name === "Identifier");
  return isName ? undefined : `\`${text}\` is a word of the language`;
}

/** The edits in one file; places that spell the name differently (dotted names of examples) keep their other part. */
export function renameEdits(snapshot: Snapshot, id: SymbolId, newName: string): TextEdit[] {
  return placesOf(snapshot, id).map((o) => ({
    range: rangeOf(snapshot, snapshot.uri, o.name.range),
    newText: newName,
  }));
}
