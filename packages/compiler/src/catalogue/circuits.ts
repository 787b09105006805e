/**
 * Circuits given as data: node k reads earlier nodes whose numbers are inputs. What they can compute depends on the gate set alone
 * (catalogue C.18: Goldschlager and Parberry, 1986; Reith and Wagner, 2005).
 */
import { valuesOfType } from "../algebra/recurrence";
import { type TransitionMonoid, transitionMonoid } from "../algebra/transition-monoid";
import { readsOf } from "../equations/expressions";
import type { Expr, Family, Read, System } from "../equations/system";
import { guardedReads } from "../symbolic/reads";
import type { Table } from "./finite-semirings";
import {
  admissibleRay,
  along,
  alwaysEqual,
  delivered,
  independent,
  isData,
  mayBe,
  movesWith,
  offsetFrom,
  reachesLast,
  readKey,
  smallValue,
  trialValues,
} from "./shape";

/** A Boolean function of `arity` bits: `values[w]` for the bits of w. */
export interface GateFunction {
  readonly arity: number;
  readonly values: readonly number[];
}

type GateSet = "unary" | "or" | "and" | "affine" | "general";

/** Which of the five kinds a set of Boolean gates is, constants being available. */
export function gateSetOf(gates: readonly GateFunction[]): GateSet {
  const every = (test: (g: GateFunction) => boolean) => gates.every(test);
  if (every((g) => essential(g).length <= 1)) return "unary";
  if (every((g) => isOf(g, (bits) => bits.includes(1)))) return "or";
  if (every((g) => isOf(g, (bits) => !bits.includes(0)))) return "and";
  if (every(isAffine)) return "affine";
  return "general";
}

const bit = (w: number, k: number): number => (w >> k) & 1;

/** Places that the function depends on. */
const essential = ({ arity, values }: GateFunction): number[] =>
  Array.from({ length: arity }, (_, k) => k).filter((k) => values.some((v, w) => v !== values[w ^ (1 << k)]));

/** Constant, or the given function of its essential places. */
function isOf(g: GateFunction, f: (bits: readonly number[]) => boolean): boolean {
  const places = essential(g);
  if (places.length === 0) return true;
  return g.values.every((v, w) => v === (f(places.map((k) => bit(w, k))) ? 1 : 0));
}

function isAffine({ arity, values }: GateFunction): boolean {
  const constant = values[0]!;
  const linear = Array.from({ length: arity }, (_, k) => (values[1 << k] ?? 0) ^ constant);
  return values.every((v, w) => v === linear.reduce((sum, c, k) => sum ^ (c & bit(w, k)), constant));
}

export interface CircuitAsData {
  readonly family: Family;
  /** Functions of the gates on 0 and 1. */
  readonly gates: readonly GateFunction[];
  readonly set: GateSet;
  /** Values are bits and all settings of the other inputs were tried: then nothing else can be computed. */
  readonly bitsOnly: boolean;
  /** What a gate of two wires can be, on all values of a finite type: `operations[k][a][b]`. Undefined where it is more. */
  readonly operations: readonly Table[] | undefined;
  /** Inputs may have every value that nodes have. */
  readonly anyInput: boolean;
  /** Every gate may be set on its own, gates and inputs can be as many as one likes, and the last gate is delivered. */
  readonly unrestricted: boolean;
}

/** Most settings of the data of a gate that are tried. */
export const MOST_SETTINGS = 4_096;

