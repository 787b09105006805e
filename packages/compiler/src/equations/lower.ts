/**
 * A checked task as equations. Functions and constants are expanded, `use` is written out, static conditions become
 * guards: at the top of an equation pieces, inside it `choose`. Assumes a program without errors.
 */
import {
  type AssumeMember,
  builtins,
  type CheckedProgram,
  type FamilyMember,
  type MonoidItem,
  type Name,
  type Range,
  type Reduction,
  readShape,
  type TaskItem,
  type Expr as Tree,
  type Type,
  type UseMember,
} from "@fathom/lang";
import { readsOf, rewriteExpr } from "../algebra/expressions";
import * as build from "./build";
import {
  and,
  atom,
  isAlways,
  mapCondition,
  not,
  or,
  type Renaming,
  renameExpr,
  substitute,
  substituteIndex,
} from "./conditions";
import { collectIndices } from "./evaluate-index";
import type {
  Assumption,
  Comparison,
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Monoid,
  Operator,
  Origin,
  Piece,
  Subscript,
  System,
} from "./system";

/** What a name stands for while an expression is lowered. */
type Binding =
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
type Env = ReadonlyMap<string, Binding>;

/** Deeper expansion of functions inside functions than this is refused by an exception that says so. */
const MAX_DEPTH = 2000;

export function lower(program: CheckedProgram, task: TaskItem): System {
  return new Lowering(program).task(task);
}

/** A size expression outside any family: the bound of an `expect`. Undefined where no index expression says it, such as a sum. */
export function lowerSize(program: CheckedProgram, tree: Tree): IndexExpr | undefined {
  return new Lowering(program).chosen(tree, new Map());
}

/** The operation of a declared monoid. The program must be free of errors. */
export function lowerMonoid(program: CheckedProgram, item: MonoidItem): Monoid {
  return new Lowering(program).declared(item);
}

/** The index of a tuple's components; no user's name has a prime. */
export const COMPONENT = "component'";

