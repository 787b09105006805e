/** Diagnostics of a file: the checker's, then those of the checks for all sizes where they are known for today's text. */
import type { Diagnostic } from "@fathom/lang";
import {
  DiagnosticSeverity,
  DiagnosticTag,
  type Diagnostic as LspDiagnostic,
} from "vscode-languageserver-types";
import type { TaskFigures } from "../analysis/figures";
import type { Snapshot } from "./snapshot";
import { diagnosticOf, type Unit } from "./units";

/** All that is known to be wrong with the snapshot's file, in the order of the text. */
export function problems(
  snapshot: Snapshot,
  figuresOf: (unit: Unit) => TaskFigures | undefined,
): readonly Diagnostic[] {
  const found = [...snapshot.diagnostics];
  for (const unit of snapshot.units) {
    const figures = unit.broken ? undefined : figuresOf(unit);
    for (const d of figures?.diagnostics ?? []) {
      const placed = diagnosticOf(snapshot.program, unit, d, unit.task.name.range);
      if (placed.file === snapshot.uri && !found.some((f) => same(f, placed))) found.push(placed);
    }
  }
  return found.sort((a, b) => a.range.start - b.range.start || a.range.end - b.range.end);
}

/** Two tasks that share a function may find the same mistake in it. */
const same = (a: Diagnostic, b: Diagnostic): boolean =>
  a.code === b.code && a.range.start === b.range.start && a.message === b.message;

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

export function toLsp(snapshot: Snapshot, d: Diagnostic, docs: string | undefined): LspDiagnostic {
  const at = (path: string, r: { start: number; end: number }) => {
    const document = snapshot.document(path);
    return { start: document.positionAt(r.start), end: document.positionAt(r.end) };
  };
  return {
    range: at(d.file, d.range),
    severity: severities[d.severity],
    code: d.code,
    ...(docs === undefined ? {} : { codeDescription: { href: `${docs}/${d.code}.md` } }),
    source: "fathom",
    message: d.help === undefined ? d.message : `${d.message}\nhelp: ${d.help}`,
    ...(d.code === "unused-let" ? { tags: [DiagnosticTag.Unnecessary] } : {}),
    ...(d.related === undefined
      ? {}
      : {
          relatedInformation: d.related.map((r) => ({
            location: { uri: r.file, range: at(r.file, r.range) },
            message: r.message,
          })),
        }),
  };
}
