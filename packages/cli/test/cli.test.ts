import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { profileProblem } from "@fathom/compiler";
import { describe, expect, test } from "vitest";
import { main } from "../src/index";
import { readNpy, writeNpy } from "../src/npy";
import { capture } from "./capture";

const root = resolve(import.meta.dirname, "../../..");
const example = (name: string, file = `${name}.fathom`) => join(root, "examples", name, file);
const said = capture();

const folder = () => mkdtempSync(join(tmpdir(), "fathom-"));

describe("examples", () => {
  const names = readdirSync(join(root, "examples")).filter((n) => existsSync(example(n)));
  test("there are twenty-two, each with program, input, result and README", () => {
    expect(names).toHaveLength(22);
    for (const n of names)
      for (const f of [`${n}.fathom`, "input.json", "expected.json", "README.md"])
        expect(existsSync(example(n, f)), `${n}/${f}`).toBe(true);
  });

  test.each(names)("%s runs on its input as expected, and its own examples pass", async (name) => {
    const task = /--task (\w+)/.exec(readFileSync(example(name, "README.md"), "utf8"))![1]!;
    expect(
      await main(["run", example(name), "--task", task, "--inputs", example(name, "input.json"), "--json"]),
    ).toBe(0);
    expect(JSON.parse(said.out)).toEqual(JSON.parse(readFileSync(example(name, "expected.json"), "utf8")));
    said.forget();
    expect(await main(["test", example(name)])).toBe(0);
    expect(said.out).toMatch(/[1-9]\d* passed, 0 failed/);
    said.forget();
    expect(await main(["analyze", example(name), "--task", task, "--json"])).toBe(0);
    const report = JSON.parse(said.out);
    expect(report.steps.at.depth).toBeGreaterThan(0);
    for (const { depth, work } of [report.steps, report.ops]) {
      expect(depth.exact?.standing.kind ?? depth.upper?.standing.kind).toMatch(/^(proved|checked)$/);
      expect(work.exact.standing.kind).toBe("proved");
    }
    for (const e of report.expects) expect(e.outcome).not.toBe("refuted");
  });
});

test.each(
  readdirSync(join(root, "corpus")).filter(
    (f) => f.endsWith(".fathom") && /^example /m.test(readFileSync(join(root, "corpus", f), "utf8")),
  ),
)("the examples of corpus/%s pass", async (file) => {
  expect(await main(["test", join(root, "corpus", file)])).toBe(0);
  expect(said.out).toMatch(/[1-9]\d* passed, 0 failed/);
});

