import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Circuit,
  circuitLevels,
  criticalPath,
  evaluateCircuit,
  GateKind,
  readCircuit,
} from "../src/index";

const data = resolve(import.meta.dirname, "../../../../shared/data/circuits");
const here = existsSync(data);
if (!here) console.warn(`${data} is absent: the tests on real circuits are skipped`);
const read = (path: string): Circuit => {
  const { circuit, diagnostics } = readCircuit(path, readFileSync(join(data, path)));
  expect(diagnostics).toEqual([]);
  return circuit!;
};
const text = (s: string) => new TextEncoder().encode(s);

/** Packs numbers, one a pattern, into words, one a wire; bit 0 of a number on the first wire. */
const spread = (numbers: readonly bigint[], width: number): number[] =>
  Array.from(
    { length: width },
    (_, i) => numbers.reduce((word, n, p) => word | (Number((n >> BigInt(i)) & 1n) << p), 0) >>> 0,
  );
const gather = (words: ArrayLike<number>, pattern: number): bigint =>
  Array.from(words).reduce((n, w, i) => n | (BigInt((w >>> pattern) & 1) << BigInt(i)), 0n);

/** Deterministic numbers below 2^width. */
function numbers(count: number, width: number, seed: number): bigint[] {
  let state = BigInt(seed) * 2n + 1n;
  return Array.from({ length: count }, () => {
    let n = 0n;
    for (let k = 0; k < width; k += 32) {
      state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
      n |= (state >> 32n) << BigInt(k);
    }
    return n & ((1n << BigInt(width)) - 1n);
  });
}

