/** Sizes worth looking at, and exact counts there. */
import { sizeProblems } from "../checks/sizes";
import { smallSizes } from "../checks/small-sizes";
import type { CostModel } from "../equations/cost";
import { evaluateIndex, IndexFault } from "../equations/evaluate-index";
import type { IndexExpr, Sizes, System } from "../equations/system";
import { type Unrolled, unroller } from "../unroll/unroll";

const SAMPLE_LIMIT = 20_000;
const SAMPLE_BUDGET = 100_000;

/** Both models, counted on the whole graph. */
export interface SampledFigures {
  readonly sizes: Sizes;
  readonly steps: Unrolled;
  readonly ops: Unrolled;
}

/** Most operands that the samples of one model look at. */
const SAMPLE_OPERANDS = 5_000_000;

/** Samples of both models at small sizes, within a budget of instances. */
export function sampleFigures(system: System): SampledFigures[] {
  const found: SampledFigures[] = [];
  let budget = SAMPLE_BUDGET;
  const within = (model: CostModel) => unroller(system, { model, operands: SAMPLE_OPERANDS });
  const [inSteps, inOps] = [within("steps"), within("ops")];
  const rank = system.sizes.length;
  const candidates = smallSizes(
    system,
    rank <= 1 ? 40 : rank === 2 ? 11 : rank === 3 ? 7 : 5,
    rank <= 1 ? 40 : 90,
  );
  // Sizes that differ by much tell logarithms apart from constants.
  for (const far of [13, 17, 33]) {
    for (const s of system.sizes) {
      const base = candidates[candidates.length - 1];
      if (rank > 1 && base !== undefined) candidates.push({ ...base, [s.name]: far });
    }
  }
  for (const sizes of candidates) {
    if (budget <= 0 && found.length >= 8) break;
    if (sizeProblems(system, sizes).length > 0) continue;
    const steps = inSteps(sizes, SAMPLE_LIMIT);
    if (!steps.ok) continue;
    const ops = inOps(sizes, SAMPLE_LIMIT);
    if (!ops.ok) continue;
    budget -= 2 * steps.result.instances + steps.result.work + ops.result.work;
    found.push({ sizes, steps: steps.result, ops: ops.result });
  }
  return found;
}

/** Graphs larger than this are not shown unasked. */
const SHOWN_LIMIT = 60_000;

/** About how many instances there are: each bound at the far ends of those before it. */
export function roughInstances(system: System, sizes: Sizes): number {
  const count = (dims: System["families"][number]["dims"]): number => {
    const [low, high] = [new Map(Object.entries(sizes)), new Map(Object.entries(sizes))];
    return dims.reduce((product, d) => {
      const lo = evaluateIndex(d.lo, (n) => low.get(n) ?? 0);
      const hi = evaluateIndex(d.hi, (n) => high.get(n) ?? 0);
      low.set(d.index, lo);
      high.set(d.index, hi - 1);
      return product * Math.max(0, hi - lo);
    }, 1);
  };
  try {
    return system.families.reduce((sum, f) => sum + count(f.dims), 0);
  } catch (error) {
    if (error instanceof IndexFault) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/**
 * Sizes to show when none are asked for: as near to 8 as `where` and the room for the graph allow. A size that `where` keeps
 * below another (`w <= n`) is half of it where that is allowed: at w = n most such tasks are degenerate.
 */
export function defaultSizes(system: System): Sizes | undefined {
  const lesser = keptBelow(system);
  for (const n of [8, 6, 5, 4, 3, 2, 7, 9, 10, 12, 16])
    for (const below of [Math.ceil(n / 2), n]) {
      const sizes = Object.fromEntries(
        system.sizes.map(({ name, kind }) => {
          const at = lesser.has(name) ? below : n;
          return [name, kind === "const" ? Math.min(at, 2) : at];
        }),
      );
      if (sizeProblems(system, sizes).length === 0 && roughInstances(system, sizes) <= SHOWN_LIMIT)
        return sizes;
    }
  const small = smallSizes(system, 12, 60);
  return small[small.length - 1];
}

/** Sizes that a constraint says to be at most another one, give or take a constant. */
function keptBelow(system: System): ReadonlySet<string> {
  const size = (e: IndexExpr): string | undefined => {
    if (e.kind === "size") return e.name;
    return (e.kind === "add" || e.kind === "sub") && e.right.kind === "integer" ? size(e.left) : undefined;
  };
  const comparisons = system.constraints.length === 1 ? system.constraints[0]! : [];
  return new Set(
    comparisons.flatMap(({ op, left, right }) => {
      const [a, b] = [size(left), size(right)];
      return (op === "<" || op === "<=") && a !== undefined && b !== undefined && a !== b ? [a] : [];
    }),
  );
}
