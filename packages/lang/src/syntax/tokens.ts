/** The tokens. Words that mean something only in one place (`from`, `as`, `sum`, …) may be used as names elsewhere. */
import { createToken, type IToken, Lexer, type TokenType } from "chevrotain";
import { nowhere, type Range } from "./tree";

export const Identifier = createToken({
  name: "Identifier",
  label: "a name",
  pattern: /[A-Za-z_][A-Za-z0-9_]*/,
});

const word = (text: string): TokenType =>
  createToken({ name: `Word_${text}`, label: `\`${text}\``, pattern: text, longer_alt: Identifier });
/** A word that is also an ordinary name. */
const contextual = (text: string): TokenType =>
  createToken({
    name: `Word_${text}`,
    label: `\`${text}\``,
    pattern: text,
    longer_alt: Identifier,
    categories: [Identifier],
  });
const sign = (name: string, text: string): TokenType =>
  createToken({ name, label: `\`${text}\``, pattern: text });

export const itemWords = {
  import: word("import"),
  const: word("const"),
  enum: word("enum"),
  fn: word("fn"),
  monoid: word("monoid"),
  task: word("task"),
  reduction: word("reduction"),
  example: word("example"),
};

export const memberWords = {
  input: word("input"),
  param: word("param"),
  random: word("random"),
  node: word("node"),
  output: word("output"),
  use: word("use"),
  expect: word("expect"),
  assume: word("assume"),
};

export const words = {
  if: word("if"),
  else: word("else"),
  let: word("let"),
  where: word("where"),
  true: word("true"),
  false: word("false"),
  and: word("and"),
  or: word("or"),
  xor: word("xor"),
  not: word("not"),
  div: word("div"),
  mod: word("mod"),
  table: word("table"),
};

export const placeWords = {
  from: contextual("from"),
  to: contextual("to"),
  on: contextual("on"),
  // `within` before `with`: a longer alternative is looked for among names only.
  within: contextual("within"),
  with: contextual("with"),
  as: contextual("as"),
  by: contextual("by"),
  size: contextual("size"),
  class: contextual("class"),
  serial: contextual("serial"),
  parallel: contextual("parallel"),
  depth: contextual("depth"),
  work: contextual("work"),
  width: contextual("width"),
};

export const reductionWords = {
  sum: contextual("sum"),
  product: contextual("product"),
  min: contextual("min"),
  max: contextual("max"),
  any: contextual("any"),
  all: contextual("all"),
  parity: contextual("parity"),
  majority: contextual("majority"),
  count: contextual("count"),
  argmin: contextual("argmin"),
  argmax: contextual("argmax"),
  reduce: contextual("reduce"),
};

export const NumberToken = createToken({
  name: "Number",
  label: "a number",
  // A point needs a digit after it, so that `0..n` is a range.
  pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/,
});
export const StringToken = createToken({ name: "String", label: "a text in quotes", pattern: /"[^"\n\r]*"/ });

export const signs = {
  dotsEqual: sign("DotsEqual", "..="),
  dots: sign("Dots", ".."),
  default: sign("Default", "??"),
  equal: sign("Equal", "=="),
  unequal: sign("Unequal", "!="),
  atMost: sign("AtMost", "<="),
  atLeast: sign("AtLeast", ">="),
  near: sign("Near", "~="),
  less: sign("Less", "<"),
  greater: sign("Greater", ">"),
  assign: sign("Assign", "="),
  plus: sign("Plus", "+"),
  minus: sign("Minus", "-"),
  times: sign("Times", "*"),
  over: sign("Over", "/"),
  power: sign("Power", "^"),
  open: sign("Open", "("),
  close: sign("Close", ")"),
  openSquare: sign("OpenSquare", "["),
  closeSquare: sign("CloseSquare", "]"),
  openBrace: sign("OpenBrace", "{"),
  closeBrace: sign("CloseBrace", "}"),
  comma: sign("Comma", ","),
  semicolon: sign("Semicolon", ";"),
  colon: sign("Colon", ":"),
  dot: sign("Dot", "."),
};

const CommentToken = createToken({ name: "Comment", pattern: /\/\/[^\n\r]*/, group: "comments" });
const Space = createToken({
  name: "Space",
  pattern: /[ \t\r\n\uFEFF\u00A0]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});

export const allTokens: TokenType[] = [
  Space,
  CommentToken,
  ...[itemWords, memberWords, words, placeWords, reductionWords].flatMap((group) => Object.values(group)),
  Identifier,
  NumberToken,
  StringToken,
  ...Object.values(signs),
];

export const lexer = new Lexer(allTokens, { positionTracking: "full", ensureOptimizations: false });

/** While chevrotain records the grammar, tokens are dummies: hence the default. */
export const tokenRange = (token: IToken | undefined): Range =>
  token?.image === undefined
    ? nowhere
    : { start: token.startOffset, end: token.startOffset + token.image.length };
