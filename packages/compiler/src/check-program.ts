import type { CheckedProgram, Diagnostic } from "@fathom/lang";
import { checkDeclarations } from "./algebra/declarations";
import { compileTask } from "./checks/compile";
import { checkExpects } from "./report/analyze";
import { checkReductions } from "./verdict/reductions";

/** Everything wrong with a program, for all sizes: its text, its declarations, its tasks and what they expect. */
export function checkProgram(program: CheckedProgram): Diagnostic[] {
  const { diagnostics } = program;
  if (diagnostics.some((d) => d.severity === "error")) return [...diagnostics];
  const tasks = program.tasks.flatMap((task) => {
    const compiled = compileTask(program, task);
    return compiled.diagnostics.length > 0 ? compiled.diagnostics : checkExpects(compiled);
  });
  return [...diagnostics, ...checkDeclarations(program), ...checkReductions(program), ...tasks];
}
