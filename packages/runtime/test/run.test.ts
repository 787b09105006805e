import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../src/index";

const example = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../../examples/${name}/${name}.fathom`), "utf8");

describe("one call on any back end", () => {
  const program = compile(example("rule110"), { task: "Rule110" });

  test.each(["js", "wasm", "auto"] as const)("%s", async (target) => {
    const found = await program.run({ sizes: { n: 8, T: 3 }, inputs: { start: "00000001" }, target });
    expect(found.diagnostics).toEqual([]);
    expect(found.target).toBe(target === "auto" ? "wasm" : target);
    expect([...found.outputs.final!.data].join("")).toBe("00001101");
  });

  test("wrong text, sizes and inputs are diagnostics, and nothing runs", async () => {
    const codes = async (run: ReturnType<typeof program.run>) => (await run).diagnostics.map((d) => d.code);
    expect(await codes(compile("task A(n: size) { output s = x }").run())).toEqual(["unknown-name"]);
    expect(await codes(program.run({ sizes: { n: 1, T: 1 } }))).toEqual(["where-broken"]);
    expect(await codes(program.run({ sizes: { n: 8, T: 1 } }))).toEqual(["input-missing"]);
  });

  test.each(["js", "wasm"] as const)("faults while it runs are diagnostics (%s)", async (target) => {
    const steep = compile(
      "task A(n: size) where n >= 1 { input x: int\n node y[i: 0..n]: int = if i == 0 { x } else { y[i-1] * 2 }\n output s = y[n-1] }",
    );
    const options = { sizes: { n: 40 }, inputs: { x: 1 }, checked: true, target } as const;
    const { outputs, diagnostics } = await steep.run(options);
    expect(diagnostics.map((d) => [d.code, d.message])).toEqual([
      ["overflow", "y[31] overflows int: 2147483648"],
    ]);
    expect(outputs).toEqual({});
  });

  test.each(["js", "wasm"] as const)(
    "what no memory holds is refused before it runs (%s)",
    async (target) => {
      const square = compile(
        "task A(n: size) { node a[i: 0..n, j: 0..n]: int = i * j\n output o[i: 0..n] = sum[j: 0..n] a[j, i] }",
      );
      const { outputs, diagnostics } = await square.run({ sizes: { n: 60_000 }, target });
      expect(diagnostics.map((d) => d.code)).toEqual(["too-large"]);
      expect(outputs).toEqual({});
    },
  );

  test.each(["js", "wasm"] as const)("a run that was stopped before does not start (%s)", async (target) => {
    const signal = AbortSignal.abort(new Error("enough"));
    const run = program.run({ sizes: { n: 8, T: 3 }, inputs: { start: "00000001" }, target, signal });
    await expect(run).rejects.toThrow("enough");
  });

  test.each(["js", "wasm"] as const)("a run reports progress and can be stopped (%s)", async (target) => {
    const stop = new AbortController();
    const seen: number[] = [];
    const run = program.run({
      sizes: { n: 20_000, T: 5_000_000 },
      inputs: { start: new Uint8Array(20_000).fill(1) },
      target,
      signal: stop.signal,
      onProgress: (done, total) => {
        seen.push(done / total);
        if (seen.length === 2) stop.abort(new Error("enough"));
      },
    });
    await expect(run).rejects.toThrow("enough");
    expect(seen[1]).toBeGreaterThan(seen[0]!);
    expect(seen[1]).toBeLessThan(1);
  });
});
