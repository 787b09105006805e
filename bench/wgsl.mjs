// Fathom on a GPU beside WGSL written by hand (bench/wgsl), in one run, as ratios. Both get the same inputs, their outputs are compared, and pipelines are
// warm; what counts is from each submit until the device has computed. On a software device that is processor time of this
// process, else time on the clock. Words after `--` choose programs.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { compileTask, planGpu, randomValues } from "../packages/compiler/dist/index.js";
import { check } from "../packages/lang/dist/index.js";
import { findGpu, isSoftware, runOnGpu } from "../packages/runtime-gpu/dist/index.js";

const here = import.meta.dirname;
const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (process.env.VK_ICD_FILENAMES === undefined && existsSync(driver)) {
  process.env.VK_ICD_FILENAMES = driver;
  process.env.XDG_RUNTIME_DIR ??= join(tmpdir(), "fathom-gpu-bench");
  mkdirSync(process.env.XDG_RUNTIME_DIR, { recursive: true, mode: 0o700 });
}

const example = (name) => readFileSync(join(here, `../examples/${name}/${name}.fathom`), "utf8");
const [WIDTH, STEPS, SIDE, LENGTH, OPERANDS, BODIES] = [2 ** 20, 100, 256, 2 ** 20, 2 ** 22, 1024];

/**
 * `buffers`: byte lengths, or inputs; `steps`: what to dispatch, with which buffers bound; `result`: which buffer holds the output, and how it
 * compares. `within`: relative, where the order of sums differs.
 */
const programs = [
  {
    name: "rule110",
    text: example("rule110"),
    task: "Rule110",
    sizes: { n: WIDTH, T: STEPS },
    within: 0,
    rival({ start }) {
      const words = new Uint32Array(WIDTH / 32);
      start.forEach((bit, i) => {
        words[i >> 5] |= bit << (i & 31);
      });
      return {
        buffers: [words, words.byteLength],
        constants: { n: WIDTH / 32 },
        steps: Array.from({ length: STEPS }, (_, t) => ["main", [t % 2, 1 - (t % 2)], WIDTH / 32 / 64]),
        result: STEPS % 2,
        read: (bytes) => {
          const found = new Uint32Array(bytes);
          return Uint8Array.from({ length: WIDTH }, (_, i) => (found[i >> 5] >>> (i & 31)) & 1);
        },
      };
    },
  },
  {
    name: "matrix-product",
    text: example("matrix-product"),
    task: "MatrixProduct",
    sizes: { n: SIDE, m: SIDE, p: SIDE },
    within: 1e-4,
    rival: ({ a, b }) => ({
      buffers: [a, b, a.byteLength],
      constants: { n: SIDE },
      steps: [["main", [0, 1, 2], SIDE / 64, SIDE / 64]],
      result: 2,
      read: (bytes) => new Float32Array(bytes),
    }),
  },
  {
    name: "scan",
    text: "task Scan(n: size) where n >= 1 { input x[i: 0..n]: int\n node s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }\n output y[i: 0..n] = s[i] }",
    task: "Scan",
    sizes: { n: LENGTH },
    within: 0,
    rival: ({ x }) => ({
      buffers: [x, x.byteLength, (4 * LENGTH) / 4096],
      constants: { blocks: LENGTH / 4096 },
      steps: [
        ["scanBlocks", [0, 1, 2], LENGTH / 4096],
        ["scanTotals", [0, 1, 2], 1],
        ["addTotals", [0, 1, 2], LENGTH / 4096],
      ],
      result: 1,
      read: (bytes) => new Int32Array(bytes),
    }),
  },
  {
    name: "reduction",
    text: "task Sum(n: size) { input x[i: 0..n]: real\n output s = sum[i: 0..n] x[i] }",
    task: "Sum",
    sizes: { n: OPERANDS },
    within: 1e-4,
    rival: ({ x }) => ({
      buffers: [x, OPERANDS / 4096, 4],
      constants: { n: OPERANDS },
      steps: [
        ["main", [0, 1], OPERANDS / 16384],
        ["main", [1, 2], 1, 1, { n: OPERANDS / 16384 }],
      ],
      result: 2,
      read: (bytes) => new Float32Array(bytes),
    }),
  },
  {
    name: "n-body",
    text: example("n-body"),
    task: "NBody",
    sizes: { n: BODIES, T: 2 },
    within: 1e-3,
    rival({ mass, x0, v0, dt, soft }) {
      const four = (of, last) =>
        Float32Array.from({ length: 4 * BODIES }, (_, k) =>
          k % 4 === 3 ? last(k >> 2) : of[3 * (k >> 2) + (k % 4)],
        );
      const groups = BODIES / 64;
      const all = [0, 1, 2];
      return {
        buffers: [four(x0, (i) => mass[i]), four(v0, () => 0), 16 * BODIES],
        constants: { n: BODIES, dt: dt[0], soft: soft[0], kick: dt[0] },
        steps: Array.from({ length: 2 }, (_, t) => [
          ["forces", all, groups],
          ["kicks", all, groups, 1, t === 0 ? { kick: 0.5 * dt[0] } : {}],
          ["drifts", all, groups],
        ]).flat(),
        result: 0,
        read: (bytes) => new Float32Array(bytes).filter((_, k) => k % 4 !== 3),
      };
    },
  },
];

