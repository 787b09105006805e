/**
 * Lower bounds along one path: at sampled sizes the latest reads are followed from the depth down, and what was met is put in
 * terms of sizes and one index of each family. A level is claimed on that path alone and 0 elsewhere, so a depth is known where
 * the levels of other instances have no closed form (the bits of an index, say).
 */
import { type Claims, DEPTH, type LevelPiece } from "../../certificate-checker/obligations";
import * as build from "../equations/build";
import type { Comparison, IndexExpr } from "../equations/system";
import { offsetOf } from "../equations/values";
import { type ClosedForm, closed, monomialsOf } from "../symbolic/closed-form";
import { rational } from "../symbolic/rational";
import type { Unrolled } from "../unroll/unroll";
import { Edges } from "./bounds";
import { fitLevels } from "./fit";
import { type Env, type LevelPoint, numeric } from "./level-samples";

export type Path = ReadonlyMap<string, readonly LevelPoint[]>;

/** Steps that are followed at one size, and graphs that are looked at. */
const STEPS = 200;
const GRAPHS = 10;
/** Beyond it a power tells nothing. */
const LARGEST = 1_000_000;
/** Fewer points say too little. */
const FEWEST = 4;

/** The instances of critical paths; of several reads that are as late, the first or the last is followed. */
export function criticalPath(claims: Claims, graphs: readonly Unrolled[], last: boolean): Path | undefined {
  const edges = new Edges(claims);
  const found = new Map<string, LevelPoint[]>();
  for (const graph of graphs.filter((g) => g.depth > 0).slice(-GRAPHS)) {
    const levelOf = (family: string, env: Env): number =>
      levelIn(graph.families.get(family), env) ?? Number.NaN;
    let [family, env, level]: [string, Env, number] = [DEPTH, { ...graph.sizes }, graph.depth];
    for (let steps = 0; level > 0; steps++) {
      if (steps > STEPS) return undefined;
      const late = edges
        .at(family, env)
        .filter((e) => e.delay + (e.source ? levelOf(e.source.family, e.source.env) : 0) === level);
      const next = late[last ? late.length - 1 : 0];
      if (next === undefined) return undefined;
      if (next.source === undefined) break;
      level -= next.delay;
      ({ family, env } = next.source);
      const points = found.get(family);
      const point = { env, level };
      if (points === undefined) found.set(family, [point]);
      else points.push(point);
    }
  }
  return found;
}

function levelIn(f: ReturnType<Unrolled["families"]["get"]>, env: Env): number | undefined {
  if (f === undefined) return undefined;
  if (f.levels === undefined) return 0;
  const offset = offsetOf(
    f.box,
    f.family.dims.map((d) => env[d.index]!),
  );
  return offset < 0 ? undefined : f.levels[offset];
}

/** A family's level on its part of a path, and 0 elsewhere; nothing where no forms of one index say where the path goes. */
export function levelOnPath(
  claims: Claims,
  family: string,
  points: readonly LevelPoint[],
  atoms: readonly ClosedForm[],
): LevelPiece[] | undefined {
  const sizes = claims.system.sizes.map((s) => s.name);
  const dims = claims.dims(family);
  if (points.length < FEWEST) return undefined;
  const small = (f: ClosedForm): boolean => {
    const value = numeric(f);
    return points.every((p) => value(p.env) <= LARGEST);
  };
  const powers = sizes.map((s) => closed.pow2(closed.size(s))).filter(small);
  for (const along of [undefined, ...dims]) {
    const indices = along === undefined ? [] : [along.index];
    const fit = (value: (p: LevelPoint) => number, also: readonly ClosedForm[]): ClosedForm | undefined => {
      const values = points.map((p) => ({ env: p.env, level: value(p) }));
      const fitted = fitLevels(values, { sizes, indices, atoms: also, comparisons: [], shallow: true });
      return fitted?.length === 1 ? fitted[0]!.form : undefined;
    };
    const own = along === undefined ? [] : [closed.pow2(closed.index(along.index))].filter(small);
    const guard: Comparison[] = [];
    const told = dims.every((d) => {
      if (d === along) return true;
      const at = fit((p) => p.env[d.index]!, [...own, ...powers]);
      const equal = at && equation(d.index, at);
      if (equal !== undefined) guard.push(equal);
      return equal !== undefined;
    });
    if (!told) continue;
    const form = fit(
      (p) => p.level,
      atoms.filter((a) => a.kind !== "pow2"),
    );
    if (form === undefined) continue;
    // Where the path begins later than the range does.
    if (along !== undefined) {
      const least = Math.min(...points.map((p) => p.env[along.index]!));
      guard.push(build.compare("<=", build.integer(least), build.index(along.index)));
    }
    return [
      { guard, form },
      { guard: [], form: closed.constant(0) },
    ];
  }
  return undefined;
}

/** `index == form`, without fractions. */
function equation(index: string, form: ClosedForm): Comparison | undefined {
  let by = 1n;
  for (const { coefficient: c } of monomialsOf(form)) if (by % c.denominator !== 0n) by *= c.denominator;
  const right = expression(closed.scale(form, rational(by)));
  const left = build.mul(build.integer(Number(by)), build.index(index));
  return right && build.compare("==", left, right);
}

/** A form with whole coefficients as an expression; sizes, indices and powers of two are all there is in one. */
function expression(form: ClosedForm): IndexExpr | undefined {
  const factor = (f: ClosedForm): IndexExpr | undefined => {
    if (f.kind === "size") return build.size(f.name);
    if (f.kind === "index") return build.index(f.name);
    const of = f.kind === "pow2" || f.kind === "log2" ? expression(f.of) : undefined;
    return of && (f.kind === "pow2" ? build.pow2(of) : build.log2(of));
  };
  let sum: IndexExpr = build.integer(0);
  for (const { coefficient: c, factors } of monomialsOf(form)) {
    if (c.denominator !== 1n) return undefined;
    let product: IndexExpr = build.integer(Number(c.numerator));
    for (const f of factors) {
      const made = factor(f);
      if (made === undefined) return undefined;
      product = build.mul(product, made);
    }
    sum = build.add(sum, product);
  }
  return sum;
}
