/**
 * Static expressions that have no value at some sizes: division by zero, 2 to a negative power. Found before anything
 * runs: where it is not proved that there is none, the few expressions that can fail are evaluated at every point of small sizes, under
 * the conditions that guard them.
 */
import { type Diagnostic, diagnostic } from "@fathom/lang";
import { childrenOf, integer } from "../equations/build";
import { compileIndex, IndexFault, type Slots } from "../equations/evaluate-index";
import { printIndex, printInstance } from "../equations/print";
import type { Condition, Dim, Expr, IndexExpr, Origin, Sizes, System } from "../equations/system";
import { place, showSizes } from "../equations/values";
import { casesOf, Facts } from "../symbolic/constraints";
import { search } from "./search";
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
        case "read":
          for (const s of e.at)
            if (s.kind === "static") add(s.value, { ...context, origin: e.origin ?? context.origin });
            else walk(s.value, context);
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
        default:
          // An index as a value has no fault: there `div` and `mod` by zero are 0, like those of data.
          for (const c of childrenOf(e)) walk(c, context);
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

/** Whether divisors are proved positive and exponents not negative, at all sizes. */
function provedSafe({ risky, path, dims }: Site, system: System): boolean {
  const [zero, one] = [integer(0), integer(1)];
  return casesOf(path, dims).every((all) => {
    const facts = new Facts(system);
    facts.range(dims);
    facts.assume(all);
    const safe = (e: IndexExpr): boolean =>
      e.kind === "pow2" ? facts.atMost(zero, e.operand) : "right" in e && facts.atMost(one, e.right);
    return risky.every(safe) || facts.impossible();
  });
}

/** Whether evaluation goes wrong for a reason other than sheer size. */
function failing(e: IndexExpr, slot: (name: string) => number): (slots: Slots) => boolean {
  const value = compileIndex(e, slot);
  return (slots) => {
    try {
      value(slots);
      return false;
    } catch (error) {
      if (!(error instanceof IndexFault)) throw error;
      return error.reason === "undefined";
    }
  };
}

function counterexample(
  site: Site,
  system: System,
  all: readonly Sizes[],
): { readonly part: IndexExpr; readonly at: string } | undefined {
  const found = search(site, all, SEARCH_BUDGET, (slot) => {
    const parts = site.risky.map((e) => [e, failing(e, slot)] as const);
    return (slots) => parts.find(([, fails]) => fails(slots))?.[0];
  });
  if (found === undefined) return undefined;
  const indices = site.dims.slice(0, site.rank).map((d) => found.lookup(d.index));
  const instance = site.family === undefined ? "" : ` (in \`${printInstance(site.family, indices)}\`)`;
  return { part: found.what, at: `${showSizes(system, found.sizes) || "any sizes"}${instance}` };
}

/** One diagnostic for each place in the text. */
export function checkIndexFaults(system: System): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  let sizes: readonly Sizes[] | undefined;
  for (const site of sitesOf(system)) {
    const key = `${site.origin?.file} ${site.origin?.start}`;
    if (found.has(key) || provedSafe(site, system)) continue;
    sizes ??= smallSizes(system, 6, 120);
    const wrong = counterexample(site, system, sizes);
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
