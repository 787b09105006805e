/**
 * Tasks whose steps contain the gates of any circuit, with wires or weights as data (catalogue section F). Each test
 * finds settings of the inputs under which a step is exactly the gate needed, on small whole numbers that words hold
 * exactly; what the inputs may be besides does not matter.
 */
import type { Recurrence } from "../algebra/recurrence";
import { childrenOf, read as readOf } from "../equations/build";
import { readsOf } from "../equations/expressions";
import type { Dim, Expr, Family, IndexExpr, Read, Reduce, System } from "../equations/system";
import { toAffine } from "../symbolic/affine";
import { guardedReads } from "../symbolic/reads";
import { type GateFunction, gateSetOf, MOST_SETTINGS } from "./circuits";
import type { Component } from "./laws/law";
import {
  admissibleRay,
  along,
  alwaysEqual,
  type Bindings,
  bound,
  delivered,
  independent,
  isData,
  mayBe,
  movesWith,
  offsetFrom,
  reachesAll,
  reachesLast,
  readKey,
  smallValue,
  trialValues,
} from "./shape";

const familyOf = (system: System, name: string): Family => system.families.find((f) => f.name === name)!;

/** Every reduction in an expression that is not inside another. */
function reductionsOf(e: Expr): Reduce[] {
  if (e.kind === "reduce") return [e];
  return childrenOf(e).flatMap(reductionsOf);
}

/** The data cell is another one for each value of these indices. */
const separates = (r: Read, indices: readonly string[]): boolean =>
  indices.every((name) => r.at.some((s) => s.kind === "static" && movesWith(s.value, name)));

/** A datum that is set to 0 or 1, where its type has that value. */
const given = (r: Read, value: number): number | undefined => (mayBe(r.type, value) ? value : undefined);

/** `rows × cells` state whose every cell reads all cells of the step before: the shape of networks and of value iteration. */
interface DenseStep {
  readonly family: Family;
  readonly cell: Dim;
  readonly time: Dim;
  readonly axis: number;
  readonly value: Expr;
  readonly start: Expr;
  readonly startFree: boolean;
}

/** One state family over time and one growing row of cells, all of whose last row is delivered. */
function denseStep(c: Component): DenseStep | undefined {
  const r = c.recurrence;
  if (r?.steps === undefined || r.state.length !== 1 || (r.lags.join() !== "1" && r.lags.join() !== "0,1"))
    return undefined;
  if (r.direction !== 1 || r.reach !== "lags") return undefined;
  const family = familyOf(c.system, r.state[0]!.family);
  if (family.dims.length !== 2) return undefined;
  const axis = r.axis.get(family.name)!;
  const [time, cell] = [family.dims[axis]!, family.dims[1 - axis]!];
  const steps = r.steps.filter((s) => s.role === "step");
  const starts = r.steps.filter((s) => s.role === "start");
  if (steps.length !== 1 || starts.length !== 1 || r.steps.length !== 2) return undefined;
  if (cell.lo.kind !== "integer" || cell.lo.value !== 0) return undefined;
  const rays = admissibleRay(c.system);
  const [cells, last] = rays === undefined ? [] : [along(cell.hi, rays), along(time.hi, rays)];
  if (cells === undefined || last === undefined || cells.slope < 1 || last.slope < 1) return undefined;
  const seen = delivered(c.system, family.name, (read, output) =>
    read.at.every((at, k) =>
      k === axis ? reachesLast(at, time, output) : at.kind === "static" && reachesAll(at.value, cell, output),
    ),
  );
  if (!seen && !readOut(c.system, family, axis)) return undefined;
  const start = starts[0]!.value;
  // What the step reads besides is set to make gates of it: it cannot say as well where cells start.
  const given = readsOf(start);
  const startFree =
    given.length > 0 &&
    new Set(given.map(readKey)).size === 1 &&
    given.every(
      (x) => isData(familyOf(c.system, x.family)) && mayBe(x.type, 1) && separates(x, [cell.index]),
    ) &&
    !readsOf(steps[0]!.value).some((x) => x.family === given[0]!.family) &&
    [0, 1].every((v) => smallValue(start, { read: () => v }) === v);
  return { family, cell, time, axis, value: steps[0]!.value, start, startFree };
}

