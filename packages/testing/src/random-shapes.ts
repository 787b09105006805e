/**
 * Random programs of many shapes: grids with and without edges, tables of dynamic programming, recurrences that run backwards, small
 * states, chains, circuits whose wires are data, products, triangles, scans, families that need one another, used tasks. Sizes may be 0.
 * What an expression may read comes with the shape; everything else of the language may stand around it.
 */
import fc from "fast-check";
import type { RandomProgram } from "./random-program";

type Kind = "bit" | "int" | "real" | "Suit" | "index(4)" | "vec3" | "vec4";
const kinds: readonly Kind[] = ["bit", "int", "real", "Suit", "index(4)", "vec3", "vec4"];

/** What may stand at a leaf. */
interface Place {
  /** Indices and sizes in scope. */
  readonly indices: readonly string[];
  /** Static conditions. */
  readonly static: readonly string[];
  readonly reads: Partial<Record<Kind, readonly string[]>>;
  /** What a reduction over `q` may run over here, and what its body may read besides. */
  readonly ranges: readonly string[];
  readonly inner: Partial<Record<Kind, readonly string[]>>;
}

const literals: Record<Kind, readonly string[]> = {
  bit: ["true", "false"],
  int: ["0", "1", "(-1)", "7", "65536", "2147483647", "(-2147483647 - 1)", "STEP"],
  real: [
    "0.0",
    "(-0.0)",
    "1.0",
    "(-2.5)",
    "1e-38",
    "3e38",
    "(0.0 / 0.0)",
    "(1.0 / 0.0)",
    "(-1.0 / 0.0)",
    "HALF",
  ],
  Suit: ["Suit.Clubs", "Suit.Diamonds", "Suit.Hearts"],
  "index(4)": ["0", "3"],
  vec3: ["vec3(1.0, -0.5, 3e7)", "vec3(HALF, 0.0, -0.0)"],
  vec4: ["vec4(1.0, 2.0, -3.0, HALF)"],
};

function expression(kind: Kind, place: Place, depth: number, memo = new Map<string, fc.Arbitrary<string>>()) {
  const key = `${kind} ${depth} ${place.ranges.length}`;
  const known = memo.get(key) ?? fresh(kind, place, depth, memo);
  memo.set(key, known);
  return known;
}

