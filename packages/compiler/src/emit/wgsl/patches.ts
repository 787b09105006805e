/**
 * Patches: several instances a lane, where they reduce over the same range and share what they read. A product of matrices so fetches a number once
 * for four products.
 */
import * as build from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { collectIndices } from "../../equations/evaluate-index";
import type { Expr, Family, Reduce } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { TextScope } from "../text-scope";
import { Families } from "./families";
import { type GpuPatch, override, type Placement } from "./program";
import { writtenOut } from "./reductions";
import type { Scope } from "./values";

type Read = Extract<Expr, { kind: "read" }>;

/** Instances along the dimensions that are shared over. */
const SIDES = [4, 4];

export abstract class Patches extends Families {
  /** The dimensions worth taking together: those that some operand of a family's only reduction does not depend on. */
  protected patchOf(
    family: Family,
    { fixed, wave, rounds }: Placement,
  ): Omit<GpuPatch, "kernel"> | undefined {
    const [piece] = family.pieces;
    if (family.pieces.length !== 1 || rounds !== undefined || this.packed.has(family.name)) return undefined;
    if (family.type.kind === "index" || componentsOf(family.type) > 1) return undefined;
    const reduce = onlyReduce(piece!.value);
    if (reduce === undefined || this.mayFaultIn(piece!.value)) return undefined;
    const reads = readsOf(reduce);
    const range = new Set<string>();
    for (const { lo, hi } of reduce.dims) for (const e of [lo, hi]) collectIndices(e, range);
    const shared = family.dims
      .map((_, d) => d)
      .filter((d) => !range.has(family.dims[d]!.index))
      .filter((d) => !fixed.includes(d) && (wave?.weights[d] ?? 0) === 0)
      .filter((d) => reads.some((r) => !dependsOn(r, family.dims[d]!.index)))
      .filter((d) => reads.some((r) => dependsOn(r, family.dims[d]!.index)));
    const dims = shared.slice(-SIDES.length);
    return dims.length === 0 ? undefined : { dims, sides: dims.map((_, k) => SIDES[dims.length - 1 - k]!) };
  }

  /** The function that computes a patch: `k` counts patches. */
  protected computePatch(
    family: Family,
    placement: Placement,
    { dims, sides }: Omit<GpuPatch, "kernel">,
  ): string {
    this.family = family;
    this.temporaries = 0;
    this.placement = placement;
    this.ranges = family.dims;
    const number = this.numberOf.get(family.name)!;
    const indices = this.point();
    const lines = this.decoded(family, placement, new Map(dims.map((d, k) => [d, sides[k]!])));
    const common: Scope = new TextScope("  ", undefined, lines);
    // Indices of a copy that lies outside repeat the last; it is not stored.
    const copies = combinations(sides);
    const nameOf = (d: number, step: number) => `${indices[d]}_${step}`;
    dims.forEach((d, k) => {
      const last = `${this.use(override.lo(number, d))} + ${this.use(override.extent(number, d))} - 1`;
      for (let step = 0; step < sides[k]!; step++)
        lines.push(`  let ${nameOf(d, step)} = min(${indices[d]} + ${step}, ${last});`);
    });
    const inCopy = <T>(steps: readonly number[], action: () => T): T => {
      dims.forEach((d, k) => {
        this.names.set(family.dims[d]!.index, nameOf(d, steps[k]!));
      });
      try {
        return action();
      } finally {
        for (const d of dims) this.names.set(family.dims[d]!.index, indices[d]!);
      }
    };
    const scopes = copies.map(() => common.sharing());
    const { value } = family.pieces[0]!;
    const reduce = onlyReduce(value)!;
    copies.forEach((steps, c) => inCopy(steps, () => this.beforeLoop(reduce, scopes[c]!)));
    const reads = readsOf(reduce);
    const results = this.together(reduce, common, (inner) => {
      const fetched = new Map<string, string[]>();
      return copies.map((steps, c) => {
        const own = inner.sharing(scopes[c]);
        return inCopy(steps, () => {
          for (const read of reads) {
            const which = dims.map((d, k) => (dependsOn(read, family.dims[d]!.index) ? steps[k] : ""));
            const key = `${build.nodeNumber(read)} ${which.join()}`;
            const known = fetched.get(key) ?? this.expr(read, own);
            fetched.set(key, known);
            own.name(read, known);
          }
          return this.scalar(reduce.body, own);
        });
      });
    });
    copies.forEach((steps, c) =>
      inCopy(steps, () => {
        scopes[c]!.name(reduce, [results[c]!]);
        const inside = [
          ...dims.map((d, k) => `${indices[d]} + ${steps[k]} == ${nameOf(d, steps[k]!)}`),
          this.isInside(family, this.point()),
        ];
        const store = scopes[c]!.inside();
        const values = this.expr(value, store);
        this.intoMemory(values, this.point(), store);
        lines.push(`  if (${inside.join(" && ")}) {`, ...store.lines, "  }");
      }),
    );
    return `fn patch${number}(k: i32, time: i32) {\n${lines.join("\n")}\n}`;
  }

  private mayFaultIn(value: Expr): boolean {
    return build.someExpr(
      value,
      (e) =>
        this.unproved.has(e) ||
        e.kind === "table" ||
        (e.kind === "read" && e.at.some((s) => s.kind === "dynamic")) ||
        (this.checked && e.kind === "apply" && build.typeOf(e).kind === "int"),
    );
  }
}

/** The only reduction of an expression, if it has a plain range and small operands. */
function onlyReduce(value: Expr): Reduce | undefined {
  const found: Reduce[] = [];
  const other = build.someExpr(value, (e) => {
    if (e.kind === "reduce") found.push(e);
    return e.kind === "fold" || e.kind === "choose";
  });
  const [e] = found;
  if (other || found.length !== 1 || e!.dims.length !== 1) return undefined;
  const plain = isAlways(e!.filter) && e!.dataFilter === undefined && e!.type.kind === "real";
  return plain && (e!.op === "sum" || e!.op === "product") && writtenOut(e!) === 8 ? e : undefined;
}

function readsOf(e: Reduce): readonly Read[] {
  const reads: Read[] = [];
  build.someExpr(e.body, (x) => {
    if (x.kind === "read") reads.push(x);
    return false;
  });
  return reads;
}

function dependsOn(read: Read, index: string): boolean {
  const used = new Set<string>();
  for (const s of read.at) if (s.kind === "static") collectIndices(s.value, used);
  return used.has(index);
}

/** Every way to take a step along each side, the last fastest. */
const combinations = (sides: readonly number[]): readonly (readonly number[])[] =>
  sides.reduce<readonly (readonly number[])[]>(
    (all, side) => all.flatMap((c) => Array.from({ length: side }, (_, k) => [...c, k])),
    [[]],
  );
