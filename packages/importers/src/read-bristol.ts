import { type Circuit, GateKind } from "./circuit";
import { CircuitBuilder } from "./circuit-builder";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";
import { counted, LineScanner, quoted } from "./line-scanner";

/** Operands and results of each gate; `MAND` has 2n and n. EQ's operand is a constant, not a wire. */
const bristolGates: Readonly<
  Record<string, { readonly operands: number; readonly meaning: GateKind | "constant" | "many" }>
> = {
  AND: { operands: 2, meaning: GateKind.and },
  XOR: { operands: 2, meaning: GateKind.xor },
  INV: { operands: 1, meaning: GateKind.not },
  NOT: { operands: 1, meaning: GateKind.not },
  EQ: { operands: 1, meaning: "constant" },
  EQW: { operands: 1, meaning: GateKind.buf },
  MAND: { operands: 0, meaning: "many" },
};

/**
 * Reads a Bristol circuit, in the older form (third header line absent: two input words and the output wires) or in
 * the "fashion" form (any number of input and output values). `#` starts a comment.
 *
 * Source: S. Tillich, N. Smart, (Bristol Format) Circuits of Basic Functions Suitable For MPC and FHE; and
 * N. Smart, V. Arribas Abril, D. Archer, "Bristol Fashion" MPC Circuits. The inputs are the first wires, in the order of
 * the parties; the outputs are the last. An EQ wire is a constant, not a gate; MAND is n AND gates on one line.
 * Gates may come in any order, although writers put them in the order of evaluation.
 */
export function readBristol(
  file: string,
  bytes: Uint8Array,
  report: CircuitReport,
  limits: CircuitLimits,
): Circuit | undefined {
  const scanner = new LineScanner(bytes, { comment: "#" });
  const builder = new CircuitBuilder("bristol", file, report, limits, { wireName: String });

  const header = readHeader(scanner, report, limits);
  if (header === undefined) return undefined;
  const { gates, wires, inputs, outputs } = header;
  let first = 0;
  for (const [index, count] of inputs.entries()) {
    const list = builder.inputList(`in${index + 1}`, "input");
    for (let bit = 0; bit < count && !builder.full; bit++) {
      list.names[bit] = `${list.name}[${bit}]`;
      builder.addInput(list, first++, header.line);
    }
  }
  let last = wires - sum(outputs);
  for (const [index, count] of outputs.entries()) {
    const list = builder.outputList(`out${index + 1}`, "output");
    for (let bit = 0; bit < count && !builder.full; bit++) {
      list.names[bit] = `${list.name}[${bit}]`;
      builder.addOutput(list, 2 * last++, header.line);
    }
  }

  /** Word `index` as a wire, -1 and a report when it is none. */
  const wireAt = (index: number): number => {
    const wire = scanner.number(index);
    if (wire >= 0 && wire < wires) return wire;
    report.add("circuit-wire-number", scanner.line, {
      expected: `a wire number from 0 to ${wires - 1}`,
      found: scanner.shown(index),
      suggestion:
        "the program that wrote the file could not number this wire, or the header's second number is wrong; write it again",
    });
    return -1;
  };

  let lines = 0;
  // The header line that told the two forms apart may already be the first gate.
  let more = header.atGate || scanner.next();
  for (; more && !builder.full; more = scanner.next()) {
    lines += 1;
    if (lines > gates) {
      report.add("circuit-count", scanner.line, {
        expected: `the header counts ${counted(gates, "gate")}`,
        found: "more lines follow",
      });
      break;
    }
    readGate(scanner, report, builder, wireAt);
  }
  if (lines < gates && !builder.full) {
    const found = `${counted(lines, "line")}`;
    report.add("circuit-truncated", Math.max(1, scanner.line), {
      expected: `${counted(gates, "gate")}, as in the header`,
      found,
    });
  }
  return builder.finish();
}

