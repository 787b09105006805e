/**
 * Guesses a level function from samples: a few forms, each tried on all points, and where none fits a split by a
 * comparison that the equations or the sizes suggest. A guess is only a guess; `prove.ts` decides.
 */
import type { LevelPiece } from "../../certificate-checker/obligations";
import * as build from "../equations/build";
import { negated } from "../equations/conditions";
import { printCondition } from "../equations/print";
import type { Comparison, Condition, Conjunction, IndexExpr } from "../equations/system";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  monomialsOf,
  printClosedForm,
} from "../symbolic/closed-form";
import { rational } from "../symbolic/rational";
import { type Env, type LevelPoint, numeric } from "./level-samples";
import { holdsAt } from "./pieces";

export interface FitHints {
  readonly sizes: readonly string[];
  readonly indices: readonly string[];
  /** Forms that stand in the equations: `log2(d)`, `2^l`. */
  readonly atoms: readonly ClosedForm[];
  /** Comparisons that stand in the equations. */
  readonly comparisons: readonly Comparison[];
  /** Strides and moduli beyond four that stand in the equations: what they read may repeat with such a period. */
  readonly periods?: readonly number[] | undefined;
  /** Steps of more than one by which copies read one another, along each index. */
  readonly strides?: ReadonlyMap<string, readonly number[]> | undefined;
  /** The guards of the equations, the first that holds counts; the last always holds. */
  readonly branches?: readonly Condition[] | undefined;
  /** One form, without cases. */
  readonly shallow?: boolean | undefined;
  /** Forms that the equations suggest as a whole. */
  readonly wholes?: readonly ClosedForm[] | undefined;
}

/** The values of a form at points, each made when it is asked for: most fits fail at the first few. */
class Column {
  private readonly values: number[] = [];
  constructor(private readonly value: (k: number) => number) {}
  at(k: number): number {
    const { values } = this;
    while (values.length <= k) values.push(Number.NaN);
    const known = values[k]!;
    if (!Number.isNaN(known)) return known;
    const made = this.value(k);
    values[k] = made;
    return made;
  }
}

/** All points of a family, with columns of values of forms; those of sums and products are made of those of their parts. */
export class Data {
  private readonly columns = new Map<string, Column>();
  constructor(readonly points: readonly LevelPoint[]) {}
  column(form: ClosedForm): Column {
    const key = closedFormKey(form);
    let made = this.columns.get(key);
    if (made === undefined) {
      made = new Column(this.valuesOf(form));
      this.columns.set(key, made);
    }
    return made;
  }
  private valuesOf(form: ClosedForm): (k: number) => number {
    if (form.kind === "add") {
      const terms = form.terms.map((t) => this.column(t));
      return (k) => terms.reduce((sum, t) => sum + t.at(k), 0);
    }
    if (form.kind === "mul") {
      const factors = form.factors.map((f) => this.column(f));
      return (k) => factors.reduce((product, f) => product * f.at(k), 1);
    }
    const value = numeric(form);
    return (k) => value(this.points[k]!.env);
  }
}

type Region = readonly number[];
const EPSILON = 1e-7;

/** A fraction with a small denominator that a double stands for. */
function fraction(x: number): readonly [number, number] | undefined {
  for (let d = 1; d <= 24; d++) {
    const n = Math.round(x * d);
    if (Math.abs(n / d - x) < EPSILON && Math.abs(n) < 1e9) return [n, d];
  }
  return undefined;
}

