/**
 * Levels, depth, work and width at given sizes, exactly, by one sweep over all instances.
 *
 * Levels solve `level(i) = cost + max over reads level(source)`. Instances are visited in lexicographic order; where a
 * source is not yet known, an explicit stack computes it first (and finds cycles). Everything per instance lives in
 * typed arrays; expressions are compiled once to closures.
 */
import { type Diagnostic, diagnostic } from "@fathom/lang";
import { childrenOf } from "../equations/build";
import { isAlways } from "../equations/conditions";
import {
  type CostModel,
  combiningDepth,
  combiningWork,
  componentWidth,
  operatorCost,
  scalarOperations,
} from "../equations/cost";
import {
  type Box,
  compileCondition,
  compileIndex,
  evaluateInt,
  familyBox,
  type IndexCode,
  IndexFault,
  isBox,
  pointAt,
  type Slots,
} from "../equations/evaluate-index";
import { type Element, foldElements } from "../equations/monoid";
import { applyOperator, reduceOperands, type Value } from "../equations/operators";
import { printInstance } from "../equations/print";
import type {
  Choose,
  Dim,
  Expr,
  Family,
  FamilyValues,
  Fold,
  Read,
  Reduce,
  Sizes,
  System,
} from "../equations/system";
import { componentsOf, offsetOf, place, showSizes } from "../equations/values";

export interface UnrollOptions {
  readonly model: CostModel;
  /** Values of every family: data-dependent reads then count as the one they are. Without: the worst case over inputs. */
  readonly values?: ReadonlyMap<string, FamilyValues> | undefined;
  /** Most instances to unroll. */
  readonly limit?: number | undefined;
  /**
   * Most operands of reductions and places chosen by data to look at, in all runs of one unroller together; what would need
   * more is refused as too large. Few instances may have very many.
   */
  readonly operands?: number | undefined;
  /** Called now and then with the number of instances done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly cancelled?: (() => boolean) | undefined;
}

export interface FamilyLevels {
  readonly family: Family;
  readonly box: Box;
  /** By offset in the box; −1 where the box has no instance. Absent for inputs: all 0. */
  readonly levels?: Int32Array | undefined;
  readonly instances: number;
  readonly maxLevel: number;
  readonly work: number;
}

export interface Unrolled {
  readonly model: CostModel;
  readonly sizes: Sizes;
  /** The largest level among outputs; among all instances where the task has no output. */
  readonly depth: number;
  readonly work: number;
  /** Most instances of positive cost on one level. */
  readonly width: number;
  readonly instances: number;
  readonly families: ReadonlyMap<string, FamilyLevels>;
  /** True where some read depends on data and no values were given. */
  readonly worstCase: boolean;
}

export type UnrollResult =
  | { readonly ok: true; readonly result: Unrolled }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export const UNROLL_LIMIT = 50_000_000;

const UNKNOWN = -1;
const BUSY = -2;

export const unroll = (system: System, sizes: Sizes, options: UnrollOptions): UnrollResult =>
  unroller(system, options)(sizes, options.limit);

/** The same for many sizes: expressions are compiled once. */
export function unroller(
  system: System,
  options: UnrollOptions,
): (sizes: Sizes, limit?: number) => UnrollResult {
  let sweep: Sweep | undefined;
  return (sizes, limit = UNROLL_LIMIT) => {
    try {
      // A box has at least one instance for each value that is followed, but for rows that come out empty.
      const boxes = new Map(system.families.map((f) => [f.name, familyBox(f, sizes, 2 * limit + 1000)]));
      const total = system.families.reduce(
        (sum, f) => sum + (f.pieces.length > 0 ? boxes.get(f.name)!.points : 0),
        0,
      );
      if (total > limit) {
        const args = {
          what: `unrolling ${system.name}`,
          found: Number.isFinite(total) ? `${total} instances` : `more than ${limit} instances`,
          limit,
          suggestion: "choose smaller sizes",
        };
        return { ok: false, diagnostics: [diagnostic("too-large", place(system.origin), args)] };
      }
      sweep ??= new Sweep(system, options);
      return sweep.run(sizes, boxes, total);
    } catch (error) {
      const fault = error instanceof IndexFault;
      if (!fault && !(error instanceof TooManyOperands)) throw error;
      const args = {
        what: fault ? error.message : `unrolling ${system.name}`,
        found: fault ? showSizes(system, sizes) : `more than ${options.operands} operands`,
        limit: fault ? "2^53" : `${options.operands}`,
        suggestion: "choose smaller sizes",
      };
      return { ok: false, diagnostics: [diagnostic("too-large", place(system.origin), args)] };
    }
  };
}

