/** The grammar of one segment, with embedded actions: an item, the head of a task or a reduction, a member. */
import {
  EmbeddedActionsParser,
  type IToken,
  NoViableAltException,
  type ParserMethod,
  type TokenType,
  tokenMatcher,
} from "chevrotain";
import { fold, type Piece } from "./precedence";
import {
  allTokens,
  Identifier,
  itemWords,
  memberWords,
  NumberToken,
  placeWords,
  reductionWords,
  StringToken,
  signs,
  tokenRange,
  words,
} from "./tokens";
import {
  type BinaryOp,
  type Binder,
  type Call,
  type ExampleEntry,
  type ExpectClaim,
  type Expr,
  errorExpr,
  errorName,
  type FamilyRole,
  type Item,
  type Let,
  type Member,
  type Name,
  type NumberLiteral,
  nowhere,
  type Param,
  type Range,
  type ReductionOp,
  type SizeParam,
  type StringLiteral,
  spanning,
  type TypeNode,
  type UseBinding,
} from "./tree";

/** Operators in one chain (`a + b + …`), or branches (`else if …`); more are refused, because everything after parsing may recurse over the tree. */
export const MAX_CHAIN = 1000;

const EXPRESSION = "an expression";

export class TooLong extends Error {
  constructor(
    readonly range: Range,
    readonly what: string,
  ) {
    super("expression too long");
  }
}

/** Thrown to give a segment up: looking for a place to go on is not free. */
export class GivenUp extends Error {}
/** Mistakes in one segment, of which the first is reported, before it is given up. */
const MAX_MISTAKES = 20;

const reductionTypes = new Set<TokenType>(Object.values(reductionWords));

interface Complaint {
  readonly range: Range;
  readonly found: string;
  readonly expected: string;
}

export class Grammar extends EmbeddedActionsParser {
  complaints: Complaint[] = [];

  /** Looking for ambiguities takes longer than making the parser: the tests do it, once. */
  constructor(validate = false) {
    super(allTokens, {
      recoveryEnabled: true,
      maxLookahead: 2,
      skipValidations: !validate,
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
    if (this.errors.length > MAX_MISTAKES) throw new GivenUp();
    const { SAVE_ERROR } = this as unknown as { SAVE_ERROR(this: Grammar, error: Error): Error };
    throw SAVE_ERROR.call(this, new NoViableAltException(expected ?? EXPRESSION, this.LA(1), this.LA(0)));
  }

  /** `a, b, …`, or nothing. Once in a rule: the number keeps its subrule apart from the others. */
  private listOf<T>(rule: ParserMethod<[], T>): T[] {
    const found: T[] = [];
    this.MANY_SEP9({ SEP: signs.comma, DEF: () => this.take(rule, found) });
    return found;
  }

  private nonEmptyListOf<T>(rule: ParserMethod<[], T>): T[] {
    const found: T[] = [];
    this.AT_LEAST_ONE_SEP9({ SEP: signs.comma, DEF: () => this.take(rule, found) });
    return found;
  }

  private take<T>(rule: ParserMethod<[], T>, found: T[]): void {
    const one = this.SUBRULE9(rule);
    this.ACTION(() => {
      // What recovery lost has been reported.
      if (one !== undefined) found.push(one);
    });
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
    this.CONSUME(itemWords.import);
    this.CONSUME(signs.openBrace);
    const names = this.listOf(this.name);
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
    this.CONSUME(itemWords.enum);
    const name = this.SUBRULE(this.name);
    this.CONSUME(signs.openBrace);
    const cases = this.listOf(this.name);
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
            range: spanning(paramName.range, type.range),
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
        const operands = this.listOf(this.name);
        this.ACTION(() => combineParams.push(...operands));
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
      range: spanning(name.range, (tolerance ?? value).range),
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
          range: spanning(name.range, more.range),
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
              range: spanning(sizeName.range, tokenRange(kind)),
            }),
          );
        },
      });
      this.CONSUME(signs.close);
    });
    const where =
      this.OPTION2(() => {
        this.CONSUME(words.where);
        return this.nonEmptyListOf(this.expression);
      }) ?? [];
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
      const name = this.SUBRULE(this.name);
      this.CONSUME(signs.open);
      const args = this.listOf(this.expression);
      const close = this.CONSUME(signs.close);
      return this.ACTION(() => ({
        kind: "call",
        name,
        args,
        range: spanning(name.range, tokenRange(close)),
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
    this.CONSUME(signs.openSquare);
    const binders = this.nonEmptyListOf(this.binder);
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
      range: spanning(name.range, hi.range),
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
      const name = this.SUBRULE(this.name);
      const indices =
        this.OPTION(() => {
          this.CONSUME(signs.openSquare);
          const names = this.listOf(this.name);
          this.CONSUME(signs.closeSquare);
          return names;
        }) ?? [];
      this.CONSUME(signs.assign);
      const value = this.SUBRULE(this.expression);
      return this.ACTION(() => ({
        kind: "use-binding",
        name,
        indices,
        value,
        range: spanning(name.range, value.range),
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
        range: spanning(name.range, power?.range ?? end ?? name.range),
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

  private expression: ParserMethod<[], Expr> = this.RULE(
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

  private defaultValue = this.RULE(
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

  private ifExpression: ParserMethod<[], Expr> = this.RULE(
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

  private reduction: ParserMethod<[], Expr> = this.RULE(
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

  private table: ParserMethod<[], Expr> = this.RULE(
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

  private list: ParserMethod<[], Expr> = this.RULE(
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

let instance: Grammar | undefined;
/** One parser for the process: building it costs more than a hundred parses. */
export function grammar(): Grammar {
  instance ??= new Grammar();
  return instance;
}
