/**
 * A checked task as equations. Functions and constants are expanded, `use` is written out, static conditions become
 * guards: at the top of an equation pieces, inside it `choose`. Assumes a program without errors. Lowering is one class
 * in layers, a file each: `statics` ◄ `families` ◄ `tuples` ◄ `values`; here are tasks, equations and `use`.
 */
import {
  type AssumeMember,
  type CheckedProgram,
  type FamilyMember,
  isGiven,
  type MonoidItem,
  type TaskItem,
  type Expr as Tree,
  type UseMember,
} from "@fathom/lang";
import * as build from "../build";
import {
  and,
  atom,
  isAlways,
  mapCondition,
  type Renaming,
  renameExpr,
  substitute,
  substituteIndex,
} from "../conditions";
import { readsOf, rewriteExpr } from "../expressions";
import type {
  Assumption,
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Monoid,
  Origin,
  Piece,
  Subscript,
  System,
} from "../system";
import { COMPONENT, replaceSizes } from "./families";
import type { Binding, Env } from "./statics";
import { Values } from "./values";

/** The equations of a task of a program without errors: what it means, with nothing proved of it yet. */
export function lower(program: CheckedProgram, task: TaskItem): System {
  return new Lowering(program).task(task);
}

/** A size expression outside any family: the bound of an `expect`. Undefined where no index expression says it, such as a sum. */
export function lowerSize(program: CheckedProgram, tree: Tree): IndexExpr | undefined {
  return new Lowering(program).chosen(tree, new Map());
}

/** The operation of a declared monoid. The program must be free of errors. */
export function lowerMonoid(program: CheckedProgram, item: MonoidItem): Monoid {
  return new Lowering(program).declared(item);
}

/** What a task is written out to, so far. */
interface Written {
  readonly families: Family[];
  readonly obligations: NonNullable<System["obligations"]>[number][];
  readonly assumptions: Assumption[];
}

class Lowering extends Values {
  private readonly tasks = new Map<TaskItem, System>();

  task(task: TaskItem): System {
    const known = this.tasks.get(task);
    if (known !== undefined) return known;
    const written: Written = { families: [], obligations: [], assumptions: [] };
    const { families, obligations, assumptions } = written;
    for (const member of task.members) {
      if (member.kind === "family") families.push(this.family(member));
      if (member.kind === "use") this.use(member, written);
      if (member.kind === "assume") assumptions.push(...this.assumption(member));
    }
    const constraints = task.where.reduce<Condition>(
      (all, c) => and(all, this.static(c, new Map()) ?? build.never),
      build.always,
    );
    const system: System = {
      name: task.name.text,
      sizes: task.sizes.map((s) => ({ name: s.name.text, kind: s.sizeKind })),
      constraints,
      families,
      obligations,
      ...(assumptions.length === 0 ? {} : { assumptions }),
      origin: this.origin(task.name.range, task),
    };
    this.tasks.set(task, system);
    return system;
  }

  /** Nothing for a law that is not known: the checker has warned. */
  private assumption({ claim, by, fields, range }: AssumeMember): Assumption[] {
    if (claim.kind !== "call" || claim.args.length !== 2) return [];
    const [family, along] = claim.args as [Tree, Tree];
    if (family.kind !== "name-expr" || along.kind !== "name-expr") return [];
    return [
      {
        law: by.text,
        family: family.name.text,
        index: along.name.text,
        fields: fields.map((f) => ({ name: f.name.text, value: this.index(f.value, new Map()) })),
        origin: this.origin(range),
      },
    ];
  }

  private family(member: FamilyMember): Family {
    const origin = this.origin(member.name.range, member);
    const dims = this.dimensions(member);
    this.ranges.clear();
    this.remember(dims);
    const type = this.elementType(member);
    const pieces: Piece[] = [];
    if (member.value !== undefined) this.pieces(member.value, new Map(), build.always, type, pieces);
    return { name: member.name.text, role: member.role, dims, type, pieces, doc: member.doc, origin };
  }

  /** Static ifs at the top of an equation become pieces, tried in order. */
  private pieces(tree: Tree, env: Env, guard: Condition, type: ElementType, into: Piece[]): void {
    const peeled = this.peel(tree, env);
    if (peeled.tree.kind === "if") {
      const condition = this.static(peeled.tree.condition, peeled.env);
      if (condition !== undefined) {
        this.pieces(peeled.tree.then, peeled.env, and(guard, condition), type, into);
        // Order makes the negation unnecessary at the top level; below a guard it is needed no more.
        this.pieces(peeled.tree.otherwise, peeled.env, guard, type, into);
        return;
      }
    }
    const origin = this.origin(peeled.tree.range);
    if (this.program.typeOf(peeled.tree).kind === "tuple") {
      this.tuplePieces(peeled.tree, peeled.env, guard, origin, into);
      return;
    }
    const value = this.value(peeled.tree, peeled.env, type);
    // After an equation that always holds no other is ever selected.
    if (guard.length > 0 && !into.some((p) => isAlways(p.guard))) into.push({ guard, value, origin });
  }

