/**
 * Guesses bounds of levels where no form is exact: combinations of a few functions that satisfy the Bellman inequalities at the sampled
 * instances, as sharp as can be there, by exact linear programming (as ranking functions and Feautrier's schedules are found, 1992).
 * A bound that holds step by step at samples mostly holds step by step everywhere; `prove.ts` decides.
 */
import {
  type Claims,
  type LevelClaim,
  type LevelPiece,
  lowerPieces,
} from "../../certificate-checker/obligations";
import type { IndexExpr } from "../equations/system";
import { type ClosedForm, closed, closedFormKey, fromIndexExpr } from "../symbolic/closed-form";
import type { Constraint } from "../symbolic/linear";
import { rational } from "../symbolic/rational";
import { maximise } from "../symbolic/simplex";
import { boundBySteps } from "./by-steps";
import { type Env, type LevelPoint, numeric } from "./level-samples";
import { evaluator, holdsAt } from "./pieces";

/** A read (or a constant) of one sampled instance. */
interface Edge {
  readonly delay: number;
  readonly source?: { readonly family: string; readonly env: Env } | undefined;
  readonly term: number;
}

/** What sampled instances read. */
export class Edges {
  private readonly made = new Map<string, ((env: Env) => Edge[])[]>();
  constructor(private readonly claims: Claims) {}

  at(family: string, env: Env): Edge[] {
    let terms = this.made.get(family);
    if (terms === undefined) {
      terms = this.claims.termsOf(family).map((_, k) => this.edgesOf(family, k));
      this.made.set(family, terms);
    }
    return terms.flatMap((t) => t(env));
  }

  private edgesOf(family: string, number: number): (env: Env) => Edge[] {
    const term = this.claims.termsOf(family)[number]!;
    const value = (e: IndexExpr) => numeric(fromIndexExpr(e));
    const holds = holdsAt(term.conditions);
    const ranges = term.inner.map((d) => ({ name: d.index, lo: value(d.lo), hi: value(d.hi) }));
    const delay = numeric(term.delay);
    const { source } = term;
    const at = source?.at.map(value);
    const dims = source === undefined ? [] : this.claims.dims(source.family);
    const inside = dims.map((d) => ({ name: d.index, lo: value(d.lo), hi: value(d.hi) }));
    const sizes = this.claims.system.sizes.map((s) => s.name);
    return (env) => {
      const found: Edge[] = [];
      const here: Env = { ...env };
      const visit = (d: number): void => {
        if (d < ranges.length) {
          const { name, lo, hi } = ranges[d]!;
          for (const x of spread(lo(here), hi(here))) {
            here[name] = x;
            visit(d + 1);
          }
          delete here[name];
          return;
        }
        if (!holds(here)) return;
        if (source === undefined) {
          found.push({ delay: delay(here), term: number });
          return;
        }
        const there: Env = Object.fromEntries(sizes.map((s) => [s, env[s]!]));
        at!.forEach((f, k) => {
          there[inside[k]!.name] = f(here);
        });
        if (inside.some((i) => there[i.name]! < i.lo(there) || there[i.name]! >= i.hi(there))) return;
        found.push({ delay: delay(here), source: { family: source.family, env: there }, term: number });
      };
      visit(0);
      return found;
    };
  }
}

/** A few places of a range: all of a short one, else its ends and its middle. */
function spread(lo: number, hi: number): number[] {
  const length = hi - lo;
  if (length <= 5) return Array.from({ length: Math.max(0, length) }, (_, k) => lo + k);
  return [lo, lo + 1, lo + (length >> 1), hi - 2, hi - 1];
}

export interface BoundHints {
  readonly sizes: readonly string[];
  readonly indices: readonly string[];
  readonly atoms: readonly ClosedForm[];
}

/** Lists of functions that a bound may be a combination of, simplest first. */
function templates({ sizes, indices, atoms }: BoundHints): ClosedForm[][] {
  const one = closed.constant(1);
  const I = indices.map(closed.index);
  const S = sizes.map(closed.size);
  const V = [...I, ...S];
  const few = atoms.slice(0, 4);
  const pairs = V.flatMap((a, k) => V.slice(k).map((b) => closed.mul(a, b)));
  const withAtoms = few.flatMap((a) => [a, ...V.map((v) => closed.mul(v, a))]);
  const lists =
    I.length === 0
      ? [[one, ...V]]
      : [
          [one, ...I],
          [one, ...S],
          [one, ...V],
        ];
  if (few.length > 0) lists.push([one, ...V, ...few], [one, ...V, ...withAtoms]);
  lists.push([one, ...V, ...pairs]);
  if (few.length > 0) lists.push([one, ...V, ...pairs, ...withAtoms]);
  if (V.length <= 3)
    lists.push([
      one,
      ...V,
      ...pairs,
      ...V.flatMap((a, k) => V.slice(k).flatMap((b, l) => V.slice(k + l).map((c) => closed.mul(a, b, c)))),
    ]);
  return lists.map((forms) => [...new Map(forms.map((f) => [closedFormKey(f), f])).values()]);
}

