/**
 * The Bellman equations of a system: what its levels are, term by term.
 *
 *   level(i) = max(0, delay + level(source(i, y))) over the terms whose conditions hold at i and some y in their inner ranges
 *
 * One term for each way from a read (or a constant) to the value of an instance. Meaning as in `docs/reference/meaning.md`,
 * "Cost"; tests compare the solution with unrolled graphs.
 */

import * as build from "../src/equations/build";
import { mapCondition, negated as opposite, substituteIndex } from "../src/equations/conditions";
import { type CostModel, monoidCost, operatorCost } from "../src/equations/cost";
import type {
  Comparison,
  Condition,
  Conjunction,
  Dim,
  Expr,
  Family,
  Fold,
  IndexExpr,
  Origin,
  Read,
  Reduce,
  System,
} from "../src/equations/system";
import { type ClosedForm, closed, closedFormKey, fromIndexExpr } from "../src/symbolic/closed-form";
import { factOf, Sequent } from "./sequent";

export interface Term {
  /** All hold; none is `!=`. Over sizes, the reader's indices and the inner ones. */
  readonly conditions: Conjunction;
  /** Ranges of reduction indices, and of data-dependent subscripts (`@k` for subscript k). */
  readonly inner: readonly Dim[];
  /** Absent: a constant or an input, which are there from the start. */
  readonly source?: { readonly family: string; readonly at: readonly IndexExpr[] } | undefined;
  readonly delay: ClosedForm;
  readonly dynamic: boolean;
  readonly origin?: Origin | undefined;
}

/** A construct whose levels this module cannot put into words; `message` says which. */
export class Inexpressible extends Error {}

/** Most terms of one family. */
const LIMIT = 400;

type Want = { readonly condition: Condition; readonly wanted: boolean };

/** Ways in which all wants are met, as conjunctions without `!=`; those that contradict the facts outright are left out. */
export function alternatives(
  facts: Sequent,
  wants: readonly Want[],
): { readonly conditions: Conjunction; readonly facts: Sequent }[] {
  let found: { conditions: Comparison[]; facts: Sequent }[] = [{ conditions: [], facts }];
  const and = (c: Comparison): void => {
    found = found.flatMap((a) =>
      sidesOf(c).flatMap((side) => {
        const { form, equality } = factOf(side);
        const more = a.facts.with(form, equality);
        if (more === undefined) return [];
        return more === a.facts ? [a] : [{ conditions: [...a.conditions, side], facts: more }];
      }),
    );
  };
  const either = (options: readonly (readonly Comparison[])[]): void => {
    const before = found;
    const all: typeof found = [];
    for (const option of options) {
      found = before;
      option.forEach(and);
      all.push(...found);
    }
    found = all;
    if (found.length > LIMIT) throw new Inexpressible(`more than ${LIMIT} cases of conditions`);
  };
  for (const { condition, wanted } of wants) {
    if (wanted) either(condition);
    // The first comparison that fails, after those that hold.
    else for (const all of condition) either(all.map((c, k) => [...all.slice(0, k), negated(c)]));
  }
  return found;
}

const opposites = new WeakMap<Comparison, Comparison>();
/** The same object each time. */
export function negated(c: Comparison): Comparison {
  let made = opposites.get(c);
  if (made === undefined) {
    made = opposite(c);
    opposites.set(c, made);
  }
  return made;
}
const bothSides = new WeakMap<Comparison, readonly Comparison[]>();
/** `a != b` as `a < b` or `b < a`. */
function sidesOf(c: Comparison): readonly Comparison[] {
  if (c.op !== "!=") return [c];
  let made = bothSides.get(c);
  if (made === undefined) {
    made = [build.compare("<", c.left, c.right), build.compare("<", c.right, c.left)];
    bothSides.set(c, made);
  }
  return made;
}

/** `lo <= index < hi`, with other forms for the indices. */
export function withRange(
  facts: Sequent | undefined,
  dims: readonly Dim[],
  at?: readonly ClosedForm[],
  form: (e: IndexExpr) => ClosedForm = fromIndexExpr,
): Sequent | undefined {
  let made = facts;
  dims.forEach((d, k) => {
    const here = at?.[k] ?? closed.index(d.index);
    made = made
      ?.with(closed.sub(here, form(d.lo)))
      ?.with(closed.sub(closed.sub(form(d.hi), here), closed.constant(1)));
  });
  return made;
}

