import { type Circuit, GateKind } from "./circuit";
import { CircuitBuilder } from "./circuit-builder";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";
import { counted, LineScanner, quoted } from "./line-scanner";
import { WireNames } from "./wire-names";

/** Directives that say something about delay, area or clocks, and nothing about the function. */
const ignored = new Set(
  (
    ".clock .area .delay .wire_load_slope .wire .input_arrival .output_required .default_input_arrival " +
    ".default_output_required .input_drive .output_load .default_input_drive .default_output_load .default_max_input_load " +
    ".max_input_load .cycle .clock_event .attr .param .cname"
  ).split(" "),
);

const wanted = ".inputs, .outputs, .names and .latch";

/**
 * Reads one flat BLIF model: `.model`, `.inputs`, `.outputs`, `.names` with its cover, `.latch`, `.end`.
 *
 * Source: Berkeley Logic Interchange Format (BLIF), University of California, Berkeley, 1992. A `.names` is one gate
 * whatever its cover says (a constant cover is a constant, no gate). A cover of one cube that reads every operand becomes
 * AND, NAND, OR or NOR, with negated literals as marks on its wires; the two-operand parity becomes XOR or XNOR; any
 * other stays a sum of products. Latches are cut, as in AIGER.
 */
export function readBlif(
  file: string,
  bytes: Uint8Array,
  report: CircuitReport,
  limits: CircuitLimits,
): Circuit | undefined {
  const names = new WireNames(limits);
  const scanner = new LineScanner(bytes, { comment: "#", continuation: "\\" });
  const builder = new CircuitBuilder("blif", file, report, limits, names);
  const inputs = builder.inputList("inputs", "input");
  const state = builder.inputList("latches", "state");
  const outputs = builder.outputList("outputs", "output");
  const next = builder.outputList("next state", "next");

  /** The `.names` whose cover is being read. */
  let open: Cover | undefined;
  const close = () => {
    if (open !== undefined && !report.failed) addCover(builder, open);
    open = undefined;
  };
  const syntax = (expected: string, at: number, suggestion = "") =>
    report.add("circuit-syntax", scanner.line, { expected, found: scanner.shown(at), suggestion });

  let models = 0;
  let ended = false;
  while (!builder.full && !names.full && scanner.next()) {
    const { line, count } = scanner;
    const word = scanner.word(0);
    if (!word.startsWith(".")) {
      if (open === undefined) {
        syntax("a directive such as `.names`", 0, "rows of a cover follow their `.names` line");
        continue;
      }
      readRow(scanner, report, open);
      continue;
    }
    close();
    if (ended) {
      if (word === ".end") continue;
      report.add("circuit-not-flat", line, { found: quoted(word).slice(1, -1), expected: wanted });
      break;
    }
    switch (word) {
      case ".model":
        models += 1;
        if (models > 1) report.add("circuit-not-flat", line, { found: ".model", expected: wanted });
        break;
      case ".inputs":
        for (let at = 1; at < count && !builder.full; at++)
          builder.addInput(inputs, names.wire(scanner.word(at)), line);
        break;
      case ".outputs":
        for (let at = 1; at < count && !builder.full; at++)
          builder.addOutput(outputs, 2 * names.wire(scanner.word(at)), line);
        break;
      case ".names": {
        if (count < 2) {
          syntax("the operands and the output of `.names`", 1);
          break;
        }
        const operands: number[] = [];
        for (let at = 1; at < count - 1; at++) operands.push(names.wire(scanner.word(at)));
        open = { operands, wire: names.wire(scanner.word(count - 1)), line, rows: [], value: undefined };
        break;
      }
      case ".latch": {
        // .latch <input> <output> [<type> <control>] [<initial value>]
        if (count < 3 || count > 6) {
          syntax(
            "`.latch input output`, perhaps with a type, a clock and an initial value",
            Math.min(count, 6),
          );
          break;
        }
        const initial = scanner.number(count - 1);
        if ((count === 4 || count === 6) && !(initial >= 0 && initial <= 3)) {
          const what = `the initial value of a latch (2 and 3 mean unknown)`;
          report.add("circuit-not-boolean", line, { what, found: scanner.shown(count - 1) });
          break;
        }
        next.names[next.length] = `next(${scanner.word(2)})`;
        builder.addInput(state, names.wire(scanner.word(2)), line);
        builder.addOutput(next, 2 * names.wire(scanner.word(1)), line);
        break;
      }
      case ".end":
        ended = true;
        break;
      default:
        if (ignored.has(word)) break;
        report.add("circuit-not-flat", line, { found: quoted(word).slice(1, -1), expected: wanted });
    }
  }
  close();
  names.reportFull(report, scanner.line);
  if (inputs.length + outputs.length + builder.gateCount === 0 && !report.failed) {
    const found = `${counted(scanner.line, "line")} without any`;
    report.add("circuit-truncated", Math.max(1, scanner.line), {
      expected: "`.inputs`, `.outputs` and `.names`",
      found,
    });
  }
  return builder.finish();
}

