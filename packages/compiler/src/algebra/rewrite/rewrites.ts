/**
 * Recurrences as shallow equations. Each rewriting is a law of the catalogue that a machine can run: a reduction, a scan of
 * the maps of the steps, or powers of one map by repeated squaring. The result is again a system of equations, so it prints, is
 * interpreted and compiled, and its depth is proved like any other.
 *
 * Scans are those of Kogge and Stone (1973): level r holds, at place i, the composition of the last 2^r steps up to i. They
 * take log2 levels in both cost models.
 */
import { sizeProblems } from "../../checks/sizes";
import * as build from "../../equations/build";
import type { Dim, Expr, Family, IndexExpr, Sizes, System } from "../../equations/system";
import { fromIndexExpr, printClosedForm } from "../../symbolic/closed-form";
import { guardedReads } from "../../symbolic/reads";
import { unroll } from "../../unroll/unroll";
import { withFiniteInts } from "../ranges";
import { extentOf, findRecurrences, innerRecurrences, type Recurrence } from "../recurrence";
import { asAffineScan } from "./affine";
import { asClampScan } from "./clamp";
import { contextOf, type Law, type Limit, type Rewritten } from "./context";
import { asElementScan } from "./elements";
import { asJumps } from "./jumps";
import { asMatrixScan } from "./matrix";
import { asFoldScan, asReduction } from "./reduction";
import { settled } from "./settled";
import { asTableScan } from "./tables";
import { asMatrixPowers } from "./wide";

/** One recurrence, rewritten. */
export interface Applied {
  /** The catalogue entry: `C.9`. */
  readonly law: string;
  /** What now stands there: `a scan of affine maps`. */
  readonly name: string;
  readonly families: readonly string[];
  readonly upTo: readonly Limit[];
  /**
   * Where reals round otherwise: k of the bound γ(k)·S, as an index expression in the sizes. Every value of the chain and of the
   * rewriting lies that near to the exact one, where γ(k) = k·2^-24 / (1 − k·2^-24) and S is the value of the same recurrence over absolute
   * values, while nothing overflows.
   */
  readonly roundings?: string | undefined;
  readonly note: string;
}

export interface Rewrite {
  readonly law: string;
  readonly system: System;
  /** The same function, bit for bit. */
  readonly exact: boolean;
  readonly note: string;
  readonly applied: readonly Applied[];
}

export interface RewriteOptions {
  /** Only the recurrence that this family is part of. */
  readonly family?: string | undefined;
}

/**
 * Shallower systems that compute the same, each with every recurrence rewritten that a law covers: first with the shallowest forms
 * (reductions of unbounded fan-in), then, where that differs, with scans only, which do less work. Empty where no law applies.
 */
export function rewrites(system: System, { family }: RewriteOptions = {}): readonly Rewrite[] {
  const found = [shallowest, scansOnly].map((laws) => rewriteAll(system, laws, family));
  const different = found.filter(
    (r, k) =>
      r !== undefined &&
      (k === 0 || r.applied.map((a) => a.name).join() !== found[0]?.applied.map((a) => a.name).join()),
  );
  return different as Rewrite[];
}

/** Scans for the recurrences wanted, where they are the same function bit for bit and no great tables or matrices; the families of the scans are new. */
export const exactScans = (system: System, wanted: (r: Recurrence) => boolean): Rewrite | undefined =>
  rewriteAll(system, scansOnly, undefined, wanted);

/** Recurrences that are rewritten at most: a system may hold many. */
const MOST = 32;

