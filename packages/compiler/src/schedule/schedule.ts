/**
 * In what order to compute a system serially. A strongly connected component of families is run inside one shared
 * "time" loop, if a dimension of each family (with a direction and an offset) can be found along which no read goes
 * forward; reads that go strictly back are then satisfied, and what is left is scheduled inside the loop the same way
 * (after Allen and Kennedy, 1987, and Darte and Vivien, 1997). Where no loop is found the component is computed on
 * demand, with a memo: always right, slower.
 */
import { collectIndices } from "../equations/evaluate-index";
import type { Family, System } from "../equations/system";
import { type Affine, affine, combine, least, toAffine } from "../symbolic/affine";
import { type GuardedRead, guardedReads } from "../symbolic/reads";
import { inPlace } from "./in-place";

/** A read of a family that is computed. */
type Dependence = GuardedRead;

/** Steps that compute every value in its turn. */
type OrderedStep =
  /** Families that need nothing of each other inside this step: one nest over the remaining dimensions each. */
  | { readonly kind: "nest"; readonly family: Family; readonly fixed: ReadonlySet<number> }
  | {
      readonly kind: "loop";
      readonly direction: 1 | -1;
      /** Family name → the dimension that the loop runs over, and its delay: index = (loop value − offset) · direction. */
      readonly members: ReadonlyMap<string, { readonly dim: number; readonly offset: number }>;
      readonly body: readonly OrderedStep[];
    };

export type Step = OrderedStep | { readonly kind: "demand"; readonly families: readonly Family[] };

const isOrdered = (step: Step): step is OrderedStep => step.kind !== "demand";

export interface Schedule {
  readonly steps: readonly Step[];
  /** Families of which only some planes along one dimension live at a time: plane = (index − lo) mod window. */
  readonly folded: ReadonlyMap<string, { readonly dim: number; readonly window: number }>;
}

/** A loop whose members' ranges cannot share one guard: a back end that needs one computes on demand instead. */
export class Unschedulable extends Error {}

export function familiesOf(step: Step): Set<string> {
  switch (step.kind) {
    case "nest":
      return new Set([step.family.name]);
    case "demand":
      return new Set(step.families.map((f) => f.name));
    case "loop":
      return new Set(step.members.keys());
  }
}

/** The least and the greatest value of `reader time − source time` along one read. */
function delay(
  d: Dependence,
  readerDim: number,
  sourceDim: number,
  direction: 1 | -1,
): { readonly least: number; readonly most: number } {
  const ranges = [...d.reader.dims, ...d.inner];
  const own = affine(0, [[d.reader.dims[readerDim]!.index, direction]]);
  const subscript = d.read.at[sourceDim]!;
  const bounds =
    subscript.kind === "static" ? [subscript.value, subscript.value] : [subscript.lo, subscript.hi];
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

/** Strongly connected components in the order in which they can be computed (Tarjan, 1972); long chains need no call stack. */
export function components(families: readonly Family[], deps: readonly Dependence[]): Family[][] {
  const place = new Map(families.map((f, k) => [f, k]));
  const sources = new Map<Family, Family[]>(families.map((f) => [f, []]));
  for (const d of deps) if (place.has(d.source)) sources.get(d.reader)?.push(d.source);
  const number = new Map<Family, number>();
  const low = new Map<Family, number>();
  const open: Family[] = [];
  const isOpen = new Set<Family>();
  const done: Family[][] = [];
  const lower = (f: Family, to: number): void => void low.set(f, Math.min(low.get(f)!, to));
  const enter = (f: Family): { readonly f: Family; next: number } => {
    number.set(f, number.size);
    low.set(f, number.get(f)!);
    open.push(f);
    isOpen.add(f);
    return { f, next: 0 };
  };
  for (const start of families) {
    if (number.has(start)) continue;
    const path = [enter(start)];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const { f } = at;
      const source = sources.get(f)![at.next++];
      if (source !== undefined) {
        if (!number.has(source)) path.push(enter(source));
        else if (isOpen.has(source)) lower(f, low.get(source)!);
        continue;
      }
      path.pop();
      if (low.get(f) !== number.get(f)) {
        // Below the first of its component there is a reader on the path.
        lower(path.at(-1)!.f, low.get(f)!);
        continue;
      }
      const component = open.splice(open.lastIndexOf(f));
      for (const member of component) isOpen.delete(member);
      done.push(component.sort((a, b) => place.get(a)! - place.get(b)!));
    }
  }
  return done;
}

const MAX_OFFSET_ROUNDS = 8;