/** A `.names` with its rows: each row one character an operand, `0`, `1` or `-`. */
interface Cover {
  readonly operands: readonly number[];
  readonly wire: number;
  readonly line: number;
  readonly rows: string[];
  /** The output column, the same in all rows. */
  value: "0" | "1" | undefined;
}

function readRow(scanner: LineScanner, report: CircuitReport, cover: Cover): void {
  const { line } = scanner;
  const arity = cover.operands.length;
  const words = arity === 0 ? 1 : 2;
  if (scanner.count !== words) {
    const expected =
      arity === 0 ? "one value, 0 or 1" : `${counted(arity, "operand value")}, then the output`;
    report.add("circuit-syntax", line, { expected, found: counted(scanner.count, "word"), suggestion: "" });
    return;
  }
  const row = arity === 0 ? "" : scanner.word(0);
  if (row.length !== arity) {
    const expected = `a row of ${counted(arity, "operand value")}`;
    report.add("circuit-syntax", line, { expected, found: counted(row.length, "character"), suggestion: "" });
    return;
  }
  if (/[^01-]/.test(row)) {
    report.add("circuit-not-boolean", line, {
      what: "an operand of a row (or `-` for any)",
      found: quoted(row),
    });
    return;
  }
  const value = scanner.word(words - 1);
  if (value !== "0" && value !== "1") {
    report.add("circuit-not-boolean", line, { what: "the output of a row", found: scanner.shown(words - 1) });
    return;
  }
  if (cover.value !== undefined && cover.value !== value) {
    const suggestion = "the rows of one `.names` list either when it is 1 or when it is 0";
    report.add("circuit-syntax", line, {
      expected: `the output ${cover.value}, as in the rows above`,
      found: `\`${value}\``,
      suggestion,
    });
    return;
  }
  cover.value = value;
  cover.rows.push(row);
}

function addCover(builder: CircuitBuilder, { operands, wire, line, rows, value }: Cover): void {
  // No rows: 0. No operands: the value itself.
  if (rows.length === 0 || operands.length === 0) {
    builder.addConstant(wire, value === "1" ? 1 : 0, line);
    return;
  }
  const positive = value === "1";
  const gate = (kind: GateKind, negated?: string) => {
    operands.forEach((operand, index) => {
      builder.addOperand(2 * operand + (negated?.charAt(index) === "1" ? 1 : 0));
    });
    builder.addGate(kind, wire, line);
  };
  const [row = ""] = rows;
  if (rows.length === 1 && !row.includes("-")) {
    if (operands.length === 1) return gate((row === "1") === positive ? GateKind.buf : GateKind.not);
    if (!row.includes("1")) return gate(positive ? GateKind.nor : GateKind.or);
    const negated = row.replace(/./g, (digit) => (digit === "0" ? "1" : "0"));
    return gate(positive ? GateKind.and : GateKind.nand, negated);
  }
  if (operands.length === 2 && rows.length === 2) {
    const both = [...rows].sort().join(" ");
    if (both === "01 10") return gate(positive ? GateKind.xor : GateKind.xnor);
    if (both === "00 11") return gate(positive ? GateKind.xnor : GateKind.xor);
  }
  for (const cube of rows) {
    for (const digit of cube) builder.addCubeEntry(digit === "0" ? 0 : digit === "1" ? 1 : 2);
  }
  gate(positive ? GateKind.cover : GateKind.coverNot);
}
