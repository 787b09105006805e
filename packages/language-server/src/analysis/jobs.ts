/**
 * The work that may take long, as jobs over plain data: they run in a worker, off the path of typing, and can be stopped
 * by ending it. A job carries the texts it is about, so a worker needs no files.
 */
import {
  analyze,
  bindValues,
  type Compiled,
  compileTask,
  defaultSizes,
  drawGraph,
  type FamilyValues,
  forgetInterned,
  type Given,
  randomValues,
  reportJson,
  reportMarkdown,
  rewriteAsSource,
  type Sizes,
  type SourceRewrite,
  sizeProblems,
  toNested,
  typeText,
  unroll,
} from "@fathom/compiler";
import { check, type Diagnostic, type ExampleItem } from "@fathom/lang";
import { execute, runExample } from "@fathom/runtime";
import type {
  CertifyResult,
  CurveParams,
  CurveResult,
  GraphParams,
  GraphResult,
  Problem,
  ReportParams,
  ReportResult,
  RunParams,
  RunResult,
} from "../protocol";
import { certificateOf, figuresOf, type TaskFigures } from "./figures";

/** A task with all that it needs: the texts of a unit. */
export interface Source {
  readonly texts: readonly string[];
  readonly task: string;
}

export type Job =
  | { readonly kind: "figures"; readonly sources: readonly Source[] }
  | { readonly kind: "report"; readonly source: Source; readonly params: ReportParams }
  | { readonly kind: "graph"; readonly source: Source; readonly params: GraphParams }
  | { readonly kind: "curve"; readonly source: Source; readonly params: CurveParams }
  | { readonly kind: "run"; readonly source: Source; readonly params: RunParams }
  | { readonly kind: "certify"; readonly source: Source }
  | { readonly kind: "rewrites"; readonly source: Source; readonly family?: string | undefined }
  /** The only example of the source's first file. */
  | { readonly kind: "example"; readonly source: Source };

/** A shallower form as edits of the source's first file. */
export type FoundRewrite = Pick<SourceRewrite, "title" | "edits">;

/** What comes before the result: figures as they are found. */
export interface FiguresFound {
  /** Which of the job's sources. */
  readonly source: number;
  readonly figures: TaskFigures;
}

export interface JobContext {
  readonly emit: (found: FiguresFound) => void;
  /** In milliseconds; for reports of how long a run took. */
  readonly clock: () => number;
  /** Lets messages in between two tasks; true when the rest of the job is no longer wanted. */
  readonly pause: () => Promise<boolean>;
}

let last:
  | { readonly key: string; readonly compiled: Compiled; readonly example?: ExampleItem | undefined }
  | undefined;

/** Compiles the task of a job. The last one is kept, since a panel asks several things of one text. */
function open({ texts, task }: Source): NonNullable<typeof last> {
  const key = texts.join("\0");
  if (last?.key === key && last.compiled.task.name.text === task) return last;
  forgetInterned();
  const program = check("0", texts[0] ?? "", {
    resolve: (_, path) => {
      const text = texts[Number(path)];
      return text === undefined ? undefined : { path, text };
    },
  });
  const example = program.examples[0];
  const meaning = example === undefined ? undefined : program.symbolOf(example.task);
  const item =
    program.tasks.find((t) => t.name.text === task) ??
    (meaning?.kind === "task" ? meaning.declaration : undefined);
  const error = program.diagnostics.find((d) => d.severity === "error");
  if (item === undefined || error !== undefined)
    throw new Error(`the unit of ${task} does not stand alone: ${error?.message}\n${texts.join("\n---\n")}`);
  last = { key, compiled: compileTask(program, item), example };
  return last;
}

export async function perform(job: Job, context: JobContext): Promise<unknown> {
  switch (job.kind) {
    case "figures": {
      for (const [source, texts] of job.sources.entries()) {
        for (const figures of figuresOf(open(texts).compiled)) {
          context.emit({ source, figures });
          if (await context.pause()) return undefined;
        }
      }
      return undefined;
    }
    case "report":
      return report(job);
    case "graph":
      return graph(job);
    case "curve":
      return curve(job, context);
    case "run":
      return run(job, context);
    case "certify":
      return certify(job);
    case "rewrites":
      return rewritesOf(job);
    case "example":
      return example(job);
  }
}

/** A task ready to be asked about, or why it is not. */
function ready(source: Source): { readonly compiled?: Compiled; readonly problems: readonly Problem[] } {
  const { compiled } = open(source);
  const wrong = compiled.diagnostics.filter((d) => d.severity === "error");
  return wrong.length > 0 ? { problems: wrong.map(problem) } : { compiled, problems: [] };
}

const problem = ({ code, severity, message, help }: Diagnostic): Problem => ({
  code,
  severity,
  message,
  help,
});