class TooManyOperands extends Error {}

interface Table {
  readonly family: Family;
  // Of the sizes of this run.
  box: Box;
  strides: readonly number[];
  levels: Int32Array;
  /** Level of the instance in the slots; `missing` grows when a source is unknown. */
  readonly level: IndexCode<number>;
  readonly cost: IndexCode<number>;
  readonly work: IndexCode<number>;
  readonly inside: IndexCode<boolean>;
}

class Sweep {
  private readonly slots: Slots = [];
  private readonly slotNumbers = new Map<string, number>();
  private readonly tables = new Map<string, Table>();
  private readonly order: Table[] = [];
  private epoch = 0;
  private operands = 0;
  // Unknown sources found by the last evaluation: table numbers and offsets.
  private readonly missing: number[] = [];
  private worst = false;

  private sizes: Sizes = {};
  private runs = 0;

  constructor(
    private readonly system: System,
    private readonly options: UnrollOptions,
  ) {
    const number = new Map<string, number>();
    const defined = system.families.filter((f) => f.pieces.length > 0);
    defined.forEach((f, k) => number.set(f.name, k));
    this.numbers = number;
    for (const family of defined) {
      // The tables must exist before expressions that read them are compiled.
      const later = (): never => {
        throw new Error("a family was asked before it was compiled");
      };
      const table: Table = {
        family,
        box: { lo: [], extent: [], points: 0 },
        strides: [],
        levels: new Int32Array(0),
        level: later,
        cost: later,
        work: later,
        inside: later,
      };
      this.tables.set(family.name, table);
      this.order.push(table);
    }
    for (const table of this.order as { -readonly [K in keyof Table]: Table[K] }[]) {
      const { pieces } = table.family;
      const guards = pieces.map((p) => compileCondition(p.guard, this.slot));
      const pick = <T>(parts: readonly IndexCode<T>[]): IndexCode<T> => {
        if (parts.length === 1 && isAlways(pieces[0]!.guard)) return parts[0]!;
        return (s) => {
          for (let k = 0; k < parts.length; k++) if (guards[k]!(s)) return parts[k]!(s);
          throw new Error(`no equation is selected in ${table.family.name}`);
        };
      };
      const steps = options.model === "steps";
      table.cost = pick(pieces.map((p) => (steps ? this.gate(p.value) : this.positive(p.value))));
      table.level = pick(
        pieces.map((p) => {
          const level = this.level(p.value, steps);
          const gate = this.gate(p.value);
          return steps ? (s: Slots) => level(s) + gate(s) : level;
        }),
      );
      table.work = steps ? table.cost : pick(pieces.map((p) => this.workOf(p.value)));
      table.inside = this.insideOf(table.family.dims);
    }
  }

  private readonly numbers: ReadonlyMap<string, number>;

  private readonly slot = (name: string): number => {
    let at = this.slotNumbers.get(name);
    if (at === undefined) {
      at = this.slotNumbers.size;
      this.slotNumbers.set(name, at);
      this.slots[at] = 0;
    }
    return at;
  };

  /** Counts one operand. */
  private look(): void {
    const { operands } = this.options;
    if (operands !== undefined && ++this.operands > operands) throw new TooManyOperands();
  }

