import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  allocate,
  type Compiled,
  compileTask,
  defaultSizes,
  type GpuOptions,
  interpret,
  layoutGpu,
  planGpu,
  randomInputs,
  type Sizes,
  sizeProblems,
  type WaveStep,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import { findGpu, type Gpu, isSoftware, measureGpu, ownRounding, runOnGpu } from "@fathom/runtime-gpu";
import { afterAll, describe, expect, test } from "vitest";
import { fathomFiles, projectHost, projectRoot } from "../src/index";

const gpu = findGpu();
const device = await gpu.open();
const missing = typeof device === "string" && process.env.CI === undefined;
if (missing) console.warn(`skipped: ${device}`);
afterAll(() => gpu.close());

function compiledFrom(text: string, name?: string): Compiled {
  const program = check("a.fathom", text, projectHost);
  expect(program.diagnostics).toEqual([]);
  const compiled = compileTask(program, program.tasks.find((t) => t.name.text === name) ?? program.tasks[0]!);
  expect(compiled.diagnostics).toEqual([]);
  return compiled;
}

/** Every family, bit for bit; `outputs` alone where a program has many kernels, which a software device compiles slowly. */
async function agrees(
  compiled: Compiled,
  sizes: Sizes,
  inputs = randomInputs(compiled.system, sizes, 1),
  options: GpuOptions = {},
  kept: "outputs" | "all" = "all",
) {
  const { system } = compiled;
  const reference = interpret(system, { sizes, inputs, seed: 3 });
  const nodes = system.families.filter((f) => f.role === "node").map((f) => f.name);
  for (const keep of kept === "all" ? [[], nodes] : [[]]) {
    const { program } = planGpu(system, { ...options, keep, unproved: compiled.unproved });
    const found = await runOnGpu(program, { gpu, sizes, inputs, seed: 3 });
    expect(found.diagnostics).toEqual(reference.diagnostics);
    for (const [name, { data }] of found.values) {
      const wanted = reference.values.get(name)!.data;
      const differs = Array.from(data).findIndex((v, k) => !Object.is(v, wanted[k]));
      expect(differs, `${name}: GPU ${data.subarray(0, 50)} interpreter ${wanted.subarray(0, 50)}`).toBe(-1);
    }
  }
}

describe.skipIf(missing)(
  "examples and the standard library compute on the GPU what the interpreter does",
  () => {
    const found = fathomFiles("corpus").filter(({ path }) => path.includes("gpu-"));
    const tasks = [...fathomFiles("examples"), ...fathomFiles("std"), ...found].flatMap(({ path, text }) => {
      const program = check(path, text, projectHost);
      return program.tasks.map((task) => ({ name: `${path} ${task.name.text}`, program, task }));
    });
    test.each(tasks)("$name", async ({ program, task }) => {
      const compiled = compileTask(program, task);
      const usual = defaultSizes(compiled.system);
      // A software device takes its time over whole Transformers.
      const large = Object.keys(usual ?? {}).length > 3;
      const most = large ? 3 : 8;
      const sizes =
        usual && Object.fromEntries(Object.entries(usual).map(([n, v]) => [n, Math.min(v, most)]));
      if (sizes === undefined || sizeProblems(compiled.system, sizes).length > 0) return;
      await agrees(compiled, sizes, undefined, {}, large ? "outputs" : "all");
    });
  },
);

const kinds = (steps: readonly WaveStep[]): string[] =>
  steps.flatMap((s) => (s.kind === "loop" ? ["loop", ...kinds(s.body)] : [s.kind]));

describe("orders", () => {
  test("a table filled from two neighbours runs along its diagonals", () => {
    const { system } = compiledFrom(
      readFileSync(join(projectRoot, "examples/edit-distance/edit-distance.fathom"), "utf8"),
    );
    const { waves } = planGpu(system);
    const [loop] = waves.steps;
    expect(loop?.kind === "loop" && loop.members.get("d")).toEqual({ weights: [1, 1], offset: 0 });
  });

  test("families without recurrences are one launch each; data-dependent ones come in rounds", () => {
    const plain = compiledFrom(
      "task A(n: size) { input x[i: 0..n]: int\n node y[i: 0..n]: int = x[i] + 1\n output z[i: 0..n] = y[n-1-i] }",
    );
    expect(kinds(planGpu(plain.system).waves.steps)).toEqual(["nest", "nest"]);
    const jumps = compiledFrom(
      "task A(n: size) { input to[i: 0..n]: index(i + 1)\n node y[i: 0..=n]: int = if i == 0 { 0 } else { y[to[i - 1]] + 1 }\n output z[i: 0..n] = y[i] }",
    );
    expect(kinds(planGpu(jumps.system).waves.steps)).toEqual(["rounds", "nest"]);
  });
});