/** What holds of the sizes: each alternative of `where`. */
export function sizeFacts(system: System): Sequent[] {
  let natural: Sequent = Sequent.empty;
  for (const s of system.sizes) natural = natural.with(closed.size(s.name))!;
  return alternatives(natural, [{ condition: system.constraints, wanted: true }]).map((a) => a.facts);
}

export function termsOf(system: System, family: Family, model: CostModel): Term[] {
  const roles = new Map(system.families.map((f) => [f.name, f.pieces.length > 0]));
  const where = sizeFacts(system);
  // Prune by what is known of every instance; a disjunction in `where` says nothing here.
  let natural: Sequent = Sequent.empty;
  for (const s of system.sizes) natural = natural.with(closed.size(s.name))!;
  const base = withRange(where.length === 1 ? where[0] : natural, family.dims);
  if (base === undefined) return [];
  const found = new Map<string, Term>();
  const before: Want[] = [];
  for (const piece of family.pieces) {
    const path: Want[] = [...before, { condition: piece.guard, wanted: true }];
    before.push({ condition: piece.guard, wanted: false });
    const gates = model === "ops" ? [{ path: [] as Want[], gate: 0 }] : gatesOf(piece.value);
    for (const leaf of leavesOf(piece.value, model)) {
      const source = leaf.read !== undefined && roles.get(leaf.read.family) === true ? leaf.read : undefined;
      const dynamic = (leaf.read?.at ?? []).some((s) => s.kind === "dynamic");
      const at = source?.at.map((s, k) => (s.kind === "static" ? s.value : build.index(`@${k}`)));
      const free = (source?.at ?? []).flatMap((s, k): Dim[] =>
        s.kind === "static" ? [] : [{ index: `@${k}`, lo: s.lo, hi: s.hi }],
      );
      const inner = [...leaf.inner, ...free];
      for (const { path: also, gate } of gates) {
        const inside = withRange(base, inner);
        if (inside === undefined) continue;
        for (const { conditions } of alternatives(inside, [...path, ...leaf.path, ...also])) {
          const delay = closed.add(leaf.delay, closed.constant(gate));
          const term: Term = {
            conditions,
            inner,
            source: source === undefined ? undefined : { family: source.family, at: at! },
            delay,
            dynamic,
            origin: leaf.read?.origin ?? piece.origin,
          };
          const key = keyOf(term);
          const known = found.get(key);
          if (known === undefined || isLater(delay, known.delay)) found.set(key, term);
          if (found.size > LIMIT)
            throw new Inexpressible(`more than ${LIMIT} reads under different conditions`);
        }
      }
    }
  }
  // Levels are never negative: a constant says nothing beside a read that arrives as late or later.
  const contexts = new Map<string, ClosedForm[]>();
  for (const t of found.values()) {
    if (t.source === undefined) continue;
    const known = contexts.get(contextOf(t));
    if (known === undefined) contexts.set(contextOf(t), [t.delay]);
    else known.push(t.delay);
  }
  return [...found.values()].filter((t) => {
    if (t.source !== undefined) return true;
    if (t.delay.kind === "constant" && t.delay.value.numerator === 0n) return false;
    return !(contexts.get(contextOf(t)) ?? []).some((d) => sameBut(d, t.delay) && !isLater(t.delay, d));
  });
}

const text = (e: IndexExpr): string => String(build.nodeNumber(e));
const contextOf = (t: Term): string =>
  `${t.conditions.map((c) => `${text(c.left)}${c.op}${text(c.right)}`).join("&")}|${t.inner.map((d) => `${d.index}:${text(d.lo)}:${text(d.hi)}`).join(",")}`;
const symbolicOf = (f: ClosedForm): string => closedFormKey(closed.sub(f, closed.constant(constantOf(f))));
const sameBut = (a: ClosedForm, b: ClosedForm): boolean => symbolicOf(a) === symbolicOf(b);
const keyOf = (t: Term): string =>
  `${contextOf(t)}|${t.source?.family}[${t.source?.at.map(text).join(",")}]|${symbolicOf(t.delay)}`;

const constantOf = (f: ClosedForm): bigint => {
  if (f.kind === "constant") return f.value.numerator;
  const last = f.kind === "add" ? f.terms.find((t) => t.kind === "constant") : undefined;
  return last?.kind === "constant" ? last.value.numerator : 0n;
};
/** Whether two lists of terms say the same, one by one. */
export const sameTerms = (a: readonly Term[], b: readonly Term[]): boolean =>
  a.length === b.length &&
  a.every((t, k) => keyOf(t) === keyOf(b[k]!) && closedFormKey(t.delay) === closedFormKey(b[k]!.delay));
