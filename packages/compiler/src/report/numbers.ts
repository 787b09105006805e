/** Numbers and sizes as reports show them. */
import type { Sizes } from "../equations/system";
import { type ClosedForm, evaluateClosedForm } from "../symbolic/closed-form";

/** A whole number; a bigint where a double does not hold it exactly. */
export type Count = number | bigint;

/** The value of a form at given sizes; undefined where there is none, or it is not whole. */
export function countAt(form: ClosedForm | undefined, sizes: Sizes): Count | undefined {
  if (form === undefined) return undefined;
  try {
    const { numerator, denominator } = evaluateClosedForm(form, (n) => BigInt(sizes[n] ?? 0));
    if (denominator !== 1n) return undefined;
    return numerator <= Number.MAX_SAFE_INTEGER ? Number(numerator) : numerator;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** a / b, or a where b is 0. */
export const ratioOf = (a: Count, b: Count): number => Number(a) / Math.max(1, Number(b));

/** `1,024`, or `3.14`; a dash for what is not known. */
export const wholeOrRounded = (n: Count | undefined): string =>
  n === undefined
    ? "–"
    : typeof n === "bigint" || Number.isInteger(n)
      ? n.toLocaleString("en-US")
      : n.toFixed(2);

/** `n = 8, T = 3` */
export const sizesText = (sizes: Sizes): string =>
  Object.entries(sizes)
    .map(([n, v]) => `${n} = ${v}`)
    .join(", ");
