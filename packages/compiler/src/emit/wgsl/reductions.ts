/** Reductions as WGSL loops, in the canonical order (docs/reference/meaning.md). */
import * as build from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { collectIndices, lengthOf } from "../../equations/evaluate-index";
import { canonicalTree } from "../../equations/operators";
import type { Condition, Expr, Fold, IndexExpr, Reduce } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { foldText } from "../fold-text";
import { real } from "./library";
import { isReal, type Scope, Values } from "./values";

export abstract class Reductions extends Values {
  protected foldMonoid(e: Fold, scope: Scope): string[] {
    this.beforeLoop(e, scope);
    const x = `x${this.temporaries++}`;
    const kinds = e.monoid.types.flatMap((t) =>
      Array<string>(componentsOf(t)).fill(t.kind === "real" || t.kind === "vector" ? "f32" : "i32"),
    );
    const stacks = kinds.map((_, k) => `${x}_s${k}`);
    stacks.forEach((name, k) =>
      scope.lines.push(`${scope.indent}var ${name}: array<${kinds[k]}, ${partials(e.dims)}>;`),
    );
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    const result = foldText(e, x, stacks, scope, {
      variable: (name, value) => `var ${name} = ${value};`,
      constant: (name, value) => `let ${name} = ${value};`,
      count: (n) => `${n}u`,
      equal: "==",
      indexName: (index) => this.name(index),
      index: (i) => this.index(i),
      condition: (c) => this.condition(c),
      expr: (one, inner) => this.expr(one, inner),
      copy: (atom, inner) => this.let(inner, atom),
    });
    this.ranges = saved;
    return [...result];
  }

  protected reduce(e: Reduce, scope: Scope): string[] {
    this.beforeLoop(e, scope);
    if (isReal(e) && (e.op === "sum" || e.op === "product")) return this.canonical(e, e.op, scope);
    const x = `x${this.temporaries++}`;
    const { lines, indent } = scope;
    const result = `${x}_r0`;
    lines.push(
      `${indent}var ${result} = ${isReal(e) ? (e.op === "min" ? "inf()" : "fneg(inf())") : starts[e.op]};`,
    );
    if (e.op === "argmin" || e.op === "argmax")
      lines.push(`${indent}var ${x}_best: ${isReal(e.body) ? "f32" : "i32"}; var ${x}_some = false;`);
    if (e.op === "majority") lines.push(`${indent}var ${x}_n = 0;`);
    this.loops(e, x, scope, (inner) => {
      const kept = e.dataFilter === undefined ? undefined : this.scalar(e.dataFilter, inner);
      const value = this.scalar(e.body, inner);
      const into = kept === undefined ? inner : inner.inside();
      if (e.op === "sum" || e.op === "product")
        this.checkOverflow(e.op === "sum" ? "add" : "mul", result, value, into);
      into.lines.push(into.indent + this.fold(e, result, x, value));
      if (kept !== undefined)
        inner.lines.push(`${inner.indent}if (${kept} == 1) {`, ...into.lines, `${inner.indent}}`);
    });
    if (e.op === "majority") lines.push(`${indent}${result} = select(0, 1, 2 * ${result} > ${x}_n);`);
    return [result];
  }

  /** Reads that are the same for all operands, once: compilers do not take them out of loops. */
  protected beforeLoop(e: Reduce | Fold, scope: Scope): void {
    const inner = new Set(e.dims.map((d) => d.index));
    const reads: Extract<Expr, { kind: "read" }>[] = [];
    const look = (x: Expr): boolean => {
      if (x.kind === "reduce" || x.kind === "fold") for (const d of x.dims) inner.add(d.index);
      if (x.kind === "read") reads.push(x);
      return false;
    };
    for (const x of e.kind === "fold" ? e.bodies : [e.body]) build.someExpr(x, look);
    for (const read of reads) {
      // One that may fault, or has to wait, is looked at only where it counts.
      if (this.unproved.has(read) || this.placement.rounds?.includes(read.family) === true) continue;
      const same = read.at.flatMap((s, d) => {
        const used = new Set<string>();
        if (s.kind === "static") collectIndices(s.value, used);
        return s.kind === "static" && ![...used].some((i) => inner.has(i)) ? [d] : [];
      });
      if (same.length === read.at.length) this.expr(read, scope);
      else if (same.length > 0 && this.inTile(read.family, read.at, 0) === undefined)
        this.startBefore(read, same, scope);
    }
  }

