/** Closed forms out of sums: disjoint cells of sizes, joined where their values agree, written as cases. */
import * as build from "../equations/build";
import type { Comparison, Condition, IndexExpr } from "../equations/system";
import {
  add,
  affineIn,
  allAtoms,
  atomOf,
  clearDenominators,
  constantOf,
  dependsOn,
  nothing,
  number,
  scale,
  single,
  substitute,
  subtract,
} from "./atoms";
import { type ClosedForm, closed, printClosedForm } from "./closed-form";
import { effort } from "./effort";
import { atomsOf, type Polynomial, polynomialKey, type Term, variable } from "./polynomial";
import { absolute, over, type Rational, rational, signOf, times } from "./rational";
import {
  atLeastZero,
  atMost,
  below,
  equalsZero,
  type Fact,
  factKey,
  implies,
  isEmpty,
  opposite,
  withoutRedundant,
} from "./region";
import { type Budget, NotSummable, type Weighted } from "./sum";

export interface Cell {
  /** Beyond the context. */
  readonly facts: readonly Fact[];
  readonly value: Polynomial;
}

/** Most cells of one value that are made fewer. */
const MOST_JOINED = 8;
/** What making cells fewer may cost (`effort.ts`); what is not joined by then stays apart, and as right. */
const JOINING = 10_000_000;
/** Most cells a sum may fall into at the end. */
const MOST_CELLS = 160;

/**
 * Disjoint cells that cover the context, with the sum of what holds in each: one piece after another, split only where it is
 * open whether a piece holds. Cells of equal value are not yet joined.
 */
export function disjointCells(pieces: readonly Weighted[], context: readonly Fact[], budget: Budget): Cell[] {
  const cells: Cell[] = [];
  const walk = (
    facts: readonly Fact[],
    settled: ReadonlyMap<string, boolean>,
    from: number,
    sum: Polynomial,
  ): void => {
    const known = [...context, ...facts];
    const here = new Map(settled);
    let value = sum;
    next: for (let k = from; k < pieces.length; k++) {
      for (const f of pieces[k]!.facts) {
        const key = factKey(f);
        let holds = here.get(key);
        if (holds === undefined) {
          budget.spend("the sum");
          if (implies(known, f)) holds = true;
          else if (isEmpty([...known, f])) holds = false;
          else {
            walk([...facts, f], new Map(here).set(key, true), k, value);
            here.set(key, false);
            for (const g of opposite(f)) if (!isEmpty([...known, g])) walk([...facts, g], here, k, value);
            return;
          }
          here.set(key, holds);
        }
        if (!holds) continue next;
      }
      value = add(value, pieces[k]!.value);
    }
    if (cells.length >= MOST_CELLS) throw new NotSummable("the sum falls into too many cases");
    cells.push({ facts, value });
  };
  walk([], new Map(), 0, nothing);
  return cells;
}

/**
 * Cells with as few values as possible: a cell whose value another cell's form gives too takes that form. The cell that
 * covers most comes last.
 */
function joinCells(
  cells: readonly Cell[],
  context: readonly Fact[],
): { readonly value: Polynomial; readonly cells: readonly (readonly Fact[])[] }[] {
  const equalities = (c: Cell): number => c.facts.filter((f) => f.equality).length;
  const weight = (c: Cell): number => 100 * equalities(c) + c.facts.length;
  const general = [...cells].sort(
    (a, b) => weight(a) - weight(b) || b.value.terms.length - a.value.terms.length,
  );
  const end = effort.spent + JOINING;
  const open = (): boolean => effort.spent < end;
  const values: Polynomial[] = [];
  const groups = new Map<string, { value: Polynomial; cells: Cell[] }>();
  for (const cell of general) {
    const known = [...context, ...cell.facts];
    const same = values.find((v) => open() && sameOn(known, v, cell.value));
    const value = same ?? (open() ? atConstants(known, cell.value) : cell.value);
    if (same === undefined) values.push(value);
    const key = polynomialKey(value);
    const group = groups.get(key) ?? { value, cells: [] };
    group.cells.push(open() ? { ...cell, facts: withoutRedundant(cell.facts, context) } : cell);
    groups.set(key, group);
  }
  // A group whose cells all have the value of another too is part of that one.
  for (const [key, small] of groups) {
    if (!open()) break;
    const other = [...groups.values()].find(
      (g) => g !== small && small.cells.every((c) => sameOn([...context, ...c.facts], g.value, c.value)),
    );
    if (other === undefined) continue;
    other.cells.push(...small.cells);
    groups.delete(key);
  }
  return [...groups.values()]
    .map(({ value, cells }) => ({
      value,
      cells: joined(
        cells.map((c) => c.facts),
        context,
        open,
      ),
    }))
    .sort((a, b) => (b.cells.length > a.cells.length ? -1 : 1));
}

