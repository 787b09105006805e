/** Questions of the protocol about a text: each is one function of `editor/`, asked of the snapshot as it is now. */
import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  ErrorCodes,
  type RenameParams,
  ResponseError,
  type WorkspaceEdit,
} from "vscode-languageserver";
import { codeActions, rewritableAt } from "../editor/actions";
import { incomingCalls, outgoingCalls, prepareCalls } from "../editor/calls";
import { completions } from "../editor/completion";
import { formattingEdits } from "../editor/formatting";
import { inlayHints } from "../editor/hints";
import { hover } from "../editor/hover";
import { codeLenses } from "../editor/lenses";
import { linkedEditing } from "../editor/linked";
import type { SymbolId } from "../editor/names";
import {
  badName,
  definition,
  highlights,
  rangeOf,
  references,
  renameable,
  renameEdits,
  symbolAt,
} from "../editor/navigate";
import { problems, toLsp } from "../editor/problems";
import { signatureHelp } from "../editor/signature";
import type { Snapshot } from "../editor/snapshot";
import { documentSymbols, foldingRanges, selectionRange, workspaceSymbols } from "../editor/symbols";
import { normalise } from "../workspace";
import { serverCommand } from "./commands";
import type { Session } from "./session";

/** Answers with `undefined` as null; null where there is no such text. */
type Answer = <P extends { readonly textDocument: { readonly uri: string } }, R>(
  of: (snapshot: Snapshot, params: P) => R | undefined,
) => (params: P) => R | null;

export function textQuestions(session: Session): void {
  const { connection, workspace } = session;
  const answer: Answer = (of) => (params) => {
    const snapshot = session.snapshotOf(params);
    return snapshot === undefined ? null : (of(snapshot, params) ?? null);
  };

  connection.languages.diagnostics.on(async (params) => {
    await session.settle(params.textDocument.uri);
    const snapshot = session.snapshotOf(params);
    return { kind: "full", items: snapshot === undefined ? [] : session.diagnostics(snapshot) };
  });
  connection.languages.inlayHint.on(async (params) => {
    await session.settle(params.textDocument.uri);
    const snapshot = session.snapshotOf(params);
    return snapshot === undefined
      ? null
      : inlayHints(snapshot, session.known(snapshot.uri), session.settings.hints, params.range);
  });
  connection.onCodeLens(async (params) => {
    if (!session.settings.lenses.enabled) return [];
    await session.settle(params.textDocument.uri);
    const snapshot = session.snapshotOf(params);
    return snapshot === undefined
      ? null
      : codeLenses(snapshot, session.clientUri(snapshot.uri), session.known(snapshot.uri), (c) =>
          session.can.commands ? c : serverCommand(c),
        );
  });
  connection.onHover(
    answer((snapshot, params) =>
      hover(snapshot, session.offset(snapshot, params.position), session.known(snapshot.uri)),
    ),
  );
  connection.onDefinition(
    answer((snapshot, params) =>
      session.spelled(definition(snapshot, session.offset(snapshot, params.position))),
    ),
  );
  connection.onReferences(async (params) => {
    const snapshot = session.snapshotOf(params);
    const symbol =
      snapshot === undefined ? undefined : symbolAt(snapshot, session.offset(snapshot, params.position));
    if (symbol === undefined) return null;
    const others = await workspace.all();
    return session.spelled(
      others.flatMap((s) => references(s, symbol.id, params.context.includeDeclaration)),
    );
  });
  connection.onDocumentHighlight(
    answer((snapshot, params) => highlights(snapshot, session.offset(snapshot, params.position))),
  );
  connection.onPrepareRename((params) => {
    const snapshot = session.snapshotOf(params);
    if (snapshot === undefined) return null;
    const offset = session.offset(snapshot, params.position);
    const symbol = symbolAt(snapshot, offset);
    const name = renameable(snapshot, offset);
    if (symbol === undefined || name === undefined || workspace.isStd(symbol.id.path)) return null;
    return { range: rangeOf(snapshot, snapshot.uri, name.range), placeholder: name.text };
  });
  connection.onRenameRequest((params) => rename(session, params));
  connection.onDocumentSymbol(answer((snapshot) => documentSymbols(snapshot)));
  connection.onFoldingRanges(answer((snapshot) => foldingRanges(snapshot)));
  connection.onSelectionRanges(
    answer((snapshot, params) =>
      params.positions.map((p) => selectionRange(snapshot, session.offset(snapshot, p))),
    ),
  );
  connection.onDocumentFormatting(answer((snapshot) => formattingEdits(snapshot)));
  connection.onDocumentRangeFormatting(answer((snapshot, params) => formattingEdits(snapshot, params.range)));

  connection.onCompletion(async (params) => {
    const modules = await workspace.modules(normalise(params.textDocument.uri));
    const snapshot = session.snapshotOf(params);
    return snapshot === undefined
      ? null
      : completions(
          snapshot,
          session.offset(snapshot, params.position),
          session.known(snapshot.uri),
          modules,
        );
  });
  connection.onSignatureHelp(
    answer((snapshot, params) => signatureHelp(snapshot, session.offset(snapshot, params.position))),
  );
  connection.onWorkspaceSymbol(async ({ query }) =>
    session.spelled((await workspace.all()).flatMap((s) => workspaceSymbols(s, query))),
  );
  connection.languages.onLinkedEditingRange(
    answer((snapshot, params) => linkedEditing(snapshot, session.offset(snapshot, params.position))),
  );

  connection.languages.callHierarchy.onPrepare(
    answer((snapshot, params) =>
      session.spelled(prepareCalls(snapshot, session.offset(snapshot, params.position))),
    ),
  );
  connection.languages.callHierarchy.onIncomingCalls(async ({ item }) => {
    const id = item.data as SymbolId;
    return session.spelled((await workspace.all()).flatMap((s) => incomingCalls(s, id)));
  });
  connection.languages.callHierarchy.onOutgoingCalls(({ item }) => {
    const id = item.data as SymbolId;
    const snapshot = workspace.snapshot(id.path);
    return snapshot === undefined ? null : session.spelled(outgoingCalls(snapshot, id));
  });

  connection.onCodeAction((params) => actionsAt(session, params));
}

