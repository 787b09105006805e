/**
 * Index expressions, conditions and places in storage as WGSL. Sizes and places in memory are `override`s, so that a device compiles them
 * in. All families lie in one array of 32-bit words a bank. User text reaches the module only as sanitised identifiers.
 */
import { isAlways } from "../../equations/conditions";
import type { Comparison, Condition, Dim, Expr, Family, IndexExpr, System } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import type { Packed } from "../../schedule/packing";
import type { Wavefronts } from "../../schedule/wavefront";
import { memoryOf, override, type Placement, type Site } from "./program";

/** What every function of a module is written with. */
export abstract class Indices {
  protected readonly names = new Map<string, string>();
  protected readonly overrides = new Set<string>();
  protected readonly inside = new Map<Family, string>();
  protected readonly rings = new Map<string, string>();
  protected readonly numberOf: ReadonlyMap<string, number>;
  protected family!: Family;
  protected placement!: Placement;
  protected ranges: readonly Dim[] = [];
  /** What is known of guards in the kernel at hand. */
  protected settled: ReadonlyMap<Condition, boolean> = new Map();

  constructor(
    protected readonly system: System,
    protected readonly waves: Wavefronts,
    protected readonly packed: ReadonlyMap<string, Packed>,
    protected readonly unproved: ReadonlySet<Expr>,
    protected readonly sites: Site[],
    protected readonly tables: (readonly number[])[],
    /** Whether ints that wrap, and divisions by zero, are told of. */
    protected readonly checked: boolean,
  ) {
    this.numberOf = new Map(system.families.map((f, k) => [f.name, k]));
  }

  protected use(name: string): string {
    this.overrides.add(name);
    return name;
  }

  /** The array that a family lies in. The host may move it to another bank: see `inBanks`. */
  protected memory(family: Family): string {
    return memoryOf(this.numberOf.get(family.name)!, family.name);
  }

  protected name(text: string): string {
    const made =
      this.names.get(text) ?? `i${this.names.size}_${text.replace(/[^A-Za-z0-9]/g, "_").slice(0, 30)}`;
    this.names.set(text, made);
    return made;
  }

  protected site(site: Site): number {
    return this.sites.push(site) - 1;
  }

  // Index expressions

  protected index(e: IndexExpr): string {
    switch (e.kind) {
      case "integer":
        return e.value < 0 ? `(${Math.max(e.value, -2147483648)})` : String(Math.min(e.value, 2147483647));
      case "size":
        return this.use(override.size(this.system.sizes.findIndex((s) => s.name === e.name)));
      case "index":
        return this.name(e.name);
      case "add":
      case "sub":
      case "mul":
        return `(${this.index(e.left)} ${{ add: "+", sub: "-", mul: "*" }[e.kind]} ${this.index(e.right)})`;
      case "div":
        return `${above0(e.right) ? "p" : "i"}div(${this.index(e.left)}, ${this.index(e.right)})`;
      case "mod":
        return (
          this.wrapped(e.left, e.right) ??
          `${above0(e.right) ? "p" : "i"}mod(${this.index(e.left)}, ${this.index(e.right)})`
        );
      case "min":
      case "max":
        return `${e.kind}(${this.index(e.left)}, ${this.index(e.right)})`;
      case "log2":
        return `ilog2(${this.index(e.operand)})`;
      case "pow2":
        return `ipow2(${this.index(e.operand)})`;
    }
  }

  /** A static expression as an `int`: wraps at every step, by zero 0. */
  protected int(e: IndexExpr): string {
    switch (e.kind) {
      case "integer":
        return `(${e.value | 0})`;
      case "div":
      case "mod":
        return `v${e.kind}(${this.int(e.left)}, ${this.int(e.right)})`;
      case "log2":
        return `ilog2(${this.int(e.operand)})`;
      case "pow2":
        return `wpow2(${this.int(e.operand)})`;
      case "add":
      case "sub":
      case "mul":
        return `(${this.int(e.left)} ${{ add: "+", sub: "-", mul: "*" }[e.kind]} ${this.int(e.right)})`;
      case "min":
      case "max":
        return `${e.kind}(${this.int(e.left)}, ${this.int(e.right)})`;
      case "size":
        // A call, so that arithmetic on it is not worked out, and its overflow rejected, before the run.
        return `same(${this.index(e)})`;
      case "index":
        return this.index(e);
    }
  }

