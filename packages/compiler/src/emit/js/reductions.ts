/** Reductions as JavaScript loops, in the canonical order (docs/reference/meaning.md). */
import { isAlways } from "../../equations/conditions";
import { valueOverNothing } from "../../equations/operators";
import type { Fold, Reduce } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { foldText } from "../fold-text";
import { arrayOf } from "../module-text";
import { f32, type Scope, Values } from "./values";

export abstract class Reductions extends Values {
  protected reduce(e: Reduce, scope: Scope): string[] {
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

  protected foldMonoid(e: Fold, scope: Scope): string[] {
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
  protected readonly stacks = new Map<string, string>();

  protected fold(
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
}
