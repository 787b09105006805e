/** The protocol layer: messages to questions of `editor/`, answers to messages. Holds no knowledge of the language. */
import {
  CodeActionKind,
  type Connection,
  DidChangeConfigurationNotification,
  type InitializeResult,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { lensCommands } from "./editor/lenses";
import { legend } from "./editor/tokens";
import type { InitializationOptions, Settings } from "./protocol";
import { commands, serverCommand } from "./server/commands";
import { type Edge, Session } from "./server/session";
import { taskQuestions } from "./server/task-questions";
import { textQuestions } from "./server/text-questions";
import { tokenQuestions } from "./server/token-questions";
import { normalise } from "./workspace";

export type { Edge } from "./server/session";

export function startServer(connection: Connection, edge: Edge): void {
  const session = new Session(connection, edge);
  const documents = new TextDocuments(TextDocument);
  life(session);
  texts(session, documents);
  textQuestions(session);
  tokenQuestions(session, documents);
  commands(session);
  taskQuestions(session);
  documents.listen(connection);
  connection.listen();
}

/** What the client can do, the settings, the end. */
function life(session: Session): void {
  const { can, connection, workspace } = session;
  connection.onInitialize((params): InitializeResult => {
    const options = (params.initializationOptions ?? {}) as InitializationOptions;
    const { capabilities } = params;
    can.commands = options.clientCommands === true;
    session.docsBase = options.docs ?? session.docsBase;
    if (options.std !== undefined) workspace.stdBase = normalise(options.std);
    session.merge(options.settings);
    can.pull = capabilities.textDocument?.diagnostic !== undefined;
    can.progress = capabilities.window?.workDoneProgress === true;
    can.configuration = capabilities.workspace?.configuration === true;
    can.registerConfiguration = capabilities.workspace?.didChangeConfiguration?.dynamicRegistration === true;
    can.refreshHints = capabilities.workspace?.inlayHint?.refreshSupport === true;
    can.refreshLenses = capabilities.workspace?.codeLens?.refreshSupport === true;
    can.refreshDiagnostics = capabilities.workspace?.diagnostics?.refreshSupport === true;
    can.showDocument = capabilities.window?.showDocument?.support === true;
    workspace.folders = (params.workspaceFolders ?? []).map((f) => normalise(f.uri));
    if (workspace.folders.length === 0 && typeof params.rootUri === "string")
      workspace.folders = [normalise(params.rootUri)];
    return {
      serverInfo: { name: "fathom", version: "0.1.0" },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        diagnosticProvider: { interFileDependencies: true, workspaceDiagnostics: false },
        inlayHintProvider: true,
        codeLensProvider: {},
        hoverProvider: true,
        definitionProvider: true,
        referencesProvider: true,
        documentHighlightProvider: true,
        renameProvider: { prepareProvider: true },
        documentSymbolProvider: true,
        foldingRangeProvider: true,
        selectionRangeProvider: true,
        documentFormattingProvider: true,
        documentRangeFormattingProvider: true,
        completionProvider: { triggerCharacters: [".", ":", "[", "{", " ", '"'] },
        signatureHelpProvider: { triggerCharacters: ["(", "[", ","], retriggerCharacters: [")", "]"] },
        workspaceSymbolProvider: true,
        semanticTokensProvider: { legend, full: { delta: true }, range: true },
        callHierarchyProvider: true,
        linkedEditingRangeProvider: true,
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.RefactorRewrite] },
        ...(can.commands
          ? {}
          : { executeCommandProvider: { commands: Object.values(lensCommands).map(serverCommand) } }),
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  });

  connection.onInitialized(() => {
    if (!can.configuration) return;
    if (can.registerConfiguration)
      connection.client
        .register(DidChangeConfigurationNotification.type, { section: "fathom" })
        .catch(() => {});
    readSettings();
  });

  async function readSettings(): Promise<void> {
    session.merge(await connection.workspace.getConfiguration("fathom").catch(() => undefined));
    session.refresh();
  }

  connection.onDidChangeConfiguration(({ settings: given }) => {
    if (can.configuration) readSettings();
    else {
      session.merge((given as { fathom?: Partial<Settings> } | null)?.fathom);
      session.refresh();
    }
  });

  connection.onShutdown(() => session.dispose());
}

/** Texts that change, in the editor and on the disk. */
function texts(session: Session, documents: TextDocuments<TextDocument>): void {
  const { connection, workspace } = session;
  documents.onDidChangeContent(({ document }) => {
    workspace.set(document);
    // What other open files import from this one changed as well.
    session.updateAll();
  });
  documents.onDidClose(({ document }) => session.forget(document.uri));
  connection.onDidChangeWatchedFiles(({ changes }) => {
    workspace.diskChanged(changes.map((c) => c.uri));
    session.updateAll();
    session.refresh();
  });
}