function readGate(
  scanner: LineScanner,
  report: CircuitReport,
  builder: CircuitBuilder,
  wireAt: (index: number) => number,
): void {
  const { line, count } = scanner;
  const operandCount = scanner.number(0);
  const resultCount = scanner.number(1);
  if (operandCount < 0 || resultCount < 0) {
    report.add("circuit-syntax", line, {
      expected: "the number of operands and of results of a gate",
      found: scanner.shown(operandCount < 0 ? 0 : 1),
      suggestion: "a gate is written `2 1 0 1 4 AND`: two operands, one result, wires 0 and 1, wire 4",
    });
    return;
  }
  if (count !== operandCount + resultCount + 3) {
    const expected = `${counted(operandCount, "operand")}, ${counted(resultCount, "result")} and a gate after the two counts`;
    report.add("circuit-syntax", line, { expected, found: counted(count - 2, "word"), suggestion: "" });
    return;
  }
  const name = scanner.word(count - 1).toUpperCase();
  const gate = Object.hasOwn(bristolGates, name) ? bristolGates[name] : undefined;
  if (gate === undefined) {
    const expected = Object.keys(bristolGates).join(", ");
    report.add("circuit-unknown-gate", line, {
      found: quoted(scanner.word(count - 1)).slice(1, -1),
      expected,
      suggestion: "",
    });
    return;
  }
  const results = gate.meaning === "many" ? operandCount / 2 : 1;
  const operands = gate.meaning === "many" ? operandCount : gate.operands;
  if (operandCount !== operands || resultCount !== results || operandCount === 0) {
    const expected =
      gate.meaning === "many" ? "2 n operands and n results" : `${counted(operands, "operand")} and 1 result`;
    const found = `${operandCount} and ${resultCount}`;
    report.add("circuit-fan-in", line, { gate: name, expected, found });
    return;
  }
  for (let result = 0; result < results; result++) {
    const target = wireAt(2 + operandCount + result);
    if (target < 0) return;
    if (gate.meaning === "constant") {
      const value = scanner.number(2);
      if (value === 0 || value === 1) builder.addConstant(target, value, line);
      else report.add("circuit-not-boolean", line, { what: "the operand of EQ", found: scanner.shown(2) });
      return;
    }
    const stride = gate.meaning === "many" ? results : 1;
    const width = gate.meaning === "many" ? 2 : operandCount;
    const sources: number[] = [];
    for (let operand = 0; operand < width; operand++) sources.push(wireAt(2 + result + operand * stride));
    if (sources.some((source) => source < 0)) return;
    for (const source of sources) builder.addOperand(2 * source);
    builder.addGate(gate.meaning === "many" ? GateKind.and : gate.meaning, target, line);
  }
}

interface Header {
  readonly gates: number;
  readonly wires: number;
  /** Bits of each input value (party) and of each output value. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly line: number;
  /** The scanner already stands on the first gate. */
  readonly atGate: boolean;
}

/** Undefined with the reason in the report. */
function readHeader(scanner: LineScanner, report: CircuitReport, limits: CircuitLimits): Header | undefined {
  const sizes = readSizes(scanner, report);
  if (sizes === undefined) return undefined;
  const { gates, wires } = sizes;
  const bounded = (what: string, found: number, option: keyof CircuitLimits): boolean => {
    if (found <= limits[option]) return true;
    report.add("circuit-too-large", scanner.line, { what, found, limit: limits[option], option });
    return false;
  };
  if (!bounded("the gates", gates, "gates") || !bounded("the wires", wires, "wires")) return undefined;
  const words = readWords(scanner, report, gates);
  if (words === undefined) return undefined;
  const { inputs, outputs, line, atGate } = words;
  if (!bounded("the inputs", sum(inputs), "inputs") || !bounded("the outputs", sum(outputs), "outputs"))
    return undefined;
  for (const [what, bits] of [
    ["input", sum(inputs)],
    ["output", sum(outputs)],
  ] as const) {
    if (bits <= wires) continue;
    report.add("circuit-count", line, {
      expected: `the header counts ${counted(wires, "wire")}`,
      found: `${what}s have ${counted(bits, "bit")}`,
    });
    return undefined;
  }
  return { gates, wires, inputs, outputs, line, atGate };
}

