/**
 * From equations to a judgement: each strongly connected component gets the least class that a law gives it, constantly
 * many components compose (C.1), and the verdict follows from the class or from a hardness, never from a depth.
 */
import { contraction } from "../algebra/contraction";
import { withFiniteInts } from "../algebra/ranges";
import { findRecurrences } from "../algebra/recurrence";
import type { Component, Conclusion, Law } from "../catalogue/laws/law";
import { laws } from "../catalogue/laws/laws";
import { hardnessOf } from "../catalogue/problems";
import { type CircuitClass, join, NC, printClass, sameClass, UNION, within } from "../classes/classes";
import { type Gate, gatesOf, layerClass } from "../classes/gates";
import { inputLength, type Order, type Orders, ordersOf } from "../classes/order";
import type {
  AssumedLaw,
  Attempt,
  ClassBound,
  Hardness,
  Judgement,
  Reading,
  Resisted,
  SideConditions,
  VerdictKind,
} from "../classes/verdict";
import { childrenOf, someExpr } from "../equations/build";
import { runPasses, runPipeline } from "../equations/pass";
import type { Dim, Expr, Family, System } from "../equations/system";
import { components } from "../schedule/schedule";
import { printClosedForm } from "../symbolic/closed-form";
import { guardedReads } from "../symbolic/reads";
import { type Derivation, proved, type Standing } from "../symbolic/standing";
import { withoutAliases, withParts } from "./aliases";
import { assumedLaw, diffusionSource } from "./assumptions";

const judgements = new WeakMap<System, Judgement>();

/**
 * The judgement on a system, worst case over its inputs. Pure, and made once for each system; a broken assumption of ours is
 * an exception. `extra` is hardness that does not come from the equations: reductions that passed, claims of the author.
 */
export function verdictOf(system: System, extra: readonly Hardness[] = []): Judgement {
  const known = extra.length === 0 ? judgements.get(system) : undefined;
  if (known !== undefined) return known;
  const judgement = judge(system, extra);
  if (extra.length === 0) judgements.set(system, judgement);
  return judgement;
}

function judge(system: System, extra: readonly Hardness[]): Judgement {
  const named = withoutAliases(runPipeline(runPasses(new Set()), system, { verify: false }));
  const placed = withParts(named);
  const judgement = judgeAs(system, withFiniteInts(placed), extra);
  const settled = judgement.verdict === "parallel" || judgement.verdict === "inherently-serial";
  if (placed === named || settled) return judgement;
  // A step in one equation may carry more from time to time than the same one in parts: the narrowest of them is the state.
  const apart = judgeAs(system, withFiniteInts(named), extra);
  return apart.verdict === "serial-as-written" ? judgement : apart;
}

/** The judgement on a system by the laws that speak of `needed`, equations with the same outputs. */
function judgeAs(system: System, needed: System, extra: readonly Hardness[]): Judgement {
  const orders = ordersOf(needed);
  if (orders.growing.length === 0) return finite(system);
  const factor = superpolynomialFactor(needed, orders);
  if (factor !== undefined) return exponential(system, needed, factor);
  const judged = componentsOf(needed, orders).map(judgeComponent);
  const exact = composed(judged, "exact");
  const rounded = composed(judged, "loose");
  const written = composed(judged, "as-written");
  // The reading with exact sums is worth telling only where it gives a lesser class.
  const bound = within(exact.class, rounded.class) ? exact : rounded;
  // What is derived stands: a test or a claim of hardness that would settle an open question does not.
  const hard = [
    ...judged.flatMap((j) => hardnessOf(j.component) ?? []),
    ...extra.filter((h) => within(h.class, bound.class)),
  ];
  // The hardest first; among equals, what the author only claims last.
  const hardness = [...hard].sort(
    (a, b) =>
      Number(within(a.class, b.class)) - Number(within(b.class, a.class)) ||
      Number(a.how.kind === "claimed") - Number(b.how.kind === "claimed"),
  )[0];
  // An upper bound below a hardness would settle an open question: one of the two is wrong.
  const broken = hard.find((h) => h.how.kind === "known-problem" && !within(h.class, bound.class));
  if (broken !== undefined)
    throw new Error(
      `${system.name} is in ${printClass(bound.class)} by ${bound.entry} and hard for ${printClass(broken.class)} by ${broken.entry}`,
    );
  const assumptions = judged.flatMap((j) => assumedLaw(j.component) ?? []);
  const near = hardness === undefined ? nearBound(needed, judged) : undefined;
  const limit = hardness?.class.family === "P" ? undefined : limitBound(judged, bound);
  const verdict: VerdictKind = within(bound.class, UNION)
    ? "parallel"
    : hardness?.class.family === "P"
      ? "inherently-serial"
      : near !== undefined || (limit !== undefined && within(limit.class, UNION))
        ? "approximately-parallel"
        : "serial-as-written";
  const sideConditions: SideConditions = {
    ...conditionsOf(needed, bound, judged),
    ...(verdict === "approximately-parallel" ? { eps: near?.eps ?? inTotalVariation } : {}),
    ...(verdict === "approximately-parallel" && near === undefined ? { uniformity: seeds } : {}),
  };
  const resisted = judged.flatMap((j) => j.resisted);
  const draft = {
    task: system.name,
    verdict,
    bound,
    asWritten: written,
    others: [
      ...(bound === exact ? [] : [exact]),
      ...(verdict === "approximately-parallel" && near !== undefined ? [near.bound] : []),
      ...(limit === undefined ? [] : [limit]),
    ],
    hardness,
    sideConditions,
    attempts: judged.flatMap((j) => j.attempts),
    resisted: verdict === "parallel" ? [] : resisted,
    assumptions,
    notClaimed: notClaimed(verdict, bound, judged, limit !== undefined),
  };
  const says = sentence(draft);
  return { ...draft, says, derivation: derive(says, draft, judged) };
}

