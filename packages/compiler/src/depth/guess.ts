/**
 * Closed forms guessed from samples. A guess is *checked* at the sizes sampled, never proved: it is fitted to some of
 * the samples and must give all of them, exactly.
 */
import type { Sizes } from "../equations/system";
import { type ClosedForm, closed, evaluateClosedForm, printClosedForm } from "../symbolic/closed-form";
import { type Rational, rational, sameRational } from "../symbolic/rational";
import { combination, Data } from "./fit";

/** One measured figure. */
export interface Sample {
  readonly sizes: Sizes;
  readonly value: number;
}

export interface Guess {
  readonly form: ClosedForm;
  /** The form as a person would write it, in the sizes. */
  readonly text: string;
  readonly standing: "checked";
  /** How many samples it agrees with; more than it has coefficients. */
  readonly samples: number;
  /** The sizes sampled, in words. */
  readonly range: string;
}

const formAt = (form: ClosedForm, sizes: Sizes): Rational =>
  evaluateClosedForm(form, (n) => BigInt(sizes[n]!));

/** All products of up to `degree` atoms. */
function monomials(base: readonly ClosedForm[], degree: number): ClosedForm[] {
  let layer: { atom: ClosedForm; from: number }[] = base.map((atom, from) => ({ atom, from }));
  const all = [...layer];
  for (let d = 2; d <= degree; d++) {
    layer = layer.flatMap(({ atom, from }) =>
      base.slice(from).map((b, k) => ({ atom: closed.mul(atom, b), from: from + k })),
    );
    all.push(...layer);
  }
  return [closed.constant(1), ...all.map((x) => x.atom)].reverse();
}

/** The simplest closed form that gives every sample, or nothing. */
export function guess(names: readonly string[], samples: readonly Sample[]): Guess | undefined {
  if (samples.length < 4 && names.length > 0) return undefined;
  const range = names
    .map((n) => {
      const values = samples.map((s) => s.sizes[n]!);
      return `${n} = ${Math.min(...values)}..${Math.max(...values)}`;
    })
    .join(", ");
  const found = (form: ClosedForm): Guess => ({
    form,
    text: printClosedForm(form),
    standing: "checked",
    samples: samples.length,
    range,
  });
  const first = samples[0];
  if (first === undefined) return undefined;
  const fits = (form: ClosedForm): boolean =>
    samples.every((s) => sameRational(formAt(form, s.sizes), rational(s.value)));
  if (samples.every((s) => s.value === first.value)) return found(closed.constant(first.value));
  const sizes = names.map(closed.size);
  const logs = sizes.map(closed.log2);
  const powers = sizes.map(closed.pow2);
  const small = samples.every((s) => names.every((n) => s.sizes[n]! <= 24));
  const bases: ClosedForm[][] = [
    monomials(sizes, 1),
    monomials(logs, 1),
    monomials([...sizes, ...logs], 1),
    monomials(sizes, 2),
    monomials([...sizes, ...logs], 2),
    monomials(sizes, 3),
    ...(small
      ? [monomials(powers, 1), monomials([...sizes, ...powers], 1), monomials([...sizes, ...powers], 2)]
      : []),
  ];
  const data = new Data(samples.map((s) => ({ env: s.sizes, level: s.value })));
  const all = samples.map((_, k) => k);
  for (const atoms of bases) {
    if (samples.length < atoms.length + 3) continue;
    const form = combination(data, all, atoms, atoms.length);
    if (form !== undefined && fits(form)) return found(form);
  }
  // floor((Σ a·size + c) / q): few small coefficients, tried one by one.
  const options = names.length === 1 ? [0, 1, 2, 3, 4] : [0, 1, 2];
  const coefficients = names.reduce<number[][]>(
    (all, _) => all.flatMap((c) => options.map((o) => [...c, o])),
    [[]],
  );
  if (names.length <= 3) {
    for (const q of [2, 3, 4]) {
      for (const c of coefficients) {
        // The first sample leaves q constants.
        const rest = names.reduce((sum, n, k) => sum + c[k]! * first.sizes[n]!, 0);
        for (let constant = q * first.value - rest; constant < q * (first.value + 1) - rest; constant++) {
          const value = (s: Sizes) =>
            Math.floor((names.reduce((sum, n, k) => sum + c[k]! * s[n]!, 0) + constant) / q);
          if (!samples.every((s) => value(s.sizes) === s.value)) continue;
          const sum = closed.add(
            ...sizes.map((n, k) => closed.scale(n, rational(c[k]!))),
            closed.constant(constant),
          );
          return found(closed.floor(closed.over(sum, q)));
        }
      }
    }
  }
  // min and max of two sizes or constants, shifted.
  const sides = [...sizes, ...[0, 1, 2].map(closed.constant)];
  for (const choose of [closed.max, closed.min]) {
    for (let i = 0; i < sizes.length; i++) {
      for (let j = i + 1; j < sides.length; j++) {
        for (let a = -2; a <= 2; a++) {
          for (let b = -2; b <= 2; b++) {
            const form = choose(
              closed.add(sides[i]!, closed.constant(a)),
              closed.add(sides[j]!, closed.constant(b)),
            );
            if (fits(form)) return found(form);
          }
        }
      }
    }
  }
  return undefined;
}
