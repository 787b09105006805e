/**
 * The reference interpreter: the meaning of the language. Slow and obvious, never optimised. Every back end, rewrite
 * and pass is tested against it.
 */
import { type Diagnostic, diagnostic, isGiven } from "@fathom/lang";
import { evaluateIndex, evaluateInt, familyBox, forEachPoint, holds, IndexFault } from "./evaluate-index";
import { type Element, foldElements } from "./monoid";
import { applyOperator, type Fault, type Operand, reduceOperands, type Value } from "./operators";
import { printInstance } from "./print";
import { familyKey, uniform } from "./random";
import type { Dim, Expr, Family, FamilyValues, IndexExpr, Origin, Sizes, System } from "./system";
import { allocate, boundOf, componentsOf, offsetOf, place, showSizes } from "./values";

export interface InterpretOptions {
  readonly sizes: Sizes;
  /** A value for every input and param family: see `bindValues`. */
  readonly inputs: ReadonlyMap<string, FamilyValues>;
  readonly seed?: number;
  /** Report the first overflow of an int and the first division by zero. */
  readonly checked?: boolean;
}

export interface Interpreted {
  readonly values: ReadonlyMap<string, FamilyValues>;
  /** At most one: the run ends at the first. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Ends the run; becomes the result's diagnostic. */
class Stop extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message);
  }
}

/** An instance whose value is needed first. */
class NotReady {
  constructor(
    readonly family: Family,
    readonly point: readonly number[],
  ) {}
}

type Env = ReadonlyMap<string, number>;

/** Computes every instance of every family. Sizes must satisfy `where` and inputs be bound. */
export function interpret(system: System, options: InterpretOptions): Interpreted {
  let run: Run | undefined;
  try {
    run = new Run(system, options);
    for (const family of system.families) run.family(family);
    return { values: run.values, diagnostics: [] };
  } catch (stop) {
    if (stop instanceof IndexFault) {
      const args = {
        what: stop.message,
        found: showSizes(system, options.sizes),
        limit: "2^53",
        suggestion: "",
      };
      return {
        values: run?.values ?? new Map(),
        diagnostics: [diagnostic("too-large", place(system.origin), args)],
      };
    }
    if (!(stop instanceof Stop)) throw stop;
    return { values: run?.values ?? new Map(), diagnostics: [stop.diagnostic] };
  }
}

class Run {
  readonly values = new Map<string, FamilyValues>();
  private readonly ready = new Map<string, Uint8Array>();
  private readonly families: ReadonlyMap<string, Family>;

  constructor(
    private readonly system: System,
    private readonly options: InterpretOptions,
  ) {
    this.families = new Map(system.families.map((f) => [f.name, f]));
    for (const family of system.families) {
      const given = options.inputs.get(family.name);
      const box = familyBox(family, options.sizes);
      const outside = isGiven(family);
      if (outside && given === undefined) throw new Error(`the input ${family.name} was not bound`);
      this.values.set(family.name, outside ? given! : allocate(family, options.sizes, box));
      this.ready.set(family.name, new Uint8Array(box.points).fill(outside ? 1 : 0));
    }
  }

  family(family: Family): void {
    forEachPoint(family.dims, this.options.sizes, (point) => this.demand(family, [...point]));
  }

