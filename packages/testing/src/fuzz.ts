import { forgetInterned } from "@fathom/compiler";
import fc from "fast-check";
import type { RandomProgram } from "./random-program";

/** How many random programs a test draws, and from which seed: `scripts/fuzz.mjs` asks for more and for others. */
export const fuzzRuns = (usual: number): number => Number(process.env.FATHOM_FUZZ_PROGRAMS ?? usual);
export const fuzzSeed = (usual: number): number => Number(process.env.FATHOM_FUZZ_SEED ?? usual);

/** Runs that go longer than tests do say where they are, every so many programs. */
const TOLD_EVERY = 250;
const LONG = 400;

/**
 * Judges so many random programs, and fails with the smallest wrong one that was found, as text to be pasted into a file. `judge` says
 * what is wrong.
 */
export async function everyProgram(
  name: string,
  programs: fc.Arbitrary<RandomProgram>,
  { numRuns, seed }: { readonly numRuns: number; readonly seed: number },
  judge: (program: RandomProgram) => Promise<string | undefined>,
): Promise<void> {
  let judged = 0;
  let found: string | undefined;
  const tell = async (what: string): Promise<void> => {
    if (numRuns < LONG || found !== undefined) return;
    process.stderr.write(`${name}: ${what}\n`);
    // What a worker writes leaves it between two turns of its event loop, which promises alone never end.
    await new Promise((done) => setTimeout(done, 0));
  };
  const property = fc.asyncProperty(programs, async (program) => {
    judged++;
    if (judged % TOLD_EVERY === 0) {
      forgetInterned();
      await tell(`${judged} of ${numRuns} agree`);
    }
    const thrown = (error: unknown): string =>
      `${program.text}\nat ${JSON.stringify(program.sizes)}, seed ${program.seed}: ${(error as Error).stack}`;
    const wrong = await judge(program).catch(thrown);
    if (wrong === undefined) return;
    await tell("one is wrong, shrinking it");
    found = wrong;
    throw new Error(wrong);
  });
  const { failed, errorInstance, numShrinks, counterexamplePath } = await fc.check(property, {
    numRuns,
    seed,
  });
  if (!failed) return;
  const again = `seed ${seed}, path ${counterexamplePath}, shrunk ${numShrinks} times`;
  throw new Error(`${(errorInstance as Error).message}\n(${again})`);
}
