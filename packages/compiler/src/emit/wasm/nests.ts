/** Nests of loops over the instances of families, and the time loops around them. */
import { index as indexOf, typeOf } from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { familyKey } from "../../equations/random";
import type { Dim, Expr, Family, IndexExpr, Piece, Read } from "../../equations/system";
import { interiorOf } from "../../schedule/interior";
import { laneable } from "../../schedule/lanes";
import type { Step } from "../../schedule/schedule";
import { type Code, w } from "./encode";
import { fits, I32_LEAST, I32_MOST, namesOf, namesOfCondition, SCRATCH, Scope } from "./frame";
import type { Slice } from "./loops";
import { turnWeight } from "./reductions";
import { Rows } from "./rows";

const MOST_PIECES = 12;

/**
 * How many vectors are computed side by side in one turn of a loop: few where each is much work, for all must be in registers. What they
 * share (addresses, operands that are the same in all lanes, the turns of a reduction's loop) is then paid once.
 */
function vectorsSideBySide(pieces: readonly Piece[], index: string): number {
  const heaviest = Math.max(...pieces.map((p) => turnWeight(p.value, index)));
  return heaviest <= 24 ? 4 : heaviest <= 48 ? 2 : 1;
}

/** A loop whose members' ranges cannot share one guard. */
export class Unschedulable extends Error {}

function familiesOf(step: Step): Set<string> {
  switch (step.kind) {
    case "nest":
      return new Set([step.family.name]);
    case "demand":
      return new Set(step.families.map((f) => f.name));
    case "loop":
      return new Set(step.members.keys());
  }
}

export abstract class Nests extends Rows {
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
    const [from, to] = slice === undefined ? [lo, hi] : this.slice(lo, hi, slice, scope);
    this.loop(first.index, from, to, range, scope, (s) => this.nest(family, rest, pieces, s));
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
  ): boolean {
    if (this.checked || this.forms === "never" || family.role === "random") return false;
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
    const [from, to] = slice === undefined ? [lo, hi] : this.slice(lo, hi, slice, scope);
    const i = this.f.local("i32");
    const end = this.keep(scope, "i32", to);
    scope.add(w.set(i, from));
    const extreme = (start: Code, list: readonly IndexExpr[], less: boolean): Code =>
      list.reduce<Code>((best, e) => {
        const x = this.narrow(e, scope);
        return this.keep(scope, "i32", w.select(x, best, less ? w.lt(x, best) : w.gt(x, best)));
      }, start);
    const first = extreme(this.keep(scope, "i32", from), inner.from, false);
    const most = extreme(end, inner.to, true);
    const lastOf = (count: number): Code => this.keep(scope, "i32", w.sub(most, w.i32(4 * count)));
    const holes = inner.except.map((e) => this.narrow(e, scope));
    const before = new Scope(scope, true);
    /** So many vectors side by side. */
    const wide = (count: number): Code => {
      const all = new Scope(before, true);
      all.instance = true;
      this.four = index;
      this.cases(inner.pieces, all, (p, s) => {
        const copies = Array.from({ length: count }, (_, k) => {
          const copy = new Scope(s);
          copy.names.set(index, { local: i, plus: 4 * k, range, scope: copy });
          return copy;
        });
        this.reduceTogether(p.value, copies, s);
        for (const copy of copies) {
          this.fourScope = copy;
          const values = this.expr(p.value, copy).map((v) => this.inLanes(v, typeOf(p.value)));
          this.storeLanes(family, values, copy);
          s.add(copy.code);
        }
      });
      this.four = undefined;
      all.add(w.set(i, w.add(w.get(i), w.i32(4 * count))));
      return all.code;
    };
    const single = new Scope(before, true);
    single.names.set(index, { local: i, plus: 0, range, scope: single });
    this.instance(family, pieces, single);
    single.add(w.set(i, w.add(w.get(i), w.i32(1))));
    const last = lastOf(1);
    let inside: Code = w.and(w.ge(w.get(i), first), w.le(w.get(i), last));
    for (const hole of holes) inside = w.and(inside, w.geU(w.sub(hole, w.get(i)), w.i32(4)));
    const count = holes.length > 0 ? 1 : vectorsSideBySide(inner.pieces, index);
    const more = w.lt(w.get(i), end);
    const rest = [...w.if(inside, wide(1), single.code), ...w.brIf(0, more)];
    if (count === 1) before.add(w.loop(rest));
    else {
      const fits = w.le(w.get(i), lastOf(count));
      const several = w.loop([...wide(count), ...w.brIf(0, fits)]);
      const enter = w.if(w.and(w.ge(w.get(i), first), fits), several);
      before.add(w.block(w.loop([...enter, ...w.brIf(1, w.eqz(more)), ...rest])));
    }
    scope.add(w.if(w.lt(w.get(i), end), before.code));
    return true;
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
    const time = "\u0000time";
    const start = slice === undefined ? undefined : from;
    this.carrying(step, start, scope, (shift) => {
      this.loop(time, from, to, [-reach, reach], scope, (inner) => {
        this.turn(step, members, inner.binding(time).local, inner);
        inner.add(shift());
      });
    });
  }

  /** One turn of a loop that families share. */
  private turn(
    step: Extract<Step, { kind: "loop" }>,
    members: readonly { readonly family: Family; readonly dim: number; readonly offset: number }[],
    time: number,
    inner: Scope,
  ): void {
    const t = w.get(time);
    for (const part of step.body) {
      if (part.kind === "demand") throw new Unschedulable();
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
