/**
 * A task with everything it refers to, however far, as a little program of its own. Figures depend on its text alone, so
 * they are kept by it: an edit elsewhere, or a line inserted above, costs nothing; and a worker is sent that much and no more.
 */
import type { CheckedFile, CheckedProgram, Diagnostic, Item, Range, TaskItem } from "@fathom/lang";
import type { Names } from "./names";

export interface Unit<Root extends Item = TaskItem> {
  readonly task: Root;
  /** The files of the little program, named "0", "1", …; the task stands in the first. */
  readonly texts: readonly string[];
  /** Equal keys mean equal figures. */
  readonly key: string;
  /** True where some part has an error: there is nothing to analyse. */
  readonly broken: boolean;
  /** Where its items stand: here and in the program they come from. */
  readonly parts: readonly Part[];
}

interface Part {
  readonly item: Item;
  readonly file: number;
  /** Offset in `texts[file]`. */
  readonly start: number;
}

/** The units of the first file's tasks, in order. */
export function unitsOf(program: CheckedProgram, names: Names): Unit[] {
  const faulty = itemsWithErrors(program);
  return program.tasks.map((task) => unitOf(program, names, task, faulty));
}

/** One item with everything it refers to: for an example, its task. */
export function unitOf<Root extends Item>(
  program: CheckedProgram,
  names: Names,
  task: Root,
  faulty: ReadonlySet<Item> = itemsWithErrors(program),
): Unit<Root> {
  const items: Item[] = [];
  const add = (item: Item): void => {
    if (items.includes(item)) return;
    items.push(item);
    for (const other of names.references.get(item) ?? []) add(other);
  };
  add(task);
  const files: CheckedFile[] = [];
  for (const item of items) {
    const file = program.fileOf(item);
    if (!files.includes(file)) files.push(file);
  }
  const texts = files.map((file) => importLines(program, file, files, items));
  const parts = items.map((item): Part => {
    const file = files.indexOf(program.fileOf(item));
    const start = texts[file]!.length;
    texts[file] += `${files[file]!.text.slice(item.range.start, item.range.end)}\n`;
    return { item, file, start };
  });
  return {
    task,
    texts,
    parts,
    key: texts.join("\0"),
    broken: items.some((i) => faulty.has(i) || names.unresolved.has(i)),
  };
}

/** The imports of a file, as far as the unit needs them. */
function importLines(
  program: CheckedProgram,
  file: CheckedFile,
  files: readonly CheckedFile[],
  items: readonly Item[],
): string {
  if (files.length === 1) return "";
  let lines = "";
  for (const item of file.tree.items) {
    if (item.kind !== "import") continue;
    for (const name of item.names) {
      const meaning = program.symbolOf(name);
      if (meaning === undefined || !("declaration" in meaning)) continue;
      const target = meaning.declaration as Item;
      if (items.includes(target))
        lines += `import { ${name.text} } from "${files.indexOf(program.fileOf(target))}"\n`;
    }
  }
  return lines;
}

function itemsWithErrors(program: CheckedProgram): ReadonlySet<Item> {
  const faulty = new Set<Item>();
  for (const d of program.diagnostics) {
    if (d.severity !== "error") continue;
    const file = program.files.find((f) => f.path === d.file);
    if (file === undefined) continue;
    // Not reported: what is wrong elsewhere on a line with a syntax error, and what a stray character breaks behind it.
    const { text } = file;
    const syntax = d.code === "unexpected-token" || d.code === "unexpected-character";
    const lineEnd = text.indexOf("\n", d.range.end);
    const lines = {
      start: text.lastIndexOf("\n", d.range.start - 1) + 1,
      end: lineEnd < 0 ? text.length : lineEnd,
    };
    const near = ({ range }: Item) =>
      d.code === "unexpected-character" &&
      range.start >= d.range.end &&
      text.slice(d.range.end, range.start).trim().length < 12;
    for (const item of file.tree.items)
      if (overlaps(item.range, syntax ? lines : d.range) || near(item)) faulty.add(item);
  }
  return faulty;
}

const overlaps = (a: Range, b: Range): boolean => a.start <= b.end && b.start <= a.end;

interface Place {
  readonly file: string;
  readonly range: Range;
}

/** From a place in the little program to the one it stands for in today's text; undefined outside its items. */
export function placeOf(
  program: CheckedProgram,
  unit: Unit<Item>,
  file: string,
  range: Range,
): Place | undefined {
  for (const part of unit.parts) {
    const { item } = part;
    const shift = item.range.start - part.start;
    const moved = { start: range.start + shift, end: range.end + shift };
    if (String(part.file) === file && item.range.start <= moved.start && moved.end <= item.range.end)
      return { file: program.fileOf(item).path, range: moved };
  }
  return undefined;
}

/** A diagnostic of the little program where it stands in today's text. */
export function diagnosticOf(
  program: CheckedProgram,
  unit: Unit<Item>,
  d: Diagnostic,
  otherwise: Range,
): Diagnostic {
  const place = placeOf(program, unit, d.file, d.range) ?? {
    file: program.fileOf(unit.task).path,
    range: otherwise,
  };
  const related = d.related?.flatMap((r) => {
    const at = placeOf(program, unit, r.file, r.range);
    return at === undefined ? [] : [{ message: r.message, ...at }];
  });
  return { ...d, ...place, ...(related === undefined ? {} : { related }) };
}
