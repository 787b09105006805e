/** While an analysis takes long, typing is answered with the last figures known, marked stale; its progress is shown, and it can be cancelled. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CodeLens, InlayHint } from "vscode-languageserver-types";
import { Client } from "./client";

const models = readFileSync(resolve(import.meta.dirname, "../../../std/models.fathom"), "utf8");
const SMALL = `task Small(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }
  output total = s[n-1]
}

`;
const range = { start: { line: 0, character: 0 }, end: { line: 9999, character: 0 } };

let client: Client;
let created: number;
/** What was said of each token, in order. */
let progress: { readonly token: number | string; readonly value: { kind: string; message?: string } }[];

beforeEach(async () => {
  client = await Client.start();
  created = 0;
  progress = [];
  client.connection.onRequest("window/workDoneProgress/create", () => {
    created++;
    return null;
  });
  client.connection.onNotification("$/progress", (p: (typeof progress)[number]) => {
    progress.push(p);
  });
});
afterEach(async () => {
  expect(await client.stop()).toBe(0);
  expect(client.errors).toEqual([]);
});

const states = async (uri: string) => {
  const tasks = await client.connection.sendRequest<{ task: string; state: string }[]>("fathom/tasks", {
    uri,
  });
  return Object.fromEntries(tasks.map((t) => [t.task, t.state]));
};

test("typing is answered at once, stale figures marked, and the long analysis has progress", async () => {
  const uri = await client.open(SMALL);
  await client.analysed(uri);
  // Now the library's models below it: seconds of work.
  await client.change(uri, `${SMALL}${models}`);
  await expect.poll(() => progress.length).toBeGreaterThan(0);
  expect(progress[0]!.value).toMatchObject({
    kind: "begin",
    title: "Fathom: depth, work and class",
    cancellable: true,
  });
  // A new line in the small task, letter by letter.
  const position = { line: 2, character: SMALL.split("\n")[2]!.length };
  for (const letter of "\n  node more: int = 12") {
    await client.change(uri, letter, { start: position, end: position });
    await Promise.all([
      client.ask<InlayHint[]>("textDocument/inlayHint", uri, { range }),
      client.ask("textDocument/diagnostic", uri),
    ]);
    if (letter === "\n") Object.assign(position, { line: 3, character: 0 });
    else position.character++;
  }
  // All is answered, and the analysis still goes on: how fast is for the bench to say.
  expect(Object.values(await states(uri))).toContain("none");
});

test("what is edited shows its last figures as stale until the new ones are there", async () => {
  const uri = await client.open(`${SMALL}${models}`);
  await expect.poll(async () => (await states(uri)).Small).toBe("fresh");
  await client.change(uri, "s[i-1] * x[i]", {
    start: { line: 2, character: 51 },
    end: { line: 2, character: 64 },
  });
  const hints = await client.ask<InlayHint[]>("textDocument/inlayHint", uri, { range });
  expect(hints[0]).toMatchObject({
    position: { line: 0, character: 10 },
    label: "depth n - 1 · TC^0 (stale)",
    tooltip: expect.stringMatching(/\nstale: of the text before the last edit$/),
  });
  const [lens] = await client.ask<CodeLens[]>("textDocument/codeLens", uri);
  expect(lens!.command!.title).toBe("depth n - 1 · work n - 1 · TC^0, parallel (stale)");
});

test("a long analysis is cancelled where its progress is shown; the next edit begins it again", async () => {
  const uri = await client.open(models);
  await expect.poll(() => created).toBe(1);
  await expect.poll(() => progress.length).toBeGreaterThan(0);
  const { token } = progress[0]!;
  await client.connection.sendNotification("window/workDoneProgress/cancel", { token });
  await expect.poll(() => progress.filter((p) => p.token === token).at(-1)?.value.kind).toBe("end");
  const before = await states(uri);
  expect(Object.values(before)).toContain("none");
  await client.change(uri, SMALL);
  await client.analysed(uri);
  expect(await states(uri)).toEqual({ Small: "fresh" });
});
