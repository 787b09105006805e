/**
 * Certificates: levels claimed of every family that the depth of a task rests on, and why they satisfy the Bellman equations.
 * The obligations are derived again from the program's own equations, so a certificate says something of that program only.
 */
import { childrenOf } from "../src/equations/build";
import { and, atom } from "../src/equations/conditions";
import type { CostModel } from "../src/equations/cost";
import { printSystem } from "../src/equations/print";
import { readSystem } from "../src/equations/read";
import type { Comparison, Expr, IndexExpr, System } from "../src/equations/system";
import { type ClosedForm, closed } from "../src/symbolic/closed-form";
import { negated } from "./bellman";
import { readCertificate } from "./json";
import { Claims, DEPTH, type LevelClaim, type LevelPiece, lowerPieces, type Obligation } from "./obligations";
import { checkProof, type Proof, Rejected } from "./sequent";

/** A proof of the depth of one system in one cost model; the text of its equations is part of it. */
export interface Certificate {
  readonly format: "fathom depth certificate 2";
  readonly task: string;
  readonly model: CostModel;
  /** The equations, as text. */
  readonly system: string;
  readonly shown: Shown;
}

/** Levels for all sizes, or apart for the sizes of which a comparison holds and for the others. */
export type Shown =
  | { readonly levels: readonly Level[] }
  | { readonly on: Comparison; readonly holds: Shown; readonly fails: Shown };

export interface Level {
  readonly family: string;
  readonly claim: LevelClaim;
  /** A proof for each obligation, in their order: upper, tight (exact, or from below), order. */
  readonly proofs: readonly Proof[];
}

/** What is claimed of one family: exactly, or from above and perhaps from below. */
export type Bounds = Pick<LevelClaim, "pieces" | "exact" | "below">;

/** What a certificate shows, or why it shows nothing. */
export type Verdict =
  | {
      readonly ok: true;
      readonly task: string;
      readonly model: CostModel;
      /** The depth for all sizes that `where` allows, provided that every read lies inside its family. */
      readonly depth: readonly LevelPiece[];
      /** False: the depth is at most that, and at least `below`. */
      readonly exact: boolean;
      readonly below?: readonly LevelPiece[] | undefined;
    }
  | { readonly ok: false; readonly why: string };

/** Checks the text of a certificate; with a system, also that it speaks of that one. */
export function verifyCertificate(text: string, program?: System): Verdict {
  try {
    const certificate = readCertificate(text);
    if (program !== undefined && printSystem(program) !== certificate.system)
      return { ok: false, why: "the certificate is about other equations" };
    const system = readSystem(certificate.system);
    const { task, model } = certificate;
    const depth = checkShown(certificate.shown, system, model);
    if (task !== system.name) return { ok: false, why: "its equations are of another task" };
    return { ok: true, task, model, depth: depth.pieces, exact: depth.exact, below: depth.below };
  } catch (error) {
    // Whatever goes wrong on the way, the certificate shows nothing.
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

/** The depth that is shown; throws `Rejected` where it is not. */
function checkShown(shown: Shown, system: System, model: CostModel): Bounds {
  if ("levels" in shown) return checkLevels(shown.levels, system, model);
  const { on } = shown;
  if (on.op === "==" || on.op === "!=" || !overSizes(on.left) || !overSizes(on.right))
    throw new Rejected("cases by something else than an order of sizes");
  const holds = checkShown(shown.holds, restricted(system, on), model);
  return eitherOf(on, holds, checkShown(shown.fails, restricted(system, negated(on)), model));
}

/** A system at those of its sizes of which a comparison holds. */
export const restricted = (system: System, on: Comparison): System => ({
  ...system,
  constraints: and(system.constraints, atom(on)),
});

/** One claim where a comparison holds, and another where it fails. */
export function eitherOf(on: Comparison, holds: Bounds, fails: Bounds): Bounds {
  const both = (a: readonly LevelPiece[], b: readonly LevelPiece[]): readonly LevelPiece[] => [
    ...a.map((p) => ({ ...p, guard: [on, ...p.guard] })),
    ...b,
  ];
  const exact = holds.exact && fails.exact;
  const nothing: readonly LevelPiece[] = [{ guard: [], form: closed.constant(0) }];
  const [a, b] = [holds, fails].map(lowerPieces);
  return {
    pieces: both(holds.pieces, fails.pieces),
    exact,
    below: exact || (a === undefined && b === undefined) ? undefined : both(a ?? nothing, b ?? nothing),
  };
}

function overSizes(e: IndexExpr): boolean {
  switch (e.kind) {
    case "integer":
    case "size":
      return true;
    case "index":
      return false;
    case "log2":
    case "pow2":
      return overSizes(e.operand);
    default:
      return overSizes(e.left) && overSizes(e.right);
  }
}

function checkLevels(given: readonly Level[], system: System, model: CostModel): LevelClaim {
  const levels = new Map(given.map((l) => [l.family, l.claim]));
  if (levels.size !== given.length) throw new Rejected("a family is claimed twice");
  const depth = levels.get(DEPTH);
  if (depth === undefined) throw new Rejected("no depth is claimed");
  const claims = new Claims(system, model, levels);
  const names = namesOf(system);
  for (const { family, claim, proofs } of given) {
    for (const f of [claim.rank, ...[...claim.pieces, ...(claim.below ?? [])].map((p) => p.form)])
      for (const bound of summationIndices(f))
        if (names.has(bound) || !/^[a-z]/i.test(bound))
          throw new Rejected(`a summation index has the name of an index: ${bound}`);
    let next = 0;
    const check = (o: Obligation): void => {
      const proof = proofs[next++];
      if (proof === undefined) throw new Rejected(`a proof for ${family} is missing`);
      checkProof(o.facts, proof, o.kind === "tight" ? claims.instanceOf(o) : undefined);
    };
    for (const o of claims.upper(family)) check(o);
    for (const o of claims.tight(family)) check(o);
    for (const o of claims.order(family)) check(o);
    if (next !== proofs.length) throw new Rejected(`${family} has more proofs than obligations`);
  }
  return depth;
}

/** Every name that a form could capture. */
function namesOf(system: System): Set<string> {
  const names = new Set(system.sizes.map((s) => s.name));
  const seen = new Set<Expr>();
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "reduce" || e.kind === "fold") for (const d of e.dims) names.add(d.index);
    for (const c of childrenOf(e)) visit(c);
  };
  for (const f of system.families) {
    for (const d of f.dims) names.add(d.index);
    for (const p of f.pieces) visit(p.value);
  }
  return names;
}

function summationIndices(f: ClosedForm): string[] {
  switch (f.kind) {
    case "constant":
    case "size":
    case "index":
      return [];
    case "add":
      return f.terms.flatMap(summationIndices);
    case "mul":
      return f.factors.flatMap(summationIndices);
    case "min":
    case "max":
      return f.of.flatMap(summationIndices);
    case "mod":
      return [f.of, f.by].flatMap(summationIndices);
    case "sum":
      return [f.index, ...[f.lo, f.hi, f.body].flatMap(summationIndices)];
    case "cases":
      throw new Rejected("a form with cases");
    case "floor":
    case "log2":
    case "floor-log2":
    case "pow2":
      return summationIndices(f.of);
  }
}
