/** Several turns at a time of a loop with pivots: see `schedule/pivots.ts`. */
import { index as indexOf, integer, someExpr, typeOf } from "../../equations/build";
import { readsOf } from "../../equations/expressions";
import { changesWith, indicesOf } from "../../equations/mentions";
import type { Comparison, Dim, Expr, IndexExpr, Read } from "../../equations/system";
import { laneable } from "../../schedule/lanes";
import { alikeAlong, type Pivots as Found, pivotsOf, type Saved, TURNS } from "../../schedule/pivots";
import { type Code, w } from "./encode";
import { type Binding, type Interval, machine, Scope, type Value } from "./frame";
import { type Loop, type Member, Nests, TIME } from "./nests";
import type { Place } from "./storage";

/** Rows at a time, which are lanes where columns are followed, and vectors of each: what sixteen registers hold. */
const ROWS = 4;
const VECTORS = 2;

const turns = Array.from({ length: TURNS }, (_, b) => b);
const rows = Array.from({ length: ROWS }, (_, r) => r);

/** A block of turns under construction. */
interface Block extends Found {
  readonly step: Loop;
  readonly members: readonly Member[];
  readonly range: Interval;
  /** The first turn, and the first row of those at hand. */
  readonly turn: number;
  readonly first: number;
  /** Where the plane of a turn lies of each family that saves something. */
  readonly planes: ReadonlyMap<Saved, readonly Place[]>;
  /** The column that is saved in each turn. */
  readonly at: ReadonlyMap<Saved, readonly number[]>;
  /** Where what is the same in all columns of a row waits: for each turn, four rows. */
  readonly waiting: ReadonlyMap<Expr, number>;
}

export abstract class Pivots extends Nests {
  protected override pivotLoop(
    step: Loop,
    members: readonly Member[],
    [from, to]: readonly [Code, Code],
    range: Interval,
    scope: Scope,
  ): boolean {
    if (this.checked || this.forms.lanes === "never" || this.forms.tiles === "never") return false;
    const found = pivotsOf(step, this.families, this.plan.folded, this.unproved);
    if (found === undefined || this.carries(step) || !this.bothWays(found)) return false;
    // Memory is not what such a loop waits for (measured: a tenth is gained, for twice the code).
    const ordering = (e: Expr): boolean => e.kind === "apply" && this.ordersSlowly(e);
    if (found.pieces.some((p) => someExpr(p.value, ordering))) return false;
    const keep = (code: Code): Code => this.keep(scope, "i32", code);
    const { family, time } = found;
    const most = (a: Code, b: Code): Code => keep(w.select(a, b, w.gt(a, b)));
    const fewest = (a: Code, b: Code): Code => keep(w.select(a, b, w.lt(a, b)));
    const { lo } = this.bounds(family.dims[time]!, scope);
    const start = found.from.map((e) => keep(this.narrow(e, scope))).reduce(most, keep(w.add(lo, w.i32(1))));
    const stop = found.to.map((e) => keep(this.narrow(e, scope))).reduce(fewest, keep(to));
    const turn = this.f.local("i32");
    const one = new Scope(scope, true);
    one.names.set(TIME, { local: turn, plus: 0, range, scope: one });
    this.turn(step, members, turn, one);
    const several = new Scope(scope, true);
    this.block(found, step, members, range, turn, several);
    const step_ = (by: number): Code => w.set(turn, w.add(w.get(turn), w.i32(by)));
    const whole = w.and(w.ge(w.get(turn), start), w.le(w.add(w.get(turn), w.i32(TURNS)), stop));
    scope.add([
      ...w.set(turn, from),
      ...w.block(
        w.loop([
          ...w.brIf(1, w.ge(w.get(turn), to)),
          ...w.if(whole, [...several.code, ...step_(TURNS)], [...one.code, ...step_(1)]),
          ...w.br(0),
        ]),
      ),
    ]);
    return true;
  }

  /** Whether both neighbours in a row and neighbours in a column can be lanes. */
  private bothWays({ family, row, column, pieces, interior }: Found): boolean {
    const ask = {
      unproved: this.unproved,
      always: () => false,
      elsewhere: new Set([...this.bits, ...this.demanded]),
    };
    const all = pieces.map((p) => ({ ...p, guard: [[]] }));
    return (
      laneable(family, interior.pieces, family.dims[column]!.index, ask) &&
      laneable(family, all, family.dims[row]!.index, ask)
    );
  }

