/**
 * In what order to compute a system serially. A strongly connected component of families is run inside one shared
 * "time" loop, if a dimension of each family (with a direction and an offset) can be found along which no read goes
 * forward; reads that go strictly back are then satisfied, and what is left is scheduled inside the loop the same way
 * (after Allen and Kennedy, 1987, and Darte and Vivien, 1997). Where no loop is found the component is computed on
 * demand, with a memo: always right, slower.
 */
import { not } from "../equations/conditions";
import { collectIndices } from "../equations/evaluate-index";
import type { Comparison, Condition, Dim, Expr, Family, IndexExpr, Read, System } from "../equations/system";

export type Step =
  /** Families that need nothing of each other inside this step: one nest over the remaining dimensions each. */
  | { readonly kind: "nest"; readonly family: Family; readonly fixed: ReadonlySet<number> }
  | {
      readonly kind: "loop";
      readonly direction: 1 | -1;
      /** Family name → the dimension that the loop runs over, and its delay: index = (loop value − offset) · direction. */
      readonly members: ReadonlyMap<string, { readonly dim: number; readonly offset: number }>;
      readonly body: readonly Step[];
    }
  | { readonly kind: "demand"; readonly families: readonly Family[]; readonly fixed: ReadonlyMap<string, ReadonlySet<number>> };

export interface Schedule {
  readonly steps: readonly Step[];
  /** Families of which only some planes along one dimension live at a time: plane = (index − lo) mod window. */
  readonly folded: ReadonlyMap<string, { readonly dim: number; readonly window: number }>;
}

/** A read with the conditions under which it happens, strongest knowledge first. */
interface Dependence {
  readonly reader: Family;
  readonly source: Family;
  readonly read: Read;
  /** Affine forms known to be ≥ 0 there. */
  readonly facts: readonly Affine[];
  /** Ranges of reduction indices around the read, innermost last. */
  readonly inner: readonly Dim[];
}

// Affine forms over names

interface Affine {
  readonly constant: number;
  readonly terms: ReadonlyMap<string, number>;
}

const affine = (constant: number, terms: readonly (readonly [string, number])[] = []): Affine => ({ constant, terms: new Map(terms) });

function combine(a: Affine, b: Affine, factor: number): Affine {
  const terms = new Map(a.terms);
  for (const [name, c] of b.terms) {
    const sum = (terms.get(name) ?? 0) + factor * c;
    if (sum === 0) terms.delete(name);
    else terms.set(name, sum);
  }
  return { constant: a.constant + factor * b.constant, terms };
}

/** Anything that is not affine counts as an unknown of its own. */
function toAffine(e: IndexExpr): Affine {
  switch (e.kind) {
    case "integer":
      return affine(e.value);
    case "size":
      return affine(0, [[`size ${e.name}`, 1]]);
    case "index":
      return affine(0, [[e.name, 1]]);
    case "add":
      return combine(toAffine(e.left), toAffine(e.right), 1);
    case "sub":
      return combine(toAffine(e.left), toAffine(e.right), -1);
    case "mul": {
      const [a, b] = [toAffine(e.left), toAffine(e.right)];
      const [scalar, form] = a.terms.size === 0 ? [a.constant, b] : b.terms.size === 0 ? [b.constant, a] : [undefined, a];
      return scalar === undefined ? opaque(e) : combine(affine(0), form, scalar);
    }
    default:
      return opaque(e);
  }
}

const opaqueNames = new WeakMap<IndexExpr, string>();
let opaqueCount = 0;
function opaque(e: IndexExpr): Affine {
  let name = opaqueNames.get(e);
  if (name === undefined) {
    name = `#${opaqueCount++}`;
    opaqueNames.set(e, name);
  }
  return affine(0, [[name, 1]]);
}

/** The forms a comparison says are ≥ 0. */
function factsOf(c: Comparison): Affine[] {
  const difference = combine(toAffine(c.right), toAffine(c.left), -1);
  if (c.op === "<=") return [difference];
  if (c.op === "<") return [{ ...difference, constant: difference.constant - 1 }];
  if (c.op === "==") return [difference, combine(affine(0), difference, -1)];
  return [];
}

/**
 * A constant that a form never falls below, by the ranges of its indices (innermost first) or by one fact; −∞ where
 * neither settles it.
 */
function least(form: Affine, ranges: readonly Dim[], facts: readonly Affine[]): number {
  if (form.terms.size === 0) return form.constant;
  let best = Number.NEGATIVE_INFINITY;
  for (const fact of facts) {
    const rest = combine(form, fact, -1);
    if (rest.terms.size === 0) best = Math.max(best, rest.constant);
  }
  for (let k = ranges.length - 1; k >= 0; k--) {
    const dim = ranges[k]!;
    const c = form.terms.get(dim.index);
    if (c === undefined) continue;
    const bound = c > 0 ? toAffine(dim.lo) : combine(toAffine(dim.hi), affine(1), -1);
    const without = new Map(form.terms);
    without.delete(dim.index);
    return Math.max(best, least(combine({ constant: form.constant, terms: without }, bound, c), ranges.slice(0, k), facts));
  }
  return best;
}

