/**
 * Grids of cells in which each reads the one above and the one to the left, with the kind of every cell as data: the
 * dependences of edit distance. Where kinds can pass both wires on, let a row read a column, and let a column take what the row
 * has read, such a grid is a crossbar, and runs any circuit (catalogue F.6).
 */
import { add, bit, index, integer, read } from "../equations/build";
import { substituteIndex } from "../equations/conditions";
import { readsOf, rewriteExpr } from "../equations/expressions";
import type { Condition, Dim, Expr, Family, Read } from "../equations/system";
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
  const cells = new Cells(c, down, across, row);
  const start = cells.recognise();
  if (start === undefined) return undefined;
  const maps = cells.maps();
  if (maps === undefined || !makesNand(maps, start)) return undefined;
  const rays = admissibleRay(c.system);
  const grows = (d: Dim): boolean => {
    const extent = rays && along(d.hi, rays);
    return extent !== undefined && extent.slope >= 1 && d.lo.kind === "integer" && d.lo.value === 0;
  };
  const seen = delivered(c.system, down.name, (read, output) =>
    read.at.every((at, k) => reachesLast(at, down.dims[k]!, output)),
  );
  if (!seen || !down.dims.every(grows)) return undefined;
  return {
    found:
      "kinds of cells, as data, pass both wires, take the AND of row and column along the row, or negate the row into the column: a row is a NAND gate of any columns before",
  };
}

/** What a kind of cell makes of the wires from above and from the left: down and across, at each of 00, 01, 10, 11. */
type CellMap = readonly (readonly [down: number, across: number])[];

class Cells {
  /** Wires as reads of names of their own: a cell is then a function of them and of its kind. */
  private readonly up = read("up'", [], bit) as Read;
  private readonly left = read("left'", [], bit) as Read;
  /** Values of a cell's two wires, from `up` and `left`. */
  private readonly values = new Map<string, Expr>();
  /** Data that decide the kind of a cell, in the indices of `down`. */
  private readonly settings = new Map<string, Read>();
  /** What enters above, and on the left. */
  private readonly tops = new Map<string, Read>();
  private readonly lefts = new Set<number>();

  constructor(
    private readonly c: Component,
    private readonly down: Family,
    private readonly across: Family,
    private readonly row: number,
  ) {}

  /** The constant that enters on the left, where this is a grid: one row of data enters above, and kinds are free data beside it. */
  recognise(): number | undefined {
    for (const x of [this.down, this.across]) {
      const value = this.local(x, x.pieces[0]!.value);
      if (value === undefined) return undefined;
      this.values.set(x.name, value);
    }
    for (const family of this.c.families)
      for (const r of readsOf(this.values.get(family.name)!)) {
        if (!isData(this.source(r.family))) continue;
        const setting = renamed(r, family, this.down);
        this.settings.set(readKey(setting), setting);
      }
    const settings = [...this.settings.values()];
    const [start] = this.lefts;
    const [top] = this.tops.values();
    if (this.lefts.size !== 1 || this.tops.size !== 1) return undefined;
    if (settings.length === 0 || !independent(settings)) return undefined;
    return settings.some((r) => r.family === top!.family) ? undefined : start;
  }

  /** What each kind of cell does; undefined where some kind gives no bit, or there are too many. */
  maps(): CellMap[] | undefined {
    let kinds: ReadonlyMap<string, number>[] = [new Map()];
    for (const [key, r] of this.settings) {
      const all = trialValues(r.type);
      if (all === undefined || kinds.length * all.length > MOST_KINDS) return undefined;
      kinds = kinds.flatMap((k) => all.map((v) => new Map(k).set(key, v)));
    }
    const maps: CellMap[] = [];
    for (const kind of kinds) {
      const map: (readonly [number, number])[] = [];
      for (const w of [0, 1, 2, 3]) {
        const known = new Map(kind).set(this.up.family, w >> 1).set(this.left.family, w & 1);
        const [d, a] = [this.cell(this.down, known), this.cell(this.across, known)];
        if (d === undefined || a === undefined) return undefined;
        map.push([d, a]);
      }
      maps.push(map);
    }
    return maps;
  }

  private source(name: string): Family | undefined {
    return this.c.system.families.find((x) => x.name === name);
  }

