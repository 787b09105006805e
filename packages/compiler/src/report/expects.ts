/**
 * What becomes of `expect` lines: proved for all sizes, refuted by the smallest sizes that show it, or not decided. A line that
 * merely holds wherever it was tried is not decided, and says where it was tried.
 */
import {
  type CheckedProgram,
  type Diagnostic,
  diagnostic,
  type ExpectClaim,
  type ExpectMember,
  type TaskItem,
} from "@fathom/lang";
import { compareFigure } from "../checks/checks";
import { sizeProblems } from "../checks/sizes";
import { smallSizes } from "../checks/small-sizes";
import { type SampledFigures, sampleFigures } from "../depth/samples";
import { contextOf } from "../depth/work";
import { evaluateIndex, IndexFault } from "../equations/evaluate-index";
import { lowerSize } from "../equations/lower/lower";
import type { IndexExpr, Sizes, System } from "../equations/system";
import { showSizes } from "../equations/values";
import {
  type ClosedForm,
  evaluateClosedForm,
  fromIndexExpr,
  NotClosed,
  printClosedForm,
} from "../symbolic/closed-form";
import { provesComparison } from "../symbolic/compare";
import { compareRational, isWhole, printRational, type Rational, rational } from "../symbolic/rational";
import { type Figure, provedForm } from "../symbolic/standing";
import { judgeClassExpect } from "../verdict/expects";
import { judgementOf } from "../verdict/program";
import type { TaskForms } from "./forms";

export interface ExpectResult {
  readonly text: string;
  readonly outcome: "proved" | "tested" | "claimed" | "refuted" | "undecided";
  /** Why, in words. `tested` and `claimed`: a hardness by a reduction, or by citation. */
  readonly detail: string;
  /** The smallest sizes that refute a figure, what it is there and what the line asks for. */
  readonly counterexample?:
    | { readonly sizes: Sizes; readonly found: string; readonly wanted: string }
    | undefined;
}

type FigureClaim = Extract<ExpectClaim, { kind: "figure" }>;

export interface Asked {
  readonly program: CheckedProgram;
  readonly task: TaskItem;
  readonly system: System;
}

export const expectsOf = (task: TaskItem): ExpectMember[] =>
  task.members.filter((m): m is ExpectMember => m.kind === "expect");

/** One result for each `expect` line, in their order. */
export function decideExpects(asked: Asked, forms: () => TaskForms): ExpectResult[] {
  const { program, task, system } = asked;
  return expectsOf(task).map((m): ExpectResult => {
    const text = program.fileOf(task).text.slice(m.range.start, m.range.end);
    const { claim } = m;
    if (claim.kind === "figure") {
      const wanted = lowerSize(program, claim.value);
      if (wanted === undefined)
        return { text, outcome: "undecided", detail: "what it asks for is no expression of sizes alone" };
      return { text, ...decideFigure(claim, wanted, system, forms()) };
    }
    const { outcome, detail } = judgeClassExpect(claim, judgementOf(asked));
    return { text, outcome: outcome === "failed" ? "refuted" : outcome, detail };
  });
}

function decideFigure(
  claim: FigureClaim,
  wanted: IndexExpr,
  system: System,
  forms: TaskForms,
): Omit<ExpectResult, "text"> {
  const figure = forms[claim.model][claim.figure];
  const { op } = claim;
  const form = provedForm(figure);
  const samples = forms.samples.length > 0 || form !== undefined ? forms.samples : sampleFigures(system);
  const refuted = counterexample(claim, wanted, system, form, samples);
  if (refuted !== undefined) {
    const { sizes, found } = refuted;
    const detail = `${claim.figure} is ${found} at ${showSizes(system, sizes)}, the line asks for ${op} ${refuted.wanted}`;
    return { outcome: "refuted", detail, counterexample: refuted };
  }
  const asked = closedOf(wanted);
  const proof = asked === undefined ? undefined : proofOf(claim, figure, asked, system);
  if (proof !== undefined) return { outcome: "proved", detail: proof };
  const tried = samples.length === 0 ? "" : `; it holds at all ${samples.length} sizes tried`;
  const why = form === undefined ? figure.why : "the comparison with the proved form was not settled";
  return { outcome: "undecided", detail: `not proved for all sizes: ${why ?? "no proof"}${tried}` };
}

export function closedOf(e: IndexExpr): ClosedForm | undefined {
  try {
    return fromIndexExpr(e);
  } catch (error) {
    if (error instanceof NotClosed) return undefined;
    throw error;
  }
}