/** `exactly`: only these recurrences, and only by what changes no bit. */
function rewriteAll(
  system: System,
  laws: readonly Law[],
  family?: string,
  exactly?: (r: Recurrence) => boolean,
): Rewrite | undefined {
  let current = system;
  const applied: Applied[] = [];
  const done = new Set<string>();
  const rewritten = (
    from: System,
  ): { readonly system: System; readonly done: readonly string[]; readonly as: Applied } | undefined => {
    const next = firstRewritten(
      from,
      laws,
      (r) =>
        (exactly?.(r) ?? true) &&
        (family === undefined
          ? !r.families.some((f) => done.has(f))
          : done.size === 0 && r.families.includes(family)),
      exactly !== undefined,
    );
    if (next === undefined) return undefined;
    const { r, found } = next;
    const rounds = found.upTo.includes("rounding") && found.bounded !== false;
    return {
      system: next.system,
      done: [...r.families, ...found.families.map((x) => x.name)],
      as: {
        law: found.law,
        name: found.name,
        families: r.state.map((s) => s.family),
        upTo: found.upTo,
        roundings: rounds ? roundings(from, r) : undefined,
        note: found.note,
      },
    };
  };
  for (let k = 0; k < MOST; k++) {
    const few = exactly === undefined ? withFewInts(current, done) : current;
    const next = rewritten(current) ?? (few === current ? undefined : rewritten(few));
    if (next === undefined) break;
    for (const f of next.done) done.add(f);
    current = next.system;
    applied.push(next.as);
  }
  if (applied.length === 0) return undefined;
  const laws_ = [...new Set(applied.map((a) => a.law))];
  return {
    law: laws_.join(", "),
    system: withoutUnused(current, readByOthers(system)),
    exact: applied.every((a) => a.upTo.length === 0),
    note: applied
      .map((a) => `${a.families.join(", ")}: ${a.name}${a.note === "" ? "" : `; ${a.note}`}`)
      .join(". "),
    applied,
  };
}

/** Ints of recurrences that stay in a small range, as the finite type that they are: then tables of their states can be had. */
function withFewInts(system: System, done: ReadonlySet<string>): System {
  const states = new Set(findRecurrences(system).flatMap((r) => r.state.map((s) => s.family)));
  return withFiniteInts(system, (f) => f.role === "node" && states.has(f.name) && !done.has(f.name));
}

/**
 * Roundings that a term of the exact value meets on its way, at most. A value of a linear recurrence is a sum of products, one factor a step;
 * each step rounds a term at most once for each of its operators, and a composition of maps once for a product and once for each of the d
 * terms that are added. Factors (1 + δ) multiply up, in whatever order (Higham, 2002, lemma 3.1 and section 4.2); maxima and minima
 * round nothing and stretch nothing.
 */
function roundings(system: System, r: Recurrence): string | undefined {
  let operators = 0;
  let bounded = true;
  const sums = new Set<IndexExpr>();
  for (const s of r.steps ?? []) {
    const own = system.families.find((f) => f.name === s.family)!.dims;
    const seen = new Set<Expr>();
    let count = 0;
    const visit = (e: Expr, dims: readonly Dim[]): void => {
      if (seen.has(e)) return;
      seen.add(e);
      if (e.kind === "apply" && ["add", "sub", "mul", "divide"].includes(e.op)) count++;
      const inside = e.kind === "reduce" || e.kind === "fold" ? [...dims, ...e.dims] : dims;
      if (inside !== dims)
        for (const d of inside.slice(dims.length)) {
          const extent = extentOf(d, inside);
          if (extent === undefined) bounded = false;
          else sums.add(extent);
        }
      for (const x of build.childrenOf(e)) visit(x, inside);
    };
    visit(s.value, own);
    operators = Math.max(operators, count);
  }
  const numbers = r.state.map((s) => s.count && build.mul(build.integer(s.depth), s.count));
  if (!bounded || !numbers.every((n) => n !== undefined)) return undefined;
  const each = [...sums, ...numbers].reduce(build.add, build.integer(operators + 1));
  // Each factor in normal form: their product says that so many meet a term at each of so many steps.
  const factors = [each, r.length].map((e) => printClosedForm(fromIndexExpr(e)));
  return factors.map((f) => (/[-+]/.test(f) ? `(${f})` : f)).join(" * ");
}

/** For each recurrence, in a few words, why no law gives a form of it that runs; to be said where none does. */
export function whyNotRewritten(
  system: System,
): readonly { readonly families: readonly string[]; readonly why: string }[] {
  return findRecurrences(system).map((r) => ({ families: r.families, why: whyNot(system, r) }));
}

function whyNot(system: System, r: Recurrence): string {
  if (r.reach === "wires") return "data says which earlier steps it reads, so all of them stay alive";
  if (r.reach === "history") return "a step reads any number of steps before it, so all of them stay alive";
  if (r.within) return "a step waits for itself along another index";
  if (isShort(system, r.length)) return "its steps are at most about log2 of a size";
  if (r.steps === undefined) return "its step, written out, is too long to look into";
  if (r.startSteps === undefined)
    return "its first steps are not one number of places for all that it computes";
  const types = [...new Set(r.state.map((s) => (s.type.kind === "index" ? "indices" : `${s.type.kind}s`)))];
  return `its step is no affine map, clamp or matrix that is seen, and there is no table of so many states (${types.join(" and ")})`;
}

