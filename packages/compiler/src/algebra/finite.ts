/**
 * Recurrences over finitely many states. Every step is a map of the states to themselves; which maps can occur is
 * enumerated, exactly or as a superset; their products are the transition monoid (`transition-monoid.ts`).
 */
import { index as indexOf, integer, someExpr, typeOf } from "../equations/build";
import { mapCondition, substitute, substituteIndex } from "../equations/conditions";
import { holds } from "../equations/evaluate-index";
import { applyOperator, type Operand, reduceOperands } from "../equations/operators";
import { printCondition, printExpr, printIndex } from "../equations/print";
import type { Condition, Dim, ElementType, Expr, Family, IndexExpr, System } from "../equations/system";
import { toAffine } from "../symbolic/affine";
import { isOutside, type Recurrence, type StepEquation, stateRead, valuesOfType } from "./recurrence";

/** One digit of the state: a cell of a state family so many steps back. */
interface Digit {
  readonly family: string;
  readonly cell: readonly number[];
  readonly lag: number;
  readonly values: number;
}

/** What chose one step map: inputs and static conditions with the values they took. */
interface Letter {
  readonly given: readonly { readonly what: string; readonly value: number }[];
  /** The image of each state. */
  readonly map: readonly number[];
}

export interface FiniteStep {
  readonly digits: readonly Digit[];
  /** The product of the digits' values, and one more for a run that has ended in a fault where `faults`. */
  readonly states: number;
  /** Some letter takes some state outside its type: an absorbing last state stands for that. */
  readonly faults: boolean;
  /** Different maps, each with the first letter found for it. All maps that can occur are among them. */
  readonly letters: readonly Letter[];
  /** Every map listed can be had at every step, whatever happens at the others: then hardness follows too. */
  readonly free: boolean;
  /** States the recurrence may start from; undefined where that is not enumerated. */
  readonly starts: readonly number[] | undefined;
}

export type FiniteStepResult =
  | { readonly ok: true; readonly step: FiniteStep }
  | { readonly ok: false; readonly why: string };

export interface FiniteLimits {
  /** Most states. */
  readonly states?: number;
  /** Most evaluations of a step at one state. */
  readonly evaluations?: number;
}

/** Why the maps are not enumerated: becomes `why`. */
class NotFinite extends Error {}
/** The run would end here. */
class Faulty extends Error {}

/** The step maps of a recurrence with finitely many states, or why they are not enumerated. */
export function finiteStep(system: System, r: Recurrence, limits: FiniteLimits = {}): FiniteStepResult {
  try {
    return { ok: true, step: new Enumeration(system, r, limits).run() };
  } catch (error) {
    if (error instanceof NotFinite) return { ok: false, why: error.message };
    throw error;
  }
}

/** One place where a letter must be chosen. */
interface Choice {
  readonly key: string;
  readonly values: number;
  value: number;
  readonly free: boolean;
}

/** The running index and the copies under names that all families share, and that no text can contain. */
const TIME = "t'";
const copyName = (k: number): string => `copy'${k}`;

class Enumeration {
  private readonly families: ReadonlyMap<string, Family>;
  private readonly digits: Digit[] = [];
  private readonly digitAt = new Map<string, number>();
  private readonly place: number[] = [];
  private readonly states: number;
  private readonly equations: { readonly pieces: readonly StepEquation[]; readonly digit: number }[] = [];
  /** The letter being built, in the order in which its parts were asked for. */
  private choices: Choice[] = [];
  private chosen = new Map<string, Choice>();
  private budget: number;
  /** Expressions that are evaluated at most, whatever a step is made of. */
  private work = 1_000_000;
  /** All families start at the same steps: then letters are of the steps after those, and no step is half a start. */
  private readonly oneStart: boolean;
  private readonly dependent = new Map<Expr, boolean>();
  private readonly enumerable = new Map<Expr, boolean>();
  private current: readonly number[] = [];

