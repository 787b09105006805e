/**
 * The 256 elementary cellular automata, judged by exact identities on their rule tables (catalogue D.3–D.5). Every test
 * is a finite table comparison, so a certificate is a theorem; a rule that no test covers is *open*, never serial.
 */
import { AC, ACmod, type CircuitClass, NC, NL, P, TC } from "../classes/classes";

/** A function of a window of cells, the leftmost cell the most significant bit. */
interface Local {
  readonly radius: number;
  readonly table: Uint8Array;
}

export interface RuleVerdict {
  readonly rule: number;
  /** Undefined: no certificate and no hardness proof. */
  readonly class?: CircuitClass | undefined;
  readonly complete: boolean;
  readonly why: string;
  /** Catalogue entry. */
  readonly entry: string;
}

/** The rule whose outputs for 000, 001, … 111 are the bits of `rule`, least significant first (Wolfram's number). */
const local = (rule: number): Local => ({
  radius: 1,
  table: Uint8Array.from({ length: 8 }, (_, k) => (rule >> k) & 1),
});

/** The map `f` after the map `g`. */
function after(f: Local, g: Local): Local {
  const radius = f.radius + g.radius;
  const width = 2 * radius + 1;
  const inner = 2 * g.radius + 1;
  const mask = (1 << inner) - 1;
  const table = new Uint8Array(1 << width);
  for (let w = 0; w < table.length; w++) {
    let image = 0;
    for (let shift = width - inner; shift >= 0; shift--) image = (image << 1) | g.table[(w >> shift) & mask]!;
    table[w] = f.table[image]!;
  }
  return { radius, table };
}

const identity: Local = { radius: 0, table: Uint8Array.of(0, 1) };

/** f^0, f^1, … f^most. */
function powers(f: Local, most: number): Local[] {
  const all = [identity];
  for (let k = 1; k <= most; k++) all.push(after(f, all[k - 1]!));
  return all;
}

/** Compares `a` with `b` moved by `shift` cells (the value at i is b's value at i + shift), on all windows that hold both. */
function everywhere(a: Local, b: Local, shift: number, holds: (x: number, y: number) => boolean): boolean {
  const reach = Math.max(a.radius, b.radius + Math.abs(shift));
  const width = 2 * reach + 1;
  const [downA, maskA] = [reach - a.radius, (1 << (2 * a.radius + 1)) - 1];
  const [downB, maskB] = [reach - b.radius - shift, (1 << (2 * b.radius + 1)) - 1];
  for (let w = 0; w < 1 << width; w++)
    if (!holds(a.table[(w >> downA) & maskA]!, b.table[(w >> downB) & maskB]!)) return false;
  return true;
}

const equal = (x: number, y: number) => x === y;

/** f(a op b) = f(a) op f(b) on all windows: an AND- or OR-endomorphism. */
const preserves = (f: Local, op: (a: number, b: number) => number): boolean => {
  for (let a = 0; a < 8; a++)
    for (let b = 0; b < 8; b++) if (f.table[op(a, b)] !== op(f.table[a]!, f.table[b]!)) return false;
  return true;
};

/** `f = a·left + b·centre + c·right + d` over GF(2), or undefined. */
function affineForm(f: Local): readonly [number, number, number, number] | undefined {
  const d = f.table[0]!;
  const [c, b, a] = [f.table[1]! ^ d, f.table[2]! ^ d, f.table[4]! ^ d];
  const is = f.table.every((v, w) => v === (((w >> 2) & a) ^ ((w >> 1) & b) ^ (w & c & 1) ^ d));
  return is ? [a, b, c, d] : undefined;
}

const MOST_POWER = 4;
const MOST_SETTLING = 2;

type Certificate = Omit<RuleVerdict, "rule">;
const certificate = (of: CircuitClass, why: string, entry = "D.4"): Certificate => ({
  class: of,
  complete: false,
  why,
  entry,
});