const loopsOf = ({ system }: Compiled, options: GpuOptions = {}) =>
  planGpu(system, options).program.steps.filter((s) => s.kind === "loop");

const exampleText = (path: string) => readFileSync(join(projectRoot, "examples", path), "utf8");

const patterns = `task Patterns(n: size, m: size, P: size) where n >= 1, m >= 1, P >= 1 {
  input x[i: 0..n, p: 0..P]: bit
  input left[g: 0..m]: index(n + g)
  input right[g: 0..m]: index(n + g)
  node value[k: 0..n+m, p: 0..P]: bit =
    if k < n { x[k, p] } else { not (value[left[k-n], p] and value[right[k-n], p]) }
  output answer[p: 0..P] = value[n + m - 1, p]
}`;
const closure = `task Closure(n: size) where n >= 1 {
  input edge[i: 0..n, j: 0..n]: bit
  node reach[t: 0..=log2(n), i: 0..n, j: 0..n]: bit =
    if t == 0 { edge[i, j] or i == j } else { any[k: 0..n] reach[t-1, i, k] and reach[t-1, k, j] }
  output all[i: 0..n, j: 0..n] = reach[log2(n), i, j]
}`;
const shifted = `task Shifted(n: size, T: size) where n >= 2 {
  input a[i: 0..n]: bit
  node x[t: 0..=T, i: 1..n]: bit =
    if t == 0 { a[i] xor a[i-1] }
    else if i <= 3 or i == n - 2 { not x[t-1, i] }
    else { (x[t-1, i-3] ?? a[0]) xor (x[t-1, i+40] ?? (i mod 2 == 0)) xor majority[k: 0..5] a[(i + 7*k) mod n] }
  output y[i: 0..n] = if i == 0 { a[0] } else { x[T, i] }
}`;

describe.skipIf(missing)("bits are packed, 32 instances a word", () => {
  const sides = [3, 32, 33, 100];
  test.each([
    [
      "Rule110",
      exampleText("rule110/rule110.fathom"),
      ["cell", "final", "start"],
      sides.map((n) => ({ n, T: 5 })),
    ],
    [
      "Elementary",
      exampleText("rule110/rule110.fathom"),
      ["cell", "final", "start"],
      sides.map((n) => ({ n, T: 3 })),
    ],
    [
      "Life",
      exampleText("life/life.fathom"),
      ["cell", "final", "start"],
      sides.map((m) => ({ n: 4, m, T: 3 })),
    ],
    ["Patterns", patterns, ["answer", "value", "x"], sides.map((P) => ({ n: 3, m: 9, P }))],
    ["Closure", closure, ["all", "edge", "reach"], [1, 5, 33, 40].map((n) => ({ n }))],
    ["Shifted", shifted, ["a", "x", "y"], [2, 3, 7, 33, 70, 100].map((n) => ({ n, T: 4 }))],
  ] as const)("%s", async (name, text, families, many) => {
    const compiled = compiledFrom(text, name);
    expect([...planGpu(compiled.system).packed.keys()].sort()).toEqual(families);
    for (const sizes of many) await agrees(compiled, sizes);
  });
});

