export * from "./device";
export * from "./run";
