import { expect, test } from "vitest";
import { printReal, renderValue } from "../src/render-values";

const [bit, int, real] = [{ kind: "bit" }, { kind: "int" }, { kind: "real" }] as const;
const square = (n: number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => i * n + j));

test("a real is the shortest decimal that rounds to it", () => {
  for (const v of [0.1, 1 / 3, 16777217.5, 1e-45, 3.4028234e38, -2.5, Number.NaN, -0])
    expect(Math.fround(Number(printReal(Math.fround(v))))).toBe(Math.fround(v));
  expect(printReal(Math.fround(0.1))).toBe("0.1");
  expect(printReal(-0)).toBe("-0");
});

test.each([
  ["bits in a row", [0, 1, 1], bit, "y = 011"],
  [
    "bits in rows",
    [
      [0, 1],
      [1, 1],
    ],
    bit,
    "y =\n  01\n  11",
  ],
  ["numbers", [1, 2, -3], int, "y = [1, 2, -3]"],
  [
    "columns",
    [
      [1, 22],
      [333, 4],
    ],
    int,
    "y =\n    1  22\n  333   4",
  ],
  ["a triangle", [[1], [2, 3]], int, "y =\n  1\n  2  3"],
  [
    "three axes",
    [
      [[1], [2]],
      [[3], [4]],
    ],
    int,
    "y = [[[1], [2]], [[3], [4]]]",
  ],
  [
    "vectors",
    [
      [0.5, 1],
      [2, 3],
    ].map((v) => v.map(Math.fround)),
    { kind: "vector", width: 2 },
    "y =\n  0.5  1\n    2  3",
  ],
  [
    "cases by name",
    ["Head", "Empty"],
    { kind: "enum", name: "Cell", cases: ["Empty", "Head"] },
    "y = [Head, Empty]",
  ],
  ["nothing", [], real, "y = []"],
  ["a number", Math.fround(0.3), real, "y = 0.3"],
] as const)("%s", (_, value, type, text) => {
  expect(renderValue("y", value, type)).toBe(text);
});

test("the middle of what is long is left out", () => {
  expect(renderValue("y", square(40), int)).toBe(
    [
      "y =",
      "     0     1     2  …    37    38    39",
      "    40    41    42  …    77    78    79",
      "    80    81    82  …   117   118   119",
      "  ⋮",
      "  1480  1481  1482  …  1517  1518  1519",
      "  1520  1521  1522  …  1557  1558  1559",
      "  1560  1561  1562  …  1597  1598  1599",
    ].join("\n"),
  );
  expect(renderValue("y", square(40).flat(), int)).toBe("y = [0, 1, 2, …, 1597, 1598, 1599]");
  expect(renderValue("y", Array(300).fill(0), bit)).toHaveLength("y = ".length + 200);
});
