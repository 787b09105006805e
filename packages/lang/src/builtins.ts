/** Built-in functions and conversions: what they take and give. One table for checker, completion and documentation. */

export interface Builtin {
  readonly arity: number;
  /** Takes more arguments than `arity` as well. */
  readonly variadic?: true;
  /** What the arguments may be: `number` is int or real (all alike), `vector` any width, `size` only static integers. */
  readonly takes: "number" | "real" | "vector" | "any" | "size";
  /** `same`: the type of the arguments. */
  readonly gives: "same" | "real" | "int" | "vec2" | "vec3" | "vec4";
  readonly doc: string;
}

export const builtins: Readonly<Record<string, Builtin>> = {
  min: {
    arity: 2,
    variadic: true,
    takes: "number",
    gives: "same",
    doc: "the smallest of two or more numbers",
  },
  max: {
    arity: 2,
    variadic: true,
    takes: "number",
    gives: "same",
    doc: "the largest of two or more numbers",
  },
  abs: { arity: 1, takes: "number", gives: "same", doc: "without its sign" },
  sign: { arity: 1, takes: "number", gives: "same", doc: "−1, 0 or 1" },
  clamp: { arity: 3, takes: "number", gives: "same", doc: "clamp(x, lo, hi) = min(max(x, lo), hi)" },
  floor: { arity: 1, takes: "real", gives: "real", doc: "rounded down, still a real" },
  sqrt: { arity: 1, takes: "real", gives: "real", doc: "square root" },
  exp: { arity: 1, takes: "real", gives: "real", doc: "e to the power" },
  log: { arity: 1, takes: "real", gives: "real", doc: "natural logarithm" },
  tanh: { arity: 1, takes: "real", gives: "real", doc: "hyperbolic tangent" },
  sin: { arity: 1, takes: "real", gives: "real", doc: "sine" },
  cos: { arity: 1, takes: "real", gives: "real", doc: "cosine" },
  dot: { arity: 2, takes: "vector", gives: "real", doc: "inner product" },
  length: { arity: 1, takes: "vector", gives: "real", doc: "Euclidean length" },
  vec2: { arity: 2, takes: "real", gives: "vec2", doc: "a vector of two reals" },
  vec3: { arity: 3, takes: "real", gives: "vec3", doc: "a vector of three reals" },
  vec4: { arity: 4, takes: "real", gives: "vec4", doc: "a vector of four reals" },
  int: { arity: 1, takes: "any", gives: "int", doc: "as an int; reals are cut towards zero" },
  real: { arity: 1, takes: "any", gives: "real", doc: "as a real" },
  log2: { arity: 1, takes: "size", gives: "int", doc: "ceil(log2 x) of a size, 0 for x ≤ 1" },
};
