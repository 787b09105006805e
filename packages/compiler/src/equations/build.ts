/**
 * Constructors of index expressions, conditions and value expressions. They intern: equal nodes are the same object.
 * They fold only what cannot change meaning (integer arithmetic, x+0, x*1), so that printing and reading back is the
 * identity.
 *
 * Children are interned before their parent, so a node's identity is its kind and its children's numbers: one Map
 * look-up a node. The table lives as long as the process; `forgetInterned` empties it between unrelated programs.
 */
import type {
  Comparison,
  Condition,
  Dim,
  ElementType,
  Expr,
  Fold,
  IndexExpr,
  IndexOp,
  Monoid,
  Operator,
  Origin,
  Read,
  Reduce,
  ReduceOp,
  Subscript,
} from "./system";

const numbers = new WeakMap<object, number>();
const table = new Map<string, object>();
let next = 0;

/**
 * Empties the interning table but for numbers, which tables of the compiler hold (the zero of a ring, the bound of a range). Other nodes
 * made before stay valid but are no longer equal to new ones.
 */
export function forgetInterned(): void {
  for (const [key, node] of table) {
    const { kind } = node as Expr | IndexExpr;
    if (kind !== "integer" && kind !== "constant") table.delete(key);
  }
}

function intern<T extends object>(key: string, make: () => T): T {
  const known = table.get(key);
  if (known !== undefined) return known as T;
  const made = Object.freeze(make());
  numbers.set(made, next++);
  table.set(key, made);
  return made;
}

/** A number that stands for an interned node; two nodes are equal exactly when their numbers are. */
export function nodeNumber(node: IndexExpr | Expr): number {
  const number = numbers.get(node);
  if (number === undefined) throw new Error(`a ${node.kind} node was made without its constructor`);
  return number;
}

const id = nodeNumber;

// Index expressions

export const integer = (value: number): IndexExpr => {
  if (!Number.isSafeInteger(value)) throw new Error(`index constant ${value} is not an exact integer`);
  const clean = value === 0 ? 0 : value;
  return intern(`integer ${clean}`, () => ({ kind: "integer", value: clean }));
};
export const size = (name: string): IndexExpr => intern(`size ${name}`, () => ({ kind: "size", name }));
export const index = (name: string): IndexExpr => intern(`index ${name}`, () => ({ kind: "index", name }));

const binary = (kind: IndexOp, left: IndexExpr, right: IndexExpr): IndexExpr =>
  intern(`${kind} ${id(left)} ${id(right)}`, () => ({ kind, left, right }));

const value = (e: IndexExpr): number | undefined => (e.kind === "integer" ? e.value : undefined);
const folded = (n: number): IndexExpr | undefined => (Number.isSafeInteger(n) ? integer(n) : undefined);

export function add(left: IndexExpr, right: IndexExpr): IndexExpr {
  const a = value(left);
  const b = value(right);
  if (a === 0) return right;
  if (b === 0) return left;
  if (a !== undefined && b !== undefined) return folded(a + b) ?? binary("add", left, right);
  // (x + a) + b and (x - a) + b: bounds such as `n + 1 - 1` stay readable.
  if (b !== undefined && left.kind === "add" && left.right.kind === "integer")
    return add(left.left, integer(left.right.value + b));
  if (b !== undefined && left.kind === "sub" && left.right.kind === "integer")
    return sub(left.left, integer(left.right.value - b));
  if (b !== undefined && b < 0) return binary("sub", left, integer(-b));
  return binary("add", left, right);
}

export function sub(left: IndexExpr, right: IndexExpr): IndexExpr {
  const a = value(left);
  const b = value(right);
  if (b === 0) return left;
  if (left === right) return integer(0);
  if (a !== undefined && b !== undefined) return folded(a - b) ?? binary("sub", left, right);
  if (b !== undefined && left.kind === "add" && left.right.kind === "integer")
    return add(left.left, integer(left.right.value - b));
  if (b !== undefined && left.kind === "sub" && left.right.kind === "integer")
    return sub(left.left, integer(left.right.value + b));
  if (b !== undefined && b < 0) return binary("add", left, integer(-b));
  return binary("sub", left, right);
}

export function mul(left: IndexExpr, right: IndexExpr): IndexExpr {
  const a = value(left);
  const b = value(right);
  if (a === 0 || b === 0) return integer(0);
  if (a === 1) return right;
  if (b === 1) return left;
  if (a !== undefined && b !== undefined) return folded(a * b) ?? binary("mul", left, right);
  return binary("mul", left, right);
}

export function div(left: IndexExpr, right: IndexExpr): IndexExpr {
  const a = value(left);
  const b = value(right);
  if (b === 1) return left;
  if (a !== undefined && b !== undefined && b !== 0) return integer(Math.floor(a / b));
  return binary("div", left, right);
}