/** The circuit that a component evaluates, where it is one: every wire may come from any earlier node. */
export function circuitAsData(system: System, families: readonly Family[]): CircuitAsData | undefined {
  const [family] = families;
  if (families.length !== 1 || family === undefined || family.dims.length !== 1 || family.pieces.length !== 2)
    return undefined;
  const [start, gate] = family.pieces as [Family["pieces"][0], Family["pieces"][0]];
  const dim = family.dims[0]!;
  const source = (r: Read) => system.families.find((f) => f.name === r.family);
  // The first nodes are inputs: `k < n`.
  const guard = start.guard.length === 1 && start.guard[0]!.length === 1 ? start.guard[0]![0]! : undefined;
  if (guard?.op !== "<" || offsetFrom(guard.left, dim.index) !== 0) return undefined;
  const given = start.value;
  if (given.kind !== "read" || !isData(source(given)) || given.at.length !== 1) return undefined;
  const at = given.at[0]!;
  if (at.kind !== "static" || !movesWith(at.value, dim.index)) return undefined;
  const found = gateFunctions(system, family, gate.value, given.family);
  if (found === undefined || (found.gates.length === 0 && found.operations === undefined)) return undefined;
  const rays = admissibleRay(system);
  const inputs = rays && along(guard.right, rays);
  const nodes = rays && along(dim.hi, rays);
  const unrestricted =
    found.free &&
    mayBe(given.type, 1) &&
    inputs !== undefined &&
    nodes !== undefined &&
    inputs.slope > 0 &&
    nodes.slope > inputs.slope &&
    dim.lo.kind === "integer" &&
    dim.lo.value === 0 &&
    delivered(system, family.name, (r, output) => reachesLast(r.at[0]!, dim, output));
  const { gates, bitsOnly, operations } = found;
  const anyInput = valuesOfType(given.type) === valuesOfType(family.type);
  return { family, gates, set: gateSetOf(gates), bitsOnly, operations, anyInput, unrestricted };
}

function gateFunctions(
  system: System,
  family: Family,
  gate: Expr,
  start: string,
):
  | (Pick<CircuitAsData, "bitsOnly" | "operations"> & {
      readonly gates: GateFunction[];
      readonly free: boolean;
    })
  | undefined {
  const dim = family.dims[0]!;
  const byName = new Map(system.families.map((f) => [f.name, f]));
  const wires: Read[] = [];
  const data: Read[] = [];
  const wireFamilies = new Set<string>();
  const settings = new Map<string, { readonly own: boolean; readonly values: readonly number[] }>();
  let bitsOnly = family.type.kind === "bit";
  const perNode = (r: Read): boolean =>
    r.at.every((s) => s.kind === "static" && (s.value.kind === "integer" || movesWith(s.value, dim.index)));
  for (const r of readsOf(gate)) {
    const source = byName.get(r.family)!;
    if (source === family) {
      const at = r.at[0]!;
      if (at.kind !== "dynamic" || at.value.kind !== "read") return undefined;
      const wire = at.value;
      const from = byName.get(wire.family)!;
      const earlier = alwaysEqual(at.lo, dim.lo) && offsetFrom(at.hi, dim.index) === 0;
      const names = wire.at.some((s) => s.kind === "static" && movesWith(s.value, dim.index));
      if (!earlier || !isData(from) || !perNode(wire) || !names) return undefined;
      wires.push(r);
      data.push(wire);
      wireFamilies.add(wire.family);
      continue;
    }
    if (!isData(source)) return undefined;
    if (wireOf(r, wires) || wireFamilies.has(r.family)) continue;
    if (!perNode(r) || r.family === start) return undefined;
    const values = trialValues(source.type);
    if (values === undefined) return undefined;
    if (source.type.kind === "int" || source.type.kind === "real") bitsOnly = false;
    data.push(r);
    settings.set(readKey(r), {
      own: r.at.some((s) => s.kind === "static" && s.value.kind !== "integer"),
      values,
    });
  }
  if (wires.length === 0 || wires.length > 4) return undefined;
  // A wire's number means nothing else: it is read as a subscript here and nowhere besides.
  const subscripts = new Set(
    wires.map((w) => (w.at[0] as { value: Expr }).value).filter((e): e is Read => e.kind === "read"),
  );
  if (subscripts.size !== wires.length) return undefined;
  for (const r of guardedReads(system))
    if (wireFamilies.has(r.source.name) && !subscripts.has(r.read)) return undefined;
  for (const key of settings.keys()) if (wireFamilies.has(key.split(" ", 1)[0] ?? key)) return undefined;
  const gates = new Map<string, GateFunction>();
  const keys = [...settings];
  const total = keys.reduce((n, [, s]) => n * s.values.length, 1);
  if (total > MOST_SETTINGS) return undefined;
  // What is the same for every gate is set once for the whole circuit: here to each value in turn, the best for hardness counts.
  const shared = keys.filter(([, s]) => !s.own);
  if (shared.length > 0) return undefined;
  const settingsOf = (n: number): ReadonlyMap<string, number> => {
    const chosen = new Map<string, number>();
    let rest = n;
    for (const [key, s] of keys) {
      chosen.set(key, s.values[rest % s.values.length]!);
      rest = Math.floor(rest / s.values.length);
    }
    return chosen;
  };
  for (let n = 0; n < total; n++) {
    const chosen = settingsOf(n);
    const values: number[] = [];
    for (let w = 0; w < 1 << wires.length; w++) {
      const v = smallValue(gate, {
        read: (r) => (r.family === family.name ? bit(w, wires.indexOf(r)) : chosen.get(readKey(r))),
      });
      if (v === undefined) return undefined;
      values.push(v);
    }
    // On numbers only what stays within 0 and 1 is a circuit; constants on some wires may keep it there: 1 − x is a negation.
    if (values.some((v) => v !== 0 && v !== 1)) bitsOnly = false;
    for (const some of bitsOnly ? [values] : withConstants(values, wires.length))
      if (some.every((v) => v === 0 || v === 1))
        gates.set(some.join(""), { arity: wires.length, values: some.map((v) => (v === 0 ? 0 : 1)) });
  }
  const size = valuesOfType(family.type) ?? 0;
  const all = Array.from({ length: size }, (_, k) => k);
  const operations: Table[] | undefined =
    wires.length === 2 && size >= 2 && size <= 60 && total <= 8 && size * size * total <= MOST_SETTINGS
      ? Array.from({ length: total }, (_, n) => {
          const chosen = settingsOf(n);
          return all.map((a) =>
            all.map(
              (b) =>
                smallValue(gate, {
                  read: (r) => (r.family === family.name ? [a, b][wires.indexOf(r)] : chosen.get(readKey(r))),
                }) ?? -1,
            ),
          );
        })
      : undefined;
  const whole = operations?.every((t) => t.every((row) => row.every((v) => v >= 0 && v < size)));
  return {
    gates: [...gates.values()],
    bitsOnly,
    operations: whole === true ? operations : undefined,
    free: independent(data),
  };
}

