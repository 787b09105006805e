/**
 * Steps that are linear in the state: each new cell is a sum of coefficients times old cells and a constant, in one of
 * five rings and semirings. Coefficients and constants may be any expressions that do not read the state. `int` is the ring of integers
 * modulo 2^32, in which the language computes, so these forms are exact; of `real` they are exact before rounding; in (max,+) and (min,+) of
 * `int` they are exact where no sum leaves 32 bits.
 */
import * as build from "../equations/build";
import { and, mapCondition, substituteIndex } from "../equations/conditions";
import { changesWith, conditionMentions, dimsMention, mentionsIndex } from "../equations/mentions";
import type { Condition, Dim, ElementType, Expr, IndexExpr, Read, System } from "../equations/system";

import { type Recurrence, type StateRead, type StepEquation, stateRead } from "./recurrence";

type RingName = "int" | "real" | "gf2" | "boolean" | "max-plus" | "min-plus";

/** What an affine form is made with. `zero` undefined: the semiring has none among its values (−∞ as an int). */
export interface Ring {
  readonly name: RingName;
  readonly type: ElementType;
  readonly zero: Expr | undefined;
  readonly one: Expr;
  readonly plus: (a: Expr, b: Expr) => Expr;
  readonly times: (a: Expr, b: Expr) => Expr;
  /** The reduction that sums in it. */
  readonly sum: "sum" | "parity" | "any" | "max" | "min";
  /** Its sum over points. */
  readonly total: (
    dims: readonly Dim[],
    body: Expr,
    options?: { readonly filter?: Condition; readonly dataFilter?: Expr | undefined },
  ) => Expr;
}

const totalBy =
  (op: Ring["sum"], type: ElementType): Ring["total"] =>
  (dims, body, options) =>
    build.reduce(op, dims, body, type, options);

const literal = (e: Expr, value: number): boolean =>
  (e.kind === "constant" && Object.is(e.value, value)) ||
  (e.kind === "index-value" && e.value.kind === "integer" && e.value.value === value);

/** The ring of ints or of reals. */
export function arithmetic(name: "int" | "real", type: ElementType): Ring {
  const zero = build.constant(type, 0);
  const one = build.constant(type, 1);
  return {
    name,
    type,
    zero,
    one,
    // For reals these drop a −0 and a NaN of infinity times 0: forms of reals are up to rounding, which the reader is told.
    plus: (a, b) => (literal(a, 0) ? b : literal(b, 0) ? a : build.apply("add", [a, b], type)),
    times: (a, b) =>
      literal(a, 0) || literal(b, 0)
        ? zero
        : literal(a, 1)
          ? b
          : literal(b, 1)
            ? a
            : build.apply("mul", [a, b], type),
    sum: "sum",
    total: totalBy("sum", type),
  };
}

const gf2: Ring = {
  name: "gf2",
  type: build.bit,
  zero: build.constant(build.bit, 0),
  one: build.constant(build.bit, 1),
  plus: (a, b) => (literal(a, 0) ? b : literal(b, 0) ? a : build.apply("xor", [a, b], build.bit)),
  times: (a, b) =>
    literal(a, 0) || literal(b, 0)
      ? gf2.zero!
      : literal(a, 1)
        ? b
        : literal(b, 1)
          ? a
          : build.apply("and", [a, b], build.bit),
  sum: "parity",
  total: totalBy("parity", build.bit),
};

/** Bits with `or` for a sum: no ring, but a semiring, whose matrices say what reaches what. */
export const boolean: Ring = {
  name: "boolean",
  type: build.bit,
  zero: gf2.zero,
  one: gf2.one,
  plus: (a, b) =>
    literal(a, 0)
      ? b
      : literal(b, 0) || a === b
        ? a
        : literal(a, 1)
          ? a
          : build.apply("or", [a, b], build.bit),
  times: gf2.times,
  sum: "any",
  total: totalBy("any", build.bit),
};

