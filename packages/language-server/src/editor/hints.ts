/** Inlay hints: each task's depth and class, each family's level, after the name. */
import type { TaskItem } from "@fathom/lang";
import { type InlayHint, InlayHintKind, type Range, type TextEdit } from "vscode-languageserver-types";
import type { ShownFigure } from "../analysis/figures";
import type { Known } from "../figure-store";
import type { Settings } from "../protocol";
import { levelText, shortSummary, standingText } from "./figure-text";
import type { Snapshot } from "./snapshot";
import type { Unit } from "./units";

export function inlayHints(
  snapshot: Snapshot,
  known: (unit: Unit) => Known,
  settings: Settings["hints"],
  within?: Range,
): InlayHint[] {
  if (!settings.enabled) return [];
  const document = snapshot.document();
  const [from, to] =
    within === undefined
      ? [0, Number.POSITIVE_INFINITY]
      : [document.offsetAt(within.start), document.offsetAt(within.end)];
  const hints: InlayHint[] = [];
  const add = (offset: number, text: string, tooltip: string, state: Known["state"], edits?: TextEdit[]) => {
    if (text === "" || offset < from || offset > to) return;
    const stale = state === "stale";
    const whole = `${text}${stale ? " (stale)" : ""}`;
    const label =
      whole.length > settings.maximumLength ? `${whole.slice(0, settings.maximumLength - 1)}…` : whole;
    hints.push({
      position: document.positionAt(offset),
      label,
      kind: InlayHintKind.Type,
      paddingLeft: true,
      paddingRight: true,
      tooltip: [
        ...(label === whole ? [] : [text]),
        tooltip,
        ...(stale ? ["stale: of the text before the last edit"] : []),
      ].join("\n"),
      ...(edits === undefined ? {} : { textEdits: edits }),
    });
  };
  for (const unit of snapshot.units) {
    const { task } = unit;
    if (task.range.end < from || task.range.start > to) continue;
    const { figures, state } = known(unit);
    if (figures === undefined) continue;
    const { depth } = figures;
    const edit = state === "fresh" ? expectEdit(snapshot, unit, "depth", depth) : undefined;
    add(
      task.name.range.end,
      shortSummary(figures),
      [
        ...(depth === undefined ? [] : [`depth in steps: ${standingText(depth)}`]),
        ...(figures.class === undefined ? [] : [`class: ${figures.class.detail}`]),
      ].join("\n"),
      state,
      edit === undefined ? undefined : [edit],
    );
    for (const member of task.members) {
      const names =
        member.kind === "family" && member.value !== undefined
          ? [member.name]
          : member.kind === "use"
            ? [member.alias]
            : [];
      for (const name of names) {
        const level = figures.families.find((f) => f.name === name.text)?.level;
        if (level !== undefined) add(name.range.end, levelText(level), standingText(level), state);
      }
    }
  }
  return hints;
}

/** Writes a figure of a task as an `expect`; undefined where the text has one, or the form cannot be written. */
export function expectEdit(
  snapshot: Snapshot,
  unit: Unit,
  figure: "depth" | "work",
  found: ShownFigure | undefined,
): TextEdit | undefined {
  if (found?.source === undefined || found.relation === ">=") return undefined;
  const has = unit.task.members.some(
    (m) =>
      m.kind === "expect" &&
      m.claim.kind === "figure" &&
      m.claim.figure === figure &&
      m.claim.model === "steps",
  );
  if (has) return undefined;
  const sign = found.relation === "=" ? "==" : "<=";
  return insertMember(snapshot, unit.task, `expect ${figure} ${sign} ${found.source}`);
}

/** A new last line of a task. */
function insertMember(snapshot: Snapshot, task: TaskItem, line: string): TextEdit | undefined {
  const { text } = snapshot;
  if (text[task.range.end - 1] !== "}") return undefined;
  const last = task.members[task.members.length - 1];
  const brace = task.range.end - 1;
  // After a comment on the last member's line, if there is one.
  const from = last === undefined ? text.lastIndexOf("{", brace - 1) + 1 : last.range.end;
  const lineEnd = text.indexOf("\n", from);
  const at = lineEnd >= 0 && lineEnd < brace ? lineEnd : from;
  const apart = last !== undefined && last.kind !== "expect" ? "\n" : "";
  const tail = lineEnd >= 0 && lineEnd < brace ? "" : "\n";
  const position = snapshot.document().positionAt(at);
  const newText = `${apart}\n  ${line}${tail}`.replaceAll("\n", snapshot.eol);
  return { range: { start: position, end: position }, newText };
}
