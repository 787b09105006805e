/**
 * Levels, depth, work and width at given sizes, exactly, by one sweep over all instances.
 *
 * Levels solve `level(i) = cost + max over reads level(source)`. Instances are visited in lexicographic order; where a
 * source is not yet known, an explicit stack computes it first (and finds cycles). Everything per instance lives in
 * typed arrays; expressions are compiled once to closures, by one class in layers, a file each:
 * frame ◄ values ◄ costs ◄ levels ◄ the sweep, which is here.
 */
import { type Diagnostic, diagnostic } from "@fathom/lang";
import type { CostModel } from "../equations/cost";
import {
  type Box,
  compileIndex,
  familyBox,
  type IndexCode,
  IndexFault,
  pointAt,
} from "../equations/evaluate-index";
import { readsOf } from "../equations/expressions";
import { printInstance } from "../equations/print";
import type { Family, FamilyValues, Sizes, System } from "../equations/system";
import { place, showSizes } from "../equations/values";
import { TooManyOperands } from "./frame";
import { type LevelTable, UnrollLevels } from "./levels";

/** In which model, on which values, within which limits. */
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

interface FamilyLevels {
  readonly family: Family;
  readonly box: Box;
  /** By offset in the box; −1 where the box has no instance. Absent for inputs: all 0. */
  readonly levels?: Int32Array | undefined;
  readonly instances: number;
  readonly maxLevel: number;
  readonly work: number;
}

/** Counts of one graph: exact. */
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

/** The counts, or why there are none: too many instances, a cycle, a read outside its family. */
export type UnrollResult =
  | { readonly ok: true; readonly result: Unrolled }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

const UNROLL_LIMIT = 50_000_000;

/** One graph: see `unroller`, which makes closures once for many sizes. */
export const unroll = (system: System, sizes: Sizes, options: UnrollOptions): UnrollResult =>
  unroller(system, options)(sizes, options.limit);

/** The same for many sizes: expressions are compiled once. */
export function unroller(
  system: System,
  options: UnrollOptions,
): (sizes: Sizes, limit?: number) => UnrollResult {
  let sweep: Sweep | undefined;
  return (sizes, limit = UNROLL_LIMIT) => {
    const tooLarge = (found: string, limit: number | string, what = `unrolling ${system.name}`): Refused => {
      const args = { what, found, limit, suggestion: "choose smaller sizes" };
      return new Refused(diagnostic("too-large", place(system.origin), args));
    };
    try {
      // A box has at least one instance for each value that is followed, but for rows that come out empty.
      const boxes = new Map(system.families.map((f) => [f.name, familyBox(f, sizes, 2 * limit + 1000)]));
      const total = system.families.reduce(
        (sum, f) => sum + (f.pieces.length > 0 ? boxes.get(f.name)!.points : 0),
        0,
      );
      if (total > limit)
        throw tooLarge(Number.isFinite(total) ? `${total} instances` : `more than ${limit} instances`, limit);
      sweep ??= new Sweep(system, options);
      return { ok: true, result: sweep.run(sizes, boxes, total) };
    } catch (error) {
      const refused =
        error instanceof IndexFault
          ? tooLarge(showSizes(system, sizes), "2^53", error.message)
          : error instanceof TooManyOperands
            ? tooLarge(`more than ${options.operands} operands`, `${options.operands}`)
            : error;
      if (!(refused instanceof Refused)) throw error;
      return { ok: false, diagnostics: [refused.diagnostic] };
    }
  };
}

/** Ends a sweep: what is asked has no answer. */
class Refused extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message);
  }
}

const UNKNOWN = -1;
const BUSY = -2;

interface Table extends LevelTable {
  /** Level of the instance in the slots; `missing` grows when a source is unknown. */
  readonly level: IndexCode<number>;
  readonly cost: IndexCode<number>;
  readonly work: IndexCode<number>;
}

class Sweep extends UnrollLevels<Table> {
  private readonly order: Table[] = [];
  private sizes: Sizes = {};

