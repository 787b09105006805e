/** From files and `name=value` words to checked programs, sizes and bound inputs. */
import { readFileSync } from "node:fs";
import {
  bindValues,
  type Compiled,
  checkDeclarations,
  compileTask,
  type FamilyValues,
  type Given,
  randomValues,
  type Sizes,
  type System,
  sizeProblems,
} from "@fathom/compiler";
import { type CheckedProgram, check, type Diagnostic, isGiven, type TaskItem } from "@fathom/lang";
import { fileHost } from "./host";
import { readNpy } from "./npy";
import { renderDiagnostic } from "./render";

/** Ends a command with a message for the user and an exit code. */
export class Exit extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Exit codes, as documented in the README. */
export const exitCode = { ok: 0, found: 1, usage: 2, interrupted: 130 } as const;

const fileFaults: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  EEXIST: "a part of the path is not a folder",
  EACCES: "not allowed",
  EPERM: "not allowed",
  EROFS: "the disk can only be read",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk is full",
};

/** Why a file could not be read or written, in words. */
export function fileFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : fileFaults[code]) ?? message;
}

export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Exit(exitCode.usage, `${path}: ${fileFault(error)}`);
  }
}

/** A file of text; what is not UTF-8 (a picture, UTF-16) is no program. */
export function readText(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFile(path));
  } catch (error) {
    if (error instanceof Exit) throw error;
    throw new Exit(exitCode.usage, `${path}: it is not UTF-8 text`);
  }
}

export function loadProgram(path: string): CheckedProgram {
  return check(path, readText(path), fileHost);
}

/** Diagnostics for people, on standard error; true when one is an error. */
export function report(program: CheckedProgram | undefined, diagnostics: readonly Diagnostic[]): boolean {
  const textOf = (file: string) => program?.files.find((f) => f.path === file)?.text;
  for (const d of diagnostics) process.stderr.write(`${renderDiagnostic(d, textOf)}\n\n`);
  return diagnostics.some((d) => d.severity === "error");
}

export function orExit(
  program: CheckedProgram | undefined,
  diagnostics: readonly Diagnostic[],
  json: boolean,
): void {
  // With --json standard output is one document: the errors, or what the command gives.
  if (json && diagnostics.some((d) => d.severity === "error")) {
    process.stdout.write(`${JSON.stringify({ diagnostics })}\n`);
    throw new Exit(exitCode.found, "");
  }
  if (report(program, diagnostics)) throw new Exit(exitCode.found, "");
}

/** The task asked for, or the only one, or the first with a word about the others. */
function pickTask(program: CheckedProgram, name: string | undefined): TaskItem {
  const { tasks } = program;
  const names = tasks.map((t) => t.name.text);
  if (name !== undefined) {
    const task = tasks.find((t) => t.name.text === name);
    if (task === undefined)
      throw new Exit(exitCode.usage, `there is no task ${name}; the file has ${names.join(", ") || "none"}`);
    return task;
  }
  const first = tasks[0];
  if (first === undefined) throw new Exit(exitCode.usage, "the file has no task");
  if (tasks.length > 1)
    process.stderr.write(
      `task ${first.name.text} (the file also has ${names.slice(1).join(", ")}: choose with --task)\n`,
    );
  return first;
}

export interface Arguments {
  readonly sizes: Sizes;
  /** What was given for families, still unbound. */
  readonly given: ReadonlyMap<string, Given | { readonly random: number }>;
}

/** `n=8 start=0001 x=@x.npy y=random:7`, and the members of a JSON file. */
export function parseArguments(
  system: System,
  words: readonly string[],
  inputsFile: string | undefined,
): Arguments {
  const sizes = new Map<string, number>();
  const given = new Map<string, Given | { readonly random: number }>();
  const families = new Map(system.families.map((f) => [f.name, f]));
  const sizeNames = new Set(system.sizes.map((s) => s.name));
  const add = (name: string, value: Given | { readonly random: number }): void => {
    if (sizeNames.has(name)) {
      const n = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      if (typeof n !== "number" || Number.isNaN(n))
        throw new Exit(exitCode.usage, `the size ${name} is a whole number, found ${JSON.stringify(value)}`);
      sizes.set(name, n);
      return;
    }
    const family = families.get(name);
    if (family === undefined || (family.role !== "input" && family.role !== "param")) {
      const inputs = system.families.filter(isGiven).map((f) => f.name);
      throw new Exit(
        exitCode.usage,
        `${system.name} has no size or input called ${name}; it has ${[...sizeNames, ...inputs].join(", ") || "none"}`,
      );
    }
    given.set(name, value);
  };
  if (inputsFile !== undefined) {
    const members = parseJson(inputsFile);
    if (members === null || typeof members !== "object" || Array.isArray(members))
      throw new Exit(
        exitCode.usage,
        `${inputsFile}: expected an object with a member for each size and input`,
      );
    for (const [name, value] of Object.entries(members)) add(name, value as Given);
  }
  const said = new Set<string>();
  for (const word of words) {
    const at = word.indexOf("=");
    if (at < 1) throw new Exit(exitCode.usage, `${word}: expected name=value, as in n=8 or start=0001`);
    const [name, text] = [word.slice(0, at), word.slice(at + 1)];
    if (said.has(name)) throw new Exit(exitCode.usage, `${name} is given twice`);
    said.add(name);
    add(name, sizeNames.has(name) ? text : parseValue(text));
  }
  return { sizes: Object.fromEntries(sizes), given };
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof Exit) throw error;
    throw new Exit(exitCode.usage, `${path}: ${(error as Error).message}`);
  }
}

