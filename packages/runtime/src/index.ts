export * from "./calibrate";
export * from "./choose";
export * from "./compile";
export * from "./examples";
export * from "./execute";
export * from "./load";
