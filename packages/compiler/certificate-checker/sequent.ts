/**
 * Facts about whole numbers, and the rules by which a proof adds to them until they contradict one another. Everything
 * that is believed is in this file: whatever finds proofs can only use these rules.
 *
 * A fact is `form >= 0` or `form == 0` over sizes and indices (whole numbers) and over atoms such as `log2(n)`. A product of
 * atoms counts as an unknown of its own.
 */
import type { Comparison } from "../src/equations/system";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  factorsKey,
  fromIndexExpr,
  isWholeForm,
  monomialsOf,
} from "../src/symbolic/closed-form";
import { absolute, floorDivide, gcd, rational } from "../src/symbolic/rational";

/** A whole multiple of a product of atoms. */
interface Multiple {
  readonly key: string;
  readonly factors: readonly ClosedForm[];
  readonly coefficient: bigint;
}

/** A sum of multiples and a constant, `>= 0` or `== 0`; the coefficients have no common divisor. */
export interface Fact {
  readonly rest: readonly Multiple[];
  readonly constant: bigint;
  readonly equality: boolean;
}

const forms = new WeakMap<Fact, ClosedForm>();
export function formOf(f: Fact): ClosedForm {
  let form = forms.get(f);
  if (form === undefined) {
    const terms = f.rest.map((m) => closed.scale(closed.mul(...m.factors), rational(m.coefficient)));
    form = closed.add(...terms, closed.constant(f.constant));
    forms.set(f, form);
  }
  return form;
}
const zero = closed.constant(0);
const number = (n: number | bigint): ClosedForm => closed.constant(n);

/** Thrown at a step that is not one of the rules. */
export class Rejected extends Error {}
const demand = (condition: boolean, why: string): void => {
  if (!condition) throw new Rejected(why);
};

interface Parts {
  readonly rest: Multiple[];
  readonly constant: bigint;
  /** The least common denominator, by which the form was multiplied. */
  readonly by: bigint;
}

const parts = new WeakMap<ClosedForm, Parts>();

/** Whole coefficients: the form times the least common denominator. */
function cleared(form: ClosedForm): Parts {
  let made = parts.get(form);
  if (made === undefined) {
    made = clear(form);
    parts.set(form, made);
  }
  return made;
}
function clear(form: ClosedForm): Parts {
  const all = monomialsOf(form);
  let by = 1n;
  for (const { coefficient: c } of all)
    if (c.denominator !== 1n) by = (by * c.denominator) / gcd(by, c.denominator);
  let constant = 0n;
  const rest: Multiple[] = [];
  for (const { coefficient: c, factors } of all) {
    const coefficient = by === 1n ? c.numerator : (c.numerator * by) / c.denominator;
    if (factors.length === 0) constant = coefficient;
    else rest.push({ key: factorsKey(factors), factors, coefficient });
  }
  return { rest, constant, by };
}

const isVariable = ({ factors }: Multiple): boolean =>
  factors.length === 1 && (factors[0]!.kind === "index" || factors[0]!.kind === "size");

/** The same for a sum and its negative; and whether it is the negative. */
function signedKey(rest: readonly Multiple[]): { readonly key: string; readonly turned: boolean } {
  const turned = rest[0]!.coefficient < 0n;
  let key = "";
  for (const m of rest) key += `${turned ? -m.coefficient : m.coefficient}*${m.key} `;
  return { key, turned };
}

/** What is known of a sum of multiples: `least <= sum <= most`. */
interface Bounds {
  readonly least?: bigint | undefined;
  readonly most?: bigint | undefined;
}

/** The form times the least number that makes its coefficients whole. */
export function wholeMultiple(form: ClosedForm): ClosedForm {
  const { by } = cleared(form);
  return by === 1n ? form : closed.scale(form, rational(by));
}

/** A list of facts; immutable. `false` in place of one: they contradict one another. */
export class Sequent {
  private constructor(
    readonly facts: readonly Fact[],
    /** By the key of a sum, the bounds known of it. */
    private readonly bounds: ReadonlyMap<string, Bounds>,
    /** Replacements made so far: what is added later passes through them. */
    private readonly rewrites: readonly ((f: ClosedForm) => ClosedForm)[],
  ) {}

  static readonly empty = new Sequent([], new Map(), []);

  rewritten(form: ClosedForm): ClosedForm {
    return this.rewrites.reduce((f, r) => r(f), plain(form));
  }