  constructor(
    private readonly system: System,
    private readonly options: UnrollOptions,
  ) {
    super(options.operands, options.values);
    // The tables must exist before expressions that read them are compiled.
    for (const family of system.families) {
      if (family.pieces.length === 0) continue;
      const table = emptyTable(this.order.length, family);
      this.tables.set(family.name, table);
      this.order.push(table);
    }
    for (const table of this.order) Object.assign(table, this.codeOf(table.family));
  }

  private codeOf({ pieces, dims }: Family): Pick<Table, "level" | "cost" | "work" | "inside"> {
    const choose = this.chooser(pieces.map((p) => p.guard));
    const inside = this.insideOf(dims);
    if (this.options.model === "steps") {
      const gates = pieces.map((p) => this.gate(p.value));
      const levels = pieces.map((p) => this.level(p.value, true));
      const level = choose(
        levels.map(
          (l, k): IndexCode<number> =>
            (s) =>
              l(s) + gates[k]!(s),
        ),
      );
      const cost = choose(gates);
      return { level, cost, work: cost, inside };
    }
    return {
      level: choose(pieces.map((p) => this.level(p.value, false))),
      cost: choose(pieces.map((p) => this.positive(p.value))),
      work: choose(pieces.map((p) => this.workOf(p.value))),
      inside,
    };
  }

