import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  compileTask,
  type FamilyValues,
  interpret,
  planGpu,
  randomInputs,
  type Sizes,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import { levelsFor } from "@fathom/runtime";
import { findGpu, type Gpu, runOnGpu } from "@fathom/runtime-gpu";
import { afterAll, describe, expect, test } from "vitest";
import { projectRoot } from "../src/index";

const gpu = findGpu();
const device = await gpu.open();
const missing = typeof device === "string" && process.env.CI === undefined;
if (missing) console.warn(`skipped: ${device}`);
afterAll(() => gpu.close());

const chain = `task Chain(n: size, T: size) where n >= 1 {
  input x[i: 0..n]: int
  node y[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { y[t-1, (i+1) mod n] * 5 + y[t-1, i] }
  output s[i: 0..n] = y[T, i]
}`;
const quotients = `task Quotients(n: size) where n >= 1 {
  input x[i: 0..n]: real
  node s[i: 0..n]: real = if i == 0 { x[0] } else { s[i-1] / 3.0 + x[i] }
  output y[i: 0..n] = s[i]
  output most = max[i: 0..n] s[i]
}`;
const circuit = readFileSync(join(projectRoot, "examples/circuit-value/circuit-value.fathom"), "utf8");

/** A program at sizes, with what it must give; `levels` are those of what waits for data. */
function prepared(text: string, sizes: Sizes, oneGroup: "auto" | "never" = "auto") {
  const program = check("a.fathom", text);
  const compiled = compileTask(program, program.tasks[0]!);
  const plan = planGpu(compiled.system, { unproved: compiled.unproved, forms: { oneGroup } });
  const inputs = randomInputs(compiled.system, sizes, 1);
  const wanted = interpret(compiled.system, { sizes, inputs, seed: 3 }).values;
  const levels = () => levelsFor(plan, compiled, { sizes, inputs, seed: 3 });
  return { sizes, plan, inputs, levels, wanted };
}
type Prepared = ReturnType<typeof prepared>;

const runs: readonly (readonly [string, () => Prepared])[] = [
  // More dispatches than a submit takes.
  ["a launch a level", () => prepared(chain, { n: 7, T: 1100 }, "never")],
  ["a loop inside a workgroup, after a device was tried", () => prepared(quotients, { n: 300 })],
  ["a circuit", () => prepared(circuit, { n: 5, m: 100 })],
];

/** What a device is asked for, told as it happens. */
interface Watched {
  readonly gpu: Gpu;
  submits: number;
  opened: number;
  /** Buffers that nobody destroyed. */
  readonly open: Set<GPUBuffer>;
}

/** A GPU of its own; `onSubmit` is told before each submit of the device at hand. */
function watched(onSubmit: (submit: number, device: GPUDevice, opened: number) => void): Watched {
  const real = findGpu();
  const known = new WeakMap<GPUDevice, GPUDevice>();
  const bound = <T extends object>(of: T, name: string | symbol): unknown => {
    const found = of[name as keyof T];
    return typeof found === "function" ? found.bind(of) : found;
  };
  const watch = (of: GPUDevice): GPUDevice => {
    const queue = new Proxy(of.queue, {
      get: (q, name) =>
        name === "submit"
          ? (commands: GPUCommandBuffer[]) => {
              onSubmit(seen.submits++, of, seen.opened);
              q.submit(commands);
            }
          : bound(q, name),
    });
    return new Proxy(of, {
      get(d, name) {
        if (name === "queue") return queue;
        if (name !== "createBuffer") return bound(d, name);
        return (descriptor: GPUBufferDescriptor) => {
          const buffer = d.createBuffer(descriptor);
          seen.open.add(buffer);
          const destroy = buffer.destroy.bind(buffer);
          buffer.destroy = () => {
            seen.open.delete(buffer);
            destroy();
          };
          return buffer;
        };
      },
    });
  };
  const seen: Watched = {
    submits: 0,
    opened: 0,
    open: new Set(),
    gpu: {
      close: () => real.close(),
      async open() {
        const found = await real.open();
        if (typeof found === "string") return found;
        if (!known.has(found)) {
          known.set(found, watch(found));
          seen.opened++;
        }
        return known.get(found)!;
      },
    },
  };
  return seen;
}

function expectWhole(values: ReadonlyMap<string, FamilyValues>, { wanted }: Prepared): void {
  expect(values.size).toBeGreaterThan(0);
  for (const [name, { data }] of values) {
    const right = wanted.get(name)!.data;
    expect([name, Array.from(data).findIndex((v, k) => !Object.is(v, right[k]))]).toEqual([name, -1]);
  }
}

