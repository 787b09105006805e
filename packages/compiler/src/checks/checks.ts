/**
 * What must hold at all sizes: reads stay inside their families, nothing depends on itself, used tasks get sizes they
 * accept, `expect` keeps its promises. Each is proved where the little affine prover can, refuted by the smallest
 * counterexample found, or left to the run.
 */
import { type Diagnostic, diagnostic } from "@fathom/lang";
import { substituteIndex } from "../equations/conditions";
import { compileIndex, evaluateIndex, holds, IndexFault, type Slots } from "../equations/evaluate-index";
import { dimsMention } from "../equations/mentions";
import { printCondition, printInstance } from "../equations/print";
import type { Dim, IndexExpr, Read, Sizes, System } from "../equations/system";
import { place, showSizes } from "../equations/values";
import type { Schedule } from "../schedule/schedule";
import { casesOf, Facts } from "../symbolic/constraints";
import { type GuardedRead, guardedReads } from "../symbolic/reads";
import { unroll } from "../unroll/unroll";
import { search } from "./search";
import { smallSizes } from "./small-sizes";

/** Instances looked at per read while searching for a counterexample. */
const SEARCH_BUDGET = 20_000;

export interface ReadCheck {
  readonly diagnostics: readonly Diagnostic[];
  /** Static reads that are neither proved nor refuted: checked when it runs. */
  readonly unproved: ReadonlySet<Read>;
}

/** Every static subscript lies inside its family, for all sizes. */
export function checkReads(system: System): ReadCheck {
  const diagnostics: Diagnostic[] = [];
  const unproved = new Set<Read>();
  const reported = new Set<string>();
  let sizes: Sizes[] | undefined;
  for (const guarded of guardedReads(system)) {
    if (provedInside(system, guarded)) continue;
    sizes ??= smallSizes(system, 6, 120);
    const found = counterexample(guarded, sizes);
    if (found === undefined) {
      unproved.add(guarded.read);
      continue;
    }
    const key = `${guarded.read.origin?.file} ${guarded.read.origin?.start}`;
    if (reported.has(key)) continue;
    reported.add(key);
    const { point, sizes: at, why } = found;
    const args = {
      read: printInstance(guarded.source.name, point),
      family: guarded.source.name,
      sizes: showSizes(system, at),
      why,
      suggestion: `write \`?? 0\` after the read for a default, or guard it with \`if\``,
    };
    diagnostics.push(diagnostic("read-outside", place(guarded.read.origin), args));
  }
  return { diagnostics, unproved };
}

/** Each static subscript is inside its dimension, given that those before it are; by linear programming where that is needed. */
function provedInside(system: System, { reader, source, read, path, inner }: GuardedRead): boolean {
  if (source.dims.length === 0) return true;
  const by = new Map<string, IndexExpr>();
  const wanted = source.dims.flatMap((dim, k) => {
    const s = read.at[k]!;
    if (s.kind === "dynamic") return dimensionFree(source.dims, k) ? [] : [undefined];
    const bounds = { at: s.value, lo: substituteIndex(dim.lo, by), hi: substituteIndex(dim.hi, by) };
    by.set(dim.index, s.value);
    return [bounds];
  });
  const ranges = [...reader.dims, ...inner];
  return casesOf(path, ranges).every((all) => {
    const facts = new Facts(system);
    facts.range(ranges);
    facts.assume(all);
    const inside = wanted.every(
      (w) => w !== undefined && facts.atMost(w.lo, w.at) && facts.lessThan(w.at, w.hi),
    );
    return inside || facts.impossible();
  });
}

/** No later bound depends on dimension k. */
function dimensionFree(dims: readonly Dim[], k: number): boolean {
  return !dimsMention(dims.slice(k + 1), dims[k]!.index);
}

function counterexample(
  { reader, source, read, path, inner }: GuardedRead,
  all: readonly Sizes[],
): { readonly point: number[]; readonly sizes: Sizes; readonly why: string } | undefined {
  const found = search({ dims: [...reader.dims, ...inner], path }, all, SEARCH_BUDGET, (slot) => {
    const at = read.at.map((s) => (s.kind === "static" ? compileIndex(s.value, slot) : undefined));
    const ranges = source.dims.map(({ lo, hi }) => [lo, hi] as const);
    // The source's bounds, with its own indices standing for the subscripts.
    const own = new Map(source.dims.map((d, k) => [d.index, k]));
    const inside = (slots: Slots, point: readonly number[]) => (name: string) => {
      const k = own.get(name);
      return k === undefined ? slots[slot(name)]! : (point[k] ?? 0);
    };
    return (slots) => {
      const point: number[] = [];
      const lookup = inside(slots, point);
      for (let k = 0; k < ranges.length; k++) {
        const place = at[k];
        if (place === undefined) return undefined;
        const [lo, hi] = ranges[k]!.map((e) => evaluateIndex(e, lookup)) as [number, number];
        const value = place(slots);
        point.push(value);
        if (value >= lo && value < hi) continue;
        for (const next of at.slice(k + 1)) point.push(next?.(slots) ?? 0);
        return { point, why: `${source.dims[k]!.index} goes from ${lo} to ${hi - 1}` };
      }
      return undefined;
    };
  });
  if (found === undefined) return undefined;
  const { what, sizes, lookup } = found;
  const reading = printInstance(
    reader.name,
    reader.dims.map((x) => lookup(x.index)),
  );
  return { point: what.point, sizes, why: `\`${reading}\` reads it, and ${what.why}` };
}

