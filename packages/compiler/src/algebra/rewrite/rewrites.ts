/**
 * Recurrences as shallow equations. Each rewriting is a law of the catalogue that a machine can run: a reduction, a scan of
 * the maps of the steps, or powers of one map by repeated squaring. The result is again a system of equations, so it prints, is
 * interpreted and compiled, and its depth is proved like any other.
 *
 * Scans are those of Kogge and Stone (1973): level r holds, at place i, the composition of the last 2^r steps up to i. They
 * take log2 levels in both cost models.
 */
import { guardedReads } from "../../equations/reads";
import type { Family, IndexExpr, System } from "../../equations/system";
import { findRecurrences, type Recurrence } from "../recurrence";
import { asAffineScan } from "./affine";
import { asClampScan } from "./clamp";
import { contextOf, type Law, type Rewritten } from "./context";
import { asJumps } from "./jumps";
import { asMatrixScan } from "./matrix";
import { asFoldScan, asReduction } from "./reduction";
import { asTableScan } from "./tables";

/** One recurrence, rewritten. */
export interface Applied {
  /** The catalogue entry: `C.9`. */
  readonly law: string;
  /** What now stands there: `a scan of affine maps`. */
  readonly name: string;
  readonly families: readonly string[];
  /** What keeps it from being the same function: rounding of reals in another order, or ints beyond 32 bits. */
  readonly upTo: readonly ("rounding" | "overflow")[];
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

/** Recurrences that are rewritten at most: a system may hold many. */
const MOST = 32;

function rewriteAll(system: System, laws: readonly Law[], family?: string): Rewrite | undefined {
  let current = system;
  const applied: Applied[] = [];
  const done = new Set<string>();
  for (let k = 0; k < MOST; k++) {
    const next = firstRewritten(current, laws, (r) =>
      family === undefined ? !r.families.some((f) => done.has(f)) : k === 0 && r.families.includes(family),
    );
    if (next === undefined) break;
    const { r, found } = next;
    for (const f of [...r.families, ...found.families.map((x) => x.name)]) done.add(f);
    const made = new Map(found.families.map((f) => [f.name, f]));
    const first = current.families.findIndex((f) => made.has(f.name));
    const kept = (fs: readonly Family[]) => fs.filter((f) => !made.has(f.name));
    current = {
      ...current,
      families: [
        ...kept(current.families.slice(0, first)),
        ...found.families,
        ...kept(current.families.slice(first)),
      ],
    };
    applied.push({
      law: found.law,
      name: found.name,
      families: r.state.map((s) => s.family),
      upTo: found.upTo,
      note: found.note,
    });
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

function firstRewritten(
  system: System,
  laws: readonly Law[],
  wanted: (r: Recurrence) => boolean,
): { readonly r: Recurrence; readonly found: Rewritten } | undefined {
  for (const r of findRecurrences(system)) {
    if (!wanted(r) || isShort(system, r.length)) continue;
    const context = contextOf(system, r);
    if (context === undefined) continue;
    // The first law whose form is the same function for all ints; else the first.
    let found: Rewritten | undefined;
    for (const law of laws) {
      const made = law(context);
      const certain = made !== undefined && !made.upTo.includes("overflow");
      if (certain || found === undefined) found = made ?? found;
      if (certain) break;
    }
    if (found !== undefined) return { r, found };
  }
  return undefined;
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

const shallowest: readonly Law[] = [
  asReduction,
  asJumps,
  asAffineScan,
  asClampScan,
  asMatrixScan,
  asTableScan,
];
const scansOnly: readonly Law[] = [asFoldScan, asJumps, asAffineScan, asClampScan, asMatrixScan, asTableScan];
