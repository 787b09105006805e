/** The JavaScript around a WebAssembly module: it checks what is given, lays out memory, runs the steps, and says what a fault means. */
import { isGiven } from "@fathom/lang";
import { isBox } from "../../equations/evaluate-index";
import type { Family, System } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { FROM_ZERO_BITS, realInputs } from "../../schedule/from-zero";
import type { Schedule } from "../../schedule/schedule";
import { arrayOf, DRIVER, ModuleText, RUNTIME } from "../module-text";
import { type HostPlan, PARAMETERS, type Parameter, RING_BYTES, WASM_SIZE_LIMIT } from "./frame";

const HOST = `
const stridesOf = (extent, bytes, dim, window, beyond) => {
  const strides = new Array(extent.length);
  const last = extent.length - 1;
  // No bytes: a row of bits, with room beyond its ends.
  let size = bytes === 0 ? Math.ceil(extent[last] / 128) * 16 + 2 * beyond : bytes;
  for (let d = bytes === 0 ? last - 1 : last; d >= 0; d--) { strides[d] = size; size *= d === dim ? Math.min(extent[d], window) : extent[d]; }
  return { strides, size };
};
const report = (memory, site) => {
  const v = new Float64Array(memory.buffer, 0, 48);
  const [code, family, rank, message, read, readRank] = SITES[site];
  const more = v.slice(rank);
  const element = family === null ? "" : at(family, ...v.slice(0, rank));
  fail(code, read === null ? element + message.replace(/\\$(\\d)/g, (_, k) => more[k]) : element + " reads " + at(read, ...more.slice(0, readRank)) + ", outside \`" + read + "\`");
};
`;

export function hostText(system: System, plan: Schedule, keep: ReadonlySet<string>, host: HostPlan): string {
  return new HostText(system, plan, keep, host).text();
}

class HostText extends ModuleText {
  constructor(
    system: System,
    private readonly plan: Schedule,
    private readonly keep: ReadonlySet<string>,
    private readonly host: HostPlan,
  ) {
    super(system);
  }

  private parameter(p: Parameter): string {
    switch (p.kind) {
      case "size":
        return this.name("s", p.name);
      case "base":
        return `${this.family(p.family)}_at`;
      case "ready":
        return `${this.family(p.family)}_ready`;
      case "lo":
        return `${this.family(p.family)}_box.lo[${p.dim}]`;
      case "stride":
        return `${this.family(p.family)}_lay.strides[${p.dim}]`;
      case "seed":
        return "seed";
      case "free":
        return "end";
    }
  }

  private place(family: Family): string[] {
    const base = this.family(family.name);
    const key = JSON.stringify(family.name);
    const whole = arrayOf(family.type) === "Uint8Array" ? 1 : 4 * componentsOf(family.type);
    const bytes = this.host.bits.has(family.name) ? 0 : whole;
    const beyond = this.host.rings.has(family.name) ? RING_BYTES : 0;
    const fold = this.plan.folded.get(family.name);
    const lines = [this.box(family)];
    const given = isGiven(family);
    if (given) lines.push(this.given(family));
    lines.push(
      `  const ${base}_lay = stridesOf(${base}_box.extent, ${bytes}, ${fold?.dim ?? -1}, ${fold?.window ?? 0}, ${beyond});`,
      `  const ${base}_at = room(${key}, ${base}_lay.size) + ${beyond};`,
    );
    if (this.host.demanded.has(family.name))
      lines.push(`  const ${base}_ready = room(${key}, ${base}_box.points);`);
    return lines;
  }

  /** Whether all reals given are 0 or more, by their bits. */
  private fromZero(): string[] {
    if (this.host.steps.every((s) => s.fromZero === undefined)) return [];
    const one = (f: Family): string => `allBelow(${this.family(f.name)}_at, ${this.family(f.name)}.length)`;
    return [
      "  const allBelow = (at, count) => {",
      `    let k = exports.wordsBelow(at, count, ${FROM_ZERO_BITS});`,
      "    const bits = new Uint32Array(memory.buffer, at, count);",
      `    while (k < count && bits[k] < ${FROM_ZERO_BITS}) k++;`,
      "    return k === count;",
      "  };",
      `  const fromZero = ${realInputs(this.system).map(one).join(" && ")};`,
    ];
  }