/**
 * Where all that resists contracts, and its states are delivered as they are: the last steps decide up to eps (C.29). What is
 * computed from an approximation may differ by any amount, so nothing else may read it.
 */
function nearBound(
  system: System,
  judged: readonly Judged[],
): { readonly bound: ClassBound; readonly eps: string } | undefined {
  const serial = judged.filter((j) => !within(j.rounded.class, UNION));
  let factor = 0;
  for (const { component: c } of serial) {
    const r = c.recurrence;
    const found = r && contraction(system, r);
    if (found?.bound === undefined) return undefined;
    const names = c.families.map((f) => f.name);
    const readers = guardedReads(system).filter(
      (x) => names.includes(x.source.name) && !names.includes(x.reader.name),
    );
    if (
      !readers.every(
        (x) => x.reader.role === "output" && x.reader.pieces.every((p) => p.value.kind === "read"),
      )
    )
      return undefined;
    factor = Math.max(factor, found.factor);
  }
  if (serial.length === 0) return undefined;
  const others = judged.filter((j) => !serial.includes(j)).map((j) => j.rounded.class);
  const ratio = Number(factor.toPrecision(3));
  return {
    bound: {
      kind: "upper",
      class: [...serial.map((j) => j.component.layer), ...others].reduce(join, NC(0)),
      readings: ["within-eps"],
      standing: { kind: "cited", entry: "C.29", source: "derived in the catalogue; Tseng, 1990" },
      entry: "C.29",
      because: `a step that brings states together by a factor ${ratio}`,
    },
    eps: "a constant eps: the last O(log 1/eps) steps decide; for eps = 1/poly(N) that is O(log N) layers",
  };
}

/** The class in the limit, where the program assumes a law by which it is less than what is derived (A.8). */
function limitBound(judged: readonly Judged[], bound: ClassBound): ClassBound | undefined {
  const parts = judged.map((j) => assumedLaw(j.component)?.bound ?? { ...bound, class: j.rounded.class });
  const [limit] = parts.filter((b) => b.nonuniform === true);
  const together = parts.map((b) => b.class).reduce(join, NC(0));
  return limit === undefined || within(bound.class, together) ? undefined : { ...limit, class: together };
}
const inTotalVariation =
  "a constant in total variation: O(d / steps) up to logarithms, d the intrinsic dimension";
const seeds: SideConditions["uniformity"] = {
  value: "nonuniform",
  why: "a random seed that is good for all inputs exists, and no rule that finds it is known [A.11]",
  advice: [],
};

// Components

interface Judged {
  readonly component: Component;
  readonly recursive: boolean;
  /** The least conclusion for each reading. */
  readonly exact: Applied;
  readonly rounded: Applied;
  readonly written: Applied;
  readonly attempts: readonly Attempt[];
  readonly resisted: readonly Resisted[];
}

/** A conclusion and the law it comes from. */
interface Applied extends Conclusion {
  readonly law: Pick<Law, "entry" | "title" | "source" | "notClaimed">;
}

