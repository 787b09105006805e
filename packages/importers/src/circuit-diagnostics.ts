/**
 * What can be wrong with a circuit file: one typed table, as in the catalogue of the language. Each code is kebab-case,
 * starts with `circuit-` and has a page `docs/errors/<code>.md` whose two files the tests read.
 */

interface Definition {
  /** `{name}` marks a hole. */
  readonly message: string;
  readonly hint?: string;
}

const define = <const T extends Record<string, Definition>>(table: T): T => table;

/** Every code a reader can report. All are errors: a circuit is read whole or not at all. */
export const circuitCatalogue = define({
  "circuit-unknown-format": {
    message: "expected a circuit, found {found}",
    hint: "files that are read: AIGER (.aag, .aig), ISCAS (.bench), Bristol (.txt) and BLIF (.blif){suggestion}",
  },
  "circuit-syntax": { message: "expected {expected}, found {found}", hint: "{suggestion}" },
  "circuit-truncated": {
    message: "the file ends early: expected {expected}, found {found}",
    hint: "fetch or write the file again: the end is missing",
  },
  "circuit-count": {
    message: "the counts do not agree: {expected}, but {found}",
    hint: "put the header right, or the lines that it counts",
  },
  "circuit-too-large": {
    message: "{what}: expected at most {limit}, found {found}",
    hint: "cut the circuit in parts, or call `readCircuit` with a higher limit `{option}`",
  },
  "circuit-wire-number": { message: "expected {expected}, found {found}", hint: "{suggestion}" },
  "circuit-not-boolean": {
    message: "expected a bit (0 or 1) as {what}, found {found}",
    hint: "only Boolean circuits are read",
  },
  "circuit-unknown-gate": {
    message: "`{found}` is not a gate; expected one of {expected}",
    hint: "{suggestion}",
  },
  "circuit-fan-in": { message: "{gate} takes {expected}, found {found}" },
  "circuit-driven-twice": {
    message: "expected one driver for each wire, found a second one for {wire}; the first is {first}",
    hint: "give one of the two another name or number",
  },
  "circuit-undriven-wire": {
    message: "expected an input or a gate that drives {wire}, found none; {reader} reads it",
    hint: "declare it as an input, or add the gate",
  },
  "circuit-cycle": {
    message: "expected a circuit without loops, found {path}",
    hint: "only a latch or a flip-flop may close a loop",
  },
  "circuit-not-flat": {
    message: "`{found}` is not read: expected one flat model of {expected}",
    hint: "flatten and map the model first, for example with ABC: `read_blif in.blif; strash; write_blif out.blif`",
  },
});

export type CircuitDiagnosticCode = keyof typeof circuitCatalogue;

/** What is wrong with a file, at a line of it. */
export interface CircuitDiagnostic {
  readonly code: CircuitDiagnosticCode;
  readonly severity: "error";
  readonly file: string;
  /** From 1; in binary AIGER the line on which the binary part starts. */
  readonly line: number;
  /** What was found and what was expected. */
  readonly message: string;
  /** How to put it right. */
  readonly hint?: string | undefined;
}

type Holes<S extends string> = S extends `${string}{${infer H}}${infer Rest}` ? H | Holes<Rest> : never;
type HintOf<D> = D extends { readonly hint: infer H extends string } ? Holes<H> : never;
/** The arguments that a code requires: the holes of its message and of its hint. */
export type CircuitArguments<C extends CircuitDiagnosticCode> = {
  readonly [K in Holes<(typeof circuitCatalogue)[C]["message"]> | HintOf<(typeof circuitCatalogue)[C]>]:
    | string
    | number;
};

/** More would bury the first one. */
const mostReported = 10;

/**
 * Collects the diagnostics of one file. The same message on many lines is one mistake: it is kept once, at its first
 * line, with a count.
 */
export class CircuitReport {
  readonly #file: string;
  readonly #seen = new Map<
    string,
    { readonly diagnostic: CircuitDiagnostic; more: number; lastLine: number }
  >();

  constructor(file: string) {
    this.#file = file;
  }

  get failed(): boolean {
    return this.#seen.size > 0;
  }

  add<C extends CircuitDiagnosticCode>(code: C, line: number, args: CircuitArguments<C>): void {
    const definition: Definition = circuitCatalogue[code];
    const values = args as Readonly<Record<string, string | number>>;
    const fill = (template: string) =>
      template.replace(/\{(\w+)\}/g, (_, hole: string) => String(values[hole] ?? ""));
    const message = fill(definition.message);
    const key = `${code} ${message}`;
    const before = this.#seen.get(key);
    if (before !== undefined) {
      before.more += 1;
      before.lastLine = line;
      return;
    }
    if (this.#seen.size >= mostReported) return;
    const hint = definition.hint === undefined ? "" : fill(definition.hint).trim();
    const diagnostic: CircuitDiagnostic = {
      code,
      severity: "error",
      file: this.#file,
      line,
      message,
      ...(hint === "" ? {} : { hint }),
    };
    this.#seen.set(key, { diagnostic, more: 0, lastLine: line });
  }

  list(): readonly CircuitDiagnostic[] {
    return [...this.#seen.values()].map(({ diagnostic, more, lastLine }) =>
      more === 0
        ? diagnostic
        : {
            ...diagnostic,
            message: `${diagnostic.message} (and ${more} more like it, the last on line ${lastLine})`,
          },
    );
  }
}
