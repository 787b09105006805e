/** Conditions in disjunctive normal form, and substitution of indices in everything that has them. */
import * as build from "./build";
import type {
  Comparison,
  Condition,
  Conjunction,
  Dim,
  ElementType,
  Expr,
  IndexExpr,
  Subscript,
} from "./system";

/** True or false where both sides are integers (or the same), else undefined. */
function decided(c: Comparison): boolean | undefined {
  if (c.left === c.right) return c.op === "==" || c.op === "<=";
  if (c.left.kind !== "integer" || c.right.kind !== "integer") return undefined;
  const [a, b] = [c.left.value, c.right.value];
  return c.op === "==" ? a === b : c.op === "!=" ? a !== b : c.op === "<" ? a < b : a <= b;
}

/** The condition of a single comparison. */
export function atom(c: Comparison): Condition {
  const truth = decided(c);
  return truth === undefined ? [[c]] : truth ? build.always : build.never;
}

const same = (a: Comparison, b: Comparison): boolean =>
  a.op === b.op && a.left === b.left && a.right === b.right;

export function or(a: Condition, b: Condition): Condition {
  if (a.some((all) => all.length === 0) || b.some((all) => all.length === 0)) return build.always;
  return [...a, ...b];
}

export function and(a: Condition, b: Condition): Condition {
  return a.flatMap((x) => b.map((y): Conjunction => [...x, ...y.filter((c) => !x.some((d) => same(c, d)))]));
}

/** The comparison that holds where this one does not. */
export function negated(c: Comparison): Comparison {
  switch (c.op) {
    case "==":
      return { ...c, op: "!=" };
    case "!=":
      return { ...c, op: "==" };
    case "<":
      return { op: "<=", left: c.right, right: c.left };
    case "<=":
      return { op: "<", left: c.right, right: c.left };
  }
}

export function not(a: Condition): Condition {
  return a.reduce<Condition>(
    (rest, all) =>
      and(
        rest,
        all.reduce<Condition>((some, c) => or(some, atom(negated(c))), build.never),
      ),
    build.always,
  );
}

/** True where the condition certainly holds everywhere. */
export const isAlways = (c: Condition): boolean => c.some((all) => all.length === 0);

export type Substitution = ReadonlyMap<string, IndexExpr>;

/** Replaces index variables. */
export function substituteIndex(e: IndexExpr, by: Substitution): IndexExpr {
  if (by.size === 0) return e;
  switch (e.kind) {
    case "integer":
    case "size":
      return e;
    case "index":
      return by.get(e.name) ?? e;
    case "log2":
      return build.log2(substituteIndex(e.operand, by));
    case "pow2":
      return build.pow2(substituteIndex(e.operand, by));
    default:
      return build.indexOperators[e.kind](substituteIndex(e.left, by), substituteIndex(e.right, by));
  }
}

/** Rewrites both sides of every comparison; what becomes decided is dropped. */
export const mapCondition = (condition: Condition, side: (e: IndexExpr) => IndexExpr): Condition =>
  condition.reduce<Condition>(
    (some, all) =>
      or(
        some,
        all.reduce<Condition>(
          (every, c) => and(every, atom({ op: c.op, left: side(c.left), right: side(c.right) })),
          build.always,
        ),
      ),
    build.never,
  );

/** Renames sizes and indices, and families, throughout an expression. Reduction indices must not clash (lowering makes them unique). */
export interface Renaming {
  readonly index: (e: IndexExpr) => IndexExpr;
  readonly condition: (c: Condition) => Condition;
  /** The family's new name and the subscripts that come before its own. */
  readonly family: (name: string) => { readonly name: string; readonly before: readonly Subscript[] };
}

/** A choice without the cases that guards, decided by now, rule out. */
function settled(
  cases: readonly { readonly guard: Condition; readonly value: Expr }[],
  type: ElementType,
): Expr {
  const possible = cases.some((c) => c.guard.length > 0) ? cases.filter((c) => c.guard.length > 0) : cases;
  const end = possible.findIndex((c) => isAlways(c.guard));
  const left = end < 0 ? possible : possible.slice(0, end + 1);
  return left.length === 1 && end === 0 ? left[0]!.value : build.choose(left, type);
}

export function renameExpr(expr: Expr, by: Renaming, memo = new Map<Expr, Expr>()): Expr {
  const known = memo.get(expr);
  if (known !== undefined) return known;
  const go = (e: Expr): Expr => renameExpr(e, by, memo);
  const type = (t: ElementType): ElementType => (t.kind === "index" ? build.indexType(by.index(t.bound)) : t);
  const dims = (ds: readonly Dim[]): Dim[] =>
    ds.map((d) => ({ index: d.index, lo: by.index(d.lo), hi: by.index(d.hi) }));
  const made = ((): Expr => {
    switch (expr.kind) {
      case "constant":
        return build.constant(type(expr.type), expr.value);
      case "index-value":
        return build.indexValue(by.index(expr.value));
      case "read": {
        const { name, before } = by.family(expr.family);
        const at = expr.at.map(
          (s): Subscript =>
            s.kind === "static"
              ? { kind: "static", value: by.index(s.value) }
              : { kind: "dynamic", value: go(s.value), lo: by.index(s.lo), hi: by.index(s.hi) },
        );
        return build.read(name, [...before, ...at], type(expr.type), expr.origin);
      }
      case "apply":
        return build.apply(expr.op, expr.args.map(go), type(expr.type), expr.origin);
      case "select":
        return build.select(go(expr.condition), go(expr.then), go(expr.otherwise), type(expr.type));
      case "choose":
        return settled(
          expr.cases.map((c) => ({ guard: by.condition(c.guard), value: go(c.value) })),
          type(expr.type),
        );
      case "table":
        return build.lookup(expr.args.map(go), expr.radix, expr.entries, type(expr.type));
      case "reduce":
        return build.reduce(expr.op, dims(expr.dims), go(expr.body), type(expr.type), {
          filter: by.condition(expr.filter),
          dataFilter: expr.dataFilter === undefined ? undefined : go(expr.dataFilter),
          origin: expr.origin,
        });
      case "fold":
        return build.fold(expr.monoid, dims(expr.dims), expr.bodies.map(go), expr.position, {
          filter: by.condition(expr.filter),
          dataFilter: expr.dataFilter === undefined ? undefined : go(expr.dataFilter),
          origin: expr.origin,
        });
      case "operand":
        return expr;
      case "vector":
        return build.vector(expr.components.map(go));
      case "component":
        return build.component(go(expr.of), expr.position);
    }
  })();
  memo.set(expr, made);
  return made;
}

/** Replaces index variables, those of reductions inside excepted: their names must not occur in `by`. */
export function substitute(e: Expr, by: Substitution): Expr {
  if (by.size === 0) return e;
  const index = (x: IndexExpr) => substituteIndex(x, by);
  const renaming: Renaming = {
    index,
    condition: (c) => mapCondition(c, index),
    family: (name) => ({ name, before: [] }),
  };
  return renameExpr(e, renaming);
}
