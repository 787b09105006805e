/** How many random programs a test draws, and from which seed: `scripts/fuzz.mjs` asks for more and for others. */
export const fuzzRuns = (usual: number): number => Number(process.env.FATHOM_FUZZ_PROGRAMS ?? usual);
export const fuzzSeed = (usual: number): number => Number(process.env.FATHOM_FUZZ_SEED ?? usual);
