/**
 * A system as a WebAssembly module and the JavaScript around it. The order of computation, storage and lanes come from
 * the schedule; nothing is decided here but where a value is computed: an expression that does not change inside a loop
 * is computed before it.
 *
 * One exported function a step of the schedule, called in slices (`from`, `count`) of its outermost loop; it gives back how much is left.
 * So a run can report progress and be cancelled, and the engine can swap in better code between two calls.
 */
import {
  childrenOf,
  fold as foldOf,
  index as indexOf,
  nodeNumber,
  operand,
  typeOf,
} from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { collectIndices } from "../../equations/evaluate-index";
import { runPasses, runPipeline } from "../../equations/pass";
import { familyKey } from "../../equations/random";
import type {
  Comparison,
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  Fold,
  IndexExpr,
  Piece,
  Read,
  Reduce,
  Subscript,
  System,
} from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { interiorOf } from "../../schedule/interior";
import { changesWith, laneable } from "../../schedule/lanes";
import { type Choice, type Packed, packing } from "../../schedule/packing";
import { type Schedule, type Step, schedule } from "../../schedule/schedule";
import type { Cells, Word } from "../../schedule/words";
import { affine, combine, least, toAffine } from "../../symbolic/affine";
import type { EmitOptions } from "../js";
import { declaration } from "../module-text";
import { type LibraryName, library, trigonometricTable } from "./elementary";
import { type Code, encodeModule, FunctionBuilder, type ValueType, w } from "./encode";
import { hostText } from "./host";

export interface EmittedWasm {
  readonly wasm: Uint8Array;
  /** An ES module whose `create` takes the bytes, or the compiled `WebAssembly.Module`, and gives `run` and `runAsync`. */
  readonly js: string;
  readonly dts: string;
  readonly schedule: Schedule;
}

/** Sizes are below this, so that most index arithmetic fits 32 bits whatever the sizes are. */
export const WASM_SIZE_LIMIT = 2 ** 26;

export interface EmitWasmOptions extends EmitOptions {
  /** Which forms of code are used; tests ask for every one. */
  readonly forms?: { readonly packed?: Choice; readonly lanes?: Choice } | undefined;
}

export function emitWasm(lowered: System, options: EmitWasmOptions = {}): EmittedWasm {
  const keep = new Set(options.keep ?? []);
  const system = runPipeline(runPasses(keep), lowered, { verify: false });
  const unproved = options.unproved ?? new Set();
  const make = (plan: Schedule): EmittedWasm => {
    const packed = packing(system, {
      choice: options.checked === true ? "never" : options.forms?.packed,
      unproved,
      together: (f) => inRows(f, plan.steps),
      waiting: new Set(),
    });
    const lanes = options.forms?.lanes;
    const printer = new Printer(system, plan, packed, keep, options.checked === true, unproved, lanes);
    const { wasm, host } = printer.module();
    return {
      wasm,
      js: hostText(system, plan, keep, host),
      dts: declaration(system, keep),
      schedule: plan,
    };
  };
  const plan = schedule(system, keep);
  try {
    return make(plan);
  } catch (error) {
    if (!(error instanceof Unschedulable)) throw error;
    // Loops whose members disagree about ranges: compute everything on demand instead.
    const families = system.families.filter((f) => f.pieces.length > 0);
    return make({ steps: [{ kind: "demand", families, fixed: new Map() }], folded: new Map() });
  }
}

/** The last dimension, where all its instances are computed in one nest; else nothing. */
function inRows(family: Family, steps: readonly Step[]): readonly number[] {
  const last = family.dims.length - 1;
  const find = (list: readonly Step[]): boolean =>
    list.some((s) =>
      s.kind === "nest"
        ? s.family === family && !s.fixed.has(last)
        : s.kind === "loop" && s.members.has(family.name) && find(s.body),
    );
  return last >= 0 && find(steps) ? [last] : [];
}

/** What the JavaScript side must know: what to write where before the first step, and what faults mean. */
export interface HostPlan {
  /** The values of the words at `PARAMETERS`, in order. */
  readonly parameters: readonly Parameter[];
  /** First free byte after what the module itself uses. */
  readonly end: number;
  /** Exported step functions, in order. */
  readonly steps: readonly string[];
  readonly sites: readonly Site[];
  /** Families with a byte for each place that says whether it is computed. */
  readonly demanded: ReadonlySet<string>;
  /** Families whose rows lie in memory as bits. */
  readonly bits: ReadonlySet<string>;
  /** Bytes before and after all families that words may touch. */
  readonly margin: number;
}
export type Parameter =
  | { readonly kind: "size"; readonly name: string }
  | { readonly kind: "base" | "ready"; readonly family: string }
  | { readonly kind: "lo" | "stride"; readonly family: string; readonly dim: number }
  | { readonly kind: "seed" | "free" };

/** A fault: the numbers at `FAULT` are the instance's indices and what `code` needs besides. */
interface Site {
  readonly code: string;
  readonly family?: string;
  readonly rank: number;
  /** How the message goes on after the instance, with `$k` for the k-th further number. */
  readonly message: string;
  /** A family whose instance the message names: its rank, its indices come first. */
  readonly read?: { readonly family: string; readonly rank: number };
}

/** Where things lie at the start of memory. */
const FAULT = 0;
const SCRATCH = 512;
const LANES = 544;
export const PARAMETERS = 1024;
const FIRST_TABLE = 16_384;
/** Addresses are formed this much too low, so that neighbours differ in the instruction's own offset only. */
const BIAS = 4096;

type Interval = readonly [number, number];
const I32_LEAST = -(2 ** 31);
const I32_MOST = 2 ** 31 - 1;
const EXACT = 2 ** 53 - 1;
const fits = ([lo, hi]: Interval): boolean => lo >= I32_LEAST && hi <= I32_MOST;

interface Binding {
  readonly local: number;
  /** The index is the local plus this. */
  readonly plus: number;
  readonly range: Interval;
  readonly scope: Scope;
}
interface Whole {
  readonly code: Code;
  /** 64 bits: the value may not fit 32. */
  readonly wide: boolean;
}
interface Value {
  readonly code: Code;
  readonly type: ValueType;
  /** Where it was computed: it can be used there and further in. */
  readonly scope: Scope;
}

/** A piece of straight code under construction; what is added to an outer one runs before all of an inner one. */
class Scope {
  readonly code: number[] = [];
  readonly memo = new Map<unknown, unknown>();
  readonly names = new Map<string, Binding>();
  readonly depth: number;
  /** The computation of one instance starts here. */
  instance = false;

  constructor(
    readonly outer: Scope | undefined,
    /** Runs only in some cases. */
    readonly conditional = false,
  ) {
    this.depth = outer === undefined ? 0 : outer.depth + 1;
  }

  add(code: Code): void {
    for (const b of code) this.code.push(b);
  }

  binding(name: string): Binding {
    for (let s: Scope | undefined = this; s !== undefined; s = s.outer) {
      const found = s.names.get(name);
      if (found !== undefined) return found;
    }
    throw new Error(`the index ${name} is not in scope`);
  }

  bound(name: string): boolean {
    for (let s: Scope | undefined = this; s !== undefined; s = s.outer) if (s.names.has(name)) return true;
    return false;
  }
}

const deeper = (a: Scope, b: Scope): Scope => (a.depth >= b.depth ? a : b);

const namesCache = new WeakMap<object, ReadonlySet<string>>();
function namesOf(e: IndexExpr): ReadonlySet<string> {
  let known = namesCache.get(e);
  if (known === undefined) {
    const used = new Set<string>();
    collectIndices(e, used);
    known = used;
    namesCache.set(e, used);
  }
  return known;
}
const namesOfCondition = (c: Condition): Set<string> =>
  new Set(c.flatMap((all) => all.flatMap((x) => [...namesOf(x.left), ...namesOf(x.right)])));