function componentsOf(system: System, orders: Orders): { component: Component; recursive: boolean }[] {
  const defined = system.families.filter((f) => f.pieces.length > 0);
  const reads = guardedReads(system).filter((r) => r.source.pieces.length > 0);
  const recurrences = findRecurrences(system);
  return components(defined, reads).map((families) => {
    const gates = families.flatMap((f) => gatesOf(f, orders));
    const inside = (f: Family) => families.includes(f);
    return {
      recursive: reads.some((r) => inside(r.reader) && inside(r.source)),
      component: {
        system,
        families,
        recurrence: recurrences.find((r) => r.families.includes(families[0]!.name)),
        orders,
        gates,
        layer: layerClass(gates, false),
        exactLayer: layerClass(gates, true),
      },
    };
  });
}

const oneLayer: Applied["law"] = {
  entry: "C.1",
  title: "one layer",
  source: "Vollmer, 1999",
  notClaimed: "",
};

function judgeComponent({ component, recursive }: { component: Component; recursive: boolean }): Judged {
  const names = component.families.map((f) => f.name);
  if (!recursive) {
    const layer = (of: CircuitClass, readings: readonly Reading[], exactly = true): Applied => {
      const gate = component.gates.find((g) => sameClass(exactly ? g.exactClass : g.class, of));
      const made = of.family === "NC" && of.index === 0 ? undefined : gate;
      return {
        class: of,
        readings,
        because: made === undefined ? "one layer" : `one layer of gates (${made.what})`,
        found: "nothing in it depends on itself",
        law: oneLayer,
      };
    };
    const exact = layer(component.exactLayer, []);
    const rounded =
      printClass(component.layer) === printClass(component.exactLayer)
        ? exact
        : layer(component.layer, ["up-to-rounding"], false);
    return { component, recursive, exact, rounded, written: rounded, attempts: [], resisted: [] };
  }
  const attempts: Attempt[] = [];
  const applied: Applied[] = [];
  for (const law of laws) {
    const result = law.test(component);
    if (result === undefined) continue;
    const applies = typeof result !== "string" && result.length > 0;
    const why = typeof result === "string" ? result : (result[0]?.found ?? "");
    attempts.push({
      law: law.entry,
      families: names,
      outcome: applies ? "applies" : "does not apply",
      why,
    });
    if (typeof result !== "string") applied.push(...result.map((c) => ({ ...c, law })));
  }
  const written = least(applied.filter((a) => a.law.entry === "C.1"))!;
  const exact = least(applied.filter((a) => a.readings.length === 0))!;
  const rounded = least(applied)!;
  const failed = attempts.filter((a) => a.outcome === "does not apply");
  const resisted: Resisted[] = within(rounded.class, UNION)
    ? []
    : [
        {
          families: names,
          why: reasons(failed),
          helps: whatHelps(component),
          origin: component.families[0]?.origin,
        },
      ];
  return { component, recursive, exact, rounded, written, attempts, resisted };
}

/** Each reason once, with the laws that it stands in the way of. */
function reasons(failed: readonly Attempt[]): string {
  const laws = new Map<string, string[]>();
  for (const { why, law } of failed) laws.set(why, [...(laws.get(why) ?? []), law]);
  return [...laws].map(([why, entries]) => `${why} [${entries.join(", ")}]`).join("; ");
}

/** A change of the program under which a law would apply. */
function whatHelps({ recurrence: r }: Component): string | undefined {
  if (r === undefined) return undefined;
  if (r.reach === "wires") return "wires from a window of constantly many nodes keep only those alive [0.5]";
  if (r.within || r.reach === "history")
    return "one commutative semiring throughout, of polynomial degree [0.6]";
  return "a number of cells that is `const` [0.5], or a step that is affine in them [B.17]";
}

/** The conclusion of the least class; of several that are alike or not comparable, one that is exact and not DET. */
function least(all: readonly Applied[]): Applied | undefined {
  const awkward = (a: Applied): number => 2 * a.readings.length + Number(a.class.family === "DET");
  return all.reduce<Applied | undefined>((best, a) => {
    if (best === undefined) return a;
    const [below, above] = [within(a.class, best.class), within(best.class, a.class)];
    if (below !== above) return below ? a : best;
    return awkward(a) < awkward(best) ? a : best;
  }, undefined);
}