  /** Every operand that the filter lets in, in order; `from`: where the first dimension starts. */
  private loops(e: Reduce, x: string, scope: Scope, operand: (inner: Scope) => void, from?: string): void {
    const { lines, indent } = scope;
    const saved = this.ranges;
    this.ranges = [...this.ranges, ...e.dims];
    let depth = indent;
    e.dims.forEach((d, k) => {
      const i = this.name(d.index);
      if (from === undefined || k > 0) lines.push(`${depth}let ${x}_h${k} = ${this.index(d.hi)};`);
      const first = k === 0 ? (from ?? this.index(d.lo)) : this.index(d.lo);
      lines.push(`${depth}for (var ${i} = ${first}; ${i} < ${x}_h${k}; ${i}++) {`);
      depth += "  ";
    });
    const inner = scope.inside(depth);
    if (isAlways(e.filter) || isCanonical(e)) operand(inner);
    else {
      const only = inner.inside();
      operand(only);
      inner.lines.push(`${depth}if (${this.condition(e.filter)}) {`, ...only.lines, `${depth}}`);
    }
    lines.push(...inner.lines);
    for (let k = e.dims.length - 1; k >= 0; k--) lines.push(`${indent}${"  ".repeat(k)}}`);
    this.ranges = saved;
  }

  /** A sum or product of reals in the canonical order. */
  private canonical(e: Reduce, op: "sum" | "product", scope: Scope): string[] {
    const identity = real(op === "sum" ? -0 : 1);
    return this.together(e, scope, (inner) => this.operand(e, identity, inner));
  }

  /** Sums or products over one range, side by side: components of a vector, or what a patch of instances reduces. */
  protected together(e: Reduce, scope: Scope, operands: (inner: Scope) => readonly string[]): string[] {
    const x = `x${this.temporaries++}`;
    const { lines, indent } = scope;
    const combine = e.op === "sum" ? "fadd" : "fmul";
    const before = lines.length;
    const count = writtenOut(e);
    const low = count === 1 ? 3 : Math.log2(count);
    let width = 0;
    if (count > 1) {
      const [d] = e.dims;
      lines.push(
        `${indent}let ${x}_h0 = ${this.index(d!.hi)};`,
        `${indent}var ${x}_i = ${this.index(d!.lo)};`,
        `${indent}for (; ${x}_h0 - ${x}_i >= ${count}; ${x}_i += ${count}) {`,
      );
      const saved = this.ranges;
      this.ranges = [...this.ranges, ...e.dims];
      const written = Array.from({ length: count }, (_, k) => {
        const inner = scope.inside(`${indent}    `);
        const values = operands(inner);
        const names = values.map((_, j) => `${x}_v${k}_${j}`);
        lines.push(
          `${indent}  ${names.map((name) => `var ${name}: f32;`).join(" ")}`,
          `${indent}  {`,
          `${indent}    let ${this.name(d!.index)} = ${x}_i + ${k};`,
          ...inner.lines,
          `${indent}    ${names.map((name, j) => `${name} = ${values[j]};`).join(" ")}`,
          `${indent}  }`,
        );
        return names;
      });
      this.ranges = saved;
      width = written[0]!.length;
      const totals = Array.from({ length: width }, (_, j) =>
        canonicalTree(
          written.map((names) => names[j]!),
          (a, b) => `${combine}(${a}, ${b})`,
        ),
      );
      lines.push(
        `${indent}  ${totals.map((total, k) => `var v${k} = ${total};`).join(" ")}`,
        `${indent}  ${canonicalCarry(x, combine, `${x}_n >> ${low}u`, width)} ${x}_n += ${count}u;`,
        `${indent}}`,
      );
    }
    const take = (inner: Scope) => {
      const values = operands(inner);
      width = values.length;
      for (const line of canonicalTake(x, combine, values, low)) inner.lines.push(inner.indent + line);
    };
    this.loops(e, x, scope, take, count > 1 ? `${x}_i` : undefined);
    const result = Array.from({ length: width }, (_, k) => `${x}_r${k}`);
    const unit = e.op === "sum" ? "0.0f" : "1.0f";
    lines.splice(
      before,
      0,
      ...[...result.map((r) => `var ${r} = ${unit};`), ...canonicalStart(x, width, low)].map(
        (l) => indent + l,
      ),
    );
    lines.push(...canonicalEnd(x, combine, result, low).map((line) => indent + line));
    if (e.op === "sum") for (const r of result) lines.push(`${indent}${r} = plusZero(${r});`);
    return result;
  }

