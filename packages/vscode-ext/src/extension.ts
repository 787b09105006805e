/** The extension: a thin client. It starts the server and shows what the server answers. */
import { commands, type ExtensionContext, window, workspace } from "vscode";
import { registerCertify } from "./certify";
import { registerCompare } from "./compare";
import { registerExplain } from "./explain";
import { registerLive } from "./live";
import { registerPanel } from "./panel/panel";
import { registerRun } from "./run";
import { Server } from "./server";
import { registerStatus } from "./status";
import { registerTests } from "./tests";

let server: Server | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const started = new Server(context);
  server = started;
  const output = window.createOutputChannel("Fathom");
  context.subscriptions.push(
    output,
    registerPanel(context, started),
    registerRun(context, started, output),
    registerCompare(started, output),
    registerCertify(started, output),
    registerExplain(started),
    registerLive(started),
    registerStatus(started),
    registerTests(started),
    commands.registerCommand("fathom.restart", () => started.restart()),
    workspace.onDidChangeConfiguration((e) => {
      if (e.affectsConfiguration("fathom")) void started.settingsChanged();
    }),
  );
  await started.start();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
