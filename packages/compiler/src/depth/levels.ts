/** What proved levels say of whole families: their levels by regions, and the largest. */

import type { LevelPiece } from "../../certificate-checker/obligations";
import type { Family, System } from "../equations/system";
import { indexKey, single } from "../symbolic/atoms";
import { printClosedForm } from "../symbolic/closed-form";
import { branchesOf } from "../symbolic/compare";
import { type Maximum, maximumOver } from "../symbolic/maximum";
import { readable } from "../symbolic/readable";
import { type Fact, factsOfDims } from "../symbolic/region";
import { Budget, NotSummable, resolve, type Weighted } from "../symbolic/sum";
import { contextOf, split } from "./work";

export type Found = Maximum & { readonly why?: string | undefined };

/** Questions to the prover for the largest level of a family, and what they may cost (`symbolic/effort.ts`). */
const STEPS = 400;
const COST = 1_000_000;
/** A form with more text than this is for nobody to read: the bounds are told instead. */
const READABLE = 160;

/** The largest level in a family whose levels are known by cases. */
export function largestLevel(system: System, family: Family, pieces: readonly LevelPiece[]): Found {
  const context = contextOf(system);
  return attempt((budget) =>
    maximumOver(
      regionsOfLevels(family, pieces, context, budget),
      family.dims.map((d) => indexKey(d.index)),
      context,
      budget,
    ),
  );
}

/** Looks for a figure within a budget; what stands in the way where it is not found. */
export function attempt(find: (budget: Budget) => Maximum, budget = new Budget(STEPS, COST)): Found {
  try {
    const found = find(budget);
    return found.exact !== undefined && printClosedForm(found.exact).length > READABLE
      ? { why: "the greatest value falls into many cases" }
      : found;
  } catch (error) {
    if (error instanceof NotSummable) return { why: error.message };
    throw error;
  }
}

/** Levels as polynomials over disjoint regions of a family. */
export function regionsOfLevels(
  family: Family,
  pieces: readonly LevelPiece[],
  context: readonly Fact[],
  budget: Budget,
  within: readonly Fact[] = [],
): Weighted[] {
  const dims = factsOfDims(family.dims);
  const found: Weighted[] = [];
  const start = resolve({ facts: [...dims, ...within], value: single }, context, budget);
  let open: (readonly Fact[])[] = start.map((w) => w.facts);
  for (const p of pieces) {
    const { holds, fails } = split(open, [p.guard], context, budget);
    for (const facts of holds)
      for (const b of branchesOf(readable(p.form, [...context, ...facts]), [...context, ...facts], budget))
        found.push({ facts: [...facts, ...b.facts], value: b.value });
    open = fails;
  }
  return found;
}
