/**
 * Values on two grids of which one is every k-th point of the other: a fine and a coarse form of one computation, as n-body
 * with a step dt beside one with 2 dt. Which points belong together follows from the ranges, so an error between them means
 * something.
 */
import type { Family, FamilyValues } from "../equations/system";

/** How points of a common grid are found in both: on each axis one of the two strides is 1. */
interface Alignment {
  readonly extent: readonly number[];
  readonly strides: readonly { readonly a: number; readonly b: number }[];
}

/** `0..=T` ends where both forms end; `0..n` is cells, or steps without the last. */
const isClosed = (family: Family, axis: number): boolean => {
  const { hi } = family.dims[axis]!;
  return hi.kind === "add" && hi.right.kind === "integer" && hi.right.value === 1;
};

const widthOf = (v: FamilyValues): number => {
  const points = v.extent.reduce((x, y) => x * y, 1);
  return points === 0 ? 0 : v.data.length / points;
};

/** Undefined where no axis by axis stride leads from one grid to the other. Shapes are those of values. */
export function alignment(family: Family, a: FamilyValues, b: FamilyValues): Alignment | undefined {
  if (a.extent.length !== b.extent.length || widthOf(a) !== widthOf(b)) return undefined;
  const strides: { a: number; b: number }[] = [];
  const extent: number[] = [];
  for (const [axis, ea] of a.extent.entries()) {
    const eb = b.extent[axis]!;
    if (a.lo[axis] !== b.lo[axis]) return undefined;
    const [fine, coarse] = ea >= eb ? [ea, eb] : [eb, ea];
    const less = isClosed(family, axis) ? 1 : 0;
    if (coarse - less < 1 && fine !== coarse) return undefined;
    const every = fine === coarse ? 1 : (fine - less) / (coarse - less);
    if (!Number.isInteger(every)) return undefined;
    strides.push(ea >= eb ? { a: every, b: 1 } : { a: 1, b: every });
    extent.push(coarse);
  }
  return { extent, strides };
}

/** The offset of the point of the common grid that has this number, in one of the two. */
function offsetIn({ extent, strides }: Alignment, values: FamilyValues, side: "a" | "b", k: number): number {
  let [offset, rest, scale] = [0, k, 1];
  for (let axis = extent.length - 1; axis >= 0; axis--) {
    offset += (rest % extent[axis]!) * strides[axis]![side] * scale;
    rest = Math.floor(rest / extent[axis]!);
    scale *= values.extent[axis]!;
  }
  return offset;
}

const pointsOf = (align: Alignment): number => align.extent.reduce((x, y) => x * y, 1);

/** The values of the grid `a` at the points that the grid `b` has. Only where `b` is nowhere finer. */
export function coarsened(align: Alignment, a: FamilyValues, b: FamilyValues): FamilyValues | undefined {
  if (align.strides.some((s) => s.b !== 1)) return undefined;
  const width = widthOf(b);
  const data = b.data.slice();
  for (let k = 0; k < pointsOf(align); k++) {
    const from = offsetIn(align, a, "a", k) * width;
    data.set(a.data.subarray(from, from + width), k * width);
  }
  return { lo: b.lo, extent: b.extent, data };
}

export interface Distance {
  readonly family: string;
  /** Values compared: all of the coarser form. */
  readonly values: number;
  /** How many differ at all. */
  readonly different: number;
  readonly greatest: number;
  /** Root of the mean square of a − b. */
  readonly rms: number;
  /** The same, divided by the root of the mean square of a. */
  readonly relative: number;
  /** Axes that are finer on one side: of each `every` points one is compared. */
  readonly every: readonly { readonly index: string; readonly of: "a" | "b"; readonly every: number }[];
  /** The greatest difference at each point of the first axis, where there are several: how an error grows. */
  readonly along?: { readonly index: string; readonly greatest: readonly number[] } | undefined;
}

/** How far two families of one name are apart; undefined where their shapes do not fit. A NaN is as far as can be. */
export function distanceBetween(family: Family, a: FamilyValues, b: FamilyValues): Distance | undefined {
  const align = alignment(family, a, b);
  if (align === undefined) return undefined;
  const width = widthOf(a);
  const [points, first] = [pointsOf(align), align.extent[0] ?? 1];
  const greatest = new Array<number>(first).fill(0);
  let [different, squares, size] = [0, 0, 0];
  for (let k = 0; k < points; k++) {
    const [at, bt] = [offsetIn(align, a, "a", k) * width, offsetIn(align, b, "b", k) * width];
    const row = Math.floor((k * first) / points);
    for (let c = 0; c < width; c++) {
      const [x, y] = [a.data[at + c]!, b.data[bt + c]!];
      if (Object.is(x, y) || x === y) {
        size += x * x;
        continue;
      }
      different++;
      const gap = Math.abs(x - y);
      const found = Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap;
      greatest[row] = Math.max(greatest[row]!, found);
      squares += found * found;
      size += x * x;
    }
  }
  const values = points * width;
  return {
    family: family.name,
    values,
    different,
    greatest: Math.max(0, ...greatest),
    rms: values === 0 ? 0 : Math.sqrt(squares / values),
    relative: squares === 0 ? 0 : Math.sqrt(squares / size),
    every: align.strides.flatMap((s, axis) => {
      const of = s.a === 1 ? ("b" as const) : ("a" as const);
      return s.a === s.b ? [] : [{ index: family.dims[axis]!.index, of, every: s[of] }];
    }),
    along: first > 2 ? { index: family.dims[0]!.index, greatest } : undefined,
  };
}
