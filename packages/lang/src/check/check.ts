/**
 * Names, types and shapes. Never throws; one mistake gives one diagnostic, because a node whose type is unknown agrees
 * with everything. Linear in the text: every expression is looked at once.
 */
import { builtins } from "../builtins";
import { type Arguments, type Diagnostic, type DiagnosticCode, diagnostic } from "../diagnostics";
import { habitOfName } from "../habits";
import { parse } from "../syntax/parse";
import { readShape } from "../syntax/read-shape";
import type {
  AssumeMember,
  Binder,
  ExampleItem,
  Expr,
  FamilyMember,
  FnItem,
  If,
  Item,
  MonoidItem,
  Name,
  Range,
  Reduction,
  ReductionItem,
  TaskItem,
  TypeNode,
  UseMember,
} from "../syntax/tree";
import type { CheckedFile, CheckedProgram, Host, Meaning, Type } from "./checked";

const UNKNOWN: Type = { kind: "unknown" };
/** Components a tuple may have: each is an equation of its own. */
const MAX_WIDTH = 64;
/** Families without a type whose equations may be nested, each in that of the one before. */
const DEEPEST = 200;
const BIT: Type = { kind: "bit" };
const INT: Type = { kind: "int" };
const REAL: Type = { kind: "real" };

/** Parses and checks a file and all that it imports. Without a host, imports are not found. */
export function check(path: string, text: string, host?: Host): CheckedProgram {
  return new Checker(host).program(path, text);
}

