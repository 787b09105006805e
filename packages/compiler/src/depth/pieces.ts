/** Level functions by cases, as functions on doubles: for looking around, never for a proof. */
import type { LevelPiece } from "../../certificate-checker/obligations";
import { compare, integer } from "../equations/build";
import type { Comparison, Conjunction } from "../equations/system";
import { type ClosedForm, closed, fromIndexExpr } from "../symbolic/closed-form";
import { type Env, numeric } from "./level-samples";

/** The form of a level function: cases where there are any. */
export const formOfPieces = (pieces: readonly LevelPiece[]): ClosedForm =>
  closed.cases(pieces.map((p) => ({ guard: [p.guard.map(tidied)], value: p.form })));

/** `0 <= n - 2` as `2 <= n`. */
function tidied(c: Comparison): Comparison {
  const { left, right } = c;
  if (left.kind !== "integer" || right.kind !== "sub" || right.right.kind !== "integer") return c;
  return compare(c.op, integer(left.value + right.right.value), right.left);
}

type Place = (form: ClosedForm) => ClosedForm;
const here: Place = (form) => form;

export function holdsAt(conditions: Conjunction, place = here): (env: Env) => boolean {
  const all = conditions.map((c) => ({
    op: c.op,
    a: numeric(place(fromIndexExpr(c.left))),
    b: numeric(place(fromIndexExpr(c.right))),
  }));
  return (env) =>
    all.every(({ op, a, b }) => {
      const [x, y] = [a(env), b(env)];
      return op === "==" ? x === y : op === "!=" ? x !== y : op === "<" ? x < y : x <= y;
    });
}

/** The level, where its indices are as `place` puts them. */
export function evaluator(pieces: readonly LevelPiece[], place = here): (env: Env) => number {
  const made = pieces.map((p) => ({ holds: holdsAt(p.guard, place), value: numeric(place(p.form)) }));
  return (env) => made.find((p) => p.holds(env))?.value(env) ?? Number.NaN;
}