/** The combination of forms that gives every point of a region; earlier forms are preferred. */
export function combination(
  data: Data,
  region: Region,
  forms: readonly ClosedForm[],
  need: number,
): ClosedForm | undefined {
  const columns = forms.map((f) => data.column(f));
  const width = forms.length;
  // Reduced echelon rows over the forms, the level last: in the column of a pivot only its own row is not 0.
  const rows: { pivot: number; row: Float64Array }[] = [];
  let free = Array.from({ length: width + 1 }, (_, j) => j);
  let extra = 0;
  const row = new Float64Array(width + 1);
  for (const p of region) {
    for (let j = 0; j < width; j++) row[j] = columns[j]!.at(p);
    row[width] = data.points[p]!.level;
    let scale = 1;
    for (let j = 0; j <= width; j++) scale = Math.max(scale, Math.abs(row[j]!));
    for (const { pivot, row: by } of rows) {
      const factor = row[pivot]!;
      if (factor !== 0) for (const j of free) row[j] = row[j]! - factor * by[j]!;
    }
    const pivot = free.find((j) => Math.abs(row[j]!) > EPSILON * scale) ?? width;
    if (pivot === width) {
      if (Math.abs(row[width]!) > 1e-6 * scale) return undefined;
      extra++;
      continue;
    }
    const lead = row[pivot]!;
    const own = new Float64Array(width + 1);
    for (const j of free) own[j] = j < pivot ? 0 : row[j]! / lead;
    for (const other of rows) {
      const factor = other.row[pivot]!;
      if (factor === 0) continue;
      for (const j of free) other.row[j] = other.row[j]! - factor * own[j]!;
    }
    rows.push({ pivot, row: own });
    free = free.filter((j) => j !== pivot);
  }
  // As many points to spare as there are factors: fewer fit by chance.
  if (extra < Math.min(Math.max(need, forms.length > 4 ? rows.length : 0), rows.length)) return undefined;
  const terms: ClosedForm[] = [];
  for (const { pivot, row } of rows) {
    const c = fraction(row[width]!);
    if (c === undefined) return undefined;
    if (c[0] !== 0) terms.push(closed.scale(forms[pivot]!, rational(c[0], c[1])));
  }
  const made = closed.add(...terms);
  const value = data.column(made);
  return region.every((p) => Math.abs(value.at(p) - data.points[p]!.level) <= 1e-6) ? made : undefined;
}

const one = closed.constant(1);

interface Template {
  readonly forms: readonly ClosedForm[];
  /** Points beyond the number of forms that must fit. */
  readonly need: number;
}

/** Lists of forms, simplest first, made as they are asked for; a region is tried against each. */
function* templates({ sizes, indices, atoms, periods = [], strides }: FitHints): Generator<Template> {
  const S = sizes.map(closed.size);
  const I = indices.map(closed.index);
  const V = [...I, ...S];
  yield { forms: [one], need: 0 };
  yield { forms: [one, ...I], need: 2 };
  yield { forms: [one, ...V], need: 2 };
  if (atoms.length > 0) {
    yield { forms: [one, ...atoms], need: 2 };
    const inner = I.flatMap((v) => atoms.map((a) => closed.mul(v, a)));
    if (I.length > 0) yield { forms: [one, ...I, ...atoms, ...inner], need: 3 };
    yield { forms: [one, ...V, ...atoms], need: 3 };
  }
  const pairs = V.flatMap((a, k) => V.slice(k).map((b) => closed.mul(a, b)));
  yield { forms: [one, ...V, ...pairs], need: 3 };
  const few = atoms.slice(0, 3);
  const products = few.flatMap((a, k) => few.slice(k).map((b) => closed.mul(a, b)));
  if (few.length > 0) yield { forms: [one, ...few, ...V, ...products], need: 4 };
  const withAtoms = atoms.flatMap((a) => V.map((v) => closed.mul(v, a)));
  if (atoms.length > 0 && V.length > 0)
    yield { forms: [one, ...V, ...atoms, ...withAtoms, ...pairs], need: 4 };
  // One index after another, each step as long as all inner loops together: a·b·i + b·j + k.
  const squares = S.flatMap((a, k) => S.slice(k).map((b) => closed.mul(a, b)));
  const loops = [
    one,
    ...I,
    ...[...S, ...squares].flatMap((s) => I.map((i) => closed.mul(i, s))),
    ...S,
    ...squares,
  ];
  if (I.length > 1 && S.length > 0 && loops.length <= 48) yield { forms: loops, need: 6 };
  const extra = V.flatMap((v) => [closed.log2(v), closed.log2(closed.add(v, one))]);
  if (V.length <= 4) yield { forms: [one, ...extra, ...V], need: 3 };
  // floor((a + r) / k): whatever repeats with period k.
  const single = V.length <= 5 ? V : I;
  const both = V.flatMap((a, k) => V.slice(k + 1).flatMap((b) => [closed.add(a, b), closed.sub(a, b)]));
  const rounded = new Map<string, ClosedForm>();
  const floor = (a: ClosedForm, r: number, k: number): ClosedForm => {
    const key = `${closedFormKey(a)} ${r} ${k}`;
    let made = rounded.get(key);
    if (made === undefined) {
      made = closed.floor(closed.over(closed.add(a, closed.constant(r)), k));
      rounded.set(key, made);
    }
    return made;
  };
  const floors = (args: readonly ClosedForm[], k: number) =>
    args.flatMap((a) => Array.from({ length: k }, (_, r) => floor(a, r, k)));
  const strided = [...(strides ?? [])].flatMap(([index, [k]]) =>
    indices.includes(index) ? [{ index, k: k! }] : [],
  );
  if (strided.length > 0) {
    const steps = strided.map(({ index, k }) => closed.floor(closed.over(closed.index(index), k)));
    yield { forms: [one, ...steps, ...V], need: 3 };
    if (strided.length > 1)
      yield {
        forms: [one, ...strided.flatMap(({ index, k }) => floors([closed.index(index)], k)), ...V],
        need: 4,
      };
  }
  for (const k of [2, 3, 4, ...periods])
    for (const v of single) yield { forms: [one, ...floors([v], k), ...V], need: 3 };
  if (V.length > 1 && V.length <= 3)
    for (const k of [2, 3, 4]) {
      yield { forms: [one, ...floors(single, k), ...V], need: 4 };
      for (const b of both) yield { forms: [one, ...floors([b], k), ...V], need: 4 };
    }
  const cubes = V.flatMap((a, k) =>
    V.slice(k).flatMap((b, l) => V.slice(k + l).map((c) => closed.mul(a, b, c))),
  );
  if (V.length <= 3) yield { forms: [one, ...V, ...pairs, ...cubes], need: 4 };
}

