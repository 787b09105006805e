/**
 * Finds, for the instances of one family, reads that are tight: the lower half of a proof. Samples say which read to try
 * where; the steps themselves are proved.
 */
import { negated, type Term } from "../../certificate-checker/bellman";
import { type Claims, lowerPieces, type Obligation } from "../../certificate-checker/obligations";
import {
  factOf,
  formOf,
  type Proof,
  type Sequent,
  splitOn,
  wholeMultiple,
} from "../../certificate-checker/sequent";
import type { Comparison, Dim, IndexExpr } from "../equations/system";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  substituteClosedForm,
} from "../symbolic/closed-form";
import { rational } from "../symbolic/rational";
import { fitLevels } from "./fit";
import { placesOf } from "./from-reads";
import { type Env, type LevelPoint, numeric } from "./level-samples";
import { evaluator } from "./pieces";
import type { Search } from "./refute";

interface Candidate {
  readonly term: number;
  readonly at: readonly ClosedForm[];
  readonly piece: number;
  /** All >= 0 where the read happens and its source's level is given by that piece. */
  readonly conditions: readonly ClosedForm[];
  readonly applies: (env: Env) => boolean;
  readonly value: (env: Env) => number;
  /** Fewer is simpler. */
  readonly weight: number;
}

const minus = (f: ClosedForm): ClosedForm => closed.scale(f, rational(-1));

/** Ways to be in one piece of a level and in none before it that are looked at. */
const WAYS = 12;

/** What one family's terms offer. */
export function candidatesOf(
  claims: Claims,
  family: string,
  points: readonly LevelPoint[],
  sizes: readonly string[],
  periods: readonly number[],
): Candidate[] {
  const found: Candidate[] = [];
  claims.termsOf(family).forEach((term, number) => {
    const suggested =
      term.inner.length === 0 || points.length === 0
        ? []
        : suggest(claims, family, term, points, sizes, periods);
    const known = term.source === undefined ? undefined : claims.levels.get(term.source.family);
    for (const inner of placesOf(claims, term, (known && lowerPieces(known)) ?? [], suggested)) {
      const at = term.inner.map((d) => inner.get(d.index)!);
      const place = (e: IndexExpr): ClosedForm => substituteClosedForm(fromIndexExpr(e), inner);
      const range = (
        dims: readonly Dim[],
        values: readonly ClosedForm[],
        form: (e: IndexExpr) => ClosedForm,
      ): ClosedForm[] =>
        dims.flatMap((d, k) => [
          closed.sub(values[k]!, form(d.lo)),
          closed.sub(closed.sub(form(d.hi), values[k]!), closed.constant(1)),
        ]);
      const own = [...range(term.inner, at, place), ...term.conditions.flatMap((c) => formsOf(c, place))];
      const delay = substituteClosedForm(term.delay, inner);
      const add = (piece: number, conditions: readonly ClosedForm[], level: ClosedForm): void => {
        const needed = conditions.filter((c) => c.kind !== "constant" || c.value.numerator < 0n);
        if (needed.some((c) => c.kind === "constant")) return;
        const tests = needed.map(numeric);
        const value = numeric(closed.add(level, delay));
        found.push({
          term: number,
          at,
          piece,
          conditions: needed,
          applies: (env) => tests.every((t) => t(env) >= 0),
          value,
          weight: needed.length + at.length,
        });
      };
      if (term.source === undefined) {
        add(0, own, closed.constant(0));
        continue;
      }
      const claim = claims.levels.get(term.source.family);
      const pieces = claim === undefined ? undefined : lowerPieces(claim);
      if (pieces === undefined) continue;
      const dims = claims.dims(term.source.family);
      const values = term.source.at.map(place);
      const by = new Map(dims.map((d, k) => [d.index, values[k]!]));
      const there = (e: IndexExpr): ClosedForm => substituteClosedForm(fromIndexExpr(e), by);
      const inside = term.dynamic ? range(dims, values, there) : [];
      pieces.forEach((p, piece) => {
        let ways: ClosedForm[][] = [p.guard.flatMap((c) => formsOf(c, there))];
        // The first few of each stage are where the first few of the last come from.
        for (const earlier of pieces.slice(0, piece))
          ways = ways.slice(0, WAYS).flatMap((w) => {
            const keys = new Set(w.map(closedFormKey));
            const fails = (c: Comparison): boolean =>
              c.op !== "==" && formsOf(negated(c), there).every((f) => keys.has(closedFormKey(f)));
            // One that fails already: cases often share their conditions.
            if (earlier.guard.some(fails)) return [w];
            return earlier.guard.flatMap((c) => {
              const n = negated(c);
              const sides: Comparison[] =
                n.op === "!="
                  ? [
                      { ...n, op: "<" },
                      { op: "<", left: n.right, right: n.left },
                    ]
                  : [n];
              return sides.map((s) => [...w, ...formsOf(s, there)]);
            });
          });
        for (const way of ways.slice(0, WAYS))
          add(piece, [...own, ...inside, ...way], substituteClosedForm(p.form, by));
      });
    }
  });
  return found.slice(0, 240);
}