function fresh(
  kind: Kind,
  place: Place,
  depth: number,
  memo: Map<string, fc.Arbitrary<string>>,
): fc.Arbitrary<string> {
  const numbers = place.indices.flatMap((x) => [x, `(${x} * 3 - 2)`, `log2(${x} + 1)`, `(2^min(${x}, 5))`]);
  const more = kind === "int" ? numbers : kind === "bit" ? place.static : [];
  const reads = [...(place.reads[kind] ?? []), ...more];
  const leaf = fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...literals[kind]) },
    ...(reads.length > 0 ? [{ weight: 4, arbitrary: fc.constantFrom(...reads) }] : []),
  );
  if (depth === 0) return leaf;
  const go = (k: Kind): fc.Arbitrary<string> => expression(k, place, depth - 1, memo);
  const call = (names: readonly string[], ...args: Kind[]): fc.Arbitrary<string> =>
    fc
      .tuple(fc.constantFrom(...names), fc.tuple(...args.map(go)))
      .map(([f, list]) => `${f}(${list.join(", ")})`);
  const infix = (k: Kind, ops: readonly string[]): fc.Arbitrary<string> =>
    fc.tuple(go(k), fc.constantFrom(...ops), go(k)).map(([a, o, b]) => `(${a} ${o} ${b})`);
  const reduction = (ops: readonly string[], body: Kind, filters = true): fc.Arbitrary<string>[] => {
    if (place.ranges.length === 0) return [];
    const within: Place = {
      ...place,
      indices: [...place.indices, "q"],
      ranges: [],
      reads: Object.fromEntries(
        kinds.map((k) => [
          k,
          [...(place.reads[k] ?? []), ...(place.inner[k] ?? []), ...(place.inner[k] ?? [])],
        ]),
      ),
    };
    const filter = filters
      ? ["", "", " where q != 1", " where q mod 2 == 0", ...(place.inner.bit ?? []).map((b) => ` where ${b}`)]
      : [""];
    const inside = new Map<string, fc.Arbitrary<string>>();
    return [
      fc
        .tuple(
          fc.constantFrom(...ops),
          fc.constantFrom(...place.ranges),
          fc.constantFrom(...filter),
          expression(body, within, Math.min(depth - 1, 2), inside),
        )
        .map(([op, range, where, e]) => `(${op}[q: ${range}${where}] ${e})`),
    ];
  };
  const monoid = (name: string, body: readonly Kind[], part: string): fc.Arbitrary<string>[] =>
    reduction([`reduce ${name}`], body[0]!, false).map((r) =>
      fc
        .tuple(r, ...body.slice(1).map((k) => expression(k, { ...place, ranges: [] }, 1)))
        .map(([e, ...rest]) => {
          const at = e.indexOf("] ") + 2;
          return `${e.slice(0, at)}[${[e.slice(at, -1), ...rest].join(", ")}])[${part}]`;
        }),
    );
  const choice = fc.oneof(
    fc
      .tuple(go("bit"), go(kind), go("bit"), go(kind), go(kind))
      .map(([c, a, d, b, e]) => `(if ${c} { ${a} } else if ${d} { ${b} } else { ${e} })`),
    fc
      .tuple(fc.constantFrom(...(place.static.length > 0 ? place.static : ["true"])), go(kind), go(kind))
      .map(([c, a, b]) => `(if ${c} { ${a} } else { ${b} })`),
    fc
      .tuple(go(kind), go("bit"))
      .map(([a, c]) => `(if ${c} { let mid${depth} = ${a}\n mid${depth} } else { ${a} })`),
  );
  const made: Record<Kind, fc.Arbitrary<string>[]> = {
    bit: [
      infix("bit", ["and", "or", "xor", "==", "!="]),
      call(["not "], "bit"),
      infix("int", ["==", "!=", "<", "<=", ">", ">="]),
      infix("real", ["==", "!=", "<", "<=", ">", ">="]),
      infix("Suit", ["==", "!="]),
      fc
        .tuple(go("bit"), go("bit"), go("bit"), fc.nat(255))
        .map(([a, b, c, rule]) => `(table(${a}, ${b}, ${c}) "${rule.toString(2).padStart(8, "0")}")`),
      ...reduction(["any", "all", "parity", "majority"], "bit"),
    ],
    int: [
      infix("int", ["+", "-", "*", "div", "mod"]),
      call(["min", "max"], "int", "int"),
      call(["min", "max"], "int", "int", "int"),
      call(["clamp"], "int", "int", "int"),
      call(["abs", "sign", "-", "int"], "int"),
      call(["int"], "real"),
      call(["int"], "bit"),
      go("index(4)").map((a) => `(${a} * 5 - 6)`),
      go("Suit").map((a) => `(table(${a}) [-5, 0, 2147483647])`),
      call(["near"], "int", "int"),
      ...reduction(["sum", "product", "min", "max"], "int"),
      ...reduction(["count"], "bit"),
      ...reduction(["argmin", "argmax"], "real"),
      ...reduction(["argmin", "argmax"], "int"),
      ...monoid("Affine", ["int", "int"], "1"),
    ],
    real: [
      infix("real", ["+", "-", "*", "/"]),
      call(["min", "max"], "real", "real"),
      call(["clamp"], "real", "real", "real"),
      call(["abs", "sign", "floor", "sqrt", "exp", "log", "tanh", "sin", "cos", "-"], "real"),
      call(["real"], "int"),
      call(["real"], "bit"),
      call(["dot"], "vec3", "vec3"),
      call(["dot"], "vec4", "vec4"),
      call(["length"], "vec4"),
      go("vec4").map((v) => `(${v}).w`),
      go("vec3").map((v) => `(${v}).x`),
      ...reduction(["sum", "product", "min", "max"], "real"),
    ],
    Suit: [
      fc
        .tuple(go("Suit"), go("bit"))
        .map(
          ([a, b]) =>
            `(table(${b}, ${a}) [Suit.Hearts, Suit.Clubs, Suit.Hearts, Suit.Diamonds, Suit.Diamonds, Suit.Clubs])`,
        ),
    ],
    "index(4)": [go("int").map((a) => `(${a} mod 4)`)],
    vec3: [
      infix("vec3", ["+", "-", "*"]),
      fc.tuple(go("real"), go("vec3")).map(([k, v]) => `(${k} * ${v})`),
      call(["vec3"], "real", "real", "real"),
      ...reduction(["sum"], "vec3"),
    ],
    vec4: [infix("vec4", ["+", "-"]), call(["vec4"], "real", "real", "real", "real")],
  };
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    { weight: 4, arbitrary: fc.oneof(...made[kind]) },
    { weight: 1, arbitrary: choice },
  );
}

