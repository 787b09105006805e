/**
 * The report on a task: figures at given sizes, closed forms, the critical path, and what became of each `expect`.
 * All of it data; the command line and the editor render the same record.
 */
import {
  type CheckedProgram,
  type Diagnostic,
  diagnostic,
  type ExpectMember,
  type TaskItem,
} from "@fathom/lang";
import { brokenObligation, checkCycles, checkReads, checkWhere, compareFigure } from "./checks/checks";
import { checkIndexFaults } from "./checks/index-faults";
import { smallSizes } from "./checks/small-sizes";
import type { CostModel } from "./depth/cost";
import { type Guess, guess, type Sample } from "./depth/guess";
import { criticalPath, type Instance } from "./depth/instance-graph";
import { type Unrolled, unroll } from "./depth/unroll";
import { evaluateIndex } from "./equations/evaluate-index";
import { lower, lowerSize } from "./equations/lower";
import { printCondition } from "./equations/print";
import type { FamilyValues, IndexExpr, Read, Sizes, System } from "./equations/system";
import { checkSizes, place, showSizes } from "./equations/values";
import { type Schedule, schedule } from "./schedule/schedule";
import { judgeClassExpect } from "./verdict/expects";
import { verdictOf } from "./verdict/judge";
import type { Judgement } from "./verdict/verdict";

