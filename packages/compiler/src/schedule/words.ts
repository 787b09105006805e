/**
 * Boolean equations over words: every bit of a word is one instance along the packed dimension, its lane. Gates act on whole
 * words; finite functions and small counts become gates (Shannon, 1938: a table is a tree of multiplexers; sums of bits are
 * carried bit by bit, as in a ripple adder). What cannot be done so is computed lane after lane. Back ends choose the width.
 */
import * as build from "../equations/build";
import { isAlways, mapCondition, renameExpr, substituteIndex } from "../equations/conditions";
import { changesWith, conditionMentions, dimsMention, mentionsIndex } from "../equations/mentions";
import type { Condition, Dim, Expr, Family, IndexExpr, Read, Reduce, Subscript } from "../equations/system";
import { combine, toAffine } from "../symbolic/affine";

export type Word =
  /** The same bit in all lanes. */
  | { readonly kind: "constant"; readonly value: 0 | 1 }
  | { readonly kind: "not"; readonly of: Word }
  | { readonly kind: "and" | "or" | "xor"; readonly left: Word; readonly right: Word }
  | Cells
  /** A bit that does not depend on the lane, in all lanes. */
  | { readonly kind: "same"; readonly value: Expr }
  /** Lanes for which a static condition holds. */
  | { readonly kind: "where"; readonly condition: Condition }
  /** A static choice that is the same for all lanes. */
  | { readonly kind: "branch"; readonly guard: Condition; readonly then: Word; readonly otherwise: Word }
  /** The gate over all points, in any order. */
  | {
      readonly kind: "fold";
      readonly gate: "and" | "or" | "xor";
      readonly dims: readonly Dim[];
      readonly body: Word;
    }
  /** Any expression, lane after lane. */
  | { readonly kind: "each"; readonly value: Expr };

/**
 * Cells of a packed family. Lane l of word w has the cell at position `offset` + (width) w + l of the packed dimension, counted from its
 * lower end; modulo `ring` where that is given.
 */
export interface Cells {
  readonly kind: "cells";
  readonly family: Family;
  /** Other dimensions do not depend on the lane; the packed one is a placeholder. */
  readonly at: readonly Subscript[];
  readonly offset: number;
  readonly ring: IndexExpr | undefined;
  /** The read, as written. */
  readonly read: Read;
}

/** More points than this are not written out. */
const MOST_POINTS = 64;
const MOST_PLANES = 10;

/** What must be known of other families. */
export interface PackedFamilies {
  readonly family: (name: string) => Family;
  /** The packed dimension; undefined where every value has a word of its own. */
  readonly packedDim: (name: string) => number | undefined;
  /** Static reads that are not proved to stay inside. */
  readonly unproved: ReadonlySet<Expr>;
}

/** The word of instances that a family computes at once along `dim`, whose lower end is a number. */
export function wordOf(family: Family, dim: number, known: PackedFamilies): Word {
  return new Builder(family, dim, known).pieces();
}

/** Nodes of a word, shared ones once. */
export function visitWord(root: Word, at: (w: Word) => void, seen = new Set<Word>()): void {
  if (seen.has(root)) return;
  seen.add(root);
  at(root);
  const go = (w: Word) => visitWord(w, at, seen);
  if (root.kind === "not") go(root.of);
  else if (root.kind === "and" || root.kind === "or" || root.kind === "xor") {
    go(root.left);
    go(root.right);
  } else if (root.kind === "branch") {
    go(root.then);
    go(root.otherwise);
  } else if (root.kind === "fold") go(root.body);
}

const isGate = (w: Word): w is Extract<Word, { kind: "and" | "or" | "xor" }> =>
  w.kind === "and" || w.kind === "or" || w.kind === "xor";

class Builder {
  private readonly lane: string;
  private readonly lo: number;
  private readonly interned = new Map<string, Word>();
  private readonly numbers = new Map<Word, number>();
  private readonly memo = new Map<Expr, Word>();
  /** Words that may be evaluated only where they are selected: they may raise a fault. */
  private readonly partial = new Set<Word>();

