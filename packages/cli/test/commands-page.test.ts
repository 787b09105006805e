/** docs/reference/commands.md is what the command line says of itself; FATHOM_UPDATE=1 writes it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command, Option } from "commander";
import { expect, test } from "vitest";
import { commandLine } from "../src/index";

const root = resolve(import.meta.dirname, "../../..");
const path = join(root, "docs/reference/commands.md");
const commands = commandLine().commands.filter((c) => c.name() !== "help");

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The values an option takes, and what it is when it is not given. */
function valuesOf({ argChoices, defaultValue }: Option): string {
  const choices = argChoices?.map((c) => `\`${c}\``).join(", ");
  const value = defaultValue === undefined || defaultValue === "" ? undefined : `\`${defaultValue}\``;
  const parts = [choices && `one of ${choices}`, value && `${value} where not given`].filter(
    (p) => p !== undefined,
  );
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

function section(command: Command): string {
  const options = command.options.filter((o) => !o.hidden);
  const rows = options.map((o) => `| \`${cell(o.flags)}\` | ${cell(o.description)}${cell(valuesOf(o))} |`);
  const table = rows.length === 0 ? "" : `\n\n| option | meaning |\n|---|---|\n${rows.join("\n")}`;
  return `## \`fathom ${command.name()}\`\n\n    fathom ${command.name()} ${command.usage()}\n\n${command.description()}${table}\n`;
}

const page = `# Commands

What \`fathom --help\` and \`fathom COMMAND --help\` say, on one page. A test holds it to them.

${commands.map(section).join("\n")}`;

test("the page lists every command with its options", () => {
  if (process.env.FATHOM_UPDATE !== undefined) writeFileSync(path, page);
  expect(readFileSync(path, "utf8")).toBe(page);
});

test("the README shows every command, and none that there is not", () => {
  const table = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^\| (`[^|]*`) \|/gm)];
  // The head of the table says how all begin: `npm run fathom -- …`.
  const shown = table
    .slice(1)
    .flatMap(([, cells = ""]) => [...cells.matchAll(/`([a-z]+)[ `]/g)].map((m) => m[1]!));
  expect([...new Set(shown)].sort()).toEqual(commands.map((c) => c.name()).sort());
});