/** The same region in fewer and simpler cells: a fact goes where what lies beyond it is in the region too. */
function joined(
  cells: readonly (readonly Fact[])[],
  context: readonly Fact[],
  open: () => boolean,
): (readonly Fact[])[] {
  const left = [...cells];
  if (left.length < 2 || left.length > MOST_JOINED) return left;
  const inside = (region: readonly Fact[], k: number): boolean =>
    left.some((other, j) => j !== k && other.every((f) => implies(region, f)));
  for (let k = 0; k < left.length; k++) {
    for (const f of left[k]!) {
      if (!open()) return left;
      const rest = left[k]!.filter((g) => g !== f);
      const [below, above] = opposite(f).map((g) => {
        const region = [...context, ...rest, g];
        return isEmpty(region) || inside(region, k);
      });
      if (below && above !== false) left[k] = rest;
      // Of an equality one side may go.
      else if (below) left[k] = [...rest, atLeastZero(scale(f.form, -1))];
      else if (above) left[k] = [...rest, atLeastZero(f.form)];
    }
  }
  for (let k = left.length - 1; k >= 0; k--) if (inside([...context, ...left[k]!], k)) left.splice(k, 1);
  return left;
}

/** Puts in the sizes that facts fix to a number. */
function atConstants(known: readonly Fact[], value: Polynomial): Polynomial {
  const by = new Map<string, Polynomial>();
  for (const key of atomsOf(value)) {
    if (atomOf(key).kind !== "size") continue;
    for (const f of known) {
      const parts = affineIn(f.form, key);
      const at = parts === undefined || signOf(parts.coefficient) === 0 ? undefined : constantOf(parts.rest);
      if (at === undefined) continue;
      const exact = number(over(at, times(rational(-1), parts!.coefficient)));
      if (implies(known, equalsZero(subtract(variable(key), exact)))) by.set(key, exact);
    }
  }
  return substitute(value, by);
}

/** Whether two forms agree under facts: as polynomials, or once the equalities among them are put in. */
function sameOn(known: readonly Fact[], a: Polynomial, b: Polynomial): boolean {
  let difference = subtract(a, b);
  if (difference.terms.length === 0) return true;
  // n >= 1 and n <= 1 is n = 1.
  for (const key of allAtoms([difference])) {
    if (atomOf(key).kind !== "size") continue;
    const at = known.flatMap((f) => {
      const parts = affineIn(f.form, key);
      return parts === undefined || absolute(parts.coefficient.numerator) !== 1n
        ? []
        : [scale(parts.rest, signOf(parts.coefficient) > 0 ? -1 : 1)];
    });
    const exact = at.find(
      (v) => !dependsOn(v, key) && implies(known, equalsZero(subtract(variable(key), v))),
    );
    if (exact === undefined) continue;
    difference = substitute(difference, new Map([[key, exact]]));
    if (difference.terms.length === 0) return true;
  }
  return implies(known, equalsZero(difference));
}

// To and from closed forms

/** Throws `NotSummable` on a quotient by something that is neither a number nor a power of two: such a form has no name. */
function toClosed(a: Polynomial): ClosedForm {
  return closed.add(
    ...a.terms.map((t) =>
      closed.mul(
        closed.constant(t.coefficient),
        ...t.powers.flatMap(([key, k]) => new Array<ClosedForm>(k).fill(atomToClosed(key))),
      ),
    ),
  );
}

function atomToClosed(key: string): ClosedForm {
  const atom = atomOf(key);
  switch (atom.kind) {
    case "size":
      return closed.size(atom.name);
    case "index":
      return closed.index(/^\d/.test(atom.name) ? boundName(atom.name) : atom.name);
    case "floor": {
      const [term, ...more] = atom.by.terms;
      if (term === undefined || more.length > 0) throw new NotSummable(`${key} has no closed form`);
      let quotient = closed.scale(toClosed(atom.of), { ...flip(term.coefficient) });
      for (const [k, power] of term.powers) {
        const inner = atomOf(k);
        if (inner.kind !== "pow2") throw new NotSummable(`${key} has no closed form`);
        const exponent = closed.scale(toClosed(inner.of), rational(-power));
        quotient = closed.mul(quotient, closed.pow2(exponent));
      }
      return closed.floor(quotient);
    }
    case "log2":
      return closed.log2(toClosed(atom.of));
    case "pow2":
      return closed.pow2(toClosed(atom.of));
    case "min":
      return closed.min(...atom.of.map(toClosed));
    case "max":
      return closed.max(...atom.of.map(toClosed));
    case "sum":
      return closed.sum(
        boundName(atom.index),
        toClosed(atom.lo),
        toClosed(add(atom.hi, single)),
        toClosed(atom.body),
      );
  }
}

