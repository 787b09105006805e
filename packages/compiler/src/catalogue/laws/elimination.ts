/** Elimination of one vertex, or one unknown, after another (C.22, B.17). */

import { AC, type CircuitClass, DET, join, NL } from "../../classes/classes";
import type { Reading } from "../../classes/verdict";
import { holds } from "../../equations/evaluate-index";
import type { Condition, Expr, IndexExpr } from "../../equations/system";
import { combine, toAffine } from "../../symbolic/affine";
import { offsetFrom, smallValue } from "../shape";
import { type Conclusion, type Law, linearConclusion } from "./law";

/** Warshall's elimination of one vertex after another: paths through the vertices so far. */
export const elimination: Law = {
  entry: "C.22",
  title: "paths by elimination",
  source: "Warshall, 1962; Floyd, 1962; Immerman, 1988, for reachability in NL",
  notClaimed:
    "the same over weights of either sign: with a negative cycle elimination computes no shortest path",
  test: (c) => {
    const r = c.recurrence;
    const [family] = c.families;
    if (c.families.length !== 1 || family === undefined || family.dims.length !== 3) return undefined;
    const { kind } = family.type;
    if (kind !== "bit" && kind !== "int" && kind !== "real") return undefined;
    if (r?.steps === undefined || r.lags.join() !== "1" || r.direction !== 1) return undefined;
    const [step, ...more] = r.steps.filter((x) => x.role === "step");
    const starts = r.steps.filter((x) => x.role === "start");
    if (step === undefined || more.length > 0 || starts.length + 1 < r.steps.length) return undefined;
    const axis = r.axis.get(family.name)!;
    const time = family.dims[axis]!.index;
    const [i, j] = family.dims.filter((_, k) => k !== axis).map((d) => d.index) as [string, string];
    const pivots = new Set<number>();
    /** Whether a subscript is i, j, or the vertex that this step eliminates. */
    const role = (e: IndexExpr): string => {
      if (offsetFrom(e, i) === 0) return "i";
      if (offsetFrom(e, j) === 0) return "j";
      const pivot = offsetFrom(e, time);
      if (pivot === undefined) return "?";
      pivots.add(pivot);
      return "k";
    };
    const pair = (e: Expr): string => {
      if (e.kind !== "read" || e.family !== family.name) return "";
      const when = e.at[axis]!;
      if (when.kind !== "static" || offsetFrom(when.value, time) !== -1) return "";
      return e.at.map((s, k) => (k === axis ? "" : s.kind === "static" ? role(s.value) : "?")).join("");
    };
    const sums = kind !== "bit" && joinsSums(step.value, pair);
    const eliminates = kind === "bit" ? joinsBits(step.value, pair) : sums || joinsExtremes(step.value, pair);
    if (!eliminates || pivots.size !== 1) return undefined;
    if (!sums) {
      // Whether a path has no edge below a threshold, once for each.
      const extreme = kind === "bit" ? "" : ", by their least or greatest edge";
      return paths(NL, [], `a path stays, or two meet in the vertex of this step${extreme}`);
    }
    const natural = starts.every((x) => isNatural(x.value));
    const found = `the shorter of a path so far and two that meet in the vertex of this step${natural ? "; no weight is negative" : ""}`;
    const signs: readonly Reading[] = natural ? [] : ["without-negative-cycles"];
    return kind === "int"
      ? paths(NL, ["without-overflow", ...signs], found)
      : paths(AC(1), ["up-to-rounding", ...signs], found);

    function paths(of: CircuitClass, readings: readonly Reading[], found: string): Conclusion[] {
      const layer = readings.includes("up-to-rounding") ? c.layer : c.exactLayer;
      return [{ class: join(of, layer), readings, because: "paths through the vertices so far", found }];
    }
  },
};

