/**
 * The laws by which a recursive component of a system gets a class, as one table: hypothesis test, conclusion, source,
 * and what the law does not say. Numbers are entries of the catalogue. All are tried; the least class counts.
 */
import { type FiniteStep, finiteStep } from "../algebra/finite";
import { isOne, type LinearStep, linearStep, type StateTerm } from "../algebra/linear";
import { extentOf, type Nesting, nestingOf, type Recurrence, stateRead } from "../algebra/recurrence";
import { type SemiringName, semiringForm } from "../algebra/semiring";
import {
  generatorsText,
  groupName,
  type TransitionMonoid,
  transitionMonoid,
} from "../algebra/transition-monoid";
import { proveDepth } from "../depth/prove";
import { someExpr, typeOf } from "../equations/build";
import { isAlways } from "../equations/conditions";
import { rewriteExpr } from "../equations/expressions";
import { changesWith, mentionsIndex } from "../equations/mentions";
import { printCondition, printExpr, printIndex } from "../equations/print";
import { guardedReads } from "../equations/reads";
import type { Condition, Expr, Family, IndexExpr, Read, Subscript, System } from "../equations/system";
import { provedForm } from "../report/standing";
import { printClosedForm } from "../symbolic/closed-form";
import {
  AC,
  ACmod,
  type CircuitClass,
  DET,
  join,
  L,
  LOGCFL,
  layers,
  NC,
  NL,
  P,
  printClass,
  TC,
  UNION,
} from "../verdict/classes";
import type { Gate } from "../verdict/gates";
import { constantOrder, larger, type Order, type Orders, product } from "../verdict/order";
import type { Reading } from "../verdict/verdict";
import { affineModulus, elementaryAutomaton, keepsBorders } from "./automata";
import { circuitAsData, monoidOf } from "./circuits";
import { elementaryRule, isRule110, type RuleVerdict } from "./elementary-rules";
import { finiteSemiring } from "./finite-semirings";
import { planarMonotone } from "./planar";
import { offsetFrom, smallValue } from "./shape";

/** A strongly connected set of families, with everything outside it given. */
export interface Component {
  readonly system: System;
  readonly families: readonly Family[];
  readonly recurrence: Recurrence | undefined;
  readonly orders: Orders;
  readonly gates: readonly Gate[];
  /** One layer of instances: reals with exact sums, and bit for bit. */
  readonly layer: CircuitClass;
  readonly exactLayer: CircuitClass;
}

export interface Conclusion {
  readonly class: CircuitClass;
  readonly readings: readonly Reading[];
  /** In a few words, for the headline. */
  readonly because: string;
  /** What was found that makes the hypothesis hold. */
  readonly found: string;
  /** Where the shallow form is too large to be worth running. */
  readonly impractical?: string | undefined;
}

export interface Law {
  readonly entry: string;
  readonly title: string;
  readonly source: string;
  readonly notClaimed: string;
  /** The conclusions, or why the hypothesis does not hold; undefined where the law speaks of another kind of thing. */
  readonly test: (c: Component) => readonly Conclusion[] | string | undefined;
}

/** Conclusions for both readings of reals: rounded as written, and with exact sums where that makes a difference. */
function both(
  c: Component,
  of: (layer: CircuitClass) => CircuitClass,
  because: string,
  found: string,
): Conclusion[] {
  const exact: Conclusion = { class: of(c.exactLayer), readings: [], because, found };
  if (printClass(c.layer) === printClass(c.exactLayer)) return [exact];
  return [{ class: of(c.layer), readings: ["up-to-rounding"], because, found }, exact];
}

const depthText = (o: Order): string =>
  o.kind === "polylog"
    ? o.degree === 0
      ? "O(1)"
      : o.degree === 1
        ? "O(log N)"
        : `O(log^${o.degree} N)`
    : "polynomial";

/** How many layers a component is deep at most, by its structure. */
function depthOrder(c: Component): { readonly order: Order; readonly why: string } {
  const { recurrence: r, orders } = c;
  const longestOf = (families: readonly Family[], axis: ReadonlyMap<string, number>) => {
    // Families may run for different times: a path passes through no more steps than all of them have.
    const spans = families.map((f) => {
      const span = extentOf(f.dims[axis.get(f.name)!]!, f.dims);
      return { span, order: span === undefined ? orders.ofPoints(f.dims) : orders.ofIndex(span) };
    });
    return spans.reduce((a, b) => (larger(a.order, b.order) === a.order ? a : b));
  };
  if (r !== undefined && !r.within) {
    const longest = longestOf(c.families, r.axis);
    const steps =
      longest.span === undefined ? "no more steps than instances" : `${printIndex(longest.span)} steps`;
    return {
      order: longest.order,
      why: `time runs along ${r.along}: ${steps}, of at most ${c.families.length} layers each`,
    };
  }
  const order = c.families.map((f) => orders.ofPoints(f.dims)).reduce(larger, constantOrder);
  const nesting = nestingOf(
    c.system,
    c.families.map((f) => f.name),
  );
  const steps = (n: Nesting): Order => {
    const families = c.families.filter((f) => n.families.includes(f.name));
    return product(longestOf(families, n.axis).order, n.inner.map(steps).reduce(larger, constantOrder));
  };
  const loops = nesting && steps(nesting);
  return loops === undefined || larger(loops, order) === loops
    ? { order, why: "no deeper than it has instances" }
    : { order: loops, why: "loops in loops: each as many steps as its index has" };
}

/**
 * The depth of the component alone as it is proved, where its text has logarithms, powers or quotients by which it could be
 * less than its length.
 */
function provedDepth(c: Component): { readonly order: Order; readonly why: string } | undefined {
  const text = [
    printCondition(c.system.constraints),
    ...c.families.map((f) => f.dims.map((d) => `${printIndex(d.lo)} ${printIndex(d.hi)}`).join(" ")),
    ...c.families.flatMap((f) => f.pieces.map((p) => printExpr(p.value))),
  ].join(" ");
  if (!/log2|2\^| div /.test(text)) return undefined;
  const { depth } = proveDepth(alone(c), "steps");
  const form = provedForm(depth) ?? (depth.upper?.standing.kind === "proved" ? depth.upper.form : undefined);
  return form && { order: c.orders.of(form), why: `its depth alone is ${printClosedForm(form)}, proved` };
}

