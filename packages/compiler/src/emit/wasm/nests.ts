/** Nests of loops over the instances of families, and the time loops around them. */
import { index as indexOf, integer, someExpr, sub, typeOf } from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { readsOf } from "../../equations/expressions";
import { changesWith, dimsMention } from "../../equations/mentions";
import { familyKey } from "../../equations/random";
import type { Dim, Expr, Family, IndexExpr, Piece, Read } from "../../equations/system";
import { interiorOf } from "../../schedule/interior";
import { laneable } from "../../schedule/lanes";
import { familiesOf, type Step, Unschedulable } from "../../schedule/schedule";
import { type Skew, skewOf } from "../../schedule/skew";
import { guardedReads } from "../../symbolic/reads";
import { type Code, w } from "./encode";
import {
  type Binding,
  fits,
  I32_LEAST,
  I32_MOST,
  type Interval,
  namesOf,
  namesOfCondition,
  SCRATCH,
  Scope,
} from "./frame";
import type { Slice } from "./loops";
import { type Copy, reductionsIn, turnWeight, weight } from "./reductions";
import { Rows } from "./rows";

const MOST_PIECES = 12;

/**
 * Rows, and vectors of each, of which reductions run together: several, and what is left one by one. A product of matrices loads six vectors
 * for eight products in four rows; there half the partial sums are in registers (measured on rows of 384: four rows reach 0.80 of what the
 * units for floats can do, three 0.80, two 0.71). Each number of rows is code of its own.
 */
const ROWS = [4, 1];
const ROWS_OF_MUCH = [2, 1];
const LITTLE = 5;
const VECTORS_IN_ROWS = 2;

/**
 * How many vectors are computed side by side in one turn of a loop: few where each is much work, for all must be in registers. What they
 * share (addresses, operands that are the same in all lanes, the turns of a reduction's loop) is then paid once.
 */
function vectorsSideBySide(pieces: readonly Piece[], index: string, rows: boolean): number {
  if (rows) return VECTORS_IN_ROWS;
  const heaviest = Math.max(...pieces.map((p) => turnWeight(p.value, index)));
  return heaviest <= 8 ? 8 : heaviest <= 48 ? 4 : 1;
}

export const TIME = "\u0000time";
/** Bytes of rows that a tile works on: below the second cache of machines of these years. */
const CACHE = 640 * 1024;
/** Turns in a tile, where tiles gain, and where they do not. */
const MOST_TURNS = 32;
const ALL_TURNS = 4096;

export type Loop = Extract<Step, { kind: "loop" }>;
export interface Member {
  readonly family: Family;
  readonly dim: number;
  readonly offset: number;
}

/** A loop over rows that stands inside a loop over vectors. */
interface RowRange {
  readonly index: string;
  readonly from: Code;
  readonly to: Code;
  readonly range: Interval;
}

export abstract class Nests extends Rows {
  /** Where a part of a turn is computed: the rows (or columns) of each family. */
  protected readonly partsOf = new Map<
    string,
    readonly { readonly index: string; readonly from: Code; readonly to: Code }[]
  >();

  /** A loop whose turns are computed several at a time: see `schedule/pivots.ts`. False where it is none. */
  protected abstract pivotLoop(
    step: Loop,
    members: readonly Member[],
    turns: readonly [Code, Code],
    range: Interval,
    scope: Scope,
  ): boolean;

