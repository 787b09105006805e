/** Whether a task may be asked about at given sizes. */
import { type Diagnostic, diagnostic } from "@fathom/lang";
import { printCondition } from "../equations/print";
import type { Sizes, System } from "../equations/system";
import { checkSizes, place } from "../equations/values";
import { brokenObligation } from "./checks";

/** Everything wrong with these sizes: missing, out of range, `where` of the task or of one it uses. */
export function sizeProblems(system: System, sizes: Sizes): Diagnostic[] {
  const found = checkSizes(system, sizes);
  if (found.length > 0) return found;
  return (system.obligations ?? []).flatMap((o) => {
    const broken = brokenObligation(system, o, sizes);
    if (broken === undefined) return [];
    if (broken === "unknown") {
      const what = `checking ${printCondition(o.condition)}`;
      const args = { what, found: "more points", limit: "2 million", suggestion: "choose smaller sizes" };
      return [diagnostic("too-large", place(o.origin), args)];
    }
    const at = Object.entries(broken)
      .map(([n, v]) => `${n} = ${v}`)
      .join(", ");
    return [
      diagnostic("where-broken", place(o.origin), { condition: printCondition(o.condition), sizes: at }),
    ];
  });
}
