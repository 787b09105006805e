/** The report as Markdown, for pull requests, hovers and panels. */

import { printInstance } from "../equations/print";
import { printGrowth } from "../symbolic/growth";
import {
  type Derivation,
  type Figure,
  printStanding,
  type ShownPart,
  shownParts,
} from "../symbolic/standing";
import type { ModelReport, Report } from "./analyze";
import { type Count, sizesText, wholeOrRounded } from "./numbers";
import { comparedRows, type RewrittenReport, worthOf } from "./rewritten";

/** Text of users inside Markdown: nothing of it becomes markup. */
const plain = (text: string): string => text.replace(/[\\`*_{}[\]<>|#~]/g, "\\$&").replaceAll("\n", " ");
/** As code; a pipe would end a cell of a table. */
const code = (text: string): string => {
  const fence = text.includes("`") ? "``" : "`";
  return `${fence}${text.replaceAll("|", "\\|")}${fence}`;
};

function figureCells(figure: Figure): { readonly form: string; readonly standing: string } {
  const parts = shownParts(figure);
  if (parts.length === 0) return { form: "unknown", standing: plain(figure.why ?? "") };
  return {
    form: parts.map((p) => code(`${p.relation === "=" ? "" : `${p.relation} `}${p.form}`)).join("<br>"),
    standing: parts.map((p) => plain(p.note)).join("<br>"),
  };
}

function modelTable(name: string, about: string, r: ModelReport, at: string): string[] {
  const row = (label: string, exact: Count | undefined, figure: Figure, growth: string): string => {
    const { form, standing } = figureCells(figure);
    return `| ${label} | ${form} | ${growth} | ${standing} | ${wholeOrRounded(exact)} |`;
  };
  const theta = (g: ModelReport["growth"]["depth"]): string => (g === undefined ? "" : code(printGrowth(g)));
  return [
    `**${name}** — ${about}`,
    "",
    `| figure | for all sizes | growth | standing | ${at === "" ? "counted" : `at ${at}`} |`,
    "|---|---|---|---|---:|",
    row("depth", r.at.depth, r.depth, theta(r.growth.depth)),
    row("work", r.at.work, r.work, theta(r.growth.work)),
    row("width", r.at.width, r.width, theta(r.growth.width)),
    `| parallelism | work / depth | | | ${wholeOrRounded(r.at.parallelism)} |`,
    "",
  ];
}

/** As written and rewritten, side by side. */
function rewrittenTable(report: Report, r: RewrittenReport): string[] {
  const shown = (part: ShownPart | undefined): string =>
    part === undefined
      ? "not known"
      : `${code(`${part.relation === "=" ? "" : `${part.relation} `}${part.form}`)} ${part.standing.kind}`;
  const rows = comparedRows(report, r).map(
    ({ model, counted, written, rewritten, says }) =>
      `| ${model} | ${shown(written)} | ${shown(rewritten)} | ${counted.depth.join(" → ")} | ${counted.work.join(" → ")} | ${plain(says)} |`,
  );
  const laws = r.applied.map((a) => `${code(a.families.join(", "))} as ${plain(`${a.name} [${a.law}]`)}`);
  return [
    `**rewritten** — ${laws.join("; ")}; ${plain(worthOf(r))}`,
    "",
    "| model | depth as written | depth rewritten | depth counted | work counted | |",
    "|---|---|---|---:|---:|---|",
    ...rows,
    "",
  ];
}

const marks = { proved: "✓", tested: "✓", claimed: "✓", refuted: "✗", undecided: "?" } as const;

/** The whole report. A title comes first where one is asked for. */
export function reportMarkdown(
  report: Report,
  options: { readonly title?: boolean; readonly rewritten?: readonly RewrittenReport[] } = {},
): string {
  const at = sizesText(report.sizes);
  const { instances, omitted } = report.criticalPath;
  const path =
    instances.length > 14 ? [...instances.slice(0, 7), undefined, ...instances.slice(-7)] : instances;
  return [
    ...(options.title === true ? [`### ${plain(report.task)}`, ""] : []),
    `${plain(report.judgement.says)}`,
    "",
    ...modelTable("steps", "unbounded fan-in: an equation is one gate", report.steps, at),
    ...modelTable("ops", "bounded fan-in: every scalar operation counts", report.ops, at),
    ...(report.expects.length === 0
      ? []
      : [
          "**expect**",
          "",
          ...report.expects.map(
            (e) => `- ${marks[e.outcome]} ${code(e.text)} — ${e.outcome}: ${plain(e.detail)}`,
          ),
          "",
        ]),
    ...(options.rewritten ?? []).flatMap((r) => rewrittenTable(report, r)),
    "<details><summary>Critical path and derivation</summary>",
    "",
    ...(path.length === 0
      ? ["The graph at these sizes is too large to follow a path in it."]
      : ["Critical path in steps; each reads the one before:", ""]),
    ...path.map((i) =>
      i === undefined
        ? `- … ${instances.length + omitted - 14} more …`
        : `- level ${i.level}: ${code(printInstance(i.family, i.indices))}`,
    ),
    "",
    ...[report.steps.derivation, report.ops.derivation, report.judgement.derivation].flatMap((d) =>
      derivationMarkdown(d),
    ),
    "",
    "</details>",
  ].join("\n");
}

/** The tree of reasons as a nested list. */
export function derivationMarkdown(d: Derivation, depth = 0): string[] {
  const detail = d.detail === undefined ? "" : ` — ${plain(d.detail)}`;
  return [
    `${"  ".repeat(depth)}- **${plain(d.rule)}**: ${plain(d.claim)} *(${plain(printStanding(d.standing))})*${detail}`,
    ...d.premises.flatMap((p) => derivationMarkdown(p, depth + 1)),
  ];
}
