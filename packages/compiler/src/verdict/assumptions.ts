/**
 * What follows from `assume converges(x, s) by diffusion { intrinsic_dim = e }`. The theorem (catalogue A.8 to A.13; Liu,
 * Preechakul, Kuwaranancharoen and Bai, 2026, over the rate of Li and Yan, 2025) is about a sampler that denoises one token with a
 * threshold backbone of constant depth: constantly many of its steps already sample within a constant, so what it answers with high
 * probability is in nonuniform TC^0. Hypotheses that the equations decide are checked; those about training, the sampler's
 * coefficients and the distribution are assumed, and named. Where one fails nothing follows, and the report says which.
 */
import { stateRead } from "../algebra/recurrence";
import { type Component, timeOf } from "../catalogue/laws/law";
import { movesWith } from "../catalogue/shape";
import { join, layers, printClass, TC, within } from "../classes/classes";
import type { Order } from "../classes/order";
import type { AssumedLaw, Hypothesis } from "../classes/verdict";
import { readsOf } from "../equations/expressions";
import { printIndex } from "../equations/print";
import type { Assumption, Family, System } from "../equations/system";
import { guardedReads } from "../symbolic/reads";

export const diffusionSource = "Liu, Preechakul, Kuwaranancharoen and Bai, 2026; Li and Yan, 2025";

/** The assumption that is made about a component, with its hypotheses; undefined where none is. */
export function assumedLaw(c: Component): AssumedLaw | undefined {
  const a = c.system.assumptions?.find((x) => c.families.some((f) => f.name === x.family));
  return a === undefined || a.law !== "diffusion" ? undefined : diffusion(c, a);
}

const isConstant = (o: Order): boolean => o.kind === "polylog" && o.degree === 0;

function diffusion(c: Component, a: Assumption): AssumedLaw {
  const family = c.families.find((f) => f.name === a.family)!;
  const r = c.recurrence;
  const hypotheses: Hypothesis[] = [];
  const check = (entry: string, holds: boolean, yes: string, no: string): void => {
    hypotheses.push({ entry, standing: holds ? "checked" : "fails", text: holds ? yes : no });
  };
  const assume = (entry: string, text: string): void => {
    hypotheses.push({ entry, standing: "assumed", text });
  };
  const { kind } = family.type;
  check(
    "A.13",
    kind === "real" || kind === "vector",
    `\`${a.family}\` is real: a continuous score model`,
    `\`${a.family}\` is ${kind}: masked and discrete diffusion count every step, as loops do`,
  );
  const axis = r?.axis.get(family.name);
  const own = r?.state.find((x) => x.family === family.name);
  const markov = axis !== undefined && family.dims[axis]!.index === a.index && onlyFromStepBefore(c, family);
  check(
    "A.9",
    markov,
    `a step along \`${a.index}\` passes on \`${a.family}\` and nothing else`,
    `more than \`${a.family}\` passes from step to step along \`${a.index}\`, or it is not what the steps run along`,
  );
  check(
    "A.9",
    startsAsNoise(c, family),
    "it starts as noise",
    "it does not start from a `random` family: nothing is denoised",
  );
  check(
    "A.9",
    drawsAtEachStep(c, family),
    "each step draws noise of its own, as a DDPM sampler does",
    "its steps draw no noise of their own: a deterministic sampler, of which the theorem does not speak",
  );
  const size = own?.count === undefined ? undefined : c.orders.ofIndex(own.count);
  const few = size !== undefined && isConstant(size);
  const count = own?.count === undefined ? "an unknown number of" : printIndex(own.count);
  check(
    "A.9",
    few,
    `one token is denoised: ${count} numbers, whatever the sizes`,
    `a whole sequence of ${count} numbers is denoised together: its dimension grows with the sizes [A.12]`,
  );
  const dimension = a.fields.find((f) => f.name === "intrinsic_dim");
  const order = dimension && c.orders.ofIndex(dimension.value);
  const bounded = order !== undefined && isConstant(order);
  const shown = dimension === undefined ? "its dimension" : printIndex(dimension.value);
  check(
    "A.9",
    bounded,
    `the intrinsic dimension ${shown} does not depend on the sizes`,
    `the intrinsic dimension ${shown} grows with the sizes [A.12]`,
  );
  const shallow = r !== undefined && !r.within && within(c.layer, TC(0));
  check(
    "A.9",
    shallow,
    `the backbone is in ${printClass(c.layer)}: one step is constantly many layers`,
    r?.within === true
      ? "the backbone is deep itself: places of one step wait for each other"
      : `the backbone is in ${printClass(c.layer)}, not known to be in TC^0`,
  );
  assume("A.9", "the score is exact, by score matching with one distribution of finite first moment");
  assume("A.9", `that distribution lies on a set of dimension ${shown}`);
  assume("A.9", "the steps are those of a DDPM sampler, with the coefficients of Li and Yan");
  assume("A.9", "in the limit the right answer is likelier than any other, by a constant, for every input");
  const failed = hypotheses.filter((h) => h.standing === "fails");
  const about = { law: "diffusion", family: a.family, index: a.index, hypotheses, origin: a.origin } as const;
  if (failed.length === 0) {
    const because = `steps along ${a.index} that need not be taken one by one`;
    return {
      ...about,
      says: "the steps stop counting: after d of them the error is O(1/d) up to logarithms, and constantly many are enough for the answer",
      bound: {
        kind: "upper",
        class: join(TC(0), c.layer),
        nonuniform: true,
        readings: ["in-the-limit"],
        standing: { kind: "assumed", hypothesis: "the hypotheses named" },
        entry: "A.8",
        because,
      },
    };
  }
  // The same proof with a dimension D that grows leaves O~(D) layers (A.12): worth saying where D is polylogarithmic.
  const grown =
    failed.every((h) => h.text.endsWith("[A.12]")) && size?.kind === "polylog" ? size.degree : undefined;
  if (grown === undefined)
    return { ...about, says: `no collapse, every step counts: ${failed.map((h) => h.text).join("; ")}` };
  return {
    ...about,
    says: `no collapse to constant depth: the dimension grows; ${count} numbers leave O~(${count}) layers`,
    bound: {
      kind: "upper",
      class: layers(join(TC(0), c.layer), grown + 1),
      nonuniform: true,
      readings: ["in-the-limit"],
      standing: {
        kind: "assumed",
        hypothesis: "the hypotheses named, by the same proof with a growing dimension",
      },
      entry: "A.12",
      because: `O~(${count}) of the steps along ${a.index}`,
    },
  };
}

