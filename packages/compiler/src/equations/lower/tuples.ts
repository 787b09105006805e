/** Tuples `T^k`, component by component, and the monoids over them. */
import { type MonoidItem, type Reduction, readShape, type Expr as Tree, type Type } from "@fathom/lang";
import * as build from "../build";
import { and, atom } from "../conditions";
import type { Condition, Dim, ElementType, Expr, IndexExpr, Monoid } from "../system";
import { choice, Families } from "./families";
import { type Binding, type Env, intervalOf } from "./statics";

export abstract class Tuples extends Families {
  private readonly monoids = new Map<MonoidItem, Monoid>();
  private fresh = 0;

  /** Something with components that is no family: `let`s, parameters, operands, reductions, calls. */
  protected isTupleValue(tree: Tree, env: Env): boolean {
    if (this.program.typeOf(tree).kind !== "tuple") return false;
    if (tree.kind === "name-expr")
      return env.has(tree.name.text) || this.program.symbolOf(tree.name)?.kind !== "family";
    // `a[t][k]`: the read of a tuple, then a component of it.
    return readShape(tree) === undefined || tree.kind === "subscript";
  }

  /** The components of a family's tuple, by position; undefined where the tree is no such read. */
  protected tupleRead(tree: Tree, env: Env): ((position: IndexExpr) => Expr) | undefined {
    const read = this.readOf(tree, env);
    return read && ((position) => this.familyRead(read, env, position));
  }

  /** The components of a value of type `T^k`. */
  protected tuple(given: Tree, outer: Env): readonly Expr[] {
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
          choice(
            [
              { guard, value },
              { guard: build.always, value: otherwise[k]! },
            ],
            element,
          ),
        );
      }
      case "default": {
        const from = this.readOf(tree.read, env)!;
        const otherwise = this.tuple(tree.otherwise, env);
        return positions.map((p, k) => this.defaultedRead(from, env, otherwise[k]!, element, p));
      }
      case "reduction":
        return this.fold(tree, env);
    }
    throw new Error(`a ${tree.kind} was lowered as a tuple`);
  }

  /** One of several values: static positions cost nothing, others are a tree of multiplexers. */
  protected pick(values: readonly Expr[], at: Tree, env: Env, type: ElementType): Expr {
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
        return choice([...cases, { guard: build.always, value: last.value }], type);
      }
      const none = build.apply(
        "lt",
        [checked(build.indexValue(index)), build.constant(build.int, 0)],
        build.bit,
      );
      const outside = build.select(none, values[0]!, values[0]!, type);
      return choice([...cases, { guard: build.always, value: outside }], type);
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
  protected fold(tree: Reduction, env: Env): readonly Expr[] {
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

  /** The range of a reduction, and what it leaves out. */
  protected reductionPoints(tree: Reduction, env: Env) {
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

  /** What the parameters of a called function stand for. */
  protected parameters(tree: Extract<Tree, { kind: "call" }>, env: Env): Env {
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
}

/** A number that a position lies below, counted from 0, as its type or its last operation promises. */
function belowOf(e: Expr): number {
  const type = build.typeOf(e);
  if (type.kind === "index" && type.bound.kind === "integer") return type.bound.value;
  if (e.kind !== "apply" || e.op !== "mod") return Number.POSITIVE_INFINITY;
  const by = e.args[1]!;
  return by.kind === "constant" && by.value > 0 ? by.value : Number.POSITIVE_INFINITY;
}

const conjuncts = (tree: Tree): Tree[] =>
  tree.kind === "binary" && tree.op === "and" ? [...conjuncts(tree.left), ...conjuncts(tree.right)] : [tree];
