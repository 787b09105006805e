import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readSystem, verifySystem } from "@fathom/compiler";
import { expect, test } from "vitest";
import { main } from "../src/index";
import { capture } from "./capture";

const root = resolve(import.meta.dirname, "../../..");
const example = (name: string) => join(root, "examples", name, `${name}.fathom`);
const said = capture();

test("rewrite prints equations that read back, and what they are worth", async () => {
  expect(await main(["rewrite", example("linear-ssm")])).toBe(0);
  expect(said.out).toContain("h: a scan with powers of one coefficient [C.9]");
  expect(said.out).toContain("equal up to rounding");
  const path = join(mkdtempSync(join(tmpdir(), "fathom-")), "sum.txt");
  expect(await main(["rewrite", example("prefix-sum"), "-t", "RunningSum", "--scans", "-o", path])).toBe(0);
  expect(verifySystem(readSystem(readFileSync(path, "utf8")))).toEqual([]);
  said.forget();
  expect(await main(["rewrite", example("permutations-s5"), "--json"])).toBe(0);
  expect(JSON.parse(said.out)).toMatchObject({
    law: "C.3",
    exact: true,
    applied: [{ families: ["at"], upTo: [] }],
  });
  expect(await main(["rewrite", example("rule110"), "-t", "Rule110"])).toBe(1);
  expect(said.err).toContain("no law of the catalogue rewrites a recurrence of Rule110");
});

test("analyze shows a task as written and rewritten, side by side", async () => {
  expect(await main(["analyze", example("parity"), "-t", "ParityChain", "n=16"])).toBe(0);
  expect(said.out).toContain("p: one parity over everything up to there [B.8]");
  expect(said.out).toContain("depth 15 → 1");
  said.forget();
  expect(await main(["analyze", example("parity"), "-t", "ParityChain", "n=16", "--json"])).toBe(0);
  const { rewritten } = JSON.parse(said.out) as {
    rewritten: { steps: { at: { depth: number }; depth: object } }[];
  };
  expect(rewritten.map((r) => r.steps.at.depth)).toEqual([1, 4]);
});
