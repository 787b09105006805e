/** `fathom new`: begin a program. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Command } from "commander";
import { Exit, exitCode } from "../program";
import { print, writeWhole } from "../terminal";

const STARTER = (name: string): string => `/// A running sum: as written, as deep as it is long.
task ${name}(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }
  output total = s[n-1]

  expect depth == n - 1
}

example ${name} "one to four" {
  n = 4
  x = [1, 2, 3, 4]
  total == 10
}
`;

export function newCommand(cli: Command): void {
  cli
    .command("new <name>")
    .description("begin a program: writes <name>.fathom")
    .action((name: string) => {
      const path = name.endsWith(".fathom") ? name : `${name}.fathom`;
      if (existsSync(path)) throw new Exit(exitCode.usage, `${path} exists already`);
      const words = basename(path, ".fathom")
        .split(/[^A-Za-z0-9]+/)
        .filter((w) => w !== "");
      const task = words
        .map((w) => w[0]!.toUpperCase() + w.slice(1))
        .join("")
        .replace(/^(?=\d)/, "Task");
      writeWhole(path, STARTER(task === "" ? "Task" : task));
      print(`${path}\n\nfathom analyze ${path}\nfathom run ${path} n=4 x=[1,2,3,4]`);
    });
}