  /** True where every value of the form is whole, as far as the facts tell. */
  isWhole(form: ClosedForm): boolean {
    if (isWholeForm(form)) return true;
    switch (form.kind) {
      case "pow2":
        return this.isWhole(form.of) && this.knows(form.of);
      case "add":
        return form.terms.every((t) => this.isWhole(t));
      case "mul":
        return form.factors.every((t) => this.isWhole(t)) || this.isHalved(form.factors);
      case "min":
      case "max":
        return form.of.every((t) => this.isWhole(t));
      case "sum":
        return this.isWhole(form.body);
      default:
        return false;
    }
  }

  /** True for `2^e / 2^k` times whole numbers, where e >= k is known. */
  private isHalved([first, ...rest]: readonly ClosedForm[]): boolean {
    const power = rest.find((f) => f.kind === "pow2");
    if (first?.kind !== "constant" || power?.kind !== "pow2") return false;
    const k = BigInt(first.value.denominator.toString(2).length - 1);
    if (first.value.denominator !== 1n << k || !this.isWhole(power.of)) return false;
    return this.knows(closed.sub(power.of, number(k))) && rest.every((f) => f === power || this.isWhole(f));
  }

  private normal(form: ClosedForm, equality: boolean): Fact | boolean {
    const { rest, constant } = cleared(form);
    if (rest.length === 0) return equality ? constant === 0n : constant >= 0n;
    let common = 0n;
    // 2^a is even where a >= 1 is known.
    let even = 0n;
    for (const m of rest) {
      common = gcd(common, m.coefficient);
      even = gcd(even, m.coefficient * this.twosIn(m));
    }
    if (common === 1n && even === 1n) return { rest, constant, equality };
    const whole = rest.every((m) => m.factors.every((f) => this.isWhole(f)));
    if (whole && equality && (constant % common !== 0n || constant % even !== 0n)) return false;
    if (!whole) common = gcd(common, constant);
    const rounded = whole ? even * floorDivide(constant, even) : constant;
    if (common === 1n) return { rest, constant: rounded, equality };
    const divided = rest.map((m) => ({ ...m, coefficient: m.coefficient / common }));
    return { rest: divided, constant: floorDivide(rounded, common), equality };
  }

  /** A power of two that divides a product of whole numbers. */
  private twosIn(m: Multiple): bigint {
    const power = m.factors.find((f) => f.kind === "pow2");
    if (power?.kind !== "pow2" || !this.isWhole(power.of)) return 1n;
    for (const k of [3, 2, 1]) if (this.knows(closed.sub(power.of, number(k)))) return 1n << BigInt(k);
    return 1n;
  }

  /** With one more fact; `undefined` where that contradicts another one outright. */
  with(form: ClosedForm, equality = false): Sequent | undefined {
    return this.add(this.rewritten(form), equality);
  }

  private add(form: ClosedForm, equality: boolean): Sequent | undefined {
    const each = equality ? undefined : eachPart(form);
    return each === undefined
      ? this.addOne(form, equality)
      : each.reduce<Sequent | undefined>((made, f) => made?.add(f, false), this);
  }

  private addOne(form: ClosedForm, equality: boolean): Sequent | undefined {
    const fact = this.normal(form, equality);
    if (typeof fact === "boolean") return fact ? this : undefined;
    const { key, turned } = signedKey(fact.rest);
    // sum + constant >= 0, where the key is that of the sum or of its negative.
    const known = this.bounds.get(key) ?? {};
    const least = turned && !fact.equality ? undefined : turned ? fact.constant : -fact.constant;
    const most = !turned && !fact.equality ? undefined : turned ? fact.constant : -fact.constant;
    const tighterLeast = least !== undefined && (known.least === undefined || least > known.least);
    const tighterMost = most !== undefined && (known.most === undefined || most < known.most);
    if (!tighterLeast && !tighterMost && !fact.equality) return this;
    const next: Bounds = { least: tighterLeast ? least : known.least, most: tighterMost ? most : known.most };
    if (next.least !== undefined && next.most !== undefined && next.least > next.most) return undefined;
    // Both bounds are one number: an equality, which can be solved for a variable.
    const pinned = next.least !== undefined && next.least === next.most && fact.rest.some(isVariable);
    const added = pinned && !fact.equality ? { ...fact, equality: true } : fact;
    return new Sequent([...this.facts, added], new Map(this.bounds).set(key, next), this.rewrites);
  }

