// biome-ignore-all lint/suspicious/noTemplateCurlyInString: snippets are written so
/** Completion: what can stand at the cursor, each with its documentation. */
import { builtins, type FamilyMember, type Meaning, reductionWords, type TaskItem } from "@fathom/lang";
import {
  type CompletionItem,
  CompletionItemKind,
  InsertTextFormat,
  type MarkupContent,
} from "vscode-languageserver-types";
import type { Known } from "../figure-store";
import { type Context, contextAt } from "./context";
import { builtinDescription, describeMeaning, descriptionMarkdown } from "./describe";
import { figureText } from "./figure-text";
import { keywordDocs } from "./keywords";
import { fileNames, itemAt, type Named, namesInScope, taskNames } from "./scope";
import type { Snapshot } from "./snapshot";
import type { Unit } from "./units";

const markdown = (value: string): MarkupContent => ({ kind: "markdown", value });

/** A word of the language; with a snippet where there is a shape to fill. */
function keyword(label: string, snippet?: string, group = "5"): CompletionItem {
  const doc = keywordDocs[label];
  return {
    label,
    kind: snippet === undefined ? CompletionItemKind.Keyword : CompletionItemKind.Snippet,
    sortText: `${group}${label}`,
    ...(doc === undefined ? {} : { documentation: markdown(doc) }),
    ...(snippet === undefined ? {} : { insertText: snippet, insertTextFormat: InsertTextFormat.Snippet }),
  };
}

const itemSnippets: readonly CompletionItem[] = [
  keyword(
    "task",
    "task ${1:Name}(${2:n}: size) where ${2:n} >= 1 {\n  input ${3:x}[i: 0..${2:n}]: ${4:int}\n  output ${5:y}[i: 0..${2:n}] = $0${3:x}[i]\n}",
  ),
  keyword("fn", "fn ${1:name}(${2:x}: ${3:int}): ${4:int} = $0${2:x}"),
  keyword("const", "const ${1:NAME} = ${0:1}"),
  keyword("enum", "enum ${1:Name} { ${2:First}, ${0:Second} }"),
  keyword("monoid", "monoid ${1:Name} on ${2:int} { identity = ${3:0}; combine(a, b) = ${0:a + b} }"),
  keyword("example", 'example ${1:Task} "${2:what it shows}" {\n  $0\n}'),
  keyword("import", 'import { $0 } from "${1:std/automata}"'),
  keyword("reduction", "reduction ${1:Name} from ${2:Task}(${3:n}) to ${4:Task}(${5:n}) {\n  $0\n}"),
];
const memberSnippets: readonly CompletionItem[] = [
  keyword("input", "input ${1:x}[${2:i}: 0..${3:n}]: ${0:int}", "1"),
  keyword("node", "node ${1:y}[${2:i}: 0..${3:n}]: ${4:int} = $0", "1"),
  keyword("output", "output ${1:y}[${2:i}: 0..${3:n}] = $0", "1"),
  keyword("param", "param ${1:W}[${2:i}: 0..${3:n}]: ${0:real}", "1"),
  keyword("random", "random ${1:u}[${2:i}: 0..${3:n}]: real$0", "1"),
  keyword("use", "use ${1:Task}(${2:n}) with { $0 } as ${3:p}", "1"),
  keyword("expect", "expect ", "1"),
  keyword("assume", "assume ${1:converges}(${2:x}) by ${3:law} { $0 }", "1"),
];
const types = ["bit", "int", "real", "index", "vec2", "vec3", "vec4"];
const reductions = Object.keys(reductionWords).filter((word) => word !== "reduce");
const classes = ["NC^0", "NC^1", "AC^0", "AC^1", "ACC^0", "TC^0", "TC^1", "P"];

const kinds: Partial<Record<Meaning["kind"], CompletionItemKind>> = {
  size: CompletionItemKind.TypeParameter,
  const: CompletionItemKind.Constant,
  binder: CompletionItemKind.Variable,
  "use-index": CompletionItemKind.Variable,
  param: CompletionItemKind.Variable,
  let: CompletionItemKind.Variable,
  family: CompletionItemKind.Field,
  use: CompletionItemKind.Module,
  fn: CompletionItemKind.Function,
  enum: CompletionItemKind.Enum,
  "enum-case": CompletionItemKind.EnumMember,
  task: CompletionItemKind.Class,
  monoid: CompletionItemKind.Interface,
};

