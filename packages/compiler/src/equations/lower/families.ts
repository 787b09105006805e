/** Families as they are declared and read: dimensions, types, subscripts, defaults. */
import {
  type FamilyMember,
  type Range,
  readShape,
  type Expr as Tree,
  type Type,
  type UseMember,
} from "@fathom/lang";
import * as build from "../build";
import { and, atom, isAlways, substituteIndex } from "../conditions";
import { mentionsAny } from "../mentions";
import type { Condition, Dim, ElementType, Expr, IndexExpr, Read, Subscript } from "../system";
import { type Env, Statics, under } from "./statics";
import { valueBounds } from "./value-bounds";

/** The index of a tuple's components; no user's name has a prime. */
export const COMPONENT = "component'";

/** `a[i, j]` or `p[t].total[i]`, where `p` is a used task. */
export interface FamilyRead {
  /** As the family is called in the system. */
  readonly name: string;
  readonly family: FamilyMember;
  readonly use: UseMember | undefined;
  readonly at: readonly Tree[];
  readonly range: Range;
}

/** Subscripts that a read has under a condition. */
interface Subscripts {
  readonly guard: Condition;
  readonly at: readonly Subscript[];
}

/** A read is written out for no more cases of its subscripts than this; beyond, they count as data. */
const MAX_READS = 16;

/** An else that is itself a choice is part of this one. */
export function choice(cases: readonly { guard: Condition; value: Expr }[], type: ElementType): Expr {
  const nested = cases.flatMap((c) => (c.value.kind === "choose" && isAlways(c.guard) ? c.value.cases : [c]));
  const end = nested.findIndex((c) => isAlways(c.guard));
  const flat = end < 0 ? nested : nested.slice(0, end + 1);
  if (flat.every((c) => c.value === flat[0]!.value)) return flat[0]!.value;
  return build.choose(flat, type);
}

export abstract class Families extends Statics {
  private readonly elementTypes = new Map<FamilyMember, ElementType>();

  protected abstract value(tree: Tree, env: Env, want: ElementType): Expr;

  protected dim(b: { lo: Tree; hi: Tree; closed: boolean }, index: string, env: Env): Dim {
    const hi = this.index(b.hi, env);
    return { index, lo: this.index(b.lo, env), hi: b.closed ? build.add(hi, build.integer(1)) : hi };
  }

  /** The dimensions of a family. A tuple `T^k` is k values of T: one more dimension, last. */
  protected dimensions(member: FamilyMember): Dim[] {
    const dims: Dim[] = member.binders.map((b) => this.dim(b, b.name.text, new Map()));
    const type = this.program.familyType(member);
    if (type.kind === "tuple")
      dims.push({ index: COMPONENT, lo: build.integer(0), hi: build.integer(type.width) });
    return dims;
  }

  protected remember(dims: readonly Dim[]): void {
    for (const { index, lo, hi } of dims)
      if (lo.kind === "integer" && hi.kind === "integer") this.ranges.set(index, [lo.value, hi.value - 1]);
  }

  /** The type of a family's instances: of one component where it holds tuples. */
  protected elementType(member: FamilyMember): ElementType {
    const known = this.elementTypes.get(member);
    if (known !== undefined) return known;
    const type = this.scalarType(this.program.familyType(member));
    // An inferred index type carries the bound of what was read, in that family's own names: only int is certain.
    const sure = member.type === undefined && type.kind === "index" ? build.int : type;
    this.elementTypes.set(member, sure);
    return sure;
  }

  protected scalarType(type: Type): ElementType {
    return this.type(type.kind === "tuple" ? type.of : type, new Map());
  }

  protected type(type: Type, env: Env): ElementType {
    switch (type.kind) {
      case "bit":
        return build.bit;
      case "int":
        return build.int;
      case "real":
        return build.real;
      case "vector":
        return build.vectorType(type.width);
      case "index":
        return build.indexType(this.index(type.bound, env));
      case "enum":
        return build.enumType(
          type.item.name.text,
          type.item.cases.map((c) => c.text),
        );
      case "tuple":
        throw new Error("a tuple was lowered as one value");
      case "unknown":
        throw new Error("a program with errors was lowered: a type is unknown");
    }
  }

