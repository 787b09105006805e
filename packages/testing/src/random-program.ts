/**
 * Random well-typed programs as text. Families run over time and a ring of cells; each reads what comes before it, so every
 * program is acyclic. A family of ints may feed one instance of a second task for each time. Small enough that the
 * interpreter stays quick.
 */
import fc from "fast-check";

type Kind = "bit" | "int" | "real" | "Colour" | "index(3)" | "vec2";

const colours = ["Colour.Red", "Colour.Green", "Colour.Blue"];

export interface RandomProgram {
  readonly text: string;
  readonly sizes: { readonly n: number; readonly T: number; readonly m?: number };
  readonly seed: number;
}

interface Scope {
  /** Families of earlier declarations, which may be read at the same time. */
  readonly earlier: readonly { readonly name: string; readonly kind: Kind }[];
  /** The family itself: only earlier times. Undefined at time 0. */
  readonly self: { readonly name: string; readonly kind: Kind } | undefined;
  /** Instances of the second task at the same time may be read. */
  readonly used: boolean;
  readonly inner: readonly string[];
}

const missing: Record<Kind, string> = {
  bit: "1",
  int: "1",
  real: "0.5",
  Colour: "Colour.Blue",
  "index(3)": "2",
  vec2: "vec2(0.5, -1.0)",
};

const places = ["i", "(i-1) mod n", "(i+1) mod n", "n - 1 - i", "0", "(2*i) mod n", "(i*i + 1) mod n"];

function reads(kind: Kind, scope: Scope): fc.Arbitrary<string>[] {
  const places_ = [...places, ...scope.inner];
  const place = fc.constantFrom(...places_);
  const found: fc.Arbitrary<string>[] = [];
  for (const f of scope.earlier) if (f.kind === kind) found.push(place.map((p) => `${f.name}[t, ${p}]`));
  if (scope.self?.kind === kind) {
    const { name } = scope.self;
    found.push(
      place.map((p) => `${name}[t-1, ${p}]`),
      place.map((p) => `(${name}[t-1, ${p} - 1] ?? ${missing[kind]})`),
    );
  }
  if (kind === "int")
    found.push(
      place.map((p) => `x[${p}]`),
      place.map((p) => `(${name1(p)})`),
    );
  if (kind === "int" && scope.used)
    found.push(
      fc.constant("u[t].total"),
      place.map((p) => `u[t].back[${p}]`),
    );
  if (kind === "real") found.push(place.map((p) => `y[${p}]`));
  if (kind === "Colour") found.push(place.map((p) => `c[${p}]`));
  if (kind === "index(3)") found.push(place.map((p) => `at3[${p}]`));
  if (kind === "bit")
    found.push(
      place.map((p) => `b[${p}]`),
      fc.constant("b[at[i]]"),
    );
  return found;
}
const name1 = (p: string): string => `x[${p}] - x[i]`;

/** Arbitraries are built once for each kind, depth and scope: building them anew at every branch is exponential. */
function expression(
  kind: Kind,
  scope: Scope,
  depth: number,
  built = new Map<string, fc.Arbitrary<string>>(),
): fc.Arbitrary<string> {
  const key = `${kind} ${depth} ${scope.inner.join()}`;
  const known = built.get(key) ?? fresh(kind, scope, depth, built);
  built.set(key, known);
  return known;
}

