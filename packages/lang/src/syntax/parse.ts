/**
 * Text to tree. Never fails: whatever the text, there is a tree and a list of diagnostics.
 */
import type { IToken } from "chevrotain";
import { type Diagnostic, diagnostic } from "../diagnostics";
import { habitOfCharacters } from "../habits";
import { Segments } from "./segments";
import { lexer, tokenRange } from "./tokens";
import type { Comment, Item, SourceFile } from "./tree";

/** A tree, however broken the text, and what is wrong with it. */
export interface Parsed {
  readonly tree: SourceFile;
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses a whole file. Linear in its length. */
export function parse(text: string, file: string): Parsed {
  return joined(text, [parsePortion(text, file, undefined)]);
}

/** What was read of a text, or of a portion of it: diagnostics as they were found, those of the lexer apart. */
export interface Portion {
  readonly items: readonly Item[];
  readonly comments: readonly Comment[];
  readonly lexical: readonly Diagnostic[];
  readonly syntactic: readonly Diagnostic[];
}

/** Parses a portion of a file; ranges count from its beginning. `after` is the word that follows it. */
export function parsePortion(text: string, file: string, after: string | undefined): Portion {
  const lexed = lexer.tokenize(text);
  const lexical = lexed.errors.map((error) => {
    const range = { start: error.offset, end: error.offset + error.length };
    const found = text.slice(range.start, Math.min(range.end, range.start + 20));
    const args = { found: `\`${found.trim()}\``, suggestion: habitOfCharacters(found.trim()) };
    return diagnostic("unexpected-character", { file, range }, args);
  });
  const comments: Comment[] = (lexed.groups.comments ?? []).map((token: IToken) => ({
    kind: "comment",
    text: token.image,
    range: tokenRange(token),
  }));
  const syntactic: Diagnostic[] = [];
  const items = new Segments(text, file, lexed.tokens, comments, syntactic, after).items();
  return { items, comments, lexical, syntactic };
}

/** A file out of its portions, in order; ranges count from the beginning of the file. */
export function joined(text: string, portions: readonly Portion[]): Parsed {
  const lexical = portions.flatMap((p) => p.lexical);
  // A character that is no token usually breaks the syntax around it as well: that is one mistake.
  const syntactic = portions
    .flatMap((p) => p.syntactic)
    .filter(
      (d) =>
        !lexical.some(
          ({ range: e }) => text.slice(e.end, d.range.start).trim().length < 12 && e.start <= d.range.end,
        ),
    );
  return {
    tree: {
      kind: "file",
      items: portions.flatMap((p) => p.items),
      comments: portions.flatMap((p) => p.comments),
      range: { start: 0, end: text.length },
    },
    diagnostics: [...lexical, ...syntactic].sort((a, b) => a.range.start - b.range.start),
  };
}