describe("commands", () => {
  test("bench sets times beside depth and work, and draws them", async () => {
    const path = join(folder(), "scaling.svg");
    const args = ["bench", example("prefix-sum"), "--task", "RunningSum", "n=4..16", "--targets", "js,wasm"];
    expect(await main([...args, "--json", "-o", path])).toBe(0);
    const { rows, without, profile } = JSON.parse(said.out) as {
      rows: {
        size: number;
        figures: { depth: number; ops: { depth: number; work: object } };
        ms: Record<string, number>;
        predicted: Record<string, number>;
      }[];
      profile: { standing: string };
      without: object;
    };
    expect(rows.map(({ size, figures }) => [size, figures.depth, figures.ops])).toEqual(
      [4, 8, 16].map((n) => [n, n - 1, { depth: n - 1, work: { bit: 0, int: n - 1, real: 0 } }]),
    );
    for (const { ms, predicted } of rows)
      expect(Math.min(ms.js!, ms.wasm!, predicted.js!, predicted.wasm!)).toBeGreaterThan(0);
    expect(profile.standing).toBe("measured");
    expect(without).toEqual({});
    const chart = readFileSync(path, "utf8");
    // Two back ends measured and foretold; three sizes against lanes, and where each levels off.
    expect(chart.match(/<polyline /g)).toHaveLength(4 + 3 + 3);
    expect(chart).not.toContain("NaN");
    said.forget();
    const cited = join(root, "profiles/nvidia-a100-sxm4.json");
    expect(await main([...args, "--json", "--profile", cited])).toBe(0);
    const bound = JSON.parse(said.out);
    expect(bound.profile.standing).toBe("cited");
    // 15 dependent additions at 2.84 ns, and 16 + 1 values of 4 bytes over the bus.
    expect(bound.rows[2].predicted).toEqual({ gpu: expect.closeTo(1000 * (15 * 2.84e-9 + 68 / 3.2e10), 9) });
    for (const wrong of [["n=4"], ["n=4..8", "m=2..3"], ["x"], ["n=8..4"]])
      expect(await main(["bench", example("prefix-sum"), "--task", "RunningSum", ...wrong])).toBe(2);
  });

  test("calibrate writes a profile that bench reads; what is none is refused", async () => {
    const path = join(folder(), "here.json");
    expect(await main(["calibrate", "--targets", "js", "-o", path])).toBe(0);
    const profile = JSON.parse(readFileSync(path, "utf8"));
    expect(profile).toMatchObject({ schema: "fathom-profile/1", standing: "measured" });
    const { latencySeconds, operationsPerSecond } = profile.targets.js;
    expect(latencySeconds).toBeGreaterThan(0);
    for (const kind of ["bit", "int", "real"]) expect(operationsPerSecond[kind]).toBeGreaterThan(1e5);
    const bench = ["bench", example("prefix-sum"), "--task", "RunningSum", "n=4..4", "--targets", "js"];
    expect(await main([...bench, "--profile", path])).toBe(0);
    writeFileSync(path, JSON.stringify({ ...profile, sources: [] }));
    expect(await main([...bench, "--profile", path])).toBe(2);
    expect(said.err).toContain("is no machine profile: `sources` names none");
  });

  test("profiles of other hardware say where every figure is from", () => {
    for (const file of readdirSync(join(root, "profiles"))) {
      const profile = JSON.parse(readFileSync(join(root, "profiles", file), "utf8"));
      expect(profileProblem(profile)).toBeUndefined();
      expect(profile.standing).toBe("cited");
      expect(profile.sources.join()).toMatch(/arXiv:\d{4}\.\d{5}/);
    }
  });

  test("analyze names model and standing of every figure", async () => {
    expect(await main(["analyze", example("rule110"), "--task", "Rule110", "n=16", "T=8"])).toBe(0);
    expect(said.out).toMatch(/depth +8 +T +Θ\(T\) +proved/);
    expect(said.out).toMatch(/work +128 +T\*n +Θ\(T\*n\) +proved/);
    expect(said.out).toContain("exact: the whole graph was counted");
  });

  test("analyze writes a page with the graph and curves, and Markdown", async () => {
    const path = join(folder(), "report.html");
    expect(await main(["analyze", example("rule110"), "--task", "Rule110", "--html", path])).toBe(0);
    const page = readFileSync(path, "utf8");
    expect(page.match(/<svg /g)).toHaveLength(5);
    expect(page).toContain("Depth against n, T = 8");
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(said.err).toBe("");
    said.forget();
    expect(await main(["analyze", example("rule110"), "--task", "Rule110", "--md"])).toBe(0);
    expect(said.out).toContain("| work | `T*n` | `Θ(T*n)` | proved | 64 |");
  });

  test("analyze shows an instance's own depth beside the worst case", async () => {
    expect(
      await main([
        "analyze",
        example("circuit-value"),
        "n=2",
        "m=4",
        "x=10",
        "left=[0,0,0,0]",
        "right=[1,1,1,1]",
        "--json",
      ]),
    ).toBe(0);
    const report = JSON.parse(said.out);
    expect(report.steps.at).toMatchObject({ depth: 4, standing: "worst case" });
    expect(report.instance.depth).toBe(1);
  });

  test("a circuit file is analysed and run", async () => {
    expect(await main(["analyze", example("circuit-value", "full-adder.bench"), "--json"])).toBe(0);
    expect(JSON.parse(said.out).everyGate).toMatchObject({ depth: 6, work: 9 });
    said.forget();
    expect(
      await main(["run", example("circuit-value", "full-adder.bench"), "000", "110", "111", "--json"]),
    ).toBe(0);
    expect(JSON.parse(said.out).rows.map((r: { output: string }) => r.output)).toEqual(["00", "01", "11"]);
  });

  test("JSON has names of enums and of what is no finite number, and takes them back", async () => {
    const file = join(folder(), "light.fathom");
    writeFileSync(
      file,
      "enum Light { Red, Green }\ntask A(n: size) {\n  input now[i: 0..n]: Light\n  input x[i: 0..n]: real\n" +
        "  output next[i: 0..n] = if now[i] == Light.Red { Light.Green } else { now[i] }\n  output y[i: 0..n] = -x[i]\n}\n",
    );
    const run = async (now: string, x: string) => {
      said.forget();
      expect(await main(["run", file, "n=3", `now=${now}`, `x=${x}`, "--json"])).toBe(0);
      return JSON.parse(said.out);
    };
    const found = await run('["Red", 1, "Red"]', '["Infinity", 1.5, "NaN"]');
    expect(found).toEqual({ next: ["Green", "Green", "Green"], y: ["-Infinity", -1.5, "NaN"] });
    expect((await run(JSON.stringify(found.next), JSON.stringify(found.y))).y).toEqual([
      "Infinity",
      1.5,
      "NaN",
    ]);
  });

  test("outputs as npy, png and json; graph; build; new", async () => {
    const dir = folder();
    const run = (file: string) =>
      main([
        "run",
        example("rule110"),
        "--task",
        "Rule110",
        "n=8",
        "T=3",
        "start=00000001",
        "--keep",
        "cell",
        "-o",
        join(dir, file),
      ]);
    for (const f of ["a.npy", "a.png", "a.json"]) expect(await run(f)).toBe(0);
    const npy = readNpy(readFileSync(join(dir, "a.npy")));
    expect("shape" in npy && npy.shape).toEqual([4, 8]);
    expect(
      [...readFileSync(join(dir, "a.png")).subarray(1, 4)].map((b) => String.fromCharCode(b)).join(""),
    ).toBe("PNG");
    expect(JSON.parse(readFileSync(join(dir, "a.json"), "utf8")).final).toEqual([0, 0, 0, 0, 1, 1, 0, 1]);
    expect(await main(["graph", example("prefix-sum"), "--task", "Scan", "-o", join(dir, "g.svg")])).toBe(0);
    expect(readFileSync(join(dir, "g.svg"), "utf8")).toContain("#d9480f");
    expect(await main(["build", example("prefix-sum"), "--task", "Scan", "-o", dir])).toBe(0);
    const module = await import(join(dir, "Scan.js"));
    expect(module.run({ sizes: { n: 3 }, inputs: { x: Int32Array.of(1, 2, 3) } }).total.data[0]).toBe(6);
    const bare = join(dir, "bare");
    expect(
      await main(["build", example("prefix-sum"), "--task", "Scan", "-o", bare, "--target", "wasm"]),
    ).toBe(0);
    expect(readdirSync(bare).sort()).toEqual(["Scan.d.ts", "Scan.js", "Scan.wasm"]);
    // A plain Node in a folder with nothing else.
    writeFileSync(
      join(bare, "use.mjs"),
      'import { run } from "./Scan.js";\nconsole.log(run({ sizes: { n: 3 }, inputs: { x: [1, 2, 3] } }).total.data[0]);\n',
    );
    expect(execFileSync(process.execPath, ["use.mjs"], { cwd: bare, encoding: "utf8" })).toBe("6\n");
    expect(await main(["new", join(dir, "my-chain")])).toBe(0);
    expect(await main(["test", join(dir, "my-chain.fathom")])).toBe(0);
    expect(await main(["new", join(dir, "my-chain")])).toBe(2);
  });

  test("mistakes are diagnostics with exit codes, never stack traces", async () => {
    const dir = folder();
    const bad = join(dir, "bad.fathom");
    writeFileSync(bad, "task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  output s = x[n]\n}\n");
    expect(await main(["check", bad])).toBe(1);
    expect(said.err).toContain("read-outside");
    expect(await main(["check", join(dir, "none.fathom")])).toBe(2);
    expect(await main(["run", example("rule110"), "--task", "Rule110", "n=2", "T=1", "start=01"])).toBe(1);
    expect(said.err).toContain("where-broken");
    expect(await main(["run", example("rule110"), "--task", "Nothing"])).toBe(2);
    expect(await main(["run", example("rule110"), "--task", "Rule110", "n=3", "T=1", "start=01"])).toBe(1);
    expect(await main(["explain", "cycle"])).toBe(0);
    expect(await main(["explain", "nonsense"])).toBe(2);
    expect(await main(["frobnicate"])).toBe(2);
    expect(said.err).not.toMatch(/\bat .*\.ts:\d+/);
    expect(said.err).not.toContain("fault of its own");
  });

  test("checked runs name the node and its index", async () => {
    const file = join(folder(), "o.fathom");
    writeFileSync(
      file,
      "task O(n: size) where n >= 1 {\n  node p[i: 0..n]: int = if i == 0 { 1 } else { p[i-1] * 3 }\n  output s = p[n-1]\n}\n",
    );
    expect(await main(["run", file, "n=40", "--checked"])).toBe(1);
    expect(said.err).toContain("p[20] overflows int");
    expect(await main(["run", file, "n=40"])).toBe(0);
  });

  test("fmt formats in place, once", async () => {
    const file = join(folder(), "f.fathom");
    writeFileSync(file, "task  O( n:size ) {\n input x :int // why\n\n\n output s=x+1\n}\n");
    expect(await main(["fmt", "--check", file])).toBe(1);
    expect(await main(["fmt", file])).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(
      "task O(n: size) {\n  input x: int  // why\n\n  output s = x+1\n}\n",
    );
    expect(await main(["fmt", "--check", file])).toBe(0);
  });
});