const inputs = (index: string, n: string): Partial<Record<Kind, readonly string[]>> => {
  const at = `[${index}]`;
  return n === "0"
    ? {}
    : {
        bit: [`b${at}`],
        int: [`x${at}`, `w[${index}]`],
        real: [`y${at}`, `u${at}`],
        Suit: [`c${at}`],
        "index(4)": [`k${at}`],
        vec3: [`v${at}`],
        vec4: [`vec4(y${at}, u${at}, HALF, y${at})`],
      };
};
const join = (
  ...all: readonly Partial<Record<Kind, readonly string[]>>[]
): Partial<Record<Kind, readonly string[]>> =>
  Object.fromEntries(kinds.map((k) => [k, all.flatMap((r) => r[k] ?? [])]));

interface Shape {
  readonly name: string;
  /** Members that define families of a kind, and the outputs. */
  readonly members: (kind: Kind) => fc.Arbitrary<readonly string[]>;
  readonly kinds?: readonly Kind[];
  /** Sizes beyond this are cut: the interpreter is to stay quick. */
  readonly most?: number;
}

/** `text` with an expression for each `$` and its reads. */
function filled(kind: Kind, text: string, places: readonly Place[], depth = 3): fc.Arbitrary<string> {
  const holes = places.map((p) => expression(kind, p, depth));
  return fc.tuple(...holes).map((list) => {
    let k = 0;
    return text.replace(/\$/g, () => list[k++]!);
  });
}

const base = (index: string): Place => ({
  indices: [index, "n", "m"],
  static: [`(${index} == 0)`, `(${index} < m)`, `(${index} != 1)`],
  reads: inputs(index, "n"),
  ranges: ["0..n", "0..3"],
  inner: {},
});
const q: Partial<Record<Kind, readonly string[]>> = { bit: [], int: ["q"] };

const missing: Record<Kind, string> = {
  bit: "true",
  int: "3",
  real: "(-0.0)",
  Suit: "Suit.Hearts",
  "index(4)": "1",
  vec3: "vec3(HALF, 1.0, 2.0)",
  vec4: "vec4(HALF, 1.0, 2.0, 3.0)",
};

