/** The whole way in one call: text, sizes and inputs to outputs. */
import {
  bindValues,
  type Compiled,
  compileTask,
  type FamilyValues,
  type Given,
  type Sizes,
  sizeProblems,
} from "@fathom/compiler";
import { check, type Diagnostic, type Host } from "@fathom/lang";
import { type ExecuteOptions, execute, type Outcome } from "./execute";

/** Which task of which text, and where its imports are found. */
export interface CompileOptions {
  /** The task, where the text has several; the first where absent. */
  readonly task?: string;
  /** For messages, and for what imports are relative to. */
  readonly path?: string;
  /** Finds imported files. */
  readonly host?: Host;
}

/** What a program is run on, and how: see `ExecuteOptions`. */
export interface RunOptions extends Omit<ExecuteOptions, "sizes" | "inputs"> {
  readonly sizes?: Sizes;
  /** By name: nested lists, a text of bits, or a flat typed array in row-major order. */
  readonly inputs?: Readonly<Record<string, Given>>;
}

/** A task that was checked for all sizes, or what is wrong with it. */
export interface Program {
  /** Undefined where the text is wrong. */
  readonly compiled: Compiled | undefined;
  /** What is wrong with the text, for all sizes. */
  readonly diagnostics: readonly Diagnostic[];
  /** Checks sizes and inputs and computes the outputs. A program with errors gives them back and does not run. */
  run(options?: RunOptions): Promise<Outcome>;
}

/**
 * A program ready to run, on any back end.
 *
 * ```ts
 * const program = compile("task Sum(n: size) { input x[i: 0..n]: int\n output s = sum[i: 0..n] x[i] }");
 * const { outputs } = await program.run({ sizes: { n: 3 }, inputs: { x: [1, 2, 3] }, target: "wasm" });
 * outputs.s.data[0]; // 6
 * ```
 */
export function compile(source: string, options: CompileOptions = {}): Program {
  const program = check(options.path ?? "program.fathom", source, options.host);
  const task = program.tasks.find((t) => options.task === undefined || t.name.text === options.task);
  const wrong = program.diagnostics.some((d) => d.severity === "error");
  const compiled = wrong || task === undefined ? undefined : compileTask(program, task);
  if (task === undefined && !wrong)
    throw new Error(options.task === undefined ? "the text has no task" : `there is no task ${options.task}`);
  const diagnostics = [...program.diagnostics, ...(compiled?.diagnostics ?? [])];
  const errors = diagnostics.filter((d) => d.severity === "error");
  return {
    compiled,
    diagnostics,
    async run({ sizes = {}, inputs = {}, ...rest } = {}) {
      const stopped = (found: readonly Diagnostic[]): Outcome => ({
        target: rest.target === undefined || rest.target === "auto" ? "wasm" : rest.target,
        outputs: {},
        diagnostics: found,
      });
      if (compiled === undefined || errors.length > 0) return stopped(errors);
      const broken = sizeProblems(compiled.system, sizes);
      if (broken.length > 0) return stopped(broken);
      const bound = new Map<string, FamilyValues>();
      for (const family of compiled.system.families) {
        if (family.role !== "input" && family.role !== "param") continue;
        const { values, diagnostics: found } = bindValues(family, sizes, inputs[family.name]);
        if (values === undefined) return stopped(found);
        bound.set(family.name, values);
      }
      return execute(compiled, { ...rest, sizes, inputs: bound });
    },
  };
}
