/** Graphviz, compiled to WebAssembly; loaded when something is first drawn. */
export async function drawSvg(dot: string): Promise<string> {
  const { instance } = await import("@viz-js/viz");
  return (await instance()).renderString(dot, { format: "svg" });
}
