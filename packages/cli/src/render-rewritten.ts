/** As written and rewritten, side by side. */
import { wholeOrRounded as number, type Report, type RewrittenReport, shownParts } from "@fathom/compiler";
import pc from "picocolors";
import { renderRewrite } from "./commands/rewrite";

export function renderRewritten(report: Report, rewritten: readonly RewrittenReport[]): string[] {
  if (rewritten.length === 0) return [];
  const lines = ["", pc.bold("rewritten") + pc.dim("  (fathom rewrite prints the equations)")];
  for (const r of rewritten) {
    lines.push(...renderRewrite(r).map((l) => `  ${l}`));
    for (const model of ["steps", "ops"] as const) {
      const { at, depth } = r[model];
      const before = report[model].at;
      const [part] = shownParts(depth);
      const form =
        part === undefined
          ? pc.dim("for all sizes: not known")
          : `${part.relation} ${pc.cyan(part.form)}  ${part.standing.kind === "proved" ? pc.green(part.note) : pc.yellow(part.note)}`;
      const counts =
        at === undefined
          ? "too large to count here"
          : `depth ${number(before.depth)} → ${number(at.depth)}, work ${number(before.work)} → ${number(at.work)}`;
      lines.push(`    ${model.padEnd(6)} ${counts}   ${form}`);
    }
  }
  return lines;
}
