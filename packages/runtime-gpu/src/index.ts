export * from "./device";
export * from "./measure";
export * from "./run";
