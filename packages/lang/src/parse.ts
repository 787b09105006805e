/**
 * Text to tree. Never fails: whatever the text, there is a tree and a list of diagnostics.
 *
 * The token stream is first cut into segments at the words that begin an item (`task`, `fn`, …) and, inside a task, a
 * member (`node`, `output`, …): these words are reserved, so the cut is right even in broken text. Each segment is then
 * parsed on its own by a chevrotain parser with embedded actions, and reports at most one syntax error. A mistake can
 * therefore neither hide what follows nor be reported twice.
 */
import {
  EmbeddedActionsParser,
  EOF,
  type IToken,
  NoViableAltException,
  type TokenType,
  tokenMatcher,
} from "chevrotain";
import { type Diagnostic, diagnostic } from "./diagnostics";
import { habitOfCharacters, habitOfToken } from "./habits";
import {
  allTokens,
  Identifier,
  itemWords,
  lexer,
  memberWords,
  NumberToken,
  placeWords,
  reductionWords,
  StringToken,
  signs,
  words,
} from "./tokens";
import type {
  Binary,
  BinaryOp,
  Binder,
  Call,
  Comment,
  ExampleEntry,
  ExpectClaim,
  Expr,
  FamilyRole,
  Item,
  Let,
  Member,
  Name,
  NumberLiteral,
  Param,
  Range,
  ReductionOp,
  SizeParam,
  SourceFile,
  StringLiteral,
  TypeNode,
  UseBinding,
} from "./tree";

/** Brackets nested deeper than this are refused: everything after parsing may recurse over the tree. */
const MAX_NESTING = 100;
/** Operators in one chain (`a + b + …`), for the same reason. */
const MAX_CHAIN = 1000;

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
  const items = new Session(text, file, lexed.tokens, comments, syntactic, after).items();
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

/** While chevrotain records the grammar, tokens are dummies: hence the default. */
const tokenRange = (token: IToken | undefined): Range =>
  token?.image === undefined
    ? { start: 0, end: 0 }
    : { start: token.startOffset, end: token.startOffset + token.image.length };

const itemTypes = new Set<TokenType>(Object.values(itemWords));
const memberTypes = new Set<TokenType>(Object.values(memberWords));