/** The values of a generator, each made once. */
class Lazy<T> {
  private readonly made: T[] = [];
  constructor(private readonly source: Iterator<T>) {}
  at(k: number): T | undefined {
    while (this.made.length <= k) {
      const next = this.source.next();
      if (next.done === true) return undefined;
      this.made.push(next.value);
    }
    return this.made[k];
  }
}

const compare = (c: Comparison): ((env: Env) => boolean) => {
  const [a, b] = [numeric(fromIndexExpr(c.left)), numeric(fromIndexExpr(c.right))];
  switch (c.op) {
    case "==":
      return (env) => a(env) === b(env);
    case "!=":
      return (env) => a(env) !== b(env);
    case "<":
      return (env) => a(env) < b(env);
    case "<=":
      return (env) => a(env) <= b(env);
  }
};

/** The first guess. */
export function fitLevels(points: readonly LevelPoint[], hints: FitHints): LevelPiece[] | undefined {
  for (const guess of guessLevels(points, hints)) return guess;
  return undefined;
}

/** Pieces that give every sample, one guess after another. */
export function* guessLevels(points: readonly LevelPoint[], given: FitHints): Generator<LevelPiece[]> {
  if (points.length === 0) {
    yield [{ guard: [], form: closed.constant(0) }];
    return;
  }
  const hints = relevant(points, given);
  const data = new Data(points);
  const all = new Lazy(templates(hints));
  const tried = Number.POSITIVE_INFINITY;
  const simple = hints.atoms.length === 0 ? 4 : hints.indices.length > 0 ? 7 : 6;
  // Many splits leave the same points: each list is tried on them once.
  const tries = new Map<string, (ClosedForm | "none")[]>();
  /** Forms of other cases: what holds in one often holds in another, and two cases of one form are one. */
  const elsewhere: ClosedForm[] = [];
  const fit = (region: Region, most: number, linear = false): ClosedForm | undefined => {
    const again = elsewhere.find((f) => {
      const column = data.column(f);
      return region.every((p) => column.at(p) === points[p]!.level);
    });
    if (again !== undefined) return again;
    const key = String.fromCharCode(...region);
    const known = tries.get(key) ?? [];
    tries.set(key, known);
    for (let k = 0; k < most; k++) {
      const list = all.at(k);
      if (list === undefined) break;
      if (linear && list.forms.some((f) => f.kind === "mul")) continue;
      if (known[k] === undefined) known[k] = combination(data, region, list.forms, list.need) ?? "none";
      const made = known[k];
      if (made !== "none") return made;
    }
    return undefined;
  };
  const everything = points.map((_, k) => k);
  const whole = fit(everything, tried);
  if (whole !== undefined) {
    yield [{ guard: [], form: whole }];
    // What many products give to few points may be chance.
    if (monomialsOf(whole).length <= MANY) return;
  }
  for (const form of hints.wholes ?? []) {
    const value = data.column(form);
    if (points.every((p, k) => value.at(k) === p.level)) yield [{ guard: [], form }];
  }
  const extreme = envelope(points, hints);
  if (extreme !== undefined) yield [{ guard: [], form: extreme }];
  if (hints.shallow === true) return;

  const every = splitsOf(points, hints).map((c) => {
    const holds = compare(c);
    return { c, holds: points.map((p) => holds(p.env)) };
  });
  const told = new Set(hints.comparisons.map((c) => printCondition([[c]])));
  const own = every.filter(({ c }) => told.has(printCondition([[c]])));
  let predicates = every;
  let work = 400;
  const tree = (region: Region, depth: number, lists: number, linear = false): LevelPiece[] | undefined => {
    const direct = fit(region, lists, linear);
    if (direct !== undefined) return [{ guard: [], form: direct }];
    if (depth === 0) return undefined;
    let halves: { c: Comparison; form: ClosedForm; rest: Region; size: number }[] = [];
    for (const { c, holds } of predicates) {
      if (--work < 0) return undefined;
      const [yes, no]: [number[], number[]] = [[], []];
      for (const p of region) (holds[p]! ? yes : no).push(p);
      if (yes.length === 0 || no.length === 0) continue;
      const form = fit(yes, simple, linear);
      if (form !== undefined) halves.push({ c, form, rest: no, size: yes.length });
      else if (c.op !== "==") {
        const other = fit(no, simple, linear);
        if (other !== undefined)
          halves.push({
            c: { op: c.op === "<" ? "<=" : "<", left: c.right, right: c.left },
            form: other,
            rest: yes,
            size: no.length,
          });
      }
    }
    halves.sort((a, b) => b.size - a.size);
    for (const h of halves) {
      const rest = fit(h.rest, lists, linear);
      if (rest !== undefined)
        return [
          { guard: [h.c], form: h.form },
          { guard: [], form: rest },
        ];
    }
    halves = halves.slice(0, 5);
    for (const h of halves) {
      elsewhere.push(h.form);
      const rest = tree(h.rest, depth - 1, lists, linear);
      elsewhere.pop();
      if (rest !== undefined) return [{ guard: [h.c], form: h.form }, ...rest];
    }
    // Two halves that both need a split of their own.
    if (depth >= 2)
      for (const { c, holds } of predicates) {
        if (work < 0) return undefined;
        const [yes, no]: [number[], number[]] = [[], []];
        for (const p of region) (holds[p]! ? yes : no).push(p);
        if (yes.length < 4 || no.length < 4) continue;
        const a = tree(yes, 1, simple, linear);
        if (a === undefined) continue;
        const b = tree(no, depth - 1, lists, linear);
        if (b === undefined) continue;
        return [...a.map((p) => ({ ...p, guard: [c, ...p.guard] as Conjunction })), ...b];
      }
    return undefined;
  };
  // Cases without products before cases with: what many products give to few points is chance.
  const plain = joined(tree(everything, 3, simple, true));
  const branched = byBranches(points, hints, (region) => {
    const direct = fit(region, simple, true);
    if (direct !== undefined) return [{ guard: [], form: direct }];
    const form =
      fit(region, tried) ??
      envelope(
        region.map((p) => points[p]!),
        hints,
      );
    if (form !== undefined && monomialsOf(form).length <= MANY) return [{ guard: [], form }];
    work = 200;
    const cases = joined(tree(region, 4, simple, true) ?? tree(region, 2, simple));
    return cases ?? (form && [{ guard: [], form }]);
  });
  const either = [plain, branched].filter((p) => p !== undefined);
  if (either.length > 1 && lengthOf(branched!) < lengthOf(plain!)) either.reverse();
  yield* either;
  if (own.length > 0 && (hints.strides?.size ?? 0) + (hints.periods?.length ?? 0) > 0) {
    // What has steps of its own has them in the cases of its equations.
    [predicates, work] = [own, 80];
    const stepped = tree(everything, 3, tried);
    if (stepped !== undefined) yield stepped;
    predicates = every;
  }
  work = 400;
  const first = tree(everything, 3, simple);
  if (first !== undefined) yield first;
  const second = tree(everything, 2, tried);
  if (second !== undefined) yield second;
}

