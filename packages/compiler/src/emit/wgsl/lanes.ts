/** Words: 32 instances at once, a lane each. */
import * as build from "../../equations/build";
import { collectIndices } from "../../equations/evaluate-index";
import type { Comparison, Dim, Family, IndexExpr } from "../../equations/system";
import { type Cells, visitWord, type Word } from "../../schedule/words";
import { combine, toAffine } from "../../symbolic/affine";
import { Reductions } from "./reductions";
import type { Scope } from "./values";

export abstract class Lanes extends Reductions {
  protected readonly functions: string[] = [];

  /** The size that the words of the tile at hand go around, if they do. */
  protected abstract tileRing(): IndexExpr | undefined;

  /** The packed dimension of the family at hand, and its index in the first lane. */
  protected lane(): { readonly dim: Dim; readonly index: string } {
    const dim = this.family.dims[this.packed.get(this.family.name)!.dim]!;
    return { dim, index: this.name(dim.index) };
  }

  /** Words that are read around a ring, by their places: a plain read of one is the same where it counts. */
  private ringed: ReadonlyMap<string, IndexExpr> = new Map();

  /** A word with all that it reads. */
  protected wholeWord(root: Word, scope: Scope): string {
    const ringed = new Map<string, IndexExpr>();
    visitWord(root, (w) => {
      if (w.kind !== "cells" || w.ring === undefined) return;
      for (const away of wordsOf(w)) if (away !== undefined) ringed.set(placeKey(w, away), w.ring);
    });
    this.ringed = ringed;
    return this.word(root, scope);
  }

  protected word(w: Word, scope: Scope): string {
    return scope.once(w, () => [this.freshWord(w, scope)])[0]!;
  }

  protected freshWord(w: Word, scope: Scope): string {
    switch (w.kind) {
      case "constant":
        return w.value === 0 ? "0u" : "0xffffffffu";
      case "not":
        return this.let(scope, `~${this.word(w.of, scope)}`);
      case "and":
      case "or":
      case "xor": {
        const [left, right] = [this.word(w.left, scope), this.word(w.right, scope)];
        return this.let(scope, `${left} ${{ and: "&", or: "|", xor: "^" }[w.kind]} ${right}`);
      }
      case "same":
        return this.let(scope, `0u - u32(${this.scalar(w.value, scope)})`);
      case "where":
        return this.let(
          scope,
          w.condition.map((all) => `(${all.map((c) => this.lanesWhere(c)).join(" & ")})`).join(" | "),
        );
      case "cells":
        return this.cells(w, scope);
      case "branch": {
        const result = `t${this.temporaries++}`;
        scope.lines.push(`${scope.indent}var ${result}: u32;`);
        const branches = [w.then, w.otherwise].map((x, k) => {
          const inner = scope.inside();
          const value = this.word(x, inner);
          const lines = [...inner.lines, `${inner.indent}${result} = ${value};`];
          return { guard: k === 0 ? w.guard : build.always, lines };
        });
        scope.lines.push(...this.branch(branches, scope.indent));
        return result;
      }
      case "fold": {
        const result = `t${this.temporaries++}`;
        scope.lines.push(`${scope.indent}var ${result} = ${w.gate === "and" ? "0xffffffffu" : "0u"};`);
        const saved = this.ranges;
        this.ranges = [...this.ranges, ...w.dims];
        let depth = scope.indent;
        for (const d of w.dims) {
          const i = this.name(d.index);
          const hi = `${result}_h${depth.length}`;
          scope.lines.push(
            `${depth}let ${hi} = ${this.index(d.hi)};`,
            `${depth}for (var ${i} = ${this.index(d.lo)}; ${i} < ${hi}; ${i}++) {`,
          );
          depth += "  ";
        }
        const inner = scope.inside(depth);
        const value = this.word(w.body, inner);
        const gate = { and: "&", or: "|", xor: "^" }[w.gate];
        scope.lines.push(...inner.lines, `${depth}${result} = ${result} ${gate} ${value};`);
        this.ranges = saved;
        for (let k = w.dims.length - 1; k >= 0; k--) scope.lines.push(`${scope.indent}${"  ".repeat(k)}}`);
        return result;
      }
      case "each": {
        const { dim, index } = this.lane();
        const [result, lane] = [`t${this.temporaries++}`, `t${this.temporaries++}`];
        const inner = scope.inside();
        const value = this.scalar(w.value, inner);
        scope.lines.push(
          `${scope.indent}var ${result} = 0u;`,
          `${scope.indent}let ${result}_end = min(32, ${this.index(dim.hi)} - ${index});`,
          `${scope.indent}let ${result}_from = ${index};`,
          `${scope.indent}for (var ${lane} = 0; ${lane} < ${result}_end; ${lane}++) {`,
          `${inner.indent}let ${index} = ${result}_from + ${lane};`,
          ...inner.lines,
          `${inner.indent}${result} = ${result} | (u32(${value}) << u32(${lane}));`,
          `${scope.indent}}`,
        );
        return result;
      }
    }
  }

