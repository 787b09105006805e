/** Data: what is computed for each instance. */
import { builtins, type Reduction, readShape, type Expr as Tree } from "@fathom/lang";
import * as build from "../build";
import { isAlways } from "../conditions";
import type { ElementType, Expr, Operator } from "../system";
import { choice } from "./families";
import { balanced, type Env } from "./statics";
import { Tuples } from "./tuples";

/** Deeper expansion of functions inside functions than this is refused by an exception that says so. */
const MAX_DEPTH = 2000;

export abstract class Values extends Tuples {
  private depth = 0;

  protected value(tree: Tree, env: Env, want: ElementType): Expr {
    if (++this.depth > MAX_DEPTH) throw new Error(`functions are expanded more than ${MAX_DEPTH} deep`);
    const e = this.valueInner(tree, env, want);
    this.depth--;
    return e;
  }

  private valueInner(tree: Tree, env: Env, want: ElementType): Expr {
    if ((want.kind === "int" || want.kind === "index") && tree.kind !== "if") {
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
          return choice(
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

  /** int or real (or a vector): what the checker found, or what the place asks for. */
  private scalar(tree: Tree, want: ElementType): ElementType {
    const found = this.program.typeOf(tree);
    if (found.kind === "index") return build.int;
    return found.kind === "unknown" ? want : this.type(found, new Map());
  }

  private read(tree: Tree, env: Env, want: ElementType): Expr {
    if (tree.kind === "subscript" && this.isTupleValue(tree.target, env)) {
      const type = this.program.typeOf(tree.target);
      return this.pick(this.tuple(tree.target, env), tree.at[0]!, env, this.scalarType(type));
    }
    const from = this.readOf(tree, env);
    if (from !== undefined) return this.familyRead(from, env);
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
    const shape = readShape(tree);
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
    throw new Error(`\`${shape.name.text}\` was lowered without a meaning`);
  }

  private bindingType(tree: Tree, want: ElementType): ElementType {
    const type = this.program.typeOf(tree);
    if (type.kind === "unknown") return want;
    return type.kind === "index" ? build.int : this.type(type, new Map());
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
    const from = this.readOf(tree.read, env);
    if (from === undefined) throw new Error("a default without a family was lowered");
    return this.defaultedRead(from, env, this.value(tree.otherwise, env, want), want);
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
}
