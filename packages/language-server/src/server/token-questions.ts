/** Semantic tokens: the last answer of each document is kept, to answer the next with what changed. */
import type { TextDocuments } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { semanticTokens, tokenEdits } from "../editor/tokens";
import { normalise } from "../workspace";
import type { Session } from "./session";

export function tokenQuestions(session: Session, documents: TextDocuments<TextDocument>): void {
  const { connection } = session;
  const tokens = new Map<string, { readonly id: string; readonly data: number[] }>();
  let tokenAnswers = 0;
  const remember = (uri: string, data: number[]): string => {
    const id = String(++tokenAnswers);
    tokens.set(uri, { id, data });
    return id;
  };
  connection.languages.semanticTokens.on((params) => {
    const snapshot = session.snapshotOf(params);
    const data = snapshot === undefined ? [] : semanticTokens(snapshot);
    return { resultId: remember(normalise(params.textDocument.uri), data), data };
  });
  connection.languages.semanticTokens.onDelta((params) => {
    const snapshot = session.snapshotOf(params);
    const uri = normalise(params.textDocument.uri);
    const before = tokens.get(uri);
    const data = snapshot === undefined ? [] : semanticTokens(snapshot);
    const resultId = remember(uri, data);
    return before?.id === params.previousResultId
      ? { resultId, edits: tokenEdits(before.data, data) }
      : { resultId, data };
  });
  connection.languages.semanticTokens.onRange((params) => {
    const snapshot = session.snapshotOf(params);
    return { data: snapshot === undefined ? [] : semanticTokens(snapshot, params.range) };
  });
  documents.onDidClose(({ document }) => tokens.delete(normalise(document.uri)));
}
