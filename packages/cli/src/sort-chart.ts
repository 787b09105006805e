/** The chart of `fathom sort`: the ladder of classes from left to right, a chip for each task, colour for the verdict. */
import { type Judgement, PAGE_STYLE, printClass, readingText, verdictText } from "@fathom/compiler";

export interface Sorted {
  readonly file: string;
  readonly task: string;
  readonly group: Group;
  readonly judgement: Judgement;
}
export type Group = "parallel" | "serial" | "open" | "other";

const ladder = [
  "finite",
  "NC^0",
  "AC^0",
  "AC^0[m]",
  "TC^0",
  "NC^1",
  "L",
  "NL",
  "LOGCFL",
  "DET",
  "AC^1",
  "TC^1",
  "NC^2",
  "above",
  "TC",
  "P",
  "too large",
];
const colours: Readonly<
  Record<Group, { readonly fill: string; readonly line: string; readonly label: string }>
> = {
  parallel: { fill: "#d8f0df", line: "#2f8f4e", label: "parallel" },
  serial: { fill: "#fbdcd2", line: "#c8401a", label: "inherently serial unless TC = P" },
  open: { fill: "#eceef1", line: "#7b8794", label: "open: serial as written" },
  other: { fill: "#fdf1cf", line: "#b98900", label: "other" },
};

const column = (j: Judgement): string => {
  if (j.bound === undefined) return j.verdict === "finite" ? "finite" : "too large";
  const name = printClass(j.bound.class);
  if (j.bound.class.family === "AC-mod" || name === "ACC^0") return "AC^0[m]";
  return ladder.includes(name) ? name : "above";
};

/** The smallest class first; classes of one column by name. */
export const byClass = (a: Sorted, b: Sorted): number =>
  ladder.indexOf(column(a.judgement)) - ladder.indexOf(column(b.judgement)) || a.task.localeCompare(b.task);

/** What a row says besides the class: what carries the verdict. */
export function reasonOf({ group, judgement: { bound, hardness, resisted, verdict } }: Sorted): string {
  if (group === "serial") {
    const how = hardness!.how;
    return how.kind === "known-problem"
      ? `${how.problem} [${hardness!.entry}]`
      : how.kind === "reduction"
        ? `by ${how.name}, tested on ${how.instances} instances [${hardness!.entry}]`
        : `claimed: ${hardness!.source}`;
  }
  if (group === "open") return `resisted: ${resisted.flatMap((r) => r.families).join(", ")}`;
  if (bound === undefined || group === "other") return verdictText[verdict];
  return `${bound.because}${bound.readings.map((r) => `, ${readingText[r]}`).join("")} [${bound.entry}]`;
}

const escaped = (s: string): string =>
  s.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** An SVG picture of its own size; no script, no outside font. */
export function sortChart(rows: readonly Sorted[]): string {
  const used = ladder.filter((c) => rows.some((r) => column(r.judgement) === c));
  const [width, height, chip] = [122, 20, 16];
  const stacks = used.map((c) => rows.filter((r) => column(r.judgement) === c));
  const tallest = Math.max(1, ...stacks.map((s) => s.length));
  const [left, top] = [12, 44];
  const total = { width: left * 2 + width * used.length, height: top + tallest * height + 40 };
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${total.width}" height="${total.height}" viewBox="0 0 ${total.width} ${total.height}" font-family="Helvetica, Arial, sans-serif" font-size="11" role="img" aria-label="Tasks by the least class derived">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="${left}" y="16" font-size="13" font-weight="bold">Tasks by the least class derived (an upper bound)</text>`,
  ];
  stacks.forEach((stack, k) => {
    const x = left + k * width;
    parts.push(
      `<text x="${x + 4}" y="${top - 8}" font-weight="bold">${escaped(used[k]!)}</text>`,
      `<line x1="${x}" y1="${top - 2}" x2="${x + width - 8}" y2="${top - 2}" stroke="#c3cad2"/>`,
    );
    stack.forEach((r, i) => {
      const y = top + 4 + i * height;
      const { fill, line } = colours[r.group];
      const name = r.task.length > 17 ? `${r.task.slice(0, 16)}…` : r.task;
      parts.push(
        `<g><title>${escaped(r.judgement.says)}</title><rect x="${x}" y="${y}" width="${width - 8}" height="${chip}" rx="3" fill="${fill}" stroke="${line}"/><text x="${x + 5}" y="${y + 12}">${escaped(name)}</text></g>`,
      );
    });
  });
  let x = left;
  for (const group of ["parallel", "serial", "open", "other"] as const) {
    if (!rows.some((r) => r.group === group)) continue;
    const { fill, line, label } = colours[group];
    parts.push(
      `<rect x="${x}" y="${total.height - 22}" width="12" height="12" fill="${fill}" stroke="${line}"/><text x="${x + 17}" y="${total.height - 12}">${label}</text>`,
    );
    x += 30 + label.length * 6;
  }
  return `${parts.join("\n")}\n</svg>\n`;
}

/** A page with the chart and the table. */
export function sortPage(rows: readonly Sorted[]): string {
  const row = (r: Sorted): string => {
    const { bound, verdict, says } = r.judgement;
    const sentence = says.startsWith(`${r.task} is `) ? says.slice(r.task.length + 4) : says;
    const what =
      r.group === "open" && r.judgement.resisted.length > 0 ? `${sentence}; ${reasonOf(r)}` : sentence;
    return `<tr class="${r.group}"><td>${escaped(r.task)}</td><td>${verdictText[verdict]}</td><td>${bound === undefined ? "" : escaped(printClass(bound.class))}</td><td class="wide">${escaped(what)}</td><td>${escaped(r.file).replaceAll("/", "/<wbr>")}</td></tr>`;
  };
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tasks sorted by class</title>
<style>${PAGE_STYLE} body { max-width: none; } svg { max-width: 100%; height: auto; } td:nth-child(-n+3) { white-space: nowrap; } td:last-child { overflow-wrap: break-word; } td.wide { width: 45%; min-width: 12rem; } ${Object.entries(
    colours,
  )
    .map(([g, c]) => `tr.${g} td:nth-child(2) { box-shadow: inset 4px 0 ${c.line}; padding-left: .75rem; }`)
    .join(" ")}</style></head><body>
<h1>Tasks sorted by class</h1>
<section class="scroll">${sortChart(rows)}</section>
<section><table><thead><tr><th>task</th><th>verdict</th><th>class</th><th>in a sentence</th><th>file</th></tr></thead><tbody>
${rows.map(row).join("\n")}
</tbody></table>
<p class="muted">A class is an upper bound. Open means that neither a parallel form nor hardness is known here, not that there is none.</p></section>
</body></html>
`;
}

/** The table for a README. */
export function sortMarkdown(rows: readonly Sorted[]): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return `${[
    line(["task", "verdict", "class", "because", "file"]),
    line(["---", "---", "---", "---", "---"]),
    ...rows.map((r) => {
      const { bound, verdict } = r.judgement;
      return line([
        r.task,
        verdictText[verdict],
        bound === undefined ? "" : printClass(bound.class),
        reasonOf(r),
        r.file,
      ]);
    }),
  ].join("\n")}

A class is an upper bound. Open means that neither a parallel form nor hardness is known here, not that there is none.
`;
}