export function completions(
  snapshot: Snapshot,
  offset: number,
  known: (unit: Unit) => Known,
  modules: readonly string[],
): CompletionItem[] {
  const context = contextAt(snapshot.text, offset);
  if (context.inComment) return [];
  const { before, segment } = context;
  const previous = before[before.length - 1]?.text;
  if (context.inString || (segment === "import" && previous === "from"))
    return segment === "import" ? moduleItems(context, modules) : [];
  const item = itemAt(snapshot, offset);
  const task = item?.kind === "task" ? item : undefined;
  if (previous === ".") return memberItems(snapshot, context, offset);
  switch (segment) {
    case "top":
      return [...itemSnippets];
    case "import":
      return previous === "{" || previous === "," ? exported(snapshot, offset) : [];
    case "enum":
      return [];
    case "const":
      return previous === "=" || before.length > 3 ? expression(snapshot, offset, "const") : [];
    case "example":
      return exampleItems(snapshot, context, offset);
    case "task":
      return taskHead(snapshot, context, offset);
    case "expect":
      return expectItems(snapshot, context, offset, known);
    case "fn":
      return context.open.length === 1 && before[context.open[0]! - 2]?.text === "fn"
        ? previous === ":"
          ? typeItems(snapshot)
          : []
        : previous === ":" || before.length === 1
          ? before.length === 1
            ? []
            : typeItems(snapshot)
          : expression(snapshot, offset, "value");
    case "use":
      return useItems(snapshot, context, offset, task);
    default:
      return familyItems(snapshot, context, offset);
  }
}

function named(snapshot: Snapshot, n: Named, group = "2"): CompletionItem {
  const description = describeMeaning(snapshot.program, n.meaning, n.item);
  const family = n.meaning.kind === "family" ? n.meaning.declaration : undefined;
  const call =
    n.meaning.kind === "fn"
      ? `${n.name}(${n.meaning.declaration.params.map((p, k) => `\${${k + 1}:${p.name.text}}`).join(", ")})`
      : family !== undefined
        ? readOf(n.name, family)
        : undefined;
  return {
    label: n.name,
    kind: kinds[n.meaning.kind] ?? CompletionItemKind.Text,
    detail: description.code,
    documentation: markdown(descriptionMarkdown(description)),
    sortText: `${group}${n.name}`,
    ...(call === undefined ? {} : { insertText: call, insertTextFormat: InsertTextFormat.Snippet }),
  };
}

/** A read with its indices to fill in. */
const readOf = (name: string, family: FamilyMember): string =>
  family.binders.length === 0
    ? name
    : `${name}[${family.binders.map((b, k) => `\${${k + 1}:${b.name.text}}`).join(", ")}]`;

const typeItems = (snapshot: Snapshot): CompletionItem[] => [
  ...types.map((t) =>
    t === "index"
      ? keyword("index", "index(${1:n})", "1")
      : { ...keyword(t, undefined, "1"), kind: CompletionItemKind.Struct },
  ),
  ...fileNames(snapshot)
    .filter((n) => n.meaning.kind === "enum")
    .map((n) => named(snapshot, n, "1")),
];

/** What can stand in an expression: `size` where only static values may. */
function expression(snapshot: Snapshot, offset: number, place: "value" | "size" | "const"): CompletionItem[] {
  const allowed: Readonly<Record<typeof place, ReadonlySet<Meaning["kind"]>>> = {
    value: new Set([
      "size",
      "const",
      "binder",
      "use-index",
      "param",
      "operand",
      "let",
      "family",
      "use",
      "fn",
      "enum",
    ]),
    size: new Set(["size", "const", "binder", "use-index"]),
    const: new Set(["const", "enum"]),
  };
  const found = namesInScope(snapshot, offset)
    .filter((n) => allowed[place].has(n.meaning.kind))
    .map((n) => named(snapshot, n, n.meaning.kind === "fn" || n.meaning.kind === "enum" ? "3" : "2"));
  const functions = Object.keys(builtins)
    .filter((b) => place === "value" || ["min", "max", "log2"].includes(b))
    .map((name): CompletionItem => {
      const description = builtinDescription(name);
      return {
        label: name,
        kind: CompletionItemKind.Function,
        detail: description.code,
        documentation: markdown(descriptionMarkdown(description)),
        sortText: `4${name}`,
        insertText: `${name}($1)`,
        insertTextFormat: InsertTextFormat.Snippet,
      };
    });
  if (place !== "value") return [...found, ...functions];
  const monoids = fileNames(snapshot).filter((n) => n.meaning.kind === "monoid");
  return [
    ...found,
    ...functions,
    ...reductions
      .filter((r) => !Object.hasOwn(builtins, r))
      .map((r) => keyword(r, `${r}[\${1:j}: 0..\${2:n}] $0`, "4")),
    ...monoids.map((m) => keyword(`reduce ${m.name}`, `reduce ${m.name}[\${1:j}: 0..\${2:n}] $0`, "4")),
    keyword("if", "if ${1:condition} { $2 } else { $0 }"),
    keyword("let", "let ${1:v} = $0"),
    keyword("table", 'table(${1:a}) "$0"'),
    ...["not", "true", "false"].map((w) => keyword(w)),
  ];
}