function fresh(
  kind: Kind,
  scope: Scope,
  depth: number,
  built: Map<string, fc.Arbitrary<string>>,
): fc.Arbitrary<string> {
  const literal: Record<Kind, fc.Arbitrary<string>> = {
    bit: fc.constantFrom("true", "false", "(i == 0)", "(t == 1)"),
    int: fc.oneof(
      fc.integer({ min: -9, max: 9 }).map((k) => (k < 0 ? `(${k})` : String(k))),
      fc.constantFrom("i", "t", "n", "(i mod 3)", "2147483647", "int(b[i])"),
    ),
    real: fc.oneof(
      fc.constantFrom("0.0", "1.5", "(-0.25)", "1e-3", "3e7", "real(x[i])"),
      fc.integer({ min: 0, max: 99 }).map((k) => `${k}.25`),
    ),
    Colour: fc.constantFrom(...colours),
    "index(3)": fc.constantFrom("0", "1", "2"),
    vec2: fc.constantFrom("vec2(1.5, -0.25)", "vec2(y[i], 3e7)", "vec2(real(t), real(x[i]))"),
  };
  const leaf = fc.oneof(literal[kind], ...reads(kind, scope));
  if (depth === 0) return leaf;
  const go = (k: Kind, s = scope) => expression(k, s, depth - 1, built);
  const inner: Scope = { ...scope, inner: [...scope.inner, "j"] };
  const reduction = (ops: readonly string[], body: Kind) =>
    scope.inner.length > 0
      ? leaf
      : fc
          .tuple(
            fc.constantFrom(...ops),
            fc.constantFrom("", " where j != i", " where b[j]", " where j < i or j == n-1"),
            fc.constantFrom("0..n", "0..=i", "i..n"),
            go(body, inner),
          )
          .map(([op, w, r, e]) => `(${op}[j: ${r}${w}] ${e})`);
  /** A component of a reduction over a declared monoid. */
  const fold = (monoid: string, body: readonly Kind[], component: fc.Arbitrary<string>) =>
    scope.inner.length > 0
      ? leaf
      : fc
          .tuple(
            fc.constantFrom("", " where j != i", " where b[j]"),
            fc.constantFrom("0..n", "0..=i", "i..n"),
            fc.tuple(...body.map((k) => go(k, inner))),
            component,
          )
          .map(([w, r, list, k]) => `(reduce ${monoid}[j: ${r}${w}] [${list.join(", ")}])[${k}]`);
  // What indexes a table has its type from a read: a literal is an int.
  const position = fc.oneof(...reads("index(3)", scope));
  const branch = fc.oneof(
    fc.tuple(go("bit"), go(kind), go(kind)).map(([c, a, b]) => `(if ${c} { ${a} } else { ${b} })`),
    fc.tuple(go(kind), go(kind)).map(([a, b]) => `(if i mod 2 == 0 { ${a} } else { ${b} })`),
  );
  const calls: Record<Kind, fc.Arbitrary<string>> = {
    bit: fc.oneof(
      fc
        .tuple(go("bit"), fc.constantFrom("and", "or", "xor", "==", "!="), go("bit"))
        .map(([a, o, b]) => `(${a} ${o} ${b})`),
      go("bit").map((a) => `(not ${a})`),
      fc
        .tuple(fc.constantFrom<Kind>("int", "real"), fc.constantFrom("==", "<", "<=", ">", ">=", "!="))
        .chain(([k, o]) => fc.tuple(go(k), go(k)).map(([a, b]) => `(${a} ${o} ${b})`)),
      fc
        .tuple(go("bit"), go("bit"), fc.integer({ min: 0, max: 15 }))
        .map(([a, b, rule]) => `(table(${a}, ${b}) "${rule.toString(2).padStart(4, "0")}")`),
      fc
        .tuple(go("Colour"), fc.constantFrom("==", "!="), go("Colour"))
        .map(([a, o, b]) => `(${a} ${o} ${b})`),
      fc.tuple(go("Colour"), go("bit")).map(([a, b]) => `(table(${a}, ${b}) "011010")`),
      fc.tuple(position, go("bit")).map(([a, b]) => `odd(${a}, ${b})`),
      reduction(["any", "all", "parity", "majority"], "bit"),
    ),
    int: fc.oneof(
      fc
        .tuple(go("int"), fc.constantFrom("+", "-", "*", "div", "mod"), go("int"))
        .map(([a, o, b]) => `(${a} ${o} ${b})`),
      fc
        .tuple(fc.constantFrom("min", "max"), fc.array(go("int"), { minLength: 2, maxLength: 4 }))
        .map(([f, of]) => `${f}(${of.join(", ")})`),
      fc
        .tuple(fc.constantFrom("abs", "sign", "-"), go("int"))
        .map(([f, a]) => (f === "-" ? `(-${a})` : `${f}(${a})`)),
      go("real").map((a) => `int(${a})`),
      go("index(3)").map((a) => `(${a} * 7 - 3)`),
      go("Colour").map((a) => `(table(${a}) [3, -1, 2147483647])`),
      fc.tuple(go("int"), go("int")).map(([a, b]) => `mix(${a}, ${b})`),
      reduction(["sum", "product", "min", "max"], "int"),
      reduction(["count"], "bit"),
      fold("Affine", ["int", "int"], fc.constantFrom("0", "1", "i mod 2")),
      reduction(["argmin", "argmax"], "real"),
    ),
    real: fc.oneof(
      fc
        .tuple(go("real"), fc.constantFrom("+", "-", "*", "/"), go("real"))
        .map(([a, o, b]) => `(${a} ${o} ${b})`),
      fc
        .tuple(fc.constantFrom("min", "max"), fc.array(go("real"), { minLength: 2, maxLength: 4 }))
        .map(([f, of]) => `${f}(${of.join(", ")})`),
      fc
        .tuple(
          fc.constantFrom("abs", "sign", "floor", "sqrt", "exp", "log", "tanh", "sin", "cos"),
          go("real"),
        )
        .map(([f, a]) => `${f}(${a})`),
      go("int").map((a) => `real(${a})`),
      fc
        .tuple(go("real"), go("real"), go("real"))
        .map(([a, b, c]) => `dot(vec3(${a}, ${b}, 1.5), vec3(0.5, ${c}, ${a}))`),
      go("vec2").map((v) => `length(${v})`),
      go("vec2").map((v) => `(${v}).y`),
      reduction(["sum", "product", "min", "max"], "real"),
      fold("Flow", ["real", "real"], fc.constantFrom("0", "1")),
    ),
    Colour: fc.oneof(
      go("Colour").map((a) => `next(${a})`),
      fc
        .tuple(go("bit"), go("Colour"), fc.array(fc.constantFrom(...colours), { minLength: 6, maxLength: 6 }))
        .map(([b, a, entries]) => `(table(${b}, ${a}) [${entries.join(", ")}])`),
    ),
    "index(3)": fc.oneof(
      go("int").map((a) => `(${a} mod 3)`),
      fc
        .tuple(position, fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }))
        .map(([a, entries]) => `(table(${a}) [${entries.join(", ")}])`),
      go("Colour").map((a) => `(table(${a}) [2, 0, 1])`),
      fold("Shuffle", ["index(3)", "index(3)", "index(3)"], fc.oneof(fc.constantFrom("0", "2"), position)),
    ),
    vec2: fc.oneof(
      fc.tuple(go("vec2"), fc.constantFrom("+", "-", "*"), go("vec2")).map(([a, o, b]) => `(${a} ${o} ${b})`),
      fc.tuple(go("real"), go("vec2")).map(([k, v]) => `(${k} * ${v})`),
      fc.tuple(go("real"), go("real")).map(([a, b]) => `vec2(${a}, ${b})`),
      reduction(["sum"], "vec2"),
    ),
  };
  return fc.oneof(
    { weight: 2, arbitrary: leaf },
    { weight: 3, arbitrary: calls[kind] },
    { weight: 1, arbitrary: branch },
  );
}

