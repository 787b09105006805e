import { type Circuit, GateKind } from "./circuit";
import { CircuitBuilder, type WireList } from "./circuit-builder";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";
import { counted, LineScanner } from "./line-scanner";

/** The numbers of the header, in order; the last four came with AIGER 1.9 and may be left out. */
const headerFields = [
  { letter: "M", what: "the largest variable", limit: "wires" },
  { letter: "I", what: "the inputs", limit: "inputs" },
  { letter: "L", what: "the latches", limit: "inputs" },
  { letter: "O", what: "the outputs", limit: "outputs" },
  { letter: "A", what: "the gates", limit: "gates" },
  { letter: "B", what: "the bad states", limit: "outputs" },
  { letter: "C", what: "the constraints", limit: "outputs" },
  { letter: "J", what: "the justice properties", limit: "outputs" },
  { letter: "F", what: "the fairness constraints", limit: "outputs" },
] as const;
const mandatoryFields = 5;

interface Header {
  readonly variables: number;
  readonly inputs: number;
  readonly latches: number;
  readonly outputs: number;
  readonly gates: number;
  readonly bad: number;
  readonly constraints: number;
  readonly justice: number;
  readonly fairness: number;
}

/**
 * Reads AIGER, ASCII (`aag`) or binary (`aig`), with the sections of version 1.9.
 *
 * Source: A. Biere, The AIGER And-Inverter Graph (AIG) Format, version 20071012, and A. Biere, K. Heljanko,
 * S. Wieringa, AIGER 1.9 and Beyond, 2011. Latches are cut: their outputs are inputs of the circuit and their
 * next-state functions outputs. Blank lines and repeated blanks are let pass; everything else is checked.
 */
export function readAiger(
  file: string,
  bytes: Uint8Array,
  report: CircuitReport,
  limits: CircuitLimits,
): Circuit | undefined {
  return new AigerReader(file, bytes, report, limits).read();
}

class AigerReader {
  readonly #report: CircuitReport;
  readonly #limits: CircuitLimits;
  readonly #scanner: LineScanner;
  readonly #builder: CircuitBuilder;
  #maximum = 0;

  constructor(file: string, bytes: Uint8Array, report: CircuitReport, limits: CircuitLimits) {
    this.#report = report;
    this.#limits = limits;
    this.#scanner = new LineScanner(bytes);
    // People who read AIGER think in literals, so that is how a wire is called.
    const wireName = (wire: number) => String(2 * wire);
    this.#builder = new CircuitBuilder("aiger", file, report, limits, { wireName });
  }

