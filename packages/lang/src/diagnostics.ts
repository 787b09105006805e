/**
 * The diagnostics catalogue: one typed table. A code is a promise: it is kebab-case, it has a page
 * `docs/errors/<code>.md`, and the holes of its message are arguments that the compiler makes you give.
 */
import type { Range } from "./syntax/tree";

export type Severity = "error" | "warning" | "info";

/** One mistake, with the smallest range to blame. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** What was found and what was expected. */
  readonly message: string;
  /** How to put it right; works when pasted. */
  readonly help?: string | undefined;
  readonly file: string;
  /** The smallest range to blame. */
  readonly range: Range;
  /** Other places that belong to the story. */
  readonly related?:
    | readonly { readonly message: string; readonly file: string; readonly range: Range }[]
    | undefined;
}

interface Definition {
  readonly severity: Severity;
  /** `{name}` marks a hole. */
  readonly message: string;
  readonly help?: string;
}

const define = <const T extends Record<string, Definition>>(table: T): T => table;

/** Every code, in the order of the stages that report it. */
export const catalogue = define({
  // Text and syntax
  "unexpected-token": {
    severity: "error",
    message: "expected {expected}, found {found}",
    help: "{suggestion}",
  },
  "nested-too-deeply": {
    severity: "error",
    message: "more than {limit} {what}",
    help: "give parts of it names with `let`, `fn` or families of their own",
  },
  "unexpected-character": {
    severity: "error",
    message: "{found} is not part of the language",
    help: "{suggestion}",
  },
  "number-out-of-range": { severity: "error", message: "{found} does not fit: {expected}" },

  // Names
  "unknown-name": { severity: "error", message: "nothing here is called `{name}`", help: "{suggestion}" },
  "duplicate-name": {
    severity: "error",
    message: "`{name}` is already declared",
    help: "give one of the two another name",
  },
  "import-not-found": {
    severity: "error",
    message: "there is no file {spec}",
    help: 'paths are relative to this file; the standard library is "std/…"',
  },
  "import-cycle": { severity: "error", message: "files import each other: {path}" },
  "not-exported": {
    severity: "error",
    message: "{spec} declares nothing called `{name}`",
    help: "{suggestion}",
  },
  "recursive-function": {
    severity: "error",
    message: "`{name}` calls itself: {path}",
    help: "functions are expanded where they are used; write the recurrence as a family of nodes",
  },
  "recursive-use": {
    severity: "error",
    message: "`{name}` uses itself: {path}",
    help: "index the instances instead, so that each reads an earlier one",
  },

  // Types and shapes
  "type-mismatch": { severity: "error", message: "expected {expected}, found {found}", help: "{suggestion}" },
  "wrong-arity": { severity: "error", message: "`{name}` takes {expected}, found {found}" },
  "wrong-rank": { severity: "error", message: "`{name}` has {expected}, found {found}" },
  "not-a-family": { severity: "error", message: "`{name}` is {found}, not a family: it has no elements" },
  "not-a-value": { severity: "error", message: "`{name}` is {found}: it cannot stand for a value here" },
  "no-member": { severity: "error", message: "{target} has no `{name}`", help: "{suggestion}" },
  "not-static": {
    severity: "error",
    message: "{what} must be known before the run: {found} is data",
    help: "use only numbers, sizes, consts and index variables here",
  },
  "default-needs-read": {
    severity: "error",
    message: "`??` gives a default for a read, found {found}",
    help: "write it after a read, as in `a[i-1] ?? 0`",
  },
  "table-size": {
    severity: "error",
    message: "the table has {found} entries, its arguments have {expected} combinations",
  },
  "table-argument": {
    severity: "error",
    message: "a table's arguments are bit, enum or index of a constant, found {found}",
  },
  "missing-type": {
    severity: "error",
    message: "the type of `{name}` cannot be found out from its own equation",
    help: "write it: `{suggestion}`",
  },
  "missing-value": {
    severity: "error",
    message: "`{name}` is {role} and needs an equation",
    help: "write ` = …` after it",
  },
  "unexpected-value": {
    severity: "error",
    message: "`{name}` is {role}: its values come from outside",
    help: "make it a `node`, or remove the equation",
  },
  "argmin-rank": { severity: "error", message: "`{op}` ranges over one index, found {found}" },
  "not-yet-supported": {
    severity: "error",
    message: "{what} parses, but has no meaning yet in this version",
  },

  // Monoids
  "monoid-not-associative": {
    severity: "error",
    message: "`{name}` is not associative: ({a} · {b}) · {c} = {left}, but {a} · ({b} · {c}) = {right}",
    help: "a reduction may combine its operands in any grouping, so all groupings must agree",
  },
  "monoid-identity": {
    severity: "error",
    message: "the identity of `{name}` changes an element: {product} = {found}, not {expected}",
    help: "a reduction over nothing gives the identity, and a point left out counts as it",
  },
  "monoid-not-closed": {
    severity: "error",
    message: "`{name}` leaves its own elements: {left} · {right} = {found}",
    help: "use `mod`, or a larger type for the elements",
  },

  // Reductions
  "reduction-source": {
    severity: "error",
    message: "a reduction from `{task}` keeps the names of its sizes: `{expected}`",
  },
  "reduction-answer": {
    severity: "error",
    message: "`{task}` has no single answer: a reduction starts from a task with one output, without indices",
  },
  "reduction-member": {
    severity: "error",
    message:
      "a reduction consists of `node`s, values for the inputs of its target, and `answer`; found {found}",
  },
  "reduction-disagrees": {
    severity: "error",
    message:
      "`{name}` is no reduction: at {sizes} with {inputs} the answer of `{from}` is {expected}, by `{to}` it is {found}",
    help: "the smallest instance tried that shows it",
  },
  "reduction-not-shallow": {
    severity: "error",
    message: "the map of `{name}` is not known to be in NC: {why}",
    help: "a reduction must be easy in parallel, or it carries no hardness over",
  },

  // Use and examples
  "missing-binding": {
    severity: "error",
    message: "`{task}` needs its input `{name}`",
    help: "add `{suggestion}` between the braces",
  },
  "unknown-binding": { severity: "error", message: "`{task}` has no input `{name}`", help: "{suggestion}" },
  "example-value": { severity: "error", message: "`{name}` needs {expected}, found {found}" },
  "example-unbound": {
    severity: "error",
    message: "the example does not say what `{name}` is",
    help: "add `{suggestion}`",
  },
  "example-checks-nothing": {
    severity: "warning",
    message: "the example compares nothing",
    help: "add a line such as `{suggestion}`",
  },
  "unused-let": {
    severity: "warning",
    message: "`{name}` is never read",
    help: "remove it, or call it `_{name}`",
  },

  // Meaning over all sizes
  "read-outside": {
    severity: "error",
    message: "{read} is outside `{family}` at {sizes}: {why}",
    help: "{suggestion}",
  },
  "empty-task": {
    severity: "error",
    message: "no sizes up to {limit} satisfy `where`",
    help: "the conditions contradict each other or ask for sizes beyond what is tried",
  },
  cycle: {
    severity: "error",
    message: "`{node}` depends on itself at {sizes}: {path}",
    help: "an equation may read only what is computed before it",
  },
  "cycle-by-data": {
    severity: "error",
    message: "data may make `{node}` depend on itself at {sizes}: {path}",
    help: "a subscript that is data reaches all that its type allows; bound it, as in `{read}[min(i - 1, …)]`, or by an input of type `index(i)`",
  },
  "where-broken": { severity: "error", message: "`{condition}` does not hold at {sizes}" },
  "size-missing": {
    severity: "error",
    message: "the size `{name}` has no value",
    help: "give one: `{suggestion}`",
  },
  "size-invalid": {
    severity: "error",
    message: "the size `{name}` must be a whole number from 0 to {limit}, found {found}",
  },
  "size-unknown": {
    severity: "error",
    message: "`{task}` has no size called `{name}`",
    help: "{suggestion}",
  },
  "too-large": {
    severity: "error",
    message: "{what} needs {found}, the limit is {limit}",
    help: "{suggestion}",
  },
  "input-missing": { severity: "error", message: "the input `{name}` has no value", help: "{suggestion}" },
  "input-shape": { severity: "error", message: "`{name}` needs {expected}, found {found}" },
  "input-range": { severity: "error", message: "{element} is {found}, outside {expected}" },
  "expect-failed": { severity: "error", message: "expected {expected}, found {found} at {sizes}" },
  "expect-class": {
    severity: "error",
    message: "expected {expected}: {why}",
    help: "`expect class` names the least class derived; `expect class <=` allows smaller ones",
  },
  "assume-unused": {
    severity: "warning",
    message: "nothing is concluded from this assumption: no law by `{law}` is known to this version",
  },
  "assume-form": { severity: "error", message: "`assume … by {law}`: {why}" },
  "expect-undecided": { severity: "warning", message: "{expected} is not decided: {why}" },
  overflow: { severity: "error", message: "{element} overflows int at {where}: {found}" },
  "division-by-zero": { severity: "error", message: "{element} divides by zero at {where}" },
  "index-undefined": {
    severity: "error",
    message: "`{expression}` has no value at {sizes}: {why}",
    help: "guard it with `if`, or say in `where` which sizes are meant",
  },
  "index-outside": { severity: "error", message: "{element} reads {read}, outside `{family}`" },
  "gpu-missing": {
    severity: "error",
    message: "no GPU can be used here: {why}",
    help: "run it on the CPU: `--target js`",
  },
  "gpu-lost": {
    severity: "error",
    message: "the GPU was lost twice during the run: {why}",
    help: "choose smaller sizes, or run it on the CPU: `--target js`",
  },
  "gpu-too-small": {
    severity: "error",
    message: "{what} needs {found} on the GPU, this one has {limit}",
    help: "choose smaller sizes, or run it on the CPU: `--target js`",
  },
  "value-range": { severity: "error", message: "{element} is {found}, outside {expected}" },
  "example-failed": {
    severity: "error",
    message: "`{name}`: {element} is {found}, the example says {expected}",
  },
});

