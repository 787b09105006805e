/** Equations as text. `read.ts` reads the same text back. */

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

/** `2*n + 1` as a person would write it. */
export function printIndex(e: IndexExpr, level = 0): string {
  switch (e.kind) {
    case "integer":
      return e.value < 0 && level > 0 ? `(${e.value})` : String(e.value);
    case "size":
    case "index":
      return e.name;
    case "log2":
      return `log2(${printIndex(e.operand)})`;
    case "pow2":
      return `2^${e.operand.kind === "integer" || e.operand.kind === "size" || e.operand.kind === "index" ? printIndex(e.operand, 3) : `(${printIndex(e.operand)})`}`;
    default: {
      const operator = tight[e.kind];
      if (operator === undefined) return `${e.kind}(${printIndex(e.left)}, ${printIndex(e.right)})`;
      const text = `${printIndex(e.left, operator.level)} ${operator.sign} ${printIndex(e.right, operator.level + 1)}`;
      return operator.level < level ? `(${text})` : text;
    }
  }
}

export const printComparison = (c: Comparison): string =>
  `${printIndex(c.left)} ${c.op} ${printIndex(c.right)}`;

export function printCondition(condition: Condition): string {
  if (isAlways(condition)) return "true";
  if (condition.length === 0) return "false";
  return condition.map((all) => all.map(printComparison).join(" and ")).join(" or ");
}

const printDims = (dims: readonly Dim[]): string =>
  dims.map((d) => `${d.index}: ${printIndex(d.lo)}..${printIndex(d.hi)}`).join(", ");

export function printType(type: ElementType): string {
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

const printSubscript = (s: Subscript): string =>
  s.kind === "static"
    ? printIndex(s.value)
    : `?(${printExpr(s.value)} in ${printIndex(s.lo)}..${printIndex(s.hi)})`;

const number = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** A value expression in prefix form, types where they cannot be seen. */
export function printExpr(e: Expr): string {
  switch (e.kind) {
    case "constant":
      return `${number(e.value)}:${printType(e.type)}`;
    case "index-value":
      return `#(${printIndex(e.value)})`;
    case "read":
      return `${e.family}[${e.at.map(printSubscript).join(", ")}]`;
    case "apply":
      return `${e.op}(${e.args.map(printExpr).join(", ")})`;
    case "select":
      return `select(${printExpr(e.condition)}, ${printExpr(e.then)}, ${printExpr(e.otherwise)})`;
    case "choose":
      return `choose {${e.cases.map((c) => `${printCondition(c.guard)} => ${printExpr(c.value)}`).join("; ")}}`;
    case "table":
      return `table(${e.args.map((a, k) => `${printExpr(a)} < ${e.radix[k]}`).join(", ")}) [${e.entries.map(number).join(", ")}]:${printType(e.type)}`;
    case "reduce": {
      const filter = isAlways(e.filter) ? "" : ` where ${printCondition(e.filter)}`;
      const data = e.dataFilter === undefined ? "" : ` when ${printExpr(e.dataFilter)}`;
      return `${e.op}<${printDims(e.dims)}${filter}${data}>(${printExpr(e.body)})`;
    }
    case "vector":
      return `vector(${e.components.map(printExpr).join(", ")})`;
    case "component":
      return `${printExpr(e.of)}.${"xyzw"[e.position]}`;
  }
}

function printFamily(f: Family): string {
  const dims = f.dims.length === 0 ? "" : `[${printDims(f.dims)}]`;
  const head = `  ${f.role} ${f.name}${dims}: ${printType(f.type)}`;
  return [head, ...f.pieces.map((p) => `    | ${printCondition(p.guard)} = ${printExpr(p.value)}`)].join(
    "\n",
  );
}

export function printSystem(system: System): string {
  const sizes = system.sizes.map((s) => `${s.name}: ${s.kind}`).join(", ");
  const where = isAlways(system.constraints) ? "" : ` where ${printCondition(system.constraints)}`;
  return [`system ${system.name}(${sizes})${where}`, ...system.families.map(printFamily)].join("\n");
}

/** `cell[3, 2]`, or the bare name of a single value. */
export const printInstance = (family: string, indices: readonly number[]): string =>
  indices.length === 0 ? family : `${family}[${indices.join(", ")}]`;
