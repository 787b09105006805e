/** Guesses a level from the levels of what is read, where those are known or guessed: the latest of a few reads. */
import type { Claims, LevelPiece } from "../../certificate-checker/obligations";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  substituteClosedForm,
} from "../symbolic/closed-form";
import { type LevelPoint, numeric } from "./level-samples";

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
    if (pieces?.length !== 1) continue;
    let places = [new Map<string, ClosedForm>()];
    for (const d of term.inner)
      places = places.flatMap((by) => {
        const at = (e: typeof d.lo) => substituteClosedForm(fromIndexExpr(e), by);
        return [closed.sub(at(d.hi), closed.constant(1)), at(d.lo)].map((v) => new Map(by).set(d.index, v));
      });
    for (const inner of places.slice(0, 8)) {
      const by = new Map(
        claims
          .dims(term.source.family)
          .map((d, k) => [d.index, substituteClosedForm(fromIndexExpr(term.source!.at[k]!), inner)]),
      );
      const late = closed.add(
        substituteClosedForm(pieces[0]!.form, by),
        substituteClosedForm(term.delay, inner),
      );
      forms.set(closedFormKey(late), late);
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