const gpu = findGpu();
const device = await gpu.open();
if (typeof device === "string") {
  console.log(`no GPU: ${device}`);
  process.exit(0);
}
const software = isSoftware(device);
const now = () => {
  if (!software) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Milliseconds of one run after another, the outputs of the last. */
async function byHand({ buffers, constants, steps, result, read }, code) {
  const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const module = device.createShaderModule({ code });
  const pipelines = new Map();
  const made = buffers.map((b) =>
    device.createBuffer({
      size: typeof b === "number" ? b : b.byteLength,
      usage: STORAGE | COPY_DST | COPY_SRC,
    }),
  );
  const known = new Set([...code.matchAll(/override (\w+)/g)].map((m) => m[1]));
  for (const [entry, , , , own] of steps) {
    const key = entry + JSON.stringify(own);
    if (pipelines.has(key)) continue;
    const all = Object.fromEntries(Object.entries({ ...constants, ...own }).filter(([k]) => known.has(k)));
    pipelines.set(
      key,
      await device.createComputePipelineAsync({
        layout: "auto",
        compute: { module, entryPoint: entry, constants: all },
      }),
    );
  }
  const used = (entry) => {
    const text = code.slice(code.indexOf(`fn ${entry}(`));
    const body = text.slice(0, text.indexOf("\n}"));
    return [...code.matchAll(/@binding\((\d)\) var<[^>]*> (\w+)/g)]
      .filter(([, , name]) => new RegExp(`(?<![.\\w])${name}\\b`).test(body))
      .map(([, binding]) => Number(binding));
  };
  const calls = steps.map(([entry, bound, x, y = 1, own]) => {
    const pipeline = pipelines.get(entry + JSON.stringify(own));
    const entries = used(entry).map((b) => ({ binding: b, resource: { buffer: made[bound[b]] } }));
    return {
      pipeline,
      group: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }),
      x,
      y,
    };
  });
  const staging = device.createBuffer({ size: made[result].size, usage: MAP_READ | COPY_DST });
  return async () => {
    buffers.forEach((b, k) => {
      if (typeof b !== "number") device.queue.writeBuffer(made[k], 0, b);
    });
    await device.queue.onSubmittedWorkDone();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, x, y } of calls) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y);
    }
    pass.end();
    const commands = encoder.finish();
    const started = now();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    const ms = now() - started;
    const copy = device.createCommandEncoder();
    copy.copyBufferToBuffer(made[result], 0, staging, 0, staging.size);
    device.queue.submit([copy.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const data = read(staging.getMappedRange().slice(0));
    staging.unmap();
    return { ms, data };
  };
}

const chosen = process.argv.slice(2).filter((w) => !w.startsWith("-"));
const { description, vendor, architecture } = device.adapterInfo;
console.log(
  `${description || `${vendor} ${architecture}`}${software ? ", a software device: processor time" : ""}; load average ${loadavg()[0].toFixed(1)}`,
);
console.log("program            sizes                      by hand ms   Fathom ms    ratio");
/** Runs by hand and by Fathom take turns; the ratio is the median of those of neighbours. */
const RUNS = 15;
const median = (all) => all.toSorted((a, b) => a - b)[all.length >> 1];
for (const { name, text, task, sizes, within, rival } of programs) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const checked = check(name, text);
  const { system, unproved } = compileTask(
    checked,
    checked.tasks.find((t) => t.name.text === task),
  );
  const inputs = new Map(
    system.families
      .filter((f) => f.role === "input" || f.role === "param")
      .map((f) => [f.name, randomValues(f, sizes, 1)]),
  );
  const { program } = planGpu(system, { unproved });
  const ours = async () => {
    let [ms, started] = [0, 0];
    const onSubmit = (phase) => {
      if (phase === "before") started = now();
      else ms += now() - started;
    };
    const { values, diagnostics } = await runOnGpu(program, { gpu, sizes, inputs, onSubmit });
    if (diagnostics.length > 0) throw new Error(diagnostics[0].message);
    return { ms, data: values.get(system.families.find((f) => f.role === "output").name).data };
  };
  const flat = Object.fromEntries([...inputs].map(([n, v]) => [n, v.data]));
  const theirs = await byHand(rival(flat), readFileSync(join(here, `wgsl/${name}.wgsl`), "utf8"));
  const times = [];
  for (let run = 0; run <= RUNS; run++) {
    const first = run % 2 === 0 ? await theirs() : await ours();
    const second = run % 2 === 0 ? await ours() : await theirs();
    const [a, b] = run % 2 === 0 ? [first, second] : [second, first];
    const wrong = b.data.findIndex((v, k) => Math.abs(v - a.data[k]) > within * Math.max(1, Math.abs(v)));
    if (wrong >= 0 || a.data.length !== b.data.length)
      throw new Error(`${name} differs at ${wrong}: Fathom ${b.data[wrong]}, by hand ${a.data[wrong]}`);
    if (run === 0) continue;
    times.push([a.ms, b.ms]);
  }
  const at = Object.entries(sizes)
    .map(([n, v]) => `${n}=${v}`)
    .join(" ");
  console.log(
    `${name.padEnd(18)} ${at.padEnd(26)} ${median(times.map((t) => t[0]))
      .toFixed(2)
      .padStart(10)} ${median(times.map((t) => t[1]))
      .toFixed(2)
      .padStart(11)} ${median(times.map(([a, b]) => b / a))
      .toFixed(2)
      .padStart(8)}`,
  );
}
gpu.close();
