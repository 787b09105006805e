/** The types of expressions. Linear in the text: every expression is looked at once. */
import { type Builtin, builtins } from "../builtins";
import { readShape } from "../syntax/read-shape";
import type { Binary, Call, Expr, FnItem, If, Reduction, Table } from "../syntax/tree";
import type { Type } from "./checked";
import { plural, smallest } from "./findings";
import { Reads } from "./reads";
import { describe, inside, lookUp, type Scope } from "./scope";
import { agrees, BIT, conversion, flexible, INT, numeric, REAL, typeName, UNKNOWN, widen } from "./types";

export abstract class Expressions extends Reads {
  /** The type of an expression; `want` is what its place asks for. Reports a mismatch. */
  protected infer(expr: Expr, scope: Scope, want?: Type): Type {
    const type = this.inferInner(expr, scope, want);
    this.types.set(expr, type);
    if (want !== undefined && !agrees(want, type)) {
      this.report("type-mismatch", smallest(expr), {
        expected: typeName(want),
        found: typeName(type),
        suggestion: conversion(want, type, this.file.text.slice(expr.range.start, expr.range.end)),
      });
      this.types.set(expr, want);
      return want;
    }
    return type;
  }

  private inferInner(expr: Expr, scope: Scope, want: Type | undefined): Type {
    switch (expr.kind) {
      case "number":
        this.static.add(expr);
        if (expr.real) return REAL;
        if (want?.kind === "real") return REAL;
        if (want?.kind === "bit" && expr.value <= 1) return BIT;
        return INT;
      case "bool":
        this.static.add(expr);
        return BIT;
      case "string":
        this.wrongType(expr.range, want === undefined ? "a value" : typeName(want), "a text");
        return UNKNOWN;
      case "list": {
        if (want?.kind === "tuple" || (want === undefined && expr.elements.length > 0)) {
          const of = want?.kind === "tuple" ? want.of : undefined;
          const types = expr.elements.map((e) => this.infer(e, scope, of));
          this.inherit(expr, expr.elements);
          const first = types.find((t) => t.kind !== "unknown" && t.kind !== "tuple");
          return {
            kind: "tuple",
            of: of ?? (first === undefined ? UNKNOWN : widen(first)),
            width: types.length,
          };
        }
        this.inferAll(expr.elements, scope);
        this.wrongType(expr.range, want === undefined ? "a value" : typeName(want), "a list");
        return UNKNOWN;
      }
      case "error-expr":
        this.static.add(expr);
        return UNKNOWN;
      case "name-expr":
      case "subscript":
      case "member":
        return this.inferRead(expr, scope);
      case "call":
        return this.inferCall(expr, scope, want);
      case "unary": {
        if (expr.op === "not") {
          this.infer(expr.operand, scope, BIT);
          this.inherit(expr, [expr.operand]);
          return BIT;
        }
        const type = this.infer(expr.operand, scope, numeric(want) ? want : undefined);
        this.inherit(expr, [expr.operand]);
        return this.arithmetic(type, expr.operand);
      }
      case "binary":
        return this.inferBinary(expr, scope, want);
      case "default": {
        const type = this.infer(expr.read, scope, undefined);
        const shape = readShape(expr.read);
        if (
          type.kind !== "unknown" &&
          (shape === undefined || this.static.has(expr.read) || !this.isFamilyRead(expr.read))
        ) {
          this.report("default-needs-read", expr.read.range, { found: "something else" });
        }
        this.infer(expr.otherwise, scope, type);
        return type;
      }
      case "if":
        return this.inferIf(expr, scope, want);
      case "block": {
        const inner = inside(scope);
        for (const l of expr.lets) {
          this.infer(l.value, inner, undefined);
          this.declare(inner, l.name, { kind: "let", declaration: l });
        }
        const type = this.infer(expr.value, inner, want);
        this.inherit(expr, [expr.value]);
        for (const l of expr.lets) {
          if (!this.usedLets.has(l) && !l.name.text.startsWith("_") && l.name.text !== "") {
            this.report("unused-let", l.name.range, { name: l.name.text });
          }
        }
        return type;
      }
      case "reduction":
        return this.inferReduction(expr, scope, want);
      case "table":
        return this.inferTable(expr, scope, want);
    }
  }

  private inferIf(expr: If, scope: Scope, want: Type | undefined): Type {
    this.infer(expr.condition, scope, BIT);
    const [first, second] =
      want === undefined && flexible(expr.then) ? [expr.otherwise, expr.then] : [expr.then, expr.otherwise];
    const type = this.infer(first, scope, want);
    const other = this.infer(second, scope, want ?? widen(type));
    this.inherit(expr, [expr.condition, expr.then, expr.otherwise]);
    return want ?? (type.kind === "unknown" ? other : widen(type));
  }

