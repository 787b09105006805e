/**
 * Equations as a program again: `.fathom` text that checks and means the same. Functions, `let`s and `use` were written out when the
 * equations were made and stay so; what is shared inside one equation becomes a `let`, so the text is as long as the graph.
 *
 * One thing cannot be said in the language: a `random` family of a used task gets another name (`p.noise` becomes `p_noise`), and draws are
 * keyed by names.
 */
import { builtins, format, itemWords, memberWords, words } from "@fathom/lang";
import * as build from "./build";
import { isAlways, mapCondition, substitute, substituteIndex } from "./conditions";
import { collectIndices } from "./evaluate-index";
import { COMPONENT } from "./lower/families";
import { printCondition, printIndex } from "./print";
import type {
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  Fold,
  IndexExpr,
  Monoid,
  Operator,
  Piece,
  Subscript,
  System,
} from "./system";

const reserved = new Set([
  ...[itemWords, memberWords, words].flatMap((group) => Object.keys(group)),
  ...Object.keys(builtins),
  ...["bit", "int", "real", "index", "vec2", "vec3", "vec4"],
]);

/** Gives out names that are legal and not taken. */
export class Names {
  private readonly taken: Set<string>;

  constructor(taken: Iterable<string>) {
    this.taken = new Set([...reserved, ...taken]);
  }

  fresh(wanted: string): string {
    const legal = wanted.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^(?=\d)|_+$/g, "") || "v";
    let name = legal;
    for (let k = 2; this.taken.has(name); k++) name = `${legal}_${k}`;
    this.taken.add(name);
    return name;
  }

  /** Itself, though a built-in function is called so: what a user binds and gets keeps its name. */
  kept(name: string): string {
    this.taken.add(name);
    return name;
  }

  /** A scope inside: its names end with it. */
  inside(): Names {
    return new Names(this.taken);
  }
}

/** How things outside an equation are called in the text around it. */
export interface Scope {
  /** The read of a family at printed subscripts: `cell[t, i]`, `p[t].total`. */
  readonly read: (family: string, at: readonly string[]) => string;
  /** The name under which a family is declared. */
  readonly declared: (family: string) => string;
  /** Names of the file and the task: indices and `let`s avoid them. */
  readonly names: Names;
  readonly enumName: (type: Extract<ElementType, { kind: "enum" }>) => string;
  /** A monoid that is declared already. */
  readonly monoidName?: (name: string) => string | undefined;
}

const infix: Partial<Record<Operator, readonly [sign: string, level: number]>> = {
  or: ["or", 1],
  xor: ["xor", 2],
  and: ["and", 3],
  eq: ["==", 5],
  ne: ["!=", 5],
  lt: ["<", 5],
  le: ["<=", 5],
  add: ["+", 6],
  sub: ["-", 6],
  mul: ["*", 7],
  divide: ["/", 7],
  div: ["div", 7],
  mod: ["mod", 7],
};
const NOT = 4;
const SUM = 6;
const MINUS = 8;
const ATOM = 9;

/** Prints families, and collects the items that their text needs: tables as functions, monoids. */
export class SourceWriter {
  private readonly items = new Map<string, { readonly name: string; readonly text: string }>();

  constructor(private readonly scope: Scope) {}

  /** Declarations that stand beside the task. */
  declarations(): string[] {
    return [...this.items.values()].map((i) => i.text);
  }

  family(f: Family): string {
    const equation = new Equation(this.scope, (key, make) => this.item(key, make));
    return equation.family(f);
  }

  private item(key: string, make: (names: Names) => { name: string; text: string }): string {
    let known = this.items.get(key);
    if (known === undefined) {
      known = make(this.scope.names);
      this.items.set(key, known);
    }
    return known.name;
  }
}

type ItemOf = (key: string, make: (names: Names) => { name: string; text: string }) => string;

/** The text of one family, or of one monoid. */
class Equation {
  private readonly names: Names;
  private readonly indices = new Map<string, string>();
  private readonly lets = new Map<Expr, string>();
  /** Folds over tuples that have a name. */
  private readonly tuples = new Map<string, string>();
  private readonly mentioned = new Map<Expr, ReadonlySet<string>>();

  constructor(
    private readonly scope: Scope,
    private readonly item: ItemOf,
    /** What the two operands of a monoid are called, and whether they have components. */
    private readonly operands?: { readonly left: string; readonly right: string; readonly width: number },
  ) {
    this.names = scope.names.inside();
  }

