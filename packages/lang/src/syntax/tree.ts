/**
 * The syntax tree. Every node is a readonly record with a `kind` and the range of text it came from.
 *
 * Promise: the parser returns such a tree for any text whatever. What it could not read becomes an `error`
 * node, so later stages meet broken places as data and never as exceptions.
 */

/** UTF-16 offsets into the file's text, end exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** An identifier where it stands. `text` is "" where the parser had to invent one. */
export interface Name {
  readonly kind: "name";
  readonly text: string;
  readonly range: Range;
}

export interface Comment {
  readonly kind: "comment";
  /** With its slashes, without the line break. */
  readonly text: string;
  readonly range: Range;
}

export interface SourceFile {
  readonly kind: "file";
  readonly items: readonly Item[];
  /** Every `//` comment in order. `///` comments are here too, and in the `doc` of the item they precede. */
  readonly comments: readonly Comment[];
  readonly range: Range;
}

export type Item =
  | ImportItem
  | ConstItem
  | EnumItem
  | FnItem
  | MonoidItem
  | TaskItem
  | ReductionItem
  | ExampleItem
  | ErrorItem;

interface ItemBase {
  readonly range: Range;
  /** The text of the `///` lines above, without slashes, lines joined by "\n"; undefined where there are none. */
  readonly doc?: string | undefined;
}

/** `import { Attention, softmax } from "./attention.fathom"` */
export interface ImportItem extends ItemBase {
  readonly kind: "import";
  readonly names: readonly Name[];
  readonly from: StringLiteral;
}

/** `const HEADS = 4` */
export interface ConstItem extends ItemBase {
  readonly kind: "const";
  readonly name: Name;
  readonly type?: TypeNode | undefined;
  readonly value: Expr;
}

/** `enum Cell { Empty, Head, Tail }` */
export interface EnumItem extends ItemBase {
  readonly kind: "enum";
  readonly name: Name;
  readonly cases: readonly Name[];
}

/** `fn f(a: bit, b: int): bit = a` */
export interface FnItem extends ItemBase {
  readonly kind: "fn";
  readonly name: Name;
  readonly params: readonly Param[];
  readonly result?: TypeNode | undefined;
  readonly body: Expr;
}

export interface Param {
  readonly kind: "param";
  readonly name: Name;
  readonly type: TypeNode;
  readonly range: Range;
}

/** `monoid Compose on index(5)^5 { identity = e; combine(a, b) = e }` (parses; meaning comes with the algebra). */
export interface MonoidItem extends ItemBase {
  readonly kind: "monoid";
  readonly name: Name;
  readonly carrier: TypeNode;
  readonly identity?: Expr | undefined;
  readonly combineParams: readonly Name[];
  readonly combine?: Expr | undefined;
}

/** `task Rule110(n: size, T: size) where n >= 3 { … }` */
export interface TaskItem extends ItemBase {
  readonly kind: "task";
  readonly name: Name;
  readonly sizes: readonly SizeParam[];
  readonly where: readonly Expr[];
  readonly members: readonly Member[];
}

export interface SizeParam {
  readonly kind: "size-param";
  readonly name: Name;
  readonly sizeKind: "size" | "const";
  readonly range: Range;
}

/**
 * `reduction A from B(n) to C(2 * n) { x[i] = …  answer = C.out[0] }`: instances of B as instances of C. In scope are the sizes and inputs
 * of B and the reduction's own nodes; `answer` reads the outputs of C and must be what B delivers.
 */
export interface ReductionItem extends ItemBase {
  readonly kind: "reduction";
  readonly name: Name;
  readonly from: Call;
  readonly to: Call;
  readonly members: readonly Member[];
}

/** `example Rule110 "title" { n = 8, T = 3  start = "0001"  final == "0111" }` */
export interface ExampleItem extends ItemBase {
  readonly kind: "example";
  readonly task: Name;
  readonly title?: StringLiteral | undefined;
  readonly entries: readonly ExampleEntry[];
}

/**
 * `name = value` binds a size, an input, a parameter or `seed`; `name == value` and `name ~= value within tolerance`
 * compare. `name` may be dotted (`p.total`). Values are numbers, strings of bits, enum cases, lists of values,
 * `random(seed)`.
 */