describe.skipIf(!here)("real circuits", () => {
  test("c6288 multiplies", () => {
    const c = read("iscas85/c6288.bench");
    const [a, b] = [numbers(32, 16, 1), numbers(32, 16, 2)];
    // The inputs are the two operands, least significant bit first; of the outputs the last two stand the other way round.
    const out = Array.from(evaluateCircuit(c, Uint32Array.from([...spread(a, 16), ...spread(b, 16)])));
    [out[30], out[31]] = [out[31]!, out[30]!];
    for (let p = 0; p < 32; p++) expect(gather(out, p)).toBe(a[p]! * b[p]!);
  });

  test.each([
    ["epfl/adder.aig", 128, (a: bigint, b: bigint) => a + b],
    ["epfl/multiplier.aig", 64, (a: bigint, b: bigint) => a * b],
    ["bristol/arith-mul-64-bit.txt", 64, (a: bigint, b: bigint) => a * b, true],
    ["bristol/arith-add-64-bit-truncated.txt", 64, (a: bigint, b: bigint) => (a + b) & ((1n << 64n) - 1n)],
  ])("%s computes", (path, width, meaning, halves = false) => {
    const c = read(path);
    const [a, b] = [numbers(32, width, 3), numbers(32, width, 4)];
    // `halves`: the high word of the product comes first.
    const out = Array.from(evaluateCircuit(c, Uint32Array.from([...spread(a, width), ...spread(b, width)])));
    for (let p = 0; p < 32; p++)
      expect(gather(halves ? [...out.slice(64), ...out.slice(0, 64)] : out, p)).toBe(meaning(a[p]!, b[p]!));
  });

  test("AES-128 encrypts the vector of FIPS-197, appendix C.1", () => {
    const c = read("bristol/aes-128.txt");
    const key = BigInt("0x000102030405060708090a0b0c0d0e0f");
    const plain = BigInt("0x00112233445566778899aabbccddeeff");
    const cipher = BigInt("0x69c4e0d86a7b0430d8cdb78070b4c55a");
    // This circuit takes the key first, bit 0 first, and gives the ciphertext bit 127 first.
    const out = evaluateCircuit(c, Uint32Array.from([...spread([key], 128), ...spread([plain], 128)]));
    expect(gather(Array.from(out).reverse(), 0)).toBe(cipher);
  });

  test("a wire called NaN is refused with its line", () => {
    const { circuit, diagnostics } = readCircuit(
      "nan.txt",
      readFileSync(join(data, "bristol/compare-eq-zero-128-bit-with-nan.txt")),
    );
    expect(circuit).toBeUndefined();
    expect(diagnostics[0]).toMatchObject({ code: "circuit-wire-number", line: 35 });
    expect(diagnostics[0]!.message).toContain("`NaN`");
  });

  test("every circuit's depth agrees with a count made on the text", () => {
    let compared = 0;
    for (const name of readdirSync(join(data, "iscas85")).filter((f) => f.endsWith(".bench"))) {
      const lines = readFileSync(join(data, "iscas85", name), "utf8").split("\n");
      const gates = new Map<string, { kind: string; args: string[] }>();
      const outputs: string[] = [];
      for (const line of lines) {
        const gate = /^\s*(\S+)\s*=\s*(\w+)\((.*)\)/.exec(line);
        if (gate) gates.set(gate[1]!, { kind: gate[2]!, args: gate[3]!.split(",").map((s) => s.trim()) });
        const output = /^OUTPUT\((.*)\)/.exec(line);
        if (output) outputs.push(output[1]!);
      }
      for (const freeInverters of [false, true]) {
        const memo = new Map<string, number>();
        const level = (wire: string): number => {
          const gate = gates.get(wire);
          if (gate === undefined) return 0;
          const known = memo.get(wire);
          if (known !== undefined) return known;
          const free = freeInverters && /^(NOT|BUFF?)$/.test(gate.kind);
          const found = Math.max(...gate.args.map(level)) + (free ? 0 : 1);
          memo.set(wire, found);
          return found;
        };
        const circuit = read(`iscas85/${name}`);
        expect(circuitLevels(circuit, { freeInverters }).depth, name).toBe(Math.max(...outputs.map(level)));
        compared++;
      }
    }
    for (const name of readdirSync(join(data, "bristol")).filter(
      (f) => f.endsWith(".txt") && !f.includes("nan"),
    )) {
      const rows = readFileSync(join(data, "bristol", name), "utf8")
        .split("\n")
        .map((l) => l.replace(/#.*/, "").trim())
        .filter((l) => l !== "")
        .map((l) => l.split(/\s+/));
      const wires = Number(rows[0]![1]);
      const outputs = rows[2]!
        .slice(1)
        .map(Number)
        .reduce((a, b) => a + b, 0);
      const level = new Array<number>(wires).fill(0);
      for (const row of rows.slice(3)) {
        const n = Number(row[0]);
        level[Number(row[2 + n])] = 1 + Math.max(...row.slice(2, 2 + n).map((w) => level[Number(w)]!));
      }
      expect(circuitLevels(read(`bristol/${name}`), { freeInverters: false }).depth, name).toBe(
        level.slice(wires - outputs).reduce((a, b) => Math.max(a, b), 0),
      );
      compared++;
    }
    expect(compared).toBeGreaterThan(15);
  });

  test("every AIGER file reads, latches and all", () => {
    const files = readdirSync(join(data, "aiger/examples"), { recursive: true })
      .map(String)
      .filter((f) => /\.(aag|aig)$/.test(f));
    const epfl = readdirSync(join(data, "epfl")).filter((f) => f.endsWith(".aig"));
    for (const f of files) read(`aiger/examples/${f}`);
    for (const f of epfl) read(`epfl/${f}`);
    expect(files.length + epfl.length).toBeGreaterThan(25);
    const toggle = read("aiger/examples/toggle.aag");
    expect(toggle.inputGroups.map((g) => [g.role, g.count])).toEqual([
      ["input", 0],
      ["state", 1],
    ]);
  });
});

const NAND = "INPUT(a)\nINPUT(b)\nOUTPUT(y)\ny = NAND(a, b)\n";

describe("malformed files are said to be so", () => {
  test.each([
    ["cycle", "INPUT(a)\nOUTPUT(y)\ny = AND(a, z)\nz = NOT(y)\n", "circuit-cycle"],
    ["undriven", "INPUT(a)\nOUTPUT(y)\ny = AND(a, b)\n", "circuit-undriven-wire"],
    ["twice", "INPUT(a)\nOUTPUT(y)\ny = NOT(a)\ny = BUF(a)\n", "circuit-driven-twice"],
    ["gate", "INPUT(a)\nOUTPUT(y)\ny = MAYBE(a)\n", "circuit-unknown-gate"],
    ["syntax", "INPUT(a\n", "circuit-syntax"],
    ["fan-in", "INPUT(a)\nOUTPUT(y)\ny = NOT(a, a)\n", "circuit-fan-in"],
  ])("%s", (_, source, code) => {
    const { circuit, diagnostics } = readCircuit("x.bench", text(source));
    expect(circuit).toBeUndefined();
    expect(diagnostics.map((d) => d.code)).toEqual([code]);
  });

  test("a header's claim allocates nothing", () => {
    expect(readCircuit("x.aig", text("aig 4000000000 1 0 1 3999999999\n")).diagnostics[0]?.code).toBe(
      "circuit-too-large",
    );
    expect(readCircuit("x.aag", text("aag 3 1 0 1 2\n2\n6\n4 2 2\n")).diagnostics[0]?.code).toBe(
      "circuit-truncated",
    );
    expect(readCircuit("x.doc", text("hello")).diagnostics[0]?.code).toBe("circuit-unknown-format");
  });

  test("random edits of real text never throw", () => {
    const seeds: [string, Uint8Array][] = [
      ["a.bench", text(NAND)],
      ["a.aag", text("aag 3 2 0 1 1\n2\n4\n6\n6 2 5\ni0 x\nc\nhi\n")],
      ["a.txt", text("2 5\n2 1 1\n1 1\n\n2 1 0 1 3 XOR\n1 1 3 4 INV\n")],
      ["a.aig", new Uint8Array([...text("aig 3 2 0 1 1\n6\n"), 2, 2])],
    ];
    for (const [name, bytes] of seeds) expect(readCircuit(name, bytes).diagnostics, name).toEqual([]);
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
        fc.nat(60),
        ([name, bytes], edits, cut) => {
          const broken = bytes.slice(0, Math.max(1, bytes.length - (cut % 12)));
          for (const [at, byte] of edits) broken[at % broken.length] = byte;
          const { circuit, diagnostics } = readCircuit(name, broken);
          expect(circuit === undefined).toBe(diagnostics.length > 0);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

test("levels, a longest path and 32 patterns at a time", () => {
  const { circuit } = readCircuit(
    "x.bench",
    text("INPUT(a)\nINPUT(b)\nOUTPUT(s)\nn = NAND(a, b)\nx = NAND(a, n)\ny = NAND(n, b)\ns = NAND(x, y)\n"),
  );
  const levels = circuitLevels(circuit!, { freeInverters: false });
  expect(levels).toMatchObject({ depth: 3, work: 4, width: 2 });
  expect(criticalPath(circuit!, levels.levels)).toHaveLength(3);
  expect(circuit!.kinds.every((k) => k === GateKind.nand)).toBe(true);
  expect(Array.from(evaluateCircuit(circuit!, Uint32Array.of(0b0011, 0b0101)))).toEqual([0b0110]);
});

test("200,000 gates load and level", () => {
  const lines = ["INPUT(w0)", "INPUT(w1)", "OUTPUT(w200001)"];
  for (let g = 2; g < 200_002; g++) lines.push(`w${g} = NAND(w${g - 1}, w${Math.floor(g / 2)})`);
  const started = performance.now();
  const { circuit } = readCircuit("big.bench", text(lines.join("\n")));
  expect(circuitLevels(circuit!, { freeInverters: false }).depth).toBe(200_000);
  console.log(`200,000 gates read and levelled in ${Math.round(performance.now() - started)} ms`);
});
