/** Two-dimensional values as pictures: time down, cells across. */
import { type ExtensionContext, type ViewColumn, type WebviewPanel, window } from "vscode";
import { escapeHtml, page } from "./html";

export interface Picture {
  readonly name: string;
  readonly rows: readonly (readonly number[])[];
}

let panel: WebviewPanel | undefined;

export function showPictures(
  context: ExtensionContext,
  title: string,
  pictures: readonly Picture[],
  column: ViewColumn,
): void {
  panel ??= window.createWebviewPanel(
    "fathom.pictures",
    "Fathom: values",
    { viewColumn: column, preserveFocus: true },
    { enableScripts: true, localResourceRoots: [context.extensionUri] },
  );
  panel.onDidDispose(() => {
    panel = undefined;
  });
  const body = `<h1>${escapeHtml(title)}</h1>${pictures
    .map(
      (p) =>
        `<figure><figcaption>${escapeHtml(p.name)} <small>${p.rows.length} × ${p.rows[0]?.length ?? 0}, least value light, greatest dark</small></figcaption><canvas role="img" aria-label="${escapeHtml(p.name)} as a picture"></canvas></figure>`,
    )
    .join("")}`;
  panel.webview.html = page(context, panel.webview, { title, script: "pictures.js", body, data: pictures });
  panel.reveal(column, true);
}
