/**
 * Scans with work in proportion to their length. As equations a scan is that of Kogge and Stone: log2(n) levels of n operations each.
 * Where the operation is exactly associative, blocks of places are run through one after another (a lane a block), the totals of
 * blocks are scanned as before, and each place is put together with what stands before its block (reduce, then scan: Blelloch, 1990): about
 * 2n operations, and the same bits.
 */
import * as build from "../equations/build";
import { substitute } from "../equations/conditions";
import { isBox } from "../equations/evaluate-index";
import { readsOf, rewriteExpr } from "../equations/expressions";
import { mentionsAny } from "../equations/mentions";
import type {
  Condition,
  Dim,
  Expr,
  Family,
  IndexExpr,
  Piece,
  Read,
  Subscript,
  System,
} from "../equations/system";

export interface ScanOptions {
  /** Places that one lane runs through. */
  readonly block: number;
  /** Families that were asked for as they are. */
  readonly keep: ReadonlySet<string>;
  /** Families whose operation is associative by the law that made them; of others only plain operators are known to be. */
  readonly associative: ReadonlySet<string>;
}

/** The families of one scan: each reads any of them one level lower, at its own place and at one 2^(r-1) before it. */
interface Scan {
  readonly families: readonly Family[];
  /** The place: which dimension of the first family, and its first and last in the order of the scan. */
  readonly axis: ReadonlyMap<string, number>;
  readonly range: Dim;
  readonly direction: 1 | -1;
}

export function splitScans(system: System, options: ScanOptions): System {
  let current = system;
  for (const family of system.families) {
    const scan = scanOf(current, family.name, options);
    if (scan !== undefined) current = inBlocks(current, scan, options.block);
  }
  return current;
}

const zero = build.integer(0);
const one = build.integer(1);
const fixed = (value: IndexExpr): Subscript => ({ kind: "static", value });
const staticAt = (r: Read, d: number): IndexExpr | undefined => {
  const s = r.at[d];
  return s?.kind === "static" ? s.value : undefined;
};

function scanOf(system: System, name: string, options: ScanOptions): Scan | undefined {
  const first = system.families.find((f) => f.name === name);
  const group = first === undefined ? undefined : memberNames(system, first);
  if (group === undefined || group[0] !== name) return undefined;
  const members = group.map((n) => system.families.find((f) => f.name === n)!);
  const axis = new Map<string, number>();
  let direction: 1 | -1 | undefined;
  let [top, range]: [IndexExpr | undefined, Dim | undefined] = [undefined, undefined];
  for (const f of members) {
    const [level] = f.dims;
    if (f.role !== "node" || options.keep.has(f.name) || level === undefined) return undefined;
    if (!isBox(f) || (f.type.kind === "index" && f.type.bound.kind !== "integer")) return undefined;
    if (level.lo !== zero || level.hi.kind !== "add" || level.hi.right !== one) return undefined;
    const before = build.sub(build.index(level.index), one);
    const stride = build.pow2(before);
    const [carried, combined] = [f.pieces.at(-1)!, f.pieces.at(-2)];
    // The last equation hands on what has nothing 2^(r-1) before it.
    const same = [fixed(before), ...f.dims.slice(1).map((d) => fixed(build.index(d.index)))];
    if (carried.value !== build.read(f.name, same, f.type) || combined === undefined) return undefined;
    const along = f.dims.findIndex((d, k) => {
      const i = build.index(d.index);
      if (k === 0) return false;
      return readsOf(combined.value).some((r) =>
        r.at.some(
          (s) =>
            s.kind === "static" && (s.value === build.sub(i, stride) || s.value === build.add(i, stride)),
        ),
      );
    });
    const dim = f.dims[along];
    if (dim === undefined) return undefined;
    const here = build.index(dim.index);
    const [forward, backward] = [build.sub(here, stride), build.add(here, stride)];
    const way = readsOf(combined.value).some((r) =>
      r.at.some((s) => s.kind === "static" && s.value === forward),
    )
      ? 1
      : -1;
    const away = way === 1 ? forward : backward;
    const exists =
      way === 1
        ? [
            build.compare("<=", build.add(dim.lo, stride), here),
            build.compare("<=", build.add(stride, dim.lo), here),
          ]
        : [build.compare("<=", backward, build.sub(dim.hi, one)), build.compare("<", backward, dim.hi)];
    const [guard] = combined.guard;
    if (
      combined.guard.length !== 1 ||
      guard!.length !== 1 ||
      !exists.some((c) => sameComparison(c, guard![0]!))
    )
      return undefined;
    const isStart = (c: Condition): boolean =>
      c.length > 0 &&
      c.every((all) =>
        all.some((x) => x.op === "==" && x.left === build.index(level.index) && x.right === zero),
      );
    if (!f.pieces.slice(0, -2).every((p) => isStart(p.guard)) || f.pieces.length < 3) return undefined;
    // Without time the elements know nothing of levels, and the operation nothing but levels and members.
    if (!onlyMembers(combined.value, group, before, away, here, along)) return undefined;
    const extent = build.sub(dim.hi, dim.lo);
    const levels = level.hi.left;
    if (levels.kind !== "log2" || levels.operand !== extent) return undefined;
    if (direction !== undefined && direction !== way) return undefined;
    if (range !== undefined && (range.lo !== dim.lo || range.hi !== dim.hi)) return undefined;
    if (!options.associative.has(f.name) && !isPlain(combined.value, f, group)) return undefined;
    [direction, range, top] = [way, dim, levels];
    axis.set(f.name, along);
  }
  // From outside only what is whole is read.
  for (const f of system.families) {
    if (group.includes(f.name)) continue;
    const others = f.pieces.flatMap((p) => readsOf(p.value)).filter((r) => group.includes(r.family));
    if (others.some((r) => staticAt(r, 0) !== top || staticAt(r, axis.get(r.family)!) === undefined))
      return undefined;
  }
  return { families: members, axis, range: range!, direction: direction! };
}

