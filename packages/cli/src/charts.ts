/** Curves of a report as SVG, by vega-lite. Loaded only where a page is made. */
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
