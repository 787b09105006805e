/** `fathom bench`: depth and work of a task beside the time that each back end takes and was foretold, over a range of one size. */
import {
  figuresAt,
  type MachineProfile,
  planGpu,
  randomInputs,
  type Sizes,
  sizeProblems,
} from "@fathom/compiler";
import { execute, foretell, type Target } from "@fathom/runtime";
import { findGpu } from "@fathom/runtime-gpu";
import type { Command } from "commander";
import pc from "picocolors";
import { type Measured, scalingChart } from "../bench-chart";
import { Exit, exitCode, openTask, sizesOrExit } from "../program";
import { jsonOption, print, taskOption, writeWhole } from "../terminal";
import { calibrateMachine, readProfile, targetsOf } from "./calibrate";

const TARGETS: readonly Target[] = ["js", "wasm", "gpu"];
/** Beyond so many instances depth and work come from proved forms. */
const MOST_INSTANCES = 4_000_000;
/** The first run loads and warms up; of the others the fastest counts. */
const RUNS = 4;

/** `n=64..4096` and `T=10`: the size that varies, doubled from one end to the other, and those that stay. */
function sizesOf(words: readonly string[]): { readonly swept: string; readonly all: readonly Sizes[] } {
  const fixed: Record<string, number> = {};
  let range: { name: string; from: number; to: number } | undefined;
  for (const word of words) {
    const match = /^([A-Za-z_]\w*)=(\d+)(?:\.\.(\d+))?$/.exec(word);
    if (match === null) throw new Exit(exitCode.usage, `${word}: sizes are given as n=64..4096 or T=10`);
    const [, name, from, to] = match;
    if (to === undefined) fixed[name!] = Number(from);
    else if (range !== undefined)
      throw new Exit(exitCode.usage, `${word}: only one size varies, and ${range.name} does`);
    else range = { name: name!, from: Number(from), to: Number(to) };
  }
  if (range === undefined || range.from < 1 || range.to < range.from)
    throw new Exit(exitCode.usage, "say which size varies, from 1 or more upwards: n=64..4096");
  const all: Sizes[] = [];
  for (let n = range.from; n <= range.to; n *= 2) all.push({ ...fixed, [range.name]: n });
  return { swept: range.name, all };
}

const milliseconds = (seconds: Partial<Record<Target, number>>): Partial<Record<Target, number>> =>
  Object.fromEntries(Object.entries(seconds).map(([target, s]) => [target, 1000 * s]));

export function benchCommand(cli: Command): void {
  cli
    .command("bench <file> <sizes...>")
    .description(
      "depth, work, and the time of every back end measured and foretold, over a range of one size: `n=64..4096 T=64`",
    )
    .addOption(taskOption)
    .addOption(jsonOption)
    .option("--targets <list>", "of js, wasm, gpu", "js,wasm,gpu")
    .option(
      "--profile <path>",
      "foretell for the machine of this profile, measured or cited; without, this one is measured first",
    )
    .option("-o, --out <path>", "a chart with logarithmic axes: .svg")
    .action(
      async (
        file: string,
        words: string[],
        o: { task?: string; json?: boolean; targets: string; out?: string; profile?: string },
      ) => {
        const json = o.json === true;
        const targets = targetsOf(o.targets);
        if (o.out !== undefined && !o.out.endsWith(".svg"))
          throw new Exit(exitCode.usage, `${o.out}: charts are written as .svg`);
        const { swept, all } = sizesOf(words);
        const compiled = openTask(file, o.task, json);
        const { system } = compiled;
        sizesOrExit(compiled, all[0]!, json);
        const without = new Map<Target, string>();
        const profile = o.profile === undefined ? await measured(targets, without) : readProfile(o.profile);
        const gpu = findGpu();
        const rows: Measured[] = [];
        try {
          for (const sizes of all) {
            if (sizeProblems(system, sizes).length > 0) continue;
            const planned = () => planGpu(system, { unproved: compiled.unproved, at: sizes }).program;
            const figures = figuresAt(system, sizes, MOST_INSTANCES);
            const inputs = randomInputs(system, sizes, 1);
            const ms: Partial<Record<Target, number>> = {};
            for (const target of targets) {
              if (without.has(target)) continue;
              for (let run = 0; run < RUNS; run++) {
                const started = performance.now();
                const { diagnostics } = await execute(compiled, { sizes, inputs, target, gpu });
                const took = performance.now() - started;
                const [wrong] = diagnostics;
                if (wrong !== undefined) {
                  without.set(target, `[${wrong.code}] ${wrong.message}`);
                  break;
                }
                if (run > 0) ms[target] = Math.min(ms[target] ?? Number.POSITIVE_INFINITY, took);
              }
            }
            const predicted =
              figures === undefined ? {} : milliseconds(foretell(compiled, planned, sizes, figures, profile));
            rows.push({ size: sizes[swept]!, figures, ms, predicted });
          }
        } finally {
          gpu.close();
        }
        if (o.out !== undefined) writeWhole(o.out, scalingChart(system.name, swept, targets, rows));
        if (json) {
          const { name, date, standing, sources } = profile;
          print(
            JSON.stringify({
              task: system.name,
              swept,
              rows,
              profile: { name, date, standing, sources },
              without: Object.fromEntries(without),
            }),
          );
          return;
        }
        const cell = (x: number | undefined, digits = 0) =>
          (x === undefined ? "–" : x.toFixed(digits)).padStart(11);
        const shown = TARGETS.filter((t) => targets.includes(t) || profile.targets[t] !== undefined);
        print(
          pc.bold(
            [swept, "depth", "work", ...shown.flatMap((t) => [`${t} ms`, "foretold"])]
              .map((h) => h.padStart(11))
              .join(""),
          ),
        );
        for (const { size, figures, ms, predicted } of rows)
          print(
            [
              cell(size),
              cell(figures?.depth),
              cell(figures?.work),
              ...shown.flatMap((t) => [cell(ms[t], 2), cell(predicted[t], 2)]),
            ].join(""),
          );
        print(
          pc.dim(
            `depth and work in steps, counted, or from proved forms beyond ${MOST_INSTANCES} instances (– where there are none)\n` +
              `times are the fastest of ${RUNS - 1} runs here; foretold from depth and work in ops and the figures of\n` +
              `${profile.name} (${profile.standing} ${profile.date}): (W − D) / rate + D × latency + start, copies and launches (Brent 1974)`,
          ),
        );
        if (profile.standing === "cited")
          print(
            pc.dim(
              `cited peaks leave out what no source gives: read as "not faster than"\n${profile.sources.map((s) => `  ${s}`).join("\n")}`,
            ),
          );
        for (const [target, why] of without) print(`${target} did not run: ${why}`);
        if (o.out !== undefined) print(o.out);
      },
    );
}

/** The figures of this machine; what does not run here is noted. */
async function measured(targets: readonly Target[], without: Map<Target, string>): Promise<MachineProfile> {
  const found = await calibrateMachine(targets);
  for (const [target, why] of found.without) without.set(target, why);
  return found.profile;
}
