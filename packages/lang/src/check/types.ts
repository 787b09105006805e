/** Types: their names, and what agrees with what. */
import type { Expr } from "../syntax/tree";
import type { Type } from "./checked";

/** Agrees with everything: the mistake has been reported. */
export const UNKNOWN: Type = { kind: "unknown" };
export const BIT: Type = { kind: "bit" };
export const INT: Type = { kind: "int" };
export const REAL: Type = { kind: "real" };

/** How a type is called in messages. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case "bit":
    case "int":
    case "real":
      return type.kind;
    case "vector":
      return `vec${type.width}`;
    case "index":
      return "index";
    case "enum":
      return type.item.name.text;
    case "tuple":
      return `${typeName(type.of)}^${type.width}`;
    case "unknown":
      return "an unknown type";
  }
}

export const numeric = (type: Type | undefined): boolean =>
  type?.kind === "int" || type?.kind === "real" || type?.kind === "index";

/** An index in arithmetic is an int. */
export const widen = (type: Type): Type => (type.kind === "index" ? INT : type);

export function agrees(want: Type, found: Type): boolean {
  if (want.kind === "unknown" || found.kind === "unknown") return true;
  const whole = (t: Type) => t.kind === "int" || t.kind === "index";
  if (whole(want) && whole(found)) return true;
  if (want.kind === "vector" && found.kind === "vector") return want.width === found.width;
  if (want.kind === "tuple" && found.kind === "tuple")
    return want.width === found.width && agrees(want.of, found.of);
  if (want.kind === "enum" && found.kind === "enum") return want.item === found.item;
  return want.kind === found.kind;
}

/** Made of integer literals: takes the type its place asks for. */
export function flexible(expr: Expr): boolean {
  switch (expr.kind) {
    case "number":
      return !expr.real;
    case "unary":
      return expr.op === "-" && flexible(expr.operand);
    case "binary":
      return (
        (expr.op === "+" || expr.op === "-" || expr.op === "*") && flexible(expr.left) && flexible(expr.right)
      );
    case "block":
      return expr.lets.length === 0 && flexible(expr.value);
    case "if":
      return flexible(expr.then) && flexible(expr.otherwise);
    default:
      return false;
  }
}

export function conversion(want: Type, found: Type, source: string): string {
  const whole = found.kind === "int" || found.kind === "index" || found.kind === "bit";
  if (want.kind === "real" && whole && source.length < 60) return `write \`real(${source})\``;
  if (
    (want.kind === "int" || want.kind === "index") &&
    (found.kind === "real" || found.kind === "bit") &&
    source.length < 60
  ) {
    return `write \`int(${source})\``;
  }
  if (want.kind === "bit" && whole && source.length < 60) return `write \`${source} != 0\``;
  return "";
}
