/** Value expressions as WGSL, each node once: a name for every result. */
import * as build from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { canonicalTree } from "../../equations/operators";
import type { Condition, Expr, Family, Fold, Operator, Reduce, Subscript } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import type { Word } from "../../schedule/words";
import type { TextScope } from "../text-scope";
import { Indices } from "./indices";
import { real } from "./library";
import { override, type Site } from "./program";

export type Scope = TextScope<Expr | Word | string>;

type Read = Extract<Expr, { kind: "read" }>;

const startOf = (e: Read): string =>
  `start ${e.family} ${e.at.map((s) => `${s.kind} ${build.nodeNumber(s.value)}`).join()}`;

export const isReal = (e: Expr): boolean => {
  const kind = build.typeOf(e).kind;
  return kind === "real" || kind === "vector";
};

/** A compiler that sees a zero takes 0 · x for 0 and x + 0 for x, whatever their signs: so a zero comes from the host. */
const unseenZero = (value: number): string =>
  value !== 0
    ? real(value)
    : Object.is(value, -0)
      ? "bitcast<f32>(zero ^ 0x80000000u)"
      : "bitcast<f32>(zero)";

/** Each expression gives the atoms of its components: one for a scalar. */
export abstract class Values extends Indices {
  protected temporaries = 0;

  protected abstract reduce(e: Reduce, scope: Scope): string[];
  protected abstract foldMonoid(e: Fold, scope: Scope): string[];
  /** Where a read finds its value in workgroup memory, when a tile is computed. */
  protected abstract inTile(
    family: string,
    at: readonly Subscript[],
    away: number,
  ): { readonly name: string; readonly word: string } | undefined;

  protected let(scope: Scope, code: string): string {
    const name = `t${this.temporaries++}`;
    scope.lines.push(`${scope.indent}let ${name} = ${code};`);
    return name;
  }

  /** A name for code that is the same wherever the key is. */
  protected once(key: string, scope: Scope, code: () => string): string {
    return scope.once(key, () => [this.let(scope, code())])[0]!;
  }

  protected expr(e: Expr, scope: Scope): string[] {
    return scope.once(e, () => this.fresh(e, scope));
  }

  protected scalar(e: Expr, scope: Scope): string {
    return this.expr(e, scope)[0]!;
  }

  /**
   * Goes on after a fault: only the first is told and nothing is delivered, accesses outside memory do no harm in WGSL, and a
   * software device took a minute to compile returns from within nested branches.
   */
  protected raise(scope: Scope, when: string, site: Site, values: readonly string[]): void {
    const all = [...values, ...Array.from({ length: 8 }, () => "0")].slice(0, 8);
    scope.lines.push(
      `${scope.indent}if (${when}) { fault(${this.site(site)}u, array<i32, 8>(${all.join(", ")})); }`,
    );
  }