/** The class of all components together, and what carries it. */
function composed(judged: readonly Judged[], reading: "exact" | "loose" | "as-written"): ClassBound {
  const parts = judged.map((j) =>
    reading === "exact" ? j.exact : reading === "as-written" ? j.written : j.rounded,
  );
  const together = parts.map((p) => p.class).reduce(join, NC(0));
  const carrier =
    parts.find((p) => printClass(p.class) === printClass(together) && p.law !== oneLayer) ??
    parts.find((p) => printClass(p.class) === printClass(together));
  return {
    kind: "upper",
    class: together,
    readings: [...new Set(parts.flatMap((p) => p.readings))],
    standing: standingOf(carrier?.law ?? oneLayer),
    entry: carrier?.law.entry ?? "C.1",
    because: carrier?.because ?? "nothing is computed",
  };
}

const standingOf = (law: Applied["law"]): Standing => ({
  kind: "cited",
  entry: law.entry,
  source: law.source,
});

// Sizes

/** A factor of the number of operations that no polynomial bounds. */
export function superpolynomialFactor(system: System, orders: Orders): string | undefined {
  let found: string | undefined;
  const see = (o: Order): void => {
    if (o.kind === "beyond") found ??= o.factor;
  };
  for (const f of system.families) {
    if (f.pieces.length === 0) continue;
    see(orders.ofPoints(f.dims));
    const seen = new Set<Expr>();
    const walk = (e: Expr, inner: readonly Dim[]): void => {
      if (seen.has(e)) return;
      seen.add(e);
      if (e.kind === "reduce" || e.kind === "fold") {
        see(orders.ofPoints(e.dims, [...f.dims, ...inner]));
        for (const b of e.kind === "fold" ? e.bodies : [e.body]) walk(b, [...inner, ...e.dims]);
        if (e.dataFilter !== undefined) walk(e.dataFilter, [...inner, ...e.dims]);
        return;
      }
      for (const x of childrenOf(e)) walk(x, inner);
    };
    for (const p of f.pieces) walk(p.value, []);
  }
  return found;
}

function finite(system: System): Judgement {
  const says = `${system.name} has no size that grows: it is a finite table, and classes do not apply`;
  return {
    task: system.name,
    verdict: "finite",
    says,
    others: [],
    sideConditions: conditionsOf(system, undefined),
    derivation: { rule: "finite", claim: says, standing: { kind: "proved", by: "its sizes" }, premises: [] },
    attempts: [],
    resisted: [],
    assumptions: [],
    notClaimed: [{ entry: "H.35", text: "anything about larger problems of the same kind" }],
  };
}

function exponential(system: System, needed: System, factor: string): Judgement {
  const says = `${system.name} as written is larger than every polynomial in its input: a factor ${factor}`;
  return {
    task: system.name,
    verdict: "exponential-size",
    says,
    others: [],
    sideConditions: conditionsOf(needed, undefined),
    derivation: {
      rule: "exponential size",
      claim: says,
      standing: { kind: "proved", by: "counting instances and operands" },
      premises: [],
    },
    attempts: [],
    resisted: [],
    assumptions: [],
    notClaimed: [
      { entry: "H.24", text: "that the problem is outside P, or inherently serial: this text is too large" },
    ],
  };
}

// Words

function conditionsOf(
  system: System,
  bound: ClassBound | undefined,
  judged: readonly Judged[] = [],
): SideConditions {
  const has = (role: Family["role"]) => system.families.some((f) => f.role === role);
  const sums = system.families.some((f) => f.pieces.some((p) => sumsReals(p.value)));
  const small = bound !== undefined && within(bound.class, NC(1));
  return {
    uniformity: {
      value: small || bound === undefined || bound.entry === "C.1" ? "DLOGTIME" : "L",
      why: has("param")
        ? "the weights are part of the input; one fixed choice of them for every size is advice, and then the bound is nonuniform"
        : "index maps are computed in logarithmic time",
      advice: system.families.flatMap((f) => (f.role === "param" ? [f.name] : [])),
    },
    inputLength: `N = ${printClosedForm(inputLength(system))} values`,
    horizon: { encoding: "unary", sizes: system.sizes.flatMap((z) => (z.kind === "size" ? [z.name] : [])) },
    bitGrowth: bitGrowthOf(system, judged),
    realOrder: !sums
      ? "no reals are summed"
      : bound?.readings.includes("up-to-rounding") !== true
        ? "canonical order, rounded at every node"
        : "exact sum, rounded once",
    readings: bound?.readings ?? [],
    scope: "worst case over inputs",
    randomness: has("random") ? "random bits count as input" : "none",
  };
}