const wave = `task Wave(n: size, T: size) where n >= 2 {
  input x[i: 0..n]: real
  node u[t: 0..=T, i: 0..n]: real =
    if t == 0 { x[i] }
    else if t == 1 { x[i] * 0.5 }
    else { 2.0 * u[t-1, i] - u[t-2, i] + 0.25 * ((u[t-1, i-1] ?? 0.0) - 2.0 * u[t-1, i] + (u[t-1, i+1] ?? 0.0)) }
  output last[i: 0..n] = u[T, i]
}`;
const reaction = `task Reaction(n: size, m: size, T: size) where n >= 1, m >= 1 {
  input a0[i: 0..n, j: 0..m]: vec2
  input k: real
  node a[t: 0..=T, i: 0..n, j: 0..m]: vec2 =
    if t == 0 { a0[i, j] } else { flow[t-1, i, j] - k * a[t-1, i, (j+1) mod m] }
  node flow[t: 0..=T, i: 0..n, j: 0..m]: vec2 =
    (a[t, i-1, j] ?? a[t, i, j]) + a[t, i, (j-1) mod m] * 0.5 + (a[t, i+1, j] ?? vec2(0.0, 1.0))
  output last[i: 0..n, j: 0..m] = a[T, i, j]
}`;
const heat3 = `task Heat3(n: size, T: size) where n >= 1 {
  input x[i: 0..n, j: 0..n, k: 0..n]: int
  node u[t: 0..=T, i: 0..n, j: 0..n, k: 0..n]: int =
    if t == 0 { x[i, j, k] }
    else { sum[a: 0..3] u[t-1, (i+a-1) mod n, j, k] + u[t-1, i, (j+a-1) mod n, k] * 3 + u[t-1, i, j, (k+a-1) mod n] }
  output last[i: 0..n, j: 0..n, k: 0..n] = u[T, i, j, k]
}`;
const lanes = `task Lanes(n: size, T: size) where n >= 1 {
  input x[t: 0..=T, i: 0..n]: int
  node s[t: 0..=T, i: 0..n]: int = if t == 0 { x[0, i] } else { s[t-1, i] * 3 + x[t, i] + p[t-1, i] }
  node p[t: 0..=T, i: 0..n]: int = if t < 2 { 1 } else { p[t-2, i] + s[t, i] }
  output last[i: 0..n] = s[T, i]
}`;

describe.skipIf(missing)("several times of a tile, and columns, mean what single times do", () => {
  const away = { oneGroup: "never", columns: "never" } as const;
  test.each([
    ["Rule110", exampleText("rule110/rule110.fathom"), 100, [3, 100, 400].map((n) => ({ n, T: 40 }))],
    [
      "Life",
      exampleText("life/life.fathom"),
      300,
      [
        { n: 3, m: 3, T: 9 },
        { n: 20, m: 70, T: 12 },
      ],
    ],
    [
      "Wave",
      wave,
      200,
      [
        { n: 2, T: 9 },
        { n: 300, T: 21 },
      ],
    ],
    [
      "Reaction",
      reaction,
      1400,
      [
        { n: 1, m: 1, T: 0 },
        { n: 9, m: 13, T: 5 },
      ],
    ],
    [
      "Heat3",
      heat3,
      1100,
      [
        { n: 1, T: 3 },
        { n: 6, T: 5 },
      ],
    ],
  ] as const)("%s", async (name, text, words, many) => {
    const compiled = compiledFrom(text, name);
    // A software device compiles slowly what has much workgroup memory.
    for (const packed of name === "Rule110" || name === "Life"
      ? (["auto", "never"] as const)
      : (["auto"] as const)) {
      const workgroupWords = packed === "auto" ? words : 2 * words;
      const options = { workgroupWords, forms: { ...away, packed, tiles: "always" } } as const;
      expect(loopsOf(compiled, options).filter((l) => l.tiles !== undefined).length).toBe(1);
      for (const sizes of packed === "auto" ? many : many.slice(-1))
        await agrees(compiled, sizes, undefined, options);
    }
  });

  test("columns that read nothing from the side run alone", async () => {
    const compiled = compiledFrom(lanes);
    expect(loopsOf(compiled).filter((l) => l.columns !== undefined).length).toBe(1);
    for (const sizes of [
      { n: 1, T: 0 },
      { n: 100, T: 50 },
      { n: 1, T: 1200 },
    ]) {
      await agrees(compiled, sizes);
      await agrees(compiled, sizes, undefined, { forms: { ...away, tiles: "always" }, workgroupWords: 900 });
    }
  });
});

