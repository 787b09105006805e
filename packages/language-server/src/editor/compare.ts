/** A task beside the other tasks of its file, as a Markdown table: which form is shallower, and at what price. */
import type { ShownFigure } from "../analysis/figures";
import type { Known } from "../figure-store";
import { figureText } from "./figure-text";
import type { Snapshot } from "./snapshot";
import type { Unit } from "./units";

export function compareMarkdown(snapshot: Snapshot, task: string, known: (unit: Unit) => Known): string {
  const rows = snapshot.units.map((unit) => {
    const name = unit.task.name.text;
    const { figures, state } = known(unit);
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
    const label = name === task ? `**${name}**` : name;
    return `| ${label}${state === "stale" ? " (stale)" : ""} | ${cells.join(" | ")} |`;
  });
  return ["| task | depth | depth (ops) | work | width | class |", "|---|---|---|---|---|---|", ...rows].join(
    "\n",
  );
}
