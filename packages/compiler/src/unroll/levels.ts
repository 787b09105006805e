/** Levels of expressions, compiled once: the latest of what is read and, in `ops`, the operators on the way. */
import { childrenOf } from "../equations/build";
import { combiningDepth, operatorCost } from "../equations/cost";
import {
  type Box,
  compileIndex,
  type IndexCode,
  IndexFault,
  isBox,
  pointAt,
  type Slots,
} from "../equations/evaluate-index";
import { printInstance } from "../equations/print";
import type { Dim, Expr, Family, Fold, Read, Reduce, Subscript } from "../equations/system";
import { offsetOf } from "../equations/values";
import { UnrollCosts } from "./costs";

/** The levels of one family at the sizes of a run, as far as they are known. */
export interface LevelTable {
  readonly number: number;
  readonly family: Family;
  box: Box;
  strides: readonly number[];
  /** By offset in the box; negative where not known. */
  levels: Int32Array;
  /** Whether the instance in the slots is one of the family's. */
  readonly inside: IndexCode<boolean>;
}

type Code = IndexCode<number>;

export class UnrollLevels<Table extends LevelTable> extends UnrollCosts {
  protected readonly tables = new Map<string, Table>();
  /** Unknown sources that the last evaluation met: numbers of tables and offsets. */
  protected readonly missing: number[] = [];
  /** One more for each evaluation, and for each point of a reduction: what is shared holds within one. */
  protected epoch = 0;
  /** One more for each run: what is kept from one instance to the next holds within one. */
  protected runs = 0;
  /** Some read depends on data and no values were given. */
  protected worst = false;

  protected insideOf(dims: readonly Dim[]): IndexCode<boolean> {
    const parts = dims.map((d) => ({
      slot: this.slot(d.index),
      lo: compileIndex(d.lo, this.slot),
      hi: compileIndex(d.hi, this.slot),
    }));
    return (s) => parts.every((p) => p.lo(s) <= s[p.slot]! && s[p.slot]! < p.hi(s));
  }

  /** Puts the indices of an instance into the slots. */
  protected load(table: LevelTable, offset: number): void {
    pointAt(table.box, offset).forEach((i, d) => {
      this.slots[this.slot(table.family.dims[d]!.index)] = i;
    });
  }

  /** `free`: operators cost nothing (steps: the instance is charged as a whole). */
  protected level(root: Expr, free: boolean): Code {
    const memo = new Map<Expr, Code>();
    const uses = countUses(root);
    const self = (e: Expr): Code => {
      const known = memo.get(e);
      if (known !== undefined) return known;
      const plain = make(e);
      const shared = (uses.get(e) ?? 0) > 1 && e.kind !== "constant" && e.kind !== "index-value";
      const made = shared ? this.onceAnEpoch(plain) : plain;
      memo.set(e, made);
      return made;
    };
    const make = (e: Expr): Code => {
      switch (e.kind) {
        case "constant":
        case "index-value":
        case "operand":
          return () => 0;
        case "read":
          return this.readLevel(e, self, free);
        case "apply":
          return latest(e.args.map(self), free ? 0 : operatorCost(e).depth);
        case "select":
          return latest([e.condition, e.then, e.otherwise].map(self), free ? 0 : 1);
        case "choose": {
          const choose = this.chooser(e.cases.map((c) => c.guard));
          return choose(e.cases.map((c) => self(c.value)));
        }
        case "table":
          return latest(e.args.map(self), free ? 0 : 1);
        case "vector":
          return latest(e.components.map(self), 0);
        case "component":
          return self(e.of);
        case "reduce":
        case "fold":
          return this.reductionLevel(e, free);
      }
    };
    return self(root);
  }

  private onceAnEpoch(code: Code): Code {
    let [stamp, value] = [-1, 0];
    return (s) => {
      if (stamp === this.epoch) return value;
      const at = this.epoch;
      const found = code(s);
      // A reduction inside moves the epoch on; the value holds for the one it was asked in.
      [stamp, value] = [at === this.epoch ? at : -1, found];
      return found;
    };
  }

  /** The latest operand, and in `ops` a tree that combines as many as there are. */
  private reductionLevel(e: Reduce | Fold, free: boolean): Code {
    const body = latest(
      (e.kind === "fold" ? e.bodies : [e.body]).map((b) => this.level(b, free)),
      0,
    );
    const filter = e.dataFilter === undefined ? undefined : this.level(e.dataFilter, free);
    const mux = filter === undefined || free ? 0 : 1;
    const points = this.points(e);
    return (s) => {
      let [top, count] = [0, 0];
      points(s, () => {
        count++;
        this.epoch++;
        let level = body(s);
        if (filter !== undefined) level = Math.max(level, filter(s)) + mux;
        if (level > top) top = level;
      });
      return free || count < 2 ? top : top + combiningDepth(e, count);
    };
  }

  // Reads

  private readLevel(e: Read, self: (e: Expr) => Code, free: boolean): Code {
    const table = this.tables.get(e.family);
    const chosen = e.at.filter((s) => s.kind === "dynamic");
    if (chosen.length === 0) return table === undefined ? () => 0 : this.readStatic(e, table);
    const gate = free ? 0 : 1;
    const choosing = latest(
      chosen.map((s) => self(s.value)),
      0,
    );
    if (this.values === undefined) this.worst = true;
    if (table === undefined) return latest([choosing], gate);
    if (this.values !== undefined) return latest([choosing, this.readChosen(e, table)], gate);
    const last = e.at[e.at.length - 1]!;
    const inRow = chosen.length === 1 && last.kind === "dynamic" && isBox(table.family);
    const read = inRow ? this.readRow(e.at, table) : this.readRanges(e.at, table);
    return latest([choosing, read], gate);
  }

