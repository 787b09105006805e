/**
 * From index expressions and conditions to linear constraints over whole numbers. What is not affine becomes a variable
 * of its own with the axioms that hold of it, so every answer stays sound: a question is never answered yes by mistake.
 */
import * as build from "../equations/build";
import { not } from "../equations/conditions";
import type { Comparison, Condition, Conjunction, Dim, IndexExpr, System } from "../equations/system";
import { contradiction } from "./contradiction";
import {
  addForms,
  atLeastZero,
  atMost,
  type Constraint,
  constantForm,
  equalTo,
  isConstantForm,
  type LinearForm,
  lessThan,
  scaleForm,
  shiftForm,
  subtractForms,
  tighten,
  variableForm,
} from "./linear";
import { ceilingOf } from "./rational";
import { minimise } from "./simplex";

/** Beyond so many combinations of alternatives the longest disjunctions are dropped. */
const MOST_CASES = 64;
/** Pivots of one question. */
const PIVOTS = 400;

/** Sizes and indices that are known to satisfy some constraints, and what follows. */
export class Facts {
  private readonly variables = new Map<string, number>();
  private readonly forms = new Map<IndexExpr, LinearForm>();
  private readonly powers: { readonly exponent: LinearForm; readonly power: LinearForm }[] = [];
  private readonly known: Constraint[] = [];
  /** By the terms of a form, the least value they are known to have. */
  private readonly bounds = new Map<string, bigint>();
  private contradictory = false;

  /** Sizes are naturals; nothing else is known yet. */
  constructor(system: Pick<System, "sizes">) {
    for (const s of system.sizes) this.add(atLeastZero(this.named(`size ${s.name}`)));
  }

  private fresh(): LinearForm {
    return this.named(`#${this.variables.size}`);
  }
  private named(name: string): LinearForm {
    const known = this.variables.get(name);
    if (known !== undefined) return variableForm(known);
    this.variables.set(name, this.variables.size);
    return variableForm(this.variables.size - 1);
  }
  private add(constraint: Constraint): void {
    // A constraint that no whole number satisfies stands for itself: it makes everything provable, rightly.
    const kept = tighten(constraint);
    this.known.push(kept ?? constraint);
    if (kept === undefined) this.contradictory = true;
    else {
      this.bound(kept.form, 1n);
      if (kept.equality) this.bound(kept.form, -1n);
    }
  }
  /** Notes `sign · form >= 0`. */
  private bound({ terms, constant }: LinearForm, sign: 1n | -1n): void {
    const own = keyOf(terms, sign);
    const least = -sign * constant;
    const known = this.bounds.get(own);
    if (known !== undefined && known >= least) return;
    this.bounds.set(own, least);
    const most = this.bounds.get(keyOf(terms, -sign as 1n | -1n));
    // sum >= least and −sum >= most.
    if (most !== undefined && least + most > 0n) this.contradictory = true;
  }

  /** Indices inside their ranges. */
  range(dims: readonly Dim[]): void {
    for (const d of dims) {
      const index = this.named(d.index);
      this.add(atMost(this.form(d.lo), index));
      this.add(lessThan(index, this.form(d.hi)));
    }
  }
  assume(all: Conjunction): void {
    for (const c of all) {
      const [a, b] = [this.form(c.left), this.form(c.right)];
      if (c.op === "==") this.add(equalTo(a, b));
      else if (c.op === "<=") this.add(atMost(a, b));
      else if (c.op === "<") this.add(lessThan(a, b));
    }
  }

  /** Nothing satisfies what is known. */
  impossible(): boolean {
    return this.contradictory || contradiction(this.known, PIVOTS) !== undefined;
  }
  /** `form >= 0` wherever the facts hold; false where that is not proved. */
  nonNegative(form: LinearForm): boolean {
    if (this.contradictory || (isConstantForm(form) && form.constant >= 0n)) return true;
    const least = this.bounds.get(keyOf(form.terms, 1n));
    if (least !== undefined && least + form.constant >= 0n) return true;
    const negated = tighten(atLeastZero(shiftForm(scaleForm(form, -1n), -1n)));
    return negated === undefined || contradiction([...this.known, negated], PIVOTS) !== undefined;
  }
  /** A whole number that the expression is never below; 0 where none is known, or a point is missing. */
  least(e: IndexExpr): number {
    const found = minimise(this.form(e), this.known, PIVOTS);
    if (found.kind !== "bounded") return 0;
    const least = Number(ceilingOf(found.value));
    return Number.isSafeInteger(least) ? Math.max(0, least) : 0;
  }
  atMost(a: IndexExpr, b: IndexExpr): boolean {
    return this.nonNegative(subtractForms(this.form(b), this.form(a)));
  }
  lessThan(a: IndexExpr, b: IndexExpr): boolean {
    return this.nonNegative(shiftForm(subtractForms(this.form(b), this.form(a)), -1n));
  }

  form(e: IndexExpr): LinearForm {
    const known = this.forms.get(e);
    if (known !== undefined) return known;
    const made = this.translate(e);
    this.forms.set(e, made);
    return made;
  }

