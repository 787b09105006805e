// What `npm start` shows: the main job on a program and on a circuit.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const fathom = fileURLToPath(new URL("../packages/cli/bin/fathom.js", import.meta.url));
const commands = [
  ["analyze", "examples/rule110/rule110.fathom", "--task", "Rule110", "n=32", "T=16"],
  [
    "run",
    "examples/rule110/rule110.fathom",
    "--task",
    "Rule110",
    "n=32",
    "T=16",
    "start=00000000000000000000000000000001",
    "--keep",
    "cell",
  ],
  ["analyze", "examples/circuit-value/full-adder.bench"],
  ["run", "examples/circuit-value/full-adder.bench", "000", "011", "101", "111"],
];
for (const command of commands) {
  console.log(`\n$ fathom ${command.join(" ")}\n`);
  const { status } = spawnSync(process.execPath, [fathom, ...command], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