  family(given: Family): string {
    const { family: f, values } = asTuples(given);
    const doc = f.doc === undefined ? "" : `${f.doc.replace(/^ ?/gm, "  /// ")}\n`;
    const binders = f.dims.map((d) => this.binder(d)).join(", ");
    const power = f === given ? "" : `^${values[0]?.length ?? widthOf(given)}`;
    const head = `  ${f.role} ${this.scope.declared(f.name)}${binders === "" ? "" : `[${binders}]`}: ${this.type(f.type)}${power}`;
    if (values.length === 0) return doc + head;
    const whole = (texts: readonly string[]) => (power === "" ? texts[0]! : `[${texts.join(", ")}]`);
    const cases = f.pieces.map((p, k) => {
      const text = this.block(values[k]!, whole);
      if (f.pieces.length === 1 && !text.includes("\n")) return text;
      const condition = k === f.pieces.length - 1 ? "" : `if ${this.condition(p.guard)} `;
      return `${condition}{${text.includes("\n") ? `\n    ${text}\n    ` : ` ${text} `}}`;
    });
    return `${doc}${head} = ${cases.join("\n    else ")}`;
  }

  /** Values after the `let`s of what they share. */
  block(values: readonly Expr[], whole: (texts: readonly string[]) => string): string {
    const uses = new Map<Expr, number>();
    const order: Expr[] = [];
    const inner = new Set<string>();
    const visit = (e: Expr): void => {
      uses.set(e, (uses.get(e) ?? 0) + 1);
      if (uses.get(e) !== 1) return;
      if (e.kind === "reduce" || e.kind === "fold") for (const d of e.dims) inner.add(d.index);
      for (const c of build.childrenOf(e)) visit(c);
      order.push(e);
    };
    for (const v of values) visit(v);
    const bound: string[] = [];
    const made: Expr[] = [];
    const tuple = isTuple(values);
    const folds = new Map<string, Set<Expr>>();
    for (const e of order)
      if (e.kind === "fold" && e.bodies.length > 1)
        folds.set(build.foldKey(e), (folds.get(build.foldKey(e)) ?? new Set()).add(e));
    const written: string[] = [];
    for (const e of order) {
      // Components of one fold are read from one value.
      if (e.kind === "fold" && !tuple && folds.get(build.foldKey(e))!.size > 1) {
        const key = build.foldKey(e);
        if (this.tuples.has(key) || [...this.used(e)].some((n) => inner.has(n))) continue;
        const text = this.folded(e);
        const name = this.names.fresh("v");
        bound.push(`let ${name} = ${text}`);
        this.tuples.set(key, name);
        written.push(key);
        continue;
      }
      if (
        (tuple && values.includes(e)) ||
        uses.get(e)! < 2 ||
        !isCompound(e) ||
        [...this.used(e)].some((n) => inner.has(n))
      )
        continue;
      const text = this.value(e, 0);
      const name = this.names.fresh("v");
      bound.push(`let ${name} = ${text}`);
      this.lets.set(e, name);
      made.push(e);
    }
    const last = tuple ? this.folded(values[0] as Fold) : whole(values.map((v) => this.value(v, 0)));
    // A line that begins with a minus would go on with the one before it.
    const text = [...bound, bound.length > 0 && last.startsWith("-") ? `(${last})` : last].join("\n    ");
    for (const e of made) this.lets.delete(e);
    for (const key of written) this.tuples.delete(key);
    return text;
  }

  /** Indices that occur in an expression, its own reductions' too. */
  private used(e: Expr): ReadonlySet<string> {
    let known = this.mentioned.get(e);
    if (known !== undefined) return known;
    const names = new Set<string>();
    const inCondition = (c: Condition) => {
      for (const all of c)
        for (const x of all) {
          collectIndices(x.left, names);
          collectIndices(x.right, names);
        }
    };
    switch (e.kind) {
      case "index-value":
        collectIndices(e.value, names);
        break;
      case "read":
        for (const s of e.at) if (s.kind === "static") collectIndices(s.value, names);
        break;
      case "choose":
        for (const c of e.cases) inCondition(c.guard);
        break;
      case "reduce":
      case "fold":
        inCondition(e.filter);
        for (const d of e.dims) {
          collectIndices(d.lo, names);
          collectIndices(d.hi, names);
        }
        break;
    }
    for (const c of build.childrenOf(e)) for (const n of this.used(c)) names.add(n);
    // Those that it binds itself are nobody else's.
    if (e.kind === "reduce" || e.kind === "fold") for (const d of e.dims) names.delete(d.index);
    known = names;
    this.mentioned.set(e, known);
    return known;
  }

