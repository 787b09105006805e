/**
 * Circuit classes, ordered by inclusion. The order is data (`covers`): each step up says whether it is *proved* strict or
 * only *believed* to be. A sentence "not in C" may be printed only over a proved step, or with its hypothesis named
 * (catalogue 0.1). All classes are uniform; what a bound assumes about uniformity is a side condition of the bound.
 */

/** `NC^i`, `AC^i`, `ACC^i`, `TC^i`: polynomial size, depth O(log^i N). */
export type CircuitClass =
  | { readonly family: "NC" | "AC" | "ACC" | "TC"; readonly index: number }
  /** AC^0 with gates that count modulo these primes, in rising order: `AC^0[2]`, `AC^0[2,3]`. */
  | { readonly family: "AC-mod"; readonly primes: readonly number[] }
  /** `TC` without an index is the union over all i, the same as the union of NC^i or AC^i (A.2). */
  | { readonly family: "L" | "NL" | "LOGCFL" | "DET" | "union" | "P" };

export const NC = (index: number): CircuitClass => ({ family: "NC", index });
export const AC = (index: number): CircuitClass => ({ family: "AC", index });
export const ACC = (index: number): CircuitClass => ({ family: "ACC", index });
export const TC = (index: number): CircuitClass => ({ family: "TC", index });
export const L: CircuitClass = { family: "L" };
export const NL: CircuitClass = { family: "NL" };
export const LOGCFL: CircuitClass = { family: "LOGCFL" };
export const DET: CircuitClass = { family: "DET" };
export const UNION: CircuitClass = { family: "union" };
export const P: CircuitClass = { family: "P" };

/** AC^0 with counting modulo m: only the primes that divide m matter. `ACmod(1)` is AC^0. */
export function ACmod(m: number): CircuitClass {
  const primes: number[] = [];
  for (let p = 2, rest = m; rest > 1; p++)
    if (rest % p === 0) {
      primes.push(p);
      while (rest % p === 0) rest /= p;
    }
  return primes.length === 0 ? AC(0) : { family: "AC-mod", primes };
}

/** `TC^0`, `AC^0[2]`, `L`, `TC` for the union. */
export function printClass(c: CircuitClass): string {
  switch (c.family) {
    case "AC-mod":
      return `AC^0[${c.primes.join(",")}]`;
    case "union":
      return "TC";
    case "NC":
    case "AC":
    case "ACC":
    case "TC":
      return `${c.family}^${c.index}`;
    default:
      return c.family;
  }
}

/** Reads what `printClass` prints, and `TC0`, `NC` or `AC` (the union), `SAC^1` (LOGCFL). Undefined for anything else. */
export function parseClass(text: string): CircuitClass | undefined {
  const name = text.replaceAll(" ", "");
  const indexed = /^(NC|AC|ACC|TC)\^?(\d{1,3})$/.exec(name);
  if (indexed !== null) return { family: indexed[1] as "NC", index: Number(indexed[2]) };
  const counting = /^AC\^?0\[(\d{1,6}(?:,\d{1,6}){0,9})\]$/.exec(name);
  if (counting !== null) {
    const moduli = counting[1]!.split(",").map(Number);
    return moduli.includes(0) ? undefined : moduli.map(ACmod).reduce(join);
  }
  switch (name) {
    case "L":
    case "NL":
    case "LOGCFL":
    case "DET":
    case "P":
      return { family: name };
    case "SAC^1":
    case "SAC1":
      return LOGCFL;
    case "NC":
    case "AC":
    case "TC":
      return UNION;
    default:
      return undefined;
  }
}

export type Strictness = "proved" | "believed";

interface Step {
  readonly to: CircuitClass;
  /** Whether the inclusion is known to be strict. */
  readonly strict: Strictness;
}

/**
 * The steps up that matter on the way to `goal` (catalogue 0.1, A.2, C.10). Strictness is proved only below TC^0 and only
 * for one prime modulus (Håstad 1987; Razborov 1987, Smolensky 1987).
 */