type Forms = ReadonlyMap<string, ClosedForm>;

/** Unknown factors of functions, for each family of a group. */
class Unknowns {
  private readonly columns: {
    readonly family: string;
    readonly form: ClosedForm;
    readonly value: (e: Env) => number;
  }[] = [];
  private readonly byFamily = new Map<string, number[]>();
  constructor(group: readonly string[], forms: (family: string) => readonly ClosedForm[]) {
    for (const family of group)
      for (const form of forms(family)) {
        const known = this.byFamily.get(family);
        if (known === undefined) this.byFamily.set(family, [this.columns.length]);
        else known.push(this.columns.length);
        this.columns.push({ family, form, value: numeric(form) });
      }
  }
  row(family: string, env: Env, sign: 1 | -1 = 1): number[] {
    const row = new Array<number>(this.size).fill(0);
    this.add(row, family, env, sign);
    return row;
  }
  get size(): number {
    return this.columns.length;
  }
  add(row: number[], family: string, env: Env, sign: 1 | -1): void {
    for (const k of this.byFamily.get(family) ?? []) row[k] = row[k]! + sign * this.columns[k]!.value(env);
  }
  has(family: string): boolean {
    return this.byFamily.has(family);
  }
  forms(point: ReadonlyMap<number, { numerator: bigint; denominator: bigint }>): Forms {
    const found = new Map<string, ClosedForm>();
    for (const [family, places] of this.byFamily)
      found.set(
        family,
        closed.add(...places.map((k) => closed.scale(this.columns[k]!.form, point.get(k) ?? rational(0)))),
      );
    return found;
  }
}

/** Rows `Σ coefficient · unknown + constant >= 0`, each kept once with the least constant. */
class Rows {
  private readonly rows = new Map<string, { readonly row: readonly number[]; constant: number }>();
  constructor(private readonly most: number) {}
  /** False once a function had no value somewhere: `a mod 0`. */
  finite = true;
  add(row: readonly number[], constant: number): void {
    this.finite &&= Number.isFinite(constant) && row.every(Number.isFinite);
    const key = row.join();
    const known = this.rows.get(key);
    if (known !== undefined) known.constant = Math.min(known.constant, constant);
    else if (this.rows.size < this.most) this.rows.set(key, { row, constant });
  }
  constraints(): Constraint[] {
    return [...this.rows.values()].map(({ row, constant }) => {
      const by = [constant, ...row].every(Number.isInteger) ? 1 : SCALE;
      const terms = row.flatMap((c, k) => (c === 0 ? [] : [[k, BigInt(Math.round(c * by))] as const]));
      return {
        form: { constant: BigInt(Math.round(constant * by)), terms: new Map(terms) },
        equality: false,
      };
    });
  }
}
/** Functions that are not whole are rounded to this part of one: a guess may. */
const SCALE = 12;
const ROWS = 600;

interface Sampled {
  readonly points: readonly LevelPoint[];
  readonly hints: BoundHints;
}

/** Bounds for the families of a group, the sharpest at the samples first; those that are hardly sharper and less simple are left out. */
export function upperGuesses(
  claims: Claims,
  group: readonly string[],
  sampled: (family: string) => Sampled,
): Forms[] {
  const edges = new Edges(claims);
  const outside = evaluators(claims, (c) => c.pieces);
  const fitted = combinations(group, sampled, -1, (unknowns, rows, family, point) => {
    const alone = unknowns.row(family, point.env);
    rows.add(alone, 0);
    for (const e of edges.at(family, point.env)) {
      const row = [...alone];
      let constant = -e.delay;
      if (e.source !== undefined && unknowns.has(e.source.family))
        unknowns.add(row, e.source.family, e.source.env, -1);
      else if (e.source !== undefined) constant -= outside(e.source.family)?.(e.source.env) ?? 0;
      rows.add(row, constant);
    }
  });
  const counted = boundBySteps(claims, group);
  return counted === undefined ? fitted : [...fitted, counted];
}

