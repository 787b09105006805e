/** Sizes and inputs from outside, checked; values of families, in and out. */
import { type Diagnostic, diagnostic, isGiven } from "@fathom/lang";
import { type Box, evaluateIndex, familyBox, forEachPoint, holds, IndexFault } from "./evaluate-index";
import { printComparison, printInstance } from "./print";
import { familyKey, uniform } from "./random";
import type { Dim, ElementType, Family, FamilyValues, Origin, Sizes, System } from "./system";

/** Sizes are below this, so that every index is an exact 32-bit integer. */
export const SIZE_LIMIT = 2 ** 31 - 1;
/** The most values one family may hold: what a typed array and a patient user bear. */
export const FAMILY_LIMIT = 2 ** 29;

const nowhere: Origin = { file: "", start: 0, end: 0 };
export const place = (origin: Origin | undefined) => {
  const { file, start, end } = origin ?? nowhere;
  return { file, range: { start, end } };
};

export const showSizes = (system: Pick<System, "sizes">, sizes: Sizes): string =>
  system.sizes.length === 0
    ? "any sizes"
    : system.sizes.map((s) => `${s.name} = ${sizes[s.name]}`).join(", ");

/** Every size given, whole, in range, and `where` kept. */
export function checkSizes(
  system: Pick<System, "name" | "sizes" | "constraints" | "origin">,
  given: Sizes,
): Diagnostic[] {
  const at = place(system.origin);
  const found: Diagnostic[] = [];
  const names = new Set(system.sizes.map((s) => s.name));
  for (const name of Object.keys(given)) {
    if (!names.has(name)) {
      const suggestion = names.size === 0 ? "it has no sizes" : `its sizes are ${[...names].join(", ")}`;
      found.push(diagnostic("size-unknown", at, { task: system.name, name, suggestion }));
    }
  }
  for (const { name } of system.sizes) {
    const value = given[name];
    if (value === undefined) found.push(diagnostic("size-missing", at, { name, suggestion: `${name}=8` }));
    else if (!Number.isInteger(value) || value < 0 || value > SIZE_LIMIT) {
      found.push(diagnostic("size-invalid", at, { name, limit: SIZE_LIMIT, found: String(value) }));
    }
  }
  if (found.length > 0) return found;
  const lookup = (name: string) => given[name]!;
  try {
    if (holds(system.constraints, lookup)) return [];
  } catch (error) {
    if (!(error instanceof IndexFault)) throw error;
  }
  // Name the first comparison that fails in the alternative that comes closest.
  const closest = [...system.constraints].sort((a, b) => failing(a, lookup) - failing(b, lookup))[0] ?? [];
  const broken = closest.find((c) => failing([c], lookup) > 0);
  const condition = broken === undefined ? "where" : printComparison(broken);
  return [diagnostic("where-broken", at, { condition, sizes: showSizes(system, given) })];
}

function failing(all: System["constraints"][number], lookup: (name: string) => number): number {
  return all.filter((c) => {
    try {
      return !holds([[c]], lookup);
    } catch {
      return true;
    }
  }).length;
}

export const componentsOf = (type: ElementType): number => (type.kind === "vector" ? type.width : 1);

/** Zeroed values of a family. */
export function allocate(
  family: Pick<Family, "dims" | "type">,
  sizes: Sizes,
  box: Box = familyBox(family, sizes),
): FamilyValues {
  const length = box.points * componentsOf(family.type);
  const { lo, extent } = box;
  switch (family.type.kind) {
    case "bit":
    case "enum":
      return { lo, extent, data: new Uint8Array(length) };
    case "int":
    case "index":
      return { lo, extent, data: new Int32Array(length) };
    case "real":
    case "vector":
      return { lo, extent, data: new Float32Array(length) };
  }
}

/** Position of a point in the data of its family, before components; −1 outside the box. */
export function offsetOf(values: Pick<FamilyValues, "lo" | "extent">, point: readonly number[]): number {
  let offset = 0;
  for (let d = 0; d < values.lo.length; d++) {
    const i = point[d]! - values.lo[d]!;
    if (i < 0 || i >= values.extent[d]!) return -1;
    offset = offset * values.extent[d]! + i;
  }
  return offset;
}

