/**
 * Several turns of a time loop over a few rows at a time, while these are in cache (time skewing: Wolf and Lam, 1991; McCalpin and
 * Wonnacott, 1999). Every nest of a turn works on rows that lie a little behind those of the nest before it, so that what it reads
 * is there, and what it overwrites (planes of a folded family) has been read. Nothing is computed twice.
 */

import { someExpr } from "../equations/build";
import { collectIndices } from "../equations/evaluate-index";
import type { Expr } from "../equations/system";
import type { GuardedRead } from "../symbolic/reads";
import type { Step } from "./schedule";
import { distance, MOST_REACH } from "./stencil";

export interface Skew {
  /** The dimension of each family, by name, that its rows run along: the outermost that is open. */
  readonly rows: ReadonlyMap<string, number>;
  /** By how many rows a nest is behind the one before. */
  readonly behind: number;
}

/** Undefined where rows of some turn may need any rows of another, or computing them may end the run. */
export function skewOf(
  step: Extract<Step, { kind: "loop" }>,
  reads: readonly GuardedRead[],
  unproved: ReadonlySet<Expr>,
): Skew | undefined {
  if (step.direction !== 1) return undefined;
  const rows = new Map<string, number>();
  for (const part of step.body) {
    if (part.kind !== "nest") return undefined;
    const { family, fixed } = part;
    const row = family.dims.findIndex((_, d) => !fixed.has(d));
    if (row < 0 || family.type.kind === "index") return undefined;
    const used = new Set<string>();
    for (const e of [family.dims[row]!.lo, family.dims[row]!.hi]) collectIndices(e, used);
    if (used.size > 0) return undefined;
    // What may fault must do so in the order of the program.
    const faulty = (e: Expr): boolean =>
      e.kind === "table" || unproved.has(e) || (e.kind === "read" && e.at.some((s) => s.kind === "dynamic"));
    if (family.pieces.some((p) => someExpr(p.value, faulty))) return undefined;
    rows.set(family.name, row);
  }
  let behind = 0;
  for (const d of reads) {
    const [own, source] = [rows.get(d.reader.name), rows.get(d.source.name)];
    if (own === undefined || source === undefined) continue;
    const place = d.read.at[source]!;
    const by = place.kind === "static" ? distance(place.value, d, own) : undefined;
    if (by === undefined) return undefined;
    behind = Math.max(behind, by.hi, -by.lo);
  }
  return behind <= MOST_REACH ? { rows, behind } : undefined;
}
