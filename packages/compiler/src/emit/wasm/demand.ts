/** Families that are computed on demand, with a memo and a stack of what waits. */
import { index as indexOf } from "../../equations/build";
import type { Family, IndexExpr } from "../../equations/system";
import type { Step } from "../../schedule/schedule";
import { type Code, FunctionBuilder, w } from "./encode";
import { bytesOf, I32_LEAST, I32_MOST, Scope } from "./frame";
import { Pivots } from "./pivots";
import type { Place } from "./storage";

/** The word that holds the stack pointer of computation on demand. */
const STACK = 520;

export abstract class Demand extends Pivots {
  /** Ends a function: it gives `result`. */
  protected abstract finish(root: Scope, body: Scope, names: string[], result: Code): void;

  protected waitFor(family: Family, place: Place, scope: Scope): void {
    // The place's number: its address without the base, in elements.
    const base = this.parameter({ kind: "base", family: family.name }, scope);
    const bytes = w.sub(w.add(place.address, w.i32(place.offset)), base);
    const size = bytesOf(family.type);
    const number = this.keep(
      scope,
      "i32",
      size === 1
        ? bytes
        : size === 4
          ? w.shrU(bytes, w.i32(2))
          : w.div(w.shrU(bytes, w.i32(2)), w.i32(size / 4)),
    );
    const ready = this.parameter({ kind: "ready", family: family.name }, scope);
    scope.add(
      w.if(w.ne(w.i32Load8(0, w.add(ready, number)), w.i32(1)), [
        ...this.pushNeed(w.i32(this.demandNumber.get(family.name)!), number),
        ...w.return(w.i32(1)),
      ]),
    );
  }

  /** Pushes an instance on the stack of what is to be computed; its pointer lies in memory. */
  protected pushNeed(which: Code, number: Code): Code {
    return [
      ...w.i32Store(0, w.i32Load(STACK, w.i32(0)), which),
      ...w.i32Store(4, w.i32Load(STACK, w.i32(0)), number),
      ...w.i32Store(STACK, w.i32(0), w.add(w.i32Load(STACK, w.i32(0)), w.i32(8))),
    ];
  }

  /** Computes families on demand with an explicit stack of (family, place) behind everything else in memory. */
  protected demand(step: Extract<Step, { kind: "demand" }>, names: string[]): void {
    this.demanded = new Set(step.families.map((x) => x.name));
    step.families.forEach((x, k) => {
      this.demandNumber.set(x.name, k);
      this.everDemanded.add(x.name);
    });
    this.written = this.demanded;
    const computes = step.families.map((family) => {
      this.f = new FunctionBuilder(["i32"], ["i32"]);
      const root = new Scope(undefined);
      const body = new Scope(root);
      // A place's indices, by the strides.
      let rest: Code = w.get(0);
      family.dims.forEach((d, k) => {
        const last = k === family.dims.length - 1;
        const lo = this.parameter({ kind: "lo", family: family.name, dim: k }, body);
        const stride = last ? undefined : this.stride(family, k, body);
        const elements =
          stride === undefined ? undefined : w.div(stride as Code, w.i32(bytesOf(family.type)));
        const local = this.f.local("i32");
        body.add(w.set(local, w.add(elements === undefined ? rest : w.div(rest, elements), lo)));
        if (elements !== undefined) rest = this.keep(body, "i32", w.rem(rest, elements));
        body.names.set(d.index, { local, plus: 0, range: [I32_LEAST, I32_MOST], scope: body });
      });
      this.element = family;
      this.ranges = family.dims;
      this.instance(family, family.pieces, body);
      for (const b of root.code) this.f.code.push(b);
      for (const b of body.code) this.f.code.push(b);
      this.f.code.push(...w.i32(0));
      return this.addFunction(this.f);
    });
    this.demanded = new Set();
    for (const family of step.families) {
      this.f = new FunctionBuilder(["i32", "i32"], ["i32"]);
      const left = this.f.local("i32");
      const root = new Scope(undefined);
      const body = new Scope(root);
      this.element = family;
      this.ranges = family.dims;
      const settle = (scope: Scope): void => {
        const own = family.dims.map((d): IndexExpr => indexOf(d.index));
        const place = this.address(family, own, scope);
        const base = this.parameter({ kind: "base", family: family.name }, scope);
        const bytes = w.sub(w.add(place.address, w.i32(place.offset)), base);
        const number = this.keep(scope, "i32", w.div(bytes, w.i32(bytesOf(family.type))));
        this.settle(step.families, computes, this.demandNumber.get(family.name)!, number, scope);
      };
      const [first, ...rest] = family.dims;
      if (first === undefined) settle(body);
      else {
        const { lo, hi, range } = this.bounds(first, body);
        const [from, to] = this.slice(lo, hi, { left }, body);
        this.loop(first.index, from, to, range, body, (s) => this.nested(rest, s, settle));
      }
      this.finish(root, body, names, w.get(left));
    }
  }

