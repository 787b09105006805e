/** Affine steps of one number, in a ring or in (max,+): a scan of the pairs (coefficient, constant). */
import * as build from "../../equations/build";
import { readsOf } from "../../equations/expressions";
import type { Expr, Piece } from "../../equations/system";
import type { LinearEquation, LinearStep } from "../linear";
import {
  afterStarts,
  type Context,
  is,
  isReal,
  type Law,
  limitsOf,
  placeAt,
  type Rewritten,
  startAt,
} from "./context";
import { type Part, scan } from "./scan";

export const isScalar = (c: Context): boolean =>
  c.linear !== undefined && c.linear.shape === "scalar" && c.r.state[0]!.cells.length === 0;

/** The coefficient of the one number; sums over reductions around it. */
export function coefficientOf(linear: LinearStep, e: LinearEquation): Expr | undefined {
  const { ring } = linear;
  const all = e.terms.map((t) =>
    t.dims.length === 0 ? t.coefficient : ring.total(t.dims, t.coefficient, { filter: t.filter }),
  );
  return all.length === 0 ? ring.zero : all.reduce(ring.plus);
}

/**
 * The coefficients are the same at all steps, and have values even where there is no step: reads are of single values, or at the copy's
 * own indices.
 */
export const isTimeless = (linear: LinearStep, coefficients: readonly Expr[]): boolean =>
  linear.timeInvariant &&
  coefficients.every((e) =>
    readsOf(e).every((x) => x.at.every((s) => s.kind === "static" && s.value.kind === "index")),
  );

export const asAffineScan: Law = (c) => {
  const { linear, family } = c;
  if (linear === undefined || !isScalar(c)) return undefined;
  const { ring } = linear;
  if (ring.zero === undefined) return asTropicalScan(c);
  const name = (part: string) => c.freshFamily(`${family.name}.${part}`);
  const element = (of: (e: LinearEquation) => Expr): Piece[] =>
    linear.equations.map((e) => ({ guard: e.guard, value: of(e) }));
  const coefficient = element((e) => coefficientOf(linear, e)!);
  const constant = element((e) => e.constant ?? ring.zero!);
  const timeless =
    c.r.startSteps === 1 &&
    afterStarts(c, family.name)?.length === 1 &&
    isTimeless(linear, [coefficient[coefficient.length - 1]!.value]);
  const a: Part = {
    name: name("a"),
    type: ring.type,
    own: [],
    element: timeless ? coefficient.slice(-1) : coefficient,
    combine: (earlier, later) => ring.times(later(0), earlier(0)),
    timeless,
  };
  const b: Part = {
    name: name("b"),
    type: ring.type,
    own: [],
    element: constant,
    combine: (earlier, later) => ring.plus(ring.times(later(0), earlier(1)), later(1)),
  };
  const { families, last } = scan(c, placeAt(c, 0), [a, b]);
  const result: Piece = { guard: build.always, value: last(1) };
  // A start is reduced in the scan only.
  const starts = c.steps.filter((s) => linear.modulus !== undefined && s.role === "start");
  const modulo = linear.modulus === undefined ? "" : ` modulo ${linear.modulus}`;
  return {
    families: [
      ...families,
      { ...family, pieces: [...starts.map(({ guard, value }): Piece => ({ guard, value })), result] },
    ],
    law: "C.9",
    name: timeless ? "a scan with powers of one coefficient" : `a scan of affine maps${modulo}, as pairs`,
    upTo: limitsOf(c, linear),
    note: "",
  };
};

/** x → max(x + a, b): pairs too, from the place after the start, since there is no −∞ to be had. */
function asTropicalScan(c: Context): Rewritten | undefined {
  const { family, r } = c;
  const linear = c.linear!;
  const { ring } = linear;
  if (r.startSteps !== 1 || afterStarts(c, family.name) === undefined) return undefined;
  const later = linear.equations.filter((e) => e.role !== "start");
  if (later.some((e) => e.terms.length === 0 || e.constant === undefined)) return undefined;
  const name = (part: string) => c.freshFamily(`${family.name}.${part}`);
  const { families, last } = scan(c, placeAt(c, 1), [
    {
      name: name("a"),
      type: ring.type,
      own: [],
      element: later.map((e) => ({ guard: e.guard, value: coefficientOf(linear, e)! })),
      combine: (before, after) => ring.times(before(0), after(0)),
    },
    {
      name: name("b"),
      type: ring.type,
      own: [],
      element: later.map((e) => ({ guard: e.guard, value: e.constant! })),
      combine: (before, after) => ring.plus(ring.times(before(1), after(0)), after(1)),
    },
  ]);
  const start = startAt(c, family.name, placeAt(c, 0));
  const pieces: Piece[] = [
    { guard: is(build.index(c.time.index), placeAt(c, 0)), value: start },
    { guard: build.always, value: ring.plus(ring.times(start, last(0)), last(1)) },
  ];
  return {
    families: [...families, { ...family, pieces }],
    law: "C.9",
    name: `a scan of (${ring.name.replace("-plus", ",+")}) affine maps, as pairs`,
    upTo: isReal(c) ? ["rounding"] : ["overflow"],
    note: isReal(c) ? "" : "the same while no sum of steps leaves 32 bits",
  };
}
