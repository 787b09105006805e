/**
 * Equations: the one intermediate representation. Everything after checking reads and writes this structure.
 *
 * A `System` is a set of families over integer index points; each `node` and `output` instance is given by the first
 * piece whose guard holds. All records are readonly. `Expr` and `IndexExpr` are interned by their constructors in
 * `build.ts`: equal ones are the same object, so sharing in the text is sharing in the graph and a memo is a Map on the
 * node. Never write such a record literally; always use the constructors.
 */

import type { ReductionOp } from "@fathom/lang";

/** Where something came from: UTF-16 offsets into a file of the checked program. Not part of a node's identity. */
export interface Origin {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** A task as equations: families of instances over index spaces that depend on sizes. */
export interface System {
  readonly name: string;
  readonly sizes: readonly Size[];
  /** `where`: holds of every admissible size assignment (sizes are naturals besides). */
  readonly constraints: Condition;
  /** In an order in which they were written (instances of `use` first where they are used). Names are unique. */
  readonly families: readonly Family[];
  /** The `where` of every used task, at the user's arguments: must hold at every point of `dims`. */
  readonly obligations?:
    | readonly { readonly condition: Condition; readonly dims: readonly Dim[]; readonly origin: Origin }[]
    | undefined;
  /** Laws that the author attaches to families; `verdict/assumptions.ts` looks into their hypotheses. */
  readonly assumptions?: readonly Assumption[] | undefined;
  readonly origin?: Origin | undefined;
}

/** `assume converges(family, index) by law { name = value }`. */
export interface Assumption {
  readonly law: string;
  readonly family: string;
  /** The index of the family along which it is said to converge. */
  readonly index: string;
  readonly fields: readonly { readonly name: string; readonly value: IndexExpr }[];
  readonly origin?: Origin | undefined;
}

export interface Size {
  readonly name: string;
  readonly kind: "size" | "const";
}

export type Role = "input" | "param" | "random" | "node" | "output";

/** Instances under one name: given from outside, or each defined by the first equation whose guard holds. */
export interface Family {
  /** Dotted for families that come from a `use`: `p.total`. */
  readonly name: string;
  readonly role: Role;
  readonly dims: readonly Dim[];
  readonly type: ElementType;
  /** Empty for input, param and random. Tried in order; the first whose guard holds defines the instance. */
  readonly pieces: readonly Piece[];
  readonly doc?: string | undefined;
  readonly origin?: Origin | undefined;
}

/** `lo <= index < hi`; bounds may mention sizes and the indices of earlier dimensions of the same family. */
export interface Dim {
  readonly index: string;
  readonly lo: IndexExpr;
  readonly hi: IndexExpr;
}

export type ElementType =
  | { readonly kind: "bit" }
  | { readonly kind: "int" }
  | { readonly kind: "real" }
  | { readonly kind: "vector"; readonly width: 2 | 3 | 4 }
  /** 0 <= v < bound; the bound may mention sizes and the family's indices. */
  | { readonly kind: "index"; readonly bound: IndexExpr }
  | { readonly kind: "enum"; readonly name: string; readonly cases: readonly string[] };

export interface Piece {
  readonly guard: Condition;
  readonly value: Expr;
  readonly origin?: Origin | undefined;
}

/**
 * A static condition in disjunctive normal form: an `or` of `and`s of comparisons. `[[]]` always holds, `[]` never.
 * Cases are tried in order, so an `else` is `[[]]` and needs no negation; `exclusive` in `conditions.ts` gives the
 * disjoint conjunctions where an analysis wants them.
 */
export type Condition = readonly Conjunction[];
export type Conjunction = readonly Comparison[];
export interface Comparison {
  readonly op: "==" | "!=" | "<" | "<=";
  readonly left: IndexExpr;
  readonly right: IndexExpr;
}

/** An integer expression over sizes and indices, known before the run. Exact; `div` and `mod` floor, by zero is an error. */
export type IndexExpr =
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "size"; readonly name: string }
  | { readonly kind: "index"; readonly name: string }
  | { readonly kind: IndexOp; readonly left: IndexExpr; readonly right: IndexExpr }
  /** ceil(log2 x), 0 for x <= 1. */
  | { readonly kind: "log2"; readonly operand: IndexExpr }
  /** 2^x, an error for x < 0. */
  | { readonly kind: "pow2"; readonly operand: IndexExpr };
export type IndexOp = "add" | "sub" | "mul" | "div" | "mod" | "min" | "max";

