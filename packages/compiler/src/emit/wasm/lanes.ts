/** Lanes: a value of type v128 holds four neighbouring instances; a bit is 0 or −1 in its lane. */
import { index as indexOf, typeOf } from "../../equations/build";
import { changesWith } from "../../equations/mentions";
import { canonicalTree } from "../../equations/operators";
import type {
  Comparison,
  Condition,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Operator,
  Read,
  Subscript,
} from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { type Code, w } from "./encode";
import { bytesOf, deeper, machine, type Scope, type Value } from "./frame";
import { Scalars } from "./scalars";
import type { Place } from "./storage";

const laneNumbers = (four: readonly number[]): Code =>
  w.v128([...new Uint8Array(Int32Array.from(four).buffer)]);
/** A number in all lanes; a bit as 0 or −1. */
export const laneConstant = (n: number, type: ElementType): Code =>
  machine(type) === "f32"
    ? w.v128([...new Uint8Array(Float32Array.of(n, n, n, n).buffer)])
    : laneNumbers(Array<number>(4).fill(type.kind === "bit" ? -n : n));

const ordering: ReadonlySet<Operator> = new Set(["min", "max", "clamp"]);

export abstract class Lanes extends Scalars {
  /**
   * min of reals: −0 is below 0, and what is no number stays. Either comparison gives one of its operands; the bits of both together
   * are right where these are zeros of two signs, and no number where one is none. Engines want twice as many instructions for
   * `f32x4.min`, to make all that is no number the same.
   */
  protected leastLanes(a: Code, b: Code, scope: Scope): Code {
    const [x, y] = [this.keep(scope, "v128", a), this.keep(scope, "v128", b)];
    return w.vOr(w.f32x4PMin(x, y), w.f32x4PMin(y, x));
  }

  /** max of reals: as above, but that the two results differ only where an operand is no number. */
  protected greatestLanes(a: Code, b: Code, scope: Scope): Code {
    const [x, y] = [this.keep(scope, "v128", a), this.keep(scope, "v128", b)];
    const p = this.keep(scope, "v128", w.f32x4PMax(x, y));
    const q = this.keep(scope, "v128", w.f32x4PMax(y, x));
    return w.vOr(w.vAnd(p, q), w.f32x4Ne(p, q));
  }

  /** Whether an operation orders reals that may be −0 or no number, in several instructions. */
  protected ordersSlowly(e: Extract<Expr, { kind: "apply" }>): boolean {
    return ordering.has(e.op) && typeOf(e.args[0]!).kind !== "int" && !this.orderedAsBits(e.args);
  }

  /** A value for four lanes; the same in all where it does not change. */
  protected inLanes(v: Value, type: ElementType): Code {
    if (v.type === "v128") return v.code;
    const key = `lanes ${type.kind === "bit"} ${v.code.join()}`;
    const known = v.scope.memo.get(key) as Code | undefined;
    if (known !== undefined) return known;
    const splat =
      v.type === "f32"
        ? w.f32x4Splat(v.code)
        : w.i32x4Splat(type.kind === "bit" ? w.sub(w.i32(0), v.code) : v.code);
    const made = this.keep(v.scope, "v128", splat);
    v.scope.memo.set(key, made);
    return made;
  }

  /** How much the lane's index counts in an expression that is linear in it. */
  protected factor(e: IndexExpr): number {
    return this.linear(e).leaves.get(indexOf(this.four!)) ?? 0;
  }

  protected wholeLanes(e: IndexExpr, scope: Scope): Code {
    const k = this.factor(e);
    const first = w.i32x4Splat(this.narrow(e, scope));
    return k === 0 ? first : w.i32x4Add(first, laneNumbers([0, k, 2 * k, 3 * k]));
  }

  /** Lanes for which a condition holds; both sides of its comparisons are linear and fit 32 bits. */
  protected conditionLanes(c: Condition, scope: Scope): Code {
    const one = (x: Comparison): Code => {
      const [a, b] = [this.wholeLanes(x.left, scope), this.wholeLanes(x.right, scope)];
      return { "==": w.i32x4Eq, "!=": w.i32x4Ne, "<": w.i32x4Lt, "<=": w.i32x4Le }[x.op](a, b);
    };
    const all = c.map((every) => every.map(one).reduce((a, b) => w.vAnd(a, b)));
    return this.keep(
      scope,
      "v128",
      all.reduce((a, b) => w.vOr(a, b)),
    );
  }

