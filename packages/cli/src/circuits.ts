/** Circuit files: `fathom analyze` and `fathom run` on netlists that nobody wrote in Fathom. */

import { bindValues, compileTask, type FamilyValues, uniform } from "@fathom/compiler";
import {
  type Circuit,
  circuitLevels,
  criticalPath,
  evaluateCircuit,
  gateKindNames,
  gateName,
  packPatterns,
  readCircuit,
  unpackPatterns,
} from "@fathom/importers";
import { check } from "@fathom/lang";
import { execute, type Target } from "@fathom/runtime";
import pc from "picocolors";
import { circuitInputs } from "./circuit-program";
import { fileHost } from "./host";
import { Exit, exitCode, readFile } from "./program";

export const isCircuit = (path: string): boolean => /\.(aag|aig|bench|txt|blif|bristol)$/i.test(path);

function loadCircuit(path: string, json: boolean): Circuit {
  const { circuit, diagnostics } = readCircuit(path, readFile(path));
  if (circuit !== undefined) return circuit;
  if (json) process.stdout.write(`${JSON.stringify({ diagnostics })}\n`);
  else
    for (const d of diagnostics)
      process.stderr.write(
        `${pc.red(pc.bold(`error[${d.code}]`))} ${pc.bold(d.message)}\n  ${pc.blue("──▶")} ${d.file}:${d.line}\n${d.hint === undefined ? "" : `  ${pc.green("help:")} ${d.hint}\n`}`,
      );
  throw new Exit(exitCode.found, "");
}

/** A class speaks of families whose size grows; one circuit is an instance (H.10, H.35). */
const INSTANCE =
  "one fixed circuit is a finite table: its depth is this instance's own, classes and verdicts do not apply, and that circuit value is P-complete says nothing of it [H.10, H.35]";

export function analyzeCircuit(path: string, json: boolean): string {
  const circuit = loadCircuit(path, json);
  const every = circuitLevels(circuit, { freeInverters: false });
  const free = circuitLevels(circuit, { freeInverters: true });
  const gates = criticalPath(circuit, every.levels);
  const kinds: Record<string, number> = {};
  for (const kind of circuit.kinds) kinds[gateKindNames[kind]!] = (kinds[gateKindNames[kind]!] ?? 0) + 1;
  const chain = Array.from(gates, (g) => ({
    gate: gateName(circuit, g),
    kind: gateKindNames[circuit.kinds[g]!]!,
    line: circuit.lines[g]!,
  }));
  const figures = (l: typeof every) => ({
    depth: l.depth,
    work: l.work,
    width: l.width,
    parallelism: l.depth === 0 ? 0 : l.work / l.depth,
  });
  if (json) {
    return JSON.stringify({
      file: path,
      format: circuit.format,
      inputs: circuit.inputCount,
      outputs: circuit.outputs.length,
      gates: kinds,
      standing: "exact",
      verdict: INSTANCE,
      everyGate: figures(every),
      freeInverters: figures(free),
      criticalPath: chain,
    });
  }
  const row = (name: string, a: number, b: number) =>
    `  ${name.padEnd(12)}${a.toLocaleString("en-US").padStart(14)}${b.toLocaleString("en-US").padStart(22)}`;
  const shown = chain.length <= 14 ? chain : [...chain.slice(0, 6), undefined, ...chain.slice(-6)];
  return [
    `${pc.bold(path)}  ${circuit.format}, ${circuit.inputCount} inputs, ${circuit.outputs.length} outputs`,
    `  gates: ${
      Object.entries(kinds)
        .map(([k, n]) => `${n} ${k}`)
        .join(", ") || "none"
    }`,
    ...circuit.inputGroups
      .filter((g) => g.role === "state")
      .map((g) => `  ${g.count} latches are cut: their outputs are inputs here, their next states outputs`),
    "",
    pc.dim(`${"".padEnd(14)}every gate costs 1   inverters are free`),
    row("depth", every.depth, free.depth),
    row("work", every.work, free.work),
    row("width", every.width, free.width),
    row("parallelism", Math.round(figures(every).parallelism), Math.round(figures(free).parallelism)),
    pc.dim(
      "  standing: exact, counted on the whole circuit" +
        (circuit.format === "aiger" ? "; inverters of AIGER are marks on wires and free either way" : ""),
    ),
    "",
    `${pc.bold("class and verdict")}  finite`,
    `  ${INSTANCE}`,
    "",
    pc.bold("critical path"),
    ...shown.map((s) =>
      s === undefined
        ? pc.dim(`  … ${chain.length - 12} more …`)
        : `  ${s.kind.padEnd(5)} ${s.gate}${s.line > 0 ? pc.dim(`  line ${s.line}`) : ""}`,
    ),
  ].join("\n");
}

