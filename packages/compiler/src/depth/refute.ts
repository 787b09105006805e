/**
 * Finds proofs that facts contradict one another. Only the rules of `certificate-checker/sequent.ts` are used, so a proof
 * found here holds whatever this search does; it may only fail to find one.
 */
import {
  type AxiomName,
  applyAxiom,
  type Fact,
  formOf,
  type Proof,
  residues,
  type Sequent,
  splitOn,
  substituting,
  wholeMultiple,
} from "../../certificate-checker/sequent";
import { type ClosedForm, closed, closedFormKey, factorsKey, monomialsOf } from "../symbolic/closed-form";
import { contradiction } from "../symbolic/contradiction";
import { effort } from "../symbolic/effort";
import type { Constraint } from "../symbolic/linear";
import { printRational, rational } from "../symbolic/rational";

/** Work left; a search that runs out of it fails. */
export class Budget {
  constructor(public units: number) {}
  spend(n: number): boolean {
    this.units -= n;
    return this.units > 0;
  }
  get over(): boolean {
    return this.units <= 0;
  }
}

const clash: Proof = { rule: "clash" };
const number = (n: number): ClosedForm => closed.constant(n);
const less = (a: ClosedForm, by: number): ClosedForm => closed.sub(a, number(by));
const minus = (a: ClosedForm): ClosedForm => closed.scale(a, rational(-1));

type Wrap = (p: Proof) => Proof;

/** What a function says of its arguments. */
const axiomOf: Partial<Record<ClosedForm["kind"], AxiomName>> = {
  floor: "floor",
  min: "bound",
  max: "bound",
  log2: "log2",
  mod: "mod",
  pow2: "power",
};

/** The atoms of the facts, with those inside others. */
function atomsOf(facts: Sequent): Map<string, ClosedForm> {
  const found = new Map<string, ClosedForm>();
  const visit = (f: ClosedForm): void => {
    switch (f.kind) {
      case "constant":
        return;
      case "add":
        f.terms.forEach(visit);
        return;
      case "mul":
        f.factors.forEach(visit);
        return;
      default: {
        const key = closedFormKey(f);
        if (found.has(key)) return;
        found.set(key, f);
        if (f.kind === "min" || f.kind === "max") f.of.forEach(visit);
        if (f.kind === "floor" || f.kind === "log2" || f.kind === "pow2") visit(f.of);
        if (f.kind === "mod") [f.of, f.by].forEach(visit);
        if (f.kind === "sum") [f.lo, f.hi].forEach(visit);
      }
    }
  };
  for (const f of facts.facts) for (const m of f.rest) m.factors.forEach(visit);
  return found;
}

const degreeOne = (f: Fact): boolean => f.rest.every((m) => m.factors.length === 1);

/** A sum of products of facts that is −1, by linear programming over the monomials that occur. */
function linear(facts: Sequent, products: readonly (readonly number[])[], budget: Budget): Proof | undefined {
  const numbers = new Map<string, number>();
  const constraints: Constraint[] = [];
  const rows: (readonly number[])[] = [];
  const numberOf = (key: string): number => {
    let n = numbers.get(key);
    if (n === undefined) {
      n = numbers.size;
      numbers.set(key, n);
    }
    return n;
  };
  facts.facts.forEach(({ rest, constant, equality }, k) => {
    const terms = new Map<number, bigint>();
    for (const m of rest) terms.set(numberOf(m.key), m.coefficient);
    constraints.push({ form: { constant, terms }, equality });
    rows.push([k]);
  });
  for (const p of products) {
    const terms = new Map<number, bigint>();
    let constant = 0n;
    for (const { coefficient, factors } of monomialsOf(
      closed.mul(...p.map((k) => formOf(facts.facts[k]!))),
    )) {
      if (factors.length === 0) constant = coefficient.numerator;
      else terms.set(numberOf(factorsKey(factors)), coefficient.numerator);
    }
    constraints.push({ form: { constant, terms }, equality: p.some((k) => facts.facts[k]!.equality) });
    rows.push(p);
  }
  if (constraints.length * numbers.size > 12_000) return undefined;
  // About the size of the tableau: large programs cost more than their number of rows.
  if (!budget.spend(5 + constraints.length + (constraints.length * numbers.size) / 16)) return undefined;
  const before = effort.large;
  const multipliers = contradiction(constraints, 400);
  // Numbers beyond doubles are rare, and slow.
  if (effort.large > before) budget.spend((effort.large - before) / LARGE);
  if (multipliers === undefined) return undefined;
  const of = multipliers.flatMap((m, k) =>
    m.numerator === 0n ? [] : [{ by: printRational(m), facts: rows[k]! }],
  );
  return { rule: "sum", of };
}

