/**
 * Exact rational linear programming with certificates. The programs here are small (a few dozen constraints), so this is
 * the two-phase tableau method with fraction-free pivots (Edmonds 1967; Bareiss 1968): the tableau holds whole
 * numerators over one common denominator, and every division is exact. Doubles carry the numerators as long as
 * every product fits 2^53; where one does not, the program starts again on BigInt. Both are exact.
 *
 * Questions about `{ x : g_i(x) >= 0 }` are put as their duals, whose unknowns are the multipliers of the constraints.
 * So an answer *is* its certificate (Farkas 1902): a combination of the constraints that anyone can add up.
 */
import { effort } from "./effort";
import type { Constraint, LinearForm } from "./linear";
import { scaleForm } from "./linear";
import { plus, type Rational, rational, times, zero } from "./rational";

/** Pivots by largest coefficient before Bland's rule, which cannot cycle, takes over. */
const LARGEST_FIRST = 200;
/** Pivots in all, by default: then the answer is "exhausted". Every caller must be ready for that. */
const PIVOTS = 20_000;

/** The tableau: constraint rows, then one row of reduced costs for each phase; the last column is the right-hand side. */
interface Tableau {
  /** Makes `column` basic in `row`; false where the numbers grew too large for this kind of tableau. */
  pivot(row: number, column: number): boolean;
  sign(row: number, column: number): number;
  /** A column below `limit` whose reduced cost is negative, or −1. */
  entering(row: number, limit: number, bland: boolean): number;
  /** The row of the ratio test, smallest basic column first among equals, or −1. */
  leaving(column: number, rows: number, basis: readonly number[]): number;
  numerator(row: number, column: number): bigint;
  denominator(): bigint;
}

const LARGEST = Number.MAX_SAFE_INTEGER;

class DoubleTableau implements Tableau {
  private scale = 1;
  constructor(private readonly rows: Float64Array[]) {}

  pivot(row: number, column: number): boolean {
    const { rows, scale } = this;
    const chosen = rows[row]!;
    const width = chosen.length;
    if (chosen[column]! < 0) for (let j = 0; j < width; j++) chosen[j] = -chosen[j]!;
    const p = chosen[column]!;
    for (let i = 0; i < rows.length; i++) {
      if (i === row) continue;
      const line = rows[i]!;
      const factor = line[column]!;
      if (factor === 0 && p === scale) continue;
      for (let j = 0; j < width; j++) {
        const a = line[j]! * p;
        const b = factor * chosen[j]!;
        const sum = a - b;
        // A rounded product is beyond the limit too, so nothing inexact passes.
        if (a > LARGEST || a < -LARGEST || b > LARGEST || b < -LARGEST || sum > LARGEST || sum < -LARGEST)
          return false;
        line[j] = sum / scale;
      }
    }
    this.scale = p;
    return true;
  }
  sign(row: number, column: number): number {
    return this.rows[row]![column]!;
  }
  entering(row: number, limit: number, bland: boolean): number {
    const line = this.rows[row]!;
    let best = -1;
    let least = 0;
    for (let j = 0; j < limit; j++) {
      if (line[j]! >= least) continue;
      best = j;
      if (bland) break;
      least = line[j]!;
    }
    return best;
  }
  leaving(column: number, rows: number, basis: readonly number[]): number {
    const last = this.rows[0]!.length - 1;
    let best = -1;
    for (let i = 0; i < rows; i++) {
      const c = this.rows[i]![column]!;
      if (c <= 0) continue;
      if (best < 0) {
        best = i;
        continue;
      }
      let x = this.rows[i]![last]! * this.rows[best]![column]!;
      let y = this.rows[best]![last]! * c;
      if (x > LARGEST || y > LARGEST) {
        const [exactX, exactY] = [
          BigInt(this.rows[i]![last]!) * BigInt(this.rows[best]![column]!),
          BigInt(this.rows[best]![last]!) * BigInt(c),
        ];
        [x, y] = exactX < exactY ? [0, 1] : exactX > exactY ? [1, 0] : [0, 0];
      }
      if (x < y || (x === y && basis[i]! < basis[best]!)) best = i;
    }
    return best;
  }
  numerator(row: number, column: number): bigint {
    return BigInt(this.rows[row]![column]!);
  }
  denominator(): bigint {
    return BigInt(this.scale);
  }
}

class BigTableau implements Tableau {
  private scale = 1n;
  constructor(private readonly rows: bigint[][]) {}