/** What is delivered is `Σ_j W[…, j] · h[T, j]` over all cells, W data that stand nowhere else: with one 1 among them it is that cell. */
function readOut(system: System, family: Family, axis: number): boolean {
  const cell = family.dims[1 - axis]!;
  return system.families.some((output) => {
    const [piece, ...more] = output.pieces;
    const e = piece?.value;
    if (more.length > 0 || e?.kind !== "reduce" || e.op !== "sum") return false;
    const seen = (read: Read, out: Family) =>
      read.at.every((at, k) => at.kind === "static" && reachesAll(at.value, output.dims[k]!, out));
    if (output.role !== "output" && !delivered(system, output.name, seen)) return false;
    const [j] = e.dims;
    if (e.dims.length !== 1 || j === undefined || e.dataFilter !== undefined) return false;
    if (e.filter.length !== 1 || e.filter[0]!.length > 0) return false;
    if (!alwaysEqual(j.lo, cell.lo) || !alwaysEqual(j.hi, cell.hi)) return false;
    if (e.body.kind !== "apply" || e.body.op !== "mul") return false;
    const [a, b] = e.body.args as [Expr, Expr];
    const [weight, state] = b.kind === "read" && b.family === family.name ? [a, b] : [b, a];
    if (weight.kind !== "read" || state.kind !== "read" || state.family !== family.name) return false;
    const at = state.at[1 - axis]!;
    const uses = guardedReads(system).filter((r) => r.source.name === weight.family).length;
    return (
      isData(familyOf(system, weight.family)) &&
      separates(weight, [j.index]) &&
      uses === 1 &&
      mayBe(weight.type, 1) &&
      at.kind === "static" &&
      offsetFrom(at.value, j.index) === 0 &&
      reachesLast(state.at[axis]!, family.dims[axis]!, output)
    );
  });
}

/** `Σ_j W[…, i, j] · h[t−1, j]` over all cells, W free data that stands nowhere else: any row of whole numbers may be had. */
function weightedSum(c: Component, d: DenseStep, e: Reduce, more: readonly string[] = []): boolean {
  if (
    e.op !== "sum" ||
    e.dims.length !== 1 ||
    e.dataFilter !== undefined ||
    e.filter.length !== 1 ||
    e.filter[0]!.length > 0
  )
    return false;
  const [j] = e.dims as [Dim];
  if (!alwaysEqual(j.lo, d.cell.lo) || !alwaysEqual(j.hi, d.cell.hi)) return false;
  if (e.body.kind !== "apply" || e.body.op !== "mul") return false;
  const [a, b] = e.body.args;
  const [weight, state] = isStateAt(d, a!, j.index) ? [b!, a!] : [a!, b!];
  if (!isStateAt(d, state, j.index) || weight.kind !== "read") return false;
  if (weight.type.kind !== "int" && weight.type.kind !== "real") return false;
  if (!isData(familyOf(c.system, weight.family)) || !separates(weight, [d.cell.index, j.index, ...more]))
    return false;
  return readsOf(d.value).filter((r) => r.family === weight.family).length === 1;
}

function isStateAt(d: DenseStep, e: Expr, index: string): boolean {
  if (e.kind !== "read" || e.family !== d.family.name) return false;
  const [when, where] = [e.at[d.axis]!, e.at[1 - d.axis]!];
  return (
    when.kind === "static" &&
    where.kind === "static" &&
    offsetFrom(when.value, d.time.index) === -1 &&
    offsetFrom(where.value, index) === 0
  );
}

export interface Found {
  readonly found: string;
  readonly of?: string;
}

