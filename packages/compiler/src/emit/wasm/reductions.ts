/** Reductions and folds: reals in the canonical order, the rest as they come. */
import { childrenOf, fold as foldOf, operand, typeOf } from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { changesWith } from "../../equations/mentions";
import { valueOverNothing } from "../../equations/operators";
import type { Expr, Fold, Reduce } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { type Code, type ValueType, w } from "./encode";
import { machine, namesOfCondition, Scope, sizeOf, type Value } from "./frame";
import { laneConstant } from "./lanes";
import { type PanelReader, Panels } from "./panels";

/** Expressions up to this weight are repeated in a block of eight. */
const MOST_REPEATED = 48;
/** A reduction over a few points, all known, is written out where it weighs no more than this. */
const MOST_WRITTEN = 100;
export function weight(e: Expr): number {
  if (e.kind === "reduce" || e.kind === "fold" || e.kind === "choose") return MOST_REPEATED + 1;
  return childrenOf(e).reduce((sum, c) => sum + weight(c), 1);
}

const calls: ReadonlySet<string> = new Set(["exp", "log", "tanh", "sin", "cos"]);

/** Roughly what one vector of instances along an index costs, a reduction more than its turn: what is the same in all lanes counts as one. */
export function turnWeight(e: Expr, index: string): number {
  if (!changesWith(e, index)) return 1;
  if (e.kind === "reduce") return 8 + 2 * weight(e.body);
  if (e.kind === "fold" || e.kind === "choose" || (e.kind === "apply" && calls.has(e.op)))
    return MOST_REPEATED + 1;
  return childrenOf(e).reduce((sum, c) => sum + turnWeight(c, index), 1);
}

/** Reductions that change with an index and that computing the expression certainly needs. */
export function reductionsIn(root: Expr, index: string): Reduce[] {
  const found: Reduce[] = [];
  const walk = (e: Expr): void => {
    if (!changesWith(e, index)) return;
    if (e.kind === "reduce") {
      if (!found.includes(e)) found.push(e);
    } else if (e.kind !== "choose" && e.kind !== "fold") childrenOf(e).forEach(walk);
  };
  walk(root);
  return found;
}

/** One of several vectors side by side. */
export interface Copy {
  readonly scope: Scope;
  /** Where it is of another row than the first. */
  readonly row?: { readonly index: string; readonly scope: Scope; readonly first: Scope } | undefined;
}

/** The operands of one of several vectors side by side, in the body of a reduction's loop. */
type Part = (inner: Scope) => readonly Code[];

const loads = { i32: w.i32Load, f32: w.f32Load, v128: w.v128Load, i64: w.i64Load, f64: w.i64Load };
const stores = { i32: w.i32Store, f32: w.f32Store, v128: w.v128Store, i64: w.i64Store, f64: w.f64Store };

export abstract class Reductions extends Panels {
  protected reduce(e: Reduce, scope: Scope): readonly Value[] {
    return this.reduceCopies(e, scope, undefined)[0]!;
  }

  /**
   * The reductions of an expression, for several vectors side by side in the turns of one loop; each vector finds its own in its
   * scope afterwards. What does not change from lane to lane is loaded once for all of them (unroll and jam: Allen and Cocke, 1972).
   */
  protected reduceTogether(root: Expr, copies: readonly Copy[], scope: Scope): void {
    if (copies.length === 1) return;
    for (const e of reductionsIn(root, this.four!)) {
      const turns = new Scope(scope);
      const results = this.reduceCopies(e, turns, copies);
      // What a row or a vector needs of its own index comes before the loop.
      for (const s of new Set(copies.flatMap(({ row, scope: own }) => (row ? [row.scope, own] : [own])))) {
        this.flush(s, scope);
      }
      copies.forEach((copy, k) => {
        copy.scope.memo.set(
          copy.scope.own(e),
          results[k]!.map((v) => ({ ...v, scope: copy.scope })),
        );
      });
      scope.add(turns.code);
    }
  }