  constructor(
    private readonly family: Family,
    dim: number,
    private readonly known: PackedFamilies,
  ) {
    const { index, lo } = family.dims[dim]!;
    if (lo.kind !== "integer") throw new Error(`the packed dimension of ${family.name} starts at no number`);
    this.lane = index;
    this.lo = lo.value;
  }

  pieces(): Word {
    const { pieces } = this.family;
    const whole = build.choose(
      pieces.map((p) => ({ guard: p.guard, value: p.value })),
      this.family.type,
    );
    return this.cases(pieces, whole);
  }

  // Nodes

  private intern(key: string, make: () => Word): Word {
    const known = this.interned.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.interned.set(key, made);
    this.numbers.set(made, this.numbers.size);
    return made;
  }
  private id(w: Word): number {
    return this.numbers.get(w)!;
  }
  private constant(value: 0 | 1): Word {
    return this.intern(`constant ${value}`, () => ({ kind: "constant", value }));
  }
  private not(of: Word): Word {
    if (of.kind === "constant") return this.constant(of.value === 0 ? 1 : 0);
    if (of.kind === "not") return of.of;
    return this.mark(
      this.intern(`not ${this.id(of)}`, () => ({ kind: "not", of })),
      of,
    );
  }
  private gate(kind: "and" | "or" | "xor", a: Word, b: Word): Word {
    const [left, right] = this.id(a) <= this.id(b) ? [a, b] : [b, a];
    if (left === right) return kind === "xor" ? this.constant(0) : left;
    for (const [c, other] of [
      [left, right],
      [right, left],
    ] as const) {
      if (c.kind !== "constant") continue;
      if (kind === "xor") return c.value === 0 ? other : this.not(other);
      // A word that may raise a fault is not left out.
      if (c.value === (kind === "and" ? 1 : 0)) return other;
      if (!this.partial.has(other)) return c;
    }
    const shorter =
      this.partial.has(left) || this.partial.has(right) ? undefined : this.shorter(kind, left, right);
    if (shorter !== undefined) return shorter;
    return this.mark(
      this.intern(`${kind} ${this.id(left)} ${this.id(right)}`, () => ({ kind, left, right })),
      left,
      right,
    );
  }

