/** Index expressions and static conditions: 32 bits wherever they fit, 64 where they may not. */
import { isAlways } from "../../equations/conditions";
import type { Comparison, Condition, IndexExpr } from "../../equations/system";
import { affine, combine, least, toAffine } from "../../symbolic/affine";
import { type Code, w } from "./encode";
import {
  conditionKey,
  deeper,
  EXACT,
  Frame,
  fits,
  type Interval,
  namesOf,
  namesOfCondition,
  Scope,
  WASM_SIZE_LIMIT,
  type Whole,
} from "./frame";

export abstract class Indices extends Frame {
  protected interval(e: IndexExpr, scope: Scope): Interval {
    const go = (x: IndexExpr) => this.interval(x, scope);
    switch (e.kind) {
      case "integer":
        return [e.value, e.value];
      case "size":
        return [0, WASM_SIZE_LIMIT];
      case "index":
        return scope.binding(e.name).range;
      case "log2":
        return [0, Math.ceil(Math.log2(Math.max(2, go(e.operand)[1])))];
      case "pow2": {
        const [lo, hi] = go(e.operand);
        return [2 ** Math.max(0, Math.min(lo, 52)), 2 ** Math.max(0, Math.min(hi, 52))];
      }
      default: {
        const [a, b] = go(e.left);
        const [c, d] = go(e.right);
        switch (e.kind) {
          case "add":
            return [a + c, b + d];
          case "sub":
            return [a - d, b - c];
          case "mul": {
            const ends = [a * c, a * d, b * c, b * d];
            return [Math.min(...ends), Math.max(...ends)];
          }
          case "div":
            return c >= 1
              ? [Math.floor(a / (a < 0 ? c : d)), Math.floor(b / (b < 0 ? d : c))]
              : [-Math.max(Math.abs(a), Math.abs(b)) - 1, Math.max(Math.abs(a), Math.abs(b)) + 1];
          case "mod":
            return c >= 0 ? [0, d] : [Math.min(c, -d), Math.max(-c, d)];
          case "min":
            return [Math.min(a, c), Math.min(b, d)];
          case "max":
            return [Math.max(a, c), Math.max(b, d)];
        }
      }
    }
  }

  protected home(names: Iterable<string>, scope: Scope): Scope {
    const needed = [...names].map((name) => scope.binding(name).scope);
    const found = needed.reduce(deeper, this.root(scope));
    const enough = (s: Scope): boolean => needed.every((n) => s.sees(n));
    if (enough(found)) return found;
    // It belongs to one of several vectors and changes in the loop that they share.
    let at = scope;
    while (at.outer !== undefined && enough(at.outer)) at = at.outer;
    return at;
  }

  /** Whether computing it may end the run. */
  protected faulty(e: IndexExpr, scope: Scope): boolean {
    switch (e.kind) {
      case "integer":
      case "size":
      case "index":
        return false;
      case "log2":
        return this.faulty(e.operand, scope);
      case "pow2": {
        const [lo, hi] = this.interval(e.operand, scope);
        return this.faulty(e.operand, scope) || lo < 0 || hi > 52;
      }
      default: {
        if (this.faulty(e.left, scope) || this.faulty(e.right, scope)) return true;
        if (e.kind === "div" || e.kind === "mod") return !this.nonzero(e.right, scope);
        return e.kind === "mul" && this.inexact(e, scope);
      }
    }
  }

  protected inexact(e: IndexExpr, scope: Scope): boolean {
    const [lo, hi] = this.interval(e, scope);
    return lo < -EXACT || hi > EXACT;
  }

  protected nonzero(e: IndexExpr, scope: Scope): boolean {
    return this.interval(e, scope)[0] >= 1 || least(toAffine(e), [], this.sizeFacts()) >= 1;
  }

