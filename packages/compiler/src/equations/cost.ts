/** The two cost models, as tables. `docs/reference/meaning.md`, "Cost", says the same in sentences. */
import { ceilLog2, childrenOf, typeOf } from "./build";
import { evaluateIndex, holds } from "./evaluate-index";
import type { Choose, Expr, Fold, Monoid, Operator, Reduce, ReduceOp } from "./system";

/** `steps`: unbounded fan-in, an instance costs 0 or 1. `ops`: every scalar operation on the path costs 1. */
export type CostModel = "steps" | "ops";

/** How deep an operator is in `ops`, and how many scalar operations it is. */
export function operatorCost(expr: Extract<Expr, { kind: "apply" }>): {
  readonly depth: number;
  readonly work: number;
} {
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
      const n = componentWidth(first!);
      const root = expr.op === "length" ? 1 : 0;
      return { depth: 1 + ceilLog2(n) + root, work: 2 * n - 1 + root };
    }
    default:
      return { depth: 1, work: expr.type.kind === "vector" ? expr.type.width : 1 };
  }
}

/** Operators after the last operand: ceil(log2 k) deep, k − 1 many; a majority compares at the end. */
function reductionCost(
  op: ReduceOp,
  operands: number,
  width: number,
): { readonly depth: number; readonly work: number } {
  if (operands < 2) return { depth: 0, work: 0 };
  const end = op === "majority" ? 1 : 0;
  return { depth: ceilLog2(operands) + end, work: (operands - 1) * width + end };
}

/** How deep combining two or more operands is, after the last has arrived. */
export const combiningDepth = (e: Reduce | Fold, operands: number): number =>
  e.kind === "fold"
    ? ceilLog2(operands) * monoidCost(e.monoid).depth
    : reductionCost(e.op, operands, 1).depth;

/** Scalar operations of combining them. */
export const combiningWork = (e: Reduce | Fold, operands: number): number =>
  e.kind === "fold"
    ? Math.max(0, operands - 1) * monoidCost(e.monoid).work
    : reductionCost(e.op, operands, componentWidth(e)).work;

/**
 * Scalar operations of an expression, each distinct one once: so many, and the parts whose number varies, which are not
 * entered.
 */
export function scalarOperations(root: Expr): {
  readonly fixed: number;
  readonly varying: readonly (Choose | Reduce | Fold)[];
} {
  let fixed = 0;
  const varying: (Choose | Reduce | Fold)[] = [];
  const seen = new Set<Expr>();
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "choose" || e.kind === "reduce" || e.kind === "fold") {
      varying.push(e);
      return;
    }
    if (e.kind === "apply") fixed += operatorCost(e).work;
    if (e.kind === "select") fixed += componentWidth(e);
    // A place that data names has to be looked up.
    if (e.kind === "table" || (e.kind === "read" && e.at.some((s) => s.kind === "dynamic"))) fixed += 1;
    childrenOf(e).forEach(visit);
  };
  visit(root);
  return { fixed, varying };
}

const operatorDepths = new WeakMap<Monoid, { readonly depth: number; readonly work: number }>();

/** The operation of a declared monoid: its longest path, and its distinct operations. */
export function monoidCost(monoid: Monoid): { readonly depth: number; readonly work: number } {
  const known = operatorDepths.get(monoid);
  if (known !== undefined) return known;
  const depths = new Map<Expr, number>();
  const seen = new Set<Expr>();
  const points = (e: Reduce): number => {
    let count = 0;
    const values = new Map<string, number>();
    const lookup = (name: string): number => values.get(name)!;
    const walk = (d: number): void => {
      const dim = e.dims[d];
      if (dim === undefined) {
        if (holds(e.filter, lookup)) count++;
        return;
      }
      const hi = evaluateIndex(dim.hi, lookup);
      for (let i = evaluateIndex(dim.lo, lookup); i < hi; i++) {
        values.set(dim.index, i);
        walk(d + 1);
      }
    };
    walk(0);
    return count;
  };
  const own = (e: Expr): { depth: number; work: number; times: number } => {
    switch (e.kind) {
      case "apply":
        return { ...operatorCost(e), times: 1 };
      case "select":
        return { depth: 1, work: componentWidth(e), times: 1 };
      case "table":
        return { depth: 1, work: 1, times: 1 };
      case "reduce": {
        const count = points(e);
        const { depth, work } = reductionCost(e.op, count, componentWidth(e));
        const mux = e.dataFilter === undefined ? 0 : 1;
        return { depth: depth + mux, work: work + mux * count * componentWidth(e), times: count };
      }
      default:
        return { depth: 0, work: 0, times: 1 };
    }
  };
  const depth = (e: Expr): number => {
    const before = depths.get(e);
    if (before !== undefined) return before;
    const found = own(e).depth + childrenOf(e).reduce((most, c) => Math.max(most, depth(c)), 0);
    depths.set(e, found);
    return found;
  };
  const work = (e: Expr, times: number): number => {
    if (seen.has(e)) return 0;
    seen.add(e);
    const mine = own(e);
    return times * mine.work + childrenOf(e).reduce((sum, c) => sum + work(c, times * mine.times), 0);
  };
  const cost = {
    depth: monoid.combine.reduce((most, e) => Math.max(most, depth(e)), 0),
    work: monoid.combine.reduce((sum, e) => sum + work(e, 1), 0),
  };
  operatorDepths.set(monoid, cost);
  return cost;
}

export const componentWidth = (e: Expr): number => {
  const type = typeOf(e);
  return type.kind === "vector" ? type.width : 1;
};

/** Operators that stand for no gate. */
export const isFree = (op: Operator, from: Expr): boolean => op === "to-int" && typeOf(from).kind !== "real";
