/** Where values lie: addresses, loads and stores, and whether a read stays inside. */
import { typeOf } from "../../equations/build";
import type { Dim, Family, IndexExpr, Read } from "../../equations/system";
import { combine, least, toAffine } from "../../symbolic/affine";
import { type Code, w } from "./encode";
import { BIAS, bytesOf, deeper, I32_LEAST, I32_MOST, machine, namesOf, Scope, type Whole } from "./frame";
import { Loops } from "./loops";

export interface Linear {
  constant: number;
  readonly leaves: Map<IndexExpr, number>;
}
export interface Place {
  readonly address: Code;
  readonly offset: number;
  readonly scope: Scope;
}

export abstract class Storage extends Loops {
  /** Bytes from one plane of a dimension to the next. */
  protected stride(family: Family, dim: number, scope: Scope): Code | number {
    return dim === family.dims.length - 1
      ? bytesOf(family.type)
      : this.parameter({ kind: "stride", family: family.name, dim }, scope);
  }

  /** An expression as a constant and a sum of leaves (sizes, indices, what is not affine), each times a factor. */
  protected linear(e: IndexExpr, factor = 1, into: Linear = { constant: 0, leaves: new Map() }): Linear {
    switch (e.kind) {
      case "integer":
        into.constant += factor * e.value;
        return into;
      case "add":
        this.linear(e.left, factor, into);
        return this.linear(e.right, factor, into);
      case "sub":
        this.linear(e.left, factor, into);
        return this.linear(e.right, -factor, into);
      case "mul":
        if (e.left.kind === "integer") return this.linear(e.right, factor * e.left.value, into);
        if (e.right.kind === "integer") return this.linear(e.left, factor * e.right.value, into);
    }
    into.leaves.set(e, (into.leaves.get(e) ?? 0) + factor);
    return into;
  }

  /** Where the value at a point lies. Dynamic subscripts are given as code of a scope. */
  protected address(
    family: Family,
    at: readonly (IndexExpr | { readonly code: Code; readonly scope: Scope })[],
    scope: Scope,
  ): Place {
    const root = this.root(scope);
    const fold = this.plan.folded.get(family.name);
    const base = this.parameter({ kind: "base", family: family.name }, scope);
    /** Sums so far, by how deep they can be computed. */
    const terms: { readonly key: string; readonly scope: Scope; readonly code: Code }[] = [];
    let offset = BIAS;
    let first = base;
    let firstKey = `at ${family.name}`;
    const times = (value: Code, factor: number, stride: Code | number): Code => {
      if (typeof stride === "number") {
        const by = factor * stride;
        if (by === 1) return value;
        const power = Math.log2(by);
        return Number.isInteger(power) && by > 0 ? w.shl(value, w.i32(power)) : w.mul(value, w.i32(by));
      }
      return w.mul(factor === 1 ? value : w.mul(value, w.i32(factor)), stride);
    };
    at.forEach((subscript, d) => {
      // Of bits, the row's start.
      if (this.bits.has(family.name) && d === family.dims.length - 1) return;
      const stride = this.stride(family, d, scope);
      const strideKey = typeof stride === "number" ? stride : stride.join();
      const lo = this.parameter({ kind: "lo", family: family.name, dim: d }, scope);
      if ("code" in subscript) {
        terms.push({
          key: `dynamic ${subscript.code.join()} ${strideKey} ${d} ${family.name}`,
          scope: subscript.scope,
          code: times(
            fold?.dim === d
              ? w.rem(w.sub(subscript.code, lo), w.i32(fold.window))
              : w.sub(subscript.code, lo),
            1,
            stride,
          ),
        });
        return;
      }
      if (fold?.dim === d) {
        const where = this.home(namesOf(subscript), scope);
        const key = `plane ${family.name}`;
        const planes = (where.memo.get(key) ?? new Map()) as Map<IndexExpr, Code>;
        where.memo.set(key, planes);
        const plane =
          planes.get(subscript) ??
          this.keep(where, "i32", w.rem(w.sub(this.narrow(subscript, where), lo), w.i32(fold.window)));
        planes.set(subscript, plane);
        terms.push({ key: `${plane.join()} ${strideKey}`, scope: where, code: times(plane, 1, stride) });
        return;
      }
      // − lo · stride joins the base; a constant goes into the instruction where it is small.
      const { constant, leaves } = this.linear(subscript);
      const small =
        typeof stride === "number" && Math.abs(constant * stride) < BIAS / 2 ? constant * stride : 0;
      offset += small;
      const rest = small === 0 ? constant : 0;
      firstKey += ` ${d}:${rest}`;
      first = w.add(first, times(rest === 0 ? w.sub(w.i32(0), lo) : w.sub(w.i32(rest), lo), 1, stride));
      for (const [leaf, factor] of leaves) {
        if (leaf.kind === "index") {
          const b = scope.binding(leaf.name);
          terms.push({
            key: `${b.local} ${factor} ${strideKey}`,
            scope: b.since ?? b.scope,
            code: times(w.get(b.local), factor, stride),
          });
          if (b.plus !== 0) {
            const more = b.plus * factor;
            if (typeof stride === "number" && offset + more * stride >= 0) offset += more * stride;
            else
              terms.push({
                key: `plus ${more} ${strideKey}`,
                scope: root,
                code: times(w.i32(more), 1, stride),
              });
          }
          continue;
        }
        const where = this.faulty(leaf, scope) ? scope : this.home(namesOf(leaf), scope);
        const value = this.narrow(leaf, scope);
        terms.push({
          key: `${value.join()} ${factor} ${strideKey}`,
          scope: where,
          code: times(value, factor, stride),
        });
      }
    });
    const memoise = (where: Scope, key: string, code: () => Code): Code => {
      const known = where.memo.get(key) as Code | undefined;
      if (known !== undefined) return known;
      const made = this.keep(where, "i32", code());
      where.memo.set(key, made);
      return made;
    };
    let sum = memoise(root, firstKey, () => w.sub(first, w.i32(BIAS)));
    let where = root;
    for (const t of terms.sort((a, b) => a.scope.depth - b.scope.depth)) {
      where = deeper(where, t.scope);
      const before = sum;
      sum = memoise(where, `${before.join()} + ${t.key}`, () => w.add(before, t.code));
    }
    return { address: sum, offset, scope: where };
  }

