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

/** What gates do at each setting of the data beside their wires. */
interface GateFunctions {
  readonly gates: readonly GateFunction[];
  readonly bitsOnly: boolean;
  readonly operations: CircuitAsData["operations"];
  /** Wires and settings are free of one another. */
  readonly free: boolean;
}

function gateFunctions(system: System, family: Family, gate: Expr, start: string): GateFunctions | undefined {
  const parts = gateParts(system, family, gate, start);
  if (parts === undefined) return undefined;
  const { wires, names, settings } = parts;
  if (!onlySubscripts(system, wires, names)) return undefined;
  const choices = choicesOf(settings);
  if (choices === undefined) return undefined;
  /** The value of a gate at values of its wires. */
  const value = (chosen: ReadonlyMap<string, number>, inputs: readonly number[]): number | undefined =>
    smallValue(gate, {
      read: (r) => (r.family === family.name ? inputs[wires.indexOf(r)] : chosen.get(readKey(r))),
    });
  const gates = new Map<string, GateFunction>();
  let { bitsOnly } = parts;
  for (const chosen of choices) {
    const values: number[] = [];
    for (let w = 0; w < 1 << wires.length; w++) {
      const v = value(
        chosen,
        wires.map((_, k) => bit(w, k)),
      );
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
  const small =
    size >= 2 && size <= 60 && choices.length <= 8 && size * size * choices.length <= MOST_SETTINGS;
  const operations =
    wires.length === 2 && small ? operationTables(size, choices, (c, a, b) => value(c, [a, b])) : undefined;
  return { gates: [...gates.values()], bitsOnly, operations, free: independent(parts.data) };
}

interface GateParts {
  /** Reads of earlier gates, at places that data name. */
  readonly wires: readonly Read[];
  /** Families of the data that name them. */
  readonly names: ReadonlySet<string>;
  /** Other data of a gate, by key, with the values to try. */
  readonly settings: ReadonlyMap<string, Setting>;
  readonly data: readonly Read[];
  /** All values are bits, enums or indices. */
  readonly bitsOnly: boolean;
}

interface Setting {
  /** It differs from gate to gate. */
  readonly own: boolean;
  readonly values: readonly number[];
}

function gateParts(system: System, family: Family, gate: Expr, start: string): GateParts | undefined {
  const dim = family.dims[0]!;
  const byName = new Map(system.families.map((f) => [f.name, f]));
  const wires: Read[] = [];
  const data: Read[] = [];
  const names = new Set<string>();
  const settings = new Map<string, Setting>();
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
      const own = wire.at.some((s) => s.kind === "static" && movesWith(s.value, dim.index));
      if (!earlier || !isData(from) || !perNode(wire) || !own) return undefined;
      wires.push(r);
      data.push(wire);
      names.add(wire.family);
      continue;
    }
    if (!isData(source)) return undefined;
    if (wireOf(r, wires) || names.has(r.family)) continue;
    if (!perNode(r) || r.family === start) return undefined;
    const values = trialValues(source.type);
    if (values === undefined) return undefined;
    if (source.type.kind === "int" || source.type.kind === "real") bitsOnly = false;
    data.push(r);
    const own = r.at.some((s) => s.kind === "static" && s.value.kind !== "integer");
    settings.set(readKey(r), { own, values });
  }
  if (wires.length === 0 || wires.length > 4) return undefined;
  for (const key of settings.keys()) if (names.has(key.split(" ", 1)[0] ?? key)) return undefined;
  return { wires, names, settings, data, bitsOnly };
}

/** A wire's number means nothing else: it is read as a subscript here and nowhere besides. */
function onlySubscripts(system: System, wires: readonly Read[], names: ReadonlySet<string>): boolean {
  const subscripts = new Set(
    wires.map((w) => (w.at[0] as { value: Expr }).value).filter((e): e is Read => e.kind === "read"),
  );
  if (subscripts.size !== wires.length) return false;
  return guardedReads(system).every((r) => !names.has(r.source.name) || subscripts.has(r.read));
}

/**
 * Every assignment of values to settings. Undefined where there are too many, or where some setting is the same for every gate: it is set
 * once for the whole circuit.
 */
function choicesOf(settings: ReadonlyMap<string, Setting>): ReadonlyMap<string, number>[] | undefined {
  const all = [...settings];
  const total = all.reduce((n, [, s]) => n * s.values.length, 1);
  if (total > MOST_SETTINGS || all.some(([, s]) => !s.own)) return undefined;
  return Array.from({ length: total }, (_, n) => {
    const chosen = new Map<string, number>();
    let rest = n;
    for (const [key, s] of all) {
      chosen.set(key, s.values[rest % s.values.length]!);
      rest = Math.floor(rest / s.values.length);
    }
    return chosen;
  });
}

/** A table of two operands for each choice; undefined where some value lies outside the type. */
function operationTables(
  size: number,
  choices: readonly ReadonlyMap<string, number>[],
  value: (chosen: ReadonlyMap<string, number>, a: number, b: number) => number | undefined,
): Table[] | undefined {
  const all = Array.from({ length: size }, (_, k) => k);
  const tables = choices.map((c) => all.map((a) => all.map((b) => value(c, a, b) ?? -1)));
  const whole = tables.every((t) => t.every((row) => row.every((v) => v >= 0 && v < size)));
  return whole ? tables : undefined;
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