  private inferCall(expr: Call, scope: Scope, want: Type | undefined): Type {
    const name = expr.name.text;
    const symbol = lookUp(scope, name);
    if (symbol?.kind === "fn") {
      this.symbols.set(expr.name, symbol);
      return this.callFn(expr, symbol.declaration, scope);
    }
    const builtin = symbol === undefined && Object.hasOwn(builtins, name) ? builtins[name] : undefined;
    if (builtin !== undefined) {
      this.symbols.set(expr.name, { kind: "builtin", name });
      return this.callBuiltin(expr, builtin, scope, want);
    }
    this.inferAll(expr.args, scope);
    if (symbol === undefined) this.unknown(expr.name, scope, ["fn"], Object.keys(builtins));
    else this.symbols.set(expr.name, symbol);
    if (symbol !== undefined && symbol.kind !== "builtin")
      this.report("not-a-value", expr.name.range, { name, found: `${describe(symbol)}, not a function` });
    return UNKNOWN;
  }

  private callFn(expr: Call, fn: FnItem, scope: Scope): Type {
    const { args } = expr;
    const type = this.fnType(fn);
    const outer = this.scopes.get(this.owners.get(fn) ?? this.file)!;
    if (args.length !== fn.params.length) {
      this.inferAll(args, scope);
      this.wrongArity(expr.range, fn.name.text, plural(fn.params.length, "argument"), args.length);
      return type;
    }
    args.forEach((a, k) => this.infer(a, scope, this.typeNode(fn.params[k]!.type, outer)));
    this.inherit(expr, args);
    return type;
  }

  private callBuiltin(expr: Call, builtin: Builtin, scope: Scope, want: Type | undefined): Type {
    const name = expr.name.text;
    const { args } = expr;
    const enough = builtin.variadic ? args.length >= builtin.arity : args.length === builtin.arity;
    if (!enough) {
      this.inferAll(args, scope);
      const expected = plural(builtin.arity, "argument") + (builtin.variadic ? " or more" : "");
      this.wrongArity(expr.range, name, expected, args.length);
      return UNKNOWN;
    }
    let type: Type = UNKNOWN;
    switch (builtin.takes) {
      case "size":
        for (const a of args) {
          this.infer(a, scope, INT);
          this.requireStatic(a, `the argument of ${name}`);
        }
        break;
      case "real":
        this.inferAll(args, scope, REAL);
        break;
      case "any": {
        const found = this.infer(args[0]!, scope);
        if (found.kind === "vector" || found.kind === "tuple") this.mismatch(args[0]!, "a scalar", found);
        break;
      }
      case "number":
        type = this.alike(args, scope, numeric(want) ? want : undefined);
        if (!numeric(type) && type.kind !== "unknown") this.mismatch(args[0]!, "int or real", type);
        type = widen(type);
        break;
      case "vector":
        type = this.alike(args, scope, undefined);
        if (type.kind !== "vector" && type.kind !== "unknown") this.mismatch(args[0]!, "a vector", type);
        break;
    }
    if (builtin.gives !== "real") this.inherit(expr, args);
    switch (builtin.gives) {
      case "same":
        return type;
      case "real":
        return REAL;
      case "int":
        return INT;
      case "vec2":
        return { kind: "vector", width: 2 };
      case "vec3":
        return { kind: "vector", width: 3 };
      case "vec4":
        return { kind: "vector", width: 4 };
    }
  }

  /** All of one type; literals follow the others. */
  private alike(args: readonly Expr[], scope: Scope, want: Type | undefined): Type {
    let type = want;
    for (const a of [...args.filter((e) => !flexible(e)), ...args.filter((e) => flexible(e))]) {
      const found = this.infer(a, scope, type);
      type ??= found.kind === "unknown" ? undefined : widen(found);
    }
    return type ?? UNKNOWN;
  }