describe.skipIf(missing)("a device lost at any submit", { timeout: 300_000 }, () => {
  describe.each(runs)("%s", (_, prepare) => {
    const prepared = prepare();
    const { plan, sizes, inputs } = prepared;
    const run = async (g: Gpu, checkpointMs: number, signal?: AbortSignal, inRounds = false) => {
      const levels = inRounds ? undefined : await prepared.levels();
      return runOnGpu(plan.program, { gpu: g, sizes, inputs, seed: 3, checkpointMs, levels, signal });
    };

    test.each([
      ["taken up from a copy", 0, 1, []],
      ["taken up from the start", 1e9, 1, []],
      ["and at every submit of the next one too", 0, 2, ["gpu-lost"]],
    ] as const)("%s", async (_, checkpointMs, losses, codes) => {
      // Until a run ends before the submit at which the device would be lost.
      for (let at = 0, lost = true; lost; at++) {
        lost = false;
        const seen = watched((submit, d, opened) => {
          if (opened > losses || submit < at) return;
          lost = true;
          d.destroy();
        });
        const { values, diagnostics } = await run(seen.gpu, checkpointMs);
        expect(diagnostics.map((d) => d.code)).toEqual(lost ? codes : []);
        if (diagnostics.length === 0) expectWhole(values, prepared);
        else expect(values.size).toBe(0);
        expect(seen.open.size).toBe(0);
        // The next run gets a device that is there.
        if (at % 8 === 0 && losses === 1) expectWhole((await run(seen.gpu, checkpointMs)).values, prepared);
        seen.gpu.close();
      }
    });

    test("ended at any submit", async () => {
      for (const inRounds of plan.inspector === undefined ? [false] : [false, true]) {
        for (let at = 0, ended = true; ended; at++) {
          ended = false;
          const stop = new AbortController();
          const seen = watched((submit) => {
            if (submit !== at) return;
            ended = true;
            stop.abort(new Error("enough"));
          });
          const outcome = await run(seen.gpu, 0, stop.signal, inRounds).catch(
            (error: Error) => error.message,
          );
          // One that was ended at its last submit may be whole all the same.
          if (typeof outcome === "string") expect(outcome).toBe("enough");
          else expectWhole(outcome.values, prepared);
          expect(seen.open.size).toBe(0);
          seen.gpu.close();
        }
      }
    });
  });
});

describe.skipIf(missing)("runs at once on one device", { timeout: 300_000 }, () => {
  test("of one program at many sizes, and of others", async () => {
    const many = [
      ...[1, 5, 64, 300].map((n) => prepared(chain, { n, T: 40 })),
      ...[1, 65, 400].map((n) => prepared(quotients, { n })),
      prepared(circuit, { n: 4, m: 60 }),
    ];
    // The same plan at several sizes.
    const [first] = many;
    const plans = many.map(
      (p) => (p.wanted.has("y") && p.wanted.has("s") && p.sizes.T === 40 ? first! : p).plan,
    );
    const seen = watched(() => {});
    const found = await Promise.all(
      many.map(async (p, k) =>
        runOnGpu(plans[k]!.program, { gpu: seen.gpu, ...p, seed: 3, levels: await p.levels() }),
      ),
    );
    found.forEach(({ values, diagnostics }, k) => {
      expect(diagnostics).toEqual([]);
      expectWhole(values, many[k]!);
    });
    expect(seen.opened).toBe(1);
    expect(seen.open.size).toBe(0);
    seen.gpu.close();
  });

  test("all are taken up when it is lost", async () => {
    const many = [prepared(chain, { n: 3, T: 1100 }, "never"), prepared(quotients, { n: 90 })];
    for (let at = 0, lost = true; lost; at++) {
      lost = false;
      const seen = watched((submit, d, opened) => {
        if (submit < at || opened > 1) return;
        lost = true;
        d.destroy();
      });
      const found = await Promise.all(
        many.map((p) => runOnGpu(p.plan.program, { gpu: seen.gpu, ...p, seed: 3, levels: undefined })),
      );
      found.forEach(({ values, diagnostics }, k) => {
        expect(diagnostics).toEqual([]);
        expectWhole(values, many[k]!);
      });
      expect(seen.open.size).toBe(0);
      seen.gpu.close();
    }
  });
});
