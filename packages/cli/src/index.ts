/** `fathom`: files, flags, progress and pictures around the calls of the other packages. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  analyze,
  checkExpects,
  compileTask,
  defaultSizes,
  emitJs,
  type FamilyValues,
  IndexFault,
  instanceGraph,
  planGpu,
  printSystem,
  smallSizes,
  toNested,
  unroll,
} from "@fathom/compiler";
import { catalogue, diagnostic, format } from "@fathom/lang";
import { findGpu, measureGpu, runOnGpu } from "@fathom/runtime-gpu";
import { instance as graphviz } from "@viz-js/viz";
import { Presets, SingleBar } from "cli-progress";
import { Command, CommanderError, Option } from "commander";
import { encode } from "fast-png";
import pc from "picocolors";
import { analyzeCircuit, isCircuit, runCircuit } from "./circuits";
import { runExample } from "./examples";
import { errorPage } from "./host";
import { writeNpy } from "./npy";
import {
  bindAll,
  compileOrExit,
  Exit,
  exitCode,
  loadModule,
  loadProgram,
  openTask,
  orExit,
  parseArguments,
  plainInputs,
  readFile,
  report,
  sizesOrExit,
} from "./program";
import { graphDot, renderReport } from "./render";

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Writes whole or not at all: into a neighbour first, then renamed. */
function writeWhole(path: string, content: string | Uint8Array): void {
  const partial = `${path}.partial`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(partial, content);
    renameSync(partial, path);
  } catch (error) {
    throw new Exit(exitCode.usage, `${path}: ${(error as Error).message}`);
  }
}