  /** The components of an operand; the identity where a filter leaves it out. */
  private operand(e: Reduce, identity: string, scope: Scope): readonly string[] {
    const value = (target: Scope): readonly string[] => {
      const kept = e.dataFilter === undefined ? undefined : this.scalar(e.dataFilter, target);
      const values = this.expr(e.body, target);
      if (kept === undefined) return values;
      return values.map((v) => this.let(target, `select(${identity}, ${v}, ${kept} == 1)`));
    };
    if (isAlways(e.filter)) return value(scope);
    const condition = this.condition(e.filter);
    // Where nearly all are kept, a choice costs less than lanes that wait for each other.
    if (differs(e.filter) && !mayFault(e, this.unproved)) {
      const kept = this.let(scope, condition);
      return value(scope).map((v) => this.let(scope, `select(${identity}, ${v}, ${kept})`));
    }
    const only = scope.inside();
    const values = value(only);
    const names = values.map(() => `t${this.temporaries++}`);
    scope.lines.push(
      `${scope.indent}${names.map((name) => `var ${name} = ${identity};`).join(" ")}`,
      `${scope.indent}if (${condition}) {`,
      ...only.lines,
      `${only.indent}${names.map((name, k) => `${name} = ${values[k]};`).join(" ")}`,
      `${scope.indent}}`,
    );
    return names;
  }

  /** Takes one operand in. */
  protected fold(e: Reduce, r: string, x: string, v: string): string {
    switch (e.op) {
      case "sum":
      case "count":
        return `${r} = ${r} + ${v};`;
      case "product":
        return `${r} = ${r} * ${v};`;
      case "min":
      case "max":
        return `${r} = ${isReal(e) ? "r" : ""}${e.op}(${r}, ${v});`;
      case "any":
        return `${r} = ${r} | ${v};`;
      case "all":
        return `${r} = ${r} & ${v};`;
      case "parity":
        return `${r} = ${r} ^ ${v};`;
      case "majority":
        return `${r} = ${r} + ${v}; ${x}_n++;`;
      case "argmin":
      case "argmax": {
        const beats = `${v} ${e.op === "argmin" ? "<" : ">"} ${x}_best`;
        const number = isReal(e.body) ? ` || (isNan(${x}_best) && !isNan(${v}))` : "";
        const i = this.name(e.dims[0]!.index);
        return `if (!${x}_some || ${beats}${number}) { ${x}_best = ${v}; ${x}_some = true; ${r} = ${i}; }`;
      }
    }
  }
}

/** Partial results of a reduction over so many at most: one for each power of two. */
function partials(dims: Fold["dims"]): number {
  const most = dims.reduce((n, d) => n * mostOperands(lengthOf(d)), 1);
  return most > 2 ** 31 ? 32 : Math.floor(Math.log2(Math.max(1, most))) + 1;
}

const mostOperands = (e: IndexExpr): number =>
  e.kind === "integer"
    ? Math.max(0, e.value)
    : e.kind === "min"
      ? Math.min(mostOperands(e.left), mostOperands(e.right))
      : 2 ** 31;

const isCanonical = (e: Reduce): boolean => isReal(e) && (e.op === "sum" || e.op === "product");

/** Says only that things differ: true nearly everywhere. */
const differs = (c: Condition): boolean => c.length === 1 && c[0]!.every(({ op }) => op === "!=");

/** Whether an operand that is not wanted could be reported for what it reads. */
const mayFault = (e: Reduce, unproved: ReadonlySet<Expr>): boolean =>
  build.someExpr(
    e.body,
    (x) =>
      x.kind === "table" ||
      x.kind === "choose" ||
      x.kind === "reduce" ||
      x.kind === "fold" ||
      (x.kind === "read" && (unproved.has(x) || x.at.some((s) => s.kind === "dynamic"))),
  );

/** How many operands are written out one after another, a tree without branches: 8 or 4 where they are small. */
export function writtenOut(e: Reduce): 1 | 4 | 8 {
  if (e.dims.length !== 1) return 1;
  let size = 0;
  const loops = build.someExpr(e.body, (x) => {
    size += sizeOf(x);
    return x.kind === "reduce" || x.kind === "fold" || x.kind === "choose" || x.kind === "table";
  });
  return loops || size > 64 ? 1 : size > 16 ? 4 : 8;
}