/** Nothing depends on itself. A schedule made of loops alone is a proof; else small sizes are unrolled. */
export function checkCycles(system: System, plan: Schedule): Diagnostic[] {
  if (plan.steps.every((step) => step.kind !== "demand")) return [];
  let budget = 200_000;
  for (const sizes of smallSizes(system, 5, 60)) {
    const result = unroll(system, sizes, { model: "steps", limit: 20_000 });
    if (!result.ok) {
      const cycle = result.diagnostics.find((d) => d.code === "cycle" || d.code === "cycle-by-data");
      if (cycle !== undefined) return [cycle];
      continue;
    }
    budget -= result.result.instances + 100;
    if (budget < 0) break;
  }
  return [];
}

/** Some sizes satisfy `where`; used tasks get sizes that satisfy theirs, as far as small sizes tell. */
export function checkWhere(system: System): Diagnostic[] {
  if (smallSizes(system, 40, 1).length === 0)
    return [diagnostic("empty-task", place(system.origin), { limit: 40 })];
  const found: Diagnostic[] = [];
  if ((system.obligations ?? []).length === 0) return found;
  for (const obligation of system.obligations ?? []) {
    const broken = smallSizes(system, 6, 120)
      .map((sizes) => brokenObligation(system, obligation, sizes))
      .find((b) => b !== undefined && b !== "unknown");
    if (broken === undefined) continue;
    const args = {
      condition: printCondition(obligation.condition),
      sizes:
        Object.entries(broken)
          .map(([n, v]) => `${n} = ${v}`)
          .join(", ") || "any sizes",
    };
    found.push(diagnostic("where-broken", place(obligation.origin), args));
  }
  return found;
}

type SizeObligation = NonNullable<System["obligations"]>[number];

/** Points of an index space at which the `where` of a used task is looked at, at given sizes. */
const MOST_POINTS = 2_000_000;

/**
 * The sizes and indices at which the `where` of a used task fails, if it does at these sizes. Unknown where that is not
 * proved for all sizes and there are too many points to look at.
 */
export function brokenObligation(
  system: System,
  obligation: SizeObligation,
  sizes: Sizes,
): Record<string, number> | "unknown" | undefined {
  if (alwaysMet(system, obligation)) return undefined;
  const env = new Map<string, number>(Object.entries(sizes));
  const asked = new Set<string>();
  const lookup = (n: string) => {
    asked.add(n);
    return env.get(n) ?? 0;
  };
  let found: Record<string, number> | undefined;
  let left = MOST_POINTS;
  const walk = (d: number): void => {
    const dim = obligation.dims[d];
    if (dim === undefined) {
      if (!holds(obligation.condition, lookup)) found = Object.fromEntries(env);
      return;
    }
    const hi = evaluateIndex(dim.hi, lookup);
    for (let i = evaluateIndex(dim.lo, lookup); i < hi && found === undefined && left-- > 0; i++) {
      env.set(dim.index, i);
      walk(d + 1);
      // What did not ask for this index is the same for its other values, of which there may be a million.
      if (!asked.has(dim.index)) break;
    }
    env.delete(dim.index);
  };
  try {
    walk(0);
  } catch (error) {
    if (!(error instanceof IndexFault)) throw error;
  }
  return found ?? (left < 0 ? "unknown" : undefined);
}

const met = new WeakMap<SizeObligation, boolean>();

/** The `where` of a used task follows from that of the user, at every point. */
function alwaysMet(system: System, obligation: SizeObligation): boolean {
  let known = met.get(obligation);
  if (known === undefined) {
    const path = [
      { condition: system.constraints, wanted: true },
      { condition: obligation.condition, wanted: false },
    ];
    known = casesOf(path, obligation.dims).every((all) => {
      const facts = new Facts(system);
      facts.range(obligation.dims);
      facts.assume(all);
      return facts.impossible();
    });
    met.set(obligation, known);
  }
  return known;
}

/** Compares figures with the `expect` lines of a task at given sizes. */
export function compareFigure(op: "==" | "<=" | ">=" | "<" | ">", found: number, wanted: number): boolean {
  switch (op) {
    case "==":
      return found === wanted;
    case "<=":
      return found <= wanted;
    case ">=":
      return found >= wanted;
    case "<":
      return found < wanted;
    case ">":
      return found > wanted;
  }
}
