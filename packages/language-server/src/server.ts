/** The protocol layer: messages to questions of `editor/`, answers to messages. Holds no knowledge of the language. */
import {
  type CancellationToken,
  CodeActionKind,
  type Connection,
  DidChangeConfigurationNotification,
  ErrorCodes,
  type InitializeResult,
  MessageType,
  ResponseError,
  ShowMessageNotification,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { ExampleOutcome, FiguresFound, Job, Source } from "./analysis/jobs";
import { Cancelled, Lane, type WorkerLike } from "./analysis/lane";
import { codeActions, rewritableAt } from "./editor/actions";
import { incomingCalls, outgoingCalls, prepareCalls } from "./editor/calls";
import { type Compared, compareMarkdown } from "./editor/compare";
import { completions } from "./editor/completion";
import { headOf } from "./editor/describe";
import { formattingEdits } from "./editor/formatting";
import { inlayHints } from "./editor/hints";
import { codeMarkdown, hover } from "./editor/hover";
import { codeLenses, lensCommands } from "./editor/lenses";
import { linkedEditing } from "./editor/linked";
import type { SymbolId } from "./editor/names";
import {
  badName,
  definition,
  highlights,
  rangeOf,
  references,
  renameable,
  renameEdits,
  symbolAt,
} from "./editor/navigate";
import { problems, toLsp } from "./editor/problems";
import { signatureHelp } from "./editor/signature";
import type { Snapshot } from "./editor/snapshot";
import { documentSymbols, foldingRanges, selectionRange, workspaceSymbols } from "./editor/symbols";
import { legend, semanticTokens, tokenEdits } from "./editor/tokens";
import { diagnosticOf, type Unit } from "./editor/units";
import { FigureService, sourceOf } from "./figure-service";
import {
  type CertifyResult,
  type Comparable,
  type CompareParams,
  type CompareResult,
  type CurveParams,
  type DocumentParams,
  type ExampleInfo,
  type ExampleParams,
  type ExampleResult,
  type GraphParams,
  type GraphResult,
  type InitializationOptions,
  notifications,
  type Problem,
  type ReportParams,
  type ReportResult,
  type RunParams,
  type RunResult,
  requests,
  type Settings,
  type TaskAtParams,
  type TaskInfo,
  type TaskParams,
} from "./protocol";
import { Rewritings } from "./rewritings";
import { normalise, Workspace, type World } from "./workspace";

/** What the edge gives besides files. */
export interface Edge extends World {
  readonly makeWorker: () => WorkerLike;
  /** Graphviz source as SVG; loaded when first asked. */
  readonly drawSvg: (dot: string) => Promise<string>;
  /** Writes a picture where the editor can open it; its URI. */
  readonly savePicture?: (name: string, svg: string) => Promise<string>;
}

const defaults: Settings = {
  hints: { enabled: true, maximumLength: 40 },
  lenses: { enabled: true },
};

type Token = Pick<CancellationToken, "onCancellationRequested" | "isCancellationRequested">;

const serverCommand = (command: string): string => command.replace(/^fathom\./, "fathom.server.");

export function startServer(connection: Connection, edge: Edge): void {
  let settings = defaults;
  let clientCommands = false;
  let docsBase = edge.docsBase;
  const can = {
    pull: false,
    progress: false,
    configuration: false,
    registerConfiguration: false,
    refreshHints: false,
    refreshLenses: false,
    refreshDiagnostics: false,
    showDocument: false,
  };
  const workspace = new Workspace(edge, () => {
    updateAll();
    refresh();
  });
  const figures = new FigureService(workspace, edge.makeWorker, {
    changed,
    update: push,
    failed: (message) => connection.console.error(message),
    progress: async (task, cancel) => {
      if (!can.progress) return undefined;
      const progress = await connection.window.createWorkDoneProgress();
      progress.begin("Fathom: depth, work and class", 0, task, true);
      progress.token.onCancellationRequested(cancel);
      return { report: (percent, next) => progress.report(percent, next), done: () => progress.done() };
    },
  });
  const questions = new Lane(edge.makeWorker, 250);
  const rewritings = new Rewritings((job) => questions.run(job).result);
  const documents = new TextDocuments(TextDocument);

  let refreshing = false;
  /** New figures for a document: the client is told once for a burst of them. */
  function changed(uri: string): void {
    const snapshot = workspace.document(uri) === undefined ? undefined : workspace.snapshot(uri);
    if (snapshot === undefined) return;
    push(snapshot);
    connection.sendNotification(notifications.figures, { uri: clientUri(uri), version: snapshot.version });
    refresh();
  }

  function refresh(): void {
    if (refreshing) return;
    refreshing = true;
    setTimeout(() => {
      refreshing = false;
      const ignore = () => {};
      if (can.refreshHints) connection.languages.inlayHint.refresh().catch(ignore);
      if (can.refreshLenses) connection.sendRequest("workspace/codeLens/refresh").catch(ignore);
      if (can.refreshDiagnostics) connection.languages.diagnostics.refresh();
    }, 5);
  }

  /** As the client spells it. */
  const clientUri = (uri: string): string => workspace.document(uri)?.uri ?? uri;

  /** An answer with every URI as the client spells it. */
  function spelled<T>(answer: T): T {
    if (Array.isArray(answer)) return answer.map(spelled) as T;
    if (typeof answer !== "object" || answer === null) return answer;
    const entries = Object.entries(answer).map(([key, value]) => [
      key,
      key === "uri" && typeof value === "string" ? clientUri(value) : spelled(value),
    ]);
    return Object.fromEntries(entries) as T;
  }

  const settle = (uri: string): Promise<void> => figures.settle(normalise(uri));
  const known = (uri: string) => (unit: Unit) => figures.known(uri, unit);

  function updateAll(): void {
    for (const uri of workspace.documents) figures.schedule(uri);
  }

  // Diagnostics

  function lspDiagnostics(snapshot: Snapshot) {
    return problems(snapshot, (unit) => figures.get(unit)).map((d) => {
      const found = toLsp(snapshot, d, docsBase);
      return found.relatedInformation === undefined ? found : spelled(found);
    });
  }

  const pushed = new Map<string, string>();
  function push(snapshot: Snapshot): void {
    if (can.pull || workspace.waiting) return;
    const diagnostics = lspDiagnostics(snapshot);
    const text = JSON.stringify(diagnostics);
    if (pushed.get(snapshot.uri) === text) return;
    pushed.set(snapshot.uri, text);
    connection.sendDiagnostics({ uri: clientUri(snapshot.uri), version: snapshot.version, diagnostics });
  }

  // Life

  connection.onInitialize((params): InitializeResult => {
    const options = (params.initializationOptions ?? {}) as InitializationOptions;
    const { capabilities } = params;
    clientCommands = options.clientCommands === true;
    docsBase = options.docs ?? docsBase;
    if (options.std !== undefined) workspace.stdBase = normalise(options.std);
    merge(options.settings);
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
        ...(clientCommands
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
    merge(await connection.workspace.getConfiguration("fathom").catch(() => undefined));
    refresh();
  }

  function merge(given: Partial<Settings> | null | undefined): void {
    settings = {
      hints: { ...settings.hints, ...given?.hints },
      lenses: { ...settings.lenses, ...given?.lenses },
    };
  }

  connection.onDidChangeConfiguration(({ settings: given }) => {
    if (can.configuration) readSettings();
    else {
      merge((given as { fathom?: Partial<Settings> } | null)?.fathom);
      refresh();
    }
  });

  connection.onShutdown(() => {
    figures.dispose();
    questions.dispose();
  });

  // Texts

  documents.onDidChangeContent(({ document }) => {
    workspace.set(document);
    // What other open files import from this one changed as well.
    updateAll();
  });
  documents.onDidClose(({ document }) => {
    const uri = normalise(document.uri);
    figures.forget(uri);
    pushed.delete(uri);
    tokens.delete(uri);
    workspace.close(uri);
    if (!can.pull) connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    workspace.diskChanged(changes.map((c) => c.uri));
    updateAll();
    refresh();
  });

  // Questions

  const at = (snapshot: Snapshot, position: { line: number; character: number }): number =>
    snapshot.document().offsetAt(position);
  const snapshotOf = (params: { textDocument: { uri: string } }): Snapshot | undefined =>
    workspace.snapshot(params.textDocument.uri);

  connection.languages.diagnostics.on(async (params) => {
    await settle(params.textDocument.uri);
    const snapshot = snapshotOf(params);
    return { kind: "full", items: snapshot === undefined ? [] : lspDiagnostics(snapshot) };
  });
  connection.languages.inlayHint.on(async (params) => {
    await settle(params.textDocument.uri);
    const snapshot = snapshotOf(params);
    return snapshot === undefined
      ? null
      : inlayHints(snapshot, known(snapshot.uri), settings.hints, params.range);
  });
  connection.onCodeLens(async (params) => {
    if (!settings.lenses.enabled) return [];
    await settle(params.textDocument.uri);
    const snapshot = snapshotOf(params);
    return snapshot === undefined
      ? null
      : codeLenses(snapshot, clientUri(snapshot.uri), known(snapshot.uri), (c) =>
          clientCommands ? c : serverCommand(c),
        );
  });
  connection.onHover((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined
      ? null
      : (hover(snapshot, at(snapshot, params.position), known(snapshot.uri)) ?? null);
  });
  connection.onDefinition((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined
      ? null
      : (spelled(definition(snapshot, at(snapshot, params.position))) ?? null);
  });
  connection.onReferences(async (params) => {
    const snapshot = snapshotOf(params);
    const symbol = snapshot === undefined ? undefined : symbolAt(snapshot, at(snapshot, params.position));
    if (symbol === undefined) return null;
    const others = await workspace.all();
    return spelled(others.flatMap((s) => references(s, symbol.id, params.context.includeDeclaration)));
  });
  connection.onDocumentHighlight((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined ? null : highlights(snapshot, at(snapshot, params.position));
  });
  connection.onPrepareRename((params) => {
    const snapshot = snapshotOf(params);
    if (snapshot === undefined) return null;
    const offset = at(snapshot, params.position);
    const symbol = symbolAt(snapshot, offset);
    const name = renameable(snapshot, offset);
    if (symbol === undefined || name === undefined || workspace.isStd(symbol.id.path)) return null;
    return { range: rangeOf(snapshot, snapshot.uri, name.range), placeholder: name.text };
  });
  connection.onRenameRequest(async (params) => {
    const snapshot = snapshotOf(params);
    const symbol = snapshot === undefined ? undefined : symbolAt(snapshot, at(snapshot, params.position));
    if (symbol === undefined) return null;
    const problem = workspace.isStd(symbol.id.path)
      ? "the standard library is not yours to rename"
      : badName(params.newName);
    if (problem !== undefined) throw new ResponseError(ErrorCodes.InvalidParams, problem);
    const changes: Record<string, ReturnType<typeof renameEdits>> = {};
    for (const s of await workspace.all()) {
      const edits = renameEdits(s, symbol.id, params.newName);
      if (edits.length > 0) changes[clientUri(s.uri)] = edits;
    }
    return { changes };
  });
  connection.onDocumentSymbol((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined ? null : documentSymbols(snapshot);
  });
  connection.onFoldingRanges((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined ? null : foldingRanges(snapshot);
  });
  connection.onSelectionRanges((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined
      ? null
      : params.positions.map((p) => selectionRange(snapshot, at(snapshot, p)));
  });
  connection.onDocumentFormatting((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined ? null : formattingEdits(snapshot);
  });
  connection.onDocumentRangeFormatting((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined ? null : formattingEdits(snapshot, params.range);
  });

  connection.onCompletion(async (params) => {
    const modules = await workspace.modules(normalise(params.textDocument.uri));
    const snapshot = snapshotOf(params);
    return snapshot === undefined
      ? null
      : completions(snapshot, at(snapshot, params.position), known(snapshot.uri), modules);
  });
  connection.onSignatureHelp((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined ? null : (signatureHelp(snapshot, at(snapshot, params.position)) ?? null);
  });
  connection.onWorkspaceSymbol(async ({ query }) =>
    spelled((await workspace.all()).flatMap((s) => workspaceSymbols(s, query))),
  );
  connection.languages.onLinkedEditingRange((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined ? null : (linkedEditing(snapshot, at(snapshot, params.position)) ?? null);
  });

  // Semantic tokens: the last answer of each document is kept, to answer the next with what changed.
  const tokens = new Map<string, { readonly id: string; readonly data: number[] }>();
  let tokenAnswers = 0;
  const remember = (uri: string, data: number[]): string => {
    const id = String(++tokenAnswers);
    tokens.set(uri, { id, data });
    return id;
  };
  connection.languages.semanticTokens.on((params) => {
    const snapshot = snapshotOf(params);
    const data = snapshot === undefined ? [] : semanticTokens(snapshot);
    return { resultId: remember(normalise(params.textDocument.uri), data), data };
  });
  connection.languages.semanticTokens.onDelta((params) => {
    const snapshot = snapshotOf(params);
    const uri = normalise(params.textDocument.uri);
    const before = tokens.get(uri);
    const data = snapshot === undefined ? [] : semanticTokens(snapshot);
    const resultId = remember(uri, data);
    return before?.id === params.previousResultId
      ? { resultId, edits: tokenEdits(before.data, data) }
      : { resultId, data };
  });
  connection.languages.semanticTokens.onRange((params) => {
    const snapshot = snapshotOf(params);
    return { data: snapshot === undefined ? [] : semanticTokens(snapshot, params.range) };
  });

  connection.languages.callHierarchy.onPrepare((params) => {
    const snapshot = snapshotOf(params);
    return snapshot === undefined ? null : spelled(prepareCalls(snapshot, at(snapshot, params.position)));
  });
  connection.languages.callHierarchy.onIncomingCalls(async ({ item }) => {
    const id = item.data as SymbolId;
    return spelled((await workspace.all()).flatMap((s) => incomingCalls(s, id)));
  });
  connection.languages.callHierarchy.onOutgoingCalls(({ item }) => {
    const id = item.data as SymbolId;
    const snapshot = workspace.snapshot(id.path);
    return snapshot === undefined ? null : spelled(outgoingCalls(snapshot, id));
  });

  connection.onCodeAction(async ({ textDocument: { uri }, range, context: { only } }) => {
    await settle(uri);
    const others = await workspace.all();
    const modules = await workspace.modules(normalise(uri));
    const before = workspace.snapshot(uri);
    const wanted = only === undefined || only.some((k) => k.startsWith(CodeActionKind.Refactor));
    const rewritable =
      before === undefined || !wanted ? undefined : rewritableAt(before, at(before, range.start));
    const rewrites = rewritable === undefined ? [] : await rewritings.of(rewritable.unit, rewritable.family);
    const snapshot = workspace.snapshot(uri);
    if (snapshot === undefined) return null;
    const actions = codeActions(snapshot, range, {
      diagnostics: problems(snapshot, (unit) => figures.get(unit)),
      toLsp: (d) => toLsp(snapshot, d, docsBase),
      known: known(snapshot.uri),
      exports: (name) => workspace.exporters(snapshot.uri, name, others),
      modules,
      // Of the text as it is now, or none.
      rewrites: snapshot === before ? rewrites : [],
      only,
    });
    // Edits name the document as the client does.
    return actions.map((a) => ({
      ...a,
      edit: { changes: { [clientUri(uri)]: a.edit?.changes?.[snapshot.uri] ?? [] } },
    }));
  });

  /** The lenses' commands for editors that have none of their own: the answer is a message, a graph a picture. */
  connection.onExecuteCommand(async ({ command, arguments: given = [] }) => {
    const [uri, task] = given as string[];
    if (uri === undefined || task === undefined) return null;
    const params = { uri, task };
    const show = (text: string, problems: readonly Problem[] = []): void => {
      const message = problems.length > 0 ? problems.map((p) => p.message).join("\n") : text;
      const type = problems.length > 0 ? MessageType.Error : MessageType.Info;
      connection.sendNotification(ShowMessageNotification.type, { type, message });
    };
    if (command === serverCommand(lensCommands.report)) {
      const report = await ask<ReportResult>(params, (source) => ({ kind: "report", source, params }), {
        problems: [],
      });
      show(report.markdown ?? "", report.problems);
      return report.markdown ?? null;
    }
    if (command === serverCommand(lensCommands.compare)) {
      const { markdown } = await compare(params);
      show(markdown);
      return markdown;
    }
    if (command === serverCommand(lensCommands.run)) {
      const run = await ask<RunResult>(
        params,
        (source) => ({ kind: "run", source, params: { ...params, sizes: undefined } }),
        { problems: [], outputs: [], sizes: {}, milliseconds: 0 },
      );
      const sizes = Object.entries(run.sizes).map(([n, v]) => `${n} = ${v}`);
      const outputs = run.outputs.map((o) => `${o.name} = ${JSON.stringify(o.value)}`);
      show(
        [`${task} with random inputs at ${sizes.join(", ") || "no sizes"}`, ...outputs].join("\n"),
        run.problems,
      );
      return run;
    }
    if (command === serverCommand(lensCommands.graph)) {
      const graph = await ask<GraphResult>(params, (source) => ({ kind: "graph", source, params }), {
        problems: [],
      });
      if (graph.dot === undefined) {
        show("no small sizes give a graph that can be drawn", graph.problems);
        return null;
      }
      const path = await edge.savePicture?.(`${task}.svg`, await edge.drawSvg(graph.dot));
      if (path !== undefined) {
        const shown =
          can.showDocument && (await connection.window.showDocument({ uri: path, external: true })).success;
        if (!shown) show(path);
      }
      return path ?? null;
    }
    return null;
  });

  // Questions beyond the protocol

  /** Every task but one, those of its own file first, then the workspace's, then the library's. */
  async function otherTasks({ uri, task }: TaskParams): Promise<(Comparable & { readonly unit: Unit })[]> {
    const own = normalise(uri);
    const all = [...(await workspace.all()), ...workspace.library()];
    const files = new Map(all.map((s) => [s.uri, s]));
    const first = workspace.snapshot(own);
    return [
      ...(first === undefined ? [] : [first]),
      ...[...files.values()].filter((s) => s.uri !== own),
    ].flatMap((s) =>
      s.units
        .filter((u) => s.uri !== own || u.task.name.text !== task)
        .map((unit) => ({
          uri: clientUri(s.uri),
          task: unit.task.name.text,
          place: s.uri === own ? "" : workspace.placeOf(own, s.uri),
          doc: unit.task.doc,
          unit,
        })),
    );
  }

  /** Rows of a table that are read. */
  const MOST_COMPARED = 24;

  async function compare(params: CompareParams, token?: Token): Promise<CompareResult> {
    await settle(params.uri);
    const others = await otherTasks(params);
    const wanted =
      params.with?.flatMap(
        (w) => others.find((o) => normalise(o.uri) === normalise(w.uri) && o.task === w.task) ?? [],
      ) ?? others.filter((o) => !o.place.startsWith("std/")).slice(0, MOST_COMPARED - 1);
    const unit = workspace.snapshot(params.uri)?.unit(params.task);
    if (unit === undefined) return { markdown: "", tasks: [] };
    const compared: Compared[] = [];
    const tasks: TaskInfo[] = [];
    for (const { uri, unit: each, place } of [{ uri: params.uri, unit, place: "" }, ...wanted]) {
      const path = normalise(uri);
      if (!each.broken && figures.get(each)?.stage !== "analysed")
        await question({ kind: "figures", sources: [sourceOf(each)] }, token, (found) =>
          figures.learn(path, each, found.figures),
        );
      compared.push({ unit: each, place: place === "" ? undefined : place, ...figures.known(path, each) });
      const snapshot = workspace.snapshot(path);
      if (snapshot !== undefined) tasks.push(taskInfo(snapshot, each));
    }
    return { markdown: compareMarkdown(compared), tasks };
  }

  connection.onRequest(
    requests.comparable,
    async (params: TaskParams): Promise<Comparable[]> =>
      (await otherTasks(params)).map(({ unit, ...task }) => task),
  );
  connection.onRequest(requests.compare, compare);

  function taskInfo(snapshot: Snapshot, unit: Unit): TaskInfo {
    const { task } = unit;
    const { figures: found, state } = figures.known(snapshot.uri, unit);
    return {
      uri: clientUri(snapshot.uri),
      version: snapshot.version,
      task: task.name.text,
      range: rangeOf(snapshot, snapshot.uri, task.range),
      nameRange: rangeOf(snapshot, snapshot.uri, task.name.range),
      doc: task.doc,
      sizes: task.sizes.map((s) => ({ name: s.name.text, kind: s.sizeKind })),
      inputs: task.members.flatMap((m) =>
        m.kind === "family" && (m.role === "input" || m.role === "param")
          ? [{ name: m.name.text, declaration: headOf(snapshot.program, m) }]
          : [],
      ),
      figures: found,
      state,
      broken: unit.broken,
    };
  }

  connection.onRequest(requests.taskAt, async ({ uri, position }: TaskAtParams) => {
    await settle(uri);
    const snapshot = workspace.snapshot(uri);
    const unit = snapshot?.unitAt(at(snapshot, position));
    return snapshot === undefined || unit === undefined ? null : taskInfo(snapshot, unit);
  });
  connection.onRequest(requests.tasks, async ({ uri }: DocumentParams) => {
    await settle(uri);
    const snapshot = workspace.snapshot(uri);
    return snapshot === undefined ? [] : snapshot.units.map((u) => taskInfo(snapshot, u));
  });

  /** A job about one task; what is wrong with its text is an answer, not a failure. */
  async function ask<R extends { readonly problems: readonly Problem[] }>(
    params: { readonly uri: string; readonly task: string },
    job: (source: Source) => Job,
    empty: R,
    token?: Token,
  ): Promise<R> {
    const snapshot = workspace.snapshot(params.uri);
    const unit = snapshot?.unit(params.task);
    const no = (problems: readonly Problem[]): R => ({ ...empty, problems });
    if (snapshot === undefined) return no([problemOf("there is no such file")]);
    if (unit === undefined) return no([problemOf(`there is no task ${params.task}`)]);
    if (unit.broken) return no(errorsOf(snapshot));
    return question(job(sourceOf(unit)), token) as Promise<R>;
  }

  const problemOf = (message: string): Problem => ({ code: "unknown-name", severity: "error", message });
  const errorsOf = (snapshot: Snapshot): Problem[] =>
    snapshot.program.diagnostics
      .filter((d) => d.severity === "error")
      .map(({ code, severity, message, help }) => ({ code, severity, message, help }));

  /** Runs a job for a client that waits for it; cancelling the request stops it. */
  function question(job: Job, token?: Token, found?: (found: FiguresFound) => void): Promise<unknown> {
    const { result, cancel } = questions.run(job, found);
    token?.onCancellationRequested(cancel);
    if (token?.isCancellationRequested) cancel();
    return result.catch((error: Error) => {
      if (error instanceof Cancelled) throw new ResponseError(-32800 /* RequestCancelled */, "cancelled");
      throw error;
    });
  }

  connection.onRequest(requests.report, (params: ReportParams, token) =>
    ask(params, (source) => ({ kind: "report", source, params }), { problems: [] }, token),
  );
  connection.onRequest(requests.graph, async (params: GraphParams, token): Promise<GraphResult> => {
    const graph: GraphResult = await ask(
      params,
      (source) => ({ kind: "graph", source, params }),
      { problems: [] },
      token,
    );
    return graph.dot === undefined ? graph : { ...graph, svg: await edge.drawSvg(graph.dot) };
  });
  connection.onRequest(requests.curve, (params: CurveParams, token) =>
    ask(params, (source) => ({ kind: "curve", source, params }), { problems: [], points: [] }, token),
  );
  connection.onRequest(requests.run, (params: RunParams, token) =>
    ask(
      params,
      (source) => ({ kind: "run", source, params }),
      { problems: [], outputs: [], sizes: {}, milliseconds: 0 },
      token,
    ),
  );
  connection.onRequest(requests.certify, (params: TaskParams, token) =>
    ask<CertifyResult>(
      params,
      (source) => ({ kind: "certify", source }),
      { problems: [], summary: "the task has errors" },
      token,
    ),
  );
  connection.onRequest(requests.examples, ({ uri }: DocumentParams): ExampleInfo[] => {
    const snapshot = workspace.snapshot(uri);
    return (snapshot?.program.examples ?? []).map((e, index) => ({
      uri,
      index,
      task: e.task.text,
      title: e.title?.value,
      range: rangeOf(snapshot!, snapshot!.uri, e.range),
    }));
  });
  connection.onRequest(
    requests.runExample,
    async ({ uri, index }: ExampleParams, token): Promise<ExampleResult> => {
      const snapshot = workspace.snapshot(uri);
      const unit = snapshot?.exampleUnit(index);
      if (snapshot === undefined || unit === undefined)
        return { problems: [problemOf("there is no such example")], results: [] };
      if (unit.broken) return { problems: errorsOf(snapshot), results: [] };
      const source = { texts: unit.texts, task: unit.task.task.text };
      const { problems, results } = (await question({ kind: "example", source }, token)) as ExampleOutcome;
      return {
        problems,
        results: results.map(({ backend, diagnostics }) => ({
          backend,
          diagnostics: diagnostics.map((d) => {
            const { file, range, code, severity, message, help } = diagnosticOf(
              snapshot.program,
              unit,
              d,
              unit.task.range,
            );
            return { code, severity, message, help, range: rangeOf(snapshot, file, range) };
          }),
        })),
      };
    },
  );
  connection.onRequest(requests.explain, ({ code }: { code: string }) => {
    const markdown = codeMarkdown(code, edge.pages[code]);
    return markdown === undefined ? null : { markdown };
  });
  connection.onRequest(requests.content, ({ uri }: { uri: string }) => {
    const text = workspace.text(normalise(uri));
    return text === undefined ? null : { text };
  });

  documents.listen(connection);
  connection.listen();
}
