import { describe, expect, it } from "vitest";
import { elementaryRule } from "../../src/catalogue/elementary-rules";
import { printClass } from "../../src/classes/classes";

const rules = Array.from({ length: 256 }, (_, r) => r);
const text = (rule: number): string => {
  const v = elementaryRule(rule);
  return v.class === undefined
    ? "open"
    : v.complete
      ? `${printClass(v.class)}-complete`
      : printClass(v.class);
};

/** The rule seen in a mirror, and with 0 and 1 exchanged. */
const mirror = (rule: number): number =>
  Array.from({ length: 8 }, (_, w) => ((rule >> (((w & 1) << 2) | (w & 2) | (w >> 2))) & 1) << w).reduce(
    (a, b) => a | b,
  );
const complement = (rule: number): number =>
  Array.from({ length: 8 }, (_, w) => (1 - ((rule >> (7 - w)) & 1)) << w).reduce((a, b) => a | b);

const classes = new Map<number, number[]>();
for (const r of rules) {
  const orbit = [r, mirror(r), complement(r), mirror(complement(r))];
  const least = Math.min(...orbit);
  classes.set(least, [...new Set([...(classes.get(least) ?? []), r])]);
}

/** The least rule of each class up to mirror and complement, as computed by a survey in another language. */
const reference = {
  "NC^0": [
    0, 1, 2, 3, 4, 5, 8, 10, 12, 15, 19, 24, 29, 34, 36, 38, 42, 46, 51, 72, 76, 108, 138, 170, 200, 204,
  ],
  open: [
    6, 7, 9, 11, 13, 14, 18, 22, 23, 25, 26, 27, 28, 30, 33, 35, 37, 41, 43, 44, 45, 54, 57, 58, 62, 73, 74,
    77, 78, 94, 104, 106, 122, 126, 134, 142, 146, 152, 154, 156, 164, 172, 178, 232,
  ],
  "AC^0": [32, 128, 136, 160],
  NL: [40, 50, 130, 132, 140, 162, 168],
  "TC^0": [56, 184],
  "AC^0[2]": [60, 90, 105, 150],
  "P-complete": [110],
};

describe("elementary cellular automata (D.3-D.5)", () => {
  it("judges a rule, its mirror image and its complement alike", () => {
    expect(classes.size).toBe(88);
    for (const orbit of classes.values())
      expect(new Set(orbit.map(text)).size, `rules ${orbit.join(", ")}`).toBe(1);
  });

  it("leaves 44 of 88 honestly open", () => {
    const counts: Record<string, number> = {};
    for (const rule of classes.keys()) counts[text(rule)] = (counts[text(rule)] ?? 0) + 1;
    expect(counts).toEqual({
      "NC^0": 26,
      "AC^0": 4,
      "AC^0[2]": 4,
      "TC^0": 2,
      NL: 7,
      "P-complete": 1,
      open: 44,
    });
  });

  it("calls no rule hard but the family of 110", () => {
    expect(rules.filter((r) => elementaryRule(r).complete)).toEqual([110, 124, 137, 193]);
    for (const r of [30, 54, 45, 73, 106]) expect(text(r)).toBe("open");
  });

  it("gives every class of the reference table", () => {
    for (const [name, least] of Object.entries(reference))
      for (const rule of least)
        for (const r of classes.get(rule)!) expect(`${r} ${text(r)}`).toBe(`${r} ${name}`);
    expect(Object.values(reference).flat().length).toBe(88);
  });
});