/** The component with everything that it reads given. */
function alone(c: Component): System {
  const inside = new Set(c.families);
  const read = new Set(guardedReads(c.system).flatMap((r) => (inside.has(r.reader) ? [r.source] : [])));
  return {
    ...c.system,
    obligations: undefined,
    families: c.system.families.flatMap((f): Family[] => {
      if (inside.has(f)) return [{ ...f, role: "output" }];
      return read.has(f) ? [{ ...f, role: "input", pieces: [] }] : [];
    }),
  };
}

const asWritten: Law = {
  entry: "C.1",
  title: "layers composed as they are written",
  source: "Vollmer, 1999",
  notClaimed: "that no shallower circuit exists: only this graph is as deep",
  test: (c) => {
    const structural = depthOrder(c);
    const { order, why } = (structural.order.kind === "polylog" ? undefined : provedDepth(c)) ?? structural;
    if (order.kind === "beyond") return `its depth is not polynomial: ${order.factor}`;
    if (order.kind === "polynomial") return both(c, () => P, "polynomial depth as written", why);
    const { degree } = order;
    return both(c, (layer) => layers(layer, degree), `depth ${depthText(order)} as written`, why);
  },
};

/** The state of one copy between steps, where it is all that passes. */
function liveState(c: Component): Recurrence | string {
  const r = c.recurrence;
  if (r === undefined) return "time runs along none of its indices";
  if (r.within) return "a step waits for other places of the same step";
  if (r.reach === "wires") return "data decides which earlier step is read: everything so far stays alive";
  if (r.reach === "history") return "a step reads all steps before it";
  if (r.live === undefined) return "its live state could not be counted";
  return r;
}

const finiteState: Law = {
  entry: "C.3",
  title: "finite live state, by the groups of its transition monoid",
  source: "Barrington, 1989; Barrington and Thérien, 1988",
  notClaimed:
    "a practical speed-up where the state has many values; anything about sizes that grow the state",
  test: (c) => {
    const r = liveState(c);
    if (typeof r === "string") return r;
    const { bits, words } = r.live!;
    const constant = (o: Order) => o.kind === "polylog" && o.degree === 0;
    if (words.kind !== "integer" || words.value > 0)
      return `the live state holds ${printIndex(words)} numbers`;
    if (!constant(c.orders.ofIndex(bits))) return `the live state has ${printIndex(bits)} bits, which grow`;
    const found = `the live state has ${printIndex(bits)} bits whatever the sizes`;
    const enumerated = stepMonoid(c, r);
    if (!enumerated.ok)
      return both(
        c,
        (layer) => join(NC(1), layer),
        "a product of maps of a finite set",
        `${found}; ${enumerated.why}`,
      );
    const { step, monoid } = enumerated;
    const { of, because } = monoidClass(monoid);
    const maps = `${step.letters.length} step maps on ${step.states} states generate ${monoid.complete ? "" : "at least "}${monoid.size} products`;
    const shown = monoid.witness === undefined ? "" : `, generated by ${generatorsText(monoid.witness)}`;
    return both(c, (layer) => join(of, layer), because, `${maps}; ${monoid.by}${shown}`);
  },
};

/** One map again and again, or a few in turn: what it comes to depends on the number of steps modulo a constant. */
const autonomousState: Law = {
  entry: "C.4",
  title: "finite live state that nothing moves from outside",
  source: "Barrington, Compton, Straubing and Thérien, 1992",
  notClaimed: "anything where an input of each step has a say, or the state grows with the sizes",
  test: (c) => {
    const r = liveState(c);
    if (typeof r === "string" || r.steps === undefined) return undefined;
    const { bits, words } = r.live!;
    const o = c.orders.ofIndex(bits);
    if (words.kind !== "integer" || words.value > 0 || o.kind !== "polylog" || o.degree > 0) return undefined;
    const periodic = r.steps.every((s) => {
      if (s.role === "start") return true;
      const time = timeOf(c, r, s.family);
      return (
        !variesInCondition(s.guard, time, true) &&
        !varies(s.value, time, (read) => stateRead(r, time, read)?.cell)
      );
    });
    if (!periodic) return "its steps are not all alike: something outside moves the state";
    const found = "every step applies the same map, or a few in turn, whatever the input is";
    return both(c, (layer) => join(NC(0), layer), "powers of one map of a finite set", found);
  },
};

/** A polynomial in `time`: its remainder by a literal number comes back after as many steps. */
const isPolynomial = (e: IndexExpr, time: string): boolean =>
  e.kind === "add" || e.kind === "sub" || e.kind === "mul"
    ? isPolynomial(e.left, time) && isPolynomial(e.right, time)
    : e.kind === "index" || !mentionsIndex(e, time);

/** The value of an index depends on `time`, and not only on a remainder that comes back. */
function variesWith(e: IndexExpr, time: string): boolean {
  switch (e.kind) {
    case "integer":
    case "size":
      return false;
    case "index":
      return e.name === time;
    case "log2":
    case "pow2":
      return variesWith(e.operand, time);
    case "mod":
      if (e.right.kind === "integer" && isPolynomial(e.left, time)) return false;
      break;
    default:
  }
  return variesWith(e.left, time) || variesWith(e.right, time);
}

/** Affine in `time`: a comparison of such sides changes at most twice, so that time falls into constantly many phases. */
const isAffine = (e: IndexExpr, time: string): boolean =>
  e.kind === "add" || e.kind === "sub"
    ? isAffine(e.left, time) && isAffine(e.right, time)
    : e.kind === "mul" && e.left.kind === "integer"
      ? isAffine(e.right, time)
      : e.kind === "index" || !mentionsIndex(e, time);

const variesInCondition = (c: Condition, time: string, phases: boolean): boolean =>
  c.some((all) =>
    all.some(
      (x) =>
        (variesWith(x.left, time) || variesWith(x.right, time)) &&
        !(phases && isAffine(x.left, time) && isAffine(x.right, time)),
    ),
  );

/**
 * The value of an expression changes with time more often than constantly many times, other than in turn. `cellOf`: the subscripts of
 * a read of the state that say which cell.
 */
