/** `fathom rewrite`: the shallower equations that a law gives for a task. */
import { printSystem, type Rewrite, rewrites } from "@fathom/compiler";
import type { Command } from "commander";
import pc from "picocolors";
import { Exit, exitCode, openTask } from "../program";
import { jsonOption, print, taskOption, writeWhole } from "../terminal";

export function rewriteCommand(cli: Command): void {
  cli
    .command("rewrite <file>")
    .description("shallower equations for a task's recurrences, and the laws that give them")
    .addOption(taskOption)
    .addOption(jsonOption)
    .option("--scans", "with scans only: deeper than reductions over everything, and less work")
    .option("-o, --out <file>", "where to; standard output when absent")
    .action((file: string, o: { task?: string; json?: boolean; scans?: boolean; out?: string }) => {
      const { system } = openTask(file, o.task, o.json === true);
      const found = rewrites(system);
      const chosen = o.scans === true ? found[found.length - 1] : found[0];
      if (chosen === undefined)
        throw new Exit(exitCode.found, `no law of the catalogue rewrites a recurrence of ${system.name}`);
      const equations = printSystem(chosen.system);
      if (o.out !== undefined) writeWhole(o.out, `${equations}\n`);
      if (o.json === true) {
        const { law, exact, note, applied } = chosen;
        print(JSON.stringify({ task: system.name, law, exact, note, applied, equations }));
        return;
      }
      for (const line of renderRewrite(chosen)) print(line);
      print(o.out === undefined ? `\n${equations}` : `\n${o.out}`);
    });
}

const limits = {
  rounding: "equal up to rounding: sums of reals are taken in another order",
  overflow: "equal while no sum of steps leaves 32 bits",
} as const;

/** One line for each recurrence that was rewritten, and one for what the result is worth. */
export function renderRewrite(r: Pick<Rewrite, "applied" | "exact">): string[] {
  const upTo = [...new Set(r.applied.flatMap((a) => a.upTo))];
  return [
    ...r.applied.map((a) => `${pc.bold(a.families.join(", "))}: ${a.name} ${pc.dim(`[${a.law}]`)}`),
    r.exact ? pc.green("equal bit for bit") : pc.yellow(upTo.map((u) => limits[u]).join("; ")),
  ];
}
