import { isGiven } from "@fathom/lang";
import { headOf } from "../editor/describe";
import { rangeOf } from "../editor/navigate";
import type { Snapshot } from "../editor/snapshot";
import type { Unit } from "../editor/units";
import type { TaskInfo } from "../protocol";
import type { Session } from "./session";

/** What a client is told of a task. */
export function taskInfo(session: Session, snapshot: Snapshot, unit: Unit): TaskInfo {
  const { task } = unit;
  const { figures: found, state } = session.figures.known(snapshot.uri, unit);
  return {
    uri: session.clientUri(snapshot.uri),
    version: snapshot.version,
    task: task.name.text,
    range: rangeOf(snapshot, snapshot.uri, task.range),
    nameRange: rangeOf(snapshot, snapshot.uri, task.name.range),
    doc: task.doc,
    sizes: task.sizes.map((s) => ({ name: s.name.text, kind: s.sizeKind })),
    inputs: task.members.flatMap((m) =>
      m.kind === "family" && isGiven(m)
        ? [{ name: m.name.text, declaration: headOf(snapshot.program, m) }]
        : [],
    ),
    figures: found,
    state,
    broken: unit.broken,
  };
}
