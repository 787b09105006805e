/**
 * A chain `s[i] = s[i-1] ⊕ e(i)` over an associative operator, written as one reduction over `e`: as deep as one gate.
 * On `int` and `bit` exact (arithmetic wraps, so sums re-associate); on `real` rounding changes, and the title says so.
 */
import type { Binder, Expr, FamilyMember, Range as Span } from "@fathom/lang";
import type { Edit } from "./fixes";
import type { Snapshot } from "./snapshot";
import { forEachChild, type TreeNode } from "./walk";

export interface Rewrite {
  readonly title: string;
  readonly edits: readonly Edit[];
  /** False where results may differ by rounding. */
  readonly exact: boolean;
}

const reductions: Readonly<Record<string, string>> = {
  "+": "sum",
  "*": "product",
  or: "any",
  and: "all",
  xor: "parity",
};

/** The chain that a family is, as a reduction; undefined where it is none. */
export function asReduction(snapshot: Snapshot, family: FamilyMember): Rewrite | undefined {
  const { value } = family;
  if (value?.kind !== "if" || family.role !== "node") return undefined;
  const text = (node: { readonly range: Span }) => snapshot.text.slice(node.range.start, node.range.end);
  const same = (a: Expr, b: Expr) => text(a).replace(/\s/g, "") === text(b).replace(/\s/g, "");
  const unwrap = (e: Expr): Expr => (e.kind === "block" && e.lets.length === 0 ? unwrap(e.value) : e);
  const { condition } = value;
  if (condition.kind !== "binary" || condition.op !== "==" || condition.left.kind !== "name-expr")
    return undefined;
  const along = family.binders.find(
    (b) => b.name.text === (condition.left as { name: { text: string } }).name.text,
  );
  if (along === undefined || !same(along.lo, condition.right)) return undefined;
  // Later binders' bounds may mention the index; they are kept, so only its own bound matters here.
  const first = unwrap(value.then);
  const step = unwrap(value.otherwise);
  const [op, left, right] =
    step.kind === "binary"
      ? [step.op as string, step.left, step.right]
      : step.kind === "call" &&
          step.args.length === 2 &&
          (step.name.text === "min" || step.name.text === "max")
        ? [step.name.text, step.args[0]!, step.args[1]!]
        : [undefined, step, step];
  if (op === undefined) return undefined;
  const reduction = op === "min" || op === "max" ? op : reductions[op];
  if (reduction === undefined) return undefined;
  const [l, r] = [unwrap(left), unwrap(right)];
  const body = isPrevious(snapshot, family, along, l)
    ? r
    : isPrevious(snapshot, family, along, r)
      ? l
      : undefined;
  if (body === undefined || mentions(snapshot, family, body) || mentions(snapshot, family, first))
    return undefined;
  const type = snapshot.program.familyType(family).kind;
  if (type !== "int" && type !== "bit" && type !== "real") return undefined;
  // `+` on bits does not exist; `or` on bits is `any`.
  const index = along.name.text;
  const inner = freshIndex(snapshot, family);
  const shifted = renamed(snapshot, body, along, inner);
  const start = text(along.lo);
  const firstIsBody = substituted(snapshot, body, along, start) === text(first).replace(/\s/g, "");
  const from = firstIsBody ? start : `${start === "0" ? "1" : `${start} + 1`}`;
  const rest = `${reduction}[${inner}: ${from}..=${index}] ${shifted}`;
  const whole = firstIsBody
    ? rest
    : op === "min" || op === "max"
      ? undefined
      : `${bracketed(text(first))} ${op} (${rest})`;
  // An empty `min` has no value to stand for it: only the whole chain can be rewritten.
  if (whole === undefined) return undefined;
  const exact = type !== "real" || op === "min" || op === "max";
  return {
    title: `Rewrite \`${family.name.text}\` as a reduction${exact ? "" : " (rounding may change)"}`,
    edits: [{ range: value.range, text: whole }],
    exact,
  };
}

const bracketed = (text: string): string => (/^[\w.]+(\[[^\]]*\])?$/.test(text) ? text : `(${text})`);

/** `s[…, i-1, …]`, the other indices as they are. */
function isPrevious(snapshot: Snapshot, family: FamilyMember, along: Binder, e: Expr): boolean {
  if (e.kind !== "subscript" || e.target.kind !== "name-expr") return false;
  const meaning = snapshot.program.symbolOf(e.target.name);
  if (meaning?.kind !== "family" || meaning.declaration !== family) return false;
  return family.binders.every((b, k) => {
    const at = e.at[k];
    if (at === undefined) return false;
    if (b !== along) return at.kind === "name-expr" && at.name.text === b.name.text;
    return (
      at.kind === "binary" &&
      at.op === "-" &&
      at.left.kind === "name-expr" &&
      at.left.name.text === b.name.text &&
      at.right.kind === "number" &&
      at.right.value === 1
    );
  });
}

function mentions(snapshot: Snapshot, family: FamilyMember, node: TreeNode): boolean {
  let found = false;
  const visit = (n: TreeNode): void => {
    if (n.kind === "name") {
      const meaning = snapshot.program.symbolOf(n as never);
      if (meaning?.kind === "family" && meaning.declaration === family) found = true;
    }
    forEachChild(n, visit);
  };
  visit(node);
  return found;
}

/** Where the index is used in an expression. */
function usesOf(snapshot: Snapshot, node: TreeNode, along: Binder): Span[] {
  const found: Span[] = [];
  const visit = (n: TreeNode): void => {
    if (n.kind === "name") {
      const meaning = snapshot.program.symbolOf(n as never);
      if (meaning?.kind === "binder" && meaning.declaration === along) found.push(n.range);
    }
    forEachChild(n, visit);
  };
  visit(node);
  return found.sort((a, b) => a.start - b.start);
}

function withUses(snapshot: Snapshot, node: Expr, along: Binder, text: string): string {
  let out = "";
  let last = node.range.start;
  for (const use of usesOf(snapshot, node, along)) {
    out += snapshot.text.slice(last, use.start) + text;
    last = use.end;
  }
  return out + snapshot.text.slice(last, node.range.end);
}

const renamed = (snapshot: Snapshot, node: Expr, along: Binder, name: string): string =>
  withUses(snapshot, node, along, name);
const substituted = (snapshot: Snapshot, node: Expr, along: Binder, value: string): string =>
  withUses(snapshot, node, along, value).replace(/\s/g, "");

function freshIndex(snapshot: Snapshot, family: FamilyMember): string {
  const text = snapshot.text.slice(family.range.start, family.range.end);
  for (const name of ["k", "j", "m", "q"]) {
    const taken =
      new RegExp(`\\b${name}\\b`).test(text) ||
      snapshot.names
        .in(snapshot.uri)
        .some(
          (o) =>
            o.declares && o.name.text === name && o.meaning.kind !== "binder" && o.meaning.kind !== "let",
        );
    if (!taken) return name;
  }
  return "_k";
}
