/** The status bar: the figures of the task at the cursor. */
import { summary } from "@fathom/language-server";
import { type Disposable, MarkdownString, StatusBarAlignment, window } from "vscode";
import { isFathom, type Server } from "./server";

export function registerStatus(server: Server): Disposable {
  const item = window.createStatusBarItem("fathom.figures", StatusBarAlignment.Right, 90);
  item.name = "Fathom: figures of the task at the cursor";
  item.command = "fathom.showPanel";
  const show = async (): Promise<void> => {
    const editor = window.activeTextEditor;
    if (editor === undefined || !isFathom(editor.document)) {
      item.hide();
      return;
    }
    const task = await server.taskAt(editor);
    const line = task?.figures === undefined ? "" : summary(task.figures);
    item.text = `$(type-hierarchy-sub) ${task === undefined ? "Fathom" : `${task.task}${line === "" ? "" : `: ${line}`}`}`;
    item.tooltip = new MarkdownString(
      task === undefined
        ? "No task at the cursor"
        : `${task.doc ?? task.task}\n\n${line}\n\nClick for the panel.`,
    );
    item.show();
  };
  void show();
  const refresh = (): void => void show();
  const listeners = [
    window.onDidChangeActiveTextEditor(refresh),
    window.onDidChangeTextEditorSelection(refresh),
    server.onFigures(refresh),
  ];
  return { dispose: () => [item, ...listeners].forEach((d) => void d.dispose()) };
}
