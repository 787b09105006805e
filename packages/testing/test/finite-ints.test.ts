/** Ints that are taken for a finite type never leave it, and say the same: the interpreter is asked, on random programs and inputs. */
import { compileTask, interpret, randomInputs, withFiniteInts } from "@fathom/compiler";
import { check } from "@fathom/lang";
import fc from "fast-check";
import { expect, it } from "vitest";
import { randomProgram } from "../src/index";

/** Programs of a few ints that read each other, with what may keep them in a range, or seem to. */
const leaf = fc.constantFrom("a[t-1]", "b[t-1]", "int(x[t-1])", "u[t-1]", "w[t-1]", "1", "3", "-2", "0");
const expression: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.tuple(tie("e"), fc.constantFrom("+", "-", "*"), tie("e")).map(([l, o, r]) => `(${l} ${o} ${r})`),
    fc.tuple(tie("e"), fc.constantFrom("3", "7", "-5", "u[t-1]")).map(([l, r]) => `(${l} mod ${r})`),
    fc.tuple(tie("e"), fc.constantFrom("2", "-3", "u[t-1]")).map(([l, r]) => `(${l} div ${r})`),
    fc.tuple(fc.constantFrom("min", "max"), tie("e"), tie("e")).map(([o, l, r]) => `${o}(${l}, ${r})`),
    fc.tuple(tie("e"), tie("e"), tie("e")).map((xs) => `clamp(${xs.join(", ")})`),
    fc.tuple(tie("e"), tie("e"), tie("e")).map(([c, l, r]) => `(if ${c} > 2 { ${l} } else { ${r} })`),
    tie("e").map((e) => `abs(${e})`),
    leaf.map((e) => `(min[k: 0..m] ${e} + k)`),
    leaf.map((e) => `(sum[k: 0..2 where k < m] ${e})`),
  ),
})).e;
const program = fc.tuple(expression, expression, fc.constantFrom("0", "2", "-1")).map(
  ([a, b, start]) => `task R(T: size, m: size) {
  input x[t: 0..=T]: bit
  input u[t: 0..=T]: index(4)
  input w[t: 0..=T]: int
  node a[t: 0..=T]: int = if t == 0 { ${start} } else { ${a} }
  node b[t: 0..=T]: int = if t == 0 { 1 } else { ${b} }
  output y = a[T] + b[T]
}`,
);

function holds(text: string, sizes: Record<string, number>, seed: number): boolean {
  const checked = check("r.fathom", text);
  expect(checked.diagnostics.filter((d) => d.severity === "error").map((d) => d.message)).toEqual([]);
  let narrowed = false;
  for (const task of checked.tasks) {
    const { system, diagnostics } = compileTask(checked, task);
    if (diagnostics.length > 0) continue;
    const narrow = withFiniteInts(system);
    const inputs = randomInputs(system, sizes, seed);
    const { values, diagnostics: faults } = interpret(system, { sizes, inputs, seed });
    if (faults.length > 0) continue;
    const same = interpret(narrow, { sizes, inputs, seed });
    expect(same.diagnostics, text).toEqual([]);
    for (const f of narrow.families) {
      const before = system.families.find((g) => g.name === f.name)!;
      if (f.role === "output") expect(same.values.get(f.name)!.data, text).toEqual(values.get(f.name)!.data);
      if (before.type === f.type || f.type.kind !== "index" || f.type.bound.kind !== "integer") continue;
      narrowed = true;
      const bound = f.type.bound.value;
      for (const v of same.values.get(f.name)!.data)
        if (v < 0 || v >= bound) throw new Error(`${text}\n${f.name} is ${v}, not in 0..${bound}`);
    }
  }
  return narrowed;
}

it("holds on recurrences of ints that may stay in a range", () => {
  let narrowed = 0;
  fc.assert(
    fc.property(program, fc.nat(6), fc.nat(3), fc.nat(1000), (text, T, m, seed) => {
      if (holds(text, { T, m }, seed)) narrowed++;
    }),
    { numRuns: Number(process.env.FATHOM_FUZZ_RANGES ?? 300), seed: 11 },
  );
  // Otherwise nothing was tested.
  expect(narrowed).toBeGreaterThan(10);
});

it("holds on random programs of every kind", () => {
  fc.assert(
    fc.property(randomProgram, ({ text, sizes, seed }) => {
      holds(text, sizes, seed);
    }),
    { numRuns: 40, seed: 5 },
  );
});
