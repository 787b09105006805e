/** Reductions as WGSL loops, in the canonical order (docs/reference/meaning.md). */
import * as build from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import type { Expr, Fold, Reduce } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { real } from "./library";
import { isReal, type Scope, Values } from "./values";

export abstract class Reductions extends Values {
  /** All components of a fold at once; each is remembered, so that asking for another costs nothing. */
  protected foldMonoid(e: Fold, scope: Scope): string[] {
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

  protected reduce(e: Reduce, scope: Scope): string[] {
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
      if (!tree && (e.op === "sum" || e.op === "product"))
        this.checkOverflow(e.op === "sum" ? "add" : "mul", result[0]!, values[0]!, target);
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
  protected eight(e: Reduce, x: string, scope: Scope): string[] {
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
  protected fold(
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
