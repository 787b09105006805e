/**
 * Whether constraints contradict one another: the question that proofs ask most, so it has a tableau of its own. As in
 * `simplex.ts` the unknowns are the multipliers of a sum that is −1 (Farkas 1902), pivots are free of fractions, and doubles
 * carry whole numbers while every product fits 2^53; where one does not, `feasible` decides on BigInt.
 */
import { effort } from "./effort";
import type { Constraint } from "./linear";
import { type Rational, rational, zero } from "./rational";
import { feasible, type Multipliers } from "./simplex";

const LARGEST = Number.MAX_SAFE_INTEGER;
/** Pivots by largest coefficient before Bland's rule. */
const LARGEST_FIRST = 60;

/** Multipliers of a sum of the constraints that is −1; undefined where there is none, or none was found in `limit` pivots. */
export function contradiction(constraints: readonly Constraint[], limit: number): Multipliers | undefined {
  const fast = byDoubles(constraints, limit);
  if (fast !== "overflow") return fast;
  const result = feasible(constraints, limit);
  return result.kind === "empty" ? result.multipliers : undefined;
}

function byDoubles(constraints: readonly Constraint[], limit: number): Multipliers | undefined | "overflow" {
  // A row for each unknown and one for the constants; a column for each inequality, two for an equality.
  const place = new Map<number, number>();
  let columns = 0;
  for (const { form, equality } of constraints) {
    for (const v of form.terms.keys()) if (!place.has(v)) place.set(v, place.size);
    columns += equality ? 2 : 1;
  }
  const rows = place.size + 1;
  const width = columns + 1;
  // Then the row of reduced costs. Artificial columns are left out: what leaves the basis never comes back.
  const cells = new Float64Array((rows + 1) * width);
  const last = (rows - 1) * width;
  const costs = rows * width;
  let column = 0;
  for (const { form, equality } of constraints) {
    const constant = Number(form.constant);
    if (constant > LARGEST || constant < -LARGEST) return "overflow";
    cells[last + column] = -constant;
    if (equality) cells[last + column + 1] = constant;
    let sum = -constant;
    for (const [v, c] of form.terms) {
      const value = Number(c);
      if (value > LARGEST || value < -LARGEST) return "overflow";
      const at = place.get(v)! * width + column;
      cells[at] = value;
      if (equality) cells[at + 1] = -value;
      sum += value;
    }
    if (sum > LARGEST || sum < -LARGEST) return "overflow";
    cells[costs + column] = -sum;
    if (equality) cells[costs + column + 1] = sum;
    column += equality ? 2 : 1;
  }
  cells[last + columns] = 1;
  cells[costs + columns] = -1;

  const basis = new Int32Array(rows).fill(-1);
  let scale = 1;
  for (let pivots = 0; ; pivots++) {
    // The sum of what is missing is 0: the multipliers are found.
    if (cells[costs + columns] === 0) break;
    let entering = -1;
    let least = 0;
    for (let j = 0; j < columns; j++) {
      const c = cells[costs + j]!;
      if (c >= least) continue;
      entering = j;
      if (pivots > LARGEST_FIRST) break;
      least = c;
    }
    if (entering < 0) return undefined;
    let leaving = -1;
    for (let i = 0; i < rows; i++) {
      const c = cells[i * width + entering]!;
      if (c <= 0) continue;
      if (leaving < 0) {
        leaving = i;
        continue;
      }
      const x = cells[i * width + columns]! * cells[leaving * width + entering]!;
      const y = cells[leaving * width + columns]! * c;
      if (x > LARGEST || y > LARGEST) return "overflow";
      // Artificial ones go first, then the smallest column.
      if (x < y || (x === y && basis[i]! < basis[leaving]!)) leaving = i;
    }
    if (leaving < 0) return "overflow";
    if (pivots >= limit) return undefined;
    effort.spent += rows * width;
    const chosen = leaving * width;
    const p = cells[chosen + entering]!;
    for (let i = 0; i <= rows; i++) {
      if (i === leaving) continue;
      const line = i * width;
      const factor = cells[line + entering]!;
      if (factor === 0) {
        if (p === scale) continue;
        for (let j = 0; j < width; j++) {
          const a = cells[line + j]!;
          if (a === 0) continue;
          const product = a * p;
          if (product > LARGEST || product < -LARGEST) return "overflow";
          cells[line + j] = product / scale;
        }
        continue;
      }
      for (let j = 0; j < width; j++) {
        const a = cells[line + j]! * p;
        const b = factor * cells[chosen + j]!;
        const sum = a - b;
        // A rounded product is beyond the limit too, so nothing inexact passes.
        if (a > LARGEST || a < -LARGEST || b > LARGEST || b < -LARGEST || sum > LARGEST || sum < -LARGEST)
          return "overflow";
        cells[line + j] = sum / scale;
      }
    }
    scale = p;
    basis[leaving] = entering;
  }

  const value = new Float64Array(columns);
  for (let i = 0; i < rows; i++) if (basis[i]! >= 0) value[basis[i]!] = cells[i * width + columns]!;
  column = 0;
  return constraints.map(({ equality }): Rational => {
    const own = value[column]! - (equality ? value[column + 1]! : 0);
    column += equality ? 2 : 1;
    return own === 0 ? zero : rational(BigInt(own), BigInt(scale));
  });
}
