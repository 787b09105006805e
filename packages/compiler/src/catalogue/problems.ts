/**
 * Problems of the catalogue that are hard for P, as one table: an exact test on the equations, and what it rests on. A
 * match means that the known problem is a special case of the task, with the same input and output: nothing is matched by
 * looks.
 */

import type { Recurrence } from "../algebra/recurrence";
import { generatorsText, groupName } from "../algebra/transition-monoid";
import { type CircuitClass, NC, P } from "../classes/classes";
import type { Hardness } from "../classes/verdict";
import type { Family } from "../equations/system";
import { elementaryAutomaton } from "./automata";
import { circuitAsData, monoidOf } from "./circuits";
import { isRule110 } from "./elementary-rules";
import { finiteSemiring } from "./finite-semirings";
import { crossbar } from "./grid";
import { stepMonoid } from "./laws/finite-state";
import type { Component } from "./laws/law";
import { admissibleRay, along, delivered, reachesAll, reachesLast } from "./shape";
import {
  alternatingReachability,
  decisionProcess,
  firstIndependentSet,
  gameOfLife,
  hornClosure,
  layeredCircuit,
  thresholdNetwork,
} from "./simulations";

interface KnownProblem {
  readonly entry: string;
  /** What it is complete for. */
  readonly class: CircuitClass;
  readonly problem: string;
  readonly source: string;
  /** What was found, or undefined. `of`: what the hardness is of, where that is less than the program. */
  readonly test: (c: Component) => { readonly found: string; readonly of?: string } | undefined;
}

const circuitValue: KnownProblem = {
  entry: "C.18",
  class: P,
  problem: "circuit value",
  source: "Ladner, 1975; Goldschlager and Parberry, 1986",
  test: (c) => {
    const circuit = circuitAsData(c.system, c.families);
    if (circuit === undefined || circuit.set !== "general" || !circuit.unrestricted) return undefined;
    const tables = circuit.gates.map((g) => g.values.join("")).join(", ");
    return {
      found: `any gate may read any earlier node, and the gates (tables ${tables}) are neither all OR, all AND, affine nor of one input`,
    };
  },
};

const monoidCircuit: KnownProblem = {
  entry: "C.19",
  class: P,
  problem: "circuits over a monoid that is not solvable",
  source: "Beaudry, McKenzie, Péladeau and Thérien, 1997",
  test: (c) => {
    const circuit = circuitAsData(c.system, c.families);
    const [operation, ...more] = circuit?.operations ?? [];
    if (operation === undefined || more.length > 0) return undefined;
    // Few inputs might generate a smaller monoid.
    if (!circuit!.unrestricted || !circuit!.anyInput) return undefined;
    const monoid = monoidOf(operation);
    if (monoid?.kind !== "non-solvable") return undefined;
    return {
      found: `its gates multiply in a monoid of ${operation.length} elements with ${groupName(monoid.witness!)}`,
    };
  },
};

const semiringCircuit: KnownProblem = {
  entry: "C.19",
  class: P,
  problem: "circuits over a finite semiring",
  source: "Ganardi, Hucke, König and Lohrey, 2018",
  test: (c) => {
    const circuit = circuitAsData(c.system, c.families);
    if (circuit === undefined || !circuit.unrestricted || !circuit.anyInput) return undefined;
    const semiring = finiteSemiring(circuit.operations ?? []);
    if (semiring === undefined || (semiring.zeroOne === undefined && semiring.solvable !== false))
      return undefined;
    return {
      found:
        semiring.zeroOne === undefined
          ? `its gates add and multiply in a semiring of ${semiring.size} elements, and of its products ${semiring.by}`
          : `its gates add and multiply in a semiring in which ${semiring.zeroOne.join(" and ")} are a zero and a one`,
    };
  },
};

const ruleAutomaton: KnownProblem = {
  entry: "D.2",
  class: P,
  problem: "the prediction of rule 110",
  source: "Neary and Woods, 2006",
  test: (c) => {
    const automaton = elementaryAutomaton(c.system, c.recurrence);
    if (automaton === undefined || !automaton.predicts) return undefined;
    const hard = automaton.rules.find(isRule110);
    if (hard === undefined) return undefined;
    const which =
      automaton.rules.length === 1 ? `rule ${hard}` : `rule ${hard}, one of those its input may choose`;
    const where = automaton.borders === undefined ? "a ring" : "a line";
    return { found: `${which}, on ${where} that can have 2T + 3 cells for T steps` };
  },
};

