/**
 * A lane of work: one job at a time, in a worker where the edge has workers. A newer job may supersede what waits; a job
 * that is no longer wanted is asked to end, and its worker is ended when it does not within a moment.
 */
import type { FiguresFound, Job } from "./jobs";

export interface WorkerLike {
  post(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  onExit(listener: () => void): void;
  end(): void;
}

export type ToWorker =
  | { readonly kind: "job"; readonly id: number; readonly job: Job }
  | { readonly kind: "stop" };
export type FromWorker =
  | { readonly kind: "found"; readonly id: number; readonly found: FiguresFound }
  | { readonly kind: "done"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

interface Waiting {
  readonly id: number;
  readonly job: Job;
  readonly found: (found: FiguresFound) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Cancelled extends Error {
  constructor() {
    super("cancelled");
  }
}

export class Lane {
  private worker: WorkerLike | undefined;
  private current: Waiting | undefined;
  private readonly queue: Waiting[] = [];
  private next = 1;
  private ending: ReturnType<typeof setTimeout> | undefined;

  /** A job that does not end within `mercy` milliseconds after it was asked to is ended with its worker. */
  constructor(
    private readonly makeWorker: () => WorkerLike,
    private readonly mercy: number,
  ) {}

  get busy(): boolean {
    return this.current !== undefined;
  }

  /** Runs a job after those before it. `cancel` takes it out, or stops it. */
  run(
    job: Job,
    found: (found: FiguresFound) => void = () => {},
  ): { readonly result: Promise<unknown>; readonly cancel: () => void } {
    const id = this.next++;
    const result = new Promise<unknown>((resolve, reject) => {
      this.queue.push({ id, job, found, resolve, reject });
    });
    this.advance();
    return { result, cancel: () => this.cancel(id) };
  }

  dispose(): void {
    clearTimeout(this.ending);
    this.worker?.end();
    this.worker = undefined;
  }

  private cancel(id: number): void {
    const at = this.queue.findIndex((w) => w.id === id);
    if (at >= 0) {
      const [waiting] = this.queue.splice(at, 1);
      waiting!.reject(new Cancelled());
      return;
    }
    if (this.current?.id !== id || this.ending !== undefined) return;
    this.worker?.post({ kind: "stop" });
    this.ending = setTimeout(() => {
      const worker = this.worker;
      this.worker = undefined;
      worker?.end();
      this.finish((w) => w.reject(new Cancelled()));
    }, this.mercy);
  }

  private advance(): void {
    if (this.current !== undefined) return;
    const waiting = this.queue.shift();
    if (waiting === undefined) return;
    this.current = waiting;
    this.worker ??= this.start();
    this.worker.post({ kind: "job", id: waiting.id, job: waiting.job });
  }

  private start(): WorkerLike {
    const worker = this.makeWorker();
    worker.onMessage((message) => {
      const { current } = this;
      if (worker !== this.worker || current === undefined || message.id !== current.id) return;
      if (message.kind === "found") current.found(message.found);
      else if (message.kind === "done")
        this.finish((w) =>
          this.ending === undefined ? w.resolve(message.result) : w.reject(new Cancelled()),
        );
      else this.finish((w) => w.reject(new Error(message.message)));
    });
    worker.onExit(() => {
      if (worker !== this.worker) return;
      this.worker = undefined;
      this.finish((w) => w.reject(new Error("the worker ended: too little memory?")));
    });
    return worker;
  }

  private finish(settle: (waiting: Waiting) => void): void {
    const { current } = this;
    if (current !== undefined) settle(current);
    this.current = undefined;
    clearTimeout(this.ending);
    this.ending = undefined;
    this.advance();
  }
}