/** After a point: families of a used task, cases of an enum, components of a vector. */
function memberItems(snapshot: Snapshot, { before }: Context, offset: number): CompletionItem[] {
  // The owner: a name, perhaps with subscripts.
  let k = before.length - 2;
  if (before[k]?.text === "]") {
    let depth = 0;
    for (; k >= 0; k--) {
      if (before[k]!.text === "]") depth++;
      if (before[k]!.text === "[" && --depth === 0) break;
    }
    k--;
  }
  const owner = before[k]?.text;
  const meaning = namesInScope(snapshot, offset).find((n) => n.name === owner)?.meaning;
  if (meaning?.kind === "use")
    return taskNames(snapshot, meaning.target)
      .filter((n) => n.meaning.kind === "family")
      .map((n) => named(snapshot, n));
  if (meaning?.kind === "enum") {
    const { declaration } = meaning;
    return declaration.cases.map((c, ordinal) =>
      named(snapshot, {
        name: c.text,
        meaning: { kind: "enum-case", declaration, ordinal },
        item: declaration,
      }),
    );
  }
  return ["x", "y", "z", "w"].map((label) => ({ label, kind: CompletionItemKind.Property, detail: "real" }));
}

function moduleItems({ word }: Context, modules: readonly string[]): CompletionItem[] {
  return modules.map((label) => ({
    label,
    kind: CompletionItemKind.File,
    sortText: `${label.startsWith("std/") ? "2" : "1"}${label}`,
    filterText: label,
    insertText: word.text === "" ? label : label,
  }));
}

/** Inside the braces of an import: what the file declares. */
function exported(snapshot: Snapshot, offset: number): CompletionItem[] {
  const line = snapshot.text.slice(offset, snapshot.text.indexOf("\n", offset) >>> 0);
  const spec = /from\s*"([^"]*)"/.exec(line)?.[1];
  const path = spec === undefined ? undefined : snapshot.resolved(spec);
  const file = snapshot.program.files.find((f) => f.path === path);
  return (file?.tree.items ?? []).flatMap((item) => {
    const name = "name" in item && item.kind !== "reduction" ? item.name : undefined;
    const meaning = name === undefined ? undefined : snapshot.program.symbolOf(name);
    return name === undefined || meaning === undefined
      ? []
      : [{ ...named(snapshot, { name: name.text, meaning, item }), insertText: name.text }];
  });
}

/** `task Name(n: size, …) where …` */
function taskHead(snapshot: Snapshot, { before, open }: Context, offset: number): CompletionItem[] {
  const previous = before[before.length - 1]?.text;
  const opener = open.length === 0 ? undefined : before[open[open.length - 1]!]?.text;
  if (opener === "(" && open.length === 1)
    return previous === ":" ? [keyword("size", undefined, "1"), keyword("const", undefined, "1")] : [];
  if (opener === "{" && open.length === 1) return [...memberSnippets];
  if (before.some((t) => t.text === "where")) return expression(snapshot, offset, "size");
  return previous === ")" ? [keyword("where")] : [];
}

function exampleItems(snapshot: Snapshot, { before, open }: Context, offset: number): CompletionItem[] {
  const item = itemAt(snapshot, offset);
  const tasks = fileNames(snapshot).filter((n) => n.meaning.kind === "task");
  if (before.length === 1) return tasks.map((n) => ({ ...named(snapshot, n), insertText: n.name }));
  if (open.length === 0) return [];
  const previous = before[before.length - 1]?.text ?? "";
  if (["=", "==", "~=", "within"].includes(previous)) return [keyword("random", "random(${1:1})")];
  if (open.length > 1) return [];
  const meaning = tasks.find((n) => n.name === before[1]?.text)?.meaning;
  if (meaning?.kind !== "task") return [];
  const given = new Set(item?.kind === "example" ? item.entries.map((e) => e.name.text) : []);
  const entries = taskNames(snapshot, meaning.declaration).filter(
    (n) => !given.has(n.name) && (n.meaning.kind === "size" || n.meaning.kind === "family"),
  );
  const needsBinding = (n: Named) =>
    n.meaning.kind === "size" ||
    (n.meaning.kind === "family" && ["input", "param"].includes(n.meaning.declaration.role));
  return [
    ...entries
      .filter((n) => n.meaning.kind !== "family" || n.meaning.declaration.role !== "random")
      .map((n) => ({
        ...named(snapshot, n, needsBinding(n) ? "1" : "2"),
        insertText: `${n.name} ${needsBinding(n) ? "=" : "=="} `,
        insertTextFormat: InsertTextFormat.PlainText,
      })),
    { ...keyword("seed", "seed = ${1:1}", "3") },
  ];
}

