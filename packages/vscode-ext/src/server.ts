/** The language server: started, asked, restarted. */
import {
  type InitializationOptions,
  notifications,
  type Problem,
  requests,
  type Settings,
  type TaskInfo,
} from "@fathom/language-server";
import {
  type CancellationToken,
  type Disposable,
  EventEmitter,
  type ExtensionContext,
  ProgressLocation,
  type TextDocument,
  type TextEditor,
  window,
  workspace,
} from "vscode";
import { LanguageClient, State, TransportKind } from "vscode-languageclient/node";

export const isFathom = (document: TextDocument): boolean => document.languageId === "fathom";

export class Server implements Disposable {
  private client: LanguageClient | undefined;
  private readonly changed = new EventEmitter<string>();
  /** Figures of a document changed; its URI as the server writes it. */
  readonly onFigures = this.changed.event;

  constructor(private readonly context: ExtensionContext) {
    context.subscriptions.push(this, this.changed);
  }

  private settings(): Settings {
    const all = workspace.getConfiguration("fathom");
    return {
      hints: {
        enabled: all.get("hints.enabled", true),
        maximumLength: all.get("hints.maximumLength", 60),
      },
      lenses: { enabled: all.get("lenses.enabled", true) },
    };
  }

  async start(): Promise<void> {
    const module = this.context.asAbsolutePath("dist/server.cjs");
    const initializationOptions: InitializationOptions = {
      clientCommands: true,
      settings: this.settings(),
    };
    const client = new LanguageClient(
      "fathom",
      "Fathom",
      {
        run: { module, transport: TransportKind.ipc },
        debug: { module, transport: TransportKind.ipc, options: { execArgv: ["--inspect=6011"] } },
      },
      {
        documentSelector: [{ language: "fathom" }],
        initializationOptions,
        synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.fathom") },
        markdown: { isTrusted: false },
      },
    );
    client.onNotification(notifications.figures, ({ uri }: { uri: string }) => this.changed.fire(uri));
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped) this.changed.fire("");
    });
    this.client = client;
    await client.start();
  }

  async restart(): Promise<void> {
    await window.withProgress({ location: ProgressLocation.Window, title: "Restarting Fathom" }, async () => {
      await this.stop();
      await this.start();
    });
  }

  async stop(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.dispose();
  }

  dispose(): void {
    void this.stop();
  }

  async settingsChanged(): Promise<void> {
    await this.client?.sendNotification("workspace/didChangeConfiguration", {
      settings: { fathom: this.settings() },
    });
  }

  /** Undefined while the server is not running, or where the request was cancelled. */
  async ask<R>(method: string, params: object, token?: CancellationToken): Promise<R | undefined> {
    const { client } = this;
    if (client === undefined || client.state !== State.Running) return undefined;
    try {
      const answer: R | null = await client.sendRequest(method, params, token);
      return answer ?? undefined;
    } catch (error) {
      if (token?.isCancellationRequested === true) return undefined;
      throw error;
    }
  }

  uriOf(document: TextDocument): string {
    return this.client?.code2ProtocolConverter.asUri(document.uri) ?? document.uri.toString();
  }

  /** The task at the cursor of an editor. */
  async taskAt(editor: TextEditor | undefined): Promise<TaskInfo | undefined> {
    if (editor === undefined || !isFathom(editor.document)) return undefined;
    const { line, character } = editor.selection.active;
    return this.ask<TaskInfo>(requests.taskAt, {
      uri: this.uriOf(editor.document),
      position: { line, character },
    });
  }

  async tasks(document: TextDocument): Promise<readonly TaskInfo[]> {
    return (await this.ask<readonly TaskInfo[]>(requests.tasks, { uri: this.uriOf(document) })) ?? [];
  }

  /** The task that a lens or a menu names, or the one at the cursor, or the one the user picks. */
  async chooseTask(uri?: string, name?: string): Promise<TaskInfo | undefined> {
    const editor =
      window.visibleTextEditors.find((e) => uri !== undefined && this.uriOf(e.document) === uri) ??
      window.activeTextEditor;
    if (editor === undefined || !isFathom(editor.document)) {
      void window.showInformationMessage("Open a .fathom file first.");
      return undefined;
    }
    const tasks = await this.tasks(editor.document);
    const named = tasks.find((t) => t.task === name);
    if (named !== undefined) return named;
    const here = await this.taskAt(editor);
    if (here !== undefined) return here;
    if (tasks.length <= 1) {
      if (tasks.length === 0) void window.showInformationMessage("This file has no task.");
      return tasks[0];
    }
    const picked = await window.showQuickPick(
      tasks.map((task) => ({ label: task.task, description: task.doc?.split("\n")[0] ?? "", task })),
      { title: "Which task?" },
    );
    return picked?.task;
  }
}

/** What is wrong, as one message; true where something is. */
export function showProblems(problems: readonly Problem[]): boolean {
  const [first] = problems;
  if (first === undefined) return false;
  const text = `${first.message}${first.help === undefined ? "" : `. ${first.help}`}`;
  void (first.severity === "error" ? window.showErrorMessage(text) : window.showWarningMessage(text));
  return problems.some((p) => p.severity === "error");
}

/** `n = 8, T = 4` */
export const sizesText = (sizes: Readonly<Record<string, number>>): string =>
  Object.entries(sizes)
    .map(([n, v]) => `${n} = ${v}`)
    .join(", ");