/** Tests of the map itself, finest class first. */
function direct(rule: number): Certificate | undefined {
  const f = local(rule);
  const power = powers(f, MOST_POWER);
  for (let k = 1; k <= MOST_SETTLING; k++) {
    const first = power[k]!.table[0]!;
    if (power[k]!.table.every((v) => v === first))
      return certificate(NC(0), `nilpotent: f^${k} is the constant ${first}`);
  }
  for (let k = 0; k <= MOST_SETTLING; k++)
    for (let p = 1; k + p <= MOST_POWER && p <= 2; p++)
      for (let s = -p; s <= p; s++)
        if (everywhere(power[k + p]!, power[k]!, s, equal))
          return certificate(
            NC(0),
            `f^${k + p} is f^${k} moved by ${s}: a cell after T steps is one table look-up`,
          );
  if (preserves(f, (a, b) => a & b)) return certificate(AC(0), "f preserves AND: f^T is an AND of cells");
  if (preserves(f, (a, b) => a | b)) return certificate(AC(0), "f preserves OR: f^T is an OR of cells");
  const form = affineForm(f);
  if (form !== undefined) {
    const [a, b, c, d] = form;
    const terms = [
      a === 1 ? "left" : "",
      b === 1 ? "centre" : "",
      c === 1 ? "right" : "",
      d === 1 ? "1" : "",
    ];
    const sum = terms.filter((t) => t !== "").join(" + ");
    return certificate(ACmod(2), `f = ${sum} modulo 2: f^T is one parity of selected cells`, "D.3");
  }
  if (rule === 184 || rule === 226)
    return certificate(TC(0), "number-conserving traffic rule: window minima of the height function", "D.6");
  return undefined;
}

/** f acts like a certified rule once the first steps are taken: f = g on the image of f^k, so f^T = g^(T-k) f^k. */
function onImage(rule: number): Certificate | undefined {
  const f = local(rule);
  const power = powers(f, MOST_SETTLING);
  for (let k = 1; k <= MOST_SETTLING; k++) {
    const next = after(f, power[k]!);
    for (let g = 0; g < 256; g++) {
      if (g === rule || !everywhere(next, after(local(g), power[k]!), 0, equal)) continue;
      const known = direct(g);
      if (known !== undefined)
        return { ...known, why: `f = rule ${g} on the image of f^${k}, and for rule ${g}: ${known.why}` };
    }
  }
  return undefined;
}

/** In a moving frame each cell changes at most once, so a trajectory is O(log T) bits (Ollinger and Theyssier, 2022). */
function freezing(rule: number): Certificate | undefined {
  const power = powers(local(rule), MOST_POWER);
  for (let k = 0; k <= MOST_SETTLING; k++)
    for (let p = 1; p <= 2; p++)
      for (let s = -p; s <= p; s++)
        for (const up of [true, false])
          if (everywhere(power[k + p]!, power[k]!, s, (x, y) => (up ? x >= y : x <= y)))
            return certificate(
              NL,
              `freezing: f^${k + p} moved by ${-s} is never ${up ? "below" : "above"} f^${k}, so a cell changes at most once`,
            );
  return undefined;
}

/** Rule 110 and its images under mirror and complement (Neary and Woods, 2006). */
const RULE_110 = [110, 124, 137, 193];
export const isRule110 = (rule: number): boolean => RULE_110.includes(rule);

function classify(rule: number): RuleVerdict {
  const found = direct(rule) ?? onImage(rule) ?? freezing(rule);
  if (found !== undefined) return { rule, ...found };
  if (isRule110(rule))
    return {
      rule,
      class: P,
      complete: true,
      why: rule === 110 ? "P-complete (Neary and Woods, 2006)" : "rule 110 mirrored or complemented",
      entry: "D.2",
    };
  return { rule, complete: false, why: "no certificate and no hardness proof", entry: "D.5" };
}

const known = new Map<number, RuleVerdict>();

/** What is known of predicting an elementary rule for T steps, T in unary, on a ring or a shrinking window of cells. */
export function elementaryRule(rule: number): RuleVerdict {
  let verdict = known.get(rule);
  if (verdict === undefined) {
    verdict = classify(rule);
    known.set(rule, verdict);
  }
  return verdict;
}