export function tropical(name: "max-plus" | "min-plus", type: ElementType): Ring {
  const best = name === "max-plus" ? "max" : "min";
  return {
    name,
    type,
    zero: undefined,
    one: build.constant(type, 0),
    plus: (a, b) => (a === b ? a : build.apply(best, [a, b], type)),
    times: (a, b) => (literal(a, 0) ? b : literal(b, 0) ? a : build.apply("add", [a, b], type)),
    sum: best,
    total: totalBy(best, type),
  };
}

/** `coefficient · read`, summed over `dims` where `filter` holds. */
export interface StateTerm {
  readonly read: Read;
  readonly state: StateRead;
  readonly coefficient: Expr;
  readonly dims: readonly Dim[];
  readonly filter: Condition;
}

/** The sum of the terms and of the constant; a constant that is absent is the ring's zero. */
export interface StateForm {
  readonly terms: readonly StateTerm[];
  readonly constant: Expr | undefined;
}

export interface LinearEquation extends StateForm {
  readonly family: string;
  readonly guard: Condition;
  readonly role: StepEquation["role"];
}

export interface LinearStep {
  readonly ring: Ring;
  readonly equations: readonly LinearEquation[];
  /** Numbers in the state of one copy: a number, or `sizes` where it grows with a size. */
  readonly dimension: number | "sizes";
  /**
   * `scalar`: one number (a diagonal system is one of copies); `triangular`: some order of the cells lets each depend on
   * itself and those before it; `dense`: neither is shown.
   */
  readonly shape: "scalar" | "triangular" | "dense";
  /** The coefficients are the same at every step; constants may differ. */
  readonly timeInvariant: boolean;
  /** No step has a constant. */
  readonly homogeneous: boolean;
  /** Where the ring is that of the integers modulo this, and starts may be larger. */
  readonly modulus?: string | undefined;
  /** Some sum modulo it is over as many points as a size says: it may leave 32 bits. */
  readonly mayWrap?: boolean | undefined;
}

