/** An answer depends on the program alone, not on what the process analysed before it. */
import { compileTask, forgetInterned, judgementOf, planGpu, printSystem, rewrites } from "@fathom/compiler";
import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { fathomFiles, projectHost } from "../src/index";

/** One file in so many. */
const STRIDE = 12;

test("answers are the same in another order, with interned nodes forgotten between programs", () => {
  const files = ["corpus", "examples", "std"].flatMap(fathomFiles).filter((_, k) => k % STRIDE === 0);
  const answers = ({ path, text }: (typeof files)[number]): string[] => {
    const program = check(path, text, projectHost);
    if (program.diagnostics.some((d) => d.severity === "error")) return [];
    return program.tasks.flatMap((task) => {
      const compiled = compileTask(program, task);
      if (compiled.diagnostics.length > 0) return [];
      const { says, bound, hardness } = judgementOf(compiled);
      const { system } = planGpu(compiled.system, { unproved: compiled.unproved });
      return [
        JSON.stringify({ says, bound, hardness }),
        ...rewrites(compiled.system).map((r) => printSystem(r.system)),
        printSystem(system),
      ];
    });
  };
  const there = files.map(answers);
  expect(there.flat().length).toBeGreaterThan(files.length);
  const back = files.toReversed().map((f) => {
    forgetInterned();
    return answers(f);
  });
  expect(back.toReversed()).toEqual(there);
});
