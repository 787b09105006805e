// `npm run bench`: emitted JavaScript beside a loop that a person would write, in one run, as ratios; and unrolling.
import { readFileSync } from "node:fs";
import { compileTask, emitJs, randomValues, unroll } from "../packages/compiler/dist/index.js";
import { check } from "../packages/lang/dist/index.js";

const best = (f) => {
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < 5; k++) {
    const start = performance.now();
    f();
    least = Math.min(least, performance.now() - start);
  }
  return least;
};

async function emitted(example, name, sizes) {
  const text = readFileSync(new URL(`../examples/${example}/${example}.fathom`, import.meta.url), "utf8");
  const program = check(example, text);
  const start = performance.now();
  const compiled = compileTask(
    program,
    program.tasks.find((t) => t.name.text === name),
  );
  const { js } = emitJs(compiled.system, { unproved: compiled.unproved });
  const compile = performance.now() - start;
  const module = await import(`data:text/javascript;base64,${Buffer.from(js).toString("base64")}`);
  const inputs = Object.fromEntries(
    compiled.system.families
      .filter((f) => f.role === "input" || f.role === "param")
      .map((f) => [f.name, randomValues(f, sizes, 1).data]),
  );
  return { run: () => module.run({ sizes, inputs }), inputs, compile, system: compiled.system };
}

const rivals = [
  {
    example: "rule110",
    task: "Rule110",
    sizes: { n: 100_000, T: 200 },
    rival: ({ start }, { n, T }) => {
      let [a, b] = [Uint8Array.from(start), new Uint8Array(n)];
      for (let t = 0; t < T; t++) {
        for (let i = 0; i < n; i++) {
          const [l, c, r] = [a[i === 0 ? n - 1 : i - 1], a[i], a[i === n - 1 ? 0 : i + 1]];
          b[i] = (c | r) & (1 - (l & c & r));
        }
        [a, b] = [b, a];
      }
    },
  },
  {
    example: "edit-distance",
    task: "EditDistance",
    sizes: { n: 2000, m: 2000 },
    rival: ({ a, b }, { n, m }) => {
      let previous = Int32Array.from({ length: m + 1 }, (_, j) => j);
      for (let i = 1; i <= n; i++) {
        const row = new Int32Array(m + 1);
        row[0] = i;
        for (let j = 1; j <= m; j++)
          row[j] = Math.min(
            previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1),
            Math.min(previous[j], row[j - 1]) + 1,
          );
        previous = row;
      }
    },
  },
  {
    example: "matrix-product",
    task: "MatrixProduct",
    sizes: { n: 200, m: 200, p: 200 },
    rival: ({ a, b }, { n, m, p }) => {
      const c = new Float32Array(n * m);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < m; j++) {
          let s = 0;
          for (let k = 0; k < p; k++) s = Math.fround(s + Math.fround(a[i * p + k] * b[k * m + j]));
          c[i * m + j] = s;
        }
    },
  },
];

console.log("program            emitted ms   hand-written ms   ratio   compile ms");
for (const { example, task, sizes, rival } of rivals) {
  const { run, inputs, compile } = await emitted(example, task, sizes);
  const [ours, theirs] = [best(run), best(() => rival(inputs, sizes))];
  console.log(
    `${example.padEnd(18)} ${ours.toFixed(1).padStart(10)}   ${theirs.toFixed(1).padStart(15)}   ${(ours / theirs).toFixed(2).padStart(5)}   ${compile.toFixed(1).padStart(10)}`,
  );
}
const { system } = await emitted("rule110", "Rule110", { n: 3, T: 1 });
const start = performance.now();
const unrolled = unroll(system, { n: 10_000, T: 1000 }, { model: "steps" });
console.log(
  `unrolling ${unrolled.result.instances.toLocaleString("en-US")} instances: ${((performance.now() - start) / 1000).toFixed(1)} s, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`,
);
