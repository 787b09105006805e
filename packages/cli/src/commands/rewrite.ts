/** `fathom rewrite`: a program with the recurrences of a task in the shallower form that a law gives. */
import { dirname, relative, resolve } from "node:path";
import {
  applyEdits,
  type Compiled,
  defaultSizes,
  holdExpects,
  printFigure,
  printSystem,
  type Rewrite,
  rewriteAsSource,
  rewrites,
  rewrittenReports,
  type System,
  saysOf,
  taskSource,
  whyNotRewritten,
  worthOf,
} from "@fathom/compiler";
import type { Command } from "commander";
import pc from "picocolors";
import { fileHost } from "../host";
import { Exit, exitCode, openTask } from "../program";
import { jsonOption, print, taskOption, writeWhole } from "../terminal";

/** Instances that are counted at most: what the head says is of all sizes. */
const COUNTED = 10_000;

export function rewriteCommand(cli: Command): void {
  cli
    .command("rewrite <file>")
    .description("the program with a task's recurrences in the shallower form that a law gives")
    .addOption(taskOption)
    .addOption(jsonOption)
    .option("--scans", "with scans only: deeper than reductions over everything, and less work")
    .option("-o, --out <file>", "where to; standard output when absent")
    .action((file: string, o: { task?: string; json?: boolean; scans?: boolean; out?: string }) => {
      const compiled = openTask(file, o.task, o.json === true);
      const { system } = compiled;
      const found = rewrites(system);
      const chosen = o.scans === true ? found[found.length - 1] : found[0];
      if (chosen === undefined) throw new Exit(exitCode.found, nothingFor(system));
      const source = sourceOf(compiled, chosen, o.out ?? "rewritten.fathom");
      if (o.out !== undefined) writeWhole(o.out, source);
      if (o.json === true) {
        const { law, exact, note, applied } = chosen;
        const equations = printSystem(chosen.system);
        print(JSON.stringify({ task: system.name, law, exact, note, applied, source, equations }));
        return;
      }
      if (o.out === undefined) {
        process.stdout.write(source);
        return;
      }
      for (const line of renderRewrite(chosen)) print(line);
      print(`\n${o.out}`);
    });
}

function nothingFor(system: System): string {
  const reasons = whyNotRewritten(system).map((r) => `\n  ${r.families.join(", ")}: ${r.why}`);
  return reasons.length === 0
    ? `${system.name} has no recurrence: nothing in it waits for an earlier step of itself`
    : `no law of the catalogue rewrites a recurrence of ${system.name}${reasons.join("")}`;
}

/** The user's file with the task rewritten; where no edit says that, the task alone with all that it uses written out. */
function sourceOf({ program, task, system }: Compiled, chosen: Rewrite, out: string): string {
  const name = (r: Pick<Rewrite, "applied">) => r.applied.map((a) => `${a.families} ${a.name}`).join();
  const edited = rewriteAsSource(program, task).find((r) => name(r) === name(chosen));
  const notes = [
    `${system.name}, rewritten by \`fathom rewrite\`.`,
    ...chosen.applied.map((a) => `${a.families.join(", ")}: ${a.name} [${a.law}]`),
    `It is ${worthOf(chosen)}.`,
  ];
  const sizes = defaultSizes(system);
  const reports = sizes === undefined ? [] : rewrittenReports(system, sizes, { limit: COUNTED });
  const report = reports.find((r) => name(r) === name(chosen));
  if (report !== undefined)
    notes.push(`Depth in steps: ${printFigure(report.steps.depth)}; ${saysOf(report.steps)}.`);
  if (edited === undefined) return taskSource(chosen.system, notes);
  const { path } = program.fileOf(task);
  const held = holdExpects(program, path, edited.text, fileHost);
  for (const { was, now } of held.changed)
    notes.push(now === undefined ? `Left out: \`${was}\`.` : `\`${was}\` is now \`${now}\`.`);
  const moved = withImports(path, held.text, out);
  return `${notes.map((n) => `// ${n}`).join("\n")}\n\n${moved}`;
}

/** Imports beside the file, as they are found from where the text will stand. */
function withImports(path: string, text: string, out: string): string {
  const edits = [...text.matchAll(/^(import\s*\{[^}]*\}\s*from\s*")(\.[^"\n]*)"/gm)].map((m) => {
    const target = relative(dirname(resolve(out)), resolve(dirname(path), m[2]!));
    const start = m.index + m[1]!.length;
    return {
      range: { start, end: start + m[2]!.length },
      text: target.startsWith(".") ? target : `./${target}`,
    };
  });
  return applyEdits(text, edits);
}

/** One line for each recurrence that was rewritten, and one for what the result is worth. */
function renderRewrite(r: Pick<Rewrite, "applied" | "exact">): string[] {
  return [
    ...r.applied.map((a) => `${pc.bold(a.families.join(", "))}: ${a.name} ${pc.dim(`[${a.law}]`)}`),
    (r.exact ? pc.green : pc.yellow)(worthOf(r)),
  ];
}
