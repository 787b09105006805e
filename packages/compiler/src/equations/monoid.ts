/** What a declared monoid computes: its operation on given elements. Used by the interpreter and by the laws that test it. */
import { evaluateIndex, evaluateInt, holds } from "./evaluate-index";
import {
  applyOperator,
  canonicalTree,
  type FaultReport,
  type Operand,
  reduceOperands,
  type Value,
} from "./operators";
import type { Dim, Expr, Monoid } from "./system";

/** An element: one value for each component. */
export type Element = readonly Value[];

/** Where the components of the two operands come from. */
export type ReadOperand = (side: "left" | "right", position: number) => Value;

/** A table was asked for a row that it does not have: the element lies outside the carrier. */
export class OutsideTable extends Error {
  constructor(
    readonly found: number,
    readonly radix: number,
  ) {
    super(`${found} is outside 0..${radix}`);
  }
}

export const identityOf = (monoid: Monoid): Element =>
  monoid.identity.map((e) => evaluateClosed(e, () => unreachable()));

export const combineElements = (
  monoid: Monoid,
  left: Element,
  right: Element,
  report?: FaultReport,
): Element =>
  monoid.combine.map((e) => evaluateClosed(e, (side, k) => (side === "left" ? left : right)[k]!, report));

/** All elements combined in the canonical order; `undefined` is one that a filter left out. */
export function foldElements(
  monoid: Monoid,
  elements: readonly (Element | undefined)[],
  report?: FaultReport,
): Element {
  const identity = identityOf(monoid);
  if (elements.length === 0) return identity;
  return canonicalTree(
    elements.map((e) => e ?? identity),
    (a, b) => combineElements(monoid, a, b, report),
  );
}

/** The value of an expression that reads operands and no family. */
export function evaluateClosed(root: Expr, operand: ReadOperand, report?: FaultReport): Value {
  const indices = new Map<string, number>();
  const lookup = (name: string): number => indices.get(name)!;
  const each = (dims: readonly Dim[], visit: () => void): void => {
    const [dim, ...rest] = dims;
    if (dim === undefined) {
      visit();
      return;
    }
    const hi = evaluateIndex(dim.hi, lookup);
    for (let i = evaluateIndex(dim.lo, lookup); i < hi; i++) {
      indices.set(dim.index, i);
      each(rest, visit);
    }
    indices.delete(dim.index);
  };
  const go = (e: Expr): Value => {
    switch (e.kind) {
      case "constant":
        return e.value;
      case "index-value":
        return evaluateInt(e.value, lookup);
      case "operand":
        return operand(e.side, e.position);
      case "apply":
        return applyOperator(e.op, e.args.map(go), e.type, report);
      case "select":
        return go(e.condition) === 1 ? go(e.then) : go(e.otherwise);
      case "choose":
        return go(e.cases.find((c) => holds(c.guard, lookup))!.value);
      case "table": {
        const row = e.args.reduce((r, a, k) => {
          const digit = go(a) as number;
          if (digit < 0 || digit >= e.radix[k]!) throw new OutsideTable(digit, e.radix[k]!);
          return r * e.radix[k]! + digit;
        }, 0);
        return e.entries[row]!;
      }
      case "reduce": {
        const operands: Operand[] = [];
        each(e.dims, () => {
          const kept = holds(e.filter, lookup) && (e.dataFilter === undefined || go(e.dataFilter) === 1);
          operands.push({ point: e.dims.map((d) => lookup(d.index)), value: kept ? go(e.body) : undefined });
        });
        return reduceOperands(e.op, operands, e.type, report);
      }
      case "vector":
        return e.components.map((c) => go(c) as number);
      case "component":
        return (go(e.of) as readonly number[])[e.position]!;
      case "read":
      case "fold":
        throw new Error(`a ${e.kind} stands in a monoid`);
    }
  };
  return go(root);
}

function unreachable(): never {
  throw new Error("an identity reads an operand");
}