  protected fresh(e: Expr, scope: Scope): string[] {
    switch (e.kind) {
      case "constant":
        // Through `let`: expressions of constants are worked out, and overflows rejected, before the run.
        return [this.let(scope, isReal(e) ? unseenZero(e.value) : `i32(${e.value})`)];
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
          const inner = scope.inside();
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
  protected branch(
    branches: readonly { readonly guard: Condition; readonly lines: readonly string[] }[],
    indent: string,
  ): string[] {
    const open = branches.filter(({ guard }) => this.settled.get(guard) !== false);
    const sure = open.findIndex(({ guard }) => this.settled.get(guard) === true);
    const left = sure < 0 ? open : open.slice(0, sure + 1);
    return left.flatMap(({ guard, lines }, k) => {
      const last = k === sure || (isAlways(guard) && k > 0);
      const head =
        last || (isAlways(guard) && left.length < branches.length) ? "" : `if (${this.condition(guard)}) `;
      return [`${indent}${k === 0 ? "" : "else "}${head}{`, ...lines, `${indent}}`];
    });
  }

  protected read(e: Read, scope: Scope): string[] {
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
    const offset = this.let(scope, this.offsetOf(e, family, at, scope));
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

  /** The word of a read, from where it starts if that was worked out before a loop. */
  private offsetOf(e: Read, family: Family, at: readonly string[], scope: Scope): string {
    const known = scope.known(startOf(e));
    if (known === undefined) return this.offset(family, at);
    const [start, ...done] = known;
    const left = at.map((i, d) => (done.includes(String(d)) ? undefined : i));
    return `${start} + ${this.steps(family, left)}`;
  }

  /** Works out where a read starts, for the dimensions that are the same throughout a loop. */
  protected startBefore(e: Read, same: readonly number[], scope: Scope): void {
    const number = this.numberOf.get(e.family)!;
    const family = this.system.families[number]!;
    const at = e.at.map((s, d) =>
      same.includes(d) && s.kind === "static" ? this.index(s.value) : undefined,
    );
    const start = this.let(scope, `${this.use(override.at(number))} + ${this.steps(family, at)}`);
    scope.name(startOf(e), [start, ...same.map(String)]);
  }

  /** In rounds: goes no further while the instance read is not there. */
  protected await(family: Family, at: readonly string[], scope: Scope): void {
    if (this.placement.rounds?.includes(family.name) !== true) return;
    // What this very round makes may be seen or not: it counts only from the next one on.
    const number = this.numberOf.get(family.name)!;
    const place = `${this.use(override.ready(number))} + ${this.place(family, at)}`;
    const round = this.let(scope, `${this.memory(family)}[${place}]`);
    scope.lines.push(`${scope.indent}if (${round} == 0 || ${round} >= P.round) { return; }`);
  }

  /** Tells of an operation on ints whose exact result is none. */
  private checkOperator(op: Operator, a: string, b: string, scope: Scope): void {
    switch (op) {
      case "add":
      case "sub":
      case "mul":
        this.checkOverflow(op, a, b, scope);
        return;
      case "neg":
        this.checkOverflow("sub", "0", a, scope);
        return;
      case "abs":
        this.raise(scope, `${a} == least()`, { code: "overflow", family: this.family.name, op: "sub" }, [
          ...this.point().slice(0, 6),
          "0",
          a,
        ]);
        return;
      case "div":
      case "mod":
        this.raise(scope, `${b} == 0`, { code: "division-by-zero", family: this.family.name }, this.point());
        if (op === "div") this.checkOverflow("div", a, b, scope);
    }
  }

  protected checkOverflow(op: "add" | "sub" | "mul" | "div", a: string, b: string, scope: Scope): void {
    if (!this.checked) return;
    const site = { code: "overflow", family: this.family.name, op } as const;
    this.raise(scope, `${op}Wraps(${a}, ${b})`, site, [...this.point().slice(0, 6), a, b]);
  }

  protected apply(e: Extract<Expr, { kind: "apply" }>, scope: Scope): string[] {
    const args = e.args.map((a) => this.expr(a, scope));
    if (e.op === "dot" || e.op === "length") {
      const [a, b = a] = args;
      const products = a!.map((x, k) => this.let(scope, `fmul(${x}, ${b![k]})`));
      const total = canonicalTree(products, (x, y) => this.let(scope, `fadd(${x}, ${y})`));
      const sum = this.let(scope, `plusZero(${total})`);
      return [e.op === "dot" ? sum : this.let(scope, `rsqrt(${sum})`)];
    }
    return Array.from({ length: componentsOf(e.type) }, (_, k) => {
      const [a, b, c] = args.map((x) => x[k] ?? x[0]!);
      if (this.checked && !isReal(e) && !isReal(e.args[0]!)) this.checkOperator(e.op, a!, b ?? "", scope);
      return this.let(scope, operator(e, a!, b ?? "", c ?? ""));
    });
  }
}

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