const isLater = (a: ClosedForm, b: ClosedForm): boolean => constantOf(a) > constantOf(b);

// Expressions

interface Leaf {
  readonly read?: Read | undefined;
  readonly path: readonly Want[];
  readonly inner: readonly Dim[];
  readonly delay: ClosedForm;
}

/** Every read and one constant, with the longest way to the root, in each context of static choices and reductions. */
function leavesOf(root: Expr, model: CostModel): Leaf[] {
  const found: Leaf[] = [];
  const ops = model === "ops";
  let contexts = 0;
  const context = (start: Expr, path: readonly Want[], inner: readonly Dim[], base: ClosedForm): void => {
    if (++contexts > LIMIT) throw new Inexpressible(`more than ${LIMIT} static choices in one equation`);
    // Longest ways by topological order: users before what they use.
    const order: Expr[] = [];
    const seen = new Set<Expr>();
    const visit = (e: Expr): void => {
      if (seen.has(e)) return;
      seen.add(e);
      for (const x of usesOf(e)) visit(x);
      order.push(e);
    };
    visit(start);
    const ways = new Map<Expr, number>([[start, 0]]);
    for (const e of order.reverse()) {
      const way = ways.get(e)!;
      const cost = ops ? costOf(e) : 0;
      for (const x of usesOf(e)) ways.set(x, Math.max(ways.get(x) ?? 0, way + cost));
      const delay = closed.add(base, closed.constant(way + cost));
      if (e.kind === "read") found.push({ read: e, path, inner, delay });
      else if (e.kind === "choose") {
        const failed: Want[] = [];
        for (const c of e.cases) {
          context(c.value, [...path, ...failed, { condition: c.guard, wanted: true }], inner, delay);
          failed.push({ condition: c.guard, wanted: false });
        }
      } else if (e.kind === "reduce" || e.kind === "fold") {
        const deeper = [...inner, ...e.dims];
        const within: Want[] = [...path, { condition: e.filter, wanted: true }];
        found.push({ path, inner, delay });
        const mux = closed.constant(ops && e.dataFilter !== undefined ? 1 : 0);
        const bodies = e.kind === "fold" ? e.bodies : [e.body];
        const parts = [...bodies, ...(e.dataFilter === undefined ? [] : [e.dataFilter])];
        const each = closed.constant(e.kind === "fold" ? monoidCost(e.monoid).depth : 1);
        for (const part of parts) {
          if (!ops) context(part, within, deeper, delay);
          else if (e.kind === "fold" || e.op !== "majority")
            context(part, within, deeper, closed.add(delay, closed.mul(each, closed.log2(countOf(e))), mux));
          else {
            // A majority compares at the end, unless it is a wire.
            for (const way of countCases(e))
              context(
                part,
                [...within, way.want],
                deeper,
                closed.add(delay, closed.log2(countOf(e)), mux, closed.constant(way.many ? 1 : 0)),
              );
          }
        }
      } else if (usesOf(e).length === 0) found.push({ path, inner, delay });
    }
  };
  context(root, [], [], closed.constant(0));
  return found;
}

/** What an expression uses at once: not through a static choice or a reduction. */
function usesOf(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case "constant":
    case "index-value":
    case "choose":
    case "reduce":
    case "fold":
    case "operand":
      return [];
    case "read":
      return e.at.flatMap((s) => (s.kind === "dynamic" ? [s.value] : []));
    case "apply":
    case "table":
      return e.args;
    case "select":
      return [e.condition, e.then, e.otherwise];
    case "vector":
      return e.components;
    case "component":
      return [e.of];
  }
}

function costOf(e: Expr): number {
  switch (e.kind) {
    case "apply":
      return operatorCost(e).depth;
    case "select":
    case "table":
      return 1;
    case "read":
      return e.at.some((s) => s.kind === "dynamic") ? 1 : 0;
    default:
      return 0;
  }
}

// Reductions

const wordOf = (e: Reduce | Fold): string => (e.kind === "fold" ? `reduction by ${e.monoid.name}` : e.op);

interface Extent {
  readonly lo: IndexExpr;
  readonly hi: IndexExpr;
}

