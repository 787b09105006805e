// From text to the first result of every example, on JavaScript and on WebAssembly: in a process that has compiled others before (`first`:
// the first time of this program, `again`: the least of three), and as a start of `fathom run`. Wall clock, ms.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { forgetInterned } from "../packages/compiler/dist/index.js";
import { compile } from "../packages/runtime/dist/index.js";

const root = join(import.meta.dirname, "..");
const cli = join(root, "packages/cli/bin/fathom.js");
const host = {
  resolve: (from, spec) => {
    const path = spec.startsWith("std/") ? join(root, spec) : resolve(dirname(from), spec);
    return existsSync(path) ? { path, text: readFileSync(path, "utf8") } : undefined;
  },
};
const examples = readdirSync(join(root, "examples"))
  .filter((name) => existsSync(join(root, "examples", name, "input.json")))
  .map((name) => {
    const path = join(root, "examples", name, `${name}.fathom`);
    const input = join(root, "examples", name, "input.json");
    const given = JSON.parse(readFileSync(input, "utf8"));
    return { name, path, input, given, text: readFileSync(path, "utf8") };
  });

async function once({ path, text, given }, target) {
  forgetInterned();
  const start = performance.now();
  const program = compile(text, { path, host });
  if (program.compiled === undefined) throw new Error(`${path}: ${program.diagnostics[0].message}`);
  const sizes = Object.fromEntries(program.compiled.system.sizes.map((s) => [s.name, given[s.name]]));
  const { outputs, diagnostics } = await program.run({ sizes, inputs: given, target });
  if (Object.keys(outputs).length === 0) throw new Error(`${path}: ${diagnostics[0]?.message}`);
  return performance.now() - start;
}

await once(examples[0], "js");
await once(examples[0], "wasm");
const limits = { js: 150, wasm: 400 };
console.log("example                     JS first  again    CLI     WASM first  again    CLI");
const worst = { js: 0, wasm: 0 };
for (const e of examples) {
  const row = [];
  for (const target of ["js", "wasm"]) {
    const times = [];
    for (let k = 0; k < 3; k++) times.push(await once(e, target));
    const starts = Array.from({ length: 2 }, () => {
      const start = performance.now();
      execFileSync(process.execPath, [cli, "run", e.path, "--inputs", e.input, "--target", target], {
        stdio: "pipe",
      });
      return performance.now() - start;
    });
    row.push(times[0], Math.min(...times), Math.min(...starts));
    worst[target] = Math.max(worst[target], Math.min(...times));
  }
  console.log(e.name.padEnd(26), ...row.map((x, k) => x.toFixed(0).padStart(k % 3 === 0 ? 9 : 7)));
}
for (const target of ["js", "wasm"])
  console.log(`${target}: at most ${worst[target].toFixed(0)} ms (goal ${limits[target]})`);
