/**
 * The report on a task: its figures for all sizes, counts at given sizes, the critical path, and what became of each
 * `expect`. All of it data; the command line and the editor render the same record.
 */
import { type Diagnostic, diagnostic } from "@fathom/lang";
import type { Compiled } from "./compile";
import { criticalPath, type Instance } from "./depth/instance-graph";
import { defaultSizes, sizeProblems } from "./depth/samples";
import { type Unrolled, unroll } from "./depth/unroll";
import type { CostModel } from "./equations/cost";
import type { FamilyValues, Sizes } from "./equations/system";
import { place } from "./equations/values";
import { decideExpects, type ExpectResult, expectDiagnostics } from "./report/expects";
import { type FormsMemo, formsOf, type ModelForms } from "./report/forms";
import { judgementOf } from "./verdict/program";
import type { Judgement } from "./verdict/verdict";

export interface Figures {
  readonly model: CostModel;
  readonly sizes: Sizes;
  readonly depth: number;
  readonly work: number;
  readonly width: number;
  /** work / depth */
  readonly parallelism: number;
  readonly instances: number;
  /** `exact`: counted on the whole graph. `worst case`: over all inputs that the index types allow. */
  readonly standing: "exact" | "worst case";
  readonly families: readonly {
    readonly name: string;
    readonly role: string;
    readonly instances: number;
    readonly maxLevel: number;
    readonly work: number;
  }[];
}

/** Figures for all sizes, and the counts at the sizes of the report. */
export interface ModelReport extends ModelForms {
  readonly at: Figures;
}

export interface Report {
  readonly task: string;
  readonly sizes: Sizes;
  readonly steps: ModelReport;
  readonly ops: ModelReport;
  /** In the steps model; shortened in the middle when long, then with `omitted`. */
  readonly criticalPath: { readonly instances: readonly Instance[]; readonly omitted: number };
  readonly expects: readonly ExpectResult[];
  readonly unprovedReads: number;
  /** Class and verdict of the task: worst case over inputs, whatever the sizes of this report. */
  readonly judgement: Judgement;
}

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

export type AnalyzeResult =
  | { readonly ok: true; readonly report: Report }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** The whole report: forms for all sizes with their standing, and exact counts at the sizes given. */
export function analyze(compiled: Compiled, options: AnalyzeOptions = {}): AnalyzeResult {
  const { system } = compiled;
  const sizes = options.sizes ?? defaultSizes(system);
  if (sizes === undefined)
    return { ok: false, diagnostics: [diagnostic("empty-task", place(system.origin), { limit: 40 })] };
  const wrong = sizeProblems(system, sizes);
  if (wrong.length > 0) return { ok: false, diagnostics: wrong };
  const { values, limit, onProgress } = options;
  const steps = unroll(system, sizes, { model: "steps", values, limit, onProgress });
  if (!steps.ok) return steps;
  const ops = unroll(system, sizes, { model: "ops", values, limit, onProgress });
  if (!ops.ok) return ops;
  const forms = formsOf(system, options.memo);
  const path = criticalPath(system, steps.result, values, 10_000);
  const shown = path.length > 60 ? [...path.slice(0, 30), ...path.slice(-30)] : path;
  return {
    ok: true,
    report: {
      task: system.name,
      sizes,
      steps: { ...forms.steps, at: figuresOf(steps.result) },
      ops: { ...forms.ops, at: figuresOf(ops.result) },
      criticalPath: { instances: shown, omitted: path.length - shown.length },
      expects: decideExpects(compiled, () => forms),
      unprovedReads: compiled.unproved.size,
      judgement: judgementOf(compiled),
    },
  };
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
    parallelism: depth === 0 ? work : work / depth,
    standing: u.worstCase ? "worst case" : "exact",
    families,
  };
}

/** The diagnostics of `expect` lines: refuted ones are errors where they stand, undecided ones warnings. */
export const checkExpects = (compiled: Compiled, memo?: FormsMemo): Diagnostic[] =>
  expectDiagnostics(compiled, () => formsOf(compiled.system, memo));
