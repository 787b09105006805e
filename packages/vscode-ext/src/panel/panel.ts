/** The panel: follows the cursor and shows the task it is in. Only what was asked last is shown. */
import {
  type CurveResult,
  type GraphResult,
  type ReportResult,
  requests,
  type Sizes,
  type TaskInfo,
} from "@fathom/language-server";
import {
  CancellationTokenSource,
  commands,
  type Disposable,
  type ExtensionContext,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from "vscode";
import { page } from "../html";
import { isFathom, type Server } from "../server";
import type { FromPanel, ToPanel } from "./messages";

/** Where the depth curve is sampled. */
const CURVE = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64];
/** Selections and edits come in bursts. */
const PAUSE_MS = 120;

export function registerPanel(context: ExtensionContext, server: Server): Disposable {
  let open: Panel | undefined;
  const show = (uri?: string, name?: string): void => {
    open ??= new Panel(context, server, () => {
      open = undefined;
    });
    open.reveal();
    void open.follow(uri, name);
  };
  const registered = [
    commands.registerCommand("fathom.showPanel", () => show()),
    commands.registerCommand("fathom.graph", show),
    commands.registerCommand("fathom.report", show),
    window.onDidChangeTextEditorSelection(({ textEditor }) => {
      if (isFathom(textEditor.document)) open?.soon();
    }),
    window.onDidChangeActiveTextEditor(() => open?.soon()),
    server.onFigures(() => open?.soon()),
  ];
  return {
    dispose: () => [...registered, ...(open === undefined ? [] : [open])].forEach((d) => void d.dispose()),
  };
}

class Panel {
  private readonly panel: WebviewPanel;
  private readonly ready: Promise<void>;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = new CancellationTokenSource();
  private shown: TaskInfo | undefined;
  private pinned = false;
  /** Sizes and the size that varies, as chosen for each task. */
  private readonly chosen = new Map<string, { sizes: Sizes; vary: string | undefined }>();

  constructor(
    context: ExtensionContext,
    private readonly server: Server,
    onClose: () => void,
  ) {
    this.panel = window.createWebviewPanel(
      "fathom.panel",
      "Fathom: depth",
      { viewColumn: ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, localResourceRoots: [context.extensionUri], retainContextWhenHidden: true },
    );
    this.panel.onDidDispose(() => {
      clearTimeout(this.timer);
      this.asked.cancel();
      onClose();
    });
    let arrived = (): void => undefined;
    this.ready = new Promise((resolve) => {
      arrived = resolve;
    });
    this.panel.webview.onDidReceiveMessage((message: FromPanel) => {
      switch (message.kind) {
        case "ready":
          return arrived();
        case "sizes":
          return void this.choose({ sizes: message.sizes });
        case "vary":
          return void this.choose({ vary: message.size });
        case "pin":
          this.pinned = message.pinned;
          return this.soon();
        case "command":
          return void commands.executeCommand(message.command, this.shown?.uri, this.shown?.task);
      }
    });
    this.panel.webview.html = page(context, this.panel.webview, {
      title: "Fathom",
      script: "panel.js",
      body: `<main id="panel"><p class="quiet">Put the cursor into a task.</p></main>`,
    });
  }