function firstRewritten(
  system: System,
  laws: readonly Law[],
  wanted: (r: Recurrence) => boolean,
  exactly: boolean,
): { readonly r: Recurrence; readonly found: Rewritten; readonly system: System } | undefined {
  // What waits for itself within its step is rewritten there: the outer recurrence stays, with shallow steps.
  for (const r of [...findRecurrences(system), ...innerRecurrences(system)]) {
    if (!wanted(r) || isShort(system, r.length)) continue;
    const context = contextOf(system, r);
    if (context === undefined) continue;
    // The first law whose form is the same function for all ints; else the first.
    let best: { readonly found: Rewritten; readonly system: System } | undefined;
    for (const law of laws) {
      const made = law(context);
      const families = made?.families.map((f) => settled(context.whole(f)));
      if (made === undefined || !families?.every((f) => f !== undefined)) continue;
      if (exactly && made.costly === true) continue;
      const found = { ...made, families };
      const next = withFamilies(system, found.families);
      if (r.outer !== undefined && !isLower(system, next, r)) continue;
      const certain = !found.upTo.includes("overflow");
      if (certain || best === undefined) best = { found, system: next };
      if (certain) break;
    }
    if (best !== undefined && !(exactly && best.found.upTo.length > 0)) return { r, ...best };
  }
  return undefined;
}

/** The families stand for those of their names; the others come before the first of them. */
function withFamilies(system: System, families: readonly Family[]): System {
  const made = new Set(families.map((f) => f.name));
  const first = system.families.findIndex((f) => made.has(f.name));
  const kept = (fs: readonly Family[]) => fs.filter((f) => !made.has(f.name));
  return {
    ...system,
    families: [...kept(system.families.slice(0, first)), ...families, ...kept(system.families.slice(first))],
  };
}

/** Sizes at which an inner recurrence is tried, and instances that are counted then. */
const TRIED = [24, 25, 16, 12, 9, 8];
const COUNTED = 60_000;

/**
 * Whether the levels of a recurrence are lower after it is rewritten, at sizes that tell a logarithm from a length. A row that leans on the
 * row before it all along (edit distance) is already as deep as one diagonal: scans would only add their logarithm to each row.
 */
function isLower(before: System, after: System, r: Recurrence): boolean {
  const level = (system: System, sizes: Sizes): number | undefined => {
    const counted = unroll(system, sizes, { model: "steps", limit: COUNTED });
    if (!counted.ok) return undefined;
    return Math.max(...r.state.map((s) => counted.result.families.get(s.family)?.maxLevel ?? 0));
  };
  for (const n of TRIED) {
    const sizes = Object.fromEntries(before.sizes.map((s) => [s.name, s.kind === "const" ? 2 : n]));
    if (sizeProblems(before, sizes).length > 0) continue;
    const [written, rewritten] = [level(before, sizes), level(after, sizes)];
    if (written !== undefined && rewritten !== undefined) return rewritten < written;
  }
  return false;
}

const readByOthers = (system: System): Set<string> =>
  new Set(guardedReads(system).flatMap((r) => (r.reader.name === r.source.name ? [] : [r.source.name])));

/** Leaves out nodes that were read and no longer are: helpers of a step that is gone. */
function withoutUnused(system: System, before: ReadonlySet<string>): System {
  const read = readByOthers(system);
  const families = system.families.filter(
    (f) => f.role !== "node" || read.has(f.name) || !before.has(f.name),
  );
  return families.length === system.families.length ? system : withoutUnused({ ...system, families }, before);
}

/** A length that grows at most like a logarithm: every size that grows stands inside a log2. */
function isShort(system: System, length: IndexExpr): boolean {
  switch (length.kind) {
    case "integer":
    case "log2":
      return true;
    case "size":
      return system.sizes.find((s) => s.name === length.name)?.kind === "const";
    case "index":
    case "pow2":
      return false;
    default:
      return isShort(system, length.left) && isShort(system, length.right);
  }
}

/** What comes behind the first law: each has one form only. */
const scans: readonly Law[] = [
  asElementScan,
  asJumps,
  asAffineScan,
  asClampScan,
  asMatrixScan,
  asTableScan,
  asMatrixPowers,
];
const shallowest: readonly Law[] = [asReduction, ...scans];
const scansOnly: readonly Law[] = [asFoldScan, ...scans];
