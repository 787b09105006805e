/** One client: what it can do and wants, the texts it has open, their figures, and how it spells a URI. */
import { type CancellationToken, type Connection, ResponseError } from "vscode-languageserver";
import type { FiguresFound, Job, Source } from "../analysis/jobs";
import { Cancelled, Lane, type WorkerLike } from "../analysis/lane";
import { problems, toLsp } from "../editor/problems";
import type { Snapshot } from "../editor/snapshot";
import type { Unit } from "../editor/units";
import { FigureService, sourceOf } from "../figure-service";
import { notifications, type Problem, type Settings } from "../protocol";
import { Rewritings } from "../rewritings";
import { normalise, Workspace, type World } from "../workspace";

/** What the edge gives besides files. */
export interface Edge extends World {
  readonly makeWorker: () => WorkerLike;
  /** Graphviz source as SVG; loaded when first asked. */
  readonly drawSvg: (dot: string) => Promise<string>;
  /** Writes a picture where the editor can open it; its URI. */
  readonly savePicture?: (name: string, svg: string) => Promise<string>;
}

export type Token = Pick<CancellationToken, "onCancellationRequested" | "isCancellationRequested">;

export interface Position {
  readonly line: number;
  readonly character: number;
}

const nothing = (): void => {};

export class Session {
  readonly workspace: Workspace;
  readonly figures: FigureService;
  readonly rewritings: Rewritings;
  private readonly questions: Lane;
  settings: Settings = {
    hints: { enabled: true, maximumLength: 40 },
    lenses: { enabled: true },
  };
  /** What the client does by itself, told when it starts. */
  readonly can = {
    pull: false,
    progress: false,
    configuration: false,
    registerConfiguration: false,
    refreshHints: false,
    refreshLenses: false,
    refreshDiagnostics: false,
    showDocument: false,
    /** The lenses' commands are its own. */
    commands: false,
  };
  docsBase: World["docsBase"];
  private refreshing = false;
  private readonly pushed = new Map<string, string>();

  constructor(
    readonly connection: Connection,
    readonly edge: Edge,
  ) {
    this.docsBase = edge.docsBase;
    this.workspace = new Workspace(edge, () => {
      this.updateAll();
      this.refresh();
    });
    this.figures = new FigureService(this.workspace, edge.makeWorker, {
      changed: (uri) => this.changed(uri),
      update: (snapshot) => this.push(snapshot),
      failed: (message) => connection.console.error(message),
      progress: async (task, cancel) => {
        if (!this.can.progress) return undefined;
        const progress = await connection.window.createWorkDoneProgress();
        progress.begin("Fathom: depth, work and class", 0, task, true);
        progress.token.onCancellationRequested(cancel);
        return { report: (percent, next) => progress.report(percent, next), done: () => progress.done() };
      },
    });
    this.questions = new Lane(edge.makeWorker, 250);
    this.rewritings = new Rewritings((job) => this.questions.run(job).result);
  }

  dispose(): void {
    this.figures.dispose();
    this.questions.dispose();
  }

  merge(given: Partial<Settings> | null | undefined): void {
    this.settings = {
      hints: { ...this.settings.hints, ...given?.hints },
      lenses: { ...this.settings.lenses, ...given?.lenses },
    };
  }

  // Texts

  snapshotOf(params: { readonly textDocument: { readonly uri: string } }): Snapshot | undefined {
    return this.workspace.snapshot(params.textDocument.uri);
  }

  offset(snapshot: Snapshot, position: Position): number {
    return snapshot.document().offsetAt(position);
  }

  /** As the client spells it. */
  clientUri(uri: string): string {
    return this.workspace.document(uri)?.uri ?? uri;
  }

  /** An answer with every URI as the client spells it. */
  spelled<T>(answer: T): T {
    if (Array.isArray(answer)) return answer.map((a) => this.spelled(a)) as T;
    if (typeof answer !== "object" || answer === null) return answer;
    const entries = Object.entries(answer).map(([key, value]) => [
      key,
      key === "uri" && typeof value === "string" ? this.clientUri(value) : this.spelled(value),
    ]);
    return Object.fromEntries(entries) as T;
  }

