/**
 * Formal degree over commutative semirings (Valiant, Skyum, Berkowitz and Rackoff, 1983; catalogue 0.6). A node of an
 * arithmetic circuit has the degree of the polynomial it computes: a leaf counts 1, constants too, a sum the larger, a product the
 * sum of both. A circuit of polynomial size and polynomial degree can be balanced to O(log n) depth of semiring operations; most dynamic
 * programming is of this kind.
 *
 * Leaves are whatever does not read the component. The degree is bounded here by a form in the indices that is checked against
 * every product by `least`: a bound found is proved, none found says nothing.
 */
import { add, index, integer, max, mul, someExpr, sub, typeOf } from "../equations/build";
import type { Condition, Dim, Expr, Family, IndexExpr, Read, ReduceOp, System } from "../equations/system";
import {
  type Affine,
  affine,
  combine,
  knownFacts,
  knownOtherwise,
  least,
  toAffine,
} from "../symbolic/affine";

export type SemiringName =
  /** (or, and) */
  | "boolean"
  /** (xor, and): `not` and `or` too, as polynomials. */
  | "gf2"
  /** (+, ×) modulo 2^32 */
  | "int"
  /** (+, ×), before rounding */
  | "real"
  | "min-plus"
  | "max-plus"
  /** (max, min) */
  | "lattice";

export interface SemiringForm {
  readonly semiring: SemiringName;
  /**
   * `linear`: every product has at most one factor from the component, so the degree is at most the length of a chain of reads
   * times `leaves`, and one; data outside the component may choose which. `form`: an upper bound of the degree in the indices of each family.
   */
  readonly degree:
    | { readonly kind: "linear"; readonly leaves: number }
    | { readonly kind: "form"; readonly of: ReadonlyMap<string, IndexExpr> };
}

/** A product: the reads of the component that are its factors, how many leaves, and what holds where it stands. */
interface Product {
  readonly reads: readonly Read[];
  readonly leaves: number;
  readonly facts: readonly Affine[];
  readonly ranges: readonly Dim[];
}

interface Meaning {
  readonly name: SemiringName;
  readonly plus: readonly string[];
  readonly times: readonly string[];
  readonly sum: readonly ReduceOp[];
  /** Operators that are polynomials of degree one in each operand: `or` is a + b + ab. */
  readonly both: readonly string[];
  readonly invert: readonly string[];
}

const none: readonly never[] = [];
const meanings: Readonly<Record<"bit" | "int" | "real", readonly Meaning[]>> = {
  bit: [
    {
      name: "boolean",
      plus: ["or", "max"],
      times: ["and", "min"],
      sum: ["any", "max"],
      both: none,
      invert: none,
    },
    {
      name: "gf2",
      plus: ["xor", "ne", "eq"],
      times: ["and"],
      sum: ["parity"],
      both: ["or"],
      invert: ["not"],
    },
  ],
  int: [
    { name: "int", plus: ["add"], times: ["mul"], sum: ["sum"], both: none, invert: ["neg"] },
    { name: "min-plus", plus: ["min"], times: ["add"], sum: ["min"], both: none, invert: none },
    { name: "max-plus", plus: ["max"], times: ["add"], sum: ["max"], both: none, invert: none },
    { name: "lattice", plus: ["max"], times: ["min"], sum: ["max"], both: none, invert: none },
  ],
  real: [
    { name: "real", plus: ["add"], times: ["mul"], sum: ["sum"], both: none, invert: ["neg"] },
    { name: "min-plus", plus: ["min"], times: ["add"], sum: ["min"], both: none, invert: none },
    { name: "max-plus", plus: ["max"], times: ["add"], sum: ["max"], both: none, invert: none },
    { name: "lattice", plus: ["max"], times: ["min"], sum: ["max"], both: none, invert: none },
  ],
};

/** Products of one equation that are looked at. */
const PRODUCTS = 200;