function varies(
  root: Expr,
  time: string,
  cellOf: (read: Read) => readonly Subscript[] | undefined = () => undefined,
  phases = true,
): boolean {
  const index = (e: IndexExpr) => variesWith(e, time);
  return someExpr(root, (e) => {
    switch (e.kind) {
      case "index-value":
        return index(e.value);
      case "read":
        return (cellOf(e) ?? e.at).some((s) => s.kind === "static" && index(s.value));
      case "choose":
        return e.cases.some((x) => variesInCondition(x.guard, time, phases));
      case "reduce":
      case "fold": {
        // Each of its operands might change at a step of its own.
        const inner = e.kind === "fold" ? e.bodies : [e.body];
        return (
          e.dims.some((d) => index(d.lo) || index(d.hi)) ||
          variesInCondition(e.filter, time, false) ||
          (phases &&
            [...inner, ...(e.dataFilter === undefined ? [] : [e.dataFilter])].some((x) =>
              varies(x, time, cellOf, false),
            ))
        );
      }
      default:
        return false;
    }
  });
}

const timeOf = (c: Component, r: Recurrence, family: string): string =>
  c.families.find((f) => f.name === family)!.dims[r.axis.get(family)!]!.index;

/** No coefficient, nor which equation holds, changes but constantly often or in turn: powers of a few matrices. */
function repeats(c: Component, { step }: Linear): boolean {
  return step.equations.every((e) => {
    if (e.role === "start") return true;
    const time = timeOf(c, c.recurrence!, e.family);
    const literal = (t: StateTerm) => t.dims.every((d) => d.lo.kind === "integer" && d.hi.kind === "integer");
    return (
      !variesInCondition(e.guard, time, true) &&
      e.terms.every(
        (t) =>
          !varies(t.coefficient, time, undefined, literal(t)) &&
          !variesInCondition(t.filter, time, literal(t)) &&
          !t.dims.some((d) => variesWith(d.lo, time) || variesWith(d.hi, time)) &&
          !t.state.cell.some((s) =>
            s.kind === "static" ? variesWith(s.value, time) : varies(s.value, time, undefined, false),
          ),
      )
    );
  });
}

/** Steps of one value in a fixed range that never, or always, turn its order round: no enumeration is needed. */
const monotoneChain: Law = {
  entry: "C.6",
  title: "monotone steps of a fixed chain",
  source: "Li, Liu, Zhou and Ma, 2024; derived in the catalogue",
  notClaimed: "anything for chains that grow with the sizes, or where a sum leaves its word",
  test: (c) => {
    const r = c.recurrence;
    if (r?.steps === undefined || r.finiteStates === undefined || r.state.length !== 1) return undefined;
    const [s] = r.state;
    if (s!.type.kind !== "index" || s!.depth !== 1 || s!.count?.kind !== "integer" || s!.count.value !== 1)
      return undefined;
    const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && r.families.includes(x.family));
    let adds = false;
    /** 0: does not depend on the state; 1: rises with it, 2: falls, 3: one or the other, as data say. */
    const way = (e: Expr): number | undefined => {
      if (!inside(e)) return 0;
      const together = (es: readonly Expr[]): number | undefined => {
        const ways = new Set(es.map(way).filter((w) => w !== 0));
        const [only] = ways;
        return ways.size > 1 || (only === 3 && es.filter(inside).length > 1) ? undefined : only;
      };
      const either = (es: readonly Expr[]): number | undefined =>
        es.map(way).reduce((a, b) => (a === undefined || b === undefined ? undefined : a | b), 0);
      switch (e.kind) {
        case "read":
          return e.at.some((x) => x.kind === "dynamic") ? undefined : 1;
        case "select":
          return inside(e.condition) ? undefined : either([e.then, e.otherwise]);
        case "choose":
          return either(e.cases.map((x) => x.value));
        case "apply": {
          if (e.op === "min" || e.op === "max" || e.op === "clamp") return together(e.args);
          const turned = (w: number | undefined) => w && [0, 2, 1, 3][w];
          if (e.op === "neg") return turned(way(e.args[0]!));
          adds = true;
          if (e.op === "add") return together(e.args);
          if (e.op !== "sub") return undefined;
          const [a, b] = e.args as [Expr, Expr];
          return inside(b) ? (inside(a) ? undefined : turned(way(b))) : way(a);
        }
        default:
          return undefined;
      }
    };
    const ways = r.steps.filter((x) => x.role === "step").map((x) => way(x.value));
    if (ways.includes(undefined))
      return "its step is not seen to keep or to turn round the order of its values";
    const turns = ways.some((w) => w! > 1);
    const because = `steps that ${turns ? "keep or turn round" : "keep"} the order of ${r.finiteStates} values`;
    const readings: Reading[] = adds ? ["without-overflow"] : [];
    return [{ class: join(turns ? ACmod(2) : AC(0), c.exactLayer), readings, because, found: because }];
  },
};

type StepMonoid =
  | { readonly ok: true; readonly step: FiniteStep; readonly monoid: TransitionMonoid }
  | { readonly ok: false; readonly why: string };
const stepMonoids = new WeakMap<Component, StepMonoid>();

/** The step maps of a recurrence over finitely many states, and all their products. */
export function stepMonoid(c: Component, r: Recurrence): StepMonoid {
  let made = stepMonoids.get(c);
  if (made === undefined) {
    const found = finiteStep(c.system, r);
    made = found.ok
      ? {
          ...found,
          monoid: transitionMonoid(
            found.step.states,
            found.step.letters.map((l) => l.map),
          ),
        }
      : found;
    stepMonoids.set(c, made);
  }
  return made;
}

/** C.3: aperiodic, solvable or not. */
function monoidClass(m: TransitionMonoid): { readonly of: CircuitClass; readonly because: string } {
  switch (m.kind) {
    case "aperiodic":
      return { of: AC(0), because: "an aperiodic transition monoid" };
    case "solvable": {
      const modulus = m.primes!.reduce((a, p) => a * p, 1);
      return {
        of: ACmod(modulus),
        because: `a transition monoid whose groups are solvable, modulo ${m.primes!.join(" and ")}`,
      };
    }
    case "non-solvable":
      return { of: NC(1), because: `a transition monoid with ${groupName(m.witness!)}` };
    case undefined:
      return { of: NC(1), because: "a product of maps of a finite set" };
  }
}

