/** Packed families: rows of bits, 128 cells a word. */
import { index as indexOf } from "../../equations/build";
import type { Comparison, Condition, Dim, Family, IndexExpr } from "../../equations/system";
import type { Cells, Word } from "../../schedule/words";
import { type Code, w } from "./encode";
import { LANES, namesOf, Scope, type Value, WASM_SIZE_LIMIT } from "./frame";
import type { Slice } from "./loops";
import { Reductions } from "./reductions";

export abstract class Rows extends Reductions {
  /** Rows of a packed family, a word at a time. */
  protected rows(family: Family, open: readonly Dim[], word: Word, scope: Scope, slice?: Slice): void {
    const [first, ...rest] = open as [Dim, ...Dim[]];
    const { lo, hi, range } = this.bounds(first, scope);
    if (rest.length > 0) {
      const [from, to] = slice === undefined ? [lo, hi] : this.slice(lo, hi, slice, scope);
      this.loop(first.index, from, to, range, scope, (s) => this.rows(family, rest, word, s));
      return;
    }
    const length = this.keep(scope, "i32", w.sub(hi, lo));
    const words = this.keep(scope, "i32", w.shr(w.add(length, w.i32(127)), w.i32(7)));
    const [from, to] = slice === undefined ? [w.i32(0), words] : this.slice(w.i32(0), words, slice, scope);
    const count = "\u0000word";
    this.loop(count, from, to, [0, WASM_SIZE_LIMIT], scope, (inner) => {
      inner.instance = true;
      const place = this.keep(inner, "i32", w.shl(w.get(inner.binding(count).local), w.i32(7)));
      const local = this.f.local("i32");
      inner.add(w.set(local, w.add(lo, place)));
      inner.names.set(first.index, { local, plus: 0, range, scope: inner });
      this.lane = { dim: first, place };
      const value = this.word(word, inner).code;
      const own = family.dims.map((d): IndexExpr => (d === first ? d.lo : indexOf(d.index)));
      const row = this.address(family, own, inner);
      if (this.bits.has(family.name))
        inner.add(w.v128Store(row.offset, w.add(row.address, w.shrU(place, w.i32(3))), value));
      else {
        const at = w.add(w.add(row.address, w.i32(row.offset)), place);
        inner.add(w.call(this.libraryFunction("unpackBytes"), at, value, w.sub(length, place)));
      }
      this.lane = undefined;
    });
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
    const { place } = this.lane!;
    const given = at.map((s) => {
      if (s.kind === "static") return s.value;
      const v = this.scalar(s.value, scope);
      return { code: v.code, scope: v.scope };
    });
    if (at.some((s) => s.kind === "dynamic")) this.checkInside(read, family, given, scope);
    const row = this.address(family, given, scope);
    const bits = this.bits.has(family.name);
    this.margin = Math.max(this.margin, Math.abs(offset) + 256);
    const position = w.add(place, w.i32(offset));
    const start = w.add(row.address, w.i32(row.offset));
    const inside = (): Code => {
      if (!bits) return w.call(this.libraryFunction("packBytes"), w.add(start, position));
      const key = `word ${row.address.join()}`;
      const at =
        (scope.memo.get(key) as Code | undefined) ??
        this.keep(scope, "i32", w.add(row.address, w.shrU(place, w.i32(3))));
      scope.memo.set(key, at);
      const whole = Math.floor(offset / 64);
      const by = offset - 64 * whole;
      const near = row.offset + 8 * whole;
      const load = (more: number): Code =>
        near >= 0 ? w.v128Load(near + more, at) : w.v128Load(more, w.add(at, w.i32(near)));
      if (by === 0) return load(0);
      return w.vOr(w.i64x2ShrU(load(0), w.i32(by)), w.i64x2Shl(load(8), w.i32(64 - by)));
    };
    if (ring === undefined) return inside();
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
