/** The page of a diagnostic, in the editor's Markdown preview. */
import { requests } from "@fathom/language-server";
import { commands, type Disposable, languages, Uri, window, workspace } from "vscode";
import { isFathom, type Server } from "./server";

const SCHEME = "fathom-explain";

export function registerExplain(server: Server): Disposable {
  const pages = workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: async (uri) => {
      const code = uri.path.replace(/^\/|\.md$/g, "");
      const page = await server.ask<{ markdown: string }>(requests.explain, { code });
      return page?.markdown ?? `There is no page for \`${code}\`.`;
    },
  });
  const command = commands.registerCommand("fathom.explain", async (given?: string) => {
    const code = given ?? (await chooseCode());
    if (code !== undefined)
      await commands.executeCommand(
        "markdown.showPreview",
        Uri.from({ scheme: SCHEME, path: `/${code}.md` }),
      );
  });
  return { dispose: () => [pages, command].forEach((d) => void d.dispose()) };
}

/** The codes reported in this file, those at the cursor first; else one is typed. */
async function chooseCode(): Promise<string | undefined> {
  const editor = window.activeTextEditor;
  const found =
    editor !== undefined && isFathom(editor.document) ? languages.getDiagnostics(editor.document.uri) : [];
  const codes = found
    .map((d) => ({
      code: String(typeof d.code === "object" ? d.code.value : d.code),
      message: d.message,
      here: editor !== undefined && d.range.contains(editor.selection.active),
    }))
    .sort((a, b) => Number(b.here) - Number(a.here));
  if (codes[0]?.here === true) return codes[0].code;
  if (codes.length === 0)
    return window.showInputBox({ title: "Explain a diagnostic", prompt: "Its code, as in read-outside" });
  const picked = await window.showQuickPick(
    codes.map((c) => ({ label: c.code, description: c.message.replaceAll("\n", "; ") })),
    { title: "Explain which diagnostic?" },
  );
  return picked?.label;
}
