import { type Circuit, GateKind } from "./circuit";
import type { CircuitBuilder } from "./circuit-builder";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";
import { counted, type LineScanner, quoted } from "./line-scanner";
import { NetlistReader } from "./netlist";

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
  const syntax = { scanner: { comment: "#", continuation: "\\" }, memories: "latches" };
  return new BlifReader("blif", file, bytes, report, limits, syntax).read(
    "`.inputs`, `.outputs` and `.names`",
  );
}

class BlifReader extends NetlistReader {
  /** The `.names` whose cover is being read. */
  private open: Cover | undefined;
  private models = 0;
  private ended = false;

  protected statement(): boolean {
    const word = this.scanner.word(0);
    if (word.startsWith(".")) return this.directive(word);
    if (this.open !== undefined) readRow(this.scanner, this.report, this.open);
    else this.syntax("a directive such as `.names`", 0, "rows of a cover follow their `.names` line");
    return true;
  }

  protected override end(): void {
    if (this.open !== undefined && !this.report.failed) addCover(this.builder, this.open);
    this.open = undefined;
  }

  private directive(word: string): boolean {
    const { builder, scanner } = this;
    const { line, count } = scanner;
    this.end();
    if (this.ended && word !== ".end") {
      this.notFlat(word);
      return false;
    }
    switch (word) {
      case ".model":
        this.models += 1;
        if (this.models > 1) this.notFlat(word);
        break;
      case ".inputs":
        for (let at = 1; at < count && !builder.full; at++)
          builder.addInput(this.inputs, this.wire(at), line);
        break;
      case ".outputs":
        for (let at = 1; at < count && !builder.full; at++)
          builder.addOutput(this.outputs, 2 * this.wire(at), line);
        break;
      case ".names":
        this.beginCover();
        break;
      case ".latch":
        this.latch();
        break;
      case ".end":
        this.ended = true;
        break;
      default:
        if (!ignored.has(word)) this.notFlat(word);
    }
    return true;
  }

  private notFlat(word: string): void {
    const found = quoted(word).slice(1, -1);
    this.report.add("circuit-not-flat", this.scanner.line, { found, expected: wanted });
  }

  private beginCover(): void {
    const { line, count } = this.scanner;
    if (count < 2) {
      this.syntax("the operands and the output of `.names`", 1);
      return;
    }
    const operands: number[] = [];
    for (let at = 1; at < count - 1; at++) operands.push(this.wire(at));
    this.open = { operands, wire: this.wire(count - 1), line, rows: [], value: undefined };
  }

  /** `.latch <input> <output> [<type> <control>] [<initial value>]` */
  private latch(): void {
    const { line, count } = this.scanner;
    if (count < 3 || count > 6) {
      this.syntax(
        "`.latch input output`, perhaps with a type, a clock and an initial value",
        Math.min(count, 6),
      );
      return;
    }
    const initial = this.scanner.number(count - 1);
    if ((count === 4 || count === 6) && !(initial >= 0 && initial <= 3)) {
      const what = "the initial value of a latch (2 and 3 mean unknown)";
      this.report.add("circuit-not-boolean", line, { what, found: this.scanner.shown(count - 1) });
      return;
    }
    this.addMemory(2, 1);
  }
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