/** Gauss's elimination of one unknown after another, each by the row of its own number: its entries are quotients of minors. */
export const gaussian: Law = {
  entry: "B.17",
  title: "elimination without a choice of pivots",
  source: "Csanky, 1976; Berkowitz, 1984; Cook, 1985",
  notClaimed:
    "anything where a pivot vanishes, or pivots are chosen: their order is hard for P (Vavasis, 1989); or about rounded numbers",
  test: (c) => {
    const r = c.recurrence;
    const [family] = c.families;
    if (c.families.length !== 1 || family?.type.kind !== "real" || family.dims.length !== 3) return undefined;
    if (r?.steps === undefined || r.lags.join() !== "1" || r.direction !== 1) return undefined;
    const axis = r.axis.get(family.name)!;
    const time = family.dims[axis]!.index;
    const places = [0, 1, 2].filter((k) => k !== axis);
    const pivots = new Set<number>();
    /** ij, ik, kj or kk, where k is the unknown that this step eliminates. */
    const entry = (e: Expr, row: string, column: string): string => {
      if (e.kind !== "read" || e.family !== family.name) return "";
      const when = e.at[axis]!;
      if (when.kind !== "static" || offsetFrom(when.value, time) !== -1) return "";
      return places
        .map((k, which) => {
          const s = e.at[k]!;
          if (s.kind !== "static") return "?";
          if (offsetFrom(s.value, which === 0 ? row : column) === 0) return which === 0 ? "i" : "j";
          const pivot = offsetFrom(s.value, time);
          if (pivot !== undefined) pivots.add(pivot);
          return pivot === undefined ? "?" : "k";
        })
        .join("");
    };
    const [row, column] = places.map((k) => family.dims[k]!.index) as [string, string];
    const eliminates = (e: Expr): boolean => {
      if (e.kind !== "apply" || e.op !== "sub" || entry(e.args[0]!, row, column) !== "ij") return false;
      const factors: string[] = [];
      const collect = (x: Expr, above: boolean): void => {
        if (x.kind === "apply" && (x.op === "mul" || x.op === "divide")) {
          collect(x.args[0]!, above);
          collect(x.args[1]!, x.op === "mul" ? above : !above);
        } else factors.push(`${above ? "" : "1/"}${entry(x, row, column)}`);
      };
      collect(e.args[1]!, true);
      return factors.sort().join() === "1/kk,ik,kj";
    };
    /** What a step makes of an entry: it stays, is divided by the pivot, or loses its part of the row of the pivot. */
    const kindOf = (e: Expr): Part | undefined => {
      if (entry(e, row, column) === "ij") return "stays";
      if (eliminates(e)) return "eliminated";
      const quotient =
        e.kind === "apply" && e.op === "divide" ? e.args.map((x) => entry(x, row, column)) : [];
      return quotient.join() === "ij,kk" ? "divided" : undefined;
    };
    const equations: { readonly guard: Condition; readonly kind: Part }[] = [];
    for (const s of r.steps) {
      if (s.role === "start") continue;
      const kind = kindOf(s.value);
      if (s.role !== "step" || kind === undefined) return undefined;
      equations.push({ guard: s.guard, kind });
    }
    const [pivot, ...others] = pivots;
    if (pivot === undefined || others.length > 0) return undefined;
    const table = regions(equations, time, row, column, pivot);
    if (table === undefined || !eliminatesRightly(table)) return undefined;
    return linearConclusion(
      c,
      DET,
      ["up-to-rounding"],
      "elimination without a choice of pivots: quotients of minors",
    );
  },
};

type Part = "stays" | "divided" | "eliminated";

/** Most that a guard may add to an index. */
const NEAR = 3;

/**
 * What becomes of the entries above, at and below the pivot's row (first) and before, at and after its column: undefined where guards ask for
 * more than that.
 */