const totals = `task Totals(n: size, T: size) where n >= 0 {
  input x[i: 0..n]: real
  input k[i: 0..n]: int
  input v[i: 0..n]: vec2
  input b[i: 0..n]: bit
  output s = sum[i: 0..n] x[i] * 1.25
  output p = product[i: 0..n where i mod 3 != 0] (x[i] + 0.75)
  output least = min[i: 0..n] x[n-1-i]
  output ints = 2 * (sum[i: 0..n where b[i]] k[i]) + (max[i: 0..n] k[i])
  output centre = (sum[i: 0..n] v[i]) * 0.5
  output some = (any[i: 0..n] b[i]) and (parity[i: 0..n] b[i])
  output ones = count[i: 0..n] b[i]
  node mean[t: 0..=T]: real = if t == 0 { 0.5 } else { sum[i: 0..n] x[i] * mean[t-1] }
  output last = mean[T]
}`;
const grids = `monoid Compose on index(3)^3 { identity = [0, 1, 2]
  combine(a, b) = [b[a[0]], b[a[1]], b[a[2]]] }
monoid Turn on real^2 { identity = [1.0, 0.0]
  combine(a, b) = [a[0]*b[0] - a[1]*b[1], a[0]*b[1] + a[1]*b[0]] }
task Grids(n: size, m: size) {
  input k[i: 0..n, j: 0..m]: int
  input x[i: 0..n, j: 0..m]: real
  input b[i: 0..n, j: 0..m]: bit
  input p[i: 0..n]: index(3)^3
  output ints = sum[i: 0..n, j: 0..m where i != j] k[i, j]
  output reals = sum[i: 0..n, j: 0..m where (i + j) mod 3 != 1] x[i, j]
  output scaled = product[i: 0..n, j: 0..m where b[i, j]] x[i, j] + 0.6
  output upper = max[i: 0..n, j: i..m] k[i, j]
  output most = majority[i: 0..n, j: 0..m where i != j] b[i, j]
  output least = argmin[i: -m..n] (x[i, 0] ?? 0.4)
  output odd = argmax[i: 0..n where i mod 2 == 1] (k[i, 0] ?? 3)
  output chosen = argmax[i: 0..n where (b[i, 0] ?? (i mod 3 == 2))] (x[i, 0] ?? 0.5)
  output none = argmin[i: 0..n where (k[i, 0] ?? 0) < (k[i, 0] ?? 0)] i
  output numbers = argmax[i: 0..n] sqrt((x[i, 0] ?? 0.1) - 0.5)
  output word = reduce Compose[i: 0..n where (b[i, 0] ?? true)] p[i]
  output turned = reduce Turn[i: 0..n, j: 0..m] [x[i, j], 0.5]
  output rows[i: 0..n] = any[j: 0..m] b[i, j]
}`;
describe.skipIf(missing)("reductions are shared out in blocks", () => {
  test.each([0, 65, 1000])("of %d operands", async (n) => {
    const compiled = compiledFrom(totals);
    const { system } = planGpu(compiled.system);
    expect(system.families.filter((f) => f.name.includes(".blocks")).length).toBeGreaterThan(20);
    await agrees(compiled, { n, T: 2 });
    if (n <= 65) await agrees(compiled, { n, T: 2 }, undefined, { forms: { blocks: "never" } });
  });

  test.each([
    { n: 0, m: 0 },
    { n: 50, m: 9 },
  ])("over two indices, with places as answers and of tuples: $n × $m", async (sizes) => {
    const compiled = compiledFrom(grids);
    const blocks = planGpu(compiled.system).system.families.filter((f) => f.name.includes(".blocks"));
    const shared = new Set(blocks.map((f) => f.name.slice(0, f.name.indexOf("."))));
    const outputs = compiled.system.families.filter((f) => f.role === "output").map((f) => f.name);
    expect([...shared]).toEqual(outputs.filter((name) => name !== "rows"));
    await agrees(compiled, sizes, undefined, { block: 4 }, "outputs");
  });

  test("where few lanes would reduce much, at the sizes at hand", async () => {
    const rows = compiledFrom(
      "task Rows(n: size, m: size) { input x[i: 0..n, j: 0..m]: real\n output s[i: 0..n] = sum[j: 0..m] x[i, j] }",
    );
    const shared = (at: Sizes) => planGpu(rows.system, { at }).system.families.length > 2;
    expect(shared({ n: 10_000, m: 300 })).toBe(false);
    expect(shared({ n: 10, m: 30 })).toBe(false);
    expect(shared({ n: 10, m: 3000 })).toBe(true);
    // No lane runs for long, however many there are.
    expect(shared({ n: 10_000, m: 3_000_000 })).toBe(true);
    await agrees(rows, { n: 10, m: 3000 }, undefined, { at: { n: 10, m: 3000 } });
  });
});