/** A new name in every file that knows the old one. */
async function rename(session: Session, params: RenameParams): Promise<WorkspaceEdit | null> {
  const { workspace } = session;
  const snapshot = session.snapshotOf(params);
  const symbol =
    snapshot === undefined ? undefined : symbolAt(snapshot, session.offset(snapshot, params.position));
  if (symbol === undefined) return null;
  const problem = workspace.isStd(symbol.id.path)
    ? "the standard library is not yours to rename"
    : badName(params.newName);
  if (problem !== undefined) throw new ResponseError(ErrorCodes.InvalidParams, problem);
  const changes: Record<string, ReturnType<typeof renameEdits>> = {};
  for (const s of await workspace.all()) {
    const edits = renameEdits(s, symbol.id, params.newName);
    if (edits.length > 0) changes[session.clientUri(s.uri)] = edits;
  }
  return { changes };
}

/** What can be done at a place: fixes of what is wrong there, and rewritings of the recurrence that stands there. */
async function actionsAt(
  session: Session,
  { textDocument: { uri }, range, context: { only } }: CodeActionParams,
): Promise<CodeAction[] | null> {
  const { workspace } = session;
  await session.settle(uri);
  const others = await workspace.all();
  const modules = await workspace.modules(normalise(uri));
  const before = workspace.snapshot(uri);
  const wanted = only === undefined || only.some((k) => k.startsWith(CodeActionKind.Refactor));
  const rewritable =
    before === undefined || !wanted ? undefined : rewritableAt(before, session.offset(before, range.start));
  const rewrites =
    rewritable === undefined ? [] : await session.rewritings.of(rewritable.unit, rewritable.family);
  const snapshot = workspace.snapshot(uri);
  if (snapshot === undefined) return null;
  const actions = codeActions(snapshot, range, {
    diagnostics: problems(snapshot, (unit) => session.figures.get(unit)),
    toLsp: (d) => toLsp(snapshot, d, session.docsBase),
    known: session.known(snapshot.uri),
    exports: (name) => workspace.exporters(snapshot.uri, name, others),
    modules,
    // Of the text as it is now, or none.
    rewrites: snapshot === before ? rewrites : [],
    only,
  });
  // Edits name the document as the client does.
  return actions.map((a) => ({
    ...a,
    edit: { changes: { [session.clientUri(uri)]: a.edit?.changes?.[snapshot.uri] ?? [] } },
  }));
}
