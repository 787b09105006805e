/**
 * Sets of sizes and indices given by polynomial facts, and what follows from the facts.
 *
 * A monomial counts as one unknown of a linear program; what is known of atoms (a floor, a logarithm, a power of two) and
 * products of facts (Handelman 1988) join as facts of their own. "Implied" is therefore proved; "not implied" says
 * only that this proof was not found.
 */
import type { Comparison, Conjunction, Dim } from "../equations/system";
import {
  add,
  affineIn,
  allAtoms,
  atomOf,
  clearDenominators,
  constantOf,
  fromIndex,
  indexKey,
  log2,
  multiply,
  number,
  pow2,
  scale,
  single,
  substitute,
  subtract,
} from "./atoms";
import { contradiction } from "./contradiction";
import { effort, PER_FACT } from "./effort";
import { type Constraint, type LinearForm, tighten } from "./linear";
import { atomsOf, degree, keyOf, type Polynomial, polynomialKey, variable } from "./polynomial";
import { signOf } from "./rational";
import { findsWitness, forgetWitnesses, isSatisfied } from "./witness";

/** `form >= 0`, or `form == 0`; forms have whole values. */
export interface Fact {
  readonly form: Polynomial;
  readonly equality: boolean;
}

export const atLeastZero = (form: Polynomial): Fact => ({ form: clearDenominators(form), equality: false });
export const equalsZero = (form: Polynomial): Fact => ({ form: clearDenominators(form), equality: true });
/** a <= b */
export const atMost = (a: Polynomial, b: Polynomial): Fact => atLeastZero(subtract(b, a));
/** a < b */
export const below = (a: Polynomial, b: Polynomial): Fact => atLeastZero(subtract(subtract(b, a), single));

/**
 * A conjunction of facts, each one true; `==`, `<` and `<=` are one fact. `!=` is two regions, below and above, so the
 * answer is a list of disjoint regions.
 */
export function regionsOf(all: Conjunction): Fact[][] {
  return all.reduce<Fact[][]>(
    (regions, c) => regions.flatMap((facts) => sidesOf(c).map((f) => [...facts, f])),
    [[]],
  );
}

function sidesOf(c: Comparison): Fact[] {
  const [a, b] = [fromIndex(c.left), fromIndex(c.right)];
  switch (c.op) {
    case "<":
      return [below(a, b)];
    case "<=":
      return [atMost(a, b)];
    case "==":
      return [equalsZero(subtract(b, a))];
    case "!=":
      return [below(a, b), below(b, a)];
  }
}

/** Where a fact does not hold: disjoint alternatives. Forms have whole values: not a >= 0 is −a − 1 >= 0. */
export const opposite = ({ form, equality }: Fact): Fact[] => {
  const less = atLeastZero(subtract(scale(form, -1), single));
  return equality ? [less, atLeastZero(subtract(form, single))] : [less];
};

export const substituteFact = (fact: Fact, by: ReadonlyMap<string, Polynomial>): Fact => ({
  form: clearDenominators(substitute(fact.form, by)),
  equality: fact.equality,
});

const keys = new WeakMap<Fact, string>();
export function factKey(f: Fact): string {
  let key = keys.get(f);
  if (key === undefined) {
    key = `${f.equality ? "=" : ">"}${polynomialKey(f.form)}`;
    keys.set(f, key);
  }
  return key;
}

/** lo <= index < hi of each dimension. */
export const factsOfDims = (dims: readonly Dim[]): Fact[] =>
  dims.flatMap((d) => {
    const at = fromIndex({ kind: "index", name: d.index });
    return [atMost(fromIndex(d.lo), at), below(at, fromIndex(d.hi))];
  });

/** Most pairs of facts that are multiplied for one question. */
const PRODUCTS = 80;
/** Most pivots for one question: these programs are small. */
const PIVOTS = 600;

const memo = new Map<string, { readonly empty: boolean; readonly effort: number }>();
const MEMO = 20_000;

/** Begins anew: what later questions cost then depends on nothing that was asked before. */
export function forgetRegions(): void {
  memo.clear();
  forgetWitnesses();
}

/** Whether no point satisfies the facts, as far as can be proved. */
export function isEmpty(facts: readonly Fact[]): boolean {
  for (const { form, equality } of facts) {
    const value = constantOf(form);
    if (value === undefined) continue;
    const sign = signOf(value);
    if (equality ? sign !== 0 : sign < 0) return true;
  }
  const varying = facts.filter((f) => constantOf(f.form) === undefined);
  if (varying.length === 0) return false;
  if (isSatisfied(varying)) return false;
  const key = varying.map(factKey).sort().join(";");
  const known = memo.get(key);
  if (known !== undefined) {
    effort.spent += known.effort;
    return known.empty;
  }
  if (memo.size > MEMO) memo.clear();
  const before = effort.spent;
  const empty = refute(varying);
  memo.set(key, { empty, effort: effort.spent - before });
  return empty;
}

