/** Random sizes far beyond those that forms are fitted to. */
import {
  type CostModel,
  type Sizes,
  type System,
  sizeProblems,
  type Unrolled,
  unroll,
} from "@fathom/compiler";
import fc from "fast-check";
import { fuzzSeed } from "./fuzz";

/** `FATHOM_FUZZ_SEED` draws others. */
export const SEED = fuzzSeed(20_261_125);

const LIMIT = 60_000;
const WANTED = 4;

/** Whole graphs at random sizes that `where` allows, small ones where large ones have too many instances. */
export function farGraphs(
  system: System,
  model: CostModel,
): { readonly sizes: Sizes; readonly unrolled: Unrolled; readonly about: string }[] {
  const most =
    system.sizes.length <= 1 ? [150, 40, 12] : system.sizes.length === 2 ? [70, 25, 9] : [36, 12, 6];
  const one = fc.tuple(
    ...system.sizes.map((s) => (s.kind === "const" ? fc.nat(7) : fc.oneof(...most.map(fc.nat)))),
  );
  // One stream for each system, so that a new one in the corpus changes no other's sizes.
  const own = [...system.name].reduce((h, c) => (h * 31 + c.charCodeAt(0)) | 0, SEED);
  const found: ReturnType<typeof farGraphs> = [];
  const seen = new Set<string>();
  for (const values of fc.sample(one, { numRuns: 200, seed: own })) {
    const sizes = Object.fromEntries(system.sizes.map((s, k) => [s.name, values[k] as number]));
    const about = `${model} at ${JSON.stringify(sizes)} (FATHOM_FUZZ_SEED=${SEED})`;
    if (seen.has(about) || sizeProblems(system, sizes).length > 0) continue;
    seen.add(about);
    const made = unroll(system, sizes, { model, limit: LIMIT });
    if (made.ok && found.push({ sizes, unrolled: made.result, about }) >= WANTED) break;
  }
  return found;
}