  constructor(
    system: System,
    private readonly r: Recurrence,
    limits: FiniteLimits,
  ) {
    this.families = new Map(system.families.map((f) => [f.name, f]));
    this.budget = limits.evaluations ?? 300_000;
    if (r.steps === undefined)
      throw new NotFinite(
        r.reach === "lags" ? "the step is itself a chain" : "it reads the whole history, which grows",
      );
    for (const s of r.state) {
      const values = valuesOfType(s.type);
      if (values === undefined)
        throw new NotFinite(
          `${s.family} holds ${s.type.kind === "index" ? `index(${printIndex(s.type.bound)})` : s.type.kind}, which is not a fixed number of values`,
        );
      for (const cell of literalPoints(s.cells, s.family))
        for (let lag = 1; lag <= s.depth; lag++) {
          this.digitAt.set(`${s.family} ${lag} ${cell.join(" ")}`, this.digits.length);
          this.digits.push({ family: s.family, cell, lag, values });
        }
    }
    let product = 1;
    for (const d of this.digits) {
      this.place.push(product);
      product *= d.values;
    }
    const most = limits.states ?? 1_024;
    if (product > most)
      throw new NotFinite(`${product} states are more than the ${most} that are enumerated`);
    this.states = product;
    this.digits.forEach((d, k) => {
      if (d.lag === 1) this.equations.push({ pieces: this.canonical(d), digit: k });
    });
    const starts = this.equations.map((e) =>
      e.pieces.flatMap((p) => (p.role === "start" ? [printCondition(p.guard)] : [])).join("; "),
    );
    this.oneStart = starts.every((s) => s === starts[0]);
  }

  /** The equations of a cell, with its indices written as numbers, and running index and copies under shared names. */
  private canonical(d: Digit): StepEquation[] {
    const family = this.families.get(d.family)!;
    const own = this.r.axis.get(d.family)!;
    const copies = this.r.copyAxes.get(d.family)!;
    const by = new Map<string, IndexExpr>();
    let cell = 0;
    for (const [k, dim] of family.dims.entries()) {
      const copy = copies.indexOf(k);
      by.set(
        dim.index,
        k === own ? indexOf(TIME) : copy >= 0 ? indexOf(copyName(copy)) : integer(d.cell[cell++]!),
      );
    }
    return this.r
      .steps!.filter((s) => s.family === d.family)
      .map((s) => ({
        ...s,
        guard: mapCondition(s.guard, (e) => substituteIndex(e, by)),
        value: substitute(s.value, by),
      }));
  }

  run(): FiniteStep {
    const found = new Map<string, Letter>();
    let free = true;
    let faults = false;
    this.letters(() => {
      // A start comes before every step: no product of steps contains it.
      const pieces = this.equations.map((e) => this.piece(e.pieces));
      if (pieces.every((p) => p.role === "start")) return;
      const map: number[] = [];
      for (let state = 0; state < this.states; state++) {
        const image = this.next(state, pieces);
        if (image === this.states) faults = true;
        map.push(image);
      }
      free &&= this.choices.every((c) => c.free);
      const key = map.join(" ");
      if (!found.has(key))
        found.set(key, {
          given: this.choices.map((c) => ({ what: this.shown(c.key), value: c.value })),
          map,
        });
    });
    const letters = [...found.values()].map((l) => (faults ? { ...l, map: [...l.map, this.states] } : l));
    return {
      digits: this.digits,
      states: this.states + (faults ? 1 : 0),
      faults,
      letters,
      free: free && this.separate(),
      starts: this.starts(),
    };
  }

  /** Visits every letter: replays from the first choice, and counts the choices up like an odometer. */
  private letters(visit: () => void): void {
    this.choices = [];
    for (;;) {
      this.chosen = new Map(this.choices.map((c) => [c.key, c]));
      visit();
      while (this.choices.length > 0) {
        const last = this.choices[this.choices.length - 1]!;
        if (++last.value < last.values) break;
        this.choices.pop();
      }
      if (this.choices.length === 0) return;
    }
  }

