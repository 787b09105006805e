/**
 * How fast a closed form can grow with the length N of the input: an upper bound, never an exact order.
 *
 * The convention (catalogue 0.2): sizes are unary and grow together, each polynomial in N, unless `where` says less of
 * one (`k <= log2(n)`, `2^L <= n`) or an input family is so large that the size is small beside it (`x[i: 0..2^L]`).
 * `const` parameters do not grow.
 */
import { isAlways } from "../equations/conditions";
import type { Comparison, Dim, Family, IndexExpr, System } from "../equations/system";
import {
  type ClosedForm,
  closed,
  fromIndexExpr,
  monomialsOf,
  NotClosed,
  printClosedForm,
} from "../symbolic/closed-form";
import { signOf } from "../symbolic/rational";

export type Order =
  /** O(log^degree N); degree 0 is O(1). */
  | { readonly kind: "polylog"; readonly degree: number }
  | { readonly kind: "polynomial" }
  /** Not known to be below every polynomial; the factor that does it. */
  | { readonly kind: "beyond"; readonly factor: string };

export const constantOrder: Order = { kind: "polylog", degree: 0 };
const logarithmic: Order = { kind: "polylog", degree: 1 };
const polynomial: Order = { kind: "polynomial" };

const rank = (o: Order): number => (o.kind === "polylog" ? o.degree : o.kind === "polynomial" ? 1e6 : 1e9);
export const larger = (a: Order, b: Order): Order => (rank(a) >= rank(b) ? a : b);
const smaller = (a: Order, b: Order): Order => (rank(a) <= rank(b) ? a : b);
export const product = (a: Order, b: Order): Order =>
  a.kind === "polylog" && b.kind === "polylog"
    ? { kind: "polylog", degree: a.degree + b.degree }
    : larger(a, b);

export interface Orders {
  readonly of: (form: ClosedForm) => Order;
  /** How many points these dimensions have at most; bounds may mention indices of `outer` dimensions. */
  readonly ofPoints: (dims: readonly Dim[], outer?: readonly Dim[]) => Order;
  readonly ofIndex: (e: IndexExpr, outer?: readonly Dim[]) => Order;
  /** Sizes that grow: `where n <= 10` lets none. */
  readonly growing: readonly string[];
}

