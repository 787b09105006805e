/**
 * The chart of `fathom bench`: on the left times over a size, measured and predicted; on the right what more lanes do to
 * the same task. All axes logarithmic.
 */
import { brentSteps, type FiguresAt } from "@fathom/compiler";
import type { Target } from "@fathom/runtime";

export interface Measured {
  readonly size: number;
  /** Undefined where the graph is too large to count and no proved form gives it. */
  readonly figures: FiguresAt | undefined;
  /** Milliseconds of each back end that ran. */
  readonly ms: Readonly<Partial<Record<Target, number>>>;
  /** Milliseconds that the profile foretells. */
  readonly predicted: Readonly<Partial<Record<Target, number>>>;
}

type Span = readonly [number, number];
interface Line {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly (readonly [number, number])[];
  readonly dashed?: boolean;
  readonly marks?: boolean;
}

const [HEIGHT, PANEL, LEFT, GAP, TOP, BOTTOM] = [430, 350, 70, 150, 78, 56];
const WIDTH = LEFT + PANEL + GAP + PANEL + 110;
const colours: Readonly<Record<Target, string>> = { js: "#a66a00", wasm: "#4b3fc4", gpu: "#1c7d3e" };
/** From the smallest size to the largest. */
const shades = ["#7a9bd1", "#3f6fb5", "#173f7d"];

/** Around positive values, with a little room. */
function around(values: readonly number[]): Span {
  const logs = values.filter((v) => v > 0).map(Math.log10);
  if (logs.length === 0) return [0, 1];
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const room = Math.max(0.08, (high - low) * 0.06);
  return [low - room, high + room];
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (base: number, exponent: number): string =>
  `${base}${String(exponent).replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : SUPERSCRIPTS[Number(c)]!))}`;
const plain = (v: number): string =>
  v >= 1e6 || v < 1e-3 ? power(10, Math.round(Math.log10(v))) : v.toLocaleString("en-US");

/** Decades inside a span; where there are fewer than two, also 2 and 5 of each. */
function decades([low, high]: Span): number[] {
  const all = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, k) => Math.floor(low) + k);
  const inside = (v: number) => Math.log10(v) >= low && Math.log10(v) <= high;
  const tens = all.map((p) => 10 ** p).filter(inside);
  return tens.length >= 2 ? tens : all.flatMap((p) => [1, 2, 5].map((m) => m * 10 ** p)).filter(inside);
}

/** Sizes as they were doubled, thinned to at most seven. */
function doubled(sizes: readonly number[]): number[] {
  const every = Math.ceil(sizes.length / 7);
  return sizes.filter((_, k) => k % every === 0);
}

interface Panel {
  readonly left: number;
  readonly title: string;
  readonly xLabel: string;
  readonly xTicks: readonly (readonly [number, string])[];
  readonly lines: readonly Line[];
  readonly x: Span;
  readonly y: Span;
}

function panel({ left, title, xLabel, xTicks, lines, x, y }: Panel): string[] {
  const bottom = HEIGHT - BOTTOM;
  const at = (v: number) => left + ((Math.log10(v) - x[0]) / (x[1] - x[0])) * PANEL;
  const up = (v: number) => bottom - ((Math.log10(v) - y[0]) / (y[1] - y[0])) * (bottom - TOP);
  const f = (n: number) => n.toFixed(1);
  const parts = [`<text x="${left}" y="${TOP - 16}" font-size="13" font-weight="600">${title}</text>`];
  for (const [v, label] of xTicks)
    parts.push(
      `<line x1="${f(at(v))}" y1="${TOP}" x2="${f(at(v))}" y2="${bottom}" stroke="#eceff3"/>`,
      `<text x="${f(at(v))}" y="${bottom + 18}" text-anchor="middle" fill="#52606d">${label}</text>`,
    );
  for (const v of decades(y))
    parts.push(
      `<line x1="${left}" y1="${f(up(v))}" x2="${left + PANEL}" y2="${f(up(v))}" stroke="#eceff3"/>`,
      `<text x="${left - 8}" y="${f(up(v) + 4)}" text-anchor="end" fill="#52606d">${plain(v)}</text>`,
    );
  parts.push(
    `<path d="M${left} ${TOP}V${bottom}H${left + PANEL}" fill="none" stroke="#9aa5b1"/>`,
    `<text x="${left + PANEL / 2}" y="${bottom + 40}" text-anchor="middle">${xLabel}</text>`,
  );
  for (const { points, colour, dashed, marks } of lines) {
    const path = points.map(([a, b]) => `${f(at(a))},${f(up(b))}`).join(" ");
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${dashed === true ? 1.5 : 2}"${dashed === true ? ' stroke-dasharray="5 4"' : ""}/>`,
    );
    if (marks === true)
      parts.push(
        ...points.map(([a, b]) => `<circle cx="${f(at(a))}" cy="${f(up(b))}" r="3" fill="${colour}"/>`),
      );
  }
  // Names at the ends of lines, moved apart.
  const named = lines
    .filter((l) => l.name !== "")
    .map((l) => ({ ...l, want: up(l.points.at(-1)![1]) }))
    .sort((a, b) => a.want - b.want);
  const places = named.map((l) => l.want);
  for (let k = 1; k < places.length; k++) places[k] = Math.max(places[k]!, places[k - 1]! + NAME);
  for (let k = places.length - 1; k >= 0; k--)
    places[k] = Math.min(places[k]!, k === places.length - 1 ? bottom : places[k + 1]! - NAME);
  named.forEach(({ name, colour }, k) => {
    parts.push(`<text x="${left + PANEL + 8}" y="${f(places[k]! + 4)}" fill="${colour}">${name}</text>`);
  });
  return parts;
}

