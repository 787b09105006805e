/**
 * Monoids of transformations of finitely many states: all products of some maps, their groups, and what those decide. A
 * product of n elements of a fixed finite monoid is in AC^0 where all its groups are trivial, in ACC^0 where they are solvable, and complete
 * for NC^1 where one is not (Barrington 1989; Barrington and Thérien 1988; catalogue C.3).
 */

export type Transformation = readonly number[];

export interface MonoidGroup {
  /** The states it permutes; its elements move no state out of them. */
  readonly points: readonly number[];
  readonly order: number;
  /** Permutations of `points` (as places in it) that generate the group, each with a shortest word of letters that acts so. */
  readonly generators: readonly { readonly permutation: Transformation; readonly word: readonly number[] }[];
  /** Orders of the derived series, from the group down to where it stays: 1 exactly where it is solvable. */
  readonly derived: readonly number[];
  /** Points that the last group of the series moves. */
  readonly moved: readonly number[];
}

type MonoidKind = "aperiodic" | "solvable" | "non-solvable";

export interface TransitionMonoid {
  readonly states: number;
  /** The letters' maps, without repetition. */
  readonly generators: readonly Transformation[];
  /** Elements, the identity among them; at least so many where `complete` is false. */
  readonly size: number;
  readonly complete: boolean;
  /** Undefined where the enumeration stopped and nothing else decided. */
  readonly kind: MonoidKind | undefined;
  /** How it was decided, in words. */
  readonly by: string;
  /** Primes that divide the order of a group, ascending: the moduli of ACC^0. Undefined unless `solvable`. */
  readonly primes?: readonly number[] | undefined;
  /** Maximal groups of more than one element, one for each set of states they permute, largest first; without those found where `complete` is false. */
  readonly groups: readonly MonoidGroup[];
  /** A group that is not solvable, of the smallest order found. */
  readonly witness?: MonoidGroup | undefined;
}

export const identityMap = (n: number): Transformation => Array.from({ length: n }, (_, k) => k);
/** First `a`, then `b`. */
export const composeMaps = (a: Transformation, b: Transformation): Transformation => a.map((x) => b[x]!);
const key = (m: Transformation): string => String.fromCharCode(...m);

interface Generated {
  readonly elements: readonly Transformation[];
  /** For each element, the element it came from and the generator that came last. */
  readonly from: readonly (readonly [parent: number, generator: number])[];
  readonly complete: boolean;
}

/** All products of the generators, shortest words first, the empty one among them. */
function generate(n: number, generators: readonly Transformation[], limit: number): Generated {
  const elements: Transformation[] = [identityMap(n)];
  const from: [number, number][] = [[-1, -1]];
  const known = new Set([key(elements[0]!)]);
  for (let k = 0; k < elements.length; k++) {
    for (const [g, generator] of generators.entries()) {
      const product = composeMaps(elements[k]!, generator);
      const name = key(product);
      if (known.has(name)) continue;
      if (elements.length >= limit) return { elements, from, complete: false };
      known.add(name);
      elements.push(product);
      from.push([k, g]);
    }
  }
  return { elements, from, complete: true };
}

const wordOf = (g: Generated, element: number): number[] => {
  const word: number[] = [];
  for (let k = element; k > 0; k = g.from[k]![0]) word.push(g.from[k]![1]);
  return word.reverse();
};

/** Elements that are enumerated at most: a few hundred thousand numbers for small state sets. */
const ELEMENTS = 50_000;

/** The monoid that the maps generate. `limit`: most elements. */
export function transitionMonoid(
  states: number,
  maps: readonly Transformation[],
  limit: number = Math.min(ELEMENTS, Math.floor(4_000_000 / Math.max(1, states))),
): TransitionMonoid {
  const generators = [...new Map(maps.map((m) => [key(m), m])).values()];
  const monoid = generate(states, generators, limit);
  const size = monoid.elements.length;
  const known = { states, generators, size, complete: monoid.complete };
  if (!monoid.complete) return { ...known, ...withoutAll(states, generators, limit) };
  const groups = groupsOf(monoid);
  if (groups.length === 0)
    return { ...known, kind: "aperiodic", by: `all groups of its ${size} elements are trivial`, groups };
  const unsolvable = groups.filter((g) => g.derived[g.derived.length - 1]! > 1);
  const witness = unsolvable.reduce<MonoidGroup | undefined>(
    (least, g) => (least === undefined || g.order < least.order ? g : least),
    undefined,
  );
  if (witness !== undefined)
    return { ...known, kind: "non-solvable", by: `it contains ${groupName(witness)}`, groups, witness };
  const primes = primesOf(groups);
  return {
    ...known,
    kind: "solvable",
    by: `all groups of its ${size} elements are solvable; their orders have the prime${primes.length > 1 ? "s" : ""} ${primes.join(", ")}`,
    primes,
    groups,
  };
}