/** The next line, which must be there. */
function nextLine(scanner: LineScanner, report: CircuitReport, expected: string): boolean {
  if (scanner.next()) return true;
  truncated(scanner, report, expected);
  return false;
}

const truncated = (scanner: LineScanner, report: CircuitReport, expected: string): void =>
  report.add("circuit-truncated", Math.max(1, scanner.line), { expected, found: "the end of the file" });

/** The words of the line as numbers. */
function numbersOf(scanner: LineScanner, report: CircuitReport, expected: string): number[] | undefined {
  const found: number[] = [];
  for (let index = 0; index < scanner.count; index++) {
    const value = scanner.number(index);
    if (value < 0) {
      const suggestion =
        "the header is `gates wires`, then the input values and their bits, then the output values and theirs";
      report.add("circuit-syntax", scanner.line, { expected, found: scanner.shown(index), suggestion });
      return undefined;
    }
    found.push(value);
  }
  return found;
}

/** `gates wires` */
function readSizes(
  scanner: LineScanner,
  report: CircuitReport,
): { readonly gates: number; readonly wires: number } | undefined {
  if (!nextLine(scanner, report, "a header with the numbers of gates and wires")) return undefined;
  const sizes = numbersOf(scanner, report, "the numbers of gates and wires");
  if (sizes === undefined) return undefined;
  const [gates, wires] = sizes;
  if (gates !== undefined && wires !== undefined && sizes.length === 2) return { gates, wires };
  const found = counted(sizes.length, "number");
  const expected = "two numbers, of gates and of wires";
  report.add("circuit-syntax", scanner.line, { expected, found, suggestion: "" });
  return undefined;
}

/** The bits of each input and output, in the older form or the fashion form. */
function readWords(
  scanner: LineScanner,
  report: CircuitReport,
  gates: number,
): Pick<Header, "inputs" | "outputs" | "line" | "atGate"> | undefined {
  if (!nextLine(scanner, report, "a line with the input values and their bits")) return undefined;
  const first = numbersOf(scanner, report, "the number of input values and the bits of each");
  if (first === undefined) return undefined;
  const { line } = scanner;
  const third = scanner.next() ? scanner.number(scanner.count - 1) : -1;
  const atGate = scanner.count > 0 && third < 0;
  // A third line of numbers is the fashion form; a gate ends in a word. Without gates only the counts can tell.
  if (first.length === 3 && (atGate || (scanner.count === 0 && gates === 0))) {
    // The second party may have nothing to say; its word is then left out.
    const inputs = first.slice(0, 2).filter((bits, index) => index === 0 || bits > 0);
    return { inputs, outputs: first.slice(2), line, atGate };
  }
  const inputs = countedValues(report, "input", first, line);
  if (inputs === undefined) return undefined;
  if (scanner.count === 0) {
    truncated(scanner, report, "a line with the output values and their bits");
    return undefined;
  }
  const second = numbersOf(scanner, report, "the number of output values and the bits of each");
  const outputs = second && countedValues(report, "output", second, scanner.line);
  return outputs && { inputs, outputs, line, atGate: false };
}

/** `2 32 32`: how many values, then the bits of each. */
function countedValues(
  report: CircuitReport,
  what: "input" | "output",
  [count = 0, ...bits]: readonly number[],
  line: number,
): readonly number[] | undefined {
  if (bits.length === count) return bits;
  const expected = `${counted(count, `${what} value`)} on this line`;
  report.add("circuit-count", line, { expected, found: `there are the bits of ${bits.length}` });
  return undefined;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
