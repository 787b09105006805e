/** Value expressions, one instance at a time. Each gives its components: one for a scalar. */
import { typeOf } from "../../equations/build";
import { changesWith } from "../../equations/mentions";
import { canonicalTree } from "../../equations/operators";
import type { Expr, Family, Fold, Read, Reduce, Subscript } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { type Code, type ValueType, w } from "./encode";
import { deeper, I32_LEAST, machine, namesOf, type Scope, type Value } from "./frame";
import { Registers } from "./registers";
import type { Place } from "./storage";

export abstract class Scalars extends Registers {
  protected abstract vector(e: Expr, scope: Scope): readonly Value[];
  protected abstract reduce(e: Reduce, scope: Scope): readonly Value[];
  protected abstract fold(e: Fold, scope: Scope): readonly Value[];
  /** Where a value is computed on demand: asks for it. */
  protected abstract waitFor(family: Family, place: Place, scope: Scope): void;

  protected expr(e: Expr, scope: Scope): readonly Value[] {
    const lanes = this.four !== undefined && changesWith(e, this.four);
    const otherRow = this.row !== undefined && changesWith(e, this.row.index);
    // Lanes are known to the vector code only, even where they are the same in all; what is the same in all rows belongs to the first.
    const vector = this.row === undefined || otherRow ? this.fourScope! : this.row.first;
    const key = lanes ? vector.own(e) : otherRow ? this.row!.scope.own(e) : e;
    const known = scope.known(key) as Value[] | undefined;
    if (known !== undefined) return known;
    const made = lanes ? this.vector(e, scope) : this.fresh(e, scope);
    const from = lanes ? vector : this.root(scope);
    const where = made.reduce((a, v) => deeper(a, v.scope), from);
    where.memo.set(key, made);
    return made;
  }

  protected scalar(e: Expr, scope: Scope): Value {
    return this.expr(e, scope)[0]!;
  }

  /** A value computed in the deepest scope that its operands need. */
  protected combine(scope: Scope, type: ValueType, operands: readonly Value[], code: Code): Value {
    const where = operands.reduce((a, v) => deeper(a, v.scope), this.root(scope));
    return { code: this.keep(where, type, code), type, scope: where };
  }

  protected fresh(e: Expr, scope: Scope): readonly Value[] {
    switch (e.kind) {
      case "constant": {
        const type = machine(e.type);
        return [{ code: type === "f32" ? w.f32(e.value) : w.i32(e.value), type, scope: this.root(scope) }];
      }
      case "index-value": {
        const code = this.int(e.value, scope);
        return [{ code: this.keep(scope, "i32", code), type: "i32", scope }];
      }
      case "read":
        return this.read(e, scope);
      case "apply":
        return this.apply(e, scope);
      case "select": {
        const c = this.scalar(e.condition, scope);
        const [then, otherwise] = [this.expr(e.then, scope), this.expr(e.otherwise, scope)];
        return then.map((t, k) =>
          this.combine(scope, t.type, [c, t, otherwise[k]!], w.select(t.code, otherwise[k]!.code, c.code)),
        );
      }
      case "choose": {
        const type = machine(e.type);
        const locals = Array.from({ length: componentsOf(e.type) }, () => this.f.local(type));
        this.cases(e.cases, scope, (c, inner) => {
          this.expr(c.value, inner).forEach((v, k) => {
            inner.add(w.set(locals[k]!, v.code));
          });
        });
        return locals.map((l) => ({ code: w.get(l), type, scope }));
      }
      case "table":
        return [this.table(e, scope)];
      case "vector":
        return e.components.map((c) => this.scalar(c, scope));
      case "component":
        return [this.expr(e.of, scope)[e.position]!];
      case "reduce":
        return this.reduce(e, scope);
      case "fold":
        return this.fold(e, scope);
      case "operand":
        throw new Error("an operand stands outside a monoid");
    }
  }

