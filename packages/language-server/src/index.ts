export { figureText, summary } from "./editor/figure-text";
export * from "./editor/lenses";
export * from "./protocol";