const conditionKey = (c: Condition): string =>
  `if ${c.map((all) => all.map((x) => `${nodeNumber(x.left)}${x.op}${nodeNumber(x.right)}`).join("&")).join("|")}`;

/** A loop whose members' ranges cannot share one guard. */
class Unschedulable extends Error {}

const machine = (type: ElementType): ValueType =>
  type.kind === "real" || type.kind === "vector" ? "f32" : "i32";
const bytesOf = (type: ElementType): number =>
  type.kind === "bit" || type.kind === "enum" ? 1 : 4 * componentsOf(type);

class Printer {
  private readonly families: ReadonlyMap<string, Family>;
  private f = new FunctionBuilder([], []);
  private readonly functions: FunctionBuilder[] = [];
  private readonly exported: { name: string; index: number }[] = [];
  private readonly parameters: Parameter[] = [];
  private readonly parameterNumber = new Map<string, number>();
  private readonly sites: Site[] = [];
  private readonly siteNumber = new Map<string, number>();
  private readonly data: { at: number; bytes: Uint8Array }[] = [];
  private readonly libraryNumber = new Map<string, number>();
  private readonly tableAt = new Map<string, number>();
  private end = FIRST_TABLE;
  /** Families that the current function computes: what is read of them changes while it runs. */
  private written: ReadonlySet<string> = new Set();
  private ranges: readonly Dim[] = [];
  private element: Family | undefined;
  private readonly demandNumber = new Map<string, number>();
  /** Families computed on demand by the function under construction, and its stack pointer's place. */
  private demanded: ReadonlySet<string> = new Set();
  private readonly everDemanded = new Set<string>();
  /** Families stored as bits, a row of the last dimension after the other. */
  private readonly bits = new Set<string>();
  private margin = 0;
  /** The index whose values are lanes in the code under construction. */
  private four: string | undefined;
  private fourScope: Scope | undefined;
  /** The packed dimension that a word is computed along: its first cell's place in the row. */
  private lane: { readonly dim: Dim; readonly place: Code } | undefined;

  constructor(
    private readonly system: System,
    private readonly plan: Schedule,
    private readonly packed: ReadonlyMap<string, Packed>,
    keep: ReadonlySet<string>,
    private readonly checked: boolean,
    private readonly unproved: ReadonlySet<Expr>,
    private readonly forms: Choice | undefined,
  ) {
    this.families = new Map(system.families.map((x) => [x.name, x]));
    for (const [name, { word }] of packed)
      if (word !== undefined && this.families.get(name)!.role === "node" && !keep.has(name))
        this.bits.add(name);
  }

  module(): { wasm: Uint8Array; host: HostPlan } {
    const steps: string[] = [];
    for (const family of this.system.families) {
      if (family.role !== "random") continue;
      this.step({ kind: "nest", family, fixed: new Set() }, steps);
    }
    for (const step of this.plan.steps) this.step(step, steps);
    const wasm = encodeModule({
      imports: [{ name: "fail", params: ["i32"] }],
      functions: this.functions,
      exports: this.exported,
      data: this.data,
    });
    const host: HostPlan = {
      parameters: this.parameters,
      end: this.end,
      steps,
      sites: this.sites,
      demanded: this.everDemanded,
      bits: this.bits,
      margin: this.margin,
    };
    return { wasm, host };
  }

  // Functions and memory

  /** Function numbers start after the imported one. */
  private addFunction(f: FunctionBuilder): number {
    this.functions.push(f);
    return this.functions.length;
  }

  private libraryFunction(name: LibraryName): number {
    const known = this.libraryNumber.get(name);
    if (known !== undefined) return known;
    const table = name === "trigonometric" ? this.place("2/π", trigonometricTable()) : 0;
    const number = this.addFunction(library[name]({ table, scratch: SCRATCH }));
    this.libraryNumber.set(name, number);
    return number;
  }

  /** Constant bytes, once. */
  private place(key: string, bytes: Uint8Array): number {
    const known = this.tableAt.get(key);
    if (known !== undefined) return known;
    const at = this.room(bytes.length);
    this.data.push({ at, bytes });
    this.tableAt.set(key, at);
    return at;
  }

  private room(bytes: number): number {
    const at = this.end;
    this.end += Math.ceil(bytes / 16) * 16;
    return at;
  }

  private root(scope: Scope): Scope {
    let s = scope;
    while (s.outer !== undefined) s = s.outer;
    return s;
  }

  private parameter(p: Parameter, scope: Scope): Code {
    const key = JSON.stringify(p);
    const root = this.root(scope);
    const known = root.memo.get(key) as Code | undefined;
    if (known !== undefined) return known;
    let number = this.parameterNumber.get(key);
    if (number === undefined) {
      number = this.parameters.length;
      this.parameters.push(p);
      this.parameterNumber.set(key, number);
    }
    const code = this.keep(root, "i32", w.i32Load(PARAMETERS + 4 * number, w.i32(0)));
    root.memo.set(key, code);
    return code;
  }

  /** Puts a value into a new local at the end of a scope. */
  private keep(scope: Scope, type: ValueType, code: Code): Code {
    const local = this.f.local(type);
    scope.add(w.set(local, code));
    return w.get(local);
  }

  // Faults

  private site(site: Site): number {
    const key = JSON.stringify(site);
    let number = this.siteNumber.get(key);
    if (number === undefined) {
      number = this.sites.length;
      this.sites.push(site);
      this.siteNumber.set(key, number);
    }
    return number;
  }

  /** Ends the run where `when` holds. `numbers` are doubles: the instance's indices are put before them. */
  private fault(
    scope: Scope,
    when: Code,
    site: Omit<Site, "family" | "rank">,
    numbers: readonly Code[] = [],
    ofInstance = true,
  ): void {
    const family = ofInstance ? this.element : undefined;
    const own = family === undefined ? [] : family.dims.map((d) => this.asDouble(scope, d.index));
    const number = this.site(
      family === undefined
        ? { ...site, rank: 0 }
        : { ...site, family: family.name, rank: family.dims.length },
    );
    scope.add(
      w.if(when, [
        ...[...own, ...numbers].flatMap((n, k) => w.f64Store(FAULT + 8 * k, w.i32(0), n)),
        ...w.call(0, w.i32(number)),
        ...w.unreachable,
      ]),
    );
  }

  private asDouble(scope: Scope, name: string): Code {
    return w.f64FromI32(this.indexCode(scope, name));
  }

  private indexCode(scope: Scope, name: string): Code {
    const b = scope.binding(name);
    return b.plus === 0 ? w.get(b.local) : w.add(w.get(b.local), w.i32(b.plus));
  }

  // Index expressions

