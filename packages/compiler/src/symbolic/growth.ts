/**
 * How closed forms grow: Θ as a maximum of monomials n^a · log(n)^b · log(log(n))^c · 2^(d·n…), with a partial order.
 *
 * Sizes grow together without bound unless `where` bounds them; `const` sizes do not grow. One monomial is below another, up
 * to a factor, when the difference of their logarithms is never negative; logarithms of monomials are linear forms in
 * n, log n, log log n …, so the question is a linear program over what `where` says and over "log n is far below n" (with
 * a factor of `FAR`: any number does, as (log n)^k = O(n) for all k).
 */
import { and, not } from "../equations/conditions";
import type { Condition, IndexExpr, Size } from "../equations/system";
import { type ClosedForm, closed, fromIndexExpr, NotClosed } from "./closed-form";
import type { Constraint, LinearForm } from "./linear";
import {
  ceilingOf,
  compareRational,
  gcd,
  negate,
  one,
  over,
  plus,
  printRational,
  type Rational,
  rational,
  signOf,
  times,
  zero,
} from "./rational";
import { feasible, maximise } from "./simplex";

const FAR = 1000n;
/** Alternatives of what is left after the cases before. */
const MOST_WAYS = 64;

/** A product of powers; its logarithm is the linear form with these coefficients. */
interface Monomial {
  /** By the name of a unit. Never 0. */
  readonly powers: ReadonlyMap<string, Rational>;
}

/**
 * What may be a factor: `size` at level 0, its logarithm at 1, the logarithm of that at 2; at level −1 it is 2^size.
 * Products of sizes in an exponent, and a minimum of forms that cannot be compared, are units of their own.
 */
type Unit =
  | { readonly kind: "size"; readonly name: string; readonly level: number }
  | { readonly kind: "exponent"; readonly of: readonly (readonly [string, number])[] }
  | { readonly kind: "min"; readonly of: readonly Monomial[]; readonly level: number };

/** How a form grows as its sizes do, up to a constant factor: the sum of these products of powers, logarithms and exponentials. */
export interface Growth {
  /** None dominated by another; empty for 0, one without factors for a constant. */
  readonly terms: readonly Monomial[];
  /** Θ; without, only O: the form may be smaller. */
  readonly tight: boolean;
  readonly cone: Cone;
}

export type Order = "less" | "equal" | "greater" | "incomparable";

/** Units and what is known of their logarithms: growths can be compared where they share one. */
interface Cone {
  readonly units: ReadonlyMap<string, Unit>;
  readonly facts: readonly Fact[];
}
/** Σ coefficient · logarithm of unit >= 0 */
type Fact = ReadonlyMap<string, Rational>;

// Monomials

const unity: Monomial = { powers: new Map() };

function product(a: Monomial, b: Monomial): Monomial {
  const powers = new Map(a.powers);
  for (const [key, p] of b.powers) {
    const sum = plus(powers.get(key) ?? zero, p);
    if (signOf(sum) === 0) powers.delete(key);
    else powers.set(key, sum);
  }
  return { powers };
}
const power = (a: Monomial, by: Rational): Monomial => ({
  powers: new Map(signOf(by) === 0 ? [] : [...a.powers].map(([k, p]) => [k, times(p, by)])),
});
const monomialKey = (m: Monomial): string =>
  [...m.powers]
    .map(([k, p]) => `${k}^${printRational(p)}`)
    .sort()
    .join("*");

const pairKey = (a: Monomial, b: Monomial): string => `${monomialKey(a)} ${monomialKey(b)}`;

/** A sum of monomials with coefficients known to lie in an interval: floors and logarithms are rounded. */
interface Term {
  readonly monomial: Monomial;
  readonly low: Rational;
  readonly high: Rational;
}
type Sum = readonly Term[];
/** A value in a region, with what the region says of growth. */
interface Case {
  readonly value: Sum;
  readonly facts: readonly Fact[];
}

function collect(terms: Sum): Sum {
  const sums = new Map<string, Term>();
  for (const t of terms) {
    const key = monomialKey(t.monomial);
    const known = sums.get(key);
    sums.set(
      key,
      known === undefined
        ? t
        : { monomial: t.monomial, low: plus(known.low, t.low), high: plus(known.high, t.high) },
    );
  }
  return [...sums.values()].filter((t) => signOf(t.low) !== 0 || signOf(t.high) !== 0);
}

