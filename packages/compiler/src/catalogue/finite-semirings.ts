/**
 * Circuits over a finite semiring: one of two operations at each gate (Ganardi, Hucke, König and Lohrey, 2018; catalogue C.19). They are
 * in DET where products have solvable groups only and no subsemiring has a zero and another one, and P-complete
 * otherwise. Everything is decided from the two tables.
 */
import { transitionMonoid } from "../algebra/transition-monoid";

export type Table = readonly (readonly number[])[];

export interface FiniteSemiring {
  readonly size: number;
  /** Elements that are zero and one of a subsemiring, and differ: over them circuits are those of or and and. */
  readonly zeroOne: readonly [zero: number, one: number] | undefined;
  /** How the groups of the product were decided, and whether they are solvable; undefined where that was not. */
  readonly solvable: boolean | undefined;
  readonly by: string;
}

/** The semiring of two tables, in whichever order they make one. */
export function finiteSemiring(tables: readonly Table[]): FiniteSemiring | undefined {
  const [a, b] = [...new Map(tables.map((t) => [JSON.stringify(t), t])).values()];
  if (a === undefined || b === undefined || new Set(tables.map((t) => JSON.stringify(t))).size !== 2)
    return undefined;
  const [plus, times] = isSemiring(a, b) ? [a, b] : isSemiring(b, a) ? [b, a] : [];
  if (plus === undefined || times === undefined) return undefined;
  const size = plus.length;
  const all = [...plus.keys()];
  // With a unit put beside, so that different elements are different maps.
  const products = transitionMonoid(
    size + 1,
    all.map((g) => [...all.map((x) => times[x]![g]!), g]),
  );
  return {
    size,
    zeroOne: zeroAndOne(plus, times),
    solvable: products.kind && products.kind !== "non-solvable",
    by: products.by,
  };
}

function isSemiring(plus: Table, times: Table): boolean {
  const all = [...plus.keys()];
  return all.every((a) =>
    all.every(
      (b) =>
        plus[a]![b] === plus[b]![a] &&
        all.every(
          (c) =>
            plus[plus[a]![b]!]![c] === plus[a]![plus[b]![c]!] &&
            times[times[a]![b]!]![c] === times[a]![times[b]![c]!] &&
            times[a]![plus[b]![c]!] === plus[times[a]![b]!]![times[a]![c]!] &&
            times[plus[a]![b]!]![c] === plus[times[a]![c]!]![times[b]![c]!],
        ),
    ),
  );
}

/** If any subsemiring has a zero and a one that differ, the one that they generate has them too. */
function zeroAndOne(plus: Table, times: Table): readonly [number, number] | undefined {
  const all = [...plus.keys()];
  for (const zero of all)
    for (const one of all) {
      if (zero === one) continue;
      const inside = new Set([zero, one]);
      for (const x of inside)
        for (const y of inside)
          for (const v of [plus[x]![y]!, plus[y]![x]!, times[x]![y]!, times[y]![x]!]) inside.add(v);
      const identities = [...inside].every(
        (x) => plus[zero]![x] === x && times[one]![x] === x && times[x]![one] === x,
      );
      if (identities) return [zero, one];
    }
  return undefined;
}
