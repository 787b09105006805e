/** As written and rewritten, side by side: what each rewriting of a task is and how deep it comes out. */
import { type Applied, rewrites } from "../algebra/rewrite/rewrites";
import { proveDepth } from "../depth/prove";
import { sizeProblems } from "../depth/samples";
import { unroll } from "../depth/unroll";
import type { CostModel } from "../equations/cost";
import type { Sizes, System } from "../equations/system";
import type { Figure } from "./standing";

export interface RewrittenModel {
  /** At the sizes given, counted on the whole graph; undefined where it is too large to count. */
  readonly at: { readonly depth: number; readonly work: number; readonly width: number } | undefined;
  readonly depth: Figure;
}

export interface RewrittenReport {
  /** Catalogue entries: `C.9`. */
  readonly law: string;
  readonly applied: readonly Applied[];
  /** The same function, bit for bit. */
  readonly exact: boolean;
  readonly note: string;
  readonly system: System;
  readonly steps: RewrittenModel;
  readonly ops: RewrittenModel;
}

export interface RewrittenOptions {
  readonly limit?: number | undefined;
  /** True when time is up: proofs then end, and what they would say is called unknown. */
  readonly expired?: (() => boolean) | undefined;
}

/** Every rewriting of a system that a law gives, with its depth for all sizes and its figures at `sizes`. */
export function rewrittenReports(
  system: System,
  sizes: Sizes,
  { limit, expired }: RewrittenOptions = {},
): readonly RewrittenReport[] {
  return rewrites(system).map((r) => {
    const model = (of: CostModel): RewrittenModel => {
      const counted = unroll(r.system, sizes, { model: of, limit });
      const { depth, work, width } = counted.ok ? counted.result : { depth: 0, work: 0, width: 0 };
      const valid = (s: Sizes) => sizeProblems(system, s).length === 0;
      return {
        at: counted.ok ? { depth, work, width } : undefined,
        depth: proveDepth(r.system, of, { valid, expired }).depth,
      };
    };
    const { law, applied, exact, note } = r;
    return { law, applied, exact, note, system: r.system, steps: model("steps"), ops: model("ops") };
  });
}