function report({ source, params }: Extract<Job, { kind: "report" }>): ReportResult {
  const { compiled, problems } = ready(source);
  if (compiled === undefined) return { problems };
  const result = analyze(compiled, { sizes: params.sizes, limit: 5_000_000 });
  if (!result.ok) return { problems: result.diagnostics.map(problem) };
  return {
    problems: [],
    report: reportJson(result.report),
    markdown: reportMarkdown(result.report),
    sizes: result.report.sizes,
  };
}

function graph({ source, params }: Extract<Job, { kind: "graph" }>): GraphResult {
  const { compiled, problems } = ready(source);
  if (compiled === undefined) return { problems };
  const drawn = drawGraph(compiled.system, params.sizes, params.most);
  return drawn.ok ? { problems: [], ...drawn.graph } : { problems: drawn.diagnostics.map(problem) };
}

async function curve(
  { source, params }: Extract<Job, { kind: "curve" }>,
  { pause }: JobContext,
): Promise<CurveResult> {
  const { compiled, problems: broken } = ready(source);
  if (compiled === undefined) return { problems: broken, points: [] };
  const { system } = compiled;
  const points: CurveResult["points"][number][] = [];
  const problems: Problem[] = [];
  for (const value of params.values) {
    const sizes = { ...params.fixed, [params.size]: value };
    const wrong = sizeProblems(system, sizes);
    if (wrong.length > 0) {
      problems.push(...wrong.map(problem));
      continue;
    }
    const steps = unroll(system, sizes, { model: "steps", limit: 1_000_000 });
    const ops = unroll(system, sizes, { model: "ops", limit: 1_000_000 });
    if (!steps.ok || !ops.ok) {
      if (!steps.ok) problems.push(...steps.diagnostics.map(problem));
      break;
    }
    const { depth, work, width } = steps.result;
    points.push({ value, depth, work, width, opsDepth: ops.result.depth });
    if (await pause()) break;
  }
  return { problems, points };
}

async function run(
  { source, params }: Extract<Job, { kind: "run" }>,
  { clock }: JobContext,
): Promise<RunResult> {
  let sizes: Sizes = params.sizes ?? {};
  const failed = (problems: readonly Problem[]): RunResult => ({
    problems,
    outputs: [],
    sizes,
    milliseconds: 0,
  });
  const { compiled, problems: broken } = ready(source);
  if (compiled === undefined) return failed(broken);
  const { system } = compiled;
  const { keep = [], seed = 0 } = params;
  sizes = params.sizes ?? defaultSizes(system) ?? {};
  const wrong = sizeProblems(system, sizes);
  if (wrong.length > 0) return failed(wrong.map(problem));
  const inputs = new Map<string, FamilyValues>();
  const problems: Problem[] = [];
  for (const family of system.families) {
    if (family.role !== "input" && family.role !== "param") continue;
    const given = params.inputs?.[family.name];
    const random = given === undefined ? seed : randomSeed(given);
    if (random !== undefined) {
      inputs.set(family.name, randomValues(family, sizes, random));
      continue;
    }
    const bound = bindValues(family, sizes, given as Given);
    problems.push(...bound.diagnostics.map(problem));
    if (bound.values !== undefined) inputs.set(family.name, bound.values);
  }
  if (problems.length > 0) return failed(problems);
  const known = keep.filter((k) => system.families.some((f) => f.name === k));
  const start = clock();
  const { target, outputs, diagnostics } = await execute(compiled, {
    sizes,
    inputs,
    seed,
    keep: known,
    target: params.target,
  });
  const milliseconds = clock() - start;
  return {
    problems: diagnostics.map(problem),
    outputs: Object.entries(outputs).map(([name, v]) => {
      const family = system.families.find((f) => f.name === name)!;
      return { name, type: typeText(family.type), extent: v.extent, value: toNested(family, sizes, v) };
    }),
    sizes,
    target,
    milliseconds,
  };
}

function randomSeed(given: unknown): number | undefined {
  if (typeof given !== "object" || given === null || !("random" in given)) return undefined;
  return Number(given.random);
}

function certify({ source }: Extract<Job, { kind: "certify" }>): CertifyResult {
  const { compiled, problems } = ready(source);
  if (compiled === undefined) return { problems, summary: "the task has errors" };
  return { problems: [], ...certificateOf(compiled) };
}

function rewritesOf({ source, family }: Extract<Job, { kind: "rewrites" }>): readonly FoundRewrite[] {
  const { compiled } = ready(source);
  if (compiled === undefined) return [];
  return rewriteAsSource(compiled.program, compiled.task, { family }).map(({ title, edits }) => ({
    title,
    edits,
  }));
}

/** What became of an example on each back end; places are those of the unit. */
export interface ExampleOutcome {
  readonly problems: readonly Problem[];
  readonly results: readonly { readonly backend: string; readonly diagnostics: readonly Diagnostic[] }[];
}

async function example({ source }: Extract<Job, { kind: "example" }>): Promise<ExampleOutcome> {
  const { compiled, problems } = ready(source);
  const { example } = open(source);
  if (compiled === undefined || example === undefined) return { problems, results: [] };
  return { problems: [], results: await runExample(compiled.program, example, compiled) };
}
