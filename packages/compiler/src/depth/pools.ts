/** Functions that levels of a family may be made of: those that stand in its equations and in the levels of what it reads. */
import { sizeFacts, type Term } from "../../certificate-checker/bellman";
import type { Claims } from "../../certificate-checker/obligations";
import { factOf, type Sequent, wholeMultiple } from "../../certificate-checker/sequent";
import { printSystem } from "../equations/print";
import type { System } from "../equations/system";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  monomialsOf,
  substituteClosedForm,
} from "../symbolic/closed-form";
import { negate, one, over, rational, signOf } from "../symbolic/rational";

export class AtomPools {
  private readonly pools = new Map<string, readonly ClosedForm[]>();
  /** What holds of the sizes, for each alternative of `where`. */
  private readonly context: readonly Sequent[];
  constructor(private readonly claims: Claims) {
    this.context = sizeFacts(claims.system);
  }

  of(family: string): readonly ClosedForm[] {
    return this.pools.get(family) ?? [];
  }

  /** Looks again, with what is known of the families that are read. */
  update(family: string, group: readonly string[]): void {
    const found = new Map<string, ClosedForm>();
    const recursive = this.claims
      .termsOf(family)
      .some((t) => t.source !== undefined && group.includes(t.source.family));
    const inside = new Set(this.claims.dims(family).map((d) => d.index));
    const keep = (atom: ClosedForm): void => {
      if (found.size < 10 && onlyOver(atom, inside)) found.set(closedFormKey(atom), atom);
    };
    for (const atom of strideAtoms(this.claims.termsOf(family))) keep(atom);
    for (const t of this.claims.termsOf(family)) {
      const sources: ClosedForm[] = [t.delay];
      if (t.source !== undefined) {
        const dims = this.claims.dims(t.source.family);
        const by = new Map(dims.map((d, k) => [d.index, fromIndexExpr(t.source!.at[k]!)]));
        const claim = this.claims.levels.get(t.source.family);
        for (const p of claim?.pieces ?? []) sources.push(substituteClosedForm(p.form, by));
        if (group.includes(t.source.family))
          for (const a of this.of(t.source.family)) sources.push(substituteClosedForm(a, by));
      }
      for (const form of sources)
        for (const atom of atomsIn(form))
          for (const variant of this.withoutInner(atom, t))
            for (const settled of withoutExtremes(variant)) keep(settled);
    }
    const bounds = [
      ...this.claims.dims(family).flatMap((d) => [d.lo, d.hi]),
      ...this.claims.termsOf(family).flatMap((t) => t.conditions.flatMap((c) => [c.left, c.right])),
    ];
    const inBounds = bounds.flatMap((e) => atomsIn(fromIndexExpr(e)));
    for (const atom of inBounds) if (!["min", "max", "pow2"].includes(atom.kind)) keep(atom);
    // Whether something costs may depend on a size alone: a reduction over one operand is a wire.
    for (const t of this.claims.termsOf(family))
      for (const c of t.conditions) {
        const { form, equality } = factOf(c);
        if (equality || !onlyOver(form, new Set()) || sizesIn(form).size !== 1) continue;
        // n >= c and its opposite are one distinction.
        const rises = monomialsOf(form).some((m) => m.factors.length > 0 && signOf(m.coefficient) > 0);
        const excess = wholeMultiple(
          rises ? closed.add(form, closed.constant(1)) : closed.scale(form, rational(-1)),
        );
        const natural = this.context.every((facts) => facts.knows(excess));
        keep(closed.min(closed.constant(1), natural ? excess : closed.max(closed.constant(0), excess)));
      }
    for (const atom of inBounds) if (atom.kind === "pow2") keep(atom);
    if (recursive && this.claims.model === "ops") {
      const name = freshName(this.claims.system);
      for (const atom of [...found.values()])
        if (atom.kind === "log2" && atom.of.kind !== "size") {
          const body = closed.log2(closed.add(closed.index(name), closed.constant(1)));
          const sum = closed.sum(name, closed.constant(0), atom.of, body);
          if (sum.kind === "sum") keep(sum);
        }
    }
    this.pools.set(family, [...found.values()].slice(0, 8));
  }

  /** An atom with the ends of ranges in place of inner indices. */
  private withoutInner(atom: ClosedForm, term: Term): ClosedForm[] {
    let found = [atom];
    for (let k = term.inner.length - 1; k >= 0; k--) {
      const d = term.inner[k]!;
      const ends = [closed.sub(fromIndexExpr(d.hi), closed.constant(1)), fromIndexExpr(d.lo)];
      found = found.flatMap((f) => {
        const made = ends.map((e) => substituteClosedForm(f, new Map([[d.index, e]])));
        return closedFormKey(made[0]!) === closedFormKey(made[1]!) ? [made[0]!] : made;
      });
      if (found.length > 8) found = found.slice(0, 8);
    }
    return found;
  }
}

