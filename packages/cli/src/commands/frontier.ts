/** `fathom frontier`: depth against width, by looking up k levels at once. */
import { defaultSizes, frontierOf, knownLimits, unroll } from "@fathom/compiler";
import type { Command } from "commander";
import pc from "picocolors";
import { openTask, orExit, parseArguments, sizesOrExit } from "../program";
import { jsonOption, print, taskOption } from "../terminal";

export function frontierCommand(cli: Command): void {
  cli
    .command("frontier <file> [sizes...]")
    .description("depth against width: what looking up k levels in one table costs, on the task's own graph")
    .addOption(taskOption)
    .addOption(jsonOption)
    .action((file: string, words: string[], o: { task?: string; json?: boolean }) => {
      const json = o.json === true;
      const compiled = openTask(file, o.task, json);
      const { system, program } = compiled;
      const sizes = { ...defaultSizes(system), ...parseArguments(system, words, undefined).sizes };
      sizesOrExit(compiled, sizes, json);
      const unrolled = unroll(system, sizes, { model: "steps" });
      if (!unrolled.ok) {
        orExit(program, unrolled.diagnostics, json);
        return;
      }
      const frontier = frontierOf(system, unrolled.result);
      if (json) {
        print(JSON.stringify({ task: system.name, sizes, ...frontier, limits: knownLimits }));
        return;
      }
      const at = Object.entries(sizes).map(([n, v]) => `${n} = ${v}`);
      print(`${pc.bold(system.name)}  at ${at.join(", ")}: depth ${frontier.depth} as written`);
      print(pc.dim("  levels at once   depth   rows of a table"));
      for (const p of frontier.points)
        print(
          `  ${String(p.steps).padStart(14)}   ${String(p.depth).padStart(5)}   2^${p.bits}${p.practical ? "" : pc.yellow("  out of reach")}`,
        );
      print(
        pc.dim(
          `  counted on ${frontier.cones} cones${frontier.all ? ", all there are" : ", the deepest first; larger ones may exist"}; out of reach: more rows than the square of the graph's instances`,
        ),
      );
      print(pc.bold("known limits"));
      for (const l of knownLimits) print(`  [${l.entry}] ${l.text} (${l.source})`);
    });
}
