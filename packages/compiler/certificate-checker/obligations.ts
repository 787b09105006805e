/**
 * What has to be shown of level functions, straight from the Bellman equations: each obligation is a list of facts that
 * must contradict one another.
 *
 *   upper   no term is later than the level claimed, nor is 0
 *   tight   some term, or 0, is as late as the level claimed, or as the lower bound: assuming that none is must fail
 *   order   along a read that costs nothing, a rank falls; so there is no cycle, and levels are what the equations say
 *
 * By induction along reads, levels that satisfy all three are the levels of the instance graph; bounds stay on their side of them.
 */

import * as build from "../src/equations/build";
import { substituteIndex } from "../src/equations/conditions";
import type { CostModel } from "../src/equations/cost";
import type { Comparison, Conjunction, Dim, Family, IndexExpr, System } from "../src/equations/system";
import { type ClosedForm, closed, fromIndexExpr, substituteClosedForm } from "../src/symbolic/closed-form";
import { alternatives, negated, sizeFacts, type Term, termsOf, withRange } from "./bellman";
import { factOf, Rejected, type Sequent } from "./sequent";

/** The first piece whose guard holds; the last guard is empty. */
export interface LevelPiece {
  /** None is `!=`. Over sizes and the family's indices. */
  readonly guard: Conjunction;
  readonly form: ClosedForm;
}
export interface LevelClaim {
  readonly pieces: readonly LevelPiece[];
  /** False: an upper bound only. */
  readonly exact: boolean;
  /** A lower bound beside one that is not exact. Where it is negative it says nothing. */
  readonly below?: readonly LevelPiece[] | undefined;
  /** Reads that cost nothing lead to a smaller stage, or to the same stage and a smaller rank. */
  readonly stage: number;
  readonly rank: ClosedForm;
}

/** What a claim says from below. */
export const lowerPieces = (
  c: Pick<LevelClaim, "pieces" | "exact" | "below">,
): readonly LevelPiece[] | undefined => (c.exact ? c.pieces : c.below);

/** The depth is the level of a family with this name, which reads every output and costs nothing. */
export const DEPTH = "depth of the task";

export interface Obligation {
  readonly kind: "upper" | "tight" | "order";
  readonly family: string;
  readonly term?: Term | undefined;
  /** The case of the level function that is claimed here. */
  readonly piece: number;
  /** Undefined: nothing is left to show. */
  readonly facts: Sequent | undefined;
}

const zero = closed.constant(0);

/** Terms by system, and by model and family: whoever claims levels of the same system reads the same equations. */
const known = new WeakMap<System, Map<string, readonly Term[]>>();

/** A system whose levels are claimed. */
export class Claims {
  private readonly families: ReadonlyMap<string, Family>;
  private readonly terms: Map<string, readonly Term[]>;
  private readonly where: readonly Sequent[];

  constructor(
    readonly system: System,
    readonly model: CostModel,
    readonly levels: Map<string, LevelClaim>,
  ) {
    this.families = new Map(system.families.map((f) => [f.name, f]));
    this.where = sizeFacts(system);
    this.terms = known.get(system) ?? new Map();
    known.set(system, this.terms);
  }

  dims(family: string): readonly Dim[] {
    return family === DEPTH ? [] : this.families.get(family)!.dims;
  }

  termsOf(family: string): readonly Term[] {
    const key = `${this.model} ${family}`;
    let terms = this.terms.get(key);
    if (terms === undefined) {
      terms =
        family === DEPTH ? this.depthTerms() : termsOf(this.system, this.families.get(family)!, this.model);
      this.terms.set(key, terms);
    }
    return terms;
  }

  private depthTerms(): Term[] {
    const outputs = this.system.families.filter((f) => f.role === "output");
    const counted = outputs.length > 0 ? outputs : this.system.families.filter((f) => f.pieces.length > 0);
    return counted.map((f) => ({
      conditions: [],
      inner: f.dims,
      source: { family: f.name, at: f.dims.map((d): IndexExpr => indexOf(d)) },
      delay: zero,
      dynamic: true,
      origin: f.origin,
    }));
  }

  private claim(family: string): LevelClaim {
    const claim = this.levels.get(family);
    if (claim === undefined) throw new Rejected(`no level of ${family} is claimed`);
    return claim;
  }

  /** The facts of one instance, for each alternative of `where` and each piece of its level function. */
  private *instances(
    family: string,
    pieces: readonly LevelPiece[],
  ): Generator<{ facts: Sequent; piece: number; form: ClosedForm }> {
    for (const where of this.where) {
      const base = withRange(where, this.dims(family));
      if (base === undefined) continue;
      for (const selected of this.selections(base, pieces, (e) => e)) yield selected;
    }
  }

  /** Every way in which a piece of a level function is the one that counts. */
  private *selections(
    base: Sequent,
    pieces: readonly LevelPiece[],
    at: (e: IndexExpr) => IndexExpr,
  ): Generator<{ facts: Sequent; piece: number; form: ClosedForm }> {
    const guards = pieces.map((p) =>
      p.guard.map((c): Comparison => ({ op: c.op, left: at(c.left), right: at(c.right) })),
    );
    for (let piece = 0; piece < pieces.length; piece++) {
      const wants = [
        ...guards.slice(0, piece).map((g) => ({ condition: [g], wanted: false })),
        { condition: [guards[piece]!], wanted: true },
      ];
      for (const { facts } of alternatives(base, wants)) yield { facts, piece, form: pieces[piece]!.form };
    }
  }

