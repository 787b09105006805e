/**
 * What exact arithmetic has cost so far, counted in cells of tableaus that were computed and in terms of products. Budgets are
 * put in these units and not in seconds, so that the same question gets the same answer on any machine.
 */
export const effort = {
  spent: 0,
  /** Cells of tableaus on BigInt, each many times as slow as one on doubles: `depth/refute.ts` pays for them by themselves. */
  large: 0,
};

/** One term of a product of polynomials, in cells of a tableau: about as many as take the same time. */
export const PER_TERM = 100;
/** One fact of a question that is not settled at once: a point is looked for, and what is known of its atoms. */
export const PER_FACT = 400;
