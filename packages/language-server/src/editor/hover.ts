/** Hover: what a name is, with type, shape, level and why, in Markdown. */
import { catalogue, type DiagnosticCode } from "@fathom/lang";
import type { Hover } from "vscode-languageserver-types";
import type { ShownFigure, TaskFigures } from "../analysis/figures";
import type { Known } from "../figure-store";
import { contextAt } from "./context";
import { describeMeaning, descriptionMarkdown } from "./describe";
import { figureText, standingText } from "./figure-text";
import { keywordDocs } from "./keywords";
import type { Snapshot } from "./snapshot";
import type { Unit } from "./units";
import { wordAt } from "./words";

export function hover(snapshot: Snapshot, offset: number, known: (unit: Unit) => Known): Hover | undefined {
  const document = snapshot.document();
  const occurrence = snapshot.names.at(snapshot.uri, offset);
  const answer = (value: string, range: { start: number; end: number }): Hover => ({
    contents: { kind: "markdown", value },
    range: { start: document.positionAt(range.start), end: document.positionAt(range.end) },
  });
  if (occurrence === undefined) {
    const { inComment, inString } = contextAt(snapshot.text, offset);
    const word = inComment || inString ? undefined : wordAt(snapshot.text, offset);
    const doc = word === undefined ? undefined : keywordDocs[word.text];
    return word === undefined || doc === undefined ? undefined : answer(doc, word);
  }
  const { meaning, name, item } = occurrence;
  const parts = [descriptionMarkdown(describeMeaning(snapshot.program, meaning, item))];
  const unit =
    meaning.kind === "task"
      ? snapshot.units.find((u) => u.task === meaning.declaration)
      : snapshot.units.find((u) => u.task === item);
  if (unit !== undefined) {
    const { figures, state } = known(unit);
    if (figures !== undefined) {
      const family =
        meaning.kind === "family"
          ? figures.families.find((f) => f.name === familyName(snapshot, occurrence))
          : undefined;
      if (state === "stale" && (meaning.kind === "task" || family !== undefined))
        parts.push("*stale: of the text before the last edit*");
      if (meaning.kind === "task") parts.push(taskFigures(figures));
      if (family !== undefined) {
        parts.push(`**level** ${codeFigure(family.level)} in steps — ${standingText(family.level)}`);
        if (family.derivation) parts.push(family.derivation);
      }
    }
  }
  return answer(parts.join("\n\n"), name.range);
}

/** `p.total` for a family of a used task. */
function familyName(snapshot: Snapshot, at: NonNullable<ReturnType<Snapshot["names"]["at"]>>): string {
  const { name, meaning, item } = at;
  if (meaning.kind !== "family" || meaning.task === item) return name.text;
  const alias = /(\w+)(\[[^\]]*\])?\s*\.\s*$/.exec(snapshot.text.slice(0, name.range.start));
  return alias === null ? name.text : `${alias[1]}.${name.text}`;
}

const codeFigure = (f: ShownFigure): string => `\`${figureText(f)}\``;

/** Depth, work, width, class and verdict, each with its standing, then the derivation. */
function taskFigures(figures: TaskFigures): string {
  const lines: string[] = [];
  const row = (label: string, figure: ShownFigure | undefined) => {
    if (figure !== undefined) lines.push(`- **${label}** ${codeFigure(figure)} — ${standingText(figure)}`);
  };
  row("depth", figures.depth);
  row("depth (ops)", figures.ops);
  row("work", figures.work);
  row("width", figures.width);
  if (figures.class !== undefined) lines.push(`- **class** ${figures.class.text} — ${figures.class.detail}`);
  if (figures.verdict !== undefined)
    lines.push(`- **verdict** ${figures.verdict.text} — ${figures.verdict.detail}`);
  const blocks = [lines.join("\n")];
  if (figures.derivation !== undefined) blocks.push(figures.derivation);
  if (figures.citations.length > 0) blocks.push(figures.citations.map((c) => `> ${c}`).join("\n"));
  return blocks.filter((b) => b !== "").join("\n\n");
}

/** The page of a code, or its one-line meaning. */
export function codeMarkdown(code: string, page: string | undefined): string | undefined {
  if (page !== undefined) return page;
  return Object.hasOwn(catalogue, code)
    ? `\`${code}\`: ${catalogue[code as DiagnosticCode].message}`
    : undefined;
}