/** A bar on a terminal, nothing elsewhere; appears only when there is something to show. */
function progress(): { update: (done: number, total: number) => void; stop: () => void } {
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

const taskOption = new Option("-t, --task <name>", "the task, where a file has several");
const jsonOption = new Option("--json", "machine-readable output");

function build(): Command {
  const cli = new Command("fathom")
    .description("A language and compiler for serial depth.")
    .version("0.1.0")
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 all is well; 1 something was found wrong (an error, a failed example or expect); 2 the command\ncould not be carried out (wrong usage, a missing file); 130 interrupted.",
    );

  cli
    .command("check <files...>")
    .description("report everything wrong with programs, for all sizes")
    .addOption(jsonOption)
    .action((files: string[], { json = false }: { json?: boolean }) => {
      let bad = false;
      for (const file of files) {
        const program = loadProgram(file);
        const diagnostics = [...program.diagnostics];
        if (!diagnostics.some((d) => d.severity === "error")) {
          for (const task of program.tasks) {
            const compiled = compileTask(program, task);
            diagnostics.push(
              ...compiled.diagnostics,
              ...(compiled.diagnostics.length > 0 ? [] : checkExpects(compiled)),
            );
          }
        }
        if (report(program, diagnostics, json)) bad = true;
        else if (!json)
          print(
            `${pc.green("✓")} ${file}: ${program.tasks.length} task${program.tasks.length === 1 ? "" : "s"}${diagnostics.length > 0 ? `, ${diagnostics.length} warnings` : ""}`,
          );
      }
      if (bad) throw new Exit(exitCode.found, "");
    });

  cli
    .command("analyze <file> [arguments...]")
    .description(
      "depth, work, width, parallelism and the critical path; of a .fathom program or a circuit file",
    )
    .addOption(taskOption)
    .addOption(jsonOption)
    .option("--inputs <json>", "sizes and inputs from a file")
    .option("--seed <n>", "for inputs that are not given, when some are", "0")
    .option(
      "--instance",
      "make random inputs and report this instance's own depth where inputs decide the wires",
    )
    .option("--equations", "print the equations the program means, and stop")
    .action(
      async (
        file: string,
        words: string[],
        o: {
          task?: string;
          json?: boolean;
          inputs?: string;
          seed: string;
          instance?: boolean;
          equations?: boolean;
        },
      ) => {
        const json = o.json === true;
        if (isCircuit(file)) {
          print(analyzeCircuit(file, json));
          return;
        }
        const compiled = openTask(file, o.task, json);
        const { program } = compiled;
        if (o.equations === true) {
          print(printSystem(compiled.system));
          return;
        }
        const args = parseArguments(compiled.system, words, o.inputs);
        const sizes =
          Object.keys(args.sizes).length > 0 || compiled.system.sizes.length === 0
            ? args.sizes
            : defaultSizes(compiled.system);
        if (sizes === undefined)
          orExit(
            program,
            [diagnostic("empty-task", { file, range: compiled.task.name.range }, { limit: 40 })],
            json,
          );
        else sizesOrExit(compiled, sizes, json);
        let values: ReadonlyMap<string, FamilyValues> | undefined;
        if (sizes !== undefined && (args.given.size > 0 || o.instance === true)) {
          const { inputs, diagnostics } = bindAll(compiled.system, { ...args, sizes }, Number(o.seed));
          orExit(program, diagnostics, json);
          const keep = compiled.system.families
            .filter((f) => f.role !== "input" && f.role !== "param")
            .map((f) => f.name);
          const module = await loadModule(compiled, { keep });
          values = new Map([
            ...inputs,
            ...Object.entries(module.run({ sizes, inputs: plainInputs(inputs), seed: Number(o.seed) })),
          ]);
        }
        const bar = progress();
        const result = analyze(compiled, { sizes, onProgress: bar.update });
        bar.stop();
        if (!result.ok) {
          orExit(program, result.diagnostics, json);
          return;
        }
        const own =
          values === undefined
            ? undefined
            : unroll(compiled.system, result.report.sizes, { model: "steps", values });
        if (own !== undefined && !own.ok) orExit(program, own.diagnostics, json);
        const instanceDepth = own?.ok === true ? own.result.depth : undefined;
        if (json)
          print(
            JSON.stringify({
              ...result.report,
              ...(instanceDepth === undefined
                ? {}
                : { instance: { depth: instanceDepth, model: "steps", standing: "exact" } }),
            }),
          );
        else {
          print(renderReport(result.report));
          if (instanceDepth !== undefined)
            print(
              `\n${pc.bold("this instance")}  depth ${instanceDepth} in steps, exact; the worst case over inputs is ${result.report.steps.at.depth}`,
            );
        }
        if (result.report.expects.some((e) => e.outcome === "failed")) throw new Exit(exitCode.found, "");
      },
    );

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
      new Option("--target <target>", "what computes: plain JavaScript, or the GPU")
        .choices(["js", "gpu"])
        .default("js"),
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
          target: "js" | "gpu";
        },
      ) => {
        const json = o.json === true;
        if (isCircuit(file)) {
          print(
            runCircuit(file, words, {
              random: o.random === undefined ? undefined : Number(o.random),
              seed: Number(o.seed),
              json,
            }),
          );
          return;
        }
        const compiled = openTask(file, o.task, json);
        const { program } = compiled;
        const { system } = compiled;
        const args = parseArguments(system, words, o.inputs);
        sizesOrExit(compiled, args.sizes, json);
        const { inputs, diagnostics } = bindAll(system, args, o.fill === true ? Number(o.seed) : undefined);
        orExit(program, diagnostics, json);
        const keep = o.keep?.split(",").map((s) => s.trim()) ?? [];
        const unknown = keep.find((k) => !system.families.some((f) => f.name === k));
        if (unknown !== undefined)
          throw new Exit(
            exitCode.usage,
            `${system.name} has no family ${unknown}; it has ${system.families.map((f) => f.name).join(", ")}`,
          );
        if (o.target === "gpu" && o.checked === true)
          throw new Exit(exitCode.usage, "--checked runs on the CPU: leave out --target gpu");
        const stop = new AbortController();
        const interrupt = () =>
          stop.abort(new Exit(exitCode.interrupted, "interrupted: nothing was written"));
        process.once("SIGINT", interrupt);
        const bar = progress();
        let outputs: Record<string, FamilyValues>;
        const shared = {
          sizes: args.sizes,
          seed: Number(o.seed),
          onProgress: bar.update,
          signal: stop.signal,
        };
        try {
          if (o.target === "gpu") {
            const gpu = findGpu();
            const plan = planGpu(system, { keep, unproved: compiled.unproved });
            const found = await runOnGpu(plan, { ...shared, gpu, inputs });
            gpu.close();
            orExit(program, found.diagnostics, json);
            outputs = Object.fromEntries(found.values);
          } else {
            const module = await loadModule(compiled, { checked: o.checked === true, keep });
            outputs = await module.runAsync({ ...shared, inputs: plainInputs(inputs) });
          }
        } catch (error) {
          const { code, message, name } = error as Error & { code?: string };
          if (name === "FathomError") throw new Exit(exitCode.found, `error[${code}] ${message}`);
          if (error instanceof RangeError)
            throw new Exit(exitCode.found, `error[too-large] ${message}: choose smaller sizes`);
          throw error;
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
              print(`${pc.bold(name)} = ${showValue(value, family(name).type.kind === "bit")}`);
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
        } else if (o.out.endsWith(".json")) writeWhole(o.out, `${JSON.stringify(nested)}\n`);
        else throw new Exit(exitCode.usage, `${o.out}: outputs are written as .json, .npy or .png`);
        if (!json) print(`${o.out}  ${o.out.endsWith(".json") ? Object.keys(nested).join(", ") : chosen[0]}`);
      },
    );

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

  cli
    .command("test <files...>")
    .description("run the examples of programs on the interpreter and on the emitted JavaScript")
    .addOption(jsonOption)
    .action(async (files: string[], { json = false }: { json?: boolean }) => {
      let [passed, failed] = [0, 0];
      for (const file of files) {
        const program = loadProgram(file);
        orExit(
          program,
          program.diagnostics.filter((d) => d.severity === "error"),
          json,
        );
        for (const example of program.examples) {
          const task = program.tasks.find((t) => t.name.text === example.task.text);
          const symbol = program.symbolOf(example.task);
          const found = task ?? (symbol?.kind === "task" ? symbol.declaration : undefined);
          if (found === undefined) continue;
          const compiled = compileOrExit(program, found, json);
          for (const r of await runExample(program, example, compiled)) {
            if (r.diagnostics.length === 0) passed++;
            else failed++;
            if (!json)
              print(
                `${r.diagnostics.length === 0 ? pc.green("✓") : pc.red("✗")} ${r.title} ${pc.dim(`(${r.backend})`)}`,
              );
            report(program, r.diagnostics, json);
          }
        }
      }
      print(json ? JSON.stringify({ passed, failed }) : `${passed} passed, ${failed} failed`);
      if (failed > 0) throw new Exit(exitCode.found, "");
    });

  cli
    .command("fmt <files...>")
    .description("format programs in place")
    .option("--check", "change nothing; exit 1 when a file is not formatted")
    .action((files: string[], o: { check?: boolean }) => {
      let unformatted = false;
      for (const file of files) {
        const before = new TextDecoder().decode(readFile(file));
        const { text, diagnostics } = format(before, file);
        const broken = diagnostics.some((d) => d.severity === "error");
        if (broken) {
          report(loadProgram(file), diagnostics, false);
          throw new Exit(exitCode.found, "");
        }
        if (text === before) continue;
        unformatted = true;
        if (o.check === true) print(`${file} is not formatted`);
        else {
          writeWhole(file, text);
          print(`formatted ${file}`);
        }
      }
      if (unformatted && o.check === true) throw new Exit(exitCode.found, "");
    });

  cli
    .command("build <file>")
    .description("write a self-contained ES module and its .d.ts")
    .addOption(taskOption)
    .option("-o, --out <folder>", "where to", ".")
    .option("--checked", "with checks for overflow and division by zero")
    .action((file: string, o: { task?: string; out: string; checked?: boolean }) => {
      const compiled = openTask(file, o.task, false);
      const { js, dts } = emitJs(compiled.system, {
        checked: o.checked === true,
        unproved: compiled.unproved,
      });
      const base = join(o.out, compiled.system.name);
      writeWhole(`${base}.js`, js);
      writeWhole(`${base}.d.ts`, dts);
      print(`${base}.js\n${base}.d.ts`);
    });

  cli
    .command("graph <file> [sizes...]")
    .description("draw the dependence graph of a small instance (SVG), critical path highlighted")
    .addOption(taskOption)
    .option("-o, --out <svg>", "where to; standard output when absent")
    .option("--most <n>", "at most this many instances", "200")
    .action(async (file: string, words: string[], o: { task?: string; out?: string; most: string }) => {
      const compiled = openTask(file, o.task, false);
      const { program } = compiled;
      const { system } = compiled;
      const given = parseArguments(system, words, undefined).sizes;
      const most = Number(o.most);
      // Without sizes: the largest small ones whose graph still fits.
      const candidates =
        Object.keys(given).length > 0 || system.sizes.length === 0
          ? [given]
          : smallSizes(system, 5, 150)
              .filter((s) => Object.values(s).every((v) => v >= 2))
              .reverse();
      for (const sizes of candidates) {
        sizesOrExit(compiled, sizes, false);
        const unrolled = unroll(system, sizes, {
          model: "steps",
          limit: candidates.length === 1 ? 20_000 : most,
        });
        if (!unrolled.ok) {
          if (candidates.length === 1) orExit(program, unrolled.diagnostics, false);
          continue;
        }
        if (candidates.length > 1 && unrolled.result.instances > most / 3) continue;
        const graph = instanceGraph(system, unrolled.result, most);
        const at = Object.entries(sizes)
          .map(([n, v]) => `${n} = ${v}`)
          .join(", ");
        const title = `${system.name}${at === "" ? "" : ` at ${at}`}: depth ${unrolled.result.depth} in steps${graph.truncated ? " (parts left out)" : ""}`;
        const svg = (await graphviz()).renderString(graphDot(graph, title), { format: "svg" });
        if (o.out === undefined) print(svg);
        else {
          writeWhole(o.out, svg);
          print(`${o.out}  ${title}`);
        }
        return;
      }
      throw new Exit(exitCode.usage, "no small sizes give a graph that can be drawn: name some, as in n=4");
    });

  cli
    .command("explain <code>")
    .description("what a diagnostic means, with a program that shows it")
    .action((code: string) => {
      const page = errorPage(code);
      if (page !== undefined) print(page.trimEnd());
      else if (Object.hasOwn(catalogue, code))
        print(`${code}: ${catalogue[code as keyof typeof catalogue].message}`);
      else
        throw new Exit(
          exitCode.usage,
          `there is no code ${code}; the codes are ${Object.keys(catalogue).join(", ")}`,
        );
    });

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
  return cli;
}

/** Bits as text, other values as JSON; long ones shortened. */
function showValue(value: unknown, bits: boolean): string {
  const row = (v: unknown): string =>
    bits && Array.isArray(v) && v.every((x) => x === 0 || x === 1) ? v.join("") : JSON.stringify(v);
  const text =
    Array.isArray(value) && Array.isArray(value[0])
      ? `\n${value.map((v) => `  ${row(v)}`).join("\n")}`
      : row(value);
  return text.length > 20_000
    ? `${text.slice(0, 20_000)}… (${text.length} characters: write it with --out)`
    : text;
}

/** Runs the command line; the result is the exit code. Users never see a stack trace for a mistake of theirs. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await build().parseAsync([...argv], { from: "user" });
    return exitCode.ok;
  } catch (error) {
    if (error instanceof Exit) {
      if (error.message !== "") process.stderr.write(`${pc.red(error.message)}\n`);
      return error.code;
    }
    if (error instanceof IndexFault) {
      process.stderr.write(`${pc.red(`error[too-large] ${error.message} at these sizes`)}\n`);
      return exitCode.found;
    }
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    process.stderr.write(
      `fathom met a fault of its own; please report it with the program that caused it.\n${(error as Error).stack}\n`,
    );
    return 3;
  }
}