/** How a type is called in messages. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case "bit":
    case "int":
    case "real":
      return type.kind;
    case "vector":
      return `vec${type.width}`;
    case "index":
      return "index";
    case "enum":
      return type.item.name.text;
    case "tuple":
      return `${typeName(type.of)}^${type.width}`;
    case "unknown":
      return "an unknown type";
  }
}

type Scope = { readonly names: Map<string, Meaning>; readonly outer: Scope | undefined };

const inside = (outer: Scope): Scope => ({ names: new Map(), outer });

function lookUp(scope: Scope | undefined, name: string): Meaning | undefined {
  for (let s = scope; s !== undefined; s = s.outer) {
    const found = s.names.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const describe = (symbol: Meaning): string => {
  const words: Record<Meaning["kind"], string> = {
    size: "a size",
    const: "a constant",
    binder: "an index",
    "use-index": "an index",
    param: "a parameter",
    operand: "an operand",
    let: "a value",
    family: "a family",
    use: "a used task",
    fn: "a function",
    builtin: "a built-in function",
    enum: "an enum",
    "enum-case": "an enum case",
    task: "a task",
    monoid: "a monoid",
  };
  return words[symbol.kind];
};

const plural = (n: number, word: string): string =>
  `${n === 0 ? "no" : n} ${word}${n === 1 ? "" : word.endsWith("x") ? "es" : "s"}`;
const indices = (n: number): string => (n === 1 ? "1 index" : `${n === 0 ? "no" : n} indices`);

class Checker {
  private readonly files: CheckedFile[] = [];
  private readonly diagnostics: Diagnostic[] = [];
  private readonly types = new WeakMap<Expr, Type>();
  private readonly families = new Map<FamilyMember, Type | "busy">();
  /** How many equations are being looked into, one inside the other, and those whose turn comes after. */
  private nesting = 0;
  private readonly later: (() => void)[] = [];
  private readonly maps = new Map<
    ReductionItem,
    { readonly task: TaskItem; readonly from: TaskItem; readonly to: TaskItem; readonly use: UseMember }
  >();
  private readonly carriers = new Map<MonoidItem, Type>();
  private readonly fnTypes = new Map<FnItem, Type | "busy">();
  private readonly symbols = new Map<Name, Meaning>();
  private readonly static = new WeakSet<Expr>();
  private readonly owners = new Map<object, CheckedFile>();
  private readonly scopes = new Map<CheckedFile, Scope>();
  private readonly taskScopes = new Map<TaskItem, Scope>();
  private readonly constants = new Set<object>();
  private readonly usedLets = new Set<object>();
  private file!: CheckedFile;

  constructor(private readonly host: Host | undefined) {}

  program(path: string, text: string): CheckedProgram {
    const first = this.load(path, text, []);
    for (const file of this.files) this.checkFile(file);
    const items = first.tree.items;
    return {
      files: this.files,
      tasks: items.filter((i) => i.kind === "task"),
      examples: items.filter((i) => i.kind === "example"),
      reductions: items.filter((i) => i.kind === "reduction"),
      diagnostics: this.diagnostics,
      typeOf: (expr) => this.types.get(expr) ?? UNKNOWN,
      familyType: (family) => {
        const type = this.families.get(family);
        return type === undefined || type === "busy" ? UNKNOWN : type;
      },
      carrierOf: (monoid) => this.carriers.get(monoid) ?? UNKNOWN,
      typeOfNode: (node) => this.nodes.get(node) ?? UNKNOWN,
      reductionTask: (reduction) => this.maps.get(reduction)?.task,
      reductionEnds: (reduction) => this.maps.get(reduction),
      symbolOf: (name) => this.symbols.get(name),
      isStatic: (expr) => this.static.has(expr),
      fileOf: (item) => this.owners.get(item) ?? first,
    };
  }

  // Files

  private load(path: string, text: string, trail: readonly string[]): CheckedFile {
    const { tree, diagnostics } = this.host?.parse?.(text, path) ?? parse(text, path);
    const file: CheckedFile = { path, text, tree };
    this.files.push(file);
    this.diagnostics.push(...diagnostics);
    const scope: Scope = { names: new Map(), outer: undefined };
    this.scopes.set(file, scope);
    this.file = file;
    for (const item of tree.items) {
      this.owners.set(item, file);
      if (item.kind === "task" || item.kind === "reduction")
        for (const m of item.members) this.owners.set(m, file);
      const symbol = itemSymbol(item);
      if (symbol !== undefined && "name" in item) this.declare(scope, item.name, symbol);
    }
    for (const item of tree.items) {
      if (item.kind !== "import") continue;
      this.file = file;
      const spec = item.from.value;
      if (spec === "") continue;
      const found = this.host?.resolve(path, spec);
      if (found === undefined) {
        this.report("import-not-found", item.from.range, { spec: `"${spec}"` });
        for (const name of item.names) this.symbols.set(name, { kind: "builtin", name: "" });
        for (const name of item.names) scope.names.set(name.text, { kind: "builtin", name: "" });
        continue;
      }
      if (found.path === path || trail.includes(found.path)) {
        this.report("import-cycle", item.from.range, {
          path: [...trail, path, found.path].map((p) => `"${p}"`).join(" → "),
        });
        continue;
      }
      const other =
        this.files.find((f) => f.path === found.path) ?? this.load(found.path, found.text, [...trail, path]);
      this.file = file;
      const exported = this.scopes.get(other)!;
      for (const name of item.names) {
        const symbol = exported.names.get(name.text);
        if (symbol === undefined) {
          this.report("not-exported", name.range, {
            spec: `"${spec}"`,
            name: name.text,
            suggestion: suggest(name.text, exported.names.keys()),
          });
          scope.names.set(name.text, { kind: "builtin", name: "" });
        } else this.declare(scope, name, symbol);
      }
    }
    return file;
  }

  private checkFile(file: CheckedFile): void {
    this.file = file;
    const scope = this.scopes.get(file)!;
    for (const item of file.tree.items) if (item.kind === "const") this.checkConst(item, scope);
    for (const item of file.tree.items) {
      this.file = file;
      if (item.kind === "fn") this.fnType(item);
      if (item.kind === "enum") {
        const seen = inside(scope);
        item.cases.forEach((name, ordinal) => {
          this.declare(seen, name, { kind: "enum-case", declaration: item, ordinal });
        });
      }
      if (item.kind === "task") this.checkTask(item);
      if (item.kind === "monoid") this.checkMonoid(item, scope);
    }
    for (const item of file.tree.items) {
      this.file = file;
      if (item.kind === "example") this.checkExample(item, scope);
      if (item.kind === "reduction") this.checkReduction(item, scope);
    }
  }

  private checkConst(item: Extract<Item, { kind: "const" }>, scope: Scope): void {
    if (this.constants.has(item)) return;
    this.constants.add(item);
    const want = item.type === undefined ? undefined : this.typeNode(item.type, scope);
    this.infer(item.value, scope, want);
    this.requireStatic(item.value, "a const");
  }

  // Tasks

  private scopeOf(task: TaskItem): Scope {
    const known = this.taskScopes.get(task);
    if (known !== undefined) return known;
    const before = this.file;
    this.file = this.owners.get(task) ?? this.file;
    const scope = inside(this.scopes.get(this.file)!);
    this.taskScopes.set(task, scope);
    for (const s of task.sizes) this.declare(scope, s.name, { kind: "size", declaration: s, task });
    for (const member of task.members) {
      if (member.kind === "family")
        this.declare(scope, member.name, { kind: "family", declaration: member, task });
      if (member.kind === "use") {
        const target = lookUp(this.scopes.get(this.file), member.task.text);
        if (target?.kind === "task") {
          this.symbols.set(member.task, target);
          this.declare(scope, member.alias, { kind: "use", declaration: member, target: target.declaration });
        } else {
          this.unknown(member.task, this.scopes.get(this.file)!, ["task"]);
          scope.names.set(member.alias.text, { kind: "builtin", name: "" });
        }
      }
    }
    this.file = before;
    return scope;
  }

  private checkTask(task: TaskItem): void {
    const scope = this.scopeOf(task);
    for (const condition of task.where) {
      this.infer(condition, scope, BIT);
      this.requireStatic(condition, "a condition of `where`");
    }
    for (const member of task.members) {
      switch (member.kind) {
        case "family":
          this.familyType(member, task);
          break;
        case "use":
          this.checkUse(member, task, scope);
          break;
        case "expect":
          if (member.claim.kind === "figure") {
            this.infer(member.claim.value, scope, INT);
            this.requireStatic(member.claim.value, "a budget");
          }
          break;
        case "assume":
          this.checkAssume(member, scope);
          break;
        case "map":
        case "error-member":
          break;
      }
    }
  }

  // Reductions

  private checkReduction(item: ReductionItem, outer: Scope): void {
    const [from, to] = [item.from, item.to].map((call) => {
      const symbol = lookUp(outer, call.name.text);
      if (symbol?.kind === "task") {
        this.symbols.set(call.name, symbol);
        return symbol.declaration;
      }
      this.unknown(call.name, outer, ["task"]);
      return undefined;
    });
    if (from === undefined || to === undefined) return;
    const before = this.diagnostics.length;
    const sizes = from.sizes.map((s) => s.name.text).join(", ");
    const named = item.from.args.map((a) => (a.kind === "name-expr" ? a.name.text : ""));
    if (named.join(", ") !== sizes) {
      this.report("reduction-source", item.from.range, {
        task: from.name.text,
        expected: `${from.name.text}(${sizes})`,
      });
      return;
    }
    const given = from.members.filter(
      (m): m is FamilyMember => m.kind === "family" && (m.role === "input" || m.role === "param"),
    );
    const outputs = from.members.filter((m): m is FamilyMember => m.kind === "family" && m.role === "output");
    const [wanted] = outputs;
    if (wanted === undefined || outputs.length !== 1 || wanted.binders.length > 0) {
      this.report("reduction-answer", item.from.range, { task: from.name.text });
      return;
    }
    const own = item.members.filter((m): m is FamilyMember => m.kind === "family" && m.role === "node");
    const maps = item.members.flatMap((m) => (m.kind === "map" ? [m.binding] : []));
    for (const m of item.members)
      if (m.kind !== "map" && m.kind !== "error-member" && !(m.kind === "family" && m.role === "node"))
        this.report("reduction-member", "name" in m ? m.name.range : m.range, {
          found: m.kind === "family" ? `an \`${m.role}\`` : `\`${m.kind}\``,
        });
    const answers = maps.filter((b) => b.name.text === "answer");
    const [answer] = answers;
    if (answer === undefined) {
      this.report("missing-value", item.name.range, { name: "answer", role: "what a reduction delivers" });
      return;
    }
    for (const extra of answers.slice(1)) this.report("duplicate-name", extra.name.range, { name: "answer" });
    const { range } = item;
    const alias: Name = { kind: "name", text: to.name.text, range: item.to.name.range };
    const use: UseMember = {
      kind: "use",
      task: item.to.name,
      args: item.to.args,
      binders: [],
      bindings: maps.filter((b) => b.name.text !== "answer"),
      alias,
      range: item.to.range,
    };
    const output: FamilyMember = {
      kind: "family",
      role: "output",
      name: answer.name,
      binders: [],
      value: answer.value,
      range: answer.range,
    };
    const members = [...given, ...own, use, output];
    const task: TaskItem = {
      kind: "task",
      name: item.name,
      sizes: from.sizes,
      where: from.where,
      members,
      range,
    };
    const scope = inside(outer);
    this.taskScopes.set(task, scope);
    this.owners.set(task, this.file);
    this.owners.set(use, this.file);
    this.owners.set(output, this.file);
    const source = this.scopeOf(from);
    for (const s of from.sizes) scope.names.set(s.name.text, source.names.get(s.name.text)!);
    for (const m of given) scope.names.set(m.name.text, { kind: "family", declaration: m, task: from });
    for (const m of own) this.declare(scope, m.name, { kind: "family", declaration: m, task });
    for (const a of item.from.args) if (a.kind === "name-expr") this.infer(a, scope, INT);
    this.symbols.set(alias, { kind: "use", declaration: use, target: to });
    for (const m of own) this.familyType(m, task);
    this.checkUse(use, task, scope);
    // The target's name stands for its instance in `answer` only: elsewhere it would be a circle.
    const last = inside(scope);
    last.names.set(to.name.text, { kind: "use", declaration: use, target: to });
    const type = this.infer(answer.value, last, this.familyType(wanted, from));
    this.families.set(output, type);
    if (!this.diagnostics.slice(before).some((d) => d.severity === "error"))
      this.maps.set(item, { task, from, to, use });
  }

  /** The element type of a family; checks the family the first time it is asked for. */
  private familyType(family: FamilyMember, task: TaskItem): Type {
    const known = this.families.get(family);
    if (known === "busy") {
      const suggestion = `${family.name.text}: int`;
      this.report("missing-type", family.name.range, { name: family.name.text, suggestion });
      return UNKNOWN;
    }
    if (known !== undefined) return known;
    // Types that follow from one another's equations are inferred one inside the other: only so many.
    if (family.type === undefined && this.nesting > DEEPEST) {
      this.families.set(family, UNKNOWN);
      const suggestion = `${family.name.text}: int`;
      this.report("missing-type", family.name.range, { name: family.name.text, suggestion });
      return UNKNOWN;
    }
    const before = this.file;
    this.file = this.owners.get(family) ?? this.file;
    const scope = inside(this.scopeOf(task));
    this.families.set(family, "busy");
    this.bindAll(family.binders, scope);
    const declared = family.type === undefined ? undefined : this.typeNode(family.type, scope);
    if (declared !== undefined) this.families.set(family, declared);
    let type = declared;
    const body = (): void => {
      this.nesting++;
      type = this.familyBody(family, scope, declared);
      this.nesting--;
    };
    // Whoever reads a family of a declared type need not wait for its equation.
    if (declared !== undefined && this.nesting > 0) this.later.push(body);
    else body();
    if (this.nesting === 0)
      for (let next = this.later.shift(); next !== undefined; next = this.later.shift()) next();
    this.families.set(family, type ?? UNKNOWN);
    this.file = before;
    return type ?? UNKNOWN;
  }

  private familyBody(family: FamilyMember, scope: Scope, type: Type | undefined): Type | undefined {
    this.file = this.owners.get(family) ?? this.file;
    const role =
      family.role === "output" ? "an output" : family.role === "input" ? "an input" : `a ${family.role}`;
    const defined = family.role === "node" || family.role === "output";
    if (defined && family.value === undefined) {
      if (family.type === undefined || !this.brokenIn(family.range)) {
        this.report("missing-value", family.name.range, { name: family.name.text, role });
      }
    } else if (!defined && family.value !== undefined) {
      this.report("unexpected-value", family.value.range, { name: family.name.text, role });
    } else if (!defined && type === undefined) {
      if (!this.brokenIn(family.range))
        this.report("missing-type", family.name.range, {
          name: family.name.text,
          suggestion: `${family.name.text}: real`,
        });
    } else if (family.value !== undefined) {
      const found = this.infer(family.value, scope, type);
      return type ?? found;
    }
    return type;
  }

  /** A syntax error inside has been reported already. */
  private brokenIn(range: Range): boolean {
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

  /** `assume converges(x, s) by diffusion { intrinsic_dim = e }`: the one law there is. */
  private checkAssume({ claim, by, fields, range }: AssumeMember, scope: Scope): void {
    if (by.text !== "diffusion") {
      this.report("assume-unused", range, { law: by.text });
      return;
    }
    const wrong = (at: Range, why: string): void => this.report("assume-form", at, { law: by.text, why });
    const [x, along] = claim.kind === "call" && claim.name.text === "converges" ? claim.args : [];
    if (
      claim.kind !== "call" ||
      claim.args.length !== 2 ||
      x?.kind !== "name-expr" ||
      along?.kind !== "name-expr"
    )
      return wrong(claim.range, "it says `converges(x, s)`, a family and one of its indices");
    const family = scope.names.get(x.name.text);
    if (family?.kind !== "family") return wrong(x.range, `\`${x.name.text}\` is no family of this task`);
    this.symbols.set(x.name, family);
    const binder = family.declaration.binders.find((b) => b.name.text === along.name.text);
    if (binder === undefined)
      return wrong(along.range, `\`${x.name.text}\` has no index \`${along.name.text}\``);
    this.symbols.set(along.name, { kind: "binder", declaration: binder });
    for (const f of fields) {
      if (f.name.text !== "intrinsic_dim")
        wrong(f.name.range, `it has no field \`${f.name.text}\`, only \`intrinsic_dim\``);
      this.infer(f.value, scope, INT);
      this.requireStatic(f.value, "a dimension");
    }
    if (fields.length !== 1) wrong(range, "it needs `{ intrinsic_dim = … }`, once");
  }

  private checkUse(use: UseMember, task: TaskItem, outer: Scope): void {
    const symbol = this.symbols.get(use.alias);
    const scope = inside(outer);
    this.bindAll(use.binders, scope);
    for (const arg of use.args) {
      this.infer(arg, scope, INT);
      this.requireStatic(arg, "a size of a used task");
    }
    if (symbol?.kind !== "use") return;
    const target = symbol.target;
    const cycle = this.useCycle(target, [task]);
    if (cycle !== undefined) {
      this.report("recursive-use", use.task.range, { name: task.name.text, path: cycle.join(" → ") });
      return;
    }
    if (use.args.length !== target.sizes.length) {
      const args = {
        name: target.name.text,
        expected: plural(target.sizes.length, "size"),
        found: String(use.args.length),
      };
      this.report("wrong-arity", use.task.range, args);
    }
    const needed = new Map<string, FamilyMember>();
    for (const m of target.members) {
      if (m.kind === "family" && (m.role === "input" || m.role === "param")) needed.set(m.name.text, m);
    }
    const given = new Set<string>();
    for (const binding of use.bindings) {
      const input = needed.get(binding.name.text);
      const inner = inside(scope);
      if (input === undefined) {
        const suggestion = suggest(binding.name.text, needed.keys());
        this.report("unknown-binding", binding.name.range, {
          task: target.name.text,
          name: binding.name.text,
          suggestion,
        });
        for (const name of binding.indices) inner.names.set(name.text, { kind: "builtin", name: "" });
      } else {
        this.symbols.set(binding.name, { kind: "family", declaration: input, task: target });
        if (given.has(input.name.text))
          this.report("duplicate-name", binding.name.range, { name: input.name.text });
        given.add(input.name.text);
        if (binding.indices.length !== input.binders.length) {
          const args = {
            name: input.name.text,
            expected: indices(input.binders.length),
            found: String(binding.indices.length),
          };
          this.report("wrong-rank", binding.range, args);
        }
        binding.indices.forEach((name, dimension) => {
          this.declare(inner, name, { kind: "use-index", declaration: name, input, dimension });
        });
      }
      this.infer(binding.value, inner, input === undefined ? undefined : this.familyType(input, target));
    }
    for (const [name, input] of needed) {
      if (given.has(name)) continue;
      const at = input.binders.length === 0 ? "" : `[${input.binders.map((b) => b.name.text).join(", ")}]`;
      this.report("missing-binding", use.task.range, {
        task: target.name.text,
        name,
        suggestion: `${name}${at} = 0`,
      });
    }
  }

  private useCycle(from: TaskItem, trail: readonly TaskItem[]): string[] | undefined {
    if (trail.includes(from)) return [...trail, from].map((t) => t.name.text);
    for (const m of from.members) {
      if (m.kind !== "use") continue;
      this.scopeOf(from);
      const symbol = this.symbols.get(m.alias);
      const found = symbol?.kind === "use" ? this.useCycle(symbol.target, [...trail, from]) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private bindAll(binders: readonly Binder[], scope: Scope): void {
    for (const binder of binders) {
      for (const bound of [binder.lo, binder.hi]) {
        this.infer(bound, scope, INT);
        this.requireStatic(bound, "a bound");
      }
      this.declare(scope, binder.name, { kind: "binder", declaration: binder });
    }
  }

  // Functions

  private fnType(fn: FnItem): Type {
    const known = this.fnTypes.get(fn);
    if (known === "busy") {
      this.report("recursive-function", fn.name.range, {
        name: fn.name.text,
        path: `${fn.name.text} → ${fn.name.text}`,
      });
      this.fnTypes.set(fn, UNKNOWN);
      return UNKNOWN;
    }
    if (known !== undefined) return known;
    const before = this.file;
    this.file = this.owners.get(fn) ?? this.file;
    this.fnTypes.set(fn, "busy");
    const outer = this.scopes.get(this.file)!;
    const scope = inside(outer);
    const result = fn.result === undefined ? undefined : this.typeNode(fn.result, outer);
    for (const p of fn.params) {
      this.typeNode(p.type, outer);
      this.declare(scope, p.name, { kind: "param", declaration: p, fn });
    }
    const found = this.infer(fn.body, scope, result);
    const type = this.fnTypes.get(fn) === UNKNOWN ? UNKNOWN : (result ?? found);
    this.fnTypes.set(fn, type);
    this.file = before;
    return type;
  }

  // Monoids

  private carrier(item: MonoidItem): Type {
    const known = this.carriers.get(item);
    if (known !== undefined) return known;
    const before = this.file;
    this.file = this.owners.get(item) ?? this.file;
    const type = this.typeNode(item.carrier, this.scopes.get(this.file)!);
    this.carriers.set(item, type);
    this.file = before;
    return type;
  }

  private checkMonoid(item: MonoidItem, outer: Scope): void {
    const carrier = this.carrier(item);
    for (const field of ["identity", "combine"] as const) {
      if (item[field] !== undefined) continue;
      this.report("missing-value", item.name.range, { name: field, role: `what a monoid consists of` });
    }
    if (item.identity !== undefined) {
      this.infer(item.identity, outer, carrier);
      this.requireStatic(item.identity, "an identity");
    }
    if (item.combine === undefined) return;
    const scope = inside(outer);
    if (item.combineParams.length !== 2) {
      this.report("wrong-arity", item.name.range, {
        name: "combine",
        expected: "2 operands",
        found: String(item.combineParams.length),
      });
    }
    item.combineParams.forEach((name, k) => {
      this.declare(scope, name, { kind: "operand", side: k === 0 ? "left" : "right", monoid: item });
    });
    this.infer(item.combine, scope, carrier);
    const nested = this.reduceIn(item.combine, new Set());
    if (nested !== undefined) this.report("not-yet-supported", nested, { what: "`reduce` inside a monoid" });
  }

  /** Where an expression reduces over a monoid, by itself or through a function. */
  private reduceIn(expr: Expr, visited: Set<FnItem>): Range | undefined {
    for (const part of partsOf(expr)) {
      const found = this.reduceIn(part, visited);
      if (found !== undefined) return found;
    }
    if (expr.kind === "reduction" && expr.op === "reduce") return expr.range;
    if (expr.kind !== "call") return undefined;
    const symbol = this.symbols.get(expr.name);
    if (symbol?.kind !== "fn" || visited.has(symbol.declaration)) return undefined;
    visited.add(symbol.declaration);
    return this.reduceIn(symbol.declaration.body, visited) === undefined ? undefined : expr.range;
  }

  // Types

  private readonly nodes = new WeakMap<TypeNode, Type>();

  private typeNode(node: TypeNode, scope: Scope): Type {
    const known = this.nodes.get(node);
    if (known !== undefined) return known;
    const type = this.freshType(node, scope);
    this.nodes.set(node, type);
    return type;
  }

  private freshType(node: TypeNode, scope: Scope): Type {
    const text = node.name.text;
    if (text === "") return UNKNOWN;
    if (node.power !== undefined) {
      const { power, ...single } = node;
      const of = this.freshType({ ...single, power: undefined }, scope);
      this.infer(power, scope, INT);
      const width = this.constantOf(power);
      if (width === undefined || width < 1 || width > MAX_WIDTH) {
        this.report("type-mismatch", power.range, {
          expected: `a literal or const from 1 to ${MAX_WIDTH}`,
          found: `\`${this.source(power)}\``,
          suggestion: "",
        });
        return UNKNOWN;
      }
      return of.kind === "unknown" ? UNKNOWN : { kind: "tuple", of, width };
    }
    if (text === "index") {
      if (node.argument === undefined) {
        this.report("wrong-arity", node.range, {
          name: "index",
          expected: "a bound, as in `index(n)`",
          found: "none",
        });
        return UNKNOWN;
      }
      this.infer(node.argument, scope, INT);
      this.requireStatic(node.argument, "the bound of an index");
      return { kind: "index", bound: node.argument };
    }
    if (text === "bit") return BIT;
    if (text === "int") return INT;
    if (text === "real") return REAL;
    if (text === "vec2") return { kind: "vector", width: 2 };
    if (text === "vec3") return { kind: "vector", width: 3 };
    if (text === "vec4") return { kind: "vector", width: 4 };
    const symbol = lookUp(scope, text);
    if (symbol?.kind === "enum") {
      this.symbols.set(node.name, symbol);
      return { kind: "enum", item: symbol.declaration };
    }
    if (symbol === undefined) {
      const types = ["bit", "int", "real", "index", "vec2", "vec3", "vec4"];
      const suggestion = habitOfName(text) || suggest(text, types);
      this.report("unknown-name", node.name.range, { name: text, suggestion });
    } else if (symbol.kind === "builtin") this.symbols.set(node.name, symbol);
    else {
      this.report("type-mismatch", node.name.range, {
        expected: "a type",
        found: describe(symbol),
        suggestion: "",
      });
    }
    return UNKNOWN;
  }

  /** The type of an expression; `want` is what its place asks for. Reports a mismatch. */
  private infer(expr: Expr, scope: Scope, want?: Type): Type {
    const type = this.inferInner(expr, scope, want);
    this.types.set(expr, type);
    if (want !== undefined && !agrees(want, type)) {
      this.report("type-mismatch", smallest(expr), {
        expected: typeName(want),
        found: typeName(type),
        suggestion: conversion(want, type, this.file.text.slice(expr.range.start, expr.range.end)),
      });
      this.types.set(expr, want);
      return want;
    }
    return type;
  }

  private inferInner(expr: Expr, scope: Scope, want: Type | undefined): Type {
    switch (expr.kind) {
      case "number":
        this.static.add(expr);
        if (expr.real) return REAL;
        if (want?.kind === "real") return REAL;
        if (want?.kind === "bit" && expr.value <= 1) return BIT;
        return INT;
      case "bool":
        this.static.add(expr);
        return BIT;
      case "string":
        this.report("type-mismatch", expr.range, {
          expected: want === undefined ? "a value" : typeName(want),
          found: "a text",
          suggestion: "",
        });
        return UNKNOWN;
      case "list": {
        if (want?.kind === "tuple" || (want === undefined && expr.elements.length > 0)) {
          const of = want?.kind === "tuple" ? want.of : undefined;
          const types = expr.elements.map((e) => this.infer(e, scope, of));
          this.inherit(expr, expr.elements);
          const first = types.find((t) => t.kind !== "unknown" && t.kind !== "tuple");
          return {
            kind: "tuple",
            of: of ?? (first === undefined ? UNKNOWN : widen(first)),
            width: types.length,
          };
        }
        for (const e of expr.elements) this.infer(e, scope);
        this.report("type-mismatch", expr.range, {
          expected: want === undefined ? "a value" : typeName(want),
          found: "a list",
          suggestion: "",
        });
        return UNKNOWN;
      }
      case "error-expr":
        this.static.add(expr);
        return UNKNOWN;
      case "name-expr":
      case "subscript":
      case "member":
        return this.inferRead(expr, scope);
      case "call":
        return this.inferCall(expr, scope, want);
      case "unary": {
        if (expr.op === "not") {
          this.infer(expr.operand, scope, BIT);
          this.inherit(expr, [expr.operand]);
          return BIT;
        }
        const type = this.infer(expr.operand, scope, numeric(want) ? want : undefined);
        this.inherit(expr, [expr.operand]);
        return this.arithmetic(type, expr.operand);
      }
      case "binary":
        return this.inferBinary(expr, scope, want);
      case "default": {
        const type = this.infer(expr.read, scope, undefined);
        const shape = readShape(expr.read);
        if (
          type.kind !== "unknown" &&
          (shape === undefined || this.static.has(expr.read) || !this.isFamilyRead(expr.read))
        ) {
          this.report("default-needs-read", expr.read.range, { found: "something else" });
        }
        this.infer(expr.otherwise, scope, type);
        return type;
      }
      case "if":
        return this.inferIf(expr, scope, want);
      case "block": {
        const inner = inside(scope);
        for (const l of expr.lets) {
          this.infer(l.value, inner, undefined);
          this.declare(inner, l.name, { kind: "let", declaration: l });
        }
        const type = this.infer(expr.value, inner, want);
        this.inherit(expr, [expr.value]);
        for (const l of expr.lets) {
          if (!this.usedLets.has(l) && !l.name.text.startsWith("_") && l.name.text !== "") {
            this.report("unused-let", l.name.range, { name: l.name.text });
          }
        }
        return type;
      }
      case "reduction":
        return this.inferReduction(expr, scope, want);
      case "table":
        return this.inferTable(expr, scope, want);
    }
  }

  private isFamilyRead(expr: Expr): boolean {
    const shape = readShape(expr);
    const symbol = shape === undefined ? undefined : this.symbols.get(shape.name);
    return symbol?.kind === "family";
  }

  private inferIf(expr: If, scope: Scope, want: Type | undefined): Type {
    this.infer(expr.condition, scope, BIT);
    const [first, second] =
      want === undefined && flexible(expr.then) ? [expr.otherwise, expr.then] : [expr.then, expr.otherwise];
    const type = this.infer(first, scope, want);
    const other = this.infer(second, scope, want ?? widen(type));
    this.inherit(expr, [expr.condition, expr.then, expr.otherwise]);
    return want ?? (type.kind === "unknown" ? other : widen(type));
  }

  private inferRead(expr: Expr, scope: Scope): Type {
    // `Cell.Head`, `v.x`
    if (expr.kind === "member") {
      const owner = expr.target;
      const symbol = owner.kind === "name-expr" ? lookUp(scope, owner.name.text) : undefined;
      if (symbol?.kind === "enum" && owner.kind === "name-expr") {
        this.symbols.set(owner.name, symbol);
        const ordinal = symbol.declaration.cases.findIndex((c) => c.text === expr.name.text);
        if (ordinal < 0) {
          const suggestion = suggest(
            expr.name.text,
            symbol.declaration.cases.map((c) => c.text),
          );
          this.report("no-member", expr.name.range, {
            target: symbol.declaration.name.text,
            name: expr.name.text,
            suggestion,
          });
          return UNKNOWN;
        }
        this.symbols.set(expr.name, { kind: "enum-case", declaration: symbol.declaration, ordinal });
        this.static.add(expr);
        return { kind: "enum", item: symbol.declaration };
      }
    }
    const shape = readShape(expr);
    if (shape === undefined || shape.alias !== undefined) {
      const owner = shape?.alias === undefined ? undefined : lookUp(scope, shape.alias.text);
      if (shape !== undefined && owner?.kind === "use") return this.inferUseRead(expr, shape, owner, scope);
      if (expr.kind === "member") {
        const type = this.infer(expr.target, scope);
        if (type.kind === "unknown") return UNKNOWN;
        const position = "xyzw".indexOf(expr.name.text);
        if (type.kind === "vector" && expr.name.text.length === 1 && position >= 0 && position < type.width)
          return REAL;
        this.report("no-member", expr.name.range, {
          target: typeName(type),
          name: expr.name.text,
          suggestion: "",
        });
        return UNKNOWN;
      }
      if (expr.kind === "subscript") {
        const type = this.infer(expr.target, scope);
        for (const e of expr.at) this.infer(e, scope, INT);
        if (type.kind === "tuple" && expr.at.length === 1) return this.componentType(type, expr.at[0]!);
        if (type.kind !== "unknown") {
          this.report("not-a-family", expr.target.range, {
            name: this.source(expr.target),
            found: "a value",
          });
        }
      }
      return UNKNOWN;
    }
    const symbol = lookUp(scope, shape.name.text);
    if (symbol === undefined) {
      for (const e of shape.at) this.infer(e, scope, INT);
      this.unknown(shape.name, scope, ["family", "binder", "size", "let", "param", "const", "use-index"]);
      return UNKNOWN;
    }
    this.symbols.set(shape.name, symbol);
    if (symbol.kind === "family") {
      const type = this.familyType(symbol.declaration, symbol.task);
      return this.subscripts(symbol.declaration, type, shape.name, shape.at, scope, expr.range);
    }
    if (symbol.kind === "builtin" && symbol.name === "") {
      for (const e of shape.at) this.infer(e, scope);
      return UNKNOWN;
    }
    if (expr.kind === "subscript") {
      for (const e of shape.at) this.infer(e, scope, INT);
      const type = this.valueOfName(symbol, scope);
      if (type?.kind === "unknown") return UNKNOWN;
      if (type?.kind === "tuple" && shape.at.length === 1) {
        if (expr.target.kind === "name-expr") this.types.set(expr.target, type);
        return this.componentType(type, shape.at[0]!);
      }
      this.report("not-a-family", shape.name.range, { name: shape.name.text, found: describe(symbol) });
      return UNKNOWN;
    }
    switch (symbol.kind) {
      case "size":
      case "binder":
      case "use-index":
        this.static.add(expr);
        return INT;
      case "const": {
        const before = this.file;
        this.file = this.owners.get(symbol.declaration) ?? this.file;
        this.checkConst(symbol.declaration, this.scopes.get(this.file)!);
        this.file = before;
        this.static.add(expr);
        return symbol.declaration.type === undefined
          ? (this.types.get(symbol.declaration.value) ?? UNKNOWN)
          : this.typeNode(symbol.declaration.type, scope);
      }
      case "param":
      case "operand":
        return this.valueOfName(symbol, scope)!;
      case "let":
        if (this.static.has(symbol.declaration.value)) this.static.add(expr);
        return this.valueOfName(symbol, scope)!;
      default:
        this.report("not-a-value", shape.name.range, { name: shape.name.text, found: describe(symbol) });
        return UNKNOWN;
    }
  }

  /** The type of a name that stands for a value inside an expression. */
  private valueOfName(symbol: Meaning, scope: Scope): Type | undefined {
    if (symbol.kind === "param") return this.typeNode(symbol.declaration.type, scope);
    if (symbol.kind === "operand") return this.carrier(symbol.monoid);
    if (symbol.kind !== "let") return undefined;
    this.usedLets.add(symbol.declaration);
    return this.types.get(symbol.declaration.value) ?? UNKNOWN;
  }

  private inferUseRead(
    expr: Expr,
    shape: NonNullable<ReturnType<typeof readShape>>,
    owner: Extract<Meaning, { kind: "use" }>,
    scope: Scope,
  ): Type {
    this.symbols.set(shape.alias!, owner);
    for (const e of shape.instance) this.infer(e, scope, INT);
    // A circle of uses is reported where it is used; its types have no meaning.
    if (this.useCycle(owner.target, []) !== undefined) {
      for (const e of shape.at) this.infer(e, scope, INT);
      return UNKNOWN;
    }
    const family = owner.target.members.find((m) => m.kind === "family" && m.name.text === shape.name.text);
    if (family?.kind !== "family") {
      for (const e of shape.at) this.infer(e, scope, INT);
      const names = owner.target.members.flatMap((m) => (m.kind === "family" ? [m.name.text] : []));
      const suggestion = suggest(shape.name.text, names);
      this.report("no-member", shape.name.range, {
        target: owner.target.name.text,
        name: shape.name.text,
        suggestion,
      });
      return UNKNOWN;
    }
    if (shape.instance.length !== owner.declaration.binders.length) {
      const args = {
        name: shape.alias!.text,
        expected: indices(owner.declaration.binders.length),
        found: String(shape.instance.length),
      };
      this.report("wrong-rank", expr.range, args);
    }
    this.symbols.set(shape.name, { kind: "family", declaration: family, task: owner.target });
    const type = this.familyType(family, owner.target);
    return this.subscripts(family, type, shape.name, shape.at, scope, expr.range);
  }

  /** The type of a read; one subscript more than the family has indices picks a component of a tuple. */
  private subscripts(
    family: FamilyMember,
    type: Type,
    name: Name,
    at: readonly Expr[],
    scope: Scope,
    range: Range,
  ): Type {
    for (const e of at) this.infer(e, scope, INT);
    if (at.length === family.binders.length) return type;
    if (type.kind === "tuple" && at.length === family.binders.length + 1)
      return this.componentType(type, at[at.length - 1]!);
    this.report("wrong-rank", range, {
      name: name.text,
      expected: indices(family.binders.length),
      found: String(at.length),
    });
    return type;
  }

  private componentType(type: Extract<Type, { kind: "tuple" }>, at: Expr): Type {
    const position = this.constantOf(at);
    if (position !== undefined && (position < 0 || position >= type.width))
      this.report("no-member", at.range, {
        target: typeName(type),
        name: String(position),
        suggestion: `components are numbered from 0 to ${type.width - 1}`,
      });
    return type.of;
  }

  private inferCall(expr: Extract<Expr, { kind: "call" }>, scope: Scope, want: Type | undefined): Type {
    const name = expr.name.text;
    const symbol = lookUp(scope, name);
    if (symbol?.kind === "fn") {
      this.symbols.set(expr.name, symbol);
      const fn = symbol.declaration;
      const type = this.fnType(fn);
      const outer = this.scopes.get(this.owners.get(fn) ?? this.file)!;
      if (expr.args.length !== fn.params.length) {
        for (const a of expr.args) this.infer(a, scope);
        const args = {
          name,
          expected: plural(fn.params.length, "argument"),
          found: String(expr.args.length),
        };
        this.report("wrong-arity", expr.range, args);
        return type;
      }
      expr.args.forEach((a, k) => this.infer(a, scope, this.typeNode(fn.params[k]!.type, outer)));
      this.inherit(expr, expr.args);
      return type;
    }
    const builtin = symbol === undefined && Object.hasOwn(builtins, name) ? builtins[name] : undefined;
    if (builtin === undefined) {
      for (const a of expr.args) this.infer(a, scope);
      if (symbol === undefined) this.unknown(expr.name, scope, ["fn"], Object.keys(builtins));
      else this.symbols.set(expr.name, symbol);
      if (symbol !== undefined && symbol.kind !== "builtin") {
        this.report("not-a-value", expr.name.range, { name, found: `${describe(symbol)}, not a function` });
      }
      return UNKNOWN;
    }
    this.symbols.set(expr.name, { kind: "builtin", name });
    const enough = builtin.variadic ? expr.args.length >= builtin.arity : expr.args.length === builtin.arity;
    if (!enough) {
      for (const a of expr.args) this.infer(a, scope);
      this.report("wrong-arity", expr.range, {
        name,
        expected: plural(builtin.arity, "argument") + (builtin.variadic ? " or more" : ""),
        found: String(expr.args.length),
      });
      return UNKNOWN;
    }
    this.inherit(expr, []);
    let type: Type = UNKNOWN;
    switch (builtin.takes) {
      case "size":
        for (const a of expr.args) {
          this.infer(a, scope, INT);
          this.requireStatic(a, `the argument of ${name}`);
        }
        break;
      case "real":
        for (const a of expr.args) this.infer(a, scope, REAL);
        break;
      case "any": {
        const found = this.infer(expr.args[0]!, scope);
        if (found.kind === "vector" || found.kind === "tuple")
          this.mismatch(expr.args[0]!, "a scalar", found);
        break;
      }
      case "number":
        type = this.alike(expr.args, scope, numeric(want) ? want : undefined);
        if (!numeric(type) && type.kind !== "unknown") this.mismatch(expr.args[0]!, "int or real", type);
        type = widen(type);
        break;
      case "vector":
        type = this.alike(expr.args, scope, undefined);
        if (type.kind !== "vector" && type.kind !== "unknown") this.mismatch(expr.args[0]!, "a vector", type);
        break;
    }
    if (builtin.gives !== "real") this.inherit(expr, expr.args);
    switch (builtin.gives) {
      case "same":
        return type;
      case "real":
        return REAL;
      case "int":
        return INT;
      case "vec2":
        return { kind: "vector", width: 2 };
      case "vec3":
        return { kind: "vector", width: 3 };
      case "vec4":
        return { kind: "vector", width: 4 };
    }
  }

  /** All of one type; literals follow the others. */
  private alike(args: readonly Expr[], scope: Scope, want: Type | undefined): Type {
    let type = want;
    for (const a of [...args.filter((e) => !flexible(e)), ...args.filter((e) => flexible(e))]) {
      const found = this.infer(a, scope, type);
      type ??= found.kind === "unknown" ? undefined : widen(found);
    }
    return type ?? UNKNOWN;
  }

  private inferBinary(expr: Extract<Expr, { kind: "binary" }>, scope: Scope, want: Type | undefined): Type {
    const { left, right, op } = expr;
    const finish = (type: Type): Type => {
      this.inherit(expr, [left, right]);
      return type;
    };
    switch (op) {
      case "and":
      case "or":
      case "xor":
        this.infer(left, scope, BIT);
        this.infer(right, scope, BIT);
        return finish(BIT);
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=": {
        const type = this.alike([left, right], scope, undefined);
        if (
          type.kind === "vector" ||
          type.kind === "tuple" ||
          (op !== "==" && op !== "!=" && (type.kind === "bit" || type.kind === "enum"))
        ) {
          this.mismatch(left, op === "==" || op === "!=" ? "a scalar" : "int or real", type);
        }
        return finish(BIT);
      }
      case "div":
      case "mod":
        this.infer(left, scope, INT);
        this.infer(right, scope, INT);
        return finish(INT);
      case "^":
        this.infer(left, scope, INT);
        this.infer(right, scope, INT);
        if (left.kind !== "number" || left.value !== 2) {
          this.report("type-mismatch", left.range, {
            expected: "2: powers are of two only",
            found: this.source(left),
            suggestion: "",
          });
        }
        finish(INT);
        this.requireStatic(right, "an exponent");
        return INT;
      case "+":
      case "-":
      case "*":
      case "/": {
        const hint = numeric(want) || want?.kind === "vector" ? want : undefined;
        let a: Type;
        let b: Type;
        if (flexible(left) && !flexible(right)) {
          b = this.infer(right, scope, flexible(right) ? hint : undefined);
          a = this.infer(left, scope, b.kind === "vector" ? REAL : numeric(b) ? widen(b) : undefined);
        } else {
          a = this.infer(left, scope, flexible(left) ? (hint?.kind === "vector" ? REAL : hint) : undefined);
          b = this.infer(
            right,
            scope,
            flexible(right) ? (a.kind === "vector" ? REAL : numeric(a) ? widen(a) : undefined) : undefined,
          );
        }
        finish(a);
        if (a.kind === "unknown" || b.kind === "unknown")
          return a.kind === "unknown" ? (b.kind === "vector" ? b : UNKNOWN) : a;
        if (a.kind === "vector" || b.kind === "vector") {
          const vector = a.kind === "vector" ? a : b;
          const other = a.kind === "vector" ? b : a;
          if (
            other.kind === "real" ||
            (other.kind === "vector" && vector.kind === "vector" && other.width === vector.width)
          )
            return vector;
          this.mismatch(a.kind === "vector" ? right : left, `${typeName(vector)} or real`, other);
          return vector;
        }
        if (op === "/") {
          if (a.kind !== "real") this.mismatch(left, "real (use `div` for int)", a);
          else if (b.kind !== "real") this.mismatch(right, "real", b);
          return REAL;
        }
        if (!numeric(a)) {
          this.mismatch(left, "int or real", a);
          return UNKNOWN;
        }
        if (!agrees(widen(a), b)) this.mismatch(right, typeName(widen(a)), b);
        return widen(a);
      }
    }
  }

  private arithmetic(type: Type, at: Expr): Type {
    if (numeric(type) || type.kind === "vector" || type.kind === "unknown") return widen(type);
    this.mismatch(at, "int or real", type);
    return UNKNOWN;
  }

  private inferReduction(expr: Reduction, outer: Scope, want: Type | undefined): Type {
    const scope = inside(outer);
    this.bindAll(expr.binders, scope);
    if (expr.where !== undefined) this.infer(expr.where, scope, BIT);
    switch (expr.op) {
      case "any":
      case "all":
      case "parity":
      case "majority":
        this.infer(expr.body, scope, BIT);
        return BIT;
      case "count":
        this.infer(expr.body, scope, BIT);
        return INT;
      case "argmin":
      case "argmax": {
        const type = this.infer(expr.body, scope);
        if (!numeric(type) && type.kind !== "unknown") this.mismatch(expr.body, "int or real", type);
        if (expr.binders.length !== 1)
          this.report("argmin-rank", expr.range, { op: expr.op, found: String(expr.binders.length) });
        return INT;
      }
      case "reduce": {
        const symbol = expr.monoid === undefined ? undefined : lookUp(outer, expr.monoid.text);
        if (symbol?.kind !== "monoid") {
          this.infer(expr.body, scope);
          if (expr.monoid !== undefined && symbol?.kind !== "builtin")
            this.unknown(expr.monoid, outer, ["monoid"]);
          return UNKNOWN;
        }
        this.symbols.set(expr.monoid!, symbol);
        const carrier = this.carrier(symbol.declaration);
        this.infer(expr.body, scope, carrier);
        return carrier;
      }
      case "sum":
      case "product":
      case "min":
      case "max": {
        const type = widen(
          this.infer(expr.body, scope, numeric(want) && flexible(expr.body) ? want : undefined),
        );
        const fits =
          numeric(type) || type.kind === "unknown" || (expr.op === "sum" && type.kind === "vector");
        if (!fits)
          this.mismatch(
            expr.body,
            expr.op === "sum" ? "int, real or a vector (`count` counts bits)" : "int or real",
            type,
          );
        return fits ? type : UNKNOWN;
      }
    }
  }

  private inferTable(expr: Extract<Expr, { kind: "table" }>, scope: Scope, want: Type | undefined): Type {
    let rows: number | undefined = 1;
    for (const a of expr.args) {
      const type = this.infer(a, scope);
      const radix = this.radix(type);
      if (radix === undefined && type.kind !== "unknown") {
        this.report("table-argument", a.range, { found: typeName(type) });
      }
      rows = rows === undefined || radix === undefined ? undefined : rows * radix;
    }
    const entries = expr.entries;
    let found = 0;
    let type: Type = want ?? INT;
    if (entries.kind === "string") {
      found = entries.value.length;
      type = BIT;
      if (!/^[01]*$/.test(entries.value)) {
        this.report("type-mismatch", entries.range, {
          expected: "a text of 0 and 1",
          found: `"${entries.value}"`,
          suggestion: "",
        });
        return BIT;
      }
    } else {
      found = entries.elements.length;
      const types = entries.elements.map((e) => this.infer(e, scope, want));
      for (const e of entries.elements) this.requireStatic(e, "a table entry");
      type = want ?? types.find((t) => t.kind === "real") ?? types[0] ?? INT;
    }
    if (rows !== undefined && rows !== found) {
      this.report("table-size", entries.range, { found, expected: rows });
    }
    return type;
  }

  /** How many values a table argument has. */
  private radix(type: Type): number | undefined {
    if (type.kind === "bit") return 2;
    if (type.kind === "enum") return type.item.cases.length;
    if (type.kind === "index") return this.constantOf(type.bound);
    return undefined;
  }

  private constantOf(expr: Expr): number | undefined {
    if (expr.kind === "number" && !expr.real) return expr.value;
    if (expr.kind === "name-expr") {
      const symbol = this.symbols.get(expr.name);
      return symbol?.kind === "const" ? this.constantOf(symbol.declaration.value) : undefined;
    }
    return undefined;
  }

  // Examples

  private checkExample(example: ExampleItem, scope: Scope): void {
    const symbol = lookUp(scope, example.task.text);
    if (symbol?.kind !== "task") {
      this.unknown(example.task, scope, ["task"]);
      return;
    }
    this.symbols.set(example.task, symbol);
    const task = symbol.declaration;
    const taskScope = this.scopeOf(task);
    const given = new Set<string>();
    let compares = false;
    for (const entry of example.entries) {
      const name = entry.name.text;
      if (entry.op === "=") given.add(name);
      else compares = true;
      if (name === "seed" && entry.op === "=") continue;
      const target = taskScope.names.get(name);
      const dotted = name.includes(".") ? taskScope.names.get(name.slice(0, name.indexOf("."))) : undefined;
      if (target === undefined && dotted?.kind !== "use") {
        this.unknown(entry.name, taskScope, ["family", "size"]);
        continue;
      }
      if (target !== undefined) this.symbols.set(entry.name, target);
      if (target?.kind === "family") {
        const bound = target.declaration.role === "input" || target.declaration.role === "param";
        if (entry.op === "=" && !bound) {
          this.report("example-value", entry.name.range, {
            name,
            expected: "`==`: it is computed",
            found: "`=`",
          });
        }
      } else if (target?.kind === "size" && (entry.op !== "=" || entry.value.kind !== "number")) {
        this.report("example-value", entry.value.range, {
          name,
          expected: "a whole number",
          found: this.source(entry.value),
        });
      }
    }
    for (const s of task.sizes) {
      if (!given.has(s.name.text))
        this.report("example-unbound", example.task.range, {
          name: s.name.text,
          suggestion: `${s.name.text} = 4`,
        });
    }
    for (const m of task.members) {
      if (m.kind === "family" && (m.role === "input" || m.role === "param") && !given.has(m.name.text)) {
        this.report("example-unbound", example.task.range, {
          name: m.name.text,
          suggestion: `${m.name.text} = random(1)`,
        });
      }
    }
    const output = task.members.find((m) => m.kind === "family" && m.role === "output");
    if (!compares) {
      const name = output?.kind === "family" ? output.name.text : "result";
      this.report("example-checks-nothing", example.task.range, { suggestion: `${name} == 0` });
    }
  }

  // Helpers

  private declare(scope: Scope, name: Name, symbol: Meaning): void {
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

  private unknown(
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

  private requireStatic(expr: Expr, what: string): void {
    if (this.static.has(expr) || (this.types.get(expr) ?? UNKNOWN).kind === "unknown") return;
    this.report("not-static", expr.range, { what, found: `\`${this.source(expr)}\`` });
  }

  private inherit(expr: Expr, parts: readonly Expr[]): void {
    if (parts.length > 0 && parts.every((p) => this.static.has(p))) this.static.add(expr);
  }

  private mismatch(at: Expr, expected: string, found: Type): void {
    this.report("type-mismatch", smallest(at), { expected, found: typeName(found), suggestion: "" });
  }

  private source(expr: Expr): string {
    const text = this.file.text.slice(expr.range.start, expr.range.end).replace(/\s+/g, " ");
    return text.length > 40 ? `${text.slice(0, 40)}…` : text;
  }

  private report<C extends DiagnosticCode>(code: C, range: Range, args: Arguments<C>): void {
    if (!this.brokenOnLine(range))
      this.diagnostics.push(diagnostic(code, { file: this.file.path, range }, args));
  }
}

function itemSymbol(item: Item): Meaning | undefined {
  switch (item.kind) {
    case "const":
      return { kind: "const", declaration: item };
    case "enum":
      return { kind: "enum", declaration: item };
    case "fn":
      return { kind: "fn", declaration: item };
    case "monoid":
      return { kind: "monoid", declaration: item };
    case "task":
      return { kind: "task", declaration: item };
    case "import":
    case "reduction":
    case "example":
    case "error-item":
      return undefined;
  }
}

const numeric = (type: Type | undefined): boolean =>
  type?.kind === "int" || type?.kind === "real" || type?.kind === "index";
/** An index in arithmetic is an int. */
const widen = (type: Type): Type => (type.kind === "index" ? INT : type);

function agrees(want: Type, found: Type): boolean {
  if (want.kind === "unknown" || found.kind === "unknown") return true;
  const whole = (t: Type) => t.kind === "int" || t.kind === "index";
  if (whole(want) && whole(found)) return true;
  if (want.kind === "vector" && found.kind === "vector") return want.width === found.width;
  if (want.kind === "tuple" && found.kind === "tuple")
    return want.width === found.width && agrees(want.of, found.of);
  if (want.kind === "enum" && found.kind === "enum") return want.item === found.item;
  return want.kind === found.kind;
}

/** The expressions that one is made of. */
function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "bool":
    case "string":
    case "name-expr":
    case "error-expr":
      return [];
    case "subscript":
      return [expr.target, ...expr.at];
    case "member":
      return [expr.target];
    case "call":
      return expr.args;
    case "unary":
      return [expr.operand];
    case "binary":
      return [expr.left, expr.right];
    case "default":
      return [expr.read, expr.otherwise];
    case "if":
      return [expr.condition, expr.then, expr.otherwise];
    case "block":
      return [...expr.lets.map((l) => l.value), expr.value];
    case "reduction":
      return expr.where === undefined ? [expr.body] : [expr.where, expr.body];
    case "table":
      return expr.args;
    case "list":
      return expr.elements;
  }
}

/** Made of integer literals: takes the type its place asks for. */
function flexible(expr: Expr): boolean {
  switch (expr.kind) {
    case "number":
      return !expr.real;
    case "unary":
      return expr.op === "-" && flexible(expr.operand);
    case "binary":
      return (
        (expr.op === "+" || expr.op === "-" || expr.op === "*") && flexible(expr.left) && flexible(expr.right)
      );
    case "block":
      return expr.lets.length === 0 && flexible(expr.value);
    case "if":
      return flexible(expr.then) && flexible(expr.otherwise);
    default:
      return false;
  }
}

/** Where a branching expression is wrong, its last value is to blame, not all of it. */
function smallest(expr: Expr): Range {
  if (expr.kind === "block") return smallest(expr.value);
  return expr.range;
}

function conversion(want: Type, found: Type, source: string): string {
  const whole = found.kind === "int" || found.kind === "index" || found.kind === "bit";
  if (want.kind === "real" && whole && source.length < 60) return `write \`real(${source})\``;
  if (
    (want.kind === "int" || want.kind === "index") &&
    (found.kind === "real" || found.kind === "bit") &&
    source.length < 60
  ) {
    return `write \`int(${source})\``;
  }
  if (want.kind === "bit" && whole && source.length < 60) return `write \`${source} != 0\``;
  return "";
}

/** "did you mean …" by edit distance, or nothing. */
export function suggest(name: string, candidates: Iterable<string>): string {
  let best: string | undefined;
  let least = Math.min(3, Math.ceil(name.length / 2)) + 0.5;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best === undefined ? "" : `did you mean \`${best}\`?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
