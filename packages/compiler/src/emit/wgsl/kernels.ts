/** The kernels around the functions of a plan, and the module that holds them all. */
import type { Family } from "../../equations/system";
import type { Stencil, Tile } from "../../schedule/stencil";
import { libraryFor } from "./library";
import {
  FUSED_WIDTH,
  type GpuKernel,
  type GpuPatch,
  GROUP,
  ONE_BANK,
  override,
  type Placement,
} from "./program";
import { Tiles } from "./tiles";

type Members = readonly { readonly family: Family; readonly offset: number }[];

export class Kernels extends Tiles {
  readonly kernels: GpuKernel[] = [];
  /** Families of which an instance may be reported. */
  readonly mayFault = new Set<Family>();
  /** Families whose kernels a software device compiles for minutes inside one more loop. */
  readonly manyBranches = new Set<Family>();
  private readonly parts: string[] = [];

  private kernel(label: string, entry: string, text: string): number {
    this.parts.push(text);
    return this.kernels.push({ label, entry }) - 1;
  }

  /** One instance a lane. */
  single(family: Family, placement: Placement): number {
    const number = this.numberOf.get(family.name)!;
    const text = this.compute(family, placement);
    if (FAULTS.test(text)) this.mayFault.add(family);
    if (ANGLES.test(text)) this.manyBranches.add(family);
    this.parts.push(text);
    return this.kernel(
      family.name,
      `family${number}`,
      `@compute @workgroup_size(${GROUP})
fn family${number}(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= P.count) { return; }
  compute${number}(i32(id.x) + P.base, P.time);
  tell();
}`,
    );
  }

  /** A patch of instances a lane, where that shares what is read. */
  patch(family: Family, placement: Placement): GpuPatch | undefined {
    const patch = this.patchOf(family, placement);
    if (patch === undefined) return undefined;
    const number = this.numberOf.get(family.name)!;
    this.parts.push(this.computePatch(family, placement, patch));
    const kernel = this.kernel(
      family.name,
      `patches${number}`,
      `@compute @workgroup_size(${GROUP})
fn patches${number}(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= P.count) { return; }
  patch${number}(i32(id.x) + P.base, P.time);
}`,
    );
    return { ...patch, kernel };
  }

  /** One instance a lane, of a single piece: no lane looks into the others. */
  ofPiece(family: Family, placement: Placement, piece: number): number {
    const name = `${this.numberOf.get(family.name)!}_${piece}`;
    this.parts.push(this.compute(family, placement, piece));
    return this.kernel(
      family.name,
      `family${name}`,
      `@compute @workgroup_size(${GROUP})
fn family${name}(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= P.count) { return; }
  compute${name}(i32(id.x) + P.base, P.time);
  tell();
}`,
    );
  }

  /** One instance a lane, taken from the list of its level. */
  listed(family: Family, kept: readonly number[]): number {
    const number = this.numberOf.get(family.name)!;
    this.parts.push(this.compute(family, { fixed: [], listed: kept }));
    return this.kernel(
      family.name,
      `level${number}`,
      `@compute @workgroup_size(${GROUP})
fn level${number}(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= P.count) { return; }
  listed${number}(i32(id.x) + P.base, 0);
  tell();
}`,
    );
  }

  /** Many narrow levels in one dispatch: what each family has on a level, then all lanes meet. */
  oneGroupOfLevels(families: readonly Family[], kept: ReadonlyMap<string, readonly number[]>): number {
    const body = families.map((family) => {
      const number = this.numberOf.get(family.name)!;
      const free = family.dims.flatMap((_, d) =>
        kept.get(family.name)!.includes(d) ? [] : [this.use(override.extent(number, d))],
      );
      const starts = `${this.memory(family)}[${this.use(override.starts(number))}`;
      return `    {
      let levels = ${starts}];
      let inner = ${free.join(" * ") || "1"};
      let end = ${starts} + 1 + min(level + 1, levels)] * inner;
      for (var k = ${starts} + 1 + min(level, levels)] * inner + i32(lane); k < end; k += ${FUSED_WIDTH}) { listed${number}(k, 0); }
    }
    storageBarrier();`;
    });
    const entry = `levels${this.numberOf.get(families[0]!.name)!}`;
    return this.kernel(
      families.map((f) => f.name).join(", "),
      entry,
      `@compute @workgroup_size(${FUSED_WIDTH})
fn ${entry}(@builtin(local_invocation_index) lane: u32) {
  for (var level = P.time; level <= P.last; level++) {
${body.join("\n")}
  }
  tell();
}`,
    );
  }