/**
 * h ← g(W h + c), W data: a row evaluates NOR (F.7). Values are 0 and 1 where g(1) = 1 and g(0) = g(−1) = 0, and then a row also keeps
 * what it holds; or −1 and 1 where g keeps the sign and rounds to it far out, as tanh does in binary32 (E.11).
 */
export function thresholdNetwork(c: Component): Found | undefined {
  const d = denseStep(c);
  if (d === undefined) return undefined;
  const sums = reductionsOf(d.value).filter((e) => readsOf(e).some((r) => r.family === d.family.name));
  if (sums.length !== 1 || !weightedSum(c, d, sums[0]!)) return undefined;
  const [sum] = sums;
  /** The cell's next value where the weighted sum is x and the cell's own data are `own`. */
  const next = (x: number, own: number): number | undefined =>
    smallValue(d.value, {
      reduce: (e) => (e === sum ? x : drivenSum(c, d, e, own)),
      read: (r) => {
        if (!isData(familyOf(c.system, r.family))) return undefined;
        return separates(r, [d.cell.index]) ? given(r, own) : given(r, 0);
      },
    });
  // Without a free start the cells' own data set them: a row of zero weights is then its bias.
  const starts = (values: readonly number[], own: (v: number) => number): boolean =>
    d.startFree || (constantStart(d) && values.every((v) => next(0, own(v)) === v));
  if (next(1, 0) === 1 && next(0, 0) === 0 && next(-1, 0) === 0)
    return starts([1], (v) => v)
      ? {
          found:
            "a cell is 1, 0 and 0 where its weighted sum is 1, 0 and −1: rows of weights 1, −1 and a cell that stays 1 give NOR gates",
        }
      : undefined;
  const saturates = [1, -1, -3].every((x) => next(x * FAR, 0) === Math.sign(x));
  return saturates && starts([1, -1], (v) => v * FAR)
    ? {
        found: `a cell is 1 and −1 where its weighted sum is ${FAR} and −${FAR} or −${3 * FAR}: rows of weights −${FAR} and a cell that stays 1 give NOR gates`,
        of: "the network as binary32 rounds it: far out its units are exactly 1 and −1",
      }
    : undefined;
}

/** Where units have saturated for good: tanh of 64 is 1 in binary32. */
const FAR = 64;

const constantStart = (d: DenseStep): boolean => d.start.kind === "constant" && d.start.value === 0;

/**
 * A sum over data alone: of products, one factor of the cell's own and one that all cells share. It is `own` where one of its parts is own · 1
 * and the others are 0.
 */
function drivenSum(c: Component, d: DenseStep, e: Reduce, own: number): number | undefined {
  if (e.op !== "sum" || e.dataFilter !== undefined) return undefined;
  const reads = readsOf(e.body);
  const outside = reads.every((r) => r.family !== d.family.name && isData(familyOf(c.system, r.family)));
  if (!outside || smallValue(e.body, { read: () => 0 }) !== 0) return undefined;
  if (own === 0) return 0;
  const ranges = e.dims.map((x) => x.index);
  const rays = admissibleRay(c.system);
  const full = e.dims.every((x) => {
    const [lo, hi] = rays === undefined ? [] : [along(x.lo, rays), along(x.hi, rays)];
    return lo !== undefined && hi !== undefined && lo.slope === 0 && (hi.slope > 0 || hi.start > lo.start);
  });
  // What is set here is read nowhere else in the step, where it would have to be something else.
  const names = new Set(reads.map((r) => r.family));
  const elsewhere = readsOf(d.value).filter((r) => names.has(r.family) && !reads.includes(r));
  const free =
    full &&
    elsewhere.length === 0 &&
    e.filter.length === 1 &&
    e.filter[0]!.length === 0 &&
    reads.some((r) => separates(r, [d.cell.index, ...ranges]));
  if (!free) return undefined;
  return smallValue(e.body, {
    read: (r) => (separates(r, [d.cell.index]) ? given(r, own) : given(r, 1)),
  });
}

