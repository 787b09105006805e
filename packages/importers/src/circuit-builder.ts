import type { Circuit, CircuitFormat, GateKind, WireGroup, WireRole } from "./circuit";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";
import { NumberList } from "./number-list";

/** Inputs or outputs that belong together, while they are read. Entries are wires (inputs) or wire literals (outputs). */
export class WireList {
  readonly entries = new NumberList();
  readonly lines = new NumberList();
  /** By position; a wire without a name is called as the format calls its wires. */
  readonly names: string[] = [];
  readonly name: string;
  readonly role: WireRole;

  constructor(name: string, role: WireRole) {
    this.name = name;
    this.role = role;
  }

  get length(): number {
    return this.entries.length;
  }
}

const Driver = { none: 0, input: 1, gate: 2, constant: 3 } as const;

/** How a reader's wires are written in messages and names. */
export interface WireNaming {
  /** The name of a wire; also the name of an input or output that has no other. */
  readonly wireName: (wire: number) => string;
  /** All names by wire, where the file has names. */
  readonly wireNames?: readonly string[] | undefined;
}

/**
 * Gathers gates in the order and numbering of a file, then checks that every wire has exactly one driver and that the
 * gates can be put in order, and makes the `Circuit`. Wires are numbers from 0; a wire literal is `2 * wire + negated`.
 * Errors go to the report. Once a limit is passed, `full` is true and the reader should stop.
 */
export class CircuitBuilder {
  readonly #format: CircuitFormat;
  readonly #file: string;
  readonly #report: CircuitReport;
  readonly #limits: CircuitLimits;
  readonly #naming: WireNaming;
  readonly #inputs: WireList[] = [];
  readonly #outputs: WireList[] = [];
  readonly #kinds = new NumberList();
  readonly #wires = new NumberList();
  readonly #lines = new NumberList();
  readonly #offsets = new NumberList();
  readonly #fanins = new NumberList();
  readonly #cubeStarts = new NumberList();
  readonly #cubes = new NumberList();
  #driver = new Uint8Array(1024);
  /** Gate number, value of the constant, or line of the input, by `#driver`. */
  #driverData = new Uint32Array(1024);
  #inputCount = 0;
  #outputCount = 0;
  #full = false;

  constructor(
    format: CircuitFormat,
    file: string,
    report: CircuitReport,
    limits: CircuitLimits,
    naming: WireNaming,
  ) {
    this.#format = format;
    this.#file = file;
    this.#report = report;
    this.#limits = limits;
    this.#naming = naming;
    this.#offsets.push(0);
  }

  get full(): boolean {
    return this.#full;
  }

  get gateCount(): number {
    return this.#kinds.length;
  }

  inputList(name: string, role: WireRole): WireList {
    const list = new WireList(name, role);
    this.#inputs.push(list);
    return list;
  }

  outputList(name: string, role: WireRole): WireList {
    const list = new WireList(name, role);
    this.#outputs.push(list);
    return list;
  }

