/**
 * Scans: those of Kogge and Stone (1973). Level r holds, at place i, the composition of the last 2^r steps up to i, so that log2 levels
 * hold everything up to there, in both cost models.
 */
import * as build from "../../equations/build";
import { and } from "../../equations/conditions";
import { changesWith, conditionMentions, mentionsIndex } from "../../equations/mentions";
import type {
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  IndexExpr,
  Piece,
  Subscript,
} from "../../equations/system";
import { extentOf } from "../recurrence";
import { type Context, fixed, is, one, zero } from "./context";

/** One number of what is scanned; `own` dimensions come after time and copies. */
export interface Part {
  readonly name: string;
  readonly type: ElementType;
  readonly own: readonly Dim[];
  /** At level 0, in order; the last holds elsewhere. */
  readonly element: readonly Piece[];
  /** The composition of what lies before (`earlier`) and what lies after. */
  readonly combine: (earlier: PartRead, later: PartRead) => Expr;
  /** The same at all places: the level is its power. */
  readonly timeless?: boolean;
}
export type PartRead = (part: number, own?: readonly Subscript[]) => Expr;

/**
 * The families of a scan over places `from` (a place that time visits) and later, and how to read the last level at a place in the
 * indices of the recurrence.
 */
export function scan(
  c: Context,
  from: IndexExpr,
  parts: readonly Part[],
): { readonly families: readonly Family[]; readonly last: PartRead } {
  const { r, family, time } = c;
  const axis = r.axis.get(family.name)!;
  const copied = r.copyAxes.get(family.name)!;
  const here = build.index(time.index);
  const range: Dim = r.direction === 1 ? { ...time, lo: from } : { ...time, hi: build.add(from, one) };
  const others = family.dims.filter((_, k) => copied.includes(k));
  const bounded = others.some((d) => mentionsIndex(range.lo, d.index) || mentionsIndex(range.hi, d.index));
  const extent =
    extentOf(
      range,
      family.dims.map((d, k) => (k === axis ? range : d)),
    ) ?? build.sub(range.hi, range.lo);
  const levels = build.log2(extent);
  const level = c.fresh("r");
  const before = build.sub(build.index(level), one);
  const stride = build.pow2(before);
  const place = r.direction === 1 ? build.sub(here, stride) : build.add(here, stride);
  const exists: Condition =
    r.direction === 1
      ? [[build.compare("<=", build.add(from, stride), here)]]
      : [[build.compare("<=", place, from)]];
  // Copies that the elements do not tell apart share one scan. A part that reads another needs what that one needs.
  const kept = others.filter(
    (d) =>
      bounded ||
      parts.some((p) =>
        p.element.some((e) => changesWith(e.value, d.index) || conditionMentions(e.guard, d.index)),
      ),
  );
  const dimsOf = (p: Part): Dim[] => [
    { index: level, lo: zero, hi: build.add(levels, one) },
    ...family.dims.flatMap((d, k) =>
      k === axis ? (p.timeless === true ? [] : [range]) : kept.includes(d) ? [d] : [],
    ),
    ...p.own,
  ];
  const read =
    (at: IndexExpr, when: IndexExpr): PartRead =>
    (k, own = []) => {
      const p = parts[k]!;
      const outer = dimsOf(p)
        .slice(1, dimsOf(p).length - p.own.length)
        .map((d) => fixed(d === range ? when : build.index(d.index)));
      return build.read(p.name, [fixed(at), ...outer, ...own], p.type);
    };
  const families = parts.map((p): Family => {
    const ownAt = p.own.map((d) => fixed(build.index(d.index)));
    const elements = p.element.map((e, k): Piece => {
      const at = is(build.index(level), zero);
      return { ...e, guard: k === p.element.length - 1 ? at : and(at, e.guard) };
    });
    const combined = p.combine(read(before, place), read(before, here));
    const pieces: Piece[] =
      p.timeless === true
        ? [...elements, { guard: build.always, value: combined }]
        : [
            ...elements,
            { guard: exists, value: combined },
            { guard: build.always, value: read(before, here)(parts.indexOf(p), ownAt) },
          ];
    return { name: p.name, role: "node", dims: dimsOf(p), type: p.type, pieces, origin: family.origin };
  });
  return { families, last: read(levels, here) };
}