  protected facts: ReturnType<typeof toAffine>[] | undefined;
  /** What the `where` of the task says, as forms ≥ 0. */
  protected sizeFacts(): ReturnType<typeof toAffine>[] {
    if (this.facts === undefined) {
      this.facts = this.system.sizes.map((s) => affine(0, [[`size ${s.name}`, 1]]));
      if (this.system.constraints.length === 1)
        for (const c of this.system.constraints[0]!) {
          const difference = combine(toAffine(c.right), toAffine(c.left), -1);
          if (c.op === "<=" || c.op === "==") this.facts.push(difference);
          if (c.op === "<") this.facts.push({ ...difference, constant: difference.constant - 1 });
        }
    }
    return this.facts;
  }

  protected whole(e: IndexExpr, scope: Scope): Whole {
    switch (e.kind) {
      case "integer":
        return fits([e.value, e.value])
          ? { code: w.i32(e.value), wide: false }
          : { code: w.i64(e.value), wide: true };
      case "size":
        return { code: this.parameter({ kind: "size", name: e.name }, scope), wide: false };
      case "index":
        return { code: this.indexCode(scope, e.name), wide: false };
    }
    const at = this.faulty(e, scope) ? scope : this.home(namesOf(e), scope);
    for (let s: Scope | undefined = at; s !== undefined; s = s.outer) {
      const known = s.memo.get(e) as Whole | undefined;
      if (known !== undefined) return known;
      if (s === this.home(namesOf(e), scope)) break;
    }
    const made = this.freshWhole(e, at);
    at.memo.set(e, made);
    return made;
  }

  protected wide(e: IndexExpr, scope: Scope): Code {
    const { code, wide } = this.whole(e, scope);
    return wide ? code : w.extend(code);
  }

  protected freshWhole(e: Exclude<IndexExpr, { kind: "integer" | "size" | "index" }>, scope: Scope): Whole {
    const fit = fits(this.interval(e, scope));
    if (e.kind === "log2") {
      const x = this.whole(e.operand, scope);
      if (x.wide) {
        const code = w.wrap(w.i64Sub(w.i64(64), w.i64Clz(w.i64Sub(x.code, w.i64(1)))));
        return {
          code: this.keep(scope, "i32", w.select(code, w.i32(0), w.i64Gt(x.code, w.i64(1)))),
          wide: false,
        };
      }
      const code = w.sub(w.i32(32), w.clz(w.sub(x.code, w.i32(1))));
      return { code: this.keep(scope, "i32", w.select(code, w.i32(0), w.gt(x.code, w.i32(1)))), wide: false };
    }
    if (e.kind === "pow2") {
      const x = this.wide(e.operand, scope);
      if (this.faulty(e, scope)) {
        const outside = w.or(w.i64Lt(x, w.i64(0)), w.i64Gt(x, w.i64(52)));
        this.fault(
          scope,
          outside,
          { code: "too-large", message: "2^$0 is out of range" },
          [w.f64FromI64(x)],
          false,
        );
      }
      const power = w.i64Shl(w.i64(1), x);
      return fit
        ? { code: this.keep(scope, "i32", w.wrap(power)), wide: false }
        : { code: this.keep(scope, "i64", power), wide: true };
    }
    const wrapped = e.kind === "mod" ? this.wrapped(e.left, e.right, scope) : undefined;
    if (wrapped !== undefined) return { code: this.keep(scope, "i32", wrapped), wide: false };
    const [a, b] = [this.whole(e.left, scope), this.whole(e.right, scope)];
    const wide = a.wide || b.wide || !fit;
    const [x, y] = wide ? [this.wide(e.left, scope), this.wide(e.right, scope)] : [a.code, b.code];
    const give = (code: Code): Whole =>
      wide && fit
        ? { code: this.keep(scope, "i32", w.wrap(code)), wide: false }
        : { code: this.keep(scope, wide ? "i64" : "i32", code), wide };
    switch (e.kind) {
      case "add":
        return give(wide ? w.i64Add(x, y) : w.add(x, y));
      case "sub":
        return give(wide ? w.i64Sub(x, y) : w.sub(x, y));
      case "mul":
        if (this.inexact(e, scope)) {
          const product = w.f64Mul(w.f64FromI64(x), w.f64FromI64(y));
          this.fault(
            scope,
            w.f64Gt(w.f64Abs(product), w.f64(EXACT)),
            { code: "too-large", message: "an index expression reaches $0" },
            [product],
            false,
          );
        }
        return give(wide ? w.i64Mul(x, y) : w.mul(x, y));
      case "min":
      case "max": {
        const less = wide ? w.i64Lt(x, y) : w.lt(x, y);
        const picked = e.kind === "min" ? w.select(x, y, less) : w.select(y, x, less);
        return give(picked);
      }
      case "div":
      case "mod": {
        if (!this.nonzero(e.right, scope))
          this.fault(
            scope,
            wide ? w.i64Eqz(y) : w.eqz(y),
            { code: "too-large", message: "an index expression divides by zero" },
            [],
            false,
          );
        // Floored: the remainder has the divisor's sign.
        const type = wide ? "i64" : "i32";
        const zero = wide ? w.i64(0) : w.i32(0);
        const rest = this.keep(scope, type, wide ? w.i64Rem(x, y) : w.rem(x, y));
        const [lt, ne] = wide ? [w.i64Lt, w.i64Ne] : [w.lt, w.ne];
        const off = w.and(ne(rest, zero), w.xor(lt(rest, zero), lt(y, zero)));
        if (e.kind === "mod") return give(w.select(wide ? w.i64Add(rest, y) : w.add(rest, y), rest, off));
        const quotient = wide ? w.i64Div(x, y) : w.div(x, y);
        return give(wide ? w.i64Sub(quotient, w.extend(off)) : w.sub(quotient, off));
      }
    }
  }

