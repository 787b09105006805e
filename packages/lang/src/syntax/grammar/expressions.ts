/** Types and expressions, in layers of precedence that `precedence.ts` folds. */
import { type ParserMethod, type TokenType, tokenMatcher } from "chevrotain";
import { fold, type Piece } from "../precedence";
import { Identifier, memberWords, NumberToken, reductionWords, signs, tokenRange, words } from "../tokens";
import {
  type BinaryOp,
  type Binder,
  type Expr,
  errorExpr,
  errorName,
  type Let,
  type Name,
  type NumberLiteral,
  nowhere,
  type Range,
  type ReductionOp,
  spanning,
  type TypeNode,
} from "../tree";
import { EXPRESSION, GrammarFrame } from "./frame";

/** Operators in one chain (`a + b + …`), or branches (`else if …`); more are refused, because everything after parsing may recurse over the tree. */
export const MAX_CHAIN = 1000;

export class TooLong extends Error {
  constructor(
    readonly range: Range,
    readonly what: string,
  ) {
    super("expression too long");
  }
}

const reductionTypes = new Set<TokenType>(Object.values(reductionWords));

export class ExpressionGrammar extends GrammarFrame {
  protected type = this.RULE(
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
        range: spanning(name.range, power?.range ?? end ?? name.range),
      }));
    },
    { recoveryValueFunc: () => ({ kind: "type" as const, name: errorName, range: nowhere }) },
  );

  protected binder = this.RULE("binder", (): Binder => {
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
      range: spanning(name.range, hi.range),
    }));
  });

  protected valueOrBlock = this.RULE(
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

  protected block = this.RULE(
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
          lets.push({ kind: "let", name, value, range: spanning(tokenRange(word), value.range) }),
        );
      });
      const value = this.SUBRULE2(this.expression);
      const close = this.CONSUME(signs.closeBrace);
      return this.ACTION(() => ({
        kind: "block",
        lets,
        value,
        range: spanning(tokenRange(open), tokenRange(close)),
      }));
    },
    { recoveryValueFunc: errorExpr },
  );

  protected expression: ParserMethod<[], Expr> = this.RULE(
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
          throw new TooLong(
            last?.kind === "operand" ? last.expr.range : nowhere,
            "operators in one expression",
          );
        }
        const last = pieces[pieces.length - 1];
        if (last === undefined || last.kind !== "operand")
          pieces.push({ kind: "operand", expr: errorExpr() });
        return fold(pieces);
      });
    },
    { recoveryValueFunc: errorExpr },
  );

  protected operand = this.RULE("operand", (pieces: Piece[]): void => {
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
  protected sameLine(): boolean {
    const before = this.LA(0);
    return before === undefined || before.endLine === undefined || before.endLine === this.LA(1).startLine;
  }

  protected postfix = this.RULE(
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
                  this.CONSUME(signs.openSquare);
                  const at = this.listOf(this.expression);
                  const close = this.CONSUME(signs.closeSquare);
                  this.ACTION(() => {
                    const target = expr;
                    expr = {
                      kind: "subscript",
                      target,
                      at,
                      range: spanning(target.range, tokenRange(close)),
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
                      range: spanning(target.range, name.range),
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
            range: spanning(read.range, otherwise.range),
          };
        });
      });
      return expr;
    },
    { recoveryValueFunc: errorExpr },
  );

  protected defaultValue = this.RULE(
    "defaultValue",
    (): Expr => {
      const minus = this.OPTION(() => this.CONSUME(signs.minus));
      const operand = this.SUBRULE(this.postfix);
      return this.ACTION(() =>
        minus === undefined
          ? operand
          : { kind: "unary", op: "-", operand, range: spanning(tokenRange(minus), operand.range) },
      );
    },
    { recoveryValueFunc: errorExpr },
  );

  /** `sum[j: …` begins a reduction; `sum[j]` reads a family called sum. */
  protected atReduction(): boolean {
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

  protected primary = this.RULE(
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

  protected number = this.RULE("number", (): Expr => {
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

  protected nameOrCall = this.RULE("nameOrCall", (): Expr => {
    // `random(7)` is a value in examples.
    const token = this.OR([
      { ALT: () => this.CONSUME(Identifier) },
      { ALT: () => this.CONSUME(memberWords.random) },
    ]);
    const call = this.OPTION({
      GATE: () => this.sameLine(),
      DEF: () => {
        this.CONSUME(signs.open);
        const args = this.listOf(this.expression);
        return { args, close: this.CONSUME(signs.close) };
      },
    });
    return this.ACTION((): Expr => {
      const name: Name = { kind: "name", text: token.image, range: tokenRange(token) };
      if (call === undefined) return { kind: "name-expr", name, range: name.range };
      return { kind: "call", name, args: call.args, range: spanning(name.range, tokenRange(call.close)) };
    });
  });

  protected ifExpression: ParserMethod<[], Expr> = this.RULE(
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
        const beyond = branches[MAX_CHAIN];
        if (beyond !== undefined) throw new TooLong(beyond.condition.range, "branches of one `if`");
        for (const branch of branches.reverse()) {
          const range = { start: branch.start, end: otherwise.range.end };
          otherwise = { kind: "if", condition: branch.condition, then: branch.then, otherwise, range };
        }
        return otherwise;
      });
    },
    { recoveryValueFunc: errorExpr },
  );

  protected reduction: ParserMethod<[], Expr> = this.RULE(
    "reduction",
    (): Expr => {
      const word = this.CONSUME(Identifier);
      const monoid = this.OPTION(() => this.SUBRULE(this.name));
      this.CONSUME(signs.openSquare);
      const binders = this.nonEmptyListOf(this.binder);
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
        range: spanning(tokenRange(word), body.range),
      }));
    },
    { recoveryValueFunc: errorExpr },
  );

  protected table: ParserMethod<[], Expr> = this.RULE(
    "table",
    (): Expr => {
      const word = this.CONSUME(words.table);
      this.CONSUME(signs.open);
      const args = this.nonEmptyListOf(this.expression);
      this.CONSUME(signs.close);
      const entries = this.OR({
        DEF: [{ ALT: (): Expr => this.SUBRULE(this.text) }, { ALT: (): Expr => this.SUBRULE(this.list) }],
        ERR_MSG: "a text of bits or a list in `[ ]`",
      });
      return this.ACTION(() => {
        const range = spanning(tokenRange(word), entries.range);
        if (entries.kind === "string" || entries.kind === "list")
          return { kind: "table", args, entries, range };
        return { kind: "error-expr", range };
      });
    },
    { recoveryValueFunc: errorExpr },
  );

  protected list: ParserMethod<[], Expr> = this.RULE(
    "list",
    (): Expr => {
      const open = this.CONSUME(signs.openSquare);
      const elements = this.listOf(this.expression);
      const close = this.CONSUME(signs.closeSquare);
      return this.ACTION(() => ({
        kind: "list",
        elements,
        range: spanning(tokenRange(open), tokenRange(close)),
      }));
    },
    { recoveryValueFunc: errorExpr },
  );
}
