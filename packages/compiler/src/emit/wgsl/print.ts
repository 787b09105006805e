/**
 * Families as WGSL functions, one instance a call, and the kernels around them. Nothing is decided here: the order and
 * the storage come from the wavefronts. Sizes and places in memory are `override`s, so that a device compiles them in.
 *
 * All families lie in one array of 32-bit words a bank. User text reaches the module only as sanitised identifiers.
 */
import type { DiagnosticCode } from "@fathom/lang";
import * as build from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { collectIndices } from "../../equations/evaluate-index";
import { familyKey } from "../../equations/random";
import type {
  Comparison,
  Condition,
  Dim,
  Expr,
  Family,
  Fold,
  IndexExpr,
  Reduce,
  Subscript,
  System,
} from "../../equations/system";
import { componentsOf } from "../../equations/values";
import type { Packed } from "../../schedule/packing";
import type { Stencil, StencilMember, Tile } from "../../schedule/stencil";
import type { Wavefronts } from "../../schedule/wavefront";
import type { Cells, Word } from "../../schedule/words";
import { combine, toAffine } from "../../symbolic/affine";
import { libraryFor, real } from "./library";

/** What a fault that a kernel raises means; its number is the place in the plan's list. */
export interface Site {
  readonly code: Extract<DiagnosticCode, "too-large" | "index-outside" | "value-range">;
  readonly family?: string;
  /** The family read outside its range. */
  readonly read?: string;
  /** For a table: one more than the last row. */
  readonly rows?: number;
}

/** How one call finds its instance. */
export interface Placement {
  /** Dimensions that serial loops around fix; their values come with the launch. */
  readonly fixed: readonly number[];
  /** The instance's time, from which the dimension `pivot` (of weight ±1) is solved. */
  readonly wave?: { readonly weights: readonly number[]; readonly pivot: number } | undefined;
  /** Computed in rounds: reads of these families ask whether they are there. */
  readonly rounds?: ReadonlySet<string> | undefined;
}

/** The most instances of one time that a workgroup takes on together with the times that follow. */
export const FUSED_WIDTH = 256;
const GROUP = 64;

interface Scope {
  readonly lines: string[];
  readonly memo: Map<Expr | Word | string, string[]>;
  readonly outer: Scope | undefined;
  readonly indent: string;
}

/** Names of what the host sets: in one place, as both sides use them. */
export const override = {
  size: (k: number) => `s${k}`,
  at: (family: number) => `f${family}_at`,
  ready: (family: number) => `f${family}_ready`,
  lo: (family: number, dim: number) => `f${family}_lo${dim}`,
  stride: (family: number, dim: number) => `f${family}_st${dim}`,
  extent: (family: number, dim: number) => `f${family}_ex${dim}`,
  count: (family: number) => `f${family}_n`,
  table: (table: number) => `t${table}_at`,
  /** How many tiles a loop has along a dimension of space, and where the first starts. */
  tiles: (step: number, dim: number) => `w${step}_n${dim}`,
  first: (step: number, dim: number) => `w${step}_lo${dim}`,
} as const;

const isReal = (e: Expr): boolean => {
  const kind = build.typeOf(e).kind;
  return kind === "real" || kind === "vector";
};

/** The text of one module: a kernel for a family, or one for a loop that runs inside a workgroup. */
export class Module {
  private readonly names = new Map<string, string>();
  private readonly overrides = new Set<string>();
  private readonly inside = new Map<Family, string>();
  private readonly rings = new Map<string, string>();
  private readonly functions: string[] = [];
  private readonly numberOf: ReadonlyMap<string, number>;
  private temporaries = 0;
  private family!: Family;
  private placement!: Placement;
  private ranges: readonly Dim[] = [];
  private tile: { readonly stencil: Stencil; readonly tile: Tile } | undefined;

  constructor(
    private readonly system: System,
    private readonly waves: Wavefronts,
    private readonly packed: ReadonlyMap<string, Packed>,
    private readonly unproved: ReadonlySet<Expr>,
    private readonly sites: Site[],
    private readonly tables: (readonly number[])[],
    private readonly bankOf: (family: string) => number,
  ) {
    this.numberOf = new Map(system.families.map((f, k) => [f.name, k]));
  }

  private use(name: string): string {
    this.overrides.add(name);
    return name;
  }

  private banks = new Set<number>();
  private memory(family: Family): string {
    const bank = this.bankOf(family.name);
    this.banks.add(bank);
    return `M${bank}`;
  }

  private name(text: string): string {
    const made =
      this.names.get(text) ?? `i${this.names.size}_${text.replace(/[^A-Za-z0-9]/g, "_").slice(0, 30)}`;
    this.names.set(text, made);
    return made;
  }

  private site(site: Site): number {
    return this.sites.push(site) - 1;
  }

  // Index expressions

  private index(e: IndexExpr): string {
    switch (e.kind) {
      case "integer":
        return e.value < 0 ? `(${Math.max(e.value, -2147483648)})` : String(Math.min(e.value, 2147483647));
      case "size":
        return this.use(override.size(this.system.sizes.findIndex((s) => s.name === e.name)));
      case "index":
        return this.name(e.name);
      case "add":
      case "sub":
      case "mul":
        return `(${this.index(e.left)} ${{ add: "+", sub: "-", mul: "*" }[e.kind]} ${this.index(e.right)})`;
      case "div":
        return `${above0(e.right) ? "p" : "i"}div(${this.index(e.left)}, ${this.index(e.right)})`;
      case "mod":
        return (
          this.wrapped(e.left, e.right) ??
          `${above0(e.right) ? "p" : "i"}mod(${this.index(e.left)}, ${this.index(e.right)})`
        );
      case "min":
      case "max":
        return `${e.kind}(${this.index(e.left)}, ${this.index(e.right)})`;
      case "log2":
        return `ilog2(${this.index(e.operand)})`;
      case "pow2":
        return `ipow2(${this.index(e.operand)})`;
    }
  }

  /** A static expression as an `int`: wraps at every step, by zero 0. */
  private int(e: IndexExpr): string {
    switch (e.kind) {
      case "integer":
        return `(${e.value | 0})`;
      case "div":
      case "mod":
        return `v${e.kind}(${this.int(e.left)}, ${this.int(e.right)})`;
      case "log2":
        return `ilog2(${this.int(e.operand)})`;
      case "pow2":
        return `wpow2(${this.int(e.operand)})`;
      case "add":
      case "sub":
      case "mul":
        return `(${this.int(e.left)} ${{ add: "+", sub: "-", mul: "*" }[e.kind]} ${this.int(e.right)})`;
      case "min":
      case "max":
        return `${e.kind}(${this.int(e.left)}, ${this.int(e.right)})`;
      case "size":
        // A call, so that arithmetic on it is not worked out, and its overflow rejected, before the run.
        return `same(${this.index(e)})`;
      case "index":
        return this.index(e);
    }
  }

  /** `(i ± 1) mod n` for an index i of 0..n: one comparison instead of a division. */
  private wrapped(left: IndexExpr, modulus: IndexExpr): string | undefined {
    if (left.kind !== "add" && left.kind !== "sub") return undefined;
    const { left: index, right: by } = left;
    if (by.kind !== "integer" || by.value !== 1 || index.kind !== "index") return undefined;
    const range = this.ranges.find((d) => d.index === index.name);
    if (range?.lo.kind !== "integer" || range.lo.value !== 0 || range.hi !== modulus) return undefined;
    const [i, n] = [this.index(index), this.index(modulus)];
    return left.kind === "add"
      ? `select(${i} + 1, 0, ${i} == ${n} - 1)`
      : `select(${i} - 1, ${n} - 1, ${i} == 0)`;
  }

  private comparison(c: Comparison): string {
    return `${this.index(c.left)} ${c.op} ${this.index(c.right)}`;
  }