function multiplySums(a: Sum, b: Sum): Sum {
  const ends = (x: Term, y: Term): Rational[] =>
    [times(x.low, y.low), times(x.low, y.high), times(x.high, y.low), times(x.high, y.high)].sort(
      compareRational,
    );
  return collect(
    a.flatMap((x) =>
      b.map((y) => {
        const [low, , , high] = ends(x, y) as [Rational, Rational, Rational, Rational];
        return { monomial: product(x.monomial, y.monomial), low, high };
      }),
    ),
  );
}
const constantSum = (low: Rational, high = low): Sum => collect([{ monomial: unity, low, high }]);
const monomialSum = (monomial: Monomial, low = one, high = low): Sum => [{ monomial, low, high }];

// The cone

class Builder {
  readonly units = new Map<string, Unit>();
  readonly facts: Fact[] = [];
  /** Those that hold with factor 1, from some size on. */
  private readonly exact: Fact[] = [];
  /** a <= factor · b, as `where` says it. */
  private readonly factors = new Map<string, Rational>();
  /** False once a form was only bounded from above. */
  tight = true;

  constructor(private readonly sizes: readonly Size[]) {}

  unit(unit: Unit): string {
    const key = printUnit(unit);
    if (this.units.has(key)) return key;
    this.units.set(key, unit);
    const say = (...terms: readonly (readonly [string, bigint])[]): void => {
      this.facts.push(new Map(terms.map(([k, c]) => [k, rational(c)])));
    };
    say([key, 1n]);
    this.exact.push(new Map([[key, one]]));
    if (unit.kind === "size") {
      if (!this.grows(unit.name)) say([key, -1n]);
      // The logarithm of what is one level up lies far below.
      const up = { ...unit, level: unit.level + 1 };
      const down = { ...unit, level: unit.level - 1 };
      if (this.units.has(printUnit(up))) say([key, 1n], [printUnit(up), -FAR]);
      if (unit.level > 0) say([this.unit(down), 1n], [key, -FAR]);
      if (unit.level === -1) say([key, 1n], [this.unit(up), -FAR]);
    } else if (unit.kind === "exponent") {
      // A product in an exponent is at least each of its factors.
      for (const [name, k] of unit.of)
        say([key, 1n], [this.unit({ kind: "size", name, level: k >= 1 ? -1 : 0 }), -1n]);
    } else if (unit.level === 0) {
      for (const m of unit.of) this.facts.push(new Map([...m.powers, [key, rational(-1)] as const]));
    } else say([this.unit({ ...unit, level: unit.level - 1 }), 1n], [key, -FAR]);
    return key;
  }
  private grows(name: string): boolean {
    return this.sizes.find((s) => s.name === name)?.kind !== "const";
  }
  size(name: string, level = 0): Monomial {
    if (!this.grows(name)) return unity;
    return { powers: new Map([[this.unit({ kind: "size", name, level }), one]]) };
  }

