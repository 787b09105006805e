export * from "./equations/build";
export * from "./equations/conditions";
export * from "./equations/evaluate-index";
export * from "./equations/lower";
export * from "./equations/print";
export * from "./equations/system";