  private condition(c: Condition): string {
    if (isAlways(c)) return "true";
    if (c.length === 0) return "false";
    return c.map((all) => `(${all.map((x) => `(${this.comparison(x)})`).join(" && ")})`).join(" || ");
  }

  // Storage

  /** The word of a point, before components: planes of a folded dimension repeat, lanes of a packed one share. */
  private offset(family: Family, at: readonly string[]): string {
    const number = this.numberOf.get(family.name)!;
    const fold = this.waves.folded.get(family.name);
    const width = componentsOf(family.type);
    const terms = at.map((i, d) => {
      const from = `(${i} - ${this.use(override.lo(number, d))})`;
      const position =
        fold?.dim === d
          ? planeOf(from, fold.window)
          : this.packed.get(family.name)?.dim === d
            ? `(${from} >> 5u)`
            : from;
      return `${position} * ${this.use(override.stride(number, d))}`;
    });
    const sum = terms.length === 0 ? "0" : terms.join(" + ");
    return `${this.use(override.at(number))} + ${width === 1 ? sum : `(${sum}) * ${width}`}`;
  }

  /** Whether a point lies in a family, not only its box: a function of the module. */
  private isInside(family: Family, at: readonly string[]): string {
    const name = `inside${this.numberOf.get(family.name)}`;
    if (!this.inside.has(family)) {
      const saved = this.ranges;
      this.ranges = [];
      const parameters = family.dims.map((d) => `${this.name(d.index)}: i32`).join(", ");
      const all = family.dims.map((d) => {
        const i = this.name(d.index);
        return `(${this.index(d.lo)} <= ${i}) & (${i} < ${this.index(d.hi)})`;
      });
      // One expression without branches, which compiles far faster, unless a later bound may have no value.
      const and = all.some((text) => /\bi(div|mod|pow2)\(/.test(text)) ? " && " : " & ";
      const body = all.map((text) => `(${text})`).join(and) || "true";
      this.inside.set(family, `fn ${name}(${parameters}) -> bool { return ${body}; }`);
      this.ranges = saved;
    }
    return `${name}(${at.join(", ")})`;
  }

  // Value expressions. Each gives the atoms of its components: one for a scalar.

  private let(scope: Scope, code: string): string {
    const name = `t${this.temporaries++}`;
    scope.lines.push(`${scope.indent}let ${name} = ${code};`);
    return name;
  }

  /** A name for code that is the same wherever the key is. */
  private once(key: string, scope: Scope, code: () => string): string {
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const known = s.memo.get(key);
      if (known !== undefined) return known[0]!;
    }
    const made = this.let(scope, code());
    scope.memo.set(key, [made]);
    return made;
  }

