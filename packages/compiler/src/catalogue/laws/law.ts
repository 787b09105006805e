/** What a law is, of which it speaks and what it concludes. */
import type { Recurrence } from "../../algebra/recurrence";
import { type CircuitClass, join, printClass } from "../../classes/classes";
import type { Gate } from "../../classes/gates";
import type { Orders } from "../../classes/order";
import type { Reading } from "../../classes/verdict";
import type { Family, System } from "../../equations/system";

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
export function both(
  c: Component,
  of: (layer: CircuitClass) => CircuitClass,
  because: string,
  found: string,
): Conclusion[] {
  const exact: Conclusion = { class: of(c.exactLayer), readings: [], because, found };
  if (printClass(c.layer) === printClass(c.exactLayer)) return [exact];
  return [{ class: of(c.layer), readings: ["up-to-rounding"], because, found }, exact];
}

/** The state of one copy between steps, where it is all that passes. */
export function liveState(c: Component): Recurrence | string {
  const r = c.recurrence;
  if (r === undefined) return "time runs along none of its indices";
  if (r.within) return "a step waits for other places of the same step";
  if (r.reach === "wires") return "data decides which earlier step is read: everything so far stays alive";
  if (r.reach === "history") return "a step reads all steps before it";
  if (r.live === undefined) return "its live state could not be counted";
  return r;
}

export const timeOf = (c: Component, r: Recurrence, family: string): string =>
  c.families.find((f) => f.name === family)!.dims[r.axis.get(family)!]!.index;

export const constantDimension = (c: Component): boolean =>
  c.recurrence!.state.every((s) => {
    if (s.count === undefined) return false;
    const o = c.orders.ofIndex(s.count);
    return o.kind === "polylog" && o.degree === 0;
  });

export function linearConclusion(
  c: Component,
  of: CircuitClass,
  readings: readonly Reading[],
  because: string,
): Conclusion[] {
  const layer = readings.includes("up-to-rounding") ? c.layer : c.exactLayer;
  return [{ class: join(of, layer), readings, because, found: `seen as ${because}` }];
}
