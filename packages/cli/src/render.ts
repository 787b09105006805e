/** Diagnostics and reports as text for a terminal. Colours follow NO_COLOR and the terminal (picocolors). */
import {
  type Count,
  type Figure,
  type Growth,
  type ModelReport,
  wholeOrRounded as number,
  printClass,
  printGrowth,
  printInstance,
  type Report,
  type ShownPart,
  shownParts,
  sizesText,
} from "@fathom/compiler";
import type { Diagnostic } from "@fathom/lang";
import pc from "picocolors";
import { paintVerdict, renderJudgement } from "./render-judgement";

/** Characters of a line that are shown. */
const LONGEST_LINE = 200;

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
    const whole = text.split("\n")[line - 1] ?? "";
    // Of a very long line what stands around the place.
    const from = whole.length > LONGEST_LINE ? Math.max(0, column - LONGEST_LINE / 4) : 0;
    const source = whole.slice(from, from + LONGEST_LINE);
    const length = Math.max(1, Math.min(range.end - range.start, source.length - (column - from)));
    const gutter = String(line).length;
    lines.push(
      `${" ".repeat(gutter)} ${pc.blue("──▶")} ${file}:${line}:${column + 1}`,
      `${pc.blue(`${line} │`)} ${source}`,
      `${" ".repeat(gutter)} ${pc.blue("│")} ${" ".repeat(column - from)}${paint("^".repeat(length))}${note === "" ? "" : ` ${note}`}`,
    );
  };
  frame(d.file, d.range);
  for (const r of d.related ?? []) frame(r.file, r.range, r.message);
  if (d.help !== undefined) lines.push(`  ${pc.green("help:")} ${d.help}`);
  return lines.join("\n");
}

/** What a figure rests on, at a glance: green is proved. */
const paintStanding = (part: ShownPart): string =>
  part.standing.kind === "proved" ? pc.green(part.note) : pc.yellow(part.note);

/** What is known, one line each; how it grows stands with the value. */
function figureLines(figure: Figure, growth: Growth | undefined): string[] {
  const parts = shownParts(figure);
  if (parts.length === 0) return [pc.dim(figure.why ?? "unknown")];
  const order = growth === undefined ? "" : `  ${printGrowth(growth)}`;
  const place = Math.max(
    0,
    parts.findIndex((p) => p.relation === "="),
  );
  return parts.map((p, k) => {
    const relation = p.relation === "=" && parts.length === 1 ? "" : `${p.relation} `;
    return `${relation}${pc.cyan(p.form)}${k === place ? order : ""}  ${paintStanding(p)}`;
  });
}

/** The answer in one line: `depth T (proved) · P · inherently serial unless TC = P`. The rest of the report says why. */
function headline({ steps, judgement }: Report): string {
  const [depth] = shownParts(steps.depth);
  const shown =
    depth === undefined
      ? `depth ${number(steps.at.depth)}`
      : `depth ${depth.relation === "=" ? "" : `${depth.relation} `}${pc.cyan(depth.form)} (${depth.standing.kind})`;
  const least = judgement.bound === undefined ? [] : [`in ${printClass(judgement.bound.class)}`];
  return [shown, ...least, paintVerdict(judgement.verdict)].join(pc.dim(" · "));
}

/** The report of `fathom analyze`. Every figure says its model and its standing. */
export function renderReport(report: Report): string {
  const { steps, ops, criticalPath } = report;
  const at = sizesText(report.sizes);
  const lines = [pc.bold(`${report.task}`) + (at === "" ? "" : `  at ${at}`), headline(report), ""];
  const model = (name: string, about: string, r: ModelReport): void => {
    lines.push(`${pc.bold(name)}  ${pc.dim(about)}`);
    const row = (
      label: string,
      exact: Count | undefined,
      figure: Figure,
      growth: Growth | undefined,
    ): void => {
      const [first = "", ...more] = figureLines(figure, growth);
      lines.push(`  ${label.padEnd(12)}${number(exact).padStart(14)}   ${first}`);
      for (const line of more) lines.push(`${" ".repeat(31)}${line}`);
    };
    row("depth", r.at.depth, r.depth, r.growth.depth);
    row("work", r.at.work, r.work, r.growth.work);
    row("width", r.at.width, r.width, r.growth.width);
    lines.push(
      `  ${"parallelism".padEnd(12)}${number(r.at.parallelism).padStart(14)}   ${pc.dim("work / depth")}`,
    );
    const how =
      r.at.by === "counting"
        ? "the whole graph was counted"
        : "by the proved forms, the graph is too large to count";
    const standing =
      r.at.standing === "exact"
        ? `exact: ${how}`
        : `worst case over the inputs that the index types allow: ${how}`;
    lines.push(`  ${pc.dim(`standing of the numbers: ${standing}`)}`, "");
  };
  model("steps", "unbounded fan-in: an equation is one gate", steps);
  model("ops", "bounded fan-in: every scalar operation counts", ops);
  lines.push(
    pc.bold("families") + pc.dim("  (largest level, the level of each instance, and work, in steps)"),
  );
  const width = Math.max(...steps.at.families.map((f) => f.name.length), 6);
  const forms = new Map(steps.families.map((f) => [f.name, f]));
  const brief = (figure: Figure | undefined): string => {
    const [part] = figure === undefined ? [] : shownParts(figure);
    if (part === undefined) return "";
    return `${part.relation === "=" ? "" : `${part.relation} `}${pc.cyan(part.form)} ${part.standing.kind === "proved" ? pc.green("proved") : pc.yellow(part.standing.kind)}`;
  };
  for (const f of steps.at.families) {
    const own = forms.get(f.name);
    const defined =
      own === undefined
        ? pc.dim("given")
        : `level ${number(f.maxLevel)}${join(brief(own.levels.exact === undefined ? own.level : own.levels))}${pc.dim(" · ")}work ${number(f.work)}${join(brief(own.work))}`;
    lines.push(`  ${f.name.padEnd(width)}  ${pc.dim(f.role.padEnd(6))}  ${defined}`);
  }
  if (criticalPath.instances.length > 0)
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
        e.outcome === "undecided" ? pc.yellow("?") : e.outcome === "refuted" ? pc.red("✗") : pc.green("✓");
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

const join = (text: string): string =>
  (text === "" ? "" : ` = ${text}`).replace("= ≤", "≤").replace("= ≥", "≥");
