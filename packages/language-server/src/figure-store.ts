/** The figures known so far, by the text they depend on; and, for what is being edited, the last ones known. */
import type { TaskFigures } from "./analysis/figures";
import type { Unit } from "./editor/units";

export interface Known {
  readonly figures?: TaskFigures | undefined;
  readonly state: "fresh" | "stale" | "none";
}

/** Units remembered; the oldest go first. */
const CAPACITY = 400;

export class FigureStore {
  private readonly byKey = new Map<string, TaskFigures>();
  private readonly last = new Map<string, TaskFigures>();

  get(unit: Unit): TaskFigures | undefined {
    const found = this.byKey.get(unit.key);
    if (found !== undefined) {
      // Moved to the young end.
      this.byKey.delete(unit.key);
      this.byKey.set(unit.key, found);
    }
    return found;
  }

  /** Two documents may hold the same text: what the analysis of one has finished stays when that of the other begins. */
  set(uri: string, unit: Unit, figures: TaskFigures): void {
    const { stage } = figures;
    if (stage !== "analysed" && this.get(unit)?.stage === "analysed") return;
    this.byKey.delete(unit.key);
    this.byKey.set(unit.key, figures);
    if (stage === "analysed") this.last.set(lastKey(uri, unit), figures);
    for (const key of this.byKey.keys()) {
      if (this.byKey.size <= CAPACITY) break;
      this.byKey.delete(key);
    }
  }

  /** What can be shown now. */
  known(uri: string, unit: Unit): Known {
    const figures = unit.broken ? undefined : this.get(unit);
    if (figures?.stage === "analysed") {
      this.last.set(lastKey(uri, unit), figures);
      return { figures, state: "fresh" };
    }
    const last = this.last.get(lastKey(uri, unit));
    return last === undefined ? { state: "none" } : { figures: last, state: "stale" };
  }

  forget(uri: string): void {
    for (const key of this.last.keys()) if (key.startsWith(`${uri}\n`)) this.last.delete(key);
  }
}

const lastKey = (uri: string, unit: Unit): string => `${uri}\n${unit.task.name.text}`;
