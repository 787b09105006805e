/**
 * What an editor shows of a task, as plain data: the one place that reads the compiler's analyses. The figures' standing
 * travels with them; nothing here makes one stronger.
 */
import { analyze, type Compiled, checkExpects, type Figure, formsOf, shownParts } from "@fathom/compiler";
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
  readonly outcome: "proved" | "refuted" | "undecided";
  readonly detail: string;
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
  readonly families: readonly { readonly name: string; readonly level: ShownFigure }[];
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
  const task = compiled.task.name.text;
  const { diagnostics } = compiled;
  const none = { task, families: [], expects: [], citations: [] };
  if (diagnostics.some((d) => d.severity === "error")) {
    yield { ...none, stage: "analysed", diagnostics };
    return;
  }
  yield { ...none, stage: "checked", diagnostics };
  const { steps, ops } = formsOf(compiled.system);
  const families = steps.families.flatMap((f) => {
    const level = shown(f.level);
    return level === undefined ? [] : [{ name: f.name, level }];
  });
  const report = analyze(compiled);
  yield {
    ...none,
    stage: "analysed",
    diagnostics: [...diagnostics, ...checkExpects(compiled)],
    depth: shown(steps.depth),
    work: shown(steps.work),
    width: shown(steps.width),
    ops: shown(ops.depth),
    families,
    expects: report.ok ? report.report.expects : [],
  };
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

/** The proof of a task's depth as data, for an independent checker. */
export function certificateOf(compiled: Compiled): {
  readonly certificate?: string | undefined;
  readonly summary: string;
} {
  return {
    summary: `the depth of ${compiled.task.name.text} is checked at small sizes, not proved: there is no certificate`,
  };
}
