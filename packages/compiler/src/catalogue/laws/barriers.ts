/** Sums that are cut off below and above (C.14). */
import { isOne, linearStep } from "../../algebra/linear";
import { TC } from "../../classes/classes";
import type { Reading } from "../../classes/verdict";
import { someExpr } from "../../equations/build";
import { changesWith } from "../../equations/mentions";
import { printExpr } from "../../equations/print";
import type { Expr } from "../../equations/system";
import { type Law, linearConclusion, timeOf } from "./law";

/** x + c, cut off below and above by barriers that stay: prefix sums and their extrema give it. */
export const twoBarriers: Law = {
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