  protected instance(family: Family, pieces: readonly Piece[], outer: Scope): void {
    const scope = new Scope(outer);
    scope.instance = true;
    const own = family.dims.map((d): IndexExpr => indexOf(d.index));
    if (family.role === "random") {
      const keys = [this.parameter({ kind: "seed" }, scope), w.i32(familyKey(family.name) | 0)];
      const at = family.dims.map((d) => this.indexCode(scope, d.index));
      const number = this.libraryFunction("threefry");
      const result = this.f.local("f32");
      let k = 0;
      do {
        const [k0, k1] = k === 0 ? keys : [w.i32Load(SCRATCH, w.i32(0)), w.i32Load(SCRATCH + 4, w.i32(0))];
        scope.add(w.set(result, w.call(number, k0!, k1!, at[k] ?? w.i32(0), at[k + 1] ?? w.i32(0))));
        k += 2;
      } while (k < at.length);
      this.store(family, this.address(family, own, scope), [w.get(result)], scope);
      outer.add(scope.code);
      return;
    }
    this.cases(pieces, scope, (p, inner) => {
      const values = this.expr(p.value, inner);
      if (family.type.kind === "index" && !this.within(p.value, family)) {
        const bound = this.whole(family.type.bound, inner);
        const v = values[0]!.code;
        const outside = bound.wide
          ? w.or(w.lt(v, w.i32(0)), w.i64Le(bound.code, w.extend(v)))
          : w.or(w.lt(v, w.i32(0)), w.le(bound.code, v));
        this.fault(inner, outside, { code: "value-range", message: " is $0, outside 0..$1" }, [
          w.f64FromI32(v),
          bound.wide ? w.f64FromI64(bound.code) : w.f64FromI32(bound.code),
        ]);
      }
      const codes = values.map((v) => v.code);
      this.store(family, this.address(family, own, inner), codes, inner);
      this.hold(family.name, codes, inner);
    });
    outer.add(scope.code);
  }

  /** Whether the type of a value says that it is in the family's range. */
  protected within(value: Expr, family: Family): boolean {
    const type = typeOf(value);
    return (
      type.kind === "index" &&
      family.type.kind === "index" &&
      type.bound === family.type.bound &&
      namesOf(type.bound).size === 0
    );
  }

  /**
   * Loops over the dimensions that are not fixed. A guard that no inner index decides is asked outside the loops it does not
   * mention: each piece gets loops of its own.
   */
  protected nest(
    family: Family,
    open: readonly Dim[],
    pieces: readonly Piece[],
    scope: Scope,
    slice?: Slice,
  ): void {
    if (slice === undefined && this.stands(family, pieces)) return;
    const inner = new Set(open.map((d) => d.index));
    const outside = pieces.findIndex(
      (p) =>
        !isAlways(p.guard) &&
        [...namesOfCondition(p.guard)].every((n) => !inner.has(n)) &&
        !this.faultyCondition(p.guard, scope),
    );
    if (open.length > 0 && outside >= 0 && pieces.length <= MOST_PIECES) {
      const one = pieces[outside]!;
      const holds = this.condition(one.guard, scope);
      const then = new Scope(scope, true);
      this.nest(family, open, [...pieces.slice(0, outside), { ...one, guard: [[]] }], then, slice);
      const otherwise = new Scope(scope, true);
      const rest = pieces.filter((_, k) => k !== outside);
      if (rest.length > 0) this.nest(family, open, rest, otherwise, slice);
      scope.add(w.if(holds, then.code, otherwise.code));
      return;
    }
    const [first, ...rest] = open;
    if (first === undefined) {
      this.instance(family, pieces, scope);
      return;
    }
    const numbers = slice === undefined ? this.writtenOut(family.name, first) : undefined;
    if (numbers !== undefined) {
      for (const value of numbers) {
        const one = new Scope(scope);
        const local = this.f.local("i32");
        one.add(w.set(local, w.i32(value)));
        one.names.set(first.index, { local, plus: 0, value, range: [value, value], scope: one });
        this.nest(family, rest, pieces, one);
        scope.add(one.code);
      }
      return;
    }
    if (rest.length === 0 && this.lanesLoop(family, first, pieces, scope, slice)) return;
    const { lo, hi, range } = this.bounds(first, scope);
    if (rest.length === 1 && this.rowsShare(first, rest[0]!, pieces)) {
      // A slice is of columns: a panel is laid out once for all rows.
      const [start, end] = slice === undefined ? this.part(family, first, lo, hi, scope) : [lo, hi];
      const [from, to] = [this.keep(scope, "i32", start), this.keep(scope, "i32", end)];
      const rows = { index: first.index, from, to, range };
      if (this.lanesLoop(family, rest[0]!, pieces, scope, slice, rows)) return;
    }
    const [from, to] = this.part(family, first, lo, hi, scope, slice);
    this.loop(first.index, from, to, range, scope, (s) => this.nest(family, rest, pieces, s));
  }

