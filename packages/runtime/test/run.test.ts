import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type MachineProfile, planGpu } from "@fathom/compiler";
import type { Gpu } from "@fathom/runtime-gpu";
import { describe, expect, test } from "vitest";
import { chooseTarget, compile } from "../src/index";

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

test("programs that run one after the other share one memory, whatever they need", async () => {
  const engine = (globalThis as unknown as { WebAssembly: { Memory: new (d: object) => object } })
    .WebAssembly;
  const { Memory } = engine;
  let taken = 0;
  engine.Memory = class extends Memory {
    constructor(descriptor: object) {
      super(descriptor);
      taken++;
    }
  };
  try {
    for (let k = 1; k <= 40; k++) {
      const program = compile(`task A(n: size) { output o = sum[i: 0..n] (i * ${k}) }`);
      const n = k % 4 === 0 ? 100_000 : 10;
      const { outputs } = await program.run({ sizes: { n }, target: "wasm" });
      expect(outputs.o!.data[0]).toBe((((n * (n - 1)) / 2) * k) | 0);
    }
  } finally {
    engine.Memory = Memory;
  }
  // Each reserves gigabytes of addresses: some 14,000 are all that a process has. A collector may have taken the idle one between.
  expect(taken).toBeLessThan(20);
});

describe("auto", () => {
  const rates = (rate: number) => ({ bit: rate, int: rate, real: rate });
  /** A device of many lanes that takes its time to start and for each launch. */
  const profile: MachineProfile = {
    schema: "fathom-profile/1",
    name: "made up",
    date: "2026-11-25",
    standing: "measured",
    sources: ["this test"],
    targets: {
      js: { startSeconds: 1e-6, latencySeconds: 1e-9, operationsPerSecond: rates(1e8) },
      wasm: { startSeconds: 1e-4, latencySeconds: 1e-9, operationsPerSecond: rates(1e9) },
      gpu: {
        startSeconds: 1e-3,
        latencySeconds: 1e-8,
        operationsPerSecond: rates(1e12),
        dispatchSeconds: 1e-5,
      },
    },
  };
  const wide = compile(
    "task Wide(n: size) { input x[i: 0..n]: int\n output y[i: 0..n] = x[i] * x[i] * x[i] + (x[i] + 3) * (x[i] + 5) }",
  );
  const deep = compile(
    "task Deep(n: size) { input x: int\n node s[t: 0..=n]: int = if t == 0 { x } else { s[t-1] * 3 + 1 }\n output y = s[n] }",
  );
  const choose = (program: ReturnType<typeof compile>, n: number, more: object = {}) => {
    const { system, unproved } = program.compiled!;
    return chooseTarget({ system }, () => planGpu(system, { unproved }).program, {
      sizes: { n },
      profile,
      ...more,
    });
  };

  test("takes what the profile foretells to be the fastest, a device only where it is faster by far", () => {
    expect(choose(wide, 10)).toEqual({ target: "js", otherwise: "js" });
    expect(choose(wide, 100_000)).toEqual({ target: "wasm", otherwise: "wasm" });
    expect(choose(wide, 10_000_000)).toEqual({ target: "gpu", otherwise: "wasm" });
    // Lanes do not help a chain.
    expect(choose(deep, 10_000_000)).toEqual({ target: "js", otherwise: "js" });
  });

  test("is WebAssembly without a profile, JavaScript beyond WebAssembly's sizes", () => {
    expect(choose(wide, 10_000_000, { profile: undefined }).target).toBe("wasm");
    expect(choose(wide, 2 ** 27).target).toBe("js");
  });

  test("computes on the processor where there is no device", async () => {
    const gpu: Gpu = { open: async () => "there is none", close: () => {} };
    const n = 2_000_000;
    const x = new Int32Array(n).fill(2);
    const fast: MachineProfile = {
      ...profile,
      targets: { ...profile.targets, gpu: { operationsPerSecond: rates(1e15) } },
    };
    const { target, outputs } = await wide.run({ sizes: { n }, inputs: { x }, profile: fast, gpu });
    expect(target).toBe("wasm");
    expect(outputs.y!.data[n - 1]).toBe(8 + 5 * 7);
  });
});
