/**
 * Work in closed form: what `unroll.ts` counts, summed symbolically over all instances, for all sizes.
 *
 * Every equation gives *weights*: regions of its index space with what an instance costs there. Weights of a family are
 * summed over its ranges, weights of all families are added and written as cases of sizes.
 */

import { isAlways, negated } from "../equations/conditions";
import { type CostModel, combiningWork, componentWidth, isFree, scalarOperations } from "../equations/cost";
import { printCondition } from "../equations/print";
import type { Condition, Expr, Family, Fold, Reduce, System } from "../equations/system";
import { add, constantOf, number, scale, single, size, subtract } from "../symbolic/atoms";
import { closedSum, disjointCells } from "../symbolic/cells";
import type { ClosedForm } from "../symbolic/closed-form";
import { effort } from "../symbolic/effort";
import { signOf } from "../symbolic/rational";
import {
  atLeastZero,
  type Fact,
  factsOfDims,
  implies,
  isEmpty,
  opposite,
  regionsOf,
  straightened,
} from "../symbolic/region";
import { Budget, gather, NotSummable, sumOver, type Weighted } from "../symbolic/sum";

/** Work for all sizes: summed exactly, bounded from above, or neither, with the reason. */
export type WorkResult =
  | { readonly kind: "exact"; readonly form: ClosedForm; readonly families: readonly FamilyWork[] }
  /** A guard was left out: every instance counts as the dearest. */
  | {
      readonly kind: "upper";
      readonly form: ClosedForm;
      readonly why: string;
      readonly families: readonly FamilyWork[];
    }
  | { readonly kind: "none"; readonly why: string };

interface FamilyWork {
  readonly family: string;
  readonly exact: boolean;
  readonly form: ClosedForm;
}

/** Facts that `where` gives: only a conjunction gives any; sizes are naturals besides. */
export function contextOf(system: System): Fact[] {
  const [only, ...more] = system.constraints;
  const where = only === undefined || more.length > 0 ? [[]] : regionsOf(only);
  return [...system.sizes.map((s) => atLeastZero(size(s.name))), ...(where.length === 1 ? where[0]! : [])];
}

/** Questions for one family, and what all may cost together (`symbolic/effort.ts`). */
const QUESTIONS = 3000;
const COST = 60_000_000;

/** The total cost of all instances, for all sizes. `cost`: the most that finding it may cost, in units of `symbolic/effort.ts`. */
export function workOf(system: System, model: CostModel, cost = COST): WorkResult {
  const context = contextOf(system);
  const families: FamilyWork[] = [];
  const end = effort.spent + cost;
  let whole: Weighted[] = [];
  let why: string | undefined;
  try {
    for (const family of system.families) {
      if (family.pieces.length === 0) continue;
      let weights: Weighted[];
      let exact = true;
      // For each family anew: many families are not harder than one.
      let budget = new Budget(QUESTIONS, end - effort.spent);
      try {
        weights = sumOver(family.dims, weightsOf(family, model, context, budget), context, budget);
      } catch (error) {
        if (!(error instanceof NotSummable)) throw error;
        why ??= `family \`${family.name}\`: ${error.message}`;
        exact = false;
        budget = new Budget(QUESTIONS, end - effort.spent);
        weights = sumOver(family.dims, boundsOf(family, model, context, budget), context, budget);
      }
      whole = gather([...whole, ...weights]);
      families.push({ family: family.name, exact, form: closedSum(weights, context, budget) });
    }
    const form = closedSum(whole, context, new Budget(QUESTIONS, end - effort.spent));
    return why === undefined ? { kind: "exact", form, families } : { kind: "upper", form, why, families };
  } catch (error) {
    if (!(error instanceof NotSummable)) throw error;
    return { kind: "none", why: why ?? error.message };
  }
}

/** A region of the index space and what is there, in a list of disjoint ones. */
interface Part<T> {
  readonly facts: readonly Fact[];
  readonly value: T;
}

