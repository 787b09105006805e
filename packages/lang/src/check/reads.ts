/** Names, `a[i, j]`, `p[t].total[i]`, `v.x`, `Cell.Head`. */
import { type ReadShape, readShape } from "../syntax/read-shape";
import {
  type EnumItem,
  type Expr,
  type FamilyMember,
  familiesOf,
  type MemberAccess,
  type Name,
  type NameExpr,
  type Range,
  type Subscripted,
  type TaskItem,
} from "../syntax/tree";
import type { Meaning, Type } from "./checked";
import { Declarations } from "./declarations";
import { describe, lookUp, type Scope } from "./scope";
import { suggest } from "./suggest";
import { INT, REAL, typeName, UNKNOWN } from "./types";

type Read = NameExpr | Subscripted | MemberAccess;
type Meant<K extends Meaning["kind"]> = Extract<Meaning, { readonly kind: K }>;

export abstract class Reads extends Declarations {
  protected readonly usedLets = new Set<object>();

  /** The element type of a family; checks the family the first time it is asked for. */
  protected abstract familyType(family: FamilyMember, task: TaskItem): Type;
  /** The names of a circle of uses that one task leads into. */
  protected abstract useCycle(from: TaskItem, trail: readonly TaskItem[]): string[] | undefined;

  protected inferRead(expr: Read, scope: Scope): Type {
    const owner = expr.kind === "member" && expr.target.kind === "name-expr" ? expr.target.name : undefined;
    const enumeration = owner === undefined ? undefined : lookUp(scope, owner.text);
    if (expr.kind === "member" && enumeration?.kind === "enum") {
      this.symbols.set(owner!, enumeration);
      return this.enumCase(expr, enumeration.declaration);
    }
    const shape = readShape(expr);
    if (shape !== undefined && shape.alias === undefined) return this.inferNamed(expr, shape, scope);
    const used = shape?.alias === undefined ? undefined : lookUp(scope, shape.alias.text);
    if (shape !== undefined && used?.kind === "use") return this.inferUseRead(expr, shape, used, scope);
    return this.inferPart(expr, scope);
  }

  /** `Cell.Head` */
  private enumCase(expr: MemberAccess, item: EnumItem): Type {
    const { text } = expr.name;
    const ordinal = item.cases.findIndex((c) => c.text === text);
    if (ordinal < 0) {
      const cases = item.cases.map((c) => c.text);
      this.noMember(expr.name, item.name.text, suggest(text, cases));
      return UNKNOWN;
    }
    this.symbols.set(expr.name, { kind: "enum-case", declaration: item, ordinal });
    this.static.add(expr);
    return { kind: "enum", item };
  }

  /** A component of a value: `v.x`, `(a, b)[1]`. */
  private inferPart(expr: Read, scope: Scope): Type {
    if (expr.kind === "name-expr") return UNKNOWN;
    const type = this.infer(expr.target, scope);
    if (expr.kind === "member") {
      if (type.kind === "unknown") return UNKNOWN;
      const position = "xyzw".indexOf(expr.name.text);
      if (type.kind === "vector" && expr.name.text.length === 1 && position >= 0 && position < type.width)
        return REAL;
      this.noMember(expr.name, typeName(type), "");
      return UNKNOWN;
    }
    this.inferAll(expr.at, scope, INT);
    if (type.kind === "tuple" && expr.at.length === 1) return this.componentType(type, expr.at[0]!);
    if (type.kind !== "unknown")
      this.report("not-a-family", expr.target.range, { name: this.source(expr.target), found: "a value" });
    return UNKNOWN;
  }

  private noMember(name: Name, target: string, suggestion: string): void {
    this.report("no-member", name.range, { target, name: name.text, suggestion });
  }