  addInput(list: WireList, wire: number, line: number): void {
    if (!this.#within("the inputs and latches", this.#inputCount + 1, "inputs", line)) return;
    if (!this.#drive(wire, Driver.input, line, line)) return;
    this.#inputCount += 1;
    list.entries.push(wire);
    list.lines.push(line);
  }

  addOutput(list: WireList, literal: number, line: number): void {
    if (!this.#within("the outputs", this.#outputCount + 1, "outputs", line)) return;
    this.#outputCount += 1;
    list.entries.push(literal);
    list.lines.push(line);
  }

  /** A wire that is always 0 or always 1: no gate, level 0. */
  addConstant(wire: number, value: 0 | 1, line: number): void {
    this.#drive(wire, Driver.constant, value, line);
  }

  /** Adds an operand of the gate that `addGate` ends. */
  addOperand(literal: number): void {
    this.#fanins.push(literal);
  }

  /** Adds one cube byte of the cover that `addGate` ends. */
  addCubeEntry(entry: 0 | 1 | 2): void {
    this.#cubes.push(entry);
  }

  /** How many operands were added since the last gate. */
  get operandCount(): number {
    return this.#fanins.length - this.#offsets.at(this.#offsets.length - 1);
  }

  /** Ends the gate whose operands were added. */
  addGate(kind: GateKind, wire: number, line: number): void {
    const gate = this.#kinds.length;
    const fanIn = this.operandCount;
    this.#offsets.push(this.#fanins.length);
    this.#kinds.push(kind);
    this.#wires.push(wire);
    this.#lines.push(line);
    this.#cubeStarts.push(this.#cubes.length);
    this.#within("the gates", gate + 1, "gates", line);
    this.#within("the operands of one gate", fanIn, "fanIn", line);
    this.#within("the operands of all gates", this.#fanins.length, "edges", line);
    this.#drive(wire, Driver.gate, gate, line);
  }

  /** Reports and answers false when `found` is beyond the limit. */
  #within(what: string, found: number, option: keyof CircuitLimits, line: number): boolean {
    if (found <= this.#limits[option]) return true;
    if (!this.#full)
      this.#report.add("circuit-too-large", line, { what, found, limit: this.#limits[option], option });
    this.#full = true;
    return false;
  }

  #drive(wire: number, driver: number, data: number, line: number): boolean {
    if (!this.#within("the wires", wire + 1, "wires", line)) return false;
    if (wire >= this.#driver.length) {
      const size = Math.max(wire + 1, this.#driver.length * 2);
      const drivers = new Uint8Array(size);
      drivers.set(this.#driver);
      this.#driver = drivers;
      const datas = new Uint32Array(size);
      datas.set(this.#driverData);
      this.#driverData = datas;
    }
    const before = this.#driver[wire];
    if (before !== Driver.none) {
      this.#report.add("circuit-driven-twice", line, {
        wire: `\`${this.#naming.wireName(wire)}\``,
        first: this.#firstDriver(wire),
      });
      return false;
    }
    this.#driver[wire] = driver;
    this.#driverData[wire] = data;
    return true;
  }

  #firstDriver(wire: number): string {
    const data = this.#driverData[wire] ?? 0;
    switch (this.#driver[wire]) {
      case Driver.input:
        return data === 0 ? "an input" : `an input on line ${data}`;
      case Driver.gate: {
        const line = this.#lines.at(data);
        return line === 0 ? "a gate" : `the gate on line ${line}`;
      }
      default:
        return `the constant ${data}`;
    }
  }

  /** The circuit, or undefined with the reason in the report. */
  finish(): Circuit | undefined {
    if (this.#report.failed) return undefined;
    this.#checkDriven();
    if (this.#report.failed) return undefined;
    const order = this.#order();
    if (order === undefined) return undefined;
    return this.#assemble(order);
  }

  #isDriven(wire: number): boolean {
    return wire < this.#driver.length && this.#driver[wire] !== Driver.none;
  }

  #checkDriven(): void {
    const reported = new Set<number>();
    const check = (literal: number, line: number, reader: () => string) => {
      const wire = literal >>> 1;
      if (this.#isDriven(wire) || reported.has(wire)) return;
      reported.add(wire);
      this.#report.add("circuit-undriven-wire", line, {
        wire: `\`${this.#naming.wireName(wire)}\``,
        reader: reader(),
      });
    };
    const fanins = this.#fanins.view();
    for (let gate = 0; gate < this.gateCount; gate++) {
      const end = this.#offsets.at(gate + 1);
      for (let edge = this.#offsets.at(gate); edge < end; edge++) {
        check(
          fanins[edge] ?? 0,
          this.#lines.at(gate),
          () => `gate \`${this.#naming.wireName(this.#wires.at(gate))}\``,
        );
      }
    }
    for (const list of this.#outputs) {
      for (let index = 0; index < list.length; index++) {
        check(list.entries.at(index), list.lines.at(index), () => `${list.role} ${index + 1}`);
      }
    }
  }

  /** The gate that drives a literal's wire, or -1. */
  #gateOf(literal: number): number {
    const wire = literal >>> 1;
    return this.#driver[wire] === Driver.gate ? (this.#driverData[wire] ?? 0) : -1;
  }

  /**
   * Gates so that each stands after what it reads. File order where that is already so (it nearly always is), else a
   * depth-first walk from each gate in file order, with a stack of its own: recursion would end at some ten thousand levels.
   */
  #order(): Uint32Array | undefined {
    const count = this.gateCount;
    const offsets = this.#offsets.view();
    const fanins = this.#fanins.view();
    const order = new Uint32Array(count);
    let ordered = true;
    for (let gate = 0; gate < count && ordered; gate++) {
      order[gate] = gate;
      const end = offsets[gate + 1] ?? 0;
      for (let edge = offsets[gate] ?? 0; edge < end; edge++) {
        if (this.#gateOf(fanins[edge] ?? 0) >= gate) ordered = false;
      }
    }
    if (ordered) return order;

    const [unseen, open, done] = [0, 1, 2];
    const state = new Uint8Array(count);
    const stack = new Uint32Array(count);
    const nextEdge = new Uint32Array(count);
    let placed = 0;
    for (let root = 0; root < count; root++) {
      if (state[root] !== unseen) continue;
      let top = 0;
      stack[0] = root;
      state[root] = open;
      nextEdge[root] = offsets[root] ?? 0;
      while (top >= 0) {
        const gate = stack[top] ?? 0;
        const edge = nextEdge[gate] ?? 0;
        if (edge === (offsets[gate + 1] ?? 0)) {
          state[gate] = done;
          order[placed++] = gate;
          top -= 1;
          continue;
        }
        nextEdge[gate] = edge + 1;
        const source = this.#gateOf(fanins[edge] ?? 0);
        if (source < 0 || state[source] === done) continue;
        if (state[source] === open) {
          this.#reportCycle(stack.subarray(stack.indexOf(source), top + 1));
          return undefined;
        }
        state[source] = open;
        nextEdge[source] = offsets[source] ?? 0;
        top += 1;
        stack[top] = source;
      }
    }
    return order;
  }

  #reportCycle(loop: Uint32Array): void {
    const shown = [...loop.subarray(0, 8)].map((gate) => {
      const line = this.#lines.at(gate);
      return `\`${this.#naming.wireName(this.#wires.at(gate))}\`${line === 0 ? "" : ` (line ${line})`}`;
    });
    const first = `\`${this.#naming.wireName(this.#wires.at(loop[0] ?? 0))}\``;
    const more = loop.length > shown.length ? [`… ${loop.length - shown.length} more gates …`] : [];
    const path = [...shown, ...more, first].join(" reads ");
    this.#report.add("circuit-cycle", this.#lines.at(loop[0] ?? 0), { path });
  }

  #assemble(order: Uint32Array): Circuit {
    const count = this.gateCount;
    const offsets = this.#offsets.view();
    const sources = this.#fanins.view();
    const positions = new Uint32Array(count);
    for (let position = 0; position < count; position++) positions[order[position] ?? 0] = position;

    // Node literal of each wire: inputs in the order of their lists, then the gates in their new order.
    const literalOf = new Uint32Array(this.#driver.length);
    let node = 1;
    for (const list of this.#inputs) {
      for (const wire of list.entries.view()) literalOf[wire] = 2 * node++;
    }
    const firstGate = node;
    for (let wire = 0; wire < literalOf.length; wire++) {
      const data = this.#driverData[wire] ?? 0;
      if (this.#driver[wire] === Driver.gate) literalOf[wire] = 2 * (firstGate + (positions[data] ?? 0));
      else if (this.#driver[wire] === Driver.constant) literalOf[wire] = data;
    }
    const resolve = (literal: number) => (literalOf[literal >>> 1] ?? 0) ^ (literal & 1);

    const kinds = new Uint8Array(count);
    const lines = new Uint32Array(count);
    const wires = new Uint32Array(count);
    const faninOffsets = new Uint32Array(count + 1);
    const fanins = new Uint32Array(sources.length);
    const cubes = new Uint8Array(this.#cubes.length);
    const cubeOffsets = new Uint32Array(cubes.length === 0 ? 0 : count + 1);
    let edges = 0;
    let cubeBytes = 0;
    for (let position = 0; position < count; position++) {
      const gate = order[position] ?? 0;
      kinds[position] = this.#kinds.at(gate);
      lines[position] = this.#lines.at(gate);
      wires[position] = this.#wires.at(gate);
      const end = offsets[gate + 1] ?? 0;
      for (let edge = offsets[gate] ?? 0; edge < end; edge++) fanins[edges++] = resolve(sources[edge] ?? 0);
      faninOffsets[position + 1] = edges;
      if (cubes.length > 0) {
        const cubeEnd = this.#cubeStarts.at(gate);
        const cubeStart = gate === 0 ? 0 : this.#cubeStarts.at(gate - 1);
        for (let at = cubeStart; at < cubeEnd; at++) cubes[cubeBytes++] = this.#cubes.at(at);
        cubeOffsets[position + 1] = cubeBytes;
      }
    }

    const inputs = this.#named(this.#inputs, (wire) => wire);
    const outputs = this.#named(this.#outputs, (literal) => literal >>> 1);
    return {
      format: this.#format,
      file: this.#file,
      inputCount: inputs.entries.length,
      gateCount: count,
      kinds,
      faninOffsets,
      fanins,
      outputs: Uint32Array.from(outputs.entries, resolve),
      inputNames: inputs.names,
      outputNames: outputs.names,
      inputGroups: inputs.groups,
      outputGroups: outputs.groups,
      lines,
      wires,
      ...(this.#naming.wireNames === undefined ? {} : { wireNames: this.#naming.wireNames }),
      ...(cubes.length === 0 ? {} : { cubeOffsets, cubes }),
    };
  }

  #named(lists: readonly WireList[], wireOf: (entry: number) => number) {
    const entries: number[] = [];
    const names: string[] = [];
    const groups: WireGroup[] = [];
    for (const list of lists) {
      // A combinational circuit has no state to speak of; its inputs and outputs are spoken of even when there are none.
      if (list.length === 0 && list.role !== "input" && list.role !== "output") continue;
      groups.push({ name: list.name, role: list.role, first: entries.length, count: list.length });
      list.entries.view().forEach((entry, index) => {
        entries.push(entry);
        names.push(list.names[index] ?? this.#naming.wireName(wireOf(entry)));
      });
    }
    return { entries, names, groups };
  }
}