type Interval = readonly [number, number];
const ANYTHING: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** Between what an index expression lies, given the ranges of indices that have constant ones. */
function intervalOf(e: IndexExpr, ranges: ReadonlyMap<string, Interval>): Interval {
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

/** A number that a position lies below, counted from 0, as its type or its last operation promises. */
function belowOf(e: Expr): number {
  const type = build.typeOf(e);
  if (type.kind === "index" && type.bound.kind === "integer") return type.bound.value;
  if (e.kind !== "apply" || e.op !== "mod") return Number.POSITIVE_INFINITY;
  const by = e.args[1]!;
  return by.kind === "constant" && by.value > 0 ? by.value : Number.POSITIVE_INFINITY;
}

class Lowering {
  private readonly tasks = new Map<TaskItem, System>();
  private readonly elementTypes = new Map<FamilyMember, ElementType>();
  private readonly monoids = new Map<MonoidItem, Monoid>();
  /** Constant ranges of indices in scope, both ends included: which components a tuple's subscript may mean. */
  private readonly ranges = new Map<string, Interval>();
  private fresh = 0;
  private depth = 0;

  constructor(private readonly program: CheckedProgram) {}

  task(task: TaskItem): System {
    const known = this.tasks.get(task);
    if (known !== undefined) return known;
    const families: Family[] = [];
    const obligations: NonNullable<System["obligations"]>[number][] = [];
    const assumptions: Assumption[] = [];
    for (const member of task.members) {
      if (member.kind === "family") families.push(this.family(member));
      if (member.kind === "use") this.use(member, families, obligations, assumptions);
      if (member.kind === "assume") assumptions.push(...this.assumption(member));
    }
    const constraints = task.where.reduce<Condition>(
      (all, c) => and(all, this.static(c, new Map()) ?? build.never),
      build.always,
    );
    const system: System = {
      name: task.name.text,
      sizes: task.sizes.map((s) => ({ name: s.name.text, kind: s.sizeKind })),
      constraints,
      families,
      obligations,
      ...(assumptions.length === 0 ? {} : { assumptions }),
      origin: this.origin(task.name.range, task),
    };
    this.tasks.set(task, system);
    return system;
  }

  private file = "";

  private origin(range: Range, item?: object): Origin {
    if (item !== undefined) this.file = this.program.fileOf(item).path;
    return { file: this.file, start: range.start, end: range.end };
  }

  /** Nothing for a law that is not known: the checker has warned. */
  private assumption({ claim, by, fields, range }: AssumeMember): Assumption[] {
    if (claim.kind !== "call" || claim.args.length !== 2) return [];
    const [family, along] = claim.args as [Tree, Tree];
    if (family.kind !== "name-expr" || along.kind !== "name-expr") return [];
    return [
      {
        law: by.text,
        family: family.name.text,
        index: along.name.text,
        fields: fields.map((f) => ({ name: f.name.text, value: this.index(f.value, new Map()) })),
        origin: this.origin(range),
      },
    ];
  }

  private family(member: FamilyMember): Family {
    const origin = this.origin(member.name.range, member);
    const dims = this.dimensions(member);
    this.ranges.clear();
    this.remember(dims);
    const type = this.elementType(member);
    const pieces: Piece[] = [];
    if (member.value !== undefined) this.pieces(member.value, new Map(), build.always, type, pieces);
    return { name: member.name.text, role: member.role, dims, type, pieces, doc: member.doc, origin };
  }

  private dim(b: { lo: Tree; hi: Tree; closed: boolean }, index: string, env: Env): Dim {
    const hi = this.index(b.hi, env);
    return { index, lo: this.index(b.lo, env), hi: b.closed ? build.add(hi, build.integer(1)) : hi };
  }

  /** The dimensions of a family. A tuple `T^k` is k values of T: one more dimension, last. */
  private dimensions(member: FamilyMember): Dim[] {
    const dims: Dim[] = member.binders.map((b) => this.dim(b, b.name.text, new Map()));
    const type = this.program.familyType(member);
    if (type.kind === "tuple")
      dims.push({ index: COMPONENT, lo: build.integer(0), hi: build.integer(type.width) });
    return dims;
  }

  private remember(dims: readonly Dim[]): void {
    for (const { index, lo, hi } of dims)
      if (lo.kind === "integer" && hi.kind === "integer") this.ranges.set(index, [lo.value, hi.value - 1]);
  }

  /** The type of a family's instances: of one component where it holds tuples. */
  private elementType(member: FamilyMember): ElementType {
    const known = this.elementTypes.get(member);
    if (known !== undefined) return known;
    const type = this.scalarType(this.program.familyType(member));
    // An inferred index type carries the bound of what was read, in that family's own names: only int is certain.
    const sure = member.type === undefined && type.kind === "index" ? build.int : type;
    this.elementTypes.set(member, sure);
    return sure;
  }

  private scalarType(type: Type): ElementType {
    return this.type(type.kind === "tuple" ? type.of : type, new Map());
  }

  private type(type: Type, env: Env): ElementType {
    switch (type.kind) {
      case "bit":
        return build.bit;
      case "int":
        return build.int;
      case "real":
        return build.real;
      case "vector":
        return build.vectorType(type.width);
      case "index":
        return build.indexType(this.index(type.bound, env));
      case "enum":
        return build.enumType(
          type.item.name.text,
          type.item.cases.map((c) => c.text),
        );
      case "tuple":
        throw new Error("a tuple was lowered as one value");
      case "unknown":
        throw new Error("a program with errors was lowered: a type is unknown");
    }
  }

  /** Static ifs at the top of an equation become pieces, tried in order. */
  private pieces(tree: Tree, env: Env, guard: Condition, type: ElementType, into: Piece[]): void {
    const peeled = this.peel(tree, env);
    if (peeled.tree.kind === "if") {
      const condition = this.static(peeled.tree.condition, peeled.env);
      if (condition !== undefined) {
        this.pieces(peeled.tree.then, peeled.env, and(guard, condition), type, into);
        // Order makes the negation unnecessary at the top level; below a guard it is needed no more.
        this.pieces(peeled.tree.otherwise, peeled.env, guard, type, into);
        return;
      }
    }
    const origin = this.origin(peeled.tree.range);
    if (this.program.typeOf(peeled.tree).kind === "tuple") {
      this.tuplePieces(peeled.tree, peeled.env, guard, origin, into);
      return;
    }
    const value = this.value(peeled.tree, peeled.env, type);
    // After an equation that always holds no other is ever selected.
    if (guard.length > 0 && !into.some((p) => isAlways(p.guard))) into.push({ guard, value, origin });
  }

  /** An equation for each component; where they are one equation at several positions, as in a plain copy, that one for all. */
  private tuplePieces(tree: Tree, env: Env, guard: Condition, origin: Origin, into: Piece[]): void {
    const copy = this.tupleRead(tree, env);
    if (copy !== undefined) {
      into.push({ guard, value: copy(build.index(COMPONENT)), origin });
      return;
    }
    const values = this.tuple(tree, env);
    const one = oneForAll(values);
    if (one !== undefined) {
      into.push({ guard, value: one, origin });
      return;
    }
    values.forEach((value, k) => {
      const own = atom(build.compare("==", build.index(COMPONENT), build.integer(k)));
      into.push({ guard: and(guard, own), value, origin });
    });
  }

  /** Through blocks to what they deliver. */
  private peel(tree: Tree, env: Env): { tree: Tree; env: Env } {
    let [t, e] = [tree, env];
    while (t.kind === "block") {
      const inner = new Map(e);
      for (const l of t.lets) inner.set(l.name.text, { kind: "value", tree: l.value, env: new Map(inner) });
      [t, e] = [t.value, inner];
    }
    return { tree: t, env: e };
  }

  // Static expressions

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
  private tryIndex(tree: Tree, env: Env): IndexExpr | undefined {
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
  private static(tree: Tree, env: Env): Condition | undefined {
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

  // Values

  private value(tree: Tree, env: Env, want: ElementType): Expr {
    if (++this.depth > MAX_DEPTH) throw new Error(`functions are expanded more than ${MAX_DEPTH} deep`);
    const e = this.valueInner(tree, env, want);
    this.depth--;
    return e;
  }

  private valueInner(tree: Tree, env: Env, want: ElementType): Expr {
    if (want.kind === "int" || want.kind === "index") {
      const index = this.tryIndex(tree, env);
      if (index !== undefined)
        return index.kind === "integer"
          ? build.constant(build.int, index.value | 0)
          : build.indexValue(index);
    }
    if (want.kind === "bit" && this.program.typeOf(tree).kind === "bit" && tree.kind !== "number") {
      const condition = this.static(tree, env);
      if (condition !== undefined) {
        if (isAlways(condition)) return build.constant(build.bit, 1);
        if (condition.length === 0) return build.constant(build.bit, 0);
        const cases = [
          { guard: condition, value: build.constant(build.bit, 1) },
          { guard: build.always, value: build.constant(build.bit, 0) },
        ];
        return build.choose(cases, build.bit);
      }
    }
    switch (tree.kind) {
      case "number":
        return build.constant(want.kind === "index" ? build.int : want, tree.value);
      case "bool":
        return build.constant(build.bit, tree.value ? 1 : 0);
      case "name-expr":
      case "subscript":
      case "member":
        return this.read(tree, env, want);
      case "call":
        return this.call(tree, env, want);
      case "unary": {
        const type = tree.op === "not" ? build.bit : this.scalar(tree, want);
        const operand = this.value(tree.operand, env, type);
        if (tree.op === "-" && operand.kind === "constant")
          return build.constant(
            operand.type,
            operand.type.kind === "int" ? -operand.value | 0 : -operand.value,
          );
        return build.apply(tree.op === "not" ? "not" : "neg", [operand], type, this.origin(tree.range));
      }
      case "binary":
        return this.binary(tree, env, want);
      case "default":
        return this.default(tree, env, want);
      case "if": {
        const condition = this.static(tree.condition, env);
        if (condition !== undefined) {
          if (isAlways(condition)) return this.value(tree.then, env, want);
          if (condition.length === 0) return this.value(tree.otherwise, env, want);
          return this.choose(
            [
              { guard: condition, value: this.value(tree.then, env, want) },
              { guard: build.always, value: this.value(tree.otherwise, env, want) },
            ],
            want,
          );
        }
        return build.select(
          this.value(tree.condition, env, build.bit),
          this.value(tree.then, env, want),
          this.value(tree.otherwise, env, want),
          want,
        );
      }
      case "block": {
        const { tree: t, env: e } = this.peel(tree, env);
        return this.value(t, e, want);
      }
      case "reduction":
        return this.reduction(tree, env);
      case "table":
        return this.table(tree, env, want);
      case "string":
      case "list":
      case "error-expr":
        throw new Error(`a program with errors was lowered: ${tree.kind}`);
    }
  }

  /** An else that is itself a choice is part of this one. */
  private choose(cases: readonly { guard: Condition; value: Expr }[], type: ElementType): Expr {
    const nested = cases.flatMap((c) =>
      c.value.kind === "choose" && isAlways(c.guard) ? c.value.cases : [c],
    );
    const end = nested.findIndex((c) => isAlways(c.guard));
    const flat = end < 0 ? nested : nested.slice(0, end + 1);
    if (flat.every((c) => c.value === flat[0]!.value)) return flat[0]!.value;
    return build.choose(flat, type);
  }

  /** int or real (or a vector): what the checker found, or what the place asks for. */
  private scalar(tree: Tree, want: ElementType): ElementType {
    const found = this.program.typeOf(tree);
    if (found.kind === "index") return build.int;
    return found.kind === "unknown" ? want : this.type(found, new Map());
  }

  private read(tree: Tree, env: Env, want: ElementType): Expr {
    const shape = readShape(tree);
    if (tree.kind === "subscript" && this.isTupleValue(tree.target, env)) {
      const type = this.program.typeOf(tree.target);
      return this.pick(this.tuple(tree.target, env), tree.at[0]!, env, this.scalarType(type));
    }
    if (
      shape?.alias !== undefined &&
      this.program.symbolOf(shape.alias)?.kind === "use" &&
      !env.has(shape.alias.text)
    ) {
      const family = this.program.symbolOf(shape.name);
      if (family?.kind !== "family") throw new Error("an unresolved member was lowered");
      const use = this.program.symbolOf(shape.alias);
      if (use?.kind !== "use") throw new Error("an unresolved alias was lowered");
      return this.familyRead(
        `${shape.alias.text}.${shape.name.text}`,
        family.declaration,
        [...shape.instance, ...shape.at],
        env,
        tree.range,
        use.declaration,
      );
    }
    if (tree.kind === "member") {
      const enumCase = this.program.symbolOf(tree.name);
      if (enumCase?.kind === "enum-case") {
        const { declaration, ordinal } = enumCase;
        return build.constant(
          build.enumType(
            declaration.name.text,
            declaration.cases.map((c) => c.text),
          ),
          ordinal,
        );
      }
      const of = this.value(tree.target, env, this.type(this.program.typeOf(tree.target), new Map()));
      const position = "xyzw".indexOf(tree.name.text);
      return of.kind === "vector" ? of.components[position]! : build.component(of, position);
    }
    if (shape === undefined) throw new Error("an unreadable expression was lowered");
    const binding = env.get(shape.name.text);
    if (binding?.kind === "operand") return binding.components[0]!;
    if (binding?.kind === "value") {
      if (binding.tree.kind === "number" || binding.memo === undefined) {
        const type =
          want.kind === "real" || want.kind === "bit" ? want : this.bindingType(binding.tree, want);
        const e = this.value(binding.tree, binding.env, type);
        if (binding.tree.kind !== "number") binding.memo = e;
        return e;
      }
      return binding.memo;
    }
    const symbol = this.program.symbolOf(shape.name);
    if (symbol?.kind === "const") return this.value(symbol.declaration.value, new Map(), want);
    if (symbol?.kind !== "family") throw new Error(`\`${shape.name.text}\` was lowered without a meaning`);
    return this.familyRead(shape.name.text, symbol.declaration, shape.at, env, tree.range);
  }

  // Tuples

  /** Something with components that is no family: `let`s, parameters, operands, reductions, calls. */
  private isTupleValue(tree: Tree, env: Env): boolean {
    if (this.program.typeOf(tree).kind !== "tuple") return false;
    if (tree.kind === "name-expr")
      return env.has(tree.name.text) || this.program.symbolOf(tree.name)?.kind !== "family";
    // `a[t][k]`: the read of a tuple, then a component of it.
    return readShape(tree) === undefined || tree.kind === "subscript";
  }

  /** The components of a family's tuple, by position; undefined where the tree is no such read. */
  private tupleRead(tree: Tree, env: Env): ((position: IndexExpr) => Expr) | undefined {
    const shape = readShape(tree);
    if (shape === undefined || env.has((shape.alias ?? shape.name).text)) return undefined;
    const family = this.program.symbolOf(shape.name);
    if (family?.kind !== "family") return undefined;
    const use = shape.alias === undefined ? undefined : this.program.symbolOf(shape.alias);
    const name = shape.alias === undefined ? shape.name.text : `${shape.alias.text}.${shape.name.text}`;
    const used = use?.kind === "use" ? use.declaration : undefined;
    const at = [...shape.instance, ...shape.at];
    return (position) => this.familyRead(name, family.declaration, at, env, tree.range, used, position);
  }

  /** The components of a value of type `T^k`. */
  private tuple(given: Tree, outer: Env): readonly Expr[] {
    const { tree, env } = this.peel(given, outer);
    const type = this.program.typeOf(given);
    if (type.kind !== "tuple") throw new Error(`a ${type.kind} was lowered as a tuple`);
    const element = this.scalarType(type);
    const positions = Array.from({ length: type.width }, (_, k) => build.integer(k));
    const read = this.tupleRead(tree, env);
    if (read !== undefined) return positions.map(read);
    switch (tree.kind) {
      case "list":
        return tree.elements.map((e) => this.value(e, env, element));
      case "name-expr": {
        const binding = env.get(tree.name.text);
        if (binding?.kind === "operand") return binding.components;
        if (binding?.kind === "value") {
          binding.tuple ??= this.tuple(binding.tree, binding.env);
          return binding.tuple;
        }
        const symbol = this.program.symbolOf(tree.name);
        if (symbol?.kind === "const") return this.tuple(symbol.declaration.value, new Map());
        break;
      }
      case "call": {
        const symbol = this.program.symbolOf(tree.name);
        if (symbol?.kind === "fn") return this.tuple(symbol.declaration.body, this.parameters(tree, env));
        break;
      }
      case "if": {
        const [then, otherwise] = [this.tuple(tree.then, env), this.tuple(tree.otherwise, env)];
        const guard = this.static(tree.condition, env);
        if (guard === undefined) {
          const condition = this.value(tree.condition, env, build.bit);
          return then.map((t, k) => build.select(condition, t, otherwise[k]!, element));
        }
        return then.map((value, k) =>
          this.choose(
            [
              { guard, value },
              { guard: build.always, value: otherwise[k]! },
            ],
            element,
          ),
        );
      }
      case "default": {
        const inside = this.tupleRead(tree.read, env)!;
        const otherwise = this.tuple(tree.otherwise, env);
        return positions.map((p, k) => this.defaulted(tree.read, inside(p), otherwise[k]!, element));
      }
      case "reduction":
        return this.fold(tree, env);
    }
    throw new Error(`a ${tree.kind} was lowered as a tuple`);
  }

  /** One of several values: static positions cost nothing, others are a tree of multiplexers. */
  private pick(values: readonly Expr[], at: Tree, env: Env, type: ElementType): Expr {
    const index = this.tryIndex(at, env);
    if (index?.kind === "integer") return values[index.value]!;
    /** Itself inside, a fault of the run outside. */
    const checked = (position: Expr): Expr =>
      build.lookup([position], [values.length], [...values.keys()], build.int);
    if (index !== undefined) {
      const [least, most] = intervalOf(index, this.ranges);
      const cases = values
        .map((value, k) => ({ guard: atom(build.compare("==", index, build.integer(k))), value, k }))
        .filter(({ k }) => least <= k && k <= most);
      if (least >= 0 && most < values.length) {
        const last = cases.pop()!;
        return this.choose([...cases, { guard: build.always, value: last.value }], type);
      }
      const none = build.apply(
        "lt",
        [checked(build.indexValue(index)), build.constant(build.int, 0)],
        build.bit,
      );
      const outside = build.select(none, values[0]!, values[0]!, type);
      return this.choose([...cases, { guard: build.always, value: outside }], type);
    }
    const position = this.value(at, env, build.int);
    const found = belowOf(position) <= values.length ? position : checked(position);
    const tree = (from: number, to: number): Expr => {
      if (to - from === 1) return values[from]!;
      const middle = (from + to) >> 1;
      const low = build.apply("lt", [found, build.constant(build.int, middle)], build.bit);
      return build.select(low, tree(from, middle), tree(middle, to), type);
    };
    return tree(0, values.length);
  }

  /** The operation of a declared monoid, as equations know it. */
  declared(item: MonoidItem): Monoid {
    const known = this.monoids.get(item);
    if (known !== undefined) return known;
    const saved = this.file;
    this.origin(item.range, item);
    const carrier = this.program.carrierOf(item);
    const element = this.scalarType(carrier);
    const width = carrier.kind === "tuple" ? carrier.width : 1;
    const types = Array.from({ length: width }, () => element);
    const operands = (side: "left" | "right"): Binding => ({
      kind: "operand",
      components: types.map((t, k) => build.operand(side, k, t)),
    });
    const values = (tree: Tree, env: Env): readonly Expr[] =>
      carrier.kind === "tuple" ? this.tuple(tree, env) : [this.value(tree, env, element)];
    const [left, right] = item.combineParams;
    const env = new Map([
      [left!.text, operands("left")],
      [right!.text, operands("right")],
    ]);
    const monoid: Monoid = {
      name: item.name.text,
      types,
      identity: values(item.identity!, new Map()),
      combine: values(item.combine!, env),
    };
    this.file = saved;
    this.monoids.set(item, monoid);
    return monoid;
  }

  /** The components of `reduce M[…] e`. */
  private fold(tree: Reduction, env: Env): readonly Expr[] {
    const symbol = this.program.symbolOf(tree.monoid!);
    if (symbol?.kind !== "monoid") throw new Error("an unresolved monoid was lowered");
    const monoid = this.declared(symbol.declaration);
    const { inner, dims, filter, dataFilter } = this.reductionPoints(tree, env);
    const bodies =
      this.program.carrierOf(symbol.declaration).kind === "tuple"
        ? this.tuple(tree.body, inner)
        : [this.value(tree.body, inner, monoid.types[0]!)];
    const origin = this.origin(tree.range);
    return monoid.types.map((_, k) => build.fold(monoid, dims, bodies, k, { filter, dataFilter, origin }));
  }

  private bindingType(tree: Tree, want: ElementType): ElementType {
    const type = this.program.typeOf(tree);
    if (type.kind === "unknown") return want;
    return type.kind === "index" ? build.int : this.type(type, new Map());
  }

  private subscripts(at: readonly Tree[], env: Env, ranges: readonly Dim[]): Subscript[] {
    const done: Subscript[] = [];
    const earlier = new Map<string, IndexExpr>();
    at.forEach((tree, k) => {
      const index = this.tryIndex(tree, env);
      const dim = ranges[k]!;
      if (index !== undefined) {
        done.push({ kind: "static", value: index });
        earlier.set(dim.index, index);
        return;
      }
      const value = this.value(tree, env, build.int);
      const promised = value.kind === "read" && value.type.kind === "index" ? value.type.bound : undefined;
      // Without a promise: the family's own range, as far as it can be said in the reader's indices.
      done.push({
        kind: "dynamic",
        value,
        lo: promised === undefined ? substituteIndex(dim.lo, earlier) : build.integer(0),
        hi: promised ?? substituteIndex(dim.hi, earlier),
      });
      earlier.set(dim.index, build.sub(substituteIndex(dim.hi, earlier), build.integer(1)));
    });
    return done;
  }

  private familyRead(
    name: string,
    family: FamilyMember,
    at: readonly Tree[],
    env: Env,
    range: Range,
    use?: UseMember,
    component?: IndexExpr,
  ): Expr {
    const origin = this.origin(range);
    const inner = this.sizesOf(use);
    const own = this.dimensions(family);
    const outer = use === undefined ? [] : use.binders.map((b) => this.dim(b, b.name.text, new Map()));
    const dims = [...outer, ...own.map((d) => ({ index: d.index, lo: inner(d.lo), hi: inner(d.hi) }))];
    const subscripts = this.subscripts(at, env, dims);
    if (component !== undefined) subscripts.push({ kind: "static", value: component });
    const by = new Map<string, IndexExpr>();
    let known = true;
    dims.forEach((d, k) => {
      const s = subscripts[k]!;
      if (s.kind === "static") by.set(d.index, s.value);
      else known = false;
    });
    const declared = this.elementType(family);
    let type = declared;
    if (declared.kind === "index") {
      // A bound in the family's own indices means nothing here unless every subscript is known.
      const used = inner(declared.bound);
      type = known ? build.indexType(substituteIndex(used, by)) : build.int;
      if (!known && !mentions(used, new Set(dims.map((d) => d.index)))) type = build.indexType(used);
    }
    return build.read(name, subscripts, type, origin);
  }

  /** Sizes of a used task as expressions of the user's sizes and indices. */
  private sizesOf(use: UseMember | undefined): (e: IndexExpr) => IndexExpr {
    if (use === undefined) return (e) => e;
    const symbol = this.program.symbolOf(use.alias);
    if (symbol?.kind !== "use") throw new Error("an unresolved use was lowered");
    const by = new Map(symbol.target.sizes.map((s, k) => [s.name.text, this.index(use.args[k]!, new Map())]));
    return (e) => replaceSizes(e, by);
  }

  private binary(tree: Extract<Tree, { kind: "binary" }>, env: Env, want: ElementType): Expr {
    const origin = this.origin(tree.range);
    const { op } = tree;
    if (op === "and" || op === "or" || op === "xor") {
      return build.apply(
        op,
        [this.value(tree.left, env, build.bit), this.value(tree.right, env, build.bit)],
        build.bit,
        origin,
      );
    }
    const comparisons = {
      "==": ["eq", false],
      "!=": ["ne", false],
      "<": ["lt", false],
      "<=": ["le", false],
      ">": ["lt", true],
      ">=": ["le", true],
    } as const;
    if (op in comparisons) {
      const [operator, swapped] = comparisons[op as keyof typeof comparisons];
      const type = this.operandType([tree.left, tree.right]);
      const args = [this.value(tree.left, env, type), this.value(tree.right, env, type)];
      return build.apply(operator, swapped ? args.reverse() : args, build.bit, origin);
    }
    const operators: Partial<Record<typeof op, Operator>> = {
      "+": "add",
      "-": "sub",
      "*": "mul",
      "/": "divide",
      div: "div",
      mod: "mod",
    };
    const operator = operators[op];
    if (operator === undefined) throw new Error(`the operator ${op} was lowered as a value`);
    const type = op === "div" || op === "mod" ? build.int : this.scalar(tree, want);
    const side = (t: Tree): ElementType => {
      if (type.kind !== "vector") return type;
      return this.program.typeOf(t).kind === "vector" ? type : build.real;
    };
    return build.apply(
      operator,
      [this.value(tree.left, env, side(tree.left)), this.value(tree.right, env, side(tree.right))],
      type,
      origin,
    );
  }

  /** The common type of compared operands: literals follow the others. */
  private operandType(trees: readonly Tree[]): ElementType {
    const types = trees.map((t) => this.program.typeOf(t));
    const best =
      types.find((t) => t.kind === "real") ??
      types.find((t) => t.kind !== "int" && t.kind !== "unknown") ??
      types[0]!;
    return best.kind === "index" ? build.int : this.type(best, new Map());
  }

  private default(tree: Extract<Tree, { kind: "default" }>, env: Env, want: ElementType): Expr {
    const read = this.value(tree.read, env, want);
    return this.defaulted(tree.read, read, this.value(tree.otherwise, env, want), want);
  }

  private defaulted(tree: Tree, read: Expr, otherwise: Expr, want: ElementType): Expr {
    if (read.kind !== "read") throw new Error("a default without a read was lowered");
    const dims = this.dimsOf(tree);
    let inside: Condition = build.always;
    const checks: Expr[] = [];
    const by = new Map<string, IndexExpr>();
    const at = read.at.map((s, k): Subscript => {
      const lo = substituteIndex(dims[k]!.lo, by);
      const hi = substituteIndex(dims[k]!.hi, by);
      if (s.kind === "static") {
        inside = and(
          inside,
          and(atom(build.compare("<=", lo, s.value)), atom(build.compare("<", s.value, hi))),
        );
        by.set(dims[k]!.index, s.value);
        return s;
      }
      checks.push(
        build.apply("le", [build.indexValue(lo), s.value], build.bit),
        build.apply("lt", [s.value, build.indexValue(hi)], build.bit),
      );
      const clamped = build.apply(
        "clamp",
        [s.value, build.indexValue(lo), build.indexValue(build.sub(hi, build.integer(1)))],
        build.int,
      );
      return { kind: "dynamic", value: clamped, lo, hi };
    });
    let value: Expr = read;
    if (checks.length > 0) {
      const all = checks.reduce((a, b) => build.apply("and", [a, b], build.bit));
      value = build.select(all, build.read(read.family, at, read.type, read.origin), otherwise, want);
    }
    if (isAlways(inside)) return value;
    return this.choose(
      [
        { guard: inside, value },
        { guard: build.always, value: otherwise },
      ],
      want,
    );
  }

  private dimsOf(tree: Tree): Dim[] {
    const shape = readShape(tree)!;
    const symbol = this.program.symbolOf(shape.name);
    if (symbol?.kind !== "family") throw new Error("a default without a family was lowered");
    const own = this.dimensions(symbol.declaration);
    if (shape.alias === undefined) return own;
    const use = this.program.symbolOf(shape.alias);
    if (use?.kind !== "use") throw new Error("an unresolved alias was lowered");
    const inner = this.sizesOf(use.declaration);
    const outer = use.declaration.binders.map((b) => this.dim(b, b.name.text, new Map()));
    return [...outer, ...own.map((d) => ({ index: d.index, lo: inner(d.lo), hi: inner(d.hi) }))];
  }

  private arguments(params: readonly { readonly name: Name }[], args: readonly Tree[], env: Env): Env {
    return new Map(
      params.map((p, k): [string, Binding] => [p.name.text, { kind: "value", tree: args[k]!, env }]),
    );
  }

  private call(tree: Extract<Tree, { kind: "call" }>, env: Env, want: ElementType): Expr {
    const symbol = this.program.symbolOf(tree.name);
    if (symbol?.kind === "fn") {
      return this.value(symbol.declaration.body, this.parameters(tree, env), want);
    }
    const name = tree.name.text;
    const builtin = builtins[name];
    if (builtin === undefined) throw new Error(`the function ${name} was lowered without a meaning`);
    const origin = this.origin(tree.range);
    if (name === "vec2" || name === "vec3" || name === "vec4")
      return build.vector(tree.args.map((a) => this.value(a, env, build.real)));
    if (name === "int" || name === "real") {
      const from = this.program.typeOf(tree.args[0]!);
      const operand = this.value(
        tree.args[0]!,
        env,
        from.kind === "index" ? build.int : this.type(from, new Map()),
      );
      if (name === "int" && (from.kind === "int" || from.kind === "index")) return operand;
      if (name === "real" && from.kind === "real") return operand;
      if (name === "real" && operand.kind === "constant") return build.constant(build.real, operand.value);
      return build.apply(
        name === "int" ? "to-int" : "to-real",
        [operand],
        name === "int" ? build.int : build.real,
        origin,
      );
    }
    const type =
      builtin.takes === "number"
        ? this.scalar(tree, want)
        : builtin.takes === "vector"
          ? this.type(this.program.typeOf(tree.args[0]!), new Map())
          : build.real;
    const args = tree.args.map((a) => this.value(a, env, type));
    const result = builtin.gives === "same" ? type : build.real;
    if (builtin.variadic)
      return balanced(args, (a, b) => build.apply(name as Operator, [a, b], result, origin));
    return build.apply(name as Operator, args, result, origin);
  }

  /** What the parameters of a called function stand for. */
  private parameters(tree: Extract<Tree, { kind: "call" }>, env: Env): Env {
    const symbol = this.program.symbolOf(tree.name);
    if (symbol?.kind !== "fn") throw new Error(`${tree.name.text} was called without a meaning`);
    const inner = new Map<string, Binding>();
    symbol.declaration.params.forEach((p, k) => {
      const type = this.program.typeOf(tree.args[k]!);
      const binding: Binding = { kind: "value", tree: tree.args[k]!, env };
      // Arguments are values of the parameter's type, wherever the body uses them.
      if (type.kind !== "int" && type.kind !== "index" && type.kind !== "tuple") {
        binding.memo = this.value(tree.args[k]!, env, this.paramType(p.type.name.text, type));
      }
      inner.set(p.name.text, binding);
    });
    return inner;
  }

  private paramType(name: string, found: Type): ElementType {
    if (name === "bit") return build.bit;
    if (name === "real") return build.real;
    if (name === "int" || name === "index") return build.int;
    return this.type(found, new Map());
  }

  private reduction(tree: Reduction, env: Env): Expr {
    if (tree.op === "reduce") return this.fold(tree, env)[0]!;
    const { inner, dims, filter, dataFilter } = this.reductionPoints(tree, env);
    const found = this.program.typeOf(tree.body);
    const bits =
      tree.op === "any" ||
      tree.op === "all" ||
      tree.op === "parity" ||
      tree.op === "majority" ||
      tree.op === "count";
    const bodyType = bits ? build.bit : found.kind === "index" ? build.int : this.type(found, new Map());
    const body = this.value(tree.body, inner, bodyType);
    const type = tree.op === "count" || tree.op === "argmin" || tree.op === "argmax" ? build.int : bodyType;
    return build.reduce(tree.op, dims, body, type, { filter, dataFilter, origin: this.origin(tree.range) });
  }

  /** The range of a reduction, and what it leaves out. */
  private reductionPoints(tree: Reduction, env: Env) {
    const inner = new Map(env);
    const dims = tree.binders.map((b): Dim => {
      // Names inside functions may repeat, so every reduction index is made unique where it would hide another.
      const index = env.size === 0 ? b.name.text : `${b.name.text}'${++this.fresh}`;
      const dim = this.dim(b, index, inner);
      inner.set(b.name.text, { kind: "index", value: build.index(index) });
      return dim;
    });
    this.remember(dims);
    let filter: Condition = build.always;
    const data: Expr[] = [];
    for (const c of tree.where === undefined ? [] : conjuncts(tree.where)) {
      const condition = this.static(c, inner);
      if (condition !== undefined) filter = and(filter, condition);
      else data.push(this.value(c, inner, build.bit));
    }
    const dataFilter =
      data.length === 0 ? undefined : data.reduce((a, b) => build.apply("and", [a, b], build.bit));
    return { inner, dims, filter, dataFilter };
  }

  private table(tree: Extract<Tree, { kind: "table" }>, env: Env, want: ElementType): Expr {
    const radix: number[] = [];
    const args = tree.args.map((a) => {
      const type = this.program.typeOf(a);
      const bound = type.kind === "index" ? this.index(type.bound, new Map()) : undefined;
      radix.push(
        type.kind === "bit"
          ? 2
          : type.kind === "enum"
            ? type.item.cases.length
            : bound?.kind === "integer"
              ? bound.value
              : 0,
      );
      return this.value(a, env, type.kind === "index" ? build.int : this.type(type, new Map()));
    });
    const type = tree.entries.kind === "string" ? build.bit : want.kind === "index" ? build.int : want;
    const entries =
      tree.entries.kind === "string"
        ? [...tree.entries.value].map(Number)
        : tree.entries.elements.map((e) => {
            const entry = this.value(e, new Map(), type);
            if (entry.kind !== "constant") throw new Error("a table entry that is no constant was lowered");
            return entry.value;
          });
    return build.lookup(args, radix, entries, type);
  }

  // use

  private use(
    use: UseMember,
    into: Family[],
    obligations: NonNullable<System["obligations"]>[number][],
    assumptions: Assumption[],
  ): void {
    const symbol = this.program.symbolOf(use.alias);
    if (symbol?.kind !== "use") throw new Error("an unresolved use was lowered");
    const savedFile = this.file;
    const target = this.task(symbol.target);
    this.file = savedFile;
    const origin = this.origin(use.alias.range, use);
    const alias = use.alias.text;
    const outer = use.binders.map((b) => this.dim(b, b.name.text, new Map()));
    this.ranges.clear();
    this.remember(outer);
    const bySize = new Map(
      symbol.target.sizes.map((s, k) => [s.name.text, this.index(use.args[k]!, new Map())]),
    );
    const condition = (c: Condition): Condition => mapCondition(c, (e) => replaceSizes(e, bySize));
    const before: Subscript[] = outer.map((d) => ({ kind: "static", value: build.index(d.index) }));
    // Indices of the target that are called like one of the extra leading indices get another name.
    const taken = new Set(outer.map((d) => d.index));
    const rename = (name: string): string => (taken.has(name) ? `${name}'` : name);
    const renamed = new Map([...taken].map((name) => [name, build.index(`${name}'`)]));
    const index = (e: IndexExpr): IndexExpr => replaceSizes(substituteIndex(e, renamed), bySize);
    const by: Renaming = {
      index,
      condition: (c) => mapCondition(c, index),
      family: (name) => ({ name: `${alias}.${name}`, before }),
    };
    obligations.push({ condition: condition(target.constraints), dims: outer, origin });
    for (const inner of target.obligations ?? []) {
      obligations.push({
        condition: by.condition(inner.condition),
        dims: [
          ...outer,
          ...inner.dims.map((d) => ({ index: rename(d.index), lo: index(d.lo), hi: index(d.hi) })),
        ],
        origin,
      });
    }
    for (const a of target.assumptions ?? [])
      assumptions.push({
        ...a,
        family: `${alias}.${a.family}`,
        index: rename(a.index),
        fields: a.fields.map((f) => ({ ...f, value: index(f.value) })),
      });
    const memo = new Map<Expr, Expr>();
    for (const family of target.families) {
      const dims = [
        ...outer,
        ...family.dims.map((d) => ({ index: rename(d.index), lo: index(d.lo), hi: index(d.hi) })),
      ];
      const type: ElementType =
        family.type.kind === "index" ? build.indexType(index(family.type.bound)) : family.type;
      const name = `${alias}.${family.name}`;
      if (family.role === "input" || family.role === "param") {
        const binding = use.bindings.find((b) => b.name.text === family.name);
        if (binding === undefined) throw new Error("an unbound input was lowered");
        const env = new Map<string, Binding>(
          binding.indices.map((n, k) => [
            n.text,
            { kind: "index", value: build.index(rename(family.dims[k]!.index)) },
          ]),
        );
        const pieces: Piece[] = [];
        this.pieces(binding.value, env, build.always, type, pieces);
        into.push({ name, role: "node", dims, type, pieces, origin: this.origin(binding.range) });
        continue;
      }
      const pieces = family.pieces.map(
        (p): Piece => ({
          guard: by.condition(p.guard),
          value: renameExpr(p.value, by, memo),
          origin: p.origin,
        }),
      );
      into.push({
        name,
        role: family.role === "output" ? "node" : family.role,
        dims,
        type,
        pieces: pieces.filter((p) => p.guard.length > 0),
        doc: family.doc,
        origin: family.origin,
      });
    }
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
function balanced<T>(operands: readonly T[], join: (a: T, b: T) => T): T {
  if (operands.length <= 1) return operands[0]!;
  const middle = operands.length >> 1;
  return join(balanced(operands.slice(0, middle), join), balanced(operands.slice(middle), join));
}

/**
 * An expression in the component's index that is the first of these at position 0, the second at 1, …; undefined where there is none. `[x[s[0]],
 * x[s[1]]]` reads its own position in each: then positions are copies of one recurrence, and everything that looks for copies sees them.
 */
function oneForAll(values: readonly Expr[]): Expr | undefined {
  const [first, second] = values;
  if (first === undefined || second === undefined) return undefined;
  // What the second reads too does not depend on the position.
  const shared = new Set(readsOf(second));
  const general = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      if (x.kind !== "read" || shared.has(x)) return undefined;
      const at = x.at.map((s, k): Subscript => {
        if (s.kind === "dynamic") return { ...s, value: general(s.value) };
        const own = k === x.at.length - 1 && s.value === build.integer(0);
        return own ? { kind: "static", value: build.index(COMPONENT) } : s;
      });
      return build.read(x.family, at, x.type, x.origin);
    });
  const one = general(first);
  if (one === first) return undefined;
  const fits = values.every((v, k) => substitute(one, new Map([[COMPONENT, build.integer(k)]])) === v);
  return fits ? one : undefined;
}

const conjuncts = (tree: Tree): Tree[] =>
  tree.kind === "binary" && tree.op === "and" ? [...conjuncts(tree.left), ...conjuncts(tree.right)] : [tree];

function mentions(e: IndexExpr, names: ReadonlySet<string>): boolean {
  const used = new Set<string>();
  collectIndices(e, used);
  return [...used].some((name) => names.has(name));
}

/** Sizes by expressions of other sizes and indices. */
function replaceSizes(e: IndexExpr, by: ReadonlyMap<string, IndexExpr>): IndexExpr {
  switch (e.kind) {
    case "integer":
    case "index":
      return e;
    case "size":
      return by.get(e.name) ?? e;
    case "log2":
      return build.log2(replaceSizes(e.operand, by));
    case "pow2":
      return build.pow2(replaceSizes(e.operand, by));
    default:
      return build.indexOperators[e.kind](replaceSizes(e.left, by), replaceSizes(e.right, by));
  }
}
