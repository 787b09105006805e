/** Tiles: several times of a part of space, from one load of it and its surroundings (the halo). */
import type { IndexExpr, Subscript } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import type { Stencil, StencilMember, Tile } from "../../schedule/stencil";
import { planeOf } from "./indices";
import { Patches } from "./patches";
import { FUSED_WIDTH, override } from "./program";

export abstract class Tiles extends Patches {
  protected tile: { readonly stencil: Stencil; readonly tile: Tile } | undefined;
  /**
   * An instance (a word) of a tile: `l` is its place in workgroup memory, `g` its index (the word's number) before going around, `time` that of
   * the loop, `own` whether it is the tile's to deliver.
   */
  protected computeInTile(m: StencilMember, stencil: Stencil, tile: Tile): string {
    const { family } = m;
    this.family = family;
    this.temporaries = 0;
    this.placement = { fixed: [] };
    this.ranges = family.dims;
    this.tile = { stencil, tile };
    const number = this.numberOf.get(family.name)!;
    const indices = this.point();
    const lines = this.tileIndices(m, stencil, `time - ${m.offset}`);
    lines.push(`  if (!${this.insideTile(m, stencil)}) { return; }`);
    const before = this.waves.folded.get(family.name)?.before;
    const kept = before === undefined ? "own" : `own && time > P.last - ${before}`;
    const width = componentsOf(family.type);
    const number0 = `${indices[m.time]} - ${this.use(override.lo(number, m.time))}`;
    const local = `(${this.localWord(m, tile, number0, this.ls(stencil))}) * ${width}`;
    lines.push(
      ...this.equation(indices, (values, scope) => {
        values.forEach((v, k) => {
          scope.lines.push(`${scope.indent}L${number}[${local} + ${k}] = ${this.asWord(v)};`);
        });
        const inner = scope.inside();
        const within = m.space.map((d, k) =>
          stencil.ring[k] === undefined ? "true" : `g${k} < ${this.use(override.extent(number, d))}`,
        );
        const place = indices.map((i, d) =>
          m.space[stencil.packed ?? -1] === d ? `(word * 32 + ${this.use(override.lo(number, d))})` : i,
        );
        this.intoMemory(values, place, inner);
        scope.lines.push(
          `${scope.indent}if (${[kept, ...within].join(" && ")}) {`,
          ...inner.lines,
          `${scope.indent}}`,
        );
      }),
    );
    this.tile = undefined;
    return `fn tile${number}(${this.tileParameters(stencil)}, time: i32, own: bool) {\n${lines.join("\n")}\n}`;
  }

  /** Fetches what earlier times left of an instance (a word) of a tile. */
  protected loadIntoTile(m: StencilMember, stencil: Stencil, tile: Tile): string {
    const { family } = m;
    this.family = family;
    this.temporaries = 0;
    this.ranges = family.dims;
    const number = this.numberOf.get(family.name)!;
    const indices = this.point();
    const width = componentsOf(family.type);
    const lines = this.tileIndices(m, stencil, "at");
    lines.push(`  if (!${this.insideTile(m, stencil)}) { return; }`);
    const number0 = `at - ${this.use(override.lo(number, m.time))}`;
    const local = `(${this.localWord(m, tile, number0, this.ls(stencil))}) * ${width}`;
    const along = stencil.packed === undefined ? undefined : m.space[stencil.packed]!;
    const memory = this.memory(family);
    const row = this.offset(
      family,
      indices.map((i, d) => (d === along ? this.use(override.lo(number, d)) : i)),
    );
    lines.push(`  let row = ${row};`);
    const ring = stencil.packed === undefined ? undefined : stencil.ring[stencil.packed];
    for (let k = 0; k < width; k++) {
      const value =
        along === undefined
          ? `${memory}[row + ${k}]`
          : ring === undefined
            ? `${memory}[row + word]`
            : `i32(${this.ring(family)}(row, word, ${this.index(ring)}, 0x7fffffff))`;
      lines.push(`  L${number}[${local} + ${k}] = ${value};`);
    }
    return `fn load${number}(${this.tileParameters(stencil)}, at: i32) {\n${lines.join("\n")}\n}`;
  }

  protected tileParameters(stencil: Stencil): string {
    return stencil.reach.map((_, k) => `l${k}: i32, g${k}: i32`).join(", ");
  }
  protected ls(stencil: Stencil): string[] {
    return stencil.reach.map((_, k) => `l${k}`);
  }

  protected tileIndices(m: StencilMember, stencil: Stencil, time: string): string[] {
    const indices = m.family.dims.map((d) => this.name(d.index));
    const number = this.numberOf.get(m.family.name)!;
    return [
      `  let ${indices[m.time]} = ${time};`,
      ...m.space.flatMap((d, k) => {
        const n = stencil.ring[k];
        if (k === stencil.packed)
          return [
            `  let word = g${k};`,
            `  let ${indices[d]} = word * 32 + ${this.use(override.lo(number, d))};`,
          ];
        return [`  let ${indices[d]} = ${n === undefined ? `g${k}` : `around(g${k}, ${this.index(n)})`};`];
      }),
    ];
  }