  protected vector(e: Expr, scope: Scope): readonly Value[] {
    const lanes = (x: Expr): readonly Code[] => this.lanesOf(x, scope).map((v) => v.code);
    const make = (operands: readonly Value[], code: Code): Value =>
      this.combine(scope, "v128", operands, code);
    switch (e.kind) {
      case "index-value": {
        const k = this.factor(e.value);
        const first = w.i32x4Splat(this.int(e.value, scope));
        const code = w.i32x4Add(first, laneNumbers([0, k, 2 * k, 3 * k]));
        return [{ code: this.keep(scope, "v128", code), type: "v128", scope }];
      }
      case "read":
        return this.readLanes(e, scope);
      case "apply": {
        const args = e.args.map((a) => this.lanesOf(a, scope));
        const codes = args.map((values) => values.map((v) => v.code));
        if (e.op === "dot" || e.op === "length") {
          const [a, b = a] = codes;
          const products = a!.map((x, k) => w.f32x4Mul(x, b![k]!));
          const sum = w.f32x4Add(
            canonicalTree(products, (x, y) => w.f32x4Add(x, y)),
            laneConstant(0, e.type),
          );
          return [make(args.flat(), e.op === "dot" ? sum : w.f32x4Sqrt(sum))];
        }
        return Array.from({ length: componentsOf(e.type) }, (_, k) => {
          const operands = codes.map((c) => c[k] ?? c[0]!);
          const from = args.map((a) => a[k] ?? a[0]!);
          const where = from.reduce((a, v) => deeper(a, v.scope), this.root(scope));
          const type = typeOf(e.args[0]!);
          const asBits = ordering.has(e.op) && type.kind === "real" && !this.ordersSlowly(e);
          return make(from, this.laneOperator(e.op, asBits ? { kind: "int" } : type, operands, where));
        });
      }
      case "select": {
        const [mask] = lanes(e.condition);
        const [then, otherwise] = [lanes(e.then), lanes(e.otherwise)];
        const from = [e.condition, e.then, e.otherwise].flatMap((x) => this.expr(x, scope));
        return then.map((t, k) => make(from, w.bitselect(t, otherwise[k]!, mask!)));
      }
      case "choose": {
        const locals = Array.from({ length: componentsOf(e.type) }, () => this.f.local("v128"));
        this.cases(e.cases, scope, (c, inner) => {
          this.expr(c.value, inner).forEach((v, k) => {
            inner.add(w.set(locals[k]!, this.inLanes(v, e.type)));
          });
        });
        return locals.map((l) => ({ code: w.get(l), type: "v128", scope }));
      }
      case "reduce":
        return this.reduce(e, scope);
      case "vector":
        return e.components.map((c) => {
          const v = this.scalar(c, scope);
          return { code: this.inLanes(v, typeOf(c)), type: "v128", scope: v.scope };
        });
      case "component": {
        const v = this.expr(e.of, scope)[e.position]!;
        return [
          {
            code: this.inLanes(
              v,
              e.of.kind === "vector" ? typeOf(e.of.components[e.position]!) : { kind: "real" },
            ),
            type: "v128",
            scope: v.scope,
          },
        ];
      }
      default:
        throw new Error(`a ${e.kind} has no lanes`);
    }
  }

  /** Bytes from lane to lane. */
  protected laneStride(family: Family, at: readonly IndexExpr[], scope: Scope): number | Code {
    const factors = at.map((s) => this.factor(s));
    const last = at.length - 1;
    if (factors.every((k, d) => d === last || k === 0)) return (factors[last] ?? 0) * bytesOf(family.type);
    const root = this.root(scope);
    const key = `lane stride ${family.name} ${factors}`;
    const known = root.memo.get(key) as Code | undefined;
    if (known !== undefined) return known;
    const terms = factors.flatMap((k, d) => {
      if (k === 0) return [];
      const stride = this.stride(family, d, scope);
      return [w.mul(w.i32(k), typeof stride === "number" ? w.i32(stride) : stride)];
    });
    const made = this.keep(
      root,
      "i32",
      terms.reduce((a, b) => w.add(a, b)),
    );
    root.memo.set(key, made);
    return made;
  }

