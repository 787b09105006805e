/** Small sizes that satisfy `where`, smallest total first: where counterexamples are looked for. */
import * as build from "../equations/build";
import { holds, IndexFault } from "../equations/evaluate-index";
import type { Sizes, System } from "../equations/system";
import { casesOf, Facts } from "../symbolic/constraints";

/** Totals and assignments looked at in one search. */
const TRIES = 50_000;

/**
 * At most `count` assignments, each size at most `most`; a size that `where` keeps above half of that goes as far again
 * beyond its least value. Deterministic.
 */
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
  const least = leastSizes(system);
  const room = least.map((l) => (2 * l <= most ? most - l : Math.ceil(most / 2)));
  const totals = room.reduce((a, b) => a + b, 0);
  let tried = 0;
  for (let total = 0; total <= totals && found.length < count && tried < TRIES; total++) {
    const walk = (k: number, left: number, chosen: number[]): void => {
      if (found.length >= count || tried >= TRIES) return;
      if (k === names.length) {
        tried++;
        if (left > 0) return;
        const sizes = Object.fromEntries(names.map((n, j) => [n, least[j]! + chosen[j]!]));
        if (fits(sizes)) found.push(sizes);
        return;
      }
      const last = k === names.length - 1;
      for (let v = last ? left : 0; v <= Math.min(left, room[k]!); v++) walk(k + 1, left - v, [...chosen, v]);
    };
    walk(0, total, []);
    if (names.length === 0) break;
  }
  return found;
}

const known = new WeakMap<System, readonly number[]>();

/** A number for each size that it is never below, by linear programming on `where`; 0 where that says nothing. */
function leastSizes(system: System): readonly number[] {
  let least = known.get(system);
  if (least === undefined) {
    const cases = casesOf([{ condition: system.constraints, wanted: true }]).map((all) => {
      const facts = new Facts(system);
      facts.assume(all);
      return facts;
    });
    least = system.sizes.map(({ name }) =>
      cases.length === 0 ? 0 : Math.min(...cases.map((facts) => facts.least(build.size(name)))),
    );
    known.set(system, least);
  }
  return least;
}
