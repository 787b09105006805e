/** The chart of `fathom bench`: times and depth over a size, both axes logarithmic. */
import type { Target } from "@fathom/runtime";

export interface Measured {
  readonly size: number;
  /** In steps; undefined where it was not unrolled. */
  readonly depth: number | undefined;
  readonly work: number | undefined;
  /** Milliseconds of each back end that ran. */
  readonly ms: Readonly<Partial<Record<Target, number>>>;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 400, 64, 90, 40, 48];
const colours = { js: "#b98900", wasm: "#5a4fcf", gpu: "#2f8f4e", depth: "#c8401a" } as const;

/** Powers of ten around positive values. */
function decades(values: readonly number[]): readonly [number, number] {
  const logs = values.map(Math.log10);
  const [low, high] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  return [low, Math.max(high, low + 1)];
}

const tick = (power: number): string => (power >= 0 && power <= 3 ? String(10 ** power) : `1e${power}`);

/** Task and size names are identifiers of the language: nothing to escape. */
export function scalingChart(
  task: string,
  swept: string,
  targets: readonly Target[],
  rows: readonly Measured[],
): string {
  const lines = [...targets, "depth" as const].flatMap((name) => {
    const points = rows.flatMap((r): [number, number][] => {
      const y = name === "depth" ? r.depth : r.ms[name];
      return y === undefined || y <= 0 ? [] : [[r.size, y]];
    });
    return points.length === 0 ? [] : [{ name, points }];
  });
  const times = lines.flatMap((l) => l.points.map((p) => p[1]));
  const [x0, x1] = decades(rows.map((r) => r.size).concat(rows.length === 0 ? [1] : []));
  const [y0, y1] = decades(times.length === 0 ? [1] : times);
  const x = (v: number) => LEFT + ((Math.log10(v) - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const y = (v: number) => HEIGHT - BOTTOM - ((Math.log10(v) - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="22" font-size="15">${task}: milliseconds, and depth in steps (dashed), over ${swept}</text>`,
  ];
  for (let p = x0; p <= x1; p++) {
    const at = x(10 ** p).toFixed(1);
    parts.push(
      `<line x1="${at}" y1="${TOP}" x2="${at}" y2="${HEIGHT - BOTTOM}" stroke="#e3e6ea"/>`,
      `<text x="${at}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tick(p)}</text>`,
    );
  }
  for (let p = y0; p <= y1; p++) {
    const at = y(10 ** p).toFixed(1);
    parts.push(
      `<line x1="${LEFT}" y1="${at}" x2="${WIDTH - RIGHT}" y2="${at}" stroke="#e3e6ea"/>`,
      `<text x="${LEFT - 8}" y="${Number(at) + 4}" text-anchor="end">${tick(p)}</text>`,
    );
  }
  for (const { name, points } of lines) {
    const path = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
    const dash = name === "depth" ? ' stroke-dasharray="6 4"' : "";
    const [a, b] = points.at(-1)!;
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${colours[name]}" stroke-width="2"${dash}/>`,
      ...points.map(
        ([c, d]) => `<circle cx="${x(c).toFixed(1)}" cy="${y(d).toFixed(1)}" r="3" fill="${colours[name]}"/>`,
      ),
      `<text x="${(x(a) + 8).toFixed(1)}" y="${(y(b) + 4).toFixed(1)}" fill="${colours[name]}">${name}</text>`,
    );
  }
  parts.push(`<text x="${WIDTH / 2}" y="${HEIGHT - 10}" text-anchor="middle">${swept}</text>`, "</svg>", "");
  return parts.join("\n");
}
