import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorkbench, type Workbench } from "./workbench";

const root = join(import.meta.dirname, "../../../..");
const pictures = join(root, "test-results");
// A developer's machine may have no Chromium; in CI that is a failure.
const missing = !existsSync("/usr/bin/chromium") && process.env.CI === undefined;
if (missing) console.warn("skipped: the workbench tests need /usr/bin/chromium");

const SUM = `/// A running sum.
task Sum(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }
  output total = s[n-1]

  expect depth == n - 1
}

example Sum "one to three" {
  n = 3
  x = [1, 2, 3]
  total == 6
}
`;
const GROWTH = `/// Rule 90 with its history as a picture.
task Growth(n: size, T: size) where n >= 3 {
  input start[i: 0..n]: bit
  node cell[t: 0..=T, i: 0..n]: bit =
    if t == 0 { start[i] } else { cell[t-1, (i-1) mod n] xor cell[t-1, (i+1) mod n] }
  output history[t: 0..=T, i: 0..n] = cell[t, i]
}
`;
/** Minutes of work at the sizes that the test asks for. */
const LONG = `task Long(n: size, T: size) where n >= 1 {
  input x[i: 0..n]: int
  node y[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { y[t-1, i] * 3 + y[t-1, (i+1) mod n] }
  output s = y[T, 0]
}
`;
const OUTSIDE = `task Outside(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node s[i: 0..n]: int = s[i-1] + x[i]
  output total = s[n-1]
}
`;

/** The text of the editor's lines; the editor writes spaces as U+00A0, and U+200A beside hints. */
const linesOf = (workbench: Workbench): Promise<string> =>
  workbench.page.evaluate(() =>
    [...document.querySelectorAll(".view-line")]
      .map((l) => (l.textContent ?? "").replaceAll(/[\u00a0\u200a]/g, " "))
      .join("\n"),
  );

async function frameWith(workbench: Workbench, selector: string): Promise<Frame> {
  for (let tries = 0; tries < 150; tries++) {
    for (const frame of workbench.page.frames())
      if (
        (await frame
          .locator(selector)
          .count()
          .catch(() => 0)) > 0
      )
        return frame;
    await workbench.page.waitForTimeout(200);
  }
  throw new Error(`no frame of the workbench has ${selector}`);
}

