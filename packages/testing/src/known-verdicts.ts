/** Tasks of the corpus whose verdict is known, and what may be said of them. */
import { type CircuitClass, inclusion, type Judgement, parseClass, printClass } from "@fathom/compiler";
import { fathomFiles } from "./project";

export interface Known {
  readonly verdict: string;
  readonly class?: CircuitClass | undefined;
}

/** `parallel TC^0 [C.9]`, `inherently-serial [F.7]`. */
export function known(text: string): Known {
  const [verdict, second] = text.split(/\s+/);
  const name = second?.startsWith("[") === true ? undefined : second;
  const of = name === undefined ? undefined : parseClass(name);
  if (name !== undefined && of === undefined) throw new Error(`no class is called ${name}`);
  return { verdict: verdict!, class: of };
}

/** Lines `// key: value` at the head of a file. */
export const heads = (text: string, key: string): string[] =>
  [...text.matchAll(new RegExp(`^// ${key}: (.*)$`, "gm"))].map((m) => m[1]!);

/** Why a judgement says more than `may` allows; undefined where it does not. */
export function overclaim(j: Judgement, may: readonly Known[]): string | undefined {
  const allows = (verdict: string) => may.filter((k) => k.verdict === verdict);
  if (j.verdict === "serial-as-written" || j.verdict === "undecided") return undefined;
  const fitting = allows(j.verdict);
  if (fitting.length === 0) return `it is called ${j.verdict}`;
  if (j.verdict !== "parallel") return undefined;
  for (const bound of [j.bound!, ...j.others]) {
    const holds = fitting.some((k) => inclusion(k.class!, bound.class) !== undefined);
    if (!holds) return `it is put in ${printClass(bound.class)} by ${bound.entry}`;
  }
  return undefined;
}

/** Files whose first lines say what is known of their first task. */
export const verdictFiles = [...fathomFiles("corpus/verdicts"), ...fathomFiles("corpus/traps")];

/** Path, task, the comment right above it, and the file. */
export const nearMisses = fathomFiles("corpus/near-misses").flatMap(({ path, text }) =>
  [...text.matchAll(/^((?:\/\/.*\n)+)task (\w+)/gm)].map((m) => [path, m[2]!, m[1]!, text] as const),
);
