/** What changes with time in a step, and how often: a coefficient that comes back, or changes constantly often, is as good as fixed. */
import { someExpr } from "../../equations/build";
import { mentionsIndex } from "../../equations/mentions";
import type { Condition, Expr, IndexExpr, Read, Subscript } from "../../equations/system";

/** A polynomial in `time`: its remainder by a literal number comes back after as many steps. */
const isPolynomial = (e: IndexExpr, time: string): boolean =>
  e.kind === "add" || e.kind === "sub" || e.kind === "mul"
    ? isPolynomial(e.left, time) && isPolynomial(e.right, time)
    : e.kind === "index" || !mentionsIndex(e, time);

/** The value of an index depends on `time`, and not only on a remainder that comes back. */
export function variesWith(e: IndexExpr, time: string): boolean {
  switch (e.kind) {
    case "integer":
    case "size":
      return false;
    case "index":
      return e.name === time;
    case "log2":
    case "pow2":
      return variesWith(e.operand, time);
    case "mod":
      if (e.right.kind === "integer" && isPolynomial(e.left, time)) return false;
      break;
    default:
  }
  return variesWith(e.left, time) || variesWith(e.right, time);
}

/** Affine in `time`: a comparison of such sides changes at most twice, so that time falls into constantly many phases. */
const isAffine = (e: IndexExpr, time: string): boolean =>
  e.kind === "add" || e.kind === "sub"
    ? isAffine(e.left, time) && isAffine(e.right, time)
    : e.kind === "mul" && e.left.kind === "integer"
      ? isAffine(e.right, time)
      : e.kind === "index" || !mentionsIndex(e, time);

export const variesInCondition = (c: Condition, time: string, phases: boolean): boolean =>
  c.some((all) =>
    all.some(
      (x) =>
        (variesWith(x.left, time) || variesWith(x.right, time)) &&
        !(phases && isAffine(x.left, time) && isAffine(x.right, time)),
    ),
  );

/**
 * The value of an expression changes with time more often than constantly many times, other than in turn. `cellOf`: the subscripts of
 * a read of the state that say which cell.
 */
export function varies(
  root: Expr,
  time: string,
  cellOf: (read: Read) => readonly Subscript[] | undefined = () => undefined,
  phases = true,
): boolean {
  const index = (e: IndexExpr) => variesWith(e, time);
  return someExpr(root, (e) => {
    switch (e.kind) {
      case "index-value":
        return index(e.value);
      case "read":
        return (cellOf(e) ?? e.at).some((s) => s.kind === "static" && index(s.value));
      case "choose":
        return e.cases.some((x) => variesInCondition(x.guard, time, phases));
      case "reduce":
      case "fold": {
        // Each of its operands might change at a step of its own.
        const inner = e.kind === "fold" ? e.bodies : [e.body];
        return (
          e.dims.some((d) => index(d.lo) || index(d.hi)) ||
          variesInCondition(e.filter, time, false) ||
          (phases &&
            [...inner, ...(e.dataFilter === undefined ? [] : [e.dataFilter])].some((x) =>
              varies(x, time, cellOf, false),
            ))
        );
      }
      default:
        return false;
    }
  });
}