/** The cost of an instance by region; regions are disjoint. */
export function weightsOf(
  family: Family,
  model: CostModel,
  context: readonly Fact[],
  budget: Budget,
): Weighted[] {
  const inside = [...context, ...factsOfDims(family.dims)];
  return byCases(family.pieces, inside, model, budget);
}

/** At least the cost of an instance, whatever its guards say: the dearest equation. */
function boundsOf(family: Family, model: CostModel, context: readonly Fact[], budget: Budget): Weighted[] {
  const inside = [...context, ...factsOfDims(family.dims)];
  const costs = family.pieces.map((p) =>
    model === "steps" ? [{ facts: [], value: single }] : operations(p.value, inside, budget),
  );
  const constants = costs.map((c) => (c.length === 1 ? constantOf(c[0]!.value) : undefined));
  if (constants.some((c) => c === undefined))
    // Costs of all equations together are no less than the dearest.
    return costs.flat();
  const most = constants.reduce((a, b) =>
    signOf(b!) > 0 && Number(b!.numerator) > Number(a!.numerator) ? b : a,
  );
  return [{ facts: [], value: number(most!) }];
}

/** Values under guards that are tried in order. Cases at the end that cost the same everywhere are one: their guards are not looked at. */
function byCases(
  cases: readonly { readonly guard: Condition; readonly value: Expr }[],
  known: readonly Fact[],
  model: CostModel,
  budget: Budget,
): Weighted[] {
  const plain = cases.map((c) => constantCost(c.value, model));
  let last = cases.length - 1;
  while (last > 0 && plain[last] !== undefined && plain[last] === plain[last - 1]) last--;
  let regions: Fact[][] = [[]];
  const found: Weighted[] = [];
  const take = (places: readonly Fact[][], k: number): void => {
    for (const facts of places) {
      if (plain[k] !== undefined) found.push({ facts, value: number(plain[k]) });
      else
        for (const w of costOf(cases[k]!.value, model, [...known, ...facts], budget))
          found.push({ facts: [...facts, ...w.facts], value: w.value });
    }
  };
  for (let k = 0; k < last; k++) {
    const { holds, fails } = split(regions, cases[k]!.guard, known, budget);
    take(holds, k);
    regions = fails;
  }
  // Some guard holds at every instance: what is left is the last.
  take(regions, last);
  return found.filter((w) => w.value.terms.length > 0);
}

const costOf = (e: Expr, model: CostModel, known: readonly Fact[], budget: Budget): Weighted[] =>
  model === "steps"
    ? gates(e, known, budget).map((p) => ({ facts: p.facts, value: number(p.value) }))
    : operations(e, known, budget);

/** The cost of an expression that costs the same at every instance, by its form. */
function constantCost(e: Expr, model: CostModel): number | undefined {
  if (model === "steps") {
    switch (e.kind) {
      case "constant":
      case "index-value":
        return 0;
      case "read":
        return e.at.every((s) => s.kind === "static") ? 0 : 1;
      case "component":
        return constantCost(e.of, model);
      case "apply":
        return isFree(e.op, e.args[0]!) ? constantCost(e.args[0]!, model) : 1;
      case "select":
      case "table":
        return 1;
      default:
        return undefined;
    }
  }
  const sums = scalarOperations(e);
  return sums.varying.length === 0 ? sums.fixed : undefined;
}

/** Whether every instance is known to cost the same in both models. */
export const sameCosts = (system: System): boolean =>
  system.families.every((f) => f.pieces.every((p) => costsAlike(p.value)));
const costsAlike = (e: Expr): boolean => {
  if (e.kind === "choose") return e.cases.every((c) => costsAlike(c.value));
  const [steps, ops] = [constantCost(e, "steps"), constantCost(e, "ops")];
  return steps !== undefined && steps === ops;
};

