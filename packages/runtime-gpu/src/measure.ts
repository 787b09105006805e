/** What WGSL leaves to the device, measured on the device at hand over random operands. */
import type { Gpu } from "./device";

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

/** Expressions as WGSL, and what they mean here. Emitted programs rely on the first four only: see decision 4. */
const CASES: readonly { readonly what: string; readonly wgsl: string; readonly meaning: Meaning }[] = [
  { what: "a + b", wgsl: "a + b", meaning: (a, b) => f(a + b) },
  { what: "a - b", wgsl: "a - b", meaning: (a, b) => f(a - b) },
  { what: "a * b", wgsl: "a * b", meaning: (a, b) => f(a * b) },
  {
    what: "subnormal sums kept",
    wgsl: "bitcast<f32>(bitcast<u32>(a) & 0x7fffffu) + bitcast<f32>(bitcast<u32>(b) & 0x7fffffu)",
    meaning: (a, b) => f(subnormal(a) + subnormal(b)),
  },
  { what: "a / b", wgsl: "a / b", meaning: (a, b) => f(a / b) },
  { what: "sqrt(|a|)", wgsl: "sqrt(abs(a))", meaning: (a) => f(Math.sqrt(Math.abs(a))) },
  { what: "a * b + c not fused", wgsl: "a * b + c", meaning: (a, b, c) => f(f(a * b) + c) },
  { what: "(a - b) + b not cancelled", wgsl: "(a - b) + b", meaning: (a, b) => f(f(a - b) + b) },
  { what: "a * b + a * c not factored", wgsl: "a * b + a * c", meaning: (a, b, c) => f(f(a * b) + f(a * c)) },
];

const words = new Float32Array(1);
const bits = new Uint32Array(words.buffer);
function subnormal(x: number): number {
  words[0] = x;
  bits[0]! &= 0x7fffff;
  return words[0]!;
}

/** One row for each expression; a text where there is no device. The same operands every time: sizes from 2^−50 to 2^50. */
export async function measureGpu(gpu: Gpu): Promise<readonly Measured[] | string> {
  const device = await gpu.open();
  if (typeof device === "string") return device;
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const operands = Float32Array.from(
    { length: TRIED * OPERANDS },
    () => (next() - 0.5) * 2 ** Math.floor(next() * 101 - 50),
  );
  const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const given = device.createBuffer({ size: operands.byteLength, usage: STORAGE | COPY_DST });
  const made = device.createBuffer({ size: TRIED * 4, usage: STORAGE | COPY_SRC });
  const read = device.createBuffer({ size: TRIED * 4, usage: MAP_READ | COPY_DST });
  device.queue.writeBuffer(given, 0, operands);
  const rows: Measured[] = [];
  for (const { what, wgsl, meaning } of CASES) {
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
      compute: { module: device.createShaderModule({ code }) },
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
    pass.dispatchWorkgroups(TRIED / 64);
    pass.end();
    encoder.copyBufferToBuffer(made, 0, read, 0, TRIED * 4);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ);
    const results = new Float32Array(read.getMappedRange());
    let differ = 0;
    for (let k = 0; k < TRIED; k++) {
      const [a, b, c] = operands.subarray(OPERANDS * k, OPERANDS * k + OPERANDS);
      if (!Object.is(results[k], meaning(a!, b!, c!))) differ++;
    }
    read.unmap();
    rows.push({ what, tried: TRIED, differ });
  }
  for (const b of [given, made, read]) b.destroy();
  return rows;
}
