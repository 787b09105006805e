/**
 * Static expressions that have no value at some sizes: division by zero, 2 to a negative power. Found before anything
 * runs by evaluating the few expressions that can fail at every point of small sizes, under the conditions that guard them.
 */
import { type Diagnostic, diagnostic } from "@fathom/lang";
import { evaluateIndex, holds, IndexFault, type Lookup } from "../equations/evaluate-index";
import { printIndex, printInstance } from "../equations/print";
import type { Condition, Dim, Expr, IndexExpr, Origin, System } from "../equations/system";
import { place, showSizes } from "../equations/values";
import { smallSizes } from "./small-sizes";

/** Points looked at for each expression. */
const SEARCH_BUDGET = 20_000;

/** A place where a static expression is evaluated. */
interface Site {
  /** Parts that can fail, innermost first. */
  readonly risky: readonly IndexExpr[];
  /** Holds (or not) wherever the site is evaluated. */
  readonly path: readonly { readonly condition: Condition; readonly wanted: boolean }[];
  readonly dims: readonly Dim[];
  /** The family whose instance evaluates it; undefined in bounds of families themselves. */
  readonly family: string | undefined;
  readonly rank: number;
  readonly origin: Origin | undefined;
}

/** The divisions and powers inside an expression that no literal makes safe. */
function riskyParts(e: IndexExpr, found: IndexExpr[] = []): IndexExpr[] {
  switch (e.kind) {
    case "integer":
    case "size":
    case "index":
      return found;
    case "log2":
      return riskyParts(e.operand, found);
    case "pow2":
      riskyParts(e.operand, found);
      if (e.operand.kind !== "size") found.push(e);
      return found;
    default:
      riskyParts(e.left, found);
      riskyParts(e.right, found);
      if ((e.kind === "div" || e.kind === "mod") && (e.right.kind !== "integer" || e.right.value === 0))
        found.push(e);
      return found;
  }
}

function sitesOf(system: System): Site[] {
  const sites: Site[] = [];
  const where: Site["path"] = [{ condition: system.constraints, wanted: true }];
  for (const family of system.families) {
    type Context = Pick<Site, "path" | "dims" | "origin">;
    const add = (e: IndexExpr, { path, dims, origin }: Context, inside = true): void => {
      const risky = riskyParts(e);
      if (risky.length === 0) return;
      sites.push({
        risky,
        path,
        dims,
        family: inside ? family.name : undefined,
        rank: family.dims.length,
        origin,
      });
    };
    const ranges = (dims: readonly Dim[], context: Context, inside: boolean): void =>
      dims.forEach((d, k) => {
        const here = { ...context, dims: [...context.dims, ...dims.slice(0, k)] };
        add(d.lo, here, inside);
        add(d.hi, here, inside);
      });
    // Comparisons of one conjunction are tried in order: the later ones only where the earlier ones hold.
    const condition = (c: Condition, context: Context): void => {
      for (const all of c)
        all.forEach((one, k) => {
          const path = [...context.path, { condition: [all.slice(0, k)], wanted: true }];
          add(one.left, { ...context, path }, true);
          add(one.right, { ...context, path }, true);
        });
    };
    const walk = (e: Expr, context: Context): void => {
      switch (e.kind) {
        case "constant":
        case "index-value":
          // As values `div` and `mod` by zero are 0, like those of data.
          return;
        case "read":
          for (const s of e.at)
            if (s.kind === "static") add(s.value, { ...context, origin: e.origin ?? context.origin });
            else walk(s.value, context);
          return;
        case "apply":
        case "table":
          for (const a of e.args) walk(a, context);
          return;
        case "select":
          for (const x of [e.condition, e.then, e.otherwise]) walk(x, context);
          return;
        case "choose": {
          let path = context.path;
          for (const c of e.cases) {
            condition(c.guard, { ...context, path });
            walk(c.value, { ...context, path: [...path, { condition: c.guard, wanted: true }] });
            path = [...path, { condition: c.guard, wanted: false }];
          }
          return;
        }
        case "reduce": {
          const here = { ...context, origin: e.origin ?? context.origin };
          ranges(e.dims, here, true);
          const inner = { ...here, dims: [...context.dims, ...e.dims] };
          condition(e.filter, inner);
          const body = { ...inner, path: [...inner.path, { condition: e.filter, wanted: true }] };
          walk(e.body, body);
          if (e.dataFilter !== undefined) walk(e.dataFilter, body);
          return;
        }
        case "vector":
          for (const c of e.components) walk(c, context);
          return;
        case "component":
          walk(e.of, context);
          return;
      }
    };
    ranges(family.dims, { path: where, dims: [], origin: family.origin }, false);
    let path = where;
    for (const piece of family.pieces) {
      const context = { path, dims: family.dims, origin: piece.origin ?? family.origin };
      condition(piece.guard, context);
      walk(piece.value, { ...context, path: [...path, { condition: piece.guard, wanted: true }] });
      path = [...path, { condition: piece.guard, wanted: false }];
    }
  }
  return sites;
}

/** True where evaluation goes wrong for a reason other than sheer size. */
function fails(e: IndexExpr, lookup: Lookup): boolean {
  try {
    evaluateIndex(e, lookup);
    return false;
  } catch (error) {
    if (!(error instanceof IndexFault)) throw error;
    return error.reason === "undefined";
  }
}

function counterexample(
  site: Site,
  system: System,
): { readonly part: IndexExpr; readonly at: string } | undefined {
  let budget = SEARCH_BUDGET;
  for (const sizes of smallSizes(system, 6, 120)) {
    const env = new Map<string, number>(Object.entries(sizes));
    const lookup = (n: string) => env.get(n) ?? 0;
    const walk = (d: number): IndexExpr | undefined => {
      const dim = site.dims[d];
      if (dim === undefined) {
        budget--;
        if (!site.path.every((p) => holds(p.condition, lookup) === p.wanted)) return undefined;
        return site.risky.find((e) => fails(e, lookup));
      }
      const hi = evaluateIndex(dim.hi, lookup);
      for (let i = evaluateIndex(dim.lo, lookup); i < hi && budget > 0; i++) {
        env.set(dim.index, i);
        const found = walk(d + 1);
        if (found !== undefined) return found;
      }
      env.delete(dim.index);
      return undefined;
    };
    try {
      const part = walk(0);
      if (part !== undefined) {
        const indices = site.dims.slice(0, site.rank).map((d) => lookup(d.index));
        const instance = site.family === undefined ? "" : ` (in \`${printInstance(site.family, indices)}\`)`;
        return { part, at: `${showSizes(system, sizes) || "any sizes"}${instance}` };
      }
    } catch (error) {
      // A bound or a guard on the way fails: that is a site of its own.
      if (!(error instanceof IndexFault)) throw error;
    }
    if (budget <= 0) return undefined;
  }
  return undefined;
}

/** One diagnostic for each place in the text. */
export function checkIndexFaults(system: System): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const site of sitesOf(system)) {
    const key = `${site.origin?.file} ${site.origin?.start}`;
    if (found.has(key)) continue;
    const wrong = counterexample(site, system);
    if (wrong === undefined) continue;
    const args = {
      expression: printIndex(wrong.part),
      why: wrong.part.kind === "pow2" ? "2 to a negative power" : "a division by zero",
      sizes: wrong.at,
    };
    found.set(key, diagnostic("index-undefined", place(site.origin), args));
  }
  return [...found.values()];
}
