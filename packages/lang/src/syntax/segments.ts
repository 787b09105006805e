/**
 * The token stream is first cut into segments at the words that begin an item (`task`, `fn`, …) and, inside a task, a
 * member (`node`, `output`, …): these words are reserved, so the cut is right even in broken text. Each segment is then
 * parsed on its own by a chevrotain parser with embedded actions, and reports at most one syntax error. A mistake can
 * therefore neither hide what follows nor be reported twice.
 */
import { EOF, type IToken, type TokenType, tokenMatcher } from "chevrotain";
import { type Arguments, type Diagnostic, type DiagnosticCode, diagnostic } from "../diagnostics";
import { habitOfToken } from "../habits";
import { MAX_CHAIN, TooLong } from "./grammar/expressions";
import { GivenUp } from "./grammar/frame";
import { type Grammar, grammar } from "./grammar/grammar";
import { Identifier, itemWords, memberWords, StringToken, signs, tokenRange } from "./tokens";
import type { Comment, Expr, Item, Member, Range } from "./tree";

/** Brackets nested deeper than this are refused: everything after parsing may recurse over the tree. */
const MAX_NESTING = 100;

const itemTypes = new Set<TokenType>(Object.values(itemWords));
const memberTypes = new Set<TokenType>(Object.values(memberWords));

/** One parse: cuts into segments and puts the results together. */
export class Segments {
  private docs = 0;

  constructor(
    private readonly text: string,
    private readonly file: string,
    private readonly tokens: readonly IToken[],
    private readonly comments: readonly Comment[],
    private readonly diagnostics: Diagnostic[],
    private readonly after: string | undefined,
  ) {}

  items(): Item[] {
    const starts = this.cuts(0, this.tokens.length, itemTypes);
    const items: Item[] = [];
    const first = starts[0] ?? this.tokens.length;
    if (first > 0) {
      this.unexpected(this.tokens[0]!, "`task`, `fn`, `example` or another item");
      items.push({ kind: "error-item", range: this.span(0, first) });
    }
    starts.forEach((start, k) => {
      items.push(this.item(start, starts[k + 1] ?? this.tokens.length));
    });
    return items;
  }

  private item(start: number, end: number): Item {
    const doc = this.docBefore(start);
    const range = this.span(start, end);
    if (!this.shallow(start, end)) return { kind: "error-item", range, doc };
    const type = this.tokens[start]!.tokenType;
    if (type !== itemWords.task && type !== itemWords.reduction) {
      const item = this.segment(start, end, (p) => p.item());
      return item === undefined ? { kind: "error-item", range, doc } : { ...item, range, doc };
    }
    // A head, up to and with its `{`, then members, then `}`.
    const words = this.cuts(start + 1, end, memberTypes);
    const body = type === itemWords.reduction ? this.firstBrace(start + 1, end) : -1;
    const maps = body < 0 ? [] : this.bindingCuts(body + 1, end);
    const cuts = [...words, ...maps].sort((a, b) => a - b);
    const brace = this.firstBrace(start + 1, cuts[0] ?? end);
    const headEnd = brace < 0 ? (cuts[0] ?? end) : brace + 1;
    const head = this.segment(start, headEnd, (p) => p.head());
    const members: Member[] = [];
    // The closing brace belongs to the last segment.
    const last = end - 1;
    const closed =
      last >= headEnd && this.tokens[last]!.tokenType === signs.closeBrace && this.balanced(headEnd, last);
    const bodyEnd = closed ? last : end;
    const firstMember = cuts[0] ?? bodyEnd;
    if (headEnd < firstMember && headEnd < bodyEnd && brace >= 0) {
      this.unexpected(this.tokens[headEnd]!, "`input`, `node`, `output` or another member");
      members.push({ kind: "error-member", range: this.span(headEnd, Math.min(firstMember, bodyEnd)) });
    }
    let broken = head === undefined;
    cuts.forEach((from, k) => {
      const to = Math.min(cuts[k + 1] ?? bodyEnd, bodyEnd);
      const before = this.diagnostics.length;
      members.push(this.member(from, to));
      if (this.diagnostics.length > before && k === cuts.length - 1) broken = true;
    });
    if (!closed && !broken && brace >= 0) this.missing(end, "`}` to close the task");
    if (head?.kind !== "task" && head?.kind !== "reduction") return { kind: "error-item", range, doc };
    return { ...head, members, range, doc };
  }