/** Whether a fact follows. False also where no proof was found. */
export function implies(facts: readonly Fact[], goal: Fact): boolean {
  const value = constantOf(goal.form);
  if (value !== undefined) {
    const sign = signOf(value);
    if (goal.equality ? sign === 0 : sign >= 0) return true;
  }
  return opposite(goal).every((side) => isEmpty([...facts, side]));
}

function refute(facts: readonly Fact[]): boolean {
  effort.spent += PER_FACT * facts.length;
  if (solveLinear(facts)) return true;
  if (findsWitness(facts)) return false;
  // A point of the linear program may still be none of the atoms: what is known of these, then products.
  const about = [...facts, ...factsOfAtoms(facts)];
  if (about.length > facts.length && solveLinear(about)) return true;
  const most = Math.min(3, Math.max(...about.map((f) => degree(f.form))));
  if (most < 2) return false;
  const wide = [...about, ...productsOf(about, most)];
  return wide.length > about.length && solveLinear(wide);
}

function solveLinear(facts: readonly Fact[]): boolean {
  const numbers = new Map<string, number>();
  const constraints: Constraint[] = [];
  for (const { form, equality } of facts) {
    let constant = 0n;
    const terms = new Map<number, bigint>();
    for (const t of clearDenominators(form).terms) {
      if (t.powers.length === 0) {
        constant = t.coefficient.numerator;
        continue;
      }
      const key = keyOf(t.powers);
      let at = numbers.get(key);
      if (at === undefined) {
        at = numbers.size;
        numbers.set(key, at);
      }
      terms.set(at, t.coefficient.numerator);
    }
    const linear: LinearForm = { constant, terms };
    const tight = tighten({ form: linear, equality });
    if (tight === undefined) return true;
    constraints.push(tight);
  }
  return contradiction(constraints, PIVOTS) !== undefined;
}

/** A sum of sizes and logarithms: never negative. */
const isNaturalForm = (a: Polynomial): boolean =>
  a.terms.every(
    (t) =>
      signOf(t.coefficient) > 0 &&
      t.powers.every(([k]) => atomOf(k).kind === "size" || atomOf(k).kind === "log2"),
  );

/** What is true of the atoms in some facts wherever they have a value. */
function factsOfAtoms(facts: readonly Fact[]): Fact[] {
  const forms = facts.map((f) => f.form);
  const found: Fact[] = [];
  const say = (...more: Fact[]): void => {
    found.push(...more);
  };
  say(...factsOfSums(facts, allAtoms(forms)));
  const powers = new Set<string>();
  const atoms = allAtoms([...forms, ...found.map((f) => f.form)]);
  for (const key of atoms) {
    const atom = atomOf(key);
    const self = variable(key);
    switch (atom.kind) {
      case "size":
        say(atLeastZero(self));
        break;
      case "index":
      case "sum":
        break;
      case "floor": {
        const low = multiply(atom.by, self);
        const divisor = constantOf(atom.by);
        // by · floor <= of <= by · floor + by − 1 for a positive divisor.
        const positive = divisor === undefined ? provesPositive(facts, atom.by) : signOf(divisor) > 0;
        if (positive) say(atMost(low, atom.of), below(atom.of, add(low, atom.by)));
        break;
      }
      case "log2": {
        say(atLeastZero(self));
        // Logarithms rise: a bound on an index inside bounds them.
        for (const { limit, above } of limitsOf(atom.of, facts))
          say(above ? atMost(self, log2(limit)) : atMost(log2(limit), self));
        const power = pow2(self);
        powers.add(`2^(${key})`);
        say(atMost(atom.of, power));
        if (!provesPositive(facts, atom.of)) break;
        // ceil(log2 x) <= x − 1, and 2^ceil(log2 x) < 2x, for x >= 1.
        say(
          atMost(self, subtract(atom.of, single)),
          below(power, scale(atom.of, 2)),
          atMost(add(self, single), power),
        );
        // x > 2^k has a logarithm above k.
        for (const least of [2, 3]) {
          if (!proves(facts, atMost(number(least), atom.of))) break;
          say(atMost(number(least - 1), self));
        }
        break;
      }
      case "pow2":
        powers.add(key);
        break;
      case "min":
        say(atMost(self, atom.of[0]), atMost(self, atom.of[1]));
        break;
      case "max":
        say(atMost(atom.of[0], self), atMost(atom.of[1], self));
        break;
    }
  }
  // Logarithms grow.
  const logs = [...atoms].flatMap((key) => {
    const atom = atomOf(key);
    return atom.kind === "log2" ? [{ key, of: atom.of }] : [];
  });
  for (const a of logs)
    for (const b of logs) {
      if (a === b) continue;
      const more = subtract(b.of, a.of);
      const constant = constantOf(more);
      if (constant === undefined ? proves(facts, atLeastZero(more)) : signOf(constant) > 0)
        say(atMost(variable(a.key), variable(b.key)));
    }
  for (const key of powers) {
    const atom = atomOf(key);
    if (atom.kind !== "pow2") continue;
    const self = variable(key);
    say(atLeastZero(self), atMost(add(atom.of, single), self));
    if (isNaturalForm(atom.of) || proves(facts, atLeastZero(atom.of))) say(atMost(single, self));
    // 2^ grows: a bound on an index in the exponent bounds the power.
    for (const { limit, above } of limitsOf(atom.of, facts))
      say(above ? atMost(self, pow2(limit)) : atMost(pow2(limit), self));
  }
  // The powers that came in above are natural too, and so are the logarithms they are of.
  for (const key of allAtoms(found.map((f) => f.form))) {
    if (atoms.has(key)) continue;
    const atom = atomOf(key);
    if (atom.kind === "pow2" && isNaturalForm(atom.of)) say(atMost(single, variable(key)));
    if (atom.kind === "size" || atom.kind === "log2" || atom.kind === "pow2") say(atLeastZero(variable(key)));
    if (atom.kind === "log2") {
      const power = pow2(variable(key));
      say(atMost(atom.of, power));
      if (provesPositive(facts, atom.of)) say(below(power, scale(atom.of, 2)));
    }
  }
  return found;
}

