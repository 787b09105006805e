/** A circuit file as inputs of `std/hardness/circuit-patterns`: gates of two operands, each its polynomial over GF(2). */
import type { Sizes } from "@fathom/compiler";
import { type Circuit, GateKind } from "@fathom/importers";

export interface CircuitInputs {
  readonly sizes: Sizes;
  readonly inputs: Readonly<Record<string, Uint8Array | Int32Array>>;
}

/** A wire, or its negation: `2 * wire + 1`. */
type Literal = number;

const negatedKinds: ReadonlySet<number> = new Set([
  GateKind.nand,
  GateKind.nor,
  GateKind.xnor,
  GateKind.not,
  GateKind.coverNot,
]);

/** `patterns`: rows of the circuit's inputs, 0 or 1 each. */
export function circuitInputs(circuit: Circuit, patterns: readonly ArrayLike<number>[]): CircuitInputs {
  const { inputCount: n, gateCount, kinds, faninOffsets, fanins, outputs } = circuit;
  const a: number[] = [];
  const b: number[] = [];
  const c: number[] = [];
  /** A gate `op` of two literals: their marks go into its polynomial. */
  const gate = (op: "and" | "xor", left: Literal, right: Literal): Literal => {
    const [p, q] = [left & 1, right & 1];
    a.push(left >> 1);
    b.push(right >> 1);
    // (a + p)(b + q) = pq + q a + p b + a b; a + p + b + q.
    c.push(...(op === "and" ? [p & q, q, p, 1] : [p ^ q, 1, 1, 0]));
    return 2 * (n + a.length);
  };
  /** Balanced, so that wide gates stay shallow; `empty` where there is no operand. */
  const tree = (op: "and" | "xor", literals: readonly Literal[], empty: Literal): Literal => {
    let level = [...literals];
    if (level.length === 0) return empty;
    while (level.length > 1)
      level = level.flatMap((x, k) =>
        k % 2 === 1 ? [] : k + 1 < level.length ? [gate(op, x, level[k + 1]!)] : [x],
      );
    return level[0]!;
  };
  const and = (all: readonly Literal[]): Literal => tree("and", all, 1);
  const or = (all: readonly Literal[]): Literal => and(all.map((x) => x ^ 1)) ^ 1;
  /** What each node of the circuit became. */
  const made: Literal[] = Array.from({ length: n + 1 }, (_, k) => 2 * k);
  const literal = (l: number): Literal => made[l >> 1]! ^ (l & 1);
  for (let g = 0; g < gateCount; g++) {
    const kind = kinds[g]!;
    const operands = Array.from(fanins.subarray(faninOffsets[g], faninOffsets[g + 1]), literal);
    const value = (): Literal => {
      switch (kind) {
        case GateKind.and:
        case GateKind.nand:
          return and(operands);
        case GateKind.or:
        case GateKind.nor:
          return or(operands);
        case GateKind.xor:
        case GateKind.xnor:
          return tree("xor", operands, 0);
        case GateKind.cover:
        case GateKind.coverNot: {
          const cubes = circuit.cubes!.subarray(circuit.cubeOffsets![g], circuit.cubeOffsets![g + 1]);
          const width = operands.length;
          const rows = width === 0 ? cubes.length : cubes.length / width;
          return or(
            Array.from({ length: rows }, (_, r) =>
              and(
                operands.flatMap((x, k) => {
                  const mark = cubes[r * width + k]!;
                  return mark === 2 ? [] : [x ^ (mark === 0 ? 1 : 0)];
                }),
              ),
            ),
          );
        }
        default:
          return operands[0]!;
      }
    };
    made.push(value() ^ (negatedKinds.has(kind) ? 1 : 0));
  }
  const leaving = Array.from(outputs, literal);
  const P = patterns.length;
  const x = new Uint8Array(n * P);
  patterns.forEach((row, p) => {
    for (let i = 0; i < n; i++) x[i * P + p] = row[i]!;
  });
  return {
    sizes: { n, m: a.length, q: leaving.length, P },
    inputs: {
      x,
      a: Int32Array.from(a),
      b: Int32Array.from(b),
      c: Uint8Array.from(c),
      wire: Int32Array.from(leaving, (l) => l >> 1),
      negated: Uint8Array.from(leaving, (l) => l & 1),
    },
  };
}
