/** Places reached by the powers of one step: place t is 2^k steps after place t − 2^k, k the highest digit of t. */
import * as build from "../../equations/build";
import type { Dim, ElementType, Expr, Family, IndexExpr } from "../../equations/system";
import { type Context, fixed, is, one, placeAt, zero } from "./context";

export interface Powers {
  /** The running index of the powers, one for each binary digit of the length, and that of the power before. */
  readonly level: string;
  readonly range: Dim;
  readonly before: IndexExpr;
  /** What holds at the first power. */
  readonly atFirst: ReturnType<typeof is>;
  /** The family of places, and how to read the last of it. */
  readonly rows: (
    name: string,
    type: ElementType,
    dims: readonly Dim[],
    start: Expr,
    /** The step by the power at level `before` from the place that far back, other indices as they are or as given. */
    step: (from: (others?: ReadonlyMap<Dim, IndexExpr>) => Expr) => Expr,
  ) => { readonly family: Family; readonly last: Expr };
}

export function powersOf(c: Context): Powers {
  const { r, time, family } = c;
  const first = placeAt(c, 0);
  const here = build.index(time.index);
  const elapsed = r.direction === 1 ? build.sub(here, first) : build.sub(first, here);
  const levels = build.log2(build.sub(time.hi, time.lo));
  const level = c.fresh("r");
  const before = build.sub(build.index(level), one);
  const stride = build.pow2(before);
  const back = r.direction === 1 ? build.sub(here, stride) : build.add(here, stride);
  const atFirst = is(build.index(level), zero);
  return {
    level,
    range: { index: level, lo: zero, hi: levels },
    before,
    atFirst,
    rows: (name, type, dims, start, step) => {
      const read = (at: IndexExpr, when: IndexExpr, others?: ReadonlyMap<Dim, IndexExpr>): Expr =>
        build.read(
          name,
          [at, ...dims.map((d) => (d === time ? when : (others?.get(d) ?? build.index(d.index))))].map(fixed),
          type,
        );
      const reached = [
        build.compare("<=", stride, elapsed),
        build.compare("<", elapsed, build.mul(build.integer(2), stride)),
      ];
      return {
        last: read(levels, here),
        family: {
          name,
          role: "node",
          dims: [{ index: level, lo: zero, hi: build.add(levels, one) }, ...dims],
          type,
          pieces: [
            { guard: atFirst, value: start },
            { guard: [reached], value: step((others) => read(before, back, others)) },
            { guard: build.always, value: read(before, here) },
          ],
          origin: family.origin,
        },
      };
    },
  };
}