  /** The address of each lane, and what the instruction adds to it. */
  protected laneAddresses(place: Place, stride: number | Code): { address: Code; offset: number }[] {
    return [0, 1, 2, 3].map((l) => {
      if (l === 0) return place;
      if (typeof stride === "number" && place.offset + l * stride >= 0)
        return { address: place.address, offset: place.offset + l * stride };
      const by = typeof stride === "number" ? w.i32(l * stride) : w.mul(stride, w.i32(l));
      const key = `lane ${l} ${place.address.join()} ${typeof stride === "number" ? stride : stride.join()}`;
      const known = place.scope.memo.get(key) as Code | undefined;
      const address = known ?? this.keep(place.scope, "i32", w.add(place.address, by));
      place.scope.memo.set(key, address);
      return { address, offset: place.offset };
    });
  }

  /** Where a read with static subscripts loads from, and the outermost scope in which it may. */
  private loading(e: Read, scope: Scope) {
    const family = this.families.get(e.family)!;
    const always = this.always(e, family);
    let limit = scope;
    while (
      limit.outer !== undefined &&
      (always || !limit.conditional) &&
      !(limit.instance && this.written.has(e.family))
    )
      limit = limit.outer;
    const at = e.at.map((s) => (s as Extract<Subscript, { kind: "static" }>).value);
    const place = this.address(family, at, scope);
    return { family, at, place, where: deeper(limit, place.scope) };
  }

  /** The values of an expression in lanes. What is the same in all of them is loaded so where the scalar is not there yet. */
  protected lanesOf(e: Expr, scope: Scope): readonly Value[] {
    if (this.loadsAlike(e) && scope.known(e) === undefined) {
      const { place, where } = this.loading(e, scope);
      const key = `alike ${place.offset} ${place.address.join()}`;
      const known = where.memo.get(key) as Value | undefined;
      if (known !== undefined) return [known];
      const code = this.keep(where, "v128", w.v128Load32Splat(place.offset, place.address));
      const made: Value = { code, type: "v128", scope: where };
      where.memo.set(key, made);
      return [made];
    }
    return this.expr(e, scope).map((v) => ({
      code: this.inLanes(v, typeOf(e)),
      type: "v128",
      scope: v.scope,
    }));
  }

  private loadsAlike(e: Expr): e is Read {
    if (e.kind !== "read" || changesWith(e, this.four!) || this.unproved.has(e)) return false;
    const { name, type } = this.families.get(e.family)!;
    const plain = type.kind === "real" || type.kind === "int" || type.kind === "index";
    const elsewhere = this.bits.has(name) || this.demanded.has(name);
    return plain && !elsewhere && e.at.every((s) => s.kind === "static");
  }

  protected readLanes(e: Read, scope: Scope): readonly Value[] {
    const { family, at, place, where } = this.loading(e, scope);
    const stride = this.laneStride(family, at, scope);
    const lanes = this.laneAddresses(place, stride);
    const byte = family.type.kind === "bit" || family.type.kind === "enum";
    return Array.from({ length: componentsOf(family.type) }, (_, k) => {
      let code: Code;
      if (byte) {
        const spread =
          stride === 1
            ? w.i32x4Extend16(w.i16x8Extend8(w.v128Load32Zero(place.offset, place.address)))
            : lanes
                .slice(1)
                .reduce<Code>(
                  (v, a, l) => w.i32x4Replace(l + 1, v, w.i32Load8(a.offset, a.address)),
                  w.i32x4Splat(w.i32Load8(place.offset, place.address)),
                );
        code = family.type.kind === "bit" ? w.i32x4Neg(spread) : spread;
      } else if (stride === 4) code = w.v128Load(place.offset, place.address);
      else
        code = lanes
          .slice(1)
          .reduce<Code>(
            (v, a, l) => w.v128Load32Lane(a.offset + 4 * k, l + 1, a.address, v),
            w.v128Load32Zero(place.offset + 4 * k, place.address),
          );
      return { code: this.keep(where, "v128", code), type: "v128", scope: where };
    });
  }

