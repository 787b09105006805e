import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check, format, parse, Reparser } from "../src/index";
import { Grammar } from "../src/syntax/grammar/grammar";
import { lexer } from "../src/syntax/tokens";

const examples = resolve(import.meta.dirname, "../../../examples");
const programs = readdirSync(examples, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".fathom"))
  .map((path) => readFileSync(join(examples, path), "utf8"));
const RUNS = Number(process.env.FATHOM_PARSE_RUNS ?? 2000);

test("the grammar is without ambiguity", () => {
  expect(() => new Grammar(true)).not.toThrow();
});

/** Every range lies in the text. */
function insideText(text: string): void {
  const { tree, diagnostics } = parse(text, "a");
  expect(tree.kind).toBe("file");
  for (const d of diagnostics) {
    expect(d.range.start).toBeGreaterThanOrEqual(0);
    expect(d.range.end).toBeLessThanOrEqual(text.length);
  }
}

test("any text gives a tree and diagnostics inside it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), insideText), { numRuns: RUNS });
});

test("a `use` broken inside its call is a diagnostic", () => {
  const { diagnostics } = check("a", "///\n T..n]task use e z[i: 0..[i-1] sum[j: [");
  expect(diagnostics.length).toBeGreaterThan(0);
});

test("random edits of real programs give a tree, and checking them never throws", () => {
  const edit = fc.tuple(
    fc.nat(4000),
    fc.nat(6),
    fc.constantFrom("", "}", "{", "(", "]", "task", "=", "..", "if", "?", "\ud800", "\n", "sum[", "0"),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...programs),
      fc.array(edit, { minLength: 1, maxLength: 3 }),
      (program, edits) => {
        let text = program;
        for (const [at, cut, insert] of edits) {
          const start = at % (text.length + 1);
          text = text.slice(0, start) + insert + text.slice(start + cut);
        }
        insideText(text);
        check("a", text);
        format(text, "a");
      },
    ),
    { numRuns: Math.floor(RUNS / 2) },
  );
});

test("versions of a file parsed one after the other are what each is by itself", () => {
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(400)),
    insert: fc.constantFrom(
      ...[
        "",
        "",
        "x",
        "\n",
        "\r\n",
        "\r",
        "#",
        '"',
        "//",
        "/// note\n",
        "  // note\n",
        "\u2028",
        "\ufeff",
        "\ud800",
        "{",
        "}",
        "(",
      ],
      ...[
        "task ",
        "\nfn f(a: int): int = a",
        "\nconst N = 4\n",
        "\ntask",
        "\nexample A {",
        "node y: int = 1",
        "+".repeat(1100),
      ],
    ),
  });
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...programs.filter((p) => p.length < 1500)), { minLength: 1, maxLength: 3 }),
      fc.array(edit, { minLength: 1, maxLength: 12 }),
      (parts, edits) => {
        let text = parts.join("\n");
        const file = new Reparser("a");
        file.parse(text);
        for (const { at, cut, insert } of edits) {
          const start = at % (text.length + 1);
          text = text.slice(0, start) + insert + text.slice(start + cut);
          expect(JSON.stringify(file.parse(text))).toBe(JSON.stringify(parse(text, "a")));
        }
      },
    ),
    { numRuns: Math.floor(RUNS / 10) },
  );
});

describe("one mistake is one diagnostic", () => {
  test("dropping any token of a program", () => {
    const text = programs.find((p) => p.includes("task Rule110"))!;
    const { tokens } = lexer.tokenize(text);
    let more = 0;
    for (const t of tokens) {
      const broken =
        text.slice(0, t.startOffset) +
        " ".repeat(t.image.length) +
        text.slice(t.startOffset + t.image.length);
      const { diagnostics } = parse(broken, "a");
      if (diagnostics.length > 1) more++;
    }
    // A lost `{` of a task or a lost keyword may be seen twice; nothing else.
    expect(more / tokens.length).toBeLessThan(0.05);
  });

  test("a broken equation leaves its neighbours and its own name alone", () => {
    const program = check(
      "a",
      "task A(n: size) {\n  input x[i: 0..n]: int\n  node y[i: 0..n]: int = x[i] + \n  output z[i: 0..n] = y[i]\n}\n",
    );
    expect(program.diagnostics.map((d) => d.code)).toEqual(["unexpected-token"]);
    expect(program.diagnostics[0]!.message).toContain("an expression");
  });

  test("brackets nested too deeply are refused, not a crash", () => {
    const deep = `task A() { node x: int = ${"(".repeat(5000)}1${")".repeat(5000)} }`;
    expect(parse(deep, "a").diagnostics.map((d) => d.code)).toEqual(["nested-too-deeply"]);
    const long = `task A() { node x: int = ${"1+".repeat(5000)}1 }`;
    expect(parse(long, "a").diagnostics.map((d) => d.code)).toEqual(["nested-too-deeply"]);
  });
});

