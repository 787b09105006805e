/** `fathom certify` and `fathom verify`: the proof of a depth as a file, and its check by a program that shares nothing with the prover. */
import {
  type CostModel,
  formOfPieces,
  printCertificate,
  printClosedForm,
  printCondition,
  printFigure,
  proveDepth,
  sizeProblems,
  verifyCertificate,
} from "@fathom/compiler";
import { type Command, Option } from "commander";
import pc from "picocolors";
import { Exit, exitCode, openTask, readFile } from "../program";
import { jsonOption, print, taskOption, writeWhole } from "../terminal";

export function certifyCommand(cli: Command): void {
  cli
    .command("certify <file>")
    .description("the proof of a task's depth for all sizes, as a certificate (JSON)")
    .addOption(taskOption)
    .addOption(new Option("--model <model>", "the cost model").choices(["steps", "ops"]).default("steps"))
    .option("-o, --out <json>", "where to; standard output when absent")
    .action((file: string, o: { task?: string; model: CostModel; out?: string }) => {
      const { system } = openTask(file, o.task, false);
      const proof = proveDepth(system, o.model, { valid: (s) => sizeProblems(system, s).length === 0 });
      const shown = printFigure(proof.depth);
      if (proof.certificate === undefined)
        throw new Exit(
          exitCode.found,
          `no depth of ${system.name} is proved in ${o.model}: ${proof.depth.why ?? shown}`,
        );
      const text = printCertificate(proof.certificate);
      if (o.out === undefined) print(text.trimEnd());
      else {
        writeWhole(o.out, text);
        print(`${o.out}  depth of ${system.name} in ${o.model}: ${shown}`);
      }
    });
}

export function verifyCommand(cli: Command): void {
  cli
    .command("verify <certificate> [file]")
    .description("check a certificate by itself, and with a file that it is about that program")
    .addOption(taskOption)
    .addOption(jsonOption)
    .action((path: string, file: string | undefined, o: { task?: string; json?: boolean }) => {
      const text = new TextDecoder().decode(readFile(path));
      const program = file === undefined ? undefined : openTask(file, o.task, o.json === true);
      const verdict = verifyCertificate(text, program?.system);
      if (!verdict.ok) {
        if (o.json === true) print(JSON.stringify(verdict));
        throw new Exit(exitCode.found, o.json === true ? "" : `${path} proves nothing: ${verdict.why}`);
      }
      const depth = printClosedForm(formOfPieces(verdict.depth));
      const { task, model, exact } = verdict;
      const below = verdict.below === undefined ? undefined : printClosedForm(formOfPieces(verdict.below));
      if (o.json === true) {
        print(JSON.stringify({ ok: true, task, model, exact, depth, below }));
        return;
      }
      const where =
        program === undefined || printCondition(program.system.constraints) === "true"
          ? ""
          : ` with ${printCondition(program.system.constraints)}`;
      print(
        `${pc.green("✓")} depth of ${pc.bold(task)} in ${model} ${exact ? "=" : "≤"} ${pc.cyan(depth)}${below === undefined ? "" : ` and ≥ ${pc.cyan(below)}`} for all sizes${where}, every read inside its family`,
      );
      if (program === undefined)
        print(pc.dim("  of the equations in the certificate; name a file to compare them with a program"));
    });
}
