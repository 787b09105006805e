/**
 * (max,+) and (min,+) with a zero: what is not there. No int is −∞, so whether an entry is there is a bit of its own beside its number, and
 * what is not there holds the extreme over nothing, which adds nothing to an extreme.
 */
import * as build from "../../equations/build";
import { rewriteExpr } from "../../equations/expressions";
import { valueOverNothing } from "../../equations/operators";
import type { ElementType, Expr, Piece, ReduceOp } from "../../equations/system";
import { boolean, type Ring, tropical } from "../linear";

/** Stands for what is not there while forms of ints are made; no constant of a program is this one. Reals have the infinities. */
const absent: Expr = build.constant(build.int, Number.NaN);

const mayBeAbsent = (e: Expr): boolean => build.someExpr(e, (x) => x === absent);
const nothingOf = (sum: ReduceOp, type: ElementType): Expr =>
  build.constant(type, valueOverNothing(sum, type.kind === "real"));

/** Where an operand is a choice and may not be there, the operation goes into the choice. */
function inside(e: Expr, of: (part: Expr) => Expr): Expr {
  if (e === absent || !mayBeAbsent(e)) return of(e);
  if (e.kind === "select")
    return build.select(e.condition, inside(e.then, of), inside(e.otherwise, of), e.type);
  if (e.kind === "choose")
    return build.choose(
      e.cases.map((c) => ({ guard: c.guard, value: inside(c.value, of) })),
      e.type,
    );
  return of(e);
}

/** The semiring of (max,+) or (min,+) whose zero is what is not there. */
function completed(name: "max-plus" | "min-plus", type: ElementType): Ring {
  const ring = tropical(name, type);
  const zero = type.kind === "real" ? nothingOf(ring.sum, type) : absent;
  const both = (a: Expr, b: Expr, of: (x: Expr, y: Expr) => Expr): Expr =>
    inside(a, (x) => inside(b, (y) => of(x, y)));
  return {
    ...ring,
    zero,
    plus: (a, b) => both(a, b, (x, y) => (x === zero ? y : y === zero ? x : ring.plus(x, y))),
    times: (a, b) => both(a, b, (x, y) => (x === zero || y === zero ? zero : ring.times(x, y))),
  };
}

/** Semirings without subtraction that a step over cells of one type may be linear in: their matrices are scanned like others. */
export function semiringsFor(types: readonly ElementType[]): readonly Ring[] {
  const kinds = new Set(types.map((t) => (t.kind === "index" ? "int" : t.kind)));
  const [kind] = kinds;
  if (kinds.size !== 1) return [];
  if (kind === "bit") return [boolean];
  if (kind !== "int" && kind !== "real") return [];
  const type = kind === "int" ? build.int : build.real;
  return [completed("max-plus", type), completed("min-plus", type)];
}

const bit = (value: 0 | 1) => build.constant(build.bit, value);

function isThere(e: Expr): Expr {
  if (e === absent) return bit(0);
  if (!mayBeAbsent(e)) return bit(1);
  switch (e.kind) {
    case "select":
      return build.select(e.condition, isThere(e.then), isThere(e.otherwise), build.bit);
    case "choose":
      return build.choose(
        e.cases.map((c) => ({ guard: c.guard, value: isThere(c.value) })),
        build.bit,
      );
    case "reduce":
      return build.reduce("any", e.dims, isThere(e.body), build.bit, {
        filter: e.filter,
        dataFilter: e.dataFilter,
      });
    default: {
      // A sum needs both, an extreme one of them.
      const op = e.kind === "apply" && e.op === "add" ? "and" : "or";
      return build
        .childrenOf(e)
        .map(isThere)
        .reduce((a, b) => build.apply(op, [a, b], build.bit));
    }
  }
}

/** Whether it is there, as a bit; undefined where it always is. */
export const presenceOf = (pieces: readonly Piece[]): readonly Piece[] | undefined =>
  pieces.some((p) => mayBeAbsent(p.value))
    ? pieces.map((p) => ({ ...p, value: isThere(p.value) }))
    : undefined;

/** The number; the extreme over nothing where nothing is there. */
export function numbersOf(ring: Ring, pieces: readonly Piece[]): readonly Piece[] {
  const number = (e: Expr): Expr => {
    if (e === absent) return nothingOf(ring.sum, ring.type);
    if (!mayBeAbsent(e)) return e;
    if (e.kind === "select") return build.select(e.condition, number(e.then), number(e.otherwise), e.type);
    if (e.kind === "choose")
      return build.choose(
        e.cases.map((c) => ({ guard: c.guard, value: number(c.value) })),
        e.type,
      );
    const made = rewriteExpr(e, (x) => (x === absent ? nothingOf(ring.sum, ring.type) : undefined));
    return build.select(isThere(e), made, nothingOf(ring.sum, ring.type), ring.type);
  };
  return pieces.map((p) => ({ ...p, value: number(p.value) }));
}
