/** What every part of the emitter stands on: scopes of straight code, the functions and memory of the module, and faults. */
import { nodeNumber } from "../../equations/build";
import { collectIndices } from "../../equations/evaluate-index";
import type { Condition, Dim, ElementType, Expr, Family, IndexExpr, System } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { familiesFromZero, isFromZero, realInputs } from "../../schedule/from-zero";
import type { Choice, Packed } from "../../schedule/packing";
import type { Schedule } from "../../schedule/schedule";
import { visitWord } from "../../schedule/words";
import { type LibraryName, library, trigonometricTable } from "./elementary";
import { type Code, FunctionBuilder, type ValueType, w } from "./encode";

/** What the JavaScript side must know: what to write where before the first step, and what faults mean. */
export interface HostPlan {
  /** The values of the words at `PARAMETERS`, in order. */
  readonly parameters: readonly Parameter[];
  /** First free byte after what the module itself uses. */
  readonly end: number;
  /** Exported step functions, in order; `fromZero`: the one for inputs whose reals are all 0 or more. */
  readonly steps: readonly { readonly name: string; readonly fromZero?: string }[];
  readonly sites: readonly Site[];
  /** Families with a byte for each place that says whether it is computed. */
  readonly demanded: ReadonlySet<string>;
  /** Families whose rows lie in memory as bits. */
  readonly bits: ReadonlySet<string>;
  /** Of these, families with `RING_BYTES` before and after each row. */
  readonly rings: ReadonlySet<string>;
  /** Bytes before and after all families that words may touch. */
  readonly margin: number;
}
export type Parameter =
  | { readonly kind: "size"; readonly name: string }
  | { readonly kind: "base" | "ready"; readonly family: string }
  | { readonly kind: "lo" | "stride"; readonly family: string; readonly dim: number }
  | { readonly kind: "seed" | "free" };

/** A fault: the numbers at `FAULT` are the instance's indices and what `code` needs besides. */
export interface Site {
  readonly code: string;
  readonly family?: string;
  readonly rank: number;
  /** How the message goes on after the instance, with `$k` for the k-th further number. */
  readonly message: string;
  /** A family whose instance the message names: its rank, its indices come first. */
  readonly read?: { readonly family: string; readonly rank: number };
}

/** Sizes are below this, so that most index arithmetic fits 32 bits whatever the sizes are. */
export const WASM_SIZE_LIMIT = 2 ** 26;

/** So many cells of a ring are kept beyond either end of a row of bits, in so many bytes. */
export const RING_REACH = 64;
export const RING_BYTES = 16;

/** Where things lie at the start of memory. */
const FAULT = 0;
export const SCRATCH = 512;
export const LANES = 544;
export const PARAMETERS = 1024;
const FIRST_TABLE = 16_384;
/** Addresses are formed this much too low, so that neighbours differ in the instruction's own offset only. */
export const BIAS = 4096;

export type Interval = readonly [number, number];
export const I32_LEAST = -(2 ** 31);
export const I32_MOST = 2 ** 31 - 1;
export const EXACT = 2 ** 53 - 1;
export const fits = ([lo, hi]: Interval): boolean => lo >= I32_LEAST && hi <= I32_MOST;

export interface Binding {
  readonly local: number;
  /** The index is the local plus this. */
  readonly plus: number;
  /** The index, where it is a number. */
  readonly value?: number;
  readonly range: Interval;
  /** Where the index has its value … */
  readonly scope: Scope;
  /** … and where the local has; the same where absent. */
  readonly since?: Scope;
}
export interface Whole {
  readonly code: Code;
  /** 64 bits: the value may not fit 32. */
  readonly wide: boolean;
}
export interface Value {
  readonly code: Code;
  readonly type: ValueType;
  /** Where it was computed: it can be used there and further in. */
  readonly scope: Scope;
}