/** The form of an expression in which `stateOf` tells the state's reads apart; undefined where it is not seen to be linear. */
export function linearForm(
  root: Expr,
  ring: Ring,
  stateOf: (read: Read) => StateRead | undefined,
): StateForm | undefined {
  const memo = new Map<Expr, boolean>();
  const dependent = (e: Expr): boolean => {
    let known = memo.get(e);
    if (known === undefined) {
      known = (e.kind === "read" && stateOf(e) !== undefined) || build.childrenOf(e).some(dependent);
      memo.set(e, known);
    }
    return known;
  };
  const { zero } = ring;

  const plus = (a: StateForm | undefined, b: StateForm | undefined): StateForm | undefined => {
    if (a === undefined || b === undefined) return undefined;
    const terms = [...a.terms];
    for (const t of b.terms) {
      const same = terms.findIndex((u) => u.read === t.read && u.dims.length === 0 && t.dims.length === 0);
      if (same < 0) terms.push(t);
      else terms[same] = { ...t, coefficient: ring.plus(terms[same]!.coefficient, t.coefficient) };
    }
    const constant =
      a.constant === undefined
        ? b.constant
        : b.constant === undefined
          ? a.constant
          : ring.plus(a.constant, b.constant);
    return { terms, constant };
  };
  const scale = (by: Expr, a: StateForm | undefined): StateForm | undefined =>
    a && {
      terms: a.terms.map((t) => ({ ...t, coefficient: ring.times(by, t.coefficient) })),
      constant: a.constant && ring.times(by, a.constant),
    };
  /** Chooses among forms by something that does not read the state. */
  const among = (
    forms: readonly (StateForm | undefined)[],
    chooseOf: (values: readonly Expr[]) => Expr,
  ): StateForm | undefined => {
    const all = forms.flatMap((f) => (f === undefined ? [] : [f]));
    if (all.length < forms.length) return undefined;
    const alone = all.map((f) => f.terms.filter((t) => t.dims.length > 0));
    const reads = [
      ...new Set(all.flatMap((f) => f.terms.flatMap((t) => (t.dims.length > 0 ? [] : [t.read])))),
    ];
    const choice = (values: readonly (Expr | undefined)[]): Expr | undefined => {
      const present = values.map((v) => v ?? zero);
      return present.every((v) => v !== undefined) ? oneOf(present, chooseOf) : undefined;
    };
    const terms: StateTerm[] = [];
    for (const read of reads) {
      const found = all.map((f) => f.terms.find((t) => t.read === read && t.dims.length === 0));
      const coefficient = choice(found.map((t) => t?.coefficient));
      if (coefficient === undefined) return undefined;
      terms.push({ ...found.find((t) => t !== undefined)!, coefficient });
    }
    // A sum counts in its own case, and is nothing in the others.
    for (const [k, own] of alone.entries())
      for (const t of own) {
        const coefficient = choice(all.map((_, j) => (j === k ? t.coefficient : undefined)));
        if (coefficient === undefined) return undefined;
        terms.push({ ...t, coefficient });
      }
    if (all.every((f) => f.constant === undefined)) return { terms, constant: undefined };
    const constant = choice(all.map((f) => f.constant));
    return constant && { terms, constant };
  };
  const constantOf = (e: Expr): StateForm => ({
    terms: [],
    constant: zero !== undefined && e === zero ? undefined : e,
  });

  const go = (e: Expr): StateForm | undefined => {
    if (!dependent(e)) return constantOf(e);
    if (e.kind === "read") {
      const state = stateOf(e);
      // A subscript that reads the state is no coefficient.
      if (state === undefined || e.at.some((s) => s.kind === "dynamic" && dependent(s.value)))
        return undefined;
      return {
        terms: [{ read: e, state, coefficient: ring.one, dims: [], filter: build.always }],
        constant: undefined,
      };
    }
    if (e.kind === "select" && !dependent(e.condition)) {
      const { condition } = e;
      return among([go(e.then), go(e.otherwise)], ([a, b]) => build.select(condition, a!, b!, ring.type));
    }
    if (e.kind === "choose") {
      return among(
        e.cases.map((c) => go(c.value)),
        (values) =>
          build.choose(
            e.cases.map((c, k) => ({ guard: c.guard, value: values[k]! })),
            ring.type,
          ),
      );
    }
    if (e.kind === "reduce") return e.op === ring.sum ? summed(e) : undefined;
    return inRing(e);
  };
  const summed = (e: Expr & { kind: "reduce" }): StateForm | undefined => {
    const body = go(e.body);
    if (body === undefined) return undefined;
    let form: StateForm | undefined = body;
    if (e.dataFilter !== undefined) {
      if (dependent(e.dataFilter) || zero === undefined) return undefined;
      const kept = e.dataFilter;
      form = among([body, { terms: [], constant: undefined }], ([a, b]) =>
        build.select(kept, a!, b!, ring.type),
      );
    }
    return (
      form && {
        terms: form.terms.map((t) => ({
          ...t,
          dims: [...e.dims, ...t.dims],
          filter: and(e.filter, t.filter),
        })),
        constant:
          form.constant &&
          build.reduce(e.op, e.dims, form.constant, ring.type, { filter: e.filter, origin: e.origin }),
      }
    );
  };
  const inRing = (e: Expr): StateForm | undefined => {
    switch (ring.name) {
      case "int":
      case "real": {
        if (e.kind !== "apply") return undefined;
        const [a, b] = e.args;
        switch (e.op) {
          case "add":
            return plus(go(a!), go(b!));
          case "sub":
            return plus(go(a!), scale(minusOne(ring), go(b!)));
          case "neg":
            return scale(minusOne(ring), go(a!));
          case "mul":
            if (!dependent(a!)) return scale(a!, go(b!));
            return dependent(b!) ? undefined : scale(b!, go(a!));
          case "divide":
            return dependent(b!)
              ? undefined
              : scale(build.apply("divide", [ring.one, b!], ring.type), go(a!));
          default:
            return undefined;
        }
      }
      case "gf2":
        return inBits(e);
      case "boolean": {
        if (e.kind !== "apply" || e.args.some((a) => build.typeOf(a).kind !== "bit")) return undefined;
        const [a, b] = e.args;
        if (e.op === "or") return plus(go(a!), go(b!));
        if (e.op !== "and") return undefined;
        if (!dependent(a!)) return scale(a!, go(b!));
        return dependent(b!) ? undefined : scale(b!, go(a!));
      }
      case "max-plus":
      case "min-plus": {
        if (e.kind !== "apply") return undefined;
        const [a, b] = e.args;
        switch (e.op) {
          case "max":
          case "min":
            return e.op === ring.sum ? plus(go(a!), go(b!)) : undefined;
          case "add":
            if (!dependent(a!)) return scale(a!, go(b!));
            return dependent(b!) ? undefined : scale(b!, go(a!));
          case "sub":
            return dependent(b!) ? undefined : scale(build.apply("neg", [b!], ring.type), go(a!));
          default:
            return undefined;
        }
      }
    }
  };
  const not = (e: Expr): Expr =>
    literal(e, 0) ? gf2.one : literal(e, 1) ? gf2.zero! : build.apply("not", [e], build.bit);
  const one: StateForm = { terms: [], constant: gf2.one };
  const inBits = (e: Expr): StateForm | undefined => {
    if (e.kind === "select") {
      // The condition reads the state; (then xor otherwise) times it, plus otherwise.
      if (dependent(e.then) || dependent(e.otherwise)) return undefined;
      return plus(scale(gf2.plus(e.then, e.otherwise), go(e.condition)), constantOf(e.otherwise));
    }
    if (e.kind === "table") return byTable(e);
    if (e.kind !== "apply" || e.args.some((a) => build.typeOf(a).kind !== "bit")) return undefined;
    const [a, b] = e.args;
    const [fixed, moving] = e.args.length === 2 && !dependent(a!) ? [a!, b!] : [b!, a!];
    const oneFixed = e.args.length === 2 && !dependent(fixed);
    switch (e.op) {
      case "xor":
      case "ne":
        return plus(go(a!), go(b!));
      case "eq":
        return plus(plus(go(a!), go(b!)), one);
      case "not":
        return plus(go(a!), one);
      case "and":
        return oneFixed ? scale(fixed, go(moving)) : undefined;
      case "or":
        return oneFixed ? plus(scale(not(fixed), go(moving)), constantOf(fixed)) : undefined;
      default:
        return undefined;
    }
  };
  /** A table of bits is linear in its arguments that read the state where it is so at all values of the others. */
  const byTable = (e: Expr & { kind: "table" }): StateForm | undefined => {
    if (e.type.kind !== "bit") return undefined;
    const moving = e.args.flatMap((a, k) => (dependent(a) ? [k] : []));
    if (moving.some((k) => e.radix[k] !== 2 || build.typeOf(e.args[k]!).kind !== "bit")) return undefined;
    const fixed = e.args.flatMap((_, k) => (moving.includes(k) ? [] : [k]));
    const radix = fixed.map((k) => e.radix[k]!);
    const rows = radix.reduce((x, y) => x * y, 1);
    const entry = (row: number, on: (k: number) => boolean): number => {
      const digits = new Array<number>(e.args.length).fill(0);
      let rest = row;
      for (let f = fixed.length - 1; f >= 0; f--) {
        digits[fixed[f]!] = rest % radix[f]!;
        rest = Math.floor(rest / radix[f]!);
      }
      for (const k of moving) digits[k] = on(k) ? 1 : 0;
      return e.entries[digits.reduce((r, d, k) => r * e.radix[k]! + d, 0)]!;
    };
    const constants: number[] = [];
    const coefficients = moving.map((): number[] => []);
    for (let row = 0; row < rows; row++) {
      const base = entry(row, () => false);
      constants.push(base);
      moving.forEach((k, m) => coefficients[m]!.push(base ^ entry(row, (x) => x === k)));
      for (let set = 0; set < 1 << moving.length; set++) {
        const sum = moving.reduce((s, _, m) => s ^ ((set >> m) & coefficients[m]![row]!), base);
        if (sum !== entry(row, (x) => ((set >> moving.indexOf(x)) & 1) === 1)) return undefined;
      }
    }
    const value = (entries: readonly number[]): Expr =>
      entries.every((x) => x === entries[0])
        ? build.constant(build.bit, entries[0]!)
        : build.lookup(
            fixed.map((k) => e.args[k]!),
            radix,
            entries,
            build.bit,
          );
    let form: StateForm | undefined = constantOf(value(constants));
    moving.forEach((k, m) => {
      const coefficient = value(coefficients[m]!);
      if (coefficient !== gf2.zero) form = plus(form, scale(coefficient, go(e.args[k]!)));
    });
    return form;
  };
  return go(root);
}