  private translate(e: IndexExpr): LinearForm {
    switch (e.kind) {
      case "integer":
        return constantForm(e.value);
      case "size":
        return this.named(`size ${e.name}`);
      case "index":
        return this.named(e.name);
      case "add":
        return addForms(this.form(e.left), this.form(e.right));
      case "sub":
        return subtractForms(this.form(e.left), this.form(e.right));
      case "mul":
        return this.product(this.form(e.left), this.form(e.right));
      case "div":
        return this.quotient(this.form(e.left), this.form(e.right));
      case "mod":
        return this.remainder(this.form(e.left), this.form(e.right));
      case "min":
      case "max": {
        const [a, b, result] = [this.form(e.left), this.form(e.right), this.fresh()];
        for (const x of [a, b]) this.add(e.kind === "min" ? atMost(result, x) : atMost(x, result));
        if (this.nonNegative(subtractForms(a, b))) this.add(equalTo(result, e.kind === "min" ? b : a));
        if (this.nonNegative(subtractForms(b, a))) this.add(equalTo(result, e.kind === "min" ? a : b));
        return result;
      }
      case "log2": {
        const [x, log] = [this.form(e.operand), this.fresh()];
        this.add(atLeastZero(log));
        if (this.nonNegative(shiftForm(x, -1n))) this.add(atMost(log, shiftForm(x, -1n)));
        if (this.nonNegative(shiftForm(x, -2n))) this.add(atLeastZero(shiftForm(log, -1n)));
        // x <= 2^log2(x)
        this.add(atMost(x, this.power(log)));
        return log;
      }
      case "pow2":
        return this.power(this.form(e.operand));
    }
  }

  /** 2^x for a natural x. */
  private power(exponent: LinearForm): LinearForm {
    const power = this.fresh();
    this.add(atMost(shiftForm(exponent, 1n), power));
    this.add(atLeastZero(shiftForm(power, -1n)));
    for (const other of this.powers) {
      const apart = subtractForms(exponent, other.exponent);
      if (isConstantForm(apart) && apart.constant >= 0n && apart.constant <= 52n)
        this.add(equalTo(power, scaleForm(other.power, 2n ** apart.constant)));
      else if (isConstantForm(apart) && apart.constant < 0n && apart.constant >= -52n)
        this.add(equalTo(other.power, scaleForm(power, 2n ** -apart.constant)));
      else if (this.nonNegative(apart)) this.add(atMost(other.power, power));
      else if (this.nonNegative(scaleForm(apart, -1n))) this.add(atMost(power, other.power));
    }
    this.powers.push({ exponent, power });
    return power;
  }

  private product(a: LinearForm, b: LinearForm): LinearForm {
    if (isConstantForm(a)) return scaleForm(b, a.constant);
    if (isConstantForm(b)) return scaleForm(a, b.constant);
    const result = this.fresh();
    const [natural, other] = [this.nonNegative(a), this.nonNegative(b)];
    if (!natural || !other) return result;
    this.add(atLeastZero(result));
    if (this.nonNegative(shiftForm(a, -1n))) this.add(atMost(b, result));
    if (this.nonNegative(shiftForm(b, -1n))) this.add(atMost(a, result));
    return result;
  }

  private quotient(a: LinearForm, b: LinearForm): LinearForm {
    const result = this.fresh();
    if (isConstantForm(b) && b.constant > 0n) {
      const below = scaleForm(result, b.constant);
      this.add(atMost(below, a));
      this.add(atMost(a, shiftForm(below, b.constant - 1n)));
    } else if (this.nonNegative(shiftForm(b, -1n)) && this.nonNegative(a)) {
      this.add(atLeastZero(result));
      this.add(atMost(result, a));
    }
    return result;
  }

  private remainder(a: LinearForm, b: LinearForm): LinearForm {
    if (isConstantForm(b) && b.constant > 0n)
      return subtractForms(a, scaleForm(this.quotient(a, b), b.constant));
    const result = this.fresh();
    if (!this.nonNegative(shiftForm(b, -1n))) return result;
    this.add(atLeastZero(result));
    this.add(lessThan(result, b));
    if (this.nonNegative(a)) this.add(atMost(result, a));
    return result;
  }
}

/** A text for a sum of variables, or for its negative. */
function keyOf(terms: LinearForm["terms"], sign: 1n | -1n): string {
  let key = "";
  for (const [v, c] of [...terms].sort(([a], [b]) => a - b)) key += `${sign * c}*${v} `;
  return key;
}

/** At an end of an index's range only one side is left. */
function unequal(c: Comparison, ranges: readonly Dim[]): Conjunction[] {
  if (c.op !== "!=") return [[c]];
  const [below, above]: Comparison[] = [
    { op: "<", left: c.left, right: c.right },
    { op: "<", left: c.right, right: c.left },
  ];
  const range = c.left.kind === "index" ? ranges.find((d) => build.index(d.index) === c.left) : undefined;
  if (range?.lo === c.right) return [[above!]];
  if (range?.hi === build.add(c.right, build.integer(1))) return [[below!]];
  return [[below!], [above!]];
}

/** Alternatives without `!=`. */
const alternatives = (condition: Condition, ranges: readonly Dim[]): Conjunction[] =>
  condition.flatMap((all) =>
    all.reduce<Conjunction[]>(
      (found, c) => found.flatMap((before) => unequal(c, ranges).map((more) => [...before, ...more])),
      [[]],
    ),
  );

/**
 * Conjunctions one of which holds wherever all conditions do (or do not, where not `wanted`), for indices inside their
 * ranges.
 */
export function casesOf(
  path: readonly { readonly condition: Condition; readonly wanted: boolean }[],
  ranges: readonly Dim[] = [],
): Conjunction[] {
  const parts = path
    .map((p) => alternatives(p.wanted ? p.condition : not(p.condition), ranges))
    .sort((a, b) => a.length - b.length);
  let cases: Conjunction[] = [[]];
  for (const part of parts) {
    if (cases.length * part.length > MOST_CASES) break;
    cases = cases.flatMap((before) => part.map((more) => [...before, ...more]));
  }
  return cases;
}