function regions(
  equations: readonly { readonly guard: Condition; readonly kind: Part }[],
  time: string,
  row: string,
  column: string,
  pivot: number,
): readonly (readonly Part[])[] | undefined {
  for (const { guard } of equations)
    for (const x of guard.flat()) {
      const { constant, terms } = combine(toAffine(x.left), toAffine(x.right), -1);
      const [[a, m] = [], [b, n] = [], ...more] = terms;
      const indices = [a, b].every((name) => name !== undefined && [time, row, column].includes(name));
      const difference = indices && more.length === 0 && Math.abs(m ?? 0) === 1 && m === -(n ?? 0);
      if (!difference || Math.abs(constant) > NEAR) return undefined;
    }
  const at = 10 * NEAR;
  const found = [0, 1, 2].map((): (Part | undefined)[] => [undefined, undefined, undefined]);
  // Guards compare two indices each: beyond what they add, all differences of one sign are alike.
  for (let i = -2 * NEAR; i <= 2 * NEAR; i++)
    for (let j = -2 * NEAR; j <= 2 * NEAR; j++) {
      const place = new Map([
        [time, at],
        [row, at + pivot + i],
        [column, at + pivot + j],
      ]);
      const part = equations.find((e) => holds(e.guard, (n) => place.get(n) ?? 0))?.kind;
      const [a, b] = [Math.sign(i) + 1, Math.sign(j) + 1];
      if (part === undefined || (found[a]![b] ?? part) !== part) return undefined;
      found[a]![b] = part;
    }
  return found as Part[][];
}

/** Gauss below the pivot, Gauss and Jordan above it too, or in place with the multipliers kept: entries are quotients of minors. */
function eliminatesRightly([above, at, below]: readonly (readonly Part[])[]): boolean {
  const alike = (parts: readonly Part[], part: Part) => parts.every((p) => p === part);
  if (!alike(at!, "stays") && !alike(at!, "divided")) return false;
  if (alike(below!, "eliminated")) return alike(above!, "stays") || alike(above!, "eliminated");
  const [before, there, after] = below!;
  const kept = before === "stays" && there !== "eliminated";
  const zero = before === "stays" && there === "eliminated";
  return after === "eliminated" && (kept || zero) && alike(above!, "stays") && alike(at!, "stays");
}

/** ij or (ik and kj), as a function of three bits. */
function joinsBits(step: Expr, pair: (e: Expr) => string): boolean {
  for (let w = 0; w < 8; w++) {
    const parts: Record<string, number> = { ij: w & 1, ik: (w >> 1) & 1, kj: w >> 2 };
    const v = smallValue(step, { read: (x) => parts[pair(x)] });
    if (v !== (parts.ij! | (parts.ik! & parts.kj!))) return false;
  }
  return true;
}

/** min(ij, ik + kj), in any order. */
function joinsSums(step: Expr, pair: (e: Expr) => string): boolean {
  if (step.kind !== "apply" || step.op !== "min") return false;
  const sum = step.args.find((a) => a.kind === "apply" && a.op === "add");
  const stays = step.args.find((a) => a !== sum);
  if (sum?.kind !== "apply" || stays === undefined || pair(stays) !== "ij") return false;
  return sum.args.map(pair).sort().join() === "ik,kj";
}

/** max(ij, min(ik, kj)), the widest path, or min(ij, max(ik, kj)), in any order. */
function joinsExtremes(step: Expr, pair: (e: Expr) => string): boolean {
  if (step.kind !== "apply" || (step.op !== "min" && step.op !== "max")) return false;
  const other = step.op === "min" ? "max" : "min";
  const meets = step.args.find((a) => a.kind === "apply" && a.op === other);
  const stays = step.args.find((a) => a !== meets);
  if (meets?.kind !== "apply" || stays === undefined || pair(stays) !== "ij") return false;
  return meets.args.map(pair).sort().join() === "ik,kj";
}

/** Never negative, by its type or its operations. */
function isNatural(e: Expr): boolean {
  switch (e.kind) {
    case "constant":
      return e.value >= 0;
    case "read":
      return e.type.kind === "index" || e.type.kind === "bit";
    case "select":
      return isNatural(e.then) && isNatural(e.otherwise);
    case "choose":
      return e.cases.every((x) => isNatural(x.value));
    case "apply":
      switch (e.op) {
        case "to-int":
        case "to-real":
        case "add":
        case "mul":
        case "min":
          return e.args.every(isNatural);
        case "max":
          return e.args.some(isNatural);
        case "exp":
          return true;
        default:
          return false;
      }
    default:
      return false;
  }
}
