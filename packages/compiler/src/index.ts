export * from "./equations/build";
export * from "./equations/system";
