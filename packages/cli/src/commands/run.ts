import {
  type Family,
  type FamilyValues,
  type Nested,
  type OwnRounding,
  type Sizes,
  type System,
  toNested,
} from "@fathom/compiler";
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
    .action((file: string, words: string[], o: RunOptions) =>
      isCircuit(file) ? runCircuitFile(file, words, o) : runTask(file, words, o),
    );
}

interface RunOptions {
  readonly task?: string;
  readonly json?: boolean;
  readonly inputs?: string;
  readonly seed: string;
  readonly fill?: boolean;
  readonly keep?: string;
  readonly out?: string;
  readonly checked?: boolean;
  readonly random?: string;
  readonly target: Target | "auto";
  readonly profile?: string;
}

type Outputs = Readonly<Record<string, FamilyValues>>;

async function runCircuitFile(file: string, words: readonly string[], o: RunOptions): Promise<void> {
  const found = await runCircuit(file, words, {
    random: o.random === undefined ? undefined : countOf("--random", o.random),
    seed: seedOf(o.seed),
    json: o.json === true,
    target: o.target === "auto" ? undefined : o.target,
  });
  print(found);
}

async function runTask(file: string, words: readonly string[], o: RunOptions): Promise<void> {
  const json = o.json === true;
  const compiled = openTask(file, o.task, json);
  const { program, system } = compiled;
  const args = parseArguments(system, words, o.inputs);
  const { sizes } = args;
  sizesOrExit(compiled, sizes, json);
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
  const found = await interruptible((run) =>
    execute(compiled, {
      ...run,
      sizes,
      inputs,
      seed: seedOf(o.seed),
      target: o.target,
      profile: o.profile === undefined ? undefined : readProfile(o.profile),
      keep,
      checked: o.checked === true,
    }),
  );
  orExit(program, found.diagnostics, json);
  if (!json && found.device !== undefined) process.stderr.write(`${pc.dim(deviceLine(found.device))}\n`);
  if (o.out === undefined) printOutputs(system, sizes, found.outputs, json);
  else writeOutputs(o.out, system, sizes, found.outputs, keep[0], json);
}

/** Something long, with its progress shown; Ctrl-C ends it. */
async function interruptible<T>(
  work: (run: { onProgress: (done: number, total: number) => void; signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Exit(exitCode.interrupted, "interrupted: nothing was written"));
  process.once("SIGINT", interrupt);
  const bar = progress();
  try {
    return await work({ onProgress: bar.update, signal: stop.signal });
  } finally {
    bar.stop();
    process.off("SIGINT", interrupt);
  }
}

const familyOf = (system: System, name: string): Family => system.families.find((f) => f.name === name)!;

const nestedOutputs = (system: System, sizes: Sizes, outputs: Outputs): Readonly<Record<string, Nested>> =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, v]) => [name, toNested(familyOf(system, name), sizes, v)]),
  );

function printOutputs(system: System, sizes: Sizes, outputs: Outputs, json: boolean): void {
  const nested = nestedOutputs(system, sizes, outputs);
  if (json) {
    print(JSON.stringify(nested));
    return;
  }
  for (const [name, value] of Object.entries(nested))
    print(renderValue(pc.bold(name), value, familyOf(system, name).type));
  if (Object.values(nested).some(isLong))
    print(pc.dim("the middle is left out: --json or --out gives all values"));
}

/** All outputs as .json; one family, `kept` or else the first, as .npy or .png. */
function writeOutputs(
  path: string,
  system: System,
  sizes: Sizes,
  outputs: Outputs,
  kept: string | undefined,
  json: boolean,
): void {
  const names = Object.keys(outputs);
  const name = kept ?? names[0];
  if (name === undefined) throw new Exit(exitCode.usage, "there is no output to write");
  const values = outputs[name]!;
  if (path.endsWith(".npy")) writeWhole(path, writeNpy({ shape: values.extent, data: values.data }));
  else if (path.endsWith(".png")) {
    if (values.extent.length !== 2)
      throw new Exit(
        exitCode.usage,
        `a picture needs two dimensions: ${name} has ${values.extent.length} (choose a family with --keep)`,
      );
    writeWhole(path, png(values));
  } else writeWhole(path, `${JSON.stringify(nestedOutputs(system, sizes, outputs))}\n`);
  if (!json) print(`${path}  ${path.endsWith(".json") ? names.join(", ") : name}`);
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
