/** Packed families: rows of bits, 128 cells a word. */
import { index as indexOf } from "../../equations/build";
import type { Comparison, Condition, Dim, Family, IndexExpr } from "../../equations/system";
import { type Cells, visitWord, type Word } from "../../schedule/words";
import { type Code, w } from "./encode";
import { LANES, namesOf, namesOfCondition, RING_REACH, Scope, type Value } from "./frame";
import type { Slice } from "./loops";
import { Reductions } from "./reductions";

/** Words that one turn of a loop computes: few where each has many gates, for all must be in registers. */
function wordsSideBySide(root: Word): number {
  let gates = 0;
  let straight = true;
  visitWord(root, (x) => {
    gates++;
    if (x.kind === "each" || x.kind === "fold" || x.kind === "branch") straight = false;
  });
  if (!straight) return 1;
  return gates <= 16 ? 4 : gates <= 32 ? 2 : 1;
}

export abstract class Rows extends Reductions {
  /** The part of a range that is computed now. */
  protected abstract part(
    family: Family,
    d: Dim,
    lo: Code,
    hi: Code,
    scope: Scope,
    slice?: Slice,
  ): [Code, Code];

  /** Rows of a packed family, words at a time. */
  protected rows(family: Family, open: readonly Dim[], word: Word, scope: Scope, slice?: Slice): void {
    const inner = new Set(open.map((d) => d.index));
    if (
      word.kind === "branch" &&
      [...namesOfCondition(word.guard)].every((n) => !inner.has(n)) &&
      !this.faultyCondition(word.guard, scope)
    ) {
      const holds = this.condition(word.guard, scope);
      const [then, otherwise] = [new Scope(scope, true), new Scope(scope, true)];
      this.rows(family, open, word.then, then, slice);
      this.rows(family, open, word.otherwise, otherwise, slice);
      scope.add(w.if(holds, then.code, otherwise.code));
      return;
    }
    const [first, ...rest] = open as [Dim, ...Dim[]];
    const { lo, hi, range } = this.bounds(first, scope);
    if (rest.length > 0) {
      const [from, to] = this.part(family, first, lo, hi, scope, slice);
      this.loop(first.index, from, to, range, scope, (s) => this.rows(family, rest, word, s));
      return;
    }
    const length = this.keep(scope, "i32", w.sub(hi, lo));
    const words = this.keep(scope, "i32", w.shr(w.add(length, w.i32(127)), w.i32(7)));
    const [from, to] = slice === undefined ? [w.i32(0), words] : this.slice(w.i32(0), words, slice, scope);
    const own = family.dims.map((d): IndexExpr => (d === first ? d.lo : indexOf(d.index)));
    const k = this.f.local("i32");
    const end = this.keep(scope, "i32", to);
    scope.add(w.set(k, from));
    const before = new Scope(scope, true);
    const side = (count: number): Code => {
      const all = new Scope(before, true);
      all.instance = true;
      const place = this.keep(all, "i32", w.shl(w.get(k), w.i32(7)));
      const byte = this.keep(all, "i32", w.shl(w.get(k), w.i32(4)));
      const local = this.f.local("i32");
      all.add(w.set(local, w.add(lo, place)));
      for (let n = 0; n < count; n++) {
        const one = new Scope(all);
        one.names.set(first.index, { local, plus: 128 * n, range, scope: one });
        this.lane = { dim: first, place, byte, ahead: n };
        const value = this.word(word, one).code;
        const row = this.address(family, own, one);
        if (this.bits.has(family.name))
          one.add(w.v128Store(row.offset + 16 * n, w.add(row.address, byte), value));
        else {
          const at = w.add(w.add(row.address, w.i32(row.offset + 128 * n)), place);
          const left = w.sub(length, w.add(place, w.i32(128 * n)));
          one.add(w.call(this.libraryFunction("unpackBytes"), at, value, left));
        }
        this.lane = undefined;
        all.add(one.code);
      }
      all.add(w.set(k, w.add(w.get(k), w.i32(count))));
      return all.code;
    };
    const more = w.lt(w.get(k), end);
    const count = wordsSideBySide(word);
    if (count === 1) before.add(w.loop([...side(1), ...w.brIf(0, more)]));
    else {
      const fits = w.le(w.add(w.get(k), w.i32(count)), end);
      const several = w.if(fits, w.loop([...side(count), ...w.brIf(0, fits)]));
      const single = [...w.brIf(1, w.eqz(more)), ...side(1), ...w.brIf(0, more)];
      before.add(w.block(w.loop([...several, ...single])));
    }
    scope.add(w.if(more, before.code));
    if (!this.rings.has(family.name)) return;
    const row = this.address(family, own, scope);
    scope.add(w.call(this.libraryFunction("closeRing"), w.add(row.address, w.i32(row.offset)), length));
  }