  private firstBrace(start: number, end: number): number {
    for (let k = start; k < end; k++) if (this.tokens[k]!.tokenType === signs.openBrace) return k;
    return -1;
  }

  private member(start: number, end: number): Member {
    const doc = this.docBefore(start);
    const range = this.span(start, end);
    const member = this.segment(start, end, (p) => p.member()) ?? this.headOf(start, end);
    return member === undefined ? { kind: "error-member", range, doc } : { ...member, range, doc };
  }

  /** What a broken declaration still says in front of its `=`, so that its name goes on meaning something. */
  private headOf(start: number, end: number): Member | undefined {
    let depth = 0;
    for (let k = start; k < end; k++) {
      const type = this.tokens[k]!.tokenType;
      depth += turn(type);
      if (type !== signs.assign || depth !== 0) continue;
      const known = this.diagnostics.length;
      const head = this.segment(start, k, (p) => p.member());
      const clean = this.diagnostics.length === known;
      this.diagnostics.length = known;
      const hole: Expr = { kind: "error-expr", range: this.span(k, end) };
      return clean && head?.kind === "family" ? { ...head, value: hole } : undefined;
    }
    return undefined;
  }

  /** Runs one rule on tokens[start, end): at most one diagnostic. */
  private segment<T extends object>(
    start: number,
    end: number,
    rule: (p: Grammar) => T | undefined,
  ): T | undefined {
    const parser = grammar();
    parser.input = this.tokens.slice(start, end) as IToken[];
    let result: T | undefined;
    try {
      result = rule(parser);
    } catch (error) {
      if (error instanceof TooLong) {
        this.report("nested-too-deeply", error.range, { limit: MAX_CHAIN, what: error.what });
        return undefined;
      }
      if (!(error instanceof GivenUp)) throw error;
    }
    const error = parser.errors[0];
    if (error !== undefined && !isWhole(result)) result = undefined;
    if (error !== undefined) {
      // The grammar's messages say what was expected, and nothing else.
      const expected = error.message;
      const token = error.token;
      if (token.tokenType === EOF || Number.isNaN(token.startOffset)) this.missing(end, expected);
      else this.unexpected(token, expected);
    } else {
      for (const { range, found, expected } of parser.complaints) {
        this.report("number-out-of-range", range, { found, expected });
      }
    }
    parser.complaints = [];
    return result;
  }

  private unexpected(token: IToken, expected: string): void {
    const range = tokenRange(token);
    const suggestion = habitOfToken(expected, this.text, range.start);
    this.report("unexpected-token", range, { expected, found: describe(token), suggestion });
  }

  /** Something is missing before token `end`: blame the end of the token before. */
  private missing(end: number, expected: string): void {
    const before = this.tokens[end - 1];
    const at = before === undefined ? 0 : tokenRange(before).end;
    const next = this.tokens[end];
    const word = this.after === undefined ? "the end of the file" : `\`${this.after}\``;
    const found = next === undefined ? word : describe(next);
    const range = { start: Math.max(0, at - 1), end: at };
    this.report("unexpected-token", range, { expected, found, suggestion: "" });
  }

  private report<C extends DiagnosticCode>(code: C, range: Range, args: Arguments<C>): void {
    this.diagnostics.push(diagnostic(code, { file: this.file, range }, args));
  }

  /** Positions of segment heads. `const` after a colon is a size's kind, `random(` a value in an example. */
  private cuts(start: number, end: number, types: ReadonlySet<TokenType>): number[] {
    const found: number[] = [];
    for (let k = start; k < end; k++) {
      const token = this.tokens[k]!;
      if (!types.has(token.tokenType)) continue;
      if (token.tokenType === itemWords.const && this.tokens[k - 1]?.tokenType === signs.colon) continue;
      found.push(k);
    }
    return found;
  }