/** A seed: a whole number. */
export function seedOf(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffff_ffff)
    throw new Exit(
      exitCode.usage,
      `a seed is a whole number from 0 to 4294967295, found ${JSON.stringify(text)}`,
    );
  return seed;
}

/** A number of things, at least one. */
export function countOf(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new Exit(exitCode.usage, `${option} takes a whole number from 1 on, found ${JSON.stringify(text)}`);
  return Number(text);
}

function parseValue(text: string): Given | { readonly random: number } {
  const random = /^random(?::(.*))?$/.exec(text);
  if (random !== null) return { random: seedOf(random[1] ?? "0") };
  if (text.startsWith("@")) {
    const path = text.slice(1);
    if (!path.endsWith(".npy"))
      return path.endsWith(".json") ? (parseJson(path) as Given) : readText(path).replace(/\s/g, "");
    const npy = readNpy(readFile(path));
    if ("problem" in npy) throw new Exit(exitCode.usage, `${path}: ${npy.problem}`);
    return npy.data;
  }
  if (/^[01]{2,}$/.test(text)) return text;
  try {
    return JSON.parse(text) as Given;
  } catch (error) {
    if (/^[[{"]/.test(text)) throw new Exit(exitCode.usage, `${text}: not JSON: ${(error as Error).message}`);
    return text;
  }
}

/** Every input bound; what is missing is an error unless `fill` gives a seed for all of them. */
export function bindAll(
  system: System,
  { sizes, given }: Arguments,
  fill: number | undefined,
): { inputs: Map<string, FamilyValues>; diagnostics: Diagnostic[] } {
  const inputs = new Map<string, FamilyValues>();
  const diagnostics: Diagnostic[] = [];
  for (const family of system.families) {
    if (family.role !== "input" && family.role !== "param") continue;
    const value = given.get(family.name);
    if (value === undefined && fill !== undefined) inputs.set(family.name, randomValues(family, sizes, fill));
    else if (typeof value === "object" && value !== null && "random" in value)
      inputs.set(family.name, randomValues(family, sizes, value.random));
    else {
      const bound = bindValues(family, sizes, value as Given | undefined);
      diagnostics.push(...bound.diagnostics);
      if (bound.values !== undefined) inputs.set(family.name, bound.values);
    }
  }
  return { inputs, diagnostics };
}

export const plainInputs = (inputs: ReadonlyMap<string, FamilyValues>): Record<string, ArrayLike<number>> =>
  Object.fromEntries([...inputs].map(([name, v]) => [name, v.data]));

/** Checks a task for all sizes and stops with its diagnostics. */
export function compileOrExit(program: CheckedProgram, task: TaskItem, json: boolean): Compiled {
  orExit(
    program,
    program.diagnostics.filter((d) => d.severity === "error"),
    json,
  );
  const compiled = compileTask(program, task);
  orExit(program, [...checkDeclarations(program), ...compiled.diagnostics], json);
  return compiled;
}

/** The task of a file, checked for all sizes; ends with what is wrong. */
export function openTask(file: string, name: string | undefined, json: boolean): Compiled {
  const program = loadProgram(file);
  if (program.tasks.length === 0) orExit(program, program.diagnostics, json);
  return compileOrExit(program, pickTask(program, name), json);
}

/** `FILE` or `FILE:TASK`. */
export function openNamed(text: string, json: boolean): Compiled {
  const at = /^(.+\.fathom):(\w+)$/.exec(text);
  return openTask(at?.[1] ?? text, at?.[2], json);
}

export function sizesOrExit(compiled: Compiled, sizes: Sizes, json: boolean): void {
  orExit(compiled.program, sizeProblems(compiled.system, sizes), json);
}
