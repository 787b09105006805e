/**
 * The grammar of one segment, with embedded actions: an item, the head of a task or a reduction, a member.
 * One class in layers, a file each: frame ◄ expressions ◄ members ◄ items, which are here.
 */
import { itemWords, placeWords, signs, tokenRange, words } from "../tokens";
import {
  type ExampleEntry,
  type Expr,
  type Item,
  type Name,
  nowhere,
  type Param,
  type SizeParam,
  spanning,
} from "../tree";
import { MemberGrammar } from "./members";

export class Grammar extends MemberGrammar {
  /** Looking for ambiguities takes longer than making the parser: the tests do it, once. */
  constructor(validate = false) {
    super(validate);
    this.performSelfAnalysis();
  }

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
}

let instance: Grammar | undefined;
/** One parser for the process: building it costs more than a hundred parses. */
export function grammar(): Grammar {
  instance ??= new Grammar();
  return instance;
}
