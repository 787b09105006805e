/**
 * Figures and what they rest on. An exact value, an upper bound and a lower bound are different types, made and printed
 * by different functions: a bound cannot be shown as the value.
 */
import type { Origin } from "../equations/system";
import { type ClosedForm, printClosedForm } from "./closed-form";

export type Standing =
  /** By which argument, for all sizes that `where` allows. */
  | { readonly kind: "proved"; readonly by: string }
  /** Compared at so many sizes, in words: `n = 1..40`. No proof. */
  | { readonly kind: "checked"; readonly range: string; readonly samples: number }
  | { readonly kind: "assumed"; readonly hypothesis: string }
  /** An entry of the catalogue and its source (author, year). */
  | { readonly kind: "cited"; readonly entry: string; readonly source: string }
  /** By the author of the program. */
  | { readonly kind: "claimed"; readonly by: string };

export interface Exact {
  readonly kind: "exact";
  readonly form: ClosedForm;
  readonly standing: Standing;
  /** The greatest over all inputs that the index types allow, where reads depend on data. */
  readonly worstCase: boolean;
}
export interface UpperBound {
  readonly kind: "upper";
  readonly form: ClosedForm;
  readonly standing: Standing;
}
export interface LowerBound {
  readonly kind: "lower";
  readonly form: ClosedForm;
  readonly standing: Standing;
}

/** What is known of one number. Nothing at all is a figure too: then `why` says what would help. */
export interface Figure {
  readonly exact?: Exact | undefined;
  readonly upper?: UpperBound | undefined;
  readonly lower?: LowerBound | undefined;
  /** Why there is no exact proved form, in words a user can act on. */
  readonly why?: string | undefined;
}

/** A step of an argument: what it claims, by which rule, from which other steps. */
export interface Derivation {
  readonly rule: string;
  readonly claim: string;
  readonly standing: Standing;
  readonly detail?: string | undefined;
  readonly origin?: Origin | undefined;
  readonly premises: readonly Derivation[];
}

export const proved = (by: string): Standing => ({ kind: "proved", by });
export const checkedAt = (range: string, samples: number): Standing => ({ kind: "checked", range, samples });

export const exactly = (form: ClosedForm, standing: Standing, worstCase = false): Exact => ({
  kind: "exact",
  form,
  standing,
  worstCase,
});
export const atMostForm = (form: ClosedForm, standing: Standing): UpperBound => ({
  kind: "upper",
  form,
  standing,
});
export const atLeastForm = (form: ClosedForm, standing: Standing): LowerBound => ({
  kind: "lower",
  form,
  standing,
});

/** The exact form where it is proved; nothing that was only checked. */
export const provedForm = (figure: Figure | undefined): ClosedForm | undefined =>
  figure?.exact?.standing.kind === "proved" ? figure.exact.form : undefined;

/** `proved`, `checked at 40 sizes (n = 1..40), not proved`, `assumed: …`. */
export function printStanding(standing: Standing): string {
  switch (standing.kind) {
    case "proved":
      return "proved";
    case "checked":
      return `checked at ${standing.samples} sizes${standing.range === "" ? "" : ` (${standing.range})`}, not proved`;
    case "assumed":
      return `assumed: ${standing.hypothesis}`;
    case "cited":
      return `cited: ${standing.entry}, ${standing.source}`;
    case "claimed":
      return `claimed by ${standing.by}`;
  }
}

/** One thing that is known of a figure. */
export interface ShownPart {
  readonly relation: "=" | "≤" | "≥";
  readonly form: string;
  readonly standing: Standing;
  /** The standing in words, and whether it is the worst case over inputs. */
  readonly note: string;
}

/** What to show, best first: a proved value alone, else proved bounds and what was checked. */
export function shownParts({ exact, upper, lower }: Figure): ShownPart[] {
  const part = (relation: ShownPart["relation"], known: Exact | UpperBound | LowerBound): ShownPart => ({
    relation,
    form: printClosedForm(known.form),
    standing: known.standing,
    note: `${printStanding(known.standing)}${known.kind === "exact" && known.worstCase ? ", worst case over inputs" : ""}`,
  });
  if (exact?.standing.kind === "proved") return [part("=", exact)];
  return [
    ...(upper === undefined ? [] : [part("≤", upper)]),
    ...(lower === undefined ? [] : [part("≥", lower)]),
    ...(exact === undefined ? [] : [part("=", exact)]),
  ];
}

/** Everything known, best first: `n*T (proved)`, or `≤ 2*n (proved), = n (checked at …)`. */
export function printFigure(figure: Figure): string {
  const parts = shownParts(figure);
  if (parts.length === 0) return figure.why === undefined ? "unknown" : `unknown: ${figure.why}`;
  const alone = parts.length === 1;
  return parts
    .map((p) => `${alone && p.relation === "=" ? "" : `${p.relation} `}${p.form} (${p.note})`)
    .join(", ");
}