  /** A level that is known, or 0 and a note that it is missing. */
  private fetch(table: LevelTable, offset: number): number {
    const level = table.levels[offset]!;
    if (level >= 0) return level;
    this.missing.push(table.number, offset);
    return 0;
  }

  private readStatic(e: Read, table: LevelTable): Code {
    const parts = e.at.map((s) => compileIndex((s as Subscript & { kind: "static" }).value, this.slot));
    const rank = parts.length;
    if (rank === 1) {
      const part = parts[0]!;
      return (s) => {
        const { lo, extent } = table.box;
        const i = part(s) - lo[0]!;
        if (i < 0 || i >= extent[0]!) outside(e, [i + lo[0]!]);
        return this.fetch(table, i);
      };
    }
    return (s) => {
      const { box, strides } = table;
      const { lo, extent } = box;
      let offset = 0;
      for (let d = 0; d < rank; d++) {
        const i = parts[d]!(s) - lo[d]!;
        if (i < 0 || i >= extent[d]!)
          outside(
            e,
            parts.map((p) => p(s)),
          );
        offset += i * strides[d]!;
      }
      return this.fetch(table, offset);
    };
  }

  /** The one place that given values choose. */
  private readChosen(e: Read, table: LevelTable): Code {
    const parts = e.at.map((s) =>
      s.kind === "static" ? compileIndex(s.value, this.slot) : this.valueAt(s.value),
    );
    return (s) => {
      const point = parts.map((p) => p(s));
      const offset = offsetOf(table.box, point);
      if (offset < 0) outside(e, point);
      return this.fetch(table, offset);
    };
  }

  /** Where values may lie: all that the subscripts' types allow, as far as the family goes. */
  private rangesOf(at: readonly Subscript[]): { from: Code; to: Code }[] {
    return at.map((s) => {
      if (s.kind === "dynamic")
        return { from: compileIndex(s.lo, this.slot), to: compileIndex(s.hi, this.slot) };
      const from = compileIndex(s.value, this.slot);
      return { from, to: (x: Slots) => from(x) + 1 };
    });
  }

  /** The worst case in a row of a box. A range that only grows from one instance to the next is not walked twice. */
  private readRow(at: readonly Subscript[], table: LevelTable): Code {
    const ranges = this.rangesOf(at);
    const last = ranges.length - 1;
    let [keyRun, keyLo, keyHi, keyBase, known] = [0, 0, 0, -1, 0];
    return (s) => {
      const { box, strides } = table;
      let base = 0;
      for (let d = 0; d < last; d++) base += (ranges[d]!.from(s) - box.lo[d]!) * strides[d]!;
      const lo = Math.max(ranges[last]!.from(s), box.lo[last]!);
      const hi = Math.min(ranges[last]!.to(s), box.lo[last]! + box.extent[last]!);
      if (base !== keyBase || lo !== keyLo || hi < keyHi || this.runs !== keyRun)
        [keyRun, keyBase, keyLo, keyHi, known] = [this.runs, base, lo, lo, 0];
      const before = this.missing.length;
      let most = known;
      for (let i = keyHi; i < hi; i++) most = Math.max(most, this.fetch(table, base + i - box.lo[last]!));
      if (this.missing.length === before) [keyHi, known] = [Math.max(hi, keyHi), most];
      return most;
    };
  }

  /** The worst case over a product of ranges. */
  private readRanges(at: readonly Subscript[], table: LevelTable): Code {
    const ranges = this.rangesOf(at);
    return (s) => {
      const { box, strides } = table;
      let top = 0;
      const walk = (d: number, offset: number): void => {
        if (d === ranges.length) {
          this.look();
          if (this.isInside(table, offset)) top = Math.max(top, this.fetch(table, offset));
          return;
        }
        const lo = Math.max(ranges[d]!.from(s), box.lo[d]!);
        const hi = Math.min(ranges[d]!.to(s), box.lo[d]! + box.extent[d]!);
        for (let i = lo; i < hi; i++) walk(d + 1, offset + (i - box.lo[d]!) * strides[d]!);
      };
      walk(0, 0);
      return top;
    };
  }

  /** Ragged families: points of the box outside it cannot be read. */
  private isInside(table: LevelTable, offset: number): boolean {
    const slots = table.family.dims.map((d) => this.slot(d.index));
    const saved = slots.map((k) => this.slots[k]!);
    this.load(table, offset);
    const inside = table.inside(this.slots);
    slots.forEach((k, d) => {
      this.slots[k] = saved[d]!;
    });
    return inside;
  }
}

const outside = (e: Read, point: readonly number[]): never => {
  throw new IndexFault(`${printInstance(e.family, point)} is read outside its family`);
};

/** The largest of some levels, and a delay after it. */
function latest(parts: readonly Code[], plus: number): Code {
  if (parts.length === 0) return () => plus;
  if (parts.length === 1) {
    const only = parts[0]!;
    return plus === 0 ? only : (s) => only(s) + plus;
  }
  if (parts.length === 2) {
    const [a, b] = [parts[0]!, parts[1]!];
    return (s) => Math.max(a(s), b(s)) + plus;
  }
  return (s) => {
    let top = 0;
    for (const p of parts) {
      const level = p(s);
      if (level > top) top = level;
    }
    return top + plus;
  };
}

/** How often each node stands in an expression, reductions' bodies apart. */
function countUses(root: Expr): Map<Expr, number> {
  const uses = new Map<Expr, number>();
  const visit = (e: Expr): void => {
    const before = uses.get(e) ?? 0;
    uses.set(e, before + 1);
    if (before === 0 && e.kind !== "reduce" && e.kind !== "fold") childrenOf(e).forEach(visit);
  };
  visit(root);
  return uses;
}
