import { type FamilyValues, type OwnRounding, toNested } from "@fathom/compiler";
import { execute, type Target } from "@fathom/runtime";
import type { DeviceReport } from "@fathom/runtime-gpu";
import { type Command, Option } from "commander";
import { encode } from "fast-png";
import pc from "picocolors";
import { isCircuit, runCircuit } from "../circuits";
import { writeNpy } from "../npy";
import {
  bindAll,
  countOf,
  Exit,
  exitCode,
  openTask,
  orExit,
  parseArguments,
  seedOf,
  sizesOrExit,
} from "../program";
import { isLong, renderValue } from "../render-values";
import { jsonOption, print, progress, taskOption, writeWhole } from "../terminal";
import { readProfile } from "./calibrate";

/** A two-dimensional family as a grey picture: the least value white, the greatest black. */
function png(values: FamilyValues): Uint8Array {
  const [height, width] = values.extent as [number, number];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of values.data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const data = Uint8Array.from(values.data, (v) =>
    high === low ? 255 : 255 - Math.round((255 * (v - low)) / (high - low)),
  );
  return encode({ width, height, data, channels: 1, depth: 8 });
}

export function runCommand(cli: Command): void {
  cli
    .command("run <file> [arguments...]")
    .description(
      "compute the outputs: `n=8 start=0001 x=@x.npy y=random:7`; a circuit file takes bit strings",
    )
    .addOption(taskOption)
    .addOption(jsonOption)
    .option("--inputs <json>", "sizes and inputs from a file")
    .option("--seed <n>", "for `random` families", "0")
    .option("--fill", "make up inputs that are not given, from the seed")
    .option("--keep <families>", "deliver these families too (comma-separated)")
    .option("-o, --out <path>", "write to a .json, .npy or .png file (.npy and .png: one family)")
    .option("--checked", "stop at the first int overflow or division by zero")
    .addOption(
      new Option("--target <target>", "what computes: plain JavaScript, WebAssembly, or the GPU")
        .choices(["auto", "js", "wasm", "gpu"])
        .default("auto"),
    )
    .option(
      "--profile <path>",
      "of this machine, by `fathom calibrate`: `auto` takes what it foretells to be the fastest",
    )
    .option("--random <count>", "circuits: this many random patterns")
    .action(
      async (
        file: string,
        words: string[],
        o: {
          task?: string;
          json?: boolean;
          inputs?: string;
          seed: string;
          fill?: boolean;
          keep?: string;
          out?: string;
          checked?: boolean;
          random?: string;
          target: Target | "auto";
          profile?: string;
        },
      ) => {
        const json = o.json === true;
        if (isCircuit(file)) {
          print(
            await runCircuit(file, words, {
              random: o.random === undefined ? undefined : countOf("--random", o.random),
              seed: seedOf(o.seed),
              json,
              target: o.target === "auto" ? undefined : o.target,
            }),
          );
          return;
        }
        const compiled = openTask(file, o.task, json);
        const { program } = compiled;
        const { system } = compiled;
        const args = parseArguments(system, words, o.inputs);
        sizesOrExit(compiled, args.sizes, json);
        const { inputs, diagnostics } = bindAll(system, args, o.fill === true ? seedOf(o.seed) : undefined);
        orExit(program, diagnostics, json);
        const keep = o.keep?.split(",").map((s) => s.trim()) ?? [];
        const unknown = keep.find((k) => !system.families.some((f) => f.name === k));
        if (unknown !== undefined)
          throw new Exit(
            exitCode.usage,
            `${system.name} has no family ${unknown}; it has ${system.families.map((f) => f.name).join(", ")}`,
          );
        // Said now, not after a long run.
        if (o.out !== undefined && !/\.(json|npy|png)$/.test(o.out))
          throw new Exit(exitCode.usage, `${o.out}: outputs are written as .json, .npy or .png`);
        const stop = new AbortController();
        const interrupt = () =>
          stop.abort(new Exit(exitCode.interrupted, "interrupted: nothing was written"));
        process.once("SIGINT", interrupt);
        const bar = progress();
        let outputs: Readonly<Record<string, FamilyValues>>;
        try {
          const found = await execute(compiled, {
            sizes: args.sizes,
            inputs,
            seed: seedOf(o.seed),
            target: o.target,
            profile: o.profile === undefined ? undefined : readProfile(o.profile),
            keep,
            checked: o.checked === true,
            onProgress: bar.update,
            signal: stop.signal,
          });
          orExit(program, found.diagnostics, json);
          outputs = found.outputs;
          if (!json && found.device !== undefined)
            process.stderr.write(`${pc.dim(deviceLine(found.device))}\n`);
        } finally {
          bar.stop();
          process.off("SIGINT", interrupt);
        }
        const family = (name: string) => system.families.find((f) => f.name === name)!;
        const nested = Object.fromEntries(
          Object.entries(outputs).map(([name, v]) => [name, toNested(family(name), args.sizes, v)]),
        );
        const [first] = Object.entries(outputs);
        if (o.out === undefined) {
          if (json) print(JSON.stringify(nested));
          else
            for (const [name, value] of Object.entries(nested))
              print(renderValue(pc.bold(name), value, family(name).type));
          if (!json && Object.values(nested).some(isLong))
            print(pc.dim("the middle is left out: --json or --out gives all values"));
          return;
        }
        const chosen = keep.length > 0 ? ([keep[0]!, outputs[keep[0]!]!] as const) : first;
        if (chosen === undefined) throw new Exit(exitCode.usage, "there is no output to write");
        if (o.out.endsWith(".npy"))
          writeWhole(o.out, writeNpy({ shape: chosen[1].extent, data: chosen[1].data }));
        else if (o.out.endsWith(".png")) {
          if (chosen[1].extent.length !== 2)
            throw new Exit(
              exitCode.usage,
              `a picture needs two dimensions: ${chosen[0]} has ${chosen[1].extent.length} (choose a family with --keep)`,
            );
          writeWhole(o.out, png(chosen[1]));
        } else writeWhole(o.out, `${JSON.stringify(nested)}\n`);
        if (!json) print(`${o.out}  ${o.out.endsWith(".json") ? Object.keys(nested).join(", ") : chosen[0]}`);
      },
    );
}

/** Which GPU computed, and what it was seen to round. */
function deviceLine({ name, software, own }: DeviceReport): string {
  const rounds = (what: keyof OwnRounding) =>
    own![what]
      ? `${what} the device's own (as on the CPU in all that was tried)`
      : `${what} put right (the device rounds otherwise)`;
  const rounding = own === undefined ? "" : `; ${rounds("quotients")}, ${rounds("roots")}`;
  return `on ${name || "a GPU"}${software ? ", a software device" : ""}${rounding}`;
}