const formsOf = (c: Comparison, form: (e: IndexExpr) => ClosedForm): ClosedForm[] => {
  const { form: given, equality } = factOf(c, form);
  const whole = wholeMultiple(given);
  return equality ? [whole, minus(whole)] : [whole];
};

/** Where among its inner points a term is largest in samples, as forms in sizes and indices. */
function suggest(
  claims: Claims,
  family: string,
  term: Term,
  points: readonly LevelPoint[],
  sizes: readonly string[],
  periods: readonly number[],
): ClosedForm[][] {
  const none = term.inner.map(() => []);
  if (term.source === undefined || term.inner.length > 3) return none;
  const claim = claims.levels.get(term.source.family);
  const pieces = claim === undefined ? undefined : lowerPieces(claim);
  if (pieces === undefined) return none;
  const dims = claims.dims(term.source.family);
  const ranges = term.inner.map((d) => [numeric(fromIndexExpr(d.lo)), numeric(fromIndexExpr(d.hi))] as const);
  const by = new Map(dims.map((d, k) => [d.index, fromIndexExpr(term.source!.at[k]!)]));
  const level = evaluator(pieces, (form) => substituteClosedForm(form, by));
  const conditions = term.conditions.flatMap((c) => formsOf(c, fromIndexExpr)).map(numeric);
  const first: LevelPoint[][] = term.inner.map(() => []);
  const last: LevelPoint[][] = term.inner.map(() => []);
  const step = Math.max(1, Math.floor(points.length / 40));
  for (let q = 0; q < points.length; q += step) {
    const env: Env = { ...points[q]!.env };
    let best = Number.NEGATIVE_INFINITY;
    let [from, to]: [number[], number[]] = [[], []];
    let visited = 0;
    const walk = (d: number): void => {
      if (visited > 400) return;
      if (d === ranges.length) {
        visited++;
        if (!conditions.every((c) => c(env) >= 0)) return;
        const value = level(env);
        const here = term.inner.map((x) => env[x.index]!);
        if (value > best) [best, from] = [value, here];
        if (value >= best) to = here;
        return;
      }
      const [lo, hi] = [ranges[d]![0](env), ranges[d]![1](env)];
      for (let i = lo; i < hi; i++) {
        env[term.inner[d]!.index] = i;
        walk(d + 1);
      }
    };
    walk(0);
    if (from.length === 0 || visited > 400) continue;
    term.inner.forEach((_, d) => {
      first[d]!.push({ env: points[q]!.env, level: from[d]! });
      last[d]!.push({ env: points[q]!.env, level: to[d]! });
    });
  }
  const indices = claims.dims(family).map((d) => d.index);
  return term.inner.map((_, d) =>
    [last[d]!, first[d]!].flatMap((list) => {
      const fitted =
        list.length < 3
          ? undefined
          : fitLevels(list, { sizes, indices, periods, atoms: [], comparisons: [], shallow: true });
      return fitted?.length === 1 ? [fitted[0]!.form] : [];
    }),
  );
}

