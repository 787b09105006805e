import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { findGpu } from "@fathom/runtime-gpu";
import { describe, expect, test } from "vitest";
import { main } from "../src/index";
import { capture } from "./capture";

const data = resolve(import.meta.dirname, "../../../../shared/data/circuits");
const example = resolve(import.meta.dirname, "../../../examples/circuit-value/full-adder.bench");
const gpu = findGpu();
const device = await gpu.open();
gpu.close();
const missing = typeof device === "string" && process.env.CI === undefined;
if (missing) console.warn(`skipped: ${device}`);
const noData = !existsSync(data);
if (noData) console.warn(`skipped: there is no ${data}`);
const said = capture();

/** By the importer's evaluator, and by the task whose gates are data. */
async function agree(path: string, patterns: number, target: string): Promise<void> {
  const args = ["run", path, "--random", String(patterns), "--seed", "3", "--json"];
  expect(await main(args)).toBe(0);
  const wanted = JSON.parse(said.out);
  said.forget();
  expect(await main([...args, "--target", target])).toBe(0);
  expect(JSON.parse(said.out)).toEqual(wanted);
  said.forget();
}

describe.skipIf(missing)("circuits run on the GPU level by level, 32 patterns a word", () => {
  test.each(["js", "wasm", "gpu"])("a full adder: %s", (target) => agree(example, 9, target));

  test.skipIf(noData).each([
    ["iscas85/c17.bench", 40],
    ["iscas85/c6288.bench", 64],
    ["iscas85/c1908.bench", 33],
    ["epfl/ctrl.aig", 100],
    ["epfl/voter.aig", 32],
    ["epfl/max.blif", 32],
    ["bristol/arith-add-64-bit-truncated.txt", 64],
    ["bristol/aes-128.txt", 32],
  ])("%s", (file, patterns) => agree(join(data, file), patterns, "gpu"));
});
