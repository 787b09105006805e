/** Outlines: the symbols of a document, folding, selection ranges. */
import type { Item, Member, Name, Range as Span } from "@fathom/lang";
import {
  type DocumentSymbol,
  type FoldingRange,
  FoldingRangeKind,
  type SelectionRange,
  type SymbolInformation,
  SymbolKind,
} from "vscode-languageserver-types";
import { headOf } from "./describe";
import { rangeOf } from "./navigate";
import type { Snapshot } from "./snapshot";
import { pathTo } from "./walk";

const kinds: Readonly<Record<string, SymbolKind>> = {
  const: SymbolKind.Constant,
  enum: SymbolKind.Enum,
  fn: SymbolKind.Function,
  monoid: SymbolKind.Interface,
  task: SymbolKind.Class,
  reduction: SymbolKind.Method,
  example: SymbolKind.Event,
};

export function documentSymbols(snapshot: Snapshot): DocumentSymbol[] {
  const symbol = (
    name: string,
    kind: SymbolKind,
    range: Span,
    selection: Span,
    detail = "",
    children: DocumentSymbol[] = [],
  ): DocumentSymbol[] =>
    name === ""
      ? []
      : [
          {
            name,
            kind,
            range: rangeOf(snapshot, snapshot.uri, range),
            selectionRange: rangeOf(snapshot, snapshot.uri, selection),
            ...(detail === "" ? {} : { detail }),
            ...(children.length === 0 ? {} : { children }),
          },
        ];
  const member = (m: Member): DocumentSymbol[] => {
    if (m.kind === "family")
      return symbol(
        m.name.text,
        m.role === "output"
          ? SymbolKind.Property
          : m.role === "node"
            ? SymbolKind.Field
            : SymbolKind.Variable,
        m.range,
        m.name.range,
        headOf(snapshot.program, m),
      );
    if (m.kind === "use")
      return symbol(m.alias.text, SymbolKind.Object, m.range, m.alias.range, `use ${m.task.text}`);
    return [];
  };
  const item = (i: Item): DocumentSymbol[] => {
    const kind = kinds[i.kind];
    if (kind === undefined || i.kind === "import" || i.kind === "error-item") return [];
    if (i.kind === "example") {
      const title = i.title === undefined ? "" : ` "${i.title.value}"`;
      return symbol(`example ${i.task.text}${title}`, kind, i.range, i.task.range);
    }
    const children = i.kind === "task" || i.kind === "reduction" ? i.members.flatMap(member) : [];
    const cases = (names: readonly Name[]) =>
      names.flatMap((c) => symbol(c.text, SymbolKind.EnumMember, c.range, c.range));
    return symbol(
      i.name.text,
      kind,
      i.range,
      i.name.range,
      headOf(snapshot.program, i),
      i.kind === "enum" ? cases(i.cases) : children,
    );
  };
  return snapshot.file.tree.items.flatMap(item);
}

/** Items, blocks of members that span lines, and runs of comments. */
export function foldingRanges(snapshot: Snapshot): FoldingRange[] {
  const document = snapshot.document();
  const line = (offset: number) => document.positionAt(offset).line;
  const folds: FoldingRange[] = [];
  const add = (start: number, end: number, kind?: FoldingRangeKind) => {
    if (end > start) folds.push({ startLine: start, endLine: end, ...(kind === undefined ? {} : { kind }) });
  };
  for (const item of snapshot.file.tree.items) {
    // The closing brace stays in sight.
    const closed = snapshot.text[item.range.end - 1] === "}";
    add(line(item.range.start), line(item.range.end) - (closed ? 1 : 0));
    if (item.kind === "task" || item.kind === "reduction")
      for (const m of item.members) add(line(m.range.start), line(m.range.end));
  }
  const { comments } = snapshot.file.tree;
  for (let k = 0; k < comments.length; ) {
    let j = k + 1;
    const gap = (n: number) => snapshot.text.slice(comments[n - 1]!.range.end, comments[n]!.range.start);
    while (j < comments.length && /^\r?\n[ \t]*$/.test(gap(j))) j++;
    add(line(comments[k]!.range.start), line(comments[j - 1]!.range.end), FoldingRangeKind.Comment);
    k = j;
  }
  const imports = snapshot.file.tree.items.filter((i) => i.kind === "import");
  const [first, last] = [imports[0], imports[imports.length - 1]];
  if (first !== undefined && last !== undefined)
    add(line(first.range.start), line(last.range.end), FoldingRangeKind.Imports);
  return folds;
}

/** From the smallest node around the cursor outwards. */
export function selectionRange(snapshot: Snapshot, offset: number): SelectionRange {
  let selection: SelectionRange | undefined;
  let last: Span | undefined;
  for (const { range } of pathTo(snapshot.file.tree, offset)) {
    if (last !== undefined && last.start === range.start && last.end === range.end) continue;
    last = range;
    selection = {
      range: rangeOf(snapshot, snapshot.uri, range),
      ...(selection === undefined ? {} : { parent: selection }),
    };
  }
  const at = snapshot.document().positionAt(offset);
  return selection ?? { range: { start: at, end: at } };
}

/** Items and families whose name has the letters of the query, in order. */
export function workspaceSymbols(snapshot: Snapshot, query: string): SymbolInformation[] {
  const letters = query.toLowerCase();
  const matches = (name: string): boolean => {
    let k = 0;
    for (const c of name.toLowerCase()) if (c === letters[k]) k++;
    return k === letters.length;
  };
  const flat = (symbols: readonly DocumentSymbol[], containerName?: string): SymbolInformation[] =>
    symbols.flatMap((s) => [
      ...(matches(s.name)
        ? [
            {
              name: s.name,
              kind: s.kind,
              location: { uri: snapshot.uri, range: s.selectionRange },
              ...(containerName === undefined ? {} : { containerName }),
            },
          ]
        : []),
      ...flat(s.children ?? [], s.name),
    ]);
  return flat(documentSymbols(snapshot));
}