/** Proves one `tight` obligation. */
export function proveTight(
  claims: Claims,
  obligation: Obligation,
  candidates: readonly Candidate[],
  points: readonly LevelPoint[],
  predicates: readonly ClosedForm[],
  search: Search,
): Proof | undefined {
  const instance = claims.instanceOf(obligation);
  const tests = new Map<string, (env: Env) => number>();
  const test = (f: ClosedForm) => {
    const key = closedFormKey(f);
    let t = tests.get(key);
    if (t === undefined) {
      t = numeric(f);
      tests.set(key, t);
    }
    return t;
  };
  const satisfying = (facts: Sequent, from: readonly LevelPoint[]): LevelPoint[] => {
    const all = facts.facts.map((f) => ({ t: test(formOf(f)), equality: f.equality }));
    return from.filter((p) =>
      all.every(({ t, equality }) => (equality ? Math.abs(t(p.env)) < 1e-9 : t(p.env) > -1e-9)),
    );
  };

  /** With one read assumed not to be tight either; conditions that linear programming cannot see are split on. */
  const use = (
    facts: Sequent,
    c: Candidate,
    here: readonly LevelPoint[],
    depth: number,
  ): Proof | undefined => {
    let now = facts;
    const wraps: ((p: Proof) => Proof)[] = [];
    const close = (p: Proof | undefined) =>
      p === undefined ? undefined : wraps.reduceRight((inner, w) => w(inner), p);
    for (const condition of c.conditions) {
      const made = search.ensure(now, condition) ?? search.ensure(now, condition, 2);
      if (made !== undefined) {
        now = made.facts;
        wraps.push(made.wrap);
        continue;
      }
      if (depth <= 0 || !now.isWhole(now.rewritten(condition))) return undefined;
      const [yes, no] = splitOn(now, condition);
      if (yes === undefined) return undefined;
      const outside = no === undefined ? [] : satisfying(no, here);
      const fails: Proof | undefined =
        no === undefined
          ? { rule: "clash" }
          : (search.refute(no, outside.length === 0 ? 3 : 0) ?? go(no, outside, depth - 1));
      if (fails === undefined) return undefined;
      wraps.push((holds) => ({ rule: "split", on: condition, holds, fails }));
      now = yes;
    }
    const added = instance(now, c.term, c.at, c.piece);
    if (added === "unknown") return undefined;
    const then: Proof | undefined = search.refute(added, 4);
    return close(
      then === undefined ? undefined : { rule: "instance", term: c.term, at: c.at, piece: c.piece, then },
    );
  };

  /** All reads that are known to happen, assumed not to be tight at once: for levels that are the latest of several. */
  const several = (facts: Sequent, list: readonly Candidate[]): Proof | undefined => {
    let now = facts;
    const wraps: ((p: Proof) => Proof)[] = [];
    const used = new Set<number>();
    for (const c of list) {
      if (used.has(c.term) || used.size >= 5) continue;
      let ready = now;
      const own: ((p: Proof) => Proof)[] = [];
      const all = c.conditions.every((condition) => {
        const made = search.ensure(ready, condition);
        if (made === undefined) return false;
        ready = made.facts;
        own.push(made.wrap);
        return true;
      });
      if (!all) continue;
      const added = instance(ready, c.term, c.at, c.piece);
      if (added === "unknown") continue;
      used.add(c.term);
      wraps.push(...own, (then) => ({ rule: "instance", term: c.term, at: c.at, piece: c.piece, then }));
      if (added === undefined) return wraps.reduceRight<Proof>((inner, w) => w(inner), { rule: "clash" });
      now = added;
    }
    if (used.size < 2) return undefined;
    const then = search.refute(now, 3);
    return then === undefined ? undefined : wraps.reduceRight((inner, w) => w(inner), then);
  };

  // The same places are looked at in many cases.
  const seen = new Map<Candidate, Map<LevelPoint, boolean>>();
  const isTight = (c: Candidate, p: LevelPoint): boolean => {
    let known = seen.get(c);
    if (known === undefined) {
      known = new Map();
      seen.set(c, known);
    }
    let tight = known.get(p);
    if (tight === undefined) {
      tight = c.applies(p.env) && c.value(p.env) > p.level - 1e-9;
      known.set(p, tight);
    }
    return tight;
  };

  const go = (facts: Sequent, here: readonly LevelPoint[], depth: number): Proof | undefined => {
    // Looking at so many places costs about as much as a row of a linear program each.
    if (!search.budget.spend((candidates.length * here.length) / 2_000)) return undefined;
    if (here.length === 0) {
      const empty = search.refute(facts, 3);
      if (empty !== undefined) return empty;
    }
    const scored = candidates
      .map((c) => {
        let tight = 0;
        for (const p of here) if (isTight(c, p)) tight++;
        return { c, tight };
      })
      .filter((s) => here.length === 0 || s.tight > 0)
      .sort((a, b) => b.tight - a.tight || a.c.weight - b.c.weight);
    const together =
      here.length === 0
        ? undefined
        : several(
            facts,
            scored.map((x) => x.c),
          );
    if (together !== undefined) return together;
    const full = scored.filter((s) => s.tight === here.length);
    for (const { c } of full.slice(0, here.length === 0 ? 3 : 5)) {
      const made = use(facts, c, here, depth);
      if (made !== undefined) return made;
    }
    if (depth <= 0 || here.length === 0) return undefined;
    // No read is tight everywhere here: split by a condition of one that is tight in many places.
    const tried = new Set<string>();
    const split = (on: ClosedForm): Proof | undefined => {
      const key = closedFormKey(on);
      if (tried.has(key) || tried.size > 10 || facts.knows(on) || !facts.isWhole(on)) return undefined;
      const t = test(on);
      const yes = here.filter((p) => t(p.env) >= 0);
      if (yes.length === 0 || yes.length === here.length) return undefined;
      tried.add(key);
      const [a, b] = splitOn(facts, on);
      const holds = a === undefined ? ({ rule: "clash" } as const) : go(a, yes, depth - 1);
      if (holds === undefined) return undefined;
      const fails =
        b === undefined
          ? ({ rule: "clash" } as const)
          : go(
              b,
              here.filter((p) => t(p.env) < 0),
              depth - 1,
            );
      return fails === undefined ? undefined : { rule: "split", on, holds, fails };
    };
    for (const { c, tight } of scored.slice(0, 4)) {
      if (tight * 4 < here.length && depth < 3) continue;
      for (const on of c.conditions) {
        const made = split(on);
        if (made !== undefined) return made;
      }
    }
    for (const on of predicates) {
      const made = split(on);
      if (made !== undefined) return made;
    }
    return undefined;
  };
  if (obligation.facts === undefined) return { rule: "clash" };
  // Few, but of this case: a corner has few points among all.
  return go(obligation.facts, thinned(satisfying(obligation.facts, points), 90), 5);
}

export function thinned(points: readonly LevelPoint[], most: number): LevelPoint[] {
  if (points.length <= most) return [...points];
  const step = points.length / most;
  return Array.from({ length: most }, (_, k) => points[Math.floor(k * step)]!);
}
