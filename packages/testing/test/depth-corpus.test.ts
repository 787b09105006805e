/** Systems of every kind whose depth is proved in both models; a proof is held against graphs far larger than its samples. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CostModel,
  compileTask,
  evaluateClosedForm,
  printCertificate,
  printFigure,
  proveDepth,
  unroll,
  verifyCertificate,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../src/index";

/** Known not to be proved; the day one is, this list says so. */
const unproved: Readonly<Record<CostModel, readonly string[]>> = {
  steps: ["Banded", "KoggeStone", "PlaneAfterPlane", "Skewed", "Stride5", "Thirds"],
  ops: [
    "Banded",
    "KoggeStone",
    "OthersOnly",
    "PlaneAfterPlane",
    "RedBlack",
    "RepeatedSquaring",
    "Skewed",
    "Stride5",
    "Thirds",
  ],
};

const folder = join(projectRoot, "corpus/depth");
const tasks = readdirSync(folder).flatMap((file) => {
  const program = check(file, readFileSync(join(folder, file), "utf8"));
  expect(program.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  return program.tasks.map((t) => [t.name.text, compileTask(program, t).system] as const);
});

describe("systems of many kinds", () => {
  test("there are 73", () => expect(tasks).toHaveLength(73));

  test.each(
    tasks.flatMap(([name, system]) => (["steps", "ops"] as const).map((m) => [name, m, system] as const)),
  )("%s in %s", (name, model, system) => {
    const proof = proveDepth(system, model);
    const exact = proof.depth.exact?.standing.kind === "proved" ? proof.depth.exact : undefined;
    expect(exact !== undefined, printFigure(proof.depth)).toBe(!unproved[model].includes(name));
    for (const far of [
      [23, 14, 5],
      [9, 31, 7],
      [17, 6, 11],
    ]) {
      const sizes = Object.fromEntries(
        system.sizes.map((s, k) => [s.name, s.name === "L" ? 6 : far[k]!] as const),
      );
      const unrolled = unroll(system, sizes, { model, limit: 60_000 });
      if (!unrolled.ok) continue;
      const value = (form: NonNullable<typeof exact>["form"]) =>
        Number(evaluateClosedForm(form, (n) => BigInt(sizes[n]!)).numerator);
      const at = JSON.stringify(sizes);
      if (exact !== undefined) expect(value(exact.form), at).toBe(unrolled.result.depth);
      if (proof.depth.upper !== undefined)
        expect(value(proof.depth.upper.form), at).toBeGreaterThanOrEqual(unrolled.result.depth);
    }
    if (exact !== undefined)
      expect(verifyCertificate(printCertificate(proof.certificate!), system)).toMatchObject({ ok: true });
  });
});