  private expr(e: Expr, scope: Scope): string[] {
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const known = s.memo.get(e);
      if (known !== undefined) return known;
    }
    const atoms = this.fresh(e, scope);
    scope.memo.set(e, atoms);
    return atoms;
  }

  private scalar(e: Expr, scope: Scope): string {
    return this.expr(e, scope)[0]!;
  }

  private within(scope: Scope, deeper = "  "): Scope {
    return { lines: [], memo: new Map(), outer: scope, indent: scope.indent + deeper };
  }

  /**
   * Goes on after a fault: only the first is told and nothing is delivered, accesses outside memory do no harm in WGSL, and a
   * software device took a minute to compile returns from within nested branches.
   */
  private raise(scope: Scope, when: string, site: Site, values: readonly string[]): void {
    const all = [...values, ...Array.from({ length: 8 }, () => "0")].slice(0, 8);
    scope.lines.push(
      `${scope.indent}if (${when}) { fault(${this.site(site)}u, array<i32, 8>(${all.join(", ")})); }`,
    );
  }

  private point(): string[] {
    return this.family.dims.map((d) => this.name(d.index));
  }

  private fresh(e: Expr, scope: Scope): string[] {
    switch (e.kind) {
      case "constant":
        // Through `let`: expressions of constants are worked out, and overflows rejected, before the run.
        return [this.let(scope, isReal(e) ? real(e.value) : `i32(${e.value})`)];
      case "index-value":
        return [this.let(scope, this.int(e.value))];
      case "read":
        return this.read(e, scope);
      case "apply":
        return this.apply(e, scope);
      case "select": {
        const c = this.scalar(e.condition, scope);
        const [then, otherwise] = [this.expr(e.then, scope), this.expr(e.otherwise, scope)];
        return then.map((t, k) => this.let(scope, `select(${otherwise[k]}, ${t}, ${c} == 1)`));
      }
      case "choose": {
        const type = isReal(e) ? "f32" : "i32";
        const results = Array.from({ length: componentsOf(e.type) }, () => `t${this.temporaries++}`);
        for (const r of results) scope.lines.push(`${scope.indent}var ${r}: ${type};`);
        const branches = e.cases.map((c) => {
          const inner = this.within(scope);
          const values = this.expr(c.value, inner);
          return {
            guard: c.guard,
            lines: [...inner.lines, ...values.map((v, j) => `${inner.indent}${results[j]} = ${v};`)],
          };
        });
        scope.lines.push(...this.branch(branches, scope.indent));
        return results;
      }
      case "table": {
        const number =
          this.tables.push(
            isReal(e) ? Array.from(new Int32Array(Float32Array.from(e.entries).buffer)) : e.entries,
          ) - 1;
        const args = e.args.map((a, k) => {
          const atom = this.scalar(a, scope);
          const { kind } = build.typeOf(a);
          if (kind !== "bit" && kind !== "enum") {
            const rows = e.radix[k]!;
            const site = { code: "value-range", family: this.family.name, rows } as const;
            this.raise(scope, `${atom} < 0 || ${atom} >= ${rows}`, site, [...this.point().slice(0, 7), atom]);
          }
          return atom;
        });
        const row = args.reduce((r, a, k) => (k === 0 ? a : `(${r}) * ${e.radix[k]} + ${a}`), "0");
        this.banks.add(0);
        const word = `M0[${this.use(override.table(number))} + ${row}]`;
        return [this.let(scope, isReal(e) ? `bitcast<f32>(${word})` : word)];
      }
      case "vector":
        return e.components.map((c) => this.scalar(c, scope));
      case "component":
        return [this.expr(e.of, scope)[e.position]!];
      case "reduce":
        return this.reduce(e, scope);
      case "fold":
        return this.foldMonoid(e, scope);
      case "operand":
        throw new Error("an operand stands outside a monoid");
    }
  }

  /** The first branch whose condition holds. */
  private branch(
    branches: readonly { readonly guard: Condition; readonly lines: readonly string[] }[],
    indent: string,
  ): string[] {
    return branches.flatMap(({ guard, lines }, k) => {
      const head = k > 0 && isAlways(guard) ? "" : `if (${this.condition(guard)}) `;
      return [`${indent}${k === 0 ? "" : "else "}${head}{`, ...lines, `${indent}}`];
    });
  }

  private read(e: Extract<Expr, { kind: "read" }>, scope: Scope): string[] {
    const family = this.system.families[this.numberOf.get(e.family)!]!;
    const local = this.inTile(e.family, e.at, 0);
    if (local !== undefined) {
      const width = componentsOf(family.type);
      const word = this.let(scope, width === 1 ? local.word : `(${local.word}) * ${width}`);
      return Array.from({ length: width }, (_, k) => {
        const value = `${local.name}[${word}${k === 0 ? "" : ` + ${k}`}]`;
        return this.let(scope, isReal(e) ? `bitcast<f32>(${value})` : value);
      });
    }
    const at = e.at.map((s) =>
      s.kind === "dynamic" ? this.scalar(s.value, scope) : this.let(scope, this.index(s.value)),
    );
    if (e.at.some((s) => s.kind === "dynamic") || this.unproved.has(e)) {
      const site = { code: "index-outside", family: this.family.name, read: e.family } as const;
      this.raise(scope, `!${this.isInside(family, at)}`, site, [...this.point(), ...at]);
    }
    const memory = this.memory(family);
    this.await(family, at, scope);
    const offset = this.let(scope, this.offset(family, at));
    const lanes = this.packed.get(family.name);
    if (lanes !== undefined) {
      const lane = `u32(${at[lanes.dim]} - ${this.use(override.lo(this.numberOf.get(family.name)!, lanes.dim))}) & 31u`;
      return [this.let(scope, `(${memory}[${offset}] >> (${lane})) & 1`)];
    }
    return Array.from({ length: componentsOf(family.type) }, (_, k) => {
      const word = `${memory}[${offset}${k === 0 ? "" : ` + ${k}`}]`;
      return this.let(scope, isReal(e) ? `bitcast<f32>(${word})` : word);
    });
  }

  /** In rounds: goes no further while the instance read is not there. */
  private await(family: Family, at: readonly string[], scope: Scope): void {
    if (this.placement.rounds?.has(family.name) !== true) return;
    // What this very round makes may be seen or not: it counts only from the next one on.
    const number = this.numberOf.get(family.name)!;
    const place = `${this.use(override.ready(number))} + ${this.place(family, at)}`;
    const round = this.let(scope, `${this.memory(family)}[${place}]`);
    scope.lines.push(`${scope.indent}if (${round} == 0 || ${round} >= P.round) { return; }`);
  }

  /** The number of a point in its box; only for families that are not folded. */
  private place(family: Family, at: readonly string[]): string {
    const number = this.numberOf.get(family.name)!;
    const terms = at.map((i, d) => {
      const from = `(${i} - ${this.use(override.lo(number, d))})`;
      const position = this.packed.get(family.name)?.dim === d ? `(${from} >> 5u)` : from;
      return `${position} * ${this.use(override.stride(number, d))}`;
    });
    return terms.length === 0 ? "0" : terms.join(" + ");
  }

  private apply(e: Extract<Expr, { kind: "apply" }>, scope: Scope): string[] {
    const args = e.args.map((a) => this.expr(a, scope));
    if (e.op === "dot" || e.op === "length") {
      const [a, b = a] = args;
      const products = a!.map((x, k) => this.let(scope, `fmul(${x}, ${b![k]})`));
      const tree = (list: readonly string[]): string => {
        if (list.length === 1) return list[0]!;
        let left = 1;
        while (left * 2 < list.length) left *= 2;
        return this.let(scope, `fadd(${tree(list.slice(0, left))}, ${tree(list.slice(left))})`);
      };
      const sum = this.let(scope, `plusZero(${tree(products)})`);
      return [e.op === "dot" ? sum : this.let(scope, `rsqrt(${sum})`)];
    }
    return Array.from({ length: componentsOf(e.type) }, (_, k) => {
      const [a, b, c] = args.map((x) => x[k] ?? x[0]!);
      return this.let(scope, operator(e, a!, b ?? "", c ?? ""));
    });
  }

  /** All components of a fold at once; each is remembered, so that asking for another costs nothing. */
  private foldMonoid(e: Fold, scope: Scope): string[] {
    const x = `x${this.temporaries++}`;
    const { lines, indent } = scope;
    const widths = e.monoid.types.map(componentsOf);
    const slots = widths.flatMap((width, k) => Array.from({ length: width }, (_, j) => `${k}_${j}`));
    const kinds = e.monoid.types.flatMap((t) =>
      Array<string>(componentsOf(t)).fill(t.kind === "real" || t.kind === "vector" ? "f32" : "i32"),
    );
    const parts = (prefix: string): string[] => slots.map((s) => `${x}_${prefix}${s}`);
    const byComponent = (atoms: readonly string[]): string[][] => {
      const left = [...atoms];
      return widths.map((width) => left.splice(0, width));
    };
    const combine = (left: readonly string[], into: readonly string[], deeper: string): string[] => {
      const inner: Scope = { lines: [], memo: new Map(), outer: scope, indent: deeper };
      // Both operands by value: `into` is overwritten.
      const [l, r] = [left, into].map((atoms) => byComponent(atoms.map((a) => this.let(inner, a))));
      e.monoid.types.forEach((type, k) => {
        inner.memo.set(build.operand("left", k, type), l![k]!);
        inner.memo.set(build.operand("right", k, type), r![k]!);
      });
      const made = e.monoid.combine.flatMap((c) => this.expr(c, inner));
      return [...inner.lines, `${deeper}${into.map((name, k) => `${name} = ${made[k]};`).join(" ")}`];
    };
    const unit = e.monoid.identity.flatMap((c) => this.expr(c, scope));
    lines.push(`${indent}var ${x}_n = 0u; var ${x}_top = 0;`);
    const [v, s, r] = [parts("v"), parts("s"), parts("r")];
    s.forEach((name, k) => lines.push(`${indent}var ${name}: array<${kinds[k]}, 32>;`));
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    let depth = indent;
    e.dims.forEach((d, k) => {
      const i = this.name(d.index);
      lines.push(
        `${depth}let ${x}_h${k} = ${this.index(d.hi)};`,
        `${depth}for (var ${i} = ${this.index(d.lo)}; ${i} < ${x}_h${k}; ${i}++) {`,
      );
      depth += "  ";
    });
    lines.push(`${depth}${v.map((name, k) => `var ${name} = ${unit[k]};`).join(" ")}`);
    const present: Scope = { lines: [], memo: new Map(), outer: scope, indent: `${depth}  ` };
    const kept = e.dataFilter === undefined ? undefined : this.scalar(e.dataFilter, present);
    const values = e.bodies.flatMap((b) => this.expr(b, present));
    const take = v.map((name, k) => `${name} = ${values[k]};`).join(" ");
    lines.push(
      `${depth}${isAlways(e.filter) ? "" : `if (${this.condition(e.filter)}) `}{`,
      ...present.lines,
      `${present.indent}${kept === undefined ? take : `if (${kept} == 1) { ${take} }`}`,
      `${depth}}`,
      `${depth}var ${x}_c = ${x}_n; ${x}_n++; var ${x}_p = ${x}_top;`,
      `${depth}while ((${x}_c & 1u) == 1u) {`,
      `${depth}  ${x}_p--;`,
      ...combine(
        s.map((name) => `${name}[${x}_p]`),
        v,
        `${depth}  `,
      ),
      `${depth}  ${x}_c >>= 1u;`,
      `${depth}}`,
      `${depth}${s.map((name, k) => `${name}[${x}_p] = ${v[k]};`).join(" ")} ${x}_top = ${x}_p + 1;`,
    );
    for (let k = e.dims.length - 1; k >= 0; k--) lines.push(`${indent}${"  ".repeat(k)}}`);
    this.ranges = saved;
    lines.push(
      `${indent}${r.map((name, k) => `var ${name} = ${unit[k]};`).join(" ")}`,
      `${indent}if (${x}_n > 0u) {`,
      `${indent}  ${r.map((name, k) => `${name} = ${s[k]}[${x}_top - 1];`).join(" ")}`,
      `${indent}  for (var ${x}_k = ${x}_top - 2; ${x}_k >= 0; ${x}_k--) {`,
      ...combine(
        s.map((name) => `${name}[${x}_k]`),
        r,
        `${indent}    `,
      ),
      `${indent}  }`,
      `${indent}}`,
    );
    const results = byComponent(r);
    results.forEach((atoms, k) => {
      scope.memo.set(build.fold(e.monoid, e.dims, e.bodies, k, e), atoms);
    });
    return results[e.position]!;
  }

  private reduce(e: Reduce, scope: Scope): string[] {
    const x = `x${this.temporaries++}`;
    const { lines, indent } = scope;
    const reals = isReal(e);
    const bodyReal = isReal(e.body);
    const tree = reals && (e.op === "sum" || e.op === "product");
    const result = Array.from({ length: componentsOf(e.type) }, (_, k) => `${x}_r${k}`);
    for (const r of result)
      lines.push(
        `${indent}var ${r} = ${reals && !tree ? (e.op === "min" ? "inf()" : "fneg(inf())") : starts(e.op, reals)};`,
      );
    if (tree) lines.push(...canonicalStart(x, result.length).map((line) => indent + line));
    if (e.op === "argmin" || e.op === "argmax")
      lines.push(`${indent}var ${x}_best: ${bodyReal ? "f32" : "i32"}; var ${x}_some = false;`);
    if (e.op === "majority") lines.push(`${indent}var ${x}_n = 0;`);
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    let depth = indent;
    const eight = tree && eightAtOnce(e);
    e.dims.forEach((d, k) => {
      const i = this.name(d.index);
      lines.push(`${depth}let ${x}_h${k} = ${this.index(d.hi)};`);
      if (eight) lines.push(...this.eight(e, x, scope));
      const from = eight ? `${x}_i` : this.index(d.lo);
      lines.push(`${depth}for (var ${i} = ${from}; ${i} < ${x}_h${k}; ${i}++) {`);
      depth += "  ";
    });
    const inner: Scope = { lines: [], memo: new Map(), outer: scope, indent: depth };
    const identity = e.op === "sum" ? real(-0) : real(1);
    const into = (values: readonly string[], target: Scope): void => {
      for (const line of this.fold(e, result, x, values, tree)) target.lines.push(target.indent + line);
    };
    const present = (target: Scope): void => {
      const kept = e.dataFilter === undefined ? undefined : this.scalar(e.dataFilter, target);
      const values = this.expr(e.body, target);
      if (kept === undefined) into(values, target);
      else if (tree)
        into(
          values.map((v) => this.let(target, `select(${identity}, ${v}, ${kept} == 1)`)),
          target,
        );
      else {
        const only = this.within(target);
        into(values, only);
        target.lines.push(`${target.indent}if (${kept} == 1) {`, ...only.lines, `${target.indent}}`);
      }
    };
    if (isAlways(e.filter)) present(inner);
    else {
      const kept = this.within(inner);
      present(kept);
      inner.lines.push(`${depth}if (${this.condition(e.filter)}) {`, ...kept.lines);
      if (tree) {
        const left = this.within(inner);
        into(
          result.map(() => identity),
          left,
        );
        inner.lines.push(`${depth}} else {`, ...left.lines);
      }
      inner.lines.push(`${depth}}`);
    }
    lines.push(...inner.lines);
    for (let k = e.dims.length - 1; k >= 0; k--) lines.push(`${indent}${"  ".repeat(k)}}`);
    this.ranges = saved;
    if (tree) {
      const op = e.op === "sum" ? "fadd" : "fmul";
      lines.push(...canonicalEnd(x, op, result).map((line) => indent + line));
      if (e.op === "sum") for (const r of result) lines.push(`${indent}${r} = plusZero(${r});`);
    }
    if (e.op === "majority") lines.push(`${indent}${result[0]} = select(0, 1, 2 * ${result[0]} > ${x}_n);`);
    return result;
  }

  /** Operands by eight, while there are so many: a tree without branches. */
  private eight(e: Reduce, x: string, scope: Scope): string[] {
    const { indent } = scope;
    const [d] = e.dims;
    const op = e.op === "sum" ? "fadd" : "fmul";
    const lines = [
      `${indent}var ${x}_i = ${this.index(d!.lo)};`,
      `${indent}for (; ${x}_h0 - ${x}_i >= 8; ${x}_i += 8) {`,
    ];
    for (let k = 0; k < 8; k++) {
      const inner: Scope = { lines: [], memo: new Map(), outer: scope, indent: `${indent}    ` };
      const value = this.scalar(e.body, inner);
      lines.push(
        `${indent}  var ${x}_v${k}: f32;`,
        `${indent}  {`,
        `${indent}    let ${this.name(d!.index)} = ${x}_i + ${k};`,
        ...inner.lines,
        `${indent}    ${x}_v${k} = ${value};`,
        `${indent}  }`,
      );
    }
    const pair = (a: string, b: string) => `${op}(${a}, ${b})`;
    const v = (k: number) => `${x}_v${k}`;
    const half = (k: number) => pair(pair(v(k), v(k + 1)), pair(v(k + 2), v(k + 3)));
    lines.push(
      `${indent}  var v0 = ${pair(half(0), half(4))};`,
      `${indent}  var c = ${x}_n >> 3u; var level = 0u;`,
      `${indent}  while ((c & 1u) == 1u) { v0 = ${op}(${x}_s0[level], v0); level++; c = c >> 1u; }`,
      `${indent}  ${x}_s0[level] = v0; ${x}_n += 8u;`,
      `${indent}}`,
    );
    return lines;
  }

  /** Takes one operand in. */
  private fold(
    e: Reduce,
    result: readonly string[],
    x: string,
    values: readonly string[],
    tree: boolean,
  ): string[] {
    const [r, v] = [result[0]!, values[0]!];
    if (tree) return canonicalTake(x, e.op === "sum" ? "fadd" : "fmul", values);
    switch (e.op) {
      case "sum":
      case "count":
        return [`${r} = ${r} + ${v};`];
      case "product":
        return [`${r} = ${r} * ${v};`];
      case "min":
      case "max":
        return [`${r} = ${isReal(e) ? "r" : ""}${e.op}(${r}, ${v});`];
      case "any":
        return [`${r} = ${r} | ${v};`];
      case "all":
        return [`${r} = ${r} & ${v};`];
      case "parity":
        return [`${r} = ${r} ^ ${v};`];
      case "majority":
        return [`${r} = ${r} + ${v}; ${x}_n++;`];
      case "argmin":
      case "argmax": {
        const beats = `${v} ${e.op === "argmin" ? "<" : ">"} ${x}_best`;
        const number = isReal(e.body) ? ` || (isNan(${x}_best) && !isNan(${v}))` : "";
        const i = this.name(e.dims[0]!.index);
        return [`if (!${x}_some || ${beats}${number}) { ${x}_best = ${v}; ${x}_some = true; ${r} = ${i}; }`];
      }
    }
  }

  // Words: 32 instances at once, a lane each

  /** The packed dimension of the family at hand, and its index in the first lane. */
  private lane(): { readonly dim: Dim; readonly index: string } {
    const dim = this.family.dims[this.packed.get(this.family.name)!.dim]!;
    return { dim, index: this.name(dim.index) };
  }

  private word(w: Word, scope: Scope): string {
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const known = s.memo.get(w);
      if (known !== undefined) return known[0]!;
    }
    const made = this.freshWord(w, scope);
    scope.memo.set(w, [made]);
    return made;
  }

  private freshWord(w: Word, scope: Scope): string {
    switch (w.kind) {
      case "constant":
        return w.value === 0 ? "0u" : "0xffffffffu";
      case "not":
        return this.let(scope, `~${this.word(w.of, scope)}`);
      case "and":
      case "or":
      case "xor": {
        const [left, right] = [this.word(w.left, scope), this.word(w.right, scope)];
        return this.let(scope, `${left} ${{ and: "&", or: "|", xor: "^" }[w.kind]} ${right}`);
      }
      case "same":
        return this.let(scope, `0u - u32(${this.scalar(w.value, scope)})`);
      case "where":
        return this.let(
          scope,
          w.condition.map((all) => `(${all.map((c) => this.lanesWhere(c)).join(" & ")})`).join(" | "),
        );
      case "cells":
        return this.cells(w, scope);
      case "branch": {
        const result = `t${this.temporaries++}`;
        scope.lines.push(`${scope.indent}var ${result}: u32;`);
        const branches = [w.then, w.otherwise].map((x, k) => {
          const inner = this.within(scope);
          const value = this.word(x, inner);
          const lines = [...inner.lines, `${inner.indent}${result} = ${value};`];
          return { guard: k === 0 ? w.guard : build.always, lines };
        });
        scope.lines.push(...this.branch(branches, scope.indent));
        return result;
      }
      case "fold": {
        const result = `t${this.temporaries++}`;
        scope.lines.push(`${scope.indent}var ${result} = ${w.gate === "and" ? "0xffffffffu" : "0u"};`);
        const saved = this.ranges;
        this.ranges = [...this.ranges, ...w.dims];
        let depth = scope.indent;
        for (const d of w.dims) {
          const i = this.name(d.index);
          const hi = `${result}_h${depth.length}`;
          scope.lines.push(
            `${depth}let ${hi} = ${this.index(d.hi)};`,
            `${depth}for (var ${i} = ${this.index(d.lo)}; ${i} < ${hi}; ${i}++) {`,
          );
          depth += "  ";
        }
        const inner: Scope = { lines: [], memo: new Map(), outer: scope, indent: depth };
        const value = this.word(w.body, inner);
        const gate = { and: "&", or: "|", xor: "^" }[w.gate];
        scope.lines.push(...inner.lines, `${depth}${result} = ${result} ${gate} ${value};`);
        this.ranges = saved;
        for (let k = w.dims.length - 1; k >= 0; k--) scope.lines.push(`${scope.indent}${"  ".repeat(k)}}`);
        return result;
      }
      case "each": {
        const { dim, index } = this.lane();
        const [result, lane] = [`t${this.temporaries++}`, `t${this.temporaries++}`];
        const inner = this.within(scope);
        const value = this.scalar(w.value, inner);
        scope.lines.push(
          `${scope.indent}var ${result} = 0u;`,
          `${scope.indent}let ${result}_end = min(32, ${this.index(dim.hi)} - ${index});`,
          `${scope.indent}let ${result}_from = ${index};`,
          `${scope.indent}for (var ${lane} = 0; ${lane} < ${result}_end; ${lane}++) {`,
          `${inner.indent}let ${index} = ${result}_from + ${lane};`,
          ...inner.lines,
          `${inner.indent}${result} = ${result} | (u32(${value}) << u32(${lane}));`,
          `${scope.indent}}`,
        );
        return result;
      }
    }
  }

  /** Lanes for which a comparison holds: its difference grows or falls by one from lane to lane, or is worked out in each. */
  private lanesWhere(c: Comparison): string {
    const { dim } = this.lane();
    const difference = this.index(build.sub(c.left, c.right));
    const slope = combine(toAffine(c.left), toAffine(c.right), -1).terms.get(dim.index) ?? 0;
    const only = linearIn(c.left, dim.index) && linearIn(c.right, dim.index);
    if (!only || Math.abs(slope) > 1)
      return `lanes${this.lanesFunction(c)}(${[...this.point(), ...this.ranges.slice(this.family.dims.length).map((d) => this.name(d.index))].join(", ")})`;
    if (slope === 0) return `select(0u, 0xffffffffu, ${this.comparison(c)})`;
    const here = slope === 1 ? `-(${difference})` : difference;
    switch (c.op) {
      case "==":
        return `lane(${here})`;
      case "!=":
        return `~lane(${here})`;
      case "<":
        return slope === 1 ? `below(${here})` : `~below(${here} + 1)`;
      case "<=":
        return slope === 1 ? `below(${here} + 1)` : `~below(${here})`;
    }
  }

  /** A function of the module that tries a comparison in each lane. */
  private lanesFunction(c: Comparison): number {
    const { index } = this.lane();
    const names = [
      ...this.point(),
      ...this.ranges.slice(this.family.dims.length).map((d) => this.name(d.index)),
    ];
    const parameters = names.map((i) => `${i === index ? "first" : i}: i32`).join(", ");
    const number = this.functions.length;
    this.functions.push(`fn lanes${number}(${parameters}) -> u32 {
  var found = 0u;
  for (var lane = 0; lane < 32; lane++) {
    let ${index} = first + lane;
    if (${this.comparison(c)}) { found = found | (1u << u32(lane)); }
  }
  return found;
}`);
    return number;
  }

  private cells(w: Cells, scope: Scope): string {
    const [q, r] = [Math.floor(w.offset / 32), ((w.offset % 32) + 32) % 32];
    const low = this.cellsAt(w, q, scope);
    if (r === 0) return low;
    const high = this.cellsAt(w, q + 1, scope);
    return this.let(scope, `(${low} >> ${r}u) | (${high} << ${32 - r}u)`);
  }

  /** The word `away` from the one at hand, in the row that the other subscripts select. */
  private cellsAt(w: Cells, away: number, scope: Scope): string {
    const { family } = w;
    const { dim } = this.packed.get(family.name)!;
    const places = w.at.map((s) => `${s.kind} ${build.nodeNumber(s.value)}`);
    const local = this.inTile(family.name, w.at, away);
    if (local !== undefined)
      return this.once(`${local.name}[${local.word}]`, scope, () => `u32(${local.name}[${local.word}])`);
    const key = `${family.name} ${places.join()} ${away} ${w.ring === undefined ? "" : build.nodeNumber(w.ring)}`;
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const known = s.memo.get(key);
      if (known !== undefined) return known[0]!;
    }
    const at = w.at.map((s) =>
      s.kind === "dynamic"
        ? this.scalar(s.value, scope)
        : this.once(`index ${build.nodeNumber(s.value)}`, scope, () => this.index(s.value)),
    );
    const dynamic = w.at.some((s) => s.kind === "dynamic");
    if (dynamic) {
      const site = { code: "index-outside", family: this.family.name, read: family.name } as const;
      const place = w.read.at.map((s, d) =>
        d === dim && s.kind === "static" ? this.index(s.value) : at[d]!,
      );
      this.raise(scope, `!${this.isInside(family, at)}`, site, [...this.point(), ...place]);
    }
    const memory = this.memory(family);
    const word = away === 0 ? "word" : `word + ${away}`;
    this.await(
      family,
      at.map((a, d) => (d === dim ? `${a} + (${word}) * 32` : a)),
      scope,
    );
    const row = this.once(`row ${family.name} ${places.join()}`, scope, () => this.offset(family, at));
    // The words of a tile may go around where the family read does not.
    const ring = w.ring ?? this.tile?.stencil.ring[this.tile.stencil.packed!];
    const made =
      ring === undefined
        ? this.let(scope, `u32(${memory}[${row} + ${word}])`)
        : this.let(scope, `${this.ring(memory)}(${row}, ${word}, ${this.index(ring)})`);
    scope.memo.set(key, [made]);
    return made;
  }

  /** Reads 32 cells of a ring, from cell 32 `word` on. */
  private ring(memory: string): string {
    const name = `ring${memory}`;
    this.rings.set(
      name,
      `fn ${name}(row: i32, word: i32, n: i32) -> u32 {
  if (u32(word) < u32(n) >> 5u) { return u32(${memory}[row + word]); }
  let at = pmod(32 * word, n);
  let first = row + (at >> 5u);
  let by = u32(at & 31);
  var cells = u32(${memory}[first]) >> by;
  if (by != 0u) { cells = cells | (u32(${memory}[first + 1]) << (32u - by)); }
  for (var have = n - at; have < 32; have += n) {
    cells = (cells & ((1u << u32(have)) - 1u)) | (u32(${memory}[row]) << u32(have));
  }
  return cells;
}`,
    );
    return name;
  }

  // Families

  /** The function that computes an instance: `k` counts the free dimensions, `time` solves the pivot. */
  compute(family: Family, placement: Placement): string {
    this.family = family;
    this.placement = placement;
    this.ranges = family.dims;
    const number = this.numberOf.get(family.name)!;
    const indices = this.point();
    const lines: string[] = [];
    placement.fixed.forEach((d, k) => {
      lines.push(`  let ${indices[d]} = P.fixed[${k >> 2}][${k & 3}];`);
    });
    const { wave } = placement;
    const free = family.dims
      .map((_, d) => d)
      .filter((d) => !placement.fixed.includes(d) && d !== wave?.pivot);
    if (free.length > 0) lines.push("  var rest = k;");
    const lanes = this.packed.get(family.name);
    free.toReversed().forEach((d, k) => {
      const [lo, extent] = [this.use(override.lo(number, d)), this.use(override.extent(number, d))];
      const last = k === free.length - 1;
      const step = last ? "rest" : `rest % ${extent}`;
      if (d === lanes?.dim) lines.push(`  let word = ${step};`, `  let ${indices[d]} = word * 32 + ${lo};`);
      else lines.push(`  let ${indices[d]} = ${step} + ${lo};`);
      if (!last) lines.push(`  rest = rest / ${extent};`);
    });
    if (wave !== undefined) {
      const others = free
        .filter((d) => wave.weights[d] !== 0)
        .map((d) => ` - (${wave.weights[d]}) * ${indices[d]}`)
        .join("");
      const sign = wave.weights[wave.pivot] === 1 ? "" : "-";
      lines.push(`  let ${indices[wave.pivot]} = ${sign}(time${others});`);
    }
    if (family.dims.length > 0) lines.push(`  if (!${this.isInside(family, indices)}) { return; }`);
    if (placement.rounds !== undefined) {
      const place = `${this.use(override.ready(number))} + ${this.place(family, indices)}`;
      lines.push(`  let ready = ${place};`, `  if (${this.memory(family)}[ready] != 0) { return; }`);
    }
    const { rounds } = placement;
    lines.push(
      ...this.equation(indices, (values, scope) => {
        this.intoMemory(values, indices, scope);
        if (rounds !== undefined)
          scope.lines.push(`${scope.indent}${this.memory(family)}[ready] = P.round; atomicAdd(&F[10], 1u);`);
      }),
    );
    return `fn compute${number}(k: i32, time: i32) {\n${lines.join("\n")}\n}`;
  }

  /** Values to the family's place in storage. */
  private intoMemory(values: readonly string[], indices: readonly string[], scope: Scope): void {
    const { family } = this;
    const memory = this.memory(family);
    const offset = this.let(scope, this.offset(family, indices));
    values.forEach((v, k) => {
      const word = `${memory}[${offset}${k === 0 ? "" : ` + ${k}`}]`;
      scope.lines.push(`${scope.indent}${word} = ${this.asWord(v)};`);
    });
  }

  private asWord(value: string): string {
    const { kind } = this.family.type;
    return kind === "real" || kind === "vector" ? `bitcast<i32>(${value})` : value;
  }

  /** The lines that compute an instance, or a word of them, at indices that are in scope. */
  private equation(
    indices: readonly string[],
    keep: (values: readonly string[], scope: Scope) => void,
  ): string[] {
    const { family } = this;
    const lines: string[] = [];
    const indent = "  ";
    const lanes = this.packed.get(family.name);
    const store = (values: readonly string[], scope: Scope): void => {
      if (family.type.kind === "index") {
        const bound = this.let(scope, this.index(family.type.bound));
        const site = { code: "value-range", family: family.name } as const;
        this.raise(scope, `${values[0]} < 0 || ${values[0]} >= ${bound}`, site, [
          ...indices.slice(0, 6),
          values[0]!,
          bound,
        ]);
      }
      keep(values, scope);
    };
    const scopeAt = (deeper: string): Scope => ({
      lines: [],
      memo: new Map(),
      outer: undefined,
      indent: deeper,
    });
    if (family.role === "random") {
      const scope = scopeAt(indent);
      let key = `vec2<u32>(P.seed, ${familyKey(family.name)}u)`;
      for (let k = 0; k === 0 || k < indices.length; k += 2) {
        const word = (j: number) => (j < indices.length ? `u32(${indices[j]})` : "0u");
        const known = this.let(scope, key);
        key = `threefry(${known}.x, ${known}.y, ${word(k)}, ${word(k + 1)})`;
      }
      const last = this.let(scope, key);
      store([this.let(scope, `f32(${last}.x >> 8u) * ${real(2 ** -24)}`)], scope);
      lines.push(...scope.lines);
    } else if (lanes?.word !== undefined) {
      const scope = scopeAt(indent);
      const value = this.word(lanes.word, scope);
      store([`i32(${value})`], scope);
      lines.push(...scope.lines);
    } else if (family.pieces.length === 1) {
      const scope = scopeAt(indent);
      store(this.expr(family.pieces[0]!.value, scope), scope);
      lines.push(...scope.lines);
    } else {
      const branches = family.pieces.map((p) => {
        const scope = scopeAt(`${indent}  `);
        store(this.expr(p.value, scope), scope);
        return { guard: p.guard, lines: scope.lines };
      });
      lines.push(...this.branch(branches, indent));
    }
    return lines;
  }

  // Tiles: several times of a part of space, from one load of it and its surroundings

  /**
   * An instance (a word) of a tile: `l` is its place in workgroup memory, `g` its index (the word's number) before going around, `time` that of
   * the loop, `own` whether it is the tile's to deliver.
   */
  computeInTile(m: StencilMember, stencil: Stencil, tile: Tile): string {
    const { family } = m;
    this.family = family;
    this.placement = { fixed: [] };
    this.ranges = family.dims;
    this.tile = { stencil, tile };
    const number = this.numberOf.get(family.name)!;
    const indices = this.point();
    const lines = this.tileIndices(m, stencil, `time - ${m.offset}`);
    lines.push(`  if (!${this.insideTile(m, stencil)}) { return; }`);
    const before = this.waves.folded.get(family.name)?.before;
    const kept = before === undefined ? "own" : `own && time > P.last - ${before}`;
    const width = componentsOf(family.type);
    const number0 = `${indices[m.time]} - ${this.use(override.lo(number, m.time))}`;
    const local = `(${this.localWord(m, tile, number0, this.ls(stencil))}) * ${width}`;
    lines.push(
      ...this.equation(indices, (values, scope) => {
        values.forEach((v, k) => {
          scope.lines.push(`${scope.indent}L${number}[${local} + ${k}] = ${this.asWord(v)};`);
        });
        const inner = this.within(scope);
        const within = m.space.map((d, k) =>
          stencil.ring[k] === undefined ? "true" : `g${k} < ${this.use(override.extent(number, d))}`,
        );
        const place = indices.map((i, d) =>
          m.space[stencil.packed ?? -1] === d ? `(word * 32 + ${this.use(override.lo(number, d))})` : i,
        );
        this.intoMemory(values, place, inner);
        scope.lines.push(
          `${scope.indent}if (${[kept, ...within].join(" && ")}) {`,
          ...inner.lines,
          `${scope.indent}}`,
        );
      }),
    );
    this.tile = undefined;
    return `fn tile${number}(${this.tileParameters(stencil)}, time: i32, own: bool) {\n${lines.join("\n")}\n}`;
  }

  /** Fetches what earlier times left of an instance (a word) of a tile. */
  loadIntoTile(m: StencilMember, stencil: Stencil, tile: Tile): string {
    const { family } = m;
    this.family = family;
    this.ranges = family.dims;
    const number = this.numberOf.get(family.name)!;
    const indices = this.point();
    const width = componentsOf(family.type);
    const lines = this.tileIndices(m, stencil, "at");
    lines.push(`  if (!${this.insideTile(m, stencil)}) { return; }`);
    const number0 = `at - ${this.use(override.lo(number, m.time))}`;
    const local = `(${this.localWord(m, tile, number0, this.ls(stencil))}) * ${width}`;
    const along = stencil.packed === undefined ? undefined : m.space[stencil.packed]!;
    const memory = this.memory(family);
    const row = this.offset(
      family,
      indices.map((i, d) => (d === along ? this.use(override.lo(number, d)) : i)),
    );
    lines.push(`  let row = ${row};`);
    const ring = stencil.packed === undefined ? undefined : stencil.ring[stencil.packed];
    for (let k = 0; k < width; k++) {
      const value =
        along === undefined
          ? `${memory}[row + ${k}]`
          : ring === undefined
            ? `${memory}[row + word]`
            : `i32(${this.ring(memory)}(row, word, ${this.index(ring)}))`;
      lines.push(`  L${number}[${local} + ${k}] = ${value};`);
    }
    return `fn load${number}(${this.tileParameters(stencil)}, at: i32) {\n${lines.join("\n")}\n}`;
  }

  private tileParameters(stencil: Stencil): string {
    return stencil.reach.map((_, k) => `l${k}: i32, g${k}: i32`).join(", ");
  }
  private ls(stencil: Stencil): string[] {
    return stencil.reach.map((_, k) => `l${k}`);
  }

  private tileIndices(m: StencilMember, stencil: Stencil, time: string): string[] {
    const indices = m.family.dims.map((d) => this.name(d.index));
    const number = this.numberOf.get(m.family.name)!;
    return [
      `  let ${indices[m.time]} = ${time};`,
      ...m.space.flatMap((d, k) => {
        const n = stencil.ring[k];
        if (k === stencil.packed)
          return [
            `  let word = g${k};`,
            `  let ${indices[d]} = word * 32 + ${this.use(override.lo(number, d))};`,
          ];
        return [`  let ${indices[d]} = ${n === undefined ? `g${k}` : `around(g${k}, ${this.index(n)})`};`];
      }),
    ];
  }

  private insideTile(m: StencilMember, stencil: Stencil): string {
    const number = this.numberOf.get(m.family.name)!;
    const indices = m.family.dims.map((d) => this.name(d.index));
    if (stencil.packed === undefined) return this.isInside(m.family, indices);
    const d = m.space[stencil.packed]!;
    const first = this.use(override.lo(number, d));
    const inside = this.isInside(m.family, indices.with(d, first));
    if (stencil.ring[stencil.packed] !== undefined) return inside;
    return `(${inside} && word >= 0 && word < ${this.use(override.extent(number, d))})`;
  }

  /** The place in workgroup memory of an instance (a word), before components. */
  private localWord(m: StencilMember, tile: Tile, plane: string, at: readonly string[]): string {
    const area = tile.local.reduce((a, b) => a * b, 1);
    let stride = area;
    const terms = at.map((l, k) => {
      stride /= tile.local[k]!;
      return `(${l}) * ${stride}`;
    });
    const planes = m.window === 1 ? [] : [`${planeOf(`(${plane})`, m.window)} * ${area}`];
    return [...planes, ...terms].join(" + ");
  }

  /** Where a read of another member finds its value, when a tile is computed. */
  private inTile(
    family: string,
    at: readonly Subscript[],
    away: number,
  ): { readonly name: string; readonly word: string } | undefined {
    if (this.tile === undefined) return undefined;
    const { stencil, tile } = this.tile;
    const source = stencil.members.find((m) => m.family.name === family);
    const reader = stencil.members.find((m) => m.family === this.family);
    if (source === undefined || reader === undefined) return undefined;
    const number = this.numberOf.get(family)!;
    const index = (dim: number): IndexExpr => {
      const s = at[dim]!;
      if (s.kind === "dynamic") throw new Error(`a tile reads ${family} at a place that depends on data`);
      return s.value;
    };
    const places = source.space.map((d, k) => {
      if (k === stencil.packed) return `l${k} + ${away}`;
      const e = index(d);
      const by = e.kind === "mod" ? e.left : e;
      return `l${k} + (${this.index(by)} - ${this.name(reader.family.dims[reader.space[k]!]!.index)})`;
    });
    const plane = `${this.index(index(source.time))} - ${this.use(override.lo(number, source.time))}`;
    return { name: `L${number}`, word: this.localWord(source, tile, plane, places) };
  }

  /** A workgroup a tile: loads it, then all times of the launch. */
  tiles(stencil: Stencil, tile: Tile, step: number): string {
    const { local, own, halo } = tile;
    const area = local.reduce((a, b) => a * b, 1);
    const rank = local.length;
    const arrays = stencil.members.map((m) => {
      const words = m.window * area * componentsOf(m.family.type);
      return `var<workgroup> L${this.numberOf.get(m.family.name)}: array<i32, ${words}>;`;
    });
    const origins = local
      .map((_, k) => {
        const tiles = this.use(override.tiles(step, k));
        const number = k === 0 ? "rest" : `(rest % ${tiles})`;
        const lines = [
          `  let o${k} = ${number} * ${own[k]} + ${this.use(override.first(step, k))} - ${halo[k]};`,
        ];
        if (k > 0) lines.push(`  rest = rest / ${tiles};`);
        return lines.join("\n");
      })
      .toReversed();
    const decode = (indent: string) => {
      const lines = [`${indent}var at = k;`];
      for (let k = rank - 1; k >= 0; k--) {
        lines.push(k === 0 ? `${indent}let l0 = at;` : `${indent}let l${k} = at % ${local[k]};`);
        if (k > 0) lines.push(`${indent}at = at / ${local[k]};`);
      }
      return lines.join("\n");
    };
    const args = local.map((_, k) => `l${k}, o${k} + l${k}`).join(", ");
    const loads = stencil.members.flatMap((m) =>
      Array.from({ length: m.window - 1 }, (_, k) => {
        const number = this.numberOf.get(m.family.name)!;
        return `    load${number}(${args}, P.time - ${m.offset + k + 1});`;
      }),
    );
    const isOwn = local.map((_, k) => `l${k} >= ${halo[k]} && l${k} < ${halo[k]! + own[k]!}`).join(" && ");
    const steps = stencil.members.map((m) => {
      const number = this.numberOf.get(m.family.name)!;
      const margins = stencil.reach.flatMap((r, k) =>
        k === stencil.packed
          ? []
          : [`l${k} >= done * ${r.before} && l${k} < ${local[k]} - done * ${r.after}`],
      );
      const all = margins.length === 0 ? "true" : margins.join(" && ");
      return `    done++;
    for (var k = i32(lane); k < ${area}; k += ${FUSED_WIDTH}) {
${decode("      ")}
      if (${all}) { tile${number}(${args}, time, ${isOwn}); }
    }
    workgroupBarrier();`;
    });
    return `${arrays.join("\n")}

@compute @workgroup_size(${FUSED_WIDTH})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var rest = i32(group.x) + P.base;
${origins.join("\n")}
  for (var k = i32(lane); k < ${area}; k += ${FUSED_WIDTH}) {
${decode("    ")}
${loads.join("\n")}
  }
  workgroupBarrier();
  var done = 0;
  for (var time = P.time; time <= P.last; time++) {
${steps.join("\n")}
  }
  tell();
}`;
  }

  /** A lane a column: all times of the launch, one after another. */
  columns(members: readonly { readonly family: Family; readonly offset: number }[]): string {
    const body = members.map(
      ({ family, offset }) => `    compute${this.numberOf.get(family.name)}(k, time - ${offset});`,
    );
    return `@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= P.count) { return; }
  let k = i32(id.x) + P.base;
  for (var time = P.time; time <= P.last; time++) {
${body.join("\n")}
  }
  tell();
}`;
  }

  /** One instance a lane. */
  single(family: Family): string {
    return `@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= P.count) { return; }
  compute${this.numberOf.get(family.name)}(i32(id.x) + P.base, P.time);
  tell();
}`;
  }

  /** Many times in one dispatch: members in turn, all lanes meeting after each. */
  fused(members: readonly { readonly family: Family; readonly offset: number }[]): string {
    const body = members.map(({ family, offset }) => {
      const number = this.numberOf.get(family.name)!;
      return `    for (var k = i32(lane); k < ${this.use(override.count(number))}; k += ${FUSED_WIDTH}) { compute${number}(k, time - ${offset}); }
    storageBarrier();`;
    });
    return `@compute @workgroup_size(${FUSED_WIDTH})
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var time = P.time; time <= P.last; time++) {
${body.join("\n")}
  }
  tell();
}`;
  }

  /** The whole module around functions and their kernel. */
  finish(parts: readonly string[]): { wgsl: string; overrides: readonly string[]; banks: readonly number[] } {
    const overrides = [...this.overrides].sort();
    const banks = [...this.banks].sort((a, b) => a - b);
    const own = [...this.inside.values(), ...this.rings.values(), ...this.functions, ...parts].join("\n\n");
    const wgsl = [
      `// ${this.system.name.replace(/[^A-Za-z0-9_]/g, "_")}: made by Fathom.`,
      "struct Launch { base: i32, count: u32, time: i32, last: i32, seed: u32, nan: u32, inf: u32, zero: u32, round: i32, fixed: array<vec4<i32>, 2> }",
      "@group(0) @binding(0) var<uniform> P: Launch;",
      "@group(0) @binding(1) var<storage, read_write> F: array<atomic<u32>, 16>;",
      ...banks.map((b) => `@group(0) @binding(${2 + b}) var<storage, read_write> M${b}: array<i32>;`),
      ...overrides.map((o) => `override ${o}: i32;`),
      libraryFor(own),
      own,
      "",
    ].join("\n");
    return { wgsl, overrides, banks };
  }
}

