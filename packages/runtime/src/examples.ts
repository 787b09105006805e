/** The examples of a program, run on every back end of the CPU and compared. */
import {
  bindValues,
  type Compiled,
  componentsOf,
  type FamilyValues,
  forEachPoint,
  type Given,
  interpret,
  offsetOf,
  printInstance,
  randomValues,
  type Sizes,
  sizeProblems,
} from "@fathom/compiler";
import { type CheckedProgram, type Diagnostic, diagnostic, type ExampleItem, type Expr } from "@fathom/lang";
import { loadModule } from "./load";

/** What became of one example on one back end: it holds where there are no diagnostics. */
export interface ExampleResult {
  readonly title: string;
  readonly backend: "interpreter" | "js" | "wasm";
  readonly diagnostics: readonly Diagnostic[];
}

/** Runs one example on the interpreter and on the emitted modules. */
export async function runExample(
  program: CheckedProgram,
  example: ExampleItem,
  compiled: Compiled,
): Promise<ExampleResult[]> {
  const { system } = compiled;
  const title = `${example.task.text}${example.title === undefined ? "" : `: ${example.title.value}`}`;
  const file = program.fileOf(example).path;
  const fail = (diagnostics: readonly Diagnostic[]): ExampleResult[] => [
    {
      title,
      backend: "interpreter",
      diagnostics: diagnostics.map((d) => ({ ...d, file, range: d.file === "" ? example.range : d.range })),
    },
  ];
  const sizes: Record<string, number> = {};
  const given = new Map<string, Given | { readonly random: number }>();
  let seed = 0;
  for (const entry of example.entries) {
    if (entry.op !== "=") continue;
    const value = exampleValue(entry.value);
    if (value === undefined) {
      return fail([
        diagnostic(
          "example-value",
          { file, range: entry.value.range },
          {
            name: entry.name.text,
            expected: "a number, a text of bits, a list or random(seed)",
            found: "something else",
          },
        ),
      ]);
    }
    if (system.sizes.some((s) => s.name === entry.name.text)) sizes[entry.name.text] = value as number;
    else if (entry.name.text === "seed") seed = value as number;
    else given.set(entry.name.text, value);
  }
  const wrong = sizeProblems(system, sizes);
  if (wrong.length > 0) return fail(wrong.map((d) => ({ ...d, file, range: example.task.range })));
  const inputs = new Map<string, FamilyValues>();
  for (const family of system.families) {
    if (family.role !== "input" && family.role !== "param") continue;
    const value = given.get(family.name);
    if (value !== undefined && typeof value === "object" && "random" in value) {
      inputs.set(family.name, randomValues(family, sizes, value.random));
      continue;
    }
    const bound = bindValues(family, sizes, value as Given | undefined);
    const entry = example.entries.find((e) => e.name.text === family.name);
    if (bound.values === undefined)
      return fail(bound.diagnostics.map((d) => ({ ...d, file, range: (entry ?? example.task).range })));
    inputs.set(family.name, bound.values);
  }
  const checks = example.entries.filter((e) => e.op !== "=");
  const keep = checks.map((e) => e.name.text).filter((n) => system.families.some((f) => f.name === n));
  const results: ExampleResult[] = [];
  const compare = (backend: ExampleResult["backend"], values: ReadonlyMap<string, FamilyValues>): void => {
    const diagnostics = checks.flatMap((entry): Diagnostic[] => {
      const family = system.families.find((f) => f.name === entry.name.text);
      const found = values.get(entry.name.text);
      if (family === undefined || found === undefined) return [];
      const value = exampleValue(entry.value);
      const at = { file, range: entry.value.range };
      if (value === undefined || (typeof value === "object" && "random" in value)) {
        return [
          diagnostic("example-value", at, {
            name: family.name,
            expected: "values to compare with",
            found: "something else",
          }),
        ];
      }
      const wanted = bindValues(
        { ...family, type: family.type.kind === "index" ? { kind: "int" } : family.type },
        sizes,
        value,
      );
      if (wanted.values === undefined) return wanted.diagnostics.map((d) => ({ ...d, ...at }));
      const tolerance = entry.tolerance === undefined ? 1e-6 : Number(exampleValue(entry.tolerance) ?? 1e-6);
      const problem = firstDifference(family, sizes, found, wanted.values, entry.op === "~=" ? tolerance : 0);
      return problem === undefined
        ? []
        : [
            diagnostic("example-failed", at, {
              name: title,
              element: problem.element,
              found: problem.found,
              expected: problem.expected,
            }),
          ];
    });
    results.push({ title, backend, diagnostics });
  };
  const reference = interpret(system, { sizes, inputs, seed });
  if (reference.diagnostics.length > 0) return fail(reference.diagnostics);
  compare("interpreter", reference.values);
  const flat = Object.fromEntries([...inputs].map(([name, v]) => [name, v.data]));
  for (const target of ["js", "wasm"] as const) {
    const module = await loadModule(compiled, target, { keep });
    compare(target, new Map(Object.entries(module.run({ sizes, inputs: flat, seed }))));
  }
  return results;
}

function firstDifference(
  family: Compiled["system"]["families"][number],
  sizes: Sizes,
  found: FamilyValues,
  wanted: FamilyValues,
  tolerance: number,
): { readonly element: string; readonly found: number; readonly expected: number } | undefined {
  const width = componentsOf(family.type);
  let problem: { element: string; found: number; expected: number } | undefined;
  forEachPoint(family.dims, sizes, (point) => {
    if (problem !== undefined) return;
    for (let k = 0; k < width; k++) {
      const a = found.data[offsetOf(found, point) * width + k]!;
      const b = wanted.data[offsetOf(wanted, point) * width + k]!;
      const same = a === b || (a !== a && b !== b) || Math.abs(a - b) <= tolerance;
      if (!same)
        problem ??= {
          element: `${printInstance(family.name, point)}${width > 1 ? `.${"xyzw"[k]}` : ""}`,
          found: a,
          expected: b,
        };
    }
  });
  return problem;
}

/** A literal of an example as a value; undefined when it is none. */
function exampleValue(expr: Expr): Given | { readonly random: number } | undefined {
  switch (expr.kind) {
    case "number":
      return expr.value;
    case "bool":
      return expr.value ? 1 : 0;
    case "string":
      return expr.value;
    case "unary": {
      const inner = exampleValue(expr.operand);
      return expr.op === "-" && typeof inner === "number" ? -inner : undefined;
    }
    case "member":
    case "name-expr":
      return expr.name.text;
    case "list": {
      const parts = expr.elements.map(exampleValue);
      return parts.some((p) => p === undefined || (typeof p === "object" && "random" in p))
        ? undefined
        : (parts as Given[]);
    }
    case "call": {
      const seed = expr.args[0];
      return expr.name.text === "random" && seed?.kind === "number" ? { random: seed.value } : undefined;
    }
    default:
      return undefined;
  }
}