  /** Moves what a scope has so far to the end of an outer one. */
  protected flush(from: Scope, to: Scope): void {
    to.add(from.code);
    from.code.length = 0;
  }

  /** The code that follows is of this copy. */
  protected take({ scope, row }: Copy): void {
    this.fourScope = scope;
    this.row = row;
  }

  /** The results of a reduction in a scope, or for each of several vectors. */
  private reduceCopies(
    e: Reduce,
    scope: Scope,
    copies: readonly Copy[] | undefined,
  ): readonly (readonly Value[])[] {
    const lanes = this.four !== undefined && changesWith(e, this.four);
    const real = machine(e.type) === "f32";
    const type = lanes ? "v128" : machine(e.type);
    const constant = (n: number): Code => (lanes ? laneConstant(n, e.type) : real ? w.f32(n) : w.i32(n));
    const empty = valueOverNothing(e.op, real);
    const width = componentsOf(e.type);
    const results = Array.from({ length: width * (copies?.length ?? 1) }, () => this.f.local(type));
    for (const r of results) scope.add(w.set(r, constant(empty)));
    const columns = copies?.filter((c) => c.row === undefined).map((c) => c.scope) ?? [this.fourScope!];
    const panel = lanes ? this.panelOf(e, columns, scope) : undefined;
    const parts = (identity: Code): readonly Part[] => {
      if (copies === undefined) return [(inner) => this.operands(e, identity, inner)];
      return copies.map((copy) => (inner) => {
        const own = new Scope(inner, false, copy.scope);
        for (const index of copy.row === undefined ? [this.four!] : [this.four!, copy.row.index])
          own.names.set(index, copy.scope.binding(index));
        this.take(copy);
        const codes = this.operands(e, identity, own);
        inner.add(own.code);
        return codes;
      });
    };
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    if (real && (e.op === "sum" || e.op === "product")) {
      const add = lanes ? w.f32x4Add : w.f32Add;
      const mul = lanes ? w.f32x4Mul : w.f32Mul;
      const step = e.op === "sum" ? add : mul;
      const combine = (left: readonly Code[], right: readonly Code[]): Code[] =>
        left.map((l, k) => step(l, right[k]!));
      const types = results.map(() => type);
      const operands = parts(constant(e.op === "sum" ? -0 : 1));
      const points = this.fewPoints(e, scope);
      if (points !== undefined) {
        const trees = this.trees(points, operands, panel, { types, combine }, scope);
        results.forEach((r, k) => {
          scope.add(w.set(r, trees.flat()[k]!));
        });
      } else {
        const canon = this.canonical(types, scope, combine, true);
        this.blocks(e, scope, canon, operands, panel);
        canon.finish(results, scope);
      }
      if (e.op === "sum") for (const r of results) scope.add(w.set(r, add(w.get(r), constant(0))));
    } else if (lanes) {
      const identity = constant(empty);
      const asBits = !real || ((e.op === "min" || e.op === "max") && this.orderedAsBits([e.body]));
      const step = (a: Code, b: Code, inner: Scope): Code => {
        switch (e.op) {
          case "sum":
            return w.i32x4Add(a, b);
          case "product":
            return w.i32x4Mul(a, b);
          case "min":
            return asBits ? w.i32x4Min(a, b) : this.leastLanes(a, b, inner);
          case "max":
            return asBits ? w.i32x4Max(a, b) : this.greatestLanes(a, b, inner);
          case "any":
            return w.vOr(a, b);
          case "all":
            return w.vAnd(a, b);
          case "parity":
            return w.vXor(a, b);
          case "count":
            // A bit in a lane is 0 or −1.
            return w.i32x4Sub(a, b);
          default:
            throw new Error(`${e.op} has no lanes`);
        }
      };
      const operands = parts(identity);
      const one = (inner: Scope): void => {
        panel?.at(inner, 0);
        const values = operands.flatMap((part) => part(inner));
        results.forEach((r, k) => {
          inner.add(w.set(r, step(w.get(r), values[k]!, inner)));
        });
        if (panel !== undefined) inner.add(panel.next(1));
      };
      const points = this.fewPoints(e, scope);
      if (points === undefined) this.nested(e.dims, scope, one);
      else
        for (const point of points) {
          one(point);
          this.flush(point, scope);
        }
    } else this.accumulate(e, results[0]!, scope);
    this.ranges = saved;
    const values = results.map((r): Value => ({ code: w.get(r), type, scope }));
    return Array.from({ length: values.length / width }, (_, k) => values.slice(k * width, (k + 1) * width));
  }