  /** Lanes for which a comparison holds: its difference grows or falls by one from lane to lane, or is worked out in each. */
  protected lanesWhere(c: Comparison): string {
    const { dim } = this.lane();
    const difference = this.index(build.sub(c.left, c.right));
    const slope = combine(toAffine(c.left), toAffine(c.right), -1).terms.get(dim.index) ?? 0;
    const only = linearIn(c.left, dim.index) && linearIn(c.right, dim.index);
    if (!only || Math.abs(slope) > 1)
      return `lanes${this.lanesFunction(c)}(${[...this.point(), ...this.ranges.slice(this.family.dims.length).map((d) => this.name(d.index))].join(", ")})`;
    if (slope === 0) return `select(0u, 0xffffffffu, ${this.comparison(c)})`;
    const here = slope === 1 ? `-(${difference})` : difference;
    switch (c.op) {
      case "==":
        return `lane(${here})`;
      case "!=":
        return `~lane(${here})`;
      case "<":
        return slope === 1 ? `below(${here})` : `~below(${here} + 1)`;
      case "<=":
        return slope === 1 ? `below(${here} + 1)` : `~below(${here})`;
    }
  }

  /** A function of the module that tries a comparison in each lane. */
  protected lanesFunction(c: Comparison): number {
    const { index } = this.lane();
    const names = [
      ...this.point(),
      ...this.ranges.slice(this.family.dims.length).map((d) => this.name(d.index)),
    ];
    const parameters = names.map((i) => `${i === index ? "first" : i}: i32`).join(", ");
    const number = this.functions.length;
    this.functions.push(`fn lanes${number}(${parameters}) -> u32 {
  var found = 0u;
  for (var lane = 0; lane < 32; lane++) {
    let ${index} = first + lane;
    if (${this.comparison(c)}) { found = found | (1u << u32(lane)); }
  }
  return found;
}`);
    return number;
  }

  protected cells(w: Cells, scope: Scope): string {
    const r = ((w.offset % 32) + 32) % 32;
    const [q, next] = wordsOf(w);
    const low = this.cellsAt(w, q, scope);
    if (next === undefined) return low;
    const high = this.cellsAt(w, next, scope);
    return this.let(scope, `(${low} >> ${r}u) | (${high} << ${32 - r}u)`);
  }