export function ordersOf(system: System): Orders {
  const kinds = new Map(system.sizes.map((s) => [s.name, s.kind]));
  const settled = new Map<string, Order>();
  const inputs = system.families.filter(
    (f) => f.role === "input" || f.role === "param" || f.role === "random",
  );

  /** Sizes that `where` says are not 0. */
  const present = new Set(
    system.sizes.flatMap(({ name }) => {
      const says = (c: Comparison) =>
        c.right.kind === "size" &&
        c.right.name === name &&
        c.left.kind === "integer" &&
        (c.op === "<=" ? c.left.value >= 1 : c.op === "<" && c.left.value >= 0);
      return system.constraints.length > 0 && system.constraints.every((all) => all.some(says)) ? [name] : [];
    }),
  );

  const sizeOrder = (name: string, busy: ReadonlySet<string>): Order => {
    if (kinds.get(name) !== "size") return constantOrder;
    const known = settled.get(name);
    if (known !== undefined) return known;
    // A bound that leads back to the size itself is none.
    if (busy.has(name)) return polynomial;
    const inside = new Set([...busy, name]);
    let found: Order = inputs.some((f) => holdsPower(f, name, present)) ? logarithmic : polynomial;
    if (!isAlways(system.constraints) && system.constraints.length > 0) {
      const bounds = system.constraints.map((all) =>
        all.reduce<Order>((least, c) => {
          const sides: [IndexExpr, IndexExpr][] =
            c.op === "!="
              ? []
              : [[c.left, c.right], ...(c.op === "==" ? [[c.right, c.left] as [IndexExpr, IndexExpr]] : [])];
          return sides.reduce((l, [below, above]) => smaller(l, bound(name, below, above, inside)), least);
        }, polynomial),
      );
      found = smaller(found, bounds.reduce(larger));
    }
    if (busy.size === 0) settled.set(name, found);
    return found;
  };

  /** What `below <= above` says of the size, where `below` is at least the size, or 2 to it. */
  const bound = (name: string, below: IndexExpr, above: IndexExpr, busy: ReadonlySet<string>): Order => {
    const of = () => order(form(above), new Map(), busy);
    if (atLeast(below, name)) return of();
    if (below.kind !== "pow2" || !atLeast(below.operand, name)) return polynomial;
    const power = of();
    return power.kind === "beyond" ? polynomial : smaller(power, logarithmic);
  };

  /** A bound of the value where it is positive; with `signed`, of its absolute value. */
  function order(
    f: ClosedForm,
    indices: ReadonlyMap<string, Order>,
    busy: ReadonlySet<string>,
    signed = false,
  ): Order {
    const go = (g: ClosedForm): Order => order(g, indices, busy, signed);
    const size = (g: ClosedForm): Order => order(g, indices, busy, true);
    switch (f.kind) {
      case "constant":
        return constantOrder;
      case "size":
        return sizeOrder(f.name, busy);
      case "index":
        return indices.get(f.name) ?? polynomial;
      case "add":
      case "mul":
        // What is subtracted only helps, where it is surely not negative.
        return monomialsOf(f)
          .filter((m) => signed || signOf(m.coefficient) > 0 || !m.factors.every(natural))
          .map((m) => m.factors.map(size).reduce(product, constantOrder))
          .reduce(larger, constantOrder);
      case "floor":
        return go(f.of);
      case "mod":
        return natural(f.of) ? smaller(go(f.of), size(f.by)) : size(f.by);
      case "min":
        return f.of.map(go).reduce(signed ? larger : smaller);
      case "max":
        return f.of.map(go).reduce(larger);
      case "log2":
      case "floor-log2":
        return logarithm(f.of, (g) => order(g, indices, busy));
      case "pow2": {
        const exponent = order(f.of, indices, busy);
        if (exponent.kind !== "polylog" || exponent.degree > 1)
          return { kind: "beyond", factor: printClosedForm(f) };
        return exponent.degree === 0 ? constantOrder : polynomial;
      }
      case "sum": {
        const points = [size(f.hi), size(f.lo)].reduce(larger, constantOrder);
        return product(points, order(f.body, new Map(indices).set(f.index, points), busy, signed));
      }
      case "cases":
        return f.cases.map((c) => go(c.value)).reduce(larger);
    }
  }

  const nobody: ReadonlySet<string> = new Set();
  /** A bound of the absolute value of an index. */
  const inside = (d: Dim, indices: ReadonlyMap<string, Order>): Order =>
    larger(order(form(d.lo), indices, nobody, true), order(form(d.hi), indices, nobody, true));
  const withIndices = (outer: readonly Dim[]): Map<string, Order> => {
    const indices = new Map<string, Order>();
    for (const d of outer) indices.set(d.index, inside(d, indices));
    return indices;
  };
  return {
    of: (f) => order(f, new Map(), nobody),
    ofIndex: (e, outer = []) => order(form(e), withIndices(outer), nobody),
    ofPoints: (dims, outer = []) => {
      const indices = withIndices(outer);
      let points: Order = constantOrder;
      for (const d of dims) {
        points = product(points, order(closed.sub(form(d.hi), form(d.lo)), indices, nobody));
        indices.set(d.index, inside(d, indices));
      }
      return points;
    },
    growing: system.sizes
      .map((s) => s.name)
      .filter((name) => {
        const o = sizeOrder(name, nobody);
        return o.kind !== "polylog" || o.degree > 0;
      }),
  };
}

/** A quotient that is no closed form counts as the absolute value of its numerator, which is no smaller. */
function form(e: IndexExpr): ClosedForm {
  try {
    return fromIndexExpr(e);
  } catch (error) {
    if (!(error instanceof NotClosed)) throw error;
  }
  switch (e.kind) {
    case "log2":
      return closed.log2(form(e.operand));
    case "pow2":
      return closed.pow2(form(e.operand));
    case "integer":
    case "size":
    case "index":
      return fromIndexExpr(e);
    default: {
      const [a, b] = [form(e.left), form(e.right)];
      if (e.kind !== "div") return closed[e.kind](a, b);
      return natural(a) ? a : closed.max(a, closed.sub(closed.constant(0), a));
    }
  }
}

/** Surely not negative. */
function natural(f: ClosedForm): boolean {
  switch (f.kind) {
    case "constant":
      return signOf(f.value) >= 0;
    case "size":
    case "log2":
    case "floor-log2":
    case "pow2":
      return true;
    case "add":
    case "mul":
      return monomialsOf(f).every((m) => signOf(m.coefficient) > 0 && m.factors.every(natural));
    case "min":
      return f.of.every(natural);
    case "max":
      return f.of.some(natural);
    case "mod":
      return natural(f.by);
    case "floor":
      return natural(f.of);
    default:
      return false;
  }
}

