/** As written and rewritten, side by side. */
import { comparedRows, type Report, type RewrittenReport, type ShownPart, worthOf } from "@fathom/compiler";
import pc from "picocolors";

export function renderRewritten(report: Report, rewritten: readonly RewrittenReport[]): string[] {
  if (rewritten.length === 0) return [];
  const lines = ["", pc.bold("as written and rewritten") + pc.dim("  (fathom rewrite prints the program)")];
  for (const r of rewritten) {
    for (const a of r.applied)
      lines.push(`  ${pc.bold(a.families.join(", "))}: ${a.name} ${pc.dim(`[${a.law}]`)}`);
    lines.push(`  ${(r.exact ? pc.green : pc.yellow)(worthOf(r))}`);
    for (const row of comparedRows(report, r)) {
      const { depth, work } = row.counted;
      lines.push(
        `    ${row.model.padEnd(6)} depth ${depth.join(" → ")}, work ${work.join(" → ")}`,
        `           ${form(row.written)} → ${form(row.rewritten)}`,
        `           ${row.says.startsWith("shallower") ? pc.green(row.says) : pc.yellow(row.says)}`,
      );
    }
  }
  return lines;
}

const form = (part: ShownPart | undefined): string =>
  part === undefined
    ? pc.dim("not known for all sizes")
    : `${part.relation === "=" ? "" : `${part.relation} `}${pc.cyan(part.form)} ${(part.standing.kind === "proved" ? pc.green : pc.yellow)(part.standing.kind)}`;