  /** `a`, `a[i, j]` */
  private inferNamed(expr: Read, { name, at }: ReadShape, scope: Scope): Type {
    const symbol = lookUp(scope, name.text);
    if (symbol === undefined) {
      this.inferAll(at, scope, INT);
      this.unknown(name, scope, ["family", "binder", "size", "let", "param", "const", "use-index"]);
      return UNKNOWN;
    }
    this.symbols.set(name, symbol);
    if (symbol.kind === "family") return this.subscripts(symbol, name, at, scope, expr.range);
    if (symbol.kind === "builtin" && symbol.name === "") {
      this.inferAll(at, scope);
      return UNKNOWN;
    }
    if (expr.kind === "subscript") {
      this.inferAll(at, scope, INT);
      const type = this.valueOfName(symbol, scope);
      if (type?.kind === "unknown") return UNKNOWN;
      if (type?.kind === "tuple" && at.length === 1) {
        if (expr.target.kind === "name-expr") this.types.set(expr.target, type);
        return this.componentType(type, at[0]!);
      }
      this.report("not-a-family", name.range, { name: name.text, found: describe(symbol) });
      return UNKNOWN;
    }
    switch (symbol.kind) {
      case "size":
      case "binder":
      case "use-index":
        this.static.add(expr);
        return INT;
      case "const": {
        const { declaration } = symbol;
        this.within(declaration, (own) => this.checkConst(declaration, own));
        this.static.add(expr);
        return declaration.type === undefined
          ? (this.types.get(declaration.value) ?? UNKNOWN)
          : this.typeNode(declaration.type, scope);
      }
      case "param":
      case "operand":
        return this.valueOfName(symbol, scope)!;
      case "let":
        if (this.static.has(symbol.declaration.value)) this.static.add(expr);
        return this.valueOfName(symbol, scope)!;
      default:
        this.report("not-a-value", name.range, { name: name.text, found: describe(symbol) });
        return UNKNOWN;
    }
  }

  /** The type of a name that stands for a value inside an expression. */
  private valueOfName(symbol: Meaning, scope: Scope): Type | undefined {
    if (symbol.kind === "param") return this.typeNode(symbol.declaration.type, scope);
    if (symbol.kind === "operand") return this.carrier(symbol.monoid);
    if (symbol.kind !== "let") return undefined;
    this.usedLets.add(symbol.declaration);
    return this.types.get(symbol.declaration.value) ?? UNKNOWN;
  }

  /** `p.total[i]`, `p[t].total[i]` */
  private inferUseRead(expr: Read, shape: ReadShape, owner: Meant<"use">, scope: Scope): Type {
    const { declaration, target } = owner;
    const { name, instance, at } = shape;
    this.symbols.set(shape.alias!, owner);
    this.inferAll(instance, scope, INT);
    // A circle of uses is reported where it is used; its types have no meaning.
    if (this.useCycle(target, []) !== undefined) {
      this.inferAll(at, scope, INT);
      return UNKNOWN;
    }
    const families = familiesOf(target);
    const family = families.find((m) => m.name.text === name.text);
    if (family === undefined) {
      this.inferAll(at, scope, INT);
      const names = families.map((m) => m.name.text);
      this.noMember(name, target.name.text, suggest(name.text, names));
      return UNKNOWN;
    }
    if (instance.length !== declaration.binders.length)
      this.wrongRank(expr.range, shape.alias!.text, declaration.binders.length, instance.length);
    const symbol = { kind: "family", declaration: family, task: target } as const;
    this.symbols.set(name, symbol);
    return this.subscripts(symbol, name, at, scope, expr.range);
  }

  /** The type of a read; one subscript more than the family has indices picks a component of a tuple. */
  private subscripts(
    { declaration: { binders }, declaration, task }: Meant<"family">,
    name: Name,
    at: readonly Expr[],
    scope: Scope,
    range: Range,
  ): Type {
    const type = this.familyType(declaration, task);
    this.inferAll(at, scope, INT);
    if (at.length === binders.length) return type;
    if (type.kind === "tuple" && at.length === binders.length + 1)
      return this.componentType(type, at[at.length - 1]!);
    this.wrongRank(range, name.text, binders.length, at.length);
    return type;
  }

  private componentType(type: Extract<Type, { kind: "tuple" }>, at: Expr): Type {
    const position = this.constantOf(at);
    if (position !== undefined && (position < 0 || position >= type.width))
      this.report("no-member", at.range, {
        target: typeName(type),
        name: String(position),
        suggestion: `components are numbered from 0 to ${type.width - 1}`,
      });
    return type.of;
  }

  protected isFamilyRead(expr: Expr): boolean {
    const shape = readShape(expr);
    const symbol = shape === undefined ? undefined : this.symbols.get(shape.name);
    return symbol?.kind === "family";
  }
}
