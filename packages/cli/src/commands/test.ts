/** `fathom test`: the examples of programs, on every back end here. */
import { checkReductions, describeReduction, reductionTest } from "@fathom/compiler";
import type { CheckedProgram, Diagnostic } from "@fathom/lang";
import { runExample } from "@fathom/runtime";
import type { Command } from "commander";
import pc from "picocolors";
import { compileOrExit, Exit, exitCode, loadProgram, orExit, report } from "../program";
import { jsonOption, print } from "../terminal";

export function testCommand(cli: Command): void {
  cli
    .command("test <files...>")
    .description("run the examples of programs on the interpreter, in emitted JavaScript and in WebAssembly")
    .addOption(jsonOption)
    .action(async (files: string[], { json = false }: { json?: boolean }) => {
      let [passed, failed] = [0, 0];
      const all: Diagnostic[] = [];
      const tell = (program: CheckedProgram, diagnostics: readonly Diagnostic[]): void => {
        all.push(...diagnostics);
        if (!json) report(program, diagnostics);
      };
      for (const file of files) {
        const program = loadProgram(file);
        orExit(
          program,
          program.diagnostics.filter((d) => d.severity === "error"),
          json,
        );
        for (const item of program.reductions) {
          const test = reductionTest(program, item);
          if (test === undefined) continue;
          const wrong = checkReductions(program, item);
          if (wrong.length === 0) passed++;
          else failed++;
          if (!json)
            print(
              wrong.length === 0
                ? `${pc.green("✓")} ${test.name}: ${describeReduction(test)}`
                : `${pc.red("✗")} ${test.name}`,
            );
          tell(program, wrong);
        }
        for (const example of program.examples) {
          const task = program.tasks.find((t) => t.name.text === example.task.text);
          const symbol = program.symbolOf(example.task);
          const found = task ?? (symbol?.kind === "task" ? symbol.declaration : undefined);
          if (found === undefined) continue;
          const compiled = compileOrExit(program, found, json);
          for (const r of await runExample(program, example, compiled)) {
            if (r.diagnostics.length === 0) passed++;
            else failed++;
            if (!json)
              print(
                `${r.diagnostics.length === 0 ? pc.green("✓") : pc.red("✗")} ${r.title} ${pc.dim(`(${r.backend})`)}`,
              );
            tell(program, r.diagnostics);
          }
        }
      }
      print(
        json ? JSON.stringify({ passed, failed, diagnostics: all }) : `${passed} passed, ${failed} failed`,
      );
      if (failed > 0) throw new Exit(exitCode.found, "");
    });
}
