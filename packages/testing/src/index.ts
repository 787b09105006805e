export * from "./cpu-agreement";
export * from "./far-sizes";
export * from "./kernel-to-fathom";
export * from "./known-verdicts";
export * from "./project";
export * from "./random-program";
export * from "./random-recurrence";
export * from "./random-shapes";
