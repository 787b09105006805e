import { type Circuit, GateKind } from "./circuit";

/** What costs nothing. */
export interface LevelOptions {
  /**
   * Whether NOT and BUF gates cost nothing. In AIGER files, and for negated literals of BLIF covers, an inverter is a
   * mark on a wire and no gate: it is free under both settings.
   */
  readonly freeInverters: boolean;
}

/** Figures of one circuit: exact, and in gates. */
export interface CircuitLevels {
  /** By node: 0 for constants and inputs, else the cost of the gate plus the largest level among its operands. */
  readonly levels: Uint32Array;
  /** The largest level among the outputs, next-state functions and properties. Exact. */
  readonly depth: number;
  /** Gates that cost something. */
  readonly work: number;
  /** Most such gates on one level. */
  readonly width: number;
}

/**
 * Levels, depth, work and width by one sweep in the order of the gates. Every gate costs 1, whatever its fan-in; with
 * `freeInverters` all but NOT and BUF. Gates that no output depends on count in work and width, not in depth.
 */
export function circuitLevels(circuit: Circuit, { freeInverters }: LevelOptions): CircuitLevels {
  const { inputCount, gateCount, kinds, faninOffsets, fanins } = circuit;
  const levels = new Uint32Array(1 + inputCount + gateCount);
  const perLevel = new Uint32Array(gateCount + 1);
  let work = 0;
  let width = 0;
  for (let gate = 0; gate < gateCount; gate++) {
    const end = faninOffsets[gate + 1] ?? 0;
    let level = 0;
    for (let edge = faninOffsets[gate] ?? 0; edge < end; edge++) {
      const operand = levels[(fanins[edge] ?? 0) >>> 1] ?? 0;
      if (operand > level) level = operand;
    }
    const kind = kinds[gate];
    if (!(freeInverters && (kind === GateKind.not || kind === GateKind.buf))) {
      level += 1;
      work += 1;
      const peers = (perLevel[level] ?? 0) + 1;
      perLevel[level] = peers;
      if (peers > width) width = peers;
    }
    levels[1 + inputCount + gate] = level;
  }
  let depth = 0;
  for (const literal of circuit.outputs) depth = Math.max(depth, levels[literal >>> 1] ?? 0);
  return { levels, depth, work, width };
}

/**
 * A longest chain of gates (numbered from 0), from a gate that reads an input to the driver of a deepest output, free
 * gates on the way included. Empty when no output depends on a gate.
 *
 * @param levels the levels that `circuitLevels` gave for this circuit
 */
export function criticalPath(circuit: Circuit, levels: Uint32Array): readonly number[] {
  const { faninOffsets, fanins } = circuit;
  const firstGate = 1 + circuit.inputCount;
  const deepest = (literals: Uint32Array): number => {
    let best = -1;
    for (const literal of literals) {
      const node = literal >>> 1;
      // At equal levels a gate beats an input, so that free inverters at the start are shown too.
      if (
        best < 0 ||
        (levels[node] ?? 0) > (levels[best] ?? 0) ||
        (levels[node] === levels[best] && best < firstGate)
      )
        best = node;
    }
    return best;
  };
  const path: number[] = [];
  for (let node = deepest(circuit.outputs); node >= firstGate; ) {
    const gate = node - firstGate;
    path.push(gate);
    node = deepest(fanins.subarray(faninOffsets[gate], faninOffsets[gate + 1]));
  }
  return path.reverse();
}