  /** A lane a column: all times of the launch, one after another. */
  columns(members: Members, loop: number): number {
    const body = members.map(
      ({ family, offset }) => `    compute${this.numberOf.get(family.name)}(k, time - ${offset});`,
    );
    return this.kernel(
      labelOf(members),
      `columns${loop}`,
      `@compute @workgroup_size(${GROUP})
fn columns${loop}(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= P.count) { return; }
  let k = i32(id.x) + P.base;
  for (var time = P.time; time <= P.last; time++) {
${body.join("\n")}
  }
  tell();
}`,
    );
  }

  /** Many times in one dispatch: members in turn, all lanes meeting after each. */
  oneGroup(members: Members, loop: number): number {
    const body = members.map(({ family, offset }) => {
      const number = this.numberOf.get(family.name)!;
      return `    for (var k = i32(lane); k < ${this.use(override.count(number))}; k += ${FUSED_WIDTH}) { compute${number}(k, time - ${offset}); }
    storageBarrier();`;
    });
    return this.kernel(
      labelOf(members),
      `group${loop}`,
      `@compute @workgroup_size(${FUSED_WIDTH})
fn group${loop}(@builtin(local_invocation_index) lane: u32) {
  for (var time = P.time; time <= P.last; time++) {
${body.join("\n")}
  }
  tell();
}`,
    );
  }

  /** Several times of a tile from one load of it. */
  tiles(stencil: Stencil, tile: Tile, loop: number): number {
    for (const m of stencil.members) {
      if (m.window > 1) this.parts.push(this.loadIntoTile(m, stencil, tile));
      this.parts.push(this.computeInTile(m, stencil, tile));
    }
    return this.kernel(labelOf(stencil.members), `tiles${loop}`, this.tileKernel(stencil, tile, loop));
  }

  /** The module: every kernel with all it calls. `mayDivide`: whether a host may let the device divide. */
  finish(mayDivide: boolean): { readonly wgsl: string; readonly overrides: readonly string[] } {
    const { inside, rings, functions, parts } = this;
    const all = [...inside.values(), ...rings.values(), ...functions, ...parts].join("\n\n");
    // Where nothing can go wrong there is nothing to tell.
    const own = FAULTS.test(all) ? all : all.replaceAll("  tell();\n", "");
    const library = libraryFor(own, mayDivide);
    const overrides = [...this.overrides].sort();
    const wgsl = [
      `// ${this.system.name.replace(/[^A-Za-z0-9_]/g, "_")}: made by Fathom.`,
      "struct Launch { base: i32, count: u32, time: i32, last: i32, seed: u32, nan: u32, inf: u32, zero: u32, round: i32, fixed: array<vec4<i32>, 2> }",
      "@group(0) @binding(0) var<uniform> P: Launch;",
      "@group(0) @binding(1) var<storage, read_write> F: array<atomic<u32>, 16>;",
      ONE_BANK,
      ...overrides.map((o) => `override ${o}: i32;`),
      "var<private> zero: u32;",
      library,
      // A register, where reading the uniform for each operation would take time.
      own.replace(/^fn \w+\(@builtin.*\{\n/gm, "$&  zero = P.zero;\n"),
      "",
    ].join("\n");
    return { wgsl, overrides };
  }
}

/** Calls of what reduces angles: loops and branches in each. */
const ANGLES = /\b(sin|cos)32\(/;

/** Calls of what may find a fault. */
const FAULTS = /\b(fault|idiv|imod|ipow2|wpow2)\(/;

const labelOf = (members: readonly { readonly family: Family }[]): string =>
  members.map(({ family }) => family.name).join(", ");
