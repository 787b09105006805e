/** Elementary cellular automata in equations: which rule a bit family follows, exactly, or which rules where the rule is data. */
import { type Recurrence, valuesOfType } from "../algebra/recurrence";
import { add, integer, sub } from "../equations/build";
import { rewriteExpr } from "../equations/expressions";
import type { Expr, Family, IndexExpr, Piece, Read, System } from "../equations/system";
import { combine, factsOf, least, toAffine } from "../symbolic/affine";
import {
  admissibleRay,
  along,
  type Bindings,
  bound,
  delivered,
  isData,
  movesWith,
  offsetFrom,
  reachesAll,
  smallValue,
} from "./shape";

export interface ElementaryAutomaton {
  readonly family: Family;
  /** Wolfram's numbers of all rules it can follow; one unless the rule is an input. */
  readonly rules: readonly number[];
  /** What stands beyond the ends of a line, where cells neither wrap round nor shrink: a constant on each side that is read. */
  readonly borders: Borders | undefined;
  /** Steps and cells grow independently, the start is free and the last row is delivered: prediction reduces to it. */
  readonly predicts: boolean;
}

/** By the side: −1 is the left, 1 the right. */
export type Borders = ReadonlyMap<number, number>;

const MOST_RULES = 256;

/** The elementary automaton that a recurrence is, or undefined. */
export function elementaryAutomaton(
  system: System,
  r: Recurrence | undefined,
): ElementaryAutomaton | undefined {
  if (r === undefined || r.families.length !== 1 || r.reach !== "lags" || r.lags.join() !== "1")
    return undefined;
  const family = system.families.find((f) => f.name === r.families[0])!;
  const time = r.axis.get(family.name)!;
  if (family.type.kind !== "bit" || family.dims.length !== 2 || r.direction !== 1) return undefined;
  if (r.steps === undefined || r.steps.length !== 2) return undefined;
  const start = r.steps.find((s) => s.role === "start");
  const step = r.steps.find((s) => s.role === "step");
  if (start === undefined || step === undefined) return undefined;
  const cell = family.dims[1 - time]!;
  const row = family.dims[time]!;
  const from = start.value;
  const source = (x: Read) => system.families.find((f) => f.name === x.family);
  const free =
    from.kind === "read" &&
    isData(source(from)) &&
    from.at.length === 1 &&
    from.at[0]!.kind === "static" &&
    movesWith(from.at[0]!.value, cell.index);
  if (!free) return undefined;

  const { value, borders, ends } = withoutBorders(step.value, family, time);
  let [wraps, plain, bordered] = [false, false, false];
  /** −1, 0 or 1: the neighbour that is read. */
  const neighbour = (x: Read, inner: Bindings): number | undefined => {
    const [when, where] = [x.at[time]!, x.at[1 - time]!];
    if (when.kind !== "static" || where.kind !== "static" || offsetFrom(when.value, row.index) !== -1)
      return undefined;
    // Inside a reduction over a few neighbours the place depends on which.
    const place = bound(where.value, inner);
    const found = onRing(place, cell.index, cell.lo, cell.hi) ?? offsetFrom(place, cell.index);
    if (found === undefined || Math.abs(found) > 1) return undefined;
    if (place.kind === "mod") wraps = true;
    else if (ends.has(x)) bordered = true;
    else if (found !== 0) plain = true;
    return found;
  };

  // Depth first over the bits of a rule that is data: each look-up that is not yet decided splits in two.
  const rules = new Set<number>();
  const open: ReadonlyMap<string, number>[] = [new Map()];
  for (let given = open.pop(); given !== undefined; given = open.pop()) {
    if (rules.size + open.length > MOST_RULES) return undefined;
    const known = given;
    let missing: string | undefined;
    let rule = 0;
    let whole = true;
    for (let w = 0; w < 8; w++) {
      const v = smallValue(value, {
        read: (x, go, inner) => {
          if (x.family === family.name) {
            const n = neighbour(x, inner);
            return n === undefined ? undefined : (w >> (1 - n)) & 1;
          }
          if (!isData(source(x)) || source(x)!.type.kind !== "bit" || x.family === from.family)
            return undefined;
          // The same for all cells and steps: subscripts are numbers, or data worked out from the cells.
          const at = x.at.map((s) =>
            s.kind === "dynamic" ? go(s.value) : s.value.kind === "integer" ? s.value.value : undefined,
          );
          if (at.includes(undefined)) return undefined;
          const key = `${x.family} ${at.join(" ")}`;
          if (!known.has(key)) missing ??= key;
          return known.get(key);
        },
      });
      if (v === undefined) whole = false;
      else rule |= v << w;
    }
    if (whole) rules.add(rule);
    else if (missing === undefined) return undefined;
    else open.push(new Map(known).set(missing, 0), new Map(known).set(missing, 1));
  }
  if (Number(wraps) + Number(plain) + Number(bordered) > 1) return undefined;
  return {
    family,
    rules: [...rules].sort((a, b) => a - b),
    borders: bordered ? borders : undefined,
    predicts: (wraps || bordered) && predicts(system, family, time, bordered),
  };
}