function covers(c: CircuitClass, goal: CircuitClass): readonly Step[] {
  const believed = (...to: CircuitClass[]): Step[] => to.map((t) => ({ to: t, strict: "believed" }));
  switch (c.family) {
    case "NC":
      if (c.index === 0) return [{ to: AC(0), strict: "proved" }];
      return c.index === 1 ? believed(L) : believed(AC(c.index));
    case "AC":
      if (c.index > 0) return believed(ACC(c.index));
      return goal.family === "AC-mod"
        ? [{ to: { family: "AC-mod", primes: [goal.primes[0]!] }, strict: "proved" }]
        : [{ to: ACC(0), strict: "proved" }];
    case "AC-mod": {
      const strict: Strictness = c.primes.length === 1 ? "proved" : "believed";
      const more =
        goal.family === "AC-mod" && c.primes.every((p) => goal.primes.includes(p))
          ? goal.primes.find((p) => !c.primes.includes(p))
          : undefined;
      const up: Step = { to: ACC(0), strict };
      if (more === undefined) return [up];
      return [{ to: { family: "AC-mod", primes: [...c.primes, more].sort((a, b) => a - b) }, strict }, up];
    }
    case "ACC":
      return believed(TC(c.index));
    case "TC":
      return goal.family === "union" || goal.family === "P" ? believed(UNION) : believed(NC(c.index + 1));
    case "L":
      return believed(NL);
    case "NL":
      return believed(LOGCFL, DET);
    case "LOGCFL":
      return believed(AC(1));
    case "DET":
      return believed(TC(1));
    case "union":
      return believed(P);
    case "P":
      return [];
  }
}

export const sameClass = (a: CircuitClass, b: CircuitClass): boolean => printClass(a) === printClass(b);

const order = (c: CircuitClass): number => ("index" in c ? c.index : 0);

/**
 * How `a` lies in `b`: `equal`, `proved` (a proper part, a theorem), `believed` (a part; properness is open), or
 * undefined where no inclusion is known.
 */
export function inclusion(a: CircuitClass, b: CircuitClass): "equal" | Strictness | undefined {
  if (sameClass(a, b)) return "equal";
  // AC^0 to a counting class starts at any of its primes: they are all alike.
  if (b.family !== "union" && b.family !== "P" && order(a) > order(b) + 1) return undefined;
  let found: Strictness | undefined;
  for (const { to, strict } of covers(a, b)) {
    const rest = inclusion(to, b);
    if (rest === undefined) continue;
    if (strict === "proved" || rest === "proved") return "proved";
    found = "believed";
  }
  return found;
}

export const within = (a: CircuitClass, b: CircuitClass): boolean => inclusion(a, b) !== undefined;

/**
 * The least class here that contains both: every class here is closed under composing constantly many functions (C.1), so
 * it is also the class of the two together.
 */
export function join(a: CircuitClass, b: CircuitClass): CircuitClass {
  if (within(a, b)) return b;
  if (within(b, a)) return a;
  if (a.family === "AC-mod" && b.family === "AC-mod")
    return { family: "AC-mod", primes: [...new Set([...a.primes, ...b.primes])].sort((x, y) => x - y) };
  for (const { to } of covers(a, b)) return join(to, b);
  return P;
}

/**
 * O(log^i N) layers, each in class `c`: AC^0 layers give AC^i, threshold layers TC^i, layers of NC^j give NC^(i+j).
 * A space class is first rounded up to the AC^j that holds it: NC^1-sized layers in a loop are not free (C.1).
 */
export function layers(c: CircuitClass, i: number): CircuitClass {
  if (i === 0) return c;
  switch (c.family) {
    case "NC":
    case "AC":
    case "ACC":
    case "TC":
      return { family: c.family, index: c.index + i };
    case "AC-mod":
      return ACC(i);
    case "L":
    case "NL":
    case "LOGCFL":
      return AC(1 + i);
    case "DET":
      return TC(1 + i);
    default:
      return c;
  }
}

/** A line for readers who do not have the definition at hand. */
export function explainClass(c: CircuitClass): string {
  const depth = "index" in c && c.index > 0 ? (c.index === 1 ? "O(log N)" : `O(log^${c.index} N)`) : "O(1)";
  switch (c.family) {
    case "NC":
      return `depth ${depth}, polynomial size, gates of two inputs`;
    case "AC":
      return `depth ${depth}, polynomial size, and/or of any number of inputs`;
    case "AC-mod":
      return `depth O(1), polynomial size, and/or of any number of inputs, counting modulo ${c.primes.join(" and ")}`;
    case "ACC":
      return `depth ${depth}, polynomial size, and/or and counting modulo a constant over any number of inputs`;
    case "TC":
      return `depth ${depth}, polynomial size, threshold gates of any number of inputs`;
    case "L":
      return "logarithmic space, inside AC^1";
    case "NL":
      return "nondeterministic logarithmic space, inside AC^1";
    case "LOGCFL":
      return "reducible to a context-free language, inside AC^1";
    case "DET":
      return "reducible to integer determinants, inside TC^1";
    case "union":
      return "polylogarithmic depth and polynomial size: the union of all TC^i, the same as that of all NC^i";
    case "P":
      return "polynomial time";
  }
}