/** What a user may give for a family: nested lists, a text of bits, a flat typed array in row-major order, a number. */
export type Given =
  | number
  | string
  | boolean
  | readonly Given[]
  | Uint8Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Binds what was given to the points of a family, or says what is wrong with it. */
export function bindValues(
  family: Pick<Family, "name" | "dims" | "type" | "origin">,
  sizes: Sizes,
  given: Given | undefined,
): { values?: FamilyValues; diagnostics: Diagnostic[] } {
  const at = place(family.origin);
  const { name } = family;
  if (given === undefined) {
    return {
      diagnostics: [
        diagnostic("input-missing", at, {
          name,
          suggestion: `give it as ${name}=…, or let it be made: ${name}=random`,
        }),
      ],
    };
  }
  const values = allocate(family, sizes);
  const width = componentsOf(family.type);
  const fail = (expected: string, found: string) => ({
    diagnostics: [diagnostic("input-shape", at, { name, expected, found })],
  });
  const shape = values.extent.length === 0 ? "one value" : `${values.extent.join(" × ")} values`;
  let problem: { readonly expected: string; readonly found: string } | undefined;
  let wrong: Diagnostic | undefined;
  const store = (point: readonly number[], raw: Given): void => {
    const offset = offsetOf(values, point) * width;
    if (family.type.kind === "vector") {
      const parts = isList(raw) ? [...raw] : [];
      if (parts.length !== width)
        problem ??= { expected: `lists of ${width} numbers as elements`, found: show(raw) };
      else parts.forEach((p, k) => setNumber(offset + k, p, point));
      return;
    }
    setNumber(offset, raw, point);
  };
  const setNumber = (offset: number, raw: Given, point: readonly number[]): void => {
    const value = scalar(family.type, raw);
    if (value === undefined) {
      problem ??= { expected: `elements of type ${typeText(family.type)}`, found: show(raw) };
      return;
    }
    const bound = boundOf(family.type, family.dims, sizes, point);
    if (bound !== undefined && (value < 0 || value >= bound) && wrong === undefined) {
      wrong = diagnostic("input-range", at, {
        element: printInstance(name, point),
        found: value,
        expected: `0..${bound}`,
      });
    }
    values.data[offset] = value;
  };
  if (isTyped(given)) {
    const box = { lo: values.lo, extent: values.extent };
    const count = values.extent.reduce((a, b) => a * b, 1) * width;
    if (given.length !== count) return fail(shape, `${given.length} numbers`);
    forEachPoint(family.dims, sizes, (point) => {
      const offset = offsetOf(box, point) * width;
      if (width > 1) store(point, Array.from(given.subarray(offset, offset + width)));
      else setNumber(offset, given[offset]!, point);
    });
  } else {
    // Counts what was given at each level against the range there.
    const walk = (d: number, part: Given, point: number[]): void => {
      if (problem !== undefined) return;
      const dim = family.dims[d];
      if (dim === undefined) {
        store(point, part);
        return;
      }
      const lookup = (n: string) => sizes[n] ?? point[family.dims.findIndex((x) => x.index === n)] ?? 0;
      const lo = evaluateIndex(dim.lo, lookup);
      const hi = Math.max(lo, evaluateIndex(dim.hi, lookup));
      const last = d === family.dims.length - 1;
      const text = last && typeof part === "string" && (family.type.kind === "enum" || /^[01]*$/.test(part));
      const parts: readonly Given[] | undefined = text
        ? [...part]
        : isTyped(part)
          ? Array.from(part)
          : Array.isArray(part)
            ? part
            : undefined;
      if (parts === undefined || parts.length !== hi - lo) {
        const where = d === 0 ? "" : ` at ${printInstance(name, point)}`;
        problem = {
          expected: `${hi - lo} along ${dim.index}${where}`,
          found: parts === undefined ? show(part) : String(parts.length),
        };
        return;
      }
      parts.forEach((p, k) => walk(d + 1, p, [...point, lo + k]));
    };
    walk(0, given, []);
  }
  if (problem !== undefined) return fail(problem.expected, problem.found);
  return wrong === undefined ? { values, diagnostics: [] } : { diagnostics: [wrong] };
}

const isTyped = (v: Given): v is Uint8Array | Int32Array | Float32Array | Float64Array =>
  ArrayBuffer.isView(v);
