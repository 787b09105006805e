/** Steps over finitely many states, whatever they compute: a scan of the maps of the states, as tables. */
import * as build from "../../equations/build";
import {
  and,
  mapCondition,
  type Substitution,
  substitute,
  substituteIndex,
} from "../../equations/conditions";
import { rewriteExpr } from "../../equations/expressions";
import { changesWith, indicesOf } from "../../equations/mentions";
import { valueOverNothing } from "../../equations/operators";
import { printIndex } from "../../equations/print";
import type {
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Operator,
  Piece,
  ReduceOp,
  Subscript,
  System,
} from "../../equations/system";
import { finiteStep } from "../finite";
import { type StepEquation, stateRead, valuesOfType } from "../recurrence";
import {
  afterStarts,
  type Context,
  fixed,
  is,
  type Law,
  placeAt,
  pointsOf,
  renameOuter,
  startAt,
  zero,
} from "./context";
import { powersOf } from "./powers";
import { scan } from "./scan";

/** States of which a table is made at each place, where that is a number; else numbers of the state that a size bounds. */
const STATES = 64;
const NUMBERS = 2;

const whole = (e: IndexExpr): Expr =>
  e.kind === "integer" ? build.constant(build.int, e.value) : build.indexValue(e);

/** Values of a finite type, in sizes. */
function countOf(type: ElementType): IndexExpr | undefined {
  const values = valuesOfType(type);
  if (values !== undefined) return build.integer(values);
  return type.kind === "index" && indicesOf(type.bound).size === 0 ? type.bound : undefined;
}

/** How many states there are, where tables of them can be had. */
function statesOf({ r }: Context): IndexExpr | undefined {
  if (r.finiteStates !== undefined)
    return r.finiteStates < 2 || r.finiteStates > STATES ? undefined : build.integer(r.finiteStates);
  let product: IndexExpr = build.integer(1);
  let [rows, numbers] = [1, 0];
  for (const s of r.state) {
    const values = countOf(s.type);
    if (values === undefined || s.count?.kind !== "integer") return undefined;
    const digits = s.count.value * s.depth;
    if (values.kind === "integer") rows *= values.value ** digits;
    else numbers += digits;
    if (numbers > NUMBERS || rows > STATES) return undefined;
    for (let k = 0; k < digits; k++) product = build.mul(product, values);
  }
  return numbers === 0 ? undefined : product;
}

/** The new state is inside its type whatever the old one is, by how it is written. */
function isKept({ system, r }: Context, { family, value }: StepEquation): boolean {
  const { type, dims } = system.families.find((f) => f.name === family)!;
  const below = (e: Expr, bound: IndexExpr): boolean => {
    switch (e.kind) {
      case "read":
        return e.type.kind === "index" && isAtMost(e.type.bound, bound);
      case "select":
        return below(e.then, bound) && below(e.otherwise, bound);
      case "choose":
        return e.cases.every((x) => below(x.value, bound));
      case "constant":
        return e.value === 0 || (e.value > 0 && bound.kind === "integer" && e.value < bound.value);
      case "index-value": {
        const dim = e.value.kind === "index" && dims.find((d) => e.value === build.index(d.index));
        return dim !== undefined && dim !== false && dim.hi === bound && isNatural(dim.lo);
      }
      case "table":
        return bound.kind === "integer" && e.entries.every((x) => x >= 0 && x < bound.value);
      case "apply":
        return e.op === "mod" && e.args[1] === whole(bound);
      default:
        return false;
    }
  };
  const inside = (e: Expr): boolean => {
    if (e.kind === "table")
      return e.args.every((a, k) => fits(build.typeOf(a), a, build.integer(e.radix[k]!)));
    if (e.kind !== "read") return true;
    const source = system.families.find((f) => f.name === e.family)!;
    return e.at.every((s, k) => {
      if (s.kind === "static") return true;
      const { lo, hi } = source.dims[k]!;
      return lo === zero && indicesOf(hi).size === 0 && below(s.value, hi);
    });
  };
  const fits = (t: ElementType, e: Expr, bound: IndexExpr): boolean =>
    t.kind === "bit" || t.kind === "enum" || below(e, bound);
  const bound = type.kind === "index" ? type.bound : undefined;
  return (
    !build.someExpr(value, (e) => !inside(e)) &&
    (bound === undefined || below(value, bound)) &&
    r.state.some((s) => s.family === family)
  );
}