/** The same from below: each instance counts on one read that is as late as can be, the same read for as many as possible. */
export function lowerGuesses(
  claims: Claims,
  group: readonly string[],
  sampled: (family: string) => Sampled,
): Forms[] {
  const edges = new Edges(claims);
  const outside = evaluators(claims, lowerPieces);
  const key = (family: string, env: Env): string =>
    `${family}:${[...claims.system.sizes.map((s) => s.name), ...claims.dims(family).map((d) => d.index)].map((n) => env[n]).join()}`;
  const levels = new Map(
    group.flatMap((f) => sampled(f).points.map((p) => [key(f, p.env), p.level] as const)),
  );
  const late = (e: Edge): number => {
    if (e.source === undefined) return e.delay;
    const { family, env } = e.source;
    return (
      e.delay +
      (group.includes(family) ? (levels.get(key(family, env)) ?? -1) : (outside(family)?.(env) ?? 0))
    );
  };
  const popular = new Map<string, number>();
  const latest = (family: string, point: LevelPoint): readonly Edge[] => {
    const all = edges.at(family, point.env).map((e) => ({ e, late: late(e) }));
    const most = Math.max(0, ...all.map((x) => x.late));
    return all.filter((x) => x.late >= most && most > 0).map((x) => x.e);
  };
  for (const f of group)
    for (const p of spreadOut(sampled(f).points, POINTS))
      for (const term of new Set(latest(f, p).map((e) => e.term)))
        popular.set(`${f} ${term}`, (popular.get(`${f} ${term}`) ?? 0) + 1);
  return combinations(group, sampled, 1, (unknowns, rows, family, point) => {
    const row = unknowns.row(family, point.env, -1);
    const votes = (e: Edge): number => popular.get(`${family} ${e.term}`) ?? 0;
    const [best] = [...latest(family, point)].sort((a, b) => votes(b) - votes(a));
    if (best === undefined) return rows.add(row, 0);
    rows.add(row, Math.max(0, late(best)));
    if (best.source === undefined || !unknowns.has(best.source.family)) return;
    const step = [...row];
    unknowns.add(step, best.source.family, best.source.env, 1);
    rows.add(step, best.delay);
  });
}

function evaluators(
  claims: Claims,
  of: (c: LevelClaim) => readonly LevelPiece[] | undefined,
): (family: string) => ((env: Env) => number) | undefined {
  const made = new Map<string, ((env: Env) => number) | undefined>();
  return (family) => {
    if (!made.has(family)) {
      const claim = claims.levels.get(family);
      const pieces = claim === undefined ? undefined : of(claim);
      made.set(family, pieces === undefined ? undefined : evaluator(pieces));
    }
    return made.get(family);
  };
}

/** Points of one family that are looked at. */
const POINTS = 160;

/** For each list of functions the combination that satisfies the rows and is least (direction −1) or greatest (1) over all points. */
function combinations(
  group: readonly string[],
  sampled: (family: string) => Sampled,
  direction: 1 | -1,
  constrain: (unknowns: Unknowns, rows: Rows, family: string, point: LevelPoint) => void,
): Forms[] {
  const found: { readonly forms: Forms; readonly value: number }[] = [];
  const tiers = group.map((f) => templates(defined(sampled(f))));
  const most = Math.max(...tiers.map((t) => t.length));
  for (let tier = 0; tier < most; tier++) {
    const unknowns = new Unknowns(group, (f) => {
      const own = tiers[group.indexOf(f)]!;
      return own[Math.min(tier, own.length - 1)]!;
    });
    if (unknowns.size > MOST_UNKNOWNS) break;
    const rows = new Rows(ROWS);
    const objective = new Array<number>(unknowns.size).fill(0);
    for (const f of group)
      for (const p of spreadOut(sampled(f).points, POINTS)) {
        constrain(unknowns, rows, f, p);
        unknowns.add(objective, f, p.env, direction);
      }
    if (!rows.finite) continue;
    const terms = objective.flatMap((c, k) => (c === 0 ? [] : [[k, BigInt(Math.round(c))] as const]));
    const result = maximise({ constant: 0n, terms: new Map(terms) }, rows.constraints(), PIVOTS, true);
    if (result.kind !== "bounded") continue;
    const value = Number(result.value.numerator) / Number(result.value.denominator);
    found.push({ forms: unknowns.forms(result.point), value });
  }
  // A simpler bound that is nearly as sharp stands for those that follow.
  const sharper = (a: number, b: number): boolean => a > b + Math.abs(b) / 20 + 1e-9;
  const kept = found.filter((f, k) => found.slice(0, k).every((g) => sharper(f.value, g.value)));
  return kept.reverse().map((f) => f.forms);
}
/** Without atoms that have no value at some point. */
function defined({ points, hints }: Sampled): BoundHints {
  const atoms = hints.atoms.filter((a) => {
    const value = numeric(a);
    return spreadOut(points, POINTS).every((p) => Number.isFinite(value(p.env)));
  });
  return { ...hints, atoms };
}

const MOST_UNKNOWNS = 60;
const PIVOTS = 400;

/** Some of the points, from small and from large sizes, the largest levels among them. */
function spreadOut(points: readonly LevelPoint[], most: number): readonly LevelPoint[] {
  if (points.length <= most) return points;
  const step = points.length / most;
  return Array.from({ length: most }, (_, k) => points[Math.floor(k * step)]!);
}
