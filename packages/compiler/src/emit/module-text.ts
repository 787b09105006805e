/** What every emitted module of JavaScript has: checks of what is given, boxes of families, and index arithmetic as text. */
import { isGiven } from "@fathom/lang";
import { isAlways } from "../equations/conditions";
import { collectIndices, isBox } from "../equations/evaluate-index";
import { printComparison } from "../equations/print";
import type { Comparison, Condition, Dim, ElementType, Family, IndexExpr, System } from "../equations/system";
import { componentsOf, FAMILY_LIMIT, SIZE_LIMIT } from "../equations/values";

/** Inlined into every module. */
export const RUNTIME = `
export class FathomError extends Error {
  constructor(code, message) { super(message); this.name = "FathomError"; this.code = code; }
}
const fail = (code, message) => { throw new FathomError(code, message); };
const at = (name, ...indices) => indices.length === 0 ? name : name + "[" + indices.join(", ") + "]";
const exact = (n) => Number.isSafeInteger(n) ? n : fail("too-large", "an index expression reaches " + n);
const idiv = (a, b) => b === 0 ? fail("too-large", "an index expression divides by zero") : Math.floor(a / b);
const imod = (a, b) => { if (b === 0) fail("too-large", "an index expression divides by zero"); const r = a % b; return r !== 0 && (r < 0) !== (b < 0) ? r + b : r; };
const log2 = (x) => { let k = 0; for (let p = 1; p < x; p *= 2) k++; return k; };
const pow2 = (x) => x < 0 || x > 52 ? fail("too-large", "2^" + x + " is out of range") : 2 ** x;
const vdiv = (a, b) => b === 0 ? 0 : Math.floor(a / b) | 0;
const vmod = (a, b) => b === 0 ? 0 : (a - b * Math.floor(a / b)) | 0;
const trunc = (x) => x !== x ? 0 : x >= 2147483647 ? 2147483647 : x <= -2147483648 ? -2147483648 : Math.trunc(x) | 0;
const f = Math.fround;
// The box of a family: bounds that depend on earlier indices are followed over the values these take.
const boxOf = (bounds, used) => {
  const rank = bounds.length, lo = new Array(rank).fill(Infinity), hi = new Array(rank).fill(-Infinity), point = new Array(rank).fill(0);
  const walk = (d) => {
    if (d === rank) return true;
    const [from, to] = bounds[d](point);
    let any = false, first = to, last = from;
    if (used[d]) {
      for (let i = from; i < to; i++) { point[d] = i; if (walk(d + 1)) { any = true; if (i < first) first = i; last = i + 1; } }
    } else if (to > from) { point[d] = from; any = walk(d + 1); first = from; last = to; }
    if (any) { lo[d] = Math.min(lo[d], first); hi[d] = Math.max(hi[d], last); }
    return any;
  };
  if (!walk(0)) return { lo: bounds.map(() => 0), extent: bounds.map(() => 0), points: 0 };
  const extent = lo.map((l, d) => hi[d] - l);
  return { lo, extent, points: extent.reduce((a, b) => a * b, 1) };
};
// An input as an array of its type: what is given may be any list of numbers.
const taken = (name, given, count, Type) => {
  if (given === undefined) fail("input-missing", "the input " + name + " has no value");
  if (given.length !== count) fail("input-shape", name + " needs " + count + " numbers, found " + given.length);
  if (given instanceof Type) return given;
  const made = Type.from(given);
  if (Type !== Float32Array) for (let k = 0; k < count; k++) if (made[k] !== given[k]) fail("input-shape", name + " takes whole numbers of its type, found " + given[k]);
  return made;
};
const outside = (element, value, bound) => fail("input-range", element + " is " + value + ", outside 0.." + bound);
// All values from the one at \`from\` on are in 0..bound.
const below = (name, values, bound, from, box) => {
  for (let k = from; k < values.length; k++) {
    if (values[k] >= 0 && values[k] < bound) continue;
    let rest = k;
    const place = box.extent.map(() => 0);
    for (let d = place.length - 1; d >= 0; d--) { place[d] = box.lo[d] + rest % box.extent[d]; rest = Math.floor(rest / box.extent[d]); }
    outside(at(name, ...place), values[k], bound);
  }
};
const FAMILY_LIMIT = ${FAMILY_LIMIT};
const allocate = (name, Type, points) => {
  if (points > FAMILY_LIMIT) fail("too-large", name + " needs " + points + " values, the limit is " + FAMILY_LIMIT);
  return new Type(points);
};
`;

export const arrayOf = (type: ElementType): string => {
  switch (type.kind) {
    case "bit":
    case "enum":
      return "Uint8Array";
    case "int":
    case "index":
      return "Int32Array";
    case "real":
    case "vector":
      return "Float32Array";
  }
};

export class ModuleText {
  private readonly names = new Map<string, string>();
  protected readonly families: ReadonlyMap<string, Family>;
  /** Ranges of the indices in scope. */
  protected ranges: readonly Dim[] = [];

