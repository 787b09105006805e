/**
 * Reductions of few, over many: blocks of operands become instances of a family of their own, and the reduction runs over these. The
 * canonical order of a reduction is a tree whose left parts are powers of two, so blocks of a power of two are whole
 * subtrees of it: the result is the same, bit for bit, for rounded sums and for operators that are not associative. Several indices
 * are counted as one, in their order.
 */
import * as build from "../equations/build";
import { and, isAlways, mapCondition, not, substitute, substituteIndex } from "../equations/conditions";
import { isBox, lengthOf } from "../equations/evaluate-index";
import { rewriteExpr } from "../equations/expressions";
import { mentionsAny } from "../equations/mentions";
import { printCondition } from "../equations/print";
import type {
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  Fold,
  IndexExpr,
  Piece,
  Reduce,
  Subscript,
  System,
} from "../equations/system";

export interface SplitOptions {
  /** Families of which one launch computes so few instances that lanes stay idle. */
  readonly narrow: (family: Family) => boolean;
  /** Operands of a block, a power of two. */
  readonly block: number;
  /** Whether a family's reduction over so many has too few operands to share out; constants up to a block without. */
  readonly few?: ((family: Family, operands: IndexExpr) => boolean) | undefined;
  /** Static reads that are not proved to stay inside: their faults are told at the element as written. */
  readonly unproved: ReadonlySet<Expr>;
}

export function splitReductions(system: System, options: SplitOptions): System {
  const names = new Set(system.families.map((f) => f.name));
  // Components of a tuple that are families of their own reduce the same: one split serves all.
  const folds: Folds = new Map();
  let changed = false;
  const families = system.families.flatMap((family): Family[] => {
    if (family.pieces.length === 0 || !isBox(family) || !options.narrow(family)) return [family];
    const made: Family[] = [];
    const fresh = (suffix: string): string => {
      let name = `${family.name}.${suffix}`;
      while (names.has(name)) name += "'";
      names.add(name);
      return name;
    };
    const blocks = new Blocks(family, fresh, options, made, folds);
    let before: Condition = build.always;
    const pieces = family.pieces.map((piece): Piece => {
      const guard = and(before, piece.guard);
      before = and(before, not(piece.guard));
      return { ...piece, value: rewriteOutermost(piece.value, (e) => blocks.split(e, guard) ?? e) };
    });
    if (pieces.every((p, k) => p.value === family.pieces[k]!.value)) return [family];
    changed = true;
    return [...made, { ...family, pieces }];
  });
  return changed ? { ...system, families } : system;
}

/** Reductions that are computed wherever the equation is, once each. */
function rewriteOutermost(value: Expr, at: (e: Reduce | Fold) => Expr): Expr {
  return rewriteExpr(value, (e) => {
    if (e.kind === "reduce" || e.kind === "fold") return at(e);
    // Cases of a choice may have no value where they are not chosen.
    return e.kind === "choose" ? e : undefined;
  });
}

/** A reduction over one index, in blocks of it. */
interface Cut<E extends Reduce | Fold> {
  readonly e: E;
  /** The indices inside a block; how many blocks there are. */
  readonly inner: readonly Dim[];
  readonly block: string;
  readonly count: IndexExpr;
}

/** What stands for the components of folds that are in blocks already. */
type Folds = Map<string, readonly Expr[]>;

/** The reductions of a family, in blocks. */
class Blocks {
  /** Where the equation at hand applies, and the indices that its reduction depends on. */
  private guard: Condition = build.always;
  private dims: readonly Dim[] = [];

  constructor(
    private readonly family: Family,
    private readonly fresh: (suffix: string) => string,
    private readonly options: SplitOptions,
    private readonly made: Family[],
    private readonly folds: Folds,
  ) {}

  /** `guard`: where the equation applies. */
  split(given: Reduce | Fold, guard: Condition): Expr | undefined {
    const { unproved } = this.options;
    const bodies = given.kind === "reduce" ? [given.body] : given.bodies;
    const filters = given.dataFilter === undefined ? [] : [given.dataFilter];
    if ([...bodies, ...filters].some((b) => mayFault(b, unproved))) return undefined;
    this.where(given, guard);
    if (given.kind === "fold") return this.fold(given);
    const { op, type } = given;
    const inOrder =
      op === "argmin" || op === "argmax" || ((op === "sum" || op === "product") && !isExact(type));
    const cut = this.cut(given, !inOrder);
    if (cut === undefined) return undefined;
    const { e } = cut;
    if (op === "argmin" || op === "argmax") return this.best(cut, op);
    if (op === "majority") {
      // More than half are 1.
      const count = (body: Expr) =>
        this.put(cut, build.reduce("count", cut.inner, body, build.int, e), "sum");
      const twice = build.apply("mul", [build.constant(build.int, 2), count(e.body)], build.int);
      return build.apply("lt", [count(build.constant(build.bit, 1)), twice], build.bit);
    }
    return this.put(cut, build.reduce(op, cut.inner, e.body, type, e), op === "count" ? "sum" : op);
  }