function expectItems(
  snapshot: Snapshot,
  { before }: Context,
  offset: number,
  known: (unit: Unit) => Known,
): CompletionItem[] {
  const previous = before[before.length - 1]?.text ?? "";
  if (before.length === 1) {
    const unit = snapshot.unitAt(offset);
    const { figures, state } = unit === undefined ? { figures: undefined, state: "none" } : known(unit);
    const stale = state === "stale" ? ", of the text before the last edit" : "";
    const found = (["depth", "work", "width"] as const).flatMap((name): CompletionItem[] => {
      const figure = figures?.[name];
      if (figure?.source === undefined || figure.relation === ">=") return [];
      return [
        {
          label: `${name} ${figure.relation === "=" ? "==" : "<="} ${figure.source}`,
          kind: CompletionItemKind.Value,
          detail: `${figureText(figure)}: ${figure.standing}${stale}`,
          documentation: markdown(figure.detail),
          sortText: `0${name}`,
          preselect: name === "depth",
        },
      ];
    });
    return [
      ...found,
      ...["depth", "work", "width"].map((w) => keyword(w, `${w} \${1|==,<=|} $0`, "1")),
      keyword("depth(ops)", "depth(ops) ${1|<=,==|} $0", "1"),
      keyword("class", "class ", "1"),
      keyword("serial", undefined, "1"),
      keyword("parallel", undefined, "1"),
    ];
  }
  if (previous === "class" || (before[1]?.text === "class" && previous === "<="))
    return classes.map((label) => ({ label, kind: CompletionItemKind.EnumMember }));
  if (before[1]?.text === "class") return [];
  return [...expression(snapshot, offset, "size"), ...memberSnippets];
}

function useItems(
  snapshot: Snapshot,
  { before, open }: Context,
  offset: number,
  inside: TaskItem | undefined,
): CompletionItem[] {
  const tasks = fileNames(snapshot).filter(
    (n) => n.meaning.kind === "task" && n.meaning.declaration !== inside,
  );
  if (before.length === 1) return tasks.map((n) => ({ ...named(snapshot, n), insertText: n.name }));
  const previous = before[before.length - 1]?.text ?? "";
  const opener = open.length === 0 ? undefined : before[open[open.length - 1]!]?.text;
  if (opener === "{" && (previous === "{" || previous === ",")) {
    const target = tasks.find((n) => n.name === before[1]?.text)?.meaning;
    if (target?.kind !== "task") return [];
    const given = new Set(before.map((t) => t.text));
    return taskNames(snapshot, target.declaration)
      .filter((n) => n.meaning.kind === "family" && ["input", "param"].includes(n.meaning.declaration.role))
      .filter((n) => !given.has(n.name))
      .map((n) => {
        const family = n.meaning.kind === "family" ? n.meaning.declaration : undefined;
        return {
          ...named(snapshot, n, "1"),
          insertText: `${readOf(n.name, family!)} = $0`,
          insertTextFormat: InsertTextFormat.Snippet,
        };
      });
  }
  if (opener === undefined) {
    if (previous === "}" && !before.some((t) => t.text === "as")) return [keyword("as")];
    if (before.some((t) => t.text === "as")) return [...memberSnippets];
    return [keyword("with", "with { $0 }"), keyword("as")];
  }
  return expression(snapshot, offset, opener === "{" ? "value" : "size");
}

/** `node y[i: 0..n]: int = …` and the other families. */
function familyItems(snapshot: Snapshot, { before, open }: Context, offset: number): CompletionItem[] {
  const previous = before[before.length - 1]?.text ?? "";
  const assigned = before.findIndex((t, k) => t.text === "=" && !open.some((o) => o > k));
  if (before.length === 1) return [];
  const innermost = open[open.length - 1];
  if (assigned < 0) {
    if (innermost !== undefined) {
      // In the brackets of binders: a name, then a range.
      const colon = before.slice(innermost).some((t) => t.text === ":");
      const closer = previous === "," || previous === "[";
      return before[innermost]!.text === "(" || (colon && !closer)
        ? expression(snapshot, offset, "size")
        : [];
    }
    if (previous === ":") return typeItems(snapshot);
    return [...memberSnippets];
  }
  const opener = innermost === undefined ? undefined : before[innermost];
  const values = expression(snapshot, offset, "value");
  // The bound of an index inside a reduction is static.
  if (opener?.text === "[" && (previous === ":" || previous === ".." || previous === "..=")) {
    return expression(snapshot, offset, "size");
  }
  const lineStart = snapshot.text.lastIndexOf("\n", offset - 1) + 1;
  const fresh = innermost === undefined && /^\s*\w*$/.test(snapshot.text.slice(lineStart, offset));
  const expects =
    /^(=|\+|-|\*|\/|,|\(|\[|\{|==|!=|<|<=|>|>=|and|or|xor|not|div|mod|if|else|where|\?\?|\^)$/.test(previous);
  return fresh && !expects ? [...memberSnippets, ...values] : values;
}
