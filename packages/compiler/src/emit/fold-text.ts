/** Folds over declared monoids as loops of text, in the canonical order (docs/reference/meaning.md), for every language that has loops. */
import { fold, operand } from "../equations/build";
import { isAlways } from "../equations/conditions";
import type { Condition, Expr, Fold, IndexExpr } from "../equations/system";
import { componentsOf } from "../equations/values";
import type { TextScope } from "./text-scope";

/** What differs from language to language. */
export interface FoldLanguage<Key> {
  readonly variable: (name: string, value: string) => string;
  readonly constant: (name: string, value: string) => string;
  /** A count that is never negative. */
  readonly count: (n: number) => string;
  readonly equal: string;
  readonly indexName: (index: string) => string;
  readonly index: (e: IndexExpr) => string;
  readonly condition: (c: Condition) => string;
  readonly expr: (e: Expr, scope: TextScope<Key>) => readonly string[];
  /** A value under a new name. */
  readonly copy: (atom: string, scope: TextScope<Key>) => string;
}

/**
 * All components of a fold at once, named in the scope. Partial results wait in arrays `stacks`, one for each number of an element: the
 * bits of how many came before say which are complete subtrees (a binary counter).
 */
export function foldText<Key>(
  e: Fold,
  x: string,
  stacks: readonly string[],
  scope: TextScope<Key | Expr>,
  language: FoldLanguage<Key | Expr>,
): readonly string[] {
  const { variable, count, equal } = language;
  const { lines, indent } = scope;
  const widths = e.monoid.types.map(componentsOf);
  const parts = (prefix: string): string[] => stacks.map((_, k) => `${x}_${prefix}${k}`);
  const byComponent = (atoms: readonly string[]): string[][] => {
    const left = [...atoms];
    return widths.map((width) => left.splice(0, width));
  };
  const assign = (to: readonly string[], from: readonly string[]): string =>
    to.map((name, k) => `${name} = ${from[k]};`).join(" ");
  const variables = (names: readonly string[], values: readonly string[]): string =>
    names.map((name, k) => variable(name, values[k]!)).join(" ");
  const waiting = (at: string): string[] => stacks.map((s) => `${s}[${at}]`);
  /** `left · into` stored in `into`: both operands by value. */
  const combine = (left: readonly string[], into: readonly string[], deeper: string): string[] => {
    const inner = scope.inside(deeper);
    const [l, r] = [left, into].map((atoms) => byComponent(atoms.map((a) => language.copy(a, inner))));
    e.monoid.types.forEach((type, k) => {
      inner.name(operand("left", k, type), l![k]!);
      inner.name(operand("right", k, type), r![k]!);
    });
    const made = e.monoid.combine.flatMap((c) => language.expr(c, inner));
    return [...inner.lines, `${deeper}${assign(into, made)}`];
  };

  const unit = e.monoid.identity.flatMap((c) => language.expr(c, scope));
  lines.push(`${indent}${variable(`${x}_n`, count(0))} ${variable(`${x}_top`, "0")}`);
  let depth = indent;
  e.dims.forEach((d, k) => {
    const i = language.indexName(d.index);
    lines.push(
      `${depth}${language.constant(`${x}_h${k}`, language.index(d.hi))}`,
      `${depth}for (${variable(i, language.index(d.lo))} ${i} < ${x}_h${k}; ${i}++) {`,
    );
    depth += "  ";
  });
  const [v, r] = [parts("v"), parts("r")];
  const present = scope.inside(`${depth}  `);
  const kept = e.dataFilter === undefined ? undefined : language.expr(e.dataFilter, present)[0];
  const take = assign(
    v,
    e.bodies.flatMap((b) => language.expr(b, present)),
  );
  lines.push(
    `${depth}${variables(v, unit)}`,
    `${depth}${isAlways(e.filter) ? "" : `if (${language.condition(e.filter)}) `}{`,
    ...present.lines,
    `${present.indent}${kept === undefined ? take : `if (${kept} ${equal} 1) { ${take} }`}`,
    `${depth}}`,
    `${depth}${variable(`${x}_c`, `${x}_n`)} ${x}_n++; ${variable(`${x}_p`, `${x}_top`)}`,
    `${depth}while ((${x}_c & ${count(1)}) ${equal} ${count(1)}) {`,
    `${depth}  ${x}_p--;`,
    ...combine(waiting(`${x}_p`), v, `${depth}  `),
    `${depth}  ${x}_c >>= ${count(1)};`,
    `${depth}}`,
    `${depth}${assign(waiting(`${x}_p`), v)} ${x}_top = ${x}_p + 1;`,
  );
  for (let k = e.dims.length - 1; k >= 0; k--) lines.push(`${indent}${"  ".repeat(k)}}`);
  lines.push(
    `${indent}${variables(r, unit)}`,
    `${indent}if (${x}_n > ${count(0)}) {`,
    `${indent}  ${assign(r, waiting(`${x}_top - 1`))}`,
    `${indent}  for (${variable(`${x}_k`, `${x}_top - 2`)} ${x}_k >= 0; ${x}_k--) {`,
    ...combine(waiting(`${x}_k`), r, `${indent}    `),
    `${indent}  }`,
    `${indent}}`,
  );
  const results = byComponent(r);
  results.forEach((atoms, k) => {
    scope.name(fold(e.monoid, e.dims, e.bodies, k, e), atoms);
  });
  return results[e.position]!;
}