  // Figures

  settle(uri: string): Promise<void> {
    return this.figures.settle(normalise(uri));
  }

  known(uri: string): (unit: Unit) => ReturnType<FigureService["known"]> {
    return (unit) => this.figures.known(uri, unit);
  }

  updateAll(): void {
    for (const uri of this.workspace.documents) this.figures.schedule(uri);
  }

  /** New figures for a document: the client is told once for a burst of them. */
  private changed(uri: string): void {
    const snapshot = this.workspace.document(uri) === undefined ? undefined : this.workspace.snapshot(uri);
    if (snapshot === undefined) return;
    this.push(snapshot);
    this.connection.sendNotification(notifications.figures, {
      uri: this.clientUri(uri),
      version: snapshot.version,
    });
    this.refresh();
  }

  refresh(): void {
    if (this.refreshing) return;
    this.refreshing = true;
    setTimeout(() => {
      this.refreshing = false;
      const { can, connection } = this;
      // A client that will not be told asks again by itself.
      if (can.refreshHints) connection.languages.inlayHint.refresh().catch(nothing);
      if (can.refreshLenses) connection.sendRequest("workspace/codeLens/refresh").catch(nothing);
      if (can.refreshDiagnostics) connection.languages.diagnostics.refresh();
    }, 5);
  }

  // Diagnostics

  diagnostics(snapshot: Snapshot) {
    return problems(snapshot, (unit) => this.figures.get(unit)).map((d) => {
      const found = toLsp(snapshot, d, this.docsBase);
      return found.relatedInformation === undefined ? found : this.spelled(found);
    });
  }

  private push(snapshot: Snapshot): void {
    if (this.can.pull || this.workspace.waiting) return;
    const diagnostics = this.diagnostics(snapshot);
    const text = JSON.stringify(diagnostics);
    if (this.pushed.get(snapshot.uri) === text) return;
    this.pushed.set(snapshot.uri, text);
    this.connection.sendDiagnostics({
      uri: this.clientUri(snapshot.uri),
      version: snapshot.version,
      diagnostics,
    });
  }

  /** A document that was closed. */
  forget(uri: string): void {
    const own = normalise(uri);
    this.figures.forget(own);
    this.pushed.delete(own);
    this.workspace.close(own);
    if (!this.can.pull) this.connection.sendDiagnostics({ uri, diagnostics: [] });
  }

  // Jobs

  /** A job about one task; what is wrong with its text is an answer, not a failure. */
  async ask<R extends { readonly problems: readonly Problem[] }>(
    params: { readonly uri: string; readonly task: string },
    job: (source: Source) => Job,
    empty: R,
    token?: Token,
  ): Promise<R> {
    const snapshot = this.workspace.snapshot(params.uri);
    const unit = snapshot?.unit(params.task);
    const no = (found: readonly Problem[]): R => ({ ...empty, problems: found });
    if (snapshot === undefined) return no([problemOf("there is no such file")]);
    if (unit === undefined) return no([problemOf(`there is no task ${params.task}`)]);
    if (unit.broken) return no(errorsOf(snapshot));
    return this.question(job(sourceOf(unit)), token) as Promise<R>;
  }

  /** Runs a job for a client that waits for it; cancelling the request stops it. */
  question(job: Job, token?: Token, found?: (found: FiguresFound) => void): Promise<unknown> {
    const { result, cancel } = this.questions.run(job, found);
    token?.onCancellationRequested(cancel);
    if (token?.isCancellationRequested) cancel();
    return result.catch((error: Error) => {
      if (error instanceof Cancelled) throw new ResponseError(-32800 /* RequestCancelled */, "cancelled");
      throw error;
    });
  }
}

export const problemOf = (message: string): Problem => ({ code: "unknown-name", severity: "error", message });
export const errorsOf = (snapshot: Snapshot): Problem[] =>
  snapshot.program.diagnostics
    .filter((d) => d.severity === "error")
    .map(({ code, severity, message, help }) => ({ code, severity, message, help }));
