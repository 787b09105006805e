/** What the documents point to exists: links, and files of the project that stand between backquotes. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../src/index";

const below = (folder: string): string[] =>
  readdirSync(join(projectRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    if (["node_modules", "dist", "test-results"].includes(entry.name) || entry.name.startsWith("."))
      return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? [`${path}/`, ...below(path)] : [path];
  });
const paths = below("");
const documents = paths.filter((p) => p.endsWith(".md"));

/** Ends of links, without anchors and without the web. */
const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((m) => m[1]!.replace(/#.*/, ""))
    .filter((l) => !/^(\w+:|$)/.test(l));

/** `emit/wasm/`, `plan.ts`: files and folders of this project, named by the end of their path; `.ts` alone is a kind of file. */
const namesOf = (text: string): string[] =>
  [...text.replace(/```[\s\S]*?```/g, "").matchAll(/`(\w[\w./-]*(?:\.(?:ts|mjs)|\/))`/g)].map((m) => m[1]!);

test.each(documents)("%s points to what exists", (path) => {
  const text = readFileSync(join(projectRoot, path), "utf8");
  const broken = linksOf(text).filter((l) => !existsSync(join(projectRoot, dirname(path), l)));
  const unknown = namesOf(text).filter((n) => !paths.some((p) => p === n || p.endsWith(`/${n}`)));
  expect([...broken, ...unknown]).toEqual([]);
});
