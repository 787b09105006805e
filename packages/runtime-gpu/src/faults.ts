/** What kernels report, as the diagnostics that the other back ends give. */
import { type GpuProgram, place, printInstance, type Sizes, showSizes } from "@fathom/compiler";
import { type Diagnostic, diagnostic } from "@fathom/lang";

/** Words of the fault buffer: how many faults, the site of the first, eight values of it; and what rounds computed. */
export const FAULT_WORDS = 16;
export const COMPUTED = 10;

/** Without wrapping, as the interpreter tells it. */
const exact = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => Math.floor(a / b),
} as const;

export function faultOf(program: GpuProgram, sizes: Sizes, words: Uint32Array): Diagnostic {
  const number = words[1]!;
  const site = program.sites[number]!;
  const values = Array.from(new Int32Array(words.buffer, 8, 8));
  const byName = (name: string) => program.families.find((f) => f.name === name)!;
  if (site.code === "too-large") {
    const what =
      number === 0
        ? "an index expression divides by zero"
        : `2^${values[0]} in an index expression is out of range`;
    const found = showSizes(program, sizes);
    return diagnostic("too-large", place(program.origin), { what, found, limit: "2^30", suggestion: "" });
  }
  const family = byName(site.family!);
  const rank = family.dims.length;
  const element = printInstance(family.name, values.slice(0, rank));
  if (site.code === "index-outside") {
    const source = byName(site.read!);
    const read = printInstance(source.name, values.slice(rank, rank + source.dims.length));
    return diagnostic("index-outside", place(family.origin), { element, read, family: source.name });
  }
  const where = showSizes(program, sizes);
  if (site.code === "division-by-zero")
    return diagnostic("division-by-zero", place(family.origin), { element, where });
  if (site.code === "overflow") {
    const [a, b] = values.slice(Math.min(rank, 6)) as [number, number];
    return diagnostic("overflow", place(family.origin), { element, where, found: exact[site.op!](a, b) });
  }
  const [found, bound] = [values[rank]!, site.rows ?? values[rank + 1]!];
  return diagnostic("value-range", place(family.origin), { element, found, expected: `0..${bound}` });
}
