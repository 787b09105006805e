/**
 * A system as a self-contained ES module of plain JavaScript, and its `.d.ts`. The order of computation and the storage
 * come from the schedule; nothing is decided here.
 *
 * User text reaches the module only as sanitised identifiers and JSON strings.
 */
import { isGiven } from "@fathom/lang";
import { index, typeOf } from "../equations/build";
import { isAlways } from "../equations/conditions";
import { type ElementaryName, elementarySource } from "../equations/elementary";
import { collectIndices } from "../equations/evaluate-index";
import { canonicalTree, valueOverNothing } from "../equations/operators";
import { runPasses, runPipeline } from "../equations/pass";
import { familyKey, threefry } from "../equations/random";
import type { Expr, Family, Fold, IndexExpr, Reduce, Subscript, System } from "../equations/system";
import { componentsOf } from "../equations/values";
import { familiesOf, type Schedule, type Step, schedule, Unschedulable } from "../schedule/schedule";
import { foldText } from "./fold-text";
import { arrayOf, DRIVER, declaration, ModuleText, RUNTIME } from "./module-text";
import { TextScope } from "./text-scope";

/** What a module delivers and checks. */
export interface EmitOptions {
  /** Report the first int overflow and the first division by zero, with the instance. */
  readonly checked?: boolean;
  /** Families besides the outputs whose values are wanted. */
  readonly keep?: readonly string[];
  /** Static reads that are not proved to stay inside: checked when it runs. */
  readonly unproved?: ReadonlySet<Expr>;
}

/** A module of plain JavaScript that imports nothing, its `.d.ts`, and the order it computes in. */
export interface Emitted {
  readonly js: string;
  readonly dts: string;
  readonly schedule: Schedule;
}

/** A task as a module of JavaScript: loop nests in the order of the schedule, storage folded to what is still read. */
export function emitJs(lowered: System, options: EmitOptions = {}): Emitted {
  const keep = new Set(options.keep ?? []);
  const system = runPipeline(runPasses(keep), lowered, { verify: false });
  const plan = schedule(system, keep);
  const module = new Module(system, plan, options.checked === true, keep, options.unproved ?? new Set());
  return { js: module.text(), dts: declaration(system, keep), schedule: plan };
}

const RANDOM = (): string => `
const threefry = ${threefry.toString()};
const uniform = (seed, key, indices) => {
  let k0 = seed, k1 = key, at = 0;
  do { [k0, k1] = threefry(k0, k1, indices[at] ?? 0, indices[at + 1] ?? 0); at += 2; } while (at < indices.length);
  return (k0 >>> 8) / 16777216;
};
`;

const f32 = (n: number): string =>
  Object.is(n, -0)
    ? "-0"
    : n === Number.POSITIVE_INFINITY
      ? "Infinity"
      : n === Number.NEGATIVE_INFINITY
        ? "-Infinity"
        : String(n);

type Scope = TextScope<Expr>;

class Module extends ModuleText {
  private readonly used = new Set<ElementaryName>();
  private random = false;
  private temporaries = 0;
  /** What the emitted expression belongs to, for run-time messages. */
  private element = '""';
  /** Families computed on demand: reads must ask whether they are ready. */
  private demanded = new Set<string>();
  private readonly tables: string[] = [];

  constructor(
    system: System,
    private readonly plan: Schedule,
    private readonly checked: boolean,
    private readonly keep: ReadonlySet<string>,
    private readonly unproved: ReadonlySet<Expr>,
  ) {
    super(system);
  }

  // Index expressions

