/** Systems for the tests of the algebra. */
import { check } from "@fathom/lang";
import { expect } from "vitest";
import { lower } from "../../src/equations/lower/lower";
import type { System } from "../../src/equations/system";

/** The equations of the last task of a text, which must be free of mistakes. */
export function systemOf(text: string): System {
  const program = check("a.fathom", text);
  expect(program.diagnostics, text).toEqual([]);
  return lower(program, program.tasks[program.tasks.length - 1]!);
}