/** Height of a name. */
const NAME = 15;
const MOST_LANES = 24;

/** Task and size names are identifiers of the language: nothing to escape. */
export function scalingChart(
  task: string,
  swept: string,
  targets: readonly Target[],
  rows: readonly Measured[],
): string {
  const times = targets.flatMap((target): Line[] => {
    const of = (from: "ms" | "predicted") =>
      rows.flatMap((r): [number, number][] => {
        const ms = r[from][target];
        return ms === undefined || ms <= 0 ? [] : [[r.size, ms]];
      });
    const [ms, predicted] = [of("ms"), of("predicted")];
    const colour = colours[target];
    return [
      ...(predicted.length === 0 ? [] : [{ name: "", colour, points: predicted, dashed: true }]),
      ...(ms.length === 0 ? [] : [{ name: target, colour, points: ms, marks: true }]),
    ];
  });
  const known = rows.filter((r) => r.figures !== undefined && r.figures.ops.depth > 0);
  const chosen = [...new Set([0, Math.floor((known.length - 1) / 2), known.length - 1])].flatMap(
    (k) => known[k] ?? [],
  );
  const total = ({ bit, int, real }: FiguresAt["ops"]["work"]) => bit + int + real;
  const lanes = Array.from({ length: MOST_LANES + 1 }, (_, k) => 2 ** k);
  const steps = chosen.map((r, k): Line => {
    const { depth, work } = r.figures!.ops;
    const points = lanes.map((p) => [p, brentSteps(total(work), depth, p)] as const);
    const colour = shades[chosen.length === 1 ? 2 : Math.round((2 * k) / (chosen.length - 1))]!;
    return { name: `${swept} = ${r.size.toLocaleString("en-US")}`, colour, points };
  });
  const floors = chosen.map((r, k): Line => {
    const { depth, work } = r.figures!.ops;
    const knee = Math.max(1, Math.min(2 ** MOST_LANES, total(work) / depth));
    const points = [[knee, brentSteps(total(work), depth, knee)]] as const;
    return { name: "", colour: steps[k]!.colour, points, marks: true };
  });
  const values = (lines: readonly Line[]) => lines.flatMap((l) => l.points.map((p) => p[1]));
  const sizes = rows.map((r) => r.size);
  const right = LEFT + PANEL + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="28" font-size="16" font-weight="600">${task}</text>`,
    ...panel({
      left: LEFT,
      title: "milliseconds: measured ●, foretold dashed",
      xLabel: swept,
      xTicks: doubled(sizes).map((n) => [n, n >= 10_000 ? power(2, Math.round(Math.log2(n))) : String(n)]),
      lines: times,
      x: around(sizes),
      y: around(values(times)),
    }),
    ...(steps.length === 0
      ? []
      : panel({
          left: right,
          title: "operations one after another, with p lanes: (W − D) / p + D",
          xLabel: "lanes p; ● where p = W / D: beyond it the depth D is what remains",
          xTicks: [0, 4, 8, 12, 16, 20, 24].map((k) => [2 ** k, power(2, k)]),
          lines: [...steps, ...floors],
          x: [0, Math.log10(2 ** MOST_LANES)],
          y: around([...values(steps), ...chosen.map((r) => r.figures!.ops.depth)]),
        })),
    "</svg>",
    "",
  ].join("\n");
}