  private block(
    found: Found,
    step: Loop,
    members: readonly Member[],
    range: Interval,
    turn: number,
    scope: Scope,
  ): void {
    const { family } = found;
    const keep = (code: Code): Code => this.keep(scope, "i32", code);
    const [timeDim, rowDim] = [family.dims[found.time]!, family.dims[found.row]!];
    const { lo, hi, range: rowRange } = this.bounds(rowDim, scope);
    const [low, high] = [keep(lo), keep(hi)];
    const inTurn = <T>(b: number, f: (s: Scope) => T): T => {
      const s = new Scope(scope);
      s.names.set(timeDim.index, { local: turn, plus: b, range, scope: s });
      const made = f(s);
      this.flush(s, scope);
      return made;
    };
    // The rows that turns of this block save, with as many beside them as leave others in fours.
    let [least, last]: (Code | undefined)[] = [];
    for (const one of [...found.rows, ...found.corners])
      for (const b of [0, TURNS - 1]) {
        const at = inTurn(b, (s) => this.keep(s, "i32", this.narrow(one.row, s)));
        least = least === undefined ? at : keep(w.select(at, least, w.lt(at, least)));
        last = last === undefined ? at : keep(w.select(at, last, w.gt(at, last)));
      }
    const after = last === undefined ? high : w.add(last, w.i32(1));
    const begin = keep(w.add(low, w.and(w.sub(least ?? high, low), w.i32(-ROWS))));
    const end = keep(w.sub(high, w.and(w.sub(high, after), w.i32(-ROWS))));
    this.part_(found, rowDim, [begin, end]);
    this.loop(TIME, w.get(turn), w.add(w.get(turn), w.i32(TURNS)), range, scope, (s) =>
      this.turn(step, members, s.binding(TIME).local, s),
    );
    this.partsOf.clear();

    const saved = [...found.columns, ...found.rows, ...found.corners];
    const planes = new Map(
      saved.map((one) => [
        one,
        turns.map((b) =>
          inTurn(b, (s) => {
            const own = one.family.dims.map((d, k): IndexExpr => (k === 0 ? indexOf(d.index) : integer(0)));
            return this.address(one.family, own, s);
          }),
        ),
      ]),
    );
    const at = new Map(
      found.columns.map((one) => [
        one,
        turns.map((b) =>
          inTurn(b, (s) => {
            const local = this.f.local("i32");
            s.add(w.set(local, this.narrow(one.column, s)));
            return local;
          }),
        ),
      ]),
    );
    const alike = new Set<Expr>();
    for (const p of found.interior.pieces)
      if (p.value !== found.own) alikeAlong(p.value, family.dims[found.column]!.index, alike);
    const waiting = new Map([...alike].map((e) => [e, this.room(16 * TURNS)]));

    const first = this.f.local("i32");
    const group = new Scope(scope, true);
    group.names.set(rowDim.index, { local: first, plus: 0, range: rowRange, scope: group });
    this.rows4({ ...found, step, members, range, turn, first, planes, at, waiting }, group);
    scope.add([
      ...w.set(first, low),
      ...w.block(
        w.loop([
          ...w.if(w.eq(w.get(first), begin), w.set(first, end)),
          ...w.brIf(1, w.ge(w.get(first), high)),
          ...group.code,
          ...w.set(first, w.add(w.get(first), w.i32(ROWS))),
          ...w.br(0),
        ]),
      ),
    ]);
  }

  /** Only these rows from now on, of the family and of the columns that are saved of it. */
  private part_(found: Found, dim: Dim, [from, to]: readonly [Code, Code]): void {
    for (const f of [found.family, ...found.columns.map((c) => c.family)])
      this.partsOf.set(f.name, [{ index: dim.index, from, to }]);
  }

