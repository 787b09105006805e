/** Matrices, and the vectors that they add to, as what a scan combines: for steps of a few numbers, and of as many as a size says. */
import * as build from "../../equations/build";
import type { Dim, Expr, Piece, Subscript } from "../../equations/system";
import type { Ring } from "../linear";
import { numbersOf, presenceOf } from "./completed";
import { type Context, fixed } from "./context";
import type { Part, PartRead } from "./scan";

export interface MatrixSteps {
  readonly ring: Ring;
  /** Names of the row, the column, and the index that a product sums over. */
  readonly names: readonly [p: string, q: string, m: string];
  /** Each of them as a range. */
  readonly own: (index: string) => Dim;
  /** In row and column; what the zero stands for adds nothing. */
  readonly matrix: readonly Piece[];
  /** In the row: what a step adds, and where the scan begins the state there. Undefined where no step adds anything. */
  readonly vector: readonly Piece[] | undefined;
  /** The same matrix at all places. */
  readonly timeless: boolean;
}

const at = (index: string): Subscript => fixed(build.index(index));
const both = (a: Expr, b: Expr): Expr => build.apply("and", [a, b], build.bit);
const either = (a: Expr, b: Expr): Expr => build.apply("or", [a, b], build.bit);

/**
 * The parts of the scan, and what the steps make of a state: what the scan gives at the row, or, where there is no vector, the matrix
 * times the state before the first place, in the inner index.
 */
export function matrixParts(
  c: Context,
  { ring, names, own, matrix, vector, timeless }: MatrixSteps,
): {
  readonly parts: readonly Part[];
  readonly applied: (last: PartRead, row: Subscript, state: (m: string) => Expr) => Expr;
} {
  const [p, q, m] = names;
  const name = (part: string) => c.freshFamily(`${c.family.name}.${part}`);
  const sum = (body: Expr, there?: Expr): Expr => ring.total([own(m)], body, { dataFilter: there });
  const some = (there: Expr): Expr => build.reduce("any", [own(m)], there, build.bit);
  const parts: Part[] = [];
  const add = (part: Part): number => parts.push(part) - 1;
  const M = add({
    name: name("matrix"),
    type: ring.type,
    own: [own(p), own(q)],
    element: numbersOf(ring, matrix),
    combine: (before, after) => {
      const [l, r] = [
        [at(p), at(m)],
        [at(m), at(q)],
      ];
      return sum(ring.times(after(M, l), before(M, r)), N < 0 ? undefined : both(after(N, l), before(N, r)));
    },
    timeless,
  });
  const presence = presenceOf(matrix);
  const N: number =
    presence === undefined
      ? -1
      : add({
          name: name("there"),
          type: build.bit,
          own: [own(p), own(q)],
          element: presence,
          combine: (before, after) => some(both(after(N, [at(p), at(m)]), before(N, [at(m), at(q)]))),
          timeless,
        });
  if (vector === undefined)
    return {
      parts,
      applied: (last, row, state) =>
        sum(ring.times(last(M, [row, at(m)]), state(m)), N < 0 ? undefined : last(N, [row, at(m)])),
    };
  const given = presenceOf(vector);
  const moved = (before: PartRead, after: PartRead): Expr | undefined => {
    const all = [...(N < 0 ? [] : [after(N, [at(p), at(m)])]), ...(G < 0 ? [] : [before(G, [at(m)])])];
    return all.length === 0 ? undefined : all.reduce(both);
  };
  const V = add({
    name: name("vector"),
    type: ring.type,
    own: [own(p)],
    element: numbersOf(ring, vector),
    combine: (before, after) =>
      ring.plus(
        sum(ring.times(after(M, [at(p), at(m)]), before(V, [at(m)])), moved(before, after)),
        after(V, [at(p)]),
      ),
  });
  const G: number =
    given === undefined
      ? -1
      : add({
          name: name("given"),
          type: build.bit,
          own: [own(p)],
          element: given,
          combine: (before, after) => either(some(moved(before, after)!), after(G, [at(p)])),
        });
  return { parts, applied: (last, row) => last(V, [row]) };
}