/** By the exact form, or by a bound on the right side of it. */
function proofOf(claim: FigureClaim, figure: Figure, asked: ClosedForm, system: System): string | undefined {
  const context = contextOf(system);
  const { op } = claim;
  const exact = provedForm(figure);
  const holds = (form: ClosedForm | undefined): boolean =>
    form !== undefined && provesComparison(form, op, asked, context);
  const name = claim.model === "ops" ? `${claim.figure}(ops)` : claim.figure;
  if (holds(exact)) return `${name} = ${printClosedForm(exact!)}, proved for all sizes`;
  const { upper, lower } = figure;
  if ((op === "<=" || op === "<") && upper?.standing.kind === "proved" && holds(upper.form))
    return `${name} ≤ ${printClosedForm(upper.form)}, proved for all sizes`;
  if ((op === ">=" || op === ">") && lower?.standing.kind === "proved" && holds(lower.form))
    return `${name} ≥ ${printClosedForm(lower.form)}, proved for all sizes`;
  return undefined;
}

/** Sizes looked at with a proved form, smallest total first. */
const SIZES = 3000;

function counterexample(
  claim: FigureClaim,
  wanted: IndexExpr,
  system: System,
  form: ClosedForm | undefined,
  samples: readonly SampledFigures[],
): ExpectResult["counterexample"] {
  const asked = closedOf(wanted);
  const breaks = (sizes: Sizes, found: Rational): ExpectResult["counterexample"] => {
    const value = asked === undefined ? atSizes(wanted, sizes) : evaluated(asked, sizes);
    if (value === undefined) return undefined;
    return compareFigure(claim.op, compareRational(found, value), 0)
      ? undefined
      : { sizes, found: printRational(found), wanted: printRational(value) };
  };
  if (form === undefined) {
    for (const s of samples) {
      const found = breaks(s.sizes, rational(s[claim.model][claim.figure]));
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const at = (sizes: Sizes): ExpectResult["counterexample"] => {
    if (sizeProblems(system, sizes).length > 0) return undefined;
    const value = evaluated(form, sizes);
    return value === undefined ? undefined : breaks(sizes, value);
  };
  for (const sizes of smallSizes(system, 64, SIZES)) {
    const found = at(sizes);
    if (found !== undefined) return found;
  }
  // Doubles hold products of small sizes; of large ones a value is exact by its form alone.
  return asked === undefined ? undefined : farCounterexample(system, at);
}

/** The value of what has no closed form, as a quotient by a size. */
function atSizes(wanted: IndexExpr, sizes: Sizes): Rational | undefined {
  try {
    const value = evaluateIndex(wanted, (n) => sizes[n] ?? 0);
    return Number.isSafeInteger(value) ? rational(value) : undefined;
  } catch (error) {
    if (error instanceof IndexFault) return undefined;
    throw error;
  }
}

function evaluated(form: ClosedForm, sizes: Sizes): Rational | undefined {
  try {
    const value = evaluateClosedForm(form, (n) => BigInt(sizes[n] ?? 0));
    return isWhole(value) ? value : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Every size a power of two or beside one, up to what a size can be; then each size as small as it can be with the others kept. */
function farCounterexample(
  system: System,
  at: (sizes: Sizes) => ExpectResult["counterexample"],
): ExpectResult["counterexample"] {
  const names = system.sizes.map((s) => s.name);
  if (names.length === 0 || names.length > 4) return undefined;
  const values = [1, 2, 5, 17, 33, 129, 1024, 1025, 65_536, 1_048_577, 16_777_217, 2_147_483_647];
  let tried = 0;
  const walk = (k: number, sizes: Sizes): ExpectResult["counterexample"] => {
    if (k === names.length) return tried++ > 4000 ? undefined : at(sizes);
    for (const v of values) {
      const found = walk(k + 1, { ...sizes, [names[k]!]: v });
      if (found !== undefined) return found;
    }
    return undefined;
  };
  let found = walk(0, {});
  if (found === undefined) return undefined;
  for (const name of names) {
    let low = 0;
    let high: number = found.sizes[name]!;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const smaller = at({ ...found.sizes, [name]: middle });
      if (smaller === undefined) low = middle + 1;
      else {
        found = smaller;
        high = middle;
      }
    }
  }
  return found;
}

/** The diagnostics of `expect` lines: refuted ones are errors where they stand, undecided ones warnings. */
export function expectDiagnostics(asked: Asked, forms: () => TaskForms): Diagnostic[] {
  const members = expectsOf(asked.task);
  if (members.length === 0) return [];
  const file = asked.program.fileOf(asked.task).path;
  return decideExpects(asked, forms).flatMap((r, k): Diagnostic[] => {
    const { range, claim } = members[k]!;
    const at = { file, range };
    const expected = `\`${r.text.replace(/^expect /, "")}\``;
    if (r.outcome === "proved" || r.outcome === "tested" || r.outcome === "claimed") return [];
    if (r.outcome === "undecided") return [diagnostic("expect-undecided", at, { expected, why: r.detail })];
    const { counterexample: c } = r;
    if (claim.kind !== "figure" || c === undefined)
      return [diagnostic("expect-class", at, { expected, why: r.detail })];
    return [
      diagnostic("expect-failed", at, {
        expected: `${claim.op} ${c.wanted}`,
        found: c.found,
        sizes: showSizes(asked.system, c.sizes) || "any sizes",
      }),
    ];
  });
}
