/** The judgement on a task together with what its program says besides the equations: reductions and citations. */
import type { CheckedProgram, TaskItem } from "@fathom/lang";
import type { Compiled } from "../checks/compile";
import { P } from "../classes/classes";
import type { Hardness, Judgement } from "../classes/verdict";
import { lower } from "../equations/lower/lower";
import { checkedAt } from "../symbolic/standing";
import { verdictOf } from "./judge";
import { reductionTest } from "./reductions";

/** `expect serial by "Neary, Woods, 2006"`: hardness that the author cites. It counts as claimed, nothing is checked. */
function claimedHardness(program: CheckedProgram, task: TaskItem): Hardness[] {
  return task.members.flatMap((m): Hardness[] => {
    if (m.kind !== "expect" || m.claim.kind !== "verdict" || m.claim.by === undefined) return [];
    const source = m.claim.by.value;
    return [
      {
        kind: "lower",
        class: P,
        complete: false,
        how: { kind: "claimed", by: `the author, citing ${source},` },
        entry: "claimed",
        source,
        standing: { kind: "claimed", by: source },
        origin: { file: program.fileOf(task).path, start: m.range.start, end: m.range.end },
      },
    ];
  });
}

/** So many instances, and one of them so deep, make a test. */
const ENOUGH = 8;

/**
 * Hardness for P that the program itself brings: a reduction to the task, from a task that is known to be hard, whose map is in
 * NC and whose answers agreed, both ways. Its standing is that of a test.
 */
function hardnessFromReductions(
  program: CheckedProgram,
  task: TaskItem,
  visited: ReadonlySet<TaskItem>,
): Hardness[] {
  return program.reductions.flatMap((item): Hardness[] => {
    const ends = program.reductionEnds(item);
    if (ends?.to !== task || visited.has(ends.from)) return [];
    const test = reductionTest(program, item);
    if (test === undefined || test.diagnostics.length > 0 || test.disagreement !== undefined) return [];
    if (test.objection !== undefined || test.answers.size < 2) return [];
    // On shallow instances almost anything agrees.
    if (test.instances < ENOUGH || test.deepest < ENOUGH) return [];
    const more = programHardness(program, ends.from, new Set([...visited, task]));
    const { hardness } = verdictOf(lower(program, ends.from), more);
    if (hardness === undefined || hardness.class.family !== "P") return [];
    return [
      {
        kind: "lower",
        class: hardness.class,
        complete: false,
        how: {
          kind: "reduction",
          name: test.name,
          from: test.from,
          instances: test.instances,
          deepest: test.deepest,
        },
        entry: hardness.entry,
        source: hardness.source,
        // No better than what the source's own hardness rests on.
        standing:
          hardness.standing.kind === "claimed"
            ? hardness.standing
            : checkedAt(`${test.instances} random instances up to depth ${test.deepest}`, test.instances),
        origin: {
          file: program.fileOf(item).path,
          start: item.name.range.start,
          end: item.name.range.end,
        },
      },
    ];
  });
}

/** Hardness that does not come from the equations of a task: reductions to it that agree, and citations. */
const programHardness = (
  program: CheckedProgram,
  task: TaskItem,
  visited: ReadonlySet<TaskItem> = new Set(),
): Hardness[] => [...hardnessFromReductions(program, task, visited), ...claimedHardness(program, task)];

/** Class and verdict of a compiled task, with the hardness that its program brings. */
export const judgementOf = ({
  program,
  task,
  system,
}: Pick<Compiled, "program" | "task" | "system">): Judgement =>
  verdictOf(system, programHardness(program, task));