// Dependences

function dependences(system: System): Dependence[] {
  const byName = new Map(system.families.map((f) => [f.name, f]));
  const found: Dependence[] = [];
  const known = (condition: Condition): Affine[] => (condition.length === 1 ? condition[0]!.flatMap(factsOf) : []);
  const where = known(system.constraints);
  for (const reader of system.families) {
    let before: Affine[] = [];
    for (const piece of reader.pieces) {
      const visited = new Set<Expr>();
      const walk = (e: Expr, facts: readonly Affine[], inner: readonly Dim[]): void => {
        // A node met again under the same conditions adds nothing.
        if (inner.length === 0 && facts.length === base.length && visited.has(e)) return;
        visited.add(e);
        switch (e.kind) {
          case "constant":
          case "index-value":
            return;
          case "read": {
            const source = byName.get(e.family)!;
            if (source.pieces.length > 0) found.push({ reader, source, read: e, facts, inner });
            for (const s of e.at) if (s.kind === "dynamic") walk(s.value, facts, inner);
            return;
          }
          case "apply":
          case "table":
            for (const a of e.args) walk(a, facts, inner);
            return;
          case "select":
            for (const a of [e.condition, e.then, e.otherwise]) walk(a, facts, inner);
            return;
          case "choose": {
            let negated: Affine[] = [];
            for (const c of e.cases) {
              walk(c.value, [...facts, ...negated, ...known(c.guard)], inner);
              negated = [...negated, ...known(not(c.guard))];
            }
            return;
          }
          case "reduce": {
            const deeper = [...inner, ...e.dims];
            const more = [...facts, ...known(e.filter)];
            walk(e.body, more, deeper);
            if (e.dataFilter !== undefined) walk(e.dataFilter, more, deeper);
            return;
          }
          case "vector":
            for (const c of e.components) walk(c, facts, inner);
            return;
          case "component":
            walk(e.of, facts, inner);
            return;
        }
      };
      const base = [...where, ...before, ...known(piece.guard)];
      walk(piece.value, base, []);
      before = [...before, ...known(not(piece.guard))];
    }
  }
  return found;
}

/** The least and the greatest value of `reader time − source time` along one read. */
function delay(d: Dependence, readerDim: number, sourceDim: number, direction: 1 | -1): { readonly least: number; readonly most: number } {
  const ranges = [...d.reader.dims, ...d.inner];
  const own = affine(0, [[d.reader.dims[readerDim]!.index, direction]]);
  const subscript = d.read.at[sourceDim]!;
  const bounds = subscript.kind === "static" ? [subscript.value, subscript.value] : [subscript.lo, subscript.hi];
  const low = toAffine(bounds[0]!);
  const high = subscript.kind === "static" ? low : combine(toAffine(bounds[1]!), affine(1), -1);
  const [earliest, latest] = direction === 1 ? [low, high] : [high, low];
  const difference = (source: Affine) => combine(own, source, -direction);
  return {
    least: least(difference(latest), ranges, d.facts),
    most: -least(combine(affine(0), difference(earliest), -1), ranges, d.facts),
  };
}

// Components

/** Strongly connected components in the order in which they can be computed (Tarjan, 1972). */
function components(families: readonly Family[], deps: readonly Dependence[]): Family[][] {
  const sources = new Map<Family, Family[]>(families.map((f) => [f, []]));
  for (const d of deps) if (sources.has(d.source)) sources.get(d.reader)?.push(d.source);
  const number = new Map<Family, number>();
  const low = new Map<Family, number>();
  const open: Family[] = [];
  const done: Family[][] = [];
  const visit = (f: Family): void => {
    number.set(f, number.size);
    low.set(f, number.get(f)!);
    open.push(f);
    for (const s of sources.get(f)!) {
      if (!number.has(s)) visit(s);
      if (open.includes(s)) low.set(f, Math.min(low.get(f)!, low.get(s)!));
    }
    if (low.get(f) !== number.get(f)) return;
    const component: Family[] = [];
    for (;;) {
      const member = open.pop()!;
      component.push(member);
      if (member === f) break;
    }
    done.push(families.filter((x) => component.includes(x)));
  };
  for (const f of families) if (!number.has(f)) visit(f);
  return done;
}

const MAX_OFFSET_ROUNDS = 8;

