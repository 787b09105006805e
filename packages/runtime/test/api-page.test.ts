/** The blocks of docs/reference/api.md print what stands under them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "node:util";
import { expect, test } from "vitest";
import * as runtime from "../src/index";

const page = readFileSync(join(import.meta.dirname, "../../../docs/reference/api.md"), "utf8");
const blocks = [...page.matchAll(/```js\n([\s\S]*?)```\s*```text\n([\s\S]*?)```/g)];
type Run = (...values: unknown[]) => Promise<void>;
const AsyncFunction = (async () => {}).constructor as new (...words: string[]) => Run;

test("the page has blocks", () => {
  expect(blocks).toHaveLength(page.split("```js").length - 1);
  expect(blocks.length).toBeGreaterThan(2);
});

test.each(blocks.map((b) => [b[1]!, b[2]!] as const))("%s", async (code, wanted) => {
  let printed = "";
  const log = (...words: unknown[]): void => {
    printed += `${format(...words)}\n`;
  };
  const body = code.replace(/^import \{ .* \} from "@fathom\/runtime";$/m, "");
  expect(body).not.toContain("import ");
  const names = Object.keys(runtime);
  await new AsyncFunction("console", ...names, body)({ log }, ...Object.values(runtime));
  expect(printed).toBe(wanted);
});