/** V ← max over actions of (reward + Σ_u move · V): AND as max(0, a + b − 1), OR as a choice of two actions (F.3, E.4). */
export function decisionProcess(c: Component): Found | undefined {
  const d = denseStep(c);
  if (d === undefined || d.value.kind !== "reduce" || d.value.op !== "max") return undefined;
  const choice = d.value;
  if (choice.dims.length !== 1 || choice.dataFilter !== undefined) return undefined;
  const [action] = choice.dims as [Dim];
  const rays = admissibleRay(c.system);
  const actions = rays && along(action.hi, rays);
  if (actions === undefined || action.lo.kind !== "integer" || action.lo.value !== 0) return undefined;
  if (actions.slope === 0 && actions.start < 2) return undefined;
  const sums = reductionsOf(choice.body).filter((e) => readsOf(e).some((r) => r.family === d.family.name));
  if (sums.length !== 1 || !weightedSum(c, d, sums[0]!, [action.index])) return undefined;
  const [sum] = sums;
  const body = (x: number, own: number, shared: number): number | undefined =>
    smallValue(choice.body, {
      reduce: (e) => (e === sum ? x : undefined),
      read: (r) => {
        if (!isData(familyOf(c.system, r.family))) return undefined;
        const is = separates(r, [d.cell.index, action.index])
          ? own
          : separates(r, [d.cell.index])
            ? 0
            : shared;
        return given(r, is);
      },
    });
  // Weights ±w and a reward r ≤ 0 of an action's own with w·(discount) + r = 1: it is 1 where the sum is w, and else at most 0.
  const real = readsOf(sum!.body).every((r) => r.type.kind === "real");
  const fits = (s: number, w: number): boolean => {
    const r = 1 - (body(w, 0, s) ?? Number.NaN);
    return body(0, 0, s) === 0 && r <= 0 && body(w, r, s) === 1 && [0, -w].every((x) => body(x, r, s)! <= 0);
  };
  const wide = (s: number): number => Math.fround(1.25 / ((body(1, 0, s) ?? 0) - (body(0, 0, s) ?? 0)));
  const shared = [1, 0].find((s) => fits(s, 1)) ?? (real ? [1, 0].find((s) => fits(s, wide(s))) : undefined);
  if (shared === undefined) return undefined;
  const constant = body(0, 1, shared) === 1;
  const discount = (body(1, 0, shared) ?? 1) - (body(0, 0, shared) ?? 0);
  if (!d.startFree && !(constant && constantStart(d))) return undefined;
  return {
    found:
      "a value is the best of sums of values, weights and rewards as data: max(0, a + b − 1) and max(a, b) give AND and OR",
    of: `the exact value; weights are any numbers here, and for probabilities the theorem is about exact rationals: its gaps shrink below what a word holds${discount < 1 ? "; within eps, probabilities need the last O(log 1/eps) steps only" : ""}`,
  };
}

/**
 * Cells that read any cells of the step before, chosen by data, and are gates that give every circuit: a cell that
 * reads itself keeps what it holds, so after as many steps as the circuit is deep every cell has its value (C.18).
 */
