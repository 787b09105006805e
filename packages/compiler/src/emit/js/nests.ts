/** Nests of loops over the instances of families, the time loops around them, and computation on demand. */
import { index } from "../../equations/build";
import { isAlways } from "../../equations/conditions";
import { familyKey } from "../../equations/random";
import type { Family, Subscript } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { familiesOf, type Step, Unschedulable } from "../../schedule/schedule";
import { TextScope } from "../text-scope";
import { Reductions } from "./reductions";
import type { Scope } from "./values";

export abstract class Nests extends Reductions {
  /** Computes one instance; its indices are in scope. */
  protected instance(family: Family, indent: string): string[] {
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

  protected nest(family: Family, fixed: ReadonlySet<number>, indent: string): string[] {
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

  protected step(step: Step, indent: string, top: boolean): string[] {
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
  protected withPlanes(
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

  /** Computes families on demand with an explicit stack of (family, offset). */
  protected demand(step: Extract<Step, { kind: "demand" }>, indent: string): string[] {
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
  protected instanceOnDemand(family: Family, indent: string): string[] {
    return this.instance(family, indent).flatMap((line) =>
      /^\s*if \(.*_ready\[/.test(line) ? [line, `${indent}if (missing) return;`] : [line],
    );
  }
}
