/** Certificates that were tampered with are rejected, or what they then claim is still true. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CostModel,
  compileTask,
  evaluateClosedForm,
  formOfPieces,
  printCertificate,
  printSystem,
  proveDepth,
  type System,
  sampleFigures,
  verifyCertificate,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../src/index";

const programs = ["edit-distance", "parity", "prefix-sum", "matrix-product", "value-iteration"];
const systems: System[] = programs.flatMap((name) => {
  const folder = join(projectRoot, "examples", name);
  const file = readdirSync(folder).find((f) => f.endsWith(".fathom"))!;
  const program = check(file, readFileSync(join(folder, file), "utf8"));
  return program.tasks.map((t) => compileTask(program, t).system);
});

/** Bounded from both sides, not exactly. */
const bounded = (() => {
  const text = readFileSync(join(projectRoot, "corpus/depth/strides-and-halves.fathom"), "utf8");
  const program = check("strides-and-halves.fathom", text);
  return compileTask(program, program.tasks.find((t) => t.name.text === "Stride6TwoStarts")!).system;
})();

interface Made {
  readonly system: System;
  readonly model: CostModel;
  readonly text: string;
}
const certificates: Made[] = [...systems, bounded].flatMap((system) =>
  (["steps", "ops"] as const).flatMap((model) => {
    const { certificate } = proveDepth(system, model);
    return certificate === undefined ? [] : [{ system, model, text: printCertificate(certificate) }];
  }),
);

/** Every place of a JSON value: how to change what is there. */
function places(
  root: unknown,
): { readonly value: unknown; readonly set: (v: unknown) => void; readonly path: string }[] {
  const found: { value: unknown; set: (v: unknown) => void; path: string }[] = [];
  const visit = (v: unknown, path: string): void => {
    if (typeof v !== "object" || v === null) return;
    const holder = v as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      const at = `${path}.${key}`;
      // The equations are bound to the program by comparison; that is tested apart.
      if (path === "" && key === "system") continue;
      found.push({
        value: holder[key],
        set: (x) => {
          holder[key] = x;
        },
        path: at,
      });
      visit(holder[key], at);
    }
  };
  visit(root, "");
  return found;
}

describe("certificates", () => {
  test("there are some in both models", () => expect(certificates.length).toBeGreaterThanOrEqual(10));

  test("all are accepted as they are, and only for their own program", () => {
    for (const { system, text } of certificates) {
      const verdict = verifyCertificate(text, system);
      expect(verdict).toMatchObject({ ok: true, exact: system !== bounded });
      if (system === bounded) expect(verdict).toHaveProperty("below", expect.any(Array));
      for (const other of systems)
        if (printSystem(other) !== printSystem(system))
          expect(verifyCertificate(text, other)).toMatchObject({ ok: false });
    }
  });

  test("a thousand mutations: each is rejected, or claims what is still true", () => {
    const figures = new Map([...systems, bounded].map((s) => [s, sampleFigures(s)]));
    let [rejected, kept] = [0, 0];
    const mutation = fc.tuple(
      fc.nat(certificates.length - 1),
      fc.nat(),
      fc.constantFrom("add", "negate", "swap", "drop", "zero", "other"),
      fc.nat(),
    );
    fc.assert(
      fc.property(mutation, ([which, where, how, other]) => {
        const { system, model, text } = certificates[which]!;
        const json: unknown = JSON.parse(text);
        const all = places(json);
        const place = all[where % all.length]!;
        const value = place.value;
        const replaced = ((): unknown => {
          switch (how) {
            case "add":
              return typeof value === "number"
                ? value + 1
                : typeof value === "string" && /^-?\d+$/.test(value)
                  ? String(BigInt(value) + 1n)
                  : [value];
            case "negate":
              return typeof value === "number"
                ? -value
                : typeof value === "boolean"
                  ? !value
                  : typeof value === "string"
                    ? `-${value}`
                    : null;
            case "swap":
              return all[other % all.length]!.value;
            case "drop":
              return Array.isArray(value) ? value.slice(0, -1) : undefined;
            case "zero":
              return typeof value === "string" ? "0" : 0;
            default:
              return Array.isArray(value) ? [...value].reverse() : "log2";
          }
        })();
        if (replaced !== null && typeof replaced === "object" && JSON.stringify(replaced) === undefined)
          return;
        place.set(replaced);
        let changed: string;
        try {
          changed = JSON.stringify(json);
        } catch {
          return; // swapped into itself
        }
        const verdict = verifyCertificate(changed, system);
        if (!verdict.ok) {
          rejected++;
          return;
        }
        kept++;
        const form = formOfPieces(verdict.depth);
        for (const s of figures.get(system)!) {
          const claimed = Number(evaluateClosedForm(form, (n) => BigInt(s.sizes[n]!)).numerator);
          const depth = s[verdict.model].depth;
          const below = verdict.below === undefined ? undefined : formOfPieces(verdict.below);
          if (below !== undefined)
            expect(
              Number(evaluateClosedForm(below, (n) => BigInt(s.sizes[n]!)).numerator),
              place.path,
            ).toBeLessThanOrEqual(depth);
          if (verdict.exact) expect(claimed, place.path).toBe(depth);
          else expect(claimed, place.path).toBeGreaterThanOrEqual(depth);
        }
        expect(["steps", "ops"]).toContain(model);
      }),
      { numRuns: 1000 },
    );
    // Most places matter.
    expect(rejected).toBeGreaterThan(500);
    expect(rejected + kept).toBeGreaterThan(900);
  });
});
