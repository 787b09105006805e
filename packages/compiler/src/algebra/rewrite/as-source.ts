/**
 * A rewriting as edits of the text it was written in: the families of a recurrence are replaced, the new ones stand before them, and all
 * else stays as its author wrote it.
 */
import { type CheckedProgram, check, type Host, type Range, type TaskItem } from "@fathom/lang";
import { lower } from "../../equations/lower/lower";
import { Names, type Scope, SourceWriter } from "../../equations/source";
import type { Family } from "../../equations/system";
import { limits } from "./context";
import { type Rewrite, type RewriteOptions, rewrites } from "./rewrites";

/** Put `text` in place of `range`: UTF-16 offsets into the task's file. */
export interface TextEdit {
  readonly range: Range;
  readonly text: string;
}

export interface SourceRewrite extends Rewrite {
  /** `Rewrite s as a scan of affine maps, as pairs (rounding may change)`. */
  readonly title: string;
  /** In order, apart from each other. */
  readonly edits: readonly TextEdit[];
  /** The task's file with the edits made; it checks. */
  readonly text: string;
}

/**
 * The rewritings of a task (`rewrites`), as edits of its text; with `family`, only of the recurrence that this family is part of. Those that
 * no edit of the task can say are left out: a recurrence inside a used task. `expect` lines stay: what no longer holds is then reported
 * where it was written. Pure: what the edit gives is checked against the files that the program was made of.
 */
export function rewriteAsSource(
  program: CheckedProgram,
  task: TaskItem,
  options: RewriteOptions = {},
): readonly SourceRewrite[] {
  const system = lower(program, task);
  return rewrites(system, options).flatMap((r) => {
    const edits = editsOf(program, task, system.families, r.system.families);
    if (edits === undefined) return [];
    const file = program.fileOf(task);
    const text = applyEdits(file.text, edits);
    const checked = check(file.path, text, hostOf(program));
    if (checked.diagnostics.some((d) => d.severity === "error")) return [];
    const families = r.applied.flatMap((a) => a.families).join(", ");
    const limit = [...new Set(r.applied.flatMap((a) => a.upTo))].map(
      (u) => ` (${u === "rounding" ? "rounding may change" : `the same ${limits[u]}`})`,
    );
    const names = [...new Set(r.applied.map((a) => a.name))].join(", ");
    return [{ ...r, title: `Rewrite ${families} as ${names}${limit.join("")}`, edits, text }];
  });
}

export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let out = "";
  let last = 0;
  for (const { range, text: made } of edits) {
    out += text.slice(last, range.start) + made;
    last = range.end;
  }
  return out + text.slice(last);
}

/** Finds the imports that the program found. */
function hostOf(program: CheckedProgram): Host {
  return {
    resolve(from, spec) {
      const file = program.files.find((f) => f.path === from);
      for (const item of file?.tree.items ?? []) {
        if (item.kind !== "import" || item.from.value !== spec) continue;
        for (const name of item.names) {
          const meaning = program.symbolOf(name);
          if (meaning !== undefined && "declaration" in meaning) return program.fileOf(meaning.declaration);
        }
      }
      return undefined;
    },
  };
}

function editsOf(
  program: CheckedProgram,
  task: TaskItem,
  before: readonly Family[],
  after: readonly Family[],
): readonly TextEdit[] | undefined {
  const file = program.fileOf(task);
  const members = new Map(
    task.members.flatMap((m) => (m.kind === "family" ? [[m.name.text, m] as const] : [])),
  );
  const uses = new Map(task.members.flatMap((m) => (m.kind === "use" ? [[m.alias.text, m] as const] : [])));
  const old = new Map(before.map((f) => [f.name, f]));
  const kept = new Map(after.map((f) => [f.name, f]));
  const changed = after.filter((f) => old.has(f.name) && old.get(f.name) !== f);
  const added = after.filter((f) => !old.has(f.name));
  // What a used task no longer needs to give stays in that task.
  const removed = before.filter((f) => !kept.has(f.name) && members.has(f.name));
  if (changed.some((f) => !members.has(f.name))) return undefined;

  const names = new Names([
    ...file.tree.items.flatMap((i) =>
      i.kind === "import" ? i.names.map((n) => n.text) : "name" in i ? [i.name.text] : [],
    ),
    ...task.sizes.map((s) => s.name.text),
    ...members.keys(),
    ...uses.keys(),
  ]);
  const declared = new Map(added.map((f) => [f.name, names.fresh(f.name)]));
  let unsayable = false;
  const scope: Scope = {
    names,
    declared: (family) => declared.get(family) ?? family,
    read: (family, at) => {
      const subscripts = (texts: readonly string[]) => (texts.length === 0 ? "" : `[${texts.join(", ")}]`);
      const [alias, inner, ...deeper] = family.split(".");
      const use = declared.has(family) || inner === undefined ? undefined : uses.get(alias!);
      if (use === undefined || deeper.length > 0) {
        if (!declared.has(family) && !members.has(family)) unsayable = true;
        return `${declared.get(family) ?? family}${subscripts(at)}`;
      }
      const outer = use.binders.length;
      return `${alias}${subscripts(at.slice(0, outer))}.${inner}${subscripts(at.slice(outer))}`;
    },
    enumName: (type) => type.name,
    monoidName: (name) =>
      file.tree.items.some((i) => i.kind === "monoid" && i.name.text === name) ? name : undefined,
  };
  const writer = new SourceWriter(scope);
  const edits: TextEdit[] = [];
  const first = Math.min(...changed.map((f) => members.get(f.name)!.range.start));
  const lines = added.map((f) => writer.family(f).trimStart());
  for (const f of changed) {
    const { range } = members.get(f.name)!;
    const own = writer.family({ ...f, doc: undefined }).trimStart();
    edits.push({ range, text: range.start === first ? [...lines, own].join("\n  ") : own });
  }
  for (const f of removed) edits.push({ range: wholeLines(file.text, members.get(f.name)!.range), text: "" });
  const declarations = writer.declarations();
  const { end } = task.range;
  if (declarations.length > 0)
    edits.push({ range: { start: end, end }, text: declarations.map((d) => `\n\n${d}`).join("") });
  return unsayable ? undefined : edits.sort((a, b) => a.range.start - b.range.start);
}

/** With its indentation and line break, where nothing else stands on its lines. */
function wholeLines(text: string, { start, end }: Range): Range {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const to = text.indexOf("\n", end);
  const alone = text.slice(from, start).trim() === "" && to >= 0 && text.slice(end, to).trim() === "";
  return alone ? { start: from, end: to + 1 } : { start, end };
}