  /** `(i ± 1) mod n` for an index i of 0..n: one comparison instead of a division. */
  protected wrapped(left: IndexExpr, modulus: IndexExpr, scope: Scope): Code | undefined {
    if (left.kind !== "add" && left.kind !== "sub") return undefined;
    const by = left.right;
    if (by.kind !== "integer" || by.value !== 1 || left.left.kind !== "index") return undefined;
    const name = left.left.name;
    const range = this.ranges.find((d) => d.index === name);
    if (range === undefined || range.lo.kind !== "integer" || range.lo.value !== 0 || range.hi !== modulus)
      return undefined;
    const i = this.indexCode(scope, name);
    const last = w.sub(this.whole(modulus, scope).code, w.i32(1));
    return left.kind === "add"
      ? w.select(w.i32(0), w.add(i, w.i32(1)), w.eq(i, last))
      : w.select(last, w.sub(i, w.i32(1)), w.eqz(i));
  }

  /** A static expression as an `int`: wraps at every step, by zero 0. */
  protected int(e: IndexExpr, scope: Scope): Code {
    const go = (x: IndexExpr) => this.int(x, scope);
    switch (e.kind) {
      case "integer":
        return w.i32(e.value);
      case "size":
      case "index":
        return this.whole(e, scope).code;
      case "log2": {
        const x = this.keep(scope, "i32", go(e.operand));
        return w.select(w.sub(w.i32(32), w.clz(w.sub(x, w.i32(1)))), w.i32(0), w.gt(x, w.i32(1)));
      }
      case "pow2": {
        const x = this.keep(scope, "i32", go(e.operand));
        this.fault(
          scope,
          w.or(w.lt(x, w.i32(0)), w.gt(x, w.i32(52))),
          { code: "too-large", message: "2^$0 is out of range" },
          [w.f64FromI32(x)],
          false,
        );
        return w.wrap(w.i64Shl(w.i64(1), w.extend(x)));
      }
      case "add":
        return w.add(go(e.left), go(e.right));
      case "sub":
        return w.sub(go(e.left), go(e.right));
      case "mul":
        return w.mul(go(e.left), go(e.right));
      case "div":
        return this.floorDiv(go(e.left), go(e.right), scope);
      case "mod":
        return this.floorMod(go(e.left), go(e.right), scope);
      case "min":
      case "max": {
        const a = this.keep(scope, "i32", go(e.left));
        const b = this.keep(scope, "i32", go(e.right));
        return e.kind === "min" ? w.select(a, b, w.lt(a, b)) : w.select(b, a, w.lt(a, b));
      }
    }
  }