const chain = `task Chain(n: size, T: size) where n >= 1 {
  input x[i: 0..n]: int
  node y[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { y[t-1, (i+1) mod n] * 5 + y[t-1, i] }
  output s[i: 0..n] = y[T, i]
}`;

describe.skipIf(missing)("on the device", () => {
  test("wide and long loops, cut into many submits, report progress", async () => {
    const compiled = compiledFrom(chain);
    for (const sizes of [
      { n: 5, T: 3000 },
      { n: 3000, T: 5 },
    ]) {
      await agrees(compiled, sizes);
    }
    const seen: [number, number][] = [];
    const sizes = { n: 70_000, T: 200 };
    const inputs = randomInputs(compiled.system, sizes, 1);
    const result = await runOnGpu(planGpu(compiled.system).program, {
      gpu,
      sizes,
      inputs,
      onProgress: (done, total) => seen.push([done, total]),
    });
    expect(result.diagnostics).toEqual([]);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)![0]).toBe(seen.at(-1)![1]);
    expect(seen.every(([done], k) => k === 0 || done >= seen[k - 1]![0])).toBe(true);
  });

  test("more instances than one dispatch takes", async () => {
    const compiled = compiledFrom("task A(n: size) { output y[i: 0..n] = i * i }");
    const n = 5_000_000;
    const { values } = await runOnGpu(planGpu(compiled.system).program, {
      gpu,
      sizes: { n },
      inputs: new Map(),
    });
    const { data } = values.get("y")!;
    for (const i of [0, 1, 46_341, 4_194_241, n - 1]) expect(data[i]).toBe(Math.imul(i, i));
  });

  test("families spread over several banks when one cannot hold them", async () => {
    const compiled = compiledFrom(chain);
    const sizes = { n: 9, T: 6 };
    const inputs = randomInputs(compiled.system, sizes, 1);
    // The device at hand, saying that no more than 256 bytes can be bound.
    const small: Gpu = {
      ...gpu,
      async open() {
        const real = await gpu.open();
        if (typeof real === "string") return real;
        const limits = new Proxy(real.limits, {
          get: (of, name) =>
            name === "maxStorageBufferBindingSize" ? 256 : of[name as keyof GPUSupportedLimits],
        });
        return new Proxy(real, {
          get(of, name) {
            const found = name === "limits" ? limits : of[name as keyof GPUDevice];
            return typeof found === "function" ? found.bind(of) : found;
          },
        });
      },
    };
    const { program } = planGpu(compiled.system, { keep: ["y"] });
    expect(layoutGpu(program, sizes).banks[0]! * 4).toBeGreaterThan(256);
    const wanted = interpret(compiled.system, { sizes, inputs }).values.get("s")!;
    const { values, diagnostics } = await runOnGpu(program, { gpu: small, sizes, inputs });
    expect(diagnostics).toEqual([]);
    expect(values.get("s")!.data).toEqual(wanted.data);
  });

  test("a run can be ended between submits, and nothing is delivered", async () => {
    const compiled = compiledFrom(chain);
    const sizes = { n: 70_000, T: 2000 };
    const stop = new AbortController();
    const running = runOnGpu(planGpu(compiled.system).program, {
      gpu,
      sizes,
      inputs: randomInputs(compiled.system, sizes, 1),
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await expect(running).rejects.toThrow("enough");
  });

  test("a device lost once is replaced and the result is whole; lost twice is said", async () => {
    const compiled = compiledFrom(chain);
    // Enough for many submits, however fast the device is: each holds at most four times the work of the one before.
    const sizes = { n: 70_000, T: 1000 };
    const inputs = randomInputs(compiled.system, sizes, 1);
    for (const [losses, codes] of [
      [1, []],
      [2, ["gpu-lost"]],
    ] as const) {
      const fragile = findGpu();
      let device: GPUDevice | undefined;
      const ended = new Set<GPUDevice>();
      const seen: number[] = [];
      const result = await runOnGpu(planGpu(compiled.system).program, {
        gpu: {
          ...fragile,
          async open() {
            const opened = await fragile.open();
            device = typeof opened === "string" ? undefined : opened;
            return opened;
          },
        },
        sizes,
        inputs,
        checkpointMs: 0,
        onProgress: (done) => {
          seen.push(done);
          // The first device ends at its third submit, the next at its first.
          if (seen.length < 3 || ended.size >= losses) return;
          ended.add(device!);
          device!.destroy();
        },
      });
      expect(ended.size).toBe(losses);
      expect(result.diagnostics.map((d) => d.code)).toEqual(codes);
      if (codes.length === 0) {
        const whole = await runOnGpu(planGpu(compiled.system).program, { gpu, sizes, inputs });
        expect(result.values.get("s")!.data).toEqual(whole.values.get("s")!.data);
        // Taken up at the last copy, not at the start.
        expect(seen[3]).toBeGreaterThan(seen[1]!);
      } else expect(result.values.size).toBe(0);
      fragile.close();
    }
  });

  test("faults of a program carry the element they happened at", async () => {
    const compiled = compiledFrom(
      "task A(n: size) where n >= 1 { input k[i: 0..n]: int\n node y[i: 0..n]: int = if i == 2 { i } else { 0 }\n output z[i: 0..n] = y[k[i]] }",
    );
    const family = compiled.system.families.find((f) => f.name === "k")!;
    const k = allocate(family, { n: 4 });
    k.data.set([0, 1, 9, 3]);
    const inputs = new Map([["k", k]]);
    const wanted = interpret(compiled.system, { sizes: { n: 4 }, inputs }).diagnostics;
    const { diagnostics, values } = await runOnGpu(planGpu(compiled.system).program, {
      gpu,
      sizes: { n: 4 },
      inputs,
    });
    expect(diagnostics.map((d) => d.message)).toEqual(wanted.map((d) => d.message));
    expect(values.size).toBe(0);
  });

  test.each([
    [
      "x[i] + 2147483647",
      [
        [-1, 0, 0],
        [0, 0, 1],
      ],
    ],
    [
      "-2147483648 - x[i]",
      [
        [0, -5, 0],
        [0, 1, 0],
      ],
    ],
    [
      "x[i] * x[i]",
      [
        [46340, -46340, 0],
        [0, 46341, 0],
      ],
    ],
    [
      "-x[i]",
      [
        [2147483647, 0, 0],
        [0, 0, -2147483648],
      ],
    ],
    [
      "abs(x[i])",
      [
        [-2147483647, 0, 0],
        [0, 0, -2147483648],
      ],
    ],
    [
      "x[i] div -1",
      [
        [-2147483647, 0, 0],
        [-2147483648, 0, 0],
      ],
    ],
    [
      "7 mod x[i]",
      [
        [-3, 1, 3],
        [-3, 0, 3],
      ],
    ],
    [
      "sum[j: 0..n] x[j] * 2",
      [
        [1073741823, 0, -9],
        [1073741823, 1, -9],
      ],
    ],
    [
      "product[j: 0..n] x[j]",
      [
        [46340, -46340, 1],
        [46341, 46341, 1],
      ],
    ],
  ] as const)("checked, %s tells of what wraps or has no value", async (expression, [fine, wrong]) => {
    const { system } = compiledFrom(
      `task A(n: size) where n >= 1 { input x[i: 0..n]: int\n output y[i: 0..n] = ${expression} }`,
    );
    const { program } = planGpu(system, { checked: true });
    for (const [given, count] of [
      [fine, 0],
      [wrong, 1],
    ] as const) {
      const sizes = { n: 3 };
      const x = allocate(system.families[0]!, sizes);
      x.data.set(given);
      const inputs = new Map([["x", x]]);
      const wanted = interpret(system, { sizes, inputs, checked: true });
      const found = await runOnGpu(program, { gpu, sizes, inputs });
      expect(wanted.diagnostics.length).toBe(count);
      // A sum wraps in every lane: any of them may be the first.
      const told = (d: readonly { code: string; message: string }[]) =>
        d.map((x) => (expression.includes("[j") ? x.code : `${x.code} ${x.message}`));
      expect(told(found.diagnostics)).toEqual(told(wanted.diagnostics));
    }
  });

  test("indices beyond 32 bits are refused before anything runs", async () => {
    const compiled = compiledFrom(
      "task A(n: size) where n >= 1 { input x[i: 0..n]: int\n output y[i: 0..n] = x[(i*i*i) mod n] }",
    );
    const sizes = { n: 2000 };
    const inputs = randomInputs(compiled.system, sizes, 1);
    const { diagnostics } = await runOnGpu(planGpu(compiled.system).program, { gpu, sizes, inputs });
    expect(diagnostics.map((d) => d.code)).toEqual(["gpu-too-small"]);
  });
});

