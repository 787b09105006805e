/**
 * Random systems of recurrences as text: strided, reversed, skewed, banded, triangular, wavefront, periodic, blocked, mutual, halving,
 * folding, over data, with sizes that limit one another. Each reads only what is earlier in an order of its indices, so every system is
 * acyclic. What is too far outside has a default. For tests of what is proved for all sizes: guards stand at small and at large numbers.
 */
import fc from "fast-check";

export interface RandomRecurrence {
  readonly text: string;
  /** The kind of its first family's recurrence: where proofs fail is counted by kind. */
  readonly kind: string;
}

/** One number decides one choice; the first option of each is the simplest, and is taken when numbers run out. */
class Choices {
  private next = 0;
  constructor(private readonly numbers: readonly number[]) {}
  below(n: number): number {
    return (this.numbers[this.next++] ?? 0) % n;
  }
  of<T>(...options: readonly T[]): T {
    return options[this.below(options.length)]!;
  }
  /** True one time in n. */
  once(n: number): boolean {
    return this.below(n) === n - 1;
  }
}

interface Dim {
  readonly name: string;
  readonly lo: string;
  readonly hi: string;
}
interface Family {
  readonly name: string;
  readonly dims: readonly Dim[];
  readonly text: string;
}

const constants = [0, 1, 2, 3, 4, 5, 7, 14, 23];

/** Ranges of one to three indices over the sizes n, m, k. */
function ranges(c: Choices): Dim[] {
  const first = c.of<[string, string]>(
    ["0", "n"],
    ["0", "m"],
    ["0", "n + m"],
    ["k", "k + n"],
    ["0", "2*n + 1"],
    ["0", "min(n, m)"],
    ["0", "max(n, m)"],
    ["1", "n + 1"],
  );
  const dims: Dim[] = [{ name: "i", lo: first[0], hi: first[1] }];
  const rank = c.of(1, 2, 2, 1, 2, 3);
  if (rank >= 2) {
    const [lo, hi] = c.of<[string, string]>(
      ["0", "m"],
      ["0", "n"],
      ["0", "i + 1"],
      ["i", "n + m + k + 3"],
      ["max(0, i - k)", "i + k + 1"],
      ["0", "k + 1"],
      ["0", "max(0, n - i)"],
      ["i", "i + m"],
      ["max(0, i - 2)", "min(n, i + 3)"],
      ["0", "i + m"],
      ["0", "3"],
    );
    dims.push({ name: "j", lo, hi });
  }
  if (rank >= 3) {
    const [lo, hi] = c.of<[string, string]>(
      ["0", "m"],
      ["0", "j + 1"],
      ["0", "k + 1"],
      ["j", "i + j + 1"],
      ["0", "2"],
    );
    dims.push({ name: "l", lo, hi });
  }
  return dims;
}

const shifted = (name: string, by: number): string =>
  by === 0 ? name : by > 0 ? `${name}+${by}` : `${name}-${-by}`;

/** A condition on indices and sizes. */
function condition(c: Choices, dims: readonly Dim[]): string {
  const { name, lo, hi } = dims[c.below(dims.length)]!;
  const other = dims[c.below(dims.length)]!.name;
  const at = constants[c.below(constants.length)]!;
  switch (c.below(12)) {
    case 0:
      return `${name} == ${lo}`;
    case 1:
      return `${name} < ${at}`;
    case 2:
      return `${name} == ${hi} - 1`;
    case 3:
      return `${name} mod ${2 + (at % 4)} == ${c.of(0, 1)}`;
    case 4:
      return other === name ? `${name} >= k` : `${name} <= ${other}`;
    case 5:
      return `${name} < ${c.of("k", "m", "n - k", "n - m", "min(n, m)")}`;
    case 6:
      return other === name ? `2*${name} < n` : `${name} + ${other} < n`;
    case 7:
      return `${name} == ${lo} or ${other} == ${at}`;
    case 8:
      return `${name} + ${at} >= ${hi}`;
    case 9:
      return other === name ? `n <= ${at}` : `(${name} + ${other}) mod ${c.of(2, 3)} == 0`;
    case 10:
      return `n ${c.of("<", ">")} ${c.of("m", "k", "m + k", "2*m")}`;
    default:
      return other === name ? `${name} != ${at}` : `${name} != ${other}`;
  }
}

