/** What names can be used at a place: by the tree around it. */
import type { Item, Meaning, Name, TaskItem } from "@fathom/lang";
import type { Snapshot } from "./snapshot";
import { pathTo, type TreeNode } from "./walk";

export interface Named {
  readonly name: string;
  readonly meaning: Meaning;
  readonly item: Item;
}

/** The item around an offset. */
export function itemAt(snapshot: Snapshot, offset: number): Item | undefined {
  const items = snapshot.file.tree.items;
  // The last item that begins before: an unfinished one may end before the cursor.
  return items.filter((i) => i.range.start <= offset).at(-1);
}

/** Names declared in a task: sizes, families, used tasks. */
export function taskNames(snapshot: Snapshot, task: TaskItem): Named[] {
  const found: Named[] = [];
  const add = (name: Name) => {
    const meaning = snapshot.program.symbolOf(name);
    if (meaning !== undefined && name.text !== "") found.push({ name: name.text, meaning, item: task });
  };
  for (const s of task.sizes) add(s.name);
  for (const m of task.members) {
    if (m.kind === "family") add(m.name);
    if (m.kind === "use") add(m.alias);
  }
  return found;
}

/** Items of the file and what it imports. */
export function fileNames(snapshot: Snapshot): Named[] {
  const { program, file } = snapshot;
  return file.tree.items.flatMap((item): Named[] => {
    const names: readonly Name[] =
      item.kind === "import" ? item.names : "name" in item && item.kind !== "reduction" ? [item.name] : [];
    return names.flatMap((name) => {
      const meaning = program.symbolOf(name);
      const unknown = meaning === undefined || (meaning.kind === "builtin" && meaning.name === "");
      return unknown || name.text === "" ? [] : [{ name: name.text, meaning, item }];
    });
  });
}

/** Everything in scope, inner names first. */
export function namesInScope(snapshot: Snapshot, offset: number): Named[] {
  const item = itemAt(snapshot, offset);
  const found: Named[] = [];
  if (item !== undefined) {
    const add = (name: Name | undefined) => {
      const meaning = name === undefined ? undefined : snapshot.program.symbolOf(name);
      if (name !== undefined && meaning !== undefined) found.push({ name: name.text, meaning, item });
    };
    const around = pathTo(item as TreeNode, offset);
    // An unfinished member ends before the cursor.
    if (item.kind === "task" && around.length <= 1) {
      const last = item.members.filter((m) => m.range.start <= offset).at(-1);
      if (last !== undefined) around.push(...pathTo(last as TreeNode, last.range.end));
    }
    for (const node of [...around].reverse()) {
      const n = node as TreeNode & Readonly<Record<string, unknown>>;
      if (Array.isArray(n.binders)) for (const b of n.binders) add(b.name);
      if (Array.isArray(n.params)) for (const p of n.params) add(p.name);
      if (Array.isArray(n.indices)) for (const i of n.indices) add(i);
      if (Array.isArray(n.combineParams)) for (const p of n.combineParams) add(p);
      if (Array.isArray(n.lets)) for (const l of n.lets) if (l.range.end <= offset) add(l.name);
    }
    if (item.kind === "task") found.push(...taskNames(snapshot, item));
  }
  found.push(...fileNames(snapshot));
  const seen = new Set<string>();
  return found.filter((n) => !seen.has(n.name) && seen.add(n.name));
}