test.skipIf(missing)("single sums and products are rounded as on the CPU; the rest is told", async () => {
  const rows = await measureGpu(gpu);
  if (typeof rows === "string") throw new Error(rows);
  expect(rows.slice(0, 3).map((r) => [r.what, r.differ])).toEqual([
    ["a + b", 0],
    ["a - b", 0],
    ["a * b", 0],
  ]);
  expect(rows.length).toBe(9);
});

describe.skipIf(missing)("patches of instances share what they read", () => {
  const layers = `task Layers(n: size, m: size, T: size) where n >= 1, m >= 1 {
  input x[i: 0..n, k: 0..m]: real
  input w[k: 0..m, j: 0..m]: real
  input bias[j: 0..m]: real
  node h[t: 0..=T, i: 0..n, j: 0..m]: real = if t == 0 { x[i, j] } else { next[t, i, j] }
  node next[t: 1..=T, i: 0..n, j: 0..m]: real = max((sum[k: 0..m] h[t-1, i, k] * w[k, j]) + bias[j], 0.0)
  output y[i: 0..n, j: 0..m] = h[T, i, j]
}`;
  const below = `task Below(n: size) where n >= 1 {
  input a[i: 0..n, k: 0..n]: real
  output c[i: 0..n, j: 0..i+1] = sum[k: 0..n] a[i, k] * a[j, k]
  output d[i: 0..n, j: 0..n] = product[k: 0..j] a[i, k] + a[j, k]
}`;
  const patched = (text: string, patches: "always" | "auto") =>
    planGpu(compiledFrom(text).system, { forms: { patches } }).program.families.flatMap((f) =>
      f.patch === undefined ? [] : [[f.name, f.patch.dims]],
    );
  test("of products of matrices and their like", () => {
    expect(patched(exampleText("matrix-product/matrix-product.fathom"), "auto")).toEqual([["c", [0, 1]]]);
    expect(patched(layers, "auto")).toEqual([["next", [1, 2]]]);
    // Where the range differs between columns, only rows go together.
    expect(patched(below, "auto")).toEqual([
      ["c", [0, 1]],
      ["d", [0]],
    ]);
  });
  test.each([
    ["layers", layers, [1, 4, 5].map((n) => ({ n, m: 2 * n - 1, T: 2 }))],
    ["a triangle, and ranges that differ", below, [1, 6].map((n) => ({ n }))],
    [
      "a product of matrices",
      exampleText("matrix-product/matrix-product.fathom"),
      [
        { n: 5, m: 3, p: 1 },
        { n: 4, m: 9, p: 20 },
      ],
    ],
  ] as const)("%s", async (_, text, many) => {
    const compiled = compiledFrom(text);
    for (const sizes of many)
      await agrees(
        compiled,
        sizes,
        randomInputs(compiled.system, sizes, 1),
        { forms: { patches: "always" } },
        "outputs",
      );
  });
  test("by themselves where there are enough of them", async () => {
    const compiled = compiledFrom(exampleText("matrix-product/matrix-product.fathom"));
    await agrees(compiled, { n: 258, m: 254, p: 3 });
  });
});

