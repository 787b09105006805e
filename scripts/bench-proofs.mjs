// What an analysis costs, beside unrolling the same graphs: every task of corpus/depth, the kernels of recurrences where they
// are there, and models of 2 and 50 layers. Nothing is remembered between rounds: each has names of its own, and all but the
// last only warm up. `proof`: depth in one model. `all`: checks, depth, work, width, levels in both models, and the verdict.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import {
  compileTask,
  FormsMemo,
  formsOf,
  judgementOf,
  proveDepth,
  unroll,
} from "../packages/compiler/dist/index.js";
import { check } from "../packages/lang/dist/index.js";
import { kernelToFathom } from "../packages/testing/src/kernel-to-fathom.ts";

const ROUNDS = 5;
const corpus = new URL("../corpus/depth/", import.meta.url);
const recurrences = new URL("../../shared/data/span/kernels.json", import.meta.url);

const middle = (xs) => xs.toSorted((a, b) => a - b)[Math.floor(xs.length / 2)];
const timed = (f) => {
  const begin = performance.now();
  const made = f();
  return [performance.now() - begin, made];
};
const ms = (x) => `${x < 10 ? x.toFixed(1) : x.toFixed(0)} ms`;

/** Measures programs, given as text for each round; a task that is not the last of its file is measured too where `every`. */
function measure(title, programs, every = false) {
  let rows = [];
  let processor = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) {
    processor = process.cpuUsage();
    rows = programs.flatMap(({ name, text }) => {
      const read = check(name, text(round));
      const tasks = every ? read.tasks : read.tasks.slice(-1);
      return tasks.map((task) => {
        const [compiling, compiled] = timed(() => compileTask(read, task));
        const { system } = compiled;
        const proofs = ["steps", "ops"].map((model) => timed(() => proveDepth(system, model)));
        const [others] = timed(() => formsOf(system, new FormsMemo()));
        const [judging] = timed(() => judgementOf(compiled));
        const sizes = Object.fromEntries(system.sizes.map((s) => [s.name, s.name.startsWith("L") ? 6 : 24]));
        const [graph, unrolled] = timed(() => unroll(system, sizes, { model: "steps", limit: 500_000 }));
        return {
          name: `${name} ${task.name.text}`,
          proofs: proofs.map(([t]) => t),
          proved: proofs.filter(([, p]) => p.depth.exact?.standing.kind === "proved").length,
          all: compiling + proofs[0][0] + proofs[1][0] + others + judging,
          graph: unrolled.ok ? graph : undefined,
        };
      });
    });
  }
  const { user, system } = process.cpuUsage(processor);
  const all = rows.map((r) => r.all);
  const worst = rows.reduce((a, b) => (b.all > a.all ? b : a));
  const proofs = rows.flatMap((r) => r.proofs);
  const counted = rows.filter((r) => r.graph !== undefined);
  const proved = rows.reduce((sum, r) => sum + r.proved, 0);
  console.log(`${title}: ${rows.length} tasks, ${proved} of ${proofs.length} depths proved`);
  console.log(`  proof   median ${ms(middle(proofs))}, worst ${ms(Math.max(...proofs))}`);
  console.log(`  all     median ${ms(middle(all))}, worst ${ms(worst.all)} (${worst.name})`);
  console.log(
    `  ${ms((user + system) / 1000 / rows.length)} of processor time each, unrolling and garbage and all`,
  );
  if (counted.length > 0)
    console.log(
      `  unrolling once at 24: median ${ms(middle(counted.map((r) => r.graph)))}; a proof takes ${middle(counted.map((r) => middle(r.proofs) / r.graph)).toFixed(1)} times that (median of ratios)`,
    );
}

/** The same text with other names for some words. */
const renamed = (text, words, round) =>
  words.reduce((t, w) => t.replace(new RegExp(`\\b${w}\\b`, "g"), `${w}${"abcdefgh"[round]}`), text);

measure(
  "corpus/depth",
  readdirSync(corpus).map((name) => {
    const text = readFileSync(new URL(name, corpus), "utf8");
    return { name, text: (round) => text.replace(/^task (\w+)/gm, `task $1R${round}`) };
  }),
  true,
);

if (existsSync(recurrences)) {
  const { kernels } = JSON.parse(readFileSync(recurrences, "utf8"));
  measure(
    "kernels of recurrences",
    kernels.map((k) => ({ name: k.id, text: (round) => renamed(kernelToFathom(k), k.params, round) })),
  );
} else console.log("kernels of recurrences: absent, skipped");

const layer = `task Layer(n: size, d: size) where n >= 1, d >= 1 {
  input h[i: 0..n, c: 0..d]: real
  param w[c: 0..d, e: 0..d]: real
  node q[i: 0..n, c: 0..d]: real = sum[e: 0..d] w[c, e] * h[i, e]
  node k[i: 0..n, c: 0..d]: real = sum[e: 0..d] w[e, c] * h[i, e]
  node s[i: 0..n, j: 0..n]: real = exp(sum[c: 0..d] q[i, c] * k[j, c])
  node z[i: 0..n]: real = sum[j: 0..n] s[i, j]
  node a[i: 0..n, c: 0..d]: real = (sum[j: 0..n] s[i, j] * k[j, c]) / z[i]
  output y[i: 0..n, c: 0..d] = tanh(a[i, c]) + h[i, c]
}
`;
const model = (rest) => `${layer}task Model(n: size, d: size) where n >= 1, d >= 1 {
  input x[i: 0..n, c: 0..d]: real
  param w[c: 0..d, e: 0..d]: real
${rest}
}
`;
const written = (layers) =>
  model(`${Array.from({ length: layers }, (_, k) => `  use Layer(n, d) with { h[i, c] = ${k === 0 ? "x" : `l${k - 1}.y`}[i, c] w[c, e] = w[c, e] } as l${k}`).join("\n")}
  output out[i: 0..n, c: 0..d] = l${layers - 1}.y[i, c]`);
const indexed = (layers) =>
  model(`  node st[l: 0..=${layers}, i: 0..n, c: 0..d]: real = if l == 0 { x[i, c] } else { ly[l-1].y[i, c] }
  use Layer(n, d)[l: 0..${layers}] with { h[i, c] = st[l, i, c] w[c, e] = w[c, e] } as ly
  output out[i: 0..n, c: 0..d] = st[${layers}, i, c]`);
console.log(`load of the machine: ${loadavg()[0].toFixed(1)} on ${availableParallelism()} processors`);
for (const [title, text] of [
  ["2 layers, each a use", written(2)],
  ["50 layers, each a use", written(50)],
  ["2 layers under an index", indexed(2)],
  ["50 layers under an index", indexed(50)],
])
  measure(title, [{ name: "layers", text: (round) => renamed(text, ["n", "d"], round) }]);
