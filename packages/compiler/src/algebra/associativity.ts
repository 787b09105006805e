/**
 * Is a declared operation a monoid? Three ways, best first: *every case*, by branching over those components that the
 * operation really looks at (so composing functions on five points takes 780 cases, not 3125³); *polynomial identity*, for
 * operations made of + − × and, apart from that, of max or min; *random elements*, which prove nothing and are
 * called so. What fails is shown with the elements that show it.
 */
import * as build from "../equations/build";
import {
  combineElements,
  type Element,
  evaluateClosed,
  foldElements,
  identityOf,
  OutsideTable,
  type ReadOperand,
} from "../equations/monoid";
import type { Value } from "../equations/operators";
import { threefry } from "../equations/random";
import type { ElementType, Expr, Monoid } from "../equations/system";
import {
  addPolynomials,
  constantPolynomial,
  multiplyPolynomials,
  type Polynomial,
  polynomialKey,
  scalePolynomial,
  substitutePolynomial,
  subtractPolynomials,
  variable,
} from "../symbolic/polynomial";
import { rational } from "../symbolic/rational";
import { checkedAt, proved, type Standing } from "../symbolic/standing";
import { valuesOfType } from "./recurrence";

/** Evaluations of one component in the search over all cases. */
const CASES = 60_000;
const SAMPLES = 2_000;
/** Terms of a polynomial, before an identity is given up. */
const TERMS = 2_000;

export type Broken =
  /** `combine` gives something that is no element. */
  | { readonly law: "closed"; readonly elements: readonly [Element, Element]; readonly found: Element }
  | {
      readonly law: "identity";
      readonly side: "left" | "right";
      readonly elements: readonly [Element];
      readonly found: Element;
    }
  | {
      readonly law: "associative";
      readonly elements: readonly [Element, Element, Element];
      /** (a · b) · c and a · (b · c) */
      readonly found: readonly [Element, Element];
    };

export type MonoidLaws =
  | {
      readonly holds: true;
      readonly standing: Standing;
      /** What the standing leaves out: rounding of reals; ints that wrap, or values beyond a constant meant as infinity. */
      readonly upTo: readonly ("rounding" | "overflow")[];
    }
  | { readonly holds: false; readonly broken: Broken };

const known = new Map<string, MonoidLaws>();

/** Whether the operation is closed, associative, and has the identity it claims. Looked into once for each operation. */
export function monoidLaws(monoid: Monoid): MonoidLaws {
  const key = build.monoidKey(monoid);
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = everyCase(monoid) ?? byPolynomials(monoid) ?? byRandomElements(monoid);
  known.set(key, found);
  return found;
}

// Every case

/** A component of an element of the search that no branch has fixed yet. */
class Open {
  constructor(
    readonly element: number,
    readonly position: number,
  ) {}
}
class TooMany extends Error {}

function everyCase(monoid: Monoid): MonoidLaws | undefined {
  const counts = monoid.types.map(valuesOfType);
  if (counts.some((n) => n === undefined)) return undefined;
  let evaluations = 0;
  /** The first choice of components for which `test` gives false; components nobody asked for are 0. */
  const search = (elements: number, test: (at: (element: number, k: number) => Value) => boolean) => {
    const chosen = Array.from({ length: elements }, () => new Map<number, number>());
    const at = (element: number, k: number): Value => {
      const value = chosen[element]!.get(k);
      if (value === undefined) throw new Open(element, k);
      return value;
    };
    const visit = (): boolean => {
      if (++evaluations > CASES) throw new TooMany();
      try {
        return test(at);
      } catch (open) {
        if (!(open instanceof Open)) throw open;
        const own = chosen[open.element]!;
        for (let v = 0; v < counts[open.position]!; v++) {
          own.set(open.position, v);
          if (!visit()) return false;
        }
        own.delete(open.position);
        return true;
      }
    };
    return visit() ? undefined : chosen.map((own): Element => monoid.types.map((_, k) => own.get(k) ?? 0));
  };
  const product = (k: number, read: ReadOperand): Value => evaluateClosed(monoid.combine[k]!, read);
  const pair =
    (at: (element: number, k: number) => Value, left: number, right: number) =>
    (k: number): Value =>
      product(k, (side, j) => at(side === "left" ? left : right, j));
  const identity = identityOf(monoid);
  try {
    for (let k = 0; k < monoid.types.length; k++) {
      const bound = counts[k]!;
      const inside = (v: Value): boolean => (v as number) >= 0 && (v as number) < bound;
      const outside = search(2, (at) => {
        try {
          return inside(pair(at, 0, 1)(k));
        } catch (fault) {
          if (fault instanceof OutsideTable) return false;
          throw fault;
        }
      });
      if (outside !== undefined) {
        const [a, b] = outside as [Element, Element];
        return { holds: false, broken: { law: "closed", elements: [a, b], found: attempt(monoid, a, b) } };
      }
    }
    const before = evaluations;
    for (let k = 0; k < monoid.types.length; k++) {
      const different = search(3, (at) => {
        const [ab, bc] = [pair(at, 0, 1), pair(at, 1, 2)];
        const left = product(k, (side, j) => (side === "left" ? ab(j) : at(2, j)));
        return left === product(k, (side, j) => (side === "left" ? at(0, j) : bc(j)));
      });
      if (different !== undefined)
        return { holds: false, broken: unequal(monoid, different as [Element, Element, Element]) };
    }
    const cases = (evaluations - before).toLocaleString("en");
    for (let k = 0; k < monoid.types.length; k++) {
      for (const side of ["left", "right"] as const) {
        const moved = search(
          1,
          (at) => product(k, (s, j) => (s === side ? identity[j]! : at(0, j))) === at(0, k),
        );
        if (moved === undefined) continue;
        const [a] = moved as [Element];
        const found =
          side === "left" ? combineElements(monoid, identity, a) : combineElements(monoid, a, identity);
        return { holds: false, broken: { law: "identity", side, elements: [a], found } };
      }
    }
    return { holds: true, standing: proved(`all ${cases} cases`), upTo: [] };
  } catch (reason) {
    if (reason instanceof TooMany) return undefined;
    throw reason;
  }
}