  /** What a condition says of growth. Only comparisons of single monomials say anything. */
  learn(where: Condition): void {
    const [only, ...more] = where;
    if (only === undefined || more.length > 0) return;
    for (const c of only) {
      if (c.op === "!=") continue;
      const sides = [c.left, c.right].map((e) => this.sumOfIndex(e));
      const [left, right] = sides;
      if (left === undefined || right === undefined) continue;
      this.below(left, right);
      if (c.op === "==") this.below(right, left);
    }
  }
  private sumOfIndex(e: IndexExpr): Sum | undefined {
    try {
      return this.sum(fromIndexExpr(e));
    } catch (error) {
      if (error instanceof NotClosed) return undefined;
      throw error;
    }
  }
  /** a <= b, so every positive part of a is O(b). */
  private below(a: Sum, given: Sum): void {
    // What rounding takes from the left is a constant more on the right.
    const rounded = a.filter((t) => signOf(t.low) < 0);
    if (rounded.some((t) => t.monomial.powers.size > 0)) return;
    const b = collect([...given, ...rounded.map((t) => ({ ...t, low: zero, high: negate(t.low) }))]);
    const [most, ...others] = this.leading(b);
    if (most === undefined || others.length > 0) return;
    for (const t of a) {
      if (signOf(t.low) <= 0) continue;
      const ratio = product(most.monomial, power(t.monomial, rational(-1))).powers;
      this.facts.push(ratio);
      if (b.length === 1) {
        const factor = over(b[0]!.high, t.low);
        if (compareRational(factor, one) <= 0) this.exact.push(ratio);
        this.factors.set(pairKey(t.monomial, most.monomial), factor);
      }
      this.shift(t, most);
    }
  }
  /** The same one logarithm up and, for a size against a logarithm, one power of two down. */
  private shift(a: Term, b: Term): void {
    const single = (m: Monomial) => {
      const [[key, p] = ["", one], ...more] = m.powers;
      const unit = this.units.get(key);
      return more.length === 0 && unit?.kind === "size" ? { unit, p } : undefined;
    };
    const [x, y] = [single(a.monomial), single(b.monomial)];
    if (x === undefined || y === undefined) {
      // a <= constant: no logarithm and no power of it grows either.
      if (x !== undefined && b.monomial.powers.size === 0)
        for (const level of [-1, 0, 1, 2])
          this.facts.push(new Map([[this.unit({ ...x.unit, level }), rational(-1)]]));
      return;
    }
    for (let up = 1; up <= 2; up++) {
      const [l, m] = [x.unit.level + up, y.unit.level + up];
      if (l > 2 || m > 2) break;
      this.facts.push(
        new Map([
          [this.unit({ ...y.unit, level: m }), one],
          [this.unit({ ...x.unit, level: l }), rational(-1)],
        ]),
      );
    }
    if (
      x.unit.level === 0 &&
      y.unit.level >= 1 &&
      compareRational(x.p, one) === 0 &&
      compareRational(y.p, one) === 0 &&
      signOf(b.high) > 0
    )
      this.facts.push(
        new Map([
          [this.unit({ ...y.unit, level: y.unit.level - 1 }), over(b.high, a.low)],
          [this.unit({ ...x.unit, level: -1 }), rational(-1)],
        ]),
      );
  }

  /** Whether a = O(b), as far as the facts say. */
  dominated(a: Monomial, b: Monomial): boolean {
    return follows(this.facts, product(b, power(a, rational(-1))).powers);
  }
  /** The terms that no other dominates, less what those that go may take from them: n·w − w² may be 0 where w <= n. */
  leading(sum: Sum): Sum {
    const goes = (t: Term, k: number): boolean =>
      sum.some(
        (u, j) =>
          j !== k &&
          this.dominated(t.monomial, u.monomial) &&
          (j < k || !this.dominated(u.monomial, t.monomial)),
      );
    const kept = sum.filter((t, k) => !goes(t, k));
    for (const t of sum) {
      if (signOf(t.low) >= 0 || kept.includes(t)) continue;
      const ratio = (u: Term): Fact => product(u.monomial, power(t.monomial, rational(-1))).powers;
      const above = kept.filter((u) => this.dominated(t.monomial, u.monomial));
      if (above.some((u) => this.outgrows(ratio(u)))) continue;
      const share = (u: Term): Rational | undefined =>
        this.factors.get(pairKey(t.monomial, u.monomial)) ??
        (follows(this.exact, ratio(u)) ? one : undefined);
      const near = above.find((u) => share(u) !== undefined);
      for (const u of near === undefined ? above : [near]) {
        const low = near === undefined ? rational(-1) : plus(u.low, times(t.low, share(u)!));
        kept[kept.indexOf(u)] = { ...u, low: compareRational(low, u.low) < 0 ? low : u.low };
      }
    }
    return kept;
  }
  /** Whether a ratio grows without bound as all sizes do. */
  private outgrows(ratio: Fact): boolean {
    if (ratio.size === 0) return false;
    return this.sizes.some((s) => {
      if (!this.grows(s.name)) return false;
      const slow = this.size(s.name, 2);
      return follows(this.facts, product({ powers: ratio }, power(slow, rational(-1))).powers);
    });
  }

  // Closed forms

