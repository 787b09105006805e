/**
 * Everything a task is known to be for all sizes: depth, work and width in both cost models as figures with their standing, the
 * level and work of each family, how they grow, and the derivation. Made once for each content of a task.
 */

import { sizeProblems } from "../checks/sizes";
import { type Guess, guess, type Sample } from "../depth/guess";
import { type Found, largestLevel } from "../depth/levels";
import { type DepthProof, proveDepth, sameLevels } from "../depth/prove";
import { type SampledFigures, sampleFigures } from "../depth/samples";
import { widthOf } from "../depth/width";
import { contextOf, sameCosts, type WorkResult, workOf } from "../depth/work";
import { someExpr } from "../equations/build";
import type { CostModel } from "../equations/cost";
import { printSystem } from "../equations/print";
import type { Origin, System } from "../equations/system";
import { type ClosedForm, printClosedForm } from "../symbolic/closed-form";
import { effort } from "../symbolic/effort";
import { type Growth, growthOf } from "../symbolic/growth";
import { readable } from "../symbolic/readable";
import { type Fact, factsOfDims, forgetRegions } from "../symbolic/region";
import {
  atLeastForm,
  atMostForm,
  checkedAt,
  type Derivation,
  exactly,
  type Figure,
  proved,
  type Standing,
  shownParts,
} from "../symbolic/standing";

interface FamilyForms {
  readonly name: string;
  /** The largest level in the family. */
  readonly level: Figure;
  /** The level of each instance, in sizes and the family's indices. */
  readonly levels: Figure;
  readonly work: Figure;
  /** Why it has these levels. */
  readonly derivation?: Derivation | undefined;
}

export interface ModelForms {
  readonly model: CostModel;
  readonly depth: Figure;
  readonly work: Figure;
  readonly width: Figure;
  readonly families: readonly FamilyForms[];
  readonly growth: Readonly<Record<"depth" | "work" | "width", Growth | undefined>>;
  readonly derivation: Derivation;
}

export interface TaskForms {
  readonly steps: ModelForms;
  readonly ops: ModelForms;
  /** Exact counts at small sizes, where some figure needed them. */
  readonly samples: readonly SampledFigures[];
}

/** Forms by the content of tasks. `computed` counts how often something had to be worked out. */
export class FormsMemo {
  computed = 0;
  private readonly known = new Map<string, { readonly system: System; readonly forms: TaskForms }>();
  constructor(private readonly most = 200) {}

  of(system: System): TaskForms {
    const key = printSystem(system);
    const found = this.known.get(key);
    if (found !== undefined)
      return found.system === system ? found.forms : moved(found.forms, found.system, system);
    this.computed++;
    const forms = compute(system);
    const [oldest] = this.known.keys();
    if (this.known.size >= this.most && oldest !== undefined) this.known.delete(oldest);
    this.known.set(key, { system, forms });
    return forms;
  }
}

const shared = new FormsMemo();

/** The forms of a system; `memo` where a client counts or keeps its own. */
export const formsOf = (system: System, memo: FormsMemo = shared): TaskForms => memo.of(system);

function compute(system: System): TaskForms {
  forgetRegions();
  let samples: readonly SampledFigures[] | undefined;
  const sampled = (): readonly SampledFigures[] => {
    samples ??= sampleFigures(system);
    return samples;
  };
  const steps = modelForms(system, "steps", sampled);
  const ops =
    sameLevels(system) && sameCosts(system) ? inOps(steps, system) : modelForms(system, "ops", sampled);
  return { steps, ops, samples: samples ?? [] };
}

/** The same figures, where both models ask the same questions: every step is one operation. */
const inOps = (steps: ModelForms, system: System): ModelForms => ({
  ...steps,
  model: "ops",
  derivation: { ...steps.derivation, claim: titleOf(system, "ops") },
});
const titleOf = (system: System, model: CostModel): string => `${system.name} in ${model}`;

