import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "tsup";

const require = createRequire(__filename);

/** Three bundles that need no node_modules: the extension, the server it starts, the pages of its webviews. */
export default defineConfig([
  {
    entry: { extension: "src/extension.ts" },
    format: "cjs",
    platform: "node",
    target: "node20",
    external: ["vscode"],
    // Everything but `vscode`: a plain `/.*/` would beat `external`.
    noExternal: [/^(?!vscode$)/],
    esbuildOptions: (options) => {
      options.conditions = ["@fathom/source"];
    },
    minify: true,
    clean: true,
    dts: false,
    onSuccess: async () => {
      const to = (name: string) => join(__dirname, "dist", name);
      mkdirSync(to("media"), { recursive: true });
      cpSync(require.resolve("@fathom/language-server/server"), to("server.cjs"));
      const styles = [
        join(dirname(require.resolve("uplot")), "uPlot.min.css"),
        join(__dirname, "webview/webview.css"),
      ];
      writeFileSync(to("media/webview.css"), styles.map((f) => readFileSync(f, "utf8")).join("\n"));
    },
  },
  {
    entry: { panel: "webview/panel.ts", pictures: "webview/pictures.ts" },
    outDir: "dist/media",
    format: "iife",
    platform: "browser",
    target: "es2022",
    noExternal: [/.*/],
    outExtension: () => ({ js: ".js" }),
    minify: true,
    dts: false,
  },
]);