  sum(f: ClosedForm): Sum {
    switch (f.kind) {
      case "constant":
        return constantSum(f.value);
      case "size":
        return monomialSum(this.size(f.name));
      case "index":
        throw new Error(`the growth of the index ${f.name} was asked`);
      case "add":
        return collect(f.terms.flatMap((t) => this.sum(t)));
      case "mul":
        return f.factors.map((x) => this.sum(x)).reduce(multiplySums, constantSum(one));
      case "floor":
        return collect([...this.sum(f.of), ...constantSum(rational(-1), zero)]);
      case "mod":
        return this.upTo(this.sum(f.by));
      case "log2":
      case "floor-log2":
        return this.logarithm(f.of);
      case "pow2":
        return this.exponential(f.of);
      case "max":
        return this.maximum(f.of.map((g) => this.sum(g)));
      case "min":
        return f.of.map((g) => this.sum(g)).reduce((a, b) => this.minimum(a, b));
      case "sum":
        return this.openSum(f);
      case "cases":
        return this.cases(f);
    }
  }

  /** Anything from 0 to a sum. */
  private upTo(sum: Sum): Sum {
    return collect(sum.map((t) => ({ ...t, low: zero, high: signOf(t.high) > 0 ? t.high : zero })));
  }

  /** log2 of n^a·… is a·log n + …; of a sum, of its largest terms. Beside constants. */
  private logarithm(of: ClosedForm): Sum {
    const about = this.leading(this.sum(of));
    if (about.some((t) => signOf(t.low) <= 0)) {
      // The argument may be smaller.
      return this.upTo(this.logarithmOf(about));
    }
    return this.logarithmOf(about);
  }
  private logarithmOf(about: Sum): Sum {
    const parts = about.map(
      (t): Sum =>
        collect([
          ...constantSum(rational(-64), rational(64)),
          ...[...t.monomial.powers].flatMap(([key, p]): Sum => {
            const unit = this.units.get(key)!;
            if (unit.kind === "exponent")
              return monomialSum(
                unit.of
                  .map(([name, k]) => power(this.size(name, k >= 1 ? 0 : 1), rational(k >= 1 ? k : 1)))
                  .reduce(product),
                p,
              );
            if (unit.level >= 2) return monomialSum({ powers: new Map([[key, one]]) }, zero, p);
            return monomialSum(
              { powers: new Map([[this.unit({ ...unit, level: unit.level + 1 }), one]]) },
              p,
            );
          }),
        ]),
    );
    return parts.length === 1 ? parts[0]! : this.maximum(parts);
  }

  private exponential(of: ClosedForm): Sum {
    const terms = of.kind === "add" ? of.terms : [of];
    return terms.map((t) => this.exponentialOfTerm(t)).reduce(multiplySums, constantSum(one));
  }
  private exponentialOfTerm(t: ClosedForm): Sum {
    const [coefficient, factors] =
      t.kind === "mul"
        ? t.factors[0]!.kind === "constant"
          ? [t.factors[0]!.value, t.factors.slice(1)]
          : [one, t.factors]
        : t.kind === "constant"
          ? [t.value, []]
          : [one, [t]];
    if (factors.length === 0) {
      const k = ceilingOf(coefficient);
      return constantSum(
        k >= 0n ? rational(1n << (k > 0n ? k - 1n : 0n)) : rational(1n, 1n << -k),
        k >= 0n ? rational(1n << k) : one,
      );
    }
    const [only] = factors;
    if (factors.length === 1 && only!.kind === "log2") {
      // x <= 2^ceil(log2 x) < 2x
      const about = this.leading(this.sum(only!.of));
      if (about.length === 1 && signOf(about[0]!.low) > 0) {
        const c = coefficient;
        const m = power(about[0]!.monomial, c);
        // The constant factor of a power need not be known exactly: any positive one does.
        return monomialSum(m, rational(1n, 1n << 64n), rational(1n << 64n));
      }
    }
    if (factors.length === 1 && only!.kind === "floor") {
      const inner = this.exponential(closed.scale(only!.of, coefficient));
      return inner.map((x) => ({
        ...x,
        low: times(x.low, rational(1n, 1n << 64n)),
        high: times(x.high, rational(1n << 64n)),
      }));
    }
    const names = new Map<string, number>();
    for (const f of factors) {
      if (f.kind === "size") names.set(f.name, (names.get(f.name) ?? 0) + 1);
      else if (f.kind === "log2" && f.of.kind === "size")
        names.set(f.of.name, (names.get(f.of.name) ?? 0) + 0.5);
      else {
        // Not one of the exponents this order knows: bounded by 2 to what it grows as.
        this.tight = false;
        return this.exponentOfGrowth(this.sum(t));
      }
    }
    const grown = [...names].filter(([name]) => this.grows(name));
    const m = this.exponentUnit(grown);
    return monomialSum(power(m, coefficient), rational(1n, 1n << 64n), rational(1n << 64n));
  }
  /** 2^(n^k · log(m) …): a half stands for a logarithm. */
  private exponentUnit(of: readonly (readonly [string, number])[]): Monomial {
    if (of.length === 0) return unity;
    const [[name, k] = ["", 0], ...more] = of;
    if (more.length === 0 && k === 1) return this.size(name, -1);
    if (more.length === 0 && k === 0.5) return this.size(name, 0);
    return { powers: new Map([[this.unit({ kind: "exponent", of: [...of].sort() }), one]]) };
  }
  private exponentOfGrowth(sum: Sum): Sum {
    const parts = this.leading(sum).map((t) => {
      const of: (readonly [string, number])[] = [];
      for (const [key, p] of t.monomial.powers) {
        const unit = this.units.get(key)!;
        if (unit.kind === "size" && unit.level >= 0)
          of.push([unit.name, unit.level === 0 ? Number(ceilingOf(p)) : 0.5]);
      }
      return power(this.exponentUnit(of), signOf(t.high) > 0 ? t.high : zero);
    });
    return monomialSum(parts.reduce(product, unity), zero, rational(1n << 64n));
  }

