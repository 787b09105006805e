/**
 * Loops in which a turn takes every row to the next from itself and from a few rows and columns of the turn before, the pivots: shortest
 * and widest paths, closures, elimination. Several turns then cost one pass over memory: first the pivot rows go through them, then
 * every other row goes through all of them at once, in registers (blocked Floyd–Warshall: Venkataraman, Sahni and Mukhopadhyaya, 2003;
 * LU by panels: Dongarra, Gustavson and Karp, 1984).
 */
import * as build from "../equations/build";
import { isAlways } from "../equations/conditions";
import { readsOf } from "../equations/expressions";
import { changesWith, indicesOf } from "../equations/mentions";
import type { Comparison, Expr, Family, IndexExpr, Piece, Read } from "../equations/system";
import { toAffine } from "../symbolic/affine";
import { type Interior, interiorOf } from "./interior";
import type { Schedule, Step } from "./schedule";

type Loop = Extract<Step, { kind: "loop" }>;

/** So many turns are done at once. */
export const TURNS = 8;

/** A family that keeps a part of the turn before: rows or columns of it, or single entries. */
export interface Saved {
  readonly family: Family;
  /** How the turn reads it: at its own indices. */
  readonly read: Read;
  /** The row and the column that it saves; of a whole column, row is the index. */
  readonly row: IndexExpr;
  readonly column: IndexExpr;
}

export interface Pivots {
  readonly family: Family;
  /** Its dimensions. The column is the last. */
  readonly time: number;
  readonly row: number;
  readonly column: number;
  /** Its own value of the turn before. */
  readonly own: Read | undefined;
  /** What is saved of every row, what of every column, and single entries. */
  readonly columns: readonly Saved[];
  readonly rows: readonly Saved[];
  readonly corners: readonly Saved[];
  /** The pieces in turns from the greatest of `from` to below the least of `to`. */
  readonly pieces: readonly Piece[];
  readonly from: readonly IndexExpr[];
  readonly to: readonly IndexExpr[];
  /** Comparisons with time and row that decide between pieces. */
  readonly comparisons: readonly Comparison[];
  /** The columns where nothing but these decides. */
  readonly interior: Interior;
}

/** A sum of sizes and indices, each times a number: over a box it is least and greatest in corners. */
const isLinear = (e: IndexExpr): boolean =>
  [...toAffine(e).terms.keys()].every((name) => !name.startsWith("#"));

const plain = (e: Expr): boolean => {
  switch (e.kind) {
    case "constant":
    case "index-value":
      return true;
    case "read":
      return e.at.every((s) => s.kind === "static");
    case "apply":
      return e.args.every(plain);
    case "select":
      return plain(e.condition) && plain(e.then) && plain(e.otherwise);
    default:
      return false;
  }
};