/** Independent ranges whose product is the operands, after a filter that narrows one range; plus a number, for one point left out. */
function extentsOf(e: Reduce | Fold): {
  readonly extents: readonly Extent[];
  readonly less?: IndexExpr | undefined;
} {
  const names = new Set(e.dims.map((d) => d.index));
  const mentions = (x: IndexExpr): boolean => {
    switch (x.kind) {
      case "integer":
      case "size":
        return false;
      case "index":
        return names.has(x.name);
      case "log2":
      case "pow2":
        return mentions(x.operand);
      default:
        return mentions(x.left) || mentions(x.right);
    }
  };
  const unclear = () => new Inexpressible(`the number of operands of a ${wordOf(e)}`);
  if (e.dims.some((d) => mentions(d.lo) || mentions(d.hi))) throw unclear();
  const extents = new Map(e.dims.map((d): [string, Extent] => [d.index, { lo: d.lo, hi: d.hi }]));
  let without: IndexExpr | undefined;
  if (e.filter.length !== 1) throw unclear();
  for (const c of e.filter[0]!) {
    const [index, other, turned] =
      c.left.kind === "index" && names.has(c.left.name) && !mentions(c.right)
        ? [c.left.name, c.right, false]
        : c.right.kind === "index" && names.has(c.right.name) && !mentions(c.left)
          ? [c.right.name, c.left, true]
          : [undefined, c.left, false];
    if (index === undefined) throw unclear();
    const { lo, hi } = extents.get(index)!;
    const next = build.add(other, build.integer(1));
    if (c.op === "==") extents.set(index, { lo: build.max(lo, other), hi: build.min(hi, next) });
    else if (c.op === "!=") {
      if (e.filter[0]!.length > 1 || e.dims.length > 1) throw unclear();
      without = other;
    } else if (turned) extents.set(index, { lo: build.max(lo, c.op === "<" ? next : other), hi });
    else extents.set(index, { lo, hi: build.min(hi, c.op === "<" ? other : next) });
  }
  return { extents: [...extents.values()], less: without };
}

/** The number of operands where there is at least one; a number where everything is one. */
function countOf(e: Reduce | Fold): ClosedForm {
  const fixed = fixedCount(e);
  if (fixed !== undefined) return closed.constant(fixed);
  const { extents, less } = extentsOf(e);
  const all = closed.mul(...extents.map((x) => closed.sub(fromIndexExpr(x.hi), fromIndexExpr(x.lo))));
  if (less === undefined) return all;
  // One operand fewer where the point left out lies in the range: 0 <= at < count.
  const at = closed.sub(fromIndexExpr(less), fromIndexExpr(extents[0]!.lo));
  const inside = closed.min(
    closed.constant(1),
    closed.max(
      closed.constant(0),
      closed.add(closed.min(at, closed.sub(closed.sub(all, closed.constant(1)), at)), closed.constant(1)),
    ),
  );
  return closed.sub(all, inside);
}

/** Counts a reduction over numbers only. */
function fixedCount(e: Reduce | Fold): number | undefined {
  const env = new Map<string, number>();
  const value = (x: IndexExpr): number | undefined => {
    if (x.kind === "integer") return x.value;
    if (x.kind === "index") return env.get(x.name);
    if (x.kind === "size" || x.kind === "log2" || x.kind === "pow2") return undefined;
    const [a, b] = [value(x.left), value(x.right)];
    if (a === undefined || b === undefined) return undefined;
    const folded = build.indexOperators[x.kind](build.integer(a), build.integer(b));
    return folded.kind === "integer" ? folded.value : undefined;
  };
  let [count, visited] = [0, 0];
  const walk = (d: number): boolean => {
    const dim = e.dims[d];
    if (dim === undefined) {
      if (++visited > 10_000) return false;
      let any = false;
      for (const all of e.filter) {
        let every = true;
        for (const c of all) {
          const [a, b] = [value(c.left), value(c.right)];
          if (a === undefined || b === undefined) return false;
          every &&= c.op === "==" ? a === b : c.op === "!=" ? a !== b : c.op === "<" ? a < b : a <= b;
        }
        any ||= every;
      }
      if (any) count++;
      return true;
    }
    const [lo, hi] = [value(dim.lo), value(dim.hi)];
    if (lo === undefined || hi === undefined) return false;
    for (let i = lo; i < hi; i++) {
      env.set(dim.index, i);
      if (!walk(d + 1)) return false;
    }
    env.delete(dim.index);
    return true;
  };
  return walk(0) ? count : undefined;
}