  /** True where a fact says so, or says more. */
  knows(form: ClosedForm): boolean {
    const each = eachPart(form);
    if (each !== undefined) return each.every((f) => this.knows(f));
    const fact = this.normal(form, false);
    if (typeof fact === "boolean") return fact;
    const { key, turned } = signedKey(fact.rest);
    const known = this.bounds.get(key);
    if (known === undefined) return false;
    return turned
      ? known.most !== undefined && fact.constant - known.most >= 0n
      : known.least !== undefined && known.least + fact.constant >= 0n;
  }

  /** With an atom replaced by an equal form, throughout and in what comes later. */
  replacing(atom: ClosedForm, by: ClosedForm): Sequent | undefined {
    const replace = (f: ClosedForm): ClosedForm => replaceAtom(f, atom, by);
    let made: Sequent | undefined = new Sequent([], new Map(), [...this.rewrites, replace]);
    for (const f of this.facts) made = made?.add(replace(formOf(f)), f.equality);
    return made;
  }

  /** The fact that `claim >= 0` is false. */
  withoutClaim(claim: ClosedForm): Sequent | undefined {
    const form = this.rewritten(claim);
    const { by, rest } = cleared(form);
    const whole = rest.every((m) => m.factors.every((f) => this.isWhole(f)));
    return this.add(closed.sub(closed.scale(form, rational(-by)), whole ? number(1) : zero), false);
  }
}

const eachParts = new WeakMap<ClosedForm, readonly ClosedForm[] | undefined>();
/** `x - max(a, b) >= 0` says as much as `x - a >= 0` and `x - b >= 0`; so does `min(a, b) - x >= 0`. */
function eachPart(form: ClosedForm): readonly ClosedForm[] | undefined {
  if (form.kind !== "add" && form.kind !== "min" && form.kind !== "mul") return undefined;
  if (!eachParts.has(form)) {
    const found = monomialsOf(form).find(({ factors: [f, ...more], coefficient: c }) =>
      more.length > 0 ? false : f?.kind === "max" ? c.numerator < 0n : f?.kind === "min" && c.numerator > 0n,
    );
    const atom = found?.factors[0];
    const rest = found && closed.sub(form, closed.scale(atom!, found.coefficient));
    eachParts.set(
      form,
      atom?.kind === "max" || atom?.kind === "min"
        ? atom.of.map((part) => closed.add(rest!, closed.scale(part, found!.coefficient)))
        : undefined,
    );
  }
  return eachParts.get(form);
}

/** `a mod d` as `a − d·floor(a / d)`, `floor(log2 a)` as `log2(a + 1) − 1`: fewer functions to know about. */
function plain(form: ClosedForm): ClosedForm {
  let made = plains.get(form);
  if (made === undefined) {
    made = replaceAtom(form, undefined, zero);
    plains.set(form, made);
  }
  return made;
}
const plains = new WeakMap<ClosedForm, ClosedForm>();

/** Replaces an atom wherever it stands, also inside other atoms. What does not change stays the same object. */
function replaceAtom(form: ClosedForm, atom: ClosedForm | undefined, by: ClosedForm): ClosedForm {
  const key = atom === undefined ? undefined : closedFormKey(atom);
  const isAtom = (f: ClosedForm): boolean =>
    atom !== undefined && f.kind === atom.kind && (f === atom || closedFormKey(f) === key);
  const go = (f: ClosedForm): ClosedForm => (isAtom(f) ? by : rebuild(f));
  const all = (fs: readonly ClosedForm[]): readonly ClosedForm[] | undefined => {
    let made: ClosedForm[] | undefined;
    for (let k = 0; k < fs.length; k++) {
      const next = go(fs[k]!);
      if (next !== fs[k]) made ??= fs.slice(0, k);
      made?.push(next);
    }
    return made;
  };
  const one = (f: ClosedForm & { readonly of: ClosedForm }, make: (of: ClosedForm) => ClosedForm) => {
    const of = go(f.of);
    return of === f.of ? f : make(of);
  };
  const rebuild = (f: ClosedForm): ClosedForm => {
    switch (f.kind) {
      case "constant":
      case "size":
      case "index":
        return f;
      case "add": {
        const terms = all(f.terms);
        return terms === undefined ? f : closed.add(...terms);
      }
      case "mul": {
        const factors = all(f.factors);
        return factors === undefined ? f : closed.mul(...factors);
      }
      case "floor":
        return one(f, closed.floor);
      case "mod": {
        const [a, m] = [go(f.of), go(f.by)];
        if (m.kind !== "constant" || m.value.numerator === 0n)
          return a === f.of && m === f.by ? f : closed.mod(a, m);
        return closed.sub(a, closed.scale(closed.floor(closed.over(a, m.value)), m.value));
      }
      case "min":
      case "max": {
        const of = all(f.of);
        return of === undefined ? f : closed[f.kind](...of);
      }
      case "log2":
        return one(f, closed.log2);
      case "floor-log2":
        return less(closed.log2(closed.add(go(f.of), number(1))), 1);
      case "pow2":
        return one(f, closed.pow2);
      case "sum": {
        demand(!isFree(f.index, by), "a summation index would be captured");
        const body = atom?.kind === "index" && atom.name === f.index ? f.body : go(f.body);
        return closed.sum(f.index, go(f.lo), go(f.hi), body);
      }
      case "cases":
        throw new Rejected("a form with cases in a proof");
    }
  };
  return go(form);
}