  private shown(key: string): string {
    return this.r.copies.reduce(
      (text, dim, k) => text.replaceAll(copyName(k), dim.index),
      key.replaceAll(TIME, this.r.along),
    );
  }

  private choose(key: string, values: number, free: boolean): number {
    let choice = this.chosen.get(key);
    if (choice === undefined) {
      choice = { key, values, value: 0, free };
      this.choices.push(choice);
      this.chosen.set(key, choice);
    }
    return choice.value;
  }

  /** Where the recurrence may start: the start equations, when they alone make the first state. */
  private starts(): readonly number[] | undefined {
    if (this.digits.some((d) => d.lag > 1)) return undefined;
    const starts = this.equations.map((e) => e.pieces.filter((p) => p.role === "start"));
    if (starts.some((s) => s.length !== 1)) return undefined;
    const found = new Set<number>();
    try {
      this.letters(() => {
        found.add(
          this.next(
            0,
            starts.map((s) => s[0]!),
          ),
        );
      });
    } catch (error) {
      if (error instanceof NotFinite) return undefined;
      throw error;
    }
    found.delete(this.states);
    return [...found].sort((a, b) => a - b);
  }

  private piece(all: readonly StepEquation[]): StepEquation {
    const pieces = this.oneStart ? all.filter((p) => p.role !== "start") : all;
    const chosen = pieces.find((p) => this.condition(p.guard));
    return chosen ?? pieces[pieces.length - 1]!;
  }

  private digit(state: number, k: number): number {
    return Math.floor(state / this.place[k]!) % this.digits[k]!.values;
  }

  private next(state: number, pieces: readonly StepEquation[]): number {
    if (--this.budget < 0) throw new NotFinite("its letters are more than are enumerated");
    this.current = this.digits.map((_, k) => this.digit(state, k));
    let image = 0;
    try {
      for (const [k, d] of this.digits.entries()) {
        if (d.lag > 1) image += this.current[k - 1]! * this.place[k]!;
      }
      for (const [k, { digit }] of this.equations.entries()) {
        const value = this.value(pieces[k]!.value, new Map());
        if (value < 0 || value >= this.digits[digit]!.values) return this.states;
        image += value * this.place[digit]!;
      }
    } catch (error) {
      if (error instanceof Faulty) return this.states;
      throw error;
    }
    return image;
  }

  private condition(c: Condition): boolean {
    const known = decide(c);
    return known ?? this.choose(printCondition(c), 2, false) === 1;
  }

  private isState(e: Expr & { kind: "read" }): boolean {
    return this.r.families.includes(e.family) && !isOutside(this.r, e);
  }

  private dependsOnState(e: Expr): boolean {
    let known = this.dependent.get(e);
    if (known === undefined) {
      known = someExpr(e, (x) => x.kind === "read" && this.isState(x));
      this.dependent.set(e, known);
    }
    return known;
  }

  /** Made of finite inputs, numbers and finite reductions only. */
  private isEnumerable(e: Expr): boolean {
    let known = this.enumerable.get(e);
    if (known === undefined) {
      known = !someExpr(e, (x) => {
        if (x.kind === "read")
          return !this.isState(x) && valuesOfType(this.families.get(x.family)!.type) === undefined;
        if (x.kind === "reduce" || x.kind === "fold")
          return !x.dims.every((d) => literal(d.lo) && literal(d.hi));
        return x.kind === "index-value" && rangeOf(x.value) === undefined;
      });
      this.enumerable.set(e, known);
    }
    return known;
  }