/** More terms than this are many. */
const MANY = 6;
const lengthOf = (pieces: readonly LevelPiece[]): number =>
  pieces.reduce((sum, p) => sum + printCondition([p.guard]).length + printClosedForm(p.form).length, 0);

/** `if a { A } else if b { B } else { A }` as `if not a and b { B } else { A }`. */
function joined(pieces: LevelPiece[] | undefined): LevelPiece[] | undefined {
  const [first, ...rest] = pieces ?? [];
  const [c, ...more] = first?.guard ?? [];
  const last = rest[rest.length - 1];
  if (c === undefined || more.length > 0 || c.op === "==" || last === undefined) return pieces;
  if (rest.length < 2 || closedFormKey(first!.form) !== closedFormKey(last.form)) return pieces;
  const fails = negated(c);
  return joined(rest.map((p) => (p === last ? p : { ...p, guard: [fails, ...p.guard] })));
}

/** Each equation by itself: pieces where its guard holds. */
function byBranches(
  points: readonly LevelPoint[],
  { branches = [] }: FitHints,
  fitted: (region: Region) => readonly LevelPiece[] | undefined,
): LevelPiece[] | undefined {
  if (branches.length < 2 || branches.some((b) => b.some(tooManyUnequal))) return undefined;
  const ways = branches.map((b) => b.flatMap(withoutUnequal));
  const holds = ways.map((w) => w.map((all) => holdsAt(all)));
  const regions: number[][] = branches.map(() => []);
  points.forEach((p, k) => {
    regions[holds.findIndex((all) => all.some((h) => h(p.env)))]?.push(k);
  });
  const last = branches.length - 1;
  if (regions[last]!.length === points.length) return undefined;
  const found: (readonly LevelPiece[])[] = [];
  for (const r of regions) {
    const pieces = r.length === 0 ? [] : fitted(r);
    if (pieces === undefined) return undefined;
    found.push(pieces);
  }
  const guards = ways.slice(0, last).flatMap((w, k) => (found[k]!.length === 0 ? [] : w));
  const others = found.slice(0, last).flat();
  // Where all but the last have one form and say where with single comparisons, they are what is left over.
  const told = guards.filter((g) => g.length === 1).map(([c]) => c!);
  const inside = told.map((c) => outside(c, points));
  const [first] = others;
  const alike = others.every(
    (p) => p.guard.length === 0 && closedFormKey(p.form) === closedFormKey(first!.form),
  );
  const covered = guards.every((g) => g.some((c) => told.some((d) => sameComparison(c, d))));
  if (first !== undefined && alike && covered && !inside.includes(undefined))
    return [
      ...found[last]!.map((p) => ({ guard: [...(inside as Comparison[]), ...p.guard], form: p.form })),
      { guard: [], form: first.form },
    ];
  return withoutLastGuard(
    ways.flatMap((w, k) =>
      w.flatMap((all) => found[k]!.map((p) => ({ guard: [...all, ...p.guard], form: p.form }))),
    ),
  );
}

