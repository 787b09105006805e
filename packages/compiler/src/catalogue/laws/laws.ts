/**
 * The laws by which a recursive component of a system gets a class, as one table: hypothesis test, conclusion, source,
 * and what the law does not say. Numbers are entries of the catalogue. All are tried; the least class counts.
 */
import { asWritten } from "./as-written";
import { affineAutomaton, automatonRule } from "./automata";
import { twoBarriers } from "./barriers";
import { carriedValues } from "./carried";
import { monotoneGrid, restrictedCircuit, semiringCircuit, solvableMonoid } from "./circuits";
import { formalDegree } from "./degree";
import { elimination, gaussian } from "./elimination";
import { autonomousState, finiteState, logarithmicState, monotoneChain } from "./finite-state";
import type { Law } from "./law";
import { oneOperation, thresholds } from "./layers";
import { affineScalar, affineTriangular, linearFraction, linearOfSizes, timeInvariantLinear } from "./linear";

/** In the order in which they are tried. */
export const laws: readonly Law[] = [
  finiteState,
  autonomousState,
  monotoneChain,
  logarithmicState,
  automatonRule,
  affineAutomaton,
  restrictedCircuit,
  solvableMonoid,
  semiringCircuit,
  affineScalar,
  affineTriangular,
  timeInvariantLinear,
  linearOfSizes,
  twoBarriers,
  elimination,
  gaussian,
  linearFraction,
  carriedValues,
  formalDegree,
  monotoneGrid,
  oneOperation,
  thresholds,
  asWritten,
];