const flip = (c: Rational): Rational => rational(c.denominator, c.numerator);
/** Bound indices are numbered; readers get letters. */
const boundName = (number: string): string => {
  const names = ["k", "l", "m"];
  const k = Number(number);
  return names[k] ?? `k${k}`;
};

/** A whole-valued polynomial with whole coefficients as a static expression; undefined where it has no such form. */
function toIndex(a: Polynomial): IndexExpr | undefined {
  let sum: IndexExpr = build.integer(0);
  for (const t of a.terms) {
    let product: IndexExpr = build.integer(1);
    for (const [key, k] of t.powers) {
      const factor = atomToIndex(key);
      if (factor === undefined) return undefined;
      for (let j = 0; j < k; j++) product = build.mul(product, factor);
    }
    const c = Number(absolute(t.coefficient.numerator));
    const term = c === 1 ? product : build.mul(build.integer(c), product);
    sum = signOf(t.coefficient) > 0 ? build.add(sum, term) : build.sub(sum, term);
  }
  return sum;
}

function atomToIndex(key: string): IndexExpr | undefined {
  const atom = atomOf(key);
  const via = (a: Polynomial, make: (e: IndexExpr) => IndexExpr): IndexExpr | undefined => {
    const e = toIndex(a);
    return e === undefined ? undefined : make(e);
  };
  switch (atom.kind) {
    case "size":
      return build.size(atom.name);
    case "index":
      return build.index(atom.name);
    case "floor":
      return via(atom.of, (of) => via(atom.by, (by) => build.div(of, by)) ?? of);
    case "log2":
      return via(atom.of, build.log2);
    case "pow2":
      return via(atom.of, build.pow2);
    case "min":
    case "max":
      return via(atom.of[0], (a) => via(atom.of[1], (b) => build.indexOperators[atom.kind](a, b)) ?? a);
    case "sum":
      return undefined;
  }
}

/** A fact as a comparison, positive terms on either side. */
function comparisonOf({ form, equality }: Fact): Comparison {
  const whole = clearDenominators(equality ? form : withoutFloor(form));
  const side = (sign: 1 | -1): Polynomial =>
    scale({ terms: whole.terms.filter((t: Term) => signOf(t.coefficient) === sign) }, sign);
  const [left, right] = [toIndex(side(-1)), toIndex(side(1))];
  if (left === undefined || right === undefined) throw new NotSummable("a case has no name");
  return { op: equality ? "==" : "<=", left, right };
}

/** floor(x / k) − c >= 0 is x − k·c >= 0, and c − floor(x / k) >= 0 is k·c + k − 1 − x >= 0. */
export function withoutFloor(form: Polynomial): Polynomial {
  for (const t of form.terms) {
    const [first] = t.powers;
    if (first === undefined || t.powers.length > 1 || first[1] > 1) continue;
    const atom = atomOf(first[0]);
    const k = atom.kind === "floor" ? constantOf(atom.by) : undefined;
    if (atom.kind !== "floor" || k === undefined || absolute(t.coefficient.numerator) !== 1n) continue;
    const rest = scale(subtract(form, { terms: [t] }), k);
    return signOf(t.coefficient) > 0
      ? add(atom.of, rest)
      : add(subtract(rest, atom.of), subtract(number(k), single));
  }
  return form;
}

/** `if a <= b { b } else { a }` and the like: v where g >= 0, else w, with v − w = ±g or ±(g + 1). */
function asExtreme(
  guard: readonly (readonly Fact[])[],
  v: Polynomial,
  w: Polynomial,
): ClosedForm | undefined {
  const [[fact, ...more] = [], ...others] = guard;
  if (fact === undefined || more.length + others.length > 0 || fact.equality) return undefined;
  const difference = subtract(v, w);
  for (const g of [fact.form, add(fact.form, single)]) {
    if (subtract(difference, g).terms.length === 0) return closed.max(toClosed(v), toClosed(w));
    if (add(difference, g).terms.length === 0) return closed.min(toClosed(v), toClosed(w));
  }
  return undefined;
}

