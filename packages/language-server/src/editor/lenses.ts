/** A line above every task: its figures, and what can be done with it. */
import type { CodeLens } from "vscode-languageserver-types";
import type { Known } from "../figure-store";
import { summary } from "./figure-text";
import type { Snapshot } from "./snapshot";
import type { Unit } from "./units";

/** The commands of the lenses; arguments are the document's URI and the task's name. */
export const lensCommands = {
  report: "fathom.report",
  run: "fathom.run",
  graph: "fathom.graph",
  compare: "fathom.compare",
} as const;

/** `uri` is how the client names the document. */
export function codeLenses(
  snapshot: Snapshot,
  uri: string,
  known: (unit: Unit) => Known,
  commandPrefix: (command: string) => string,
): CodeLens[] {
  const document = snapshot.document();
  return snapshot.units.flatMap((unit) => {
    const { name } = unit.task;
    const range = {
      start: document.positionAt(name.range.start),
      end: document.positionAt(name.range.end),
    };
    const { figures, state } = known(unit);
    const lens = (title: string, command: string): CodeLens => ({
      range,
      command: { title, command: commandPrefix(command), arguments: [uri, name.text] },
    });
    const line = figures === undefined ? "" : summary(figures);
    const title =
      line !== ""
        ? `${line}${state === "stale" ? " (stale)" : ""}`
        : unit.broken
          ? "has errors"
          : state === "none"
            ? "analysing…"
            : "no closed form found";
    return [
      lens(title, lensCommands.report),
      lens("Run", lensCommands.run),
      lens("Graph", lensCommands.graph),
      lens("Compare", lensCommands.compare),
    ];
  });
}
