/** How large a whole number can get: what tells a scan of ints that nothing in it wraps. */
import * as build from "../../equations/build";
import type { Expr, Operator } from "../../equations/system";

/** A bound of the absolute value of a whole number that no run exceeds, by its type and operators; ∞ where none is seen. */
export function magnitude(e: Expr): number {
  const most = (xs: readonly Expr[]) => Math.max(...xs.map(magnitude));
  switch (e.kind) {
    case "constant":
      return Math.abs(e.value);
    case "index-value":
      return e.value.kind === "integer" ? Math.abs(e.value.value) : Number.POSITIVE_INFINITY;
    case "select":
      return most([e.then, e.otherwise]);
    case "choose":
      return most(e.cases.map((c) => c.value));
    case "table":
      return Math.max(...e.entries.map(Math.abs));
    case "read":
      return e.type.kind === "index" && e.type.bound.kind === "integer"
        ? e.type.bound.value
        : Number.POSITIVE_INFINITY;
    case "apply":
      return applied(e.op, e.args);
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** Results of 2^31 and more may have wrapped. */
function applied(op: Operator, args: readonly Expr[]): number {
  const [a, b, c] = args.map(magnitude) as [number, number, number];
  const whole = (n: number) => (n < 2 ** 31 ? n : Number.POSITIVE_INFINITY);
  switch (op) {
    case "add":
    case "sub":
      return whole(a + b);
    case "mul":
      return whole(a === 0 || b === 0 ? 0 : a * b);
    case "neg":
    case "abs":
    case "div":
      return whole(a);
    case "mod":
      return b;
    case "sign":
      return 1;
    case "min":
    case "max":
      return Math.max(a, b);
    // min(max(x, lo), hi): between the two, or the upper where they cross.
    case "clamp":
      return Math.max(b, c);
    case "to-int":
      return build.typeOf(args[0]!).kind === "bit" ? 1 : Number.POSITIVE_INFINITY;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