  read(): Circuit | undefined {
    const scanner = this.#scanner;
    if (!scanner.next()) {
      this.#report.add("circuit-truncated", 1, {
        expected: "a header `aag M I L O A`",
        found: "an empty file",
      });
      return undefined;
    }
    const magic = scanner.word(0);
    if (magic !== "aag" && magic !== "aig") {
      const expected = "a header `aag M I L O A` or `aig M I L O A`";
      this.#report.add("circuit-syntax", scanner.line, { expected, found: scanner.shown(0), suggestion: "" });
      return undefined;
    }
    const binary = magic === "aig";
    const header = this.#header(binary);
    if (header === undefined) return undefined;
    this.#maximum = 2 * header.variables + 1;

    const builder = this.#builder;
    builder.addConstant(0, 0, scanner.line);
    const inputs = builder.inputList("inputs", "input");
    const state = builder.inputList("latches", "state");
    const outputs = builder.outputList("outputs", "output");
    const next = builder.outputList("next state", "next");
    const bad = builder.outputList("bad", "bad");
    const constraints = builder.outputList("constraints", "constraint");
    const justice = builder.outputList("justice", "justice");
    const fairness = builder.outputList("fairness", "fairness");

    const whole =
      this.#inputs(inputs, header, binary) &&
      this.#latches(state, next, header, binary) &&
      this.#roots(outputs, header.outputs, "output") &&
      this.#roots(bad, header.bad, "bad state") &&
      this.#roots(constraints, header.constraints, "constraint") &&
      this.#justice(justice, header.justice) &&
      this.#roots(fairness, header.fairness, "fairness constraint") &&
      (binary ? this.#binaryGates(header) : this.#asciiGates(header));
    if (!whole) return undefined;
    state.names.forEach((name, index) => {
      next.names[index] = name;
    });
    this.#symbols({ i: inputs, l: state, o: outputs, b: bad, c: constraints, j: justice, f: fairness });
    for (let index = 0; index < next.length; index++) {
      next.names[index] = `next(${state.names[index] ?? 2 * state.entries.at(index)})`;
    }
    for (const list of [outputs, bad, constraints, justice, fairness]) {
      for (let index = 0; index < list.length; index++) list.names[index] ??= `${list.role}[${index}]`;
    }
    return builder.finish();
  }

  #header(binary: boolean): Header | undefined {
    const scanner = this.#scanner;
    const { line } = scanner;
    const values: number[] = [];
    for (const [index, field] of headerFields.entries()) {
      if (index >= mandatoryFields && index + 1 >= scanner.count) {
        values.push(0);
        continue;
      }
      const value = scanner.number(index + 1);
      if (value < 0) {
        const expected = `${field.letter}, ${field.what}, as a whole number in the header`;
        const suggestion =
          "the header is `aag M I L O A` or `aig M I L O A`, then up to four more counts B C J F";
        this.#report.add("circuit-syntax", line, { expected, found: scanner.shown(index + 1), suggestion });
        return undefined;
      }
      const limit = this.#limits[field.limit];
      if (value > limit) {
        this.#report.add("circuit-too-large", line, {
          what: field.what,
          found: value,
          limit,
          option: field.limit,
        });
        return undefined;
      }
      values.push(value);
    }
    if (scanner.count > headerFields.length + 1) {
      const found = scanner.shown(headerFields.length + 1);
      this.#report.add("circuit-syntax", line, {
        expected: "at most nine numbers in the header",
        found,
        suggestion: "",
      });
      return undefined;
    }
    const [m = 0, i = 0, l = 0, o = 0, a = 0, b = 0, c = 0, j = 0, f = 0] = values;
    const needed = i + l + a;
    if (m < needed || (binary && m !== needed)) {
      const expected = `M is ${binary ? "" : "at least "}I + L + A = ${needed}`;
      this.#report.add("circuit-count", line, { expected, found: `the header says M = ${m}` });
      return undefined;
    }
    return {
      variables: m,
      inputs: i,
      latches: l,
      outputs: o,
      gates: a,
      bad: b,
      constraints: c,
      justice: j,
      fairness: f,
    };
  }

  /** The next line, which must have between `least` and `most` words. */
  #line(least: number, most: number, expected: string): boolean {
    const scanner = this.#scanner;
    if (!scanner.next()) {
      this.#report.add("circuit-truncated", Math.max(1, scanner.line), {
        expected,
        found: "the end of the file",
      });
      return false;
    }
    if (scanner.count >= least && scanner.count <= most) return true;
    const at = Math.min(scanner.count, most);
    const suggestion = "the header says how many lines of each kind there are";
    this.#report.add("circuit-syntax", scanner.line, { expected, found: scanner.shown(at), suggestion });
    return false;
  }

  /** Word `index` as a literal, -1 (and a report) when it is none. */
  #literal(index: number, expected: string): number {
    const value = this.#scanner.number(index);
    if (value >= 0 && value <= this.#maximum) return value;
    this.#badLiteral(
      this.#scanner.line,
      `${expected} from 0 to ${this.#maximum}`,
      this.#scanner.shown(index),
    );
    return -1;
  }

  /** Word `index` as the literal of a new variable: even, not 0. */
  #fresh(index: number, what: string): number {
    const value = this.#scanner.number(index);
    if (value >= 2 && value <= this.#maximum && value % 2 === 0) return value / 2;
    const expected = `an even literal from 2 to ${this.#maximum - 1} for ${what}`;
    this.#badLiteral(this.#scanner.line, expected, this.#scanner.shown(index));
    return -1;
  }

  #badLiteral(line: number, expected: string, found: string): void {
    const suggestion =
      "a literal is twice the variable, plus 1 when it is negated; the header's first number is the largest variable";
    this.#report.add("circuit-wire-number", line, { expected, found, suggestion });
  }

  #inputs(list: WireList, header: Header, binary: boolean): boolean {
    for (let index = 0; index < header.inputs; index++) {
      if (binary) {
        this.#builder.addInput(list, index + 1, this.#scanner.line);
      } else {
        const what = `input ${index + 1} of ${header.inputs}`;
        if (!this.#line(1, 1, `a line with ${what}`)) return false;
        const wire = this.#fresh(0, what);
        if (wire < 0) return false;
        this.#builder.addInput(list, wire, this.#scanner.line);
      }
      if (this.#builder.full) return false;
    }
    return true;
  }

  #latches(state: WireList, next: WireList, header: Header, binary: boolean): boolean {
    for (let index = 0; index < header.latches; index++) {
      const what = `latch ${index + 1} of ${header.latches}`;
      const skip = binary ? 0 : 1;
      const expected = `a line with ${what}: ${binary ? "its next state" : "its literal, its next state"}, perhaps a reset`;
      if (!this.#line(1 + skip, 2 + skip, expected)) return false;
      const wire = binary ? header.inputs + index + 1 : this.#fresh(0, what);
      const literal = this.#literal(skip, "a next-state literal");
      if (wire < 0 || literal < 0) return false;
      if (this.#scanner.count === 2 + skip) {
        // The latch itself means: not initialised.
        const reset = this.#scanner.number(1 + skip);
        if (reset !== 0 && reset !== 1 && reset !== 2 * wire) {
          const place = `the reset of latch ${2 * wire} (or the latch itself, when it has none)`;
          this.#report.add("circuit-not-boolean", this.#scanner.line, {
            what: place,
            found: this.#scanner.shown(1 + skip),
          });
          return false;
        }
      }
      this.#builder.addInput(state, wire, this.#scanner.line);
      this.#builder.addOutput(next, literal, this.#scanner.line);
      if (this.#builder.full) return false;
    }
    return true;
  }

  #roots(list: WireList, count: number, what: string): boolean {
    for (let index = 0; index < count; index++) {
      if (!this.#line(1, 1, `a line with ${what} ${index + 1} of ${count}`)) return false;
      const literal = this.#literal(0, `a literal for ${what} ${index + 1}`);
      if (literal < 0) return false;
      this.#builder.addOutput(list, literal, this.#scanner.line);
      if (this.#builder.full) return false;
    }
    return true;
  }

  /** First the size of each justice property, then the literals of all of them. */
  #justice(list: WireList, count: number): boolean {
    let total = 0;
    for (let index = 0; index < count; index++) {
      const what = `the size of justice property ${index + 1} of ${count}`;
      if (!this.#line(1, 1, `a line with ${what}`)) return false;
      const size = this.#scanner.number(0);
      if (size < 0) {
        this.#report.add("circuit-syntax", this.#scanner.line, {
          expected: what,
          found: this.#scanner.shown(0),
          suggestion: "",
        });
        return false;
      }
      total = Math.min(total + size, Number.MAX_SAFE_INTEGER);
    }
    return this.#roots(list, total, "justice literal");
  }

  #asciiGates(header: Header): boolean {
    for (let index = 0; index < header.gates; index++) {
      const what = `AND gate ${index + 1} of ${header.gates}`;
      if (!this.#line(3, 3, `a line with ${what}: its literal and the two that it reads`)) return false;
      const wire = this.#fresh(0, what);
      const left = wire < 0 ? -1 : this.#literal(1, "a literal");
      const right = left < 0 ? -1 : this.#literal(2, "a literal");
      if (right < 0) return false;
      this.#builder.addOperand(left);
      this.#builder.addOperand(right);
      this.#builder.addGate(GateKind.and, wire, this.#scanner.line);
      if (this.#builder.full) return false;
    }
    return true;
  }

  /** Each gate is two differences, `lhs - rhs0` and `rhs0 - rhs1`, in groups of seven bits, lowest first. */
  #binaryGates(header: Header): boolean {
    const scanner = this.#scanner;
    const line = scanner.nextLine;
    const differences = [0, 0];
    for (let index = 0; index < header.gates; index++) {
      const start = scanner.position;
      const where = `AND gate ${index + 1} of ${header.gates} (byte ${start})`;
      for (let operand = 0; operand < 2; operand++) {
        let difference = 0;
        let scale = 1;
        let byte = 0;
        do {
          if (scanner.position >= scanner.bytes.length) {
            this.#report.add("circuit-truncated", line, { expected: where, found: "the end of the file" });
            return false;
          }
          byte = scanner.bytes[scanner.position++] ?? 0;
          difference += (byte & 127) * scale;
          scale *= 128;
        } while (byte >= 128 && scale <= 2 ** 35);
        differences[operand] = difference;
      }
      const wire = header.inputs + header.latches + index + 1;
      const left = 2 * wire - (differences[0] ?? 0);
      const right = left - (differences[1] ?? 0);
      // The format wants rhs0 < lhs strictly, or the gate would read itself.
      if (left < 0 || left >= 2 * wire || right < 0) {
        const found = `${left < 0 || left >= 2 * wire ? left : right}`;
        this.#badLiteral(line, `a literal from 0 to ${2 * wire - 1} as an operand of ${where}`, found);
        return false;
      }
      this.#builder.addOperand(left);
      this.#builder.addOperand(right);
      this.#builder.addGate(GateKind.and, wire, 0);
      if (this.#builder.full) return false;
    }
    return true;
  }

  /** Symbols up to the comment section; nothing else may follow the gates. */
  #symbols(lists: Readonly<Record<string, WireList>>): void {
    const scanner = this.#scanner;
    while (scanner.next()) {
      const word = scanner.word(0);
      const list = lists[word.charAt(0)];
      const digits = word.slice(1);
      const isSymbol = list !== undefined && /^[0-9]+$/.test(digits) && scanner.count > 1;
      if (!isSymbol && word.startsWith("c")) return;
      if (!isSymbol) {
        const expected = "a symbol such as `i0 name`, the comment mark `c` or the end of the file";
        const suggestion = "the header counts fewer gates than the file has, or the line is no symbol";
        this.#report.add("circuit-syntax", scanner.line, { expected, found: scanner.shown(0), suggestion });
        return;
      }
      const position = Number(digits);
      if (position >= list.length) {
        const expected = `${word.charAt(0)} and a position below ${list.length}`;
        const suggestion = `there ${list.length === 1 ? "is" : "are"} ${counted(list.length, `wire`)} of this kind`;
        this.#report.add("circuit-syntax", scanner.line, { expected, found: scanner.shown(0), suggestion });
        return;
      }
      list.names[position] = scanner.rest(1);
    }
  }
}
