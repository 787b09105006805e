/** Families as WGSL functions, one instance (or word of instances) a call. Nothing is decided here: order and storage come from the wavefronts. */

import { familyKey } from "../../equations/random";
import type { Family } from "../../equations/system";
import { TextScope } from "../text-scope";
import { Lanes } from "./lanes";
import { real } from "./library";
import { override, type Placement } from "./program";
import type { Scope } from "./values";

export abstract class Families extends Lanes {
  /** The function that computes an instance: `k` counts the free dimensions, `time` solves the pivot. `piece`: the one that applies, if known. */
  protected compute(family: Family, placement: Placement, piece?: number): string {
    this.family = family;
    this.temporaries = 0;
    this.placement = placement;
    this.ranges = family.dims;
    if (piece !== undefined)
      this.settled = new Map(family.pieces.slice(0, piece + 1).map((p, k) => [p.guard, k === piece]));
    const number = this.numberOf.get(family.name)!;
    const indices = this.point();
    const lines = this.decoded(family, placement);
    if (family.dims.length > 0) lines.push(`  if (!${this.isInside(family, indices)}) { return; }`);
    if (placement.rounds !== undefined) {
      const place = `${this.use(override.ready(number))} + ${this.place(family, indices)}`;
      lines.push(`  let ready = ${place};`, `  if (${this.memory(family)}[ready] != 0) { return; }`);
    }
    const { rounds, listed } = placement;
    lines.push(
      ...this.equation(indices, (values, scope) => {
        this.intoMemory(values, indices, scope);
        if (rounds !== undefined)
          scope.lines.push(`${scope.indent}${this.memory(family)}[ready] = P.round; atomicAdd(&F[10], 1u);`);
      }),
    );
    this.settled = new Map();
    const suffix = piece === undefined ? "" : `_${piece}`;
    return `fn ${listed === undefined ? "compute" : "listed"}${number}${suffix}(k: i32, time: i32) {\n${lines.join("\n")}\n}`;
  }

  /** The indices of an instance, or of the first of a patch of so many along some dimensions. */
  protected decoded(
    family: Family,
    placement: Placement,
    sides: ReadonlyMap<number, number> = new Map(),
  ): string[] {
    const number = this.numberOf.get(family.name)!;
    const indices = this.point();
    const lines: string[] = [];
    placement.fixed.forEach((d, k) => {
      lines.push(`  let ${indices[d]} = P.fixed[${k >> 2}][${k & 3}];`);
    });
    const { wave, listed } = placement;
    const free = family.dims
      .map((_, d) => d)
      .filter((d) => !placement.fixed.includes(d) && d !== wave?.pivot && listed?.includes(d) !== true);
    const lanes = this.packed.get(family.name);
    const decode = (from: string, dims: readonly number[]): void => {
      if (dims.length > 0) lines.push(`  rest = ${from};`);
      dims.toReversed().forEach((d, k) => {
        const [lo, whole] = [this.use(override.lo(number, d)), this.use(override.extent(number, d))];
        const side = sides.get(d);
        const extent = side === undefined ? whole : `((${whole} + ${side - 1}) / ${side})`;
        const last = k === dims.length - 1;
        const step = last ? "rest" : `rest % ${extent}`;
        if (d === lanes?.dim) lines.push(`  let word = ${step};`, `  let ${indices[d]} = word * 32 + ${lo};`);
        else if (side === undefined) lines.push(`  let ${indices[d]} = ${step} + ${lo};`);
        else lines.push(`  let ${indices[d]} = (${step}) * ${side} + ${lo};`);
        if (!last) lines.push(`  rest = rest / ${extent};`);
      });
    };
    lines.push("  var rest = 0;");
    if (listed === undefined) decode("k", free);
    else {
      const inner = free.map((d) => this.use(override.extent(number, d))).join(" * ") || "1";
      const place = `${this.memory(family)}[${this.use(override.ready(number))} + k / inner]`;
      lines.push(`  let inner = ${inner};`);
      decode("k % inner", free);
      decode(place, listed);
    }
    if (wave !== undefined) {
      const others = free
        .filter((d) => wave.weights[d] !== 0)
        .map((d) => ` - (${wave.weights[d]}) * ${indices[d]}`)
        .join("");
      const sign = wave.weights[wave.pivot] === 1 ? "" : "-";
      lines.push(`  let ${indices[wave.pivot]} = ${sign}(time${others});`);
    }
    return lines;
  }

  /** Values to the family's place in storage. */
  protected intoMemory(values: readonly string[], indices: readonly string[], scope: Scope): void {
    const { family } = this;
    const memory = this.memory(family);
    const offset = this.let(scope, this.offset(family, indices));
    values.forEach((v, k) => {
      const word = `${memory}[${offset}${k === 0 ? "" : ` + ${k}`}]`;
      scope.lines.push(`${scope.indent}${word} = ${this.asWord(v)};`);
    });
  }

  protected asWord(value: string): string {
    const { kind } = this.family.type;
    return kind === "real" || kind === "vector" ? `bitcast<i32>(${value})` : value;
  }

  /** The lines that compute an instance, or a word of them, at indices that are in scope. */
  protected equation(
    indices: readonly string[],
    keep: (values: readonly string[], scope: Scope) => void,
  ): string[] {
    const { family } = this;
    const lines: string[] = [];
    const indent = "  ";
    const lanes = this.packed.get(family.name);
    const store = (values: readonly string[], scope: Scope): void => {
      if (family.type.kind === "index") {
        const bound = this.let(scope, this.index(family.type.bound));
        const site = { code: "value-range", family: family.name } as const;
        this.raise(scope, `${values[0]} < 0 || ${values[0]} >= ${bound}`, site, [
          ...indices.slice(0, 6),
          values[0]!,
          bound,
        ]);
      }
      keep(values, scope);
    };
    const scopeAt = (deeper: string): Scope => new TextScope(deeper);
    if (family.role === "random") {
      const scope = scopeAt(indent);
      let key = `vec2<u32>(P.seed, ${familyKey(family.name)}u)`;
      for (let k = 0; k === 0 || k < indices.length; k += 2) {
        const word = (j: number) => (j < indices.length ? `u32(${indices[j]})` : "0u");
        const known = this.let(scope, key);
        key = `threefry(${known}.x, ${known}.y, ${word(k)}, ${word(k + 1)})`;
      }
      const last = this.let(scope, key);
      store([this.let(scope, `f32(${last}.x >> 8u) * ${real(2 ** -24)}`)], scope);
      lines.push(...scope.lines);
    } else if (lanes?.word !== undefined) {
      const scope = scopeAt(indent);
      const value = this.wholeWord(lanes.word, scope);
      store([`i32(${value})`], scope);
      lines.push(...scope.lines);
    } else if (family.pieces.length === 1) {
      const scope = scopeAt(indent);
      store(this.expr(family.pieces[0]!.value, scope), scope);
      lines.push(...scope.lines);
    } else {
      const branches = family.pieces.map((p) => {
        const scope = scopeAt(`${indent}  `);
        store(this.expr(p.value, scope), scope);
        return { guard: p.guard, lines: scope.lines };
      });
      lines.push(...this.branch(branches, indent));
    }
    return lines;
  }
}