  text(): string {
    const { system, host } = this;
    const given = system.families.filter(isGiven);
    const results = system.families.filter((f) => f.role === "output" || this.keep.has(f.name));
    const view = (f: Family): string => {
      const base = this.family(f.name);
      return `new ${arrayOf(f.type)}(memory.buffer, ${base}_at, ${base}_box.points * ${componentsOf(f.type)})`;
    };
    const sites = host.sites.map((s) =>
      JSON.stringify([
        s.code,
        s.family ?? null,
        s.rank,
        s.message,
        s.read?.family ?? null,
        s.read?.rank ?? 0,
      ]),
    );
    return [
      `// ${system.name}: made by Fathom, for the WebAssembly module beside it. No imports.`,
      RUNTIME.trim(),
      `const SITES = [${sites.join(", ")}];`,
      HOST.trim(),
      "/** `source`: the module's bytes, or the compiled WebAssembly.Module. */",
      "export const create = (source) => {",
      // One memory for all modules of a process: each reserves gigabytes of addresses, which only a collector gives back, and a WeakRef
      // keeps its target to the end of the job.
      "// The memory of the run before, of whatever module, while nobody needs its room.",
      'const IDLE = Symbol.for("fathom.idle-memory");',
      "const takeMemory = (pages) => {",
      "  const old = globalThis[IDLE]?.deref();",
      "  globalThis[IDLE] = undefined;",
      "  try {",
      "    if (old !== undefined) {",
      "      const missing = pages - old.buffer.byteLength / 65536;",
      "      if (missing > 0) old.grow(missing);",
      "      return old;",
      "    }",
      "  } catch {}",
      '  try { return new WebAssembly.Memory({ initial: pages }); } catch { fail("too-large", "there is no memory for " + pages * 65536 + " bytes"); }',
      "};",
      "const module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);",
      "function* compute(sizes, inputs, seed, tick) {",
      ...this.checkedSizes(),
      ...system.sizes.map(
        (s) =>
          `  if (${this.name("s", s.name)} > ${WASM_SIZE_LIMIT}) fail("too-large", "WebAssembly runs sizes up to ${WASM_SIZE_LIMIT}");`,
      ),
      `  let end = ${Math.max(65_536, host.end) + Math.ceil(host.margin / 16) * 16};`,
      '  const room = (name, bytes) => { const at = end; end += Math.ceil((bytes + 64) / 16) * 16; if (end > 4294901760) fail("too-large", name + " needs " + bytes + " bytes: WebAssembly has 4 GiB"); return at; };',
      ...system.families.flatMap((f) => this.place(f)),
      `  const memory = takeMemory(Math.ceil((end + ${host.margin}) / 65536) + 1);`,
      "  try {",
      ...[...host.demanded].map(
        (name) =>
          `  new Uint8Array(memory.buffer, ${this.family(name)}_ready, ${this.family(name)}_box.points).fill(0);`,
      ),
      ...results.filter((f) => !isBox(f)).map((f) => `  ${view(f)}.fill(0);`),
      ...given.map((f) => `  ${view(f)}.set(${this.family(f.name)});`),
      `  new Int32Array(memory.buffer, ${PARAMETERS}).set([${host.parameters.map((p) => this.parameter(p)).join(", ")}]);`,
      "  const { exports } = new WebAssembly.Instance(module, { env: { memory, fail: (site) => report(memory, site) } });",
      ...given.flatMap((f) =>
        this.inRange(f, (bound) => {
          const [name, most] =
            arrayOf(f.type) === "Uint8Array" ? ["bytesBelow", 255] : ["wordsBelow", 2 ** 31];
          return `${bound} > ${most} ? 0 : exports.${name}(${this.family(f.name)}_at, ${this.family(f.name)}.length, ${bound})`;
        }),
      ),
      ...this.fromZero(),
      // Slices of some milliseconds: long enough to cost nothing, short enough to stop and to change to better code.
      `  for (const step of [${host.steps.map((s) => (s.fromZero === undefined ? `exports.${s.name}` : `fromZero ? exports.${s.fromZero} : exports.${s.name}`)).join(", ")}]) {`,
      "    let from = 0, count = 1;",
      "    for (;;) {",
      "      const before = Date.now();",
      "      const left = step(from, count);",
      "      from += count;",
      "      if (left <= 0) break;",
      "      if (tick(from, from + left)) yield;",
      "      const took = Date.now() - before;",
      "      if (took < 4) count = Math.min(count * 2, 1 << 28); else if (took > 20 && count > 1) count >>= 1;",
      "    }",
      "  }",
      "  return {",
      ...results.map(
        (f) =>
          `    ${JSON.stringify(f.name)}: { lo: ${this.family(f.name)}_box.lo, extent: ${this.family(f.name)}_box.extent, data: ${view(f)}.slice() },`,
      ),
      "  };",
      // Also where the run is left in the middle.
      "  } finally { globalThis[IDLE] = new WeakRef(memory); }",
      "}",
      DRIVER.trim(),
      "return { run, runAsync };",
      "};",
      `export const sizes = ${JSON.stringify(system.sizes.map((s) => s.name))};`,
      `export const inputs = ${JSON.stringify(given.map((f) => f.name))};`,
      `export const outputs = ${JSON.stringify(system.families.filter((f) => f.role === "output").map((f) => f.name))};`,
      "",
    ].join("\n");
  }
}
