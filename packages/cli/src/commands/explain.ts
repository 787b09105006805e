import { catalogue } from "@fathom/lang";
import type { Command } from "commander";
import { errorPage } from "../host";
import { Exit, exitCode } from "../program";
import { print } from "../terminal";

export function explainCommand(cli: Command): void {
  cli
    .command("explain <code>")
    .description("what a diagnostic means, with a program that shows it")
    .action((code: string) => {
      const page = errorPage(code);
      if (page !== undefined) print(page.trimEnd());
      else if (Object.hasOwn(catalogue, code))
        print(`${code}: ${catalogue[code as keyof typeof catalogue].message}`);
      else
        throw new Exit(
          exitCode.usage,
          `there is no code ${code}; the codes are ${Object.keys(catalogue).join(", ")}`,
        );
    });
}
