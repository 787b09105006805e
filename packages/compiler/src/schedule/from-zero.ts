/**
 * Families of reals that hold nothing below 0, no −0 and nothing but numbers, +∞ among them, provided that inputs do. There the order of
 * reals is that of their bits, and min and max are one instruction each.
 */
import { isGiven } from "@fathom/lang";
import type { Expr, Family, System } from "../equations/system";

const LAST = Float32Array.of(Number.POSITIVE_INFINITY);
/** The bits of such reals, as whole numbers, are below this. */
export const FROM_ZERO_BITS = new Uint32Array(LAST.buffer)[0]! + 1;

/** Whether a real is such a one where those of `families` are. */
export function isFromZero(e: Expr, families: ReadonlySet<string>): boolean {
  const go = (x: Expr): boolean => isFromZero(x, families);
  switch (e.kind) {
    case "constant":
      return e.type.kind === "real" && e.value >= 0 && !Object.is(e.value, -0);
    case "read":
      return families.has(e.family);
    case "apply":
      switch (e.op) {
        case "add":
        case "min":
        case "max":
        case "clamp":
        case "sqrt":
        case "floor":
          return e.type.kind === "real" && e.args.every(go);
        default:
          return false;
      }
    case "select":
      return go(e.then) && go(e.otherwise);
    case "choose":
      return e.cases.every((c) => go(c.value));
    case "reduce":
      return (e.op === "sum" || e.op === "min") && e.type.kind === "real" && go(e.body);
    default:
      return false;
  }
}

/** Assumes it of all inputs of reals, and of the rest until something speaks against it (a greatest fixed point). */
export function familiesFromZero(system: System): ReadonlySet<string> {
  const found = new Set(system.families.filter((f) => f.type.kind === "real").map((f) => f.name));
  const holds = (f: Family): boolean => f.pieces.every((p) => isFromZero(p.value, found));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const f of system.families) if (found.has(f.name) && !holds(f)) found.delete(f.name);
  }
  return found;
}

export const realInputs = (system: System): readonly Family[] =>
  system.families.filter((f) => isGiven(f) && f.type.kind === "real");