  /** Components of a tuple, each with an equation, may reduce the same: an index of few values that only the guard mentions is left out. */
  private where(e: Reduce | Fold, guard: Condition): void {
    this.dims = this.family.dims;
    this.guard = guard;
    for (const d of this.family.dims) {
      const { lo, hi } = d;
      if (lo.kind !== "integer" || hi.kind !== "integer" || hi.value - lo.value > MOST_COMPONENTS) continue;
      if (mentionsIn(e, d.index) || this.dims.some((x) => mentionsAny(x.hi, new Set([d.index])))) continue;
      for (let value = lo.value; value < hi.value; value++) {
        const by = new Map([[d.index, build.integer(value)]]);
        const there = mapCondition(this.guard, (x) => substituteIndex(x, by));
        if (there.length === 0) continue;
        this.guard = there;
        this.dims = this.dims.filter((x) => x !== d);
        break;
      }
    }
  }

  /** Blocks of powers of two, in order; of operators whose order does not matter also parts of the first index. */
  private cut<E extends Reduce | Fold>(given: E, anyOrder: boolean): Cut<E> | undefined {
    const { block: most, few = fewer(most) } = this.options;
    const e = asOne(given) ?? given;
    const [dim, ...rest] = e.dims;
    if (dim === undefined || (rest.length > 0 && !anyOrder)) return undefined;
    const length = build.sub(dim.hi, dim.lo);
    if (few(this.family, lengthOf(dim))) return undefined;
    const block = `${this.family.name} block ${this.made.length}`;
    const size = build.integer(most);
    const lo = build.add(dim.lo, build.mul(build.index(block), size));
    return {
      e,
      inner: [{ index: dim.index, lo, hi: build.min(dim.hi, build.add(lo, size)) }, ...rest],
      block,
      count: build.div(build.add(length, build.integer(most - 1)), size),
    };
  }

  /** A family of an index more than this one; gives reads of it. */
  private add(suffix: string, dim: Dim, value: Expr, guard = this.guard): (at: Subscript) => Expr {
    const { family } = this;
    const type = build.typeOf(value);
    const pieces: Piece[] = [{ guard, value, origin: family.origin }];
    if (!isAlways(guard)) pieces.push({ guard: build.always, value: zero(type) });
    const name = this.fresh(suffix);
    this.made.push({ name, role: "node", type, dims: [...this.dims, dim], pieces, origin: family.origin });
    const here = this.dims.map((d) => fixed(build.index(d.index)));
    return (at) => build.read(name, [...here, at], type, family.origin);
  }

  private blocksOf({ block, count }: Cut<Reduce | Fold>): Dim {
    return { index: block, lo: build.integer(0), hi: count };
  }

  private put(cut: Cut<Reduce>, part: Expr, op: Reduce["op"]): Expr {
    const blocks = this.blocksOf(cut);
    const read = this.add("blocks", blocks, part);
    const from = `${cut.block} from`;
    const filter = { filter: build.always, origin: cut.e.origin };
    return build.reduce(
      op,
      [{ ...blocks, index: from }],
      read(fixed(build.index(from))),
      build.typeOf(part),
      filter,
    );
  }

  /** Where each block has its best; then the best of these. */
  private best(cut: Cut<Reduce>, op: "argmin" | "argmax"): Expr {
    const { e, block, count } = cut;
    const dim = e.dims[0]!;
    const none = build.constant(build.int, 0);
    const operand = this.add("operands", dim, e.body, and(this.guard, e.filter));
    const own = build.reduce(op, cut.inner, operand(fixed(build.index(dim.index))), build.int, e);
    const blocks = this.blocksOf(cut);
    const where = this.add("blocks", blocks, own);
    const from = `${block} from`;
    const here = fixed(build.index(from));
    // A block that the filters leave empty has none; what is read instead does not count.
    const filtered = !isAlways(e.filter) || e.dataFilter !== undefined;
    const some = build.reduce("count", cut.inner, build.constant(build.bit, 1), build.int, e);
    const dataFilter = filtered
      ? build.apply("lt", [none, this.add("blocks", blocks, some)(here)], build.bit)
      : undefined;
    const chosen = (value: Expr, lo: IndexExpr, hi: IndexExpr): Subscript => ({
      kind: "dynamic",
      value: build.apply("max", [value, build.indexValue(lo)], build.int),
      lo,
      hi,
    });
    const value = operand(chosen(where(here), dim.lo, dim.hi));
    const filter = { filter: build.always, dataFilter, origin: e.origin };
    const best = build.reduce(op, [{ ...blocks, index: from }], value, build.int, filter);
    const nowhere = build.constant(build.int, -1);
    const found = where(chosen(best, blocks.lo, count));
    const is = build.select(build.apply("lt", [best, none], build.bit), nowhere, found, build.int);
    const any: Condition = [[build.compare("<", dim.lo, dim.hi)]];
    return build.choose(
      [
        { guard: any, value: is },
        { guard: build.always, value: nowhere },
      ],
      build.int,
    );
  }

