/** `fathom compare`: two tasks side by side, and how far apart their outputs are on the same inputs. */
import {
  analyze,
  defaultSizes,
  type Figures,
  printClass,
  printFigure,
  type Sizes,
  verdictText,
} from "@fathom/compiler";
import { execute } from "@fathom/runtime";
import type { Command } from "commander";
import pc from "picocolors";
import { bindAll, Exit, exitCode, openTask, orExit, parseArguments, sizesOrExit } from "../program";
import { jsonOption, print } from "../terminal";

interface Side {
  readonly task: string;
  readonly sizes: Sizes;
  readonly figures: Figures;
  /** For all sizes, each with its standing. */
  readonly depth: string;
  readonly work: string;
  readonly class: string | undefined;
  readonly verdict: string;
}

/** How far two families of one name are apart; undefined where their shapes differ. */
interface Distance {
  readonly family: string;
  readonly values: number;
  /** How many values differ at all. */
  readonly different: number;
  readonly greatest: number;
  /** Greatest of |a − b| / max(|a|, |b|). */
  readonly relative: number;
}

function distance(family: string, a: ArrayLike<number>, b: ArrayLike<number>): Distance | undefined {
  if (a.length !== b.length) return undefined;
  let [different, greatest, relative] = [0, 0, 0];
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[k]!, b[k]!];
    if (Object.is(x, y) || x === y) continue;
    different++;
    const gap = Math.abs(x - y);
    // A NaN against a number is as far apart as can be.
    greatest = Math.max(greatest, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap);
    const scale = Math.max(Math.abs(x), Math.abs(y));
    relative = Math.max(relative, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap / scale);
  }
  return { family, values: a.length, different, greatest, relative };
}

export function compareCommand(cli: Command): void {
  cli
    .command("compare <a> <b> [arguments...]")
    .description(
      "two tasks side by side: depth, work, class, and the error between outputs on the same inputs",
    )
    .addOption(jsonOption)
    .option("--task-a <name>", "the task of the first file")
    .option("--task-b <name>", "the task of the second file")
    .option("--seed <n>", "makes up inputs that are not given, the same for both", "1")
    .action(
      async (
        a: string,
        b: string,
        words: string[],
        o: { json?: boolean; taskA?: string; taskB?: string; seed: string },
      ) => {
        const json = o.json === true;
        const seed = Number(o.seed);
        const compiled = [openTask(a, o.taskA, json), openTask(b, o.taskB, json)] as const;
        const names = compiled.map(
          ({ system }) => new Set([...system.sizes, ...system.families].map((x) => x.name)),
        );
        const stray = words.find((w) => !names.some((n) => n.has(w.split("=")[0]!)));
        if (stray !== undefined)
          throw new Exit(exitCode.usage, `neither task has a size or input for ${stray}`);
        const sides: Side[] = [];
        const outputs: Readonly<Record<string, ArrayLike<number>>>[] = [];
        for (const [k, one] of compiled.entries()) {
          const { system, program } = one;
          const args = parseArguments(
            system,
            words.filter((w) => names[k]!.has(w.split("=")[0]!)),
            undefined,
          );
          // What is not said: as the first task has it where it knows the size, else middling.
          const usual = { ...defaultSizes(system), ...(sides[0]?.sizes ?? {}), ...args.sizes };
          const sizes = Object.fromEntries(system.sizes.map((s) => [s.name, usual[s.name] ?? 0]));
          sizesOrExit(one, sizes, json);
          const result = analyze(one, { sizes });
          if (!result.ok) {
            orExit(program, result.diagnostics, json);
            return;
          }
          const { steps, judgement } = result.report;
          sides.push({
            task: system.name,
            sizes,
            figures: steps.at,
            depth: printFigure(steps.depth),
            work: printFigure(steps.work),
            class: judgement.bound === undefined ? undefined : printClass(judgement.bound.class),
            verdict: verdictText[judgement.verdict],
          });
          const { inputs, diagnostics } = bindAll(system, { ...args, sizes }, seed);
          orExit(program, diagnostics, json);
          const found = await execute(one, { sizes, inputs, seed });
          orExit(program, found.diagnostics, json);
          outputs.push(Object.fromEntries(Object.entries(found.outputs).map(([n, v]) => [n, v.data])));
        }
        const [first, second] = outputs as [(typeof outputs)[0], (typeof outputs)[0]];
        const shared = Object.keys(first).filter((n) => n in second);
        const distances = shared.map((n) => distance(n, first[n]!, second[n]!) ?? { family: n });
        if (json) {
          print(JSON.stringify({ sides, distances, seed }));
          return;
        }
        for (const s of sides) {
          const at = Object.entries(s.sizes).map(([n, v]) => `${n} = ${v}`);
          print(pc.bold(s.task) + (at.length === 0 ? "" : `  at ${at.join(", ")}`));
          print(`  depth ${s.figures.depth}   ${pc.dim(s.depth)}`);
          print(`  work  ${s.figures.work}   ${pc.dim(s.work)}`);
          print(`  class ${s.class ?? "none"}, ${s.verdict}`);
        }
        print(pc.bold(`outputs on the same inputs (seed ${seed})`));
        if (shared.length === 0) print("  no output has the same name in both");
        for (const d of distances) {
          if (!("values" in d)) print(`  ${d.family}: shapes differ`);
          else if (d.different === 0) print(`  ${d.family}: all ${d.values} values are equal`);
          else
            print(
              `  ${d.family}: ${d.different} of ${d.values} differ, by at most ${d.greatest.toPrecision(3)} (relative ${d.relative.toPrecision(3)})`,
            );
        }
      },
    );
}
