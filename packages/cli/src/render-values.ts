/** Values as text for a terminal: bits as strings, matrices in columns, long ones with their middle left out. */
import type { ElementType } from "@fathom/compiler";

/** Above this many values the middle of every long axis is left out; `EDGE` values stay on either side (as NumPy prints arrays). */
const THRESHOLD = 1000;
const EDGE = 3;
/** Bits are one character each: a picture of them may be larger. */
const BIT_ROWS = 100;
const BIT_COLUMNS = 200;

type Nested = unknown;

/** The shortest decimal that rounds to the same binary32 value. */
export function printReal(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return Object.is(value, -0) ? "-0" : String(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

/** One family, from its name on: on the line of the name where it is short, in rows below it where it is a matrix. */
export function renderValue(name: string, value: Nested, type: ElementType): string {
  const rows = Array.isArray(value) && value.every(Array.isArray) ? (value as Nested[][]) : undefined;
  const flat = rows?.every((r) => !r.some(Array.isArray)) === true || type.kind === "vector";
  if (type.kind === "bit" && (rows === undefined || flat)) {
    const line = (row: Nested) => elideText(Array.isArray(row) ? row.join("") : String(row));
    if (rows === undefined) return `${name} = ${line(value)}`;
    return [
      `${name} =`,
      ...elide(
        rows.map((r) => `  ${line(r)}`),
        BIT_ROWS / 2,
        "  ⋮",
      ),
    ].join("\n");
  }
  const one = printerOf(type);
  const edge = isLong(value) ? EDGE : Number.POSITIVE_INFINITY;
  if (rows === undefined || rows.length === 0 || !flat) return `${name} = ${nested(value, one, edge)}`;
  const cells = elide(rows, edge, undefined).map((r) =>
    r === undefined ? undefined : elide(r, edge, GAP).map((v) => (v === GAP ? "…" : nested(v, one, edge))),
  );
  const widths: number[] = [];
  for (const row of cells)
    row?.forEach((cell, j) => {
      widths[j] = Math.max(widths[j] ?? 0, cell.length);
    });
  const line = (r: readonly string[]) => `  ${r.map((c, j) => c.padStart(widths[j]!)).join("  ")}`;
  return [`${name} =`, ...cells.map((r) => (r === undefined ? "  ⋮" : line(r)))].join("\n");
}

function printerOf(type: ElementType): (v: Nested) => string {
  if (type.kind === "real" || type.kind === "vector")
    return (v) => (typeof v === "number" ? printReal(v) : String(v));
  return String;
}

/** Whether `renderValue` leaves something out of numbers as many as these. */
export const isLong = (value: Nested): boolean => countOf(value) > THRESHOLD;

function countOf(v: Nested): number {
  return Array.isArray(v) ? v.reduce((n: number, x) => n + countOf(x), 0) : 1;
}

const GAP = Symbol("left out");

function elide<T, G>(items: readonly T[], edge: number, gap: G): (T | G)[] {
  return items.length <= 2 * edge + 1 ? [...items] : [...items.slice(0, edge), gap, ...items.slice(-edge)];
}

const elideText = (text: string): string =>
  text.length <= BIT_COLUMNS ? text : `${text.slice(0, BIT_COLUMNS - 20)}…${text.slice(-19)}`;

function nested(v: Nested, one: (v: Nested) => string, edge: number): string {
  if (!Array.isArray(v)) return one(v);
  return `[${elide(v, edge, GAP)
    .map((x) => (x === GAP ? "…" : nested(x, one, edge)))
    .join(", ")}]`;
}
