/**
 * In which class one layer of instances lies: an equation is a constant-depth circuit of these gates (catalogue section
 * B). `int`, `real` and `index(n)` are words of O(log N) bits; `bit`, enums and `index(5)` are O(1) bits.
 */
import { childrenOf, typeOf } from "../equations/build";
import type { Dim, ElementType, Expr, Family, Fold, Origin, Reduce } from "../equations/system";
import { AC, ACmod, type CircuitClass, join, layers, NC, printClass, TC } from "./classes";
import type { Orders } from "./order";

export interface Gate {
  /** `sum of reals`, `choice by data`. */
  readonly what: string;
  readonly class: CircuitClass;
  /** Bit for bit as the language rounds; the same where nothing is rounded. */
  readonly exactClass: CircuitClass;
  /** Catalogue entry. */
  readonly entry: string;
  readonly origin?: Origin | undefined;
}

const gate = (
  what: string,
  of: CircuitClass,
  entry: string,
  origin?: Origin | undefined,
  exactClass = of,
): Gate => ({ what, class: of, exactClass, entry, origin });

/** Gates beyond wires and fixed tables of one family's equations, each kind once. */
export const gatesOf = (family: Family, orders: Orders): Gate[] =>
  gatesIn(
    family.pieces.map((p) => p.value),
    family.dims,
    orders,
  );

/** Gates of expressions that stand inside these dimensions. */
function gatesIn(roots: readonly Expr[], outer: readonly Dim[], orders: Orders): Gate[] {
  const found = new Map<string, Gate>();
  const seen = new Set<Expr>();
  const add = (g: Gate): void => {
    const key = `${g.what} ${printClass(g.class)}`;
    if (!found.has(key)) found.set(key, g);
  };
  const walk = (e: Expr, inner: readonly Dim[]): void => {
    if (seen.has(e)) return;
    seen.add(e);
    const go = (x: Expr) => walk(x, inner);
    switch (e.kind) {
      case "read":
        for (const s of e.at) {
          if (s.kind !== "dynamic") continue;
          go(s.value);
          const dims = [...outer, ...inner];
          const constant = isConstant(orders.ofPoints([{ index: "", lo: s.lo, hi: s.hi }], dims));
          add(gate("choice by data", constant ? NC(0) : AC(0), "B.6", e.origin));
        }
        return;
      case "apply": {
        e.args.forEach(go);
        const bits = e.args.every((a) => hasConstantBits(a, orders));
        const what = e.type.kind === "real" || e.type.kind === "vector" ? `${e.op} of reals` : e.op;
        add(gate(bits ? `${e.op} of bits` : what, bits ? NC(0) : AC(0), bits ? "B.2" : "B.1", e.origin));
        return;
      }
      case "select":
        [e.condition, e.then, e.otherwise].forEach(go);
        add(gate("multiplexer", NC(0), "B.6"));
        return;
      case "choose":
        for (const c of e.cases) go(c.value);
        return;
      case "table":
        e.args.forEach(go);
        add(gate("fixed table", e.args.every((a) => hasConstantBits(a, orders)) ? NC(0) : AC(0), "B.1"));
        return;
      case "reduce":
        walk(e.body, [...inner, ...e.dims]);
        if (e.dataFilter !== undefined) walk(e.dataFilter, [...inner, ...e.dims]);
        add(reduction(e, [...outer, ...inner], orders));
        return;
      case "fold":
        for (const b of e.bodies) walk(b, [...inner, ...e.dims]);
        if (e.dataFilter !== undefined) walk(e.dataFilter, [...inner, ...e.dims]);
        add(foldGate(e, [...outer, ...inner], orders));
        return;
      default:
        childrenOf(e).forEach(go);
    }
  };
  for (const root of roots) walk(root, []);
  return [...found.values()];
}

const isConstant = (o: ReturnType<Orders["ofPoints"]>): boolean => o.kind === "polylog" && o.degree === 0;