export function layeredCircuit(c: Component): Found | undefined {
  const d = denseStep(c);
  if (d === undefined || !d.startFree) return undefined;
  const wires = new Map<string, Read>();
  const settings = new Map<string, Read>();
  /** The step where wires and settings have these values; a look-up that is not among them is named. */
  const evaluate = (
    known: ReadonlyMap<string, number>,
  ): { readonly value?: number | undefined; readonly missing?: string } => {
    let missing: string | undefined;
    const look = (r: Read, at: Bindings, into: Map<string, Read>): number | undefined => {
      const subscripts = r.at.map((s) =>
        s.kind === "static" ? ({ kind: "static", value: bound(s.value, at) } as const) : s,
      );
      const here = readOf(r.family, subscripts, r.type);
      const free = isData(familyOf(c.system, r.family)) && separates(here, [d.cell.index]);
      if (!free || here.at.some((s) => s.kind === "dynamic")) return undefined;
      const key = readKey(here);
      into.set(key, here);
      if (!known.has(key)) missing ??= key;
      return known.get(key);
    };
    const value = smallValue(d.value, {
      read: (r, _, at) => {
        if (r.family !== d.family.name) return look(r, at, settings);
        const [when, where] = [r.at[d.axis]!, r.at[1 - d.axis]!];
        if (when.kind !== "static" || offsetFrom(when.value, d.time.index) !== -1) return undefined;
        if (where.kind !== "dynamic" || where.value.kind !== "read") return undefined;
        if (!alwaysEqual(where.lo, d.cell.lo) || !alwaysEqual(where.hi, d.cell.hi)) return undefined;
        return look(where.value, at, wires);
      },
    });
    return missing === undefined ? { value } : { missing };
  };
  // Depth first over what is looked up; all look-ups of all paths are found so.
  const open: ReadonlyMap<string, number>[] = [new Map()];
  for (let steps = 0; open.length > 0; steps++) {
    const known = open.pop()!;
    const { value, missing } = evaluate(known);
    if (steps > MOST_SETTINGS || (missing === undefined && value === undefined)) return undefined;
    if (missing === undefined) continue;
    const values = wires.has(missing) ? [0, 1] : trialValues(settings.get(missing)!.type);
    for (const v of values ?? []) open.push(new Map(known).set(missing, v));
    if (values === undefined) return undefined;
  }
  const all = [...wires.values(), ...settings.values()];
  if (wires.size === 0 || wires.size > 6 || !independent(all)) return undefined;
  if ([...wires.values()].some((w) => [...settings.values()].some((x) => x.family === w.family)))
    return undefined;
  const names = [...wires.keys()];
  let assignments: ReadonlyMap<string, number>[] = [new Map()];
  for (const [key, r] of settings)
    assignments = assignments.flatMap((a) => trialValues(r.type)!.map((v) => new Map(a).set(key, v)));
  if (assignments.length << names.length > MOST_SETTINGS) return undefined;
  const gates = assignments.flatMap((a): GateFunction[] => {
    const values = Array.from({ length: 1 << names.length }, (_, w) => {
      const known = new Map(a);
      names.forEach((n, k) => known.set(n, (w >> k) & 1));
      return evaluate(known).value;
    });
    return values.every((v) => v === 0 || v === 1)
      ? [{ arity: names.length, values: values as number[] }]
      : [];
  });
  const holds = gates.some((g) => g.values[0] === 0 && g.values.at(-1) === 1);
  if (!holds || gateSetOf(gates) !== "general") return undefined;
  const tables = [...new Set(gates.map((g) => g.values.join("")))].slice(0, 4).join(", ");
  return {
    found: `a cell reads any cells of the step before, as data say, and its gates (tables ${tables}) are neither all OR, all AND, affine nor of one input; one that reads itself keeps its value`,
  };
}

