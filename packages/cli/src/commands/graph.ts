import { drawGraph } from "@fathom/compiler";
import { instance as graphviz } from "@viz-js/viz";
import type { Command } from "commander";
import { countOf, Exit, exitCode, openTask, orExit, parseArguments, sizesOrExit } from "../program";
import { print, taskOption, writeWhole } from "../terminal";

export function graphCommand(cli: Command): void {
  cli
    .command("graph <file> [sizes...]")
    .description("draw the dependence graph of a small instance (SVG), critical path highlighted")
    .addOption(taskOption)
    .option("-o, --out <svg>", "where to; standard output when absent")
    .option("--most <n>", "at most this many instances", "200")
    .action(async (file: string, words: string[], o: { task?: string; out?: string; most: string }) => {
      const compiled = openTask(file, o.task, false);
      const { program } = compiled;
      const { system } = compiled;
      const given = parseArguments(system, words, undefined).sizes;
      const sizes = Object.keys(given).length > 0 ? given : undefined;
      if (sizes !== undefined) sizesOrExit(compiled, sizes, false);
      const drawn = drawGraph(system, sizes, countOf("--most", o.most));
      if (!drawn.ok) orExit(program, drawn.diagnostics, false);
      if (!drawn.ok || drawn.graph === undefined)
        throw new Exit(exitCode.usage, "no small sizes give a graph that can be drawn: name some, as in n=4");
      const svg = (await graphviz()).renderString(drawn.graph.dot, { format: "svg" });
      if (o.out === undefined) print(svg);
      else {
        writeWhole(o.out, svg);
        print(`${o.out}  ${drawn.graph.title}`);
      }
    });
}
