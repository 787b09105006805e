import type { Circuit } from "./circuit";
import { type CircuitDiagnostic, CircuitReport } from "./circuit-diagnostics";
import { type CircuitLimits, defaultCircuitLimits } from "./circuit-limits";
import { LineScanner } from "./line-scanner";
import { readAiger } from "./read-aiger";
import { readBench } from "./read-bench";
import { readBlif } from "./read-blif";
import { readBristol } from "./read-bristol";

type Reader = (
  file: string,
  bytes: Uint8Array,
  report: CircuitReport,
  limits: CircuitLimits,
) => Circuit | undefined;

/** Extensions that say what is inside. `.txt` says nothing: Bristol circuits have it, and so has everything else. */
const readersByExtension: Readonly<Record<string, Reader>> = {
  aag: readAiger,
  aig: readAiger,
  bench: readBench,
  blif: readBlif,
  bristol: readBristol,
};

/** What the first line of a file looks like, tried in this order. */
const readersByFirstLine: readonly { readonly looks: RegExp; readonly read: Reader }[] = [
  { looks: /^(aag|aig) +[0-9]/, read: readAiger },
  { looks: /^[0-9]+ [0-9]+$/, read: readBristol },
  { looks: /^(INPUT|OUTPUT) *\(|^[^ ]+ *= *[A-Za-z]+ *\(/i, read: readBench },
  { looks: /^\.(model|inputs|outputs|names)\b/, read: readBlif },
];

/**
 * Reads a circuit in AIGER, `.bench`, Bristol or BLIF form, chosen by the contents where they leave no doubt and by the
 * extension of `name` otherwise. Never throws on bad input: without a circuit there is at least one diagnostic, with a
 * circuit there is none.
 *
 * @param name the file, for messages and for its extension
 * @param limits bounds that replace the default ones
 */
export function readCircuit(
  name: string,
  bytes: Uint8Array,
  limits: Partial<CircuitLimits> = {},
): { readonly circuit?: Circuit; readonly diagnostics: readonly CircuitDiagnostic[] } {
  const report = new CircuitReport(name);
  const bounds: CircuitLimits = { ...defaultCircuitLimits, ...limits };
  const circuit = choose(name, bytes, report, bounds)?.(name, bytes, report, bounds);
  if (circuit === undefined || report.failed) return { diagnostics: report.list() };
  return { circuit, diagnostics: [] };
}

function choose(
  name: string,
  bytes: Uint8Array,
  report: CircuitReport,
  limits: CircuitLimits,
): Reader | undefined {
  if (bytes.length > limits.fileBytes) {
    const [found, limit] = [bytes.length, limits.fileBytes];
    report.add("circuit-too-large", 1, { what: "the bytes of the file", found, limit, option: "fileBytes" });
    return undefined;
  }
  // AIGER has no comments before its header; a `#` first line is harmless to it.
  const scanner = new LineScanner(bytes.subarray(0, 65_536), { comment: "#" });
  const words: string[] = [];
  if (scanner.next())
    for (let index = 0; index < Math.min(scanner.count, 8); index++) words.push(scanner.word(index));
  const firstLine = words.join(" ");
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  const byExtension = Object.hasOwn(readersByExtension, extension)
    ? readersByExtension[extension]
    : undefined;
  const byContents = readersByFirstLine.find(({ looks }) => looks.test(firstLine))?.read;
  const reader = byContents ?? byExtension;
  if (reader === undefined) {
    const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    report.add("circuit-unknown-format", Math.max(1, scanner.line), {
      found: zipped ? "a gzip archive" : firstLine === "" ? "an empty file" : scanner.shown(0),
      suggestion: zipped ? "; unpack it first with `gunzip`" : "",
    });
  }
  return reader;
}
