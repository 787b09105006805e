/** Small sizes that satisfy `where`, smallest total first: where counterexamples are looked for. */
import { holds, IndexFault } from "../equations/evaluate-index";
import type { Sizes, System } from "../equations/system";

/** At most `count` assignments, each size at most `most`. Deterministic. */
export function smallSizes(system: System, most: number, count: number): Sizes[] {
  const names = system.sizes.map((s) => s.name);
  const found: Sizes[] = [];
  const fits = (sizes: Sizes): boolean => {
    try {
      return holds(system.constraints, (n) => sizes[n] ?? 0);
    } catch (error) {
      if (error instanceof IndexFault) return false;
      throw error;
    }
  };
  let tried = 0;
  for (
    let total = 0;
    total <= most * Math.max(1, names.length) && found.length < count && tried < 50_000;
    total++
  ) {
    const walk = (k: number, left: number, chosen: number[]): void => {
      if (found.length >= count || tried >= 50_000) return;
      if (k === names.length) {
        tried++;
        if (left > 0) return;
        const sizes = Object.fromEntries(names.map((n, j) => [n, chosen[j]!]));
        if (fits(sizes)) found.push(sizes);
        return;
      }
      const last = k === names.length - 1;
      for (let v = last ? left : 0; v <= Math.min(left, most); v++) walk(k + 1, left - v, [...chosen, v]);
    };
    walk(0, total, []);
    if (names.length === 0) break;
  }
  return found;
}