/** Finds the order; `keep` names families whose every value is wanted afterwards. */
export function schedule(system: System, keep: ReadonlySet<string>): Schedule {
  const deps = dependences(system);
  const defined = system.families.filter((f) => f.pieces.length > 0);
  const folded = new Map<string, { dim: number; window: number }>();

  const plan = (families: readonly Family[], left: readonly Dependence[], fixed: ReadonlyMap<string, ReadonlySet<number>>): Step[] =>
    components(families, left).flatMap((component): Step[] => {
      const inside = left.filter((d) => component.includes(d.reader) && component.includes(d.source));
      if (inside.length === 0) return component.map((family) => ({ kind: "nest", family, fixed: fixed.get(family.name) ?? new Set() }));
      const loop = findLoop(component, inside, fixed);
      if (loop === undefined) return [{ kind: "demand", families: component, fixed }];
      const more = new Map(fixed);
      for (const [name, m] of loop.members) more.set(name, new Set([...(fixed.get(name) ?? []), m.dim]));
      const rest = inside.filter((d) => !loop.strict.has(d));
      return [{ kind: "loop", direction: loop.direction, members: loop.members, body: plan(component, rest, more) }];
    });

  /** Bounds of the loop dimension may mention only what is fixed already. */
  const usable = (family: Family, dim: number, fixed: ReadonlySet<number>): boolean => {
    const used = new Set<string>();
    collectIndices(family.dims[dim]!.lo, used);
    collectIndices(family.dims[dim]!.hi, used);
    return !fixed.has(dim) && [...used].every((name) => fixed.has(family.dims.findIndex((d) => d.index === name)));
  };

  function findLoop(component: readonly Family[], inside: readonly Dependence[], fixed: ReadonlyMap<string, ReadonlySet<number>>) {
    const choices = component.map((f) => f.dims.map((_, d) => d).filter((d) => usable(f, d, fixed.get(f.name) ?? new Set())));
    if (choices.some((c) => c.length === 0)) return undefined;
    for (const direction of [1, -1] as const) {
      for (const dims of combinations(choices)) {
        const dimOf = new Map(component.map((f, k) => [f, dims[k]!]));
        const delays = inside.map((d) => delay(d, dimOf.get(d.reader)!, dimOf.get(d.source)!, direction));
        if (delays.some((x) => x.least === Number.NEGATIVE_INFINITY)) continue;
        // Offsets: longest paths, so that every read goes back or stays; a positive cycle has none.
        const offset = new Map(component.map((f) => [f, 0]));
        let settled = false;
        for (let round = 0; round < MAX_OFFSET_ROUNDS && !settled; round++) {
          settled = true;
          inside.forEach((d, k) => {
            const needed = offset.get(d.source)! - delays[k]!.least;
            if (needed > offset.get(d.reader)!) {
              offset.set(d.reader, needed);
              settled = false;
            }
          });
        }
        if (!settled) continue;
        const strict = new Set(inside.filter((d, k) => delays[k]!.least + offset.get(d.reader)! - offset.get(d.source)! > 0));
        if (strict.size === 0) continue;
        const members = new Map(component.map((f) => [f.name, { dim: dimOf.get(f)!, offset: offset.get(f)! }]));
        return { direction, members, strict };
      }
    }
    return undefined;
  }

  const steps = plan(defined, deps, new Map());
  for (const step of steps) {
    if (step.kind !== "loop" || step.direction !== 1) continue;
    for (const [name, { dim, offset }] of step.members) {
      const family = defined.find((f) => f.name === name)!;
      if (family.role === "output" || keep.has(name)) continue;
      const window = windowOf(family, dim, offset, step.members, deps.filter((d) => d.source === family));
      if (window !== undefined) folded.set(name, { dim, window });
    }
  }
  return { steps, folded };
}

/**
 * How many planes must live: every read of the family is made in its own loop at a bounded distance, or afterwards of one
 * of the last planes. Undefined where that cannot be shown.
 */
function windowOf(
  family: Family,
  dim: number,
  offset: number,
  members: ReadonlyMap<string, { readonly dim: number; readonly offset: number }>,
  reads: readonly Dependence[],
): number | undefined {
  let window = 1;
  const afterwards: number[] = [];
  for (const d of reads) {
    const member = members.get(d.reader.name);
    if (member !== undefined) {
      const { most } = delay(d, member.dim, dim, 1);
      if (!Number.isFinite(most)) return undefined;
      window = Math.max(window, most + member.offset - offset + 1);
    } else {
      const subscript = d.read.at[dim]!;
      if (subscript.kind !== "static") return undefined;
      const fromEnd = combine(toAffine(family.dims[dim]!.hi), toAffine(subscript.value), -1);
      if (fromEnd.terms.size > 0 || fromEnd.constant < 1) return undefined;
      afterwards.push(fromEnd.constant);
    }
  }
  window = Math.max(window, ...afterwards, 1);
  return window <= 8 ? window : undefined;
}

/** Every way to take one from each, first choices first; bounded. */
function* combinations(choices: readonly (readonly number[])[]): Generator<number[]> {
  const total = Math.min(choices.reduce((a, c) => a * c.length, 1), 256);
  for (let n = 0; n < total; n++) {
    let rest = n;
    yield choices.map((c) => {
      const pick = c[rest % c.length]!;
      rest = Math.floor(rest / c.length);
      return pick;
    });
  }
}