  /** Whether all instances keep the value of the turn before, which lies where theirs would. */
  private stands(family: Family, pieces: readonly Piece[]): boolean {
    const fold = this.plan.folded.get(family.name);
    if (fold?.window !== 1 || family.type.kind === "index") return false;
    const { dims } = family;
    const turn = indexOf(dims[fold.dim]!.index);
    return pieces.every(
      ({ value }) =>
        value.kind === "read" &&
        value.family === family.name &&
        !this.unproved.has(value) &&
        value.at.every(
          (s, d) =>
            s.kind === "static" &&
            s.value === (d === fold.dim ? sub(turn, integer(1)) : indexOf(dims[d]!.index)),
        ),
    );
  }

  /** Where a loop starts: after the instances that keep their values, if these come first. */
  private afterStanding(
    family: Family,
    loop: Dim,
    pieces: readonly Piece[],
    outer: ReadonlySet<string>,
    [from, to]: readonly [Code, Code],
    scope: Scope,
  ): Code {
    if (this.plan.folded.get(family.name)?.window !== 1) return from;
    const lower = interiorOf(loop, pieces, outer, "lower");
    if (lower === undefined || lower.except.length > 0 || !this.stands(family, lower.pieces)) return from;
    const ends = [...lower.from, ...lower.to];
    if (ends.some((e) => this.faulty(e, scope) || !fits(this.interval(e, scope)))) return from;
    const keep = (code: Code): Code => this.keep(scope, "i32", code);
    const codes = (list: readonly IndexExpr[]): Code[] => list.map((e) => keep(this.narrow(e, scope)));
    const below = codes(lower.to).reduce((a, b) => keep(w.select(a, b, w.lt(a, b))), to);
    const covered = codes(lower.from).reduce((all, e) => w.and(all, w.le(e, from)), w.gt(below, from));
    return keep(w.select(below, from, covered));
  }

  /** Whether neighbouring rows reduce over much the same values: these are loaded once for several (unroll and jam). */
  private rowsShare(row: Dim, loop: Dim, pieces: readonly Piece[]): boolean {
    const asks = (e: IndexExpr): boolean => namesOf(e).has(row.index);
    if (asks(loop.lo) || asks(loop.hi)) return false;
    if (pieces.some((p) => namesOfCondition(p.guard).has(row.index))) return false;
    return pieces.every((p) => {
      const reductions = reductionsIn(p.value, loop.index);
      return (
        reductions.length > 0 &&
        reductions.every(
          (e) =>
            changesWith(e, row.index) &&
            // One loop for all rows.
            !dimsMention(e.dims, row.index) &&
            someExpr(
              e.body,
              (x) => x.kind === "read" && changesWith(x, loop.index) && !changesWith(x, row.index),
            ),
        )
      );
    });
  }

  protected member(step: Extract<Step, { kind: "nest" }>, scope: Scope, slice?: Slice): void {
    const { family, fixed } = step;
    this.element = family;
    this.ranges = family.dims;
    const open = family.dims.filter((_, k) => !fixed.has(k));
    const word = this.packed.get(family.name)?.word;
    if (word !== undefined) {
      this.rows(family, open, word, scope, slice);
      return;
    }
    this.nest(family, open, family.role === "random" ? [] : family.pieces, scope, slice);
  }

