/** Comparing closed forms for all sizes: both are split into polynomials over regions, whose difference is never negative. */
import type { Condition } from "../equations/system";
import {
  add,
  allAtoms,
  atomOf,
  constantOf,
  extreme,
  floorOfQuotient,
  index,
  log2,
  modulo,
  multiply,
  nothing,
  number,
  openSum,
  pow2,
  scale,
  single,
  size,
  subtract,
} from "./atoms";
import type { ClosedForm } from "./closed-form";
import { type Polynomial, variable } from "./polynomial";
import { signOf } from "./rational";
import {
  atLeastZero,
  equalsZero,
  type Fact,
  implies,
  isEmpty,
  opposite,
  regionsOf,
  substituteFact,
} from "./region";
import { Budget, NotSummable, resolve, type Weighted } from "./sum";

/** A form without cases as a polynomial over atoms; undefined where it has cases inside. */
function fromClosed(f: ClosedForm): Polynomial | undefined {
  const all = (fs: readonly ClosedForm[]): Polynomial[] | undefined => {
    const parts = fs.map(fromClosed);
    return parts.every((p) => p !== undefined) ? (parts as Polynomial[]) : undefined;
  };
  switch (f.kind) {
    case "constant":
      return number(f.value);
    case "size":
      return size(f.name);
    case "index":
      return index(f.name);
    case "add":
      return all(f.terms)?.reduce(add, nothing);
    case "mul":
      return all(f.factors)?.reduce(multiply, single);
    case "floor": {
      const of = fromClosed(f.of);
      if (of === undefined) return undefined;
      // floor(n·2^−l) is a quotient by a power of two.
      const power = of.terms
        .flatMap((t) => t.powers)
        .find(([key]) => {
          const atom = atomOf(key);
          return atom.kind === "pow2" && atom.of.terms.every((t) => signOf(t.coefficient) < 0);
        });
      if (power === undefined) return floorOfQuotient(of, single);
      const atom = atomOf(power[0]) as Extract<ReturnType<typeof atomOf>, { kind: "pow2" }>;
      const by = pow2(scale(atom.of, -power[1]));
      return floorOfQuotient(multiply(of, by), by);
    }
    case "mod": {
      const parts = all([f.of, f.by]);
      return parts === undefined ? undefined : modulo(parts[0]!, parts[1]!);
    }
    case "min":
    case "max": {
      const parts = all(f.of);
      return parts?.slice(1).reduce((a, b) => extreme(f.kind, a, b), parts[0]!);
    }
    case "log2": {
      const of = fromClosed(f.of);
      return of === undefined ? undefined : log2(of);
    }
    case "pow2": {
      const of = fromClosed(f.of);
      return of === undefined ? undefined : pow2(of);
    }
    case "sum": {
      const parts = all([f.lo, f.hi, f.body]);
      return parts === undefined
        ? undefined
        : openSum(f.index, parts[0]!, subtract(parts[1]!, single), parts[2]!);
    }
    case "floor-log2": {
      // floor(log2 x) = ceil(log2(x + 1)) − 1 for whole x, also for x < 1.
      const of = fromClosed(f.of);
      return of === undefined ? undefined : subtract(log2(add(floorOfQuotient(of, single), single)), single);
    }
    case "cases":
      return undefined;
  }
}

/** A form as polynomials over disjoint regions of sizes. Throws `NotSummable` where cases stand inside something else. */
export function branchesOf(f: ClosedForm, context: readonly Fact[], budget: Budget): Weighted[] {
  if (f.kind === "cases") {
    let open: (readonly Fact[])[] = [[]];
    const found: Weighted[] = [];
    for (const c of f.cases) {
      const next: (readonly Fact[])[] = [];
      for (const facts of open) {
        const { holds, fails } = splitRegion(facts, c.guard, context, budget);
        for (const inside of holds)
          for (const b of branchesOf(c.value, [...context, ...inside], budget))
            found.push({ facts: [...inside, ...b.facts], value: b.value });
        next.push(...fails);
      }
      open = next;
    }
    return found;
  }
  if (f.kind === "add" && f.terms.some((t) => t.kind === "cases" || t.kind === "mul"))
    return f.terms.reduce<Weighted[]>(
      (sums, t) =>
        sums.flatMap((s) =>
          branchesOf(t, [...context, ...s.facts], budget).map((b) => ({
            facts: [...s.facts, ...b.facts],
            value: add(s.value, b.value),
          })),
        ),
      [{ facts: [], value: nothing }],
    );
  if (f.kind === "mul" && f.factors.some((t) => t.kind === "cases"))
    return f.factors.reduce<Weighted[]>(
      (products, t) =>
        products.flatMap((s) =>
          branchesOf(t, [...context, ...s.facts], budget).map((b) => ({
            facts: [...s.facts, ...b.facts],
            value: multiply(s.value, b.value),
          })),
        ),
      [{ facts: [], value: single }],
    );
  const value = fromClosed(f);
  if (value === undefined) throw new NotSummable("a form with cases inside another");
  return resolve({ facts: [], value }, context, budget);
}