/** A read of a family at what is earlier by its order; `level` false: anywhere. */
function read(c: Choices, of: Family, order: readonly { d: number; sign: 1 | -1 }[], kind: string[]): string {
  const at = of.dims.map((d) => d.name);
  const falls = order.length === 0 ? 0 : c.of(0, 0, 0, 1) % order.length;
  order.forEach(({ d, sign }, place) => {
    const { name, lo, hi } = of.dims[d]!;
    if (place < falls) return;
    if (place === falls) {
      const stride = c.of(1, 1, 1, 2, 1, 3, 5, 2, 4);
      if (stride > 1) kind.push("strided");
      if (sign > 0) kind.push("reversed");
      at[d] = shifted(name, sign * stride);
      if (sign < 0 && lo === "0" && c.once(12)) {
        kind.push("halving");
        at[d] = c.of(
          `(${name} - 1) div 2`,
          `${name} - 1 - (${name} mod 2)`,
          `(${name} - 1) div 3`,
          `max(0, ${name} - k) - 1`,
          `max(1, ${name}) - 2`,
        );
      }
      return;
    }
    switch (c.below(9)) {
      case 0:
      case 1:
        return;
      case 2:
        kind.push("skewed");
        at[d] = shifted(name, -1);
        return;
      case 3:
        kind.push("skewed");
        at[d] = shifted(name, 1);
        return;
      case 4:
        kind.push("row after row");
        at[d] = `${hi} - 1`;
        return;
      case 5:
        kind.push("row after row");
        at[d] = lo;
        return;
      case 6:
        kind.push("skewed far");
        at[d] = shifted(name, c.of(2, -2, 3, -3));
        return;
      case 7:
        kind.push("mirrored");
        at[d] = `${hi} - 1 - ${name}`;
        return;
      default:
        if (lo === "0") {
          kind.push("periodic");
          at[d] = `(${name} ${c.of("+", "-")} 1) mod (${hi})`;
        }
    }
  });
  return `(${of.name}[${at.join(", ")}] ?? x)`;
}

/** A fold over earlier instances, or over all of another family. */
function fold(c: Choices, of: Family, order: readonly { d: number; sign: 1 | -1 }[], kind: string[]): string {
  kind.push("fold");
  const at = of.dims.map((d) => d.name);
  const { d, sign } = order[0] ?? { d: c.below(of.dims.length), sign: -1 as const };
  const { name, lo, hi } = of.dims[d]!;
  const whole = order.length === 0;
  const range = whole
    ? c.of([lo, hi], [lo, name], [name, hi])
    : sign < 0
      ? c.of([lo, name], [`max(${lo}, ${name} - 3)`, name], [`max(${lo}, ${name} - k)`, name])
      : [`${name} + 1`, hi];
  at[d] = "q";
  if (!whole && of.dims.length > 1 && c.once(2)) {
    const e = order[1]?.d ?? 0;
    if (e !== d) {
      // Everything of the row before.
      at[d] = shifted(name, sign);
      at[e] = "q";
      return `(${c.of("sum", "max")}[q: ${of.dims[e]!.lo}..${of.dims[e]!.hi}] (${of.name}[${at.join(", ")}] ?? x))`;
    }
  }
  const filter = c.once(6) ? ` where q != ${c.of("0", name)}` : "";
  return `(${c.of("sum", "max", "min")}[q: ${range[0]}..${range[1]}${filter}] (${of.name}[${at.join(", ")}] ?? x))`;
}

function expression(c: Choices, reads: (() => string)[]): string {
  const one = (): string => reads[c.below(reads.length)]!();
  switch (c.below(9)) {
    case 0:
      return `${one()} + 1`;
    case 1:
      return one();
    case 2:
      return `${one()} + ${one()}`;
    case 3:
      return `(${one()} + 1) * 2`;
    case 4:
      return `max(${one()}, ${one()} + 1)`;
    case 5:
      return `${one()} + ${one()} * ${one()}`;
    case 6:
      return `(if ${one()} > 0 { ${one()} } else { 3 })`;
    case 7:
      return "x + 1";
    default:
      return c.of("x", "x * x + x * x");
  }
}

function family(
  c: Choices,
  name: string,
  dims: readonly Dim[],
  before: readonly Family[],
  kind: string[],
): Family {
  const own: Family = { name, dims, text: "" };
  const order = dims.map((_, d) => ({ d, sign: c.of<1 | -1>(-1, -1, -1, 1) }));
  if (c.once(3)) order.reverse();
  const reads: (() => string)[] = [
    () => read(c, own, order, kind),
    () => read(c, own, order, kind),
    () => (c.once(3) ? fold(c, own, order, kind) : read(c, own, order, kind)),
  ];
  const last = before[before.length - 1];
  if (last !== undefined) {
    const same = last.dims === dims;
    reads.push(() => {
      kind.push(same ? "stage" : "composed");
      if (c.once(3) && (same || last.dims.length <= dims.length)) return fold(c, last, [], kind);
      const at = last.dims.map((d, k) =>
        same || k < dims.length
          ? c.of(dims[k]?.name ?? d.lo, `${d.hi} - 1`, d.lo, `${d.hi} - 1 - ${dims[k]?.name ?? "0"}`)
          : c.of(d.lo, `${d.hi} - 1`),
      );
      // Indices of the other family stand in the bounds of later ones: give them values of our own names.
      const clear =
        at.every((e) => !/[jl]/.test(e) || dims.length > 1) &&
        at.every((e) => !/l/.test(e) || dims.length > 2);
      return clear ? `(${last.name}[${at.join(", ")}] ?? x)` : "x";
    });
  }
  const pieces = c.of(1, 2, 2, 0, 3);
  let body = "";
  for (let p = 0; p < pieces; p++)
    body += `if ${condition(c, dims)} { ${p === 0 && c.of(true, true, false) ? "x + 1" : expression(c, reads)} } else `;
  const value = expression(c, reads);
  body += pieces === 0 ? value : `{ ${value} }`;
  const head = dims.map((d) => `${d.name}: ${d.lo}..${d.hi}`).join(", ");
  return { name, dims, text: `  node ${name}[${head}]: int = ${body}\n` };
}

