/** Operators by precedence, loosest first; all associate to the left. */
import { type Binary, type BinaryOp, type Expr, errorExpr, spanning } from "./tree";

const binding: Readonly<Record<BinaryOp, number>> = {
  or: 1,
  xor: 2,
  and: 3,
  "==": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  div: 7,
  mod: 7,
  "^": 9,
};
const NOT_BINDS = 4;
const MINUS_BINDS = 8;

/** An operator, a prefix or an operand, as they came. */
export type Piece =
  | { readonly kind: "operator"; readonly op: BinaryOp }
  | { readonly kind: "prefix"; readonly op: "-" | "not"; readonly start: number }
  | { readonly kind: "operand"; readonly expr: Expr };

/** Precedence climbing over a flat list: prefix operators, operands and binary operators as they came. */
export function fold(pieces: readonly Piece[]): Expr {
  let at = 0;
  const operand = (): Expr => {
    const piece = pieces[at];
    // Recovery leaves holes where the mistake was reported.
    if (piece === undefined || piece.kind === "operator") return errorExpr();
    at++;
    if (piece.kind === "operand") return piece.expr;
    const inner = climb(operand(), piece.op === "-" ? MINUS_BINDS : NOT_BINDS);
    return {
      kind: "unary",
      op: piece.op,
      operand: inner,
      range: { start: piece.start, end: inner.range.end },
    };
  };
  const climb = (first: Expr, least: number): Expr => {
    let left = first;
    for (;;) {
      const piece = pieces[at];
      if (piece === undefined || piece.kind !== "operator" || binding[piece.op] < least) return left;
      at++;
      const right = climb(operand(), binding[piece.op] + 1);
      const node: Binary = {
        kind: "binary",
        op: piece.op,
        left,
        right,
        range: spanning(left.range, right.range),
      };
      left = node;
    }
  };
  return climb(operand(), 0);
}
