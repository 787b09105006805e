/** What an instance costs: a gate or a wire in `steps`, its scalar operations in `ops`. */
import { combiningWork, componentWidth, operatorCost, scalarOperations } from "../equations/cost";
import type { IndexCode } from "../equations/evaluate-index";
import type { Choose, Expr, Fold, Reduce } from "../equations/system";
import { UnrollValues } from "./values";

export class UnrollCosts extends UnrollValues {
  /** steps: 0 for a wire, 1 for a gate. */
  protected gate(e: Expr): IndexCode<number> {
    switch (e.kind) {
      case "constant":
      case "index-value":
        return () => 0;
      case "read":
        return e.at.every((s) => s.kind === "static") ? () => 0 : () => 1;
      case "component":
        return this.gate(e.of);
      case "vector": {
        const parts = e.components.map((c) => this.gate(c));
        return (s) => (parts.some((p) => p(s) === 1) ? 1 : 0);
      }
      case "choose": {
        const choose = this.chooser(e.cases.map((c) => c.guard));
        return choose(e.cases.map((c) => this.gate(c.value)));
      }
      case "operand":
        return () => 0;
      case "reduce":
      case "fold": {
        if (e.dataFilter !== undefined) return () => 1;
        if (e.kind === "reduce" && (e.op === "argmin" || e.op === "argmax")) return () => 1;
        const body = this.gate(e.kind === "fold" ? e.bodies[e.position]! : e.body);
        const points = this.points(e);
        return (s) => {
          let [count, inner] = [0, 0];
          points(s, () => {
            if (++count === 1) inner = body(s);
          });
          return count >= 2 ? 1 : inner;
        };
      }
      case "apply":
        return e.op === "to-int" && operatorCost(e).depth === 0 ? this.gate(e.args[0]!) : () => 1;
      case "select":
      case "table":
        return () => 1;
    }
  }

  /** ops: whether an instance is any operation at all. */
  protected positive(e: Expr): IndexCode<number> {
    const work = this.workOf(e);
    return (s) => (work(s) > 0 ? 1 : 0);
  }

  /** ops: scalar operations of an expression, each distinct one once. */
  protected workOf(root: Expr): IndexCode<number> {
    const { fixed, varying } = scalarOperations(root);
    if (varying.length === 0) return () => fixed;
    const parts = varying.map((e) => (e.kind === "choose" ? this.workOfChoice(e) : this.workOfPoints(e)));
    return (s) => {
      let sum = fixed;
      for (const part of parts) sum += part(s);
      return sum;
    };
  }

  /** What a case shares with the rest of the expression is counted with the case. */
  private workOfChoice(e: Choose): IndexCode<number> {
    const choose = this.chooser(e.cases.map((c) => c.guard));
    return choose(e.cases.map((c) => this.workOf(c.value)));
  }

  private workOfPoints(e: Reduce | Fold): IndexCode<number> {
    const bodies = (e.kind === "fold" ? e.bodies : [e.body]).map((b) => this.workOf(b));
    const filter = e.dataFilter === undefined ? undefined : this.workOf(e.dataFilter);
    const width = e.kind === "fold" ? e.monoid.types.length : componentWidth(e);
    const points = this.points(e);
    return (s) => {
      let [count, sum] = [0, 0];
      points(s, () => {
        count++;
        for (const b of bodies) sum += b(s);
        if (filter !== undefined) sum += filter(s) + width;
      });
      return sum + combiningWork(e, count);
    };
  }
}
