export * from "./compile";
export * from "./execute";
export * from "./load";