/** The last piece counts wherever no other does. */
export const withoutLastGuard = (pieces: readonly LevelPiece[]): LevelPiece[] =>
  pieces.map((p, k) => (k === pieces.length - 1 ? { ...p, guard: [] } : p));

/** Each `!=` is two cases, and they multiply. */
const tooManyUnequal = (all: Conjunction): boolean => all.filter((c) => c.op === "!=").length > 3;

/** Conjunctions without `!=`. */
function withoutUnequal(all: Conjunction): Conjunction[] {
  return all.reduce<Conjunction[]>(
    (ways, c) =>
      c.op !== "!="
        ? ways.map((w) => [...w, c])
        : ways.flatMap((w) => [
            [...w, build.compare("<", c.left, c.right)],
            [...w, build.compare("<", c.right, c.left)],
          ]),
    [[]],
  );
}

/** Where a comparison fails, as one comparison: `i == 0` fails where 0 < i, for i is never less. */
function outside(c: Comparison, points: readonly LevelPoint[]): Comparison | undefined {
  if (c.op !== "==") return negated(c);
  const sides = [build.compare("<", c.right, c.left), build.compare("<", c.left, c.right)];
  const holds = compare(c);
  return sides.find((side) => {
    const here = compare(side);
    return points.every((p) => holds(p.env) || here(p.env));
  });
}