  pivot(row: number, column: number): boolean {
    const { rows, scale } = this;
    const chosen = rows[row]!;
    const width = chosen.length;
    effort.large += rows.length * width;
    if (chosen[column]! < 0n) for (let j = 0; j < width; j++) chosen[j] = -chosen[j]!;
    const p = chosen[column]!;
    for (let i = 0; i < rows.length; i++) {
      if (i === row) continue;
      const line = rows[i]!;
      const factor = line[column]!;
      if (factor === 0n && p === scale) continue;
      for (let j = 0; j < width; j++) line[j] = (line[j]! * p - factor * chosen[j]!) / scale;
    }
    this.scale = p;
    return true;
  }
  sign(row: number, column: number): number {
    const n = this.rows[row]![column]!;
    return n < 0n ? -1 : n > 0n ? 1 : 0;
  }
  entering(row: number, limit: number, bland: boolean): number {
    const line = this.rows[row]!;
    let best = -1;
    let least = 0n;
    for (let j = 0; j < limit; j++) {
      if (line[j]! >= least) continue;
      best = j;
      if (bland) break;
      least = line[j]!;
    }
    return best;
  }
  leaving(column: number, rows: number, basis: readonly number[]): number {
    const last = this.rows[0]!.length - 1;
    let best = -1;
    for (let i = 0; i < rows; i++) {
      const c = this.rows[i]![column]!;
      if (c <= 0n) continue;
      if (best < 0) {
        best = i;
        continue;
      }
      const x = this.rows[i]![last]! * this.rows[best]![column]!;
      const y = this.rows[best]![last]! * c;
      if (x < y || (x === y && basis[i]! < basis[best]!)) best = i;
    }
    return best;
  }
  numerator(row: number, column: number): bigint {
    return this.rows[row]![column]!;
  }
  denominator(): bigint {
    return this.scale;
  }
}

/** Least cost · x over `x >= 0` with matrix · x = right. */
export interface StandardProgram {
  /** One row for each equation. */
  readonly matrix: readonly (readonly bigint[])[];
  readonly right: readonly bigint[];
  readonly cost: readonly bigint[];
}

/** Whole numbers over a common positive denominator. */
interface Vector {
  readonly numerators: readonly bigint[];
  readonly denominator: bigint;
}

export type StandardResult =
  /** `dual · matrix <= cost` and `dual · right = value`: nothing is cheaper. */
  | { readonly kind: "optimal"; readonly solution: Vector; readonly dual: Vector; readonly value: Rational }
  /** `dual · matrix <= 0` but `dual · right > 0`: no solution. */
  | { readonly kind: "infeasible"; readonly dual: Vector }
  /** `ray >= 0`, `matrix · ray = 0` and `cost · ray < 0`: there is a solution, and from there no end. */
  | { readonly kind: "unbounded"; readonly ray: Vector }
  | { readonly kind: "exhausted" };

/** With `small`, a program whose numbers grow beyond doubles is given up as exhausted. */
export function solveStandard(program: StandardProgram, limit = PIVOTS, small = false): StandardResult {
  const quick = attempt(program, limit, doubleTableau(program));
  if (quick !== undefined) return quick;
  return small ? { kind: "exhausted" } : attempt(program, limit, bigTableau(program))!;
}

/** The first tableau, rows turned so that no right-hand side is negative: by BigInt. */
function bigTableau({ matrix, right, cost }: StandardProgram): BigTableau {
  const [m, n] = [matrix.length, cost.length];
  const first: bigint[] = new Array<bigint>(n + m + 1).fill(0n);
  const rows = matrix.map((line, i) => {
    const turned = right[i]! < 0n ? -1n : 1n;
    const row = new Array<bigint>(n + m + 1).fill(0n);
    for (let j = 0; j < n; j++) {
      row[j] = turned * line[j]!;
      first[j] = first[j]! - row[j]!;
    }
    row[n + i] = 1n;
    row[n + m] = turned * right[i]!;
    first[n + m] = first[n + m]! - row[n + m]!;
    return row;
  });
  return new BigTableau([...rows, first, [...cost, ...new Array<bigint>(m + 1).fill(0n)]]);
}

/** The same by doubles; undefined where something does not fit. */
function doubleTableau({ matrix, right, cost }: StandardProgram): DoubleTableau | undefined {
  const [m, n] = [matrix.length, cost.length];
  let fits = true;
  const double = (x: bigint): number => {
    const d = Number(x);
    if (d > LARGEST || d < -LARGEST) fits = false;
    return d;
  };
  const first = new Float64Array(n + m + 1);
  const rows = matrix.map((line, i) => {
    const turned = right[i]! < 0n ? -1 : 1;
    const row = new Float64Array(n + m + 1);
    for (let j = 0; j < n; j++) {
      if (line[j] === 0n) continue;
      row[j] = turned * double(line[j]!);
      first[j]! -= row[j]!;
    }
    row[n + i] = 1;
    row[n + m] = turned * double(right[i]!);
    first[n + m]! -= row[n + m]!;
    return row;
  });
  const second = new Float64Array(n + m + 1);
  for (let j = 0; j < n; j++) second[j] = double(cost[j]!);
  fits &&= first.every((x) => Math.abs(x) <= LARGEST);
  return fits ? new DoubleTableau([...rows, first, second]) : undefined;
}

