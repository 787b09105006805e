import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../src/index";

/** What each package may import; arrows point left only. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  lang: [],
  compiler: ["lang"],
  importers: [],
  "runtime-gpu": ["lang", "compiler"],
  runtime: ["lang", "compiler", "runtime-gpu"],
  testing: ["lang", "compiler", "runtime", "runtime-gpu"],
  "language-server": ["lang", "compiler", "runtime"],
  cli: ["lang", "compiler", "importers", "runtime", "runtime-gpu", "language-server"],
  "vscode-ext": ["language-server"],
};
const pure = new Set(["lang", "compiler"]);

interface Source {
  readonly package: string;
  readonly path: string;
  readonly text: string;
}

/** Every import, or use of the world, that turns an arrow round. */
function violations(
  sources: readonly Source[],
  manifests: Readonly<Record<string, Readonly<Record<string, string>>>>,
): string[] {
  const found: string[] = [];
  for (const { package: name, path, text } of sources) {
    for (const [, spec = ""] of text.matchAll(/(?:from|import\()\s*["'`]([^"'`]+)["'`]/g)) {
      const target = /^@fathom\/([^/]+)/.exec(spec)?.[1];
      if (target !== undefined && !allowed[name]!.includes(target)) found.push(`${path} imports ${spec}`);
      if (pure.has(name) && spec.startsWith("node:")) found.push(`${path} imports ${spec}`);
      if (path.includes("certificate-checker") && /src\/(?!equations\/|symbolic\/)/.test(spec))
        found.push(`${path} imports ${spec}`);
    }
    if (
      pure.has(name) &&
      /\b(process|document|window)\.|Math\.random\(|new Date\(|performance\.now/.test(
        text.replace(/`[\s\S]*?`|\/\/.*|\/\*[\s\S]*?\*\//g, ""),
      )
    ) {
      found.push(`${path} touches the world`);
    }
  }
  for (const [name, dependencies] of Object.entries(manifests)) {
    for (const d of Object.keys(dependencies)) {
      const target = /^@fathom\/(.+)/.exec(d)?.[1];
      if (target !== undefined && !allowed[name]?.includes(target))
        found.push(`packages/${name}/package.json depends on ${d}`);
    }
  }
  return found;
}

/** Every source of every package, and the certificate checker. */
function projectSources(): Source[] {
  const packages = join(projectRoot, "packages");
  const folders = readdirSync(packages).map((name) => [name, `${name}/src`] as const);
  return [...folders, ["compiler", "compiler/certificate-checker"] as const].flatMap(([name, folder]) =>
    readdirSync(join(packages, folder), { recursive: true })
      .map(String)
      .filter((f) => f.endsWith(".ts"))
      .map((f) => ({
        package: name,
        path: `packages/${folder}/${f}`,
        text: readFileSync(join(packages, folder, f), "utf8"),
      })),
  );
}

/** The folders of the compiler, each importing only from those before it: the order that docs/architecture.md gives. */
const compilerFolders = /^ {4}(equations ◄ .*)$/m
  .exec(readFileSync(join(projectRoot, "docs/architecture.md"), "utf8"))![1]!
  .split(" ◄ ");

/** The folder of a path below packages/compiler; undefined for the files that stand above all folders. */
const folderOf = (path: string): string | undefined =>
  /^packages\/compiler\/(?:src\/)?(?!src\/)([^/]+)\/./.exec(path)?.[1];

/** Every import of the compiler that goes against the order of its folders. */
function turnedRound(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) => {
    const place = folderOf(path);
    if (!path.startsWith("packages/compiler/") || place === undefined) return [];
    const at = compilerFolders.indexOf(place);
    return [...text.matchAll(/from\s*"(\.[^"]+)"/g)].flatMap(([, spec = ""]) => {
      const target = folderOf(normalize(join(path, "..", spec)));
      const fine = target !== undefined && at >= 0 && compilerFolders.slice(0, at + 1).includes(target);
      return fine ? [] : [`${path} imports ${spec}`];
    });
  });
}

describe("arrows between the folders of the compiler", () => {
  test("point left", () => {
    const sources = projectSources().filter((s) => s.package === "compiler");
    const folders = new Set(sources.flatMap((s) => folderOf(s.path) ?? []));
    expect([...folders].sort()).toEqual([...compilerFolders].sort());
    expect(turnedRound(sources)).toEqual([]);
  });

  test.each([
    ["a law that needs the verdict", "src/catalogue/laws/a.ts", "../../verdict/judge"],
    ["equations that need the files above", "src/equations/a.ts", "../index"],
  ])("the test can fail: %s", (_, file, spec) => {
    const path = `packages/compiler/${file}`;
    const source = { package: "compiler", path, text: `import { x } from "${spec}";` };
    expect(turnedRound([source])).toHaveLength(1);
  });
});

describe("arrows between packages", () => {
  test("point left", () => {
    const names = readdirSync(join(projectRoot, "packages"));
    expect(names.sort()).toEqual(Object.keys(allowed).sort());
    const sources = projectSources();
    expect(sources.length).toBeGreaterThan(30);
    const manifests = Object.fromEntries(
      names.map((n) => [
        n,
        JSON.parse(readFileSync(join(projectRoot, "packages", n, "package.json"), "utf8")).dependencies ?? {},
      ]),
    );
    expect(violations(sources, manifests)).toEqual([]);
  });

  test.each([
    [
      "an upward import",
      { package: "lang", path: "packages/lang/src/a.ts", text: 'import { x } from "@fathom/compiler";' },
    ],
    [
      "the checker imports the prover",
      {
        package: "compiler",
        path: "packages/compiler/certificate-checker/a.ts",
        text: 'import { x } from "../src/depth/prove";',
      },
    ],
    [
      "Node in a pure package",
      {
        package: "compiler",
        path: "packages/compiler/src/a.ts",
        text: 'import { readFileSync } from "node:fs";',
      },
    ],
    [
      "a clock in a pure package",
      { package: "lang", path: "packages/lang/src/a.ts", text: "const t = performance.now();" },
    ],
  ])("the test can fail: %s", (_, source) => {
    expect(violations([source], {})).toHaveLength(1);
  });

  test("the test can fail: a manifest", () => {
    expect(violations([], { lang: { "@fathom/cli": "1" } })).toHaveLength(1);
  });
});