const automatonRule: Law = {
  entry: "D.4",
  title: "an elementary automaton, by identities on its rule table",
  source: "Moore and Pnin, 1998; Ollinger and Theyssier, 2022",
  notClaimed: "anything about rules that no identity covers: 44 of the 88 classes of rules are open (D.5)",
  test: (c) => {
    const automaton = elementaryAutomaton(c.system, c.recurrence);
    if (automaton === undefined) return undefined;
    const verdicts: RuleVerdict[] = [];
    for (const rule of [...automaton.rules].sort((a, b) => Number(isRule110(b)) - Number(isRule110(a)))) {
      const v = elementaryRule(rule);
      if (v.class === undefined || v.complete) return `rule ${rule}: ${v.why}`;
      if (automaton.borders !== undefined && !keepsBorders(rule, automaton.borders))
        return `rule ${rule} does not keep its borders still`;
      verdicts.push(v);
    }
    const of = verdicts.map((v) => v.class!).reduce(join, NC(0));
    const [first] = verdicts;
    const found =
      verdicts.length === 1
        ? `rule ${first!.rule}: ${first!.why}`
        : `all rules it can follow are in ${printClass(of)}`;
    return [{ class: of, readings: [], because: found, found: `${found} (T in unary)` }];
  },
};

const affineAutomaton: Law = {
  entry: "D.4",
  title: "an automaton that is affine modulo a number without square factors",
  source: "Moore and Pnin, 1998",
  notClaimed: "anything for a modulus with a square factor, or coefficients that change along the line",
  test: (c) => {
    const m = affineModulus(c.system, c.recurrence);
    if (m === undefined) return undefined;
    const because = `sums of cells around, modulo ${m}`;
    const found =
      "after T steps a cell is one sum of cells, whose multiples are coefficients of a power of one polynomial";
    return [{ class: join(ACmod(m), c.exactLayer), readings: [], because, found: `${found} (T in unary)` }];
  },
};

const gateSets = {
  unary: { class: L, name: "gates of one input" },
  or: { class: NL, name: "gates that are all OR" },
  and: { class: NL, name: "gates that are all AND" },
  affine: {
    class: DET,
    name: "gates affine over GF(2): parities of numbers of paths, complete for parity-L",
  },
} as const;

const restrictedCircuit: Law = {
  entry: "C.18",
  title: "a circuit given as data, over a restricted gate set",
  source: "Goldschlager and Parberry, 1986; Reith and Wagner, 2005",
  notClaimed: "anything about other gate sets, or about circuits of fixed wiring",
  test: (c) => {
    const circuit = circuitAsData(c.system, c.families);
    if (circuit === undefined || circuit.gates.length === 0) return undefined;
    if (!circuit.bitsOnly) return "its nodes hold more than bits";
    if (circuit.set === "general") return "its gates are neither all OR, all AND, affine nor of one input";
    const { class: of, name } = gateSets[circuit.set];
    return [{ class: of, readings: [], because: `a circuit of ${name}`, found: name }];
  },
};

const solvableMonoid: Law = {
  entry: "C.19",
  title: "a circuit given as data, over a finite monoid whose groups are solvable",
  source: "Beaudry, McKenzie, Péladeau and Thérien, 1997",
  notClaimed: "anything about operations that are not associative, or have no identity",
  test: (c) => {
    const circuit = circuitAsData(c.system, c.families);
    const [operation, ...more] = circuit?.operations ?? [];
    if (operation === undefined || more.length > 0 || operation.length < 3) return undefined;
    const monoid = monoidOf(operation);
    if (monoid === undefined) return "its operation is no monoid";
    if (monoid.kind !== "aperiodic" && monoid.kind !== "solvable") return `its monoid: ${monoid.by}`;
    const because = `a circuit over a monoid of ${operation.length} elements`;
    return both(c, (layer) => join(DET, layer), because, monoid.by);
  },
};

const semiringCircuit: Law = {
  entry: "C.19",
  title: "a circuit given as data, over a finite semiring without a zero and a one",
  source: "Ganardi, Hucke, König and Lohrey, 2018",
  notClaimed: "anything about operations that do not make a semiring",
  test: (c) => {
    const semiring = finiteSemiring(circuitAsData(c.system, c.families)?.operations ?? []);
    if (semiring === undefined) return undefined;
    if (semiring.zeroOne !== undefined)
      return `of its semiring ${semiring.zeroOne.join(" and ")} are a zero and a one`;
    if (semiring.solvable !== true) return `the products of its semiring: ${semiring.by}`;
    const because = `a circuit over a semiring of ${semiring.size} elements, no zero and one among them`;
    return both(c, (layer) => join(DET, layer), because, semiring.by);
  },
};

interface Linear {
  readonly step: LinearStep;
  readonly readings: readonly Reading[];
  /** What every step is reduced by. */
  readonly modulus?: Expr | undefined;
}

/** A step that is linear in the state, with the loosest reading that the ring asks for. */
function linear(c: Component): Linear | undefined {
  if (c.recurrence === undefined) return undefined;
  const step = linearStep(c.system, c.recurrence);
  if (step === undefined) return linearModulo(c, c.recurrence);
  const tropical = step.ring.name === "max-plus" || step.ring.name === "min-plus";
  if (step.ring.type.kind === "real") return { step, readings: ["up-to-rounding"] };
  // Maxima alone wrap nothing; sums under a maximum might.
  const adds = step.equations.some((e) => e.terms.some((t) => !isOne(step.ring, t.coefficient)));
  return { step, readings: tropical && adds ? ["without-overflow"] : [] };
}

/** `(a·x + b) mod m` at every step, m the same throughout: the same sums and products of whole numbers, reduced once. */
function linearModulo(c: Component, r: Recurrence): Linear | undefined {
  const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && r.families.includes(x.family));
  let modulus: Expr | undefined;
  let failed = r.steps === undefined;
  const unreduced = (e: Expr): Expr =>
    rewriteExpr(e, (x) => (isReduced(x) && inside(x) ? unreduced(x.args[0]!) : undefined));
  const isReduced = (e: Expr): e is Expr & { kind: "apply" } => {
    if (e.kind !== "apply" || e.op !== "mod" || e.type.kind === "real") return false;
    modulus ??= e.args[1]!;
    return printExpr(e.args[1]!) === printExpr(modulus);
  };
  const steps = (r.steps ?? []).map((s) => {
    if (s.role !== "step") return s;
    if (!isReduced(s.value) || changesWith(modulus!, timeOf(c, r, s.family)) || inside(modulus!))
      failed = true;
    return failed ? s : { ...s, value: unreduced(s.value) };
  });
  if (failed || modulus === undefined) return undefined;
  const step = linearStep(c.system, { ...r, steps });
  if (step?.ring.name !== "int") return undefined;
  // What wraps modulo 2^32 keeps its remainder by a power of two.
  const { value } = modulus.kind === "constant" ? modulus : { value: 0 };
  const wraps = value > 0 && Number.isInteger(Math.log2(value));
  return { step, readings: wraps ? [] : ["without-overflow"], modulus };
}
const isTropical = ({ ring }: LinearStep): boolean => ring.name === "max-plus" || ring.name === "min-plus";
const ringText = ({ step: { ring }, modulus }: Linear): string =>
  ring.name === "int"
    ? modulus === undefined
      ? "integers modulo 2^32"
      : "integers, modulo one number"
    : ring.name === "real"
      ? "reals"
      : ring.name === "gf2"
        ? "GF(2)"
        : `(${ring.name === "max-plus" ? "max" : "min"}, +)`;
