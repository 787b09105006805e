/** Quick fixes are tested by applying them and checking again. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Diagnostic } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import type { TaskFigures } from "../src/analysis/figures";
import { perform } from "../src/analysis/jobs";
import { type Edit, fixable, fixesFor } from "../src/editor/fixes";
import { problems } from "../src/editor/problems";
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
