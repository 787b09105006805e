/** Quick fixes are tested by applying them and checking again; so are rewrites, by running both forms. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Compiled, compileTask, interpret, randomValues } from "@fathom/compiler";
import { check, type Diagnostic } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import type { TaskFigures } from "../src/analysis/figures";
import { perform } from "../src/analysis/jobs";
import { type Edit, fixable, fixesFor } from "../src/editor/fixes";
import { problems } from "../src/editor/problems";
import { asReduction } from "../src/editor/rewrites";
import { Snapshot } from "../src/editor/snapshot";
import type { Unit } from "../src/editor/units";

const root = resolve(import.meta.dirname, "../../..");
const files: Readonly<Record<string, string>> = {
  "./other.fathom": "fn half(x: real): real = x / 2.0\n",
  "std/automata.fathom": readFileSync(resolve(root, "std/automata.fathom"), "utf8"),
};
const snapshotOf = (text: string): Snapshot =>
  new Snapshot("a.fathom", 1, text, {
    resolve: (_, spec) => {
      const path = spec.endsWith(".fathom") ? spec : `${spec}.fathom`;
      // The pages call themselves so.
      if (path === "./page.fathom") return { path: "a.fathom", text };
      const found = files[path];
      return found === undefined ? undefined : { path, text: found };
    },
  });

/** Figures in this process, as the server would have them from its worker. */
async function analysed(snapshot: Snapshot): Promise<(unit: Unit) => TaskFigures | undefined> {
  const known = new Map<string, TaskFigures>();
  const units = snapshot.units.filter((u) => !u.broken);
  await perform(
    { kind: "figures", sources: units.map((u) => ({ texts: u.texts, task: u.task.name.text })) },
    {
      emit: ({ source, figures }) => known.set(units[source]!.key, figures),
      clock: () => 0,
      pause: async () => false,
    },
  );
  return (unit) => known.get(unit.key);
}

const apply = (text: string, edits: readonly Edit[]): string =>
  [...edits]
    .sort((a, b) => b.range.start - a.range.start)
    .reduce((t, e) => t.slice(0, e.range.start) + e.text + t.slice(e.range.end), text);

const context = {
  exports: (name: string) => (name === "rule90" ? [{ spec: "std/automata", kind: "function" }] : []),
  modules: ["./other.fathom", "std/automata", "std/circuits"],
};

async function found(text: string) {
  const snapshot = snapshotOf(text);
  const figures = await analysed(snapshot);
  return { snapshot, figures, diagnostics: problems(snapshot, figures) };
}

const where = (d: Diagnostic) => `${d.code} ${d.message}`;

/** The first program of each page of the documentation. */
const pages = readdirSync(resolve(root, "docs/errors"))
  .filter((f) => fixable.includes(f.slice(0, -3)))
  .map((f) => {
    const page = readFileSync(resolve(root, "docs/errors", f), "utf8");
    return { code: f.slice(0, -3), text: /```fathom[^\n]*\n([\s\S]*?)```/.exec(page)![1]! };
  });

/** Places that the pages do not show. */
const more: readonly { readonly code: string; readonly text: string }[] = [
  {
    code: "unknown-name",
    text: "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output y[i: 0..n] = X[i]\n}\n",
  },
  {
    code: "unknown-name",
    text: "task A(n: size) {\n  input x[i: 0..n]: bit\n  output y[i: 0..n] = rule90(x[i], x[i], x[i])\n}\n",
  },
  {
    code: "type-mismatch",
    text: "task A(n: size) {\n  input x[i: 0..n]: int\n  output y[i: 0..n]: real = x[i]\n}\n",
  },
  {
    code: "read-outside",
    text: "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = x[i] + 2 * y[i-1]\n  output s = y[n-1]\n}\n",
  },
  {
    code: "example-value",
    text: "task A(n: size) {\n  input x: int\n  output y = x + 1\n}\n\nexample A { n = 1, x = 1, y = 2 }\n",
  },
  {
    code: "import-not-found",
    text: 'import { rule90 } from "./automata"\n\ntask A(n: size) {\n  input x[i: 0..n]: bit\n  output y[i: 0..n] = rule90(x[i], x[i], x[i])\n}\n',
  },
  {
    code: "missing-binding",
    text: "task B(n: size) {\n  input x[i: 0..n]: int\n  input z: int\n  output y[i: 0..n] = x[i] + z\n}\n\ntask A(n: size) {\n  input w[i: 0..n]: int\n  use B(n) with { x[i] = w[i] } as p\n  output y[i: 0..n] = p.y[i]\n}\n",
  },
];

