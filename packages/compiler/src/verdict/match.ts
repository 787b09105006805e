/**
 * A task beside a model: what the task is known to need, what the model gives, what is missing, and under which
 * hypothesis. Only necessary conditions: that a class holds the task does not say that some weights compute it, nor that
 * training finds them (catalogue E.13, H.19).
 */

import { proveDepth } from "../depth/prove";
import type { System } from "../equations/system";
import type { Figure } from "../report/standing";
import { printClosedForm } from "../symbolic/closed-form";
import { type CircuitClass, inclusion, NC, printClass, TC, UNION, within } from "./classes";
import { readingText, verdictOf } from "./judge";
import { ordersOf } from "./order";
import type { Judgement } from "./verdict";

export type MatchOutcome =
  /** By a theorem: the model's class is properly inside a class that the task is hard for. */
  | "ruled out"
  /** The same, if two classes that are believed to differ do. */
  | "ruled out under a hypothesis"
  /** The task lies in a class that the model's depth and gates are known to reach for no reason against it. */
  | "nothing against it"
  /** The model is too shallow to follow the task as written, and nothing is known of other ways. */
  | "open";

export interface Side {
  readonly name: string;
  readonly judgement: Judgement;
  /** In steps, as written. */
  readonly depth: Figure;
  /** Sizes on which the depth grows, faster than their logarithms. */
  readonly grows: readonly string[];
}

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

/** Both systems judged and compared; pure. */
export function matchModel(task: System, model: System): Match {
  const [t, m] = [sideOf(task), sideOf(model)];
  const base = {
    task: t,
    model: m,
    needs: needsOf(t),
    notClaimed: [
      { entry: "H.19", text: "that some weights of the model compute the task, or that training finds them" },
      {
        entry: "A.17",
        text: "anything about typical or small inputs: both sides are worst case as sizes grow",
      },
    ],
  };
  const weights = model.families.some((f) => f.role === "param");
  const given = m.judgement.bound?.class;
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
  const reading = m.judgement.bound!.readings.map((r) => `, ${readingText[r]}`).join("");
  const modelClass = `${printClass(given)}${reading}`;
  // A reduction is computed in AC^0: a smaller class need not be closed under it.
  const closed = !within(given, NC(0));
  if (hard !== undefined && relation === "proved" && closed)
    return {
      ...base,
      outcome: "ruled out",
      says: `no ${weights ? "weights" : "inputs"} of ${m.name} compute ${t.name} on all inputs: the model is in ${modelClass}, properly inside ${printClass(hard.class)}, for which the task is hard [${hard.entry}]`,
      missing: missingDepth(t, m),
    };
  if (hard !== undefined && relation === "believed") {
    const assumption = separation(given, hard.class, weights);
    return {
      ...base,
      outcome: "ruled out under a hypothesis",
      says: `if ${assumption}, no ${weights ? "weights" : "inputs"} of ${m.name} compute ${t.name} on all inputs: the model is in ${modelClass}; the task is hard for ${printClass(hard.class)} [${hard.entry}]`,
      assumption,
      missing: missingDepth(t, m),
    };
  }
  if (within(needed, given))
    return {
      ...base,
      outcome: "nothing against it",
      says: `nothing known here is against ${m.name}: the task is in ${printClass(needed)}, the model's class is bounded only by ${modelClass}`,
      missing: within(given, UNION) ? [] : stepsNeeded(t, m),
    };
  return {
    ...base,
    outcome: "open",
    says: `${t.name} is in ${printClass(needed)} at best as far as is known here, ${m.name} in ${modelClass}: no separation and no way to fit one into the other is known`,
    missing: missingDepth(t, m),
  };
}

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

function sideOf(system: System): Side {
  const { depth } = proveDepth(system, "steps");
  const orders = ordersOf(system);
  const form = depth.exact?.form ?? depth.upper?.form;
  const grows =
    form === undefined || orders.of(form).kind === "polylog"
      ? []
      : orders.growing.filter((s) => growsWith(system, s));
  return { name: system.name, judgement: verdictOf(system), depth, grows };

  /** The depth is no longer polynomial where this size alone is held fixed. */
  function growsWith(of: System, size: string): boolean {
    const held = {
      ...of,
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
        `serial steps: depth that grows with ${t.grows.join(", ")} (loops, layers whose number is a size, tokens of thought)`,
      ];

/** Layers of threshold gates that are enough for the class: `O(log N)`. */
function enough(c: CircuitClass): string | undefined {
  for (let i = 0; i < 10; i++)
    if (within(c, TC(i))) return i === 0 ? "O(1)" : i === 1 ? "O(log N)" : `O(log^${i} N)`;
  return undefined;
}

/** How many of the model's steps the task as written would fill. */
function stepsNeeded(t: Side, m: Side): string[] {
  if (t.grows.length === 0 || m.grows.length === 0) return [];
  return [
    `to follow the task step by step, the depth of the model has to reach that of the task: ${m.grows.join(", ")} must grow with ${t.grows.join(", ")}`,
  ];
}