  /** The facts under which a term counts, with its source's level, for each piece of that. */
  private *sources(
    base: Sequent,
    term: Term,
  ): Generator<{ facts: Sequent; level: ClosedForm; at: ReadonlyMap<string, ClosedForm> }> {
    let facts = withRange(base, term.inner);
    for (const c of term.conditions) {
      const { form, equality } = factOf(c);
      facts = facts?.with(form, equality);
    }
    const none: ReadonlyMap<string, ClosedForm> = new Map();
    if (facts === undefined) return;
    if (term.source === undefined) {
      yield { facts, level: zero, at: none };
      return;
    }
    const { family, at } = term.source;
    const dims = this.dims(family);
    const by = new Map(dims.map((d, k) => [d.index, at[k]!]));
    const inPlace = (e: IndexExpr): IndexExpr => substituteIndex(e, by);
    const forms = new Map(dims.map((d, k) => [d.index, fromIndexExpr(at[k]!)]));
    // A read lies inside its family: elsewhere checked, or the program has no value.
    const inside = withRange(facts, dims, [...forms.values()], (e) => fromIndexExpr(inPlace(e)));
    if (inside === undefined) return;
    for (const { facts: selected, form } of this.selections(inside, this.claim(family).pieces, inPlace))
      yield { facts: selected, level: substituteClosedForm(form, forms), at: forms };
  }

  *upper(family: string): Generator<Obligation> {
    const kind = "upper";
    for (const { facts, piece, form } of this.instances(family, this.claim(family).pieces)) {
      yield { kind, family, piece, facts: facts.withoutClaim(form) };
      for (const term of this.termsOf(family))
        for (const source of this.sources(facts, term)) {
          const claim = closed.sub(form, closed.add(source.level, term.delay));
          yield { kind, family, piece, term, facts: source.facts.withoutClaim(claim) };
        }
    }
  }

  /** None where nothing is claimed from below. */
  *tight(family: string): Generator<Obligation> {
    for (const { facts, piece, form } of this.instances(family, lowerPieces(this.claim(family)) ?? []))
      yield { kind: "tight", family, piece, facts: facts.withoutClaim(closed.sub(zero, form)) };
  }

  *order(family: string): Generator<Obligation> {
    const own = this.claim(family);
    for (const term of this.termsOf(family)) {
      if (term.source === undefined || isPositive(term.delay)) continue;
      const other = this.claim(term.source.family);
      if (own.stage > other.stage) continue;
      if (own.stage < other.stage) throw new Rejected(`${family} reads a later stage`);
      for (const where of this.where) {
        const base = withRange(where, this.dims(family));
        if (base === undefined) continue;
        for (const { facts, at } of this.sources(base, term)) {
          const rise = closed.sub(substituteClosedForm(other.rank, at), own.rank);
          yield {
            kind: "order",
            family,
            piece: 0,
            term,
            facts: facts.with(closed.sub(zero, term.delay))?.with(rise),
          };
        }
      }
    }
  }

  /** For `instance` steps in the proof of a tight obligation. */
  instanceOf({ family, piece }: Obligation) {
    const own = lowerPieces(this.claim(family))![piece]!.form;
    return (
      facts: Sequent,
      number: number,
      at: readonly ClosedForm[],
      sourcePiece: number,
    ): Sequent | undefined | "unknown" => {
      const term = this.termsOf(family)[number];
      if (term === undefined || at.length !== term.inner.length || !at.every((f) => facts.isWhole(f)))
        return "unknown";
      const inner = new Map(term.inner.map((d, k) => [d.index, at[k]!]));
      const place = (e: IndexExpr): ClosedForm =>
        facts.rewritten(substituteClosedForm(fromIndexExpr(e), inner));
      const holds = (c: Comparison, form = place): boolean => {
        if (c.op === "!=")
          return holds({ ...c, op: "<" }, form) || holds({ op: "<", left: c.right, right: c.left }, form);
        const fact = factOf(c, form);
        return facts.knows(fact.form) && (!fact.equality || facts.knows(closed.sub(zero, fact.form)));
      };
      const inRange = (
        dims: readonly Dim[],
        values: readonly ClosedForm[],
        form: (e: IndexExpr) => ClosedForm,
      ): boolean =>
        dims.every(
          (d, k) =>
            facts.knows(closed.sub(values[k]!, form(d.lo))) &&
            facts.knows(closed.sub(closed.sub(form(d.hi), values[k]!), closed.constant(1))),
        );
      if (
        !term.conditions.every((c) => holds(c)) ||
        !inRange(
          term.inner,
          at.map((f) => facts.rewritten(f)),
          place,
        )
      )
        return "unknown";
      let level = zero;
      if (term.source !== undefined) {
        const dims = this.dims(term.source.family);
        const values = term.source.at.map(place);
        const by = new Map(dims.map((d, k) => [d.index, values[k]!]));
        const there = (e: IndexExpr): ClosedForm =>
          facts.rewritten(substituteClosedForm(fromIndexExpr(e), by));
        if (term.dynamic && !inRange(dims, values, there)) return "unknown";
        const pieces = lowerPieces(this.claim(term.source.family));
        const source = pieces?.[sourcePiece];
        if (pieces === undefined || source === undefined) return "unknown";
        if (!source.guard.every((c) => holds(c, there))) return "unknown";
        for (const earlier of pieces.slice(0, sourcePiece))
          if (!earlier.guard.some((c) => holds(negated(c), there))) return "unknown";
        level = substituteClosedForm(source.form, by);
      }
      const delay = substituteClosedForm(term.delay, inner);
      return facts.withoutClaim(closed.sub(closed.add(level, delay), own));
    };
  }
}

const indexOf = (d: Dim): IndexExpr => build.index(d.index);
const isPositive = (f: ClosedForm): boolean => f.kind === "constant" && f.value.numerator > 0n;