const minusOne = (ring: Ring): Expr => build.constant(ring.type, -1);
const oneOf = (values: readonly Expr[], chooseOf: (values: readonly Expr[]) => Expr): Expr =>
  values.every((v) => v === values[0]) ? values[0]! : chooseOf(values);

/** The rings a step over cells of these types may be linear in, the plainest first. */
function ringsFor(types: readonly ElementType[]): readonly Ring[] {
  const kinds = new Set(types.map((t) => (t.kind === "index" ? "int" : t.kind)));
  if (kinds.size !== 1) return [];
  switch ([...kinds][0]) {
    case "bit":
      return [gf2];
    case "int":
      return [arithmetic("int", build.int), tropical("max-plus", build.int), tropical("min-plus", build.int)];
    case "real":
      return [
        arithmetic("real", build.real),
        tropical("max-plus", build.real),
        tropical("min-plus", build.real),
      ];
    default:
      return [];
  }
}

/** The linear form of a recurrence's step, or undefined where it is not seen to be linear in any of the rings (all that its types allow). */
export function linearStep(
  system: System,
  r: Recurrence,
  rings: readonly Ring[] = ringsFor(r.state.map((s) => s.type)),
): LinearStep | undefined {
  if (r.steps === undefined) return undefined;
  const time = (family: string): string =>
    system.families.find((f) => f.name === family)!.dims[r.axis.get(family)!]!.index;
  for (const ring of rings) {
    const equations: LinearEquation[] = [];
    for (const s of r.steps) {
      const form = linearForm(s.value, ring, (read) => stateRead(r, time(s.family), read));
      if (form !== undefined) equations.push({ ...form, family: s.family, guard: s.guard, role: s.role });
    }
    if (equations.length < r.steps.length) continue;
    const dimension = dimensionOf(r);
    return {
      ring,
      equations,
      dimension,
      shape: dimension === 1 ? "scalar" : triangular(r, equations) ? "triangular" : "dense",
      timeInvariant: isTimeInvariant(equations, time),
      homogeneous: equations.every((e) => e.role === "start" || e.constant === undefined),
    };
  }
  return undefined;
}