/** The component as an arithmetic circuit over a commutative semiring, with a bound of its degree; undefined where none is found. */
export function semiringForm(system: System, component: readonly string[]): SemiringForm | undefined {
  const families = component.map((name) => system.families.find((f) => f.name === name)!);
  const kinds = new Set(families.map((f) => (f.type.kind === "index" ? "int" : f.type.kind)));
  const [kind] = kinds;
  if (kinds.size !== 1 || (kind !== "bit" && kind !== "int" && kind !== "real")) return undefined;
  for (const meaning of meanings[kind]) {
    const products = new Map<Family, readonly Product[]>();
    for (const f of families) {
      const found = productsOf(f, component, meaning, system.constraints);
      if (found !== undefined) products.set(f, found);
    }
    if (products.size < families.length) continue;
    const all = [...products.values()].flat();
    if (all.every((p) => p.reads.length <= 1)) {
      const leaves = Math.max(0, ...all.map((p) => p.leaves));
      return { semiring: meaning.name, degree: { kind: "linear", leaves } };
    }
    // Data that chooses the wire makes another circuit each time: a degree is not read off the text.
    if (all.some((p) => p.reads.some((r) => r.at.some((s) => s.kind === "dynamic")))) continue;
    const of = degreeForm(families, products);
    if (of !== undefined) return { semiring: meaning.name, degree: { kind: "form", of } };
  }
  return undefined;
}

/** The products that an equation sums; undefined where it is no arithmetic in the semiring. */
function productsOf(
  family: Family,
  component: readonly string[],
  meaning: Meaning,
  constraints: Condition,
): readonly Product[] | undefined {
  const reads = (e: Expr): boolean => someExpr(e, (x) => x.kind === "read" && component.includes(x.family));
  const products: Product[] = [];
  let before: readonly Affine[] = knownFacts(constraints, family.dims);
  for (const piece of family.pieces) {
    const facts = [...before, ...knownFacts(piece.guard, family.dims)];
    const found = expand(piece.value, { facts, ranges: family.dims });
    if (found === undefined) return undefined;
    products.push(...found);
    before = [...before, ...knownOtherwise(piece.guard, family.dims)];
  }
  return products;

  function expand(
    e: Expr,
    at: { readonly facts: readonly Affine[]; readonly ranges: readonly Dim[] },
  ): readonly Product[] | undefined {
    const leaf: Product = { reads: [], leaves: 1, ...at };
    if (!reads(e)) return [leaf];
    const go = (x: Expr) => expand(x, at);
    const union = (xs: readonly (readonly Product[] | undefined)[]): readonly Product[] | undefined => {
      const present = xs.flatMap((x) => (x === undefined ? [] : [x]));
      const flat = present.flat();
      return present.length < xs.length || flat.length > PRODUCTS ? undefined : flat;
    };
    const product = (
      a: readonly Product[] | undefined,
      b: readonly Product[] | undefined,
    ): readonly Product[] | undefined =>
      a === undefined || b === undefined || a.length * b.length > PRODUCTS
        ? undefined
        : a.flatMap((x) =>
            b.map((y) => ({
              reads: [...x.reads, ...y.reads],
              leaves: x.leaves + y.leaves,
              facts: [...x.facts, ...y.facts],
              ranges: [...x.ranges, ...y.ranges.filter((d) => !x.ranges.includes(d))],
            })),
          );
    switch (e.kind) {
      case "read":
        return e.at.some((s) => s.kind === "dynamic" && reads(s.value))
          ? undefined
          : [{ reads: [e], leaves: 0, ...at }];
      case "apply": {
        if (typeOf(e).kind === "bit" && e.args.some((a) => typeOf(a).kind !== "bit")) return undefined;
        if (meaning.plus.includes(e.op))
          return union([...e.args.map(go), ...(e.op === "eq" ? [[leaf]] : [])]);
        if (meaning.times.includes(e.op) && e.args.length === 2)
          return product(go(e.args[0]!), go(e.args[1]!));
        // x - y is x + (−1)·y in a ring; x - c in (min,+) is x + (−c).
        if (e.op === "sub" && meaning.plus.includes("add"))
          return union([go(e.args[0]!), product(go(e.args[1]!), [leaf])]);
        if (e.op === "sub" && meaning.times.includes("add"))
          return reads(e.args[1]!) ? undefined : product(go(e.args[0]!), [leaf]);
        if (meaning.both.includes(e.op)) {
          const [a, b] = [go(e.args[0]!), go(e.args[1]!)];
          return union([a, b, product(a, b)]);
        }
        if (meaning.invert.includes(e.op)) return union([product(go(e.args[0]!), [leaf]), [leaf]]);
        return undefined;
      }
      case "select":
        // A choice that does not read the component: c·a + (1 − c)·b, with c and 1 − c leaves.
        if (!reads(e.condition)) return product(union([go(e.then), go(e.otherwise)]), [leaf]);
        if (meaning.name !== "gf2") return undefined;
        return union([product(go(e.condition), union([go(e.then), go(e.otherwise)])), go(e.otherwise)]);
      case "choose": {
        let failed: readonly Affine[] = at.facts;
        return union(
          e.cases.map((c) => {
            const found = expand(c.value, { ...at, facts: [...failed, ...knownFacts(c.guard, at.ranges)] });
            failed = [...failed, ...knownOtherwise(c.guard, at.ranges)];
            return found;
          }),
        );
      }
      case "reduce": {
        if (!meaning.sum.includes(e.op)) return undefined;
        if (e.dataFilter !== undefined && reads(e.dataFilter)) return undefined;
        const ranges = [...at.ranges, ...e.dims];
        const body = expand(e.body, { ranges, facts: [...at.facts, ...knownFacts(e.filter, ranges)] });
        return e.dataFilter === undefined ? body : product(body, [leaf]);
      }
      default:
        return undefined;
    }
  }
}