const constantDimension = (c: Component): boolean =>
  c.recurrence!.state.every((s) => {
    if (s.count === undefined) return false;
    const o = c.orders.ofIndex(s.count);
    return o.kind === "polylog" && o.degree === 0;
  });

function linearConclusion(
  c: Component,
  of: CircuitClass,
  readings: readonly Reading[],
  because: string,
): Conclusion[] {
  const layer = readings.includes("up-to-rounding") ? c.layer : c.exactLayer;
  return [{ class: join(of, layer), readings, because, found: `seen as ${because}` }];
}

const affineScalar: Law = {
  entry: "C.9",
  title: "affine in one number",
  source: "Hesse, Allender and Barrington, 2002; Merrill, Petty and Sabharwal, 2024",
  notClaimed: "the same bits on reals: re-associated sums and products round otherwise (H.7)",
  test: (c) => {
    const l = linear(c);
    if (l === undefined) return undefined;
    if (l.step.shape !== "scalar") return "the state is more than one number";
    const text = `an affine step in one number over ${ringText(l)}, coefficients from outside`;
    if (!isTropical(l.step))
      return linearConclusion(c, l.step.ring.name === "gf2" ? ACmod(2) : TC(0), l.readings, text);
    // A running maximum adds nothing up.
    const adds = l.step.equations.some((e) => e.terms.some((t) => !isOne(l.step.ring, t.coefficient)));
    return linearConclusion(
      c,
      adds ? TC(0) : AC(0),
      adds ? l.readings : [],
      adds ? text : "a running extremum",
    );
  },
};

const affineTriangular: Law = {
  entry: "B.15",
  title: "triangular and affine, of constant dimension",
  source: "Mereghetti and Palano, 2000",
  notClaimed:
    "anything for dimensions that grow, or for dense matrices: those are hard for NC^1 from dimension 2 (H.15)",
  test: (c) => {
    const l = linear(c);
    if (l === undefined || isTropical(l.step) || l.step.ring.name === "gf2") return undefined;
    if (!constantDimension(c)) return "the dimension of the linear step grows";
    if (l.step.shape === "dense") return "the linear step is not seen to be triangular";
    return linearConclusion(
      c,
      TC(0),
      l.readings,
      `a triangular affine step over ${ringText(l)}, of constant dimension`,
    );
  },
};

const timeInvariantLinear: Law = {
  entry: "B.16",
  title: "powers of one matrix of constant dimension",
  source: "Mereghetti and Palano, 2000",
  notClaimed: "anything where the matrix changes with time or input, or its dimension grows",
  test: (c) => {
    const l = linear(c);
    if (l === undefined || isTropical(l.step)) return undefined;
    if (!constantDimension(c)) return "the dimension of the linear step grows";
    if (!repeats(c, l)) return "the matrix of the linear step varies";
    // Over GF(2) there are constantly many matrices, and each repeats: a new bit is one parity of bits that came in.
    return linearConclusion(
      c,
      l.step.ring.name === "gf2" ? ACmod(2) : TC(0),
      l.readings,
      `powers of one matrix of constant dimension over ${ringText(l)}`,
    );
  },
};

const linearOfSizes: Law = {
  entry: "B.17",
  title: "affine, of a dimension that grows",
  source: "Cook, 1985; Berkowitz, 1984; over (max,+) and GF(2) as in C.10",
  notClaimed: "numerical stability, or any pivot order of an elimination: only the function",
  test: (c) => {
    const l = linear(c);
    if (l === undefined) return undefined;
    const { ring } = l.step;
    // Over GF(2): the last bits of a product of integer matrices.
    const of = !isTropical(l.step) ? DET : ring.type.kind === "int" ? NL : AC(1);
    return linearConclusion(c, of, l.readings, `a product of affine maps over ${ringText(l)}`);
  },
};

const semirings: Readonly<
  Record<
    SemiringName,
    { readonly linear: CircuitClass; readonly degree: CircuitClass; readonly text: string }
  >
> = {
  boolean: { linear: NL, degree: LOGCFL, text: "(or, and)" },
  gf2: { linear: DET, degree: TC(1), text: "GF(2)" },
  int: { linear: DET, degree: TC(1), text: "integers modulo 2^32" },
  real: { linear: DET, degree: TC(1), text: "reals" },
  "min-plus": { linear: NL, degree: AC(1), text: "(min, +)" },
  "max-plus": { linear: NL, degree: AC(1), text: "(max, +)" },
  lattice: { linear: AC(1), degree: AC(1), text: "(max, min)" },
};

const formalDegree: Law = {
  entry: "0.6",
  title: "polynomial formal degree over a commutative semiring",
  source:
    "Valiant, Skyum, Berkowitz and Rackoff, 1983; Miller, Ramachandran and Kaltofen, 1988; linear ones as in C.20, C.21",
  notClaimed:
    "anything with subtraction under a minimum, or over a product that does not commute (H.33, H.34)",
  test: (c) => {
    const form = semiringForm(
      c.system,
      c.families.map((f) => f.name),
    );
    if (form === undefined)
      return "it is not seen to be an arithmetic circuit of small degree over one semiring";
    const { linear, degree, text } = semirings[form.semiring];
    const real = c.families.some((f) => f.type.kind === "real");
    const tropical = form.semiring === "min-plus" || form.semiring === "max-plus";
    const readings: Reading[] =
      real && form.semiring !== "lattice" ? ["up-to-rounding"] : tropical ? ["without-overflow"] : [];
    if (form.degree.kind === "linear") {
      // A chain of products with one factor from the component each: its degree is at most its length. Weights of reals are not small.
      const of = tropical && real ? AC(1) : linear;
      return linearConclusion(c, of, readings, `a sum over paths, linear over ${text}`);
    }
    for (const [name, e] of form.degree.of) {
      const family = c.families.find((f) => f.name === name)!;
      if (c.orders.ofIndex(e, family.dims).kind === "beyond") return "its formal degree is not polynomial";
    }
    const degrees = [...form.degree.of].map(([name, e]) => `${name}: ${printIndex(e)}`).join(", ");
    return linearConclusion(c, degree, readings, `polynomial formal degree over ${text} (${degrees})`);
  },
};