/** Cells on BigInt that count for one step. */
const LARGE = 1_000;

/** Pairs (and triples) of facts whose products speak of the products that occur; those that multiply to one of them first. */
function usefulProducts(facts: Sequent, cubes: boolean): number[][] {
  const wanted = new Map<string, readonly string[]>();
  for (const f of facts.facts)
    for (const m of f.rest) if (m.factors.length > 1) wanted.set(m.key, m.factors.map(closedFormKey));
  if (wanted.size === 0) return [];
  const names = new Set([...wanted.values()].flat());
  const places = facts.facts.map((_, k) => k);
  const simple = places.filter((k) => degreeOne(facts.facts[k]!));
  /** By the key of an atom, the facts of degree one that speak of it. */
  const about = new Map<string, number[]>();
  for (const k of simple)
    for (const m of facts.facts[k]!.rest) {
      const key = closedFormKey(m.factors[0]!);
      if (!names.has(key)) continue;
      const known = about.get(key);
      if (known === undefined) about.set(key, [k]);
      else known.push(k);
    }
  const found = new Map<string, number[]>();
  const keep = (product: readonly number[], most: number): void => {
    if (found.size >= most) return;
    const sorted = [...product].sort((x, y) => x - y);
    found.set(sorted.join(), sorted);
  };
  const speaking = (key: string): readonly number[] => about.get(key) ?? [];
  for (const w of wanted.values())
    w.forEach((x, i) => {
      for (const y of w.slice(i + 1))
        for (const a of speaking(x)) for (const b of speaking(y)) keep([a, b], MOST_PAIRS);
    });
  const any = [...new Set([...about.values()].flat())].sort((x, y) => x - y);
  for (const a of any) for (const b of any) if (a <= b) keep([a, b], MOST_PAIRS);
  if (!cubes) return [...found.values()];
  const most = MOST_PAIRS + MOST_TRIPLES;
  for (const [x, y, z] of wanted.values()) {
    if (x === undefined || y === undefined || z === undefined) continue;
    for (const a of speaking(x))
      for (const b of speaking(y)) for (const c of speaking(z)) keep([a, b, c], most);
  }
  // A fact of degree two with a simple one.
  for (const a of places)
    for (const b of any)
      if (
        !simple.includes(a) &&
        facts.facts[a]!.rest.some((m) => m.factors.some((x) => names.has(closedFormKey(x))))
      )
        keep([a, b], most);
  return [...found.values()];
}
const MOST_PAIRS = 160;
const MOST_TRIPLES = 300;

export class Search {
  constructor(readonly budget: Budget) {}
  private fresh = 0;

  /** Facts with one more that is shown to follow; undefined where it is not. Effort 0 is linear programming alone. */
  ensure(
    facts: Sequent,
    form: ClosedForm,
    effort = 0,
  ): { readonly facts: Sequent; readonly wrap: Wrap } | undefined {
    const given = wholeMultiple(facts.rewritten(form));
    if (facts.knows(given)) return { facts, wrap: (p) => p };
    if (!facts.isWhole(given)) return undefined;
    const [yes, no] = splitOn(facts, given);
    const fails =
      no === undefined ? clash : effort === 0 ? linear(no, [], this.budget) : this.refute(no, effort - 1);
    if (fails === undefined) return undefined;
    // Where the other side clashes too there is nothing left to show.
    if (yes === undefined) return undefined;
    return { facts: yes, wrap: (holds) => ({ rule: "split", on: given, holds, fails }) };
  }