  /** One operand of a reduction; the identity where a filter leaves it out. */
  protected operands(e: Reduce, identity: Code, scope: Scope): readonly Code[] {
    const lanes = this.four !== undefined && changesWith(e, this.four);
    const type = lanes ? "v128" : machine(e.type);
    const bodyType = typeOf(e.body);
    /** In lanes, those of a filter that asks for them are worked out for all. */
    const asksLanes = lanes && [...namesOfCondition(e.filter)].includes(this.four!);
    const present = (inner: Scope): readonly Code[] => {
      const values = this.expr(e.body, inner).map((v) => (lanes ? this.inLanes(v, bodyType) : v.code));
      const masks: Code[] = [];
      if (asksLanes) masks.push(this.conditionLanes(e.filter, inner));
      if (e.dataFilter !== undefined) {
        const kept = this.scalar(e.dataFilter, inner);
        masks.push(lanes ? this.inLanes(kept, { kind: "bit" }) : kept.code);
      }
      if (masks.length === 0) return values;
      if (!lanes) return values.map((v) => this.keep(inner, type, w.select(v, identity, masks[0]!)));
      const mask = masks.reduce((a, b) => w.vAnd(a, b));
      return values.map((v) => this.keep(inner, type, w.bitselect(v, identity, mask)));
    };
    if (asksLanes || isAlways(e.filter)) return present(scope);
    const locals = Array.from({ length: componentsOf(e.type) }, () => this.f.local(type));
    const holds = this.condition(e.filter, scope);
    const then = new Scope(scope, true);
    present(then).forEach((v, k) => {
      then.add(w.set(locals[k]!, v));
    });
    scope.add(
      w.if(
        holds,
        then.code,
        locals.flatMap((l) => w.set(l, identity)),
      ),
    );
    return locals.map((l) => w.get(l));
  }

  /**
   * Operands of a canonical reduction. Where the body is small, eight at a time along the last dimension: their tree needs no
   * stack.
   */
  protected blocks(
    e: Reduce,
    scope: Scope,
    canon: ReturnType<Reductions["canonical"]>,
    parts: readonly Part[],
    panel: PanelReader | undefined,
  ): void {
    const operands = (inner: Scope): readonly Code[] => {
      panel?.at(inner, 0);
      const codes = parts.flatMap((part) => part(inner));
      if (panel !== undefined) inner.add(panel.next(1));
      return codes;
    };
    const last = e.dims.at(-1)!;
    if (weight(e.body) > MOST_REPEATED) {
      this.nested(e.dims, scope, (inner) => canon.push(operands(inner), inner));
      return;
    }
    this.nested(e.dims.slice(0, -1), scope, (outer) => {
      const { lo, hi, range } = this.bounds(last, outer);
      const i = this.f.local("i32");
      const end = this.keep(outer, "i32", hi);
      outer.add(w.set(i, lo));
      const before = new Scope(outer, true);
      const at = (inner: Scope, plus: number): Scope => {
        inner.names.set(last.index, { local: i, plus, range, scope: inner });
        return inner;
      };
      const eight = new Scope(before);
      eight.names.set(last.index, { local: i, plus: 0, range, scope: eight });
      const turns = Array.from({ length: 8 }, (_, ahead) => at(new Scope(eight), ahead));
      const sums = this.trees(turns, parts, panel, canon, eight);
      if (panel !== undefined) eight.add(panel.next(8));
      canon.push(sums.flat(), eight, 3);
      eight.add(w.set(i, w.add(w.get(i), w.i32(8))));
      const single = at(new Scope(before), 0);
      canon.push(operands(single), single);
      single.add(w.set(i, w.add(w.get(i), w.i32(1))));
      const whole = w.and(w.eqz(w.and(canon.count, w.i32(7))), w.le(w.add(w.get(i), w.i32(8)), end));
      before.add(w.loop([...w.if(whole, eight.code, single.code), ...w.brIf(0, w.lt(w.get(i), end))]));
      outer.add(w.if(w.lt(w.get(i), end), before.code));
    });
  }