  /** The innermost loop with four instances at a time inside, one at a time at the ends; false where that cannot be. */
  protected lanesLoop(
    family: Family,
    loop: Dim,
    pieces: readonly Piece[],
    scope: Scope,
    slice?: Slice,
    rows?: RowRange,
  ): boolean {
    if (this.checked || this.forms.lanes === "never" || family.role === "random") return false;
    const outer = new Set(family.dims.map((d) => d.index).filter((n) => n !== loop.index && scope.bound(n)));
    const inner = interiorOf(loop, pieces, outer);
    if (inner === undefined) return false;
    const { index } = loop;
    const ask = {
      unproved: this.unproved,
      always: (e: Read, dims: readonly Dim[]) => this.always(e, this.families.get(e.family)!, dims),
      elsewhere: new Set([...this.bits, ...this.demanded]),
    };
    if (!laneable(family, inner.pieces, index, ask)) return false;
    if (inner.pieces.some((p) => this.faultyCondition(p.guard, scope))) return false;
    const ends = [...inner.from, ...inner.to, ...inner.except];
    if (ends.some((e) => this.faulty(e, scope) || !fits(this.interval(e, scope)))) return false;
    const { lo, hi, range } = this.bounds(loop, scope);
    const unit = rows === undefined ? 1 : 4 * VECTORS_IN_ROWS;
    const [start, to] = this.part(family, loop, lo, hi, scope, slice, unit);
    const from =
      slice === undefined ? this.afterStanding(family, loop, pieces, outer, [start, to], scope) : start;
    const i = this.f.local("i32");
    const end = this.keep(scope, "i32", to);
    scope.add(w.set(i, from));
    const extreme = (start: Code, list: readonly IndexExpr[], less: boolean): Code =>
      list.reduce<Code>((best, e) => {
        const x = this.narrow(e, scope);
        return this.keep(scope, "i32", w.select(x, best, less ? w.lt(x, best) : w.gt(x, best)));
      }, start);
    const first = extreme(this.keep(scope, "i32", from), inner.from, false);
    const most = this.keep(scope, "i32", extreme(end, inner.to, true));
    const lastOf = (count: number): Code => this.keep(scope, "i32", w.sub(most, w.i32(4 * count)));
    const holes = inner.except.map((e) => this.narrow(e, scope));
    const before = new Scope(scope, true);
    /** So many vectors of a piece side by side, in so many rows. */
    const vectors = (p: Piece, count: number, lines: number, since: Scope, scope: Scope): void => {
      this.four = index;
      const copies = this.copies(scope, { local: i, range, since }, index, count, rows, lines);
      this.reduceTogether(p.value, copies, scope);
      for (const copy of copies) {
        this.take(copy);
        const values = this.expr(p.value, copy.scope).map((v) => this.inLanes(v, typeOf(p.value)));
        this.storeLanes(family, values, copy.scope);
        if (copy.row !== undefined) this.flush(copy.row.scope, scope);
        this.flush(copy.scope, scope);
      }
      [this.four, this.row] = [undefined, undefined];
    };
    const turn = (p: Piece, count: number, outer: Scope): Code => {
      const all = new Scope(outer, true);
      all.instance = true;
      if (this.stands(family, [p])) return [];
      if (rows === undefined) vectors(p, count, 1, all, all);
      else {
        const reductions = reductionsIn(p.value, index);
        const little = reductions.every((e) => weight(e.body) <= LITTLE);
        this.four = index;
        const columns = this.copies(all, { local: i, range, since: all }, index, count, rows, 1);
        this.pack(
          reductions,
          rows.index,
          columns.map((c) => c.scope),
          all,
        );
        this.inRowsOf(rows, little && count > 1 ? ROWS : ROWS_OF_MUCH, all, (s, lines) =>
          vectors(p, count, lines, all, s),
        );
        this.unpack();
      }
      return all.code;
    };
    const next = (count: number): Code => w.set(i, w.add(w.get(i), w.i32(4 * count)));
    /** Which piece it is does not change in the loop: that is asked before it (loop unswitching). */
    const wide = (count: number, around: (turn: Code) => Code): Code => {
      const outer = new Scope(before, true);
      this.cases(inner.pieces, outer, (p, s) => s.add(around(turn(p, count, s))));
      return outer.code;
    };
    const single = (): Code => {
      const one = new Scope(before, true);
      one.names.set(index, { local: i, plus: 0, range, scope: one });
      if (rows === undefined) this.instance(family, pieces, one);
      else
        this.loop(rows.index, rows.from, rows.to, rows.range, one, (s) => this.instance(family, pieces, s));
      one.add(w.set(i, w.add(w.get(i), w.i32(1))));
      return one.code;
    };
    const plain = (code: Code): Code => code;
    const more = w.lt(w.get(i), end);
    const last = lastOf(1);
    if (holes.length > 0) {
      let inside: Code = w.and(w.ge(w.get(i), first), w.le(w.get(i), last));
      for (const hole of holes) inside = w.and(inside, w.geU(w.sub(hole, w.get(i)), w.i32(4)));
      before.add(w.loop([...w.if(inside, [...wide(1, plain), ...next(1)], single()), ...w.brIf(0, more)]));
    } else {
      // One by one to the first vector, vectors, and what is left of the range one by one.
      const singles = (until: Code): void => {
        const here = w.lt(w.get(i), until);
        before.add(w.if(here, w.loop([...single(), ...w.brIf(0, here)])));
      };
      if (inner.from.length > 0) singles(this.keep(before, "i32", w.select(first, end, w.lt(first, end))));
      const count = vectorsSideBySide(inner.pieces, index, rows !== undefined);
      if (count > 1) {
        const fits = w.le(w.get(i), lastOf(count));
        before.add(
          w.if(
            fits,
            wide(count, (code) => w.loop([...code, ...next(count), ...w.brIf(0, fits)])),
          ),
        );
      }
      // Less than a vector is left: the last one is computed once more, as far as it was, unless that reads what it writes.
      const over = w.gt(w.get(i), last);
      const none = w.or(w.ge(w.get(i), most), w.lt(last, first));
      const back = this.inPlace(family)
        ? w.brIf(1, over)
        : w.if(over, [...w.brIf(2, none), ...w.set(i, last)]);
      before.add(w.block(w.loop([...back, ...wide(1, plain), ...next(1), ...w.br(0)])));
      singles(end);
    }
    scope.add(w.if(w.lt(w.get(i), end), before.code));
    return true;
  }