  run(sizes: Sizes, boxes: ReadonlyMap<string, Box>, total: number): Unrolled {
    this.begin(sizes, boxes);
    const { model, onProgress, cancelled } = this.options;
    const families = new Map<string, FamilyLevels>();
    const onLevels = new LevelCounts();
    let [done, work, instances, deepest, outputs] = [0, 0, 0, 0, -1];
    for (const table of this.order) {
      const { family, box, levels } = table;
      let [count, sum, top] = [0, 0, 0];
      this.visit(table, (level) => {
        const cost = table.cost(this.slots);
        if (level > top) top = level;
        if (cost > 0) onLevels.add(level);
        sum += model === "steps" ? cost : table.work(this.slots);
        count++;
        if ((++done & 0xffff) === 0) onProgress?.(done, total);
      });
      if (cancelled?.() === true) {
        const args = { what: "the analysis", found: "a wish to stop", limit: "none", suggestion: "" };
        throw new Refused(diagnostic("too-large", place(this.system.origin), args));
      }
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
    const depth = outputs >= 0 ? outputs : deepest;
    const width = onLevels.most();
    return { model, sizes, depth, work, width, instances, families, worstCase: this.worst };
  }

  private begin(sizes: Sizes, boxes: ReadonlyMap<string, Box>): void {
    this.sizes = sizes;
    this.runs++;
    for (const s of this.system.sizes) this.slots[this.slot(s.name)] = sizes[s.name]!;
    for (const table of this.order) {
      table.box = boxes.get(table.family.name)!;
      table.strides = stridesOf(table.box);
      table.levels = new Int32Array(table.box.points).fill(UNKNOWN);
    }
  }

  /** Every instance of a family in lexicographic order, its indices in the slots, with its level. */
  private visit(table: Table, found: (level: number) => void): void {
    const { family, box, levels, strides } = table;
    const dims = family.dims.map((d) => ({
      slot: this.slot(d.index),
      lo: compileIndex(d.lo, this.slot),
      hi: compileIndex(d.hi, this.slot),
    }));
    const walk = (d: number, base: number): void => {
      const dim = dims[d];
      if (dim === undefined) {
        if (levels[base]! < 0) this.settle(table, base);
        found(levels[base]!);
        return;
      }
      const lo = dim.lo(this.slots);
      const hi = dim.hi(this.slots);
      const stride = strides[d]!;
      let offset = base + (lo - box.lo[d]!) * stride;
      for (let i = lo; i < hi; i++, offset += stride) {
        this.slots[dim.slot] = i;
        walk(d + 1, offset);
      }
    };
    walk(0, 0);
  }

  /** Computes one instance, which is in the slots, and what it needs. Leaves the slots at this instance. */
  private settle(table: Table, offset: number): void {
    if (this.tryLevel(table, offset)) return;
    // Instances to compute: numbers of tables and offsets.
    const stack = [table.number, offset];
    while (stack.length > 0) {
      const at = stack[stack.length - 1]!;
      const current = this.order[stack[stack.length - 2]!]!;
      if (current.levels[at]! >= 0) {
        stack.length -= 2;
        continue;
      }
      this.load(current, at);
      if (!current.inside(this.slots)) throw this.outside(current, at);
      if (this.tryLevel(current, at)) {
        stack.length -= 2;
        continue;
      }
      current.levels[at] = BUSY;
      for (let k = 0; k < this.missing.length; k += 2) {
        const source = this.order[this.missing[k]!]!;
        const where = this.missing[k + 1]!;
        if (source.levels[where] === BUSY) throw this.cycle(stack, this.missing[k]!, where);
        stack.push(this.missing[k]!, where);
      }
    }
    this.load(table, offset);
  }

  /** The level of the instance in the slots, where all it reads is known; else `missing` holds what is not. */
  private tryLevel(table: Table, offset: number): boolean {
    this.missing.length = 0;
    this.epoch++;
    const level = table.level(this.slots);
    if (this.missing.length > 0) return false;
    table.levels[offset] = level;
    return true;
  }

  private outside({ family, box }: Table, offset: number): Refused {
    const read = printInstance(family.name, pointAt(box, offset));
    const args = { element: "an instance", read, family: family.name };
    return new Refused(diagnostic("index-outside", place(family.origin), args));
  }

  private cycle(stack: readonly number[], number: number, offset: number): Refused {
    const path: string[] = [];
    const families = new Map<string, Family>();
    let origin = this.system.origin;
    let inside = false;
    for (let k = 0; k < stack.length; k += 2) {
      const table = this.order[stack[k]!]!;
      if (table.levels[stack[k + 1]!] !== BUSY) continue;
      if (stack[k] === number && stack[k + 1] === offset) {
        inside = true;
        origin = table.family.origin;
      }
      if (!inside) continue;
      path.push(printInstance(table.family.name, pointAt(table.box, stack[k + 1]!)));
      families.set(table.family.name, table.family);
    }
    path.push(path[0] ?? "");
    const shown = path.length > 12 ? [...path.slice(0, 6), "…", ...path.slice(-5)] : path;
    const args = { node: path[0] ?? "", sizes: showSizes(this.system, this.sizes), path: shown.join(" → ") };
    const byData = [...families.values()]
      .flatMap((f) => f.pieces.flatMap((p) => readsOf(p.value)))
      .find((r) => families.has(r.family) && r.at.some((s) => s.kind === "dynamic"));
    if (byData === undefined) return new Refused(diagnostic("cycle", place(origin), args));
    const found = { ...args, read: byData.family };
    return new Refused(diagnostic("cycle-by-data", place(byData.origin ?? origin), found));
  }
}

/** How many instances of positive cost each level has. */
class LevelCounts {
  private counts = new Uint32Array(1024);

  add(level: number): void {
    if (level >= this.counts.length) {
      const larger = new Uint32Array(Math.max(level + 1, 2 * this.counts.length));
      larger.set(this.counts);
      this.counts = larger;
    }
    this.counts[level]!++;
  }

  most(): number {
    return this.counts.reduce((most, n) => Math.max(most, n), 0);
  }
}

function emptyTable(number: number, family: Family): Table {
  const later = (): never => {
    throw new Error(`${family.name} was asked before it was compiled`);
  };
  const box = { lo: [], extent: [], points: 0 };
  const levels = new Int32Array(0);
  return { number, family, box, strides: [], levels, level: later, cost: later, work: later, inside: later };
}

const stridesOf = (box: Box): number[] => {
  const strides = new Array<number>(box.extent.length).fill(1);
  for (let d = box.extent.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * box.extent[d + 1]!;
  return strides;
};