  /** A scope for each point of a reduction's range, where these are few and known. */
  private fewPoints(e: Reduce, scope: Scope): readonly Scope[] | undefined {
    let points: readonly (readonly [string, number])[][] = [[]];
    for (const { index, lo, hi } of e.dims) {
      if (lo.kind !== "integer" || hi.kind !== "integer") return undefined;
      const extent = Math.max(0, hi.value - lo.value);
      if (points.length * extent * weight(e.body) > MOST_WRITTEN) return undefined;
      const values = Array.from({ length: extent }, (_, k) => lo.value + k);
      points = points.flatMap((p) => values.map((v) => [...p, [index, v] as const]));
    }
    if (points.length === 0) return undefined;
    // A local that is never set is 0: an index is that and a number, which an address takes into its offset.
    const zero = this.f.local("i32");
    return points.map((point) => {
      const own = new Scope(scope);
      for (const [index, value] of point)
        own.names.set(index, { local: zero, plus: value, value, range: [value, value], scope: own });
      return own;
    });
  }

  /**
   * The operands at some points, combined in the canonical order, part by part. Equal lengths merge as soon as they are there: few of
   * each part are alive, two of one only at a time.
   */
  private trees(
    points: readonly Scope[],
    parts: readonly Part[],
    panel: PanelReader | undefined,
    { types, combine }: Pick<ReturnType<Reductions["canonical"]>, "types" | "combine">,
    into: Scope,
  ): readonly (readonly Code[])[] {
    const open = parts.map((): { level: number; values: readonly Code[] }[] => []);
    const merge = (list: (typeof open)[number]): void => {
      const [left, right] = list.splice(-2) as [(typeof list)[0], (typeof list)[0]];
      const values = combine(left.values, right.values, into).map((code, j) =>
        this.keep(into, types[j]!, code),
      );
      list.push({ level: left.level + 1, values });
    };
    for (let k = 0; k < points.length; k += 2) {
      const two = points.slice(k, k + 2);
      two.forEach((point, d) => {
        panel?.at(point, k + d);
      });
      parts.forEach((part, p) => {
        const list = open[p]!;
        for (const point of two) {
          const values = part(point);
          this.flush(point, into);
          list.push({ level: 0, values });
        }
        while (list.length > 1 && list.at(-1)!.level === list.at(-2)!.level) merge(list);
      });
    }
    return open.map((list) => {
      while (list.length > 1) merge(list);
      return list[0]!.values;
    });
  }

