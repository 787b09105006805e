export * from "./builtins";
export * from "./check";
export * from "./checked";
export * from "./diagnostics";
export * from "./format";
export * from "./parse";
export * from "./read-shape";
export * from "./tree";
