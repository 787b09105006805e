import { describe, expect, it } from "vitest";
import { finiteSemiring, type Table } from "../../src/catalogue/finite-semirings";

const table = (n: number, f: (a: number, b: number) => number): Table =>
  Array.from({ length: n }, (_, a) => Array.from({ length: n }, (_, b) => f(a, b)));
const sum = (m: number) => table(m, (a, b) => (a + b) % m);
const product = (m: number) => table(m, (a, b) => (a * b) % m);

describe("finite semirings", () => {
  it("finds a zero and a one, in the whole or in a part", () => {
    expect(finiteSemiring([sum(5), product(5)])?.zeroOne).toEqual([0, 1]);
    // Even numbers modulo 6: 4 is a one of {0, 2, 4}.
    const even = [0, 2, 4];
    const inside = (f: (a: number, b: number) => number) =>
      table(3, (a, b) => even.indexOf(f(even[a]!, even[b]!) % 6));
    expect(finiteSemiring([inside((a, b) => a + b), inside((a, b) => a * b)])?.zeroOne).toEqual([0, 2]);
    expect(finiteSemiring([table(4, Math.max), table(4, Math.min)])?.zeroOne).toBeDefined();
  });

  it("knows semirings without them", () => {
    const nothing = finiteSemiring([table(6, () => 0), sum(6)]);
    expect([nothing?.zeroOne, nothing?.solvable]).toEqual([undefined, true]);
    // Even numbers modulo 8 multiply to 0 after three factors.
    const nilpotent = finiteSemiring([table(4, (a, b) => (a + b) % 4), table(4, (a, b) => (2 * a * b) % 4)]);
    expect([nilpotent?.zeroOne, nilpotent?.solvable]).toEqual([undefined, true]);
  });

  it("takes nothing else for one", () => {
    expect(finiteSemiring([sum(5), table(5, (a, b) => Math.max(a, b))])).toBeUndefined();
    expect(finiteSemiring([table(3, (a) => a), table(3, (_, b) => b)])).toBeUndefined();
    expect(finiteSemiring([sum(4)])).toBeUndefined();
  });
});