/** A form d of each family with max(1, d(i)) at least the sum of its factors' in every product, leaves counting 1. */
function degreeForm(
  families: readonly Family[],
  products: ReadonlyMap<Family, readonly Product[]>,
): ReadonlyMap<string, IndexExpr> | undefined {
  const ranks = new Set(families.map((f) => f.dims.length));
  if (ranks.size !== 1 || [...ranks][0]! > 3) return undefined;
  const rank = [...ranks][0]!;
  let slopes: number[][] = [[]];
  for (let k = 0; k < rank; k++) slopes = slopes.flatMap((s) => [1, 0, -1].map((x) => [...s, x]));
  for (const scale of [1, 2, 3, 4])
    for (const slope of slopes)
      for (const constant of [1, 2, 3, 0, -1, -2]) {
        const at = (subscripts: readonly IndexExpr[]): IndexExpr => {
          const side = (sign: number) =>
            slope
              .flatMap((x, k) => (x === sign ? [mul(integer(scale), subscripts[k]!)] : []))
              .reduce(add, integer(0));
          return add(sub(side(1), side(-1)), integer(constant));
        };
        const form = (f: Family) => at(f.dims.map((d) => index(d.index)));
        const bounds = (f: Family, p: Product): boolean => {
          const own = toAffine(form(f));
          const factors = p.reads.map((r) =>
            toAffine(at(r.at.map((s) => (s.kind === "static" ? s.value : integer(0))))),
          );
          if (factors.length === 0 && p.leaves <= 1) return true;
          const known = [...p.facts, ...p.reads.flatMap((r) => insideOf(families, r))];
          const facts = known.flatMap((x) => [1, 2, 3, 4].map((k) => combine(affine(0), x, k)));
          // A factor counts as its form, or as 1 where that is less.
          return subsetsOf(factors.filter((x) => least(x, p.ranges, facts) < 1)).every((small) => {
            const less = small.map((x) => combine(affine(0), x, -1));
            const sum = factors
              .map((x) => (small.includes(x) ? affine(1) : x))
              .reduce((a, b) => combine(a, b, 1), affine(p.leaves));
            return least(combine(own, sum, -1), p.ranges, [...facts, ...less]) >= 0;
          });
        };
        if (!families.every((f) => products.get(f)!.every((p) => bounds(f, p)))) continue;
        const atLeast1 = families.every((f) =>
          products
            .get(f)!
            .every((p) => least(combine(toAffine(form(f)), affine(1), -1), p.ranges, p.facts) >= 0),
        );
        return new Map(families.map((f) => [f.name, atLeast1 ? form(f) : max(integer(1), form(f))]));
      }
  return undefined;
}

/** What is read lies inside its family. */
const insideOf = (families: readonly Family[], r: Read): Affine[] =>
  families
    .find((f) => f.name === r.family)!
    .dims.flatMap((d, k) => {
      const s = r.at[k]!;
      if (s.kind !== "static") return [];
      const [lo, hi] = [toAffine(d.lo), toAffine(d.hi)];
      const [at, plain] = [
        toAffine(s.value),
        ![...lo.terms.keys(), ...hi.terms.keys()].some((n) => !n.startsWith("size ")),
      ];
      return plain ? [combine(at, lo, -1), combine(combine(hi, affine(1), -1), at, -1)] : [];
    });

const subsetsOf = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: 1 << all.length }, (_, set) => all.filter((_, k) => (set >> k) & 1));