const primesOf = (groups: readonly MonoidGroup[]): number[] =>
  [...new Set(groups.flatMap((g) => primeFactors(g.order)))].sort((a, b) => a - b);

function primeFactors(n: number): number[] {
  const found: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p++) {
    if (rest % p !== 0) continue;
    found.push(p);
    while (rest % p === 0) rest /= p;
  }
  return rest > 1 ? [...found, rest] : found;
}

/** What can be said without all elements. */
function withoutAll(
  states: number,
  generators: readonly Transformation[],
  limit: number,
): Pick<TransitionMonoid, "kind" | "by" | "primes" | "groups" | "witness"> {
  const rises = (m: Transformation) => m.every((x, k) => k === 0 || m[k - 1]! <= x);
  const falls = (m: Transformation) => m.every((x, k) => k === 0 || m[k - 1]! >= x);
  const groups: MonoidGroup[] = [];
  if (generators.every(rises))
    return { kind: "aperiodic", by: "every map keeps the order of the states", groups };
  // A product of such maps keeps the order or turns it: on the states it permutes, it is the identity or their reversal.
  if (generators.every((m) => rises(m) || falls(m)))
    return { kind: "solvable", by: "every map keeps or turns the order of the states", primes: [2], groups };
  const permutations = generators.filter((m) => new Set(m).size === states);
  const units = generate(states, permutations, limit);
  const found = permutations.length === 0 || !units.complete ? [] : groupsOf(units);
  const letters = permutations.map((m) => generators.indexOf(m));
  const witness = found
    .filter((g) => g.derived[g.derived.length - 1]! > 1)
    .map((g) => ({
      ...g,
      generators: g.generators.map((x) => ({ ...x, word: x.word.map((k) => letters[k]!) })),
    }))[0];
  if (witness !== undefined)
    return { kind: "non-solvable", by: `its permutations generate ${groupName(witness)}`, groups, witness };
  return { kind: undefined, by: `it has more than ${limit} elements`, groups };
}

/**
 * The maximal groups with more than one element. An element that maps its image onto itself permutes it, and lies in
 * the maximal group of its idempotent power; elements with the same image give the same permutations. So the group of
 * an image is the set of permutations of it that occur.
 */
function groupsOf(monoid: Generated): MonoidGroup[] {
  const byImage = new Map<
    string,
    { points: number[]; elements: Map<string, { permutation: number[]; element: number }> }
  >();
  for (const [element, m] of monoid.elements.entries()) {
    const points = [...new Set(m)].sort((a, b) => a - b);
    const place = new Map(points.map((p, k) => [p, k]));
    const permutation = points.map((p) => place.get(m[p]!)!);
    if (new Set(permutation).size < points.length) continue;
    const image = key(points);
    let group = byImage.get(image);
    if (group === undefined) {
      group = { points, elements: new Map() };
      byImage.set(image, group);
    }
    const name = key(permutation);
    if (!group.elements.has(name)) group.elements.set(name, { permutation, element });
  }
  const groups: MonoidGroup[] = [];
  for (const { points, elements } of byImage.values()) {
    if (elements.size === 1) continue;
    const degree = points.length;
    // Shortest words first, each only where those before it do not generate it.
    const chosen: { permutation: number[]; element: number }[] = [];
    let generated = new Set([key(identityMap(degree))]);
    for (const e of elements.values()) {
      if (generated.has(key(e.permutation))) continue;
      chosen.push(e);
      generated = new Set(
        generate(
          degree,
          chosen.map((c) => c.permutation),
          Number.POSITIVE_INFINITY,
        ).elements.map(key),
      );
      if (generated.size === elements.size) break;
    }
    const series = derivedSeries(
      degree,
      chosen.map((c) => c.permutation),
      elements.size,
    );
    groups.push({
      points,
      order: elements.size,
      generators: chosen.map((c) => ({ permutation: c.permutation, word: wordOf(monoid, c.element) })),
      derived: series.orders,
      moved: points.filter((_, k) => series.last.some((g) => g[k] !== k)),
    });
  }
  return groups.sort((a, b) => b.order - a.order);
}