  // Sizes and indices

  private nameOf(index: string): string {
    let name = this.indices.get(index);
    if (name === undefined) {
      name = this.names.fresh(index);
      this.indices.set(index, name);
    }
    return name;
  }

  private index(e: IndexExpr, level = 0): string {
    return printIndex(e, level, (name) => this.nameOf(name));
  }

  private binder(d: Dim): string {
    const lo = this.index(d.lo);
    const closed = d.hi.kind === "add" && d.hi.right.kind === "integer" && d.hi.right.value === 1;
    const hi = closed && d.hi.kind === "add" ? `=${this.index(d.hi.left, SUM)}` : this.index(d.hi, 0);
    return `${this.nameOf(d.index)}: ${lo}..${hi}`;
  }

  condition(c: Condition): string {
    if (isAlways(c)) return "true";
    if (c.length === 0) return "false";
    const all = c.map((x) =>
      x.map((y) => `${this.index(y.left)} ${y.op} ${this.index(y.right)}`).join(" and "),
    );
    return all.join(" or ");
  }

  type(type: ElementType): string {
    switch (type.kind) {
      case "vector":
        return `vec${type.width}`;
      case "index":
        return `index(${this.index(type.bound)})`;
      case "enum":
        return this.scope.enumName(type);
      default:
        return type.kind;
    }
  }

  // Values

  private value(e: Expr, level: number): string {
    const bound = this.lets.get(e);
    if (bound !== undefined) return bound;
    const [text, own] = this.print(e);
    return own < level ? `(${text})` : text;
  }

  private list(es: readonly Expr[]): string {
    return es.map((e) => this.value(e, 0)).join(", ");
  }

  /** The text, and how tightly its outermost operator binds. */
  private print(e: Expr): readonly [string, number] {
    switch (e.kind) {
      case "constant": {
        const text = this.constant(e.type, e.value);
        return [text, text.startsWith("-") ? SUM : ATOM];
      }
      case "index-value": {
        const text = this.index(e.value);
        return [text, /^[\w]+$/.test(text) ? ATOM : 0];
      }
      case "read":
        return [
          this.scope.read(
            e.family,
            e.at.map((s) => this.subscript(s)),
          ),
          ATOM,
        ];
      case "apply":
        return this.apply(e);
      case "select": {
        const otherwise = e.otherwise;
        const rest =
          otherwise.kind === "select" && !this.lets.has(otherwise)
            ? this.print(otherwise)[0]
            : `{ ${this.value(otherwise, 0)} }`;
        return [`if ${this.value(e.condition, 0)} { ${this.value(e.then, 0)} } else ${rest}`, 0];
      }
      case "choose": {
        const cases = e.cases.map((c, k) =>
          k === e.cases.length - 1
            ? `{ ${this.value(c.value, 0)} }`
            : `if ${this.condition(c.guard)} { ${this.value(c.value, 0)} }`,
        );
        return cases.length === 1 ? this.print(e.cases[0]!.value) : [cases.join(" else "), 0];
      }
      case "table":
        return [this.table(e), ATOM];
      case "reduce":
        return [`${e.op}[${this.points(e)}] ${this.value(e.body, 0)}`, 0];
      case "fold": {
        if (e.bodies.length === 1) return [this.folded(e), 0];
        const name = this.tuples.get(build.foldKey(e));
        return [`${name ?? `(${this.folded(e)})`}[${e.position}]`, ATOM];
      }
      case "operand": {
        const { left, right, width } = this.operands!;
        const name = e.side === "left" ? left : right;
        return [width === 1 ? name : `${name}[${e.position}]`, ATOM];
      }
      case "vector":
        return [`vec${e.components.length}(${this.list(e.components)})`, ATOM];
      case "component":
        return [`${this.value(e.of, ATOM)}.${"xyzw"[e.position]}`, ATOM];
    }
  }

  private folded(e: Fold): string {
    const bodies = e.bodies.length === 1 ? this.value(e.bodies[0]!, 0) : `[${this.list(e.bodies)}]`;
    return `reduce ${this.monoid(e.monoid)}[${this.points(e)}] ${bodies}`;
  }

  private points(e: Extract<Expr, { kind: "reduce" | "fold" }>): string {
    const dims = e.dims.map((d) => this.binder(d)).join(", ");
    const conditions = [
      ...(isAlways(e.filter)
        ? []
        : [e.filter.length > 1 ? `(${this.condition(e.filter)})` : this.condition(e.filter)]),
      ...(e.dataFilter === undefined ? [] : [this.value(e.dataFilter, NOT)]),
    ];
    return conditions.length === 0 ? dims : `${dims} where ${conditions.join(" and ")}`;
  }