const isNatural = (e: IndexExpr): boolean => e.kind === "integer" && e.value >= 0;
const isAtMost = (a: IndexExpr, b: IndexExpr): boolean =>
  a === b || (a.kind === "integer" && b.kind === "integer" && a.value <= b.value);

/** Data says where it reads, in a family whose ranges sizes say. */
const looksFar = (system: System, value: Expr): boolean =>
  build.someExpr(value, (e) => {
    if (e.kind !== "read" || e.at.every((s) => s.kind === "static")) return false;
    const source = system.families.find((f) => f.name === e.family)!;
    return source.dims.some(
      (d, k) => e.at[k]!.kind === "dynamic" && (d.lo.kind !== "integer" || d.hi.kind !== "integer"),
    );
  });

const operators: Readonly<Partial<Record<ReduceOp, Operator>>> = {
  sum: "add",
  min: "min",
  max: "max",
  all: "and",
  any: "or",
  parity: "xor",
};
/** Points of a reduction that is written out. */
const POINTS = 16;

/** Reductions over a literal few points as their operators, so that each reads cells that are numbers. */
function withoutShortReductions(root: Expr): Expr {
  return rewriteExpr(root, (e) => {
    const fold = e.kind === "reduce" ? operators[e.op] : undefined;
    if (e.kind !== "reduce" || fold === undefined || !["bit", "int"].includes(e.type.kind)) return undefined;
    const points = pointsOf(e.dims);
    if (points.length === 0 || points.length > POINTS) return undefined;
    const nothing = build.constant(e.type, valueOverNothing(e.op, false));
    const operands: Expr[] = [];
    for (const by of points) {
      const filter = mapCondition(e.filter, (x) => substituteIndex(x, by));
      if (filter.length === 0) continue;
      if (!filter.some((all) => all.length === 0)) return undefined;
      const body = substitute(e.body, by);
      const kept = e.dataFilter && substitute(e.dataFilter, by);
      operands.push(withoutShortReductions(kept ? build.select(kept, body, nothing, e.type) : body));
    }
    return operands.length === 0 ? nothing : operands.reduce((a, b) => build.apply(fold, [a, b], e.type));
  });
}

