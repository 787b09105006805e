/**
 * Families that keep one plane only: what a turn computes is written over what the turn before left, where every other reader has had
 * that by then. Where a family reads whole rows or columns of the turn before besides its own place, as the pivots of elimination
 * and of Floyd and Warshall, these are saved before the turn, as families of their own.
 */
import * as build from "../equations/build";
import { rewriteExpr } from "../equations/expressions";
import { indicesOf } from "../equations/mentions";
import type { Pass } from "../equations/pass";
import type { Dim, Expr, Family, IndexExpr, Read, Subscript, System } from "../equations/system";
import { type Affine, combine, knownFacts, least, toAffine } from "../symbolic/affine";
import { type GuardedRead, guardedReads } from "../symbolic/reads";

const placeOf = (s: Subscript): IndexExpr | undefined => (s.kind === "static" ? s.value : undefined);
const isOwn = (s: Subscript, dim: Dim): boolean => placeOf(s) === build.index(dim.index);
/** Whether a read is of the reader's own place in all dimensions but one. */
const ownPlace = (read: Read, family: Family, but: number): boolean =>
  family.dims.every((dim, d) => d === but || isOwn(read.at[d]!, dim));

/** Elements that lie in memory one by one. */
const liesApart = (family: Family): boolean => family.type.kind !== "bit" && family.type.kind !== "enum";

/** The dimension along which a family reads itself one step back, always. */
function stepDim(family: Family, own: readonly Read[]): number | undefined {
  const back = (read: Read, d: number): boolean => {
    const place = placeOf(read.at[d]!);
    if (place === undefined) return false;
    const by = combine(toAffine(build.index(family.dims[d]!.index)), toAffine(place), -1);
    return by.terms.size === 0 && by.constant === 1;
  };
  const found = family.dims.findIndex((_, d) => own.length > 0 && own.every((r) => back(r, d)));
  return found < 0 ? undefined : found;
}

/** min(a, b) + c is at most a + c and at most b + c. */
function atMost(e: IndexExpr): Affine[] {
  switch (e.kind) {
    case "add":
    case "sub":
      return atMost(e.left);
    case "min":
      return [e.left, e.right].map((x) => combine(toAffine(x), toAffine(e), -1));
    default:
      return [];
  }
}

/** The family that holds what a read needs of the turn before; undefined where it depends on more than rows and columns do. */
function sliceOf(read: Read, family: Family, step: number, name: string, system: System) {
  const time = family.dims[step]!;
  const kept = [step];
  for (const [d, dim] of family.dims.entries()) {
    if (d === step) continue;
    if (indicesOf(dim.lo, dim.hi).size > 0) return undefined;
    if (isOwn(read.at[d]!, dim)) {
      kept.push(d);
      continue;
    }
    const place = placeOf(read.at[d]!);
    if (place === undefined || [...indicesOf(place)].some((n) => n !== time.index)) return undefined;
  }
  if (kept.length === family.dims.length) return undefined;
  const dims = kept.map((d): Dim => {
    const dim = family.dims[d]!;
    return d === step ? { ...dim, lo: build.add(dim.lo, build.integer(1)) } : dim;
  });
  // It is read under no guard: the whole slice must be there.
  const facts = [...knownFacts(system.constraints, dims), ...dims.flatMap((d) => atMost(d.hi))];
  const inside = family.dims.every((dim, d) => {
    if (kept.includes(d)) return true;
    const place = toAffine(placeOf(read.at[d]!)!);
    return (
      least(combine(place, toAffine(dim.lo), -1), dims, facts) >= 0 &&
      least(combine(toAffine(dim.hi), place, -1), dims, facts) >= 1
    );
  });
  if (!inside) return undefined;
  const slice: Family = {
    ...family,
    name,
    dims,
    pieces: [{ ...family.pieces[0]!, guard: build.always, value: read }],
  };
  const at = dims.map((d): Subscript => ({ kind: "static", value: build.index(d.index) }));
  return { slice, read: build.read(name, at, family.type, read.origin) };
}

/** `unproved`: reads that may leave their family, whose families stay as they are. */
export const saveSlices = (keep: ReadonlySet<string>, unproved: ReadonlySet<Expr>): Pass => ({
  name: "save-slices",
  summary: "keep rows and columns of the turn before aside, so that a family can be computed in place",
  run: (system) => {
    const reads = guardedReads(system);
    const families = system.families.flatMap((family): Family[] => {
      if (family.role !== "node" || keep.has(family.name) || !liesApart(family)) return [family];
      const all = reads.filter((r) => r.reader === family).map((r) => r.read);
      if (all.some((r) => unproved.has(r))) return [family];
      const own = [...new Set(all.filter((r) => r.family === family.name))];
      const step = stepDim(family, own);
      if (step === undefined) return [family];
      const far = own.filter((r) => !ownPlace(r, family, step));
      const slices = far.map((r, k) => sliceOf(r, family, step, `${family.name} slice ${k}`, system));
      if (far.length === 0 || !slices.every((s) => s !== undefined)) return [family];
      const instead = new Map<Expr, Expr>(far.map((r, k) => [r, slices[k]!.read]));
      const pieces = family.pieces.map((p) => ({ ...p, value: rewriteExpr(p.value, (e) => instead.get(e)) }));
      return [...slices.map((s) => s.slice), { ...family, pieces }];
    });
    return { ...system, families };
  },
});

/**
 * Whether a family may keep one plane along `dim`. `distance`: least and most turns back of a read in the same loop; `position`: where a family's
 * nest stands in a turn.
 */
export function inPlace(
  family: Family,
  dim: number,
  reads: readonly GuardedRead[],
  distance: (d: GuardedRead) => { readonly least: number; readonly most: number },
  position: (name: string) => number,
): boolean {
  if (!liesApart(family)) return false;
  return reads.every((d) => {
    const { least, most } = distance(d);
    if (d.reader === family) return least === 1 && most === 1 && ownPlace(d.read, family, dim);
    return position(d.reader.name) < position(family.name) ? most <= 1 : most <= 0;
  });
}
