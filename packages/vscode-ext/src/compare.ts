/** Two tasks side by side: their figures as a table. */
import type { TaskInfo } from "@fathom/language-server";
import { commands, type Disposable, type OutputChannel, window, workspace } from "vscode";
import { comparison } from "./figures";
import { isFathom, type Server } from "./server";

export function registerCompare(server: Server, output: OutputChannel): Disposable {
  return commands.registerCommand("fathom.compare", async (uri?: string, name?: string) => {
    const first = await server.chooseTask(uri, name);
    if (first === undefined) return;
    const second = await otherTask(server, first);
    if (second === undefined) return;
    output.appendLine(comparison(first, second));
    output.appendLine("");
    output.show(true);
  });
}

/** Another task of any open file. */
async function otherTask(server: Server, first: TaskInfo): Promise<TaskInfo | undefined> {
  const lists = await Promise.all(workspace.textDocuments.filter(isFathom).map((d) => server.tasks(d)));
  const others = lists.flat().filter((t) => t.uri !== first.uri || t.task !== first.task);
  if (others.length === 0) {
    void window.showInformationMessage(
      `There is no other task in the open files to compare ${first.task} with.`,
    );
    return undefined;
  }
  const picked = await window.showQuickPick(
    others.map((task) => ({
      label: task.task,
      description: task.uri === first.uri ? "" : (task.uri.split("/").pop() ?? ""),
      task,
    })),
    { title: `Compare ${first.task} with…` },
  );
  return picked?.task;
}
