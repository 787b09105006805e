/**
 * What can be said of the problem that a task states: the class it is known to lie in, a verdict, the side conditions under
 * which both hold, and the steps that lead there. All of it data, rendered alike by every client.
 *
 * An upper bound and a lower bound are different types. No verdict follows from a depth as written being large: only an
 * upper bound (`parallel`) or a hardness (`inherently-serial`) with its source moves a task out of `serial-as-written`.
 */
import type { Origin } from "../equations/system";
import type { Derivation, Standing } from "../symbolic/standing";
import type { CircuitClass } from "./classes";

/** What can be said of a task in one word. */
export type VerdictKind =
  /** In TC = NC, with the derivation. */
  | "parallel"
  /** Hard for P: not in TC unless TC = P. Needs a hardness, never a depth. */
  | "inherently-serial"
  /** Neither: deep as written, no parallel form found by this compiler, no hardness known to it. */
  | "serial-as-written"
  /** Within eps by polylog depth; nothing is said of the exact function (C.29). */
  | "approximately-parallel"
  /** Size beyond every polynomial in the input length: no class below P to speak of. */
  | "exponential-size"
  /** No size grows: a finite table, to which classes do not apply (H.35). */
  | "finite"
  /** A figure that the verdict needs could not be derived. */
  | "undecided";

/** In words. */
export const verdictText: Readonly<Record<VerdictKind, string>> = {
  parallel: "parallel",
  "inherently-serial": "inherently serial unless TC = P",
  "serial-as-written": "serial as written",
  "approximately-parallel": "approximately parallel",
  "exponential-size": "exponential size",
  finite: "finite",
  undecided: "undecided",
};

/**
 * In what a bound is about less than the program. Without any it is exact: the very bits of the reference interpreter, at words
 * of O(log N) bits.
 */
export type Reading =
  /** Reals with exact sums and products, rounded once: differs from the interpreter in the last places (B.20). */
  | "up-to-rounding"
  /** Inputs on which no int leaves its word: where it would wrap, re-arranged maxima of sums differ. */
  | "without-overflow"
  /** Inputs on which no cycle has a negative sum: round one, elimination doubles a sum at every step, and it is no shortest path. */
  | "without-negative-cycles"
  /** Some output within eps of the true one (C.29). */
  | "within-eps"
  /** What a sampler answers with high probability as its steps grow in number, if what is assumed of it holds (A.8). */
  | "in-the-limit";

/** "The problem lies in this class." Never printed as the exact complexity. */
export interface ClassBound {
  readonly kind: "upper";
  readonly class: CircuitClass;
  /** Empty: exact. */
  readonly readings: readonly Reading[];
  /** Circuits of some family, which no rule is known to generate; absent: as the side conditions say. */
  readonly nonuniform?: true | undefined;
  readonly standing: Standing;
  /** The catalogue entry that carries the bound: `0.5`, `C.9`. */
  readonly entry: string;
  /** How in a few words: "depth O(1) of threshold gates", "a scan of affine maps". */
  readonly because: string;
}

/** "Everything in this class reduces to the problem." */
export interface Hardness {
  readonly kind: "lower";
  readonly class: CircuitClass;
  /** The problem is also in the class: P-complete, NC^1-complete. */
  readonly complete: boolean;
  readonly how: /** Recognised as a problem of the catalogue, by an exact test on the equations. */
    | { readonly kind: "known-problem"; readonly problem: string }
    /** A `reduction` of the program: its map is in NC and answers agreed on so many random instances. */
    | {
        readonly kind: "reduction";
        readonly name: string;
        readonly from: string;
        readonly instances: number;
        readonly deepest: number;
      }
    /** The author of the file says so. */
    | { readonly kind: "claimed"; readonly by: string };
  readonly entry: string;
  readonly source: string;
  readonly standing: Standing;
  /** What was recognised, in words. */
  readonly found?: string | undefined;
  /** What it is hardness of, where that is less than the program: "exact rationals, not binary32". */
  readonly of?: string | undefined;
  readonly origin?: Origin | undefined;
}

/** Under which readings of length, horizon, words and order class and verdict hold. */
export interface SideConditions {
  readonly uniformity: {
    readonly value: "DLOGTIME" | "L" | "P" | "nonuniform";
    readonly why: string;
    /** Families whose values come from training: fixed for every size they are advice, and the bound is nonuniform (H.4). */
    readonly advice: readonly string[];
  };
  /** How the length of the input is counted: every value is a word, every size is written in unary. */
  readonly inputLength: string;
  /** Steps and cells are counted in unary: each of these sizes is polynomial in N (H.9). */
  readonly horizon: { readonly encoding: "unary" | "binary"; readonly sizes: readonly string[] };
  /** Whether values grow with the steps: words do not, since `int` wraps and `real` rounds. */
  readonly bitGrowth: {
    readonly kind: "none" | "wraps" | "rounds" | "wraps and rounds";
    readonly why: string;
    /** Families that would double in length at every step if they did neither (H.8). */
    readonly doubles: readonly string[];
  };
  /** In what order reals are summed, where any are. */
  readonly realOrder:
    | "no reals are summed"
    | "exact sum, rounded once"
    | "canonical order, rounded at every node";
  readonly readings: readonly Reading[];
  readonly eps?: string | undefined;
  /** A verdict on a family of inputs says nothing of one of them (H.10). */
  readonly scope: "worst case over inputs" | "this instance only";
  readonly randomness: "none" | "random bits count as input";
}

/** A step that no law covers, and what would help. */
export interface Resisted {
  readonly families: readonly string[];
  readonly why: string;
  readonly helps?: string | undefined;
  readonly origin?: Origin | undefined;
}

/** A law that was tried on a recurrence. */
export interface Attempt {
  readonly law: string;
  readonly families: readonly string[];
  readonly outcome: "applies" | "does not apply";
  readonly why: string;
}

/** A hypothesis of a law that the author assumes: decided by the equations, or taken on trust. */
export interface Hypothesis {
  readonly text: string;
  readonly standing: "checked" | "assumed" | "fails";
  readonly entry: string;
}

/** An `assume` of the program: what it rests on, and what follows; `bound` only where nothing fails. */
export interface AssumedLaw {
  readonly law: "diffusion";
  readonly family: string;
  readonly index: string;
  readonly hypotheses: readonly Hypothesis[];
  readonly says: string;
  readonly bound?: ClassBound | undefined;
  readonly origin?: Origin | undefined;
}

/** Class, verdict and how they were reached. A bound and a hardness that contradict one another are a fault of ours, never printed. */
export interface Judgement {
  readonly task: string;
  readonly verdict: VerdictKind;
  /** One sentence that claims no more than is known, with its hypothesis. */
  readonly says: string;
  /** The least class derived. Absent where there is none: finite, exponential, undecided. */
  readonly bound?: ClassBound | undefined;
  /** Of the graph as it is written, before any law. */
  readonly asWritten?: ClassBound | undefined;
  /** The least class bit for bit, where `bound` is about less than the program. */
  readonly others: readonly ClassBound[];
  readonly hardness?: Hardness | undefined;
  readonly sideConditions: SideConditions;
  readonly derivation: Derivation;
  readonly attempts: readonly Attempt[];
  readonly resisted: readonly Resisted[];
  /** What the program assumes by a law, checked and assumed hypotheses apart. */
  readonly assumptions: readonly AssumedLaw[];
  /** What must not be read into the verdict, with the catalogue number. */
  readonly notClaimed: readonly { readonly entry: string; readonly text: string }[];
}
