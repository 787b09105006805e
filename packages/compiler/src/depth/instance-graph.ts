/** Single instances of an unrolled system: what they read, the critical path, and small graphs for pictures. */

import { combiningDepth, operatorCost } from "../equations/cost";
import { evaluateIndex, evaluateInt, holds, pointAt } from "../equations/evaluate-index";
import type { Expr, Family, FamilyValues, Origin, System } from "../equations/system";
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

/** The instances that one instance reads, each once, with the longest way from it to the value. */
export function sourcesOf(
  system: System,
  unrolled: Unrolled,
  family: Family,
  indices: readonly number[],
  values?: ReadonlyMap<string, FamilyValues>,
  most = Number.POSITIVE_INFINITY,
): Source[] {
  const byName = new Map(system.families.map((f) => [f.name, f]));
  const env = new Map<string, number>(Object.entries(unrolled.sizes));
  family.dims.forEach((d, k) => env.set(d.index, indices[k]!));
  const lookup = (n: string) => env.get(n) ?? 0;
  const found = new Map<string, Source>();
  const ops = unrolled.model === "ops";
  const add = (name: string, point: readonly number[], delay: number): void => {
    const source = byName.get(name)!;
    const inner = new Map<string, number>(Object.entries(unrolled.sizes));
    for (let k = 0; k < source.dims.length; k++) {
      const d = source.dims[k]!;
      const inside = (n: string) => inner.get(n) ?? 0;
      if (point[k]! < evaluateIndex(d.lo, inside) || point[k]! >= evaluateIndex(d.hi, inside)) return;
      inner.set(d.index, point[k]!);
    }
    const key = `${name} ${point.join(" ")}`;
    const known = found.get(key);
    if (known !== undefined && known.delay >= delay) return;
    if (known === undefined && found.size >= most) return;
    found.set(key, { ...instanceAt(unrolled, source, point), delay });
  };
  const walk = (e: Expr, delay: number): void => {
    switch (e.kind) {
      case "constant":
      case "index-value":
        return;
      case "read": {
        const gate = ops && e.at.some((s) => s.kind === "dynamic") ? 1 : 0;
        const source = byName.get(e.family)!;
        const box = unrolled.families.get(e.family)!.box;
        const ranges = e.at.map((s, k) => {
          if (s.kind === "static") {
            const at = evaluateIndex(s.value, lookup);
            return [at, at + 1] as const;
          }
          walk(s.value, delay + gate);
          const chosen = values === undefined ? undefined : chosenIndex(s.value, values, lookup);
          if (chosen !== undefined) return [chosen, chosen + 1] as const;
          return [
            Math.max(evaluateIndex(s.lo, lookup), box.lo[k]!),
            Math.min(evaluateIndex(s.hi, lookup), box.lo[k]! + box.extent[k]!),
          ] as const;
        });
        const points = (d: number, point: readonly number[]): void => {
          if (d === source.dims.length) {
            add(e.family, point, delay + gate);
            return;
          }
          for (let i = ranges[d]![0]; i < ranges[d]![1]; i++) points(d + 1, [...point, i]);
        };
        points(0, []);
        return;
      }
      case "apply":
        for (const a of e.args) walk(a, delay + (ops ? operatorCost(e).depth : 0));
        return;
      case "select":
        for (const a of [e.condition, e.then, e.otherwise]) walk(a, delay + (ops ? 1 : 0));
        return;
      case "table":
        for (const a of e.args) walk(a, delay + (ops ? 1 : 0));
        return;
      case "vector":
        for (const c of e.components) walk(c, delay);
        return;
      case "component":
        walk(e.of, delay);
        return;
      case "choose": {
        const chosen = e.cases.find((c) => holds(c.guard, lookup));
        if (chosen !== undefined) walk(chosen.value, delay);
        return;
      }
      case "operand":
        return;
      case "reduce":
      case "fold": {
        const points: number[][] = [];
        const each = (d: number, point: readonly number[]): void => {
          const dim = e.dims[d];
          if (dim === undefined) {
            if (holds(e.filter, lookup)) points.push([...point]);
            return;
          }
          const hi = evaluateIndex(dim.hi, lookup);
          for (let i = evaluateIndex(dim.lo, lookup); i < hi; i++) {
            env.set(dim.index, i);
            each(d + 1, [...point, i]);
          }
        };
        each(0, []);
        const own = points.length < 2 || !ops ? 0 : combiningDepth(e, points.length);
        const mux = e.dataFilter !== undefined && ops ? 1 : 0;
        for (const point of points) {
          e.dims.forEach((d, k) => env.set(d.index, point[k]!));
          for (const body of e.kind === "fold" ? e.bodies : [e.body]) walk(body, delay + own + mux);
          if (e.dataFilter !== undefined) walk(e.dataFilter, delay + own + mux);
        }
        for (const d of e.dims) env.delete(d.index);
        return;
      }
    }
  };
  const piece = family.pieces.find((p) => holds(p.guard, lookup));
  if (piece !== undefined) walk(piece.value, 0);
  return [...found.values()];
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
