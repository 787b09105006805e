/**
 * The text of equations, read back: `readSystem(printSystem(s))` has the same families, pieces and expressions as `s` (the
 * same objects, since they are interned); where things came from is not in the text. For people who take a pipeline apart.
 */
import { reductionWords } from "@fathom/lang";
import * as build from "./build";
import { inferredType } from "./print";
import type {
  Comparison,
  Condition,
  Conjunction,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Operator,
  Piece,
  ReduceOp,
  Role,
  Size,
  Subscript,
  System,
} from "./system";

/** The text is not what `printSystem` writes. */
class SystemSyntaxError extends Error {}

const roles: readonly string[] = ["input", "param", "random", "node", "output"];
const reductions: readonly string[] = Object.keys(reductionWords).filter((word) => word !== "reduce");
const pattern =
  /\s*(?:(\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(to-int|to-real|[A-Za-z_][A-Za-z0-9_']*(?:\.[A-Za-z_][A-Za-z0-9_']*)*)|(=>|==|!=|<=|\.\.|[-+*^()[\]{},;:|=<>?#.]))/y;

/** @throws SystemSyntaxError */
export function readSystem(text: string): System {
  const words: string[] = [];
  pattern.lastIndex = 0;
  let end = 0;
  for (let m = pattern.exec(text); m !== null; m = pattern.exec(text)) {
    words.push(m[1] ?? m[2] ?? m[3]!);
    end = pattern.lastIndex;
  }
  if (text.slice(end).trim() !== "")
    throw new SystemSyntaxError(`unexpected text: ${text.slice(end, end + 20)}`);
  return new Reader(words).system();
}

class Reader {
  private at = 0;
  private readonly sizes = new Set<string>();
  private readonly types = new Map<string, ElementType>();

  constructor(private readonly words: readonly string[]) {}

  private peek(k = 0): string {
    return this.words[this.at + k] ?? "";
  }

  private next(): string {
    return this.words[this.at++] ?? "";
  }

  private accept(word: string): boolean {
    if (this.peek() !== word) return false;
    this.at++;
    return true;
  }

  private take(word: string): void {
    const found = this.next();
    if (found !== word)
      throw new SystemSyntaxError(
        `expected ${word}, found ${found === "" ? "the end" : found} (word ${this.at})`,
      );
  }

  private list<T>(close: string, item: () => T, separator = ","): T[] {
    const items: T[] = [];
    while (!this.accept(close)) {
      if (items.length > 0) this.take(separator);
      items.push(item());
    }
    return items;
  }

  system(): System {
    this.take("system");
    const name = this.next();
    this.take("(");
    const sizes = this.list(")", (): Size => {
      const size = this.next();
      this.take(":");
      this.sizes.add(size);
      return { name: size, kind: this.next() === "const" ? "const" : "size" };
    });
    const constraints = this.accept("where") ? this.condition() : build.always;
    // Families may be read before they are declared: heads first, then equations.
    const start = this.at;
    const heads: { family: Omit<Family, "pieces">; body: number }[] = [];
    while (this.at < this.words.length) {
      if (!roles.includes(this.peek()) || this.peek(-1) === ".") {
        this.at++;
        continue;
      }
      const family = this.head();
      heads.push({ family, body: this.at });
      this.types.set(family.name, family.type);
      while (this.at < this.words.length && !roles.includes(this.peek())) this.at++;
    }
    if (heads.length > 0 && start !== heads[0]!.body && this.words[start] !== heads[0]!.family.role)
      throw new SystemSyntaxError(`expected a family, found ${this.words[start]}`);
    const families = heads.map(({ family, body }): Family => {
      this.at = body;
      const pieces: Piece[] = [];
      while (this.accept("|")) {
        const guard = this.condition();
        this.take("=");
        pieces.push({ guard, value: this.expr() });
      }
      if (this.at < this.words.length && !roles.includes(this.peek()))
        throw new SystemSyntaxError(`expected a family or an equation, found ${this.peek()}`);
      return { ...family, pieces };
    });
    return { name, sizes, constraints, families };
  }

  private head(): Omit<Family, "pieces"> {
    const role = this.next() as Role;
    const name = this.next();
    const dims = this.accept("[") ? this.list("]", () => this.dim()) : [];
    this.take(":");
    return { name, role, dims, type: this.type() };
  }

  private dim(): Dim {
    const index = this.next();
    this.take(":");
    const lo = this.sum();
    this.take("..");
    return { index, lo, hi: this.sum() };
  }

  private type(): ElementType {
    const word = this.next();
    if (word === "bit") return build.bit;
    if (word === "int") return build.int;
    if (word === "real") return build.real;
    const width = /^vec([234])$/.exec(word)?.[1];
    if (width !== undefined) return build.vectorType(Number(width) as 2 | 3 | 4);
    if (word === "index") {
      this.take("(");
      const bound = this.sum();
      this.take(")");
      return build.indexType(bound);
    }
    if (word !== "enum") throw new SystemSyntaxError(`expected a type, found ${word}`);
    const name = this.next();
    this.take("{");
    return build.enumType(
      name,
      this.list("}", () => this.next()),
    );
  }

  // Index expressions

  private sum(): IndexExpr {
    let left = this.product();
    while (this.peek() === "+" || this.peek() === "-")
      left = this.next() === "+" ? build.add(left, this.product()) : build.sub(left, this.product());
    return left;
  }

  private product(): IndexExpr {
    const operators = { "*": build.mul, div: build.div, mod: build.mod } as const;
    let left = this.atom();
    while (Object.hasOwn(operators, this.peek()))
      left = operators[this.next() as keyof typeof operators](left, this.atom());
    return left;
  }

  private atom(): IndexExpr {
    if (this.accept("(")) {
      const e = this.sum();
      this.take(")");
      return e;
    }
    if (this.accept("-")) return build.integer(-Number(this.next()));
    const word = this.next();
    if (word === "2" && this.accept("^")) return build.pow2(this.atom());
    if (/^\d+$/.test(word)) return build.integer(Number(word));
    if ((word === "min" || word === "max" || word === "log2") && this.accept("(")) {
      const args = this.list(")", () => this.sum());
      if (word === "log2") return build.log2(args[0]!);
      return build.indexOperators[word](args[0]!, args[1]!);
    }
    if (!/^[A-Za-z_]/.test(word)) throw new SystemSyntaxError(`expected an index expression, found ${word}`);
    return this.sizes.has(word) ? build.size(word) : build.index(word);
  }

  private condition(): Condition {
    if (this.accept("true")) return build.always;
    if (this.accept("false")) return build.never;
    const some: Conjunction[] = [];
    do {
      const all: Comparison[] = [];
      do {
        const left = this.sum();
        const op = this.next() as Comparison["op"];
        all.push(build.compare(op, left, this.sum()));
      } while (this.accept("and"));
      some.push(all);
    } while (this.accept("or"));
    return some;
  }

  // Values

  private number(): number {
    const negative = this.accept("-");
    const word = this.next();
    const value = word === "Infinity" ? Number.POSITIVE_INFINITY : Number(word);
    return negative ? -value : value;
  }

  private typed(otherwise: ElementType): ElementType {
    return this.accept(":") ? this.type() : otherwise;
  }

  /** `i: 0..n where … when …>` of a reduction. */
  private points(): { dims: Dim[]; filter: Condition; dataFilter: Expr | undefined } {
    const dims: Dim[] = [];
    do dims.push(this.dim());
    while (this.accept(","));
    const filter = this.accept("where") ? this.condition() : build.always;
    const dataFilter = this.accept("when") ? this.expr() : undefined;
    this.take(">");
    return { dims, filter, dataFilter };
  }

  private fold(): Expr {
    const name = this.next();
    this.take("{");
    const types = this.list("}", () => this.type());
    this.take("{");
    const identity = this.list("}", () => this.expr());
    this.take("{");
    const combine = this.list("}", () => this.expr());
    this.take("<");
    const { dims, filter, dataFilter } = this.points();
    this.take("(");
    const bodies = this.list(")", () => this.expr());
    this.take(".");
    const position = Number(this.next());
    return build.fold({ name, types, identity, combine }, dims, bodies, position, { filter, dataFilter });
  }

  private expr(): Expr {
    const word = this.peek();
    if (word === "-" || /^\d/.test(word) || word === "Infinity") {
      const value = this.number();
      this.take(":");
      return build.constant(this.type(), value);
    }
    this.at++;
    if (word === "#") {
      this.take("(");
      const value = this.sum();
      this.take(")");
      return build.indexValue(value);
    }
    if (word === "fold") return this.fold();
    if ((word === "left" || word === "right") && this.peek() === "(") {
      this.take("(");
      const position = Number(this.next());
      this.take(")");
      this.take(":");
      return build.operand(word, position, this.type());
    }
    if (word === "choose") {
      this.take("{");
      const cases = this.list(
        "}",
        () => {
          const guard = this.condition();
          this.take("=>");
          return { guard, value: this.expr() };
        },
        ";",
      );
      return build.choose(cases, this.typed(build.typeOf(cases[0]!.value)));
    }
    if (this.peek() === "[") {
      this.at++;
      const at = this.list("]", (): Subscript => {
        if (!this.accept("?")) return { kind: "static", value: this.sum() };
        this.take("(");
        const value = this.expr();
        this.take("in");
        const lo = this.sum();
        this.take("..");
        const hi = this.sum();
        this.take(")");
        return { kind: "dynamic", value, lo, hi };
      });
      const declared = this.types.get(word);
      if (declared === undefined) throw new SystemSyntaxError(`no family is called ${word}`);
      return build.read(word, at, this.typed(declared));
    }
    if (reductions.includes(word) && this.accept("<")) {
      const { dims, filter, dataFilter } = this.points();
      this.take("(");
      const body = this.expr();
      this.take(")");
      return build.reduce(word as ReduceOp, dims, body, this.typed(build.typeOf(body)), {
        filter,
        dataFilter,
      });
    }
    this.take("(");
    if (word === "table") {
      const radix: number[] = [];
      const args = this.list(")", () => {
        const arg = this.expr();
        this.take("<");
        radix.push(Number(this.next()));
        return arg;
      });
      this.take("[");
      const entries = this.list("]", () => this.number());
      this.take(":");
      return build.lookup(args, radix, entries, this.type());
    }
    if (word === "component") {
      const of = this.expr();
      this.take(",");
      const position = Number(this.next());
      this.take(")");
      return build.component(of, position);
    }
    const args = this.list(")", () => this.expr());
    if (word === "vector") return build.vector(args);
    if (word === "select")
      return build.select(args[0]!, args[1]!, args[2]!, this.typed(build.typeOf(args[1]!)));
    return build.apply(word as Operator, args, this.typed(inferredType(word as Operator, args)));
  }
}
