/** Values carried from one place each (B.6). */

import { join, L } from "../../classes/classes";
import { someExpr, typeOf } from "../../equations/build";
import type { Expr } from "../../equations/system";
import { both, type Law } from "./law";

/** Every value comes from one earlier place, as given data say: trace it back, one pointer at a time. */
export const carriedValues: Law = {
  entry: "B.6",
  title: "values carried from one place",
  source: "Vollmer, 1999; Allender, Barrington, Chakraborty, Datta and Roy, 2009",
  notClaimed: "anything smaller than L: following n pointers is complete for it (C.7)",
  test: (c) => {
    const names = new Set(c.families.map((f) => f.name));
    const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && names.has(x.family));
    const carried = (e: Expr): boolean => {
      if (!inside(e)) return true;
      switch (e.kind) {
        case "read":
          return e.at.every((s) => s.kind === "static" || !inside(s.value));
        case "select":
          return !inside(e.condition) && carried(e.then) && carried(e.otherwise);
        case "choose":
          return e.cases.every((x) => carried(x.value));
        case "apply": {
          // A bit may be turned over on its way.
          if (e.type.kind !== "bit" || !["not", "xor", "eq", "ne"].includes(e.op)) return false;
          const own = e.args.filter(inside);
          return own.length === 1 && typeOf(own[0]!).kind === "bit" && carried(own[0]!);
        }
        default:
          return false;
      }
    };
    if (!c.families.every((f) => f.pieces.every((p) => carried(p.value))))
      return "its values are not carried from one place each";
    const found = "each value is read from one place, which nothing inside decides: a pointer to follow back";
    return both(c, (layer) => join(L, layer), "values carried from one place each", found);
  },
};
