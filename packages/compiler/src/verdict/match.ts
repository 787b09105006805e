/**
 * A task beside a model: what the task is known to need, what the model gives, what is missing, and under which
 * hypothesis. Only necessary conditions: that a class holds the task does not say that some weights compute it, nor that
 * training finds them (catalogue E.13, H.19).
 */

import { type CircuitClass, inclusion, NC, printClass, TC, UNION, within } from "../classes/classes";
import { ordersOf } from "../classes/order";
import type { Judgement } from "../classes/verdict";
import { proveDepth } from "../depth/prove";
import { always } from "../equations/build";
import type { System } from "../equations/system";
import { printClosedForm } from "../symbolic/closed-form";
import type { Figure } from "../symbolic/standing";
import { readingText, verdictOf } from "./judge";

type MatchOutcome =
  /** By a theorem: the model's class is properly inside a class that the task is hard for. */
  | "ruled out"
  /** The same, if two classes that are believed to differ do. */
  | "ruled out under a hypothesis"
  /** The task lies in a class that the model's depth and gates are known to reach for no reason against it. */
  | "nothing against it"
  /** The model is too shallow to follow the task as written, and nothing is known of other ways. */
  | "open";

/** A task of a match, with what is known of it. */
export interface Side {
  readonly name: string;
  readonly judgement: Judgement;
  /** In steps, as written. */
  readonly depth: Figure;
  /** Sizes on which the depth grows, faster than their logarithms. */
  readonly grows: readonly string[];
}

/** What a task needs beside what a model gives. */
export interface Match {
  readonly task: Side;
  readonly model: Side;
  /** What is enough for the task by its class, where that is known to be shallow. */
  readonly needs: string;
  readonly outcome: MatchOutcome;
  /** One sentence, with its hypothesis. */
  readonly says: string;
  /** `TC != P`; absent where none is needed. */
  readonly assumption?: string | undefined;
  /** What the model would need. */
  readonly missing: readonly string[];
  readonly notClaimed: readonly { readonly entry: string; readonly text: string }[];
}

/** Equations, and the judgement on them where the program says more of its hardness than they do. */
export interface Matched {
  readonly system: System;
  readonly judgement?: Judgement;
}

/** Both systems judged and compared; pure. */
export function matchModel(task: Matched, model: Matched): Match {
  const [t, m] = [sideOf(task), sideOf(model)];
  // What a sampler answers in the limit is what it is asked for; that it does is assumed, and said.
  const limit = m.judgement.others.find((o) => o.readings.includes("in-the-limit"));
  const bound = limit ?? m.judgement.bound;
  const once = bound?.readings.includes("up-to-rounding") === true;
  const rounded = m.judgement.others.find((o) => o.readings.length === 0);
  const base = {
    task: t,
    model: m,
    needs: needsOf(t),
    notClaimed: [
      ...(once && rounded !== undefined
        ? [
            {
              entry: "B.20",
              text: `the same where sums are rounded at every step: then the model is in ${printClass(rounded.class)}`,
            },
          ]
        : []),
      { entry: "H.19", text: "that some weights of the model compute the task, or that training finds them" },
      {
        entry: "A.17",
        text: "anything about typical or small inputs: both sides are worst case as sizes grow",
      },
    ],
  };
  const weights = model.system.families.some((f) => f.role === "param");
  const given = bound?.class;
  if (t.judgement.bound === undefined || given === undefined) {
    const which = t.judgement.bound === undefined ? t : m;
    return {
      ...base,
      outcome: "open",
      says: `${which.judgement.says}: there is no class to compare`,
      missing: [],
    };
  }
  const needed = t.judgement.bound.class;
  const hard = t.judgement.hardness;
  const relation = hard === undefined ? undefined : inclusion(given, hard.class);
  const reading = bound!.readings.map((r) => `, ${readingText[r]}`).join("");
  const modelClass = `${bound!.nonuniform === true ? "nonuniform " : ""}${printClass(given)}${reading}`;
  const who = `${weights ? "weights" : "inputs"} of ${m.name}${once ? ", its sums rounded once," : ""}`;
  const ifHolds = limit === undefined ? "" : " if what the model assumes holds";
  // A reduction is computed in AC^0: a smaller class need not be closed under it.
  const closed = !within(given, NC(0));
  if (hard !== undefined && relation === "proved" && closed)
    return {
      ...base,
      outcome: limit === undefined ? "ruled out" : "ruled out under a hypothesis",
      says: `no ${who} compute ${t.name} on all inputs${ifHolds}: the model is in ${modelClass}, properly inside ${printClass(hard.class)}, for which the task is hard [${hard.entry}]`,
      ...(limit === undefined ? {} : { assumption: assumed }),
      missing: missingDepth(t, m),
    };
  if (hard !== undefined && relation === "believed") {
    const separate = separation(given, hard.class, weights || limit !== undefined);
    const assumption = limit === undefined ? separate : `${separate}, and ${assumed}`;
    return {
      ...base,
      outcome: "ruled out under a hypothesis",
      says: `if ${assumption}, no ${who} compute ${t.name} on all inputs: the model is in ${modelClass}; the task is hard for ${printClass(hard.class)} [${hard.entry}]`,
      assumption,
      missing: missingDepth(t, m),
    };
  }
  if (within(needed, given))
    return {
      ...base,
      outcome: "nothing against it",
      says: `nothing known here is against ${m.name}: the task is in ${printClass(needed)}, the model's class is bounded only by ${modelClass}`,
      missing: stepsNeeded(t, m),
    };
  return {
    ...base,
    outcome: "open",
    says: `${t.name} is in ${printClass(needed)} at best as far as is known here, ${m.name} in ${modelClass}: no separation and no way to fit one into the other is known`,
    missing: missingDepth(t, m),
  };
}

