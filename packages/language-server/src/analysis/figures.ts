/**
 * What an editor shows of a task, as plain data: the one place that reads the compiler's analyses. The figures' standing
 * travels with them; nothing here makes one stronger.
 */
import {
  type Compiled,
  checkExpects,
  decideExpects,
  derivationMarkdown,
  type Figure,
  formsOf,
  type Judgement,
  judgementOf,
  printCertificate,
  printClass,
  printFigure,
  printStanding,
  proveDepth,
  readingText,
  type Sizes,
  shownParts,
  sizeProblems,
  verifyCertificate,
} from "@fathom/compiler";
import type { Diagnostic } from "@fathom/lang";

/** A closed form with the word for how sure it is. */
export interface ShownFigure {
  /** In the sizes, as a person would write it. */
  readonly text: string;
  /** `=` for an exact figure, `<=` for an upper bound, `>=` for a lower one. */
  readonly relation: "=" | "<=" | ">=";
  readonly standing: "proved" | "checked" | "assumed" | "cited" | "claimed";
  /** A sentence: by what, on which range, under which hypothesis. */
  readonly detail: string;
  /** The form in the language itself, where it can be written there. */
  readonly source?: string | undefined;
}

export interface ExpectOutcome {
  readonly text: string;
  readonly outcome: "proved" | "tested" | "claimed" | "refuted" | "undecided";
  readonly detail: string;
}

interface FamilyFigures {
  readonly name: string;
  readonly level: ShownFigure;
  /** Markdown: which reads are tight, and why. */
  readonly derivation?: string | undefined;
}

export interface TaskFigures {
  readonly task: string;
  /** `checked`: the checks for all sizes are done, figures follow. `analysed`: everything is here. */
  readonly stage: "checked" | "analysed";
  /** Of the checks for all sizes and of `expect`; places are those of the unit. */
  readonly diagnostics: readonly Diagnostic[];
  readonly depth?: ShownFigure | undefined;
  readonly work?: ShownFigure | undefined;
  readonly width?: ShownFigure | undefined;
  /** Depth in the bounded fan-in model. */
  readonly ops?: ShownFigure | undefined;
  /** The level of each family, in the order of the text; of a used task too, as `p.total`. */
  readonly families: readonly FamilyFigures[];
  /** `TC^0`, `P` … */
  readonly class?: { readonly text: string; readonly detail: string } | undefined;
  /** `inherently serial`, `parallel` … */
  readonly verdict?: { readonly text: string; readonly detail: string } | undefined;
  readonly expects: readonly ExpectOutcome[];
  /** Markdown: why the figures hold, step by step. */
  readonly derivation?: string | undefined;
  readonly citations: readonly string[];
}

/** Analyses a task in stages: each record replaces the one before. */
export function* figuresOf(compiled: Compiled): Generator<TaskFigures, void> {
  const { diagnostics, system } = compiled;
  const none = { task: system.name, families: [], expects: [], citations: [] };
  if (diagnostics.some((d) => d.severity === "error")) {
    yield { ...none, stage: "analysed", diagnostics };
    return;
  }
  yield { ...none, stage: "checked", diagnostics };
  const forms = formsOf(system);
  const { steps, ops } = forms;
  const judgement = judgementOf(compiled);
  yield {
    ...none,
    stage: "analysed",
    diagnostics: [...diagnostics, ...checkExpects(compiled)],
    depth: shown(steps.depth),
    work: shown(steps.work),
    width: shown(steps.width),
    ops: shown(ops.depth),
    families: steps.families.flatMap((f) => {
      // The level of each instance says more than the largest of them.
      const level = shown(f.levels.exact?.standing.kind === "proved" ? f.levels : f.level);
      const derivation = f.derivation?.premises.flatMap((d) => derivationMarkdown(d)).join("\n");
      return level === undefined ? [] : [{ name: f.name, level, derivation }];
    }),
    class: classOf(judgement),
    verdict: { text: verdictWords[judgement.verdict], detail: judgement.says },
    expects: decideExpects(compiled, () => forms),
    derivation: [judgement.derivation, steps.derivation].flatMap((d) => derivationMarkdown(d)).join("\n"),
    citations: citationsOf(judgement),
  };
}

const verdictWords: Readonly<Record<Judgement["verdict"], string>> = {
  parallel: "parallel",
  "inherently-serial": "inherently serial",
  "serial-as-written": "serial as written",
  "approximately-parallel": "approximately parallel",
  "exponential-size": "exponential size",
  finite: "finite",
  undecided: "undecided",
};

function classOf({ bound }: Judgement): TaskFigures["class"] {
  if (bound === undefined) return undefined;
  const readings = bound.readings.map((r) => `, ${readingText[r]}`).join("");
  const { standing, entry } = bound;
  const source = standing.kind === "cited" ? standing.source : printStanding(standing);
  return { text: printClass(bound.class), detail: `by ${bound.because}${readings} [${entry}: ${source}]` };
}

/** Sources by catalogue number, and what the verdict must not be read as. */
function citationsOf({ hardness, notClaimed }: Judgement): string[] {
  return [
    ...(hardness === undefined ? [] : [`[${hardness.entry}] ${hardness.source}`]),
    ...notClaimed.map((n) => `Not claimed [${n.entry}]: ${n.text}`),
  ];
}

/** The best that is known: a value where there is one, whatever its standing, else a bound. */
function shown(figure: Figure): ShownFigure | undefined {
  const parts = shownParts(figure);
  const part = parts.find((p) => p.relation === "=") ?? parts[0];
  if (part === undefined) return undefined;
  return {
    text: part.form,
    relation: part.relation === "=" ? "=" : part.relation === "≤" ? "<=" : ">=",
    standing: part.standing.kind,
    detail: part.note,
    source: asSource(part.form),
  };
}

/** A printed closed form as the language writes it: quotients are `div`. */
function asSource(text: string): string | undefined {
  const source = text
    .replace(/^floor\((.*) \/ (\d+)\)$/, "$1 div $2")
    .replace(/^(.*) \/ (\d+)$/, "$1 div $2");
  return /[^\w\s()+\-*^,]/.test(source) ? undefined : source;
}

/** The proof of a task's depth as data, verified by the independent checker before it is handed out. */
export function certificateOf(compiled: Compiled): {
  readonly certificate?: string | undefined;
  readonly summary: string;
} {
  const { system } = compiled;
  const valid = (sizes: Sizes) => sizeProblems(system, sizes).length === 0;
  const { certificate, depth } = proveDepth(system, "steps", { valid });
  if (certificate === undefined)
    return { summary: `the depth of ${system.name} is not proved: ${depth.why ?? printFigure(depth)}` };
  const text = printCertificate(certificate);
  const verdict = verifyCertificate(text, system);
  return verdict.ok
    ? {
        certificate: text,
        summary: `the depth of ${system.name} is ${printFigure(depth)}; the independent checker agrees`,
      }
    : { summary: `the checker refuses the certificate of ${system.name}: ${verdict.why}` };
}
