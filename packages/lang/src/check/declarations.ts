/** Components a tuple may have: each is an equation of its own. */
const MAX_WIDTH = 64;

/** What stands outside of tasks, and the types that are written: constants, functions, monoids. */

import { habitOfName } from "../habits";
import type { Binder, Expr, FnItem, Item, MonoidItem, Range, TypeNode } from "../syntax/tree";
import type { Type } from "./checked";
import { Findings } from "./findings";
import { describe, inside, lookUp, type Scope } from "./scope";
import { suggest } from "./suggest";
import { BIT, INT, REAL, UNKNOWN } from "./types";

export abstract class Declarations extends Findings {
  private readonly constants = new Set<object>();
  private readonly fnTypes = new Map<FnItem, Type | "busy">();
  protected readonly carriers = new Map<MonoidItem, Type>();
  protected readonly nodes = new WeakMap<TypeNode, Type>();

  /** The type of an expression; `want` is what its place asks for. Reports a mismatch. */
  protected abstract infer(expr: Expr, scope: Scope, want?: Type): Type;

  protected inferAll(exprs: readonly Expr[], scope: Scope, want?: Type): void {
    for (const e of exprs) this.infer(e, scope, want);
  }

  protected inferStatic(expr: Expr, scope: Scope, want: Type | undefined, what: string): void {
    this.infer(expr, scope, want);
    this.requireStatic(expr, what);
  }

  protected checkConst(item: Extract<Item, { kind: "const" }>, scope: Scope): void {
    if (this.constants.has(item)) return;
    this.constants.add(item);
    const want = item.type === undefined ? undefined : this.typeNode(item.type, scope);
    this.inferStatic(item.value, scope, want, "a const");
  }

  protected fnType(fn: FnItem): Type {
    const known = this.fnTypes.get(fn);
    if (known === "busy") {
      this.report("recursive-function", fn.name.range, {
        name: fn.name.text,
        path: `${fn.name.text} → ${fn.name.text}`,
      });
      this.fnTypes.set(fn, UNKNOWN);
      return UNKNOWN;
    }
    if (known !== undefined) return known;
    this.fnTypes.set(fn, "busy");
    return this.within(fn, (outer) => {
      const scope = inside(outer);
      const result = fn.result === undefined ? undefined : this.typeNode(fn.result, outer);
      for (const p of fn.params) {
        this.typeNode(p.type, outer);
        this.declare(scope, p.name, { kind: "param", declaration: p, fn });
      }
      const found = this.infer(fn.body, scope, result);
      const type = this.fnTypes.get(fn) === UNKNOWN ? UNKNOWN : (result ?? found);
      this.fnTypes.set(fn, type);
      return type;
    });
  }

  protected carrier(item: MonoidItem): Type {
    const known = this.carriers.get(item);
    if (known !== undefined) return known;
    const type = this.within(item, (scope) => this.typeNode(item.carrier, scope));
    this.carriers.set(item, type);
    return type;
  }

  protected checkMonoid(item: MonoidItem, outer: Scope): void {
    const carrier = this.carrier(item);
    for (const field of ["identity", "combine"] as const) {
      if (item[field] !== undefined) continue;
      this.report("missing-value", item.name.range, { name: field, role: `what a monoid consists of` });
    }
    if (item.identity !== undefined) {
      this.inferStatic(item.identity, outer, carrier, "an identity");
    }
    if (item.combine === undefined) return;
    const scope = inside(outer);
    if (item.combineParams.length !== 2) {
      this.wrongArity(item.name.range, "combine", "2 operands", item.combineParams.length);
    }
    item.combineParams.forEach((name, k) => {
      this.declare(scope, name, { kind: "operand", side: k === 0 ? "left" : "right", monoid: item });
    });
    this.infer(item.combine, scope, carrier);
    const nested = this.reduceIn(item.combine, new Set());
    if (nested !== undefined) this.report("not-yet-supported", nested, { what: "`reduce` inside a monoid" });
  }