  /** Rounds down; by zero 0; INT_MIN by −1 wraps. */
  protected floorDiv(a: Code, given: Code, scope: Scope): Code {
    const x = this.keep(scope, "i32", a);
    const b = this.keep(scope, "i32", given);
    // A divisor of 1 stands in for 0 and −1, which would trap.
    const odd = this.keep(scope, "i32", w.ltU(w.add(b, w.i32(1)), w.i32(2)));
    const d = this.keep(scope, "i32", w.select(w.i32(1), b, odd));
    const rest = this.keep(scope, "i32", w.rem(x, d));
    const off = w.and(w.ne(rest, w.i32(0)), w.xor(w.lt(rest, w.i32(0)), w.lt(d, w.i32(0))));
    // By −1: 0 − a; by 0: 0.
    return w.select(w.mul(x, b), w.sub(w.div(x, d), off), odd);
  }

  protected floorMod(a: Code, given: Code, scope: Scope): Code {
    const b = this.keep(scope, "i32", given);
    const odd = w.ltU(w.add(b, w.i32(1)), w.i32(2));
    const d = this.keep(scope, "i32", w.select(w.i32(1), b, odd));
    const rest = this.keep(scope, "i32", w.rem(a, d));
    const off = w.and(w.ne(rest, w.i32(0)), w.xor(w.lt(rest, w.i32(0)), w.lt(d, w.i32(0))));
    return w.select(w.add(rest, d), rest, off);
  }

  // Conditions

  protected comparison(c: Comparison, scope: Scope): Code {
    const [a, b] = [this.whole(c.left, scope), this.whole(c.right, scope)];
    if (a.wide || b.wide) {
      const [x, y] = [this.wide(c.left, scope), this.wide(c.right, scope)];
      return { "==": w.i64Eq, "!=": w.i64Ne, "<": w.i64Lt, "<=": w.i64Le }[c.op](x, y);
    }
    return { "==": w.eq, "!=": w.ne, "<": w.lt, "<=": w.le }[c.op](a.code, b.code);
  }

  protected faultyCondition(c: Condition, scope: Scope): boolean {
    return c.some((all) => all.some((x) => this.faulty(x.left, scope) || this.faulty(x.right, scope)));
  }

  /** Compares from left to right and stops as soon as it can where a comparison may end the run. */
  protected condition(c: Condition, scope: Scope): Code {
    if (isAlways(c)) return w.i32(1);
    if (c.length === 0) return w.i32(0);
    if (!this.faultyCondition(c, scope)) {
      const home = this.home(namesOfCondition(c), scope);
      const key = conditionKey(c);
      const known = home.memo.get(key) as Code | undefined;
      if (known !== undefined) return known;
      const all = c.map((x) => x.map((y) => this.comparison(y, home)).reduce((p, q) => w.and(p, q)));
      const code = all.reduce((p, q) => w.or(p, q));
      if (home === scope) return code;
      const kept = this.keep(home, "i32", code);
      home.memo.set(key, kept);
      return kept;
    }
    const result = this.f.local("i32");
    scope.add(w.set(result, w.i32(0)));
    for (const all of c) {
      const outer = new Scope(scope, true);
      const walk = (k: number, s: Scope): void => {
        if (k === all.length) {
          s.add(w.set(result, w.i32(1)));
          return;
        }
        const holds = this.comparison(all[k]!, s);
        const then = new Scope(s, true);
        walk(k + 1, then);
        s.add(w.if(holds, then.code));
      };
      walk(0, outer);
      scope.add(w.if(w.eqz(w.get(result)), outer.code));
    }
    return w.get(result);
  }

  /** The cases of a choice, tried in order; each is made in a scope of its own. */
  protected cases<T extends { readonly guard: Condition }>(
    list: readonly T[],
    scope: Scope,
    make: (one: T, scope: Scope) => void,
  ): void {
    const [first, ...rest] = list;
    if (first === undefined) return;
    if (isAlways(first.guard)) {
      make(first, scope);
      return;
    }
    const holds = this.condition(first.guard, scope);
    const then = new Scope(scope, true);
    make(first, then);
    const otherwise = new Scope(scope, true);
    this.cases(rest, otherwise, make);
    scope.add(w.if(holds, then.code, otherwise.code));
  }
}