  /** `(i ± 1) mod n` for an index i of 0..n: one comparison instead of a division. */
  protected wrapped(left: IndexExpr, modulus: IndexExpr): string | undefined {
    if (left.kind !== "add" && left.kind !== "sub") return undefined;
    const { left: index, right: by } = left;
    if (by.kind !== "integer" || by.value !== 1 || index.kind !== "index") return undefined;
    const range = this.ranges.find((d) => d.index === index.name);
    if (range?.lo.kind !== "integer" || range.lo.value !== 0 || range.hi !== modulus) return undefined;
    const [i, n] = [this.index(index), this.index(modulus)];
    return left.kind === "add"
      ? `select(${i} + 1, 0, ${i} == ${n} - 1)`
      : `select(${i} - 1, ${n} - 1, ${i} == 0)`;
  }

  protected comparison(c: Comparison): string {
    return `${this.index(c.left)} ${c.op} ${this.index(c.right)}`;
  }

  protected condition(c: Condition): string {
    if (isAlways(c)) return "true";
    if (c.length === 0) return "false";
    return c.map((all) => `(${all.map((x) => `(${this.comparison(x)})`).join(" && ")})`).join(" || ");
  }

  // Storage

  /** The word of a point, before components: planes of a folded dimension repeat, lanes of a packed one share. */
  protected offset(family: Family, at: readonly string[]): string {
    const number = this.numberOf.get(family.name)!;
    return `${this.use(override.at(number))} + ${this.steps(family, at)}`;
  }

  /** How many words a point lies from the first; without the dimensions that are left undefined. */
  protected steps(family: Family, at: readonly (string | undefined)[]): string {
    const number = this.numberOf.get(family.name)!;
    const fold = this.waves.folded.get(family.name);
    const width = componentsOf(family.type);
    const terms = at.flatMap((i, d) => {
      if (i === undefined) return [];
      const from = `(${i} - ${this.use(override.lo(number, d))})`;
      const position =
        fold?.dim === d
          ? planeOf(from, fold.window)
          : this.packed.get(family.name)?.dim === d
            ? `(${from} >> 5u)`
            : from;
      return [`${position} * ${this.use(override.stride(number, d))}`];
    });
    const sum = terms.length === 0 ? "0" : terms.join(" + ");
    return width === 1 ? sum : `(${sum}) * ${width}`;
  }

  /** Whether a point lies in a family, not only its box: a function of the module. */
  protected isInside(family: Family, at: readonly string[]): string {
    const name = `inside${this.numberOf.get(family.name)}`;
    if (!this.inside.has(family)) {
      const saved = this.ranges;
      this.ranges = [];
      const parameters = family.dims.map((d) => `${this.name(d.index)}: i32`).join(", ");
      const all = family.dims.map((d) => {
        const i = this.name(d.index);
        return `(${this.index(d.lo)} <= ${i}) & (${i} < ${this.index(d.hi)})`;
      });
      // One expression without branches, which compiles far faster, unless a later bound may have no value.
      const and = all.some((text) => /\bi(div|mod|pow2)\(/.test(text)) ? " && " : " & ";
      const body = all.map((text) => `(${text})`).join(and) || "true";
      this.inside.set(family, `fn ${name}(${parameters}) -> bool { return ${body}; }`);
      this.ranges = saved;
    }
    return `${name}(${at.join(", ")})`;
  }

  protected point(): string[] {
    return this.family.dims.map((d) => this.name(d.index));
  }

  /** The number of a point in its box; only for families that are not folded. */
  protected place(family: Family, at: readonly string[]): string {
    const number = this.numberOf.get(family.name)!;
    const terms = at.map((i, d) => {
      const from = `(${i} - ${this.use(override.lo(number, d))})`;
      const position = this.packed.get(family.name)?.dim === d ? `(${from} >> 5u)` : from;
      return `${position} * ${this.use(override.stride(number, d))}`;
    });
    return terms.length === 0 ? "0" : terms.join(" + ");
  }
}

/** A remainder of a number that is not below 0. */
export const planeOf = (i: string, window: number): string =>
  (window & (window - 1)) === 0 ? `(${i} & ${window - 1})` : `(${i} % ${window})`;

const above0 = (e: IndexExpr): boolean =>
  e.kind === "max" ? above0(e.left) || above0(e.right) : e.kind === "integer" && e.value > 0;