  private value(e: Expr, env: ReadonlyMap<string, number>): number {
    if (--this.work < 0) throw new NotFinite("its letters are more than are enumerated");
    if (e.kind !== "constant" && !this.dependsOnState(e) && !this.isEnumerable(e)) {
      // Nothing here knows the state: whatever it computes, it is some value of its type.
      const values = valuesOfType(typeOf(e));
      if (values === undefined)
        throw new NotFinite(
          `the step mixes the state with ${kindOf(typeOf(e))}, which is not a fixed number of values`,
        );
      const inner = [...env].map(([k, v]) => `${k} = ${v}`).join(", ");
      return this.choose(`${printExpr(e)}${inner === "" ? "" : ` at ${inner}`}`, values, false);
    }
    const go = (x: Expr): number => this.value(x, env);
    switch (e.kind) {
      case "constant":
        return e.value;
      case "index-value": {
        const at = substituteIndex(e.value, new Map([...env].map(([k, v]) => [k, integer(v)])));
        if (at.kind === "integer") return at.value | 0;
        const range = rangeOf(at);
        if (range === undefined)
          throw new NotFinite(`the step uses the number ${printIndex(at)}, which grows`);
        return this.choose(printIndex(at), range, false);
      }
      case "read":
        return this.isState(e) ? this.state(e, env) : this.input(e, env);
      case "apply":
        return applyOperator(e.op, e.args.map(go), e.type) as number;
      case "select": {
        const [condition, then, otherwise] = [go(e.condition), go(e.then), go(e.otherwise)];
        return condition === 1 ? then : otherwise;
      }
      case "choose": {
        const by = new Map([...env].map(([k, v]) => [k, integer(v)]));
        const chosen = e.cases.find((c) =>
          this.condition(mapCondition(c.guard, (x) => substituteIndex(x, by))),
        );
        return go((chosen ?? e.cases[e.cases.length - 1]!).value);
      }
      case "table": {
        let row = 0;
        for (const [k, a] of e.args.entries()) {
          const digit = go(a);
          if (digit < 0 || digit >= e.radix[k]!) throw new Faulty();
          row = row * e.radix[k]! + digit;
        }
        return e.entries[row]!;
      }
      case "reduce": {
        const operands: Operand[] = [];
        for (const point of literalPoints(e.dims, "a reduction")) {
          const inner = new Map(env);
          e.dims.forEach((d, k) => inner.set(d.index, point[k]!));
          const by = new Map([...inner].map(([k, v]) => [k, integer(v)]));
          const kept =
            this.condition(mapCondition(e.filter, (x) => substituteIndex(x, by))) &&
            (e.dataFilter === undefined || this.value(e.dataFilter, inner) === 1);
          operands.push({ point, value: kept ? this.value(e.body, inner) : undefined });
        }
        return reduceOperands(e.op, operands, e.type) as number;
      }
      case "fold":
      case "operand":
        throw new NotFinite("the step reduces over a declared monoid");
      case "vector":
      case "component":
        throw new NotFinite("the step computes with vectors");
    }
  }

  private state(e: Expr & { kind: "read" }, env: ReadonlyMap<string, number>): number {
    const read = stateRead(this.r, TIME, e);
    if (read === undefined) throw new NotFinite("the step reads the state at a distance that varies");
    const cell = read.cell.map((s) => {
      if (s.kind === "dynamic") return this.value(s.value, env);
      const at = substituteIndex(s.value, new Map([...env].map(([k, v]) => [k, integer(v)])));
      if (at.kind !== "integer") throw new NotFinite(`the step reads the cell ${printIndex(at)}`);
      return at.value;
    });
    const digit = this.digitAt.get(`${read.family} ${read.lag} ${cell.join(" ")}`);
    if (digit === undefined) throw new Faulty();
    return this.current[digit]!;
  }

  private input(e: Expr & { kind: "read" }, env: ReadonlyMap<string, number>): number {
    const at = [...env.values()].join(" ");
    const fixed = e.at.every((s) => s.kind === "static");
    const known = fixed ? this.named.get(e)?.get(at) : undefined;
    const named = known ?? this.instance(e, env);
    if (fixed && known === undefined) this.named.set(e, (this.named.get(e) ?? new Map()).set(at, named));
    return this.choose(named.key, named.values, named.free);
  }