  /** Four rows through all turns of a block. */
  private rows4(block: Block, group: Scope): void {
    const { family, step, members, range, turn, first } = block;
    const [rowDim, columnDim] = [family.dims[block.row]!, family.dims[block.column]!];
    const four = [w.get(first), w.add(w.get(first), w.i32(ROWS))] as const;
    const plainly = (scope: Scope, families: ReadonlySet<string>): void => {
      const body = step.body.filter((p) => p.kind === "nest" && families.has(p.family.name));
      const end = w.add(w.get(turn), w.i32(TURNS));
      this.loop(TIME, w.get(turn), end, range, scope, (s) =>
        this.turn({ ...step, body }, members, s.binding(TIME).local, s),
      );
      this.partsOf.clear();
    };
    this.element = family;
    this.ranges = family.dims;
    const fused = new Scope(group, true);
    this.follow(block, fused);

    // Columns where one piece holds in all these turns and rows.
    const { lo, hi, range: columnRange } = this.bounds(columnDim, fused);
    const { interior } = block;
    const keep = (code: Code): Code => this.keep(fused, "i32", code);
    const [low, high] = [keep(lo), keep(hi)];
    const ends = (list: readonly IndexExpr[]): Code[] =>
      list.flatMap((e) => this.corners(block, [e], fused, (s) => this.keep(s, "i32", this.narrow(e, s))));
    const from = ends(interior.from).reduce((a, b) => keep(w.select(a, b, w.gt(a, b))), low);
    const to = ends(interior.to).reduce((a, b) => keep(w.select(a, b, w.lt(a, b))), high);
    const column = this.f.local("i32");
    fused.add(w.set(column, w.select(to, from, w.gt(to, from))));
    const here = new Scope(fused);
    this.bind(block, here, 0);
    this.cases(interior.pieces, here, (p, s) => {
      if (p.value === block.own) return;
      s.add(w.set(column, from));
      for (const count of [VECTORS, 1]) this.vectors(block, p.value, column, columnRange, to, count, s);
    });
    this.flush(here, fused);
    const [start, stop, again] = [this.f.local("i32"), this.f.local("i32"), this.f.local("i32")];
    const rest = new Scope(fused, true);
    this.partsOf.set(family.name, [
      { index: rowDim.index, from: four[0], to: four[1] },
      { index: columnDim.index, from: w.get(start), to: w.get(stop) },
    ]);
    plainly(rest, new Set([family.name]));
    fused.add([
      ...w.set(start, low),
      ...w.set(stop, w.select(from, high, w.lt(from, high))),
      ...w.set(again, w.i32(0)),
      ...w.loop([
        ...w.if(w.lt(w.get(start), w.get(stop)), rest.code),
        ...w.set(start, w.select(w.get(column), w.get(stop), w.gt(w.get(column), w.get(stop)))),
        ...w.set(stop, high),
        ...w.brIf(0, w.tee(again, w.sub(w.i32(1), w.get(again)))),
      ]),
    ]);
    this.element = family;
    this.ranges = family.dims;

    const same = block.comparisons.flatMap((c) => this.settled(block, c, group));
    if (same.length === 0) {
      this.flush(fused, group);
      return;
    }
    const apart = new Scope(group, true);
    this.part_(block, rowDim, four);
    plainly(apart, new Set([family.name, ...block.columns.map((c) => c.family.name)]));
    group.add(
      w.if(
        same.reduce((a, b) => w.and(a, b)),
        fused.code,
        apart.code,
      ),
    );
  }

  private bind({ family, time, turn, range }: Block, scope: Scope, b: number): void {
    scope.names.set(family.dims[time]!.index, { local: turn, plus: b, range, scope });
  }

  /** Something of the corners of the box of turns and rows, as far as these count in some expressions. */
  private corners<T>(block: Block, of: readonly IndexExpr[], scope: Scope, f: (s: Scope) => T): T[] {
    const names = indicesOf(...of);
    const { family, time, row, first } = block;
    const b = names.has(family.dims[time]!.index) ? [0, TURNS - 1] : [0];
    const r = names.has(family.dims[row]!.index) ? [0, ROWS - 1] : [0];
    return b.flatMap((k) =>
      r.map((line) => {
        const s = new Scope(scope);
        this.bind(block, s, k);
        const binding = scope.binding(family.dims[row]!.index);
        s.names.set(family.dims[row]!.index, { ...binding, local: first, plus: line, scope: s });
        const made = f(s);
        this.flush(s, scope);
        return made;
      }),
    );
  }

