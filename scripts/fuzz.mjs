// `npm run fuzz -- --programs 20000 --seed 7 --targets js,wasm,wgsl`: random programs on the interpreter and on every back end
// named, bit for bit; random texts through the parser; random edits through the language server; what is proved of random systems
// of recurrences against their graphs; rewritings against what was written. A failure is shrunk and printed.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "5000" },
    seed: { type: "string" },
    targets: { type: "string", default: "js,wasm" },
    texts: { type: "string", default: "200000" },
    edits: { type: "string", default: "10000" },
    systems: { type: "string", default: "1000" },
  },
});
const targets = values.targets.split(",");
const unknown = targets.find((t) => !["js", "wasm", "wgsl"].includes(t));
if (unknown !== undefined) {
  console.error(`--targets takes js, wasm and wgsl, separated by commas; found ${unknown}`);
  process.exit(2);
}
const cpu = targets.filter((t) => t !== "wgsl");
const files = [
  ...(cpu.length > 0 ? ["packages/testing/test/agreement.test.ts"] : []),
  ...(cpu.length > 0
    ? ["products", "rewrite", "rewrite-programs", "source"].map((f) => `packages/testing/test/${f}.test.ts`)
    : []),
  ...(targets.includes("wgsl") ? ["packages/testing/test/gpu-agreement.test.ts"] : []),
  ...(Number(values.texts) > 0 ? ["packages/lang/test/parse.test.ts"] : []),
  ...(Number(values.edits) > 0 ? ["packages/language-server/test/robustness.test.ts"] : []),
  ...(Number(values.systems) > 0 ? ["packages/testing/test/proof-truth.test.ts"] : []),
];
const { status } = spawnSync("npx", ["vitest", "run", ...files, "--testTimeout", "36000000"], {
  stdio: "inherit",
  env: {
    ...process.env,
    FATHOM_FUZZ_PROGRAMS: values.programs,
    FATHOM_GPU_PROGRAMS: values.programs,
    FATHOM_FUZZ_TARGETS: cpu.join(),
    FATHOM_PARSE_RUNS: values.texts,
    FATHOM_EDITS: values.edits,
    FATHOM_FUZZ_SYSTEMS: values.systems,
    ...(values.seed === undefined ? {} : { FATHOM_FUZZ_SEED: values.seed }),
  },
});
process.exit(status ?? 1);