// Comparisons

interface Form {
  readonly form: ClosedForm;
  readonly equality: boolean;
}
const facts = new WeakMap<Comparison, Form>();

/** `a < b` is `b − a − 1 >= 0`. `!=` must have been split before. */
export function factOf(c: Comparison, form?: (e: Comparison["left"]) => ClosedForm): Form {
  if (form !== undefined) return makeFact(c, form);
  let made = facts.get(c);
  if (made === undefined) {
    made = makeFact(c, fromIndexExpr);
    facts.set(c, made);
  }
  return made;
}
function makeFact(c: Comparison, form: (e: Comparison["left"]) => ClosedForm): Form {
  const difference = closed.sub(form(c.right), form(c.left));
  demand(c.op !== "!=", "an inequality of both directions");
  return { form: c.op === "<" ? closed.sub(difference, number(1)) : difference, equality: c.op === "==" };
}

// Proofs

/** Why a list of facts has no solution in whole numbers. */
export type Proof =
  /** The last step already contradicts a fact. */
  | { readonly rule: "clash" }
  /** The sum of these products of facts, by these factors, is a negative number. */
  | {
      readonly rule: "sum";
      readonly of: readonly { readonly by: string; readonly facts: readonly number[] }[];
    }
  /** Either `on >= 0` or `on <= -1`. */
  | { readonly rule: "split"; readonly on: ClosedForm; readonly holds: Proof; readonly fails: Proof }
  /** `variable = by · quotient + remainder`, for each remainder. */
  | {
      readonly rule: "residue";
      readonly variable: ClosedForm;
      readonly by: number;
      readonly quotient: string;
      readonly cases: readonly Proof[];
    }
  /** An equality solved for an atom. */
  | { readonly rule: "substitute"; readonly fact: number; readonly atom: ClosedForm; readonly then: Proof }
  | {
      readonly rule: "axiom";
      readonly name: AxiomName;
      readonly on: readonly ClosedForm[];
      readonly then: Proof;
    }
  /** A read that is not tight either, of a term at values of its inner indices, where its source's level is given by `piece`. */
  | {
      readonly rule: "instance";
      readonly term: number;
      readonly at: readonly ClosedForm[];
      readonly piece: number;
      readonly then: Proof;
    };

/** What an `instance` step adds: undefined where its conditions are not known to hold. */
export type Instance = (
  facts: Sequent,
  term: number,
  at: readonly ClosedForm[],
  piece: number,
) => Sequent | undefined | "unknown";

/** Throws `Rejected` unless the proof shows that the facts contradict one another. */
export function checkProof(facts: Sequent | undefined, proof: Proof, instance?: Instance): void {
  if (facts === undefined) return;
  switch (proof.rule) {
    case "clash":
      throw new Rejected("no fact is contradicted");
    case "sum":
      return checkSum(facts, proof.of);
    case "split": {
      const [yes, no] = splitOn(facts, proof.on);
      checkProof(yes, proof.holds, instance);
      return checkProof(no, proof.fails, instance);
    }
    case "residue":
      return residues(facts, proof.variable, proof.by, proof.quotient).forEach((f, k) => {
        checkProof(f, proof.cases[k] ?? { rule: "clash" }, instance);
      });
    case "substitute":
      return checkProof(substituting(facts, proof.fact, proof.atom), proof.then, instance);
    case "axiom":
      return checkProof(applyAxiom(facts, proof.name, proof.on), proof.then, instance);
    case "instance": {
      const added = instance?.(facts, proof.term, proof.at, proof.piece) ?? undefined;
      demand(instance !== undefined && added !== "unknown", "the conditions of a read are not known to hold");
      return checkProof(added as Sequent | undefined, proof.then, instance);
    }
  }
}

