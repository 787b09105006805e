/** Pages of webviews: nothing but our own files may run or load. */
import { randomBytes } from "node:crypto";
import { type ExtensionContext, Uri, type Webview } from "vscode";

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** A page with one script of ours, one style sheet, and data for the script. */
export function page(
  context: ExtensionContext,
  webview: Webview,
  { title, script, body, data }: { title: string; script: string; body: string; data?: unknown },
): string {
  const nonce = randomBytes(16).toString("base64");
  const file = (name: string) =>
    webview.asWebviewUri(Uri.joinPath(context.extensionUri, "dist", "media", name));
  const policy = [
    "default-src 'none'",
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    `img-src ${webview.cspSource} data:`,
    `font-src ${webview.cspSource}`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file("webview.css")}">
<title>${escapeHtml(title)}</title>
</head>
<body>
${body}
<script type="application/json" id="data" nonce="${nonce}">${JSON.stringify(data ?? null).replaceAll("<", "\\u003c")}</script>
<script nonce="${nonce}" src="${file(script)}"></script>
</body>
</html>`;
}
