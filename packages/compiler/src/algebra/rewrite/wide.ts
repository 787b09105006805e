/** Linear steps over as many cells as a size says: powers of one matrix, each the square of the one before, or a scan of matrices. */
import * as build from "../../equations/build";
import { and, mapCondition, substitute, substituteIndex } from "../../equations/conditions";
import { changesWith, conditionMentions, dimsMention, mentionsIndex } from "../../equations/mentions";
import type { Condition, Dim, Expr, Family, IndexExpr, Piece } from "../../equations/system";
import type { Ring, StateTerm } from "../linear";
import { presenceOf } from "./completed";
import { afterStarts, fixed, is, type Law, limitsOf, overOf, placeAt, startAt } from "./context";
import { matrixParts } from "./matrices";
import { powersOf } from "./powers";
import { scan } from "./scan";

export const asMatrixPowers: Law = (c) => {
  const { matrices: linear, r, family, time } = c;
  if (linear === undefined) return undefined;
  const [s] = r.state;
  if (r.state.length !== 1 || s!.depth !== 1 || s!.cells.length !== 1 || r.startSteps !== 1) return undefined;
  const [cell] = s!.cells as [Dim];
  // One range of cells is for all steps and copies.
  if (family.dims.some((d) => dimsMention([cell, time], d.index))) return undefined;
  if (afterStarts(c, family.name) === undefined) return undefined;
  const { ring } = linear;
  const none = ring.zero!;
  const later = linear.equations.filter((e) => e.role !== "start");
  const names = [c.fresh("p"), c.fresh("q"), c.fresh("m")] as const;
  const [p, q, m] = names;
  const asRow = new Map<string, IndexExpr>([[cell.index, build.index(p)]]);
  const matrix: Piece[] = [];
  for (const e of later) {
    const entry = entryOf(ring, e.terms, cell, q);
    if (entry === undefined) return undefined;
    matrix.push({ guard: rowGuard(e.guard, asRow), value: substitute(entry, asRow) });
  }
  const own = (index: string): Dim => ({ ...cell, index });
  const at = (index: string) => fixed(build.index(index));
  const sum = (body: Expr): Expr => ring.total([own(m)], body);
  const first = placeAt(c, 0);
  const written = startAt(c, family.name, first);
  const start = ring.plus(written, none);
  const name = (part: string) => c.freshFamily(`${family.name}.${part}`);
  const starting: readonly Piece[] = [{ guard: is(build.index(time.index), first), value: written }];
  // A start may be no residue yet.
  const early = linear.modulus === undefined ? [] : starting;
  const result = (families: readonly Family[], pieces: readonly Piece[], is: string, note: string) => ({
    families: [...families, { ...family, pieces }],
    law: linear !== c.linear ? "C.10" : linear.timeInvariant ? "B.16" : "B.17",
    name: `${is}${overOf(linear)}`,
    upTo: limitsOf(c, linear),
    costly: true,
    note,
  });
  const powers = linear.timeInvariant ? "powers of one matrix, by squaring" : "a scan of matrices";
  const always = (value: Expr): Piece => ({ guard: build.always, value });
  const constants = later.map((e) => e.constant);
  const affine = constants.some((e) => e !== undefined);
  const work = linear.timeInvariant
    ? "work grows with the cube of the number of cells, and only with the logarithm of the steps"
    : "work grows with the cube of the number of cells at each step";
  const varies = later.some((e) => e.constant !== undefined && changesWith(e.constant, time.index));
  // The powers below have no place for what is not there.
  const added = affine ? later.map((e) => ({ guard: e.guard, value: e.constant ?? none })) : [];
  const there = presenceOf([...matrix, ...starting, ...added]) === undefined;
  if (!linear.timeInvariant || varies || !there) {
    // A scan, in which what does not vary is a power.
    const vector: Piece[] | undefined = affine
      ? [
          { guard: starting[0]!.guard, value: substitute(start, asRow) },
          ...later.map(
            (e): Piece => ({ guard: rowGuard(e.guard, asRow), value: substitute(e.constant ?? none, asRow) }),
          ),
        ]
      : undefined;
    const atFirst: Piece[] =
      affine && !linear.timeInvariant ? [{ guard: starting[0]!.guard, value: none }] : [];
    const steps = matrixParts(c, {
      ring,
      names,
      own,
      matrix: [...atFirst, ...matrix],
      vector,
      timeless: linear.timeInvariant,
    });
    const { families, last } = scan(c, affine ? first : placeAt(c, 1), steps.parts);
    const stateAt = (index: string): Expr => substitute(start, new Map([[cell.index, build.index(index)]]));
    const value = steps.applied(last, at(cell.index), stateAt);
    return result(families, [...(affine ? early : starting), always(value)], powers, work);
  }
  // The same constant at all steps: powers of one affine map.
  const axis = r.axis.get(family.name)!;
  const copies = family.dims.filter((d, k) => k !== axis && d !== cell);
  const { range, before, atFirst, rows } = powersOf(c);
  const [matrixName, sumName] = [name("matrix"), name("sums")];
  const fromCopies = copies.map((d) => fixed(build.index(d.index)));
  const power = (row: string, column: string): Expr =>
    build.read(matrixName, [fixed(before), ...fromCopies, at(row), at(column)], ring.type);
  const sums = (row: string): Expr => build.read(sumName, [fixed(before), ...fromCopies, at(row)], ring.type);
  const places = rows(name("rows"), ring.type, family.dims, start, (from) => {
    const moved = sum(ring.times(power(cell.index, m), from(new Map([[cell, build.index(m)]]))));
    return affine ? ring.plus(moved, sums(cell.index)) : moved;
  });
  const families: Family[] = [
    {
      name: matrixName,
      role: "node",
      dims: [range, ...copies, own(p), own(q)],
      type: ring.type,
      pieces: [
        ...matrix.map((x) => ({ ...x, guard: and(atFirst, x.guard) })),
        always(sum(ring.times(power(p, m), power(m, q)))),
      ],
      origin: family.origin,
    },
    ...(affine
      ? [
          {
            name: sumName,
            role: "node" as const,
            dims: [range, ...copies, own(p)],
            type: ring.type,
            pieces: [
              ...later.map(
                (e): Piece => ({
                  guard: and(atFirst, rowGuard(e.guard, asRow)),
                  value: substitute(e.constant ?? none, asRow),
                }),
              ),
              always(ring.plus(sum(ring.times(power(p, m), sums(m))), sums(p))),
            ],
            origin: family.origin,
          },
        ]
      : []),
    places.family,
  ];
  return result(families, [...early, always(places.last)], powers, work);
};

