import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { defaultSizes, lower } from "@fathom/compiler";
import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { fileHost } from "../src/host";
import { main } from "../src/index";
import { capture } from "./capture";

const root = resolve(import.meta.dirname, "../../..");
const example = (name: string) => join(root, "examples", name, `${name}.fathom`);
const said = capture();
const fathomFiles = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((f) => join(folder, String(f)))
    .filter((f) => f.endsWith(".fathom"));
const program = (file: string) => check(file, readFileSync(file, "utf8"), fileHost);
const tasksOf = (file: string) => program(file).tasks.map((t) => t.name.text);
const sizesOf = (file: string, task: string): string[] => {
  const checked = program(file);
  const sizes = defaultSizes(lower(checked, checked.tasks.find((t) => t.name.text === task)!));
  return Object.entries(sizes ?? {}).map(([name, n]) => `${name}=${n}`);
};

test("rewrite prints the program with its recurrence rewritten, and what that is worth", async () => {
  expect(await main(["rewrite", example("linear-ssm")])).toBe(0);
  expect(said.out).toContain("// h: a scan with powers of one coefficient [C.9]");
  expect(said.out).toContain("// It is equal up to rounding");
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

test("what rewrite writes of every example and of a file of std checks, passes its examples and runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fathom-"));
  let written = 0;
  // The others of std are held by `packages/testing/test/source.test.ts`, without the proofs that take long.
  for (const path of [...fathomFiles("examples"), "std/automata.fathom"]) {
    const file = join(root, path);
    for (const task of tasksOf(file)) {
      const out = join(folder, `${task}.fathom`);
      said.forget();
      const form = written % 2 === 0 ? [] : ["--scans"];
      if ((await main(["rewrite", file, "-t", task, ...form, "-o", out])) !== 0) continue;
      written++;
      expect(await main(["check", out]), `${path} ${task}\n${said.err}`).toBe(0);
      expect(await main(["test", out]), `${path} ${task}\n${said.out}`).toBe(0);
      expect(await main(["run", out, "-t", task, "--fill", ...sizesOf(out, task)]), said.err).toBe(0);
    }
  }
  expect(written).toBeGreaterThan(5);
});

test("analyze shows a task as written and rewritten, side by side, in every form of the report", async () => {
  const parity = ["analyze", example("parity"), "-t", "ParityChain", "n=16"];
  expect(await main(parity)).toBe(0);
  expect(said.out).toContain("p: one parity over everything up to there [B.8]");
  expect(said.out).toContain("depth 15 → 1, work 15 → ");
  expect(said.out).toContain("shallower: Θ(1) instead of Θ(n), proved");
  said.forget();
  expect(await main([...parity, "--json"])).toBe(0);
  const { rewritten } = JSON.parse(said.out) as {
    rewritten: { steps: { at: { depth: number }; depth: object; shallower: string } }[];
  };
  expect(rewritten.map((r) => [r.steps.at.depth, r.steps.shallower])).toEqual([
    [1, "proved"],
    [4, "proved"],
  ]);
  const page = join(mkdtempSync(join(tmpdir(), "fathom-")), "page.html");
  said.forget();
  expect(await main([...parity, "--md", "--html", page])).toBe(0);
  expect(said.out).toContain("| depth as written | depth rewritten |");
  expect(said.out).toContain("15 → 4");
  expect(readFileSync(page, "utf8")).toContain("As written and rewritten");
});

test("a rewriting that leaves the whole as deep says so", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "fathom-")), "both.fathom");
  writeFileSync(
    file,
    "task Both(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }\n  node q[i: 0..n]: int = if i == 0 { s[n-1] } else { q[i-1] * q[i-1] + x[i] }\n  output y = q[n-1]\n}\n",
  );
  expect(await main(["analyze", file])).toBe(0);
  expect(said.out).toContain("not shallower: Θ(n), and Θ(n) as written");
});