/** The lexicographically first independent set: a vertex is in where no earlier neighbour is (F.5). */
export function firstIndependentSet(c: Component): Found | undefined {
  const [family] = c.families;
  if (
    c.families.length !== 1 ||
    family === undefined ||
    family.type.kind !== "bit" ||
    family.dims.length !== 1
  )
    return undefined;
  if (family.pieces.length !== 1 || family.dims[0]!.lo.kind !== "integer") return undefined;
  const dim = family.dims[0]!;
  const { value } = family.pieces[0]!;
  const sums = reductionsOf(value);
  if (sums.length !== 1 || (sums[0]!.op !== "any" && sums[0]!.op !== "all")) return undefined;
  const [scan] = sums as [Reduce];
  const [u] = scan.dims;
  if (scan.dims.length !== 1 || u === undefined || scan.filter.length !== 1 || scan.filter[0]!.length > 0)
    return undefined;
  if (!alwaysEqual(u.lo, dim.lo) || offsetFrom(u.hi, dim.index) !== 0) return undefined;
  const reads = readsOf(value);
  const edges = new Set(reads.filter((r) => r.family !== family.name).map(readKey));
  const edge = reads.find((r) => r.family !== family.name);
  if (
    edge === undefined ||
    edges.size !== 1 ||
    !isData(familyOf(c.system, edge.family)) ||
    edge.type.kind !== "bit"
  )
    return undefined;
  if (!separates(edge, [dim.index, u.index])) return undefined;
  const inside = (r: Read) =>
    r.at.length === 1 && r.at[0]!.kind === "static" && offsetFrom(r.at[0]!.value, u.index) === 0;
  if (!reads.every((r) => r.family !== family.name || inside(r))) return undefined;
  // One neighbour's part, for an edge or none and a neighbour in or out.
  const part = (e: number, s: number): number | undefined => {
    const env = { read: (r: Read) => (r.family === family.name ? s : e) };
    const chosen = scan.dataFilter === undefined ? 1 : smallValue(scan.dataFilter, env);
    return chosen === undefined
      ? undefined
      : chosen === 1
        ? smallValue(scan.body, env)
        : scan.op === "any"
          ? 0
          : 1;
  };
  const whole = (x: number): number | undefined =>
    smallValue(value, { reduce: () => x, read: () => undefined });
  const [none, hit] = scan.op === "any" ? [0, 1] : [1, 0];
  const nor =
    part(0, 0) === none &&
    part(0, 1) === none &&
    part(1, 0) === none &&
    part(1, 1) === hit &&
    whole(none) === 1 &&
    whole(hit) === 0;
  const rays = admissibleRay(c.system);
  const vertices = rays && along(dim.hi, rays);
  if (!nor || vertices === undefined || vertices.slope < 1) return undefined;
  return delivered(c.system, family.name, (r, output) => reachesLast(r.at[0]!, dim, output))
    ? {
        found:
          "a vertex is in exactly where no earlier neighbour is, and edges are data: NOR over any earlier nodes",
      }
    : undefined;
}

/** Conway's Game of Life on a torus that can be as large as one likes (D.8). */
export function gameOfLife(c: Component): Found | undefined {
  const r: Recurrence | undefined = c.recurrence;
  if (r?.steps === undefined || r.families.length !== 1 || r.lags.join() !== "1" || r.direction !== 1)
    return undefined;
  const family = familyOf(c.system, r.families[0]!);
  if (family.type.kind !== "bit" || family.dims.length !== 3 || r.steps.length !== 2) return undefined;
  const axis = r.axis.get(family.name)!;
  const places = [0, 1, 2].filter((k) => k !== axis);
  const [time, ...cells] = [family.dims[axis]!, ...places.map((k) => family.dims[k]!)];
  const start = r.steps.find((s) => s.role === "start")?.value;
  const step = r.steps.find((s) => s.role === "step")?.value;
  if (step === undefined || start?.kind !== "read" || !isData(familyOf(c.system, start.family)))
    return undefined;
  if (
    !separates(
      start,
      cells.map((d) => d.index),
    )
  )
    return undefined;
  const offset = (e: IndexExpr, d: Dim): number | undefined => {
    const inside = e.kind === "mod" && e.right === d.hi ? e.left : e;
    const o = offsetFrom(inside, d.index);
    return o !== undefined && (o === 0 || e.kind === "mod") && Math.abs(o) <= 1 ? o : undefined;
  };
  for (let w = 0; w < 512; w++) {
    const v = smallValue(step, {
      read: (x, _, at) => {
        if (x.family !== family.name) return undefined;
        const when = x.at[axis]!;
        if (when.kind !== "static" || offsetFrom(when.value, time!.index) !== -1) return undefined;
        const o = places.map((k, p) => {
          const s = x.at[k]!;
          return s.kind === "static" ? offset(bound(s.value, at), cells[p]!) : undefined;
        });
        return o.includes(undefined) ? undefined : (w >> (3 * (o[0]! + 1) + o[1]! + 1)) & 1;
      },
    });
    const alive = (w >> 4) & 1;
    const around = [...w.toString(2)].filter((b) => b === "1").length - alive;
    if (v !== (around === 3 || (alive === 1 && around === 2) ? 1 : 0)) return undefined;
  }
  // Room for any circuit beside any number of steps, both polynomial in each other.
  const names = cells.map((d) => (d.hi.kind === "size" ? d.hi.name : undefined));
  const steps = [...toAffine(time!.hi).terms.keys()];
  if (names.includes(undefined) || steps.length !== 1 || names.some((n) => steps[0] === `size ${n}`))
    return undefined;
  const roomy = [2, 64, 4096].every(
    (slope) => admissibleRay(c.system, new Map(names.map((n) => [n!, { slope, start: 4 }]))) !== undefined,
  );
  const seen = delivered(c.system, family.name, (read, output) =>
    read.at.every((at, k) =>
      k === axis
        ? reachesLast(at, time!, output)
        : at.kind === "static" && reachesAll(at.value, family.dims[k]!, output),
    ),
  );
  return roomy && seen
    ? { found: "the rule is Conway's, on all 512 neighbourhoods, and the torus can be large" }
    : undefined;
}