  private subscript(s: Subscript): string {
    return s.kind === "static" ? this.index(s.value) : this.value(s.value, 0);
  }

  private apply(e: Extract<Expr, { kind: "apply" }>): readonly [string, number] {
    const sign = infix[e.op];
    if (sign !== undefined) {
      const [a, b] = e.args as [Expr, Expr];
      const level = sign[1];
      return [`${this.value(a, level)} ${sign[0]} ${this.value(b, level + 1)}`, level];
    }
    if (e.op === "not") return [`not ${this.value(e.args[0]!, NOT)}`, NOT];
    if (e.op === "neg") return [`-${this.value(e.args[0]!, MINUS)}`, MINUS];
    const name = e.op === "to-int" ? "int" : e.op === "to-real" ? "real" : e.op;
    return [`${name}(${this.list(e.args)})`, ATOM];
  }

  private constant(type: ElementType, value: number): string {
    switch (type.kind) {
      case "bit":
        return value === 1 ? "true" : "false";
      case "enum":
        return `${this.scope.enumName(type)}.${type.cases[value]}`;
      case "real": {
        if (Number.isNaN(value)) return "(0.0 / 0.0)";
        if (!Number.isFinite(value)) return value > 0 ? "(1.0 / 0.0)" : "(-1.0 / 0.0)";
        const text = Object.is(value, -0) ? "-0" : String(value);
        return /[.e]/.test(text) ? text : `${text}.0`;
      }
      case "vector":
        return `vec${type.width}(${Array.from({ length: type.width }, () => this.constant(build.real, value)).join(", ")})`;
      default:
        // The least int has no literal: its absolute value is none.
        return value === -2147483648 ? "(-2147483647 - 1)" : String(value);
    }
  }

  private table(e: Extract<Expr, { kind: "table" }>): string {
    const types = e.args.map((a, k) => {
      const type = build.typeOf(a);
      return type.kind === "bit" || type.kind === "enum" ? type : build.indexType(build.integer(e.radix[k]!));
    });
    const entries =
      e.type.kind === "bit"
        ? `"${e.entries.join("")}"`
        : `[${e.entries.map((x) => this.constant(e.type, x)).join(", ")}]`;
    // Only reads say their bound: a computed number is given one by a parameter.
    const plain =
      e.entries.length <= 16 &&
      e.args.every(
        (a, k) =>
          types[k]!.kind !== "index" ||
          (a.kind === "read" && build.typeKey(a.type) === build.typeKey(types[k]!)),
      );
    if (plain) return `table(${this.list(e.args)}) ${entries}`;
    const key = `table ${types.map(build.typeKey).join(",")} ${build.typeKey(e.type)} ${entries}`;
    const name = this.item(key, (names) => {
      const found = names.fresh("lookup");
      const letters = types.map((_, k) => `a${k}`);
      const parameters = types.map((t, k) => `${letters[k]}: ${this.type(t)}`).join(", ");
      const result = e.type.kind === "index" ? build.int : e.type;
      return {
        name: found,
        text: `fn ${found}(${parameters}): ${this.type(result)} = table(${letters.join(", ")}) ${entries}`,
      };
    });
    return `${name}(${this.list(e.args)})`;
  }

  private monoid(m: Monoid): string {
    const known = this.scope.monoidName?.(m.name);
    if (known !== undefined) return known;
    return this.item(`monoid ${build.monoidKey(m)}`, (names) => {
      const name = names.fresh(m.name);
      const width = m.types.length;
      const inner = new Equation(this.scope, this.item, { left: "a", right: "b", width });
      const whole = (texts: readonly string[]) => (width === 1 ? texts[0]! : `[${texts.join(", ")}]`);
      const combine = inner.block(m.combine, whole);
      const carrier = `${this.type(m.types[0]!)}${width === 1 ? "" : `^${width}`}`;
      return {
        name,
        text: [
          `monoid ${name} on ${carrier} {`,
          `  identity = ${whole(m.identity.map((e) => inner.value(e, 0)))}`,
          `  combine(a, b) = ${combine.includes("\n") ? `{\n${combine}\n}` : combine}`,
          "}",
        ].join("\n"),
      };
    });
  }
}