const shapes: readonly Shape[] = [
  {
    name: "a line whose cells see some way to both sides",
    members: (kind) => {
      const near = [-70, -2, -1, 0, 1, 2, 65].map((d) => `(g[t-1, i + ${d}] ?? ${missing[kind]})`);
      const ring = [-66, -1, 1, 3].map((d) => `g[t-1, (i + ${d}) mod n]`);
      return fc.constantFrom(near, [...near, ...ring]).chain((reads) => {
        const later: Place = {
          ...base("i"),
          indices: ["i", "t", "n"],
          reads: join(inputs("i", "n"), { [kind]: [...reads, ...reads] }),
          inner: { [kind]: [`(g[t-1, i + q - 1] ?? ${missing[kind]})`], bit: [] },
        };
        return filled(kind, `node g[t: 0..=T, i: 0..n]: ${kind} = if t == 0 { $ } else { $ }`, [
          base("i"),
          later,
        ]).map((line) => [line, "output o[i: 0..n] = g[T, i]"]);
      });
    },
  },
  {
    name: "a grid",
    most: 40,
    members: (kind) => {
      const around = ["i-1, j", "i+1, j", "i, j-1", "i, j+1", "i, j", "i-1, j-1"];
      const reads = around.map((a) => `(g[t-1, ${a}] ?? ${missing[kind]})`);
      const rings = ["(i+1) mod n, (j-1) mod m", "i, (j+1) mod m"].map((a) => `g[t-1, ${a}]`);
      return fc.constantFrom(reads, [...reads, ...rings], [...reads, rings[1]!]).chain((list) => {
        const first: Place = { ...base("i"), static: ["(i == j)", "(j == 0)"] };
        const later: Place = {
          indices: ["i", "j", "t"],
          static: ["(i < j)", "(j == m - 1)", "(t mod 2 == 1)", "(i == 0 or j == 0)"],
          reads: join(inputs("i", "n"), { [kind]: [...list, ...list] }),
          ranges: ["0..3"],
          inner: {
            [kind]: [
              `(g[t-1, i + q - 1, j] ?? ${missing[kind]})`,
              `(g[t-1, i, j + q - 1] ?? ${missing[kind]})`,
            ],
          },
        };
        return filled(kind, `node g[t: 0..=T, i: 0..n, j: 0..m]: ${kind} = if t == 0 { $ } else { $ }`, [
          first,
          later,
        ]).map((line) => [line, "output o[i: 0..n, j: 0..m] = g[T, i, j]"]);
      });
    },
  },
  {
    name: "a table of dynamic programming",
    members: (kind) => {
      const later: Place = {
        ...base("i"),
        indices: ["i", "j"],
        reads: join({ [kind]: ["d[i-1, j-1]", "d[i-1, j]", "d[i, j-1]"] }, inputs("i - 1", "n")),
        ranges: ["0..j"],
        inner: { [kind]: ["d[i-1, q]", "d[i, q]"] },
      };
      return filled(
        kind,
        `node d[i: 0..=n, j: 0..=m]: ${kind} = if i == 0 { $ } else if j == 0 { $ } else { $ }`,
        [{ ...base("j"), reads: {} }, { ...base("i"), reads: {} }, later],
      ).map((line) => [line, "output o = d[n, m]", "output row[j: 0..=m] = d[n, j]"]);
    },
  },
  {
    name: "intervals",
    most: 14,
    kinds: ["bit", "int", "real"],
    members: (kind) => {
      const later: Place = {
        ...base("i"),
        indices: ["i", "l"],
        reads: { [kind]: ["s[l-1, i]", "s[l-1, i+1]"] },
        ranges: ["0..l"],
        inner: { [kind]: ["s[q, i]", "s[l-1-q, i+q+1]"] },
      };
      return filled(kind, `node s[l: 0..n, i: 0..n-l]: ${kind} = if l == 0 { $ } else { $ }`, [
        base("i"),
        later,
      ]).map((line) => [line, "output o[i: 0..n] = s[n-1-i, 0]"]);
    },
  },
  {
    name: "backwards",
    members: (kind) =>
      filled(kind, `node r[i: 0..n]: ${kind} = if i == n - 1 { $ } else { $ }`, [
        base("i"),
        {
          ...base("i"),
          reads: join(inputs("i", "n"), { [kind]: ["r[i+1]", "r[i+1]", "r[n-1]"] }),
          ranges: ["i+1..n"],
          inner: { [kind]: ["r[q]"] },
        },
      ]).map((line) => [line, "output o[i: 0..n] = r[i]"]),
  },
  {
    name: "a small state",
    members: (kind) => {
      const later: Place = {
        ...base("t - 1"),
        indices: ["t", "p"],
        static: ["(p == 1)", "(t == 2)"],
        reads: join(inputs("0", "0"), {
          [kind]: ["s[t-1, p]", "s[t-1, (p+1) mod 3]", "s[t-1, 0]", `(s[t-2, p] ?? ${missing[kind]})`],
        }),
        ranges: ["0..3"],
        inner: { [kind]: ["s[t-1, q]"] },
      };
      return filled(kind, `node s[t: 0..=T, p: 0..3]: ${kind} = if t == 0 { $ } else { $ }`, [
        { ...base("p"), reads: {} },
        later,
      ]).map((line) => [line, "output o[p: 0..3] = s[T, p]"]);
    },
  },
  {
    name: "a chain",
    members: (kind) =>
      filled(kind, `node r[i: 0..n]: ${kind} = if i == 0 { $ } else { $ }`, [
        base("i"),
        {
          ...base("i"),
          reads: join(inputs("i", "n"), { [kind]: ["r[i-1]", "r[i-1]", `(r[i-3] ?? ${missing[kind]})`] }),
        },
      ]).map((line) => [line, `output o = r[n-1] ?? ${missing[kind]}`, "output all[i: 0..n] = r[i]"]),
  },
  {
    name: "two that need one another",
    members: (kind) => {
      const f: Place = {
        ...base("i"),
        indices: ["t", "i"],
        reads: join(inputs("i", "n"), {
          [kind]: ["h[t-1, i]", `(h[t-1, i-1] ?? ${missing[kind]})`, "f[t-1, i]"],
        }),
      };
      const h: Place = {
        ...f,
        reads: join(inputs("i", "n"), {
          [kind]: ["f[t, i]", `(f[t, i+1] ?? ${missing[kind]})`, `(h[t-1, i+1] ?? ${missing[kind]})`],
        }),
      };
      return fc
        .tuple(
          filled(kind, `node f[t: 0..=T, i: 0..n]: ${kind} = if t == 0 { $ } else { $ }`, [base("i"), f], 2),
          filled(kind, `node h[t: 0..=T, i: 0..n]: ${kind} = if t == 0 { $ } else { $ }`, [base("i"), h], 2),
        )
        .map((lines) => [
          ...lines,
          "output o[i: 0..n] = h[T, i]",
          "output half[t: 0..=T] = if n == 0 { 0 } else { 1 }",
        ]);
    },
  },
  {
    name: "a circuit whose wires are data",
    members: (kind) =>
      filled(kind, `node e[g: 0..=n+m]: ${kind} = if g == n { $ } else if g < n { $ } else { $ }`, [
        { ...base("g"), reads: {} },
        base("g"),
        {
          ...base("g"),
          indices: ["g"],
          reads: { [kind]: ["e[left[g-n-1]]", "e[right[g-n-1]]"] },
          ranges: ["0..g"],
          inner: { [kind]: ["e[q]"] },
        },
      ]).map((line) => [
        "input left[g: 0..m]: index(n + 1 + g)",
        "input right[g: 0..m]: index(n + 1 + g)",
        line,
        "output o[g: 0..=n+m] = e[g]",
      ]),
  },
  {
    name: "products",
    most: 12,
    members: (kind) => {
      const cell: Place = {
        indices: ["i", "j"],
        static: ["(i == j)"],
        reads: inputs("i", "n"),
        ranges: ["0..n", "0..=j", "i..n", "0..0"],
        inner: join(q, inputs("q", "n"), { [kind]: ["a[i, q]", "a[q, j]", "a[q, i]"] }),
      };
      const double =
        kind === "real" || kind === "int"
          ? `sum[s: 0..n, q: 0..=s where s != j] a[s, q]`
          : kind === "bit"
            ? `parity[s: 0..n, q: 0..=s where s != j] a[s, q]`
            : "a[i, j]";
      return fc
        .tuple(
          filled(
            kind,
            `node a[i: 0..n, j: 0..n]: ${kind} = $`,
            [{ ...base("i"), indices: ["i", "j"], ranges: [] }],
            2,
          ),
          filled(kind, `node p[i: 0..n, j: 0..n]: ${kind} = $`, [cell]),
        )
        .map((lines) => [
          ...lines,
          "output o[i: 0..n, j: 0..n] = p[i, j]",
          `output once[i: 0..n, j: 0..n] = ${double}`,
        ]);
    },
  },
  {
    name: "pivots",
    most: 26,
    members: (kind) => {
      const later: Place = {
        indices: ["r", "i", "j"],
        static: [
          "(i == j)",
          "(j < r)",
          "(i != r - 1)",
          "(i < r or j < r)",
          "(j == r - 1)",
          "(r < 5)",
          "(i < 2 * r)",
        ],
        reads: join(inputs("j", "n"), {
          [kind]: ["d[r-1, i, j]", "d[r-1, i, r-1]", "d[r-1, r-1, j]", "d[r-1, i, j]", "d[r-1, r-1, r-1]"],
        }),
        ranges: ["0..3"],
        inner: {},
      };
      return filled(kind, `node d[r: 0..=n, i: 0..n, j: 0..n]: ${kind} = if r == 0 { $ } else { $ }`, [
        { ...base("j"), indices: ["i", "j"], ranges: [] },
        later,
      ]).map((line) => [line, "output o[i: 0..n, j: 0..n] = d[n, i, j]"]);
    },
  },
  {
    name: "each by itself",
    members: (kind) => {
      const later: Place = {
        ...base("i"),
        indices: ["t", "i", "n"],
        reads: join(inputs("i", "n"), {
          [kind]: ["g[t-1, i]", "h[t-1, i]", "g[t-1, i]", `(h[t-1, i+1] ?? ${missing[kind]})`],
        }),
      };
      const other: Place = {
        ...later,
        reads: join(inputs("i", "n"), {
          [kind]: ["h[t-1, i]", "g[t, i]", `(g[t, i-1] ?? ${missing[kind]})`, "h[t-1, 0]"],
        }),
      };
      return fc
        .tuple(
          filled(
            kind,
            `node g[t: 0..=T, i: 0..n]: ${kind} = if t == 0 { $ } else { $ }`,
            [base("i"), later],
            2,
          ),
          filled(
            kind,
            `node h[t: 0..=T, i: 0..n]: ${kind} = if t == 0 { $ } else { $ }`,
            [base("i"), other],
            2,
          ),
        )
        .map((lines) => [...lines, "output o[i: 0..n] = g[T, i]", "output p[i: 0..n] = h[T, i]"]);
    },
  },
  {
    name: "rows times columns",
    most: 20,
    members: (kind) => {
      const cell: Place = {
        indices: ["i", "j", "(i + j)"],
        static: ["(i == j)", "(j < 2)", "(i != 1)"],
        reads: { [kind]: ["e[i, 0]", "f[0, j]"] },
        ranges: ["0..n", "0..=m", "0..n", "0..=j", "0..=i", "i..n"],
        inner: join(
          { int: ["(j + q)", "(i - q)", "(2 * q - j)"], bit: ["(j + q < n)", "(q <= i)", "(q + i != j)"] },
          {
            [kind]: ["e[i, q]", "f[q, j]", "e[i, q]", "f[q, j]", "f[q, i]"],
          },
        ),
      };
      const given = (s: string, t: string): Place => ({
        indices: [s, t],
        static: [`(${s} == ${t})`],
        reads: inputs(t, "n"),
        ranges: [],
        inner: {},
      });
      // Ranges of the reduction stay inside both: they are squares of the larger size.
      return fc
        .tuple(
          filled(
            kind,
            `node e[s: 0..=n + m, t: 0..=n + m]: ${kind} = if t < n { $ } else { ${missing[kind]} }`,
            [given("s", "t")],
            2,
          ),
          filled(
            kind,
            `node f[s: 0..=n + m, t: 0..=n + m]: ${kind} = if t < n { $ } else { ${missing[kind]} }`,
            [given("s", "t")],
            2,
          ),
          filled(kind, `node p[i: 0..=m, j: 0..n]: ${kind} = $`, [cell]),
        )
        .map((lines) => [...lines, "output o[i: 0..=m, j: 0..n] = p[i, j]"]);
    },
  },
  {
    name: "a triangle",
    most: 24,
    members: (kind) =>
      filled(kind, `node a[i: 0..n, j: 0..=i]: ${kind} = if j == 0 { $ } else { $ }`, [
        base("i"),
        {
          ...base("i"),
          indices: ["i", "j"],
          reads: join(inputs("j", "n"), { [kind]: ["a[i-1, j-1]", "a[i, j-1]"] }),
          ranges: ["0..j"],
          inner: { [kind]: ["a[i, q]"] },
        },
      ]).map((line) => [line, "output o[i: 0..n, j: 0..=i] = a[i, j]"]),
  },
  {
    name: "a scan",
    members: (kind) =>
      filled(
        kind,
        `node s[r: 0..=log2(n), i: 0..n]: ${kind} = if r == 0 { $ } else if i >= 2^(r-1) { $ } else { s[r-1, i] }`,
        [
          base("i"),
          {
            ...base("i"),
            indices: ["i", "r"],
            reads: { [kind]: ["s[r-1, i - 2^(r-1)]", "s[r-1, i]"] },
            ranges: [],
          },
        ],
        2,
      ).map((line) => [line, "output o[i: 0..n] = s[log2(n), i]"]),
  },
  {
    name: "red and black cells of one plane",
    members: (kind) => {
      const old = ["g[t-1, i]", "g[t-1, (i+1) mod n]", `(g[t-1, i-1] ?? ${missing[kind]})`];
      const red = { ...base("i"), indices: ["i", "t"], reads: join(inputs("i", "n"), { [kind]: old }) };
      const sides = [`(g[t, i-1] ?? ${missing[kind]})`, `(g[t, i+1] ?? ${missing[kind]})`];
      const black = { ...red, reads: join(red.reads, { [kind]: [...sides, ...sides] }) };
      return filled(
        kind,
        `node g[t: 0..=T, i: 0..n]: ${kind} = if t == 0 { $ } else if (i + t) mod 2 == 0 { $ } else { $ }`,
        [base("i"), red, black],
        2,
      ).map((line) => [
        line,
        "output o[i: 0..n] = g[T, i]",
        "output all[t: 0..=T, i: 0..n] = g[t, n - 1 - i]",
      ]);
    },
  },
  {
    name: "half a sweep at a time",
    most: 40,
    members: (kind) => {
      const around = ["i-1, j", "i+1, j", "i, j-1", "i, j+1"].map(
        (a) => `(g[s-1, ${a}] ?? ${missing[kind]})`,
      );
      const turn: Place = {
        ...base("i"),
        indices: ["i", "j", "s"],
        reads: join(inputs("i", "n"), { [kind]: [...around, "g[s-1, i, j]"] }),
        ranges: [],
      };
      return filled(
        kind,
        `node g[s: 0..=2*T, i: 0..n, j: 0..m]: ${kind} = if s == 0 { $ } else if (i + j + s) mod 2 == 0 { $ } else { g[s-1, i, j] }`,
        [{ ...base("i"), indices: ["i", "j"] }, turn],
        2,
      ).map((line) => [line, "output o[i: 0..n, j: 0..m] = g[2*T, i, j]"]);
    },
  },
  {
    name: "every third, and what lies between",
    members: (kind) =>
      filled(kind, `node h[i: 0..n]: ${kind} = if i mod 3 == 0 { $ } else if i mod 3 == 1 { $ } else { $ }`, [
        base("i"),
        { ...base("i"), reads: join(inputs("i", "n"), { [kind]: ["h[i-1]", "h[3 * (i div 3)]"] }) },
        { ...base("i"), reads: join(inputs("i", "n"), { [kind]: ["h[i-1]", "h[i-2]", "h[i-1]"] }) },
      ]).map((line) => [line, "output o[i: 0..n] = h[n - 1 - i]"]),
  },
  {
    name: "intervals by their ends",
    most: 14,
    kinds: ["bit", "int", "real"],
    members: (kind) =>
      filled(kind, `node s[i: 0..n, j: i..n]: ${kind} = if i == j { $ } else { $ }`, [
        base("i"),
        {
          ...base("j"),
          indices: ["i", "j"],
          static: ["(j == i + 1)", "(j - i > 2)"],
          reads: { [kind]: ["s[i+1, j]", "s[i, j-1]", "s[i+1, j]"] },
          ranges: ["i..j"],
          inner: { [kind]: ["s[i, q]", "s[q+1, j]"] },
        },
      ]).map((line) => [
        line,
        `output o[i: 0..n, j: 0..n] = if i <= j { s[i, j] } else { ${missing[kind]} }`,
      ]),
  },
  {
    name: "mirrors",
    members: (kind) => {
      const reads = ["g[t-1, n - 1 - i]", "g[t-1, (n - i) mod n]", `(g[t-1, n - 2 - i] ?? ${missing[kind]})`];
      const later = {
        ...base("i"),
        indices: ["i", "t"],
        reads: join(inputs("n - 1 - i", "n"), { [kind]: reads }),
      };
      return filled(kind, `node g[t: 0..=T, i: 0..n]: ${kind} = if t == 0 { $ } else { $ }`, [
        base("i"),
        later,
      ]).map((line) => [line, "output o[i: 0..n] = g[T, n - 1 - i]"]);
    },
  },
  {
    name: "long reductions",
    members: (kind) => {
      const far = ["(q * 7 + i) mod n", "q mod n", "(n - 1 - i + q) mod n", "(q + 61) mod n"];
      const cell: Place = {
        indices: ["i", "(i * i)"],
        static: ["(i == 1)"],
        reads: inputs("i", "n"),
        ranges: ["0..103", "0..n", "0..2*n + m", "i..3*n", "0..=64"],
        inner: join(
          { int: ["q", "(q - 50)", "(q * q * 65537)"], bit: ["(q mod 5 == 2)", "(q != 33)", "(q + i < n)"] },
          ...far.map((place) => inputs(place, "n")),
          { [kind]: far.map((place) => `z[${place}]`) },
        ),
      };
      return fc
        .tuple(
          filled(kind, `node z[i: 0..n]: ${kind} = $`, [{ ...base("i"), ranges: [] }], 2),
          filled(kind, `node p[i: 0..n]: ${kind} = $`, [cell]),
        )
        .map((lines) => [...lines, "output o[i: 0..n] = p[i]"]);
    },
  },
  {
    name: "tuples",
    kinds: ["bit", "int", "real", "Suit"],
    members: (kind) => {
      const reads = ["s[t-1, i, 0]", "s[t-1, i][1]", "s[t-1, n - 1 - i, 1]", "s[t-1, (i+1) mod n, t mod 2]"];
      const later: Place = {
        ...base("i"),
        indices: ["t", "i"],
        reads: join(inputs("i", "n"), { [kind]: [...reads, ...reads], real: ["grain[t, i]"] }),
        inner: { [kind]: ["s[t-1, q mod n, 0]"] },
      };
      return filled(
        kind,
        `node s[t: 0..=T, i: 0..n]: ${kind}^2 = if t == 0 { [$, $] } else { [$, $] }`,
        [base("i"), base("i"), later, later],
        2,
      ).map((line) => [
        "random grain[t: 0..=T, i: 0..n]: real",
        line,
        "output o[i: 0..n] = s[T, i, 0]",
        "output p[i: 0..n] = s[T, i, 1]",
      ]);
    },
  },
  {
    name: "reads at a distance that is chosen",
    members: (kind) => {
      const near = [
        "f[i - (if i < 3 { 1 } else { 2 })]",
        "f[back(i)]",
        "f[i - 1 - (i mod 2) * (i div 3) mod 1]",
      ];
      const data = [
        "f[min(i - 1, left[i])]",
        "f[i - 1 - few[i]]",
        "f[clamp(x[i], 0, i - 1)]",
        "f[if b[i] { i - 1 } else { 0 }]",
        "f[if b[i] { min(few[i], i - 1) } else { i - 2 }]",
      ];
      const later: Place = {
        ...base("i"),
        reads: join(inputs("i", "n"), { [kind]: [...near, ...data] }),
        ranges: ["0..3"],
        inner: { [kind]: ["f[max(0, i - 1 - q)]", "f[q mod i]"] },
      };
      return filled(kind, `node f[i: 0..n]: ${kind} = if i < 2 { $ } else { $ }`, [base("i"), later]).map(
        (line) => [
          "input left[i: 0..n]: index(n)",
          "input few[i: 0..n]: index(2)",
          line,
          "output o[i: 0..n] = f[i]",
        ],
      );
    },
  },
  {
    name: "a task used",
    members: (kind) =>
      filled(
        kind,
        `node z[t: 0..=T, i: 0..n]: ${kind} = $`,
        [{ ...base("i"), indices: ["i", "t"], static: ["(t == i)"] }],
        2,
      ).map((line) => [
        line,
        `use Inner(n, LAYERS)[t: 0..=T] with { x[i] = ${kind === "int" ? "z[t, i]" : "x[i] + t"} } as p`,
        "output o[t: 0..=T] = p[t].total",
        "output last[i: 0..n] = z[T, i]",
      ]),
  },
];

