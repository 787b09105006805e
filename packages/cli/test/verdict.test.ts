import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { main } from "../src/index";
import { capture } from "./capture";

const root = resolve(import.meta.dirname, "../../..");
const example = (name: string) => join(root, "examples", name, `${name}.fathom`);
const folder = () => mkdtempSync(join(tmpdir(), "fathom-"));
const known = (name: string) => join(root, `corpus/verdicts/${name}.fathom`);
const said = capture();

describe("fathom sort", () => {
  test("writes the table for a README, the smallest class first and each task with its file", async () => {
    const to = join(mkdtempSync(join(tmpdir(), "fathom-")), "sorted.md");
    const folder = join(root, "corpus/near-misses");
    expect(await main(["sort", join(folder, "sizes.fathom"), join(folder, "grids.fathom"), "-o", to])).toBe(
      0,
    );
    const lines = readFileSync(to, "utf8").split("\n");
    expect(lines[2]).toMatch(
      /^\| LongInput \| parallel \| AC\^0\[2\] \| one layer of gates \(parity of bits\) \[C\.1\] \| .*sizes\.fathom \|$/,
    );
    expect(said.out).toMatch(/Crossbar +P +a crossbar of wires \[F\.6\] .*grids\.fathom/);
    expect(said.out).toMatch(/QuasiPolynomial +exponential size/);
  });

  test("groups the tasks of files and folders, and draws them", async () => {
    const to = join(folder(), "chart");
    expect(await main(["sort", example("rule110"), join(root, "examples/parity"), "-o", `${to}.svg`])).toBe(
      0,
    );
    expect(said.out).toMatch(/parallel\s+2\n\s+ParityChain\s+AC\^0\[2\]/);
    expect(said.out).toMatch(
      /inherently serial unless TC = P\s+2\n\s+Elementary\s+P\s+the prediction of rule 110 \[D\.2\]/,
    );
    expect(readFileSync(`${to}.svg`, "utf8")).toContain(
      "<title>Rule110 is P-complete, hence not in TC unless TC = P",
    );
    said.forget();
    expect(await main(["sort", known("rule-30"), "--json", "-o", `${to}.html`])).toBe(0);
    const [row] = JSON.parse(said.out) as { task: string; group: string; judgement: { verdict: string } }[];
    expect(row).toMatchObject({ task: "Rule30", group: "open", judgement: { verdict: "serial-as-written" } });
    expect(readFileSync(`${to}.html`, "utf8")).toContain("not that there is none");
  });

  test("names what it is not able to do", async () => {
    expect(await main(["sort", "nowhere"])).toBe(2);
    expect(await main(["sort", example("rnn"), "-o", "chart.png"])).toBe(2);
    const bad = join(folder(), "bad.fathom");
    writeFileSync(bad, "task A(n: size) {\n  output y = z\n}\n");
    expect(await main(["sort", bad])).toBe(1);
    expect(said.err).toContain("unknown-name");
  });
});

describe("fathom match", () => {
  test("names the hypothesis under which a model is too shallow", async () => {
    expect(await main(["match", `${example("rule110")}:Rule110`, example("transformer")])).toBe(0);
    expect(said.out).toContain("ruled out under a hypothesis");
    expect(said.out).toContain("if P is not inside nonuniform TC^0");
    expect(said.out).toContain("serial steps: depth that grows with Rule110's T");
    expect(said.out).not.toMatch(/cannot|impossible/);
  });

  test("has nothing against a looped model, and says how long it must loop", async () => {
    expect(await main(["match", `${example("rule110")}:Rule110`, example("looped-transformer")])).toBe(0);
    expect(said.out).toContain("nothing against it");
    expect(said.out).toContain("LoopedTransformer's R must grow with Rule110's T");
  });

  test("leaves open what is open", async () => {
    expect(await main(["match", known("rule-30"), example("transformer"), "--json"])).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({
      outcome: "open",
      task: { grows: ["T"] },
      model: { grows: [] },
    });
  });
});

test("frontier draws depth against tables, and quotes limits for the task's own class", async () => {
  const picture = join(mkdtempSync(join(tmpdir(), "fathom-")), "frontier.svg");
  const words = ["frontier", join(root, "std/automata.fathom"), "-t", "Rule110", "n=16", "T=8"];
  expect(await main([...words, "-o", picture])).toBe(0);
  expect(said.out).toContain("the cone of k levels ends in 2*k + 1 bits (counted for k = 1 to 7)");
  expect(said.out).toContain("the live state is n bits (16 here): it grows faster than log N");
  expect(said.out).toContain("[G.10]");
  const svg = readFileSync(picture, "utf8");
  expect(svg).toContain("the square of the graph");
  expect(svg).not.toMatch(/NaN|Infinity/);
  said.forget();
  expect(await main([...words, "--json"])).toBe(0);
  expect(JSON.parse(said.out)).toMatchObject({
    depth: 8,
    words: false,
    cone: { form: "2*k + 1", degree: 1 },
  });
});
