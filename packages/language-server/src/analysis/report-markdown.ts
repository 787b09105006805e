/** The report on a task as Markdown, for hovers and panels. */
import { type ModelReport, printInstance, type Report } from "@fathom/compiler";

const number = (n: number): string => (Number.isInteger(n) ? n.toLocaleString("en-US") : n.toFixed(2));

export function reportMarkdown(report: Report): string {
  const at = Object.entries(report.sizes)
    .map(([n, v]) => `${n} = ${v}`)
    .join(", ");
  const row = (label: string, exact: number, form: ModelReport["depth"]): string =>
    `| ${label} | ${number(exact)} | ${form === undefined ? "no closed form found" : `\`${form.text}\``} | ${form === undefined ? "" : `checked at ${form.samples} sizes, not proved`} |`;
  const model = (name: string, about: string, r: ModelReport): string[] => [
    `**${name}** — ${about}`,
    "",
    `| figure | ${at === "" ? "value" : `at ${at}`} | closed form | standing |`,
    "|---|---:|---|---|",
    row("depth", r.at.depth, r.depth),
    row("work", r.at.work, r.work),
    row("width", r.at.width, r.width),
    `| parallelism | ${number(r.at.parallelism)} | work / depth | |`,
    "",
  ];
  const { instances, omitted } = report.criticalPath;
  const shown =
    instances.length > 14 ? [...instances.slice(0, 7), undefined, ...instances.slice(-7)] : instances;
  return [
    ...model("steps", "unbounded fan-in: an equation is one gate", report.steps),
    ...model("ops", "bounded fan-in: every scalar operation counts", report.ops),
    "**critical path**, in steps; each reads the one before",
    "",
    ...shown.map((i) =>
      i === undefined
        ? `- … ${instances.length + omitted - 14} more …`
        : `- level ${i.level}: \`${printInstance(i.family, i.indices)}\``,
    ),
    ...(report.expects.length === 0
      ? []
      : ["", "**expect**", "", ...report.expects.map((e) => `- ${e.outcome}: \`${e.text}\` — ${e.detail}`)]),
  ].join("\n");
}
