/**
 * A system as a self-contained ES module of plain JavaScript, and its `.d.ts`. The order of computation and the storage
 * come from the schedule; nothing is decided here.
 *
 * User text reaches the module only as sanitised identifiers and JSON strings.
 */
import { isGiven } from "@fathom/lang";
import { elementarySource } from "../../equations/elementary";
import { runPasses, runPipeline } from "../../equations/pass";
import { threefry } from "../../equations/random";
import type { Expr, Family, System } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { type Schedule, type Step, schedule, Unschedulable } from "../../schedule/schedule";
import { arrayOf, DRIVER, declaration, RUNTIME } from "../module-text";
import { Nests } from "./nests";

/** What a module delivers and checks. */
export interface EmitOptions {
  /** Report the first int overflow and the first division by zero, with the instance. */
  readonly checked?: boolean;
  /** Families besides the outputs whose values are wanted. */
  readonly keep?: readonly string[];
  /** Static reads that are not proved to stay inside: checked when it runs. */
  readonly unproved?: ReadonlySet<Expr>;
}

/** A module of plain JavaScript that imports nothing, its `.d.ts`, and the order it computes in. */
export interface Emitted {
  readonly js: string;
  readonly dts: string;
  readonly schedule: Schedule;
}

/** A task as a module of JavaScript: loop nests in the order of the schedule, storage folded to what is still read. */
export function emitJs(lowered: System, options: EmitOptions = {}): Emitted {
  const keep = new Set(options.keep ?? []);
  const system = runPipeline(runPasses(keep), lowered, { verify: false });
  const plan = schedule(system, keep);
  const module = new Module(system, plan, options.checked === true, keep, options.unproved ?? new Set());
  return { js: module.text(), dts: declaration(system, keep), schedule: plan };
}

const RANDOM = (): string => `
const threefry = ${threefry.toString()};
const uniform = (seed, key, indices) => {
  let k0 = seed, k1 = key, at = 0;
  do { [k0, k1] = threefry(k0, k1, indices[at] ?? 0, indices[at + 1] ?? 0); at += 2; } while (at < indices.length);
  return (k0 >>> 8) / 16777216;
};
`;

class Module extends Nests {
  text(): string {
    let body: string[];
    try {
      body = this.plan.steps.flatMap((s) => this.step(s, "  ", true));
    } catch (error) {
      if (!(error instanceof Unschedulable)) throw error;
      // Loops whose members disagree about ranges: compute everything on demand instead.
      this.stacks.clear();
      this.tables.length = 0;
      const defined = this.system.families.filter((x) => x.pieces.length > 0);
      (this.plan as { steps: readonly Step[] }).steps = [{ kind: "demand", families: defined }];
      (this.plan.folded as Map<string, unknown>).clear();
      body = this.plan.steps.flatMap((s) => this.step(s, "  ", true));
    }
    const demanded = new Set(
      this.plan.steps.flatMap((s) => (s.kind === "demand" ? s.families.map((f) => f.name) : [])),
    );
    const lines: string[] = this.checkedSizes();
    for (const family of this.system.families) lines.push(...this.declare(family, demanded.has(family.name)));
    for (const [name, array] of this.stacks) lines.push(`  const ${name} = new ${array}(64);`);
    const randoms = this.system.families
      .filter((x) => x.role === "random")
      .flatMap((x) => this.nest(x, new Set(), "  "));
    const results = this.system.families
      .filter((x) => x.role === "output" || this.keep.has(x.name))
      .map(
        (x) =>
          `    ${JSON.stringify(x.name)}: { lo: ${this.family(x.name)}_box.lo, extent: ${this.family(x.name)}_box.extent, data: ${this.family(x.name)} },`,
      );
    const functions = [...this.used].sort().map((n) => `const ${n} = ${elementarySource(n)};`);
    return [
      `// ${this.system.name}: made by Fathom. Plain JavaScript, no imports.`,
      RUNTIME.trim(),
      this.random ? RANDOM().trim() : "",
      ...functions,
      ...this.tables,
      "function* compute(sizes, inputs, seed, tick) {",
      ...lines,
      ...randoms,
      ...body,
      "  return {",
      ...results,
      "  };",
      "}",
      DRIVER.trim(),
      "export { run, runAsync };",
      `export const sizes = ${JSON.stringify(this.system.sizes.map((s) => s.name))};`,
      `export const inputs = ${JSON.stringify(this.system.families.filter(isGiven).map((x) => x.name))};`,
      `export const outputs = ${JSON.stringify(this.system.families.filter((x) => x.role === "output").map((x) => x.name))};`,
      "",
    ].join("\n");
  }

  private declare(family: Family, demanded: boolean): string[] {
    const base = this.family(family.name);
    const point = family.dims.map((d) => this.name("i", d.index));
    const lines = [this.box(family)];
    const fold = this.plan.folded.get(family.name);
    family.dims.forEach((_, k) => {
      const extents = family.dims.slice(k + 1).map((_, j) => `${base}_box.extent[${k + 1 + j}]`);
      const factors = extents.map((x, j) =>
        fold !== undefined && fold.dim === k + 1 + j ? `Math.min(${x}, ${fold.window})` : x,
      );
      lines.push(
        `  const ${base}_lo${k} = ${base}_box.lo[${k}], ${base}_st${k} = ${factors.length === 0 ? "1" : factors.join(" * ")};`,
      );
    });
    const width = componentsOf(family.type);
    const key = JSON.stringify(family.name);
    const points =
      fold === undefined
        ? `${base}_box.points`
        : `${base}_box.points === 0 ? 0 : Math.min(${base}_box.extent[${fold.dim}], ${fold.window})${family.dims.map((_, k) => (k === fold.dim ? "" : ` * ${base}_box.extent[${k}]`)).join("")}`;
    if (isGiven(family)) {
      lines.push(this.given(family), ...this.inRange(family, () => "0"));
    } else {
      lines.push(`  const ${base} = allocate(${key}, ${arrayOf(family.type)}, (${points}) * ${width});`);
      if (demanded) lines.push(`  const ${base}_ready = new Uint8Array(${base}_box.points);`);
    }
    const inside = family.dims
      .map((d, k) => `${this.index(d.lo)} <= ${point[k]} && ${point[k]} < ${this.index(d.hi)}`)
      .join(" && ");
    lines.push(`  const ${base}_in = (${point.join(", ")}) => ${inside || "true"};`);
    return lines;
  }
}