/** x + c, cut off below and above by barriers that stay: prefix sums and their extrema give it. */
const twoBarriers: Law = {
  entry: "C.14",
  title: "a sum between two fixed barriers",
  source: "Kruk, Lehoczky, Ramanan and Shreve, 2007",
  notClaimed: "anything for barriers that move, or a factor before the state",
  test: (c) => {
    const r = c.recurrence;
    if (r?.steps === undefined || r.state.length !== 1) return undefined;
    const [state] = r.state;
    const time = timeOf(c, r, state!.family);
    const fixed = (e: Expr) =>
      !changesWith(e, time) && !someExpr(e, (x) => x.kind === "read" && r.families.includes(x.family));
    const barriers = new Set<string>();
    let cut = 0;
    const steps = r.steps.map((s) => {
      if (s.role !== "step") return s;
      const inner = betweenBarriers(s.value, fixed);
      if (inner === undefined) return s;
      cut++;
      barriers.add(inner.barriers.map((b) => printExpr(b)).join(", "));
      return { ...s, value: inner.value };
    });
    if (cut === 0) return undefined;
    // Barriers that come and go with time are barriers that move.
    if (cut < r.steps.filter((s) => s.role === "step").length || barriers.size > 1)
      return "its barriers are not the same at every step";
    const step = linearStep(c.system, { ...r, steps });
    if (
      step === undefined ||
      step.shape !== "scalar" ||
      (step.ring.name !== "int" && step.ring.name !== "real")
    )
      return "between its barriers it is not a sum";
    if (
      !step.equations.every(
        (e) => e.role === "start" || e.terms.every((t) => isOne(step.ring, t.coefficient)),
      )
    )
      return "between its barriers the state has a factor";
    const reading: Reading = step.ring.name === "real" ? "up-to-rounding" : "without-overflow";
    return linearConclusion(c, TC(0), [reading], "a sum between two fixed barriers");
  },
};

/** `min(max(e, lo), hi)`, `max(min(e, hi), lo)` and `clamp(e, lo, hi)`: e and the barriers, the outer one first. */
function betweenBarriers(
  e: Expr,
  fixed: (e: Expr) => boolean,
): { readonly value: Expr; readonly barriers: readonly Expr[] } | undefined {
  if (e.kind !== "apply") return undefined;
  if (e.op === "clamp") {
    const [value, lo, hi] = e.args as [Expr, Expr, Expr];
    return fixed(lo) && fixed(hi) ? { value, barriers: [hi, lo] } : undefined;
  }
  const outer = oneBarrier(e, fixed);
  const inner =
    outer?.value.kind === "apply" && outer.value.op !== e.op ? oneBarrier(outer.value, fixed) : undefined;
  return outer && inner && { value: inner.value, barriers: [outer.barrier, inner.barrier] };
}
function oneBarrier(
  e: Expr & { kind: "apply" },
  fixed: (e: Expr) => boolean,
): { readonly value: Expr; readonly barrier: Expr } | undefined {
  if (e.op !== "min" && e.op !== "max") return undefined;
  const [a, b] = e.args as [Expr, Expr];
  return fixed(b) ? { value: a, barrier: b } : fixed(a) ? { value: b, barrier: a } : undefined;
}

/** Warshall's elimination of one vertex after another: paths through the vertices so far. */
const elimination: Law = {
  entry: "C.22",
  title: "paths by elimination",
  source: "Warshall, 1962; Floyd, 1962; Immerman, 1988, for reachability in NL",
  notClaimed:
    "the same over weights of either sign: with a negative cycle elimination computes no shortest path",
  test: (c) => {
    const r = c.recurrence;
    const [family] = c.families;
    if (c.families.length !== 1 || family === undefined || family.dims.length !== 3) return undefined;
    const { kind } = family.type;
    if (kind !== "bit" && kind !== "int" && kind !== "real") return undefined;
    if (r?.steps === undefined || r.lags.join() !== "1" || r.direction !== 1) return undefined;
    const [step, ...more] = r.steps.filter((x) => x.role === "step");
    const starts = r.steps.filter((x) => x.role === "start");
    if (step === undefined || more.length > 0 || starts.length + 1 < r.steps.length) return undefined;
    const axis = r.axis.get(family.name)!;
    const time = family.dims[axis]!.index;
    const [i, j] = family.dims.filter((_, k) => k !== axis).map((d) => d.index) as [string, string];
    const pivots = new Set<number>();
    /** Whether a subscript is i, j, or the vertex that this step eliminates. */
    const role = (e: IndexExpr): string => {
      if (offsetFrom(e, i) === 0) return "i";
      if (offsetFrom(e, j) === 0) return "j";
      const pivot = offsetFrom(e, time);
      if (pivot === undefined) return "?";
      pivots.add(pivot);
      return "k";
    };
    const pair = (e: Expr): string => {
      if (e.kind !== "read" || e.family !== family.name) return "";
      const when = e.at[axis]!;
      if (when.kind !== "static" || offsetFrom(when.value, time) !== -1) return "";
      return e.at.map((s, k) => (k === axis ? "" : s.kind === "static" ? role(s.value) : "?")).join("");
    };
    const eliminates = kind === "bit" ? joinsBits(step.value, pair) : joinsSums(step.value, pair);
    if (!eliminates || pivots.size !== 1) return undefined;
    if (kind === "bit")
      return pathsThroughVertices(NL, [], "a path stays, or two meet in the vertex of this step");
    if (!starts.every((x) => isNatural(x.value)))
      return "weights may be negative, and then sums may double at every step";
    const found =
      "the shorter of a path so far and two that meet in the vertex of this step; no weight is negative";
    return kind === "int"
      ? pathsThroughVertices(NL, ["without-overflow"], found)
      : pathsThroughVertices(AC(1), ["up-to-rounding"], found);

    function pathsThroughVertices(
      of: CircuitClass,
      readings: readonly Reading[],
      found: string,
    ): Conclusion[] {
      const layer = readings.includes("up-to-rounding") ? c.layer : c.exactLayer;
      return [{ class: join(of, layer), readings, because: "paths through the vertices so far", found }];
    }
  },
};

