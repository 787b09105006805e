/** Cellular automata, by identities on their rules (D.3 to D.5). */
import { ACmod, join, NC, printClass } from "../../classes/classes";
import { affineModulus, type Borders, elementaryAutomaton, keepsBorders } from "../automata";
import { elementaryRule, isRule110, type RuleVerdict } from "../elementary-rules";
import type { Law } from "./law";

export const automatonRule: Law = {
  entry: "D.4",
  title: "an elementary automaton, by identities on its rule table",
  source: "Moore and Pnin, 1998; Ollinger and Theyssier, 2022",
  notClaimed: "anything about rules that no identity covers: 44 of the 88 classes of rules are open (D.5)",
  test: (c) => {
    const automaton = elementaryAutomaton(c.system, c.recurrence);
    if (automaton === undefined) return undefined;
    const verdicts: RuleVerdict[] = [];
    for (const rule of [...automaton.rules].sort((a, b) => Number(isRule110(b)) - Number(isRule110(a)))) {
      const v = elementaryRule(rule);
      if (v.class === undefined || v.complete) return `rule ${rule}: ${v.why}`;
      const still = automaton.borders === undefined || keepsBorders(rule, automaton.borders);
      if (!still && !reflectsAt(rule, automaton.borders!))
        return `rule ${rule} does not keep its borders still`;
      verdicts.push(v);
    }
    const of = verdicts.map((v) => v.class!).reduce(join, NC(0));
    const [first] = verdicts;
    const found =
      verdicts.length === 1
        ? `rule ${first!.rule}: ${first!.why}`
        : `all rules it can follow are in ${printClass(of)}`;
    return [{ class: of, readings: [], because: found, found: `${found} (T in unary)` }];
  },
};

export const affineAutomaton: Law = {
  entry: "D.4",
  title: "an automaton that is affine modulo a number without square factors",
  source: "Moore and Pnin, 1998",
  notClaimed: "anything for a modulus with a square factor, or coefficients that change along the line",
  test: (c) => {
    const m = affineModulus(c.system, c.recurrence);
    if (m === undefined) return undefined;
    const because = `sums of cells around, modulo ${m}`;
    const found =
      "after T steps a cell is one sum of cells, whose multiples are coefficients of a power of one polynomial";
    return [{ class: join(ACmod(m), c.exactLayer), readings: [], because, found: `${found} (T in unary)` }];
  },
};

/**
 * Rules 90 and 150 between two cells of 0, by images: a line of n cells and its mirror image are a ring of 2n + 2 cells, whose two mirrors get
 * one cell twice, which is 0.
 */
const reflectsAt = (rule: number, borders: Borders): boolean =>
  (rule === 90 || rule === 150) && borders.size === 2 && [...borders.values()].every((b) => b === 0);