  protected storeLanes(family: Family, values: readonly Code[], scope: Scope): void {
    const own = family.dims.map((d): IndexExpr => indexOf(d.index));
    const place = this.address(family, own, scope);
    const stride = this.laneStride(family, own, scope);
    const { kind } = family.type;
    if (kind === "bit" || kind === "enum") {
      const numbers = kind === "bit" ? w.vAnd(values[0]!, laneNumbers([1, 1, 1, 1])) : values[0]!;
      const four = this.keep(scope, "v128", numbers);
      if (stride === 1) {
        const half = this.keep(scope, "v128", w.i16x8Narrow(four, four));
        scope.add(w.i32Store(place.offset, place.address, w.i32x4Extract(0, w.i8x16Narrow(half, half))));
        return;
      }
      this.laneAddresses(place, stride).forEach((a, l) => {
        scope.add(w.i32Store8(a.offset, a.address, w.i32x4Extract(l, four)));
      });
      return;
    }
    if (stride === 4) {
      scope.add(w.v128Store(place.offset, place.address, values[0]!));
      return;
    }
    values.forEach((v, k) => {
      this.laneAddresses(place, stride).forEach((a, l) => {
        scope.add(w.i32Store(a.offset + 4 * k, a.address, w.i32x4Extract(l, v)));
      });
    });
  }

  protected laneOperator(
    op: Extract<Expr, { kind: "apply" }>["op"],
    from: ElementType,
    args: readonly Code[],
    scope: Scope,
  ): Code {
    const [a, b, c] = args as [Code, Code, Code];
    const real = from.kind === "real" || from.kind === "vector";
    const zero = laneNumbers([0, 0, 0, 0]);
    switch (op) {
      case "add":
        return real ? w.f32x4Add(a, b) : w.i32x4Add(a, b);
      case "sub":
        return real ? w.f32x4Sub(a, b) : w.i32x4Sub(a, b);
      case "mul":
        return real ? w.f32x4Mul(a, b) : w.i32x4Mul(a, b);
      case "neg":
        return real ? w.f32x4Neg(a) : w.i32x4Neg(a);
      case "abs":
        return real ? w.f32x4Abs(a) : w.i32x4Abs(a);
      case "divide":
        return w.f32x4Div(a, b);
      case "eq":
        return from.kind === "bit" ? w.vNot(w.vXor(a, b)) : real ? w.f32x4Eq(a, b) : w.i32x4Eq(a, b);
      case "ne":
        return from.kind === "bit" ? w.vXor(a, b) : real ? w.f32x4Ne(a, b) : w.i32x4Ne(a, b);
      case "lt":
        // A bit is −1 in its lane: the order turns round.
        return from.kind === "bit" ? w.vAndNot(b, a) : real ? w.f32x4Lt(a, b) : w.i32x4Lt(a, b);
      case "le":
        return from.kind === "bit" ? w.vOr(w.vNot(a), b) : real ? w.f32x4Le(a, b) : w.i32x4Le(a, b);
      case "and":
        return w.vAnd(a, b);
      case "or":
        return w.vOr(a, b);
      case "xor":
        return w.vXor(a, b);
      case "not":
        return w.vNot(a);
      case "min":
        return from.kind === "bit" ? w.vAnd(a, b) : real ? this.leastLanes(a, b, scope) : w.i32x4Min(a, b);
      case "max":
        return from.kind === "bit" ? w.vOr(a, b) : real ? this.greatestLanes(a, b, scope) : w.i32x4Max(a, b);
      case "clamp":
        return real
          ? this.leastLanes(this.greatestLanes(a, b, scope), c, scope)
          : w.i32x4Min(w.i32x4Max(a, b), c);
      case "sign":
        return real
          ? w.f32x4FromI32(w.i32x4Sub(w.f32x4Lt(a, zero), w.f32x4Gt(a, zero)))
          : w.i32x4Sub(w.i32x4Lt(a, zero), w.i32x4Gt(a, zero));
      case "floor":
        return w.f32x4Floor(a);
      case "sqrt":
        return w.f32x4Sqrt(a);
      case "exp":
      case "log":
      case "tanh":
        return w.call(this.libraryFunction(`${op}4`), a);
      case "sin":
      case "cos": {
        const kept = this.keep(scope, "v128", a);
        const one = (l: number): Code =>
          w.call(this.libraryFunction("trigonometric"), w.f32x4Extract(l, kept), w.i32(op === "sin" ? 0 : 1));
        return [1, 2, 3].reduce<Code>((v, l) => w.f32x4Replace(l, v, one(l)), w.f32x4Splat(one(0)));
      }
      case "to-int":
        return real ? w.i32x4Truncate(a) : from.kind === "bit" ? w.i32x4Neg(a) : a;
      case "to-real":
        return real ? a : w.f32x4FromI32(from.kind === "bit" ? w.i32x4Neg(a) : a);
      case "div":
      case "mod":
      case "dot":
      case "length":
        throw new Error(`${op} is not printed here`);
    }
  }
}
