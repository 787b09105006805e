/** The lenses' commands for editors that have none of their own: the answer is a message, a graph a picture. */
import { MessageType, ShowMessageNotification } from "vscode-languageserver";
import { lensCommands } from "../editor/lenses";
import type { GraphResult, Problem, ReportResult, RunResult } from "../protocol";
import { compare } from "./compare";
import type { Session } from "./session";

export const serverCommand = (command: string): string => command.replace(/^fathom\./, "fathom.server.");

export function commands(session: Session): void {
  const { connection } = session;
  connection.onExecuteCommand(async ({ command, arguments: given = [] }) => {
    const [uri, task] = given as string[];
    if (uri === undefined || task === undefined) return null;
    const params = { uri, task };
    const show = (text: string, problems: readonly Problem[] = []): void => {
      const message = problems.length > 0 ? problems.map((p) => p.message).join("\n") : text;
      const type = problems.length > 0 ? MessageType.Error : MessageType.Info;
      connection.sendNotification(ShowMessageNotification.type, { type, message });
    };
    if (command === serverCommand(lensCommands.report)) {
      const report = await session.ask<ReportResult>(
        params,
        (source) => ({ kind: "report", source, params }),
        {
          problems: [],
        },
      );
      show(report.markdown ?? "", report.problems);
      return report.markdown ?? null;
    }
    if (command === serverCommand(lensCommands.compare)) {
      const { markdown } = await compare(session, params);
      show(markdown);
      return markdown;
    }
    if (command === serverCommand(lensCommands.run)) {
      const run = await session.ask<RunResult>(
        params,
        (source) => ({ kind: "run", source, params: { ...params, sizes: undefined } }),
        { problems: [], outputs: [], sizes: {}, milliseconds: 0 },
      );
      const sizes = Object.entries(run.sizes).map(([n, v]) => `${n} = ${v}`);
      const outputs = run.outputs.map((o) => `${o.name} = ${JSON.stringify(o.value)}`);
      show(
        [`${task} with random inputs at ${sizes.join(", ") || "no sizes"}`, ...outputs].join("\n"),
        run.problems,
      );
      return run;
    }
    if (command === serverCommand(lensCommands.graph)) {
      const graph = await session.ask<GraphResult>(params, (source) => ({ kind: "graph", source, params }), {
        problems: [],
      });
      if (graph.dot === undefined) {
        show("no small sizes give a graph that can be drawn", graph.problems);
        return null;
      }
      const path = await session.edge.savePicture?.(`${task}.svg`, await session.edge.drawSvg(graph.dot));
      if (path !== undefined) {
        const shown =
          session.can.showDocument &&
          (await connection.window.showDocument({ uri: path, external: true })).success;
        if (!shown) show(path);
      }
      return path ?? null;
    }
    return null;
  });
}
