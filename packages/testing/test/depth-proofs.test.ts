import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  compileTask,
  type DepthProof,
  evaluateClosedForm,
  printCertificate,
  printFigure,
  proveDepth,
  type Sizes,
  type System,
  verifyCertificate,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { farGraphs, type Kernel, kernelToFathom, sharedData } from "../src/index";

const folder = sharedData("span");
const kernels: Kernel[] =
  folder === undefined ? [] : JSON.parse(readFileSync(join(folder, "kernels.json"), "utf8")).kernels;

const compiled = new Map<string, System>();
const systemOf = (kernel: Kernel): System => {
  let system = compiled.get(kernel.id);
  if (system === undefined) {
    const program = check("kernel.fathom", kernelToFathom(kernel));
    system = compileTask(program, program.tasks[0]!).system;
    compiled.set(kernel.id, system);
  }
  return system;
};
const depthAt = (proof: DepthProof, sizes: Sizes): string => {
  const value = evaluateClosedForm(proof.depth.exact!.form, (n) => BigInt(sizes[n]!));
  return value.denominator === 1n ? `${value.numerator}` : `${value.numerator}/${value.denominator}`;
};
const isProved = (proof: DepthProof): boolean => proof.depth.exact?.standing.kind === "proved";

describe.skipIf(folder === undefined)("depth of systems of recurrences, with proof", () => {
  const both = kernels.flatMap((k) => (["steps", "ops"] as const).map((m) => [k.id, m, k] as const));
  test.each(both)("%s in %s", (_, model, kernel) => {
    const system = systemOf(kernel);
    const proof = proveDepth(system, model);
    expect(isProved(proof), printFigure(proof.depth)).toBe(true);
    const wanted = (s: Kernel["samples"][number]) => (model === "steps" ? s.U : (s.B ?? s.U));
    for (const s of kernel.samples) {
      const sizes = Object.fromEntries(kernel.params.map((p, k) => [p, s.p[k]!]));
      // Figures of others, never our own.
      expect(depthAt(proof, sizes), JSON.stringify(sizes)).toBe(String(wanted(s)));
    }
    // Far beyond what was fitted.
    for (const { sizes, unrolled, about } of farGraphs(system, model))
      expect(depthAt(proof, sizes), about).toBe(String(unrolled.depth));
    const verdict = verifyCertificate(printCertificate(proof.certificate!), system);
    expect(verdict).toMatchObject({ ok: true, exact: true, model });
  });
});