  constructor(protected readonly system: System) {
    this.families = new Map(system.families.map((x) => [x.name, x]));
  }

  /** A JS identifier for user text, unique for (kind, text). */
  protected name(kind: string, text: string): string {
    const key = `${kind} ${text}`;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const made = `${kind}${this.names.size}_${text.replace(/[^A-Za-z0-9_]/g, "_").slice(0, 40)}`;
    this.names.set(key, made);
    return made;
  }

  protected family(name: string): string {
    return this.name("f", name);
  }

  // Index expressions

  protected index(e: IndexExpr): string {
    switch (e.kind) {
      case "integer":
        return e.value < 0 ? `(${e.value})` : String(e.value);
      case "size":
        return this.name("s", e.name);
      case "index":
        return this.name("i", e.name);
      case "add":
        return `(${this.index(e.left)} + ${this.index(e.right)})`;
      case "sub":
        return `(${this.index(e.left)} - ${this.index(e.right)})`;
      case "mul":
        return `exact(${this.index(e.left)} * ${this.index(e.right)})`;
      case "div":
        return e.right.kind === "integer" && e.right.value > 0
          ? `Math.floor(${this.index(e.left)} / ${e.right.value})`
          : `idiv(${this.index(e.left)}, ${this.index(e.right)})`;
      case "mod":
        return this.wrapped(e.left, e.right) ?? `imod(${this.index(e.left)}, ${this.index(e.right)})`;
      case "min":
      case "max":
        return `Math.${e.kind}(${this.index(e.left)}, ${this.index(e.right)})`;
      case "log2":
        return `log2(${this.index(e.operand)})`;
      case "pow2":
        return `pow2(${this.index(e.operand)})`;
    }
  }

  /** `(i ± 1) mod n` for an index i of 0..n: one comparison instead of a division. */
  protected wrapped(left: IndexExpr, modulus: IndexExpr): string | undefined {
    if (left.kind !== "add" && left.kind !== "sub") return undefined;
    const by = left.right;
    if (by.kind !== "integer" || by.value !== 1 || left.left.kind !== "index") return undefined;
    const index = left.left;
    const range = this.ranges.find((d) => d.index === index.name);
    if (range === undefined || range.lo.kind !== "integer" || range.lo.value !== 0 || range.hi !== modulus)
      return undefined;
    const i = this.index(index);
    const n = this.index(modulus);
    return left.kind === "add" ? `(${i} === ${n} - 1 ? 0 : ${i} + 1)` : `(${i} === 0 ? ${n} - 1 : ${i} - 1)`;
  }

  protected comparison(c: Comparison): string {
    const op = c.op === "==" ? "===" : c.op === "!=" ? "!==" : c.op;
    return `${this.index(c.left)} ${op} ${this.index(c.right)}`;
  }

  protected condition(c: Condition): string {
    if (isAlways(c)) return "true";
    if (c.length === 0) return "false";
    return c
      .map((all) =>
        all.length === 1 ? this.comparison(all[0]!) : `(${all.map((x) => this.comparison(x)).join(" && ")})`,
      )
      .join(" || ");
  }

  /** The box of a family at the sizes of the run. */
  protected box(family: Family): string {
    const point = family.dims.map((d) => this.name("i", d.index));
    const used = new Set<string>();
    for (const d of family.dims) for (const e of [d.lo, d.hi]) collectIndices(e, used);
    const bounds = family.dims.map(
      (d, k) => `([${point.slice(0, k).join(", ")}]) => [${this.index(d.lo)}, ${this.index(d.hi)}]`,
    );
    return `  const ${this.family(family.name)}_box = boxOf([${bounds.join(", ")}], [${family.dims.map((d) => used.has(d.index)).join(", ")}]);`;
  }

  /** An input as it was given, in an array of its type. */
  protected given(family: Family): string {
    const base = this.family(family.name);
    const key = JSON.stringify(family.name);
    const count = `${base}_box.points * ${componentsOf(family.type)}`;
    return `  const ${base} = taken(${key}, inputs[${key}], ${count}, ${arrayOf(family.type)});`;
  }

  /** Checks that an input's values are of its type. The first `sure(bound)` of them are known to be, where all have one bound. */
  protected inRange(family: Family, sure: (bound: string) => string): string[] {
    const { type } = family;
    const base = this.family(family.name);
    const key = JSON.stringify(family.name);
    const one = (bound: string): string[] => [
      `  below(${key}, ${base}, ${bound}, ${sure(bound)}, ${base}_box);`,
    ];
    if (type.kind === "bit") return one("2");
    if (type.kind === "enum") return one(String(type.cases.length));
    if (type.kind !== "index") return [];
    const bound = this.index(type.bound);
    const used = new Set<string>();
    collectIndices(type.bound, used);
    if (used.size === 0 && isBox(family)) return one(bound);
    const point = family.dims.map((d) => this.name("i", d.index));
    const loops = family.dims.map(
      (d, k) =>
        `for (let ${point[k]} = ${this.index(d.lo)}, e${k} = ${this.index(d.hi)}; ${point[k]} < e${k}; ${point[k]}++)`,
    );
    const offset = point.reduce(
      (sum, i, k) => `${k === 0 ? "" : `(${sum}) * ${base}_box.extent[${k}] + `}${i} - ${base}_box.lo[${k}]`,
      "0",
    );
    return [
      `  ${loops.join(" ")} { const v = ${base}[${offset}]; if (!(v >= 0 && v < ${bound})) outside(at(${[key, ...point].join(", ")}), v, ${bound}); }`,
    ];
  }

