/** A proof of a task's depth, beside its file. */
import { type CertifyResult, requests } from "@fathom/language-server";
import { commands, type Disposable, type OutputChannel, window, workspace } from "vscode";
import { type Server, showProblems } from "./server";

export function registerCertify(server: Server, output: OutputChannel): Disposable {
  return commands.registerCommand("fathom.certify", async (uri?: string, name?: string) => {
    const task = await server.chooseTask(uri, name);
    if (task === undefined) return;
    const result = await server.ask<CertifyResult>(requests.certify, { uri: task.uri, task: task.task });
    if (result === undefined || showProblems(result.problems)) return;
    output.appendLine(`${task.task}: ${result.summary}`);
    if (result.certificate === undefined) {
      output.show(true);
      return;
    }
    const document = await workspace.openTextDocument({ language: "json", content: result.certificate });
    await window.showTextDocument(document, { preview: true });
  });
}