const sameComparison = (a: Comparison, b: Comparison): boolean =>
  a.op === b.op && a.left === b.left && a.right === b.right;

/** Comparisons that may separate one form from another. */
function splitsOf(points: readonly LevelPoint[], { sizes, indices, comparisons }: FitHints): Comparison[] {
  const found: Comparison[] = [];
  const seen = new Set<string>();
  const add = (op: Comparison["op"], left: IndexExpr, right: IndexExpr): void => {
    const key = `${op} ${build.nodeNumber(left)} ${build.nodeNumber(right)}`;
    if (seen.has(key) || left === right) return;
    seen.add(key);
    found.push({ op, left, right });
  };
  for (const s of sizes) {
    let least = Number.POSITIVE_INFINITY;
    for (const p of points) least = Math.min(least, p.env[s]!);
    add("<=", build.size(s), build.integer(least));
    add("<=", build.size(s), build.integer(least + 1));
  }
  for (const c of comparisons) if (c.op !== "!=") add(c.op, c.left, c.right);
  for (const i of indices) add("==", build.index(i), build.integer(0));
  // Beside a border there are layers of one or two.
  for (const i of indices)
    for (const k of [1, 2]) if (indices.length < 3) add("<=", build.index(i), build.integer(k));
  const all = [...indices.map(build.index), ...sizes.map(build.size)];
  for (let a = 0; a < all.length; a++)
    for (let b = a + 1; b < all.length; b++) {
      if (all[a]!.kind !== all[b]!.kind) continue;
      add("<=", all[a]!, all[b]!);
    }
  return found.slice(0, 40);
}

/** Without the variables that no level depends on, the others given. */
function relevant(points: readonly LevelPoint[], hints: FitHints): FitHints {
  let names = [...hints.indices, ...hints.sizes];
  for (const v of [...hints.sizes, ...hints.indices].reverse()) {
    const rest = names.filter((n) => n !== v);
    const levels = new Map<string, number>();
    let [matters, met] = [false, false];
    for (const p of points) {
      const key = rest.map((n) => p.env[n]!).join(",");
      const known = levels.get(key);
      if (known === undefined) levels.set(key, p.level);
      else {
        met = true;
        if (known !== p.level) {
          matters = true;
          break;
        }
      }
    }
    if (met && !matters) names = rest;
  }
  // Nor those that the others give: where k = n - 1 throughout, k says nothing new.
  const all = points.map((_, k) => k);
  for (const v of [...names].reverse()) {
    const rest = names.filter((n) => n !== v);
    if (rest.length === 0) break;
    const values = new Data(points.map((p) => ({ env: p.env, level: p.env[v]! })));
    const forms = rest.map((n) => (hints.sizes.includes(n) ? closed.size(n) : closed.index(n)));
    if (combination(values, all, [one, ...forms], 2) !== undefined) names = rest;
  }
  return {
    ...hints,
    sizes: hints.sizes.filter((n) => names.includes(n)),
    indices: hints.indices.filter((n) => names.includes(n)),
  };
}

/** Points without the sizes, where these say nothing. */
function withoutSizes(points: readonly LevelPoint[], indices: readonly string[]): LevelPoint[] | undefined {
  const found = new Map<string, LevelPoint>();
  for (const p of points) {
    const key = indices.map((i) => p.env[i]!).join(",");
    const known = found.get(key);
    if (known === undefined) found.set(key, p);
    else if (known.level !== p.level) return undefined;
  }
  return [...found.values()];
}