  /** Whether a turn of a family is written over the one before, which it reads. */
  private inPlace(family: Family): boolean {
    const once = this.plan.folded.get(family.name)?.window === 1;
    return once && family.pieces.some((p) => readsOf(p.value).some((r) => r.family === family.name));
  }

  /** A loop over rows, several at a time and then what is left one by one. */
  private inRowsOf(
    { index, from, to, range }: RowRange,
    several: readonly number[],
    scope: Scope,
    body: (inner: Scope, lines: number) => void,
  ): void {
    const row = this.f.local("i32");
    scope.add(w.set(row, from));
    for (const lines of several) {
      const before = new Scope(scope, true);
      const inner = new Scope(before);
      inner.instance = true;
      inner.names.set(index, { local: row, plus: 0, range, scope: inner });
      body(inner, lines);
      inner.add(w.set(row, w.add(w.get(row), w.i32(lines))));
      const more = w.le(w.add(w.get(row), w.i32(lines)), to);
      before.add(w.loop([...inner.code, ...w.brIf(0, more)]));
      scope.add(w.if(more, before.code));
    }
  }

  /** A scope in which the index of rows is that of the r-th of several side by side. */
  private rowOf(rows: { readonly index: string }, r: number, scope: Scope): Scope {
    const own = new Scope(scope);
    const first = scope.binding(rows.index);
    own.names.set(rows.index, { ...first, plus: r, scope: own, since: first.scope });
    return own;
  }

  /** Scopes for vectors side by side, in one row or several. */
  private copies(
    scope: Scope,
    lane: Pick<Binding, "local" | "range" | "since">,
    index: string,
    count: number,
    rows: RowRange | undefined,
    lines: number,
  ): Copy[] {
    const columns = (row: Scope): Scope[] =>
      Array.from({ length: count }, (_, k) => {
        const own = new Scope(row);
        own.names.set(index, { ...lane, plus: 4 * k, scope: own });
        return own;
      });
    const first = columns(scope);
    const copies: Copy[] = first.map((own) => ({ scope: own }));
    for (let r = 1; r < lines; r++) {
      const row = this.rowOf(rows!, r, scope);
      columns(row).forEach((own, k) => {
        copies.push({ scope: own, row: { index: rows!.index, scope: row, first: first[k]! } });
      });
    }
    return copies;
  }

