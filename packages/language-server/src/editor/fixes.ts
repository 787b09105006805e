/**
 * Quick fixes: one entry a diagnostic code. A fix is edits of the snapshot's file; the tests apply each and check again.
 */
import {
  type Diagnostic,
  type DiagnosticCode,
  type ExampleItem,
  type FamilyMember,
  type Item,
  lexer,
  type Range as Span,
  type UseMember,
} from "@fathom/lang";
import type { TaskFigures } from "../analysis/figures";
import type { Snapshot } from "./snapshot";
import { pathTo, type TreeNode } from "./walk";

export interface Edit {
  readonly range: Span;
  readonly text: string;
}

export interface Fix {
  readonly title: string;
  readonly edits: readonly Edit[];
  /** The one to take without asking. */
  readonly preferred?: boolean;
}

export interface FixContext {
  readonly snapshot: Snapshot;
  readonly diagnostic: Diagnostic;
  readonly figures?: TaskFigures | undefined;
  /** What files of the workspace and the library declare: for imports that are missing. */
  readonly exports: (name: string) => readonly { readonly spec: string; readonly kind: string }[];
  /** Import paths that exist. */
  readonly modules: readonly string[];
}

const at = (offset: number, text: string): Edit => ({ range: { start: offset, end: offset }, text });
const replace = (range: Span, text: string): Edit => ({ range, text });

