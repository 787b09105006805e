/** Polynomials as products, for reading: `T*(n - 2)^3` rather than four terms. */
import { absolute, gcd, type Rational, rational } from "./rational";

/** A coefficient times a power of each atom. */
export interface Powers {
  readonly coefficient: Rational;
  readonly exponents: readonly number[];
}
/** `coefficient` times a product of powers; the factors are sums. */
export interface Product {
  readonly coefficient: Rational;
  readonly factors: readonly { readonly of: readonly Powers[]; readonly power: number }[];
}

/** Coefficients by exponents, one for each atom, such as "2,0,1". No coefficient is 0. */
type Sparse = ReadonlyMap<string, bigint>;

/** Polynomials with more atoms or terms, and factors with larger constants, are not looked at. */
const [ATOMS, TERMS, CONSTANT] = [4, 30, 4];

/** A prime below 2^16, so that a product of two remainders is an exact number. */
const PRIME = 65_521;

const exponentsOf = (key: string): number[] => key.split(",").map(Number);

/**
 * Factors `x - c` and `x ± y - c` are found by trial (the factor theorem): first modulo a prime at one point, which refuses
 * nearly all, then by exact division. Undefined where the sum is not a product of such factors.
 */
export function factored(all: readonly Powers[]): Product | undefined {
  const atoms = all[0]?.exponents.length ?? 0;
  if (all.length < 3 || all.length > TERMS || atoms > ATOMS) return undefined;
  const denominator = all.reduce((l, { coefficient: { denominator: d } }) => (l * d) / gcd(l, d), 1n);
  const terms = all.map(({ coefficient: { numerator, denominator: d }, exponents }) => ({
    coefficient: (numerator * denominator) / d,
    exponents,
  }));
  const content = terms.reduce((g, t) => gcd(g, absolute(t.coefficient)), 0n);
  const common = all[0]!.exponents.map((_, k) => Math.min(...terms.map((t) => t.exponents[k]!)));
  let rest: Sparse = new Map(
    terms.map((t) => [t.exponents.map((e, k) => e - common[k]!).join(), t.coefficient / content]),
  );
  let coefficient = content;
  const found = new Map<string, { of: Sparse; power: number }>();
  const note = (factor: Sparse): void => {
    const entries = [...factor].sort(([a], [b]) => (a < b ? 1 : -1));
    const sign = entries[0]![1] < 0n ? -1n : 1n;
    coefficient *= sign;
    const of = scaled(new Map(entries), sign);
    const key = [...of].join(";");
    found.set(key, { of, power: (found.get(key)?.power ?? 0) + 1 });
  };
  for (let next = linearFactor(rest, atoms); next !== undefined; next = linearFactor(rest, atoms)) {
    rest = next.quotient;
    note(next.factor);
  }
  const left = Math.max(...[...rest.keys()].map((key) => exponentsOf(key).reduce((a, b) => a + b)));
  // What is left of a higher degree makes a product harder to read than the sum.
  if (found.size === 0 || left > 1) return undefined;
  if (left === 0) coefficient *= [...rest.values()][0]!;
  else note(rest);
  // Each factor adds no less than it takes away; where that is open, the sign of the whole decides.
  const turned = ({ of, power }: { of: Sparse; power: number }) => {
    if (power % 2 === 1) coefficient = -coefficient;
    return { of: scaled(of, -1n), power };
  };
  const negative = (of: Sparse): number => 2 * [...of.values()].filter((c) => c < 0n).length - of.size;
  const oriented = [...found.values()].map((f) => (negative(f.of) > 0 ? turned(f) : f));
  const open = oriented.findIndex(({ of, power }) => power % 2 === 1 && negative(of) === 0);
  if (coefficient < 0n && open >= 0) oriented[open] = turned(oriented[open]!);
  const powers = (p: Sparse): Powers[] =>
    [...p].map(([key, c]) => ({ coefficient: rational(c), exponents: exponentsOf(key) }));
  const alone = (k: number): Powers => ({
    coefficient: rational(1),
    exponents: common.map((_, j) => (j === k ? 1 : 0)),
  });
  return {
    coefficient: rational(coefficient, denominator),
    factors: [
      ...common.flatMap((power, k) => (power > 0 ? [{ of: [alone(k)], power }] : [])),
      ...oriented.map(({ of, power }) => ({ of: powers(of), power })),
    ],
  };
}