/** Gauss's elimination of one unknown after another, each by the row of its own number: its entries are quotients of minors. */
const gaussian: Law = {
  entry: "B.17",
  title: "elimination without a choice of pivots",
  source: "Csanky, 1976; Berkowitz, 1984; Cook, 1985",
  notClaimed:
    "anything where a pivot vanishes, or pivots are chosen: their order is hard for P (Vavasis, 1989); or about rounded numbers",
  test: (c) => {
    const r = c.recurrence;
    const [family] = c.families;
    if (c.families.length !== 1 || family?.type.kind !== "real" || family.dims.length !== 3) return undefined;
    if (r?.steps === undefined || r.lags.join() !== "1" || r.direction !== 1) return undefined;
    const axis = r.axis.get(family.name)!;
    const time = family.dims[axis]!.index;
    const places = [0, 1, 2].filter((k) => k !== axis);
    const pivots = new Set<number>();
    /** ij, ik, kj or kk, where k is the unknown that this step eliminates. */
    const entry = (e: Expr, row: string, column: string): string => {
      if (e.kind !== "read" || e.family !== family.name) return "";
      const when = e.at[axis]!;
      if (when.kind !== "static" || offsetFrom(when.value, time) !== -1) return "";
      return places
        .map((k, which) => {
          const s = e.at[k]!;
          if (s.kind !== "static") return "?";
          if (offsetFrom(s.value, which === 0 ? row : column) === 0) return which === 0 ? "i" : "j";
          const pivot = offsetFrom(s.value, time);
          if (pivot !== undefined) pivots.add(pivot);
          return pivot === undefined ? "?" : "k";
        })
        .join("");
    };
    const [row, column] = places.map((k) => family.dims[k]!.index) as [string, string];
    const eliminates = (e: Expr): boolean => {
      if (e.kind !== "apply" || e.op !== "sub" || entry(e.args[0]!, row, column) !== "ij") return false;
      const factors: string[] = [];
      const collect = (x: Expr, above: boolean): void => {
        if (x.kind === "apply" && (x.op === "mul" || x.op === "divide")) {
          collect(x.args[0]!, above);
          collect(x.args[1]!, x.op === "mul" ? above : !above);
        } else factors.push(`${above ? "" : "1/"}${entry(x, row, column)}`);
      };
      collect(e.args[1]!, true);
      return factors.sort().join() === "1/kk,ik,kj";
    };
    let eliminated = 0;
    for (const s of r.steps) {
      if (s.role === "start") continue;
      if (s.role === "step" && isAlways(s.guard) && entry(s.value, row, column) === "ij") continue;
      const [all] = s.guard;
      const [below] = all ?? [];
      const first = below && offsetFrom(below.left, time);
      const rows =
        s.guard.length === 1 &&
        all!.length === 1 &&
        first !== undefined &&
        offsetFrom(below!.right, row) === 0;
      if (s.role !== "step" || !rows || !eliminates(s.value)) return undefined;
      // Exactly the rows after that of the pivot.
      pivots.add(below!.op === "<=" ? first! - 1 : below!.op === "<" ? first! : Number.NaN);
      eliminated++;
    }
    if (eliminated !== 1 || pivots.size !== 1) return undefined;
    return linearConclusion(
      c,
      DET,
      ["up-to-rounding"],
      "elimination without a choice of pivots: quotients of minors",
    );
  },
};

/** x ← (a x + b) / (c x + d): a product of matrices of two rows, read as a fraction. */
const linearFraction: Law = {
  entry: "C.11",
  title: "a linear fraction of one number",
  source: "Mereghetti and Palano, 2000; derived in the catalogue",
  notClaimed: "anything where a denominator vanishes on the way, or about rounded numbers",
  test: (c) => {
    const r = c.recurrence;
    if (r?.steps === undefined || r.state.length !== 1 || r.reach !== "lags") return undefined;
    const [state] = r.state;
    if (state!.type.kind !== "real" || state!.depth !== 1) return undefined;
    if (state!.count?.kind !== "integer" || state!.count.value !== 1) return undefined;
    const time = timeOf(c, r, state!.family);
    const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && r.families.includes(x.family));
    const forms = r.steps.flatMap((s) => (s.role === "step" ? [fractionOf(s.value, inside)] : []));
    if (forms.some((f) => f === undefined || f.above > 1 || f.below > 1))
      return "its step is no quotient of affine forms of the state";
    // Without a state below the line it is affine [C.9].
    if (forms.every((f) => f!.below === 0)) return undefined;
    const fixed = r.steps.every(
      (s) =>
        s.role === "start" ||
        (!variesInCondition(s.guard, time, true) &&
          !varies(s.value, time, (read) => stateRead(r, time, read)?.cell)),
    );
    const because = fixed
      ? "powers of one matrix of two rows, read as a fraction"
      : "a product of matrices of two rows, read as a fraction";
    return linearConclusion(c, fixed ? TC(0) : L, ["up-to-rounding"], because);
  },
};

/** How often the state stands above and below the line of an expression written as one fraction. */
function fractionOf(
  e: Expr,
  inside: (e: Expr) => boolean,
): { readonly above: number; readonly below: number } | undefined {
  if (!inside(e)) return { above: 0, below: 0 };
  const all = (es: readonly Expr[]) => {
    const found = es.flatMap((x) => fractionOf(x, inside) ?? []);
    return found.length < es.length ? undefined : found;
  };
  switch (e.kind) {
    case "read":
      return e.at.some((s) => s.kind === "dynamic" && inside(s.value)) ? undefined : { above: 1, below: 0 };
    case "select":
    case "choose": {
      if (e.kind === "select" && inside(e.condition)) return undefined;
      const sides = all(e.kind === "select" ? [e.then, e.otherwise] : e.cases.map((x) => x.value));
      return (
        sides && {
          above: Math.max(...sides.map((f) => f.above)),
          below: Math.max(...sides.map((f) => f.below)),
        }
      );
    }
    case "apply": {
      const args = all(e.args);
      if (args === undefined) return undefined;
      const [a, b] = args as [{ above: number; below: number }, { above: number; below: number }];
      switch (e.op) {
        case "neg":
          return a;
        case "add":
        case "sub":
          return { above: Math.max(a.above + b.below, b.above + a.below), below: a.below + b.below };
        case "mul":
          return { above: a.above + b.above, below: a.below + b.below };
        case "divide":
          return { above: a.above + b.below, below: a.below + b.above };
        default:
          return undefined;
      }
    }
    default:
      return undefined;
  }
}

