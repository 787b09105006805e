/** Names and what they mean where they stand. */
import type { Item } from "../syntax/tree";
import type { Meaning } from "./checked";

export type Scope = { readonly names: Map<string, Meaning>; readonly outer: Scope | undefined };

export const inside = (outer: Scope): Scope => ({ names: new Map(), outer });

export function lookUp(scope: Scope | undefined, name: string): Meaning | undefined {
  for (let s = scope; s !== undefined; s = s.outer) {
    const found = s.names.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a name means whose mistake has been reported. */
export const BROKEN: Meaning = { kind: "builtin", name: "" };

/** What kind of thing it is, in messages. */
export const describe = (symbol: Meaning): string => kinds[symbol.kind];

const kinds: Record<Meaning["kind"], string> = {
  size: "a size",
  const: "a constant",
  binder: "an index",
  "use-index": "an index",
  param: "a parameter",
  operand: "an operand",
  let: "a value",
  family: "a family",
  use: "a used task",
  fn: "a function",
  builtin: "a built-in function",
  enum: "an enum",
  "enum-case": "an enum case",
  task: "a task",
  monoid: "a monoid",
};

/** What an item's name means in its file. */
export function itemSymbol(item: Item): Meaning | undefined {
  switch (item.kind) {
    case "const":
      return { kind: "const", declaration: item };
    case "enum":
      return { kind: "enum", declaration: item };
    case "fn":
      return { kind: "fn", declaration: item };
    case "monoid":
      return { kind: "monoid", declaration: item };
    case "task":
      return { kind: "task", declaration: item };
    case "import":
    case "reduction":
    case "example":
    case "error-item":
      return undefined;
  }
}