describe.skipIf(missing)("quotients and roots are rounded as on the CPU", () => {
  const compiled = compiledFrom(
    "task Q(n: size) { input a[i: 0..n]: real\n input b[i: 0..n]: real\n output q[i: 0..n] = a[i] / b[i]\n output r[i: 0..n] = sqrt(a[i]) }",
  );
  const ends = [
    0, 1, 2, 3, 0x400000, 0x7fffff, 0x800000, 0x800001, 0x34000000, 0x3f7fffff, 0x3f800000, 0x3f800001,
    0x4b7fffff, 0x4b800000, 0x7e800000, 0x7f7fffff, 0x7f800000, 0x7fc00000,
  ].flatMap((w) => [w, w + 2 ** 31]);
  let state = 7;
  const word = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
  const pairs: (readonly [number, number])[] = ends.flatMap((a) => ends.map((b) => [a, b] as const));
  for (let k = 0; k < 20_000; k++) pairs.push([word(), word()]);
  // Quotients around the least numbers, many of them half way between two.
  for (let k = 0; k < 10_000; k++)
    pairs.push([
      ((word() % 60) << 23) + (word() & 0x7f0000),
      ((127 + (word() % 60)) << 23) + (word() & 0x400000),
    ]);
  const normal = (w: number) => (w & 0x7f800000) !== 0 || (w & 0x7fffffff) === 0;
  const run = async (own: "auto" | "never", some: typeof pairs) => {
    const family = (name: string, which: 0 | 1) => {
      const of = compiled.system.families.find((f) => f.name === name)!;
      const values = allocate(of, { n: some.length });
      new Uint32Array(values.data.buffer).set(some.map((p) => p[which]));
      return [name, values] as const;
    };
    await agrees(compiled, { n: some.length }, new Map([family("a", 0), family("b", 1)]), {
      forms: { device: own },
    });
  };

  test("put right in whole numbers, for all numbers there are", () => run("never", pairs));

  test("by the device itself where it was seen to", async () => {
    const quotient = new Float32Array(1);
    const word = new Uint32Array(quotient.buffer);
    const some = pairs.filter(([a, b]) => {
      const [x, y] = new Float32Array(Uint32Array.of(a, b).buffer);
      quotient[0] = x! / y!;
      // A device that takes subnormal numbers for 0 does so in quotients too.
      return normal(a) && normal(b) && normal(word[0]!) && word[0]! % 2 ** 31 !== 0x800000;
    });
    expect(some.length).toBeGreaterThan(10_000);
    await run("auto", some);
    if (typeof device !== "string" && isSoftware(device))
      expect(await ownRounding(device)).toEqual({ quotients: true, roots: true });
  });
});