export function mod(left: IndexExpr, right: IndexExpr): IndexExpr {
  const a = value(left);
  const b = value(right);
  if (b === 1) return integer(0);
  if (a !== undefined && b !== undefined && b !== 0) return integer(a - b * Math.floor(a / b));
  return binary("mod", left, right);
}

export function min(left: IndexExpr, right: IndexExpr): IndexExpr {
  const a = value(left);
  const b = value(right);
  if (left === right) return left;
  if (a !== undefined && b !== undefined) return integer(Math.min(a, b));
  return binary("min", left, right);
}

export function max(left: IndexExpr, right: IndexExpr): IndexExpr {
  const a = value(left);
  const b = value(right);
  if (left === right) return left;
  if (a !== undefined && b !== undefined) return integer(Math.max(a, b));
  return binary("max", left, right);
}

/** ceil(log2 x) for x >= 1, and 0 for x <= 1; exact for every safe integer. */
export function ceilLog2(x: number): number {
  let k = 0;
  for (let power = 1; power < x; power *= 2) k++;
  return k;
}

export function log2(operand: IndexExpr): IndexExpr {
  const a = value(operand);
  if (a !== undefined) return integer(ceilLog2(a));
  return intern(`log2 ${id(operand)}`, () => ({ kind: "log2", operand }));
}

export function pow2(operand: IndexExpr): IndexExpr {
  const a = value(operand);
  if (a !== undefined && a >= 0 && a <= 52) return integer(2 ** a);
  return intern(`pow2 ${id(operand)}`, () => ({ kind: "pow2", operand }));
}

/** The constructor of each binary index operator. */
export const indexOperators: Readonly<Record<IndexOp, (left: IndexExpr, right: IndexExpr) => IndexExpr>> = {
  add,
  sub,
  mul,
  div,
  mod,
  min,
  max,
};

// Conditions

export const compare = (op: Comparison["op"], left: IndexExpr, right: IndexExpr): Comparison => ({
  op,
  left,
  right,
});
/** Holds everywhere. */
export const always: Condition = [[]];
/** Holds nowhere. */
export const never: Condition = [];

// Types

export const bit: ElementType = { kind: "bit" };
export const int: ElementType = { kind: "int" };
export const real: ElementType = { kind: "real" };
export const indexType = (bound: IndexExpr): ElementType => ({ kind: "index", bound });
export const vectorType = (width: 2 | 3 | 4): ElementType => ({ kind: "vector", width });
export const enumType = (name: string, cases: readonly string[]): ElementType => ({
  kind: "enum",
  name,
  cases,
});

/** A text that is equal exactly for equal types. */
export function typeKey(type: ElementType): string {
  switch (type.kind) {
    case "bit":
    case "int":
    case "real":
      return type.kind;
    case "vector":
      return `vec${type.width}`;
    case "index":
      return `index ${id(type.bound)}`;
    case "enum":
      return `enum ${type.name} ${type.cases.join(",")}`;
  }
}

/** Never has no alternatives and always one of nothing: their texts must differ. */
const conditionKey = (condition: Condition): string =>
  condition.length === 0
    ? "never"
    : condition.map((all) => all.map((c) => `${id(c.left)}${c.op}${id(c.right)}`).join("&")).join("|");
const dimsKey = (dims: readonly Dim[]): string =>
  dims.map((d) => `${d.index}:${id(d.lo)}..${id(d.hi)}`).join(",");

// Values

/** Reals are rounded to binary32; −0 and +0 are different constants. */
export function constant(type: ElementType, given: number): Expr {
  const rounded = type.kind === "real" ? Math.fround(given) : given;
  const text = Object.is(rounded, -0) ? "-0" : String(rounded);
  return intern(`constant ${typeKey(type)} ${text}`, () => ({ kind: "constant", type, value: rounded }));
}

export const indexValue = (given: IndexExpr): Expr =>
  intern(`index-value ${id(given)}`, () => ({ kind: "index-value", value: given }));

const subscriptKey = (s: Subscript): string =>
  s.kind === "static" ? `${id(s.value)}` : `?${id(s.value)}:${id(s.lo)}..${id(s.hi)}`;

/** The first origin given for a read stays with it. */
export const read = (family: string, at: readonly Subscript[], type: ElementType, origin?: Origin): Read =>
  intern(`read ${family} [${at.map(subscriptKey).join(",")}] ${typeKey(type)}`, () => ({
    kind: "read",
    family,
    at,
    type,
    origin,
  }));

export const apply = (op: Operator, args: readonly Expr[], type: ElementType, origin?: Origin): Expr =>
  intern(`apply ${op} ${args.map(id).join(",")} ${typeKey(type)}`, () => ({
    kind: "apply",
    op,
    args,
    type,
    origin,
  }));

export const select = (condition: Expr, then: Expr, otherwise: Expr, type: ElementType): Expr =>
  intern(`select ${id(condition)} ${id(then)} ${id(otherwise)} ${typeKey(type)}`, () => ({
    kind: "select",
    condition,
    then,
    otherwise,
    type,
  }));

