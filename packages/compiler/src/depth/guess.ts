/**
 * Closed forms guessed from samples. A guess is *checked* at the sizes sampled, never proved: it is fitted exactly (in
 * rationals) to some of the samples and must give all the others.
 */
import { ceilLog2 } from "../equations/build";
import type { Sizes } from "../equations/system";

/** One measured figure. */
export interface Sample {
  readonly sizes: Sizes;
  readonly value: number;
}

export interface Guess {
  /** As a person would write it, in the sizes. */
  readonly text: string;
  readonly standing: "checked";
  /** How many samples it agrees with; more than it has coefficients. */
  readonly samples: number;
  /** The sizes sampled, in words. */
  readonly range: string;
}

interface Atom {
  readonly text: string;
  readonly value: (s: Sizes) => number;
}

// Exact rationals, numerator and positive denominator.
interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b));
function ratio(n: bigint, d: bigint): Rational {
  const g = gcd(n, d) * (d < 0n ? -1n : 1n);
  return g === 0n ? { n: 0n, d: 1n } : { n: n / g, d: d / g };
}
const minus = (a: Rational, b: Rational) => ratio(a.n * b.d - b.n * a.d, a.d * b.d);
const times = (a: Rational, b: Rational) => ratio(a.n * b.n, a.d * b.d);
const over = (a: Rational, b: Rational) => ratio(a.n * b.d, a.d * b.n);

/** The only solution of a linear system, if there is exactly one. */
function solve(rows: readonly (readonly Rational[])[], unknowns: number): Rational[] | undefined {
  const m = rows.map((r) => [...r]);
  let rank = 0;
  for (let c = 0; c < unknowns; c++) {
    const pivot = m.findIndex((r, k) => k >= rank && r[c]!.n !== 0n);
    if (pivot < 0) return undefined;
    [m[rank], m[pivot]] = [m[pivot]!, m[rank]!];
    const lead = m[rank]![c]!;
    m[rank] = m[rank]!.map((x) => over(x, lead));
    for (let k = 0; k < m.length; k++) {
      const factor = m[k]![c]!;
      if (k === rank || factor.n === 0n) continue;
      m[k] = m[k]!.map((x, j) => minus(x, times(factor, m[rank]![j]!)));
    }
    rank++;
  }
  if (m.slice(rank).some((r) => r[unknowns]!.n !== 0n)) return undefined;
  return m.slice(0, unknowns).map((r) => r[unknowns]!);
}

/** Fits `value = Σ c · atom` to all samples exactly; needs more samples than atoms. */
function fit(atoms: readonly Atom[], samples: readonly Sample[]): Rational[] | undefined {
  if (samples.length < atoms.length + 3) return undefined;
  const big = (x: number): Rational => ({ n: BigInt(x), d: 1n });
  return solve(
    samples.map((s) => [...atoms.map((a) => big(a.value(s.sizes))), big(s.value)]),
    atoms.length,
  );
}

function print(atoms: readonly Atom[], coefficients: readonly Rational[]): string {
  const denominator = coefficients.reduce((l, c) => (l * c.d) / gcd(l, c.d), 1n);
  const terms = atoms
    .map((a, k) => ({ text: a.text, c: (coefficients[k]!.n * denominator) / coefficients[k]!.d }))
    .filter((t) => t.c !== 0n)
    .map(({ text, c }) => {
      const size = c < 0n ? -c : c;
      const body = text === "1" ? String(size) : size === 1n ? text : `${size}*${text}`;
      return { negative: c < 0n, body };
    });
  if (terms.length === 0) return "0";
  // A negative first term reads badly: begin with a positive one where there is one.
  const first = terms.findIndex((t) => !t.negative);
  const ordered = first > 0 ? [terms[first]!, ...terms.filter((_, k) => k !== first)] : terms;
  const sum = ordered
    .map((t, k) => (k === 0 ? `${t.negative ? "-" : ""}${t.body}` : ` ${t.negative ? "-" : "+"} ${t.body}`))
    .join("");
  if (denominator === 1n) return sum;
  return `${ordered.length > 1 ? `(${sum})` : sum} / ${denominator}`;
}

const one: Atom = { text: "1", value: () => 1 };
const product = (a: Atom, b: Atom): Atom => ({
  text: `${a.text}*${b.text}`,
  value: (s) => a.value(s) * b.value(s),
});

/** All products of up to `degree` atoms. */
function monomials(base: readonly Atom[], degree: number): Atom[] {
  let layer: { atom: Atom; from: number }[] = base.map((atom, from) => ({ atom, from }));
  const all = [...layer];
  for (let d = 2; d <= degree; d++) {
    layer = layer.flatMap(({ atom, from }) =>
      base.slice(from).map((b, k) => ({ atom: product(atom, b), from: from + k })),
    );
    all.push(...layer);
  }
  return [one, ...all.map((x) => x.atom)].reverse();
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
  const found = (text: string): Guess => ({ text, standing: "checked", samples: samples.length, range });
  const first = samples[0];
  if (first === undefined) return undefined;
  if (samples.every((s) => s.value === first.value)) return found(String(first.value));
  const sizes = names.map((n): Atom => ({ text: n, value: (s) => s[n]! }));
  const logs = names.map((n): Atom => ({ text: `log2(${n})`, value: (s) => ceilLog2(s[n]!) }));
  const powers = names.map((n): Atom => ({ text: `2^${n}`, value: (s) => 2 ** s[n]! }));
  const small = samples.every((s) => names.every((n) => s.sizes[n]! <= 24));
  const bases: Atom[][] = [
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
  for (const atoms of bases) {
    const coefficients = fit(atoms, samples);
    if (coefficients !== undefined) return found(print(atoms, coefficients));
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
        for (let constant = -q; constant <= 2 * q; constant++) {
          const value = (s: Sizes) =>
            Math.floor((names.reduce((sum, n, k) => sum + c[k]! * s[n]!, 0) + constant) / q);
          if (!samples.every((s) => value(s.sizes) === s.value)) continue;
          const terms = names.flatMap((n, k) => (c[k] === 0 ? [] : [c[k] === 1 ? n : `${c[k]}*${n}`]));
          const sum =
            constant === 0
              ? terms.join(" + ")
              : `${terms.join(" + ")} ${constant < 0 ? "-" : "+"} ${Math.abs(constant)}`;
          return found(`floor((${sum}) / ${q})`);
        }
      }
    }
  }
  // min and max of two sizes or constants, shifted.
  const sides: Atom[] = [...sizes, ...[0, 1, 2].map((k): Atom => ({ text: String(k), value: () => k }))];
  for (const [word, choose] of [
    ["max", Math.max],
    ["min", Math.min],
  ] as const) {
    for (let i = 0; i < sizes.length; i++) {
      for (let j = i + 1; j < sides.length; j++) {
        for (let a = -2; a <= 2; a++) {
          for (let b = -2; b <= 2; b++) {
            const value = (s: Sizes) => choose(sides[i]!.value(s) + a, sides[j]!.value(s) + b);
            if (!samples.every((s) => value(s.sizes) === s.value)) continue;
            const side = (atom: Atom, by: number) => {
              if (/^\d+$/.test(atom.text)) return String(Number(atom.text) + by);
              return by === 0 ? atom.text : `${atom.text} ${by < 0 ? "-" : "+"} ${Math.abs(by)}`;
            };
            return found(`${word}(${side(sides[i]!, a)}, ${side(sides[j]!, b)})`);
          }
        }
      }
    }
  }
  return undefined;
}