function modelForms(system: System, model: CostModel, sampled: () => readonly SampledFigures[]): ModelForms {
  const names = system.sizes.map((s) => s.name);
  const worstCase = readsByData(system);
  const guessed = (value: (s: SampledFigures[CostModel]) => number): Guess | undefined =>
    guess(
      names,
      sampled().map((s): Sample => ({ sizes: s.sizes, value: value(s[model]) })),
    );
  const work = workFigure(workOf(system, model), () => guessed((u) => u.work));
  const checked = (value: (s: SampledFigures[CostModel]) => number, why: string): Figure =>
    asFigure(guessed(value), worstCase, why);
  const proof = proveDepth(system, model, { valid: (sizes) => sizeProblems(system, sizes).length === 0 });
  const context = contextOf(system);
  const found = readably(proof.depth, context);
  const depth = bounded(
    found.exact?.standing.kind === "proved"
      ? found
      : {
          ...checked((u) => u.depth, found.why ?? "no proof of the level of every instance"),
          upper: found.upper,
          lower: found.lower,
        },
    work.figure,
    "no more than all work",
  );
  // Pieces of an upper bound are there too: only exact levels can be counted or looked through for the largest.
  const levels = new Map(
    [...proof.families].flatMap(([name, f]) =>
      f.level.exact?.standing.kind === "proved" && f.pieces.length > 0 ? [[name, f.pieces] as const] : [],
    ),
  );
  const shared = widthOf(system, model, levels);
  const width = bounded(
    fromMaximum(shared, LEVELS, worstCase, () =>
      checked((u) => u.width, shared.why ?? "no level is proved to be the widest"),
    ),
    work.figure,
    "no more than all work",
  );
  const end = effort.spent + LARGEST_LEVELS;
  const families = system.families
    .filter((f) => f.pieces.length > 0)
    .map((f): FamilyForms => {
      const own = proof.families.get(f.name);
      const levels = readably(own?.level ?? {}, [...context, ...factsOfDims(f.dims)]);
      const largest =
        own === undefined || own.pieces.length === 0 || levels.exact === undefined || effort.spent > end
          ? {}
          : largestLevel(system, f, own.pieces);
      const level = fromMaximum(largest, LEVELS, worstCase, () =>
        checked((u) => u.families.get(f.name)?.maxLevel ?? 0, levels.why ?? "only its levels one by one"),
      );
      return {
        name: f.name,
        level,
        levels,
        work: work.families.get(f.name) ?? {},
        derivation: own?.derivation,
      };
    });
  const growth = (figure: Figure): Growth | undefined => growthOfFigure(figure, system);
  return {
    model,
    depth,
    work: work.figure,
    width,
    families,
    growth: { depth: growth(depth), work: growth(work.figure), width: growth(width) },
    derivation: {
      rule: "figures",
      claim: titleOf(system, model),
      standing: depth.exact?.standing ?? depth.upper?.standing ?? proved("definition"),
      premises: [
        {
          rule: "depth",
          claim: claimOf("depth", depth),
          standing: standingOf(depth),
          detail: depth.why ?? attainedAt(proof),
          premises: proof.derivation.premises,
        },
        work.derivation,
        {
          rule: "width",
          claim: claimOf("width", width),
          standing: standingOf(width),
          detail: width.why,
          premises: [],
        },
      ],
    },
  };
}

/** A figure in forms that people read. */
const readably = (figure: Figure, context: readonly Fact[]): Figure => ({
  ...figure,
  exact: figure.exact && { ...figure.exact, form: readable(figure.exact.form, context) },
  upper: figure.upper && { ...figure.upper, form: readable(figure.upper.form, context) },
  lower: figure.lower && { ...figure.lower, form: readable(figure.lower.form, context) },
});

/** Where the depth is attained. */
function attainedAt({ witness }: DepthProof): string | undefined {
  if (witness === undefined) return undefined;
  const at = witness.at.length === 0 ? "" : `[${witness.at.map(printClosedForm).join(", ")}]`;
  return `attained at ${witness.family}${at}`;
}

/** `depth = n`, or `width ≤ n*m, = n`; what each rests on is said beside it. */
function claimOf(name: string, figure: Figure): string {
  const parts = shownParts(figure);
  return parts.length === 0
    ? `${name} is not known`
    : `${name} ${parts.map((p) => `${p.relation} ${p.form}`).join(", ")}`;
}
const standingOf = (f: Figure): Standing => (f.exact ?? f.upper ?? f.lower)?.standing ?? checkedAt("", 0);

const asFigure = (guessed: Guess | undefined, worstCase: boolean, why: string): Figure =>
  guessed === undefined
    ? { why: `${why}, and no closed form fits the samples` }
    : { exact: exactly(guessed.form, checkedAt(guessed.range, guessed.samples), worstCase), why };

