/** Linear cellular automata on a ring: rows reached by jumps of 2^k steps. */
import * as build from "../../equations/build";
import { mentionsIndex } from "../../equations/mentions";
import type { Dim, Expr, Family, IndexExpr, Piece, Subscript } from "../../equations/system";
import { combine, toAffine } from "../../symbolic/affine";
import { guardedReads } from "../../symbolic/reads";
import { isOne, type LinearEquation } from "../linear";
import { afterStarts, type Context, fixed, is, type Law, one, placeAt, startAt, zero } from "./context";

/**
 * A rule that is a sum modulo 2 of neighbours: over GF(2) the square of a sum is the sum of the squares, so 2^k steps are the same rule with
 * neighbours 2^k cells away (catalogue D.3). A row is reached by the binary digits of its time.
 */
export const asJumps: Law = (c) => {
  const { linear, r, family, time } = c;
  if (linear?.ring.name !== "gf2" || !linear.timeInvariant || r.startSteps !== 1) return undefined;
  if (r.state.length !== 1 || r.state[0]!.depth !== 1 || r.state[0]!.cells.length !== 1 || r.direction !== 1)
    return undefined;
  // Its own later rows read it too, at other times.
  if (r.outer !== undefined) return undefined;
  const [cell] = r.state[0]!.cells as [Dim];
  const later = linear.equations.filter((e) => e.role !== "start");
  if (later.length !== 1 || afterStarts(c, family.name) === undefined || cell.lo !== zero) return undefined;
  const [step] = later as [LinearEquation];
  const offsets: number[] = [];
  for (const t of step.terms) {
    const [s] = t.state.cell;
    if (!isOne(linear.ring, t.coefficient) || t.dims.length > 0 || s?.kind !== "static") return undefined;
    const inner = s.value.kind === "mod" && s.value.right === cell.hi ? s.value.left : s.value;
    const offset = combine(toAffine(inner), toAffine(build.index(cell.index)), -1);
    if (offset.terms.size > 0 || (inner === s.value && offset.constant !== 0)) return undefined;
    offsets.push(offset.constant);
  }
  const constant = step.constant;
  if (constant !== undefined && !isOne(linear.ring, constant)) return undefined;
  const first = placeAt(c, 0);
  const only = onlyTime(c);
  const now = only ?? build.index(time.index);
  const elapsed = build.sub(now, first);
  const levels = build.log2(build.sub(time.hi, time.lo));
  const level = c.fresh("r");
  const before = build.sub(build.index(level), one);
  const stride = build.pow2(before);
  const name = c.freshFamily(`${family.name}.jump`);
  const axis = r.axis.get(family.name)!;
  const dims = family.dims.filter((_, k) => only === undefined || k !== axis);
  const read = (at: IndexExpr, where: IndexExpr): Expr =>
    build.read(
      name,
      [fixed(at), ...dims.map((d) => fixed(d === cell ? where : build.index(d.index)))],
      build.bit,
    );
  const here = build.index(cell.index);
  const neighbours = offsets.map((o) =>
    o === 0
      ? read(before, here)
      : read(
          before,
          build.mod(
            (o < 0 ? build.sub : build.add)(here, build.mul(build.integer(Math.abs(o)), stride)),
            cell.hi,
          ),
        ),
  );
  const digit = build.mod(build.div(elapsed, stride), build.integer(2));
  const start = startAt(c, family.name, first);
  const jump: Family = {
    name,
    role: "node",
    dims: [{ index: level, lo: zero, hi: build.add(levels, one) }, ...dims],
    type: build.bit,
    pieces: [
      { guard: is(build.index(level), zero), value: start },
      {
        guard: is(digit, one),
        value: neighbours.length === 0 ? linear.ring.zero! : neighbours.reduce(linear.ring.plus),
      },
      { guard: build.always, value: read(before, here) },
    ],
    origin: family.origin,
  };
  const reached = read(levels, here);
  const flipped = build.apply("not", [reached], build.bit);
  // The constants of the steps add up to what the rule makes of a row of ones: 1 at odd times, or always after the first step.
  const pieces: Piece[] =
    constant === undefined
      ? [{ guard: build.always, value: reached }]
      : [
          {
            guard:
              offsets.length % 2 === 1 ? is(build.mod(elapsed, build.integer(2)), zero) : is(elapsed, zero),
            value: reached,
          },
          { guard: build.always, value: flipped },
        ];
  const base = { law: "D.3", name: "jumps of 2^k steps", upTo: [], note: "" } as const;
  if (only === undefined) return { ...base, families: [jump, { ...family, pieces }] };
  // Only one row is read: the family keeps its name and that row.
  const row: Dim = { ...time, lo: only, hi: build.add(only, one) };
  return {
    ...base,
    families: [jump, { ...family, dims: family.dims.map((d, k) => (k === axis ? row : d)), pieces }],
    note: "only the row that is read is computed",
  };
};

/** The one time at which others read the family, where sizes alone say it. */
function onlyTime({ system, r, family }: Context): IndexExpr | undefined {
  const times = new Set<IndexExpr | undefined>();
  for (const x of guardedReads(system)) {
    if (x.source !== family || x.reader === family) continue;
    const s: Subscript = x.read.at[r.axis.get(family.name)!]!;
    const names = new Set<string>();
    if (s.kind === "static")
      for (const n of [...x.reader.dims, ...x.inner]) if (mentionsIndex(s.value, n.index)) names.add(n.index);
    times.add(s.kind === "static" && names.size === 0 ? s.value : undefined);
  }
  const [only] = times;
  return family.role === "node" && times.size === 1 ? only : undefined;
}