describe("types and names", () => {
  const codes = (body: string, head = "") =>
    check(
      "a",
      `${head}task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  input r: real\n  input b: bit\n${body}\n}\n`,
    ).diagnostics.map((d) => d.code);

  test.each([
    ["node y: int = x[0]", []],
    ["node y: real = x[0]", ["type-mismatch"]],
    ["node y: real = 1", []],
    ["node y: bit = 1", []],
    ["node y: bit = 2", ["type-mismatch"]],
    ["node y = zz", ["unknown-name"]],
    ["node y = x", ["wrong-rank"]],
    ["node y = x[0, 1]", ["wrong-rank"]],
    ["node y = r / 2", []],
    ["node y = x[0] / 2", ["type-mismatch"]],
    ["node y[i: 0..x[0]]: int = 1", ["not-static"]],
    ["node x: int = 1", ["duplicate-name"]],
    ["node y: int", ["missing-value"]],
    ["input y: int = 1", ["unexpected-value"]],
    ["node y = foo(1)", ["unknown-name"]],
    ["node y = min(1)", ["wrong-arity"]],
    ["node y = min(x[0], 1, 2, 3)", []],
    ['node y = table(b) "0"', ["table-size"]],
    ["node y = r ?? 0", []],
    ["node y = (r + 1) ?? 0", ["default-needs-read"]],
    ["node y = z\n  node z = y", ["missing-type"]],
    ["node y = 2 ^ x[0]", ["not-static"]],
    ["node y: int = { let a = x[0]\n 1 }", ["unused-let"]],
    ["node y = b.x", ["no-member"]],
    ["node y: int = argmin[i: 0..n, j: 0..n] x[i]", ["argmin-rank"]],
  ])("%s", (body, expected) => {
    expect(codes(body)).toEqual(expected);
  });

  test("functions may not call themselves", () => {
    expect(codes("node y = f(x[0])", "fn f(a: int): int = f(a)\n")).toEqual(["recursive-function"]);
  });

  test.each([
    ["node y = b && b", "write `and`"],
    ["node y = !b", "write `not`"],
    ["node y = x[0] % 2", "write `mod`"],
    ["node y = b ? 1 : 2", "a choice is written `if c { a } else { b }`"],
    ["node y = if b then 1 else 2", "a choice is written `if c { a } else { b }`"],
    ["node y = if r = 1 { 1 } else { 2 }", "equality is written `==`"],
    ["node y = r ** 2", "write `x * x`; `2^k` is for sizes"],
    ["node y = sum(i: 0..n) x[i]", "a reduction is written `sum[i: 0..n] x[i]`"],
    ["node y = sum(x[i] for i in 0..n)", "a reduction is written `sum[i: 0..n] x[i]`"],
    ["node y = max over i in 0..n : x[i]", "a reduction is written `sum[i: 0..n] x[i]`"],
    ["node y = reduce(x[0])", "a reduction is written `reduce M[i: 0..n] x[i]`"],
    ["node y[i in 0..n] = x[i]", "a range is written `i: 0..n`, `i: 0..=n` with its end"],
    ["node y[i: 0..n] -> int = x[i]", "a type stands behind a colon: `y[i: 0..n]: int`"],
    ["node y: float = r", "did you mean `real`?"],
    ["node y = relu(r)", "write `max(x, 0.0)`"],
    [
      "for i in 0..n { }",
      "there are no loops: a family has a value at every index, `node y[i: 0..n]: int = …`",
    ],
  ])("a habit from elsewhere is one mistake, with the way to write it here: %s", (body, help) => {
    const text = `task A(n: size) where n >= 1 {\n  input x[i: 0..n]: int\n  input r: real\n  input b: bit\n${body}\n}\n`;
    expect(check("a", text).diagnostics.map((d) => d.help)).toEqual([help]);
  });

  test("suggestions name what was meant", () => {
    const { diagnostics } = check("a", "task A() { input start: bit\n node y = strat }");
    expect(diagnostics[0]!.help).toBe("did you mean `start`?");
  });
});
