/** Functions that levels of a family may be made of: those that stand in its equations and in the levels of what it reads. */
import { sizeFacts, type Term } from "../../certificate-checker/bellman";
import type { Claims } from "../../certificate-checker/obligations";
import { factOf, type Sequent, wholeMultiple } from "../../certificate-checker/sequent";
import { printSystem } from "../equations/print";
import type { Dim, System } from "../equations/system";
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
    const sums = recursive && this.claims.model === "ops" ? freshName(this.claims.system) : undefined;
    const starts = sums === undefined ? [] : startsOf(this.claims, family);
    /** How many atoms differ by a constant in their argument: recursion would bring log2(i), log2(i - 1), … without end. */
    const shifts = new Map<string, number>();
    const keep = (atom: ClosedForm): void => {
      const key = closedFormKey(atom);
      if (found.size >= POOL + 2 || found.has(key) || atom.kind === "constant" || !onlyOver(atom, inside))
        return;
      if (atom.kind === "sum" && atom.hi.kind === "constant") return;
      const shape = shapeOf(atom);
      const shifted = (shifts.get(shape) ?? 0) + 1;
      if (shifted > 2) return;
      shifts.set(shape, shifted);
      found.set(key, atom);
      // A chain that pays a logarithm at each step pays their sum.
      if (sums === undefined || atom.kind !== "log2" || atom.of.kind === "size") return;
      for (const { index, lo } of starts) {
        // All begin at 0: then equal sums are one.
        const next = closed.add(closed.index(sums), lo, closed.constant(1));
        const term = substituteClosedForm(atom, new Map([[index, next]]));
        const grows = monomialsOf(atom.of).every(
          (m) => signOf(m.coefficient) > 0 || !m.factors.some((f) => f.kind === "index"),
        );
        if (!grows || !onlyOver(term, new Set([sums])) || closedFormKey(term) === key) continue;
        // From 0 and of log2(k) this is what follows below.
        const ahead = closed.sub(atom.of, closed.index(index));
        if (lo.kind === "constant" && ahead.kind === "constant") continue;
        keep(closed.sum(sums, closed.constant(0), closed.sub(closed.index(index), lo), term));
      }
      const body = closed.log2(closed.add(closed.index(sums), closed.constant(1)));
      if (monomialsOf(atom.of).some((m) => m.factors.length > 0))
        keep(closed.sum(sums, closed.constant(0), atom.of, body));
    };
    for (const atom of strideAtoms(this.claims.termsOf(family))) keep(atom);
    for (const t of this.claims.termsOf(family))
      if (t.source?.family === family)
        for (const atom of halvingAtoms(t, this.claims.dims(family))) keep(atom);
    const offer = (form: ClosedForm, t: Term): void => {
      for (const atom of atomsIn(form))
        for (const variant of this.withoutInner(atom, t))
          for (const settled of withoutExtremes(variant)) keep(settled);
    };
    // What the equations say themselves comes before what is read.
    for (const t of this.claims.termsOf(family)) offer(t.delay, t);
    for (const t of this.claims.termsOf(family)) {
      if (t.source === undefined) continue;
      const dims = this.claims.dims(t.source.family);
      const by = new Map(dims.map((d, k) => [d.index, fromIndexExpr(t.source!.at[k]!)]));
      const claim = this.claims.levels.get(t.source.family);
      const known = (claim?.pieces ?? []).map((p) => p.form);
      const same = group.includes(t.source.family) ? this.of(t.source.family) : [];
      for (const form of known) offer(substituteClosedForm(form, by), t);
      // Rounded once more at each step, logarithms would come without end.
      const rounds = [...by.values()].some((f) => atomsIn(f).some((a) => a.kind === "floor"));
      for (const form of same) if (!rounds || form.kind !== "log2") offer(substituteClosedForm(form, by), t);
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
    this.pools.set(family, [...found.values()].slice(0, POOL));
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

const POOL = 8;

/** Where chains along an index may begin: at the start of its range, and where a condition says so. */
function startsOf(claims: Claims, family: string): { readonly index: string; readonly lo: ClosedForm }[] {
  const dims = claims.dims(family);
  const found = new Map<string, { readonly index: string; readonly lo: ClosedForm }>();
  const add = (index: string, lo: ClosedForm): void => {
    if (onlyOver(lo, new Set())) found.set(`${index} ${closedFormKey(lo)}`, { index, lo });
  };
  const before = (f: ClosedForm): ClosedForm => closed.sub(f, closed.constant(1));
  for (const t of claims.termsOf(family))
    for (const { op, left, right } of t.conditions)
      for (const d of dims)
        if (right.kind === "index" && right.name === d.index && op === "<=" && left.kind !== "integer")
          add(d.index, before(fromIndexExpr(left)));
  for (const d of dims) add(d.index, fromIndexExpr(d.lo));
  return [...found.values()];
}

/** An atom without the constant in its argument. */
function shapeOf(atom: ClosedForm): string {
  const bare = (f: ClosedForm): ClosedForm =>
    closed.add(
      ...monomialsOf(f)
        .filter((m) => m.factors.length > 0)
        .map((m) => closed.scale(closed.mul(...m.factors), m.coefficient)),
    );
  switch (atom.kind) {
    case "log2":
    case "pow2":
      return `${atom.kind} ${closedFormKey(bare(atom.of))}`;
    case "sum":
      return `sum ${closedFormKey(bare(atom.hi))} ${closedFormKey(atom.body)}`;
    default:
      return closedFormKey(atom);
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

/** What reads at `(i + c) div 2` makes a chain of logarithmic length: `log2(i + 1 - c)` falls by one along it. */
function halvingAtoms({ source }: Term, dims: readonly Dim[]): ClosedForm[] {
  return dims.flatMap((d, k) => {
    const at = fromIndexExpr(source!.at[k]!);
    const [floor, ...more] = atomsIn(at).filter((a) => a.kind === "floor");
    if (floor?.kind !== "floor" || more.length > 0) return [];
    const outside = closed.sub(at, floor);
    const parts = monomialsOf(closed.add(floor.of, outside));
    const key = closedFormKey(closed.index(d.index));
    const own = parts.find((m) => m.factors.length === 1 && closedFormKey(m.factors[0]!) === key);
    const fixed = parts.find((m) => m.factors.length === 0)?.coefficient ?? rational(0);
    if (outside.kind !== "constant" || own?.coefficient.numerator !== 1n) return [];
    const by = own.coefficient.denominator;
    if (by < 2n || parts.length > 2) return [];
    const offset = by === 2n ? rational(2n * fixed.numerator, fixed.denominator) : rational(0);
    const here = closed.add(closed.index(d.index), closed.constant(1));
    return [closed.log2(closed.sub(here, closed.scale(closed.constant(1), offset)))];
  });
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