  protected timeLoop(step: Extract<Step, { kind: "loop" }>, scope: Scope, slice?: Slice): void {
    const members = [...step.members].map(([name, m]) => ({ family: this.families.get(name)!, ...m }));
    // Bounds may mention indices that are fixed already: they are in scope.
    let [lo, hi]: (Code | undefined)[] = [];
    let [least, most] = [I32_MOST, I32_LEAST];
    for (const m of members) {
      const d = m.family.dims[m.dim]!;
      const b = this.bounds(d, scope);
      const last = w.sub(b.hi, w.i32(1));
      const [x, y] =
        step.direction === 1
          ? [w.add(b.lo, w.i32(m.offset)), w.add(last, w.i32(m.offset))]
          : [w.sub(w.i32(m.offset), last), w.sub(w.i32(m.offset), b.lo)];
      const [p, q] = [this.keep(scope, "i32", x), this.keep(scope, "i32", y)];
      lo = lo === undefined ? p : this.keep(scope, "i32", w.select(lo, p, w.lt(lo, p)));
      hi = hi === undefined ? q : this.keep(scope, "i32", w.select(hi, q, w.gt(hi, q)));
      least = Math.min(least, b.range[0]);
      most = Math.max(most, b.range[1]);
    }
    const end = w.add(hi!, w.i32(1));
    const [from, to] = slice === undefined ? [lo!, end] : this.slice(lo!, end, slice, scope);
    const reach = Math.max(Math.abs(least), Math.abs(most)) + 64;
    const range: Interval = [-reach, reach];
    const skew =
      slice === undefined || this.checked || this.forms.tiles === "never"
        ? undefined
        : skewOf(step, guardedReads(this.system), this.unproved);
    const words = step.body.some(
      (p) => p.kind === "nest" && this.packed.has(p.family.name) && p.family.dims.length === 2,
    );
    if (skew !== undefined && !words && !this.carries(step)) {
      this.tiles(step, members, skew, [from, to], range, scope);
      return;
    }
    if (slice !== undefined && this.pivotLoop(step, members, [from, to], range, scope)) return;
    const start = slice === undefined ? undefined : from;
    this.carrying(step, start, scope, (shift) => {
      this.loop(TIME, from, to, range, scope, (inner) => {
        this.turn(step, members, inner.binding(TIME).local, inner);
        inner.add(shift());
      });
    });
  }