export const asTableScan: Law = (c) => {
  const { system, r, time, family } = c;
  const total = statesOf(c);
  if (total === undefined) return undefined;
  const few = r.finiteStates !== undefined;
  const found = few ? finiteStep(system, r, { evaluations: 20_000 }) : undefined;
  const enumerated = found?.ok === true;
  // A table has a row for states that never come up: no row may leave its type, nor look where there is nothing.
  const tried = enumerated && !found.step.faults && !c.steps.some((s) => looksFar(system, s.value));
  if (!tried && !c.steps.every((s) => s.role === "start" || isKept(c, s))) return undefined;
  const starts = r.startSteps!;
  const deepest = Math.max(...r.state.map((s) => s.depth));
  const s0 = c.fresh("s");
  const state = build.index(s0);
  interface Digit {
    readonly family: Family;
    readonly cell: readonly number[];
    readonly lag: number;
    readonly values: IndexExpr;
    readonly place: IndexExpr;
    readonly by: Substitution;
  }
  const digits: Digit[] = [];
  let place: IndexExpr = build.integer(1);
  for (const s of r.state) {
    const f = system.families.find((x) => x.name === s.family)!;
    const own = f.dims[r.axis.get(f.name)!]!;
    if (own.lo !== time.lo || own.hi !== time.hi) return undefined;
    const by = new Map<string, IndexExpr>([[own.index, build.index(time.index)]]);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      by.set(f.dims[k]!.index, build.index(family.dims[r.copyAxes.get(family.name)![n]!]!.index));
    });
    const values = countOf(s.type)!;
    const cells = pointsOf(s.cells);
    if (cells.length === 0) return undefined;
    for (const point of cells)
      for (let lag = 1; lag <= s.depth; lag++) {
        const cell = s.cells.map((d) => (point.get(d.index) as { value: number }).value);
        digits.push({ family: f, cell, lag, values, place, by: new Map([...by, ...point]) });
        place = build.mul(place, values);
      }
  }
  const states = place;
  const isLast = (d: Digit): boolean => d === digits[digits.length - 1];
  const names = (values: IndexExpr): number[] =>
    Array.from({ length: (values as { value: number }).value }, (_, k) => k);
  const asType = (value: IndexExpr, type: ElementType, values: IndexExpr): Expr => {
    const number = build.indexValue(value);
    if (type.kind === "bit") return build.apply("eq", [number, build.constant(build.int, 1)], build.bit);
    if (type.kind !== "enum") return number;
    const rows = names(values);
    return build.lookup([number], [rows.length], rows, type);
  };
  const asNumber = (value: Expr, type: ElementType, values: IndexExpr): Expr => {
    if (type.kind === "bit") return build.apply("to-int", [value], build.int);
    if (type.kind !== "enum") return value;
    const rows = names(values);
    return build.lookup([value], [rows.length], rows, build.int);
  };
  const digitValue = (d: Digit): IndexExpr => {
    const high = build.div(state, d.place);
    return isLast(d) ? high : build.mod(high, d.values);
  };
  let failed = false;
  /** The value with reads of the state as digits of `state`, in the shared indices. */
  const onState = (value: Expr, d: Digit): Expr =>
    rewriteExpr(withoutShortReductions(substitute(value, d.by)), (e) => {
      if (e.kind !== "read") return undefined;
      const back = stateRead(r, time.index, e);
      if (back === undefined) return undefined;
      const cell = back.cell.map((x) =>
        x.kind === "static" && x.value.kind === "integer" ? x.value.value : undefined,
      );
      const source = digits.find(
        (x) => x.family.name === back.family && x.lag === back.lag && x.cell.join() === cell.join(),
      );
      if (source === undefined) {
        failed = true;
        return e;
      }
      return asType(digitValue(source), source.family.type, source.values);
    });
  const weighted = (values: readonly Expr[]): Expr =>
    values
      .map((v, k) => (k === 0 ? v : build.apply("mul", [v, whole(digits[k]!.place)], build.int)))
      .reduce((a, b) => build.apply("add", [a, b], build.int));
  // One start, and steps that do not tell copies apart as starts may: the table is of the steps, applied to the start.
  const applied =
    starts === 1 && deepest === 1 && r.state.every((s) => afterStarts(c, s.family) !== undefined);
  const equationsOf = (d: Digit): readonly StepEquation[] =>
    c.steps.filter((s) => s.family === d.family.name && (!applied || s.role !== "start"));
  const image = digits.map((d, k): Expr => {
    if (d.lag > 1) return build.indexValue(digitValue(digits[k - 1]!));
    const cases = equationsOf(d)
      .map((s) => ({
        guard: mapCondition(s.guard, (e) => substituteIndex(e, d.by)),
        value: asNumber(onState(s.value, d), d.family.type, d.values),
      }))
      .filter((x) => x.guard.length > 0);
    return cases.length === 1 ? cases[0]!.value : build.choose(cases, build.int);
  });
  if (failed) return undefined;
  const type = build.indexType(states);
  const own: Dim = { index: s0, lo: zero, hi: states };
  const chosen = (value: Expr): Subscript => ({
    kind: "dynamic",
    value,
    lo: zero,
    hi: states,
  });
  const first = placeAt(c, 0);
  const start = applied
    ? weighted(
        digits.map((d) =>
          asNumber(substitute(startAt(c, d.family.name, first), d.by), d.family.type, d.values),
        ),
      )
    : build.constant(build.int, 0);
  const map = weighted(image);
  // A tuple's components start each at their own state.
  const atEach = (e: Expr, of: (state: Expr) => Expr): Expr =>
    e.kind === "choose"
      ? build.choose(
          e.cases.map((x) => ({ guard: x.guard, value: of(x.value) })),
          type,
        )
      : of(e);
  const timeless = applied && !changesWith(map, time.index);
  const { families, reached } = timeless ? byPowers() : byScan();
  function byScan(): { readonly families: readonly Family[]; readonly reached: Expr } {
    const { families, last } = scan(c, placeAt(c, applied ? 1 : 0), [
      {
        name: c.freshFamily(`${family.name}.map`),
        type,
        own: [own],
        element: [{ guard: build.always, value: map }],
        combine: (before, after) => after(0, [chosen(before(0, [fixed(state)]))]),
      },
    ]);
    return { families, reached: atEach(start, (e) => last(0, [chosen(e)])) };
  }
  /** One map for all steps: its powers, each followed twice. */
  function byPowers(): { readonly families: readonly Family[]; readonly reached: Expr } {
    const copied = r.copyAxes.get(family.name)!;
    const others = family.dims.filter((d, k) => copied.includes(k) && changesWith(map, d.index));
    const { range, before, atFirst, rows } = powersOf(c);
    const name = c.freshFamily(`${family.name}.map`);
    const power = (from: Subscript): Expr =>
      build.read(name, [fixed(before), ...others.map((d) => fixed(build.index(d.index))), from], type);
    const maps: Family = {
      name,
      role: "node",
      dims: [range, ...others, own],
      type,
      pieces: [
        { guard: atFirst, value: map },
        { guard: build.always, value: power(chosen(power(fixed(state)))) },
      ],
      origin: family.origin,
    };
    const dims = family.dims.filter((d, k) => d === time || copied.includes(k));
    const places = rows(c.freshFamily(`${family.name}.places`), type, dims, start, (from) =>
      power(chosen(from())),
    );
    return { families: [maps, places.family], reached: places.last };
  }
  const made = r.state.map((s): Family => {
    const f = system.families.find((x) => x.name === s.family)!;
    const back = new Map<string, IndexExpr>([[time.index, build.index(f.dims[r.axis.get(f.name)!]!.index)]]);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      back.set(family.dims[r.copyAxes.get(family.name)![n]!]!.index, build.index(f.dims[k]!.index));
    });
    const mine = digits.filter((d) => d.family === f && d.lag === 1);
    const decode = (d: Digit): Expr => {
      const high = d === digits[0] ? reached : build.apply("div", [reached, whole(d.place)], build.int);
      const number = isLast(d) ? high : build.apply("mod", [high, whole(d.values)], build.int);
      if (f.type.kind === "bit") return build.apply("eq", [number, build.constant(build.int, 1)], build.bit);
      if (f.type.kind !== "enum") return number;
      const rows = names(d.values);
      return build.lookup([number], [rows.length], rows, f.type);
    };
    const start: Piece[] = applied
      ? c.steps
          .filter((x) => x.family === f.name && x.role === "start")
          .map((x) => ({ guard: x.guard, value: x.value }))
      : [];
    return {
      ...f,
      pieces: [
        ...start,
        ...mine.map((d): Piece => {
          const guard = s.cells.reduce<Condition>(
            (g, dim, k) =>
              mine.length === 1 ? g : and(g, is(build.index(dim.index), build.integer(d.cell[k]!))),
            build.always,
          );
          return { guard, value: renameOuter(decode(d), back) };
        }),
      ],
    };
  });
  return {
    families: [...families, ...made],
    law: few ? "C.3" : "0.5",
    name: `${timeless ? "powers of one map" : "a scan of maps"} of ${printIndex(states)} states`,
    upTo: [],
    costly: !few,
    note: few ? "" : `each map is a table of ${printIndex(states)} rows`,
  };
};
