/** Why a level is what it is, as data: which equation, which reads are tight, and when they arrive. */
import type { Term } from "../../certificate-checker/bellman";
import type { Claims } from "../../certificate-checker/obligations";
import type { Proof } from "../../certificate-checker/sequent";
import { printCondition } from "../equations/print";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  printClosedForm,
  substituteClosedForm,
} from "../symbolic/closed-form";
import type { Derivation, Figure, Standing } from "../symbolic/standing";
import type { LevelSamples } from "./level-samples";
import type { Settled } from "./settle";

/** What is known of a system's levels, and how. */
export interface Argued {
  readonly claims: Claims;
  readonly settled: ReadonlyMap<string, Settled>;
  readonly samples: LevelSamples;
  /** The terms of a family's equations; where there are none, why. */
  readonly terms: (family: string) => readonly Term[] | string;
}

/** What a family's equations read: first the reads that are as late as its level somewhere, with when they arrive. */
function readsOf(of: Argued, name: string, terms: readonly Term[], standing: Standing): Derivation[] {
  const exact = of.settled.get(name)?.status === "exact";
  const tight = exact ? tightIn(of.settled.get(name)!.proofs) : new Set<number>();
  const reads = terms.flatMap((t, k) => (t.source === undefined ? [] : [{ t, isTight: tight.has(k) }]));
  const shown = [...reads.filter((r) => r.isTight), ...reads.filter((r) => !r.isTight)].slice(0, 12);
  return shown.map(({ t, isTight }): Derivation => {
    const { family, at } = t.source!;
    const under = t.conditions.length === 0 ? "" : ` where ${printCondition([t.conditions])}`;
    const place = at.map((e) => printClosedForm(fromIndexExpr(e))).join(", ");
    const source = `${family}${place === "" ? "" : `[${place}]`}`;
    const delay = printClosedForm(t.delay);
    return {
      rule: isTight ? "tight read" : "read",
      claim: `reads ${source}${under}, ${delay} before its value`,
      standing,
      detail: isTight ? arrival(of, name, t, source) : undefined,
      origin: t.origin,
      premises: [],
    };
  });
}

/** When a tight read arrives: the level of its source, and what comes after; where there are cases, only that. */
function arrival({ claims }: Argued, name: string, t: Term, source: string): string {
  const only = (f: string): ClosedForm | undefined => {
    const pieces = claims.levels.get(f)?.pieces ?? [];
    return pieces.length === 1 ? pieces[0]!.form : undefined;
  };
  const [own, there] = [only(name), only(t.source!.family)];
  const by = new Map(claims.dims(t.source!.family).map((d, k) => [d.index, fromIndexExpr(t.source!.at[k]!)]));
  const level = there === undefined ? undefined : substituteClosedForm(there, by);
  const value = level === undefined ? undefined : closed.add(level, t.delay);
  if (own === undefined || value === undefined || closedFormKey(value) !== closedFormKey(own))
    return "in the proof one of the latest reads: of some instances, not of all";
  return `as late as the level: ${source} is there at ${printClosedForm(level!)}, the value at ${printClosedForm(value)}`;
}

/** Which equations, which reads are tight, why. */
export function depthDerivation({ samples }: Argued, depth: Figure): Derivation {
  return {
    rule: "depth",
    claim: claimOf("depth", depth),
    standing: standingOf(depth, samples.unrolled.length),
    detail: depth.why,
    premises: [],
  };
}

export function levelName({ claims }: Pick<Argued, "claims">, family: string): string {
  const dims = claims.dims(family);
  return `level of ${family}${dims.length === 0 ? "" : `[${dims.map((d) => d.index).join(", ")}]`}`;
}

export function levelDerivation(of: Argued, name: string, level: Figure): Derivation {
  const family = of.claims.system.families.find((f) => f.name === name)!;
  const terms = of.terms(name);
  const standing = standingOf(level, of.samples.unrolled.length);
  return {
    rule: "level",
    claim: claimOf(levelName(of, name), level),
    standing,
    detail: level.why,
    origin: family.origin,
    premises: readsOf(of, name, typeof terms === "string" ? [] : terms, standing),
  };
}

export const standingOf = ({ exact, upper }: Figure, samples: number): Standing =>
  exact?.standing ?? upper?.standing ?? { kind: "checked", range: "", samples };

export function claimOf(name: string, { exact, upper }: Figure): string {
  if (exact !== undefined) return `${name} = ${printClosedForm(exact.form)}`;
  return upper !== undefined ? `${name} ≤ ${printClosedForm(upper.form)}` : `${name} is not known`;
}

/** The terms whose reads a proof shows to be tight. */
const tightIn = (proofs: readonly Proof[]): Set<number> => new Set(instancesIn(proofs).map((p) => p.term));

/** The steps of proofs that name an instance, in their order. */
export function instancesIn(proofs: readonly Proof[]): Extract<Proof, { rule: "instance" }>[] {
  const found: Extract<Proof, { rule: "instance" }>[] = [];
  const visit = (p: Proof): void => {
    switch (p.rule) {
      case "instance":
        found.push(p);
        return visit(p.then);
      case "split":
        visit(p.holds);
        return visit(p.fails);
      case "residue":
        return p.cases.forEach(visit);
      case "substitute":
      case "axiom":
        return visit(p.then);
      case "sum":
      case "clash":
    }
  };
  proofs.forEach(visit);
  return found;
}