  private inferBinary(expr: Binary, scope: Scope, want: Type | undefined): Type {
    const { left, right, op } = expr;
    const finish = (type: Type): Type => {
      this.inherit(expr, [left, right]);
      return type;
    };
    switch (op) {
      case "and":
      case "or":
      case "xor":
        this.infer(left, scope, BIT);
        this.infer(right, scope, BIT);
        return finish(BIT);
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=": {
        const type = this.alike([left, right], scope, undefined);
        if (
          type.kind === "vector" ||
          type.kind === "tuple" ||
          (op !== "==" && op !== "!=" && (type.kind === "bit" || type.kind === "enum"))
        ) {
          this.mismatch(left, op === "==" || op === "!=" ? "a scalar" : "int or real", type);
        }
        return finish(BIT);
      }
      case "div":
      case "mod":
        this.infer(left, scope, INT);
        this.infer(right, scope, INT);
        return finish(INT);
      case "^":
        this.infer(left, scope, INT);
        this.infer(right, scope, INT);
        if (left.kind !== "number" || left.value !== 2) {
          this.wrongType(left.range, "2: powers are of two only", this.source(left));
        }
        finish(INT);
        this.requireStatic(right, "an exponent");
        return INT;
      case "+":
      case "-":
      case "*":
      case "/":
        return this.inferArithmetic(expr, scope, numeric(want) || want?.kind === "vector" ? want : undefined);
    }
  }

  private inferArithmetic(expr: Binary, scope: Scope, want: Type | undefined): Type {
    const { left, right, op } = expr;
    /** What a literal takes from the operand beside it. */
    const beside = (type: Type): Type | undefined =>
      type.kind === "vector" ? REAL : numeric(type) ? widen(type) : undefined;
    let a: Type;
    let b: Type;
    if (flexible(left) && !flexible(right)) {
      b = this.infer(right, scope);
      a = this.infer(left, scope, beside(b));
    } else {
      a = this.infer(left, scope, flexible(left) ? (want?.kind === "vector" ? REAL : want) : undefined);
      b = this.infer(right, scope, flexible(right) ? beside(a) : undefined);
    }
    this.inherit(expr, [left, right]);
    if (a.kind === "unknown") return b.kind === "vector" ? b : UNKNOWN;
    if (b.kind === "unknown") return a;
    if (a.kind === "vector" || b.kind === "vector") {
      const [vector, other, at] = a.kind === "vector" ? [a, b, right] : [b, a, left];
      if (other.kind !== "real" && !(other.kind === "vector" && agrees(vector, other)))
        this.mismatch(at, `${typeName(vector)} or real`, other);
      return vector;
    }
    if (op === "/") {
      if (a.kind !== "real") this.mismatch(left, "real (use `div` for int)", a);
      else if (b.kind !== "real") this.mismatch(right, "real", b);
      return REAL;
    }
    if (!numeric(a)) {
      this.mismatch(left, "int or real", a);
      return UNKNOWN;
    }
    if (!agrees(widen(a), b)) this.mismatch(right, typeName(widen(a)), b);
    return widen(a);
  }

  private arithmetic(type: Type, at: Expr): Type {
    if (numeric(type) || type.kind === "vector" || type.kind === "unknown") return widen(type);
    this.mismatch(at, "int or real", type);
    return UNKNOWN;
  }

  private inferReduction(expr: Reduction, outer: Scope, want: Type | undefined): Type {
    const scope = inside(outer);
    this.bindAll(expr.binders, scope);
    if (expr.where !== undefined) this.infer(expr.where, scope, BIT);
    switch (expr.op) {
      case "any":
      case "all":
      case "parity":
      case "majority":
        this.infer(expr.body, scope, BIT);
        return BIT;
      case "count":
        this.infer(expr.body, scope, BIT);
        return INT;
      case "argmin":
      case "argmax": {
        const type = this.infer(expr.body, scope);
        if (!numeric(type) && type.kind !== "unknown") this.mismatch(expr.body, "int or real", type);
        if (expr.binders.length !== 1)
          this.report("argmin-rank", expr.range, { op: expr.op, found: String(expr.binders.length) });
        return INT;
      }
      case "reduce": {
        const symbol = expr.monoid === undefined ? undefined : lookUp(outer, expr.monoid.text);
        if (symbol?.kind !== "monoid") {
          this.infer(expr.body, scope);
          if (expr.monoid !== undefined && symbol?.kind !== "builtin")
            this.unknown(expr.monoid, outer, ["monoid"]);
          return UNKNOWN;
        }
        this.symbols.set(expr.monoid!, symbol);
        const carrier = this.carrier(symbol.declaration);
        this.infer(expr.body, scope, carrier);
        return carrier;
      }
      case "sum":
      case "product":
      case "min":
      case "max": {
        const type = widen(
          this.infer(expr.body, scope, numeric(want) && flexible(expr.body) ? want : undefined),
        );
        const fits =
          numeric(type) || type.kind === "unknown" || (expr.op === "sum" && type.kind === "vector");
        if (!fits)
          this.mismatch(
            expr.body,
            expr.op === "sum" ? "int, real or a vector (`count` counts bits)" : "int or real",
            type,
          );
        return fits ? type : UNKNOWN;
      }
    }
  }

  private inferTable(expr: Table, scope: Scope, want: Type | undefined): Type {
    let rows: number | undefined = 1;
    for (const a of expr.args) {
      const type = this.infer(a, scope);
      const radix = this.radix(type);
      if (radix === undefined && type.kind !== "unknown") {
        this.report("table-argument", a.range, { found: typeName(type) });
      }
      rows = rows === undefined || radix === undefined ? undefined : rows * radix;
    }
    const entries = expr.entries;
    let found = 0;
    let type: Type = want ?? INT;
    if (entries.kind === "string") {
      found = entries.value.length;
      type = BIT;
      if (!/^[01]*$/.test(entries.value)) {
        this.wrongType(entries.range, "a text of 0 and 1", `"${entries.value}"`);
        return BIT;
      }
    } else {
      found = entries.elements.length;
      const types = entries.elements.map((e) => this.infer(e, scope, want));
      for (const e of entries.elements) this.requireStatic(e, "a table entry");
      type = want ?? types.find((t) => t.kind === "real") ?? types[0] ?? INT;
    }
    if (rows !== undefined && rows !== found) {
      this.report("table-size", entries.range, { found, expected: rows });
    }
    return type;
  }

  /** How many values a table argument has. */
  private radix(type: Type): number | undefined {
    if (type.kind === "bit") return 2;
    if (type.kind === "enum") return type.item.cases.length;
    if (type.kind === "index") return this.constantOf(type.bound);
    return undefined;
  }
}