/** A reduction over k operands (B.7–B.11, B.20). Over constantly many it is an operator like any other. */
function reduction(e: Reduce, outer: readonly Dim[], orders: Orders): Gate {
  const points = orders.ofPoints(e.dims, outer);
  const type = typeOf(e.body);
  const reals = type.kind === "real" || type.kind === "vector";
  const what = `${e.op} of ${reals ? "reals" : type.kind === "bit" ? "bits" : "words"}`;
  const few = points.kind === "polylog";
  if (isConstant(points)) {
    const bits = hasConstantBits(e.body, orders);
    return gate(`${what}, constantly many`, bits ? NC(0) : AC(0), bits ? "B.2" : "B.1", e.origin);
  }
  const size = few ? ", polylogarithmically many" : "";
  switch (e.op) {
    case "any":
    case "all":
    case "min":
    case "max":
    case "argmin":
    case "argmax":
      return gate(what, AC(0), "B.7", e.origin);
    case "parity":
      return few ? gate(what + size, AC(0), "B.11", e.origin) : gate(what, ACmod(2), "B.8", e.origin);
    case "majority":
    case "count":
      return few ? gate(what + size, AC(0), "B.11", e.origin) : gate(what, TC(0), "B.9", e.origin);
    case "sum":
      // Rounded at every node of the canonical tree it is another function (B.20 e).
      if (reals) return gate(what + size, few ? AC(0) : TC(0), "B.20", e.origin, AC(1));
      return few ? gate(what + size, AC(0), "B.11", e.origin) : gate(what, TC(0), "B.9", e.origin);
    case "product":
      return reals ? gate(what, TC(0), "B.10", e.origin, AC(1)) : gate(what, TC(0), "B.10", e.origin);
  }
}

/** A balanced tree over a declared monoid: as many layers of its operation as the tree is deep (C.2). */
function foldGate(e: Fold, outer: readonly Dim[], orders: Orders): Gate {
  const points = orders.ofPoints(e.dims, outer);
  const what = `a balanced tree of ${e.monoid.name}`;
  const combine = gatesIn(e.monoid.combine, [], orders);
  const deep = isConstant(points) ? 0 : 1;
  const of = (exact: boolean) => layers(layerClass(combine, exact), deep);
  return gate(what, of(false), deep === 0 ? "C.1" : "C.2", e.origin, of(true));
}

/** Values that O(1) bits hold: not a word. */
const constantBits = (type: ElementType, orders: Orders): boolean =>
  type.kind === "bit" ||
  type.kind === "enum" ||
  (type.kind === "index" && isConstant(orders.ofIndex(type.bound)));

/** Counts of constantly many bits and arithmetic on them stay small, though their type is `int`. */
function hasConstantBits(e: Expr, orders: Orders): boolean {
  const small = (x: Expr): boolean => hasConstantBits(x, orders);
  switch (e.kind) {
    case "constant":
      return true;
    case "operand":
      return constantBits(e.type, orders);
    case "index-value":
      return isConstant(orders.ofIndex(e.value));
    case "read":
      return constantBits(e.type, orders);
    case "table":
      return true;
    case "select":
      return small(e.then) && small(e.otherwise);
    case "choose":
      return e.cases.every((c) => small(c.value));
    case "apply":
      return constantBits(e.type, orders) || (e.type.kind === "int" && e.args.every(small));
    case "reduce":
      if (constantBits(typeOf(e), orders)) return true;
      return e.type.kind === "int" && small(e.body) && isConstant(orders.ofPoints(e.dims));
    case "fold":
      return constantBits(e.type, orders);
    default:
      return false;
  }
}

/** The class of one layer: its gates composed (C.1). */
export const layerClass = (gates: readonly Gate[], exact: boolean): CircuitClass =>
  gates.map((g) => (exact ? g.exactClass : g.class)).reduce(join, NC(0));