  private maximum(sums: readonly Sum[]): Sum {
    // The largest is at least each and at most their sum: positive parts add up.
    const best = new Map<string, Term>();
    for (const t of sums.flat()) {
      const key = monomialKey(t.monomial);
      const known = best.get(key);
      const higher = (a: Rational, b: Rational) => (compareRational(a, b) >= 0 ? a : b);
      best.set(
        key,
        known === undefined
          ? t
          : {
              monomial: t.monomial,
              low: higher(known.low, t.low),
              high: plus(higher(known.high, zero), higher(t.high, zero)),
            },
      );
    }
    return collect([...best.values()]);
  }

  private minimum(a: Sum, b: Sum): Sum {
    const [x, y] = [this.leading(a), this.leading(b)];
    const under = (s: Sum, t: Sum) => s.every((u) => t.some((v) => this.dominated(u.monomial, v.monomial)));
    const positive = (s: Sum) => s.every((t) => signOf(t.low) > 0);
    const wide = (s: Sum): Sum => (positive(s) ? s.map((t) => ({ ...t, low: rational(1n, 1n << 64n) })) : s);
    if (under(x, y)) return positive(y) ? wide(x) : this.upTo(x);
    if (under(y, x)) return positive(x) ? wide(y) : this.upTo(y);
    if (x.length === 1 && y.length === 1 && positive(x) && positive(y)) {
      const of = [x[0]!.monomial, y[0]!.monomial].sort((p, q) => (monomialKey(p) < monomialKey(q) ? -1 : 1));
      const key = this.unit({ kind: "min", of, level: 0 });
      return monomialSum({ powers: new Map([[key, one]]) }, rational(1n, 1n << 64n), rational(1n << 64n));
    }
    this.tight = false;
    return this.upTo(x);
  }

  /** As many terms as the range is long, each at most as large as with the largest index. */
  private openSum(f: Extract<ClosedForm, { kind: "sum" }>): Sum {
    const by = new Map([[f.index, f.hi]]);
    const [lo, hi] = [this.leading(this.sum(f.lo)), this.leading(this.sum(f.hi))];
    const body = this.leading(this.sum(substituteBound(f.body, by)));
    const length = hi;
    const fromConstant = lo.every((t) => t.monomial.powers.size === 0);
    const exponential = body.some((t) =>
      [...t.monomial.powers.keys()].some((key) => {
        const unit = this.units.get(key)!;
        return unit.kind === "exponent" || unit.level === -1;
      }),
    );
    // Half of the terms are at least a constant part of the last, where the body is a power of the index and of logarithms.
    if (!fromConstant || exponential || body.length > 1 || hi.length > 1) this.tight = false;
    return multiplySums(
      length,
      body.map((t) => ({ ...t, low: times(t.low, rational(1n, 1n << 64n)) })),
    );
  }

