/**
 * Parsing the versions of one file, one after the other. The text is cut into portions where an item begins a line; a portion
 * that has not changed is moved, not parsed again. No token reaches over a line's end and items are read each on its own, so
 * the result is that of `parse`.
 */
import { joined, type Parsed, type Portion, parse, parsePortion } from "./parse";
import type { Range } from "./tree";

/** `const` is also a size's kind, and may then begin a line. */
const itemStart = /(?:import|enum|fn|monoid|task|reduction|example)\b/y;
/** Comments above an item may be its documentation. */
const noTokens = /^[ \t\r\uFEFF\u00A0]*(?:\/\/[^\r]*\r?)?$/;

/** Parses versions of one file, each from what it shares with the last. */
export class Reparser {
  /** Of the last version, by the text of the portion and the word after it. */
  private portions = new Map<string, Portion>();

  constructor(private readonly file: string) {}

  parse(text: string): Parsed {
    // A line that ends with a return alone is rare enough.
    if (/\r(?!\n)/.test(text)) return parse(text, this.file);
    const known = this.portions;
    this.portions = new Map();
    const starts = cuts(text);
    const portions = starts.map(({ at }, k) => {
      const next = starts[k + 1];
      // The line break keeps what stands at the beginning apart from what recovery invents, which stands at 0.
      const part = `\n${text.slice(at, next?.at)}`;
      const key = `${next?.word ?? ""}${part}`;
      const portion = known.get(key) ?? this.portions.get(key) ?? parsePortion(part, this.file, next?.word);
      this.portions.set(key, portion);
      return moved(portion, at - 1);
    });
    return joined(text, portions);
  }
}

/** Where the portions begin, and their items with which word; before the first portion's item may stand anything. */
function cuts(text: string): { readonly at: number; readonly word: string }[] {
  const found = [{ at: 0, word: "" }];
  /** After the last line that has a token. */
  let free = 0;
  for (let line = 0; line < text.length; ) {
    const newline = text.indexOf("\n", line);
    const end = newline < 0 ? text.length : newline;
    itemStart.lastIndex = line;
    const word = itemStart.exec(text)?.[0];
    if (word !== undefined && free > 0) found.push({ at: free, word });
    if (word !== undefined || !noTokens.test(text.slice(line, end))) free = end + 1;
    line = end + 1;
  }
  return found;
}

/** A copy, so much further on. What recovery invented stays at 0. */
function moved<T>(value: T, by: number): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((v) => moved(v, by)) as T;
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const part: unknown = value[key];
    copy[key] = key === "range" ? movedRange(part as Range, by) : moved(part, by);
  }
  return copy as T;
}

const movedRange = ({ start, end }: Range, by: number): Range => ({
  start: start === 0 ? 0 : start + by,
  end: end === 0 ? 0 : end + by,
});