  /** A proof by linear programming with what atoms mean, without cases. */
  quick(facts: Sequent | undefined): Proof | undefined {
    return this.refute(facts, 0);
  }

  /** A proof with at most `cases` nested distinctions of cases. */
  refute(given: Sequent | undefined, cases = 5): Proof | undefined {
    if (given === undefined) return clash;
    if (!this.budget.spend(1)) return undefined;
    const wraps: Wrap[] = [];
    const close = (p: Proof | undefined): Proof | undefined =>
      p === undefined ? undefined : wraps.reduceRight((inner, w) => w(inner), p);
    let facts = given;

    const apply = (name: AxiomName, ...on: ClosedForm[]): boolean => {
      const next = applyAxiom(facts, name, on);
      if (next === facts) return true;
      wraps.push((then) => ({ rule: "axiom", name, on, then }));
      if (next === undefined) return false;
      facts = next;
      return true;
    };
    // Equalities are solved first: fewer unknowns, and atoms become simpler.
    for (let again = true; again; ) {
      again = false;
      for (let k = 0; k < facts.facts.length && !again; k++) {
        const f = facts.facts[k]!;
        if (!f.equality) continue;
        const solved = this.solvable(facts, k);
        if (solved === undefined) continue;
        // What a function means is lost once it is replaced.
        const meaning = axiomOf[solved.kind];
        if (meaning !== undefined && !apply(meaning, solved)) return close(clash);
        const next = substituting(facts, k, solved);
        wraps.push((then) => ({ rule: "substitute", fact: k, atom: solved, then }));
        if (next === undefined) return close(clash);
        facts = next;
        again = true;
      }
    }

    const know = (form: ClosedForm): boolean => {
      const made = this.ensure(facts, form);
      if (made === undefined) return false;
      wraps.push(made.wrap);
      facts = made.facts;
      return true;
    };

    const plain = [...atomsOf(facts).values()];
    for (const a of plain) {
      if (a.kind === "floor" && !apply("floor", a)) return close(clash);
      if ((a.kind === "min" || a.kind === "max") && !apply("bound", a)) return close(clash);
    }
    const first = linear(facts, [], this.budget);
    if (first !== undefined) return close(first);

    // Which part an extreme is: the facts are fewer, and simpler, in each case.
    const extreme = cases > 0 ? plain.find((a) => a.kind === "min" || a.kind === "max") : undefined;
    if (extreme?.kind === "min" || extreme?.kind === "max") {
      const made = this.attain(facts, extreme, cases);
      if (made !== undefined) return close(made);
    }

    // What functions mean needs to know where their arguments lie.
    let learned = false;
    const before = facts;
    for (const a of plain) {
      if (this.budget.over) return undefined;
      if (a.kind === "log2") {
        if (!know(less(a.of, 2)) && !know(minus(less(a.of, 1)))) know(less(a.of, 1));
        if (!apply("log2", a)) return close(clash);
      }
      if (a.kind === "pow2") {
        know(a.of);
        if (!apply("power", a)) return close(clash);
      }
      if (a.kind === "mod") {
        know(less(a.by, 1));
        know(a.of);
        know(less(closed.sub(a.by, a.of), 1));
        if (!apply("mod", a)) return close(clash);
      }
    }
    if (!this.orders(plain, apply, know, () => facts)) return close(clash);
    learned = facts !== before;
    if (learned) {
      // New equalities may have come.
      if (facts.facts.some((f, k) => f.equality && this.solvable(facts, k) !== undefined)) {
        const rest = this.refute(facts, cases);
        return close(rest);
      }
      const second = linear(facts, [], this.budget);
      if (second !== undefined) return close(second);
    }
    const pairs = usefulProducts(facts, false);
    if (pairs.length > 0) {
      const third = linear(facts, pairs, this.budget);
      if (third !== undefined) return close(third);
    }
    if (cases <= 0) {
      if (pairs.length === 0) return undefined;
      return close(linear(facts, usefulProducts(facts, true), this.budget));
    }
    const split = this.cases(facts, plain, cases);
    if (split !== undefined) return close(split);
    if (pairs.length > 0) {
      const last = linear(facts, usefulProducts(facts, true), this.budget);
      if (last !== undefined) return close(last);
    }
    return undefined;
  }

