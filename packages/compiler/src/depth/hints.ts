/** What the equations suggest: functions, comparisons and periods that levels may be made of. */
import { type Claims, DEPTH } from "../../certificate-checker/obligations";
import { factOf } from "../../certificate-checker/sequent";
import { substituteIndex } from "../equations/conditions";
import { printCondition } from "../equations/print";
import type { Comparison } from "../equations/system";
import { type ClosedForm, closed, closedFormKey, fromIndexExpr, monomialsOf } from "../symbolic/closed-form";
import type { BoundHints } from "./bounds";
import type { FitHints } from "./fit";
import { type AtomPools, atomsIn, onlyOver } from "./pools";

const LONGEST_PERIOD = 8;
const COMPARISONS = 16;
const LAYERS = 8;

export class Hints {
  private readonly sizes: readonly string[];
  constructor(
    private readonly claims: Claims,
    private readonly pools: AtomPools,
  ) {
    this.sizes = claims.system.sizes.map((s) => s.name);
  }

  bounds(family: string): BoundHints {
    const indices = family === DEPTH ? [] : this.claims.dims(family).map((d) => d.index);
    return { sizes: this.sizes, indices, atoms: this.pools.of(family) };
  }

  levels(family: string): FitHints {
    const own = this.comparisons(family);
    const seen = new Set(own.map((c) => printCondition([[c]])));
    const layers = this.layers(family).filter((c) => !seen.has(printCondition([[c]])));
    const comparisons = [...own, ...layers.slice(0, LAYERS)];
    return {
      ...this.bounds(family),
      comparisons,
      branches: this.claims.system.families.find((f) => f.name === family)?.pieces.map((p) => p.guard),
      periods: this.periods(family),
      strides: this.strides(family),
    };
  }

  /** Those in the equations of a family, and those that tell the cases of what it reads. */
  private comparisons(family: string): Comparison[] {
    const found: Comparison[] = [];
    for (const t of this.claims.termsOf(family)) {
      found.push(...t.conditions);
      const claim = t.source === undefined ? undefined : this.claims.levels.get(t.source.family);
      for (const p of claim?.pieces ?? []) found.push(...p.guard);
    }
    return this.inside(family, found).slice(0, COMPARISONS);
  }

  /** What is read beside a border lies in a layer of its own. */
  private layers(family: string): Comparison[] {
    const found = this.claims.termsOf(family).flatMap(({ source }) => {
      if (source === undefined) return [];
      const by = new Map(this.claims.dims(source.family).map((d, k) => [d.index, source.at[k]!]));
      return this.claims
        .termsOf(source.family)
        .flatMap((t) => t.conditions)
        .map(({ op, left, right }): Comparison => {
          const [a, b] = [left, right].map((e) => substituteIndex(e, by));
          return { op, left: a!, right: b! };
        });
    });
    return this.inside(family, found);
  }

  /** Without doubles, over the family's own indices. */
  private inside(family: string, all: readonly Comparison[]): Comparison[] {
    const indices = new Set(this.bounds(family).indices);
    const known = new Map(all.map((c) => [printCondition([[c]]), c]));
    return [...known.values()].filter((c) =>
      [c.left, c.right].every((e) => onlyOver(fromIndexExpr(e), indices)),
    );
  }

  /** By how much copies read one another along each index. */
  private strides(family: string): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, readonly number[]>();
    const dims = this.bounds(family).indices;
    for (const { source } of this.claims.termsOf(family)) {
      if (source?.family !== family) continue;
      dims.forEach((index, k) => {
        const step = closed.sub(fromIndexExpr(source.at[k]!), closed.index(index));
        if (step.kind !== "constant") return;
        const by = Math.abs(Number(step.value.numerator));
        const known = found.get(index) ?? [];
        if (by >= 2 && by <= LONGEST_PERIOD && !known.includes(by)) found.set(index, [...known, by]);
      });
    }
    return found;
  }

  /** Strides and moduli from 5 to 8 in the reads of a family, and of what the family reads. */
  periods(family: string, seen = new Set<string>()): number[] {
    if (seen.has(family) || seen.size > 8) return [];
    seen.add(family);
    const found = new Set<number>();
    const keep = (n: bigint): void => {
      const period = Number(n < 0n ? -n : n);
      if (period > 4 && period <= LONGEST_PERIOD) found.add(period);
    };
    for (const t of this.claims.termsOf(family)) {
      if (t.source === undefined) continue;
      for (const e of [...t.source.at, ...t.conditions.flatMap((c) => [c.left, c.right])]) {
        const form = fromIndexExpr(e);
        const [last] = monomialsOf(form).filter((m) => m.factors.length === 0);
        if (last !== undefined) keep(last.coefficient.numerator);
        for (const a of atomsIn(form)) {
          if (a.kind === "mod" && a.by.kind === "constant") keep(a.by.value.numerator);
          if (a.kind === "floor") for (const m of monomialsOf(a.of)) keep(m.coefficient.denominator);
        }
      }
      for (const p of this.periods(t.source.family, seen)) found.add(p);
    }
    return [...found].slice(0, 2);
  }

  /** Forms whose sign may tell which read is tight. */
  predicates(family: string): ClosedForm[] {
    const { sizes, indices } = this.bounds(family);
    const found = new Map<string, ClosedForm>();
    const add = (f: ClosedForm) => found.set(closedFormKey(f), f);
    for (const c of this.comparisons(family)) if (c.op !== "!=") add(factOf(c).form);
    for (const s of sizes) for (const k of [1, 2, 3]) add(closed.sub(closed.size(s), closed.constant(k)));
    const all = [indices.map(closed.index), sizes.map(closed.size)];
    for (const list of all) for (const a of list) for (const b of list) if (a !== b) add(closed.sub(a, b));
    for (const p of this.claims.levels.get(family)?.pieces ?? [])
      for (const a of atomsIn(p.form))
        if (a.kind === "min" || a.kind === "max")
          for (const x of a.of) for (const y of a.of) if (x !== y) add(closed.sub(x, y));
    return [...found.values()].slice(0, 24);
  }
}