export function choose(
  cases: readonly { readonly guard: Condition; readonly value: Expr }[],
  type: ElementType,
): Expr {
  const key = cases.map((c) => `${conditionKey(c.guard)}?${id(c.value)}`).join(";");
  return intern(`choose ${key} ${typeKey(type)}`, () => ({ kind: "choose", cases, type }));
}

export const lookup = (
  args: readonly Expr[],
  radix: readonly number[],
  entries: readonly number[],
  type: ElementType,
): Expr =>
  intern(`table ${args.map(id).join(",")} ${radix.join(",")} ${entries.join(",")} ${typeKey(type)}`, () => ({
    kind: "table",
    args,
    radix,
    entries,
    type,
  }));

export function reduce(
  op: ReduceOp,
  dims: readonly Dim[],
  body: Expr,
  type: ElementType,
  options: {
    readonly filter?: Condition;
    readonly dataFilter?: Expr | undefined;
    readonly origin?: Origin | undefined;
  } = {},
): Reduce {
  const { filter = always, dataFilter, origin } = options;
  const key = `reduce ${op} ${dimsKey(dims)} ${conditionKey(filter)} ${dataFilter === undefined ? "" : id(dataFilter)} ${id(body)} ${typeKey(type)}`;
  return intern(key, () => ({ kind: "reduce", op, dims, filter, dataFilter, body, type, origin }));
}

/** Monoids are equal where their operations are, whatever they are called. */
export const monoidKey = (m: Monoid): string =>
  `${m.types.map(typeKey).join(",")} ${m.identity.map(id).join(",")} ${m.combine.map(id).join(",")}`;

/** What all components of one fold share. */
export const foldKey = ({
  monoid,
  dims,
  filter,
  dataFilter,
  bodies,
}: Pick<Fold, "monoid" | "dims" | "filter" | "dataFilter" | "bodies">): string =>
  `${monoidKey(monoid)} ${dimsKey(dims)} ${conditionKey(filter)} ${dataFilter === undefined ? "" : id(dataFilter)} ${bodies.map(id).join(",")}`;

export function fold(
  monoid: Monoid,
  dims: readonly Dim[],
  bodies: readonly Expr[],
  position: number,
  options: {
    readonly filter?: Condition;
    readonly dataFilter?: Expr | undefined;
    readonly origin?: Origin | undefined;
  } = {},
): Fold {
  const { filter = always, dataFilter, origin } = options;
  const type = monoid.types[position]!;
  const key = `fold ${foldKey({ monoid, dims, filter, dataFilter, bodies })} ${position}`;
  return intern(key, () => ({
    kind: "fold",
    monoid,
    dims,
    filter,
    dataFilter,
    bodies,
    position,
    type,
    origin,
  }));
}

export const operand = (side: "left" | "right", position: number, type: ElementType): Expr =>
  intern(`operand ${side} ${position} ${typeKey(type)}`, () => ({ kind: "operand", side, position, type }));

export const vector = (components: readonly Expr[]): Expr =>
  intern(`vector ${components.map(id).join(",")}`, () => ({ kind: "vector", components }));

export const component = (of: Expr, position: number): Expr =>
  intern(`component ${id(of)} ${position}`, () => ({ kind: "component", of, position }));

/** The type of a value. */
export function typeOf(expr: Expr): ElementType {
  switch (expr.kind) {
    case "index-value":
      return int;
    case "vector":
      return vectorType(expr.components.length as 2 | 3 | 4);
    case "component":
      return real;
    case "constant":
    case "read":
    case "apply":
    case "select":
    case "choose":
    case "table":
    case "reduce":
    case "fold":
    case "operand":
      return expr.type;
  }
}

/** The expressions a node is made of; those in data-dependent subscripts and filters too. A monoid's own are not. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "constant":
    case "index-value":
    case "operand":
      return [];
    case "read":
      return expr.at.flatMap((s) => (s.kind === "dynamic" ? [s.value] : []));
    case "apply":
    case "table":
      return expr.args;
    case "select":
      return [expr.condition, expr.then, expr.otherwise];
    case "choose":
      return expr.cases.map((c) => c.value);
    case "reduce":
      return expr.dataFilter === undefined ? [expr.body] : [expr.body, expr.dataFilter];
    case "fold":
      return expr.dataFilter === undefined ? expr.bodies : [...expr.bodies, expr.dataFilter];
    case "vector":
      return expr.components;
    case "component":
      return [expr.of];
  }
}

/** Every expression below and including one, each once; ends early where `visit` gives true, and is then true. */
export function someExpr(root: Expr, visit: (e: Expr) => boolean): boolean {
  const seen = new Set<Expr>();
  const open = [root];
  for (let e = open.pop(); e !== undefined; e = open.pop()) {
    if (seen.has(e)) continue;
    seen.add(e);
    if (visit(e)) return true;
    open.push(...childrenOf(e));
  }
  return false;
}
