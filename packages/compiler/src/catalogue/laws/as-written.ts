/** Layers composed as they are written (C.1). */
import { extentOf, type Nesting, nestingOf, recursiveComponents } from "../../algebra/recurrence";
import { layers, P } from "../../classes/classes";
import { constantOrder, larger, type Order, product } from "../../classes/order";
import { proveDepth } from "../../depth/prove";
import { printCondition, printExpr, printIndex } from "../../equations/print";
import type { Family, IndexExpr, System } from "../../equations/system";
import { toAffine } from "../../symbolic/affine";
import { printClosedForm } from "../../symbolic/closed-form";
import { guardedReads } from "../../symbolic/reads";
import { provedForm } from "../../symbolic/standing";
import { offsetFrom } from "../shape";
import { both, type Component, type Law } from "./law";

const depthText = (o: Order): string =>
  o.kind === "polylog"
    ? o.degree === 0
      ? "O(1)"
      : o.degree === 1
        ? "O(log N)"
        : `O(log^${o.degree} N)`
    : "polynomial";

interface Depth {
  readonly order: Order;
  readonly why: string;
}

/** How many layers a component is deep at most, by its structure. */
export function depthOrder(c: Component): Depth {
  const structural = stepsOrder(c);
  return (structural.order.kind === "polylog" ? undefined : heapOrder(c)) ?? structural;
}

/** Heaps: where every read is of a place twice as far, or half as far, a path passes through O(log N) places. */
function heapOrder(c: Component): Depth | undefined {
  const inside = guardedReads(c.system).filter(
    (r) => c.families.includes(r.reader) && c.families.includes(r.source),
  );
  const literal = (e: IndexExpr) => (e.kind === "integer" ? e.value : Number.NEGATIVE_INFINITY);
  const far = c.families.map((f) => f.dims.length).reduce((a, b) => Math.min(a, b));
  for (let place = 0; place < far; place++) {
    const rows = c.families.map((f) => f.dims[place]!);
    const longest = c.families
      .map((f) => c.orders.ofIndex(f.dims[place]!.hi, f.dims))
      .reduce(larger, constantOrder);
    if (longest.kind === "beyond") continue;
    for (const shift of [0, 1])
      for (const down of [true, false]) {
        if (!rows.every((d) => literal(d.lo) >= (down ? 1 - shift : 0))) continue;
        const now = inside.filter((r) => {
          const at = r.read.at[place]!;
          return at.kind === "static" && offsetFrom(at.value, r.reader.dims[place]!.index) === 0;
        });
        // (i + shift) at least doubles, or is at most halved.
        const leaps = inside.every((r) => {
          if (now.includes(r)) return true;
          const at = r.read.at[place]!;
          const { index } = r.reader.dims[place]!;
          if (at.kind !== "static") return false;
          if (!down)
            return (
              at.value.kind === "div" &&
              literal(at.value.right) >= 2 &&
              (offsetFrom(at.value.left, index) ?? 1) <= -shift
            );
          const { constant, terms } = toAffine(at.value);
          return terms.size === 1 && (terms.get(index) ?? 0) >= 2 && constant >= shift;
        });
        const again = recursiveComponents(c.system, now);
        if (leaps && now.length < inside.length && again.length === 0)
          return {
            order: longest.kind === "polylog" && longest.degree === 0 ? longest : logarithmic,
            why: `${rows[0]!.index} ${down ? "doubles" : "halves"} from one to the next: O(log N) of them, of at most ${c.families.length === 1 ? "one layer" : `${c.families.length} layers`} each`,
          };
      }
  }
  return undefined;
}
const logarithmic: Order = { kind: "polylog", degree: 1 };

function stepsOrder(c: Component): Depth {
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
      why: `time runs along ${r.along}: ${steps}, of at most ${c.families.length === 1 ? "one layer" : `${c.families.length} layers`} each`,
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
function provedDepth(c: Component): Depth | undefined {
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

export const asWritten: Law = {
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
