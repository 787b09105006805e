/** `fathom build`: a self-contained module that needs no Fathom. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { emitGpu, emitJs, emitWasm, planGpu } from "@fathom/compiler";
import type { Target } from "@fathom/runtime";
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

/** The module around programs for the GPU: packed by `npm run build`. */
const player = (): string =>
  readFileSync(createRequire(import.meta.url).resolve("@fathom/runtime-gpu/player"), "utf8");

export function buildCommand(cli: Command): void {
  cli
    .command("build <file>")
    .description(
      "write a self-contained ES module and its .d.ts; for WebAssembly its .wasm, for the GPU its .wgsl",
    )
    .addOption(taskOption)
    .option("-o, --out <folder>", "where to", ".")
    .option("--checked", "with checks for overflow and division by zero")
    .addOption(
      new Option("--target <target>", "what computes: plain JavaScript, WebAssembly, or the GPU")
        .choices(["js", "wasm", "gpu"])
        .default("js"),
    )
    .action((file: string, o: { task?: string; out: string; checked?: boolean; target: Target }) => {
      const compiled = openTask(file, o.task, false);
      const { name } = compiled.system;
      const options = { checked: o.checked === true, unproved: compiled.unproved };
      const files = new Map<string, string | Uint8Array>();
      if (o.target === "wasm") {
        const { js, wasm, dts } = emitWasm(compiled.system, options);
        files.set(`${name}.js`, `${js}${besideFile(`./${name}.wasm`)}`);
        files.set(`${name}.wasm`, wasm);
        files.set(`${name}.d.ts`, dts);
      } else if (o.target === "gpu") {
        const { js, wgsl, dts, levels } = emitGpu(planGpu(compiled.system, options), player(), options);
        files.set(`${name}.js`, js);
        files.set(`${name}.wgsl`, wgsl);
        if (levels !== undefined) files.set(`${name}.levels.js`, levels);
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