  run(sizes: Sizes, boxes: ReadonlyMap<string, Box>, total: number): UnrollResult {
    this.sizes = sizes;
    this.runs++;
    for (const s of this.system.sizes) this.slots[this.slot(s.name)] = sizes[s.name]!;
    for (const table of this.order) {
      table.box = boxes.get(table.family.name)!;
      table.strides = stridesOf(table.box);
      table.levels = new Int32Array(table.box.points).fill(UNKNOWN);
    }
    const { onProgress, cancelled } = this.options;
    const steps = this.options.model === "steps";
    const families = new Map<string, FamilyLevels>();
    let histogram = new Uint32Array(1024);
    let done = 0;
    let [work, instances, deepest, outputs] = [0, 0, 0, -1];
    const stack: number[] = [];
    for (const table of this.order) {
      const { family, box, levels } = table;
      const dimSlots = family.dims.map((d) => this.slot(d.index));
      const los = family.dims.map((d) => compileIndex(d.lo, this.slot));
      const his = family.dims.map((d) => compileIndex(d.hi, this.slot));
      const rank = family.dims.length;
      let [count, sum, top] = [0, 0, 0];
      let failure: UnrollResult | undefined;
      const visit = (offset: number): void => {
        if (levels[offset]! < 0) {
          const result = this.settle(table, offset, stack, dimSlots);
          if (result !== undefined) {
            failure = result;
            return;
          }
        }
        const level = levels[offset]!;
        const cost = table.cost(this.slots);
        if (level > top) top = level;
        if (cost > 0) {
          if (level >= histogram.length) {
            const larger = new Uint32Array(Math.max(level + 1, 2 * histogram.length));
            larger.set(histogram);
            histogram = larger;
          }
          histogram[level]!++;
        }
        sum += steps ? cost : table.work(this.slots);
        count++;
        if ((++done & 0xffff) === 0) onProgress?.(done, total);
      };
      const walk = (d: number, base: number): void => {
        if (d === rank) {
          visit(base);
          return;
        }
        const lo = los[d]!(this.slots);
        const hi = his[d]!(this.slots);
        const stride = table.strides[d]!;
        const slot = dimSlots[d]!;
        let offset = base + (lo - box.lo[d]!) * stride;
        for (let i = lo; i < hi && failure === undefined; i++, offset += stride) {
          this.slots[slot] = i;
          walk(d + 1, offset);
        }
        if (d === 0 && cancelled?.() === true) {
          const args = { what: "the analysis", found: "a wish to stop", limit: "none", suggestion: "" };
          failure ??= { ok: false, diagnostics: [diagnostic("too-large", place(this.system.origin), args)] };
        }
      };
      walk(0, 0);
      if (failure !== undefined) return failure;
      work += sum;
      instances += count;
      deepest = Math.max(deepest, top);
      if (family.role === "output") outputs = Math.max(outputs, top);
      families.set(family.name, { family, box, levels, instances: count, maxLevel: top, work: sum });
    }
    for (const family of this.system.families) {
      if (family.pieces.length > 0) continue;
      const box = boxes.get(family.name)!;
      families.set(family.name, { family, box, instances: box.points, maxLevel: 0, work: 0 });
    }
    let width = 0;
    for (const n of histogram) if (n > width) width = n;
    const { model } = this.options;
    const depth = outputs >= 0 ? outputs : deepest;
    return {
      ok: true,
      result: { model, sizes, depth, work, width, instances, families, worstCase: this.worst },
    };
  }

  /** Computes one instance and what it needs. Leaves the slots at this instance. */
  private settle(
    table: Table,
    offset: number,
    stack: number[],
    dimSlots: readonly number[],
  ): UnrollResult | undefined {
    this.missing.length = 0;
    this.epoch++;
    const level = table.level(this.slots);
    if (this.missing.length === 0) {
      table.levels[offset] = level;
      return undefined;
    }
    const saved = dimSlots.map((s) => this.slots[s]!);
    const number = this.numbers.get(table.family.name)!;
    stack.push(number, offset);
    while (stack.length > 0) {
      const at = stack[stack.length - 1]!;
      const current = this.order[stack[stack.length - 2]!]!;
      if (current.levels[at]! >= 0) {
        stack.length -= 2;
        continue;
      }
      this.load(current, at);
      if (!current.inside(this.slots)) {
        const name = current.family.name;
        const args = {
          element: "an instance",
          read: printInstance(name, pointAt(current.box, at)),
          family: name,
        };
        return { ok: false, diagnostics: [diagnostic("index-outside", place(current.family.origin), args)] };
      }
      this.missing.length = 0;
      this.epoch++;
      const value = current.level(this.slots);
      if (this.missing.length === 0) {
        current.levels[at] = value;
        stack.length -= 2;
        continue;
      }
      current.levels[at] = BUSY;
      for (let k = 0; k < this.missing.length; k += 2) {
        const source = this.order[this.missing[k]!]!;
        const where = this.missing[k + 1]!;
        if (source.levels[where] === BUSY) return this.cycle(stack, this.missing[k]!, where);
        stack.push(this.missing[k]!, where);
      }
    }
    dimSlots.forEach((s, k) => {
      this.slots[s] = saved[k]!;
    });
    return undefined;
  }