describe("quick fixes", () => {
  test("there are at least fifteen codes with fixes, and pages for all of them", () => {
    expect(fixable.length).toBeGreaterThanOrEqual(15);
    expect(pages.map((p) => p.code).sort()).toEqual([...fixable].sort());
  });

  test.each([...pages, ...more])("$code", async ({ code, text }) => {
    const { snapshot, figures, diagnostics } = await found(text);
    const diagnostic = diagnostics.find((d) => d.code === code);
    expect(diagnostic, diagnostics.map(where).join("\n")).toBeDefined();
    const unit = snapshot.unitAt(diagnostic!.range.start);
    const fixes = fixesFor({
      snapshot,
      diagnostic: diagnostic!,
      figures: unit === undefined ? undefined : figures(unit),
      ...context,
    });
    expect(fixes.length).toBeGreaterThan(0);
    for (const fix of fixes) {
      const fixed = apply(text, fix.edits);
      const after = (await found(fixed)).diagnostics;
      const left = after.filter((d) => where(d) === where(diagnostic!));
      expect(left, `${fix.title}:\n${fixed}`).toEqual([]);
      // Nothing new is broken: a fix may leave work to do, but no syntax error and none of its own making.
      const fresh = after.filter(
        (d) =>
          d.severity === "error" &&
          !diagnostics.some((b) => b.code === d.code) &&
          !allowedAfter[code]?.includes(d.code),
      );
      expect(fresh.map(where), `${fix.title}:\n${fixed}`).toEqual([]);
    }
  });
});

/** What a fix may bring to light, by the code it mends. */
const allowedAfter: Readonly<Record<string, readonly string[]>> = {
  // Its names are unknown then.
  "import-not-found": ["unknown-name"],
  "import-cycle": ["unknown-name"],
  // With types the page's circle is seen to be one; without the character an operator is missing.
  "missing-type": ["cycle"],
  "unexpected-character": ["unexpected-token"],
};

describe("rewriting a chain as a reduction", () => {
  const chain = (type: string, equation: string) =>
    `task A(n: size, T: size) where n >= 1, T >= 1 {\n  input x[t: 0..T, i: 0..n]: ${type}\n  node s[t: 0..T, i: 0..n]: ${type} = ${equation}\n  output y[t: 0..T] = s[t, n-1]\n}\n`;
  const values = (compiled: Compiled) => {
    const sizes = { n: 7, T: 3 };
    const inputs = new Map(
      compiled.system.families
        .filter((f) => f.role === "input")
        .map((f) => [f.name, randomValues(f, sizes, 5)]),
    );
    return [...interpret(compiled.system, { sizes, inputs, seed: 0 }).values.get("y")!.data];
  };
  test.each([
    ["int", "if i == 0 { x[t, 0] } else { s[t, i-1] + x[t, i] }", "sum[k: 0..=i] x[t, k]"],
    ["int", "if i == 0 { 3 } else { x[t, i] * i + s[t, i-1] }", "3 + (sum[k: 1..=i] x[t, k] * k)"],
    ["int", "if i == 0 { x[t, 0] } else { max(s[t, i-1], x[t, i]) }", "max[k: 0..=i] x[t, k]"],
    ["bit", "if i == 0 { x[t, 0] } else { s[t, i-1] xor x[t, i] }", "parity[k: 0..=i] x[t, k]"],
    [
      "bit",
      "if i == 0 { x[t, 0] } else { s[t, i-1] or not x[t, i] }",
      "x[t, 0] or (any[k: 1..=i] not x[t, k])",
    ],
    ["bit", "if i == 0 { x[t, 0] } else { s[t, i-1] and x[t, i] }", "all[k: 0..=i] x[t, k]"],
  ])("%s: %s", (type, equation, wanted) => {
    const text = chain(type, equation);
    const snapshot = snapshotOf(text);
    expect(snapshot.diagnostics).toEqual([]);
    const family = snapshot.program.tasks[0]!.members[1]!;
    const rewrite = family.kind === "family" ? asReduction(snapshot, family) : undefined;
    expect(rewrite?.exact).toBe(true);
    const rewritten = apply(text, rewrite!.edits);
    expect(rewritten).toContain(` = ${wanted}\n`);
    const program = check("a.fathom", rewritten);
    expect(program.diagnostics).toEqual([]);
    const [before, after] = [snapshot.program, program].map((p) => values(compileTask(p, p.tasks[0]!)));
    expect(after).toEqual(before);
  });

  test.each([
    ["a step that is not associative", "int", "if i == 0 { x[t, 0] } else { s[t, i-1] - x[t, i] }"],
    ["a step that reads itself twice", "int", "if i == 0 { x[t, 0] } else { s[t, i-1] + s[t, i-1] }"],
    ["a chain that begins elsewhere", "int", "if i == 1 { x[t, 0] } else { (s[t, i-1] ?? 0) + x[t, i] }"],
    ["a chain along two indices", "int", "if i == 0 { x[t, 0] } else { (s[t-1, i-1] ?? 0) + x[t, i] }"],
  ])("not %s", (_, type, equation) => {
    const snapshot = snapshotOf(chain(type, equation));
    const family = snapshot.program.tasks[0]!.members[1]!;
    expect(family.kind === "family" ? asReduction(snapshot, family) : 0).toBeUndefined();
  });

  test("of reals says that rounding may change", () => {
    const snapshot = snapshotOf(chain("real", "if i == 0 { x[t, 0] } else { s[t, i-1] + x[t, i] }"));
    const family = snapshot.program.tasks[0]!.members[1]!;
    const rewrite = family.kind === "family" ? asReduction(snapshot, family) : undefined;
    expect(rewrite).toMatchObject({
      exact: false,
      title: "Rewrite `s` as a reduction (rounding may change)",
    });
  });
});