/** Two families that read each other, the second what the first is at the same place. */
function mutual(c: Choices, dims: readonly Dim[], kind: string[]): Family[] {
  kind.push("mutual");
  const order = dims.map((_, d) => ({ d, sign: c.of<1 | -1>(-1, -1, 1) }));
  const [a, b]: [Family, Family] = [
    { name: "a", dims, text: "" },
    { name: "b", dims, text: "" },
  ];
  const here = `a[${dims.map((d) => d.name).join(", ")}]`;
  const first = expression(c, [() => read(c, b, order, kind), () => read(c, c.of(b, a), order, kind)]);
  const second = expression(c, [() => here, () => read(c, c.of(a, b), order, kind)]);
  const head = dims.map((d) => `${d.name}: ${d.lo}..${d.hi}`).join(", ");
  return [
    { ...a, text: `  node a[${head}]: int = if ${condition(c, dims)} { x + 1 } else { ${first} }\n` },
    {
      ...b,
      text: `  node b[${head}]: int = ${c.once(2) ? second : `if ${condition(c, dims)} { ${c.of("x", here)} } else { ${second} }`}\n`,
    },
  ];
}

/** Doubling strides, as scans and pointer jumping have them; and reads whose place is data. */
function special(c: Choices, kind: string[]): Family[] {
  kind.push("doubling");
  const step = c.of("i < 2^(r-1)", "i - 2^(r-1) < 0", "i + 2^(r-1) >= n");
  const far = step.includes("+") ? "s[r-1, i + 2^(r-1)]" : "s[r-1, i - 2^(r-1)]";
  const dims: Dim[] = [
    { name: "r", lo: "0", hi: "log2(n) + 1" },
    { name: "i", lo: "0", hi: "n" },
  ];
  const start = c.of("x", "x + 1", `x * ${c.of("x", "i")}`);
  return [
    {
      name: "s",
      dims,
      text: `  node s[r: 0..log2(n)+1, i: 0..n]: int = if r == 0 { ${start} } else if ${step} { s[r-1, i]${c.of("", " + 1")} } else { s[r-1, i] + ${far}${c.of("", " * 2")} }\n`,
    },
  ];
}

function recurrenceFrom(numbers: readonly number[]): RandomRecurrence {
  const c = new Choices(numbers);
  const kind: string[] = [];
  const where = c.of(
    "n >= 1, m >= 1",
    "n >= 3, m >= 1, k >= 1",
    "n >= m, m >= 2",
    "n >= 1, m >= 1, k <= n",
    "n >= 2, m >= 1, k < m",
  );
  const families: Family[] = [];
  const shape = c.of("one", "one", "two", "mutual", "one", "two", "doubling", "data");
  if (shape === "doubling") families.push(...special(c, kind));
  else if (shape === "mutual") families.push(...mutual(c, ranges(c), kind));
  else if (shape === "data") {
    kind.push("data");
    const back = c.of("max(1, i)", "max(1, i - k)", "i div 2 + 1");
    families.push({
      name: "a",
      dims: [{ name: "i", lo: "0", hi: "n" }],
      text: `  input p[i: 0..n]: index(${back})\n  node a[i: 0..n]: int = if i ${c.of("== 0", "<= k", "mod 3 == 0")} ${c.of("", "or i == 0 ")}{ x + 1 } else { a[p[i]] + ${c.of("1", "x * x")} }\n`,
    });
  } else {
    const dims = ranges(c);
    families.push(family(c, "a", dims, [], kind));
    if (shape === "two") families.push(family(c, "b", c.once(2) ? dims : ranges(c), families, kind));
  }
  // Sizes of no use only thin the samples.
  const body = families.map((f) => f.text).join("");
  const used = ["n", "m", "k"].filter((s) => s === "n" || new RegExp(`\\b${s}\\b`).test(body));
  const holds = ["n >= 1", ...where.split(", ")].filter((w) =>
    (w.match(/[nmk]/g) ?? []).every((s) => used.includes(s)),
  );
  const head = used.map((s) => `${s}: size`).join(", ");
  return {
    text: `task X(${head}) where ${holds.join(", ")} {\n  input x: int\n${body}}\n`,
    kind: [...new Set(kind)].sort().join(", ") || "plain",
  };
}

export const randomRecurrence = (): fc.Arbitrary<RandomRecurrence> =>
  fc.array(fc.nat(5039), { minLength: 70, maxLength: 70 }).map(recurrenceFrom);
