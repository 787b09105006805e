import { describe, expect, it } from "vitest";
import {
  AC,
  ACC,
  ACmod,
  type CircuitClass,
  DET,
  inclusion,
  join,
  L,
  LOGCFL,
  layers,
  NC,
  NL,
  P,
  parseClass,
  printClass,
  TC,
  UNION,
  within,
} from "../../src/classes/classes";

const all: CircuitClass[] = [
  ...[0, 1, 2, 3].flatMap((i) => [NC(i), AC(i), ACC(i), TC(i)]),
  ...[2, 3, 5, 6, 15, 30].map(ACmod),
  L,
  NL,
  LOGCFL,
  DET,
  UNION,
  P,
];

describe("the lattice of classes", () => {
  it("is a partial order", () => {
    for (const a of all) {
      expect(inclusion(a, a)).toBe("equal");
      for (const b of all) {
        if (a !== b && within(a, b)) expect(within(b, a), `${printClass(a)} = ${printClass(b)}`).toBe(false);
        for (const c of all)
          if (within(a, b) && within(b, c))
            expect(within(a, c), [a, b, c].map(printClass).join(" in ")).toBe(true);
      }
    }
  });

  it("has least upper bounds", () => {
    for (const a of all)
      for (const b of all) {
        const j = join(a, b);
        expect(within(a, j) && within(b, j), `${printClass(a)} or ${printClass(b)}`).toBe(true);
        expect(printClass(join(b, a))).toBe(printClass(j));
        for (const c of all)
          if (within(a, c) && within(b, c))
            expect(
              within(j, c),
              `${printClass(j)} is the least above ${printClass(a)}, ${printClass(b)}`,
            ).toBe(true);
      }
  });

  it("knows the chain of the catalogue (0.1) and no more", () => {
    const chain = [
      "NC^0",
      "AC^0",
      "AC^0[2]",
      "TC^0",
      "NC^1",
      "L",
      "NL",
      "LOGCFL",
      "AC^1",
      "TC^1",
      "NC^2",
      "P",
    ];
    for (let i = 1; i < chain.length; i++)
      expect(within(parseClass(chain[i - 1]!)!, parseClass(chain[i]!)!), chain[i]).toBe(true);
    expect(within(NL, DET)).toBe(true);
    expect(within(DET, TC(1))).toBe(true);
    expect(within(DET, AC(1))).toBe(false);
    expect(within(LOGCFL, DET)).toBe(false);
    expect(within(AC(1), DET)).toBe(false);
  });

  it("calls strict only what is proved strict", () => {
    expect(inclusion(NC(0), AC(0))).toBe("proved");
    expect(inclusion(AC(0), ACmod(2))).toBe("proved");
    expect(inclusion(ACmod(2), TC(0))).toBe("proved");
    expect(inclusion(ACmod(3), ACmod(6))).toBe("proved");
    expect(inclusion(AC(0), P)).toBe("proved");
    expect(inclusion(ACmod(6), TC(0))).toBe("believed");
    expect(inclusion(ACC(0), TC(0))).toBe("believed");
    for (const [a, b] of [
      ["TC^0", "NC^1"],
      ["NC^1", "L"],
      ["L", "NL"],
      ["NL", "P"],
      ["TC^0", "P"],
      ["NC", "P"],
    ])
      expect(inclusion(parseClass(a!)!, parseClass(b!)!), `${a} in ${b}`).toBe("believed");
  });

  it("does not put modulo 2 into modulo 3", () => {
    expect(within(ACmod(2), ACmod(3))).toBe(false);
    expect(printClass(join(ACmod(2), ACmod(3)))).toBe("AC^0[2,3]");
    expect(printClass(ACmod(12))).toBe("AC^0[2,3]");
    expect(printClass(ACmod(1))).toBe("AC^0");
  });

  it("reads what it prints", () => {
    for (const c of all) expect(parseClass(printClass(c))).toEqual(c);
    expect(parseClass("TC")).toEqual(UNION);
    expect(parseClass("TC0")).toEqual(TC(0));
    expect(parseClass("NP")).toBeUndefined();
    expect(parseClass("AC^0[0]")).toBeUndefined();
    expect(parseClass("AC0[6]")).toEqual(ACmod(6));
  });

  it("stacks layers (C.1)", () => {
    expect(layers(TC(0), 0)).toEqual(TC(0));
    expect(layers(TC(0), 1)).toEqual(TC(1));
    expect(layers(AC(0), 2)).toEqual(AC(2));
    expect(layers(NC(0), 1)).toEqual(NC(1));
    expect(layers(NC(1), 1)).toEqual(NC(2));
    expect(layers(ACmod(2), 1)).toEqual(ACC(1));
    expect(layers(L, 1)).toEqual(AC(2));
    // A layer more never leaves the class: monotone in both arguments.
    for (const a of all)
      for (const b of all)
        if (within(a, b))
          for (const i of [0, 1, 2])
            expect(within(layers(a, i), layers(b, i)), `${printClass(a)} ${printClass(b)} ${i}`).toBe(true);
  });
});
