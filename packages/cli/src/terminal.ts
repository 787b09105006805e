/** What commands share at the edge: results to standard output, files written whole, a progress bar. */
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Presets, SingleBar } from "cli-progress";
import { Option } from "commander";
import { Exit, exitCode, fileFault } from "./program";

export const taskOption = new Option("-t, --task <name>", "the task, where a file has several");
export const jsonOption = new Option("--json", "machine-readable output");

/** A line of results. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Writes whole or not at all: into a neighbour first, then renamed. A link is followed; a device or a pipe is written to as it is. */
export function writeWhole(to: string, content: string | Uint8Array): void {
  let partial: string | undefined;
  try {
    const path = existsSync(to) ? realpathSync(to) : to;
    if (existsSync(path) && !statSync(path).isFile() && !statSync(path).isDirectory()) {
      writeFileSync(path, content);
      return;
    }
    partial = `${path}.partial`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(partial, content);
    renameSync(partial, path);
  } catch (error) {
    if (partial !== undefined && existsSync(partial)) rmSync(partial);
    throw new Exit(exitCode.usage, `${to}: ${fileFault(error)}; nothing was written`);
  }
}

/** A bar on a terminal, nothing elsewhere; appears only when there is something to show. */
export function progress(): { update: (done: number, total: number) => void; stop: () => void } {
  let bar: SingleBar | undefined;
  return {
    update(done, total) {
      if (!process.stderr.isTTY) return;
      if (bar === undefined) {
        bar = new SingleBar(
          {
            clearOnComplete: true,
            hideCursor: true,
            stream: process.stderr,
            format: "{bar} {percentage}%  {value}/{total}  {eta_formatted} left",
          },
          Presets.shades_classic,
        );
        bar.start(total, done);
      }
      bar.setTotal(total);
      bar.update(done);
    },
    stop: () => bar?.stop(),
  };
}
