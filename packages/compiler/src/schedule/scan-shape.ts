/** Finds scans of Kogge and Stone among equations: families that read one another one level lower, here and at one 2^(r-1) before. */
import * as build from "../equations/build";
import { isBox } from "../equations/evaluate-index";
import { readsOf, rewriteExpr } from "../equations/expressions";
import { mentionsAny } from "../equations/mentions";
import type { Comparison, Condition, Dim, Expr, Family, IndexExpr, Read, System } from "../equations/system";

/** The families of one scan: each reads any of them one level lower, at its own place and at one 2^(r-1) before it. */
export interface Scan {
  readonly families: readonly Family[];
  /** The place: which dimension of each family. */
  readonly axis: ReadonlyMap<string, number>;
  /** The first and last place, the same in all. */
  readonly range: Dim;
  /** Whether what stands before a place has a smaller index, or a larger one. */
  readonly direction: 1 | -1;
}

export interface ScanHypotheses {
  /** Families that were asked for as they are. */
  readonly keep: ReadonlySet<string>;
  /** Families whose operation is associative by the law that made them; of others only plain operators are known to be. */
  readonly associative: ReadonlySet<string>;
}

const zero = build.integer(0);
const one = build.integer(1);

/** The subscript of a read, where it does not depend on data. */
export const staticAt = (r: Read, d: number): IndexExpr | undefined => {
  const s = r.at[d];
  return s?.kind === "static" ? s.value : undefined;
};

/** The scan whose first family has this name. */
export function scanOf(system: System, name: string, hypotheses: ScanHypotheses): Scan | undefined {
  const first = system.families.find((f) => f.name === name);
  const group = first === undefined ? undefined : memberNames(system, first);
  if (group === undefined || group[0] !== name) return undefined;
  const families = group.map((n) => system.families.find((f) => f.name === n)!);
  const members = families.flatMap((f) => memberOf(f, group, hypotheses) ?? []);
  if (members.length < families.length) return undefined;
  const { direction, range, levels } = members[0]!;
  const alike = members.every(
    (m) => m.direction === direction && m.range.lo === range.lo && m.range.hi === range.hi,
  );
  const axis = new Map(families.map((f, k) => [f.name, members[k]!.along]));
  return alike && onlyWholeIsRead(system, axis, levels) ? { families, axis, range, direction } : undefined;
}

/** From outside a scan only its last level is read. */
function onlyWholeIsRead(system: System, axis: ReadonlyMap<string, number>, levels: IndexExpr): boolean {
  const outside = system.families.filter((f) => !axis.has(f.name));
  const reads = outside.flatMap((f) => f.pieces).flatMap((p) => readsOf(p.value));
  return reads
    .filter((r) => axis.has(r.family))
    .every((r) => staticAt(r, 0) === levels && staticAt(r, axis.get(r.family)!) !== undefined);
}

interface Member {
  readonly along: number;
  readonly range: Dim;
  readonly direction: 1 | -1;
  /** How many levels there are above the elements: log2 of the range. */
  readonly levels: IndexExpr;
}

/**
 * One family of a scan: equations of level 0 (the elements), then one that combines where something stands 2^(r-1) before
 * the place, then one that hands on where nothing does.
 */
function memberOf(f: Family, group: readonly string[], hypotheses: ScanHypotheses): Member | undefined {
  const [level] = f.dims;
  if (f.role !== "node" || hypotheses.keep.has(f.name) || level === undefined) return undefined;
  if (!isBox(f) || (f.type.kind === "index" && f.type.bound.kind !== "integer")) return undefined;
  if (level.lo !== zero || level.hi.kind !== "add" || level.hi.right !== one) return undefined;
  const levels = level.hi.left;
  const lower = build.sub(build.index(level.index), one);
  const starts = f.pieces.slice(0, -2);
  const [combined, carried] = [f.pieces.at(-2), f.pieces.at(-1)!];
  if (combined === undefined || starts.length === 0) return undefined;
  const same = [lower, ...f.dims.slice(1).map((d) => build.index(d.index))];
  const unchanged = build.read(
    f.name,
    same.map((value) => ({ kind: "static", value })),
    f.type,
  );
  if (carried.value !== unchanged) return undefined;
  if (!starts.every((p) => onlyAtZero(p.guard, level.index))) return undefined;
  const stride = build.pow2(lower);
  const along = f.dims.findIndex((d, k) => k > 0 && wayAlong(combined.value, d, stride) !== undefined);
  const range = f.dims[along];
  if (range === undefined) return undefined;
  const direction = wayAlong(combined.value, range, stride)!;
  if (!guardsWhatExists(combined.guard, range, stride, direction)) return undefined;
  if (levels.kind !== "log2" || levels.operand !== build.sub(range.hi, range.lo)) return undefined;
  const here = build.index(range.index);
  const away = direction === 1 ? build.sub(here, stride) : build.add(here, stride);
  // Without time the elements know nothing of levels, and the operation nothing but levels and members.
  if (!onlyMembers(combined.value, group, lower, away, here, along)) return undefined;
  if (!hypotheses.associative.has(f.name) && !isPlain(combined.value, f, group)) return undefined;
  return { along, range, direction, levels };
}

