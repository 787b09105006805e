/** Files: the only place where the command line reads programs. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "@fathom/lang";

/** The repository (or package) that holds `std` and `docs`. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Imports relative to the importing file; `"std/…"` from the standard library. */
export const fileHost: Host = {
  resolve(from, spec) {
    const named = spec.endsWith(".fathom") ? spec : `${spec}.fathom`;
    const path = spec.startsWith("std/") ? join(root, named) : resolve(dirname(from), named);
    if (!existsSync(path)) return undefined;
    return {
      path: spec.startsWith("std/") ? named : relative(process.cwd(), path),
      text: readFileSync(path, "utf8"),
    };
  },
};

/** The page of a diagnostic code, where the documentation is at hand. */
export function errorPage(code: string): string | undefined {
  const path = join(root, "docs/errors", `${code}.md`);
  return /^[a-z-]+$/.test(code) && existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
