/** Diagnostics and reports as text for a terminal. Colours follow NO_COLOR and the terminal (picocolors). */
import type { ModelReport, Report } from "@fathom/compiler";
import { printInstance } from "@fathom/compiler";
import type { Diagnostic } from "@fathom/lang";
import pc from "picocolors";
import { renderJudgement } from "./render-judgement";

/** One diagnostic with the line it stands on. */
export function renderDiagnostic(d: Diagnostic, textOf: (file: string) => string | undefined): string {
  const paint = d.severity === "error" ? pc.red : d.severity === "warning" ? pc.yellow : pc.cyan;
  const lines = [`${paint(pc.bold(`${d.severity}[${d.code}]`))} ${pc.bold(d.message)}`];
  const frame = (file: string, range: { start: number; end: number }, note = ""): void => {
    const text = textOf(file);
    if (text === undefined) return;
    const before = text.slice(0, range.start);
    const line = before.split("\n").length;
    const column = range.start - (before.lastIndexOf("\n") + 1);
    const source = text.split("\n")[line - 1] ?? "";
    const length = Math.max(1, Math.min(range.end - range.start, source.length - column));
    const gutter = String(line).length;
    lines.push(
      `${" ".repeat(gutter)} ${pc.blue("──▶")} ${file}:${line}:${column + 1}`,
      `${pc.blue(`${line} │`)} ${source}`,
      `${" ".repeat(gutter)} ${pc.blue("│")} ${" ".repeat(column)}${paint("^".repeat(length))}${note === "" ? "" : ` ${note}`}`,
    );
  };
  frame(d.file, d.range);
  for (const r of d.related ?? []) frame(r.file, r.range, r.message);
  if (d.help !== undefined) lines.push(`  ${pc.green("help:")} ${d.help}`);
  return lines.join("\n");
}

const number = (n: number): string => (Number.isInteger(n) ? n.toLocaleString("en-US") : n.toFixed(2));
const sizesText = (sizes: Readonly<Record<string, number>>): string =>
  Object.entries(sizes)
    .map(([n, v]) => `${n} = ${v}`)
    .join(", ");

/** The report of `fathom analyze`. Every figure says its model and its standing. */
export function renderReport(report: Report): string {
  const { steps, ops, criticalPath } = report;
  const at = sizesText(report.sizes);
  const lines = [pc.bold(`${report.task}`) + (at === "" ? "" : `  at ${at}`), ""];
  const model = (name: string, about: string, r: ModelReport): void => {
    lines.push(`${pc.bold(name)}  ${pc.dim(about)}`);
    const row = (label: string, exact: number, guess: ModelReport["depth"]): void => {
      const form =
        guess === undefined
          ? pc.dim("no closed form found")
          : `${pc.cyan(guess.text)}  ${pc.dim(`checked at ${guess.samples} sizes (${guess.range}), not proved`)}`;
      lines.push(`  ${label.padEnd(12)}${number(exact).padStart(14)}   ${form}`);
    };
    row("depth", r.at.depth, r.depth);
    row("work", r.at.work, r.work);
    row("width", r.at.width, r.width);
    lines.push(
      `  ${"parallelism".padEnd(12)}${number(r.at.parallelism).padStart(14)}   ${pc.dim("work / depth")}`,
    );
    const standing =
      r.at.standing === "exact"
        ? "exact: the whole graph was counted"
        : "worst case over the inputs that the index types allow, counted on the whole graph";
    lines.push(`  ${pc.dim(`standing of the numbers: ${standing}`)}`, "");
  };
  model("steps", "unbounded fan-in: an equation is one gate", steps);
  model("ops", "bounded fan-in: every scalar operation counts", ops);
  lines.push(pc.bold("families"));
  const width = Math.max(...steps.at.families.map((f) => f.name.length), 6);
  lines.push(pc.dim(`  ${"name".padEnd(width)}  role    instances   level (steps)   level (ops)`));
  steps.at.families.forEach((f, k) => {
    const other = ops.at.families[k]!;
    lines.push(
      `  ${f.name.padEnd(width)}  ${f.role.padEnd(6)}  ${number(f.instances).padStart(9)}   ${number(f.maxLevel).padStart(13)}   ${number(other.maxLevel).padStart(11)}`,
    );
  });
  lines.push("", pc.bold("critical path") + pc.dim("  (steps; each reads the one before)"));
  const { instances, omitted } = criticalPath;
  const half = omitted > 0 ? instances.length / 2 : instances.length;
  const show =
    instances.length <= 14 && omitted === 0
      ? instances
      : [...instances.slice(0, Math.min(6, half)), undefined, ...instances.slice(-6)];
  const hidden = instances.length + omitted - 12;
  for (const i of show)
    lines.push(
      i === undefined
        ? pc.dim(`  … ${number(hidden)} more …`)
        : `  level ${String(i.level).padStart(5)}  ${printInstance(i.family, i.indices)}`,
    );
  lines.push("", ...renderJudgement(report.judgement));
  if (report.expects.length > 0) {
    lines.push("", pc.bold("expect"));
    for (const e of report.expects) {
      const mark =
        e.outcome === "proved" || e.outcome === "checked"
          ? pc.green("✓")
          : e.outcome === "failed"
            ? pc.red("✗")
            : pc.yellow("?");
      lines.push(`  ${mark} ${e.text}  ${pc.dim(e.detail)}`);
    }
  }
  if (report.unprovedReads > 0)
    lines.push(
      "",
      pc.dim(
        `${report.unprovedReads} ${report.unprovedReads === 1 ? "read is" : "reads are"} checked when the program runs: not proved inside for all sizes.`,
      ),
    );
  return lines.join("\n");
}
