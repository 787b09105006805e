/** Call hierarchy: which tasks use a task, which functions are called from where. */
import type { FnItem, Item, TaskItem } from "@fathom/lang";
import {
  type CallHierarchyIncomingCall,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  SymbolKind,
} from "vscode-languageserver-types";
import { headOf } from "./describe";
import type { Occurrence, SymbolId } from "./names";
import { rangeOf } from "./navigate";
import type { Snapshot } from "./snapshot";

type Callable = TaskItem | FnItem;

/** What is called: `use`d tasks and functions. The alias of a `use` stands for its task. */
function callee(o: Occurrence): Callable | undefined {
  if (o.meaning.kind === "task" || o.meaning.kind === "fn") return o.meaning.declaration;
  return o.meaning.kind === "use" ? o.meaning.target : undefined;
}

const isCallable = (item: Item): item is Callable => item.kind === "task" || item.kind === "fn";

function itemOf(snapshot: Snapshot, callable: Callable): CallHierarchyItem {
  const path = snapshot.program.fileOf(callable).path;
  return {
    name: callable.name.text,
    detail: headOf(snapshot.program, callable),
    kind: callable.kind === "task" ? SymbolKind.Class : SymbolKind.Function,
    uri: path,
    range: rangeOf(snapshot, path, callable.range),
    selectionRange: rangeOf(snapshot, path, callable.name.range),
    data: { path, start: callable.name.range.start } satisfies SymbolId,
  };
}

export function prepareCalls(snapshot: Snapshot, offset: number): CallHierarchyItem[] {
  const occurrence = snapshot.names.at(snapshot.uri, offset);
  const found = occurrence === undefined ? undefined : callee(occurrence);
  return found === undefined ? [] : [itemOf(snapshot, found)];
}

/** Occurrences that call something: a `use` by its task's name, a function by its name. */
const isCall = (o: Occurrence): boolean =>
  !o.declares && (o.meaning.kind === "fn" || o.meaning.kind === "task") && isCallable(o.item);

export function outgoingCalls(snapshot: Snapshot, id: SymbolId): CallHierarchyOutgoingCall[] {
  const calls = new Map<Callable, CallHierarchyOutgoingCall>();
  for (const o of snapshot.names.in(id.path)) {
    if (!isCall(o) || !("name" in o.item) || o.item.name.range.start !== id.start) continue;
    const to = callee(o)!;
    const known = calls.get(to);
    const range = rangeOf(snapshot, id.path, o.name.range);
    if (known === undefined) calls.set(to, { to: itemOf(snapshot, to), fromRanges: [range] });
    else known.fromRanges.push(range);
  }
  return [...calls.values()];
}

/** Calls of a symbol in the snapshot's own file. */
export function incomingCalls(snapshot: Snapshot, id: SymbolId): CallHierarchyIncomingCall[] {
  const calls = new Map<Item, CallHierarchyIncomingCall>();
  for (const o of snapshot.names.withId(id)) {
    if (o.file.path !== snapshot.uri || !isCall(o) || !isCallable(o.item)) continue;
    const range = rangeOf(snapshot, snapshot.uri, o.name.range);
    const known = calls.get(o.item);
    if (known === undefined) calls.set(o.item, { from: itemOf(snapshot, o.item), fromRanges: [range] });
    else known.fromRanges.push(range);
  }
  return [...calls.values()];
}
