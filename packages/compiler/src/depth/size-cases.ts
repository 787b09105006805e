/**
 * Comparisons of sizes that may divide a problem into simpler ones: an empty range, a condition that no index meets, a size that is the
 * smallest there is. Levels are then found and proved apart on either side.
 */
import { Inexpressible, sizeFacts, type Term } from "../../certificate-checker/bellman";
import { type Claims, DEPTH } from "../../certificate-checker/obligations";
import { factOf, type Sequent, wholeMultiple } from "../../certificate-checker/sequent";
import * as build from "../equations/build";
import { substituteIndex } from "../equations/conditions";
import type { Comparison, Dim, IndexExpr } from "../equations/system";
import { type ClosedForm, closed, closedFormKey, NotClosed } from "../symbolic/closed-form";
import { onlyOver } from "./pools";
import { Budget, Search } from "./refute";

/** Where a proof failed. */
export interface Failure {
  readonly family: string;
  readonly term?: Term | undefined;
}

const MOST = 24;
const CORNERS = 8;

/** The most telling first. */
export function sizeCases(claims: Claims, families: readonly string[], failure: Failure): Comparison[] {
  const where = sizeFacts(claims.system);
  const search = new Search(new Budget(3_000));
  const found = new Map<string, Comparison>();
  const add = (c: Comparison): void => {
    if (found.size >= MOST || c.op === "!=") return;
    if (c.op === "==") {
      add({ ...c, op: "<=" });
      add({ op: "<=", left: c.right, right: c.left });
      return;
    }
    const form = wholeMultiple(factOf(c).form);
    if (form.kind === "constant" || !onlyOver(form, new Set())) return;
    const other = closed.sub(closed.constant(-1), form);
    const key = [form, other].map(closedFormKey).sort()[0]!;
    if (found.has(key)) return;
    // Both sides must be possible.
    const possible = (f: ClosedForm): boolean =>
      where.some((facts: Sequent) => search.quick(facts.with(f)) === undefined);
    if (possible(form) && possible(other)) found.set(key, c);
  };
  const everywhere = (c: Comparison, dims: readonly Dim[]): void => {
    for (const at of cornersOf(dims))
      add({ op: c.op, left: substituteIndex(c.left, at), right: substituteIndex(c.right, at) });
  };
  const inTerm = (dims: readonly Dim[], t: Term): void => {
    const all = [...dims, ...t.inner];
    for (const c of t.conditions) everywhere(c, all);
  };
  const empty = (dims: readonly Dim[]): void =>
    dims.forEach((d, k) => {
      everywhere(build.compare("<=", d.hi, d.lo), dims.slice(0, k));
    });
  const dimsOf = (f: string): readonly Dim[] => (f === DEPTH ? [] : claims.dims(f));
  try {
    if (failure.term !== undefined) {
      for (const c of failure.term.conditions) add(c);
      inTerm(dimsOf(failure.family), failure.term);
    }
    const order = [failure.family, ...families];
    for (const f of order) {
      for (const t of claims.termsOf(f)) for (const c of t.conditions) add(c);
      empty(dimsOf(f));
    }
    for (const f of order) {
      for (const t of claims.termsOf(f)) {
        empty([...dimsOf(f), ...t.inner]);
        inTerm(dimsOf(f), t);
      }
    }
    const sizes = claims.system.sizes.map((s) => build.size(s.name));
    for (const s of sizes)
      for (const least of [0, 1, 2, 3]) add(build.compare("<=", s, build.integer(least)));
    for (const a of sizes) for (const b of sizes) if (a !== b) add(build.compare("<=", a, b));
  } catch (error) {
    if (!(error instanceof NotClosed || error instanceof Inexpressible)) throw error;
  }
  return [...found.values()];
}

/** The ends of ranges, each in terms of sizes. */
function cornersOf(dims: readonly Dim[]): ReadonlyMap<string, IndexExpr>[] {
  return dims
    .reduce<Map<string, IndexExpr>[]>(
      (all, d) =>
        all.flatMap((at) => {
          const [lo, hi] = [d.lo, d.hi].map((e) => substituteIndex(e, at));
          return [lo!, build.sub(hi!, build.integer(1))].map((e) => new Map(at).set(d.index, e));
        }),
      [new Map()],
    )
    .slice(0, CORNERS);
}
