import { describe, expect, test } from "vitest";
import { closed } from "../../src/symbolic/closed-form";
import {
  atLeastForm,
  atMostForm,
  checkedAt,
  exactly,
  printFigure,
  printStanding,
  proved,
  provedForm,
} from "../../src/symbolic/standing";

const n = closed.size("n");

describe("figures say what they rest on", () => {
  test("a proved value, a bound and a checked value print differently", () => {
    expect(printFigure({ exact: exactly(n, proved("levels")) })).toBe("n (proved)");
    expect(printFigure({ exact: exactly(n, proved("levels"), true) })).toBe(
      "n (proved, worst case over inputs)",
    );
    expect(printFigure({ upper: atMostForm(n, proved("a sum")) })).toBe("≤ n (proved)");
    expect(printFigure({ lower: atLeastForm(n, proved("a path")) })).toBe("≥ n (proved)");
    expect(
      printFigure({
        upper: atMostForm(closed.scale(n, { numerator: 2n, denominator: 1n }), proved("a sum")),
        exact: exactly(n, checkedAt("n = 1..40", 40)),
      }),
    ).toBe("≤ 2*n (proved), = n (checked at 40 sizes (n = 1..40), not proved)");
    expect(printFigure({ why: "no bound for i" })).toBe("unknown: no bound for i");
  });

  test("only a proved exact value is a proved form", () => {
    expect(provedForm({ exact: exactly(n, proved("levels")) })).toBe(n);
    expect(provedForm({ exact: exactly(n, checkedAt("n = 1..9", 9)) })).toBeUndefined();
    expect(provedForm({ upper: atMostForm(n, proved("a sum")) })).toBeUndefined();
    // @ts-expect-error a bound is no value
    provedForm({ exact: atMostForm(n, proved("a sum")) });
  });

  test("other standings", () => {
    expect(printStanding({ kind: "assumed", hypothesis: "scores are exact" })).toBe(
      "assumed: scores are exact",
    );
    expect(printStanding({ kind: "cited", entry: "C.4", source: "Barrington 1989" })).toBe(
      "cited: C.4, Barrington 1989",
    );
    expect(printStanding({ kind: "claimed", by: "the file" })).toBe("claimed by the file");
  });
});
