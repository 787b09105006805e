/** Where things are, for tests. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

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
