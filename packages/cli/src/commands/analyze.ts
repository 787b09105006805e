/** `fathom analyze`: depth, work, width and the critical path. */
import {
  analyze,
  type Compiled,
  curvesOf,
  defaultSizes,
  drawGraph,
  type FamilyValues,
  printSystem,
  type Report,
  type RewrittenReport,
  reportHtml,
  reportJson,
  reportMarkdown,
  rewrittenJson,
  rewrittenReports,
  unroll,
} from "@fathom/compiler";
import { diagnostic } from "@fathom/lang";
import { loadModule } from "@fathom/runtime";
import { instance as graphviz } from "@viz-js/viz";
import type { Command } from "commander";
import pc from "picocolors";
import { drawCurves } from "../charts";
import { analyzeCircuit, isCircuit } from "../circuits";
import {
  bindAll,
  Exit,
  exitCode,
  openTask,
  orExit,
  parseArguments,
  plainInputs,
  seedOf,
  sizesOrExit,
} from "../program";
import { renderReport } from "../render";
import { renderRewritten } from "../render-rewritten";
import { jsonOption, print, progress, taskOption, writeWhole } from "../terminal";

export function analyzeCommand(cli: Command): void {
  cli
    .command("analyze <file> [arguments...]")
    .description(
      "depth, work, width, parallelism and the critical path; of a .fathom program or a circuit file",
    )
    .addOption(taskOption)
    .addOption(jsonOption)
    .option("--inputs <json>", "sizes and inputs from a file")
    .option("--seed <n>", "for inputs that are not given, when some are", "0")
    .option(
      "--instance",
      "make random inputs and report this instance's own depth where inputs decide the wires",
    )
    .option("--html <path>", "write the report as a page with curves and the graph of a small instance")
    .option("--md", "the report as Markdown, for a pull request")
    .option("--equations", "print the equations the program means, and stop")
    .action(async (file: string, words: string[], o: AnalyzeOptions) => {
      const json = o.json === true;
      if (isCircuit(file)) print(analyzeCircuit(file, json));
      else {
        const compiled = openTask(file, o.task, json);
        if (o.equations === true) print(printSystem(compiled.system));
        else await analyzeTask(compiled, file, words, o);
      }
    });
}

interface AnalyzeOptions {
  readonly task?: string;
  readonly json?: boolean;
  readonly inputs?: string;
  readonly seed: string;
  readonly instance?: boolean;
  readonly equations?: boolean;
  readonly html?: string;
  readonly md?: boolean;
}

async function analyzeTask(
  compiled: Compiled,
  file: string,
  words: readonly string[],
  o: AnalyzeOptions,
): Promise<void> {
  const json = o.json === true;
  const { system, program, task } = compiled;
  const args = parseArguments(system, words, o.inputs);
  const asked = Object.keys(args.sizes).length > 0 || system.sizes.length === 0;
  const sizes = asked ? args.sizes : defaultSizes(system);
  if (sizes === undefined) {
    orExit(program, [diagnostic("empty-task", { file, range: task.name.range }, { limit: 40 })], json);
    return;
  }
  sizesOrExit(compiled, sizes, json);
  const values =
    args.given.size > 0 || o.instance === true
      ? await instanceValues(compiled, { ...args, sizes }, seedOf(o.seed), json)
      : undefined;
  const bar = progress();
  const result = analyze(compiled, { sizes, onProgress: bar.update });
  bar.stop();
  if (!result.ok) {
    orExit(program, result.diagnostics, json);
    return;
  }
  const { report } = result;
  const rewritten = rewrittenReports(system, report.sizes);
  const own = values && unroll(system, report.sizes, { model: "steps", values });
  if (own?.ok === false) orExit(program, own.diagnostics, json);
  const instanceDepth = own?.ok === true ? own.result.depth : undefined;
  if (json)
    print(
      JSON.stringify({
        ...reportJson(report),
        rewritten: rewritten.map(rewrittenJson),
        ...(instanceDepth === undefined
          ? {}
          : { instance: { depth: instanceDepth, model: "steps", standing: "exact" } }),
      }),
    );
  else if (o.md === true) print(reportMarkdown(report, { title: true, rewritten }));
  else printReport(report, rewritten, instanceDepth);
  if (o.html !== undefined) {
    writeWhole(o.html, await page(compiled, file, report, rewritten));
    if (!json) print(`\n${o.html}  the report as a page`);
  }
  if (report.expects.some((e) => e.outcome === "refuted")) throw new Exit(exitCode.found, "");
}

function printReport(
  report: Report,
  rewritten: readonly RewrittenReport[],
  instanceDepth: number | undefined,
): void {
  print(renderReport(report));
  for (const line of renderRewritten(report, rewritten)) print(line);
  if (instanceDepth !== undefined)
    print(
      `\n${pc.bold("this instance")}  depth ${instanceDepth} in steps, exact; the worst case over inputs is ${report.steps.at.depth}`,
    );
}

/** The values of all families at the inputs given, others made up from the seed. */
async function instanceValues(
  compiled: Compiled,
  args: Parameters<typeof bindAll>[1],
  seed: number,
  json: boolean,
): Promise<ReadonlyMap<string, FamilyValues>> {
  const { system, program } = compiled;
  const { inputs, diagnostics } = bindAll(system, args, seed);
  orExit(program, diagnostics, json);
  const keep = system.families.filter((f) => f.role !== "input" && f.role !== "param").map((f) => f.name);
  const module = await loadModule(compiled, "js", { keep });
  const found = module.run({ sizes: args.sizes, inputs: plainInputs(inputs), seed });
  return new Map([...inputs, ...Object.entries(found)]);
}

/** The report as a page: curves, and the graph of an instance that is small enough to read. */
async function page(
  compiled: Compiled,
  source: string,
  report: Report,
  rewritten: readonly RewrittenReport[],
): Promise<string> {
  const { system, task } = compiled;
  const drawn = drawGraph(system, undefined, 150);
  const graph = drawn.ok ? drawn.graph : undefined;
  return reportHtml(report, {
    source,
    about: task.doc,
    rewritten,
    graph:
      graph === undefined
        ? undefined
        : { svg: (await graphviz()).renderString(graph.dot, { format: "svg" }), caption: graph.title },
    curves: await drawCurves(curvesOf(system, report.sizes, report)),
  });
}
