/**
 * Bounds that need no search: what a component reads from outside is there by a time that depends on sizes alone, and each step of its
 * loops adds at most the greatest delays in it. Coarse, but there is one for whatever runs along its indices; `prove` shows that it holds.
 */
import type { Claims } from "../../certificate-checker/obligations";
import { type Nesting, nestingOf } from "../algebra/recurrence";
import type { Dim } from "../equations/system";
import {
  type ClosedForm,
  closed,
  closedFormKey,
  fromIndexExpr,
  monomialsOf,
  substituteClosedForm,
} from "../symbolic/closed-form";
import { compareRational, type Rational, signOf, zero } from "../symbolic/rational";
import { components } from "./components";

/** An upper bound of the level of each family of a group; undefined where some of it runs along no index of its own. */
export function boundBySteps(
  claims: Claims,
  group: readonly string[],
): ReadonlyMap<string, ClosedForm> | undefined {
  const inside = new Set(group);
  const delays = new Map<string, ClosedForm[]>(group.map((f) => [f, []]));
  const outside: { readonly family: string; readonly form: ClosedForm; readonly dims: readonly Dim[] }[] = [];
  for (const f of group)
    for (const t of claims.termsOf(f)) {
      const dims = [...claims.dims(f), ...t.inner];
      if (t.source === undefined) outside.push({ family: f, form: t.delay, dims });
      else if (inside.has(t.source.family)) delays.get(f)!.push(highest(t.delay, dims));
      else {
        const by = new Map(
          claims.dims(t.source.family).map((d, k) => [d.index, fromIndexExpr(t.source!.at[k]!)]),
        );
        for (const { form } of claims.levels.get(t.source.family)!.pieces)
          outside.push({ family: f, form: closed.add(substituteClosedForm(form, by), t.delay), dims });
      }
    }
  if (group.length === 1 && delays.get(group[0]!)!.length === 0)
    return new Map([[group[0]!, join(outside.map((o) => highest(o.form, o.dims)))]]);
  const nesting = nestingOf(claims.system, group);
  if (nesting === undefined) return undefined;
  // What comes later step by step, as scans in step with one another do, adds to what a step takes.
  const [starts, rises]: [ClosedForm[], ClosedForm[]] = [[], []];
  for (const { family, form, dims } of outside) {
    const time = claims.dims(family)[nesting.axis.get(family)!]!;
    const line = nesting.direction === 1 ? lineIn(highest(form, dims, time.index), time) : undefined;
    starts.push(line?.start ?? highest(form, dims));
    if (line !== undefined) rises.push(line.rise);
  }
  const { offsets } = loop(claims, nesting, (f) => join(delays.get(f)!), rises);
  return new Map([...offsets].map(([f, form]) => [f, closed.add(join(starts), form)]));
}

/** A form as its value at the first place of an index and what each place adds; undefined where that is not all. */
function lineIn(
  form: ClosedForm,
  { index, lo }: Dim,
): { readonly start: ClosedForm; readonly rise: ClosedForm } | undefined {
  const at = (place: ClosedForm) => substituteClosedForm(form, new Map([[index, place]]));
  const start = at(fromIndexExpr(lo));
  const rise = closed.sub(at(closed.add(fromIndexExpr(lo), closed.constant(1))), start);
  const line = closed.add(start, closed.mul(rise, closed.sub(closed.index(index), fromIndexExpr(lo))));
  return closedFormKey(line) === closedFormKey(form) ? { start, rise } : undefined;
}

interface Loop {
  /** After the time at which the loop starts. */
  readonly offsets: ReadonlyMap<string, ClosedForm>;
  /** The last offset. */
  readonly end: ClosedForm;
}

/** Steps one after the other; what a step holds in the order in which it waits for itself. */
function loop(
  claims: Claims,
  nesting: Nesting,
  delayOf: (f: string) => ClosedForm,
  rises: readonly ClosedForm[] = [],
): Loop {
  const { families, axis, direction, now, inner } = nesting;
  const reads = (f: string) => now.filter((r) => r.reader.name === f).map((r) => r.source.name);
  const within = new Map<string, ClosedForm>();
  let [at, first]: [ClosedForm, ClosedForm | undefined] = [closed.constant(0), undefined];
  for (const part of components(families, reads)) {
    const delay = join(part.map(delayOf));
    if (first === undefined) first = delay;
    else at = closed.add(at, delay);
    const deeper = inner.find((n) => n.families.includes(part[0]!));
    if (deeper === undefined) {
      for (const f of part) within.set(f, at);
      continue;
    }
    const { offsets, end } = loop(claims, deeper, delayOf);
    for (const [f, form] of offsets) within.set(f, closed.add(at, form));
    at = closed.add(at, end);
  }
  const turn = join([closed.add(at, first ?? closed.constant(0)), ...rises]);
  const counts: ClosedForm[] = [];
  const offsets = new Map<string, ClosedForm>();
  for (const [f, own] of within) {
    const dims = claims.dims(f);
    const d = dims[axis.get(f)!]!;
    const [lo, last] = [fromIndexExpr(d.lo), closed.sub(fromIndexExpr(d.hi), closed.constant(1))];
    const here = closed.index(d.index);
    const count = direction === 1 ? closed.sub(here, lo) : closed.sub(last, here);
    counts.push(highest(closed.sub(last, lo), dims));
    offsets.set(f, closed.add(closed.mul(count, turn), own));
  }
  return { offsets, end: closed.add(closed.mul(join(counts), turn), at) };
}

