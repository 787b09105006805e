/** The problem matcher reads what the command line prints. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };

const [first, second] = manifest.contributes.problemMatchers[0]!.pattern as readonly {
  readonly regexp: string;
}[];

test("severity, code, message and place of each diagnostic of `fathom check`", () => {
  const file = join(mkdtempSync(join(tmpdir(), "fathom-matcher-")), "a b.fathom");
  writeFileSync(
    file,
    "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node s[i: 0..n]: int = { let v = 1\n x[i] + y[i] }\n  output t = s[n-1]\n}\n",
  );
  const fathom = join(import.meta.dirname, "../../cli/bin/fathom.js");
  const { stdout, stderr } = spawnSync(process.execPath, [fathom, "check", file], { encoding: "utf8" });
  const lines = `${stdout}\n${stderr}`.split("\n");
  const found = lines.flatMap((line, k) => {
    const what = new RegExp(first!.regexp).exec(line);
    const where = what === null ? null : new RegExp(second!.regexp).exec(lines[k + 1] ?? "");
    return what === null ? [] : [[...what.slice(1), ...(where?.slice(1) ?? [])]];
  });
  expect(found).toEqual([
    ["error", "unknown-name", "nothing here is called `y`", file, "4", "9"],
    ["warning", "unused-let", "`v` is never read", file, "3", "32"],
  ]);
});