/** About how much code the divisions of an index expression are. */
function divisionsIn(e: IndexExpr): number {
  if ("operand" in e) return divisionsIn(e.operand);
  if (!("left" in e)) return 0;
  const own = (e.kind === "div" || e.kind === "mod") && e.right.kind !== "integer" ? 12 : 0;
  return own + divisionsIn(e.left) + divisionsIn(e.right);
}

/** About how much code an operation is, its operands aside. */
function sizeOf(e: Expr): number {
  if (e.kind === "read")
    return (
      componentsOf(e.type) + e.at.reduce((n, at) => n + (at.kind === "static" ? divisionsIn(at.value) : 0), 0)
    );
  if (e.kind !== "apply") return componentsOf(build.typeOf(e));
  switch (e.op) {
    case "divide":
    case "sqrt":
    case "length":
      return 8;
    case "exp":
    case "log":
    case "tanh":
    case "sin":
    case "cos":
      return 64;
    default:
      return componentsOf(e.type);
  }
}

// Canonical sums (docs/reference/meaning.md) keep the results of whole subtrees as a binary counter keeps its digits: digit k is
// there when that bit of the number of operands is set. The lowest digits lie in registers, which all devices index faster.

const canonicalStart = (x: string, width: number, low: number): string[] => [
  `var ${x}_n = 0u;`,
  ...Array.from({ length: width }, (_, k) => {
    const digits = Array.from({ length: low }, (_, d) => `var ${x}_q${d}_${k}: f32;`);
    return `${digits.join(" ")} var ${x}_s${k}: array<f32, ${32 - low}>;`;
  }),
];

/** Adds a subtree v to the digits in memory, whose number is counted by `count`. */
function canonicalCarry(x: string, op: string, count: string, width: number): string {
  const each = (line: (k: number) => string) => Array.from({ length: width }, (_, k) => line(k)).join(" ");
  return [
    `var rest = ${count}; var level = 0u;`,
    `while ((rest & 1u) == 1u) { ${each((k) => `v${k} = ${op}(${x}_s${k}[level], v${k});`)} level++; rest = rest >> 1u; }`,
    each((k) => `${x}_s${k}[level] = v${k};`),
  ].join(" ");
}

function canonicalTake(x: string, op: string, values: readonly string[], low: number): string[] {
  const each = (line: (k: number) => string) => values.map((_, k) => line(k)).join(" ");
  const lines = [
    "{",
    `  let c = ${x}_n; ${x}_n++;`,
    `  ${values.map((value, k) => `var v${k} = ${value};`).join(" ")}`,
  ];
  for (let d = 0; d < low; d++)
    lines.push(
      `  if ((c & ${1 << d}u) == 0u) { ${each((k) => `${x}_q${d}_${k} = v${k};`)} } else {`,
      `  ${each((k) => `v${k} = ${op}(${x}_q${d}_${k}, v${k});`)}`,
    );
  return [...lines, `  ${canonicalCarry(x, op, `c >> ${low}u`, values.length)}`, `  ${"}".repeat(low)}`, "}"];
}

/** Digits from the lowest: the last operands first, each before those that came earlier. */
function canonicalEnd(x: string, op: string, result: readonly string[], low: number): string[] {
  const take = (digit: (k: number) => string) =>
    `{ if (${x}_some) { ${result.map((r, k) => `${r} = ${op}(${digit(k)}, ${r});`).join(" ")} } else { ${result.map((r, k) => `${r} = ${digit(k)};`).join(" ")} } ${x}_some = true; }`;
  const digits = Array.from(
    { length: low },
    (_, d) => `if ((${x}_n & ${1 << d}u) != 0u) ${take((k) => `${x}_q${d}_${k}`)}`,
  );
  return [
    `var ${x}_some = false;`,
    ...digits,
    `for (var level = 0u; (${x}_n >> (level + ${low}u)) != 0u; level++) {`,
    `  if (((${x}_n >> (level + ${low}u)) & 1u) != 0u) ${take((k) => `${x}_s${k}[level]`)}`,
    "}",
  ];
}

/** What ints and bits start from. */
const starts: Readonly<Record<Reduce["op"], string>> = {
  sum: "0",
  product: "1",
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
