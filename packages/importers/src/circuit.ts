/**
 * The one in-memory form of a Boolean circuit, whatever file it came from.
 *
 * It is a struct of typed arrays: a circuit of ten million gates is a handful of arrays, not ten million objects.
 *
 * Nodes are numbered 0, 1, 2, …: node 0 is the constant false, nodes 1 … inputCount are the inputs, and the gates
 * follow, each after everything it reads. A *literal* is `2 * node + 1` for the negated node and `2 * node` for the
 * node itself (so literal 0 is false and literal 1 is true), as in AIGER. Only AIGER and BLIF files yield negated literals:
 * there an inverter is a mark on a wire; in `.bench` and Bristol files it is a gate of its own.
 */

/** What a gate computes of its operands. `cover` is a BLIF sum of products, `coverNot` its complement. */
export const GateKind = {
  and: 0,
  nand: 1,
  or: 2,
  nor: 3,
  xor: 4,
  xnor: 5,
  not: 6,
  buf: 7,
  cover: 8,
  coverNot: 9,
} as const;
export type GateKind = (typeof GateKind)[keyof typeof GateKind];

/** The names of the gate kinds as people write them, by number. */
export const gateKindNames: readonly string[] = [
  "AND",
  "NAND",
  "OR",
  "NOR",
  "XOR",
  "XNOR",
  "NOT",
  "BUF",
  "SOP",
  "SOP-NOT",
];

/** The formats that are read; a file's contents say which, or else its ending. */
export type CircuitFormat = "aiger" | "bench" | "bristol" | "blif";

/**
 * `state` wires are latch or flip-flop outputs and `next` their next-state functions: a latch is a cut point, so that
 * what is left is combinational. `bad`, `constraint`, `justice` and `fairness` are the property sections of AIGER 1.9.
 */
export type WireRole = "input" | "state" | "output" | "next" | "bad" | "constraint" | "justice" | "fairness";

/** Consecutive inputs (or outputs) that belong together: a party's word in a Bristol file, the state of the latches. */
export interface WireGroup {
  readonly name: string;
  readonly role: WireRole;
  /** Position of the first wire among the inputs (or outputs). */
  readonly first: number;
  readonly count: number;
}

/** A circuit of gates in an order in which each stands after what it reads: typed arrays, some bytes a gate. */
export interface Circuit {
  readonly format: CircuitFormat;
  /** The file it was read from. */
  readonly file: string;
  readonly inputCount: number;
  readonly gateCount: number;
  /** A `GateKind` for each gate. */
  readonly kinds: Uint8Array;
  /** Operands of gate g are `fanins[faninOffsets[g]]` up to (not with) `fanins[faninOffsets[g + 1]]`. */
  readonly faninOffsets: Uint32Array;
  /** Literals. */
  readonly fanins: Uint32Array;
  /** A literal for each output. */
  readonly outputs: Uint32Array;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputGroups: readonly WireGroup[];
  readonly outputGroups: readonly WireGroup[];
  /** Line (from 1) that each gate stands on; 0 where the file has no lines (the gates of binary AIGER). */
  readonly lines: Uint32Array;
  /** The wire that each gate drives, in the numbering of the file. */
  readonly wires: Uint32Array;
  /** Names of the wires where the file has names; otherwise a wire is called by its number. */
  readonly wireNames?: readonly string[] | undefined;
  /** Where the cubes of each cover start in `cubes`, one entry more than there are gates; absent without covers. */
  readonly cubeOffsets?: Uint32Array | undefined;
  /** One byte an operand: 0 negated, 1 plain, 2 not read by this cube. */
  readonly cubes?: Uint8Array | undefined;
}

/** What the file calls gate `gate` (from 0): its wire's name, or its wire's number. */
export function gateName(circuit: Circuit, gate: number): string {
  const wire = circuit.wires[gate];
  if (wire === undefined) throw new RangeError(`there is no gate ${gate} among ${circuit.gateCount}`);
  return circuit.wireNames?.[wire] ?? String(wire);
}