  /** Reductions whose order does not matter, or that look for a place. */
  protected accumulate(e: Reduce, result: number, scope: Scope): void {
    const real = machine(e.type) === "f32";
    const count = e.op === "majority" ? this.f.local("i32") : -1;
    if (count >= 0) scope.add(w.set(count, w.i32(0)));
    const bestType = typeOf(e.body).kind === "real" ? "f32" : "i32";
    const best = e.op === "argmin" || e.op === "argmax" ? this.f.local(bestType) : -1;
    const some = best >= 0 ? this.f.local("i32") : -1;
    if (some >= 0) scope.add(w.set(some, w.i32(0)));
    const into = (v: Code, target: Scope): void => {
      const r = w.get(result);
      const put = (code: Code): void => target.add(w.set(result, code));
      switch (e.op) {
        case "sum":
          this.overflow(w.i64Add(w.extend(r), w.extend(v)), target);
          return put(w.add(r, v));
        case "product":
          this.overflow(w.i64Mul(w.extend(r), w.extend(v)), target);
          return put(w.mul(r, v));
        case "min":
          return put(real ? w.f32Min(r, v) : w.select(r, v, w.lt(r, v)));
        case "max":
          return put(real ? w.f32Max(r, v) : w.select(v, r, w.lt(r, v)));
        case "any":
          return put(w.or(r, v));
        case "all":
          return put(w.and(r, v));
        case "parity":
          return put(w.xor(r, v));
        case "count":
          return put(w.add(r, v));
        case "majority":
          put(w.add(r, v));
          target.add(w.set(count, w.add(w.get(count), w.i32(1))));
          return;
        case "argmin":
        case "argmax": {
          const b = w.get(best);
          const less = bestType === "f32" ? w.f32Lt : w.lt;
          const ahead = e.op === "argmin" ? less(v, b) : less(b, v);
          const number = bestType === "f32" ? w.and(w.f32Ne(b, b), w.f32Eq(v, v)) : w.i32(0);
          target.add(
            w.if(w.or(w.eqz(w.get(some)), w.or(ahead, number)), [
              ...w.set(best, v),
              ...w.set(some, w.i32(1)),
              ...w.set(result, this.indexCode(target, e.dims[0]!.index)),
            ]),
          );
        }
      }
    };
    this.nested(e.dims, scope, (inner) => {
      const holds = isAlways(e.filter) ? undefined : this.condition(e.filter, inner);
      const target = holds === undefined ? inner : new Scope(inner, true);
      const kept = e.dataFilter === undefined ? undefined : this.scalar(e.dataFilter, target);
      const value = this.scalar(e.body, target).code;
      const only = kept === undefined ? target : new Scope(target, true);
      into(value, only);
      if (kept !== undefined) target.add(w.if(kept.code, only.code));
      if (holds !== undefined) inner.add(w.if(holds, target.code));
    });
    if (e.op === "majority") scope.add(w.set(result, w.gt(w.shl(w.get(result), w.i32(1)), w.get(count))));
  }

  /**
   * Combines operands in the canonical order. Partial results lie on a stack, one for each bit of how many there are: equal
   * lengths merge as in counting.
   */
  protected canonical(
    types: readonly ValueType[],
    scope: Scope,
    combine: (left: readonly Code[], right: readonly Code[], scope: Scope) => readonly Code[],
    /** Every component of the result takes the same component of the operands, once. */
    each = false,
  ) {
    const offsets = types.map((_, k) => types.slice(0, k).reduce((sum, t) => sum + sizeOf(t), 0));
    const bytes = types.reduce((sum, t) => sum + sizeOf(t), 0);
    const stack = this.room(32 * bytes);
    const [count, top, c] = [this.f.local("i32"), this.f.local("i32"), this.f.local("i32")];
    scope.add([...w.set(count, w.i32(0)), ...w.set(top, w.i32(stack))]);
    const load = (k: number): Code => loads[types[k]!](offsets[k]!, w.get(top));
    const down = w.set(top, w.sub(w.get(top), w.i32(bytes)));
    /** The element below the top of the stack times the one in locals, into these. */
    const merge = (locals: readonly number[], outer: Scope): Code => {
      const inner = new Scope(outer, true);
      inner.add(down);
      const left = types.map((t, k) => (each ? load(k) : this.keep(inner, t, load(k))));
      const made = combine(
        left,
        locals.map((l) => w.get(l)),
        inner,
      ).map((code, k) => (each ? code : this.keep(inner, types[k]!, code)));
      made.forEach((code, k) => {
        inner.add(w.set(locals[k]!, code));
      });
      return inner.code;
    };
    return {
      types,
      count: w.get(count),
      combine,
      /** One more operand, or the result of 2^level of them where their number so far is a multiple of that. */
      push: (values: readonly Code[], target: Scope, level = 0): void => {
        const sums = types.map((t) => this.f.local(t));
        target.add([
          ...sums.flatMap((s, k) => w.set(s, values[k]!)),
          ...w.set(c, level === 0 ? w.get(count) : w.shrU(w.get(count), w.i32(level))),
          ...w.set(count, w.add(w.get(count), w.i32(2 ** level))),
          ...w.block(
            w.loop([
              ...w.brIf(1, w.eqz(w.and(w.get(c), w.i32(1)))),
              ...merge(sums, target),
              ...w.set(c, w.shrU(w.get(c), w.i32(1))),
              ...w.br(0),
            ]),
          ),
          ...sums.flatMap((s, k) => stores[types[k]!](offsets[k]!, w.get(top), w.get(s))),
          ...w.set(top, w.add(w.get(top), w.i32(bytes))),
        ]);
      },
      /** Into locals that hold the identity: what is left on the stack, the latest first. */
      finish: (locals: readonly number[], target: Scope): void => {
        target.add(
          w.if(w.get(count), [
            ...down,
            ...locals.flatMap((l, k) => w.set(l, load(k))),
            ...w.block(
              w.loop([...w.brIf(1, w.eq(w.get(top), w.i32(stack))), ...merge(locals, target), ...w.br(0)]),
            ),
          ]),
        );
      },
    };
  }