  /** Which wire of the cell a read is, or a value of the cell itself. */
  private wire(reader: Family, r: Read): "up" | "left" | "here" | undefined {
    const offsets = r.at.map((s, k) =>
      s.kind === "static" ? offsetFrom(s.value, reader.dims[k]!.index) : undefined,
    );
    const [dr, dc] = [offsets[this.row], offsets[1 - this.row]];
    if (r.family === this.down.name && dr === -1 && dc === 0) return "up";
    if (r.family === this.across.name && dr === 0 && dc === -1) return "left";
    return dr === 0 && dc === 0 && r.family !== reader.name ? "here" : undefined;
  }

  /** A wire of the grid, or what stands for it outside: a constant on the left, data above. */
  private atEdge(reader: Family, e: Expr): "up" | "left" | undefined {
    if (e.kind !== "choose" || e.cases.length !== 2) return undefined;
    const [inside, outside] = e.cases.map((x) => x.value) as [Expr, Expr];
    if (inside.kind !== "read") return undefined;
    const which = this.wire(reader, inside);
    if (which !== "up" && which !== "left") return undefined;
    const first = reader.dims[which === "up" ? this.row : 1 - this.row]!;
    if (!holdsButInFirst(e.cases[0]!.guard, reader, first)) return undefined;
    if (which === "left") {
      if (outside.kind !== "constant") return undefined;
      this.lefts.add(outside.value);
      return which;
    }
    if (outside.kind !== "read") return undefined;
    const column = reader.dims[1 - this.row]!.index;
    const free = isData(this.source(outside.family)) && outside.type.kind === "bit";
    if (!free || !outside.at.some((s) => s.kind === "static" && movesWith(s.value, column))) return undefined;
    this.tops.set(readKey(renamed(outside, reader, this.down)), outside);
    return which;
  }

  private local(reader: Family, e: Expr): Expr | undefined {
    let failed = false;
    const out = rewriteExpr(e, (x) => {
      const which = this.atEdge(reader, x);
      if (which !== undefined) return which === "up" ? this.up : this.left;
      if (x.kind === "choose") failed = true;
      if (x.kind !== "read" || !this.c.families.some((y) => y.name === x.family)) return undefined;
      if (this.wire(reader, x) !== "here") failed = true;
      return undefined;
    });
    return failed ? undefined : out;
  }

  /** The value of one wire of a cell; `open` are the wires that it is part of, which it cannot read again. */
  private cell(
    family: Family,
    known: ReadonlyMap<string, number>,
    open: readonly Family[] = [],
  ): number | undefined {
    return smallValue(this.values.get(family.name)!, {
      read: (r) => {
        if (r === this.up || r === this.left) return known.get(r.family);
        const inner = this.c.families.find((x) => x.name === r.family);
        if (inner !== undefined)
          return open.includes(inner) ? undefined : this.cell(inner, known, [...open, family]);
        if (!isData(this.source(r.family)) || trialValues(r.type) === undefined) return undefined;
        if (!family.dims.every((d) => r.at.some((s) => s.kind === "static" && movesWith(s.value, d.index))))
          return undefined;
        return known.get(readKey(renamed(r, family, this.down)));
      },
    });
  }
}

/** Everywhere but in the first row or column the condition holds. */
function holdsButInFirst(guard: Condition, reader: Family, first: Dim): boolean {
  const ranges = reader.dims.map((d) => (d === first ? { ...d, lo: add(d.lo, integer(1)) } : d));
  return guard.some((all) =>
    all.every((x) => {
      const facts = factsOf(x);
      return facts.length > 0 && facts.every((f) => least(f, ranges, []) >= 0);
    }),
  );
}

/**
 * Among the kinds are cells that pass both wires, that take the AND along the row, and that negate the row into the column, and what enters
 * rows is 1. Either kind of wire may carry the complement of its value.
 */
function makesNand(maps: readonly CellMap[], start: number): boolean {
  const wires = [0, 1, 2, 3];
  return wires.some((signs) => {
    const [sx, sy] = [signs >> 1, signs & 1];
    const has = (test: (x: number, y: number, down: number, across: number) => boolean) =>
      maps.some((m) =>
        wires.every((w) => {
          const [x, y] = [w >> 1, w & 1];
          const [d, a] = m[((x ^ sx) << 1) | (y ^ sy)]!;
          return test(x, y, d ^ sx, a ^ sy);
        }),
      );
    return (
      (start ^ sy) === 1 &&
      has((x, y, d, a) => d === x && a === y) &&
      has((x, y, d, a) => d === x && a === (x & y)) &&
      has((_, y, d) => d === 1 - y)
    );
  });
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