export interface ExampleEntry {
  readonly kind: "example-entry";
  readonly name: Name;
  readonly op: "=" | "==" | "~=";
  readonly value: Expr;
  readonly tolerance?: Expr | undefined;
  readonly range: Range;
}

/** Text skipped while looking for the next item. */
export interface ErrorItem extends ItemBase {
  readonly kind: "error-item";
}

export type Member = FamilyMember | UseMember | ExpectMember | AssumeMember | MapMember | ErrorMember;

export type FamilyRole = "input" | "param" | "random" | "node" | "output";

/** `node cell[t: 0..=T, i: 0..n]: bit = …` */
export interface FamilyMember extends ItemBase {
  readonly kind: "family";
  readonly role: FamilyRole;
  readonly name: Name;
  readonly binders: readonly Binder[];
  readonly type?: TypeNode | undefined;
  /** Present for `node` and `output`. */
  readonly value?: Expr | undefined;
}

/** `i: 0..n` (closed = false) or `i: 0..=n` (closed = true). */
export interface Binder {
  readonly kind: "binder";
  readonly name: Name;
  readonly lo: Expr;
  readonly hi: Expr;
  readonly closed: boolean;
  readonly range: Range;
}

/** `use PrefixSum(n)[t: 0..T] with { x[i] = noise[t, i] } as p` */
export interface UseMember extends ItemBase {
  readonly kind: "use";
  readonly task: Name;
  readonly args: readonly Expr[];
  readonly binders: readonly Binder[];
  readonly bindings: readonly UseBinding[];
  readonly alias: Name;
}

export interface UseBinding {
  readonly kind: "use-binding";
  readonly name: Name;
  readonly indices: readonly Name[];
  readonly value: Expr;
  readonly range: Range;
}

/**
 * `expect depth <= e`, `expect depth(ops) == e`, `expect work == e`, `expect width <= e`, `expect class TC^0`,
 * `expect class <= TC^1`, `expect class AC^0[2]`, `expect serial`, `expect serial by "Author, year"`, `expect parallel`.
 */
export interface ExpectMember extends ItemBase {
  readonly kind: "expect";
  readonly claim: ExpectClaim;
}

export type ExpectClaim =
  | {
      readonly kind: "figure";
      readonly figure: "depth" | "work" | "width";
      readonly model: "steps" | "ops";
      readonly op: "==" | "<=" | ">=" | "<" | ">";
      readonly value: Expr;
    }
  | { readonly kind: "class"; readonly op: "==" | "<="; readonly name: string }
  /** `by`: where its hardness is proved, as the author says; then it is claimed, not derived. */
  | {
      readonly kind: "verdict";
      readonly verdict: "serial" | "parallel";
      readonly by?: StringLiteral | undefined;
    };

/** `assume converges(x, s) by diffusion { intrinsic_dim = d }`: a law of the catalogue, attached to a family. */
export interface AssumeMember extends ItemBase {
  readonly kind: "assume";
  readonly claim: Expr;
  readonly by: Name;
  readonly fields: readonly { readonly name: Name; readonly value: Expr }[];
}

/** `x[i] = e` in a reduction: what an input of the target is; `answer = e`: what the source's answer is. */
export interface MapMember extends ItemBase {
  readonly kind: "map";
  readonly binding: UseBinding;
}

export interface ErrorMember extends ItemBase {
  readonly kind: "error-member";
}

/** `bit`, `int`, `real`, `index(e)`, `vec3`, an enum's name; `power` is for monoid carriers such as `index(5)^5`. */
export interface TypeNode {
  readonly kind: "type";
  readonly name: Name;
  readonly argument?: Expr | undefined;
  readonly power?: Expr | undefined;
  readonly range: Range;
}

export type Expr =
  | NumberLiteral
  | BoolLiteral
  | StringLiteral
  | NameExpr
  | Subscripted
  | MemberAccess
  | Call
  | Unary
  | Binary
  | Default
  | If
  | Block
  | Reduction
  | Table
  | List
  | ErrorExpr;

/** `3`, `0.5`, `1e-3`: a real literal has a point or an exponent. `value` is the nearest double. */
export interface NumberLiteral {
  readonly kind: "number";
  readonly text: string;
  readonly value: number;
  readonly real: boolean;
  readonly range: Range;
}

/** `true`, `false`: of type bit. */
export interface BoolLiteral {
  readonly kind: "bool";
  readonly value: boolean;
  readonly range: Range;
}

