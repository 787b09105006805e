/**
 * What becomes of `expect class TC^0`, `expect class <= TC^1`, `expect parallel` and `expect serial`.
 *
 * `expect class C` asks that C is the least class *derived*, so that a change of the program or of a law shows;
 * `<=` asks only that the task lies in C. Both are claims of an upper bound: a bound that is too large refutes nothing.
 */
import type { ExpectClaim } from "@fathom/lang";
import { type CircuitClass, inclusion, parseClass, printClass, within } from "../classes/classes";
import type { Judgement } from "../classes/verdict";
import { readingText } from "./judge";

export interface ClassOutcome {
  readonly outcome: "proved" | "tested" | "claimed" | "failed" | "undecided";
  readonly detail: string;
}

const undecided = (detail: string): ClassOutcome => ({ outcome: "undecided", detail });

/** Decides an `expect` on class or verdict. `proved` is by the derivation, whose standings and side conditions it shares. */
export function judgeClassExpect(
  claim: Exclude<ExpectClaim, { kind: "figure" }>,
  judgement: Judgement,
): ClassOutcome {
  return claim.kind === "class"
    ? expectClass(claim.op, claim.name, judgement)
    : expectVerdict(claim.verdict, judgement);
}

function expectClass(op: "==" | "<=", name: string, j: Judgement): ClassOutcome {
  const wanted = parseClass(name);
  if (wanted === undefined)
    return undecided(
      `no class is called ${name}; known are NC^i, AC^i, AC^0[m], ACC^i, TC^i, L, NL, LOGCFL, DET, TC (= NC), P`,
    );
  const { bound } = j;
  if (bound === undefined) return undecided(j.says);
  const found = printClass(bound.class);
  const reading = bound.readings.map((r) => `, ${readingText[r]}`).join("");
  const derived = `in ${found}${reading}: ${bound.because} [${bound.entry}]`;
  const relation = inclusion(bound.class, wanted);
  if (relation === "equal" || (op === "<=" && relation !== undefined))
    return { outcome: "proved", detail: derived };
  if (relation !== undefined)
    return { outcome: "failed", detail: `the class derived is smaller, ${derived}` };
  return undecided(`derived is only ${derived}${outside(j, wanted)}`);
}

/** What a hardness says of a class that is too small for the problem: a theorem, or a theorem with its hypothesis. */
function outside(j: Judgement, wanted: CircuitClass): string {
  const h = j.hardness;
  if (h === undefined || !within(wanted, h.class)) return "";
  const name = printClass(wanted);
  return `; hard for ${printClass(h.class)} [${h.entry}], so not in ${name} unless ${printClass(h.class)} is`;
}

function expectVerdict(verdict: "serial" | "parallel", j: Judgement): ClassOutcome {
  const wanted = verdict === "parallel" ? "parallel" : "inherently-serial";
  if (j.verdict === wanted) return { outcome: outcomeOf(j), detail: j.says };
  if (verdict === "serial" && j.verdict === "parallel") return { outcome: "failed", detail: j.says };
  return undecided(j.says);
}

/** A verdict is as good as what its hardness rests on. */
function outcomeOf(j: Judgement): ClassOutcome["outcome"] {
  if (j.verdict !== "inherently-serial") return "proved";
  const { hardness } = j;
  if (hardness?.standing.kind === "claimed") return "claimed";
  return hardness?.how.kind === "reduction" ? "tested" : "proved";
}