/**
 * A sum of what is never negative is at least its last term; of two from the same start one that is no shorter is no less, and a
 * longer one larger by its last term at least.
 */
function factsOfSums(facts: readonly Fact[], atoms: ReadonlySet<string>): Fact[] {
  const sums = [...atoms].flatMap((key) => {
    const atom = atomOf(key);
    return atom.kind === "sum" && isNaturalForm(atom.body) ? [{ key, ...atom }] : [];
  });
  const at = (s: (typeof sums)[number], k: Polynomial): Polynomial =>
    substitute(s.body, new Map([[indexKey(s.index), k]]));
  const ends = sums.flatMap((s): Fact[] => {
    if (!proves(facts, atMost(s.lo, s.hi))) return [];
    const self = variable(s.key);
    const length = add(subtract(s.hi, s.lo), single);
    const last = at(s, s.hi);
    // Of terms that grow none is more than the last.
    return [
      atMost(last, self),
      ...(rises(s.body, indexKey(s.index)) ? [atMost(self, multiply(length, last))] : []),
    ];
  });
  const pairs = sums.flatMap((a) =>
    sums.flatMap((b) => {
      const alike =
        a.key !== b.key &&
        a.index === b.index &&
        polynomialKey(a.lo) === polynomialKey(b.lo) &&
        polynomialKey(a.body) === polynomialKey(b.body);
      if (!alike || !proves(facts, atMost(a.hi, b.hi))) return [];
      const longer = proves(facts, below(a.hi, b.hi)) && proves(facts, atMost(b.lo, b.hi));
      return [atMost(longer ? add(variable(a.key), at(b, b.hi)) : variable(a.key), variable(b.key))];
    }),
  );
  return [...ends, ...pairs];
}

/** Whether a sum of logarithms is one of forms that an index can only make larger. */
const rises = (body: Polynomial, key: string): boolean =>
  [...allAtoms([body])].every((k) => {
    const atom = atomOf(k);
    const slope = atom.kind === "log2" ? affineIn(atom.of, key) : undefined;
    return atom.kind !== "log2" || (slope !== undefined && signOf(slope.coefficient) >= 0);
  });