/** Words never grow; what would, if they did not wrap or round, is named. */
function bitGrowthOf(system: System, judged: readonly Judged[]): SideConditions["bitGrowth"] {
  const has = (...kinds: string[]) => system.families.some((f) => kinds.includes(f.type.kind));
  const [ints, reals] = [has("int"), has("real", "vector")];
  const kind = ints && reals ? "wraps and rounds" : ints ? "wraps" : reals ? "rounds" : "none";
  const doubles = judged
    .filter((j) => !within(j.written.class, UNION))
    .flatMap(({ component: { families } }) =>
      families.filter((f) => f.type.kind !== "bit" && f.pieces.some((p) => multiplies(p.value, families))),
    )
    .map((f) => f.name);
  const words = "words of O(log N) bits";
  const why = {
    none: "bits, and indices below sizes",
    wraps: `int wraps: ${words}`,
    rounds: `real rounds: ${words}`,
    "wraps and rounds": `int wraps and real rounds: ${words}`,
  }[kind];
  return { kind, why, doubles };
}

/** A product of two values of the same recurrence, which is twice as long as they are. */
const multiplies = (root: Expr, families: readonly Family[]): boolean =>
  someExpr(
    root,
    (e) =>
      e.kind === "apply" &&
      e.op === "mul" &&
      e.args.every((a) => someExpr(a, (x) => x.kind === "read" && families.some((f) => f.name === x.family))),
  );

const sumsReals = (root: Expr): boolean =>
  someExpr(
    root,
    (e) =>
      e.kind === "reduce" &&
      (e.op === "sum" || e.op === "product") &&
      (e.type.kind === "real" || e.type.kind === "vector"),
  );

export const readingText: Readonly<Record<Reading, string>> = {
  "up-to-rounding": "up to rounding of reals",
  "without-overflow": "where no int overflows",
  "without-negative-cycles": "where no cycle is negative",
  "within-eps": "within eps",
  "in-the-limit": "in the limit of many steps",
};

function sentence(j: Omit<Judgement, "says" | "derivation">): string {
  const bound = j.bound!;
  const name = printClass(bound.class);
  const reading = bound.readings.map((r) => `, ${readingText[r]}`).join("");
  switch (j.verdict) {
    case "parallel":
      return `${j.task} is parallel: in ${name}${reading}, by ${bound.because} [${bound.entry}]${j.hardness === undefined ? "" : `; ${lowerBound(j.hardness)}`}${inTheLimit(j) === "" ? "" : `; ${inTheLimit(j)}`}`;
    case "inherently-serial": {
      const h = j.hardness!;
      const how =
        h.how.kind === "known-problem"
          ? `it contains ${h.how.problem}`
          : h.how.kind === "reduction"
            ? `${h.how.from}${h.standing.kind === "claimed" ? ` (hard as ${h.standing.by} is cited for)` : ""} reduces to it by ${h.how.name}, tested on ${h.how.instances} instances up to depth ${h.how.deepest}`
            : `as ${h.how.by} claims`;
      return `${j.task} is ${h.complete ? "P-complete" : "hard for P"}, hence not in TC unless TC = P: ${how}${h.of === undefined ? "" : ` (${h.of})`} [${h.entry}]`;
    }
    case "approximately-parallel": {
      const near = j.others.find((o) => o.readings.includes("within-eps"));
      if (near === undefined)
        return `${j.task} is approximately parallel: ${inTheLimit(j)}; the exact function is serial as written`;
      return `${j.task} is approximately parallel: within any constant eps in ${printClass(near.class)}, by ${near.because} [C.29]; the exact function is serial as written`;
    }
    default:
      return `${j.task} is serial as written: no parallel form found here, and no hardness known`;
  }
}

/** What follows from an assumption, with the word if. */
function inTheLimit(j: Pick<Judgement, "others">): string {
  const limit = j.others.find((o) => o.readings.includes("in-the-limit"));
  if (limit === undefined) return "";
  return `if what it assumes holds, what it answers with high probability is in nonuniform ${printClass(limit.class)}, by a theorem on diffusion [${limit.entry}]`;
}

/** A hardness with the hypothesis that a separation needs: `complete for NC^1, hence not in TC^0 unless TC^0 = NC^1`. */
function lowerBound(h: Hardness): string {
  const name = printClass(h.class);
  return `${h.complete ? "complete" : "hard"} for ${name}, hence not in TC^0 unless TC^0 = ${name} [${h.entry}]`;
}