  private cases(f: Extract<ClosedForm, { kind: "cases" }>): Sum {
    const found: Case[] = [];
    const before = this.facts.length;
    let earlier: Condition = [[]];
    for (const c of f.cases) {
      const guard = and(earlier, c.guard);
      // What is left after many cases is a long disjunction: without it the region is larger, and less is claimed.
      const ways = c.guard.reduce((n, all) => n * all.length, earlier.length);
      if (ways <= MOST_WAYS) earlier = and(earlier, not(c.guard));
      // A case in which a size stays below a number is no part of what happens as sizes grow.
      const probe = new Builder(this.sizes);
      for (const [key, unit] of this.units) probe.units.set(key, unit);
      probe.facts.push(...this.facts);
      probe.learn(guard);
      const bounded = [...probe.units].some(
        ([key, unit]) =>
          unit.kind === "size" &&
          unit.level === 0 &&
          this.grows(unit.name) &&
          follows(probe.facts, new Map([[key, rational(-1)]])) &&
          !follows(this.facts, new Map([[key, rational(-1)]])),
      );
      if (bounded) continue;
      found.push({ value: this.leading(this.sum(c.value)), facts: probe.facts.slice(before) });
    }
    if (found.length === 0) return this.sum(f.cases[f.cases.length - 1]!.value);
    if (found.length === 1) return found[0]!.value;
    // A case's growth stands for all where it bounds the others in their regions; of several such, the least does.
    const under = (y: Case, a: Sum, b: Sum): boolean =>
      a.every((t) =>
        b.some((u) =>
          follows([...this.facts, ...y.facts], product(u.monomial, power(t.monomial, rational(-1))).powers),
        ),
      );
    const bounds = found.filter((x) => found.every((y) => y === x || under(y, y.value, x.value)));
    // Where it grows no faster than any case in that case's region, it is the growth of each.
    const each = bounds.filter((x) => found.every((y) => y === x || under(y, x.value, y.value)));
    const certain = found.every((x) => x.value.every((t) => signOf(t.low) > 0));
    if (each.length === 0 && bounds.length < found.length) this.tight = false;
    if (!certain) this.tight = false;
    const [first, ...more] = (each.length > 0 ? each : bounds).map((x) =>
      x.value.filter((t) => signOf(t.high) > 0).map((t) => ({ ...t, low: rational(1n, 1n << 64n) })),
    );
    if (first === undefined) return this.maximum(found.map((x) => x.value));
    return more.reduce<Sum>((a, b) => this.minimum(a, b), first);
  }
}

/** The bound index becomes its largest value, which is a form over sizes. */
function substituteBound(f: ClosedForm, by: ReadonlyMap<string, ClosedForm>): ClosedForm {
  const go = (g: ClosedForm): ClosedForm => substituteBound(g, by);
  switch (f.kind) {
    case "constant":
    case "size":
      return f;
    case "index":
      return by.get(f.name) ?? f;
    case "add":
      return closed.add(...f.terms.map(go));
    case "mul":
      return closed.mul(...f.factors.map(go));
    case "floor":
      return closed.floor(go(f.of));
    case "mod":
      return closed.mod(go(f.of), go(f.by));
    case "min":
      return closed.min(...f.of.map(go));
    case "max":
      return closed.max(...f.of.map(go));
    case "log2":
      return closed.log2(go(f.of));
    case "floor-log2":
      return closed.floorLog2(go(f.of));
    case "pow2":
      return closed.pow2(go(f.of));
    case "sum":
      return closed.sum(f.index, go(f.lo), go(f.hi), go(f.body));
    case "cases":
      return closed.cases(f.cases.map((c) => ({ guard: c.guard, value: go(c.value) })));
  }
}

/** Whether a linear form is never negative on a cone. */
function follows(facts: readonly Fact[], form: Fact): boolean {
  if (form.size === 0) return true;
  const { constraints, number } = programOf(facts);
  const negative = linearOf(new Map([...form].map(([k, c]) => [k, negate(c)])), number);
  // form <= −1 somewhere, if it is negative anywhere: a cone has no scale.
  return (
    feasible([...constraints, { form: { ...negative, constant: -1n }, equality: false }]).kind === "empty"
  );
}

