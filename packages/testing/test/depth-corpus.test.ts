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
  verifyCertificate,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { farGraphs, projectRoot } from "../src/index";

/** Known not to be proved; the day one is, this list says so. */
const unproved: Readonly<Record<CostModel, readonly string[]>> = {
  steps: [
    "GaussSeidel3d",
    "HalveOrStepBack",
    "QuarterOfTheWay",
    "Quarters",
    "SegmentTree",
    "SlidingReads",
    "Stride6TwoStarts",
    "Thirds",
    "TwoSizes",
  ],
  ops: [
    "BandedCholesky",
    "Fft",
    "ForwardBackward",
    "GaussSeidel3d",
    "Gotoh",
    "HalveOrStepBack",
    "JacobiSweeps",
    "QuarterOfTheWay",
    "Quarters",
    "ScanOfPairs",
    "SegmentTree",
    "SlidingReads",
    "Stride6TwoStarts",
    "Thirds",
    "TwoSizes",
  ],
};

const folder = join(projectRoot, "corpus/depth");
const tasks = readdirSync(folder).flatMap((file) => {
  const program = check(file, readFileSync(join(folder, file), "utf8"));
  expect(program.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  return program.tasks.map((t) => [t.name.text, compileTask(program, t).system] as const);
});

describe("systems of many kinds", () => {
  test("there are many, each with a name of its own", () => {
    expect(tasks.length).toBeGreaterThanOrEqual(300);
    expect(new Set(tasks.map(([name]) => name)).size).toBe(tasks.length);
  });

  test.each(
    tasks.flatMap(([name, system]) => (["steps", "ops"] as const).map((m) => [name, m, system] as const)),
  )("%s in %s", (name, model, system) => {
    const proof = proveDepth(system, model);
    const exact = proof.depth.exact?.standing.kind === "proved" ? proof.depth.exact : undefined;
    expect(exact !== undefined, printFigure(proof.depth)).toBe(!unproved[model].includes(name));
    const graphs = farGraphs(system, model);
    expect(graphs.length, name).toBeGreaterThan(0);
    for (const { sizes, unrolled, about } of graphs) {
      const value = (form: NonNullable<typeof exact>["form"]) =>
        Number(evaluateClosedForm(form, (n) => BigInt(sizes[n]!)).numerator);
      if (exact !== undefined) expect(value(exact.form), about).toBe(unrolled.depth);
      const { upper, lower } = proof.depth;
      if (upper !== undefined) expect(value(upper.form), about).toBeGreaterThanOrEqual(unrolled.depth);
      if (lower !== undefined) expect(value(lower.form), about).toBeLessThanOrEqual(unrolled.depth);
    }
    if (exact !== undefined)
      expect(verifyCertificate(printCertificate(proof.certificate!), system)).toMatchObject({ ok: true });
  });
});
