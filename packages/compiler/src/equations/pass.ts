/**
 * Passes over equations. A pass is a named function; a pipeline is a literal list of them, read from top to bottom. With
 * `verify` the system is checked after every pass, and the pass that broke it is named.
 */
import { isAlways } from "./conditions";
import { readsOf } from "./expressions";
import type { System } from "./system";
import { verifySystem } from "./verify";

/** A step of a pipeline: gives equations with the same meaning. */
export interface Pass {
  readonly name: string;
  /** One line: what it gains. */
  readonly summary: string;
  readonly run: (system: System) => System;
}

/** A pass gave an unsound system: a fault of ours, which says whose. */
export class BrokenPass extends Error {
  constructor(
    readonly pass: string,
    readonly faults: readonly string[],
  ) {
    super(`the pass ${pass} broke the equations: ${faults.join("; ")}`);
  }
}

/** Runs passes one after another. @throws BrokenPass with `verify`, where one gives unsound equations */
export function runPipeline(
  passes: readonly Pass[],
  system: System,
  options: { readonly verify: boolean },
): System {
  return passes.reduce((before, pass) => {
    const after = pass.run(before);
    const faults = options.verify ? verifySystem(after) : [];
    if (faults.length > 0) throw new BrokenPass(pass.name, faults);
    return after;
  }, system);
}

/** Equations that stand after one that always holds, or whose guard never does. */
const dropUnreachablePieces: Pass = {
  name: "drop-unreachable-pieces",
  summary: "leave out equations that are never selected",
  run: (system) => ({
    ...system,
    families: system.families.map((family) => {
      const end = family.pieces.findIndex((p) => isAlways(p.guard));
      const reachable = end < 0 ? family.pieces : family.pieces.slice(0, end + 1);
      return { ...family, pieces: reachable.filter((p) => p.guard.length > 0) };
    }),
  }),
};

/** Nodes and random families that no output, and nothing asked for, depends on. Inputs stay: they are still given. */
const dropUnusedFamilies = (keep: ReadonlySet<string>): Pass => ({
  name: "drop-unused-families",
  summary: "leave out what no output needs",
  run: (system) => {
    const outputs = system.families.filter((f) => f.role === "output" || keep.has(f.name));
    if (outputs.length === 0) return system;
    const sources = new Map(
      system.families.map((f) => [f.name, f.pieces.flatMap((p) => readsOf(p.value)).map((r) => r.family)]),
    );
    const needed = new Set<string>();
    const open = outputs.map((f) => f.name);
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (needed.has(name)) continue;
      needed.add(name);
      open.push(...(sources.get(name) ?? []));
    }
    return {
      ...system,
      families: system.families.filter((f) => f.role === "input" || f.role === "param" || needed.has(f.name)),
    };
  },
});

/** From lowered equations to what a back end computes. */
export const runPasses = (keep: ReadonlySet<string>): readonly Pass[] => [
  dropUnreachablePieces,
  dropUnusedFamilies(keep),
];
