/** Values of expressions at an instance, from given values of all families: what subscripts that depend on data choose. */
import { compileIndex, evaluateInt, type IndexCode } from "../equations/evaluate-index";
import { type Element, foldElements } from "../equations/monoid";
import { applyOperator, reduceOperands, type Value } from "../equations/operators";
import type { Expr, FamilyValues, Fold, Read, Reduce } from "../equations/system";
import { componentsOf, offsetOf } from "../equations/values";
import { UnrollFrame } from "./frame";

export class UnrollValues extends UnrollFrame {
  constructor(
    operands: number | undefined,
    protected readonly values: ReadonlyMap<string, FamilyValues> | undefined,
  ) {
    super(operands);
  }

  /** The value of an index expression on data, from given values of all families. */
  protected valueAt(e: Expr): IndexCode<number> {
    const go = (x: Expr): IndexCode<Value> => {
      switch (x.kind) {
        case "constant":
          return () => x.value;
        case "index-value":
          return (s) => evaluateInt(x.value, (name) => s[this.slot(name)]!);
        case "read":
          return this.readValue(x, go);
        case "apply": {
          const args = x.args.map(go);
          return (s) =>
            applyOperator(
              x.op,
              args.map((a) => a(s)),
              x.type,
            );
        }
        case "select": {
          const [c, t, o] = [go(x.condition), go(x.then), go(x.otherwise)];
          return (s) => (c(s) === 1 ? t(s) : o(s));
        }
        case "choose": {
          const choose = this.chooser(x.cases.map((c) => c.guard));
          return choose(x.cases.map((c) => go(c.value)));
        }
        case "table": {
          const args = x.args.map(go);
          return (s) => x.entries[args.reduce((row, a, k) => row * x.radix[k]! + (a(s) as number), 0)]!;
        }
        case "reduce":
          return this.reduceValue(x, go);
        case "fold":
          return this.foldValue(x, go);
        case "operand":
          throw new Error("an operand stands outside a monoid");
        case "vector": {
          const parts = x.components.map(go);
          return (s) => parts.map((p) => p(s) as number);
        }
        case "component": {
          const of = go(x.of);
          return (s) => (of(s) as readonly number[])[x.position]!;
        }
      }
    };
    return go(e) as IndexCode<number>;
  }

  private readValue(x: Read, go: (e: Expr) => IndexCode<Value>): IndexCode<Value> {
    const values = this.values!.get(x.family)!;
    const width = componentsOf(x.type);
    const parts = x.at.map((s) => (s.kind === "static" ? compileIndex(s.value, this.slot) : go(s.value)));
    return (s) => {
      const point = parts.map((p) => p(s) as number);
      const offset = offsetOf(values, point) * width;
      return width === 1 ? values.data[offset]! : Array.from(values.data.subarray(offset, offset + width));
    };
  }

  private reduceValue(x: Reduce, go: (e: Expr) => IndexCode<Value>): IndexCode<Value> {
    const body = go(x.body);
    const filter = x.dataFilter === undefined ? undefined : go(x.dataFilter);
    const points = this.points(x);
    const slots = x.dims.map((d) => this.slot(d.index));
    return (s) => {
      const operands: { point: number[]; value: Value | undefined }[] = [];
      points(s, () => {
        const value = filter !== undefined && filter(s) !== 1 ? undefined : body(s);
        operands.push({ point: slots.map((k) => s[k]!), value });
      });
      return reduceOperands(x.op, operands, x.type);
    };
  }

  private foldValue(x: Fold, go: (e: Expr) => IndexCode<Value>): IndexCode<Value> {
    const bodies = x.bodies.map(go);
    const filter = x.dataFilter === undefined ? undefined : go(x.dataFilter);
    const points = this.points(x);
    return (s) => {
      const elements: (Element | undefined)[] = [];
      points(s, () => {
        const kept = filter === undefined || filter(s) === 1;
        elements.push(kept ? bodies.map((b) => b(s)) : undefined);
      });
      return foldElements(x.monoid, elements)[x.position]!;
    };
  }
}
