/** Which equations can be computed for several neighbouring instances at once, as lanes of a vector of 32-bit numbers. */
import { changesWith, conditionMentions, dimsMention, mentionsIndex } from "../equations/mentions";
import type { Dim, Expr, Family, IndexExpr, Operator, Piece } from "../equations/system";

export interface LaneQuestions {
  /** Static reads that are not proved to stay inside. */
  readonly unproved: ReadonlySet<Expr>;
  /** Whether a read, inside a reduction over `dims`, stays inside its family whatever conditions stand around it. */
  readonly always: (e: Extract<Expr, { kind: "read" }>, dims: readonly Dim[]) => boolean;
  /** Families that lie in memory otherwise than value after value. */
  readonly elsewhere: ReadonlySet<string>;
}

/** What has no instruction for four lanes, or may end the run. */
const lonely: ReadonlySet<Operator> = new Set(["div", "mod"]);

/** A sum of indices, each times a number. */
const linear = (e: IndexExpr, index: string): boolean => {
  if (!mentionsIndex(e, index)) return true;
  switch (e.kind) {
    case "index":
      return true;
    case "add":
    case "sub":
      return linear(e.left, index) && linear(e.right, index);
    case "mul":
      return (
        (e.left.kind === "integer" && linear(e.right, index)) ||
        (e.right.kind === "integer" && linear(e.left, index))
      );
    default:
      return false;
  }
};

/** A sum of a few sizes, indices and small numbers: it fits 32 bits in every lane. */
const small = (e: IndexExpr, room = 16): boolean => {
  switch (e.kind) {
    case "integer":
      return Math.abs(e.value) < 2 ** 20;
    case "size":
    case "index":
      return room >= 1;
    case "add":
    case "sub":
      return small(e.left, room / 2) && small(e.right, room / 2);
    default:
      return false;
  }
};

/** Whether the instances of a family along `index` can be lanes. The pieces are those of an interior: no guard asks for the index. */
export function laneable(
  family: Family,
  pieces: readonly Piece[],
  index: string,
  ask: LaneQuestions,
): boolean {
  if (family.type.kind === "index") return false;
  const seen = new Map<Expr, boolean>();
  const go = (e: Expr): boolean => {
    const known = seen.get(e);
    if (known !== undefined) return known;
    const found = !changesWith(e, index) || fresh(e);
    seen.set(e, found);
    return found;
  };
  const fresh = (e: Expr): boolean => {
    switch (e.kind) {
      case "constant":
        return true;
      case "index-value":
        return linear(e.value, index);
      case "read":
        return (
          !ask.unproved.has(e) &&
          !ask.elsewhere.has(e.family) &&
          e.at.every((s) => s.kind === "static" && linear(s.value, index))
        );
      case "apply":
        return !lonely.has(e.op) && e.args.every(go);
      case "select":
        return go(e.condition) && go(e.then) && go(e.otherwise);
      case "choose":
        return e.cases.every((c) => !conditionMentions(c.guard, index) && go(c.value));
      case "reduce": {
        if (e.op === "argmin" || e.op === "argmax" || e.op === "majority") return false;
        if (dimsMention(e.dims, index)) return false;
        if (!go(e.body) || (e.dataFilter !== undefined && !go(e.dataFilter))) return false;
        if (!conditionMentions(e.filter, index)) return true;
        // Every lane computes what some of them leave out.
        return (
          e.filter.every((all) => all.every((c) => small(c.left) && small(c.right))) &&
          harmless(e.body, e.dims) &&
          (e.dataFilter === undefined || harmless(e.dataFilter, e.dims))
        );
      }
      case "vector":
        return e.components.every(go);
      case "component":
        return go(e.of);
      case "table":
      case "fold":
      case "operand":
        return false;
    }
  };
  const harmless = (e: Expr, dims: readonly Dim[]): boolean => {
    const all = (list: readonly Expr[]): boolean => list.every((x) => harmless(x, dims));
    switch (e.kind) {
      case "constant":
      case "index-value":
        return true;
      case "read":
        return ask.always(e, dims);
      case "apply":
        return !lonely.has(e.op) && all(e.args);
      case "select":
        return all([e.condition, e.then, e.otherwise]);
      case "vector":
        return all(e.components);
      case "component":
        return all([e.of]);
      default:
        return false;
    }
  };
  return pieces.length > 0 && pieces.every((p) => !conditionMentions(p.guard, index) && go(p.value));
}