  /** Sizes of a used task as expressions of the user's sizes and indices. */
  private sizesOf(use: UseMember | undefined): (e: IndexExpr) => IndexExpr {
    if (use === undefined) return (e) => e;
    const symbol = this.program.symbolOf(use.alias);
    if (symbol?.kind !== "use") throw new Error("an unresolved use was lowered");
    const by = new Map(symbol.target.sizes.map((s, k) => [s.name.text, this.index(use.args[k]!, new Map())]));
    return (e) => replaceSizes(e, by);
  }

  /** The subscripts of a read, and where it has them: a subscript that is chosen by a static `if` makes cases. */
  private subscripts(at: readonly Tree[], env: Env, ranges: readonly Dim[]): readonly Subscripts[] {
    let done: readonly (Subscripts & { earlier: ReadonlyMap<string, IndexExpr> })[] = [
      { guard: build.always, at: [], earlier: new Map() },
    ];
    at.forEach((tree, k) => {
      const dim = ranges[k]!;
      const cases = this.cases(tree, env);
      const value =
        cases === undefined || cases.length * done.length > MAX_READS
          ? this.value(tree, env, build.int)
          : undefined;
      const promised = value && valueBounds(value);
      done = done.flatMap(({ guard, at, earlier }) => {
        if (value === undefined)
          return under(guard, cases!).map((c) => ({
            guard: c.guard,
            at: [...at, { kind: "static", value: c.value } as const],
            earlier: new Map(earlier).set(dim.index, c.value),
          }));
        const hi = substituteIndex(dim.hi, earlier);
        // What is not promised: the family's own range, as far as it can be said in the reader's indices.
        const range = { lo: promised?.lo ?? substituteIndex(dim.lo, earlier), hi: promised?.hi ?? hi };
        return [
          {
            guard,
            at: [...at, { kind: "dynamic", value, ...range } as const],
            earlier: new Map(earlier).set(dim.index, build.sub(hi, build.integer(1))),
          },
        ];
      });
    });
    return done;
  }

  /** The read of a family that an expression is, if it is one. */
  protected readOf(tree: Tree, env: Env): FamilyRead | undefined {
    const shape = readShape(tree);
    if (shape === undefined || env.has((shape.alias ?? shape.name).text)) return undefined;
    const family = this.program.symbolOf(shape.name);
    if (family?.kind !== "family") return undefined;
    const { declaration } = family;
    const own = { range: tree.range, family: declaration, name: shape.name.text, use: undefined };
    if (shape.alias === undefined) return { ...own, at: shape.at };
    const use = this.program.symbolOf(shape.alias);
    if (use?.kind !== "use") throw new Error("an unresolved alias was lowered");
    const name = `${shape.alias.text}.${shape.name.text}`;
    return { ...own, name, use: use.declaration, at: [...shape.instance, ...shape.at] };
  }

  protected familyRead(read: FamilyRead, env: Env, component?: IndexExpr): Expr {
    return this.perCase(read, env, component, (e) => e);
  }

  /** `a[i, j] ?? otherwise`. */
  protected defaultedRead(
    from: FamilyRead,
    env: Env,
    otherwise: Expr,
    want: ElementType,
    component?: IndexExpr,
  ): Expr {
    return this.perCase(from, env, component, (read, dims) => defaulted(dims, read, otherwise, want));
  }