  /** Instances of inputs by the read and the indices around it: each is looked up for every letter and state. */
  private readonly named = new Map<Expr, Map<string, Omit<Choice, "value">>>();

  /** The instance of an input that is read, and whether it is another one at every step. */
  private instance(e: Expr & { kind: "read" }, env: ReadonlyMap<string, number>): Omit<Choice, "value"> {
    const source = this.families.get(e.family)!;
    const values = valuesOfType(source.type);
    if (values === undefined)
      throw new NotFinite(
        `the step mixes the state with ${kindOf(source.type)}, which is not a fixed number of values`,
      );
    const by = new Map([...env].map(([k, v]) => [k, integer(v)]));
    const at = e.at.map((s) =>
      s.kind === "static" ? substituteIndex(s.value, by) : integer(this.value(s.value, env)),
    );
    at.forEach((x, k) => {
      const { lo, hi } = source.dims[k]!;
      if (x.kind !== "integer") return;
      if ((lo.kind === "integer" && x.value < lo.value) || (hi.kind === "integer" && x.value >= hi.value))
        throw new Faulty();
    });
    const key = at.length === 0 ? e.family : `${e.family}[${at.map((x) => printIndex(x)).join(", ")}]`;
    return { key, values, free: source.role === "input" && this.fresh(e.family, at) };
  }

  private readonly offsets = new Map<string, string>();
  private mixed = false;

  /** A new instance at every step: one subscript is the running index and a constant, the others are numbers or copies. */
  private fresh(family: string, at: readonly IndexExpr[]): boolean {
    const moving = at.map((x) => {
      const form = toAffine(x);
      if (form.terms.size === 0 || (x.kind === "index" && x.name !== TIME)) return undefined;
      return form.terms.size === 1 && Math.abs(form.terms.get(TIME) ?? 0) === 1
        ? `${form.terms.get(TIME)} ${form.constant}`
        : "other";
    });
    const shape = moving.map((m) => m ?? "").join(",");
    const places = moving.filter((m) => m !== undefined);
    // Two distances into one family would give one instance to two steps.
    if (this.offsets.has(family) && this.offsets.get(family) !== shape) this.mixed = true;
    this.offsets.set(family, shape);
    return places.length === 1 && places[0] !== "other";
  }

  private separate(): boolean {
    return !this.mixed;
  }
}

const literal = (e: IndexExpr): boolean => e.kind === "integer";
const kindOf = (t: ElementType): string =>
  t.kind === "index" ? `index(${printIndex(t.bound)})` : t.kind === "int" ? "an int" : `a ${t.kind}`;

function literalPoints(dims: readonly Dim[], family: string): number[][] {
  let points: number[][] = [[]];
  for (const d of dims) {
    if (d.lo.kind !== "integer" || d.hi.kind !== "integer")
      throw new NotFinite(
        `the state has a cell for each ${d.index} in ${printIndex(d.lo)}..${printIndex(d.hi)} of ${family}, a number that grows`,
      );
    const [lo, hi] = [d.lo.value, d.hi.value];
    if ((hi - lo) * points.length > 4_096) throw new NotFinite(`${family} has too many cells`);
    points = points.flatMap((p) => Array.from({ length: Math.max(0, hi - lo) }, (_, k) => [...p, lo + k]));
  }
  return points;
}

/** True or false where sizes and indices do not matter. */
function decide(c: Condition): boolean | undefined {
  if (c.some((all) => all.length === 0)) return true;
  if (c.length === 0) return false;
  const literalOnly = c.every((all) => all.every((x) => literal(x.left) && literal(x.right)));
  return literalOnly ? holds(c, () => 0) : undefined;
}

/** How many values a static number takes, where that is a number: `t mod 3` takes 3, from 0. */
function rangeOf(e: IndexExpr): number | undefined {
  if (e.kind === "integer") return e.value >= 0 ? e.value + 1 : undefined;
  return e.kind === "mod" && e.right.kind === "integer" && e.right.value > 0 ? e.right.value : undefined;
}
