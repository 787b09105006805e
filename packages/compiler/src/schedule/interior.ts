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

/** Undefined where some comparison cannot be settled so. `outer` are the indices that do not change in the loop. */
export function interiorOf(
  loop: Dim,
  pieces: readonly Piece[],
  outer: ReadonlySet<string>,
): Interior | undefined {
  const from: IndexExpr[] = [];
  const to: IndexExpr[] = [];
  const except: IndexExpr[] = [];
  let settled = true;
  const { index } = loop;
  const self = build.index(index);

  const mentions = (e: IndexExpr): boolean => indicesOf(e).has(index);
  const fixed = (e: IndexExpr): boolean => [...indicesOf(e)].every((n) => outer.has(n));
  /** `e` as ±index + the rest; undefined where it is not so, or the rest changes in the loop. */
  const split = (e: IndexExpr): { readonly sign: 1 | -1; readonly rest: IndexExpr } | undefined => {
    switch (e.kind) {
      case "index":
        return e === self ? { sign: 1, rest: build.integer(0) } : undefined;
      case "add":
      case "sub": {
        const [inLeft, inRight] = [mentions(e.left), mentions(e.right)];
        if (inLeft && !inRight && fixed(e.right)) {
          const part = split(e.left);
          return part && { sign: part.sign, rest: build.indexOperators[e.kind](part.rest, e.right) };
        }
        if (inRight && !inLeft && fixed(e.left)) {
          const part = split(e.right);
          if (part === undefined) return undefined;
          const sign = e.kind === "add" ? part.sign : part.sign === 1 ? -1 : 1;
          return { sign, rest: build.indexOperators[e.kind](e.left, part.rest) };
        }
        return undefined;
      }
      default:
        return undefined;
    }
  };
  const one = build.integer(1);
  const settle = (c: Comparison): boolean => {
    // ±index op rest
    const left = mentions(c.left) ? split(c.left) : undefined;
    const right = mentions(c.right) ? split(c.right) : undefined;
    const plain =
      left !== undefined && right === undefined && fixed(c.right)
        ? { sign: left.sign, bound: build.sub(c.right, left.rest), op: c.op }
        : right !== undefined && left === undefined && fixed(c.left)
          ? // left op ±index + rest: turned round.
            { sign: right.sign, bound: build.sub(c.left, right.rest), op: turned[c.op] }
          : undefined;
    if (plain === undefined) {
      settled = false;
      return false;
    }
    const negative = plain.sign === -1;
    const bound = negative ? build.sub(build.integer(0), plain.bound) : plain.bound;
    const op = negative ? turned[plain.op] : plain.op;
    // index op bound
    const nearLo = distance(bound, loop.lo);
    const nearHi = distance(loop.hi, bound);
    if (op === "==" || op === "!=") {
      if (nearLo !== undefined) from.push(build.add(bound, one));
      else if (nearHi !== undefined) to.push(bound);
      else except.push(bound);
      return op === "!=";
    }
    // index < limit, or not.
    const limit = op === "<" || op === ">=" ? bound : build.add(bound, one);
    const below = nearLo === undefined && nearHi !== undefined;
    if (below) to.push(limit);
    else from.push(limit);
    return op === "<" || op === "<=" ? below : !below;
  };
  const simplify = (e: IndexExpr): IndexExpr => {
    if (!mentions(e)) return e;
    switch (e.kind) {
      case "log2":
        return build.log2(simplify(e.operand));
      case "pow2":
        return build.pow2(simplify(e.operand));
      case "mod": {
        const part = split(e.left);
        if (part !== undefined && part.sign === 1 && fixed(e.right)) {
          // 0 <= index + rest < modulus
          from.push(build.sub(build.integer(0), part.rest));
          to.push(build.sub(e.right, part.rest));
          return e.left;
        }
        return build.mod(simplify(e.left), simplify(e.right));
      }
      case "integer":
      case "size":
      case "index":
        return e;
      default:
        return build.indexOperators[e.kind](simplify(e.left), simplify(e.right));
    }
  };
  const condition = (c: Condition): Condition =>
    c.reduce<Condition>((some, all) => {
      const left: Comparison[] = [];
      for (const x of all) {
        const names = new Set([...indicesOf(x.left), ...indicesOf(x.right)]);
        const ours = names.has(index) && [...names].every((n) => n === index || outer.has(n));
        if (!ours) left.push({ op: x.op, left: simplify(x.left), right: simplify(x.right) });
        else if (!settle(x)) return some;
      }
      return or(some, [left]);
    }, build.never);
  const renaming = {
    index: simplify,
    condition,
    family: (name: string) => ({ name, before: [] }),
  };
  const memo = new Map<Expr, Expr>();
  const inside: Piece[] = [];
  for (const p of pieces) {
    const guard = condition(p.guard);
    if (guard.length === 0) continue;
    inside.push({ ...p, guard, value: renameExpr(p.value, renaming, memo) });
    if (isAlways(guard)) break;
  }
  return settled ? { from, to, except, pieces: inside } : undefined;
}

const turned = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** The difference of two forms where it is a small number. */
function distance(a: IndexExpr, b: IndexExpr): number | undefined {
  const { constant, terms } = combine(toAffine(a), toAffine(b), -1);
  return terms.size === 0 && Math.abs(constant) < 64 ? constant : undefined;
}