/** The least or greatest of two to four affine forms, possibly rounded down. */
function envelope(given: readonly LevelPoint[], all: FitHints): ClosedForm | undefined {
  const fewer = all.indices.length === 0 ? undefined : withoutSizes(given, all.indices);
  const hints = fewer === undefined ? all : { ...all, sizes: [] };
  const points = fewer ?? given;
  const names = [...hints.indices, ...hints.sizes];
  if (names.length === 0 || names.length > 5 || points.length < 6) return undefined;
  const data = new Data(points);
  const region: Region = points.map((_, k) => k);
  const variables = [...hints.indices.map(closed.index), ...hints.sizes.map(closed.size)];
  const columns = variables.map((v) => data.column(v));
  const byPlace = new Map<string, number>();
  const place = (at: readonly number[]) => at.join(",");
  for (const p of region) byPlace.set(place(columns.map((c) => c.at(p))), p);
  // Slopes seen in small neighbourhoods, and how often.
  const slopes = new Map<string, { slope: number[]; k: number; count: number }>();
  const stride = Math.max(1, Math.floor(region.length / 150));
  for (let q = 0; q < region.length; q += stride) {
    const p = region[q]!;
    const at = columns.map((c) => c.at(p));
    for (const k of [1, 2, 3]) {
      const slope: number[] = [];
      for (let d = 0; d < names.length; d++) {
        const next = [...at];
        next[d] = next[d]! + k;
        let other = byPlace.get(place(next));
        let sign = 1;
        if (other === undefined) {
          next[d] = at[d]! - k;
          other = byPlace.get(place(next));
          sign = -1;
        }
        if (other === undefined) break;
        slope.push(sign * (points[other]!.level - points[p]!.level));
      }
      if (slope.length < names.length) continue;
      if (k > 1 && slope.every((s) => s % k === 0)) continue;
      const key = `${k}:${place(slope)}`;
      const known = slopes.get(key);
      if (known === undefined) slopes.set(key, { slope, k, count: 1 });
      else known.count++;
    }
  }
  const common = [...slopes.values()].sort((a, b) => b.count - a.count).slice(0, 14);
  common.push({ slope: names.map(() => 0), k: 1, count: 0 });
  for (const kind of ["max", "min"] as const) {
    const candidates: { form: ClosedForm; covers: Set<number> }[] = [];
    for (const { slope, k } of common) {
      // Rounded values k·level − slope·x lie in k residues: the offset that never passes the levels.
      let offset = kind === "max" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
      const sums = region.map((p) => slope.reduce((s, c, d) => s + c * columns[d]!.at(p), 0));
      region.forEach((p, q) => {
        const level = points[p]!.level;
        // floor((sum + offset) / k) <= level, or >= level.
        const bound = kind === "max" ? k * level + k - 1 - sums[q]! : k * level - sums[q]!;
        offset = kind === "max" ? Math.min(offset, bound) : Math.max(offset, bound);
      });
      if (!Number.isFinite(offset)) continue;
      const covers = new Set<number>();
      region.forEach((p, q) => {
        if (Math.floor((sums[q]! + offset) / k) === points[p]!.level) covers.add(p);
      });
      if (covers.size === 0) continue;
      const sum = closed.add(
        ...slope.map((c, d) => closed.scale(variables[d]!, rational(c))),
        closed.constant(offset),
      );
      candidates.push({ form: k === 1 ? sum : closed.floor(closed.over(sum, k)), covers });
    }
    // Greedily: the one that covers most of what is left.
    const left = new Set(region);
    const chosen: ClosedForm[] = [];
    while (left.size > 0 && chosen.length < 4) {
      let best: (typeof candidates)[number] | undefined;
      let most = 0;
      for (const c of candidates) {
        let n = 0;
        for (const p of c.covers) if (left.has(p)) n++;
        if (n > most) [best, most] = [c, n];
      }
      if (best === undefined || best.covers.size < 2) break;
      chosen.push(best.form);
      for (const p of best.covers) left.delete(p);
    }
    if (left.size === 0 && chosen.length > 1) return closed[kind](...chosen);
  }
  return undefined;
}