/** Inside another function, an extreme may be one of its parts wherever it matters: `log2(n - min(1, …))` is `log2(n - 1)`. The form itself last. */
function withoutExtremes(atom: ClosedForm): ClosedForm[] {
  if (atom.kind === "min" || atom.kind === "max")
    return atom.of.every((p) => p.kind === "log2") ? [...atom.of, atom] : [atom];
  if (atom.kind !== "log2" && atom.kind !== "pow2" && atom.kind !== "floor") return [atom];
  const inner = monomialsOf(atom.of)
    .flatMap((m) => m.factors)
    .find((f) => f.kind === "min" || f.kind === "max");
  if (inner?.kind !== "min" && inner?.kind !== "max") return [atom];
  const key = closedFormKey(inner);
  const others = monomialsOf(atom.of).filter((m) => !m.factors.some((f) => closedFormKey(f) === key));
  const own = monomialsOf(atom.of).find(
    (m) => m.factors.length === 1 && closedFormKey(m.factors[0]!) === key,
  );
  if (own === undefined) return [atom];
  const rest = closed.add(...others.map((m) => closed.scale(closed.mul(...m.factors), m.coefficient)));
  const parts = inner.of
    .slice(-2)
    .map((p) => closed[atom.kind](closed.add(rest, closed.scale(p, own.coefficient))));
  return [...parts, atom];
}

/** Functions inside a form: logarithms, powers, sums, roundings, extremes. */
export function atomsIn(form: ClosedForm): ClosedForm[] {
  switch (form.kind) {
    case "constant":
    case "size":
    case "index":
      return [];
    case "add":
      return form.terms.flatMap(atomsIn);
    case "mul":
      return form.factors.flatMap(atomsIn);
    default:
      return [form];
  }
}

/**
 * What strides that are powers of two suggest: `2^e <= a` says `e + 1 <= log2(a + 1)`, so a chain of such reads is as long as the
 * smaller of the two sides.
 */
function strideAtoms(terms: readonly Term[]): ClosedForm[] {
  return terms.flatMap((t) =>
    t.conditions.flatMap((c) => {
      const difference = closed.sub(fromIndexExpr(c.right), fromIndexExpr(c.left));
      return monomialsOf(difference).flatMap(({ coefficient, factors }) => {
        const [power] = factors;
        if (power?.kind !== "pow2" || factors.length > 1) return [];
        const above = signOf(coefficient) < 0;
        const factor = above ? negate(coefficient) : coefficient;
        const stride = closed.scale(power, factor);
        const a = above ? closed.add(difference, stride) : closed.sub(stride, difference);
        // 2^e <= a and a < 2^e divide at log2(a + 1); the others at log2(a).
        const log = closed.log2(above === (c.op === "<") ? a : closed.add(a, closed.constant(1)));
        const exponent = closed.add(power.of, closed.log2(closed.constant(factor)), closed.constant(1));
        const halves = closed.log2(closed.constant(over(one, factor)));
        return [closed.min(closed.sub(exponent, halves), log), log];
      });
    }),
  );
}

/** The sizes that stand in a sum of multiples of sizes. */
const sizesIn = (form: ClosedForm): Set<string> =>
  new Set(monomialsOf(form).flatMap((m) => m.factors.map((f) => (f.kind === "size" ? f.name : "…"))));

/** True where no index but these occurs. */
export function onlyOver(form: ClosedForm, indices: ReadonlySet<string>): boolean {
  switch (form.kind) {
    case "constant":
    case "size":
      return true;
    case "index":
      return indices.has(form.name);
    case "add":
      return form.terms.every((f) => onlyOver(f, indices));
    case "mul":
      return form.factors.every((f) => onlyOver(f, indices));
    case "min":
    case "max":
      return form.of.every((f) => onlyOver(f, indices));
    case "mod":
      return onlyOver(form.of, indices) && onlyOver(form.by, indices);
    case "sum":
      return (
        onlyOver(form.lo, indices) &&
        onlyOver(form.hi, indices) &&
        onlyOver(form.body, new Set([...indices, form.index]))
      );
    case "cases":
      return false;
    case "floor":
    case "log2":
    case "floor-log2":
    case "pow2":
      return onlyOver(form.of, indices);
  }
}

/** A summation index that no size or index of the system has as its name. */
function freshName(system: System): string {
  const used = new Set(system.sizes.map((s) => s.name));
  const text = printSystem(system);
  for (const name of ["k", "q", "j", "m", "s", "u", "v"])
    if (!used.has(name) && !new RegExp(`\\b${name}\\b`).test(text)) return name;
  return "summand";
}
