export * from "./editor/lenses";
export * from "./protocol";
