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

/** One of the values of a static integer, and where it has it; the guards of all its cases exclude each other. */
export interface Case {
  readonly guard: Condition;
  readonly value: IndexExpr;
}

/** More cases than this are not written out: the expression counts as data. */
const MAX_CASES = 16;

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

  /** A static integer that may be chosen: the sum of each value times where it holds, 0 or 1. */
  chosen(tree: Tree, env: Env): IndexExpr | undefined {
    const cases = this.cases(tree, env);
    if (cases?.length === 1) return cases[0]!.value;
    return cases
      ?.map(({ guard, value }) => build.mul(truthOf(guard), value))
      .reduce((sum, term) => build.add(sum, term));
  }

  /** The static integer an expression is, if it is one everywhere. */
  protected tryIndex(tree: Tree, env: Env): IndexExpr | undefined {
    const cases = this.cases(tree, env);
    return cases?.length === 1 ? cases[0]!.value : undefined;
  }

  /** The static integers that an expression is, and where: an `if` on a static condition may stand anywhere in it. */
  protected cases(tree: Tree, env: Env): readonly Case[] | undefined {
    switch (tree.kind) {
      case "number":
        return tree.real ? undefined : everywhere(build.integer(tree.value));
      case "name-expr":
        return this.nameCases(tree.name, env);
      case "unary":
        if (tree.op !== "-") return undefined;
        return combined([this.cases(tree.operand, env)], (e) => build.sub(build.integer(0), e!));
      case "binary": {
        const operators = {
          "+": build.add,
          "-": build.sub,
          "*": build.mul,
          div: build.div,
          mod: build.mod,
        } as const;
        if (tree.op === "^") return combined([this.cases(tree.right, env)], (e) => build.pow2(e!));
        const operator = operators[tree.op as keyof typeof operators];
        if (operator === undefined) return undefined;
        const left = this.cases(tree.left, env);
        if (left === undefined) return undefined;
        return combined([left, this.cases(tree.right, env)], (a, b) => operator(a!, b!));
      }
      case "call": {
        const symbol = this.program.symbolOf(tree.name);
        if (symbol?.kind === "fn")
          return this.cases(
            symbol.declaration.body,
            this.arguments(symbol.declaration.params, tree.args, env),
          );
        const call = staticCalls[tree.name.text];
        return (
          call &&
          combined(
            tree.args.map((a) => this.cases(a, env)),
            call,
          )
        );
      }
      case "block": {
        const { tree: t, env: e } = this.peel(tree, env);
        return this.cases(t, e);
      }
      case "if": {
        const condition = this.static(tree.condition, env);
        if (condition === undefined) return undefined;
        const yes = this.cases(tree.then, env);
        const no = yes && this.cases(tree.otherwise, env);
        return no && few([...under(condition, yes), ...under(not(condition), no)]);
      }
      default:
        return undefined;
    }
  }

  private nameCases(name: Name, env: Env): readonly Case[] | undefined {
    const binding = env.get(name.text);
    const symbol = this.program.symbolOf(name);
    if (binding?.kind === "index") return everywhere(binding.value);
    if (binding?.kind === "operand") return undefined;
    if (binding !== undefined)
      return this.whole(binding.tree) ? this.cases(binding.tree, binding.env) : undefined;
    if (symbol?.kind === "size") return everywhere(build.size(name.text));
    if (symbol?.kind === "binder") return everywhere(build.index(name.text));
    if (symbol?.kind === "const" && this.whole(symbol.declaration.value))
      return this.cases(symbol.declaration.value, new Map());
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
        // Literals of other types (`1.5 < 2.0`, `Cell.A == Cell.B`) have no index form.
        const compare = comparisons[tree.op];
        const left = compare && this.cases(tree.left, env);
        const right = left && this.cases(tree.right, env);
        if (compare === undefined || left === undefined || right === undefined) return undefined;
        return left
          .flatMap((a) => right.map((b) => and(and(a.guard, b.guard), atom(compare(a.value, b.value)))))
          .reduce(or);
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

const comparisons: Readonly<Record<string, (a: IndexExpr, b: IndexExpr) => Comparison>> = {
  "==": (a, b) => build.compare("==", a, b),
  "!=": (a, b) => build.compare("!=", a, b),
  "<": (a, b) => build.compare("<", a, b),
  "<=": (a, b) => build.compare("<=", a, b),
  ">": (a, b) => build.compare("<", b, a),
  ">=": (a, b) => build.compare("<=", b, a),
};

/** Built-in functions of static integers. */
const staticCalls: Readonly<Record<string, (...args: IndexExpr[]) => IndexExpr>> = {
  min: (...args) => balanced(args, build.min),
  max: (...args) => balanced(args, build.max),
  clamp: (a, b, c) => build.min(build.max(a!, b!), c!),
  abs: (a) => build.max(a!, build.sub(build.integer(0), a!)),
  log2: (a) => build.log2(a!),
  int: (a) => a!,
};

const everywhere = (value: IndexExpr): readonly Case[] => [{ guard: build.always, value }];

/** What is left of cases under a condition. */
export const under = (condition: Condition, cases: readonly Case[]): Case[] =>
  cases
    .map(({ guard, value }) => ({ guard: and(condition, guard), value }))
    .filter(({ guard }) => guard.length > 0);

/** Undefined where there are too many to write each out; one where all have the same value. */
function few(cases: readonly Case[]): readonly Case[] | undefined {
  if (cases.every(({ value }) => value === cases[0]!.value)) return everywhere(cases[0]!.value);
  return cases.reduce((said, { guard }) => said + guard.length, 0) > MAX_CASES ? undefined : cases;
}

/** An operation on integers that each have cases. */
function combined(
  operands: readonly (readonly Case[] | undefined)[],
  operation: (...args: IndexExpr[]) => IndexExpr,
): readonly Case[] | undefined {
  let choices: readonly { guard: Condition; args: readonly IndexExpr[] }[] = [
    { guard: build.always, args: [] },
  ];
  for (const cases of operands) {
    if (cases === undefined || choices.length * cases.length > MAX_CASES) return undefined;
    choices = choices.flatMap(({ guard, args }) =>
      under(guard, cases).map((c) => ({ guard: c.guard, args: [...args, c.value] })),
    );
  }
  return few(choices.map(({ guard, args }) => ({ guard, value: operation(...args) })));
}

/** A condition as 0 or 1. */
const truthOf = (condition: Condition): IndexExpr =>
  condition
    .map((all) => all.map(holds).reduce(build.min, build.integer(1)))
    .reduce(build.max, build.integer(0));

/** A comparison of integers as 0 or 1. */
function holds({ op, left, right }: Comparison): IndexExpr {
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
