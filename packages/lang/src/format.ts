/**
 * The formatter. It keeps the tokens, the comments and the line breaks, and settles what stands between them: indentation
 * by brackets, one space where a space helps, none where it does not, at most one blank line. Since the tokens stay,
 * meaning stays. Arithmetic may be written tight (`t-1`) or spaced (`n + 1`); the formatter only makes both sides alike.
 */
import type { IToken } from "chevrotain";
import type { Diagnostic } from "./diagnostics";
import { parse } from "./syntax/parse";
import { lexer } from "./syntax/tokens";

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly comment: boolean;
}

const openers = new Set(["(", "[", "{"]);
const closers = new Set([")", "]", "}"]);
const arithmetic = new Set(["+", "-", "*", "/"]);
const spaced = new Set(["=", "==", "!=", "<=", ">=", "~=", "<", ">", "and", "or", "xor", "div", "mod"]);
/** After these a minus has no left operand. */
const beforeOperand = new Set([
  ...openers,
  ...spaced,
  ...arithmetic,
  "^",
  ",",
  ":",
  "..",
  "..=",
  "??",
  "not",
  "if",
  "else",
  "let",
  "where",
  "within",
]);

/** Formats a file; one with syntax errors comes back unchanged, with its diagnostics. Idempotent. */
export function format(
  text: string,
  file: string,
): { readonly text: string; readonly diagnostics: readonly Diagnostic[] } {
  const { diagnostics } = parse(text, file);
  if (diagnostics.length > 0) return { text, diagnostics };
  const { tokens, groups } = lexer.tokenize(text);
  const word =
    (comment: boolean) =>
    (t: IToken): Word => ({
      text: t.image.trimEnd(),
      start: t.startOffset,
      end: t.startOffset + t.image.length,
      comment,
    });
  const words = [...tokens.map(word(false)), ...(groups.comments ?? []).map(word(true))].sort(
    (a, b) => a.start - b.start,
  );
  const lines: string[] = [];
  // How far the lines inside each open bracket are indented.
  const open: { readonly indent: number }[] = [];
  let previous: Word | undefined;
  let before: Word | undefined;
  let line: Word[] = [];
  let lineIndent = 0;
  let carried = false;
  const flush = (): void => {
    if (line.length === 0) return;
    const first = line[0]!;
    const closing = line.findIndex((w) => !closers.has(w.text));
    const closed = closing < 0 ? line.length : closing;
    const base =
      closed > 0 ? (open[open.length - closed]?.indent ?? 2) - 2 : (open[open.length - 1]?.indent ?? 0);
    // A line that goes on with the one before it stands two further in.
    const goesOn =
      !first.comment &&
      closed === 0 &&
      (carried || continues(first.text) || (before !== undefined && !before.comment && leaves(before.text)));
    lineIndent = Math.max(0, base) + (goesOn ? 2 : 0);
    let out = "";
    let last: Word | undefined;
    // The word before `last`, also from the line before: it tells a sign from a difference.
    let earlier = before;
    for (const w of line) {
      if (last !== undefined) out += gap(last, w, earlier, text);
      out += w.text;
      if (openers.has(w.text)) open.push({ indent: lineIndent + 2 });
      if (closers.has(w.text)) open.pop();
      if (last !== undefined) earlier = last;
      last = w;
      if (!w.comment) before = w;
    }
    lines.push(" ".repeat(lineIndent) + out);
    carried = goesOn && line.every((w) => w.comment);
    line = [];
  };
  for (const w of words) {
    if (previous !== undefined) {
      const breaks = text.slice(previous.end, w.start).split("\n").length - 1;
      if (breaks > 0) flush();
      if (breaks > 1) lines.push("");
    }
    line.push(w);
    previous = w;
  }
  flush();
  return { text: lines.length === 0 ? "" : `${lines.join("\n")}\n`, diagnostics: [] };
}

/** A line that begins so belongs to the line before. */
const continues = (text: string): boolean =>
  spaced.has(text) || text === "*" || text === "/" || text === "+" || text === "else";
/** A line that ends so is not finished. */
const leaves = (text: string): boolean => spaced.has(text) || arithmetic.has(text) || text === ":";

/** What stands between two words of a line. */
function gap(a: Word, b: Word, beforeA: Word | undefined, text: string): string {
  if (b.comment) return "  ";
  const space = b.start > a.end;
  if (b.text === "," || b.text === ":" || b.text === ";" || b.text === ")" || b.text === "]") return "";
  if (a.text === "(" || a.text === "[" || a.text === "." || b.text === ".") return "";
  if (
    a.text === "^" ||
    b.text === "^" ||
    a.text === ".." ||
    b.text === ".." ||
    a.text === "..=" ||
    b.text === "..="
  )
    return "";
  if (a.text === "{" || b.text === "}" || b.text === "{" || a.text === "}")
    return a.text === "{" && b.text === "}" ? "" : " ";
  if (a.text === "," || a.text === ":" || a.text === ";") return " ";
  if (spaced.has(a.text) || spaced.has(b.text) || a.text === "??" || b.text === "??") return " ";
  if (a.text === "-" && (beforeA === undefined || beforeOperand.has(beforeA.text))) return "";
  if (arithmetic.has(b.text)) return space || /\s/.test(text[b.end] ?? "") ? " " : "";
  if (arithmetic.has(a.text)) return space || /\s/.test(text[a.start - 1] ?? "") ? " " : "";
  if (b.text === "(" || b.text === "[") return space ? " " : "";
  return " ";
}
