/** A real client over stdio, and sources with marks: `‸` is the cursor, `⟦…⟧` a range. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  type InitializeParams,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  type Range,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { InitializationOptions } from "../src/protocol";

const serverPath = resolve(import.meta.dirname, "../dist/server.cjs");

export interface Marked {
  readonly text: string;
  readonly cursors: readonly Position[];
  readonly ranges: readonly Range[];
}

/** Takes the marks out of a text and says where they stood. */
export function marked(source: string): Marked {
  let text = "";
  const cursors: number[] = [];
  const ranges: { start: number; end: number }[] = [];
  const open: number[] = [];
  for (const c of source) {
    if (c === "‸") cursors.push(text.length);
    else if (c === "⟦") {
      open.push(ranges.length);
      ranges.push({ start: text.length, end: text.length });
    } else if (c === "⟧") ranges[open.pop()!]!.end = text.length;
    else text += c;
  }
  const document = TextDocument.create("", "", 0, text);
  return {
    text,
    cursors: cursors.map((o) => document.positionAt(o)),
    ranges: ranges.map(({ start, end }) => ({
      start: document.positionAt(start),
      end: document.positionAt(end),
    })),
  };
}

/** What a present-day editor can do; a test may take some of it away. */
const fullCapabilities: InitializeParams["capabilities"] = {
  textDocument: {
    diagnostic: {},
    codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: [] } } },
    semanticTokens: {
      requests: { full: { delta: true }, range: true },
      tokenTypes: [],
      tokenModifiers: [],
      formats: ["relative"],
    },
  },
  window: { workDoneProgress: true },
  workspace: {
    inlayHint: { refreshSupport: true },
    codeLens: { refreshSupport: true },
    diagnostics: { refreshSupport: true },
  },
};

export class Client {
  readonly folder = mkdtempSync(join(tmpdir(), "fathom-lsp-"));
  readonly errors: string[] = [];
  private versions = new Map<string, number>();

  private constructor(
    readonly process: ChildProcess,
    readonly connection: ProtocolConnection,
  ) {}

  initialized!: InitializeResult;

  static async start(
    options: {
      readonly capabilities?: InitializeParams["capabilities"];
      readonly initializationOptions?: InitializationOptions;
      readonly files?: Readonly<Record<string, string>>;
      readonly command?: readonly string[];
      readonly nodeArguments?: readonly string[];
    } = {},
  ): Promise<Client> {
    if (!existsSync(serverPath)) throw new Error("the server is not built: run `npm run build`");
    const [command, ...rest] = options.command ?? [
      process.execPath,
      ...(options.nodeArguments ?? []),
      serverPath,
      "--stdio",
    ];
    const child = spawn(command!, rest, { stdio: ["pipe", "pipe", "pipe"] });
    const connection = createProtocolConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    const client = new Client(child, connection);
    child.stderr.on("data", (d: Buffer) => client.errors.push(d.toString()));
    connection.onNotification("window/logMessage", ({ message }: { message: string }) => {
      client.errors.push(message);
    });
    for (const method of [
      "workspace/inlayHint/refresh",
      "workspace/codeLens/refresh",
      "workspace/diagnostic/refresh",
    ])
      connection.onRequest(method, () => null);
    connection.onRequest("window/workDoneProgress/create", () => null);
    connection.onRequest("client/registerCapability", () => null);
    connection.listen();
    for (const [name, text] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(client.folder, name)), { recursive: true });
      writeFileSync(join(client.folder, name), text);
    }
    client.initialized = await connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri: pathToFileURL(client.folder).href,
      workspaceFolders: [{ uri: pathToFileURL(client.folder).href, name: "test" }],
      capabilities: options.capabilities ?? fullCapabilities,
      initializationOptions: options.initializationOptions,
    });
    await connection.sendNotification("initialized", {});
    return client;
  }

  uri(name: string): string {
    return pathToFileURL(join(this.folder, name)).href;
  }

  async open(text: string, name = "a.fathom"): Promise<string> {
    const uri = this.uri(name);
    this.versions.set(uri, 1);
    await this.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: "fathom", version: 1, text },
    });
    return uri;
  }

  async change(uri: string, text: string, range?: Range): Promise<void> {
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    await this.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges: [range === undefined ? { text } : { range, text }],
    });
  }

  async close(uri: string): Promise<void> {
    await this.connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
  }

  /** A request about a document. */
  ask<R>(method: string, uri: string, params: object = {}): Promise<R> {
    return this.connection.sendRequest(method, { textDocument: { uri }, ...params });
  }

  /** Asks for the tasks until all figures are those of the text. */
  async analysed(uri: string): Promise<void> {
    for (let k = 0; k < 600; k++) {
      const tasks: { state: string; broken: boolean }[] = await this.connection.sendRequest("fathom/tasks", {
        uri,
      });
      if (tasks.every((t) => t.broken || t.state === "fresh")) return;
      await new Promise((go) => setTimeout(go, 20));
    }
    throw new Error(`the analysis does not end: ${this.errors.join("\n")}`);
  }

  async stop(): Promise<number | null> {
    const ended = new Promise<number | null>((go) => this.process.once("exit", go));
    await this.connection.sendRequest("shutdown");
    await this.connection.sendNotification("exit");
    const code = await ended;
    this.connection.dispose();
    return code;
  }
}