  private cycle(stack: readonly number[], number: number, offset: number): UnrollResult {
    const path: string[] = [];
    let origin = this.system.origin;
    let inside = false;
    for (let k = 0; k < stack.length; k += 2) {
      const table = this.order[stack[k]!]!;
      if (table.levels[stack[k + 1]!] !== BUSY) continue;
      if (stack[k] === number && stack[k + 1] === offset) {
        inside = true;
        origin = table.family.origin;
      }
      if (inside) path.push(printInstance(table.family.name, pointAt(table.box, stack[k + 1]!)));
    }
    path.push(path[0] ?? "");
    const shown = path.length > 12 ? [...path.slice(0, 6), "…", ...path.slice(-5)] : path;
    const args = { node: path[0] ?? "", sizes: showSizes(this.system, this.sizes), path: shown.join(" → ") };
    return { ok: false, diagnostics: [diagnostic("cycle", place(origin), args)] };
  }

  private load(table: Table, offset: number): void {
    pointAt(table.box, offset).forEach((i, d) => {
      this.slots[this.slot(table.family.dims[d]!.index)] = i;
    });
  }

  private insideOf(dims: readonly Dim[]): IndexCode<boolean> {
    const parts = dims.map((d) => ({
      slot: this.slot(d.index),
      lo: compileIndex(d.lo, this.slot),
      hi: compileIndex(d.hi, this.slot),
    }));
    return (s) => parts.every((p) => p.lo(s) <= s[p.slot]! && s[p.slot]! < p.hi(s));
  }

  // Levels of expressions

