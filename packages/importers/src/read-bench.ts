import { type Circuit, GateKind } from "./circuit";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";
import { quoted } from "./line-scanner";
import { NetlistReader } from "./netlist";

/** The gates of the format; DFF is a cut point and not in this table. */
const benchGates: Readonly<Record<string, { readonly kind: GateKind; readonly unary: boolean }>> = {
  AND: { kind: GateKind.and, unary: false },
  NAND: { kind: GateKind.nand, unary: false },
  OR: { kind: GateKind.or, unary: false },
  NOR: { kind: GateKind.nor, unary: false },
  XOR: { kind: GateKind.xor, unary: false },
  XNOR: { kind: GateKind.xnor, unary: false },
  NOT: { kind: GateKind.not, unary: true },
  INV: { kind: GateKind.not, unary: true },
  BUF: { kind: GateKind.buf, unary: true },
  BUFF: { kind: GateKind.buf, unary: true },
};

/**
 * Reads an ISCAS `.bench` file: `INPUT(a)`, `OUTPUT(b)`, `b = NAND(a, c, …)`, comments from `#`.
 *
 * Source: F. Brglez, H. Fujiwara, A Neutral Netlist of 10 Combinational Benchmark Circuits, ISCAS 1985, and the 1989
 * sequel with `DFF`. A `DFF` is cut: its output is an input of the circuit, its operand an output. XOR of more than two
 * operands is their parity and XNOR its complement. `vdd` and `gnd` are the constants. Lines may come in any order.
 */
export function readBench(
  file: string,
  bytes: Uint8Array,
  report: CircuitReport,
  limits: CircuitLimits,
): Circuit | undefined {
  const syntax = { scanner: { comment: "#", punctuation: "(),=" }, memories: "flip-flops" };
  return new BenchReader("bench", file, bytes, report, limits, syntax).read(
    "`INPUT(…)`, `OUTPUT(…)` and gates",
  );
}

class BenchReader extends NetlistReader {
  /** Positions of the words between the last parentheses. */
  private readonly operands: number[] = [];

  protected statement(): boolean {
    const { scanner } = this;
    const second = scanner.word(1);
    const suggestion = "a line is `INPUT(a)`, `OUTPUT(a)` or `a = NAND(b, c)`";
    if (second === "(") this.declaration(scanner.word(0).toUpperCase());
    else if (isPunctuation(scanner.word(0))) this.syntax("a wire's name", 0, suggestion);
    else if (second !== "=") this.syntax("`=` or `(`", 1, suggestion);
    else this.equation(scanner.word(2).toUpperCase());
    return true;
  }

  /** `INPUT(a)` or `OUTPUT(a)`. */
  private declaration(keyword: string): void {
    const { builder, scanner, operands } = this;
    if (keyword !== "INPUT" && keyword !== "OUTPUT") {
      this.syntax("`INPUT(…)` or `OUTPUT(…)`", 0, "a gate is written `name = NAND(a, b)`");
      return;
    }
    if (!this.parenthesised(1)) return;
    if (operands.length !== 1) {
      this.report.add("circuit-fan-in", scanner.line, {
        gate: keyword,
        expected: "1 wire",
        found: operands.length,
      });
      return;
    }
    const wire = this.wire(operands[0]!);
    if (keyword === "INPUT") builder.addInput(this.inputs, wire, scanner.line);
    else builder.addOutput(this.outputs, 2 * wire, scanner.line);
  }

  /** `a = NAND(b, c)`, `a = DFF(b)` or a constant. */
  private equation(kind: string): void {
    const { builder, scanner, operands } = this;
    const { line } = scanner;
    if (scanner.count === 3 && (kind === "VDD" || kind === "GND")) {
      builder.addConstant(this.wire(0), kind === "VDD" ? 1 : 0, line);
      return;
    }
    const gate = Object.hasOwn(benchGates, kind) ? benchGates[kind] : undefined;
    if (gate === undefined && kind !== "DFF") {
      this.unknownGate(kind);
      return;
    }
    if (!this.parenthesised(3)) return;
    const unary = gate === undefined || gate.unary;
    if (operands.length === 0 || (unary && operands.length > 1)) {
      const expected = unary ? "1 operand" : "at least 1 operand";
      this.report.add("circuit-fan-in", line, { gate: kind, expected, found: operands.length });
      return;
    }
    if (gate === undefined) {
      this.addMemory(0, operands[0]!);
      return;
    }
    const wire = this.wire(0);
    for (const at of operands) builder.addOperand(2 * this.wire(at));
    builder.addGate(gate.kind, wire, line);
  }

  private unknownGate(kind: string): void {
    const expected = [...Object.keys(benchGates), "DFF"].join(", ");
    if (kind === "" || isPunctuation(kind)) {
      this.syntax("a gate", 2, `gates are ${expected}`);
      return;
    }
    const found = quoted(this.scanner.word(2)).slice(1, -1);
    this.report.add("circuit-unknown-gate", this.scanner.line, { found, expected, suggestion: "" });
  }

  /** Reads `( name , name … )` up to the end of the line into `operands`. */
  private parenthesised(from: number): boolean {
    const { scanner, operands } = this;
    operands.length = 0;
    let at = from;
    const refuse = (expected: string, suggestion = ""): false => {
      this.syntax(expected, at, suggestion);
      return false;
    };
    if (scanner.word(at) !== "(") return refuse("`(`");
    at += 1;
    if (scanner.word(at) !== ")") {
      for (;;) {
        if (isPunctuation(scanner.word(at)) || at >= scanner.count) return refuse("a wire's name");
        operands.push(at);
        at += 1;
        if (scanner.word(at) !== ",") break;
        at += 1;
      }
    }
    if (scanner.word(at) !== ")") return refuse("`,` or `)`");
    at += 1;
    if (at === scanner.count) return true;
    return refuse("the end of the line", "each declaration and each gate stands on a line of its own");
  }
}

const isPunctuation = (word: string) => word === "(" || word === ")" || word === "," || word === "=";
