import { checkProgram, describeReduction, reductionTest } from "@fathom/compiler";
import { check, format } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { fathomFiles, projectHost } from "../src/index";

/**
 * A corpus file says on the line below a place what must be reported there: `// ^^^ code`, the carets under the range.
 * Nothing else may be reported.
 */
function expectations(
  text: string,
): { readonly code: string; readonly start: number; readonly length: number }[] {
  const found: { code: string; start: number; length: number }[] = [];
  const lines = text.split("\n");
  let offset = 0;
  let target = 0;
  for (const line of lines) {
    const mark = /^\s*\/\/[^^]*?(\^+)\s+([a-z][a-z-]*)/.exec(line);
    if (mark === null) target = offset;
    else found.push({ code: mark[2]!, start: target + line.indexOf("^"), length: mark[1]!.length });
    offset += line.length + 1;
  }
  return found;
}

/** Files with a budget that holds wherever it is tried but is not proved yet: a warning there is no fault of the file. */
const undecided = new Set([
  "examples/chain-of-thought/chain-of-thought.fathom",
  "examples/prefix-sum/prefix-sum.fathom",
  "std/circuits.fathom",
  "std/models.fathom",
]);

describe("corpus, standard library and examples report exactly what they say", () => {
  test.each(
    [...fathomFiles("corpus"), ...fathomFiles("std"), ...fathomFiles("examples")].map(
      (f) => [f.path, f.text] as const,
    ),
  )("%s", (path, text) => {
    const program = check(path, text, projectHost);
    const diagnostics = checkProgram(program);
    const told = diagnostics.filter((d) => d.code !== "expect-undecided" || !undecided.has(path));
    const reported = told.map((d) => ({
      code: d.code as string,
      start: d.range.start,
      length: d.range.end - d.range.start,
    }));
    const order = (a: { start: number }, b: { start: number }) => a.start - b.start;
    expect(reported.sort(order), diagnostics.map((d) => d.message).join("\n")).toEqual(
      expectations(text).sort(order),
    );
  });
});

describe("reductions of the standard library", () => {
  test.each(fathomFiles("std/hardness").map((f) => [f.path, f.text] as const))("%s", (path, text) => {
    const program = check(path, text, projectHost);
    for (const item of program.reductions) {
      const tested = reductionTest(program, item)!;
      expect(tested.disagreement).toBeUndefined();
      expect(tested.objection).toBeUndefined();
      // Deep circuits with both answers: shallow ones show nothing (F.0).
      expect(tested.answers.size).toBe(2);
      expect(tested.deepest).toBeGreaterThanOrEqual(8);
      expect(describeReduction(tested)).toMatch(/tested, not proved/);
    }
  });
});

describe("formatting", () => {
  test.each([...fathomFiles("std"), ...fathomFiles("examples")].map((f) => [f.path, f.text] as const))(
    "%s is formatted",
    (path, text) => {
      expect(format(text, path)).toEqual({ text, diagnostics: [] });
    },
  );
});
