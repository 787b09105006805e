/** Walks over value expressions. */
import * as build from "./build";
import { someExpr } from "./build";
import { mapCondition, substitute, substituteIndex } from "./conditions";
import type { Dim, Expr, IndexExpr, Read } from "./system";

/** Every read, each once. */
export function readsOf(root: Expr): Read[] {
  const found: Read[] = [];
  someExpr(root, (e) => {
    if (e.kind === "read") found.push(e);
    return false;
  });
  return found;
}

/** The number of different nodes. */
export function sizeOf(root: Expr): number {
  let count = 0;
  someExpr(root, () => {
    count++;
    return false;
  });
  return count;
}

/**
 * Rebuilds an expression from the top: where `replace` gives an expression, that stands there and is not entered. What
 * `replace` gives may use the indices of reductions around the place.
 */
export function rewriteExpr(root: Expr, replace: (e: Expr) => Expr | undefined): Expr {
  const memo = new Map<Expr, Expr>();
  const go = (e: Expr): Expr => {
    const known = memo.get(e);
    if (known !== undefined) return known;
    const made = replace(e) ?? inside(e);
    memo.set(e, made);
    return made;
  };
  const inside = (e: Expr): Expr => {
    switch (e.kind) {
      case "constant":
      case "index-value":
      case "operand":
        return e;
      case "read":
        return e.at.every((s) => s.kind === "static")
          ? e
          : build.read(
              e.family,
              e.at.map((s) => (s.kind === "static" ? s : { ...s, value: go(s.value) })),
              e.type,
              e.origin,
            );
      case "apply":
        return build.apply(e.op, e.args.map(go), e.type, e.origin);
      case "select":
        return build.select(go(e.condition), go(e.then), go(e.otherwise), e.type);
      case "choose":
        return build.choose(
          e.cases.map((c) => ({ guard: c.guard, value: go(c.value) })),
          e.type,
        );
      case "table":
        return build.lookup(e.args.map(go), e.radix, e.entries, e.type);
      case "reduce":
        return build.reduce(e.op, e.dims, go(e.body), e.type, {
          filter: e.filter,
          dataFilter: e.dataFilter === undefined ? undefined : go(e.dataFilter),
          origin: e.origin,
        });
      case "fold":
        return build.fold(e.monoid, e.dims, e.bodies.map(go), e.position, {
          filter: e.filter,
          dataFilter: e.dataFilter === undefined ? undefined : go(e.dataFilter),
          origin: e.origin,
        });
      case "vector":
        return build.vector(e.components.map(go));
      case "component":
        return build.component(go(e.of), e.position);
    }
  };
  return go(root);
}

/** Names of the indices that reductions inside bind. */
export function boundIndices(root: Expr): Set<string> {
  const names = new Set<string>();
  someExpr(root, (e) => {
    if (e.kind === "reduce" || e.kind === "fold") for (const d of e.dims) names.add(d.index);
    return false;
  });
  return names;
}

/** The same expression with the indices of its reductions renamed away from `taken`; names it uses are added there. */
export function freshReductions(root: Expr, taken: Set<string>): Expr {
  const fresh = (name: string): string => {
    for (let k = 1; ; k++) {
      const candidate = `${name}'${k}`;
      if (!taken.has(candidate)) return candidate;
    }
  };
  const go = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      if (x.kind !== "reduce" && x.kind !== "fold") return undefined;
      const clash = x.dims.filter((d) => taken.has(d.index));
      for (const d of x.dims) if (!clash.includes(d)) taken.add(d.index);
      const by = new Map<string, IndexExpr>();
      for (const d of clash) {
        const name = fresh(d.index);
        taken.add(name);
        by.set(d.index, build.index(name));
      }
      const dim = (d: Dim): Dim => ({
        index: nameOf(by.get(d.index)) ?? d.index,
        lo: substituteIndex(d.lo, by),
        hi: substituteIndex(d.hi, by),
      });
      const options = {
        filter: mapCondition(x.filter, (i) => substituteIndex(i, by)),
        dataFilter: x.dataFilter === undefined ? undefined : go(substitute(x.dataFilter, by)),
        origin: x.origin,
      };
      const dims = x.dims.map(dim);
      if (x.kind === "reduce") return build.reduce(x.op, dims, go(substitute(x.body, by)), x.type, options);
      const bodies = x.bodies.map((b) => go(substitute(b, by)));
      return build.fold(x.monoid, dims, bodies, x.position, options);
    });
  return go(root);
}

const nameOf = (e: IndexExpr | undefined): string | undefined => (e?.kind === "index" ? e.name : undefined);
