/** Loops over ranges of indices. */
import type { Dim, IndexExpr } from "../../equations/system";
import { type Code, w } from "./encode";
import { I32_LEAST, I32_MOST, type Interval, Scope } from "./frame";
import { Indices } from "./indices";

/** A local that receives how much of the outermost loop a call leaves over. */
export interface Slice {
  readonly left: number;
}

export abstract class Loops extends Indices {
  /** `for` over one range; the body runs with the index in scope. */
  protected loop(
    name: string,
    from: Code,
    to: Code,
    range: Interval,
    scope: Scope,
    body: (inner: Scope) => void,
  ): void {
    const i = this.f.local("i32");
    const end = this.keep(scope, "i32", to);
    scope.add(w.set(i, from));
    // Outside the test: what is computed before the loop runs only where the loop runs.
    const before = new Scope(scope, true);
    const inner = new Scope(before);
    inner.names.set(name, { local: i, plus: 0, range, scope: inner });
    body(inner);
    before.add(w.loop([...inner.code, ...w.brIf(0, w.lt(w.tee(i, w.add(w.get(i), w.i32(1))), end))]));
    scope.add(w.if(w.lt(w.get(i), end), before.code));
  }

  /** Bounds of a dimension as 32-bit code, checked where they might not fit. */
  protected bounds(d: Dim, scope: Scope): { lo: Code; hi: Code; range: Interval } {
    const one = (e: IndexExpr): Code => {
      const x = this.whole(e, scope);
      if (!x.wide) return x.code;
      const outside = w.or(w.i64Lt(x.code, w.i64(I32_LEAST)), w.i64Gt(x.code, w.i64(I32_MOST)));
      this.fault(
        scope,
        outside,
        { code: "too-large", message: "an index reaches $0" },
        [w.f64FromI64(x.code)],
        false,
      );
      return w.wrap(x.code);
    };
    const [lo, hi] = [one(d.lo), one(d.hi)];
    const least = Math.max(I32_LEAST, this.interval(d.lo, scope)[0]);
    const most = Math.min(I32_MOST, this.interval(d.hi, scope)[1]) - 1;
    return { lo, hi, range: [least, Math.max(least, most)] };
  }

  protected nested(dims: readonly Dim[], scope: Scope, body: (inner: Scope) => void): void {
    const [first, ...rest] = dims;
    if (first === undefined) {
      body(scope);
      return;
    }
    const { lo, hi, range } = this.bounds(first, scope);
    this.loop(first.index, lo, hi, range, scope, (inner) => this.nested(rest, inner, body));
  }

  /** The part of a range that a call is asked for, in units of so many; sets what is left. */
  protected slice(lo: Code, hi: Code, { left }: Slice, scope: Scope, unit = 1): [Code, Code] {
    const units = (n: Code): Code => (unit === 1 ? n : w.div(w.add(n, w.i32(unit - 1)), w.i32(unit)));
    const many = (n: Code): Code => (unit === 1 ? n : w.mul(n, w.i32(unit)));
    const rest = this.keep(scope, "i32", w.sub(units(w.sub(hi, lo)), w.get(0)));
    const now = this.keep(scope, "i32", w.select(rest, w.get(1), w.lt(rest, w.get(1))));
    scope.add(w.set(left, w.sub(rest, now)));
    const from = this.keep(scope, "i32", w.add(lo, many(w.get(0))));
    const to = this.keep(scope, "i32", w.add(from, many(now)));
    return [from, unit === 1 ? to : w.select(to, hi, w.lt(to, hi))];
  }
}