/** Undefined where the loop is not of this kind. */
export function pivotsOf(
  loop: Loop,
  families: ReadonlyMap<string, Family>,
  folded: Schedule["folded"],
  unproved: ReadonlySet<Expr>,
): Pivots | undefined {
  if (loop.direction !== 1 || loop.body.some((s) => s.kind !== "nest")) return undefined;
  const members = [...loop.members].map(([name, m]) => ({ family: families.get(name)!, ...m }));
  if (members.some((m) => m.offset !== 0 || folded.get(m.family.name)?.dim !== m.dim)) return undefined;
  const large = members.filter((m) => m.family.dims.length === 3);
  const [main] = large;
  if (main === undefined || large.length !== 1 || main.dim === 2) return undefined;
  const { family, dim: time } = main;
  if (folded.get(family.name)!.window !== 1) return undefined;
  if (family.type.kind !== "real" && family.type.kind !== "int") return undefined;
  const [row, column] = [time === 0 ? 1 : 0, 2];
  const { dims } = family;
  if (dims.some((d) => indicesOf(d.lo, d.hi).size > 0)) return undefined;
  const self = dims.map((d) => build.index(d.index));
  const static_ = (read: Read, d: number): IndexExpr | undefined => {
    const s = read.at[d]!;
    return s.kind === "static" ? s.value : undefined;
  };

  // Every turn but the first has the same pieces, as far as time alone decides.
  const later = { ...dims[time]!, lo: build.add(dims[time]!.lo, build.integer(1)) };
  const settled = interiorOf(later, family.pieces, new Set());
  if (settled === undefined || settled.except.length > 0) return undefined;
  const { pieces } = settled;
  if (!pieces.every((p) => plain(p.value))) return undefined;

  const saved = new Map<string, Saved>();
  const kinds = { columns: [] as Saved[], rows: [] as Saved[], corners: [] as Saved[] };
  for (const { family: f, dim } of members) {
    if (f === family) continue;
    const value = f.pieces[0]?.value;
    if (f.pieces.length !== 1 || !isAlways(f.pieces[0]!.guard) || value?.kind !== "read") return undefined;
    if (value.family !== family.name || unproved.has(value)) return undefined;
    if (dim !== 0 || f.dims[0]!.index !== dims[time]!.index) return undefined;
    const [r, c] = [static_(value, row), static_(value, column)];
    if (r === undefined || c === undefined) return undefined;
    const [wholeRows, wholeColumns] = [r === self[row], c === self[column]];
    const kept = wholeRows ? dims[row]! : wholeColumns ? dims[column]! : undefined;
    if (wholeRows && wholeColumns) return undefined;
    const rest = f.dims[1];
    if (f.dims.length !== (kept === undefined ? 1 : 2)) return undefined;
    if (rest !== undefined && (rest.index !== kept!.index || rest.lo !== kept!.lo || rest.hi !== kept!.hi))
      return undefined;
    const time_ = dims[time]!.index;
    const byTime = (e: IndexExpr): boolean => isLinear(e) && [...indicesOf(e)].every((n) => n === time_);
    if ((!wholeRows && !byTime(r)) || (!wholeColumns && !byTime(c))) return undefined;
    const at = f.dims.map((d) => ({ kind: "static" as const, value: build.index(d.index) }));
    const read = build.read(f.name, at, f.type) as Read;
    const one = { family: f, read, row: r, column: c };
    saved.set(f.name, one);
    kinds[wholeRows ? "columns" : wholeColumns ? "rows" : "corners"].push(one);
  }

  let own: Read | undefined;
  for (const p of pieces)
    for (const read of readsOf(p.value)) {
      if (unproved.has(read)) return undefined;
      if (read.family === family.name) {
        if (own !== undefined && own !== read) return undefined;
        own = read;
      } else if (loop.members.has(read.family) && saved.get(read.family)?.read !== read) return undefined;
    }

  const outer = new Set([dims[time]!.index, dims[row]!.index]);
  const interior = interiorOf(dims[column]!, pieces, outer);
  if (interior === undefined || interior.except.length > 0) return undefined;
  const ends = [...settled.from, ...settled.to, ...interior.from, ...interior.to];
  if (!ends.every(isLinear)) return undefined;
  const comparisons = pieces.flatMap((p) => p.guard.flat());
  const asks = (c: Comparison, d: number): boolean => indicesOf(c.left, c.right).has(dims[d]!.index);
  if (comparisons.some((c) => asks(c, row) && asks(c, column))) return undefined;
  if (!comparisons.every((c) => isLinear(c.left) && isLinear(c.right))) return undefined;
  return {
    ...{ family, time, row, column, own, ...kinds, pieces, interior },
    ...{ from: settled.from, to: settled.to },
    comparisons: comparisons.filter((c) => !asks(c, column) && (asks(c, row) || asks(c, time))),
  };
}

/** The largest parts of an expression that are the same along an index, but for constants. */
export function alikeAlong(e: Expr, index: string, found = new Set<Expr>()): ReadonlySet<Expr> {
  if (changesWith(e, index)) for (const x of build.childrenOf(e)) alikeAlong(x, index, found);
  else if (e.kind !== "constant") found.add(e);
  return found;
}

/** Keeps of what is saved for pivots as many turns as are done at once. */
export function withPivots(
  plan: Schedule,
  families: ReadonlyMap<string, Family>,
  unproved: ReadonlySet<Expr>,
): Schedule {
  const folded = new Map(plan.folded);
  for (const step of plan.steps) {
    const found = step.kind === "loop" ? pivotsOf(step, families, plan.folded, unproved) : undefined;
    if (found === undefined) continue;
    for (const { family } of [...found.columns, ...found.rows, ...found.corners])
      folded.set(family.name, { dim: 0, window: TURNS });
  }
  return { ...plan, folded };
}
