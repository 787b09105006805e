import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { checkDeclarations, declaredMonoids } from "../src/algebra/declarations";
import { compileTask } from "../src/checks/compile";
import { unroll } from "../src/unroll/unroll";

const laws = (text: string) => {
  const program = check("m.fathom", text);
  expect(program.diagnostics).toEqual([]);
  return declaredMonoids(program)[0]!.laws;
};
const message = (text: string) => checkDeclarations(check("m.fathom", text)).map((d) => d.message);

describe("a declared monoid is looked into", () => {
  test("case by case, over the components that the operation reads: 780 for maps of five points", () => {
    const compose = `monoid Compose on index(5)^5 {
      identity = [0, 1, 2, 3, 4]
      combine(a, b) = [b[a[0]], b[a[1]], b[a[2]], b[a[3]], b[a[4]]]
    }`;
    expect(laws(compose)).toEqual({
      holds: true,
      standing: { kind: "proved", by: "all 780 cases" },
      upTo: [],
    });
  });

  test.each([
    ["int^2", "[1, 0]", "[a[0] * b[0], a[1] * b[0] + b[1]]", []],
    ["real^2", "[1.0, 0.0]", "[a[0] * b[0], a[1] * b[0] + b[1]]", ["rounding"]],
    ["int^2", "[0, -1000000000]", "[a[0] + b[0], max(a[1] + b[0], b[1])]", ["overflow"]],
    ["int", "-2147483648", "max(a, b)", []],
  ])("as a polynomial identity: %s, %s, %s", (carrier, identity, combine, upTo) => {
    expect(laws(`monoid M on ${carrier} { identity = ${identity}; combine(a, b) = ${combine} }`)).toEqual({
      holds: true,
      standing: { kind: "proved", by: "a polynomial identity" },
      upTo,
    });
  });

  test("max over ints has no identity but the least of them", () => {
    expect(message("monoid M on int { identity = -1000000000; combine(a, b) = max(a, b) }")[0]).toMatch(
      /changes an element/,
    );
  });

  test("else on random elements, which is called tested and not proved", () => {
    expect(
      laws(
        "monoid Gcd on int { identity = 0; combine(a, b) = a xor b }".replace(
          "a xor b",
          "a + b + 0 * (a div 1)",
        ),
      ),
    ).toMatchObject({
      holds: true,
      standing: { kind: "checked", range: "2,000 random triples" },
    });
  });

  test("matrices of bits: half a million triples by the components they read", () => {
    const product = [0, 1, 2, 3]
      .map((k) => `(a[${k - (k % 2)}] and b[${k % 2}]) xor (a[${k - (k % 2) + 1}] and b[${(k % 2) + 2}])`)
      .join(", ");
    expect(laws(`monoid M on bit^4 { identity = [1, 0, 0, 1]; combine(a, b) = [${product}] }`)).toMatchObject(
      {
        holds: true,
        standing: { kind: "proved" },
      },
    );
  });

  test("and what breaks a law is shown", () => {
    expect(message("monoid M on index(7) { identity = 0; combine(a, b) = (a - b) mod 7 }")[0]).toMatch(
      /`M` is not associative: \(0 · 0\) · 1 = 6, but 0 · \(0 · 1\) = 1/,
    );
    expect(message("monoid M on index(7) { identity = 1; combine(a, b) = (a + b) mod 7 }")[0]).toMatch(
      /identity · 0 = 1, not 0/,
    );
    expect(message("monoid M on index(7) { identity = 0; combine(a, b) = a + b }")[0]).toMatch(
      /leaves its own elements: 1 · 6 = 7/,
    );
    expect(message("monoid M on int { identity = 0; combine(a, b) = a + b * b }")[0]).toMatch(
      /not associative/,
    );
    expect(message("monoid M on real { identity = 0.0; combine(a, b) = tanh(a + b) }")[0]).toMatch(
      /not associative/,
    );
  });
});

test("a reduction over a monoid is one gate, and ceil(log2 k) operations of the monoid deep", () => {
  const text = `monoid Affine on int^2 { identity = [1, 0]; combine(a, b) = [a[0] * b[0], a[1] * b[0] + b[1]] }
    task A(n: size) { input x[i: 0..n]: int  output y = (reduce Affine[i: 0..n] [2, x[i]])[1] }`;
  const program = check("m.fathom", text);
  const { system } = compileTask(program, program.tasks[0]!);
  const at = (n: number, model: "steps" | "ops") => {
    const unrolled = unroll(system, { n }, { model });
    return unrolled.ok ? [unrolled.result.depth, unrolled.result.work] : unrolled.diagnostics;
  };
  expect([at(1, "steps"), at(9, "steps")]).toEqual([
    [0, 0],
    [1, 1],
  ]);
  // A product, then a sum: 2 deep; three operations.
  expect([at(1, "ops"), at(8, "ops"), at(9, "ops")]).toEqual([
    [0, 0],
    [6, 21],
    [8, 24],
  ]);
});
