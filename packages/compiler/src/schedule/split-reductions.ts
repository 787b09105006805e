/**
 * Reductions of few, over many: blocks of operands become instances of a family of their own, and the reduction runs over these. The
 * canonical order of a reduction is a tree whose left parts are powers of two, so blocks of a power of two are whole
 * subtrees of it: the result is the same, bit for bit, for rounded sums and for operators that are not associative.
 */
import * as build from "../equations/build";
import { and, isAlways, not } from "../equations/conditions";
import { isBox } from "../equations/evaluate-index";
import { rewriteExpr } from "../equations/expressions";
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
  System,
} from "../equations/system";

export interface SplitOptions {
  /** Families of which one launch computes so few instances that lanes stay idle. */
  readonly narrow: (family: Family) => boolean;
  /** Operands of a block, a power of two. */
  readonly block: number;
  /** Static reads that are not proved to stay inside: their faults are told at the element as written. */
  readonly unproved: ReadonlySet<Expr>;
}

export function splitReductions(system: System, options: SplitOptions): System {
  const names = new Set(system.families.map((f) => f.name));
  let changed = false;
  const families = system.families.flatMap((family): Family[] => {
    if (family.pieces.length === 0 || !isBox(family) || !options.narrow(family)) return [family];
    const made: Family[] = [];
    let before: Condition = build.always;
    const pieces = family.pieces.map((piece): Piece => {
      const here = and(before, piece.guard);
      before = and(before, not(piece.guard));
      const split = (e: Reduce | Fold): Expr => {
        const parts = blocks(e, family, here, names, options);
        if (parts === undefined) return e;
        made.push(parts.family);
        return parts.value;
      };
      return { ...piece, value: rewriteOutermost(piece.value, split) };
    });
    if (made.length === 0) return [family];
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

/** What puts the results of blocks together: the same operator, but counts are added. */
const outer = (op: Reduce["op"]): Reduce["op"] | undefined =>
  op === "count" ? "sum" : op === "majority" || op === "argmin" || op === "argmax" ? undefined : op;

function blocks(
  e: Reduce | Fold,
  family: Family,
  guard: Condition,
  names: Set<string>,
  { block: most, unproved }: SplitOptions,
): { readonly family: Family; readonly value: Expr } | undefined {
  const [dim] = e.dims;
  const op = e.kind === "reduce" ? outer(e.op) : undefined;
  if (dim === undefined || e.dims.length !== 1 || (e.kind === "reduce" && op === undefined)) return undefined;
  if (e.kind === "fold" && e.monoid.types.length !== 1) return undefined;
  const bodies = e.kind === "reduce" ? [e.body] : e.bodies;
  if ([...bodies, ...(e.dataFilter === undefined ? [] : [e.dataFilter])].some((b) => mayFault(b, unproved)))
    return undefined;
  // Bounded reductions have too few operands to share out.
  const length = build.sub(dim.hi, dim.lo);
  if (length.kind === "integer" && length.value <= most) return undefined;
  let name = `${family.name}.blocks`;
  while (names.has(name)) name += "'";
  names.add(name);
  const block = `${name} block`;
  const size = build.integer(most);
  const lo = build.add(dim.lo, build.mul(build.index(block), size));
  const inner: Dim = { index: dim.index, lo, hi: build.min(dim.hi, build.add(lo, size)) };
  const count: IndexExpr = build.div(build.add(length, build.integer(most - 1)), size);
  const part =
    e.kind === "reduce"
      ? build.reduce(e.op, [inner], e.body, e.type, e)
      : build.fold(e.monoid, [inner], e.bodies, e.position, e);
  const type = build.typeOf(part);
  const pieces: Piece[] = [{ guard, value: part, origin: e.origin }];
  if (!isAlways(guard)) pieces.push({ guard: build.always, value: zero(type) });
  const last = `${name} from`;
  const value = build.read(
    name,
    [...family.dims.map((d) => build.index(d.index)), build.index(last)].map((x) => ({
      kind: "static",
      value: x,
    })),
    type,
    e.origin,
  );
  const dims: Dim[] = [{ index: last, lo: build.integer(0), hi: count }];
  return {
    family: {
      name,
      role: "node",
      type,
      dims: [...family.dims, { index: block, lo: build.integer(0), hi: count }],
      pieces,
      origin: family.origin,
    },
    value:
      e.kind === "reduce"
        ? build.reduce(op!, dims, value, e.type, { filter: build.always, origin: e.origin })
        : build.fold(e.monoid, dims, [value], e.position, { filter: build.always, origin: e.origin }),
  };
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
