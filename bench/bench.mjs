// `npm run bench`: Fathom on the CPU beside straightforward C (bench/c, gcc -O3 -march=native), in one run, as ratios. Both get
// the same inputs, and their outputs are compared: bit for bit, or within a tolerance where C sums from left to right and
// Fathom in its canonical order. Every program runs at two sizes, the larger without JavaScript. Words after `--` choose programs:
// `npm run bench -- life lstm`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { compileTask, randomValues } from "../packages/compiler/dist/index.js";
import { check } from "../packages/lang/dist/index.js";
import { loadModule } from "../packages/runtime/dist/index.js";

const here = import.meta.dirname;
const example = (name) => join(here, `../examples/${name}/${name}.fathom`);
const own = (name) => join(here, `fathom/${name}.fathom`);

/** `scale` shrinks inputs that would overflow; `within` is the tolerance, 0 where absent. */
const programs = [
  {
    name: "rule110",
    file: example("rule110"),
    task: "Rule110",
    sizes: { n: 1_000_000, T: 200 },
    large: { n: 16_000_000, T: 50 },
  },
  {
    name: "life",
    file: example("life"),
    task: "Life",
    sizes: { n: 1000, m: 1000, T: 100 },
    large: { n: 4096, m: 4096, T: 20 },
  },
  {
    name: "n-body",
    file: example("n-body"),
    task: "NBody",
    sizes: { n: 1000, T: 5 },
    large: { n: 4000, T: 2 },
    within: 1e-3,
  },
  {
    name: "matrix-product",
    file: example("matrix-product"),
    task: "MatrixProduct",
    sizes: { n: 400, m: 400, p: 400 },
    large: { n: 1000, m: 1000, p: 1000 },
    within: 1e-4,
  },
  {
    name: "edit-distance",
    file: example("edit-distance"),
    task: "EditDistance",
    sizes: { n: 4000, m: 4000 },
    large: { n: 12_000, m: 12_000 },
  },
  {
    name: "floyd-warshall",
    file: example("floyd-warshall"),
    task: "FloydWarshall",
    sizes: { n: 400 },
    large: { n: 1000 },
  },
  { name: "heat-3d", file: own("heat-3d"), task: "Heat", sizes: { n: 100, T: 50 }, large: { n: 250, T: 20 } },
  {
    name: "lstm",
    file: own("lstm"),
    task: "Lstm",
    sizes: { T: 100, d: 128, e: 64 },
    large: { T: 200, d: 512, e: 256 },
    within: 1e-3,
    scale: 0.1,
  },
  {
    name: "prefix-sum",
    file: example("prefix-sum"),
    task: "RunningSum",
    sizes: { n: 10_000_000 },
    large: { n: 50_000_000 },
  },
  {
    name: "permutations-s5",
    file: example("permutations-s5"),
    task: "PermutationWord",
    sizes: { n: 2_000_000 },
    large: { n: 10_000_000 },
  },
];

const folder = mkdtempSync(join(tmpdir(), "fathom-bench-"));
/** Processor time of this thread in ms: other work on the machine counts as little as it can. */
const now = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
/** The least average over turns of at least 60 ms: the clock is coarse. */
const least = (f, batches) => {
  let best = Number.POSITIVE_INFINITY;
  for (let k = 0; k < batches; k++) {
    const start = now();
    let [turns, took] = [0, 0];
    while (took < 60) {
      f();
      turns++;
      took = now() - start;
    }
    best = Math.min(best, took / turns);
  }
  return best;
};

/** The vectors of this machine, and those of 128 bits: all that WebAssembly has. */
const machines = [["-march=native"], ["-msse4.2"]];