  private interval(e: IndexExpr, scope: Scope): Interval {
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

  private home(names: Iterable<string>, scope: Scope): Scope {
    let found = this.root(scope);
    for (const name of names) found = deeper(found, scope.binding(name).scope);
    return found;
  }

  /** Whether computing it may end the run. */
  private faulty(e: IndexExpr, scope: Scope): boolean {
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

  private inexact(e: IndexExpr, scope: Scope): boolean {
    const [lo, hi] = this.interval(e, scope);
    return lo < -EXACT || hi > EXACT;
  }

  private nonzero(e: IndexExpr, scope: Scope): boolean {
    return this.interval(e, scope)[0] >= 1 || least(toAffine(e), [], this.sizeFacts()) >= 1;
  }

  private facts: ReturnType<typeof toAffine>[] | undefined;
  /** What the `where` of the task says, as forms ≥ 0. */
  private sizeFacts(): ReturnType<typeof toAffine>[] {
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

  private whole(e: IndexExpr, scope: Scope): Whole {
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

  private wide(e: IndexExpr, scope: Scope): Code {
    const { code, wide } = this.whole(e, scope);
    return wide ? code : w.extend(code);
  }

  private freshWhole(e: Exclude<IndexExpr, { kind: "integer" | "size" | "index" }>, scope: Scope): Whole {
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
  private wrapped(left: IndexExpr, modulus: IndexExpr, scope: Scope): Code | undefined {
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
  private int(e: IndexExpr, scope: Scope): Code {
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
  private floorDiv(a: Code, given: Code, scope: Scope): Code {
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

  private floorMod(a: Code, given: Code, scope: Scope): Code {
    const b = this.keep(scope, "i32", given);
    const odd = w.ltU(w.add(b, w.i32(1)), w.i32(2));
    const d = this.keep(scope, "i32", w.select(w.i32(1), b, odd));
    const rest = this.keep(scope, "i32", w.rem(a, d));
    const off = w.and(w.ne(rest, w.i32(0)), w.xor(w.lt(rest, w.i32(0)), w.lt(d, w.i32(0))));
    return w.select(w.add(rest, d), rest, off);
  }

  // Conditions

  private comparison(c: Comparison, scope: Scope): Code {
    const [a, b] = [this.whole(c.left, scope), this.whole(c.right, scope)];
    if (a.wide || b.wide) {
      const [x, y] = [this.wide(c.left, scope), this.wide(c.right, scope)];
      return { "==": w.i64Eq, "!=": w.i64Ne, "<": w.i64Lt, "<=": w.i64Le }[c.op](x, y);
    }
    return { "==": w.eq, "!=": w.ne, "<": w.lt, "<=": w.le }[c.op](a.code, b.code);
  }

  private faultyCondition(c: Condition, scope: Scope): boolean {
    return c.some((all) => all.some((x) => this.faulty(x.left, scope) || this.faulty(x.right, scope)));
  }

  /** Compares from left to right and stops as soon as it can where a comparison may end the run. */
  private condition(c: Condition, scope: Scope): Code {
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
  private cases<T extends { readonly guard: Condition }>(
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

  // Storage

  /** Bytes from one plane of a dimension to the next. */
  private stride(family: Family, dim: number, scope: Scope): Code | number {
    return dim === family.dims.length - 1
      ? bytesOf(family.type)
      : this.parameter({ kind: "stride", family: family.name, dim }, scope);
  }

  /** An expression as a constant and a sum of leaves (sizes, indices, what is not affine), each times a factor. */
  private linear(e: IndexExpr, factor = 1, into: Linear = { constant: 0, leaves: new Map() }): Linear {
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
  private address(
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
            scope: b.scope,
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

  private narrow(e: IndexExpr, scope: Scope): Code {
    const { code, wide } = this.whole(e, scope);
    return wide ? w.wrap(code) : code;
  }

  private load(family: Family, place: Place, component: number): Code {
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

  private store(family: Family, place: Place, values: readonly Code[], scope: Scope): void {
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

  // Value expressions. Each gives its components: one for a scalar.

  private expr(e: Expr, scope: Scope): readonly Value[] {
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const known = s.memo.get(e) as Value[] | undefined;
      if (known !== undefined) return known;
    }
    const lanes = this.four !== undefined && changesWith(e, this.four);
    const made = lanes ? this.vector(e, scope) : this.fresh(e, scope);
    // Lanes are known to the vector code only, even where they are the same in all.
    const from = lanes ? this.fourScope! : this.root(scope);
    const where = made.reduce((a, v) => deeper(a, v.scope), from);
    where.memo.set(e, made);
    return made;
  }

  private scalar(e: Expr, scope: Scope): Value {
    return this.expr(e, scope)[0]!;
  }

  /** A value computed in the deepest scope that its operands need. */
  private combine(scope: Scope, type: ValueType, operands: readonly Value[], code: Code): Value {
    const where = operands.reduce((a, v) => deeper(a, v.scope), this.root(scope));
    return { code: this.keep(where, type, code), type, scope: where };
  }

  private fresh(e: Expr, scope: Scope): readonly Value[] {
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

  private table(e: Extract<Expr, { kind: "table" }>, scope: Scope): Value {
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

  /** Whether a read with static subscripts stays inside wherever its indices are, guards or not. */
  private always(e: Read, family: Family, more: readonly Dim[] = []): boolean {
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

  private read(e: Read, scope: Scope): readonly Value[] {
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

  private checkInside(
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

  private apply(e: Extract<Expr, { kind: "apply" }>, scope: Scope): readonly Value[] {
    const args = e.args.map((a) => this.expr(a, scope));
    if (e.op === "dot" || e.op === "length") {
      const [a, b = a] = args;
      const products = a!.map((x, k) => w.f32Mul(x.code, b![k]!.code));
      const tree = (list: readonly Code[]): Code => {
        if (list.length === 1) return list[0]!;
        let left = 1;
        while (left * 2 < list.length) left *= 2;
        return w.f32Add(tree(list.slice(0, left)), tree(list.slice(left)));
      };
      const sum = w.f32Add(tree(products), w.f32(0));
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
  private overflow(exact: Code, scope: Scope): void {
    if (!this.checked) return;
    const x = this.keep(scope, "i64", exact);
    this.fault(scope, w.i64Ne(x, w.extend(w.wrap(x))), { code: "overflow", message: " overflows int: $0" }, [
      w.f64FromI64(x),
    ]);
  }

  private operator(
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

  // Lanes: a value of type v128 holds four neighbouring instances; a bit is 0 or −1 in its lane.

  /** A value for four lanes; the same in all where it does not change. */
  private inLanes(v: Value, type: ElementType): Code {
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
  private factor(e: IndexExpr): number {
    return this.linear(e).leaves.get(indexOf(this.four!)) ?? 0;
  }

  private wholeLanes(e: IndexExpr, scope: Scope): Code {
    const k = this.factor(e);
    const first = w.i32x4Splat(this.narrow(e, scope));
    return k === 0 ? first : w.i32x4Add(first, laneNumbers([0, k, 2 * k, 3 * k]));
  }

  /** Lanes for which a condition holds; both sides of its comparisons are linear and fit 32 bits. */
  private conditionLanes(c: Condition, scope: Scope): Code {
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

  private vector(e: Expr, scope: Scope): readonly Value[] {
    const lanes = (x: Expr): readonly Code[] => this.expr(x, scope).map((v) => this.inLanes(v, typeOf(x)));
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
        const args = e.args.map((a) => this.expr(a, scope));
        const codes = e.args.map(lanes);
        if (e.op === "dot" || e.op === "length") {
          const [a, b = a] = codes;
          const tree = (list: readonly Code[]): Code => {
            if (list.length === 1) return list[0]!;
            let left = 1;
            while (left * 2 < list.length) left *= 2;
            return w.f32x4Add(tree(list.slice(0, left)), tree(list.slice(left)));
          };
          const products = a!.map((x, k) => w.f32x4Mul(x, b![k]!));
          const sum = w.f32x4Add(tree(products), laneConstant(0, e.type));
          return [make(args.flat(), e.op === "dot" ? sum : w.f32x4Sqrt(sum))];
        }
        return Array.from({ length: componentsOf(e.type) }, (_, k) => {
          const operands = codes.map((c) => c[k] ?? c[0]!);
          const from = args.map((a) => a[k] ?? a[0]!);
          const where = from.reduce((a, v) => deeper(a, v.scope), this.root(scope));
          return make(from, this.laneOperator(e.op, typeOf(e.args[0]!), operands, where));
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
  private laneStride(family: Family, at: readonly IndexExpr[], scope: Scope): number | Code {
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
  private laneAddresses(place: Place, stride: number | Code): { address: Code; offset: number }[] {
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

  private readLanes(e: Read, scope: Scope): readonly Value[] {
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
    const where = deeper(limit, place.scope);
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

  private storeLanes(family: Family, values: readonly Code[], scope: Scope): void {
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

  private laneOperator(
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
        return from.kind === "bit" ? w.vAnd(a, b) : real ? w.f32x4Min(a, b) : w.i32x4Min(a, b);
      case "max":
        return from.kind === "bit" ? w.vOr(a, b) : real ? w.f32x4Max(a, b) : w.i32x4Max(a, b);
      case "clamp":
        return real ? w.f32x4Min(w.f32x4Max(a, b), c) : w.i32x4Min(w.i32x4Max(a, b), c);
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

  /** The innermost loop with four instances at a time inside, one at a time at the ends; false where that cannot be. */
  private lanesLoop(
    family: Family,
    loop: Dim,
    pieces: readonly Piece[],
    scope: Scope,
    slice?: Slice,
  ): boolean {
    if (this.checked || this.forms === "never" || family.role === "random") return false;
    const outer = new Set(family.dims.map((d) => d.index).filter((n) => n !== loop.index && scope.bound(n)));
    const inner = interiorOf(loop, pieces, outer);
    if (inner === undefined) return false;
    const { index } = loop;
    const ask = {
      unproved: this.unproved,
      always: (e: Read, dims: readonly Dim[]) => this.always(e, this.families.get(e.family)!, dims),
      elsewhere: new Set([...this.bits, ...this.demanded]),
    };
    if (!laneable(family, inner.pieces, index, ask)) return false;
    if (inner.pieces.some((p) => this.faultyCondition(p.guard, scope))) return false;
    const ends = [...inner.from, ...inner.to, ...inner.except];
    if (ends.some((e) => this.faulty(e, scope) || !fits(this.interval(e, scope)))) return false;
    const { lo, hi, range } = this.bounds(loop, scope);
    const [from, to] = slice === undefined ? [lo, hi] : this.slice(lo, hi, slice, scope);
    const i = this.f.local("i32");
    const end = this.keep(scope, "i32", to);
    scope.add(w.set(i, from));
    const extreme = (start: Code, list: readonly IndexExpr[], less: boolean): Code =>
      list.reduce<Code>((best, e) => {
        const x = this.narrow(e, scope);
        return this.keep(scope, "i32", w.select(x, best, less ? w.lt(x, best) : w.gt(x, best)));
      }, start);
    const first = extreme(this.keep(scope, "i32", from), inner.from, false);
    const last = this.keep(scope, "i32", w.sub(extreme(end, inner.to, true), w.i32(4)));
    const holes = inner.except.map((e) => this.narrow(e, scope));
    const before = new Scope(scope, true);
    const part = (): Scope => {
      const made = new Scope(before, true);
      made.names.set(index, { local: i, plus: 0, range, scope: made });
      return made;
    };
    const four = part();
    this.four = index;
    this.fourScope = four;
    four.instance = true;
    this.cases(inner.pieces, four, (p, s) => {
      const values = this.expr(p.value, s).map((v) => this.inLanes(v, typeOf(p.value)));
      this.storeLanes(family, values, s);
    });
    this.four = undefined;
    four.add(w.set(i, w.add(w.get(i), w.i32(4))));
    const single = part();
    this.instance(family, pieces, single);
    single.add(w.set(i, w.add(w.get(i), w.i32(1))));
    let inside: Code = w.and(w.ge(w.get(i), first), w.le(w.get(i), last));
    for (const hole of holes) inside = w.and(inside, w.geU(w.sub(hole, w.get(i)), w.i32(4)));
    before.add(w.loop([...w.if(inside, four.code, single.code), ...w.brIf(0, w.lt(w.get(i), end))]));
    scope.add(w.if(w.lt(w.get(i), end), before.code));
    return true;
  }

  // Reductions

  private reduce(e: Reduce, scope: Scope): readonly Value[] {
    const lanes = this.four !== undefined && changesWith(e, this.four);
    const real = machine(e.type) === "f32";
    const type = lanes ? "v128" : machine(e.type);
    const constant = (n: number): Code => (lanes ? laneConstant(n, e.type) : real ? w.f32(n) : w.i32(n));
    const empty: Record<Reduce["op"], number> = {
      sum: 0,
      product: 1,
      min: real ? Number.POSITIVE_INFINITY : I32_MOST,
      max: real ? Number.NEGATIVE_INFINITY : I32_LEAST,
      any: 0,
      all: 1,
      parity: 0,
      majority: 0,
      count: 0,
      argmin: -1,
      argmax: -1,
    };
    const results = Array.from({ length: componentsOf(e.type) }, () => this.f.local(type));
    for (const r of results) scope.add(w.set(r, constant(empty[e.op])));
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    if (real && (e.op === "sum" || e.op === "product")) {
      const add = lanes ? w.f32x4Add : w.f32Add;
      const mul = lanes ? w.f32x4Mul : w.f32Mul;
      const step = e.op === "sum" ? add : mul;
      const canon = this.canonical(
        results.map(() => type),
        scope,
        (left, right) => left.map((l, k) => step(l, right[k]!)),
      );
      const identity = constant(e.op === "sum" ? -0 : 1);
      this.blocks(e, scope, canon, (inner) => this.operands(e, identity, inner));
      canon.finish(results, scope);
      if (e.op === "sum") for (const r of results) scope.add(w.set(r, add(w.get(r), constant(0))));
    } else if (lanes) {
      const r = results[0]!;
      const identity = constant(empty[e.op]);
      const step = {
        sum: w.i32x4Add,
        product: w.i32x4Mul,
        min: real ? w.f32x4Min : w.i32x4Min,
        max: real ? w.f32x4Max : w.i32x4Max,
        any: w.vOr,
        all: w.vAnd,
        parity: w.vXor,
        // A bit in a lane is 0 or −1.
        count: w.i32x4Sub,
      }[e.op as "sum"];
      this.nested(e.dims, scope, (inner) => {
        inner.add(w.set(r, step(w.get(r), this.operands(e, identity, inner)[0]!)));
      });
    } else this.accumulate(e, results[0]!, scope);
    this.ranges = saved;
    return results.map((r) => ({ code: w.get(r), type, scope }));
  }

  /** One operand of a reduction; the identity where a filter leaves it out. */
  private operands(e: Reduce, identity: Code, scope: Scope): readonly Code[] {
    const lanes = this.four !== undefined && changesWith(e, this.four);
    const type = lanes ? "v128" : machine(e.type);
    const bodyType = typeOf(e.body);
    /** In lanes, those of a filter that asks for them are worked out for all. */
    const asksLanes = lanes && [...namesOfCondition(e.filter)].includes(this.four!);
    const present = (inner: Scope): readonly Code[] => {
      const values = this.expr(e.body, inner).map((v) => (lanes ? this.inLanes(v, bodyType) : v.code));
      const masks: Code[] = [];
      if (asksLanes) masks.push(this.conditionLanes(e.filter, inner));
      if (e.dataFilter !== undefined) {
        const kept = this.scalar(e.dataFilter, inner);
        masks.push(lanes ? this.inLanes(kept, { kind: "bit" }) : kept.code);
      }
      if (masks.length === 0) return values;
      if (!lanes) return values.map((v) => this.keep(inner, type, w.select(v, identity, masks[0]!)));
      const mask = masks.reduce((a, b) => w.vAnd(a, b));
      return values.map((v) => this.keep(inner, type, w.bitselect(v, identity, mask)));
    };
    if (asksLanes || isAlways(e.filter)) return present(scope);
    const locals = Array.from({ length: componentsOf(e.type) }, () => this.f.local(type));
    const holds = this.condition(e.filter, scope);
    const then = new Scope(scope, true);
    present(then).forEach((v, k) => {
      then.add(w.set(locals[k]!, v));
    });
    scope.add(
      w.if(
        holds,
        then.code,
        locals.flatMap((l) => w.set(l, identity)),
      ),
    );
    return locals.map((l) => w.get(l));
  }

  /**
   * Operands of a canonical reduction. Where the body is small, eight at a time along the last dimension: their tree needs no
   * stack.
   */
  private blocks(
    e: Reduce,
    scope: Scope,
    canon: ReturnType<Printer["canonical"]>,
    operands: (inner: Scope) => readonly Code[],
  ): void {
    const last = e.dims.at(-1)!;
    if (weight(e.body) > MOST_REPEATED) {
      this.nested(e.dims, scope, (inner) => canon.push(operands(inner), inner));
      return;
    }
    this.nested(e.dims.slice(0, -1), scope, (outer) => {
      const { lo, hi, range } = this.bounds(last, outer);
      const i = this.f.local("i32");
      const end = this.keep(outer, "i32", hi);
      outer.add(w.set(i, lo));
      const before = new Scope(outer, true);
      const at = (inner: Scope, plus: number): Scope => {
        inner.names.set(last.index, { local: i, plus, range, scope: inner });
        return inner;
      };
      const eight = new Scope(before);
      eight.names.set(last.index, { local: i, plus: 0, range, scope: eight });
      // Equal lengths merge as soon as they are there: at most four are alive.
      const open: { level: number; values: readonly Code[] }[] = [];
      for (let k = 0; k < 8; k++) {
        const one = at(new Scope(eight), k);
        const values = operands(one);
        eight.add(one.code);
        open.push({ level: 0, values });
        while (open.length > 1 && open.at(-1)!.level === open.at(-2)!.level) {
          const [left, right] = open.splice(-2) as [(typeof open)[0], (typeof open)[0]];
          const merged = canon
            .combine(left.values, right.values, eight)
            .map((code, j) => this.keep(eight, canon.types[j]!, code));
          open.push({ level: left.level + 1, values: merged });
        }
      }
      canon.push(open[0]!.values, eight, 3);
      eight.add(w.set(i, w.add(w.get(i), w.i32(8))));
      const single = at(new Scope(before), 0);
      canon.push(operands(single), single);
      single.add(w.set(i, w.add(w.get(i), w.i32(1))));
      const whole = w.and(w.eqz(w.and(canon.count, w.i32(7))), w.le(w.add(w.get(i), w.i32(8)), end));
      before.add(w.loop([...w.if(whole, eight.code, single.code), ...w.brIf(0, w.lt(w.get(i), end))]));
      outer.add(w.if(w.lt(w.get(i), end), before.code));
    });
  }

  /** Reductions whose order does not matter, or that look for a place. */
  private accumulate(e: Reduce, result: number, scope: Scope): void {
    const real = machine(e.type) === "f32";
    const count = e.op === "majority" ? this.f.local("i32") : -1;
    if (count >= 0) scope.add(w.set(count, w.i32(0)));
    const bestType = typeOf(e.body).kind === "real" ? "f32" : "i32";
    const best = e.op === "argmin" || e.op === "argmax" ? this.f.local(bestType) : -1;
    const some = best >= 0 ? this.f.local("i32") : -1;
    if (some >= 0) scope.add(w.set(some, w.i32(0)));
    const into = (v: Code, target: Scope): void => {
      const r = w.get(result);
      const put = (code: Code): void => target.add(w.set(result, code));
      switch (e.op) {
        case "sum":
          this.overflow(w.i64Add(w.extend(r), w.extend(v)), target);
          return put(w.add(r, v));
        case "product":
          this.overflow(w.i64Mul(w.extend(r), w.extend(v)), target);
          return put(w.mul(r, v));
        case "min":
          return put(real ? w.f32Min(r, v) : w.select(r, v, w.lt(r, v)));
        case "max":
          return put(real ? w.f32Max(r, v) : w.select(v, r, w.lt(r, v)));
        case "any":
          return put(w.or(r, v));
        case "all":
          return put(w.and(r, v));
        case "parity":
          return put(w.xor(r, v));
        case "count":
          return put(w.add(r, v));
        case "majority":
          put(w.add(r, v));
          target.add(w.set(count, w.add(w.get(count), w.i32(1))));
          return;
        case "argmin":
        case "argmax": {
          const b = w.get(best);
          const less = bestType === "f32" ? w.f32Lt : w.lt;
          const ahead = e.op === "argmin" ? less(v, b) : less(b, v);
          const number = bestType === "f32" ? w.and(w.f32Ne(b, b), w.f32Eq(v, v)) : w.i32(0);
          target.add(
            w.if(w.or(w.eqz(w.get(some)), w.or(ahead, number)), [
              ...w.set(best, v),
              ...w.set(some, w.i32(1)),
              ...w.set(result, this.indexCode(target, e.dims[0]!.index)),
            ]),
          );
        }
      }
    };
    this.nested(e.dims, scope, (inner) => {
      const holds = isAlways(e.filter) ? undefined : this.condition(e.filter, inner);
      const target = holds === undefined ? inner : new Scope(inner, true);
      const kept = e.dataFilter === undefined ? undefined : this.scalar(e.dataFilter, target);
      const value = this.scalar(e.body, target).code;
      const only = kept === undefined ? target : new Scope(target, true);
      into(value, only);
      if (kept !== undefined) target.add(w.if(kept.code, only.code));
      if (holds !== undefined) inner.add(w.if(holds, target.code));
    });
    if (e.op === "majority") scope.add(w.set(result, w.gt(w.shl(w.get(result), w.i32(1)), w.get(count))));
  }

  /**
   * Combines operands in the canonical order. Partial results lie on a stack, one for each bit of how many there are: equal
   * lengths merge as in counting.
   */
  private canonical(
    types: readonly ValueType[],
    scope: Scope,
    combine: (left: readonly Code[], right: readonly Code[], scope: Scope) => readonly Code[],
  ) {
    const offsets = types.map((_, k) => types.slice(0, k).reduce((sum, t) => sum + sizeOf(t), 0));
    const bytes = types.reduce((sum, t) => sum + sizeOf(t), 0);
    const stack = this.room(32 * bytes);
    const [count, top, c] = [this.f.local("i32"), this.f.local("i32"), this.f.local("i32")];
    scope.add([...w.set(count, w.i32(0)), ...w.set(top, w.i32(stack))]);
    const load = (k: number): Code => loads[types[k]!](offsets[k]!, w.get(top));
    const down = w.set(top, w.sub(w.get(top), w.i32(bytes)));
    /** The element below the top of the stack times the one in locals, into these. */
    const merge = (locals: readonly number[], outer: Scope): Code => {
      const inner = new Scope(outer, true);
      inner.add(down);
      const left = types.map((t, k) => this.keep(inner, t, load(k)));
      const made = combine(
        left,
        locals.map((l) => w.get(l)),
        inner,
      ).map((code, k) => this.keep(inner, types[k]!, code));
      made.forEach((code, k) => {
        inner.add(w.set(locals[k]!, code));
      });
      return inner.code;
    };
    return {
      types,
      count: w.get(count),
      combine,
      /** One more operand, or the result of 2^level of them where their number so far is a multiple of that. */
      push: (values: readonly Code[], target: Scope, level = 0): void => {
        const sums = types.map((t) => this.f.local(t));
        target.add([
          ...sums.flatMap((s, k) => w.set(s, values[k]!)),
          ...w.set(c, level === 0 ? w.get(count) : w.shrU(w.get(count), w.i32(level))),
          ...w.set(count, w.add(w.get(count), w.i32(2 ** level))),
          ...w.block(
            w.loop([
              ...w.brIf(1, w.eqz(w.and(w.get(c), w.i32(1)))),
              ...merge(sums, target),
              ...w.set(c, w.shrU(w.get(c), w.i32(1))),
              ...w.br(0),
            ]),
          ),
          ...sums.flatMap((s, k) => stores[types[k]!](offsets[k]!, w.get(top), w.get(s))),
          ...w.set(top, w.add(w.get(top), w.i32(bytes))),
        ]);
      },
      /** Into locals that hold the identity: what is left on the stack, the latest first. */
      finish: (locals: readonly number[], target: Scope): void => {
        target.add(
          w.if(w.get(count), [
            ...down,
            ...locals.flatMap((l, k) => w.set(l, load(k))),
            ...w.block(
              w.loop([...w.brIf(1, w.eq(w.get(top), w.i32(stack))), ...merge(locals, target), ...w.br(0)]),
            ),
          ]),
        );
      },
    };
  }

  /** All components of a fold at once; each is remembered, so that asking for another costs nothing. */
  private fold(e: Fold, scope: Scope): readonly Value[] {
    const { monoid } = e;
    const widths = monoid.types.map(componentsOf);
    const types = monoid.types.flatMap((t) => Array<ValueType>(componentsOf(t)).fill(machine(t)));
    const identity = monoid.identity.flatMap((c) => this.expr(c, scope));
    const results = types.map((t) => this.f.local(t));
    results.forEach((r, k) => {
      scope.add(w.set(r, identity[k]!.code));
    });
    const byComponent = (values: readonly Value[]): Value[][] => {
      const left = [...values];
      return widths.map((width) => left.splice(0, width));
    };
    const canon = this.canonical(types, scope, (left, right, inner) => {
      for (const [side, codes] of [
        ["left", left],
        ["right", right],
      ] as const) {
        const values = codes.map((code, k): Value => ({ code, type: types[k]!, scope: inner }));
        byComponent(values).forEach((own, k) => {
          inner.memo.set(operand(side, k, monoid.types[k]!), own);
        });
      }
      return monoid.combine.flatMap((c) => this.expr(c, inner)).map((v) => v.code);
    });
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    this.nested(e.dims, scope, (inner) => {
      const values = types.map((t) => this.f.local(t));
      values.forEach((v, k) => {
        inner.add(w.set(v, identity[k]!.code));
      });
      const holds = isAlways(e.filter) ? undefined : this.condition(e.filter, inner);
      const then = holds === undefined ? inner : new Scope(inner, true);
      const kept = e.dataFilter === undefined ? undefined : this.scalar(e.dataFilter, then);
      const made = e.bodies.flatMap((b) => this.expr(b, then));
      const take = made.flatMap((v, k) => w.set(values[k]!, v.code));
      then.add(kept === undefined ? take : w.if(kept.code, take));
      if (holds !== undefined) inner.add(w.if(holds, then.code));
      canon.push(
        values.map((v) => w.get(v)),
        inner,
      );
    });
    this.ranges = saved;
    canon.finish(results, scope);
    const all = byComponent(results.map((r, k) => ({ code: w.get(r), type: types[k]!, scope })));
    all.forEach((own, k) => {
      scope.memo.set(foldOf(monoid, e.dims, e.bodies, k, e), own);
    });
    return all[e.position]!;
  }

  // Loops

  /** `for` over one range; the body runs with the index in scope. */
  private loop(
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
  private bounds(d: Dim, scope: Scope): { lo: Code; hi: Code; range: Interval } {
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

  private nested(dims: readonly Dim[], scope: Scope, body: (inner: Scope) => void): void {
    const [first, ...rest] = dims;
    if (first === undefined) {
      body(scope);
      return;
    }
    const { lo, hi, range } = this.bounds(first, scope);
    this.loop(first.index, lo, hi, range, scope, (inner) => this.nested(rest, inner, body));
  }

  // Statements

  private instance(family: Family, pieces: readonly Piece[], outer: Scope): void {
    const scope = new Scope(outer);
    scope.instance = true;
    const own = family.dims.map((d): IndexExpr => indexOf(d.index));
    if (family.role === "random") {
      const keys = [this.parameter({ kind: "seed" }, scope), w.i32(familyKey(family.name) | 0)];
      const at = family.dims.map((d) => this.indexCode(scope, d.index));
      const number = this.libraryFunction("threefry");
      const result = this.f.local("f32");
      let k = 0;
      do {
        const [k0, k1] = k === 0 ? keys : [w.i32Load(SCRATCH, w.i32(0)), w.i32Load(SCRATCH + 4, w.i32(0))];
        scope.add(w.set(result, w.call(number, k0!, k1!, at[k] ?? w.i32(0), at[k + 1] ?? w.i32(0))));
        k += 2;
      } while (k < at.length);
      this.store(family, this.address(family, own, scope), [w.get(result)], scope);
      outer.add(scope.code);
      return;
    }
    this.cases(pieces, scope, (p, inner) => {
      const values = this.expr(p.value, inner);
      if (family.type.kind === "index" && !this.within(p.value, family)) {
        const bound = this.whole(family.type.bound, inner);
        const v = values[0]!.code;
        const outside = bound.wide
          ? w.or(w.lt(v, w.i32(0)), w.i64Le(bound.code, w.extend(v)))
          : w.or(w.lt(v, w.i32(0)), w.le(bound.code, v));
        this.fault(inner, outside, { code: "value-range", message: " is $0, outside 0..$1" }, [
          w.f64FromI32(v),
          bound.wide ? w.f64FromI64(bound.code) : w.f64FromI32(bound.code),
        ]);
      }
      this.store(
        family,
        this.address(family, own, inner),
        values.map((v) => v.code),
        inner,
      );
    });
    outer.add(scope.code);
  }

  /** Whether the type of a value says that it is in the family's range. */
  private within(value: Expr, family: Family): boolean {
    const type = typeOf(value);
    return (
      type.kind === "index" &&
      family.type.kind === "index" &&
      type.bound === family.type.bound &&
      namesOf(type.bound).size === 0
    );
  }

  /**
   * Loops over the dimensions that are not fixed. A guard that no inner index decides is asked outside the loops it does not
   * mention: each piece gets loops of its own.
   */
  private nest(
    family: Family,
    open: readonly Dim[],
    pieces: readonly Piece[],
    scope: Scope,
    slice?: Slice,
  ): void {
    const inner = new Set(open.map((d) => d.index));
    const outside = pieces.findIndex(
      (p) =>
        !isAlways(p.guard) &&
        [...namesOfCondition(p.guard)].every((n) => !inner.has(n)) &&
        !this.faultyCondition(p.guard, scope),
    );
    if (open.length > 0 && outside >= 0 && pieces.length <= MOST_PIECES) {
      const one = pieces[outside]!;
      const holds = this.condition(one.guard, scope);
      const then = new Scope(scope, true);
      this.nest(family, open, [...pieces.slice(0, outside), { ...one, guard: [[]] }], then, slice);
      const otherwise = new Scope(scope, true);
      const rest = pieces.filter((_, k) => k !== outside);
      if (rest.length > 0) this.nest(family, open, rest, otherwise, slice);
      scope.add(w.if(holds, then.code, otherwise.code));
      return;
    }
    const [first, ...rest] = open;
    if (first === undefined) {
      this.instance(family, pieces, scope);
      return;
    }
    if (rest.length === 0 && this.lanesLoop(family, first, pieces, scope, slice)) return;
    const { lo, hi, range } = this.bounds(first, scope);
    const [from, to] = slice === undefined ? [lo, hi] : this.slice(lo, hi, slice, scope);
    this.loop(first.index, from, to, range, scope, (s) => this.nest(family, rest, pieces, s));
  }

  /** The part of a range that a call is asked for; sets what is left. */
  private slice(lo: Code, hi: Code, { left }: Slice, scope: Scope): [Code, Code] {
    const from = this.keep(scope, "i32", w.add(lo, w.get(0)));
    const rest = this.keep(scope, "i32", w.sub(hi, from));
    const now = this.keep(scope, "i32", w.select(rest, w.get(1), w.lt(rest, w.get(1))));
    scope.add(w.set(left, w.sub(rest, now)));
    return [from, w.add(from, now)];
  }

  /** A function of the module for a step of the schedule. */
  private step(step: Step, names: string[]): void {
    if (step.kind === "demand") {
      this.demand(step, names);
      return;
    }
    this.f = new FunctionBuilder(["i32", "i32"], ["i32"]);
    const left = this.f.local("i32");
    const root = new Scope(undefined);
    this.written = step.kind === "nest" ? new Set([step.family.name]) : new Set(step.members.keys());
    const body = new Scope(root);
    if (step.kind === "nest") this.member(step, body, { left });
    else this.timeLoop(step, body, { left });
    this.finish(root, body, names, w.get(left));
  }

  private finish(root: Scope, body: Scope, names: string[], result: Code): void {
    for (const b of root.code) this.f.code.push(b);
    for (const b of body.code) this.f.code.push(b);
    this.f.code.push(...result);
    const name = `step${names.length}`;
    this.exported.push({ name, index: this.addFunction(this.f) });
    names.push(name);
  }

  private member(step: Extract<Step, { kind: "nest" }>, scope: Scope, slice?: Slice): void {
    const { family, fixed } = step;
    this.element = family;
    this.ranges = family.dims;
    const open = family.dims.filter((_, k) => !fixed.has(k));
    const word = this.packed.get(family.name)?.word;
    if (word !== undefined) {
      this.rows(family, open, word, scope, slice);
      return;
    }
    this.nest(family, open, family.role === "random" ? [] : family.pieces, scope, slice);
  }

  // Words

  /** Rows of a packed family, a word at a time. */
  private rows(family: Family, open: readonly Dim[], word: Word, scope: Scope, slice?: Slice): void {
    const [first, ...rest] = open as [Dim, ...Dim[]];
    const { lo, hi, range } = this.bounds(first, scope);
    if (rest.length > 0) {
      const [from, to] = slice === undefined ? [lo, hi] : this.slice(lo, hi, slice, scope);
      this.loop(first.index, from, to, range, scope, (s) => this.rows(family, rest, word, s));
      return;
    }
    const length = this.keep(scope, "i32", w.sub(hi, lo));
    const words = this.keep(scope, "i32", w.shr(w.add(length, w.i32(127)), w.i32(7)));
    const [from, to] = slice === undefined ? [w.i32(0), words] : this.slice(w.i32(0), words, slice, scope);
    const count = "\u0000word";
    this.loop(count, from, to, [0, WASM_SIZE_LIMIT], scope, (inner) => {
      inner.instance = true;
      const place = this.keep(inner, "i32", w.shl(w.get(inner.binding(count).local), w.i32(7)));
      const local = this.f.local("i32");
      inner.add(w.set(local, w.add(lo, place)));
      inner.names.set(first.index, { local, plus: 0, range, scope: inner });
      this.lane = { dim: first, place };
      const value = this.word(word, inner).code;
      const own = family.dims.map((d): IndexExpr => (d === first ? d.lo : indexOf(d.index)));
      const row = this.address(family, own, inner);
      if (this.bits.has(family.name))
        inner.add(w.v128Store(row.offset, w.add(row.address, w.shrU(place, w.i32(3))), value));
      else {
        const at = w.add(w.add(row.address, w.i32(row.offset)), place);
        inner.add(w.call(this.libraryFunction("unpackBytes"), at, value, w.sub(length, place)));
      }
      this.lane = undefined;
    });
  }

  private word(word: Word, scope: Scope): Value {
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const known = s.memo.get(word) as Value | undefined;
      if (known !== undefined) return known;
    }
    const made: Value = { code: this.keep(scope, "v128", this.freshWord(word, scope)), type: "v128", scope };
    scope.memo.set(word, made);
    return made;
  }

  private freshWord(word: Word, scope: Scope): Code {
    const all = (value: 0 | 1): Code => w.v128(Array<number>(16).fill(value === 0 ? 0 : 255));
    switch (word.kind) {
      case "constant":
        return all(word.value);
      case "not":
        return w.vNot(this.word(word.of, scope).code);
      case "and":
      case "or":
      case "xor": {
        const [a, b] = [this.word(word.left, scope).code, this.word(word.right, scope).code];
        return { and: w.vAnd, or: w.vOr, xor: w.vXor }[word.kind](a, b);
      }
      case "same":
        return w.i32x4Splat(w.sub(w.i32(0), this.scalar(word.value, scope).code));
      case "where":
        return word.condition
          .map((every) => every.map((c) => this.lanesWhere(c, scope)).reduce((a, b) => w.vAnd(a, b)))
          .reduce((a, b) => w.vOr(a, b));
      case "cells":
        return this.cells(word, scope);
      case "branch": {
        const result = this.f.local("v128");
        const cases = [
          { guard: word.guard, word: word.then },
          { guard: [[]] as Condition, word: word.otherwise },
        ];
        this.cases(cases, scope, (c, inner) => inner.add(w.set(result, this.word(c.word, inner).code)));
        return w.get(result);
      }
      case "fold": {
        const result = this.f.local("v128");
        scope.add(w.set(result, all(word.gate === "and" ? 1 : 0)));
        const saved = this.ranges;
        this.ranges = [...this.ranges, ...word.dims];
        const gate = { and: w.vAnd, or: w.vOr, xor: w.vXor }[word.gate];
        this.nested(word.dims, scope, (inner) =>
          inner.add(w.set(result, gate(w.get(result), this.word(word.body, inner).code))),
        );
        this.ranges = saved;
        return w.get(result);
      }
      case "each":
        return this.laneByLane(scope, (inner) => this.scalar(word.value, inner).code);
    }
  }

  /** A bit for each lane, one after the other; those beyond the row's end are 0. */
  private laneByLane(scope: Scope, bit: (inner: Scope) => Code): Code {
    const { dim } = this.lane!;
    const base = w.get(scope.binding(dim.index).local);
    const { hi, range } = this.bounds(dim, scope);
    const end = this.keep(scope, "i32", w.add(base, w.i32(128)));
    const last = w.select(hi, end, w.lt(hi, end));
    scope.add(w.v128Store(LANES, w.i32(0), w.v128(Array<number>(16).fill(0))));
    this.loop(dim.index, base, last, range, scope, (inner) => {
      inner.instance = true;
      const lane = this.keep(inner, "i32", w.sub(this.indexCode(inner, dim.index), base));
      const byte = w.shrU(lane, w.i32(3));
      const found = bit(inner);
      inner.add(w.i32Store8(LANES, byte, w.or(w.i32Load8(LANES, byte), w.shl(found, w.and(lane, w.i32(7))))));
    });
    return w.v128Load(LANES, w.i32(0));
  }

  /** Lanes for which a comparison holds: its difference grows or falls by one from lane to lane, or it is asked in each. */
  private lanesWhere(c: Comparison, scope: Scope): Code {
    const name = this.lane!.dim.index;
    const difference = this.linear(c.right, -1, this.linear(c.left));
    let step = 0;
    let strange = false;
    for (const [leaf, factor] of difference.leaves) {
      if (leaf.kind === "index" && leaf.name === name) step = factor;
      else if (namesOf(leaf).has(name)) strange = true;
    }
    if (strange || Math.abs(step) > 1) return this.laneByLane(scope, (inner) => this.comparison(c, inner));
    if (step === 0) return w.i32x4Splat(w.sub(w.i32(0), this.comparison(c, scope)));
    const exact = this.keep(scope, "i64", w.i64Sub(this.wide(c.left, scope), this.wide(c.right, scope)));
    const far = w.select(w.i64(1000), w.i64(-1000), w.i64Gt(exact, w.i64(0)));
    const near = w.and(w.i64Lt(exact, w.i64(1000)), w.i64Gt(exact, w.i64(-1000)));
    const first = this.keep(scope, "i32", w.wrap(w.select(exact, far, near)));
    // Lanes below a number; the difference in lane l is first ± l.
    const below = (n: Code): Code => w.call(this.libraryFunction("lanesBelow"), n);
    const negative = (plus: number): Code =>
      step === 1 ? below(w.sub(w.i32(plus), first)) : w.vNot(below(w.add(first, w.i32(1 - plus))));
    switch (c.op) {
      case "<":
        return negative(0);
      case "<=":
        return negative(1);
      case "==":
        return w.vAndNot(negative(1), negative(0));
      case "!=":
        return w.vNot(w.vAndNot(negative(1), negative(0)));
    }
  }

  private cells({ family, at, offset, ring, read }: Cells, scope: Scope): Code {
    const { place } = this.lane!;
    const given = at.map((s) => {
      if (s.kind === "static") return s.value;
      const v = this.scalar(s.value, scope);
      return { code: v.code, scope: v.scope };
    });
    if (at.some((s) => s.kind === "dynamic")) this.checkInside(read, family, given, scope);
    const row = this.address(family, given, scope);
    const bits = this.bits.has(family.name);
    this.margin = Math.max(this.margin, Math.abs(offset) + 256);
    const position = w.add(place, w.i32(offset));
    const start = w.add(row.address, w.i32(row.offset));
    const inside = (): Code => {
      if (!bits) return w.call(this.libraryFunction("packBytes"), w.add(start, position));
      const key = `word ${row.address.join()}`;
      const at =
        (scope.memo.get(key) as Code | undefined) ??
        this.keep(scope, "i32", w.add(row.address, w.shrU(place, w.i32(3))));
      scope.memo.set(key, at);
      const whole = Math.floor(offset / 64);
      const by = offset - 64 * whole;
      const near = row.offset + 8 * whole;
      const load = (more: number): Code =>
        near >= 0 ? w.v128Load(near + more, at) : w.v128Load(more, w.add(at, w.i32(near)));
      if (by === 0) return load(0);
      return w.vOr(w.i64x2ShrU(load(0), w.i32(by)), w.i64x2Shl(load(8), w.i32(64 - by)));
    };
    if (ring === undefined) return inside();
    const length = this.narrow(ring, scope);
    const result = this.f.local("v128");
    const fast = new Scope(scope, true);
    fast.add(w.set(result, inside()));
    const around = this.libraryFunction(bits ? "ringOfBits" : "ringOfBytes");
    scope.add(
      w.if(
        w.and(w.ge(position, w.i32(0)), w.le(w.add(position, w.i32(128)), length)),
        fast.code,
        w.set(result, w.call(around, start, position, length)),
      ),
    );
    return w.get(result);
  }

  private timeLoop(step: Extract<Step, { kind: "loop" }>, scope: Scope, slice?: Slice): void {
    const members = [...step.members].map(([name, m]) => ({ family: this.families.get(name)!, ...m }));
    // Bounds may mention indices that are fixed already: they are in scope.
    let [lo, hi]: (Code | undefined)[] = [];
    let [least, most] = [I32_MOST, I32_LEAST];
    for (const m of members) {
      const d = m.family.dims[m.dim]!;
      const b = this.bounds(d, scope);
      const last = w.sub(b.hi, w.i32(1));
      const [x, y] =
        step.direction === 1
          ? [w.add(b.lo, w.i32(m.offset)), w.add(last, w.i32(m.offset))]
          : [w.sub(w.i32(m.offset), last), w.sub(w.i32(m.offset), b.lo)];
      const [p, q] = [this.keep(scope, "i32", x), this.keep(scope, "i32", y)];
      lo = lo === undefined ? p : this.keep(scope, "i32", w.select(lo, p, w.lt(lo, p)));
      hi = hi === undefined ? q : this.keep(scope, "i32", w.select(hi, q, w.gt(hi, q)));
      least = Math.min(least, b.range[0]);
      most = Math.max(most, b.range[1]);
    }
    const end = w.add(hi!, w.i32(1));
    const [from, to] = slice === undefined ? [lo!, end] : this.slice(lo!, end, slice, scope);
    const reach = Math.max(Math.abs(least), Math.abs(most)) + 64;
    const time = "\u0000time";
    this.loop(time, from, to, [-reach, reach], scope, (inner) => {
      const t = w.get(inner.binding(time).local);
      for (const part of step.body) {
        if (part.kind === "demand") throw new Unschedulable();
        const names = familiesOf(part);
        const own = members.filter((m) => names.has(m.family.name));
        const body = new Scope(inner, true);
        const guards: Code[] = [];
        const heads = new Map<string, number>();
        for (const m of own) {
          const d = m.family.dims[m.dim]!;
          const value = step.direction === 1 ? w.sub(t, w.i32(m.offset)) : w.sub(w.i32(m.offset), t);
          const b = this.bounds(d, inner);
          guards.push(w.and(w.le(b.lo, value), w.lt(value, b.hi)));
          if (heads.has(d.index) && heads.get(d.index) !== m.offset) throw new Unschedulable();
          heads.set(d.index, m.offset);
          if (body.names.has(d.index)) continue;
          const local = this.f.local("i32");
          body.add(w.set(local, value));
          body.names.set(d.index, { local, plus: 0, range: b.range, scope: body });
        }
        // Families of a deeper loop may have different ranges here: they must share one guard.
        if (new Set(guards.map((g) => g.join())).size > 1) throw new Unschedulable();
        if (part.kind === "nest") this.member(part, body);
        else this.timeLoop(part, body);
        inner.add(w.if(guards[0]!, body.code));
      }
    });
  }

  // On demand

  private waitFor(family: Family, place: Place, scope: Scope): void {
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
  private pushNeed(which: Code, number: Code): Code {
    return [
      ...w.i32Store(0, w.i32Load(STACK, w.i32(0)), which),
      ...w.i32Store(4, w.i32Load(STACK, w.i32(0)), number),
      ...w.i32Store(STACK, w.i32(0), w.add(w.i32Load(STACK, w.i32(0)), w.i32(8))),
    ];
  }

  /** Computes families on demand with an explicit stack of (family, place) behind everything else in memory. */
  private demand(step: Extract<Step, { kind: "demand" }>, names: string[]): void {
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

  private settle(
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

/** The word that holds the stack pointer of computation on demand. */
const STACK = 520;
const MOST_PIECES = 12;

/** Expressions up to this weight are repeated in a block of eight. */
const MOST_REPEATED = 48;
function weight(e: Expr): number {
  if (e.kind === "reduce" || e.kind === "fold" || e.kind === "choose") return MOST_REPEATED + 1;
  return childrenOf(e).reduce((sum, c) => sum + weight(c), 1);
}

const laneNumbers = (four: readonly number[]): Code =>
  w.v128([...new Uint8Array(Int32Array.from(four).buffer)]);
/** A number in all lanes; a bit as 0 or −1. */
const laneConstant = (n: number, type: ElementType): Code =>
  machine(type) === "f32"
    ? w.v128([...new Uint8Array(Float32Array.of(n, n, n, n).buffer)])
    : laneNumbers(Array<number>(4).fill(type.kind === "bit" ? -n : n));

const sizeOf = (type: ValueType): number => ({ i32: 4, f32: 4, i64: 8, f64: 8, v128: 16 })[type];
const loads = { i32: w.i32Load, f32: w.f32Load, v128: w.v128Load, i64: w.i64Load, f64: w.i64Load };
const stores = { i32: w.i32Store, f32: w.f32Store, v128: w.v128Store, i64: w.i64Store, f64: w.f64Store };

interface Linear {
  constant: number;
  readonly leaves: Map<IndexExpr, number>;
}
interface Place {
  readonly address: Code;
  readonly offset: number;
  readonly scope: Scope;
}
/** A local that receives how much of the outermost loop a call leaves over. */
interface Slice {
  readonly left: number;
}

function familiesOf(step: Step): Set<string> {
  switch (step.kind) {
    case "nest":
      return new Set([step.family.name]);
    case "demand":
      return new Set(step.families.map((f) => f.name));
    case "loop":
      return new Set(step.members.keys());
  }
}