/** Small enough to be written out eight times. */
function eightAtOnce(e: Reduce): boolean {
  const whole = e.dims.length === 1 && isAlways(e.filter) && e.dataFilter === undefined;
  if (!whole || e.type.kind !== "real") return false;
  const nodes = new Set<Expr>();
  const loops = build.someExpr(e.body, (x) => {
    nodes.add(x);
    return (
      x.kind === "reduce" || x.kind === "fold" || x.kind === "choose" || x.kind === "table" || isCostly(x)
    );
  });
  return !loops && nodes.size <= 16;
}

const isCostly = (e: Expr): boolean =>
  e.kind === "apply" && ["divide", "sqrt", "exp", "log", "tanh", "sin", "cos", "length"].includes(e.op);

// Canonical sums (docs/reference/meaning.md) keep the results of whole subtrees as a binary counter keeps its digits: digit k is
// there when that bit of the number of operands is set. The lowest digits lie in registers, which all devices index faster.

const LOW_DIGITS = 3;

const canonicalStart = (x: string, width: number): string[] => [
  `var ${x}_n = 0u;`,
  ...Array.from({ length: width }, (_, k) => {
    const low = Array.from({ length: LOW_DIGITS }, (_, d) => `var ${x}_q${d}_${k}: f32;`);
    return `${low.join(" ")} var ${x}_s${k}: array<f32, ${32 - LOW_DIGITS}>;`;
  }),
];