/** The outputs of all patterns, by the task of the standard library whose wires and gates are data. */
async function byTask(circuit: Circuit, patterns: readonly string[], target: Target): Promise<string[]> {
  const found = fileHost.resolve("", "std/hardness/circuit-patterns");
  if (found === undefined) throw new Error("the standard library has no circuit-patterns");
  const program = check(found.path, found.text, fileHost);
  const compiled = compileTask(program, program.tasks[0]!);
  const { sizes, inputs } = circuitInputs(
    circuit,
    patterns.map((p) => Uint8Array.from(p, Number)),
  );
  const bound = new Map<string, FamilyValues>();
  for (const f of compiled.system.families)
    if (f.role === "input") bound.set(f.name, bindValues(f, sizes, inputs[f.name]).values!);
  const { outputs, diagnostics } = await execute(compiled, { sizes, inputs: bound, target });
  const [wrong] = diagnostics;
  if (wrong !== undefined) throw new Exit(exitCode.found, `error[${wrong.code}] ${wrong.message}`);
  const { data } = outputs.y!;
  return patterns.map((_, p) =>
    Array.from({ length: sizes.q! }, (_, o) => data[o * patterns.length + p]).join(""),
  );
}

/** Input patterns in, output patterns out: given bit strings, or random ones. Without a target the importer evaluates. */
export async function runCircuit(
  path: string,
  patterns: readonly string[],
  options: {
    readonly random?: number | undefined;
    readonly seed: number;
    readonly json: boolean;
    readonly target?: Target | undefined;
  },
): Promise<string> {
  const circuit = loadCircuit(path, options.json);
  const all =
    options.random === undefined
      ? patterns
      : Array.from({ length: options.random }, (_, p) =>
          Array.from({ length: circuit.inputCount }, (_, i) =>
            uniform(options.seed, 0, [p, i]) < 0.5 ? "0" : "1",
          ).join(""),
        );
  if (all.length === 0)
    throw new Exit(
      exitCode.usage,
      `${path} needs ${circuit.inputCount} input bits: give a text of 0 and 1, or --random 32`,
    );
  const rows: { readonly input: string; readonly output: string }[] = [];
  for (let k = 0; k < all.length; k += 32) {
    const batch = all.slice(k, k + 32);
    const packed = packPatterns(batch, circuit.inputCount);
    if (packed.words === undefined) throw new Exit(exitCode.usage, `${path}: ${packed.problem}`);
    // Packing has checked the patterns, whoever computes.
    if (options.target !== undefined) continue;
    const outputs = unpackPatterns(evaluateCircuit(circuit, packed.words), batch.length);
    batch.forEach((input, j) => {
      rows.push({ input, output: outputs[j]! });
    });
  }
  if (options.target !== undefined) {
    const outputs = await byTask(circuit, all, options.target);
    rows.push(...all.map((input, p) => ({ input, output: outputs[p]! })));
  }
  if (options.json)
    return JSON.stringify({ file: path, inputs: circuit.inputNames, outputs: circuit.outputNames, rows });
  return rows.map((r) => `${r.input} ${pc.dim("→")} ${r.output}`).join("\n");
}
