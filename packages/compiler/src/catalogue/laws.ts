/**
 * The laws by which a recursive component of a system gets a class, as one table: hypothesis test, conclusion, source,
 * and what the law does not say. Numbers are entries of the catalogue. All are tried; the least class counts.
 */
import { type FiniteStep, finiteStep } from "../algebra/finite";
import { isOne, type LinearStep, linearStep, mentions } from "../algebra/linear";
import { extentOf, type Nesting, nestingOf, type Recurrence } from "../algebra/recurrence";
import { type SemiringName, semiringForm } from "../algebra/semiring";
import {
  generatorsText,
  groupName,
  type TransitionMonoid,
  transitionMonoid,
} from "../algebra/transition-monoid";
import { proveDepth } from "../depth/prove";
import { someExpr, typeOf } from "../equations/build";
import { printCondition, printExpr, printIndex } from "../equations/print";
import { guardedReads } from "../equations/reads";
import type { Expr, Family, IndexExpr, System } from "../equations/system";
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
} from "../verdict/classes";
import type { Gate } from "../verdict/gates";
import { constantOrder, larger, type Order, type Orders, product } from "../verdict/order";
import type { Reading } from "../verdict/verdict";
import { affineModulus, elementaryAutomaton } from "./automata";
import { circuitAsData, monoidOf } from "./circuits";
import { elementaryRule, isRule110, type RuleVerdict } from "./elementary-rules";
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
  affine: { class: NC(2), name: "gates affine over GF(2), complete for parity-L" },
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
    if (circuit?.operation === undefined || circuit.operation.length < 3) return undefined;
    const monoid = monoidOf(circuit.operation);
    if (monoid === undefined) return "its operation is no monoid";
    if (monoid.kind !== "aperiodic" && monoid.kind !== "solvable") return `its monoid: ${monoid.by}`;
    const because = `a circuit over a monoid of ${circuit.operation.length} elements`;
    return both(c, (layer) => join(DET, layer), because, monoid.by);
  },
};

/** A step that is linear in the state, with the loosest reading that the ring asks for. */
function linear(
  c: Component,
): { readonly step: LinearStep; readonly readings: readonly Reading[] } | undefined {
  if (c.recurrence === undefined) return undefined;
  const step = linearStep(c.system, c.recurrence);
  if (step === undefined) return undefined;
  const tropical = step.ring.name === "max-plus" || step.ring.name === "min-plus";
  if (step.ring.type.kind === "real") return { step, readings: ["up-to-rounding"] };
  // Maxima alone wrap nothing; sums under a maximum might.
  const adds = step.equations.some((e) => e.terms.some((t) => !isOne(step.ring, t.coefficient)));
  return { step, readings: tropical && adds ? ["without-overflow"] : [] };
}
const isTropical = ({ ring }: LinearStep): boolean => ring.name === "max-plus" || ring.name === "min-plus";
const ringText = ({ ring }: LinearStep): string =>
  ring.name === "int"
    ? "integers modulo 2^32"
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
    const text = `an affine step in one number over ${ringText(l.step)}, coefficients from outside`;
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
      `a triangular affine step over ${ringText(l.step)}, of constant dimension`,
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
    if (l === undefined || isTropical(l.step) || l.step.ring.name === "gf2") return undefined;
    if (!constantDimension(c)) return "the dimension of the linear step grows";
    if (!l.step.timeInvariant) return "the matrix of the linear step varies";
    return linearConclusion(
      c,
      TC(0),
      l.readings,
      `powers of one matrix of constant dimension over ${ringText(l.step)}`,
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
    const of =
      ring.name === "int" || ring.name === "real"
        ? DET
        : ring.name === "gf2"
          ? NC(2)
          : ring.type.kind === "int"
            ? NL
            : AC(1);
    return linearConclusion(c, of, l.readings, `a product of affine maps over ${ringText(l.step)}`);
  },
};

const semirings: Readonly<
  Record<
    SemiringName,
    { readonly linear: CircuitClass; readonly degree: CircuitClass; readonly text: string }
  >
> = {
  boolean: { linear: NL, degree: LOGCFL, text: "(or, and)" },
  gf2: { linear: NC(2), degree: TC(1), text: "GF(2)" },
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
    const family = c.families.find((f) => f.name === state!.family)!;
    const time = family.dims[r.axis.get(family.name)!]!.index;
    const fixed = (e: Expr) =>
      !mentions(e, time) && !someExpr(e, (x) => x.kind === "read" && r.families.includes(x.family));
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
  monotoneChain,
  logarithmicState,
  automatonRule,
  affineAutomaton,
  restrictedCircuit,
  solvableMonoid,
  affineScalar,
  affineTriangular,
  timeInvariantLinear,
  linearOfSizes,
  twoBarriers,
  elimination,
  carriedValues,
  formalDegree,
  asWritten,
];
