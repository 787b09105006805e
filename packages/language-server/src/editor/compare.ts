/** Tasks side by side as a Markdown table: which form is shallower, and at what price. */
import type { ShownFigure } from "../analysis/figures";
import type { Known } from "../figure-store";
import { figureText } from "./figure-text";
import type { Unit } from "./units";

export interface Compared extends Known {
  readonly unit: Unit;
  /** The file, where it is another one than the first task's. */
  readonly place?: string | undefined;
}

export function compareMarkdown(compared: readonly Compared[]): string {
  const rows = compared.map(({ unit, place, figures, state }, k) => {
    const name = unit.task.name.text;
    const cell = (f: ShownFigure | undefined) =>
      f === undefined ? "—" : `\`${figureText(f)}\` (${f.standing})`;
    const cells =
      figures === undefined
        ? [unit.broken ? "has errors" : "not analysed yet", "", "", "", ""]
        : [
            cell(figures.depth),
            cell(figures.ops),
            cell(figures.work),
            cell(figures.width),
            [figures.class?.text, figures.verdict?.text].filter((t) => t !== undefined).join(", ") || "—",
          ];
    const label = `${k === 0 ? `**${name}**` : name}${place === undefined ? "" : ` (${place})`}`;
    return `| ${label}${state === "stale" ? " (stale)" : ""} | ${cells.join(" | ")} |`;
  });
  return ["| task | depth | depth (ops) | work | width | class |", "|---|---|---|---|---|---|", ...rows].join(
    "\n",
  );
}
