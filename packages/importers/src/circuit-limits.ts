/**
 * Bounds on what is read. They are checked against what a file claims before anything of that size is allocated,
 * so that thirty bytes of header cannot ask for gigabytes.
 */
export interface CircuitLimits {
  readonly fileBytes: number;
  readonly gates: number;
  /** Inputs together with latch outputs. */
  readonly inputs: number;
  /** Outputs together with next-state functions and property sections. */
  readonly outputs: number;
  /** Distinct wires, driven or not. */
  readonly wires: number;
  /** Operands of one gate. */
  readonly fanIn: number;
  /** Operands of all gates. */
  readonly edges: number;
}

/** Ten million gates need about 200 MB; a JavaScript `Map`, which holds the names, ends at 2^24 entries. */
export const defaultCircuitLimits: CircuitLimits = {
  fileBytes: 512 * 1024 * 1024,
  gates: 10_000_000,
  inputs: 1_000_000,
  outputs: 1_000_000,
  wires: 16_000_000,
  fanIn: 100_000,
  edges: 50_000_000,
};