/** log2 of a sum is about that of its largest term; of a product, the sum of theirs. */
function logarithm(of: ClosedForm, go: (f: ClosedForm) => Order): Order {
  const whole = go(of);
  if (whole.kind === "polylog" && whole.degree === 0) return constantOrder;
  if (whole.kind !== "beyond") return logarithmic;
  return monomialsOf(of)
    .map((m) =>
      m.factors.map((f) => (f.kind === "pow2" ? go(f.of) : logarithm(f, go))).reduce(larger, constantOrder),
    )
    .reduce(larger, constantOrder);
}

/** Certainly no less than the size: the size itself, with something natural added or as a factor. */
function atLeast(e: IndexExpr, name: string): boolean {
  switch (e.kind) {
    case "size":
      return e.name === name;
    case "add":
      return (
        (atLeast(e.left, name) && naturalIndex(e.right)) || (atLeast(e.right, name) && naturalIndex(e.left))
      );
    case "mul":
      return (atLeast(e.left, name) && positive(e.right)) || (atLeast(e.right, name) && positive(e.left));
    case "max":
      return atLeast(e.left, name) || atLeast(e.right, name);
    default:
      return false;
  }
}
const naturalIndex = (e: IndexExpr): boolean =>
  e.kind === "size" || e.kind === "log2" || e.kind === "pow2" || (e.kind === "integer" && e.value >= 0);
const positive = (e: IndexExpr): boolean =>
  e.kind === "pow2" ||
  (e.kind === "integer" && e.value >= 1) ||
  (e.kind === "add" &&
    ((positive(e.left) && naturalIndex(e.right)) || (positive(e.right) && naturalIndex(e.left))));

/** One extent of an input is at least about 2^size and no other can be empty: the input is as long as that. */
function holdsPower(f: Family, name: string, present: ReadonlySet<string>): boolean {
  const some = (e: IndexExpr): boolean => positive(e) || (e.kind === "size" && present.has(e.name));
  const isPower = (d: Dim) => d.lo.kind === "integer" && reachesPower(d.hi, name, some);
  const full = (d: Dim) => d.lo.kind === "integer" && d.lo.value === 0 && some(d.hi);
  return f.dims.some((d) => isPower(d)) && f.dims.every((d) => isPower(d) || full(d));
}

/** At least a constant part of 2^size, less a constant: `2^L + 1`, `3 * 2^(L - 1)`, `2^L - 1`. `some`: surely not 0. */
function reachesPower(e: IndexExpr, name: string, some: (e: IndexExpr) => boolean): boolean {
  const go = (x: IndexExpr) => reachesPower(x, name, some);
  const constant = (x: IndexExpr) => x.kind === "integer";
  const either = (a: IndexExpr, b: IndexExpr, other: (x: IndexExpr) => boolean) =>
    (go(a) && other(b)) || (go(b) && other(a));
  switch (e.kind) {
    case "pow2": {
      const { operand } = e;
      return atLeast(operand.kind === "sub" && constant(operand.right) ? operand.left : operand, name);
    }
    case "add":
      return either(e.left, e.right, (x) => naturalIndex(x) || constant(x));
    case "sub":
      return go(e.left) && constant(e.right);
    case "mul":
      return either(e.left, e.right, some);
    case "div":
      return go(e.left) && e.right.kind === "integer" && e.right.value >= 1;
    case "max":
      return go(e.left) || go(e.right);
    default:
      return false;
  }
}

/** The number of values of the input families and of unary sizes, as a form to print. */
export function inputLength(system: System): ClosedForm {
  const families = system.families.filter(
    (f) => f.role === "input" || f.role === "param" || f.role === "random",
  );
  return closed.add(...families.map((f) => countForm(f.dims)));
}

function countForm(dims: readonly Dim[]): ClosedForm {
  const [first, ...rest] = dims;
  if (first === undefined) return closed.constant(1);
  const body = countForm(rest);
  const [lo, hi] = [form(first.lo), form(first.hi)];
  return mentions(body, first.index)
    ? closed.sum(first.index, lo, hi, body)
    : closed.mul(closed.sub(hi, lo), body);
}

function mentions(f: ClosedForm, index: string): boolean {
  switch (f.kind) {
    case "constant":
    case "size":
      return false;
    case "index":
      return f.name === index;
    case "add":
      return f.terms.some((t) => mentions(t, index));
    case "mul":
      return f.factors.some((t) => mentions(t, index));
    case "min":
    case "max":
      return f.of.some((t) => mentions(t, index));
    case "mod":
      return mentions(f.of, index) || mentions(f.by, index);
    case "sum":
      return [f.lo, f.hi, f.body].some((t) => mentions(t, index));
    case "cases":
      return f.cases.some((c) => mentions(c.value, index));
    default:
      return mentions(f.of, index);
  }
}