function attempt(monoid: Monoid, a: Element, b: Element): Element {
  return monoid.combine.map((e) => {
    try {
      return evaluateClosed(e, (side, k) => (side === "left" ? a : b)[k]!);
    } catch (fault) {
      if (fault instanceof OutsideTable) return fault.found;
      throw fault;
    }
  });
}

function unequal(monoid: Monoid, elements: readonly [Element, Element, Element]): Broken {
  const [a, b, c] = elements;
  const left = attempt(monoid, attempt(monoid, a, b), c);
  const right = attempt(monoid, a, attempt(monoid, b, c));
  return { law: "associative", elements, found: [left, right] };
}

// Polynomials

/** The greatest (least) of some polynomials; one alone is just that polynomial. */
interface Extreme {
  readonly of: "max" | "min" | undefined;
  readonly forms: readonly Polynomial[];
}

const only = (p: Polynomial): Extreme => ({ of: undefined, forms: [p] });
const zero = constantPolynomial(0);
const minusOne = rational(-1);

function extreme(of: Extreme["of"], forms: readonly Polynomial[]): Extreme | undefined {
  const distinct = [...new Map(forms.map((f) => [polynomialKey(f), f])).values()];
  if (distinct.length > 64 || distinct.some((f) => f.terms.length > TERMS)) return undefined;
  return { of: distinct.length === 1 ? undefined : of, forms: distinct };
}

/** Sums distribute over max and min; products only where both sides are single. */
function sum(a: Extreme, b: Extreme): Extreme | undefined {
  if (a.of !== undefined && b.of !== undefined && a.of !== b.of) return undefined;
  return extreme(
    a.of ?? b.of,
    a.forms.flatMap((x) => b.forms.map((y) => addPolynomials(x, y))),
  );
}

function pick(of: "max" | "min", a: Extreme, b: Extreme): Extreme | undefined {
  if ((a.of ?? of) !== of || (b.of ?? of) !== of) return undefined;
  return extreme(of, [...a.forms, ...b.forms]);
}

function times(a: Extreme, b: Extreme): Extreme | undefined {
  if (a.of !== undefined || b.of !== undefined) return undefined;
  return extreme(undefined, [multiplyPolynomials(a.forms[0]!, b.forms[0]!)]);
}

function minus(a: Extreme): Extreme {
  const of = a.of === "max" ? "min" : a.of === "min" ? "max" : undefined;
  return { of, forms: a.forms.map((f) => scalePolynomial(f, minusOne)) };
}

const name = (side: string, position: number): string => `${side}${position}`;