/** Later equations hold at all steps but the first: of their guards, what is said of the cell. */
const rowGuard = (guard: Condition, asRow: ReadonlyMap<string, IndexExpr>): Condition =>
  mapCondition(guard, (x) => substituteIndex(x, asRow));

/** What column `q` adds to a cell, in the cell's own index; undefined where the ring has no zero for what adds nothing. */
function entryOf(ring: Ring, terms: readonly StateTerm[], cell: Dim, q: string): Expr | undefined {
  const column = build.index(q);
  const parts: Expr[] = [];
  for (const t of terms) {
    const [s] = t.state.cell;
    if (s === undefined) return undefined;
    const summed =
      s.kind === "static" && s.value.kind === "index"
        ? t.dims.find((d) => s.value === build.index(d.index))
        : undefined;
    const by = new Map<string, IndexExpr>(summed === undefined ? [] : [[summed.index, column]]);
    const others = t.dims.filter((d) => d !== summed);
    if (summed !== undefined && dimsMention(others, summed.index)) return undefined;
    const filter = mapCondition(t.filter, (x) => substituteIndex(x, by));
    const coefficient = substitute(t.coefficient, by);
    const names = others.map((d) => d.index);
    const inside = names.some((n) => conditionMentions(filter, n));
    // Where this column is the one that is read.
    let guard: Condition = build.always;
    let chosen: Expr | undefined;
    if (summed !== undefined) {
      const whole = summed.lo === cell.lo && summed.hi === cell.hi;
      if (!whole)
        guard = and(guard, [[build.compare("<=", summed.lo, column), build.compare("<", column, summed.hi)]]);
    } else if (s.kind === "static") {
      if (names.some((n) => mentionsIndex(s.value, n))) return undefined;
      guard = and(guard, is(column, s.value));
    } else {
      if (names.some((n) => changesWith(s.value, n))) return undefined;
      chosen = build.apply("eq", [s.value, build.indexValue(column)], build.bit);
    }
    if (!inside) guard = and(guard, filter);
    let value = coefficient;
    if (others.length > 0) value = ring.total(others, value, { filter: inside ? filter : build.always });
    const always = guard.some((all) => all.length === 0);
    if (chosen !== undefined) value = build.select(chosen, value, ring.zero!, ring.type);
    if (!always)
      value = build.choose(
        [
          { guard, value },
          { guard: build.always, value: ring.zero! },
        ],
        ring.type,
      );
    parts.push(value);
  }
  return parts.length === 0 ? ring.zero : parts.reduce(ring.plus);
}