  /** `free`: operators cost nothing (steps: the instance is charged as a whole). */
  private level(root: Expr, free: boolean): IndexCode<number> {
    const memo = new Map<Expr, IndexCode<number>>();
    const uses = countUses(root);
    const self = (e: Expr): IndexCode<number> => {
      const known = memo.get(e);
      if (known !== undefined) return known;
      const plain = make(e);
      let made = plain;
      if ((uses.get(e) ?? 0) > 1 && e.kind !== "constant" && e.kind !== "index-value") {
        let [stamp, value] = [-1, 0];
        made = (s) => {
          if (stamp === this.epoch) return value;
          const at = this.epoch;
          const found = plain(s);
          // A reduction inside moves the epoch on; the value holds for the one it was asked in.
          [stamp, value] = [at === this.epoch ? at : -1, found];
          return found;
        };
      }
      memo.set(e, made);
      return made;
    };
    const most = (parts: readonly IndexCode<number>[], plus: number): IndexCode<number> => {
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
    };
    const make = (e: Expr): IndexCode<number> => {
      switch (e.kind) {
        case "constant":
        case "index-value":
          return () => 0;
        case "read":
          return this.readLevel(e, self, free);
        case "apply":
          return most(e.args.map(self), free ? 0 : operatorCost(e).depth);
        case "select":
          return most([e.condition, e.then, e.otherwise].map(self), free ? 0 : 1);
        case "choose": {
          const guards = e.cases.map((c) => compileCondition(c.guard, this.slot));
          const values = e.cases.map((c) => self(c.value));
          return (s) => {
            for (let k = 0; k < guards.length; k++) if (guards[k]!(s)) return values[k]!(s);
            throw new Error("no case is selected");
          };
        }
        case "table":
          return most(e.args.map(self), free ? 0 : 1);
        case "vector":
          return most(e.components.map(self), 0);
        case "component":
          return self(e.of);
        case "operand":
          return () => 0;
        case "reduce":
        case "fold": {
          const bodies = (e.kind === "fold" ? e.bodies : [e.body]).map((b) => this.level(b, free));
          const body = bodies.length === 1 ? bodies[0]! : most(bodies, 0);
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
      }
    };
    return self(root);
  }

  /** Visits the points of a reduction that its static filter keeps. */
  private points(e: Reduce | Fold): (s: Slots, visit: () => void) => void {
    const dims = e.dims.map((d) => ({
      slot: this.slot(d.index),
      lo: compileIndex(d.lo, this.slot),
      hi: compileIndex(d.hi, this.slot),
    }));
    const keeps = isAlways(e.filter) ? undefined : compileCondition(e.filter, this.slot);
    return (s, visit) => {
      const walk = (d: number): void => {
        const dim = dims[d];
        if (dim === undefined) {
          this.look();
          if (keeps === undefined || keeps(s)) visit();
          return;
        }
        const hi = dim.hi(s);
        for (let i = dim.lo(s); i < hi; i++) {
          s[dim.slot] = i;
          walk(d + 1);
        }
      };
      walk(0);
    };
  }

  private readLevel(e: Read, self: (e: Expr) => IndexCode<number>, free: boolean): IndexCode<number> {
    const table = this.tables.get(e.family);
    const dynamic = e.at.filter((s) => s.kind === "dynamic");
    const values = this.options.values;
    const chooser = dynamic.map((s) => self(s.value));
    const choosing = (s: Slots): number => {
      let top = 0;
      for (const c of chooser) top = Math.max(top, c(s));
      return top;
    };
    const gate = free || dynamic.length === 0 ? 0 : 1;
    if (dynamic.length > 0 && values === undefined) this.worst = true;
    if (table === undefined) return dynamic.length === 0 ? () => 0 : (s) => choosing(s) + gate;
    const number = this.numbers.get(e.family)!;
    const { missing } = this;
    const outside = (point: readonly number[]): never => {
      throw new IndexFault(`${printInstance(e.family, point)} is read outside its family`);
    };
    const fetch = (offset: number): number => {
      const level = table.levels[offset]!;
      if (level >= 0) return level;
      missing.push(number, offset);
      return 0;
    };
    if (dynamic.length === 0) {
      const parts = e.at.map((s) =>
        compileIndex((s as Extract<typeof s, { kind: "static" }>).value, this.slot),
      );
      const rank = parts.length;
      if (rank === 1) {
        const part = parts[0]!;
        return (s) => {
          const { lo, extent } = table.box;
          const i = part(s) - lo[0]!;
          if (i < 0 || i >= extent[0]!) outside([i + lo[0]!]);
          return fetch(i);
        };
      }
      return (s) => {
        const { box, strides } = table;
        const { lo, extent } = box;
        let offset = 0;
        for (let d = 0; d < rank; d++) {
          const i = parts[d]!(s) - lo[d]!;
          if (i < 0 || i >= extent[d]!) outside(parts.map((p) => p(s)));
          offset += i * strides[d]!;
        }
        return fetch(offset);
      };
    }
    if (values !== undefined) {
      const parts = e.at.map((s) =>
        s.kind === "static" ? compileIndex(s.value, this.slot) : this.valueOf(s.value),
      );
      return (s) => {
        const point = parts.map((p) => p(s) as number);
        const offset = offsetOf(table.box, point);
        if (offset < 0) outside(point);
        return Math.max(choosing(s), fetch(offset)) + gate;
      };
    }
    // Worst case: everything the subscripts' types allow, as far as the family goes.
    const ranges = e.at.map((s) => {
      if (s.kind === "static") {
        const at = compileIndex(s.value, this.slot);
        return { from: at, to: (x: Slots) => at(x) + 1 };
      }
      return { from: compileIndex(s.lo, this.slot), to: compileIndex(s.hi, this.slot) };
    });
    // A range that only grows from one instance to the next is not walked twice.
    let [keyRun, keyLo, keyHi, keyBase, known] = [0, 0, 0, -1, 0];
    const last = ranges.length - 1;
    const single =
      dynamic.length === 1 &&
      e.at[last]!.kind === "dynamic" &&
      table.family.dims.length === ranges.length &&
      isBox(table.family);
    return (s) => {
      const { box, strides } = table;
      let top = choosing(s);
      if (single) {
        let base = 0;
        for (let d = 0; d < last; d++) base += (ranges[d]!.from(s) - box.lo[d]!) * strides[d]!;
        const lo = Math.max(ranges[last]!.from(s), box.lo[last]!);
        const hi = Math.min(ranges[last]!.to(s), box.lo[last]! + box.extent[last]!);
        if (base !== keyBase || lo !== keyLo || hi < keyHi || this.runs !== keyRun)
          [keyRun, keyBase, keyLo, keyHi, known] = [this.runs, base, lo, lo, 0];
        const before = missing.length;
        let most = known;
        for (let i = keyHi; i < hi; i++) most = Math.max(most, fetch(base + i - box.lo[last]!));
        if (missing.length === before) [keyHi, known] = [Math.max(hi, keyHi), most];
        return Math.max(top, most) + gate;
      }
      const walk = (d: number, offset: number): void => {
        if (d === ranges.length) {
          this.look();
          // Ragged families: points of the box outside it cannot be read.
          const saved = table.family.dims.map((x) => s[this.slot(x.index)]!);
          this.load(table, offset);
          const inside = table.inside(s);
          table.family.dims.forEach((x, k) => {
            s[this.slot(x.index)] = saved[k]!;
          });
          if (inside) top = Math.max(top, fetch(offset));
          return;
        }
        const lo = Math.max(ranges[d]!.from(s), box.lo[d]!);
        const hi = Math.min(ranges[d]!.to(s), box.lo[d]! + box.extent[d]!);
        for (let i = lo; i < hi; i++) walk(d + 1, offset + (i - box.lo[d]!) * strides[d]!);
      };
      walk(0, 0);
      return top + gate;
    };
  }

  /** The value of an index expression on data, from given values of all families. */
  private valueOf(e: Expr): IndexCode<number> {
    const go = (x: Expr): IndexCode<Value> => {
      switch (x.kind) {
        case "constant":
          return () => x.value;
        case "index-value": {
          return (s) => evaluateInt(x.value, (name) => s[this.slot(name)]!);
        }
        case "read": {
          const values = this.options.values!.get(x.family)!;
          const width = componentsOf(x.type);
          const parts = x.at.map((s) =>
            s.kind === "static" ? compileIndex(s.value, this.slot) : go(s.value),
          );
          return (s) => {
            const offset =
              offsetOf(
                values,
                parts.map((p) => p(s) as number),
              ) * width;
            return width === 1
              ? values.data[offset]!
              : Array.from(values.data.subarray(offset, offset + width));
          };
        }
        case "apply": {
          const args = x.args.map(go);
          return (s) =>
            applyOperator(
              x.op,
              args.map((a) => a(s)),
              x.type,
            );
        }
        case "select": {
          const [c, t, o] = [go(x.condition), go(x.then), go(x.otherwise)];
          return (s) => (c(s) === 1 ? t(s) : o(s));
        }
        case "choose": {
          const guards = x.cases.map((c) => compileCondition(c.guard, this.slot));
          const cases = x.cases.map((c) => go(c.value));
          return (s) => cases[guards.findIndex((g) => g(s))]!(s);
        }
        case "table": {
          const args = x.args.map(go);
          return (s) => x.entries[args.reduce((row, a, k) => row * x.radix[k]! + (a(s) as number), 0)]!;
        }
        case "reduce": {
          const body = go(x.body);
          const filter = x.dataFilter === undefined ? undefined : go(x.dataFilter);
          const points = this.points(x);
          const slots = x.dims.map((d) => this.slot(d.index));
          return (s) => {
            const operands: { point: number[]; value: Value | undefined }[] = [];
            points(s, () => {
              const value = filter !== undefined && filter(s) !== 1 ? undefined : body(s);
              operands.push({ point: slots.map((k) => s[k]!), value });
            });
            return reduceOperands(x.op, operands, x.type);
          };
        }
        case "fold": {
          const bodies = x.bodies.map(go);
          const filter = x.dataFilter === undefined ? undefined : go(x.dataFilter);
          const points = this.points(x);
          return (s) => {
            const elements: (Element | undefined)[] = [];
            points(s, () => {
              const kept = filter === undefined || filter(s) === 1;
              elements.push(kept ? bodies.map((b) => b(s)) : undefined);
            });
            return foldElements(x.monoid, elements)[x.position]!;
          };
        }
        case "operand":
          throw new Error("an operand stands outside a monoid");
        case "vector": {
          const parts = x.components.map(go);
          return (s) => parts.map((p) => p(s) as number);
        }
        case "component": {
          const of = go(x.of);
          return (s) => (of(s) as readonly number[])[x.position]!;
        }
      }
    };
    return go(e) as IndexCode<number>;
  }

  // Costs

  /** steps: 0 for a wire, 1 for a gate. */
  private gate(e: Expr): IndexCode<number> {
    switch (e.kind) {
      case "constant":
      case "index-value":
        return () => 0;
      case "read":
        return e.at.every((s) => s.kind === "static") ? () => 0 : () => 1;
      case "component":
        return this.gate(e.of);
      case "vector": {
        const parts = e.components.map((c) => this.gate(c));
        return (s) => (parts.some((p) => p(s) === 1) ? 1 : 0);
      }
      case "choose": {
        const guards = e.cases.map((c) => compileCondition(c.guard, this.slot));
        const cases = e.cases.map((c) => this.gate(c.value));
        return (s) => cases[guards.findIndex((g) => g(s))]!(s);
      }
      case "operand":
        return () => 0;
      case "reduce":
      case "fold": {
        if (e.dataFilter !== undefined) return () => 1;
        if (e.kind === "reduce" && (e.op === "argmin" || e.op === "argmax")) return () => 1;
        const body = this.gate(e.kind === "fold" ? e.bodies[e.position]! : e.body);
        const points = this.points(e);
        return (s) => {
          let [count, inner] = [0, 0];
          points(s, () => {
            if (++count === 1) inner = body(s);
          });
          return count >= 2 ? 1 : inner;
        };
      }
      case "apply":
        return e.op === "to-int" && operatorCost(e).depth === 0 ? this.gate(e.args[0]!) : () => 1;
      case "select":
      case "table":
        return () => 1;
    }
  }

  /** ops: whether an instance is any operation at all. */
  private positive(e: Expr): IndexCode<number> {
    const work = this.workOf(e);
    return (s) => (work(s) > 0 ? 1 : 0);
  }

  /** ops: scalar operations of an expression, each distinct one once. */
  private workOf(root: Expr): IndexCode<number> {
    const { fixed, varying } = scalarOperations(root);
    if (varying.length === 0) return () => fixed;
    const parts = varying.map((e) => (e.kind === "choose" ? this.workOfChoice(e) : this.workOfPoints(e)));
    return (s) => {
      let sum = fixed;
      for (const part of parts) sum += part(s);
      return sum;
    };
  }

  /** What a case shares with the rest of the expression is counted with the case. */
  private workOfChoice(e: Choose): IndexCode<number> {
    const guards = e.cases.map((c) => compileCondition(c.guard, this.slot));
    const cases = e.cases.map((c) => this.workOf(c.value));
    return (s) => cases[guards.findIndex((g) => g(s))]!(s);
  }

  private workOfPoints(e: Reduce | Fold): IndexCode<number> {
    const bodies = (e.kind === "fold" ? e.bodies : [e.body]).map((b) => this.workOf(b));
    const filter = e.dataFilter === undefined ? undefined : this.workOf(e.dataFilter);
    const width = e.kind === "fold" ? e.monoid.types.length : componentWidth(e);
    const points = this.points(e);
    return (s) => {
      let [count, sum] = [0, 0];
      points(s, () => {
        count++;
        for (const b of bodies) sum += b(s);
        if (filter !== undefined) sum += filter(s) + width;
      });
      return sum + combiningWork(e, count);
    };
  }
}

const stridesOf = (box: Box): number[] => {
  const strides = new Array<number>(box.extent.length).fill(1);
  for (let d = box.extent.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * box.extent[d + 1]!;
  return strides;
};

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