/** The width of a family that holds tuples: their components are its last index. */
function widthOf(f: Family): number | undefined {
  const last = f.dims[f.dims.length - 1];
  return last?.index === COMPONENT && last.lo === build.integer(0) && last.hi.kind === "integer"
    ? last.hi.value
    : undefined;
}

/** A family as the text declares it, and what stands in each of its pieces: several values where it holds tuples. */
function asTuples(f: Family): { readonly family: Family; readonly values: readonly (readonly Expr[])[] } {
  const width = widthOf(f);
  if (width === undefined) return { family: f, values: f.pieces.map((p) => [p.value]) };
  const dims = f.dims.slice(0, -1);
  const components = Array.from({ length: width }, (_, k) => {
    const by = new Map([[COMPONENT, build.integer(k)]]);
    const own: Piece[] = [];
    for (const p of f.pieces) {
      const guard = mapCondition(p.guard, (e) => substituteIndex(e, by));
      if (guard.length > 0 && !own.some((x) => isAlways(x.guard)))
        own.push({ guard, value: substitute(p.value, by) });
    }
    return own;
  });
  const [first] = components as [Piece[]];
  const key = (ps: readonly Piece[]) => ps.map((p) => printCondition(p.guard)).join("; ");
  if (components.every((c) => key(c) === key(first)))
    return {
      family: { ...f, dims, pieces: first },
      values: first.map((_, k) => components.map((c) => c[k]!.value)),
    };
  const values = components.map((c) => (c.length === 1 ? c[0]!.value : build.choose(c, f.type)));
  return { family: { ...f, dims, pieces: [{ guard: build.always, value: values[0]! }] }, values: [values] };
}

/** The components of one fold, all and in order. */
const isTuple = (values: readonly Expr[]): boolean =>
  values.every(
    (v, k) =>
      v.kind === "fold" &&
      v.bodies.length === values.length &&
      v.bodies.length > 1 &&
      v.position === k &&
      build.foldKey(v) === build.foldKey(values[0] as Fold),
  );

/** Worth a name where it stands twice. */
const isCompound = (e: Expr): boolean =>
  e.kind !== "constant" &&
  e.kind !== "index-value" &&
  e.kind !== "read" &&
  e.kind !== "operand" &&
  e.kind !== "component" &&
  build.childrenOf(e).length > 0;

/** The enum types of a system, each once. */
function enumsOf(system: System): Extract<ElementType, { kind: "enum" }>[] {
  const found = new Map<string, Extract<ElementType, { kind: "enum" }>>();
  const add = (t: ElementType) => {
    if (t.kind === "enum") found.set(build.typeKey(t), t);
  };
  for (const f of system.families) {
    add(f.type);
    for (const p of f.pieces)
      build.someExpr(p.value, (e) => {
        add(build.typeOf(e));
        if (e.kind === "fold") e.monoid.types.forEach(add);
        return false;
      });
  }
  return [...found.values()];
}

/** A system as the text of a program with one task, formatted. `notes` stand above it as comments. */
export function taskSource(system: System, notes: readonly string[] = []): string {
  const names = new Names(system.sizes.map((s) => s.name));
  const task = names.fresh(system.name);
  const isInner = (f: Family): boolean => f.role === "node" || f.name.includes(".");
  const families = new Map<string, string>();
  for (const f of system.families) if (!isInner(f)) families.set(f.name, names.kept(f.name));
  for (const f of system.families) if (isInner(f)) families.set(f.name, names.fresh(f.name));
  const enums = new Map(
    enumsOf(system).map((t) => [build.typeKey(t), { type: t, name: names.fresh(t.name) }]),
  );
  const scope: Scope = {
    read: (family, at) => `${families.get(family)!}${at.length === 0 ? "" : `[${at.join(", ")}]`}`,
    declared: (family) => families.get(family)!,
    names,
    enumName: (type) => enums.get(build.typeKey(type))!.name,
  };
  const writer = new SourceWriter(scope);
  const members = system.families.map((f) => writer.family(f));
  const where = isAlways(system.constraints)
    ? ""
    : ` where ${new Equation(scope, () => "").condition(system.constraints).replace(/ and /g, system.constraints.length === 1 ? ", " : " and ")}`;
  const text = [
    ...notes.map((n) => `// ${n}`),
    ...[...enums.values()].map(({ type, name }) => `enum ${name} { ${type.cases.join(", ")} }`),
    ...writer.declarations(),
    `task ${task}(${system.sizes.map((s) => `${s.name}: ${s.kind}`).join(", ")})${where} {`,
    ...members,
    "}",
    "",
  ].join("\n");
  return format(text, "rewritten.fathom").text;
}
