/** From a checked task to equations that passed every check for all sizes. */
import type { CheckedProgram, Diagnostic, TaskItem } from "@fathom/lang";
import { lower } from "../equations/lower/lower";
import type { Read, System } from "../equations/system";
import { type Schedule, schedule } from "../schedule/schedule";
import { checkCycles, checkReads, checkWhere } from "./checks";
import { checkIndexFaults } from "./index-faults";

/** A task that passed every check for all sizes, ready to be analysed or run. */
export interface Compiled {
  readonly program: CheckedProgram;
  readonly task: TaskItem;
  readonly system: System;
  readonly schedule: Schedule;
  /** Static reads that are checked when it runs. */
  readonly unproved: ReadonlySet<Read>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Lowers a task and runs the checks for all sizes. The program must be free of errors. */
export function compileTask(program: CheckedProgram, task: TaskItem): Compiled {
  const system = lower(program, task);
  const where = checkWhere(system);
  const plan = schedule(system, new Set());
  const faults = where.length > 0 ? [] : checkIndexFaults(system);
  const early = where.length + faults.length > 0;
  const reads = early ? { diagnostics: [], unproved: new Set<Read>() } : checkReads(system);
  const cycles = early || reads.diagnostics.length > 0 ? [] : checkCycles(system, plan);
  return {
    program,
    task,
    system,
    schedule: plan,
    unproved: reads.unproved,
    diagnostics: [...where, ...faults, ...reads.diagnostics, ...cycles],
  };
}
