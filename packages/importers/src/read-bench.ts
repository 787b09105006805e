import { type Circuit, GateKind } from "./circuit";
import { CircuitBuilder } from "./circuit-builder";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";
import { counted, LineScanner, quoted } from "./line-scanner";
import { WireNames } from "./wire-names";

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
  const names = new WireNames(limits);
  const scanner = new LineScanner(bytes, { comment: "#", punctuation: "(),=" });
  const builder = new CircuitBuilder("bench", file, report, limits, names);
  const inputs = builder.inputList("inputs", "input");
  const state = builder.inputList("flip-flops", "state");
  const outputs = builder.outputList("outputs", "output");
  const next = builder.outputList("next state", "next");

  const operands: number[] = [];
  /** Reads `( name , name … )` up to the end of the line into `operands`, as word positions. */
  const parenthesised = (from: number): boolean => {
    operands.length = 0;
    let at = from;
    const want = (text: string, expected: string): boolean => {
      if (scanner.length(at) === 1 && scanner.first(at) === text.charCodeAt(0)) {
        at += 1;
        return true;
      }
      report.add("circuit-syntax", scanner.line, { expected, found: scanner.shown(at), suggestion: "" });
      return false;
    };
    if (!want("(", "`(`")) return false;
    if (scanner.word(at) !== ")") {
      for (;;) {
        if (isPunctuation(scanner.word(at)) || at >= scanner.count) {
          report.add("circuit-syntax", scanner.line, {
            expected: "a wire's name",
            found: scanner.shown(at),
            suggestion: "",
          });
          return false;
        }
        operands.push(at);
        at += 1;
        if (scanner.word(at) !== ",") break;
        at += 1;
      }
    }
    if (!want(")", "`,` or `)`")) return false;
    if (at === scanner.count) return true;
    report.add("circuit-syntax", scanner.line, {
      expected: "the end of the line",
      found: scanner.shown(at),
      suggestion: "each declaration and each gate stands on a line of its own",
    });
    return false;
  };

  while (!builder.full && !names.full && scanner.next()) {
    const { line } = scanner;
    const second = scanner.word(1);
    if (second === "(") {
      const keyword = scanner.word(0).toUpperCase();
      if (keyword !== "INPUT" && keyword !== "OUTPUT") {
        const suggestion = "a gate is written `name = NAND(a, b)`";
        report.add("circuit-syntax", line, {
          expected: "`INPUT(…)` or `OUTPUT(…)`",
          found: scanner.shown(0),
          suggestion,
        });
        continue;
      }
      if (!parenthesised(1)) continue;
      if (operands.length !== 1) {
        report.add("circuit-fan-in", line, { gate: keyword, expected: "1 wire", found: operands.length });
        continue;
      }
      const wire = names.wire(scanner.word(operands[0] ?? 0));
      if (keyword === "INPUT") builder.addInput(inputs, wire, line);
      else builder.addOutput(outputs, 2 * wire, line);
      continue;
    }
    if (second !== "=" || isPunctuation(scanner.word(0))) {
      const at = second === "=" || isPunctuation(scanner.word(0)) ? 0 : 1;
      const suggestion = "a line is `INPUT(a)`, `OUTPUT(a)` or `a = NAND(b, c)`";
      report.add("circuit-syntax", line, {
        expected: at === 0 ? "a wire's name" : "`=` or `(`",
        found: scanner.shown(at),
        suggestion,
      });
      continue;
    }
    const kind = scanner.word(2).toUpperCase();
    if (scanner.count === 3 && (kind === "VDD" || kind === "GND")) {
      builder.addConstant(names.wire(scanner.word(0)), kind === "VDD" ? 1 : 0, line);
      continue;
    }
    const gate = Object.hasOwn(benchGates, kind) ? benchGates[kind] : undefined;
    if (gate === undefined && kind !== "DFF") {
      const expected = [...Object.keys(benchGates), "DFF"].join(", ");
      if (kind === "" || isPunctuation(kind)) {
        report.add("circuit-syntax", line, {
          expected: "a gate",
          found: scanner.shown(2),
          suggestion: `gates are ${expected}`,
        });
      } else {
        report.add("circuit-unknown-gate", line, {
          found: quoted(scanner.word(2)).slice(1, -1),
          expected,
          suggestion: "",
        });
      }
      continue;
    }
    if (!parenthesised(3)) continue;
    const unary = gate === undefined || gate.unary;
    if (operands.length === 0 || (unary && operands.length > 1)) {
      const expected = unary ? "1 operand" : "at least 1 operand";
      report.add("circuit-fan-in", line, { gate: kind, expected, found: operands.length });
      continue;
    }
    const wire = names.wire(scanner.word(0));
    if (gate === undefined) {
      next.names[next.length] = `next(${scanner.word(0)})`;
      builder.addInput(state, wire, line);
      builder.addOutput(next, 2 * names.wire(scanner.word(operands[0] ?? 0)), line);
      continue;
    }
    for (const at of operands) builder.addOperand(2 * names.wire(scanner.word(at)));
    builder.addGate(gate.kind, wire, line);
  }
  names.reportFull(report, scanner.line);
  if (inputs.length + outputs.length + builder.gateCount === 0 && !report.failed) {
    const found = `${counted(scanner.line, "line")} without any`;
    report.add("circuit-truncated", Math.max(1, scanner.line), {
      expected: "`INPUT(…)`, `OUTPUT(…)` and gates",
      found,
    });
  }
  return builder.finish();
}

const isPunctuation = (word: string) => word === "(" || word === ")" || word === "," || word === "=";
