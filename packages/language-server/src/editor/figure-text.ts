/** Figures as short words: the same in hints, lenses, hovers and the panel. */
import type { ShownFigure, TaskFigures } from "../analysis/figures";

/** `n·T` for `n * T`. */
const formText = (text: string): string => text.replace(/\s*\*\s*/g, "·");

/** `T`, `≤ 3·log2(n)`. An upper bound never reads as exact. */
export function figureText(figure: ShownFigure): string {
  const sign = figure.relation === "=" ? "" : figure.relation === "<=" ? "≤ " : "≥ ";
  return `${sign}${formText(figure.text)}`;
}

/** A figure that is not proved says so wherever it stands. */
const withStanding = (figure: ShownFigure): string =>
  figure.standing === "proved" ? figureText(figure) : `${figureText(figure)} (${figure.standing})`;

/** The figures of a task in a line: `depth T · work n·T · P, inherently serial`. */
export function summary(figures: TaskFigures): string {
  const parts: string[] = [];
  if (figures.depth !== undefined) parts.push(`depth ${withStanding(figures.depth)}`);
  if (figures.work !== undefined) parts.push(`work ${withStanding(figures.work)}`);
  const problem = [figures.class?.text, figures.verdict?.text].filter((t) => t !== undefined).join(", ");
  if (problem !== "") parts.push(problem);
  return parts.join(" · ");
}

/** What a task's hint says: depth and class. */
export function shortSummary(figures: TaskFigures): string {
  const depth = figures.depth === undefined ? undefined : `depth ${withStanding(figures.depth)}`;
  return [depth, figures.class?.text].filter((t) => t !== undefined).join(" · ");
}

/** What a family's hint says. */
export const levelText = (level: ShownFigure): string => `level ${withStanding(level)}`;

export const standingText = (figure: ShownFigure): string =>
  figure.detail.startsWith(figure.standing) ? figure.detail : `${figure.standing}: ${figure.detail}`;
