#!/usr/bin/env node
// Committed, not built, so that npm can link it before the first build.
const major = Number(process.versions.node.split(".")[0]);
if (major < 22) {
  console.error(
    `fathom needs Node 22 or newer, this is ${process.version}. Inside this repository \`npm run fathom --\` runs the right one.`,
  );
  process.exit(2);
}
// Compiled code is kept from one start to the next: half of a start was compiling ourselves.
const { enableCompileCache } = await import("node:module");
enableCompileCache?.();
const { existsSync } = await import("node:fs");
const built = new URL("../dist/index.js", import.meta.url);
if (!existsSync(built)) {
  console.error("fathom is not built yet: run `npm run build` first.");
  process.exit(2);
}
const { main } = await import(built.href);
// A reader that has seen enough (`fathom … | head`) is no fault.
process.stdout.on("error", (error) => {
  if (error.code === "EPIPE") process.exit(0);
  console.error(`standard output: ${error.code === "ENOSPC" ? "the disk is full" : error.message}`);
  process.exit(2);
});
process.exitCode = await main(process.argv.slice(2));
