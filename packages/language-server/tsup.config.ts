import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "tsup";

/** The files of a folder of the repository and of those inside it, by name, to be put into a bundle. */
function texts(folder: string, ending: string, keep: boolean): Record<string, string> {
  const url = new URL(`../../${folder}/`, import.meta.url);
  const names = readdirSync(url, { recursive: true, encoding: "utf8" })
    .map((n) => n.replaceAll("\\", "/"))
    .filter((n) => n.endsWith(ending) && !n.endsWith("README.md"))
    .sort();
  return Object.fromEntries(
    names.map((n) => [keep ? n : n.slice(0, -ending.length), readFileSync(new URL(n, url), "utf8")]),
  );
}

const bundle = {
  noExternal: [/.*/],
  target: "es2023",
  minify: true,
  dts: false,
  splitting: false,
  define: {
    FATHOM_STD: JSON.stringify(texts("std", ".fathom", true)),
    FATHOM_PAGES: JSON.stringify(texts("docs/errors", ".md", false)),
  },
  esbuildOptions: (options: { mainFields?: string[]; conditions?: string[] }) => {
    options.mainFields = ["module", "main"];
    options.conditions = ["@fathom/source"];
  },
} as const;

/** Self-contained bundles for Node and for a web worker, and the types of the requests for clients. */
export default defineConfig([
  { entry: ["src/index.ts"], format: "esm", dts: true, target: "es2023" },
  { ...bundle, noExternal: [/.*/], entry: { server: "src/node.ts" }, format: "cjs", platform: "node" },
  { ...bundle, noExternal: [/.*/], entry: { worker: "src/browser.ts" }, format: "iife", platform: "browser" },
]);
