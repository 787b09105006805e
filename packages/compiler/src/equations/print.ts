/** Equations as text. `read.ts` reads the same text back. */

import { bit, int, real, typeKey, typeOf } from "./build";
import { isAlways } from "./conditions";
import type {
  Comparison,
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  IndexOp,
  Monoid,
  Operator,
  Subscript,
  System,
} from "./system";

const tight: Readonly<Record<IndexOp, { readonly sign: string; readonly level: number } | undefined>> = {
  add: { sign: "+", level: 1 },
  sub: { sign: "-", level: 1 },
  mul: { sign: "*", level: 2 },
  div: { sign: "div", level: 2 },
  mod: { sign: "mod", level: 2 },
  min: undefined,
  max: undefined,
};

/** `2*n + 1` as a person would write it; `name` gives what indices are called. */
export function printIndex(e: IndexExpr, level = 0, name: (index: string) => string = (n) => n): string {
  const go = (x: IndexExpr, inner = 0): string => printIndex(x, inner, name);
  switch (e.kind) {
    case "integer":
      return e.value < 0 && level > 0 ? `(${e.value})` : String(e.value);
    case "size":
      return e.name;
    case "index":
      return name(e.name);
    case "log2":
      return `log2(${go(e.operand)})`;
    case "pow2":
      return `2^${e.operand.kind === "integer" || e.operand.kind === "size" || e.operand.kind === "index" ? go(e.operand, 3) : `(${go(e.operand)})`}`;
    default: {
      const operator = tight[e.kind];
      if (operator === undefined) return `${e.kind}(${go(e.left)}, ${go(e.right)})`;
      const text = `${go(e.left, operator.level)} ${operator.sign} ${go(e.right, operator.level + 1)}`;
      return operator.level < level ? `(${text})` : text;
    }
  }
}

export const printComparison = (c: Comparison): string =>
  `${printIndex(c.left)} ${c.op} ${printIndex(c.right)}`;

/** `1 <= n and i < n or …`; `true` for what always holds, `false` for what never does. */
export function printCondition(condition: Condition): string {
  if (isAlways(condition)) return "true";
  if (condition.length === 0) return "false";
  return condition.map((all) => all.map(printComparison).join(" and ")).join(" or ");
}

const printDims = (dims: readonly Dim[]): string =>
  dims.map((d) => `${d.index}: ${printIndex(d.lo)}..${printIndex(d.hi)}`).join(", ");

function printType(type: ElementType): string {
  switch (type.kind) {
    case "bit":
    case "int":
    case "real":
      return type.kind;
    case "vector":
      return `vec${type.width}`;
    case "index":
      return `index(${printIndex(type.bound)})`;
    case "enum":
      return `enum ${type.name} {${type.cases.join(", ")}}`;
  }
}

/** Types of families by name: a read's own type is printed where it is another. */
type FamilyTypes = ReadonlyMap<string, ElementType>;

const number = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** `:type`, where a reader could not infer it. */
const unless = (type: ElementType, inferred: ElementType | undefined): string =>
  inferred !== undefined && typeKey(type) === typeKey(inferred) ? "" : `:${printType(type)}`;

/** A value expression in prefix form. `families` saves the types of reads. */
export function printExpr(e: Expr, families: FamilyTypes = new Map()): string {
  const go = (x: Expr): string => printExpr(x, families);
  const list = (xs: readonly Expr[]): string => xs.map(go).join(", ");
  const subscript = (s: Subscript): string =>
    s.kind === "static"
      ? printIndex(s.value)
      : `?(${go(s.value)} in ${printIndex(s.lo)}..${printIndex(s.hi)})`;
  switch (e.kind) {
    case "constant":
      return `${number(e.value)}:${printType(e.type)}`;
    case "index-value":
      return `#(${printIndex(e.value)})`;
    case "read":
      return `${e.family}[${e.at.map(subscript).join(", ")}]${unless(e.type, families.get(e.family))}`;
    case "apply":
      return `${e.op}(${list(e.args)})${unless(e.type, inferredType(e.op, e.args))}`;
    case "select":
      return `select(${list([e.condition, e.then, e.otherwise])})${unless(e.type, typeOf(e.then))}`;
    case "choose":
      return `choose {${e.cases.map((c) => `${printCondition(c.guard)} => ${go(c.value)}`).join("; ")}}${unless(e.type, typeOf(e.cases[0]!.value))}`;
    case "table":
      return `table(${e.args.map((a, k) => `${go(a)} < ${e.radix[k]}`).join(", ")}) [${e.entries.map(number).join(", ")}]:${printType(e.type)}`;
    case "reduce": {
      const filter = isAlways(e.filter) ? "" : ` where ${printCondition(e.filter)}`;
      const data = e.dataFilter === undefined ? "" : ` when ${go(e.dataFilter)}`;
      return `${e.op}<${printDims(e.dims)}${filter}${data}>(${go(e.body)})${unless(e.type, typeOf(e.body))}`;
    }
    case "fold": {
      const filter = isAlways(e.filter) ? "" : ` where ${printCondition(e.filter)}`;
      const data = e.dataFilter === undefined ? "" : ` when ${go(e.dataFilter)}`;
      return `fold ${printMonoid(e.monoid)}<${printDims(e.dims)}${filter}${data}>(${list(e.bodies)}).${e.position}`;
    }
    case "operand":
      return `${e.side}(${e.position}):${printType(e.type)}`;
    case "vector":
      return `vector(${list(e.components)})`;
    case "component":
      return `component(${go(e.of)}, ${e.position})`;
  }
}

/** With its operation, so that equations read back alone. */
const printMonoid = (m: Monoid): string =>
  `${m.name} {${m.types.map(printType).join(", ")}} {${m.identity.map((e) => printExpr(e)).join(", ")}} {${m.combine.map((e) => printExpr(e)).join(", ")}}`;

/** The type of an operator's result where its operands decide it. */
export function inferredType(op: Operator, args: readonly Expr[]): ElementType {
  switch (op) {
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "and":
    case "or":
    case "xor":
    case "not":
      return bit;
    case "to-int":
      return int;
    case "to-real":
    case "dot":
    case "length":
      return real;
    default: {
      const types = args.map(typeOf);
      const vector = types.find((t) => t.kind === "vector");
      const first = vector ?? types[0]!;
      return first.kind === "index" ? int : first;
    }
  }
}

function printFamily(f: Family, families: FamilyTypes): string {
  const dims = f.dims.length === 0 ? "" : `[${printDims(f.dims)}]`;
  const head = `  ${f.role} ${f.name}${dims}: ${printType(f.type)}`;
  return [
    head,
    ...f.pieces.map((p) => `    | ${printCondition(p.guard)} = ${printExpr(p.value, families)}`),
  ].join("\n");
}

/** Equations as text that `readSystem` reads back. Equal texts are equal systems, but for where they came from. */
export function printSystem(system: System): string {
  const families: FamilyTypes = new Map(system.families.map((f) => [f.name, f.type]));
  const sizes = system.sizes.map((s) => `${s.name}: ${s.kind}`).join(", ");
  const where = isAlways(system.constraints) ? "" : ` where ${printCondition(system.constraints)}`;
  return [
    `system ${system.name}(${sizes})${where}`,
    ...system.families.map((f) => printFamily(f, families)),
  ].join("\n");
}

/** `cell[3, 2]`, or the bare name of a single value. */
export const printInstance = (family: string, indices: readonly number[]): string =>
  indices.length === 0 ? family : `${family}[${indices.join(", ")}]`;