/** Alternating reachability: data say which vertices need one successor that is won and which need all (F.9). */
export function alternatingReachability(c: Component): Found | undefined {
  const d = denseStep(c);
  if (d === undefined || d.family.type.kind !== "bit" || !d.startFree) return undefined;
  const parts = reductionsOf(d.value);
  /** What a reduction over successors is: some won one, all won, or some successor at all. */
  const kinds = new Map<Reduce, "some" | "every" | "edge">();
  for (const e of parts) {
    const kind = overSuccessors(c, d, e);
    if (kind === undefined) return undefined;
    kinds.set(e, kind);
  }
  const settings = new Set(
    readsOf(d.value)
      .filter((r) => r.family !== d.family.name && !parts.some((e) => readsOf(e).includes(r)))
      .map(readKey),
  );
  const own = readsOf(d.value).filter((r) => settings.has(readKey(r)));
  if (settings.size > 3 || !independent(own) || !own.every((r) => mayBe(r.type, 1))) return undefined;
  const keys = [...settings];
  const value = (mine: number, own: number, some: number, every: number): number | undefined =>
    smallValue(d.value, {
      reduce: (e) => ({ some, every, edge: 1 })[kinds.get(e)!],
      read: (r) => {
        if (r.family === d.family.name) return isStateAt(d, r, d.cell.index) ? own : undefined;
        return isData(familyOf(c.system, r.family)) && separates(r, [d.cell.index])
          ? (mine >> keys.indexOf(readKey(r))) & 1
          : undefined;
      },
    });
  const settingsOf = [...Array(1 << keys.length).keys()];
  const is = (mine: number, f: (some: number, every: number) => number) =>
    // With a successor, all won implies some won.
    [
      [0, 0],
      [1, 0],
      [1, 1],
    ].every(([s, e]) => value(mine, 0, s!, e!) === f(s!, e!) && value(mine, 1, s!, e!) === 1);
  const or = settingsOf.some((m) => is(m, (s) => s));
  const and = settingsOf.some((m) => is(m, (_, e) => e));
  return or && and
    ? {
        found:
          "data say of each vertex whether one successor or all of them must be won: monotone circuits of any wiring",
      }
    : undefined;
}