  /** Logarithms, powers and sums beside one another. */
  private orders(
    atoms: readonly ClosedForm[],
    apply: (name: AxiomName, ...on: ClosedForm[]) => boolean,
    know: (form: ClosedForm) => boolean,
    facts: () => Sequent,
  ): boolean {
    const remainders = atoms.filter((a) => a.kind === "mod").slice(0, 4);
    for (const x of remainders)
      for (const y of remainders) {
        if (x === y || closedFormKey(x.by) !== closedFormKey(y.by)) continue;
        const moved = closed.add(x, closed.sub(y.of, x.of));
        // One side is often known before the other.
        const turns = know(moved) ? (know(less(closed.sub(x.by, moved), 1)) ? 0 : 1) : -1;
        const rest = closed.sub(moved, closed.scale(x.by, rational(turns)));
        if (turns !== 0 && !(know(rest) && know(less(closed.sub(x.by, rest), 1)))) continue;
        if (!apply("mod-shift", x, y)) return false;
      }
    const logs = atoms.filter((a) => a.kind === "log2").slice(0, 6);
    for (let i = 0; i < logs.length; i++)
      for (let j = i + 1; j < logs.length; j++) {
        const [x, y] = [logs[i]!, logs[j]!];
        const [a, b] = [x.of, y.of];
        const up = know(closed.sub(b, a));
        const down = know(closed.sub(a, b));
        const near = (p: ClosedForm, q: ClosedForm): void => {
          // q is at most, or at least, twice p.
          know(closed.sub(closed.scale(p, rational(2)), q));
          know(less(closed.sub(closed.scale(p, rational(-2)), minus(q)), -1));
        };
        if (up && !down) near(a, b);
        if (down && !up) near(b, a);
        if (!apply("log2-order", x, y) || !apply("log2-order", y, x)) return false;
      }
    let powers = atoms.filter((a) => a.kind === "pow2").slice(0, 5);
    if (powers.length > 0 && logs.length > 0)
      for (const l of logs.slice(0, 3)) {
        if (!apply("log2-power", l)) return false;
        const made = closed.pow2(l);
        if (made.kind === "pow2") powers = [...powers, made];
      }
    for (const x of powers)
      for (const y of powers) {
        if (x === y) continue;
        const gap = closed.sub(x.of, y.of);
        if (gap.kind === "constant") continue;
        if (know(less(gap, 1))) {
          if (!apply("power-order", x, y, number(1))) return false;
        } else if (know(gap) && !apply("power-order", x, y, number(0))) return false;
      }
    const sums = atoms.filter((a) => a.kind === "sum").slice(0, 5);
    for (const s of sums) {
      if (!know(closed.sub(s.lo, s.hi)) && logs.some((l) => closedFormKey(l.of) === closedFormKey(s.hi)))
        know(less(closed.sub(s.hi, s.lo), 1));
      if (!apply("sum-step", s)) return false;
      if (s.hi.kind === "constant") {
        for (let k = 0; k < 4; k++) {
          const at = closed.sum(s.index, s.lo, less(s.hi, k), s.body);
          if (at.kind !== "sum") break;
          if (!apply("sum-step", at)) return false;
        }
      }
    }
    for (const x of sums)
      for (const y of sums) {
        if (x === y || closedFormKey(closed.sum(x.index, x.lo, y.hi, x.body)) !== closedFormKey(y)) continue;
        const gap = closed.sub(y.hi, x.hi);
        if (gap.kind === "constant") {
          const { numerator, denominator } = gap.value;
          if (denominator !== 1n || numerator < 0n || numerator > 4n) continue;
          for (let k = 0; k < Number(numerator); k++) {
            const at = closed.sum(y.index, y.lo, less(y.hi, k), y.body);
            if (at.kind !== "sum") break;
            know(less(closed.sub(at.hi, at.lo), 1));
            if (!apply("sum-step", at)) return false;
          }
        } else if (know(less(gap, 1))) {
          know(less(closed.sub(y.hi, y.lo), 1));
          if (!apply("sum-step", y)) return false;
          const shorter = closed.sum(y.index, y.lo, less(y.hi, 1), y.body);
          if (shorter.kind === "sum") {
            if (!apply("sum-order", x, shorter)) return false;
          }
        } else if (know(gap)) {
          if (!apply("sum-order", x, y)) return false;
        }
      }
    // Logarithms that came with the last terms of sums.
    if (sums.length > 0) {
      const more = [...atomsOf(facts()).values()]
        .filter((a) => a.kind === "log2" && !logs.includes(a))
        .slice(0, 4);
      for (const a of more)
        if (a.kind === "log2") {
          if (!know(less(a.of, 2)) && !know(minus(less(a.of, 1)))) know(less(a.of, 1));
          if (!apply("log2", a)) return false;
          for (const b of [...logs, ...more]) {
            if (a === b || b.kind !== "log2") continue;
            if (know(closed.sub(b.of, a.of)) && !apply("log2-order", a, b)) return false;
            if (know(closed.sub(a.of, b.of)) && !apply("log2-order", b, a)) return false;
          }
        }
    }
    return true;
  }