/** A figure that is not proved, with a bound that is. */
function bounded(figure: Figure, by: Figure, why: string): Figure {
  if (figure.exact?.standing.kind === "proved" || figure.upper !== undefined) return figure;
  const bound = by.exact?.standing.kind === "proved" ? by.exact.form : by.upper?.form;
  return bound === undefined ? figure : { ...figure, upper: atMostForm(bound, proved(why)) };
}

/** What the largest levels of all families may cost together (`symbolic/effort.ts`). */
const LARGEST_LEVELS = 5_000_000;

const LEVELS = "the greatest over all proved levels";

/** What is proved of a maximum; where it is not exact, what was checked beside the bounds. */
function fromMaximum(found: Found, by: string, worstCase: boolean, checked: () => Figure): Figure {
  if (found.exact !== undefined) return { exact: exactly(found.exact, proved(by), worstCase) };
  return {
    ...checked(),
    ...(found.upper === undefined ? {} : { upper: atMostForm(found.upper, proved(by)) }),
    ...(found.lower === undefined ? {} : { lower: atLeastForm(found.lower, proved(by)) }),
  };
}

const SUMMED = "summation over all instances";

function workFigure(
  result: WorkResult,
  guessed: () => Guess | undefined,
): {
  readonly figure: Figure;
  readonly families: ReadonlyMap<string, Figure>;
  readonly derivation: Derivation;
} {
  if (result.kind === "none") {
    const figure = asFigure(guessed(), false, result.why);
    return {
      figure,
      families: new Map(),
      derivation: {
        rule: "work",
        claim: claimOf("work", figure),
        standing: standingOf(figure),
        detail: result.why,
        premises: [],
      },
    };
  }
  const own = (form: ClosedForm, exact: boolean): Figure =>
    exact ? { exact: exactly(form, proved(SUMMED)) } : { upper: atMostForm(form, proved(SUMMED)) };
  const exact = result.kind === "exact";
  const figure: Figure = exact
    ? own(result.form, true)
    : { ...asFigure(guessed(), false, result.why), ...own(result.form, false) };
  const families = new Map(result.families.map((f) => [f.family, own(f.form, f.exact)]));
  return {
    figure,
    families,
    derivation: {
      rule: "work",
      claim: claimOf("work", figure),
      standing: proved(SUMMED),
      detail: exact
        ? "the cost of every equation, summed over the points at which it is selected (Pugh 1994)"
        : result.why,
      premises: result.families.map((f) => ({
        rule: "sum over a family",
        claim: `${f.family}: ${f.exact ? "" : "≤ "}${printClosedForm(f.form)}`,
        standing: proved(SUMMED),
        premises: [],
      })),
    },
  };
}

/** Θ of the exact form, whatever its standing; O of a bound. */
function growthOfFigure(figure: Figure, system: System): Growth | undefined {
  const form = figure.exact?.form ?? figure.upper?.form;
  if (form === undefined) return undefined;
  const growth = growthOf(form, system.sizes, system.constraints);
  return figure.exact === undefined ? { ...growth, tight: false } : growth;
}

/** Figures are then the worst case over inputs. */
const readsByData = (system: System): boolean =>
  system.families.some((f) =>
    f.pieces.some((p) =>
      someExpr(p.value, (e) => e.kind === "read" && e.at.some((s) => s.kind === "dynamic")),
    ),
  );

// Places

/** The same forms for a task whose text moved: every place becomes that of the same equation in the new text. */
function moved(forms: TaskForms, from: System, to: System): TaskForms {
  const [before, after] = [originsOf(from), originsOf(to)];
  const place = new Map(before.map((o, k) => [o, after[k]]));
  const tree = (d: Derivation): Derivation => ({
    ...d,
    origin: d.origin === undefined ? undefined : place.get(d.origin),
    premises: d.premises.map(tree),
  });
  const model = (m: ModelForms): ModelForms => ({
    ...m,
    derivation: tree(m.derivation),
    families: m.families.map((f) => ({ ...f, derivation: f.derivation && tree(f.derivation) })),
  });
  return { ...forms, steps: model(forms.steps), ops: model(forms.ops) };
}

const originsOf = (system: System): (Origin | undefined)[] => [
  system.origin,
  ...system.families.flatMap((f) => [f.origin, ...f.pieces.map((p) => p.origin)]),
];