export type Expr =
  /** bit 0/1, int, real (already rounded to binary32), enum ordinal. */
  | { readonly kind: "constant"; readonly type: ElementType; readonly value: number }
  /** A static integer used as an `int` value (wraps to 32 bits). */
  | { readonly kind: "index-value"; readonly value: IndexExpr }
  | Read
  | {
      readonly kind: "apply";
      readonly op: Operator;
      readonly args: readonly Expr[];
      readonly type: ElementType;
      readonly origin?: Origin | undefined;
    }
  /** A multiplexer on data: all three are dependencies. */
  | {
      readonly kind: "select";
      readonly condition: Expr;
      readonly then: Expr;
      readonly otherwise: Expr;
      readonly type: ElementType;
    }
  | Choose
  /** entries[((a0 * radix[1]) + a1) * radix[2] + a2 …]; entries are int/bit/enum numbers, or reals. */
  | {
      readonly kind: "table";
      readonly args: readonly Expr[];
      readonly radix: readonly number[];
      readonly entries: readonly number[];
      readonly type: ElementType;
    }
  | Reduce
  | Fold
  /** One component of an operand: only inside the `combine` of a monoid. */
  | {
      readonly kind: "operand";
      readonly side: "left" | "right";
      readonly position: number;
      readonly type: ElementType;
    }
  | { readonly kind: "vector"; readonly components: readonly Expr[] }
  | { readonly kind: "component"; readonly of: Expr; readonly position: number };

/** One value of a family. Static subscripts are checked to lie inside; dynamic ones are checked when it runs. */
export interface Read {
  readonly kind: "read";
  readonly family: string;
  readonly at: readonly Subscript[];
  readonly type: ElementType;
  readonly origin?: Origin | undefined;
}

/** A static choice inside an expression (a `??`, an inner static `if`): costs nothing; only the chosen case exists. */
export interface Choose {
  readonly kind: "choose";
  readonly cases: readonly { readonly guard: Condition; readonly value: Expr }[];
  readonly type: ElementType;
}

export type Subscript =
  | { readonly kind: "static"; readonly value: IndexExpr }
  /**
   * Depends on data. `lo <= value < hi` is what its type promises (for a value of type `index(e)`: 0 and e, with e
   * written in the reader's indices), else the family's own range: the worst case over inputs reads all of it.
   */
  | { readonly kind: "dynamic"; readonly value: Expr; readonly lo: IndexExpr; readonly hi: IndexExpr };

export interface Reduce {
  readonly kind: "reduce";
  readonly op: ReduceOp;
  /** Points in lexicographic order; bounds may mention enclosing indices and earlier ones here. */
  readonly dims: readonly Dim[];
  /** Static filter: points outside are not operands. */
  readonly filter: Condition;
  /** Filter on data: such points are operands that count as the identity. */
  readonly dataFilter?: Expr | undefined;
  readonly body: Expr;
  readonly type: ElementType;
  readonly origin?: Origin | undefined;
}

/**
 * One component of a reduction over a declared monoid: elements are tuples, `bodies` is one of them. Points and filters as in
 * `Reduce`; a point that a filter leaves out counts as the identity. Combined in the canonical order.
 */
export interface Fold {
  readonly kind: "fold";
  readonly monoid: Monoid;
  readonly dims: readonly Dim[];
  readonly filter: Condition;
  readonly dataFilter?: Expr | undefined;
  /** One for each component of the monoid. */
  readonly bodies: readonly Expr[];
  readonly position: number;
  readonly type: ElementType;
  readonly origin?: Origin | undefined;
}

/**
 * A set with an operation: elements are tuples of `types`, `combine` gives each component of `left · right` over `operand`s.
 * That it is associative with this identity is promised by the author and looked into by `algebra/associativity.ts`.
 */
export interface Monoid {
  readonly name: string;
  readonly types: readonly ElementType[];
  readonly identity: readonly Expr[];
  readonly combine: readonly Expr[];
}

/** What the language reduces by, but for `reduce` with a declared monoid, which is a `Fold`. */
export type ReduceOp = Exclude<ReductionOp, "reduce">;

/** Scalar (and componentwise vector) operators. Meaning: `operators.ts`. Operand types decide int or real. */
export type Operator =
  | "add"
  | "sub"
  | "mul"
  | "neg"
  | "divide"
  | "div"
  | "mod"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "and"
  | "or"
  | "xor"
  | "not"
  | "min"
  | "max"
  | "abs"
  | "floor"
  | "sqrt"
  | "exp"
  | "log"
  | "tanh"
  | "sin"
  | "cos"
  | "clamp"
  | "sign"
  | "dot"
  | "length"
  | "to-int"
  | "to-real";

/** A value for every size of a system. */
export type Sizes = Readonly<Record<string, number>>;

/**
 * The values of one family at given sizes: a dense box in row-major order. `lo[d] <= index < lo[d] + extent[d]`; points of the box
 * outside a non-rectangular family are 0 and never read. bit/enum: Uint8Array; int/index: Int32Array; real:
 * Float32Array; vectors: Float32Array with `width` consecutive components for a point.
 */
export interface FamilyValues {
  readonly lo: readonly number[];
  readonly extent: readonly number[];
  readonly data: Uint8Array | Int32Array | Float32Array;
}
