/** Value expressions as JavaScript. Each gives the atoms of its components: one for a scalar. */
import { typeOf } from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import type { ElementaryName } from "../../equations/elementary";
import { collectIndices } from "../../equations/evaluate-index";
import { canonicalTree } from "../../equations/operators";
import type { Expr, Family, Fold, IndexExpr, Reduce, Subscript, System } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import type { Schedule } from "../../schedule/schedule";
import { arrayOf, ModuleText } from "../module-text";
import type { TextScope } from "../text-scope";

export const f32 = (n: number): string =>
  Object.is(n, -0)
    ? "-0"
    : n === Number.POSITIVE_INFINITY
      ? "Infinity"
      : n === Number.NEGATIVE_INFINITY
        ? "-Infinity"
        : String(n);

export type Scope = TextScope<Expr>;

export abstract class Values extends ModuleText {
  protected readonly used = new Set<ElementaryName>();
  protected random = false;
  protected temporaries = 0;
  /** What the emitted expression belongs to, for run-time messages. */
  protected element = '""';
  /** Families computed on demand: reads must ask whether they are ready. */
  protected demanded = new Set<string>();
  protected readonly demandNumber = new Map<string, number>();
  protected readonly tables: string[] = [];

  constructor(
    system: System,
    protected readonly plan: Schedule,
    protected readonly checked: boolean,
    protected readonly keep: ReadonlySet<string>,
    protected readonly unproved: ReadonlySet<Expr>,
  ) {
    super(system);
  }

  protected abstract reduce(e: Reduce, scope: Scope): string[];
  protected abstract foldMonoid(e: Fold, scope: Scope): string[];

  // Index expressions

  /** A static expression as an `int`: wraps at every step, by zero 0. */
  protected int(e: IndexExpr): string {
    switch (e.kind) {
      case "integer":
      case "size":
      case "index":
        return `(${this.index(e)} | 0)`;
      case "log2":
        return `log2(${this.int(e.operand)})`;
      case "pow2":
        return `(pow2(${this.int(e.operand)}) | 0)`;
      case "add":
        return `((${this.int(e.left)} + ${this.int(e.right)}) | 0)`;
      case "sub":
        return `((${this.int(e.left)} - ${this.int(e.right)}) | 0)`;
      case "mul":
        return `Math.imul(${this.int(e.left)}, ${this.int(e.right)})`;
      case "div":
        return `vdiv(${this.int(e.left)}, ${this.int(e.right)})`;
      case "mod":
        return `vmod(${this.int(e.left)}, ${this.int(e.right)})`;
      case "min":
      case "max":
        return `Math.${e.kind}(${this.int(e.left)}, ${this.int(e.right)})`;
    }
  }

  // Storage

  /** The position of a point, before components: planes of a folded dimension repeat. */
  protected offset(family: Family, at: readonly string[], planes?: string): string {
    const base = this.family(family.name);
    const fold = this.plan.folded.get(family.name);
    if (at.length === 0) return "0";
    return at
      .map((i, d) => {
        const plane = planes ?? `((${i} - ${base}_lo${d}) % ${fold?.window})`;
        const position = fold?.dim === d ? plane : `(${i} - ${base}_lo${d})`;
        return d === at.length - 1 ? position : `${position} * ${base}_st${d}`;
      })
      .join(" + ");
  }

  /** Which planes a time step touches is worked out once a step, not once an instance. */
  protected hoisted: { readonly index: string; readonly planes: Map<string, string> } | undefined;

  protected plane(family: Family, at: readonly Subscript[]): string | undefined {
    const fold = this.plan.folded.get(family.name);
    const subscript = fold === undefined ? undefined : at[fold.dim];
    if (fold === undefined || this.hoisted === undefined || subscript?.kind !== "static") return undefined;
    const used = new Set<string>();
    collectIndices(subscript.value, used);
    if ([...used].some((name) => name !== this.hoisted!.index)) return undefined;
    const code = `(${this.index(subscript.value)} - ${this.family(family.name)}_lo${fold.dim}) % ${fold.window}`;
    const known = this.hoisted.planes.get(code) ?? `p${this.temporaries++}`;
    this.hoisted.planes.set(code, known);
    return known;
  }