  /** Laws that multiplexer trees leave room for: x ∘ ¬x; gates of the same two words; absorption. */
  private shorter(kind: "and" | "or" | "xor", a: Word, b: Word): Word | undefined {
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      if (x.kind === "not") {
        if (x.of === y) return this.constant(kind === "and" ? 0 : 1);
        if (kind === "xor") return this.not(this.gate("xor", x.of, y));
      }
      // x ^ (x | z) = z & ¬x, and x ^ (x & z) = x & ¬z.
      if (kind === "xor" && (y.kind === "or" || y.kind === "and")) {
        const z = y.left === x ? y.right : y.right === x ? y.left : undefined;
        if (z !== undefined)
          return y.kind === "or" ? this.gate("and", z, this.not(x)) : this.gate("and", x, this.not(z));
      }
      if (kind !== "xor" && (y.kind === "or" || y.kind === "and") && y.kind !== kind)
        if (y.left === x || y.right === x) return x;
    }
    if (kind !== "xor" || !isGate(a) || !isGate(b) || a.left !== b.left || a.right !== b.right)
      return undefined;
    // Of and, or and xor of two words, any two differ by the third.
    const third = (["and", "or", "xor"] as const).find((k) => k !== a.kind && k !== b.kind);
    return third === undefined ? undefined : this.gate(third, a.left, a.right);
  }
  /** `c ? a : b`. */
  private mux(c: Word, a: Word, b: Word): Word {
    if (a === b) return a;
    if (c.kind === "constant" && !this.partial.has(a) && !this.partial.has(b)) return c.value === 1 ? a : b;
    if (a.kind === "constant")
      return a.value === 1 ? this.gate("or", c, b) : this.gate("and", this.not(c), b);
    if (b.kind === "constant")
      return b.value === 0 ? this.gate("and", c, a) : this.gate("or", this.not(c), a);
    return this.gate("xor", b, this.gate("and", c, this.gate("xor", a, b)));
  }
  private mark(made: Word, ...from: readonly Word[]): Word {
    if (from.some((w) => this.partial.has(w))) this.partial.add(made);
    return made;
  }
  private each(value: Expr): Word {
    const made = this.intern(`each ${build.nodeNumber(value)}`, () => ({ kind: "each", value }));
    this.partial.add(made);
    return made;
  }
  private where(condition: Condition): Word {
    if (isAlways(condition)) return this.constant(1);
    if (condition.length === 0) return this.constant(0);
    const key = condition
      .map((all) =>
        all.map((c) => `${c.op} ${build.nodeNumber(c.left)} ${build.nodeNumber(c.right)}`).join(" & "),
      )
      .join(" | ");
    return this.intern(`where ${key}`, () => ({ kind: "where", condition }));
  }

  // What depends on the lane

  private varies(e: Expr): boolean {
    return changesWith(e, this.lane);
  }

  /** Whether an expression has a value everywhere, selected or not. Reads of static places give something, inside or not. */
  private total(e: Expr): boolean {
    switch (e.kind) {
      case "constant":
      case "index-value":
        return true;
      case "read":
        return e.at.every((s) => s.kind === "static" && plain(s.value)) && !this.known.unproved.has(e);
      case "apply":
        return e.args.every((a) => this.total(a));
      case "select":
        return [e.condition, e.then, e.otherwise].every((a) => this.total(a));
      case "vector":
        return e.components.every((a) => this.total(a));
      case "component":
        return this.total(e.of);
      case "table":
        return e.args.every((a) => build.typeOf(a).kind === "bit" && this.total(a));
      case "choose":
      case "reduce":
      case "fold":
      case "operand":
        return false;
    }
  }

  // Expressions

  private word(e: Expr): Word {
    const known = this.memo.get(e);
    if (known !== undefined) return known;
    const made = this.fresh(e);
    this.memo.set(e, made);
    return made;
  }

  private same(value: Expr): Word {
    const made = this.intern(`same ${build.nodeNumber(value)}`, () => ({ kind: "same", value }));
    if (!this.total(value)) this.partial.add(made);
    return made;
  }

  private fresh(e: Expr): Word {
    if (e.kind === "constant") return this.constant(e.value === 0 ? 0 : 1);
    if (!this.varies(e)) return this.same(e);
    switch (e.kind) {
      case "read":
        return this.cells(e);
      case "apply": {
        const [a, b] = e.args as readonly [Expr, Expr];
        const kind = build.typeOf(a).kind;
        if (kind === "bit") {
          if (e.op === "not") return this.not(this.word(a));
          if (e.op === "and" || e.op === "or" || e.op === "xor")
            return this.gate(e.op, this.word(a), this.word(b));
          if (e.op === "ne") return this.gate("xor", this.word(a), this.word(b));
          if (e.op === "eq") return this.not(this.gate("xor", this.word(a), this.word(b)));
        } else if (e.op === "eq" || e.op === "ne" || e.op === "lt" || e.op === "le") {
          const [x, y] = [this.planes(a), this.planes(b)];
          if (x === undefined || y === undefined) return this.each(e);
          if (e.op === "lt") return this.less(x, y);
          if (e.op === "le") return this.not(this.less(y, x));
          const equal = this.equal(x, y);
          return e.op === "eq" ? equal : this.not(equal);
        }
        return this.each(e);
      }
      case "select":
        return this.mux(this.word(e.condition), this.word(e.then), this.word(e.otherwise));
      case "choose":
        return this.cases(e.cases, e);
      case "table": {
        if (e.args.some((a) => build.typeOf(a).kind !== "bit")) return this.each(e);
        const args = e.args.map((a) => this.word(a));
        const tree = (k: number, first: number): Word =>
          k === args.length
            ? this.constant(e.entries[first] === 0 ? 0 : 1)
            : this.mux(args[k]!, tree(k + 1, 2 * first + 1), tree(k + 1, 2 * first));
        return tree(0, 0);
      }
      case "reduce":
        return this.reduce(e);
      default:
        return this.each(e);
    }
  }

  private cases(cases: readonly { readonly guard: Condition; readonly value: Expr }[], whole: Expr): Word {
    const from = (k: number): Word | undefined => {
      const first = cases[k];
      if (first === undefined) return this.constant(0);
      const value = this.word(first.value);
      if (isAlways(first.guard)) return value;
      const rest = from(k + 1);
      if (rest === undefined) return undefined;
      if (conditionMentions(first.guard, this.lane)) {
        const decided = first.guard.every((all) => all.every((c) => plain(c.left) && plain(c.right)));
        if (!decided || this.partial.has(value) || this.partial.has(rest)) return undefined;
        return k === cases.length - 1 ? value : this.mux(this.where(first.guard), value, rest);
      }
      if (k === cases.length - 1) return value;
      const key = `branch ${this.id(this.where(first.guard))} ${this.id(value)} ${this.id(rest)}`;
      const made = this.intern(key, () => ({
        kind: "branch",
        guard: first.guard,
        then: value,
        otherwise: rest,
      }));
      this.partial.add(made);
      return made;
    };
    return from(0) ?? this.each(whole);
  }

  private cells(e: Read): Word {
    const family = this.known.family(e.family);
    const dim = this.known.packedDim(e.family);
    const at = dim === undefined ? undefined : e.at[dim];
    if (dim === undefined || at?.kind !== "static") return this.choice(e);
    const others = e.at.filter((_, d) => d !== dim);
    const varied = others.some((s) =>
      s.kind === "static" ? mentionsIndex(s.value, this.lane) : this.varies(s.value),
    );
    const { lo, hi } = family.dims[dim]!;
    if (varied || lo.kind !== "integer" || this.known.unproved.has(e)) return this.each(e);
    const around = at.value.kind === "mod" && mentionsIndex(at.value.left, this.lane) ? at.value : undefined;
    const ring = around?.right;
    if (ring !== undefined && (ring !== hi || lo.value !== 0)) return this.each(e);
    const by = combine(toAffine(around?.left ?? at.value), toAffine(build.index(this.lane)), -1);
    if (by.terms.size > 0 || Math.abs(by.constant) > 2 ** 20) return this.each(e);
    const offset = by.constant + this.lo - lo.value;
    const places = e.at.map((s, d) => (d === dim ? ({ kind: "static", value: lo } as const) : s));
    const numbers = places.map((s) => `${s.kind === "static" ? "" : "~"}${build.nodeNumber(s.value)}`);
    const key = `cells ${family.name} ${numbers.join()} ${offset} ${ring === undefined ? "" : build.nodeNumber(ring)}`;
    const made = this.intern(key, () => ({ kind: "cells", family, at: places, offset, ring, read: e }));
    if (others.some((s) => s.kind === "dynamic" || !plain(s.value))) this.partial.add(made);
    return made;
  }

  /** A place that depends on data, in a family as small as a table. */
  private choice(e: Read): Word {
    const [at] = e.at;
    const family = this.known.family(e.family);
    const dim = family.dims[0];
    if (e.at.length !== 1 || at?.kind !== "dynamic" || dim === undefined) return this.each(e);
    const planes = this.planes(at.value);
    if (planes === undefined || dim.lo.kind !== "integer" || dim.hi.kind !== "integer") return this.each(e);
    if (dim.lo.value > 0 || dim.hi.value < 2 ** planes.length) return this.each(e);
    const tree = (k: number, first: number): Word => {
      if (k < 0) {
        const place: Subscript = { kind: "static", value: build.integer(first) };
        return this.same(build.read(e.family, [place], e.type, e.origin));
      }
      return this.mux(planes[k]!, tree(k - 1, first + 2 ** k), tree(k - 1, first));
    };
    return tree(planes.length - 1, 0);
  }

  private reduce(e: Reduce): Word {
    const gate = e.op === "any" ? "or" : e.op === "all" ? "and" : e.op === "parity" ? "xor" : undefined;
    const bodies = this.writtenOut(e);
    if (bodies !== undefined) {
      if (gate !== undefined) {
        const start = this.constant(gate === "and" ? 1 : 0);
        return bodies.reduce((sum, b) => this.gate(gate, sum, b), start);
      }
      if (e.op !== "majority" || e.dataFilter !== undefined) return this.each(e);
      const operands = this.points(e)!.length;
      return this.less(this.number(Math.floor(operands / 2)), this.tally(bodies));
    }
    if (gate === undefined || dimsMention(e.dims, this.lane)) return this.each(e);
    const kept = (w: Word, filter: Word): Word =>
      gate === "and" ? this.gate("or", w, this.not(filter)) : this.gate("and", w, filter);
    let body = this.word(e.body);
    if (e.dataFilter !== undefined) body = kept(body, this.word(e.dataFilter));
    if (!isAlways(e.filter)) {
      const decided = e.filter.every((all) => all.every((c) => plain(c.left) && plain(c.right)));
      if (this.partial.has(body) || !decided) return this.each(e);
      body = kept(body, this.where(e.filter));
    }
    if (body.kind === "each") return this.each(e);
    const key = `fold ${gate} ${this.id(body)} ${e.dims.map((d) => `${d.index} ${build.nodeNumber(d.lo)} ${build.nodeNumber(d.hi)}`).join()}`;
    return this.mark(
      this.intern(key, () => ({ kind: "fold", gate, dims: e.dims, body })),
      body,
    );
  }

  // Small numbers as planes of bits, the lowest first

  private planes(e: Expr): Word[] | undefined {
    if (e.kind === "constant") return e.value >= 0 ? this.number(e.value) : undefined;
    if (e.kind === "index-value")
      return e.value.kind === "integer" && e.value.value >= 0 ? this.number(e.value.value) : undefined;
    if (build.typeOf(e).kind === "bit") return [this.word(e)];
    switch (e.kind) {
      case "apply": {
        if (e.op === "to-int" && build.typeOf(e.args[0]!).kind !== "real") return this.planes(e.args[0]!);
        if (e.op !== "add" && e.op !== "mul") return undefined;
        const [a, b] = [this.planes(e.args[0]!), this.planes(e.args[1]!)];
        if (a === undefined || b === undefined) return undefined;
        if (e.op === "add") return this.fit(this.sum(a, b));
        const shifted = b.map((plane, k) => [
          ...Array.from({ length: k }, () => this.constant(0)),
          ...a.map((x) => this.gate("and", x, plane)),
        ]);
        return this.fit(shifted.reduce((x, y) => this.sum(x, y), []));
      }
      case "select": {
        const [a, b] = [this.planes(e.then), this.planes(e.otherwise)];
        if (a === undefined || b === undefined) return undefined;
        const c = this.word(e.condition);
        return Array.from({ length: Math.max(a.length, b.length) }, (_, k) =>
          this.mux(c, a[k] ?? this.constant(0), b[k] ?? this.constant(0)),
        );
      }
      case "reduce": {
        if (e.op !== "count" && e.op !== "sum") return undefined;
        if (e.op === "count") {
          const bodies = this.writtenOut(e);
          return bodies === undefined ? undefined : this.fit(this.tally(bodies));
        }
        if (e.dataFilter !== undefined) return undefined;
        const parts = this.points(e)?.map((p) => this.planes(renameExpr(e.body, at(p))));
        if (parts === undefined || parts.includes(undefined)) return undefined;
        return this.fit((parts as Word[][]).reduce((x, y) => this.sum(x, y), []));
      }
      default:
        return undefined;
    }
  }

  private fit(planes: Word[]): Word[] | undefined {
    const top = planes.findLastIndex((p) => p.kind !== "constant" || p.value !== 0);
    return top + 1 > MOST_PLANES ? undefined : planes.slice(0, top + 1);
  }
  private number(value: number): Word[] {
    return Array.from({ length: 32 - Math.clz32(value) }, (_, k) =>
      this.constant(((value >>> k) & 1) as 0 | 1),
    );
  }
  private sum(a: readonly Word[], b: readonly Word[]): Word[] {
    const zero = this.constant(0);
    const made: Word[] = [];
    let carry: Word = zero;
    for (let k = 0; k < Math.max(a.length, b.length); k++) {
      const [x, y] = [a[k] ?? zero, b[k] ?? zero];
      const half = this.gate("xor", x, y);
      made.push(this.gate("xor", half, carry));
      carry = this.gate("or", this.gate("and", x, y), this.gate("and", half, carry));
    }
    return carry === zero ? made : [...made, carry];
  }
  /** How many are 1: full adders take three words of a weight to one of it and one of the next (Wallace, 1964). */
  private tally(words: readonly Word[]): Word[] {
    const made: Word[] = [];
    let column = [...words];
    while (column.length > 0) {
      const next: Word[] = [];
      while (column.length > 1) {
        const [a, b, c = this.constant(0)] = column.splice(0, 3) as [Word, Word, Word?];
        const half = this.gate("xor", a, b);
        column.push(this.gate("xor", half, c));
        const carry = this.gate("or", this.gate("and", a, b), this.gate("and", half, c));
        if (carry !== this.constant(0)) next.push(carry);
      }
      made.push(column[0]!);
      column = next;
    }
    return made;
  }
  private equal(a: readonly Word[], b: readonly Word[]): Word {
    const zero = this.constant(0);
    let all = this.constant(1);
    for (let k = 0; k < Math.max(a.length, b.length); k++)
      all = this.gate("and", all, this.not(this.gate("xor", a[k] ?? zero, b[k] ?? zero)));
    return all;
  }
  private less(a: readonly Word[], b: readonly Word[]): Word {
    const zero = this.constant(0);
    let below = zero;
    for (let k = 0; k < Math.max(a.length, b.length); k++) {
      const [x, y] = [a[k] ?? zero, b[k] ?? zero];
      below = this.mux(this.gate("xor", x, y), y, below);
    }
    return below;
  }

  /** The points of a reduction whose bounds are numbers, its filter on numbers applied; undefined where they are not. */
  private points(e: Reduce): ReadonlyMap<string, IndexExpr>[] | undefined {
    let points: ReadonlyMap<string, IndexExpr>[] = [new Map()];
    for (const d of e.dims) {
      const more: ReadonlyMap<string, IndexExpr>[] = [];
      for (const p of points) {
        const [lo, hi] = [substituteIndex(d.lo, p), substituteIndex(d.hi, p)];
        if (lo.kind !== "integer" || hi.kind !== "integer") return undefined;
        if (more.length + hi.value - lo.value > MOST_POINTS) return undefined;
        for (let i = lo.value; i < hi.value; i++) more.push(new Map([...p, [d.index, build.integer(i)]]));
      }
      points = more;
    }
    const decided = points.map((p) => mapCondition(e.filter, (x) => substituteIndex(x, p)));
    if (decided.some((c) => !isAlways(c) && c.length > 0)) return undefined;
    return points.filter((_, k) => isAlways(decided[k]!));
  }

  private writtenOut(e: Reduce): Word[] | undefined {
    const empty = this.constant(e.op === "all" ? 1 : 0);
    return this.points(e)?.map((p) => {
      const body = this.word(renameExpr(e.body, at(p)));
      if (e.dataFilter === undefined) return body;
      return this.mux(this.word(renameExpr(e.dataFilter, at(p))), body, empty);
    });
  }
}

/** Puts numbers for reduction indices. */
const at = (point: ReadonlyMap<string, IndexExpr>) => ({
  index: (e: IndexExpr) => substituteIndex(e, point),
  condition: (c: Condition) => mapCondition(c, (e) => substituteIndex(e, point)),
  family: (name: string) => ({ name, before: [] }),
});

/** Has a value at every index: nothing is divided, nothing raised to a power but by numbers. */
function plain(e: IndexExpr): boolean {
  switch (e.kind) {
    case "integer":
    case "size":
    case "index":
      return true;
    case "log2":
      return plain(e.operand);
    case "pow2":
      return false;
    case "div":
    case "mod":
      return plain(e.left) && e.right.kind === "integer" && e.right.value > 0;
    default:
      return plain(e.left) && plain(e.right);
  }
}