  /** An atom that equality `k` can be solved for: an index first, then a size, then anything else. */
  private solvable(facts: Sequent, k: number): ClosedForm | undefined {
    const f = facts.facts[k]!;
    const rank = (a: ClosedForm) => (a.kind === "index" ? 0 : a.kind === "size" ? 1 : 2);
    const candidates = f.rest
      .filter((m) => m.factors.length === 1 && (m.coefficient === 1n || m.coefficient === -1n))
      .filter((m) => !f.rest.some((o) => o !== m && o.key.includes(m.key)))
      .map((m) => m.factors[0]!);
    return candidates.sort((a, b) => rank(a) - rank(b))[0];
  }

  /** Distinguishes cases, the most telling first. */
  private cases(facts: Sequent, atoms: readonly ClosedForm[], left: number): Proof | undefined {
    const split = (given: ClosedForm): Proof | undefined => {
      const on = wholeMultiple(given);
      if (!facts.isWhole(on)) return undefined;
      const [yes, no] = splitOn(facts, on);
      if (yes === facts || no === facts) return undefined;
      const holds = this.refute(yes, left - 1);
      if (holds === undefined) return undefined;
      const fails = this.refute(no, left - 1);
      return fails === undefined ? undefined : { rule: "split", on, holds, fails };
    };
    for (const a of atoms) {
      if (a.kind === "mod" && !facts.knows(a.of)) {
        const made = split(a.of);
        if (made !== undefined) return made;
      }
      if (a.kind === "mod" && !facts.knows(less(closed.sub(a.by, a.of), 1))) {
        const made = split(less(closed.sub(a.by, a.of), 1));
        if (made !== undefined) return made;
      }
    }
    for (const a of atoms) {
      if (a.kind !== "floor") continue;
      const parts = monomialsOf(a.of);
      const variable = parts.find(
        (m) =>
          m.factors.length === 1 &&
          (m.factors[0]!.kind === "index" || m.factors[0]!.kind === "size") &&
          m.coefficient.denominator !== 1n,
      );
      if (variable === undefined) continue;
      const by = Number(
        parts.reduce((l, m) => (m.coefficient.denominator > l ? m.coefficient.denominator : l), 1n),
      );
      if (by < 2 || by > 8) continue;
      const quotient = `'${++this.fresh}`;
      const on = variable.factors[0]!;
      const all = residues(facts, on, by, quotient);
      const proofs: Proof[] = [];
      for (const f of all) {
        const p = this.refute(f, left - 1);
        if (p === undefined) return undefined;
        proofs.push(p);
      }
      return { rule: "residue", variable: on, by, quotient, cases: proofs };
    }
    for (const a of atoms) {
      if (a.kind === "log2" && !facts.knows(less(a.of, 2)) && !facts.knows(less(minus(a.of), -1))) {
        const made = split(less(a.of, 2));
        if (made !== undefined) return made;
      }
      if (a.kind === "pow2" && !facts.knows(a.of)) {
        const made = split(a.of);
        if (made !== undefined) return made;
      }
    }
    const exponents = atoms.filter((a) => a.kind === "log2");
    const powers = atoms.filter((a) => a.kind === "pow2");
    if (left >= 2)
      for (const p of powers)
        for (const e of exponents) {
          for (const by of [0, 1]) {
            const made = split(less(closed.sub(p.of, e), by));
            if (made !== undefined) return made;
          }
        }
    // The smallest value of a variable apart from the others.
    if (left >= 3)
      for (const f of facts.facts) {
        if (f.equality || f.rest.length > 2 || !degreeOne(f)) continue;
        if (this.budget.over) return undefined;
        const on = less(formOf(f), 1);
        if (!facts.isWhole(on)) continue;
        const [yes, no] = splitOn(facts, on);
        const fails = this.refute(no, 0);
        if (fails === undefined) continue;
        const holds = this.refute(yes, Math.min(left - 3, 1));
        if (holds !== undefined) return { rule: "split", on, holds, fails };
      }
    return undefined;
  }