function programOf(facts: readonly Fact[]): {
  readonly constraints: Constraint[];
  readonly number: (key: string) => number;
} {
  const numbers = new Map<string, number>();
  const number = (key: string): number => {
    let at = numbers.get(key);
    if (at === undefined) {
      at = numbers.size;
      numbers.set(key, at);
    }
    return at;
  };
  const unique = new Map(facts.map((f) => [[...f].map(([k, c]) => `${k}:${printRational(c)}`).join(), f]));
  return {
    constraints: [...unique.values()]
      .filter((f) => f.size > 0)
      .map((f) => ({ form: linearOf(f, number), equality: false })),
    number,
  };
}

function linearOf(fact: Fact, number: (key: string) => number): LinearForm {
  const scale = [...fact.values()].reduce((l, c) => (l * c.denominator) / gcd(l, c.denominator), 1n);
  return {
    constant: 0n,
    terms: new Map([...fact].map(([k, c]) => [number(k), (c.numerator * scale) / c.denominator])),
  };
}

// The interface

/**
 * Θ of a closed form in sizes (no free indices), as all sizes of kind `size` grow; `where` may say how they compare. Where the
 * leading terms may cancel, or a case or a sum is only bounded, the result is O and `tight` is false.
 */
export function growthOf(f: ClosedForm, sizes: readonly Size[], where: Condition): Growth {
  const builder = new Builder(sizes);
  builder.learn(where);
  const sum = builder.sum(f);
  const terms = builder.leading(sum);
  const positive = terms.filter((t) => signOf(t.high) > 0);
  const tight = builder.tight && positive.every((t) => signOf(t.low) > 0) && positive.length === terms.length;
  return {
    terms: positive.map((t) => t.monomial),
    tight,
    cone: { units: builder.units, facts: builder.facts },
  };
}

const joined = (a: Cone, b: Cone): readonly Fact[] => [...a.facts, ...b.facts];

/** By what is printed: of a growth that is not tight, the bound is compared. */
export function compareGrowth(a: Growth, b: Growth): Order {
  const facts = joined(a.cone, b.cone);
  const under = (x: Growth, y: Growth): boolean =>
    x.terms.every((t) => y.terms.some((u) => follows(facts, product(u, power(t, rational(-1))).powers)));
  const [less, greater] = [under(a, b), under(b, a)];
  return less ? (greater ? "equal" : "less") : greater ? "greater" : "incomparable";
}

/** O(1): also where `where` or `const` keeps every factor from growing. */
export const isConstant = (g: Growth): boolean =>
  g.terms.every((t) => follows(g.cone.facts, power(t, rational(-1)).powers));

/** What is known of N, the length of all inputs: log N, log log N. */
function lengthFacts(growth: Growth, length: Growth): Fact[] {
  const facts: Fact[] = [...joined(growth.cone, length.cone)];
  const units = new Map([...growth.cone.units, ...length.cone.units]);
  facts.push(new Map([["log N", one]]), new Map([["log log N", one]]));
  facts.push(
    new Map([
      ["log N", one],
      ["log log N", rational(-FAR)],
    ]),
  );
  // Every size is polynomial in N, so log n = O(log N) up to a factor, and log log n <= log log N.
  for (const [key, unit] of units)
    if (unit.kind === "size" && unit.level >= 0)
      facts.push(
        new Map([
          [["log N", "log log N"][unit.level === 0 ? 0 : 1]!, one],
          [key, rational(-1)],
        ]),
      );
  // N is at least each of its parts.
  for (const t of length.terms) {
    facts.push(product({ powers: new Map([["log N", one]]) }, power(t, rational(-1))).powers);
    for (const [key, p] of t.powers) {
      const unit = units.get(key);
      if (unit?.kind === "size" && unit.level === -1 && signOf(p) > 0)
        facts.push(
          new Map([
            ["log log N", one],
            [`${unit.name}`, rational(-1)],
          ]),
        );
    }
  }
  return facts;
}

