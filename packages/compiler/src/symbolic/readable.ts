/**
 * The form that people read, of several that are equal: cases whose values are the same are one, guards say no more than is open,
 * and a minimum or maximum with a number that stands inside something else becomes cases.
 */
import { closedSum } from "./cells";
import { type ClosedForm, printClosedForm } from "./closed-form";
import { branchesOf } from "./compare";
import type { Fact } from "./region";
import { Budget, NotSummable } from "./sum";

/** Questions to the prover for one form, and what they may cost (`effort.ts`). */
const QUESTIONS = 200;
const COST = 400_000;
/** A form with more text than this is left as it is. */
const LONGEST = 240;

/** An equal form under what is known of sizes and indices; the same one where none is easier to read. */
export function readable(form: ClosedForm, context: readonly Fact[]): ClosedForm {
  if (form.kind !== "cases" && !hidesCases(form, false)) return form;
  const text = printClosedForm(form);
  if (text.length > LONGEST) return form;
  try {
    const budget = new Budget(QUESTIONS, COST);
    const made = closedSum(branchesOf(form, context, budget), context, budget, form.kind !== "cases");
    const shown = printClosedForm(made);
    return shown.length <= text.length || (made.kind === "cases" && form.kind !== "cases") ? made : form;
  } catch (error) {
    if (error instanceof NotSummable) return form;
    throw error;
  }
}

/** Whether a minimum or maximum with a number stands inside a sum, a product or another one. */
function hidesCases(form: ClosedForm, inside: boolean): boolean {
  switch (form.kind) {
    case "min":
    case "max":
      return (
        (inside && form.of.some((f) => f.kind === "constant")) || form.of.some((f) => hidesCases(f, true))
      );
    case "add":
      return form.terms.some((f) => hidesCases(f, true));
    case "mul":
      return form.factors.some((f) => hidesCases(f, true));
    default:
      return false;
  }
}
