/**
 * What the checker knows: the tree, and for its nodes what names mean, what types expressions have and which
 * conditions are static. Lowering (in the compiler) reads this and nothing else; it never resolves a name itself.
 */
import type { Diagnostic } from "../diagnostics";
import type { Parsed } from "../syntax/parse";
import type {
  Binder,
  ConstItem,
  EnumItem,
  ExampleItem,
  Expr,
  FamilyMember,
  FnItem,
  Let,
  MonoidItem,
  Name,
  Param,
  ReductionItem,
  SizeParam,
  SourceFile,
  TaskItem,
  TypeNode,
  UseMember,
} from "../syntax/tree";

/** The type of a value. `index` widens to `int` without being asked; everything else is converted explicitly. */
export type Type =
  | { readonly kind: "bit" }
  | { readonly kind: "int" }
  | { readonly kind: "real" }
  | { readonly kind: "vector"; readonly width: 2 | 3 | 4 }
  /** 0 ≤ v < bound; `bound` is an expression over sizes and the family's indices. */
  | { readonly kind: "index"; readonly bound: Expr }
  | { readonly kind: "enum"; readonly item: EnumItem }
  /** `T^k`: k values of a scalar type. */
  | { readonly kind: "tuple"; readonly of: Type; readonly width: number }
  /** The type of a node that has an error; it agrees with everything, so that one mistake is reported once. */
  | { readonly kind: "unknown" };

/** What a name means where it stands. */
export type Meaning =
  | { readonly kind: "size"; readonly declaration: SizeParam; readonly task: TaskItem }
  | { readonly kind: "const"; readonly declaration: ConstItem }
  | { readonly kind: "binder"; readonly declaration: Binder }
  /** An index name of a `with { x[i] = … }` binding; `dimension` is the dimension of the bound input that it stands for. */
  | {
      readonly kind: "use-index";
      readonly declaration: Name;
      readonly input: FamilyMember;
      readonly dimension: number;
    }
  | { readonly kind: "param"; readonly declaration: Param; readonly fn: FnItem }
  /** An operand of a monoid's `combine(a, b)`. */
  | { readonly kind: "operand"; readonly side: "left" | "right"; readonly monoid: MonoidItem }
  | { readonly kind: "let"; readonly declaration: Let }
  | { readonly kind: "family"; readonly declaration: FamilyMember; readonly task: TaskItem }
  | { readonly kind: "use"; readonly declaration: UseMember; readonly target: TaskItem }
  | { readonly kind: "fn"; readonly declaration: FnItem }
  | { readonly kind: "builtin"; readonly name: string }
  | { readonly kind: "enum"; readonly declaration: EnumItem }
  | { readonly kind: "enum-case"; readonly declaration: EnumItem; readonly ordinal: number }
  | { readonly kind: "task"; readonly declaration: TaskItem }
  | { readonly kind: "monoid"; readonly declaration: MonoidItem };

/** One file after parsing, with its place in the program. */
export interface CheckedFile {
  /** As given by the host: a path, or "std/…". */
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
}

/** A file and all that it imports, with names and types settled. Whatever is wrong is among the diagnostics; the rest is still there. */
export interface CheckedProgram {
  /** The file asked for is first; the files it imports follow, each once. */
  readonly files: readonly CheckedFile[];
  /** Tasks, examples and reductions of the first file, in order. */
  readonly tasks: readonly TaskItem[];
  readonly examples: readonly ExampleItem[];
  readonly reductions: readonly ReductionItem[];
  readonly diagnostics: readonly Diagnostic[];
  /** The type of an expression; for a family's declared or inferred type use `familyType`. */
  typeOf(expr: Expr): Type;
  familyType(family: FamilyMember): Type;
  /** The type of a monoid's elements. */
  carrierOf(monoid: MonoidItem): Type;
  /** The type a type node stands for. */
  typeOfNode(node: TypeNode): Type;
  /**
   * What a name means. Keyed by the `Name` record itself (declaration or use). For `p.total` the member's `Name` maps to
   * the family in the used task; for `Cell.Head` to the enum case; for `v.x` it is undefined.
   */
  symbolOf(name: Name): Meaning | undefined;
  /**
   * A reduction as one task: the source's sizes and inputs, the reduction's nodes, a `use` of the target under its own name,
   * and an output `answer`. Undefined where the reduction has an error.
   */
  reductionTask(reduction: ReductionItem): TaskItem | undefined;
  /** The tasks a reduction leads from and to. */
  reductionEnds(
    reduction: ReductionItem,
  ): { readonly from: TaskItem; readonly to: TaskItem; readonly use: UseMember } | undefined;
  /** True where the expression uses only literals, consts, sizes and index variables: it costs nothing at run time. */
  isStatic(expr: Expr): boolean;
  /** The file an item or member stands in. */
  fileOf(item: object): CheckedFile;
}

/** How the checker reads imported files. `std` modules are resolved by the host too. Undefined: there is no such file. */
export interface Host {
  /** `from` is the path of the importing file, `spec` the text in quotes. Returns a canonical path and the text. */
  resolve(from: string, spec: string): { readonly path: string; readonly text: string } | undefined;
  /** Parses a file where the host remembers how it was parsed before. */
  parse?(text: string, path: string): Parsed;
}
