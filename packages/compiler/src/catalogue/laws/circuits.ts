/** Circuits: given as data over a gate set that is not general (C.18, C.19), or monotone in the plane (C.23). */
import { DET, join, L, NL, UNION } from "../../classes/classes";
import { circuitAsData, monoidOf } from "../circuits";
import { finiteSemiring } from "../finite-semirings";
import { planarMonotone } from "../planar";
import { both, type Law } from "./law";

const gateSets = {
  unary: { class: L, name: "gates of one input" },
  or: { class: NL, name: "gates that are all OR" },
  and: { class: NL, name: "gates that are all AND" },
  affine: {
    class: DET,
    name: "gates affine over GF(2): parities of numbers of paths, complete for parity-L",
  },
} as const;

export const restrictedCircuit: Law = {
  entry: "C.18",
  title: "a circuit given as data, over a restricted gate set",
  source: "Goldschlager and Parberry, 1986; Reith and Wagner, 2005",
  notClaimed: "anything about other gate sets, or about circuits of fixed wiring",
  test: (c) => {
    const circuit = circuitAsData(c.system, c.families);
    if (circuit === undefined || circuit.gates.length === 0) return undefined;
    if (!circuit.bitsOnly) return "its nodes hold more than bits";
    if (circuit.set === "general") return "its gates are neither all OR, all AND, affine nor of one input";
    const { class: of, name } = gateSets[circuit.set];
    return [{ class: of, readings: [], because: `a circuit of ${name}`, found: name }];
  },
};

export const solvableMonoid: Law = {
  entry: "C.19",
  title: "a circuit given as data, over a finite monoid whose groups are solvable",
  source: "Beaudry, McKenzie, Péladeau and Thérien, 1997",
  notClaimed: "anything about operations that are not associative, or have no identity",
  test: (c) => {
    const circuit = circuitAsData(c.system, c.families);
    const [operation, ...more] = circuit?.operations ?? [];
    if (operation === undefined || more.length > 0 || operation.length < 3) return undefined;
    const monoid = monoidOf(operation);
    if (monoid === undefined) return "its operation is no monoid";
    if (monoid.kind !== "aperiodic" && monoid.kind !== "solvable") return `its monoid: ${monoid.by}`;
    const because = `a circuit over a monoid of ${operation.length} elements`;
    return both(c, (layer) => join(DET, layer), because, monoid.by);
  },
};

export const semiringCircuit: Law = {
  entry: "C.19",
  title: "a circuit given as data, over a finite semiring without a zero and a one",
  source: "Ganardi, Hucke, König and Lohrey, 2018",
  notClaimed: "anything about operations that do not make a semiring",
  test: (c) => {
    const semiring = finiteSemiring(circuitAsData(c.system, c.families)?.operations ?? []);
    if (semiring === undefined) return undefined;
    if (semiring.zeroOne !== undefined)
      return `of its semiring ${semiring.zeroOne.join(" and ")} are a zero and a one`;
    if (semiring.solvable !== true) return `the products of its semiring: ${semiring.by}`;
    const because = `a circuit over a semiring of ${semiring.size} elements, no zero and one among them`;
    return both(c, (layer) => join(DET, layer), because, semiring.by);
  },
};

/** Gates that only join and meet two neighbours, on a grid. */
export const monotoneGrid: Law = {
  entry: "C.23",
  title: "a monotone circuit in the plane",
  source: "Goldschlager, 1980; Dymond and Cook, 1989; Delcher and Kosaraju, 1995",
  notClaimed: "anything with a negation, or with wires that cross (H.12)",
  test: (c) => {
    const [family] = c.families;
    if (c.families.length !== 1 || family === undefined || family.dims.length < 2) return undefined;
    if (!["bit", "int", "index", "real"].includes(family.type.kind)) return undefined;
    const found = planarMonotone(family);
    if (found !== true) return found;
    const values = family.type.kind === "bit" ? "" : ", once for each threshold";
    return both(
      c,
      (layer) => join(UNION, layer),
      "a monotone circuit in the plane",
      `its wires are those of a lattice${values}`,
    );
  },
};