const sameComparison = (a: Condition[number][number], b: Condition[number][number]): boolean =>
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

function inBlocks(system: System, scan: Scan, block: number): System {
  const { families, axis, range, direction } = scan;
  const names = new Set(system.families.map((f) => f.name));
  const fresh = (name: string): string => {
    let made = name;
    while (names.has(made)) made += "'";
    names.add(made);
    return made;
  };
  const named = new Map(
    families.map((f) => {
      const [level, start] = [f.dims[0]!.index, f.pieces[0]!];
      const along = f.dims[axis.get(f.name)!]!.index;
      // One small expression of the place alone: written where it is needed, not stored.
      const plain =
        f.pieces.length === 3 &&
        f.dims.length === 2 &&
        readsOf(start.value).length <= 2 &&
        !hasLoops(start.value);
      const inline = (i: IndexExpr): Expr =>
        substitute(
          start.value,
          new Map([
            [level, zero],
            [along, i],
          ]),
        );
      return [
        f.name,
        {
          element: fresh(`${f.name}.element`),
          local: fresh(`${f.name}.local`),
          totals: fresh(`${f.name}.totals`),
          whole: fresh(`${f.name}.whole`),
          inline: plain ? inline : undefined,
        },
      ];
    }),
  );
  const size = build.integer(block);
  const extent = build.sub(range.hi, range.lo);
  const blocks = build.div(build.add(extent, build.integer(block - 1)), size);
  /** The index of a place counted in the order of the scan, and back. */
  const indexAt = (place: IndexExpr): IndexExpr =>
    direction === 1 ? build.add(range.lo, place) : build.sub(build.sub(range.hi, one), place);
  const placeOf = (index: IndexExpr): IndexExpr =>
    direction === 1 ? build.sub(index, range.lo) : build.sub(build.sub(range.hi, one), index);
  const made: Family[] = families.flatMap((f): Family[] => {
    const own = named.get(f.name)!;
    const along = axis.get(f.name)!;
    const [level] = f.dims;
    const combined = f.pieces.at(-2)!.value;
    const here = build.index(f.dims[along]!.index);
    const others = f.dims.filter((_, k) => k !== 0 && k !== along);
    /** The operation with what stands on its left and right: reads of members, given all subscripts but level and place. */
    const operation = (left: Reader, right: Reader): Expr => {
      const visit = (e: Expr): Expr =>
        rewriteExpr(e, (x) => {
          if (x.kind !== "read") return undefined;
          const at = x.at.flatMap((s, k) => {
            if (k === 0 || k === axis.get(x.family)) return [];
            return [s.kind === "static" ? s : { ...s, value: visit(s.value) }];
          });
          return (staticAt(x, axis.get(x.family)!) === here ? right : left)(x, at);
        });
      return visit(combined);
    };
    const rest = others.map((d) => fixed(build.index(d.index)));
    const [j, b] = [`${own.local} j`, `${own.local} b`];
    const [J, B] = [build.index(j), build.index(b)];
    const readElement =
      (place: IndexExpr): Reader =>
      (x, at) => {
        const other = named.get(x.family)!;
        const i = indexAt(place);
        return other.inline?.(i) ?? build.read(other.element, [fixed(i), ...at], x.type);
      };
    const readLocal =
      (jj: IndexExpr, bb: IndexExpr): Reader =>
      (x, at) =>
        build.read(named.get(x.family)!.local, [fixed(jj), fixed(bb), ...at], x.type);
    const readTotals =
      (r: IndexExpr, bb: IndexExpr): Reader =>
      (x, at) =>
        build.read(named.get(x.family)!.totals, [fixed(r), fixed(bb), ...at], x.type);
    const self = build.read(
      f.name,
      f.dims.map((d) => fixed(build.index(d.index))),
      f.type,
    );
    const starts = f.pieces.slice(0, -2);
    // At level 0 the elements are what they were.
    const atZero = new Map([[level!.index, zero]]);
    const element: Family = {
      ...f,
      name: own.element,
      dims: [f.dims[along]!, ...others],
      pieces: starts.map((p) => ({
        ...p,
        guard: p.guard.map((all) =>
          all.filter((c) => !(c.op === "==" && c.left === build.index(level!.index))),
        ),
        value: substitute(p.value, atZero),
      })),
    };
    const place = build.add(build.mul(B, size), J);
    const local: Family = {
      ...f,
      name: own.local,
      dims: [{ index: j, lo: zero, hi: size }, { index: b, lo: zero, hi: blocks }, ...others],
      pieces: [
        piece([[build.compare("==", J, zero)]], readElement(build.mul(B, size))(self, rest)),
        piece(
          [[build.compare("<", place, extent)]],
          operation(readLocal(build.sub(J, one), B), readElement(place)),
        ),
        piece(build.always, readLocal(build.sub(J, one), B)(self, rest)),
      ],
    };
    const [r, t] = [`${own.totals} r`, `${own.totals} b`];
    const [R, T] = [build.index(r), build.index(t)];
    const lower = build.sub(R, one);
    const stride = build.pow2(lower);
    const totals: Family = {
      ...f,
      name: own.totals,
      dims: [
        { index: r, lo: zero, hi: build.add(build.log2(blocks), one) },
        { index: t, lo: zero, hi: blocks },
        ...others,
      ],
      pieces: [
        piece([[build.compare("==", R, zero)]], readLocal(build.integer(block - 1), T)(self, rest)),
        piece(
          [[build.compare("<=", stride, T)]],
          operation(readTotals(lower, build.sub(T, stride)), readTotals(lower, T)),
        ),
        piece(build.always, readTotals(lower, T)(self, rest)),
      ],
    };
    const at = placeOf(here);
    const [inside, which] = [build.mod(at, size), build.div(at, size)];
    const whole: Family = {
      ...f,
      name: own.whole,
      dims: [f.dims[along]!, ...others],
      pieces: [
        piece([[build.compare("<", at, size)]], readLocal(at, zero)(self, rest)),
        piece(
          build.always,
          operation(readTotals(build.log2(blocks), build.sub(which, one)), readLocal(inside, which)),
        ),
      ],
    };
    return own.inline === undefined ? [element, local, totals, whole] : [local, totals, whole];
  });
  const fromOutside = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      if (x.kind !== "read" || !named.has(x.family)) return undefined;
      const along = axis.get(x.family)!;
      const at = x.at.flatMap((s, k): Subscript[] => {
        if (k === 0 || k === along) return [];
        return [s.kind === "static" ? s : { ...s, value: fromOutside(s.value) }];
      });
      return build.read(named.get(x.family)!.whole, [x.at[along]!, ...at], x.type, x.origin);
    });
  const first = system.families.findIndex((f) => named.has(f.name));
  const left = system.families
    .filter((f) => !named.has(f.name))
    .map((f) => ({ ...f, pieces: f.pieces.map((p) => ({ ...p, value: fromOutside(p.value) })) }));
  return { ...system, families: [...left.slice(0, first), ...made, ...left.slice(first)] };
}

