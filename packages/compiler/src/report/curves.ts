/** Depth and work against one size, the others kept: what the curves of a report show. */

import { sizeProblems } from "../checks/sizes";
import type { CostModel } from "../equations/cost";
import type { Sizes, System } from "../equations/system";
import { provedForm } from "../symbolic/standing";
import { unroll } from "../unroll/unroll";
import type { TaskForms } from "./forms";
import { countAt } from "./numbers";

interface CurvePoint {
  readonly value: number;
  readonly figure: "depth" | "work";
  readonly model: CostModel;
  readonly count: number;
}

/** Figures over a range of one size, the others kept. */
export interface Curve {
  readonly size: string;
  /** The other sizes. */
  readonly fixed: Sizes;
  readonly points: readonly CurvePoint[];
  /** `formula`: from proved forms alone; `counted`: some points are counts of whole graphs. */
  readonly by: "formula" | "counted";
}

/** Instances that are counted for one point, where no proved form gives it. */
const MOST = 60_000;
const values = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64];

/** A curve for each of the first sizes that may vary. */
export function curvesOf(
  system: System,
  sizes: Sizes,
  forms: Pick<TaskForms, "steps" | "ops">,
  most = 3,
): Curve[] {
  return system.sizes.slice(0, most).flatMap((s): Curve[] => {
    const points: CurvePoint[] = [];
    let counted = false;
    for (const value of values) {
      const at = { ...sizes, [s.name]: value };
      if (sizeProblems(system, at).length > 0) continue;
      for (const model of ["steps", "ops"] as const) {
        const own = forms[model];
        const [depth, work] = [own.depth, own.work].map((f) => countAt(provedForm(f), at));
        let found = { depth, work };
        if (depth === undefined || work === undefined) {
          const unrolled = unroll(system, at, { model, limit: MOST });
          if (!unrolled.ok) continue;
          counted = true;
          found = unrolled.result;
        }
        points.push({ value, figure: "depth", model, count: Number(found.depth) });
        points.push({ value, figure: "work", model, count: Number(found.work) });
      }
    }
    if (new Set(points.map((p) => p.value)).size < 3) return [];
    const { [s.name]: _, ...fixed } = sizes;
    return [{ size: s.name, fixed, points, by: counted ? "counted" : "formula" }];
  });
}
