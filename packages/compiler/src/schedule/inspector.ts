/**
 * Inspector and executor (Saltz, Mirchandaney, Crowley, 1991): where data decides who reads whom, levels are computed first, and the
 * instances of one level then run together. The inspector is again equations: the level of an instance is one more than the largest
 * level that it reads. Dimensions along which nothing is decided (the patterns of a circuit) are left out of it.
 */
import * as build from "../equations/build";
import { collectIndices } from "../equations/evaluate-index";
import type { Condition, Dim, Expr, Family, IndexExpr, Read, System } from "../equations/system";
import { guardedReads } from "../symbolic/reads";

export interface Inspector {
  /** Its outputs are `levelsOf(f)` for each family: 0 where nothing of the component is read. */
  readonly system: System;
  /** The dimensions of each family that its levels depend on. */
  readonly kept: ReadonlyMap<string, readonly number[]>;
}

/** The name of a family of levels; no family of a program has one like it. */
export const levelsOf = (family: string): string => `${family}.level`;

/** Undefined where the places read depend on what the component itself computes. */
export function inspectorOf(system: System, component: readonly Family[]): Inspector | undefined {
  const names = new Set(component.map((f) => f.name));
  const reads = component.flatMap((f) => f.pieces.flatMap((p) => readsIn(p.value)));
  const within = reads.filter((r) => names.has(r.family));
  if (within.some((r) => dynamicPlaces(r).some((e) => readsIn(e).some((s) => names.has(s.family)))))
    return undefined;
  const kept = keptDimensions(component, names);
  const families = component.map((f): Family => {
    const dims = kept.get(f.name)!.map((d) => f.dims[d]!);
    const levels = new Map<Expr, Expr>();
    return {
      ...f,
      name: levelsOf(f.name),
      role: "output",
      type: build.int,
      dims,
      pieces: f.pieces.map((p) => ({ ...p, value: levelOf(p.value, names, kept, levels) ?? zero })),
    };
  });
  const upstream = neededBy(system, families, names);
  return { system: { ...system, families: [...upstream, ...families] }, kept };
}

const zero = build.constant(build.int, 0);
const one = build.constant(build.int, 1);
const dynamicPlaces = (r: Read): Expr[] => r.at.flatMap((s) => (s.kind === "dynamic" ? [s.value] : []));

function readsIn(root: Expr): Read[] {
  const found: Read[] = [];
  build.someExpr(root, (e) => {
    if (e.kind === "read") found.push(e);
    return false;
  });
  return found;
}

/** One more than the largest level read in an expression; undefined where nothing of the component is read. */
function levelOf(
  e: Expr,
  names: ReadonlySet<string>,
  kept: ReadonlyMap<string, readonly number[]>,
  known: Map<Expr, Expr>,
): Expr | undefined {
  const go = (x: Expr): Expr | undefined => levelOf(x, names, kept, known);
  const largest = (all: readonly Expr[]): Expr | undefined => {
    const levels = [...new Set(all.flatMap((x) => go(x) ?? []))];
    return levels.length === 0 ? undefined : levels.reduce((a, b) => build.apply("max", [a, b], build.int));
  };
  const fresh = (): Expr | undefined => {
    switch (e.kind) {
      case "read": {
        if (!names.has(e.family)) return largest(dynamicPlaces(e));
        const at = kept.get(e.family)!.map((d) => e.at[d]!);
        return build.apply("add", [build.read(levelsOf(e.family), at, build.int), one], build.int);
      }
      case "choose": {
        const cases = e.cases.map((c) => ({ guard: c.guard, value: go(c.value) }));
        if (cases.every((c) => c.value === undefined)) return undefined;
        return build.choose(
          cases.map((c) => ({ guard: c.guard, value: c.value ?? zero })),
          build.int,
        );
      }
      case "reduce":
      case "fold": {
        const bodies = e.kind === "fold" ? e.bodies : [e.body];
        const body = largest(e.dataFilter === undefined ? bodies : [...bodies, e.dataFilter]);
        if (body === undefined) return undefined;
        // Without operands a maximum is the least int.
        const most = build.reduce("max", e.dims, body, build.int, { filter: e.filter });
        return build.apply("max", [zero, most], build.int);
      }
      default:
        return largest(build.childrenOf(e));
    }
  };
  const before = known.get(e);
  if (before !== undefined) return before === zero ? undefined : before;
  const level = fresh();
  known.set(e, level ?? zero);
  return level;
}

