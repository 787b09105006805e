/** Guesses a level from the levels of what is read, where those are known or guessed: the latest of a few reads. */
import type { Term } from "../../certificate-checker/bellman";
import type { Claims, LevelPiece } from "../../certificate-checker/obligations";
import { substituteIndex } from "../equations/conditions";
import type { Comparison } from "../equations/system";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  monomialsOf,
  substituteClosedForm,
} from "../symbolic/closed-form";
import { rational } from "../symbolic/rational";
import { withoutLastGuard } from "./fit";
import { type LevelPoint, numeric } from "./level-samples";
import { evaluator, holdsAt } from "./pieces";

/** Most values of one inner index, and most places of one read, that are looked at. */
const ENDS = 5;
const PLACES = 32;

/** The fewest reads whose latest gives every sample; a read counts everywhere, as if its condition always held. */
export function latestOfReads(
  claims: Claims,
  family: string,
  guessed: (family: string) => readonly LevelPiece[] | undefined,
  points: readonly LevelPoint[],
): ClosedForm | undefined {
  if (points.length === 0) return undefined;
  const forms = new Map<string, ClosedForm>();
  for (const term of claims.termsOf(family)) {
    if (term.source === undefined) continue;
    const pieces = guessed(term.source.family);
    if (pieces === undefined) continue;
    const dims = claims.dims(term.source.family);
    const outer = new Map(dims.map((d, k) => [d.index, fromIndexExpr(term.source!.at[k]!)]));
    for (const inner of placesOf(claims, term, pieces)) {
      const by = new Map([...outer].map(([index, f]) => [index, substituteClosedForm(f, inner)]));
      const delay = substituteClosedForm(term.delay, inner);
      for (const p of pieces) {
        const late = closed.add(substituteClosedForm(p.form, by), delay);
        forms.set(closedFormKey(late), late);
      }
    }
  }
  // Never later than any sample, and how many they give.
  const fitting = [...forms.values()].flatMap((form) => {
    const value = numeric(form);
    const values = points.map((p) => value(p.env));
    if (values.some((v, k) => !(v <= points[k]!.level + 1e-6))) return [];
    const gives = new Set(values.flatMap((v, k) => (v > points[k]!.level - 1e-6 ? [k] : [])));
    return gives.size === 0 ? [] : [{ form, gives }];
  });
  const left = new Set(points.keys());
  const chosen: ClosedForm[] = [];
  while (left.size > 0 && chosen.length < 3) {
    const count = (f: (typeof fitting)[number]): number => [...f.gives].filter((k) => left.has(k)).length;
    const best = fitting.reduce<(typeof fitting)[number] | undefined>(
      (a, b) => (a === undefined || count(b) > count(a) ? b : a),
      undefined,
    );
    if (best === undefined || count(best) === 0) return undefined;
    chosen.push(best.form);
    for (const k of best.gives) left.delete(k);
  }
  return left.size === 0 ? closed.max(...chosen) : undefined;
}

/** The level of a family that reads one place of another: that of the place, and what it adds itself. */
export function levelOfCopy(
  claims: Claims,
  family: string,
  points: readonly LevelPoint[],
): LevelPiece[] | undefined {
  const [term, ...more] = claims.termsOf(family);
  const { source } = term ?? {};
  if (term === undefined || source === undefined || more.length > 0) return undefined;
  const pieces = claims.levels.get(source.family)?.pieces;
  if (pieces === undefined || source.family === family) return undefined;
  if (term.conditions.length > 0 || term.inner.length > 0) return undefined;
  const dims = claims.dims(source.family);
  const by = new Map(dims.map((d, k) => [d.index, source.at[k]!]));
  const forms = new Map(dims.map((d, k) => [d.index, fromIndexExpr(source.at[k]!)]));
  const made = pieces.map((p) => ({
    // What holds throughout needs no guard.
    guard: p.guard
      .map(
        ({ op, left, right }): Comparison => ({
          op,
          left: substituteIndex(left, by),
          right: substituteIndex(right, by),
        }),
      )
      .filter((c, k, all) => {
        if (all.findIndex((d) => d.op === c.op && d.left === c.left && d.right === c.right) < k) return false;
        const holds = holdsAt([c]);
        return !points.every((q) => holds(q.env));
      }),
    form: closed.add(substituteClosedForm(p.form, forms), term.delay),
  }));
  const met = made.filter(({ guard }) => {
    const holds = holdsAt(guard);
    return points.some((q) => holds(q.env));
  });
  const last = met.findIndex((p) => p.guard.length === 0);
  const kept = withoutLastGuard(last < 0 ? met : met.slice(0, last + 1));
  const value = kept.length === 0 ? undefined : evaluator(kept);
  return value !== undefined && points.every((p) => value(p.env) === p.level) ? kept : undefined;
}

const one = closed.constant(1);

/** Values of a term's inner indices where its source may be latest: the ends of ranges, and where a case of its level begins. */
export function placesOf(
  claims: Claims,
  term: Term,
  pieces: readonly LevelPiece[],
  suggested: readonly (readonly ClosedForm[])[] = [],
): ReadonlyMap<string, ClosedForm>[] {
  const { source } = term;
  const outer = new Map(
    source && claims.dims(source.family).map((d, k) => [d.index, fromIndexExpr(source.at[k]!)]),
  );
  const border = ({ left, right }: Comparison) => closed.sub(fromIndexExpr(right), fromIndexExpr(left));
  const borders = [
    ...pieces.flatMap((p) => p.guard).map((c) => substituteClosedForm(border(c), outer)),
    ...term.conditions.map(border),
  ];
  let places: ReadonlyMap<string, ClosedForm>[] = [new Map()];
  term.inner.forEach((d, k) => {
    places = places.flatMap((by) => {
      const at = (e: typeof d.lo) => substituteClosedForm(fromIndexExpr(e), by);
      const ends = [closed.sub(at(d.hi), one), at(d.lo)];
      const all = [
        ...ends,
        ...(suggested[k] ?? []),
        ...borders.flatMap((f) => crossings(substituteClosedForm(f, by), d.index)),
      ];
      const kept = [...new Map(all.map((v) => [closedFormKey(v), v])).values()].slice(0, ENDS);
      return kept.map((v) => new Map(by).set(d.index, v));
    });
    places = places.slice(0, PLACES);
  });
  return places;
}

/** Where a comparison turns: the values of an index around the zero of a form in which it stands once. */
function crossings(border: ClosedForm, index: string): ClosedForm[] {
  const own = monomialsOf(border).filter((m) =>
    m.factors.some((f) => f.kind === "index" && f.name === index),
  );
  const [only] = own;
  if (own.length !== 1 || only!.factors.length !== 1) return [];
  const { numerator, denominator } = only!.coefficient;
  if (denominator !== 1n || (numerator !== 1n && numerator !== -1n)) return [];
  const rest = closed.sub(border, closed.scale(closed.index(index), only!.coefficient));
  const zero = closed.scale(rest, rational(-numerator));
  return [zero, closed.add(zero, one), closed.sub(zero, one)];
}