function splitRegion(
  region: readonly Fact[],
  guard: Condition,
  context: readonly Fact[],
  budget: Budget,
): { readonly holds: (readonly Fact[])[]; readonly fails: (readonly Fact[])[] } {
  const holds: (readonly Fact[])[] = [];
  let open: (readonly Fact[])[] = [region];
  for (const all of guard)
    for (const sides of regionsOf(all)) {
      const next: (readonly Fact[])[] = [];
      for (const facts of open) {
        let inside: readonly Fact[] | undefined = facts;
        for (const side of sides) {
          budget.spend("a comparison of forms");
          const here: readonly Fact[] = [...context, ...inside];
          for (const fails of opposite(side)) if (!isEmpty([...here, fails])) next.push([...inside, fails]);
          if (isEmpty([...here, side])) {
            inside = undefined;
            break;
          }
          inside = [...inside, side];
        }
        if (inside !== undefined) holds.push(inside);
      }
      open = next;
    }
  return { holds, fails: open };
}

/** Sizes tried one by one before a size is "at least so much": small cases are where bounds that hold look false. */
const SMALL = 3;

/** `form >= 0` on a region; small sizes apart where that helps. */
function neverNegative(fact: Fact, known: readonly Fact[], budget: Budget, depth = 0): boolean {
  budget.spend("a comparison of forms");
  if (implies(known, fact)) return true;
  if (depth >= 2) return false;
  const sizes = [...allAtoms([fact.form])].filter((k) => atomOf(k).kind === "size");
  return sizes.some((key) => {
    for (let least = 0; least <= SMALL; least++) {
      const at = variable(key);
      const larger = atLeastZero(subtract(at, number(least + 1)));
      if (implies(known, larger)) continue;
      // The size is this number, or larger.
      const by = new Map([[key, number(least)]]);
      const here = known.map((f) => substituteFact(f, by));
      const there = substituteFact(fact, by);
      const settled =
        isEmpty(here) ||
        (constantOf(there.form) === undefined
          ? neverNegative(there, here, budget, depth + 1)
          : implies(here, there));
      if (!settled) return false;
      if (neverNegative(fact, [...known, larger], budget, 2)) return true;
    }
    return false;
  });
}

export type Relation = "==" | "<=" | "<" | ">=" | ">" | "!=";

/** Whether a comparison is proved for all sizes of the context. False also where no proof was found. */
export function provesComparison(
  a: ClosedForm,
  op: Relation,
  b: ClosedForm,
  context: readonly Fact[],
): boolean {
  if (op === ">" || op === ">=") return provesComparison(b, op === ">" ? "<" : "<=", a, context);
  const budget = new Budget(600);
  try {
    return branchesOf(a, context, budget).every((x) =>
      branchesOf(b, [...context, ...x.facts], budget).every((y) => {
        const known = [...context, ...x.facts, ...y.facts];
        if (isEmpty(known)) return true;
        const difference = subtract(y.value, x.value);
        if (op === "<=") return neverNegative(atLeastZero(difference), known, budget);
        if (op === "<") return neverNegative(atLeastZero(subtract(difference, single)), known, budget);
        if (op === "==") return difference.terms.length === 0 || implies(known, equalsZero(difference));
        return isEmpty([...known, equalsZero(difference)]);
      }),
    );
  } catch (error) {
    if (error instanceof NotSummable) return false;
    throw error;
  }
}
