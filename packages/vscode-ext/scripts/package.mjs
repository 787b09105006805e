// Packs the built extension: bundles only, no node_modules.
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createVSIX } from "@vscode/vsce";

const cwd = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(readFileSync(`${cwd}/package.json`, "utf8"));
const packagePath = process.argv[2] ?? `${cwd}fathom-${version}.vsix`;
await createVSIX({ cwd, packagePath, dependencies: false, skipLicense: false });
console.log(`${packagePath}  ${(statSync(packagePath).size / 2 ** 20).toFixed(2)} MiB`);
