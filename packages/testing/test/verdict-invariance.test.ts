/**
 * What must not change a verdict, or not for the better: the same task inside a `use` under other names, expressions padded with
 * identities, a hard output beside its own. Tried on every task of the corpus whose verdict is known.
 */
import {
  apply,
  bit,
  compileTask,
  constant,
  type Expr,
  inclusion,
  int,
  type Judgement,
  judgementOf,
  parseClass,
  printClass,
  real,
  rewriteExpr,
  type System,
  verdictOf,
} from "@fathom/compiler";
import { type CheckedProgram, check, isGiven, type TaskItem } from "@fathom/lang";
import { describe, expect, it } from "vitest";
import { heads, known, nearMisses, overclaim, projectHost, verdictFiles } from "../src/index";

const tasks = [
  ...verdictFiles.map(({ path, text }) => ({
    path,
    text,
    head: text,
    name: undefined as string | undefined,
  })),
  ...nearMisses.map(([path, name, head, text]) => ({ path, text, head, name: name as string | undefined })),
].map((t) => [`${t.path}${t.name === undefined ? "" : `, ${t.name}`}`, t] as const);

const pick = (program: CheckedProgram, name: string | undefined): TaskItem =>
  program.tasks.find((t) => t.name.text === name) ?? program.tasks[0]!;

const judged = new Map<string, Judgement>();
function judge(path: string, text: string, name: string | undefined): Judgement {
  const known = judged.get(`${name} ${text}`);
  if (known !== undefined) return known;
  const program = check(path, text, projectHost);
  expect(program.diagnostics.filter((d) => d.severity === "error").map((d) => d.message)).toEqual([]);
  const compiled = compileTask(program, pick(program, name));
  expect(compiled.diagnostics.map((d) => d.message)).toEqual([]);
  const j = judgementOf(compiled);
  judged.set(`${name} ${text}`, j);
  return j;
}

/** Verdict and class in a word, without what names the families. */
const told = (j: Judgement): string =>
  `${j.verdict} ${j.bound === undefined ? "" : printClass(j.bound.class)} ${j.hardness?.entry ?? ""}`;

/** The task as another that passes its inputs to a `use` of it; more members may stand beside. */
function wrapped(path: string, text: string, name: string | undefined, beside = "", outputs = true): string {
  const program = check(path, text, projectHost);
  const task = pick(program, name);
  const between = (from: number, to: number) => text.slice(from, to);
  const head = /^[^{]*/.exec(text.slice(task.name.range.end))![0];
  const members = task.members.flatMap((m) => (m.kind === "family" ? [m] : []));
  const inputs = members.filter(isGiven);
  const names = (m: (typeof members)[number]) => m.binders.map((b) => b.name.text).join(", ");
  const at = (m: (typeof members)[number]) => (m.binders.length === 0 ? "" : `[${names(m)}]`);
  const declared = (m: (typeof members)[number]) =>
    m.binders.length === 0
      ? m.name.text
      : `${m.name.text}[${between(m.binders[0]!.range.start, m.binders.at(-1)!.range.end)}]`;
  const sizes = task.sizes.map((s) => s.name.text).join(", ");
  return `${text}
task Wrapped${head}{
${inputs.map((m) => `  ${between(m.range.start, m.range.end)}`).join("\n")}
  use ${task.name.text}(${sizes}) with { ${inputs.map((m) => `${m.name.text}${at(m)} = ${m.name.text}${at(m)}`).join(" ")} } as inner
${outputs ? members.flatMap((m) => (m.role === "output" ? [`  output ${declared(m)} = inner.${m.name.text}${at(m)}`] : [])).join("\n") : ""}
${beside}
}
`;
}

describe("a task inside a use is the same task", () => {
  it.each(tasks)("%s", (_, { path, text, name }) => {
    const j = judge(path, text, name);
    // A reduction leads to the task itself, not to its wrapping.
    if (j.hardness?.how.kind === "reduction" || j.hardness?.how.kind === "claimed") return;
    expect(told(judge(path, wrapped(path, text, name), "Wrapped"))).toBe(told(j));
  });
});

describe("identities are no structure: no verdict gets stronger than what is known", () => {
  const or = (e: Expr): Expr => apply("or", [e, constant(bit, 0)], bit);
  const pads: readonly (readonly [string, (e: Expr) => Expr | undefined])[] = [
    ["an or with 0, a sum with 0", (e) => padded(e, or, (x) => apply("add", [x, constant(int, 0)], int))],
    [
      "twice not, a product with 1",
      (e) =>
        padded(
          e,
          (x) => apply("not", [apply("not", [x], bit)], bit),
          (x) => apply("mul", [constant(int, 1), x], int),
        ),
    ],
  ];
  function padded(e: Expr, bits: (e: Expr) => Expr, ints: (e: Expr) => Expr): Expr | undefined {
    if (e.kind !== "read") return undefined;
    if (e.type.kind === "bit") return bits(e);
    if (e.type.kind === "int") return ints(e);
    return e.type.kind === "real" ? apply("add", [e, constant(real, 0)], real) : undefined;
  }
  const pad = (system: System, by: (e: Expr) => Expr | undefined): System => ({
    ...system,
    families: system.families.map((f) =>
      f.role !== "node"
        ? f
        : { ...f, pieces: f.pieces.map((p) => ({ ...p, value: rewriteExpr(p.value, by) })) },
    ),
  });
  it.each(tasks)("%s", (_, { path, text, head, name }) => {
    const program = check(path, text, projectHost);
    const { system } = compileTask(program, pick(program, name));
    const may = [...heads(head, "verdict"), ...heads(head, "allowed")].map(known);
    for (const [what, by] of pads) {
      const j = verdictOf(pad(system, by));
      expect(overclaim(j, may), `${what}: ${j.says}`).toBeUndefined();
    }
  });
});

describe("a harder output beside a task does not become easier, nor does the task", () => {
  const hard = (size: string) => `  input wire: bit
  node chain[a0: 0..=${size}, b0: 0..${size}]: bit =
    if a0 == 0 { wire } else { not (chain[a0-1, b0] and chain[a0-1, (b0 * b0 + a0) mod ${size}]) }
  output harder[b0: 0..${size}] = chain[${size}, b0]`;
  // Every third task: the laws do not look at what stands beside.
  it.each(tasks.filter((_, k) => k % 3 === 0))("%s", (_, { path, text, name }) => {
    const program = check(path, text, projectHost);
    const size = pick(program, name).sizes.find((s) => s.sizeKind === "size")?.name.text;
    const j = judge(path, text, name);
    // Where the only size is small beside the others, the chain is short.
    if (size === undefined || j.bound === undefined || /log2|2\^/.test(text)) return;
    const both = judge(path, wrapped(path, text, name, hard(size)), "Wrapped");
    expect(inclusion(j.bound.class, both.bound!.class), both.says).toBeDefined();
    expect(printClass(both.bound!.class)).toBe("P");
    expect(both.verdict).not.toBe("parallel");
    // Alone it is the same chain: dead parts of a task count for nothing.
    const alone = judge(path, wrapped(path, text, name, hard(size), false), "Wrapped");
    expect(alone.verdict).toBe("serial-as-written");
    expect(inclusion(parseClass("P")!, alone.bound!.class)).toBe("equal");
  });
});