function checkSum(
  facts: Sequent,
  of: readonly { readonly by: string; readonly facts: readonly number[] }[],
): void {
  const products = of.map(({ by, facts: places }) => {
    const factors = places.map((k) => facts.facts[k]!);
    demand(factors.length > 0 && factors.every((f) => f !== undefined), "a fact that is not there");
    const [numerator = "", denominator = "1"] = by.split("/");
    const factor = rational(BigInt(numerator), BigInt(denominator));
    demand(
      factor.numerator >= 0n || factors.some((f) => f.equality),
      "an inequality times a negative number",
    );
    return closed.scale(closed.mul(...factors.map(formOf)), factor);
  });
  const sum = closed.add(...products);
  demand(sum.kind === "constant" && sum.value.numerator < 0n, "the sum is not a negative number");
}

/** The two cases of a whole form: not negative, and at most −1. */
export function splitOn(facts: Sequent, on: ClosedForm): [Sequent | undefined, Sequent | undefined] {
  const form = facts.rewritten(on);
  demand(facts.isWhole(form), "a form that may not be whole is split");
  return [facts.with(form), facts.with(closed.sub(closed.scale(form, rational(-1)), number(1)))];
}

export function residues(
  facts: Sequent,
  variable: ClosedForm,
  by: number,
  quotient: string,
): (Sequent | undefined)[] {
  demand(variable.kind === "size" || variable.kind === "index", "only a variable has residues");
  demand(Number.isInteger(by) && by >= 2 && by <= 64, "a modulus from 2 to 64");
  const fresh = closed.index(quotient);
  demand(quotient.startsWith("'"), "the name of a quotient must be new");
  demand(
    facts.facts.every((f) => !mentions(formOf(f), closedFormKey(fresh))),
    "the name of a quotient must be new",
  );
  return Array.from({ length: by }, (_, r) =>
    facts.replacing(variable, closed.add(closed.scale(fresh, rational(by)), number(r))),
  );
}

/** True where an index stands in a form outside the sums that bind it. */
function isFree(name: string, f: ClosedForm): boolean {
  const any = (fs: readonly ClosedForm[]): boolean => fs.some((g) => isFree(name, g));
  switch (f.kind) {
    case "constant":
    case "size":
      return false;
    case "index":
      return f.name === name;
    case "add":
      return any(f.terms);
    case "mul":
      return any(f.factors);
    case "min":
    case "max":
      return any(f.of);
    case "mod":
      return any([f.of, f.by]);
    case "sum":
      return any([f.lo, f.hi]) || (f.index !== name && isFree(name, f.body));
    case "cases":
      return true;
    case "floor":
    case "log2":
    case "floor-log2":
    case "pow2":
      return isFree(name, f.of);
  }
}

function mentions(form: ClosedForm, key: string): boolean {
  return closedFormKey(form).includes(key);
}

/** Solves an equality for an atom with coefficient 1 or −1 that stands nowhere else in it. */
export function substituting(facts: Sequent, place: number, atom: ClosedForm): Sequent | undefined {
  const fact = facts.facts[place];
  demand(fact?.equality === true, "only an equality is solved");
  const form = formOf(fact!);
  const key = closedFormKey(atom);
  demand(atom.kind !== "constant" && atom.kind !== "add" && atom.kind !== "mul", "not an atom");
  const own = monomialsOf(form).find((m) => m.factors.length === 1 && closedFormKey(m.factors[0]!) === key);
  demand(
    own !== undefined && absolute(own.coefficient.numerator) === 1n && own.coefficient.denominator === 1n,
    "the equality cannot be solved for that",
  );
  const by = closed.scale(
    closed.sub(form, closed.scale(atom, own!.coefficient)),
    rational(-own!.coefficient.numerator),
  );
  demand(closedFormKey(replaceAtom(by, atom, zero)) === closedFormKey(by), "the atom stands on both sides");
  return facts.replacing(atom, by);
}

// Axioms: what functions mean