  /** Statements that check sizes and `where`, and name the sizes. */
  protected checkedSizes(): string[] {
    const lines: string[] = [];
    for (const s of this.system.sizes) {
      const local = this.name("s", s.name);
      const key = JSON.stringify(s.name);
      lines.push(
        `  const ${local} = sizes[${key}];`,
        `  if (${local} === undefined) fail("size-missing", "the size " + ${key} + " has no value");`,
        `  if (!Number.isInteger(${local}) || ${local} < 0 || ${local} > ${SIZE_LIMIT}) fail("size-invalid", "the size " + ${key} + " must be a whole number from 0 to ${SIZE_LIMIT}");`,
      );
    }
    for (const conjunction of this.system.constraints.length === 1 ? this.system.constraints[0]! : []) {
      lines.push(
        `  if (!(${this.comparison(conjunction)})) fail("where-broken", ${JSON.stringify(printComparison(conjunction))} + " does not hold");`,
      );
    }
    if (this.system.constraints.length > 1)
      lines.push(
        `  if (!(${this.condition(this.system.constraints)})) fail("where-broken", "the where clause does not hold");`,
      );
    return lines;
  }
}

/** `device`: the module runs on one, so a result comes later. */
export function declaration(system: System, keep: ReadonlySet<string>, device = false): string {
  const shape = (f: Family): string => {
    const dims = f.dims.length === 0 ? "one value" : f.dims.map((d) => d.index).join(" × ");
    return `${dims}, row-major${f.type.kind === "vector" ? `, ${f.type.width} components each` : ""}`;
  };
  const safe = (text: string): string => text.replace(/\*\//g, "* /");
  const inputs = system.families.filter(isGiven);
  const outputs = system.families.filter((f) => f.role === "output" || keep.has(f.name));
  return [
    "export interface Values<A> { readonly lo: readonly number[]; readonly extent: readonly number[]; readonly data: A }",
    `export interface Sizes { ${system.sizes.map((s) => `${JSON.stringify(s.name)}: number`).join("; ")} }`,
    "export interface Inputs {",
    ...inputs.map((f) => `  /** ${safe(shape(f))} */\n  ${JSON.stringify(f.name)}: ArrayLike<number>;`),
    "}",
    "export interface Outputs {",
    ...outputs.map(
      (f) => `  /** ${safe(shape(f))} */\n  ${JSON.stringify(f.name)}: Values<${arrayOf(f.type)}>;`,
    ),
    "}",
    `export interface Options { sizes: Sizes; inputs: Inputs; seed?: number; onProgress?: (done: number, total: number) => void; signal?: AbortSignal${device ? "; device?: GPUDevice" : ""} }`,
    "/** `code` is the diagnostic's code: see `fathom explain`. */",
    "export class FathomError extends Error { constructor(code: string, message: string); readonly code: string }",
    `export function run(options: Options): ${device ? "Promise<Outputs>" : "Outputs"};`,
    "export function runAsync(options: Options): Promise<Outputs>;",
    "export const sizes: readonly string[];",
    "export const inputs: readonly string[];",
    "export const outputs: readonly string[];",
    "",
  ].join("\n");
}

/** `run` and `runAsync` around a generator `compute`. */
export const DRIVER = `
const driver = (options) => {
  const { sizes = {}, inputs = {}, seed = 0, onProgress, signal } = options;
  let last = Date.now();
  const tick = (done, total) => {
    const now = Date.now();
    if (now - last < 50) return false;
    last = now;
    onProgress?.(done, total);
    return true;
  };
  const check = () => { if (signal?.aborted) throw signal.reason ?? new FathomError("cancelled", "the run was cancelled"); };
  check();
  return { steps: compute(sizes, inputs, seed, tick), check };
};
/** Runs to the end. */
function run(options) {
  const { steps, check } = driver(options);
  for (;;) { const step = steps.next(); if (step.done) return step.value; check(); }
}
/** Runs in slices of about 50 ms, so that the page or the terminal stays alive and \`signal\` can end it. */
async function runAsync(options) {
  const { steps, check } = driver(options);
  for (;;) { const step = steps.next(); if (step.done) return step.value; await new Promise((go) => setTimeout(go, 0)); check(); }
}
`;
