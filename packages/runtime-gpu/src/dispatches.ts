/** Launches cut into dispatches that a device takes and that end soon. */
import { FUSED_WIDTH, GROUP, type Launch } from "@fathom/compiler";

/** One dispatch with what its uniform says. */
export interface Dispatch {
  readonly kernel: number;
  readonly groups: number;
  readonly base: number;
  readonly count: number;
  readonly time: number;
  readonly last: number;
  readonly round: number;
  readonly fixed: readonly number[];
}

/** How far a launch has come: its next dispatch starts here. */
export interface Position {
  readonly base: number;
  readonly time: number;
}

export interface Piece {
  readonly dispatch: Dispatch;
  /** Calls times operands. */
  readonly cost: number;
}

type Cuttable = Exclude<Launch, { kind: "rounds" }>;

/** A time inside one workgroup costs about as much as this many calls side by side. */
const FUSED_COST = FUSED_WIDTH;

export const startOf = (launch: Cuttable): Position => ({
  base: launch.kind === "parallel" ? (launch.first ?? 0) : 0,
  time: launch.time,
});

/**
 * The rest of a launch from a position on, in dispatches of at most `most` workgroups that cost at most `budget()`, which may change
 * on the way.
 */
export function* piecesOf(
  launch: Cuttable,
  from: Position,
  most: number,
  budget: () => number,
): Generator<Piece> {
  const { kernel } = launch;
  switch (launch.kind) {
    case "fused": {
      const cost = launch.weight * FUSED_COST;
      for (let { time } = from; time <= launch.last; ) {
        const last = lastTime(time, launch.last, budget() / cost);
        yield {
          dispatch: { kernel, groups: 1, base: 0, count: 0, time, last, round: 0, fixed: [] },
          cost: (last - time + 1) * cost,
        };
        time = last + 1;
      }
      return;
    }
    case "columns": {
      const { count, weight } = launch;
      let { base, time } = from;
      for (; base < count; base += most * GROUP, time = launch.time) {
        const now = Math.min(count - base, most * GROUP);
        const groups = Math.ceil(now / GROUP);
        // A lane alone takes as long as a whole workgroup.
        const cost = groups * GROUP * weight;
        while (time <= launch.last) {
          const last = lastTime(time, launch.last, budget() / cost);
          yield {
            dispatch: { kernel, groups, base, count: now, time, last, round: 0, fixed: [] },
            cost: (last - time + 1) * cost,
          };
          time = last + 1;
        }
      }
      return;
    }
    case "tiles": {
      const { time, last, count, weight } = launch;
      for (let { base } = from; base < count; ) {
        const groups = Math.min(count - base, most, Math.max(1, Math.floor(budget() / weight)));
        yield {
          dispatch: { kernel, groups, base, count: 0, time, last, round: 0, fixed: [] },
          cost: groups * weight,
        };
        base += groups;
      }
      return;
    }
    case "parallel": {
      const { weight, time, fixed } = launch;
      const end = (launch.first ?? 0) + launch.count;
      for (let { base } = from; base < end; ) {
        const allowed = Math.max(GROUP, Math.floor(budget() / weight / GROUP) * GROUP);
        const now = Math.min(end - base, most * GROUP, allowed);
        const groups = Math.ceil(now / GROUP);
        yield {
          dispatch: { kernel, groups, base, count: now, time, last: 0, round: 0, fixed },
          cost: now * weight,
        };
        base += now;
      }
      return;
    }
  }
}

const lastTime = (time: number, last: number, times: number): number =>
  Math.min(last, time + Math.max(1, Math.floor(times)) - 1);

/** What a launch costs in all: the unit of budgets and of progress. */
export function workOf(launch: Launch): number {
  switch (launch.kind) {
    case "parallel":
    case "tiles":
      return launch.count * launch.weight;
    case "fused":
      return (launch.last - launch.time + 1) * launch.weight * FUSED_COST;
    case "columns":
      return (launch.last - launch.time + 1) * Math.ceil(launch.count / GROUP) * GROUP * launch.weight;
    case "rounds":
      return launch.instances;
  }
}
