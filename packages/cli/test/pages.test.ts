/**
 * What the pages show is what the tool prints. In a ```console block `$ fathom …` is run and what follows is compared with it; a
 * line `…` stands for any lines. A ```fathom block with a name (`fathom count.fathom`) is a file that later commands find.
 * FATHOM_UPDATE=1 writes what was printed into blocks without `…`.
 */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { main } from "../src/index";
import { capture } from "./capture";

const root = resolve(import.meta.dirname, "../../..");
const said = capture();

const pages = [
  "README.md",
  ...["docs/learn", "examples/pairs"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((f) => f.endsWith(".md") && f !== "README.md")
      .map((f) => join(folder, f)),
  ),
];

/** Words of a command; quotes hold words together. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2]!);

/** Lines agree, where `…` stands for any number of them. */
function fits(wanted: readonly string[], found: readonly string[]): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return found.length === 0;
  if (first.trim() === "…") return found.some((_, k) => fits(rest, found.slice(k))) || rest.length === 0;
  return found.length > 0 && found[0] === first && fits(rest, found.slice(1));
}

const linesOf = (text: string): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((l) => l.trimEnd());

test.each(pages)("%s shows what the tool prints", async (page) => {
  const folder = mkdtempSync(join(tmpdir(), "fathom-page-"));
  const files = new Set<string>();
  let text = readFileSync(join(root, page), "utf8");
  /** Files of the page live in a folder of their own, files of the project where they are. */
  const place = (word: string): string => {
    const [name, ...more] = word.split(":");
    const made = files.has(name!) || (!name!.includes("/") && /\.(fathom|svg|html|json|npy)$/.test(name!));
    const path = made
      ? join(folder, name!)
      : /^(std|examples|corpus)\//.test(name!)
        ? join(root, name!)
        : name!;
    return [path, ...more].join(":");
  };
  const plain = (out: string): string => out.replaceAll(`${folder}/`, "").replaceAll(`${root}/`, "");
  let commands = 0;
  for (const block of text.matchAll(/```(fathom|console)(?: (\S+))?\n([\s\S]*?)```/g)) {
    const [whole, kind, name, body] = block as unknown as [string, string, string | undefined, string];
    if (kind === "fathom") {
      if (name === undefined) continue;
      files.add(name);
      writeFileSync(join(folder, name), body);
      continue;
    }
    let shown = whole;
    for (const part of body.split(/^(?=\$ )/m)) {
      const [command = "", ...wanted] = linesOf(part);
      expect(command).toMatch(/^\$ fathom /);
      said.forget();
      const code = await main(wordsOf(command).slice(2).map(place));
      expect(code, `${command}\n${said.err}`).toBeLessThan(2);
      commands++;
      const found = linesOf(plain(said.err + said.out));
      if (fits(wanted, found)) continue;
      if (process.env.FATHOM_UPDATE !== undefined && !wanted.some((l) => l.trim() === "…"))
        shown = shown.replace(part, `${[command, ...found].join("\n")}\n`);
      else expect(found.join("\n"), command).toBe(wanted.join("\n"));
    }
    if (shown !== whole) text = text.replace(whole, () => shown);
  }
  expect(commands).toBeGreaterThan(0);
  if (process.env.FATHOM_UPDATE !== undefined) writeFileSync(join(root, page), text);
});
