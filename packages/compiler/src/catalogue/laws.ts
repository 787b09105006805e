/**
 * The laws by which a recursive component of a system gets a class, as one table: hypothesis test, conclusion, source,
 * and what the law does not say. Numbers are entries of the catalogue. All are tried; the least class counts.
 */
import type { Recurrence } from "../algebra/recurrence";
import { printIndex } from "../equations/print";
import type { Family, System } from "../equations/system";
import { type CircuitClass, join, L, layers, NC, P, printClass } from "../verdict/classes";
import type { Gate } from "../verdict/gates";
import { constantOrder, larger, type Order, type Orders } from "../verdict/order";
import type { Exactness } from "../verdict/verdict";

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
  readonly exactness: Exactness;
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
  /** The conclusions, or why the hypothesis does not hold. */
  readonly test: (c: Component) => readonly Conclusion[] | string;
}

/** Conclusions for both readings of reals: rounded as written, and with exact sums where that makes a difference. */
function both(
  c: Component,
  of: (layer: CircuitClass) => CircuitClass,
  because: string,
  found: string,
): Conclusion[] {
  const exact: Conclusion = { class: of(c.exactLayer), exactness: "exact", because, found };
  if (printClass(c.layer) === printClass(c.exactLayer)) return [exact];
  return [{ class: of(c.layer), exactness: "up-to-rounding", because, found }, exact];
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
  if (r !== undefined && !r.within) {
    const order = orders.ofIndex(r.length);
    return {
      order,
      why: `time runs along ${r.along}: ${printIndex(r.length)} steps of at most ${c.families.length} layers`,
    };
  }
  const order = c.families.map((f) => orders.ofPoints(f.dims)).reduce(larger, constantOrder);
  return { order, why: "no deeper than it has instances" };
}

const asWritten: Law = {
  entry: "C.1",
  title: "layers composed as they are written",
  source: "Vollmer, 1999",
  notClaimed: "that no shallower circuit exists: only this graph is as deep",
  test: (c) => {
    const { order, why } = depthOrder(c);
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
  title: "finite live state",
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
    return both(c, (layer) => join(NC(1), layer), "a product of maps of a finite set", found);
  },
};

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

/** In the order in which they are tried. */
export const laws: readonly Law[] = [finiteState, logarithmicState, asWritten];
