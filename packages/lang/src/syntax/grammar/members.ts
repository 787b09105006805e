/** The members of a task or a reduction: families, `use`, `expect`, `assume`, and what a reduction maps. */
import { memberWords, NumberToken, placeWords, signs, tokenRange } from "../tokens";
import {
  type Binder,
  type Call,
  type ExpectClaim,
  type Expr,
  errorExpr,
  errorName,
  type FamilyRole,
  type Member,
  type Name,
  nowhere,
  spanning,
  type UseBinding,
} from "../tree";
import { ExpressionGrammar } from "./expressions";

export class MemberGrammar extends ExpressionGrammar {
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

  protected familyMember = this.RULE("familyMember", (): Member => {
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

  protected binders = this.RULE("binders", (): Binder[] => {
    this.CONSUME(signs.openSquare);
    const binders = this.nonEmptyListOf(this.binder);
    this.CONSUME(signs.closeSquare);
    return binders;
  });

  protected useMember = this.RULE("useMember", (): Member => {
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
  protected binding = this.RULE(
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
  protected bindingMember = this.RULE("bindingMember", (): Member => {
    const binding = this.SUBRULE(this.binding);
    return { kind: "map", binding, range: nowhere };
  });

  protected expectMember = this.RULE("expectMember", (): Member => {
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

  protected figureClaim = this.RULE("figureClaim", (): ExpectClaim => {
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

  protected classClaim = this.RULE("classClaim", (): ExpectClaim => {
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

  protected assumeMember = this.RULE("assumeMember", (): Member => {
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

  protected call = this.RULE(
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
}
