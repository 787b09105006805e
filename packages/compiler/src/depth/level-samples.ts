/** Exact levels of all instances at a few small sizes: what level functions are guessed from. */
import { smallSizes } from "../checks/small-sizes";
import type { CostModel } from "../equations/cost";
import { familyBox, forEachPoint, pointAt } from "../equations/evaluate-index";
import type { Family, Sizes, System } from "../equations/system";
import { checkSizes } from "../equations/values";
import { type ClosedForm, monomialsOf } from "../symbolic/closed-form";
import { type Unrolled, unroller } from "../unroll/unroll";

/** Values of sizes and indices, by name. */
export type Env = Record<string, number>;
export interface LevelPoint {
  readonly env: Env;
  readonly level: number;
}
export interface LevelSamples {
  readonly unrolled: readonly Unrolled[];
  readonly families: ReadonlyMap<string, readonly LevelPoint[]>;
  readonly depth: readonly LevelPoint[];
}

/** Most instances of one unrolling, and of all together. */
const AT_ONCE = 1_500;
const TOGETHER = 6_000;
/** Most operands looked at in all unrollings of one kind. */
const OPERANDS = 3_000_000;
/** Most points of one family. */
const POINTS = 700;

/** A spread of small sizes: all very small ones, then some larger and lopsided. */
function sampleSizes(system: System): Sizes[] {
  const names = system.sizes.map((s) => s.name);
  const rank = names.length;
  const most = rank <= 1 ? 12 : rank === 2 ? 5 : 3;
  const chosen = smallSizes(system, most, rank <= 1 ? 12 : rank === 2 ? 30 : 60);
  if (rank === 0) return chosen;
  const base = chosen[chosen.length - 1];
  if (base === undefined) return smallSizes(system, 40, 12);
  const far = rank === 1 ? [16, 17, 21] : [6, 7, 9];
  const more = names.flatMap((n) => far.map((v) => ({ ...base, [n]: v })));
  // Lopsided ones tell `min(2, n)*t` from a minimum of affine forms.
  const small = chosen.find((c) => names.every((n) => c[n]! >= 2)) ?? base;
  if (rank > 1) more.push(...names.map((n) => ({ ...small, [n]: 11 })));
  const all = Object.fromEntries(names.map((n, k) => [n, 6 + ((k * 3) % 4)]));
  // Where large values are needed (`n >= 10`), go on from the smallest there are.
  const beyond = chosen.length < 6 ? smallSizes(system, 24, 16) : [];
  return [...chosen, ...beyond, ...more, all];
}

export function levelSamples(
  system: System,
  model: CostModel,
  valid: (sizes: Sizes) => boolean,
  scale = 1,
): LevelSamples {
  const unrolled: Unrolled[] = [];
  const families = new Map<string, LevelPoint[]>();
  const depth: LevelPoint[] = [];
  let left = scale * TOGETHER;
  const unrollAt = unroller(system, { model, operands: OPERANDS });
  const seen = new Set<string>();
  for (const sizes of sampleSizes(system)) {
    const key = JSON.stringify(sizes);
    if (left <= 0 || seen.has(key) || !valid(sizes)) continue;
    seen.add(key);
    const made = unrollAt(sizes, scale * AT_ONCE);
    if (!made.ok) continue;
    left -= made.result.instances;
    unrolled.push(made.result);
    depth.push({ env: { ...sizes }, level: made.result.depth });
    for (const [name, f] of made.result.families) {
      if (f.levels === undefined) continue;
      let points = families.get(name);
      if (points === undefined) {
        points = [];
        families.set(name, points);
      }
      const { dims } = f.family;
      // Large families are thinned out, their ends kept.
      const step = f.instances > 150 ? 7 : 1;
      let n = 0;
      for (let offset = 0; offset < f.levels.length; offset++) {
        const level = f.levels[offset]!;
        if (level < 0) continue;
        if (step > 1 && n++ % step !== 0 && n > 24 && f.levels.length - offset > 12) continue;
        if (points.length >= POINTS * 3) break;
        const env: Env = { ...sizes };
        const at = pointAt(f.box, offset);
        for (let d = 0; d < dims.length; d++) env[dims[d]!.index] = at[d]!;
        points.push({ env, level });
      }
    }
  }
  return { unrolled, families, depth };
}

/** Most instances of one unrolling far out, and of all together. */
const FAR_AT_ONCE = 30_000;
const FAR_TOGETHER = 120_000;

/**
 * Depths well beyond the sizes that forms are fitted to, on both sides of powers of two: over few small sizes a logarithm
 * looks like the least of some lines.
 */