/** Numbers in the state of one copy. */
export function dimensionOf(r: Recurrence): LinearStep["dimension"] {
  const cells = r.state.map((s) => (s.count?.kind === "integer" ? s.count.value * s.depth : undefined));
  return cells.every((c) => c !== undefined) ? cells.reduce((a, b) => a + b, 0) : "sizes";
}

/** No coefficient, nor which equation holds after the starts, depends on the step. */
export function isTimeInvariant(
  equations: readonly LinearEquation[],
  time: (family: string) => string,
): boolean {
  const families = new Set(equations.map((e) => e.family));
  return [...families].every((family) => {
    const later = equations.filter((e) => e.family === family && e.role !== "start");
    if (later.some((e) => conditionMentions(e.guard, time(family)))) return false;
    return later.every((e) =>
      e.terms.every(
        (t) =>
          !changesWith(t.coefficient, time(family)) &&
          !conditionMentions(t.filter, time(family)) &&
          !dimsMention(t.dims, time(family)) &&
          !t.state.cell.some((s) =>
            s.kind === "static" ? mentionsIndex(s.value, time(family)) : changesWith(s.value, time(family)),
          ),
      ),
    );
  });
}

/** Some order of the cells of one copy lets each new cell read only itself and cells before it. Only where cells are a literal few. */
function triangular(r: Recurrence, equations: readonly LinearEquation[]): boolean {
  const cells: { family: string; lag: number; at: readonly number[] }[] = [];
  for (const s of r.state) {
    let points: number[][] = [[]];
    for (const d of s.cells) {
      if (d.lo.kind !== "integer" || d.hi.kind !== "integer") return false;
      const [lo, hi] = [d.lo.value, d.hi.value];
      points = points.flatMap((p) => Array.from({ length: Math.max(0, hi - lo) }, (_, k) => [...p, lo + k]));
    }
    if (points.length * s.depth > 64) return false;
    for (const at of points)
      for (let lag = 1; lag <= s.depth; lag++) cells.push({ family: s.family, lag, at });
  }
  const sources = cells.map((c) => {
    if (c.lag > 1)
      return cells.filter((x) => x.family === c.family && x.lag === c.lag - 1 && x.at.join() === c.at.join());
    const own = r.state.find((s) => s.family === c.family)!;
    const by = new Map(own.cells.map((d, k) => [d.index, build.integer(c.at[k]!)]));
    return equations
      .filter((e) => e.family === c.family && mapCondition(e.guard, (x) => substituteIndex(x, by)).length > 0)
      .flatMap((e) => e.terms)
      .flatMap((t) => pointsOf(t, by).map((at) => ({ state: t.state, at })))
      .flatMap(({ state, at }) =>
        cells.filter(
          (x) =>
            x.family === state.family &&
            x.lag === state.lag &&
            state.cell.every((s, k) => {
              if (s.kind === "dynamic") return true;
              const place = substituteIndex(s.value, at);
              return place.kind !== "integer" || place.value === x.at[k];
            }),
        ),
      );
  });
  // A cycle longer than a loop at one cell forbids every order.
  const left = new Set(cells);
  for (;;) {
    const next = [...left].find((c) => sources[cells.indexOf(c)]!.every((s) => s === c || !left.has(s)));
    if (next === undefined) return left.size === 0;
    left.delete(next);
  }
}

/** The points of a term's sum at a cell, where its ranges are literal there; else the cell alone, for any of them. */
function pointsOf(
  { dims, filter }: StateTerm,
  cell: ReadonlyMap<string, IndexExpr>,
): readonly ReadonlyMap<string, IndexExpr>[] {
  let points: ReadonlyMap<string, IndexExpr>[] = [cell];
  for (const d of dims) {
    const next: ReadonlyMap<string, IndexExpr>[] = [];
    for (const at of points) {
      const [lo, hi] = [substituteIndex(d.lo, at), substituteIndex(d.hi, at)];
      if (lo.kind !== "integer" || hi.kind !== "integer" || hi.value - lo.value > 64) return [cell];
      for (let v = lo.value; v < hi.value; v++) next.push(new Map(at).set(d.index, build.integer(v)));
    }
    points = next;
  }
  return points.filter((at) => mapCondition(filter, (x) => substituteIndex(x, at)).length > 0);
}

/** The coefficient is the ring's one. */
export const isOne = (ring: Ring, e: Expr): boolean =>
  e === ring.one ||
  (ring.type.kind !== "bit" && literal(e, ring.name === "int" || ring.name === "real" ? 1 : 0));