  protected settle(
    families: readonly Family[],
    computes: readonly number[],
    own: number,
    number: Code,
    scope: Scope,
  ): void {
    const pointer = w.i32Load(STACK, w.i32(0));
    const ready = families.map((f) => this.parameter({ kind: "ready", family: f.name }, scope));
    const free = this.parameter({ kind: "free" }, scope);
    const [which, at, before, missing, flags, k] = Array.from({ length: 6 }, () => this.f.local("i32")) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const pick = (of: Code, list: readonly Code[]): Code =>
      list.slice(1).reduce<Code>((rest, one, n) => w.select(one, rest, w.eq(of, w.i32(n + 1))), list[0]!);
    const flag = w.add(w.get(flags), w.get(at));
    const pop = w.i32Store(STACK, w.i32(0), w.sub(pointer, w.i32(8)));
    const call = computes.flatMap((f, n) =>
      w.if(w.eq(w.get(which), w.i32(n)), w.set(missing, w.call(f, w.get(at)))),
    );
    const cycles = families.flatMap((f, n) =>
      w.if(w.eq(w.i32Load(0, w.get(k)), w.i32(n)), [
        ...w.if(w.eq(w.i32Load8(0, w.add(ready[n]!, w.i32Load(4, w.get(k)))), w.i32(2)), [
          ...w.call(
            0,
            w.i32(this.site({ code: "cycle", family: f.name, rank: 0, message: " depends on itself" })),
          ),
          ...w.unreachable,
        ]),
      ]),
    );
    // A block of the stack is free before each computation: one computation pushes one instance.
    const room = w.if(
      w.geU(w.add(pointer, w.i32(64)), w.shl(w.memorySize, w.i32(16))),
      w.if(w.eq(w.memoryGrow(w.i32(64)), w.i32(-1)), [
        ...w.call(0, w.i32(this.site({ code: "too-large", rank: 0, message: "memory is full" }))),
        ...w.unreachable,
      ]),
    );
    scope.add([
      ...w.i32Store(STACK, w.i32(0), free),
      ...this.pushNeed(w.i32(own), number),
      ...w.block(
        w.loop([
          ...w.brIf(1, w.eq(pointer, free)),
          ...room,
          ...w.set(which, w.i32Load(0, w.sub(pointer, w.i32(8)))),
          ...w.set(at, w.i32Load(4, w.sub(pointer, w.i32(8)))),
          ...w.set(flags, pick(w.get(which), ready)),
          ...w.if(w.eq(w.i32Load8(0, flag), w.i32(1)), pop, [
            ...w.set(before, pointer),
            ...w.set(missing, w.i32(0)),
            ...call,
            ...w.if(
              w.get(missing),
              [...w.i32Store8(0, flag, w.i32(2)), ...w.set(k, w.get(before)), ...cycles],
              [...w.i32Store8(0, flag, w.i32(1)), ...pop],
            ),
          ]),
          ...w.br(0),
        ]),
      ),
    ]);
  }
}
