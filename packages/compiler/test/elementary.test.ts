import { describe, expect, test } from "vitest";
import { elementary } from "../src/equations/elementary";
import { threefry } from "../src/equations/random";

const bits = new Int32Array(1);
const floats = new Float32Array(bits.buffer);
/** A monotone integer for a binary32 number: the distance of two is their distance in ulps. */
const rank = (x: number): number => {
  floats[0] = x;
  return bits[0]! < 0 ? -2147483648 - bits[0]! : bits[0]!;
};
const fromBits = (n: number): number => {
  bits[0] = n;
  return floats[0]!;
};

/** The largest distance in ulps from the correctly rounded result, over every `step`-th binary32 number. */
function worst(name: keyof typeof elementary, step: number): { ulp: number; at: number } {
  const ours = elementary[name]();
  let found = { ulp: 0, at: 0 };
  for (let n = -2147483648; n < 2147483648; n += step) {
    const x = fromBits(n);
    const exact = Math.fround(Math[name](x));
    const got = ours(x);
    if (Number.isNaN(exact)) {
      expect(got, `${name}(${x})`).toBeNaN();
      continue;
    }
    const ulp = Math.abs(rank(got) - rank(exact));
    if (!(ulp <= found.ulp)) found = { ulp, at: x };
  }
  return found;
}

describe("elementary functions stay within the stated distance of binary64", () => {
  // The bounds of docs/reference/elementary.md; a prime step visits every exponent.
  test.each([
    ["exp", 2],
    ["log", 2],
    ["tanh", 3],
    ["sin", 3],
    ["cos", 3],
  ] as const)("%s: at most %i ulp", (name, bound) => {
    const found = worst(name, 20011);
    expect(found.ulp, `${name}(${found.at})`).toBeLessThanOrEqual(bound);
  });
});

test("Threefry-2x32-20 gives the published known answers", () => {
  expect(threefry(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
  expect(threefry(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual([0x1cb996fc, 0xbb002be7]);
  expect(threefry(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
});
