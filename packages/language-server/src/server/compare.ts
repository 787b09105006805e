/** One task beside others. */
import { type Compared, compareMarkdown } from "../editor/compare";
import type { Unit } from "../editor/units";
import { sourceOf } from "../figure-service";
import type { Comparable, CompareParams, CompareResult, TaskInfo, TaskParams } from "../protocol";
import { normalise } from "../workspace";
import type { Session, Token } from "./session";
import { taskInfo } from "./task-info";

/** Every task but one, those of its own file first, then the workspace's, then the library's. */
export async function otherTasks(
  session: Session,
  { uri, task }: TaskParams,
): Promise<(Comparable & { readonly unit: Unit })[]> {
  const { workspace } = session;
  const own = normalise(uri);
  const all = [...(await workspace.all()), ...workspace.library()];
  const files = new Map(all.map((s) => [s.uri, s]));
  const first = workspace.snapshot(own);
  return [
    ...(first === undefined ? [] : [first]),
    ...[...files.values()].filter((s) => s.uri !== own),
  ].flatMap((s) =>
    s.units
      .filter((u) => s.uri !== own || u.task.name.text !== task)
      .map((unit) => ({
        uri: session.clientUri(s.uri),
        task: unit.task.name.text,
        place: s.uri === own ? "" : workspace.placeOf(own, s.uri),
        doc: unit.task.doc,
        unit,
      })),
  );
}

/** Rows of a table that are read. */
const MOST_COMPARED = 24;

export async function compare(
  session: Session,
  params: CompareParams,
  token?: Token,
): Promise<CompareResult> {
  const { workspace, figures } = session;
  await session.settle(params.uri);
  const others = await otherTasks(session, params);
  const wanted =
    params.with?.flatMap(
      (w) => others.find((o) => normalise(o.uri) === normalise(w.uri) && o.task === w.task) ?? [],
    ) ?? others.filter((o) => !o.place.startsWith("std/")).slice(0, MOST_COMPARED - 1);
  const unit = workspace.snapshot(params.uri)?.unit(params.task);
  if (unit === undefined) return { markdown: "", tasks: [] };
  const compared: Compared[] = [];
  const tasks: TaskInfo[] = [];
  for (const { uri, unit: each, place } of [{ uri: params.uri, unit, place: "" }, ...wanted]) {
    const path = normalise(uri);
    if (!each.broken && figures.get(each)?.stage !== "analysed")
      await session.question({ kind: "figures", sources: [sourceOf(each)] }, token, (found) =>
        figures.learn(path, each, found.figures),
      );
    compared.push({ unit: each, place: place === "" ? undefined : place, ...figures.known(path, each) });
    const snapshot = workspace.snapshot(path);
    if (snapshot !== undefined) tasks.push(taskInfo(session, snapshot, each));
  }
  return { markdown: compareMarkdown(compared), tasks };
}