/** Only in imports, tables and examples. `value` is without quotes. */
export interface StringLiteral {
  readonly kind: "string";
  readonly value: string;
  readonly range: Range;
}

export interface NameExpr {
  readonly kind: "name-expr";
  readonly name: Name;
  readonly range: Range;
}

/** `a[i, j]`; for instances of a used task `p[t].total[i]`. */
export interface Subscripted {
  readonly kind: "subscript";
  readonly target: Expr;
  readonly at: readonly Expr[];
  readonly range: Range;
}

/** `p.total`, `v.x`, `Cell.Head` */
export interface MemberAccess {
  readonly kind: "member";
  readonly target: Expr;
  readonly name: Name;
  readonly range: Range;
}

/** A function, built-in or conversion applied: `f(a, b)`. `named` carries `n = 3` arguments of `use` and `reduction`. */
export interface Call {
  readonly kind: "call";
  readonly name: Name;
  readonly args: readonly Expr[];
  readonly range: Range;
}

export interface Unary {
  readonly kind: "unary";
  readonly op: "-" | "not";
  readonly operand: Expr;
  readonly range: Range;
}

export type BinaryOp =
  | "+"
  | "-"
  | "*"
  | "/"
  | "div"
  | "mod"
  | "^"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "and"
  | "or"
  | "xor";

export interface Binary {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly range: Range;
}

/** `a[i-1] ?? 0`: binds tighter than every operator; the left side is a read. */
export interface Default {
  readonly kind: "default";
  readonly read: Expr;
  readonly otherwise: Expr;
  readonly range: Range;
}

/** `if c { a } else if d { b } else { e }`: the else branch is an `If` or a `Block`. */
export interface If {
  readonly kind: "if";
  readonly condition: Expr;
  readonly then: Expr;
  readonly otherwise: Expr;
  readonly range: Range;
}

/** `{ let v = e  final }`. A block without lets is still a Block, so that the formatter keeps its braces. */
export interface Block {
  readonly kind: "block";
  readonly lets: readonly Let[];
  readonly value: Expr;
  readonly range: Range;
}

export interface Let {
  readonly kind: "let";
  readonly name: Name;
  readonly value: Expr;
  readonly range: Range;
}

export type ReductionOp =
  | "sum"
  | "product"
  | "min"
  | "max"
  | "any"
  | "all"
  | "parity"
  | "majority"
  | "count"
  | "argmin"
  | "argmax"
  | "reduce";

/** `sum[j: 0..n where j != i] e`: the body reaches as far to the right as it can. */
export interface Reduction {
  readonly kind: "reduction";
  readonly op: ReductionOp;
  /** The monoid of `reduce M[…]`. */
  readonly monoid?: Name | undefined;
  readonly binders: readonly Binder[];
  readonly where?: Expr | undefined;
  readonly body: Expr;
  readonly range: Range;
}

/**
 * `table(a, b, c) "01110110"` or `table(x, y) [3, 1, 4, 1]`: a finite function by its values, in lexicographic
 * order of the arguments with the first argument most significant. Arguments are bit, enum or index(constant).
 */
export interface Table {
  readonly kind: "table";
  readonly args: readonly Expr[];
  readonly entries: StringLiteral | List;
  readonly range: Range;
}

/** `[1, 2, [3]]`: in tables and examples. */
export interface List {
  readonly kind: "list";
  readonly elements: readonly Expr[];
  readonly range: Range;
}

/** A place where an expression was expected. Its diagnostic has been reported. */
export interface ErrorExpr {
  readonly kind: "error-expr";
  readonly range: Range;
}

/** Whether its values come with a run: the program says nothing of them but their type. */
export const isGiven = ({ role }: { readonly role: FamilyRole }): boolean =>
  role === "input" || role === "param";

export const familiesOf = (task: TaskItem | ReductionItem): FamilyMember[] =>
  task.members.filter((m) => m.kind === "family");

/** From the beginning of the one to the end of the other. */
export const spanning = (first: Range, last: Range): Range => ({ start: first.start, end: last.end });

/** Where a node stands that the parser had to invent. */
export const nowhere: Range = { start: 0, end: 0 };
export const errorName: Name = { kind: "name", text: "", range: nowhere };
export const errorExpr = (): Expr => ({ kind: "error-expr", range: nowhere });
