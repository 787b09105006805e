import type { Circuit } from "./circuit";
import { CircuitBuilder, type WireList } from "./circuit-builder";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";
import { counted, LineScanner } from "./line-scanner";
import { WireNames } from "./wire-names";

/** A netlist of wires with names, a statement a line: what `.bench` and BLIF have in common. */
export abstract class NetlistReader {
  protected readonly names: WireNames;
  protected readonly scanner: LineScanner;
  protected readonly builder: CircuitBuilder;
  protected readonly inputs: WireList;
  protected readonly outputs: WireList;
  private readonly state: WireList;
  private readonly next: WireList;

  constructor(
    format: "bench" | "blif",
    file: string,
    bytes: Uint8Array,
    protected readonly report: CircuitReport,
    limits: CircuitLimits,
    syntax: { scanner: ConstructorParameters<typeof LineScanner>[1]; memories: string },
  ) {
    this.names = new WireNames(limits);
    this.scanner = new LineScanner(bytes, syntax.scanner);
    this.builder = new CircuitBuilder(format, file, report, limits, this.names);
    this.inputs = this.builder.inputList("inputs", "input");
    this.state = this.builder.inputList(syntax.memories, "state");
    this.outputs = this.builder.outputList("outputs", "output");
    this.next = this.builder.outputList("next state", "next");
  }

  /** Reads the line that the scanner stands on; false ends the reading. */
  protected abstract statement(): boolean;

  /** After the last statement. */
  protected end(): void {}

  /** The circuit, or undefined with the reason in the report; `expected` is what a file must have some of. */
  read(expected: string): Circuit | undefined {
    const { builder, names, scanner, report } = this;
    while (!builder.full && !names.full && scanner.next()) if (!this.statement()) break;
    this.end();
    names.reportFull(report, scanner.line);
    if (this.inputs.length + this.outputs.length + builder.gateCount === 0 && !report.failed) {
      const found = `${counted(scanner.line, "line")} without any`;
      report.add("circuit-truncated", Math.max(1, scanner.line), { expected, found });
    }
    return builder.finish();
  }

  /** The wire that a word of the line names. */
  protected wire(at: number): number {
    return this.names.wire(this.scanner.word(at));
  }

  /** A flip-flop or latch is cut: its output is an input of the circuit, its operand an output. */
  protected addMemory(output: number, operand: number): void {
    this.next.names[this.next.length] = `next(${this.scanner.word(output)})`;
    this.builder.addInput(this.state, this.wire(output), this.scanner.line);
    this.builder.addOutput(this.next, 2 * this.wire(operand), this.scanner.line);
  }

  protected syntax(expected: string, at: number, suggestion = ""): void {
    this.report.add("circuit-syntax", this.scanner.line, {
      expected,
      found: this.scanner.shown(at),
      suggestion,
    });
  }
}