  /** All components of a fold at once; each is remembered, so that asking for another costs nothing. */
  protected fold(e: Fold, scope: Scope): readonly Value[] {
    const { monoid } = e;
    const widths = monoid.types.map(componentsOf);
    const types = monoid.types.flatMap((t) => Array<ValueType>(componentsOf(t)).fill(machine(t)));
    const identity = monoid.identity.flatMap((c) => this.expr(c, scope));
    const results = types.map((t) => this.f.local(t));
    results.forEach((r, k) => {
      scope.add(w.set(r, identity[k]!.code));
    });
    const byComponent = (values: readonly Value[]): Value[][] => {
      const left = [...values];
      return widths.map((width) => left.splice(0, width));
    };
    const canon = this.canonical(types, scope, (left, right, inner) => {
      for (const [side, codes] of [
        ["left", left],
        ["right", right],
      ] as const) {
        const values = codes.map((code, k): Value => ({ code, type: types[k]!, scope: inner }));
        byComponent(values).forEach((own, k) => {
          inner.memo.set(operand(side, k, monoid.types[k]!), own);
        });
      }
      return monoid.combine.flatMap((c) => this.expr(c, inner)).map((v) => v.code);
    });
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    this.nested(e.dims, scope, (inner) => {
      const values = types.map((t) => this.f.local(t));
      values.forEach((v, k) => {
        inner.add(w.set(v, identity[k]!.code));
      });
      const holds = isAlways(e.filter) ? undefined : this.condition(e.filter, inner);
      const then = holds === undefined ? inner : new Scope(inner, true);
      const kept = e.dataFilter === undefined ? undefined : this.scalar(e.dataFilter, then);
      const made = e.bodies.flatMap((b) => this.expr(b, then));
      const take = made.flatMap((v, k) => w.set(values[k]!, v.code));
      then.add(kept === undefined ? take : w.if(kept.code, take));
      if (holds !== undefined) inner.add(w.if(holds, then.code));
      canon.push(
        values.map((v) => w.get(v)),
        inner,
      );
    });
    this.ranges = saved;
    canon.finish(results, scope);
    const all = byComponent(results.map((r, k) => ({ code: w.get(r), type: types[k]!, scope })));
    all.forEach((own, k) => {
      scope.memo.set(foldOf(monoid, e.dims, e.bodies, k, e), own);
    });
    return all[e.position]!;
  }
}
