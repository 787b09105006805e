/** Signature help: the parameters of a call, the indices of a read, the sizes of a `use`. */
import { builtins, type Meaning } from "@fathom/lang";
import type { SignatureHelp } from "vscode-languageserver-types";
import { contextAt } from "./context";
import { builtinDescription, describeMeaning } from "./describe";
import { namesInScope } from "./scope";
import type { Snapshot } from "./snapshot";

export function signatureHelp(snapshot: Snapshot, offset: number): SignatureHelp | undefined {
  const { before, open, word, inComment } = contextAt(snapshot.text, offset);
  if (inComment) return undefined;
  const tokens =
    word.text === "" ? before : [...before, { text: word.text, type: "", start: word.start, end: word.end }];
  for (const at of [...open].reverse()) {
    const bracket = tokens[at]!.text;
    const owner = tokens[at - 1]?.text;
    if (bracket === "{" || owner === undefined || !/^\w+$/.test(owner)) continue;
    const meaning = namesInScope(snapshot, offset).find((n) => n.name === owner);
    const parts =
      meaning !== undefined
        ? parametersOf(snapshot, meaning.meaning, bracket)
        : bracket === "(" && Object.hasOwn(builtins, owner)
          ? builtinDescription(owner)
              .code.replace(/^.*\((.*)\)$/, "$1")
              .split(", ")
          : undefined;
    if (parts === undefined) continue;
    let depth = 0;
    let active = 0;
    for (const t of tokens.slice(at + 1)) {
      if (t.text === "(" || t.text === "[" || t.text === "{") depth++;
      else if (t.text === ")" || t.text === "]" || t.text === "}") depth--;
      else if (t.text === "," && depth === 0) active++;
    }
    const close = bracket === "(" ? ")" : "]";
    const label = `${owner}${bracket}${parts.join(", ")}${close}`;
    let from = owner.length + 1;
    const parameters = parts.map((p) => {
      const range: [number, number] = [from, from + p.length];
      from += p.length + 2;
      return { label: range };
    });
    const description =
      meaning === undefined
        ? builtinDescription(owner)
        : describeMeaning(snapshot.program, meaning.meaning, meaning.item);
    const doc = [description.note, description.doc].filter((d) => d !== undefined).join("\n\n");
    return {
      signatures: [
        { label, parameters, ...(doc === "" ? {} : { documentation: { kind: "markdown", value: doc } }) },
      ],
      activeSignature: 0,
      activeParameter: Math.min(active, Math.max(0, parts.length - 1)),
    };
  }
  return undefined;
}

/** What stands between the brackets of a call or a read. */
function parametersOf(snapshot: Snapshot, meaning: Meaning, bracket: string): string[] | undefined {
  const text = (owner: object, range: { start: number; end: number }) =>
    snapshot.program.fileOf(owner).text.slice(range.start, range.end).replace(/\s+/g, " ");
  if (bracket === "(" && meaning.kind === "fn")
    return meaning.declaration.params.map((p) => text(meaning.declaration, p.range));
  if (bracket === "(" && meaning.kind === "task")
    return meaning.declaration.sizes.map((s) => text(meaning.declaration, s.range));
  if (bracket === "[" && meaning.kind === "family")
    return meaning.declaration.binders.map((b) => text(meaning.declaration, b.range));
  if (bracket === "[" && meaning.kind === "use" && meaning.declaration.binders.length > 0)
    return meaning.declaration.binders.map((b) => text(meaning.declaration, b.range));
  return undefined;
}