/** A task that passed every check for all sizes, ready to be analysed or run. */
export interface Compiled {
  readonly program: CheckedProgram;
  readonly task: TaskItem;
  readonly system: System;
  readonly schedule: Schedule;
  /** Static reads that are checked when it runs. */
  readonly unproved: ReadonlySet<Read>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Lowers a task and runs the checks for all sizes. The program must be free of errors. */
export function compileTask(program: CheckedProgram, task: TaskItem): Compiled {
  const system = lower(program, task);
  const where = checkWhere(system);
  const plan = schedule(system, new Set());
  const faults = where.length > 0 ? [] : checkIndexFaults(system);
  const early = where.length + faults.length > 0;
  const reads = early ? { diagnostics: [], unproved: new Set<Read>() } : checkReads(system);
  const cycles = early || reads.diagnostics.length > 0 ? [] : checkCycles(system, plan);
  return {
    program,
    task,
    system,
    schedule: plan,
    unproved: reads.unproved,
    diagnostics: [...where, ...faults, ...reads.diagnostics, ...cycles],
  };
}

/** Everything wrong with these sizes: missing, out of range, `where` of the task or of one it uses. */
export function sizeProblems(system: System, sizes: Sizes): Diagnostic[] {
  const found = checkSizes(system, sizes);
  if (found.length > 0) return found;
  return (system.obligations ?? []).flatMap((o) => {
    const broken = brokenObligation(o, sizes);
    if (broken === undefined) return [];
    const at = Object.entries(broken)
      .map(([n, v]) => `${n} = ${v}`)
      .join(", ");
    return [
      diagnostic("where-broken", place(o.origin), { condition: printCondition(o.condition), sizes: at }),
    ];
  });
}

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

export interface ModelReport {
  readonly at: Figures;
  readonly depth: Guess | undefined;
  readonly work: Guess | undefined;
  readonly width: Guess | undefined;
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

export interface ExpectResult {
  readonly text: string;
  readonly outcome: "proved" | "checked" | "failed" | "undecided";
  readonly detail: string;
}

export interface AnalyzeOptions {
  /** The sizes for exact figures; without, middling small ones. */
  readonly sizes?: Sizes | undefined;
  /** Values of all families at these sizes: figures are then those of this instance. */
  readonly values?: ReadonlyMap<string, FamilyValues> | undefined;
  readonly limit?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const SAMPLE_LIMIT = 20_000;
const SAMPLE_BUDGET = 400_000;

/** Samples of both models at small sizes, within a budget of instances. */
export function sampleFigures(
  system: System,
): { readonly sizes: Sizes; readonly steps: Unrolled; readonly ops: Unrolled }[] {
  const found: { sizes: Sizes; steps: Unrolled; ops: Unrolled }[] = [];
  let budget = SAMPLE_BUDGET;
  const rank = system.sizes.length;
  const candidates = smallSizes(
    system,
    rank <= 1 ? 40 : rank === 2 ? 11 : rank === 3 ? 7 : 5,
    rank <= 1 ? 40 : 90,
  );
  // Sizes that differ by much tell logarithms apart from constants.
  for (const far of [13, 17, 33]) {
    for (const s of system.sizes) {
      const base = candidates[candidates.length - 1];
      if (rank > 1 && base !== undefined) candidates.push({ ...base, [s.name]: far });
    }
  }
  for (const sizes of candidates) {
    if (budget <= 0 && found.length >= 8) break;
    if (sizeProblems(system, sizes).length > 0) continue;
    const steps = unroll(system, sizes, { model: "steps", limit: SAMPLE_LIMIT });
    if (!steps.ok) continue;
    const ops = unroll(system, sizes, { model: "ops", limit: SAMPLE_LIMIT });
    if (!ops.ok) continue;
    budget -= 2 * steps.result.instances + steps.result.work + ops.result.work;
    found.push({ sizes, steps: steps.result, ops: ops.result });
  }
  return found;
}

/** Sizes to show when none are asked for: every size as near to 8 as `where` allows. */
export function defaultSizes(system: System): Sizes | undefined {
  for (const n of [8, 6, 5, 4, 3, 2, 7, 9, 10, 12, 16]) {
    const sizes = Object.fromEntries(
      system.sizes.map((s) => [s.name, s.kind === "const" ? Math.min(n, 2) : n]),
    );
    if (sizeProblems(system, sizes).length === 0) return sizes;
  }
  const small = smallSizes(system, 12, 60);
  return small[small.length - 1];
}

export type AnalyzeResult =
  | { readonly ok: true; readonly report: Report }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** The whole report. Exact at the sizes given; closed forms are checked at small sizes, not proved. */
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
  const samples = sampleFigures(system);
  const names = system.sizes.map((s) => s.name);
  const form = (model: "steps" | "ops", figure: "depth" | "work" | "width") =>
    guess(
      names,
      samples.map((s): Sample => ({ sizes: s.sizes, value: s[model][figure] })),
    );
  const report = (model: "steps" | "ops", unrolled: Unrolled): ModelReport => ({
    at: figuresOf(unrolled),
    depth: form(model, "depth"),
    work: form(model, "work"),
    width: form(model, "width"),
  });
  const path = criticalPath(system, steps.result, values, 10_000);
  const shown = path.length > 60 ? [...path.slice(0, 30), ...path.slice(-30)] : path;
  const expects = expectResults(compiled, samples, steps.result, ops.result);
  return {
    ok: true,
    report: {
      task: system.name,
      sizes,
      steps: report("steps", steps.result),
      ops: report("ops", ops.result),
      criticalPath: { instances: shown, omitted: path.length - shown.length },
      expects,
      unprovedReads: compiled.unproved.size,
      judgement: verdictOf(system),
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

/** Each `expect` against every sample: refuted by the smallest counterexample, or checked at so many sizes. */
function expectResults(
  compiled: Compiled,
  samples: ReturnType<typeof sampleFigures>,
  steps: Unrolled,
  ops: Unrolled,
): ExpectResult[] {
  const { task, program, system } = compiled;
  const text = (m: ExpectMember) => program.fileOf(task).text.slice(m.range.start, m.range.end);
  return task.members.flatMap((m): ExpectResult[] => {
    if (m.kind !== "expect") return [];
    const { claim } = m;
    if (claim.kind !== "figure") return [{ text: text(m), ...judgeClassExpect(claim, verdictOf(system)) }];
    const wanted: IndexExpr = lowerSize(program, claim.value);
    const all = [
      ...samples.map((s) => ({ sizes: s.sizes, figures: s[claim.model] })),
      { sizes: steps.sizes, figures: claim.model === "steps" ? steps : ops },
    ];
    for (const { sizes, figures } of all) {
      const value = evaluateIndex(wanted, (n) => sizes[n] ?? 0);
      if (!compareFigure(claim.op, figures[claim.figure], value)) {
        const detail = `${claim.figure} is ${figures[claim.figure]} at ${showSizes(system, sizes)}, the line asks for ${claim.op} ${value}`;
        return [{ text: text(m), outcome: "failed", detail }];
      }
    }
    return [{ text: text(m), outcome: "checked", detail: `checked at ${all.length} sizes, not proved` }];
  });
}

/** The diagnostics of `expect` lines: refuted ones are errors where they stand. */
export function checkExpects(compiled: Compiled): Diagnostic[] {
  const { task, program } = compiled;
  const members = task.members.filter((m): m is ExpectMember => m.kind === "expect");
  if (members.length === 0) return [];
  const samples = sampleFigures(compiled.system);
  const last = samples[samples.length - 1];
  if (last === undefined) return [];
  const file = program.fileOf(task).path;
  return expectResults(compiled, samples, last.steps, last.ops).flatMap((r, k) => {
    const at = { file, range: members[k]!.range };
    const { claim } = members[k]!;
    if (r.outcome === "failed" && claim.kind !== "figure") {
      const expected = `\`${r.text.replace(/^expect /, "")}\``;
      return [diagnostic("expect-class", at, { expected, why: r.detail })];
    }
    if (r.outcome === "failed") {
      const [found, asked] = r.detail.split(", the line asks for ");
      const [figure, sizes] = found!.split(" at ");
      return [
        diagnostic("expect-failed", at, {
          expected: asked ?? "",
          found: figure!.replace(/^.* is /, ""),
          sizes: sizes ?? "any sizes",
        }),
      ];
    }
    if (r.outcome === "undecided")
      return [
        diagnostic("expect-undecided", at, {
          expected: `\`${r.text.replace(/^expect /, "")}\``,
          why: r.detail,
        }),
      ];
    return [];
  });
}
