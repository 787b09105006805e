/** Code actions: quick fixes of the diagnostics in a range, and what can be done with the task or family there. */

import type { Diagnostic } from "@fathom/lang";
import {
  type CodeAction,
  CodeActionKind,
  type Diagnostic as LspDiagnostic,
  type Range,
  type TextEdit,
} from "vscode-languageserver-types";
import type { FoundRewrite } from "../analysis/jobs";
import type { Known } from "../figure-store";
import { type Edit, type FixContext, fixesFor } from "./fixes";
import { expectEdit } from "./hints";
import { rangeOf } from "./navigate";
import type { Snapshot } from "./snapshot";
import { placeOf, type Unit } from "./units";

export interface ActionOptions {
  readonly diagnostics: readonly Diagnostic[];
  readonly toLsp: (d: Diagnostic) => LspDiagnostic;
  readonly known: (unit: Unit) => Known;
  readonly exports: FixContext["exports"];
  readonly modules: readonly string[];
  /** Shallower forms of the recurrence there, or of the task's. */
  readonly rewrites: readonly FoundRewrite[];
  /** The kinds asked for; all when undefined. */
  readonly only?: readonly string[] | undefined;
}

/** What a rewriting at a place is of: the family there, or the whole task where its head is. */
export function rewritableAt(
  snapshot: Snapshot,
  offset: number,
): { readonly unit: Unit; readonly family: string | undefined } | undefined {
  const unit = snapshot.unitAt(offset);
  if (unit === undefined || unit.broken) return undefined;
  const member = unit.task.members.find((m) => m.range.start <= offset && offset <= m.range.end);
  if (member === undefined)
    return offset <= (unit.task.members[0]?.range.start ?? 0) ? { unit, family: undefined } : undefined;
  return member.kind === "family" && member.value !== undefined
    ? { unit, family: member.name.text }
    : undefined;
}

export function codeActions(snapshot: Snapshot, range: Range, options: ActionOptions): CodeAction[] {
  const document = snapshot.document();
  const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  const touches = (r: { start: number; end: number }) => r.start <= to && from <= r.end;
  const wants = (kind: string) =>
    options.only === undefined || options.only.some((k) => kind === k || kind.startsWith(`${k}.`));
  const edit = (edits: readonly TextEdit[]) => ({ changes: { [snapshot.uri]: [...edits] } });
  const lspEdits = (edits: readonly Edit[]): TextEdit[] =>
    edits.map((e) => ({
      range: rangeOf(snapshot, snapshot.uri, e.range),
      newText: e.text.replace(/\r?\n/g, snapshot.eol),
    }));
  const actions: CodeAction[] = [];
  const unitAt = (offset: number) => snapshot.unitAt(offset);
  if (wants(CodeActionKind.QuickFix)) {
    for (const diagnostic of options.diagnostics) {
      if (!touches(diagnostic.range)) continue;
      const unit = unitAt(diagnostic.range.start);
      const figures = unit === undefined ? undefined : options.known(unit).figures;
      const { exports, modules } = options;
      for (const fix of fixesFor({ snapshot, diagnostic, figures, exports, modules }))
        actions.push({
          title: fix.title,
          kind: CodeActionKind.QuickFix,
          diagnostics: [options.toLsp(diagnostic)],
          ...(fix.preferred === true ? { isPreferred: true } : {}),
          edit: edit(lspEdits(fix.edits)),
        });
    }
  }
  const unit = unitAt(from);
  if (unit === undefined || unit.broken) return actions;
  const { figures, state } = options.known(unit);
  if (wants(CodeActionKind.RefactorRewrite)) {
    for (const figure of ["depth", "work"] as const) {
      const found = state === "fresh" ? figures?.[figure] : undefined;
      const inserted = expectEdit(snapshot, unit, figure, found);
      if (inserted === undefined || found === undefined) continue;
      actions.push({
        title: `Insert \`${inserted.newText.trim()}\` (${found.standing})`,
        kind: CodeActionKind.RefactorRewrite,
        edit: edit([inserted]),
      });
    }
    for (const { title, edits } of options.rewrites) {
      const placed = edits.flatMap(({ range: r, text }) => {
        const place = placeOf(snapshot.program, unit, "0", r);
        return place === undefined ? [] : [{ range: place.range, text }];
      });
      if (placed.length === edits.length)
        actions.push({ title, kind: CodeActionKind.RefactorRewrite, edit: edit(lspEdits(placed)) });
    }
  }
  return actions;
}