  /** One family for each component. */
  private fold(given: Fold): Expr | undefined {
    const first = build.fold(given.monoid, given.dims, given.bodies, 0, given);
    const key = `${build.nodeNumber(first)} ${printCondition(this.guard)} ${this.dims.map((d) => d.index).join()}`;
    const known = this.folds.get(key);
    if (known !== undefined) return known[given.position];
    const cut = this.cut(given, false);
    if (cut === undefined) return undefined;
    const { monoid, dataFilter, filter, bodies, origin } = cut.e;
    const blocks = this.blocksOf(cut);
    const from = { ...blocks, index: `${cut.block} from` };
    const parts = monoid.types.map((_, k) =>
      this.add(
        "blocks",
        blocks,
        build.fold(monoid, cut.inner, bodies, k, { filter, dataFilter, origin }),
      )(fixed(build.index(from.index))),
    );
    const whole = monoid.types.map((_, k) =>
      build.fold(monoid, [from], parts, k, { filter: build.always, origin }),
    );
    this.folds.set(key, whole);
    return whole[given.position];
  }
}

/** Values of an index that may be left out. */
const MOST_COMPONENTS = 64;

/** Whether a reduction's value depends on an index around it. */
function mentionsIn(e: Reduce | Fold, name: string): boolean {
  const other = `${name}'`;
  return substitute(e, new Map([[name, build.index(other)]])) !== e;
}

const fixed = (value: IndexExpr): Subscript => ({ kind: "static", value });

const fewer =
  (most: number) =>
  (_: Family, operands: IndexExpr): boolean =>
    operands.kind === "integer" && operands.value <= most;

/** In any order the same bits. */
const isExact = ({ kind }: ElementType): boolean => kind !== "real" && kind !== "vector";

/** A reduction over a box, over the number of each of its points. */
function asOne<E extends Reduce | Fold>(e: E): E | undefined {
  const own = new Set(e.dims.map((d) => d.index));
  if (e.dims.length < 2 || e.dims.some((d) => mentionsAny(d.lo, own) || mentionsAny(d.hi, own)))
    return undefined;
  const [none, one] = [build.integer(0), build.integer(1)];
  const index = `${e.dims.map((d) => d.index).join(" ")} point`;
  const by = new Map<string, IndexExpr>();
  let inward: IndexExpr = one;
  for (const [k, { index: i, lo, hi }] of [...e.dims.entries()].reverse()) {
    const extent = build.max(none, build.sub(hi, lo));
    // Where there are none, no point is looked at: a divisor that is never 0 needs no check.
    const count = build.div(build.index(index), inward === one ? one : build.max(one, inward));
    by.set(i, build.add(lo, k === 0 ? count : build.mod(count, build.max(one, extent))));
    inward = build.mul(inward, extent);
  }
  const dims: readonly Dim[] = [{ index, lo: none, hi: inward }];
  const filters = {
    filter: mapCondition(e.filter, (x) => substituteIndex(x, by)),
    dataFilter: e.dataFilter && substitute(e.dataFilter, by),
    origin: e.origin,
  };
  const made =
    e.kind === "reduce"
      ? build.reduce(e.op, dims, substitute(e.body, by), e.type, filters)
      : build.fold(
          e.monoid,
          dims,
          e.bodies.map((x) => substitute(x, by)),
          e.position,
          filters,
        );
  return made as E;
}

const mayFault = (root: Expr, unproved: ReadonlySet<Expr>): boolean =>
  build.someExpr(
    root,
    (e) =>
      unproved.has(e) || e.kind === "table" || (e.kind === "read" && e.at.some((s) => s.kind === "dynamic")),
  );

const zero = (type: ElementType): Expr =>
  type.kind === "vector"
    ? build.vector(Array.from({ length: type.width }, () => build.constant(build.real, 0)))
    : build.constant(type, 0);