/** An expression over operands as a polynomial or an extreme of some; undefined where it is neither. */
function formOf(e: Expr, index: ReadonlyMap<string, number> = new Map()): Extreme | undefined {
  switch (e.kind) {
    case "constant":
      // Reals are binary fractions, exactly.
      return Number.isFinite(e.value) ? only(constantPolynomial(exactly(e.value))) : undefined;
    case "operand":
      return e.type.kind === "vector" ? undefined : only(variable(name(e.side, e.position)));
    case "apply": {
      if (e.type.kind === "vector") return undefined;
      const args = e.args.map((a) => formOf(a, index));
      if (args.some((a) => a === undefined)) return undefined;
      const [a, b] = args as Extreme[];
      switch (e.op) {
        case "add":
          return sum(a!, b!);
        case "sub":
          return sum(a!, minus(b!));
        case "neg":
          return minus(a!);
        case "mul":
          return times(a!, b!);
        case "max":
        case "min":
          return pick(e.op, a!, b!);
        default:
          return undefined;
      }
    }
    default:
      return undefined;
  }
}

function exactly(value: number) {
  let denominator = 1;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2;
  }
  return rational(BigInt(scaled), BigInt(denominator));
}

function byPolynomials(monoid: Monoid): MonoidLaws | undefined {
  const kinds = new Set(monoid.types.map((t) => t.kind));
  if (kinds.size !== 1 || !(kinds.has("int") || kinds.has("real"))) return undefined;
  const combine = monoid.combine.map((e) => formOf(e));
  const identity = monoid.identity.map((e) => formOf(e));
  if ([...combine, ...identity].some((f) => f === undefined)) return undefined;
  const extremes = combine.some((f) => f!.of !== undefined);
  const positions = monoid.types.map((_, k) => k);
  /** `combine` with its operands replaced; an extreme may only stand where the operation is linear in it. */
  const product = (
    left: (k: number) => Extreme | undefined,
    right: (k: number) => Extreme | undefined,
  ): (Extreme | undefined)[] =>
    combine.map((own) => {
      const parts = own!.forms.map((f) => replace(f, (n) => operandOf(n, left, right)));
      if (parts.some((p) => p === undefined)) return undefined;
      const [first, ...rest] = parts as Extreme[];
      return rest.reduce<Extreme | undefined>(
        (a, b) => (a === undefined ? undefined : pick(own!.of!, a, b)),
        first,
      );
    });
  const element = (x: string) => (k: number) => only(variable(`${x}${k}`));
  const [a, b, c] = [element("a"), element("b"), element("c")];
  const nth = (list: readonly (Extreme | undefined)[]) => (k: number) => list[k];
  const left = product(nth(product(a, b)), c);
  const right = product(a, nth(product(b, c)));
  const unit = nth(identity);
  const [before, after] = [product(unit, a), product(a, unit)];
  // Integers wrap, and + − × modulo 2^32 obey the same identities; max and min do not survive a wrap.
  const plain = (p: Polynomial): boolean =>
    p.terms.length === 0 ||
    (p.terms.length === 1 &&
      (p.terms[0]!.powers.length === 0 ||
        polynomialKey(p) === polynomialKey(variable(p.terms[0]!.powers[0]![0]))));
  const sums = combine.some((f) => !f!.forms.every(plain));
  const real = kinds.has("real");
  const same = (x: Extreme | undefined, y: Extreme | undefined): boolean => {
    if (x === undefined || y === undefined) return false;
    const [u, v] = [withoutInfinity(x, real, sums), withoutInfinity(y, real, sums)];
    const keys = (e: Extreme) => e.forms.map(polynomialKey).sort().join(" ");
    return (u.of ?? v.of) === (v.of ?? u.of) && keys(u) === keys(v);
  };
  const holds = positions.every(
    (k) => same(left[k], right[k]) && same(before[k], a(k)) && same(after[k], a(k)),
  );
  if (!holds) return undefined;
  const upTo = [
    ...(real && sums ? (["rounding"] as const) : []),
    ...(extremes && (sums || real) ? (["overflow"] as const) : []),
  ];
  return { holds: true, standing: proved("a polynomial identity"), upTo };
}

/**
 * Without forms that never are the greatest (least): those with a constant that stands for an infinity. Where nothing is
 * added only the end of the type itself will do; where sums may wrap anyway, any constant out of reach of the others.
 */
function withoutInfinity(e: Extreme, real: boolean, sums: boolean): Extreme {
  if (e.of === undefined) return e;
  const sign = e.of === "max" ? -1 : 1;
  const end = real ? 1e30 : sums ? 2 ** 29 : e.of === "max" ? 2 ** 31 : 2 ** 31 - 1;
  const kept = e.forms.filter((f) => {
    const constant = f.terms.find((t) => t.powers.length === 0)?.coefficient;
    if (constant === undefined) return true;
    return sign * (Number(constant.numerator) / Number(constant.denominator)) < end;
  });
  return kept.length === 0 ? e : { of: kept.length === 1 ? undefined : e.of, forms: kept };
}

