/** `fathom build`: a self-contained module that needs no Fathom. */
import { join } from "node:path";
import { emitJs } from "@fathom/compiler";
import type { Command } from "commander";
import { openTask } from "../program";
import { print, taskOption, writeWhole } from "../terminal";

export function buildCommand(cli: Command): void {
  cli
    .command("build <file>")
    .description("write a self-contained ES module and its .d.ts")
    .addOption(taskOption)
    .option("-o, --out <folder>", "where to", ".")
    .option("--checked", "with checks for overflow and division by zero")
    .action((file: string, o: { task?: string; out: string; checked?: boolean }) => {
      const compiled = openTask(file, o.task, false);
      const { js, dts } = emitJs(compiled.system, {
        checked: o.checked === true,
        unproved: compiled.unproved,
      });
      const base = join(o.out, compiled.system.name);
      writeWhole(`${base}.js`, js);
      writeWhole(`${base}.d.ts`, dts);
      print(`${base}.js\n${base}.d.ts`);
    });
}