export function farDepths(system: System, model: CostModel, valid: (sizes: Sizes) => boolean): LevelPoint[] {
  const names = system.sizes.map((s) => s.name);
  const small = smallSizes(system, names.length <= 1 ? 12 : 5, 30);
  const base = small.find((c) => names.every((n) => c[n]! >= 2)) ?? small[small.length - 1];
  if (base === undefined || names.length === 0) return [];
  const together = [12, 24, 33, 65].map((v) => Object.fromEntries(names.map((n, k) => [n, v + k])));
  const alone = [32, 33, 64, 65, 129].flatMap((v) => names.map((n) => ({ ...base, [n]: v })));
  const unrollAt = unroller(system, { model, operands: OPERANDS });
  const found: LevelPoint[] = [];
  let left = FAR_TOGETHER;
  for (const sizes of [...together, ...alone]) {
    if (left <= 0) break;
    if (checkSizes(system, sizes).length > 0 || !valid(sizes)) continue;
    const made = unrollAt(sizes, FAR_AT_ONCE);
    if (!made.ok) continue;
    left -= made.result.instances;
    found.push({ env: { ...sizes }, level: made.result.depth });
  }
  return found;
}

/** Families that depend on few others are sampled without the rest; more than so many are not worth it. */
const FEW = 60;
/** How many times more instances may be looked at then. */
const LARGER = 5;

/** Levels of some families, where the whole system is too large for more than a few sizes: with what they read, nothing else. */
export function samplesNear(
  system: System,
  model: CostModel,
  valid: (sizes: Sizes) => boolean,
  group: readonly string[],
  sources: (family: string) => readonly string[],
): LevelSamples | undefined {
  const needed = new Set(group);
  // A set that grows is walked to its end.
  for (const f of needed) {
    for (const g of sources(f)) needed.add(g);
    if (needed.size > FEW) return undefined;
  }
  const families = system.families.filter((f) => needed.has(f.name) || f.pieces.length === 0);
  return levelSamples({ ...system, families }, model, valid, LARGER);
}

/** The depth at small sizes, out of known levels of what the task delivers. */
export function depthSamples(
  system: System,
  valid: (sizes: Sizes) => boolean,
  delivered: readonly { readonly family: Family; readonly level: (env: Env) => number }[],
): LevelPoint[] {
  return sampleSizes(system).flatMap((sizes) => {
    if (!valid(sizes)) return [];
    let level = 0;
    for (const { family, level: at } of delivered) {
      if (familyBox(family, sizes, AT_ONCE).points > AT_ONCE) return [];
      forEachPoint(family.dims, sizes, (point) => {
        const env: Env = { ...sizes };
        family.dims.forEach((d, k) => {
          env[d.index] = point[k]!;
        });
        level = Math.max(level, at(env));
      });
    }
    return [{ env: { ...sizes }, level }];
  });
}

/** A closed form as a function on doubles, for looking around; never for a proof. */
export function numeric(form: ClosedForm): (env: Env) => number {
  switch (form.kind) {
    case "constant": {
      const value = Number(form.value.numerator) / Number(form.value.denominator);
      return () => value;
    }
    case "size":
    case "index": {
      const { name } = form;
      return (env) => env[name]!;
    }
    case "add": {
      const parts = form.terms.map(numeric);
      return (env) => {
        let sum = 0;
        for (const p of parts) sum += p(env);
        return sum;
      };
    }
    case "mul": {
      const parts = form.factors.map(numeric);
      return (env) => {
        let product = 1;
        for (const p of parts) product *= p(env);
        return product;
      };
    }
    case "floor": {
      const parts = monomialsOf(form.of);
      const denominator = Number(
        parts.reduce((l, m) => (m.coefficient.denominator > l ? m.coefficient.denominator : l), 1n),
      );
      const inside = numeric(form.of);
      // Exact to a part of a unit of the denominator: 1/3 + 2/3 is not 0.999…. A power of two may stand below: 7·2^(1 − s).
      const powers = parts.some((m) => m.factors.some((x) => x.kind === "pow2"));
      const slack = powers ? 1e-9 : 0.25 / denominator;
      return (env) => Math.floor(inside(env) + slack);
    }
    case "mod": {
      const [a, m] = [numeric(form.of), numeric(form.by)];
      return (env) => {
        const [x, y] = [a(env), m(env)];
        return x - y * Math.floor(x / y);
      };
    }
    case "min":
    case "max": {
      const parts = form.of.map(numeric);
      const pick = form.kind === "min" ? Math.min : Math.max;
      return (env) => pick(...parts.map((p) => p(env)));
    }
    case "log2": {
      const inside = numeric(form.of);
      return (env) => ceilLog(inside(env));
    }
    case "floor-log2": {
      const inside = numeric(form.of);
      return (env) => ceilLog(inside(env) + 1) - 1;
    }
    case "pow2": {
      const inside = numeric(form.of);
      return (env) => 2 ** inside(env);
    }
    case "sum": {
      const [lo, hi, body] = [numeric(form.lo), numeric(form.hi), numeric(form.body)];
      return (env) => {
        const inner = { ...env };
        let sum = 0;
        const end = hi(env);
        for (let k = lo(env); k < end; k++) {
          inner[form.index] = k;
          sum += body(inner);
        }
        return sum;
      };
    }
    case "cases":
      throw new Error("a form with cases is not made here");
  }
}

const ceilLog = (x: number): number => (x <= 1 ? 0 : Math.ceil(Math.log2(x) - 1e-9));
