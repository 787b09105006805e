/** `fathom build`: a self-contained module that needs no Fathom. */
import { join } from "node:path";
import { emitJs, emitWasm } from "@fathom/compiler";
import { type Command, Option } from "commander";
import { openTask } from "../program";
import { print, taskOption, writeWhole } from "../terminal";

/** The last lines of a module that stands beside its `.wasm` file, in Node and in a page. */
const besideFile = (file: string): string =>
  [
    `const url = new URL(${JSON.stringify(file)}, import.meta.url);`,
    "const bytes =",
    '  url.protocol === "file:"',
    '    ? await (await import("node:fs/promises")).readFile(url)',
    "    : await (await fetch(url)).arrayBuffer();",
    "const program = create(await WebAssembly.compile(bytes));",
    "export const run = program.run;",
    "export const runAsync = program.runAsync;",
    "",
  ].join("\n");

export function buildCommand(cli: Command): void {
  cli
    .command("build <file>")
    .description("write a self-contained ES module and its .d.ts; for WebAssembly its .wasm too")
    .addOption(taskOption)
    .option("-o, --out <folder>", "where to", ".")
    .option("--checked", "with checks for overflow and division by zero")
    .addOption(
      new Option("--target <target>", "what computes: plain JavaScript, or WebAssembly")
        .choices(["js", "wasm"])
        .default("js"),
    )
    .action((file: string, o: { task?: string; out: string; checked?: boolean; target: "js" | "wasm" }) => {
      const compiled = openTask(file, o.task, false);
      const { name } = compiled.system;
      const options = { checked: o.checked === true, unproved: compiled.unproved };
      const files = new Map<string, string | Uint8Array>();
      if (o.target === "wasm") {
        const { js, wasm, dts } = emitWasm(compiled.system, options);
        files.set(`${name}.js`, `${js}${besideFile(`./${name}.wasm`)}`);
        files.set(`${name}.wasm`, wasm);
        files.set(`${name}.d.ts`, dts);
      } else {
        const { js, dts } = emitJs(compiled.system, options);
        files.set(`${name}.js`, js);
        files.set(`${name}.d.ts`, dts);
      }
      for (const [file, content] of files) {
        writeWhole(join(o.out, file), content);
        print(join(o.out, file));
      }
    });
}
