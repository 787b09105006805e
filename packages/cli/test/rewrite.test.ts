import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readSystem, verifySystem } from "@fathom/compiler";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { main } from "../src/index";

const root = resolve(import.meta.dirname, "../../..");
const example = (name: string) => join(root, "examples", name, `${name}.fathom`);
let out = "";
let err = "";
beforeEach(() => {
  [out, err] = ["", ""];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

test("rewrite prints equations that read back, and what they are worth", async () => {
  expect(await main(["rewrite", example("linear-ssm")])).toBe(0);
  expect(out).toContain("h: a scan with powers of one coefficient [C.9]");
  expect(out).toContain("equal up to rounding");
  const path = join(mkdtempSync(join(tmpdir(), "fathom-")), "sum.txt");
  expect(await main(["rewrite", example("prefix-sum"), "-t", "RunningSum", "--scans", "-o", path])).toBe(0);
  expect(verifySystem(readSystem(readFileSync(path, "utf8")))).toEqual([]);
  out = "";
  expect(await main(["rewrite", example("permutations-s5"), "--json"])).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    law: "C.3",
    exact: true,
    applied: [{ families: ["at"], upTo: [] }],
  });
  expect(await main(["rewrite", example("rule110"), "-t", "Rule110"])).toBe(1);
  expect(err).toContain("no law of the catalogue rewrites a recurrence of Rule110");
});

test("analyze shows a task as written and rewritten, side by side", async () => {
  expect(await main(["analyze", example("parity"), "-t", "ParityChain", "n=16"])).toBe(0);
  expect(out).toContain("p: one parity over everything up to there [B.8]");
  expect(out).toContain("depth 15 → 1");
  out = "";
  expect(await main(["analyze", example("parity"), "-t", "ParityChain", "n=16", "--json"])).toBe(0);
  const { rewritten } = JSON.parse(out) as {
    rewritten: { steps: { at: { depth: number }; depth: object } }[];
  };
  expect(rewritten.map((r) => r.steps.at.depth)).toEqual([1, 4]);
});