function operandOf(
  atom: string,
  left: (k: number) => Extreme | undefined,
  right: (k: number) => Extreme | undefined,
): Extreme | undefined {
  const side = atom.startsWith("left") ? "left" : "right";
  return (side === "left" ? left : right)(Number(atom.slice(side.length)));
}

function replace(p: Polynomial, by: (atom: string) => Extreme | undefined): Extreme | undefined {
  const atoms = new Set(p.terms.flatMap((t) => t.powers.map(([atom]) => atom)));
  const values = new Map([...atoms].map((atom) => [atom, by(atom)]));
  if ([...values.values()].some((v) => v === undefined)) return undefined;
  const extremes = [...values].filter(([, v]) => v!.of !== undefined);
  const single = new Map(
    [...values].filter(([, v]) => v!.of === undefined).map(([n, v]) => [n, v!.forms[0]!]),
  );
  if (extremes.length === 0) return extreme(undefined, [substitutePolynomial(p, single)]);
  // x + rest, with a coefficient of one: max(a, b) + rest = max(a + rest, b + rest).
  let result: Extreme | undefined = only(zero);
  for (const term of p.terms) {
    const [factor] = term.powers;
    const value = factor === undefined ? undefined : values.get(factor[0]);
    const own = { terms: [term] };
    const isExtreme = term.powers.some(([atom]) => values.get(atom)!.of !== undefined);
    const linear = subtractPolynomials(own, variable(factor?.[0] ?? "")).terms.length === 0;
    if (isExtreme && !linear) return undefined;
    const next: Extreme | undefined = isExtreme
      ? value
      : extreme(undefined, [substitutePolynomial(own, single)]);
    result = result === undefined || next === undefined ? undefined : sum(result, next);
  }
  return result;
}

// Random elements

function byRandomElements(monoid: Monoid): MonoidLaws {
  let counter = 0;
  const word = (): number => threefry(1, 2, counter++, 0)[0];
  const scalar = (type: ElementType): number => {
    const r = word();
    switch (type.kind) {
      case "bit":
        return r & 1;
      case "enum":
        return r % type.cases.length;
      case "index":
        return r % (type.bound.kind === "integer" ? type.bound.value : 1);
      case "int":
        // Small ones, where ties and zeros are; now and then any.
        return r % 4 === 0 ? word() | 0 : (word() % 9) - 4;
      default:
        // Quarters: sums and products of a few are exact.
        return ((word() % 33) - 16) / 4;
    }
  };
  const element = (): Element =>
    monoid.types.map((t) =>
      t.kind === "vector" ? Array.from({ length: t.width }, () => scalar(t)) : scalar(t),
    );
  const reals = monoid.types.some((t) => t.kind === "real" || t.kind === "vector");
  const close = (x: number, y: number): boolean =>
    Object.is(x, y) || x === y || (reals && Math.abs(x - y) <= 1e-4 * Math.max(1, Math.abs(x), Math.abs(y)));
  const same = (x: Element, y: Element): boolean =>
    x.every((v, k) => {
      const w = y[k]!;
      return typeof v === "number" ? close(v, w as number) : v.every((p, j) => close(p, (w as number[])[j]!));
    });
  const inside = (x: Element): boolean =>
    x.every((v, k) => {
      const count = valuesOfType(monoid.types[k]!);
      return count === undefined || ((v as number) >= 0 && (v as number) < count);
    });
  const identity = identityOf(monoid);
  for (let k = 0; k < SAMPLES; k++) {
    const [a, b, c] = [element(), element(), element()];
    const ab = attempt(monoid, a, b);
    if (!inside(ab)) return { holds: false, broken: { law: "closed", elements: [a, b], found: ab } };
    const broken = unequal(monoid, [a, b, c]);
    if (broken.law === "associative" && !same(broken.found[0], broken.found[1]))
      return { holds: false, broken };
    for (const side of ["left", "right"] as const) {
      const found = foldElements(monoid, side === "left" ? [identity, a] : [a, identity]);
      if (!same(found, a)) return { holds: false, broken: { law: "identity", side, elements: [a], found } };
    }
  }
  return {
    holds: true,
    standing: checkedAt(`${SAMPLES.toLocaleString("en")} random triples`, SAMPLES),
    upTo: reals ? ["rounding"] : [],
  };
}
