/** Linear steps of a few numbers: a scan of small matrices, or powers of one. */
import * as build from "../../equations/build";
import {
  and,
  mapCondition,
  type Substitution,
  substitute,
  substituteIndex,
} from "../../equations/conditions";
import type { Condition, Dim, Expr, Family, IndexExpr, Piece } from "../../equations/system";
import type { LinearEquation } from "../linear";
import { isTimeless } from "./affine";
import {
  afterStarts,
  fixed,
  is,
  type Law,
  limitsOf,
  overOf,
  placeAt,
  pointsOf,
  renameOuter,
  startAt,
  zero,
} from "./context";
import { matrixParts } from "./matrices";
import { scan } from "./scan";

/** Numbers in the state, as matrices of this many rows at most. */
const ROWS = 6;

export const asMatrixScan: Law = (c) => {
  const { matrices: linear, r, family, system, time } = c;
  const none = linear?.ring.zero;
  if (linear === undefined || none === undefined || typeof linear.dimension !== "number") return undefined;
  const { ring } = linear;
  // One number is a pair, and has a law of its own, but for steps that only some semiring sees.
  if (linear.dimension > ROWS || (linear.dimension === 1 && linear === c.linear)) return undefined;
  const starts = r.startSteps!;
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
    const start =
      d.lag > starts
        ? none
        : ring.plus(substitute(startAt(c, d.family, placeAt(c, starts - d.lag)), d.by), none);
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
  // Where no step adds anything a matrix says all, applied to the start: then (max,+) needs nothing that is not there.
  const alone = starts === 1 && ring.name.endsWith("-plus") && rows.every((row) => row.constant === none);
  const from = placeAt(c, alone ? 1 : Math.max(0, starts - 1));
  const count = build.integer(digits.length);
  const names = [c.fresh("p"), c.fresh("q"), c.fresh("m")] as const;
  const [p, q] = names;
  const own = (index: string): Dim => ({ index, lo: zero, hi: count });
  const timeless =
    starts > 0 &&
    isTimeless(
      linear,
      rows.flatMap((row) => row.coefficients),
    );
  const atStart = is(build.index(time.index), from);
  const each = (index: string, of: (row: (typeof rows)[number]) => Expr): Piece[] =>
    rows.flatMap((row, i) =>
      of(row) === none ? [] : [{ guard: is(build.index(index), build.integer(i)), value: of(row) }],
    );
  const matrix: Piece[] = rows.flatMap((row, i) =>
    row.coefficients.flatMap((value, j) =>
      value === none
        ? []
        : [{ guard: and(is(build.index(p), build.integer(i)), is(build.index(q), build.integer(j))), value }],
    ),
  );
  const firsts = rows.map(
    (row, i): Piece => ({ guard: and(atStart, is(build.index(p), build.integer(i))), value: row.start }),
  );
  const whole = rows.every((row) => row.coefficients.every((e) => e !== none));
  const nothing: Piece = { guard: build.always, value: none };
  const steps = matrixParts(c, {
    ring,
    names,
    own,
    matrix: [
      ...(alone || timeless || starts === 0 ? [] : [{ guard: atStart, value: none }]),
      ...matrix,
      ...(whole ? [] : [nothing]),
    ],
    vector: alone ? undefined : [...(starts === 0 ? [] : firsts), ...each(p, (row) => row.constant), nothing],
    timeless,
  });
  const { families, last } = scan(c, from, steps.parts);
  const stateAt = (index: string): Expr =>
    build.choose(
      each(index, (row) => row.start).map(({ guard, value }, k, all) => ({
        guard: k === all.length - 1 ? build.always : guard,
        value,
      })),
      ring.type,
    );
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
    const row = fixed(build.add(build.mul(place, build.integer(s.depth)), build.integer(base)));
    const value = steps.applied(last, row, stateAt);
    const early = c.steps.filter((x) => x.family === s.family && x.role === "start");
    return {
      ...f,
      pieces: [
        ...(starts > 1 || alone || linear.modulus !== undefined
          ? early.map((x): Piece => ({ guard: x.guard, value: x.value }))
          : []),
        { guard: build.always, value: renameOuter(value, back) },
      ],
    };
  });
  return {
    families: [...families, ...made],
    law: digits.length === 1 ? "C.9" : linear !== c.linear ? "C.10" : linear.timeInvariant ? "B.16" : "B.15",
    name:
      digits.length === 1
        ? `a scan of affine maps${overOf(linear)}, as pairs`
        : `a scan of ${digits.length}×${digits.length} matrices${overOf(linear)}${timeless ? ", powers of one" : ""}`,
    upTo: limitsOf(c, linear),
    note: "",
  };
};