/** Conditions that tell how many operands there are: at least two, exactly one, none. */
function countCases(
  e: Reduce | Fold,
): { readonly want: Want; readonly many: boolean; readonly one: boolean }[] {
  const case_ = (condition: Condition, many: boolean, one: boolean) => ({
    want: { condition, wanted: true },
    many,
    one,
  });
  const fixed = fixedCount(e);
  if (fixed !== undefined) return [case_(build.always, fixed >= 2, fixed === 1)];
  const { extents, less } = extentsOf(e);
  const length = (x: Extent): IndexExpr => build.sub(x.hi, x.lo);
  const n = (k: number) => build.integer(k);
  const exactly = (x: Extent, k: number): Comparison => build.compare("==", length(x), n(k));
  const atLeast = (x: Extent, k: number): Comparison => build.compare("<=", n(k), length(x));
  if (less !== undefined) {
    const x = extents[0]!;
    const inside: Comparison[] = [build.compare("<=", x.lo, less), build.compare("<", less, x.hi)];
    const outside: Condition = [
      [build.compare("<", less, x.lo)],
      [build.compare("<=", x.hi, less), build.compare("<=", x.lo, less)],
    ];
    return [
      case_([[...inside, atLeast(x, 3)]], true, false),
      case_([[...inside, exactly(x, 2)]], false, true),
      case_([[...inside, exactly(x, 1)]], false, false),
      case_(
        outside.map((o) => [...o, atLeast(x, 2)]),
        true,
        false,
      ),
      case_(
        outside.map((o) => [...o, exactly(x, 1)]),
        false,
        true,
      ),
      case_(
        outside.map((o) => [...o, build.compare("<=", length(x), n(0))]),
        false,
        false,
      ),
    ];
  }
  return [
    case_(
      extents.map((x, k) => [
        ...extents.slice(0, k).map((y) => exactly(y, 1)),
        atLeast(x, 2),
        ...extents.slice(k + 1).map((y) => atLeast(y, 1)),
      ]),
      true,
      false,
    ),
    case_([extents.map((x) => exactly(x, 1))], false, true),
    case_(
      extents.map((x, k) => [
        ...extents.slice(0, k).map((y) => atLeast(y, 1)),
        build.compare("<=", length(x), n(0)),
      ]),
      false,
      false,
    ),
  ];
}

/** steps: under which conditions an instance is a gate, and when a wire. */
function gatesOf(e: Expr): { readonly path: Want[]; readonly gate: number }[] {
  const always = (gate: number) => [{ path: [], gate }];
  switch (e.kind) {
    case "constant":
    case "index-value":
    case "operand":
      return always(0);
    case "read":
      return always(e.at.every((s) => s.kind === "static") ? 0 : 1);
    case "component":
      return gatesOf(e.of);
    case "select":
    case "table":
      return always(1);
    case "apply":
      return e.op === "to-int" && operatorCost(e).depth === 0 ? gatesOf(e.args[0]!) : always(1);
    case "vector":
      return e.components.map(gatesOf).reduce((all, more) => {
        const both = all.flatMap((a) =>
          more.map((b) => ({ path: [...a.path, ...b.path], gate: Math.max(a.gate, b.gate) })),
        );
        return both.every((b) => b.gate === both[0]!.gate) ? always(both[0]!.gate) : both;
      });
    case "choose": {
      const failed: Want[] = [];
      const all = e.cases.flatMap((c) => {
        const own = gatesOf(c.value).map((g) => ({
          path: [...failed, { condition: c.guard, wanted: true }, ...g.path],
          gate: g.gate,
        }));
        failed.push({ condition: c.guard, wanted: false });
        return own;
      });
      return all.every((a) => a.gate === all[0]!.gate) ? always(all[0]!.gate) : all;
    }
    case "fold":
    case "reduce": {
      if (e.dataFilter !== undefined) return always(1);
      if (e.kind === "reduce" && (e.op === "argmin" || e.op === "argmax")) return always(1);
      return countCases(e).flatMap(({ want, many, one }) => {
        if (!one) return [{ path: [want], gate: many ? 1 : 0 }];
        const inner = gatesOf(e.kind === "fold" ? e.bodies[e.position]! : e.body);
        if (inner.length === 1) return [{ path: [want, ...inner[0]!.path], gate: inner[0]!.gate }];
        // The body at its only point.
        if (e.dims.length !== 1 || e.filter.some((all) => all.length > 0))
          throw new Inexpressible(`whether a ${wordOf(e)} of one operand is a wire`);
        const at = new Map([[e.dims[0]!.index, e.dims[0]!.lo]]);
        return inner.map((g) => ({
          path: [
            want,
            ...g.path.map((w) => ({
              ...w,
              condition: mapCondition(w.condition, (x) => substituteIndex(x, at)),
            })),
          ],
          gate: g.gate,
        }));
      });
    }
  }
}
