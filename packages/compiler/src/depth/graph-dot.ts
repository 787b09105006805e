/** Instance graphs as text for Graphviz. */
import type { Diagnostic } from "@fathom/lang";
import { sizeProblems } from "../checks/sizes";
import { smallSizes } from "../checks/small-sizes";
import { printInstance } from "../equations/print";
import type { Sizes, System } from "../equations/system";
import { showSizes } from "../equations/values";
import { unroll } from "../unroll/unroll";
import { type InstanceGraph, instanceGraph } from "./instance-graph";

interface DrawnGraph {
  readonly dot: string;
  readonly title: string;
  readonly sizes: Sizes;
  readonly depth: number;
  readonly instances: number;
  /** True where parts were left out. */
  readonly truncated: boolean;
}

/**
 * The graph of a small instance with at most `most` vertices. Without sizes: the largest small ones whose graph can still
 * be read; undefined where there are none.
 */
export function drawGraph(
  system: System,
  given: Sizes | undefined,
  most = 200,
):
  | { readonly ok: true; readonly graph: DrawnGraph | undefined }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] } {
  const chosen = given !== undefined || system.sizes.length === 0;
  const candidates = chosen
    ? [given ?? {}]
    : smallSizes(system, 5, 150)
        .filter((s) => Object.values(s).every((v) => v >= 2))
        .reverse();
  for (const sizes of candidates) {
    const wrong = sizeProblems(system, sizes);
    if (wrong.length > 0) {
      if (chosen) return { ok: false, diagnostics: wrong };
      continue;
    }
    const unrolled = unroll(system, sizes, { model: "steps", limit: chosen ? 20_000 : most });
    if (!unrolled.ok) {
      if (chosen) return unrolled;
      continue;
    }
    const { depth, instances } = unrolled.result;
    if (!chosen && instances > most / 3) continue;
    const graph = instanceGraph(system, unrolled.result, most);
    const { truncated } = graph;
    const at = showSizes(system, sizes);
    const title = `${system.name}${system.sizes.length === 0 ? "" : ` at ${at}`}: depth ${depth} in steps${truncated ? " (parts left out)" : ""}`;
    return { ok: true, graph: { dot: graphDot(graph, title), title, sizes, depth, instances, truncated } };
  }
  return { ok: true, graph: undefined };
}

/** Graphviz source of an instance graph, one rank for each level. */
function graphDot(graph: InstanceGraph, title: string): string {
  const quoted = (s: string) => s.replace(/["\\]/g, "\\$&");
  const lines = [
    `digraph {`,
    `  graph [rankdir=BT, ranksep=0.35, nodesep=0.12, fontname="Helvetica", labelloc=t, label="${quoted(title)}"];`,
    `  node [shape=box, style="rounded,filled", fillcolor="#f4f6f8", color="#9aa5b1", fontname="Helvetica", fontsize=10, height=0.25, margin="0.06,0.03"];`,
    `  edge [color="#b8c2cc", arrowsize=0.5];`,
  ];
  const levels = new Map<number, number[]>();
  for (const n of graph.nodes) {
    const fill = n.critical
      ? ', fillcolor="#ffe3d5", color="#d9480f", penwidth=1.6'
      : n.role === "input" || n.role === "param" || n.role === "random"
        ? ', fillcolor="#e3f2fd", color="#4a90c2"'
        : n.role === "output"
          ? ', fillcolor="#e6f6e6", color="#4c9a4c"'
          : "";
    lines.push(
      `  n${n.id} [label="${quoted(printInstance(n.family, n.indices))}", tooltip="level ${n.level}"${fill}];`,
    );
    if (n.role === "node") levels.set(n.level, [...(levels.get(n.level) ?? []), n.id]);
  }
  for (const ids of levels.values()) lines.push(`  { rank=same; ${ids.map((i) => `n${i};`).join(" ")} }`);
  for (const e of graph.edges)
    lines.push(`  n${e.from} -> n${e.to}${e.critical ? ' [color="#d9480f", penwidth=2]' : ""};`);
  lines.push("}");
  return lines.join("\n");
}