/**
 * All dimensions but those that only carry their index along: no bound, condition or place mentions it, except as the same free
 * dimension of another member.
 */
function keptDimensions(
  component: readonly Family[],
  names: ReadonlySet<string>,
): ReadonlyMap<string, readonly number[]> {
  const byName = new Map(component.map((f) => [f.name, f]));
  const free = new Map(component.map((f) => [f.name, new Set(f.dims.map((_, d) => d))]));
  const keep = (family: Family, mentioned: ReadonlySet<string>): boolean => {
    const own = free.get(family.name)!;
    const before = own.size;
    for (const d of own) if (mentioned.has(family.dims[d]!.index)) own.delete(d);
    return own.size < before;
  };
  const isFree = (family: string, d: number): boolean => free.get(family)!.has(d);
  const same = (a: Dim, b: Dim): boolean => a.lo === b.lo && a.hi === b.hi;
  for (let settled = false; !settled; ) {
    settled = true;
    for (const f of component) {
      const mentioned = new Set<string>();
      const use = (e: IndexExpr): void => collectIndices(e, mentioned);
      const condition = (c: Condition): void => {
        for (const all of c)
          for (const x of all) {
            use(x.left);
            use(x.right);
          }
      };
      const range = (dims: readonly Dim[]): void => {
        for (const d of dims) {
          use(d.lo);
          use(d.hi);
        }
      };
      range(f.dims);
      for (const p of f.pieces) {
        condition(p.guard);
        build.someExpr(p.value, (e) => {
          if (e.kind === "choose") for (const c of e.cases) condition(c.guard);
          if (e.kind === "reduce" || e.kind === "fold") {
            range(e.dims);
            condition(e.filter);
          }
          if (e.kind !== "read") return false;
          for (const s of e.at) {
            // Whatever is read to find a place decides.
            if (s.kind === "dynamic")
              build.someExpr(s.value, (x) => {
                if (x.kind === "index-value") use(x.value);
                if (x.kind === "read") for (const t of x.at) if (t.kind === "static") use(t.value);
                return false;
              });
          }
          if (!names.has(e.family)) return false;
          const source = byName.get(e.family)!;
          for (const [d, s] of e.at.entries()) {
            const own =
              s.kind === "static" && s.value.kind === "index"
                ? f.dims.map((x) => x.index).indexOf(s.value.name)
                : -1;
            const carried = own >= 0 && isFree(f.name, own) && same(f.dims[own]!, source.dims[d]!);
            if (isFree(e.family, d) && !carried) {
              free.get(e.family)!.delete(d);
              settled = false;
            }
            if (s.kind === "static" && !(carried && isFree(e.family, d))) use(s.value);
          }
          return false;
        });
      }
      if (keep(f, mentioned)) settled = false;
    }
  }
  return new Map(component.map((f) => [f.name, f.dims.map((_, d) => d).filter((d) => !isFree(f.name, d))]));
}

/** The families that find places, with all they read, as nodes. */
function neededBy(system: System, families: readonly Family[], except: ReadonlySet<string>): Family[] {
  const sources = new Map<string, Set<string>>();
  for (const r of guardedReads(system))
    sources.set(r.reader.name, (sources.get(r.reader.name) ?? new Set()).add(r.source.name));
  const needed = new Set<string>();
  const open = families.flatMap((f) => f.pieces.flatMap((p) => readsIn(p.value).map((r) => r.family)));
  const levels = new Set(families.map((f) => f.name));
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (needed.has(name) || levels.has(name)) continue;
    if (except.has(name)) throw new Error(`the levels of ${families[0]!.name} read ${name} itself`);
    needed.add(name);
    open.push(...(sources.get(name) ?? []));
  }
  return system.families
    .filter((f) => needed.has(f.name))
    .map((f) => (f.role === "output" ? { ...f, role: "node" } : f));
}