const isList = (v: Given): v is readonly Given[] | Float32Array => Array.isArray(v) || isTyped(v);
const show = (v: Given): string => {
  const text = isTyped(v) ? `${v.length} numbers` : (JSON.stringify(v) ?? String(v));
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};

/** A type in messages: `vec3`, the name of an enum, `int`. */
export function typeText(type: ElementType): string {
  return type.kind === "vector" ? `vec${type.width}` : type.kind === "enum" ? type.name : type.kind;
}

/** One element as a number of its type; undefined where it is none. */
function scalar(type: ElementType, raw: Given): number | undefined {
  if (typeof raw === "boolean") return type.kind === "bit" ? Number(raw) : undefined;
  if (type.kind === "enum") {
    const ordinal = typeof raw === "string" ? type.cases.indexOf(raw.replace(/^.*\./, "")) : raw;
    return typeof ordinal === "number" &&
      Number.isInteger(ordinal) &&
      ordinal >= 0 &&
      ordinal < type.cases.length
      ? ordinal
      : undefined;
  }
  const real = type.kind === "real" || type.kind === "vector";
  const number = real ? /^([01]|-?Infinity|NaN)$/ : /^[01]$/;
  const value = typeof raw === "string" && number.test(raw) ? Number(raw) : raw;
  if (typeof value !== "number") return undefined;
  switch (type.kind) {
    case "bit":
      return value === 0 || value === 1 ? value : undefined;
    case "int":
    case "index":
      return value === (value | 0) ? value : undefined;
    case "real":
    case "vector":
      return Math.fround(value);
  }
}

/** The bound of an index type at a point. */
export function boundOf(
  type: ElementType,
  dims: readonly Dim[],
  sizes: Sizes,
  point: readonly number[],
): number | undefined {
  if (type.kind !== "index") return undefined;
  return evaluateIndex(type.bound, (n) => sizes[n] ?? point[dims.findIndex((d) => d.index === n)] ?? 0);
}

/** Values made from a seed: fair bits, ints from −100 to 100, reals in [0, 1), indices within their bound. */
export function randomValues(family: Family, sizes: Sizes, seed: number): FamilyValues {
  const values = allocate(family, sizes);
  const width = componentsOf(family.type);
  const key = familyKey(`random input ${family.name}`);
  forEachPoint(family.dims, sizes, (point) => {
    const offset = offsetOf(values, point) * width;
    for (let k = 0; k < width; k++) {
      const u = uniform(seed, key, [...point, k]);
      const { type } = family;
      const n =
        type.kind === "bit"
          ? 2
          : type.kind === "enum"
            ? type.cases.length
            : (boundOf(type, family.dims, sizes, point) ?? 201);
      values.data[offset + k] =
        type.kind === "real" || type.kind === "vector"
          ? u
          : Math.floor(u * n) - (type.kind === "int" ? 100 : 0);
    }
  });
  return values;
}

/** Random values for everything that comes from outside. */
export const randomInputs = (system: System, sizes: Sizes, seed: number): Map<string, FamilyValues> =>
  new Map(system.families.filter(isGiven).map((f) => [f.name, randomValues(f, sizes, seed)]));

/** Values as lists of lists, as JSON has them and inputs take them: bits are numbers, enums and what is no finite number names. */
export type Nested = number | string | readonly Nested[];

/** Nested lists of the points a family has; vectors are lists of their components. */
export function toNested(family: Pick<Family, "dims" | "type">, sizes: Sizes, values: FamilyValues): Nested {
  const width = componentsOf(family.type);
  const { type } = family;
  const one = (v: number): Nested =>
    type.kind === "enum" ? (type.cases[v] ?? v) : Number.isFinite(v) ? v : String(v);
  const walk = (d: number, point: readonly number[]): Nested => {
    const dim = family.dims[d];
    if (dim === undefined) {
      const offset = offsetOf(values, point) * width;
      const all = Array.from(values.data.subarray(offset, offset + width), one);
      return width === 1 ? all[0]! : all;
    }
    const lookup = (n: string) => sizes[n] ?? point[family.dims.findIndex((x) => x.index === n)] ?? 0;
    const lo = evaluateIndex(dim.lo, lookup);
    const hi = evaluateIndex(dim.hi, lookup);
    return Array.from({ length: Math.max(0, hi - lo) }, (_, k) => walk(d + 1, [...point, lo + k]));
  };
  return walk(0, []);
}