/** A piece of straight code under construction; what is added to an outer one runs before all of an inner one. */
export class Scope {
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
    /** What is computed here has run before, though it is not outside: this vector's own, before a loop of several. */
    readonly aside?: Scope,
  ) {
    this.depth = outer === undefined ? 0 : outer.depth + 1;
  }

  /** Whether what is computed in `other` can be used here. */
  sees(other: Scope): boolean {
    for (let s: Scope | undefined = this; s !== undefined; s = s.outer)
      if (s === other || s.aside?.sees(other) === true) return true;
    return false;
  }

  /** What was computed under a key here, further out, or aside. */
  known(key: unknown): unknown {
    for (let s: Scope | undefined = this; s !== undefined; s = s.outer) {
      const found = s.memo.get(key) ?? s.aside?.known(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private readonly keys = new Map<Expr, object>();
  /** Stands for an expression as the vector whose scope this is computes it. */
  own(e: Expr): object {
    const known = this.keys.get(e) ?? {};
    this.keys.set(e, known);
    return known;
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

export const deeper = (a: Scope, b: Scope): Scope => (a.depth >= b.depth ? a : b);

const namesCache = new WeakMap<object, ReadonlySet<string>>();
export function namesOf(e: IndexExpr): ReadonlySet<string> {
  let known = namesCache.get(e);
  if (known === undefined) {
    const used = new Set<string>();
    collectIndices(e, used);
    known = used;
    namesCache.set(e, used);
  }
  return known;
}
export const namesOfCondition = (c: Condition): Set<string> =>
  new Set(c.flatMap((all) => all.flatMap((x) => [...namesOf(x.left), ...namesOf(x.right)])));

export const conditionKey = (c: Condition): string =>
  `if ${c.map((all) => all.map((x) => `${nodeNumber(x.left)}${x.op}${nodeNumber(x.right)}`).join("&")).join("|")}`;

export const machine = (type: ElementType): ValueType =>
  type.kind === "real" || type.kind === "vector" ? "f32" : "i32";
export const bytesOf = (type: ElementType): number =>
  type.kind === "bit" || type.kind === "enum" ? 1 : 4 * componentsOf(type);

export const sizeOf = (type: ValueType): number => ({ i32: 4, f32: 4, i64: 8, f64: 8, v128: 16 })[type];

/** Which forms of code are used, where there is a choice. */
export interface Forms {
  readonly packed?: Choice;
  readonly lanes?: Choice;
  /** Several turns of a loop at a time over rows that fit a cache; `always`: over very few. */
  readonly tiles?: Choice;
}

export abstract class Frame {
  protected readonly families: ReadonlyMap<string, Family>;
  protected f = new FunctionBuilder([], []);
  protected readonly functions: FunctionBuilder[] = [];
  protected readonly exported: { name: string; index: number }[] = [];
  protected readonly parameters: Parameter[] = [];
  protected readonly parameterNumber = new Map<string, number>();
  protected readonly sites: Site[] = [];
  protected readonly siteNumber = new Map<string, number>();
  protected readonly data: { at: number; bytes: Uint8Array }[] = [];
  protected readonly libraryNumber = new Map<string, number>();
  protected readonly tableAt = new Map<string, number>();
  protected end = FIRST_TABLE;
  /** Families that the current function computes: what is read of them changes while it runs. */
  protected written: ReadonlySet<string> = new Set();
  protected ranges: readonly Dim[] = [];
  protected element: Family | undefined;
  protected readonly demandNumber = new Map<string, number>();
  /** Families computed on demand by the function under construction, and its stack pointer's place. */
  protected demanded: ReadonlySet<string> = new Set();
  protected readonly everDemanded = new Set<string>();
  /** Families stored as bits, a row of the last dimension after the other. */
  protected readonly bits = new Set<string>();
  /** Of these, rows that are read around their ends: the cells there are also kept beyond the other end. */
  protected readonly rings = new Set<string>();
  protected margin = 0;
  /** Families whose reals are ordered as their bits are where inputs are: see `schedule/from-zero.ts`. */
  private readonly zeroUp: ReadonlySet<string>;
  /** Whether the code under construction runs only where they are, and whether it would be other code. */
  protected fromZero: boolean;
  protected asksFromZero = false;
  /** The index whose values are lanes in the code under construction. */
  protected four: string | undefined;
  protected fourScope: Scope | undefined;
  /** The index of rows that are computed side by side, where this is not the first of them. */
  protected row: { readonly index: string; readonly scope: Scope; readonly first: Scope } | undefined;
  /**
   * The packed dimension that a word is computed along: the first cell's place in the row and the first byte's, and how many words
   * after those this one is.
   */
  protected lane:
    | { readonly dim: Dim; readonly place: Code; readonly byte: Code; readonly ahead: number }
    | undefined;

  constructor(
    protected readonly system: System,
    protected readonly plan: Schedule,
    protected readonly packed: ReadonlyMap<string, Packed>,
    keep: ReadonlySet<string>,
    protected readonly checked: boolean,
    protected readonly unproved: ReadonlySet<Expr>,
    protected readonly forms: Forms,
  ) {
    this.families = new Map(system.families.map((x) => [x.name, x]));
    this.zeroUp = familiesFromZero(system);
    // Without inputs it is so.
    this.fromZero = realInputs(system).length === 0;
    for (const [name, { word }] of packed)
      if (word !== undefined && this.families.get(name)!.role === "node" && !keep.has(name))
        this.bits.add(name);
    for (const { word } of packed.values())
      if (word !== undefined)
        visitWord(word, (x) => {
          if (x.kind === "cells" && x.ring !== undefined && this.bits.has(x.family.name))
            this.rings.add(x.family.name);
        });
  }

  /** Whether reals are known to be ordered as their bits, as whole numbers, are. */
  protected orderedAsBits(reals: readonly Expr[]): boolean {
    if (!reals.every((e) => isFromZero(e, this.zeroUp))) return false;
    this.asksFromZero = true;
    return this.fromZero;
  }

  // Functions and memory

  /** Function numbers start after the imported one. */
  protected addFunction(f: FunctionBuilder): number {
    this.functions.push(f);
    return this.functions.length;
  }

  protected libraryFunction(name: LibraryName): number {
    const known = this.libraryNumber.get(name);
    if (known !== undefined) return known;
    const table = name === "trigonometric" ? this.place("2/π", trigonometricTable()) : 0;
    const ringOfBits = name === "closeRing" ? this.libraryFunction("ringOfBits") : 0;
    const number = this.addFunction(library[name]({ table, scratch: SCRATCH, ringOfBits }));
    this.libraryNumber.set(name, number);
    return number;
  }

  /** Constant bytes, once. */
  protected place(key: string, bytes: Uint8Array): number {
    const known = this.tableAt.get(key);
    if (known !== undefined) return known;
    const at = this.room(bytes.length);
    this.data.push({ at, bytes });
    this.tableAt.set(key, at);
    return at;
  }

  protected room(bytes: number): number {
    const at = this.end;
    this.end += Math.ceil(bytes / 16) * 16;
    return at;
  }

  protected root(scope: Scope): Scope {
    let s = scope;
    while (s.outer !== undefined) s = s.outer;
    return s;
  }

  protected parameter(p: Parameter, scope: Scope): Code {
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
  protected keep(scope: Scope, type: ValueType, code: Code): Code {
    const local = this.f.local(type);
    scope.add(w.set(local, code));
    return w.get(local);
  }

  // Faults

  protected site(site: Site): number {
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
  protected fault(
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

  protected asDouble(scope: Scope, name: string): Code {
    return w.f64FromI32(this.indexCode(scope, name));
  }

  protected indexCode(scope: Scope, name: string): Code {
    const b = scope.binding(name);
    return b.plus === 0 ? w.get(b.local) : w.add(w.get(b.local), w.i32(b.plus));
  }
}
