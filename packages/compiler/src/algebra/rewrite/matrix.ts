/** Linear steps of a few numbers: a scan of small matrices, or powers of one. */
import * as build from "../../equations/build";
import {
  and,
  mapCondition,
  type Substitution,
  substitute,
  substituteIndex,
} from "../../equations/conditions";
import type { Condition, Dim, Expr, Family, IndexExpr, Piece, Subscript } from "../../equations/system";
import type { LinearEquation } from "../linear";
import { isTimeless } from "./affine";
import {
  afterStarts,
  fixed,
  is,
  type Law,
  placeAt,
  pointsOf,
  renameOuter,
  rounding,
  startAt,
  zero,
} from "./context";
import { scan } from "./scan";

/** Numbers in the state, as matrices of this many rows at most. */
const ROWS = 6;

export const asMatrixScan: Law = (c) => {
  const { linear, r, family, system, time } = c;
  if (linear === undefined || linear.ring.zero === undefined) return undefined;
  if (typeof linear.dimension !== "number" || linear.dimension < 2 || linear.dimension > ROWS)
    return undefined;
  const starts = r.startSteps!;
  const { ring } = linear;
  const none = linear.ring.zero;
  // Names of the first family for all: time, then copies. The same places of time in all.
  const first = family;
  const digits: { family: string; cell: readonly number[]; lag: number; by: Substitution }[] = [];
  for (const s of r.state) {
    const f = system.families.find((x) => x.name === s.family)!;
    const own = f.dims[r.axis.get(f.name)!]!;
    if (own.lo !== time.lo || own.hi !== time.hi) return undefined;
    if (afterStarts(c, f.name) === undefined) return undefined;
    const shared = new Map<string, IndexExpr>([[own.index, build.index(time.index)]]);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      shared.set(f.dims[k]!.index, build.index(first.dims[r.copyAxes.get(first.name)![n]!]!.index));
    });
    let points: number[][] = [[]];
    for (const d of s.cells) {
      if (d.lo.kind !== "integer" || d.hi.kind !== "integer") return undefined;
      const [lo, hi] = [d.lo.value, d.hi.value];
      points = points.flatMap((p) => Array.from({ length: hi - lo }, (_, k) => [...p, lo + k]));
    }
    for (const cell of points) {
      const by = new Map(shared);
      s.cells.forEach((d, k) => by.set(d.index, build.integer(cell[k]!)));
      for (let lag = 1; lag <= s.depth; lag++) digits.push({ family: s.family, cell, lag, by });
    }
  }
  const digitOf = (name: string, cell: readonly number[], lag: number): number =>
    digits.findIndex((d) => d.family === name && d.lag === lag && d.cell.join() === cell.join());
  const guardOf = (e: LinearEquation, by: Substitution) =>
    mapCondition(e.guard, (x) => substituteIndex(x, by));
  const chosen = (values: readonly { guard: Condition; value: Expr }[]): Expr => {
    const possible = values.filter((v) => v.guard.length > 0);
    const end = possible.findIndex((v) => v.guard.some((all) => all.length === 0));
    const cases = end < 0 ? possible : possible.slice(0, end + 1);
    return cases.every((v) => v.value === cases[0]!.value) ? cases[0]!.value : build.choose(cases, ring.type);
  };
  const rows: { coefficients: Expr[]; constant: Expr; start: Expr }[] = [];
  for (const d of digits) {
    // What would stand before the start is read under a guard that says so, and its coefficient is zero.
    const start = d.lag > starts ? none : substitute(startAt(c, d.family, placeAt(c, starts - d.lag)), d.by);
    if (d.lag > 1) {
      const from = digitOf(d.family, d.cell, d.lag - 1);
      rows.push({
        coefficients: digits.map((_, q) => (q === from ? ring.one : none)),
        constant: none,
        start,
      });
      continue;
    }
    const later = linear.equations.filter((e) => e.family === d.family && e.role !== "start");
    const table: { guard: Condition; coefficients: Expr[]; constant: Expr }[] = [];
    for (const e of later) {
      const coefficients: Expr[] = digits.map(() => none);
      for (const t of e.terms) {
        for (const inner of pointsOf(t.dims)) {
          const by = new Map([...d.by, ...inner]);
          const filter = mapCondition(t.filter, (x) => substituteIndex(x, by));
          if (filter.length === 0) continue;
          if (!filter.some((all) => all.length === 0)) return undefined;
          const cell: number[] = [];
          for (const s of t.state.cell) {
            const at = s.kind === "static" ? substituteIndex(s.value, by) : undefined;
            if (at?.kind !== "integer") return undefined;
            cell.push(at.value);
          }
          const q = digitOf(t.state.family, cell, t.state.lag);
          if (q < 0) return undefined;
          coefficients[q] = ring.plus(coefficients[q]!, substitute(t.coefficient, by));
        }
      }
      table.push({
        guard: guardOf(e, d.by),
        coefficients,
        constant: e.constant === undefined ? none : substitute(e.constant, d.by),
      });
    }
    rows.push({
      coefficients: digits.map((_, q) =>
        chosen(table.map((t) => ({ guard: t.guard, value: t.coefficients[q]! }))),
      ),
      constant: chosen(table.map((t) => ({ guard: t.guard, value: t.constant }))),
      start,
    });
  }
  const from = placeAt(c, Math.max(0, starts - 1));
  const count = build.integer(digits.length);
  const [p, q, m] = [c.fresh("p"), c.fresh("q"), c.fresh("m")];
  const dim = (index: string): Dim => ({ index, lo: zero, hi: count });
  const at = (index: string): Subscript => fixed(build.index(index));
  const sum = (body: Expr): Expr => build.reduce(ring.sum, [dim(m)], body, ring.type);
  const timeless =
    starts > 0 &&
    isTimeless(
      c,
      rows.flatMap((row) => row.coefficients),
    );
  const atStart = is(build.index(time.index), from);
  const matrix: Piece[] = rows.flatMap((row, i) =>
    row.coefficients.flatMap((value, j) =>
      value === none
        ? []
        : [{ guard: and(is(build.index(p), build.integer(i)), is(build.index(q), build.integer(j))), value }],
    ),
  );
  const constants: Piece[] = rows.flatMap((row, i) =>
    row.constant === none ? [] : [{ guard: is(build.index(p), build.integer(i)), value: row.constant }],
  );
  const firsts: Piece[] = rows.map((row, i) => ({
    guard: and(atStart, is(build.index(p), build.integer(i))),
    value: row.start,
  }));
  const { families, last } = scan(c, from, [
    {
      name: c.freshFamily(`${family.name}.matrix`),
      type: ring.type,
      own: [dim(p), dim(q)],
      element: [
        ...(timeless || starts === 0 ? [] : [{ guard: atStart, value: none }]),
        ...matrix,
        { guard: build.always, value: none },
      ],
      combine: (before, after) => sum(ring.times(after(0, [at(p), at(m)]), before(0, [at(m), at(q)]))),
      timeless,
    },
    {
      name: c.freshFamily(`${family.name}.vector`),
      type: ring.type,
      own: [dim(p)],
      element: [...(starts === 0 ? [] : firsts), ...constants, { guard: build.always, value: none }],
      combine: (before, after) =>
        ring.plus(sum(ring.times(after(0, [at(p), at(m)]), before(1, [at(m)]))), after(1, [at(p)])),
    },
  ]);
  const made = r.state.map((s): Family => {
    const f = system.families.find((x) => x.name === s.family)!;
    // The cells in row-major order, lags innermost: the digit is an index expression in them.
    const base = digitOf(
      s.family,
      s.cells.map((d) => (d.lo as { value: number }).value),
      1,
    );
    const back = new Map<string, IndexExpr>([[time.index, build.index(f.dims[r.axis.get(f.name)!]!.index)]]);
    const place = s.cells.reduce<IndexExpr>((e, d) => {
      // A cell may have the name that time has in the first family.
      const name = c.fresh(d.index);
      back.set(name, build.index(d.index));
      return build.add(build.mul(e, build.sub(d.hi, d.lo)), build.sub(build.index(name), d.lo));
    }, zero);
    r.copyAxes.get(f.name)!.forEach((k, n) => {
      back.set(first.dims[r.copyAxes.get(first.name)![n]!]!.index, build.index(f.dims[k]!.index));
    });
    const value = last(1, [fixed(build.add(build.mul(place, build.integer(s.depth)), build.integer(base)))]);
    const early = c.steps.filter((x) => x.family === s.family && x.role === "start");
    return {
      ...f,
      pieces: [
        ...(starts > 1 ? early.map((x): Piece => ({ guard: x.guard, value: x.value })) : []),
        { guard: build.always, value: renameOuter(value, back) },
      ],
    };
  });
  return {
    families: [...families, ...made],
    law: linear.timeInvariant ? "B.16" : "B.15",
    name: `a scan of ${digits.length}×${digits.length} matrices${timeless ? ", powers of one" : ""}`,
    upTo: rounding(c),
    note: "",
  };
};