  /** A static expression as an `int`: wraps at every step, by zero 0. */
  private int(e: IndexExpr): string {
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
  private offset(family: Family, at: readonly string[], planes?: string): string {
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
  private hoisted: { readonly index: string; readonly planes: Map<string, string> } | undefined;

  private plane(family: Family, at: readonly Subscript[]): string | undefined {
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

  // Value expressions. Each gives the atoms of its components: one for a scalar.

  private temporary(scope: Scope, code: string): string {
    const name = `t${this.temporaries++}`;
    scope.lines.push(`${scope.indent}const ${name} = ${code};`);
    return name;
  }

  private expr(e: Expr, scope: Scope): string[] {
    return scope.once(e, () => this.fresh(e, scope));
  }

  private scalar(e: Expr, scope: Scope): string {
    return this.expr(e, scope)[0]!;
  }

  private fresh(e: Expr, scope: Scope): string[] {
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

  private read(e: Extract<Expr, { kind: "read" }>, scope: Scope): string[] {
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

  private apply(e: Extract<Expr, { kind: "apply" }>, scope: Scope): string[] {
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

  private operator(
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

  private reduce(e: Reduce, scope: Scope): string[] {
    const width = componentsOf(e.type);
    const number = this.temporaries++;
    const { lines, indent } = scope;
    const real = e.type.kind === "real" || e.type.kind === "vector";
    const tree = real && (e.op === "sum" || e.op === "product");
    const result = Array.from({ length: width }, (_, k) => `r${number}_${k}`);
    const start = f32(valueOverNothing(e.op, real));
    lines.push(`${indent}let ${result.map((r) => `${r} = ${start}`).join(", ")};`);
    const extra = `x${number}`;
    if (tree) {
      lines.push(`${indent}let ${extra}_n = 0, ${extra}_top = 0;`);
      result.forEach((_, k) => {
        this.stacks.set(`${extra}_s${k}`, "Float32Array");
      });
    }
    if (e.op === "argmin" || e.op === "argmax")
      lines.push(`${indent}let ${extra} = 0, ${extra}_some = false;`);
    if (e.op === "majority") lines.push(`${indent}let ${extra} = 0;`);
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    let depth = indent;
    e.dims.forEach((d, k) => {
      const i = this.name("i", d.index);
      const end = `h${number}_${k}`;
      lines.push(
        `${depth}const ${end} = ${this.index(d.hi)};`,
        `${depth}for (let ${i} = ${this.index(d.lo)}; ${i} < ${end}; ${i}++) {`,
      );
      depth += "  ";
    });
    const inner = scope.inside(depth);
    const filtered = !isAlways(e.filter);
    const identity = e.op === "sum" ? "-0" : "1";
    const into = (values: readonly string[], target: Scope): void => {
      for (const line of this.fold(e, result, extra, values, tree))
        target.lines.push(`${target.indent}${line}`);
    };
    const present = (target: Scope): void => {
      if (e.dataFilter === undefined) {
        into(this.expr(e.body, target), target);
        return;
      }
      const kept = this.scalar(e.dataFilter, target);
      const values = this.expr(e.body, target);
      if (tree) {
        into(
          values.map((v) => this.temporary(target, `${kept} === 1 ? ${v} : ${identity}`)),
          target,
        );
      } else {
        const only = target.inside(`${target.indent}  `);
        into(values, only);
        target.lines.push(`${target.indent}if (${kept} === 1) {`, ...only.lines, `${target.indent}}`);
      }
    };
    if (filtered) {
      const kept = inner.inside(`${depth}  `);
      present(kept);
      inner.lines.push(`${depth}if (${this.condition(e.filter)}) {`, ...kept.lines);
      if (tree) {
        const left = inner.inside(`${depth}  `);
        into(
          result.map(() => identity),
          left,
        );
        inner.lines.push(`${depth}} else {`, ...left.lines);
      }
      inner.lines.push(`${depth}}`);
    } else present(inner);
    lines.push(...inner.lines);
    for (let k = e.dims.length - 1; k >= 0; k--) lines.push(`${indent}${"  ".repeat(k)}}`);
    this.ranges = saved;
    if (tree) {
      const op = e.op === "sum" ? "+" : "*";
      result.forEach((r, k) => {
        const s = `${extra}_s${k}`;
        lines.push(
          `${indent}if (${extra}_n > 0) { ${r} = ${s}[${extra}_top - 1]; for (let k = ${extra}_top - 2; k >= 0; k--) ${r} = f(${s}[k] ${op} ${r}); }`,
        );
        if (e.op === "sum") lines.push(`${indent}${r} = f(${r} + 0);`);
      });
    }
    if (e.op === "majority") lines.push(`${indent}${result[0]} = 2 * ${result[0]} > ${extra} ? 1 : 0;`);
    return result;
  }

  private foldMonoid(e: Fold, scope: Scope): string[] {
    const x = `x${this.temporaries++}`;
    const arrays = e.monoid.types.flatMap((t) => Array<string>(componentsOf(t)).fill(arrayOf(t)));
    const stacks = arrays.map((_, k) => `${x}_s${k}`);
    stacks.forEach((name, k) => {
      this.stacks.set(name, arrays[k]!);
    });
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    const result = foldText(e, x, stacks, scope, {
      variable: (name, value) => `let ${name} = ${value};`,
      constant: (name, value) => `const ${name} = ${value};`,
      count: String,
      equal: "===",
      indexName: (index) => this.name("i", index),
      index: (i) => this.index(i),
      condition: (c) => this.condition(c),
      expr: (one, inner) => this.expr(one, inner),
      copy: (atom, inner) => this.temporary(inner, atom),
    });
    this.ranges = saved;
    return [...result];
  }

  /** Partial results of canonical sums; one array each, made once a run. */
  private readonly stacks = new Map<string, string>();

  private fold(
    e: Reduce,
    result: readonly string[],
    extra: string,
    values: readonly string[],
    tree: boolean,
  ): string[] {
    const [r, v] = [result[0]!, values[0]!];
    if (tree) {
      const op = e.op === "sum" ? "+" : "*";
      const lines = [`let ${extra}_c = ${extra}_n++, ${extra}_p = ${extra}_top;`];
      const merges = values
        .map((_, k) => `${extra}_v${k} = f(${extra}_s${k}[${extra}_p] ${op} ${extra}_v${k});`)
        .join(" ");
      lines.push(`let ${values.map((x, k) => `${extra}_v${k} = ${x}`).join(", ")};`);
      lines.push(`while (${extra}_c & 1) { ${extra}_p--; ${merges} ${extra}_c >>= 1; }`);
      lines.push(
        `${values.map((_, k) => `${extra}_s${k}[${extra}_p] = ${extra}_v${k};`).join(" ")} ${extra}_top = ${extra}_p + 1;`,
      );
      return ["{", ...lines.map((l) => `  ${l}`), "}"];
    }
    const check = (exactCode: string): string[] =>
      this.checked
        ? [
            `{ const x = ${exactCode}; if (x !== (x | 0)) fail("overflow", ${this.element} + " overflows int: " + x); }`,
          ]
        : [];
    switch (e.op) {
      case "sum":
        return [...check(`${r} + ${v}`), `${r} = (${r} + ${v}) | 0;`];
      case "product":
        return [...check(`${r} * ${v}`), `${r} = Math.imul(${r}, ${v});`];
      case "min":
      case "max":
        return [`${r} = Math.${e.op}(${r}, ${v});`];
      case "any":
        return [`${r} |= ${v};`];
      case "all":
        return [`${r} &= ${v};`];
      case "parity":
        return [`${r} ^= ${v};`];
      case "count":
        return [`${r} += ${v};`];
      case "majority":
        return [`${r} += ${v}; ${extra}++;`];
      case "argmin":
      case "argmax": {
        const sign = e.op === "argmin" ? "<" : ">";
        const i = this.name("i", e.dims[0]!.index);
        return [
          `if (!${extra}_some || ${v} ${sign} ${extra} || (${extra} !== ${extra} && ${v} === ${v})) { ${extra} = ${v}; ${extra}_some = true; ${r} = ${i} | 0; }`,
        ];
      }
    }
  }

  // Statements

  /** Computes one instance; its indices are in scope. */
  private instance(family: Family, indent: string): string[] {
    const base = this.family(family.name);
    const at = family.dims.map((d) => this.name("i", d.index));
    this.element = `at(${[JSON.stringify(family.name), ...at].join(", ")})`;
    const saved = this.ranges;
    this.ranges = [...family.dims];
    const width = componentsOf(family.type);
    const store = (values: readonly string[], scope: Scope): void => {
      if (family.type.kind === "index") {
        const bound = this.index(family.type.bound);
        scope.lines.push(
          `${scope.indent}if (${values[0]} < 0 || ${values[0]} >= ${bound}) fail("value-range", ${this.element} + " is " + ${values[0]} + ", outside 0.." + ${bound});`,
        );
      }
      const own = family.dims.map((d): Subscript => ({ kind: "static", value: index(d.index) }));
      const offset = this.offset(family, at, this.plane(family, own));
      values.forEach((v, k) => {
        scope.lines.push(
          `${scope.indent}${base}[${width === 1 ? offset : `(${offset}) * ${width} + ${k}`}] = ${v};`,
        );
      });
    };
    const lines: string[] = [];
    if (family.role === "random") {
      this.random = true;
      lines.push(
        `${indent}${base}[${this.offset(family, at)}] = uniform(seed, ${familyKey(family.name)}, [${at.join(", ")}]);`,
      );
    }
    family.pieces.forEach((p, k) => {
      const only = family.pieces.length === 1;
      const scope: Scope = new TextScope(only ? indent : `${indent}  `);
      store(this.expr(p.value, scope), scope);
      if (only) {
        lines.push(...scope.lines);
        return;
      }
      const head =
        k === 0
          ? `if (${this.condition(p.guard)})`
          : isAlways(p.guard)
            ? "else"
            : `else if (${this.condition(p.guard)})`;
      lines.push(`${indent}${head} {`, ...scope.lines, `${indent}}`);
    });
    this.ranges = saved;
    return lines;
  }

  private nest(family: Family, fixed: ReadonlySet<number>, indent: string): string[] {
    const lines: string[] = [];
    let inner = indent;
    const open = family.dims.map((d, k) => ({ d, k })).filter(({ k }) => !fixed.has(k));
    lines.push(`${indent}{`);
    inner += "  ";
    for (const { d, k } of open) {
      const i = this.name("i", d.index);
      lines.push(
        `${inner}for (let ${i} = ${this.index(d.lo)}, e${k} = ${this.index(d.hi)}; ${i} < e${k}; ${i}++) {`,
      );
      inner += "  ";
    }
    lines.push(...this.instance(family, inner));
    for (let n = open.length; n > 0; n--) lines.push(`${indent}  ${"  ".repeat(n - 1)}}`);
    lines.push(`${indent}}`);
    return lines;
  }

  private step(step: Step, indent: string, top: boolean): string[] {
    switch (step.kind) {
      case "nest":
        return this.nest(step.family, step.fixed, indent);
      case "demand":
        return this.demand(step, indent);
      case "loop": {
        const number = this.temporaries++;
        const t = `time${number}`;
        const lines = [`${indent}{`];
        const members = [...step.members].map(([name, m]) => ({ family: this.families.get(name)!, ...m }));
        const bound = (m: (typeof members)[number]) => {
          const d = m.family.dims[m.dim]!;
          const [lo, last] = [this.index(d.lo), `${this.index(d.hi)} - 1`];
          return step.direction === 1
            ? [`${lo} + ${m.offset}`, `${last} + ${m.offset}`]
            : [`-(${last}) + ${m.offset}`, `-${lo} + ${m.offset}`];
        };
        const bounds = members.map(bound);
        lines.push(
          `${indent}  const ${t}_lo = Math.min(${bounds.map((b) => b[0]).join(", ")}), ${t}_hi = Math.max(${bounds.map((b) => b[1]).join(", ")});`,
          `${indent}  for (let ${t} = ${t}_lo; ${t} <= ${t}_hi; ${t}++) {`,
        );
        if (top)
          lines.push(
            `${indent}    if ((${t} & 15) === 0 && tick(${t} - ${t}_lo, ${t}_hi - ${t}_lo + 1)) yield;`,
          );
        for (const inner of step.body) {
          const names = familiesOf(inner);
          const head: string[] = [];
          const guards: string[] = [];
          for (const m of members.filter((x) => names.has(x.family.name))) {
            const d = m.family.dims[m.dim]!;
            const value = step.direction === 1 ? `${t} - ${m.offset}` : `${m.offset} - ${t}`;
            head.push(`const ${this.name("i", d.index)} = ${value};`);
            guards.push(`${this.index(d.lo)} <= ${value} && ${value} < ${this.index(d.hi)}`);
          }
          // Families of a deeper loop may have different ranges here: each statement checks its own.
          const shared = names.size === 1;
          if (shared) {
            lines.push(
              `${indent}    if (${guards[0]}) {`,
              `${indent}      ${head[0]}`,
              ...this.withPlanes(step, inner, top, indent),
              `${indent}    }`,
            );
          } else {
            const distinct = new Set(head);
            const indices = new Set(head.map((h) => h.split(" ")[1]));
            if (distinct.size === indices.size && new Set(guards).size === 1) {
              lines.push(
                `${indent}    if (${guards[0]}) {`,
                ...[...distinct].map((h) => `${indent}      ${h}`),
                ...this.step(inner, `${indent}      `, false),
                `${indent}    }`,
              );
            } else throw new Unschedulable();
          }
        }
        lines.push(`${indent}  }`, `${indent}}`);
        return lines;
      }
    }
  }

  /** The statements of one family inside its time loop, its planes in front. */
  private withPlanes(
    loop: Extract<Step, { kind: "loop" }>,
    inner: Step,
    top: boolean,
    indent: string,
  ): string[] {
    if (!top) return this.step(inner, `${indent}      `, false);
    const name = [...familiesOf(inner)][0]!;
    const index = this.families.get(name)!.dims[loop.members.get(name)!.dim]!.index;
    this.hoisted = { index, planes: new Map() };
    const body = this.step(inner, `${indent}      `, false);
    const planes = [...this.hoisted.planes].map(([code, p]) => `${indent}      const ${p} = ${code};`);
    this.hoisted = undefined;
    return [...planes, ...body];
  }

  private readonly demandNumber = new Map<string, number>();

  /** Computes families on demand with an explicit stack of (family, offset). */
  private demand(step: Extract<Step, { kind: "demand" }>, indent: string): string[] {
    const lines: string[] = [`${indent}{`];
    const inner = `${indent}  `;
    const saved = this.demanded;
    this.demanded = new Set(step.families.map((x) => x.name));
    step.families.forEach((x, k) => {
      this.demandNumber.set(x.name, k);
    });
    lines.push(
      `${inner}const stack = [];`,
      `${inner}let missing = false;`,
      `${inner}const need = (family, offset) => { missing = true; stack.push(family, offset); };`,
    );
    lines.push(`${inner}const compute = [`);
    for (const family of step.families) {
      const base = this.family(family.name);
      lines.push(`${inner}  (place) => {`);
      let rest = "place";
      family.dims.forEach((d, k) => {
        const last = k === family.dims.length - 1;
        const i = this.name("i", d.index);
        lines.push(
          `${inner}    const ${i} = ${last ? rest : `Math.floor((${rest}) / ${base}_st${k})`} + ${base}_lo${k};`,
        );
        if (!last) rest = `(${rest}) % ${base}_st${k}`;
      });
      // Until everything it reads is there the value stored is provisional: readiness is what counts.
      lines.push(...this.instanceOnDemand(family, `${inner}    `));
      lines.push(`${inner}  },`);
    }
    lines.push(
      `${inner}];`,
      `${inner}const ready = [${step.families.map((x) => `${this.family(x.name)}_ready`).join(", ")}];`,
    );
    lines.push(
      `${inner}const names = ${JSON.stringify(step.families.map((x) => x.name))};`,
      `${inner}const settle = (family, offset) => {`,
      `${inner}  stack.push(family, offset);`,
      `${inner}  while (stack.length > 0) {`,
      `${inner}    const place = stack[stack.length - 1], which = stack[stack.length - 2];`,
      `${inner}    if (ready[which][place] === 1) { stack.length -= 2; continue; }`,
      `${inner}    const before = stack.length;`,
      `${inner}    missing = false;`,
      `${inner}    compute[which](place);`,
      `${inner}    if (!missing) { ready[which][place] = 1; stack.length -= 2; continue; }`,
      `${inner}    ready[which][place] = 2;`,
      `${inner}    for (let k = before; k < stack.length; k += 2) if (ready[stack[k]][stack[k + 1]] === 2) fail("cycle", names[stack[k]] + " depends on itself");`,
      `${inner}  }`,
      `${inner}};`,
    );
    for (const family of step.families) {
      const base = this.family(family.name);
      let deeper = inner;
      family.dims.forEach((d, k) => {
        const i = this.name("i", d.index);
        const bounds = `let ${i} = ${this.index(d.lo)}, e${k} = ${this.index(d.hi)}`;
        lines.push(`${deeper}for (${bounds}; ${i} < e${k}; ${i}++) {`);
        if (k === 0) lines.push(`${deeper}  if ((${i} & 15) === 0 && tick(${i}, e${k})) yield;`);
        deeper += "  ";
      });
      const place = this.offset(
        family,
        family.dims.map((d) => this.name("i", d.index)),
      );
      lines.push(
        `${deeper}{ const place = ${place}; if (${base}_ready[place] !== 1) settle(${this.demandNumber.get(family.name)}, place); }`,
      );
      for (let k = family.dims.length; k > 0; k--) lines.push(`${inner}${"  ".repeat(k - 1)}}`);
    }
    this.demanded = saved;
    lines.push(`${indent}}`);
    return lines;
  }

  /** As `instance`, but ends early while something is missing: provisional values must not raise faults. */
  private instanceOnDemand(family: Family, indent: string): string[] {
    return this.instance(family, indent).flatMap((line) =>
      /^\s*if \(.*_ready\[/.test(line) ? [line, `${indent}if (missing) return;`] : [line],
    );
  }

  text(): string {
    let body: string[];
    try {
      body = this.plan.steps.flatMap((s) => this.step(s, "  ", true));
    } catch (error) {
      if (!(error instanceof Unschedulable)) throw error;
      // Loops whose members disagree about ranges: compute everything on demand instead.
      this.stacks.clear();
      this.tables.length = 0;
      const defined = this.system.families.filter((x) => x.pieces.length > 0);
      (this.plan as { steps: readonly Step[] }).steps = [{ kind: "demand", families: defined }];
      (this.plan.folded as Map<string, unknown>).clear();
      body = this.plan.steps.flatMap((s) => this.step(s, "  ", true));
    }
    const demanded = new Set(
      this.plan.steps.flatMap((s) => (s.kind === "demand" ? s.families.map((f) => f.name) : [])),
    );
    const lines: string[] = this.checkedSizes();
    for (const family of this.system.families) lines.push(...this.declare(family, demanded.has(family.name)));
    for (const [name, array] of this.stacks) lines.push(`  const ${name} = new ${array}(64);`);
    const randoms = this.system.families
      .filter((x) => x.role === "random")
      .flatMap((x) => this.nest(x, new Set(), "  "));
    const results = this.system.families
      .filter((x) => x.role === "output" || this.keep.has(x.name))
      .map(
        (x) =>
          `    ${JSON.stringify(x.name)}: { lo: ${this.family(x.name)}_box.lo, extent: ${this.family(x.name)}_box.extent, data: ${this.family(x.name)} },`,
      );
    const functions = [...this.used].sort().map((n) => `const ${n} = ${elementarySource(n)};`);
    return [
      `// ${this.system.name}: made by Fathom. Plain JavaScript, no imports.`,
      RUNTIME.trim(),
      this.random ? RANDOM().trim() : "",
      ...functions,
      ...this.tables,
      "function* compute(sizes, inputs, seed, tick) {",
      ...lines,
      ...randoms,
      ...body,
      "  return {",
      ...results,
      "  };",
      "}",
      DRIVER.trim(),
      "export { run, runAsync };",
      `export const sizes = ${JSON.stringify(this.system.sizes.map((s) => s.name))};`,
      `export const inputs = ${JSON.stringify(this.system.families.filter(isGiven).map((x) => x.name))};`,
      `export const outputs = ${JSON.stringify(this.system.families.filter((x) => x.role === "output").map((x) => x.name))};`,
      "",
    ].join("\n");
  }

  private declare(family: Family, demanded: boolean): string[] {
    const base = this.family(family.name);
    const point = family.dims.map((d) => this.name("i", d.index));
    const lines = [this.box(family)];
    const fold = this.plan.folded.get(family.name);
    family.dims.forEach((_, k) => {
      const extents = family.dims.slice(k + 1).map((_, j) => `${base}_box.extent[${k + 1 + j}]`);
      const factors = extents.map((x, j) =>
        fold !== undefined && fold.dim === k + 1 + j ? `Math.min(${x}, ${fold.window})` : x,
      );
      lines.push(
        `  const ${base}_lo${k} = ${base}_box.lo[${k}], ${base}_st${k} = ${factors.length === 0 ? "1" : factors.join(" * ")};`,
      );
    });
    const width = componentsOf(family.type);
    const key = JSON.stringify(family.name);
    const points =
      fold === undefined
        ? `${base}_box.points`
        : `${base}_box.points === 0 ? 0 : Math.min(${base}_box.extent[${fold.dim}], ${fold.window})${family.dims.map((_, k) => (k === fold.dim ? "" : ` * ${base}_box.extent[${k}]`)).join("")}`;
    if (isGiven(family)) {
      lines.push(this.given(family), ...this.inRange(family, () => "0"));
    } else {
      lines.push(`  const ${base} = allocate(${key}, ${arrayOf(family.type)}, (${points}) * ${width});`);
      if (demanded) lines.push(`  const ${base}_ready = new Uint8Array(${base}_box.points);`);
    }
    const inside = family.dims
      .map((d, k) => `${this.index(d.lo)} <= ${point[k]} && ${point[k]} < ${this.index(d.hi)}`)
      .join(" && ");
    lines.push(`  const ${base}_in = (${point.join(", ")}) => ${inside || "true"};`);
    return lines;
  }
}
