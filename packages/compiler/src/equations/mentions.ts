/** Which indices occur where. */
import { childrenOf } from "./build";
import { collectIndices } from "./evaluate-index";
import type { Condition, Dim, Expr, IndexExpr } from "./system";

export function indicesOf(...expressions: readonly IndexExpr[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const e of expressions) collectIndices(e, names);
  return names;
}

export const mentionsIndex = (e: IndexExpr, index: string): boolean => indicesOf(e).has(index);

export const mentionsAny = (e: IndexExpr, indices: ReadonlySet<string>): boolean =>
  [...indicesOf(e)].some((name) => indices.has(name));

export const conditionMentions = (c: Condition, index: string): boolean =>
  c.some((all) => all.some((x) => mentionsIndex(x.left, index) || mentionsIndex(x.right, index)));

export const dimsMention = (dims: readonly Dim[], index: string): boolean =>
  dims.some((d) => mentionsIndex(d.lo, index) || mentionsIndex(d.hi, index));

/** Whether an expression, or what it is made of, changes with an index: in subscripts, bounds and guards too. */
export function changesWith(e: Expr, index: string): boolean {
  const known = changing.get(e)?.get(index);
  if (known !== undefined) return known;
  const found = itself(e, index) || childrenOf(e).some((c) => changesWith(c, index));
  const byIndex = changing.get(e) ?? new Map<string, boolean>();
  changing.set(e, byIndex.set(index, found));
  return found;
}
const changing = new WeakMap<Expr, Map<string, boolean>>();

function itself(e: Expr, index: string): boolean {
  switch (e.kind) {
    case "index-value":
      return mentionsIndex(e.value, index);
    case "read":
      return e.at.some((s) => s.kind === "static" && mentionsIndex(s.value, index));
    case "choose":
      return e.cases.some((c) => conditionMentions(c.guard, index));
    case "reduce":
    case "fold":
      return dimsMention(e.dims, index) || conditionMentions(e.filter, index);
    default:
      return false;
  }
}
