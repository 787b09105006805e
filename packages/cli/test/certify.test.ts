import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { main } from "../src/index";
import { capture } from "./capture";

const root = resolve(import.meta.dirname, "../../..");
const example = (name: string) => join(root, "examples", name, `${name}.fathom`);
const said = capture();

test("a certificate is written, checked by itself and beside its program, and refused beside another", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "fathom-")), "edit.json");
  expect(await main(["certify", example("edit-distance"), "-o", path])).toBe(0);
  expect(said.out).toContain("n - 1 (proved)");
  expect(await main(["verify", path])).toBe(0);
  expect(await main(["verify", path, example("edit-distance"), "--json"])).toBe(0);
  expect(said.out).toContain('"ok":true,"task":"EditDistance","model":"steps","exact":true');
  expect(await main(["verify", path, example("life")])).toBe(1);
  expect(said.err).toContain("is about other equations");
  writeFileSync(path, readFileSync(path, "utf8").replace('"stage": ', '"stage": 1'));
  expect(await main(["verify", path])).toBeLessThanOrEqual(1);
  writeFileSync(path, "{}");
  expect(await main(["verify", path])).toBe(1);
  expect(said.err).toContain("proves nothing");
});