  /** The word `away` from the one at hand, in the row that the other subscripts select. */
  protected cellsAt(w: Cells, away: number, scope: Scope): string {
    const { family } = w;
    const { dim } = this.packed.get(family.name)!;
    const places = w.at.map((s) => `${s.kind} ${build.nodeNumber(s.value)}`);
    const local = this.inTile(family.name, w.at, away);
    if (local !== undefined)
      return this.once(`${local.name}[${local.word}]`, scope, () => `u32(${local.name}[${local.word}])`);
    const around = w.ring ?? this.ringed.get(placeKey(w, away));
    const key = `${placeKey(w, away)} ${around === undefined ? "" : build.nodeNumber(around)}`;
    return scope.once(key, () => {
      const at = w.at.map((s) =>
        s.kind === "dynamic"
          ? this.scalar(s.value, scope)
          : this.once(`index ${build.nodeNumber(s.value)}`, scope, () => this.index(s.value)),
      );
      const dynamic = w.at.some((s) => s.kind === "dynamic");
      if (dynamic) {
        const site = { code: "index-outside", family: this.family.name, read: family.name } as const;
        const place = w.read.at.map((s, d) =>
          d === dim && s.kind === "static" ? this.index(s.value) : at[d]!,
        );
        this.raise(scope, `!${this.isInside(family, at)}`, site, [...this.point(), ...place]);
      }
      const memory = this.memory(family);
      const word = away === 0 ? "word" : `word + ${away}`;
      this.await(
        family,
        at.map((a, d) => (d === dim ? `${a} + (${word}) * 32` : a)),
        scope,
      );
      const row = this.once(`row ${family.name} ${places.join()}`, scope, () => this.offset(family, at));
      // The words of a tile may go around where the family read does not.
      const ring = around ?? this.tileRing();
      // A tile starts anywhere before the ring.
      const far = this.tileRing() === undefined ? 32 * (Math.abs(away) + 1) : "0x7fffffff";
      const made =
        ring === undefined
          ? this.let(scope, `u32(${memory}[${row} + ${word}])`)
          : this.let(scope, `${this.ring(family)}(${row}, ${word}, ${this.index(ring)}, ${far})`);
      return [made];
    })[0]!;
  }

  /** Reads 32 cells of a ring, from cell 32 `word` on; `far`: the word lies less than so many cells outside. */
  protected ring(family: Family): string {
    const memory = this.memory(family);
    const name = `ring${this.numberOf.get(family.name)}`;
    this.rings.set(
      name,
      `fn ${name}(row: i32, word: i32, n: i32, far: i32) -> u32 {
  // Known when the shader is compiled: rings of whole words, longer than what is read, need none of the rest.
  if ((n & 31) == 0 && n >= far) {
    let up = select(word, word + (n >> 5u), word < 0);
    return u32(${memory}[row + select(up, up - (n >> 5u), up >= (n >> 5u))]);
  }
  if (u32(word) < u32(n) >> 5u) { return u32(${memory}[row + word]); }
  let at = pmod(32 * word, n);
  let first = row + (at >> 5u);
  let by = u32(at & 31);
  var cells = u32(${memory}[first]) >> by;
  if (by != 0u) { cells = cells | (u32(${memory}[first + 1]) << (32u - by)); }
  for (var have = n - at; have < 32; have += n) {
    cells = (cells & ((1u << u32(have)) - 1u)) | (u32(${memory}[row]) << u32(have));
  }
  return cells;
}`,
    );
    return name;
  }
}

/** The words, counted from the one at hand, that hold the cells. */
function wordsOf({ offset }: Cells): readonly [number, number?] {
  const q = Math.floor(offset / 32);
  return offset === 32 * q ? [q] : [q, q + 1];
}

const placeKey = (w: Cells, away: number): string =>
  `${w.family.name} ${w.at.map((s) => `${s.kind} ${build.nodeNumber(s.value)}`).join()} ${away}`;

/** Every appearance of an index is a plain term. */
function linearIn(e: IndexExpr, index: string): boolean {
  switch (e.kind) {
    case "integer":
    case "size":
    case "index":
      return true;
    case "add":
    case "sub":
      return linearIn(e.left, index) && linearIn(e.right, index);
    default: {
      const used = new Set<string>();
      collectIndices(e, used);
      return !used.has(index);
    }
  }
}
