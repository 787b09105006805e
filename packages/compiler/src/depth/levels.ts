/** What proved levels say of whole tasks: the largest level of a family, and how many instances share a level. */

import type { LevelPiece } from "../../certificate-checker/obligations";
import type { CostModel } from "../equations/cost";
import type { Family, System } from "../equations/system";
import {
  add,
  constantOf,
  floorOfQuotient,
  fromIndex,
  index,
  indexKey,
  number,
  scale,
  single,
  substitute,
  subtract,
} from "../symbolic/atoms";
import { disjointCells } from "../symbolic/cells";
import { printClosedForm } from "../symbolic/closed-form";
import { branchesOf } from "../symbolic/compare";
import { type Maximum, maximumOver } from "../symbolic/maximum";
import type { Polynomial } from "../symbolic/polynomial";
import {
  atLeastZero,
  equalsZero,
  type Fact,
  factsOfDims,
  implies,
  isEmpty,
  straightened,
  substituteFact,
} from "../symbolic/region";
import {
  Budget,
  LONGEST_PERIOD,
  NotSummable,
  periodOf,
  resolve,
  sumOver,
  type Weighted,
} from "../symbolic/sum";
import { contextOf, split, weightsOf } from "./work";

export type Found = Maximum & { readonly why?: string | undefined };

/** Questions to the prover for one figure, and what they may cost (`symbolic/effort.ts`). */
const STEPS = 400;
const COST = 8_000_000;
/** A form with more text than this is for nobody to read: the bounds are told instead. */
const READABLE = 160;

/** The largest level in a family whose levels are known by cases. */
export function largestLevel(system: System, family: Family, pieces: readonly LevelPiece[]): Found {
  const context = contextOf(system);
  return attempt((budget) =>
    maximumOver(
      levelsOf(family, pieces, context, budget),
      family.dims.map((d) => indexKey(d.index)),
      context,
      budget,
    ),
  );
}

/** Most instances of positive cost on one level, from the levels of all families by cases. */
export function widthOf(
  system: System,
  model: CostModel,
  levels: ReadonlyMap<string, readonly LevelPiece[]>,
): Found {
  const context = contextOf(system);
  return attempt((budget) => {
    const level = index(LEVEL);
    const here: readonly Fact[] = [...context, atLeastZero(level)];
    const counts: Weighted[] = [];
    const corners: Polynomial[] = [];
    for (const family of system.families) {
      if (family.pieces.length === 0) continue;
      const active = activeRegions(family, model, context, budget);
      if (active.length === 0) continue;
      const own = levels.get(family.name);
      if (own === undefined) throw new NotSummable(`the levels of \`${family.name}\` are not proved`);
      for (const facts of active)
        for (const l of levelsOf(family, own, context, budget, facts)) {
          const on: Weighted = {
            facts: [...l.facts, equalsZero(subtract(l.value, level))],
            value: single,
          };
          counts.push(...sumOver(family.dims, [on], here, budget));
          corners.push(...cornersOf(family, l.value));
        }
    }
    const key = indexKey(LEVEL);
    const period = periodOf(counts, key);
    if (period > LONGEST_PERIOD) throw new NotSummable(`levels have a period of ${period}`);
    // Levels that advance in strides are told apart by their residues.
    const pieces = Array.from({ length: period }, (_, r) => {
      const by = new Map([[key, add(scale(level, period), number(r))]]);
      const moved = counts.map((c) => ({
        facts: c.facts.map((f) => substituteFact(f, by)),
        value: substitute(c.value, by),
      }));
      const cells = disjointCells(moved, here, budget).filter((c) => c.value.terms.length > 0);
      return cells.map((c) => ({ ...c, facts: [...c.facts, atLeastZero(level)] }));
    });
    const ends = corners.map((c) => floorOfQuotient(c, number(period)));
    return maximumOver(pieces.flat(), [key], context, budget, ends);
  });
}

/** Levels at the first and the last corner of a family: places where a count may be looked at. */
function cornersOf(family: Family, level: Polynomial): Polynomial[] {
  return (["lo", "hi"] as const).map((end) =>
    [...family.dims].reverse().reduce((value, d) => {
      const at = end === "lo" ? fromIndex(d.lo) : subtract(fromIndex(d.hi), single);
      return substitute(value, new Map([[indexKey(d.index), at]]));
    }, level),
  );
}

/** The level as an index that no program can name. */
const LEVEL = "level of instances";

function attempt(find: (budget: Budget) => Maximum): Found {
  try {
    const found = find(new Budget(STEPS, COST));
    return found.exact !== undefined && printClosedForm(found.exact).length > READABLE
      ? { why: "the greatest value falls into many cases" }
      : found;
  } catch (error) {
    if (error instanceof NotSummable) return { why: error.message };
    throw error;
  }
}

/** Levels as polynomials over disjoint regions of a family. */
function levelsOf(
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
      for (const b of branchesOf(p.form, [...context, ...facts], budget))
        found.push({ facts: [...facts, ...b.facts], value: b.value });
    open = fails;
  }
  return found;
}

/** Disjoint regions of the instances whose cost is positive. */
function activeRegions(
  family: Family,
  model: CostModel,
  context: readonly Fact[],
  budget: Budget,
): (readonly Fact[])[] {
  const weights = weightsOf(family, model, context, budget);
  const known = [...context, ...factsOfDims(family.dims)];
  const whole = weights.find((w) => w.facts.length === 0 && (constantOf(w.value)?.numerator ?? 0n) > 0n);
  if (whole !== undefined) return [[]];
  return disjointCells(weights, known, budget).flatMap(({ facts, value }): (readonly Fact[])[] => {
    if (value.terms.length === 0) return [];
    const here = [...known, ...facts];
    const some = straightened(atLeastZero(subtract(value, number(1))), here);
    if (implies(here, some)) return [facts];
    return isEmpty([...here, some]) ? [] : [[...facts, some]];
  });
}