/** Runs both phases; undefined where the tableau overflowed. */
function attempt(
  { right, cost }: StandardProgram,
  limit: number,
  tableau: Tableau | undefined,
): StandardResult | undefined {
  if (tableau === undefined) return undefined;
  const [m, n] = [right.length, cost.length];
  const basis = right.map((_, i) => n + i);
  let pivots = 0;
  // Undefined: overflow.
  const minimise = (costs: number): "done" | "exhausted" | number | undefined => {
    for (;;) {
      const column = tableau.entering(costs, n, pivots > LARGEST_FIRST);
      if (column < 0) return "done";
      const row = tableau.leaving(column, m, basis);
      if (row < 0) return column;
      if (++pivots > limit) return "exhausted";
      if (!tableau.pivot(row, column)) return undefined;
      basis[row] = column;
    }
  };
  const turned = (i: number, y: bigint): bigint => (right[i]! < 0n ? -y : y);

  const first = minimise(m);
  if (first === undefined) return undefined;
  if (first === "exhausted") return { kind: "exhausted" };
  if (tableau.sign(m, n + m) < 0) {
    const denominator = tableau.denominator();
    const numerators = right.map((_, i) => turned(i, denominator - tableau.numerator(m, n + i)));
    return { kind: "infeasible", dual: { numerators, denominator } };
  }
  // Artificial columns that stay basic are 0: put others in their place, or the row says nothing.
  for (let i = 0; i < m; i++) {
    if (basis[i]! < n) continue;
    for (let j = 0; j < n; j++) {
      if (tableau.sign(i, j) === 0) continue;
      if (!tableau.pivot(i, j)) return undefined;
      basis[i] = j;
      break;
    }
  }
  const second = minimise(m + 1);
  if (second === undefined) return undefined;
  if (second === "exhausted") return { kind: "exhausted" };
  const denominator = tableau.denominator();
  if (typeof second === "number") {
    const numerators = new Array<bigint>(n).fill(0n);
    numerators[second] = denominator;
    basis.forEach((j, i) => {
      if (j < n) numerators[j] = -tableau.numerator(i, second);
    });
    return { kind: "unbounded", ray: { numerators, denominator } };
  }
  const solution = new Array<bigint>(n).fill(0n);
  basis.forEach((j, i) => {
    if (j < n) solution[j] = tableau.numerator(i, n + m);
  });
  return {
    kind: "optimal",
    solution: { numerators: solution, denominator },
    dual: {
      numerators: right.map((_, i) => turned(i, -tableau.numerator(m + 1, n + i))),
      denominator,
    },
    value: rational(-tableau.numerator(m + 1, n + m), denominator),
  };
}

// Questions about constraints

/** One for each constraint, in their order; not negative for inequalities. */
export type Multipliers = readonly Rational[];

export type Feasibility =
  | { readonly kind: "point"; readonly point: ReadonlyMap<number, Rational> }
  /** Σ multiplier · form is the constant −1, yet would have to be >= 0. */
  | { readonly kind: "empty"; readonly multipliers: Multipliers }
  | { readonly kind: "exhausted" };

export type Extremum =
  /** `value − form` (of a maximum; `form − value` of a minimum) is Σ multiplier · form of constraint, term by term. */
  | {
      readonly kind: "bounded";
      readonly value: Rational;
      readonly point: ReadonlyMap<number, Rational>;
      readonly multipliers: Multipliers;
    }
  | { readonly kind: "unbounded" }
  | { readonly kind: "empty"; readonly multipliers: Multipliers }
  | { readonly kind: "exhausted" };

/** Columns of the dual: one for an inequality, two of opposite sign for an equality. */
class Columns {
  readonly variables: number[] = [];
  private readonly place = new Map<number, number>();
  readonly columns: { readonly constraint: number; readonly sign: bigint }[] = [];

