/** The page of the panel. Text from programs is set as text; drawings are parsed as SVG, never run. */
import { figureText } from "@fathom/language-server";
import uPlot from "uplot";
import type { FromPanel, ToPanel } from "../src/panel/messages";

declare function acquireVsCodeApi(): { postMessage(message: FromPanel): void };

const host = acquireVsCodeApi();
const root = document.getElementById("panel")!;

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: { readonly class?: string; readonly text?: string; readonly title?: string } = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (properties.class !== undefined) made.className = properties.class;
  if (properties.text !== undefined) made.textContent = properties.text;
  if (properties.title !== undefined) made.title = properties.title;
  made.append(...children);
  return made;
}

function section(
  id: string,
  title: string,
  open: boolean,
): { readonly whole: HTMLDetailsElement; readonly body: HTMLElement } {
  const body = element("div", { class: "body" });
  const whole = element("details", {}, element("summary", { text: title }), body);
  whole.id = id;
  whole.open = open;
  return { whole, body };
}

const header = element("header");
const sliders = element("div", { class: "sliders" });
const graph = section("graph", "Dependence graph", true);
const curve = section("curve", "Depth and work against size", true);
const report = section("report", "Report and derivation", true);

function empty(text: string): void {
  root.replaceChildren(element("p", { class: "quiet", text }));
}

type TaskMessage = Extract<ToPanel, { kind: "task" }>;

function showTask({ task, sizes, vary }: TaskMessage): void {
  const { figures } = task;
  const pin = element("button", {
    class: "pin",
    text: pinned ? "Unpin" : "Pin",
    title: "Stay with this task when the cursor moves",
  });
  pin.addEventListener("click", () => {
    pinned = !pinned;
    pin.textContent = pinned ? "Unpin" : "Pin";
    host.postMessage({ kind: "pin", pinned });
  });
  const actions = (["run", "compare", "certify"] as const).map((name) => {
    const button = element("button", { text: name[0]!.toUpperCase() + name.slice(1) });
    button.addEventListener("click", () => host.postMessage({ kind: "command", command: `fathom.${name}` }));
    return button;
  });
  const cards = (["depth", "ops", "work", "width"] as const).flatMap((name) => {
    const figure = figures?.[name];
    return [
      element(
        "div",
        { class: "card", title: figure?.detail ?? "no closed form found" },
        element("span", { class: "label", text: name === "ops" ? "depth, bounded fan-in" : name }),
        element("span", {
          class: "value",
          text: figure === undefined ? "?" : figureText(figure),
        }),
        element("span", {
          class: `standing ${figure?.standing ?? "unknown"}`,
          text: figure?.standing ?? "not known",
        }),
      ),
    ];
  });
  const verdict = [figures?.class, figures?.verdict].flatMap((v) =>
    v === undefined ? [] : [element("span", { class: "verdict", text: v.text, title: v.detail })],
  );
  const state = task.broken
    ? "has errors: figures are of the text before"
    : task.state === "stale"
      ? "stale: being computed anew"
      : "";
  header.replaceChildren(
    element(
      "div",
      { class: "title" },
      element("h1", { text: task.task }),
      ...verdict,
      element("span", { class: "space" }),
      ...actions,
      pin,
    ),
    ...(task.doc === undefined ? [] : [element("p", { class: "doc", text: task.doc })]),
    ...(state === "" ? [] : [element("p", { class: "state", text: state })]),
    element("div", { class: "cards" }, ...cards),
  );
  showSliders(task, sizes, vary);
  if (header.parentElement !== root)
    root.replaceChildren(header, sliders, graph.whole, curve.whole, report.whole);
}

let pinned = false;
let sliderTask = "";