  /** An equation for each component; where they are one equation at several positions, as in a plain copy, that one for all. */
  private tuplePieces(tree: Tree, env: Env, guard: Condition, origin: Origin, into: Piece[]): void {
    const copy = this.tupleRead(tree, env);
    if (copy !== undefined) {
      into.push({ guard, value: copy(build.index(COMPONENT)), origin });
      return;
    }
    const values = this.tuple(tree, env);
    const one = oneForAll(values);
    if (one !== undefined) {
      into.push({ guard, value: one, origin });
      return;
    }
    values.forEach((value, k) => {
      const own = atom(build.compare("==", build.index(COMPONENT), build.integer(k)));
      into.push({ guard: and(guard, own), value, origin });
    });
  }

  /** Writes a used task out: its families under the alias, with the instance's indices before their own. */
  private use(use: UseMember, { families, obligations, assumptions }: Written): void {
    const symbol = this.program.symbolOf(use.alias);
    if (symbol?.kind !== "use") throw new Error("an unresolved use was lowered");
    const savedFile = this.file;
    const target = this.task(symbol.target);
    this.file = savedFile;
    const origin = this.origin(use.alias.range, use);
    const alias = use.alias.text;
    const outer = use.binders.map((b) => this.dim(b, b.name.text, new Map()));
    this.ranges.clear();
    this.remember(outer);
    const bySize = new Map(
      symbol.target.sizes.map((s, k) => [s.name.text, this.index(use.args[k]!, new Map())]),
    );
    const before: Subscript[] = outer.map((d) => ({ kind: "static", value: build.index(d.index) }));
    // Indices of the target that are called like one of the extra leading indices get another name.
    const taken = new Set(outer.map((d) => d.index));
    const rename = (name: string): string => (taken.has(name) ? `${name}'` : name);
    const renamed = new Map([...taken].map((name) => [name, build.index(`${name}'`)]));
    const index = (e: IndexExpr): IndexExpr => replaceSizes(substituteIndex(e, renamed), bySize);
    const dim = (d: Dim): Dim => ({ index: rename(d.index), lo: index(d.lo), hi: index(d.hi) });
    const by: Renaming = {
      index,
      condition: (c) => mapCondition(c, index),
      family: (name) => ({ name: `${alias}.${name}`, before }),
    };
    const constraints = mapCondition(target.constraints, (e) => replaceSizes(e, bySize));
    obligations.push({ condition: constraints, dims: outer, origin });
    for (const inner of target.obligations ?? []) {
      const dims = [...outer, ...inner.dims.map(dim)];
      obligations.push({ condition: by.condition(inner.condition), dims, origin });
    }
    for (const a of target.assumptions ?? [])
      assumptions.push({
        ...a,
        family: `${alias}.${a.family}`,
        index: rename(a.index),
        fields: a.fields.map((f) => ({ ...f, value: index(f.value) })),
      });
    const memo = new Map<Expr, Expr>();
    for (const family of target.families) {
      const dims = [...outer, ...family.dims.map(dim)];
      const type: ElementType =
        family.type.kind === "index" ? build.indexType(index(family.type.bound)) : family.type;
      const name = `${alias}.${family.name}`;
      if (isGiven(family)) {
        const binding = use.bindings.find((b) => b.name.text === family.name);
        if (binding === undefined) throw new Error("an unbound input was lowered");
        const env = new Map<string, Binding>();
        binding.indices.forEach((n, k) => {
          env.set(n.text, { kind: "index", value: build.index(rename(family.dims[k]!.index)) });
        });
        const pieces: Piece[] = [];
        this.pieces(binding.value, env, build.always, type, pieces);
        families.push({ name, role: "node", dims, type, pieces, origin: this.origin(binding.range) });
        continue;
      }
      const pieces = family.pieces.map(
        (p): Piece => ({
          guard: by.condition(p.guard),
          value: renameExpr(p.value, by, memo),
          origin: p.origin,
        }),
      );
      families.push({
        name,
        role: family.role === "output" ? "node" : family.role,
        dims,
        type,
        pieces: pieces.filter((p) => p.guard.length > 0),
        doc: family.doc,
        origin: family.origin,
      });
    }
  }
}

/**
 * An expression in the component's index that is the first of these at position 0, the second at 1, …; undefined where there is none. `[x[s[0]],
 * x[s[1]]]` reads its own position in each: then positions are copies of one recurrence, and everything that looks for copies sees them.
 */
function oneForAll(values: readonly Expr[]): Expr | undefined {
  const [first, second] = values;
  if (first === undefined || second === undefined) return undefined;
  // What the second reads too does not depend on the position.
  const shared = new Set(readsOf(second));
  const general = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      if (x.kind !== "read" || shared.has(x)) return undefined;
      const at = x.at.map((s, k): Subscript => {
        if (s.kind === "dynamic") return { ...s, value: general(s.value) };
        const own = k === x.at.length - 1 && s.value === build.integer(0);
        return own ? { kind: "static", value: build.index(COMPONENT) } : s;
      });
      return build.read(x.family, at, x.type, x.origin);
    });
  const one = general(first);
  if (one === first) return undefined;
  const fits = values.every((v, k) => substitute(one, new Map([[COMPONENT, build.integer(k)]])) === v);
  return fits ? one : undefined;
}