/** What a help text offers in backquotes. */
const offered = (d: Diagnostic): string | undefined => /`([^`]+)`/.exec(d.help ?? "")?.[1];

const around = (c: FixContext): TreeNode[] =>
  pathTo(c.snapshot.file.tree, Math.min(c.diagnostic.range.start + 1, c.diagnostic.range.end));

function enclosing<K extends string>(c: FixContext, kind: K): Extract<TreeNode, object> | undefined {
  return around(c).find((n) => n.kind === kind);
}

/** "did you mean `x`?" */
function suggestion(c: FixContext): Fix[] {
  const name = /did you mean `([^`]+)`/.exec(c.diagnostic.help ?? "")?.[1];
  return name === undefined
    ? []
    : [{ title: `Change to \`${name}\``, edits: [replace(c.diagnostic.range, name)], preferred: true }];
}

/** Whole lines of a range, when nothing else stands on them; else just the range with the space before it. */
function removal(text: string, range: Span): Edit {
  const lineStart = text.lastIndexOf("\n", range.start - 1) + 1;
  const lineEnd = text.indexOf("\n", range.end);
  const end = lineEnd < 0 ? text.length : lineEnd;
  const alone = text.slice(lineStart, range.start).trim() === "" && text.slice(range.end, end).trim() === "";
  if (alone) return replace({ start: lineStart, end: lineEnd < 0 ? end : end + 1 }, "");
  let start = range.start;
  while (start > lineStart && /[ \t]/.test(text[start - 1]!)) start--;
  return replace({ start, end: range.end }, "");
}

const titleOf = (c: FixContext): string =>
  c.snapshot.text.slice(c.diagnostic.range.start, c.diagnostic.range.end);

function importFix(c: FixContext): Fix[] {
  const name = titleOf(c);
  return c.exports(name).map(({ spec, kind }) => {
    const title = `Import the ${kind} \`${name}\` from "${spec}"`;
    const existing = c.snapshot.file.tree.items.find((i) => i.kind === "import" && i.from.value === spec);
    if (existing?.kind === "import") {
      const last = existing.names[existing.names.length - 1];
      if (last !== undefined) return { title, edits: [at(last.range.end, `, ${name}`)] };
    }
    const imports = c.snapshot.file.tree.items.filter((i) => i.kind === "import");
    const after = imports[imports.length - 1];
    const line = `import { ${name} } from "${spec}"`;
    return after === undefined
      ? { title, edits: [at(0, `${line}\n\n`)] }
      : { title, edits: [at(after.range.end, `\n${line}`)] };
  });
}

/** A name that nothing in the file has. */
function freshName(text: string, name: string): string {
  for (let k = 2; ; k++) if (!new RegExp(`\\b${name}${k}\\b`).test(text)) return `${name}${k}`;
}

function bracketEnd(family: FamilyMember, text: string): number {
  const last = family.binders[family.binders.length - 1];
  return last === undefined ? family.name.range.end : text.indexOf("]", last.range.end) + 1;
}

/** A new entry of an example, after the last one. */
function exampleEntry(example: ExampleItem, text: string, line: string): Edit | undefined {
  const last = example.entries[example.entries.length - 1];
  const brace = text.indexOf("{", example.title?.range.end ?? example.task.range.end);
  if (brace < 0) return undefined;
  return at(last === undefined ? brace + 1 : last.range.end, `\n  ${line}`);
}

const removeImport: Fixer = (c) => {
  const item = c.snapshot.file.tree.items.find(
    (i): i is Extract<Item, { kind: "import" }> =>
      i.kind === "import" &&
      i.range.start <= c.diagnostic.range.start &&
      c.diagnostic.range.end <= i.range.end,
  );
  return item === undefined
    ? []
    : [{ title: "Remove the import", edits: [removal(c.snapshot.text, item.range)] }];
};

type Fixer = (c: FixContext) => readonly (Fix | undefined)[];

const fixers: Partial<Record<DiagnosticCode, Fixer>> = {
  "unknown-name": (c) => [...suggestion(c), ...importFix(c)],
  // Its uses are written alike.
  "not-exported": (c) => {
    const name = titleOf(c);
    const uses = lexer.tokenize(c.snapshot.text).tokens.filter((t) => t.image === name);
    return suggestion(c).map((f) => ({
      ...f,
      edits: uses.map((t) =>
        replace({ start: t.startOffset, end: t.startOffset + name.length }, f.edits[0]!.text),
      ),
    }));
  },
  "no-member": (c) => {
    const width = Number(/^vec(\d) has no/.exec(c.diagnostic.message)?.[1] ?? 0);
    const components = ["x", "y", "z", "w"].slice(0, width);
    return [
      ...suggestion(c),
      ...components.map((n) => ({ title: `Change to \`${n}\``, edits: [replace(c.diagnostic.range, n)] })),
    ];
  },
  "unknown-binding": (c) => {
    const binding = enclosing(c, "use-binding");
    const use = enclosing(c, "use") as UseMember | undefined;
    // What is bound already is not what was meant.
    const free = suggestion(c).filter((f) => !use?.bindings.some((b) => b.name.text === f.edits[0]?.text));
    if (binding === undefined) return free;
    const { text } = c.snapshot;
    const edit = removal(text, binding.range);
    const comma = /,\s*$/.exec(text.slice(0, edit.range.start));
    const start = comma === null ? edit.range.start : comma.index;
    return [
      ...free,
      { title: "Remove the binding", edits: [replace({ start, end: edit.range.end }, edit.text)] },
    ];
  },
  "duplicate-name": (c) => {
    const { snapshot, diagnostic } = c;
    const name = titleOf(c);
    const fresh = freshName(snapshot.text, name);
    const occurrence = snapshot.names.at(snapshot.uri, diagnostic.range.start);
    const same = occurrence === undefined ? [] : snapshot.names.same(occurrence.meaning);
    const ranges = same.filter((o) => o.file.path === snapshot.uri).map((o) => o.name.range);
    const edits = (ranges.length === 0 ? [diagnostic.range] : ranges).map((r) => replace(r, fresh));
    return [{ title: `Rename this one to \`${fresh}\``, edits, preferred: true }];
  },
  "import-not-found": (c) => {
    const spec = titleOf(c).slice(1, -1);
    const base = (path: string) => path.replace(/^.*\//, "").replace(/\.fathom$/, "");
    const near = c.modules.filter((m) => base(m) === base(spec));
    return [
      ...near.map(
        (m): Fix => ({ title: `Change to "${m}"`, edits: [replace(c.diagnostic.range, `"${m}"`)] }),
      ),
      ...removeImport(c),
    ];
  },
  "import-cycle": removeImport,
  "type-mismatch": (c) => {
    const wanted = /write `(.+)`$/.exec(c.diagnostic.help ?? "")?.[1];
    if (wanted === undefined) return [];
    const title = `Write \`${wanted.replace(/\s+/g, " ")}\``;
    return [{ title, edits: [replace(c.diagnostic.range, wanted)], preferred: true }];
  },
  "missing-type": (c) => {
    const family = enclosing(c, "family") as FamilyMember | undefined;
    const type = /: (\w+)$/.exec(offered(c.diagnostic) ?? "")?.[1] ?? "int";
    if (family === undefined) return [];
    const end = bracketEnd(family, c.snapshot.text);
    const others = ["int", "real", "bit"].filter((t) => t !== type);
    return [type, ...others].map((t, k) => ({
      title: `Give it the type \`${t}\``,
      edits: [at(end, `: ${t}`)],
      preferred: k === 0,
    }));
  },
  "missing-value": (c) => {
    const family = enclosing(c, "family") as FamilyMember | undefined;
    if (family === undefined) return [];
    const end = family.type?.range.end ?? bracketEnd(family, c.snapshot.text);
    const kinds = c.snapshot.program.familyType(family).kind;
    const zero = kinds === "vector" ? "vec3(0, 0, 0)" : "0";
    return [
      { title: `Give it the equation \`= ${zero}\``, edits: [at(end, ` = ${zero}`)] },
      ...(family.role === "node" && family.type !== undefined
        ? [
            {
              title: "Make it an input",
              edits: [replace({ start: family.range.start, end: family.range.start + 4 }, "input")],
            },
          ]
        : []),
    ];
  },
  "unexpected-value": (c) => {
    const family = enclosing(c, "family") as FamilyMember | undefined;
    if (family?.value === undefined) return [];
    const { text } = c.snapshot;
    const sign = text.lastIndexOf("=", family.value.range.start - 1);
    const word = { start: family.range.start, end: family.range.start + family.role.length };
    return [
      { title: "Make it a node", edits: [replace(word, "node")], preferred: true },
      {
        title: "Remove the equation",
        edits: [replace({ start: text.slice(0, sign).trimEnd().length, end: family.value.range.end }, "")],
      },
    ];
  },
  "missing-binding": (c) => {
    const use = enclosing(c, "use") as UseMember | undefined;
    const binding = offered(c.diagnostic);
    if (use === undefined || binding === undefined) return [];
    const title = `Bind it: \`${binding}\``;
    const last = use.bindings[use.bindings.length - 1];
    if (last !== undefined) return [{ title, edits: [at(last.range.end, `, ${binding}`)], preferred: true }];
    const { text } = c.snapshot;
    const brace = text.indexOf("{", use.task.range.end);
    if (brace >= 0 && brace < use.range.end)
      return [{ title, edits: [at(brace + 1, ` ${binding} `)], preferred: true }];
    const as = text.lastIndexOf("as", use.alias.range.start);
    return [{ title, edits: [at(as, `with { ${binding} } `)], preferred: true }];
  },
  "example-unbound": (c) => {
    const example = enclosing(c, "example") as ExampleItem | undefined;
    const line = offered(c.diagnostic);
    if (example === undefined || line === undefined) return [];
    const edit = exampleEntry(example, c.snapshot.text, line);
    return edit === undefined ? [] : [{ title: `Bind it: \`${line}\``, edits: [edit], preferred: true }];
  },
  "example-checks-nothing": (c) => {
    const example = enclosing(c, "example") as ExampleItem | undefined;
    const line = offered(c.diagnostic);
    if (example === undefined || line === undefined) return [];
    const edit = exampleEntry(example, c.snapshot.text, line);
    return edit === undefined ? [] : [{ title: `Compare: \`${line}\``, edits: [edit] }];
  },
  "example-value": (c) => {
    const { text } = c.snapshot;
    if (c.diagnostic.message.includes("a whole number"))
      return [{ title: "Change to `4`", edits: [replace(c.diagnostic.range, "4")] }];
    if (!c.diagnostic.message.includes("`==`")) return [];
    const sign = text.indexOf("=", c.diagnostic.range.end);
    return [
      { title: "Compare with `==`", edits: [replace({ start: sign, end: sign + 1 }, "==")], preferred: true },
    ];
  },
  "unused-let": (c) => {
    const found = enclosing(c, "let");
    if (found === undefined) return [];
    return [
      { title: "Remove it", edits: [removal(c.snapshot.text, found.range)], preferred: true },
      { title: `Call it \`_${titleOf(c)}\``, edits: [at(c.diagnostic.range.start, "_")] },
    ];
  },
  "read-outside": (c) => {
    const { text } = c.snapshot;
    const { start, end } = c.diagnostic.range;
    const path = around(c);
    const node = path.findIndex((n) => n.range.start === start && n.range.end === end);
    const parent = node < 0 ? undefined : path[node - 1];
    // `??` binds tighter than every operator; brackets make that plain.
    const bare = parent === undefined || parent.kind === "family" || parent.kind === "block";
    const read = text.slice(start, end);
    return [
      {
        title: "Give a default: `?? 0`",
        edits: [replace({ start, end }, bare ? `${read} ?? 0` : `(${read} ?? 0)`)],
        preferred: true,
      },
    ];
  },
  "default-needs-read": (c) => {
    const found = enclosing(c, "default") as (TreeNode & { readonly otherwise?: TreeNode }) | undefined;
    if (found?.otherwise === undefined) return [];
    const { text } = c.snapshot;
    const end = text.slice(0, text.lastIndexOf("??", found.otherwise.range.start)).trimEnd().length;
    return [
      {
        title: "Remove the default",
        edits: [replace({ start: end, end: found.otherwise.range.end }, "")],
        preferred: true,
      },
    ];
  },
  "not-a-family": (c) => {
    const { text } = c.snapshot;
    const open = c.diagnostic.range.end;
    const subscript = around(c).find(
      (n) => n.kind === "subscript" && n.range.start === c.diagnostic.range.start,
    );
    if (subscript === undefined || text[open] !== "[") return [];
    return [
      {
        title: "Remove the subscript",
        edits: [replace({ start: open, end: subscript.range.end }, "")],
        preferred: true,
      },
    ];
  },
  "unexpected-character": (c) => [
    { title: "Remove it", edits: [replace(c.diagnostic.range, "")], preferred: true },
  ],
  "unexpected-token": (c) => {
    const [, expected, found] = /^expected (.*), found (.*)$/.exec(c.diagnostic.message) ?? [];
    const sign = /^`([^\w`]+)`/.exec(expected ?? "")?.[1] ?? (expected === "an expression" ? "0" : undefined);
    if (sign === undefined) return [];
    const { start, end } = c.diagnostic.range;
    const title = `Insert \`${sign}\``;
    // Where something is missing, the token before is to blame and what was found stands elsewhere.
    if (found !== `\`${titleOf(c)}\``)
      return [
        { title, edits: [at(end, sign === "}" ? "\n}" : sign === "0" ? " 0" : sign)], preferred: true },
      ];
    return [{ title, edits: [at(start, `${sign} `)] }];
  },
  "table-size": (c) => {
    const [, found, expected] = /has (\d+) entries.* have (\d+)/.exec(c.diagnostic.message) ?? [];
    const value = titleOf(c);
    if (found === undefined || expected === undefined || !value.startsWith('"')) return [];
    const bits = value.slice(1, -1);
    const wanted = Number(expected);
    const fixed = bits.length < wanted ? bits.padEnd(wanted, "0") : bits.slice(0, wanted);
    const title = bits.length < wanted ? "Fill up with zeros" : "Cut what is too much";
    return [{ title, edits: [replace(c.diagnostic.range, `"${fixed}"`)] }];
  },
  "expect-failed": (c) => {
    const expect = enclosing(c, "expect");
    if (expect === undefined) return [];
    const { text } = c.snapshot;
    const source = text.slice(expect.range.start, expect.range.end);
    const [, figure, model] = /^expect\s+(depth|work|width)(\(ops\))?/.exec(source) ?? [];
    const found =
      model !== undefined
        ? figure === "depth"
          ? c.figures?.ops
          : undefined
        : c.figures?.[figure as "depth" | "work" | "width"];
    const fixes: Fix[] = [];
    if (found?.source !== undefined && found.relation !== ">=")
      fixes.push({
        title: `Expect what was found: \`${found.source}\` (${found.standing})`,
        edits: [
          replace(
            expect.range,
            `expect ${figure}${model ?? ""} ${found.relation === "=" ? "==" : "<="} ${found.source}`,
          ),
        ],
      });
    fixes.push({ title: "Remove the `expect`", edits: [removal(text, expect.range)] });
    return fixes;
  },
};

/** The codes that have fixes. */
export const fixable: readonly string[] = Object.keys(fixers);

export function fixesFor(context: FixContext): Fix[] {
  return (fixers[context.diagnostic.code]?.(context) ?? []).filter((f) => f !== undefined);
}