  /** Computes an instance after those it needs, with a stack of our own: chains may be long. */
  private demand(family: Family, point: readonly number[]): void {
    const stack = [new NotReady(family, point)];
    const waiting = new Set<string>();
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const name = printInstance(top.family.name, top.point);
      if (this.isReady(top.family, top.point)) {
        stack.pop();
        continue;
      }
      try {
        this.compute(top.family, top.point);
        waiting.delete(name);
        stack.pop();
      } catch (needed) {
        if (!(needed instanceof NotReady)) throw needed;
        waiting.add(name);
        const next = printInstance(needed.family.name, needed.point);
        if (waiting.has(next)) {
          const path = [...stack.map((s) => printInstance(s.family.name, s.point)), next];
          const cycle = path.slice(path.indexOf(next)).join(" → ");
          const args = { node: next, sizes: showSizes(this.system, this.options.sizes), path: cycle };
          throw new Stop(diagnostic("cycle", place(needed.family.origin), args));
        }
        stack.push(needed);
      }
    }
  }

  private isReady(family: Family, point: readonly number[]): boolean {
    return this.ready.get(family.name)![offsetOf(this.values.get(family.name)!, point)] === 1;
  }

  private compute(family: Family, point: readonly number[]): void {
    const env = new Map<string, number>(Object.entries(this.options.sizes));
    family.dims.forEach((d, k) => env.set(d.index, point[k]!));
    const value =
      family.role === "random"
        ? uniform(this.options.seed ?? 0, familyKey(family.name), point)
        : this.equation(family, point, env);
    const bound = boundOf(family.type, family.dims, this.options.sizes, point);
    if (bound !== undefined && ((value as number) < 0 || (value as number) >= bound)) {
      const args = {
        element: printInstance(family.name, point),
        found: value as number,
        expected: `0..${bound}`,
      };
      throw new Stop(diagnostic("value-range", place(family.origin), args));
    }
    const values = this.values.get(family.name)!;
    const offset = offsetOf(values, point);
    const width = componentsOf(family.type);
    for (let k = 0; k < width; k++)
      values.data[offset * width + k] = typeof value === "number" ? value : value[k]!;
    this.ready.get(family.name)![offset] = 1;
  }

  private equation(family: Family, point: readonly number[], env: Env): Value {
    const piece = family.pieces.find((p) => holds(p.guard, (n) => env.get(n)!));
    if (piece === undefined)
      throw new Error(`no equation is selected for ${printInstance(family.name, point)}`);
    const element = printInstance(family.name, point);
    return this.expr(piece.value, env, element);
  }

  private index(e: IndexExpr, env: Env): number {
    return evaluateIndex(e, (n) => env.get(n)!);
  }

  private expr(e: Expr, env: Env, element: string): Value {
    const go = (x: Expr): Value => this.expr(x, env, element);
    const report = (origin: Origin | undefined) => (fault: Fault) => {
      if (this.options.checked !== true) return;
      const where = showSizes(this.system, this.options.sizes);
      if (fault.kind === "overflow")
        throw new Stop(diagnostic("overflow", place(origin), { element, where, found: fault.exact }));
      throw new Stop(diagnostic("division-by-zero", place(origin), { element, where }));
    };
    switch (e.kind) {
      case "constant":
        return e.value;
      case "index-value":
        return evaluateInt(e.value, (n) => env.get(n)!);
      case "read": {
        const family = this.families.get(e.family)!;
        const point = e.at.map((s) =>
          s.kind === "static" ? this.index(s.value, env) : (go(s.value) as number),
        );
        if (!this.contains(family, point)) {
          const args = { element, read: printInstance(e.family, point), family: e.family };
          throw new Stop(diagnostic("index-outside", place(e.origin), args));
        }
        if (!this.isReady(family, point)) throw new NotReady(family, point);
        const values = this.values.get(e.family)!;
        const width = componentsOf(family.type);
        const offset = offsetOf(values, point) * width;
        return width === 1 ? values.data[offset]! : Array.from(values.data.subarray(offset, offset + width));
      }
      case "apply":
        return applyOperator(e.op, e.args.map(go), e.type, report(e.origin));
      case "select": {
        // A multiplexer: both sides are computed.
        const [condition, then, otherwise] = [go(e.condition), go(e.then), go(e.otherwise)];
        return condition === 1 ? then : otherwise;
      }
      case "choose": {
        const chosen = e.cases.find((c) => holds(c.guard, (n) => env.get(n)!));
        if (chosen === undefined) throw new Error(`no case is selected in ${element}`);
        return go(chosen.value);
      }
      case "table": {
        const row = e.args.reduce((r, a, k) => {
          const digit = go(a) as number;
          if (digit < 0 || digit >= e.radix[k]!) {
            throw new Stop(
              diagnostic("value-range", place(undefined), {
                element,
                found: digit,
                expected: `0..${e.radix[k]}`,
              }),
            );
          }
          return r * e.radix[k]! + digit;
        }, 0);
        return e.entries[row]!;
      }
      case "reduce": {
        const operands: Operand[] = [];
        this.points(e.dims, env, (inner, point) => {
          if (!holds(e.filter, (n) => inner.get(n)!)) {
            operands.push({ point, value: undefined });
            return;
          }
          const kept = e.dataFilter === undefined || this.expr(e.dataFilter, inner, element) === 1;
          const value = this.expr(e.body, inner, element);
          operands.push({ point, value: kept ? value : undefined });
        });
        return reduceOperands(e.op, operands, e.type, report(e.origin));
      }
      case "fold": {
        const elements: (Element | undefined)[] = [];
        this.points(e.dims, env, (inner) => {
          const filtered = !holds(e.filter, (n) => inner.get(n)!);
          const kept =
            !filtered && (e.dataFilter === undefined || this.expr(e.dataFilter, inner, element) === 1);
          const values = filtered ? undefined : e.bodies.map((b) => this.expr(b, inner, element));
          elements.push(kept ? values : undefined);
        });
        return foldElements(e.monoid, elements, report(e.origin))[e.position]!;
      }
      case "operand":
        throw new Error("an operand stands outside a monoid");
      case "vector":
        return e.components.map((c) => go(c) as number);
      case "component":
        return (go(e.of) as readonly number[])[e.position]!;
    }
  }

  /** Inside the family itself, not only its box. */
  private contains(family: Family, point: readonly number[]): boolean {
    const env = new Map<string, number>(Object.entries(this.options.sizes));
    return family.dims.every((d, k) => {
      const inside = this.index(d.lo, env) <= point[k]! && point[k]! < this.index(d.hi, env);
      env.set(d.index, point[k]!);
      return inside;
    });
  }

  private points(dims: readonly Dim[], env: Env, visit: (env: Env, point: readonly number[]) => void): void {
    const walk = (d: number, inner: Map<string, number>, point: readonly number[]): void => {
      const dim = dims[d];
      if (dim === undefined) {
        visit(new Map(inner), point);
        return;
      }
      const hi = this.index(dim.hi, inner);
      for (let i = this.index(dim.lo, inner); i < hi; i++)
        walk(d + 1, inner.set(dim.index, i), [...point, i]);
      inner.delete(dim.index);
    };
    walk(0, new Map(env), []);
  }
}