  constructor(
    private readonly constraints: readonly Constraint[],
    also?: LinearForm,
  ) {
    constraints.forEach(({ form, equality }, k) => {
      this.meet(form);
      this.columns.push({ constraint: k, sign: 1n });
      if (equality) this.columns.push({ constraint: k, sign: -1n });
    });
    if (also !== undefined) this.meet(also);
  }
  private meet(form: LinearForm): void {
    for (const v of form.terms.keys()) {
      if (this.place.has(v)) continue;
      this.place.set(v, this.variables.length);
      this.variables.push(v);
    }
  }
  /** Coefficients of each variable in each constraint. */
  matrix(): bigint[][] {
    const rows = this.variables.map(() => new Array<bigint>(this.columns.length).fill(0n));
    this.columns.forEach(({ constraint, sign }, j) => {
      for (const [v, c] of this.constraints[constraint]!.form.terms) rows[this.place.get(v)!]![j] = sign * c;
    });
    return rows;
  }
  constants(sign: bigint): bigint[] {
    return this.columns.map((c) => sign * c.sign * this.constraints[c.constraint]!.form.constant);
  }
  multipliers({ numerators, denominator }: Vector): Rational[] {
    const sums = this.constraints.map(() => 0n);
    this.columns.forEach(({ constraint, sign }, j) => {
      sums[constraint] = sums[constraint]! + sign * numerators[j]!;
    });
    return sums.map((n) => rational(n, denominator));
  }
  point(value: (place: number) => Rational): Map<number, Rational> {
    return new Map(this.variables.map((v, k) => [v, value(k)]));
  }
}

/** A rational point that satisfies all constraints, or the proof that there is none. */
export function feasible(constraints: readonly Constraint[], limit?: number): Feasibility {
  const columns = new Columns(constraints);
  // Multipliers that add up to −1: Σ λ a = 0 for every variable, Σ −λ b = 1.
  const program = {
    matrix: [...columns.matrix(), columns.constants(-1n)],
    right: [...columns.variables.map(() => 0n), 1n],
    cost: columns.columns.map(() => 0n),
  };
  const result = solveStandard(program, limit);
  switch (result.kind) {
    case "exhausted":
      return result;
    case "infeasible": {
      // For every constraint y · a − t b <= 0 with t > 0: the point −y / t satisfies it.
      const { numerators } = result.dual;
      const t = numerators[numerators.length - 1]!;
      return { kind: "point", point: columns.point((k) => rational(-numerators[k]!, t)) };
    }
    case "optimal":
      return { kind: "empty", multipliers: columns.multipliers(result.solution) };
    case "unbounded":
      throw new Error("a program without cost is unbounded");
  }
}

/** The greatest value of a form. Every bounded answer is attained at `point`. `small` as in `solveStandard`. */
export function maximise(
  form: LinearForm,
  constraints: readonly Constraint[],
  limit?: number,
  small = false,
): Extremum {
  const columns = new Columns(constraints, form);
  const program = {
    matrix: columns.matrix(),
    right: columns.variables.map((v) => -(form.terms.get(v) ?? 0n)),
    cost: columns.constants(1n),
  };
  const result = solveStandard(program, limit, small);
  switch (result.kind) {
    case "exhausted":
      return result;
    case "infeasible": {
      if (small) return { kind: "unbounded" };
      const inside = feasible(constraints, limit);
      return inside.kind === "point" ? { kind: "unbounded" } : inside;
    }
    case "unbounded": {
      // Σ λ a = 0 and Σ λ b < 0: scaled to −1.
      const { numerators } = result.ray;
      const sum = columns.constants(1n).reduce((s, c, j) => s + c * numerators[j]!, 0n);
      return { kind: "empty", multipliers: columns.multipliers({ numerators, denominator: -sum }) };
    }
    case "optimal": {
      const { numerators, denominator } = result.dual;
      return {
        kind: "bounded",
        value: plus(rational(form.constant), result.value),
        point: columns.point((k) => rational(-numerators[k]!, denominator)),
        multipliers: columns.multipliers(result.solution),
      };
    }
  }
}

/** The least value of a form. */
export function minimise(form: LinearForm, constraints: readonly Constraint[], limit?: number): Extremum {
  const result = maximise(scaleForm(form, -1n), constraints, limit);
  return result.kind === "bounded" ? { ...result, value: times(rational(-1), result.value) } : result;
}

/** `Σ multiplier · form`, for whoever checks a certificate by adding up. */
export function combination(
  constraints: readonly Constraint[],
  multipliers: Multipliers,
): { readonly constant: Rational; readonly terms: ReadonlyMap<number, Rational> } {
  let constant = zero;
  const terms = new Map<number, Rational>();
  constraints.forEach(({ form }, k) => {
    const by = multipliers[k]!;
    constant = plus(constant, times(by, rational(form.constant)));
    for (const [v, c] of form.terms) terms.set(v, plus(terms.get(v) ?? zero, times(by, rational(c))));
  });
  for (const [v, c] of terms) if (c.numerator === 0n) terms.delete(v);
  return { constant, terms };
}