test("npy files read back as written", () => {
  const written = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5.5, -6) };
  const read = readNpy(writeNpy(written));
  if ("problem" in read) throw new Error(read.problem);
  expect(read.shape).toEqual([2, 3]);
  expect([...read.data]).toEqual([...written.data]);
  expect(readNpy(new Uint8Array(4))).toHaveProperty("problem");
});

test("files that cannot be read or written are said in words, and nothing is left half-written", async () => {
  const dir = folder();
  expect(await main(["check", dir])).toBe(2);
  expect(said.err).toContain(`${dir}: it is a folder`);
  const full = "/dev/full";
  if (existsSync(full)) symlinkSync(full, join(dir, "out.json.partial"));
  writeFileSync(join(dir, "file"), "");
  const runTo = (path: string) =>
    main(["run", example("rule110"), "-t", "Rule110", "--fill", "n=4", "T=1", "-o", join(dir, path)]);
  expect(await runTo("file/x.json")).toBe(2);
  expect(said.err).toContain("a part of the path is not a folder; nothing was written");
  // A link is followed, not replaced.
  writeFileSync(join(dir, "real.json"), "");
  symlinkSync("real.json", join(dir, "link.json"));
  expect(await runTo("link.json")).toBe(0);
  expect(readFileSync(join(dir, "real.json"), "utf8")).toContain("final");
  for (const f of ["real.json", "link.json"]) rmSync(join(dir, f));
  if (!existsSync(full)) return;
  // A device is written to, not replaced.
  const drawn = await main(["graph", example("rule110"), "-t", "Rule110", "n=3", "T=1", "-o", full]);
  expect(drawn, said.err).toBe(2);
  expect(statSync(full).isCharacterDevice()).toBe(true);
  expect(await runTo("out.json")).toBe(2);
  expect(said.err).toContain("the disk is full; nothing was written");
  expect(readdirSync(dir)).toEqual(["file"]);
});
