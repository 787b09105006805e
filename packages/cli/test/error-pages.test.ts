import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  bindValues,
  checkProgram,
  compileTask,
  type FamilyValues,
  type Given,
  interpret,
  sizeProblems,
  unroll,
} from "@fathom/compiler";
import { circuitCatalogue, readCircuit } from "@fathom/importers";
import { catalogue, check, type Host } from "@fathom/lang";
import { runExample } from "@fathom/runtime";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const folder = join(root, "docs/errors");
const pages = readdirSync(folder)
  .filter((f) => f.endsWith(".md") && f !== "README.md")
  .map((f) => f.slice(0, -3));

interface Fence {
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

function fences(code: string): Fence[] {
  const page = readFileSync(join(folder, `${code}.md`), "utf8");
  return [...page.matchAll(/```(\w+)([^\n]*)\n([\s\S]*?)\n```/g)].map((m) => ({
    language: m[1]!,
    words: m[2]!
      .trim()
      .split(/\s+/)
      .filter((w) => w !== ""),
    text: `${m[3]!}\n`,
  }));
}

/** The standard library, and the page itself for the one about circles. */
const host = (page: string): Host => ({
  resolve(_, spec) {
    if (spec === "./page.fathom") return { path: "page.fathom", text: page };
    const path = join(root, `${spec}.fathom`);
    return spec.startsWith("std/") && existsSync(path)
      ? { path: spec, text: readFileSync(path, "utf8") }
      : undefined;
  },
});

/** Every code that the program of a fence reports, in the way its words say. */
async function reported({ words, text }: Fence): Promise<string[]> {
  const program = check("page.fathom", text, host(text));
  const codes = checkProgram(program).map((d) => d.code as string);
  if (program.diagnostics.some((d) => d.severity === "error")) return codes;
  if (codes.length > 0 || words.length === 0) return codes;
  const compiled = program.tasks.map((t) => compileTask(program, t));
  if (words[0] === "test") {
    for (const e of program.examples) {
      for (const r of await runExample(program, e, compiled.find((c) => c.task.name.text === e.task.text)!))
        codes.push(...r.diagnostics.map((d) => d.code));
    }
    return [...new Set(codes)];
  }
  const { system } = compiled[compiled.length - 1]!;
  const given = new Map(
    words
      .slice(1)
      .filter((w) => w.includes("="))
      .map((w) => [w.slice(0, w.indexOf("=")), JSON.parse(w.slice(w.indexOf("=") + 1)) as Given]),
  );
  const families = new Set(system.families.map((f) => f.name));
  const sizes = Object.fromEntries(
    [...given].filter(([n]) => !families.has(n)).map(([n, v]) => [n, v as number]),
  );
  const wrong = sizeProblems(system, sizes);
  if (wrong.length > 0) return wrong.map((d) => d.code);
  const inputs = new Map<string, FamilyValues>();
  for (const f of system.families) {
    if (f.role !== "input") continue;
    const bound = bindValues(f, sizes, given.get(f.name));
    codes.push(...bound.diagnostics.map((d) => d.code));
    if (bound.values !== undefined) inputs.set(f.name, bound.values);
  }
  if (codes.length > 0) return codes;
  const unrolled = unroll(system, sizes, { model: "steps" });
  if (!unrolled.ok && unrolled.diagnostics[0]!.code === "too-large") return ["too-large"];
  return interpret(system, { sizes, inputs, checked: words.includes("checked") }).diagnostics.map(
    (d) => d.code,
  );
}

test("there is a page for each code, and a code for each page", () => {
  expect(pages.sort()).toEqual([...Object.keys(catalogue), ...Object.keys(circuitCatalogue)].sort());
});

describe("each page shows its code, and puts it right", () => {
  // Pages of `gpu-…` codes need a device, or the lack of one: `packages/testing/test/gpu-programs.test.ts`.
  test.each(pages.filter((p) => !p.startsWith("circuit-") && !p.startsWith("gpu-")))("%s", async (code) => {
    const [wrong, right] = fences(code);
    expect(await reported(wrong!)).toEqual([code]);
    expect(await reported(right!)).toEqual([]);
  });

  test.each(pages.filter((p) => p.startsWith("circuit-")))("%s", (code) => {
    const extension: Readonly<Record<string, string>> = { bristol: "txt", text: "doc" };
    const codes = fences(code).map((f) =>
      readCircuit(
        `page.${extension[f.language] ?? f.language}`,
        new TextEncoder().encode(f.text),
      ).diagnostics.map((d) => d.code),
    );
    expect(codes).toEqual([[code], []]);
  });
});