/** Which way an expression reads a stride away in a dimension: below the place (1), above it (−1), or not at all. */
function wayAlong(value: Expr, dim: Dim, stride: IndexExpr): 1 | -1 | undefined {
  const here = build.index(dim.index);
  const reads = (at: IndexExpr): boolean =>
    readsOf(value).some((r) => r.at.some((s) => s.kind === "static" && s.value === at));
  return reads(build.sub(here, stride)) ? 1 : reads(build.add(here, stride)) ? -1 : undefined;
}

/** The guard says that the place a stride away is in the range, and no more. */
function guardsWhatExists(guard: Condition, dim: Dim, stride: IndexExpr, direction: 1 | -1): boolean {
  const [all] = guard;
  if (guard.length !== 1 || all!.length !== 1) return false;
  const here = build.index(dim.index);
  const above = build.add(here, stride);
  const exists =
    direction === 1
      ? [
          build.compare("<=", build.add(dim.lo, stride), here),
          build.compare("<=", build.add(stride, dim.lo), here),
        ]
      : [build.compare("<=", above, build.sub(dim.hi, one)), build.compare("<", above, dim.hi)];
  return exists.some((c) => sameComparison(c, all![0]!));
}

const onlyAtZero = (guard: Condition, level: string): boolean =>
  guard.length > 0 &&
  guard.every((all) => all.some((x) => x.op === "==" && x.left === build.index(level) && x.right === zero));

const sameComparison = (a: Comparison, b: Comparison): boolean =>
  a.op === b.op && a.left === b.left && a.right === b.right;

/** All that read one another one level lower, in the order of the system; undefined where it does not read itself so. */
function memberNames(system: System, first: Family): string[] | undefined {
  const linked = new Map<string, Set<string>>();
  const link = (a: string, b: string) => linked.set(a, (linked.get(a) ?? new Set()).add(b));
  for (const f of system.families) {
    const [level] = f.dims;
    if (level === undefined) continue;
    const before = build.sub(build.index(level.index), one);
    for (const r of f.pieces.flatMap((p) => readsOf(p.value)))
      if (staticAt(r, 0) === before) {
        link(f.name, r.family);
        link(r.family, f.name);
      }
  }
  if (linked.get(first.name)?.has(first.name) !== true) return undefined;
  const members = new Set<string>();
  const open = [first.name];
  for (let n = open.pop(); n !== undefined; n = open.pop()) {
    if (members.has(n)) continue;
    members.add(n);
    open.push(...(linked.get(n) ?? []));
  }
  return system.families.map((f) => f.name).filter((n) => members.has(n));
}

/** Reads of members one level lower, here or `away`; levels and places appear nowhere else. */
function onlyMembers(
  value: Expr,
  group: readonly string[],
  before: IndexExpr,
  away: IndexExpr,
  here: IndexExpr,
  along: number,
): boolean {
  const marker = build.constant(build.int, 0);
  const names = new Set([indexName(here), indexName(before)]);
  let fits = true;
  const strip = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      if (x.kind !== "read") return undefined;
      const place = staticAt(x, along);
      if (!group.includes(x.family) || staticAt(x, 0) !== before || (place !== away && place !== here))
        fits = false;
      for (const [d, s] of x.at.entries()) {
        if (s.kind === "dynamic") strip(s.value);
        else if (d !== 0 && d !== along && mentionsAny(s.value, names)) fits = false;
      }
      return build.typeOf(x).kind === "int"
        ? marker
        : build.constant(build.typeOf(x).kind === "vector" ? build.real : build.typeOf(x), 0);
    });
  const rest = strip(value);
  build.someExpr(rest, (e) => {
    if (e.kind === "index-value" && mentionsAny(e.value, names)) fits = false;
    if (
      e.kind === "choose" &&
      e.cases.some((c) =>
        c.guard.some((all) => all.some((x) => mentionsAny(x.left, names) || mentionsAny(x.right, names))),
      )
    )
      fits = false;
    if (
      (e.kind === "reduce" || e.kind === "fold") &&
      (e.dims.some((d) => mentionsAny(d.lo, names) || mentionsAny(d.hi, names)) ||
        e.filter.some((all) => all.some((x) => mentionsAny(x.left, names) || mentionsAny(x.right, names))))
    )
      fits = false;
    return !fits;
  });
  return fits;
}

const indexName = (e: IndexExpr): string =>
  e.kind === "index" ? e.name : "left" in e ? indexName(e.left) : "";

/** One operator on whole numbers or bits, with the two reads as operands: associative whatever they are. */
function isPlain(value: Expr, family: Family, group: readonly string[]): boolean {
  if (group.length > 1 || value.kind !== "apply" || value.args.length !== 2) return false;
  const { kind } = family.type;
  const known = kind === "int" ? ["add", "mul", "min", "max"] : kind === "bit" ? ["and", "or", "xor"] : [];
  return (
    known.includes(value.op) && value.args.every((a) => a.kind === "read") && value.args[0] !== value.args[1]
  );
}