const hasLoops = (root: Expr): boolean =>
  build.someExpr(root, (e) => e.kind === "reduce" || e.kind === "fold" || e.kind === "choose");

/** Nodes that are another family, place by place: what reads them reads that one. */
export function withoutCopies(system: System, keep: ReadonlySet<string>): System {
  const source = new Map<string, string>();
  for (const f of system.families) {
    const [only] = f.pieces;
    if (f.role !== "node" || keep.has(f.name) || f.pieces.length !== 1 || only!.guard !== build.always)
      continue;
    const { value } = only!;
    if (value.kind !== "read") continue;
    const other = system.families.find((x) => x.name === value.family)!;
    const same =
      value.at.length === f.dims.length &&
      f.dims.every((d, k) => staticAt(value, k) === build.index(d.index));
    const within = f.dims.every((d, k) => d.lo === other.dims[k]?.lo && d.hi === other.dims[k]?.hi);
    if (same && within && build.typeKey(f.type) === build.typeKey(other.type)) source.set(f.name, other.name);
  }
  if (source.size === 0) return system;
  const visit = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      if (x.kind !== "read" || !source.has(x.family)) return undefined;
      let name = x.family;
      for (let next = source.get(name); next !== undefined; next = source.get(name)) name = next;
      const at = x.at.map((s) => (s.kind === "static" ? s : { ...s, value: visit(s.value) }));
      return build.read(name, at, x.type, x.origin);
    });
  return {
    ...system,
    families: system.families
      .filter((f) => !source.has(f.name))
      .map((f) => ({ ...f, pieces: f.pieces.map((p) => ({ ...p, value: visit(p.value) })) })),
  };
}

type Reader = (x: Read, at: readonly Subscript[]) => Expr;

const piece = (guard: Condition, value: Expr): Piece => ({ guard, value });
