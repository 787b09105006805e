/** Every read of a system with the conditions under which it happens. */

import { childrenOf } from "../equations/build";
import type { Condition, Dim, Expr, Family, Read, System } from "../equations/system";
import { type Affine, knownFacts, knownOtherwise } from "./affine";

export interface GuardedRead {
  readonly reader: Family;
  readonly source: Family;
  readonly read: Read;
  /** Conditions on the way to the read: `wanted` false where an earlier case must not hold. */
  readonly path: readonly { readonly condition: Condition; readonly wanted: boolean }[];
  /** Affine forms known to be ≥ 0 there. */
  readonly facts: readonly Affine[];
  /** Ranges of reduction indices around the read, innermost last. */
  readonly inner: readonly Dim[];
}

type Path = GuardedRead["path"];

export function guardedReads(system: System): GuardedRead[] {
  const byName = new Map(system.families.map((f) => [f.name, f]));
  const found: GuardedRead[] = [];
  const where: Path = [{ condition: system.constraints, wanted: true }];
  for (const reader of system.families) {
    let before: Path = where;
    for (const piece of reader.pieces) {
      // Inside one set of conditions a shared node is visited once.
      const walk = (e: Expr, path: Path, inner: readonly Dim[], visited: Set<Expr>): void => {
        if (visited.has(e)) return;
        visited.add(e);
        const go = (x: Expr) => walk(x, path, inner, visited);
        switch (e.kind) {
          case "read": {
            const ranges = [...reader.dims, ...inner];
            const facts = path.flatMap((p) =>
              p.wanted ? knownFacts(p.condition, ranges) : knownOtherwise(p.condition, ranges),
            );
            found.push({ reader, source: byName.get(e.family)!, read: e, path, facts, inner });
            for (const s of e.at) if (s.kind === "dynamic") go(s.value);
            return;
          }
          case "choose": {
            let failed: Path = path;
            for (const c of e.cases) {
              walk(c.value, [...failed, { condition: c.guard, wanted: true }], inner, new Set());
              failed = [...failed, { condition: c.guard, wanted: false }];
            }
            return;
          }
          case "reduce":
          case "fold": {
            const more: Path = [...path, { condition: e.filter, wanted: true }];
            const deeper = [...inner, ...e.dims];
            const seen = new Set<Expr>();
            for (const body of e.kind === "fold" ? e.bodies : [e.body]) walk(body, more, deeper, seen);
            if (e.dataFilter !== undefined) walk(e.dataFilter, more, deeper, seen);
            return;
          }
          default:
            childrenOf(e).forEach(go);
        }
      };
      walk(piece.value, [...before, { condition: piece.guard, wanted: true }], [], new Set());
      before = [...before, { condition: piece.guard, wanted: false }];
    }
  }
  return found;
}