function canonicalTake(x: string, op: string, values: readonly string[]): string[] {
  const each = (line: (k: number) => string) => values.map((_, k) => line(k)).join(" ");
  const lines = [
    "{",
    `  let c = ${x}_n; ${x}_n++;`,
    `  ${values.map((value, k) => `var v${k} = ${value};`).join(" ")}`,
  ];
  for (let d = 0; d < LOW_DIGITS; d++)
    lines.push(
      `  if ((c & ${1 << d}u) == 0u) { ${each((k) => `${x}_q${d}_${k} = v${k};`)} } else {`,
      `  ${each((k) => `v${k} = ${op}(${x}_q${d}_${k}, v${k});`)}`,
    );
  return [
    ...lines,
    `  var rest = c >> ${LOW_DIGITS}u; var level = 0u;`,
    `  while ((rest & 1u) == 1u) { ${each((k) => `v${k} = ${op}(${x}_s${k}[level], v${k});`)} level++; rest = rest >> 1u; }`,
    `  ${each((k) => `${x}_s${k}[level] = v${k};`)}`,
    `  ${"}".repeat(LOW_DIGITS)}`,
    "}",
  ];
}

/** Digits from the lowest: the last operands first, each before those that came earlier. */
function canonicalEnd(x: string, op: string, result: readonly string[]): string[] {
  const take = (digit: (k: number) => string) =>
    `{ if (${x}_some) { ${result.map((r, k) => `${r} = ${op}(${digit(k)}, ${r});`).join(" ")} } else { ${result.map((r, k) => `${r} = ${digit(k)};`).join(" ")} } ${x}_some = true; }`;
  const low = Array.from(
    { length: LOW_DIGITS },
    (_, d) => `if ((${x}_n & ${1 << d}u) != 0u) ${take((k) => `${x}_q${d}_${k}`)}`,
  );
  return [
    `var ${x}_some = false;`,
    ...low,
    `for (var level = 0u; (${x}_n >> (level + ${LOW_DIGITS}u)) != 0u; level++) {`,
    `  if (((${x}_n >> (level + ${LOW_DIGITS}u)) & 1u) != 0u) ${take((k) => `${x}_s${k}[level]`)}`,
    "}",
  ];
}

