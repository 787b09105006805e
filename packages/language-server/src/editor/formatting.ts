/** Formatting, as the smallest edits line by line. */
import { format } from "@fathom/lang";
import type { Range, TextEdit } from "vscode-languageserver-types";
import type { Snapshot } from "./snapshot";

/**
 * Edits that format the document, or the lines of a range. Text with syntax errors stays as it is. The formatter keeps line
 * breaks but for runs of blank lines, so lines are matched in order.
 */
export function formattingEdits(snapshot: Snapshot, within?: Range): TextEdit[] {
  const { text, eol } = snapshot;
  const formatted = format(text, snapshot.uri);
  if (formatted.diagnostics.length > 0 || formatted.text === text) return [];
  const before = text.split("\n").map((l) => (eol === "\n" ? l : l.replace(/\r$/, "")));
  const after = formatted.text.split("\n");
  const edits: TextEdit[] = [];
  const [from, to] = within === undefined ? [0, before.length] : [within.start.line, within.end.line];
  const replace = (start: number, end: number, lines: readonly string[]): void => {
    if (end <= from || start > to) return;
    edits.push({
      range: { start: { line: start, character: 0 }, end: { line: end, character: 0 } },
      newText: lines.map((l) => `${l}${eol}`).join(""),
    });
  };
  const blank = (line: string | undefined) => line !== undefined && line.trim() === "";
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (i === before.length - 1 || j === after.length - 1) break;
    if (before[i] === after[j]) {
      i++;
      j++;
    } else if (blank(before[i]) && !blank(after[j])) replace(i, ++i, []);
    else {
      replace(i, i + 1, [after[j]!]);
      i++;
      j++;
    }
  }
  // What is left is the end of the file: at most a last line and blank ones.
  const rest = before.slice(i).join("\n");
  const wanted = after.slice(j).join("\n");
  if (rest !== wanted && to >= i && from <= before.length) {
    const last = before.length - 1;
    edits.push({
      range: { start: { line: i, character: 0 }, end: { line: last, character: before[last]!.length } },
      newText: wanted.replaceAll("\n", eol),
    });
  }
  return edits;
}
