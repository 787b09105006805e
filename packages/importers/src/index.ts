export { type PackedPatterns, packPatterns, patternsPerWord, unpackPatterns } from "./bit-patterns";
export {
  type Circuit,
  type CircuitFormat,
  GateKind,
  gateKindNames,
  gateName,
  type WireGroup,
  type WireRole,
} from "./circuit";
export { type CircuitDiagnostic, type CircuitDiagnosticCode, circuitCatalogue } from "./circuit-diagnostics";
export { type CircuitLevels, circuitLevels, criticalPath, type LevelOptions } from "./circuit-levels";
export { type CircuitLimits, defaultCircuitLimits } from "./circuit-limits";
export { circuitEvaluator, evaluateCircuit } from "./evaluate-circuit";
export { readCircuit } from "./read-circuit";
