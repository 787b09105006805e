/**
 * Figures at the end of the line being typed. The editor shows inlay hints of the cursor's own line late (VS Code waits
 * until typing pauses), so that line gets a decoration as soon as the server has new figures.
 */
import { figureText, summary, type TaskInfo } from "@fathom/language-server";
import { type Disposable, Range, type TextEditor, ThemeColor, window, workspace } from "vscode";
import { isFathom, type Server } from "./server";

export function registerLive(server: Server): Disposable {
  const decoration = window.createTextEditorDecorationType({
    after: { margin: "0 0 0 2em", color: new ThemeColor("editorCodeLens.foreground"), fontStyle: "italic" },
  });
  /** The line edited last, until the cursor leaves it. */
  let typing: { readonly editor: TextEditor; readonly line: number } | undefined;

  const clear = (): void => {
    typing?.editor.setDecorations(decoration, []);
    typing = undefined;
  };
  const text = (task: TaskInfo, line: string): string => {
    const { figures, state } = task;
    if (task.broken || figures === undefined) return "";
    const name = /^\s*(?:node|output)\s+(\w+)/.exec(line)?.[1];
    const level = figures.families.find((f) => f.name === name)?.level;
    const head = level === undefined ? "" : `level ${figureText(level)} · `;
    return `${head}${task.task}: ${summary(figures)}${state === "stale" ? " (stale)" : ""}`;
  };
  const show = async (): Promise<void> => {
    const at = typing;
    if (at === undefined) return;
    const task = await server.taskAt(at.editor);
    if (typing !== at || at.line >= at.editor.document.lineCount) return;
    const line = at.editor.document.lineAt(at.line);
    const shown = task === undefined ? "" : text(task, line.text);
    const end = line.range.end;
    at.editor.setDecorations(
      decoration,
      shown === "" ? [] : [{ range: new Range(end, end), renderOptions: { after: { contentText: shown } } }],
    );
  };

  const listeners = [
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      const editor = window.activeTextEditor;
      const change = contentChanges[0];
      if (editor?.document !== document || !isFathom(document) || change === undefined) return;
      if (!workspace.getConfiguration("fathom").get("live.enabled", true)) return;
      const line = change.range.start.line;
      if (typing?.line !== line || typing.editor !== editor) {
        clear();
        typing = { editor, line };
      }
      void show();
    }),
    window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
      if (typing?.editor === textEditor && selections[0]?.active.line !== typing.line) clear();
    }),
    window.onDidChangeActiveTextEditor(clear),
    server.onFigures(() => void show()),
  ];
  return { dispose: () => [decoration, ...listeners].forEach((d) => void d.dispose()) };
}
