/** `fathom calibrate`: the figures of this machine that predictions rest on. */
import { cpus } from "node:os";
import { type MachineProfile, PROFILE_SCHEMA, profileProblem, type TargetProfile } from "@fathom/compiler";
import { calibrate, type Target } from "@fathom/runtime";
import { findGpu } from "@fathom/runtime-gpu";
import type { Command } from "commander";
import pc from "picocolors";
import { Exit, exitCode, readText } from "../program";
import { jsonOption, print, writeWhole } from "../terminal";

const TARGETS: readonly Target[] = ["js", "wasm", "gpu"];

/** Back ends named in a list with commas. */
export function targetsOf(list: string): readonly Target[] {
  const names = list.split(",");
  const strange = names.find((name) => !TARGETS.some((t) => t === name));
  if (strange !== undefined) throw new Exit(exitCode.usage, `${strange}: targets are js, wasm and gpu`);
  return TARGETS.filter((t) => names.includes(t));
}

/** Measures every back end named; those that do not run here are told of. */
export async function calibrateMachine(
  targets: readonly Target[],
): Promise<{ readonly profile: MachineProfile; readonly without: ReadonlyMap<Target, string> }> {
  const measured: Partial<Record<Target, TargetProfile>> = {};
  const without = new Map<Target, string>();
  const gpu = findGpu();
  let name = cpus()[0]?.model.trim() ?? "this machine";
  try {
    for (const target of targets) {
      const found = await calibrate(target, gpu);
      if (typeof found === "string") without.set(target, found);
      else measured[target] = found;
    }
    const device = measured.gpu === undefined ? undefined : await gpu.open();
    if (device !== undefined && typeof device !== "string")
      name += ` and ${device.adapterInfo.description || device.adapterInfo.device || "a GPU"}`;
  } finally {
    gpu.close();
  }
  const profile: MachineProfile = {
    schema: PROFILE_SCHEMA,
    name,
    date: new Date().toISOString().slice(0, 10),
    standing: "measured",
    sources: [`fathom calibrate, Node ${process.version}`],
    targets: measured,
  };
  return { profile, without };
}

export function readProfile(path: string): MachineProfile {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof Exit) throw error;
    throw new Exit(exitCode.usage, `${path}: ${(error as Error).message}`);
  }
  const problem = profileProblem(value);
  if (problem !== undefined) throw new Exit(exitCode.usage, `${path} is no machine profile: ${problem}`);
  return value as MachineProfile;
}

/** Seconds with a unit that keeps three digits readable. */
function showSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return "–";
  const [factor, unit] =
    seconds >= 1 ? [1, "s"] : seconds >= 1e-3 ? [1e3, "ms"] : seconds >= 1e-6 ? [1e6, "µs"] : [1e9, "ns"];
  return `${(seconds * factor).toPrecision(3)} ${unit}`;
}

const perSecond = (rate: number | undefined): string =>
  rate === undefined ? "–" : `${(rate / 1e6).toLocaleString("en-US", { maximumSignificantDigits: 3 })} M/s`;

export function calibrateCommand(cli: Command): void {
  cli
    .command("calibrate")
    .description(
      "measure what predictions rest on: latency of a dependent step, throughput, cost of a launch",
    )
    .addOption(jsonOption)
    .option("--targets <list>", "of js, wasm, gpu", "js,wasm,gpu")
    .option("-o, --out <path>", "write the profile: .json")
    .action(async (o: { json?: boolean; out?: string; targets: string }) => {
      const targets = targetsOf(o.targets);
      if (o.out !== undefined && !o.out.endsWith(".json"))
        throw new Exit(exitCode.usage, `${o.out}: profiles are written as .json`);
      const { profile, without } = await calibrateMachine(targets);
      const text = JSON.stringify(profile, null, 2);
      if (o.out !== undefined) writeWhole(o.out, `${text}\n`);
      if (o.json === true) {
        print(text);
        return;
      }
      print(`${pc.bold(profile.name)}  ${profile.date}, measured`);
      const row = (label: string, cell: (t: TargetProfile) => string) =>
        print(
          `  ${label.padEnd(34)}${targets
            .map((t) => (profile.targets[t] === undefined ? "–" : cell(profile.targets[t])).padStart(14))
            .join("")}`,
        );
      print(pc.dim(`  ${"".padEnd(34)}${targets.map((t) => t.padStart(14)).join("")}`));
      row("start of a run", (t) => showSeconds(t.startSeconds));
      row("a step that waits for the last", (t) => showSeconds(t.latencySeconds));
      row("bit operations side by side", (t) => perSecond(t.operationsPerSecond.bit));
      row("int operations side by side", (t) => perSecond(t.operationsPerSecond.int));
      row("real operations side by side", (t) => perSecond(t.operationsPerSecond.real));
      row("values in and out, bytes", (t) => perSecond(t.bytesPerSecond));
      row("a launch that waits for the last", (t) => showSeconds(t.dispatchSeconds));
      row("lanes of a workgroup meet", (t) => showSeconds(t.meetingSeconds));
      if (profile.targets.gpu?.software === true)
        print(pc.dim("  the GPU is a software device: the processor itself"));
      for (const [target, why] of without) print(`${target} did not run: ${why}`);
      if (o.out !== undefined) print(o.out);
    });
}
