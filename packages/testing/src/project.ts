/** Where things are, for tests. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Host } from "@fathom/lang";

export const projectRoot = resolve(import.meta.dirname, "../../..");

/** Data of the workplace beside the project; undefined where it is absent, and then the tests that need it are skipped. */
export function sharedData(folder: string): string | undefined {
  const path = resolve(projectRoot, "../shared/data", folder);
  if (existsSync(path)) return path;
  console.warn(`${path} is absent: tests that need it are skipped`);
  return undefined;
}

/** Every `.fathom` file below a folder of the project, with its text. */
export function fathomFiles(folder: string): { readonly path: string; readonly text: string }[] {
  return readdirSync(join(projectRoot, folder), { recursive: true })
    .map(String)
    .filter((f) => f.endsWith(".fathom"))
    .sort()
    .map((f) => ({ path: join(folder, f), text: readFileSync(join(projectRoot, folder, f), "utf8") }));
}

/** Finds imports among the files of the project. */
export const projectHost: Host = {
  resolve(from, spec) {
    const path = spec.startsWith("std/") ? `${spec}.fathom` : join(dirname(from), spec);
    const full = join(projectRoot, path);
    return existsSync(full) ? { path, text: readFileSync(full, "utf8") } : undefined;
  },
};
