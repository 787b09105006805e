/** Linked editing: an index, a parameter or a `let` and all its uses change together as one types. */
import type { LinkedEditingRanges } from "vscode-languageserver";
import { rangeOf } from "./navigate";
import type { Snapshot } from "./snapshot";

const local = new Set(["binder", "use-index", "param", "operand", "let"]);

export function linkedEditing(snapshot: Snapshot, offset: number): LinkedEditingRanges | undefined {
  const occurrence = snapshot.names.at(snapshot.uri, offset);
  if (occurrence === undefined || !local.has(occurrence.meaning.kind)) return undefined;
  const ranges = snapshot.names
    .same(occurrence.meaning)
    .map((o) => rangeOf(snapshot, snapshot.uri, o.name.range));
  return { ranges, wordPattern: "[A-Za-z_][A-Za-z0-9_]*" };
}