export const axiomNames = [
  "floor",
  "bound",
  "attained",
  "log2",
  "log2-order",
  "log2-power",
  "power",
  "power-order",
  "sum-step",
  "sum-order",
  "mod",
  "mod-shift",
] as const;
export type AxiomName = (typeof axiomNames)[number];

type Added = { readonly form: ClosedForm; readonly equality?: boolean };

/** Adds what an axiom says of some atoms; nothing where its conditions are not known. Rejects forms it does not speak of. */
export function applyAxiom(facts: Sequent, name: AxiomName, on: readonly ClosedForm[]): Sequent | undefined {
  let made: Sequent | undefined = facts;
  for (const { form, equality = false } of axioms[name](facts, on)) made = made?.with(form, equality);
  return made;
}

const of = <K extends ClosedForm["kind"]>(
  f: ClosedForm | undefined,
  kind: K,
): Extract<ClosedForm, { kind: K }> => {
  demand(f?.kind === kind, `an axiom about ${kind} is applied to something else`);
  return f as Extract<ClosedForm, { kind: K }>;
};
const less = (a: ClosedForm, by: number): ClosedForm => closed.sub(a, number(by));
const twice = (a: ClosedForm): ClosedForm => closed.scale(a, rational(2));

const axioms: Readonly<Record<AxiomName, (facts: Sequent, on: readonly ClosedForm[]) => Added[]>> = {
  /** floor(a / d) = q: d·q <= a <= d·q + d − 1. */
  floor(facts, [atom]) {
    const { of: inside } = of(atom, "floor");
    const { by } = cleared(inside);
    const a = closed.scale(inside, rational(by));
    const q = closed.scale(atom!, rational(by));
    const slack = closed.sub(a, q);
    const whole = facts.isWhole(a);
    return [{ form: slack }, { form: closed.sub(number(whole ? by - 1n : by), slack) }];
  },
  /** max(a, b) >= a; min(a, b) <= a. */
  bound(_, [atom]) {
    demand(atom?.kind === "min" || atom?.kind === "max", "bound");
    const { kind, of: parts } = atom as Extract<ClosedForm, { kind: "min" | "max" }>;
    return parts.map((p) => ({ form: kind === "max" ? closed.sub(atom!, p) : closed.sub(p, atom!) }));
  },
  /** max(a, b) = a where a >= b is known. */
  attained(facts, [atom, part]) {
    demand(atom?.kind === "min" || atom?.kind === "max", "attained");
    const { kind, of: parts } = atom as Extract<ClosedForm, { kind: "min" | "max" }>;
    demand(part !== undefined && parts.some((p) => closedFormKey(p) === closedFormKey(part)), "attained");
    const beats = parts.every((p) =>
      facts.knows(kind === "max" ? closed.sub(part!, p) : closed.sub(p, part!)),
    );
    return beats ? [{ form: closed.sub(atom!, part!), equality: true }] : [];
  },
  log2(facts, [atom]) {
    const { of: a } = of(atom, "log2");
    if (facts.knows(closed.sub(number(1), a))) return [{ form: atom!, equality: true }];
    if (a.kind === "pow2" && facts.knows(a.of)) return [{ form: closed.sub(atom!, a.of), equality: true }];
    if (facts.isWhole(a) && facts.knows(less(a, 2)))
      return [{ form: less(atom!, 1) }, { form: closed.sub(less(a, 1), atom!) }];
    return [{ form: atom! }];
  },
  /** Monotone; doubling adds one. */
  "log2-order"(facts, [x, y]) {
    const [a, b] = [of(x, "log2").of, of(y, "log2").of];
    const rise = closed.sub(y!, x!);
    const added: Added[] = [];
    if (!facts.isWhole(a) || !facts.isWhole(b)) return [];
    if (facts.knows(closed.sub(b, a))) added.push({ form: rise });
    if (facts.knows(less(a, 1)) && facts.knows(closed.sub(twice(a), b)))
      added.push({ form: closed.sub(number(1), rise) });
    const doubled = closed.sub(b, twice(a));
    // ceil(log2(2a − 1)) = ceil(log2(2a)) for whole a >= 2.
    const nearly = facts.knows(less(a, 2)) && facts.knows(closed.add(doubled, number(1)));
    if (nearly || (facts.knows(less(a, 1)) && facts.knows(doubled))) added.push({ form: less(rise, 1) });
    return added;
  },
  /** a <= 2^ceil(log2 a) < 2a for a >= 1. */
  "log2-power"(facts, [atom]) {
    const { of: a } = of(atom, "log2");
    if (!facts.isWhole(a) || !facts.knows(less(a, 1))) return [];
    const power = closed.pow2(atom!);
    const most = less(twice(a), facts.knows(less(a, 2)) ? 2 : 1);
    return [{ form: closed.sub(power, a) }, { form: closed.sub(most, power) }, { form: atom! }];
  },
  power(facts, [atom]) {
    const { of: e } = of(atom, "pow2");
    if (!facts.isWhole(e) || !facts.knows(e)) return [{ form: atom! }];
    return [{ form: closed.sub(less(atom!, 1), e) }, { form: less(atom!, 1) }];
  },
  /** 2^a >= 2^c · 2^b where a − b >= c; c is a number. */
  "power-order"(facts, [x, y, c]) {
    const [a, b] = [of(x, "pow2").of, of(y, "pow2").of];
    const by = of(c, "constant");
    demand(by.value.denominator === 1n && absolute(by.value.numerator) <= 64n, "power-order");
    if (!facts.knows(closed.sub(closed.sub(a, b), by))) return [];
    return [{ form: closed.sub(x!, closed.mul(closed.pow2(by), y!)) }];
  },
  /** A sum is its last term and the rest; nothing where the range is empty. */
  "sum-step"(facts, [atom]) {
    const { index, lo, hi, body } = of(atom, "sum");
    if (!facts.isWhole(lo) || !facts.isWhole(hi)) return [];
    if (facts.knows(closed.sub(lo, hi))) return [{ form: atom!, equality: true }];
    const positive = isNeverNegative(body) ? [{ form: atom! }] : [];
    if (!facts.knows(less(closed.sub(hi, lo), 1))) return positive;
    const last = less(hi, 1);
    const term = replaceAtom(body, closed.index(index), last);
    const rest = closed.sum(index, lo, last, body);
    const added: Added[] = [{ form: closed.sub(atom!, closed.add(rest, term)), equality: true }];
    return isNeverNegative(body) ? [...added, { form: rest }, ...positive] : added;
  },
  /** A sum of terms that are not negative grows with its range. */
  "sum-order"(facts, [x, y]) {
    const [a, b] = [of(x, "sum"), of(y, "sum")];
    const same = closedFormKey(closed.sum(a.index, a.lo, b.hi, a.body)) === closedFormKey(b);
    demand(same && isNeverNegative(a.body), "sum-order");
    return facts.knows(closed.sub(b.hi, a.hi)) ? [{ form: closed.sub(y!, x!) }] : [];
  },
  /** a mod m for m >= 1: in its range; a itself, or a ∓ m, where that is. */
  mod(facts, [atom]) {
    const { of: a, by: m } = of(atom, "mod");
    if (!facts.isWhole(a) || !facts.isWhole(m) || !facts.knows(less(m, 1))) return [];
    for (const turns of [0, 1, -1]) {
      const rest = closed.sub(a, closed.scale(m, rational(turns)));
      if (facts.knows(rest) && facts.knows(less(closed.sub(m, rest), 1)))
        return [{ form: closed.sub(atom!, rest), equality: true }];
    }
    return [{ form: atom! }, { form: less(closed.sub(m, atom!), 1) }];
  },
  /** b mod m from a mod m: moved by b − a, and by m where that leaves the range. */
  "mod-shift"(facts, [x, y]) {
    const [a, b] = [of(x, "mod"), of(y, "mod")];
    demand(closedFormKey(a.by) === closedFormKey(b.by), "remainders of different numbers");
    const moved = closed.add(x!, closed.sub(b.of, a.of));
    if (!facts.isWhole(moved) || !facts.isWhole(a.by) || !facts.knows(less(a.by, 1))) return [];
    for (const turns of [0, 1, -1]) {
      const rest = closed.sub(moved, closed.scale(a.by, rational(turns)));
      if (facts.knows(rest) && facts.knows(less(closed.sub(a.by, rest), 1)))
        return [{ form: closed.sub(y!, rest), equality: true }];
    }
    return [];
  },
};

/** Sums and products of logarithms, sizes and positive numbers. */
const isNeverNegative = (f: ClosedForm): boolean =>
  monomialsOf(f).every(
    (m) => m.coefficient.numerator >= 0n && m.factors.every((x) => x.kind === "log2" || x.kind === "size"),
  );