/** A remainder of a number that is not below 0. */
const planeOf = (i: string, window: number): string =>
  (window & (window - 1)) === 0 ? `(${i} & ${window - 1})` : `(${i} % ${window})`;

/** Every appearance of an index is a plain term. */
function linearIn(e: IndexExpr, index: string): boolean {
  switch (e.kind) {
    case "integer":
    case "size":
    case "index":
      return true;
    case "add":
    case "sub":
      return linearIn(e.left, index) && linearIn(e.right, index);
    default: {
      const used = new Set<string>();
      collectIndices(e, used);
      return !used.has(index);
    }
  }
}

const above0 = (e: IndexExpr): boolean => e.kind === "integer" && e.value > 0;

const starts = (op: Reduce["op"], reals: boolean): string => {
  const zero = reals ? "0.0f" : "0";
  const table: Record<Reduce["op"], string> = {
    sum: zero,
    product: reals ? "1.0f" : "1",
    min: "2147483647",
    max: "i32(-2147483648)",
    any: "0",
    all: "1",
    parity: "0",
    majority: "0",
    count: "0",
    argmin: "-1",
    argmax: "-1",
  };
  return table[op];
};

function operator(e: Extract<Expr, { kind: "apply" }>, a: string, b: string, c: string): string {
  const reals = isReal(e);
  const argReal = isReal(e.args[0]!);
  switch (e.op) {
    case "add":
      return reals ? `fadd(${a}, ${b})` : `${a} + ${b}`;
    case "sub":
      return reals ? `fsub(${a}, ${b})` : `${a} - ${b}`;
    case "mul":
      return reals ? `fmul(${a}, ${b})` : `${a} * ${b}`;
    case "neg":
      return reals ? `fneg(${a})` : `0 - ${a}`;
    case "abs":
      return reals ? `fabs(${a})` : `abs(${a})`;
    case "divide":
      return `rdiv(${a}, ${b})`;
    case "div":
    case "mod":
      return `v${e.op}(${a}, ${b})`;
    case "eq":
      return `select(0, 1, ${a} == ${b})`;
    case "ne":
      return `select(1, 0, ${a} == ${b})`;
    case "lt":
      return `select(0, 1, ${a} < ${b})`;
    case "le":
      return `select(0, 1, ${a} <= ${b})`;
    case "and":
      return `${a} & ${b}`;
    case "or":
      return `${a} | ${b}`;
    case "xor":
      return `${a} ^ ${b}`;
    case "not":
      return `1 - ${a}`;
    case "min":
    case "max":
      return `${reals ? "r" : ""}${e.op}(${a}, ${b})`;
    case "clamp":
      return reals ? `rmin(rmax(${a}, ${b}), ${c})` : `min(max(${a}, ${b}), ${c})`;
    case "sign":
      return `${argReal ? "rsign" : "isign"}(${a})`;
    case "floor":
      return `rfloor(${a})`;
    case "sqrt":
      return `rsqrt(${a})`;
    case "exp":
    case "log":
    case "tanh":
    case "sin":
    case "cos":
      return `${e.op}32(${a})`;
    case "to-int":
      return argReal ? `trunc32(${a})` : a;
    case "to-real":
      return argReal ? a : `toReal(${a})`;
    case "dot":
    case "length":
      throw new Error(`${e.op} is printed elsewhere`);
  }
}