  /** Whether a comparison has one answer in all these turns and rows: both sides are linear. */
  private settled(block: Block, c: Comparison, scope: Scope): Code[] {
    const both = [c.left, c.right];
    const ops: Comparison[] =
      c.op === "==" || c.op === "!="
        ? [
            { ...c, op: "<" },
            { op: "<", left: c.right, right: c.left },
          ]
        : [c];
    return ops.flatMap((x) => {
      const [one, ...others] = this.corners(block, both, scope, (s) =>
        this.keep(s, "i32", this.comparison(x, s)),
      );
      return others.map((other) => w.eq(one!, other));
    });
  }

  /** Follows the columns that are saved through the turns, rows as lanes, and leaves what the other columns will ask for. */
  private follow(block: Block, scope: Scope): void {
    const { family, planes, at, first, interior } = block;
    const [row, column] = [family.dims[block.row]!.index, family.dims[block.column]!.index];
    this.four = row;
    const four = w.shl(w.get(first), w.i32(2));
    const now = new Map(
      block.columns.map((one) => [
        one,
        at.get(one)!.map((local) => {
          const here = new Scope(scope);
          this.bind(block, here, 0);
          const places = family.dims.map((d, k) =>
            k === block.column ? { code: w.get(local), scope: here } : indexOf(d.index),
          );
          const place = this.address(family, places, here);
          const lanes = this.laneAddresses(place, this.stride(family, block.row, here));
          const code = lanes
            .slice(1)
            .reduce<Code>(
              (v, a, l) => w.v128Load32Lane(a.offset, l + 1, a.address, v),
              w.v128Load32Zero(place.offset, place.address),
            );
          const value = this.keep(here, "v128", code);
          this.flush(here, scope);
          return value;
        }),
      ]),
    );
    const type = machine(family.type);
    const load = type === "f32" ? w.f32Load : w.i32Load;
    const known = (s: Scope, e: Read, value: Value): void => void s.memo.set(e, [value]);
    const own = (s: Scope, e: Read, code: Code): void =>
      void s.memo.set(s.own(e), [{ code, type: "v128", scope: s }]);
    /** A scope in which a turn's values of these rows are known, and of a column. */
    const within = (b: number, column_?: { readonly local: number; readonly value: Code }): Scope => {
      const s = new Scope(scope);
      this.bind(block, s, b);
      for (const one of block.columns) own(s, one.read, now.get(one)![b]!);
      for (const one of block.corners) {
        const place = planes.get(one)![b]!;
        known(s, one.read, { code: this.keep(s, type, load(place.offset, place.address)), type, scope: s });
      }
      if (column_ !== undefined) {
        s.names.set(column, { local: column_.local, plus: 0, range: [-(2 ** 30), 2 ** 30], scope: s });
        if (block.own !== undefined) own(s, block.own, column_.value);
        for (const one of block.rows) {
          const place = planes.get(one)![b]!;
          const there = w.add(place.address, w.shl(w.get(column_.local), w.i32(2)));
          known(s, one.read, { code: this.keep(s, type, load(place.offset, there)), type, scope: s });
        }
      }
      this.fourScope = s;
      return s;
    };
    for (const b of turns) {
      for (const one of block.columns) {
        const place = planes.get(one)![b]!;
        scope.add(w.v128Store(place.offset, w.add(place.address, four), now.get(one)![b]!));
      }
      if (block.waiting.size > 0) {
        const s = within(b);
        this.cases(interior.pieces, s, (p, inner) => {
          if (p.value === block.own) return;
          for (const e of alikeAlong(p.value, column)) {
            const value = this.inLanes(this.scalar(e, inner), typeOf(e));
            inner.add(w.v128Store(block.waiting.get(e)! + 16 * b, w.i32(0), value));
          }
        });
        this.flush(s, scope);
      }
      for (const one of block.columns)
        for (const c of turns.slice(b + 1)) {
          const local = at.get(one)![c]!;
          const s = within(b, { local, value: now.get(one)![c]! });
          const result = this.f.local("v128");
          s.add(w.set(result, now.get(one)![c]!));
          this.cases(block.pieces, s, (p, inner) => {
            inner.add(w.set(result, this.inLanes(this.scalar(p.value, inner), family.type)));
          });
          this.flush(s, scope);
          now.get(one)![c] = w.get(result);
        }
    }
    [this.four, this.fourScope] = [undefined, undefined];
  }

