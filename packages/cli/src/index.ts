/** `fathom`: files, flags, progress and pictures around the calls of the other packages. One file a command. */
import { IndexFault } from "@fathom/compiler";
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { analyzeCommand } from "./commands/analyze";
import { benchCommand } from "./commands/bench";
import { buildCommand } from "./commands/build";
import { calibrateCommand } from "./commands/calibrate";
import { certifyCommand, verifyCommand } from "./commands/certify";
import { checkCommand } from "./commands/check";
import { compareCommand } from "./commands/compare";
import { explainCommand } from "./commands/explain";
import { fmtCommand } from "./commands/fmt";
import { frontierCommand } from "./commands/frontier";
import { gpuCommand } from "./commands/gpu";
import { graphCommand } from "./commands/graph";
import { lspCommand } from "./commands/lsp";
import { matchCommand } from "./commands/match";
import { newCommand } from "./commands/new";
import { rewriteCommand } from "./commands/rewrite";
import { runCommand } from "./commands/run";
import { sortCommand } from "./commands/sort";
import { testCommand } from "./commands/test";
import { Exit, exitCode } from "./program";

/** In the order of `fathom --help`. */
const commands = [
  checkCommand,
  analyzeCommand,
  sortCommand,
  matchCommand,
  compareCommand,
  frontierCommand,
  runCommand,
  gpuCommand,
  benchCommand,
  calibrateCommand,
  testCommand,
  fmtCommand,
  buildCommand,
  graphCommand,
  rewriteCommand,
  certifyCommand,
  verifyCommand,
  explainCommand,
  newCommand,
  lspCommand,
];

export function commandLine(): Command {
  const cli = new Command("fathom")
    .description("A language and compiler for serial depth.")
    .version("0.1.0")
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 all is well; 1 something was found wrong (an error, a failed example or expect); 2 the command\ncould not be carried out (wrong usage, a missing file); 3 a fault of fathom itself; 130 interrupted.",
    );
  for (const add of commands) add(cli);
  return cli;
}

/** Runs the command line; the result is the exit code. Users never see a stack trace for a mistake of theirs. */
export async function main(argv: readonly string[]): Promise<number> {
  // With --json there is one document on standard output, of a command that could not be carried out too.
  const inJson = (message: string): void => {
    if (argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
  };
  try {
    await commandLine().parseAsync([...argv], { from: "user" });
    return exitCode.ok;
  } catch (error) {
    if (error instanceof Exit) {
      if (error.message !== "") {
        process.stderr.write(`${pc.red(error.message)}\n`);
        inJson(error.message);
      }
      return error.code;
    }
    if (error instanceof IndexFault) {
      process.stderr.write(`${pc.red(`error[too-large] ${error.message} at these sizes`)}\n`);
      inJson(`${error.message} at these sizes`);
      return exitCode.found;
    }
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCode.ok;
      inJson(error.message);
      return exitCode.usage;
    }
    process.stderr.write(
      `fathom met a fault of its own; please report it with the program that caused it.\n${(error as Error).stack}\n`,
    );
    inJson((error as Error).message);
    return 3;
  }
}