  protected narrow(e: IndexExpr, scope: Scope): Code {
    const { code, wide } = this.whole(e, scope);
    return wide ? w.wrap(code) : code;
  }

  protected load(family: Family, place: Place, component: number): Code {
    switch (family.type.kind) {
      case "bit":
      case "enum":
        return w.i32Load8(place.offset, place.address);
      case "int":
      case "index":
        return w.i32Load(place.offset, place.address);
      case "real":
      case "vector":
        return w.f32Load(place.offset + 4 * component, place.address);
    }
  }

  protected store(family: Family, place: Place, values: readonly Code[], scope: Scope): void {
    values.forEach((v, k) => {
      const put =
        family.type.kind === "bit" || family.type.kind === "enum"
          ? w.i32Store8
          : machine(family.type) === "f32"
            ? w.f32Store
            : w.i32Store;
      scope.add(put(place.offset + 4 * k, place.address, v));
    });
  }

  /** Whether a read with static subscripts stays inside wherever its indices are, guards or not. */
  protected always(e: Read, family: Family, more: readonly Dim[] = []): boolean {
    const facts = this.sizeFacts();
    const ranges = [...this.ranges, ...more];
    return e.at.every((s, d) => {
      if (s.kind !== "static") return false;
      const dim = family.dims[d]!;
      if (namesOf(dim.lo).size + namesOf(dim.hi).size > 0) return false;
      const low = combine(toAffine(s.value), toAffine(dim.lo), -1);
      const high = combine(toAffine(dim.hi), toAffine(s.value), -1);
      return least(low, ranges, facts) >= 0 && least(high, ranges, facts) >= 1;
    });
  }

  protected checkInside(
    e: Read,
    family: Family,
    at: readonly (IndexExpr | { readonly code: Code; readonly scope: Scope })[],
    scope: Scope,
  ): void {
    const values = at.map((a): Whole => ("code" in a ? { code: a.code, wide: false } : this.whole(a, scope)));
    // The source's bounds, with its own indices standing for the subscripts.
    const inner = new Scope(scope);
    let inside: Code = w.i32(1);
    family.dims.forEach((d, k) => {
      const s = e.at[k]!;
      const type = s.kind === "dynamic" ? typeOf(s.value) : undefined;
      const known =
        type?.kind === "index" &&
        namesOf(type.bound).size === 0 &&
        type.bound === d.hi &&
        d.lo.kind === "integer" &&
        d.lo.value <= 0;
      if (!known) {
        const v = values[k]!;
        const [lo, hi] = [this.whole(d.lo, inner), this.whole(d.hi, inner)];
        if (v.wide || lo.wide || hi.wide) {
          const x = v.wide ? v.code : w.extend(v.code);
          inside = w.and(
            inside,
            w.and(w.i64Le(this.wide(d.lo, inner), x), w.i64Lt(x, this.wide(d.hi, inner))),
          );
        } else inside = w.and(inside, w.and(w.le(lo.code, v.code), w.lt(v.code, hi.code)));
      }
      const local = this.f.local("i32");
      inner.add(w.set(local, values[k]!.wide ? w.wrap(values[k]!.code) : values[k]!.code));
      inner.names.set(d.index, { local, plus: 0, range: [I32_LEAST, I32_MOST], scope: inner });
    });
    scope.add(inner.code);
    if (inside.length === w.i32(1).length) return;
    this.fault(
      scope,
      w.eqz(inside),
      { code: "index-outside", message: "", read: { family: family.name, rank: family.dims.length } },
      values.map((v) => (v.wide ? w.f64FromI64(v.code) : w.f64FromI32(v.code))),
    );
  }
}
