/**
 * Monotone circuits on a grid (catalogue C.23, H.12). Where each cell reads at most two places, always at the same two distances that do not lie
 * on one line, the wires are those of a lattice, which lies in the plane without crossings; where besides a cell only joins and
 * meets what it reads, the circuit is monotone, whatever data say of its gates.
 */
import { childrenOf, someExpr } from "../equations/build";
import type { Expr, Family } from "../equations/system";
import { offsetFrom } from "./shape";

/** Whether the family alone is a planar monotone circuit, or why not. */
export function planarMonotone(family: Family): true | string {
  const inside = (e: Expr) => someExpr(e, (x) => x.kind === "read" && x.family === family.name);
  const distances = new Map<string, readonly number[]>();
  let [fixed, monotone] = [true, true];
  const walk = (e: Expr): void => {
    if (!inside(e)) return;
    switch (e.kind) {
      case "read": {
        const at = e.at.map((s, k) =>
          s.kind === "static" ? offsetFrom(s.value, family.dims[k]!.index) : undefined,
        );
        if (at.includes(undefined)) fixed = false;
        else distances.set(at.join(), at as number[]);
        return;
      }
      case "apply":
        if (!["and", "or", "min", "max"].includes(e.op)) monotone = false;
        break;
      case "select":
        if (inside(e.condition)) monotone = false;
        break;
      case "choose":
        break;
      default:
        monotone = false;
    }
    childrenOf(e).forEach(walk);
  };
  for (const p of family.pieces) walk(p.value);
  if (!monotone) return "a cell does more than join and meet what it reads";
  if (!fixed) return "a cell does not read places at fixed distances";
  if (distances.size !== 2)
    return `a cell reads ${distances.size} places around it: only two are sure not to cross`;
  const [a, b] = [...distances.values()] as [readonly number[], readonly number[]];
  const independent = a.some((x, i) => a.some((y, j) => x * b[j]! !== y * b[i]!));
  return independent ? true : "a cell reads two places on one line";
}