  protected table(e: Extract<Expr, { kind: "table" }>, scope: Scope): Value {
    const type = machine(e.type);
    const small = e.type.kind === "bit" || e.type.kind === "enum";
    const bytes = small
      ? Uint8Array.from(e.entries)
      : new Uint8Array((type === "f32" ? Float32Array : Int32Array).from(e.entries).buffer);
    const at = this.place(
      `table ${small} ${type} ${e.entries.map((x) => (Object.is(x, -0) ? "-0" : x)).join()}`,
      bytes,
    );
    const args = e.args.map((a, k) => {
      const v = this.scalar(a, scope);
      const t = typeOf(a);
      if (t.kind !== "bit" && t.kind !== "enum")
        this.fault(
          scope,
          w.geU(v.code, w.i32(e.radix[k]!)),
          { code: "value-range", message: ` is $0, outside 0..${e.radix[k]}` },
          [w.f64FromI32(v.code)],
        );
      return v;
    });
    const row = args.reduce<Code>(
      (r, a, k) => (k === 0 ? a.code : w.add(w.mul(r, w.i32(e.radix[k]!)), a.code)),
      w.i32(0),
    );
    const code = small
      ? w.i32Load8(at, row)
      : (type === "f32" ? w.f32Load : w.i32Load)(at, w.shl(row, w.i32(2)));
    return { code: this.keep(scope, type, code), type, scope };
  }

  protected read(e: Read, scope: Scope): readonly Value[] {
    const held = this.heldAt(e, scope);
    if (held !== undefined) return held;
    const family = this.families.get(e.family)!;
    const unsure = e.at.some((s) => s.kind === "dynamic") || this.unproved.has(e);
    const waits = this.demanded.has(e.family);
    const always = !unsure && !waits && this.always(e, family);
    // A load goes out of loops as far as nothing stores there and the read certainly happens.
    let limit = scope;
    while (
      !unsure &&
      !waits &&
      limit.outer !== undefined &&
      (always || !limit.conditional) &&
      !(limit.instance && this.written.has(e.family))
    )
      limit = limit.outer;
    const at = e.at.map((s: Subscript) => {
      if (s.kind === "static") return s.value;
      const v = this.scalar(s.value, scope);
      return { code: v.code, scope: v.scope };
    });
    if (unsure) this.checkInside(e, family, at, scope);
    const place = this.address(family, at, scope);
    if (waits) this.waitFor(family, place, scope);
    const where = deeper(limit, place.scope);
    const type = machine(family.type);
    if (this.bits.has(e.family)) {
      const last = at.at(-1)!;
      const lo = this.parameter({ kind: "lo", family: e.family, dim: at.length - 1 }, scope);
      const value = "code" in last ? last : { code: this.narrow(last, scope), scope };
      const own =
        "code" in last ? last.scope : this.faulty(last, scope) ? scope : this.home(namesOf(last), scope);
      const there = deeper(where, own);
      const cell = this.keep(there, "i32", w.sub(value.code, lo));
      const byte = w.i32Load8(place.offset, w.add(place.address, w.shrU(cell, w.i32(3))));
      const code = this.keep(there, "i32", w.and(w.shrU(byte, w.and(cell, w.i32(7))), w.i32(1)));
      return [{ code, type, scope: there }];
    }
    return Array.from({ length: componentsOf(family.type) }, (_, k) => ({
      code: this.keep(where, type, this.load(family, place, k)),
      type,
      scope: where,
    }));
  }

  protected apply(e: Extract<Expr, { kind: "apply" }>, scope: Scope): readonly Value[] {
    const args = e.args.map((a) => this.expr(a, scope));
    if (e.op === "dot" || e.op === "length") {
      const [a, b = a] = args;
      const products = a!.map((x, k) => w.f32Mul(x.code, b![k]!.code));
      const sum = w.f32Add(
        canonicalTree(products, (x, y) => w.f32Add(x, y)),
        w.f32(0),
      );
      return [this.combine(scope, "f32", args.flat(), e.op === "dot" ? sum : w.f32Sqrt(sum))];
    }
    const type = machine(e.type);
    return Array.from({ length: componentsOf(e.type) }, (_, k) => {
      const operands = args.map((x) => x[k] ?? x[0]!);
      // Checks belong to the scope that asks: they must not run earlier than the operation would.
      const checks = this.checked && type === "i32";
      const where = checks ? scope : operands.reduce((a, v) => deeper(a, v.scope), this.root(scope));
      const real = typeOf(e.args[0]!).kind === "real" || typeOf(e.args[0]!).kind === "vector";
      const code = this.operator(
        e.op,
        real,
        operands.map((v) => v.code),
        where,
      );
      return { code: this.keep(where, type, code), type, scope: where };
    });
  }