  protected insideTile(m: StencilMember, stencil: Stencil): string {
    const number = this.numberOf.get(m.family.name)!;
    const indices = m.family.dims.map((d) => this.name(d.index));
    if (stencil.packed === undefined) return this.isInside(m.family, indices);
    const d = m.space[stencil.packed]!;
    const first = this.use(override.lo(number, d));
    const inside = this.isInside(m.family, indices.with(d, first));
    if (stencil.ring[stencil.packed] !== undefined) return inside;
    return `(${inside} && word >= 0 && word < ${this.use(override.extent(number, d))})`;
  }

  /** The place in workgroup memory of an instance (a word), before components. */
  protected localWord(m: StencilMember, tile: Tile, plane: string, at: readonly string[]): string {
    const area = tile.local.reduce((a, b) => a * b, 1);
    let stride = area;
    const terms = at.map((l, k) => {
      stride /= tile.local[k]!;
      return `(${l}) * ${stride}`;
    });
    const planes = m.window === 1 ? [] : [`${planeOf(`(${plane})`, m.window)} * ${area}`];
    return [...planes, ...terms].join(" + ");
  }

  protected inTile(
    family: string,
    at: readonly Subscript[],
    away: number,
  ): { readonly name: string; readonly word: string } | undefined {
    if (this.tile === undefined) return undefined;
    const { stencil, tile } = this.tile;
    const source = stencil.members.find((m) => m.family.name === family);
    const reader = stencil.members.find((m) => m.family === this.family);
    if (source === undefined || reader === undefined) return undefined;
    const number = this.numberOf.get(family)!;
    const index = (dim: number): IndexExpr => {
      const s = at[dim]!;
      if (s.kind === "dynamic") throw new Error(`a tile reads ${family} at a place that depends on data`);
      return s.value;
    };
    const places = source.space.map((d, k) => {
      if (k === stencil.packed) return `l${k} + ${away}`;
      const e = index(d);
      const by = e.kind === "mod" ? e.left : e;
      return `l${k} + (${this.index(by)} - ${this.name(reader.family.dims[reader.space[k]!]!.index)})`;
    });
    const plane = `${this.index(index(source.time))} - ${this.use(override.lo(number, source.time))}`;
    return { name: `L${number}`, word: this.localWord(source, tile, plane, places) };
  }

  protected tileRing(): IndexExpr | undefined {
    return this.tile?.stencil.ring[this.tile.stencil.packed!];
  }

  /** A workgroup a tile: loads it, then all times of the launch. */
  protected tileKernel(stencil: Stencil, tile: Tile, loop: number): string {
    const { local, own, halo } = tile;
    const area = local.reduce((a, b) => a * b, 1);
    const rank = local.length;
    const arrays = stencil.members.map((m) => {
      const words = m.window * area * componentsOf(m.family.type);
      return `var<workgroup> L${this.numberOf.get(m.family.name)}: array<i32, ${words}>;`;
    });
    const origins = local
      .map((_, k) => {
        const tiles = this.use(override.tiles(loop, k));
        const number = k === 0 ? "rest" : `(rest % ${tiles})`;
        const lines = [
          `  let o${k} = ${number} * ${own[k]} + ${this.use(override.first(loop, k))} - ${halo[k]};`,
        ];
        if (k > 0) lines.push(`  rest = rest / ${tiles};`);
        return lines.join("\n");
      })
      .toReversed();
    const decode = (indent: string) => {
      const lines = [`${indent}var at = k;`];
      for (let k = rank - 1; k >= 0; k--) {
        lines.push(k === 0 ? `${indent}let l0 = at;` : `${indent}let l${k} = at % ${local[k]};`);
        if (k > 0) lines.push(`${indent}at = at / ${local[k]};`);
      }
      return lines.join("\n");
    };
    const args = local.map((_, k) => `l${k}, o${k} + l${k}`).join(", ");
    const loads = stencil.members.flatMap((m) =>
      Array.from({ length: m.window - 1 }, (_, k) => {
        const number = this.numberOf.get(m.family.name)!;
        return `    load${number}(${args}, P.time - ${m.offset + k + 1});`;
      }),
    );
    const isOwn = local.map((_, k) => `l${k} >= ${halo[k]} && l${k} < ${halo[k]! + own[k]!}`).join(" && ");
    const steps = stencil.members.map((m) => {
      const number = this.numberOf.get(m.family.name)!;
      const margins = stencil.reach.flatMap((r, k) =>
        k === stencil.packed
          ? []
          : [`l${k} >= done * ${r.before} && l${k} < ${local[k]} - done * ${r.after}`],
      );
      const all = margins.length === 0 ? "true" : margins.join(" && ");
      return `    done++;
    for (var k = i32(lane); k < ${area}; k += ${FUSED_WIDTH}) {
${decode("      ")}
      if (${all}) { tile${number}(${args}, time, ${isOwn}); }
    }
    workgroupBarrier();`;
    });
    return `${arrays.join("\n")}

@compute @workgroup_size(${FUSED_WIDTH})
fn tiles${loop}(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var rest = i32(group.x) + P.base;
${origins.join("\n")}
  for (var k = i32(lane); k < ${area}; k += ${FUSED_WIDTH}) {
${decode("    ")}
${loads.join("\n")}
  }
  workgroupBarrier();
  var done = 0;
  for (var time = P.time; time <= P.last; time++) {
${steps.join("\n")}
  }
  tell();
}`;
  }
}