const PRELUDE = `const STEP = 12345
const HALF: real = 0.5
const LAYERS = 2
enum Suit { Clubs, Diamonds, Hearts }
fn back(i: int): int = if i mod 3 == 0 { i - 2 } else { i - 1 }
fn near(a: int, b: int): int = if a < b { b - a } else { a - b }
monoid Affine on int^2 { identity = [1, 0]; combine(a, b) = [a[0] * b[0], a[1] * b[0] + b[1]] }
task Inner(n: size, L: const) {
  input x[i: 0..n]: int
  node y[l: 0..=L, i: 0..n]: int = if l == 0 { x[i] } else { y[l-1, i] * 2 + (y[l-1, i-1] ?? 0) }
  output total = sum[i: 0..n] y[L, i]
}`;

const INPUTS = `  input b[i: 0..n]: bit
  input x[i: 0..n]: int
  param w[i: 0..n]: int
  input y[i: 0..n]: real
  random u[i: 0..n]: real
  input c[i: 0..n]: Suit
  input k[i: 0..n]: index(4)
  input v[i: 0..n]: vec3`;

/** Sizes: few, none, and around the widths of vectors and words. */
const size = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 7, max: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 65, 127, 128, 129, 200) },
);

export const randomShape: fc.Arbitrary<RandomProgram> = fc
  .record({
    shape: fc.constantFrom(...shapes),
    n: size,
    m: fc.integer({ min: 0, max: 9 }),
    T: fc.integer({ min: 0, max: 7 }),
    seed: fc.nat(1_000_000),
    pick: fc.nat(99),
  })
  .chain(({ shape, n, m, T, seed, pick }) => {
    const list = shape.kinds ?? kinds;
    return shape.members(list[pick % list.length]!).map((members): RandomProgram => {
      const text = [
        `// ${shape.name}`,
        "task Random(n: size, m: size, T: size) {",
        INPUTS,
        ...members.map((l) => `  ${l}`),
        "}",
        "",
        PRELUDE,
        "",
      ].join("\n");
      return { text, sizes: { n: Math.min(n, shape.most ?? n), m, T }, seed };
    });
  });
