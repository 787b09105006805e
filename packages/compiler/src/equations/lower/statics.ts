/** Static expressions: integers and conditions of sizes and indices. The first layer of lowering. */
import type { CheckedProgram, Name, Range, Expr as Tree } from "@fathom/lang";
import * as build from "../build";
import { and, atom, not, or } from "../conditions";
import type { Comparison, Condition, Expr, IndexExpr, Origin } from "../system";

/** What a name stands for while an expression is lowered. */
export type Binding =
  | { readonly kind: "index"; readonly value: IndexExpr }
  | {
      readonly kind: "value";
      readonly tree: Tree;
      readonly env: Env;
      memo?: Expr | undefined;
      tuple?: readonly Expr[] | undefined;
    }
  /** An operand of a monoid, component by component. */
  | { readonly kind: "operand"; readonly components: readonly Expr[] };
export type Env = ReadonlyMap<string, Binding>;

type Interval = readonly [number, number];

const ANYTHING: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** Between what an index expression lies, given the ranges of indices that have constant ones. */
export function intervalOf(e: IndexExpr, ranges: ReadonlyMap<string, Interval>): Interval {
  switch (e.kind) {
    case "integer":
      return [e.value, e.value];
    case "index":
      return ranges.get(e.name) ?? ANYTHING;
    case "add":
    case "sub":
    case "mul": {
      const [a, b] = [intervalOf(e.left, ranges), intervalOf(e.right, ranges)];
      if (![...a, ...b].every(Number.isFinite)) return ANYTHING;
      if (e.kind === "add") return [a[0] + b[0], a[1] + b[1]];
      if (e.kind === "sub") return [a[0] - b[1], a[1] - b[0]];
      const ends = a.flatMap((x) => b.map((y) => x * y));
      return [Math.min(...ends), Math.max(...ends)];
    }
    case "mod":
      return e.right.kind === "integer" && e.right.value > 0 ? [0, e.right.value - 1] : ANYTHING;
    default:
      return ANYTHING;
  }
}

export abstract class Statics {
  /** Constant ranges of indices in scope, both ends included: which components a tuple's subscript may mean. */
  protected readonly ranges = new Map<string, Interval>();
  protected file = "";

  constructor(protected readonly program: CheckedProgram) {}

  protected origin(range: Range, item?: object): Origin {
    if (item !== undefined) this.file = this.program.fileOf(item).path;
    return { file: this.file, start: range.start, end: range.end };
  }

  /** Through blocks to what they deliver. */
  protected peel(tree: Tree, env: Env): { tree: Tree; env: Env } {
    let [t, e] = [tree, env];
    while (t.kind === "block") {
      const inner = new Map(e);
      for (const l of t.lets) inner.set(l.name.text, { kind: "value", tree: l.value, env: new Map(inner) });
      [t, e] = [t.value, inner];
    }
    return { tree: t, env: e };
  }

  index(tree: Tree, env: Env): IndexExpr {
    const e = this.tryIndex(tree, env);
    if (e === undefined) throw new Error("a static expression was expected after checking");
    return e;
  }

  /** A static integer that may be chosen: `if c { a } else { b }` is c·a + (1 − c)·b, its condition 0 or 1. */
  chosen(tree: Tree, env: Env): IndexExpr | undefined {
    const { tree: t, env: e } = this.peel(tree, env);
    if (t.kind !== "if") return this.tryIndex(t, e);
    const condition = this.static(t.condition, e);
    const [yes, no] = [this.chosen(t.then, e), this.chosen(t.otherwise, e)];
    if (condition === undefined || yes === undefined || no === undefined) return undefined;
    const truth = condition.reduce(
      (any, all) =>
        build.max(
          any,
          all.reduce((each, c) => build.min(each, truthOf(c)), build.integer(1) as IndexExpr),
        ),
      build.integer(0) as IndexExpr,
    );
    return build.add(build.mul(truth, yes), build.mul(build.sub(build.integer(1), truth), no));
  }

  /** The static integer an expression is, if it is one. */
  protected tryIndex(tree: Tree, env: Env): IndexExpr | undefined {
    switch (tree.kind) {
      case "number":
        return tree.real ? undefined : build.integer(tree.value);
      case "name-expr":
        return this.nameIndex(tree.name, env);
      case "unary": {
        if (tree.op !== "-") return undefined;
        const e = this.tryIndex(tree.operand, env);
        return e === undefined ? undefined : build.sub(build.integer(0), e);
      }
      case "binary": {
        const operators = {
          "+": build.add,
          "-": build.sub,
          "*": build.mul,
          div: build.div,
          mod: build.mod,
        } as const;
        if (tree.op === "^") {
          const e = this.tryIndex(tree.right, env);
          return e === undefined ? undefined : build.pow2(e);
        }
        const operator = operators[tree.op as keyof typeof operators];
        if (operator === undefined) return undefined;
        const left = this.tryIndex(tree.left, env);
        const right = left === undefined ? undefined : this.tryIndex(tree.right, env);
        return left === undefined || right === undefined ? undefined : operator(left, right);
      }
      case "call": {
        const symbol = this.program.symbolOf(tree.name);
        if (symbol?.kind === "fn")
          return this.tryIndex(
            symbol.declaration.body,
            this.arguments(symbol.declaration.params, tree.args, env),
          );
        const args = tree.args.map((a) => this.tryIndex(a, env));
        if (args.some((a) => a === undefined)) return undefined;
        const [a, b, c] = args as IndexExpr[];
        switch (tree.name.text) {
          case "min":
            return balanced(args as IndexExpr[], build.min);
          case "max":
            return balanced(args as IndexExpr[], build.max);
          case "clamp":
            return build.min(build.max(a!, b!), c!);
          case "abs":
            return build.max(a!, build.sub(build.integer(0), a!));
          case "log2":
            return build.log2(a!);
          case "int":
            return a;
          default:
            return undefined;
        }
      }
      case "block": {
        const { tree: t, env: e } = this.peel(tree, env);
        return this.tryIndex(t, e);
      }
      default:
        return undefined;
    }
  }