/** What a form is at the bounds of an index inside it, by facts on that index alone: the form is at most, or at least, this. */
function limitsOf(
  form: Polynomial,
  facts: readonly Fact[],
): { readonly limit: Polynomial; readonly above: boolean }[] {
  return atomsOf(form).flatMap((inner) => {
    if (atomOf(inner).kind !== "index") return [];
    const slope = affineIn(form, inner);
    if (slope === undefined) return [];
    return facts.flatMap((f) => {
      const parts = affineIn(f.form, inner);
      if (parts === undefined || parts.coefficient.denominator !== 1n) return [];
      const { numerator } = parts.coefficient;
      if (numerator !== 1n && numerator !== -1n) return [];
      const bound = numerator === 1n ? scale(parts.rest, -1) : parts.rest;
      const limit = substitute(form, new Map([[inner, bound]]));
      const above = (numerator === 1n) !== signOf(slope.coefficient) > 0;
      return f.equality
        ? [
            { limit, above: true },
            { limit, above: false },
          ]
        : [{ limit, above }];
    });
  });
}

/** x >= 1 */
const provesPositive = (facts: readonly Fact[], x: Polynomial): boolean =>
  x.terms.every((t) => signOf(t.coefficient) > 0 && t.powers.every(([k]) => atomOf(k).kind === "pow2")) ||
  proves(facts, atMost(single, x));

/** By facts on sizes, indices and logarithms as unknowns: what is known of atoms is not asked for, so no question leads back to itself. */
function proves(facts: readonly Fact[], goal: Fact): boolean {
  const plain = (f: Fact): boolean => f.form.terms.every((t) => t.powers.every(([k]) => isPlain(k)));
  if (!plain(goal)) return false;
  const known = facts.filter(plain);
  const naturals = [...allAtoms([goal, ...known].map((f) => f.form))].filter(
    (k) => atomOf(k).kind !== "index",
  );
  const all = [...known, ...naturals.map((k) => atLeastZero(variable(k)))];
  return opposite(goal).every((side) => solveLinear([...all, side]));
}
const isPlain = (key: string): boolean => {
  const { kind } = atomOf(key);
  return kind === "size" || kind === "index" || kind === "log2";
};

/** Products of facts that say something about the nonlinear monomials in play. */
function productsOf(facts: readonly Fact[], most: number): Fact[] {
  const wanted = new Set<string>();
  for (const f of facts)
    for (const t of f.form.terms)
      for (const [key] of t.powers) if (degree({ terms: [t] }) > 1) wanted.add(key);
  const useful = facts.filter(
    (f) =>
      !f.equality && degree(f.form) === 1 && f.form.terms.some((t) => t.powers.some(([k]) => wanted.has(k))),
  );
  const unique = [...new Map(useful.map((f) => [factKey(f), f])).values()];
  const products: Fact[] = [];
  for (let i = 0; i < unique.length && products.length < PRODUCTS; i++)
    for (let j = i; j < unique.length && products.length < PRODUCTS; j++)
      products.push(atLeastZero(multiply(unique[i]!.form, unique[j]!.form)));
  // Squares are never negative.
  const atoms = [...wanted].slice(0, 4);
  for (const [i, a] of atoms.entries())
    for (const b of atoms.slice(i + 1)) {
      const difference = subtract(variable(a), variable(b));
      products.push(atLeastZero(multiply(difference, difference)));
    }
  // Equalities may be multiplied by anything.
  for (const f of facts)
    if (f.equality && degree(f.form) < most)
      for (const key of wanted) products.push(equalsZero(multiply(f.form, variable(key))));
  if (most < 3) return products;
  const cubes: Fact[] = [];
  for (const p of products)
    for (const f of unique)
      if (cubes.length < PRODUCTS && degree(p.form) === 2) cubes.push(atLeastZero(multiply(p.form, f.form)));
  return [...products, ...cubes];
}

/** Facts that do not follow from the others and the context. */
export function withoutRedundant(facts: readonly Fact[], context: readonly Fact[]): Fact[] {
  const kept = [...new Map(facts.map((f) => [factKey(f), f])).values()];
  for (let k = kept.length - 1; k >= 0; k--) {
    const others = kept.filter((_, j) => j !== k);
    if (implies([...context, ...others], kept[k]!)) kept.splice(k, 1);
  }
  return kept;
}

/**
 * A fact that says the same under what is known and is affine, where one of the known bounds moved by a little does:
 * (n − i)² >= 4 as n − i >= 2. The fact itself where none is found.
 */
export function straightened(fact: Fact, known: readonly Fact[]): Fact {
  if (degree(fact.form) < 2) return fact;
  for (const { form, equality } of known) {
    if (equality || degree(form) !== 1) continue;
    for (let c = 0; c <= 4; c++) {
      const bound = atLeastZero(subtract(form, number(c)));
      if (implies([...known, bound], fact) && opposite(bound).every((g) => isEmpty([...known, g, fact])))
        return bound;
    }
  }
  return fact;
}
