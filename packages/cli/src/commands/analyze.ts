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

/** Proofs about rewritten systems end then: the report as written does not wait longer for them. */
const REWRITTEN_MS = 10_000;

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
    .action(
      async (
        file: string,
        words: string[],
        o: {
          task?: string;
          json?: boolean;
          inputs?: string;
          seed: string;
          instance?: boolean;
          equations?: boolean;
          html?: string;
          md?: boolean;
        },
      ) => {
        const json = o.json === true;
        if (isCircuit(file)) {
          print(analyzeCircuit(file, json));
          return;
        }
        const compiled = openTask(file, o.task, json);
        const { program } = compiled;
        if (o.equations === true) {
          print(printSystem(compiled.system));
          return;
        }
        const args = parseArguments(compiled.system, words, o.inputs);
        const sizes =
          Object.keys(args.sizes).length > 0 || compiled.system.sizes.length === 0
            ? args.sizes
            : defaultSizes(compiled.system);
        if (sizes === undefined)
          orExit(
            program,
            [diagnostic("empty-task", { file, range: compiled.task.name.range }, { limit: 40 })],
            json,
          );
        else sizesOrExit(compiled, sizes, json);
        let values: ReadonlyMap<string, FamilyValues> | undefined;
        if (sizes !== undefined && (args.given.size > 0 || o.instance === true)) {
          const { inputs, diagnostics } = bindAll(compiled.system, { ...args, sizes }, seedOf(o.seed));
          orExit(program, diagnostics, json);
          const keep = compiled.system.families
            .filter((f) => f.role !== "input" && f.role !== "param")
            .map((f) => f.name);
          const module = await loadModule(compiled, "js", { keep });
          values = new Map([
            ...inputs,
            ...Object.entries(module.run({ sizes, inputs: plainInputs(inputs), seed: seedOf(o.seed) })),
          ]);
        }
        const bar = progress();
        const result = analyze(compiled, { sizes, onProgress: bar.update });
        bar.stop();
        if (!result.ok) {
          orExit(program, result.diagnostics, json);
          return;
        }
        const end = Date.now() + REWRITTEN_MS;
        const rewritten = rewrittenReports(compiled.system, result.report.sizes, {
          expired: () => Date.now() > end,
        });
        const own =
          values === undefined
            ? undefined
            : unroll(compiled.system, result.report.sizes, { model: "steps", values });
        if (own !== undefined && !own.ok) orExit(program, own.diagnostics, json);
        const instanceDepth = own?.ok === true ? own.result.depth : undefined;
        if (json)
          print(
            JSON.stringify({
              ...reportJson(result.report),
              rewritten: rewritten.map(rewrittenJson),
              ...(instanceDepth === undefined
                ? {}
                : { instance: { depth: instanceDepth, model: "steps", standing: "exact" } }),
            }),
          );
        else if (o.md === true) print(reportMarkdown(result.report, { title: true, rewritten }));
        else {
          print(renderReport(result.report));
          for (const line of renderRewritten(result.report, rewritten)) print(line);
          if (instanceDepth !== undefined)
            print(
              `\n${pc.bold("this instance")}  depth ${instanceDepth} in steps, exact; the worst case over inputs is ${result.report.steps.at.depth}`,
            );
        }
        if (o.html !== undefined) {
          writeWhole(o.html, await page(compiled, file, result.report, rewritten));
          if (!json) print(`\n${o.html}  the report as a page`);
        }
        if (result.report.expects.some((e) => e.outcome === "refuted")) throw new Exit(exitCode.found, "");
      },
    );
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
