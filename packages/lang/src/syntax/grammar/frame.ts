/** What every layer of the grammar stands on: how mistakes are met and said, lists, names and texts. */
import {
  EmbeddedActionsParser,
  type IToken,
  NoViableAltException,
  type ParserMethod,
  type TokenType,
} from "chevrotain";
import { allTokens, Identifier, StringToken, signs, tokenRange } from "../tokens";
import { errorName, type Name, nowhere, type Range, type StringLiteral } from "../tree";

export const EXPRESSION = "an expression";

/** Thrown to give a segment up: looking for a place to go on is not free. */
export class GivenUp extends Error {}
/** Mistakes in one segment, of which the first is reported, before it is given up. */
const MAX_MISTAKES = 20;

interface Complaint {
  readonly range: Range;
  readonly found: string;
  readonly expected: string;
}

export class GrammarFrame extends EmbeddedActionsParser {
  complaints: Complaint[] = [];

  constructor(validate: boolean) {
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
  }

  /** What recovery inserts stands right after what was read. */
  protected override getTokenToInsert(type: TokenType): IToken {
    return { ...super.getTokenToInsert(type), startOffset: tokenRange(this.LA(0)).end };
  }

  /** Chevrotain's own works out every token that could have followed, which takes milliseconds; we say it by name. */
  protected raiseNoAltException(_: number, expected: string | undefined): never {
    if (this.errors.length > MAX_MISTAKES) throw new GivenUp();
    const { SAVE_ERROR } = this as unknown as { SAVE_ERROR(this: GrammarFrame, error: Error): Error };
    throw SAVE_ERROR.call(this, new NoViableAltException(expected ?? EXPRESSION, this.LA(1), this.LA(0)));
  }

  /** `a, b, …`, or nothing. Once in a rule: the number keeps its subrule apart from the others. */
  protected listOf<T>(rule: ParserMethod<[], T>): T[] {
    const found: T[] = [];
    this.MANY_SEP9({ SEP: signs.comma, DEF: () => this.take(rule, found) });
    return found;
  }

  protected nonEmptyListOf<T>(rule: ParserMethod<[], T>): T[] {
    const found: T[] = [];
    this.AT_LEAST_ONE_SEP9({ SEP: signs.comma, DEF: () => this.take(rule, found) });
    return found;
  }

  protected take<T>(rule: ParserMethod<[], T>, found: T[]): void {
    const one = this.SUBRULE9(rule);
    this.ACTION(() => {
      // What recovery lost has been reported.
      if (one !== undefined) found.push(one);
    });
  }

  protected name = this.RULE(
    "name",
    (): Name => {
      const token = this.CONSUME(Identifier);
      return { kind: "name", text: token.isInsertedInRecovery ? "" : token.image, range: tokenRange(token) };
    },
    { recoveryValueFunc: () => errorName },
  );

  protected text = this.RULE(
    "text",
    (): StringLiteral => {
      const token = this.CONSUME(StringToken);
      return { kind: "string", value: token.image.slice(1, -1), range: tokenRange(token) };
    },
    { recoveryValueFunc: (): StringLiteral => ({ kind: "string", value: "", range: nowhere }) },
  );
}