function largest(form: Fact, facts: readonly Fact[], unit: string): Rational | undefined {
  const { constraints, number } = programOf(facts);
  const scale = [...form.values()].reduce((l, c) => (l * c.denominator) / gcd(l, c.denominator), 1n);
  const one_: Constraint = {
    form: { constant: -1n, terms: new Map([[number(unit), 1n]]) },
    equality: true,
  };
  const result = maximise(linearOf(form, number), [...constraints, one_]);
  return result.kind === "bounded" ? over(result.value, rational(scale)) : undefined;
}

/**
 * The least whole i with growth = O(log^i N), N the length of the input; undefined where there is none. Every size is
 * polynomial in N besides what `length` says.
 */
export function polylogDegree(growth: Growth, length: Growth): number | undefined {
  const facts = lengthFacts(growth, length);
  let degree = 0;
  for (const t of growth.terms) {
    const d = t.powers.size === 0 ? zero : largest(t.powers, facts, "log log N");
    if (d === undefined) return undefined;
    degree = Math.max(degree, Number(ceilingOf(d)));
  }
  return degree;
}

/** The factor that no polynomial in the length of the input bounds, as text: `2^n`. Undefined where all is polynomial. */
export function exponentialFactor(growth: Growth, length: Growth): string | undefined {
  const facts = lengthFacts(growth, length);
  for (const t of growth.terms)
    if (t.powers.size > 0 && largest(t.powers, facts, "log N") === undefined) {
      const bad = [...t.powers].filter(
        ([key, p]) => signOf(p) > 0 && largest(new Map([[key, one]]), facts, "log N") === undefined,
      );
      return printMonomial({ powers: new Map(bad) }, growth.cone.units);
    }
  return undefined;
}

// Text

function printUnit(unit: Unit): string {
  switch (unit.kind) {
    case "size":
      return unit.level === -1
        ? `2^${unit.name}`
        : unit.level === 0
          ? unit.name
          : `log(${printUnit({ ...unit, level: unit.level - 1 })})`;
    case "exponent":
      return `2^(${unit.of
        .map(([name, k]) =>
          [
            ...(k % 1 > 0 ? [`log(${name})`] : []),
            ...(k >= 2 ? [`${name}^${Math.floor(k)}`] : k >= 1 ? [name] : []),
          ].join("*"),
        )
        .join("*")})`;
    case "min": {
      const text = `min(${unit.of.map((m) => [...m.powers].map(([k, p]) => printPower(k, p)).join("*") || "1").join(", ")})`;
      return unit.level === 0 ? text : `log(${text})`;
    }
  }
}

const printPower = (key: string, p: Rational): string =>
  compareRational(p, one) === 0
    ? key
    : `${key}^${p.denominator === 1n && signOf(p) > 0 ? printRational(p) : `(${printRational(p)})`}`;

function printMonomial(m: Monomial, units: ReadonlyMap<string, Unit>): string {
  const rank = (key: string): number => {
    const unit = units.get(key);
    return unit === undefined
      ? 0
      : unit.kind === "exponent"
        ? 3
        : unit.level === -1
          ? 3
          : unit.kind === "min"
            ? 1
            : unit.level;
  };
  const parts = [...m.powers].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  if (parts.length === 0) return "1";
  return parts
    .map(([key, p]) => {
      const unit = units.get(key);
      if (unit === undefined || (unit.kind !== "exponent" && unit.level !== -1)) return printPower(key, p);
      const exponent = unit.kind === "exponent" ? key.slice(3, -1) : key.slice(2);
      if (compareRational(p, one) === 0)
        return unit.kind === "exponent" ? `2^(${exponent})` : `2^${exponent}`;
      return p.denominator === 1n || compareRational(p, zero) < 0
        ? `2^(${printRational(p)}*${exponent})`
        : `2^(${p.numerator === 1n ? exponent : `${p.numerator}*${exponent}`}/${p.denominator})`;
    })
    .join("*");
}

/** `Θ(n*log(n) + m)`, or `O(…)` where only that is known. */
export function printGrowth(g: Growth): string {
  const text = g.terms
    .map((t) => printMonomial(t, g.cone.units))
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
    .join(" + ");
  return `${g.tight ? "Θ" : "O"}(${text === "" ? "0" : text})`;
}