const inverse = (p: Transformation): Transformation => {
  const q = new Array<number>(p.length);
  p.forEach((x, k) => {
    q[x] = k;
  });
  return q;
};

/** Orders of the group, its derived group, and so on until it stays; and generators of the last. */
function derivedSeries(
  degree: number,
  generators: readonly Transformation[],
  order: number,
): { orders: number[]; last: readonly Transformation[] } {
  const orders = [order];
  let current = generators;
  for (;;) {
    const next = derivedGroup(degree, current);
    const size = next.elements.length;
    if (size === orders[orders.length - 1]) return { orders, last: current };
    orders.push(size);
    current = next.generators;
    if (size === 1) return { orders, last: current };
  }
}

/** The smallest normal subgroup that holds the commutators of the generators: the derived group. */
function derivedGroup(
  degree: number,
  generators: readonly Transformation[],
): { generators: readonly Transformation[]; elements: readonly Transformation[] } {
  const chosen: Transformation[] = [];
  let elements: readonly Transformation[] = [identityMap(degree)];
  let known = new Set(elements.map(key));
  const open: Transformation[] = [];
  for (const a of generators)
    for (const b of generators)
      open.push(composeMaps(composeMaps(inverse(a), inverse(b)), composeMaps(a, b)));
  for (let x = open.pop(); x !== undefined; x = open.pop()) {
    if (known.has(key(x))) continue;
    chosen.push(x);
    elements = generate(degree, chosen, Number.POSITIVE_INFINITY).elements;
    known = new Set(elements.map(key));
    for (const g of generators) open.push(composeMaps(composeMaps(inverse(g), x), g));
  }
  return { generators: chosen, elements };
}

/** `(0 1)(2 3 4)`, in the states themselves. */
export function printCycles(
  permutation: Transformation,
  points: readonly number[] = identityMap(permutation.length),
): string {
  const seen = new Set<number>();
  let text = "";
  for (let k = 0; k < permutation.length; k++) {
    if (seen.has(k) || permutation[k] === k) continue;
    const cycle: number[] = [];
    for (let x = k; !seen.has(x); x = permutation[x]!) {
      seen.add(x);
      cycle.push(points[x]!);
    }
    text += `(${cycle.join(" ")})`;
  }
  return text === "" ? "()" : text;
}

/** `S5 (order 120) on 5 states`; groups without a name by their order. */
/** A permutation of `points`, as places in it, by its cycles; fixed points are left out: `(0 1 2)(3 4)`. */
function cyclesOf(permutation: Transformation, points: readonly number[]): string {
  const left = new Set(permutation.keys());
  let text = "";
  for (const first of permutation.keys()) {
    const cycle: number[] = [];
    for (let at = first; left.delete(at); at = permutation[at]!) cycle.push(points[at]!);
    if (cycle.length > 1) text += `(${cycle.join(" ")})`;
  }
  return text === "" ? "()" : text;
}

/** At most so many generators are written out. */
const SHOWN = 4;

/** "(0 1 2 3 4), (0 1)": generators of the group as permutations of states, which anyone can check by hand. */
export function generatorsText({ points, generators }: Pick<MonoidGroup, "points" | "generators">): string {
  const all = generators.slice(0, SHOWN).map((g) => cyclesOf(g.permutation, points));
  return `${all.join(", ")}${generators.length > SHOWN ? " and more" : ""}`;
}

export function groupName(g: Pick<MonoidGroup, "points" | "order" | "generators">): string {
  const degree = g.points.length;
  let factorial = 1;
  for (let k = 2; k <= degree; k++) factorial *= k;
  const cyclic = g.generators.length === 1;
  const name =
    g.order === factorial && degree > 2
      ? `S${degree}, of order ${g.order},`
      : g.order === factorial / 2 && degree > 3
        ? `A${degree}, of order ${g.order},`
        : cyclic
          ? `C${g.order}`
          : `a group of order ${g.order}`;
  return `${name} on ${degree} states`;
}