function notClaimed(
  verdict: VerdictKind,
  bound: ClassBound,
  judged: readonly Judged[],
  limit: boolean,
): Judgement["notClaimed"] {
  const laws = judged
    .filter((j) => j.recursive)
    .flatMap((j) => [j.rounded.law])
    .filter((l, k, all) => l.notClaimed !== "" && all.findIndex((x) => x.entry === l.entry) === k)
    .map((l) => ({ entry: l.entry, text: l.notClaimed }));
  const assumed = limit
    ? [
        {
          entry: "A.11",
          text: "that what is assumed holds of any trained model, or that a rule makes these circuits",
        },
        {
          entry: "H.18",
          text: "anything about other samplers, or whole sequences that are denoised together",
        },
      ]
    : [];
  switch (verdict) {
    case "parallel":
      return [
        ...laws,
        ...assumed,
        { entry: "G.9", text: `that ${printClass(bound.class)} is the least class: this is an upper bound` },
      ];
    case "inherently-serial":
      return [
        { entry: "H.2", text: "anything about polynomial speed-ups, approximations or average inputs" },
        { entry: "H.10", text: "that any one instance is hard" },
      ];
    case "approximately-parallel":
      return [
        ...assumed,
        {
          entry: "C.29",
          text: "anything about the exact function, or about a threshold of the approximation",
        },
        { entry: "H.1", text: "that no parallel form of the exact function exists" },
      ];
    default:
      return [
        { entry: "H.1", text: "that no parallel form exists: a depth as written bounds this graph only" },
      ];
  }
}

/** An `assume` as a step: what follows, from its hypotheses one by one. */
const assumedStep = (a: AssumedLaw): Derivation => ({
  rule: `assumed by ${a.law}`,
  claim: `${a.family}: ${a.says}`,
  standing:
    a.bound === undefined
      ? { kind: "cited", entry: "A.11", source: diffusionSource }
      : { kind: "assumed", hypothesis: "what is assumed below" },
  detail: a.bound && `${a.bound.entry}, ${diffusionSource}`,
  origin: a.origin,
  premises: a.hypotheses.map((h) => ({
    rule: `hypothesis [${h.entry}]`,
    claim: h.standing === "fails" ? `fails: ${h.text}` : h.text,
    standing:
      h.standing === "assumed" ? { kind: "assumed", hypothesis: "of the model" } : proved("the equations"),
    premises: [],
  })),
});

/** One step for all gates of one entry and class: `eq, add, max: AC^0`. */
function gateSteps(gates: readonly Gate[], rounded: boolean): Derivation[] {
  const alike = new Map<string, { readonly gate: Gate; readonly of: string; readonly names: string[] }>();
  for (const gate of gates) {
    const of = printClass(rounded ? gate.class : gate.exactClass);
    if (of === "NC^0") continue;
    const key = `${gate.entry} ${of}`;
    const known = alike.get(key) ?? { gate, of, names: [] };
    if (!known.names.includes(gate.what)) known.names.push(gate.what);
    alike.set(key, known);
  }
  return [...alike.values()].map(({ gate, of, names }) => ({
    rule: names.length === 1 ? "gate" : "gates",
    claim: `${names.join(", ")}: ${of}`,
    standing: { kind: "cited", entry: gate.entry, source: "catalogue, section B" },
    origin: gate.origin,
    premises: [],
  }));
}

function derive(
  says: string,
  { bound, hardness, assumptions }: { bound: ClassBound } & Pick<Judgement, "hardness" | "assumptions">,
  judged: readonly Judged[],
): Derivation {
  const premises = judged.map((j): Derivation => {
    const a = bound.readings.length === 0 ? j.exact : j.rounded;
    const names = j.component.families.map((f) => f.name).join(", ");
    const gates = gateSteps(j.component.gates, a.readings.includes("up-to-rounding"));
    return {
      rule: a.law.title,
      claim: `${names}: ${printClass(a.class)}, ${a.because}`,
      standing: standingOf(a.law),
      detail: a.impractical === undefined ? a.found : `${a.found}; not practical: ${a.impractical}`,
      origin: j.component.families[0]?.origin,
      premises: gates,
    };
  });
  const hard: Derivation[] =
    hardness === undefined
      ? []
      : [
          {
            rule: "hardness",
            claim: `everything in ${printClass(hardness.class)} reduces to it`,
            standing: hardness.standing,
            detail: hardness.found ?? hardness.source,
            origin: hardness.origin,
            premises: [],
          },
        ];
  return {
    rule: "composition of constantly many components",
    claim: says,
    standing: { kind: "cited", entry: "C.1", source: "Vollmer, 1999" },
    premises: [...hard, ...assumptions.map(assumedStep), ...premises],
  };
}
