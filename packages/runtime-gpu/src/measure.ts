/** What WGSL leaves to the device, measured on the device at hand. */
import type { OwnRounding } from "@fathom/compiler";
import type { Gpu } from "./device";

/** What a device was seen to do in one kind of operation. */
export interface Measured {
  readonly what: string;
  readonly tried: number;
  /** How many results differ from binary32 arithmetic rounded to nearest. */
  readonly differ: number;
}

type Meaning = (a: number, b: number, c: number) => number;
const f = Math.fround;
const TRIED = 2 ** 16;
const OPERANDS = 3;

interface Case {
  readonly what: string;
  readonly wgsl: string;
  readonly meaning: Meaning;
}

const QUOTIENT: Case = { what: "a / b", wgsl: "a / b", meaning: (a, b) => f(a / b) };
const ROOT: Case = { what: "sqrt(|a|)", wgsl: "sqrt(abs(a))", meaning: (a) => f(Math.sqrt(Math.abs(a))) };
const SUBNORMAL: Case = {
  what: "subnormal sums kept",
  wgsl: "bitcast<f32>(bitcast<u32>(a) & 0x7fffffu) + bitcast<f32>(bitcast<u32>(b) & 0x7fffffu)",
  meaning: (a, b) => f(subnormal(a) + subnormal(b)),
};

/** Emitted programs rely on the first four, and on quotients and roots where `ownRounding` allows: see decision 4. */
const CASES: readonly Case[] = [
  { what: "a + b", wgsl: "a + b", meaning: (a, b) => f(a + b) },
  { what: "a - b", wgsl: "a - b", meaning: (a, b) => f(a - b) },
  { what: "a * b", wgsl: "a * b", meaning: (a, b) => f(a * b) },
  SUBNORMAL,
  QUOTIENT,
  ROOT,
  { what: "a * b + c not fused", wgsl: "a * b + c", meaning: (a, b, c) => f(f(a * b) + c) },
  { what: "(a - b) + b not cancelled", wgsl: "(a - b) + b", meaning: (a, b) => f(f(a - b) + b) },
  { what: "a * b + a * c not factored", wgsl: "a * b + a * c", meaning: (a, b, c) => f(f(a * b) + f(a * c)) },
];

const words = new Float32Array(1);
const bits = new Uint32Array(words.buffer);
function fromBits(word: number): number {
  bits[0] = word;
  return words[0]!;
}
function subnormal(x: number): number {
  words[0] = x;
  return fromBits(bits[0]! & 0x7fffff);
}

/** Uniform in [0, 1); the same every time. */
function numbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The results of an expression for each three operands. */
async function evaluate(device: GPUDevice, operands: Float32Array, wgsl: string): Promise<Float32Array> {
  const count = operands.length / OPERANDS;
  const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const given = device.createBuffer({ size: operands.byteLength, usage: STORAGE | COPY_DST });
  const made = device.createBuffer({ size: count * 4, usage: STORAGE | COPY_SRC });
  const read = device.createBuffer({ size: count * 4, usage: MAP_READ | COPY_DST });
  try {
    device.queue.writeBuffer(given, 0, operands as GPUAllowSharedBufferSource);
    const code = `@group(0) @binding(0) var<storage> X: array<f32>;
@group(0) @binding(1) var<storage, read_write> Y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = X[3 * id.x];
  let b = X[3 * id.x + 1];
  let c = X[3 * id.x + 2];
  Y[id.x] = ${wgsl};
}`;
    const pipeline = await device.createComputePipelineAsync({
      layout: "auto",
      compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
    });
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: given } },
        { binding: 1, resource: { buffer: made } },
      ],
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(count / 64);
    pass.end();
    encoder.copyBufferToBuffer(made, 0, read, 0, count * 4);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ);
    return new Float32Array(read.getMappedRange()).slice();
  } finally {
    for (const b of [given, made, read]) b.destroy();
  }
}

/** Counts results that are not what they mean; `counts` says which operands and meanings are looked at. */
async function differences(
  device: GPUDevice,
  operands: Float32Array,
  { wgsl, meaning }: Case,
  counts: (a: number, b: number, meant: number) => boolean = () => true,
): Promise<number> {
  const results = await evaluate(device, operands, wgsl);
  let differ = 0;
  for (let k = 0; k < results.length; k++) {
    const at = OPERANDS * k;
    const [a, b, c] = [operands[at]!, operands[at + 1]!, operands[at + 2]!];
    const meant = meaning(a, b, c);
    if (counts(a, b, meant) && !Object.is(results[k], meant)) differ++;
  }
  return differ;
}

/** One row for each expression; a text where there is no device. The same operands every time: sizes from 2^−50 to 2^50. */
export async function measureGpu(gpu: Gpu): Promise<readonly Measured[] | string> {
  const device = await gpu.open();
  if (typeof device === "string") return device;
  const next = numbers();
  const operands = Float32Array.from(
    { length: TRIED * OPERANDS },
    () => (next() - 0.5) * 2 ** Math.floor(next() * 101 - 50),
  );
  const rows: Measured[] = [];
  for (const one of CASES)
    rows.push({ what: one.what, tried: TRIED, differ: await differences(device, operands, one) });
  return rows;
}

const known = new WeakMap<GPUDevice, Promise<OwnRounding>>();

/**
 * Tries quotients and roots once for each device: zeros, infinities and the ends of the range with each other, quotients as near to a tie as there
 * are, and operands of all sizes. Subnormal ones count only where the device keeps them in sums: else no program can rely on them.
 */
export function ownRounding(device: GPUDevice): Promise<OwnRounding> {
  const before = known.get(device);
  if (before !== undefined) return before;
  const found = tryOwnRounding(device);
  known.set(device, found);
  return found;
}

async function tryOwnRounding(device: GPUDevice): Promise<OwnRounding> {
  const operands = hardOperands();
  const kept = (await differences(device, operands, SUBNORMAL)) === 0;
  const tiny = (x: number) => x !== 0 && Math.abs(x) < 2 ** -126;
  // A quotient that is rounded up to the least normal number was below it before.
  const counts = (a: number, b: number, meant: number) =>
    kept || !(tiny(a) || tiny(b) || tiny(meant) || Math.abs(meant) === 2 ** -126);
  return {
    quotients: (await differences(device, operands, QUOTIENT, counts)) === 0,
    roots: (await differences(device, operands, ROOT, counts)) === 0,
  };
}

const SPECIAL = [
  0, 1, 2, 0x7fffff, 0x800000, 0x800001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x4b7fffff, 0x7e800000,
  0x7f7fffff, 0x7f800000, 0x7fc00000,
].flatMap((word) => [fromBits(word), -fromBits(word)]);

function hardOperands(): Float32Array {
  const next = numbers();
  const word = () => Math.floor(next() * 2 ** 32) >>> 0;
  const all: number[] = [];
  for (const a of SPECIAL) for (const b of SPECIAL) all.push(a, b, 0);
  while (all.length < (TRIED / 2) * OPERANDS) {
    // 2^25 a = k b ± 1 for an odd k: a / b lies beside the middle of two numbers, as near as can be.
    const b = 2 ** 23 + 1 + 2 * Math.floor(next() * 2 ** 22);
    let inverse = 1;
    for (let k = 0; k < 25; k++) inverse = (inverse % 2 === 0 ? inverse : inverse + b) / 2;
    for (const a of [inverse, b - inverse]) if (a >= 2 ** 23) all.push(a, b, 0);
  }
  while (all.length < TRIED * OPERANDS) all.push(fromBits(word()), fromBits(word()), 0);
  return Float32Array.from(all).subarray(0, TRIED * OPERANDS);
}