/** Regions in which a condition holds and those in which it does not, all disjoint. */
export function split(
  regions: readonly (readonly Fact[])[],
  guard: Condition,
  known: readonly Fact[],
  budget: Budget,
): { readonly holds: Fact[][]; readonly fails: Fact[][] } {
  let open: Fact[][] = regions.map((r) => [...r]);
  if (isAlways(guard)) return { holds: open, fails: [] };
  const holds: Fact[][] = [];
  for (const all of guard) {
    const next: Fact[][] = [];
    for (const region of open) {
      // One comparison after another; what fails one is left to the other disjuncts.
      let inside: Fact[][] = [region];
      for (const c of all) {
        const kept: Fact[][] = [];
        for (const facts of inside) {
          budget.spend(`the guard ${printCondition([[c]])}`);
          const here = [...known, ...facts];
          for (const [side] of regionsOf([c])) {
            if (implies(here, side!)) kept.push(facts);
            else if (!isEmpty([...here, side!])) kept.push([...facts, side!]);
          }
          for (const [side] of regionsOf([negated(c)])) {
            if (isEmpty([...here, side!])) continue;
            next.push(implies(here, side!) ? facts : [...facts, side!]);
          }
        }
        inside = kept;
      }
      holds.push(...inside);
    }
    open = next;
  }
  return { holds, fails: open };
}

// steps: a gate or a wire

function gates(e: Expr, known: readonly Fact[], budget: Budget): Part<0 | 1>[] {
  const all = (value: 0 | 1): Part<0 | 1>[] => [{ facts: [], value }];
  switch (e.kind) {
    case "constant":
    case "index-value":
      return all(0);
    case "read":
      return all(e.at.every((s) => s.kind === "static") ? 0 : 1);
    case "component":
      return gates(e.of, known, budget);
    case "vector":
      return e.components.reduce<Part<0 | 1>[]>(
        (parts, c) =>
          parts.flatMap((p) =>
            p.value === 1
              ? [p]
              : gates(c, [...known, ...p.facts], budget).map((q) => ({
                  facts: [...p.facts, ...q.facts],
                  value: q.value,
                })),
          ),
        all(0),
      );
    case "choose":
      return toGates(byCases(e.cases, known, "steps", budget), known, budget);
    case "operand":
      return all(0);
    case "reduce":
    case "fold": {
      if (e.dataFilter !== undefined) return all(1);
      if (e.kind === "reduce" && (e.op === "argmin" || e.op === "argmax")) return all(1);
      const body = e.kind === "fold" ? e.bodies[e.position]! : e.body;
      const inner = gates(body, [...known, ...factsOfDims(e.dims)], budget);
      const first = inner[0];
      if (inner.every((p) => p.value === 1)) return countAtLeast(e, 1, known, budget);
      if (first === undefined || inner.every((p) => p.value === 0)) return countAtLeast(e, 2, known, budget);
      // A single operand counts as what it is.
      return countAtLeast(e, 2, known, budget).flatMap((p): Part<0 | 1>[] => {
        if (p.value === 1) return [p];
        const here = [...known, ...p.facts];
        const ones = inner.filter((q) => q.value === 1).map((q) => ({ facts: q.facts, value: single }));
        const sum = sumOver(e.dims, filtered(e, ones, here, budget), here, budget);
        return toGates(disjointCells(sum, here, budget), here, budget).map((q) => ({
          facts: [...p.facts, ...q.facts],
          value: q.value,
        }));
      });
    }
    case "apply":
      return isFree(e.op, e.args[0]!) ? gates(e.args[0]!, known, budget) : all(1);
    case "select":
    case "table":
      return all(1);
  }
}

/** Weights that are 0 or 1, disjoint: where none is said it is 0. */
function toGates(weights: readonly Weighted[], known: readonly Fact[], budget: Budget): Part<0 | 1>[] {
  return disjointCells(weights, known, budget).map((c) => {
    const value = constantOf(c.value);
    if (value === undefined || value.denominator !== 1n || value.numerator < 0n || value.numerator > 1n)
      throw new NotSummable("whether an equation is a gate depends on a count");
    return { facts: c.facts, value: value.numerator === 1n ? 1 : 0 };
  });
}

