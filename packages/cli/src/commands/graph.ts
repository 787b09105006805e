import { instanceGraph, smallSizes, unroll } from "@fathom/compiler";
import { instance as graphviz } from "@viz-js/viz";
import type { Command } from "commander";
import { Exit, exitCode, openTask, orExit, parseArguments, sizesOrExit } from "../program";
import { graphDot } from "../render";
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
      const most = Number(o.most);
      // Without sizes: the largest small ones whose graph still fits.
      const candidates =
        Object.keys(given).length > 0 || system.sizes.length === 0
          ? [given]
          : smallSizes(system, 5, 150)
              .filter((s) => Object.values(s).every((v) => v >= 2))
              .reverse();
      for (const sizes of candidates) {
        sizesOrExit(compiled, sizes, false);
        const unrolled = unroll(system, sizes, {
          model: "steps",
          limit: candidates.length === 1 ? 20_000 : most,
        });
        if (!unrolled.ok) {
          if (candidates.length === 1) orExit(program, unrolled.diagnostics, false);
          continue;
        }
        if (candidates.length > 1 && unrolled.result.instances > most / 3) continue;
        const graph = instanceGraph(system, unrolled.result, most);
        const at = Object.entries(sizes)
          .map(([n, v]) => `${n} = ${v}`)
          .join(", ");
        const title = `${system.name}${at === "" ? "" : ` at ${at}`}: depth ${unrolled.result.depth} in steps${graph.truncated ? " (parts left out)" : ""}`;
        const svg = (await graphviz()).renderString(graphDot(graph, title), { format: "svg" });
        if (o.out === undefined) print(svg);
        else {
          writeWhole(o.out, svg);
          print(`${o.out}  ${title}`);
        }
        return;
      }
      throw new Exit(exitCode.usage, "no small sizes give a graph that can be drawn: name some, as in n=4");
    });
}