  protected word(word: Word, scope: Scope): Value {
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const known = s.memo.get(word) as Value | undefined;
      if (known !== undefined) return known;
    }
    const made: Value = { code: this.keep(scope, "v128", this.freshWord(word, scope)), type: "v128", scope };
    scope.memo.set(word, made);
    return made;
  }

  protected freshWord(word: Word, scope: Scope): Code {
    const all = (value: 0 | 1): Code => w.v128(Array<number>(16).fill(value === 0 ? 0 : 255));
    switch (word.kind) {
      case "constant":
        return all(word.value);
      case "not":
        return w.vNot(this.word(word.of, scope).code);
      case "and":
      case "or":
      case "xor": {
        const [a, b] = [this.word(word.left, scope).code, this.word(word.right, scope).code];
        return { and: w.vAnd, or: w.vOr, xor: w.vXor }[word.kind](a, b);
      }
      case "same":
        return w.i32x4Splat(w.sub(w.i32(0), this.scalar(word.value, scope).code));
      case "where":
        return word.condition
          .map((every) => every.map((c) => this.lanesWhere(c, scope)).reduce((a, b) => w.vAnd(a, b)))
          .reduce((a, b) => w.vOr(a, b));
      case "cells":
        return this.cells(word, scope);
      case "branch": {
        const result = this.f.local("v128");
        const cases = [
          { guard: word.guard, word: word.then },
          { guard: [[]] as Condition, word: word.otherwise },
        ];
        this.cases(cases, scope, (c, inner) => inner.add(w.set(result, this.word(c.word, inner).code)));
        return w.get(result);
      }
      case "fold": {
        const result = this.f.local("v128");
        scope.add(w.set(result, all(word.gate === "and" ? 1 : 0)));
        const saved = this.ranges;
        this.ranges = [...this.ranges, ...word.dims];
        const gate = { and: w.vAnd, or: w.vOr, xor: w.vXor }[word.gate];
        this.nested(word.dims, scope, (inner) =>
          inner.add(w.set(result, gate(w.get(result), this.word(word.body, inner).code))),
        );
        this.ranges = saved;
        return w.get(result);
      }
      case "each":
        return this.laneByLane(scope, (inner) => this.scalar(word.value, inner).code);
    }
  }

  /** A bit for each lane, one after the other; those beyond the row's end are 0. */
  protected laneByLane(scope: Scope, bit: (inner: Scope) => Code): Code {
    const { dim } = this.lane!;
    const base = w.get(scope.binding(dim.index).local);
    const { hi, range } = this.bounds(dim, scope);
    const end = this.keep(scope, "i32", w.add(base, w.i32(128)));
    const last = w.select(hi, end, w.lt(hi, end));
    scope.add(w.v128Store(LANES, w.i32(0), w.v128(Array<number>(16).fill(0))));
    this.loop(dim.index, base, last, range, scope, (inner) => {
      inner.instance = true;
      const lane = this.keep(inner, "i32", w.sub(this.indexCode(inner, dim.index), base));
      const byte = w.shrU(lane, w.i32(3));
      const found = bit(inner);
      inner.add(w.i32Store8(LANES, byte, w.or(w.i32Load8(LANES, byte), w.shl(found, w.and(lane, w.i32(7))))));
    });
    return w.v128Load(LANES, w.i32(0));
  }

  /** Lanes for which a comparison holds: its difference grows or falls by one from lane to lane, or it is asked in each. */
  protected lanesWhere(c: Comparison, scope: Scope): Code {
    const name = this.lane!.dim.index;
    const difference = this.linear(c.right, -1, this.linear(c.left));
    let step = 0;
    let strange = false;
    for (const [leaf, factor] of difference.leaves) {
      if (leaf.kind === "index" && leaf.name === name) step = factor;
      else if (namesOf(leaf).has(name)) strange = true;
    }
    if (strange || Math.abs(step) > 1) return this.laneByLane(scope, (inner) => this.comparison(c, inner));
    if (step === 0) return w.i32x4Splat(w.sub(w.i32(0), this.comparison(c, scope)));
    const exact = this.keep(scope, "i64", w.i64Sub(this.wide(c.left, scope), this.wide(c.right, scope)));
    const far = w.select(w.i64(1000), w.i64(-1000), w.i64Gt(exact, w.i64(0)));
    const near = w.and(w.i64Lt(exact, w.i64(1000)), w.i64Gt(exact, w.i64(-1000)));
    const first = this.keep(scope, "i32", w.wrap(w.select(exact, far, near)));
    // Lanes below a number; the difference in lane l is first ± l.
    const below = (n: Code): Code => w.call(this.libraryFunction("lanesBelow"), n);
    const negative = (plus: number): Code =>
      step === 1 ? below(w.sub(w.i32(plus), first)) : w.vNot(below(w.add(first, w.i32(1 - plus))));
    switch (c.op) {
      case "<":
        return negative(0);
      case "<=":
        return negative(1);
      case "==":
        return w.vAndNot(negative(1), negative(0));
      case "!=":
        return w.vNot(w.vAndNot(negative(1), negative(0)));
    }
  }

  protected cells({ family, at, offset, ring, read }: Cells, scope: Scope): Code {
    const { place, byte, ahead } = this.lane!;
    const given = at.map((s) => {
      if (s.kind === "static") return s.value;
      const v = this.scalar(s.value, scope);
      return { code: v.code, scope: v.scope };
    });
    if (at.some((s) => s.kind === "dynamic")) this.checkInside(read, family, given, scope);
    const row = this.address(family, given, scope);
    const bits = this.bits.has(family.name);
    this.margin = Math.max(this.margin, Math.abs(offset) + 256);
    const position = w.add(place, w.i32(offset + 128 * ahead));
    const start = w.add(row.address, w.i32(row.offset));
    const inside = (): Code => {
      if (!bits) return w.call(this.libraryFunction("packBytes"), w.add(start, position));
      // Neighbours ask for the same 128 bits.
      const load = (plus: number): Code => {
        const near = row.offset + plus + 16 * ahead;
        const key = `bits ${row.address.join()} ${near}`;
        const known = scope.memo.get(key) as Code | undefined;
        if (known !== undefined) return known;
        const at = w.add(row.address, byte);
        const bits = near >= 0 ? w.v128Load(near, at) : w.v128Load(0, w.add(at, w.i32(near)));
        const made = this.keep(scope, "v128", bits);
        scope.memo.set(key, made);
        return made;
      };
      const whole = Math.floor(offset / 64);
      const by = offset - 64 * whole;
      if (by === 0) return load(8 * whole);
      return w.vOr(w.i64x2ShrU(load(8 * whole), w.i32(by)), w.i64x2Shl(load(8 * whole + 8), w.i32(64 - by)));
    };
    if (ring === undefined || (this.rings.has(family.name) && Math.abs(offset) <= RING_REACH))
      return inside();
    const length = this.narrow(ring, scope);
    const result = this.f.local("v128");
    const fast = new Scope(scope, true);
    fast.add(w.set(result, inside()));
    const around = this.libraryFunction(bits ? "ringOfBits" : "ringOfBytes");
    scope.add(
      w.if(
        w.and(w.ge(position, w.i32(0)), w.le(w.add(position, w.i32(128)), length)),
        fast.code,
        w.set(result, w.call(around, start, position, length)),
      ),
    );
    return w.get(result);
  }
}