describe.skipIf(missing)("the packaged extension in a real VS Code", () => {
  let workbench: Workbench;
  const shot = (name: string) =>
    workbench.page.screenshot({ path: join(pictures, `workbench-${name}.png`), animations: "disabled" });

  /** Lines stand in no order in the page: the name in its own definition. */
  const nameOfS = () =>
    workbench.page.locator(".view-line", { hasText: "node" }).locator("span", { hasText: /^s$/ }).first();

  /** Fills the box that asks for sizes and inputs. */
  const answer = async (text: string): Promise<void> => {
    const box = workbench.page.locator(".quick-input-widget input[type=text]");
    await box.fill(text);
    await box.press("Enter");
  };

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    const vsix = join(pictures, "fathom.vsix");
    execFileSync(process.execPath, [join(root, "packages/vscode-ext/scripts/package.mjs"), vsix], {
      stdio: "ignore",
    });
    workbench = await startWorkbench(vsix, {
      "sum.fathom": SUM,
      "growth.fathom": GROWTH,
      "outside.fathom": OUTSIDE,
      "long.fathom": LONG,
    });
    await workbench.open("sum.fathom");
  }, 240_000);
  afterAll(() => workbench?.close());

  test("depth stands after the task's name and the level after the family's", async () => {
    await expect.poll(() => linesOf(workbench)).toMatch(/task Sum ?depth n - 1/);
    expect(await linesOf(workbench)).toMatch(/node s ?level \S+/);
  });

  test("a lens above the task has its figures and what can be done", async () => {
    const lenses = workbench.page.locator(".codelens-decoration a");
    await expect
      .poll(async () => (await lenses.allTextContents()).join(" | "))
      .toMatch(/depth n - 1 · work .* \| Run \| Graph \| Compare/);
  });

  test("the status bar has the figures of the task at the cursor", async () => {
    for (const key of ["Control+Home", "ArrowDown", "ArrowDown"]) await workbench.page.keyboard.press(key);
    await expect
      .poll(() => workbench.page.locator(".statusbar-item", { hasText: "Sum: depth" }).count())
      .toBeGreaterThan(0);
  });

  test("hovering a family shows its type and level", async () => {
    await nameOfS().hover();
    const hover = workbench.page.locator(".monaco-hover:visible").first();
    await hover.waitFor();
    await expect.poll(() => hover.textContent()).toMatch(/int[\s\S]*level/);
    await shot("hover");
    await workbench.page.keyboard.press("Escape");
  });

  test("the panel draws the graph with its critical path and follows the cursor", async () => {
    await workbench.page.locator(".codelens-decoration a", { hasText: "Graph" }).first().click();
    const frame = await frameWith(workbench, "#graph svg");
    expect(await frame.locator("h1").textContent()).toBe("Sum");
    await expect.poll(() => frame.locator("#graph svg").textContent()).toContain("s[0]");
    await expect.poll(() => frame.locator("#curve canvas").count()).toBe(1);
    await expect.poll(() => frame.locator("#report .body").textContent()).toContain("depth");
    // Fewer instances after a slider moves.
    const nodes = () => frame.locator("#graph svg .node").count();
    const before = await nodes();
    await frame.locator("#size-n").fill("2");
    await expect.poll(nodes).toBeLessThan(before);
    await shot("panel");
  });

  test("a run asks for sizes and prints values", async () => {
    await workbench.page.locator(".codelens-decoration a", { hasText: "Run" }).first().click();
    await answer("n=4 x=[1,2,3,4]");
    await expect
      .poll(async () =>
        (await workbench.page.locator(".output-view .view-line").allTextContents()).join("\n"),
      )
      .toMatch(/total\s=\s10/);
    await shot("values");
  });

  const output = async () =>
    (await workbench.page.locator(".output-view .view-line").allTextContents())
      .join("\n")
      .replaceAll("\u00a0", " ");

  test("a task is compared with one of the standard library", async () => {
    await workbench.page.locator(".codelens-decoration a", { hasText: "Compare" }).first().click();
    const row = workbench.page.locator(".quick-input-list .monaco-list-row", { hasText: "std/automata" });
    await workbench.page.locator(".quick-input-widget input[type=text]").fill("Rule 110 on a ring");
    await row.first().waitFor();
    await workbench.page.keyboard.press("ArrowDown");
    await workbench.page.keyboard.press("Space");
    await workbench.page.keyboard.press("Enter");
    await expect.poll(output).toMatch(/task +Sum +Rule110\s+depth +n - 1 {2}proved +T {2}proved/);
  });

  test("completion offers the members of a task", async () => {
    // Room for the editor again, and to the end of the output's line by keys.
    await workbench.page.keyboard.press("Control+J");
    await workbench.page.keyboard.press("Control+1");
    await workbench.page.keyboard.press("Control+Home");
    for (let k = 0; k < 4; k++) await workbench.page.keyboard.press("ArrowDown");
    await workbench.page.keyboard.press("End");
    await workbench.page.keyboard.press("Enter");
    await workbench.page.keyboard.type("out");
    await workbench.page.keyboard.press("Control+Space");
    const row = workbench.page.locator(".suggest-widget .monaco-list-row", { hasText: "output" }).first();
    await row.waitFor();
    await workbench.page.keyboard.press("Escape");
    await workbench.page.keyboard.type("put twice = 2 * s[n-1]");
    // Live figures on the line being typed.
    await expect
      .poll(() =>
        workbench.page.evaluate(() =>
          [...document.querySelectorAll(".view-line span")].some((s) =>
            getComputedStyle(s, "::after").content.replaceAll("\u00a0", " ").includes("Sum: depth"),
          ),
        ),
      )
      .toBe(true);
    await shot("typing");
  });

  test("rename changes every use", async () => {
    // To the name by keys: a line that is being drawn anew cannot be clicked.
    for (const key of ["Escape", "Control+Home", "ArrowDown", "ArrowDown", "ArrowDown", "Home"])
      await workbench.page.keyboard.press(key);
    for (let k = 0; k < "node ".length; k++) await workbench.page.keyboard.press("ArrowRight");
    await workbench.page.keyboard.press("F2");
    // Into the box itself: keys typed before it has the focus would go to the program.
    const box = workbench.page.locator(".rename-box input");
    await box.fill("prefix");
    await box.press("Enter");
    await expect.poll(() => linesOf(workbench)).toMatch(/prefix\[i-1\][\s\S]*prefix\[n-1\]/);
    await workbench.page.keyboard.press("Control+Z");
  });

  test("two-dimensional values are drawn", async () => {
    await workbench.open("growth.fathom");
    await workbench.page.locator(".codelens-decoration a", { hasText: "Run" }).first().click();
    await answer("n=33 T=16 start=000000000000000010000000000000000");
    const frame = await frameWith(workbench, "figure canvas");
    const dark = () =>
      frame.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return [canvas.width, canvas.height, data.filter((v, k) => k % 4 === 0 && v === 0).length];
      });
    // Sierpinski's triangle: 3^4 cells in 16 rows, and two in the seventeenth.
    await expect.poll(dark).toEqual([33, 17, 83]);
    await shot("run");
  });

  test("a long run is cancelled, and the next one runs", async () => {
    await workbench.open("long.fathom");
    const run = workbench.page.locator(".codelens-decoration a", { hasText: "Run" }).first();
    await run.click();
    await answer("n=2000 T=10000000");
    await workbench.page.locator(".notifications-toasts a", { hasText: "Cancel" }).first().click();
    await expect.poll(output).toContain("Long: cancelled");
    await run.click();
    await answer("n=1 T=1 x=[1]");
    await expect.poll(output).toMatch(/s = 4/);
  });

  test("the server is restarted, and figures come back", async () => {
    await workbench.command("Fathom: Restart Language Server");
    await expect.poll(() => linesOf(workbench)).toMatch(/task Long ?depth T/);
  });

  test("a read outside its family is underlined, with the smallest sizes that show it", async () => {
    await workbench.open("outside.fathom");
    await workbench.page.waitForSelector(".squiggly-error");
    await workbench.page
      .locator(".view-line", { hasText: "node s" })
      .locator("span", { hasText: "s" })
      .last()
      .hover();
    await workbench.command("Go to Next Problem");
    await expect
      .poll(() => workbench.page.locator(".marker-widget, .monaco-hover, .zone-widget").allTextContents())
      .toEqual(expect.arrayContaining([expect.stringMatching(/s\[-1\][\s\S]*n = 1|n\u00a0?=\u00a0?1/)]));
    await shot("problem");
  });

  test("hints can be turned off", async () => {
    await workbench.open("sum.fathom");
    await expect.poll(() => linesOf(workbench)).toMatch(/task Sum ?depth/);
    workbench.configure({ "fathom.hints.enabled": false });
    await expect.poll(() => linesOf(workbench)).toMatch(/task Sum\(n/);
  });
});
