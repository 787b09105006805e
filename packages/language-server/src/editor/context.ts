/** Where a cursor stands, read from the tokens before it: right in unfinished text, where there is no tree to ask. */
import { itemWords, lexer, memberWords } from "@fathom/lang";

interface Token {
  readonly text: string;
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export interface Context {
  /** Tokens of the segment up to the cursor, without the word being typed. */
  readonly before: readonly Token[];
  /** The word being typed; empty at `start` where there is none. */
  readonly word: { readonly text: string; readonly start: number; readonly end: number };
  /** Open brackets, outermost first: positions in `before`. */
  readonly open: readonly number[];
  /** `top`: between items; otherwise the word that begins the item or member the cursor is in. */
  readonly segment: string;
  /** The item around a member: `task`, `reduction`; or the item itself. */
  readonly item: string;
  readonly inComment: boolean;
  readonly inString: boolean;
}

const items = new Set(Object.values(itemWords).map((t) => t.name));
const members = new Set(Object.values(memberWords).map((t) => t.name));

export function contextAt(text: string, offset: number): Context {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const lexed = lexer.tokenize(text.slice(0, offset));
  const all: Token[] = lexed.tokens.map((t) => ({
    text: t.image,
    type: t.tokenType.name,
    start: t.startOffset,
    end: t.startOffset + t.image.length,
  }));
  const comments = lexed.groups.comments ?? [];
  const last = comments[comments.length - 1];
  const inComment =
    last !== undefined && last.startOffset >= lineStart && last.startOffset + last.image.length === offset;
  // A quote left open is a character that is no token.
  const inString = lexed.errors.some((e) => e.offset >= lineStart && text[e.offset] === '"');
  let word = { text: "", start: offset, end: offset };
  const typed = all[all.length - 1];
  if (typed !== undefined && typed.end === offset && /^\w/.test(typed.text)) {
    word = { text: typed.text, start: typed.start, end: offset };
    all.pop();
  }
  let segment = "top";
  let item = "top";
  let from = 0;
  all.forEach((t, k) => {
    if (items.has(t.type) && !(t.text === "const" && all[k - 1]?.text === ":")) {
      [segment, item, from] = [t.text, t.text, k];
    } else if (members.has(t.type) && (item === "task" || item === "reduction")) {
      [segment, from] = [t.text, k];
    }
  });
  const before = all.slice(from);
  const open: number[] = [];
  before.forEach((t, k) => {
    if (t.text === "(" || t.text === "[" || t.text === "{") open.push(k);
    else if (t.text === ")" || t.text === "]" || t.text === "}") {
      if (open.length > 0) open.pop();
      // The brace that closes the item around a member.
      else if (t.text === "}") [segment, item] = ["top", "top"];
    }
  });
  if (
    segment === "fn" ||
    segment === "enum" ||
    segment === "import" ||
    segment === "example" ||
    segment === "monoid"
  ) {
    const closed = before[before.length - 1]?.text === "}" && open.length === 0;
    if (closed) [segment, item] = ["top", "top"];
  }
  return { before, word, open, segment, item, inComment, inString };
}