const assumed = "what the model assumes of its sampler holds [A.9]";

function needsOf({ judgement, depth, grows }: Side): string {
  const shallow = judgement.bound && enough(judgement.bound.class);
  if (shallow !== undefined) return `${shallow} layers of threshold gates are enough, at polynomial width`;
  const form = depth.exact?.form ?? depth.upper?.form;
  const steps =
    form === undefined
      ? "as many steps as it is deep as written"
      : `${printClosedForm(form)} steps as written`;
  return judgement.verdict === "inherently-serial"
    ? `${steps}; no polylogarithmic depth is enough unless TC = P`
    : `${steps}; whether fewer are enough is not known here${grows.length === 0 ? "" : ` (it grows with ${grows.join(", ")})`}`;
}

function sideOf({ system, judgement = verdictOf(system) }: Matched): Side {
  const { depth } = proveDepth(system, "steps");
  const orders = ordersOf(system);
  const form = depth.exact?.form ?? depth.upper?.form;
  const grows =
    form === undefined || orders.of(form).kind === "polylog"
      ? []
      : orders.growing.filter((s) => growsWith(system, s));
  return { name: system.name, judgement, depth, grows };

  /** The depth is no longer polynomial where this size alone is held fixed. */
  function growsWith(of: System, size: string): boolean {
    const held = {
      ...of,
      // What bounds it by the others would hold it too.
      constraints: always,
      sizes: of.sizes.map((s) => (s.name === size ? s : { ...s, kind: "const" as const })),
    };
    return form !== undefined && ordersOf(held).of(form).kind !== "polylog";
  }
}

/** The hypothesis that keeps them apart; trained weights are advice, so then it is about nonuniform circuits (H.31). */
const separation = (small: CircuitClass, large: CircuitClass, weights: boolean): string =>
  `${printClass(large)} is not inside ${weights ? "nonuniform " : ""}${printClass(small)}`;

/** What a model whose depth does not grow lacks. */
const missingDepth = (t: Side, m: Side): string[] =>
  m.grows.length > 0 || t.grows.length === 0
    ? []
    : [
        `serial steps: depth that grows with ${t.grows.map((g) => `${t.name}'s ${g}`).join(" and ")} (loops, layers whose number is a size, tokens of thought)${atLeastText(t)}`,
      ];

/** Where the class is known to be shallow, fewer steps than those as written may do. */
function atLeastText(t: Side): string {
  const shallow = t.judgement.bound && enough(t.judgement.bound.class);
  return shallow === undefined || shallow === "O(1)" ? "" : `: ${shallow} loops are enough by the class`;
}

/** Layers of threshold gates that are enough for the class: `O(log N)`. */
function enough(c: CircuitClass): string | undefined {
  for (let i = 0; i < 10; i++)
    if (within(c, TC(i))) return i === 0 ? "O(1)" : i === 1 ? "O(log N)" : `O(log^${i} N)`;
  return within(c, UNION) ? "polylogarithmically many" : undefined;
}

/** How far the model's depth has to reach: to follow the task as written, and what its class says is enough. */
function stepsNeeded(t: Side, m: Side): string[] {
  if (t.grows.length === 0) return [];
  const form = (s: Side) => s.depth.exact?.form ?? s.depth.upper?.form;
  const [steps, own] = [form(t), form(m)].map((f) => (f === undefined ? "its depth" : printClosedForm(f)));
  const shallow = t.judgement.bound && enough(t.judgement.bound.class);
  const follow =
    m.grows.length === 0
      ? `to follow the task step by step: ${m.name} has ${own} steps whatever the sizes, ${t.name} as written ${steps}`
      : `to follow the task step by step: ${m.grows.map((g) => `${m.name}'s ${g}`).join(" and ")} must grow with ${t.grows.map((g) => `${t.name}'s ${g}`).join(" and ")} (${own} steps against ${steps})`;
  const less =
    shallow === undefined
      ? []
      : [`or, for the parallel form that its class promises: ${shallow} layers of threshold gates`];
  return [follow, ...less];
}