/** `c[t-1, i-1] ?? 0` as the read that it is everywhere but at an end, and what stands beyond that end. */
function withoutBorders(
  root: Expr,
  family: Family,
  time: number,
): { readonly value: Expr; readonly borders: Borders; readonly ends: ReadonlySet<Read> } {
  const cell = family.dims[1 - time]!;
  const borders = new Map<number, number>();
  const ends = new Set<Read>();
  const value = rewriteExpr(root, (e) => {
    if (e.kind !== "choose" || e.cases.length !== 2) return undefined;
    const [inside, outside] = e.cases as [Piece, Piece];
    if (
      inside.value.kind !== "read" ||
      inside.value.family !== family.name ||
      outside.value.kind !== "constant"
    )
      return undefined;
    const where = inside.value.at[1 - time]!;
    const side = where.kind === "static" ? offsetFrom(where.value, cell.index) : undefined;
    if (side !== -1 && side !== 1) return undefined;
    // Everywhere but at the end the cell is read.
    const within =
      side < 0 ? { ...cell, lo: add(cell.lo, integer(1)) } : { ...cell, hi: sub(cell.hi, integer(1)) };
    const row = family.dims[time]!;
    const ranges = family.dims.map((d) => (d === cell ? within : { ...row, lo: add(row.lo, integer(1)) }));
    const always = inside.guard.some((all) =>
      all.every((x) => {
        const facts = factsOf(x);
        return facts.length > 0 && facts.every((f) => least(f, ranges, []) >= 0);
      }),
    );
    if (!always || (borders.get(side) ?? outside.value.value) !== outside.value.value) return undefined;
    borders.set(side, outside.value.value);
    ends.add(inside.value);
    return inside.value;
  });
  return { value, borders, ends };
}

/** A border is as if the line went on: cells beyond it that all hold its value keep it. */
export function keepsBorders(rule: number, borders: Borders): boolean {
  const next = (l: number, c: number, r: number) => (rule >> (4 * l + 2 * c + r)) & 1;
  return [...borders].every(([side, b]) =>
    [0, 1].every((x) => (side < 0 ? next(b, b, x) : next(x, b, b)) === b),
  );
}

const MOST_WINDOWS = 4_096;

/**
 * The modulus of a one-dimensional automaton whose new cell is a constant and multiples of cells around, modulo a number without
 * square factors; undefined for anything else. Exact: all values of the window are tried.
 */