  /**
   * Turns of a loop in tiles: so many turns over so many rows as a cache holds, each nest some rows behind the one before. Where all
   * rows fit, and where a tile would be too small to gain, one tile has all rows.
   */
  private tiles(
    step: Loop,
    members: readonly Member[],
    { rows, behind }: Skew,
    [from, to]: readonly [Code, Code],
    range: Interval,
    scope: Scope,
  ): void {
    const turn = behind * step.body.length;
    const keep = (code: Code): Code => this.keep(scope, "i32", code);
    let [least, most]: (Code | undefined)[] = [];
    let bytes = w.i32(1);
    for (const { family } of members) {
      const row = rows.get(family.name)!;
      const { lo, hi } = this.bounds(family.dims[row]!, scope);
      least = least === undefined ? keep(lo) : keep(w.select(lo, least, w.lt(lo, least)));
      most = most === undefined ? keep(hi) : keep(w.select(hi, most, w.gt(hi, most)));
      const stride = this.stride(family, row, scope);
      const planes = this.plan.folded.get(family.name)?.window ?? 2;
      bytes = w.add(bytes, w.mul(typeof stride === "number" ? w.i32(stride) : stride, w.i32(planes)));
    }
    const [turns, height] = [this.f.local("i32"), this.f.local("i32")];
    if (this.forms.tiles === "always") scope.add([...w.set(turns, w.i32(3)), ...w.set(height, w.i32(2))]);
    else {
      const held = keep(w.divU(w.i32(CACHE), bytes));
      const half = turn === 0 ? w.i32(MOST_TURNS) : keep(w.div(held, w.i32(2 * turn)));
      const all = w.sub(most!, least!);
      scope.add([
        ...w.set(turns, w.select(half, w.i32(MOST_TURNS), w.lt(half, w.i32(MOST_TURNS)))),
        ...w.set(height, w.sub(held, w.mul(w.get(turns), w.i32(turn)))),
        ...w.if(w.or(w.ge(held, all), w.or(w.lt(w.get(turns), w.i32(2)), w.lt(w.get(height), w.i32(1)))), [
          ...w.set(turns, w.i32(ALL_TURNS)),
          ...w.set(height, w.add(all, w.i32(turn * ALL_TURNS))),
        ]),
      ]);
    }
    const [start, end, base] = [this.f.local("i32"), this.f.local("i32"), this.f.local("i32")];
    const inside = new Scope(scope, true);
    this.loop(TIME, w.get(start), w.get(end), range, inside, (inner) => {
      const time = inner.binding(TIME).local;
      const back = w.mul(w.sub(w.get(time), w.get(start)), w.i32(turn));
      const first = this.keep(inner, "i32", w.sub(w.get(base), back));
      step.body.forEach((part, position) => {
        for (const name of familiesOf(part)) {
          const { index } = this.families.get(name)!.dims[rows.get(name)!]!;
          const at = w.sub(first, w.i32(behind * position));
          this.partsOf.set(name, [{ index, from: at, to: w.add(at, w.get(height)) }]);
        }
      });
      this.turn(step, members, time, inner);
      this.partsOf.clear();
    });
    const last = w.add(most!, w.mul(w.sub(w.get(end), w.get(start)), w.i32(turn)));
    const next = w.add(w.get(start), w.get(turns));
    scope.add([
      ...w.set(start, from),
      ...w.block(
        w.loop([
          ...w.brIf(1, w.ge(w.get(start), to)),
          ...w.set(end, w.select(next, to, w.lt(next, to))),
          ...w.set(base, least!),
          ...w.block(
            w.loop([
              ...w.brIf(1, w.ge(w.get(base), last)),
              ...inside.code,
              ...w.set(base, w.add(w.get(base), w.get(height))),
              ...w.br(0),
            ]),
          ),
          ...w.set(start, w.get(end)),
          ...w.br(0),
        ]),
      ),
    ]);
  }

  /** The part of a range that is computed now: of a slice, or of a tile. */
  protected part(
    family: Family,
    d: Dim,
    lo: Code,
    hi: Code,
    scope: Scope,
    slice?: Slice,
    unit = 1,
  ): [Code, Code] {
    if (slice !== undefined) return this.slice(lo, hi, slice, scope, unit);
    const rows = this.partsOf.get(family.name)?.find((p) => p.index === d.index);
    if (rows === undefined) return [lo, hi];
    return [
      this.keep(scope, "i32", w.select(lo, rows.from, w.gt(lo, rows.from))),
      this.keep(scope, "i32", w.select(hi, rows.to, w.lt(hi, rows.to))),
    ];
  }

  /** One turn of a loop that families share. */
  protected turn(step: Loop, members: readonly Member[], time: number, inner: Scope): void {
    const t = w.get(time);
    for (const part of step.body) {
      const names = familiesOf(part);
      const own = members.filter((m) => names.has(m.family.name));
      const body = new Scope(inner, true);
      const guards: Code[] = [];
      const heads = new Map<string, number>();
      for (const m of own) {
        const d = m.family.dims[m.dim]!;
        const value = step.direction === 1 ? w.sub(t, w.i32(m.offset)) : w.sub(w.i32(m.offset), t);
        const b = this.bounds(d, inner);
        guards.push(w.and(w.le(b.lo, value), w.lt(value, b.hi)));
        if (heads.has(d.index) && heads.get(d.index) !== m.offset) throw new Unschedulable();
        heads.set(d.index, m.offset);
        if (body.names.has(d.index)) continue;
        const local = this.f.local("i32");
        body.add(w.set(local, value));
        body.names.set(d.index, { local, plus: 0, range: b.range, scope: body });
      }
      // Families of a deeper loop may have different ranges here: they must share one guard.
      if (new Set(guards.map((g) => g.join())).size > 1) throw new Unschedulable();
      if (part.kind === "nest") this.member(part, body);
      else this.timeLoop(part, body);
      inner.add(w.if(guards[0]!, body.code));
    }
  }
}