export type DiagnosticCode = keyof typeof catalogue;

type Holes<S extends string> = S extends `${string}{${infer H}}${infer Rest}` ? H | Holes<Rest> : never;
type HelpOf<D> = D extends { readonly help: infer H extends string } ? Holes<H> : never;
/** The arguments a code requires: the holes of its message and of its help text. */
export type Arguments<C extends DiagnosticCode> = {
  readonly [K in Holes<(typeof catalogue)[C]["message"]> | HelpOf<(typeof catalogue)[C]>]: string | number;
};

/** Makes a diagnostic. A help text whose only hole was given as "" is left out. */
export function diagnostic<C extends DiagnosticCode>(
  code: C,
  at: { readonly file: string; readonly range: Range },
  args: Arguments<C>,
  related?: Diagnostic["related"],
): Diagnostic {
  const definition: Definition = catalogue[code];
  const values = args as Readonly<Record<string, string | number>>;
  const fill = (template: string) =>
    template.replace(/\{(\w+)\}/g, (_, hole: string) => String(values[hole] ?? ""));
  const help = definition.help === undefined ? "" : fill(definition.help).trim();
  return {
    code,
    severity: definition.severity,
    message: fill(definition.message),
    ...(help === "" ? {} : { help }),
    file: at.file,
    range: at.range,
    ...(related === undefined || related.length === 0 ? {} : { related }),
  };
}
