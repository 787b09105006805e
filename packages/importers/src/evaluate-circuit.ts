import { type Circuit, GateKind } from "./circuit";

/**
 * Prepares a circuit for many evaluations: the returned function takes one 32-bit word for each input, bit p of which is
 * the input's value in pattern p, and gives one word for each output. It reuses its memory between calls; the outputs are a
 * new array each time.
 *
 * @throws RangeError when the number of words is not the number of inputs
 */
export function circuitEvaluator(circuit: Circuit): (inputs: Uint32Array) => Uint32Array {
  const { inputCount, gateCount, kinds, faninOffsets, fanins, outputs } = circuit;
  // Both polarities of every node, so that reading a literal is one load: values[2n] is node n, values[2n + 1] its negation.
  const values = new Int32Array(2 * (1 + inputCount + gateCount));
  values[1] = -1;
  return (inputs) => {
    if (inputs.length !== inputCount) {
      throw new RangeError(`expected ${inputCount} words, one for each input, found ${inputs.length}`);
    }
    for (let input = 0; input < inputCount; input++) {
      const word = (inputs[input] ?? 0) | 0;
      values[2 * input + 2] = word;
      values[2 * input + 3] = ~word;
    }
    let target = 2 * inputCount + 2;
    let edge = 0;
    for (let gate = 0; gate < gateCount; gate++, target += 2) {
      const end = faninOffsets[gate + 1] ?? 0;
      const kind = kinds[gate];
      let value = values[fanins[edge] ?? 0] ?? 0;
      switch (kind) {
        case GateKind.and:
        case GateKind.nand:
          for (let at = edge + 1; at < end; at++) value &= values[fanins[at] ?? 0] ?? 0;
          break;
        case GateKind.or:
        case GateKind.nor:
          for (let at = edge + 1; at < end; at++) value |= values[fanins[at] ?? 0] ?? 0;
          break;
        case GateKind.xor:
        case GateKind.xnor:
          for (let at = edge + 1; at < end; at++) value ^= values[fanins[at] ?? 0] ?? 0;
          break;
        case GateKind.cover:
        case GateKind.coverNot:
          value = coverValue(circuit, gate, values);
          break;
        default:
          break; // NOT and BUF have one operand.
      }
      if (inverts[kind ?? 0] === 1) value = ~value;
      values[target] = value;
      values[target + 1] = ~value;
      edge = end;
    }
    return Uint32Array.from(outputs, (literal) => values[literal] ?? 0);
  };
}

const inverts = new Uint8Array(Object.keys(GateKind).length);
for (const kind of [GateKind.nand, GateKind.nor, GateKind.xnor, GateKind.not, GateKind.coverNot])
  inverts[kind] = 1;

/** A sum of products: the OR over the cubes of the AND of their literals. */
function coverValue(
  { faninOffsets, fanins, cubeOffsets, cubes }: Circuit,
  gate: number,
  values: Int32Array,
): number {
  const first = faninOffsets[gate] ?? 0;
  const arity = (faninOffsets[gate + 1] ?? 0) - first;
  const end = cubeOffsets?.[gate + 1] ?? 0;
  let sum = 0;
  for (let cube = cubeOffsets?.[gate] ?? 0; cube < end; cube += arity) {
    let product = -1;
    for (let operand = 0; operand < arity; operand++) {
      const entry = cubes?.[cube + operand] ?? 2;
      if (entry !== 2) product &= values[(fanins[first + operand] ?? 0) ^ (entry === 1 ? 0 : 1)] ?? 0;
    }
    sum |= product;
  }
  return sum;
}

/**
 * Evaluates 32 patterns at once: `inputs` has one word for each input, the result one for each output; bit p of every
 * word belongs to pattern p. For many calls keep the function that `circuitEvaluator` gives.
 *
 * @throws RangeError when the number of words is not the number of inputs
 */
export function evaluateCircuit(circuit: Circuit, inputs: Uint32Array): Uint32Array {
  return circuitEvaluator(circuit)(inputs);
}
