/**
 * The report on a task: its figures for all sizes, counts at given sizes, the critical path, and what became of each
 * `expect`. All of it data; the command line and the editor render the same record.
 */
import { type Diagnostic, diagnostic } from "@fathom/lang";
import type { Compiled } from "../checks/compile";
import { sizeProblems } from "../checks/sizes";
import type { Judgement } from "../classes/verdict";
import { criticalPath, type Instance } from "../depth/instance-graph";
import { defaultSizes, roughInstances } from "../depth/samples";
import type { CostModel } from "../equations/cost";
import type { FamilyValues, Sizes, System } from "../equations/system";
import { place } from "../equations/values";
import { type Figure, provedForm } from "../symbolic/standing";
import { type Unrolled, unroll } from "../unroll/unroll";
import { judgementOf } from "../verdict/program";
import { decideExpects, type ExpectResult, expectDiagnostics } from "./expects";
import { type FormsMemo, formsOf, type ModelForms, type TaskForms } from "./forms";
import { type Count, countAt, ratioOf } from "./numbers";

/** Numbers at the sizes of a report; each undefined where it was neither counted nor follows from a proved form. */
interface Figures {
  readonly model: CostModel;
  readonly sizes: Sizes;
  readonly depth: Count | undefined;
  readonly work: Count | undefined;
  readonly width: Count | undefined;
  /** work / depth */
  readonly parallelism: number | undefined;
  /** Of all families together. */
  readonly instances: number | undefined;
  /** On the whole graph, or, where that is large, by the proved forms. */
  readonly by: "counting" | "forms";
  /** `worst case`: over all inputs that the index types allow. */
  readonly standing: "exact" | "worst case";
  readonly families: readonly {
    readonly name: string;
    readonly role: string;
    readonly instances: number | undefined;
    readonly maxLevel: Count | undefined;
    readonly work: Count | undefined;
  }[];
}

/** Figures for all sizes, and the counts at the sizes of the report. */
export interface ModelReport extends ModelForms {
  readonly at: Figures;
}

/** What is said of a task: see docs/reference/report.md. */
export interface Report {
  readonly task: string;
  readonly sizes: Sizes;
  readonly steps: ModelReport;
  readonly ops: ModelReport;
  /** In the steps model; shortened in the middle when long, then with `omitted`. Empty where the graph was not made. */
  readonly criticalPath: { readonly instances: readonly Instance[]; readonly omitted: number };
  readonly expects: readonly ExpectResult[];
  readonly unprovedReads: number;
  /** Class and verdict of the task: worst case over inputs, whatever the sizes of this report. */
  readonly judgement: Judgement;
}

/** At which sizes, within which limits. */
export interface AnalyzeOptions {
  /** The sizes for exact figures; without, middling small ones. */
  readonly sizes?: Sizes | undefined;
  /** Values of all families at these sizes: figures are then those of this instance. */
  readonly values?: ReadonlyMap<string, FamilyValues> | undefined;
  readonly limit?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Where forms are kept between calls; without, with all others of this process. */
  readonly memo?: FormsMemo | undefined;
}

/** The report, or what is wrong with the sizes asked for. */
export type AnalyzeResult =
  | { readonly ok: true; readonly report: Report }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** The whole report: forms for all sizes with their standing, and exact numbers at the sizes given, however large. */
export function analyze(compiled: Compiled, options: AnalyzeOptions = {}): AnalyzeResult {
  const { system } = compiled;
  const sizes = options.sizes ?? defaultSizes(system);
  if (sizes === undefined)
    return { ok: false, diagnostics: [diagnostic("empty-task", place(system.origin), { limit: 40 })] };
  const wrong = sizeProblems(system, sizes);
  if (wrong.length > 0) return { ok: false, diagnostics: wrong };
  const { values } = options;
  const forms = formsOf(system, options.memo);
  const counted = counts(system, sizes, forms, options);
  // Too large is no failure; a cycle is.
  if (!counted.ok && (values !== undefined || counted.diagnostics.some((d) => d.code !== "too-large")))
    return counted;
  const path = counted.ok ? criticalPath(system, counted.steps, values, 10_000) : [];
  const shown = path.length > 60 ? [...path.slice(0, 30), ...path.slice(-30)] : path;
  const at = (model: CostModel): Figures =>
    counted.ok ? figuresOf(counted[model]) : figuresBy(system, forms[model], sizes);
  return {
    ok: true,
    report: {
      task: system.name,
      sizes,
      steps: { ...forms.steps, at: at("steps") },
      ops: { ...forms.ops, at: at("ops") },
      criticalPath: { instances: shown, omitted: path.length - shown.length },
      expects: decideExpects(compiled, () => forms),
      unprovedReads: compiled.unproved.size,
      judgement: judgementOf(compiled),
    },
  };
}

/** Graphs up to about so many instances are always counted; larger ones only for what no proved form gives. */
const COUNTED = 200_000;
/** Most instances that are counted unless more are asked for. */
const MOST = 5_000_000;

type Counts =
  | { readonly ok: true; readonly steps: Unrolled; readonly ops: Unrolled }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

function counts(
  system: System,
  sizes: Sizes,
  forms: TaskForms,
  { values, limit = values === undefined ? MOST : undefined, onProgress }: AnalyzeOptions,
): Counts {
  const proved = [forms.steps, forms.ops].every((m) =>
    [m.depth, m.work, m.width].every((f) => provedForm(f) !== undefined),
  );
  if (values === undefined && proved && roughInstances(system, sizes) > COUNTED)
    return { ok: false, diagnostics: [] };
  const steps = unroll(system, sizes, { model: "steps", values, limit, onProgress });
  if (!steps.ok) return steps;
  const ops = unroll(system, sizes, { model: "ops", values, limit, onProgress });
  return ops.ok ? { ok: true, steps: steps.result, ops: ops.result } : ops;
}

function figuresOf(u: Unrolled): Figures {
  const families = [...u.families.values()].map((f) => ({
    name: f.family.name,
    role: f.family.role,
    instances: f.instances,
    maxLevel: f.maxLevel,
    work: f.work,
  }));
  const { model, sizes, depth, work, width, instances } = u;
  return {
    model,
    sizes,
    depth,
    work,
    width,
    instances,
    parallelism: ratioOf(work, depth),
    by: "counting",
    standing: u.worstCase ? "worst case" : "exact",
    families,
  };
}

/** What the proved forms say at sizes whose graph is too large to count. */
function figuresBy(system: System, forms: ModelForms, sizes: Sizes): Figures {
  const value = (f: Figure | undefined): Count | undefined => countAt(provedForm(f), sizes);
  const own = new Map(forms.families.map((f) => [f.name, f]));
  const [depth, work, width] = [forms.depth, forms.work, forms.width].map(value);
  return {
    model: forms.model,
    sizes,
    depth,
    work,
    width,
    instances: undefined,
    parallelism: work === undefined || depth === undefined ? undefined : ratioOf(work, depth),
    by: "forms",
    standing: forms.depth.exact?.worstCase === true ? "worst case" : "exact",
    families: system.families.map((f) => ({
      name: f.name,
      role: f.role,
      instances: undefined,
      maxLevel: f.pieces.length === 0 ? 0 : value(own.get(f.name)?.level),
      work: f.pieces.length === 0 ? 0 : value(own.get(f.name)?.work),
    })),
  };
}

/** The diagnostics of `expect` lines: refuted ones are errors where they stand, undecided ones warnings. */
export const checkExpects = (compiled: Compiled, memo?: FormsMemo): Diagnostic[] =>
  expectDiagnostics(compiled, () => formsOf(compiled.system, memo));
