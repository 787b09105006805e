/**
 * The interior of a loop: the part of its range in which every comparison with the loop's index has one answer and no index wraps
 * (index-set splitting: Griebl, Feautrier and Lengauer, 2000). There the equations have no edges, and neighbouring instances can be
 * computed together as lanes of a vector; what is left at the ends is computed one by one, as written.
 */
import * as build from "../equations/build";
import { isAlways, or, renameExpr } from "../equations/conditions";
import { indicesOf } from "../equations/mentions";
import type { Comparison, Condition, Dim, Expr, IndexExpr, Piece } from "../equations/system";
import { combine, toAffine } from "../symbolic/affine";

export interface Interior {
  /** Instances from the greatest of these … */
  readonly from: readonly IndexExpr[];
  /** … to below the least of these, */
  readonly to: readonly IndexExpr[];
  /** but for these. */
  readonly except: readonly IndexExpr[];
  readonly pieces: readonly Piece[];
}

/** Of the two parts that a comparison far from both ends makes. */
type Part = "upper" | "lower";

/** Undefined where some comparison cannot be settled so. `outer` are the indices that do not change in the loop. */
export const interiorOf = (
  loop: Dim,
  pieces: readonly Piece[],
  outer: ReadonlySet<string>,
  part: Part = "upper",
): Interior | undefined => new Splitting(loop, outer, part).interior(pieces);

/** The loop's index, once or negated, and what does not change in the loop. */
interface Shifted {
  readonly sign: 1 | -1;
  readonly rest: IndexExpr;
}

class Splitting {
  private readonly from: IndexExpr[] = [];
  private readonly to: IndexExpr[] = [];
  private readonly except: IndexExpr[] = [];
  private settled = true;

  constructor(
    private readonly loop: Dim,
    private readonly outer: ReadonlySet<string>,
    private readonly part: Part,
  ) {}

  interior(pieces: readonly Piece[]): Interior | undefined {
    const renaming = {
      index: (e: IndexExpr) => this.withoutWraps(e),
      condition: (c: Condition) => this.condition(c),
      family: (name: string) => ({ name, before: [] }),
    };
    const memo = new Map<Expr, Expr>();
    const inside: Piece[] = [];
    for (const p of pieces) {
      const guard = this.condition(p.guard);
      if (guard.length === 0) continue;
      inside.push({ ...p, guard, value: renameExpr(p.value, renaming, memo) });
      if (isAlways(guard)) break;
    }
    const { from, to } = this;
    return this.settled ? { from, to, except: this.holes(), pieces: inside } : undefined;
  }

  /** What is left out, but for what lies at an end or beyond it, which moves the end. */
  private holes(): readonly IndexExpr[] {
    return this.except.filter((hole) => {
      const above = Math.max(...this.from.map((e) => distance(e, hole) ?? -1));
      const below = Math.max(...this.to.map((e) => distance(hole, e) ?? -2));
      if (above === 0) this.from.push(build.add(hole, one));
      if (below === -1) this.to.push(hole);
      return above < 0 && below < -1;
    });
  }

  private mentions(e: IndexExpr): boolean {
    return indicesOf(e).has(this.loop.index);
  }

  private fixed(e: IndexExpr): boolean {
    return [...indicesOf(e)].every((n) => this.outer.has(n));
  }

  /** What is left of a condition in the interior. */
  private condition(c: Condition): Condition {
    const { index } = this.loop;
    return c.reduce<Condition>((some, all) => {
      const left: Comparison[] = [];
      for (const x of all) {
        const names = new Set([...indicesOf(x.left), ...indicesOf(x.right)]);
        const ours = names.has(index) && [...names].every((n) => n === index || this.outer.has(n));
        if (!ours)
          left.push({ op: x.op, left: this.withoutWraps(x.left), right: this.withoutWraps(x.right) });
        else if (!this.settle(x)) return some;
      }
      return or(some, [left]);
    }, build.never);
  }

