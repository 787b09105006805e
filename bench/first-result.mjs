// From text to the first result of every example, on JavaScript and on WebAssembly, each in a process of its own, ms. `import`: loading
// Fathom, which a program pays once; `first`: text to first result after that, everything cold; both without Node's own start. `cpu`:
// the processor time of `first`, on all threads, which other work on the machine changes little. `CLI`: `fathom run` as a whole, Node's
// start included. The least of three.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = join(import.meta.dirname, "..");
const cli = join(root, "packages/cli/bin/fathom.js");
const limits = { js: 150, wasm: 400 };

/** In the process that is measured. */
async function once(name, target) {
  const folder = join(root, "examples", name);
  const path = join(folder, `${name}.fathom`);
  const [text, input] = [path, join(folder, "input.json")].map((p) => readFileSync(p, "utf8"));
  const host = {
    resolve: (from, spec) => {
      const found = spec.startsWith("std/") ? join(root, spec) : resolve(dirname(from), spec);
      return existsSync(found) ? { path: found, text: readFileSync(found, "utf8") } : undefined;
    },
  };
  const given = JSON.parse(input);
  const before = performance.now();
  const { compile } = await import("../packages/runtime/dist/index.js");
  const start = performance.now();
  const used = process.cpuUsage();
  const program = compile(text, { path, host });
  if (program.compiled === undefined) throw new Error(`${path}: ${program.diagnostics[0].message}`);
  const sizes = Object.fromEntries(program.compiled.system.sizes.map((s) => [s.name, given[s.name]]));
  const { outputs, diagnostics } = await program.run({ sizes, inputs: given, target });
  if (Object.keys(outputs).length === 0) throw new Error(`${path}: ${diagnostics[0]?.message}`);
  const { user, system } = process.cpuUsage(used);
  return [start - before, performance.now() - start, (user + system) / 1000];
}

const least = (rows) => rows[0].map((_, k) => Math.min(...rows.map((r) => r[k])));
const [child, name, target] = process.argv.slice(2);
if (child === "--once") console.log(JSON.stringify(await once(name, target)));
else {
  const examples = readdirSync(join(root, "examples")).filter((e) =>
    existsSync(join(root, "examples", e, "input.json")),
  );
  const head = "import  first    cpu    CLI";
  console.log(`${"example".padEnd(24)}  JS: ${head}   WASM: ${head}`);
  const worst = { js: [0, 0], wasm: [0, 0] };
  for (const example of examples) {
    const row = ["js", "wasm"].map((target) => {
      const times = Array.from({ length: 3 }, () => {
        const words = [import.meta.filename, "--once", example, target];
        return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" }));
      });
      const starts = Array.from({ length: 3 }, () => {
        const start = performance.now();
        const file = (n) => join(root, "examples", example, n);
        const words = ["run", file(`${example}.fathom`), "--inputs", file("input.json"), "--target", target];
        execFileSync(process.execPath, [cli, ...words], { stdio: "pipe" });
        return [performance.now() - start];
      });
      const [loading, first, cpu] = least(times);
      worst[target] = least([worst[target], [first, cpu]].map((x) => x.map((y) => -y))).map((y) => -y);
      return [loading, first, cpu, least(starts)[0]].map((x) => x.toFixed(0).padStart(6)).join(" ");
    });
    console.log(`${example.padEnd(24)}     ${row[0]}         ${row[1]}`);
  }
  for (const [target, [first, cpu]] of Object.entries(worst))
    console.log(
      `${target}: first result within ${first.toFixed(0)} ms (goal ${limits[target]}), ${cpu.toFixed(0)} ms of processor time`,
    );
}
