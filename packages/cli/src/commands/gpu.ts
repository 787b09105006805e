/** `fathom gpu`: what WGSL leaves to the GPU at hand. */
import { findGpu, measureGpu } from "@fathom/runtime-gpu";
import type { Command } from "commander";
import { Exit, exitCode } from "../program";
import { jsonOption, print } from "../terminal";

export function gpuCommand(cli: Command): void {
  cli
    .command("gpu")
    .description("measure what WGSL leaves to the GPU at hand: rounding, fusing, rearranging")
    .addOption(jsonOption)
    .action(async ({ json = false }: { json?: boolean }) => {
      const gpu = findGpu();
      const rows = await measureGpu(gpu);
      gpu.close();
      if (typeof rows === "string") throw new Exit(exitCode.found, `error[gpu-missing] ${rows}`);
      if (json) print(JSON.stringify(rows));
      else
        for (const { what, tried, differ } of rows)
          print(`${what.padEnd(28)} ${differ === 0 ? "as on the CPU" : "differs"}: ${differ} of ${tried}`);
    });
}