  /** Reports where the exact value of an operation on ints does not fit: `exact` is of 64 bits. */
  protected overflow(exact: Code, scope: Scope): void {
    if (!this.checked) return;
    const x = this.keep(scope, "i64", exact);
    this.fault(scope, w.i64Ne(x, w.extend(w.wrap(x))), { code: "overflow", message: " overflows int: $0" }, [
      w.f64FromI64(x),
    ]);
  }

  protected operator(
    op: Extract<Expr, { kind: "apply" }>["op"],
    real: boolean,
    args: readonly Code[],
    scope: Scope,
  ): Code {
    const [a, b, c] = args as [Code, Code, Code];
    const exact = (f: (x: Code, y: Code) => Code): void => this.overflow(f(w.extend(a), w.extend(b)), scope);
    switch (op) {
      case "add":
        if (!real) exact(w.i64Add);
        return real ? w.f32Add(a, b) : w.add(a, b);
      case "sub":
        if (!real) exact(w.i64Sub);
        return real ? w.f32Sub(a, b) : w.sub(a, b);
      case "mul":
        if (!real) exact(w.i64Mul);
        return real ? w.f32Mul(a, b) : w.mul(a, b);
      case "neg":
        if (!real) this.overflow(w.i64Sub(w.i64(0), w.extend(a)), scope);
        return real ? w.f32Neg(a) : w.sub(w.i32(0), a);
      case "abs": {
        if (real) return w.f32Abs(a);
        this.overflow(w.select(w.i64Sub(w.i64(0), w.extend(a)), w.extend(a), w.lt(a, w.i32(0))), scope);
        return w.select(w.sub(w.i32(0), a), a, w.lt(a, w.i32(0)));
      }
      case "divide":
        return w.f32Div(a, b);
      case "div":
      case "mod":
        if (this.checked) {
          this.fault(scope, w.eqz(b), { code: "division-by-zero", message: " divides by zero" });
          if (op === "div")
            this.fault(scope, w.and(w.eq(a, w.i32(I32_LEAST)), w.eq(b, w.i32(-1))), {
              code: "overflow",
              message: " overflows int: 2147483648",
            });
        }
        return op === "div" ? this.floorDiv(a, b, scope) : this.floorMod(a, b, scope);
      case "eq":
        return real ? w.f32Eq(a, b) : w.eq(a, b);
      case "ne":
        return real ? w.f32Ne(a, b) : w.ne(a, b);
      case "lt":
        return real ? w.f32Lt(a, b) : w.lt(a, b);
      case "le":
        return real ? w.f32Le(a, b) : w.le(a, b);
      case "and":
        return w.and(a, b);
      case "or":
        return w.or(a, b);
      case "xor":
        return w.xor(a, b);
      case "not":
        return w.sub(w.i32(1), a);
      case "min":
        return real ? w.f32Min(a, b) : w.select(a, b, w.lt(a, b));
      case "max":
        return real ? w.f32Max(a, b) : w.select(b, a, w.lt(a, b));
      case "clamp": {
        if (real) return w.f32Min(w.f32Max(a, b), c);
        const raised = this.keep(scope, "i32", w.select(b, a, w.lt(a, b)));
        return w.select(raised, c, w.lt(raised, c));
      }
      case "sign":
        return real
          ? w.f32FromI32(w.sub(w.f32Gt(a, w.f32(0)), w.f32Lt(a, w.f32(0))))
          : w.sub(w.gt(a, w.i32(0)), w.lt(a, w.i32(0)));
      case "floor":
        return w.f32Floor(a);
      case "sqrt":
        return w.f32Sqrt(a);
      case "exp":
      case "log":
      case "tanh":
        return w.call(this.libraryFunction(op), a);
      case "sin":
      case "cos":
        return w.call(this.libraryFunction("trigonometric"), a, w.i32(op === "sin" ? 0 : 1));
      case "to-int":
        return real ? w.truncate(a) : a;
      case "to-real":
        return real ? a : w.f32FromI32(a);
      case "dot":
      case "length":
        throw new Error(`${op} is printed elsewhere`);
    }
  }
}