  /** Where an expression reduces over a monoid, by itself or through a function. */
  private reduceIn(expr: Expr, visited: Set<FnItem>): Range | undefined {
    for (const part of partsOf(expr)) {
      const found = this.reduceIn(part, visited);
      if (found !== undefined) return found;
    }
    if (expr.kind === "reduction" && expr.op === "reduce") return expr.range;
    if (expr.kind !== "call") return undefined;
    const symbol = this.symbols.get(expr.name);
    if (symbol?.kind !== "fn" || visited.has(symbol.declaration)) return undefined;
    visited.add(symbol.declaration);
    return this.reduceIn(symbol.declaration.body, visited) === undefined ? undefined : expr.range;
  }

  protected typeNode(node: TypeNode, scope: Scope): Type {
    const known = this.nodes.get(node);
    if (known !== undefined) return known;
    const type = this.freshType(node, scope);
    this.nodes.set(node, type);
    return type;
  }

  private freshType(node: TypeNode, scope: Scope): Type {
    const text = node.name.text;
    if (text === "") return UNKNOWN;
    if (node.power !== undefined) {
      const { power, ...single } = node;
      const of = this.freshType({ ...single, power: undefined }, scope);
      this.infer(power, scope, INT);
      const width = this.constantOf(power);
      if (width === undefined || width < 1 || width > MAX_WIDTH) {
        this.wrongType(power.range, `a literal or const from 1 to ${MAX_WIDTH}`, `\`${this.source(power)}\``);
        return UNKNOWN;
      }
      return of.kind === "unknown" ? UNKNOWN : { kind: "tuple", of, width };
    }
    if (text === "index") {
      if (node.argument === undefined) {
        this.report("wrong-arity", node.range, {
          name: "index",
          expected: "a bound, as in `index(n)`",
          found: "none",
        });
        return UNKNOWN;
      }
      this.inferStatic(node.argument, scope, INT, "the bound of an index");
      return { kind: "index", bound: node.argument };
    }
    if (text === "bit") return BIT;
    if (text === "int") return INT;
    if (text === "real") return REAL;
    if (text === "vec2") return { kind: "vector", width: 2 };
    if (text === "vec3") return { kind: "vector", width: 3 };
    if (text === "vec4") return { kind: "vector", width: 4 };
    const symbol = lookUp(scope, text);
    if (symbol?.kind === "enum") {
      this.symbols.set(node.name, symbol);
      return { kind: "enum", item: symbol.declaration };
    }
    if (symbol === undefined) {
      const types = ["bit", "int", "real", "index", "vec2", "vec3", "vec4"];
      const suggestion = habitOfName(text) || suggest(text, types);
      this.report("unknown-name", node.name.range, { name: text, suggestion });
    } else if (symbol.kind === "builtin") this.symbols.set(node.name, symbol);
    else {
      this.wrongType(node.name.range, "a type", describe(symbol));
    }
    return UNKNOWN;
  }

  protected constantOf(expr: Expr): number | undefined {
    if (expr.kind === "number" && !expr.real) return expr.value;
    if (expr.kind === "name-expr") {
      const symbol = this.symbols.get(expr.name);
      return symbol?.kind === "const" ? this.constantOf(symbol.declaration.value) : undefined;
    }
    return undefined;
  }

  protected bindAll(binders: readonly Binder[], scope: Scope): void {
    for (const binder of binders) {
      for (const bound of [binder.lo, binder.hi]) {
        this.inferStatic(bound, scope, INT, "a bound");
      }
      this.declare(scope, binder.name, { kind: "binder", declaration: binder });
    }
  }
}

/** The expressions that one is made of. */
function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "bool":
    case "string":
    case "name-expr":
    case "error-expr":
      return [];
    case "subscript":
      return [expr.target, ...expr.at];
    case "member":
      return [expr.target];
    case "call":
      return expr.args;
    case "unary":
      return [expr.operand];
    case "binary":
      return [expr.left, expr.right];
    case "default":
      return [expr.read, expr.otherwise];
    case "if":
      return [expr.condition, expr.then, expr.otherwise];
    case "block":
      return [...expr.lets.map((l) => l.value), expr.value];
    case "reduction":
      return expr.where === undefined ? [expr.body] : [expr.where, expr.body];
    case "table":
      return expr.args;
    case "list":
      return expr.elements;
  }
}
