/** `fathom check`: everything wrong with programs, for all sizes. */
import { checkProgram } from "@fathom/compiler";
import type { Diagnostic } from "@fathom/lang";
import type { Command } from "commander";
import pc from "picocolors";
import { Exit, exitCode, loadProgram, report } from "../program";
import { jsonOption, print } from "../terminal";

export function checkCommand(cli: Command): void {
  cli
    .command("check <files...>")
    .description("report everything wrong with programs, for all sizes")
    .addOption(jsonOption)
    .action((files: string[], { json = false }: { json?: boolean }) => {
      const all: Diagnostic[] = [];
      for (const file of files) {
        const program = loadProgram(file);
        const diagnostics = checkProgram(program);
        all.push(...diagnostics);
        if (!json && !report(program, diagnostics))
          print(
            `${pc.green("✓")} ${file}: ${program.tasks.length} task${program.tasks.length === 1 ? "" : "s"}${diagnostics.length > 0 ? `, ${diagnostics.length} warnings` : ""}`,
          );
      }
      if (json) print(JSON.stringify({ diagnostics: all }));
      if (all.some((d) => d.severity === "error")) throw new Exit(exitCode.found, "");
    });
}
