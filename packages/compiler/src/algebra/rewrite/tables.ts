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
import type {
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Piece,
  Subscript,
} from "../../equations/system";
import { finiteStep } from "../finite";
import { type StepEquation, stateRead } from "../recurrence";
import { afterStarts, fixed, is, type Law, placeAt, pointsOf, renameOuter, startAt, zero } from "./context";
import { scan } from "./scan";

/** States of which a table is made at each place. */
const STATES = 64;

export const asTableScan: Law = (c) => {
  const { system, r, time, family } = c;
  if (r.finiteStates === undefined || r.finiteStates > STATES || r.finiteStates < 2) return undefined;
  const found = finiteStep(system, r, { evaluations: 20_000 });
  // Letters need not be enumerable for a scan; a step that may leave its type must be seen not to.
  if (found.ok ? found.step.faults : r.state.some((s) => s.type.kind === "index")) return undefined;
  // A table has a row for states that never come up: no row may look where there is nothing.
  const risky = (e: Expr): boolean =>
    build.someExpr(e, (x) => {
      if (x.kind === "table") return !found.ok;
      if (x.kind !== "read" || x.at.every((s) => s.kind === "static")) return false;
      const source = system.families.find((f) => f.name === x.family)!;
      return (
        !found.ok ||
        source.dims.some(
          (d, k) => x.at[k]!.kind === "dynamic" && (d.lo.kind !== "integer" || d.hi.kind !== "integer"),
        )
      );
    });
  if (c.steps.some((s) => risky(s.value))) return undefined;
  const states = r.finiteStates;
  const starts = r.startSteps!;
  const deepest = Math.max(...r.state.map((s) => s.depth));
  const s0 = c.fresh("s");
  const state = build.index(s0);
  interface Digit {
    readonly family: Family;
    readonly cell: readonly number[];
    readonly lag: number;
    readonly values: number;
    readonly place: number;
    readonly by: Substitution;
  }
  const digits: Digit[] = [];
  let place = 1;
  for (const s of r.state) {
    const f = system.families.find((x) => x.name === s.family)!;
    const own = f.dims[r.axis.get(f.name)!]!;
    if (own.lo !== time.lo || own.hi !== time.hi) return undefined;
    const by = new Map<string, IndexExpr>([[own.index, build.index(time.index)]]);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      by.set(f.dims[k]!.index, build.index(family.dims[r.copyAxes.get(family.name)![n]!]!.index));
    });
    const values =
      s.type.kind === "bit"
        ? 2
        : s.type.kind === "enum"
          ? s.type.cases.length
          : s.type.kind === "index" && s.type.bound.kind === "integer"
            ? s.type.bound.value
            : 0;
    const cells = pointsOf(s.cells);
    if (values === 0 || cells.length === 0) return undefined;
    for (const point of cells)
      for (let lag = 1; lag <= s.depth; lag++) {
        const cell = s.cells.map((d) => (point.get(d.index) as { value: number }).value);
        digits.push({ family: f, cell, lag, values, place, by: new Map([...by, ...point]) });
        place *= values;
      }
  }
  const asType = (value: IndexExpr, type: ElementType, values: number): Expr => {
    const number = build.indexValue(value);
    if (type.kind === "bit") return build.apply("eq", [number, build.constant(build.int, 1)], build.bit);
    if (type.kind === "enum")
      return build.lookup(
        [number],
        [values],
        Array.from({ length: values }, (_, k) => k),
        type,
      );
    return number;
  };
  const asNumber = (value: Expr, type: ElementType, values: number): Expr =>
    type.kind === "bit"
      ? build.apply("to-int", [value], build.int)
      : type.kind === "enum"
        ? build.lookup(
            [value],
            [values],
            Array.from({ length: values }, (_, k) => k),
            build.int,
          )
        : value;
  const digitValue = (d: Digit): IndexExpr => {
    const high = build.div(state, build.integer(d.place));
    return d.place * d.values === states ? high : build.mod(high, build.integer(d.values));
  };
  let failed = false;
  /** The value with reads of the state as digits of `state`, in the shared indices. */
  const onState = (value: Expr, d: Digit): Expr =>
    rewriteExpr(substitute(value, d.by), (e) => {
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
      .map((v, k) =>
        digits[k]!.place === 1
          ? v
          : build.apply("mul", [v, build.constant(build.int, digits[k]!.place)], build.int),
      )
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
  const type = build.indexType(build.integer(states));
  const own: Dim = { index: s0, lo: zero, hi: build.integer(states) };
  const chosen = (value: Expr): Subscript => ({
    kind: "dynamic",
    value,
    lo: zero,
    hi: build.integer(states),
  });
  const first = placeAt(c, 0);
  const start = applied
    ? weighted(
        digits.map((d) =>
          asNumber(substitute(startAt(c, d.family.name, first), d.by), d.family.type, d.values),
        ),
      )
    : build.constant(build.int, 0);
  const { families, last } = scan(c, placeAt(c, applied ? 1 : 0), [
    {
      name: c.freshFamily(`${family.name}.map`),
      type,
      own: [own],
      element: [{ guard: build.always, value: weighted(image) }],
      combine: (before, after) => after(0, [chosen(before(0, [fixed(state)]))]),
    },
  ]);
  // A tuple's components start each at their own state.
  const after = (e: Expr): Expr =>
    e.kind === "choose"
      ? build.choose(
          e.cases.map((x) => ({ guard: x.guard, value: after(x.value) })),
          type,
        )
      : last(0, [chosen(e)]);
  const reached = after(start);
  const made = r.state.map((s): Family => {
    const f = system.families.find((x) => x.name === s.family)!;
    const back = new Map<string, IndexExpr>([[time.index, build.index(f.dims[r.axis.get(f.name)!]!.index)]]);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      back.set(family.dims[r.copyAxes.get(family.name)![n]!]!.index, build.index(f.dims[k]!.index));
    });
    const mine = digits.filter((d) => d.family === f && d.lag === 1);
    const decode = (d: Digit): Expr => {
      const int = (n: number) => build.constant(build.int, n);
      const high = d.place === 1 ? reached : build.apply("div", [reached, int(d.place)], build.int);
      const number =
        d.place * d.values === states ? high : build.apply("mod", [high, int(d.values)], build.int);
      if (f.type.kind === "bit") return build.apply("eq", [number, int(1)], build.bit);
      if (f.type.kind === "enum")
        return build.lookup(
          [number],
          [d.values],
          Array.from({ length: d.values }, (_, k) => k),
          f.type,
        );
      return number;
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
    law: "C.3",
    name: `a scan of maps of ${states} states`,
    upTo: [],
    note: "",
  };
};
