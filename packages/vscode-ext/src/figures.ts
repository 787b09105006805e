/** Figures as lines of text. */
import { figureText, type TaskInfo } from "@fathom/language-server";

/** A column a task, a row a figure, each with what it rests on. */
export function comparison(tasks: readonly TaskInfo[]): string {
  const rows = (["depth", "ops", "work", "width"] as const).map((figure) => [
    figure === "ops" ? "depth (ops)" : figure,
    ...tasks.map((t) => {
      const f = t.figures?.[figure];
      return f === undefined ? "not known" : `${figureText(f)}  ${f.standing}`;
    }),
  ]);
  const words = (["class", "verdict"] as const).map((key) => [
    key,
    ...tasks.map((t) => t.figures?.[key]?.text ?? "not known"),
  ]);
  const all = [["task", ...tasks.map((t) => t.task)], ...rows, ...words];
  const widths = all[0]!.map((_, c) => Math.max(...all.map((r) => r[c]!.length)));
  return all
    .map((r) =>
      r
        .map((cell, c) => cell.padEnd(widths[c]!))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
