/** Single instances of an unrolled system: what they read, the critical path, and small graphs for pictures. */

import { combiningDepth, operatorCost } from "../equations/cost";
import { evaluateIndex, evaluateInt, holds, pointAt } from "../equations/evaluate-index";
import type {
  Expr,
  Family,
  FamilyValues,
  Fold,
  Origin,
  Read,
  Reduce,
  Sizes,
  System,
} from "../equations/system";
import { offsetOf } from "../equations/values";
import type { Unrolled } from "../unroll/unroll";

export interface Instance {
  readonly family: string;
  readonly indices: readonly number[];
  readonly level: number;
  /** Where the equation that defines it stands. */
  readonly origin?: Origin | undefined;
}

interface Source extends Instance {
  /** Operations between this source's arrival and the reader's value. */
  readonly delay: number;
}

/** The instances that one instance reads, each once, with the longest way from it to the value; at most `most`. */
export const sourcesOf = (
  system: System,
  unrolled: Unrolled,
  family: Family,
  indices: readonly number[],
  values?: ReadonlyMap<string, FamilyValues>,
  most = Number.POSITIVE_INFINITY,
): Source[] => new SourceWalk(system, unrolled, values, most).from(family, indices);

class SourceWalk {
  private readonly families: ReadonlyMap<string, Family>;
  /** Sizes, and the indices of the place that is looked at. */
  private readonly env: Map<string, number>;
  private readonly lookup = (n: string): number => this.env.get(n) ?? 0;
  private readonly found = new Map<string, Source>();
  /** In steps an instance is charged as a whole: nothing stands between a source and the value. */
  private readonly ops: boolean;

  constructor(
    system: System,
    private readonly unrolled: Unrolled,
    private readonly values: ReadonlyMap<string, FamilyValues> | undefined,
    private readonly most: number,
  ) {
    this.families = new Map(system.families.map((f) => [f.name, f]));
    this.env = new Map(Object.entries(unrolled.sizes));
    this.ops = unrolled.model === "ops";
  }

  from(family: Family, indices: readonly number[]): Source[] {
    family.dims.forEach((d, k) => this.env.set(d.index, indices[k]!));
    const piece = family.pieces.find((p) => holds(p.guard, this.lookup));
    if (piece !== undefined) this.walk(piece.value, 0);
    return [...this.found.values()];
  }

  private walk(e: Expr, delay: number): void {
    const all = (list: readonly Expr[], own: number): void => {
      for (const x of list) this.walk(x, delay + (this.ops ? own : 0));
    };
    switch (e.kind) {
      case "constant":
      case "index-value":
      case "operand":
        return;
      case "read":
        this.read(e, delay);
        return;
      case "apply":
        all(e.args, operatorCost(e).depth);
        return;
      case "select":
        all([e.condition, e.then, e.otherwise], 1);
        return;
      case "table":
        all(e.args, 1);
        return;
      case "vector":
        all(e.components, 0);
        return;
      case "component":
        all([e.of], 0);
        return;
      case "choose": {
        const chosen = e.cases.find((c) => holds(c.guard, this.lookup));
        if (chosen !== undefined) all([chosen.value], 0);
        return;
      }
      case "reduce":
      case "fold":
        this.reduction(e, delay);
        return;
    }
  }

  private read(e: Read, before: number): void {
    const source = this.families.get(e.family)!;
    const { box } = this.unrolled.families.get(e.family)!;
    const delay = before + (this.ops && e.at.some((s) => s.kind === "dynamic") ? 1 : 0);
    const ranges = e.at.map((s, k): readonly [number, number] => {
      if (s.kind === "static") {
        const at = evaluateIndex(s.value, this.lookup);
        return [at, at + 1];
      }
      this.walk(s.value, delay);
      const chosen = this.values && chosenIndex(s.value, this.values, this.lookup);
      if (chosen !== undefined) return [chosen, chosen + 1];
      return [
        Math.max(evaluateIndex(s.lo, this.lookup), box.lo[k]!),
        Math.min(evaluateIndex(s.hi, this.lookup), box.lo[k]! + box.extent[k]!),
      ];
    });
    const points = (d: number, point: readonly number[]): void => {
      if (d === source.dims.length) {
        this.add(source, point, delay);
        return;
      }
      for (let i = ranges[d]![0]; i < ranges[d]![1]; i++) points(d + 1, [...point, i]);
    };
    points(0, []);
  }

  private add(source: Family, point: readonly number[], delay: number): void {
    if (!isInstance(source, point, this.unrolled.sizes)) return;
    const key = `${source.name} ${point.join(" ")}`;
    const known = this.found.get(key);
    if (known !== undefined && known.delay >= delay) return;
    if (known === undefined && this.found.size >= this.most) return;
    this.found.set(key, { ...instanceAt(this.unrolled, source, point), delay });
  }

  private reduction(e: Reduce | Fold, delay: number): void {
    const points: number[][] = [];
    const each = (d: number, point: readonly number[]): void => {
      const dim = e.dims[d];
      if (dim === undefined) {
        if (holds(e.filter, this.lookup)) points.push([...point]);
        return;
      }
      const hi = evaluateIndex(dim.hi, this.lookup);
      for (let i = evaluateIndex(dim.lo, this.lookup); i < hi; i++) {
        this.env.set(dim.index, i);
        each(d + 1, [...point, i]);
      }
    };
    each(0, []);
    const tree = points.length < 2 || !this.ops ? 0 : combiningDepth(e, points.length);
    const mux = e.dataFilter !== undefined && this.ops ? 1 : 0;
    const bodies = e.kind === "fold" ? e.bodies : [e.body];
    for (const point of points) {
      e.dims.forEach((d, k) => this.env.set(d.index, point[k]!));
      for (const x of e.dataFilter === undefined ? bodies : [...bodies, e.dataFilter])
        this.walk(x, delay + tree + mux);
    }
    for (const d of e.dims) this.env.delete(d.index);
  }
}

