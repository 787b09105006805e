/** The two shapes of a read, taken apart: `a[i, j]` and `p[t].total[i]`. Checker and lowering share it. */
import type { Expr, Name } from "./tree";

/** A read of a family, or of a family of a used task: `a[i]`, `p.a[i]`, `p[j].a[i]`. */
export interface ReadShape {
  /** The family's name, as it stands. */
  readonly name: Name;
  /** The alias of the used task it belongs to. */
  readonly alias?: Name | undefined;
  /** Subscripts of the alias: which instance. */
  readonly instance: readonly Expr[];
  readonly at: readonly Expr[];
}

/** Undefined when the expression has neither shape. */
export function readShape(expr: Expr): ReadShape | undefined {
  const subscripted = expr.kind === "subscript";
  const target = subscripted ? expr.target : expr;
  const at = subscripted ? expr.at : [];
  if (target.kind === "name-expr") return { name: target.name, instance: [], at };
  if (target.kind !== "member") return undefined;
  const owner = target.target;
  if (owner.kind === "name-expr") return { name: target.name, alias: owner.name, instance: [], at };
  if (owner.kind === "subscript" && owner.target.kind === "name-expr") {
    return { name: target.name, alias: owner.target.name, instance: owner.at, at };
  }
  return undefined;
}
