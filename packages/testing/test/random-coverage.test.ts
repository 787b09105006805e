/** The random programs that back ends are compared on contain every construct of the language that reaches a back end. */
import { compileTask, type Expr as Equation, someExpr } from "@fathom/compiler";
import { builtins, check, reductionWords } from "@fathom/lang";
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomProgram, randomShape } from "../src/index";

const RUNS = 400;
const programs = fc.sample(fc.oneof(randomProgram, randomShape), { numRuns: RUNS, seed: 7 });

/** Every node of a tree with what tells it from others of its kind. */
function visit(node: unknown, found: Map<string, number>): void {
  if (Array.isArray(node)) {
    for (const x of node) visit(x, found);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const { kind, op, role, name, sizeKind, closed } = node as Record<string, unknown>;
  if (typeof kind === "string") {
    const word = (name as { readonly text?: string } | undefined)?.text;
    const more =
      kind === "call" || kind === "type"
        ? word
        : (op ?? role ?? sizeKind ?? (closed === true ? "closed" : undefined));
    const key = more === undefined ? kind : `${kind} ${more}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  for (const [key, value] of Object.entries(node)) if (key !== "range") visit(value, found);
}

test(`${RUNS} random programs contain every node of the syntax tree, operator, reduction, type and built-in`, () => {
  const found = new Map<string, number>();
  for (const { text } of programs) visit(check("a", text).files[0]!.tree.items, found);
  const wanted = [
    ...["const", "enum", "fn", "monoid", "task", "param", "name", "use", "use-binding"],
    ...["size-param size", "size-param const", "binder", "binder closed"],
    ...["input", "param", "random", "node", "output"].map((role) => `family ${role}`),
    ...["number", "bool", "string", "name-expr", "subscript", "member", "default", "if", "block", "let"],
    ...["table", "list"],
    ...["-", "not"].map((op) => `unary ${op}`),
    ...["+", "-", "*", "/", "div", "mod", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or", "xor"].map(
      (op) => `binary ${op}`,
    ),
    ...Object.keys(reductionWords).map((op) => `reduction ${op}`),
    ...["bit", "int", "real", "index", "vec2", "vec3", "vec4", "Colour"].map((name) => `type ${name}`),
    ...Object.keys(builtins).map((name) => `call ${name}`),
  ];
  expect(wanted.filter((w) => !found.has(w))).toEqual([]);
});

test("and every kind of equation, operator and subscript of the compiler", () => {
  const found = new Set<string>();
  for (const { text } of programs) {
    const program = check("a", text);
    const { system } = compileTask(program, program.tasks[0]!);
    for (const f of system.families)
      for (const p of f.pieces) {
        for (const all of p.guard) for (const c of all) found.add(`compare ${c.op}`);
        someExpr(p.value, (e: Equation) => {
          found.add(e.kind === "apply" || e.kind === "reduce" ? `${e.kind} ${e.op}` : e.kind);
          if (e.kind === "choose")
            for (const { guard } of e.cases)
              for (const all of guard) for (const c of all) found.add(`compare ${c.op}`);
          if (e.kind === "read") for (const s of e.at) found.add(`subscript ${s.kind}`);
          if (e.kind === "fold") e.monoid.combine.forEach((c) => someExpr(c, (x) => !found.add(x.kind)));
          if ((e.kind === "reduce" || e.kind === "fold") && e.dataFilter !== undefined)
            found.add("filter on data");
          if ((e.kind === "reduce" || e.kind === "fold") && e.filter.some((x) => x.length > 0))
            found.add("static filter");
          return false;
        });
      }
  }
  const wanted = [
    ...[
      "constant",
      "index-value",
      "read",
      "select",
      "choose",
      "table",
      "fold",
      "operand",
      "vector",
      "component",
    ],
    ...["subscript static", "subscript dynamic", "static filter", "filter on data"],
    ...["==", "!=", "<", "<="].map((op) => `compare ${op}`),
    ...[
      "add",
      "sub",
      "mul",
      "neg",
      "divide",
      "div",
      "mod",
      "eq",
      "ne",
      "lt",
      "le",
      "and",
      "or",
      "xor",
      "not",
    ].map((op) => `apply ${op}`),
    ...["min", "max", "abs", "floor", "sqrt", "exp", "log", "tanh", "sin", "cos", "clamp", "sign", "dot"].map(
      (op) => `apply ${op}`,
    ),
    ...["length", "to-int", "to-real"].map((op) => `apply ${op}`),
    ...["sum", "product", "min", "max", "any", "all", "parity", "majority", "count", "argmin", "argmax"].map(
      (op) => `reduce ${op}`,
    ),
  ];
  expect(wanted.filter((w) => !found.has(w))).toEqual([]);
});