  private nameIndex(name: Name, env: Env): IndexExpr | undefined {
    const binding = env.get(name.text);
    const symbol = this.program.symbolOf(name);
    if (binding?.kind === "index") return binding.value;
    if (binding?.kind === "operand") return undefined;
    if (binding !== undefined)
      return this.whole(binding.tree) ? this.tryIndex(binding.tree, binding.env) : undefined;
    if (symbol?.kind === "size") return build.size(name.text);
    if (symbol?.kind === "binder") return build.index(name.text);
    if (symbol?.kind === "const" && this.whole(symbol.declaration.value))
      return this.tryIndex(symbol.declaration.value, new Map());
    return undefined;
  }

  /** A literal that stands for a real or a bit is no index. */
  private whole(tree: Tree): boolean {
    const kind = this.program.typeOf(tree).kind;
    return kind === "int" || kind === "index";
  }

  /** The condition of a static bit expression; undefined where it is data. */
  protected static(tree: Tree, env: Env): Condition | undefined {
    switch (tree.kind) {
      case "bool":
        return tree.value ? build.always : build.never;
      case "number":
        return tree.value === 1 ? build.always : build.never;
      case "unary": {
        if (tree.op !== "not") return undefined;
        const c = this.static(tree.operand, env);
        return c === undefined ? undefined : not(c);
      }
      case "block": {
        const { tree: t, env: e } = this.peel(tree, env);
        return this.static(t, e);
      }
      case "name-expr": {
        const binding = env.get(tree.name.text);
        if (binding?.kind === "value" && this.program.typeOf(binding.tree).kind === "bit")
          return this.static(binding.tree, binding.env);
        const symbol = this.program.symbolOf(tree.name);
        if (symbol?.kind === "const" && this.program.typeOf(symbol.declaration.value).kind === "bit") {
          return this.static(symbol.declaration.value, new Map());
        }
        return undefined;
      }
      case "call": {
        const symbol = this.program.symbolOf(tree.name);
        if (symbol?.kind !== "fn") return undefined;
        return this.static(
          symbol.declaration.body,
          this.arguments(symbol.declaration.params, tree.args, env),
        );
      }
      case "binary": {
        if (tree.op === "and" || tree.op === "or" || tree.op === "xor") {
          const left = this.static(tree.left, env);
          const right = left === undefined ? undefined : this.static(tree.right, env);
          if (left === undefined || right === undefined) return undefined;
          if (tree.op === "and") return and(left, right);
          if (tree.op === "or") return or(left, right);
          return or(and(left, not(right)), and(not(left), right));
        }
        const left = this.tryIndex(tree.left, env);
        const right = left === undefined ? undefined : this.tryIndex(tree.right, env);
        if (left === undefined || right === undefined) return undefined;
        // Literals of other types (`1.5 < 2.0`, `Cell.A == Cell.B`) never get here: they have no index form.
        switch (tree.op) {
          case "==":
          case "!=":
          case "<":
          case "<=":
            return atom(build.compare(tree.op, left, right));
          case ">":
            return atom(build.compare("<", right, left));
          case ">=":
            return atom(build.compare("<=", right, left));
          default:
            return undefined;
        }
      }
      default:
        return undefined;
    }
  }

  private arguments(params: readonly { readonly name: Name }[], args: readonly Tree[], env: Env): Env {
    return new Map(
      params.map((p, k): [string, Binding] => [p.name.text, { kind: "value", tree: args[k]!, env }]),
    );
  }
}

/** A comparison of integers as 0 or 1. */
function truthOf({ op, left, right }: Comparison): IndexExpr {
  const [zero, one] = [build.integer(0), build.integer(1)];
  const positive = (e: IndexExpr) => build.min(build.max(e, zero), one);
  const more = build.sub(right, left);
  if (op === "<") return positive(more);
  if (op === "<=") return positive(build.add(more, one));
  const differ = build.min(build.max(more, build.sub(left, right)), one);
  return op === "!=" ? differ : build.sub(one, differ);
}

/** A tree of pairs, as shallow as can be: k operands in ceil(log2 k) operations. */
export function balanced<T>(operands: readonly T[], join: (a: T, b: T) => T): T {
  if (operands.length <= 1) return operands[0]!;
  const middle = operands.length >> 1;
  return join(balanced(operands.slice(0, middle), join), balanced(operands.slice(middle), join));
}
