/** Figures in a line of text. */
import type { ShownFigure, TaskFigures, TaskInfo } from "@fathom/language-server";

const sign = { "=": "", "<=": "≤ ", ">=": "≥ " } as const;

export const figureText = (f: ShownFigure): string => `${sign[f.relation]}${f.text}`;

/** `depth T · work n*T · P, inherently serial` */
export function summary(figures: TaskFigures): string {
  const parts = [
    figures.depth && `depth ${figureText(figures.depth)}`,
    figures.work && `work ${figureText(figures.work)}`,
    [figures.class?.text, figures.verdict?.text].filter((x) => x !== undefined).join(", "),
  ];
  return parts.filter((p) => p !== undefined && p !== "").join(" · ");
}

/** Rows of the same figure, with what each rests on. */
export function comparison(a: TaskInfo, b: TaskInfo): string {
  const rows = (["depth", "ops", "work", "width"] as const).map((figure) => [
    figure === "ops" ? "depth (ops)" : figure,
    ...[a, b].map((t) => {
      const f = t.figures?.[figure];
      return f === undefined ? "not known" : `${figureText(f)}  ${f.standing}`;
    }),
  ]);
  const word = (t: TaskInfo, key: "class" | "verdict") => t.figures?.[key]?.text ?? "not known";
  const all = [
    ["", a.task, b.task],
    ...rows,
    ["class", word(a, "class"), word(b, "class")],
    ["verdict", word(a, "verdict"), word(b, "verdict")],
  ];
  const widths = [0, 1, 2].map((c) => Math.max(...all.map((r) => r[c]!.length)));
  return all
    .map((r) =>
      r
        .map((cell, c) => cell.padEnd(widths[c]!))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
