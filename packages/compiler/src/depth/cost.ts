/** The two cost models, as tables. `docs/reference/meaning.md`, "Cost", says the same in sentences. */
import { ceilLog2, typeOf } from "../equations/build";
import type { Expr, Operator, ReduceOp } from "../equations/system";

/** `steps`: unbounded fan-in, an instance costs 0 or 1. `ops`: every scalar operation on the path costs 1. */
export type CostModel = "steps" | "ops";

/** How deep an operator is in `ops`, and how many scalar operations it is. */
export function operatorCost(expr: Extract<Expr, { kind: "apply" }>): {
  readonly depth: number;
  readonly work: number;
} {
  const width = (e: Expr): number => {
    const type = typeOf(e);
    return type.kind === "vector" ? type.width : 1;
  };
  const first = expr.args[0];
  switch (expr.op) {
    case "to-int":
    case "to-real": {
      // A bit, an index or a case is a number already; int to real and back is an operation.
      const from = first === undefined ? "int" : typeOf(first).kind;
      const free = expr.op === "to-int" ? from !== "real" : false;
      return free ? { depth: 0, work: 0 } : { depth: 1, work: 1 };
    }
    case "dot":
    case "length": {
      const n = width(first!);
      const root = expr.op === "length" ? 1 : 0;
      return { depth: 1 + ceilLog2(n) + root, work: 2 * n - 1 + root };
    }
    default:
      return { depth: 1, work: expr.type.kind === "vector" ? expr.type.width : 1 };
  }
}

/** Operators after the last operand: ceil(log2 k) deep, k − 1 many; a majority compares at the end. */
export function reductionCost(
  op: ReduceOp,
  operands: number,
  width: number,
): { readonly depth: number; readonly work: number } {
  if (operands < 2) return { depth: 0, work: 0 };
  const end = op === "majority" ? 1 : 0;
  return { depth: ceilLog2(operands) + end, work: (operands - 1) * width + end };
}

export const componentWidth = (e: Expr): number => {
  const type = typeOf(e);
  return type.kind === "vector" ? type.width : 1;
};

/** Operators that stand for no gate. */
export const isFree = (op: Operator, from: Expr): boolean => op === "to-int" && typeOf(from).kind !== "real";