/** The operation as a monoid: its elements are the maps `x ↦ x·g`. Undefined where it is not associative or has no identity. */
export function monoidOf(operation: readonly (readonly number[])[]): TransitionMonoid | undefined {
  const all = operation.map((_, k) => k);
  const identity = all.some((e) => all.every((x) => operation[e]![x] === x && operation[x]![e] === x));
  const associative = all.every((a) =>
    all.every((b) => all.every((c) => operation[operation[a]![b]!]![c] === operation[a]![operation[b]![c]!])),
  );
  if (!identity || !associative) return undefined;
  return transitionMonoid(
    all.length,
    all.map((g) => all.map((x) => operation[x]![g]!)),
  );
}

/** A function with each wire left free or tied to 0 or 1: as functions of all wires. */
function withConstants(values: readonly number[], arity: number): number[][] {
  const found: number[][] = [];
  for (let n = 0; n < 3 ** arity; n++) {
    const tied = Array.from({ length: arity }, (_, k) => Math.floor(n / 3 ** k) % 3);
    const place = (w: number): number => tied.reduce((at, t, k) => at | ((t === 2 ? bit(w, k) : t) << k), 0);
    found.push(values.map((_, w) => values[place(w)]!));
  }
  return found;
}

const wireOf = (r: Read, wires: readonly Read[]): boolean =>
  wires.some((w) => w.at[0]?.kind === "dynamic" && w.at[0].value === r);
