/** `fathom match`: what a task needs beside what a model gives. */
import { judgementOf, matchModel, printClass, printFigure, printJson, type Side } from "@fathom/compiler";
import type { Command } from "commander";
import pc from "picocolors";
import { openNamed } from "../program";
import { paintVerdict } from "../render-judgement";
import { jsonOption, print } from "../terminal";

export function matchCommand(cli: Command): void {
  cli
    .command("match <task> <model>")
    .description(
      "what a task needs, what a model gives, what is missing and under which assumption; `FILE` or `FILE:TASK`",
    )
    .addOption(jsonOption)
    .action((task: string, model: string, { json = false }: { json?: boolean }) => {
      const side = (name: string) => {
        const compiled = openNamed(name, json);
        return { system: compiled.system, judgement: judgementOf(compiled) };
      };
      const match = matchModel(side(task), side(model));
      if (json) {
        print(JSON.stringify(printJson(match)));
        return;
      }
      const shown = (label: string, s: Side): string[] => [
        `${pc.bold(label)}  ${s.name}  ${paintVerdict(s.judgement.verdict)}`,
        `  depth       ${printFigure(s.depth)} steps as written${s.grows.length === 0 ? "" : `, growing with ${s.grows.join(", ")}`}`,
        `  class       ${s.judgement.bound === undefined ? "none" : `in ${printClass(s.judgement.bound.class)}, by ${s.judgement.bound.because} [${s.judgement.bound.entry}]`}`,
        `  ${s.judgement.says}`,
      ];
      const paint =
        match.outcome === "nothing against it" ? pc.green : match.outcome === "open" ? pc.yellow : pc.red;
      print(
        [
          ...shown("task ", match.task),
          `  needs       ${match.needs}`,
          "",
          ...shown("model", match.model),
          "",
          `${pc.bold("together")}  ${paint(match.outcome)}`,
          `  ${match.says}`,
          ...match.missing.map((m) => `  ${pc.bold("missing")}     ${m}`),
          ...(match.assumption === undefined ? [] : [`  ${pc.bold("assuming")}    ${match.assumption}`]),
          `  ${pc.bold("not claimed")}`,
          ...match.notClaimed.map((n) => `    ${n.text} ${pc.dim(`[${n.entry}]`)}`),
        ].join("\n"),
      );
    });
}