export function affineModulus(system: System, r: Recurrence | undefined): number | undefined {
  if (r === undefined || r.families.length !== 1 || r.reach !== "lags" || r.lags.join() !== "1")
    return undefined;
  const family = system.families.find((f) => f.name === r.families[0])!;
  const m = valuesOfType(family.type);
  if (m === undefined || m < 2 || m > 60 || family.dims.length !== 2 || !isSquareFree(m)) return undefined;
  const time = r.axis.get(family.name)!;
  const [row, cell] = [family.dims[time]!, family.dims[1 - time]!];
  const [step, ...more] = r.steps?.filter((s) => s.role === "step") ?? [];
  if (step === undefined || more.length > 0 || r.steps!.some((s) => s.role === "reset")) return undefined;
  const seen = new Set<number>();
  const next = (values: ReadonlyMap<number, number>): number | undefined =>
    smallValue(step.value, {
      read: (x, _, inner) => {
        const [when, where] = [x.at[time]!, x.at[1 - time]!];
        if (x.family !== family.name || when.kind !== "static" || where.kind !== "static") return undefined;
        const place = bound(where.value, inner);
        const o = onRing(place, cell.index, cell.lo, cell.hi) ?? offsetFrom(place, cell.index);
        if (o === undefined || offsetFrom(when.value, row.index) !== (r.direction === 1 ? -1 : 1))
          return undefined;
        seen.add(o);
        return values.get(o) ?? 0;
      },
    });
  const constant = next(new Map());
  const offsets = [...seen];
  if (constant === undefined || offsets.length === 0 || m ** offsets.length > MOST_WINDOWS) return undefined;
  const factors = offsets.map((o) => next(new Map([[o, 1]])));
  if (factors.includes(undefined)) return undefined;
  for (let w = 0; w < m ** offsets.length; w++) {
    const values = offsets.map((_, k) => Math.floor(w / m ** k) % m);
    const sum = values.reduce((s, v, k) => s + (factors[k]! - constant) * v, constant);
    if (next(new Map(offsets.map((o, k) => [o, values[k]!]))) !== ((sum % m) + m) % m) return undefined;
  }
  return seen.size === offsets.length ? m : undefined;
}

function isSquareFree(m: number): boolean {
  for (let p = 2; p * p <= m; p++) if (m % (p * p) === 0) return false;
  return true;
}

/** c where `e` is `(index + c) mod extent` and cells run over 0..extent. */
function onRing(e: IndexExpr, name: string, lo: IndexExpr, hi: IndexExpr): number | undefined {
  if (e.kind !== "mod" || e.right !== hi || lo.kind !== "integer" || lo.value !== 0) return undefined;
  const plain = offsetFrom(e.left, name);
  if (plain !== undefined) return plain;
  return offsetFromForm(combine(toAffine(e.left), toAffine(hi), -1), name);
}
const offsetFromForm = (
  { constant, terms }: ReturnType<typeof toAffine>,
  name: string,
): number | undefined => (terms.size === 1 && terms.get(name) === 1 ? constant : undefined);

/**
 * T steps on a ring of 2T + 1 cells: no light cone of T steps meets itself, so the ring predicts the line (D.1). A line of as many cells does
 * so in its middle: then all cells must be delivered.
 */
function predicts(system: System, family: Family, time: number, all: boolean): boolean {
  const [row, cell] = [family.dims[time]!, family.dims[1 - time]!];
  const cells = cell.hi.kind === "size" ? cell.hi.name : undefined;
  const last = toAffine(row.hi);
  const [steps] = [...last.terms.keys()];
  if (cells === undefined || last.terms.size !== 1 || steps === `size ${cells}`) return false;
  const rays = admissibleRay(system, new Map([[cells, { slope: 2, start: 3 }]]));
  const length = rays && along(row.hi, rays);
  // Never more steps than the ring has room for.
  if (length === undefined || length.slope !== 1 || length.start > 2) return false;
  return delivered(system, family.name, (r, output) => {
    const [at, where] = [r.at[time]!, r.at[1 - time]!];
    if (at.kind !== "static" || where.kind !== "static") return false;
    if (all && !reachesAll(where.value, cell, output)) return false;
    const left = combine(last, toAffine(at.value), -1);
    return left.terms.size === 0 && left.constant === 1;
  });
}
