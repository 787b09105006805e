/**
 * Components of families that are alike: the same equations over other names, their sources later by the same amount, as
 * the layers of a network are. What was proved of one is claimed of the next, moved by that amount; the proofs are checked
 * again and not searched again.
 */
import type { Claims, LevelClaim, LevelPiece } from "../../certificate-checker/obligations";
import { checkProof, type Proof, Rejected } from "../../certificate-checker/sequent";
import * as build from "../equations/build";
import type { Conjunction, IndexExpr } from "../equations/system";
import { type ClosedForm, closed, closedFormKey } from "../symbolic/closed-form";
import { onlyOver } from "./pools";
import { Budget, Search } from "./refute";

interface Model {
  readonly sources: readonly LevelClaim[];
  readonly claims: readonly LevelClaim[];
  /** Of each family: upper bounds, tight reads, order. */
  readonly proofs: readonly (readonly Proof[])[];
}

interface Shape {
  /** Equal for components that are alike. */
  readonly key: string;
  /** Families outside that are read, in the order of the key. */
  readonly sources: readonly string[];
}

/** Steps of the search for what depends on how late a component begins, for each family. */
const COST = 1_000;
/** Models kept for one shape, the last one first: the first layer of a network is not like the others. */
const KEPT = 3;

export class Alike {
  private readonly models = new Map<string, Model[]>();
  constructor(private readonly claims: Claims) {}

  /** Keeps what was proved of a component whose levels are known exactly. */
  remember(group: readonly string[], proofsOf: (family: string) => readonly Proof[]): void {
    const { key, sources } = this.shapeOf(group);
    const models = this.models.get(key) ?? [];
    if (models.length >= KEPT) return;
    const claim = (f: string): LevelClaim => this.claims.levels.get(f)!;
    this.models.set(key, [
      { sources: sources.map(claim), claims: group.map(claim), proofs: group.map(proofsOf) },
      ...models,
    ]);
  }

  /** Claims and proves the levels of a component by those of one that is like it; nothing where there is none. */
  replay(
    group: readonly string[],
    stages: ReadonlyMap<string, number>,
  ): ReadonlyMap<string, readonly Proof[]> | undefined {
    const { key, sources } = this.shapeOf(group);
    const after = sources.map((f) => this.claims.levels.get(f)!);
    for (const model of this.models.get(key) ?? [])
      for (const later of delays(model.sources, after)) {
        group.forEach((f, k) => {
          const { pieces, rank } = model.claims[k]!;
          const moved = pieces.map((p): LevelPiece => ({ guard: p.guard, form: closed.add(p.form, later) }));
          this.claims.levels.set(f, { pieces: moved, exact: true, stage: stages.get(f)!, rank });
        });
        const proofs = this.proved(group, model);
        if (proofs !== undefined) return proofs;
        for (const f of group) this.claims.levels.delete(f);
      }
    return undefined;
  }

  private proved(group: readonly string[], model: Model): ReadonlyMap<string, readonly Proof[]> | undefined {
    const proofs = new Map<string, readonly Proof[]>();
    const search = new Search(new Budget(COST * group.length));
    for (const [k, f] of group.entries()) {
      const found = this.again(f, model.proofs[k]!, search);
      if (found === undefined) return undefined;
      proofs.set(f, found);
    }
    return proofs;
  }

  /** The obligations of one family by given proofs; a bound that these do not prove is looked into once more. */
  private again(family: string, given: readonly Proof[], search: Search): Proof[] | undefined {
    const found: Proof[] = [];
    const all = [...this.claims.upper(family), ...this.claims.tight(family), ...this.claims.order(family)];
    if (all.length !== given.length) return undefined;
    for (const [k, o] of all.entries()) {
      const proof = given[k]!;
      try {
        checkProof(o.facts, proof, o.kind === "tight" ? this.claims.instanceOf(o) : undefined);
        found.push(proof);
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        const other = o.kind === "tight" ? undefined : search.refute(o.facts, 1);
        if (other === undefined) return undefined;
        found.push(other);
      }
    }
    return found;
  }

  private shapeOf(group: readonly string[]): Shape {
    const inside = new Map(group.map((f, k) => [f, `#${k}`]));
    const outside = new Map<string, string>();
    const named = (f: string): string => {
      const own = inside.get(f) ?? outside.get(f);
      if (own !== undefined) return own;
      outside.set(f, `@${outside.size}`);
      return outside.get(f)!;
    };
    const text = (e: IndexExpr): string => String(build.nodeNumber(e));
    const conjunction = (all: Conjunction): string =>
      all.map((c) => `${text(c.left)}${c.op}${text(c.right)}`).join("&");
    const range = (d: { index: string; lo: IndexExpr; hi: IndexExpr }) =>
      `${d.index}:${text(d.lo)}:${text(d.hi)}`;
    const parts = group.map((f) => {
      const terms = this.claims.termsOf(f).map((t) => {
        const source =
          t.source === undefined ? "" : `${named(t.source.family)}[${t.source.at.map(text).join(",")}]`;
        return `${conjunction(t.conditions)}|${t.inner.map(range).join(",")}|${source}|${closedFormKey(t.delay)}|${t.dynamic}`;
      });
      return `${this.claims.dims(f).map(range).join(",")}\n${terms.join("\n")}`;
    });
    const dims = [...outside.keys()].map((f) => this.claims.dims(f).map(range).join(","));
    return { key: [...parts, ...dims].join("\n\n"), sources: [...outside.keys()] };
  }
}

/**
 * By how much sources are later than those of another component, each by one form in the sizes for all its instances. Those that
 * are no later, weights say, do not count beside others.
 */
function delays(before: readonly LevelClaim[], after: readonly LevelClaim[]): ClosedForm[] {
  const found = new Map<string, ClosedForm>();
  for (const [k, a] of before.entries()) {
    const b = after[k];
    if (b === undefined || !a.exact || !b.exact || a.pieces.length !== b.pieces.length) return [];
    let by: ClosedForm | undefined;
    for (const [j, p] of a.pieces.entries()) {
      const q = b.pieces[j]!;
      if (guardKey(p.guard) !== guardKey(q.guard)) return [];
      const own = closed.sub(q.form, p.form);
      if (by !== undefined && closedFormKey(by) !== closedFormKey(own)) return [];
      by = own;
    }
    if (by === undefined || !onlyOver(by, new Set())) return [];
    found.set(closedFormKey(by), by);
  }
  const none = closed.constant(0);
  found.delete(closedFormKey(none));
  return found.size === 0 ? [none] : [...found.values()];
}

const guardKey = (guard: Conjunction): string =>
  guard.map((c) => `${build.nodeNumber(c.left)}${c.op}${build.nodeNumber(c.right)}`).join("&");
