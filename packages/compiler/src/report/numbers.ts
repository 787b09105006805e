/** Numbers and sizes as reports show them. */
import type { Sizes } from "../equations/system";

/** `1,024`, or `3.14`. */
export const wholeOrRounded = (n: number): string =>
  Number.isInteger(n) ? n.toLocaleString("en-US") : n.toFixed(2);

/** `n = 8, T = 3` */
export const sizesText = (sizes: Sizes): string =>
  Object.entries(sizes)
    .map(([n, v]) => `${n} = ${v}`)
    .join(", ");
