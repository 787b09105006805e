/** `fathom fmt`: format programs in place. */
import { format } from "@fathom/lang";
import type { Command } from "commander";
import { Exit, exitCode, loadProgram, readText, report } from "../program";
import { print, writeWhole } from "../terminal";

export function fmtCommand(cli: Command): void {
  cli
    .command("fmt <files...>")
    .description("format programs in place")
    .option("--check", "change nothing; exit 1 when a file is not formatted")
    .action((files: string[], o: { check?: boolean }) => {
      let unformatted = false;
      for (const file of files) {
        const before = readText(file);
        const { text, diagnostics } = format(before, file);
        const broken = diagnostics.some((d) => d.severity === "error");
        if (broken) {
          report(loadProgram(file), diagnostics);
          throw new Exit(exitCode.found, "");
        }
        if (text === before) continue;
        unformatted = true;
        if (o.check === true) print(`${file} is not formatted`);
        else {
          writeWhole(file, text);
          print(`formatted ${file}`);
        }
      }
      if (unformatted && o.check === true) throw new Exit(exitCode.found, "");
    });
}