  /** A read, or a choice of reads where static conditions choose its subscripts. */
  private perCase(
    from: FamilyRead,
    env: Env,
    component: IndexExpr | undefined,
    use: (read: Read, dims: readonly Dim[]) => Expr,
  ): Expr {
    const dims = this.dimsOf(from);
    const fixed = component === undefined ? [] : [{ kind: "static", value: component } as const];
    const cases = this.subscripts(from.at, env, dims).map(({ guard, at }) => ({
      guard,
      value: use(this.readAt(from, dims, [...at, ...fixed]), dims),
    }));
    const [type, ...others] = cases.map(({ value }) => build.typeOf(value));
    const bound = type!.kind === "index" ? type!.bound : undefined;
    const last = cases.pop()!;
    return choice(
      [...cases, { guard: build.always, value: last.value }],
      // Bounds of indices may differ from case to case.
      others.every((t) => t.kind !== "index" || t.bound === bound) ? type! : build.int,
    );
  }

  private readAt(read: FamilyRead, dims: readonly Dim[], subscripts: readonly Subscript[]): Read {
    const by = new Map<string, IndexExpr>();
    let known = true;
    dims.forEach((d, k) => {
      const s = subscripts[k]!;
      if (s.kind === "static") by.set(d.index, s.value);
      else known = false;
    });
    const declared = this.elementType(read.family);
    let type = declared;
    if (declared.kind === "index") {
      // A bound in the family's own indices means nothing here unless every subscript is known.
      const used = this.sizesOf(read.use)(declared.bound);
      type = known ? build.indexType(substituteIndex(used, by)) : build.int;
      if (!known && !mentionsAny(used, new Set(dims.map((d) => d.index)))) type = build.indexType(used);
    }
    return build.read(read.name, subscripts, type, this.origin(read.range)) as Read;
  }

  /** The dimensions of what is read: those of the instance of a used task come first. */
  private dimsOf({ family, use }: FamilyRead): Dim[] {
    const own = this.dimensions(family);
    if (use === undefined) return own;
    const inner = this.sizesOf(use);
    const outer = use.binders.map((b) => this.dim(b, b.name.text, new Map()));
    return [...outer, ...own.map((d) => ({ index: d.index, lo: inner(d.lo), hi: inner(d.hi) }))];
  }
}

/** `a[i, j] ?? otherwise`; `read` is the first, inside. */
function defaulted(dims: readonly Dim[], read: Read, otherwise: Expr, want: ElementType): Expr {
  let inside: Condition = build.always;
  const checks: Expr[] = [];
  const by = new Map<string, IndexExpr>();
  const at = read.at.map((s, k): Subscript => {
    const lo = substituteIndex(dims[k]!.lo, by);
    const hi = substituteIndex(dims[k]!.hi, by);
    if (s.kind === "static") {
      inside = and(
        inside,
        and(atom(build.compare("<=", lo, s.value)), atom(build.compare("<", s.value, hi))),
      );
      by.set(dims[k]!.index, s.value);
      return s;
    }
    checks.push(
      build.apply("le", [build.indexValue(lo), s.value], build.bit),
      build.apply("lt", [s.value, build.indexValue(hi)], build.bit),
    );
    const clamped = build.apply(
      "clamp",
      [s.value, build.indexValue(lo), build.indexValue(build.sub(hi, build.integer(1)))],
      build.int,
    );
    return { kind: "dynamic", value: clamped, lo, hi };
  });
  let value: Expr = read;
  if (checks.length > 0) {
    const all = checks.reduce((a, b) => build.apply("and", [a, b], build.bit));
    value = build.select(all, build.read(read.family, at, read.type, read.origin), otherwise, want);
  }
  if (isAlways(inside)) return value;
  return choice(
    [
      { guard: inside, value },
      { guard: build.always, value: otherwise },
    ],
    want,
  );
}

/** Sizes by expressions of other sizes and indices. */
export function replaceSizes(e: IndexExpr, by: ReadonlyMap<string, IndexExpr>): IndexExpr {
  switch (e.kind) {
    case "integer":
    case "index":
      return e;
    case "size":
      return by.get(e.name) ?? e;
    case "log2":
      return build.log2(replaceSizes(e.operand, by));
    case "pow2":
      return build.pow2(replaceSizes(e.operand, by));
    default:
      return build.indexOperators[e.kind](replaceSizes(e.left, by), replaceSizes(e.right, by));
  }
}