/** Finds the order; `keep` names families whose every value is wanted afterwards. */
export function schedule(system: System, keep: ReadonlySet<string>): Schedule {
  const deps = guardedReads(system).filter((d) => d.source.pieces.length > 0);
  const defined = system.families.filter((f) => f.pieces.length > 0);
  const folded = new Map<string, { dim: number; window: number }>();

  const plan = (
    families: readonly Family[],
    left: readonly Dependence[],
    fixed: ReadonlyMap<string, ReadonlySet<number>>,
  ): Step[] => {
    const parts = components(families, left);
    const part = new Map(parts.flatMap((component, k) => component.map((f) => [f, k] as const)));
    const within: Dependence[][] = parts.map(() => []);
    for (const d of left) {
      const k = part.get(d.reader);
      if (k !== undefined && k === part.get(d.source)) within[k]!.push(d);
    }
    return parts.flatMap((component, k): Step[] => {
      const inside = within[k]!;
      if (inside.length === 0)
        return component.map((family) => ({
          kind: "nest",
          family,
          fixed: fixed.get(family.name) ?? new Set(),
        }));
      const loop = findLoop(component, inside, fixed);
      if (loop === undefined) return [{ kind: "demand", families: component }];
      const more = new Map(fixed);
      for (const [name, m] of loop.members) more.set(name, new Set([...(fixed.get(name) ?? []), m.dim]));
      const rest = inside.filter((d) => !loop.strict.has(d));
      const body = plan(component, rest, more);
      // On demand an instance reaches for what it needs wherever that is: no loop around it, and no folding by one.
      if (!body.every(isOrdered)) return [{ kind: "demand", families: component }];
      return [{ kind: "loop", direction: loop.direction, members: loop.members, body }];
    });
  };

  /** Bounds of the loop dimension may mention only what is fixed already. */
  const usable = (family: Family, dim: number, fixed: ReadonlySet<number>): boolean => {
    const used = new Set<string>();
    collectIndices(family.dims[dim]!.lo, used);
    collectIndices(family.dims[dim]!.hi, used);
    return (
      !fixed.has(dim) && [...used].every((name) => fixed.has(family.dims.findIndex((d) => d.index === name)))
    );
  };

  function findLoop(
    component: readonly Family[],
    inside: readonly Dependence[],
    fixed: ReadonlyMap<string, ReadonlySet<number>>,
  ) {
    const choices = component.map((f) =>
      f.dims.map((_, d) => d).filter((d) => usable(f, d, fixed.get(f.name) ?? new Set())),
    );
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
        const strict = new Set(
          inside.filter((d, k) => delays[k]!.least + offset.get(d.reader)! - offset.get(d.source)! > 0),
        );
        if (strict.size === 0) continue;
        const members = new Map(
          component.map((f) => [f.name, { dim: dimOf.get(f)!, offset: offset.get(f)! }]),
        );
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
      const reads = deps.filter((d) => d.source === family);
      const planes = planesOf(family, dim, offset, step.members, reads);
      if (planes === undefined) continue;
      const window = Math.max(planes.within, planes.after);
      const once = window === 2 && planes.after < 2 && oneAtATime(step, family, dim, offset, reads);
      folded.set(name, { dim, window: once ? 1 : window });
    }
  }
  return { steps, folded };
}

/** Whether a family whose reads go at most a turn back can do with one plane. */
function oneAtATime(
  { body, members }: Extract<Step, { kind: "loop" }>,
  family: Family,
  dim: number,
  offset: number,
  reads: readonly Dependence[],
): boolean {
  if (!body.every((part) => part.kind === "nest")) return false;
  const inside = reads.filter((d) => members.has(d.reader.name));
  const distance = (d: Dependence) => {
    const member = members.get(d.reader.name)!;
    const { least, most } = delay(d, member.dim, dim, 1);
    return { least: least + member.offset - offset, most: most + member.offset - offset };
  };
  return inPlace(family, dim, inside, distance, (name) =>
    body.findIndex((part) => familiesOf(part).has(name)),
  );
}

/**
 * How many planes must live: every read of the family is made in its own loop at a bounded distance (`within`, the plane at hand
 * among them), or afterwards of one of the last planes (`after`). Undefined where that cannot be shown.
 */
export function planesOf(
  family: Family,
  dim: number,
  offset: number,
  members: ReadonlyMap<string, { readonly dim: number; readonly offset: number }>,
  reads: readonly Dependence[],
): { readonly within: number; readonly after: number } | undefined {
  let within = 1;
  let after = 0;
  for (const d of reads) {
    const member = members.get(d.reader.name);
    if (member !== undefined) {
      const { most } = delay(d, member.dim, dim, 1);
      if (!Number.isFinite(most)) return undefined;
      within = Math.max(within, most + member.offset - offset + 1);
    } else {
      const subscript = d.read.at[dim]!;
      if (subscript.kind !== "static") return undefined;
      const fromEnd = combine(toAffine(family.dims[dim]!.hi), toAffine(subscript.value), -1);
      if (fromEnd.terms.size > 0 || fromEnd.constant < 1) return undefined;
      after = Math.max(after, fromEnd.constant);
    }
  }
  return Math.max(within, after) <= MOST_PLANES ? { within, after } : undefined;
}

const MOST_PLANES = 8;

/** Every way to take one from each, first choices first; bounded. */
function* combinations(choices: readonly (readonly number[])[]): Generator<number[]> {
  const total = Math.min(
    choices.reduce((a, c) => a * c.length, 1),
    256,
  );
  for (let n = 0; n < total; n++) {
    let rest = n;
    yield choices.map((c) => {
      const pick = c[rest % c.length]!;
      rest = Math.floor(rest / c.length);
      return pick;
    });
  }
}