  /** Vectors of four rows through all turns, from a column on as long as there are so many. */
  private vectors(
    block: Block,
    value: Expr,
    column: number,
    range: Interval,
    to: Code,
    count: number,
    scope: Scope,
  ): void {
    const { family, planes, first } = block;
    const before = new Scope(scope, true);
    const tile = new Scope(before);
    tile.instance = true;
    const [row, lane] = [family.dims[block.row]!.index, family.dims[block.column]!.index];
    this.four = lane;
    const columns = Array.from({ length: count }, (_, c) => c);
    const at = w.shl(w.get(column), w.i32(2));
    const lines = scope.binding(row);
    const cell = (r: number, c: number): Scope => {
      const s = new Scope(tile);
      const own = (binding: Omit<Binding, "scope">): Binding => ({ ...binding, scope: s });
      s.names.set(row, own({ ...lines, local: first, plus: r, since: lines.scope }));
      s.names.set(lane, own({ local: column, plus: 4 * c, range, since: tile }));
      this.fourScope = s;
      return s;
    };
    const own = family.dims.map((d): IndexExpr => indexOf(d.index));
    const places = rows.map((r) =>
      columns.map((c) => {
        const s = cell(r, c);
        const place = this.address(family, own, s);
        this.flush(s, tile);
        return place;
      }),
    );
    const now = places.map((line) =>
      line.map((place) => this.keep(tile, "v128", w.v128Load(place.offset, place.address))),
    );
    const alike = [...alikeAlong(value, lane)];
    const inRows = [...alikeAlong(value, row)].filter((e) => e.kind === "apply" && changesWith(e, lane));
    const read = new Set<Expr>(readsOf(value));
    for (const b of turns) {
      const waits = alike.map((e) =>
        rows.map((r) =>
          this.keep(tile, "v128", w.v128Load32Splat(block.waiting.get(e)! + 16 * b + 4 * r, w.i32(0))),
        ),
      );
      const from = block.rows
        .filter((one) => read.has(one.read))
        .map((one) => {
          const place = planes.get(one)![b]!;
          return { one, offset: place.offset, address: this.keep(tile, "i32", w.add(place.address, at)) };
        });
      for (const c of columns) {
        const pivots = from.map((f) => this.keep(tile, "v128", w.v128Load(f.offset + 16 * c, f.address)));
        let shared: Code[] = [];
        for (const r of rows) {
          const s = cell(r, c);
          this.bind(block, s, b);
          const know = (key: object, code: Code): void =>
            void s.memo.set(key, [{ code, type: "v128", scope: s }]);
          if (block.own !== undefined) know(s.own(block.own), now[r]![c]!);
          from.forEach(({ one }, k) => {
            know(s.own(one.read), pivots[k]!);
          });
          alike.forEach((e, k) => {
            know(e, waits[k]![r]!);
          });
          // What is the same in all rows belongs to the first.
          const inRow = (e: Expr): Code => this.inLanes(this.scalar(e, s), typeOf(e));
          if (r === 0) shared = inRows.map(inRow);
          inRows.forEach((e, k) => {
            know(s.own(e), shared[k]!);
          });
          now[r]![c] = inRow(value);
          this.flush(s, tile);
        }
      }
    }
    places.forEach((line, r) => {
      line.forEach((place, c) => {
        tile.add(w.v128Store(place.offset, place.address, now[r]![c]!));
      });
    });
    const fits = w.le(w.add(w.get(column), w.i32(4 * count)), to);
    before.add(
      w.loop([...tile.code, ...w.set(column, w.add(w.get(column), w.i32(4 * count))), ...w.brIf(0, fits)]),
    );
    scope.add(w.if(fits, before.code));
    [this.four, this.fourScope] = [undefined, undefined];
  }
}