  // Values

  protected temporary(scope: Scope, code: string): string {
    const name = `t${this.temporaries++}`;
    scope.lines.push(`${scope.indent}const ${name} = ${code};`);
    return name;
  }

  protected expr(e: Expr, scope: Scope): string[] {
    return scope.once(e, () => this.fresh(e, scope));
  }

  protected scalar(e: Expr, scope: Scope): string {
    return this.expr(e, scope)[0]!;
  }

  protected fresh(e: Expr, scope: Scope): string[] {
    switch (e.kind) {
      case "constant":
        return [e.value < 0 || Object.is(e.value, -0) ? `(${f32(e.value)})` : f32(e.value)];
      case "index-value":
        return [this.temporary(scope, this.int(e.value))];
      case "read":
        return this.read(e, scope);
      case "apply":
        return this.apply(e, scope);
      case "select": {
        const c = this.scalar(e.condition, scope);
        const [then, otherwise] = [this.expr(e.then, scope), this.expr(e.otherwise, scope)];
        return then.map((t, k) => this.temporary(scope, `${c} === 1 ? ${t} : ${otherwise[k]}`));
      }
      case "choose": {
        const width = componentsOf(e.type);
        const results = Array.from({ length: width }, () => `t${this.temporaries++}`);
        scope.lines.push(`${scope.indent}let ${results.join(", ")};`);
        e.cases.forEach((c, k) => {
          const inner = scope.inside();
          const values = this.expr(c.value, inner);
          const head =
            k === 0
              ? `if (${this.condition(c.guard)})`
              : isAlways(c.guard)
                ? "else"
                : `else if (${this.condition(c.guard)})`;
          scope.lines.push(
            `${scope.indent}${head} {`,
            ...inner.lines,
            ...values.map((v, j) => `${inner.indent}${results[j]} = ${v};`),
            `${scope.indent}}`,
          );
        });
        return results;
      }
      case "table": {
        const number = this.tables.length;
        const kind = arrayOf(e.type);
        this.tables.push(`const table${number} = ${kind}.of(${e.entries.map(f32).join(", ")});`);
        const args = e.args.map((a, k) => {
          const atom = this.scalar(a, scope);
          const type = typeOf(a);
          const sure = type.kind === "bit" || type.kind === "enum";
          if (sure) return atom;
          const element = this.element;
          scope.lines.push(
            `${scope.indent}if (${atom} < 0 || ${atom} >= ${e.radix[k]}) fail("value-range", ${element} + " is " + ${atom} + ", outside 0..${e.radix[k]}");`,
          );
          return atom;
        });
        const row = args.reduce((r, a, k) => (k === 0 ? a : `(${r}) * ${e.radix[k]} + ${a}`), "0");
        return [this.temporary(scope, `table${number}[${row}]`)];
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

  protected read(e: Extract<Expr, { kind: "read" }>, scope: Scope): string[] {
    const family = this.families.get(e.family)!;
    const base = this.family(e.family);
    const width = componentsOf(family.type);
    const unsure = e.at.some((s) => s.kind === "dynamic") || this.unproved.has(e);
    const at = e.at.map((s: Subscript) => {
      if (s.kind === "dynamic") return this.scalar(s.value, scope);
      const code = this.index(s.value);
      return /^\w+$/.test(code) ? code : this.temporary(scope, code);
    });
    if (unsure) {
      const inside = `${base}_in(${at.join(", ")})`;
      scope.lines.push(
        `${scope.indent}if (!${inside}) fail("index-outside", ${this.element} + " reads " + at(${[JSON.stringify(e.family), ...at].join(", ")}) + ", outside \`${e.family}\`");`,
      );
    }
    let offset = this.offset(family, at, this.plane(family, e.at));
    if (this.demanded.has(e.family)) {
      const place = this.temporary(scope, offset);
      scope.lines.push(
        `${scope.indent}if (${base}_ready[${place}] !== 1) need(${this.demandNumber.get(e.family)}, ${place});`,
      );
      offset = place;
    }
    if (width === 1) return [this.temporary(scope, `${base}[${offset}]`)];
    const place = this.temporary(scope, `(${offset}) * ${width}`);
    return Array.from({ length: width }, (_, k) => this.temporary(scope, `${base}[${place} + ${k}]`));
  }

  protected apply(e: Extract<Expr, { kind: "apply" }>, scope: Scope): string[] {
    const args = e.args.map((a) => this.expr(a, scope));
    const make = (code: string) => this.temporary(scope, code);
    if (e.op === "dot" || e.op === "length") {
      const [a, b = a] = args;
      const products = a!.map((x, k) => make(`f(${x} * ${b![k]})`));
      const total = canonicalTree(products, (x, y) => `f(${x} + ${y})`);
      const sum = make(`f(${total} + 0)`);
      return [e.op === "dot" ? sum : make(`f(Math.sqrt(${sum}))`)];
    }
    const width = componentsOf(e.type);
    return Array.from({ length: width }, (_, k) => {
      const [a, b, c] = args.map((x) => x[k] ?? x[0]!);
      return make(this.operator(e, a!, b ?? "", c ?? "", scope));
    });
  }

  protected operator(
    e: Extract<Expr, { kind: "apply" }>,
    a: string,
    b: string,
    c: string,
    scope: Scope,
  ): string {
    const whole = e.type.kind === "int" || e.type.kind === "index";
    const guard = (code: string): void => {
      if (this.checked) scope.lines.push(`${scope.indent}${code}`);
    };
    const overflow = (exactCode: string): void =>
      guard(
        `{ const x = ${exactCode}; if (x !== (x | 0)) fail("overflow", ${this.element} + " overflows int: " + x); }`,
      );
    const zero = (): void =>
      guard(`if (${b} === 0) fail("division-by-zero", ${this.element} + " divides by zero");`);
    switch (e.op) {
      case "add":
        if (whole) overflow(`${a} + ${b}`);
        return whole ? `(${a} + ${b}) | 0` : `f(${a} + ${b})`;
      case "sub":
        if (whole) overflow(`${a} - ${b}`);
        return whole ? `(${a} - ${b}) | 0` : `f(${a} - ${b})`;
      case "mul":
        if (whole) overflow(`${a} * ${b}`);
        return whole ? `Math.imul(${a}, ${b})` : `f(${a} * ${b})`;
      case "neg":
        if (whole) overflow(`0 - ${a}`);
        return whole ? `(0 - ${a}) | 0` : `-${a}`;
      case "abs":
        if (whole) overflow(`Math.abs(${a})`);
        return whole ? `Math.abs(${a}) | 0` : `Math.abs(${a})`;
      case "divide":
        return `f(${a} / ${b})`;
      case "div":
        zero();
        guard(
          `if (${a} === -2147483648 && ${b} === -1) fail("overflow", ${this.element} + " overflows int: 2147483648");`,
        );
        return `vdiv(${a}, ${b})`;
      case "mod":
        zero();
        return `vmod(${a}, ${b})`;
      case "eq":
        return `${a} === ${b} ? 1 : 0`;
      case "ne":
        return `${a} === ${b} ? 0 : 1`;
      case "lt":
        return `${a} < ${b} ? 1 : 0`;
      case "le":
        return `${a} <= ${b} ? 1 : 0`;
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
        return `Math.${e.op}(${a}, ${b})`;
      case "clamp":
        return `Math.min(Math.max(${a}, ${b}), ${c})`;
      case "sign":
        return `${a} > 0 ? 1 : ${a} < 0 ? -1 : 0`;
      case "floor":
        return `Math.floor(${a})`;
      case "sqrt":
        return `f(Math.sqrt(${a}))`;
      case "exp":
      case "log":
      case "tanh":
      case "sin":
      case "cos":
        this.used.add(e.op);
        return `${e.op}(${a})`;
      case "to-int":
        return `trunc(${a})`;
      case "to-real":
        return `f(${a})`;
      case "dot":
      case "length":
        throw new Error(`${e.op} is printed elsewhere`);
    }
  }
}