/** What every program may call: an enum, functions, monoids, and a task with a chain of its own. */
const PRELUDE = `enum Colour { Red, Green, Blue }
fn next(c: Colour): Colour = table(c) [Colour.Green, Colour.Blue, Colour.Red]
fn odd(k: index(3), b: bit): bit = (table(k) "010") xor b
fn mix(a: int, b: int): int = {
  let m = a * 31 + b
  if m < 0 { m div 3 } else { m mod 1000 }
}
task Running(n: size) where n >= 1 {
  input x[i: 0..n]: int
  node w[i: 0..n]: int^2 = if i == 0 { [x[0], 1] } else { swap(w[i-1], x[i]) }
  node s[i: 0..n]: int = if i == 0 { x[0] } else { max(s[i-1], x[i]) - 1 }
  output back[i: 0..n] = s[n - 1 - i]
  output total = s[n-1] + w[n-1, 0]
}
fn swap(p: int^2, by: int): int^2 = [p[1], p[0] + by]
monoid Affine on int^2 { identity = [1, 0]; combine(a, b) = [a[0] * b[0], a[1] * b[0] + b[1]] }
monoid Flow on real^2 { identity = [1.0, 0.0]; combine(a, b) = [a[0] * b[0], a[1] * b[0] + b[1]] }
monoid Shuffle on index(3)^3 { identity = [0, 1, 2]; combine(a, b) = [b[a[0]], b[a[1]], b[a[2]]] }`;

const INPUTS = `  input b[i: 0..n]: bit
  input x[i: 0..n]: int
  random y[i: 0..n]: real
  input at[i: 0..n]: index(n)
  input c[i: 0..n]: Colour
  input at3[i: 0..n]: index(3)`;

/** Programs of one to three families of these kinds, at most `most` cells wide; the task to run is the first. */
const programs = (kinds: readonly Kind[], most: number): fc.Arbitrary<RandomProgram> =>
  fc
    .record({
      kinds: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 3 }),
      n: fc.integer({ min: 1, max: most }),
      T: fc.integer({ min: 0, max: 3 }),
      seed: fc.nat(1_000_000),
    })
    .chain(({ kinds: list, n, T, seed }) => {
      const families = list.map((kind, k) => ({ name: `f${k}`, kind }));
      const fed = families.findIndex((f) => f.kind === "int");
      const equations = families.map((f, k) => {
        const scope = { earlier: families.slice(0, k), used: fed >= 0 && fed < k, inner: [] };
        const first = expression(f.kind, { ...scope, self: undefined }, 1);
        const later = expression(f.kind, { ...scope, self: f }, 3);
        return fc
          .tuple(first, later)
          .map(
            ([a, b]) =>
              `  node ${f.name}[t: 0..=T, i: 0..n]: ${f.kind} =\n    if t == 0 { ${a} } else { ${b} }`,
          );
      });
      return fc.tuple(...equations).map((lines): RandomProgram => {
        const uses = fed < 0 ? [] : [`  use Running(n)[t: 0..=T] with { x[i] = f${fed}[t, i] } as u`];
        const outputs = families.map((f) => `  output o${f.name}[i: 0..n] = ${f.name}[T, i]`);
        const text = [
          "task Random(n: size, T: size) where n >= 1 {",
          INPUTS,
          ...lines,
          ...uses,
          ...outputs,
          "}",
          "",
          PRELUDE,
          "",
        ].join("\n");
        return { text, sizes: { n, T }, seed };
      });
    });

export const randomProgram = programs(
  ["bit", "int", "real", "bit", "int", "real", "Colour", "index(3)", "vec2"],
  5,
);
/** Bits mostly, over rows of several words: what back ends pack. */
export const randomBitProgram = programs(["bit", "bit", "bit", "int"], 100);