  private attain(
    facts: Sequent,
    atom: Extract<ClosedForm, { kind: "min" | "max" }>,
    left: number,
  ): Proof | undefined {
    const go = (now: Sequent | undefined, best: number, next: number): Proof | undefined => {
      if (now === undefined) return clash;
      const part = atom.of[best]!;
      if (next >= atom.of.length) {
        // What came before the last change of mind follows, but has to be known.
        let known = now;
        const wraps: Wrap[] = [];
        for (const p of atom.of) {
          if (p === part) continue;
          const ensured = this.ensure(known, atom.kind === "max" ? closed.sub(part, p) : closed.sub(p, part));
          if (ensured === undefined) return undefined;
          known = ensured.facts;
          wraps.push(ensured.wrap);
        }
        const close = (p: Proof): Proof =>
          wraps.reduceRight((inner, w) => w(inner), {
            rule: "axiom",
            name: "attained",
            on: [atom, part],
            then: p,
          } as Proof);
        const made = applyAxiom(known, "attained", [atom, part]);
        if (made === undefined) return close(clash);
        if (made === known) return undefined;
        const then = this.refute(made, left - 1);
        return then === undefined ? undefined : close(then);
      }
      const other = atom.of[next]!;
      const on = atom.kind === "max" ? closed.sub(part, other) : closed.sub(other, part);
      if (now.knows(on)) return go(now, best, next + 1);
      if (now.knows(minus(on))) return go(now, next, next + 1);
      if (!now.isWhole(on)) return undefined;
      const [yes, no] = splitOn(now, on);
      const holds = go(yes, best, next + 1);
      if (holds === undefined) return undefined;
      const fails = go(no, next, next + 1);
      return fails === undefined ? undefined : { rule: "split", on, holds, fails };
    };
    return go(facts, 0, 1);
  }
}