/** Whether a point of a family's box is one of its instances: the bounds of ragged families mention earlier indices. */
function isInstance(family: Family, point: readonly number[], sizes: Sizes): boolean {
  const env = new Map<string, number>(Object.entries(sizes));
  const lookup = (n: string) => env.get(n) ?? 0;
  return family.dims.every((d, k) => {
    const inside = evaluateIndex(d.lo, lookup) <= point[k]! && point[k]! < evaluateIndex(d.hi, lookup);
    env.set(d.index, point[k]!);
    return inside;
  });
}

/** The value of a plain data-dependent subscript; undefined where it is more than a read. */
function chosenIndex(
  e: Expr,
  values: ReadonlyMap<string, FamilyValues>,
  lookup: (n: string) => number,
): number | undefined {
  if (e.kind === "index-value") return evaluateInt(e.value, lookup);
  if (e.kind !== "read") return undefined;
  const family = values.get(e.family);
  const at = e.at.map((s) =>
    s.kind === "static" ? evaluateIndex(s.value, lookup) : chosenIndex(s.value, values, lookup),
  );
  if (family === undefined || at.some((i) => i === undefined)) return undefined;
  const offset = offsetOf(family, at as number[]);
  return offset < 0 ? undefined : family.data[offset];
}

function instanceAt(unrolled: Unrolled, family: Family, indices: readonly number[]): Instance {
  const { box, levels } = unrolled.families.get(family.name)!;
  const level = levels === undefined ? 0 : Math.max(0, levels[offsetOf(box, indices)] ?? 0);
  const env = (n: string) => unrolled.sizes[n] ?? indices[family.dims.findIndex((d) => d.index === n)] ?? 0;
  const piece = family.pieces.find((p) => holds(p.guard, env));
  return { family: family.name, indices, level, origin: piece?.origin ?? family.origin };
}

/**
 * A longest path, from a source to an instance that attains the depth. Each step is tight: the reader's level is the
 * source's level plus the cost between them.
 */
export function criticalPath(
  system: System,
  unrolled: Unrolled,
  values?: ReadonlyMap<string, FamilyValues>,
  most = 100_000,
): Instance[] {
  const outputs = system.families.filter((f) => f.role === "output");
  const candidates = outputs.length > 0 ? outputs : system.families;
  let current: Instance | undefined;
  for (const family of candidates) {
    const { levels, box } = unrolled.families.get(family.name)!;
    if (levels === undefined || current !== undefined) continue;
    const offset = levels.indexOf(unrolled.depth);
    if (offset < 0) continue;
    const indices = pointAt(box, offset);
    current = instanceAt(unrolled, family, indices);
  }
  const path: Instance[] = [];
  const byName = new Map(system.families.map((f) => [f.name, f]));
  while (current !== undefined && path.length < most) {
    path.push(current);
    const family: Family = byName.get(current.family)!;
    const sources = sourcesOf(system, unrolled, family, current.indices, values);
    let best: Source | undefined;
    for (const s of sources) if (best === undefined || s.level + s.delay > best.level + best.delay) best = s;
    current = best;
  }
  return path.reverse();
}

export interface InstanceGraph {
  readonly nodes: readonly (Instance & {
    readonly id: number;
    readonly critical: boolean;
    readonly role: Family["role"];
  })[];
  readonly edges: readonly { readonly from: number; readonly to: number; readonly critical: boolean }[];
  /** True where instances or reads were left out. */
  readonly truncated: boolean;
}

/** The instance graph of small sizes, at most `most` instances. */
export function instanceGraph(system: System, unrolled: Unrolled, most = 400): InstanceGraph {
  const path = criticalPath(system, unrolled);
  const key = (i: Pick<Instance, "family" | "indices">) => `${i.family} ${i.indices.join(" ")}`;
  const place = new Map(path.map((p, k) => [key(p), k]));
  const ids = new Map<string, number>();
  const nodes: (Instance & { id: number; critical: boolean; role: Family["role"] })[] = [];
  const edges: { from: number; to: number; critical: boolean }[] = [];
  let truncated = false;
  const byName = new Map(system.families.map((f) => [f.name, f]));
  const node = (i: Instance): number | undefined => {
    const k = key(i);
    const known = ids.get(k);
    if (known !== undefined) return known;
    if (nodes.length >= most) {
      truncated = true;
      return undefined;
    }
    const id = nodes.length;
    ids.set(k, id);
    const { family, indices, level, origin } = i;
    nodes.push({
      id,
      family,
      indices,
      level,
      origin,
      critical: place.has(k),
      role: byName.get(family)!.role,
    });
    return id;
  };
  for (const p of path) node(p);
  for (const family of system.families) {
    const { levels, box } = unrolled.families.get(family.name)!;
    if (levels === undefined) continue;
    for (let offset = 0; offset < levels.length; offset++) {
      if (levels[offset]! < 0) continue;
      const indices = pointAt(box, offset);
      const to = node(instanceAt(unrolled, family, indices));
      if (to === undefined) break;
      for (const source of sourcesOf(system, unrolled, family, indices, undefined, 64)) {
        const from = node(source);
        if (from === undefined) continue;
        const next = place.get(key(source));
        edges.push({
          from,
          to,
          critical: next !== undefined && place.get(key({ family: family.name, indices })) === next + 1,
        });
      }
    }
  }
  return { nodes, edges, truncated };
}
