/**
 * Grids of cells in which each reads the one above and the one to the left, with the kind of every cell as data: the
 * dependences of edit distance. Where kinds can pass both wires on, let a row read a column, and let a column take what the row
 * has read, such a grid is a crossbar, and runs any circuit (catalogue F.6).
 */
import { add, bit, index, integer, read } from "../equations/build";
import { substituteIndex } from "../equations/conditions";
import { readsOf, rewriteExpr } from "../equations/expressions";
import type { Dim, Expr, Family, Read } from "../equations/system";
import { factsOf, least } from "../symbolic/affine";
import type { Component } from "./laws/law";
import {
  admissibleRay,
  along,
  alwaysEqual,
  delivered,
  independent,
  isData,
  movesWith,
  offsetFrom,
  reachesLast,
  readKey,
  smallValue,
  trialValues,
} from "./shape";
import type { Found } from "./simulations";

const MOST_KINDS = 256;

/** A crossbar of two families of bits. */
export function crossbar(c: Component): Found | undefined {
  if (c.families.length !== 2 || c.families.some((f) => f.type.kind !== "bit" || f.dims.length !== 2))
    return undefined;
  const [f, g] = c.families as [Family, Family];
  for (const [down, across] of [
    [f, g],
    [g, f],
  ] as const)
    for (const row of [0, 1]) {
      const found = crossbarOf(c, down, across, row);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** Wires of `down` run along dimension `row`, those of `across` along the other. */
function crossbarOf(c: Component, down: Family, across: Family, row: number): Found | undefined {
  if (down.pieces.length !== 1 || across.pieces.length !== 1) return undefined;
  if (!down.dims.every((d, k) => sameRange(d, across.dims[k]!))) return undefined;
  const source = (name: string) => c.system.families.find((x) => x.name === name);
  const settings = new Map<string, Read>();
  const tops = new Map<string, Read>();
  const lefts = new Set<number>();
  /** How far back a read of the component is, in its own dimensions. */
  const offsets = (reader: Family, r: Read): readonly (number | undefined)[] =>
    r.at.map((s, k) => (s.kind === "static" ? offsetFrom(s.value, reader.dims[k]!.index) : undefined));
  const wire = (reader: Family, r: Read): "up" | "left" | "here" | undefined => {
    const [dr, dc] = [offsets(reader, r)[row], offsets(reader, r)[1 - row]];
    if (r.family === down.name && dr === -1 && dc === 0) return "up";
    if (r.family === across.name && dr === 0 && dc === -1) return "left";
    return dr === 0 && dc === 0 && r.family !== reader.name ? "here" : undefined;
  };
  /** A wire of the grid, or what stands for it outside: a constant on the left, data above. */
  const atEdge = (reader: Family, e: Expr): "up" | "left" | undefined => {
    if (e.kind !== "choose" || e.cases.length !== 2) return undefined;
    const [inside, outside] = e.cases.map((x) => x.value) as [Expr, Expr];
    if (inside.kind !== "read") return undefined;
    const which = wire(reader, inside);
    if (which !== "up" && which !== "left") return undefined;
    // Everywhere but in the first row or column the wire is read.
    const first = reader.dims[which === "up" ? row : 1 - row]!;
    const ranges = reader.dims.map((d) => (d === first ? { ...d, lo: add(d.lo, integer(1)) } : d));
    const always = e.cases[0]!.guard.some((all) =>
      all.every((x) => {
        const facts = factsOf(x);
        return facts.length > 0 && facts.every((f) => least(f, ranges, []) >= 0);
      }),
    );
    if (!always) return undefined;
    if (which === "left" && outside.kind === "constant") lefts.add(outside.value);
    else if (which === "up" && outside.kind === "read") {
      const column = reader.dims[1 - row]!.index;
      const free = isData(source(outside.family)) && outside.type.kind === "bit";
      if (!free || !outside.at.some((s) => s.kind === "static" && movesWith(s.value, column)))
        return undefined;
      tops.set(readKey(renamed(outside, reader, down)), outside);
    } else return undefined;
    return which;
  };
  // Wires become reads of names of their own, so that a cell is a function of them and of its kind.
  const [up, left] = [read("up'", [], bit), read("left'", [], bit)];
  const local = (reader: Family, e: Expr): Expr | undefined => {
    let failed = false;
    const out = rewriteExpr(e, (x) => {
      const which = atEdge(reader, x);
      if (which !== undefined) return which === "up" ? up : left;
      if (x.kind === "choose") failed = true;
      if (x.kind !== "read" || source(x.family) === undefined) return undefined;
      if (!c.families.some((y) => y.name === x.family)) return undefined;
      if (wire(reader, x) !== "here") failed = true;
      return undefined;
    });
    return failed ? undefined : out;
  };
  const values = new Map<string, Expr>();
  for (const x of [down, across]) {
    const value = local(x, x.pieces[0]!.value);
    if (value === undefined) return undefined;
    values.set(x.name, value);
  }
  const cell = (
    family: Family,
    known: ReadonlyMap<string, number>,
    open: readonly Family[] = [],
  ): number | undefined =>
    smallValue(values.get(family.name)!, {
      read: (r) => {
        if (r === up || r === left) return known.get(r.family);
        const inner = c.families.find((x) => x.name === r.family);
        if (inner !== undefined)
          return open.includes(inner) ? undefined : cell(inner, known, [...open, family]);
        const key = readKey(renamed(r, family, down));
        if (!isData(source(r.family)) || trialValues(r.type) === undefined) return undefined;
        if (!family.dims.every((d) => r.at.some((s) => s.kind === "static" && movesWith(s.value, d.index))))
          return undefined;
        return known.get(key);
      },
    });
  for (const family of c.families)
    for (const r of readsOf(values.get(family.name)!))
      if (isData(source(r.family))) settings.set(readKey(renamed(r, family, down)), renamed(r, family, down));
  if (lefts.size !== 1 || tops.size !== 1 || settings.size === 0 || !independent([...settings.values()]))
    return undefined;
  const [top] = tops.values();
  if ([...settings.values()].some((r) => r.family === top!.family)) return undefined;
  let kinds: ReadonlyMap<string, number>[] = [new Map()];
  for (const [key, r] of settings) {
    const all = trialValues(r.type);
    if (all === undefined || kinds.length * all.length > MOST_KINDS) return undefined;
    kinds = kinds.flatMap((k) => all.map((v) => new Map(k).set(key, v)));
  }
  /** (up, left) to (down, across), as a table of four entries of two bits each. */
  const maps = kinds.map((kind) =>
    [0, 1, 2, 3].map((w) => {
      const known = new Map(kind).set(up.family, w >> 1).set(left.family, w & 1);
      return [cell(down, known), cell(across, known)] as const;
    }),
  );
  if (maps.some((m) => m.some(([x, y]) => x === undefined || y === undefined))) return undefined;
  // Either kind of wire may carry the complement of its value.
  const works = [0, 1, 2, 3].some((signs) => {
    const [sx, sy] = [signs >> 1, signs & 1];
    const has = (test: (x: number, y: number, down: number, across: number) => boolean) =>
      maps.some((m) =>
        [0, 1, 2, 3].every((w) => {
          const [x, y] = [w >> 1, w & 1];
          const [d, a] = m[((x ^ sx) << 1) | (y ^ sy)]!;
          return test(x, y, d! ^ sx, a! ^ sy);
        }),
      );
    return (
      ([...lefts][0]! ^ sy) === 1 &&
      has((x, y, d, a) => d === x && a === y) &&
      has((x, y, d, a) => d === x && a === (x & y)) &&
      has((_, y, d) => d === 1 - y)
    );
  });
  const rays = admissibleRay(c.system);
  const grows = (d: Dim): boolean => {
    const extent = rays && along(d.hi, rays);
    return extent !== undefined && extent.slope >= 1 && d.lo.kind === "integer" && d.lo.value === 0;
  };
  const seen = delivered(c.system, down.name, (read, output) =>
    read.at.every((at, k) => reachesLast(at, down.dims[k]!, output)),
  );
  return works && seen && down.dims.every(grows)
    ? {
        found:
          "kinds of cells, as data, pass both wires, take the AND of row and column along the row, or negate the row into the column: a row is a NAND gate of any columns before",
      }
    : undefined;
}

const sameRange = (a: Dim, b: Dim): boolean => alwaysEqual(a.lo, b.lo) && alwaysEqual(a.hi, b.hi);

/** A data read of one family's equation in the indices of another. */
function renamed(r: Read, from: Family, to: Family): Read {
  const by = new Map(from.dims.map((d, k) => [d.index, index(to.dims[k]!.index)]));
  const at = r.at.map((s) =>
    s.kind === "static" ? ({ kind: "static", value: substituteIndex(s.value, by) } as const) : s,
  );
  return read(r.family, at, r.type);
}