/** The operands' regions: weights of a body restricted to a reduction's filter. */
function filtered(
  e: Pick<Reduce, "dims" | "filter">,
  weights: readonly Weighted[],
  known: readonly Fact[],
  budget: Budget,
): Weighted[] {
  const here = [...known, ...factsOfDims(e.dims)];
  const { holds } = split([[]], e.filter, here, budget);
  return holds.flatMap((facts) => weights.map((w) => ({ facts: [...facts, ...w.facts], value: w.value })));
}

/** How many operands a reduction has, by disjoint regions. */
function operandCount(e: Reduce | Fold, known: readonly Fact[], budget: Budget): Weighted[] {
  const points = filtered(e, [{ facts: [], value: single }], known, budget);
  return disjointCells(sumOver(e.dims, points, known, budget), known, budget).map((c) => ({ ...c }));
}

/** 1 where there are at least so many operands. */
function countAtLeast(
  e: Reduce | Fold,
  least: number,
  known: readonly Fact[],
  budget: Budget,
): Part<0 | 1>[] {
  return operandCount(e, known, budget).flatMap(({ facts, value }): Part<0 | 1>[] => {
    const here = [...known, ...facts];
    const enough = straightened(atLeastZero(subtract(value, number(least))), here);
    if (implies(here, enough)) return [{ facts, value: 1 }];
    if (isEmpty([...here, enough])) return [{ facts, value: 0 }];
    return [
      { facts: [...facts, enough], value: 1 },
      ...opposite(enough).map((f): Part<0 | 1> => ({ facts: [...facts, f], value: 0 })),
    ];
  });
}

// ops: scalar operations

/** Weights of the scalar operations; they add up. */
function operations(root: Expr, known: readonly Fact[], budget: Budget): Weighted[] {
  const { fixed, varying } = scalarOperations(root);
  return [
    ...(fixed > 0 ? [{ facts: [], value: number(fixed) }] : []),
    ...varying.flatMap((e) =>
      e.kind === "choose" ? byCases(e.cases, known, "ops", budget) : reduction(e, known, budget),
    ),
  ];
}

function reduction(e: Reduce | Fold, known: readonly Fact[], budget: Budget): Weighted[] {
  const width = e.kind === "fold" ? e.monoid.types.length : componentWidth(e);
  const inside = [...known, ...factsOfDims(e.dims)];
  const { holds } = split([[]], e.filter, inside, budget);
  const body = holds.flatMap((facts) => {
    const here = [...inside, ...facts];
    return [
      ...(e.kind === "fold" ? e.bodies : [e.body]).flatMap((b) => operations(b, here, budget)),
      ...(e.dataFilter === undefined
        ? []
        : [...operations(e.dataFilter, here, budget), { facts: [], value: number(width) }]),
    ].map((w) => ({ facts: [...facts, ...w.facts], value: w.value }));
  });
  // k − 1 operators where k >= 2, and whatever the table says beyond.
  const one = e.kind === "fold" ? combiningWork(e, 2) : width;
  const extra = combiningWork(e, 2) - one;
  const operators = operandCount(e, known, budget).flatMap(({ facts, value }): Weighted[] => {
    const less = scale(subtract(value, single), one);
    const here = [...known, ...facts];
    const least = straightened(atLeastZero(subtract(value, number(extra > 0 ? 2 : 1))), here);
    if (isEmpty([...here, least])) return [];
    const guarded = implies(here, least) ? facts : [...facts, least];
    return [{ facts: guarded, value: extra > 0 ? add(less, number(extra)) : less }];
  });
  return [...sumOver(e.dims, body, known, budget), ...operators];
}
