/** Tasks side by side: their figures as a table. */
import { type Comparable, type CompareResult, requests, type TaskInfo } from "@fathom/language-server";
import { commands, type Disposable, type OutputChannel, ProgressLocation, window } from "vscode";
import { comparison } from "./figures";
import type { Server } from "./server";

export function registerCompare(server: Server, output: OutputChannel): Disposable {
  return commands.registerCommand("fathom.compare", async (uri?: string, name?: string) => {
    const first = await server.chooseTask(uri, name);
    if (first === undefined) return;
    const chosen = await otherTasks(server, first);
    if (chosen === undefined || chosen.length === 0) return;
    const result = await window.withProgress(
      { location: ProgressLocation.Notification, title: `Comparing ${first.task}`, cancellable: true },
      (_, token) =>
        server.ask<CompareResult>(
          requests.compare,
          { uri: first.uri, task: first.task, with: chosen.map(({ uri, task }) => ({ uri, task })) },
          token,
        ),
    );
    if (result === undefined) return;
    output.appendLine(comparison(result.tasks));
    output.appendLine("");
    output.show(true);
  });
}

/** Tasks of the file, of the workspace and of the standard library, as many as the user picks. */
async function otherTasks(server: Server, first: TaskInfo): Promise<readonly Comparable[] | undefined> {
  const items = server
    .ask<readonly Comparable[]>(requests.comparable, { uri: first.uri, task: first.task })
    .then((others = []) =>
      others.map((task) => ({
        label: task.task,
        description: task.place,
        detail: task.doc?.split("\n")[0] ?? "",
        task,
      })),
    );
  const picked = await window.showQuickPick(items, {
    title: `Compare ${first.task} with…`,
    canPickMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.map((p) => p.task);
}