/** At least as large as each of some forms whose products are not negative: their largest coefficients. */
function join(forms: readonly ClosedForm[]): ClosedForm {
  const logs = forms.flatMap((f) => monomialsOf(f).flatMap((m) => m.factors.filter(isLog)));
  // log2(n) is raised to a log2(n + 1) that stands beside it.
  const raised = (a: ClosedForm): ClosedForm =>
    isLog(a)
      ? logs.reduce((most, b) => (signOf(constantOf(closed.sub(b.of, most.of))) > 0 ? b : most), a)
      : a;
  const found = new Map<string, { readonly form: ClosedForm; most: Rational; times: number }>();
  for (const f of forms) {
    const terms = monomialsOf(f).map((m) =>
      closed.scale(closed.mul(...m.factors.map(raised)), m.coefficient),
    );
    for (const { coefficient, factors } of monomialsOf(closed.add(...terms))) {
      const form = closed.mul(...factors);
      const known = found.get(closedFormKey(form));
      if (known === undefined) found.set(closedFormKey(form), { form, most: coefficient, times: 1 });
      else {
        known.times++;
        if (compareRational(coefficient, known.most) > 0) known.most = coefficient;
      }
    }
  }
  // What stands not in all of them is 0 in the others.
  return closed.add(
    ...[...found.values()].map(({ form, most, times }) =>
      closed.scale(form, times < forms.length && signOf(most) < 0 ? zero : most),
    ),
  );
}

type Log = Extract<ClosedForm, { kind: "log2" }>;
const isLog = (f: ClosedForm): f is Log => f.kind === "log2";
const constantOf = (f: ClosedForm): Rational => (f.kind === "constant" ? f.value : zero);

/** A form without indices, but for one, that is at least as large where ranges are not empty. */
const highest = (form: ClosedForm, dims: readonly Dim[], but?: string): ClosedForm =>
  extreme(form, dims, true, but);

function extreme(form: ClosedForm, dims: readonly Dim[], up: boolean, but?: string): ClosedForm {
  const go = (f: ClosedForm, high: boolean): ClosedForm => {
    switch (f.kind) {
      case "constant":
      case "size":
        return f;
      case "index": {
        const k = dims.findIndex((d) => d.index === f.name);
        if (k < 0 || f.name === but) return f;
        const { lo, hi } = dims[k]!;
        const end = high ? closed.sub(fromIndexExpr(hi), closed.constant(1)) : fromIndexExpr(lo);
        return extreme(end, dims.slice(0, k), high, but);
      }
      case "add":
      case "mul":
        return closed.add(
          ...monomialsOf(f).map(({ coefficient, factors }) => {
            const grows = signOf(coefficient) > 0 === high;
            return closed.scale(closed.mul(...factors.map((x) => go(x, grows))), coefficient);
          }),
        );
      case "floor":
        return closed.floor(go(f.of, high));
      case "mod":
        return high ? closed.sub(go(f.by, true), closed.constant(1)) : closed.constant(0);
      case "min":
      case "max": {
        const parts = f.of.map((x) => go(x, high));
        if ((f.kind === "max") === high) return high ? join(parts) : parts[0]!;
        // Any of them will do: a number, one with the index that stays, a logarithm, else the first.
        const stays = but === undefined ? undefined : parts.find((p) => mentions(p, but));
        return parts.find((p) => p.kind === "constant") ?? stays ?? parts.find(isLog) ?? parts[0]!;
      }
      case "log2":
        return closed.log2(go(f.of, high));
      case "floor-log2":
        return high ? closed.log2(go(f.of, true)) : closed.constant(-1);
      case "pow2":
        return closed.pow2(go(f.of, high));
      case "sum": {
        if (!high) return closed.constant(0);
        const last = closed.sub(f.hi, closed.constant(1));
        const body = substituteClosedForm(f.body, new Map([[f.index, last]]));
        return closed.mul(go(closed.sub(f.hi, f.lo), true), go(body, true));
      }
      case "cases":
        return join(f.cases.map((c) => go(c.value, high)));
    }
  };
  return go(form, up);
}

const mentions = (f: ClosedForm, index: string): boolean =>
  closedFormKey(substituteClosedForm(f, new Map([[index, closed.constant(0)]]))) !== closedFormKey(f);
