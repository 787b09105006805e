export * from "./checked";
export * from "./diagnostics";
export * from "./tree";
