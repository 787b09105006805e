/**
 * No verdict may be stronger than the catalogue allows. Files of `corpus/verdicts` and `corpus/traps` say in their first lines what is
 * known of their first task, those of `corpus/near-misses` above each task; what the compiler says may be weaker, and then it is
 * listed, but never stronger.
 */
import {
  compileTask,
  inclusion,
  type Judgement,
  judgementOf,
  parseClass,
  printClass,
  verdictOf,
} from "@fathom/compiler";
import { type CheckedProgram, check, type TaskItem } from "@fathom/lang";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  fathomFiles,
  verdictFiles as files,
  heads,
  known,
  nearMisses,
  overclaim,
  projectHost,
  randomProgram,
} from "../src/index";

const weaker: string[] = [];
afterAll(() => {
  if (weaker.length > 0) console.log(`weaker than what is known (not a failure):\n${weaker.join("\n")}`);
});

/** Each task of a file is judged once for all tests. */
const judgements = new Map<string, Judgement>();
function judgeTask(path: string, program: CheckedProgram, task: TaskItem): Judgement | undefined {
  const key = `${path} ${task.name.text}`;
  const known = judgements.get(key);
  if (known !== undefined) return known;
  const compiled = compileTask(program, task);
  if (compiled.diagnostics.length > 0) return undefined;
  const j = judgementOf(compiled);
  judgements.set(key, j);
  return j;
}

function judgeFile(path: string, text: string, pick = (tasks: readonly TaskItem[]) => tasks[0]!): Judgement {
  const program = check(path, text, projectHost);
  expect(program.diagnostics.filter((d) => d.severity === "error").map((d) => d.message)).toEqual([]);
  const j = judgeTask(path, program, pick(program.tasks));
  expect(j, "the task compiles").toBeDefined();
  return j!;
}

/** Fails where a judgement says more than the head lines allow; lists it where it says less. */
function compare(path: string, head: string, j: Judgement): void {
  const best = heads(head, "verdict").map(known);
  expect(best.length, "the head says what is known").toBe(1);
  const may = [...best, ...heads(head, "allowed").map(known)];
  expect(overclaim(j, may), j.says).toBeUndefined();
  const words = JSON.stringify(j, (key, value: unknown) => (key === "origin" ? undefined : value));
  for (const text of heads(head, "says")) expect(words).toContain(text);
  for (const text of heads(head, "never says")) expect(words).not.toContain(text);
  const hard = heads(head, "hard").map((h) => printClass(parseClass(h.split(" ")[0]!)!));
  if (j.hardness !== undefined && j.verdict !== "inherently-serial")
    expect(hard, "a hardness is known").toContain(printClass(j.hardness.class));
  const [wanted] = best;
  const found = `${j.verdict}${j.bound === undefined ? "" : ` ${printClass(j.bound.class)}`}`;
  if (
    j.verdict !== wanted!.verdict ||
    (wanted!.class !== undefined && printClass(wanted!.class) !== printClass(j.bound!.class))
  )
    weaker.push(`  ${path}: known ${heads(head, "verdict")[0]}, derived ${found}`);
}

describe("no verdict is stronger than the catalogue allows", () => {
  it.each(files.map((f) => [f.path, f.text] as const))("%s", (path, text) => {
    compare(path, text, judgeFile(path, text));
  });

  it.each(nearMisses)("%s, %s", (path, name, head, text) => {
    const j = judgeFile(path, text, (tasks) => tasks.find((t) => t.name.text === name)!);
    compare(`${path}, ${name}`, head, j);
    const applied = j.attempts.filter((a) => a.outcome === "applies").map((a) => a.law);
    const entries = (key: string) => heads(head, key).flatMap((h) => h.split(/,\s*/));
    for (const law of entries("law")) expect(applied, j.says).toContain(law);
    for (const law of entries("not")) expect(applied, j.says).not.toContain(law);
  });

  it("notices an overclaim", () => {
    const j = judgeFile(
      "a.fathom",
      "task A(n: size) {\n  input x[i: 0..n]: bit\n  output y = any[i: 0..n] x[i]\n}\n",
    );
    expect(overclaim(j, [known("parallel AC^0")])).toBeUndefined();
    expect(overclaim(j, [known("parallel NC^0")])).toBeUndefined();
    expect(overclaim(j, [known("parallel AC^0[2]")])).toContain("AC^0");
    expect(overclaim(j, [known("serial-as-written")])).toContain("parallel");
    const p = judgeFile(
      "b.fathom",
      'task B(n: size, T: size) where n >= 3 {\n  input x[i: 0..n]: bit\n  node c[t: 0..=T, i: 0..n]: bit = if t == 0 { x[i] } else { table(c[t-1, (i-1) mod n], c[t-1, i], c[t-1, (i+1) mod n]) "01110110" }\n  output y[i: 0..n] = c[T, i]\n}\n',
    );
    expect(overclaim(p, [known("inherently-serial")])).toBeUndefined();
    expect(overclaim(p, [known("serial-as-written")])).toContain("inherently-serial");
    expect(overclaim(p, [known("parallel TC^0")])).toContain("inherently-serial");
  });
});

describe("every sentence names its hypothesis", () => {
  const all = [
    ...files,
    ...fathomFiles("corpus/near-misses"),
    ...fathomFiles("examples"),
    ...fathomFiles("std"),
  ];
  it.each(all.map((f) => [f.path, f.text] as const))("%s", (path, text) => {
    const program = check(path, text, projectHost);
    if (program.diagnostics.some((d) => d.severity === "error")) return;
    for (const task of program.tasks) {
      const j = judgeTask(path, program, task);
      if (j === undefined) continue;
      expect(j.says).not.toMatch(/cannot|impossible|must be serial|never be parallel/i);
      if (j.verdict === "inherently-serial" || /P-complete|hard for/.test(j.says))
        expect(j.says).toContain("unless TC = P");
      if (j.verdict === "inherently-serial") expect(j.hardness).toBeDefined();
      if (j.verdict === "parallel")
        expect(j.bound && inclusion(j.bound.class, parseClass("TC")!)).toBeDefined();
      expect(j.notClaimed.length).toBeGreaterThan(0);
    }
  });
});

it("judges any program: no two laws of ours contradict each other", () => {
  fc.assert(
    fc.property(randomProgram, ({ text }) => {
      const program = check("random.fathom", text);
      for (const task of program.tasks) {
        const { system } = compileTask(program, task);
        const j = verdictOf(system);
        // The same judgement from a copy, and a bound bit for bit that holds the looser one.
        expect(JSON.stringify(verdictOf({ ...system }))).toBe(JSON.stringify(j));
        for (const other of j.others)
          if (other.readings.length === 0) expect(inclusion(j.bound!.class, other.class)).toBeDefined();
      }
    }),
    { numRuns: Number(process.env.FATHOM_FUZZ_VERDICTS ?? 150), seed: 7 },
  );
});