/**
 * Of two values that meet, `T + s - 2` up to s = 2 and `T` beyond: where they differ at one size only, that size is the case, and
 * the value there is told from the other by a number, or by another size: `L*n + 5*L` up to n = 2 and `7*L` beyond.
 */
function asStep(
  [small, large]: readonly Group[],
  context: readonly Fact[],
  numbers: boolean,
): ClosedForm | undefined {
  const [cell, ...more] = small!.cells;
  const [v, w] = [small!.value, large!.value];
  if (cell === undefined || more.length > 0) return undefined;
  if (!numbers && [v, w].some((x) => constantOf(x) !== undefined)) return undefined;
  for (const differs of [below(v, w), below(w, v)]) {
    const known = [...context, ...cell, differs];
    if (isEmpty(known)) continue;
    const value = atConstants(known, v);
    const gone = (key: string): boolean => !dependsOn(value, key) && !dependsOn(w, key);
    const fixed = atomsOf(v).some((key) => atomOf(key).kind === "size" && gone(key));
    if (!fixed && constantOf(subtract(value, w)) === undefined) return undefined;
    const facts = withoutRedundant([...cell, differs], context);
    return closed.cases([
      { guard: [facts.map(comparisonOf)], value: toClosed(value) },
      { guard: build.always, value: toClosed(w) },
    ]);
  }
  return undefined;
}

type Group = ReturnType<typeof joinCells>[number];
/** A longer minimum or maximum is harder to read than cases. */
const SHORT = 40;

/** One minimum or maximum of two of the values, where that is each cell's value. */
function asOneExtreme(groups: readonly Group[], context: readonly Fact[]): ClosedForm | undefined {
  if (groups.length < 2 || groups.length > 3 || groups.some((g) => g.cells.length > 4)) return undefined;
  const values = groups.map((g) => g.value);
  for (const [k, a] of values.entries())
    for (const b of values.slice(k + 1))
      for (const kind of ["min", "max"] as const) {
        const is = (known: readonly Fact[], v: Polynomial, x: Polynomial, y: Polynomial): boolean =>
          sameOn(known, v, x) && implies(known, kind === "min" ? atMost(x, y) : atMost(y, x));
        const everywhere = groups.every((g) =>
          g.cells.every((facts) => {
            const known = [...context, ...facts];
            return is(known, g.value, a, b) || is(known, g.value, b, a);
          }),
        );
        if (!everywhere) continue;
        const made = closed[kind](toClosed(a), toClosed(b));
        if (printClosedForm(made).length <= SHORT) return made;
      }
  return undefined;
}

/** Two bounds that meet are one equality. */
function meeting(facts: readonly Fact[]): Fact[] {
  const kept: Fact[] = [];
  for (const f of facts) {
    const other = kept.findIndex((g) => !g.equality && !f.equality && add(f.form, g.form).terms.length === 0);
    if (other < 0) kept.push(f);
    else kept[other] = equalsZero(kept[other]!.form);
  }
  return kept;
}

/**
 * The sum of weights over sizes alone as a closed form: one case for each value. Two values that meet are written as a minimum or
 * maximum, as `extremes`; as `steps` only where they differ at more than one size.
 */
export function closedSum(
  pieces: readonly Weighted[],
  context: readonly Fact[],
  budget: Budget,
  style: "extremes" | "steps" | "cases" = "extremes",
): ClosedForm {
  const groups = joinCells(disjointCells(pieces, context, budget), context);
  if (groups.length === 0) return closed.constant(0);
  if (groups.length === 2) {
    const step = asStep(groups, context, style !== "extremes");
    if (step !== undefined) return step;
    const extreme =
      style !== "cases" ? asExtreme(groups[0]!.cells, groups[0]!.value, groups[1]!.value) : undefined;
    if (extreme !== undefined) return extreme;
  }
  const extreme = style !== "cases" ? asOneExtreme(groups, context) : undefined;
  if (extreme !== undefined) return extreme;
  // What an earlier case denies a later one need not say.
  let failed: readonly Fact[] = [];
  return closed.cases(
    groups.map((g, k) => {
      const value = toClosed(g.value);
      if (k === groups.length - 1) return { guard: build.always, value };
      const cells = g.cells.map((facts) => meeting(withoutRedundant(facts, [...context, ...failed])));
      const [only, ...more] = g.cells;
      const [fact, ...others] = only ?? [];
      if (fact !== undefined && !fact.equality && more.length + others.length === 0)
        failed = [...failed, ...opposite(fact)];
      return { guard: cells.map((facts) => facts.map(comparisonOf)) as Condition, value };
    }),
  );
}