/** Rebuilt for another task only: a slider being dragged must not be replaced. */
function showSliders(task: TaskMessage["task"], sizes: TaskMessage["sizes"], vary: string | undefined): void {
  const key = `${task.uri} ${task.task} ${task.sizes.map((s) => s.name).join()}`;
  if (key === sliderTask) {
    for (const s of task.sizes) {
      const input = document.getElementById(`size-${s.name}`);
      const value = sizes[s.name];
      if (input instanceof HTMLInputElement && value !== undefined && document.activeElement !== input) {
        input.value = String(value);
        input.dispatchEvent(new Event("fathom-shown"));
      }
    }
    return;
  }
  sliderTask = key;
  const current: Record<string, number> = { ...sizes };
  let pause: ReturnType<typeof setTimeout> | undefined;
  sliders.replaceChildren(
    ...task.sizes.map((s) => {
      const input = element("input");
      input.id = `size-${s.name}`;
      input.type = "range";
      input.min = "0";
      input.max = String(Math.max(16, sizes[s.name] ?? 0));
      input.value = String(sizes[s.name] ?? 4);
      const shown = element("output", { text: input.value });
      const update = (): void => {
        shown.textContent = input.value;
        current[s.name] = Number(input.value);
      };
      input.addEventListener("fathom-shown", update);
      input.addEventListener("input", () => {
        update();
        clearTimeout(pause);
        pause = setTimeout(() => host.postMessage({ kind: "sizes", sizes: current }), 150);
      });
      const radio = element("input", { title: `Draw the curve against ${s.name}` });
      radio.type = "radio";
      radio.name = "vary";
      radio.checked = s.name === vary;
      radio.setAttribute("aria-label", `curve against ${s.name}`);
      radio.addEventListener("change", () => host.postMessage({ kind: "vary", size: s.name }));
      const label = element("label", { text: s.name });
      label.htmlFor = input.id;
      return element("div", { class: "slider" }, radio, label, input, shown);
    }),
  );
}

function showGraph({ svg, title, problem }: Extract<ToPanel, { kind: "graph" }>): void {
  if (svg === undefined) {
    graph.body.replaceChildren(element("p", { class: "quiet", text: problem ?? "no graph" }));
    return;
  }
  const drawing = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  drawing.querySelectorAll("script").forEach((s) => void s.remove());
  // The title is ours: a drawing is no wider than its nodes. So is the background.
  drawing.querySelectorAll(":scope > g > text, :scope > g > polygon").forEach((e) => void e.remove());
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", title);
  const holder = element("div", { class: "drawing" });
  holder.append(document.importNode(drawing, true));
  graph.body.replaceChildren(element("p", { class: "quiet", text: title }), holder);
}

let plot: uPlot | undefined;

function showCurve({ size, points, problem }: Extract<ToPanel, { kind: "curve" }>): void {
  plot?.destroy();
  plot = undefined;
  if (points.length < 2) {
    curve.body.replaceChildren(
      element("p", { class: "quiet", text: problem ?? `too few sizes to draw a curve against ${size}` }),
    );
    return;
  }
  const colour = (name: string): string =>
    getComputedStyle(document.body).getPropertyValue(name).trim() || "#888888";
  const axis: uPlot.Axis = {
    stroke: colour("--vscode-foreground"),
    grid: { stroke: colour("--vscode-editorIndentGuide-background1"), width: 1 },
    ticks: { show: false },
  };
  const line = (label: string, stroke: string, dash: number[] = []): uPlot.Series => ({
    label,
    stroke,
    dash,
    width: 2,
    points: { show: true, size: 5 },
  });
  const positive = (x: number): number | null => (x > 0 ? x : null);
  curve.body.replaceChildren(
    element("p", { class: "quiet", text: "exact at each size; both axes logarithmic" }),
  );
  plot = new uPlot(
    {
      width: Math.max(260, curve.body.clientWidth - 8),
      height: 220,
      scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
      axes: [{ ...axis, label: size, labelSize: 20 }, axis],
      series: [
        { label: size },
        line("work", colour("--vscode-charts-blue")),
        line("width", colour("--vscode-charts-green")),
        // Last, and broken: what lies under it is seen.
        line("depth", colour("--vscode-charts-orange"), [8, 6]),
      ],
      legend: { live: true },
    },
    [
      points.map((p) => p.value),
      points.map((p) => positive(p.work)),
      points.map((p) => positive(p.width)),
      points.map((p) => positive(p.depth)),
    ],
    curve.body,
  );
}

addEventListener("resize", () =>
  plot?.setSize({ width: Math.max(260, curve.body.clientWidth - 8), height: 220 }),
);

addEventListener("message", ({ data }: MessageEvent<ToPanel>) => {
  switch (data.kind) {
    case "empty":
      return empty(data.text);
    case "task":
      return showTask(data);
    case "graph":
      return showGraph(data);
    case "curve":
      return showCurve(data);
    case "report": {
      // The editor's own Markdown renderer has cleaned it; scripts could not run here anyway.
      report.body.innerHTML = data.html;
      return;
    }
  }
});
host.postMessage({ kind: "ready" });
