/** `fathom sort`: a suite of tasks sorted into parallel, serial and open. */
import { readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { compileTask, judgementOf, printClass, type VerdictKind } from "@fathom/compiler";
import type { Command } from "commander";
import pc from "picocolors";
import { Exit, exitCode, loadProgram, report } from "../program";
import { paintVerdict } from "../render-judgement";
import { byClass, type Group, reasonOf, type Sorted, sortChart, sortMarkdown, sortPage } from "../sort-chart";
import { jsonOption, print, writeWhole } from "../terminal";

const groupOf: Readonly<Record<VerdictKind, Group>> = {
  parallel: "parallel",
  "inherently-serial": "serial",
  "serial-as-written": "open",
  "approximately-parallel": "other",
  "exponential-size": "other",
  finite: "other",
  undecided: "open",
};
const headings: Readonly<Record<Group, string>> = {
  parallel: "parallel",
  serial: "inherently serial unless TC = P",
  open: "open: serial as written, nothing known against a parallel form",
  other: "other",
};
const groups = ["parallel", "serial", "open", "other"] as const;

/** Files as given; of a folder all programs below it. */
function programsIn(path: string): string[] {
  let folder: boolean;
  try {
    folder = statSync(path).isDirectory();
  } catch {
    throw new Exit(exitCode.usage, `${path}: no such file or folder`);
  }
  if (!folder) return [path];
  return readdirSync(path, { recursive: true })
    .map(String)
    .filter((f) => f.endsWith(".fathom"))
    .sort()
    .map((f) => join(path, f));
}

/** As seen from where the command runs, where it lies below. */
function shown(file: string): string {
  const from = relative(process.cwd(), file);
  return from.startsWith("..") ? resolve(file) : from;
}

export function sortCommand(cli: Command): void {
  cli
    .command("sort <paths...>")
    .description("sort the tasks of files and folders into parallel, serial and open, by the class derived")
    .addOption(jsonOption)
    .option("-o, --out <path>", "a chart as .svg, chart and table as .html, or the table as .md")
    .action((paths: string[], { json = false, out }: { json?: boolean; out?: string }) => {
      if (out !== undefined && !/\.(svg|html|md)$/.test(out))
        throw new Exit(exitCode.usage, `${out}: the result is written as .svg, .html or .md`);
      const rows: Sorted[] = [];
      const wrong: string[] = [];
      for (const file of paths.flatMap(programsIn)) {
        const program = loadProgram(file);
        const compiled = program.diagnostics.some((d) => d.severity === "error")
          ? []
          : program.tasks.map((t) => compileTask(program, t));
        const diagnostics = [...program.diagnostics, ...compiled.flatMap((c) => c.diagnostics)];
        if (diagnostics.some((d) => d.severity === "error")) {
          report(program, diagnostics);
          wrong.push(file);
          continue;
        }
        for (const one of compiled) {
          const judgement = judgementOf(one);
          rows.push({
            file: shown(file),
            task: one.system.name,
            group: groupOf[judgement.verdict],
            judgement,
          });
        }
      }
      rows.sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group) || byClass(a, b));
      if (out !== undefined)
        writeWhole(
          out,
          out.endsWith(".svg") ? sortChart(rows) : out.endsWith(".md") ? sortMarkdown(rows) : sortPage(rows),
        );
      if (json) print(JSON.stringify(rows));
      else {
        const several = new Set(rows.map((r) => r.file)).size > 1;
        const name = Math.max(4, ...rows.map((r) => r.task.length));
        for (const group of groups) {
          const members = rows.filter((r) => r.group === group);
          if (members.length === 0) continue;
          print(`${pc.bold(headings[group])}  ${members.length}`);
          for (const row of members) {
            const { bound, verdict } = row.judgement;
            const of = bound === undefined ? "" : printClass(bound.class);
            const about = group === "other" ? paintVerdict(verdict) : pc.dim(reasonOf(row));
            const from = several ? pc.dim(`  ${row.file}`) : "";
            print(`  ${row.task.padEnd(name)}  ${of.padEnd(9)}  ${about}${from}`.trimEnd());
          }
        }
        if (out !== undefined) print(out);
      }
      if (wrong.length > 0) throw new Exit(exitCode.found, `${wrong.length} of the files have errors`);
    });
}