/** The machine that a page's first program meets. */
const machines: Readonly<Record<string, () => Gpu>> = {
  "gpu-missing": () => findGpu({ requestAdapter: async () => null } as unknown as GPU),
  "gpu-lost": () => {
    const real = findGpu();
    return {
      ...real,
      async open() {
        const found = await real.open();
        if (typeof found !== "string") found.destroy();
        return found;
      },
    };
  },
  "gpu-too-small": () => gpu,
};

describe.skipIf(missing)("each page shows its code, and puts it right", () => {
  test.each(Object.entries(machines))("%s", async (code, machine) => {
    const page = readFileSync(join(projectRoot, `docs/errors/${code}.md`), "utf8");
    const programs = [...page.matchAll(/```fathom gpu n=(\d+)\n([\s\S]*?)```/g)];
    expect(programs.length).toBe(2);
    for (const [k, [, n, text]] of programs.entries()) {
      const { system } = compiledFrom(text!);
      const on = k === 0 ? machine() : gpu;
      const { values, diagnostics } = await runOnGpu(planGpu(system).program, {
        gpu: on,
        sizes: { n: Number(n) },
        inputs: new Map(),
      });
      expect(diagnostics.map((d) => d.code)).toEqual(k === 0 ? [code] : []);
      expect(values.size > 0).toBe(k === 1);
    }
  });
});
