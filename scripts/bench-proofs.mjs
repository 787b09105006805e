// Proofs of depth: every task of corpus/depth in both models, beside unrolling it once at middling sizes. Nothing is
// remembered between rounds: each has names of its own, and the first only warms up.
import { readdirSync, readFileSync } from "node:fs";
import { compileTask, proveDepth, unroll } from "../packages/compiler/dist/index.js";
import { check } from "../packages/lang/dist/index.js";

const folder = new URL("../corpus/depth/", import.meta.url);
const systems = readdirSync(folder).flatMap((file) => {
  const program = check(file, readFileSync(new URL(file, folder), "utf8"));
  return program.tasks.map((t) => compileTask(program, t).system);
});
const middle = (xs) => xs.sort((a, b) => a - b)[Math.floor(xs.length / 2)];
const timed = (f) => {
  const begin = performance.now();
  f();
  return performance.now() - begin;
};
for (const round of [0, 1]) {
  const [proofs, graphs] = [[], []];
  let proved = 0;
  for (const s of systems) {
    const sizes = Object.fromEntries(s.sizes.map((x) => [x.name, x.name === "L" ? 6 : 24]));
    for (const model of ["steps", "ops"]) {
      let proof;
      proofs.push(
        timed(() => {
          proof = proveDepth({ ...s, name: `${s.name}${round}` }, model);
        }),
      );
      if (proof.depth.exact?.standing.kind === "proved") proved++;
      graphs.push(timed(() => unroll(s, sizes, { model })));
    }
  }
  if (round === 1)
    console.log(
      `proving ${proofs.length} depths: ${proved} proved, median ${middle(proofs).toFixed(1)} ms, worst ${Math.max(...proofs).toFixed(0)} ms; unrolling once: median ${middle(graphs).toFixed(1)} ms, worst ${Math.max(...graphs).toFixed(0)} ms`,
    );
}
