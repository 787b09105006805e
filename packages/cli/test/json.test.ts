/** With --json standard output is one document, whatever went wrong; and what goes wrong is said in words. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { main } from "../src/index";
import { capture } from "./capture";

const dir = mkdtempSync(join(tmpdir(), "fathom-json-"));
const at = (name: string) => join(dir, name);
const said = capture();

beforeAll(() => {
  const task =
    "task Sum(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output s = sum[i: 0..n] x[i]\n}\n";
  writeFileSync(at("sum.fathom"), task);
  writeFileSync(at("wrong.fathom"), "task A(n: size) { output s = q }\n");
  writeFileSync(at("latin1.fathom"), Buffer.from(`// caf\u00e9\n${task}`, "latin1"));
  const cases = Array.from({ length: 5000 }, (_, k) => `if b == ${k} { ${k} } else `).join("");
  writeFileSync(at("branches.fathom"), `task A() {\n  input b: int\n  output y = ${cases}{ 0 }\n}\n`);
});

const mistakes: readonly [words: string[], code: number, says: string][] = [
  [["check", "sum.fathom", "none.fathom"], 2, "there is no such file"],
  [["check", "wrong.fathom", "sum.fathom"], 1, "unknown-name"],
  [["check", "latin1.fathom"], 2, "not UTF-8"],
  [["check", "branches.fathom"], 1, "more than 1000 branches of one `if`"],
  [["analyze"], 2, "missing required argument"],
  [["analyze", "sum.fathom", "n=0"], 1, "where-broken"],
  [["run", "sum.fathom", "n=3", "n=4", "x=random"], 2, "n is given twice"],
  [["run", "sum.fathom", "n=3", "x=null"], 1, "found null"],
  [["run", "sum.fathom", "n=3", "x=hello"], 1, 'found \\"hello\\"'],
  [["run", "sum.fathom", "n=3", "x=[1,2,NaN]"], 2, "not JSON"],
  [["run", "sum.fathom", "n=3", "x=random:seven"], 2, "a seed is a whole number"],
  [["run", "sum.fathom", "n=3", "--fill", "--seed", "-1"], 2, "a seed is a whole number"],
];

test.each(mistakes)("%j", async (words, code, says) => {
  const files = words.map((w) => (w.endsWith(".fathom") ? at(w) : w));
  expect(await main([...files, "--json"])).toBe(code);
  expect(Object.keys(JSON.parse(said.out))).toEqual([code === 1 ? "diagnostics" : "error"]);
  expect(said.out).toContain(says);
});

test("programs without a mistake are one document too, and a file that is not UTF-8 is not formatted", async () => {
  expect(await main(["check", at("sum.fathom"), at("sum.fathom"), "--json"])).toBe(0);
  expect(JSON.parse(said.out)).toEqual({ diagnostics: [] });
  expect(await main(["fmt", at("latin1.fathom")])).toBe(2);
});