  reveal(): void {
    this.panel.reveal(undefined, true);
  }
  dispose(): void {
    this.panel.dispose();
  }
  soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.follow(), PAUSE_MS);
  }

  /** Shows the task named, or the one at the cursor; a pinned task stays. */
  async follow(uri?: string, name?: string): Promise<void> {
    const task = await this.find(uri, name);
    if (task === undefined) {
      if (this.shown === undefined) await this.post({ kind: "empty", text: "Put the cursor into a task." });
      return;
    }
    const { shown } = this;
    const same =
      shown?.uri === task.uri &&
      shown.task === task.task &&
      shown.version === task.version &&
      shown.state === task.state;
    // The cursor moved, nothing else.
    if (!same || name !== undefined) await this.show(task);
  }

  private async find(uri: string | undefined, name: string | undefined): Promise<TaskInfo | undefined> {
    const named = async (uri: string, name: string): Promise<TaskInfo | undefined> => {
      const tasks = await this.server.ask<readonly TaskInfo[]>(requests.tasks, { uri });
      return tasks?.find((t) => t.task === name);
    };
    const { shown } = this;
    if (name !== undefined && uri !== undefined) return named(uri, name);
    if (this.pinned && shown !== undefined) return named(shown.uri, shown.task);
    const editor = [window.activeTextEditor, ...window.visibleTextEditors].find(
      (e) => e !== undefined && isFathom(e.document),
    );
    if (editor === undefined) return undefined;
    const here = await this.server.taskAt(editor);
    if (here !== undefined) return here;
    // Between tasks the last one stays; at first it is the first of the file.
    const last = shown === undefined ? undefined : await named(shown.uri, shown.task);
    return last ?? (await this.server.tasks(editor.document))[0];
  }

  private async show(task: TaskInfo): Promise<void> {
    this.asked.cancel();
    this.asked = new CancellationTokenSource();
    const { token } = this.asked;
    this.shown = task;
    this.panel.title = `Fathom: ${task.task}`;
    const key = `${task.uri} ${task.task}`;
    const names = task.sizes.map((s) => s.name);
    const before = this.chosen.get(key);
    const usable =
      before !== undefined && names.every((n) => before.sizes[n] !== undefined) ? before : undefined;
    const at = { uri: task.uri, task: task.task };
    const most = workspace.getConfiguration("fathom").get("panel.maximumInstances", 200);
    if (task.broken) {
      await this.post({ kind: "task", task, sizes: usable?.sizes ?? {}, vary: undefined });
      return;
    }
    const graph = await this.server.ask<GraphResult>(
      requests.graph,
      { ...at, sizes: usable?.sizes, most },
      token,
    );
    if (graph === undefined || token.isCancellationRequested) return;
    const sizes = graph.sizes ?? usable?.sizes ?? Object.fromEntries(names.map((n) => [n, 4]));
    const vary = usable?.vary ?? task.sizes.find((s) => s.kind === "size")?.name ?? names[0];
    this.chosen.set(key, { sizes, vary });
    await this.post({ kind: "task", task, sizes, vary });
    const wrong = graph.problems[0];
    await this.post({
      kind: "graph",
      title: graph.title ?? "",
      ...(graph.svg === undefined ? {} : { svg: graph.svg }),
      ...(wrong === undefined ? {} : { problem: wrong.message }),
    });
    const report = await this.server.ask<ReportResult>(requests.report, at, token);
    if (report === undefined || token.isCancellationRequested) return;
    const html = await commands.executeCommand<string>("markdown.api.render", report.markdown ?? "");
    if (token.isCancellationRequested) return;
    await this.post({ kind: "report", html });
    if (vary === undefined) return;
    const curve = await this.server.ask<CurveResult>(
      requests.curve,
      { ...at, size: vary, values: CURVE, fixed: sizes },
      token,
    );
    if (curve === undefined || token.isCancellationRequested) return;
    const missing = curve.problems[0];
    await this.post({
      kind: "curve",
      size: vary,
      points: curve.points,
      ...(missing === undefined ? {} : { problem: missing.message }),
    });
  }

  private async choose(change: { sizes?: Sizes; vary?: string }): Promise<void> {
    const task = this.shown;
    if (task === undefined) return;
    const key = `${task.uri} ${task.task}`;
    const before = this.chosen.get(key) ?? { sizes: {}, vary: undefined };
    this.chosen.set(key, { sizes: change.sizes ?? before.sizes, vary: change.vary ?? before.vary });
    await this.show(task);
  }

  private async post(message: ToPanel): Promise<void> {
    await this.ready;
    await this.panel.webview.postMessage(message);
  }
}