/** What is read of the family, itself and through others, is of the step before, and nothing else passes on. */
function onlyFromStepBefore(c: Component, family: Family): boolean {
  const r = c.recurrence;
  if (r === undefined || r.reach !== "lags") return false;
  /** How many steps back an instance of a family reaches; undefined where others lead round without passing this one. */
  const back = (f: Family, open: readonly Family[]): ReadonlySet<number> | undefined => {
    const time = f.dims[r.axis.get(f.name)!]!.index;
    const found = new Set<number>();
    for (const x of f.pieces.flatMap((p) => readsOf(p.value))) {
      const read = stateRead(r, time, x);
      if (read === undefined) continue;
      const source = c.families.find((g) => g.name === x.family)!;
      if (open.includes(source)) return undefined;
      const further = source === family ? new Set([0]) : back(source, [...open, source]);
      if (further === undefined) return undefined;
      for (const lag of further) found.add(lag + read.lag);
    }
    return found;
  };
  return [...(back(family, []) ?? [])].join() === "1";
}

/** Its start reads random numbers, itself or through others. */
function startsAsNoise(c: Component, family: Family): boolean {
  const starts = c.recurrence?.steps?.filter((s) => s.role === "start" && s.family === family.name) ?? [];
  return starts.length > 0 && starts.every((s) => readsOf(s.value).some((x) => isNoise(c.system, x.family)));
}

/** Each equation of a step reads random numbers of that step. */
function drawsAtEachStep(c: Component, family: Family): boolean {
  const r = c.recurrence;
  const steps = r?.steps?.filter((s) => s.role !== "start" && s.family === family.name) ?? [];
  return (
    steps.length > 0 &&
    steps.every((s) =>
      readsOf(s.value).some(
        (x) =>
          !c.families.some((f) => f.name === x.family) &&
          isNoise(c.system, x.family) &&
          x.at.some((a) => a.kind === "static" && movesWith(a.value, timeOf(c, r!, family.name))),
      ),
    )
  );
}

function isNoise(system: System, name: string, seen: Set<string> = new Set()): boolean {
  const family = system.families.find((f) => f.name === name)!;
  if (family.role === "random") return true;
  if (seen.has(name)) return false;
  seen.add(name);
  const reads = guardedReads({ ...system, families: [family] });
  return reads.some((r) => isNoise(system, r.read.family, seen));
}
