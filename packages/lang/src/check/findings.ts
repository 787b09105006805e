/** What checking knows and says: the first layer of the checker. */
import { type Arguments, type Diagnostic, type DiagnosticCode, diagnostic } from "../diagnostics";
import { habitOfName } from "../habits";
import type { Expr, Name, Range, TaskItem } from "../syntax/tree";
import type { CheckedFile, Meaning, Type } from "./checked";
import { lookUp, type Scope } from "./scope";
import { suggest } from "./suggest";
import { typeName, UNKNOWN } from "./types";

export abstract class Findings {
  protected readonly files: CheckedFile[] = [];
  protected readonly diagnostics: Diagnostic[] = [];
  protected readonly types = new WeakMap<Expr, Type>();
  protected readonly symbols = new Map<Name, Meaning>();
  protected readonly static = new WeakSet<Expr>();
  protected readonly owners = new Map<object, CheckedFile>();
  protected readonly scopes = new Map<CheckedFile, Scope>();
  /** The file that is being looked at. */
  protected file!: CheckedFile;

  /** Looks at the file where an item or a member stands, and then at this one again. */
  protected within<T>(item: object, work: (scope: Scope) => T): T {
    const before = this.file;
    this.file = this.owners.get(item) ?? before;
    try {
      return work(this.scopes.get(this.file)!);
    } finally {
      this.file = before;
    }
  }

  protected declare(scope: Scope, name: Name, symbol: Meaning): void {
    if (name.text === "") return;
    this.symbols.set(name, symbol);
    const taken =
      symbol.kind === "let" || symbol.kind === "binder" || symbol.kind === "use-index"
        ? lookUp(scope, name.text)
        : scope.names.get(name.text);
    const hides = taken !== undefined && !(taken.kind === "fn" || taken.kind === "task");
    if ((hides || scope.names.has(name.text)) && name.text !== "_") {
      this.report("duplicate-name", name.range, { name: name.text });
    }
    scope.names.set(name.text, symbol);
  }

  protected unknown(
    name: Name,
    scope: Scope,
    kinds: readonly Meaning["kind"][],
    more: readonly string[] = [],
  ): void {
    if (name.text === "") return;
    const names = [...more];
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      for (const [text, symbol] of s.names) if (kinds.includes(symbol.kind)) names.push(text);
    }
    const suggestion = habitOfName(name.text) || suggest(name.text, names);
    this.report("unknown-name", name.range, { name: name.text, suggestion });
  }

  /** The task of a name, which is reported where it has none. */
  protected task(name: Name, scope: Scope): TaskItem | undefined {
    const symbol = lookUp(scope, name.text);
    if (symbol?.kind !== "task") {
      this.unknown(name, scope, ["task"]);
      return undefined;
    }
    this.symbols.set(name, symbol);
    return symbol.declaration;
  }

  protected requireStatic(expr: Expr, what: string): void {
    if (this.static.has(expr) || (this.types.get(expr) ?? UNKNOWN).kind === "unknown") return;
    this.report("not-static", expr.range, { what, found: `\`${this.source(expr)}\`` });
  }

  protected inherit(expr: Expr, parts: readonly Expr[]): void {
    if (parts.length > 0 && parts.every((p) => this.static.has(p))) this.static.add(expr);
  }

  protected mismatch(at: Expr, expected: string, found: Type): void {
    this.wrongType(smallest(at), expected, typeName(found));
  }

  protected wrongType(range: Range, expected: string, found: string): void {
    this.report("type-mismatch", range, { expected, found, suggestion: "" });
  }

  protected source(expr: Expr): string {
    const text = this.file.text.slice(expr.range.start, expr.range.end).replace(/\s+/g, " ");
    return text.length > 40 ? `${text.slice(0, 40)}…` : text;
  }

  protected wrongRank(range: Range, name: string, expected: number, found: number): void {
    this.report("wrong-rank", range, { name, expected: indices(expected), found: String(found) });
  }

  protected wrongArity(range: Range, name: string, expected: string, found: number): void {
    this.report("wrong-arity", range, { name, expected, found: String(found) });
  }

  protected report<C extends DiagnosticCode>(code: C, range: Range, args: Arguments<C>): void {
    if (!this.brokenOnLine(range))
      this.diagnostics.push(diagnostic(code, { file: this.file.path, range }, args));
  }

  /** A syntax error inside has been reported already. */
  protected brokenIn(range: Range): boolean {
    return this.diagnostics.some(
      (d) =>
        d.file === this.file.path &&
        d.range.start >= range.start - 1 &&
        d.range.end <= range.end + 1 &&
        d.code === "unexpected-token",
    );
  }

  /** A syntax error on the same line has been reported already: what the rest of the line means is guesswork. */
  private brokenOnLine(range: Range): boolean {
    const { text } = this.file;
    const start = text.lastIndexOf("\n", range.start) + 1;
    const end = text.indexOf("\n", range.end);
    return this.brokenIn({ start, end: end < 0 ? text.length : end });
  }
}

/** Where a branching expression is wrong, its last value is to blame, not all of it. */
export function smallest(expr: Expr): Range {
  if (expr.kind === "block") return smallest(expr.value);
  return expr.range;
}

export const plural = (n: number, word: string): string =>
  `${n === 0 ? "no" : n} ${word}${n === 1 ? "" : word.endsWith("x") ? "es" : "s"}`;
const indices = (n: number): string => (n === 1 ? "1 index" : `${n === 0 ? "no" : n} indices`);
