/** Runs a task: sizes and inputs are asked for, values go to the output channel, two-dimensional ones also as pictures. */
import { type RunResult, requests, type TaskInfo } from "@fathom/language-server";
import {
  commands,
  type Disposable,
  type ExtensionContext,
  type OutputChannel,
  ProgressLocation,
  ViewColumn,
  window,
} from "vscode";
import { parseArguments } from "./arguments";
import { type Picture, showPictures } from "./pictures";
import { type Server, showProblems, sizesText } from "./server";

/** Outputs longer than this are cut in the output channel. */
const LONGEST = 4_000;

export function registerRun(context: ExtensionContext, server: Server, output: OutputChannel): Disposable {
  /** What was typed last, by task: the next run begins with it. */
  const last = new Map<string, string>();
  return commands.registerCommand("fathom.run", async (uri?: string, name?: string) => {
    const task = await server.chooseTask(uri, name);
    if (task === undefined) return;
    const key = `${task.uri} ${task.task}`;
    const typed = await window.showInputBox({
      title: `Run ${task.task}`,
      prompt: prompt(task),
      value: last.get(key) ?? task.sizes.map((s) => `${s.name}=${s.kind === "const" ? 2 : 8}`).join(" "),
      validateInput: (text) => {
        const parsed = parseArguments(task, text);
        return typeof parsed === "string" ? parsed : undefined;
      },
    });
    if (typed === undefined) return;
    const parsed = parseArguments(task, typed);
    if (typeof parsed === "string") return;
    last.set(key, typed);
    const result = await window.withProgress(
      { location: ProgressLocation.Notification, title: `Running ${task.task}`, cancellable: true },
      (_, token) =>
        server.ask<RunResult>(requests.run, { uri: task.uri, task: task.task, ...parsed, seed: 0 }, token),
    );
    if (result === undefined) {
      output.appendLine(`${task.task}: cancelled`);
      output.show(true);
      return;
    }
    if (showProblems(result.problems)) return;
    output.appendLine(`${task.task}  ${sizesText(parsed.sizes)}  (${result.milliseconds.toFixed(1)} ms)`);
    for (const { name: family, value, type } of result.outputs)
      output.appendLine(`${family} = ${valueText(value, type)}`);
    output.appendLine("");
    output.show(true);
    const pictures = result.outputs.flatMap((o): Picture[] =>
      o.extent.length === 2 && o.extent.every((n) => n > 1)
        ? [{ name: o.name, rows: o.value as number[][] }]
        : [],
    );
    if (pictures.length > 0)
      showPictures(context, `${task.task}  ${sizesText(parsed.sizes)}`, pictures, ViewColumn.Beside);
  });
}

const prompt = (task: TaskInfo): string =>
  task.inputs.length === 0
    ? "Sizes, as in n=8"
    : `Sizes and inputs; inputs left out are made up: ${task.inputs.map((i) => i.declaration).join(", ")}`;

function valueText(value: unknown, type: string): string {
  const row = (v: unknown): string =>
    type === "bit" && Array.isArray(v) && v.every((x) => x === 0 || x === 1) ? v.join("") : JSON.stringify(v);
  const text =
    Array.isArray(value) && Array.isArray(value[0])
      ? `\n${value.map((v) => `  ${row(v)}`).join("\n")}`
      : row(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
}