function inC(name, sizes, inputs, bytes, machine) {
  const binary = join(folder, name);
  execFileSync("gcc", [
    "-O3",
    ...machine,
    "-ffp-contract=off",
    "-o",
    binary,
    join(here, `c/${name}.c`),
    "-lm",
  ]);
  const files = inputs.map(([family, data]) => {
    const path = join(folder, `${name}.${family}`);
    writeFileSync(path, data);
    return path;
  });
  const out = join(folder, `${name}.out`);
  const words = [bytes, out, ...Object.values(sizes), "--", ...files].map(String);
  const ms = Number(execFileSync(binary, words, { encoding: "utf8" }));
  return { ms, data: readFileSync(out) };
}

const chosen = process.argv.slice(2).filter((w) => !w.startsWith("-"));
console.log(
  `${cpus()[0].model.trim()}, Node ${process.version}, ${execFileSync("gcc", ["--version"], { encoding: "utf8" }).split("\n")[0]}`,
);
console.log(
  "program            sizes                   C native ms  C sse4.2 ms   WASM ms  /native  /sse4.2       JS ms  /native   text to first result: WASM, JS ms",
);
try {
  for (const program of programs) {
    const { name, file, task, within = 0, scale = 1 } = program;
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const text = readFileSync(file, "utf8");
    const compile = () => {
      const checked = check(file, text);
      return compileTask(
        checked,
        checked.tasks.find((t) => t.name.text === task),
      );
    };
    const { system } = compile();
    const valuesAt = (sizes) =>
      system.families
        .filter((f) => f.role === "input" || f.role === "param")
        .map((f) => {
          const { data } = randomValues(f, sizes, 1);
          return [f.name, f.type.kind === "real" && scale !== 1 ? data.map((x) => scale * (x - 0.5)) : data];
        });
    for (const sizes of [program.sizes, program.large]) {
      const small = sizes === program.sizes;
      const inputs = valuesAt(sizes);
      const options = { sizes, inputs: Object.fromEntries(inputs) };
      const few = Object.fromEntries(Object.keys(sizes).map((n) => [n, 3]));
      const tiny = { sizes: few, inputs: Object.fromEntries(valuesAt(few)) };
      const times = {};
      const first = {};
      let result;
      for (const target of small ? ["wasm", "js"] : ["wasm"]) {
        const start = performance.now();
        (await loadModule(compile(), target)).run(tiny);
        first[target] = performance.now() - start;
        const module = await loadModule(compile(), target);
        let outputs;
        const run = () => {
          outputs = module.run(options);
        };
        times[target] = least(run, target === "js" ? 2 : small ? 7 : 4);
        if (target === "wasm") result = Object.values(outputs)[0].data;
      }
      const [c, plain] = machines.map((machine) => inC(name, sizes, inputs, result.byteLength, machine));
      const theirs = new result.constructor(
        c.data.buffer.slice(c.data.byteOffset, c.data.byteOffset + result.byteLength),
      );
      const wrong = result.findIndex(
        (v, k) =>
          Math.abs(v - theirs[k]) > within * Math.max(1, Math.abs(v)) ||
          Number.isNaN(v) !== Number.isNaN(theirs[k]),
      );
      if (wrong >= 0)
        throw new Error(`${name} differs at ${wrong}: WASM ${result[wrong]}, C ${theirs[wrong]}`);
      const show = (x, width, digits) => (x === undefined ? "" : x.toFixed(digits)).padStart(width);
      const at = Object.entries(sizes)
        .map(([n, v]) => `${n}=${v}`)
        .join(" ");
      console.log(
        `${name.padEnd(18)} ${at.padEnd(24)} ${show(c.ms, 10, 2)} ${show(plain.ms, 10, 2)} ${show(times.wasm, 10, 2)}  ${show(times.wasm / c.ms, 7, 2)} ${show(times.wasm / plain.ms, 7, 2)}  ${show(times.js, 10, 1)}  ${show(small ? times.js / c.ms : undefined, 7, 2)}   ${show(first.wasm, 6, 0)} ${show(first.js, 6, 0)}`.trimEnd(),
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