/** Gates that only join and meet two neighbours, on a grid. */
const monotoneGrid: Law = {
  entry: "C.23",
  title: "a monotone circuit in the plane",
  source: "Goldschlager, 1980; Dymond and Cook, 1989; Delcher and Kosaraju, 1995",
  notClaimed: "anything with a negation, or with wires that cross (H.12)",
  test: (c) => {
    const [family] = c.families;
    if (c.families.length !== 1 || family === undefined || family.dims.length < 2) return undefined;
    if (!["bit", "int", "index", "real"].includes(family.type.kind)) return undefined;
    const found = planarMonotone(family);
    if (found !== true) return found;
    const values = family.type.kind === "bit" ? "" : ", once for each threshold";
    return both(
      c,
      (layer) => join(UNION, layer),
      "a monotone circuit in the plane",
      `its wires are those of a lattice${values}`,
    );
  },
};

/** ij or (ik and kj), as a function of three bits. */
function joinsBits(step: Expr, pair: (e: Expr) => string): boolean {
  for (let w = 0; w < 8; w++) {
    const parts: Record<string, number> = { ij: w & 1, ik: (w >> 1) & 1, kj: w >> 2 };
    const v = smallValue(step, { read: (x) => parts[pair(x)] });
    if (v !== (parts.ij! | (parts.ik! & parts.kj!))) return false;
  }
  return true;
}

/** min(ij, ik + kj), in any order. */
function joinsSums(step: Expr, pair: (e: Expr) => string): boolean {
  if (step.kind !== "apply" || step.op !== "min") return false;
  const sum = step.args.find((a) => a.kind === "apply" && a.op === "add");
  const stays = step.args.find((a) => a !== sum);
  if (sum?.kind !== "apply" || stays === undefined || pair(stays) !== "ij") return false;
  return sum.args.map(pair).sort().join() === "ik,kj";
}

/** Never negative, by its type or its operations. */
function isNatural(e: Expr): boolean {
  switch (e.kind) {
    case "constant":
      return e.value >= 0;
    case "read":
      return e.type.kind === "index" || e.type.kind === "bit";
    case "select":
      return isNatural(e.then) && isNatural(e.otherwise);
    case "choose":
      return e.cases.every((x) => isNatural(x.value));
    case "apply":
      switch (e.op) {
        case "to-int":
        case "to-real":
        case "add":
        case "mul":
        case "min":
          return e.args.every(isNatural);
        case "max":
          return e.args.some(isNatural);
        case "exp":
          return true;
        default:
          return false;
      }
    default:
      return false;
  }
}

const logarithmicState: Law = {
  entry: "0.5",
  title: "O(log N) bits of live state",
  source: "Vollmer, 1999; derived in the catalogue",
  notClaimed: "a practical speed-up: the maps are tables of 2^bits rows",
  test: (c) => {
    const r = liveState(c);
    if (typeof r === "string") return r;
    const { bits, words } = r.live!;
    const [b, w] = [c.orders.ofIndex(bits), c.orders.ofIndex(words)];
    if (w.kind !== "polylog" || w.degree > 0)
      return `the live state is ${printIndex(words)} numbers, which grow`;
    if (b.kind !== "polylog" || b.degree > 1)
      return `the live state is ${printIndex(bits)} bits, more than O(log N)`;
    const state = [
      ...(words.kind === "integer" && words.value === 0 ? [] : [`${printIndex(words)} words`]),
      ...(bits.kind === "integer" && bits.value === 0 ? [] : [`${printIndex(bits)} bits`]),
    ].join(" and ");
    const found = `the live state of one copy is ${state === "" ? "nothing" : state}: O(log N) bits`;
    const large = words.kind === "integer" && words.value > 0;
    return both(c, (layer) => join(L, layer), "O(log N) bits of live state", found).map((x) => ({
      ...x,
      ...(large ? { impractical: `a table of 2^(32·${printIndex(words)}) rows` } : {}),
    }));
  },
};

/** Every value comes from one earlier place, as given data say: trace it back, one pointer at a time. */
const carriedValues: Law = {
  entry: "B.6",
  title: "values carried from one place",
  source: "Vollmer, 1999; Allender, Barrington, Chakraborty, Datta and Roy, 2009",
  notClaimed: "anything smaller than L: following n pointers is complete for it (C.7)",
  test: (c) => {
    const names = new Set(c.families.map((f) => f.name));
    const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && names.has(x.family));
    const carried = (e: Expr): boolean => {
      if (!inside(e)) return true;
      switch (e.kind) {
        case "read":
          return e.at.every((s) => s.kind === "static" || !inside(s.value));
        case "select":
          return !inside(e.condition) && carried(e.then) && carried(e.otherwise);
        case "choose":
          return e.cases.every((x) => carried(x.value));
        case "apply": {
          // A bit may be turned over on its way.
          if (e.type.kind !== "bit" || !["not", "xor", "eq", "ne"].includes(e.op)) return false;
          const own = e.args.filter(inside);
          return own.length === 1 && typeOf(own[0]!).kind === "bit" && carried(own[0]!);
        }
        default:
          return false;
      }
    };
    if (!c.families.every((f) => f.pieces.every((p) => carried(p.value))))
      return "its values are not carried from one place each";
    const found = "each value is read from one place, which nothing inside decides: a pointer to follow back";
    return both(c, (layer) => join(L, layer), "values carried from one place each", found);
  },
};

/** In the order in which they are tried. */
export const laws: readonly Law[] = [
  finiteState,
  autonomousState,
  monotoneChain,
  logarithmicState,
  automatonRule,
  affineAutomaton,
  restrictedCircuit,
  solvableMonoid,
  semiringCircuit,
  affineScalar,
  affineTriangular,
  timeInvariantLinear,
  linearOfSizes,
  twoBarriers,
  elimination,
  gaussian,
  linearFraction,
  carriedValues,
  formalDegree,
  monotoneGrid,
  asWritten,
];
