/** Curves as SVG, by vega-lite. Loaded only where a picture is made. */
import { type Curve, type Picture, sizesText } from "@fathom/compiler";

/** Colours are the page's own, so that charts follow light and dark. */
const ink = "var(--soft)";
const line = "var(--line)";

/** One chart for depth and one for work, against each size. */
export async function drawCurves(curves: readonly Curve[]): Promise<Picture[]> {
  const [{ compile }, { parse, View }] = await Promise.all([import("vega-lite"), import("vega")]);
  const pictures: Picture[] = [];
  for (const curve of curves)
    for (const figure of ["depth", "work"] as const) {
      const points = curve.points.filter((p) => p.figure === figure);
      const most = Math.max(...points.map((p) => p.count));
      const { spec } = compile({
        width: 480,
        height: 300,
        autosize: { type: "fit", contains: "padding" },
        background: "transparent",
        data: { values: points.map(({ value, model, count }) => ({ value, model, count })) },
        mark: { type: "line", point: { size: 26, filled: true }, strokeWidth: 2.2, interpolate: "linear" },
        encoding: {
          x: { field: "value", type: "quantitative", title: curve.size, axis: { tickMinStep: 1 } },
          y: {
            field: "count",
            type: "quantitative",
            title: figure,
            // Work that spans decades is told apart on a logarithmic axis only.
            scale: most > 20_000 && points.every((p) => p.count > 0) ? { type: "log" } : {},
            axis: { tickMinStep: 1, tickCount: 6 },
          },
          color: {
            field: "model",
            type: "nominal",
            title: null,
            scale: { domain: ["steps", "ops"], range: ["var(--steps)", "var(--ops)"] },
            legend: { orient: "top", symbolType: "stroke", offset: 4 },
          },
          strokeDash: {
            field: "model",
            type: "nominal",
            title: null,
            scale: {
              domain: ["steps", "ops"],
              range: [
                [1, 0],
                [6, 3],
              ],
            },
            legend: { orient: "top", symbolType: "stroke", offset: 4 },
          },
        },
        config: {
          font: "system-ui, sans-serif",
          view: { stroke: null },
          axis: {
            labelColor: ink,
            titleColor: ink,
            domainColor: line,
            tickColor: line,
            gridColor: line,
            labelFontSize: 12,
            titleFontSize: 13,
            titleFontWeight: "normal",
          },
          legend: { labelColor: ink, labelFontSize: 12 },
        },
      });
      const view = new View(parse(spec), { renderer: "none" });
      const svg = await view.toSVG();
      view.finalize();
      const fixed = sizesText(curve.fixed);
      const by = curve.by === "formula" ? "from the proved forms" : "counted on whole graphs";
      pictures.push({
        svg,
        caption: `${figure === "depth" ? "Depth" : "Work"} against ${curve.size}${fixed === "" ? "" : `, ${fixed}`}; ${by}`,
      });
    }
  return pictures;
}

export interface Lines {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
  /** Names of points, drawn beside them. */
  readonly labels?: readonly { readonly x: number; readonly y: number; readonly text: string }[];
  /** A horizontal line with a name. */
  readonly rule?: { readonly y: number; readonly text: string } | undefined;
}

const COLOURS = ["#5a4fcf", "#c8401a", "#2f8f4e", "#b98900"];

/** Lines over a common axis, as a file of its own: white ground, no outside font, no script. */
export async function drawLines({ title, x, y, lines, labels = [], rule }: Lines): Promise<string> {
  const [{ compile }, { parse, View }] = await Promise.all([import("vega-lite"), import("vega")]);
  const values = lines.flatMap((l) => l.points.map(([px, py]) => ({ name: l.name, x: px, y: py })));
  const axis = { labelFontSize: 12, titleFontSize: 13, titleFontWeight: "normal" } as const;
  const place = { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } } as const;
  const { spec } = compile({
    title: { text: title, fontSize: 14, anchor: "start", offset: 12 },
    width: 560,
    height: 340,
    autosize: { type: "fit", contains: "padding" },
    background: "#ffffff",
    padding: 12,
    layer: [
      {
        data: { values },
        mark: { type: "line", point: { size: 34, filled: true }, strokeWidth: 2 },
        encoding: {
          x: { ...place.x, title: x, axis: { tickMinStep: 1 } },
          y: { ...place.y, title: y },
          color: {
            field: "name",
            type: "nominal",
            title: null,
            scale: { domain: lines.map((l) => l.name), range: COLOURS.slice(0, lines.length) },
            legend:
              lines.length < 2
                ? null
                : { orient: "top-right", symbolType: "stroke", offset: 4, labelLimit: 260 },
          },
        },
      },
      {
        data: { values: labels },
        mark: { type: "text", align: "left", dx: 7, dy: -7, fontSize: 11 },
        encoding: { ...place, text: { field: "text", type: "nominal" } },
      },
      ...(rule === undefined
        ? []
        : [
            {
              data: { values: [rule] },
              mark: { type: "rule" as const, strokeDash: [5, 4], color: "#7b8794" },
              encoding: { y: place.y },
            },
            {
              data: { values: [rule] },
              mark: {
                type: "text" as const,
                align: "right" as const,
                dy: -6,
                fontSize: 11,
                color: "#52606d",
              },
              encoding: {
                x: { value: "width" as const },
                y: place.y,
                text: { field: "text", type: "nominal" as const },
              },
            },
          ]),
    ],
    config: { font: "system-ui, sans-serif", view: { stroke: null }, axis },
  });
  const view = new View(parse(spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