  /** Cuts the range where the comparison changes; its answer in the interior. */
  private settle(c: Comparison): boolean {
    const plain = this.againstIndex(c);
    if (plain === undefined) {
      this.settled = false;
      return false;
    }
    const { op, bound } = plain;
    const nearLo = distance(bound, this.loop.lo);
    const nearHi = distance(this.loop.hi, bound);
    if (op === "==" || op === "!=") {
      if (nearLo !== undefined) this.from.push(build.add(bound, one));
      else if (nearHi !== undefined) this.to.push(bound);
      else this.except.push(bound);
      return op === "!=";
    }
    // index < limit, or not.
    const limit = op === "<" || op === ">=" ? bound : build.add(bound, one);
    const below = nearLo === undefined && (nearHi !== undefined || this.part === "lower");
    (below ? this.to : this.from).push(limit);
    return op === "<" || op === "<=" ? below : !below;
  }

  /** The comparison as `index op bound`. */
  private againstIndex(c: Comparison): { op: Order; bound: IndexExpr } | undefined {
    const left = this.mentions(c.left) ? this.shifted(c.left) : undefined;
    const right = this.mentions(c.right) ? this.shifted(c.right) : undefined;
    const plain =
      left !== undefined && right === undefined && this.fixed(c.right)
        ? { sign: left.sign, bound: build.sub(c.right, left.rest), op: c.op }
        : right !== undefined && left === undefined && this.fixed(c.left)
          ? { sign: right.sign, bound: build.sub(c.left, right.rest), op: turned[c.op] }
          : undefined;
    if (plain === undefined) return undefined;
    const { sign, bound, op } = plain;
    return sign === 1 ? { op, bound } : { op: turned[op], bound: build.sub(zero, bound) };
  }

  private shifted(e: IndexExpr): Shifted | undefined {
    if (e.kind === "index") return e.name === this.loop.index ? { sign: 1, rest: zero } : undefined;
    if (e.kind !== "add" && e.kind !== "sub") return undefined;
    const [inLeft, inRight] = [this.mentions(e.left), this.mentions(e.right)];
    if (inLeft && !inRight && this.fixed(e.right)) {
      const part = this.shifted(e.left);
      return part && { sign: part.sign, rest: build.indexOperators[e.kind](part.rest, e.right) };
    }
    if (inRight && !inLeft && this.fixed(e.left)) {
      const part = this.shifted(e.right);
      if (part === undefined) return undefined;
      const sign = e.kind === "add" ? part.sign : part.sign === 1 ? -1 : 1;
      return { sign, rest: build.indexOperators[e.kind](e.left, part.rest) };
    }
    return undefined;
  }

  /** An index expression where the loop's index does not wrap. */
  private withoutWraps(e: IndexExpr): IndexExpr {
    if (!this.mentions(e)) return e;
    switch (e.kind) {
      case "log2":
        return build.log2(this.withoutWraps(e.operand));
      case "pow2":
        return build.pow2(this.withoutWraps(e.operand));
      case "mod": {
        const part = this.shifted(e.left);
        if (part !== undefined && part.sign === 1 && this.fixed(e.right)) {
          // 0 <= index + rest < modulus
          this.from.push(build.sub(zero, part.rest));
          this.to.push(build.sub(e.right, part.rest));
          return e.left;
        }
        return build.mod(this.withoutWraps(e.left), this.withoutWraps(e.right));
      }
      case "integer":
      case "size":
      case "index":
        return e;
      default:
        return build.indexOperators[e.kind](this.withoutWraps(e.left), this.withoutWraps(e.right));
    }
  }
}

const zero = build.integer(0);
const one = build.integer(1);
type Order = keyof typeof turned;
/** Each relation with its sides exchanged, which is also its form for the negated index. */
const turned = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** The difference of two forms where it is a small number. */
function distance(a: IndexExpr, b: IndexExpr): number | undefined {
  const { constant, terms } = combine(toAffine(a), toAffine(b), -1);
  return terms.size === 0 && Math.abs(constant) < 64 ? constant : undefined;
}
