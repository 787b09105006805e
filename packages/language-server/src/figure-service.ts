/**
 * Keeps the figures of open documents up to date, off the path of requests: a request is answered with what is known, and
 * the client hears of what is found later.
 */

import type { TaskFigures } from "./analysis/figures";
import type { Job, Source } from "./analysis/jobs";
import { Cancelled, Lane, type WorkerLike } from "./analysis/lane";
import type { Snapshot } from "./editor/snapshot";
import type { Unit } from "./editor/units";
import { FigureStore, type Known } from "./figure-store";
import type { Workspace } from "./workspace";

/** Requests about figures wait so long for checks that have just begun, then answer with the last ones. */
const GRACE_MS = 6;
/** An analysis longer than this shows progress. */
const PROGRESS_MS = 700;
/** After an analysis longer than this, the next one waits for a pause in typing. */
const LONG_MS = 60;
const PAUSE_MS = 150;
/** A worker is slow at first: an analysis that is no longer wanted may rather come to its end, up to so long. */
const MERCY_MS = 5000;

export interface Progress {
  report(percent: number, task: string): void;
  done(): void;
}

export interface FigureEvents {
  /** The text of a document changed; figures may follow. */
  update(snapshot: Snapshot): void;
  /** New figures for a document. */
  changed(uri: string): void;
  /** A fault of ours in an analysis. */
  failed(message: string): void;
  progress(task: string, cancel: () => void): Promise<Progress | undefined>;
}

interface Running {
  readonly keys: ReadonlySet<string>;
  readonly cancel: () => void;
  /** The checks for all sizes are done, or take longer than a request may wait; figures may follow. */
  readonly checked: Promise<void>;
}

export class FigureService {
  private readonly store = new FigureStore();
  private readonly lane: Lane;
  private readonly scheduled = new Set<string>();
  private readonly running = new Map<string, Running>();
  private readonly waiting = new Map<string, ReturnType<typeof setTimeout>>();
  /** How long the last analysis of a document took, in milliseconds; and of each of its tasks, by name. */
  private readonly took = new Map<string, number>();
  private readonly tookOf = new Map<string, Map<string, number>>();

  constructor(
    private readonly workspace: Workspace,
    makeWorker: () => WorkerLike,
    private readonly events: FigureEvents,
  ) {
    this.lane = new Lane(makeWorker, MERCY_MS);
  }

  get(unit: Unit): TaskFigures | undefined {
    return this.store.get(unit);
  }

  known(uri: string, unit: Unit): Known {
    return this.store.known(uri, unit);
  }

  /** Figures found elsewhere, of a document that need not be open. */
  learn(uri: string, unit: Unit, figures: TaskFigures): void {
    this.store.set(uri, unit, figures);
  }

  /** After the messages at hand are read: bursts of typing are looked at once. */
  schedule(uri: string): void {
    if (this.scheduled.has(uri)) return;
    this.scheduled.add(uri);
    setTimeout(() => {
      if (this.scheduled.delete(uri)) this.update(uri);
    }, 0);
  }

  /** Brings a document up to date, and waits a moment for what is about to come. */
  async settle(uri: string): Promise<void> {
    if (this.scheduled.delete(uri)) this.update(uri);
    await this.running.get(uri)?.checked;
  }

  forget(uri: string): void {
    this.running.get(uri)?.cancel();
    this.running.delete(uri);
    this.scheduled.delete(uri);
    clearTimeout(this.waiting.get(uri));
    this.waiting.delete(uri);
    this.took.delete(uri);
    this.tookOf.delete(uri);
    this.store.forget(uri);
  }

  dispose(): void {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.lane.dispose();
  }

  private update(uri: string): void {
    const snapshot = this.workspace.document(uri) === undefined ? undefined : this.workspace.snapshot(uri);
    if (snapshot === undefined) return;
    this.events.update(snapshot);
    const times = this.tookOf.get(uri);
    const timeOf = ({ task }: Unit): number => times?.get(task.name.text) ?? 0;
    // The quick ones first: nobody waits for a long one who types into another.
    const wanted = snapshot.units
      .filter((u) => !u.broken && this.store.get(u)?.stage !== "analysed")
      .sort((a, b) => timeOf(a) - timeOf(b));
    const before = this.running.get(uri);
    // Going on with what is still wanted is quicker than beginning again.
    if (before !== undefined && wanted.length > 0 && wanted.every((u) => before.keys.has(u.key))) return;
    before?.cancel();
    this.running.delete(uri);
    clearTimeout(this.waiting.get(uri));
    this.waiting.delete(uri);
    if (wanted.length === 0) return;
    // While someone types into a task that takes long, it is analysed when they pause.
    if ((this.took.get(uri) ?? 0) <= LONG_MS) this.analyse(uri, wanted);
    else
      this.waiting.set(
        uri,
        setTimeout(() => this.analyse(uri, wanted), PAUSE_MS),
      );
  }

  private analyse(uri: string, wanted: readonly Unit[]): void {
    const job: Job = { kind: "figures", sources: wanted.map(sourceOf) };
    const start = performance.now();
    let checked = () => {};
    const first = new Promise<void>((go) => {
      const grace = setTimeout(go, GRACE_MS);
      checked = () => {
        clearTimeout(grace);
        go();
      };
    });
    const times = this.tookOf.get(uri) ?? new Map<string, number>();
    this.tookOf.set(uri, times);
    let at = 0;
    let since = start;
    const { result, cancel } = this.lane.run(job, ({ source, figures }) => {
      const unit = wanted[source];
      if (unit === undefined) return;
      at = source;
      this.store.set(uri, unit, figures);
      if (source === wanted.length - 1) checked();
      if (figures.stage === "analysed") {
        at = source + 1;
        const now = performance.now();
        times.set(unit.task.name.text, now - since);
        since = now;
        progress.report(Math.round((100 * at) / wanted.length), wanted[at]?.task.name.text ?? "");
      }
      this.events.changed(uri);
    });
    const progress = this.progress(wanted[0]!.task.name.text, cancel);
    this.running.set(uri, { keys: new Set(wanted.map((u) => u.key)), cancel, checked: first });
    const ended = (): void => {
      checked();
      progress.done();
      if (this.running.get(uri)?.cancel === cancel) this.running.delete(uri);
    };
    result.then(
      () => {
        this.took.set(uri, performance.now() - start);
        ended();
      },
      (error: Error) => {
        ended();
        if (error instanceof Cancelled) return;
        this.events.failed(error.message);
        // The task it failed on is not tried again with this text; the others are.
        const culprit = wanted[at];
        if (culprit !== undefined) this.store.set(uri, culprit, noFigures(culprit));
        this.events.changed(uri);
        this.schedule(uri);
      },
    );
  }

  /** Shown only when the work turns out to be long; the user may cancel it there. */
  private progress(task: string, cancel: () => void): Progress {
    let shown: Progress | undefined;
    let over = false;
    const timer = setTimeout(async () => {
      const made = await this.events.progress(task, cancel).catch(() => undefined);
      if (over) made?.done();
      else shown = made;
    }, PROGRESS_MS);
    return {
      report: (percent, next) => shown?.report(percent, next),
      done: () => {
        over = true;
        clearTimeout(timer);
        shown?.done();
      },
    };
  }
}

export const sourceOf = (unit: Unit): Source => ({ texts: unit.texts, task: unit.task.name.text });

const noFigures = (unit: Unit): TaskFigures => ({
  task: unit.task.name.text,
  stage: "analysed",
  diagnostics: [],
  families: [],
  expects: [],
  citations: [],
});
