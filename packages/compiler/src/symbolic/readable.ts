/**
 * The form that people read, of several that are equal: cases whose values are the same are one, guards say no more than is open,
 * and a minimum or maximum with a number that stands inside something else becomes cases.
 */
import { allAtoms, atomOf, number, substitute, subtract } from "./atoms";
import { closedSum } from "./cells";
import { type ClosedForm, printClosedForm } from "./closed-form";
import { branchesOf } from "./compare";
import { variable } from "./polynomial";
import { atMost, equalsZero, type Fact, implies, isEmpty } from "./region";
import { Budget, NotSummable, type Weighted } from "./sum";

/** Questions to the prover for one form, and what they may cost (`effort.ts`). */
const QUESTIONS = 200;
const COST = 400_000;
/** A form with more text than this is left as it is. */
const LONGEST = 240;

/** An equal form under what is known of sizes and indices; the same one where none is easier to read. */
export function readable(form: ClosedForm, context: readonly Fact[]): ClosedForm {
  const style =
    form.kind === "cases"
      ? "cases"
      : isHard(form, false)
        ? "steps"
        : form.kind === "min" || form.kind === "max"
          ? "extremes"
          : undefined;
  const length = (f: ClosedForm): number => printClosedForm(f).length;
  if (style === undefined || length(form) > LONGEST) return form;
  const budget = new Budget(QUESTIONS, COST);
  let best = form;
  const consider = (pieces: readonly Weighted[]): void => {
    const made = closedSum(pieces, context, budget, style);
    // A minimum or maximum alone reads well, unless it is one of two cases.
    const plainer = best === form && (style === "steps" || (style === "extremes" && made.kind === "cases"));
    if (plainer || (style !== "extremes" && length(made) < length(best) + (best === form ? 1 : 0)))
      best = made;
  };
  try {
    const pieces = branchesOf(form, context, budget);
    consider(pieces);
    // A few sizes one by one: what they have may be what larger ones have too.
    const single = style === "extremes" ? pieces : pieces.flatMap((p) => oneByOne(p, context));
    if (single.length > pieces.length) consider(single);
  } catch (error) {
    if (!(error instanceof NotSummable)) throw error;
  }
  return best;
}

/** Sizes tried for what a region may fix. */
const FEW = 3;

/** A region that holds a size between few numbers, a number at a time. */
function oneByOne(piece: Weighted, context: readonly Fact[]): Weighted[] {
  const known = [...context, ...piece.facts];
  for (const key of allAtoms([piece.value])) {
    if (atomOf(key).kind !== "size") continue;
    const at = variable(key);
    const within = (least: number): boolean =>
      implies(known, atMost(number(least), at)) && implies(known, atMost(at, number(least + FEW - 1)));
    const least = [0, 1, 2].find(within);
    if (least === undefined) continue;
    return Array.from({ length: FEW }, (_, k) => number(least + k)).flatMap((value) => {
      const facts = [...piece.facts, equalsZero(subtract(at, value))];
      const by = new Map([[key, value]]);
      return isEmpty([...context, ...facts]) ? [] : [{ facts, value: substitute(piece.value, by) }];
    });
  }
  return [piece];
}

/** Whether a form has a remainder in it, or a minimum or maximum with a number inside a sum, a product or another one. */
function isHard(form: ClosedForm, inside: boolean): boolean {
  switch (form.kind) {
    case "mod":
      return true;
    case "min":
    case "max":
      return (inside && form.of.some((f) => f.kind === "constant")) || form.of.some((f) => isHard(f, true));
    case "add":
      return form.terms.some((f) => isHard(f, true));
    case "mul":
      return form.factors.some((f) => isHard(f, true));
    default:
      return false;
  }
}