function overSuccessors(c: Component, d: DenseStep, e: Reduce): "some" | "every" | "edge" | undefined {
  const [u] = e.dims;
  if (e.dims.length !== 1 || u === undefined || (e.op !== "any" && e.op !== "all")) return undefined;
  if (!alwaysEqual(u.lo, d.cell.lo) || !alwaysEqual(u.hi, d.cell.hi)) return undefined;
  if (e.filter.length !== 1 || e.filter[0]!.length > 0) return undefined;
  const reads = readsOf(e);
  const data = reads.filter((r) => r.family !== d.family.name);
  if (new Set(data.map(readKey)).size !== 1 || !isData(familyOf(c.system, data[0]!.family))) return undefined;
  if (!separates(data[0]!, [d.cell.index, u.index]) || data[0]!.type.kind !== "bit") return undefined;
  if (!reads.every((r) => r.family !== d.family.name || isStateAt(d, r, u.index))) return undefined;
  const part = (edge: number, won: number): number | undefined => {
    const env = { read: (r: Read) => (r.family === d.family.name ? won : edge) };
    const chosen = e.dataFilter === undefined ? 1 : smallValue(e.dataFilter, env);
    return chosen === undefined ? undefined : chosen === 1 ? smallValue(e.body, env) : e.op === "any" ? 0 : 1;
  };
  const table = [part(0, 0), part(0, 1), part(1, 0), part(1, 1)].join();
  if (e.op === "any") return table === "0,0,0,1" ? "some" : table === "0,0,1,1" ? "edge" : undefined;
  return table === "1,1,0,1" ? "every" : undefined;
}

/** Closure under clauses `head ← first, second` that are data (F.4). */
export function hornClosure(c: Component): Found | undefined {
  const d = denseStep(c);
  if (d === undefined || d.family.type.kind !== "bit" || !d.startFree) return undefined;
  const parts = reductionsOf(d.value);
  const [scan] = parts;
  if (parts.length !== 1 || scan === undefined || scan.op !== "any" || scan.dims.length !== 1)
    return undefined;
  if (scan.filter.length !== 1 || scan.filter[0]!.length > 0) return undefined;
  const [clause] = scan.dims as [Dim];
  const rays = admissibleRay(c.system);
  const clauses = rays && along(clause.hi, rays);
  if (clauses === undefined || clauses.slope < 1) return undefined;
  // A flat conjunction: the head is this cell, and premises that are cells chosen by data.
  const conjuncts = (e: Expr): Expr[] =>
    e.kind === "apply" && e.op === "and" ? e.args.flatMap(conjuncts) : [e];
  const all = [...conjuncts(scan.body), ...(scan.dataFilter === undefined ? [] : conjuncts(scan.dataFilter))];
  const free = (e: Expr): e is Read =>
    e.kind === "read" && isData(familyOf(c.system, e.family)) && separates(e, [clause.index]);
  let heads = 0;
  const wires: Read[] = [];
  for (const e of all) {
    if (e.kind === "apply" && e.op === "eq") {
      const [a, b] = e.args as [Expr, Expr];
      const [head, cell] = a.kind === "read" ? [a, b] : [b, a];
      if (!free(head) || cell.kind !== "index-value" || offsetFrom(cell.value, d.cell.index) !== 0)
        return undefined;
      if (head.type.kind === "index" ? !alwaysEqual(head.type.bound, d.cell.hi) : head.type.kind !== "int")
        return undefined;
      heads++;
      wires.push(head);
      continue;
    }
    if (e.kind !== "read" || e.family !== d.family.name) return undefined;
    const [when, where] = [e.at[d.axis]!, e.at[1 - d.axis]!];
    if (when.kind !== "static" || offsetFrom(when.value, d.time.index) !== -1) return undefined;
    if (
      where.kind !== "dynamic" ||
      !free(where.value) ||
      !alwaysEqual(where.lo, d.cell.lo) ||
      !alwaysEqual(where.hi, d.cell.hi)
    )
      return undefined;
    wires.push(where.value);
  }
  if (heads !== 1 || wires.length < 3 || new Set(wires.map(readKey)).size !== wires.length) return undefined;
  if (!independent(wires)) return undefined;
  const next = (own: number, derived: number): number | undefined =>
    smallValue(d.value, {
      reduce: () => derived,
      read: (r) => (isStateAt(d, r, d.cell.index) ? own : undefined),
    });
  return [0, 1].every((o) => [0, 1].every((x) => next(o, x) === (o | x)))
    ? { found: "facts stay, and clauses of two premises are data: unit propagation over any clauses" }
    : undefined;
}