/** `at[0, p] = p` with a copy for each state, all of them delivered: some copy starts wherever one likes. */
function startsEverywhere(c: Component, r: Recurrence, family: Family, states: number): boolean {
  const start = r.steps!.find((s) => s.role === "start")?.value;
  if (start?.kind !== "index-value" || start.value.kind !== "index") return false;
  const { name } = start.value;
  const place = family.dims.findIndex((d) => d.index === name);
  const dim = family.dims[place];
  if (dim === undefined || !r.copyAxes.get(family.name)!.includes(place)) return false;
  const whole =
    dim.lo.kind === "integer" && dim.lo.value === 0 && dim.hi.kind === "integer" && dim.hi.value === states;
  return (
    whole &&
    delivered(c.system, family.name, (read, output) => {
      const at = read.at[place]!;
      return at.kind === "static" && reachesAll(at.value, dim, output);
    })
  );
}

const wordProblem: KnownProblem = {
  entry: "C.3",
  class: NC(1),
  problem: "the word problem of a non-solvable group",
  source: "Barrington, 1989",
  test: (c) => {
    const r = c.recurrence;
    if (r?.finiteStates === undefined || r.steps === undefined || r.state.length !== 1) return undefined;
    const enumerated = stepMonoid(c, r);
    if (!enumerated.ok || enumerated.monoid.kind !== "non-solvable") return undefined;
    const { step, monoid } = enumerated;
    const witness = monoid.witness!;
    // Every letter at every place, a start that the group moves, and an end that is seen.
    const family = c.families.find((f) => f.name === r.state[0]!.family)!;
    const everyStart = startsEverywhere(c, r, family, step.states);
    if (!step.free || !(everyStart || step.starts?.some((s) => witness.moved.includes(s)) === true))
      return undefined;
    const axis = r.axis.get(family.name)!;
    const rays = admissibleRay(c.system);
    const length = rays && along(r.length, rays);
    if (r.direction !== 1 || length === undefined || length.slope < 1) return undefined;
    const seen = delivered(c.system, family.name, (read, output) =>
      read.at.every((at, k) =>
        k === axis
          ? reachesLast(at, family.dims[k]!, output)
          : at.kind === "static" &&
            (r.copyAxes.get(family.name)!.includes(k) || reachesAll(at.value, family.dims[k]!, output)),
      ),
    );
    return seen
      ? {
          found: `its step maps generate ${groupName(witness)}: ${generatorsText(witness)}`,
        }
      : undefined;
  },
};

/** The tests of `simulations.ts`, each with its entry. */
const simulations: readonly KnownProblem[] = [
  {
    entry: "F.5",
    class: P,
    problem: "the lexicographically first independent set",
    source: "Cook, 1985; Luby, 1986",
    test: firstIndependentSet,
  },
  {
    entry: "F.7",
    class: P,
    problem: "a threshold network whose weights are data",
    source: "Ladner, 1975, by the gadget of the catalogue",
    test: thresholdNetwork,
  },
  {
    entry: "E.4",
    class: P,
    problem: "a finite-horizon decision process",
    source: "Papadimitriou and Tsitsiklis, 1987",
    test: decisionProcess,
  },
  {
    entry: "F.9",
    class: P,
    problem: "alternating reachability",
    source: "Immerman, 1981; Chandra, Kozen and Stockmeyer, 1981",
    test: alternatingReachability,
  },
  {
    entry: "F.4",
    class: P,
    problem: "unit propagation over Horn clauses",
    source: "Jones and Laaser, 1976",
    test: hornClosure,
  },
  {
    entry: "C.18",
    class: P,
    problem: "circuit value, layer by layer",
    source: "Ladner, 1975; Goldschlager and Parberry, 1986",
    test: layeredCircuit,
  },
  {
    entry: "F.6",
    class: P,
    problem: "a crossbar of wires",
    source: "Ladner, 1975, by the gadget of the catalogue; Okhotin, 2003",
    test: crossbar,
  },
  {
    entry: "D.8",
    class: P,
    problem: "the Game of Life",
    source: "Berlekamp, Conway and Guy, 1982; Durand and Róka, 1999",
    test: gameOfLife,
  },
];

const problems: readonly KnownProblem[] = [
  circuitValue,
  monoidCircuit,
  semiringCircuit,
  ruleAutomaton,
  wordProblem,
  ...simulations,
];

/** The first known problem that the component is an instance of. */
export function hardnessOf(c: Component): Hardness | undefined {
  for (const p of problems) {
    const match = p.test(c);
    if (match === undefined) continue;
    return {
      kind: "lower",
      class: p.class,
      complete: true,
      how: { kind: "known-problem", problem: p.problem },
      entry: p.entry,
      source: p.source,
      standing: { kind: "cited", entry: p.entry, source: p.source },
      found: match.found,
      of: match.of,
      origin: c.families[0]?.origin,
    };
  }
  return undefined;
}