  /** Where `name = …` and `name[i, j] = …` begin in the body of a reduction: no expression holds a lone `=`. */
  private bindingCuts(start: number, end: number): number[] {
    const found: number[] = [];
    let depth = 0;
    for (let k = start; k < end; k++) {
      const type = this.tokens[k]!.tokenType;
      depth += turn(type);
      if (type !== signs.assign || depth !== 0) continue;
      let at = k - 1;
      if (this.tokens[at]?.tokenType === signs.closeSquare)
        while (at > start && this.tokens[at]!.tokenType !== signs.openSquare) at--;
      if (this.tokens[at]?.tokenType === signs.openSquare) at--;
      const before = this.tokens[at - 1]?.tokenType;
      const declares = before === signs.colon || before === signs.power || memberTypes.has(before!);
      if (at >= start && tokenMatcher(this.tokens[at]!, Identifier) && !declares) found.push(at);
    }
    return found;
  }

  private balanced(start: number, end: number): boolean {
    let depth = 0;
    for (let k = start; k < end; k++) {
      const type = this.tokens[k]!.tokenType;
      if (type === signs.openBrace) depth++;
      if (type === signs.closeBrace) depth--;
    }
    return depth <= 0;
  }

  private shallow(start: number, end: number): boolean {
    let depth = 0;
    for (let k = start; k < end; k++) {
      const token = this.tokens[k]!;
      depth = Math.max(0, depth + turn(token.tokenType));
      if (depth > MAX_NESTING) {
        const what = "brackets inside each other";
        this.report("nested-too-deeply", tokenRange(token), { limit: MAX_NESTING, what });
        return false;
      }
    }
    return true;
  }

  private span(start: number, end: number): Range {
    const first = this.tokens[start];
    const last = this.tokens[Math.max(start, end - 1)];
    if (first === undefined || last === undefined) return { start: this.text.length, end: this.text.length };
    return { start: first.startOffset, end: tokenRange(last).end };
  }

  /** The last block of `///` lines above a token, each alone on its line. */
  private docBefore(position: number): string | undefined {
    const start = this.tokens[position]!.startOffset;
    let previous = position === 0 ? 0 : tokenRange(this.tokens[position - 1]!).end;
    while (this.docs < this.comments.length && this.comments[this.docs]!.range.end <= previous) this.docs++;
    const lines: string[] = [];
    for (let k = this.docs; k < this.comments.length; k++) {
      const { text, range } = this.comments[k]!;
      if (range.start >= start) break;
      const gap = this.text.slice(previous, range.start);
      if (!text.startsWith("///") || !blank(gap) || /\n[^\n]*\n/.test(gap)) lines.length = 0;
      const line = this.text.slice(this.text.lastIndexOf("\n", range.start) + 1, range.start);
      if (text.startsWith("///") && blank(line)) lines.push(text.slice(3).replace(/^ /, ""));
      previous = range.end;
    }
    return lines.length === 0 || !blank(this.text.slice(previous, start)) ? undefined : lines.join("\n");
  }
}

/** Characters that are no token may stand between tokens. */
const blank = (text: string): boolean => /^[ \t\r\n\uFEFF\u00A0]*$/.test(text);

const describe = (token: IToken): string => {
  if (tokenMatcher(token, StringToken)) return "a text in quotes";
  return `\`${token.image.length > 20 ? `${token.image.slice(0, 20)}…` : token.image}\``;
};

const opening: ReadonlySet<TokenType> = new Set([signs.open, signs.openSquare, signs.openBrace]);
const closing: ReadonlySet<TokenType> = new Set([signs.close, signs.closeSquare, signs.closeBrace]);
/** How a token changes the depth of brackets. */
const turn = (type: TokenType): number => (opening.has(type) ? 1 : closing.has(type) ? -1 : 0);

/** What a record may lack in a sound text. */
const optional = new Set(["type", "result", "value", "title", "identity", "combine", "tolerance"]);

/** After recovery a record may lack what later stages rely on: then it is no use. */
const isWhole = (result: object | null | undefined): boolean =>
  !!result && Object.entries(result).every(([key, v]) => v !== undefined || optional.has(key));