/** One parse: cuts into segments and puts the results together. */
class Session {
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
    const member = this.segment(start, end, (p) => p.member()) ?? this.headOf(start, end, (p) => p.member());
    return member === undefined ? { kind: "error-member", range, doc } : { ...member, range, doc };
  }

  /** What a broken declaration still says in front of its `=`, so that its name goes on meaning something. */
  private headOf<T extends Item | Member>(
    start: number,
    end: number,
    rule: (p: Grammar) => T | undefined,
  ): T | undefined {
    let depth = 0;
    for (let k = start; k < end; k++) {
      const type = this.tokens[k]!.tokenType;
      if (type === signs.open || type === signs.openSquare || type === signs.openBrace) depth++;
      if (type === signs.close || type === signs.closeSquare || type === signs.closeBrace) depth--;
      if (type !== signs.assign || depth !== 0) continue;
      const known = this.diagnostics.length;
      const head = this.segment(start, k, rule);
      const clean = this.diagnostics.length === known;
      this.diagnostics.length = known;
      const hole: Expr = { kind: "error-expr", range: this.span(k, end) };
      return clean && head?.kind === "family" ? { ...head, value: hole } : undefined;
    }
    return undefined;
  }

  /** Runs one rule on tokens[start, end): at most one diagnostic. */
  private segment<T>(start: number, end: number, rule: (p: Grammar) => T | undefined): T | undefined {
    const parser = grammar();
    parser.input = this.tokens.slice(start, end) as IToken[];
    let result: T | undefined;
    try {
      result = rule(parser);
    } catch (error) {
      if (error instanceof TooLong) {
        this.diagnostics.push(
          diagnostic(
            "nested-too-deeply",
            { file: this.file, range: error.range },
            { limit: MAX_CHAIN, what: "operators in one expression" },
          ),
        );
        return undefined;
      }
      if (!(error instanceof Hopeless)) throw error;
    }
    const error = parser.errors[0];
    if (error !== undefined && !isWhole(result)) result = undefined;
    if (error !== undefined) {
      const expected = expectedOf(error.message);
      const token = error.token;
      if (token.tokenType === EOF || Number.isNaN(token.startOffset)) this.missing(end, expected);
      else this.unexpected(token, expected);
    } else {
      for (const { range, found, expected } of parser.complaints) {
        this.diagnostics.push(
          diagnostic("number-out-of-range", { file: this.file, range }, { found, expected }),
        );
      }
    }
    parser.complaints = [];
    return result;
  }

  private unexpected(token: IToken, expected: string): void {
    const range = tokenRange(token);
    const suggestion = habitOfToken(expected, this.text, range.start);
    this.diagnostics.push(
      diagnostic(
        "unexpected-token",
        { file: this.file, range },
        { expected, found: describe(token), suggestion },
      ),
    );
  }

  /** Something is missing before token `end`: blame the end of the token before. */
  private missing(end: number, expected: string): void {
    const before = this.tokens[end - 1];
    const at = before === undefined ? 0 : tokenRange(before).end;
    const next = this.tokens[end];
    const word = this.after === undefined ? "the end of the file" : `\`${this.after}\``;
    const found = next === undefined ? word : describe(next);
    const range = { start: Math.max(0, at - 1), end: at };
    this.diagnostics.push(
      diagnostic("unexpected-token", { file: this.file, range }, { expected, found, suggestion: "" }),
    );
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
      if (type === signs.open || type === signs.openSquare || type === signs.openBrace) depth++;
      if (type === signs.close || type === signs.closeSquare || type === signs.closeBrace) depth--;
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
      const type = token.tokenType;
      if (type === signs.open || type === signs.openSquare || type === signs.openBrace) depth++;
      if (type === signs.close || type === signs.closeSquare || type === signs.closeBrace)
        depth = Math.max(0, depth - 1);
      if (depth > MAX_NESTING) {
        const args = { limit: MAX_NESTING, what: "brackets inside each other" };
        this.diagnostics.push(
          diagnostic("nested-too-deeply", { file: this.file, range: tokenRange(token) }, args),
        );
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

// The message provider hands on only what was expected; what was found is the token.
const expectedOf = (message: string): string => message;
const EXPRESSION = "an expression";

/** After recovery a record may lack what later stages rely on: then it is no use. */
function isWhole(result: unknown): boolean {
  if (result === undefined || result === null) return false;
  return Object.entries(result).every(
    ([key, v]) =>
      v !== undefined ||
      key === "type" ||
      key === "result" ||
      key === "value" ||
      key === "title" ||
      key === "identity" ||
      key === "combine" ||
      key === "tolerance",
  );
}

class TooLong extends Error {
  constructor(readonly range: Range) {
    super("expression too long");
  }
}

/** Thrown to give a segment up: looking for a place to go on is not free. */
class Hopeless extends Error {}
/** Mistakes in one segment, of which the first is reported, before it is given up. */
const MAX_MISTAKES = 20;

/** Operators by precedence, loosest first; all associate to the left. */
const binding: Readonly<Record<BinaryOp, number>> = {
  or: 1,
  xor: 2,
  and: 3,
  "==": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  div: 7,
  mod: 7,
  "^": 9,
};
const NOT_BINDS = 4;
const MINUS_BINDS = 8;

type Piece =
  | { readonly kind: "operator"; readonly op: BinaryOp }
  | { readonly kind: "prefix"; readonly op: "-" | "not"; readonly start: number }
  | { readonly kind: "operand"; readonly expr: Expr };

/** Precedence climbing over a flat list: prefix operators, operands and binary operators as they came. */
function fold(pieces: readonly Piece[]): Expr {
  let at = 0;
  const operand = (): Expr => {
    const piece = pieces[at];
    // Recovery leaves holes where the mistake was reported.
    if (piece === undefined || piece.kind === "operator") return errorExpr();
    at++;
    if (piece.kind === "operand") return piece.expr;
    const inner = climb(operand(), piece.op === "-" ? MINUS_BINDS : NOT_BINDS);
    return {
      kind: "unary",
      op: piece.op,
      operand: inner,
      range: { start: piece.start, end: inner.range.end },
    };
  };
  const climb = (first: Expr, least: number): Expr => {
    let left = first;
    for (;;) {
      const piece = pieces[at];
      if (piece === undefined || piece.kind !== "operator" || binding[piece.op] < least) return left;
      at++;
      const right = climb(operand(), binding[piece.op] + 1);
      const node: Binary = {
        kind: "binary",
        op: piece.op,
        left,
        right,
        range: { start: left.range.start, end: right.range.end },
      };
      left = node;
    }
  };
  return climb(operand(), 0);
}

const errorName: Name = { kind: "name", text: "", range: { start: 0, end: 0 } };
const errorExpr = (): Expr => ({ kind: "error-expr", range: { start: 0, end: 0 } });

interface Complaint {
  readonly range: Range;
  readonly found: string;
  readonly expected: string;
}

class Grammar extends EmbeddedActionsParser {
  complaints: Complaint[] = [];

  constructor() {
    super(allTokens, {
      recoveryEnabled: true,
      maxLookahead: 2,
      skipValidations: false,
      errorMessageProvider: {
        buildMismatchTokenMessage: ({ expected }) => expected.LABEL ?? expected.name,
        buildNotAllInputParsedMessage: ({ firstRedundant }) =>
          firstRedundant.tokenType === signs.closeBrace
            ? "no further `}`"
            : "an operator or the end of this line",
        buildNoViableAltMessage: ({ customUserDescription }) => customUserDescription ?? EXPRESSION,
        buildEarlyExitMessage: ({ customUserDescription }) => customUserDescription ?? EXPRESSION,
      },
    });
    this.performSelfAnalysis();
  }

  /** What recovery inserts stands right after what was read. */
  protected override getTokenToInsert(type: TokenType): IToken {
    return { ...super.getTokenToInsert(type), startOffset: tokenRange(this.LA(0)).end };
  }

  /** Chevrotain's own works out every token that could have followed, which takes milliseconds; we say it by name. */
  protected raiseNoAltException(_: number, expected: string | undefined): never {
    if (this.errors.length > MAX_MISTAKES) throw new Hopeless();
    const { SAVE_ERROR } = this as unknown as { SAVE_ERROR(this: Grammar, error: Error): Error };
    throw SAVE_ERROR.call(this, new NoViableAltException(expected ?? EXPRESSION, this.LA(1), this.LA(0)));
  }

  private name = this.RULE(
    "name",
    (): Name => {
      const token = this.CONSUME(Identifier);
      return { kind: "name", text: token.isInsertedInRecovery ? "" : token.image, range: tokenRange(token) };
    },
    { recoveryValueFunc: () => errorName },
  );

  private text = this.RULE(
    "text",
    (): StringLiteral => {
      const token = this.CONSUME(StringToken);
      return { kind: "string", value: token.image.slice(1, -1), range: tokenRange(token) };
    },
    { recoveryValueFunc: (): StringLiteral => ({ kind: "string", value: "", range: nowhere }) },
  );

  // Items

  readonly item = this.RULE(
    "item",
    (): Item =>
      this.OR({
        DEF: [
          { ALT: (): Item => this.SUBRULE(this.importItem) },
          { ALT: (): Item => this.SUBRULE(this.constItem) },
          { ALT: (): Item => this.SUBRULE(this.enumItem) },
          { ALT: (): Item => this.SUBRULE(this.fnItem) },
          { ALT: (): Item => this.SUBRULE(this.monoidItem) },
          { ALT: (): Item => this.SUBRULE(this.exampleItem) },
        ],
        ERR_MSG: "an item",
      }),
  );

  private importItem = this.RULE("importItem", (): Item => {
    const names: Name[] = [];
    this.CONSUME(itemWords.import);
    this.CONSUME(signs.openBrace);
    this.MANY_SEP({
      SEP: signs.comma,
      DEF: () => {
        const name = this.SUBRULE(this.name);
        this.ACTION(() => names.push(name));
      },
    });
    this.CONSUME(signs.closeBrace);
    this.CONSUME(placeWords.from);
    const from = this.SUBRULE(this.text);
    return { kind: "import", names, from, range: nowhere };
  });

  private constItem = this.RULE("constItem", (): Item => {
    this.CONSUME(itemWords.const);
    const name = this.SUBRULE(this.name);
    const type = this.OPTION(() => {
      this.CONSUME(signs.colon);
      return this.SUBRULE(this.type);
    });
    this.CONSUME(signs.assign);
    const value = this.SUBRULE(this.expression);
    return { kind: "const", name, type, value, range: nowhere };
  });

  private enumItem = this.RULE("enumItem", (): Item => {
    const cases: Name[] = [];
    this.CONSUME(itemWords.enum);
    const name = this.SUBRULE(this.name);
    this.CONSUME(signs.openBrace);
    this.MANY_SEP({
      SEP: signs.comma,
      DEF: () => {
        const one = this.SUBRULE2(this.name);
        this.ACTION(() => cases.push(one));
      },
    });
    this.CONSUME(signs.closeBrace);
    return { kind: "enum", name, cases, range: nowhere };
  });

  private fnItem = this.RULE("fnItem", (): Item => {
    const params: Param[] = [];
    this.CONSUME(itemWords.fn);
    const name = this.SUBRULE(this.name);
    this.CONSUME(signs.open);
    this.MANY_SEP({
      SEP: signs.comma,
      DEF: () => {
        const paramName = this.SUBRULE2(this.name);
        this.CONSUME(signs.colon);
        const type = this.SUBRULE(this.type);
        this.ACTION(() =>
          params.push({
            kind: "param",
            name: paramName,
            type,
            range: { start: paramName.range.start, end: type.range.end },
          }),
        );
      },
    });
    this.CONSUME(signs.close);
    const result = this.OPTION(() => {
      this.CONSUME2(signs.colon);
      return this.SUBRULE2(this.type);
    });
    this.CONSUME(signs.assign);
    const body = this.SUBRULE(this.valueOrBlock);
    return { kind: "fn", name, params, result, body, range: nowhere };
  });

  private monoidItem = this.RULE("monoidItem", (): Item => {
    let identity: Expr | undefined;
    let combine: Expr | undefined;
    const combineParams: Name[] = [];
    this.CONSUME(itemWords.monoid);
    const name = this.SUBRULE(this.name);
    this.CONSUME(placeWords.on);
    const carrier = this.SUBRULE(this.type);
    this.CONSUME(signs.openBrace);
    this.MANY(() => {
      const field = this.SUBRULE2(this.name);
      this.OPTION(() => {
        this.CONSUME(signs.open);
        this.MANY_SEP({
          SEP: signs.comma,
          DEF: () => {
            const one = this.SUBRULE3(this.name);
            this.ACTION(() => combineParams.push(one));
          },
        });
        this.CONSUME(signs.close);
      });
      this.CONSUME(signs.assign);
      const value = this.SUBRULE(this.valueOrBlock);
      this.OPTION2(() => this.CONSUME(signs.semicolon));
      this.ACTION(() => {
        if (field.text === "identity") identity = value;
        if (field.text === "combine") combine = value;
      });
    });
    this.CONSUME(signs.closeBrace);
    return { kind: "monoid", name, carrier, identity, combineParams, combine, range: nowhere };
  });

  private exampleItem = this.RULE("exampleItem", (): Item => {
    const entries: ExampleEntry[] = [];
    this.CONSUME(itemWords.example);
    const task = this.SUBRULE(this.name);
    const title = this.OPTION(() => this.SUBRULE(this.text));
    this.CONSUME(signs.openBrace);
    this.MANY(() => {
      const entry = this.SUBRULE(this.exampleEntry);
      this.ACTION(() => {
        if (entry !== undefined) entries.push(entry);
      });
      this.OPTION2(() =>
        this.OR([{ ALT: () => this.CONSUME(signs.comma) }, { ALT: () => this.CONSUME(signs.semicolon) }]),
      );
    });
    this.CONSUME(signs.closeBrace);
    return { kind: "example", task, title, entries, range: nowhere };
  });

  private exampleEntry = this.RULE("exampleEntry", (): ExampleEntry => {
    const name = this.SUBRULE(this.dottedName);
    const op = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(signs.assign) },
        { ALT: () => this.CONSUME(signs.equal) },
        { ALT: () => this.CONSUME(signs.near) },
      ],
      ERR_MSG: "`=`, `==` or `~=`",
    });
    const value = this.SUBRULE(this.expression);
    const tolerance = this.OPTION(() => {
      this.CONSUME(placeWords.within);
      return this.SUBRULE2(this.expression);
    });
    return this.ACTION(() => ({
      kind: "example-entry",
      name,
      op: op.image as ExampleEntry["op"],
      value,
      tolerance,
      range: { start: name.range.start, end: (tolerance ?? value).range.end },
    }));
  });

  private dottedName = this.RULE("dottedName", (): Name => {
    let name = this.SUBRULE(this.name);
    this.MANY(() => {
      this.CONSUME(signs.dot);
      const more = this.SUBRULE2(this.name);
      this.ACTION(() => {
        name = {
          kind: "name",
          text: `${name.text}.${more.text}`,
          range: { start: name.range.start, end: more.range.end },
        };
      });
    });
    return name;
  });

  /** `task Name(sizes) where … {` or `reduction Name from A(…) to B(…) {`: members are parsed apart. */
  readonly head = this.RULE(
    "head",
    (): Item =>
      this.OR({
        DEF: [
          { ALT: (): Item => this.SUBRULE(this.taskHead) },
          { ALT: (): Item => this.SUBRULE(this.reductionHead) },
        ],
        ERR_MSG: "`task` or `reduction`",
      }),
  );

  private taskHead = this.RULE("taskHead", (): Item => {
    const sizes: SizeParam[] = [];
    const where: Expr[] = [];
    this.CONSUME(itemWords.task);
    const name = this.SUBRULE(this.name);
    this.OPTION(() => {
      this.CONSUME(signs.open);
      this.MANY_SEP({
        SEP: signs.comma,
        DEF: () => {
          const sizeName = this.SUBRULE2(this.name);
          this.CONSUME(signs.colon);
          const kind = this.OR({
            DEF: [{ ALT: () => this.CONSUME(placeWords.size) }, { ALT: () => this.CONSUME(itemWords.const) }],
            ERR_MSG: "`size` or `const`",
          });
          this.ACTION(() =>
            sizes.push({
              kind: "size-param",
              name: sizeName,
              sizeKind: kind.image === "const" ? "const" : "size",
              range: { start: sizeName.range.start, end: tokenRange(kind).end },
            }),
          );
        },
      });
      this.CONSUME(signs.close);
    });
    this.OPTION2(() => {
      this.CONSUME(words.where);
      this.AT_LEAST_ONE_SEP({
        SEP: signs.comma,
        DEF: () => {
          const condition = this.SUBRULE(this.expression);
          this.ACTION(() => where.push(condition));
        },
      });
    });
    this.CONSUME(signs.openBrace);
    return { kind: "task", name, sizes, where, members: [], range: nowhere };
  });

  private reductionHead = this.RULE("reductionHead", (): Item => {
    this.CONSUME(itemWords.reduction);
    const name = this.SUBRULE(this.name);
    this.CONSUME(placeWords.from);
    const from = this.SUBRULE(this.call);
    this.CONSUME(placeWords.to);
    const to = this.SUBRULE2(this.call);
    this.CONSUME(signs.openBrace);
    return { kind: "reduction", name, from, to, members: [], range: nowhere };
  });

  private call = this.RULE(
    "call",
    (): Call => {
      const args: Expr[] = [];
      const name = this.SUBRULE(this.name);
      this.CONSUME(signs.open);
      this.MANY_SEP({
        SEP: signs.comma,
        DEF: () => {
          const arg = this.SUBRULE(this.expression);
          this.ACTION(() => args.push(arg));
        },
      });
      const close = this.CONSUME(signs.close);
      return this.ACTION(() => ({
        kind: "call",
        name,
        args,
        range: { start: name.range.start, end: tokenRange(close).end },
      }));
    },
    { recoveryValueFunc: (): Call => ({ kind: "call", name: errorName, args: [], range: nowhere }) },
  );

  // Members

  readonly member = this.RULE(
    "member",
    (): Member =>
      this.OR({
        DEF: [
          { ALT: (): Member => this.SUBRULE(this.familyMember) },
          { ALT: (): Member => this.SUBRULE(this.useMember) },
          { ALT: (): Member => this.SUBRULE(this.expectMember) },
          { ALT: (): Member => this.SUBRULE(this.assumeMember) },
          { ALT: (): Member => this.SUBRULE(this.bindingMember) },
        ],
        ERR_MSG: "a member",
      }),
  );

  private familyMember = this.RULE("familyMember", (): Member => {
    const role = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(memberWords.input) },
        { ALT: () => this.CONSUME(memberWords.param) },
        { ALT: () => this.CONSUME(memberWords.random) },
        { ALT: () => this.CONSUME(memberWords.node) },
        { ALT: () => this.CONSUME(memberWords.output) },
      ],
      ERR_MSG: "`input`, `param`, `random`, `node` or `output`",
    });
    const name = this.SUBRULE(this.name);
    const binders = this.OPTION(() => this.SUBRULE(this.binders)) ?? [];
    const type = this.OPTION2(() => {
      this.CONSUME(signs.colon);
      return this.SUBRULE(this.type);
    });
    const value = this.OPTION3(() => {
      this.CONSUME(signs.assign);
      return this.SUBRULE(this.valueOrBlock);
    });
    return { kind: "family", role: role.image as FamilyRole, name, binders, type, value, range: nowhere };
  });

  private binders = this.RULE("binders", (): Binder[] => {
    const binders: Binder[] = [];
    this.CONSUME(signs.openSquare);
    this.AT_LEAST_ONE_SEP({
      SEP: signs.comma,
      DEF: () => {
        const binder = this.SUBRULE(this.binder);
        this.ACTION(() => {
          // A binder lost to recovery has been reported.
          if (binder !== undefined) binders.push(binder);
        });
      },
    });
    this.CONSUME(signs.closeSquare);
    return binders;
  });

  private binder = this.RULE("binder", (): Binder => {
    const name = this.SUBRULE(this.name);
    this.CONSUME(signs.colon);
    const lo = this.SUBRULE(this.expression);
    const dots = this.OR({
      DEF: [{ ALT: () => this.CONSUME(signs.dotsEqual) }, { ALT: () => this.CONSUME(signs.dots) }],
      ERR_MSG: "`..` or `..=`",
    });
    const hi = this.SUBRULE2(this.expression);
    return this.ACTION(() => ({
      kind: "binder",
      name,
      lo,
      hi,
      closed: dots.tokenType === signs.dotsEqual,
      range: { start: name.range.start, end: hi.range.end },
    }));
  });

  private useMember = this.RULE("useMember", (): Member => {
    const bindings: UseBinding[] = [];
    this.CONSUME(memberWords.use);
    const called = this.SUBRULE(this.call);
    const binders = this.OPTION(() => this.SUBRULE(this.binders)) ?? [];
    this.OPTION2(() => {
      this.CONSUME(placeWords.with);
      this.CONSUME(signs.openBrace);
      this.MANY(() => {
        const binding = this.SUBRULE(this.binding);
        this.OPTION4(() =>
          this.OR([{ ALT: () => this.CONSUME(signs.comma) }, { ALT: () => this.CONSUME(signs.semicolon) }]),
        );
        this.ACTION(() => bindings.push(binding));
      });
      this.CONSUME(signs.closeBrace);
    });
    this.CONSUME(placeWords.as);
    const alias = this.SUBRULE3(this.name);
    return this.ACTION(() => ({
      kind: "use",
      task: called.name,
      args: called.args,
      binders,
      bindings,
      alias,
      range: nowhere,
    }));
  });

  /** `name = e` or `name[i, j] = e`: a value for an input of another task. */
  private binding = this.RULE(
    "binding",
    (): UseBinding => {
      const indices: Name[] = [];
      const name = this.SUBRULE(this.name);
      this.OPTION(() => {
        this.CONSUME(signs.openSquare);
        this.MANY_SEP({
          SEP: signs.comma,
          DEF: () => {
            const one = this.SUBRULE2(this.name);
            this.ACTION(() => indices.push(one));
          },
        });
        this.CONSUME(signs.closeSquare);
      });
      this.CONSUME(signs.assign);
      const value = this.SUBRULE(this.expression);
      return this.ACTION(() => ({
        kind: "use-binding",
        name,
        indices,
        value,
        range: { start: name.range.start, end: value.range.end },
      }));
    },
    {
      recoveryValueFunc: (): UseBinding => ({
        kind: "use-binding",
        name: errorName,
        indices: [],
        value: errorExpr(),
        range: nowhere,
      }),
    },
  );

  /** Of a reduction only; the cutter makes no such segment in a task. */
  private bindingMember = this.RULE("bindingMember", (): Member => {
    const binding = this.SUBRULE(this.binding);
    return { kind: "map", binding, range: nowhere };
  });

  private expectMember = this.RULE("expectMember", (): Member => {
    this.CONSUME(memberWords.expect);
    const claim = this.OR({
      DEF: [
        { ALT: (): ExpectClaim => this.SUBRULE(this.figureClaim) },
        { ALT: (): ExpectClaim => this.SUBRULE(this.classClaim) },
        {
          ALT: (): ExpectClaim => {
            this.CONSUME(placeWords.serial);
            const by = this.OPTION(() => {
              this.CONSUME(placeWords.by);
              return this.SUBRULE(this.text);
            });
            return { kind: "verdict", verdict: "serial", by };
          },
        },
        {
          ALT: (): ExpectClaim => {
            this.CONSUME(placeWords.parallel);
            return { kind: "verdict", verdict: "parallel" };
          },
        },
      ],
      ERR_MSG: "`depth`, `work`, `width`, `class`, `serial` or `parallel`",
    });
    return { kind: "expect", claim, range: nowhere };
  });

  private figureClaim = this.RULE("figureClaim", (): ExpectClaim => {
    const figure = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(placeWords.depth) },
        { ALT: () => this.CONSUME(placeWords.work) },
        { ALT: () => this.CONSUME(placeWords.width) },
      ],
      ERR_MSG: "`depth`, `work` or `width`",
    });
    const model = this.OPTION(() => {
      this.CONSUME(signs.open);
      const name = this.SUBRULE(this.name);
      this.CONSUME(signs.close);
      return name;
    });
    const op = this.OR2({
      DEF: [
        { ALT: () => this.CONSUME(signs.equal) },
        { ALT: () => this.CONSUME(signs.atMost) },
        { ALT: () => this.CONSUME(signs.atLeast) },
        { ALT: () => this.CONSUME(signs.less) },
        { ALT: () => this.CONSUME(signs.greater) },
      ],
      ERR_MSG: "`==`, `<=`, `>=`, `<` or `>`",
    });
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({
      kind: "figure",
      figure: figure.image as "depth" | "work" | "width",
      model: model?.text === "ops" ? "ops" : "steps",
      op: op.image as "==",
      value,
    }));
  });

  private classClaim = this.RULE("classClaim", (): ExpectClaim => {
    this.CONSUME(placeWords.class);
    const op = this.OPTION(() =>
      this.OR([{ ALT: () => this.CONSUME(signs.atMost) }, { ALT: () => this.CONSUME(signs.equal) }]),
    );
    const name = this.SUBRULE(this.name);
    const power = this.OPTION2(() => {
      this.CONSUME(signs.power);
      return this.CONSUME(NumberToken);
    });
    // `AC^0[2]`, `AC^0[2, 3]`: counting modulo these.
    const moduli: string[] = [];
    this.OPTION3(() => {
      this.CONSUME(signs.openSquare);
      this.AT_LEAST_ONE_SEP({
        SEP: signs.comma,
        DEF: () => {
          const modulus = this.CONSUME2(NumberToken);
          this.ACTION(() => moduli.push(modulus.image));
        },
      });
      this.CONSUME(signs.closeSquare);
    });
    return this.ACTION(() => ({
      kind: "class",
      op: op?.image === "<=" ? "<=" : "==",
      name: `${name.text}${power === undefined ? "" : `^${power.image}`}${moduli.length === 0 ? "" : `[${moduli.join(",")}]`}`,
    }));
  });

  private assumeMember = this.RULE("assumeMember", (): Member => {
    const fields: { name: Name; value: Expr }[] = [];
    this.CONSUME(memberWords.assume);
    const claim = this.SUBRULE(this.expression);
    this.CONSUME(placeWords.by);
    const by = this.SUBRULE(this.name);
    this.OPTION(() => {
      this.CONSUME(signs.openBrace);
      this.MANY(() => {
        const name = this.SUBRULE2(this.name);
        this.CONSUME(signs.assign);
        const value = this.SUBRULE2(this.expression);
        this.OPTION2(() => this.CONSUME(signs.comma));
        this.ACTION(() => fields.push({ name, value }));
      });
      this.CONSUME(signs.closeBrace);
    });
    return { kind: "assume", claim, by, fields, range: nowhere };
  });

  private type = this.RULE(
    "type",
    (): TypeNode => {
      const name = this.SUBRULE(this.name);
      let end: Range | undefined;
      const argument = this.OPTION(() => {
        this.CONSUME(signs.open);
        const inner = this.SUBRULE(this.expression);
        const close = this.CONSUME(signs.close);
        this.ACTION(() => {
          end = tokenRange(close);
        });
        return inner;
      });
      const power = this.OPTION2(() => {
        this.CONSUME(signs.power);
        return this.SUBRULE(this.primary);
      });
      return this.ACTION(() => ({
        kind: "type",
        name,
        argument,
        power,
        range: { start: name.range.start, end: power?.range.end ?? end?.end ?? name.range.end },
      }));
    },
    { recoveryValueFunc: () => ({ kind: "type" as const, name: errorName, range: nowhere }) },
  );

  // Expressions

  private valueOrBlock = this.RULE(
    "valueOrBlock",
    (): Expr =>
      this.OR({
        DEF: [
          { ALT: (): Expr => this.SUBRULE(this.block) },
          { ALT: (): Expr => this.SUBRULE(this.expression) },
        ],
        ERR_MSG: EXPRESSION,
      }),
    { recoveryValueFunc: errorExpr },
  );

  private block = this.RULE(
    "block",
    (): Expr => {
      const lets: Let[] = [];
      const open = this.CONSUME(signs.openBrace);
      this.MANY(() => {
        const word = this.CONSUME(words.let);
        const name = this.SUBRULE(this.name);
        this.CONSUME(signs.assign);
        const value = this.SUBRULE(this.expression);
        this.OPTION(() => this.CONSUME(signs.semicolon));
        this.ACTION(() =>
          lets.push({ kind: "let", name, value, range: { start: word.startOffset, end: value.range.end } }),
        );
      });
      const value = this.SUBRULE2(this.expression);
      const close = this.CONSUME(signs.closeBrace);
      return this.ACTION(() => ({
        kind: "block",
        lets,
        value,
        range: { start: open.startOffset, end: tokenRange(close).end },
      }));
    },
    { recoveryValueFunc: errorExpr },
  );

  private expression: (idx?: number) => Expr = this.RULE(
    "expression",
    (): Expr => {
      const pieces: Piece[] = [];
      this.SUBRULE(this.operand, { ARGS: [pieces] });
      this.MANY(() => {
        const token = this.OR({
          DEF: [
            { ALT: () => this.CONSUME(words.or) },
            { ALT: () => this.CONSUME(words.xor) },
            { ALT: () => this.CONSUME(words.and) },
            { ALT: () => this.CONSUME(signs.equal) },
            { ALT: () => this.CONSUME(signs.unequal) },
            { ALT: () => this.CONSUME(signs.atMost) },
            { ALT: () => this.CONSUME(signs.atLeast) },
            { ALT: () => this.CONSUME(signs.less) },
            { ALT: () => this.CONSUME(signs.greater) },
            { ALT: () => this.CONSUME(signs.plus) },
            { ALT: () => this.CONSUME(signs.minus) },
            { ALT: () => this.CONSUME(signs.times) },
            { ALT: () => this.CONSUME(signs.over) },
            { ALT: () => this.CONSUME(words.div) },
            { ALT: () => this.CONSUME(words.mod) },
            { ALT: () => this.CONSUME(signs.power) },
          ],
          ERR_MSG: "an operator",
        });
        this.ACTION(() => pieces.push({ kind: "operator", op: token.image as BinaryOp }));
        this.SUBRULE2(this.operand, { ARGS: [pieces] });
      });
      return this.ACTION(() => {
        if (pieces.length > 2 * MAX_CHAIN) {
          const last = pieces.find((p) => p.kind === "operand");
          throw new TooLong(last?.kind === "operand" ? last.expr.range : nowhere);
        }
        const last = pieces[pieces.length - 1];
        if (last === undefined || last.kind !== "operand")
          pieces.push({ kind: "operand", expr: errorExpr() });
        return fold(pieces);
      });
    },
    { recoveryValueFunc: errorExpr },
  );

  private operand = this.RULE("operand", (pieces: Piece[]): void => {
    this.MANY(() => {
      const token = this.OR({
        DEF: [{ ALT: () => this.CONSUME(signs.minus) }, { ALT: () => this.CONSUME(words.not) }],
        ERR_MSG: EXPRESSION,
      });
      this.ACTION(() =>
        pieces.push({ kind: "prefix", op: token.image as "-" | "not", start: token.startOffset }),
      );
    });
    const expr = this.SUBRULE(this.postfix);
    this.ACTION(() => pieces.push({ kind: "operand", expr: expr ?? errorExpr() }));
  });

  /** `[` and `(` belong to what stands before them on the same line. */
  private sameLine(): boolean {
    const before = this.LA(0);
    return before === undefined || before.endLine === undefined || before.endLine === this.LA(1).startLine;
  }

  private postfix = this.RULE(
    "postfix",
    (): Expr => {
      let expr = this.SUBRULE(this.primary);
      this.MANY({
        GATE: () => this.sameLine(),
        DEF: () => {
          this.OR({
            DEF: [
              {
                ALT: () => {
                  const at: Expr[] = [];
                  this.CONSUME(signs.openSquare);
                  this.MANY_SEP({
                    SEP: signs.comma,
                    DEF: () => {
                      const index = this.SUBRULE(this.expression);
                      this.ACTION(() => at.push(index));
                    },
                  });
                  const close = this.CONSUME(signs.closeSquare);
                  this.ACTION(() => {
                    const target = expr;
                    expr = {
                      kind: "subscript",
                      target,
                      at,
                      range: { start: target.range.start, end: tokenRange(close).end },
                    };
                  });
                },
              },
              {
                ALT: () => {
                  this.CONSUME(signs.dot);
                  const name = this.SUBRULE(this.name);
                  this.ACTION(() => {
                    const target = expr;
                    expr = {
                      kind: "member",
                      target,
                      name,
                      range: { start: target.range.start, end: name.range.end },
                    };
                  });
                },
              },
            ],
            ERR_MSG: "`[` or `.`",
          });
        },
      });
      this.OPTION(() => {
        this.CONSUME(signs.default);
        const otherwise = this.SUBRULE(this.defaultValue);
        this.ACTION(() => {
          const read = expr;
          expr = {
            kind: "default",
            read,
            otherwise,
            range: { start: read.range.start, end: otherwise.range.end },
          };
        });
      });
      return expr;
    },
    { recoveryValueFunc: errorExpr },
  );

  private defaultValue = this.RULE(
    "defaultValue",
    (): Expr => {
      const minus = this.OPTION(() => this.CONSUME(signs.minus));
      const operand = this.SUBRULE(this.postfix);
      return this.ACTION(() =>
        minus === undefined
          ? operand
          : { kind: "unary", op: "-", operand, range: { start: minus.startOffset, end: operand.range.end } },
      );
    },
    { recoveryValueFunc: errorExpr },
  );

  /** `sum[j: …` begins a reduction; `sum[j]` reads a family called sum. */
  private atReduction(): boolean {
    const word = this.LA(1).tokenType;
    if (word === reductionWords.reduce)
      return this.LA(3).tokenType === signs.openSquare && tokenMatcher(this.LA(2), Identifier);
    return (
      reductionTypes.has(word) &&
      this.LA(2).tokenType === signs.openSquare &&
      tokenMatcher(this.LA(3), Identifier) &&
      this.LA(4).tokenType === signs.colon
    );
  }

  private primary = this.RULE(
    "primary",
    (): Expr =>
      this.OR({
        DEF: [
          { GATE: () => this.atReduction(), ALT: (): Expr => this.SUBRULE(this.reduction) },
          { GATE: () => !this.atReduction(), ALT: (): Expr => this.SUBRULE(this.nameOrCall) },
          { ALT: (): Expr => this.SUBRULE(this.number) },
          {
            ALT: (): Expr => {
              const token = this.OR2([
                { ALT: () => this.CONSUME(words.true) },
                { ALT: () => this.CONSUME(words.false) },
              ]);
              return { kind: "bool", value: token.image === "true", range: tokenRange(token) };
            },
          },
          { ALT: (): Expr => this.SUBRULE(this.text) },
          { ALT: (): Expr => this.SUBRULE(this.ifExpression) },
          { ALT: (): Expr => this.SUBRULE(this.table) },
          { ALT: (): Expr => this.SUBRULE(this.list) },
          {
            ALT: (): Expr => {
              this.CONSUME(signs.open);
              const inner = this.SUBRULE(this.expression);
              this.CONSUME(signs.close);
              return inner;
            },
          },
        ],
        ERR_MSG: EXPRESSION,
      }),
    { recoveryValueFunc: errorExpr },
  );

  private number = this.RULE("number", (): Expr => {
    const token = this.CONSUME(NumberToken);
    return this.ACTION((): NumberLiteral => {
      const text = token.image;
      const real = /[.eE]/.test(text);
      const value = Number(text);
      const range = tokenRange(token);
      if (real && !Number.isFinite(Math.fround(value))) {
        this.complaints.push({ range, found: text, expected: "a real is below 3.4e38" });
      } else if (!real && !(value <= 2 ** 32)) {
        this.complaints.push({ range, found: text, expected: "whole numbers go up to 4294967296" });
      }
      return { kind: "number", text, value, real, range };
    });
  });

  private nameOrCall = this.RULE("nameOrCall", (): Expr => {
    const args: Expr[] = [];
    let close: IToken | undefined;
    // `random(7)` is a value in examples.
    const token = this.OR([
      { ALT: () => this.CONSUME(Identifier) },
      { ALT: () => this.CONSUME(memberWords.random) },
    ]);
    this.OPTION({
      GATE: () => this.sameLine(),
      DEF: () => {
        this.CONSUME(signs.open);
        this.MANY_SEP({
          SEP: signs.comma,
          DEF: () => {
            const arg = this.SUBRULE(this.expression);
            this.ACTION(() => args.push(arg));
          },
        });
        close = this.CONSUME(signs.close);
      },
    });
    return this.ACTION((): Expr => {
      const name: Name = { kind: "name", text: token.image, range: tokenRange(token) };
      if (close === undefined) return { kind: "name-expr", name, range: name.range };
      return { kind: "call", name, args, range: { start: name.range.start, end: tokenRange(close).end } };
    });
  });

  private ifExpression: (idx?: number) => Expr = this.RULE(
    "ifExpression",
    (): Expr => {
      const branches: { start: number; condition: Expr; then: Expr }[] = [];
      const first = this.CONSUME(words.if);
      const condition = this.SUBRULE(this.expression);
      const then = this.SUBRULE(this.block);
      this.ACTION(() => branches.push({ start: first.startOffset, condition, then }));
      this.MANY({
        GATE: () => this.LA(2).tokenType === words.if,
        DEF: () => {
          this.CONSUME(words.else);
          const next = this.CONSUME2(words.if);
          const nextCondition = this.SUBRULE2(this.expression);
          const nextThen = this.SUBRULE2(this.block);
          this.ACTION(() =>
            branches.push({ start: next.startOffset, condition: nextCondition, then: nextThen }),
          );
        },
      });
      this.CONSUME2(words.else);
      let otherwise = this.SUBRULE3(this.block);
      return this.ACTION(() => {
        for (const branch of branches.reverse()) {
          const range = { start: branch.start, end: otherwise.range.end };
          otherwise = { kind: "if", condition: branch.condition, then: branch.then, otherwise, range };
        }
        return otherwise;
      });
    },
    { recoveryValueFunc: errorExpr },
  );

  private reduction: (idx?: number) => Expr = this.RULE(
    "reduction",
    (): Expr => {
      const word = this.CONSUME(Identifier);
      const monoid = this.OPTION(() => this.SUBRULE(this.name));
      const binders: Binder[] = [];
      this.CONSUME(signs.openSquare);
      this.AT_LEAST_ONE_SEP({
        SEP: signs.comma,
        DEF: () => {
          const binder = this.SUBRULE(this.binder);
          this.ACTION(() => {
            // A binder lost to recovery has been reported.
            if (binder !== undefined) binders.push(binder);
          });
        },
      });
      const where = this.OPTION2(() => {
        this.CONSUME(words.where);
        return this.SUBRULE(this.expression);
      });
      this.CONSUME(signs.closeSquare);
      const body = this.SUBRULE2(this.expression);
      return this.ACTION(() => ({
        kind: "reduction",
        op: word.image as ReductionOp,
        monoid,
        binders,
        where,
        body,
        range: { start: word.startOffset, end: body.range.end },
      }));
    },
    { recoveryValueFunc: errorExpr },
  );

  private table: (idx?: number) => Expr = this.RULE(
    "table",
    (): Expr => {
      const args: Expr[] = [];
      const word = this.CONSUME(words.table);
      this.CONSUME(signs.open);
      this.AT_LEAST_ONE_SEP({
        SEP: signs.comma,
        DEF: () => {
          const arg = this.SUBRULE(this.expression);
          this.ACTION(() => args.push(arg));
        },
      });
      this.CONSUME(signs.close);
      const entries = this.OR({
        DEF: [{ ALT: (): Expr => this.SUBRULE(this.text) }, { ALT: (): Expr => this.SUBRULE(this.list) }],
        ERR_MSG: "a text of bits or a list in `[ ]`",
      });
      return this.ACTION(() => {
        const range = { start: word.startOffset, end: entries.range.end };
        if (entries.kind === "string" || entries.kind === "list")
          return { kind: "table", args, entries, range };
        return { kind: "error-expr", range };
      });
    },
    { recoveryValueFunc: errorExpr },
  );

  private list: (idx?: number) => Expr = this.RULE(
    "list",
    (): Expr => {
      const elements: Expr[] = [];
      const open = this.CONSUME(signs.openSquare);
      this.MANY_SEP({
        SEP: signs.comma,
        DEF: () => {
          const element = this.SUBRULE(this.expression);
          this.ACTION(() => elements.push(element));
        },
      });
      const close = this.CONSUME(signs.closeSquare);
      return this.ACTION(() => ({
        kind: "list",
        elements,
        range: { start: open.startOffset, end: tokenRange(close).end },
      }));
    },
    { recoveryValueFunc: errorExpr },
  );
}

const nowhere: Range = { start: 0, end: 0 };
const reductionTypes = new Set<TokenType>(Object.values(reductionWords));

let instance: Grammar | undefined;
/** One parser for the process: building it costs more than a hundred parses. */
function grammar(): Grammar {
  instance ??= new Grammar();
  return instance;
}