const scaled = (p: Sparse, by: bigint): Sparse => new Map([...p].map(([key, c]) => [key, c * by]));

/** A factor `x - root` of degree 1 with whole coefficients, and what is left. */
function linearFactor(p: Sparse, atoms: number): { factor: Sparse; quotient: Sparse } | undefined {
  const list = [...p].map(([key, c]) => ({ exponents: exponentsOf(key), c: Number(c % BigInt(PRIME)) }));
  if (list.every(({ exponents }) => exponents.reduce((a, b) => a + b, 0) < 2)) return undefined;
  const point = [1_009, 20_011, 30_011, 40_009].slice(0, atoms);
  const unit = (k: number): string => point.map((_, j) => (j === k ? 1 : 0)).join();
  const nothing = point.map(() => 0).join();
  for (let x = 0; x < atoms; x++) {
    if (list.every(({ exponents }) => exponents[x] === 0)) continue;
    for (let y = -1; y < atoms; y++) {
      if (y === x) continue;
      for (const sign of y < 0 ? [0n] : [1n, -1n])
        for (let c = -CONSTANT; c <= CONSTANT; c++) {
          if (y < 0 && c === 0) continue;
          const at = (Number(sign) * (point[y] ?? 0) + c + 2 * PRIME) % PRIME;
          if (valueAt(list, point, x, at) !== 0) continue;
          const root = new Map<string, bigint>();
          if (y >= 0) root.set(unit(y), sign);
          if (c !== 0) root.set(nothing, BigInt(c));
          const quotient = divided(p, x, root);
          if (quotient !== undefined)
            return { factor: new Map([[unit(x), 1n], ...scaled(root, -1n)]), quotient };
        }
    }
  }
  return undefined;
}

function valueAt(
  list: readonly { readonly exponents: readonly number[]; readonly c: number }[],
  point: readonly number[],
  x: number,
  at: number,
): number {
  let sum = 0;
  for (const { exponents, c } of list) {
    let product = c;
    for (let k = 0; k < exponents.length; k++)
      for (let e = exponents[k]!; e > 0; e--) product = (product * (k === x ? at : point[k]!)) % PRIME;
    sum += product;
  }
  return sum % PRIME;
}

/** Horner's scheme in atom x: the quotient by `x - root`, where nothing remains. */
function divided(p: Sparse, x: number, root: Sparse): Sparse | undefined {
  const most = Math.max(...[...p.keys()].map((key) => exponentsOf(key)[x]!));
  const rows: Map<string, bigint>[] = Array.from({ length: most + 1 }, () => new Map());
  for (const [key, c] of p) {
    const exponents = exponentsOf(key);
    const [row] = exponents.splice(x, 1, 0);
    rows[row!]!.set(exponents.join(), c);
  }
  const quotient = new Map<string, bigint>();
  let carried: Sparse = new Map();
  for (let k = most; k >= 0; k--) {
    const row = rows[k]!;
    for (const [a, c] of carried)
      for (const [b, d] of root) {
        const [left, right] = [exponentsOf(a), exponentsOf(b)];
        const key = left.map((e, j) => e + right[j]!).join();
        const sum = (row.get(key) ?? 0n) + c * d;
        if (sum === 0n) row.delete(key);
        else row.set(key, sum);
      }
    if (k === 0) return row.size === 0 ? quotient : undefined;
    for (const [key, c] of row) {
      const exponents = exponentsOf(key);
      exponents[x] = k - 1;
      quotient.set(exponents.join(), c);
    }
    carried = row;
  }
  return undefined;
}
